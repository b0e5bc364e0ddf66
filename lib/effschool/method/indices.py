"""Normalised indicators → index, coverage, rank and band of every school (METHODOLOGY.md 1.2, 1.3)."""

from typing import cast

import numpy as np
import pandas as pd

from effschool.method.bands import assign_bands, rank_lowest_first
from effschool.method.methodology import Aggregation, Domain, DomainRules, Indicator, Methodology

KEY = ["year", "school_id", "domain", "group"]
SCOPE = ["year", "domain", "group"]
GEOMETRIC_LOW, GEOMETRIC_HIGH = 1.0, 100.0
"""Scale of values before a geometric mean, since a zero would stop it (METHODOLOGY.md 1.2)."""


def compute_indices(values_by_school: pd.DataFrame, methodology: Methodology) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Indices with rank and band, and notices where a cut was impossible.

    Args:
        values_by_school: rows of `normalise.normalise_indicators`.

    Returns:
        A row per year, school and domain (year, school_id, domain, group, index, coverage, rank, band), and a row per
        notice (year, domain, group, notice).
    """
    used = values_by_school.loc[values_by_school["normalised"].notna(), [*KEY, "indicator", "normalised"]]
    frames = [
        aggregate_domain(used[used["domain"] == domain], rules).assign(domain=domain)
        for domain, rules in methodology.iterate_domains()
    ]
    indices = measure_coverage(pd.concat(frames, ignore_index=True), values_by_school, used)
    return rank_schools(indices, methodology)


def aggregate_domain(used: pd.DataFrame, rules: DomainRules) -> pd.DataFrame:
    """Weighted mean of a school's available values: a row per year and school, with `index`."""
    weight_by_indicator = weigh_indicators(rules)
    weight = used["indicator"].map(weight_by_indicator).astype("float64")
    geometric = rules.aggregation.kind == "geometric"
    scaled = GEOMETRIC_LOW + (GEOMETRIC_HIGH - GEOMETRIC_LOW) * used["normalised"]
    value = np.log(scaled) if geometric else used["normalised"]
    keys = ["year", "school_id", "group"]
    totals = used[keys].assign(value=weight * value, weight=weight).groupby(keys, as_index=False).sum()
    mean = totals["value"] / totals["weight"].where(totals["weight"] > 0)
    return totals[keys].assign(index=np.exp(mean).clip(GEOMETRIC_LOW, GEOMETRIC_HIGH) if geometric else mean)


def weigh_indicators(rules: DomainRules) -> dict[str, float]:
    """Weight of every indicator; a block's weight is shared equally by its indicators."""
    weights = rules.aggregation
    if weights.weights_by == "indicator":
        return {item.id: weights.weights.get(item.id, 1.0) for item in rules.indicators}
    return {item.id: _share_block(item, rules.indicators, weights) for item in rules.indicators}


def _share_block(item: Indicator, indicators: tuple[Indicator, ...], weights: Aggregation) -> float:
    members = sum(other.block == item.block for other in indicators)
    return weights.weights.get(item.block, 1.0) / members


def measure_coverage(indices: pd.DataFrame, values_by_school: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Add `coverage`: a school's available indicators / those that at least one school of its year and group has."""
    available = values_by_school.groupby(KEY, as_index=False)["normalised"].count()
    varying = used[[*SCOPE, "indicator"]].drop_duplicates()
    applicable = varying.groupby(SCOPE, as_index=False).size()
    joined = available.merge(indices, how="left", on=KEY, validate="one_to_one").merge(applicable, how="left", on=SCOPE)
    coverage = (joined["normalised"] / joined["size"]).fillna(0.0)
    return joined.drop(columns=["normalised", "size"]).assign(coverage=coverage)


def rank_schools(indices: pd.DataFrame, methodology: Methodology) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Add `rank` and `band` inside year, domain and group, to schools whose coverage suffices."""
    index, coverage = (indices[name].to_numpy(dtype="float64") for name in ("index", "coverage"))
    ranks, bands = np.full(len(indices), np.nan), np.full(len(indices), None, dtype=object)
    places, notices = pd.Series(np.arange(len(indices)), indices.index), []
    for (year, domain, group), scope in places.groupby([indices[name] for name in SCOPE]):
        rules = methodology.domains[cast(Domain, domain)]
        place = scope.to_numpy()
        enough = place[~np.isnan(index[place]) & (coverage[place] >= rules.min_coverage - rules.bands.tolerance)]
        bands[enough], met = assign_bands(index[enough], rules.bands)
        ranks[enough] = rank_lowest_first(index[enough], rules.bands.tolerance)
        if met:
            notices.append((year, domain, group, "верхняя и нижняя границы встретились, все школы в средней группе"))
    types = {"year": "int64", "school_id": "str", "domain": "str", "group": "str", "index": "float64"}
    table = indices.assign(rank=ranks, band=bands).astype({**types, "rank": "Int64", "band": "str"})
    return table, pd.DataFrame(notices, columns=["year", "domain", "group", "notice"])
