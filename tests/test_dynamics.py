import pandas as pd
import pytest
from builders import table
from builders_report import identify_bands, index_bands, listed, lists, register, registered
from hypothesis import given
from hypothesis import strategies as st

from effschool.dynamics import (
    count_transitions,
    count_turnover,
    describe_history,
    describe_memberships,
    follow_cohorts,
    follow_schools,
    name_states,
    stack_lists,
    trace_paths,
)
from effschool.schemas import LISTS, empty_table

YEARS = (2019, 2020, 2021)
BANDS = {
    "01": {2019: "low", 2020: "low", 2021: "mid"},
    "02": {2019: "mid", 2020: None, 2021: "mid"},
    "03": {2019: "high"},  # closed
    "04": {2020: "low", 2021: "low"},  # new
    "06": {2019: "high", 2021: "high"},  # left out in 2020
}


@pytest.fixture(scope="module")
def paths():
    rows = [registered(school_id, year) for school_id, years in BANDS.items() for year in years]
    rows += [registered("05", year, group=None, exclusion="адаптированные программы") for year in YEARS]
    rows += [registered("06", 2020, group=None, exclusion="ремонт")]
    found = index_bands(BANDS).fillna({"index": 0.9})  # an index below the needed coverage has no band
    return trace_paths(register(rows), found, empty_table(LISTS))


def count_pairs(paths, year):
    found = count_transitions(paths, "results")
    found = found[found["to_year"] == year]
    return found.set_index(["from_state", "to_state"])["schools"].to_dict()


def test_transitions_count_every_school_once(paths):
    assert count_pairs(paths, 2020) == {
        ("low", "low"): 1,
        ("mid", "not_ranked"): 1,
        ("high", "absent"): 2,  # closed, and left out
        ("absent", "low"): 1,
    }
    assert count_pairs(paths, 2021) == {
        ("low", "mid"): 1,
        ("not_ranked", "mid"): 1,
        ("low", "low"): 1,
        ("absent", "high"): 1,
    }


def test_transitions_are_between_neighbouring_years_of_the_domain(paths):
    found = count_transitions(paths, "results")
    assert list(found.columns) == ["domain", "from_year", "to_year", "from_state", "to_state", "schools"]
    assert set(zip(found["from_year"], found["to_year"], strict=True)) == {(2019, 2020), (2020, 2021)}
    assert set(found["domain"]) == {"results"}


def test_year_without_a_band_is_never_unchanged(paths):
    assert name_states(paths, "results", 2020)["02"] == "not_ranked"
    assert "03" not in name_states(paths, "results", 2020).index
    assert count_pairs(paths, 2020).get(("mid", "mid"), 0) == 0
    assert count_pairs(paths, 2020).get(("high", "high"), 0) == 0


def test_school_left_out_has_no_state(paths):
    for year in YEARS:
        assert "05" not in name_states(paths, "results", year).index


def test_one_year_gives_no_transitions():
    paths = trace_paths(register([registered("01", 2020)]), index_bands({"01": {2020: "low"}}), empty_table(LISTS))
    assert count_transitions(paths, "results").empty


def test_paths_keep_every_row_of_the_register(paths):
    assert len(paths) == 15
    assert paths["results_band"].notna().sum() == 10
    assert {"results_index", "social_index", "social_band", "results_status", "joint"} <= set(paths.columns)
    assert paths["social_band"].isna().all()


def test_history_in_the_words_of_the_source():
    assert describe_history([2019, 2021, 2022]) == "В списках 2019 г., 2021 г., 2022 г."
    assert describe_history([2022]) == "Только в списке 2022 г."
    assert describe_history([2022, 2019, 2021]) == "В списках 2019 г., 2021 г., 2022 г."


def make_members(rows):
    return pd.DataFrame(rows, columns=["year", "school_id", "list"])


def test_memberships_are_a_row_per_school_and_list():
    members = make_members([(2021, "01", "А"), (2019, "01", "А"), (2022, "01", "А"), (2022, "01", "Б")])
    found = describe_memberships(members.sort_values("year")).set_index(["school_id", "list"])
    assert found.loc[("01", "А"), "history"] == "В списках 2019 г., 2021 г., 2022 г."
    assert found.loc[("01", "Б"), "history"] == "Только в списке 2022 г."
    assert list(found.loc[("01", "А"), "years"]) == [2019, 2021, 2022]


def stack(rows, methodology):
    identified = identify_bands({row["school_id"]: {row["year"]: "low"} for row in rows}, lists=lists(rows))
    return stack_lists(trace_paths(identified.schools, identified.indices, identified.lists), methodology)


