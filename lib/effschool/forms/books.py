"""Forms for the ОМСУ (формы): workbooks per municipality with its schools listed, limits in cells, checks in words.

A workbook holds the data sheets of the form and the sheet of instructions. No password locks it: protection is against
slips, and what comes back is checked anyway.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.formatting.rule import FormulaRule
from openpyxl.styles import Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.workbook.protection import WorkbookProtection
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.worksheet import Worksheet

from effschool.base.storage import save_workbook
from effschool.forms.template import Form, FormColumn, FormSheet
from effschool.report.portfolio import name_slugs, order_names
from effschool.report.workbook import FONT, LINE_HEIGHT, WRAPPED, count_lines, put_value, set_up_page
from effschool.support.participants import choose_participants

TITLE_ROW, HINT_ROW, CHECK_ROW, BAND_ROW, HEADER_ROW = range(1, 6)
FIRST_ROW = HEADER_ROW + 1
FILLS = {name: PatternFill("solid", fgColor=colour) for name, colour in {"input": "FFF8DC", "fixed": "EEF2F6"}.items()}
BAD, GOOD = PatternFill("solid", bgColor="F8CBAD"), PatternFill("solid", bgColor="D5E8D4")
LINE = Border(*[Side("thin", color="BFBFBF")] * 4)
WIDTHS = {"year": 6, "school_id": 10, "name": 32, "level": 8, "municipality": 20, "reason": 18, "check": 42}
COUNT_WIDTH, PAST_WIDTH, LINK_WIDTH, TEXT_WIDTH = 13, 15, 32, 88
LONGEST = 500
"""Letters of a link, the most that a cell takes."""
ROW_LINES = 3
"""Lines in a school's row, where a check may have more than one thing to say."""


@dataclass(frozen=True)
class FormGrid:
    """One sheet of the form, and where its columns stand.

    Args:
        form: the whole form, for its words.
        sheet: what this sheet asks for.
        letters: keys, name, columns to fill in, reason, check and past_… → letter of the column.
        last: number of the last row to fill in.
    """

    form: Form
    sheet: FormSheet
    letters: Mapping[str, str]
    last: int

    def span(self, first: str, last: str = "") -> str:
        """Cells of all the rows from one column to another."""
        return f"{self.letters[first]}{FIRST_ROW}:{self.letters[last or first]}{self.last}"

    def say_limits(self, column: FormColumn) -> dict[str, object]:
        """What the words of a limit may name."""
        most = column.most if column.most is not None else self.sheet.most
        total = self.sheet.headings.get(self.sheet.total or "", "")
        most = LONGEST if column.kind == "text" else most
        return {"least": column.least, "most": most, "total": total, "values": ", ".join(column.values)}


def write_forms(
    forms: Sequence[Form] | Form, tables: Mapping[str, pd.DataFrame], year: int, folder: Path
) -> dict[str, Path]:
    """Write the workbooks of every municipality; returns the path of the first form's by municipality.

    A sheet that would have no rows is not written: an ОМСУ without participants of projects has no sheets of theirs.

    Args:
        forms: the form, and those sent beside it, whose names are added to the name of the file.
        tables: contract tables by name: the register, and what was sent for the year before.
        folder: gets a folder named by the year, with a file per municipality.

    Raises:
        ValueError: the register has no year that the form could list schools of.
    """
    schools = choose_register(tables["schools"], year)
    first, *others = [forms] if isinstance(forms, Form) else forms
    written = {}
    for municipality, slug in name_form_files(schools).items():
        own = schools[schools["municipality"] == municipality]
        paths = {slug: first, **{f"{slug}-{form.id}": form for form in others}}
        for name, form in paths.items():
            listed = list_asked(form, own, tables, year)
            rows = {table: found for table, found in listed.items() if len(found) or form is first}
            if rows:
                save_workbook(build_form(form, rows, municipality, year), folder / str(year) / f"{name}.xlsx")
        written[municipality] = folder / str(year) / f"{slug}.xlsx"
    return written


def name_form_files(schools: pd.DataFrame) -> dict[str, str]:
    """File name, without its ending, of every municipality of some schools, in alphabetical order."""
    return name_slugs(schools["municipality"].drop_duplicates().sort_values(key=order_names))


