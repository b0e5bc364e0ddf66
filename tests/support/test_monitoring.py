"""Stages beside comparable schools: the right start, chance as large as it is, few pupils kept, nothing said alone."""

import numpy as np
import pandas as pd
import pytest

from effschool.base.schemas import MARKS
from effschool.dynamics.effects import compare_schools, invent_region
from effschool.support.monitoring import (
    BETTER,
    CHANCE,
    END,
    ENTRY,
    FEW_PUPILS,
    INDEX,
    MARK,
    NO_OTHERS,
    NO_START,
    SELECTED,
    WORK,
    WORSE,
    StageBasis,
    find_reached,
    follow_stages,
    pool_schools,
)

PARTICIPANTS = ["school_id", "project", "entry_year", "exit_year"]
WORKS = ["year", "school_id", "stage", "subject", "grade", "participants", *MARKS]
MARKED = ["year", "school_id", "stage", "day", "corrected", "link"]


@pytest.fixture(scope="module")
def rules(methodology):
    return methodology.effects


def invent(rules, effect=0.0, seed=13):
    paths, programme = invent_region(np.random.default_rng(seed), rules, effect)
    taking = programme.assign(project="500+", exit_year=pd.array([None] * len(programme), dtype="Int64"))
    return paths, taking[PARTICIPANTS]


def enter(*rows):
    return pd.DataFrame(rows, columns=PARTICIPANTS).astype({"exit_year": "Int64"})


def work(code, stage, failed, total, subject="математика"):
    return (2022, code, stage, subject, 6, total, failed, total - failed, 0, 0)


def follow(rules, paths=None, participants=None, stages=(), works=()):
    bare = pd.DataFrame(columns=["year", "school_id"])
    return follow_stages(
        StageBasis(
            bare if paths is None else paths,
            enter() if participants is None else participants,
            pd.DataFrame(stages, columns=MARKED),
            pd.DataFrame(works, columns=WORKS),
            rules if paths is not None else None,
        )
    )


def test_one_school_goes_beyond_its_interval_by_chance_as_rarely_as_said(rules):
    """Invented regions in which nobody is helped: of 95 per cent intervals about 5 in 100 leave out nothing."""
    outside = []
    for seed in range(6):
        paths, programme = invent(rules, seed=seed)
        found = compare_schools(paths, programme, rules).dropna(subset="low")
        outside.append((found["low"] > 0) | (found["high"] < 0))
    share = pd.concat(outside).mean()
    assert len(pd.concat(outside)) > 300
    assert 0.01 < share < 0.09


def test_difference_is_not_the_rise_of_the_lowest_by_itself(rules):
    """The lowest of a year enter: from that year they rise by themselves, from years before and beside others not."""
    bare, fair = [], []
    for seed in range(6):
        paths, programme = invent(rules, seed=seed)
        found = compare_schools(paths, programme, rules)
        score = paths.set_index(["school_id", "year"])["results_index"]
        before = [score[code, entry - 1] for code, entry in zip(found["school_id"], found["entry_year"], strict=True)]
        after = [score[code, year] for code, year in zip(found["school_id"], found["year"], strict=True)]
        bare.append(np.mean(np.array(after) - before))
        fair.append(found["difference"].mean())
    assert np.mean(bare) > 0.3
    assert abs(np.mean(fair)) < 0.12


def test_true_effect_is_found_on_average(rules):
    differences = [
        compare_schools(*invent(rules, effect=1.0, seed=seed), rules)["difference"].mean() for seed in range(6)
    ]
    assert np.mean(differences) == pytest.approx(1.0, abs=0.2)


def test_difference_is_from_what_comparable_schools_did(rules):
    found = compare_schools(*invent(rules), rules)
    assert np.allclose(found["difference"], found["now"] - found["expected"])
    assert (found["expected"] - found["start"]).abs().mean() > 0.05
    ends = found.dropna(subset="low")
    assert np.allclose(ends["high"] - ends["difference"], ends["difference"] - ends["low"])


def test_stages_follow_the_entry_and_the_last_year_of_a_school_is_its_end(rules):
    paths, taking = invent(rules)
    entry = int(taking["entry_year"].iloc[0])
    left = taking.assign(exit_year=pd.array([entry + 2, *[None] * (len(taking) - 1)], dtype="Int64"))
    found = follow(rules, paths, left)
    own = found[found["school_id"] == left["school_id"].iloc[0]]
    assert own["stage"].tolist() == [ENTRY, "промежуточный", END]
    assert own["year"].tolist() == [entry, entry + 1, entry + 2]
    assert own["verdict"].isna().tolist() == [True, False, False]
    assert own["now"].iloc[0] == own["start"].iloc[1]
    assert set(found.loc[found["stage"] != ENTRY, "verdict"].dropna()) <= {BETTER, WORSE, CHANCE}
    later = found[(found["stage"] != ENTRY) & found["low"].notna()]
    assert len(later)
    assert ((later["verdict"] == CHANCE) == ((later["low"] <= 0) & (later["high"] >= 0))).all()


