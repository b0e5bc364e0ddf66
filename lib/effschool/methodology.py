"""A methodology (методика) is data: one YAML file, validated on load, without which nothing is computed.

The models below say what a file may hold; every number of a rule stands in the file with its source. A file may extend
another one. A wrong file is refused whole, each fault named by its file, line and key.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from effschool.certainty import Certainty
from effschool.configuration import (
    ConfigurationError,
    Entry,
    Fault,
    Frozen,
    RuleError,
    Words,
    locate,
    raise_faults,
    read_extended,
    validate_entries,
)
from effschool.schemas import CONTRACT
from effschool.thresholds import ThresholdUse, list_lacking, list_needs, load_register

Band = Literal["low", "mid", "high"]
Domain = Literal["results", "social"]
Orientation = Literal["consistent", "literal"]


Whole = Annotated[int, Field(ge=1, strict=True)]
Share = Annotated[float, Field(ge=0, le=1, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
QUARTER = 0.25
WEIGHTS_TOLERANCE = 1e-9


class MethodologyError(ConfigurationError):
    """The methodology file cannot be used; the message is in Russian and names every fault."""


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
        for column in self.filters:
            if not self.has_column(column):
                raise RuleError(f"в таблице {self.table} столбца {column} нет, отбора по нему быть не может", column)
        return self

    def has_column(self, column: str) -> bool:
        """Whether the contract's table has the column."""
        return column in CONTRACT[self.table].columns

    def require_counts(self, **columns: str) -> None:
        """Refuse a key whose column the contract's table does not have as a count.

        Raises:
            RuleError: a Russian phrase that names the columns that are there.
        """
        counts = [name for name, spec in CONTRACT[self.table].columns.items() if str(spec.dtype) == "Int64"]
        counts = [name for name in counts if name not in ("grade", "enrolment")]
        for key, column in columns.items():
            if column not in counts:
                raise RuleError(f"ожидался столбец с числом в таблице {self.table}: {', '.join(counts)}", key)

    def require_means(self) -> None:
        """Refuse a table without mean scores.

        Raises:
            RuleError: a Russian phrase.
        """
        if not (self.has_column("mean_score") and self.has_column("participants")):
            raise RuleError("для показателя по среднему баллу ожидалась таблица «results»", "rows", "table")


