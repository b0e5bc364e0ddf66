"""Why this school (почему эта школа): parts of the index, and by how many pupils every decision was made.

A change is of results of pupils, everything else stays as it is, as `counterfactuals` says.
"""

from effschool.certainty.explain.contributions import choose_school, choose_year, explain_index
from effschool.certainty.explain.decisions import explain_decision
from effschool.certainty.explain.words import Decisions

__all__ = [
    "Decisions",
    "choose_school",
    "choose_year",
    "explain_decision",
    "explain_index",
]
