"""Return to the usual (возврат к среднему): what the schools would have gained anyway, and invented programmes.

Schools enter after a low year. What they rise from it is parted into the return to their own usual level, the change
that comparable schools went through, and what is left for the programme.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from effschool.dynamics.effects.estimate import estimate_effect, measure_pair_gains
from effschool.dynamics.effects.matching import list_after, match_cohorts, split_years
from effschool.dynamics.effects.panel import NEVER, SchoolPanel, Values, lay_panel
from effschool.method.methodology import Effects

PARTS = ("rise", "returned", "common", "effect")
PLACEBO_COLUMNS = ["entry_year", "schools", "controls", "estimate", "low", "high"]


def split_rise(panel: SchoolPanel, pairs: pd.DataFrame) -> "pd.Series[float]":
    """Parts of the rise from the year of selection to the years after entry, means over the programme's schools.

    Returns:
        rise = returned + common + effect: all of it; from the year of selection to the school's level before it; what
        comparable schools changed; the rest. NaN where no school has a value in the year of selection.
    """
    gained = measure_pair_gains(pairs, panel.score)
    school = gained["school"].to_numpy()
    low, start = (panel.score[school, gained[name].to_numpy()] for name in ("selected", "base"))
    known = np.isfinite(low)
    weight = gained["weight"].to_numpy()[known]
    if not known.any():
        return pd.Series(np.nan, index=PARTS)
    columns = {
        "returned": start - low,
        "common": gained["control_gain"],
        "effect": gained["gain"] - gained["control_gain"],
    }
    means = {name: np.average(np.asarray(values)[known], weights=weight) for name, values in columns.items()}
    return pd.Series({"rise": sum(means.values()), **means})


def try_placebo(paths: pd.DataFrame, programme: pd.DataFrame, rules: Effects, number: int) -> pd.DataFrame:
    """The same comparison where there was no programme (годы-плацебо): the lowest of a year «enter» in the next.

    Programme schools take part with their years before entry only. A sound comparison gives about zero.

    Args:
        number: schools that «enter»; none gives no rows.

    Returns:
        A row per invented year of entry, the latest `placebo_years` that the data allow: PLACEBO_COLUMNS.
    """
    entry = programme.groupby("school_id")["entry_year"].min()
    apart = paths[~(paths["year"] >= paths["school_id"].map(entry))]
    panel = lay_panel(apart, programme.head(0), rules)
    rows = []
    for year in list_placebo_years(panel, rules) if number else []:
        invented = replace(panel, entry=choose_lowest(panel, year, number, rules))
        found = estimate_effect(match_cohorts(invented, rules, list_after(rules)), panel.score, rules.interval_pct)
        rows.append((year, found.schools, found.controls, found.estimate, found.low, found.high))
    return pd.DataFrame(rows, columns=PLACEBO_COLUMNS)


def list_placebo_years(panel: SchoolPanel, rules: Effects) -> list[int]:
    """Years in which a cohort could be judged: with a start before the selection and a year after entry."""
    years = panel.years.tolist()
    judged = [
        year for year in years if split_years(panel, year, rules)[0] and year + rules.first_year_after <= years[-1]
    ]
    return judged[-rules.placebo_years :]


def choose_lowest(panel: SchoolPanel, year: int, number: int, rules: Effects) -> Values:
    """Years of entry [school] where the lowest of the year of selection enter in `year`."""
    last = panel.score[:, panel.find_place(split_years(panel, year, rules)[1][-1])]
    lowest = np.argsort(np.where(np.isfinite(last), last, np.inf), kind="stable")[:number]
    entry = np.full(len(last), NEVER)
    entry[lowest] = year
    return entry
