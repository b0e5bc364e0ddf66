"""Protocols of the check (протоколы проверки): a page and a marked copy for every ОМСУ, a summary for the institute.

A protocol of one municipality is made from its own verdict alone, so it cannot name a school of another.
"""

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import openpyxl
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill
from openpyxl.worksheet.worksheet import Worksheet

from effschool.base.persons import hide_names
from effschool.base.problems import Severity, UnreadableFileError, find_file
from effschool.base.russian import count_words, join_words
from effschool.base.storage import drop_written, note_when_done, save_workbook, write_text
from effschool.forms.check import (
    BLOCKING,
    UNSENT,
    Case,
    Checked,
    SentBook,
    Verdict,
    check_forms,
    choose_schools,
    describe_loss,
    is_municipal,
    join_forms,
)
from effschool.forms.copies import copy_values
from effschool.forms.template import Form
from effschool.intake.ingest import Ingested
from effschool.intake.layouts import Layout, simplify_text
from effschool.intake.workbooks import check_archive
from effschool.method.methodology import Methodology
from effschool.report import workbook
from effschool.report.display import TEMPLATES, Table, Text
from effschool.report.portfolio import name_slugs
from effschool.report.workbook import LINE_HEIGHT, WRAPPED, About, count_lines, fill_sheet, write_workbook

MARK = {
    Severity.ERROR: PatternFill("solid", fgColor="F4A582"),
    Severity.WARNING: PatternFill("solid", fgColor="FFD966"),
    Severity.QUESTION: PatternFill("solid", fgColor="FFD966"),
}
MESSAGE_WIDTH, WITHIN = 90, 15
"""Width of the column of messages; rows of a sheet in which its headings are looked for."""
Part = Table | Text
Sections = Sequence[tuple[str, Sequence[Part]]]


def open_sent(path: Path, *, computed: bool = False) -> Workbook | None:
    """The workbook as sent, or with the last results of its formulas; None where it is no workbook, which is told."""
    try:
        with zipfile.ZipFile(path) as archive:
            check_archive(archive, path.name)
        return openpyxl.load_workbook(path, data_only=computed, keep_links=False)
    except (UnreadableFileError, OSError, zipfile.BadZipFile, ValueError, TypeError, SyntaxError, LookupError):
        return None


def find_headings(sheet: Worksheet, form: Form) -> tuple[int, dict[str, int]]:
    """Row of the headings and column by heading as `simplify_text` writes it; row 0 where there is none."""
    owners = [simplify_text(heading) for heading in (form.keys["school_id"], form.place_heading)]
    year, rows = simplify_text(form.keys["year"]), list_cells(sheet)
    for number in sorted(number for number in rows if number <= WITHIN):
        found = {simplify_text(str(value)): place for place, value in rows[number].items()}
        if year in found and any(owner in found for owner in owners):
            return number, found
    return 0, {}


def list_cells(sheet: Worksheet) -> dict[int, dict[int, object]]:
    """Values by row and column, of cells that have one; a walk over the used range would meet a million blank ones."""
    rows: dict[int, dict[int, object]] = defaultdict(dict)
    for (row, column), cell in sorted(sheet._cells.items()):
        if cell.value is not None:
            rows[row][column] = cell.value
    return rows


def read_sent(book: Workbook, form: Form) -> SentBook:
    """Codes, years and reasons of all sheets that have the headings of the form."""
    rows = pd.concat([_read_sheet(sheet, form) for sheet in book.worksheets], ignore_index=True)
    coded = rows[rows["school_id"].ne("")]
    reasoned = coded[coded["reason"].ne("")].set_index(["table", "school_id", "level"])["reason"]
    years = coded.loc[coded["year"].str.fullmatch("[0-9]{4}"), "year"]
    codes = coded.groupby("table")["school_id"].agg(frozenset)
    return SentBook(codes.to_dict(), reasoned.to_dict(), frozenset(years.astype(int)))


