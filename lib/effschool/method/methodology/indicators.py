"""Indicators (показатели): which rows of the contract tables they are counted over, and how."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Positive, RuleError, Words
from effschool.base.schemas import CONTRACT

Score = Annotated[float, Field(ge=0, le=10_000, strict=True)]
MEANS = {"results": ("participants", "mean_score"), "conditions": ("pupils", "mean")}
"""Tables that hold means: column of the pupils, column of their mean."""


class Rows(Frozen):
    """Which rows of a contract table an indicator is counted over; an empty list does not restrict.

    Args:
        table: `results`, `certificates`, `social` (eleven counts) or `conditions` (whatever the layouts name).
        procedure, subject, grade, level, condition: values of the column of that name that are taken.
    """

    table: Literal["results", "certificates", "social", "conditions"]
    procedure: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    grade: tuple[int, ...] = ()
    level: tuple[str, ...] = ()
    condition: tuple[str, ...] = ()

    @property
    def filters(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        """Column to allowed values, only where there is a restriction."""
        values: dict[str, tuple[str, ...] | tuple[int, ...]] = {
            "procedure": self.procedure,
            "subject": self.subject,
            "grade": self.grade,
            "level": self.level,
            "condition": self.condition,
        }
        return {column: allowed for column, allowed in values.items() if allowed}

    @model_validator(mode="after")
    def _check_filters(self) -> Self:
        for column in self.filters:
            if not self.has_column(column):
                raise RuleError(f"в таблице {self.table} столбца {column} нет, отбора по нему быть не может", column)
        return self

    def has_column(self, column: str) -> bool:
        """Whether the contract's table has the column."""
        return column in CONTRACT[self.table].columns

    def require_counts(self, **columns: str) -> None:
        """Refuse a key whose column the contract's table does not have as a count.

        Raises:
            RuleError: a Russian phrase that names the columns that are there.
        """
        counts = [name for name, spec in CONTRACT[self.table].columns.items() if str(spec.dtype) == "Int64"]
        counts = [name for name in counts if name not in ("grade", "enrolment")]
        for key, column in columns.items():
            if column not in counts:
                raise RuleError(f"ожидался столбец с числом в таблице {self.table}: {', '.join(counts)}", key)

    def require_means(self) -> None:
        """Refuse a table without mean scores.

        Raises:
            RuleError: a Russian phrase.
        """
        if self.table not in MEANS:
            expected = " или ".join(f"«{name}»" for name in MEANS)
            raise RuleError(f"для показателя по среднему ожидалась таблица {expected}", "rows", "table")


class IndicatorBase(Frozen):
    """What every indicator (показатель) has: how it is called, where it belongs and which way it points.

    Args:
        id: name in tables and files.
        title, short: name on pages, whole and for narrow columns.
        block: indicators of one block are weighed, shown and left out together.
        direction: `direct` where more raises the index, `inverse` where more lowers it.
        rows: which rows of a table it is counted over.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Words
    short: Words
    block: Words
    direction: Literal["direct", "inverse"]
    rows: Rows


class ShareIndicator(IndicatorBase):
    """Share (доля) in per cent: 100·count/total, both pooled over the rows.

    Args:
        count: column of the table with the pupils counted.
        total: column with the pupils of whom they are.
        participants_of: rows whose participants are another reading's total; `over_participants`: that reading is
            carried out (set by the switch `certificate_total`). Such a share may be above 100: whoever was not let to
            the exam has no certificate and is no participant.
    """

    kind: Literal["share"]
    count: str
    total: str
    participants_of: Rows | None = None
    over_participants: bool = False
    unit: str = "%"

    @property
    def columns(self) -> tuple[str, str]:
        """Columns of the table that it is made from."""
        return self.count, self.total

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        self.rows.require_counts(count=self.count, total=self.total)
        if self.participants_of and self.participants_of.table != "results":
            raise RuleError("участники стоят в таблице «results», ожидалась она", "participants_of", "table")
        return self


class ScoreIndicator(IndicatorBase):
    """What indicators made from mean scores share.

    Args:
        unit: what the values are in, as pages say it.
        scale: least and greatest result of one participant; without it no number of pupils is told for the indicator.
    """

    unit: str = "балл"
    scale: tuple[Score, Score] | None = None

    @property
    def columns(self) -> tuple[str, str]:
        """Columns of the table that it is made from: pupils and their mean."""
        return MEANS[self.rows.table]

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        self.rows.require_means()
        if self.scale and self.scale[0] >= self.scale[1]:
            raise RuleError("ожидались наименьший и наибольший результат участника, первый меньше второго", "scale")
        return self


class MeanIndicator(ScoreIndicator):
    """Mean score (средний балл), weighted by participants over the rows."""

    kind: Literal["mean"]


class GapIndicator(ScoreIndicator):
    """School mean minus regional mean; it lags (отстаёт) where it is lower by more than `threshold` points."""

    kind: Literal["gap"]
    threshold: Positive


Indicator = Annotated[ShareIndicator | MeanIndicator | GapIndicator, Field(discriminator="kind")]
