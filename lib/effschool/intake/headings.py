"""Where the header (шапка) of a grid is, what its columns mean and which rows below it are data, by a layout."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import product
from typing import Any

import pandas as pd

from effschool.base.persons import hide_cell, may_name
from effschool.base.problems import Problem, Severity
from effschool.base.russian import count_words
from effschool.intake.layouts import WORD, ColumnLayout, FieldLayout, Layout, simplify_text
from effschool.intake.reading import REPEATED, Grid, Sheet


@dataclass(frozen=True)
class Header:
    """Header of one grid.

    Args:
        row: number of its last row in Excel.
        headings: heading of each column of the grid, several rows joined; "" where there is none.
        positions: column of the layout → positions in the grid whose heading means it.
        repeated: column that stands once for each of several things → position by thing.
        given: column that a row of its own gives to each of those things → its text by thing.
    """

    row: int
    headings: tuple[str, ...]
    positions: dict[str, tuple[int, ...]]
    repeated: dict[str, dict[str, int]] = field(default_factory=dict)
    given: dict[str, dict[str, str]] = field(default_factory=dict)

    def name(self, column: str) -> str:
        """Heading as it stands in the file; "" where the column is not in the file."""
        return self.headings[self.positions[column][0]] if column in self.positions else ""

    @property
    def width(self) -> int:
        """Number of columns up to the last that has a heading."""
        return max((place for place, heading in enumerate(self.headings, start=1) if heading), default=0)

    def list_things(self, columns: set[str]) -> list[str]:
        """Things (subjects, scores) that the repeated ones among the columns stand for, in the order of the file."""
        places = {thing: place for name in columns for thing, place in self.repeated.get(name, {}).items()}
        return sorted(places, key=lambda thing: places[thing])

    def choose(self, thing: str) -> "Header":
        """The header with the repeated columns being those of one thing."""
        own = {name: (places[thing],) for name, places in self.repeated.items() if thing in places}
        rest = {name: places for name, places in self.positions.items() if name not in self.repeated}
        values = {name: {thing: given[thing]} for name, given in self.given.items() if thing in given}
        return Header(self.row, self.headings, rest | own, given=values)

    def has_required(self, layout: Layout) -> bool:
        """Whether all columns are there that the layout requires of the header, fields may stand for."""
        return all(name in self.positions for name in layout.required_columns if name not in layout.fields)


def find_header(grid: Grid, layout: Layout) -> Header | None:
    """The first place that has all required columns, else the one that has most of them; None where none has any.

    Numbers of rows are tried in the order of the layout, each at every place: a title over a header is no part of it.
    In a protocol the header with the most columns is meant: a row of groups may have all that are required.
    """
    starts = range(min(layout.header.within, len(grid.rows)))
    best: Header | None = None
    for rows, start in product(layout.header.rows, starts):
        if sum(map(bool, grid.rows[min(start + rows, len(grid.rows)) - 1])) < min(2, len(layout.columns)):
            continue  # a title, not a header
        header = _read_header(grid, layout, start, rows)
        if header.has_required(layout) and not layout.has_pupils:
            return header
        if best is None or _rank_header(header, layout) > _rank_header(best, layout):
            best = header
    return best if best is not None and best.positions else None


def _rank_header(header: Header, layout: Layout) -> tuple[bool, int, int]:
    return header.has_required(layout), *_count_found(header, layout)


def _complain(grid: Grid, expected: str, action: str, severity: Severity = Severity.ERROR, **place: Any) -> Problem:
    """A problem of the grid; `place`: row, column and value, as of a `Problem`."""
    return Problem(severity, grid.file, expected, action, grid.sheet, **place)


def check_header(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """Missing required columns, two headings for one column, columns not used."""
    titles = [*_find_disagreeing(grid, layout, header), *_find_shares(grid, layout, header)]
    if layout.has_pupils:  # a title may name one
        titles = [replace(p, value=", ".join(map(hide_cell, p.value.split(", ")))) for p in titles]
    return [
        *titles,
        *_find_foreign(grid, layout, header),
        *_say_notes(grid, layout, header),
        *_find_missing(grid, layout, header),
        *_find_incomplete(grid, layout, header),
        *_find_doubled(grid, header),
        *(_find_unused(grid, header) if layout.unused == "warn" else []),
    ]


def hide_persons(problems: Sequence[Problem], layout: Layout, header: Header) -> tuple[Problem, ...]:
    """Problems of a file of pupils without words of its headings that may be a name.

    A heading stays to be found by the letter of its column: «… отметка (столбец F)».
    """
    told = {heading: _hide_words(heading, layout) for found in problems for heading in found.column.split(", ")}
    if all(heading == shown for heading, shown in told.items()):
        return tuple(problems)
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 -- most files need it not, and it takes a while

    letters = {heading: get_column_letter(place) for place, heading in enumerate(header.headings, start=1)}
    for heading, shown in told.items():
        if shown != heading and heading in letters:
            told[heading] = f"{shown} (столбец {letters[heading]})"
    hidden = [", ".join(told[heading] for heading in found.column.split(", ")) for found in problems]
    return tuple(replace(found, column=names) for found, names in zip(problems, hidden, strict=True))


def _hide_words(heading: str, layout: Layout) -> str:
    """A heading with dots for each word that no heading of the layout has and that may be a name."""

    def _hide(found: re.Match[str]) -> str:
        is_known = simplify_text(found[0]) in layout.words
        return found[0] if is_known or not may_name(found[0], begins=not found.start()) else "…"

    return WORD.sub(_hide, heading)


def find_rows(grid: Grid, layout: Layout, header: Header) -> pd.DataFrame:
    """Cells of the rows below the header that are data: not blank, no numbering, nothing that the layout drops."""
    below = grid.cells.loc[header.row + 1 :]
    below = below[(below != "").any(axis=1)]
    if len(below) and _is_numbering(below.iloc[0].tolist(), header):
        below = below.iloc[1:]
    if layout.drop is None or below.empty:
        return below
    return below[~match_cells(_take_first(below), layout.drop)]


def find_repeated(grid: Grid, header: Header) -> int | None:
    """Number of the first row below the header in which two of its headings or more stand again; None without one."""
    below = grid.cells.loc[header.row + 1 :]
    places = {place for positions in header.positions.values() for place in positions}
    again = pd.Series(0, index=below.index)
    for place in places:
        heading = simplify_text(header.headings[place])
        cells = below.iloc[:, place]
        repeating = [text for text in cells.unique() if repeats_heading(heading, text)]
        again += cells.isin(repeating) if repeating else 0
    found = again.index[again > 1]
    return int(found[0]) if len(found) else None


def repeats_heading(heading: str, text: str) -> bool:
    """Whether a cell below a header is its heading again; of a heading of several rows the last row is enough."""
    return len(text) > 2 and not text.isdecimal() and heading.endswith(simplify_text(text))


def _take_first(rows: pd.DataFrame) -> pd.Series:
    """First filled cell of every row."""
    values = rows.to_numpy(dtype=object)
    return pd.Series(values[range(len(values)), (values != "").argmax(axis=1)], index=rows.index, dtype="str")


def match_cells(cells: pd.Series, pattern: str) -> pd.Series:
    """Whether a regular expression is found in each cell, case ignored; every different text is looked at once."""
    regex = re.compile(pattern, re.IGNORECASE)
    return cells.map({text: regex.search(text) is not None for text in cells.unique()}).astype(bool)


def skip_numbering(head: Grid, header: Header) -> int:
    """Number of the last row above the data: that of the header, or of the numbering «1 2 3 …» under it."""
    below = head.take_rows(header.row + 1, header.row + 1)
    return header.row + (1 if below and _is_numbering(below[0], header) else 0)


def _is_numbering(cells: list[str], header: Header) -> bool:
    """Whether a row under the header counts its columns: «1 2 3 …»."""
    named = [cell for cell, heading in zip(cells, header.headings, strict=True) if heading]
    return len(named) > 1 and named == [str(number) for number in range(1, len(named) + 1)]


def select_body(rows: pd.DataFrame, layout: Layout, header: Header) -> pd.DataFrame:
    """Text by column of the layout on the row numbers of Excel; only rows that the layout keeps.

    A column that stands for several things is there once for each, named by `name_repeated`.
    """
    places = {name: positions[0] for name, positions in header.positions.items() if name not in header.repeated}
    kept = pd.Series(True, index=rows.index)
    for name, pattern in layout.keep.items():
        kept &= match_cells(rows.iloc[:, places[name]], pattern) if name in places else False
    text = {name: fill_cells(rows.iloc[:, place], layout.columns[name], kept) for name, place in places.items()}
    for name, things in header.repeated.items():
        column = layout.columns[name]
        text |= {name_repeated(name, thing): take_parts(rows.iloc[:, place], column) for thing, place in things.items()}
    for name, values in header.given.items():
        text |= {name_repeated(name, thing): pd.Series(value, rows.index) for thing, value in values.items()}
    return pd.DataFrame(text, index=rows.index)[kept]


def read_given(grid: Grid, layout: Layout, header: Header) -> tuple[Header, list[Problem]]:
    """The header with what is said of each thing («Макс балл» of every task), in its heading or in a row of its own.

    Without it nothing can be said of the things: that is one error of the sheet.
    """
    things = {thing: place for places in header.repeated.values() for thing, place in places.items()}
    given: dict[str, dict[str, str]] = {}
    problems: list[Problem] = []
    for name in [name for name, column in layout.columns.items() if column.row is not None and things]:
        column = layout.columns[name]
        values = {thing: _read_value(header.headings[place], column) for thing, place in things.items()}
        if not all(values.values()):
            row, found = _find_row(grid, column, header)
            problems += found
            values = {thing: _take_part(row[place], column) for thing, place in things.items()} if row else {}
        given[name] = values
        problems += [_say_not_given(grid, header, column, things[thing]) for thing in values if not values[thing]]
    return replace(header, given=given), problems


def _read_value(heading: str, column: ColumnLayout) -> str:
    found = re.fullmatch(column.pattern or "(?!)", simplify_text(heading), re.IGNORECASE)
    return found["value"] if found else ""


def _find_row(grid: Grid, column: ColumnLayout, header: Header) -> tuple[list[str], list[Problem]]:
    """The row under the header that gives a column; none where there are two, for nobody knows which is right."""
    below = grid.take_rows(header.row + 1, grid.first_row + len(grid.rows))
    found = [row for row in below if re.search(str(column.row), next(filter(None, row), ""), re.IGNORECASE)]
    told = f"под шапкой ожидалась одна строка «{column.heading}», а таких строк {len(found)}"
    action = "Оставьте под шапкой одну такую строку: по числу на каждый столбец."
    if len(found) == 1:
        return found[0], []
    return [], [_complain(grid, told, action, row=header.row)]


def _take_part(text: str, column: ColumnLayout) -> str:
    found = re.search(column.extract or "(.+)", text, re.IGNORECASE)
    return found[1] if found else ""


def _say_not_given(grid: Grid, header: Header, column: ColumnLayout, place: int) -> Problem:
    expected = f"в строке «{column.heading}» ожидалось число, а ячейка этого столбца пуста"
    return _complain(grid, expected, "Впишите число.", row=header.row, column=header.headings[place])


def name_repeated(column: str, thing: str) -> str:
    """Name of a repeated column for one of its things; no column of a layout has such a name."""
    return f"{column}: {thing}"


def find_passed_over(grid: Grid, layout: Layout, rows: pd.DataFrame, body: pd.DataFrame) -> list[Problem]:
    """Rows of data that the layout neither takes nor leaves out on purpose."""
    left = rows.drop(index=body.index)
    if layout.pass_over is None or left.empty:
        return []
    first = _take_first(left)
    unknown = first[~match_cells(first, layout.pass_over)]
    expected = "ожидалась школа с логином, район или итог; строка не узнана и не учтена"
    action = "Проверьте первую ячейку строки."
    return [
        _complain(grid, expected, action, Severity.WARNING, row=int(row), value=text)
        for row, text in zip(unknown.index, unknown, strict=True)
    ]


def find_merged(sheet: Sheet, layout: Layout, header: Header, body: pd.DataFrame) -> list[Problem]:
    """Merged cells among the data: only the first of them has a value, those under it would be lost."""
    filled = {place for name, places in header.positions.items() if layout.columns[name].fill for place in places}
    used = {place for places in header.positions.values() for place in places} - filled
    rows = set(body.index)
    problems = []
    for (top, left), (bottom, right) in sheet.merged:
        if rows & set(range(top + 1, bottom + 2)) and used & set(range(left, right + 1)):
            expected = "ожидались отдельные ячейки, а они объединены"
            action = "Разъедините ячейки и заполните каждую."
            heading = header.headings[left] if left < len(header.headings) else ""
            problems.append(Problem(Severity.ERROR, sheet.file, expected, action, sheet.name, top + 1, heading))
    return problems


def fill_cells(cells: pd.Series, column: ColumnLayout, kept: pd.Series) -> pd.Series:
    """Cells as the layout takes a part of them and fills blank ones from above."""
    taken = take_parts(cells, column)
    if column.fill == "down":
        taken = taken.mask(taken.eq("")).ffill().fillna("")
    if column.fill == "group":
        taken = taken.mask(kept).ffill().fillna("")
    if column.fill == "section":
        taken = taken.mask(kept | taken.eq("")).ffill().fillna("")
    return taken if column.blank is None else taken.mask(taken.eq(""), column.blank)


def take_parts(cells: pd.Series, column: ColumnLayout) -> pd.Series:
    """The part of every cell that the layout takes, or all such parts of it."""
    if not column.extract:
        return cells
    if column.every:
        regex = re.compile(column.extract, re.IGNORECASE)
        return cells.map(lambda text: "; ".join(found[1] for found in regex.finditer(text))).astype("str")
    return cells.str.extract(column.extract, flags=re.IGNORECASE)[0].fillna("").astype("str")


def find_fields(layout: Layout, header: Header, grid: Grid) -> dict[str, str]:
    """Fields of a layout that were found above the header or in it, in the sheet's name or the file's name, as text."""
    found = {name: search_field(rule, header, grid) for name, rule in layout.fields.items()}
    return {name: texts[0] for name, texts in found.items() if texts}


def search_field(rule: FieldLayout, header: Header, grid: Grid) -> list[str]:
    """What a field may be: texts found that mean different things, in the order of the places.

    Words of one row may stand in cells of their own («Предмет:», «Русский язык»): a row is looked at as a whole where
    no cell of it has the field.
    """
    own = _search_rows(rule, grid.take_rows(1, header.row))
    inherited = rule.whole or grid.above[:1] == ((REPEATED,),)
    if not own and inherited:
        own = _search_rows(rule, grid.above)
    names = [*header.headings, grid.sheet, grid.file.rpartition("/")[2]]
    texts = dict.fromkeys([*own, *_search_cells(rule, names)])
    return list({rule.mean(text): text for text in reversed(texts)}.values())[::-1]


def _search_rows(rule: FieldLayout, rows: Iterable[Sequence[str]]) -> list[str]:
    texts = [_search_cells(rule, row) or _search_cells(rule, [" ".join(filter(None, row))]) for row in rows]
    return [text for found in texts for text in found]


def _search_cells(rule: FieldLayout, cells: Iterable[str]) -> list[str]:
    shown = (cell for cell in cells if not (rule.skip and re.search(rule.skip, cell, re.IGNORECASE)))
    looked_at = [_SCHOOL_YEAR.sub(_spell_school_year, cell) for cell in shown]
    return [match[1] for cell in looked_at for match in re.finditer(rule.pattern, cell, re.IGNORECASE) if match[1]]


_SCHOOL_YEAR = re.compile(r"(?<![\d.])20(\d\d)( ?[/–-] ?)(\d\d)(?!\d| ?[./–-] ?\d)")


def _spell_school_year(found: re.Match[str]) -> str:
    """«2023/24» as «2023/2024»; «2023-12» is a month."""
    first, sign, second = found.groups()
    return f"20{first}{sign}20{second}" if int(second) == int(first) + 1 else found[0]


def _count_found(header: Header, layout: Layout) -> tuple[int, int]:
    found = [layout.columns[name].required for name in header.positions]
    return sum(found), len(found)


def _read_header(grid: Grid, layout: Layout, start: int, rows: int) -> Header:
    block = grid.rows[start : start + rows]
    if (start, rows) not in grid.headings:
        grid.headings[start, rows] = _join_rows(block)
    headings = grid.headings[start, rows]
    places: dict[str, dict[int, str]] = defaultdict(dict)
    for place, heading in enumerate(headings):
        if not heading:
            continue
        for name, thing in _accept(layout, heading, block[-1][place]).items():
            places[name][place] = thing
    found = {name: places[name] for name in layout.columns if name in places}
    positions = {name: tuple(things) for name, things in found.items()}
    repeated = {
        name: {thing: place for place, thing in things.items()}
        for name, things in found.items()
        if layout.columns[name].is_repeated
    }
    return Header(start + len(block) + grid.first_row - 1, headings, positions, repeated)


def _accept(layout: Layout, heading: str, lowest: str) -> dict[str, str]:
    """What a layout takes a heading for; in a protocol groups («Участник», «Результат») may stand above headings."""
    grouped = layout.has_pupils and lowest not in ("", heading)
    return layout.accept(lowest) | layout.accept(heading) if grouped else layout.accept(heading)


def _join_rows(rows: list[list[str]]) -> tuple[str, ...]:
    # A merged cell is blank but for its left one; its fill ends where a group of the rows above ends.
    upper: list[list[str]] = []
    for row in rows[:-1]:
        filled: list[str] = []
        for place, cell in enumerate(row):
            same_group = place > 0 and all(above[place] == above[place - 1] for above in upper)
            filled.append(cell or (filled[-1] if same_group and place else ""))
        upper.append(filled)
    levels = [*upper, rows[-1]]
    last_column = max((place for row in rows for place, cell in enumerate(row) if cell), default=-1)
    return tuple(
        " ".join(level[place] for level in levels if level[place]) if place <= last_column else ""
        for place in range(len(rows[0]))
    )


def _find_missing(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    used = {place for places in header.positions.values() for place in places}
    free = [heading for place, heading in enumerate(header.headings) if heading and place not in used]
    free = [heading for heading in free if not layout.has_pupils or _hide_words(heading, layout) == heading]
    fields = find_fields(layout, header, grid)
    missing = [name for name in layout.required_columns if name not in header.positions and name not in fields]
    return [_say_missing(grid, header, layout.columns[name].headings or (name,), free) for name in missing]


def _find_disagreeing(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """Fields that different places of the file say differently."""
    found = {rule.title: search_field(rule, header, grid) for rule in layout.fields.values() if rule.agree}
    action = "Оставьте одно значение в строках над шапкой, в имени листа и в имени файла или разделите файл."
    return [
        _complain(grid, f"ожидалось одно значение ({title})", action, value=", ".join(texts))
        for title, texts in found.items()
        if len(texts) > 1
    ]


def _find_foreign(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """Headings that say that the file holds something that the layout would mix up."""
    pattern = re.compile(layout.foreign or r"(?!)", re.IGNORECASE)
    action = "Разделите файл, чтобы в нём был один экзамен одного года, и уберите этот столбец."
    expected = "такого столбца в файле этого вида быть не может: строки разного рода смешались бы"
    return [
        _complain(grid, expected, action, row=header.row, column=heading)
        for heading in header.headings
        if heading and pattern.fullmatch(simplify_text(heading))
    ]


def _find_shares(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """Columns of shares where the layout takes counts: «2» would be two pupils instead of 2 %."""
    counted = {source for rows in layout.gives for source in rows.list_counts(layout)}
    places = [place for name in counted for place in header.positions.get(name, ())]
    told = [header.headings[place] for place in places if _SHARE.search(header.headings[place])]
    above = [cell for row in grid.take_rows(1, header.row - 1) for cell in row if _IN_PERCENT.search(cell)]
    expected = "ожидалось число обучающихся, а в столбце доли"
    action = "Пришлите числа; если нужны доли, опишите их в макете (percent или percent_of)."
    found = [_complain(grid, expected, action, row=header.row, column=heading) for heading in told]
    if counted and not told and above and not any(map(_SHARE.search, header.headings)):
        expected = "сказано, что это доли или проценты, а в столбцах этого вида ожидались числа обучающихся"
        found.append(_complain(grid, expected, action, value=above[0]))
    return found


_SHARE = re.compile(r"\bдол[яиюей]+\b|процент|%", re.IGNORECASE)
_IN_PERCENT = re.compile(r"\b(дол[яи] |в |данные в )(процент\w*|%)|\bдоли\b", re.IGNORECASE)


def _say_notes(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """What a layout warns of where it finds a field («по программе 4 класса»)."""
    told = {rule.note: search_field(rule, header, grid) for rule in layout.fields.values() if rule.note}
    notes = {note: texts[0] for note, texts in told.items() if texts}
    parts = {note: note.partition(". ") for note in notes}
    return [
        _complain(grid, parts[note][0], parts[note][2], Severity.WARNING, value=text) for note, text in notes.items()
    ]


def _find_incomplete(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """Things that lack one of the columns that other things have."""
    required = [name for name in header.repeated if layout.columns[name].required]
    things = header.list_things(set(required))
    expected, action = "у «{}» нет столбца «{}», а у других он есть", "Проверьте заголовки этой группы столбцов."
    return [
        _complain(grid, expected.format(thing, layout.columns[name].heading), action, row=header.row)
        for thing in things
        for name in required
        if thing not in header.repeated[name]
    ]


def _say_missing(grid: Grid, header: Header, wanted: tuple[str, ...], free: list[str]) -> Problem:
    simple = {simplify_text(heading): heading for heading in free}
    near = [simple[match] for name in wanted for match in get_close_matches(simplify_text(name), simple, 1, 0.6)]
    action = (
        f"Похожий заголовок в файле: «{near[0]}»; напишите вместо него «{wanted[0]}»."
        if near
        else f"Добавьте столбец с заголовком «{wanted[0]}»."
    )
    return _complain(grid, "обязательного столбца нет", action, row=header.row, column=wanted[0])


def _find_doubled(grid: Grid, header: Header) -> list[Problem]:
    places: dict[str, set[int]] = defaultdict(set)
    for name, positions in header.positions.items():
        # Of a repeated column each thing may stand once.
        alone = len(header.repeated.get(name, ())) == len(positions)
        places[name].update(positions[:1] if alone else positions)
    expected = "ожидался один столбец с таким смыслом, а их несколько"
    action = "Оставьте один столбец, остальные удалите или назовите иначе."
    return [
        _complain(
            grid, expected, action, row=header.row, column=", ".join(header.headings[p] for p in sorted(positions))
        )
        for positions in places.values()
        if len(positions) > 1
    ]


def find_cells_outside(grid: Grid, header: Header, rows: pd.DataFrame) -> list[Problem]:
    """Cells of the rows of data that stand under no heading."""
    bare = [place for place, heading in enumerate(header.headings) if not heading]
    cells = rows.iloc[:, bare]
    filled = cells[(cells != "").any(axis=1)]
    # In CSV an unquoted comma in a number shifts the cells to the right: values would land under wrong headings.
    severity = Severity.WARNING if grid.sheet else Severity.ERROR
    expected = "ожидались значения только под заголовками"
    action = "Проверьте, не разделила ли строку лишняя запятая или точка с запятой, или удалите лишнее значение."
    return [
        _complain(grid, expected, action, severity, row=row, value=", ".join(filter(None, texts)))
        for row, texts in zip(filled.index.tolist(), filled.to_numpy().tolist(), strict=True)
    ]


def _find_unused(grid: Grid, header: Header) -> list[Problem]:
    used = {place for places in header.positions.values() for place in places}
    unknown = [heading for place, heading in enumerate(header.headings) if heading and place not in used]
    expected, action = "такого столбца макет не знает, он не учтён", "Проверьте заголовок; если столбец не нужен"
    if len(unknown) > MOST_NAMED:
        named = ", ".join(f"«{heading[:60]}»" for heading in unknown[:MOST_NAMED])
        rest = count_words(len(unknown) - MOST_NAMED, "столбца", "столбцов", "столбцов")
        expected = f"столбцов {named} и ещё {rest} макет не знает, они не учтены"
        action, unknown = "Проверьте заголовки; если столбцы не нужны", [""]
    action += ", ничего делать не надо."
    return [_complain(grid, expected, action, Severity.WARNING, row=header.row, column=heading) for heading in unknown]


MOST_NAMED = 10
"""Unknown columns that are told one by one; of more of them there is one message."""
