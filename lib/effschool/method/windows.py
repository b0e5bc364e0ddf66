"""Bands over a window of years (окно лет) → which schools satisfy a rule (METHODOLOGY.md 1.2, 1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.base.schemas import DOMAINS
from effschool.method.bands import assign_bands
from effschool.method.indicators import KEY
from effschool.method.methodology import (
    Band,
    BandRules,
    Domain,
    GapIndicator,
    Methodology,
    Window,
    WindowCondition,
    WindowRule,
)

Hits = NDArray[np.bool_]
Slots = NDArray[np.object_]


@dataclass(frozen=True)
class BandGrid:
    """Bands and indices of one domain: a row per school ranked in any year, a column per year, one more of each.

    The last row and the last column are empty, so that a school or year that is not there, at −1, reads as missing.
    """

    ids: pd.Index
    years: pd.Index
    bands: Slots
    values: NDArray[np.float64]


@dataclass(frozen=True)
class Standing:
    """What lists are made from: the indices with their bands, and the lag flags by (year, school_id) (`count_lags`)."""

    indices: pd.DataFrame
    lags: pd.Series

    @cached_property
    def grids(self) -> dict[str, BandGrid]:
        """Grid of every domain."""
        ranked = self.indices[self.indices["band"].notna()]
        return {domain: lay_grid(ranked[ranked["domain"] == domain]) for domain in DOMAINS}

    def count_lags(self, ids: pd.Index, year: int) -> NDArray[np.int64]:
        """Lag flags of the given schools in a year."""
        if self.lags.empty:
            return np.zeros(len(ids), dtype=np.int64)
        of_year = self.lags[self.lags.index.get_level_values("year") == year].droplevel("year")
        return np.asarray(of_year.reindex(ids).fillna(0).to_numpy(np.int64))


def lay_grid(ranked: pd.DataFrame) -> BandGrid:
    """Rows of indices (year, school_id, index, band) as a grid."""
    row, ids = pd.factorize(ranked["school_id"], sort=True)
    column, years = pd.factorize(ranked["year"], sort=True)
    bands = np.full((len(ids) + 1, len(years) + 1), None, dtype=object)
    values = np.full(bands.shape, np.nan)
    bands[row, column], values[row, column] = ranked["band"].to_numpy(dtype=object), ranked["index"].to_numpy()
    return BandGrid(pd.Index(ids), pd.Index(years), bands, values)


@dataclass(frozen=True)
class WindowView:
    """What schools did in the window of one report year; rows of all arrays are the schools `ids`.

    Args:
        bands: a column per year of the window, the latest last; None where the school has no band.
        means: mean of the window's indices, NaN unless the school is ranked in every one of its years.
        ranked: whether the school has a band in the report year itself.
        lags: number of indicators of kind `gap` that lag in the report year.
        group: group in the report year.
        cut: rules of the domain's bands, for a band of the means.
    """

    ids: pd.Index
    bands: Slots
    means: NDArray[np.float64]
    ranked: Hits
    lags: NDArray[np.int64]
    group: NDArray[np.object_]
    cut: BandRules


def list_covered_years(indices: pd.DataFrame, methodology: Methodology, domain: Domain = "results") -> list[int]:
    """Years whose window has ranked schools in the domain; without one of results a year gets no lists.

    A year with a window of its own in the methodology needs no data itself: that is what such a window is for.
    """
    window, ranked = methodology.lists.window, find_ranked_years(indices, domain)
    candidates = sorted(ranked | set(window.years))
    return [year for year in candidates if is_covered(window, year, ranked)]


def is_covered(window: Window, year: int, ranked: set[int]) -> bool:
    """Whether the years with ranked schools suffice for the window of a report year."""
    if window.policy == "consecutive" or year in window.years:
        return set(window.list_years(year)) <= ranked
    return year in ranked and len(ranked & set(list_candidates(window, year, min(ranked)))) >= window.length


def list_candidates(window: Window, year: int, first: int) -> Sequence[int]:
    """Years that a window may draw on: its own, or for `last_with_data` all within the span, the earliest first."""
    if window.policy == "consecutive" or year in window.years:
        return window.list_years(year)
    return range(max(first, year - (window.max_span or year) + 1), year + 1)


def find_ranked_years(indices: pd.DataFrame, domain: Domain) -> set[int]:
    """Years in which the domain has a school with a band."""
    return set(indices.loc[(indices["domain"] == domain) & indices["band"].notna(), "year"].tolist())


def view_window(
    standing: Standing, schools: pd.DataFrame, year: int, domain: Domain, methodology: Methodology
) -> WindowView:
    """The window of a report year for the given schools.

    Args:
        schools: a row per school of the year: school_id, group.
    """
    window, grid = methodology.lists.window, standing.grids[domain]
    ids = pd.Index(schools["school_id"].astype("str"))
    first = int(grid.years.min()) if len(grid.years) else year
    row, column = grid.ids.astype("str").get_indexer(ids), grid.years.get_indexer(list_candidates(window, year, first))
    bands, values = grid.bands[np.ix_(row, column)], grid.values[np.ix_(row, column)]
    if window.policy == "last_with_data" and year not in window.years:
        order = find_last(pd.notna(bands), window.length)
        bands, values = np.take_along_axis(bands, order, axis=1), np.take_along_axis(values, order, axis=1)
    ranked = pd.notna(grid.bands[row, grid.years.get_indexer([year])[0]])
    cut = methodology.domains[domain].bands
    group = schools["group"].to_numpy(dtype=object)
    return WindowView(ids, bands, values.mean(axis=1), ranked, standing.count_lags(ids, year), group, cut)


def find_last(known: Hits, length: int) -> NDArray[np.int64]:
    """Columns of each row's last `length` known values, in their order, after unknown ones where those are too few."""
    return np.argsort(known, axis=1, kind="stable")[:, -length:]


