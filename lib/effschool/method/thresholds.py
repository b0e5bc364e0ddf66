"""Register of minimum scores (реестр порогов): data by year, with act and status (METHODOLOGY.md 2.1).

A year that is missing is an error or is said in print; the threshold of another year is never taken in its place.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules
from effschool.base.russian import join_words

Need = tuple[str, str, int]
"""Procedure, subject and year of a threshold that is needed."""


class ThresholdError(ValueError):
    """A threshold that is needed is not in the register; the message is in Russian."""


class ThresholdKey(Frozen):
    """Which minimum score (минимальный балл) is meant, in every year."""

    procedure: Words
    subject: Words

    @property
    def name(self) -> str:
        """«ЕГЭ, русский язык»."""
        return f"{self.procedure}, {self.subject}"


class Threshold(ThresholdKey):
    """The least result of one procedure, subject and year that counts as passed.

    Args:
        value: in units of `scale`; of ОГЭ the least primary score of mark 3.
        marks: least primary score of every mark, where the source gives them.
        conditions: what a mark asks for besides («грамотность»): mark → least points of it.
        act: act that sets the value; empty where the sources do not name it, which «подтверждено» does not allow.
    """

    year: int = Field(ge=1990, le=2100, strict=True)
    value: float = Field(ge=0, le=100, strict=True)
    scale: Literal["100-балльная", "первичный балл", "отметка"]
    marks: dict[Annotated[int, Field(ge=3, le=5)], Annotated[int, Field(ge=0, strict=True)]] = Field(default={})
    conditions: dict[Words, dict[Annotated[int, Field(ge=3, le=5)], Annotated[int, Field(ge=0, strict=True)]]] = Field(
        default={}
    )
    act: str
    status: Literal["подтверждено", "принято методистом", "предположение"]
    note: str = ""

    @model_validator(mode="after")
    def _check_row(self) -> Self:
        if self.status == "подтверждено" and not self.act.strip():
            raise RuleError("для статуса «подтверждено» ожидался акт, который устанавливает порог", "act")
        if self.procedure == "ГВЭ" and self.scale != "отметка":
            raise RuleError("для ГВЭ ожидалась «отметка»: с баллами ЕГЭ его результаты не смешиваются", "scale")
        if self.scale == "отметка" and self.value not in (3, 4, 5):
            raise RuleError("для шкалы «отметка» ожидалась отметка 3, 4 или 5", "value")
        return self


class ThresholdRegister(Frozen):
    """All rows; a procedure, subject and year stands once."""

    title: Words
    thresholds: tuple[Threshold, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_rows(self) -> Self:
        seen: set[Need] = set()
        for place, row in enumerate(self.thresholds):
            key = (row.procedure, row.subject, row.year)
            if key in seen:
                text = f"второй порог «{row.name}» за {row.year} год; ожидалась одна строка"
                raise RuleError(text, "thresholds", place)
            seen.add(key)
        return self


class ThresholdUse(Frozen):
    """Minimum scores that a methodology depends on, and what a year without a row in the register means.

    Args:
        register_file: file of the register: a name beside the methodology, or a path from it; the key is `register`.
        years: years the methodology is written for; with `stop` each of them has to be in the register on load.
        missing: `stop` refuses the year; `say` prints that there is no row, for counts that were sent ready-made.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    register_file: str = Field(alias="register", pattern=r"^[^\\]+\.ya?ml$")
    required: tuple[ThresholdKey, ...] = Field(min_length=1)
    years: tuple[int, ...] = ()
    missing: Literal["stop", "say"]
    source: Words


def load_register(path: Path) -> ThresholdRegister:
    """Read the register.

    Raises:
        ConfigurationError: no such file, not YAML, or a row in it is wrong; every fault is named with its line.
    """
    return read_rules(ThresholdRegister, path, "порогов")


def find_threshold(register: ThresholdRegister, procedure: str, subject: str, year: int) -> Threshold:
    """The row of one procedure, subject and year.

    Raises:
        ThresholdError: there is none; the years that are there are named.
    """
    rows = {row.year: row for row in register.thresholds if (row.procedure, row.subject) == (procedure, subject)}
    if year not in rows:
        raise ThresholdError(
            f"Порога «{procedure}, {subject}» за {year} год в реестре нет; {say_years(rows)}. "
            "Добавьте строку этого года с актом: порог другого года вместо него не берётся."
        )
    return rows[year]


def say_years(years: Iterable[int]) -> str:
    """«записаны 2023, 2024 и 2026 годы»."""
    listed = sorted(years)
    if not listed:
        return "не записан ни один год"
    return f"записан {listed[0]} год" if len(listed) == 1 else f"записаны {join_words(map(str, listed))} годы"


def list_needs(use: ThresholdUse, years: Iterable[int]) -> list[Need]:
    """Thresholds that a methodology needs for the given years, in the order of the file, years rising."""
    listed = sorted(set(years))
    return [(key.procedure, key.subject, year) for key in use.required for year in listed]


def require_thresholds(register: ThresholdRegister, use: ThresholdUse, years: Iterable[int]) -> list[Need]:
    """Thresholds needed for the years of the data, to be printed.

    Raises:
        ThresholdError: `missing` is `stop` and the register lacks some; each is named.
    """
    needs = list_needs(use, years)
    lacking = list_lacking(register, needs) if use.missing == "stop" else []
    if lacking:
        raise ThresholdError("\n".join(lacking))
    return needs


def list_lacking(register: ThresholdRegister, needs: Iterable[Need]) -> list[str]:
    """A sentence for every threshold needed that the register lacks."""
    lacking = []
    for need in needs:
        try:
            find_threshold(register, *need)
        except ThresholdError as error:
            lacking.append(str(error))
    return lacking