def _read_sheet(sheet: Worksheet, form: Form) -> pd.DataFrame:
    """Rows below the headings as text, "" where blank; none of a sheet without the form's headings."""
    row, columns = find_headings(sheet, form)
    table = _name_table(form, columns)
    headings = form.keys | ({"reason": form.reasons.heading} if form.reasons else {})
    places = {name: columns.get(simplify_text(heading)) for name, heading in headings.items()}
    below = [cells for number, cells in list_cells(sheet).items() if number > row > 0 and table]
    read = {name: [str(cells.get(place or 0, "")).strip() for cells in below] for name, place in places.items()}
    return pd.DataFrame(read, dtype="str").assign(table=table)


def _name_table(form: Form, columns: Mapping[str, int]) -> str:
    return next((s.table for s in form.sheets if simplify_text(s.mark) in columns), "")


def make_copy(path: Path, form: Form) -> Workbook | None:
    """A workbook with the values of one that was sent, without the marks of an earlier check; None where it is none."""
    sent, computed = open_sent(path), open_sent(path, computed=True)
    if sent is None or computed is None:
        return None
    book = copy_values(sent, computed, form.protocol.author)
    if form.protocol.marks_sheet in book.sheetnames:
        book.remove(book[form.protocol.marks_sheet])
    return book


def mark_copy(book: Workbook, problems: pd.DataFrame, form: Form, path: Path) -> None:
    """Save a copy with the wrong cells filled and commented and a list of all."""
    shown = {hide_names(sheet.title): sheet for sheet in book.worksheets}
    for name, rows in problems.dropna(subset="row").groupby("sheet"):
        if name in shown:
            _mark_sheet(shown[name], rows, form)
    _list_messages(book.create_sheet(form.protocol.marks_sheet), form, problems)
    save_workbook(book, path)


def _list_messages(listed: Worksheet, form: Form, problems: pd.DataFrame) -> None:
    fill_sheet(listed, tabulate_messages("marks", form.protocol.marks_sheet, problems))
    listed.column_dimensions["E"].width = MESSAGE_WIDTH
    for number, message in enumerate(problems["message"], start=workbook.HEADER_ROW + 1):
        for column in range(1, 6):
            listed.cell(number, column).alignment = WRAPPED
        listed.row_dimensions[number].height = LINE_HEIGHT * count_lines(message, MESSAGE_WIDTH * 0.9)
    listed.protection.sheet = True


def _mark_sheet(sheet: Worksheet, problems: pd.DataFrame, form: Form) -> None:
    _, columns = find_headings(sheet, form)
    told: dict[tuple[int, int], list[str]] = defaultdict(list)
    for problem in problems.to_dict("records"):
        headings = [simplify_text(heading) for heading in str(problem["column"]).split(", ")]
        places = [columns[heading] for heading in headings if heading in columns]
        for place in places or [columns.get(simplify_text(form.keys["school_id"]), 1)]:
            told[int(problem["row"]), place].append(str(problem["message"]))
            cell = sheet.cell(int(problem["row"]), place)
            if problem["severity"] == Severity.ERROR or len(told[cell.row, place]) == 1:
                cell.fill = MARK[problem["severity"]]
    for (row, place), messages in told.items():
        sheet.cell(row, place).comment = Comment("\n\n".join(messages), form.protocol.author, height=160, width=380)


def tabulate_messages(key: str, title: str, problems: pd.DataFrame) -> Table:
    """A row per problem: where it is, and the whole sentence."""
    row = problems["row"].astype("str").fillna("—")
    columns = problems["column"].mask(problems["column"].eq(""), "—")
    sheet = problems["sheet"].mask(problems["sheet"].eq(""), "—")
    frame = {"Лист": sheet, "Строка": row, "Столбец": columns, "Вид": problems["severity"].astype("str")}
    return Table(key, title, pd.DataFrame({**frame, "Замечание": problems["message"]}).reset_index(drop=True))


