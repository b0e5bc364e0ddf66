"""Why this school (почему эта школа): parts of the index, and by how many pupils every decision was made.

A change is of counts of pupils, everything else stays as it is, as `crossings` says.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import NamedTuple, cast

import numpy as np
import pandas as pd

from effschool.crossings import TOLERANCE, Change, Options, list_options, open_groups
from effschool.display import Table
from effschool.dynamics import FIOKO_LIST
from effschool.fioko import compute_procedure_shares
from effschool.identify import Identified
from effschool.indicators import KEY, Tables
from effschool.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW, weigh_indicators
from effschool.lists import name_joint
from effschool.methodology import Domain, DomainRules, Fioko, Methodology, Status
from effschool.russian import NO_DATA, choose_word, count_words, format_number, join_words
from effschool.schemas import BANDS
from effschool.windows import (
    Standing,
    WindowView,
    count_lags,
    find_ranked_years,
    is_covered,
    list_candidates,
    list_covered_years,
    satisfy_rule,
    view_window,
)

# Parts of the index


def explain_index(identified: Identified, methodology: Methodology, year: int) -> pd.DataFrame:
    """Parts of every index of a year (вклад показателей): a row per school, domain and indicator.

    Returns:
        Columns year, school_id, domain, group, indicator, raw, normalised, weight (share of the school's weights),
        contribution, distance, rank, ranked_schools, marginal_id. Contributions of a school sum to its index; where
        the mean is geometric, to the natural logarithm of it. `distance` is the contribution less that of the marginal
        school (пограничная школа: the one of the worse band that is nearest to the middle one); they sum to the
        distance of the two indices (of their logarithms). Missing: contribution of an indicator that does not vary,
        distance of a school that is not ranked or in a group where nobody is in the worse band. An indicator that only
        the marginal school has stands with a missing `raw`.
    """
    values = identified.indicators[identified.indicators["year"] == year]
    parts = [weigh_parts(values[values["domain"] == domain], rules) for domain, rules in methodology.iterate_domains()]
    places = place_schools(identified.indices[identified.indices["year"] == year], methodology)
    return compare_with_marginal(pd.concat(parts, ignore_index=True), places)


def weigh_parts(values: pd.DataFrame, rules: DomainRules) -> pd.DataFrame:
    """Add `weight` and `contribution` to the indicators of one year and domain."""
    weight = values["indicator"].map(weigh_indicators(rules)).astype("float64").where(values["normalised"].notna())
    share = weight / weight.groupby(values["school_id"]).transform("sum").where(lambda total: total > 0)
    return values.assign(weight=share, contribution=share * transform_values(values["normalised"], rules))


def transform_values(normalised: pd.Series, rules: DomainRules) -> pd.Series:
    """Values whose weighted mean the index is: as they are, or logarithms of 1…100 for a geometric mean."""
    if rules.aggregation.kind == "arithmetic":
        return normalised
    return np.log(GEOMETRIC_LOW + (GEOMETRIC_HIGH - GEOMETRIC_LOW) * normalised)


def place_schools(indices: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Place in the group: a row per school and domain with group, rank, ranked_schools and marginal_id."""
    scope = [indices["domain"], indices["group"]]
    places = indices.assign(ranked_schools=indices.groupby(scope)["rank"].transform("count"), marginal_id=None)
    for (domain, _), schools in indices.groupby(["domain", "group"]):
        rules = methodology.domains[cast(Domain, domain)]
        worse = schools[schools["band"] == rules.worse_band].sort_values("school_id")
        if len(worse):
            marginal = worse["index"].idxmax() if rules.better == "high" else worse["index"].idxmin()
            places.loc[schools.index[schools["rank"].notna()], "marginal_id"] = worse.loc[marginal, "school_id"]
    columns = ["year", "school_id", "domain", "group", "rank", "ranked_schools", "marginal_id"]
    return places[columns].astype({"marginal_id": "str"})


def compare_with_marginal(parts: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Add place and `distance` to the parts, indicators that only the marginal school has included."""
    own = parts.drop(columns=["year", "participants"])
    marginal = own[["school_id", "domain", "indicator", "contribution"]].rename(
        columns={"school_id": "marginal_id", "contribution": "marginal"}
    )
    reference = places.dropna(subset="marginal_id")[["school_id", "domain", "marginal_id"]].merge(marginal)
    joined = own.merge(reference.drop(columns="marginal_id"), how="outer", on=["school_id", "domain", "indicator"])
    joined = joined.merge(places, how="left", on=["school_id", "domain"], validate="many_to_one")
    distance = joined["contribution"].fillna(0) - joined["marginal"].fillna(0)
    columns = ["year", "school_id", "domain", "group", "indicator", "raw", "normalised", "weight", "contribution"]
    columns += ["distance", "rank", "ranked_schools", "marginal_id"]
    return joined.assign(distance=distance.where(joined["marginal_id"].notna()))[columns]


# Decisions


@dataclass(frozen=True)
class Way:
    """A way to another status (путь): the changes, and the years in which no single indicator is enough."""

    changes: tuple[Change, ...] = ()
    blocked: tuple[int, ...] = ()

    @property
    def cost(self) -> tuple[int, int, int]:
        """Order of preference: possible ones first, then the fewest pupils, then the fewest changes."""
        return len(self.blocked), sum(change.pupils for change in self.changes), len(self.changes)

    def __add__(self, other: "Way") -> "Way":
        return Way(self.changes + other.changes, tuple(sorted({*self.blocked, *other.blocked})))


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


Statuses = dict[str | None, Way | None]
"""Status → the cheapest way to it; None where data of other years would be needed."""


def explain_decision(identified: Identified, tables: Tables, methodology: Methodology, year: int) -> Decisions:
    """The least change of counts that would have put every school on every list of a year, or off it.

    In a quartile index one indicator is changed in a year; ФИОКО's list may need several procedures. For the lists of
    results and of conditions the cheapest set of years is taken. A rule on the mean of the window is not searched.
    """
    listed = identified.lists[identified.lists["year"] == year]
    schools = identified.schools.dropna(subset="group").merge(listed[KEY], on=KEY)
    windows = list(_open_windows(identified, schools, methodology, year))
    years = sorted({each for window in windows for found in window.years for each in found if each})
    options = list_options(open_groups(identified, tables, methodology, years))
    reach = {window.domain: reach_statuses(window, options, methodology) for window in windows}
    fioko = _find_fioko_ways(identified, tables, methodology.fioko, year) if methodology.fioko else {}
    ways: list[tuple[str, str, bool | None, Way | None]] = []
    for school, *statuses in listed[["school_id", "results_status", "social_status"]].itertuples(index=False):
        current = dict(zip(DOMAINS, map(_read, statuses), strict=True))
        own: dict[Domain, Statuses] = {
            domain: {current[domain]: Way()} if has_mean_rule(domain, methodology) else found[school]
            for domain, found in reach.items()
        }
        ways += [(school, *row) for row in decide_lists(current, own, methodology)]
        ways += [(school, FIOKO_LIST, *fioko.get(school, (None, None)))] if methodology.fioko else []
    return tabulate_ways(ways, year, name_aims(methodology))


DOMAINS: tuple[Domain, Domain] = ("results", "social")


def _read(value: object) -> str | None:
    return None if pd.isna(value) else str(value)


@dataclass(frozen=True)
class OpenWindow:
    """The window of one domain and report year: per school the year of every slot, None where it has no band."""

    domain: Domain
    view: WindowView
    years: tuple[tuple[int | None, ...], ...]


def _open_windows(
    identified: Identified, schools: pd.DataFrame, methodology: Methodology, year: int
) -> Iterator[OpenWindow]:
    """Windows of the domains that have lists in the year."""
    standing = Standing(identified.indices, count_lags(identified.indicators, methodology))
    for domain in methodology.domains:
        ranked = find_ranked_years(identified.indices, domain)
        if len(schools) and is_covered(methodology.lists.window, year, ranked):
            view = view_window(standing, schools, year, domain, methodology)
            candidates = list_candidates(methodology.lists.window, year, min(ranked))
            yield OpenWindow(domain, view, _date_slots(view, identified.indices, domain, candidates))


def _date_slots(
    view: WindowView, indices: pd.DataFrame, domain: Domain, candidates: Sequence[int]
) -> tuple[tuple[int | None, ...], ...]:
    """Year of every slot of the window: slots with a band are each school's last ranked years, in order."""
    chosen = indices[(indices["domain"] == domain) & indices["band"].notna() & indices["year"].isin(list(candidates))]
    ranked = chosen.sort_values("year").groupby("school_id")["year"].agg(list)
    dated = []
    for school, bands in zip(view.ids, view.bands, strict=True):
        years = iter(ranked.get(school, [])[-int((~pd.isna(bands)).sum()) :])
        dated.append(tuple(None if pd.isna(band) else next(years) for band in bands))
    return tuple(dated)


def reach_statuses(window: OpenWindow, options: Options, methodology: Methodology) -> dict[str, Statuses]:
    """The cheapest way of every school to every status of a domain; a year without a band stays without one."""
    reach: dict[str, Statuses] = {school: {} for school in window.view.ids}
    for combination in product(BANDS, repeat=window.view.bands.shape[1]):
        wanted = np.where(pd.isna(window.view.bands), window.view.bands, np.array(combination, dtype=object))
        named = _name_statuses(replace(window.view, bands=wanted), window.domain, methodology)
        for place, (school, status) in enumerate(zip(window.view.ids, named, strict=True)):
            steps = zip(window.years[place], window.view.bands[place], wanted[place], strict=True)
            moves = {year: new for year, old, new in steps if year and old != new}
            found = {year: options.get((school, window.domain, year, band)) for year, band in moves.items()}
            blocked = tuple(year for year, change in found.items() if not change)
            way = Way(tuple(change for change in found.values() if change), blocked)
            reach[school][status] = _choose(reach[school].get(status), way)
    return reach


def _name_statuses(view: WindowView, domain: Domain, methodology: Methodology) -> list[str | None]:
    """Statuses by the library's own rules, the first that fits."""
    named = np.full(len(view.ids), None, dtype=object)
    for status in reversed(_list_statuses(domain, methodology)):
        named[satisfy_rule(view, status.band, methodology.find_rule(status))] = status.status
    return list(named)


def _list_statuses(domain: Domain, methodology: Methodology) -> tuple[Status, ...]:
    return methodology.lists.results if domain == "results" else methodology.lists.social


def _choose(*ways: Way | None) -> Way | None:
    return min((way for way in ways if way), key=lambda way: way.cost, default=None)


def has_mean_rule(domain: Domain, methodology: Methodology) -> bool:
    """Whether a list of the domain is decided by the window's mean index, which a band of one year does not tell."""
    rules = [methodology.find_rule(status) for status in _list_statuses(domain, methodology)]
    return any(condition.mean for rule in rules for condition in rule.any_of)


def decide_lists(
    current: Mapping[Domain, str | None], reach: Mapping[Domain, Statuses], methodology: Methodology
) -> Iterator[tuple[str, bool | None, Way | None]]:
    """Every list of results, conditions and the joint one: name, whether the school is on it, way to the contrary."""
    for domain, statuses in reach.items():
        for name in dict.fromkeys(status.status for status in _list_statuses(domain, methodology)):
            is_member = current[domain] == name
            others = [way for status, way in statuses.items() if (status == name) != is_member]
            yield name, is_member, _choose(*others)
    yield from decide_joint(current, reach, methodology)


def decide_joint(
    current: Mapping[Domain, str | None], reach: Mapping[Domain, Statuses], methodology: Methodology
) -> Iterator[tuple[str, bool | None, Way | None]]:
    """The same for the joint list, over all pairs of statuses."""
    none: Statuses = {None: Way()}
    ways = {
        (first, second): one + two
        for first, one in reach.get("results", none).items()
        for second, two in reach.get("social", none).items()
        if one and two
    }
    frame = pd.DataFrame([*ways, (current.get("results"), current.get("social"))], dtype="str")
    joints = _name_pairs(frame.set_axis(["results_status", "social_status"], axis=1), methodology)
    for name in dict.fromkeys(joint.status for joint in methodology.lists.joint):
        is_member = joints[-1] == name
        yield (
            name,
            is_member,
            _choose(*(way for way, got in zip(ways.values(), joints, strict=False) if (got == name) != is_member)),
        )


def _name_pairs(pairs: pd.DataFrame, methodology: Methodology) -> list[str | None]:
    return [_read(value) for value in name_joint(pairs, methodology.lists.joint)]


# ФИОКО's list


class Procedure(NamedTuple):
    """One procedure of a school in a year, and the change of failed participants that turns it."""

    is_low: bool
    change: Change


def list_procedures(shares: pd.DataFrame, fioko: Fioko) -> dict[tuple[str, int], list[Procedure]]:
    """Procedures of every school and year with the least change that makes a low one not low, or the reverse."""
    titles = {procedure.id: procedure.title for procedure in fioko.procedures}
    found: dict[tuple[str, int], list[Procedure]] = {}
    for row in shares.itertuples():
        # The least count that is low: the same slack as in `lists.compute_procedure_shares`.
        low = int(np.ceil((fioko.low_share_pct - TOLERANCE) * row.participants / 100))
        change = Change(
            row.year,
            row.procedure,
            titles[row.procedure],
            "participants",
            row.failed,
            low - 1 if row.is_low else low,
            row.participants,
        )
        found.setdefault((row.school_id, row.year), []).append(Procedure(bool(row.is_low), change))
    return found


def _find_fioko_ways(
    identified: Identified, tables: Tables, fioko: Fioko, year: int
) -> dict[str, tuple[bool | None, Way | None]]:
    """Whether each school is ШНОР, and the cheapest way to the contrary."""
    schools = identified.schools.dropna(subset="group")
    years = range(year - fioko.years + 1, year + 1)
    shares = compute_procedure_shares(tables, schools[schools["year"].isin(years)], fioko)
    procedures = list_procedures(shares, fioko)
    flags = identified.lists[identified.lists["year"] == year].dropna(subset="fioko_shnor")
    return {
        school: (
            bool(flag),
            turn_fioko({each: procedures.get((school, each), []) for each in years}, bool(flag), fioko),
        )
        for school, flag in zip(flags["school_id"], flags["fioko_shnor"], strict=True)
    }


def turn_fioko(by_year: Mapping[int, list[Procedure]], is_member: bool, fioko: Fioko) -> Way | None:
    """The cheapest set of procedures whose turn changes the decision; `by_year` the years in order, the last decides.

    Off the list: the year has fewer low procedures than `min_low_procedures`, and one of the years fewer than
    `min_low_procedures_each_year`. Onto it: the year reaches the first number, or every year the second.
    """
    once, each = fioko.min_low_procedures, fioko.min_low_procedures_each_year
    last = max(by_year)
    if not is_member:
        return _choose(
            raise_low(by_year[last], once), _sum_ways([raise_low(found, each) for found in by_year.values()])
        )
    both = [
        _sum_ways([lower_low(by_year[last], once - 1), lower_low(found, each - 1)])
        for year, found in by_year.items()
        if year != last
    ]
    return _choose(lower_low(by_year[last], min(once, each) - 1), *both)


def _sum_ways(ways: Sequence[Way | None]) -> Way | None:
    present = [way for way in ways if way]
    return sum(present, Way()) if len(present) == len(ways) else None


def raise_low(procedures: Sequence[Procedure], number: int) -> Way | None:
    """The cheapest changes after which at least `number` procedures are low; None where there are too few."""
    missing = max(number - sum(item.is_low for item in procedures), 0)
    return _take_cheapest([item for item in procedures if not item.is_low], missing)


def lower_low(procedures: Sequence[Procedure], number: int) -> Way | None:
    """The cheapest changes after which at most `number` procedures are low."""
    low = [item for item in procedures if item.is_low]
    return _take_cheapest(low, max(len(low) - number, 0))


def _take_cheapest(procedures: Sequence[Procedure], number: int) -> Way | None:
    ordered = sorted((item.change for item in procedures), key=lambda change: change.pupils)
    return Way(tuple(ordered[:number])) if number <= len(ordered) else None


# Words and tables


def name_aims(methodology: Methodology) -> dict[str, bool]:
    """Lists that a school would rather be on (True: those of the better band) or off (False: the worse, ФИОКО's)."""
    aims = {FIOKO_LIST: False}
    for domain, rules in methodology.iterate_domains():
        bands = {status.status: status.band for status in _list_statuses(domain, methodology) if status.band}
        aims |= {name: band != rules.worse_band for name, band in bands.items() if band != "mid"}
    return aims


def tabulate_ways(
    ways: Iterable[tuple[str, str, bool | None, Way | None]], year: int, aims: Mapping[str, bool]
) -> Decisions:
    """Frames of the ways, with one sentence for each."""
    rows, changes = [], []
    for school, name, is_member, way in ways:
        possible = way is not None and not way.blocked
        pupils = way.cost[1] if way and possible else None
        rows.append((year, school, name, is_member, pupils, say_decision(name, year, is_member, way, aims.get(name))))
        for change in way.changes if way and possible else ():
            changes.append(
                (year, school, name, change.year, change.criterion, change.before, change.after, change.participants)
            )
    columns = ["year", "school_id", "list", "is_member", "pupils", "sentence"]
    numbers = ["change_year", "criterion", "before", "after", "participants"]
    return Decisions(
        pd.DataFrame(rows, columns=columns).astype({"is_member": "boolean", "pupils": "Int64"}),
        pd.DataFrame(changes, columns=[*columns[:3], *numbers]),
    )


def say_decision(name: str, year: int, is_member: bool | None, way: Way | None, aim: bool | None = None) -> str:
    """One sentence: where the school stands and what would have changed it; `aim` as `name_aims` gives it."""
    if is_member is None:
        return f"О списке «{name}» {year} года решения нет: нет данных о процедурах этого года."
    stands = f"{'Школа в списке' if is_member else 'Школы нет в списке'} «{name}» {year} года"
    if way is None:
        return (
            f"{stands}; число учеников, которое изменило бы это, не вычисляется: решают годы без данных, "
            "отставание среднего балла или средний индекс за все годы окна."
        )
    if way.blocked:
        years = f"{join_words(map(str, way.blocked))} {'году' if len(way.blocked) == 1 else 'годах'}"
        return f"{stands}; одним показателем этого не изменить: понадобилась бы другая группа в {years}."
    phrases = join_words(change.phrase for change in way.changes)
    if aim is not None and aim != is_member:
        return f"{stands}; чтобы {'не ' * is_member}войти в него, не хватило {phrases}."
    return f"{stands}; решение {choose_word(way.cost[1], 'изменил', 'изменили', 'изменили')} бы {phrases}."


DECISION_NOTE = (
    "Наименьшее изменение числа учеников при прочих равных: одного показателя за год в индексе, отдельных процедур в "
    "списке ФИОКО. Средние баллы и данные других школ остаются прежними, крайние значения группы находятся заново."
)


def choose_year(identified: Identified, methodology: Methodology, year: int | None) -> int:
    """The year to explain: the one asked for, else the last with lists, else the last with indices.

    Raises:
        ValueError: the year has no indices; the message names those that have.
    """
    years = sorted(set(identified.indices["year"]))
    listed = [each for each in list_covered_years(identified.indices, methodology) if each in years]
    chosen = year if year is not None else (listed or years)[-1]
    if chosen not in years:
        raise ValueError(f"Года {chosen} нет в данных. Есть годы: {', '.join(map(str, years))}.")
    return chosen


def tabulate_decisions(decisions: Decisions, identified: Identified, name: str) -> Table:
    """What would have changed one list: a row per school, members first, the nearest to the line at the top."""
    chosen = decisions.rows[decisions.rows["list"] == name]
    named = chosen.merge(identified.schools[[*KEY, "name", "municipality"]], on=KEY, validate="one_to_one")
    ordered = named.sort_values(["is_member", "pupils", "municipality", "name"], ascending=[False, True, True, True])
    frame = pd.DataFrame(
        {
            "Школа": ordered["name"],
            "Муниципалитет": ordered["municipality"],
            "В списке": ordered["is_member"].map({True: "да", False: "нет"}).fillna(NO_DATA),
            "Учеников до границы": ordered["pupils"],
            "Что изменило бы решение": ordered["sentence"],
        }
    )
    return Table("Решение", f"Что изменило бы решение: список «{name}», учеников", frame, note=DECISION_NOTE)


def tabulate_index_parts(
    parts: pd.DataFrame, identified: Identified, methodology: Methodology, school_id: str, domain: Domain
) -> Table:
    """Why this school: its indicators, what each adds to the index and to the distance from the marginal school."""
    own = parts[(parts["school_id"] == school_id) & (parts["domain"] == domain)]
    rules, titles = methodology.domains[domain], {item.id: item for item in methodology.domains[domain].indicators}
    frame = pd.DataFrame(
        {
            "Показатель": own["indicator"].map(lambda name: f"{titles[name].title}, {titles[name].unit}"),
            "Значение": own["raw"],
            "От 0 до 1": own["normalised"],
            "Вес": own["weight"],
            "Вклад": own["contribution"],
            "Отличие от пограничной школы": own["distance"],
        }
    ).sort_values("Отличие от пограничной школы", kind="stable")
    total = {"Показатель": "Вместе", **frame[["Вес", "Вклад", "Отличие от пограничной школы"]].sum(min_count=1)}
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    year = int(parts["year"].iloc[0])
    names = identified.schools.set_index(KEY)["name"]
    formats = {name: partial(_format_any, digits=1 if name == "Значение" else 3) for name in frame.columns[1:]}
    title = f"{rules.title}: вклад показателей, {names.get((year, school_id), school_id)}, {year} год"
    return Table("Вклад показателей", title, frame, formats, _say_place(own, rules))


def _format_any(value: object, digits: int) -> str:
    return format_number(float(value), digits)  # type: ignore[arg-type]


def _say_place(own: pd.DataFrame, rules: DomainRules) -> str:
    """Place in the group, and what the contributions sum to."""
    sums = "индекс" if rules.aggregation.kind == "arithmetic" else "натуральный логарифм индекса"
    whole = f"Сумма вкладов — {sums}."
    if own.empty or pd.isna(own["rank"].iloc[0]):
        return f"{whole} Школа не ранжирована."
    first = own.iloc[0]
    schools = count_words(int(first["ranked_schools"]), "школы", "школ", "школ")
    place = (
        f"Место {format_number(first['rank'])} из {schools} группы «{first['group']}», первое — самый низкий индекс."
    )
    title = rules.band_titles[rules.worse_band]
    marginal = f" Пограничная школа — последняя в группе «{title}»." if pd.notna(first["marginal_id"]) else ""
    return f"{whole} {place}{marginal}"
