"""Signs of doubtful results (признаки необъективности) of ВПР: the outside list, journal marks, primary scores.

Marked schools have journal marks raised more often and primary scores that peak at the borders of marks.
"""

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.base.schemas import MARKS
from effschool.demo.population import Flags, Whole
from effschool.demo.settings import DemoSettings

KEYS = ["year", "school_id", "subject", "grade"]


def draw_marked(results: pd.DataFrame, rules: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per year and marked school: 1 or missing in each column of the list, and their total."""
    rows = list_known(results)
    drawn = rows[rng.random(len(rows)) < rules.share]
    marks = {
        name: ((drawn["grade"] == grade) & (drawn["subject"] == subject)).astype("Int64")
        for name, (grade, subject) in rules.marks.items()
    }
    flags = drawn[["year", "school_id"]].assign(**marks).groupby(["year", "school_id"]).sum()
    flags = flags[flags.sum(axis=1) > 0]
    return flags.mask(flags == 0).assign(total=flags.sum(axis=1)).reset_index()


def list_known(results: pd.DataFrame) -> pd.DataFrame:
    """Rows of ВПР with participants and marks."""
    return results[(results["procedure"] == "ВПР") & (results["participants"] > 0) & results["mark_2"].notna()]


def find_marked(rows: pd.DataFrame, marked: pd.DataFrame, rules: DemoSettings) -> Flags:
    """Which rows of results stand on the list."""
    papers = {tuple(place): name for name, place in rules.marks.items()}
    listed = marked.melt(["year", "school_id"], list(rules.marks), "column").dropna(subset="value")
    column = pd.Series(zip(rows["grade"], rows["subject"], strict=True), index=rows.index).map(papers)
    keys = pd.MultiIndex.from_arrays([rows["year"], rows["school_id"], column])
    return keys.isin(pd.MultiIndex.from_frame(listed[["year", "school_id", "column"]]))


def draw_journal(results: pd.DataFrame, marked: pd.DataFrame, rules: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per row of ВПР results: how many marks are lower than, equal to and higher than the journal mark."""
    rows = list_known(results).reset_index(drop=True)
    shares = np.where(find_marked(rows, marked, rules)[:, None], rules.doubtful, rules.usual)
    counts = rng.multinomial(rows["participants"].to_numpy(dtype=np.int64), shares)
    return rows[[*KEYS, "participants"]].assign(**dict(zip(rules.compared, counts.T, strict=True)))


def draw_primary_scores(
    results: pd.DataFrame, marked: pd.DataFrame, rules: DemoSettings, rng: Generator
) -> pd.DataFrame:
    """A row per school with marks in the paper: participants, and how many have each primary score («0», «1», …)."""
    rows, (subject, grade) = list_known(results), rules.scored
    rows = rows[(rows["subject"] == subject) & (rows["grade"] == grade)].reset_index(drop=True)
    is_marked = find_marked(rows, marked, rules)
    parts = [
        _spread_mark(rows[mark].to_numpy(dtype=np.int64), place, is_marked, rules, rng)
        for place, mark in enumerate(MARKS)
    ]
    scores = pd.DataFrame(np.hstack(parts), columns=[str(score) for score in range(rules.borders[-1])])
    return pd.concat([rows[[*KEYS, "participants"]], scores], axis=1)


def _spread_mark(count: Whole, place: int, is_marked: Flags, rules: DemoSettings, rng: Generator) -> Whole:
    """Participants with one mark by its primary scores: the middle more often, in marked schools the border."""
    width = rules.borders[place + 1] - rules.borders[place]
    usual = np.minimum(np.arange(1, width + 1), np.arange(width, 0, -1)).astype(float)
    usual /= usual.sum()
    at_border = np.where(np.arange(width) == 0, 1.0, 0.0) if place else usual
    peaked = rules.peak * at_border + (1 - rules.peak) * usual
    return rng.multinomial(count, np.where(is_marked[:, None], peaked, usual))
