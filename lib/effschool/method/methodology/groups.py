"""Groups of schools that are compared with one another (группы школ), by type or by the exams they hold."""

from typing import Literal

from pydantic import Field

from effschool.base.configuration import Frozen, Words


class GroupsByType(Frozen):
    """Groups (группы школ) by the type of the school; a type without a name is left out."""

    by: Literal["type"]
    names: dict[str, Words] = Field(min_length=1)
    left_out_note: str = ""
    source: Words


class ProcedureGroup(Frozen):
    """A group of schools that hold exactly these exams, named as in the table (procedure and grade)."""

    name: Words
    exams: tuple[tuple[str, int], ...] = Field(min_length=1)


class GroupsByExams(Frozen):
    """Groups by the exams (procedure, grade) a school holds in a year; other sets are named `other` or left out."""

    by: Literal["exams"]
    names: tuple[ProcedureGroup, ...] = Field(min_length=1)
    other: str | None = None
    left_out_note: str = ""
    source: Words
