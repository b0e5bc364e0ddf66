"""Where schools fall behind in a task: calibrated on regions made to know it, by hand where a hand can."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from effschool.tasks.deficits import find_chance, find_deficits
from effschool.tasks.works import COLUMNS, load_task_rules

ROOT = Path(__file__).parents[2]
RULES = load_task_rules(ROOT / "methodologies" / "tasks")
COUNTS = dict.fromkeys(("grade", "maximum", "participants"), "Int64")
TEXTS = dict.fromkeys(("school_id", "procedure", "subject", "task"), "str")


def codes(number):
    return [f"{school:03d}" for school in range(number)]


def register(number, places=6, years=(2023,)):
    rows = [
        (year, code, f"Район {place % places}", "средние") for year in years for place, code in enumerate(codes(number))
    ]
    frame = pd.DataFrame(rows, columns=["year", "school_id", "municipality", "group"])
    return frame.astype(dict.fromkeys(("school_id", "municipality", "group"), "str"))


def task(shares, pupils, name="1", maximum=1, year=2023, **other):
    """A task that every school did: shares and pupils by school."""
    frame = pd.DataFrame({"school_id": codes(len(shares)), "share": shares, "participants": pupils})
    row = {"year": year, "procedure": "ВПР", "subject": "математика", "grade": 5, "task": name, "maximum": maximum}
    return frame.assign(**row | other).astype(COUNTS | TEXTS | {"share": "float64"})


def describe(*rows):
    """Works: a row per task, on which only what a test names is known."""
    usual = {
        "procedure": "ВПР",
        "subject": "математика",
        "grade": 5,
        "year": 2023,
        "status": "пример",
        "edition": "а, 1",
    }
    frame = pd.DataFrame(
        [usual | {"maximum": 1, "level": None, "topic": None} | row for row in rows], columns=[*COLUMNS]
    )
    return frame.astype(COLUMNS)


def draw(seed, schools=60, tasks=12, planted=(), gap=0.3):
    """A region of equal schools; a pupil gets all points of a task or none, so that nothing varies more."""
    rng = np.random.default_rng(seed)
    pupils, parts = rng.integers(8, 80, schools), []
    for number in range(1, tasks + 1):
        usual = rng.uniform(0.4, 0.95)
        share = np.where(np.isin(np.arange(schools), planted) & (number == 1), usual - gap, usual)
        parts.append(task(rng.binomial(pupils, share.clip(0.02)) / pupils, pupils, str(number), 1 + number % 3))
    return pd.concat(parts, ignore_index=True)


def judge(tasks, schools=None, works=None, rules=RULES):
    known = register(tasks["school_id"].nunique()) if schools is None else schools
    return find_deficits(tasks, known, describe() if works is None else works, rules)


def test_a_region_of_equal_schools_marks_no_more_than_promised():
    # 40 regions of 60 schools and 12 tasks: 5 % of them are 2; 7 and more would happen once in a thousand times.
    marked = [bool(judge(draw(seed)).gaps["q_value"].le(RULES.level_pct / 100).any()) for seed in range(40)]
    assert sum(marked) <= 6


def test_a_small_chance_is_no_more_frequent_than_it_says():
    chance = pd.concat([judge(draw(seed)).gaps["p_value"] for seed in range(25)])
    for level in (0.001, 0.01, 0.05):
        assert (chance <= level).mean() <= 1.15 * level


def test_a_planted_gap_is_found_and_shared_by_its_municipality_alone():
    planted = [place for place in range(60) if place % 6 == 2]
    found = judge(draw(3, planted=planted, gap=0.4))
    gaps = found.gaps[found.gaps["marked"]]
    assert len(gaps) >= 5
    assert set(gaps["task"]) == {"1"}
    assert set(gaps["school_id"]) <= {codes(60)[place] for place in planted}
    shared = found.topics[found.topics["is_shared"]]
    assert shared[["municipality", "task"]].to_numpy().tolist() == [["Район 2", "1"]]


def test_the_chance_is_the_binomial_tail_shrunk_by_the_number_of_others():
    number, region = np.array([20.0]), np.array([0.7])
    chance = find_chance(np.array([0.4]), number, region, np.array([1e9]))
    assert chance[0] == pytest.approx(binom.cdf(8, 20, 0.7), rel=1e-6)
    assert find_chance(np.array([0.4]), number, region, np.array([200.0]))[0] > chance[0]
    assert find_chance(np.array([1.0]), number, region, np.array([200.0]))[0] == 1


def test_a_school_is_compared_with_all_others_and_not_with_itself():
    gaps = judge(task([0.2, 0.8, 0.8], [100, 100, 100])).gaps
    assert gaps["region"].tolist() == pytest.approx([0.8, 0.5, 0.5])
    assert gaps["gap"].tolist() == pytest.approx([0.6, -0.3, -0.3])
    assert gaps["marked"].tolist() == [True, False, False]


def test_one_pupil_who_fails_what_everybody_else_did_is_not_impossible():
    gaps = judge(task([0.9, 1.0, 1.0], [10, 60, 60])).gaps
    own = gaps[gaps["school_id"] == "000"].iloc[0]
    assert own["gap"] == pytest.approx(0.1)
    assert own["p_value"] > 0.01


@pytest.mark.parametrize(("pupils", "judged"), [(9, False), (10, True)])
def test_few_pupils_are_not_judged(pupils, judged):
    gaps = judge(task([0.0, 0.8, 0.8], [pupils, 100, 100])).gaps
    assert ("000" in set(gaps["school_id"])) is judged


def test_a_region_of_few_others_judges_nobody():
    assert judge(task([0.1, 0.9, 0.9], [49, 49, 50])).gaps.empty


def test_a_gap_beyond_chance_but_small_is_no_gap():
    gaps = judge(task([0.72, 0.80, 0.80], [5000, 5000, 5000])).gaps
    assert gaps["q_value"].iloc[0] < 1e-6
    assert not gaps["marked"].any()


def test_schools_that_take_no_part_are_neither_judged_nor_the_region():
    schools = register(4).assign(group=["средние", "средние", "средние", None])
    gaps = judge(task([0.5, 0.5, 0.5, 0.0], [100, 100, 100, 100]), schools).gaps
    assert sorted(gaps["school_id"]) == ["000", "001", "002"]
    assert gaps["region"].tolist() == pytest.approx([0.5, 0.5, 0.5])


def test_all_tasks_of_a_year_are_one_family():
    alone = judge(task([0.55, 0.8, 0.8], [30, 100, 100])).gaps
    others = [task([0.8, 0.8, 0.8], [30, 100, 100], str(number)) for number in range(2, 60)]
    among = judge(pd.concat([task([0.55, 0.8, 0.8], [30, 100, 100]), *others], ignore_index=True)).gaps
    own = among[(among["task"] == "1") & (among["school_id"] == "000")].iloc[0]
    assert own["p_value"] == alone["p_value"].iloc[0]
    assert own["q_value"] > 10 * alone["q_value"].iloc[0]


def test_what_a_task_checks_is_said_only_where_its_maximum_is_the_described_one():
    works = describe({"task": "1", "maximum": 1, "level": "Б", "topic": "дроби"}, {"task": "2", "topic": "проценты"})
    tasks = pd.concat([task([0.5] * 3, [100] * 3), task([0.5] * 3, [100] * 3, "2", maximum=2)], ignore_index=True)
    topics = judge(tasks, works=works).topics
    region = topics[topics["municipality"].isna()].set_index("task")
    assert region["topic"].fillna("").to_dict() == {"1": "дроби", "2": ""}
    assert region["is_below"].to_dict() == {"1": True, "2": False}  # 50 % of a basic task, its border is 60 %


@pytest.mark.parametrize(
    ("editions", "before", "other"), [(("а, 1", "а, 1"), 0.4, False), (("а, 1", "а, 2"), None, True)]
)
def test_years_of_different_codifiers_are_not_compared(editions, before, other):
    works = describe(*({"task": "1", "year": year, "edition": name} for year, name in enumerate(editions, 2022)))
    tasks = pd.concat([task([0.4] * 3, [100] * 3, year=2022), task([0.6] * 3, [100] * 3)], ignore_index=True)
    topics = judge(tasks, register(3, years=(2022, 2023)), works).topics
    region = topics[topics["municipality"].isna() & (topics["year"] == 2023)].iloc[0]
    assert region["other_codifier"] == other
    assert (None if pd.isna(region["before"]) else pytest.approx(region["before"])) == before
    first = topics[topics["year"] == 2022]
    assert not first["other_codifier"].any()
    assert first["before"].isna().all()


def test_a_year_that_no_work_describes_is_not_compared_either():
    tasks = pd.concat([task([0.4] * 3, [100] * 3, year=2022), task([0.6] * 3, [100] * 3)], ignore_index=True)
    topics = judge(tasks, register(3, years=(2022, 2023))).topics
    assert topics.loc[topics["year"] == 2023, "before"].isna().all()
    assert topics.loc[topics["year"] == 2023, "other_codifier"].all()


def test_a_topic_is_shared_by_so_many_schools_and_by_the_place_as_a_whole():
    # Two of eight schools miss it: a quarter; as a whole the place is 20 points behind only where they are large.
    shares = np.full(80, 0.8)
    shares[[0, 10]] = 0.1
    for pupils, shared in ((300, True), (40, False)):
        number = np.where(np.isin(np.arange(80), (0, 10)), pupils, 100)
        topics = judge(task(shares, number), register(80, places=10)).topics
        assert topics["behind"].max() >= 2
        assert topics["is_shared"].any() == shared
    most = replace_rules(schools=3)
    assert not judge(task(shares, np.full(80, 300)), register(80, places=10), rules=most).topics["is_shared"].any()


def replace_rules(**changed):
    return RULES.model_copy(update=changed)


def test_no_tasks_are_no_rows():
    found = judge(task([], []), register(3))
    assert found.gaps.empty
    assert found.topics.empty
    assert list(replace(found).topics["is_shared"]) == []
