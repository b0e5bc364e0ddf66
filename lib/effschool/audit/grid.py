"""A sheet as columns that know their formulas, and the look of its cells (лист: столбцы, строки, ссылки на ячейки)."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from effschool.audit.formulas import quote
from effschool.method.methodology import Band, DomainRules
from effschool.report.workbook import name_sheet, put_value

LETTER = 1.2
"""Width of a bold letter, in the units of a column's width."""
TITLE_ROW, BLOCK_ROW, HEADER_ROW = 1, 2, 3
WORSE_FILL, BETTER_FILL = "F6C9A8", "BFD9F2"
RAW, SHARE, SCALED, WHOLE, TEXT, BORDER, PARAMETER, SOURCE, HEADER = (
    "Исходное число",
    "Доля или балл",
    "Значение 0…1",
    "Целое число",
    "Текст",
    "Граница",
    "Параметр",
    "Источник",
    "Заголовок",
)
PERCENT = "Процент"
LOOKS = {
    RAW: ("General", "EAF1FB", "1F3F8F"),
    SHARE: ("0.00", None, "222222"),
    SCALED: ("0.0000", None, "222222"),
    PERCENT: ("0%", None, "222222"),
    WHOLE: ("0", None, "222222"),
    TEXT: ("@", None, "222222"),
    BORDER: ("0.0000", "EDEDED", "222222"),
    PARAMETER: ("General", "FFF2B3", "222222"),
    SOURCE: ("@", None, "777777"),
    HEADER: ("@", "DCE3EC", "14365D"),
}
"""Number format, fill and colour of the letters by the name of a cell style, which Excel shows under the same name."""
MEANINGS = {
    RAW: "исходное число из присланного файла; файл и строка указаны рядом, в столбце «Источник»",
    PARAMETER: "параметр методики на листе «Параметры»; его можно изменить, и вся книга пересчитается",
    BORDER: "строка границ: наименьшее и наибольшее значение в группе, среднее по региону, порог, вес",
    SHARE: "формула: доля в процентах, средний балл, отставание от региона",
    SCALED: "формула: нормированное значение или индекс",
}


Make = Callable[[Any], object]
Edges = Mapping[str, Callable[[], str]]


@dataclass(frozen=True)
class Column:
    """One column: `make` gives a row's value or formula; `edges` the formulas of the rows above the schools."""

    heading: str
    block: str
    style: str
    is_formula: bool
    make: Make
    edges: Edges
    width: float


