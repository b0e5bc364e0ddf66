"""Identification (идентификация): from contract tables to indices, bands and lists, in the order of the methodology."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar, cast

import pandas as pd

from effschool.base.russian import count_words
from effschool.base.schemas import INDICATORS, INDICES, LISTS, SCHOOLS_OUT, TableSchema
from effschool.method.fioko import flag_fioko
from effschool.method.groups import group_schools
from effschool.method.indicators import KEY, Tables, compute_indicators
from effschool.method.indices import compute_indices
from effschool.method.lists import join_flags, make_statuses
from effschool.method.methodology import FIOKO_LIST, GroupsByExams, GroupsByType, Methodology
from effschool.method.normalise import normalise_indicators
from effschool.method.windows import Standing, count_lags, list_covered_years


@dataclass(frozen=True)
class Identified:
    """Tables left behind (DATA_CONTRACT.md), and what a reader of the lists has to know beside them.

    `notices`: a row per year and group (or year) with a circumstance of the computation. `treatments`: a row per year,
    school and indicator that few pupils took part in and that was pooled over years or set aside.
    """

    schools: pd.DataFrame
    indicators: pd.DataFrame
    indices: pd.DataFrame
    lists: pd.DataFrame
    notices: pd.DataFrame
    treatments: pd.DataFrame


Made = TypeVar("Made")
TREATMENTS = ["year", "school_id", "domain", "indicator", "treatment", "participants"]


@dataclass
class Memory:
    """What was computed of the same tables, for methodologies that share it: no stage is computed twice.

    Give one memory to one set of tables only. Frames are kept as long as it lives, so a country is done without.
    """

    kept: dict[object, object] = field(default_factory=dict)

    def keep(self, key: object, make: Callable[[], Made]) -> Made:
        """What was made under this key, or is made now."""
        if key not in self.kept:
            self.kept[key] = make()
        return cast(Made, self.kept[key])


class _NoMemory(Memory):
    def keep(self, key: object, make: Callable[[], Made]) -> Made:
        """Make it; nothing is kept."""
        return make()


@dataclass(frozen=True)
class Ranking:
    """Everything before the lists: schools with groups, their values and indices, and what was said on the way."""

    schools: pd.DataFrame
    values_by_school: pd.DataFrame
    indices: pd.DataFrame
    cut_notices: pd.DataFrame
    treatments: pd.DataFrame


def identify_schools(tables: Tables, methodology: Methodology, memory: Memory | None = None) -> Identified:
    """Carry out one methodology on contract tables; the tables are not changed."""
    memory = memory or _NoMemory()
    tables = memory.keep("tables", lambda: encode_keys(tables))
    ranking = rank_tables(tables, methodology, memory)
    lists = list_ranked(ranking, tables, methodology, memory)
    indices, flags = ranking.indices, flag_ranked(ranking, tables, methodology, memory)
    notices = [
        notice_constants(ranking.values_by_school, methodology),
        notice_types(tables["schools"], methodology.groups),
        ranking.cut_notices,
        notice_windows(indices, methodology, set(flags.dropna(subset="fioko_shnor")["year"])),
        notice_social_windows(indices, methodology),
        notice_fioko(flags, methodology),
    ]
    return Identified(
        schools=_finish(ranking.schools, SCHOOLS_OUT),
        indicators=memory.keep(
            ("finished", _dump_ranking(methodology)), lambda: _finish(ranking.values_by_school, INDICATORS)
        ),
        indices=_finish(indices, INDICES),
        lists=_finish(lists, LISTS),
        notices=pd.concat(notices, ignore_index=True).astype({"year": "int64"}),
        treatments=ranking.treatments.assign(**spell_out_all(ranking.treatments)),
    )


def list_schools(tables: Tables, methodology: Methodology, memory: Memory) -> pd.DataFrame:
    """The lists of a methodology alone, as `Identified.lists`."""
    tables = memory.keep("tables", lambda: encode_keys(tables))
    return _finish(list_ranked(rank_tables(tables, methodology, memory), tables, methodology, memory), LISTS)


def rank_tables(tables: Tables, methodology: Methodology, memory: Memory) -> Ranking:
    """Groups, indicators, indices and bands."""
    return memory.keep(("ranking", _dump_ranking(methodology)), lambda: _rank(tables, methodology, memory))


def renew_indicators(memory: Memory, tables: Tables, methodology: Methodology, items: Collection[str]) -> Memory:
    """A memory for other tables, from that of tables that differ in rows of these indicators alone."""
    own = {
        name: rules.model_copy(update={"indicators": tuple(item for item in rules.indicators if item.id in items)})
        for name, rules in methodology.iterate_domains()
    }
    key, groups = ("indicators", _dump_indicators(methodology)), ("groups", repr(methodology.groups))
    before, schools = cast(pd.DataFrame, memory.kept[key]), cast(pd.DataFrame, memory.kept[groups])
    needed = {"results", *(item.rows.table for rules in own.values() for item in rules.indicators)}
    tables = {name: table for name, table in tables.items() if name in needed}
    made = compute_indicators(tables, schools, methodology.model_copy(update={"domains": own}))
    made = made.assign(**{name: made[name].cat.set_categories(before[name].cat.categories) for name in NAMES})
    rest = before[~before["indicator"].isin(items)]
    return Memory({key: pd.concat([rest, made], ignore_index=True), groups: schools})


NAMES = ("domain", "indicator")


def _rank(tables: Tables, methodology: Methodology, memory: Memory) -> Ranking:
    schools = memory.keep(
        ("groups", repr(methodology.groups)),
        lambda: group_schools(tables, methodology).astype({"group": "category"}),
    )
    computed = memory.keep(
        ("indicators", _dump_indicators(methodology)), lambda: compute_indicators(tables, schools, methodology)
    )
    treatments = _order(computed[computed["treatment"].notna()], TREATMENTS)
    # A country's values fill the memory: no copy is made or kept without need.
    values = normalise_indicators(computed[computed["raw"].notna()] if len(treatments) else computed, methodology)
    del computed
    return Ranking(schools, values, *compute_indices(values, methodology), treatments)


def list_ranked(ranking: Ranking, tables: Tables, methodology: Methodology, memory: Memory) -> pd.DataFrame:
    """Lists of every covered year; of ФИОКО's rule those of every year with its procedures."""
    flags = flag_ranked(ranking, tables, methodology, memory)
    standing = Standing(ranking.indices, count_lags(ranking.values_by_school, methodology))
    return join_flags(make_statuses(standing, ranking.schools, methodology), flags)


