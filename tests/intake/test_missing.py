from dataclasses import replace

import pytest
from builders import certificate, condition, exam, result, school, tables
from builders_raw import HEADINGS, LAYOUTS, ROWS, build_raw

from effschool.base.schemas import SOCIAL_COUNTS
from effschool.intake import missing
from effschool.intake.exams import NotHeld, load_exams
from effschool.intake.ingest import ingest_folder
from effschool.intake.missing import (
    Gap,
    MissingDataError,
    check_missing,
    find_missing,
    judge_missing,
    read_missing,
    report_missing,
    write_missing,
)
from effschool.method.identify import identify_schools

YEARS = (2022, 2023, 2024)
MATHS = "математика"


def vpr(school_id="01", year=2022, subject="русский язык", grade=5):
    return result(school_id, year, (1, 1, 1, 1), procedure="ВПР", subject=subject, grade=grade)


def build_region(years=YEARS, schools=("01", "02")):
    """Three years in which nothing is missing: rows by table."""
    rows = {"schools": [], "results": [], "certificates": [], "social": []}
    for year in years:
        for number, name in enumerate(schools):
            rows["schools"].append(school(name, year))
            rows["social"].append(condition(name, year, 5 + number))
            rows["certificates"] += [certificate(name, year), certificate(name, year, level="СОО")]
            rows["results"] += [
                exam(name, year, mean_score=50.0 + number),
                exam(name, year, mean_score=50.0, subject="математика (профильная)"),
                exam(name, year, mean_score=10.0, subject="математика (базовая)"),
                exam(name, year, mean_score=50.0, subject="физика"),
                result(name, year, (1, 2, 3, 4)),
                result(name, year, (1, 2, 3, 4), subject=MATHS),
                *(vpr(name, year, subject, grade) for subject in ("русский язык", MATHS) for grade in (5, 6, 7)),
            ]
    return rows


def drop(rows, table, year, **which):
    """The same rows without those of a year that have these values."""
    return rows | {
        table: [
            row
            for row in rows[table]
            if row["year"] != year or any(row[name] != value for name, value in which.items())
        ]
    }


def blank(rows, table, year, *columns):
    return rows | {table: [row | dict.fromkeys(columns) if row["year"] == year else row for row in rows[table]]}


def list_keys(rows, year=2024):
    return [gap.key for gap in find_missing(tables(**rows)) if gap.year == year]


def judge(rows, methodology):
    contract = tables(**rows)
    return judge_missing(find_missing(contract), contract, identify_schools(contract, methodology), methodology)


def test_nothing_is_missing_where_every_year_has_the_same(methodology):
    assert judge(build_region(), methodology) == ()


@pytest.mark.parametrize(
    ("table", "which", "keys"),
    [
        ("results", {"procedure": "ВПР"}, ["ВПР"]),
        ("results", {"procedure": "ОГЭ"}, ["ОГЭ"]),
        ("results", {"procedure": "ЕГЭ", "subject": "физика"}, ["ЕГЭ/физика"]),
        ("results", {"procedure": "ВПР", "subject": MATHS}, ["ВПР/математика"]),
        ("results", {"procedure": "ВПР", "grade": 6}, ["ВПР/6_класс"]),
        ("results", {"procedure": "ВПР", "grade": 6, "subject": MATHS}, ["ВПР/математика/6_класс"]),
        ("results", {}, ["ВПР", "ЕГЭ", "ОГЭ"]),
        ("certificates", {"level": "СОО"}, ["аттестаты/СОО"]),
        ("certificates", {}, ["аттестаты"]),
        ("social", {}, ["социальные_условия"]),
    ],
)
def test_what_a_year_lacks_is_named_once_by_its_coarsest_name(table, which, keys):
    rows = drop(build_region(), table, 2024, **which)
    assert list_keys(rows) == keys
    assert list_keys(rows, 2023) == []


def test_what_one_school_still_has_is_not_missing():
    rows = build_region()
    assert list_keys(drop(rows, "results", 2024, procedure="ВПР", school_id="01")) == []


def test_blank_column_of_social_data_is_missing_and_a_zero_is_not():
    rows = build_region()
    assert list_keys(blank(rows, "social", 2024, "free_lunch")) == ["социальные_условия/free_lunch"]
    zeros = rows | {"social": [row | {"free_lunch": 0} for row in rows["social"]]}
    assert list_keys(zeros) == []


