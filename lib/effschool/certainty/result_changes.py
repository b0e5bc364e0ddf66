"""Changes of results (изменение результатов): the raw value of a school's indicator, had some pupils another result.

A share moves by pupils that are counted or not, a mean by participants with the best result of the scale, or the worst.
Where marks are known, those that gain most are taken first. Where only a mean is known, the participants taken have
the school's mean: as many are surely enough whatever the single results were, and fewer are not if all were equal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.base.schemas import MARKS
from effschool.method.indicators import KEY, Tables, fill_mean_scores, select_rows
from effschool.method.methodology import GapIndicator, Indicator, MeanIndicator, Methodology, ShareIndicator

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]
OTHER_END = {"mark_2": "mark_5", "mark_5": "mark_2", "below_min": "score_80_plus", "score_80_plus": "below_min"}
"""A pupil counted there cannot be counted here as well; the marks in between are free."""
STEPS = [*KEY, "indicator", "direction", "gain", "pupils"]


def measure_steps(tables: Tables, methodology: Methodology) -> pd.DataFrame:
    """Steps of all indicators: a row per year, school, indicator, direction (1 more, −1 less) and size of a step.

    Columns: as `STEPS`; `pupils` of the school can each add `gain` (a pupil for a share, points for a mean) to the
    numerator. Indicators of means without a scale have no rows.
    """
    filled = {**tables, "results": fill_mean_scores(tables["results"])}
    frames = [measure_indicator(filled, item) for item in methodology.indicators.values()]
    steps = pd.concat([pd.DataFrame(columns=STEPS), *frames], ignore_index=True)
    steps = steps.astype({"year": "int64", "direction": "int64", "gain": "float64", "pupils": "float64"})
    return steps[(steps["gain"] > 0) & (steps["pupils"] > 0)].reset_index(drop=True)


def measure_indicator(tables: Tables, indicator: Indicator) -> pd.DataFrame:
    """Steps of one indicator."""
    if isinstance(indicator, ShareIndicator):
        return measure_counts(tables, indicator)
    return measure_scores(tables, indicator, indicator.scale) if indicator.scale else pd.DataFrame(columns=STEPS)


def measure_counts(tables: Tables, indicator: ShareIndicator) -> pd.DataFrame:
    """Pupils that may be added to a count, the opposite mark kept, or taken away from it."""
    rows = select_rows(tables, indicator.rows).dropna(subset=[indicator.count, indicator.total])
    other = rows[OTHER_END[indicator.count]].fillna(0) if indicator.count in OTHER_END else 0
    count = rows[indicator.count].astype("float64")
    room = (rows[indicator.total] - count - other).clip(lower=0).astype("float64")
    keys = rows[KEY].assign(indicator=indicator.id, gain=1.0)
    both = pd.concat([keys.assign(direction=1, pupils=room), keys.assign(direction=-1, pupils=count)])
    return both.groupby(STEPS[:-1], as_index=False)["pupils"].sum()


def measure_scores(tables: Tables, indicator: MeanIndicator | GapIndicator, scale: tuple[float, float]) -> pd.DataFrame:
    """Participants by what each would add to the points, were its result the best of the scale or the worst."""
    bins = list_results(tables, indicator)
    bins = bins[bins["value"].between(*scale)]
    keys = bins[[*KEY, "pupils"]].assign(indicator=indicator.id)
    up = keys.assign(direction=1, gain=scale[1] - bins["value"])
    return pd.concat([up, keys.assign(direction=-1, gain=bins["value"] - scale[0])])[STEPS]


def list_results(tables: Tables, indicator: MeanIndicator | GapIndicator) -> pd.DataFrame:
    """Results of participants: a row per school, year and mark (or mean, where not all marks are known)."""
    pupils, mean = indicator.columns
    rows = select_rows(tables, indicator.rows).dropna(subset=[pupils, mean])
    marks = rows.reindex(columns=list(MARKS)).astype("float64")
    known = (marks.sum(axis=1) == rows[pupils]) & marks.notna().all(axis=1)
    by_mark = marks[known].set_axis([float(name[-1]) for name in MARKS], axis=1).join(rows.loc[known, KEY])
    by_mark = by_mark.melt(id_vars=KEY, var_name="value", value_name="pupils").astype({"value": "float64"})
    plain = rows.loc[~known, [*KEY, mean, pupils]].set_axis([*KEY, "value", "pupils"], axis=1)
    return pd.concat([by_mark, plain.astype({"pupils": "float64"})], ignore_index=True)


def sum_region(tables: Tables, schools: pd.DataFrame, indicator: GapIndicator) -> Mapping[int, float]:
    """Participants of the whole region behind an indicator's mean, by year; `schools`: those that are compared."""
    rows = select_rows({**tables, "results": fill_mean_scores(tables["results"])}, indicator.rows)
    pupils, mean = indicator.columns
    rows = rows.dropna(subset=[pupils, mean]).merge(schools[KEY], on=KEY)
    return {int(year): float(number) for year, number in rows.groupby("year")[pupils].sum().items()}


