"""Difference in differences (разность разностей) over matched pairs, with an error that holds for few schools."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from effschool.dynamics.effects.matching import weigh_schools
from effschool.dynamics.effects.panel import Values


@dataclass(frozen=True)
class Effect:
    """An estimate in the unit of the values, its standard error, degrees of freedom and interval; NaN where unknown.

    `schools`, `controls`: schools of the programme and comparable ones behind it, each counted once.
    """

    estimate: float
    error: float
    degrees: float
    low: float
    high: float
    p_value: float
    schools: int
    controls: int


def estimate_effect(pairs: pd.DataFrame, values: Values, interval_pct: float) -> Effect:
    """Change of the programme's schools less that of their comparable ones: the mean over the programme's schools.

    Args:
        pairs: of `match_cohorts`; pairs without a value in either year drop out.
        values: [school, year], NaN where missing.
    """
    gained = measure_pair_gains(pairs, values)
    own, other = count_different(gained["school"]), count_different(gained["control"])
    if own < 2 or other < 2:
        return Effect(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, own, other)
    return fit_difference(gather_schools(gained), interval_pct)


def count_different(places: pd.Series) -> int:
    """Different schools among places in the panel."""
    return int(places.nunique())


def measure_pair_gains(pairs: pd.DataFrame, values: Values) -> pd.DataFrame:
    """Pairs with `gain` and `control_gain`: change from the start to the year looked at; weights sum to 1."""
    school, control, year, base = (pairs[name].to_numpy() for name in ("school", "control", "year", "base"))
    gained = pairs.assign(
        gain=values[school, year] - values[school, base], control_gain=values[control, year] - values[control, base]
    ).dropna(subset=["gain", "control_gain"])
    return gained.assign(weight=weigh_schools(gained))


def gather_schools(gained: pd.DataFrame) -> pd.DataFrame:
    """One row per school and role, so that years, starts and pairs of one school are not taken for independent.

    Returns:
        Columns helped (1.0 or 0.0), weight (1 in each role), value: gain less that of all comparable schools of the
        same cohort, year and start.
    """
    cells = gained.groupby(["entry_year", "year", "base"])
    weighed = gained["weight"] * gained["control_gain"]
    middle = weighed.groupby([gained[name] for name in ("entry_year", "year", "base")]).transform("sum")
    middle = middle / cells["weight"].transform("sum")
    roles = []
    for helped, school, gain in ((1.0, "school", "gain"), (0.0, "control", "control_gain")):
        weight = np.bincount(gained[school], gained["weight"])
        total = np.bincount(gained[school], gained["weight"] * (gained[gain] - middle))
        taken = weight > 0
        rows = {"helped": helped, "weight": weight[taken], "value": total[taken] / weight[taken]}
        roles.append(pd.DataFrame(rows))
    return pd.concat(roles, ignore_index=True)


def fit_difference(schools: pd.DataFrame, interval_pct: float) -> Effect:
    """Weighted regression on `helped` with errors that hold for unlike variances and few schools.

    A row is a school, so HC2 is the error clustered by school with Bell and McCaffrey's correction (CR2); degrees of
    freedom by Satterthwaite, as Welch's for two samples.
    """
    from statsmodels.regression.linear_model import WLS  # noqa: PLC0415 -- takes long to import

    helped, weight = schools["helped"].to_numpy(), schools["weight"].to_numpy()
    design = np.column_stack([1 - helped, helped])
    fitted = WLS(schools["value"].to_numpy(), design, weights=weight).fit(cov_type="HC2", use_t=True)
    variance = np.diag(fitted.cov_params())
    number = [1 / np.sum(weight[helped == role] ** 2) for role in (0, 1)]
    degrees = variance.sum() ** 2 / np.sum(variance**2 / (np.maximum(number, 2) - 1))
    estimate, error = fitted.params[1] - fitted.params[0], np.sqrt(variance.sum())
    half = stats.t.ppf(0.5 + interval_pct / 200, degrees) * error
    p_value = 2 * stats.t.sf(abs(estimate) / error, degrees)
    counts = int((helped == 1).sum()), int((helped == 0).sum())
    return Effect(estimate, error, degrees, estimate - half, estimate + half, p_value, *counts)
