"""Monitoring in stages (мониторинг по этапам): entry, between, end of every participant, beside comparable schools.

The entry (вход) is computed from the identification's own index, of the years before the selection: the year by which
a school was chosen is low by chance too, and is no starting point (`dynamics.effects`). Later stages come from the
index of later years, and from the works and marks that the school sent. No difference stands without what schools that
nobody helped, or the other participants, did at the same time.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from effschool.base.disclosure import load_disclosure, may_tell
from effschool.base.schemas import STAGES
from effschool.dynamics.effects import compare_schools, lay_panel
from effschool.method.methodology import Effects

MONITORING_COLUMNS = [
    *("school_id", "project", "entry_year", "year", "stage", "source", "subject", "grade"),
    *("start", "now", "expected", "difference", "low", "high", "others", "chance", "degrees"),
    *("verdict", "reason", "day", "corrected", "link"),
]
TYPES = {
    **dict.fromkeys(["school_id", "project", "stage", "source", "subject", "verdict", "reason", "day"], "str"),
    **dict.fromkeys(["corrected", "link"], "str"),
    **dict.fromkeys(["start", "now", "expected", "difference", "low", "high", "chance", "degrees"], "float64"),
    **dict.fromkeys(["entry_year", "year", "grade", "others"], "Int64"),
}
ENTRY, BETWEEN, END = STAGES
INDEX, WORK, MARK = "годовые данные", "работа этапа", "отметка этапа"
"""Sources of a row: the index of the year; a work written at the stage; what was told of the stage itself."""
BETTER, WORSE, CHANCE = "лучше похожих", "хуже похожих", "в пределах случайного"
NO_START, NO_AFTER = "лет до включения в данных нет", "года после включения в данных ещё нет"
SELECTED = "вход — по году отбора: рост от него ничего не значит"
NO_OTHERS, FEW_PUPILS = "похожих школ слишком мало", "участников слишком мало"
FEWEST_OTHERS = 5
"""Other participants without which a work's change is compared with nothing."""
SOFT = 1.0
"""Added to either side of a count, so that none of few is not taken for certainly none."""


@dataclass(frozen=True)
class StageBasis:
    """What stages are followed from.

    Args:
        paths: of dynamics. `participants`: schools of projects.
        stages, monitoring: contract tables. `effects`: how schools are compared.
    """

    paths: pd.DataFrame
    participants: pd.DataFrame
    stages: pd.DataFrame
    monitoring: pd.DataFrame
    effects: Effects | None


def follow_stages(basis: StageBasis) -> pd.DataFrame:
    """A row per participant, year, stage and source: MONITORING_COLUMNS.

    `start`, `now`, `expected` (what the school would have, had it changed as comparable ones) and `difference` with its
    ends are in standard deviations of the region for the index, per cent of marks «2» for a work. `others` are the
    schools compared with; `reason` says why nothing is concluded.
    """
    frames = [_follow_index(basis), _compare_works(basis), _take_marks(basis)]
    known = [frame for frame in frames if len(frame)]
    if not known:
        return pd.DataFrame(columns=MONITORING_COLUMNS).astype(TYPES)
    table = pd.concat(known, ignore_index=True).reindex(columns=MONITORING_COLUMNS).astype(TYPES)
    return table.sort_values(["school_id", "entry_year", "year", "source"], kind="stable", ignore_index=True)


def _follow_index(basis: StageBasis) -> pd.DataFrame:
    """Entry and the years after it, while the school takes part."""
    if basis.effects is None or basis.participants.empty:
        return pd.DataFrame()
    entered = basis.participants[["school_id", "project", "entry_year", "exit_year"]]
    last = int(basis.paths["year"].max())
    found = entered.merge(compare_schools(basis.paths, entered, basis.effects), how="left")
    stays = found["year"].astype("Int64") <= found["exit_year"]
    found = found[found["year"].isna() | found["exit_year"].isna() | stays.fillna(False)]
    is_after = found["year"].notna()
    is_end = is_after & found["exit_year"].eq(found["year"]).fillna(False).astype(bool)
    starts = found.drop_duplicates(["school_id", "project", "entry_year"])
    starts = starts.assign(year=starts["entry_year"], stage=ENTRY, reason=_say_why(starts, basis, last))
    starts["now"] = starts["start"].fillna(_find_selected(starts, basis))
    starts["reason"] = starts["reason"].mask(starts["reason"].eq(NO_START) & starts["now"].notna(), SELECTED)
    later = found[is_after].assign(
        stage=np.where(is_end[is_after], END, BETWEEN), others=found.loc[is_after, "controls"]
    )
    later["reason"] = _name_cases(later.index, (later["low"].isna(), NO_OTHERS))
    kept = ["school_id", "project", "entry_year", "year", "stage", "now", "reason"]
    return pd.concat([starts[kept], judge(later, better=1)]).assign(source=INDEX)


