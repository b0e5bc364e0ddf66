"""Dynamics (динамика) as data: the scale of results, the grid of level by change, cohorts of pupils."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Percent, RuleError, Whole, Words

TONES = 5
"""Tones of the grid, from the one that asks for help to the best."""


class Standard(Frozen):
    """How means are brought to one scale: (mean − region)/spread of schools, by year, procedure, subject and grade.

    Args:
        weighted: schools weigh by participants in the regional mean and spread.
        min_schools: with fewer schools there is no scale, and no value.
        source: where the rule is from.
    """

    weighted: bool
    min_schools: Annotated[int, Field(ge=2, strict=True)]
    source: Words


class Axis(Frozen):
    """One axis of the grid: `cuts` between `names`, both from the worst; a value equal to a cut belongs above it."""

    title: Words
    cuts: tuple[float, ...] = Field(min_length=1)
    names: tuple[Words, ...]

    @model_validator(mode="after")
    def _check_cuts(self) -> Self:
        if any(low >= high for low, high in pairwise(self.cuts)):
            raise RuleError("ожидались границы по возрастанию", "cuts")
        if len(self.names) != len(self.cuts) + 1:
            raise RuleError(f"ожидалось названий {len(self.cuts) + 1}: на одно больше, чем границ", "names")
        return self


class LevelChange(Frozen):
    """The grid of level by change (уровень и изменение).

    Args:
        tones: a row per level from the worst, in it a tone 1…5 per change from the worst.
        tone_names: words for the tones.
        hide_below: with fewer pupils in either year a school is not shown.
        colour_from: with fewer pupils in either year it is shown without a tone.
    """

    level: Axis
    change: Axis
    tones: tuple[tuple[Annotated[int, Field(ge=1, le=TONES, strict=True)], ...], ...]
    tone_names: tuple[Words, ...] = Field(min_length=TONES, max_length=TONES)
    hide_below: Whole
    colour_from: Whole
    source: Words

    @model_validator(mode="after")
    def _check_grid(self) -> Self:
        rows, columns = len(self.level.names), len(self.change.names)
        if len(self.tones) != rows or any(len(row) != columns for row in self.tones):
            raise RuleError(f"ожидалась таблица: строк {rows} (уровни), в каждой чисел {columns} (изменения)", "tones")
        if self.colour_from < self.hide_below:
            raise RuleError(f"ожидалось число не меньше hide_below: {self.hide_below}", "colour_from")
        return self


class Family(Frozen):
    """Subjects that are one line of study: after grade 9 mathematics is taken as «математика (профильная)»."""

    title: Words
    subjects: tuple[Words, ...] = Field(min_length=1)


class PupilCohorts(Frozen):
    """The same children through the years (когорты учеников).

    Args:
        families: lines of study that are followed.
        grades: grade of a procedure whose rows do not name it.
        hide_below: with fewer participants at either end nothing is said of a school.
        size_change_pct: a cohort that grew or shrank by more than this, against the region's ordinary change at the
            same step, is named, and not tested: these are not the same children.
        least_size_pct: a step after which the region ordinarily keeps a smaller share of the participants is not
            tested: an exam of choice is not sat by the same children.
        false_share_pct: expected share of the named schools that were named by chance alone (Benjamini and Hochberg).
        min_schools: with fewer schools a step has no line, and none is named.
    """

    families: tuple[Family, ...] = Field(min_length=1)
    grades: dict[str, Whole] = Field(default={})
    hide_below: Whole
    size_change_pct: Percent
    least_size_pct: Percent
    false_share_pct: Percent
    min_schools: Annotated[int, Field(ge=10, strict=True)]
    source: Words

    @model_validator(mode="after")
    def _check_families(self) -> Self:
        taken: set[str] = set()
        for place, family in enumerate(self.families):
            if doubled := taken & set(family.subjects):
                raise RuleError(f"предмет «{min(doubled)}» уже назван выше", "families", place, "subjects")
            taken |= set(family.subjects)
        return self


class DynamicsRules(Frozen):
    """The whole section."""

    standard: Standard
    level_change: LevelChange
    pupil_cohorts: PupilCohorts
