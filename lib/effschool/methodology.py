"""A methodology (методика) is data: one YAML file, validated on load, without which nothing is computed.

The models below say what a file may hold; every number of a rule stands in the file with its source. A wrong file is
refused whole, each fault named by its place in the file.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from effschool.schemas import CONTRACT

Band = Literal["low", "mid", "high"]
Domain = Literal["results", "social"]
Orientation = Literal["consistent", "literal"]


class MethodologyError(ValueError):
    """The methodology file cannot be used; the message is in Russian and names every fault."""


class Frozen(BaseModel):
    """Base of all models: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Rows(Frozen):
    """Which rows of a contract table an indicator is counted over; an empty list does not restrict."""

    table: Literal["results", "certificates", "social"]
    procedure: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    grade: tuple[int, ...] = ()
    level: tuple[str, ...] = ()

    @property
    def filters(self) -> dict[str, tuple[str, ...] | tuple[int, ...]]:
        """Column to allowed values, only where there is a restriction."""
        values: dict[str, tuple[str, ...] | tuple[int, ...]] = {
            "procedure": self.procedure,
            "subject": self.subject,
            "grade": self.grade,
            "level": self.level,
        }
        return {column: allowed for column, allowed in values.items() if allowed}

    @model_validator(mode="after")
    def _check_filters(self) -> Self:
        self.require_columns(*self.filters)
        return self

    def require_columns(self, *columns: str) -> None:
        """Refuse a column that the contract's table does not have.

        Raises:
            ValueError: a Russian phrase that names the columns.
        """
        unknown = [column for column in columns if column not in CONTRACT[self.table].columns]
        if unknown:
            raise ValueError(f"в таблице {self.table} нет столбцов: {', '.join(unknown)}")


class IndicatorBase(Frozen):
    """What every indicator (показатель) has: how it is called, where it belongs and which way it points."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str = Field(min_length=1)
    short: str = Field(min_length=1)
    block: str
    direction: Literal["direct", "inverse"]
    rows: Rows


class ShareIndicator(IndicatorBase):
    """Share (доля) in per cent: 100·count/total, both pooled over the rows."""

    kind: Literal["share"]
    count: str
    total: str
    unit: str = "%"

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        self.rows.require_columns(self.count, self.total)
        return self


class MeanIndicator(IndicatorBase):
    """Mean score (средний балл), weighted by participants over the rows."""

    kind: Literal["mean"]
    unit: str = "балл"


class GapIndicator(IndicatorBase):
    """School mean minus regional mean; it lags (отстаёт) where it is lower by more than `threshold` points."""

    kind: Literal["gap"]
    threshold: float = Field(gt=0)
    unit: str = "балл"


Indicator = Annotated[ShareIndicator | MeanIndicator | GapIndicator, Field(discriminator="kind")]


class Aggregation(Frozen):
    """How normalised indicators become an index; `weights` by indicator id or by block, 1 where none is named."""

    kind: Literal["arithmetic", "geometric"] = "arithmetic"
    weights_by: Literal["indicator", "block"] = "indicator"
    weights: dict[str, Annotated[float, Field(ge=0)]] = {}


class Bands(Frozen):
    """How ranked schools of one year and group are cut: `share` of them at either end, by the rule `cut`."""

    share: float = Field(gt=0, lt=0.5)
    cut: Literal["half_up", "floor", "ceil", "spss"]
    tolerance: float = Field(ge=0)


class FewPupils(Frozen):
    """What becomes of an indicator where fewer than `min_participants` took part (малая численность).

    `as_is`: it is taken as it stands; `not_applicable`: it is missing; `pool`: it is counted over the pooled rows of the
    year and the years before, `years` in all.
    """

    policy: Literal["as_is", "not_applicable", "pool"] = "as_is"
    min_participants: int = Field(default=1, ge=1)
    years: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        if self.policy != "as_is" and self.min_participants < 2:
            raise ValueError(f"для правила {self.policy} нужно min_participants не меньше 2")
        if self.policy == "pool" and self.years < 2:
            raise ValueError("для правила pool нужно years не меньше 2: сколько лет складывать")
        return self


class DomainRules(Frozen):
    """One index: its indicators, their aggregation and the bands."""

    title: str
    better: Literal["high", "low"]
    band_titles: dict[str, str]
    band_marks: dict[str, str]
    min_coverage: float = Field(ge=0, le=1)
    aggregation: Aggregation
    bands: Bands
    few_pupils: FewPupils = FewPupils()
    indicators: tuple[Indicator, ...] = Field(min_length=1)
    source: str

    @property
    def worse_band(self) -> Band:
        """The band that needs help: the lowest index of results, the highest of social conditions."""
        return "low" if self.better == "high" else "high"

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        ids = [indicator.id for indicator in self.indicators]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            raise ValueError(f"показатели названы дважды: {', '.join(doubled)}")
        for words in (self.band_titles, self.band_marks):
            if set(words) != set(get_args(Band)):
                raise ValueError(f"названия групп нужны для {', '.join(get_args(Band))}")
        known = {
            getattr(item, "id" if self.aggregation.weights_by == "indicator" else "block") for item in self.indicators
        }
        unknown = sorted(set(self.aggregation.weights) - known)
        if unknown:
            raise ValueError(f"веса заданы для неизвестных показателей или блоков: {', '.join(unknown)}")
        return self


class GroupsByType(Frozen):
    """Groups (группы школ) by the type of the school; a type without a name is left out."""

    by: Literal["type"]
    names: dict[str, str] = Field(min_length=1)
    left_out_note: str = ""
    source: str


class ProcedureGroup(Frozen):
    """A group of schools that hold exactly these exams, named as in the table (procedure and grade)."""

    name: str
    exams: tuple[tuple[str, int], ...] = Field(min_length=1)


class GroupsByExams(Frozen):
    """Groups by the exams (procedure, grade) a school holds in a year; other sets are named `other` or left out."""

    by: Literal["exams"]
    names: tuple[ProcedureGroup, ...] = Field(min_length=1)
    other: str | None = None
    left_out_note: str = ""
    source: str


class Condition(Frozen):
    """One way to satisfy a window rule; exactly one is set.

    Args:
        at_least: in the band in at least so many years of the window.
        last: in the band in each of so many last years.
        ranked: has a band in the report's year.
        mean: the mean of the window's indices is in the band.
        lags: at least so many indicators of kind `gap` lag in the report's year.
    """

    at_least: int | None = Field(default=None, ge=1)
    last: int | None = Field(default=None, ge=1)
    ranked: Literal[True] | None = None
    mean: Literal[True] | None = None
    lags: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        names = tuple(type(self).model_fields)
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"задайте ровно одно из условий {', '.join(names)}")
        return self


class WindowRule(Frozen):
    """A rule over the years of a window (правило окна): satisfied when any of its conditions is."""

    title: str
    any_of: tuple[Condition, ...] = Field(min_length=1)


class Status(Frozen):
    """A status that a school gets when it was in `band` in the years that `rule` asks for."""

    status: str
    title: str
    rule: str
    band: Band | None = None


class JointStatus(Frozen):
    """A status from the two lists together; an empty side does not restrict."""

    status: str
    results: tuple[str, ...] = ()
    social: tuple[str, ...] = ()


class Window(Frozen):
    """The window of years before and with the report's year; `years` names it outright for a single year.

    `policy`: `consecutive` years, or the `last_with_data`, of which the first is at most `max_span` years from the
    last, both counted (no limit where it is not set).
    """

    length: int = Field(ge=1)
    years: dict[int, tuple[int, ...]] = {}
    policy: Literal["consecutive", "last_with_data"] = "consecutive"
    max_span: int | None = Field(default=None, ge=1)

    def list_years(self, year: int) -> tuple[int, ...]:
        """Years of the window of a report's year, the earliest first."""
        return tuple(sorted(self.years.get(year, range(year - self.length + 1, year + 1))))

    @model_validator(mode="after")
    def _check_years(self) -> Self:
        wrong = sorted(year for year, years in self.years.items() if len(set(years)) != self.length)
        if wrong:
            raise ValueError(
                f"в окне должно быть разных лет: {self.length}; иначе у годов {', '.join(map(str, wrong))}"
            )
        return self


