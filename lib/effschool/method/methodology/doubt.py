"""Signs that ask to check ВПР before conclusions (признаки необъективности) as data: levels, numbers, exams."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Percent, RuleError, Whole, Words

Doubtful = Literal["show", "leave_out"]
"""What becomes of a doubtful year's ВПР: it is shown beside the result, or left out of the index."""


class JournalSign(Frozen):
    """Marks against the journal (отметки ВПР и журнал).

    Args:
        raised: the change that is counted as raised.
        ordinary_pct: share of schools, from the lowest, of which the region's ordinary distribution is estimated.
    """

    raised: Literal["понизили", "подтвердили", "повысили"]
    ordinary_pct: Percent


class PeakSign(Frozen):
    """Primary scores at the lowest score of a mark (первичные баллы на границах отметок).

    Args:
        degree: degree of the polynomial that the logarithm of the region's smooth distribution is.
        agreeing_pct: least share of schools whose marks must agree with borders that are found in the data.
    """

    degree: Annotated[int, Field(ge=2, le=8, strict=True)]
    agreeing_pct: Percent


class CohortSign(Frozen):
    """The same children in another year (те же дети позже).

    Args:
        above: a ВПР mean is far above the region from so many spreads of schools.
        procedures: exams that confirm it or not.
    """

    above: float = Field(gt=0, lt=5)
    procedures: tuple[Words, ...] = Field(min_length=1)


class MarksUse(Frozen):
    """Which marks are set beside one another (ВПР против экзамена той же параллели): in `grade`, of `procedure`."""

    grade: Whole
    procedure: Words


class DoubtRules(Frozen):
    """The whole section.

    Args:
        borders: file of the borders of marks: a name beside the methodology, or a path from it.
        false_share_pct: expected share of chance among all that is marked in a year (Benjamini and Hochberg).
        marked_from: participants from which a row may be marked.
        caution_from: participants from which it is told with a caution; with fewer nothing is tested.
        min_schools: with fewer schools the region has no ordinary distribution, and nothing is tested.
        status: who has accepted these numbers.
    """

    borders: str = Field(pattern=r"^[^\\]+\.ya?ml$")
    false_share_pct: Percent
    marked_from: Whole
    caution_from: Whole
    min_schools: Annotated[int, Field(ge=10, strict=True)]
    journal: JournalSign
    peak: PeakSign
    cohorts: CohortSign
    marks_use: MarksUse
    source: Words
    status: Literal["подтверждено", "принято методистом", "предположение"]

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        if self.caution_from > self.marked_from:
            raise RuleError(f"ожидалось число не больше marked_from: {self.marked_from}", "caution_from")
        return self
