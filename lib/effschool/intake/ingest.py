"""Files as sent (папка с файлами) → contract tables, the first stage: what is wrong is said, what is right goes on.

A file with an error gives none of its rows; other files go on. Every row remembers file, sheet and row in Excel.
"""

import gc
import secrets
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import pandas as pd

from effschool.base import schemas
from effschool.base.configuration import ConfigurationError
from effschool.base.problems import Problem, Severity, UnreadableFileError, shorten_path, tabulate_problems
from effschool.base.russian import count_words, join_words
from effschool.base.scratch import SCRATCH, tell_full_scratch
from effschool.base.storage import hash_readable, read_table, walk_files, write_table
from effschool.base.subprocesses import map_parallel
from effschool.intake.archives import open_file
from effschool.intake.corrections import (
    apply_answers,
    apply_corrections,
    list_headings,
    load_answers,
    load_corrections,
)
from effschool.intake.days import find_copy, join_exams
from effschool.intake.headings import (
    check_header,
    find_cells_outside,
    find_merged,
    find_passed_over,
    find_repeated,
    find_rows,
    hide_persons,
    read_given,
    search_field,
    select_body,
)
from effschool.intake.identity import (
    CONFIRMED,
    RULES,
    add_known_codes,
    find_code_changes,
    find_codes,
    find_other_names,
    open_register,
)
from effschool.intake.layouts import Layout, load_layouts
from effschool.intake.missing import find_missing, report_missing
from effschool.intake.municipalities import find_place_changes, unify_places
from effschool.intake.participation import check_headings, check_titles
from effschool.intake.plausibility import RuleBasis, find_contradictions, find_questions, list_minimums, say_by_file
from effschool.intake.plausibility_rules import Rule, load_rules
from effschool.intake.pupils import SecondTableError, count_pupils
from effschool.intake.reading import Grid, Sheet
from effschool.intake.recognise import Fit, find_unread, recognise_sheets, say_unknown
from effschool.intake.register import (
    Codes,
    Part,
    find_code_variants,
    find_doubled,
    find_years_unregistered,
    harmonise_codes,
    list_aside,
    list_register,
    merge_register,
    restore_codes,
    say_years_unregistered,
)
from effschool.intake.rows import Source, read_part
from effschool.intake.school_names import load_name_rules
from effschool.intake.succession import Successions, follow_successions, load_successions
from effschool.intake.task_columns import count_tasks
from effschool.intake.workbooks import open_sheets, read_first_sheet
from effschool.method.thresholds import ThresholdRegister as Thresholds
from effschool.method.thresholds import load_register

CORRECTIONS = "corrections.yml"
ACCEPTED, REFUSED, UNREAD = "принят", "не принят", "не узнан"
TABLES = {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".ods", ".sav"}
"""Endings of files that may hold a table; a letter or a picture in the folder is only named."""
SHOWN = 20
"""How many problems of one kind in one column of a file are shown."""

SUCCESSIONS = ("successions.csv", "successions.xlsx")
_IGNORED = {"readme", "readme.md", "readme.txt", "region.yml", "run.yml", CORRECTIONS, CONFIRMED, *SUCCESSIONS}


@dataclass(frozen=True)
class Ingested:
    """What a folder gave.

    Args:
        tables: contract table by name, all of `schemas.CONTRACT`; without rows where nothing came.
        problems: a row per problem (`problems.tabulate_problems`).
        files: a row per sheet read: file, sheet, layout, rows (taken), sha256, status.
        lacking: tables that the layouts require and that came to nothing.
        blocking: files that were not accepted and without which lists would be other lists.
        corrections: a row per entry of the file of corrections (`corrections.apply_corrections`).
        renamed: a row per row of a table whose code a succession changed (`succession.follow_successions`).
        doubtful: pairs of names and schools that a person has to confirm (`school_names.list_doubtful`).
        questions: a row per row that is unlikely and not answered yet (`plausibility.FINDINGS`).
    """

    tables: dict[str, pd.DataFrame]
    problems: pd.DataFrame
    files: pd.DataFrame
    lacking: tuple[str, ...]
    blocking: tuple[str, ...]
    corrections: pd.DataFrame
    renamed: pd.DataFrame
    doubtful: pd.DataFrame
    questions: pd.DataFrame


