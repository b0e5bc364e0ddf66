"""Context of schools (контекст школы): numbers of the form → a profile of every school beside the middle of its group.

Conditions of work and causes to check, never a judgement of the school. Whom a number would single out has no value.
"""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules, refuse_doubled
from effschool.base.disclosure import load_disclosure
from effschool.base.schemas import CONTRACT, PROVENANCE, TEACHER_COUNTS

COLUMNS = [
    "year",
    "school_id",
    "measure",
    "title",
    "unit",
    "value",
    "words",
    "low",
    "middle",
    "high",
    "others",
    "stands",
]
HARDER, EASIER, ALIKE = "труднее", "легче", "как у других"
"""Where a school stands: beyond the middle half of its group on the harder side, on the easier one, inside."""
MIDDLE_HALF = (0.25, 0.5, 0.75)
PER_CENT = 100


class Factor(Frozen):
    """A factor that every school has to analyse, and the columns (table.column) that tell of it."""

    id: Words
    title: Words
    columns: tuple[Words, ...] = ()

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        for place, named in enumerate(self.columns):
            table, _, column = named.partition(".")
            if table not in CONTRACT or column not in CONTRACT[table].columns:
                raise RuleError("ожидался столбец договора вида «таблица.столбец»", "columns", place)
        return self


class Measure(Frozen):
    """A row of the profile; keys as the head of the file explains them."""

    id: Words
    title: Words
    part: tuple[Words, ...] = Field(min_length=1)
    whole: tuple[Words, ...] = ()
    unit: str
    worse: Literal["more", "less"]
    factor: Words


class Choice(Frozen):
    """A condition that the form names by a word; `hard` are words with which it is harder to work."""

    id: Words
    title: Words
    column: Literal["internet", "transport"]
    hard: tuple[Words, ...] = Field(min_length=1)


class RiskFactor(Frozen):
    """A factor of the risk profile of «500+» and how sure its wording is; `measures` that may tell of it."""

    title: Words
    status: Literal["подтверждено", "из практики"]
    measures: tuple[Words, ...] = ()


class ContextRules(Frozen):
    """The file of the context, whole."""

    id: Words
    title: Words
    source: Words
    factors: tuple[Factor, ...] = Field(min_length=1)
    measures: tuple[Measure, ...] = Field(min_length=1)
    choices: tuple[Choice, ...] = ()
    risk_factors: tuple[RiskFactor, ...] = ()

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        refuse_doubled([item.id for item in self.factors], "factors")
        refuse_doubled([*(item.id for item in self.measures), *(item.id for item in self.choices)], "measures")
        factors, measures = {"outside", *(item.id for item in self.factors)}, {item.id for item in self.measures}
        for place, item in enumerate(self.measures):
            if item.factor not in factors:
                raise RuleError("такого фактора в factors нет", "measures", place, "factor")
            unknown = [name for name in (*item.part, *item.whole) if name not in KNOWN]
            if unknown:
                raise RuleError(f"столбца {unknown[0]} нет", "measures", place, "part")
        for place, risk in enumerate(self.risk_factors):
            if not set(risk.measures) <= measures:
                raise RuleError("такой строки в measures нет", "risk_factors", place, "measures")
        return self


KNOWN = {*CONTRACT["context"].columns, *TEACHER_COUNTS, "enrolment"} - {"year", "school_id", *PROVENANCE}
"""Columns that a measure may be made of: the school's own, those of teachers over all subjects, its enrolment."""


