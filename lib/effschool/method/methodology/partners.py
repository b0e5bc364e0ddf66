"""Rules by which similar schools and partners (похожие школы и партнёры) are found."""

from typing import Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words


class Partners(Frozen):
    """What is close, what is better, and how many schools a partner can serve.

    The distance of two schools of one group is √(a² + b² + c²): a, difference of social indices over `social_index`;
    b, the logarithm of the ratio of enrolments over that of `size_ratio`; c, `other_locality` where localities differ.
    Municipalities are compared by it as well: median index, all pupils, share of town schools times `other_locality`.

    Args:
        least: with fewer close schools than this it is said that there are few.
        most: so many of the nearest are named.
        per_partner: schools that one partner serves at most in an assignment.
        better_by: by how much a partner's index of results is higher in every year of the window, at least.
        caliper: farther than this a school is not close, and «близкой школы нет» is the answer.
    """

    least: Whole
    most: Whole
    per_partner: Whole
    better_by: float = Field(gt=0, le=1)
    social_index: float = Field(gt=0, le=1)
    size_ratio: float = Field(gt=1)
    other_locality: float = Field(ge=0)
    caliper: float = Field(gt=0)
    source: Words

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        if self.most < self.least:
            raise RuleError(f"ожидалось число не меньше {self.least}: столько школ нужно (least)", "most")
        return self
