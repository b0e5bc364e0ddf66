"""Rule lab (сравнение методик): several methodologies on the same data, and why their lists differ."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations
from pathlib import Path

import pandas as pd
from pydantic import BaseModel

from effschool.base.russian import count_words, format_number, format_percent, join_words
from effschool.method.identify import Identified, Memory, identify_schools, list_schools
from effschool.method.indicators import Tables
from effschool.method.methodology import (
    FIOKO_LIST,
    Domain,
    GapIndicator,
    Methodology,
    find_methodology,
    load_methodology,
)
from effschool.report import charts
from effschool.report.display import Chart, Table, Text

Members = dict[str, set[str]]
"""List → codes of its schools."""
FindMembers = Callable[[Methodology], Members]
SCHOOLS = ("школа", "школы", "школ")
MOST_NAMED, MOST_DRAWN = 3, 20
"""Names in a sentence, combinations in a chart; the rest is in the table."""


@dataclass(frozen=True)
class Comparison:
    """Lists of one year under several methodologies; a methodology is a column, named by its title.

    Args:
        sizes: a row per list: list, a column of numbers of schools per methodology; missing where it has no such list.
        membership: a row per list and school on it anywhere: list, school_id, a boolean column per methodology.
        overlaps: a row per list and pair: list, first, second, first_schools, second_schools, both, jaccard (0…1,
            missing where both lists are empty).
        differences: a row per list, school and methodology that differs from the first one that has the list: list,
            school_id, first, second, in_first, aspect, sentence.
        schools: schools of all methodologies in the year: school_id, name, municipality.
    """

    year: int
    titles: tuple[str, ...]
    sizes: pd.DataFrame
    membership: pd.DataFrame
    overlaps: pd.DataFrame
    differences: pd.DataFrame
    schools: pd.DataFrame


@dataclass(frozen=True)
class MethodologyRun:
    """One methodology carried out: its title in the comparison, and the lists of the year."""

    title: str
    methodology: Methodology
    identified: Identified
    members: Members

    @cached_property
    def bands(self) -> dict[tuple[str, str], dict[int, str]]:
        """Bands of every school and domain by year."""
        ranked = self.identified.indices.dropna(subset="band")
        found: dict[tuple[str, str], dict[int, str]] = {}
        for row in ranked[["school_id", "domain", "year", "band"]].itertuples(index=False):
            found.setdefault((row.school_id, row.domain), {})[row.year] = row.band
        return found


def load_compared(methodology: Methodology, folder: Path, names: Sequence[str]) -> list[Methodology]:
    """The methodology that was carried out, and the named others of the folder; those not there are passed over."""
    paths = [find_methodology(name, folder) for name in names if name != methodology.id]
    return [methodology, *(load_methodology(path) for path in paths if path.is_file())]


def compare_methodologies(tables: Tables, methodologies: Sequence[Methodology], year: int) -> Comparison:
    """Carry out every methodology on the same tables and compare the lists of a year."""
    titles, memory = name_methodologies(methodologies), Memory()
    runs = [
        run_methodology(title, methodology, tables, year, memory)
        for title, methodology in zip(titles, methodologies, strict=True)
    ]
    names = list(dict.fromkeys(name for run in runs for name in run.members))
    return Comparison(
        year,
        titles,
        count_members_by_run(runs, names),
        pd.concat([tabulate_membership(runs, name) for name in names] or [pd.DataFrame()], ignore_index=True),
        measure_overlaps(runs, names),
        explain_differences(runs, names, partial(_find_members, tables, year, memory), year),
        _list_schools(runs, year),
    )


def name_methodologies(methodologies: Sequence[Methodology]) -> tuple[str, ...]:
    """Titles, told apart by the switches where they are the same, then by a number."""
    titles = [item.title for item in methodologies]
    told = [
        f"{item.title} ({join_words(filter(None, (item.orientation, item.social_rule)))})"
        if titles.count(item.title) > 1
        else item.title
        for item in methodologies
    ]
    return tuple(
        f"{title}, вариант {told[: place + 1].count(title)}" if told.count(title) > 1 else title
        for place, title in enumerate(told)
    )


def run_methodology(title: str, methodology: Methodology, tables: Tables, year: int, memory: Memory) -> MethodologyRun:
    """Carry out one methodology and take the lists of the year."""
    identified = identify_schools(tables, methodology, memory)
    return MethodologyRun(title, methodology, identified, list_members(identified.lists, methodology, year))


def _find_members(tables: Tables, year: int, memory: Memory, methodology: Methodology) -> Members:
    return memory.keep(
        ("members", year, repr(methodology)),
        lambda: list_members(list_schools(tables, methodology, memory), methodology, year),
    )


def list_members(lists: pd.DataFrame, methodology: Methodology, year: int) -> Members:
    """Schools of every list of a year; no lists where the window of the year is not covered, but ФИОКО's may be."""
    lists = lists[lists["year"] == year]
    if lists.empty:
        return {}
    columns = {status.status: "results_status" for status in methodology.lists.results}
    if lists[["results_status", "social_status"]].isna().all(axis=None):
        columns = {}  # a year of ФИОКО's list alone
    if lists["social_status"].notna().any():
        columns |= {status.status: "social_status" for status in methodology.lists.social}
    members = {name: set(lists.loc[lists[column] == name, "school_id"]) for name, column in columns.items()}
    if methodology.fioko:
        members[FIOKO_LIST] = set(lists.loc[lists["fioko_shnor"].fillna(False), "school_id"])
    return members


