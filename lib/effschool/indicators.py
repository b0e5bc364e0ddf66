"""Contract tables → raw indicators (показатели) of every school and year (METHODOLOGY.md 1.1, 1.3)."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from effschool.methodology import GapIndicator, Indicator, Methodology, Rows, ShareIndicator
from effschool.schemas import MARKS

KEY = ["year", "school_id"]
Tables = Mapping[str, pd.DataFrame]


def compute_indicators(tables: Tables, schools: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Raw values of all indicators: a row per year, school and indicator the school has.

    Args:
        tables: contract tables by name, as in `schemas.CONTRACT`.
        schools: schools of the methodology with `group`; one without a group is left out, of the regional mean too.

    Returns:
        Columns year, school_id, group, domain, indicator, raw (per cent, score or gap), participants.
        A value without participants is missing and has no row.
    """
    taken = schools.dropna(subset="group")[[*KEY, "group"]]
    prepared = {
        name: table.merge(taken, on=KEY, validate="many_to_one") for name, table in tables.items() if name in ROWS
    }
    prepared["results"] = fill_mean_scores(prepared["results"])
    frames = [
        compute_indicator(prepared, indicator).assign(domain=domain, indicator=indicator.id)
        for domain, rules in methodology.iterate_domains()
        for indicator in rules.indicators
    ]
    columns = [*KEY, "group", "domain", "indicator", "raw", "participants"]
    types = {"year": "int64", "school_id": "str", "group": "str", "raw": "float64", "participants": "int64"}
    return pd.concat(frames, ignore_index=True)[columns].astype(types)  # frames without rows lose their types


ROWS = ("results", "certificates", "social")
MARKED = ("ОГЭ", "ВПР")
"""Procedures whose mean score is a mean of marks; a mean of ЕГЭ is in points and is never made from marks."""


def compute_indicator(tables: Tables, indicator: Indicator) -> pd.DataFrame:
    """Raw values of one indicator: a row per year and school, with group, raw and participants."""
    rows = select_rows(tables, indicator.rows)
    if isinstance(indicator, ShareIndicator):
        return pool_shares(rows, indicator.count, indicator.total)
    means = pool_means(rows)
    return subtract_regional_mean(means) if isinstance(indicator, GapIndicator) else means


def select_rows(tables: Tables, rows: Rows) -> pd.DataFrame:
    """Rows of a contract table that pass all the filters."""
    table = tables[rows.table]
    chosen = np.ones(len(table), dtype=bool)
    for column, allowed in rows.filters.items():
        chosen &= table[column].isin(allowed).to_numpy()
    return table[chosen]


def fill_mean_scores(results: pd.DataFrame) -> pd.DataFrame:
    """A missing mean of ОГЭ or ВПР becomes the mean of the marks where all four counts are there (DATA_CONTRACT.md)."""
    marks = results[list(MARKS)].astype("float64")
    total = marks.sum(axis=1, skipna=False)
    mean = (marks * [2, 3, 4, 5]).sum(axis=1, skipna=False) / total.where(total > 0)
    marked = results["procedure"].isin(MARKED)
    return results.assign(mean_score=results["mean_score"].fillna(mean.where(marked)))


def pool_shares(rows: pd.DataFrame, count: str, total: str) -> pd.DataFrame:
    """100·count/total over a school's rows that have both; no participants: no row."""
    known = rows.dropna(subset=[count, total])
    sums = known.groupby([*KEY, "group"], as_index=False)[[count, total]].sum()
    sums = sums[sums[total] > 0]
    raw = 100 * sums[count].astype("float64") / sums[total].astype("float64")
    return sums[[*KEY, "group"]].assign(raw=raw, participants=sums[total].astype("int64"))


def pool_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean score over a school's rows, weighted by participants; no participants: no row."""
    known = rows.dropna(subset=["mean_score", "participants"]).query("participants > 0")
    known = known.assign(points=known["mean_score"] * known["participants"].astype("float64"))
    sums = known.groupby([*KEY, "group"], as_index=False)[["points", "participants"]].sum()
    participants = sums["participants"].astype("int64")
    return sums[[*KEY, "group"]].assign(raw=sums["points"] / participants, participants=participants)


def subtract_regional_mean(means: pd.DataFrame) -> pd.DataFrame:
    """School mean minus the regional mean of the year, which weighs all schools of all groups by participants."""
    points = (means["raw"] * means["participants"]).groupby(means["year"]).transform("sum")
    regional = points / means.groupby("year")["participants"].transform("sum")
    return means.assign(raw=means["raw"] - regional)
