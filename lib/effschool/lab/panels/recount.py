"""«А если» for one school (пересчёт): some of its counts are others, everything else stays; only its year is computed.

A changed count of marks leaves the mean score of the row as it was sent, as `counterfactuals` does, so that the number
of pupils told there is the number that does it here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from effschool.certainty.result_changes import OTHER_END
from effschool.method.fioko import flag_fioko, list_looked_at
from effschool.method.identify import Identified, Memory, encode_keys, rank_tables, renew_indicators
from effschool.method.indicators import KEY, Tables, select_rows
from effschool.method.lists import join_flags, make_year_lists
from effschool.method.methodology import Methodology, ShareIndicator
from effschool.method.windows import Standing, count_lags

Place = tuple[str, int, str]
"""Table, label of its row, column."""


@dataclass(frozen=True)
class Count:
    """A count that can be changed: where it stands, exam or kind, what it is called, its value, out of how many."""

    place: Place
    block: str
    title: str
    value: int
    total: int

    @property
    def other_end(self) -> Place | None:
        """The count of the same pupils at the other end of the scale: together they are not more than the total."""
        table, row, column = self.place
        return (table, row, OTHER_END[column]) if column in OTHER_END else None


def list_counts(tables: Tables, methodology: Methodology, year: int, school_id: str) -> list[Count]:
    """Counts of a school behind the shares of the methodology, each once."""
    own = {
        name: rows[rows["year"].eq(year) & rows["school_id"].eq(school_id)]
        for name, rows in tables.items()
        if {"year", "school_id"} <= set(rows)
    }
    found: dict[Place, Count] = {}
    for item in methodology.indicators.values():
        if isinstance(item, ShareIndicator):
            _collect(found, select_rows(own, item.rows), item)
    return list(found.values())


BLOCKS = {"certificates": "Аттестаты", "social": "Условия", "conditions": "Условия"}


def _collect(found: dict[Place, Count], rows: pd.DataFrame, item: ShareIndicator) -> None:
    for label, row in rows.dropna(subset=[item.count, item.total]).iterrows():
        place = (item.rows.table, int(str(label)), item.count)
        block = BLOCKS.get(item.rows.table) or str(row["procedure"])
        kind = [str(row["subject"])] if len(item.rows.subject) > 1 else []
        grade = [f"{row['grade']} класс"] if len(item.rows.grade) > 1 else []
        title = ", ".join([item.short, *kind, *grade])
        found.setdefault(place, Count(place, block, title, int(row[item.count]), int(row[item.total])))


@dataclass(frozen=True)
class Standings:
    """After a change: indices of the year whose counts changed, and the lists of the list year."""

    indices: pd.DataFrame
    lists: pd.DataFrame


@dataclass(frozen=True)
class Base:
    """What a change of the counts of year `changed` rests on, for the lists of year `listed`.

    Args:
        ranked: tables of the changed year and of as many before it as indicators are pooled over.
        flagged: tables of the list year and of as many before it as ФИОКО's rule looks back on.
        identified: everything as it was.
    """

    changed: int
    listed: int
    methodology: Methodology
    identified: Identified
    ranked: Tables
    flagged: Tables

    @cached_property
    def memory(self) -> Memory:
        """Groups and indicators as they were."""
        memory = Memory()
        rank_tables(self.ranked, self.methodology, memory)
        return memory

    @cached_property
    def kept(self) -> pd.DataFrame:
        """Indices of all other years."""
        return self.identified.indices[self.identified.indices["year"] != self.changed]

    @cached_property
    def taken(self) -> pd.DataFrame:
        """Schools of the list year that take part."""
        schools = self.identified.schools.dropna(subset="group")
        return schools[schools["year"] == self.listed].sort_values(KEY)[[*KEY, "group"]]

    @cached_property
    def lags(self) -> pd.Series:
        """Lags of the list year as they were."""
        return count_lags(_take(self.identified.indicators, self.listed), self.methodology)


def open_base(tables: Tables, identified: Identified, methodology: Methodology, changed: int, listed: int) -> Base:
    """Cut the tables to what a change needs; none of it is computed twice."""
    tables = encode_keys(tables)
    pooled = max(rules.few_pupils.years for _, rules in methodology.iterate_domains())
    looked = methodology.fioko.years if methodology.fioko else 1
    ranked, flagged = _cut(tables, changed, pooled), _cut(tables, listed, looked)
    return Base(changed, listed, methodology, identified, ranked, flagged)


def _cut(tables: Tables, year: int, years: int) -> Tables:
    dated = {name: table for name, table in tables.items() if "year" in table}
    return {name: table[table["year"].between(year - years + 1, year)] for name, table in dated.items()}


def _take(frame: pd.DataFrame, year: int) -> pd.DataFrame:
    return frame[frame["year"] == year]


def change_counts(tables: Tables, values: Mapping[Place, int]) -> Tables:
    """Tables with other counts; the given ones are not changed, rows that are not there are passed over."""
    changed = dict(tables)
    for (name, row, column), value in values.items():
        if row in tables[name].index:
            changed[name] = changed[name].copy() if changed[name] is tables[name] else changed[name]
            changed[name].loc[row, column] = value
    return changed


def rerun_year(base: Base, values: Mapping[Place, int]) -> Standings:
    """Indices and bands of the changed year and the lists of the list year, were these counts others."""
    method = base.methodology
    changed = change_counts(base.ranked, values)
    touched = _list_touched(base, values)
    memory = renew_indicators(base.memory, changed, method, touched) if touched else base.memory
    ranking = rank_tables(changed, method, memory)
    own = _take(ranking.indices, base.changed)
    is_same = base.changed == base.listed
    lags = count_lags(_take(ranking.values_by_school, base.changed), method) if is_same else base.lags
    standing = Standing(pd.concat([base.kept, own], ignore_index=True), lags)
    statuses = make_year_lists(base.taken, base.listed, standing, method)
    flags = flag_fioko(change_counts(base.flagged, values), _list_flagged(base), method.fioko)
    return Standings(own, join_flags(statuses, _take(flags, base.listed).astype({"school_id": "str"})))


def _list_touched(base: Base, values: Mapping[Place, int]) -> set[str]:
    """Indicators that a changed count is a row of."""
    rows = {
        name: table[table.index.isin([row for other, row, _ in values if other == name])]
        for name, table in base.ranked.items()
    }
    return {
        item.id
        for item in base.methodology.indicators.values()
        for part in (item.rows, getattr(item, "participants_of", None))
        if part and part.table in rows and len(select_rows(rows, part))
    }


def _list_flagged(base: Base) -> pd.DataFrame:
    schools, rule = base.identified.schools[[*KEY, "group"]], base.methodology.fioko
    looked = list_looked_at(schools, base.listed, rule) if rule else _take(schools, base.listed)
    return looked.sort_values(KEY)