@dataclass(frozen=True)
class ResultChange:
    """Steps of one indicator in a group: a row per school, the greatest gain first; gains in the raw value's units.

    Args:
        gains, sizes: what a pupil of the step changes in the numerator, and how many such pupils there are.
        per_pupil: change of the raw value per unit of the numerator, by school.
        region: change of every school's raw value per unit of the numerator, by way of the regional mean (below zero).
    """

    gains: Mapping[int, Floats]
    sizes: Mapping[int, Floats]
    per_pupil: Floats
    region: float

    def count_pupils(self, direction: int) -> Floats:
        """How many pupils every school could move."""
        return np.asarray(self.sizes[direction].sum(axis=1))

    def move(self, schools: Numbers, pupils: Floats, direction: int) -> tuple[Floats, Floats]:
        """Change of the own raw value and of all others', for each of the schools (row numbers) and its pupils."""
        sizes = self.sizes[direction][schools]
        before = np.cumsum(sizes, axis=1) - sizes
        taken = np.clip(pupils[:, None] - before, 0, sizes)
        amount = direction * (self.gains[direction][schools] * taken).sum(axis=1)
        return amount * (self.per_pupil[schools] + self.region), amount * self.region


def make_result_change(
    steps: pd.DataFrame, ids: Sequence[str], indicator: Indicator, participants: Floats, region: float | None
) -> ResultChange:
    """The result_change of one indicator for the schools of a group.

    Args:
        steps: rows of `measure_steps` of the year and indicator.
        region: participants of the whole region where the raw value is a distance from its mean.
    """
    factor = 100.0 if isinstance(indicator, ShareIndicator) else 1.0
    laid = {direction: lay_steps(steps[steps["direction"] == direction], ids) for direction in (1, -1)}
    per_pupil = np.divide(factor, participants, out=np.zeros(len(ids)), where=participants > 0)
    return ResultChange(
        {direction: gains for direction, (gains, _) in laid.items()},
        {direction: sizes for direction, (_, sizes) in laid.items()},
        per_pupil,
        -1 / region if region else 0.0,
    )


def lay_steps(steps: pd.DataFrame, ids: Sequence[str]) -> tuple[Floats, Floats]:
    """Gains and numbers of pupils, a row per school, the greatest gain first."""
    row = pd.Index(ids).get_indexer(steps["school_id"])
    gain, pupils = steps["gain"].to_numpy()[row >= 0], steps["pupils"].to_numpy()[row >= 0]
    row = row[row >= 0]
    order = np.lexsort((-gain, row))
    row, gain, pupils = row[order], gain[order], pupils[order]
    column = np.arange(len(row)) - np.searchsorted(row, row)
    gains = np.zeros((len(ids), int(column.max(initial=0)) + 1))
    sizes = np.zeros_like(gains)
    gains[row, column], sizes[row, column] = gain, pupils
    return gains, sizes
