"""Bands over a window of years → statuses and the joint list (METHODOLOGY.md 1.2 to 1.4)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.base.schemas import LISTS, empty_table
from effschool.method.indicators import KEY
from effschool.method.methodology import Domain, JointStatus, Methodology
from effschool.method.windows import (
    Standing,
    WindowView,
    find_ranked_years,
    is_covered,
    list_covered_years,
    satisfy_rule,
    view_window,
)


def make_statuses(standing: Standing, schools: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Statuses of every covered year: a row per year and school that is not left out."""
    taken = schools.dropna(subset="group")[[*KEY, "group"]].sort_values(KEY)
    covered = list_covered_years(standing.indices, methodology)
    frames = [make_year_lists(taken[taken["year"] == year], year, standing, methodology) for year in covered]
    empty = empty_table(LISTS).drop(columns=["fioko_shnor", "fioko_level"])
    return pd.concat(frames or [empty], ignore_index=True).astype({"year": "int64", "school_id": "str"})


def join_flags(statuses: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """Statuses with ФИОКО's flag and level; a year without statuses has rows of the schools the rule could judge."""
    alone = flags[flags["fioko_shnor"].notna() & ~flags["year"].isin(statuses["year"].unique())]
    keys = pd.concat([statuses, alone[KEY].astype({"school_id": "str"})], ignore_index=True)
    return keys.merge(flags.drop(columns="is_partial"), how="left", on=KEY, validate="one_to_one")


def make_year_lists(schools: pd.DataFrame, year: int, standing: Standing, methodology: Methodology) -> pd.DataFrame:
    """Statuses of the schools of one year: a row per school."""
    frame = schools[KEY].reset_index(drop=True)
    for domain in ("results", "social"):
        frame[f"{domain}_status"] = name_statuses(domain, schools, year, standing, methodology)
    return frame.assign(joint=name_joint(frame, methodology.lists.joint))


def name_statuses(
    domain: Domain, schools: pd.DataFrame, year: int, standing: Standing, methodology: Methodology
) -> pd.Series:
    """Status of every school in one domain, the first whose rule it satisfies; missing without a covered window."""
    covered = is_covered(methodology.lists.window, year, find_ranked_years(standing.indices, domain))
    if not (covered and methodology.lists.list_statuses(domain)):
        return pd.Series(None, index=range(len(schools)), dtype="str")
    view = view_window(standing, schools, year, domain, methodology)
    return pd.Series(name_view(view, domain, methodology), dtype="str")


def name_view(view: WindowView, domain: Domain, methodology: Methodology) -> NDArray[np.object_]:
    """Status of every school of a window, the first whose rule it satisfies; None where it satisfies none."""
    named = np.full(len(view.ids), None, dtype=object)
    for status in reversed(methodology.lists.list_statuses(domain)):
        named[satisfy_rule(view, status.band, methodology.find_rule(status))] = status.status
    return named


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
