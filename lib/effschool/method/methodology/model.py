"""One methodology, whole, and what its parts have to say about one another."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words
from effschool.method.methodology.certainty import Certainty
from effschool.method.methodology.domains import Domain, DomainRules, Orientation
from effschool.method.methodology.doubt import Doubtful, DoubtRules
from effschool.method.methodology.dynamics import DynamicsRules
from effschool.method.methodology.effects import Clusters, Effects
from effschool.method.methodology.fioko import Fioko
from effschool.method.methodology.groups import GroupsByExams, GroupsByType
from effschool.method.methodology.indicators import Indicator, ShareIndicator
from effschool.method.methodology.lists import Lists, Status, WindowCondition, WindowRule
from effschool.method.methodology.partners import Partners
from effschool.method.thresholds import ThresholdUse

CertificateTotal = Literal["graduates", "participants"]


def switch_totals(rules: object, over: bool) -> object:
    """Rules of a domain as they stand in a file, its shares of participants switched on or off."""
    if not isinstance(rules, dict) or not isinstance(rules.get("indicators"), list | tuple):
        return rules
    items = [
        {**item, "over_participants": over} if isinstance(item, dict) and item.get("participants_of") else item
        for item in rules["indicators"]
    ]
    return {**rules, "indicators": items}


def switch_rules(rules: DomainRules, over: bool) -> DomainRules:
    """Rules of a domain, its shares of participants switched on or off."""
    items = [
        item.model_copy(update={"over_participants": over})
        if isinstance(item, ShareIndicator) and item.participants_of
        else item
        for item in rules.indicators
    ]
    return rules.model_copy(update={"indicators": tuple(items)})


class Methodology(Frozen):
    """One methodology, whole.

    `orientation`, `social_rule`, `certificate_total` and the reading of `groups` are the switches between readings of
    the document; `certificate_total` says what the shares of graduates without a certificate are of. `doubtful` says
    whether ВПР of a year with signs of doubt is left out of the index.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: Words
    version: Words
    source: Words
    orientation: Orientation = "consistent"
    social_rule: str | None = None
    certificate_total: CertificateTotal = "graduates"
    doubtful: Doubtful = "show"
    groups: Annotated[GroupsByType | GroupsByExams, Field(discriminator="by")]
    domains: dict[Domain, DomainRules]
    lists: Lists
    fioko: Fioko | None = None
    thresholds: ThresholdUse | None = None
    certainty: Certainty | None = None
    dynamics: DynamicsRules | None = None
    partners: Partners | None = None
    effects: Effects | None = None
    clusters: Clusters | None = None
    doubt: DoubtRules | None = None

    @model_validator(mode="before")
    @classmethod
    def _switch_totals(cls, data: object) -> object:
        """Tell the indicators of the switch `certificate_total`, so that each says by itself how it is counted."""
        if not isinstance(data, dict) or not isinstance(data.get("domains"), dict):
            return data
        domains, over = data["domains"], data.get("certificate_total") == "participants"
        return {**data, "domains": {name: switch_totals(rules, over) for name, rules in domains.items()}}

    @model_validator(mode="after")
    def _check_certificates(self) -> Self:
        has_other = any(item.over_participants for item in self.indicators.values() if item.kind == "share")
        if self.certificate_total == "participants" and not has_other:
            raise RuleError("ожидался показатель с ключом participants_of: иначе делить не на что", "certificate_total")
        return self

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
    def _check_dynamics(self) -> Self:
        if not self.dynamics:
            raise RuleError(
                "ожидался раздел dynamics: без него отчётов не составить; образец — methodologies/khabarovsk-2020.yml"
            )
        return self

    @model_validator(mode="after")
    def _check_doubt(self) -> Self:
        if self.doubtful == "leave_out" and not self.doubt:
            raise RuleError("признаков никто не ищет: ожидался раздел doubt", "doubtful")
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

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy; what is remembered of the domains is found anew, for the copy may have others."""
        copy = super().model_copy(update=update, deep=deep)
        if "certificate_total" in (update or {}):
            over = copy.certificate_total == "participants"
            copy.__dict__["domains"] = {name: switch_rules(rules, over) for name, rules in copy.domains.items()}
        copy.__dict__.pop("indicators", None)
        return copy

    def iterate_domains(self) -> Iterator[tuple[Domain, DomainRules]]:
        """Domains in the order of the file."""
        yield from self.domains.items()

    def list_watched(self, domain: Domain) -> list[str]:
        """Statuses of the worse band of a domain: lists of schools that need help."""
        rules = self.domains.get(domain)
        statuses = self.lists.list_statuses(domain) if rules else ()
        return [status.status for status in statuses if rules and status.band == rules.worse_band]

    def find_rule(self, status: Status) -> WindowRule:
        """The window rule of a status, the switch `social_rule` resolved."""
        name = self.social_rule if status.rule == "social_rule" else status.rule
        return self.lists.window_rules[str(name)]

    def list_conditions(self, domain: Domain) -> list[WindowCondition]:
        """Conditions of all statuses of a domain."""
        rules = [self.find_rule(status) for status in self.lists.list_statuses(domain)]
        return [condition for rule in rules for condition in rule.any_of]
