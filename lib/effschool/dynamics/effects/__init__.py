"""The programme's effect (польза программы): its schools against comparable ones, never a bare «до и после».

The lowest schools of a year enter a programme and rise in the next year by themselves. So the year of selection is no
starting point, and earlier results by which a comparable school was found are not those from which its change counts.
"""

from effschool.dynamics.effects.assess import FEW, NO_AFTER, NO_START, Assessment, assess_programme
from effschool.dynamics.effects.estimate import Effect, estimate_effect
from effschool.dynamics.effects.matching import match_cohorts, measure_balance
from effschool.dynamics.effects.panel import SchoolPanel, lay_panel
from effschool.dynamics.effects.regression import split_rise, try_placebo
from effschool.dynamics.effects.schools import compare_schools
from effschool.dynamics.effects.simulate import calibrate, invent_region

__all__ = [
    "FEW",
    "NO_AFTER",
    "NO_START",
    "Assessment",
    "Effect",
    "SchoolPanel",
    "assess_programme",
    "calibrate",
    "compare_schools",
    "estimate_effect",
    "invent_region",
    "lay_panel",
    "match_cohorts",
    "measure_balance",
    "split_rise",
    "try_placebo",
]
