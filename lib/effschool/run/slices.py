"""What one report reads of the tables (срез): digests of it, so that a changed municipality redoes only itself.

A report reads two things: everything about its own schools, and of the others what its region-wide figures are made of,
without names and codes of schools. The digests follow exactly that; `tests/run/test_slices.py` shows that a report has
no more.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields

import numpy as np
import pandas as pd

from effschool.report.portfolio import RegionYear, has_lists, keep_latest
from effschool.report.sections.doubts import WORK
from effschool.report.sections.indicators import MOST_YEARS
from effschool.report.sections.missing import list_missing
from effschool.report.similar import describe_municipalities
from effschool.report.workspace import Workspace
from effschool.run.stamps import digest

OWN, REGION = "данные школ муниципалитета", "показатели региона"
"""What `stamps.explain_redo` calls the two digests."""
FIGURES = {
    "paths": ["year", "group", "municipality", "results_band", "results_index", "social_band", "social_index",
              "results_status", "social_status", "fioko_shnor", "joint"],
    "indicators": ["year", "group", "domain", "indicator", "raw", "participants", "municipality"],
    "level_change": ["tone"],
}  # fmt: skip
"""Columns of other schools that a report's region-wide figures are made of."""


def digest_slices(workspace: Workspace, year: int, municipalities: Iterable[str]) -> dict[str, dict[str, str]]:
    """Digests of what each municipality's report reads: own schools and region-wide figures, by municipality."""
    region = digest_region(workspace, year)
    owners = find_owners(workspace, year)
    own = [_digest_by_owner(table, table["school_id"].map(owners)) for table in list_own_tables(workspace, year)]
    own += [_digest_by_owner(table, table["municipality"]) for table in list_placed_tables(workspace, year)]
    return {name: {OWN: digest([part.get(name, "") for part in own]), REGION: region} for name in municipalities}


def find_owners(workspace: Workspace, year: int) -> pd.Series:
    """Municipality of every school in the year, or in the last year before in which it was there, by school."""
    schools = workspace.identified.schools
    return keep_latest(schools[schools["year"] <= year]).set_index("school_id")["municipality"]


def list_own_tables(workspace: Workspace, year: int) -> list[pd.DataFrame]:
    """Tables whose rows a report shows of its own schools."""
    identified, dynamics = workspace.identified, workspace.dynamics
    in_year = [
        identified.schools,
        identified.indices,
        identified.treatments,
        workspace.decisions,
    ]
    sure = [table for table in (workspace.certainty, workspace.levels) if len(table)]
    followed = (dynamics.paths, dynamics.memberships, dynamics.spells, dynamics.level_change, dynamics.pupil_cohorts)
    over_years = (
        workspace.corrections,
        *followed,
        *(table for table in list_support(workspace) if "school_id" in table),
        workspace.clusters,
        _list_told_signs(workspace, year),
        workspace.without_doubtful,
    )
    in_year += [workspace.deficits.gaps] if len(workspace.deficits.gaps) else []
    always = [table for table in over_years if len(table.columns)]
    values = identified.indicators[identified.indicators["year"].between(year - MOST_YEARS, year)]
    return [values, *(table[table["year"] == year] for table in (*in_year, *sure)), *always]


def list_placed_tables(workspace: Workspace, year: int) -> list[pd.DataFrame]:
    """Tables whose rows a report shows of its own municipality."""
    placed = [table for table in list_support(workspace) if "school_id" not in table]
    targets, topics = workspace.support.targets, workspace.deficits.topics
    known = [table[table["year"] <= year] if table is targets else table for table in placed if len(table)]
    return [table for table in (*known, topics[topics["year"] == year]) if len(table)]


def list_support(workspace: Workspace) -> list[pd.DataFrame]:
    """Tables of support: by school where they name one, else by place."""
    return [getattr(workspace.support, item.name) for item in fields(workspace.support)]


def digest_region(workspace: Workspace, year: int) -> str:
    """Digest of the figures of the whole region that reports show beside their own."""
    paths = workspace.dynamics.paths.dropna(subset="group")
    paths = paths[paths["year"] <= year]
    levels, values = workspace.dynamics.level_change, workspace.identified.indicators
    in_years = values[values["year"].between(year - MOST_YEARS, year)]
    in_year = {"paths": paths, "level_change": levels[levels["year"] == year]}
    places = paths[["school_id", "year", "group", "municipality"]]
    in_year["indicators"] = in_years.merge(places, on=["school_id", "year"])
    rows = {name: _digest_rows(in_year[name][columns]) for name, columns in FIGURES.items()}
    return digest(
        {
            **rows,
            "municipalities": _digest_rows(describe_municipalities(RegionYear(workspace, year)).reset_index()),
            "methodology": workspace.methodology.model_dump(mode="json"),
            "region": workspace.region.model_dump(mode="json"),
            "targets": _digest_rows(_list_region_targets(workspace, year)),
            "effects": workspace.effects.to_csv(),
            "grouped": sorted(set(workspace.clusters.get("year", ()))),
            "tested": _digest_rows(_count_tested(workspace, year)),
            "has_lists": has_lists(workspace, year),
            "refused": int((workspace.files["status"] == "не принят").sum()),
            "missing": list_missing(RegionYear(workspace, year), names_files=False),
        }
    )


def _list_told_signs(workspace: Workspace, year: int) -> pd.DataFrame:
    """Signs that a report may tell of: those marked up to its year."""
    signs = workspace.signs
    return signs[signs["marked"].astype(bool) & (signs["year"] <= year)] if len(signs) else signs


def _count_tested(workspace: Workspace, year: int) -> pd.DataFrame:
    """Schools tested by work and municipality: what is expected is told where enough of others are behind it."""
    signs = workspace.signs
    tested = signs[signs["year"] <= year] if len(signs) else pd.DataFrame(columns=[*WORK, "school_id"])
    places = tested["school_id"].map(find_owners(workspace, year)).rename("municipality")
    return tested.groupby([*WORK, places], dropna=False).size().reset_index()


def _list_region_targets(workspace: Workspace, year: int) -> pd.DataFrame:
    """Targets of the whole region, which stand beside a municipality's own."""
    targets = workspace.support.targets
    return targets[targets["municipality"].isna() & (targets["year"] <= year)] if len(targets) else targets


def _hash_rows(table: pd.DataFrame) -> np.ndarray:
    """A number for every row, the same for the same values."""
    plain = {name: _say_lists(table[name]) for name in table}
    return pd.util.hash_pandas_object(pd.DataFrame(plain), index=False).to_numpy()


def _say_lists(column: pd.Series) -> pd.Series:
    """Lists in a column as text: they have no hash."""
    is_list = column.dtype == object and column.map(lambda value: isinstance(value, Sequence | np.ndarray)).any()
    return column.map(str).astype("str") if is_list else column


def _digest_rows(table: pd.DataFrame) -> str:
    """Digest of a table whatever the order of its rows."""
    return hashlib.sha256(np.sort(_hash_rows(table)).tobytes()).hexdigest()[:16]


def _digest_by_owner(table: pd.DataFrame, owners: pd.Series) -> Mapping[str, str]:
    """Digest of every municipality's rows of a table; `owners` names the municipality of every row."""
    hashes = pd.Series(_hash_rows(table), index=owners)
    return {
        str(name): hashlib.sha256(np.sort(rows.to_numpy()).tobytes()).hexdigest()[:16]
        for name, rows in hashes.groupby(level=0)
    }
