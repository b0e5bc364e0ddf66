"""A methodology (методика) is data: one YAML file, validated on load, without which nothing is computed.

The models say what a file may hold; every number of a rule stands in the file with its source. A file may extend
another one. A wrong file is refused whole, each fault named by its file, line and key.
"""

from effschool.methodology.domains import Aggregation, Band, Bands, Domain, DomainRules, FewPupils, Orientation
from effschool.methodology.dynamics import Axis, DynamicsRules, LevelChange, PupilCohorts, Standard
from effschool.methodology.effects import Clusters, Effects, Feature, Matching, Simulation
from effschool.methodology.files import (
    MethodologyError,
    find_methodology,
    list_files,
    list_methodologies,
    load_methodology,
)
from effschool.methodology.fioko import Fioko, FiokoLevel, FiokoProcedure
from effschool.methodology.groups import GroupsByExams, GroupsByType, ProcedureGroup
from effschool.methodology.indicators import GapIndicator, Indicator, MeanIndicator, Rows, ShareIndicator
from effschool.methodology.lists import Condition, JointStatus, Lists, Status, Window, WindowRule
from effschool.methodology.model import Methodology
from effschool.methodology.partners import Partners

__all__ = [
    "Aggregation",
    "Axis",
    "Band",
    "Bands",
    "Clusters",
    "Condition",
    "Domain",
    "DomainRules",
    "DynamicsRules",
    "Effects",
    "Feature",
    "FewPupils",
    "Fioko",
    "FiokoLevel",
    "FiokoProcedure",
    "GapIndicator",
    "GroupsByExams",
    "GroupsByType",
    "Indicator",
    "JointStatus",
    "LevelChange",
    "Lists",
    "Matching",
    "MeanIndicator",
    "Methodology",
    "MethodologyError",
    "Orientation",
    "Partners",
    "ProcedureGroup",
    "PupilCohorts",
    "Rows",
    "ShareIndicator",
    "Simulation",
    "Standard",
    "Status",
    "Window",
    "WindowRule",
    "find_methodology",
    "list_files",
    "list_methodologies",
    "load_methodology",
]