class IndicatorBase(Frozen):
    """What every indicator (показатель) has: how it is called, where it belongs and which way it points."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Words
    short: Words
    block: Words
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
        self.rows.require_counts(count=self.count, total=self.total)
        return self


class MeanIndicator(IndicatorBase):
    """Mean score (средний балл), weighted by participants over the rows."""

    kind: Literal["mean"]
    unit: str = "балл"

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        self.rows.require_means()
        return self


class GapIndicator(IndicatorBase):
    """School mean minus regional mean; it lags (отстаёт) where it is lower by more than `threshold` points."""

    kind: Literal["gap"]
    threshold: Positive
    unit: str = "балл"

    @model_validator(mode="after")
    def _check_table(self) -> Self:
        self.rows.require_means()
        return self


Indicator = Annotated[ShareIndicator | MeanIndicator | GapIndicator, Field(discriminator="kind")]


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


class Bands(Frozen):
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
    bands: Bands
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
        _refuse_doubled([item.id for item in self.indicators], "indicators")
        for name, words in (("band_titles", self.band_titles), ("band_marks", self.band_marks)):
            if set(words) != set(get_args(Band)):
                raise RuleError(f"ожидались названия для каждого из {', '.join(get_args(Band))}", name)
        by_block = self.aggregation.weights_by == "block"
        self.aggregation.check_weights({item.block if by_block else item.id for item in self.indicators})
        return self


def _refuse_doubled(ids: Sequence[str], *at: str) -> None:
    for place, name in enumerate(ids):
        if name in ids[:place]:
            raise RuleError("такой id уже есть, ожидался другой", *at, place, "id")


class GroupsByType(Frozen):
    """Groups (группы школ) by the type of the school; a type without a name is left out."""

    by: Literal["type"]
    names: dict[str, Words] = Field(min_length=1)
    left_out_note: str = ""
    source: Words


class ProcedureGroup(Frozen):
    """A group of schools that hold exactly these exams, named as in the table (procedure and grade)."""

    name: Words
    exams: tuple[tuple[str, int], ...] = Field(min_length=1)


class GroupsByExams(Frozen):
    """Groups by the exams (procedure, grade) a school holds in a year; other sets are named `other` or left out."""

    by: Literal["exams"]
    names: tuple[ProcedureGroup, ...] = Field(min_length=1)
    other: str | None = None
    left_out_note: str = ""
    source: Words


class Condition(Frozen):
    """One way to satisfy a window rule; exactly one is set.

    Args:
        at_least: in the band in at least so many years of the window.
        last: in the band in each of so many last years.
        ranked: has a band in the report's year.
        mean: the mean of the window's indices is in the band.
        lags: at least so many indicators of kind `gap` lag in the report's year.
    """

    at_least: Whole | None = None
    last: Whole | None = None
    ranked: Literal[True] | None = None
    mean: Literal[True] | None = None
    lags: Whole | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        names = tuple(type(self).model_fields)
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise RuleError(f"ожидалось ровно одно из условий: {', '.join(names)}")
        return self


class WindowRule(Frozen):
    """A rule over the years of a window (правило окна): satisfied when any of its conditions is."""

    title: Words
    any_of: tuple[Condition, ...] = Field(min_length=1)


class Status(Frozen):
    """A status that a school gets when it was in `band` in the years that `rule` asks for."""

    status: Words
    title: Words
    rule: Words
    band: Band | None = None


class JointStatus(Frozen):
    """A status from the two lists together; an empty side does not restrict."""

    status: Words
    results: tuple[str, ...] = ()
    social: tuple[str, ...] = ()


class Window(Frozen):
    """The window of years before and with the report's year; `years` names it outright for a single year.

    `policy`: `consecutive` years, or the `last_with_data`, of which the first is at most `max_span` years from the
    last, both counted (no limit where it is not set).
    """

    length: Whole
    years: dict[int, tuple[int, ...]] = Field(default={})
    policy: Literal["consecutive", "last_with_data"] = "consecutive"
    max_span: Whole | None = None

    def list_years(self, year: int) -> tuple[int, ...]:
        """Years of the window of a report's year, the earliest first."""
        return tuple(sorted(self.years.get(year, range(year - self.length + 1, year + 1))))

    @model_validator(mode="after")
    def _check_years(self) -> Self:
        for year, years in self.years.items():
            if len(set(years)) != self.length or len(years) != self.length:
                raise RuleError(f"ожидались разные годы, всего {self.length}: такова длина окна", "years", year)
            if max(years) > year:
                raise RuleError(f"ожидались годы не позже {year}", "years", year)
        if self.max_span is not None and self.policy == "consecutive":
            raise RuleError("ключ имеет смысл только для policy: last_with_data", "max_span")
        if self.max_span is not None and self.max_span < self.length:
            raise RuleError(f"ожидалось число не меньше {self.length}: такова длина окна", "max_span")
        return self


class Lists(Frozen):
    """Statuses over a window of years, checked in order, the first that fits."""

    window: Window
    window_rules: dict[str, WindowRule]
    results: tuple[Status, ...]
    social: tuple[Status, ...] = ()
    joint: tuple[JointStatus, ...] = ()
    source: Words

    def list_statuses(self, domain: Domain) -> tuple[Status, ...]:
        """Statuses of one domain, in the order they are checked."""
        return self.results if domain == "results" else self.social

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        for name, rule in self.window_rules.items():
            for place, condition in enumerate(rule.any_of):
                for key in ("at_least", "last"):
                    if (getattr(condition, key) or 0) > self.window.length:
                        text = f"ожидалось число не больше {self.window.length}: такова длина окна"
                        raise RuleError(text, "window_rules", name, "any_of", place, key)
        return self

    @model_validator(mode="after")
    def _check_joint(self) -> Self:
        for place, joint in enumerate(self.joint):
            for domain in get_args(Domain):
                known = list(dict.fromkeys(status.status for status in self.list_statuses(domain)))
                for item, status in enumerate(getattr(joint, domain)):
                    if status not in known:
                        text = f"ожидался один из статусов lists.{domain}: {', '.join(known) or 'их нет'}"
                        raise RuleError(text, "joint", place, domain, item)
        return self


class FiokoProcedure(Frozen):
    """One procedure of ФИОКО's rule: which rows, and which count of them failed."""

    id: str
    title: Words
    rows: Rows
    count: str

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if not self.rows.has_column("participants"):
            raise RuleError("для процедуры ожидалась таблица «results»", "rows", "table")
        self.rows.require_counts(count=self.count)
        return self


