"""Protocols with a row per pupil (протоколы РЦОКО) → counts by school and subject; no pupil leaves this module.

The sheet is read block by block and only in the columns that the layout names; each different text is understood once,
and of every block only counts are kept, so that the memory does not grow with the number of pupils.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.base import schemas
from effschool.base.persons import hide_cell, is_code
from effschool.base.problems import Problem, Severity
from effschool.base.russian import count_words, format_number, join_words
from effschool.intake.checks import Place
from effschool.intake.conversion import CellFault, Kind, convert_column, find_kind
from effschool.intake.headings import repeats_heading, skip_numbering
from effschool.intake.layouts import (
    ColumnLayout,
    CountLayout,
    MeanLayout,
    PupilsLayout,
    RowsLayout,
    map_columns,
    simplify_text,
)
from effschool.intake.participation import check_columns, find_silent_columns, find_spoken, is_ordinal
from effschool.intake.reading import Block, Coded, Sheet, code_texts
from effschool.intake.register import Part
from effschool.intake.rows import AGREE, Source, Typed, finish_part, locate_columns
from effschool.method.thresholds import Threshold, ThresholdError, ThresholdRegister, find_threshold

MOST_KEYS = 1_000_000
SHOWN_ROWS = 20
"""How many rows of a block with one wrong value are named."""

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]
Rows = NDArray[np.bool_]


@dataclass
class Meanings:
    """What the texts of one column mean; each is understood once for the whole sheet."""

    kind: Kind
    layout: ColumnLayout | None
    limits: tuple[float, float] | None = None
    allowed: frozenset[float] = frozenset()
    values: dict[str, object] = field(default_factory=dict)
    faults: dict[str, CellFault] = field(default_factory=dict)

    def learn(self, texts: Iterable[str]) -> None:
        """Understand texts not met before."""
        new = [text for text in dict.fromkeys(texts) if text not in self.values]
        if not new:
            return
        taken = self._extract(new)
        converted = convert_column(pd.Series(taken, dtype="str"), self.kind, self.layout)
        values = converted.values.astype(object).where(converted.values.notna(), None)
        self.values |= dict(zip(new, values.tolist(), strict=True))
        self.faults |= {new[fault.row]: fault for fault in converted.faults}
        for text in new if self.limits else ():
            self._check_limits(text, self.values[text])
        # A name or a document in a shifted row would be counted as a school of its own.
        if self.kind == "code":
            self.values |= dict.fromkeys(text for text in new if not is_code(str(self.values[text])))

    def _check_limits(self, text: str, value: object) -> None:
        low, high = self.limits or (0, 0)
        if isinstance(value, int | float) and not (low <= value <= high and value in (self.allowed or {value})):
            whole = "целое число" if self.allowed else "число"
            expected = f"ожидалось {whole} от {format_number(low)} до {format_number(high)}"
            self.faults[text] = CellFault(0, text, expected, "Сверьте значение с исходным протоколом.")
            self.values[text] = None

    def _extract(self, texts: list[str]) -> list[str]:
        if self.layout is None:
            return texts
        blank = self.layout.blank or ""
        if self.layout.extract is None:
            return [text or blank for text in texts]
        found = [re.search(self.layout.extract, text, re.IGNORECASE) for text in texts]
        if self.kind != "year":
            return [match[1] if match else blank for match in found]
        # Of a date the year alone, in two digits too («24.05.24»); text without a date stays, to be refused as it is.
        years = [match[1] if match else text for match, text in zip(found, texts, strict=True)]
        return [f"20{year}" if len(year) == 2 and year.isdecimal() else year for year in years]


class Reading(NamedTuple):
    """A column of a block understood: place of every row's value among the values; −1 where there is none."""

    codes: Places
    values: list[object]

    @property
    def numbers(self) -> Numbers:
        """The values of all rows as numbers, missing as NaN."""
        known = np.array([*map(_to_number, self.values), np.nan], dtype=np.float64)
        return known[self.codes]


def _to_number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


@dataclass(frozen=True)
class Protocol:
    """What a block of a protocol is read with.

    Args:
        register: minimum scores; None where the region has none.
        key: columns of the table that tell its rows apart, in the order of the schema.
        places: column of the layout → its position in the sheet, of the columns that are read for their meaning.
        name_place: position of the column with the name of the school; −1 where there is none or it is not compared.
        silent: columns that the layout does not know and that are looked through for words on who took part: heading by
            position.
        told: field that is a column too → what it may be by the titles.
        secret: key of the hash of pupils; drawn anew for every run and never kept.
    """

    source: Source
    rows: RowsLayout
    pupils: PupilsLayout
    register: ThresholdRegister | None
    place: Place
    key: tuple[str, ...]
    sources: Mapping[str, str]
    meanings: dict[str, Meanings]
    places: Mapping[str, int]
    name_place: int
    silent: Mapping[int, str]
    told: Mapping[str, Reading]
    secret: str

    @property
    def own_key(self) -> tuple[str, ...]:
        """Columns of the file that tell its pupils apart."""
        return tuple(name for name in self.pupils.key if name in self.source.header.positions)


