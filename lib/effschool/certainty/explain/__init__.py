"""Why this school (почему эта школа): parts of the index, and by how many pupils every decision was made.

A change is of results of pupils, everything else stays as it is, as `crossings` says.
"""

from effschool.certainty.explain.contributions import explain_index
from effschool.certainty.explain.decisions import explain_decision
from effschool.certainty.explain.one_school import (
    chart_index_parts,
    choose_school,
    choose_year,
    tabulate_index_parts,
    tabulate_school_decisions,
)
from effschool.certainty.explain.words import DECISION_NOTE, Decisions, tabulate_decisions

__all__ = [
    "DECISION_NOTE",
    "Decisions",
    "chart_index_parts",
    "choose_school",
    "choose_year",
    "explain_decision",
    "explain_index",
    "tabulate_decisions",
    "tabulate_index_parts",
    "tabulate_school_decisions",
]