@dataclass(frozen=True)
class Sent:
    """A file of the folder, or of an archive in it, and the layouts that its name allows, in their order.

    Args:
        path: where its bytes are; those of an archive's file only while the folder is read.
        file: its name as reports show it.
        aliases: further names that a layout may know it by.
        sha256: of its bytes.
        problem: why it cannot be opened, where that is known already.
    """

    path: Path
    file: str
    layouts: tuple[Layout, ...]
    aliases: tuple[str, ...] = ()
    sha256: str = ""
    problem: Problem | None = None

    def match_name(self, layout: Layout) -> dict[str, str] | None:
        """Fields of the file's name for a layout; None where the layout is for files of another name."""
        found = (layout.match_name(name) for name in (self.file, *self.aliases))
        return next((fields for fields in found if fields is not None), None)


@dataclass(frozen=True)
class Taken:
    """A sheet read: its parts of contract tables and its problems; with an error among them it is refused."""

    sent: Sent
    layout: Layout
    sheet: str = ""
    rows: int = 0
    parts: tuple[Part, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def file(self) -> str:
        """Name of the file as reports show it."""
        return self.sent.file

    @property
    def is_accepted(self) -> bool:
        """No error was found."""
        return all(problem.severity != Severity.ERROR for problem in self.problems)

    def add(self, problems: Iterable[Problem]) -> "Taken":
        """The same with more problems."""
        return replace(self, problems=(*self.problems, *problems))


def ingest_folder(raw: Path, layouts: Path, thresholds: Path | None = None, shown: int | None = SHOWN) -> Ingested:
    """Read all files of a folder by the layouts of another; nothing in `raw` is changed.

    Args:
        raw: folder with files as sent, its subfolders included, but those whose name begins with «_» or «.».
        layouts: folder with YAML layouts.
        thresholds: register of minimum scores, which protocols with a row per pupil need.
        shown: how many problems of one kind in one column of a file are told; None is all.

    Raises:
        ConfigurationError: a layout or the register of minimum scores is wrong.
        FileNotFoundError: there is no folder `raw`.
    """
    if not raw.is_dir():
        raise FileNotFoundError(f"Нет папки с исходными данными «{raw.name}». Проверьте настройку DATA.")
    known, rules = load_layouts(layouts), load_rules(layouts)
    successions, acts = read_successions(raw)
    register = load_register(thresholds) if thresholds else None
    taken = refuse_contradictions(take_files(raw, known, register), rules, register)
    taken, doubtful, answers = name_schools(taken, raw, layouts)
    taken = warn_other_names(check_against_register(taken, successions), layouts)
    taken = refuse_doubled_rows(join_days(drop_copies(taken)))
    parts, differences = merge_register([part for file in taken if file.is_accepted for part in file.parts])
    tables = {name: assemble_table(name, parts) for name in schemas.CONTRACT}
    tables, corrections, faults = correct_tables(tables, raw, known)
    tables, spelled = unify_places(tables)
    tables, moved, renamed = follow_successions(tables | {"corrections": corrections}, successions)
    corrections = tables.pop("corrections")
    moved = [*spelled, *moved, *find_place_changes(tables["schools"]), *find_code_changes(tables["schools"])]
    questions, answered, asked = ask_questions(tables, rules, register, raw, known)
    told = [*report_missing(find_missing(tables, list_headings(known))), *find_absent(taken, known)]
    told += [*(p for file in taken for p in file.problems), *differences]
    return Ingested(
        tables={name: schemas.CONTRACT[name].validate(table) for name, table in tables.items()},
        problems=tabulate_problems(limit_problems([*told, *answers, *acts, *faults, *moved, *asked], shown)),
        files=tabulate_files(taken),
        lacking=tuple(name for name in list_required_tables(known) if tables[name].empty),
        blocking=tuple(dict.fromkeys(f.file for f in taken if not f.is_accepted and not f.layout.partial)),
        corrections=pd.concat([corrections, answered], ignore_index=True),
        renamed=renamed,
        doubtful=doubtful,
        questions=questions,
    )


def list_required_tables(layouts: Sequence[Layout]) -> list[str]:
    """Contract tables that must come from some file, in the order of the contract."""
    required = {table for layout in layouts if layout.required for table in layout.tables}
    return [name for name in schemas.CONTRACT if name in required]


def take_files(raw: Path, known: Sequence[Layout], register: Thresholds | None) -> list[Taken]:
    """All sheets of all files, read and checked each by itself."""
    reader = partial(read_file, register=register, secret=secrets.token_hex(8))
    with tell_full_scratch(), tempfile.TemporaryDirectory(prefix=SCRATCH) as unpacked:
        read = map_parallel(reader, find_files(raw, known, Path(unpacked)))
    return refuse_second_files([sheet for sheets in read for sheet in refuse_siblings(sheets)])


def read_successions(raw: Path) -> tuple[Successions, list[Problem]]:
    """The table of successions of the raw folder; none is a region where no school changed.

    A table that cannot be read at all is the one problem why.
    """
    paths = [raw / name for name in SUCCESSIONS if (raw / name).is_file()]
    if not paths:
        return Successions(), []
    if len(paths) > 1:
        expected = "ожидалась одна таблица преемственности, а их две"
        return Successions(), [Problem(Severity.ERROR, paths[1].name, expected, "Оставьте один из файлов.")]
    try:
        return load_successions(read_first_sheet(paths[0], paths[0].name))
    except UnreadableFileError as error:
        return Successions(), [error.problem]


def name_schools(taken: list[Taken], raw: Path, layouts: Path) -> tuple[list[Taken], pd.DataFrame, list[Problem]]:
    """Codes for rows that have the name of a school only; pairs to confirm; problems of the answers given before."""
    register, problems = open_register(
        [part for file in taken if file.is_accepted for part in file.parts], raw, layouts
    )
    named, pairs = [], []
    for file in taken:
        found = [find_codes(part, register) for part in file.parts]
        told = dict.fromkeys(problem for _, problems, _ in found for problem in problems)
        named.append(replace(file, parts=tuple(part for part, _, _ in found)).add(told))
        pairs += [doubtful for _, _, doubtful in found if len(doubtful)]
    return named, pd.concat(pairs).drop_duplicates() if pairs else pd.DataFrame(), problems


def warn_other_names(taken: list[Taken], layouts: Path) -> list[Taken]:
    """Names beside codes held against the register, where the region has rules of names."""
    parts = [part.rows for file in taken if file.is_accepted for part in file.parts if part.table == "schools"]
    if not parts or not (layouts / RULES).is_file():
        return taken
    schools, rules = pd.concat(parts), load_name_rules(layouts / RULES)
    own = schools.groupby("school_id")["name"].unique().to_dict()
    return [
        file.add(dict.fromkeys(told for part in file.parts for told in find_other_names(part, schools, own, rules)))
        if file.is_accepted
        else file
        for file in taken
    ]


def correct_tables(
    tables: dict[str, pd.DataFrame], raw: Path, known: Sequence[Layout]
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, list[Problem]]:
    """The tables with the entries of the file of corrections in them.

    Raises:
        ConfigurationError: the file of corrections is wrong.
    """
    headings = list_headings(tuple(known))
    corrected, applied, problems = apply_corrections(tables, load_corrections(raw / CORRECTIONS, headings), headings)
    return corrected, applied, problems


def refuse_contradictions(taken: Sequence[Taken], rules: Sequence[Rule], register: Thresholds | None) -> list[Taken]:
    """Files whose numbers contradict each other are refused; all are looked at in one pass, for files are many."""
    accepted = [part for file in taken if file.is_accepted for part in file.parts]
    wanted = {rule.table for rule in rules if rule.severity == Severity.ERROR}
    tables = {name: [part.rows for part in accepted if part.table == name and len(part.rows)] for name in wanted}
    whole = {name: pd.concat(rows, ignore_index=True) for name, rows in tables.items() if rows}
    found = find_contradictions(whole, rules, RuleBasis(minimums=list_minimums(register)))
    if found.empty:
        return list(taken)
    result: list[Taken] = []
    for _, sheets in groupby(taken, key=lambda sheet: sheet.file):
        told = [sheet.add(_say_contradictions(sheet, found)) for sheet in sheets]
        result += refuse_siblings(told) if any(found["file"].eq(sheet.file).any() for sheet in told[:1]) else told
    return result


def _say_contradictions(sheet: Taken, found: pd.DataFrame) -> list[Problem]:
    headings = {part.table: part.place.headings for part in sheet.parts}
    return say_by_file(found[found["file"].eq(sheet.file) & found["sheet"].eq(sheet.sheet)], headings)


def ask_questions(
    tables: Mapping[str, pd.DataFrame],
    rules: Sequence[Rule],
    register: Thresholds | None,
    raw: Path,
    layouts: Sequence[Layout],
) -> tuple[pd.DataFrame, pd.DataFrame, list[Problem]]:
    """Open questions about the tables as they go on, the answers given, and what is to be said of both.

    Files that contradict themselves are out already, so a contradiction found here was made by a correction.

    Raises:
        ConfigurationError: the file of corrections is wrong.
    """
    known = RuleBasis(tables, list_minimums(register))
    asked, made = find_questions(rules, known), find_contradictions(tables, rules, known)
    answers = load_answers(raw / CORRECTIONS, [rule.id for rule in rules])
    still, answered, faults = apply_answers(asked, answers)
    return still, answered, [*say_by_file(pd.concat([made, still]), list_headings(tuple(layouts))), *faults]


def find_files(raw: Path, layouts: Sequence[Layout], unpacked: Path) -> list[Sent]:
    """Files of the folder with the layouts that their names allow, sorted by name; archives are opened like folders.

    Args:
        unpacked: an empty folder for what stands in archives.
    """
    files, unreadable = walk_files(raw)
    named = [(path, shorten_path(path, raw)) for path in files]
    opened = [file for path, name in named if not _is_ignored(Path(name)) for file in open_file(path, name, unpacked)]
    found = [
        Sent(file.path, file.name, (), file.aliases, hash_readable(file.path), file.problem)
        for file in opened
        if not _is_ignored(Path(file.name))
    ]
    told = (_say_unreadable(shorten_path(path, raw), why) for path, why in unreadable.items())
    found += [Sent(raw, problem.file, (), problem=problem) for problem in told if not _is_hidden(Path(problem.file))]
    return [
        replace(sent, layouts=tuple(layout for layout in layouts if sent.match_name(layout) is not None))
        for sent in found
    ]


def _say_unreadable(name: str, why: str) -> Problem:
    action = "Дайте программе права на чтение, подключите диск или положите на это место сами файлы; лишнее уберите."
    return Problem(Severity.ERROR, name, why, action)


def _is_ignored(file: Path) -> bool:
    return _is_hidden(file) or (len(file.parts) == 1 and file.name.lower() in _IGNORED)


def _is_hidden(file: Path) -> bool:
    return any(part.startswith(("_", ".")) for part in file.parts) or file.name.startswith("~$")


def find_absent(taken: Sequence[Taken], layouts: Sequence[Layout]) -> list[Problem]:
    """An error for every required table that no file of the folder feeds."""
    fed = {table for file in taken for table in file.layout.tables}
    names: dict[str, list[str]] = defaultdict(list)
    for layout in layouts:
        for table in sorted(layout.tables - fed) if layout.required else []:
            names[table] += layout.files
    return [
        Problem(
            Severity.ERROR,
            files[0],
            f"обязательного файла нет (таблица «{table}»)",
            f"Положите в папку один из файлов: {join_words(f'«{name}»' for name in files)}.",
        )
        for table, files in names.items()
    ]


UNKNOWN = Layout.model_construct(id="", title="неизвестный файл", gives=())
"""Stands for the layout of a file that no layout takes."""


@contextmanager
def _keep_rubbish() -> Iterator[None]:
    """Look for no unused objects meanwhile: among millions of cells that takes long, and there are none."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


@_keep_rubbish()
def read_file(sent: Sent, register: Thresholds | None, secret: str = "") -> list[Taken]:
    """The tables of one file read, converted and checked; a file that cannot be read has the one problem why.

    Args:
        secret: key of the hash of pupils, one for all files that are to be compared (`pupils.count_pupils`).
    """
    if sent.problem:
        return [Taken(sent, UNKNOWN, problems=(sent.problem,))]
    is_table = sent.path.suffix.lower() in TABLES
    if not sent.layouts or (not is_table and all(layout.takes_any_name for layout in sent.layouts)):
        return [Taken(sent, UNKNOWN, problems=(_say_unknown_name(sent.file),))]
    try:
        delimiters = (layout.delimiter for layout in sent.layouts if not layout.takes_any_name)
        sheets = open_sheets(sent.path, sent.file, next(delimiters, None))
        heads = [sheet for sheet in sheets if not sheet.read_head().cells.empty]
        if not heads:
            raise UnreadableFileError(_say_empty(sent.file, sheets))
        recognised = recognise_sheets(heads, sent.layouts)
        read = [taken for sheet, fit in recognised for taken in read_tables(sent, sheet, fit, register, secret)]
        unread = find_unread(heads, [sheet for sheet, _ in recognised])
        return [read[0].add([_say_unread(sent.file, sheet) for sheet in unread]), *read[1:]]
    except (UnreadableFileError, MemoryError) as error:
        problem = _say_too_large(sent.file) if isinstance(error, MemoryError) else error.problem
        layout = next((layout for layout in sent.layouts if not layout.takes_any_name), UNKNOWN)
        return [Taken(sent, layout, sheet=problem.sheet, problems=(problem,))]


def _say_too_large(file: str) -> Problem:
    action = "Оставьте в нём только нужные строки и столбцы или добавьте память."
    return Problem(Severity.ERROR, file, "файл не помещается в память", action)


def _say_empty(file: str, sheets: Sequence[Sheet]) -> Problem:
    name = sheets[0].name if sheets else ""
    return Problem(Severity.ERROR, file, "файл пуст", "Пришлите файл с данными.", sheet=name)


def _say_unread(file: str, sheet: Sheet) -> Problem:
    expected = "лист похож на таблицу, но макеты его не знают, и он не прочитан"
    action = "Проверьте его шапку; если лист здесь не нужен, ничего делать не надо."
    return Problem(Severity.WARNING, file, expected, action, sheet=sheet.name)


def _say_unknown_name(file: str) -> Problem:
    expected = "такого файла макеты не знают, он не прочитан"
    action = "Проверьте имя и вид файла; если он здесь не нужен, уберите его из папки."
    return Problem(Severity.WARNING, file, expected, action)


def read_tables(sent: Sent, sheet: Sheet, fit: Fit, register: Thresholds | None, secret: str) -> list[Taken]:
    """The tables of one sheet: where a second header stands below the first, what follows is recognised anew."""
    try:
        return [read_sheet(sent, sheet, fit, register, secret)]
    except SecondTableError as second:
        assert fit.header is not None
        upper, lower = sheet.cut(second.row, fit.head.take_rows(1, fit.header.row - 1))
        pairs = [*recognise_sheets([upper], sent.layouts), *recognise_sheets([lower], sent.layouts)]
        return [taken for part, found in pairs for taken in read_tables(sent, part, found, register, secret)]


def read_sheet(sent: Sent, sheet: Sheet, fit: Fit, register: Thresholds | None, secret: str = "") -> Taken:
    """One table of a known kind; one that lacks a part of its header has the problems why.

    Raises:
        SecondTableError: another header stands below the first.
    """
    layout = fit.layout
    if layout.takes_any_name and not fit.is_complete:
        return Taken(sent, UNKNOWN, sheet.name, problems=(say_unknown(sent.file, fit),))
    if fit.header is None:
        return Taken(sent, layout, sheet.name, problems=(*sheet.notes, _say_no_header(fit.head, layout)))
    found = [*sheet.notes, *check_header(fit.head, layout, fit.header)]
    named = sent.match_name(layout) or {}
    texts = {name: search_field(rule, fit.header, fit.head) for name, rule in layout.fields.items()}
    header, lacking = read_given(fit.head, layout, fit.header)
    found += [replace(problem, severity=Severity.WARNING) for problem in lacking] if layout.has_pupils else lacking
    source = Source(sent.file, sheet.name, layout, header, named | fit.fields, texts)
    if any(rows.table == "results" for rows in layout.gives):
        found += [*check_headings(source), *check_titles(source, fit.head)]
    taken = Taken(sent, layout, sheet.name, problems=tuple(found))
    read = read_rows(taken, sheet, source, register, secret) if taken.is_accepted else taken
    return replace(read, problems=hide_persons(read.problems, layout, fit.header)) if layout.has_pupils else read


def _say_no_header(head: Grid, layout: Layout) -> Problem:
    wanted = join_words(f"«{column.headings[0]}»" for column in layout.columns.values() if column.required)
    return Problem(
        Severity.ERROR,
        head.file,
        f"в первых строках ({layout.header.within}) ожидалась строка заголовков",
        f"Нужны столбцы: {wanted}.",
        sheet=head.sheet,
    )


def read_rows(taken: Taken, sheet: Sheet, source: Source, register: Thresholds | None, secret: str) -> Taken:
    """Rows below the header: of pupils block by block, all others as a whole."""
    rules = source.layout.gives
    if source.layout.has_pupils:
        overlong = sheet.find_overlong(source.header.width)
        if overlong:
            return taken.add([_say_overlong(taken.file, row) for row in overlong])
        read = [count_pupils(source, sheet, rows, register, secret) for rows in rules if not rows.each]
        number = sum(int(part.rows["participants"].sum()) for part, _ in read if len(part.rows))
        tasks = [found for rows in rules if rows.each for found in count_tasks(source, sheet, rows, register, secret)]
        return _collect(taken, [*read, *tasks], number)
    grid = sheet.read_grid()
    second = find_repeated(grid, source.header)
    if second is not None:
        raise SecondTableError(second)
    rows = find_rows(grid, source.layout, source.header)
    if rows.empty:
        return taken.add([_say_no_rows(grid, taken.layout)])
    body = select_body(rows, source.layout, source.header)
    found = [
        *find_cells_outside(grid, source.header, rows),
        *find_passed_over(grid, source.layout, rows, body),
        *find_merged(sheet, source.layout, source.header, body),
    ]
    return _collect(taken.add(found), [read_part(source, body, each) for each in rules], len(body))


def _say_overlong(file: str, row: int) -> Problem:
    # What stands there is not shown: in a shifted row it may be the name of a pupil.
    action = "Проверьте, не разделила ли строку лишняя запятая или точка с запятой."
    return Problem(Severity.ERROR, file, "в строке больше ячеек, чем в шапке", action, row=row)


def _collect(taken: Taken, read: list[tuple[Part, list[Problem]]], number: int) -> Taken:
    # A column that feeds several tables is converted for each; its problems are told once.
    found = dict.fromkeys(problem for _, problems in read for problem in problems)
    by_row = sorted(found, key=lambda problem: problem.row or 0)
    return replace(taken, rows=number, parts=tuple(part for part, _ in read)).add(by_row)


def _say_no_rows(grid: Grid, layout: Layout) -> Problem:
    severity = Severity.ERROR if layout.required else Severity.WARNING
    return Problem(
        severity, grid.file, "под заголовками нет ни одной строки", "Пришлите файл с данными.", sheet=grid.sheet
    )


def refuse_siblings(sheets: list[Taken]) -> list[Taken]:
    """Sheets of one file are taken together: an error on one keeps the others out as well."""
    faulty = [sheet for sheet in sheets if not sheet.is_accepted]
    if not faulty:
        return sheets
    expected = f"ожидалась книга без ошибок, а на листе «{faulty[0].sheet}» они есть"
    action = "Исправьте ошибки того листа: листы одной книги принимаются вместе."
    return [
        sheet.add([Problem(Severity.ERROR, sheet.file, expected, action, sheet=sheet.sheet)])
        if sheet.is_accepted
        else sheet
        for sheet in sheets
    ]


def refuse_second_files(taken: Sequence[Taken]) -> list[Taken]:
    """Two files of a kind that may come only once: neither is taken, for nobody knows which is right."""
    counts = Counter(file.layout.id for file in taken if file.layout.single)
    doubled = {name for name, count in counts.items() if count > 1}
    names = {name: join_words(f"«{f.file}»" for f in taken if f.layout.id == name) for name in doubled}
    return [
        file.add([_say_second(file, names[file.layout.id])]) if file.layout.id in doubled else file for file in taken
    ]


def _say_second(file: Taken, names: str) -> Problem:
    action = f"Оставьте в папке один из файлов: {names}."
    return Problem(Severity.ERROR, file.file, f"для «{file.layout.title}» ожидался один файл", action)


def check_against_register(taken: Sequence[Taken], successions: Successions | None = None) -> list[Taken]:
    """Codes of accepted files put as the register has them; skipped where the register itself did not come whole."""
    feeding = [file for file in taken if "schools" in file.layout.tables]
    if not feeding or not all(file.is_accepted for file in feeding):
        return list(taken)
    taken = harmonise_register(taken)
    accepted = [part for file in taken if file.is_accepted for part in file.parts]
    register = list_register(accepted)
    register = add_known_codes(register, successions) if successions and successions.acts else register
    codes = Codes(register, list_aside(accepted))
    return refuse_unregistered([_check_file(file, codes) if file.is_accepted else file for file in taken], codes)


def refuse_unregistered(taken: Sequence[Taken], codes: Codes) -> list[Taken]:
    """Years without a register are one error of the register, or of each file that the run can go on without."""
    needed = [part for file in taken if file.is_accepted and not file.layout.partial for part in file.parts]
    lacking = find_years_unregistered(needed, codes)
    first = next(place for place, file in enumerate(taken) if "schools" in file.layout.tables and file.is_accepted)
    result: list[Taken] = []
    for place, file in enumerate(taken):
        own = find_years_unregistered(file.parts, codes) if file.layout.partial and file.is_accepted else {}
        own = lacking if place == first else own
        result.append(file.add([say_years_unregistered(own, codes, file.file)] if own else []))
    return result


def harmonise_register(taken: Sequence[Taken]) -> list[Taken]:
    """One code for a school that the register writes with zeros in one year and without them in another."""
    codes = find_code_variants(list_register([part for file in taken for part in file.parts]))
    changed = [[harmonise_codes(part, codes) for part in file.parts] for file in taken]
    return [
        replace(file, parts=tuple(part for part, _ in parts)).add(problem for _, found in parts for problem in found)
        for file, parts in zip(taken, changed, strict=True)
    ]


def _check_file(file: Taken, codes: Codes) -> Taken:
    checked = [restore_codes(part, codes) for part in file.parts]
    problems = dict.fromkeys(problem for _, found in checked for problem in found)
    return replace(file, parts=tuple(part for part, _ in checked)).add(problems)


def drop_copies(taken: Sequence[Taken]) -> list[Taken]:
    """A table that stands twice word for word is taken once, with one warning."""
    seen: list[tuple[Part, str]] = []
    result: list[Taken] = []
    for file in taken:
        copies = {number: find_copy(part, seen) for number, part in enumerate(file.parts) if file.is_accepted}
        own = tuple(part for number, part in enumerate(file.parts) if not copies.get(number))
        told = dict.fromkeys(where for where in copies.values() if where)
        warnings = [_say_copy(file, where) for where in told]
        seen += [(part, _name_place(file)) for part in own if file.is_accepted]
        result.append(replace(file, parts=own).add(warnings))
    return result


def _name_place(file: Taken) -> str:
    return f"файл «{file.file}»" + (f", лист «{file.sheet}»" if file.sheet else "")


def _say_copy(file: Taken, where: str) -> Problem:
    expected = f"такая же таблица слово в слово уже есть ({where}), она взята один раз"
    return Problem(Severity.WARNING, file.file, expected, "Уберите из папки лишнюю копию.", file.sheet)


def join_days(taken: Sequence[Taken]) -> list[Taken]:
    """The main day and the reserve day of an exam, sent in files of their own, are one exam: counts are added up."""
    result: list[Taken] = []
    for later in taken:
        file = later
        for number, earlier in enumerate(result):
            if file.is_accepted and earlier.is_accepted:
                parts, own, problems = join_exams(earlier.parts, file.parts)
                result[number], file = replace(earlier, parts=parts), replace(file, parts=own).add(problems)
        result.append(file)
    return result


def refuse_doubled_rows(taken: Sequence[Taken]) -> list[Taken]:
    """A row that an earlier accepted file has already is an error of the later file."""
    if not find_doubled([part for file in taken if file.is_accepted for part in file.parts]):
        return list(taken)
    result: list[Taken] = []
    for file in taken:
        others = [part for earlier in result if earlier.is_accepted for part in earlier.parts]
        tables = {part.table for part in file.parts if not part.keeps_first}
        earlier = [part for part in others if part.table in tables]
        found = find_doubled([*earlier, *file.parts]) if file.is_accepted else []
        result.append(file.add(found))
    return result


def limit_problems(problems: Iterable[Problem], shown: int | None = SHOWN) -> list[Problem]:
    """The first problems of each kind (file, sheet, column, what was expected), and one that counts the rest."""
    listed = list(problems)
    if shown is None:
        return listed
    kinds: dict[tuple[str, ...], list[Problem]] = defaultdict(list)
    for problem in listed:
        kinds[problem.severity, problem.file, problem.sheet, problem.column, problem.expected].append(problem)
    kept = {id(problem) for found in kinds.values() for problem in found[:shown]}
    rest = {id(found[shown - 1]): _say_rest(found, shown) for found in kinds.values() if len(found) > shown}
    return [told for problem in listed if id(problem) in kept for told in (problem, rest.get(id(problem))) if told]


def _say_rest(found: list[Problem], shown: int) -> Problem:
    rest = count_words(len(found) - shown, "замечание", "замечания", "замечаний")
    first = found[0]
    return replace(first, row=None, value="", expected=f"{first.expected} (и ещё {rest} такого рода)")


def tabulate_files(taken: Sequence[Taken]) -> pd.DataFrame:
    """A row per sheet read: file, sheet, layout, rows (0 where refused), sha256, status."""
    rows = [
        {
            "file": file.file,
            "sheet": file.sheet,
            "layout": file.layout.id,
            "rows": file.rows if file.is_accepted else 0,
            "sha256": file.sent.sha256,
            "status": (UNREAD if file.layout.id == UNKNOWN.id else ACCEPTED) if file.is_accepted else REFUSED,
        }
        for file in taken
    ]
    types = {"file": "str", "sheet": "str", "layout": "str", "rows": "int64", "sha256": "str", "status": "str"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def assemble_table(name: str, parts: Sequence[Part]) -> pd.DataFrame:
    """All accepted rows of one contract table."""
    schema = schemas.CONTRACT[name]
    found = [part.rows for part in parts if part.table == name and len(part.rows)]
    rows = pd.concat([schemas.empty_table(schema), *found], ignore_index=True)[list(schema.columns)]
    return schema.validate(rows.astype(schemas.empty_table(schema).dtypes.to_dict()))


def open_layouts(folder: Path, processed: Path) -> tuple[Layout, ...]:
    """Layouts of a folder; where one is wrong, that stands among the problems too, where the desk shows them.

    Raises:
        ConfigurationError: a layout is wrong; every fault is named with its line.
    """
    try:
        return load_layouts(folder)
    except ConfigurationError as error:
        told = Problem(Severity.ERROR, "", str(error), "Исправьте макет и повторите приём.")
        write_table(tabulate_problems([told]), processed / "contract" / "problems.parquet")
        raise


def write_ingested(ingested: Ingested, processed: Path) -> None:
    """Write the tables and what was found as Parquet into `processed`/contract."""
    folder = processed / "contract"
    for name, table in ingested.tables.items():
        write_table(table, folder / f"{name}.parquet")
    write_table(ingested.problems, folder / "problems.parquet")
    for name in ("files", "corrections", "renamed"):
        write_table(getattr(ingested, name), folder / f"{name}.parquet")


def read_contract(processed: Path) -> dict[str, pd.DataFrame]:
    """Contract tables by name as `write_ingested` left them.

    Raises:
        FileNotFoundError: the first stage has not been run.
    """
    return {name: read_table(processed / "contract", name) for name in schemas.CONTRACT}


class IncompleteDataError(ValueError):
    """Tables without which no honest list can be made were not accepted; the message names every error."""


def check_complete(ingested: Ingested) -> None:
    """Stop where a required table came to nothing or a file of the whole region was refused.

    Raises:
        IncompleteDataError: names the tables or files, and every error.
    """
    if not ingested.lacking and not ingested.blocking:
        return
    errors = ingested.problems[ingested.problems["severity"] == Severity.ERROR]
    listed = "\n".join(f"— {message}" for message in errors["message"])
    what, names = ("таблицы", ingested.lacking) if ingested.lacking else ("файлы", ingested.blocking)
    named = join_words(f"«{name}»" for name in names)
    raise IncompleteDataError(f"Не приняты {what}: {named}. Без них списки были бы другими.\n{listed}")
