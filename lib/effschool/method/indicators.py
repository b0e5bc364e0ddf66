"""Contract tables → raw indicators (показатели) of every school and year (METHODOLOGY.md 1.1, 1.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.base.schemas import MARKS, PROVENANCE
from effschool.method.methodology import FewPupils, Indicator, Methodology, Rows, ShareIndicator

KEY = ["year", "school_id"]
Tables = Mapping[str, pd.DataFrame]
Values = NDArray[np.float64]
ROWS = ("results", "certificates", "social", "conditions")
MARKED = ("ОГЭ", "ВПР")
"""Procedures whose mean score is a mean of marks; a mean of ЕГЭ is in points and is never made from marks."""
POOLED, NOT_APPLICABLE = "сложены годы", "мало участников"
"""Treatments of an indicator that few pupils took part in, as they stand beside the school."""
TREATMENTS = ("as_is", "pool", "not_applicable")


@dataclass(frozen=True)
class Sums:
    """Sums of one indicator by place (position of a school-year): raw value = factor·numerator/participants."""

    numerator: Values
    participants: Values
    factor: float


def compute_indicators(tables: Tables, schools: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Raw values of all indicators: a row per year, school and indicator the school has.

    Args:
        tables: contract tables by name, as in `schemas.CONTRACT`.
        schools: schools of the methodology with `group`; one without a group is left out, of the regional mean too.

    Returns:
        Columns year, school_id, group, domain, indicator, raw (per cent, score or gap), participants, treatment
        (missing where the value is as it stands; `raw` is missing where few pupils made the indicator not applicable).
        A value without participants is missing and has no row.
    """
    taken = schools.dropna(subset="group")[[*KEY, "group"]].reset_index(drop=True)
    placed = {name: place_rows(tables[name], taken) for name in ROWS if name in tables}
    placed["results"] = fill_mean_scores(placed["results"])
    jobs = [(domain, rules, item) for domain, rules in methodology.iterate_domains() for item in rules.indicators]
    frames = [compute_indicator(placed, taken, item, rules.few_pupils) for _, rules, item in jobs]
    sizes = [len(frame) for frame in frames]
    long = pd.concat(frames, ignore_index=True)
    del frames
    place = long["place"].to_numpy()
    return pd.DataFrame(
        {
            **{column: taken[column].array.take(place) for column in (*KEY, "group")},
            "domain": repeat_names([str(domain) for domain, _, _ in jobs], sizes),
            "indicator": repeat_names([item.id for _, _, item in jobs], sizes),
            **{column: long[column] for column in ("raw", "participants", "treatment")},
        }
    )


def repeat_names(names: Sequence[str], sizes: Sequence[int]) -> pd.Categorical:
    """Each name as many times as its frame has rows; a category, since millions of texts would fill the memory."""
    codes, known = pd.factorize(np.array(names, dtype=object))
    return pd.Categorical.from_codes(np.repeat(codes, sizes), known)


def place_rows(table: pd.DataFrame, taken: pd.DataFrame) -> pd.DataFrame:
    """Rows of the schools that take part, with `place`, their position in `taken`; counts as floats."""
    places = taken[KEY].assign(place=np.arange(len(taken)))
    placed = table.drop(columns=list(PROVENANCE), errors="ignore").merge(places, on=KEY, validate="many_to_one")
    counts = [name for name in placed.columns if placed[name].dtype == "Int64" and name != "grade"]
    return placed.drop(columns=KEY).astype(dict.fromkeys(counts, "float64"))


def compute_indicator(placed: Tables, taken: pd.DataFrame, indicator: Indicator, few: FewPupils) -> pd.DataFrame:
    """Values of one indicator: a row per place with participants: place, raw, participants, treatment."""
    sums = sum_indicator(placed, indicator, len(taken))
    reference = average_region(sums, taken["year"]) if indicator.kind == "gap" else np.zeros(len(taken))
    is_small = (sums.participants > 0) & (sums.participants < few.min_participants)
    used = pool_years(sums, taken, few.years, is_small) if few.policy == "pool" else sums
    place = np.flatnonzero(used.participants > 0)
    raw = used.factor * used.numerator[place] / used.participants[place] - reference[place]
    treated = TREATMENTS.index(few.policy) - 1
    treatment = pd.Categorical.from_codes(np.where(is_small[place], treated, -1), [POOLED, NOT_APPLICABLE])
    raw = np.where(is_small[place] & (few.policy == "not_applicable"), np.nan, raw)
    participants = used.participants[place].astype(np.int64)
    return pd.DataFrame({"place": place, "raw": raw, "participants": participants, "treatment": treatment})