def _say_why(starts: pd.DataFrame, basis: StageBasis, last: int) -> "pd.Series[Any]":
    """Why a participant has no year beside comparable schools."""
    assert basis.effects is not None
    first = int(basis.paths["year"].min())
    no_start = starts["entry_year"] - basis.effects.selection_years <= first
    no_after = starts["entry_year"] + basis.effects.first_year_after > last
    lacks = starts["start"].isna()
    return _name_cases(starts.index, (lacks & no_start, NO_START), (lacks & no_after, NO_AFTER), (lacks, NO_OTHERS))


def _name_cases(index: pd.Index, *cases: tuple["pd.Series[bool]", str]) -> "pd.Series[Any]":
    """The text of the first case that holds in each row; None where none does."""
    found = pd.Series(None, index=index, dtype="object")
    for holds, text in reversed(cases):
        found = found.mask(holds, text)
    return found


def _find_selected(starts: pd.DataFrame, basis: StageBasis) -> "pd.Series[float]":
    """Level of the last year before entry, where no earlier one is known: no starting point, but known."""
    assert basis.effects is not None
    panel = lay_panel(basis.paths, basis.participants, basis.effects)
    score = pd.DataFrame(panel.score, index=panel.ids, columns=panel.years)
    years = starts["entry_year"].sub(1).where(starts["entry_year"].sub(1).isin(panel.years))
    known = zip(starts["school_id"], years, strict=True)
    found = [score.loc[code, year] if code in score.index and pd.notna(year) else np.nan for code, year in known]
    return pd.Series(found, index=starts.index, dtype="float64")


def judge(rows: pd.DataFrame, *, better: int) -> pd.DataFrame:
    """Rows with `verdict` by the ends of the difference; `better`: 1 where more is better, else -1."""
    low, high = rows["low"], rows["high"]
    above, below = (BETTER, WORSE) if better > 0 else (WORSE, BETTER)
    verdict = pd.Series(CHANCE, index=rows.index, dtype="object").mask(low > 0, above).mask(high < 0, below)
    return rows.assign(verdict=verdict.where(low.notna(), None))


def _compare_works(basis: StageBasis) -> pd.DataFrame:
    """Change of the share of «2» from the first work, beside the other participants who wrote the same ones."""
    works = basis.monitoring
    if works.empty:
        return pd.DataFrame()
    key = ["year", "school_id", "subject", "grade"]
    counts = works[[*key, "stage", "participants", "mark_2"]].dropna(subset=["participants", "mark_2"])
    first = counts[counts["stage"] == ENTRY].drop(columns="stage")
    pairs = counts[counts["stage"] != ENTRY].merge(first, on=key, suffixes=("", "_before"))
    pairs = pairs[(pairs["participants"] > 0) & (pairs["participants_before"] > 0)].reset_index(drop=True)
    pairs = pairs.astype(dict.fromkeys(["participants", "mark_2", "participants_before", "mark_2_before"], "float64"))
    judged = judge(_measure_works(pairs), better=-1)
    return judged.merge(_find_entries(basis.participants, judged), on=["school_id", "year"], how="left")