def count_lags(values_by_school: pd.DataFrame, methodology: Methodology, tolerance: float = 1e-9) -> pd.Series:
    """Number of indicators that lag behind the region by more than their threshold, by (year, school_id)."""
    thresholds = {
        name: item.threshold for name, item in methodology.indicators.items() if isinstance(item, GapIndicator)
    }
    gaps = values_by_school[values_by_school["indicator"].isin(thresholds)]
    lagging = gaps["raw"] < -gaps["indicator"].map(thresholds).astype(float) - tolerance
    return gaps[lagging].groupby(KEY).size()


def satisfy_rule(view: WindowView, band: Band | None, rule: WindowRule) -> Hits:
    """Whether each school satisfies a window rule; a year without a band never counts."""
    hits = view.bands == band if band else ~pd.isna(view.bands)
    return np.logical_or.reduce([satisfy_condition(view, hits, band, condition) for condition in rule.any_of])


def satisfy_condition(view: WindowView, hits: Hits, band: Band | None, condition: WindowCondition) -> Hits:
    """Whether each school satisfies one condition; `hits` tells in which years of the window it is in the band."""
    if condition.at_least is not None:
        return np.asarray(hits.sum(axis=1) >= condition.at_least)
    if condition.last is not None:
        return np.asarray(hits[:, -condition.last :].all(axis=1))
    if condition.lags is not None:
        return view.lags >= condition.lags
    return np.asarray(band_means(view) == band) if condition.mean else view.ranked


def band_means(view: WindowView) -> Slots:
    """Band of the window's mean index inside each group; None where the school was not ranked in every year."""
    bands = np.full(len(view.ids), None, dtype=object)
    known = ~np.isnan(view.means)
    for group in set(view.group[known]):
        chosen = known & (view.group == group)
        bands[chosen] = assign_bands(view.means[chosen], view.cut)[0]
    return bands
