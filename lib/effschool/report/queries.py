"""What is judged of a municipality and of a school (суждения): every part of every report asks here.

«Worse than the region», which way is worse, whether chance alone may do it, which indicator is the worst: one answer
each, so that two parts of a page cannot disagree.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from effschool.certainty.stability import STABLE
from effschool.method.methodology import Domain, Methodology
from effschool.report.portfolio import Portfolio, RegionYear, compare_indicators, list_certainty
from effschool.report.privacy import are_too_few, blur_share
from effschool.tasks.deficits import TASK

WORSE, BETTER, SAME = "worse", "better", "same"


def find_level(methodology: Methodology) -> float:
    """Share of cases, 0…1, that chance is given: an interval of the rest is what it may do (уровень значимости)."""
    settings = methodology.certainty
    return 1 - (settings.interval_pct if settings else 95) / 100


def find_score(methodology: Methodology) -> float:
    """Standard errors beyond which a difference is not left to chance, at the methodology's level."""
    return float(special.ndtri(1 - find_level(methodology) / 2))


def score_share(share: ArrayLike, people: ArrayLike, expected: ArrayLike) -> NDArray[np.float64]:
    """How far a share is from an expected one, as standard errors of the same probability (exact binomial test).

    Args:
        share, expected: per cent.
        people: number of those whom the share is of.

    Returns:
        Signed: positive where the share is greater. Missing where a figure is, or where `expected` leaves no room.
    """
    own, number, other = (np.asarray(values, dtype="float64") for values in (share, people, expected))
    count, chance = np.rint(own * number / 100), other / 100
    known = np.isfinite(own) & np.isfinite(chance) & (number > 0) & (chance > 0) & (chance < 1)
    tails = stats.binom.cdf(count, number, chance), stats.binom.sf(count - 1, number, chance)
    return np.where(known, _score_tails(*tails), np.nan)


def score_change(share: ArrayLike, people: ArrayLike, before: ArrayLike, people_before: ArrayLike) -> NDArray:
    """The same for two shares of different years (Fisher's exact test, both sides)."""
    now, number, past, old = (np.asarray(values, dtype="float64") for values in (share, people, before, people_before))
    count, all_counted = np.rint(now * number / 100), np.rint(now * number / 100) + np.rint(past * old / 100)
    known = np.isfinite(now) & np.isfinite(past) & (number > 0) & (old > 0)
    shape = [np.where(known, value, 1) for value in (number + old, all_counted, number)]
    known &= (all_counted > 0) & (all_counted < number + old)
    tails = stats.hypergeom.cdf(count, *shape), stats.hypergeom.sf(count - 1, *shape)
    return np.where(known, _score_tails(*tails), np.nan)


def _score_tails(lower: NDArray, upper: NDArray) -> NDArray:
    """Both tails, each with the case itself, as a signed score; a case in the middle is none."""
    smaller = np.clip(np.fmin(lower, upper), 1e-300, 0.5)
    return np.where(upper < lower, 1.0, -1.0) * -special.ndtri(smaller)


def span_chance(expected: ArrayLike, people: ArrayLike, methodology: Methodology) -> tuple[NDArray, NDArray]:
    """Ends of what chance alone makes of an expected share among so many people, per cent."""
    chance, number = (np.asarray(values, dtype="float64") for values in (expected, people))
    tail, known = find_level(methodology) / 2, np.isfinite(chance) & (number > 0)
    ends = (stats.binom.ppf(side, number, chance / 100) / number * 100 for side in (tail, 1 - tail))
    low, high = (np.where(known, end, np.nan) for end in ends)
    return low, high


def is_more_worse(methodology: Methodology, indicators: pd.Series) -> pd.Series:
    """Whether more of an indicator is worse for results, or heavier for conditions."""
    better = {item.id: rules.better for _, rules in methodology.iterate_domains() for item in rules.indicators}
    known = methodology.indicators
    return indicators.map(lambda name: (known[name].direction == "inverse") == (better[name] == "high")).astype(bool)