def test_blank_or_unattended_rows_are_no_data():
    numbers = ("participants", "mark_2", "mark_3", "mark_4", "mark_5", "below_min", "score_80_plus", "mean_score")
    rows = build_region()
    assert set(list_keys(blank(rows, "results", 2024, *numbers))) == {"ВПР", "ЕГЭ", "ОГЭ"}
    nobody = rows | {
        "results": [
            row | dict.fromkeys(numbers) | {"participants": 0} if row["year"] == 2024 else row
            for row in rows["results"]
        ]
    }
    assert set(list_keys(nobody)) == {"ВПР", "ЕГЭ", "ОГЭ"}


def test_rows_without_a_grade_may_be_of_any_grade():
    rows = build_region()
    ungraded = [
        row | {"grade": None} if row["year"] == 2024 and row["procedure"] != "ВПР" else row for row in rows["results"]
    ]
    assert list_keys(rows | {"results": ungraded}) == []


def test_year_is_compared_with_the_last_one_that_has_data():
    assert list_keys(drop(build_region((2021, 2024)), "results", 2024, procedure="ВПР")) == ["ВПР"]
    (gap,) = find_missing(tables(**drop(build_region((2021, 2024)), "results", 2024, procedure="ВПР")))
    assert (gap.before, gap.schools) == (2021, 2)


def test_year_with_a_register_alone_has_not_begun(methodology):
    rows = build_region()
    rows["schools"] += [school(name, 2025) for name in ("01", "02")]
    assert judge(rows, methodology) == ()


def test_year_with_social_data_alone_lacks_the_rest():
    rows = build_region()
    rows["social"] += [condition("01", 2025)]
    assert list_keys(rows, 2025) == ["ВПР", "ЕГЭ", "ОГЭ", "аттестаты"]


def test_lists_depend_on_what_the_methodology_takes(methodology):
    rows = drop(build_region(), "results", 2024, procedure="ЕГЭ", subject="физика")
    assert [gap.is_needed for gap in judge(rows, methodology)] == [False]
    rows = drop(build_region(), "results", 2024, procedure="ВПР", grade=7)
    assert [gap.is_needed for gap in judge(rows, methodology)] == [False]
    for which in ({"procedure": "ВПР", "grade": 6}, {"procedure": "ОГЭ", "subject": MATHS}):
        assert [gap.is_needed for gap in judge(drop(build_region(), "results", 2024, **which), methodology)] == [True]


def test_methodology_without_vpr_does_not_need_it(methodology):
    results = methodology.domains["results"]
    kept = tuple(item for item in results.indicators if item.block != "vpr")
    domains = methodology.domains | {"results": results.model_copy(update={"indicators": kept})}
    procedures = tuple(item for item in methodology.fioko.procedures if "ВПР" not in item.rows.procedure)
    federal = methodology.fioko.model_copy(update={"procedures": procedures})
    without = methodology.model_copy(update={"domains": domains, "fioko": federal})
    rows = drop(build_region(), "results", 2024, procedure="ВПР")
    assert [gap.is_needed for gap in judge(rows, without)] == [False]
    check_missing(judge(rows, without), 2024, "")


def test_indicator_that_no_school_of_a_year_has_is_missing_without_a_year_before(methodology):
    rows = {name: [row for row in own if row["year"] == 2024] for name, own in build_region().items()}
    assert judge(rows, methodology) == ()
    lacking = judge(blank(rows, "social", 2024, "guardianship"), methodology)
    assert [(gap.key, gap.is_needed) for gap in lacking] == [("guardianship", True)]
    lacking = judge(blank(rows, "results", 2024, "score_80_plus"), methodology)
    assert {gap.key for gap in lacking} == {"ege_rus_80", "ege_math_80"}


def test_indicator_is_not_told_beside_what_explains_it(methodology):
    rows = blank(build_region(), "social", 2024, "free_lunch")
    assert [gap.key for gap in judge(rows, methodology)] == ["социальные_условия/free_lunch"]


def test_procedure_missing_for_two_years_is_asked_for_by_the_methodology(methodology):
    rows = drop(drop(build_region(), "results", 2023, procedure="ВПР"), "results", 2024, procedure="ВПР")
    gaps = judge(rows, methodology)
    assert [gap.key for gap in gaps if gap.year == 2023] == ["ВПР"]
    assert {gap.key for gap in gaps if gap.year == 2024} >= {"vpr_rus_2", "vpr_math_gap"}
    check_missing(gaps, 2024, "ВПР")


