"""Bands over a window of years → statuses, ФИОКО's list and the joint list (METHODOLOGY.md 1.2 to 1.4, 2)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.indicators import KEY, Tables, pool_shares, select_rows
from effschool.methodology import Condition, Domain, Fioko, JointStatus, Methodology, Status, WindowRule
from effschool.schemas import LISTS, empty_table

Hits = NDArray[np.bool_]


def list_covered_years(indices: pd.DataFrame, methodology: Methodology, domain: Domain = "results") -> list[int]:
    """Years whose whole window has ranked schools in the domain; without one of results a year gets no lists.

    A year with a window of its own in the methodology needs no data itself: that is what such a window is for.
    """
    window = methodology.lists.window
    ranked = find_ranked_years(indices, domain)
    return [year for year in sorted(ranked | set(window.years)) if set(window.list_years(year)) <= ranked]


def find_ranked_years(indices: pd.DataFrame, domain: Domain) -> set[int]:
    """Years in which the domain has a school with a band."""
    return set(indices.loc[(indices["domain"] == domain) & indices["band"].notna(), "year"].tolist())


def make_lists(indices: pd.DataFrame, schools: pd.DataFrame, tables: Tables, methodology: Methodology) -> pd.DataFrame:
    """Lists of every covered year: a row per year and school that is not left out, columns as `schemas.LISTS`."""
    taken = schools.dropna(subset="group")[KEY]
    covered = list_covered_years(indices, methodology)
    frames = [
        make_year_lists(taken.loc[taken["year"] == year, "school_id"], year, indices, methodology) for year in covered
    ]
    empty = empty_table(LISTS).drop(columns=["fioko_shnor", "fioko_level"])
    lists = pd.concat(frames or [empty], ignore_index=True).astype({"year": "int64", "school_id": "str"})
    return lists.merge(flag_fioko(tables, taken, methodology.fioko), how="left", on=KEY, validate="one_to_one")


def make_year_lists(school_ids: pd.Series, year: int, indices: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Statuses of the given schools in one year: a row per school."""
    years = methodology.lists.window.list_years(year)
    ids = pd.Index(school_ids.sort_values(), name="school_id")
    frame = pd.DataFrame({"year": year, "school_id": ids})
    frame["results_status"] = _name_statuses("results", ids, years, indices, methodology)
    frame["social_status"] = _name_statuses("social", ids, years, indices, methodology)
    return frame.assign(joint=name_joint(frame, methodology.lists.joint))


def _name_statuses(
    domain: Domain, ids: pd.Index, years: Sequence[int], indices: pd.DataFrame, methodology: Methodology
) -> pd.Series:
    statuses = methodology.lists.results if domain == "results" else methodology.lists.social
    bands = spread_bands(indices, domain, ids, years)
    named = np.full(len(ids), None, dtype=object)
    covered = set(years) <= find_ranked_years(indices, domain)
    for status in reversed(statuses if covered else ()):
        named[satisfy_rule(bands, status, methodology.find_rule(status))] = status.status
    return pd.Series(named, dtype="str")


def spread_bands(indices: pd.DataFrame, domain: str, ids: pd.Index, years: Sequence[int]) -> pd.DataFrame:
    """Bands of one domain: a row per school, a column per year of the window; missing where not ranked."""
    chosen = indices[(indices["domain"] == domain) & indices["year"].isin(years)]
    return chosen.pivot(index="school_id", columns="year", values="band").reindex(index=ids, columns=list(years))


def satisfy_rule(bands: pd.DataFrame, status: Status, rule: WindowRule) -> Hits:
    """Whether each school satisfies a window rule; a year without a band never counts."""
    ranked = bands.notna().to_numpy()
    hits = (bands == status.band).to_numpy() & ranked if status.band else ranked
    return np.logical_or.reduce([satisfy_condition(hits, ranked, condition) for condition in rule.any_of])


