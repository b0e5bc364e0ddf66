"""Corrections (исправления): objections and known mistakes as entries of `corrections.yml`, applied with a guard.

An entry says what stands in one cell and what should; where something else stands there, or the row is not there or not
alone, it is an error and nothing is changed. Only entries with status «принято» are applied, in the order of the file.
Rows are changed or deleted, never added: a row that was not sent comes in a file of its own, with its own source.

The same file answers questions of plausibility (`checked`): a person looked, and the number is right.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

import pandas as pd
from pandera.errors import SchemaErrors
from pydantic import Field, model_validator

from effschool.base.configuration import (
    Entry,
    Fault,
    Frozen,
    RuleError,
    Words,
    locate,
    raise_faults,
    read_entries,
    validate_entries,
)
from effschool.base.problems import Problem, Severity
from effschool.base.schemas import CONTRACT, KEYS, PROVENANCE
from effschool.intake.layouts import Layout, map_columns, simplify_text

FILE = "corrections.yml"
TOLERANCE = 1e-6
"""Scores that differ by less are the same one."""
CHANGE, DELETE = "исправить", "удалить строку"
ACCEPTED = "принято"
APPLIED, FAILED, WAITING = "внесено", "не внесено", "не вносилось"

_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "int64": ((int,), "целое число"),
    "float64": ((int, float), "число"),
}
_TEXT: tuple[tuple[type, ...], str] = ((str,), "текст (число возьмите в кавычки)")
_KEY_NAMES = ("year", "school_id", "procedure", "subject", "grade", "level", "project", "entry_year")


class Correction(Frozen):
    """One entry (запись).

    Args:
        table: contract table; then the key of the row as the table has it, `grade` may be left out where it is alone.
        file, row: source of the row, where the key alone names several.
        column: English name, or the Russian heading of a layout.
        action: `исправить` puts `new` (null: blank) for `old`, `удалить строку` deletes the row where `old` stands.
        status: only «принято» is applied.
    """

    table: Literal["schools", "results", "certificates", "social", "conditions", "programme"]
    year: int | None = None
    school_id: Words
    procedure: Words | None = None
    subject: Words | None = None
    grade: int | None = None
    level: Words | None = None
    condition: Words | None = None
    project: Words | None = None
    entry_year: int | None = None
    file: Words | None = None
    row: int | None = Field(default=None, ge=1)
    column: Words
    action: Literal["исправить", "удалить строку"] = "исправить"
    old: Any
    new: Any = None
    reason: Words
    who: Words
    date: datetime.date
    status: Literal["принято", "отклонено", "на рассмотрении"]

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        for name in _KEY_NAMES:
            is_key, is_given = name in KEYS[self.table], getattr(self, name) is not None
            if is_given and not is_key:
                raise RuleError(f"у таблицы «{self.table}» такого ключа нет, уберите его", name)
            if is_key and not is_given and name != "grade":
                raise RuleError(f"для таблицы «{self.table}» ожидался ключ {name}", "table")
        for name in ("old", "new"):
            if not isinstance(getattr(self, name), int | float | str | None) or isinstance(getattr(self, name), bool):
                raise RuleError("ожидалось число, текст или null", name)
        if self.action == CHANGE and "new" not in self.model_fields_set:
            raise RuleError("ожидался ключ new: новое значение или null, если ячейка должна быть пустой", "action")
        if self.action == DELETE and "new" in self.model_fields_set:
            raise RuleError("при удалении строки нового значения нет, уберите ключ", "new")
        return self

    @property
    def key(self) -> dict[str, Any]:
        """Columns and values that the row must have."""
        source = {"source_file": self.file, "source_row": self.row}
        given = {name: getattr(self, name) for name in KEYS[self.table]} | source
        return {name: value for name, value in given.items() if value is not None}

    @property
    def subject_words(self) -> list[str]:
        """«ОГЭ», «математика», «9 класс»: the key but for school and year."""
        grade = None if self.grade is None else f"{self.grade} класс"
        return [text for text in (self.procedure, self.subject, grade, self.level, self.project) if text]

    @property
    def name(self) -> str:
        """«results, 2023 год, школа 270001, ОГЭ, математика, 9 класс»."""
        years = [f"{year} год" for year in (self.year, self.entry_year) if year is not None]
        return ", ".join([self.table, *years, f"школа {self.school_id}", *self.subject_words])


class Answer(Frozen):
    """A question that a person answered: the rule's id, the file and year that it was asked of, or one school there."""

    rule: Words
    file: Words
    year: int
    school_id: Words | None = None
    reason: Words
    who: Words
    date: datetime.date
    status: Literal["проверено"] = "проверено"

    def match(self, findings: pd.DataFrame) -> pd.Series:
        """Which findings of `plausibility` it answers."""
        key = {"rule": self.rule, "file": self.file, "year": self.year, "school_id": self.school_id}
        fits = pd.Series(True, index=findings.index)
        for name, value in key.items():
            fits &= True if value is None else findings[name].eq(value).fillna(False).astype(bool)
        return fits


