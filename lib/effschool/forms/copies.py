"""A workbook as sent → a workbook of our own (копия): its values and its looks, nothing that acts.

A copy is opened by people who trust it. So nothing is taken over but what is named here: no formula, link, macro, name,
picture or condition of a sent file has a way into it.
"""

import re
from copy import copy

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.dimensions import ColumnDimension
from openpyxl.worksheet.worksheet import Worksheet

from effschool.forms.books import style_cell
from effschool.report.workbook import put_value, set_up_page

LOOKS = ("font", "fill", "border", "alignment", "protection", "number_format")
LIMIT = re.compile(r"-?\d+|(?:'?([^'!\[\]|]+)'?!)?\$?[A-Z]{1,3}\$?\d+(?::\$?[A-Z]{1,3}\$?\d+)?")
"""What a limit of a cell may refer to: a number or cells of the same book; no function and no other file."""
Looks = dict[tuple[int, ...], object]


def copy_values(sent: Workbook, computed: Workbook, author: str) -> Workbook:
    """A new workbook with the values of another and the looks of its cells.

    Args:
        sent: as sent.
        computed: the same with the last results of formulas; a formula without one becomes its text.
        author: whose comments are marks of an earlier check, which are left out.
    """
    book, looks = Workbook(), Looks()
    book.remove(book.worksheets[0])
    for sheet in sent.worksheets:
        target = book.create_sheet(sheet.title)
        for cell in [cell for cell in sheet._cells.values() if isinstance(cell, Cell)]:  # only those that there are
            _copy_look(cell, target.cell(cell.row, cell.column), looks)
            _copy_value(cell, computed[sheet.title].cell(cell.row, cell.column), target.cell(cell.row, cell.column))
            _copy_comment(cell, target.cell(cell.row, cell.column), author)
        _copy_frame(sheet, target)
        _copy_limits(sheet, target, sent.sheetnames)
    book.active = sent.worksheets.index(sent.active) if sent.active in sent.worksheets else 0
    book.security = WorkbookProtection(lockStructure=bool(sent.security and sent.security.lockStructure))
    return book


def _copy_value(cell: Cell, computed: Cell, target: Cell) -> None:
    value = cell.value
    if cell.data_type == "f":
        value = computed.value if computed.value is not None else str(getattr(value, "text", value))
    put_value(target, value)


def _copy_look(cell: Cell, target: Cell, looks: Looks) -> None:
    look = tuple(cell._style)
    if look not in looks:
        for part in LOOKS:
            setattr(target, part, copy(getattr(cell, part)))
        looks[look] = copy(target._style)  # to find a style by its parts takes ten times as long
    target._style = copy(looks[look])


def _copy_comment(cell: Cell, target: Cell, author: str) -> None:
    if cell.comment and cell.comment.author == author:
        style_cell(target, is_input=not cell.protection.locked)
    elif cell.comment:
        target.comment = Comment(cell.comment.text, cell.comment.author)


def _copy_frame(sheet: Worksheet, target: Worksheet) -> None:
    """Widths, heights, merged cells, frozen heads and protection, without its password."""
    for letter, column in sheet.column_dimensions.items():
        kept = {name: getattr(column, name) for name in ("width", "hidden", "min", "max")}
        target.column_dimensions[letter] = ColumnDimension(target, index=letter, **kept)
    for number, row in sheet.row_dimensions.items():
        target.row_dimensions[number].height, target.row_dimensions[number].hidden = row.height, row.hidden
    for place in sheet.merged_cells.ranges:
        target.merge_cells(place.coord)
    for name in ("sheet", "formatColumns", "formatRows"):
        setattr(target.protection, name, getattr(sheet.protection, name))
    target.freeze_panes, target.sheet_state = sheet.freeze_panes, sheet.sheet_state
    set_up_page(target)


def _copy_limits(sheet: Worksheet, target: Worksheet, sheets: list[str]) -> None:
    """What may be entered into cells, where that refers to nothing but numbers and cells of this book."""
    for rule in sheet.data_validations.dataValidation:
        formulas = [formula for formula in (rule.formula1, rule.formula2) if formula]
        found = [LIMIT.fullmatch(formula) for formula in formulas]
        if all(match and (match[1] is None or match[1] in sheets) for match in found):
            words = {name: getattr(rule, name) for name in ("errorTitle", "error", "promptTitle", "prompt")}
            kept = DataValidation(rule.type, rule.formula1, rule.formula2, allow_blank=rule.allowBlank, **words)
            kept.showErrorMessage = kept.showInputMessage = True
            kept.operator, kept.sqref = rule.operator, rule.sqref
            target.add_data_validation(kept)