def gather_messages(problems: pd.DataFrame) -> pd.DataFrame:
    """Each kind of problem once, as its first row has it, with the numbers of the other rows."""
    kind = ["severity", "file", "sheet", "column", "expected"]
    rest = problems.astype({"row": object}).groupby(kind)["row"].transform(_say_others).astype("str")
    is_first = problems["row"].isna() | ~problems.duplicated(kind)
    return problems.assign(message=problems["message"] + rest)[is_first]


def _say_others(rows: pd.Series) -> str:
    """« То же в строках 3–21, 30.»: rows after the first, those that follow one another as a span."""
    others = pd.Series(sorted(set(rows.dropna().iloc[1:])), dtype="int64")
    spans = others.groupby(others - others.index).agg(["min", "max"])
    named = [str(first) if first == last else f"{first}–{last}" for first, last in spans.itertuples(index=False)]
    return f" То же в {'строке' if len(others) == 1 else 'строках'} {', '.join(named)}." if named else ""


def tabulate_missing(verdict: Verdict, form: Form) -> Table:
    """Schools that the form lacks, or whose numbers it lacks, with the reason the ОМСУ gave."""
    absent = verdict.missing[~verdict.missing["is_sent"]]
    sheets = {sheet.table: sheet for sheet in form.sheets}
    rows = [
        {
            "Школа": row["name"],
            "Код ОО": row["school_id"],
            "Лист": ", ".join(filter(None, [sheets[row["table"]].sheet, row["level"]])),
            "Чего нет": "всей строки" if row["is_blank"] else _name_columns(row, form),
            "Указанная причина": row["reason"] or "—",
        }
        for row in absent.to_dict("records")
    ]
    columns = ["Школа", "Код ОО", "Лист", "Чего нет", "Указанная причина"]
    return Table("missing", "Школы, по которым данных нет или они неполны", pd.DataFrame(rows, columns=columns))


def _name_columns(row: Mapping[str, object], form: Form) -> str:
    headings = form.head_table(str(row["table"]))
    return join_words(f"«{headings[name]}»" for name in row["columns"])  # type: ignore[attr-defined]


def tabulate_uncertain(verdict: Verdict, methodology: Methodology, year: int) -> Table:
    """What cannot be computed as long as the numbers are missing: a row per index and set of indicators."""
    rows = []
    known = verdict.uncertain.assign(key=[tuple(found) for found in verdict.uncertain["indicators"]])
    for (domain, lost, is_lost), schools in known.groupby(["domain", "key", "is_lost"], sort=False):
        rules = methodology.domains[domain]
        is_whole = len(lost) == len(rules.indicators)
        names = join_words(f"«{item.short}»" for item in rules.indicators if item.id in lost)
        rows.append(
            {
                "Индекс": rules.title,
                "Показатели, которых не будет": f"все {len(lost)}" if is_whole else names,
                "Что это значит для списков": describe_loss(domain, len(lost), is_lost, methodology, year),
                "Школы": "; ".join(schools["name"]),
            }
        )
    columns = ["Индекс", "Показатели, которых не будет", "Что это значит для списков", "Школы"]
    title = f"Что останется неопределённым, пока данных нет: {methodology.title}"
    return Table("uncertain", title, pd.DataFrame(rows, columns=columns))


def tabulate_beside(verdict: Verdict) -> Table:
    """Sheets of the forms beside the form: how many rows came. What did not come is «нет данных», no more."""
    columns = {"sheet": "Лист", "asked": "Строк в форме", "filled": "Прислано строк"}
    title = "Листы книги поддержки: незаполненные списков не задерживают, о них будет сказано «нет данных»"
    return Table("beside", title, verdict.beside.rename(columns=columns))


