"""Panels for JupyterLab (панели): a methodologist chooses, looks, asks «а если» and takes away a table, without code.

Each public function gives a widget where a person is there to use it, and a static part of its default state in batch.
Nothing is computed here that the library does not compute elsewhere.
"""

from effschool.lab.panels.desk import Desk, describe_desk, open_desk
from effschool.lab.panels.pictures import explore_cohorts, explore_matrix, explore_power
from effschool.lab.panels.rule_lab import try_rules
from effschool.lab.panels.schools import CardPart, explore_schools, list_similar
from effschool.lab.panels.shell import is_live
from effschool.lab.panels.sources import explore_data
from effschool.lab.panels.tabs import open_tabs
from effschool.lab.panels.trial import offer_run
from effschool.lab.panels.what_if import ask_what_if

__all__ = [
    "CardPart",
    "Desk",
    "ask_what_if",
    "describe_desk",
    "explore_cohorts",
    "explore_data",
    "explore_matrix",
    "explore_power",
    "explore_schools",
    "is_live",
    "list_similar",
    "offer_run",
    "open_desk",
    "open_tabs",
    "try_rules",
]