class SecondTableError(Exception):
    """Below the header another one stands, in this row: what follows is a table of its own."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


def count_pupils(
    source: Source, sheet: Sheet, rows: RowsLayout, register: ThresholdRegister | None, secret: str = ""
) -> tuple[Part, list[Problem]]:
    """Counts of pupils that a protocol gives to a contract table: a row per key of the table.

    Args:
        source: the sheet's kind and header.
        sheet: the sheet to read.
        register: minimum scores, for layouts that count below them.
        secret: key of the hash of pupils, one for all files of a run; drawn here where there is none.

    Raises:
        SecondTableError: another header stands below the first.
    """
    protocol = open_protocol(source, rows, register, secret or secrets.token_hex(8))
    read = read_through(protocol, sheet)
    earlier = find_earlier_attempts(read.pupils)
    if len(earlier):  # read once more without them, which is seldom needed
        read = read_through(protocol, sheet, earlier)
    problems = [*read.problems, *([_say_not_sought(protocol)] if sheet.is_large else say_twice(protocol, read.pupils))]
    typed = Typed(assemble_counts(protocol, read.counts), tuple(dict.fromkeys(problems)), {})
    part, found = finish_part(source, rows, protocol.place, typed, None)
    own = None if sheet.is_large or not protocol.own_key else read.pupils["pupil"]
    return replace(part, pupils=own, stated=place_names(read.names, part.rows)), found


class Counted(NamedTuple):
    """What blocks gave.

    Args:
        counts: sums by key, a row per key met.
        problems: what could not be understood.
        pupils: the hashed pupils with the number of the attempt.
        names: names beside codes, `school_id`, `name` and the first `row` of each pair.
    """

    counts: pd.DataFrame
    problems: list[Problem]
    pupils: pd.DataFrame
    names: pd.DataFrame


def place_names(names: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Names beside codes as `Part.stated`: each on the index of the first row of its code."""
    if names.empty:  # a protocol of many schools without their names would be searched for nothing
        return names.drop(columns="school_id")
    firsts = pd.Series(rows.index, index=rows["school_id"])
    known = names[names["school_id"].isin(rows["school_id"])].drop_duplicates(["school_id", "name"])
    return known.set_index(known["school_id"].map(firsts[~firsts.index.duplicated()])).drop(columns="school_id")


def read_through(protocol: Protocol, sheet: Sheet, earlier: pd.Index | None = None) -> Counted:
    """All blocks of a sheet counted; `earlier`: rows that do not count."""
    header = protocol.source.header
    whole = [] if sheet.is_large or protocol.own_key else range(header.width)
    own = [] if sheet.is_large else [header.positions[name][0] for name in protocol.own_key]
    name = [] if sheet.is_large or protocol.name_place < 0 else [protocol.name_place]
    wanted = dict.fromkeys([*protocol.places.values(), *own, *name, *protocol.silent, *whole])
    blocks, problems = [_NOTHING], []
    for block in sheet.read_blocks(skip_numbering(sheet.read_head(), header), list(wanted)):
        columns = {name: block.columns[place] for name, place in protocol.places.items()}
        row = find_second_header(protocol, block, columns)
        if row is not None and not sheet.is_large:
            raise SecondTableError(row)
        problems += [] if row is None else [_say(protocol, _SECOND_HEADER, row, "")]
        blocks.append(count_block(protocol, block, columns, earlier))
        problems += blocks[-1].problems
    counts, _, pupils, names = zip(*blocks, strict=True)
    return Counted(pd.concat(counts, ignore_index=True), problems, pd.concat(pupils), pd.concat(names))


_NOTHING = Counted(
    pd.DataFrame(),
    [],
    pd.DataFrame({"pupil": [], "attempt": []}).astype("uint64"),
    pd.DataFrame({"school_id": [], "name": []}).astype("str").assign(row=0),
)