def _list_schools(runs: Sequence[MethodologyRun], year: int) -> pd.DataFrame:
    schools = pd.concat([run.identified.schools for run in runs])
    return schools.loc[schools["year"] == year, ["school_id", "name", "municipality"]].drop_duplicates("school_id")


# Sizes and overlaps


def count_members_by_run(runs: Sequence[MethodologyRun], names: Sequence[str]) -> pd.DataFrame:
    """Sizes of the lists: a row per list, a column per methodology."""
    counts = {
        run.title: pd.array([len(run.members[name]) if name in run.members else None for name in names], dtype="Int64")
        for run in runs
    }
    return pd.DataFrame({"list": list(names), **counts})


def tabulate_membership(runs: Sequence[MethodologyRun], name: str) -> pd.DataFrame:
    """Membership matrix of one list; missing where a methodology has no such list."""
    ids = sorted(set().union(*(run.members.get(name, set()) for run in runs)))
    columns = {
        run.title: pd.array([school in run.members[name] if name in run.members else None for school in ids], "boolean")
        for run in runs
    }
    return pd.DataFrame({"list": name, "school_id": pd.array(ids, dtype="str"), **columns})


def measure_overlaps(runs: Sequence[MethodologyRun], names: Sequence[str]) -> pd.DataFrame:
    """Pairs of methodologies list by list: schools in each and in both, Jaccard's share |A∩B| / |A∪B|."""
    rows = []
    for name in names:
        for one, two in combinations([run for run in runs if name in run.members], 2):
            first, second = one.members[name], two.members[name]
            union = len(first | second)
            both = len(first & second)
            jaccard = both / union if union else None
            rows.append((name, one.title, two.title, len(first), len(second), both, jaccard))
    columns = ["list", "first", "second", "first_schools", "second_schools", "both", "jaccard"]
    return pd.DataFrame(rows, columns=columns).astype({"jaccard": "float64"})


# Why they differ


ASPECTS = {
    "groups": "школы делятся на группы сравнения иначе",
    "indicators": "состав или определение показателей разные",
    "few_pupils": "показатели с малым числом участников учитываются иначе",
    "orientation": "признак отставания входит в индекс с другим знаком",
    "aggregation": "показатели сводятся в индекс иначе",
    "min_coverage": "нужна разная полнота показателей",
    "bands": "граница крайних групп проводится иначе",
    "lists": "правило окна лет разное",
    "fioko": "правило ФИОКО разное",
}
"""Parts of a methodology in the order of the computation; two methodologies are walked from one to the other so."""
OF_DOMAIN = ("indicators", "few_pupils", "aggregation", "min_coverage", "bands")


