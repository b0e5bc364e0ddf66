"""Comparable schools (похожие школы): found by results of other years than those from which the change is counted.

Whoever is found because of a low year rises after it by chance alone. So for every year of the start (`base`) schools
are matched on the other years before entry, those of the selection among them, and the years of the start take turns.
On invented regions this gives the true effect; a start that schools were matched on gives too little, the year of
selection as a start too much (bench/effects.py).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from effschool.dynamics.effects.panel import NEVER, SchoolPanel, Values
from effschool.method.methodology import Effects

PAIR_COLUMNS = ["entry_year", "year", "base", "selected", "school", "control", "weight"]
APART = 9.0
"""Distance between schools that differ in what must be the same; anything above 1 would do."""


@dataclass(frozen=True)
class Contrast:
    """Schools of one year of entry in one year, against one of `starts` years of the start.

    `level` are the years whose results they are matched on, `selected` the last year of the selection.
    """

    entry: int
    year: int
    base: int
    selected: int
    level: tuple[int, ...]
    starts: int


def list_after(rules: Effects) -> range:
    """Years after entry that count as «after», counted from it."""
    return range(rules.first_year_after, rules.first_year_after + rules.years_after)


def list_times(rules: Effects) -> range:
    """Years around entry that are drawn, counted from it."""
    return range(-rules.selection_years - rules.years_before, list_after(rules).stop)


def match_cohorts(panel: SchoolPanel, rules: Effects, times: Iterable[int]) -> pd.DataFrame:
    """Schools of the programme and their comparable ones, for every start.

    Args:
        times: years counted from entry (0 is that of entry).

    Returns:
        A row per pair: entry_year, year, base, selected (places of the years in the panel: the one that is looked at,
        the start, the last of the selection), school, control (places in the panel), weight (1 / pairs of the school).
        Controls were in no programme by then. No rows for cohorts without a year before the selection.
    """
    kept = set(times)
    found = [
        match_contrast(panel, each, rules) for each in list_contrasts(panel, rules) if each.year - each.entry in kept
    ]
    columns = np.concatenate(found, axis=1) if found else np.empty((len(PAIR_COLUMNS), 0))
    pairs = pd.DataFrame(dict(zip(PAIR_COLUMNS, columns, strict=True)))
    return pairs.astype(dict.fromkeys(PAIR_COLUMNS[:-1], "int64"))


def list_contrasts(panel: SchoolPanel, rules: Effects) -> list[Contrast]:
    """Every year with every start, for all cohorts of the panel."""
    found = []
    for entry in panel.cohorts:
        starts, selection = split_years(panel, entry, rules)
        for base, year in product(starts, [year for year in panel.years.tolist() if year - entry in list_times(rules)]):
            level = tuple(other for other in (*starts, *selection) if other not in {base, year})
            if year != base:
                found.append(Contrast(entry, year, base, selection[-1], level, len({*starts} - {year})))
    return found


def split_years(panel: SchoolPanel, entry: int, rules: Effects) -> tuple[list[int], list[int]]:
    """Years of the data before an entry: those from which change is counted, and those of the selection."""
    earlier = [year for year in panel.years.tolist() if year < entry]
    return earlier[: -rules.selection_years][-rules.years_before :], earlier[-rules.selection_years :]


def match_contrast(panel: SchoolPanel, contrast: Contrast, rules: Effects) -> Values:
    """Pairs of one contrast [column of PAIR_COLUMNS, pair]."""
    from sklearn.neighbors import NearestNeighbors  # noqa: PLC0415 -- takes long to import, and not every run matches

    features = place_for_matching(panel, contrast, rules)
    year, base, selected = (panel.find_place(value) for value in (contrast.year, contrast.base, contrast.selected))
    fits = np.isfinite(features).all(axis=1) & np.isfinite(panel.score[:, [year, base]]).all(axis=1)
    school = np.flatnonzero(fits & (panel.entry == contrast.entry))
    control = np.flatnonzero(fits & (panel.entry > max(contrast.year, contrast.entry)))
    wanted = min(rules.matching.matches, len(control))
    if not (len(school) and wanted):
        return np.empty((len(PAIR_COLUMNS), 0))
    nearest = NearestNeighbors(n_neighbors=wanted, metric="chebyshev", algorithm="kd_tree").fit(features[control])
    distance, place = nearest.kneighbors(features[school])
    close = distance <= 1
    number = close.sum(axis=1)
    weight = np.repeat(1 / np.maximum(number, 1), number) / contrast.starts
    named = np.tile([[contrast.entry], [year], [base], [selected]], (1, len(weight)))
    return np.vstack([named, np.repeat(school, number), control[place[close]], weight])


def place_for_matching(panel: SchoolPanel, contrast: Contrast, rules: Effects) -> Values:
    """Coordinates of schools [school, feature], each in parts of what may differ: two schools are close within 1.

    Traits are those of the last year before entry. What no school has (social conditions that were not collected) is
    left out.
    """
    matching = rules.matching
    last = panel.find_place(contrast.selected)
    coordinates = [
        average(panel.score[:, [panel.find_place(year) for year in contrast.level]]) / matching.results_sd,
        panel.traits["social"][:, last] / matching.social_sd,
        panel.traits["size"][:, last] / np.log(matching.size_times),
        panel.exact[:, last] * APART,
    ]
    return np.column_stack([values for values in coordinates if np.isfinite(values).any()])


def average(values: Values) -> Values:
    """Mean over the years that a school has [school]; NaN where it has none."""
    known = np.isfinite(values)
    number = known.sum(axis=1)
    total = np.where(known, values, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def weigh_schools(pairs: pd.DataFrame) -> "pd.Series[float]":
    """Weights that sum to 1: a cohort counts in a year by its schools, and every start of it the same.

    Were a start to count by the schools that found a match, low starts would count more: whoever is low in it is not so
    in the years of matching, and finds one.
    """
    cohort = [pairs["entry_year"], pairs["year"]]
    share = pairs["weight"] / pairs["weight"].groupby([*cohort, pairs["base"]]).transform("sum")
    even = share / share.groupby(cohort).transform("sum") * pairs["weight"].groupby(cohort).transform("sum")
    return even / even.sum()


# Balance


def measure_balance(panel: SchoolPanel, pairs: pd.DataFrame, rules: Effects) -> pd.DataFrame:
    """How alike the schools are before and after matching.

    Returns:
        A row per trait with before, after: mean of the programme's schools less that of all schools that never took
        part (of the comparable ones), in standard deviations of all schools: the standardised mean difference. Traits:
        results (mean of the years before the selection), selected (of its years); social, size, village (of the last
        year before entry).
    """
    weighed = pairs.assign(weight=weigh_schools(pairs))
    rows = []
    for entry, own in weighed.groupby("entry_year"):
        traits = _list_traits(panel, int(entry), rules)
        others = traits[panel.entry == NEVER].mean()
        means = [traits.iloc[own[who]].mul(own["weight"].to_numpy(), axis=0).sum() for who in ("school", "control")]
        share = own["weight"].sum()
        before, after = means[0] - share * others, means[0] - means[1]
        rows.append(pd.DataFrame({"before": before, "after": after}).div(traits.std(), axis=0))
    return sum(rows[1:], rows[0]).dropna().rename_axis("trait").reset_index()


def _list_traits(panel: SchoolPanel, entry: int, rules: Effects) -> pd.DataFrame:
    """Traits of all schools by which a cohort is compared: a row per school in the panel's order."""
    starts, selection = split_years(panel, entry, rules)
    level, selected = (
        average(panel.score[:, [panel.find_place(year) for year in years]]) for years in (starts, selection)
    )
    last = panel.find_place(selection[-1])
    traits = {name: values[:, last] for name, values in panel.traits.items()}
    return pd.DataFrame({"results": level, "selected": selected, **traits})
