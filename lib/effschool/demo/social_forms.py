"""Social forms as municipalities send them: each with its own harmless faults, nothing lost."""

import pandas as pd
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from effschool.demo.pages import Cells, Page, make_book, write_cells
from effschool.demo.settings import DemoSettings

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
KEYS = 2
"""Columns before the counts: year and code."""


def make_social_book(rows: pd.DataFrame, place: int, settings: DemoSettings) -> Workbook:
    """The form of the municipality of a given place (from 0) from rows under the headings of the contract."""
    texts = settings.offices.social
    faults = texts.faults[place % len(texts.faults)]
    head = _list_head(list(rows.columns), faults, texts)
    body = _list_body(rows, faults)
    merged = [f"A{row}:{get_column_letter(rows.shape[1])}{row}" for row in range(1, len(texts.titles) + 1)]
    page = Page(
        settings.sheet,
        [*head, *body, *_list_tail(rows, faults, texts)],
        merged if "titles" in faults else [],
        hidden={len(head) + row for row in texts.hidden_rows if row <= len(body)} if "hidden" in faults else set(),
        comment=texts.comment if "comment" in faults else "",
    )
    guide = [Page(texts.sheet, [[line] for line in texts.instruction])] if "sheet" in faults else []
    return make_book(page, *guide)


def _list_head(headings: list[str], faults: list[str], texts: DemoSettings) -> Cells:
    """Titles, headings and the numbering row."""
    titles = [*([title] for title in texts.titles), []] if "titles" in faults else []
    spaced = [heading.replace(" ", NO_BREAK_SPACE) for heading in headings] if "nbsp" in faults else headings
    numbers = [list(range(1, len(headings) + 1))] if "numbering" in faults else []
    return [*titles, spaced, *numbers]


def _list_body(rows: pd.DataFrame, faults: list[str]) -> Cells:
    """Schools; codes as numbers lose their leading zeros, as they do in life."""
    cells = write_cells(rows)
    if "codes" in faults:
        cells = [[year, int(code), *counts] for year, code, *counts in cells]
    if "texts" in faults:
        cells = [[value if value is None else str(value) for value in row] for row in cells]
    return cells


def _list_tail(rows: pd.DataFrame, faults: list[str], texts: DemoSettings) -> Cells:
    """Totals and the footnote."""
    sums = [int(rows[name].sum()) for name in rows.columns[KEYS:]]
    total = [[texts.total, None, *sums]] if "total" in faults else []
    return [*total, *([[], [texts.footnote]] if "footnote" in faults else [])]
