"""The reference region, computed apart from this program (DATA_CONTRACT.md): values within 1e-6, the rest exactly."""

import importlib
import importlib.util

import pandas as pd
import pytest
from conftest import ROOT

from effschool.base.schemas import CONTRACT, PROVENANCE, empty_table
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology
from effschool.method.windows import list_covered_years

CLOSE = 1e-6
SETTINGS = {
    "expected": {},
    "expected_literal": {"orientation": "literal"},
    "expected_last2_or_all3": {"social_rule": "last2_or_all3"},
}


@pytest.fixture(scope="module")
def contract_tables(golden):
    if importlib.util.find_spec("effschool.intake.ingest"):
        ingest = importlib.import_module("effschool.intake.ingest")
        return ingest.ingest_folder(golden, ROOT / "layouts").tables
    return {name: read_contract(golden, name) for name in CONTRACT}


def read_contract(folder, name):
    """A CSV of the contract, its columns in the order of the schema."""
    schema = CONTRACT[name]
    path = folder / f"{name}.csv"
    if not path.is_file():
        return empty_table(schema)
    names = [column for column in schema.columns if column not in PROVENANCE]
    frame = pd.read_csv(path, dtype="str", header=0, names=names)
    for column, spec in schema.columns.items():
        if column in names and str(spec.dtype) in ("int64", "Int64", "float64"):
            frame[column] = pd.to_numeric(frame[column])
    frame = frame.assign(source_file=path.name, source_sheet="", source_row=range(2, len(frame) + 2))
    return frame.astype({column: spec.dtype for column, spec in schema.columns.items()})


@pytest.fixture(scope="module")
def identified(contract_tables):
    path = ROOT / "methodologies" / "khabarovsk-2020.yml"
    return {
        setting: identify_schools(contract_tables, load_methodology(path, **switches))
        for setting, switches in SETTINGS.items()
    }


def join(folder, setting, name, found, keys):
    expected = pd.read_csv(folder / setting / f"{name}.csv", dtype={"school_id": "str"})
    joined = expected.merge(found, how="outer", on=keys, suffixes=("_expected", ""), indicator=True, validate="1:1")
    assert joined["_merge"].eq("both").all()
    assert len(joined) == len(expected) > 0
    return joined


def assert_close(joined, column):
    expected, found = joined[f"{column}_expected"], joined[column]
    assert found.isna().tolist() == expected.isna().tolist()
    assert (found - expected).abs().max() < CLOSE


def assert_equal(joined, column):
    assert joined[column].fillna("").tolist() == joined[f"{column}_expected"].fillna("").tolist()


@pytest.mark.parametrize("setting", SETTINGS)
def test_indicators(golden, identified, setting):
    joined = join(golden, setting, "indicators", identified[setting].indicators, ["year", "school_id", "indicator"])
    assert_close(joined, "raw")
    assert_close(joined, "normalised")


@pytest.mark.parametrize("setting", SETTINGS)
def test_indices(golden, identified, setting):
    joined = join(golden, setting, "indices", identified[setting].indices, ["year", "school_id", "domain"])
    assert_close(joined, "index")
    assert_close(joined, "coverage")
    assert_equal(joined, "band")
    assert_equal(joined, "group")


@pytest.mark.parametrize("setting", SETTINGS)
def test_lists(golden, identified, methodology, setting):
    found, covered = identified[setting].lists, list_covered_years(identified[setting].indices, methodology)
    joined = join(golden, setting, "lists", found[found["year"].isin(covered)], ["year", "school_id"])
    assert_equal(joined, "results_status")
    assert_equal(joined, "social_status")
    assert joined["fioko_shnor"].notna().all()
    assert joined["fioko_shnor"].astype(int).tolist() == joined["fioko_shnor_expected"].tolist()


def test_years_before_the_first_window_have_the_federal_list_alone(identified, contract_tables):
    """The golden files say nothing of them, so low procedures are counted by hand from the raw table."""
    lists, schools = identified["expected"].lists, identified["expected"].schools
    early = lists[lists["year"] < 2020].set_index(["year", "school_id"])
    assert early[["results_status", "social_status", "joint"]].isna().all(axis=None)
    low = count_low_by_hand(contract_tables["results"])
    taken = schools[schools["group"].notna() & (schools["year"] < 2020)]
    assert set(early.index) == set(low) & set(taken[["year", "school_id"]].itertuples(index=False, name=None))
    assert set(early.index.get_level_values("year")) == {2018, 2019}
    for (year, school), flag in early["fioko_shnor"].items():
        assert flag == (low[year, school] >= 2 or min(low[year, school], low.get((year - 1, school), 0)) >= 1)


def count_low_by_hand(results):
    """Low procedures by year and school: ОГЭ and ЕГЭ by subject, ВПР 5 and 6 by subject and grade."""
    found = {}
    for row in results.itertuples():
        if (row.procedure == "ВПР" and row.grade not in (5, 6)) or not row.participants > 0:
            continue
        failed = row.below_min if row.procedure == "ЕГЭ" else row.mark_2
        found[row.year, row.school_id] = found.get((row.year, row.school_id), 0) + (10 * failed >= 3 * row.participants)
    return found


def test_orientation_moves_11_of_73_school_years_and_takes_shnro_from_9_to_5(identified):
    every = [identified[setting].lists.query("year >= 2020") for setting in ("expected", "expected_literal")]
    lists = [each.set_index(["year", "school_id"]) for each in every]
    consistent, literal = (each["results_status"].fillna("") for each in lists)
    assert len(consistent) == 73
    assert (consistent != literal).sum() == 11
    assert [(statuses == "ШНРО").sum() for statuses in (consistent, literal)] == [9, 5]
