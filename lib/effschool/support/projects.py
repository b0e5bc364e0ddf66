"""Projects of support (проекты поддержки): quotas, plans of agreements, waves of monitoring, as data."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words, read_rules, refuse_doubled

Stage = Literal["входной", "промежуточный", "итоговый"]
Year = Annotated[int, Field(ge=1990, le=2100)]
TrackNumber = Literal[1, 2, 3]
OFFICIAL = "перечень ФИОКО"
"""Name among `feeds` of the official list that was sent."""


class Track(Frozen):
    """A track (трек) and the lists its schools are proposed from, the first before the others."""

    title: Words
    feeds: tuple[Words, ...] = ()
    source: Words


class Quota(Frozen):
    """How many schools of a place are proposed for a track from the lists of a year, or of any."""

    place: Words
    year: Year | None = None
    track: TrackNumber
    schools: Whole
    source: Words


class Plan(Frozen):
    """How many schools, or what share of them, are to have something by a day."""

    schools: Whole | None = None
    share_pct: Annotated[float, Field(gt=0, le=100)] | None = None
    until: date
    source: Words

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.schools is None) == (self.share_pct is None):
            raise RuleError("ожидалось одно из двух: schools или share_pct")
        return self


class Wave(Frozen):
    """One stage of monitoring as a project plans it (волна мониторинга)."""

    stage: Stage
    since: date
    until: date
    source: Words

    @model_validator(mode="after")
    def _check_days(self) -> Self:
        if self.until < self.since:
            raise RuleError(f"ожидался день не раньше {self.since:%d.%m.%Y}", "until")
        return self


class Project(Frozen):
    """One project; `names` are those under which the table of participants has it."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    names: tuple[Words, ...] = Field(min_length=1)
    source: Words
    quotas: tuple[Quota, ...] = ()
    agreements: Plan | None = None
    curators: Plan | None = None
    waves: tuple[Wave, ...] = ()

    def list_waves(self, year: int) -> list[Wave]:
        """Waves that end in a year, in the order of their days."""
        return sorted((wave for wave in self.waves if wave.until.year == year), key=lambda wave: wave.until)


class Lasting(Frozen):
    """What lasting improvement is (стабильное улучшение).

    Args:
        years: years with an index without which nothing is lasting.
        kept: share of the slope over the years that stays, whichever year is left out.
    """

    years: Annotated[int, Field(ge=3, strict=True)]
    kept: float = Field(gt=0, le=1)
    source: Words


class Projects(Frozen):
    """All of projects.yml."""

    title: Words
    source: Words
    tracks: dict[TrackNumber, Track]
    practices: Lasting
    projects: tuple[Project, ...]

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        refuse_doubled([project.id for project in self.projects], "projects")
        names = [name for project in self.projects for name in project.names]
        doubled = [name for place, name in enumerate(names) if name in names[:place]]
        if doubled:
            raise RuleError(f"название «{doubled[0]}» есть у двух проектов", "projects")
        return self

    def find(self, name: object) -> Project | None:
        """The project of a name in the table of participants; None of one that the file does not know."""
        return next((project for project in self.projects if name in project.names), None)

    def list_quotas(self, places: Iterable[str], year: int) -> list[tuple[Project, Quota]]:
        """Quotas of the places for the lists of a year, with their projects."""
        known = set(places)
        return [
            (project, quota)
            for project in self.projects
            for quota in project.quotas
            if quota.place in known and quota.year in (None, year)
        ]


def load_projects(path: Path) -> Projects:
    """Read the file.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule is wrong; every fault is named with its line.
    """
    return read_rules(Projects, path, "проектов")
