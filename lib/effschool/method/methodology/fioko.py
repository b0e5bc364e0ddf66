"""ФИОКО's rule of ШНОР as data: procedures, thresholds, levels (METHODOLOGY.md section 2)."""

from typing import Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words, refuse_doubled
from effschool.method.methodology.indicators import Rows

FIOKO_LIST = "ШНОР"
"""Name under which ФИОКО's list stands beside the statuses of the methodology."""


class FiokoProcedure(Frozen):
    """One procedure of ФИОКО's rule: which rows, and which count of them failed."""

    id: str
    title: Words
    rows: Rows
    count: str

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if not self.rows.has_column("participants"):
            raise RuleError("для процедуры ожидалась таблица «results»", "rows", "table")
        self.rows.require_counts(count=self.count)
        return self


class FiokoLevel(Frozen):
    """A level of ШНОР: the least number of low procedures."""

    name: Words
    min_low_procedures: Whole


class Fioko(Frozen):
    """ФИОКО's rule of ШНОР: low procedures of one year, or of each of the last `years`."""

    title: Words
    low_share_pct: float = Field(gt=0, le=100, strict=True)
    min_low_procedures: Whole
    min_low_procedures_each_year: Whole
    years: Whole
    levels: tuple[FiokoLevel, ...] = ()
    procedures: tuple[FiokoProcedure, ...] = Field(min_length=1)
    source: Words

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        refuse_doubled([procedure.id for procedure in self.procedures], "procedures")
        for key in ("min_low_procedures", "min_low_procedures_each_year"):
            if getattr(self, key) > len(self.procedures):
                raise RuleError(f"ожидалось число не больше {len(self.procedures)}: столько процедур", key)
        return self
