"""Tables and charts' data → one XLSX (книга Excel): a sheet each, text kept as text, same input, same bytes.

Sheets are tidy: headings in row 1, a row per what the table says, nothing above or below. Titles and notes stand on a
sheet of their own, the first.
"""

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from effschool.base.storage import FORMULA_STARTS, save_workbook
from effschool.report.display import Chart, Table, drop_controls

HEADER_ROW = 1
CONTENTS = "О книге"
NARROWEST, WIDEST = 5, 60
WRAPPED = Alignment(wrap_text=True, vertical="top")
LINE_HEIGHT = 15
"""Points of a line of text."""
HEAD_FILL = PatternFill("solid", fgColor="EEF2F6")
GENERAL = "General"
"""Excel's number format of cells that have none."""
FONT = "Calibri"
"""Named in every cell that has a font of its own: without a name it would be a serif one."""


@dataclass(frozen=True)
class About:
    """What a book says of itself, and by what its rows are known (`identify_rows`).

    Args:
        year: year of the report; None where there is no one year.
        codes: codes of schools by the names that the tables give them.
        remarks: for whom the book is, whether its data are invented.
    """

    year: int | None = None
    codes: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def write_workbook(parts: Sequence[object], path: Path, title: str, about: About | None = None) -> None:
    """Write the tables among `parts`, and those behind the charts among them, a sheet each, in their order.

    Raises:
        ValueError: two tables have the same key, so one would hide the other.
    """
    tables = [part.table if isinstance(part, Chart) else part for part in parts if isinstance(part, Chart | Table)]
    keys = [name_sheet(table.key) for table in tables]
    doubled = sorted({key for key in keys if [CONTENTS, *keys].count(key) > 1})
    if doubled:
        raise ValueError(f"Листы книги названы одинаково: {', '.join(doubled)}.")
    book, about = Workbook(), about or About()
    book.properties.title = title
    book.worksheets[0].title = CONTENTS
    fill_sheet(book.worksheets[0], list_sheets(tables, title, about))
    for key, table in zip(keys, tables, strict=True):
        fill_sheet(book.create_sheet(key), replace(table, frame=identify_rows(table.frame, about)))
    book.active = len(book.sheetnames) > 1
    save_workbook(book, path)


def list_sheets(tables: Sequence[Table], title: str, about: About) -> Table:
    """The sheet of titles and notes: a row for the book itself, then a row per table."""
    rows: list[tuple[str, str, str | None]] = [(CONTENTS, title, " ".join(about.remarks) or None)]
    rows += [(name_sheet(table.key), str(table.title), str(table.note) or None) for table in tables]
    return Table(CONTENTS, CONTENTS, pd.DataFrame(rows, columns=["Лист", "Таблица", "Примечание"]))


def identify_rows(frame: pd.DataFrame, about: About) -> pd.DataFrame:
    """Rows with code of the school and year beside what they are called, so that tables of several books can be joined.

    What a table says of itself stays; a column of years becomes numbers.
    """
    named = frame.copy()
    if "Школа" in named and "Код" not in named and about.codes:
        named.insert(1, "Код", named["Школа"].map(about.codes))
    if "Год" not in named and about.year is not None:
        place = list(named).index("Код") if "Код" in named else 0
        named.insert(min(place + 1, len(named.columns)), "Год", about.year)
    if "Год" in named and named["Год"].astype("str").str.fullmatch(r"\d{4}").all():
        named["Год"] = named["Год"].astype("int64")
    return named


def name_sheet(key: str) -> str:
    r"""Sheet's name as Excel allows it: no []:*?/\\, 31 characters at most."""
    return re.sub(r"[\[\]:*?/\\]", " ", key)[:31]


def fill_sheet(sheet: Worksheet, table: Table) -> None:
    """Header row with filter and frozen panes, one row per row of the frame; prints on A4, as wide as a page."""
    frame, columns = table.frame, max(len(table.frame.columns), 1)
    widths = {str(heading): size_column(str(heading), frame[heading]) for heading in frame}
    for column, (heading, width) in enumerate(widths.items(), start=1):
        cell = put_value(sheet.cell(HEADER_ROW, column), heading)
        if column == 1:
            cell.font, cell.fill, cell.alignment = Font(FONT, bold=True), HEAD_FILL, WRAPPED
        cell._style = copy(sheet.cell(HEADER_ROW, 1)._style)  # to find a style by its parts takes ten times as long
        sheet.column_dimensions[get_column_letter(column)].width = width
    formats = [choose_format(frame[heading]) for heading in frame]
    for row, values in enumerate(frame.itertuples(index=False), start=HEADER_ROW + 1):
        for column, value in enumerate(values, start=1):
            cell = put_value(sheet.cell(row, column), value)
            if formats[column - 1] != GENERAL:
                cell.number_format = formats[column - 1]
    _raise_rows(sheet, list(widths.values()))
    sheet.auto_filter.ref = f"A{HEADER_ROW}:{sheet.cell(HEADER_ROW + len(frame), columns).coordinate}"
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 2)
    sheet.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"
    set_up_page(sheet)


def size_column(heading: str, column: pd.Series) -> float:
    """Width of a column in letters: the longest value, numbers as they are shown; a heading may take two lines."""
    shown = column.round(3) if pd.api.types.is_float_dtype(column) else column
    longest = max((len(str(value)) for value in shown.dropna().tolist()), default=0)
    word = max(map(len, heading.split()), default=0)
    return min(max(longest + 2, word + 4, len(heading) * 0.6 + 3, NARROWEST), WIDEST)


def _raise_rows(sheet: Worksheet, widths: Sequence[float]) -> None:
    """Rows as high as their longest text: not every programme does it by itself."""
    for row in sheet.iter_rows(min_row=HEADER_ROW):
        texts = [(cell.value, width) for cell, width in zip(row, widths, strict=True) if isinstance(cell.value, str)]
        lines = [count_lines(text, 0.9 * width) for text, width in texts if len(text) >= width]
        for cell in row if lines else ():
            cell.alignment = WRAPPED
        if lines:
            sheet.row_dimensions[row[0].row].height = LINE_HEIGHT * max(lines)


def count_lines(text: str, width: float) -> int:
    """Lines that a text takes in a column; Excel may show at most 27 of them in a row."""
    return min(max(-(-len(text) // int(width)), 1), 27)


def set_up_page(sheet: Worksheet) -> None:
    """A4 across, one page wide."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def choose_format(column: pd.Series) -> str:
    """Excel's number format: for values between −1 and 1 three digits, or two if there are no more, one for others."""
    if not pd.api.types.is_float_dtype(column):
        return GENERAL
    small = "0.00" if (column - column.round(2)).abs().max() < 1e-9 else "0.000"
    return small if column.abs().max() <= 1 else "0.0"


def put_value(cell: Cell, value: object) -> Cell:
    """Set a value; missing stays empty, and text is stored as text even where it begins like a formula."""
    if pd.isna(value):
        return cell
    if isinstance(value, str):
        cell.value = text = drop_controls(value)
        cell.data_type = "s"
        if text[:1] in FORMULA_STARTS:
            cell.quotePrefix = True
        return cell
    cell.value = value.item() if hasattr(value, "item") else value
    return cell
