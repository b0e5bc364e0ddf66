import pytest
from builders_office import EGE, OGE, VPR, graduate, pupil, read_one, save_book
from builders_raw import HEADINGS, ROWS, split, write_csv
from openpyxl import load_workbook

CERTIFICATES = split(HEADINGS["certificates"], *ROWS["certificates"])
TITLES = [["ВПР 2023. 5 класс"], ["Предмет: Химия"], ["Статистика по отметкам"]]


def test_unknown_file_is_said_with_the_nearest_layout_and_what_is_missing(tmp_path):
    heading = ["Код ОО", "Предмет", "Статус", "Оценки"]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": [heading, ["01", "Химия", "", 5]]}))
    (problem,) = taken.problems
    assert "ОГЭ и ГВЭ-9, протокол с учениками" in problem.action
    assert "не хватает слово «ОГЭ» в названии" in problem.action
    assert problem.severity == "ошибка"  # half of what the layout requires is there


def test_file_of_no_known_kind_is_a_warning(tmp_path):
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": [["Блюдо", "Цена"], ["Суп", 50]]}))
    assert [problem.severity for problem in taken.problems] == ["предупреждение"]
    assert "Ближе всего" not in taken.problems[0].message


def test_misspelt_heading_is_an_error_that_names_it(tmp_path):
    rows = [*TITLES, [*VPR[:2], "Число учащихся", *VPR[3:]], ["СОШ (edu270123)", 1, 4, 25, 25, 25, 25]]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": rows}))
    assert not taken.is_accepted
    assert "столбца «Кол-во участников»" in taken.problems[0].action


def test_every_sheet_of_a_kind_is_read_and_others_are_left_alone(tmp_path):
    book = {
        "Инструкция": [["Как заполнять"]],
        "2022": [["ЕГЭ 2022"], ["Примечание"]],
        "ЕГЭ 2023": [EGE, graduate("01", 50)],
        "ОГЭ 2023": [OGE, pupil("01", 5)],
    }
    taken = read_one(save_book(tmp_path / "a.xlsx", book))
    assert [(sheet.sheet, sheet.layout.id) for sheet in taken] == [
        ("ЕГЭ 2023", "ege-protocol"),
        ("ОГЭ 2023", "oge-protocol"),
    ]


def test_sheet_that_goes_on_without_a_header_is_told(tmp_path):
    book = {
        "Лист1": [["ОГЭ 2023"], OGE, pupil("01", 5)],
        "Лист2": [pupil("01", 4, primary=20), pupil("02", 3, primary=9)],
    }
    book["Лист2"] = [
        [1, 990001, 9, "Участник", 77, 1, "ОГЭ", 20, 4, ""],
        [2, 990001, 9, "Участник", 78, 1, "ОГЭ", 9, 3, ""],
    ]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", book))
    assert [(problem.sheet, problem.severity) for problem in taken.problems] == [("Лист2", "предупреждение")]


def test_hidden_sheet_is_not_read(tmp_path):
    path = save_book(tmp_path / "a.xlsx", {"Аттестаты": CERTIFICATES, "Старое": CERTIFICATES})
    book = load_workbook(path)
    book["Старое"].sheet_state = "hidden"
    book.save(path)
    assert [sheet.sheet for sheet in read_one(path)] == ["Аттестаты"]


def test_file_with_its_own_layout_is_not_taken_for_another(tmp_path):
    (taken,) = read_one(write_csv(tmp_path / "certificates.csv", [HEADINGS["certificates"], *ROWS["certificates"]]))
    assert taken.layout.id == "contract-certificates"
    (taken,) = read_one(write_csv(tmp_path / "Аттестаты.csv", [HEADINGS["certificates"], *ROWS["certificates"]]))
    assert taken.layout.id == "certificates-any"


@pytest.mark.parametrize("above", [0, 1, 12])
def test_titles_above_the_header_do_not_hide_it(tmp_path, above):
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Л": [["Управление образования"]] * above + CERTIFICATES}))
    assert taken.is_accepted
    assert taken.rows == 2
