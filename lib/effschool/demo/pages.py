"""Sheets as offices lay them out: titles, two header rows, merged, hidden, bold and commented cells."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from effschool.demo.settings import DemoSettings

Cells = list[list[Any]]


@dataclass(frozen=True)
class Page:
    """A sheet before it is written; rows are counted from 1, as Excel counts them."""

    title: str
    rows: Cells
    merged: list[str] = field(default_factory=list)
    bold: set[int] = field(default_factory=set)
    hidden: set[int] = field(default_factory=set)
    filtered: str = ""
    comment: str = ""


def write_cells(frame: pd.DataFrame) -> Cells:
    """Rows of a frame as cells; a missing value is a blank cell."""
    blank = frame.astype(object).where(frame.notna(), None)
    return [list(row) for row in blank.itertuples(index=False)]


def make_page(form: DemoSettings, words: Mapping[str, Any], headings: list[str], body: Cells) -> Page:
    """Titles and a blank row, one or two header rows, the numbering row, the body and the footnote of a form."""
    titles = [[title.format(**words)] for title in form.titles]
    over = _make_upper_header(form.over, headings)
    numbers = [list(range(1, len(headings) + 1))] if form.is_numbered else []
    head = [*titles, *([[]] if titles else []), *over, _read_numbers(headings), *numbers]
    foot = [[form.footnote]] if form.footnote else []
    last = get_column_letter(len(headings))
    merged = [f"A{row}:{last}{row}" for row in range(1, len(titles) + 1)]
    if over:
        row = len(titles) + bool(titles) + 1
        merged.append(f"{get_column_letter(len(over[0]))}{row}:{last}{row}")
    return Page(form.sheet.format(**words), [*head, *body, *foot], merged, bold={len(head) - len(numbers)})


def _read_numbers(headings: list[str]) -> list[str | int]:
    """Headings that are marks or scores stand in the sheet as numbers."""
    return [int(heading) if heading.isdigit() else heading for heading in headings]


def _make_upper_header(text: str, headings: list[str]) -> Cells:
    """A row with the text above the first heading that is a number; no row without a text."""
    before = sum(not heading.isdigit() for heading in headings)
    return [[None] * before + [text]] if text else []


def make_book(*pages: Page) -> Workbook:
    """Workbook of pages, written row by row, so that a protocol of a whole region stays light."""
    workbook = Workbook(write_only=True)
    for page in pages:
        _add_sheet(workbook, page)
    return workbook


def _add_sheet(workbook: Workbook, page: Page) -> None:
    sheet = workbook.create_sheet(page.title)
    sheet.auto_filter.ref = page.filtered or None
    # A list instead of openpyxl's set, whose order, and with it the bytes, would differ from run to run.
    sheet.merged_cells = list(page.merged)
    for hidden in page.hidden:
        sheet.row_dimensions[hidden].hidden = True
    for number, row in enumerate(page.rows, start=1):
        cells = [_make_bold(sheet, value) for value in row] if number in page.bold else row
        sheet.append([_comment(sheet, cells[0], page.comment), *cells[1:]] if number == len(page.rows) else cells)


def _make_bold(sheet: WriteOnlyWorksheet, value: object) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value)
    cell.font = Font(bold=True)
    return cell


def _comment(sheet: WriteOnlyWorksheet, value: object, text: str) -> object:
    """The value, in a cell with a comment if there is a text."""
    if not text:
        return value
    cell = _make_bold(sheet, value)  # openpyxl would give the comment of a cell without style to all that follow
    cell.comment = Comment(text, "")
    return cell


def write_csv(rows: pd.DataFrame, form: DemoSettings, decimal: str = ".") -> str:
    """Text of the columns of a form with its headings, separated by semicolons."""
    frame = rows[list(form.headings)].rename(columns=form.headings)
    text: str = frame.to_csv(sep=";", decimal=decimal, index=False, lineterminator="\n")
    return text