def satisfy_condition(hits: Hits, ranked: Hits, condition: Condition) -> Hits:
    """Whether each school (row) satisfies one condition over the years (columns, the latest last)."""
    if condition.at_least is not None:
        return np.asarray(hits.sum(axis=1) >= condition.at_least)
    if condition.last is not None:
        return np.asarray(hits[:, -condition.last :].all(axis=1))
    return np.asarray(ranked[:, -1])


def name_joint(lists: pd.DataFrame, joints: Sequence[JointStatus]) -> pd.Series:
    """Status of the joint list, the first that fits; missing where none does."""
    named = np.full(len(lists), None, dtype=object)
    for joint in reversed(joints):
        fits = np.ones(len(lists), dtype=bool)
        if joint.results:
            fits &= lists["results_status"].isin(joint.results).to_numpy()
        if joint.social:
            fits &= lists["social_status"].isin(joint.social).to_numpy()
        named[fits] = joint.status
    return pd.Series(named, dtype="str", index=lists.index)


def compute_procedure_shares(tables: Tables, schools: pd.DataFrame, fioko: Fioko) -> pd.DataFrame:
    """Shares of failed participants: a row per year, school and procedure of ФИОКО's rule, with `is_low`.

    Args:
        schools: keys (year, school_id) of the schools to look at.
    """
    results = tables["results"].merge(schools[KEY], on=KEY).assign(group="")
    frames = [
        pool_shares(select_rows({"results": results}, procedure.rows), procedure.count, "participants").assign(
            procedure=procedure.id
        )
        for procedure in fioko.procedures
    ]
    shares = pd.concat(frames, ignore_index=True).drop(columns="group").rename(columns={"raw": "failed_pct"})
    return shares.assign(is_low=shares["failed_pct"] >= fioko.low_share_pct - 1e-9)


def flag_fioko(tables: Tables, schools: pd.DataFrame, fioko: Fioko | None) -> pd.DataFrame:
    """ФИОКО's flag of every school and year; missing where the school had no procedure in the year.

    A school is ШНОР where at least `min_low_procedures` were low in the year, or at least
    `min_low_procedures_each_year` in each of the last `years` (METHODOLOGY.md section 2).
    """
    shares = compute_procedure_shares(tables, schools, fioko) if fioko else None
    if fioko is None or shares is None or shares.empty:
        return leave_unflagged(schools)
    years = range(shares["year"].min() - fioko.years + 1, shares["year"].max() + 1)
    counts = shares.groupby(KEY)["is_low"].sum().unstack("year").reindex(columns=years)
    each = (counts >= fioko.min_low_procedures_each_year).T.rolling(fioko.years).sum().T.eq(fioko.years)
    flags = (counts >= fioko.min_low_procedures) | each
    stacked = pd.DataFrame({"low": counts.T.stack(), "fioko_shnor": flags.T.stack()}).dropna().reset_index()  # noqa: PD013
    stacked["fioko_level"] = name_level(stacked["low"].where(stacked["fioko_shnor"]), fioko)
    return stacked.drop(columns="low").astype({"fioko_shnor": "boolean", "year": "int64", "school_id": "str"})


def leave_unflagged(schools: pd.DataFrame) -> pd.DataFrame:
    """ФИОКО's flag and level, missing for all: the methodology has no such rule, or no school had a procedure of it."""
    flag = pd.Series(pd.NA, index=schools.index, dtype="boolean")
    return schools[KEY].assign(fioko_shnor=flag, fioko_level=pd.Series(None, index=schools.index, dtype="str"))


def name_level(low: pd.Series, fioko: Fioko) -> pd.Series:
    """Level of ШНОР by the number of low procedures; missing where no level is set, as the document sets none."""
    named = pd.Series(None, index=low.index, dtype="str")
    for level in sorted(fioko.levels, key=lambda level: level.min_low_procedures):
        named = named.mask(low >= level.min_low_procedures, level.name)
    return named
