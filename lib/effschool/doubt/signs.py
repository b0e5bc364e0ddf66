"""Signs that ask to check ВПР before conclusions (признаки необъективности), and how many chance would mark.

A sign says that a row of results is rarer than chance among ordinary schools of the region; why, it does not say.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from effschool.base.schemas import (
    JOURNAL_CHANGES,
    JOURNAL_FAR,
    KEYS,
    MARKS,
    SIGNS,
    SIGNS_EXPECTED,
    SIGNS_UNTESTED,
    TableSchema,
    empty_table,
)
from effschool.doubt.borders import BorderRegister, Borders, Work, choose_borders
from effschool.doubt.cohorts import VPR, measure_jumps, measure_unconfirmed
from effschool.doubt.peaks import measure_peaks
from effschool.doubt.tails import adjust_chances, estimate_ordinary, find_cut
from effschool.method.groups import group_schools
from effschool.method.indicators import Tables
from effschool.method.methodology import DoubtRules, Methodology
from effschool.method.variance import standardise_means

GAP, JOURNAL, PEAK, ABOVE, JUMP, LISTED = (
    "journal_gap",
    "journal_raised",
    "border_peak",
    "above_region",
    "cohort_jump",
    "listed",
)
ROW = list(KEYS["marked"])
WORK = ["year", "subject", "grade"]


@dataclass(frozen=True)
class Signs:
    """What was found, as `schemas.SIGNS`, `SIGNS_EXPECTED` and `SIGNS_UNTESTED` have it."""

    signs: pd.DataFrame
    expected: pd.DataFrame
    untested: pd.DataFrame


def find_signs(tables: Tables, methodology: Methodology, register: BorderRegister | None) -> Signs:
    """All signs of all years; without the section `doubt` of the methodology none is looked for."""
    rules = methodology.doubt
    if rules is None or register is None:
        return Signs(*(empty_table(schema) for schema in (SIGNS, SIGNS_EXPECTED, SIGNS_UNTESTED)))
    peaks, untested = test_scores(tables["scores"], tables["results"], register, rules)
    tested = [test_journal(tables["journal"], rules), peaks, *test_cohorts(tables, methodology)]
    judged = judge_signs(pd.concat(tested, ignore_index=True), rules)
    listed = take_listed(tables["marked"], tables["results"])
    signs = pd.concat([each for each in (judged, listed) if len(each)] or [empty_table(SIGNS)], ignore_index=True)
    signs = _finish(signs, SIGNS)
    return Signs(signs, _finish(count_expected(signs, rules), SIGNS_EXPECTED), _finish(untested, SIGNS_UNTESTED))


def _finish(frame: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Columns, types and order of rows of a table left behind."""
    kinds = {name: column.dtype for name, column in schema.columns.items()}
    return frame[list(kinds)].astype(kinds).sort_values(list(schema.unique or ()), ignore_index=True)


def test_journal(journal: pd.DataFrame, rules: DoubtRules) -> pd.DataFrame:
    """Shares of marks above the journal's, and two or more away from it, against the ordinary schools of the work.

    Who is two away is told by some files only: a row without these counts, or with more of them than of all who lowered
    or raised, is not tested for it.
    """
    wide = journal.dropna(subset=["grade"]).astype({"pupils": "float64"})
    wide = wide.pivot(index=ROW, columns="change", values="pupils").reindex(columns=[*JOURNAL_CHANGES, *JOURNAL_FAR])
    lowered, confirmed, raised = (wide[change] for change in JOURNAL_CHANGES)
    far = wide[list(JOURNAL_FAR)].sum(axis=1, skipna=False)
    counted = {JOURNAL: wide[rules.journal.raised], GAP: far.where(far <= lowered + raised)}
    rows = wide.assign(participants=lowered + confirmed + raised)[["participants"]]
    frames = [
        _test_shares(work, rules).assign(kind=kind)
        for kind, count in counted.items()
        for _, work in rows.assign(count=count).query("participants > 0").dropna().reset_index().groupby(WORK)
    ]
    return pd.concat([*frames, _start_tested()], ignore_index=True)


def _test_shares(work: pd.DataFrame, rules: DoubtRules) -> pd.DataFrame:
    tested = work[work["participants"] >= rules.caution_from]
    if len(tested) < rules.min_schools:
        return _start_tested()
    ordinary = estimate_ordinary(work["count"], work["participants"], rules.journal.ordinary_pct)
    chance = ordinary.measure(tested["count"], tested["participants"])
    return tested[[*ROW, "participants"]].assign(
        value=tested["count"] / tested["participants"], expected=ordinary.share, p_value=chance
    )


def _start_tested() -> pd.DataFrame:
    return pd.DataFrame(columns=[*ROW, "participants", "value", "expected", "p_value"])


