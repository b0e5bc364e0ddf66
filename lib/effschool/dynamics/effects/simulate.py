"""Invented regions (вымышленные регионы) whose true effect is known: the lowest schools of a year enter in the next."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from effschool.dynamics.effects.estimate import Effect, estimate_effect
from effschool.dynamics.effects.matching import list_after, match_cohorts
from effschool.dynamics.effects.panel import lay_panel
from effschool.method.methodology import Effects

FIRST_YEAR = 2011
CONTEXT_SHARE = 0.25
"""Part of the variance of true levels that social conditions explain; any other would do."""


def invent_region(generator: np.random.Generator, rules: Effects, effect: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A region: its school-years, as `dynamics.paths` has them, and its programme.

    The index of a year is the school's level and chance, of variance 1 together. Every year of `entries` the lowest of
    the year before that are in no programme yet enter; the effect begins with the first year that counts as «after».
    """
    size = rules.simulation
    social = generator.standard_normal(size.schools)
    own = generator.standard_normal(size.schools)
    level = np.sqrt(1 - CONTEXT_SHARE) * own - np.sqrt(CONTEXT_SHARE) * social
    chance = generator.standard_normal((size.schools, size.years))
    index = np.sqrt(size.reliability) * level[:, None] + np.sqrt(1 - size.reliability) * chance
    entry = np.full(size.schools, size.years)
    for year in size.entries:
        free = np.where(entry == size.years, index[:, year - 1], np.inf)
        entered = np.argsort(free)[: size.entrants]
        entry[entered] = year
        index[entered, year + rules.first_year_after :] += effect
    return _write_paths(generator, index, social), _write_programme(entry, size.years)


def _write_paths(generator: np.random.Generator, index: np.ndarray, social: np.ndarray) -> pd.DataFrame:
    schools, years = index.shape
    village = generator.random(schools) < 0.5
    enrolment = np.exp(generator.normal(5.5, 0.5, schools)).round()
    return pd.DataFrame(
        {
            "year": np.tile(np.arange(FIRST_YEAR, FIRST_YEAR + years), schools),
            "school_id": np.repeat(_name_schools(schools), years),
            "group": "средние",
            "locality": np.repeat(np.where(village, "село", "город"), years),
            "enrolment": np.repeat(enrolment, years),
            "results_index": index.ravel(),
            "social_index": np.repeat(social, years),
        }
    )


def _write_programme(entry: np.ndarray, never: int) -> pd.DataFrame:
    taken = entry < never
    return pd.DataFrame({"school_id": _name_schools(len(entry))[taken], "entry_year": FIRST_YEAR + entry[taken]})


def _name_schools(number: int) -> np.ndarray:
    return np.array([f"{place:06}" for place in range(number)])


def calibrate(rules: Effects, effect: float, runs: Iterable[int]) -> pd.DataFrame:
    """Estimates on invented regions, from the table of school-years to the interval.

    Returns:
        A row per run: estimate, error, low, high, covers (whether the interval holds the true effect).
    """
    found = [_estimate_once(rules, effect, run) for run in runs]
    frame = pd.DataFrame([(one.estimate, one.error, one.low, one.high) for one in found])
    frame.columns = ["estimate", "error", "low", "high"]
    return frame.assign(covers=(frame["low"] <= effect) & (effect <= frame["high"]))


def _estimate_once(rules: Effects, effect: float, run: int) -> Effect:
    paths, programme = invent_region(
        np.random.default_rng([rules.simulation.seed, round(1000 * effect), run]), rules, effect
    )
    panel = lay_panel(paths, programme, rules)
    return estimate_effect(match_cohorts(panel, rules, list_after(rules)), panel.score, rules.interval_pct)
