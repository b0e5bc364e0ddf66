"""Settings of «how sure is a list» (насколько списку можно верить): draws, choices of method, cuts of the verdict.

They are a section of the methodology file, `certainty`, so that every number stands there with its source.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words

Share = Annotated[float, Field(gt=0, lt=1, strict=True)]
Percent = Annotated[float, Field(gt=0, lt=100)]
Number = Annotated[int, Field(ge=1, strict=True)]
Normalisation = Literal["min_max", "z_score", "rank"]


class Draws(Frozen):
    """How pupils are drawn anew (пересчёты).

    Args:
        number: draws of pupils in the yearly run.
        method_base: base points of the design for choices of method, a power of two; every point is computed once for
            every choice and twice more.
        seed: the same seed gives the same figures.
        prior_pupils: a school's own result is completed by so many pupils of the region's ordinary result, so that
            «nobody failed» of few pupils is not taken for «nobody can fail».
        other_years: `estimated` lets the school's other years speak as far as its results last in the data; `none`
            looks at every year alone.
        correlation: `year_changes` estimates how procedures of one school move together from the changes between its
            years; `none` takes them as independent.
        min_pairs: least changes between years behind a correlation; with fewer it is taken as zero.
    """

    number: Number
    method_base: Number
    seed: Annotated[int, Field(ge=0, strict=True)]
    prior_pupils: float = Field(gt=0, le=10)
    other_years: Literal["estimated", "none"]
    correlation: Literal["year_changes", "none"]
    min_pairs: Number

    @model_validator(mode="after")
    def _check_base(self) -> Self:
        if self.method_base & (self.method_base - 1):
            raise RuleError("ожидалась степень двойки: 64, 128, 256 и так далее", "method_base")
        return self


class Choices(Frozen):
    """Choices of method that could as well have been made; each is drawn with the same probability.

    Args:
        weight_range: every weight is drawn between 1 − this and 1 + this times its own.
        normalisation: how indicators are brought to 0…1.
        aggregation: how they are brought into one index.
        trim_share: outliers beyond this share at either end are drawn to it, or are left; 0 is no such choice.
        fill_missing: a missing indicator is replaced by the group's median, or is left out; false is no such choice.
        without_block: the block of indicators that is left out, or is kept; empty is no such choice.
        both_readings: the flag of a lag enters either way (contradiction 1 of the document).
        social_rules: window rules that are readings of one text (contradiction 2).
    """

    weight_range: float = Field(ge=0, lt=1)
    normalisation: tuple[Normalisation, ...] = Field(min_length=1)
    aggregation: tuple[Literal["arithmetic", "geometric"], ...] = Field(min_length=1)
    trim_share: float = Field(ge=0, lt=0.25)
    fill_missing: bool
    without_block: str
    both_readings: bool
    social_rules: tuple[str, ...] = ()


class Verdicts(Frozen):
    """Cuts of the verdict, in per cent of re-computations in which a school stays on the list.

    «Зависит от метода» where it stays in fewer than `method_pct` of the choices of method; else «устойчиво» where it
    stays in at least `stable_pct` of the draws of pupils, else «погранично».
    """

    method_pct: Percent
    stable_pct: Percent


class PowerRule(Frozen):
    """A rule whose operating characteristics are computed: in the band in `at_least` of `years`, or by their mean."""

    title: Words
    years: Number
    at_least: Number | None = None

    @model_validator(mode="after")
    def _check_years(self) -> Self:
        if (self.at_least or 0) > self.years:
            raise RuleError(f"ожидалось число не больше {self.years}: столько лет в правиле", "at_least")
        return self


class Power(Frozen):
    """Simulation of the rules on invented regions: `runs` regions of `schools` schools each."""

    schools: Annotated[int, Field(ge=20, strict=True)]
    runs: Number
    rules: tuple[PowerRule, ...] = Field(min_length=1)


class Certainty(Frozen):
    """The whole section."""

    interval_pct: Percent
    draws: Draws
    choices: Choices
    verdicts: Verdicts
    power: Power
    source: Words
