"""Lists (списки): windows of years, the rules over them, statuses and the joint list."""

from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words
from effschool.method.methodology.domains import Band, Domain


class WindowCondition(Frozen):
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
    any_of: tuple[WindowCondition, ...] = Field(min_length=1)


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