class Lists(Frozen):
    """Statuses over a window of years, checked in order, the first that fits."""

    window: Window
    window_rules: dict[str, WindowRule]
    results: tuple[Status, ...]
    social: tuple[Status, ...] = ()
    joint: tuple[JointStatus, ...] = ()
    source: str


class FiokoProcedure(Frozen):
    """One procedure of ФИОКО's rule: which rows, and which count of them failed."""

    id: str
    title: str
    rows: Rows
    count: str

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        self.rows.require_columns(self.count, "participants")
        return self


class FiokoLevel(Frozen):
    """A level of ШНОР: the least number of low procedures."""

    name: str
    min_low_procedures: int = Field(ge=1)


class Fioko(Frozen):
    """ФИОКО's rule of ШНОР: low procedures of one year, or of each of the last `years`."""

    title: str
    low_share_pct: float = Field(gt=0, le=100)
    min_low_procedures: int = Field(ge=1)
    min_low_procedures_each_year: int = Field(ge=1)
    years: int = Field(ge=1)
    levels: tuple[FiokoLevel, ...] = ()
    procedures: tuple[FiokoProcedure, ...] = Field(min_length=1)
    source: str


class ThresholdRow(Frozen):
    """Which minimum score (минимальный балл) a methodology depends on."""

    procedure: str
    subject: str


class ThresholdUse(Frozen):
    """Minimum scores that a methodology depends on, and what a year without a row in the register means.

    `missing`: `stop` refuses the year; `say` prints that the register has no row, for counts that came ready made.
    """

    register_file: str = Field(alias="register", min_length=1)
    required: tuple[ThresholdRow, ...] = Field(min_length=1)
    missing: Literal["stop", "say"]
    source: str


