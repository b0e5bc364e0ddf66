"""What the data lack (чего нет в данных): what a year before had and this one lacks, what the methodology asks for.

One definition for the problems of files, the stop of the run, and every page. A thing is there in a year when at least
one school has a number in it. The year before is the last one that has any data, so that a year without exams is not
compared with. Grades are compared only where every row of the year has one. Exams that were held nowhere in the country
(`exams.yml`) are not missing.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd
from pydantic import TypeAdapter

from effschool.base.problems import Problem, Severity
from effschool.base.russian import count_words, quote_title
from effschool.base.schemas import PROVENANCE, SOCIAL_COUNTS
from effschool.base.storage import read_table, write_table
from effschool.intake.exams import load_exams
from effschool.method.identify import Identified
from effschool.method.indicators import Tables, select_rows
from effschool.method.methodology import Methodology, Rows

KEYS = ("procedure", "subject", "grade", "level", "column", "condition")
"""What names a thing inside its table."""
LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("results", ("procedure",)),
    ("results", ("procedure", "subject")),
    ("results", ("procedure", "grade")),
    ("results", ("procedure", "subject", "grade")),
    ("certificates", ()),
    ("certificates", ("level",)),
    ("social", ()),
    ("social", ("column",)),
    ("conditions", ()),
    ("conditions", ("condition",)),
)
"""Things that are compared, the coarse before the fine: what a coarse one explains is not told again."""
TOTALS = {"results": "participants", "certificates": "graduates", "social": "pupils", "conditions": "pupils"}
TITLES = {"certificates": "аттестаты", "social": "социальные условия", "conditions": "социальные условия"}
EVERYTHING = "все"
"""Stands for all that may be missing, in `allow_missing`."""
PUT_THERE = (
    "Положите недостающий файл в папку исходных данных или проверьте, под какими годом, предметом и классом он дан."
)


def _fold(name: str) -> str:
    """A name of something missing whatever its case, «ё», commas and blanks."""
    return re.sub(r"[\s_,]+", " ", name.casefold().replace("ё", "е")).strip()


@dataclass(frozen=True)
class Gap:
    """A thing that a year lacks.

    Args:
        year: the year that lacks it.
        table: contract table in which it should stand.
        procedure, subject, grade, level, column, condition: what it is, as far as they name it.
        title: how a person calls the column or the indicator.
        indicator: what the methodology asks for and no school of the year has; empty where a year before had it.
        before: the year before, which had it; None where the methodology alone asks for it.
        schools: how many schools had it in that year.
        is_needed: whether lists depend on it; not judged where no methodology is known.
    """

    year: int
    table: str
    procedure: str | None = None
    subject: str | None = None
    grade: int | None = None
    level: str | None = None
    column: str | None = None
    condition: str | None = None
    title: str | None = None
    indicator: str | None = None
    before: int | None = None
    schools: int = 0
    is_needed: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """Words that name it, from the whole to the part: «ВПР», «русский язык», «5 класс»."""
        grade = f"{self.grade} класс" if self.grade is not None else None
        named = (TITLES.get(self.table), self.procedure, self.subject, grade, self.level, self.condition, self.title)
        return tuple(part for part in named if part)

    @property
    def name(self) -> str:
        """«ВПР, русский язык, 5 класс»; an indicator by its title alone."""
        return quote_title(self.title or "") if self.indicator else ", ".join(self.parts)

    @property
    def key(self) -> str:
        """What it is called in `allow_missing`: «ВПР/русский_язык/5_класс», an indicator by its id."""
        return self.indicator or "/".join(self.parts).replace(" ", "_").replace(",", "")

    @property
    def sentence(self) -> str:
        """What is missing, without a full stop."""
        if self.before is None:
            return f"показателя {self.name} за {self.year} год нет ни у одной школы"
        schools = count_words(self.schools, "школы", "школ", "школ")
        lacking = f"{self.name}: за {self.year} год данных нет ни у одной школы"
        return f"{lacking}, а за {self.before} год они есть у {schools}"

    def is_allowed(self, allowed: Collection[str]) -> bool:
        """Whether one of the names says that the run may go on without it; a whole allows its parts."""
        names = {"/".join(self.parts[:length]) for length in range(1, len(self.parts) + 1)}
        names |= {str(name) for name in (self.level, self.column, self.title, self.indicator, EVERYTHING) if name}
        return bool({_fold(name) for name in names} & {_fold(name) for name in allowed})

    def is_within(self, other: "Gap") -> bool:
        """Whether another thing that is missing explains this one."""
        named = [name for name in KEYS if getattr(other, name) is not None]
        same = (self.year, self.table) == (other.year, other.table)
        return same and self != other and all(getattr(self, name) == getattr(other, name) for name in named)


_GAP = TypeAdapter(Gap)


def _drop_not_held(gaps: Iterable[Gap]) -> list[Gap]:
    known = load_exams().not_held
    return [gap for gap in gaps if not any(exam.covers(gap.procedure, gap.subject, gap.year) for exam in known)]


def find_missing(tables: Tables, headings: Mapping[str, Mapping[str, str]] | None = None) -> tuple[Gap, ...]:
    """Things that a year lacks though the year before had them, by year.

    Args:
        tables: contract tables by name.
        headings: heading of every column by table, for the names of columns of social data.
    """
    filled = {table: _list_filled(tables[table], table) for table in TOTALS}
    years = sorted({int(year) for table in filled.values() for year in table["year"].unique()})
    titles = (headings or {}).get("social", {})
    found: list[Gap] = []
    for table, key in LEVELS:
        counts = _count_schools(filled[table], list(key))
        for before, year in pairwise(years):
            gaps = [
                _make_gap(table, row, year, before, titles) for row in _compare(counts, filled[table], before, year)
            ]
            found += [gap for gap in gaps if not any(gap.is_within(known) for known in found)]
    return tuple(sorted(_drop_not_held(found), key=lambda gap: gap.year))


def _list_filled(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Rows with a number in them; of social data a row per column that has one."""
    keys = [column for column in ("year", "school_id", *KEYS) if column in table]
    numbers = [column for column in table if column not in (*keys, *PROVENANCE)]
    if name == "social":
        table = table.melt(keys, ["pupils", *SOCIAL_COUNTS], "column").dropna(subset="value")
        return table.drop(columns="value")
    nobody = table[TOTALS[name]].eq(0).fillna(False).astype(bool)
    return table.loc[table[numbers].notna().any(axis=1) & ~nobody, keys]


