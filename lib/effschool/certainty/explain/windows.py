"""Windows of a report year, school by school, what decides statuses there, and ways where bands do."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

import numpy as np
import pandas as pd

from effschool.base.schemas import BANDS
from effschool.certainty.counterfactuals import Options
from effschool.certainty.explain.ways import Statuses, Way, choose_way
from effschool.method.identify import Identified
from effschool.method.lists import name_view
from effschool.method.methodology import Band, Domain, Methodology, WindowCondition
from effschool.method.windows import (
    Standing,
    WindowView,
    count_lags,
    find_ranked_years,
    is_covered,
    list_candidates,
    view_window,
)

Kind = Literal["bands", "mean", "lags"]
"""What decides the statuses of a domain."""


def find_rule_kind(domain: Domain, methodology: Methodology) -> Kind | None:
    """What decides the statuses of a domain; None where its rules mix kinds, for which no number is computed."""
    rules = [methodology.find_rule(status) for status in methodology.lists.list_statuses(domain)]
    conditions = [condition for rule in rules for condition in rule.any_of if condition.ranked is None]
    kinds: set[Kind] = {_find_kind(condition) for condition in conditions}
    return next(iter(kinds or {"bands"})) if len(kinds) < 2 else None


def _find_kind(condition: WindowCondition) -> Kind:
    return "mean" if condition.mean else "bands" if condition.lags is None else "lags"


@dataclass(frozen=True)
class OpenWindow:
    """The window of one domain and report year: per school the year of every slot, None where it has no band."""

    domain: Domain
    report_year: int
    view: WindowView
    years: tuple[tuple[int | None, ...], ...]

    def name_by_mean(self, methodology: Methodology, band: str | None) -> list[str | None]:
        """Statuses of all schools, were the band of their mean index the one given, or none."""
        return self._name(methodology, lambda condition, wanted: bool(condition.mean and band and band == wanted))

    def name_by_lags(self, methodology: Methodology, number: int) -> list[str | None]:
        """Statuses of all schools, had they so many lags."""
        return self._name(methodology, lambda condition, _: bool(condition.lags and number >= condition.lags))

    def _name(self, methodology: Methodology, fits: Callable[[WindowCondition, Band | None], bool]) -> list[str | None]:
        named = np.full(len(self.view.ids), None, dtype=object)
        for status in reversed(methodology.lists.list_statuses(self.domain)):
            for condition in methodology.find_rule(status).any_of:
                hits = self.view.ranked if condition.ranked else fits(condition, status.band)
                named[np.broadcast_to(hits, len(named))] = status.status
        return list(named)


def open_windows(
    identified: Identified, schools: pd.DataFrame, methodology: Methodology, year: int
) -> Iterator[OpenWindow]:
    """Windows of the domains that have lists in the year."""
    standing = Standing(identified.indices, count_lags(identified.indicators, methodology))
    for domain in methodology.domains:
        ranked = find_ranked_years(identified.indices, domain)
        if len(schools) and is_covered(methodology.lists.window, year, ranked):
            view = view_window(standing, schools, year, domain, methodology)
            candidates = list_candidates(methodology.lists.window, year, min(ranked))
            yield OpenWindow(domain, year, view, _date_slots(view, identified.indices, domain, candidates))


def _date_slots(
    view: WindowView, indices: pd.DataFrame, domain: Domain, candidates: Sequence[int]
) -> tuple[tuple[int | None, ...], ...]:
    """Year of every slot of the window: slots with a band are each school's last ranked years, in order."""
    chosen = indices[(indices["domain"] == domain) & indices["band"].notna() & indices["year"].isin(list(candidates))]
    ranked = chosen.sort_values("year").groupby("school_id")["year"].agg(list)
    dated = []
    for school, bands in zip(view.ids, view.bands, strict=True):
        years = iter(ranked.get(school, [])[-int((~pd.isna(bands)).sum()) :])
        dated.append(tuple(None if pd.isna(band) else next(years) for band in bands))
    return tuple(dated)


def reach_statuses(window: OpenWindow, options: Options, methodology: Methodology) -> dict[str, Statuses]:
    """The cheapest way of every school to every status of a domain; a year without a band stays without one."""
    reach: dict[str, Statuses] = {school: {} for school in window.view.ids}
    for combination in product(BANDS, repeat=window.view.bands.shape[1]):
        wanted = np.where(pd.isna(window.view.bands), window.view.bands, np.array(combination, dtype=object))
        named = name_view(replace(window.view, bands=wanted), window.domain, methodology)
        for place, (school, status) in enumerate(zip(window.view.ids, named, strict=True)):
            steps = zip(window.years[place], window.view.bands[place], wanted[place], strict=True)
            moves = {year: new for year, old, new in steps if year and old != new}
            found = {year: options.get((school, window.domain, year, band)) for year, band in moves.items()}
            blocked = tuple(year for year, change in found.items() if not change)
            way = Way(tuple(change for change in found.values() if change), blocked)
            reach[school][status] = choose_way(reach[school].get(status), way)
    return reach