def open_protocol(source: Source, rows: RowsLayout, register: ThresholdRegister | None, secret: str) -> Protocol:
    """Make ready to read: which columns are needed and how their texts are understood."""
    pupils = rows.pupils
    assert pupils is not None
    key = tuple(schemas.KEYS[rows.table])
    sources = {name: column for name, column in map_columns(source.layout, rows).items() if name in key}
    kinds: dict[str, Kind] = {column: find_kind(rows.table, name) for name, column in sources.items()}
    kinds |= dict.fromkeys(pupils.numbers, "score")
    kinds |= dict.fromkeys([*pupils.participation, *([pupils.attempt] if pupils.attempt else [])], "text")
    fields = {name: rule.column for name, rule in source.layout.fields.items()}
    layouts = fields | source.layout.columns
    allowed: dict[str, frozenset[float]] = {}
    for count in pupils.counts.values():
        if count.equals is not None:
            allowed[count.column] = allowed.get(count.column, frozenset()) | {count.equals}
    meanings = {
        name: Meanings(kind, layouts.get(name), pupils.limits.get(name), allowed.get(name, frozenset()))
        for name, kind in kinds.items()
    }
    told = {name: read_told(fields[name], kinds[name], source.texts.get(name, ())) for name in fields if name in kinds}
    place = locate_columns(source, rows)
    places = {name: source.header.positions[name][0] for name in meanings if name in source.header.positions}
    silent = find_silent_columns(source.header)
    name = source.header.positions.get(rows.names_school or "", (-1,))[0]
    return Protocol(source, rows, pupils, register, place, key, sources, meanings, places, name, silent, told, secret)


def read_told(layout: ColumnLayout, kind: Kind, texts: Sequence[str]) -> Reading:
    """What a field may be by the titles: a reading with a row per different text found."""
    return understand(Meanings(kind, layout), code_texts(texts or [""]))


def find_second_header(protocol: Protocol, block: Block, columns: Mapping[str, Coded]) -> int | None:
    """Number of the first row of a block that repeats two headings or more."""
    headings = {name: simplify_text(protocol.source.header.name(name)) for name in columns}
    repeated = [column.match(partial(repeats_heading, headings[name])) for name, column in columns.items()]
    found = np.flatnonzero(sum((rows.astype(np.int64) for rows in repeated if rows.any()), np.zeros(block.rows)) > 1)
    return int(found[0]) + block.first_row if len(found) else None


def count_block(
    protocol: Protocol, block: Block, columns: Mapping[str, Coded], earlier: pd.Index | None = None
) -> Counted:
    """One block counted."""
    taken = choose_rows(protocol, block, columns)
    readings = {
        name: understand(protocol.meanings[name], columns[name]) for name in protocol.meanings if name in columns
    }
    keys = {name: read_key(protocol, name, readings, block.rows) for name in protocol.key}
    problems = [*say_faults(protocol, block, columns, taken), *say_blank_keys(protocol, block, columns, keys, taken)]
    problems += say_disagreeing(protocol, block, readings, taken)
    problems += find_spoken(protocol.source, block, protocol.silent, taken)
    problems += check_columns(protocol.source, block, columns, taken)
    known = taken & np.logical_and.reduce([reading.codes >= 0 for reading in keys.values()])
    numbers = {name: readings[name].numbers for name in protocol.pupils.numbers if name in readings}
    scope = number_scopes(keys)
    minimums, lacking = find_minimums(protocol, scope)
    numbers = give_marks(protocol, numbers, scope, minimums)
    left_out = find_left_out(protocol, block, readings, earlier)
    took_part = known & ~np.logical_or.reduce([np.zeros(block.rows, dtype=bool), *left_out.values()])
    wrong = took_part & find_without_result(protocol, numbers, columns)
    first = protocol.pupils.numbers[0]
    problems += lacking + [_say(protocol, _NO_RESULT, row, first) for row in _list_rows(block, wrong)]
    tally = Tally(known, took_part, keys, scope, minimums, numbers, left_out)
    problems += say_wrong_scale(protocol, block, tally)
    counts = tally_block(protocol, block, tally)
    pupils = hash_pupils(protocol, block, keys, took_part)
    pupils = number_attempts(readings.get(protocol.pupils.attempt or ""), pupils, block)
    return Counted(counts, problems, pupils, list_names(protocol, block, keys["school_id"], known))


def list_names(protocol: Protocol, block: Block, schools: Reading, known: Rows) -> pd.DataFrame:
    """Names of schools beside their codes in a block, each pair once with its first row."""
    column = block.columns.get(protocol.name_place)
    if column is None or not known.any():
        return _NOTHING.names
    pairs, firsts = np.unique(
        schools.codes[known].astype(np.int64) * len(column.texts) + column.codes[known], return_index=True
    )
    codes, texts = np.divmod(pairs, len(column.texts))
    rows = np.flatnonzero(known)[firsts] + block.first_row
    found = pd.DataFrame({"school_id": [schools.values[code] for code in codes], "row": rows}, dtype=None)
    return found.assign(name=[column.texts[text] for text in texts]).query("name != ''")


