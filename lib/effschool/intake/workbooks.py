"""Workbooks as sent (XLSX, XLSM, ODS, old XLS, SPSS) → sheets of text; formulas are never computed, macros never run.

A cell that shows an error, or a formula that was never computed, is blank to the fast readers: here it is found and
kept as text, for a blank must not hide it.
"""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pyreadstat
import xlrd
from python_calamine import CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from effschool.base.persons import hide_names
from effschool.base.problems import UnreadableFileError, refuse_file
from effschool.base.russian import clean_letters
from effschool.intake.reading import (
    BLOCK_ROWS,
    HEAD_ROWS,
    SPARSE_FROM,
    THINNEST,
    WIDEST,
    Block,
    Coded,
    Grid,
    Range,
    Sheet,
    code_texts,
    frame_rows,
    open_text,
    refuse_stray,
)

LARGEST_ARCHIVE = 4 << 30
LARGEST_RATIO = 300
_SAVE_AGAIN = "Откройте файл в Excel, сохраните его заново как «Книга Excel (.xlsx)» и замените им этот файл."
_CHUNK = 1 << 20

Cells = dict[tuple[int, int], str]
"""Text of single cells by row and column as Excel numbers them."""


def open_sheets(path: Path, file: str, delimiter: str | None = None) -> list[Sheet]:
    """All sheets of a file that a person would see, in their order; text and SPSS have one, without a name.

    Args:
        path: the file.
        file: its name for messages.
        delimiter: of CSV; found from the file where None.

    Raises:
        UnreadableFileError: no access, empty, broken, protected, of another format or in an unknown encoding.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(4096)
        if not start:
            raise refuse_file(file, "файл пуст", "Пришлите файл с данными.")
        kind = recognise_kind(start, path.suffix.lower(), file)
        return [open_text(path, file, delimiter)] if kind == "text" else _open_workbook(path, file, _READERS[kind])
    except OSError:
        expected, action = "файл не открывается", "Закройте его в других программах и проверьте права на чтение."
        raise refuse_file(file, expected, action) from None


def read_first_sheet(path: Path, file: str) -> Grid:
    """All cells of the first sheet of a small file.

    Raises:
        UnreadableFileError: as `open_sheets`, or the sheet is blank.
    """
    grid = open_sheets(path, file)[0].read_grid()
    if grid.cells.empty:
        raise refuse_file(file, "файл пуст", "Пришлите файл с данными.", sheet=grid.sheet)
    return grid


def recognise_kind(start: bytes, suffix: str, file: str) -> str:
    """Kind of file by its first bytes: «zip», «xls», «sav» or «text».

    Raises:
        UnreadableFileError: a web page under the name of a workbook, or a workbook's name over something else.
    """
    if start.startswith(b"PK\x03\x04"):
        return "zip"
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if start.startswith((b"$FL2", b"$FL3")):
        return "sav"
    if re.match(rb"\s*(<!doctype html|<html|<table|<\?xml)", start, re.IGNORECASE):
        raise refuse_file(file, "ожидалась таблица, а внутри веб-страница или XML", _SAVE_AGAIN)
    if suffix in {".xlsx", ".xlsm", ".xls", ".ods", ".sav"}:
        raise refuse_file(file, f"ожидалась таблица ({suffix}), а файл повреждён или другого вида", _SAVE_AGAIN)
    return "text"


def _open_workbook(path: Path, file: str, reader: "Callable[[Path, str], list[Sheet]]") -> list[Sheet]:
    try:
        return reader(path, file)
    except (UnreadableFileError, OSError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # Readers of others' formats meet broken bytes with errors of every kind, a Rust panic among them.
        if isinstance(error, GeneratorExit):
            raise
        raise refuse_file(file, "ожидалась таблица, а файл повреждён или другого вида", _SAVE_AGAIN) from None


# XLSX, XLSM, ODS


def _open_zip(path: Path, file: str) -> list[Sheet]:
    with zipfile.ZipFile(path) as archive:
        check_archive(archive, file)
        _read_through(archive)
        is_ods = "content.xml" in archive.namelist() and "xl/workbook.xml" not in archive.namelist()
        hidden, merged = _reveal_ods(archive, file) if is_ods else (_reveal_xlsx(archive, file), {})
    workbook = CalamineWorkbook.from_path(str(path))
    shown = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
    sheets: list[Sheet] = [CalamineRows(file, workbook.get_sheet_by_name(name), hidden.get(name, {})) for name in shown]
    for name, sheet in zip(shown, sheets, strict=True):
        sheet.merged = merged.get(name, sheet.merged)
    return sheets


def check_archive(archive: zipfile.ZipFile, file: str) -> None:
    """Refuse an archive that would unpack to more than a table can be, and one whose parts are damaged.

    Raises:
        UnreadableFileError: says how large it would be.
    """
    size = sum(part.file_size for part in archive.infolist())
    packed = max(sum(part.compress_size for part in archive.infolist()), 1)
    if size > LARGEST_ARCHIVE or (size > 100 * _CHUNK and size / packed > LARGEST_RATIO):
        expected = f"ожидалась обычная книга, а файл распаковывается в {size // _CHUNK} МБ"
        raise refuse_file(file, expected, "Сохраните из книги только лист с данными и пришлите его.")


def _read_through(archive: zipfile.ZipFile) -> None:
    """Read the parts that are not looked at otherwise, so that their checksums are compared."""
    for part in archive.namelist():
        if not part.startswith("xl/worksheets/") and part != "content.xml":
            with archive.open(part) as stream:
                while stream.read(_CHUNK):
                    pass


class CalamineRows(Sheet):
    """A sheet read by calamine; its rows become text only when they are asked for."""

    def __init__(self, file: str, sheet: CalamineSheet, hidden: Cells) -> None:
        super().__init__(file, sheet.name, ())
        self._sheet, self._hidden = sheet, hidden
        self.merged = sheet.merged_cell_ranges or ()

    def read_head(self) -> Grid:
        """The first rows, by which the sheet is recognised."""
        rows = self._sheet.to_python(skip_empty_area=False, nrows=HEAD_ROWS)
        return self._frame(rows, {at: text for at, text in self._hidden.items() if at[0] <= HEAD_ROWS})

    def read_grid(self) -> Grid:
        """All rows up to the last filled one."""
        return self._frame(self._sheet.to_python(skip_empty_area=False), self._hidden)

    def _frame(self, rows: list[list[Any]], hidden: Cells) -> Grid:
        texts = [[show_cell(value) for value in row] for row in rows]
        return Grid(self.file, self.name, frame_rows(_put_cells(texts, hidden)))

    def read_blocks(self, after: int, columns: Sequence[int]) -> Iterator[Block]:
        """Rows below the row `after`, the columns at the given positions, block by block."""
        if self._hidden:
            return self._read_held_blocks(after, columns)
        return _code_values(self._sheet, after, columns)

    def _read_held_blocks(self, after: int, columns: Sequence[int]) -> Iterator[Block]:
        return Sheet(self.file, self.name, self.read_grid().cells.to_numpy().tolist()).read_blocks(after, columns)


def _code_values(sheet: CalamineSheet, after: int, columns: Sequence[int]) -> Iterator[Block]:
    """Blocks of a sheet; every different value is written as text once.

    Rows of calamine begin with the first row of the sheet and the first column that is used.
    """
    left = sheet.start[1] if sheet.start else 0
    columns = [place - left for place in columns]
    whole, first = sheet.iter_rows(), 1
    while rows := list(islice(whole, BLOCK_ROWS)):
        yield from _code_block(rows, first, after, columns, left)
        first += len(rows)
        del rows  # the next block is read without it


def _code_block(rows: list[list[Any]], first: int, after: int, columns: Sequence[int], left: int) -> Iterator[Block]:
    below = rows[max(after - first + 1, 0) :]
    if below:
        coded = {place + left: _code_column(below, place) for place in columns}
        leads = code_texts([_write_lead(row) for row in below])
        yield Block(max(first, after + 1), len(below), coded, leads)


def _write_lead(row: list[Any]) -> str:
    lead = row[0] if row[0] != "" else next((cell for cell in row if cell != ""), "")
    return clean_letters(lead).strip() if isinstance(lead, str) else ""


def _code_column(rows: list[list[Any]], place: int) -> Coded:
    """A column of values, each different one written as text once; outside the used range everything is blank."""
    if not 0 <= place < len(rows[0]):
        return Coded(np.zeros(len(rows), dtype=np.int32), ("",))
    values = np.array([row[place] for row in rows], dtype=object)
    if bool in set(map(type, values)):  # «истина» and 1 are one value to Python
        values = np.array([show_cell(value) for value in values], dtype=object)
    codes, different = pd.factorize(values)
    return Coded(codes.astype(np.int32), tuple(show_cell(value) for value in different))


def _put_cells(rows: list[list[str]], cells: Cells) -> list[list[str]]:
    # Calamine's used range may end before a hidden cell.
    height = max([len(rows), *(row for row, _ in cells)])
    width = max([*map(len, rows), *(column for _, column in cells)], default=0)
    blank = ([""] * width for _ in range(height - len(rows)))
    padded = [[*row, *[""] * (width - len(row))] for row in [*rows, *blank]]
    for (row, column), text in cells.items():
        padded[row - 1][column - 1] = text
    return padded


def show_cell(value: object) -> str:
    """Text of a value as a reader of workbooks gives it; a whole number has no decimal part."""
    if isinstance(value, bool):
        return "ИСТИНА" if value else "ЛОЖЬ"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date | datetime):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, str):
        return clean_letters(value).strip()
    return str(value) if isinstance(value, int | time | timedelta) else ""


# Cells that calamine shows as blank

_PLACED = re.compile(rb'\br="([A-Z]{0,3})([0-9]{1,7})"')
"""Reference of a cell, or number of a row."""
_FAR = re.compile(rb'r="(?:[A-Z]{2}|[A-Z]?[0-9]{7})')
"""Beginning of the reference of a cell, or of the number of a row, that is right of Z or below row 999,999."""
_CELL_BYTES = 64
"""What a filled cell takes in a sheet, about."""
_PLAIN = re.compile(rb'<worksheet[^>]*?xmlns="')
"""How a sheet begins whose elements have no prefix; others are looked at cell by cell."""
_OVERLAP = 64


def _reveal_xlsx(archive: zipfile.ZipFile, file: str) -> dict[str, Cells]:
    """Errors and formulas never computed, by sheet."""
    found = {}
    for name, part in _list_sheet_parts(archive).items():
        with archive.open(part) as stream:
            suspicious = _is_suspicious(stream)
        if suspicious:
            with archive.open(part) as stream:
                found[name] = _parse_sheet(stream, file, name)
    return found


def _list_sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    relations = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    targets = {item.get("Id"): item.get("Target", "") for item in relations}
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    sheets = [item for item in book.iter() if _get_local_name(item) == "sheet"]
    named = {item.get("name", ""): targets.get(_find_relation(item), "") for item in sheets}
    parts = {name: target.lstrip("/") if target.startswith("/") else f"xl/{target}" for name, target in named.items()}
    return {name: part for name, part in parts.items() if part in archive.namelist()}


def _find_relation(sheet: ElementTree.Element) -> str | None:
    return next((value for key, value in sheet.attrib.items() if key.endswith("}id")), None)


def _get_local_name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _is_suspicious(stream: IO[bytes]) -> bool:
    """Whether a sheet has formulas, errors or blank room far off; read to its end, so that damage is found."""
    chunk = stream.read(_CHUNK)
    suspicious, tail = _PLAIN.search(chunk) is None, b""
    height, width, size = 0, 26, 0
    while chunk:
        text = tail + chunk
        suspicious = suspicious or _has_suspect(text)
        # Looking at every cell takes longer than reading the sheet: rows follow one another.
        last = _PLACED.search(text, max(text.rfind(b"<row "), 0))
        placed = [*(_PLACED.findall(text) if _FAR.search(text) else ()), *([last.groups()] if last else ())]
        width = max([width, *(_read_letters(letters.decode()) for letters in {letters for letters, _ in placed})])
        height = max([height, *map(int, {row for _, row in placed})])
        size += len(chunk)
        tail = chunk[-_OVERLAP:]
        chunk = stream.read(_CHUNK)
    return suspicious or width > WIDEST or height * width > max(SPARSE_FROM, size // _CELL_BYTES * THINNEST)


def _has_suspect(text: bytes) -> bool:
    # Plain searches: a regular expression for all of them takes longer than reading the sheet.
    return b"<f" in text or b'="e"' in text or b"='" in text


def _parse_sheet(stream: IO[bytes], file: str, sheet: str) -> Cells:
    found: Cells = {}
    height = width = row = column = filled = 0
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):
        name = _get_local_name(element)
        if event == "start" and name == "row":
            row, column = int(element.get("r") or row + 1), 0
        elif event == "start" and name == "c":
            row, column = _read_place(element.get("r"), row, column + 1)
        elif name == "c" and len(element):
            height, width, filled = max(height, row), max(width, column), filled + 1
            found |= _find_hidden(element, row, column)
        elif name == "row":
            element.clear()
    refuse_stray(file, sheet, (height, width), filled)
    return found


def _read_place(reference: str | None, row: int, column: int) -> tuple[int, int]:
    match = re.fullmatch(r"([A-Z]+)(\d+)", reference or "")
    if match is None:
        return row, column
    return int(match[2]), _read_letters(match[1])


def _read_letters(letters: str) -> int:
    """Number of a column: «A» is 1, «AA» is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _find_hidden(cell: ElementTree.Element, row: int, column: int) -> Cells:
    parts = {_get_local_name(part): part.text for part in cell}
    if cell.get("t") == "e":
        return {(row, column): parts.get("v") or "#ОШИБКА"}
    is_computed = parts.get("v") is not None or cell.get("t") in {"str", "inlineStr"}
    return {} if "f" not in parts or is_computed else {(row, column): f"={parts['f'] or ''}"}


