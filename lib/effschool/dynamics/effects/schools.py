"""One school of a programme beside its comparable ones (школа рядом с похожими), with what chance may do of it.

The start, the year looked at and the comparable schools are those of the whole programme's estimate. How far one school
goes by chance alone is seen in schools outside the programme: they were matched, and nobody helped them.
"""

import numpy as np
import pandas as pd
from scipy import stats

from effschool.dynamics.effects.estimate import measure_pair_gains
from effschool.dynamics.effects.matching import list_after, match_cohorts
from effschool.dynamics.effects.panel import SchoolPanel, lay_panel
from effschool.method.methodology import Effects

SCHOOL_COLUMNS = [
    *("school_id", "entry_year", "year", "start", "now", "expected"),
    *("difference", "low", "high", "controls", "chance", "degrees"),
]
CELL = ["entry_year", "year", "base"]


def compare_schools(paths: pd.DataFrame, programme: pd.DataFrame, rules: Effects) -> pd.DataFrame:
    """A row per school of the programme and year after entry: SCHOOL_COLUMNS, in standard deviations of the region.

    `start` is its mean level of the years from which change is counted, `expected` what it would have now, had it
    changed as its comparable schools; `low` and `high` are the ends of `difference`. `chance` is the standard deviation
    of such a difference between schools that nobody helped, with `degrees` of freedom. Missing ends: fewer comparable
    schools than the rules ask for.
    """
    panel = lay_panel(paths, programme, rules)
    pairs = match_cohorts(panel, rules, list_after(rules))
    if pairs.empty:
        return pd.DataFrame(columns=SCHOOL_COLUMNS).astype({"school_id": "str"})
    gained = measure_pair_gains(pairs, panel.score)
    gained = gained.assign(weight=pairs.loc[gained.index, "weight"])
    own = [_compare(panel, key, rows) for key, rows in gained.groupby(["entry_year", "year", "school"])]
    found = pd.DataFrame(own).merge(measure_drift(gained, panel, rules), on="time", how="left")
    enough = found["controls"].ge(rules.matching.matches) & found["degrees"].ge(rules.fewest_schools - 1)
    found["chance"] = found["chance"].where(enough) * np.sqrt(1 + 1 / found["controls"])
    half = stats.t.ppf(0.5 + rules.interval_pct / 200, found["degrees"]) * found["chance"]
    return found.assign(low=found["difference"] - half, high=found["difference"] + half)[SCHOOL_COLUMNS]


def _compare(panel: SchoolPanel, key: tuple[int, int, int], rows: pd.DataFrame) -> dict[str, object]:
    """One school in one year: means over its pairs, every start the same."""
    entry, year, school = key
    weight = rows["weight"] / rows["weight"].sum()
    start = float((panel.score[school, rows["base"]] * weight).sum())
    now, usual = float(panel.score[school, year]), float((rows["control_gain"] * weight).sum())
    return {
        "school_id": panel.ids[school],
        "entry_year": entry,
        "year": int(panel.years[year]),
        "time": int(panel.years[year]) - entry,
        "start": start,
        "now": now,
        "expected": start + usual,
        "difference": now - start - usual,
        "controls": rows["control"].nunique(),
    }


def measure_drift(gained: pd.DataFrame, panel: SchoolPanel, rules: Effects) -> pd.DataFrame:
    """How far comparable schools go from their own middle, by years after entry: time, chance, degrees.

    Args:
        gained: pairs with `control_gain`; a school counts once in a year, however often it is in a pair.
    """
    cells = gained.drop_duplicates([*CELL, "control"])
    apart = cells["control_gain"] - cells.groupby(CELL)["control_gain"].transform("mean")
    time = panel.years[cells["year"]] - cells["entry_year"]
    by_school = apart.groupby([time.rename("time"), cells["entry_year"], cells["year"], cells["control"]]).mean()
    spread = by_school.groupby("time").agg(
        ["count", lambda values: np.sqrt((values**2).sum() / max(len(values) - 1, 1))]
    )
    spread.columns = ["degrees", "chance"]
    return spread.assign(degrees=spread["degrees"] - 1).reset_index()