def list_caveated(methodology: Methodology) -> list[str]:
    """Indicators of ВПР, by which municipalities and schools are not to be judged (METHODOLOGY.md, 2.2)."""
    settings = methodology.certainty
    known = methodology.indicators.items()
    return [name for name, item in known if settings and item.block == settings.choices.without_block]


def judge_indicators(portfolio: Portfolio, domain: Domain) -> pd.DataFrame:
    """Shares and means of a municipality beside its region and last year: a row per indicator with own data.

    Columns: indicator, name, unit, own, region, own_participants, before; `low` and `high`, what chance makes of the
    region's share among so many pupils; `worse_by` and `moved_worse`, scores of the difference from the region and of
    the change, positive for the worse; `verdict` and `moved`, each of WORSE, BETTER, SAME, missing where not compared;
    `more_is_worse` and `is_caveated` (ВПР).
    """
    method = portfolio.workspace.methodology
    if domain not in method.domains:
        return pd.DataFrame(columns=JUDGED)
    now = compare_indicators(portfolio, domain, ("share", "mean")).dropna(subset="own").reset_index(drop=True)
    past = compare_indicators(portfolio.year_before, domain, ("share", "mean")).set_index("indicator")
    past = past[["own", "own_participants"]].reindex(now["indicator"]).reset_index(drop=True)
    people, known = now["own_participants"], method.indicators
    more_is_worse = is_more_worse(method, now["indicator"])
    shown = blur_share(now["region"])
    low, high = span_chance(shown, people, method)
    sign = np.where(more_is_worse, 1, -1)
    worse_by = sign * score_share(now["own"], people, now["region"])
    moved_worse = sign * score_change(now["own"], people, past["own"], past["own_participants"])
    return now.assign(
        region=shown,
        name=[known[name].short for name in now["indicator"]],
        unit=[known[name].unit for name in now["indicator"]],
        before=past["own"],
        low=low,
        high=high,
        worse_by=worse_by,
        moved_worse=moved_worse,
        verdict=name_verdicts(worse_by, find_score(method)),
        moved=name_verdicts(moved_worse, find_score(method)),
        more_is_worse=more_is_worse,
        is_caveated=now["indicator"].isin(list_caveated(method)),
    )


JUDGED = [
    *("indicator", "own", "region", "own_participants", "name", "unit", "before", "low", "high"),
    *("worse_by", "moved_worse", "verdict", "moved", "more_is_worse", "is_caveated"),
]


def name_verdicts(worse_by: ArrayLike, limit: float) -> NDArray:
    """WORSE, BETTER or SAME by scores that are positive for the worse; None where there is no score."""
    score = pd.Series(np.asarray(worse_by, dtype="float64"))
    named = pd.Series(SAME, index=score.index, dtype=object)
    return named.mask(score > limit, WORSE).mask(score < -limit, BETTER).where(score.notna(), None).to_numpy()


def find_extremes(judged: pd.DataFrame) -> tuple[pd.Series | None, pd.Series | None]:
    """The worst and the best difference from the region that chance does not make, ВПР apart; None where there is none.

    Args:
        judged: rows of `judge_indicators`.
    """
    fair = judged[~judged["is_caveated"].astype(bool)] if len(judged) else judged
    worse, better = (fair[fair["verdict"] == verdict] for verdict in (WORSE, BETTER))
    return (
        worse.loc[worse["worse_by"].astype("float64").idxmax()] if len(worse) else None,
        better.loc[better["worse_by"].astype("float64").idxmin()] if len(better) else None,
    )


STEPS = FIRM, UNSURE, CHANCE = "твёрдо", "под вопросом", "скорее случайно"
MEANINGS = {
    FIRM: "осталась бы и с другими такими же детьми, и при другом допустимом правиле",
    UNSURE: "другие дети или другое правило могли решить иначе",
    CHANCE: "с другими такими же детьми осталась бы реже чем в половине случаев",
}


