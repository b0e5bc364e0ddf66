import numpy as np
import pandas as pd
import pytest
from builders import table
from builders_report import identify_bands, index_bands, listed, lists, register, registered
from hypothesis import given
from hypothesis import strategies as st

from effschool.base.russian import format_percent
from effschool.base.schemas import LISTS, empty_table
from effschool.dynamics.follow import follow_schools
from effschool.dynamics.leaving import clip_spells, count_returns, estimate_leaving, trace_spells
from effschool.dynamics.paths import (
    describe_history,
    describe_memberships,
    follow_cohorts,
    share_lists,
    stack_lists,
    trace_paths,
)
from effschool.dynamics.transitions import (
    count_transitions,
    count_turnover,
    list_ranked_years,
    name_states,
    share_transitions,
    spread_states,
)

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
    assert list(found.columns) == [*STEP, "group", "municipality", "locality", "schools"]
    assert set(zip(found["from_year"], found["to_year"], strict=True)) == {(2019, 2020), (2020, 2021)}
    assert set(found["domain"]) == {"results"}


STEP = ["domain", "from_year", "to_year", "from_state", "to_state"]


def test_shares_of_a_place_are_of_its_schools_before():
    bands = {"01": {2020: "low", 2021: "low"}, "02": {2020: "low", 2021: "mid"}, "03": {2020: "low", 2021: "low"}}
    rows = [
        registered(name, year, municipality="Другой" if name == "03" else "Район")
        for name, years in bands.items()
        for year in years
    ]
    found = count_transitions(trace_paths(register(rows), index_bands(bands), empty_table(LISTS)), "results")
    whole = share_transitions(found).set_index("to_state")
    assert whole["schools"].to_dict() == {"low": 2, "mid": 1}
    assert whole["share_pct"].round(1).to_dict() == {"low": 66.7, "mid": 33.3}
    apart = share_transitions(found, ["municipality"]).set_index(["municipality", "to_state"])
    assert apart["share_pct"].to_dict() == {("Другой", "low"): 100, ("Район", "low"): 50, ("Район", "mid"): 50}


def test_school_that_moved_belongs_to_its_later_place_and_one_that_is_gone_to_its_earlier():
    bands = {"01": {2020: "low", 2021: "low"}, "02": {2020: "low"}}
    rows = [registered("01", 2020, municipality="А"), registered("01", 2021, municipality="Б")]
    rows.append(registered("02", 2020, municipality="В"))
    found = count_transitions(trace_paths(register(rows), index_bands(bands), empty_table(LISTS)), "results")
    assert found.set_index("municipality")["to_state"].to_dict() == {"Б": "low", "В": "absent"}


def test_states_of_a_year_that_is_missing_are_missing_for_every_school(paths):
    without = paths[paths["year"] != 2020]
    states = spread_states(without, "results_band", "not_ranked", list_ranked_years(without, "results"))
    assert states.columns.tolist() == [2019, 2020, 2021]
    assert states[2020].isna().all()
    assert states.loc["01"].tolist()[::2] == ["low", "mid"]
    assert states.loc["04"].tolist()[::2] == ["absent", "low"]
    assert "05" not in states.index


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


def test_years_of_the_federal_list_alone_are_no_empty_years_of_the_others():
    rows = [registered("01", year) for year in (2020, 2021, 2022)]
    members = [(2020, "01", "ШНОР"), (2021, "01", "ШНОР"), (2021, "01", "ШНРО"), (2022, "01", "ШНРО")]
    moves = move(members, rows)
    assert moves.index.tolist() == [("ШНОР", 2021), ("ШНОР", 2022), ("ШНРО", 2022)]
    shares = share_lists(make_members(members), trace_paths(register(rows), index_bands({}), empty_table(LISTS)))
    assert shares.groupby("list")["year"].agg(list).to_dict() == {"ШНОР": [2020, 2021, 2022], "ШНРО": [2021, 2022]}


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
    dynamics = follow_schools(identified, {"programme": table("programme", []), "results": RESULTS}, methodology)
    pd.testing.assert_frame_equal(identified.indices, before)
    assert set(dynamics.transitions["domain"]) == {"results", "social"}
    assert dynamics.cohorts["entry_year"].isna().all()
    assert dynamics.memberships.empty
    assert [len(table) for table in (dynamics.spells, dynamics.level_change, dynamics.pupil_cohorts)] == [0, 0, 0]


