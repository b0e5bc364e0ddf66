"""Settings of the two questions about groups of schools (польза программы, группы похожих школ).

They are sections of the methodology file, `effects` and `clusters`, so that every number stands there with its reason.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Percent, RuleError, Whole, Words

Seed = Annotated[int, Field(ge=0, strict=True)]


class Matching(Frozen):
    """Which schools are comparable with a school of the programme (похожие школы).

    Args:
        exact: what must be the same.
        results_sd, social_sd: greatest difference of the level of earlier results, in standard deviations of the
            region, and of the social index, in standard deviations of the year.
        size_times: how many times as many pupils one of the two may have.
        matches: comparable schools for each.
    """

    exact: tuple[Literal["group", "locality"], ...]
    results_sd: float = Field(gt=0)
    social_sd: float = Field(gt=0)
    size_times: float = Field(gt=1)
    matches: Whole


class Simulation(Frozen):
    """Invented regions on which the estimate is tried: the lowest of a year enter the programme in the next one.

    Args:
        entrants: schools that enter in each of `entries`, years counted from the first.
        reliability: share of a year's variance that lasts.
        effects: true effects in standard deviations of the region.
    """

    schools: Whole
    years: Whole
    entrants: Whole
    entries: tuple[Whole, ...] = Field(min_length=1)
    reliability: float = Field(gt=0, lt=1)
    effects: tuple[float, ...] = Field(min_length=1)
    runs: Whole
    seed: Seed


class Effects(Frozen):
    """How the programme's effect is estimated: matched difference in differences.

    Args:
        selection_years: years before entry whose results decided who entered; they are no starting point.
        years_before: years before those from which the change is counted.
        first_year_after, years_after: years after entry that count as «after»: the first, and how many.
        fewest_schools: schools of the programme, and comparable schools, without which nothing is concluded.
        placebo_years: invented years of entry on which the same comparison is tried, the latest first.
        power_pct: how often a true effect would have to be noticed to be called noticeable.
    """

    matching: Matching
    selection_years: Whole
    years_before: Whole
    first_year_after: Annotated[int, Field(ge=0, strict=True)]
    years_after: Whole
    fewest_schools: Annotated[int, Field(ge=3, strict=True)]
    placebo_years: Whole
    interval_pct: Percent
    power_pct: Percent
    simulation: Simulation
    source: Words


class Feature(Frozen):
    """What schools are grouped by, and how a group is called where it stands out: `high` above the region, `low` below.

    `place`: before or after the word «школы».
    """

    id: Literal["results", "social", "size", "village"]
    title: Words
    low: Words
    high: Words
    place: Literal["before", "after"]


class Clusters(Frozen):
    """How schools are grouped (группы похожих школ), and what makes the groups worth showing.

    Args:
        fewest, most: numbers of groups that are tried.
        draws: regions drawn anew from the schools, to see whether the same groups come out.
        stability: least mean adjusted Rand index of such groups with those of all schools, 0…1.
        notable_sd: difference from the region, in standard deviations, that gets into the name.
        fewest_schools: schools without which nothing is grouped.
    """

    features: tuple[Feature, ...] = Field(min_length=2)
    fewest: Annotated[int, Field(ge=2, strict=True)]
    most: Whole
    draws: Whole
    stability: float = Field(gt=0, le=1)
    notable_sd: float = Field(gt=0)
    fewest_schools: Whole
    seed: Seed
    source: Words

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        if self.most < self.fewest:
            raise RuleError(f"ожидалось число не меньше fewest: {self.fewest}", "most")
        return self
