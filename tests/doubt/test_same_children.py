"""The same children in another year: unconfirmed ВПР, jumps of a cohort, and ВПР beside the exam."""

import numpy as np
import pandas as pd
import pytest
from builders import result, school, tables

from effschool.base.schemas import MARKS_USE
from effschool.doubt.cohorts import compare_with_vpr, measure_jumps, measure_unconfirmed, pair_later
from effschool.doubt.marks_use import compare_marks, shrink_differences
from effschool.doubt.tails import adjust_chances
from effschool.method.groups import group_schools

SCHOOLS, PUPILS = 120, 60


def name(place):
    return f"{place:03}"


def draw_standard(ends, lasting=0.8, seed=1, planted=None):
    """Results in spreads of schools: a lasting level and chance of pupils; `planted`: end → (schools, shift)."""
    rng = np.random.default_rng(seed)
    level = lasting * rng.standard_normal(SCHOOLS)
    frames = []
    for procedure, year, grade in ends:
        value = level + np.sqrt(1 - lasting**2) * rng.standard_normal(SCHOOLS)
        shift = (planted or {}).get((procedure, year, grade))
        if shift:
            value[list(shift[0])] = shift[1]
        rows = {"year": year, "procedure": procedure, "subject": "математика", "grade": grade}
        frames.append(
            pd.DataFrame({"school_id": map(name, range(SCHOOLS)), "participants": 60.0, "standard": value, **rows})
        )
    return pd.concat(frames, ignore_index=True).astype({"grade": "Int64"})


CONFIRM = [("ВПР", 2020, 7), ("ОГЭ", 2022, 9)]
CLIMB = [("ВПР", 2020, 5), ("ВПР", 2021, 6)]


def test_high_results_that_the_exam_does_not_confirm(methodology):
    planted = {CONFIRM[0]: ((0, 1), 3.0), CONFIRM[1]: ((0, 1), -2.5)}
    found = measure_unconfirmed(draw_standard(CONFIRM, planted=planted), methodology)
    assert (found["year"] == 2020).all()
    assert (found["grade"] == 7).all()
    rare = found[adjust_chances(found["p_value"]) <= 0.05]
    assert set(rare["school_id"]) == {"000", "001"}
    assert (rare["value"] < rare["expected"]).all()


def test_only_results_far_above_the_region_are_asked(methodology):
    """A school at the region's mean whose exam is low has nothing unconfirmed."""
    planted = {CONFIRM[0]: ((0,), 0.9), CONFIRM[1]: ((0,), -3.0)}
    assert "000" not in set(measure_unconfirmed(draw_standard(CONFIRM, planted=planted), methodology)["school_id"])


def test_the_first_exam_of_the_cohort_speaks(methodology):
    ends = [("ВПР", 2020, 8), ("ОГЭ", 2021, 9), ("ЕГЭ", 2023, 11)]
    found = measure_unconfirmed(draw_standard(ends), methodology)
    assert not found.duplicated(["year", "school_id", "subject", "grade"]).any()
    first = measure_unconfirmed(draw_standard(ends)[lambda rows: rows["procedure"] != "ЕГЭ"], methodology)
    pd.testing.assert_frame_equal(found.reset_index(drop=True), first.reset_index(drop=True))


def test_a_jump_is_told_of_the_later_year_and_a_fall_is_none(methodology):
    planted = {CLIMB[0]: ((0, 1), -1.0), CLIMB[1]: ((0,), 3.0)}
    both = draw_standard(CLIMB, planted=planted)
    both.loc[(both["school_id"] == "001") & (both["year"] == 2021), "standard"] = -5.0
    found = measure_jumps(both, methodology).set_index("school_id")
    assert set(found["year"]) == {2021}
    assert set(found["grade"]) == {6}
    assert "000" in found.index[adjust_chances(found["p_value"]) <= 0.05]
    assert found.loc["001", "p_value"] > 0.99


@pytest.mark.parametrize("measure", [measure_jumps, measure_unconfirmed])
def test_an_ordinary_region_marks_what_is_promised(methodology, measure):
    ends = CLIMB if measure is measure_jumps else CONFIRM
    chances = [measure(draw_standard(ends, seed=seed), methodology)["p_value"] for seed in range(60)]
    marked = [(adjust_chances(chance) <= 0.05).any() for chance in chances]
    assert np.mean(marked) <= 0.05 + 1.64 * np.sqrt(0.05 * 0.95 / 60)
    assert 0.02 < (np.concatenate(chances) <= 0.05).mean() < 0.08


