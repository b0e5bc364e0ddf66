"""Operating characteristics of rules (насколько правило находит нужные школы): precision, recall, false alarms.

Invented regions in which the true level of every school is known; a year's index is the level and chance, mixed in the
proportion that the reliability of the region's own index sets.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from effschool.certainty.sampling import Values, run_blocks
from effschool.method.identify import Identified
from effschool.method.methodology import Domain, Power, PowerRule

POWER_COLUMNS = ["rule", "listed_pct", "precision_pct", "recall_pct", "false_alarm_pct"]
POWER_KEY, RUNS_AT_ONCE = 5, 20


def estimate_reliability(identified: Identified, domain: Domain, year: int) -> float:
    """Reliability of one year's index, 0…1: correlation of the index between neighbouring years, up to `year`.

    Inside years and groups, pooled over all pairs of years. A lasting change of schools lowers it as chance does, so it
    is rather too low than too high. NaN where fewer than three schools have two neighbouring years.
    """
    pairs = pair_years(identified.indices, domain, year)
    if len(pairs) < 3:
        return float("nan")
    return float(np.clip(pairs["before"].corr(pairs["after"]), 0, 1))


def pair_years(indices: pd.DataFrame, domain: Domain, year: int) -> pd.DataFrame:
    """Index of neighbouring years inside groups: a row per school and pair of years.

    Columns: school_id, group, from_year, band (of the first year), before, after: indices less their group's mean of
    the year, divided by its standard deviation.
    """
    ranked = indices[(indices["domain"] == domain) & (indices["year"] <= year)].dropna(subset="band")
    grouped = ranked.groupby(["year", "group"])["index"]
    spread = grouped.transform("std", ddof=0)
    ranked = ranked.assign(score=((ranked["index"] - grouped.transform("mean")) / spread.where(spread > 0)))
    ranked = ranked.dropna(subset="score")[["year", "school_id", "group", "band", "score"]]
    later = ranked.assign(year=ranked["year"] - 1)[["year", "school_id", "group", "score"]]
    pairs = ranked.merge(later, on=["year", "school_id", "group"], suffixes=("", "_after"), validate="one_to_one")
    return pairs.rename(columns={"year": "from_year", "score": "before", "score_after": "after"})


def measure_rules(
    power: Power, reliability: float, share: float, seed: int, workers: int | None = None
) -> pd.DataFrame:
    """Operating characteristics: a row per rule.

    Args:
        reliability: 0…1; 0 is pure chance.
        share: part of the schools that a band takes, and that is truly low.

    Returns:
        Columns rule, listed_pct (of all schools), precision_pct (of those listed the truly low), recall_pct (of the
        truly low those listed), false_alarm_pct (of the others those listed); NaN where there is nobody to count.
    """

    def _work(generator: np.random.Generator, runs: int) -> Values:
        return simulate_regions(generator, (runs, power.schools), power.rules, reliability, share)

    blocks = run_blocks(_work, (power.runs, RUNS_AT_ONCE), (seed, POWER_KEY), workers)
    listed, low, both, schools = np.sum(blocks, axis=0)
    shares = [(listed, schools), (both, listed), (both, low), (listed - both, schools - low)]
    percents = [100 * np.divide(a, b, out=np.full(len(a), np.nan), where=b > 0) for a, b in shares]
    return pd.DataFrame(dict(zip(POWER_COLUMNS, [[rule.title for rule in power.rules], *percents], strict=True)))


def simulate_regions(
    generator: np.random.Generator,
    size: tuple[int, int],
    rules: Sequence[PowerRule],
    reliability: float,
    share: float,
) -> Values:
    """Schools of invented regions [listed, truly low, both, all; rule]; `size`: regions and schools in each."""
    truth, scores = draw_scores(generator, (*size, max(rule.years for rule in rules)), reliability)
    low = find_lowest(truth, share)
    listed = [apply_rule(scores, rule, share) for rule in rules]
    counts = [(flags.sum(), low.sum(), (flags & low).sum(), low.size) for flags in listed]
    return np.array(counts, dtype=float).T


def draw_scores(
    generator: np.random.Generator, size: tuple[int, int, int], reliability: float
) -> tuple[Values, Values]:
    """True levels [region, school] and what the years show of them [region, school, year], both of variance 1."""
    truth = generator.standard_normal(size[:2])
    chance = generator.standard_normal(size)
    return truth, np.sqrt(reliability) * truth[..., None] + np.sqrt(1 - reliability) * chance


def apply_rule(scores: Values, rule: PowerRule, share: float) -> Values:
    """Which schools [region, school] a rule lists by the last years of `scores` [region, school, year]."""
    window = scores[..., -rule.years :]
    if rule.at_least is None:
        return find_lowest(window.mean(axis=-1), share)
    return np.asarray(find_lowest(window, share).sum(axis=-1) >= rule.at_least)


def find_lowest(scores: Values, share: float) -> Values:
    """Which are the lowest `share` of the schools of every region, rounded half up; ties have no part in it."""
    number = int(np.floor(share * scores.shape[1] + 0.5))
    if number == 0:
        return np.zeros(scores.shape, dtype=bool)
    cut = np.partition(scores, number - 1, axis=1)[:, [number - 1]]
    return np.asarray(scores <= cut)


# How often one procedure misleads


def find_tail(participants: Values, true_pct: float, shown_pct: float) -> Values:
    """Probability in per cent that a school of the true share `true_pct` shows `shown_pct` or more: exact binomial."""
    least = np.ceil(np.asarray(participants) * shown_pct / 100 - 1e-9)
    return np.asarray(100 * stats.binom.sf(least - 1, participants, true_pct / 100))


def find_by_chance(years: int, at_least: int, share: float) -> float:
    """Share of schools in per cent that satisfy «at least k of n years» where nothing but chance works."""
    return float(100 * stats.binom.sf(at_least - 1, years, share))
