"""Numbers of the methodology that a reader may change in the workbook (параметры), each a named cell."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from effschool.method.indices import weigh_indicators
from effschool.method.methodology import Domain, DomainRules, Fioko, Methodology

TOLERANCE = "Допуск"
LAG_VALUE = "Отстающая_входит_как"
EQUAL_VALUES = 1e-9
"""Values closer than this are equal where the methodology sets no tolerance, as in `normalise` and `lists`."""
DOMAIN_WORDS: dict[Domain, str] = {"results": "результаты", "social": "условия"}


@dataclass(frozen=True)
class Parameter:
    """A named cell: name used in formulas, what it means, its value, and where the methodology says so."""

    name: str
    title: str
    value: float
    source: str


def list_parameters(methodology: Methodology) -> list[Parameter]:
    """All parameters in the order of the sheet."""
    found = [Parameter(TOLERANCE, "Числа ближе этого считаются равными", EQUAL_VALUES, "правило программы")]
    for domain, rules in methodology.iterate_domains():
        found += list_domain_parameters(domain, rules)
    lag = float(methodology.orientation == "literal")
    text = "Чем отстающая школа входит в индекс: 0 — «чем выше, тем лучше» (consistent), 1 — буквально (literal)"
    found += [Parameter(LAG_VALUE, text, lag, methodology.source)]
    for key, rule in methodology.lists.window_rules.items():
        for number, condition in enumerate(rule.any_of, start=1):
            for value, words in ((condition.at_least, "лет окна"), (condition.lags, "показателей отставания")):
                if value is not None:
                    title = f"Правило «{rule.title}»: не меньше стольких {words}"
                    found += [Parameter(name_rule(key, number), title, value, methodology.lists.source)]
    return found + list(list_fioko_parameters(methodology.fioko) if methodology.fioko else ())


def list_domain_parameters(domain: Domain, rules: DomainRules) -> Iterator[Parameter]:
    """Cut, coverage, thresholds of lag and weights of one index."""
    yield Parameter(name_share(domain), f"{rules.title}: доля школ в крайней группе", rules.bands.share, rules.source)
    yield Parameter(
        name_tolerance(domain), f"{rules.title}: индексы ближе этого равны", rules.bands.tolerance, rules.source
    )
    yield Parameter(
        name_coverage(domain), f"{rules.title}: наименьшая полнота данных", rules.min_coverage, rules.source
    )
    if rules.few_pupils.policy != "as_is":
        title = f"{rules.title}: мало участников, если их меньше"
        yield Parameter(name_fewest(domain), title, rules.few_pupils.min_participants, rules.source)
    for item in rules.indicators:
        if threshold := getattr(item, "threshold", None):
            yield Parameter(name_threshold(item.id), f"Порог: {item.short}", threshold, rules.source)
    if is_weighted(rules):
        for item_id, weight in weigh_indicators(rules).items():
            title = next(item.short for item in rules.indicators if item.id == item_id)
            yield Parameter(name_weight(item_id), f"Вес: {title}", weight, rules.source)


def list_fioko_parameters(fioko: Fioko) -> Iterator[Parameter]:
    """Thresholds of ФИОКО's rule."""
    yield Parameter(
        "ФИОКО_доля", "ШНОР: результат низкий, если не справились, %, не меньше", fioko.low_share_pct, fioko.source
    )
    text = "ШНОР: низких процедур в году, не меньше"
    yield Parameter("ФИОКО_процедур", text, fioko.min_low_procedures, fioko.source)
    text = "ШНОР: или низких процедур в каждом году окна, не меньше"
    yield Parameter("ФИОКО_процедур_каждый_год", text, fioko.min_low_procedures_each_year, fioko.source)
    for number, level in enumerate(fioko.levels, start=1):
        text = f"ШНОР, уровень «{level.name}»: низких процедур, не меньше"
        yield Parameter(name_level_parameter(number), text, level.min_low_procedures, fioko.source)


def is_weighted(rules: DomainRules) -> bool:
    """Whether indicators weigh differently, so that a plain mean would not do."""
    return set(weigh_indicators(rules).values()) != {1.0}


def name_share(domain: Domain) -> str:
    """Name of the share of a band."""
    return f"Доля_группы_{DOMAIN_WORDS[domain]}"


def name_tolerance(domain: Domain) -> str:
    """Name of the tolerance of ties."""
    return f"Допуск_{DOMAIN_WORDS[domain]}"


def name_coverage(domain: Domain) -> str:
    """Name of the least coverage."""
    return f"Полнота_{DOMAIN_WORDS[domain]}"


def name_fewest(domain: Domain) -> str:
    """Name of the number of participants below which an indicator is treated otherwise."""
    return f"Мало_участников_{DOMAIN_WORDS[domain]}"


def name_threshold(indicator_id: str) -> str:
    """Name of a threshold of lag."""
    return f"Порог_{indicator_id}"


def name_weight(indicator_id: str) -> str:
    """Name of a weight."""
    return f"Вес_{indicator_id}"


def name_rule(key: str, number: int) -> str:
    """Name of the number of years that a window rule asks for."""
    return f"Правило_{re.sub(r'[^0-9A-Za-zА-Яа-яЁё]', '_', key)}_{number}"


def name_level_parameter(number: int) -> str:
    """Name of the least number of low procedures of a level."""
    return f"ФИОКО_уровень_{number}"