def list_aspects(first: Methodology, second: Methodology) -> list[str]:
    """Parts in which two methodologies differ, in the order of the computation; titles and sources do not count."""
    return [aspect for aspect in ASPECTS if _read_aspect(first, aspect) != _read_aspect(second, aspect)]


def _read_aspect(methodology: Methodology, aspect: str) -> object:
    if aspect == "orientation":
        has_gaps = any(isinstance(item, GapIndicator) for item in methodology.indicators.values())
        return methodology.orientation if has_gaps else None
    if aspect == "lists":
        return methodology.lists.model_dump(exclude={"source"}), methodology.social_rule
    if aspect in OF_DOMAIN:
        return {domain: getattr(rules, aspect) for domain, rules in methodology.iterate_domains()}
    return getattr(methodology, aspect)


def change_aspect(first: Methodology, second: Methodology, aspect: str) -> Methodology:
    """The first methodology with one part of the second, in the domains that both have."""
    if aspect == "lists":
        return first.model_copy(update={"lists": second.lists, "social_rule": second.social_rule})
    if aspect not in OF_DOMAIN:
        return first.model_copy(update={aspect: getattr(second, aspect)})
    domains = {
        domain: rules.model_copy(update={aspect: getattr(second.domains[domain], aspect)})
        if domain in second.domains
        else rules
        for domain, rules in first.iterate_domains()
    }
    # A copy keeps what was cached on the original, the indicators by id among it: made anew from the fields.
    return Methodology.model_construct(**{**dict(first), "domains": domains})


def explain_differences(
    runs: Sequence[MethodologyRun], names: Sequence[str], find: FindMembers, year: int
) -> pd.DataFrame:
    """Why a school is on a list of one methodology and not of another, in one sentence for each.

    `find` carries out a methodology and gives its lists of the year.

    The methodologies are walked from the first to the second, one part after another; the part at which the school
    changes side for good is named.
    """
    columns = ["list", "school_id", "first", "second", "in_first", "aspect", "sentence"]
    rows: list[tuple[object, ...]] = []
    for second in runs:
        walked: dict[str, dict[str, Members]] = {}
        for name in (name for name in names if name in second.members):
            first = next(run for run in runs if name in run.members)
            if first is not second and first.members[name] != second.members[name]:
                if first.title not in walked:
                    walked[first.title] = walk_methodologies(first, second, find)
                rows += _explain_pair(name, (first, second), walked[first.title], year)
    order = list(names)
    return pd.DataFrame(sorted(rows, key=lambda row: order.index(str(row[0]))), columns=columns)


def _explain_pair(
    name: str, runs: tuple[MethodologyRun, MethodologyRun], steps: Mapping[str, Members], year: int
) -> Iterator[tuple[object, ...]]:
    first, second = runs
    by_step = {step: members.get(name, set()) for step, members in steps.items()}
    for school in sorted(first.members[name] ^ second.members[name]):
        in_first = school in first.members[name]
        aspect = find_decisive(school, in_first, by_step)
        sentence = say_difference(name, school, runs, aspect, year)
        yield name, school, first.title, second.title, in_first, aspect, sentence


def walk_methodologies(first: MethodologyRun, second: MethodologyRun, find: FindMembers) -> dict[str, Members]:
    """Lists of the year after each part of the first methodology is replaced in turn; the last step is the second."""
    aspects = list_aspects(first.methodology, second.methodology)
    steps, methodology = {}, first.methodology
    for aspect in aspects[:-1]:
        methodology = change_aspect(methodology, second.methodology, aspect)
        steps[aspect] = find(methodology)
    return steps | dict.fromkeys(aspects[-1:], second.members)


def find_decisive(school: str, in_first: bool, steps: Mapping[str, set[str]]) -> str:
    """The part at which a school changed side for good."""
    decisive, before = "", in_first
    for aspect, members in steps.items():
        if (school in members) != before:
            decisive, before = aspect, school in members
    return decisive


