"""Everything that is said of the programme's effect, from the paths of schools and the programme's register."""

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from scipy import stats

from effschool.dynamics.effects.estimate import Effect, estimate_effect
from effschool.dynamics.effects.matching import list_after, list_times, match_cohorts, measure_balance, split_years
from effschool.dynamics.effects.panel import SchoolPanel, Values, lay_panel
from effschool.dynamics.effects.regression import split_rise, try_placebo
from effschool.method.methodology import Effects

FEW, NO_START, NO_AFTER = "few", "no_start", "no_after"
"""Why nothing is concluded: too few schools; no year before the selection; no year after entry yet."""
EVENT_COLUMNS = ["time", "own", "control", "estimate", "low", "high", "p_value", "schools"]
EFFECT_COLUMNS = ["year", "entered", "schools", "controls", "estimate", "low", "high", "noticeable", "is_enough"]


@dataclass(frozen=True)
class Assessment:
    """What was found of the programme; estimates in standard deviations of the region.

    Args:
        summary: one row, EFFECT_COLUMNS: the last year of the data; schools of the programme, those that could be
            compared, comparable ones; estimate and interval; the smallest effect that would have been noticed.
        cohorts: a row per year of entry: entry_year, entered, schools, controls, estimate, low, high, reason (why
            nothing is concluded, missing where something is).
        events: a row per year counted from entry: time, own, control (mean levels of the programme's schools and of the
            comparable ones), estimate, low, high, p_value, schools.
        balance: of `measure_balance`; parts: of `split_rise`; placebo: of `try_placebo`.
        indicators: a row per indicator: indicator, estimate, low, high, p_value, schools, in the indicator's unit.
    """

    summary: pd.DataFrame
    cohorts: pd.DataFrame
    events: pd.DataFrame
    balance: pd.DataFrame
    parts: pd.Series
    placebo: pd.DataFrame
    indicators: pd.DataFrame

    @property
    def is_enough(self) -> bool:
        """Whether there are schools enough to conclude anything."""
        return bool(self.summary["is_enough"].any())


NOTHING = Assessment(
    summary=pd.DataFrame(columns=EFFECT_COLUMNS),
    cohorts=pd.DataFrame(),
    events=pd.DataFrame(),
    balance=pd.DataFrame(),
    parts=pd.Series(dtype=float),
    placebo=pd.DataFrame({"estimate": []}),
    indicators=pd.DataFrame(),
)
"""Where the methodology does not say how to judge."""


def assess_programme(
    paths: pd.DataFrame, indicators: pd.DataFrame, programme: pd.DataFrame, rules: Effects | None
) -> Assessment:
    """Judge the programme on everything up to the last year of the data; without rules nothing is judged.

    Args:
        paths: of `dynamics.trace_paths`, all schools and years.
        indicators: of identification; those of results are compared.
        programme: the contract's table.
    """
    if rules is None:
        return NOTHING
    panel = lay_panel(paths, programme, rules)
    pairs = match_cohorts(panel, rules, list_times(rules))
    time = panel.years[pairs["year"]] - pairs["entry_year"]
    after = pairs[np.isin(time, list_after(rules))]
    found = estimate_effect(after, panel.score, rules.interval_pct)
    enough = is_enough(found, rules)
    return Assessment(
        summary=summarise(panel, found, rules),
        cohorts=judge_cohorts(panel, after, rules),
        events=follow_events(panel, pairs, time, rules),
        balance=measure_balance(panel, after, rules) if enough else pd.DataFrame(columns=["trait", "before", "after"]),
        parts=split_rise(panel, after),
        placebo=try_placebo(paths, programme, rules, found.schools if enough else 0),
        indicators=compare_by_indicator(panel, after if enough else after.head(0), indicators, rules),
    )


def is_enough(found: Effect, rules: Effects) -> bool:
    """Whether an estimate rests on schools enough, on either side."""
    return min(found.schools, found.controls) >= rules.fewest_schools and bool(np.isfinite(found.error))


def summarise(panel: SchoolPanel, found: Effect, rules: Effects) -> pd.DataFrame:
    """One row of all cohorts together: EFFECT_COLUMNS."""
    sure, power = stats.t.ppf([0.5 + rules.interval_pct / 200, rules.power_pct / 100], found.degrees)
    row = {"year": int(panel.years[-1]), "entered": int((panel.entry <= panel.years[-1]).sum()), **asdict(found)}
    row |= {"noticeable": (sure + power) * found.error, "is_enough": is_enough(found, rules)}
    return pd.DataFrame([row])[EFFECT_COLUMNS]


def judge_cohorts(panel: SchoolPanel, after: pd.DataFrame, rules: Effects) -> pd.DataFrame:
    """A row per year of entry, with the estimate or the reason why there is none."""
    rows = []
    for entry in panel.cohorts:
        found = estimate_effect(after[after["entry_year"] == entry], panel.score, rules.interval_pct)
        reason = find_reason(panel, entry, found, rules)
        shown = (found.estimate, found.low, found.high) if reason is None else (np.nan,) * 3
        rows.append((entry, int((panel.entry == entry).sum()), found.schools, found.controls, *shown, reason))
    columns = ["entry_year", "entered", "schools", "controls", "estimate", "low", "high", "reason"]
    return pd.DataFrame(rows, columns=columns).astype({"reason": "str"})


def find_reason(panel: SchoolPanel, entry: int, found: Effect, rules: Effects) -> str | None:
    """Why nothing is concluded of a cohort, if so."""
    if not split_years(panel, entry, rules)[0]:
        return NO_START
    if entry + rules.first_year_after > panel.years[-1]:
        return NO_AFTER
    return None if is_enough(found, rules) else FEW


def follow_events(panel: SchoolPanel, pairs: pd.DataFrame, time: Values, rules: Effects) -> pd.DataFrame:
    """Estimates by years counted from entry; before the selection a sound comparison gives about zero."""
    rows = []
    for each in list_times(rules):
        own = pairs[time == each]
        found = estimate_effect(own, panel.score, rules.interval_pct)
        if is_enough(found, rules):
            levels = [
                np.average(panel.score[own[who], own["year"]], weights=own["weight"]) for who in ("school", "control")
            ]
            rows.append((each, *levels, found.estimate, found.low, found.high, found.p_value, found.schools))
    return pd.DataFrame(rows, columns=EVENT_COLUMNS)


def compare_by_indicator(
    panel: SchoolPanel, after: pd.DataFrame, indicators: pd.DataFrame, rules: Effects
) -> pd.DataFrame:
    """The same comparison indicator by indicator, on the schools matched by the index; those with schools enough."""
    results = indicators[indicators["domain"] == "results"]
    rows = []
    for name, own in results.groupby("indicator", observed=True):
        values = np.full(panel.score.shape, np.nan)
        place = panel.ids.get_indexer(own["school_id"])
        year = np.searchsorted(panel.years, own["year"])
        values[place[place >= 0], year[place >= 0]] = own["raw"].to_numpy()[place >= 0]
        found = estimate_effect(after, values, rules.interval_pct)
        if is_enough(found, rules):
            rows.append((name, found.estimate, found.low, found.high, found.p_value, found.schools))
    return pd.DataFrame(rows, columns=["indicator", "estimate", "low", "high", "p_value", "schools"])
