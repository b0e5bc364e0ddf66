"""Level and change (уровень и изменение): where a school stands and which way it went, on one grid."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from effschool.method.indicators import KEY, select_rows
from effschool.method.methodology import Axis, LevelChange, Methodology
from effschool.method.variance import fit_variance, require_rules

HIDDEN, PALE, SHOWN = "hidden", "pale", "shown"
"""Too few pupils to show; too few for a tone; shown with its tone."""
FEWEST_FOR_SCATTER = 20
"""Least number of changes behind the error of a change."""
LEVEL_CHANGE = [*KEY, "pupils", "level", "previous_pupils", "previous_level", "change", "change_error"]
LEVEL_CHANGE += ["level_class", "change_class", "tone", "visibility"]


def measure_level_change(standard: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Level in every year and change against the year before: a row per year and school with results.

    Columns: pupils, level (mean of the standardised results of the methodology's procedures, weighted by participants),
    previous_pupils, previous_level, change and change_error (missing where the year before has no level: a new school
    has no change, nor has a year after a year that is missing), level_class, change_class (0 is the worst), tone (1…5),
    visibility (`hidden`, `pale` or `shown` by the fewer pupils of the two years). Nothing is rounded before it is
    classed.

    Args:
        standard: as `standardise_means` makes it.
    """
    rules = require_rules(methodology).level_change
    levels = average_levels(select_used(standard, methodology))
    earlier = levels.assign(year=levels["year"] + 1).rename(
        columns={"level": "previous_level", "pupils": "previous_pupils"}
    )
    frame = levels.merge(earlier, how="left", on=KEY, validate="one_to_one")
    frame["change"] = frame["level"] - frame["previous_level"]
    return class_schools(frame.assign(change_error=_measure_errors(frame)), rules)[LEVEL_CHANGE]


def select_used(standard: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Rows that some indicator of results counts, so that a methodology without ВПР has levels without ВПР."""
    rows = [item.rows for item in methodology.domains["results"].indicators if item.rows.table == "results"]
    used = [select_rows({"results": standard}, row).index for row in rows]
    return standard.loc[sorted(set().union(*used))]


def average_levels(standard: pd.DataFrame) -> pd.DataFrame:
    """Level of every school and year: a row per year and school: level, pupils.

    A pupil sits several subjects of one procedure: `pupils` counts the largest subject of each procedure and grade.
    """
    points = standard.assign(points=standard["standard"] * standard["participants"])
    sums = points.groupby(KEY)[["points", "participants"]].sum()
    largest = points.groupby([*KEY, "procedure", "grade"], dropna=False)["participants"].max()
    pupils = largest.groupby(KEY).sum().astype("int64")
    return pd.DataFrame({"level": sums["points"] / sums["participants"], "pupils": pupils}).reset_index()


def _measure_errors(frame: pd.DataFrame) -> pd.Series:
    """Chance error of every change; missing where the region has too few changes to know it."""
    seen = frame.dropna(subset="change")
    if len(seen) < FEWEST_FOR_SCATTER:
        return pd.Series(np.nan, index=frame.index)
    sizes = 1 / seen["pupils"] + 1 / seen["previous_pupils"]
    centred = seen["change"] - seen.groupby("year")["change"].transform("mean")
    errors = fit_variance(centred, sizes).measure_error(sizes)
    return pd.Series(errors, index=seen.index).reindex(frame.index)


def class_schools(frame: pd.DataFrame, rules: LevelChange) -> pd.DataFrame:
    """Put schools on the grid: level_class, change_class, tone, visibility."""
    level, change = class_values(frame["level"], rules.level), class_values(frame["change"], rules.change)
    fewest = frame[["pupils", "previous_pupils"]].min(axis=1)
    visibility = np.select([fewest < rules.hide_below, fewest < rules.colour_from], [HIDDEN, PALE], SHOWN)
    tones = np.array(rules.tones)[level.fillna(0).astype(int), change.fillna(0).astype(int)]
    tone = pd.Series(tones, index=frame.index, dtype="Int64").where(change.notna() & (visibility == SHOWN))
    return frame.assign(level_class=level, change_class=change, tone=tone, visibility=visibility)


def class_values(values: Sequence[float] | pd.Series, axis: Axis) -> pd.Series:
    """Class of every value on an axis, 0 the worst; a value equal to a cut belongs above it; missing stays missing."""
    values = pd.Series(values, dtype="float64")
    places = np.searchsorted(axis.cuts, values.to_numpy(), side="right")
    return pd.Series(places, index=values.index, dtype="Int64").where(values.notna())