def explain_steps(steps: Iterable[str] = STEPS) -> str:
    """What steps of sureness mean: «„твёрдо“ — осталась бы …; …», the surest first."""
    chosen = set(steps)
    return "; ".join(f"«{step}» — {meaning}" for step, meaning in MEANINGS.items() if step in chosen)


def name_sureness(region: RegionYear, schools: pd.DataFrame) -> dict[str, dict[str, str]]:
    """How sure every place on a list that needs help is, in three steps: school → list → step."""
    own = list_certainty(region, schools)
    own = own[own["list"].isin(region.watched)]
    found: dict[str, dict[str, str]] = {}
    for row in own.itertuples():
        found.setdefault(str(row.school_id), {})[str(row.list)] = name_step(row.verdict, row.stays_chance_pct)
    return found


WITH_SURENESS = "Списки и надёжность"
"""Heading above what `say_sureness` says."""


def say_sureness(lists: Iterable[str], steps: Mapping[str, str]) -> str:
    """«ШНСУ — твёрдо; ШНРО, ШНОР — под вопросом; стабильно высокие»: the surest first, last what is not told apart."""
    by_step = {step: [name for name in lists if steps.get(name) == step] for step in STEPS}
    told = [f"{', '.join(names)} — {step}" for step, names in by_step.items() if names]
    return "; ".join([*told, *(name for name in lists if name not in steps)])


def name_step(verdict: str, stays_pct: float) -> str:
    """How sure one place on one list is: of `STEPS`."""
    if verdict == STABLE:
        return FIRM
    return CHANCE if stays_pct < HALF else UNSURE


HALF = 50
"""Per cent of redraws below which a place is rather lost than kept."""


def list_weak_tasks(region: RegionYear) -> pd.DataFrame:
    """Tasks of the year in which own schools fall behind the region beyond chance, the surest first, with the topic.

    In a municipality's report those are left out that are compared with too few schools of others.
    """
    deficits = region.workspace.deficits
    gaps = deficits.gaps[deficits.gaps["marked"] & (deficits.gaps["year"] == region.year)]
    topics = deficits.topics
    known = topics[topics["municipality"].isna()]
    if isinstance(region, Portfolio):
        gaps = gaps[gaps["school_id"].isin(region.schools["school_id"])]
        known = list_told_topics(region)
    named = gaps.merge(known[[*TASK, "topic", "level"]], on=TASK, validate="many_to_one")
    return named.sort_values(["p_value", "school_id", "task"], ignore_index=True)


def list_told_topics(portfolio: Portfolio) -> pd.DataFrame:
    """Tasks of a municipality in the year, without those that too few schools of others did; the region rounded."""
    topics = portfolio.workspace.deficits.topics
    own = topics[(topics["municipality"] == portfolio.municipality) & (topics["year"] == portfolio.year)]
    told = own[~are_too_few(own["others"]) & own["others"].gt(0)]
    return told.assign(region=blur_share(100 * told["region"]))


def find_weakest_tasks(region: RegionYear) -> pd.DataFrame:
    """The task of each subject in which a school falls behind most surely, in words; missing where there is none."""
    tasks = list_weak_tasks(region)
    tasks = tasks[tasks["grade"].between(*ADVISED_GRADES)]
    found = {
        sign: name_tasks(tasks[tasks["subject"] == subject].drop_duplicates("school_id").set_index("school_id"))
        for sign, subject in ADVISED_SUBJECTS.items()
    }
    return pd.DataFrame(found, dtype="object")


ADVISED_SUBJECTS = {"rus_task": "русский язык", "math_task": "математика"}
ADVISED_GRADES = (5, 9)
"""Advice on tasks is for teachers of these grades, as the topics of comments/schools.yml have it."""


def name_tasks(tasks: pd.DataFrame) -> pd.Series:
    """«задание 3 в 6 классе («модуль числа»)»; a task of which no topic is known by its number alone."""
    named = "задание " + tasks["task"].astype("str") + " в " + tasks["grade"].astype("Int64").astype("str") + " классе"
    return (named + (" («" + tasks["topic"].astype("str") + "»)").where(tasks["topic"].notna(), "")).astype("object")
