import numpy as np
import pandas as pd
import pytest

from effschool.base.russian import (
    choose_word,
    count_words,
    fold_lookalikes,
    format_number,
    format_percent,
    join_words,
    name_spans,
    quote_title,
    set_spaces,
)

NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 школ"),
        (1, "1 школа"),
        (2, "2 школы"),
        (4, "4 школы"),
        (5, "5 школ"),
        (11, "11 школ"),
        (12, "12 школ"),
        (21, "21 школа"),
        (22, "22 школы"),
        (111, "111 школ"),
        (112, "112 школ"),
        (121, "121 школа"),
    ],
)
def test_counted_words_take_the_form_the_number_asks_for(number, expected):
    assert count_words(number, "школа", "школы", "школ") == expected.replace(" ", NBSP)


def test_word_of_a_negative_number_is_that_of_its_size():
    assert choose_word(-1, "балл", "балла", "баллов") == "балл"


def test_percent_has_a_comma_and_a_non_breaking_space():
    assert format_percent(8 / 29 * 100) == f"27,6{NBSP}%"
    assert format_percent(10 / 29 * 100) == f"34,5{NBSP}%"


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA])
def test_missing_is_said_and_not_a_zero(missing):
    assert format_number(missing) == "нет данных"
    assert format_percent(missing) == "нет данных"


def test_negative_has_a_real_minus():
    assert format_number(-20.5, 1) == "\N{MINUS SIGN}20,5"
    assert format_number(-1234) == f"\N{MINUS SIGN}1{NBSP}234"


@pytest.mark.parametrize("value", [-0.0, -0.04, 0.04])
def test_what_rounds_to_zero_has_no_sign(value):
    assert format_number(value, 1) == "0,0"


@pytest.mark.parametrize(
    ("value", "digits", "expected"),
    [(0.5, 0, "1"), (2.5, 0, "3"), (-2.5, 0, "\N{MINUS SIGN}3"), (0.25, 1, "0,3"), (2.675, 2, "2,68"), (2.49, 0, "2")],
)
def test_halves_are_rounded_away_from_zero(value, digits, expected):
    assert format_number(value, digits) == expected


def test_thousands_are_parted():
    assert format_number(np.int64(1234567)) == f"1{NBSP}234{NBSP}567"


def test_words_are_joined_in_russian():
    assert join_words(["а", "б", "в"]) == "а, б и в"
    assert join_words(["а"]) == "а"
    assert join_words([]) == ""


def test_quotation_marks_inside_a_title_are_of_another_kind():
    assert quote_title("ОГЭ: «2»") == "«ОГЭ: „2“»"
    assert quote_title("ОГЭ") == "«ОГЭ»"


@pytest.mark.parametrize(
    ("plain", "joined"),
    [
        ("27,6 % школ", "27,6~% школ"),
        ("МБОУ СОШ № 5", "МБОУ СОШ №~5"),
        ("Список — повод", "Список~— повод"),
        ("за 2023 год", "за 2023~год"),
        ("школа г. Хабаровск", "школа г.~Хабаровск"),
        ("А. С. Пушкина", "А.~С.~Пушкина"),
        ("у 5 школ. Их 3", "у 5 школ. Их 3"),
        ('<td class="number"> % </td>', '<td class="number"> % </td>'),
    ],
)
def test_spaces_hold_together_what_belongs_together(plain, joined):
    assert set_spaces(plain) == joined.replace("~", NBSP)
    assert set_spaces(plain).replace(NBSP, " ") == plain


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Нижнереченcкий район", "Нижнереченский район"),
        ("COШ № 5", "СОШ № 5"),
        ("MБОУ", "МБОУ"),
        ("Koд OO", "Код OO"),
        ("Mуниципалитет", "Муниципалитет"),
        ("Чёрный".replace("ё", "ë"), "Чёрный"),
        ("Верхнии\u0306 ручеи\u0306", "Верхний ручей"),
        ("участников, чeл.", "участников, чел."),
    ],
)
def test_latin_lookalikes_in_cyrillic_words_are_cyrillic(written, expected):
    assert fold_lookalikes(written) == expected


@pytest.mark.parametrize("written", ["edu270001", "Excel", "COM", "OMC", "Windows и Excel", "N", "ЕГЭ-total", "", "«»"])
def test_words_in_latin_letters_stay(written):
    assert fold_lookalikes(written) == written


def test_word_with_a_letter_of_no_cyrillic_look_stays():
    assert fold_lookalikes("Районs") == "Районs"
    assert fold_lookalikes("Hаme") == "Hаme"


@pytest.mark.parametrize(
    ("years", "told"),
    [
        ([], []),
        ([2021], ["2021"]),
        ([2022, 2021], ["2021", "2022"]),
        ([2019, 2021, 2022, 2023], ["2019", "2021–2023"]),
        ([2018, 2019, 2020, 2022, 2023], ["2018–2020", "2022", "2023"]),
    ],
)
def test_three_years_in_a_row_and_more_are_a_span(years, told):
    assert name_spans(years) == told
