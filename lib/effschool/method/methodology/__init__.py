"""A methodology (методика) is data: one YAML file, validated on load, without which nothing is computed.

The models say what a file may hold; every number of a rule stands in the file with its source. A file may extend
another one. A wrong file is refused whole, each fault named by its file, line and key.
"""

from effschool.method.methodology.certainty import Certainty, Draws, Power, PowerRule, Verdicts
from effschool.method.methodology.domains import (
    Aggregation,
    Band,
    BandRules,
    Domain,
    DomainRules,
    FewPupils,
    Orientation,
)
from effschool.method.methodology.doubt import CohortSign, Doubtful, DoubtRules, JournalSign, MarksUse, PeakSign
from effschool.method.methodology.dynamics import Axis, DynamicsRules, LevelChange, PupilCohorts, Standard
from effschool.method.methodology.effects import Clusters, Effects, Feature, Matching, Simulation
from effschool.method.methodology.files import (
    MethodologyError,
    find_methodology,
    list_files,
    list_methodologies,
    load_methodology,
)
from effschool.method.methodology.fioko import FIOKO_LIST, Fioko, FiokoLevel, FiokoProcedure
from effschool.method.methodology.groups import GroupsByExams, GroupsByType, ProcedureGroup
from effschool.method.methodology.indicators import GapIndicator, Indicator, MeanIndicator, Rows, ShareIndicator
from effschool.method.methodology.lists import JointStatus, Lists, Status, Window, WindowCondition, WindowRule
from effschool.method.methodology.model import CertificateTotal, Methodology
from effschool.method.methodology.partners import Partners

__all__ = [
    "FIOKO_LIST",
    "Aggregation",
    "Axis",
    "Band",
    "BandRules",
    "Certainty",
    "CertificateTotal",
    "Clusters",
    "CohortSign",
    "Domain",
    "DomainRules",
    "DoubtRules",
    "Doubtful",
    "Draws",
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
    "JournalSign",
    "LevelChange",
    "Lists",
    "MarksUse",
    "Matching",
    "MeanIndicator",
    "Methodology",
    "MethodologyError",
    "Orientation",
    "Partners",
    "PeakSign",
    "Power",
    "PowerRule",
    "ProcedureGroup",
    "PupilCohorts",
    "Rows",
    "ShareIndicator",
    "Simulation",
    "Standard",
    "Status",
    "Verdicts",
    "Window",
    "WindowCondition",
    "WindowRule",
    "find_methodology",
    "list_files",
    "list_methodologies",
    "load_methodology",
]
