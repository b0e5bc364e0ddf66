"""Plausible lies: each kind in several samples, honest regions drawn pupil by pupil, answers. Schools are invented."""

from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from builders import certificate, condition, exam, result, school, tables
from builders_raw import HEADINGS, LAYOUTS, build_raw, write_csv
from conftest import ROOT

from effschool.base.configuration import ConfigurationError
from effschool.base.schemas import MARKS, SOCIAL_COUNTS
from effschool.intake.ingest import ingest_folder
from effschool.intake.plausibility import RuleBasis, find_contradictions, find_questions, list_minimums
from effschool.intake.plausibility_rules import RULES, load_rules
from effschool.method.thresholds import load_register

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "region40"
THRESHOLDS = ROOT / "methodologies" / "thresholds.yml"
BASE, PROFILE = "математика (базовая)", "математика (профильная)"
YEARS = (2023, 2024)
base = partial(exam, subject=BASE, year=2024)
vpr = partial(result, procedure="ВПР", grade=5, year=2024)


@cache
def get_rules():
    return load_rules(LAYOUTS)


@cache
def get_minimums():
    return list_minimums(load_register(THRESHOLDS))


def contradict(*rows):
    """Ids of the rules that refuse a file of results with these rows."""
    return set(find_contradictions(tables(results=rows), get_rules(), RuleBasis(minimums=get_minimums()))["rule"])


def ask(frames, *only):
    """Ids of the rules, of all or of those named, that ask something of assembled tables."""
    rules = [rule for rule in get_rules() if not only or rule.id in only]
    assert len(rules) >= len(only)
    return set(find_questions(rules, RuleBasis(frames, get_minimums()))["rule"])


# Contradictions in a row


@pytest.mark.parametrize("mean", [24.3, 5.01, 1.99, 14.6, 0.0, 56.0])
@pytest.mark.parametrize("build", [result, vpr])
def test_mean_mark_off_its_scale_is_refused(mean, build):
    assert "mean-off-scale" in contradict(build(marks=(1, 2, 3, 4), mean_score=mean))
    assert "mean-off-scale" in contradict(build(mean_score=mean))


@pytest.mark.parametrize(
    ("marks", "mean"),
    [
        ((1, 2, 3, 4), 3.0),
        ((1, 2, 3, 4), 3.1),
        ((0, 10, 4, 2), 3.7),
        ((2, 8, 6, 4), 3.58),
        ((0, 0, 0, 10), 4.9),
        ((10, 0, 0, 0), 5.0),
        ((None, 5, 5, 5), 4.5),
    ],
)
def test_mean_that_its_marks_do_not_allow_is_refused(marks, mean):
    number = sum(marks) if marks[0] is not None else 20
    assert contradict(result(marks=marks, mean_score=mean, participants=number)) == {"marks-against-mean"}


@pytest.mark.parametrize(
    ("marks", "mean", "other"),
    [
        ((1, 2, 3, 4), 4.0, {}),
        ((2, 8, 6, 4), 3.6, {}),
        ((2, 7, 6, 4), 3.63, {}),  # 69 / 19 is 3,6316
        ((2, 7, 6, 4), 3.6, {}),
        ((2, 7, 6, 4), 4.0, {}),  # to whole marks
        ((2, 7, 6, 4), 69 / 19, {}),
        ((2, 8, 6, 4), 3.46, {"participants": 22}),  # two pupils without a mark may be counted or not
        ((2, None, None, 4), 3.6, {"participants": 20}),
        ((2, 8, 6, 4), None, {}),
        ((None, None, None, None), 4.2, {}),
    ],
)
def test_mean_that_rounding_allows_is_taken(marks, mean, other):
    assert contradict(result(marks=marks, mean_score=mean, **other)) == set()