def flag_ranked(ranking: Ranking, tables: Tables, methodology: Methodology, memory: Memory) -> pd.DataFrame:
    """ФИОКО's flags of every year (`flag_fioko`)."""
    schools = ranking.schools[[*KEY, "group"]].sort_values(KEY)
    key = ("fioko", repr((methodology.groups, methodology.fioko)))
    return memory.keep(key, lambda: flag_fioko(tables, schools, methodology.fioko))


def _dump_ranking(methodology: Methodology) -> str:
    return repr((methodology.groups, methodology.domains, methodology.orientation))


def _dump_indicators(methodology: Methodology) -> str:
    taken = {domain: (rules.indicators, rules.few_pupils) for domain, rules in methodology.iterate_domains()}
    return repr((methodology.groups, taken))


def encode_keys(tables: Tables) -> dict[str, pd.DataFrame]:
    """The tables with codes, procedures and subjects as categories: numbers are joined many times faster than text.

    Tables encoded before are taken as they are, so that many methodologies can share them.
    """
    if isinstance(tables["schools"]["school_id"].dtype, pd.CategoricalDtype):
        return dict(tables)
    ids = pd.CategoricalDtype(sorted(tables["schools"]["school_id"].unique()))
    keys = {"school_id": ids, "procedure": "category", "subject": "category", "level": "category"}
    return {
        name: table.astype({column: keys[column] for column in keys if column in table})
        for name, table in tables.items()
    }


def _finish(frame: pd.DataFrame, schema: TableSchema) -> pd.DataFrame:
    """Columns, order of rows and plain types of a table left behind."""
    ordered = _order(frame, list(schema.columns))
    return ordered.assign(**spell_out_all(ordered)).astype({"year": "int64"})