class Methodology(Frozen):
    """One methodology, whole. `orientation` and `social_rule` are the switches between readings of the document."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    version: str
    source: str
    orientation: Orientation = "consistent"
    social_rule: str | None = None
    groups: Annotated[GroupsByType | GroupsByExams, Field(discriminator="by")]
    domains: dict[Domain, DomainRules]
    lists: Lists
    fioko: Fioko | None = None
    thresholds: ThresholdUse | None = None

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        ids = [indicator.id for rules in self.domains.values() for indicator in rules.indicators]
        doubled = sorted({name for name in ids if ids.count(name) > 1})
        if doubled:
            raise ValueError(f"показатели названы в двух индексах: {', '.join(doubled)}")
        return self

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        known = set(self.lists.window_rules)
        named = {status.rule for status in (*self.lists.results, *self.lists.social)} - {"social_rule"}
        named |= {self.social_rule} if self.social_rule else set()
        if named - known:
            raise ValueError(
                f"правила окна не описаны: {', '.join(sorted(named - known))}; описаны: {', '.join(sorted(known))}"
            )
        if not self.social_rule and any(status.rule == "social_rule" for status in self.lists.social):
            raise ValueError("статусы социальных условий ссылаются на social_rule, а он не задан")
        return self

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """All indicators of all domains by id."""
        return {indicator.id: indicator for rules in self.domains.values() for indicator in rules.indicators}

    def iterate_domains(self) -> Iterator[tuple[Domain, DomainRules]]:
        """Domains in the order of the file."""
        yield from self.domains.items()

    def find_rule(self, status: Status) -> WindowRule:
        """The window rule of a status, the switch `social_rule` resolved."""
        name = self.social_rule if status.rule == "social_rule" else status.rule
        return self.lists.window_rules[str(name)]


def load_methodology(
    path: Path, *, orientation: Orientation | None = None, social_rule: str | None = None
) -> Methodology:
    """Read a methodology file; the switches replace what the file says where they are given.

    Raises:
        MethodologyError: no such file, not YAML, or a rule in it is wrong; every fault is named.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MethodologyError(_say_missing(path)) from None
    except UnicodeDecodeError:
        raise MethodologyError(
            f"Файл методики «{path.name}» записан не в кодировке UTF-8. Сохраните его заново в UTF-8."
        ) from None
    except yaml.YAMLError as error:
        raise MethodologyError(f"Файл методики «{path.name}» не читается как YAML: {error}.") from None
    if not isinstance(content, dict):
        raise MethodologyError(f"Файл методики «{path.name}» пуст или не содержит ключей верхнего уровня.")
    switches = {"orientation": orientation, "social_rule": social_rule}
    try:
        return Methodology.model_validate(
            content | {key: value for key, value in switches.items() if value is not None}
        )
    except ValidationError as error:
        raise MethodologyError(_say_faults(path, error)) from None


def find_methodology(name: str, folder: Path) -> Path:
    """File of a methodology given by its name in `folder` or by a path to a YAML file."""
    return Path(name) if name.endswith((".yml", ".yaml")) else folder / f"{name}.yml"


def _say_missing(path: Path) -> str:
    known = ", ".join(f"«{found.stem}»" for found in sorted(path.parent.glob("*.yml"))) or "нет ни одной"
    return f"Методики «{path.stem}» нет. В папке «{path.parent.name}» есть: {known}."


_FAULTS = {
    "missing": "нет обязательного ключа",
    "extra_forbidden": "лишний ключ, такого правила нет",
    "literal_error": "недопустимое значение, ожидалось одно из: {expected}",
    "union_tag_invalid": "недопустимое значение, ожидалось одно из: {expected_tags}",
    "string_pattern_mismatch": "недопустимое значение, ожидалась строка вида {pattern}",
    "too_short": "список пуст",
    "string_too_short": "пустая строка",
    "greater_than": "ожидалось число больше {gt}",
    "greater_than_equal": "ожидалось число не меньше {ge}",
    "less_than": "ожидалось число меньше {lt}",
    "less_than_equal": "ожидалось число не больше {le}",
    "float_parsing": "ожидалось число",
    "float_type": "ожидалось число",
    "int_parsing": "ожидалось целое число",
    "int_type": "ожидалось целое число",
    "string_type": "ожидалась строка",
    "value_error": "{error}",
    "union_tag_not_found": "нет обязательного ключа, по которому определяется вид записи: {discriminator}",
    "model_type": "ожидался раздел с ключами",
    "model_attributes_type": "ожидался раздел с ключами",
    "dict_type": "ожидался раздел с ключами",
    "tuple_type": "ожидался список",
    "int_from_float": "ожидалось целое число",
    "bool_parsing": "ожидалось true или false",
}


def _say_faults(path: Path, error: ValidationError) -> str:
    lines = [f"Файл методики «{path.name}» не принят."]
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"]) or "весь файл"
        context = {key: str(value).replace(" or ", " или ") for key, value in fault.get("ctx", {}).items()}
        text = _FAULTS[fault["type"]].format(**context) if fault["type"] in _FAULTS else fault["msg"]
        value = fault["input"]
        found = f" Стоит «{value}»." if isinstance(value, str | int | float) else ""
        lines.append(f"— {place}: {text}.{found}")
    return "\n".join(lines)