def test_swapped_columns_are_named():
    rows = [
        result(f"{n:02}", marks=(6, 4, 2, n), mean_score=round((2 * n + 12 + 8 + 30) / (12 + n), 2)) for n in range(3)
    ]
    found = find_contradictions(tables(results=rows), get_rules(), RuleBasis())
    assert set(found["rule"]) == {"marks-against-mean"}
    assert all("если поменять местами «2» и «5», среднее сходится" in text for text in found["expected"])


def test_counts_made_from_per_cents_may_be_one_off():
    row = result(marks=(2, 8, 6, 4), mean_score=3.7, source_note="число учеников восстановлено из процентов")
    assert contradict(row) == set()
    assert contradict(row | {"mean_score": 3.9}) == {"marks-against-mean"}


@pytest.mark.parametrize("below", [0, 1, 3, 10, 5])
@pytest.mark.parametrize("build", [result, vpr])
def test_below_the_minimum_are_those_with_a_two(build, below):
    assert contradict(build(marks=(2, 2, 3, 4), below_min=below)) == {"below-against-twos"}
    assert contradict(build(marks=(below, 2, 3, 4), below_min=below)) == set()


@pytest.mark.parametrize(
    ("other", "is_right"),
    [
        ({"score_80_plus": 10, "mean_score": 71.5}, False),  # all of 80 and more
        ({"score_80_plus": 8, "mean_score": 60}, False),
        ({"below_min": 10, "mean_score": 30}, False),  # all below 24
        ({"below_min": 9, "mean_score": 45}, False),
        ({"mean_score": 19.9}, False),  # nobody below 24
        ({"mean_score": 90}, False),  # nobody of 80
        ({"below_min": 5, "score_80_plus": 5, "mean_score": 35}, False),
        ({"score_80_plus": 10, "mean_score": 80}, True),
        ({"below_min": 10, "mean_score": 23}, True),
        ({"below_min": 5, "score_80_plus": 5, "mean_score": 45}, True),
        ({"below_min": None, "score_80_plus": None, "mean_score": 99}, True),
        ({"below_min": None, "score_80_plus": 0, "mean_score": 5}, True),
        ({"mean_score": 78, "score_80_plus": 0}, True),
    ],
)
def test_mean_of_points_agrees_with_the_counts(other, is_right):
    assert contradict(exam(year=2024, **other)) == (set() if is_right else {"points-against-counts"})


def test_minimum_of_another_year_is_not_taken():
    assert contradict(exam(year=2019, mean_score=12)) == set()
    assert contradict(exam(year=2019, below_min=10, mean_score=85)) == {"points-against-counts"}


@pytest.mark.parametrize("marked", [2, 3, 4, 6, 9])
@pytest.mark.parametrize("below", [0, 1])
def test_base_mathematics_in_two_scales_is_refused(marked, below):
    rows = [base(f"{n:02}", mean_score=3.4 + n / 20, below_min=below) for n in range(marked)]
    points = [base(f"{n:02}", mean_score=12.5 + n / 10) for n in range(marked, 12)]
    assert contradict(*rows, *points) == {"base-two-scales"}
    assert contradict(*rows) == contradict(*points) == set()


def test_base_mathematics_of_weak_pupils_is_one_scale():
    weak = [base(f"{n:02}", mean_score=4.4, below_min=7) for n in range(3)]
    assert contradict(*weak, *(base(f"1{n}", mean_score=13) for n in range(9))) == set()


@pytest.mark.parametrize("mean", [31, 45.5, 62, 80, 99])
def test_base_mathematics_has_no_test_points(mean):
    assert contradict(base(mean_score=mean)) == {"base-mean-off-scale"}


def test_foreign_procedures_have_scales_of_their_own():
    rows = [
        result("1", marks=(1, 2, 3, 4), procedure="НВО", mean_score=47.3),
        exam("2", procedure="ДЗИ", mean_score=4.4),
    ]
    assert contradict(*rows) == set()


# An honest region, drawn pupil by pupil


