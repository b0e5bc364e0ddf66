"""Bands over a window of years (окно лет) → which schools satisfy a rule (METHODOLOGY.md 1.2, 1.3)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.bands import assign_bands
from effschool.indicators import KEY
from effschool.methodology import Band, Bands, Condition, Domain, GapIndicator, Methodology, Window, WindowRule

Hits = NDArray[np.bool_]
Slots = NDArray[np.object_]


@dataclass(frozen=True)
class Standing:
    """What lists are made from: the indices with their bands, and the lag flags by (year, school_id) (`count_lags`)."""

    indices: pd.DataFrame
    lags: pd.Series


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
    cut: Bands


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
    window, ids = methodology.lists.window, pd.Index(schools["school_id"])
    indices = standing.indices
    chosen = indices[(indices["domain"] == domain) & indices["band"].notna()]
    years = list(list_candidates(window, year, int(chosen["year"].min() if len(chosen) else year)))
    bands = spread_years(chosen, "band", ids, years)
    values = spread_years(chosen, "index", ids, years)
    # Years with data move to the right, so that the last columns are each school's last years with data.
    order = np.argsort(~pd.isna(bands), axis=1, kind="stable")[:, ::-1] if window.policy == "last_with_data" else None
    if order is not None and year not in window.years:
        order = np.sort(order[:, : window.length], axis=1)
        bands, values = np.take_along_axis(bands, order, axis=1), np.take_along_axis(values, order, axis=1)
    now = set(chosen.loc[chosen["year"] == year, "school_id"])
    counted = standing.lags.reindex(pd.MultiIndex.from_product([[year], ids])).fillna(0).to_numpy(np.int64)
    cut = methodology.domains[domain].bands
    return WindowView(
        ids, bands, values.astype(float).mean(axis=1), ids.isin(now), counted, schools["group"].to_numpy(), cut
    )


def spread_years(chosen: pd.DataFrame, column: str, ids: pd.Index, years: Sequence[int]) -> Slots:
    """A row per school, a column per year; missing where the school is not ranked."""
    wide = chosen[chosen["year"].isin(years)].pivot(index="school_id", columns="year", values=column)
    return np.asarray(wide.reindex(index=ids, columns=list(years)).to_numpy(dtype=object))


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


def satisfy_condition(view: WindowView, hits: Hits, band: Band | None, condition: Condition) -> Hits:
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
