"""Programmes and the targets that they set themselves (программы и их цели): one YAML file per programme.

A wrong file is refused whole, each fault named by its file, line and key (METHODOLOGY.md section 3).
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import ConfigurationError, Frozen, RuleError, Words, read_rules, refuse_doubled
from effschool.base.russian import join_words

Mark = Literal["mark_2", "mark_3", "mark_4", "mark_5"]
Place = Literal["region", "municipality"]
NONE = "нет"
"""Given instead of names of files where a region has no programme with targets."""


class OfListed(Frozen):
    """Which schools are looked at: those on any of the lists of the year before, or of the same year."""

    lists: tuple[Words, ...] = ()
    lists_of: Literal["previous", "same"] = "previous"


class DynamicsCount(OfListed):
    """Share of listed schools with positive dynamics (положительная динамика) against the year before.

    The mean rose, `standardised` over the region's schools by participants or `raw`, and the share of those who failed
    did not rise: in every subject (`both`) or in one at least (`any`). A school without both years does not count.
    """

    by: Literal["dynamics"]
    procedure: Words
    subjects: tuple[Words, ...] = Field(min_length=1)
    failed: Literal["mark_2", "below_min"]
    require: Literal["both", "any"] = "both"
    mean: Literal["standardised", "raw"] = "standardised"


class MarksCount(OfListed):
    """Share of some marks, of all marks known; with `change` minus that of the same schools the year before.

    `each_grade`: a target for every grade by itself.
    """

    by: Literal["marks"]
    procedure: tuple[Words, ...] = Field(min_length=1)
    subject: tuple[Words, ...] = ()
    marks: tuple[Mark, ...] = Field(min_length=1)
    each_grade: tuple[int, ...] = ()
    change: bool = False


class ListCount(Frozen):
    """Share of schools on any of the lists, of all that are not left out."""

    by: Literal["list"]
    lists: tuple[Words, ...] = Field(min_length=1)


class MarkedCount(Frozen):
    """Share of schools on the outside list of doubtful results, of all that are not left out."""

    by: Literal["marked"]


class RoadmapCount(Frozen):
    """Share of events carried out, of those whose last day came within the year and before the day of the table."""

    by: Literal["roadmap"]


Count = Annotated[DynamicsCount | MarksCount | ListCount | MarkedCount | RoadmapCount, Field(discriminator="by")]


class Target(Frozen):
    """One target (целевой показатель).

    Args:
        goal: the fact is to be `at_least` or `at_most` the plan, or `more_than` it.
        plan: by year, or one number for every year.
        at_risk: instead of that of the programme.
        count: how the fact is counted; the institute's table has it where this is not set.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Words
    unit: Words
    goal: Literal["at_least", "at_most", "more_than"]
    plan: float | dict[Annotated[int, Field(ge=1990, le=2100)], float]
    places: tuple[Place, ...] = ("region", "municipality")
    at_risk: float | None = Field(default=None, ge=0)
    count: Count | None = None
    source: Words

    @model_validator(mode="after")
    def _check_plan(self) -> Self:
        if self.plan == {}:
            raise RuleError("ожидалось число или план хотя бы на один год", "plan")
        return self

    def list_plans(self, years: Sequence[int]) -> dict[int, float]:
        """Plan by year, of the years given."""
        plans = self.plan if isinstance(self.plan, dict) else dict.fromkeys(years, self.plan)
        return {year: plan for year, plan in plans.items() if year <= max(years, default=0)}


class Programme(Frozen):
    """Targets of one programme.

    Args:
        of: region or municipality whose programme it is; None where any may take part.
        at_risk: what lacks no more than so many units is «под угрозой».
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Words
    source: Words
    of: Words | None = None
    at_risk: float = Field(ge=0)
    targets: tuple[Target, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        refuse_doubled([target.id for target in self.targets], "targets")
        return self


def load_programmes(folder: Path, names: str | None = None, places: Collection[str] | None = None) -> list[Programme]:
    """Programmes of a folder in the order of the names; where none are given, all that are nobody else's.

    Args:
        names: names of files without .yml, parted by commas; «нет» is none of them.
        places: names of the region and of its municipalities; None asks for no programme whose it is.

    Raises:
        ConfigurationError: a file is wrong (each fault with file, line and key), or there is no such file.
    """
    known = {path.stem: path for path in sorted(folder.glob("*.yml"))}
    if names == NONE:
        return []
    wanted = [name.strip() for name in names.split(",")] if names is not None else list(known)
    unknown = [f"«{name}»" for name in wanted if name not in known]
    if unknown:
        listed = join_words(f"«{name}»" for name in known) or "файлов нет"
        raise ConfigurationError(f"Целей программы {join_words(unknown)} нет в папке «{folder.name}». Есть: {listed}.")
    programmes = [read_rules(Programme, known[name], "целей") for name in wanted]
    is_any = names is not None or places is None
    return [item for item in programmes if is_any or item.of is None or item.of in (places or ())]