def choose_rows(protocol: Protocol, block: Block, columns: Mapping[str, Coded]) -> Rows:
    """Rows that are pupils: something is filled in, and the first cell is nothing that the layout drops («Итого»)."""
    filled = np.logical_or.reduce([column.match(bool) for column in columns.values()])
    if protocol.source.layout.drop is None:
        return np.asarray(filled)
    drop = re.compile(protocol.source.layout.drop, re.IGNORECASE)
    leads = block.leads or columns[min(columns, key=lambda name: protocol.places[name])]
    return np.asarray(filled & ~leads.match(lambda text: drop.search(text) is not None))


def find_left_out(
    protocol: Protocol, block: Block, readings: Mapping[str, Reading], earlier: pd.Index | None
) -> dict[str, Rows]:
    """Rows of pupils who are not counted, by the reason: what the column says that speaks of it."""
    found: dict[str, Rows] = {}
    for name, wanted in protocol.pupils.participation.items():
        reading = readings.get(name)
        for place, value in enumerate(reading.values) if reading else ():
            if reading and value not in wanted:
                found[str(value)] = found.get(str(value), np.zeros(block.rows, dtype=bool)) | (reading.codes == place)
    if earlier is not None:
        found[_EARLIER] = np.isin(np.arange(block.rows) + block.first_row, earlier)
    return found


_EARLIER = "прежняя попытка"


def understand(meanings: Meanings, column: Coded) -> Reading:
    """Values of a column of a block, equal ones at one place."""
    meanings.learn(column.texts)
    values = [meanings.values[text] for text in column.texts]
    places = {value: place for place, value in enumerate(dict.fromkeys(value for value in values if value is not None))}
    codes = np.array([places.get(value, -1) for value in values] or [-1], dtype=np.int64)
    is_same = np.array_equal(codes, np.arange(len(codes)))  # mostly no two texts mean one value, and all mean something
    return Reading(column.codes.astype(np.int64) if is_same else codes[column.codes], list(places))


def read_key(protocol: Protocol, name: str, readings: Mapping[str, Reading], rows: int) -> Reading:
    """A key column of the table: from the file, or one value for all rows from the layout or the titles."""
    column = protocol.sources.get(name, "")
    told = protocol.told.get(column)
    if column in readings:
        return fill_reading(readings[column], told)
    if told is not None:
        return Reading(np.full(rows, -1 if not told.values else 0, dtype=np.int64), told.values[:1])
    meanings = protocol.meanings.get(column, Meanings(find_kind(protocol.rows.table, name), None))
    text = str(protocol.rows.constants.get(name, protocol.source.fields.get(column, "")))
    return understand(meanings, Coded(np.zeros(rows, dtype=np.int32), (text,)))


def fill_reading(reading: Reading, told: Reading | None) -> Reading:
    """Blank cells of a column mean what the titles say, where they say one thing."""
    if told is None or len(told.values) != 1:
        return reading
    values = list(dict.fromkeys([*reading.values, *told.values]))
    return Reading(np.where(reading.codes < 0, values.index(told.values[0]), reading.codes), values)


def say_disagreeing(protocol: Protocol, block: Block, readings: Mapping[str, Reading], taken: Rows) -> list[Problem]:
    """Rows whose year, subject and so on are not what the titles say."""
    problems = []
    for name, told in protocol.told.items():
        reading = readings.get(name)
        if reading is None or not told.values:
            continue
        said = join_words(f"«{value}»" for value in told.values)
        for place, value in enumerate(reading.values):
            rows = _list_rows(block, taken & (reading.codes == place)) if value not in told.values else []
            fault = CellFault(0, "", f"в названии листа или файла стоит {said}", AGREE)
            problems += [replace(_say(protocol, fault, row, name), value=str(value)) for row in rows[:1]]
    return problems


# Pupils who stand twice


def hash_pupils(protocol: Protocol, block: Block, keys: Mapping[str, Reading], rows: Rows) -> pd.Series:
    """A keyed hash of pupil, subject and so on for every row that took part, by the number of the row.

    The school does not count: a pupil who stands in two of them stands twice. A file that has nothing that tells pupils
    apart gives a hash of the whole row, its ordinal number left out.
    """
    header = protocol.source.header
    places = [header.positions[name][0] for name in protocol.own_key] or [
        place for place in block.columns if not is_ordinal(header.headings[place])
    ]
    own = [block.columns[place] for place in places if place in block.columns]
    named = rows & np.logical_or.reduce([column.match(bool) for column in own]) if own else np.zeros_like(rows)
    mixed = np.zeros(block.rows, dtype=np.uint64)
    own = [Coded(column.codes, tuple("".join(text.split()).casefold() for text in column.texts)) for column in own]
    others = [key for name, key in keys.items() if name != "school_id"]
    texts = [*own, *(Coded(key.codes.astype(np.int32), tuple(map(str, key.values))) for key in others)]
    for column in texts if own else []:
        hashed = pd.util.hash_array(
            np.array(column.texts or [""], dtype=object), hash_key=protocol.secret, categorize=False
        )
        mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + hashed[column.codes]
    return pd.Series(mixed[named], index=np.flatnonzero(named) + block.first_row)