def select_rows(tables: Tables, rows: Rows) -> pd.DataFrame:
    """Rows of a contract table that pass all the filters."""
    table = tables[rows.table]
    chosen = np.ones(len(table), dtype=bool)
    for column, allowed in rows.filters.items():
        chosen &= match_values(table[column], allowed)
    return table[chosen]


def match_values(column: pd.Series, allowed: Sequence[object]) -> NDArray[np.bool_]:
    """Whether each value is one of the allowed; of a category only its few names are compared."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return np.asarray(column.isin(list(allowed)))
    known = np.append(column.cat.categories.isin(list(allowed)), False)
    return np.asarray(known[column.cat.codes])


def sum_indicator(tables: Tables, indicator: Indicator, places: int) -> Sums:
    """Sums of an indicator; its participants may stand in other rows than its count (`over_participants`)."""
    rows = select_rows(tables, indicator.rows)
    if not (isinstance(indicator, ShareIndicator) and indicator.over_participants and indicator.participants_of):
        return sum_rows(rows, indicator, places)
    count = read_numbers(rows, indicator.count)
    counted = add_up(rows, count, np.ones(len(rows)), places, 100.0)
    others = select_rows(tables, indicator.participants_of)
    participants = read_numbers(others, "participants")
    total = add_up(others, participants, participants, places, 1.0).participants
    return Sums(counted.numerator, np.where(counted.participants > 0, total, 0.0), 100.0)


def sum_rows(rows: pd.DataFrame, indicator: Indicator, places: int) -> Sums:
    """Numerator and participants of every place, over the rows that have both; a share has the factor 100."""
    if isinstance(indicator, ShareIndicator):
        return add_up(rows, read_numbers(rows, indicator.count), read_numbers(rows, indicator.total), places, 100.0)
    participants, mean = (read_numbers(rows, column) for column in indicator.columns)
    return add_up(rows, mean * participants, participants, places, 1.0)


def add_up(rows: pd.DataFrame, numerator: Values, participants: Values, places: int, factor: float) -> Sums:
    """Sums by place over the rows where neither number is missing."""
    known = ~np.isnan(numerator) & ~np.isnan(participants)
    place = rows["place"].to_numpy()[known]
    total = np.bincount(place, weights=participants[known], minlength=places)
    count = np.bincount(place, weights=numerator[known], minlength=places)
    return Sums(count.astype(np.float64), total.astype(np.float64), factor)


def read_numbers(rows: pd.DataFrame, column: str) -> Values:
    """A column as numbers, missing as NaN."""
    return rows[column].to_numpy(dtype=np.float64, na_value=np.nan)


def average_region(sums: Sums, years: pd.Series) -> Values:
    """Regional mean of every place's year, which weighs all schools of all groups by participants."""
    code, _ = pd.factorize(years)
    points, participants = np.bincount(code, weights=sums.numerator), np.bincount(code, weights=sums.participants)
    mean = np.divide(points, participants, out=np.full(len(points), np.nan), where=participants > 0)
    return np.asarray(sums.factor * mean[code])


def pool_years(sums: Sums, taken: pd.DataFrame, years: int, where: NDArray[np.bool_]) -> Sums:
    """Sums with those of the `years` up to the place's own added together, where asked for."""
    school, _ = pd.factorize(taken["school_id"])
    year = (taken["year"] - taken["year"].min()).to_numpy()
    pooled = [
        np.where(where, add_past(values, school, year, years), values) for values in (sums.numerator, sums.participants)
    ]
    return Sums(pooled[0], pooled[1], sums.factor)


def add_past(values: Values, school: NDArray[np.int64], year: NDArray[np.int64], years: int) -> Values:
    """Sum of a school's values over the `years` up to each place's year."""
    grid = np.zeros((school.max() + 1, year.max() + 1 + years)) if len(values) else np.zeros((1, 1 + years))
    grid[school, year + years] = values
    total = grid.cumsum(axis=1)
    return np.asarray(total[school, year + years] - total[school, year])


def fill_mean_scores(results: pd.DataFrame, procedures: Sequence[str] = MARKED) -> pd.DataFrame:
    """A missing mean of ОГЭ or ВПР becomes the mean of the marks where all four counts are there (DATA_CONTRACT.md).

    `procedures`: others whose marks or levels have a mean.
    """
    marks = np.column_stack([read_numbers(results, mark) for mark in MARKS])
    total = marks.sum(axis=1)
    mean = np.divide(marks @ [2, 3, 4, 5], total, out=np.full(len(total), np.nan), where=total > 0)
    marked = results["procedure"].isin(procedures).to_numpy()
    known = read_numbers(results, "mean_score")
    return results.assign(mean_score=np.where(np.isnan(known) & marked, mean, known))
