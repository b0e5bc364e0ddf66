import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effschool.report.charts import start_figure
from effschool.report.display import Chart, Table, Text
from effschool.report.workbook import CONTENTS, HEADER_ROW, About, name_sheet, write_workbook

FRAME = pd.DataFrame(
    {
        "Школа": ["а", "=1+1", "@б", "-в"],
        "Число": pd.array([1, None, 3, 4], dtype="Int64"),
        "Доля": [0.25, np.nan, 27.625, 100.0],
        "Год": ["2021", "2022", None, "2023"],
    }
)


def make(path, *parts, title="Книга"):
    write_workbook(parts or (Table("Лист", "Заголовок", FRAME, note="Примечание"),), path, title)
    return openpyxl.load_workbook(path)


@pytest.fixture
def sheet(tmp_path):
    return make(tmp_path / "b.xlsx")["Лист"]


def test_values_are_kept_at_full_precision(sheet):
    rows = [list(row) for row in sheet.iter_rows(min_row=HEADER_ROW, max_row=HEADER_ROW + 4, values_only=True)]
    assert rows[0] == list(FRAME.columns)
    assert rows[1] == ["а", 1, 0.25, "2021"]
    assert rows[2] == ["=1+1", None, None, "2022"]
    assert rows[3] == ["@б", 3, 27.625, None]


def test_text_is_never_a_formula(sheet):
    cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.quotePrefix for cell in sheet["A"][HEADER_ROW : HEADER_ROW + 4]] == [False, True, True, True]


def test_harmful_heading_title_and_note_are_text(tmp_path):
    frame = pd.DataFrame({"=A1": ["а"]})
    book = make(tmp_path / "b.xlsx", Table("к", "=A1", frame, note="=A1"))
    assert [cell.value for cell in book[CONTENTS][3]] == ["к", "=A1", "=A1"]
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}


def test_panes_are_frozen_and_the_header_has_a_filter(sheet):
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == "A1:D5"


def test_text_after_a_character_that_is_dropped_is_no_formula(tmp_path):
    frame = pd.DataFrame({"Школа": ["\x01=1+1", "\t=1+1", "\r@а", "+7 (421)"]})
    cells = make(tmp_path / "b.xlsx", Table("к", "З", frame))["к"]["A"][HEADER_ROW:]
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)


def test_columns_are_as_wide_as_what_they_hold(tmp_path):
    frame = pd.DataFrame({"№": range(1, 4), "Школа": "А" * 40, "Доля": 1 / 3, "Причина": "слово " * 40})
    sheet = make(tmp_path / "b.xlsx", Table("к", "З", frame))["к"]
    widths = [sheet.column_dimensions[letter].width for letter in "ABCD"]
    assert widths[0] <= 6
    assert widths[2] < 10
    assert widths[1] >= 40
    assert widths[3] == 60


def test_long_text_is_shown_whole_and_prints_on_a_page(tmp_path):
    frame = pd.DataFrame({"№": [1, 2], "Причина": ["слово " * 40, "слово"]})
    sheet = make(tmp_path / "b.xlsx", Table("к", "З", frame, note="Примечание " * 30))["к"]
    assert sheet["B2"].alignment.wrap_text
    assert [sheet.row_dimensions[row].height for row in (2, 3)] == [75, None]
    assert sheet.parent[CONTENTS].row_dimensions[3].height > 60
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.print_title_rows) == (
        "landscape",
        0,
        "$1:$1",
    )


def test_workbook_holds_no_macro_and_nothing_outside(tmp_path):
    make(tmp_path / "b.xlsx")
    with zipfile.ZipFile(tmp_path / "b.xlsx") as archive:
        names = archive.namelist()
        texts = [archive.read(name).decode() for name in names if name.endswith((".rels", ".xml"))]
    assert not [name for name in names if "vba" in name.casefold() or "external" in name.casefold()]
    assert not [text for text in texts if 'TargetMode="External"' in text or "<f>" in text]


def test_table_without_rows_is_a_sheet(tmp_path):
    sheet = make(tmp_path / "b.xlsx", Table("к", "З", FRAME.head(0)))["к"]
    assert [cell.value for cell in sheet[HEADER_ROW]] == list(FRAME.columns)
    assert sheet.auto_filter.ref == "A1:D1"


