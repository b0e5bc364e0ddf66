"""Tiny builders for reports: a whole workspace from the bands that a test names."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from builders import indices, table

from effschool.base.schemas import INDICATORS, LISTS, SCHOOLS_OUT, empty_table
from effschool.dynamics.follow import follow_schools
from effschool.method.identify import TREATMENTS, Identified
from effschool.method.methodology import Methodology
from effschool.report.workspace import Region, Workspace

Bands = Mapping[str, Mapping[int, str | None]]
INDEX_OF_BAND = {"low": 0.2, "mid": 0.5, "high": 0.8}


def fill(columns: Iterable[str], schema: Any, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.astype({name: column.dtype for name, column in schema.columns.items()})


def registered(school_id: str, year: int, **other: Any) -> dict[str, Any]:
    row = {"year": year, "school_id": school_id, "name": f"Школа {school_id}", "municipality": "Район"}
    return row | {"group": "средние", "locality": "город", "enrolment": 100, "exclusion": None} | other


def register(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return fill(SCHOOLS_OUT.columns, SCHOOLS_OUT, rows)


def listed(school_id: str, year: int, **other: Any) -> dict[str, Any]:
    """A row of the lists, on none of them."""
    row = dict.fromkeys(LISTS.columns) | {"year": year, "school_id": school_id, "fioko_shnor": False}
    return row | other


def lists(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    return fill(LISTS.columns, LISTS, rows)


def index_bands(bands: Bands, domain: str = "results") -> pd.DataFrame:
    """Indices whose value follows from the band."""
    frame = indices(bands, domain)
    return frame.assign(index=frame["band"].map(INDEX_OF_BAND).astype("float64"))


def measured(school_id: str, indicator: str, raw: float, **other: Any) -> dict[str, Any]:
    """A row of the indicators of 2022."""
    row = {"year": 2022, "school_id": school_id, "domain": "results", "indicator": indicator, "raw": raw}
    return row | {"normalised": 0.5, "participants": 10} | other


def indicators(rows: Iterable[Mapping[str, Any]] = ()) -> pd.DataFrame:
    return fill(INDICATORS.columns, INDICATORS, rows)


def identify_bands(
    bands: Bands, schools: pd.DataFrame | None = None, social: Bands | None = None, **tables: pd.DataFrame
) -> Identified:
    """Identified with every school of `bands` in «Район», unless a register is given."""
    rows = [registered(school_id, year) for school_id, years in bands.items() for year in years]
    found = pd.concat([index_bands(bands), index_bands(social or {}, "social")], ignore_index=True)
    notices = pd.DataFrame(columns=["year", "domain", "group", "notice"])
    treatments = pd.DataFrame(columns=TREATMENTS)
    made = Identified(
        register(rows) if schools is None else schools, indicators(), found, empty_table(LISTS), notices, treatments
    )
    return replace(made, **tables)


TWO_YEARS: Bands = {
    "a": {2021: "low", 2022: "low"},
    "b": {2021: "low", 2022: "mid"},
    "c": {2021: "mid", 2022: None},
    "d": {2022: "high"},
}
"""Bands of four schools: one stays, one leaves the lowest group, one is not ranked, one appears."""


def build_two_years(methodology: Methodology, programme: Iterable[Mapping[str, Any]] = ()) -> Workspace:
    """A workspace of `TWO_YEARS` with two schools on a list, one of them in both years."""
    members = [listed(name, year, results_status="ШНРО") for name, year in (("a", 2021), ("b", 2021), ("a", 2022))]
    return build_workspace(identify_bands(TWO_YEARS, lists=lists(members)), methodology, programme)


def build_workspace(
    identified: Identified,
    methodology: Methodology,
    programme: Iterable[Mapping[str, Any]] = (),
    results: Iterable[Mapping[str, Any]] = (),
    **region: Any,
) -> Workspace:
    """Workspace of a region without problems."""
    tables = {"programme": table("programme", programme), "results": table("results", results)}
    dynamics = follow_schools(identified, tables, methodology)
    problems = pd.DataFrame(columns=["severity", "message"], dtype="str")
    files = pd.DataFrame(columns=["file", "sheet", "layout", "rows", "status"])
    decisions = pd.DataFrame(
        columns=["year", "school_id", "list", "is_member", "pupils", "sentence", "within_reach", "reason"]
    )
    card = Region(**{"name": "Край", **region})
    return Workspace(card, methodology, identified, dynamics, problems, files, decisions)


SIGN: dict[str, Any] = {
    "year": 2022, "kind": "journal_raised", "subject": "математика", "grade": 4, "participants": 60,
    "value": 0.39, "expected": 0.07, "p_value": 1e-9, "q_value": 1e-7, "marked": True, "caution": False,
}  # fmt: skip
"""A row of the signs: marks above the journal, marked."""


def signs(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Signs of doubtful results, each row with what it names besides the school."""
    frame = pd.DataFrame([SIGN | row for row in rows], columns=["school_id", *SIGN])
    return frame.astype({"grade": "Int64", "participants": "Int64"})