_ODS_ERRORS = ("#", "Err:")


def _reveal_ods(archive: zipfile.ZipFile, file: str) -> tuple[dict[str, Cells], dict[str, list[Range]]]:
    """Cells of ODS that show an error and ranges of merged cells, both by sheet."""
    found: dict[str, Cells] = {}
    merged: dict[str, list[Range]] = {}
    place, used = _OdsPlace(), defaultdict[str, _Used](_Used)
    with archive.open("content.xml") as stream:
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            place.follow(event, element)
            text = place.text if event == "end" and place.is_cell(element) else ""
            if text.startswith(_ODS_ERRORS):
                found.setdefault(place.sheet, {})[place.row, place.column] = text
            if event == "end" and place.spans(element):
                merged.setdefault(place.sheet, []).append(place.find_range(element))
            place.pass_repeated(event, element)
            place.measure(event, element, used[place.sheet])
    for sheet, range_ in used.items():
        refuse_stray(file, sheet, (range_.height, range_.width), range_.filled)
    return found, merged


@dataclass
class _Used:
    """Used range of a sheet of ODS, and how many cells in it are filled; `row` is that of the row under work."""

    height: int = 0
    width: int = 0
    filled: int = 0
    row: int = 0


@dataclass
class _OdsPlace:
    """Where a parser of ODS is: rows and cells may stand for several."""

    sheet: str = ""
    row: int = 0
    column: int = 0
    text: str = ""

    def is_cell(self, element: ElementTree.Element) -> bool:
        """Whether an element is a cell, one under a merged cell included."""
        return _get_local_name(element) in {"table-cell", "covered-table-cell"}

    def spans(self, element: ElementTree.Element) -> bool:
        """Whether an element is a cell over several places."""
        spans = (_get_attribute(element, f"number-{what}-spanned", "1") for what in ("rows", "columns"))
        return self.is_cell(element) and any(span != "1" for span in spans)

    def find_range(self, element: ElementTree.Element) -> Range:
        """Range of a merged cell, from 0."""
        rows, columns = (int(_get_attribute(element, f"number-{what}-spanned", "1")) for what in ("rows", "columns"))
        top, left = self.row - 1, self.column - 1
        return (top, left), (top + rows - 1, left + columns - 1)

    def follow(self, event: str, element: ElementTree.Element) -> None:
        """Move to where the parser is; `text` is that of a cell with a formula that ends here."""
        name = _get_local_name(element)
        if event == "start" and name == "table":
            self.sheet, self.row = _get_attribute(element, "name", ""), 0
        elif event == "start" and name == "table-row":
            self.row, self.column = self.row + 1, 0
        elif event == "start" and self.is_cell(element):
            self.column += 1
        elif event == "end" and self.is_cell(element):
            has_formula = bool(_get_attribute(element, "formula", ""))
            self.text = "".join(element.itertext()).strip() if has_formula else ""
        elif event == "end" and name == "table-row":
            self.row += int(_get_attribute(element, "number-rows-repeated", "1")) - 1
            element.clear()

    def pass_repeated(self, event: str, element: ElementTree.Element) -> None:
        """Move over the columns that a cell stands for besides its own."""
        if event == "end" and self.is_cell(element):
            self.column += int(_get_attribute(element, "number-columns-repeated", "1")) - 1

    def measure(self, event: str, element: ElementTree.Element, used: _Used) -> None:
        """Add a cell, or at its end a row, to the used range; what is repeated counts as often."""
        if event == "end" and self.is_cell(element) and (len(element) or _get_attribute(element, "value-type", "")):
            used.row += int(_get_attribute(element, "number-columns-repeated", "1"))
            used.width = max(used.width, self.column)
        elif event == "end" and _get_local_name(element) == "table-row" and used.row:
            rows = int(_get_attribute(element, "number-rows-repeated", "1"))
            used.height, used.filled, used.row = self.row, used.filled + rows * used.row, 0


