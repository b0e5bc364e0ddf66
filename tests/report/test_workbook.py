import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effschool.report.charts import start_figure
from effschool.report.display import Chart, Table, Text
from effschool.report.workbook import HEADER_ROW, name_sheet, write_workbook

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
    sheet = make(tmp_path / "b.xlsx", Table("к", "=A1", frame, note="=A1"))["к"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}


def test_panes_are_frozen_and_the_header_has_a_filter(sheet):
    assert sheet.freeze_panes == "B4"
    assert sheet.auto_filter.ref == "A3:D7"
    assert sheet["A1"].value == "Заголовок"
    assert sheet["A9"].value == "Примечание"


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
    assert sheet["B4"].alignment.wrap_text
    assert [sheet.row_dimensions[row].height for row in (4, 5)] == [75, None]
    assert "A7:B7" in [str(cells) for cells in sheet.merged_cells.ranges]
    assert sheet.row_dimensions[7].height > 60
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.print_title_rows) == (
        "landscape",
        0,
        "$3:$3",
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
    assert sheet.auto_filter.ref == "A3:D3"


def test_sheets_stand_in_the_order_of_the_parts_and_notes_have_none(tmp_path):
    figure, _ = start_figure(2)
    chart = Chart("ch", "З", "П.", figure, Table("Второй", "З", FRAME))
    book = make(tmp_path / "b.xlsx", Table("Первый", "З", FRAME), Text(("нет данных",)), chart)
    assert book.sheetnames == ["Первый", "Второй"]
    assert book.properties.title == "Книга"


def test_same_key_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Первый"):
        make(tmp_path / "b.xlsx", Table("Первый", "З", FRAME), Table("Первый", "И", FRAME))
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
    assert make(tmp_path / "b.xlsx", Table("к", "З", frame))["к"]["A4"].value == "абв"


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