def draw_region(seed=0, number=12, years=YEARS):
    """Rows of every table: schools of 60 to 900 pupils that keep their level, with pupils drawn anew each year."""
    random = np.random.default_rng(seed)
    rows = {"schools": [], "results": [], "certificates": [], "social": []}
    for place in range(number):
        code, size, level = f"{place:02}", int(random.integers(60, 900)), random.normal(0, 0.5)
        shares = random.beta(2, 10, len(SOCIAL_COUNTS))
        for year in years:
            rows["schools"].append(school(code, year, enrolment=size))
            draw_year(rows, random, (code, year, size), level, shares)
    return rows


def draw_year(rows, random, place, level, shares):
    code, year, size = place
    drift = level + random.normal(0, 0.15)
    for subject in ("русский язык", "математика"):
        rows["results"].append(draw_marks(random, result, (code, year, size / 10), drift, subject=subject))
        rows["results"].append(draw_marks(random, vpr, (code, year, size / 9), drift, subject=subject))
    for subject, minimum in (("русский язык", 24), (PROFILE, 27)):
        points = np.clip(np.rint(random.normal(60 + 8 * drift, 15, max(size // 25, 1))), 0, 100)
        counts = {"below_min": int((points < minimum).sum()), "score_80_plus": int((points >= 80).sum())}
        counts |= {"participants": len(points), "mean_score": round(float(points.mean()), 2)}
        rows["results"].append(exam(code, year, subject=subject, **counts))
    points = np.clip(np.rint(random.normal(14 + drift, 3, max(size // 30, 1))), 0, 21)
    counts = {"below_min": int((points < 7).sum()), "score_80_plus": None, "participants": len(points)}
    rows["results"].append(exam(code, year, subject=BASE, mean_score=round(float(points.mean()), 2), **counts))
    graduates = int(random.poisson(size / 10)) + 1
    rows["certificates"].append(
        certificate(code, year, graduates=graduates, without_certificate=int(random.binomial(graduates, 0.03)))
    )
    counts = dict(zip(SOCIAL_COUNTS, map(int, random.binomial(size, shares)), strict=True))
    rows["social"].append(condition(code, year, pupils=size) | counts)


def draw_marks(random, build, place, level, **other):
    code, year, mean = place
    number = int(random.poisson(mean)) + 1
    pupils = np.clip(np.rint(random.normal(3.6 + 0.3 * level, 0.8, number)), 2, 5)
    marks = tuple(int((pupils == mark).sum()) for mark in (2, 3, 4, 5))
    return build(code, marks=marks, mean_score=round(float(pupils.mean()), 2), **(other | {"year": year}))


@pytest.mark.parametrize("seed", range(12))
def test_honest_region_contradicts_nothing(seed):
    frames = tables(**draw_region(seed))
    found = find_contradictions(frames, get_rules(), RuleBasis(minimums=get_minimums()))
    assert found.empty, found.to_dict("records")


def test_honest_regions_are_asked_at_most_one_question_in_ten():
    asked = [ask(tables(**draw_region(seed))) for seed in range(10)]
    assert sum(bool(found) for found in asked) <= 1, asked


# Questions: one thing of an honest region changed


def change(table, function, seed=0, **rows):
    """The region with rows of a table put through a function (None drops the row), where `rows` say which."""
    frames = draw_region(seed)
    chosen = [all(row[name] == value for name, value in rows.items()) for row in frames[table]]
    changed = [function(dict(row)) if is_chosen else row for row, is_chosen in zip(frames[table], chosen, strict=True)]
    return frames | {table: [row for row in changed if row is not None]}


def scale(*names, by):
    """Numbers of a row multiplied."""
    return lambda row: row | {name: None if row[name] is None else round(row[name] * by) for name in names}


COUNTS = ("participants", *MARKS, "below_min", "score_80_plus")
SEEDS = range(5)
OGE = {"year": 2024, "procedure": "ОГЭ"}
EGE = {"year": 2024, "procedure": "ЕГЭ", "subject": "русский язык"}


@pytest.mark.parametrize("seed", SEEDS)
def test_participants_ten_times_too_many_are_asked_about(seed):
    found = ask(
        tables(**change("results", scale(*COUNTS, by=10), seed, **OGE)), "participants-jump", "more-than-enrolled"
    )
    assert found == {"participants-jump", "more-than-enrolled"}


@pytest.mark.parametrize(
    ("table", "name"), [("results", "participants"), ("certificates", "graduates"), ("social", "pupils")]
)
@pytest.mark.parametrize("code", ["00", "03", "05", "07", "11"])
def test_more_than_the_school_has_is_asked_about(table, name, code):
    frames = change(table, lambda row: row | {name: 2500}, school_id=code, year=2024)
    assert ask(tables(**frames)) & {"more-than-enrolled", "more-graduates-than-enrolled", "more-pupils-than-enrolled"}


@pytest.mark.parametrize("seed", SEEDS)
def test_grade_larger_than_half_of_the_school_is_asked_about(seed):
    frames = draw_region(seed)
    sizes = {row["school_id"]: row["enrolment"] for row in frames["schools"]}
    for row in frames["results"]:
        if row["procedure"] == "ВПР" and row["school_id"] == "04":
            row.update(dict.fromkeys(MARKS), participants=int(0.6 * sizes["04"]))
    assert ask(tables(**frames), "grade-too-large")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("table", ["results", "certificates", "social"])
def test_file_of_last_year_under_this_year_is_asked_about(table, seed):
    frames = draw_region(seed)
    old = [row for row in frames[table] if row["year"] == 2023]
    frames[table] = [*old, *(row | {"year": 2024, "source_file": "new.csv"} for row in old)]
    expected = {
        "results": "rows-of-last-year",
        "certificates": "certificates-of-last-year",
        "social": "same-as-last-year",
    }
    assert ask(tables(**frames), expected[table])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("table", ["results", "certificates", "social"])
def test_half_of_the_schools_cut_off_is_asked_about(table, seed):
    frames = draw_region(seed)
    frames[table] = [row for row in frames[table] if row["year"] == 2023 or row["school_id"] < "06"]
    expected = {"results": "schools-cut-off", "certificates": "certificates-cut-off", "social": "conditions-cut-off"}
    assert ask(tables(**frames), expected[table])


def test_schools_that_closed_are_not_cut_off():
    frames = draw_region()
    for table in frames:
        frames[table] = [row for row in frames[table] if row["year"] == 2023 or row["school_id"] < "06"]
    assert not ask(tables(**frames))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("value", [0, None])
def test_column_that_vanished_is_asked_about(seed, value):
    frames = change(
        "results", lambda row: row | {"mark_2": value, "mean_score": None}, seed, **OGE, subject="математика"
    )
    assert ask(tables(**frames), "results-vanished")
    frames = change("social", lambda row: row | {"free_lunch": value}, seed, year=2024)
    assert ask(tables(**frames), "conditions-vanished")


@pytest.mark.parametrize("mean", [32, 34, 36, 38, 40])
def test_nobody_below_the_minimum_with_such_means_is_asked_about(mean):
    weak = [exam(f"{n:02}", 2024, subject=PROFILE, participants=25, mean_score=mean + n / 10) for n in range(8)]
    assert ask(tables(results=weak), "nobody-below")
    assert not ask(tables(results=[row | {"below_min": 2} for row in weak]), "nobody-below")
    assert not ask(tables(results=[row | {"mean_score": mean + 30} for row in weak]), "nobody-below")


@pytest.mark.parametrize("mean", [5.0, 4.0, 3.5, 4.25, 3.0])
def test_one_mean_in_all_schools_is_asked_about(mean):
    frames = change(
        "results", lambda row: row | dict.fromkeys(MARKS) | {"mean_score": mean}, **OGE, subject="математика"
    )
    assert ask(tables(**frames), "one-mean-everywhere")


@pytest.mark.parametrize("seed", SEEDS)
def test_primary_points_for_test_points_are_asked_about(seed):
    def put(row):
        return row | {"mean_score": round(row["mean_score"] * 0.55, 2), "below_min": None, "score_80_plus": None}

    assert ask(tables(**change("results", put, seed, **EGE)), "points-moved")


@pytest.mark.parametrize("seed", SEEDS)
def test_base_mathematics_in_marks_after_points_is_asked_about(seed):
    frames = change(
        "results", lambda row: row | {"mean_score": 2 + row["mean_score"] / 7}, seed, year=2024, subject=BASE
    )
    assert ask(tables(**frames), "base-points-moved")


@pytest.mark.parametrize("seed", SEEDS)
def test_swapped_marks_without_means_are_asked_about(seed):
    def swap(row):
        return row | {"mark_2": row["mark_4"], "mark_4": row["mark_2"], "mean_score": None}

    assert ask(tables(**change("results", swap, seed, **OGE, subject="математика")), "marks-moved")


@pytest.mark.parametrize("seed", SEEDS)
def test_mean_of_another_subject_is_asked_about(seed):
    frames = change(
        "results", lambda row: row | dict.fromkeys(MARKS) | {"mean_score": 2.1 + len(row) / 100}, seed, **OGE
    )
    assert ask(tables(**frames), "mean-mark-moved")


@pytest.mark.parametrize("seed", SEEDS)
def test_per_cents_for_pupils_are_asked_about(seed):
    def divide(row):
        return row | {name: round(100 * row[name] / row["pupils"]) for name in SOCIAL_COUNTS}

    frames = draw_region(seed)
    frames["social"] = [divide(row) for row in frames["social"]]
    assert ask(tables(**frames), "per-cents-for-pupils")


@pytest.mark.parametrize("name", SOCIAL_COUNTS[:5])
def test_conditions_that_moved_in_all_schools_are_asked_about(name):
    frames = change("social", lambda row: row | {name: row[name] + row["pupils"] // 4}, year=2024)
    assert ask(tables(**frames), "conditions-moved", "share-jump") == {"conditions-moved", "share-jump"}


@pytest.mark.parametrize("marked", [3, 4, 5, 6, 8])
def test_two_scales_that_cannot_be_told_apart_by_counts_are_asked_about(marked):
    rows = [base(f"{n:02}", mean_score=3.5, below_min=None) for n in range(marked)]
    points = [base(f"{n:02}", mean_score=13, below_min=None) for n in range(marked, 12)]
    assert ask(tables(results=[*rows, *points]), "base-two-scales-likely")
    assert contradict(*rows, *points) == set()


def test_one_school_on_another_scale_is_asked_about():
    rows = [base(f"{n:02}", mean_score=13) for n in range(11)]
    assert ask(tables(results=[*rows, base("99", mean_score=3.6)]), "base-other-scale")


def test_edges_of_the_possible_are_asked_about():
    assert ask(tables(results=[base(mean_score=22)]), "base-mean-too-high")
    assert ask(tables(results=[exam(year=2024, mean_score=22.5)]), "points-near-bounds")


@pytest.mark.parametrize(("now", "told"), [(50, 0), (49, 1), (200, 0), (201, 1), (None, 0)])
def test_total_outside_the_limits_is_asked_about(now, told):
    rows = [condition(year=2020), condition(year=2021, pupils=now, source_row=8)]
    found = find_questions(get_rules(), RuleBasis(tables(social=rows), {}))
    found = found[found["rule"] == "pupils-jump"]
    assert len(found) == told
    assert found["row"].tolist() == [8] * told
    assert found["expected"].tolist() == ["а за 2020 год было 100: ожидалось от 50 до 200"] * told


def test_small_school_may_change():
    rows = [condition(year=2020, pupils=19), condition(year=2021, pupils=2, count=2)]
    assert not ask(tables(social=rows), "pupils-jump")


@pytest.mark.parametrize(("now", "is_told"), [(25, False), (26, True)])
def test_share_that_moved_too_far_is_asked_about(now, is_told):
    found = find_questions(
        get_rules(), RuleBasis(tables(social=[condition(year=2020), condition(year=2021, deviant=now)]), {})
    )
    assert found["column"].tolist() == ["deviant"] * is_told
    assert all("26,0\xa0% обучающихся, а за 2020 год было 5,0\xa0%" in text for text in found["expected"])


def test_row_of_zeros_and_row_of_last_year():
    assert ask(tables(social=[condition(year=2021, count=0)])) == {"all-zero"}
    assert not ask(tables(social=[condition(year=2021, count=0, guardianship=None)]))
    assert ask(tables(social=[condition(year=2020), condition(year=2021)])) == {"same-as-last-year"}
    assert not ask(tables(social=[condition(year=2020), condition(year=2021, guardianship=6)]))


def test_certificates_are_compared_level_by_level():
    rows = [certificate(year=year, graduates=40, level=level) for year in (2020, 2021) for level in ("ООО", "СОО")]
    assert ask(tables(certificates=rows)) == set()
    assert ask(tables(certificates=[*rows[:3], rows[3] | {"graduates": 10}])) == {"graduates-jump"}


@pytest.mark.parametrize("now", [0, 1, 2, 3, 4])
def test_share_of_certificates_and_marks_that_moved_is_asked_about(now):
    rows = [
        certificate(year=2020, graduates=60, without_certificate=50),
        certificate(year=2021, graduates=60, without_certificate=now),
    ]
    assert ask(tables(certificates=rows), "certificate-share-jump")
    rows = [result(year=2020, marks=(40, 5, 3, 2)), result(year=2021, marks=(now, 5, 3, 42 - now))]
    assert ask(tables(results=rows), "marks-share-jump")


# Files, messages and answers


def build_jump(folder, **answers):
    """A folder in which school 270001 had 300 pupils and has 40; `answers` change the one answer given."""
    schools = [
        f"{year},{code},Школа {code},Район,средняя,село,400," for year in (2020, 2021) for code in ("027000", "270001")
    ]
    social = ["2020,027000,130,1,2,3,4,5,6,7,8,9,10,11", "2021,027000,131,1,2,3,4,5,6,7,8,9,10,11"]
    social += ["2020,270001,300,1,2,3,4,5,6,7,8,9,10,11", "2021,270001,40,0,0,0,1,1,1,1,1,1,1,1"]
    raw = build_raw(folder, schools=schools, social=social)
    if answers:
        entry = {"rule": "pupils-jump", "file": "social.csv", "year": 2021, "reason": "Корпус закрыт", "who": "Иванова"}
        entry |= {"date": "2021-10-01"} | answers
        lines = [f"    {name}: {value}" for name, value in entry.items()]
        (raw / "corrections.yml").write_text("\n".join(["checked:", "  -", *lines, ""]), encoding="utf-8")
    return ingest_folder(raw, LAYOUTS, THRESHOLDS)


def list_messages(ingested, severity):
    return ingested.problems.loc[ingested.problems["severity"].eq(severity), "message"].tolist()


def test_question_says_the_place_what_to_do_and_how_to_answer(tmp_path):
    ingested = build_jump(tmp_path)
    (message,) = list_messages(ingested, "вопрос")
    assert message == (
        "Файл «social.csv», строка 5, столбец «Всего обучающихся»: стоит «40», а за 2020 год было 300: ожидалось от 150"
        " до 600. Проверьте число; если школу объединили или разделили, напишите об этом в институт. Если всё верно,"
        " ответьте в corrections.yml, раздел checked: rule: pupils-jump, file: social.csv, year: 2021."
    )
    assert not list_messages(ingested, "ошибка")
    assert len(ingested.tables["social"]) == 4


@pytest.mark.parametrize("answer", [{"school_id": "'270001'"}, {"status": "проверено"}])
def test_answer_silences_its_question_and_is_listed(tmp_path, answer):
    ingested = build_jump(tmp_path, **answer)
    assert set(ingested.problems["severity"]) <= {"предупреждение"}
    assert ingested.questions.empty
    (row,) = ingested.corrections.to_dict("records")
    assert (row["outcome"], row["reason"], row["who"], row["source_row"]) == (
        "проверено",
        "Корпус закрыт",
        "Иванова",
        5,
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"year": 2020},
        {"file": "other.csv"},
        {"school_id": "'027000'"},
        {"rule": "graduates-jump"},
        {"rule": "all-zero"},
    ],
)
def test_answer_to_no_question_is_an_error(tmp_path, answer):
    ingested = build_jump(tmp_path, **answer)
    (message,) = list_messages(ingested, "ошибка")
    assert "такого вопроса нет" in message
    assert len(list_messages(ingested, "вопрос")) == 1
    assert ingested.corrections["outcome"].tolist() == ["не внесено"]


def test_answer_to_no_rule_is_refused_with_its_line(tmp_path):
    with pytest.raises(ConfigurationError, match=r"стоит «pupil-jump», ожидалось имя правила"):
        build_jump(tmp_path, rule="pupil-jump")


def test_file_that_contradicts_itself_is_refused_with_one_message_per_kind(tmp_path):
    rows = [f"2020,{code},ОГЭ,математика,9,20,4,6,8,2,,,{mean}" for code, mean in (("027000", 3.8), ("270001", 3.8))]
    ingested = ingest_folder(build_raw(tmp_path, results=rows), LAYOUTS, THRESHOLDS)
    (message,) = list_messages(ingested, "ошибка")
    assert message.startswith("Файл «results.csv», строка 2, столбец «Средний балл, Отметка 2")
    assert "стоит «3,8 при отметках «2» — 4, «3» — 6, «4» — 8, «5» — 2»" in message
    assert "средний балл от 3,40 до 3,40" in message
    assert "То же в строке: 3 (2020 год)" in message
    assert ingested.tables["results"].empty
    assert ingested.blocking == ("results.csv",)


def test_other_sheets_and_files_of_the_folder_are_judged_apart(tmp_path):
    raw = build_raw(tmp_path)
    wrong = "2020,027000,ОГЭ,математика,9,20,4,6,8,2,,,24.3"
    write_csv(raw / "oge" / "results_2.csv", [HEADINGS["results"], wrong])
    ingested = ingest_folder(raw, LAYOUTS, THRESHOLDS)
    assert not ingested.tables["social"].empty


def test_golden_region_has_no_contradiction():
    ingested = ingest_folder(GOLDEN, LAYOUTS, THRESHOLDS)
    assert not list_messages(ingested, "ошибка")
    assert len(list_messages(ingested, "вопрос")) <= 8


def test_folder_of_layouts_without_rules_asks_nothing(tmp_path):
    assert load_rules(tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("columns: [pupils], least", "columns: [pupil], least", "нет столбца pupil"),
        ('expected: "а за {last_year}', 'expected: "а за {lastyear}', "в скобках ожидалось одно из"),
        ("id: all-zero", "id: pupils-jump", "такой id уже есть"),
        (
            "kind: zero, table: social",
            "kind: zero, severity: ошибка, table: social",
            "только противоречие внутри строк",
        ),
        ("table: social, columns: [pupils], least", "table: pupils, columns: [pupils], least", "ожидалась таблица"),
    ],
)
def test_wrong_rule_is_refused_on_load(tmp_path, old, new, text):
    source = (LAYOUTS / RULES).read_text(encoding="utf-8")
    assert old in source
    (tmp_path / RULES).parent.mkdir()
    (tmp_path / RULES).write_text(source.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=text):
        load_rules(tmp_path)