def _measure_works(pairs: pd.DataFrame) -> pd.DataFrame:
    """Shares, the change expected of the others and the interval of the difference, in per cent of pupils."""
    names = {"now": ("mark_2", "participants"), "start": ("mark_2_before", "participants_before")}
    work = ["year", "stage", "subject", "grade"]
    sums = pairs.groupby(work)[[column for pair in names.values() for column in pair]].transform("sum")
    others = pairs.groupby(work)["school_id"].transform("nunique") - 1
    usual, variance = pd.Series(0.0, index=pairs.index), pd.Series(0.0, index=pairs.index)
    shares = {}
    for name, (failed, total) in names.items():
        rest_failed, rest = sums[failed] - pairs[failed], sums[total] - pairs[total]
        usual += (1 if name == "now" else -1) * rest_failed / rest.where(rest > 0)
        variance += _vary(pairs[failed], pairs[total]) + _vary(rest_failed, rest)
        shares[name] = pairs[failed] / pairs[total]
    difference = shares["now"] - shares["start"] - usual
    half = stats.norm.ppf(0.975) * np.sqrt(variance)
    few = ~pd.Series([_may_tell(row) for row in pairs.itertuples()], index=pairs.index, dtype=bool)
    reason = _name_cases(pairs.index, (few, FEW_PUPILS), (others < FEWEST_OTHERS, NO_OTHERS))
    told = {"start": shares["start"], "now": shares["now"], "expected": shares["start"] + usual}
    told |= {"difference": difference, "low": difference - half, "high": difference + half}
    alone = reason.eq(NO_OTHERS)
    told["expected"] = told["expected"].clip(0, 1)
    measured = {
        name: (100 * values).mask(few | (alone & (name not in ("start", "now")))) for name, values in told.items()
    }
    return pairs[["school_id", *work]].assign(**measured, others=others, reason=reason, source=WORK)


def _vary(failed: pd.Series, total: pd.Series) -> pd.Series:
    share = (failed + SOFT) / (total + 2 * SOFT)
    return share * (1 - share) / total.where(total > 0)


def _may_tell(row: Any) -> bool:
    """Whether both works may be told of: enough pupils, and no single one singled out."""
    counts = ((row.participants, row.mark_2), (row.participants_before, row.mark_2_before))
    return all(total >= load_disclosure().participants and may_tell(total, failed) for total, failed in counts)


def _take_marks(basis: StageBasis) -> pd.DataFrame:
    """What was told of the stages themselves: the day, the correction of the programme, the link."""
    rows = basis.stages[["school_id", "year", "stage", "day", "corrected", "link"]]
    entries = _find_entries(basis.participants, rows)
    return (
        rows.merge(entries, on=["school_id", "year"], how="left").assign(source=MARK) if len(rows) else pd.DataFrame()
    )


def _find_entries(participants: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The last entry before each school and year of the rows: school_id, year, project, entry_year."""
    known = rows[["school_id", "year"]].drop_duplicates()
    if participants.empty:
        return known.assign(project=None, entry_year=pd.NA)
    entered = known.merge(participants[["school_id", "project", "entry_year"]], on="school_id")
    entered = entered[entered["entry_year"] <= entered["year"]].sort_values("entry_year")
    return entered.drop_duplicates(["school_id", "year"], keep="last")


def find_reached(monitoring: pd.DataFrame, year: int) -> pd.DataFrame:
    """The latest stage that every school has reached by a year: indexed by school_id, stage, year, day, corrected.

    What was told of a stage comes before what the data of its year show.
    """
    empty = pd.DataFrame(
        columns=["stage", "year", "day", "corrected"], index=pd.Index([], name="school_id", dtype="str")
    )
    if monitoring.empty:
        return empty
    known = monitoring[monitoring["year"] <= year]
    place = known["stage"].map(STAGES.index).astype("float64") + known["source"].eq(MARK) / 2
    last = (
        known.assign(place=place)
        .sort_values(["year", "place"], kind="stable")
        .drop_duplicates("school_id", keep="last")
    )
    return last.set_index("school_id")[list(empty.columns)]


def pool_schools(rows: pd.DataFrame, interval_pct: float) -> dict[str, float]:
    """The mean difference of several schools at one stage with its ends; comparable schools may be the same for some.

    Args:
        rows: rows of INDEX with `chance` and `degrees`, a row per school.
    """
    known = rows.dropna(subset=["chance", "degrees"])
    if len(known) < 2:
        return {"schools": len(known), "difference": np.nan, "low": np.nan, "high": np.nan}
    mean = float(known["difference"].mean())
    error = float(np.sqrt((known["chance"] ** 2).mean() / len(known)))
    half = float(stats.t.ppf(0.5 + interval_pct / 200, known["degrees"].min())) * error
    return {"schools": len(known), "difference": mean, "low": mean - half, "high": mean + half}
