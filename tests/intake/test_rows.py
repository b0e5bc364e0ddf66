import numpy as np
import pytest
from builders_office import VPR, list_rows, read_one, save_book
from hypothesis import given
from hypothesis import strategies as st

from effschool.intake.rows import apportion

MARKS = ("mark_2", "mark_3", "mark_4", "mark_5")
TITLES = [["ВПР 2023. 5 класс"], ["Предмет: Русский язык"], ["Статистика по отметкам"]]


def share(total: float, *percent: float) -> list[float]:
    counts, _ = apportion(np.array([float(total)]), np.array([percent], dtype="float64"))
    return counts[0].tolist()


@given(st.lists(st.integers(0, 400), min_size=2, max_size=8).filter(sum), st.integers(1, 2))
def test_counts_come_back_from_rounded_per_cents(counts, digits):
    total = sum(counts)
    percent = [round(100 * count / total, digits) for count in counts]
    shared = share(total, *percent)
    assert sum(shared) == total
    assert all(value >= 0 for value in shared)
    if total * len(counts) < 100 * 10**digits:  # otherwise rounding hides single pupils
        assert shared == counts


@given(st.integers(1, 1000), st.permutations([10.0, 20.0, 30.0, 40.0]))
def test_order_of_parts_does_not_matter_where_no_remainders_are_equal(total, percent):
    found = dict(zip(percent, share(total, *percent), strict=True))
    exact = {value: value * total / 100 for value in percent}
    assert all(abs(found[value] - exact[value]) < 1 for value in percent)


@pytest.mark.parametrize(
    ("total", "percent", "expected"),
    [
        (3, (33.3, 33.3, 33.3, 0), [1, 1, 1, 0]),
        (7, (0.142857, 0.857143, 0, 0), [1, 6, 0, 0]),  # shares of 1: cells in the format of per cent
        (0, (0, 0, 0, 0), [0, 0, 0, 0]),
        (10, (100, np.nan, np.nan, np.nan), [10, 0, 0, 0]),
    ],
)
def test_shared_by_hand(total, percent, expected):
    assert share(total, *percent) == expected


@pytest.mark.parametrize(("total", "percent"), [(np.nan, (50, 50)), (10, (np.nan, np.nan)), (10, (50, 30))])
def test_what_cannot_be_shared_is_missing(total, percent):
    assert np.isnan(share(total, *percent)).all()


def statistics(*rows, heading=VPR, titles=TITLES):
    return [*titles, heading, *rows, ["* по данным ОО"]]


def school(code="270123", *rest):
    return [f"МБОУ СОШ № 1 (edu{code})", 1, *rest]


def test_federal_statistics_are_read(tmp_path):
    rows = [["Вся выборка", 9, 900, 25, 25, 25, 25], ["Район", 2, 30, 25, 25, 25, 25]]
    rows += [school("270123", 8, 12.5, 50, 25, 12.5), ["Школа (sch270124)", 1, 3, 0, 66.67, 33.33, 0]]
    (taken,) = read_one(save_book(tmp_path / "файл.xlsx", {"Лист1": statistics(*rows)}))
    assert taken.layout.id == "vpr-statistics"
    assert list_rows(taken, "school_id", "year", "grade", "subject", "procedure", "participants", *MARKS) == [
        ("270123", 2023, 5, "русский язык", "ВПР", 8, 1, 4, 2, 1),
        ("270124", 2023, 5, "русский язык", "ВПР", 3, 0, 2, 1, 0),
    ]
    assert set(list_rows(taken, "source_note")) == {("число учеников восстановлено из процентов",)}
    assert list_rows(taken, "source_row") == [(7,), (8,)]


@pytest.mark.parametrize(
    "name",
    [
        "СОШ № 2 Ясного района (edu99002)",
        "СОШ № 3 Ясного района (еdu990003)",
        "СОШ № 4 Ясный район, 990004",
        "Итоговая школа № 3",
    ],
)
def test_school_whose_login_is_wrong_is_not_passed_over_silently(tmp_path, name):
    rows = statistics(
        ["Ясный район", 1, 8, 25, 25, 25, 25], [name, 1, 8, 25, 25, 25, 25], school("270123", 4, 25, 25, 25, 25)
    )
    (taken,) = read_one(save_book(tmp_path / "файл.xlsx", {"Лист1": rows}))
    assert [problem.value for problem in taken.problems] == [name]


@pytest.mark.parametrize(
    "name", ["* СОШ 2 (edu990002)", "Итоговая школа № 3 (edu990002)", "Всегоградская СОШ (edu990002)"]
)
def test_school_with_a_login_is_taken_however_its_name_begins(tmp_path, name):
    (taken,) = read_one(save_book(tmp_path / "файл.xlsx", {"Лист1": statistics([name, 1, 8, 25, 25, 25, 25])}))
    assert list_rows(taken, "school_id") == [("990002",)]


def test_share_in_a_wide_table_becomes_a_count_and_is_not_taken_for_one(tmp_path):
    upper = ["Муниципалитет", "Код ОО", "ОО", "Русский язык", "", "", ""]
    lower = ["", "", "", "Количество участников", "Средний балл", "Ниже минимума, %", "80 и выше, %"]
    rows = [["ЕГЭ 2022"], upper, lower, ["Район", "270123", "СОШ", 40, 61.5, 5, 10]]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": rows}))
    assert list_rows(taken, "participants", "below_min", "score_80_plus") == [(40, 2, 4)]


