"""How long schools stay on a list (время до выхода): spells, Kaplan–Meier estimates, returns."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.duration.survfunc import SurvfuncRight

from effschool.dynamics.paths import LIST_COLUMNS, list_covered_lists
from effschool.dynamics.transitions import ABSENT, NOT_LISTED, NOT_RANKED
from effschool.method.methodology import FIOKO_LIST, Methodology

LEFT, MOVED, STILL, GONE, UNRANKED, UNKNOWN = "left", "moved", "still", "gone", "unranked", "unknown"
"""How a spell ended: seen off the list; on another list of the same band («группа риска» → ШНРО), which is no leaving;
still on it in the last year; school closed or left out; without a band; no lists for the next year. All but the first
are censored."""
ENDINGS = {NOT_LISTED: LEFT, MOVED: MOVED, STILL: STILL, ABSENT: GONE, NOT_RANKED: UNRANKED, UNKNOWN: UNKNOWN}
SPELLS = ["school_id", "list", "start_year", "end_year", "off_year", "ending", "is_truncated", "years"]
LEAVING = ["list", "is_truncated", "years", "at_risk", "left", "still_pct", "low_pct", "high_pct"]


def trace_spells(paths: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Spells (пребывание в списке): a row per school, list and unbroken run of years on it.

    Columns: start_year, end_year (first and last year on the list), off_year (first year seen off it, or missing),
    ending (`left` or why it is censored), is_truncated (there were no lists in the year before, so the true start is
    not known), years (to leaving, or as long as it was seen not to leave: a school that moved to another list of the
    same band has not left). A year without lists breaks a spell: what happened in it is not known.
    """
    covered = list_covered_lists(paths, methodology)
    frames = [
        _trace_list(_spread_members(paths, kind, covered[kind.column]), kind.name)
        for kind in _name_kinds(methodology)
        if covered[kind.column]
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=SPELLS)


@dataclass(frozen=True)
class _Kind:
    """A list: its column in the paths, the column that is missing where nothing is known, lists of the same band."""

    name: str
    column: str
    seen_by: str
    same: tuple[str, ...] = ()


def _name_kinds(methodology: Methodology) -> list[_Kind]:
    kinds = [
        _Kind(status.status, LIST_COLUMNS[domain], f"{domain}_band", tuple(
            other.status for other in methodology.lists.list_statuses(domain) if other.band == status.band))
        for domain in methodology.domains
        for status in methodology.lists.list_statuses(domain)
    ]  # fmt: skip
    return kinds + ([_Kind(FIOKO_LIST, "fioko_shnor", "fioko_shnor")] if methodology.fioko else [])


def _trace_list(states: pd.DataFrame, name: str) -> pd.DataFrame:
    before, after = states.shift(1, axis=1, fill_value=UNKNOWN), states.shift(-1, axis=1, fill_value=STILL)
    is_on = (states == name).to_numpy()
    starts, ends = is_on & (before != name).to_numpy(), is_on & (after != name).to_numpy()
    # Row by row, the n-th start belongs to the n-th end.
    (row, first), (_, last) = np.nonzero(starts), np.nonzero(ends)
    calendar = states.columns.to_numpy()
    ending = pd.Series(after.to_numpy()[row, last]).map(ENDINGS)
    start, end = calendar[first], calendar[last]
    off = pd.Series(end + 1, dtype="Int64").where(ending == LEFT)
    spells = {"school_id": states.index.to_numpy()[row], "list": name, "start_year": start, "end_year": end}
    spells |= {"off_year": off, "ending": ending, "is_truncated": before.to_numpy()[row, first] == UNKNOWN}
    return pd.DataFrame(spells).assign(years=end - start + ending.isin([LEFT, MOVED]).to_numpy())[SPELLS]


