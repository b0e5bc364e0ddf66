"""Files as sent (папка с файлами) → contract tables, the first stage: what is wrong is said, what is right goes on.

A file with an error gives none of its rows; other files go on. Every row remembers file, sheet and row in Excel.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from effschool import schemas
from effschool.checks import Place, check_plausible, check_required, check_schema
from effschool.conversion import convert_column, find_kind
from effschool.headings import Header, check_header, find_header, select_body
from effschool.layouts import Layout, RowsLayout, load_layouts, map_columns
from effschool.problems import Problem, Severity, shorten_path, tabulate_problems
from effschool.reading import Grid, UnreadableFileError, read_grid
from effschool.register import (
    Part,
    find_code_variants,
    find_doubled,
    harmonise_codes,
    list_register,
    merge_register,
    restore_codes,
)
from effschool.russian import count_words, join_words
from effschool.storage import hash_file, read_table, write_table

ACCEPTED, REFUSED = "принят", "не принят"
SHOWN = 20
"""How many problems of one kind in one column of a file are shown."""

_IGNORED = (".", "~$", "readme", "region.yml")


@dataclass(frozen=True)
class Ingested:
    """What a folder gave.

    Args:
        tables: contract table by name, all of `schemas.CONTRACT`; without rows where nothing came.
        problems: a row per problem (`problems.tabulate_problems`).
        files: a row per file that a layout knows: file, sheet, layout, rows (taken), sha256, status.
        lacking: tables that the layouts require and that came to nothing.
    """

    tables: dict[str, pd.DataFrame]
    problems: pd.DataFrame
    files: pd.DataFrame
    lacking: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A file of the folder and the layouts that its name allows, in their order."""

    path: Path
    file: str
    layouts: tuple[Layout, ...]