RESULTS = table("results", [])


def test_share_of_all_schools_is_that_of_the_source():
    """Имени Лазо district, 29 schools: 8 in 2021 and 10 in 2022 (METHODOLOGY.md section 2)."""
    rows = [registered(f"{number:02}", year) for number in range(29) for year in (2021, 2022)]
    rows += [registered("99", year, municipality="Другой") for year in (2021, 2022)]
    rows += [registered("98", 2021, group=None)]
    paths = trace_paths(register(rows), index_bands({}), empty_table(LISTS))
    members = make_members(
        [(2021, f"{number:02}", "ШНОР") for number in range(8)]
        + [(2022, f"{number:02}", "ШНОР") for number in range(10)]
        + [(2022, "99", "ШНОР")]
    )
    shares = share_lists(members, paths[paths["municipality"] == "Район"]).set_index("year")
    assert shares["members"].to_dict() == {2021: 8, 2022: 10}
    assert [format_percent(share) for share in shares["share_pct"]] == ["27,6\xa0%", "34,5\xa0%"]


def test_list_that_is_empty_in_a_year_has_a_share_of_zero():
    paths = trace_paths(register([registered("01", 2021), registered("01", 2022)]), index_bands({}), empty_table(LISTS))
    shares = share_lists(make_members([(2021, "01", "А"), (2022, "01", "Б")]), paths).set_index(["list", "year"])
    assert shares.loc[("А", 2022), ["members", "share_pct"]].tolist() == [0, 0]


ALL = range(2018, 2025)


def spend(histories, methodology, ranked=None, absent=(), years=ALL):
    """Spells of schools whose status of results is named by year; every other year they are ranked and on no list."""
    pairs = [(name, year) for name in histories for year in years if (name, year) not in absent]
    bands = {name: {year: "mid" for school, year in pairs if school == name} for name in histories}
    for name, year in ranked or ():
        bands[name][year] = None
    rows = [listed(name, year, results_status=histories[name].get(year)) for name, year in pairs if year >= 2020]
    identified = identify_bands(bands, lists=lists(rows))
    paths = trace_paths(identified.schools, identified.indices, identified.lists)
    return trace_spells(paths, methodology)


def tell(spells):
    columns = ["start_year", "end_year", "ending", "is_truncated", "years"]
    return {name: rows[columns].to_numpy().tolist() for name, rows in spells.groupby("school_id")}


def on(*years):
    return dict.fromkeys(years, "ШНРО")


def test_spells_by_hand(methodology):
    found = spend(
        {"left": on(2021, 2022), "still": on(2023, 2024), "first": on(2020), "twice": on(2021, 2023)}, methodology
    )
    assert tell(found) == {
        "left": [[2021, 2022, "left", False, 2]],
        "still": [[2023, 2024, "still", False, 1]],
        "first": [[2020, 2020, "left", True, 1]],
        "twice": [[2021, 2021, "left", False, 1], [2023, 2023, "left", False, 1]],
    }
    assert count_returns(found).loc["ШНРО"].to_dict() == {"left": 4, "returned": 1}


def test_school_that_closed_or_is_not_ranked_has_not_left(methodology):
    found = spend(
        {"gone": on(2021, 2022), "unranked": on(2021)},
        methodology,
        [("unranked", 2022)],
        {("gone", 2023), ("gone", 2024)},
    )
    assert tell(found) == {"gone": [[2021, 2022, "gone", False, 1]], "unranked": [[2021, 2021, "unranked", False, 0]]}


