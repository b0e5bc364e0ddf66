import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effschool.intake.conversion import clean_text, convert_column, find_kind, parse_numbers
from effschool.intake.layouts import ColumnLayout


def convert(kind, *texts, **layout):
    column = ColumnLayout(headings=("x",), **layout) if layout else None
    return convert_column(pd.Series(texts, index=range(2, len(texts) + 2), dtype="str"), kind, column)


def list_values(converted):
    return [None if pd.isna(value) else value for value in converted.values]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("45,13", 45.13),
        ("45.13", 45.13),
        ("1\u00a0234", 1234),
        ("1 234 567,5", 1234567.5),
        ("03.04", 3.04),
        ("\u2212 5", None),
        ("\u22125", -5),
        ("1e3", 1000),
        ("12 34", None),
        ("1,234,5", None),
        ("0x10", None),
        ("nan", None),
        ("inf", None),
        ("1_000", None),
        ("-", None),
    ],
)
def test_numbers(text, number):
    found = parse_numbers(clean_text(pd.Series([text], dtype="str"))).iloc[0]
    assert pd.isna(found) if number is None else found == number


@given(st.integers(0, 9_999_999))
def test_whole_numbers_come_back_however_they_are_written(number):
    spaced = f"{number:,}".replace(",", "\u00a0")
    assert list_values(convert("count", str(number), spaced, f"{number}.0", f" {number} ")) == [number] * 4


@given(st.floats(0, 100, allow_nan=False))
def test_scores_come_back_with_point_and_comma(score):
    text = format(score, ".6f")
    assert list_values(convert("score", text, text.replace(".", ","))) == [float(text)] * 2


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("count", "12,5 %", "ожидалось число обучающихся, а не доля"),
        ("count", "12%", "ожидалось число обучающихся, а не доля"),
        ("count", "0,5", "ожидалось число обучающихся, а не доля"),
        ("whole", "9,5", "ожидалось целое число"),
        ("count", "99999999999999999999", "ожидалось число не больше 10 миллионов"),
        ("count", "#ССЫЛКА!", "ожидалось целое число, а не ошибка формулы"),
        ("count", "2021-05-03", "ожидалось целое число, а не дата"),
        ("score", "нет", "ожидалось число"),
        ("score", "=A1/2", "ожидалось число, а не формула без значения"),
        ("year", "2018/2019", "ожидался год четырьмя цифрами от 1990 до 2100"),
        ("year", "18", "ожидался год четырьмя цифрами от 1990 до 2100"),
        ("year", "2018.5", "ожидался год четырьмя цифрами от 1990 до 2100"),
        ("year", "год", "ожидался год четырьмя цифрами от 1990 до 2100"),
    ],
)
def test_what_is_no_value_is_a_fault_and_missing(kind, text, expected):
    converted = convert(kind, "2020" if kind == "year" else "7", text)
    (fault,) = converted.faults
    assert (fault.row, fault.value, fault.expected) == (3, text, expected)
    assert list_values(converted) == [2020 if kind == "year" else 7, None]


@pytest.mark.parametrize("kind", ["text", "code", "year", "count", "whole", "score"])
def test_blank_is_missing_without_a_fault(kind):
    converted = convert(kind, "", " ", "\u00a0")
    assert list_values(converted) == [None] * 3
    assert converted.faults == ()


def test_codes_keep_zeros_and_lose_what_excel_added():
    assert list_values(convert("code", "027000", "27000.0", " 027\u00a0000", "А-1")) == [
        "027000",
        "27000",
        "027 000",
        "А-1",
    ]
    assert list_values(convert("code", "100-02", "102 015", "2\u00a0811\u00a0517", "—", clean="digits")) == [
        "10002",
        "102015",
        "2811517",
        None,
    ]


def test_values_are_translated_and_others_kept_refused_or_blanked():
    values = {"ср": "средняя", "осн": "основная"}
    assert list_values(convert("text", "СР", "Основная", "лицей", values=values)) == ["средняя", "основная", "лицей"]
    refused = convert("text", "СР", "лицей", values=values, others="refuse")
    assert list_values(refused) == ["средняя", None]
    assert [(fault.value, fault.severity) for fault in refused.faults] == [("лицей", "ошибка")]
    blanked = convert("text", "лицей", values=values, others="blank")
    assert list_values(blanked) == [None]
    assert [fault.severity for fault in blanked.faults] == ["предупреждение"]


def test_patterns_give_values():
    patterns = ({"pattern": r"^г\.", "value": "город"}, {"pattern": r"^(с|пос)\.", "value": "село"})
    assert list_values(convert("text", "Г. Б", "пос. В", "с.Г", patterns=patterns)) == ["город", "село", "село"]


@pytest.mark.parametrize(
    ("table", "column", "kind"),
    [
        ("results", "year", "year"),
        ("programme", "exit_year", "year"),
        ("programme", "partner_id", "code"),
        ("results", "grade", "whole"),
        ("results", "mark_2", "count"),
        ("results", "mean_score", "score"),
        ("schools", "name", "text"),
    ],
)
def test_kind_follows_the_schema(table, column, kind):
    assert find_kind(table, column) == kind