def choose_register(schools: pd.DataFrame, year: int) -> pd.DataFrame:
    """Schools of the year, or of the last year before it that the register has.

    Raises:
        ValueError: there is none.
    """
    known = sorted(set(schools["year"]))
    past = [found for found in known if found <= year]
    if not past:
        listed = ", ".join(map(str, known)) or "нет ни одного года"
        raise ValueError(
            f"Для форм за {year} год в реестре школ нет школ: там {listed}. Проверьте YEAR и файл schools."
        )
    return schools[schools["year"] == past[-1]]


def list_asked(
    form: Form, schools: pd.DataFrame, tables: Mapping[str, pd.DataFrame], year: int
) -> dict[str, pd.DataFrame]:
    """Rows that a form asks of one municipality, by contract table: of all its schools, or of those of projects."""
    taking = schools["school_id"].isin(choose_participants(tables["programme"], year)["school_id"])
    asked = {"participants": schools[taking], "schools": schools, "municipality": schools}
    return {sheet.table: list_rows(sheet, asked[sheet.rows], tables[sheet.table], year) for sheet in form.sheets}


def list_rows(sheet: FormSheet, schools: pd.DataFrame, past: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows that a sheet asks for: a row per school (and level or listed thing), by name, or per question.

    Args:
        schools: those of one municipality, whom the sheet asks about.
        past: the sheet's contract table, of which last year's values stand beside where there are any.

    Returns:
        The keys of the sheet, name of the school, and past_… for every column to fill in.
    """
    rows = _list_owners(sheet, schools).assign(year=year)
    if sheet.lists:
        things = product(*(item.values for item in sheet.lists))
        rows = rows.merge(pd.DataFrame(things, columns=[item.name for item in sheet.lists]), how="cross")
    key = [name for name in sheet.keys if name != "year"]
    front = ["year", key[0], *(["name"] if "name" in rows else []), *key[1:]]
    if not sheet.is_whole_key:
        return rows[front]
    names = {name: f"past_{name}" for name in sheet.headings}
    before = past[past["year"] == year - 1].rename(columns=names)
    joined = rows.merge(before[[*key, *names.values()]], how="left", on=key, validate="one_to_one")
    return joined[[*front, *names.values()]]


def _list_owners(sheet: FormSheet, schools: pd.DataFrame) -> pd.DataFrame:
    """Schools asked, with their levels, or the municipality."""
    if sheet.rows == "municipality":
        return schools[["municipality"]].drop_duplicates(ignore_index=True)
    ordered = schools.sort_values(["name", "school_id"], key=order_names, ignore_index=True)
    rows = ordered[["school_id", "name"]]
    if not sheet.levels:
        return rows
    levels = [list(sheet.list_levels(kind)) for kind in ordered["type"]]
    return rows.assign(level=levels).explode("level").dropna(subset="level").astype({"level": "str"})


def build_form(form: Form, rows: Mapping[str, pd.DataFrame], municipality: str, year: int) -> Workbook:
    """The workbook of one municipality, opened at the instructions."""
    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.title = f"{form.title}, {year} год"
    asked = form.model_copy(update={"sheets": tuple(sheet for sheet in form.sheets if sheet.table in rows)})
    for sheet in asked.sheets:
        fill_data_sheet(book.create_sheet(sheet.sheet), asked, sheet, rows[sheet.table], f"{municipality}, {year} год")
    fill_instruction(book.create_sheet(form.instruction.sheet), asked, f"{municipality}, {year} год")
    book.active = len(asked.sheets)
    for sheet in book.worksheets:
        sheet.sheet_view.tabSelected = sheet is book.active
        sheet.protection.sheet = True
        sheet.protection.formatColumns = sheet.protection.formatRows = False
    book.security = WorkbookProtection(lockStructure=True)
    return book


def fill_data_sheet(target: Worksheet, form: Form, sheet: FormSheet, rows: pd.DataFrame, place: str) -> None:
    """Title, hint, check of the sheet, blocks of columns, headings, the rows."""
    head = head_columns(form, sheet, rows)
    letters = {name: get_column_letter(number) for number, name in enumerate(head, start=1)}
    grid = FormGrid(form, sheet, letters, max(HEADER_ROW + len(rows), FIRST_ROW))
    put_value(target.cell(TITLE_ROW, 1), f"{sheet.title}. {place}").font = Font(FONT, bold=True, size=13)
    put_value(target.cell(HINT_ROW, 1), sheet.hint)
    target.cell(CHECK_ROW, 1, check_sheet(grid)).font = Font(FONT, bold=True)
    _write_bands(target, grid, int(rows["year"].max()) - 1 if len(rows) else 0)
    for number, (name, heading) in enumerate(head.items(), start=1):
        cell = put_value(target.cell(HEADER_ROW, number), heading)
        cell.font, cell.fill, cell.border, cell.alignment = Font(FONT, 9, bold=True), FILLS["fixed"], LINE, WRAPPED
        target.column_dimensions[letters[name]].width = choose_width(sheet, name)
    target.row_dimensions[HEADER_ROW].height = LINE_HEIGHT * 4
    for number, values in enumerate(rows.to_dict("records"), start=FIRST_ROW):
        _write_row(target, grid, number, values)
    if len(rows):
        add_limits(target, grid)
    _set_up_print(target, grid, next(iter(sheet.headings)))


def choose_width(sheet: FormSheet, name: str) -> int:
    """Width of a column of a sheet, in letters."""
    if name.startswith("past_"):
        return PAST_WIDTH
    listed = {item.name: item.width for item in sheet.lists}
    texts = {column.name: LINK_WIDTH for column in sheet.columns if column.kind == "text"}
    return {**WIDTHS, **listed, **texts}.get(name, COUNT_WIDTH)


def head_columns(form: Form, sheet: FormSheet, rows: pd.DataFrame) -> dict[str, str]:
    """Heading of every column of the sheet, in their order."""
    last_year = int(rows["year"].max()) - 1 if len(rows) else ""
    known = {**form.head_keys(sheet), "name": form.name_heading}
    keys = {name: known[name] for name in rows if not name.startswith("past_")}
    past = {
        f"past_{name}": form.past_heading.format(year=last_year, heading=heading)
        for name, heading in (sheet.headings if sheet.is_whole_key else {}).items()
    }
    reason = {"reason": form.reasons.heading} if form.reasons else {}
    return {**keys, **sheet.headings, **reason, "check": form.check.heading, **past}


def _write_bands(target: Worksheet, grid: FormGrid, last_year: int) -> None:
    words, first = grid.form.bands, next(iter(grid.sheet.headings))
    texts = {"year": words.key, first: words.input, f"past_{first}": words.past.format(year=last_year)}
    for name, text in [(name, text) for name, text in texts.items() if name in grid.letters]:
        put_value(target[f"{grid.letters[name]}{BAND_ROW}"], text).font = Font(FONT, italic=True, color="4D4D4D")


def _write_row(target: Worksheet, grid: FormGrid, number: int, values: Mapping[str, object]) -> None:
    texts = {column.name for column in grid.sheet.columns if column.kind == "text"} | {"school_id", "name"}
    for name, letter in grid.letters.items():
        cell = target[f"{letter}{number}"]
        is_input = name in grid.sheet.headings or name == "reason"
        if name == "check":
            cell.value = check_row(grid, number)
        elif not is_input:
            put_value(cell, values[name])
        style_cell(cell, is_input=is_input)
        cell.number_format = "@" if name in texts else "General"
        cell.font = Font(FONT, 9 if name in {"name", "check", "reason"} else 11)
    lines = [
        count_lines(str(values[name]), choose_width(grid.sheet, name))
        for name in ("name", "question")
        if name in values
    ]
    target.row_dimensions[number].height = LINE_HEIGHT * max(ROW_LINES, *lines)


def style_cell(cell: Cell, *, is_input: bool) -> None:
    """A cell to fill in: yellow and unlocked; any other: grey and locked."""
    cell.fill = FILLS["input" if is_input else "fixed"]
    cell.protection = Protection(locked=not is_input)
    cell.border, cell.alignment = LINE, WRAPPED


def check_row(grid: FormGrid, number: int) -> str:
    """Formula that says in words what does not add up in a row."""
    words, columns = grid.form.check, grid.sheet.columns
    faults = "&".join(check for column in columns if (check := _check_cell(grid, column, number)))
    first, last = (f"{grid.letters[columns[place].name]}{number}" for place in (0, -1))
    expected = [f"{grid.letters[column.name]}{number}" for column in columns if column.kind != "text"]
    cells, needed = f"{first}:{last}", f"{expected[0]}:{expected[-1]}"
    reason = f"{grid.letters['reason']}{number}" if grid.form.reasons else ""
    unsaid = (
        f'IF({reason}="",{_quote(words.blank)},{_quote(words.without)}&{reason})' if reason else _quote(words.blank)
    )
    rest = f"IF(COUNTBLANK({needed})>0,{_quote(words.few)}&COUNTBLANK({needed}),{_quote(words.right)})"
    return f"=IF(COUNTA({cells})=0,{unsaid},IF(LEN({faults})>0,{_quote(words.wrong)}&{faults},{rest}))"


def _check_cell(grid: FormGrid, column: FormColumn, number: int) -> str:
    """Formula of what is wrong in a cell, "" where nothing can be."""
    words, cell, says = grid.form.check, f"{grid.letters[column.name]}{number}", grid.say_limits(column)
    heading = f"{grid.letters[column.name]}${HEADER_ROW}"
    if column.kind == "text":
        return ""
    if column.kind == "choice":
        listed = ",".join(f"{cell}={_quote(value)}" for value in column.values)
        return f'IF(OR(ISBLANK({cell}),{listed}),"",{heading}&{_quote(words.not_listed)})'
    if column.most is not None:
        fraction = f",{cell}<>INT({cell})" if column.kind == "count" else ""
        wrong = f"{heading}&{_quote(words.not_in_range.format(**says))}"
        inside = f'IF(OR({cell}<{column.least},{cell}>{column.most}{fraction}),{wrong},"")'
        return f'IF(ISBLANK({cell}),"",IF(ISNUMBER({cell}),{inside},{wrong}))'
    total = f"{grid.letters[str(grid.sheet.total)]}{number}"
    wrong, is_total = f"{heading}&{_quote(words.not_number)}", column.name == grid.sheet.total
    exceeds = f"{total}>{grid.sheet.most}" if is_total else f"AND(ISNUMBER({total}),{cell}>{total})"
    too_much = (words.too_large if is_total else words.too_many).format(**says)
    above = f'IF({exceeds},{heading}&{_quote(too_much)},"")'
    whole = f"IF(OR({cell}<0,{cell}<>INT({cell})),{wrong},{above})"
    return f'IF(ISBLANK({cell}),"",IF(ISNUMBER({cell}),{whole},{wrong}))'


def check_sheet(grid: FormGrid) -> str:
    """Formula that counts rows with faults, blank ones and those filled in part."""
    words, cells = grid.form.check, grid.span("check")
    kinds = [(words.sheet_wrong, words.wrong), (words.sheet_blank, words.blank), (words.sheet_few, words.few)]
    counts = {text: f"COUNTIF({cells},{_quote(begin.strip() + '*')})" for text, begin in kinds}
    parts = "&".join(f'IF({count}>0,{_quote(text)}&{count}&". ","")' for text, count in counts.items())
    total = "+".join(counts.values())
    return f"=IF({total}=0,{_quote(words.sheet_right)},{parts})"


def _quote(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def add_limits(target: Worksheet, grid: FormGrid) -> None:
    """What may be typed into every column, the drop-down of reasons, colours of the check."""
    form = grid.form
    for column in grid.sheet.columns:
        rule = _limit_column(grid, column)
        rule.errorTitle, rule.prompt = form.limits.title, column.hint
        _add_validation(target, rule, grid.span(column.name))
    if form.reasons:
        listed = f"{quote_sheetname(form.instruction.sheet)}!{_locate_reasons(form)}"
        rule = DataValidation("list", formula1=listed, allow_blank=True)
        rule.errorTitle, rule.error, rule.prompt = form.reasons.title, form.reasons.error, form.reasons.hint
        _add_validation(target, rule, grid.span("reason"))
    first = f"{grid.letters['check']}{FIRST_ROW}"
    for words, fill in ((form.check.right, GOOD), (form.check.wrong.strip(), BAD)):
        condition = FormulaRule([f"LEFT({first},{len(words)})={_quote(words)}"], fill=fill)
        target.conditional_formatting.add(grid.span("check"), condition)


def _limit_column(grid: FormGrid, column: FormColumn) -> DataValidation:
    """Whole numbers from 0 to the total, numbers in a range, one of some words, or a text that is not too long."""
    words, says = grid.form.limits, grid.say_limits(column)
    if column.kind == "choice":
        rule = DataValidation("list", formula1=_quote(",".join(column.values)), allow_blank=True)
        rule.error = words.choice.format(**says)
        return rule
    is_total = column.name == grid.sheet.total
    if column.kind == "text":
        kind, message, limit = "textLength", words.text, str(LONGEST)
    elif column.most is not None:
        kind, message = "whole" if column.kind == "count" else "decimal", words.range
        limit = str(column.most)
    else:
        kind, message = "whole", words.total if is_total else words.part
        limit = str(grid.sheet.most) if is_total else f"${grid.letters[str(grid.sheet.total)]}{FIRST_ROW}"
    rule = DataValidation(kind, formula1=str(column.least), formula2=limit, operator="between", allow_blank=True)
    rule.error = message.format(**says)
    return rule


def _add_validation(target: Worksheet, rule: DataValidation, cells: str) -> None:
    rule.showErrorMessage = rule.showInputMessage = True
    rule.errorStyle = "stop"
    rule.add(cells)
    target.add_data_validation(rule)


def _set_up_print(target: Worksheet, grid: FormGrid, first_input: str) -> None:
    """Frozen heads; on paper A4 across, one page wide, the heads on every page, last year's block left out."""
    target.freeze_panes = f"{grid.letters[first_input]}{FIRST_ROW}"
    target.print_title_rows = f"{BAND_ROW}:{HEADER_ROW}"
    target.print_area = f"A1:{grid.letters['check']}{grid.last}"
    set_up_page(target)
    target.page_margins = PageMargins(0.4, 0.4, 0.5, 0.6)
    target.oddFooter.center.text = "&A, страница &P из &N"


def _list_instruction(form: Form) -> list[tuple[str, bool]]:
    """Lines of the sheet of instructions, and whether each is a heading."""
    steps = [(f"{number}. {step}", False) for number, step in enumerate(form.instruction.steps, start=1)]
    columns = [
        line
        for sheet in form.sheets
        for line in [
            (f"{form.instruction.columns_title}: лист «{sheet.sheet}»", True),
            *((f"{column.heading}. {column.hint}", False) for column in sheet.columns),
        ]
    ]
    reasons = [(form.reasons.title, True), *((value, False) for value in form.reasons.values)] if form.reasons else []
    return [*steps, (form.instruction.example, False), *columns, *reasons]


def _locate_reasons(form: Form) -> str:
    last, values = HINT_ROW + len(_list_instruction(form)), form.reasons.values if form.reasons else ()
    return f"$A${last - len(values) + 1}:$A${last}"


def fill_instruction(target: Worksheet, form: Form, place: str) -> None:
    """How to fill in the form, what each column means, and the reasons that the drop-down offers."""
    put_value(target.cell(TITLE_ROW, 1), form.instruction.title).font = Font(FONT, bold=True, size=13)
    put_value(target.cell(HINT_ROW, 1), f"{form.title}. {place}")
    lines = _list_instruction(form)
    for number, (text, is_heading) in enumerate(lines, start=HINT_ROW + 1):
        cell = put_value(target.cell(number, 1), text)
        cell.font, cell.alignment = Font(FONT, bold=is_heading), WRAPPED
        target.row_dimensions[number].height = LINE_HEIGHT * count_lines(text, TEXT_WIDTH * 0.9)
    target.column_dimensions["A"].width = TEXT_WIDTH
    set_up_page(target)
