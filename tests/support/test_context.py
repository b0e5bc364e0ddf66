from pathlib import Path

import pandas as pd
import pytest
from builders import table, tables
from builders_report import register, registered

from effschool.base.configuration import ConfigurationError
from effschool.support.context import (
    ALIKE,
    EASIER,
    HARDER,
    list_teachers,
    load_context,
    profile_schools,
    tabulate_factors,
)

PATH = Path(__file__).parents[2] / "forms" / "context.yml"
SOURCE = {"source_file": "f", "source_sheet": "", "source_row": 6}


@pytest.fixture(scope="module")
def rules():
    return load_context(PATH)


def told(code, **numbers):
    return {"year": 2022, "school_id": code, "staff": 20, **SOURCE, **numbers}


def profile(rules, *rows, teachers=(), **places):
    known = tables(context=rows, teachers=teachers)
    codes = [row["school_id"] for row in rows]
    schools = [registered(code, 2022, municipality=places.get(f"s{code}", "Район"), enrolment=100) for code in codes]
    return profile_schools(known, register(schools), rules)


def pick(frame, measure, column):
    return frame[frame["measure"] == measure].set_index("school_id")[column]


def test_shares_and_numbers_by_hand(rules):
    row = told("01", no_category=5, vacancies=5, load_hours=24.5, bussed=30, psychologists=1.0, defectologists=0.5)
    teachers = [
        {"year": 2022, "school_id": "01", "subject": subject, "teachers": 5, "courses_passed": passed, **SOURCE}
        for subject, passed in (("математика", 3), ("русский язык", 1))
    ]
    found = profile(rules, row, teachers=teachers).set_index("measure")["value"]
    wanted = {"no_category": 25, "vacancies": 20, "load": 24.5, "bussed": 30, "specialists": 1.5, "courses": 40}
    assert {name: found[name] for name in wanted} == wanted


def test_what_nobody_told_has_no_row_and_zero_is_a_number(rules):
    found = profile(rules, told("01", no_category=0))
    assert list(found["measure"]) == ["no_category"]
    assert list(found["value"]) == [0]


def test_few_teachers_and_parts_above_the_whole_have_no_value(rules):
    few, more = told("01", staff=4, no_category=1), told("02", bussed=101)
    assert profile(rules, few, more).empty


def test_school_stands_beside_the_middle_half_of_its_group(rules):
    rows = [told(f"0{n}", load_hours=hours) for n, hours in enumerate((18, 20, 22, 24, 40))]
    found = profile(rules, *rows)
    assert list(pick(found, "load", "stands")) == [EASIER, ALIKE, ALIKE, ALIKE, HARDER]
    assert set(pick(found, "load", "low")) == {20.0}
    assert set(pick(found, "load", "high")) == {24.0}


def test_less_is_harder_where_the_rules_say_so(rules):
    rows = [told(f"0{n}", practices=number) for n, number in enumerate((0, 2, 2, 2, 9))]
    assert list(pick(profile(rules, *rows), "practices", "stands")) == [HARDER, ALIKE, ALIKE, ALIKE, EASIER]


def test_schools_of_others_behind_a_group_are_counted(rules):
    rows = [told(f"0{n}", load_hours=20) for n in range(4)]
    found = profile(rules, *rows, s03="Другой")
    assert pick(found, "load", "others").to_dict() == {"00": 1, "01": 1, "02": 1, "03": 3}


def test_words_are_harder_or_not(rules):
    found = profile(rules, told("01", internet="нет"), told("02", internet="хватает"))
    assert pick(found, "internet", "words").to_dict() == {"01": "нет", "02": "хватает"}
    assert pick(found, "internet", "stands").to_dict() == {"01": HARDER, "02": ALIKE}
    assert pick(found, "internet", "value").isna().all()


def test_region_without_a_context_has_an_empty_profile(rules):
    found = profile_schools(tables(), register([registered("01", 2022)]), rules)
    assert found.empty
    assert {"value", "stands", "others"} <= set(found)


def test_eleven_factors_lie_in_columns_of_the_contract(rules):
    assert len(rules.factors) == 11
    assert all(factor.columns for factor in rules.factors)
    known = tables(context=[told("01", load_hours=20), told("02")])
    counted = tabulate_factors(rules, known, 2022).set_index("factor")["schools"]
    assert counted["Педагогическая нагрузка учителей"] == 1
    assert counted.sum() == 1


def test_risk_factors_have_a_status_each(rules):
    statuses = pd.Series([risk.status for risk in rules.risk_factors]).value_counts()
    assert statuses.to_dict() == {"из практики": 8, "подтверждено": 4}


def test_teachers_keep_their_rows_without_their_source():
    row = {"year": 2022, "school_id": "01", "subject": "математика", "teachers": 5, **SOURCE}
    found = list_teachers(table("teachers", [row]))
    assert len(found) == 1
    assert not {"source_file", "source_row"} & set(found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("context.bussed", "context.bused", "таблица.столбец"),
        ("part: [vacancies]", "part: [vacancy]", "столбца vacancy нет"),
        ("factor: load", "factor: loads", "такого фактора"),
        ("measures: [courses, helped]", "measures: [course]", "такой строки в measures"),
    ],
)
def test_fault_of_the_context_is_named(tmp_path, old, new, words):
    text = PATH.read_text("utf-8")
    assert old in text
    (tmp_path / "c.yml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_context(tmp_path / "c.yml")
    assert words in str(caught.value)
