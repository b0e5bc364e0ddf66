"""Tables and charts' data → one XLSX (книга Excel): a sheet each, text kept as text, same input, same bytes."""

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from effschool.display import Chart, Table, drop_controls
from effschool.storage import AUTHOR, EPOCH, pack_again

HEADER_ROW = 3
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
WIDEST = 60
FONT = "Calibri"
"""Named in every cell that has a font of its own: without a name it would be a serif one."""


def write_workbook(parts: Sequence[object], path: Path, title: str) -> None:
    """Write the tables among `parts`, and those behind the charts among them, a sheet each, in their order.

    Raises:
        ValueError: two tables have the same key, so one would hide the other.
    """
    tables = [part.table if isinstance(part, Chart) else part for part in parts if isinstance(part, Chart | Table)]
    keys = [name_sheet(table.key) for table in tables]
    if len(set(keys)) < len(keys):
        raise ValueError(
            f"Листы книги названы одинаково: {', '.join(sorted({key for key in keys if keys.count(key) > 1}))}."
        )
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = title
    for key, table in zip(keys, tables, strict=True):
        fill_sheet(book.create_sheet(key), table)
    save_workbook(book, path)


def name_sheet(key: str) -> str:
    r"""Sheet's name as Excel allows it: no []:*?/\\, 31 characters at most."""
    return re.sub(r"[\[\]:*?/\\]", " ", key)[:31]


def fill_sheet(sheet: Worksheet, table: Table) -> None:
    """Title, header row with filter and frozen panes, one row per row of the frame."""
    put_value(sheet.cell(1, 1), table.title).font = Font(FONT, bold=True, size=12)
    for column, heading in enumerate(table.frame.columns, start=1):
        cell = put_value(sheet.cell(HEADER_ROW, column), str(heading))
        cell.font = Font(FONT, bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        longest = table.frame[heading].astype("str").str.len().fillna(0).max() if len(table.frame) else 0
        sheet.column_dimensions[get_column_letter(column)].width = min(
            max(longest, len(str(heading)) * 0.7, 8) + 2, WIDEST
        )
    formats = [choose_format(table.frame[heading]) for heading in table.frame]
    for row, values in enumerate(table.frame.itertuples(index=False), start=HEADER_ROW + 1):
        for column, value in enumerate(values, start=1):
            put_value(sheet.cell(row, column), value).number_format = formats[column - 1]
    last = sheet.cell(max(HEADER_ROW + len(table.frame), HEADER_ROW), max(len(table.frame.columns), 1))
    sheet.auto_filter.ref = f"A{HEADER_ROW}:{last.coordinate}"
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, 2)
    if table.note:
        put_value(sheet.cell(HEADER_ROW + len(table.frame) + 2, 1), table.note)


def choose_format(column: pd.Series) -> str:
    """Excel's number format of a column: three digits for values between −1 and 1, one for others, none for text."""
    if not pd.api.types.is_float_dtype(column):
        return "General"
    return "0.000" if column.abs().max() <= 1 else "0.0"


def put_value(cell: Cell, value: object) -> Cell:
    """Set a value; missing stays empty, and text is stored as text even where it begins like a formula."""
    if pd.isna(value):
        return cell
    if isinstance(value, str):
        cell.value = text = drop_controls(value)
        cell.data_type = "s"
        cell.quotePrefix = text[:1] in FORMULA_STARTS
        return cell
    cell.value = value.item() if hasattr(value, "item") else value
    return cell


def save_workbook(book: Workbook, path: Path) -> None:
    """Save whole or not at all; equal workbooks give equal bytes, whenever and wherever they are saved."""
    book.properties.creator = AUTHOR
    book.properties.created = book.properties.modified = EPOCH
    packed = io.BytesIO()
    # Workbook.save would put the present time into the properties; the writer below it does not.
    ExcelWriter(book, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED)).save()
    pack_again(packed, path)
