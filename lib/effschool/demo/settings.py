"""Parameters of the demonstration region (демонстрационный регион), read from demo.yml and checked."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

Locality = Literal["city", "village"]
LOCALITY_NAMES: dict[Locality, str] = {"city": "город", "village": "село"}
SMALLEST_REGION = 12


class Frozen(BaseModel):
    """Base of all models: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Names(Frozen):
    """Building blocks of invented names."""

    prefixes: list[str]
    colours: list[str]
    stones: list[str]
    town: str
    village: str
    urban: str
    districts: list[str]
    in_town: str
    in_village: str
    stride: int


class Codes(Frozen):
    """Six-digit school codes: first and step."""

    first: int
    step: int


class CityShare(Frozen):
    """Share of town schools in urban municipalities and in districts."""

    urban: float
    district: float


class Remoteness(CityShare):
    """What a municipality adds to its schools' disadvantage."""

    spread: float


class Municipalities(Frozen):
    """How municipalities differ."""

    urban_share: float
    urban_weight: float
    weight_spread: float
    city_share: CityShare
    remoteness: Remoteness
    effect: float


class Kind(Frozen):
    """One kind of school (вид школы)."""

    type: str
    share: float
    city: float
    village: float
    size: dict[Locality, int]
    spread: float
    smallest: int
    largest: int
    grades: list[int]
    ability: float
    disadvantage: float
    named: dict[Locality, str]
    exclusion: str | None = None


class Event(Frozen):
    """What happens to a share of schools of some kinds."""

    share: float
    kinds: list[str]
    becomes: str | None = None
    named: dict[Locality, str] | None = None


class Disadvantage(Frozen):
    """Parts of a school's latent social disadvantage."""

    rural: float
    smallness: float
    own: float


class Ability(Frozen):
    """Parts of a school's latent level, in standard deviations of a pupil."""

    slope: float
    own: float
    year: float
    cohort: float
    exam: float
    region_year: float
    profile_choice: float
    profile_share: float


class Enrolment(Frozen):
    """Yearly change of enrolment, logarithmic."""

    trend: float
    spread: float
    smallest: int


class Resilient(Frozen):
    """Which disadvantaged schools do well all the same."""

    above: float
    share: float
    ability: float
    kinds: list[str]


class Exam(Frozen):
    """One exam or check work: marks by `shares`, or 100-point scores by `minimum`, `below` and `high`."""

    procedure: str
    subject: str
    grade: int
    takers: Literal["all", "profile", "basic"]
    attendance: float
    shares: list[float] | None = None
    points: list[float] = [2, 3, 4, 5]
    minimum: int | None = None
    below: float | None = None
    high: float | None = None
    not_held: list[int] = []

    @model_validator(mode="after")
    def _check_scale(self) -> Self:
        scores = (self.minimum, self.below, self.high)
        if (self.shares is None) == (None in scores):
            raise ValueError("нужны либо shares, либо minimum, below и high")
        if self.shares is not None and abs(sum(self.shares) - 100) > 1e-9:
            raise ValueError("доли отметок должны давать 100 %")
        return self


class Certificate(Frozen):
    """A level of schooling and the share that leaves without a certificate, per cent."""

    level: str
    grade: int
    without: float


class SocialCount(Frozen):
    """One social count: share of pupils in per cent, dependence on disadvantage and own spread in logits."""

    share: float
    loading: float
    spread: float


class Social(Frozen):
    """Social counts by column."""

    year_spread: float
    counts: dict[str, SocialCount]


class YearsBack(Frozen):
    """Years of entry, counted back from the last year."""

    first: int
    last: int


class Leaves(Frozen):
    """Share of schools that leave the programme and after how many years."""

    share: float
    after: list[int]


class Effect(Frozen):
    """True effect of the programme, grows by year up to a bound."""

    per_year: float
    most: float


class Project(Frozen):
    """A project and the first year in which schools enter it."""

    name: str
    since: int


class Programme(Frozen):
    """The programme of support (программа поддержки)."""

    share: float
    kinds: list[str]
    choice_noise: float
    enters_before_last: YearsBack
    leaves: Leaves
    effect: Effect
    partner_above: float
    no_partner: float
    projects: list[Project]
    curator: str
    schools_per_curator: int


class Blanks(Frozen):
    """Shares of blank cells and dropped rows."""

    enrolment: float
    marks: float
    mean_of_scores: float
    mean_of_marks: float
    zero_rows: float
    social: float


class Settings(Frozen):
    """All of demo.yml."""

    region: str
    note: str
    names: Names
    codes: Codes
    municipalities: Municipalities
    kinds: dict[str, Kind]
    rest_kind: str
    grade_weights: dict[int, float]
    events: dict[str, Event]
    disadvantage: Disadvantage
    ability: Ability
    enrolment: Enrolment
    resilient: Resilient
    exams: list[Exam]
    high_score: int
    certificates: list[Certificate]
    social: Social
    programme: Programme
    blanks: Blanks
    sheet: str
    programme_sheet: str
    headings: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Size:
    """How large a region to make.

    Raises:
        ValueError: too few schools for every kind and municipality, or no year.
    """

    schools: int
    municipalities: int
    last_year: int
    years: int

    def __post_init__(self) -> None:
        if self.schools < max(SMALLEST_REGION, self.municipalities):
            raise ValueError(
                f"Школ должно быть не меньше {SMALLEST_REGION} и не меньше, чем муниципалитетов; дано {self.schools}."
            )
        if self.years < 1 or self.municipalities < 1:
            raise ValueError("Нужен хотя бы один год и хотя бы один муниципалитет.")

    @property
    def first_year(self) -> int:
        """First year of the tables."""
        return self.last_year - self.years + 1

    @property
    def all_years(self) -> range:
        """Years of the tables, ascending."""
        return range(self.first_year, self.last_year + 1)


@cache
def load_settings() -> Settings:
    """Read demo.yml of the package."""
    text = files(__package__).joinpath("demo.yml").read_text(encoding="utf-8")
    return Settings.model_validate(yaml.safe_load(text))
