"""One scale for all exams, cohorts of pupils, level by change: the parts of `effschool.dynamics` that read results."""

import re

import numpy as np
import pandas as pd
import pytest
from builders import exam, result, table
from builders_report import register, registered
from hypothesis import given
from hypothesis import strategies as st

from effschool.dynamics.level_change import class_values, measure_level_change
from effschool.dynamics.pupil_cohorts import average_gains, follow_pupils
from effschool.method.methodology import Axis, MethodologyError, load_methodology
from effschool.method.variance import fit_variance, require_rules, standardise_means

YEARS = range(2018, 2025)


def standardise(rows, methodology, schools=None):
    found = {row["school_id"]: row["year"] for row in rows}
    schools = register([registered(name, year) for name in found for year in YEARS]) if schools is None else schools
    return standardise_means({"results": table("results", rows)}, schools, methodology)


@pytest.fixture
def few(methodology):
    """The methodology with scales and lines over a handful of schools."""
    return loosen(methodology, min_schools=3)


def loosen(methodology, min_schools=10, weighted=True, **pupils):
    rules = methodology.dynamics
    standard = rules.standard.model_copy(update={"min_schools": min_schools, "weighted": weighted})
    cohorts = rules.pupil_cohorts.model_copy(update=pupils)
    rules = rules.model_copy(update={"standard": standard, "pupil_cohorts": cohorts})
    return methodology.model_copy(update={"dynamics": rules})


def mean(school_id, year, score, participants=20, **other):
    row = {"procedure": "ВПР", "grade": 5, "mean_score": float(score), "participants": participants} | other
    return result(school_id, year, **row)


def test_scale_by_hand(few):
    rows = [mean("a", 2020, 3, 10), mean("b", 2020, 4, 30), mean("c", 2020, 5, 10)]
    found = standardise(rows, few).set_index("school_id")["standard"]
    assert found.to_dict() == pytest.approx({"a": -1 / 0.4**0.5, "b": 0, "c": 1 / 0.4**0.5})
    plain = standardise(rows, loosen(few, 3, weighted=False)).set_index("school_id")["standard"]
    assert plain.to_dict() == pytest.approx({"a": -(1.5**0.5), "b": 0, "c": 1.5**0.5})


def test_scale_is_of_one_year_procedure_subject_and_grade(few):
    other = {"year": 2021}, {"procedure": "ОГЭ"}, {"subject": "математика"}, {"grade": 6}
    rows = [mean(name, 2020, score) for name, score in zip("abc", (3, 4, 5), strict=True)]
    alone = standardise(rows, few)
    for change in other:
        rows += [mean(name, 2020, 2) | change for name in "abc"]
    rows += [mean("d", 2020, 5) | {"grade": 7}]
    found = standardise(rows, few)
    pd.testing.assert_frame_equal(found, alone)  # others do not vary, or have too few schools


def test_school_that_is_left_out_is_neither_counted_nor_there(few):
    rows = [mean(name, 2020, score) for name, score in zip("abcd", (3, 4, 5, 2), strict=True)]
    schools = register([registered(name, 2020, group=None if name == "d" else "средние") for name in "abcd"])
    found = standardise(rows, few, schools)
    assert found["school_id"].tolist() == ["a", "b", "c"]
    assert found["standard"].sum() == pytest.approx(0)


def test_row_without_participants_or_mean_is_missing_and_marks_make_a_mean(few):
    rows = [mean(name, 2020, score) for name, score in zip("abc", (3, 4, 5), strict=True)]
    rows += [mean("d", 2020, 4, 0), mean("e", 2020, np.nan), result("f", 2020, (0, 0, 20, 0), procedure="ВПР", grade=5)]
    found = standardise(rows, few).set_index("school_id")["standard"]
    assert set(found.index) == {"a", "b", "c", "f"}
    assert found["f"] == pytest.approx(0)


def test_methodology_without_the_section_is_told(methodology):
    with pytest.raises(ValueError, match="нет раздела dynamics"):
        require_rules(methodology.model_copy(update={"dynamics": None}))


def follow(rows, methodology):
    return follow_pupils(standardise(rows, methodology), methodology)


def cohort(school_id, scores, start=2016, participants=20, **other):
    """Results of one cohort: score by grade."""
    return [
        mean(school_id, start + grade, score, participants, grade=grade, **other) for grade, score in scores.items()
    ]


def step(frame):
    return list(zip(frame["from_grade"], frame["from_year"], frame["to_grade"], frame["to_year"], strict=True))