def number_attempts(reading: Reading | None, pupils: pd.Series, block: Block) -> pd.DataFrame:
    """The hashed pupils with the number of the attempt of their row; 1 where the file does not say."""
    first = np.ones(block.rows, dtype="uint64")
    numbers = [*map(int, map(str, reading.values)), 1] if reading else []
    attempts = np.array(numbers, dtype="uint64")[reading.codes] if reading else first
    return pd.DataFrame({"pupil": pupils, "attempt": attempts[pupils.index - block.first_row]}, index=pupils.index)


def find_earlier_attempts(pupils: pd.DataFrame) -> pd.Index:
    """Rows of pupils who have a row with a later attempt."""
    last = pupils.groupby("pupil")["attempt"].transform("max") if pupils["attempt"].gt(1).any() else pupils["attempt"]
    return pupils.index[pupils["attempt"] < last]


def say_twice(protocol: Protocol, pupils: pd.DataFrame) -> list[Problem]:
    """An error for every row of a pupil who stands in the protocol of one subject already.

    Where nothing tells pupils apart, equal rows may be different pupils: they are counted and told in one warning.
    """
    hashed = pupils["pupil"]
    if not protocol.own_key:
        return [_say_no_key(protocol, hashed)] if len(hashed) else []
    again = hashed[hashed.duplicated()].head(SHOWN_ROWS)
    first = hashed[hashed.isin(again)].drop_duplicates().reset_index().set_index("pupil")["index"]
    expected = "ожидалась одна строка ученика по предмету, а их несколько"
    return [
        _say(
            protocol,
            CellFault(0, "", expected, f"Оставьте одну строку; тот же ученик: строка {first[value]}."),
            int(row),
            "",
        )
        for row, value in again.items()
    ]


def _say_no_key(protocol: Protocol, hashed: pd.Series) -> Problem:
    again = hashed.index[hashed.duplicated()].tolist()
    rows = join_words(map(str, again[:5]))
    found = f"повторяются {len(again)}, первые — {rows}" if again else "таких нет"
    expected = (
        "нет столбца с документом или кодом участника: ученики, записанные дважды, искались только по совпадению "
        f"строки целиком, {found}"
    )
    action = "Если это разные ученики, ничего делать не надо; надёжнее выгрузить протокол с кодом участника."
    return Problem(Severity.WARNING, protocol.source.file, expected, action, sheet=protocol.source.sheet)


def _say_not_sought(protocol: Protocol) -> Problem:
    expected = "в таком большом файле ученики, записанные дважды, не ищутся"
    action = "Если это важно, разделите файл по муниципалитетам."
    return Problem(Severity.WARNING, protocol.source.file, expected, action)


# Minimum scores and marks


class ThresholdScope(NamedTuple):
    """Procedure, subject and year of every row: place among those met in the block; −1 where one is missing."""

    codes: Places
    needs: list[tuple[str, str, int]]


def number_scopes(keys: Mapping[str, Reading]) -> ThresholdScope:
    """Number the procedures, subjects and years met in a block."""
    parts = [keys[name] for name in ("procedure", "subject", "year")]
    sizes = [max(len(part.values), 1) for part in parts]
    known = np.logical_and.reduce([part.codes >= 0 for part in parts])
    codes = np.ravel_multi_index([np.maximum(part.codes, 0) for part in parts], sizes)
    needs = [(str(p), str(s), int(str(y))) for p, s, y in product(*(part.values or [0] for part in parts))]
    return ThresholdScope(np.where(known, codes, -1), needs)


def find_minimums(protocol: Protocol, scope: ThresholdScope) -> tuple[list[Threshold | None], list[Problem]]:
    """The row of the register for every scope, and an error for every scope that needs one and has none."""
    pupils = protocol.pupils
    needs_minimum = any(count.below_minimum for count in pupils.counts.values())
    known = {(row.procedure, row.subject) for row in protocol.register.thresholds} if protocol.register else set()
    met = set(np.unique(scope.codes).tolist())
    found: list[Threshold | None] = []
    problems = []
    for place, need in enumerate(scope.needs):
        try:
            found.append(find_threshold(protocol.register, *need) if protocol.register else None)
        except ThresholdError as error:
            found.append(None)
            # A subject that the register has never heard of is counted without those below a minimum.
            if needs_minimum and place in met and need[:2] in known:
                problems.append(_say_no_minimum(protocol, str(error)))
    return found, problems