def _spread_members(paths: pd.DataFrame, kind: _Kind, years: list[int]) -> pd.DataFrame:
    """State of every school by calendar year: on the list (its name) or a key of `ENDINGS`."""
    taken = paths.dropna(subset="group")
    on = taken[kind.column].fillna(False).astype(bool) if not kind.same else taken[kind.column] == kind.name
    states = [on, taken[kind.column].isin(kind.same), taken[kind.seen_by].isna()]
    chosen = np.select([state.to_numpy(dtype=bool) for state in states], [kind.name, MOVED, NOT_RANKED], NOT_LISTED)
    wide = taken.assign(state=chosen).pivot_table(index="school_id", columns="year", values="state", aggfunc="first")
    known = wide.reindex(columns=years).astype("str").fillna(ABSENT)
    return known.reindex(columns=range(years[0], years[-1] + 1), fill_value=UNKNOWN)


def clip_spells(spells: pd.DataFrame, year: int) -> pd.DataFrame:
    """Spells as they were known in a year: later ones are not there, those that went on are censored."""
    known = spells[spells["start_year"] <= year]
    later = known["end_year"] >= year
    end = known["end_year"].clip(upper=year)
    return known.assign(
        end_year=end,
        off_year=known["off_year"].mask(later),
        ending=known["ending"].mask(later, STILL),
        years=known["years"].where(~later, end - known["start_year"]),
    )


def estimate_leaving(spells: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Share of schools that have not left a list after so many years (Kaplan–Meier), truncated spells apart.

    A row per list, is_truncated and years since the start (for truncated spells: since the first year with lists), with
    at_risk and left (counts), still_pct and its pointwise interval low_pct, high_pct (per cent; log-log, as the shares
    are near the ends; missing at 0 and 100 %).
    """
    groups = spells.groupby(["list", "is_truncated"], sort=True)
    frames = [_estimate_group(group, confidence).assign(list=name, is_truncated=cut) for (name, cut), group in groups]
    return pd.concat(frames, ignore_index=True)[LEAVING] if frames else pd.DataFrame(columns=LEAVING)


def _estimate_group(spells: pd.DataFrame, confidence: float) -> pd.DataFrame:
    seen = spells[spells["years"] > 0]
    if seen.empty:
        return pd.DataFrame(columns=LEAVING[2:])
    lasted, left = seen["years"].to_numpy(dtype=float), (seen["ending"] == LEFT).to_numpy()
    fitted = SurvfuncRight(lasted, left.astype(int))
    # The estimate names years in which a school left; in the others the share stays what it was.
    steps = pd.DataFrame({"still": fitted.surv_prob, "error": fitted.surv_prob_se}, index=fitted.surv_times)
    years = np.arange(1, int(lasted.max()) + 1)
    still, error = steps.reindex(years, method="ffill").fillna({"still": 1.0, "error": 0.0}).to_numpy().T
    share = np.where((still > 0) & (still < 1), still, np.nan)
    factor = np.exp(stats.norm.ppf((1 + confidence) / 2) * error / (share * np.abs(np.log(share))))
    rows = {"years": years, "at_risk": [(lasted >= year).sum() for year in years]}
    rows |= {"left": [(left & (lasted == year)).sum() for year in years], "still_pct": 100 * still}
    return pd.DataFrame(rows | {"low_pct": 100 * share**factor, "high_pct": 100 * share ** (1 / factor)})


def count_returns(spells: pd.DataFrame) -> pd.DataFrame:
    """Returns (возвращения): a row per list: left (spells that ended with leaving), returned (came back later)."""
    left = spells[spells["ending"] == LEFT]
    latest = spells.groupby(["school_id", "list"])["start_year"].max().rename("latest")
    known = left.join(latest, on=["school_id", "list"])
    came_back = known["latest"] > known["off_year"].astype("int64")
    return known.assign(returned=came_back).groupby("list").agg(left=("ending", "size"), returned=("returned", "sum"))


def count_endings(spells: pd.DataFrame) -> pd.DataFrame:
    """How spells ended: a row per list, a column per ending and `truncated`, numbers of spells."""
    table = pd.crosstab(spells["list"], spells["ending"]).reindex(
        columns=[LEFT, MOVED, STILL, GONE, UNRANKED, UNKNOWN], fill_value=0
    )
    return table.assign(truncated=spells.groupby("list")["is_truncated"].sum())