def test_sheets_stand_in_the_order_of_the_parts_and_notes_have_none(tmp_path):
    figure, _ = start_figure(2)
    chart = Chart("ch", "З", "П.", figure, Table("Второй", "З", FRAME))
    book = make(tmp_path / "b.xlsx", Table("Первый", "З", FRAME), Text(("нет данных",)), chart)
    assert book.sheetnames == [CONTENTS, "Первый", "Второй"]
    assert book.active.title == "Первый"
    assert book.properties.title == "Книга"


def test_titles_and_notes_stand_on_a_sheet_of_their_own(tmp_path):
    tables = Table("Лист", "Заголовок", FRAME, note="Примечание"), Table("Другой", "Второй", FRAME)
    book = make(tmp_path / "b.xlsx", *tables)
    rows = [list(row) for row in book[CONTENTS].iter_rows(values_only=True)]
    assert rows[0] == ["Лист", "Таблица", "Примечание"]
    assert rows[1:] == [[CONTENTS, "Книга", None], ["Лист", "Заголовок", "Примечание"], ["Другой", "Второй", None]]
    assert [book[key].max_row for key in ("Лист", "Другой")] == [1 + len(FRAME)] * 2


def test_book_says_for_whom_it_is(tmp_path):
    write_workbook([], tmp_path / "b.xlsx", "Книга", About(2023, remarks=("Не публиковать.", "Вымышлено.")))
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")[CONTENTS]
    assert [cell.value for cell in sheet[2]] == [CONTENTS, "Книга", "Не публиковать. Вымышлено."]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["Школа", "Список"], ["Школа", "Код", "Год", "Список"]),
        (["Школа", "Код", "Список"], ["Школа", "Код", "Год", "Список"]),
        (["Школа", "Код", "Год"], ["Школа", "Код", "Год"]),
        (["Показатель", "Регион"], ["Показатель", "Год", "Регион"]),
        (["Список"], ["Список", "Год"]),
    ],
)
def test_every_table_says_year_and_every_school_its_code(tmp_path, columns, expected):
    frame = pd.DataFrame([["1. МБОУ СОШ" if name == "Школа" else "2019" for name in columns]], columns=columns)
    codes = {"1. МБОУ СОШ": "100020"}
    write_workbook([Table("к", "З", frame)], tmp_path / "b.xlsx", "Книга", About(2023, codes))
    written = pd.read_excel(tmp_path / "b.xlsx", sheet_name="к", dtype=object, engine="openpyxl")
    assert list(written) == expected
    assert written["Год"].tolist() == [2019 if "Год" in columns else 2023]
    if "Код" not in columns and "Код" in written:
        assert written["Код"].tolist() == ["100020"]


def test_years_that_are_not_all_known_stay_as_they_are(tmp_path):
    sheet = make(tmp_path / "b.xlsx")["Лист"]
    assert [row[3] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["2021", "2022", None, "2023"]


@pytest.mark.parametrize("key", ["Первый", CONTENTS])
def test_same_key_twice_is_refused(tmp_path, key):
    with pytest.raises(ValueError, match=key):
        make(tmp_path / "b.xlsx", Table("Первый", "З", FRAME), Table(key, "И", FRAME))
    assert not list(tmp_path.iterdir())


def test_same_tables_are_the_same_bytes_without_the_time(tmp_path):
    first, second = tmp_path / "1.xlsx", tmp_path / "2.xlsx"
    make(first)
    make(second)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert core.count("2000-01-01T00:00:00Z") == 2


def test_control_characters_are_dropped(tmp_path):
    frame = pd.DataFrame({"Школа": ["а\x00б\x1fв"]})
    assert make(tmp_path / "b.xlsx", Table("к", "З", frame))["к"]["A2"].value == "абв"


@given(key=st.text(min_size=1, max_size=50))
def test_name_of_a_sheet_is_one_that_excel_takes(key):
    name = name_sheet(key)
    assert 0 < len(name) <= 31
    assert not set(name) & set("[]:*?/\\")


def test_failure_leaves_nothing_half_written(tmp_path):
    frame = pd.DataFrame({"Школа": [object()]})
    with pytest.raises(ValueError, match="Cannot convert"):
        make(tmp_path / "b.xlsx", Table("к", "З", frame))
    assert not list(tmp_path.iterdir())