class FiokoLevel(Frozen):
    """A level of ШНОР: the least number of low procedures."""

    name: Words
    min_low_procedures: Whole


class Fioko(Frozen):
    """ФИОКО's rule of ШНОР: low procedures of one year, or of each of the last `years`."""

    title: Words
    low_share_pct: float = Field(gt=0, le=100, strict=True)
    min_low_procedures: Whole
    min_low_procedures_each_year: Whole
    years: Whole
    levels: tuple[FiokoLevel, ...] = ()
    procedures: tuple[FiokoProcedure, ...] = Field(min_length=1)
    source: Words

    @model_validator(mode="after")
    def _check_numbers(self) -> Self:
        _refuse_doubled([procedure.id for procedure in self.procedures], "procedures")
        for key in ("min_low_procedures", "min_low_procedures_each_year"):
            if getattr(self, key) > len(self.procedures):
                raise RuleError(f"ожидалось число не больше {len(self.procedures)}: столько процедур", key)
        return self


class Methodology(Frozen):
    """One methodology, whole. `orientation` and `social_rule` are the switches between readings of the document."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Words
    version: Words
    source: Words
    orientation: Orientation = "consistent"
    social_rule: str | None = None
    groups: Annotated[GroupsByType | GroupsByExams, Field(discriminator="by")]
    domains: dict[Domain, DomainRules]
    lists: Lists
    fioko: Fioko | None = None
    thresholds: ThresholdUse | None = None
    certainty: Certainty | None = None

    @model_validator(mode="after")
    def _check_domains(self) -> Self:
        if "results" not in self.domains:
            raise RuleError("ожидался индекс results", "domains")
        taken = {item.id for item in self.domains["results"].indicators}
        social = self.domains.get("social")
        for place, item in enumerate(social.indicators if social else ()):
            if item.id in taken:
                at = ("domains", "social", "indicators", place, "id")
                raise RuleError("такой id уже есть в другом индексе, ожидался другой", *at)
        if self.lists.social and not social:
            raise RuleError("статусы заданы, а индекса social нет", "lists", "social")
        return self

    @model_validator(mode="after")
    def _check_rules(self) -> Self:
        known = ", ".join(self.lists.window_rules)
        if self.social_rule and self.social_rule not in self.lists.window_rules:
            raise RuleError(f"ожидалось одно из правил окна: {known}", "social_rule")
        for domain in self.domains:
            for place, status in enumerate(self.lists.list_statuses(domain)):
                self._check_status(domain, status, ("lists", domain, place))
        return self

    def _check_status(self, domain: Domain, status: Status, at: tuple[str | int, ...]) -> None:
        if status.rule == "social_rule" and not self.social_rule:
            raise RuleError("а переключатель social_rule не задан; ожидалось имя правила окна", *at, "rule")
        if status.rule not in (*self.lists.window_rules, "social_rule"):
            raise RuleError(f"ожидалось одно из правил окна: {', '.join(self.lists.window_rules)}", *at, "rule")
        for place, condition in enumerate(self.find_rule(status).any_of):
            if status.band is None and (condition.mean or condition.last or condition.at_least):
                text = f"ожидалась группа band: без неё правило {status.rule} не проверить"
                raise RuleError(text, *at)
            if (condition.lags or 0) > self.domains[domain].gaps:
                rule = self.social_rule if status.rule == "social_rule" else status.rule
                text = f"ожидалось число не больше {self.domains[domain].gaps}: столько показателей отставания"
                raise RuleError(text, "lists", "window_rules", str(rule), "any_of", place, "lags")

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
    if not path.is_file():
        raise MethodologyError(_say_missing(path))
    faults: list[Fault] = []
    try:
        entry, files = read_extended(path, "методики", faults, _leave_out)
        faults += _require_own_names(entry, path) if len(files) > 1 else []
        switches = {"orientation": orientation, "social_rule": social_rule}
        given = {key: Entry(value, "", 0) for key, value in switches.items() if value is not None}
        entry = replace(entry, value=entry.value | given)
        made = validate_entries(Methodology, entry, f"Файл методики «{path.name}»", faults)
        raise_faults(f"Файл методики «{path.name}»", _check_register(made.thresholds, entry, path.parent))
    except ConfigurationError as error:
        raise MethodologyError(str(error)) from None
    return made


OWN_KEYS = ("id", "title", "version", "source")
"""What a file that extends another one has to say for itself."""


def _require_own_names(entry: Entry, path: Path) -> list[Fault]:
    text = f"ключ взят из файла «{{}}», ожидался свой в файле «{path.name}»"
    inherited = {key: entry.find(key) for key in OWN_KEYS}
    return [
        Fault(found, key, text.format(found.file))
        for key, found in inherited.items()
        if found and found.file != path.name
    ]


class Without(Frozen):
    """What a file leaves out of the one it extends: indicators by block or id, procedures of ФИОКО's rule."""

    blocks: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()