def test_exam_that_was_held_nowhere_is_not_missing(methodology):
    rows = drop(build_region((2019, 2020)), "results", 2020, procedure="ОГЭ")
    rows = drop(rows, "results", 2020, procedure="ЕГЭ", subject="математика (базовая)")
    assert judge(rows, methodology) == ()
    assert list_keys(drop(rows, "results", 2020, procedure="ВПР"), 2020) == ["ВПР"]


def test_exams_not_held_have_a_source():
    assert all(exam.source for exam in load_exams().not_held)
    assert not NotHeld(procedure="ОГЭ", years=(2020,), source="акт").covers("ОГЭ", "физика", 2021)


def test_run_stops_with_all_that_is_missing_and_how_to_go_on(methodology):
    rows = drop(build_region(), "results", 2024, procedure="ВПР")
    rows = drop(blank(rows, "social", 2024, "free_lunch"), "certificates", 2024, level="СОО")
    gaps = judge(rows, methodology)
    with pytest.raises(MissingDataError) as caught:
        check_missing(gaps, 2024, "")
    text = str(caught.value)
    assert "ВПР: за 2024 год данных нет ни у одной школы, а за 2023 год они есть у 2\N{NO-BREAK SPACE}школ" in text
    assert 'PARAMETERS="allow_missing=ВПР,аттестаты/СОО,социальные_условия/free_lunch"' in text
    check_missing(gaps, 2023, "")
    with pytest.raises(MissingDataError) as caught:
        check_missing(gaps, 2024, "ВПР,free_lunch")
    assert "— ВПР" not in str(caught.value)
    assert "allow_missing=ВПР,free_lunch,аттестаты/СОО" in str(caught.value)


@pytest.mark.parametrize(
    "allowed",
    ["ВПР", "впр", " ВПР , ОГЭ", "ВПР/русский_язык", "ВПР/Русский язык", "ВПР/русский_язык/5_класс", "все", "Все"],
)
def test_whole_allows_its_parts_however_it_is_written(allowed):
    gap = Gap(2024, "results", "ВПР", "русский язык", 5, before=2023, is_needed=True)
    check_missing([gap], 2024, allowed)


@pytest.mark.parametrize("allowed", ["", ",", "ОГЭ", "ВПР/математика", "русский язык", "ВПР/6_класс", "ВП"])
def test_other_names_do_not_allow_it(allowed):
    gap = Gap(2024, "results", "ВПР", "русский язык", 5, before=2023, is_needed=True)
    with pytest.raises(MissingDataError):
        check_missing([gap], 2024, allowed)


def test_what_is_left_is_read_again(tmp_path):
    gaps = (
        Gap(2024, "results", "ВПР", "русский язык", 5, before=2023, schools=3, is_needed=True),
        Gap(2024, "social", column="free_lunch", title="Бесплатное питание", before=2023, schools=1),
        Gap(2020, "social", title="Под опекой", indicator="guardianship", is_needed=True),
    )
    write_missing(gaps, tmp_path)
    assert read_missing(tmp_path) == gaps
    write_missing((), tmp_path)
    assert read_missing(tmp_path) == ()


def test_warnings_name_what_is_missing_and_no_file():
    gap = Gap(2024, "results", "ВПР", before=2023, schools=1)
    (problem,) = report_missing([gap, replace(gap, before=None, indicator="a", title="б")])
    assert problem.severity == "предупреждение"
    assert problem.message.startswith("ВПР: за 2024 год данных нет ни у одной школы, а за 2023 год они есть у 1")
    assert problem.message.endswith(f". {missing.PUT_THERE}")


def test_first_stage_tells_what_is_missing_by_the_headings_of_files(tmp_path):
    social = [*ROWS["social"], "2021,027000,130,1,2,3,4,5,6,7,8,9,,11"]
    raw = build_raw(tmp_path, social=social, schools=[*ROWS["schools"], ROWS["schools"][0].replace("2020", "2021")])
    told = ingest_folder(raw, LAYOUTS).problems
    assert set(told["severity"]) == {"предупреждение"}
    named = [message.split(":")[0] for message in told["message"]]
    assert named == ["ЕГЭ", "ОГЭ", "Аттестаты", "Социальные условия, Бесплатное питание"]
    assert "Бесплатное питание" in HEADINGS["social"]
    assert len(SOCIAL_COUNTS) == 11