class CorrectionFile(Frozen):
    """What the file holds."""

    corrections: tuple[Correction, ...] = ()
    checked: tuple[Answer, ...] = ()


Headings = Mapping[str, Mapping[str, str]]
"""Table → column → its Russian heading."""


def list_headings(layouts: tuple[Layout, ...]) -> dict[str, dict[str, str]]:
    """Headings of the columns of contract tables, the first that a layout names."""
    headings: dict[str, dict[str, str]] = {table: {} for table in CONTRACT}
    for layout in layouts:
        for rows in layout.gives:
            for name, source in map_columns(layout, rows).items():
                column = layout.columns.get(source)
                for heading in column.headings[:1] if column else ():
                    headings[rows.table].setdefault(name, heading)
    return headings


def load_corrections(path: Path, headings: Headings) -> tuple[Correction, ...]:
    """Read the file; the columns of what it gives have their English names. A missing file has no corrections.

    Raises:
        ConfigurationError: not YAML, or an entry in it is wrong; every fault is named with its line and key.
    """
    if not path.is_file():
        return ()
    entry, read, faults = _read_file(path)
    named = [item.model_copy(update={"column": _name_column(item, headings)}) for item in read.corrections]
    for place, correction in enumerate(named):
        for key, expected in _find_misfits(correction):
            faults.append(locate(entry, ("corrections", place, key), expected))
    raise_faults(f"Файл исправлений «{path.name}»", faults)
    return tuple(named)


def load_answers(path: Path, rules: Iterable[str]) -> tuple[Answer, ...]:
    """Answers to questions in the same file; `rules` are the ids that can ask.

    Raises:
        ConfigurationError: as `load_corrections`, or no rule has such an id.
    """
    if not path.is_file():
        return ()
    entry, read, faults = _read_file(path)
    known = set(rules)
    for place, answer in enumerate(read.checked):
        if answer.rule not in known:
            expected = f"стоит «{answer.rule}», ожидалось имя правила, как в вопросе"
            faults.append(locate(entry, ("checked", place, "rule"), expected))
    raise_faults(f"Файл исправлений «{path.name}»", faults)
    return read.checked


def _read_file(path: Path) -> tuple[Entry, CorrectionFile, list[Fault]]:
    faults: list[Fault] = []
    entry = read_entries(path, "исправлений", faults)
    return entry, validate_entries(CorrectionFile, entry, f"Файл исправлений «{path.name}»", faults), faults


def apply_answers(
    findings: pd.DataFrame, answers: Iterable[Answer]
) -> tuple[pd.DataFrame, pd.DataFrame, list[Problem]]:
    """Questions that are still open; a row per answer as in `apply_corrections`; an error per answer to no question."""
    is_open = pd.Series(True, index=findings.index)
    rows, problems = [], []
    for number, answer in enumerate(answers, start=1):
        fits = answer.match(findings)
        is_open &= ~fits
        rows.append(_describe_answer(number, answer, findings[fits]))
        if not fits.any():
            school = f", школа {answer.school_id}" if answer.school_id else ""
            value = f"ответ {number}: {answer.rule}, {answer.file}, {answer.year} год{school}"
            action = "Проверьте правило, файл, год и код; если вопроса больше нет, уберите ответ."
            problems.append(Problem(Severity.ERROR, FILE, "такого вопроса нет", action, value=value))
    return findings[is_open], pd.DataFrame(rows, columns=list(_APPLIED)).astype(_APPLIED), problems


def _describe_answer(number: int, answer: Answer, found: pd.DataFrame) -> dict[str, Any]:
    source = {} if found.empty else dict(zip(PROVENANCE[:3], found.iloc[0][["file", "sheet", "row"]], strict=True))
    return {
        "entry": number,
        "table": "" if found.empty else found["table"].iloc[0],
        "year": answer.year,
        "school_id": answer.school_id or "",
        "what": f"вопрос {answer.rule}, файл «{answer.file}»",
        "old": "",
        "new": "числа верны",
        "reason": answer.reason,
        "who": answer.who,
        "date": f"{answer.date:%d.%m.%Y}",
        "status": answer.status,
        "outcome": FAILED if found.empty else answer.status,
        **source,
    }