def _say_no_minimum(protocol: Protocol, text: str) -> Problem:
    expected = text[0].lower() + text[1:].partition(". ")[0]
    action = f"{text.partition('. ')[2]} Реестр минимальных результатов — файл methodologies/thresholds.yml."
    return Problem(Severity.ERROR, protocol.source.file, expected, action, sheet=protocol.source.sheet)


def give_marks(
    protocol: Protocol, numbers: dict[str, Numbers], scope: ThresholdScope, minimums: list[Threshold | None]
) -> dict[str, Numbers]:
    """Marks from the region's scale of the year where none stands and the primary score does."""
    for mark, primary in protocol.pupils.scale.items():
        if primary not in numbers:
            continue
        own = numbers.get(mark, np.full(len(scope.codes), np.nan))
        for place, minimum in enumerate(minimums):
            rows = np.isnan(own) & (scope.codes == place) & ~np.isnan(numbers[primary])
            if minimum is not None and minimum.marks and rows.any():
                points = {
                    name: numbers[column][rows]
                    for name, column in protocol.pupils.conditions.items()
                    if column in numbers
                }
                own[rows] = mark_scores(numbers[primary][rows], minimum, points)
        numbers = numbers | {mark: own}
    return numbers


def mark_scores(primary: Numbers, minimum: Threshold, points: Mapping[str, Numbers]) -> Numbers:
    """Marks by a scale; a mark whose further condition is not met falls to the next lower one."""
    marks = sorted(minimum.marks)
    found = 2.0 + np.searchsorted([minimum.marks[mark] for mark in marks], primary, side="right")
    for name, least in minimum.conditions.items():
        for mark in sorted(least, reverse=True):
            if name in points:
                found = np.where((found == mark) & (points[name] < least[mark]), mark - 1, found)
    return np.asarray(found, dtype=np.float64)


def find_without_result(protocol: Protocol, numbers: Mapping[str, Numbers], columns: Mapping[str, Coded]) -> Rows:
    """Rows in which nothing that is counted stands; a cell that could not be understood has been named already."""
    counted = {count.column for count in protocol.pupils.counts.values()} or set(protocol.pupils.numbers)
    rows = len(next(iter(columns.values())).codes)
    missing = np.logical_and.reduce([np.isnan(numbers.get(name, np.full(rows, np.nan))) for name in counted])
    faulty = [columns[name].match(protocol.meanings[name].faults.__contains__) for name in counted & set(columns)]
    return np.asarray(missing & ~np.logical_or.reduce(faulty)) if faulty else np.asarray(missing)


# Counts


class Tally(NamedTuple):
    """A block understood: rows that count, those who took part, their keys, minimums and numbers, and who did not."""

    known: Rows
    took_part: Rows
    keys: Mapping[str, Reading]
    scope: ThresholdScope
    minimums: list[Threshold | None]
    numbers: Mapping[str, Numbers]
    left_out: Mapping[str, Rows]


def tally_block(protocol: Protocol, block: Block, tally: Tally) -> pd.DataFrame:
    """Sums of a block: a row per key, with pupils, participants, counts, sums of scores, first and last row."""
    sizes = [max(len(reading.values), 1) for reading in tally.keys.values()]
    flat = np.ravel_multi_index([np.maximum(reading.codes, 0) for reading in tally.keys.values()], sizes)
    # Keys that could be there are usually few; where every row has its own, only those that are there are counted.
    places, codes = np.unique(flat, return_inverse=True) if np.prod(sizes) > MOST_KEYS else (None, flat)
    add = Adder(codes, int(np.prod(sizes)) if places is None else len(places))
    sums = {"pupils": add(tally.known), "participants": add(tally.took_part)}
    for name, count in protocol.pupils.counts.items():
        counted = tally.took_part & has_scale(count.of_scale, tally, known=count.below_minimum)
        sums |= {name: add(tally.took_part & match_count(count, tally)), f"of {name}": add(counted)}
    for name, means in protocol.pupils.means.items():
        values = choose_scores(means, tally)
        scored = tally.took_part & ~np.isnan(values)
        sums |= {f"sum of {name}": add(scored, np.nan_to_num(values)), f"number of {name}": add(scored)}
    sums |= {f"status {reason}": add(tally.known & rows) for reason, rows in tally.left_out.items()}
    met = np.flatnonzero(sums["pupils"])
    return pd.DataFrame(
        name_keys(tally.keys, met if places is None else places[met], sizes)
        | {name: values[met] for name, values in sums.items()}
    ).assign(**find_extent(codes, tally.known, block, met))


class Adder(NamedTuple):
    """Adds rows up by their place."""

    codes: Places
    size: int

    def __call__(self, rows: Rows, weights: Numbers | None = None) -> Numbers:
        """Number of the rows at every place, or the sum of their weights."""
        own = None if weights is None else weights[rows]
        return np.bincount(self.codes[rows], weights=own, minlength=self.size).astype(np.float64)


