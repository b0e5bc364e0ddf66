"""Decisions in words (предложения): one sentence for every school and list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from effschool.base.russian import join_words
from effschool.certainty.explain.ways import Way
from effschool.method.methodology import FIOKO_LIST, Methodology


@dataclass(frozen=True)
class Decisions:
    """What would have changed every decision of a year (что изменило бы решение).

    Args:
        rows: a row per school and list: year, school_id, list, is_member (missing: could not be decided), pupils (in
            all changes together; missing where one indicator a year does not change the decision), sentence, worse (the
            worse list that the change leads to), within_reach (whether the sentence is for the school's own page),
            reason (the low procedures of a school on ФИОКО's list, else missing).
        changes: a row per change of a possible way: year, school_id, list, change_year, criterion, before, after,
            participants.
    """

    rows: pd.DataFrame
    changes: pd.DataFrame


def name_aims(methodology: Methodology) -> dict[str, bool]:
    """Lists that a school would rather be on (True: those of the better band) or off (False: the worse, ФИОКО's)."""
    aims = {FIOKO_LIST: False}
    for domain, rules in methodology.iterate_domains():
        for status in methodology.lists.list_statuses(domain):
            lags = any(condition.lags for condition in methodology.find_rule(status).any_of)
            if status.band in ("low", "high") or lags:
                aims[status.status] = not lags and status.band != rules.worse_band
    return aims


def name_heavier(methodology: Methodology) -> dict[str, set[str]]:
    """Of every list that a school would rather be off, those of its domain that are checked before it."""
    unwanted = [name for name, aim in name_aims(methodology).items() if not aim]
    heavier: dict[str, set[str]] = {}
    for domain, _ in methodology.iterate_domains():
        names = [item.status for item in methodology.lists.list_statuses(domain) if item.status in unwanted]
        heavier |= {name: set(names[:place]) for place, name in enumerate(names)}
    return heavier


def tabulate_ways(
    ways: Iterable[tuple[str, str, bool | None, Way | None]],
    year: int,
    aims: Mapping[str, bool],
    heavier: Mapping[str, set[str]],
) -> Decisions:
    """Frames of the ways, with one sentence for each."""
    rows, changes = [], []
    known = list(ways)
    members = {(school, name) for school, name, is_member, _ in known if is_member}
    entries = {
        (school, way.changes): name
        for school, name, is_member, way in known
        if way and not way.blocked and is_member is False and aims.get(name) is False
    }
    for school, name, is_member, way in known:
        possible = way is not None and not way.blocked
        pupils = way.cost[1] if way and possible else None
        other = entries.get((school, way.changes)) if way and possible and is_member else None
        is_worse = other is not None and not any((school, each) in members for each in heavier.get(other, ()))
        decision = say_decision(name, year, is_member, way)
        is_told = way is not None and way.may_be_told
        sentence = say_instead(name, year, way, other, is_worse) if way and other and is_told else decision
        reach = way is not None and way.is_within_reach
        rows.append((year, school, name, is_member, pupils, sentence, other if is_worse else None, reach))
        for change in way.changes if way and possible else ():
            changes.append(
                (year, school, name, change.year, change.criterion, change.before, change.after, change.participants)
            )
    columns = ["year", "school_id", "list", "is_member", "pupils", "sentence", "worse", "within_reach"]
    numbers = ["change_year", "criterion", "before", "after", "participants"]
    return Decisions(
        pd.DataFrame(rows, columns=columns).astype({"is_member": "boolean", "pupils": "Int64", "worse": "str"}),
        pd.DataFrame(changes, columns=[*columns[:3], *numbers]),
    )


def say_instead(name: str, year: int, way: Way, other: str, is_worse: bool) -> str:
    """For a school that the smallest change would put on another list that nobody wants to be on."""
    if is_worse:
        return f"Школа в списке «{name}» {year} года; другое решение хуже: в списке «{other}» она была бы, {_if(way)}."
    return f"Школа была бы не в списке «{name}» {year} года, а в списке «{other}», {_if(way)}."


def _if(way: Way) -> str:
    return f"если бы {join_words(change.phrase for change in way.changes)}"


def say_decision(name: str, year: int, is_member: bool | None, way: Way | None) -> str:
    """One sentence: where the school stands and what would have changed it."""
    if is_member is None:
        return f"О списке «{name}» {year} года решения нет: нет данных о процедурах этого года."
    stands = f"{'Школа в списке' if is_member else 'Школы нет в списке'} «{name}» {year} года"
    if way is None:
        return (
            f"{stands}; число учеников, которое изменило бы это, не вычисляется: решают годы без данных, процедуры, "
            "которых в школе не было, слишком большое число сочетаний лет и показателей или правило, в котором названы "
            "и группы, и средний индекс, и отставание."
        )
    if way.blocked:
        return f"{stands}; {_say_blocked(way)}."
    if not way.may_be_told:
        return f"{stands}; это решают показатели, за которыми так мало детей, что числа здесь не называются."
    return f"Школа {'не вошла' if is_member else 'вошла'} бы в список «{name}» {year} года, {_if(way)}."


def _say_blocked(way: Way) -> str:
    years, is_one = join_words(map(str, way.blocked)), len(way.blocked) == 1
    if way.is_mean:
        when = f"{years} {'год' if is_one else 'годы'}"
        return f"одним показателем за год этого не изменить: понадобился бы другой средний индекс за {when}"
    when = f"{years} {'году' if is_one else 'годах'}"
    return f"одним показателем этого не изменить: понадобилась бы другая группа в {when}"
