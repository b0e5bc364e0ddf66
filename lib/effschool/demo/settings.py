"""Parameters of the demonstration region (демонстрационный регион), read from demo.yml and checked."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, Self

import yaml
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen

Locality = Literal["city", "village"]
LOCALITY_NAMES: dict[Locality, str] = {"city": "город", "village": "село"}
SocialFault = Literal[
    "titles", "numbering", "total", "footnote", "nbsp", "texts", "codes", "sheet", "comment", "hidden"
]
SMALLEST_REGION = 12


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
    points: list[float] = Field(default=[2, 3, 4, 5])
    minimum: int | None = None
    below: float | None = None
    high: float | None = None
    not_held: list[int] = Field(default=[])

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


class Takes(Frozen):
    """Rows of a contract table that an office's file stands for: those of the year `back` years before the last."""

    table: Literal["schools", "results", "certificates"]
    back: int
    procedure: str | None = None


class Form(Frozen):
    """A file as an office sends it. Texts may name {year}, {grade}, {subject} and {region}.

    `over` stands in a merged cell above the headings that are numbers.
    """

    file: str
    sheet: str = ""
    titles: list[str] = Field(default=[])
    over: str = ""
    headings: dict[str, str]
    is_numbered: bool = False
    footnote: str = ""
    login: str = ""
    total: str = ""
    hidden_rows: list[int] = Field(default=[])


class Paper(Frozen):
    """An exam in a protocol. A pupil's value lies in one of `bands`, whose pupils are the counts of the same places
    (null: all the others). `primary`: the least primary score of each mark, then one more than the highest.
    """

    code: int
    title: str
    bands: list[tuple[int, int]]
    counts: list[str | None]
    primary: list[int] = Field(default=[])
    most_primary: int = 0


class Statuses(Frozen):
    """Statuses of pupils in protocols, and their shares among the participants of the region."""

    active: str
    active_share: float
    appeal: str
    appeal_share: float
    absent: str
    absent_share: float
    annulled: str
    annulled_share: float
    gve: str
    gve_share: float
    usual_form: str
    surname: str
    patronymic: str
    document: str
    first_added: int
    classes: list[str]


class Signs(Frozen):
    """Signs of doubtful results (признаки необъективности): columns of the list, journal shares, and the paper (subject
    and grade) whose primary scores are written, with the borders of its marks.
    """

    share: float
    marks: dict[str, tuple[int, str]]
    compared: dict[str, str]
    usual: list[float]
    doubtful: list[float]
    scored: tuple[str, int]
    borders: list[int]
    peak: float


class Official(Frozen):
    """Words of official names: legal forms and kinds by abbreviation, types and localities of the register."""

    legal: dict[str, str]
    kinds: dict[str, str]
    types: dict[str, str]
    localities: dict[str, str]


class SocialBook(Frozen):
    """Harmless faults of social forms, by book in turn, and their texts."""

    faults: list[list[SocialFault]]
    titles: list[str]
    total: str
    footnote: str
    comment: str
    sheet: str
    instruction: list[str]
    hidden_rows: list[int]


class Offices(Frozen):
    """Files as offices send them."""

    whole: dict[str, int | str]
    subjects: dict[str, str]
    takes: dict[str, Takes]
    forms: dict[str, Form]
    papers: dict[Literal["ОГЭ", "ЕГЭ"], dict[str, Paper]]
    statuses: Statuses
    signs: Signs
    official: Official
    levels: dict[str, int]
    social: SocialBook


class Fact(Frozen):
    """A target whose fact the institute counts itself: between `low` and `high`, for municipalities as well or not."""

    programme: str
    target: str
    low: float
    high: float
    everywhere: bool


class PlannedEvent(Frozen):
    """An event of the plan; `month` is that of its end, `is_due` before the day of the table."""

    term: str
    month: int
    is_due: bool
    event: str
    responsible: str
    expected: str


class Support(Frozen):
    """Facts of targets and plans of events. `silent`: share of facts that municipalities do not tell."""

    silent: float
    facts: list[Fact]
    programme: str
    as_of: str
    every_municipality: int
    done: float
    events: list[PlannedEvent]
    forms: dict[str, Form]


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
    offices: Offices
    support: Support


@dataclass(frozen=True)
class Size:
    """How large a region to make.

    Raises:
        ValueError: too few schools for every kind and municipality, or no year.
    """

    schools: int = 350
    municipalities: int = 19
    last_year: int = 2023
    years: int = 5

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