def test_steps_follow_the_same_children_over_any_gap(few):
    rows = [row for name, level in zip("abc", (2, 3, 4), strict=True)
            for row in cohort(name, {4: level, 5: level + level % 2, 7: level})]  # fmt: skip
    found = follow(rows, few)
    assert sorted(set(step(found))) == [(4, 2020, 5, 2021), (5, 2021, 7, 2023)]
    assert set(found["start_year"]) == {2016}
    assert found["finding"].tolist() == ["no_line"] * 6
    by_school = found[found["to_grade"] == 5].set_index("school_id")
    assert by_school["from_standard"].to_dict() == pytest.approx({"a": -(1.5**0.5), "b": 0, "c": 1.5**0.5})
    assert (by_school["gain"] == by_school["to_standard"] - by_school["from_standard"]).all()
    assert by_school["size_pct"].tolist() == [100, 100, 100]


def test_other_children_are_no_cohort(few):
    rows = [mean(name, year, score, grade=5) for year in (2020, 2021)
            for name, score in zip("abc", (3, 4, 5), strict=True)]  # fmt: skip
    assert follow(rows, few).empty


def test_missing_end_is_never_a_gain_of_zero(few):
    rows = [row for name, level in zip("abc", (2, 3, 4), strict=True) for row in cohort(name, {4: level, 5: level})]
    rows += cohort("new", {5: 4}) + cohort("closed", {4: 4})
    found = follow(rows, few).set_index("school_id")
    for name in ("new", "closed"):
        assert found.loc[name, "finding"] == "missing"
        assert found.loc[name, ["gain", "gain_error", "size_pct", "expected", "deviation", "p_value"]].isna().all()


def test_exam_after_grade_nine_may_stand_without_its_grade_and_under_another_name(few):
    rows = []
    for name, level in zip("abc", (3, 4, 5), strict=True):
        rows.append(result(name, 2020, subject="математика", grade=None, mean_score=float(level), participants=20))
        score = {"mean_score": 10.0 * level, "participants": 12, "grade": None}
        rows.append(exam(name, 2022, subject="математика (профильная)", **score))
        rows.append(exam(name, 2022, subject="математика (базовая)", **score))
    found = follow(rows, few)
    assert set(step(found)) == {(9, 2020, 11, 2022)}
    assert found["family"].unique().tolist() == ["математика"]
    assert found["to_participants"].tolist() == [12, 12, 12]
    assert found["size_pct"].tolist() == [60, 60, 60]


NOISE = 1.6
"""Standard deviation of one pupil, in units of the spread of schools."""


def simulate(seed, schools=300, jumps=(), lasting=0.3):
    """Standardised results of one cohort in grades 4 and 5 without any school out of line but the planted ones."""
    draw = np.random.default_rng(seed)
    pupils = draw.integers(12, 90, schools)
    level = draw.normal(size=schools)
    rows = []
    for grade in (4, 5):
        own = level + (grade == 5) * draw.normal(0, lasting, schools)
        standard = own + draw.normal(size=schools) * NOISE / np.sqrt(pupils)
        if grade == 5:
            standard[list(jumps)] += 3.0
        frame = pd.DataFrame({"school_id": [f"{number:03}" for number in range(schools)], "standard": standard})
        rows.append(frame.assign(year=2016 + grade, grade=grade, participants=pupils.astype(float)))
    made = pd.concat(rows, ignore_index=True).assign(procedure="ВПР", subject="математика")
    return made.astype({"grade": "Int64"})


def test_errors_of_gains_are_those_of_the_pupils(methodology):
    found = [follow_pupils(simulate(seed), methodology) for seed in range(12)]
    true = [frame["gain_error"] / (NOISE * np.sqrt(2 / frame["from_participants"])) for frame in found]
    assert np.mean([ratio.mean() for ratio in true]) == pytest.approx(1, abs=0.08)


def test_under_chance_alone_a_school_is_named_in_few_regions(methodology):
    named = [follow_pupils(simulate(seed), methodology)["finding"].isin(["jump", "fall"]).any() for seed in range(60)]
    assert np.mean(named) <= 0.12  # 5 % on average; sixty regions of the same seed


