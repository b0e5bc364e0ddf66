"""Tiny builders of contract tables: every column has a default, a test names only what it is about."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from effschool.base.schemas import CONTRACT, INDICES, SOCIAL_COUNTS, empty_table
from effschool.method.methodology import Methodology

Row = dict[str, Any]
SOURCE: Row = {"source_file": "test.csv", "source_sheet": "", "source_row": 2}


def school(school_id: str = "01", year: int = 2020, **other: Any) -> Row:
    row: Row = {"year": year, "school_id": school_id, "name": f"Школа {school_id}", "municipality": "Район"}
    row |= {"type": "средняя", "locality": "город", "enrolment": 100, "exclusion": None}
    return row | SOURCE | other


def result(school_id: str = "01", year: int = 2020, marks: tuple[int | None, ...] = (), **other: Any) -> Row:
    """Result of ОГЭ in Russian; `marks` are counts of «2», «3», «4», «5», their sum the participants."""
    row: Row = {"year": year, "school_id": school_id, "procedure": "ОГЭ", "subject": "русский язык", "grade": 9}
    row |= dict(zip(("mark_2", "mark_3", "mark_4", "mark_5"), marks or (None,) * 4, strict=True))
    row |= {"participants": sum(mark or 0 for mark in marks) if marks else 10}
    row |= {"below_min": None, "score_80_plus": None, "mean_score": None}
    return row | SOURCE | other


def exam(school_id: str = "01", year: int = 2020, **other: Any) -> Row:
    """Result of ЕГЭ in Russian."""
    return result(school_id, year, **{"procedure": "ЕГЭ", "grade": 11, "below_min": 0, "score_80_plus": 0, **other})


def certificate(school_id: str = "01", year: int = 2020, **other: Any) -> Row:
    row: Row = {"year": year, "school_id": school_id, "level": "ООО", "graduates": 10, "without_certificate": 0}
    return row | SOURCE | other


def condition(school_id: str = "01", year: int = 2020, count: int = 5, **other: Any) -> Row:
    row: Row = {"year": year, "school_id": school_id, "pupils": 100, **dict.fromkeys(SOCIAL_COUNTS, count)}
    return row | SOURCE | other


def table(name: str, rows: Iterable[Row]) -> pd.DataFrame:
    columns = CONTRACT[name].columns
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({column: spec.dtype for column, spec in columns.items()})


def tables(**rows: Iterable[Row]) -> dict[str, pd.DataFrame]:
    """All contract tables, empty where no rows are given."""
    return {name: table(name, rows[name]) if name in rows else empty_table(CONTRACT[name]) for name in CONTRACT}


def indices(bands: Mapping[str, Mapping[int, str | None]], domain: str = "results") -> pd.DataFrame:
    """Indices with the given bands: school → year → band."""
    rows = [
        {"year": year, "school_id": school_id, "domain": domain, "group": "средние", "index": 0.5, "coverage": 1.0}
        | {"rank": 1 if band else None, "band": band}
        for school_id, by_year in bands.items()
        for year, band in by_year.items()
    ]
    frame = pd.DataFrame(rows, columns=list(INDICES.columns))
    return frame.astype({column: spec.dtype for column, spec in INDICES.columns.items()})


def change_rules(methodology: Methodology, domain: str, **changes: Any) -> Methodology:
    """The methodology with other rules of one domain."""
    rules = methodology.domains[domain].model_copy(update=changes)  # type: ignore[index]
    return methodology.model_copy(update={"domains": {**methodology.domains, domain: rules}})


def change_bands(methodology: Methodology, **changes: Any) -> Methodology:
    """The methodology with another cut of results."""
    bands = methodology.domains["results"].bands.model_copy(update=changes)
    return change_rules(methodology, "results", bands=bands)


def drop_gaps(methodology: Methodology) -> Methodology:
    """The methodology without indicators of lag."""
    kept = tuple(item for item in methodology.domains["results"].indicators if item.kind != "gap")
    return change_rules(methodology, "results", indicators=kept)


def region(years: Iterable[int] = (2018, 2019, 2020), number: int = 8, **other: Any) -> dict[str, pd.DataFrame]:
    """Region in which school 01 is worst and school `number` best, every year, in results and conditions alike."""
    places = [(year, f"{place:02}", place) for year in years for place in range(1, number + 1)]
    built = {
        "schools": [school(school_id, year) for year, school_id, _ in places],
        "results": [
            result(school_id, year, (number - place, 5, 3, place), subject=subject)
            for year, school_id, place in places
            for subject in ("русский язык", "математика")
        ],
        "social": [condition(school_id, year, count=2 * (number - place)) for year, school_id, place in places],
    }
    return tables(**(built | other))
