"""ФИОКО's own list beside the calculated one (перечень ФИОКО): where they agree, and why they do not.

The list is what projects start from; the calculation follows the published rule on the region's data. A reason is named
only where the data show it. Levels stand as published.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from effschool.dynamics.paths import describe_history
from effschool.method.fioko import compute_procedure_shares, look_back
from effschool.method.indicators import Tables
from effschool.method.methodology import Fioko

OFFICIAL_COLUMNS = ["year", "school_id", "level", "verdict", "reason", "history"]
AGREES, ONLY_OFFICIAL, ONLY_CALCULATED = "совпадает", "только в перечне", "только по расчёту"
UNKNOWN = "причина по данным не видна"
FEW = 10
"""Fewer participants than these make a share that one pupil moves by ten points and more (METHODOLOGY.md section 5)."""
KEY = ["year", "school_id"]
Judge = Callable[[Any], bool]


def compare_official(official: pd.DataFrame, paths: pd.DataFrame, tables: Tables, fioko: Fioko | None) -> pd.DataFrame:
    """A row per year of the list and school on it or on the calculated one: OFFICIAL_COLUMNS.

    A list that names schools of one municipality only is taken for that municipality's. `history` are the years of the
    official list up to this one: «Только в списке 2022 г.».

    Args:
        paths: of dynamics; `fioko_shnor` is what was calculated.
    """
    if official.empty:
        return pd.DataFrame(columns=OFFICIAL_COLUMNS)
    facts = gather_facts(paths, tables, fioko)
    frames = [_compare_year(rows, int(year), facts) for year, rows in official.groupby("year")]
    found = pd.concat(frames, ignore_index=True)
    years = official.groupby("school_id")["year"].agg(lambda values: sorted(set(values)))
    neighbours = (set(zip(official["year"], official["school_id"], strict=True)), _list_calculated(facts))
    found["verdict"] = [name_verdict(row) for row in found.itertuples()]
    found["reason"] = [
        None if row.verdict == AGREES else explain_difference(row, *neighbours) for row in found.itertuples()
    ]
    found["history"] = [
        describe_history(past) if (past := [each for each in years.get(code, ()) if each <= year]) else None
        for code, year in zip(found["school_id"], found["year"], strict=True)
    ]
    return found[OFFICIAL_COLUMNS].astype(dict.fromkeys(["level", "verdict", "reason", "history"], "str"))


def gather_facts(paths: pd.DataFrame, tables: Tables, fioko: Fioko | None) -> pd.DataFrame:
    """What is known of every school and year: the paths' columns, and of its procedures `low`, `low_before`, `people`
    (most participants of a low one), `is_near` (one more pupil in a procedure would do for the rule), `without_vpr`
    (whether it names the school without ВПР), `lost` (fewer procedures than the year before).
    """
    known = paths[[*KEY, "municipality", "group", "exclusion", "fioko_shnor"]]
    if fioko is None:
        return known.assign(low=np.nan, low_before=np.nan, people=np.nan, is_near=False, without_vpr=True, lost=False)
    shares = compute_procedure_shares(tables, paths, fioko)
    one_more = 100 * (shares["failed"] + 1) / shares["participants"] >= fioko.low_share_pct
    shares["is_near"] = ~shares["is_low"] & one_more
    shares["people"] = shares["participants"].where(shares["is_low"])
    counted = shares.groupby(KEY).agg(
        low=("is_low", "sum"), people=("people", "max"), near=("is_near", "sum"), held=("procedure", "nunique")
    )
    counted["is_near"] = (counted["near"] > 0) & (counted["low"] + counted["near"] >= fioko.min_low_procedures)
    before = counted[["low", "held"]].rename(columns={"low": "low_before", "held": "held_before"})
    before.index = before.index.set_levels(before.index.levels[0] + 1, level=0)
    facts = known.join(counted, on=KEY).join(before, on=KEY)
    return facts.join(flag_without_vpr(shares, fioko), on=KEY).assign(lost=facts["held"] < facts["held_before"])


def flag_without_vpr(shares: pd.DataFrame, fioko: Fioko) -> pd.Series:
    """Whether the rule names a school by its exams alone, by year and school."""
    exams = [item.id for item in fioko.procedures if "ВПР" not in (item.rows.procedure or ())]
    low = shares[shares["procedure"].isin(exams)].groupby(KEY, as_index=False)["is_low"].sum()
    if low.empty:
        return pd.Series(dtype=bool, name="without_vpr")
    flags = low["is_low"].ge(fioko.min_low_procedures) | look_back(low, fioko)[0]
    return flags.set_axis(pd.MultiIndex.from_frame(low[KEY])).rename("without_vpr")


def _compare_year(rows: pd.DataFrame, year: int, facts: pd.DataFrame) -> pd.DataFrame:
    """Schools of a year on either list, with what is known of them."""
    now = facts[facts["year"] == year]
    places = set(now.loc[now["school_id"].isin(rows["school_id"]), "municipality"])
    calculated = now["fioko_shnor"].fillna(False).astype(bool)
    scope = now["municipality"].isin(places) if len(places) == 1 else True
    listed = rows[["school_id", "level"]].assign(is_official=True)
    found = now[(calculated & scope) | now["school_id"].isin(rows["school_id"])].merge(
        listed, on="school_id", how="outer", indicator=True
    )
    found["is_known"] = found["_merge"].ne("right_only")
    found["is_official"] = found["is_official"].fillna(False).astype(bool)
    return found.drop(columns="_merge").assign(year=year)


def _list_calculated(facts: pd.DataFrame) -> set[tuple[int, str]]:
    listed = facts[facts["fioko_shnor"].fillna(False).astype(bool)]
    return set(zip(listed["year"], listed["school_id"], strict=True))


def name_verdict(row: Any) -> str:
    """Whether both lists name a school, or which does."""
    if not row.is_official:
        return ONLY_CALCULATED
    calculated = row.fioko_shnor
    return AGREES if pd.notna(calculated) and bool(calculated) else ONLY_OFFICIAL


def explain_difference(row: Any, official: set[tuple[int, str]], calculated: set[tuple[int, str]]) -> str:
    """Why the lists differ in a school, as far as the data show; `UNKNOWN` where they do not."""
    only_official = row.verdict == ONLY_OFFICIAL
    reasons = WHY_OFFICIAL if only_official else WHY_CALCULATED
    other = calculated if only_official else official
    for text, holds in reasons:
        if holds(row):
            return text.format(exclusion=row.exclusion)
    years = [row.year + step for step in (-1, 1) if (row.year + step, row.school_id) in other]
    return OTHER_YEAR[only_official].format(year=years[0]) if years else UNKNOWN


OTHER_YEAR = {
    True: "по расчёту школа в списке {year} года: проверьте, за какой год перечень",
    False: "в перечне она за {year} год: проверьте, за какой год перечень",
}
WHY_OFFICIAL: tuple[tuple[str, Judge], ...] = (
    ("в реестре этого года школы нет", lambda row: not row.is_known),
    ("школа в расчёт не входит: {exclusion}", lambda row: pd.notna(row.exclusion)),
    ("результатов процедур правила за год нет", lambda row: pd.isna(row.low)),
    ("есть процедуры у самой границы низкого результата", lambda row: bool(row.is_near)),
    (
        "низкий результат в одной процедуре, данных прошлого года нет",
        lambda row: row.low == 1 and pd.isna(row.low_before),
    ),
    ("низкий результат в одной процедуре и не два года подряд", lambda row: row.low == 1),
    ("процедур в данных меньше, чем годом раньше", lambda row: bool(row.lost)),
)
WHY_CALCULATED: tuple[tuple[str, Judge], ...] = (
    (f"низкие результаты только там, где участников меньше {FEW}", lambda row: row.people < FEW),
    ("без ВПР правило школу не называет", lambda row: pd.isna(row.without_vpr) or not row.without_vpr),
)