def _count_schools(filled: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Schools by thing and year; rows that do not name the thing are left out."""
    named = filled.dropna(subset=key)[[*key, "year", "school_id"]].drop_duplicates()
    return named.groupby([*key, "year"], observed=True).size().rename("schools").reset_index()


def _compare(counts: pd.DataFrame, filled: pd.DataFrame, before: int, year: int) -> Iterator[dict[str, object]]:
    """Things of the year before that the year has not."""
    key = [name for name in counts if name not in ("year", "schools")]
    now = {tuple(row) for row in counts.loc[counts["year"] == year, key].to_numpy().tolist()}
    for row in counts[counts["year"] == before].to_dict("records"):
        thing = {name: row[name] for name in key}
        if tuple(thing.values()) not in now and not _may_be_ungraded(filled, thing, year):
            yield {**thing, "schools": row["schools"]}


def _may_be_ungraded(filled: pd.DataFrame, thing: Mapping[str, object], year: int) -> bool:
    """Whether the year has rows of the procedure and subject that do not say their grade."""
    if "grade" not in thing:
        return False
    rows = filled[(filled["year"] == year) & filled["grade"].isna()]
    return bool(all(len(rows := rows[rows[name] == thing[name]]) for name in ("procedure", "subject") if name in thing))


def _make_gap(table: str, row: Mapping[str, object], year: int, before: int, titles: Mapping[str, str]) -> Gap:
    column = str(row.get("column", "")) or None
    title = titles.get(column, column) if column else None
    return _GAP.validate_python({**row, "table": table, "year": year, "before": before, "title": title})


def report_missing(gaps: Iterable[Gap]) -> list[Problem]:
    """A warning for everything that the year before had."""
    return [Problem(Severity.WARNING, "", gap.sentence, PUT_THERE) for gap in gaps if gap.before is not None]


@dataclass(frozen=True)
class Need:
    """Something that lists are made from: the rows, and the columns of them."""

    id: str
    title: str
    rows: Rows
    columns: frozenset[str]

    def depends_on(self, gap: Gap) -> bool:
        """Whether it would have been made from what is missing; of a grade, only where the grades are chosen."""
        rows = self.rows
        if rows.table != gap.table or (gap.column is not None and gap.column not in self.columns):
            return False
        if gap.grade is not None and not rows.grade:
            return False
        wanted = {name: getattr(gap, name) for name in ("procedure", "subject", "grade", "level", "condition")}
        return all(value is None or value in (getattr(rows, name) or (value,)) for name, value in wanted.items())


def judge_missing(
    gaps: Iterable[Gap], tables: Tables, identified: Identified, methodology: Methodology
) -> tuple[Gap, ...]:
    """What is missing, whether lists depend on it, and what the methodology asks for and no school of a year has."""
    needs = [*_list_indicators(methodology), *_list_procedures(methodology)]
    judged = [replace(gap, is_needed=any(need.depends_on(gap) for need in needs)) for gap in gaps]
    had = _list_had(tables, identified, methodology)
    for year in sorted(int(year) for year in identified.indices["year"].unique()):
        in_year = [gap for gap in judged if gap.year == year]
        absent = [need for need in needs if (year, need.id) not in had]
        asked = [_ask_for(need, year) for need in absent if not any(map(need.depends_on, in_year))]
        judged += _drop_not_held(asked)
    return tuple(sorted(judged, key=lambda gap: (gap.year, not gap.is_needed)))


def _list_indicators(methodology: Methodology) -> list[Need]:
    items = methodology.indicators.values()
    return [Need(item.id, item.short, item.rows, frozenset(item.columns)) for item in items]


def _list_procedures(methodology: Methodology) -> list[Need]:
    """Procedures of ФИОКО's rule."""
    procedures = methodology.fioko.procedures if methodology.fioko else ()
    return [
        Need(f"shnor_{item.id}", f"ШНОР: {item.title}", item.rows, frozenset((item.count, "participants")))
        for item in procedures
    ]


def _list_had(tables: Tables, identified: Identified, methodology: Methodology) -> set[tuple[int, str]]:
    """Pairs of a year and the id of what at least one school has in it."""
    values = identified.indicators[["year", "indicator"]].drop_duplicates()
    had = {(int(year), str(name)) for year, name in values.itertuples(index=False)}
    for need in _list_procedures(methodology):
        years = select_rows(tables, need.rows).dropna(subset=list(need.columns))["year"].unique()
        had |= {(int(year), need.id) for year in years}
    return had


def _ask_for(need: Need, year: int) -> Gap:
    """A need that no school has; named by procedure, subject and level where that is one thing."""
    named = {name: getattr(need.rows, name) for name in ("procedure", "subject", "level", "condition")}
    single = {name: values[0] for name, values in named.items() if len(values) == 1}
    return Gap(year, need.rows.table, **single, title=need.title, indicator=need.id, is_needed=True)


class MissingDataError(ValueError):
    """Lists depend on data that are not there, and nobody said to go on without them."""


def check_missing(gaps: Iterable[Gap], year: int, allowed: str) -> None:
    """Stop where lists of a year depend on what is missing in it.

    Args:
        gaps: as judged by the methodology.
        year: the report's year; what other years lack is only told.
        allowed: names of what the run may go on without, with commas between.

    Raises:
        MissingDataError: names all that is missing and says how to go on without it.
    """
    names = [name for name in allowed.split(",") if name.strip()]
    lacking = [gap for gap in gaps if gap.year == year and gap.is_needed and not gap.is_allowed(names)]
    if not lacking:
        return
    listed = "\n".join(f"— {gap.sentence}." for gap in lacking)
    keys = ",".join([*(name.strip() for name in names), *dict.fromkeys(gap.key for gap in lacking)])
    raise MissingDataError(
        f"За {year} год нет данных, от которых зависят списки:\n{listed}\n{PUT_THERE} Если этих данных и не будет, "
        f'составьте списки без них: make report PARAMETERS="allow_missing={keys}". '
        "О том, чего нет, будет сказано в протоколе и в каждом отчёте."
    )


TYPES = {
    "year": "int64",
    "before": "Int64",
    **dict.fromkeys(("table", "procedure", "subject", "level", "column", "title", "indicator", "sentence"), "str"),
    "grade": "Int64",
    "schools": "int64",
    "is_needed": "bool",
}


def write_missing(gaps: Iterable[Gap], processed: Path) -> None:
    """Leave what is missing for all pages: a row per thing and year."""
    rows = [{**asdict(gap), "sentence": gap.sentence} for gap in gaps]
    write_table(pd.DataFrame(rows, columns=list(TYPES)).astype(TYPES), processed / "missing.parquet")


def read_missing(processed: Path) -> tuple[Gap, ...]:
    """What `write_missing` left.

    Raises:
        FileNotFoundError: the second stage has not been run.
    """
    rows = read_table(processed, "missing").drop(columns="sentence").to_dict("records")
    known = [{key: value for key, value in row.items() if not pd.isna(value)} for row in rows]
    return tuple(_GAP.validate_python(row) for row in known)