def test_worse_list_is_no_leaving(methodology):
    found = spend(
        {"a": {2021: "группа риска", 2022: "ШНРО"}, "b": {2021: "стабильно высокие", 2022: "ШНРО"}}, methodology
    )
    risk = found[found["list"] == "группа риска"]
    assert tell(risk) == {"a": [[2021, 2021, "moved", False, 1]]}
    assert found.loc[found["list"] == "стабильно высокие", "ending"].tolist() == ["left"]
    assert estimate_leaving(risk)["still_pct"].tolist() == [100]


def test_year_without_lists_breaks_a_spell(methodology):
    years = [2015, 2016, 2017, 2019, 2020, 2021, 2022]
    pairs = [("a", year) for year in years]
    identified = identify_bands(
        {"a": dict.fromkeys(years, "mid")},
        lists=lists([listed(name, year, results_status="ШНРО") for name, year in pairs if year in (2017, 2021, 2022)]),
    )
    paths = trace_paths(identified.schools, identified.indices, identified.lists)
    assert tell(trace_spells(paths, methodology)) == {
        "a": [[2017, 2017, "unknown", True, 0], [2021, 2022, "still", True, 1]]
    }


def test_what_is_later_is_not_known_earlier(methodology):
    found = spend({"a": on(2021, 2022), "b": on(2022, 2023, 2024), "c": on(2024)}, methodology)
    clipped = clip_spells(found, 2022)
    assert tell(clipped) == {"a": [[2021, 2022, "still", False, 1]], "b": [[2022, 2022, "still", False, 0]]}
    assert tell(clip_spells(found, 2024)) == tell(found)


def make_spells(rows):
    """Spells of one list: years and whether the school left."""
    return pd.DataFrame(
        [
            {"school_id": str(number), "list": "А", "years": years, "is_truncated": False, "start_year": 2010}
            | {"ending": "left" if left else "still"}
            for number, (years, left) in enumerate(rows)
        ]
    )


def test_kaplan_and_meier_by_hand():
    rows = [(1, True), (1, True), (1, False), (2, True), (2, False), (3, False), (3, True), (4, False)]
    found = estimate_leaving(make_spells(rows)).set_index("years")
    assert found.loc[[1, 2, 3], "at_risk"].tolist() == [8, 5, 3]
    assert found.loc[[1, 2, 3], "still_pct"].tolist() == pytest.approx([75, 60, 40])
    assert (found["low_pct"] < found["still_pct"]).all()
    # Greenwood's variance and the log-log interval at one year: S = 3/4, se = sqrt(S² · 2/(8·6)).
    error = (0.75**2 * 2 / 48) ** 0.5
    factor = np.exp(1.959964 * error / (0.75 * abs(np.log(0.75))))
    assert found.loc[1, ["low_pct", "high_pct"]].tolist() == pytest.approx(
        [100 * 0.75**factor, 100 * 0.75 ** (1 / factor)]
    )


@given(rows=st.lists(st.tuples(st.integers(1, 6), st.booleans()), min_size=1, max_size=30))
def test_shares_that_stay_fall_and_without_censoring_are_plain_shares(rows):
    found = estimate_leaving(make_spells(rows))
    assert found["still_pct"].is_monotonic_decreasing
    assert found["still_pct"].between(0, 100).all()
    everyone = estimate_leaving(make_spells([(years, True) for years, _ in rows])).set_index("years")["still_pct"]
    for years, share in everyone.items():
        assert share == pytest.approx(100 * sum(own > years for own, _ in rows) / len(rows))


def test_spells_of_no_length_are_not_at_risk():
    assert estimate_leaving(make_spells([(0, False)])).empty
    assert estimate_leaving(make_spells([(0, False), (1, True)]))["at_risk"].tolist() == [1]