def test_other_children_are_not_compared(methodology):
    rows = draw_standard(CLIMB, planted={CLIMB[1]: ((0,), 4.0)})
    rows.loc[(rows["school_id"] == "000") & (rows["year"] == 2021), "participants"] = 30.0
    assert "000" not in set(measure_jumps(rows, methodology)["school_id"])
    chosen = rows.assign(participants=rows["participants"].where(rows["year"] == 2020, 20.0))
    assert pair_later(chosen, methodology, ["ВПР"]).empty  # a third of the cohort sat the second work


def test_an_exam_named_twice_is_not_two_exams(methodology):
    """Both levels of mathematics, or rows with the grade and without: the row of more pupils is taken, once."""
    rows = draw_standard([CONFIRM[0], ("ЕГЭ", 2024, 11)])
    less = rows.query("procedure == 'ЕГЭ'").assign(subject="математика (профильная)", participants=9.0, standard=-9.0)
    both = pd.concat([rows, less], ignore_index=True)
    found = pair_later(both, methodology, ["ЕГЭ"])
    assert not found.duplicated(["school_id", "subject", "grade", "year", "later_year"]).any()
    assert found["later_participants"].min() == 60
    given = build_marks(lambda place: 3.5, lambda place: 3.2)
    blank = given["results"].query("procedure == 'ОГЭ'").assign(grade=pd.NA, participants=5)
    twice = pd.concat([given["results"], blank.astype(given["results"].dtypes.to_dict())], ignore_index=True)
    made = compare({**given, "results": twice}, methodology)
    assert (len(made), made["exam_participants"].min()) == (60, 50)


def test_few_schools_have_no_line(methodology):
    rows = draw_standard(CLIMB)
    few = rows[rows["school_id"] < "029"]
    assert compare_with_vpr(pair_later(few, methodology, ["ВПР"]), 30).empty
    assert measure_jumps(rows[:0], methodology).empty


def build_marks(vpr, exam, schools=60):
    """ВПР of grade 7 in 2020 and ОГЭ in 2022: mean marks given by functions of the school."""
    rows = []
    for place in range(schools):
        for procedure, year, grade, mean in (("ВПР", 2020, 7, vpr), ("ОГЭ", 2022, 9, exam)):
            key = {"procedure": procedure, "grade": grade, "subject": "математика", "mean_score": mean(place)}
            rows.append(result(name(place), year, participants=50, **key))
    both = [school(name(place), year) for place in range(schools) for year in (2020, 2022)]
    return tables(schools=both, results=rows)


def compare(given, methodology):
    found = compare_marks(given, group_schools(given, methodology), methodology)
    MARKS_USE.validate(found)
    return found


def test_marks_of_one_cohort_stand_side_by_side(methodology):
    found = compare(build_marks(lambda place: 3.5, lambda place: 3.2 + place / 1000), methodology)
    assert len(found) == 60
    row = found.iloc[10]
    assert (row["year"], row["vpr_year"], row["grade"], row["vpr_participants"], row["exam_participants"]) == (
        2022,
        2020,
        7,
        50,
        50,
    )
    assert (row["vpr_mean"], row["exam_mean"]) == (3.5, 3.21)
    assert row["difference"] == pytest.approx(0.29)


def test_the_exam_of_other_children_is_not_taken(methodology):
    given = build_marks(lambda place: 3.5, lambda place: 3.2)
    other = given["results"].assign(year=given["results"]["year"].replace(2022, 2021))
    schools = pd.concat([given["schools"], given["schools"].query("year == 2020").assign(year=2021)], ignore_index=True)
    assert compare({**given, "schools": schools, "results": other}, methodology).empty


def test_chance_alone_is_drawn_to_the_region_and_what_lasts_is_not():
    rng = np.random.default_rng(4)
    size = rng.integers(20, 120, 300)
    pairs = pd.DataFrame({"year": 2022, "subject": "математика", "vpr_participants": size, "exam_participants": size})
    noise = rng.normal(0, 1, 300) * np.sqrt(2 / size)
    drawn = shrink_differences(pairs.assign(difference=0.3 + noise), 30)["shrunken"]
    assert drawn.mean() == pytest.approx(0.3, abs=0.02)
    assert drawn.std() < 0.4 * noise.std()
    lasting = rng.normal(0, 0.5, 300)
    kept = shrink_differences(pairs.assign(difference=0.3 + noise + lasting), 30)["shrunken"] - 0.3
    assert np.mean((kept - lasting) ** 2) < np.mean(noise**2)
    assert np.corrcoef(kept, lasting)[0, 1] > 0.9


def test_too_few_schools_are_shown_and_not_drawn(methodology):
    found = compare(build_marks(lambda place: 3.5, lambda place: 3.2, schools=29), methodology)
    assert len(found) == 29
    assert found["shrunken"].isna().all()
