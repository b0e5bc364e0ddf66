"""Borders of marks (границы отметок): from which primary score a mark begins, by year, subject and grade.

They differ from work to work. A work without a row in the register has those that marks and scores of the schools agree
on; where they agree on none, or on others than the register's, the work is named and not tested.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules
from effschool.base.schemas import MARKS

Work = tuple[int, str, int]
"""Year, subject and grade."""
Borders = tuple[int, int, int]
"""Least primary scores of the marks «3», «4», «5»."""
NO_MARKS = "границ отметок нет в реестре, а по данным они не находятся: отметки школ не сходятся с первичными баллами"
OTHERS = "границы отметок в реестре {known}, а отметки школ сходятся с границами {found}"
UNKNOWN = "границ отметок нет в реестре, а отметок этой работы нет в данных"
Whole = NDArray[np.int64]


class WorkBorders(Frozen):
    """Borders of one work.

    Args:
        least: least primary score of the marks 3, 4 and 5.
        most: greatest primary score of the work.
        act: what sets them; empty where the sources do not name it, which «подтверждено» does not allow.
    """

    year: int = Field(ge=1990, le=2100, strict=True)
    subject: Words
    grade: int = Field(ge=1, le=12, strict=True)
    least: dict[Annotated[int, Field(ge=3, le=5)], Annotated[int, Field(ge=1, strict=True)]]
    most: int = Field(ge=3, le=200, strict=True)
    act: str
    status: Literal["подтверждено", "принято методистом", "предположение"]
    note: str = ""

    @model_validator(mode="after")
    def _check_row(self) -> Self:
        if set(self.least) != {3, 4, 5}:
            raise RuleError("ожидались наименьшие баллы отметок 3, 4 и 5", "least")
        if not self.least[3] < self.least[4] < self.least[5] <= self.most:
            raise RuleError(f"ожидались баллы по возрастанию, не больше most: {self.most}", "least")
        if self.status == "подтверждено" and not self.act.strip():
            raise RuleError("для статуса «подтверждено» ожидался акт, который устанавливает границы", "act")
        return self


class BorderRegister(Frozen):
    """All rows; a work stands once."""

    title: Words
    borders: tuple[WorkBorders, ...]

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        works = [(row.year, row.subject, row.grade) for row in self.borders]
        for place, work in enumerate(works):
            if work in works[:place]:
                raise RuleError("границы этой работы уже записаны выше; ожидалась одна строка", "borders", place)
        return self

    @property
    def by_work(self) -> dict[Work, Borders]:
        """Borders of every work."""
        return {(row.year, row.subject, row.grade): (row.least[3], row.least[4], row.least[5]) for row in self.borders}


def load_borders(path: Path) -> BorderRegister:
    """Read the register.

    Raises:
        ConfigurationError: no such file, not YAML, or a row in it is wrong; every fault is named with its line.
    """
    return read_rules(BorderRegister, path, "границ отметок")


def choose_borders(
    work: Work, counts: Whole, marks: Whole, known: Mapping[Work, Borders], agreeing_pct: float
) -> tuple[Borders | None, str]:
    """Borders of a work, or None and why there are none.

    Args:
        counts: [school, score] pupils.
        marks: [school, mark] pupils with «2» … «5»; no rows where no school has them.
    """
    found = find_borders(counts, marks, agreeing_pct) if len(marks) else None
    if work not in known:
        return found, "" if found else NO_MARKS if len(marks) else UNKNOWN
    if found and found != known[work]:
        return None, OTHERS.format(known=_say(known[work]), found=_say(found))
    return known[work], ""


def find_borders(counts: Whole, marks: Whole, agreeing_pct: float) -> Borders | None:
    """Borders on which marks and scores agree: below one are as many pupils as have a lower mark, in every school."""
    below = np.cumsum(counts, axis=1)[:, :-1]
    lower = np.cumsum(marks, axis=1)[:, : len(MARKS) - 1]
    agree = (below[:, None, :] == lower[:, :, None]).mean(axis=0)
    best = agree.max(axis=1)
    is_sure = (best >= agreeing_pct / 100) & ((agree == best[:, None]).sum(axis=1) == 1)
    first, second, third = agree.argmax(axis=1) + 1
    return (int(first), int(second), int(third)) if is_sure.all() and first < second < third else None


def _say(borders: Borders) -> str:
    return "/".join(map(str, borders))