class _WithoutKey(Frozen):
    without: Without


def _leave_out(entry: Entry, faults: list[Fault]) -> Entry:
    """Carry out `without`; a name that fits nothing is a fault."""
    section = entry.value.pop("without", None)
    if section is None:
        return entry
    held = replace(section, value={"without": section})
    without = validate_entries(_WithoutKey, held, f"Файл методики «{section.file}»", ()).without
    found: dict[str, set[str]] = {"blocks": set(), "indicators": set(), "procedures": set()}
    domains = entry.find("domains")
    for domain in domains.value.values() if domains and isinstance(domains.value, dict) else ():
        found["blocks"] |= _drop_records(domain, "indicators", ("block",), without.blocks)
        found["indicators"] |= _drop_records(domain, "indicators", ("id",), without.indicators)
    fioko = entry.find("fioko")
    found["procedures"] |= _drop_records(fioko, "procedures", ("rows", "procedure"), without.procedures)
    for key, known in found.items():
        for place, name in enumerate(getattr(without, key)):
            if name not in known:
                text = f"стоит «{name}», а исключать под этим именем нечего"
                faults.append(locate(held, ("without", key, place), text))
    return entry


def _drop_records(section: Entry | None, key: str, path: Sequence[str], names: Sequence[str]) -> set[str]:
    """Remove the records of a list whose value at `path` is one of the names; return the names found there."""
    records = section.find(key) if section else None
    if section is None or records is None or not isinstance(records.value, list):
        return set()
    marked = [(record, _read_names(record, path)) for record in records.value]
    kept = [record for record, found in marked if not found or not found <= set(names)]
    section.value[key] = replace(records, value=kept)
    return set().union(*(found for _, found in marked)) & set(names)


def _read_names(record: Entry, path: Sequence[str]) -> set[str]:
    """The text, or the texts of the list, that stand at the end of a path of keys."""
    entry: Entry | None = record
    for key in path:
        entry = entry.find(key) if entry else None
    value = entry.strip() if entry else None
    return set(map(str, value)) if isinstance(value, list) else {str(value)}


def list_methodologies(folder: Path) -> list[Path]:
    """Methodology files of a folder, sorted; registers and other files that may lie there are not among them."""
    files = sorted(folder.glob("*.yml"), key=lambda path: path.stem)
    return [path for path in files if re.search(rb"^(domains|extends):", path.read_bytes(), re.MULTILINE)]


def list_files(path: Path) -> list[Path]:
    """Files that a methodology is made of: itself, those it extends and its register; a wrong one alone."""
    try:
        entry, files = read_extended(path, "методики", [], _leave_out)
    except ConfigurationError:
        return [path]
    use = entry.find("thresholds")
    register = use.find("register") if use else None
    return [*files, path.parent / str(register.value)] if register else files


def find_methodology(name: str, folder: Path) -> Path:
    """File of a methodology given by its name in `folder` or by a path to a YAML file."""
    return Path(name) if name.endswith((".yml", ".yaml")) else folder / f"{name}.yml"


def _say_missing(path: Path) -> str:
    known = ", ".join(f"«{found.stem}»" for found in list_methodologies(path.parent)) or "нет ни одной"
    return f"Методики «{path.stem}» нет. В папке «{path.parent.name}» есть: {known}."


def _check_register(use: ThresholdUse | None, entry: Entry, folder: Path) -> list[Fault]:
    """Faults of the register a methodology names: no such file, or years it is written for without a row."""
    if use is None:
        return []
    path = folder / use.register_file
    if not path.is_file():
        text = f"стоит «{path.name}», а такого файла в папке «{folder.name}» нет"
        return [locate(entry, ("thresholds", "register"), text)]
    register = load_register(path)
    faults = []
    for place, year in enumerate(use.years if use.missing == "stop" else ()):
        for text in list_lacking(register, list_needs(use, [year])):
            at = locate(entry, ("thresholds", "years", place), "")
            faults.append(replace(at, text=f"{text[0].lower()}{text[1:].rstrip('.')}"))
    return faults
