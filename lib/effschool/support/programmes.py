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
Year = Annotated[int, Field(ge=1990, le=2100)]
NONE = "нет"
"""Given instead of names of files where a region has no programme with targets."""


class OfSchools(Frozen):
    """Which schools are looked at: all on any of the lists of the year before or of the same year, or participants.

    All of them are in the denominator, judged or not.
    """

    lists: tuple[Words, ...] = ()
    lists_of: Literal["previous", "same"] = "previous"
    participants: bool = False


class DynamicsCount(OfSchools):
    """Share of schools with positive dynamics (положительная динамика) against the year before.

    The mean rose, `standardised` over the region's schools by participants or `raw`, and the share of those who failed
    did not rise: in every subject (`both`) or in one at least (`any`). A school without both years is not judged.
    `of_marks`: where no mean was sent it is that of the marks, or of the levels that stand in their columns.
    """

    by: Literal["dynamics"]
    procedure: Words
    subjects: tuple[Words, ...] = Field(min_length=1)
    grade: int | None = None
    failed: Literal["mark_2", "below_min"]
    require: Literal["both", "any"] = "both"
    mean: Literal["standardised", "raw"] = "standardised"
    of_marks: bool = False


class MarksCount(OfSchools):
    """Share of some marks, of all who took part; with `change` minus that of the same schools the year before.

    `each_grade`: a target for every grade by itself. `number`: marks, not their share.
    """

    by: Literal["marks"]
    procedure: tuple[Words, ...] = Field(min_length=1)
    subject: tuple[Words, ...] = ()
    marks: tuple[Mark, ...] = Field(min_length=1)
    each_grade: tuple[int, ...] = ()
    change: bool = False
    number: bool = False


class ListCount(Frozen):
    """Share of schools on any of the lists, of all that are not left out; ФИОКО's own list where it came."""

    by: Literal["list"]
    lists: tuple[Words, ...] = Field(min_length=1)


class MarkedCount(Frozen):
    """Share of schools on the outside list of doubtful results, of all that are not left out."""

    by: Literal["marked"]


class RoadmapCount(Frozen):
    """Share of events carried out, of all that were planned for the year, due or not."""

    by: Literal["roadmap"]


class ProgrammeCount(Frozen):
    """Share of participants who have a curator, a partner or a signed agreement; `number`: how many have."""

    by: Literal["programme"]
    have: Literal["curator", "partner_id", "agreement"]
    number: bool = False


class StagesCount(OfSchools):
    """Share of schools whose sheet of stages has a programme (`link`), a correction of it or a stage held (`day`)."""

    by: Literal["stages"]
    have: Literal["link", "corrected", "day"]
    stage: tuple[Words, ...] = ()


class TeachersCount(OfSchools):
    """Share of teachers, of all teachers of the schools; with `schools` of the schools that have any such teacher."""

    by: Literal["teachers"]
    part: Literal["courses_passed", "diagnosed", "with_deficits", "helped", "mentors"]
    subject: tuple[Words, ...] = ()
    schools: bool = False


class ManagementCount(Frozen):
    """Share of all municipalities whose answer to a question of the management cycle is «да».

    `question`: its id and its words, as either may stand in the table. `link`: «да» counts with a link only.
    """

    by: Literal["management"]
    question: tuple[Words, ...] = Field(min_length=1)
    link: bool = False


Count = Annotated[
    DynamicsCount
    | MarksCount
    | ListCount
    | MarkedCount
    | RoadmapCount
    | ProgrammeCount
    | StagesCount
    | TeachersCount
    | ManagementCount,
    Field(discriminator="by"),
]


class Target(Frozen):
    """One target (целевой показатель).

    Args:
        goal: the fact is to be `at_least` or `at_most` the plan, or `more_than` it.
        plan: by year, or one number for every year of the programme.
        stated: facts that the document itself states, by year.
        at_risk: instead of that of the programme.
        count: how the fact is counted; the institute's table has it where this is not set.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Words
    unit: Words = "%"
    goal: Literal["at_least", "at_most", "more_than"] = "at_least"
    plan: float | dict[Year, float]
    stated: dict[Year, float] = Field(default={})
    places: tuple[Place, ...] = ("region", "municipality")
    at_risk: float | None = Field(default=None, ge=0)
    count: Count | None = None
    source: Words

    @model_validator(mode="after")
    def _check_plan(self) -> Self:
        if self.plan == {}:
            raise RuleError("ожидалось число или план хотя бы на один год", "plan")
        return self

    def list_plans(self, years: Sequence[int], last: int) -> dict[int, float]:
        """Plan by year up to the last one: for the years that it names, else for those given."""
        plans = self.plan if isinstance(self.plan, dict) else dict.fromkeys(years, self.plan)
        return {year: plan for year, plan in plans.items() if year <= last}


class Programme(Frozen):
    """Targets of one programme.

    Args:
        of: region or municipality whose programme it is; None where any may take part.
        years: first and last year; every year of the data where they are not set.
        projects: names of its projects in the table of participants. A municipality without a participant of them
            and without a plan of its own takes no part; where none are named, all municipalities do.
        names: under which its plans and facts stand, besides id and title.
        at_risk: what lacks no more than so many units is «под угрозой».
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: Words
    source: Words
    of: Words | None = None
    years: tuple[Year, Year] | None = None
    projects: tuple[Words, ...] = ()
    names: tuple[Words, ...] = ()
    at_risk: float = Field(ge=0)
    targets: tuple[Target, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        refuse_doubled([target.id for target in self.targets], "targets")
        for place, target in enumerate(self.targets):
            needs = isinstance(target.count, ProgrammeCount) or getattr(target.count, "participants", False)
            if needs and not self.projects:
                raise RuleError("участников не найти: у программы не названы projects", "targets", place, "count")
        return self

    def list_years(self, known: Sequence[int]) -> Sequence[int]:
        """Years of the programme; of one without years those known."""
        return range(self.years[0], self.years[1] + 1) if self.years else known


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
