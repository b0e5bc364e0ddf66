"""Tasks in which schools fall behind the region beyond chance, and those that schools of a place share.

A school is compared with all other schools of the region that take part. Of the points that a task gives, a share of
`maximum` varies among pupils no more than that of an all-or-nothing task with the same mean. So the binomial tail,
exact for one point, is on the safe side for more of them. The other schools' share is itself uncertain: the tail, as a
normal score, is shrunk by their number. All tasks of a year are one family (Benjamini–Hochberg), so that in a region
of equal schools anything at all is marked in no more than the promised share of years; `bench/tasks.py` measures it.
How much schools differ beyond chance (`dispersion`, 1 is chance alone) is told of every task of the region.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import betainc, ndtr, ndtri
from scipy.stats import false_discovery_control

from effschool.tasks.works import WORK, TaskRules

TASK = ["year", *WORK, "task", "maximum"]
PLACE = ["municipality", *TASK]
GAPS = {
    "year": "int64", "school_id": "str", "procedure": "str", "subject": "str", "grade": "Int64", "task": "str",
    "maximum": "Int64", "participants": "Int64", "share": "float64", "region": "float64", "gap": "float64",
    "p_value": "float64", "q_value": "float64", "marked": "bool",
}  # fmt: skip
TOPICS = {
    "municipality": "str", "year": "int64", "procedure": "str", "subject": "str", "grade": "Int64", "task": "str",
    "maximum": "Int64", "level": "str", "topic": "str", "schools": "Int64", "behind": "Int64",
    "participants": "Int64", "share": "float64", "region": "float64", "others": "Int64", "before": "float64",
    "other_codifier": "bool", "dispersion": "float64", "border": "float64", "border_status": "str",
    "is_shared": "bool", "is_below": "bool",
}  # fmt: skip


@dataclass(frozen=True)
class Deficits:
    """What tasks show.

    Args:
        gaps: a row per school and task that is judged: shares 0…1, `gap` (region minus school), whether it is `marked`.
        topics: a row per municipality (missing: the region) and task: schools judged and `behind`, shares, `others`
            (schools of other municipalities), `before` (last year's share, by the same codifier), the `border` of its
            level, whether the task `is_shared` by schools of the municipality, or `is_below` the border in the region.
    """

    gaps: pd.DataFrame
    topics: pd.DataFrame


def find_deficits(tasks: pd.DataFrame, schools: pd.DataFrame, works: pd.DataFrame, rules: TaskRules) -> Deficits:
    """Gaps of schools and shared deficits of all years.

    Args:
        tasks: contract table of tasks.
        schools: schools by year with their municipality; those without a group are left out.
        works: as `works.load_works` gives them.
    """
    known = schools.loc[schools["group"].notna(), ["year", "school_id", "municipality"]]
    rows = tasks.merge(known, on=["year", "school_id"], validate="many_to_one")
    rows = rows[rows["participants"].gt(0).fillna(False).astype(bool)]
    rows = rows.assign(points=rows["share"] * rows["participants"].astype("float64"))
    gaps = judge_tasks(rows, rules)
    told = [_sum_places(gaps, rows, by) for by in (PLACE, TASK)]
    topics = pd.concat(told, ignore_index=True).pipe(_name_topics, works).pipe(_compare_years)
    judged = topics.assign(**_judge_places(topics, rules))
    return Deficits(gaps[list(GAPS)].astype(GAPS), judged[list(TOPICS)].astype(TOPICS))


def _judge_places(topics: pd.DataFrame, rules: TaskRules) -> dict[str, object]:
    """Whether enough schools of a municipality fall behind and it as a whole too; whether the region is below a border.

    Where schools differ much, some of any place fall behind: only what the place as a whole lacks is a topic of it.
    """
    is_region = topics["municipality"].isna()
    least = np.maximum(rules.schools, np.ceil(rules.schools_pct / 100 * topics["schools"].astype("float64")))
    border = topics["level"].map({level: share / 100 for level, share in rules.borders.levels.items()})
    is_behind = topics["elsewhere"] - topics["share"] >= rules.least_gap / 100 - 1e-9
    return {
        "is_shared": topics["behind"].ge(least).fillna(False) & is_behind & ~is_region,
        "border": border.astype("float64"),
        "border_status": rules.borders.status,
        "is_below": topics["share"].lt(border.astype("float64")) & is_region,
    }


def judge_tasks(rows: pd.DataFrame, rules: TaskRules) -> pd.DataFrame:
    """Rows of schools that can be judged, each beside all others, with the chance of so low a share."""
    own = rows["participants"].astype("float64")
    all_of_task = rows.assign(own=own).groupby(TASK, dropna=False)[["points", "own"]].transform("sum")
    others, points = all_of_task["own"] - own, all_of_task["points"] - rows["points"]
    region = (points / others.where(others > 0)).clip(0, 1)
    judged = (own >= rules.fewest) & (others >= rules.others)
    # A task that all others did may be failed by one of the next: Jeffreys' half a pupil on either side.
    usual = (points + 0.5) / (others + 1)
    chance = find_chance(rows["share"].to_numpy(), own.to_numpy(), usual.to_numpy(), others.to_numpy())
    found = rows.assign(region=region, gap=region - rows["share"], p_value=chance)[judged]
    adjusted = found.groupby("year")["p_value"].transform(false_discovery_control)
    is_marked = (adjusted <= rules.level_pct / 100) & (found["gap"] >= rules.least_gap / 100 - 1e-9)
    return found.assign(q_value=adjusted, marked=is_marked).reset_index(drop=True)


def find_chance(share: np.ndarray, number: np.ndarray, region: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Chance of a share at most so large among so many pupils of a region with that share, of so many others.

    The binomial tail as an incomplete beta function, which a number of points that is no whole number of full scores
    needs.
    """
    successes = np.clip(share * number, 0, number)
    tail = betainc(np.maximum(number - successes, 1e-12), successes + 1, 1 - region)
    tail = np.where(successes >= number, 1.0, tail)
    return np.asarray(ndtr(ndtri(tail) * np.sqrt(others / (others + number))))


def _sum_places(gaps: pd.DataFrame, rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """A row per place and task: schools judged and behind, the share of all its pupils, the region's beside it."""
    judged = gaps.assign(spread=_measure_spread(gaps)).groupby(by, dropna=False)
    counts = judged.agg(schools=("school_id", "size"), behind=("marked", "sum"), dispersion=("spread", "mean"))
    sums = rows.groupby(by, dropna=False)[["points", "participants"]].sum().join(counts)
    region = rows.groupby(TASK, dropna=False).agg(
        all_points=("points", "sum"), everyone=("participants", "sum"), all_schools=("school_id", "size")
    )
    own = rows.groupby(by, dropna=False)["school_id"].size().rename("own")
    told = sums.join(own).reset_index().merge(region.reset_index(), on=TASK, how="left")
    if by == TASK:
        told = told.assign(municipality=pd.Series(pd.NA, told.index, dtype="str"))
    return told.assign(
        schools=told["schools"].fillna(0),
        behind=told["behind"].fillna(0),
        share=told["points"] / told["participants"].astype("float64"),
        region=told["all_points"] / told["everyone"].astype("float64"),
        elsewhere=(told["all_points"] - told["points"]) / (told["everyone"] - told["participants"]).astype("float64"),
        others=told["all_schools"] - told["own"],
        dispersion=told["dispersion"].where(told["municipality"].isna()),
    )


def _measure_spread(gaps: pd.DataFrame) -> pd.Series:
    """Squared difference from the region in units of chance: 1 on average where schools do not differ."""
    chance = gaps["region"] * (1 - gaps["region"]) / gaps["participants"].astype("float64")
    return gaps["gap"] ** 2 / chance.where(chance > 0)


def _name_topics(topics: pd.DataFrame, works: pd.DataFrame) -> pd.DataFrame:
    """Level, topic and edition by the codifier of the year; a task with another maximum is not the one described."""
    return topics.merge(works.drop(columns="status"), on=TASK, how="left", validate="many_to_one")


def _compare_years(topics: pd.DataFrame) -> pd.DataFrame:
    """Last year's share where both years have one codifier; `other_codifier` where there is a year that may not be."""
    key = ["municipality", *WORK, "task", "maximum", "year"]
    past = topics[[*key, "share", "edition"]].assign(year=topics["year"] + 1)
    both = topics.merge(past, on=key, how="left", suffixes=("", "_before"), validate="one_to_one")
    is_same = both["edition"].eq(both["edition_before"]).fillna(False).astype(bool)
    has_past = topics.set_index([*WORK, "year"]).index.isin(past.set_index([*WORK, "year"]).index)
    return both.assign(before=both["share_before"].where(is_same), other_codifier=has_past & ~is_same)
