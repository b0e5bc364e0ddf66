"""Columns of tasks in a protocol (столбцы заданий) → the share of each task's points by school; no pupil is kept.

A protocol is read for its marks; its tasks come beside them. A task whose cells are not all points from 0 to its
maximum is left out with a warning, and the marks are taken.
"""

from collections.abc import Iterable
from dataclasses import replace

from effschool.base.problems import Problem, Severity
from effschool.intake.layouts import ColumnLayout, RowsLayout
from effschool.intake.pupils import count_pupils
from effschool.intake.reading import Sheet
from effschool.intake.register import Part
from effschool.intake.rows import Source
from effschool.method.thresholds import ThresholdRegister


def count_tasks(
    source: Source, sheet: Sheet, rows: RowsLayout, register: ThresholdRegister | None, secret: str
) -> Iterable[tuple[Part, list[Problem]]]:
    """Rows of the table of tasks for every task column of a protocol that has a maximum.

    Args:
        rows: rule with `each` the task, whose column of points is the one repeated column that is averaged.
    """
    assert rows.pupils is not None
    points = rows.pupils.numbers[0]
    most = {name: values for name, values in source.header.given.items() if name in rows.columns.values()}
    for task in source.header.list_things({points}):
        values = {name: given[task] for name, given in most.items() if given.get(task, "").strip("0").isdecimal()}
        if len(values) == len(most):
            one = _read_one(source, points, task, int(next(iter(values.values()))))
            part, found = count_pupils(one, sheet, _count_one(rows, points, task, values), register, secret)
            faults = [problem for problem in found if problem.severity == Severity.ERROR]
            yield (replace(part, pupils=None), []) if not faults else (_take_none(part), [_leave_out(task, faults)])


def _read_one(source: Source, points: str, task: str, most: int) -> Source:
    """The sheet as if it had the one task: its points are read as shares of the maximum."""
    known = source.layout.columns[points]
    column = ColumnLayout(**known.model_dump() | {"factor": 1 / most})
    layout = source.layout.model_copy(update={"columns": source.layout.columns | {points: column}})
    return replace(source, layout=layout, header=source.header.choose(task))


def _count_one(rows: RowsLayout, points: str, task: str, values: dict[str, str]) -> RowsLayout:
    own = {name: int(values[column]) for name, column in rows.columns.items() if column in values}
    columns = {name: column for name, column in rows.columns.items() if column not in values}
    assert rows.pupils is not None
    pupils = rows.pupils.model_copy(update={"limits": {points: (0, 1)}})
    constants = {**rows.constants, **own, str(rows.each): task}
    return rows.model_copy(update={"columns": columns, "constants": constants, "pupils": pupils})


def _take_none(part: Part) -> Part:
    return replace(part, rows=part.rows.iloc[:0], pupils=None, stated=None)


def _leave_out(task: str, faults: list[Problem]) -> Problem:
    """One warning for a task that is left out: where the first cell is that is no point of it."""
    expected = f"задание «{task}» не учтено: ожидались баллы от 0 до наибольшего у каждого участника"
    action = "Впишите баллы (0, если задание не выполнено), и задание войдёт в расчёт; отметки приняты."
    first = min(faults, key=lambda problem: problem.row or 0)
    return replace(first, severity=Severity.WARNING, expected=expected, action=action)
