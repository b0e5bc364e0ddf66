"""School-years as a grid [school, year]: scores in standard deviations of the region, what is matched on, entry."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.method.methodology import Effects

Values = NDArray[Any]
NEVER = 9999
"""Year of entry of a school that never took part."""
VILLAGE = "село"
FEWEST_REFERENCE = 5
"""Schools outside the programme without which a group of a year has no scale."""


@dataclass(frozen=True)
class SchoolPanel:
    """All schools in all years; NaN where a school has no value.

    `score` and what is in `traits` (social, size, village) are [school, year]; `exact` [school, year] are codes of what
    must be the same; `entry` is the first year in the programme by school.
    """

    ids: pd.Index
    years: Values
    score: Values
    traits: dict[str, Values]
    exact: Values
    entry: Values

    @property
    def cohorts(self) -> list[int]:
        """Years in which schools entered, also those before the data."""
        return sorted(set(self.entry[self.entry != NEVER].tolist()))

    def find_place(self, year: int) -> int:
        """Place of a year in the grid."""
        return int(np.searchsorted(self.years, year))


def lay_panel(paths: pd.DataFrame, programme: pd.DataFrame, rules: Effects) -> SchoolPanel:
    """Lay out the paths of schools and the programme's first entries.

    Args:
        paths: a row per year and school: group, locality, enrolment, results_index, social_index.
        programme: a row per school and entry: school_id, entry_year.
    """
    taking = paths.dropna(subset="group")
    entry = programme.groupby("school_id")["entry_year"].min()
    known = taking[["year", "school_id"]].assign(
        score=standardise(taking, entry),
        social=divide_by_spread(taking["social_index"], taking["year"]),
        size=np.log(taking["enrolment"].astype("float64").where(taking["enrolment"] > 0)),
        village=(taking["locality"] == VILLAGE).where(taking["locality"].notna()).astype("float64"),
        exact=pd.factorize(pd.MultiIndex.from_frame(taking[list(rules.matching.exact)]))[0].astype(float),
    )
    grid = known.set_index(["school_id", "year"]).unstack("year")
    ids = grid.index
    return SchoolPanel(
        ids=ids,
        years=np.array(grid["score"].columns),
        score=grid["score"].to_numpy(dtype=float),
        traits={name: grid[name].to_numpy(dtype=float) for name in ("social", "size", "village")},
        exact=grid["exact"].to_numpy(dtype=float),
        entry=entry.reindex(ids).fillna(NEVER).to_numpy(dtype=int),
    )


def standardise(paths: pd.DataFrame, entry: pd.Series) -> pd.Series:
    """Index less the mean of its year and group, in standard deviations of the region inside groups.

    The mean is that of schools outside the programme; the spread that of all schools in the years before the first
    entry (at least the first year of the data). Otherwise the programme's own effect would change the scale. It is one
    for all years: a year's own is so uncertain that it would blur every comparison of years.

    Args:
        entry: year of the first entry by school_id; others never took part.
    """
    index, groups = paths["results_index"], [paths["year"], paths["group"]]
    outside = index.mask(paths["school_id"].isin(entry.index)).groupby(groups)
    middle = outside.transform("mean").where(outside.transform("count") >= FEWEST_REFERENCE)
    start = paths["year"].min()
    before = paths["year"] < entry[entry > start].min() if (entry > start).any() else paths["year"] >= start
    apart = index - index.groupby(groups).transform("mean")
    spread = np.sqrt((apart**2).where(before).groupby(paths["group"]).transform("mean"))
    return (index - middle) / spread.where(spread > 0)


def divide_by_spread(values: pd.Series, years: pd.Series) -> pd.Series:
    """Values in standard deviations of their year."""
    spread = values.groupby(years).transform("std", ddof=0)
    return values / spread.where(spread > 0)