def match_count(count: CountLayout, tally: Tally) -> Rows:
    """Whether each row is a pupil of the kind that is counted."""
    values = tally.numbers.get(count.column, np.full(len(tally.known), np.nan))
    if count.equals is not None:
        return values == count.equals
    if count.at_least is not None:
        return values >= count.at_least
    minimum = np.array([*(np.nan if row is None else row.value for row in tally.minimums), np.nan])
    return values < minimum[tally.scope.codes]


def has_scale(scale: str | None, tally: Tally, *, known: bool = False) -> Rows:
    """Whether the subject of each row is on a scale; without one, whether the register has it at all (`known`)."""
    if scale is None and not known:
        return np.ones(len(tally.known), dtype=bool)
    scales = [row.scale if row else None for row in tally.minimums]
    fits = np.array([*(found is not None and scale in (None, found) for found in scales), False])
    return fits[tally.scope.codes]


def choose_scores(means: Iterable[MeanLayout], tally: Tally) -> Numbers:
    """Scores of which the mean is taken: those of the first rule that fits the scale of the row's subject."""
    values = np.full(len(tally.known), np.nan)
    decided = np.zeros(len(tally.known), dtype=bool)
    for mean in means:
        fits = has_scale(mean.of_scale, tally) & ~decided
        values[fits] = tally.numbers.get(mean.column, np.full(len(values), np.nan))[fits]
        decided |= fits
    return values


def name_keys(keys: Mapping[str, Reading], met: Places, sizes: list[int]) -> dict[str, object]:
    """Values of the key columns of the places met."""
    places = np.unravel_index(met, sizes)
    values = {name: np.array(reading.values or [None], dtype=object) for name, reading in keys.items()}
    return {name: values[name][place] for name, place in zip(keys, places, strict=True)}


def find_extent(codes: Places, known: Rows, block: Block, met: Places) -> dict[str, Places]:
    """First and last row of every place met."""
    rows = np.flatnonzero(known)
    first, last = (np.zeros(codes.max(initial=0) + 1, dtype=np.int64) for _ in range(2))
    # Of several values for one place the last that is written stays.
    first[codes[rows[::-1]]], last[codes[rows]] = rows[::-1], rows
    return {"first_row": first[met] + block.first_row, "last_row": last[met] + block.first_row}


def assemble_counts(protocol: Protocol, counted: pd.DataFrame) -> pd.DataFrame:
    """Rows of the contract table from the sums of all blocks, on the number of each key's first row."""
    key = list(protocol.key)
    sums = counted.groupby(key, sort=False, dropna=False)
    extent = sums.agg(first_row=("first_row", "min"), last_row=("last_row", "max"))
    totals = sums.sum(numeric_only=True).drop(columns=["first_row", "last_row"]).join(extent).reset_index()
    columns = {**protocol.rows.constants, **{name: totals[name] for name in key}}
    columns["participants"] = totals["participants"]
    for name in protocol.pupils.counts:
        columns[name] = totals[name].where(totals[f"of {name}"].eq(totals["participants"]))
    for name in protocol.pupils.means:
        number = totals[f"number of {name}"]
        columns[name] = (totals[f"sum of {name}"] / number.where(number > 0)).round(6)
    columns["source_note"] = write_notes(totals)
    return type_rows(pd.DataFrame(columns), protocol, totals["first_row"])


def type_rows(rows: pd.DataFrame, protocol: Protocol, first: pd.Series) -> pd.DataFrame:
    """All columns of the contract table with their types."""
    schema = schemas.CONTRACT[protocol.rows.table]
    source = {"source_file": protocol.source.file, "source_sheet": protocol.source.sheet, "source_row": first}
    filled = rows.assign(**source).reindex(columns=list(schema.columns))
    types = {name: str(column.dtype) for name, column in schema.columns.items()}
    typed = filled.astype({name: "Int64" if kind == "int64" else kind for name, kind in types.items()})
    return typed.set_axis(pd.Index(first, dtype="int64"))


def write_notes(totals: pd.DataFrame) -> pd.Series:
    """«26 учеников, строки с 2 по 27; не явился — 1»: what every row of counts was made from."""
    pupils = totals["pupils"].astype("int64")
    words = {number: count_words(number, "ученик", "ученика", "учеников") for number in pupils.unique().tolist()}
    rows = [totals[name].astype("int64").astype("str") for name in ("first_row", "last_row")]
    notes = pupils.map(words).astype("str") + ", строки с " + rows[0] + " по " + rows[1]
    for name in [name for name in totals if name.startswith("status ")]:
        number = totals[name].fillna(0).astype("int64")
        notes += ("; " + name.removeprefix("status ") + " — " + number.astype("str")).where(number > 0, "")
    return notes


# What could not be understood

