"""Checks of typed rows of one file against the contract (`schemas.CONTRACT`), said as problems of their places."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

import pandas as pd
from pandera.errors import SchemaError, SchemaErrors
from pandera.pandas import DataFrameSchema

from effschool.base import schemas
from effschool.base.persons import hide_cell
from effschool.base.problems import Problem, Severity
from effschool.base.russian import choose_word, count_words, format_number
from effschool.intake.conversion import CellFault
from effschool.intake.exams import load_exams
from effschool.intake.layouts import Layout, RowsLayout, list_required_columns, map_columns

_RESULTS_MARKS = list(schemas.MARKS)


@dataclass(frozen=True)
class Place:
    """Where rows of one table stand.

    Args:
        headings: headings of the table's columns as the file has them.
        has_pupils: whether a row of the file is a pupil; then no cell is repeated that may tell of a person.
    """

    file: str
    sheet: str
    headings: Mapping[str, str]
    has_pupils: bool = False

    def say(self, fault: CellFault, *columns: str) -> Problem:
        """A fault of a row in the columns named."""
        headings = [self.headings[column] for column in columns if self.headings.get(column)]
        value = _write_comma(fault.value) if self.sheet else fault.value
        return Problem(
            fault.severity,
            self.file,
            fault.expected,
            fault.action,
            sheet=self.sheet,
            row=fault.row,
            column=", ".join(headings),
            value=hide_cell(value) if self.has_pupils else value,
        )


def _write_comma(value: str) -> str:
    """A number of a workbook as Excel shows it to a Russian reader."""
    return value.replace(".", ",") if re.fullmatch(r"-?\d+\.\d+", value) else value


def check_required(rows: pd.DataFrame, table: str, faulty: Mapping[str, set[int]], place: Place) -> list[Problem]:
    """Blank cells where the contract wants a value; cells already found faulty are not named again."""
    return [
        place.say(CellFault(int(row), "", "ожидалось значение, а ячейка пуста", "Заполните ячейку."), column)
        for column in list_required_columns(table)
        for row in rows.index[rows[column].isna()].difference(sorted(faulty.get(column, ())))
    ]


def check_schema(rows: pd.DataFrame, table: str, place: Place) -> list[Problem]:
    """Failures of the schema's checks, all in one pass; a key with a blank in it is not compared with others.

    Args:
        rows: typed rows on the row numbers of Excel; a faulty cell is missing.
        table: name of the contract table.
        place: where the rows stand.
    """
    # A row of the file may give several rows of the table, so rows are told apart by their place among all.
    numbered = rows.reset_index(drop=True)
    try:
        _relax_schema(table).validate(numbered, lazy=True)
    except SchemaErrors as errors:
        return [problem for error in errors.schema_errors for problem in _say_failure(error, numbered, place)]
    return []


def check_scale(rows: pd.DataFrame, given: RowsLayout, layout: Layout, place: Place) -> list[Problem]:
    """Means outside the scale that the layout gives them (0 to 100 where it gives none), and subjects of no level."""
    name = {"results": "mean_score", "conditions": "mean"}.get(given.table, "")
    column = layout.columns.get(map_columns(layout, given).get(name, ""))
    low, high = (column.scale if column else None) or ((0, 100) if name == "mean_score" else (-inf, inf))
    wrong = rows.index[rows[name].notna() & ~rows[name].between(low, high)] if name else []
    wanted = "ожидался средний балл" if name == "mean_score" else "ожидалось среднее"
    expected = f"{wanted} от {format_number(low)} до {format_number(high)}"
    action = "Исправьте балл; если он в другой шкале, задайте её в макете (scale, factor)."
    faults = [CellFault(int(row), _write(rows.loc[row, name]), expected, action) for row in wrong]
    bare = [place.say(fault, "subject") for fault in find_without_level(rows)] if given.table == "results" else []
    return [*(place.say(fault, name) for fault in faults), *bare]


def find_without_level(rows: pd.DataFrame) -> list[CellFault]:
    """Rows of subjects that have two levels, on two scales, and say none; one fault for all of a subject."""
    faults = []
    for rule in load_exams().levels:
        bare = rows["procedure"].eq(rule.procedure) & rows["subject"].str.casefold().eq(rule.subject)
        found = rows.index[bare & rows["year"].ge(rule.since).fillna(False).astype(bool)]
        number = count_words(len(found), "строка", "строки", "строк")
        told = f"{rule.procedure}, {rule.subject} без уровня: {number} не отнести ни к одному из двух экзаменов"
        action = f"Напишите «{rule.levels[0]}» или «{rule.levels[1]}»."
        faults += [CellFault(int(row), rule.subject, told, action) for row in found[:1]]
    return faults


def check_plausible(
    rows: pd.DataFrame, table: str, mapped: Iterable[str], faulty: Mapping[str, set[int]], place: Place
) -> list[Problem]:
    """Warnings: what is possible but seldom right. `mapped`: columns of the table that such a file has at all."""
    problems = []
    column, expected, action = _WANTED.get(table, ("", "", ""))
    if column in mapped:
        blank = rows.index[rows[column].isna()].difference(sorted(faulty.get(column, ())))
        problems += [
            place.say(CellFault(row, "", expected, action, Severity.WARNING), column) for row in blank.tolist()
        ]
    if table == "results":
        problems += _warn_few_marks(rows, place) + _warn_mean_of_nobody(rows, place)
    return problems


_NOT_COUNTED = "Без этого числа строка не войдёт в расчёт: впишите его, если оно известно."
_WANTED = {
    "schools": ("type", "ожидался тип школы, а ячейка пуста", "Без типа школа не войдёт в группу: впишите его."),
    "results": ("participants", "ожидалось число участников, а ячейка пуста", _NOT_COUNTED),
    "certificates": ("graduates", "ожидалось число выпускников, а ячейка пуста", _NOT_COUNTED),
    "social": ("pupils", "ожидалось число обучающихся, а ячейка пуста", _NOT_COUNTED),
    "conditions": ("pupils", "ожидалось число обучающихся, а ячейка пуста", _NOT_COUNTED),
}


@cache
def _relax_schema(table: str) -> DataFrameSchema:
    # Faulty cells are missing here and blanks are named by `check_required`, so the schema must let both through.
    schema = schemas.CONTRACT[table]
    relaxed: dict[str, dict[str, Any]] = {name: {"nullable": True} for name in schema.columns}
    for name, column in schema.columns.items():
        if str(column.dtype) == "int64":
            relaxed[name]["dtype"] = "Int64"
    return schema.pandera.update_columns(relaxed)


def _say_failure(error: SchemaError, rows: pd.DataFrame, place: Place) -> list[Problem]:
    check: Any = error.check
    columns = [error.schema.name] if error.schema.name in rows.columns else list(check.statistics.get("columns", []))
    total = (check.statistics or {}).get("total")
    failed = rows.loc[sorted(set(error.failure_cases["index"]))]
    if not total and len(columns) > 1:
        named = [name for name in columns if not schemas.CONTRACT[str(error.schema.name)].columns[name].nullable]
        return _say_doubled(failed.dropna(subset=named), columns, check, place)
    shown = [(int(cells["source_row"]), _show(cells, columns, total)) for _, cells in failed.iterrows()]
    return [place.say(CellFault(row, value, str(check.error), str(check.title)), *columns) for row, value in shown]


def _show(cells: pd.Series, columns: list[str], total: str | None) -> str:
    found = " + ".join(_write(cells[name]) for name in columns if pd.notna(cells[name]))
    return f"{found} из {_write(cells[total])}" if total else found


def _write(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _say_doubled(failed: pd.DataFrame, key: list[str], check: Any, place: Place) -> list[Problem]:
    problems = []
    for _, same in failed.groupby(key, dropna=False, sort=False):
        numbers = same["source_row"].astype(int).tolist()
        for place_of_row, row in enumerate(numbers if len(same) > 1 else ()):
            cells = same.iloc[place_of_row]
            others = [str(other) for other in (*numbers[:place_of_row], *numbers[place_of_row + 1 :])]
            where = choose_word(len(others), "Такая же строка", "Такие же строки", "Такие же строки")
            value = ", ".join(_write(cells[name]) for name in key if pd.notna(cells[name]))
            action = f"{check.title} {where}: {', '.join(others)}."
            problems.append(place.say(CellFault(row, value, str(check.error), action), *key))
    return problems


def _warn_mean_of_nobody(rows: pd.DataFrame, place: Place) -> list[Problem]:
    odd = rows["participants"].eq(0).fillna(False).astype(bool) & rows["mean_score"].notna()
    shown = dict(zip(rows.index[odd].tolist(), map(_write, rows.loc[odd, "mean_score"].tolist()), strict=True))
    expected = "участников 0, а средний балл есть"
    action = "Исправьте число участников или уберите балл."
    faults = [CellFault(row, value, expected, action, Severity.WARNING) for row, value in shown.items()]
    return [place.say(fault, "mean_score") for fault in faults]


def _warn_few_marks(rows: pd.DataFrame, place: Place) -> list[Problem]:
    marks = rows[_RESULTS_MARKS]
    few = marks.notna().all(axis=1) & marks.sum(axis=1).lt(rows["participants"]).fillna(False).astype(bool)
    expected = "отметок вместе меньше, чем участников"
    action = "Проверьте, не пропущены ли отметки; если часть участников без отметки, ничего делать не надо."
    shown = {int(row): _show(cells, _RESULTS_MARKS, "participants") for row, cells in rows[few].iterrows()}
    faults = [CellFault(row, value, expected, action, Severity.WARNING) for row, value in shown.items()]
    return [place.say(fault, *_RESULTS_MARKS) for fault in faults]
