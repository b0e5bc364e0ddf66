"""Everything that 03_dynamics leaves (динамика), made from what identification left."""

from dataclasses import dataclass

import pandas as pd

from effschool.dynamics.leaving import trace_spells
from effschool.dynamics.level_change import measure_level_change
from effschool.dynamics.paths import describe_memberships, follow_cohorts, stack_lists, trace_paths
from effschool.dynamics.pupil_cohorts import follow_pupils
from effschool.dynamics.transitions import count_transitions, count_turnover
from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.methodology import Methodology
from effschool.method.variance import standardise_means


@dataclass(frozen=True)
class Dynamics:
    """Tables of 03_dynamics; the functions of the same subject say what a row is."""

    paths: pd.DataFrame
    transitions: pd.DataFrame
    memberships: pd.DataFrame
    turnover: pd.DataFrame
    cohorts: pd.DataFrame
    spells: pd.DataFrame
    level_change: pd.DataFrame
    pupil_cohorts: pd.DataFrame


def follow_schools(identified: Identified, tables: Tables, methodology: Methodology) -> Dynamics:
    """All tables of dynamics from what identification left and the contract tables (`programme`, `results`)."""
    paths = trace_paths(identified.schools, identified.indices, identified.lists)
    listed = stack_lists(paths, methodology)
    standard = standardise_means(tables, identified.schools, methodology)
    return Dynamics(
        paths=paths,
        transitions=pd.concat([count_transitions(paths, domain) for domain in methodology.domains], ignore_index=True),
        memberships=describe_memberships(listed),
        turnover=count_turnover(listed, paths),
        cohorts=follow_cohorts(paths, tables["programme"]),
        spells=trace_spells(paths, methodology),
        level_change=measure_level_change(standard, methodology),
        pupil_cohorts=follow_pupils(standard, methodology),
    )
