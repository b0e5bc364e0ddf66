import math

import pandas as pd
import pytest
from builders_report import build_workspace, identify_bands, indicators, measured, register, registered
from scipy import stats

from effschool.report.comments import SIGNS
from effschool.report.portfolio import Portfolio, RegionYear, list_municipalities, open_region
from effschool.report.privacy import load_privacy
from effschool.report.school_features import gather_features, name_titles


@pytest.fixture(scope="module")
def signs(methodology):
    """Two schools of one group and one of another; 20 and 80 participants; the year before 20 and none."""
    values = [
        measured("01", "oge_math_2", 50.0, participants=20),
        measured("02", "oge_math_2", 10.0, participants=80),
        measured("03", "oge_math_2", 0.0, participants=100),
        measured("01", "oge_math_2", 25.0, participants=20, year=2021),
    ]
    rows = [registered(code, 2022, group="основные" if code == "03" else "средние") for code in ("01", "02", "03")]
    bands = {"01": {2022: "low"}, "02": {2022: "high"}}
    identified = identify_bands(bands, register(rows), indicators=indicators(values))
    region = RegionYear(build_workspace(identified, methodology), 2022)
    return gather_features(region, region.region_schools)


def test_value_beside_region_group_and_last_year(signs):
    own = {name.removeprefix("oge_math_2"): signs.loc["01", name] for name in signs if name.startswith("oge_math_2")}
    assert own[""] == 50
    assert own[".region"] == pytest.approx((10 + 8) / 200 * 100)
    assert own[".group"] == pytest.approx((10 + 8) / 100 * 100)
    assert own[".above"] == pytest.approx(32)
    assert (own[".before"], own[".change"], own[".pupils"], own[".participants"]) == (25, 25, 10, 20)


def test_figures_stand_beside_own_ones_where_enough_others_are_behind_them(demo):
    values = demo.identified.indicators
    values = values[(values["year"] == 2023) & (values["indicator"] == "oge_math_2")]
    hidden = set()
    for name in list_municipalities(demo, 2023):
        portfolio = Portfolio(demo, 2023, name)
        foreign = portfolio.region_schools[portfolio.region_schools["municipality"] != name]
        counts = values.merge(foreign, on="school_id").groupby("group").size()
        signs = gather_features(portfolio, portfolio.schools).join(portfolio.schools.set_index("school_id")["group"])
        known = signs.dropna(subset="oge_math_2")
        few = known["group"].map(counts).fillna(0).between(1, load_privacy().reports.schools - 1)
        assert known["oge_math_2.group"].isna().equals(few)
        hidden |= set(few)
    assert hidden == {True, False}


def test_scores_are_those_of_exact_tests(signs):
    tail = stats.binom.sf(9, 20, 0.18)  # 10 of 20 where 18 % of the group fail
    assert signs.loc["01", "oge_math_2.beside"] == pytest.approx(stats.norm.isf(tail))
    tail = stats.hypergeom.sf(9, 40, 15, 20)  # 10 of 20 after 5 of 20
    assert signs.loc["01", "oge_math_2.moved"] == pytest.approx(stats.norm.isf(tail))
    assert math.isnan(signs.loc["02", "oge_math_2.moved"])


def test_low_results_are_of_the_year_and_unknown_where_not_ranked(signs):
    assert signs["results_low"].to_list()[:2] == [True, False]
    assert pd.isna(signs.loc["03", "results_low"])
    assert signs["results_missing"].to_list() == [False, False, True]


def test_every_sign_is_known_of_the_region(demo):
    region = open_region(demo, 2023)
    signs = gather_features(region, region.region_schools)
    assert set(SIGNS) <= set(signs)
    assert list(signs.index) == list(region.region_schools["school_id"])
    unknown = [name for name in SIGNS if signs[name].isna().all()]
    assert not unknown
    listed = signs[signs["results_status"] == "ШНРО"]
    assert listed["results_listed"].all()
    assert listed["results_verdict"].notna().all()
    assert (listed["results_years"] >= 1).all()


def test_titles_name_those_who_are_counted(methodology):
    titles = name_titles(methodology)
    assert titles["oge_math_2"] == ("ОГЭ, математика: «2»", "участник,участника,участников")
    assert titles["deviant"][1].startswith("обучающийся")
    assert titles["oge_no_certificate"][1].startswith("выпускник")