@dataclass(frozen=True)
class Taken:
    """A file read: its parts of contract tables and its problems; with an error among them it is refused."""

    source: Source
    layout: Layout
    sheet: str = ""
    rows: int = 0
    parts: tuple[Part, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def is_accepted(self) -> bool:
        """No error was found."""
        return all(problem.severity != Severity.ERROR for problem in self.problems)

    def add(self, problems: Iterable[Problem]) -> "Taken":
        """The same with more problems."""
        return replace(self, problems=(*self.problems, *problems))


def ingest_folder(raw: Path, layouts: Path) -> Ingested:
    """Read all files of a folder by the layouts of another; nothing in `raw` is changed.

    Args:
        raw: folder with files as sent; subfolders count only where a layout names them, such as `social`.
        layouts: folder with YAML layouts.

    Raises:
        LayoutError: a layout file is wrong.
        FileNotFoundError: there is no folder `raw`.
    """
    if not raw.is_dir():
        raise FileNotFoundError(f"Нет папки с исходными данными «{raw.name}». Проверьте настройку DATA.")
    known = load_layouts(layouts)
    sources, unknown = find_sources(raw, known)
    taken = [read_source(source) for source in sources]
    taken = refuse_second_files(taken)
    taken = check_against_register(taken)
    taken = refuse_doubled_rows(taken)
    parts, differences = merge_register([part for file in taken if file.is_accepted for part in file.parts])
    problems = [*find_absent(sources, known), *unknown, *(p for file in taken for p in file.problems), *differences]
    tables = {name: _assemble_table(name, parts) for name in schemas.CONTRACT}
    required = {table for layout in known if layout.required for table in layout.tables}
    return Ingested(
        tables=tables,
        problems=tabulate_problems(limit_problems(problems)),
        files=tabulate_files(taken),
        lacking=tuple(name for name, table in tables.items() if name in required and table.empty),
    )


def find_sources(raw: Path, layouts: Sequence[Layout]) -> tuple[list[Source], list[Problem]]:
    """Files that some layout knows, sorted by name, and a warning for every other."""
    folders = {Path(name).parent for layout in layouts for name in layout.files}
    paths = sorted(path for folder in folders for path in (raw / folder).glob("*") if path.is_file())
    named = [(path, shorten_path(path, raw)) for path in paths if not path.name.lower().startswith(_IGNORED)]
    matched = [(path, file, _match_layouts(file, layouts)) for path, file in named]
    sources = [Source(path, file, found) for path, file, found in matched if found]
    return sources, [_say_unknown_file(file) for _, file, found in matched if not found]


def _match_layouts(file: str, layouts: Sequence[Layout]) -> tuple[Layout, ...]:
    return tuple(layout for layout in layouts if layout.match_name(file) is not None)


def _say_unknown_file(file: str) -> Problem:
    return Problem(
        Severity.WARNING,
        file,
        "такого файла раскладки не знают, он не прочитан",
        "Проверьте имя и вид файла; если он здесь не нужен, уберите его из папки.",
    )


def find_absent(sources: Sequence[Source], layouts: Sequence[Layout]) -> list[Problem]:
    """An error for every required table that no file of the folder feeds."""
    fed = {table for source in sources for layout in source.layouts for table in layout.tables}
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


def read_source(source: Source) -> Taken:
    """One file read, converted and checked by itself; a file that cannot be read has the one problem why."""
    try:
        grids = [(layout, read_grid(source.path, source.file, layout.delimiter)) for layout in source.layouts]
    except UnreadableFileError as error:
        return Taken(source, source.layouts[0], sheet=error.problem.sheet, problems=(error.problem,))
    layout, grid, header = _choose_layout(grids)
    if header is None:
        return Taken(source, layout, grid.sheet, problems=(*grid.notes, _say_no_header(grid, layout)))
    found = [*grid.notes, *check_header(grid, layout, header)]
    if any(problem.severity == Severity.ERROR for problem in found if problem.row == header.row):
        return Taken(source, layout, grid.sheet, problems=tuple(found))
    return _read_body(Taken(source, layout, grid.sheet, problems=tuple(found)), grid, header)


def _choose_layout(grids: list[tuple[Layout, Grid]]) -> tuple[Layout, Grid, Header | None]:
    tried = [(layout, grid, find_header(grid, layout)) for layout, grid in grids]
    complete = (found for found in tried if found[2] is not None and found[2].has_required(found[0]))
    return next(complete, tried[0])


def _say_no_header(grid: Grid, layout: Layout) -> Problem:
    wanted = join_words(f"«{column.headings[0]}»" for column in layout.columns.values() if column.required)
    return Problem(
        Severity.ERROR,
        grid.file,
        f"в первых строках ({layout.header.within}) ожидалась строка заголовков",
        f"Нужны столбцы: {wanted}.",
        sheet=grid.sheet,
    )


def _read_body(taken: Taken, grid: Grid, header: Header) -> Taken:
    body = select_body(grid, header)
    if body.empty:
        return taken.add([_say_no_rows(grid, taken.layout)])
    read = [_read_part(taken, body, header, rows) for rows in taken.layout.gives]
    # A column that feeds several tables is converted for each; its problems are told once.
    found = dict.fromkeys(problem for _, problems in read for problem in problems)
    by_row = sorted(found, key=lambda problem: problem.row or 0)
    return replace(taken, rows=len(body), parts=tuple(part for part, _ in read)).add(by_row)


def _say_no_rows(grid: Grid, layout: Layout) -> Problem:
    severity = Severity.ERROR if layout.required else Severity.WARNING
    return Problem(
        severity, grid.file, "под заголовками нет ни одной строки", "Пришлите файл с данными.", sheet=grid.sheet
    )


def _read_part(taken: Taken, body: pd.DataFrame, header: Header, rows: RowsLayout) -> tuple[Part, list[Problem]]:
    sources = map_columns(taken.layout, rows)
    place = Place(taken.source.file, taken.sheet, {name: header.name(source) for name, source in sources.items()})
    typed, problems, faulty = _convert_rows(taken, body, rows, place)
    for name, count in rows.blank_where_zero.items():
        typed[name] = typed[name].mask(typed[name].eq(0) & typed[count].eq(0).fillna(False).astype(bool))
    if rows.skip_blank:
        blank = typed[list(rows.skip_blank)].isna().all(axis=1)
        typed = typed[~blank | typed.index.isin([row for name in rows.skip_blank for row in faulty[name]])]
    keeps_first = rows.repeats == "first"
    compared = typed.drop_duplicates(["year", "school_id"]) if keeps_first and rows.table == "schools" else typed
    problems += check_required(typed, rows.table, faulty, place)
    problems += check_schema(compared, rows.table, place)
    problems += check_plausible(typed, rows.table, sources, faulty, place)
    return Part(rows.table, typed.reset_index(drop=True), place, keeps_first), problems


def _convert_rows(
    taken: Taken, body: pd.DataFrame, rows: RowsLayout, place: Place
) -> tuple[pd.DataFrame, list[Problem], dict[str, set[int]]]:
    sources = map_columns(taken.layout, rows)
    given = (taken.layout.match_name(taken.source.file) or {}) | {k: str(v) for k, v in rows.constants.items()}
    typed: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    faulty: dict[str, set[int]] = defaultdict(set)
    for name in schemas.CONTRACT[rows.table].columns:
        if name in schemas.PROVENANCE:
            continue
        source = sources.get(name, name)
        text = body[source] if source in body and name not in rows.constants else _repeat(given.get(source, ""), body)
        layout = taken.layout.columns.get(source) if name not in rows.constants else None
        converted = convert_column(text, find_kind(rows.table, name), layout)
        typed[name] = converted.values
        problems += [place.say(fault, name) for fault in converted.faults]
        faulty[name] |= {fault.row for fault in converted.faults if fault.severity == Severity.ERROR}
    frame = pd.DataFrame(typed, index=body.index)
    return _add_provenance(frame, taken), problems, faulty


def _repeat(text: str, body: pd.DataFrame) -> pd.Series:
    return pd.Series(text, index=body.index, dtype="str")


def _add_provenance(rows: pd.DataFrame, taken: Taken) -> pd.DataFrame:
    text = {"source_file": taken.source.file, "source_sheet": taken.sheet}
    added = rows.assign(**text, source_row=rows.index).astype({"source_row": "Int64"})
    return added.astype(dict.fromkeys(text, "str"))


def refuse_second_files(taken: Sequence[Taken]) -> list[Taken]:
    """Two files of a kind that may come only once: neither is taken, for nobody knows which is right."""
    counts = Counter(file.layout.id for file in taken if file.layout.single)
    doubled = {name for name, count in counts.items() if count > 1}
    names = {name: join_words(f"«{f.source.file}»" for f in taken if f.layout.id == name) for name in doubled}
    return [
        file.add([_say_second(file, names[file.layout.id])]) if file.layout.id in doubled else file for file in taken
    ]


def _say_second(file: Taken, names: str) -> Problem:
    action = f"Оставьте в папке один из файлов: {names}."
    return Problem(Severity.ERROR, file.source.file, f"для «{file.layout.title}» ожидался один файл", action)


def check_against_register(taken: Sequence[Taken]) -> list[Taken]:
    """Codes of accepted files put as the register has them; skipped where the register itself did not come whole."""
    feeding = [file for file in taken if "schools" in file.layout.tables]
    if not feeding or not all(file.is_accepted for file in feeding):
        return list(taken)
    taken = harmonise_register(taken)
    register = list_register([part for file in taken if file.is_accepted for part in file.parts])
    return [_check_file(file, register) if file.is_accepted else file for file in taken]


def harmonise_register(taken: Sequence[Taken]) -> list[Taken]:
    """One code for a school that the register writes with zeros in one year and without them in another."""
    codes = find_code_variants(list_register([part for file in taken for part in file.parts]))
    changed = [[harmonise_codes(part, codes) for part in file.parts] for file in taken]
    return [
        replace(file, parts=tuple(part for part, _ in parts)).add(problem for _, found in parts for problem in found)
        for file, parts in zip(taken, changed, strict=True)
    ]


def _check_file(file: Taken, register: pd.DataFrame) -> Taken:
    checked = [restore_codes(part, register) for part in file.parts]
    problems = dict.fromkeys(problem for _, found in checked for problem in found)
    return replace(file, parts=tuple(part for part, _ in checked)).add(problems)


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


def limit_problems(problems: Iterable[Problem]) -> list[Problem]:
    """The first problems of each kind (file, sheet, column, what was expected), and one that counts the rest."""
    kinds: dict[tuple[str, ...], list[Problem]] = defaultdict(list)
    for problem in problems:
        kinds[problem.severity, problem.file, problem.sheet, problem.column, problem.expected].append(problem)
    hidden = {id(found[SHOWN - 1]): found for found in kinds.values() if len(found) > SHOWN}
    shown = {id(problem) for found in kinds.values() for problem in found[:SHOWN]}
    limited: list[Problem] = []
    for found in kinds.values():
        for problem in found:
            limited += [problem] if id(problem) in shown else []
            limited += [_say_rest(hidden[id(problem)])] if id(problem) in hidden else []
    return limited


def _say_rest(found: list[Problem]) -> Problem:
    rest = count_words(len(found) - SHOWN, "замечание", "замечания", "замечаний")
    first = found[0]
    return replace(first, row=None, value="", expected=f"{first.expected} (и ещё {rest} такого рода)")


def tabulate_files(taken: Sequence[Taken]) -> pd.DataFrame:
    """A row per file: file, sheet, layout, rows (0 where refused), sha256, status («принят», «не принят»)."""
    rows = [
        {
            "file": file.source.file,
            "sheet": file.sheet,
            "layout": file.layout.id,
            "rows": file.rows if file.is_accepted else 0,
            "sha256": hash_file(file.source.path),
            "status": ACCEPTED if file.is_accepted else REFUSED,
        }
        for file in taken
    ]
    types = {"file": "str", "sheet": "str", "layout": "str", "rows": "int64", "sha256": "str", "status": "str"}
    return pd.DataFrame(rows, columns=list(types)).astype(types)


def _assemble_table(name: str, parts: Sequence[Part]) -> pd.DataFrame:
    schema = schemas.CONTRACT[name]
    found = [part.rows for part in parts if part.table == name and len(part.rows)]
    rows = pd.concat([schemas.empty_table(schema), *found], ignore_index=True)[list(schema.columns)]
    return schema.validate(rows.astype(schemas.empty_table(schema).dtypes.to_dict()))


def write_ingested(ingested: Ingested, processed: Path) -> None:
    """Write the tables, problems and files as Parquet into `processed`/contract."""
    folder = processed / "contract"
    for name, table in ingested.tables.items():
        write_table(table, folder / f"{name}.parquet")
    write_table(ingested.problems, folder / "problems.parquet")
    write_table(ingested.files, folder / "files.parquet")


def read_contract(processed: Path) -> dict[str, pd.DataFrame]:
    """Contract tables by name as `write_ingested` left them.

    Raises:
        FileNotFoundError: the first stage has not been run.
    """
    return {name: read_table(processed / "contract", name) for name in schemas.CONTRACT}


class IncompleteDataError(ValueError):
    """Tables without which no honest list can be made were not accepted; the message names every error."""


def check_complete(ingested: Ingested) -> None:
    """Stop where a required table came to nothing: lists made without it would be other lists.

    Raises:
        IncompleteDataError: names the tables and every error.
    """
    if not ingested.lacking:
        return
    errors = ingested.problems[ingested.problems["severity"] == Severity.ERROR]
    listed = "\n".join(f"— {message}" for message in errors["message"])
    names = join_words(f"«{name}»" for name in ingested.lacking)
    raise IncompleteDataError(f"Не приняты таблицы: {names}. Без них списки составить нельзя.\n{listed}")