def test_scores(
    scores: pd.DataFrame, results: pd.DataFrame, register: BorderRegister, rules: DoubtRules
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Shares at the borders of marks, and the works that could not be tested."""
    scores = scores[(scores["procedure"] == VPR) & scores["pupils"].notna() & scores["grade"].notna()]
    marks = results[results["procedure"] == VPR].set_index(ROW)[list(MARKS)].dropna()
    frames, notes, known = [_start_tested()], [], register.by_work
    for (year, subject, grade), work in scores.groupby(WORK):
        named: Work = (int(year), str(subject), int(grade))
        keys, counts = _lay_counts(work)
        at = marks.index.get_indexer(pd.MultiIndex.from_frame(keys[ROW]))
        held = marks.iloc[at[at >= 0]].to_numpy(dtype=np.int64)
        borders, note = choose_borders(named, counts[at >= 0], held, known, rules.peak.agreeing_pct)
        if borders is None:
            notes.append((*named, note))
        else:
            frames.append(_test_work(keys, counts, borders, rules))
    return pd.concat(frames, ignore_index=True).assign(kind=PEAK), pd.DataFrame(notes, columns=[*WORK, "note"])


def _lay_counts(work: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Schools of a work and their pupils by primary score: [school, score]."""
    school, ids = pd.factorize(work["school_id"], sort=True)
    score = work["score"].to_numpy(dtype=np.int64)
    counts = np.zeros((len(ids), int(score.max()) + 1), dtype=np.int64)
    np.add.at(counts, (school, score), work["pupils"].to_numpy(dtype=np.int64))
    first = work.iloc[0]
    keys = pd.DataFrame({"year": first["year"], "school_id": ids, "subject": first["subject"], "grade": first["grade"]})
    return keys.astype({"grade": "Int64"}), counts


def _test_work(keys: pd.DataFrame, counts: np.ndarray, borders: Borders, rules: DoubtRules) -> pd.DataFrame:
    total = counts.sum(axis=1)
    tested = total >= rules.caution_from
    if tested.sum() < rules.min_schools or borders[-1] >= counts.shape[1]:
        return _start_tested()
    observed, expected, chance = measure_peaks(counts[tested], borders, rules.peak.degree)
    return keys[tested].assign(participants=total[tested], value=observed, expected=expected, p_value=chance)


def test_cohorts(tables: Tables, methodology: Methodology) -> list[pd.DataFrame]:
    """What later results of the same children say of ВПР."""
    standard = standardise_means(tables, group_schools(tables, methodology), methodology)
    found = {ABOVE: measure_unconfirmed(standard, methodology), JUMP: measure_jumps(standard, methodology)}
    least = methodology.doubt.caution_from if methodology.doubt else 0
    return [rows[rows["participants"] >= least].assign(kind=kind) for kind, rows in found.items()]


def judge_signs(tested: pd.DataFrame, rules: DoubtRules) -> pd.DataFrame:
    """Add q_value (Benjamini and Hochberg over all rows of a year), marked and caution.

    A row is marked where it is among the rarest and has participants enough; with fewer it is a caution instead.
    """
    chance = tested["p_value"].astype("float64")
    adjusted = chance.groupby(tested["year"].astype("float64")).transform(lambda year: adjust_chances(year.to_numpy()))
    is_rare = adjusted <= rules.false_share_pct / 100
    enough = tested["participants"].astype("float64") >= rules.marked_from
    return tested.assign(p_value=chance, q_value=adjusted, marked=is_rare & enough, caution=is_rare & ~enough)


def take_listed(marked: pd.DataFrame, results: pd.DataFrame) -> pd.DataFrame:
    """Rows of outside lists as signs: they say so themselves, chance is not asked."""
    named = marked[(marked["marked"] > 0).fillna(False).astype(bool)][ROW]
    sizes = results[results["procedure"] == VPR][[*ROW, "participants"]]
    rows = named.merge(sizes, how="left", on=ROW, validate="one_to_one")
    empty = dict.fromkeys(("value", "expected", "p_value", "q_value"), np.nan)
    return rows.assign(kind=LISTED, marked=True, caution=False, **empty)


def count_expected(signs: pd.DataFrame, rules: DoubtRules) -> pd.DataFrame:
    """Schools tested and marked by year and kind, and how many chance alone would mark by the same cut.

    The cut of a year is the greatest chance that it marks; a school with several rows has as many chances. Only rows
    that may be marked are counted. An outside list is not tested: its numbers of chance are missing.
    """
    level = rules.false_share_pct / 100
    cuts = signs.dropna(subset="p_value").groupby("year")["p_value"].agg(lambda chance: find_cut(chance, level))
    able = signs[(signs["participants"] >= rules.marked_from).fillna(False) & (signs["kind"] != LISTED)]
    schools = able.groupby(["year", "kind", "school_id"]).size().rename("rows").reset_index()
    schools["by_chance"] = 1 - (1 - schools["year"].map(cuts)) ** schools["rows"]
    counts = schools.groupby(["year", "kind"]).agg(tested=("school_id", "size"), by_chance=("by_chance", "sum"))
    marked = signs[signs["marked"]].groupby(["year", "kind"])["school_id"].nunique().rename("marked")
    joined = counts.join(marked, how="outer").reset_index()
    return joined.fillna({"marked": 0})