def list_sections(verdict: Verdict, case: Case, copies: Mapping[str, str]) -> Sections:
    """The protocol of one municipality: only what is its own."""
    words = case.form.protocol
    is_error = verdict.problems["severity"].eq(Severity.ERROR)
    asked = pd.concat([verdict.problems[~is_error], verdict.implausible])
    errors = gather_messages(verdict.problems[is_error])
    tables = [
        ("Что исправить", tabulate_messages("Ошибки", "Ошибки: с ними форма не принимается", errors)),
        (
            "О чём просим подтвердить",
            tabulate_messages("asked", "Предупреждения и неправдоподобные изменения", gather_messages(asked)),
        ),
        ("Чего не хватает", tabulate_missing(verdict, case.form)),
        ("Книга поддержки", tabulate_beside(verdict)),
        ("Что из этого следует", tabulate_uncertain(verdict, case.methodology, case.year)),
    ]
    notes = [
        words.copy_note.format(file=copies[file]) if copies[file] else words.no_copy.format(file=file)
        for file in copies
    ]
    state = Text((words.states[verdict.state], *notes), kind="plain" if verdict.state == "принято" else "note")
    return [("", [state]), *((heading, [table]) for heading, table in tables if len(table.frame))]


@cache
def _environment() -> Environment:
    folders = [TEMPLATES / "forms", TEMPLATES / "effschool"]
    return Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def render_protocol(title: str, subtitle: str, sections: Sections, *, demonstration: bool) -> str:
    """One HTML file: no script, no other host, everything from files escaped."""
    template = _environment().get_template("page.html.j2")
    return template.render(title=title, subtitle=subtitle, sections=sections, demonstration=demonstration)


def tabulate_states(checked: Checked, slugs: Mapping[str, str]) -> Table:
    """The summary for the institute: a row per municipality, its name a link to its protocol."""
    rows = [
        {
            "Муниципалитет": verdict.municipality,
            "Состояние": verdict.state,
            "Файлы": join_words(verdict.files) or "—",
            "Школ": verdict.schools,
            "Строк в форме": sum(verdict.rows.values()),
            "Заполнено и принято": verdict.filled,
            "Из них не полностью": int((~verdict.missing["is_blank"]).sum()),
            "Ошибок": int(verdict.problems["severity"].eq(Severity.ERROR).sum()),
            "Вопросов": int(verdict.problems["severity"].eq(Severity.WARNING).sum()) + len(verdict.implausible),
        }
        for verdict in checked.verdicts
    ]
    links = {name: f"{slug}.html" for name, slug in slugs.items()}
    return Table("Кто прислал", f"Кто прислал формы, {checked.year} год", pd.DataFrame(rows), row_links=links)


def list_summary(checked: Checked, slugs: Mapping[str, str]) -> Sections:
    """The institute's summary: who sent, who did not, what blocks, where each protocol is."""
    errors = pd.concat([checked.others, *(verdict.problems for verdict in checked.verdicts)])
    errors = errors[errors["severity"].eq(Severity.ERROR)]
    blocks = tabulate_messages("Ошибки", "Ошибки во всех файлах", gather_messages(errors))
    told = gather_messages(checked.others)
    others = tabulate_messages("others", "Замечания к файлам, которые не относятся ни к одной форме", told)
    parts = [("Что мешает", blocks), ("Остальные файлы", others)]
    shown: list[tuple[str, Sequence[Part]]] = [(heading, [table]) for heading, table in parts if len(table.frame)]
    return [("", [describe_states(checked), tabulate_states(checked, slugs)]), *shown]


def describe_states(checked: Checked) -> Text:
    """Who sent, who did not, and what stands in the way of the lists."""
    by_state = {state: [v.municipality for v in checked.verdicts if v.state == state] for state in BLOCKING}
    count = count_words(len(checked.verdicts), "муниципалитета", "муниципалитетов", "муниципалитетов")
    told = [f"Прислали {len(checked.verdicts) - len(by_state[UNSENT])} из {count}."]
    told += [f"{state.capitalize()}: {join_words(names)}." for state, names in by_state.items() if names]
    told += ["Ошибки есть и в файлах института."] if checked.others["severity"].eq(Severity.ERROR).any() else []
    told += (
        [f"Составлять списки за {checked.year} год рано."]
        if checked.is_blocked
        else ["Ничто не мешает составлять списки."]
    )
    return Text(tuple(told), kind="note")


