"""Dynamics (динамика): what becomes of schools and of cohorts of pupils over the years.

`paths` and `transitions` follow bands and lists, `leaving` the time on a list, `level_change` the grid of level by
change, `pupil_cohorts` the same children from grade to grade; `follow` makes them all.
"""

from effschool.dynamics.follow import Dynamics, follow_schools
from effschool.dynamics.leaving import clip_spells, count_endings, count_returns, estimate_leaving, trace_spells
from effschool.dynamics.level_change import measure_level_change
from effschool.dynamics.paths import (
    LIST_COLUMNS,
    describe_history,
    describe_memberships,
    follow_cohorts,
    list_covered_lists,
    share_lists,
    stack_lists,
    trace_paths,
)
from effschool.dynamics.pupil_cohorts import average_gains, follow_pupils
from effschool.dynamics.transitions import (
    ABSENT,
    NOT_LISTED,
    NOT_RANKED,
    count_transitions,
    count_turnover,
    list_ranked_years,
    name_states,
    share_transitions,
    spread_states,
)
from effschool.dynamics.variance import fit_variance, standardise_means

__all__ = [
    "ABSENT",
    "LIST_COLUMNS",
    "NOT_LISTED",
    "NOT_RANKED",
    "Dynamics",
    "average_gains",
    "clip_spells",
    "count_endings",
    "count_returns",
    "count_transitions",
    "count_turnover",
    "describe_history",
    "describe_memberships",
    "estimate_leaving",
    "fit_variance",
    "follow_cohorts",
    "follow_pupils",
    "follow_schools",
    "list_covered_lists",
    "list_ranked_years",
    "measure_level_change",
    "name_states",
    "share_lists",
    "share_transitions",
    "spread_states",
    "stack_lists",
    "standardise_means",
    "trace_paths",
    "trace_spells",
]