@dataclass
class FormulaSheet:
    """A sheet to be written: its columns by key, a row per id, and references to its cells.

    Args:
        edges: titles of the rows between the headings and the first id, such as minimum and maximum.
    """

    name: str
    title: str
    ids: Sequence[Any]
    edges: Sequence[str] = ()
    frozen_columns: int = 2
    columns: dict[Hashable, Column] = field(default_factory=dict)
    marks: list[tuple[Hashable, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.first_row = HEADER_ROW + 1 + len(self.edges)
        self.last_row = self.first_row + max(len(self.ids), 1) - 1
        self._rows = {id_: row for row, id_ in enumerate(self.ids, start=self.first_row)}
        self._letters: dict[Hashable, str] = {}
        self._block = ""

    def open_block(self, title: str) -> None:
        """Columns added from now on stand under this title."""
        self._block = title

    def add_formula(self, key: Hashable, heading: str, style: str, make: Make, edges: Edges | None = None) -> None:
        """Add a column of formulas; `make` takes the row's id and may give None, for which the cell stays empty."""
        self._add(key, Column(heading, self._block, style, True, make, edges or {}, 17 if style == TEXT else 14))

    def add_value(self, key: Hashable, heading: str, style: str, make: Make, width: float = 14) -> None:
        """Add a column of values; `make` takes the row's id."""
        self._add(key, Column(heading, self._block, style, False, make, {}, width))

    def _add(self, key: Hashable, column: Column) -> None:
        self.columns[key] = column
        self._letters[key] = get_column_letter(len(self.columns))

    def mark(self, key: Hashable, rules: DomainRules) -> None:
        """Colour the bands in a column: the one that needs help and the opposite one."""
        better: Band = "high" if rules.worse_band == "low" else "low"
        self.mark_word(key, rules.band_titles[rules.worse_band], WORSE_FILL)
        self.mark_word(key, rules.band_titles[better], BETTER_FILL)

    def mark_word(self, key: Hashable, word: str, fill: str) -> None:
        """Colour the cells of a column that hold a word."""
        self.marks.append((key, word, fill))

    def cell(self, key: Hashable, id_: Any) -> str:
        """«H12»."""
        return f"{self._letters[key]}{self._rows[id_]}"

    def edge(self, key: Hashable, title: str) -> str:
        """«$H$4», the cell of a row above the schools."""
        return f"${self._letters[key]}${HEADER_ROW + 1 + list(self.edges).index(title)}"

    def column(self, key: Hashable) -> str:
        """«$H$10:$H$240», all rows of a column."""
        return f"${self._letters[key]}${self.first_row}:${self._letters[key]}${self.last_row}"

    def fixed(self, key: Hashable, id_: Any) -> str:
        """«$H$12»."""
        return f"${self._letters[key]}${self._rows[id_]}"

    def span(self, keys: Sequence[Hashable], id_: Any) -> str:
        """«H12:Q12», neighbouring columns of a row."""
        return f"{self.cell(keys[0], id_)}:{self.cell(keys[-1], id_)}"

    def span_edges(self, keys: Sequence[Hashable], title: str) -> str:
        """«$H$8:$Q$8», neighbouring columns of a row above the schools."""
        return f"{self.edge(keys[0], title)}:{self.edge(keys[-1], title)}"

    def see(self, reference: str) -> str:
        """The reference as another sheet writes it: «'2021 средние'!H12»."""
        quoted = self.name.replace("'", "''")
        return f"'{quoted}'!{reference}"

    def has(self, id_: Any) -> bool:
        """Whether there is a row of the id."""
        return id_ in self._rows

    def follows(self, id_: Any) -> Any:
        """The id of the row above, None for the first row."""
        place = self._rows[id_] - self.first_row
        return self.ids[place - 1] if place else None


class SheetNames:
    """Valid sheet names, each given once."""

    def __init__(self, *taken: str) -> None:
        self._taken = {name.casefold() for name in taken}

    def take(self, wanted: str) -> str:
        """A name not yet taken, regardless of case: cut where it is too long, numbered where it is taken."""
        name, number = name_sheet(wanted).strip("' "), 1
        while name.casefold() in self._taken:
            number += 1
            ending = f" {number}"
            name = name_sheet(wanted)[: 31 - len(ending)].strip("' ") + ending
        self._taken.add(name.casefold())
        return name


def add_styles(book: Workbook) -> None:
    """Register the looks of cells."""
    line = Side(style="thin", color="D0D0D0")
    for name, (number_format, fill, ink) in LOOKS.items():
        style = NamedStyle(name, number_format=number_format, font=Font(color=ink, bold=name == HEADER))
        if fill:
            style.fill = PatternFill("solid", fgColor=fill)
            style.border = Border(line, line, line, line)
        if name in (TEXT, SOURCE):
            style.alignment = Alignment(indent=1)
        if name == HEADER:
            style.alignment = Alignment(wrap_text=True, vertical="top")
        book.add_named_style(style)


def write_grid(sheet: Worksheet, grid: FormulaSheet) -> None:
    """Title, blocks, headings, the rows above the schools, the schools; headings stay in sight."""
    write_cell(sheet.cell(TITLE_ROW, 1), grid.title, TEXT).font = Font(bold=True, size=12)
    for row, title in enumerate(grid.edges, start=HEADER_ROW + 1):
        write_cell(sheet.cell(row, grid.frozen_columns), title, BORDER)
    block = None
    for number, column in enumerate(grid.columns.values(), start=1):
        new_block = column.block if column.block != block else None
        block = column.block
        write_column(sheet, grid, number, column, new_block)
    lines = max(ceil(len(column.heading) * LETTER / column.width) for column in grid.columns.values())
    sheet.row_dimensions[HEADER_ROW].height = 15 * (lines + 1)
    sheet.freeze_panes = sheet.cell(HEADER_ROW + 1, grid.frozen_columns + 1)
    for key, word, fill in grid.marks:
        rule = CellIsRule(operator="equal", formula=[quote(word)], fill=PatternFill(bgColor=fill, fill_type="solid"))
        sheet.conditional_formatting.add(grid.column(key).replace("$", ""), rule)
    set_print(sheet)


def write_column(sheet: Worksheet, grid: FormulaSheet, number: int, column: Column, new_block: str | None) -> None:
    """One column from its block's title down to the last row; the title stands over the block's first column."""
    write_cell(sheet.cell(BLOCK_ROW, number), new_block, HEADER).alignment = Alignment(wrap_text=False)
    write_cell(sheet.cell(HEADER_ROW, number), column.heading, HEADER)
    for row, title in enumerate(grid.edges, start=HEADER_ROW + 1):
        if title in column.edges:
            write_cell(sheet.cell(row, number), column.edges[title](), BORDER, is_formula=True)
    for row, id_ in enumerate(grid.ids, start=grid.first_row):
        write_cell(sheet.cell(row, number), column.make(id_), column.style, is_formula=column.is_formula)
    sheet.column_dimensions[get_column_letter(number)].width = column.width


def write_cell(cell: Cell, value: object, style: str, *, is_formula: bool = False) -> Cell:
    """A value or a formula with its look; text that begins like a formula stays text, a missing value an empty cell."""
    cell.style = style
    if isinstance(value, str) and not is_formula:
        put_value(cell, value)
    elif not pd.isna(value):
        cell.value = value
    return cell


def set_print(sheet: Worksheet) -> None:
    """Landscape paper, one page wide where a person prints it, headings on every page."""
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A3
    sheet.print_title_rows = f"{BLOCK_ROW}:{HEADER_ROW}"