def open_case(
    raw: Path,
    ingested: Ingested,
    layouts: Sequence[Layout],
    rules: tuple[Form | Sequence[Form], Methodology],
    year: int | None,
) -> Case:
    """What is judged: the folder as ingested, and what its workbooks show by themselves.

    Args:
        rules: the form, or it and those sent beside it, and the methodology.
        year: None is the last year that a form speaks of, else the last year of the register.
    """
    forms, methodology = rules
    form, *beside = [forms] if isinstance(forms, Form) else forms
    kinds = {layout.id for layout in layouts if is_municipal(layout)}
    files = ingested.files.loc[ingested.files["layout"].isin(kinds), "file"].unique()
    books = {file: open_sent(find_file(raw, file)) for file in files if file.lower().endswith(".xlsx")}
    whole = join_forms((form, *beside))
    sent = {file: read_sent(book, whole) for file, book in books.items() if book is not None}
    years = {found for shown in sent.values() for found in shown.years} or set(ingested.tables["schools"]["year"])
    return Case(ingested, sent, layouts, form, methodology, year or max(years, default=0), tuple(beside))


def write_check(case: Case, raw: Path, folder: Path, *, demonstration: bool) -> Checked:
    """Write all protocols, marked copies and the summary into `folder`/year; leaves no file of an earlier check there.

    Raises:
        ValueError: the register has no such year.
    """
    choose_schools(case.ingested.tables["schools"], case.year)
    checked = check_forms(case)
    place = folder / str(case.year)
    slugs = name_slugs(verdict.municipality for verdict in checked.verdicts)
    checked = replace(checked, aside=tuple(path.name for path in clear_check(place, slugs.values())))
    for verdict in checked.verdicts:
        copies = write_copies(verdict, case.form, raw, place, slugs[verdict.municipality])
        title, year = f"{case.form.protocol.title}: {verdict.municipality}", f"{case.form.title}, {case.year} год"
        page = render_protocol(title, year, list_sections(verdict, case, copies), demonstration=demonstration)
        with note_when_done(place / f"{slugs[verdict.municipality]}.html") as beside:
            write_text(page, beside)
    summary = list_summary(checked, slugs)
    tables = [part for _, parts in summary for part in parts if isinstance(part, Table)]
    with note_when_done(place / "index.xlsx") as beside:
        write_workbook(tables, beside, f"Проверка форм, {case.year} год", About(case.year))
    title = f"Проверка форм: {count_words(len(checked.verdicts), 'муниципалитет', 'муниципалитета', 'муниципалитетов')}"
    page = render_protocol(title, f"{case.year} год", summary, demonstration=demonstration)
    with note_when_done(place / "index.html") as beside:
        write_text(page, beside)
    return checked


def clear_check(place: Path, slugs: Iterable[str]) -> list[Path]:
    """Remove what an earlier check left, and nothing else: the folder may hold a person's own files, the forms too.

    Gives files of that check that a person has changed since: they lie beside under other names.
    """
    was_there, aside = (place / "index.html").is_file(), drop_written(place)
    own = {"index", *slugs}
    for path in [*place.glob("*.html"), *place.glob("*.xlsx")] if was_there else []:
        if re.sub(r"--\d+$", "", path.stem) in own:  # of a version that did not note what it wrote
            path.unlink()
    return aside


def write_copies(verdict: Verdict, form: Form, raw: Path, folder: Path, slug: str) -> dict[str, str]:
    """Marked copies of the workbooks that have problems; name of the copy by name of the file, "" where it is none."""
    copies: dict[str, str] = {}
    problems = pd.concat([verdict.problems, verdict.implausible], ignore_index=True)
    for file in [file for file in verdict.files if problems["file"].eq(file).any()]:
        book = make_copy(find_file(raw, file), form) if file.lower().endswith(".xlsx") else None
        name = f"{slug}--{len(copies) + 1}.xlsx" if copies else f"{slug}.xlsx"
        copies[file] = name if book is not None else ""
        if book is not None:
            with note_when_done(folder / name) as beside:
                mark_copy(book, problems[problems["file"] == file], form, beside)
    return copies
