"""What the tasks of a work check (кодификатор): files of works by year, and the rules of judging them, as data.

A work stands for the years that it names and for no other: tasks of different years are compared only inside one work.
"""

from pathlib import Path
from typing import Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import ConfigurationError, Frozen, Percent, RuleError, Whole, Words, read_rules

Level = Literal["Б", "П", "В"]
"""Базовый, повышенный, высокий: how difficult a task is by the description of its work."""
Status = Literal["подтверждено", "по вторичному источнику", "пример"]
WORK = ["procedure", "subject", "grade"]
RULES = "rules.yml"


class Borders(Frozen):
    """Share of points, %, below which a task of a level fails the region.

    Args:
        status: whether the borders come from an official text.
    """

    levels: dict[Level, Percent]
    status: Status
    source: Words


class TaskRules(Frozen):
    """How tasks are judged.

    Args:
        fewest: participants of a school below whom its task is not judged.
        others: participants of other schools below whom there is no region to compare with.
        level_pct: share of years, %, in which chance alone would mark anything in a region of equal schools.
        least_gap: percentage points below the region from which a task falls behind.
        schools: a task is shared by at least so many schools of a municipality.
        schools_pct: and by at least this share, %, of its schools that were judged.
    """

    title: Words
    fewest: Whole
    others: Whole
    level_pct: Percent
    least_gap: Percent
    schools: int = Field(ge=2, strict=True)
    schools_pct: Percent
    borders: Borders
    source: Words


class Task(Frozen):
    """A task: its number in the work, most points, and what is known of it: level and topic."""

    task: Words
    maximum: Whole
    level: Level | None = None
    topic: Words | None = None


class ExamPaper(Frozen):
    """A work as it was in some years.

    Args:
        source: text that says what its tasks check.
        demonstration: it is of the invented region and holds nowhere else.
    """

    procedure: Words
    subject: Words
    grade: int = Field(ge=1, le=12, strict=True)
    years: tuple[int, ...] = Field(min_length=1)
    status: Status
    source: Words
    demonstration: bool = False
    tasks: tuple[Task, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_tasks(self) -> Self:
        names = [item.task for item in self.tasks]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise RuleError(f"задание «{name}» повторяется, ожидалось один раз", "tasks", place, "task")
        return self


class WorksFile(Frozen):
    """What one file of works holds."""

    title: Words
    works: tuple[ExamPaper, ...] = Field(min_length=1)


def load_task_rules(folder: Path) -> TaskRules:
    """Rules of judging tasks.

    Raises:
        ConfigurationError: no such file, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(TaskRules, folder / RULES, "правил о заданиях")


def load_works(folder: Path, *, demonstration: bool = False) -> pd.DataFrame:
    """What tasks check: a row per work, year and task: level, topic, maximum, `edition` (which work of which file).

    Args:
        demonstration: the region is the invented one, whose works are its own.

    Raises:
        ConfigurationError: a file is wrong, or two works stand for one year.
    """
    paths = sorted(path for path in folder.glob("*.yml") if path.name != RULES)
    rows = [
        {**_describe_work(work, year), "edition": f"{path.stem}, {place}", **item.model_dump()}
        for path in paths
        for place, work in enumerate(read_rules(WorksFile, path, "заданий").works, start=1)
        for year in work.years
        for item in work.tasks
        if work.demonstration == demonstration
    ]
    works = pd.DataFrame(rows, columns=[*COLUMNS]).astype(COLUMNS)
    doubled = works[works.duplicated([*WORK, "year", "task"])]
    if len(doubled):
        first = doubled.iloc[0]
        said = f"«{first['procedure']}, {first['subject']}, {first['grade']} класс, {first['year']} год»"
        raise ConfigurationError(f"Работа {said} описана дважды в папке «{folder.name}». Оставьте одно описание.")
    return works


COLUMNS = {
    "procedure": "str", "subject": "str", "grade": "Int64", "year": "int64", "status": "str",
    "edition": "str", "task": "str", "maximum": "Int64", "level": "str", "topic": "str",
}  # fmt: skip


def _describe_work(work: ExamPaper, year: int) -> dict[str, object]:
    return {**{name: getattr(work, name) for name in (*WORK, "status")}, "year": year}