def say_difference(name: str, school: str, runs: tuple[MethodologyRun, MethodologyRun], aspect: str, year: int) -> str:
    """One sentence: on which side the school stands, the first difference of its bands, and the reason."""
    inside, outside = runs if school in runs[0].members[name] else runs[::-1]
    stands = f"В списке «{name}» {year} года по методике «{inside.title}», но не по методике «{outside.title}»"
    facts = _compare_bands(name, school, inside, outside, year) if name != FIOKO_LIST else ""
    return f"{stands}{facts}: {_say_reason(name, aspect, inside, outside)}."


def _find_domain(name: str, methodology: Methodology) -> Domain:
    return "results" if name in {status.status for status in methodology.lists.results} else "social"


def _compare_bands(name: str, school: str, inside: MethodologyRun, outside: MethodologyRun, year: int) -> str:
    """The last year of the window in which the bands differ, with both; empty where they are the same."""
    domain = _find_domain(name, inside.methodology)
    one, two = (run.bands.get((school, domain), {}) for run in (inside, outside))
    years = [each for each in sorted({*one, *two}, reverse=True) if each <= year]
    differing = [each for each in years if one.get(each) != two.get(each)]
    if not differing:
        return ""
    said = [_say_band(found.get(differing[0]), domain, run) for found, run in ((one, inside), (two, outside))]
    return f", в {differing[0]} году {said[0]} и {said[1]}"


def _say_band(band: str | None, domain: Domain, run: MethodologyRun) -> str:
    return f"группа «{run.methodology.domains[domain].band_titles[band]}»" if band else "без группы"


def _say_reason(name: str, aspect: str, inside: MethodologyRun, outside: MethodologyRun) -> str:
    """The part that decided, with what differs in it."""
    parts = _list_parts(name, aspect, inside.methodology), _list_parts(name, aspect, outside.methodology)
    if parts[0] != parts[1]:
        return _say_parts(parts, (inside, outside), "показатели" if aspect == "indicators" else "процедуры")
    if aspect == "lists" and name != FIOKO_LIST:
        rules = [_title_rule(name, run.methodology) for run in (inside, outside)]
        if rules[0] != rules[1]:
            return f"правило окна лет разное, «{rules[0]}» и «{rules[1]}»"
    return ASPECTS.get(aspect, "методики различаются в нескольких правилах сразу")


def _list_parts(name: str, aspect: str, methodology: Methodology) -> dict[str, BaseModel]:
    """Indicators or procedures of the list by id, where it is they that decided."""
    if aspect == "indicators":
        return {item.id: item for item in methodology.domains[_find_domain(name, methodology)].indicators}
    if aspect == "fioko" and methodology.fioko:
        return {item.id: item for item in methodology.fioko.procedures}
    return {}


def _title_rule(name: str, methodology: Methodology) -> str:
    statuses = (*methodology.lists.results, *methodology.lists.social)
    return next(methodology.find_rule(status).title for status in statuses if status.status == name)


def _say_parts(
    parts: tuple[dict[str, BaseModel], dict[str, BaseModel]], runs: tuple[MethodologyRun, MethodologyRun], what: str
) -> str:
    """Indicators or procedures that only one of the two has, or that both define each in its own way."""
    one, two = parts
    extra = [
        (run, [key for key in own if key not in other], own)
        for run, own, other in ((runs[0], one, two), (runs[1], two, one))
    ]
    said = [
        f"только в методике «{run.title}» — {_name_some([_title(own[key]) for key in keys])}"
        for run, keys, own in extra
        if keys
    ]
    changed = [_title(one[key]) for key in one if key in two and one[key] != two[key]]
    said += [f"по-разному определены {_name_some(changed)}"] if changed else []
    return f"{what} разные, {'; '.join(said)}"


def _title(item: BaseModel) -> str:
    return str(getattr(item, "short", "") or getattr(item, "title", ""))


def _name_some(names: Sequence[str]) -> str:
    shown = [f"«{name}»" for name in names[:MOST_NAMED]]
    rest = len(names) - len(shown)
    return join_words([*shown, f"ещё {format_number(rest)}"] if rest else shown)


# Tables and chart


def tabulate_sizes(comparison: Comparison) -> Table:
    """Sizes of every list under every methodology."""
    frame = comparison.sizes.rename(columns={"list": "Список"})
    return Table("Методики", f"Школ в списках {comparison.year} года по разным методикам", frame)