@pytest.mark.parametrize(("entry", "reason"), [(2011, NO_START), (2012, SELECTED)])
def test_entry_without_years_before_the_selection_says_so(rules, entry, reason):
    paths, _ = invent(rules)
    code = paths["school_id"].iloc[0]
    found = follow(rules, paths, enter((code, "500+", entry, None)))
    assert found[["stage", "reason"]].to_numpy().tolist() == [[ENTRY, reason]]
    assert found["now"].notna().tolist() == [reason == SELECTED]


def test_works_are_compared_with_the_other_participants(rules):
    """Others have half as many «2» at the second work: one with the same number is worse, one with none better."""
    others = [
        each for number in range(8) for each in (work(f"1{number}", ENTRY, 20, 50), work(f"1{number}", END, 10, 50))
    ]
    own = [work("01", ENTRY, 20, 50), work("01", END, 20, 50), work("02", ENTRY, 40, 50), work("02", END, 2, 50)]
    found = follow(rules, works=[*others, *own]).set_index("school_id")
    assert (found["source"] == WORK).all()
    assert found.loc["01", "start"] == found.loc["01", "now"] == 40
    assert found.loc["01", "expected"] == pytest.approx(40 + 100 * (82 / 450 - 200 / 450), abs=0.01)
    assert found.loc["01", "verdict"] == WORSE
    assert found.loc["02", "verdict"] == BETTER
    assert set(found.loc[[f"1{number}" for number in range(8)], "verdict"]) == {CHANCE}


@pytest.mark.parametrize(("failed", "total", "told"), [(2, 4, False), (1, 7, False), (2, 7, True), (1, 10, True)])
def test_few_pupils_are_not_told_of(rules, failed, total, told):
    others = [
        each for number in range(8) for each in (work(f"1{number}", ENTRY, 20, 50), work(f"1{number}", END, 10, 50))
    ]
    own = [work("01", ENTRY, failed, total), work("01", END, 3, max(total, 9))]
    row = follow(rules, works=[*others, *own]).set_index("school_id").loc["01"]
    figures = row[["start", "now", "expected", "difference", "low", "high"]]
    assert figures.notna().all() == told
    assert figures.isna().all() != told
    assert (row["reason"] == FEW_PUPILS) != told
    assert pd.notna(row["verdict"]) == told


def test_nothing_is_concluded_where_too_few_others_wrote_the_work(rules):
    works = [
        each for number in range(5) for each in (work(f"1{number}", ENTRY, 20, 50), work(f"1{number}", END, 2, 50))
    ]
    found = follow(rules, works=works)
    assert found["verdict"].isna().all()
    assert set(found["reason"]) == {NO_OTHERS}
    assert found[["difference", "low", "high", "expected"]].isna().all(axis=None)


def test_latest_stage_is_the_one_that_was_told_of(rules):
    marks = [(2022, "01", ENTRY, "03.03.2022", None, None), (2022, "01", "промежуточный", "09.09.2022", "да", None)]
    found = follow(rules, participants=enter(("01", "500+", 2021, None)), stages=marks)
    assert set(found["source"]) == {MARK}
    assert found["entry_year"].tolist() == [2021, 2021]
    reached = find_reached(found, 2022)
    assert reached.loc["01", ["stage", "day", "corrected"]].tolist() == ["промежуточный", "09.09.2022", "да"]
    assert find_reached(found, 2021).empty


def test_several_schools_are_surer_than_one(rules):
    rows = pd.DataFrame({"difference": [0.6, 0.8, 0.7, 0.9], "chance": [1.0] * 4, "degrees": [30.0] * 4})
    one, four = pool_schools(rows.head(1), 95), pool_schools(rows, 95)
    assert np.isnan(one["low"])
    assert four["difference"] == pytest.approx(0.75)
    assert four["high"] - four["difference"] == pytest.approx(2.042 * 0.5, abs=0.001)


def test_nothing_is_an_empty_table(rules):
    assert follow(rules).empty
    assert list(follow(rules).columns) == list(follow(rules, stages=[(2022, "01", ENTRY, "1", None, None)]).columns)
    assert INDEX not in set(follow(rules)["source"])
