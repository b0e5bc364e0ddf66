import shutil
import subprocess
import zipfile
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
from builders_office import CERTIFICATES_SAV, list_rows, read_one, save_book
from openpyxl import Workbook

from effschool.base.problems import UnreadableFileError
from effschool.intake import workbooks
from effschool.intake.workbooks import open_sheets

SOFFICE = shutil.which("soffice")
ROWS = [["Год", "а", "б"], [2020, "=1/0", True], [None, "=1+1", 0.5], ["", "", "конец"]]


def list_cells(path: Path) -> list[list[str]]:
    return open_sheets(path, path.name)[0].read_grid().cells.to_numpy().tolist()


def convert(path: Path, kind: str, folder: Path) -> Path:
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [SOFFICE, profile, "--headless", "--convert-to", kind, "--outdir", str(folder / kind), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return folder / kind / f"{path.stem}.{kind}"


def test_formula_never_computed_and_error_are_kept_as_text(tmp_path):
    path = save_book(tmp_path / "a.xlsx", {"Лист": [*ROWS, ["#N/A"]]})
    assert list_cells(path)[1:3] == [["2020", "=1/0", "ИСТИНА"], ["", "=1+1", "0.5"]]
    assert list_cells(path)[4][0] == "#N/A"


@pytest.mark.skipif(SOFFICE is None, reason="нет LibreOffice (soffice), который пишет XLS и ODS")
@pytest.mark.parametrize("kind", ["xls", "ods", "xlsx"])
def test_old_excel_and_ods_show_errors_and_values(tmp_path, kind):
    path = convert(save_book(tmp_path / "a.xlsx", {"Лист": ROWS}), kind, tmp_path)
    (sheet,) = open_sheets(path, path.name)
    assert sheet.name == "Лист"
    cells = sheet.read_grid().cells.to_numpy().tolist()
    assert cells[0] == ["Год", "а", "б"]
    assert cells[1][:2] == ["2020", "#DIV/0!"]
    assert cells[2] == ["", "2", "0.5"]
    assert cells[3][2] == "конец"


def test_kind_is_seen_from_the_bytes_and_not_from_the_name(tmp_path):
    path = save_book(tmp_path / "a.xlsx", {"Лист": [["а", "б"]]}).rename(tmp_path / "a.csv")
    assert list_cells(path) == [["а", "б"]]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.xls", b"<html><table><tr><td>1</td></tr></table></html>", "веб-страница"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "повреждён"),
        ("a.ods", b"PK\x03\x04", "повреждён"),
        ("a.sav", b"$FL2@(#) SPSS", "повреждён"),
        ("a.sav", b"something", "повреждён"),
    ],
)
def test_what_is_no_table_is_refused_in_words(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableFileError, match=expected):
        open_sheets(tmp_path / name, name)


def test_archive_that_unpacks_to_too_much_is_refused(tmp_path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (200 << 20))
    with pytest.raises(UnreadableFileError, match="распаковывается в 200 МБ"):
        open_sheets(path, "a.xlsx")


def test_values_scattered_to_the_far_corner_are_refused_before_they_fill_the_memory(tmp_path):
    book = Workbook()
    book.active["A1"], book.active["XFD1048576"] = "Год", 1
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(UnreadableFileError, match="1048576 строк и 16384 столбцов"):
        open_sheets(tmp_path / "a.xlsx", "a.xlsx")


def test_damaged_part_is_refused_even_where_the_rest_can_be_read(tmp_path):
    path = save_book(tmp_path / "a.xlsx", {"Лист": [["Год", number] for number in range(500)]})
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        part = archive.getinfo("xl/worksheets/sheet1.xml")
    content[part.header_offset + 80] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(UnreadableFileError, match="повреждён"):
        open_sheets(path, "a.xlsx")


def test_hidden_and_filtered_rows_are_not_lost(tmp_path):
    book = Workbook()
    for number in range(4):
        book.active.append([f"строка {number}"])
    book.active.auto_filter.ref = "A1:A4"
    book.active.row_dimensions[3].hidden = True
    book.save(tmp_path / "a.xlsx")
    assert [row[0] for row in list_cells(tmp_path / "a.xlsx")] == [f"строка {number}" for number in range(4)]


def test_spss_is_read_by_its_labels(tmp_path):
    rows = pd.DataFrame(
        {"y": [2021.0, 2021.0], "c": ["01", "02"], "l": [1.0, 2.0], "g": [9.0, 8.0], "n": [0.0, float("nan")]}
    )
    pyreadstat.write_sav(
        rows, str(tmp_path / "a.sav"), column_labels=CERTIFICATES_SAV, variable_value_labels={"l": {1: "ООО", 2: "СОО"}}
    )
    (taken,) = read_one(tmp_path / "a.sav")
    assert taken.is_accepted
    assert list_rows(taken, "year", "school_id", "level", "graduates", "without_certificate", "source_row") == [
        (2021, "01", "ООО", 9, 0, 2),
        (2021, "02", "СОО", 8, None, 3),
    ]


def test_macro_workbook_is_read_like_any_other(tmp_path):
    path = save_book(tmp_path / "a.xlsx", {"Лист": [["а"]]}).rename(tmp_path / "a.xlsm")
    assert list_cells(path) == [["а"]]


def test_blocks_of_a_sheet_have_the_rows_of_the_grid(tmp_path, monkeypatch):
    rows = [[], [], ["Год", "Код"], *([2000 + number % 7, f"0{number}"] for number in range(20)), [True, 1], ["", "x"]]
    path = save_book(tmp_path / "a.xlsx", {"Лист": rows})
    monkeypatch.setattr(workbooks, "BLOCK_ROWS", 6)
    (sheet,) = open_sheets(path, "a.xlsx")
    found = {}
    for block in sheet.read_blocks(3, [1, 0, 5]):
        for place in range(block.rows):
            found[block.first_row + place] = [
                block.columns[at].texts[block.columns[at].codes[place]] for at in (0, 1, 5)
            ]
    cells = sheet.read_grid().cells
    assert found == {row: [*cells.loc[row].tolist(), ""] for row in cells.index if row > 3}
