"""Decisions in words (предложения): one sentence for every school and list."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from effschool.base.russian import choose_word, join_words
from effschool.certainty.explain.ways import Way
from effschool.method.methodology import FIOKO_LIST, Methodology


@dataclass(frozen=True)
class Decisions:
    """What would have changed every decision of a year (что изменило бы решение).

    Args:
        rows: a row per school and list: year, school_id, list, is_member (missing: could not be decided), pupils (in
            all changes together; missing where one indicator a year does not change the decision), sentence.
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


def tabulate_ways(
    ways: Iterable[tuple[str, str, bool | None, Way | None]], year: int, aims: Mapping[str, bool]
) -> Decisions:
    """Frames of the ways, with one sentence for each."""
    rows, changes = [], []
    known = list(ways)
    entries = {
        (school, way.changes): name
        for school, name, is_member, way in known
        if way and not way.blocked and is_member is False and aims.get(name) is False
    }
    for school, name, is_member, way in known:
        possible = way is not None and not way.blocked
        pupils = way.cost[1] if way and possible else None
        worse = entries.get((school, way.changes)) if way and possible and is_member else None
        decision = say_decision(name, year, is_member, way, aims.get(name))
        sentence = say_worse(name, year, way, worse) if way and worse else decision
        rows.append((year, school, name, is_member, pupils, sentence, worse))
        for change in way.changes if way and possible else ():
            changes.append(
                (year, school, name, change.year, change.criterion, change.before, change.after, change.participants)
            )
    columns = ["year", "school_id", "list", "is_member", "pupils", "sentence", "worse"]
    numbers = ["change_year", "criterion", "before", "after", "participants"]
    return Decisions(
        pd.DataFrame(rows, columns=columns).astype({"is_member": "boolean", "pupils": "Int64", "worse": "str"}),
        pd.DataFrame(changes, columns=[*columns[:3], *numbers]),
    )


def say_worse(name: str, year: int, way: Way, worse: str) -> str:
    """For a school that the smallest change would put on a list that nobody wants to be on, instead of its own."""
    phrases = join_words(change.phrase for change in way.changes)
    return (
        f"Школа в списке «{name}» {year} года; ближайшее другое решение хуже: до списка «{worse}» оставалось {phrases}."
    )


def say_decision(name: str, year: int, is_member: bool | None, way: Way | None, aim: bool | None = None) -> str:
    """One sentence: where the school stands and what would have changed it; `aim` as `name_aims` gives it."""
    if is_member is None:
        return f"О списке «{name}» {year} года решения нет: нет данных о процедурах этого года."
    stands = f"{'Школа в списке' if is_member else 'Школы нет в списке'} «{name}» {year} года"
    if way is None:
        return (
            f"{stands}; число учеников, которое изменило бы это, не вычисляется: решают годы без данных, процедуры, "
            "которых в школе не было, слишком большое число сочетаний лет и показателей или правило, в котором названы "
            "и группы, и средний индекс, и отставание."
        )
    if way.blocked and way.is_mean:
        years = f"{join_words(map(str, way.blocked))} {'год' if len(way.blocked) == 1 else 'годы'}"
        return f"{stands}; одним показателем за год этого не изменить: понадобился бы другой средний индекс за {years}."
    if way.blocked:
        years = f"{join_words(map(str, way.blocked))} {'году' if len(way.blocked) == 1 else 'годах'}"
        return f"{stands}; одним показателем этого не изменить: понадобилась бы другая группа в {years}."
    phrases = join_words(change.phrase for change in way.changes)
    if aim is not None and aim != is_member:
        return f"{stands}; чтобы {'не ' * is_member}войти в него, не хватило {phrases}."
    pupils = way.changes[0].pupils if len(way.changes) == 1 else 2
    return f"{stands}; решение {choose_word(pupils, 'изменил', 'изменили', 'изменили')} бы {phrases}."
