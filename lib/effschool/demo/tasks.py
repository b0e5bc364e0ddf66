"""Points of tasks in ВПР (выполнение заданий): what schools of one municipality miss, and what one school does.

Every second municipality has a task that most of its schools miss; some schools miss a task of their own.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.base.schemas import MARKS
from effschool.demo.settings import DemoSettings
from effschool.demo.signs import KEYS, list_known


def draw_tasks(results: pd.DataFrame, schools: pd.DataFrame, rules: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per row of ВПР results of the works: participants, and points of all of them for each task («1», …)."""
    known = list_known(results).merge(
        schools[["year", "school_id", "municipality"]], on=["year", "school_id"], how="left", validate="many_to_one"
    )
    places = sorted(known["municipality"].unique())[:: rules.shared.every]
    work_of = dict(zip(places, rng.integers(len(rules.works), size=len(places)), strict=True))
    drawn = []
    for number, work in enumerate(rules.works):
        rows = known[(known["subject"] == work.subject) & (known["grade"] == work.grade)].reset_index(drop=True)
        missed = [place for place in places if work_of[place] == number]
        drawn.append(_draw_work(rows, work.tasks, missed, rules, rng))
    return pd.concat(drawn, ignore_index=True)


def _draw_work(
    rows: pd.DataFrame, tasks: Sequence[Sequence[float]], missed: Sequence[str], rules: DemoSettings, rng: Generator
) -> pd.DataFrame:
    maxima, usual = np.array(tasks).T
    marks = rows[list(MARKS)].astype("float64")
    mean = marks.mul([2, 3, 4, 5], axis=1).sum(axis=1) / marks.sum(axis=1)
    share = usual + rules.slope * (mean - mean.mean()).to_numpy()[:, None]
    share = share - rules.drop * _plant(rows["municipality"], len(tasks), missed, rules, rng)
    most = rows["participants"].to_numpy(dtype=np.int64)[:, None] * maxima.astype(np.int64)
    points = rng.binomial(most, np.clip(share, rules.least, 1 - rules.least))
    names = [str(number) for number in range(1, len(tasks) + 1)]
    return rows[[*KEYS, "participants"]].join(pd.DataFrame(points, columns=names))


def _plant(places: pd.Series, tasks: int, missed: Sequence[str], rules: DemoSettings, rng: Generator) -> np.ndarray:
    """Which task which school misses: one of its own in some schools, one in most schools of some places."""
    own = rng.random(len(places)) < rules.own
    planted = own[:, None] & (np.arange(tasks) == rng.integers(tasks, size=len(places))[:, None])
    for place in missed:
        here = places.eq(place).to_numpy() & (rng.random(len(places)) < rules.shared.share)
        planted |= here[:, None] & (np.arange(tasks) == rng.integers(tasks))
    return planted


def find_maxima(subject: str, grade: int, rules: DemoSettings) -> Mapping[str, int]:
    """Most points of every task of a work."""
    work = next(work for work in rules.works if (work.subject, work.grade) == (subject, grade))
    return {str(number): int(most) for number, (most, _) in enumerate(work.tasks, start=1)}
