"""Structure of the index (строение индекса): how indicators go together, which tell schools apart, what each does.

All on the normalised values of one year and group, which all point the same way: a negative correlation means that two
indicators of one index contradict each other, one above 0.9 that they measure the same thing twice.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from effschool.method.identify import Identified
from effschool.method.indices import compute_indices
from effschool.method.methodology import Domain, Methodology

SCOPE = ["year", "domain", "group"]
FEWEST = 10
"""Schools that a correlation needs; fewer tell nothing."""


def collect_values(identified: Identified, year: int) -> pd.DataFrame:
    """Indicators of a year with the group of the school."""
    values = identified.indicators[identified.indicators["year"] == year]
    return values.merge(identified.schools[["year", "school_id", "group"]], on=["year", "school_id"])


def correlate_indicators(identified: Identified, year: int) -> pd.DataFrame:
    """Correlations of every two indicators of one index: a row per domain, group and pair.

    Spearman's, on ranks: shares are skewed and full of zeros, so that one outlier would make a Pearson coefficient.

    Returns:
        Columns year, domain, group, first, second, schools (that have both), correlation (−1…1; missing where fewer
        than ten schools have both, or one of the two does not vary among them).
    """
    values = collect_values(identified, year).dropna(subset="normalised")
    frames = [_correlate_group(scope, rows) for scope, rows in values.groupby(SCOPE)]
    columns = [*SCOPE, "first", "second", "schools", "correlation"]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _correlate_group(scope: tuple[object, ...], values: pd.DataFrame) -> pd.DataFrame:
    wide = values.pivot(index="school_id", columns="indicator", values="normalised")
    present = wide.notna().to_numpy().astype(int)
    first, second = np.triu_indices(wide.shape[1], k=1)
    pairs = {
        "first": wide.columns[first],
        "second": wide.columns[second],
        "schools": (present.T @ present)[first, second],
        "correlation": wide.corr(method="spearman", min_periods=FEWEST).to_numpy()[first, second],
    }
    return pd.DataFrame({**dict(zip(SCOPE, scope, strict=True)), **pairs})


def find_constants(identified: Identified, year: int) -> pd.DataFrame:
    """Indicators that do not tell the schools of a group apart: a row per domain, group and indicator.

    `is_used` tells whether it enters the index all the same: a lag flag that all schools share does, and adds the same
    to everybody; a share that does not vary is left out.
    """
    values = collect_values(identified, year).dropna(subset="raw")
    by_scope = values.groupby([*SCOPE, "indicator"])["normalised"]
    spread = by_scope.agg(low="min", high="max", schools="size").reset_index()
    constant = spread[~(spread["high"] - spread["low"] > 1e-9)]
    return constant.assign(is_used=constant["low"].notna())[[*SCOPE, "indicator", "schools", "is_used"]]


def measure_influence(identified: Identified, methodology: Methodology, year: int) -> pd.DataFrame:
    """What the index would be without each indicator: a row per domain, group and indicator.

    Returns:
        Columns year, domain, group, indicator, schools (ranked with it and without), changed (schools whose band would
        differ, a band gained or lost included), correlation (Spearman's, of the two indices; missing where it has no
        meaning). An index of a single indicator has no row.
    """
    values = collect_values(identified, year)
    before = identified.indices[identified.indices["year"] == year]
    frames = [
        _compare_indices(before[before["domain"] == domain], without).assign(indicator=name)
        for domain, name, without in _leave_out_each(values, methodology)
    ]
    columns = [*SCOPE, "indicator", "schools", "changed", "correlation"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _leave_out_each(values: pd.DataFrame, methodology: Methodology) -> Iterator[tuple[Domain, str, pd.DataFrame]]:
    """Indices of one domain without each of its indicators in turn, its block's weight shared by the others."""
    for domain, rules in methodology.iterate_domains():
        own = values[values["domain"] == domain]
        for item in rules.indicators if len(rules.indicators) > 1 else ():
            kept = tuple(other for other in rules.indicators if other is not item)
            reduced = methodology.model_copy(
                update={"domains": {domain: rules.model_copy(update={"indicators": kept})}}
            )
            if (own["indicator"] == item.id).any() and (own["indicator"] != item.id).any():
                yield domain, item.id, compute_indices(own[own["indicator"] != item.id], reduced)[0]


def _compare_indices(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    joined = before.merge(after, how="left", on=[*SCOPE, "school_id"], suffixes=("", "_after"), validate="one_to_one")
    rows = []
    for scope, schools in joined.groupby(SCOPE):
        ranked = schools[schools["band"].notna() & schools["band_after"].notna()]
        changed = schools["band"].fillna("") != schools["band_after"].fillna("")
        ranks = ranked[["index", "index_after"]].rank()
        correlation = ranks["index"].corr(ranks["index_after"])
        rows.append((*scope, len(ranked), int(changed.sum()), correlation))
    return pd.DataFrame(rows, columns=[*SCOPE, "schools", "changed", "correlation"])