def _name_column(correction: Correction, headings: Headings) -> str:
    names = {simplify_text(heading): name for name, heading in headings.get(correction.table, {}).items()}
    return names.get(simplify_text(correction.column), correction.column)


def _find_misfits(correction: Correction) -> Iterator[tuple[str, str]]:
    """Key and what was expected: a column that the table has, values of its kind, no blank where none may be."""
    columns = [name for name in CONTRACT[correction.table].columns if name not in PROVENANCE]
    if correction.column not in columns:
        yield (
            "column",
            f"стоит «{correction.column}», ожидался русский заголовок или имя столбца таблицы «{correction.table}»: "
            + ", ".join(columns),
        )
        return
    column = CONTRACT[correction.table].columns[correction.column]
    kinds, expected = _KINDS.get(str(column.dtype).lower(), _TEXT)
    for key in ("old", "new"):
        value = getattr(correction, key)
        if value is not None and not isinstance(value, kinds):
            yield key, f"стоит «{value}», ожидалось {expected}"
    if correction.new is None and correction.action == CHANGE and not column.nullable:
        yield "new", "стоит пустое значение, а столбец пустым быть не может"


@dataclass(frozen=True)
class Outcome:
    """What became of an entry: its number, the label of its row (None where not found) and the row before it."""

    number: int
    correction: Correction
    label: int | None = None
    before: pd.Series | None = None
    problem: Problem | None = None


def apply_corrections(
    tables: Mapping[str, pd.DataFrame], corrections: tuple[Correction, ...], headings: Headings | None = None
) -> tuple[dict[str, pd.DataFrame], pd.DataFrame, list[Problem]]:
    """Contract tables with the accepted corrections in them.

    A corrected row keeps its source; where tables have `source_note`, it says what was changed. An entry after which
    its row breaks a check of `schemas` is an error, and no entry of that row is applied.

    Args:
        tables: contract tables by name; not changed.
        corrections: entries, columns by English name.
        headings: Russian headings for `applied`; English names where None.

    Returns:
        The tables; a row per entry (`applied`): entry, table, year, school_id, what, old, new, reason, who, date,
        status, outcome («внесено», «не внесено», «не вносилось»), source_file, source_sheet, source_row; problems.
    """
    original = {name: rows.reset_index(drop=True) for name, rows in tables.items()}
    outcomes: list[Outcome] = []
    changed = original
    for number, correction in enumerate(corrections, start=1):
        outcomes.append(_find_row(changed, number, correction))
        changed = _replay(changed, outcomes[-1:])
    while broken := {(name, label): text for name in changed for label, text in _find_broken(name, changed, outcomes)}:
        outcomes = [_refuse(outcome, broken) for outcome in outcomes]
        changed = _replay(original, outcomes)
    problems = [outcome.problem for outcome in outcomes if outcome.problem]
    result = {name: rows.reset_index(drop=True) for name, rows in changed.items()}
    return result, _tabulate(outcomes, headings or {}), problems


def _find_row(tables: Mapping[str, pd.DataFrame], number: int, correction: Correction) -> Outcome:
    outcome = Outcome(number, correction)
    if correction.status != ACCEPTED:
        return outcome
    rows = tables[correction.table]
    fits = pd.Series(True, index=rows.index)
    for name, value in correction.key.items():
        fits &= rows[name].eq(value).fillna(False).astype(bool)
    found = rows[fits]
    if found.empty:
        action = "Проверьте год, код и остальные ключи записи."
        return replace(outcome, problem=_say(outcome, "такой строки в таблице нет", action))
    if len(found) > 1:
        places = "; ".join(locate_row(cells) for _, cells in found.iterrows())
        action = f"Уточните запись ключами grade, file или row. Подходят: {places}."
        return replace(outcome, problem=_say(outcome, f"ожидалась одна строка, а подходят {len(found)}", action))
    cells = found.iloc[0]
    if not _is_same(cells[correction.column], correction.old):
        expected = (
            f"прежнее значение записано как «{_write(correction.old)}», а стоит «{_write(cells[correction.column])}»"
        )
        action = f"Сверьте запись с источником: {locate_row(cells)}."
        return replace(outcome, label=int(found.index[0]), problem=_say(outcome, expected, action))
    return replace(outcome, label=int(found.index[0]), before=cells)


def _say(outcome: Outcome, expected: str, action: str) -> Problem:
    value = f"запись {outcome.number}: {outcome.correction.name}"
    return Problem(Severity.ERROR, FILE, expected, action, column=outcome.correction.column, value=value)