def _get_attribute(element: ElementTree.Element, name: str, default: str) -> str:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), default)


# XLS of old Excel, SPSS


def _open_xls(path: Path, file: str) -> list[Sheet]:
    try:
        # Merged cells are known only with the formats.
        workbook = xlrd.open_workbook(path, logfile=io.StringIO(), formatting_info=True, ragged_rows=True)
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower() or "xlsx" in str(error).lower():
            raise refuse_file(
                file, "ожидалась книга без пароля", "Снимите с книги пароль и сохраните заново."
            ) from None
        raise
    return [_open_xls_sheet(workbook, sheet, file) for sheet in workbook.sheets() if not sheet.visibility]


def _open_xls_sheet(workbook: xlrd.Book, sheet: xlrd.sheet.Sheet, file: str) -> Sheet:
    lengths = [sheet.row_len(row) for row in range(sheet.nrows)]
    refuse_stray(file, hide_names(sheet.name), (sheet.nrows, max(lengths, default=0)), sum(lengths))
    opened = Sheet(file, sheet.name, [_write_xls_row(workbook, row) for row in sheet.get_rows()])
    opened.merged = [((top, left), (bottom - 1, right - 1)) for top, bottom, left, right in sheet.merged_cells]
    return opened


def _write_xls_row(workbook: xlrd.Book, row: Iterable[xlrd.sheet.Cell]) -> list[str]:
    return [_write_xls_cell(workbook, cell) for cell in row]


def _write_xls_cell(workbook: xlrd.Book, cell: xlrd.sheet.Cell) -> str:
    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ОШИБКА"))
    if cell.ctype == xlrd.XL_CELL_DATE:
        return show_cell(xlrd.xldate_as_datetime(cell.value, workbook.datemode))
    return show_cell(bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value)


def _open_sav(path: Path, file: str) -> list[Sheet]:
    """SPSS: headings are the labels of the variables (their names where there are none), values those of the labels."""
    rows, meta = pyreadstat.read_sav(str(path), apply_value_formats=True, formats_as_category=False)
    headings = [label or name for name, label in zip(meta.column_names, meta.column_labels, strict=True)]
    values = rows.astype(object).where(rows.notna(), None).to_numpy().tolist()
    return [Sheet(file, "", [headings, *([show_cell(value) for value in row] for row in values)])]


_READERS: dict[str, Callable[[Path, str], list[Sheet]]] = {"zip": _open_zip, "xls": _open_xls, "sav": _open_sav}
