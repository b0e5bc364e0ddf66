"""One index (индекс): aggregation of its indicators, bands, and what few pupils do to it."""

import math
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Positive, RuleError, Whole, Words, refuse_doubled
from effschool.method.methodology.indicators import GapIndicator, Indicator

Band = Literal["low", "mid", "high"]
Domain = Literal["results", "social"]
Orientation = Literal["consistent", "literal"]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
QUARTER = 0.25
WEIGHTS_TOLERANCE = 1e-9


class Aggregation(Frozen):
    """How normalised indicators become an index; `weights` by indicator id or by block, equal where none are given.

    Weights that are given name every indicator (block) and sum to 1; what is to be left out is not listed at all.
    """

    kind: Literal["arithmetic", "geometric"] = "arithmetic"
    weights_by: Literal["indicator", "block"] = "indicator"
    weights: dict[str, Positive] = Field(default={})

    def check_weights(self, names: set[str]) -> None:
        """Refuse weights that do not name exactly the given indicators or blocks, or do not sum to 1.

        Raises:
            RuleError: a Russian phrase.
        """
        at = ("aggregation", "weights")
        what = "показателя" if self.weights_by == "indicator" else "блока"
        unknown = sorted(set(self.weights) - names)
        if unknown:
            raise RuleError(f"нет {what} {', '.join(unknown)}; ожидались веса: {', '.join(sorted(names))}", *at)
        lacking = sorted(names - set(self.weights))
        if self.weights and lacking:
            raise RuleError(f"ожидался вес каждого {what}, не названы: {', '.join(lacking)}", *at)
        total = math.fsum(self.weights.values())
        if self.weights and abs(total - 1) > WEIGHTS_TOLERANCE:
            raise RuleError(f"сумма весов {total:.10g}, ожидалась 1", *at)


class BandRules(Frozen):
    """How ranked schools of one year and group are cut: `share` of them at either end, by the rule `cut`."""

    share: float = Field(gt=0, lt=0.5, strict=True)
    cut: Literal["half_up", "floor", "ceil", "spss"]
    tolerance: float = Field(ge=0, lt=0.01, strict=True)

    @model_validator(mode="after")
    def _check_quarters(self) -> Self:
        if self.cut == "spss" and self.share != QUARTER:
            raise RuleError(f"для cut: spss ожидалась доля {QUARTER}: SPSS делит на четверти", "share")
        return self


class FewPupils(Frozen):
    """What becomes of an indicator where fewer than `min_participants` took part (малая численность).

    `as_is`: it is taken as it stands; `not_applicable`: it is missing; `pool`: it is counted over the pooled rows of
    the year and the years before, `years` in all.
    """

    policy: Literal["as_is", "not_applicable", "pool"] = "as_is"
    min_participants: Whole = 1
    years: Whole = 1

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        if self.policy != "as_is" and self.min_participants < 2:
            raise RuleError(f"для policy: {self.policy} ожидалось число участников не меньше 2", "min_participants")
        if self.policy == "pool" and self.years < 2:
            raise RuleError("для policy: pool ожидалось, сколько лет складывать, не меньше 2", "years")
        return self


class DomainRules(Frozen):
    """One index: its indicators, their aggregation and the bands."""

    title: Words
    better: Literal["high", "low"]
    band_titles: dict[str, Words]
    band_marks: dict[str, Words]
    min_coverage: Share
    aggregation: Aggregation
    bands: BandRules
    few_pupils: FewPupils = FewPupils()
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    source: Words

    @property
    def worse_band(self) -> Band:
        """The band that needs help: the lowest index of results, the highest of social conditions."""
        return "low" if self.better == "high" else "high"

    @property
    def gaps(self) -> int:
        """Number of indicators of lag."""
        return sum(isinstance(item, GapIndicator) for item in self.indicators)

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        refuse_doubled([item.id for item in self.indicators], "indicators")
        for name, words in (("band_titles", self.band_titles), ("band_marks", self.band_marks)):
            if set(words) != set(get_args(Band)):
                raise RuleError(f"ожидались названия для каждого из {', '.join(get_args(Band))}", name)
        by_block = self.aggregation.weights_by == "block"
        self.aggregation.check_weights({item.block if by_block else item.id for item in self.indicators})
        return self