def locate_row(cells: pd.Series) -> str:
    """Where a row stands: file, sheet and row in Excel."""
    sheet = f", лист «{cells['source_sheet']}»" if cells["source_sheet"] else ""
    return f"файл «{cells['source_file']}»{sheet}, строка {cells['source_row']}"


def _is_same(found: object, old: object) -> bool:
    if pd.isna(found) or old is None:
        return bool(pd.isna(found) and old is None)
    if isinstance(found, str) or isinstance(old, str):
        return found == old
    return abs(float(str(found)) - float(str(old))) < TOLERANCE


def _write(value: object) -> str:
    if value is None or pd.isna(value):
        return "пусто"
    return value if isinstance(value, str) else f"{float(str(value)):.10g}".replace(".", ",")


def _replay(tables: Mapping[str, pd.DataFrame], outcomes: Iterable[Outcome]) -> dict[str, pd.DataFrame]:
    """The tables with the entries applied that found their row."""
    changed = dict(tables)
    for outcome in outcomes:
        if outcome.before is not None:
            changed[outcome.correction.table] = _change(changed[outcome.correction.table], outcome)
    return changed


def _change(rows: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    correction = outcome.correction
    if correction.action == DELETE:
        return rows.drop(index=outcome.label)
    put = {correction.column: correction.new}
    if "source_note" in rows.columns:
        values = f"было {_write(correction.old)}, стало {_write(correction.new)}"
        note = f"исправлено: {values} ({FILE}, запись {outcome.number})"
        before = rows.loc[outcome.label, "source_note"]
        put["source_note"] = note if pd.isna(before) else f"{before}; {note}"
    is_row = rows.index == outcome.label
    masked = {name: rows[name].astype(object).mask(is_row, value) for name, value in put.items()}
    return rows.assign(**{name: column.astype(rows[name].dtype) for name, column in masked.items()})


def _find_broken(
    table: str, tables: Mapping[str, pd.DataFrame], outcomes: Iterable[Outcome]
) -> Iterator[tuple[int | None, str]]:
    """Labels of corrected rows that break a check of the table, with what was expected."""
    corrected = {item.label for item in outcomes if item.before is not None and item.correction.table == table}
    if not corrected:
        return
    try:
        CONTRACT[table].validate(tables[table][list(CONTRACT[table].columns)], lazy=True)
    except SchemaErrors as errors:
        for error in errors.schema_errors:
            for label in set(error.failure_cases["index"]) & corrected:
                yield label, str(getattr(error.check, "error", error.check))


def _refuse(outcome: Outcome, broken: Mapping[tuple[str, int | None], str]) -> Outcome:
    text = broken.get((outcome.correction.table, outcome.label))
    if outcome.before is None or text is None:
        return outcome
    action = f"Исправьте запись: она не внесена. Её строка: {locate_row(outcome.before)}."
    return replace(outcome, before=None, problem=_say(outcome, f"после исправления нарушено правило: {text}", action))


def _tabulate(outcomes: Iterable[Outcome], headings: Headings) -> pd.DataFrame:
    rows = [_describe(outcome, headings) for outcome in outcomes]
    return pd.DataFrame(rows, columns=list(_APPLIED)).astype(_APPLIED)


_APPLIED = {
    "entry": "int64",
    "table": "str",
    "year": "Int64",
    "school_id": "str",
    "what": "str",
    "old": "str",
    "new": "str",
    "reason": "str",
    "who": "str",
    "date": "str",
    "status": "str",
    "outcome": "str",
    "source_file": "str",
    "source_sheet": "str",
    "source_row": "Int64",
}


def _describe(outcome: Outcome, headings: Headings) -> dict[str, Any]:
    correction = outcome.correction
    heading = headings.get(correction.table, {}).get(correction.column, correction.column)
    source = {} if outcome.before is None else {name: outcome.before[name] for name in PROVENANCE[:3]}
    done = WAITING if correction.status != ACCEPTED else FAILED if outcome.before is None else APPLIED
    return {
        "entry": outcome.number,
        "table": correction.table,
        "year": correction.year if correction.year is not None else correction.entry_year,
        "school_id": correction.school_id,
        "what": ", ".join([*correction.subject_words, heading]),
        "old": _write(correction.old),
        "new": "строка удалена" if correction.action == DELETE else _write(correction.new),
        "reason": correction.reason,
        "who": correction.who,
        "date": f"{correction.date:%d.%m.%Y}",
        "status": correction.status,
        "outcome": done,
        **source,
    }