def test_usual_gain_is_the_mean_of_the_tested_schools(methodology):
    rows = simulate(1)
    rows.loc[rows["grade"] == 5, "standard"] += 0.7  # schools of other children stand behind the scale of grade 5
    rows.loc[rows["school_id"] == "005", ["participants", "standard"]] = [10.0, 9.0]
    found = follow_pupils(rows, methodology)
    assert found["usual_gain"].tolist() == pytest.approx([found["usual_gain"].iloc[0]] * len(found))
    assert found["usual_gain"].iloc[0] == pytest.approx(0.7, abs=0.1)
    region = average_gains(found.assign(place="регион"), "place")
    assert region["mean_gain"].tolist() == pytest.approx([0], abs=1e-12)


def test_planted_jumps_are_found_and_falls_are_told_apart(methodology):
    jumps = (5, 50, 100)
    found = follow_pupils(simulate(1, jumps=jumps), methodology)
    named = found.set_index("school_id")["finding"]
    assert (named[["005", "050", "100"]] == "jump").all()
    assert named.isin(["jump", "fall"]).sum() <= 4
    mirrored = simulate(1, jumps=jumps).assign(standard=lambda frame: -frame["standard"])
    assert set(follow_pupils(mirrored, methodology).set_index("school_id")["finding"][["005", "050", "100"]]) == {
        "fall"
    }


def test_unusual_change_in_number_is_named_and_not_tested(methodology):
    rows = simulate(1, jumps=(5,))
    rows.loc[(rows["school_id"] == "005") & (rows["grade"] == 5), "participants"] *= 1.6
    found = follow_pupils(rows, methodology).set_index("school_id")
    assert found.loc["005", "finding"] == "other_pupils"
    # A school changed by a half is nothing to name where the whole region did.
    everyone = simulate(1).assign(
        participants=lambda frame: frame["participants"].where(frame["grade"] == 4, 0.5 * frame["participants"])
    )
    found = follow_pupils(everyone[everyone["participants"] > 11], methodology)
    assert "other_pupils" not in set(found["finding"])
    third = simulate(1).assign(
        participants=lambda frame: frame["participants"].where(frame["grade"] == 4, 0.3 * frame["participants"])
    )
    assert set(follow_pupils(third, methodology)["finding"]) == {"few", "partial"}


def test_few_participants_are_not_tested(methodology):
    rows = simulate(1, jumps=(5,))
    rows.loc[rows["school_id"] == "005", "participants"] = 10.0
    assert follow_pupils(rows, methodology).set_index("school_id").loc["005", "finding"] == "few"


def test_mean_gains_weigh_by_their_errors():
    rows = pd.DataFrame(
        {"place": "Р", "family": "м", "from_grade": 4, "to_grade": 5, "finding": ["usual", "jump", "few"]}
    )
    rows = rows.assign(gain=[1.5, -0.5, 9.0], usual_gain=0.5, gain_error=[0.5, 1.0, 0.1])
    (found,) = average_gains(rows, "place").to_dict("records")
    assert found["cohorts"] == 2
    assert found["mean_gain"] == pytest.approx((4 * 1 - 1) / 5)
    assert found["mean_error"] == pytest.approx(5**-0.5)


@pytest.mark.parametrize(("lasting", "chance"), [(0.04, 4.0), (0.0, 4.0), (0.25, 0.0)])
def test_variance_is_split(lasting, chance):
    draw = np.random.default_rng(7)
    sizes = 2 / draw.integers(8, 100, 20_000)
    found = fit_variance(draw.normal(size=len(sizes)) * np.sqrt(lasting + chance * sizes), sizes)
    assert found.lasting == pytest.approx(lasting, abs=0.015)
    assert found.chance == pytest.approx(chance, abs=0.25)


@given(values=st.lists(st.floats(-5, 5), min_size=2, max_size=40), factor=st.floats(0.5, 3))
def test_variance_is_never_negative_and_grows_with_the_square(values, factor):
    sizes = np.linspace(0.02, 0.4, len(values))
    found, larger = fit_variance(values, sizes), fit_variance(np.array(values) * factor, sizes)
    assert min(found.lasting, found.chance) >= 0
    expected = factor**2 * found.measure_spread(sizes) ** 2
    np.testing.assert_allclose(larger.measure_spread(sizes) ** 2, expected, rtol=0.05, atol=1e-3)


def levels(rows, methodology):
    return measure_level_change(standardise(rows, methodology), methodology).set_index(["year", "school_id"])


def sit(year, scores, participants=40, **other):
    return [mean(name, year, score, participants, **other) for name, score in scores.items()]


SCORES = {"a": 3, "b": 4, "c": 5}