def test_two_rows_of_header_are_read(tmp_path):
    heading = [["", "", "", "Распределение отметок, %", "", "", ""], VPR]
    rows = [*TITLES, *heading, school("270123", 8, 12.5, 50, 25, 12.5)]
    (taken,) = read_one(save_book(tmp_path / "файл.xlsx", {"Лист1": rows}))
    assert list_rows(taken, *MARKS) == [(1, 4, 2, 1)]


def test_per_cents_that_do_not_make_100_are_named(tmp_path):
    rows = statistics(school("270123", 8, 12.5, 50, 25, 0))
    (taken,) = read_one(save_book(tmp_path / "файл.xlsx", {"Лист1": rows}))
    (problem,) = [problem for problem in taken.problems if problem.severity == "ошибка"]
    assert (problem.row, problem.value) == (5, "87,5")
    assert "проценты вместе дают 100" in problem.expected


def test_year_and_subject_may_stand_in_the_name_of_sheet_or_file(tmp_path):
    titles = [["Статистика по отметкам"], ["Предмет: Химия"]]
    book = {"8 класс": statistics(school("270123", 4, 25, 25, 25, 25), titles=titles)}
    (taken,) = read_one(save_book(tmp_path / "ВПР-2024.xlsx", book))
    assert list_rows(taken, "year", "grade", "subject") == [(2024, 8, "химия")]


def test_comparison_with_the_journal_belongs_to_the_school_above(tmp_path):
    def group(name, *counts):
        labels = ["Понизили (Отметка < Отметка по журналу) %", "Подтвердили (=) %", "Повысили (>) %", "Всего"]
        return [[name], *([label, count, 1] for label, count in zip(labels, counts, strict=True))]

    titles = [["ВПР 2023. 5 класс"], ["Предмет: Математика"], ["Сравнение отметок с отметками по журналу"]]
    rows = [*titles, ["Группы участников", "Кол-во участников", "%"]]
    rows += [*group("Вся выборка", 9, 9, 9, 27), *group("СОШ (edu270123)", 1, 5, 2, 8)]
    rows += [*group("Другой район", 7, 7, 7, 21), *group("СОШ (edu270124)", 0, 3, 1, 4)]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": rows}))
    assert list_rows(taken, "school_id", "change", "pupils") == [
        ("270123", "понизили", 1),
        ("270123", "подтвердили", 5),
        ("270123", "повысили", 2),
        ("270124", "понизили", 0),
        ("270124", "подтвердили", 3),
        ("270124", "повысили", 1),
    ]


def test_comparison_with_the_journal_may_name_differences_of_two(tmp_path):
    rows = [["ВПР 2023. 5 класс"], ["Предмет: Математика"], ["Сравнение отметок с отметками по журналу"]]
    rows += [["Группы участников", "Кол-во участников", "%"], ["СОШ (edu270123)"]]
    labels = ("Понизили %", "Понизили на 2 и более", "Подтвердили %", "Повысили %", "Повысили на две отметки и больше")
    rows += [[label, count, 1] for label, count in zip(labels, (3, 1, 5, 2, 0), strict=True)]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": rows}))
    assert list_rows(taken, "change", "pupils") == [
        ("понизили", 3),
        ("понизили на две и больше", 1),
        ("подтвердили", 5),
        ("повысили", 2),
        ("повысили на две и больше", 0),
    ]


def test_primary_scores_become_long(tmp_path):
    titles = [["ВПР 2023. 4 класс"], ["Предмет: Математика"]]
    heading = [["", "", "Распределение первичных баллов", "", ""], ["Группы участников", "Кол-во участников", 0, 1, 2]]
    rows = [*titles, *heading, ["СОШ (edu270123)", 4, 25, 0, 75]]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": rows}))
    assert taken.layout.id == "vpr-scores"
    assert list_rows(taken, "school_id", "score", "participants", "pupils") == [
        ("270123", 0, 4, 1),
        ("270123", 1, 4, 0),
        ("270123", 2, 4, 3),
    ]


def test_wide_table_becomes_long(tmp_path):
    upper = ["Муниципалитет", "Код ОО", "ОО", "Русский язык", "", "", "", "Физика", "", "", ""]
    lower = ["", "", "", *["Количество участников", "Средний балл", "Ниже минимума", "80 и выше"] * 2]
    rows = [["ЕГЭ 2022"], upper, lower, ["Район", "270123", "СОШ", 9, 61.5, 1, 2, 3, "40,5", 0, 0]]
    rows += [["", "270124", "СОШ 2", 4, 55, 0, 0, "", "", "", ""], ["Итого по муниципалитету", "", "", 13, 59, 1, 2]]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": rows}))
    assert taken.is_accepted
    columns = ("school_id", "subject", "participants", "mean_score", "below_min", "score_80_plus")
    assert sorted(list_rows(taken, *columns)) == [
        ("270123", "русский язык", 9, 61.5, 1, 2),
        ("270123", "физика", 3, 40.5, 0, 0),
        ("270124", "русский язык", 4, 55.0, 0, 0),
    ]


def test_marked_schools_become_long(tmp_path):
    heading = ["Год", "Логин", "Наименование ОО", "4 РУ", "4 МА", "5 РУ", "5 МА", "Всего"]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Л": [heading, [2022, "edu270123", "СОШ", 1, "", "", 1, 2]]}))
    assert list_rows(taken, "school_id", "subject", "grade", "marked") == [
        ("270123", "русский язык", 4, 1),
        ("270123", "математика", 5, 1),
    ]