def test_lists_are_stacked_with_the_federal_one(methodology):
    rows = [
        listed("01", 2022, results_status="ШНРО", social_status="ШНСУ", fioko_shnor=True),
        listed("02", 2022, fioko_shnor=None),
        listed("03", 2022),
    ]
    assert stack(rows, methodology).to_numpy().tolist() == [
        [2022, "01", "ШНОР"],
        [2022, "01", "ШНРО"],
        [2022, "01", "ШНСУ"],
    ]


def test_methodology_without_the_federal_list_does_not_stack_it(methodology):
    rows = [listed("01", 2022, results_status="ШНРО", fioko_shnor=True)]
    assert stack(rows, methodology.model_copy(update={"fioko": None}))["list"].tolist() == ["ШНРО"]


def move(members, rows):
    paths = trace_paths(register(rows), index_bands({}), empty_table(LISTS))
    return count_turnover(make_members(members), paths).set_index(["list", "to_year"])


def test_turnover_by_hand():
    rows = [registered(f"{number:02}", year) for number in range(1, 7) for year in (2021, 2022)]
    rows = [row for row in rows if (row["school_id"], row["year"]) != ("04", 2022)]  # closed
    rows = [row | ({"group": None} if (row["school_id"], row["year"]) == ("05", 2022) else {}) for row in rows]
    before, after = ("01", "02", "03", "04", "05"), ("01", "02", "06")
    members = [(2021, school_id, "ШНРО") for school_id in before] + [(2022, school_id, "ШНРО") for school_id in after]
    moves = move(members, rows).loc[("ШНРО", 2022)]
    assert moves[["stayed", "entered", "left", "gone"]].tolist() == [2, 1, 1, 2]
    assert moves["from_year"] == 2021


def test_list_that_is_empty_in_a_year_lost_its_schools():
    rows = [registered("01", year) for year in (2021, 2022)]
    moves = move([(2021, "01", "ШНРО"), (2022, "01", "ШНСУ")], rows)
    assert moves.loc[("ШНРО", 2022), ["stayed", "entered", "left", "gone"]].tolist() == [0, 0, 1, 0]
    assert moves.loc[("ШНСУ", 2022), ["stayed", "entered", "left", "gone"]].tolist() == [0, 1, 0, 0]


SETS = st.sets(st.sampled_from([f"{number:02}" for number in range(8)]), min_size=1)


@given(before=SETS, after=SETS, present=SETS)
def test_turnover_adds_up(before, after, present):
    rows = [registered(school_id, 2022) for school_id in present | after]
    members = [(2021, school_id, "А") for school_id in before] + [(2022, school_id, "А") for school_id in after]
    moves = move(members, rows).loc[("А", 2022)]
    assert moves["stayed"] + moves["left"] + moves["gone"] == len(before)
    assert moves["stayed"] + moves["entered"] == len(after)
    assert moves["gone"] == len(before - after - present)


def enter(school_id, year, project="500+"):
    row = {"school_id": school_id, "project": project, "entry_year": year, "exit_year": None, "partner_id": None}
    return row | {"curator": None, "source_file": "p.csv", "source_sheet": "", "source_row": 2}


def test_cohort_is_that_of_the_first_entry_and_counts_the_ranked(paths):
    programme = table("programme", [enter("01", 2021), enter("01", 2020, "другой"), enter("02", 2020)])
    cohorts = follow_cohorts(paths, programme).set_index(["entry_year", "year"])
    entered = cohorts.loc[2020]
    assert entered["schools"].to_dict() == {2019: 2, 2020: 1, 2021: 2}  # 02 is not ranked in 2020
    assert entered["mean_index"].round(6).to_dict() == {2019: 0.35, 2020: 0.2, 2021: 0.5}
    outside = cohorts[cohorts.index.get_level_values("entry_year").isna()]
    assert outside["schools"].tolist() == [2, 1, 2]
    assert 2021 not in cohorts.index.get_level_values("entry_year")


def test_everything_is_followed_and_nothing_is_changed(methodology):
    identified = identify_bands(BANDS, social=BANDS)
    before = identified.indices.copy()
    dynamics = follow_schools(identified, table("programme", []), methodology)
    pd.testing.assert_frame_equal(identified.indices, before)
    assert set(dynamics.transitions["domain"]) == {"results", "social"}
    assert dynamics.cohorts["entry_year"].isna().all()
    assert dynamics.memberships.empty