def tabulate_overlaps(comparison: Comparison) -> Table | Text:
    """Overlaps of the lists, pair by pair."""
    overlaps = comparison.overlaps
    if overlaps.empty:
        return Text(("Общих списков у методик нет.",), kind="note")
    frame = pd.DataFrame(
        {
            "Список": overlaps["list"],
            "Первая методика": overlaps["first"],
            "Вторая методика": overlaps["second"],
            "Школ в первой": overlaps["first_schools"],
            "Школ во второй": overlaps["second_schools"],
            "Школ в обеих": overlaps["both"],
            "Совпадение, %": 100 * overlaps["jaccard"],
        }
    )
    note = "Совпадение (мера Жаккара): школы, общие для двух списков, в процентах от школ хотя бы одного из них."
    formats = {"Совпадение, %": lambda value: format_number(float(value), 1)}
    return Table("Пересечения", f"Пересечения списков {comparison.year} года, школ", frame, formats, note)


def tabulate_differences(comparison: Comparison) -> Table | Text:
    """Schools whose list depends on the methodology, each with the reason."""
    if comparison.differences.empty:
        return Text(("Списки у методик одни и те же.",), kind="note")
    named = comparison.differences.merge(comparison.schools, how="left", on="school_id", validate="many_to_one")
    frame = named[["name", "school_id", "municipality", "list", "sentence"]].set_axis(
        ["Школа", "Код", "Муниципалитет", "Список", "Почему списки расходятся"], axis=1
    )
    return Table("Расхождения", f"Школы, у которых список {comparison.year} года зависит от методики", frame)


def count_combinations(comparison: Comparison, names: Sequence[str]) -> pd.DataFrame:
    """Schools in exactly each combination of lists: a boolean column per list and methodology, and `schools`."""
    sets = {
        title if len(names) == 1 else f"{name}: {title}": set(rows.loc[rows[title].fillna(False), "school_id"])
        for name in names
        for rows in [comparison.membership[comparison.membership["list"] == name]]
        for title in comparison.titles
        if comparison.sizes.set_index("list")[title].notna().get(name, False)
    }
    ids = sorted(set().union(*sets.values()))
    matrix = pd.DataFrame({label: [school in members for school in ids] for label, members in sets.items()})
    counted = matrix.value_counts().rename("schools").reset_index()
    return counted.sort_values(["schools", *sets], ascending=False, kind="stable", ignore_index=True)


def chart_overlaps(comparison: Comparison, *names: str) -> Chart | Text:
    """UpSet chart of one list under all methodologies, or of several together; of the first list if none is named."""
    known = [name for name in names or comparison.sizes["list"].head(1) if name in set(comparison.sizes["list"])]
    counted = count_combinations(comparison, known) if known else pd.DataFrame()
    if counted.empty:
        return Text((f"Пересечения списков {comparison.year} года: школ в них нет.",), kind="note")
    sets = counted.drop(columns="schools")
    everywhere, once = (int(counted.loc[rows, "schools"].sum()) for rows in (sets.all(axis=1), sets.sum(axis=1) == 1))
    total = int(counted["schools"].sum())
    sentence = (
        f"Хотя бы в одном из списков {count_words(total, *SCHOOLS)}; во всех сразу {count_words(everywhere, *SCHOOLS)} "
        f"({format_percent(100 * everywhere / total)}), только в одном {count_words(once, *SCHOOLS)}."
    )
    title = f"Пересечения списков {join_words(f'«{name}»' for name in known)}, {comparison.year} год, школ"
    shown = {label: sets[label].map({True: "да", False: "—"}) for label in sets}
    frame = pd.DataFrame({"Сочетание": [f"{place}" for place in range(1, len(counted) + 1)], **shown})
    table = Table("Сочетания", title, frame.assign(Школ=counted["schools"]))
    figure = charts.draw_upset(sets.head(MOST_DRAWN), counted["schools"].head(MOST_DRAWN).tolist(), "школ")
    return Chart("overlaps", title, sentence, figure, table)