def test_level_and_change_by_hand(few):
    rows = sit(2020, SCORES) + sit(2021, {"a": 5, "b": 4, "c": 3})
    found = levels(rows, few)
    end = 1.5**0.5
    assert found["level"].to_dict() == pytest.approx(
        {(2020, "a"): -end, (2020, "b"): 0, (2020, "c"): end, (2021, "a"): end, (2021, "b"): 0, (2021, "c"): -end}
    )
    assert found.loc[2021, "change"].to_dict() == pytest.approx({"a": 2 * end, "b": 0, "c": -2 * end})
    assert found.loc[2021, ["level_class", "change_class", "tone"]].to_numpy().tolist() == [
        [4, 4, 5],
        [2, 2, 3],
        [0, 0, 1],
    ]


def test_new_school_and_school_after_a_missing_year_have_no_change(few):
    rows = sit(2020, SCORES) + sit(2022, SCORES | {"new": 4}) + sit(2023, SCORES)
    found = levels(rows, few)
    assert found.loc[[2020, 2022], ["change", "change_class", "tone"]].isna().all(axis=None)
    assert found.loc[2023, "change"].notna().all()
    later = levels(rows + sit(2024, SCORES | {"new": 4}), few)
    assert np.isnan(later.loc[(2024, "new"), "change"])


@pytest.mark.parametrize(
    ("before", "after", "visibility"),
    [(11, 11, "pale"), (10, 40, "hidden"), (40, 10, "hidden"), (29, 40, "pale"), (40, 29, "pale"), (30, 30, "shown")],
)
def test_few_pupils_of_either_year_decide_what_is_shown(few, before, after, visibility):
    found = levels(sit(2020, SCORES, before) + sit(2021, SCORES, after), few).loc[2021]
    assert set(found["visibility"]) == {visibility}
    assert found["tone"].notna().all() == (visibility == "shown")
    assert found["change"].notna().all()


def test_pupil_who_sits_two_subjects_is_one_pupil(few):
    rows = sit(2020, SCORES, 20) + sit(2020, SCORES, 18, subject="математика") + sit(2020, SCORES, 5, grade=6)
    assert set(levels(rows, few)["pupils"]) == {25}


def test_only_procedures_of_the_methodology_make_a_level(few):
    rows = sit(2020, SCORES) + sit(2020, {"a": 5, "b": 4, "c": 3}, grade=8)
    alone = levels(sit(2020, SCORES), few)
    pd.testing.assert_frame_equal(levels(rows, few), alone)
    kept = tuple(item for item in few.domains["results"].indicators if item.block != "vpr")
    rules = few.domains["results"].model_copy(update={"indicators": kept})
    without = few.model_copy(update={"domains": {**few.domains, "results": rules}})
    assert levels(rows, without).empty


def test_value_at_a_cut_belongs_above_it_and_is_not_rounded():
    axis = Axis(title="о", cuts=(-0.15, 0.15), names=("а", "б", "в"))
    values = [-0.15, np.nextafter(-0.15, -1), 0.15, np.nextafter(0.15, 0), np.nan, 9]
    assert class_values(values, axis).tolist() == [1, 0, 2, 1, pd.NA, 2]


FAULTS = {
    "cuts not in order": ("cuts: [-0.5, -0.15,", "cuts: [-0.15, -0.5,", "границы по возрастанию"),
    "name lacking": ("names: [очень низкий, низкий,", "names: [низкий,", "ожидалось названий 5"),
    "row of the grid lacking": ("      - [1, 1, 1, 2, 3]\n", "", "строк 5 (уровни), в каждой чисел 5"),
    "tone that is none": ("[1, 1, 1, 2, 3]", "[0, 1, 1, 2, 3]", "стоит «0»"),
    "hidden above colour": ("colour_from: 30", "colour_from: 10", "не меньше hide_below: 11"),
    "subject of two families": (
        "subjects: [русский язык]}",
        "subjects: [математика]}",
        "предмет «математика» уже назван",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_rules_of_dynamics_are_refused_with_their_place(methodologies, tmp_path, fault):
    old, new, expected = FAULTS[fault]
    text = (methodologies / "khabarovsk-2020.yml").read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / "khabarovsk-2020.yml").write_text(text.replace(old, new), encoding="utf-8")
    (tmp_path / "thresholds.yml").write_bytes((methodologies / "thresholds.yml").read_bytes())
    with pytest.raises(MethodologyError, match=re.escape(expected)) as refused:
        load_methodology(tmp_path / "khabarovsk-2020.yml")
    assert "dynamics." in str(refused.value)
    assert "строка" in str(refused.value)