_NO_RESULT = CellFault(
    0,
    "",
    "ожидался результат участника, а ячейка пуста",
    "Впишите результат или статус, из которого видно, почему его нет.",
)
_BLANK = CellFault(0, "", "ожидалось значение, а ячейка пуста", "Заполните ячейку.")
_NOWHERE = CellFault(
    0,
    "",
    "",
    "Впишите это в название над таблицей или в имя файла (год — четырьмя цифрами, учебный год — целиком: 2023/2024) "
    "или добавьте столбец.",
)
_NOT_A_PUPIL = CellFault(
    0,
    "",
    "строка не похожа на строку ученика: кода школы в ней нет",
    "Если это строка под таблицей (итог, примечание), удалите её; если это ученик, впишите код школы.",
)
_SECOND_HEADER = CellFault(
    0, "", "ниже стоит ещё одна строка заголовков", "Разделите файл: в каждом должна быть одна таблица с одной шапкой."
)


def say_wrong_scale(protocol: Protocol, block: Block, tally: Tally) -> list[Problem]:
    """Results on another scale than that of the subject: primary points among marks, or above the test points."""
    of_marks = has_scale(_MARKS, tally)
    problems = []
    averaged = {mean.column for means in protocol.pupils.means.values() for mean in means if mean.of_scale == _POINTS}
    for name in averaged & set(tally.numbers):
        values = tally.numbers[name]
        wrong = tally.took_part & of_marks & ~np.isnan(values) & ~np.isin(values, (2, 3, 4, 5))
        problems += [_say(protocol, _NO_MARK, row, name) for row in _list_rows(block, wrong)]
        for primary in tally.numbers.keys() - averaged if len(averaged) == 1 else ():
            above = tally.took_part & has_scale(_POINTS, tally) & (tally.numbers[primary] > values)
            problems += [_say(protocol, _ABOVE, row, primary) for row in _list_rows(block, above)[:1]]
    return problems


_MARKS, _POINTS = "отметка", "100-балльная"
_NO_MARK = CellFault(
    0, "", "по этому предмету ожидалась отметка от 2 до 5", "Проверьте, не первичный ли балл стоит вместо отметки."
)
_ABOVE = CellFault(
    0,
    "",
    "первичный балл больше тестового",
    "Проверьте, не перепутаны ли столбцы с баллами.",
    Severity.WARNING,
)


def say_faults(protocol: Protocol, block: Block, columns: Mapping[str, Coded], taken: Rows) -> list[Problem]:
    """Cells of a block that do not mean what was expected."""
    problems = []
    for name, column in columns.items():
        faults = protocol.meanings[name].faults if name in protocol.meanings else {}
        for place in [place for place, text in enumerate(column.texts) if text in faults] if faults else []:
            rows = _list_rows(block, taken & (column.codes == place))
            problems += [_say(protocol, faults[column.texts[place]], row, name) for row in rows]
    return problems


def say_blank_keys(
    protocol: Protocol, block: Block, columns: Mapping[str, Coded], keys: Mapping[str, Reading], taken: Rows
) -> list[Problem]:
    """Rows without a code, subject or year, unless the cell has been named already; without a code it is no pupil."""
    problems = []
    no_code = taken & (keys["school_id"].codes < 0)
    if no_code.any():
        column = protocol.sources["school_id"]
        problems = [_say(protocol, _NOT_A_PUPIL, row, column) for row in _list_rows(block, no_code)]
        taken = taken & ~no_code
    for name, reading in keys.items():
        column = protocol.sources.get(name, name)
        faulty = protocol.meanings[column].faults if column in protocol.meanings else {}
        named = columns[column].match(faulty.__contains__) if column in columns else np.zeros_like(taken)
        blank = taken & (reading.codes < 0) & ~named
        if not blank.any() or schemas.CONTRACT[protocol.rows.table].columns[name].nullable:
            continue
        rule = protocol.source.layout.fields.get(column)
        if rule is not None and column not in columns:  # it holds for the whole sheet, and is told once
            problems.append(_say(protocol, replace(_NOWHERE, expected=f"не нашлось: {rule.title}"), 0, column))
        else:
            problems += [_say(protocol, _BLANK, row, column) for row in _list_rows(block, blank)]
    return problems


def _list_rows(block: Block, rows: Rows) -> list[int]:
    return (np.flatnonzero(rows)[:SHOWN_ROWS] + block.first_row).tolist()


def _say(protocol: Protocol, fault: CellFault, row: int, column: str) -> Problem:
    """`row` 0 is the whole sheet."""
    source = protocol.source
    return Problem(
        fault.severity,
        source.file,
        fault.expected,
        fault.action,
        sheet=source.sheet,
        row=row or None,
        column=source.header.name(column),
        value=hide_cell(fault.value),
    )
