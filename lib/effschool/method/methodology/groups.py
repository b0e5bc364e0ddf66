"""Groups of schools that are compared with one another (группы школ), by type or by the exams they hold."""

from typing import Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words


class GroupsByType(Frozen):
    """Groups (группы школ) by the type of the school; a type without a name is left out.

    Args:
        left_out: types that are left out on purpose; any other type without a name is told.
        readings: readings of the document, by name: what each names otherwise than `names` does.
        reading: the reading that is carried out, the switch `groups`.
    """

    by: Literal["type"]
    names: dict[str, Words] = Field(min_length=1)
    left_out: tuple[Words, ...] = ()
    readings: dict[str, dict[str, Words]] = Field(default={})
    reading: str | None = None
    left_out_note: str = ""
    source: Words

    @model_validator(mode="after")
    def _check_left_out(self) -> Self:
        for place, name in enumerate(self.left_out):
            if name in self.names:
                raise RuleError("тип назван и в names: ожидался один из двух", "left_out", place)
        return self

    @model_validator(mode="after")
    def _check_reading(self) -> Self:
        if self.reading is not None and self.reading not in self.readings:
            known = ", ".join(self.readings) or "прочтений в методике нет"
            raise RuleError(f"ожидалось одно из прочтений: {known}", "reading")
        return self

    @property
    def chosen(self) -> dict[str, str]:
        """Names of groups by type under the reading that is carried out."""
        return self.names | (self.readings[self.reading] if self.reading else {})


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
