"""One file as sent → a grid of text cells with the row numbers that Excel shows; meaning is given to them later."""

import csv
import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from pathlib import Path

import openpyxl
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from effschool.problems import Problem, Severity

DELIMITERS = (",", ";", "\t")
_SAMPLE_ROWS = 50
_SAVE_AGAIN = "Откройте файл в Excel, сохраните его заново как «Книга Excel (.xlsx)» и замените им этот файл."


class UnreadableFileError(Exception):
    """The file cannot be read at all; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Grid:
    """Cells of the first sheet of a file.

    Args:
        file: name for messages.
        sheet: name of the sheet; empty for CSV.
        cells: frame of trimmed text, a row per row of the sheet, its index the row in Excel; a blank cell is "".
        notes: warnings met on the way, such as a wrong encoding.
    """

    file: str
    sheet: str
    cells: pd.DataFrame
    notes: tuple[Problem, ...] = ()


def read_grid(path: Path, file: str, delimiter: str | None = None) -> Grid:
    """Read CSV or the first sheet of an XLSX workbook as text.

    Args:
        path: the file.
        file: its name for messages.
        delimiter: of CSV; found from the file where None.

    Raises:
        UnreadableFileError: no access, empty, broken, of another format or in an unknown encoding.
    """
    try:
        if not path.stat().st_size:
            raise _refuse(file, "файл пуст", "Пришлите файл с данными.")
        grid = _read_workbook(path, file) if path.suffix.lower() == ".xlsx" else _read_csv(path, file, delimiter)
    except OSError:
        raise _refuse(
            file, "файл не открывается", "Закройте его в других программах и проверьте права на чтение."
        ) from None
    if grid.cells.empty:
        raise _refuse(file, "файл пуст", "Пришлите файл с данными.", sheet=grid.sheet)
    return grid


def _refuse(file: str, expected: str, action: str, *, sheet: str = "", row: int | None = None) -> UnreadableFileError:
    return UnreadableFileError(Problem(Severity.ERROR, file, expected, action, sheet=sheet, row=row))


def _read_csv(path: Path, file: str, delimiter: str | None) -> Grid:
    text, notes = _decode_text(path.read_bytes(), file)
    rows = _split_rows(text, delimiter or _find_delimiter(text), file)
    return Grid(file, "", _frame_rows(rows), notes)


def _decode_text(content: bytes, file: str) -> tuple[str, tuple[Problem, ...]]:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), ()
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        return _decode_other(content, file, error)


def _decode_other(content: bytes, file: str, error: UnicodeDecodeError) -> tuple[str, tuple[Problem, ...]]:
    if b"\0" in content:
        raise _refuse(file, "ожидался текст CSV, а внутри не текст", "Сохраните таблицу из Excel как «CSV UTF-8».")
    as_utf8 = content.decode("utf-8", errors="replace")
    if _count_cyrillic(as_utf8) > as_utf8.count("\N{REPLACEMENT CHARACTER}"):
        row = content[: error.start].count(b"\n") + 1
        raise _refuse(file, "текст UTF-8 повреждён", "Сохраните таблицу как «CSV UTF-8» ещё раз.", row=row)
    text = content.decode("cp1251", errors="replace")
    if not _count_cyrillic(text):
        raise _refuse(file, "ожидалась кодировка UTF-8", "Сохраните таблицу из Excel как «CSV UTF-8».")
    note = Problem(
        Severity.WARNING,
        file,
        "ожидалась кодировка UTF-8, файл прочитан как Windows-1251",
        "Проверьте, что названия в отчёте читаются, и в следующий раз сохраните таблицу как «CSV UTF-8».",
    )
    return text, (note,)


def _count_cyrillic(text: str) -> int:
    return sum("\N{CYRILLIC CAPITAL LETTER IO}" <= letter <= "\N{CYRILLIC SMALL LETTER IO}" for letter in text)


def _find_delimiter(text: str) -> str:
    # The delimiter that cuts the head of the file into most cells; a decimal comma loses to a real semicolon.
    sample = "\n".join(text.splitlines()[:_SAMPLE_ROWS])
    return max(DELIMITERS, key=lambda sign: sum(map(len, csv.reader(io.StringIO(sample), delimiter=sign))))


def _split_rows(text: str, delimiter: str, file: str) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        return [[cell.strip() for cell in row] for row in reader]
    except csv.Error:
        raise _refuse(
            file,
            "кавычки в тексте не закрыты или стоят не на месте",
            "Исправьте кавычки в этой строке: внутри текста в кавычках каждая кавычка удваивается.",
            row=reader.line_num,
        ) from None


def _frame_rows(rows: Iterable[list[str]]) -> pd.DataFrame:
    cells = pd.DataFrame(list(zip(*zip_longest(*rows, fillvalue=""), strict=True)), dtype="str")
    cells.index = pd.RangeIndex(1, len(cells) + 1)
    filled = (cells != "").any(axis=1)
    return cells.loc[: filled[filled].index[-1]] if filled.any() else cells.iloc[:0]


def _read_workbook(path: Path, file: str) -> Grid:
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        values = sheet.to_python(skip_empty_area=False)
        hidden = _reveal_cells(path)
    except (CalamineError, zipfile.BadZipFile, LookupError, ValueError, TypeError, SyntaxError):
        # openpyxl lets errors of the XML inside through as they are; a broken sheet is a SyntaxError of the parser.
        raise _refuse(file, "ожидалась книга Excel (.xlsx), а файл повреждён или другого вида", _SAVE_AGAIN) from None
    rows = [[_write_cell(value) for value in row] for row in values]
    return Grid(file, sheet.name, _frame_rows(_put_cells(rows, hidden)))


def _put_cells(rows: list[list[str]], cells: dict[tuple[int, int], str]) -> list[list[str]]:
    # Calamine's used range may end before a hidden cell.
    height = max([len(rows), *(row for row, _ in cells)])
    width = max([*map(len, rows), *(column for _, column in cells)], default=0)
    blank = ([""] * width for _ in range(height - len(rows)))
    padded = [[*row, *[""] * (width - len(row))] for row in [*rows, *blank]]
    for (row, column), text in cells.items():
        padded[row - 1][column - 1] = text
    return padded


def _write_cell(value: object) -> str:
    if isinstance(value, bool):
        return "ИСТИНА" if value else "ЛОЖЬ"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, date | datetime):
        return value.strftime("%d.%m.%Y")
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int | time | timedelta) else ""


def _reveal_cells(path: Path) -> dict[tuple[int, int], str]:
    """Error cells and formulas never computed: calamine shows both as blank, and a blank must not hide them."""
    if not _has_formulas_or_errors(path):
        return {}
    formulas = openpyxl.load_workbook(path, data_only=False).worksheets[0]
    values = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    found = {}
    for row in values.iter_rows():
        for cell in row:
            if cell.data_type == "e":
                found[cell.row, cell.column] = str(cell.value)
            elif cell.value is None and cell.data_type == "n":
                formula = formulas.cell(cell.row, cell.column)
                found |= {(cell.row, cell.column): str(formula.value)} if formula.data_type == "f" else {}
    return found


def _has_formulas_or_errors(path: Path) -> bool:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        parts = [archive.read(name) for name in sheets if name.endswith(".xml")]
    return any(b"<f" in part or b't="e"' in part for part in parts)