def load_context(path: Path) -> ContextRules:
    """Read the file of the context.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(ContextRules, path, "контекста школы")


def list_teachers(teachers: pd.DataFrame) -> pd.DataFrame:
    """The contract table `teachers` without where its rows came from."""
    return teachers.drop(columns=list(PROVENANCE)).reset_index(drop=True)


def profile_schools(tables: Mapping[str, pd.DataFrame], schools: pd.DataFrame, rules: ContextRules) -> pd.DataFrame:
    """Measures of every school that told of its context: a row per year, school and measure, as `COLUMNS`.

    Rows of measures have a `value`, those of choices `words`; what is unknown or has too few behind it has no row.
    `low`, `middle`, `high`: quartiles of the school's group in the year; `others`: schools of other municipalities
    among them; `stands`: see `HARDER`.

    Args:
        tables: contract tables by name.
        schools: the register as identification leaves it, with group and municipality.
    """
    facts = _join_facts(tables, schools)
    measured = [facts[PLACE].assign(**_describe(item), value=_measure(item, facts)) for item in rules.measures]
    rows = pd.concat(measured, ignore_index=True).dropna(subset="value")
    grouped = rows.groupby(["year", "group", "measure"])["value"]
    ends = {name: grouped.transform("quantile", q) for name, q in zip(ENDS, MIDDLE_HALF, strict=True)}
    rows = rows.assign(**ends, others=_count_others(rows))
    named = [_name_choice(item, facts) for item in rules.choices]
    told = pd.concat([rows.assign(stands=_stand(rows)), *named], ignore_index=True).reindex(columns=COLUMNS)
    texts = dict.fromkeys(["words", "stands", "unit"], "str")
    return told.astype({**texts, "others": "Int64", **dict.fromkeys(["value", *ENDS], "float64")})


def _name_choice(item: Choice, facts: pd.DataFrame) -> pd.DataFrame:
    """Rows of a condition that is named by a word."""
    known = facts.dropna(subset=item.column)
    stands = known[item.column].isin(item.hard).map({True: HARDER, False: ALIKE})
    return known[PLACE].assign(
        measure=item.id, title=item.title, unit="", words=known[item.column], stands=stands.astype("str")
    )


PLACE = ["year", "school_id", "group", "municipality"]
ENDS = ["low", "middle", "high"]


def _describe(item: Measure) -> dict[str, object]:
    return {"measure": item.id, "title": item.title, "unit": item.unit, "more": item.worse == "more"}


def _join_facts(tables: Mapping[str, pd.DataFrame], schools: pd.DataFrame) -> pd.DataFrame:
    """A row per school and year of the register with all that measures are made of; missing where nothing came."""
    key = ["year", "school_id"]
    own = tables["context"].drop(columns=list(PROVENANCE))
    summed = tables["teachers"].groupby(key)[list(TEACHER_COUNTS)].sum(min_count=1).reset_index()
    summed = summed.drop(columns=["vacancies"])  # the school's own number is that of the context
    register = schools[[*PLACE, "enrolment"]]
    return register.merge(own, how="left", on=key).merge(summed, how="left", on=key)


def _measure(item: Measure, facts: pd.DataFrame) -> pd.Series:
    """Value of a measure: the numbers added up, or their share of a whole; a part greater than it is no value."""
    part = facts[list(item.part)].astype("float64").sum(axis=1, min_count=1)
    if not item.whole:
        return part
    whole = facts[list(item.whole)].astype("float64").sum(axis=1, min_count=len(item.whole))
    is_told = (whole >= load_disclosure().participants) & (part <= whole)
    return (PER_CENT * part / whole).where(is_told)


def _count_others(rows: pd.DataFrame) -> pd.Series:
    """Schools of other municipalities with a value in the same year, group and measure."""
    by = ["year", "group", "measure"]
    own = rows.groupby([*by, "municipality"], dropna=False)["school_id"].transform("size")
    return rows.groupby(by, dropna=False)["school_id"].transform("size") - own


def _stand(rows: pd.DataFrame) -> pd.Series:
    above, below = rows["value"] > rows["high"], rows["value"] < rows["low"]
    harder = (above & rows["more"]) | (below & ~rows["more"])
    stands = np.select([harder, above | below], [HARDER, EASIER], ALIKE)
    return pd.Series(stands, rows.index, dtype="str").where(rows["low"].notna())


def tabulate_factors(rules: ContextRules, tables: Mapping[str, pd.DataFrame], year: int) -> pd.DataFrame:
    """The eleven factors: a row per factor, with the tables that tell of it and the schools known in a year."""
    rows = []
    for factor in rules.factors:
        named = [name.partition(".")[::2] for name in factor.columns]
        known = [
            tables[table].loc[tables[table]["year"].eq(year) & tables[table][column].notna()] for table, column in named
        ]
        schools = set(chain.from_iterable(rows["school_id"] for rows in known))
        rows.append((factor.title, ", ".join(dict.fromkeys(table for table, _ in named)), len(schools)))
    return pd.DataFrame(rows, columns=["factor", "tables", "schools"])