def spell_out_all(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """The categories of a frame, and columns without a type for want of rows, as plain text."""
    return {name: plain_text(frame[name]) for name in frame if frame[name].dtype in ("category", "object")}


def plain_text(column: pd.Series) -> pd.Series:
    """A category as plain text; taken name by name, since `astype` goes through objects and takes ten times as long."""
    if column.dtype == "object":
        return column.astype("str")
    names = column.cat.categories.astype("str").array
    return pd.Series(names.take(column.cat.codes.to_numpy(), allow_fill=True), index=column.index)


def notice_types(register: pd.DataFrame, groups: GroupsByType | GroupsByExams) -> pd.DataFrame:
    """Types of schools that the methodology neither names nor leaves out on purpose, by year."""
    columns = ["year", "domain", "group", "notice"]
    if isinstance(groups, GroupsByExams):
        return pd.DataFrame(columns=columns)
    known = {*groups.chosen, *groups.left_out}
    strange = register[register["type"].notna() & register["exclusion"].isna() & ~register["type"].isin(known)]
    rows = [
        (
            year,
            None,
            None,
            f"{count_words(len(same), 'школа', 'школы', 'школ')} с типом «{kind}» не входит ни в одну группу: "
            "методика такого типа не называет (groups.names, groups.left_out)",
        )
        for (year, kind), same in strange.groupby(["year", "type"])
    ]
    return pd.DataFrame(rows, columns=columns)


def notice_constants(values_by_school: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Indicators that do not vary inside a year and group and so are left out there."""
    constant = values_by_school[values_by_school["normalised"].isna()]
    scopes = constant[["year", "domain", "group", "indicator"]].drop_duplicates()
    titles = scopes["indicator"].astype("str").map({name: item.short for name, item in methodology.indicators.items()})
    text = "показатель «" + titles + "» не различается между школами и не входит в индекс"
    return scopes.drop(columns="indicator").assign(notice=text)


def notice_windows(indices: pd.DataFrame, methodology: Methodology, flagged: set[int]) -> pd.DataFrame:
    """Years whose window the data do not cover: no lists are made for them but ФИОКО's, in the years `flagged`."""
    years = sorted(set(indices["year"]) - set(list_covered_years(indices, methodology)))
    texts = [
        f"нет данных за все годы окна {_span(methodology.lists.window.list_years(year))}, "
        + (f"составлен только список {FIOKO_LIST}" if year in flagged else "списков нет")
        for year in years
    ]
    return pd.DataFrame({"year": years, "domain": None, "group": None, "notice": texts})


def notice_social_windows(indices: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Years with lists of results whose window the data on social conditions do not cover: no lists of conditions."""
    with_social = set(list_covered_years(indices, methodology, "social"))
    listed = list_covered_years(indices, methodology) if methodology.lists.social else []
    years = [year for year in listed if year not in with_social]
    texts = [
        f"нет данных о социальных условиях за все годы окна {_span(methodology.lists.window.list_years(year))}, "
        "списков условий нет"
        for year in years
    ]
    return pd.DataFrame({"year": years, "domain": "social", "group": None, "notice": texts})


def notice_fioko(flags: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Years in which ФИОКО's second criterion could not be judged: of all schools, or of some that it might list."""
    judged, looked = flags.dropna(subset="fioko_shnor"), methodology.fioko.years if methodology.fioko else 1
    known, notices = set(judged["year"]), dict[int, str]()
    for year, partial in judged.groupby("year")["is_partial"].sum().items():
        before = range(int(year) - looked + 1, int(year))
        lacking = tuple(each for each in before if each not in known)
        some = count_words(int(partial), "школа", "школы", "школ")
        if lacking:
            notices[int(year)] = (
                f"нет результатов за {_span(lacking)}: второй критерий {FIOKO_LIST} (низкие результаты несколько лет "
                "подряд) не проверен, список составлен только по первому"
            )
        elif partial:
            notices[int(year)] = (
                f"{some} с низкими результатами и без данных за {_span(tuple(before))}: второй критерий {FIOKO_LIST} "
                "для них не проверен, только первый"
            )
    return pd.DataFrame({"year": notices.keys(), "domain": None, "group": None, "notice": notices.values()})


def _span(years: tuple[int, ...]) -> str:
    return ", ".join(map(str, years))


def _order(frame: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    keys = [name for name in ("year", "school_id", "domain", "indicator") if name in columns]
    return frame[columns].sort_values(keys, ignore_index=True)
