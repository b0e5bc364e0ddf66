import pandas as pd
import pytest
from builders_report import build_workspace, identify_bands, indicators, listed, lists, measured, register, registered
from hypothesis import given
from hypothesis import strategies as st

from effschool.intake.ingest import read_contract
from effschool.report.portfolio import (
    Portfolio,
    RegionYear,
    compare_indicators,
    count_lists,
    list_histories,
    list_municipalities,
    measure_participants,
    name_kinds,
    name_slugs,
    open_portfolio,
    open_region,
    order_names,
    place_points,
    pool_by_indicator,
    spread_bands,
)

OTHERS = ("o1", "o2", "o3", "o4", "o5")
"""As many schools of another municipality as have to stand behind a figure of the region."""


@pytest.fixture
def make_portfolio(methodology):
    def make(bands, year=2022, **tables):
        schools = tables.pop("schools", None)
        identified = identify_bands(bands, schools, tables.pop("social", None), **tables)
        return Portfolio(build_workspace(identified, methodology), year, "Район")

    return make


def pick(demo, number=0):
    return open_portfolio(demo, list_municipalities(demo, 2023)[number], 2023)


def pool_counts(demo_processed, table, school_ids, part, whole, **chosen):
    """Share over all pupils from the counts as they were sent."""
    rows = read_contract(demo_processed)[table]
    for column, value in {"year": 2023, **chosen}.items():
        rows = rows[rows[column] == value]
    rows = rows[rows["school_id"].isin(school_ids)].dropna(subset=[part, whole])
    assert len(rows) > 1
    return 100 * rows[part].sum() / rows[whole].sum()


@pytest.mark.parametrize(
    ("domain", "indicator", "counts"),
    [
        (
            "results",
            "oge_rus_2",
            ("results", "mark_2", "participants", {"procedure": "ОГЭ", "subject": "русский язык"}),
        ),
        ("results", "oge_no_certificate", ("certificates", "without_certificate", "graduates", {"level": "ООО"})),
        ("social", "free_lunch", ("social", "free_lunch", "pupils", {})),
    ],
)
def test_pooled_indicator_is_the_share_of_all_pupils(demo, demo_processed, domain, indicator, counts):
    table, part, whole, chosen = counts
    portfolio = pick(demo)
    found = compare_indicators(portfolio, domain, ("share",)).set_index("indicator").loc[indicator]
    for column, schools in (("own", portfolio.schools), ("region", portfolio.region_schools)):
        expected = pool_counts(demo_processed, table, schools["school_id"], part, whole, **chosen)
        assert found[column] == pytest.approx(expected, abs=1e-9)


def test_pooling_weights_by_participants():
    values = indicators([measured("01", "a", 10, participants=10), measured("02", "a", 40, participants=30)])
    assert pool_by_indicator(values).to_dict() == {"a": pytest.approx(32.5)}


def test_indicator_without_own_pupils_has_no_own_value(make_portfolio):
    rows = [registered("01", 2022), *(registered(name, 2022, municipality="Другой") for name in OTHERS)]
    bands = {name: {2022: "mid"} for name in ("01", *OTHERS)}
    measures = indicators([measured(name, "oge_rus_2", 40.0) for name in OTHERS])
    portfolio = make_portfolio(bands, schools=register(rows), indicators=measures)
    found = compare_indicators(portfolio, "results", ("share",))
    assert found["indicator"].tolist() == ["oge_rus_2"]
    assert found["own"].isna().all()
    assert found["region"].tolist() == [40.0]


def test_values_of_other_years_are_not_pooled(make_portfolio):
    measures = indicators([measured("01", "oge_rus_2", 40.0), measured("01", "oge_rus_2", 90.0, year=2021)])
    portfolio = make_portfolio({"01": {2022: "mid"}}, indicators=measures)
    assert compare_indicators(portfolio, "results", ("share",))["own"].tolist() == [40.0]


def test_points_of_others_are_anonymous(demo):
    portfolio = pick(demo, 1)
    points = place_points(portfolio)
    assert list(points.columns) == ["x", "y", "number", "kind", "schools", "x_middle", "y_middle"]
    cells = points[points["number"].isna()]
    ranked = portfolio.region_schools.dropna(subset=["results_band", "social_band"])
    own = ranked["school_id"].isin(portfolio.schools["school_id"])
    assert points["number"].notna().sum() == own.sum() > 0
    assert (cells["schools"] >= 5).all()
    assert cells["schools"].sum() <= (~own).sum()
    exact = ranked.loc[~own, ["social_index", "results_index"]].to_numpy().ravel()
    told = points[["x_middle", "y_middle"]].iloc[0].tolist() + cells[["x", "y"]].to_numpy().ravel().tolist()
    assert not [value for value in told if (abs(exact - value) < 1e-6).any()]


def test_points_stand_where_the_indices_are(make_portfolio):
    bands = {"a": {2022: "low"}, "b": {2022: "high"}, "c": {2022: "mid"}}
    portfolio = make_portfolio(bands, social={"a": {2022: "high"}, "b": {2022: "mid"}, "c": {2022: None}})
    points = place_points(portfolio)
    assert points[["x", "y", "number"]].to_numpy().tolist() == [[0.8, 0.2, 1], [0.5, 0.8, 2]]


def test_kinds_are_named_after_the_joint_list():
    schools = pd.DataFrame({"joint": ["ШНРО и ШНСУ", "только ШНРО", None, "резильентные"]}, dtype="str")
    assert name_kinds(schools).tolist() == ["ШНРО и ШНСУ", "ШНРО", "прочие", "резильентные"]


def test_later_years_never_enter_an_earlier_report(demo):
    portfolio = open_portfolio(demo, None, 2022)
    for domain in ("results", "social"):
        assert list(spread_bands(portfolio, domain).columns) == [2020, 2021, 2022]
    years = [year for row in list_histories(portfolio)["years"] for year in row]
    assert set(years) == {2022}
    assert not list_histories(portfolio)["history"].str.contains("2023").any()
    assert set(portfolio.schools["year"]) == set(portfolio.region_schools["year"]) == {2022}


def test_history_stops_at_the_year_of_the_report(make_portfolio):
    bands = {"01": dict.fromkeys((2020, 2021, 2022), "low")}
    rows = [listed("01", year, results_status="ШНРО") for year in (2020, 2021, 2022)]
    for year, history in (
        (2020, "Только в списке 2020 г."),
        (2021, "В списках 2020 г., 2021 г."),
        (2022, "В списках 2020 г., 2021 г., 2022 г."),
    ):
        found = list_histories(make_portfolio(bands, year, lists=lists(rows)))
        assert found["history"].tolist() == [history]


def test_register_is_numbered_in_the_order_of_names(make_portfolio):
    names = {"1": "Школа № 10", "2": "школа № 2", "3": "Ёлочка", "4": "Жар-птица"}
    rows = [registered(school_id, 2022, name=name) for school_id, name in names.items()]
    rows[3] |= {"group": None, "exclusion": "ремонт"}
    portfolio = make_portfolio({school_id: {2022: "mid"} for school_id in "123"}, schools=register(rows))
    assert portfolio.register["name"].tolist() == ["Ёлочка", "Жар-птица", "школа № 2", "Школа № 10"]
    assert portfolio.register["number"].tolist() == [1, 2, 3, 4]
    assert portfolio.schools["number"].tolist() == [1, 3, 4]


def test_names_are_ordered_as_people_expect():
    names = pd.Series(["б № 10", "Б № 9", "ёж", "Енот", "а"])
    assert names.sort_values(key=order_names).tolist() == ["а", "Б № 9", "б № 10", "ёж", "Енот"]


def test_lists_are_counted_in_the_municipality_and_the_region(make_portfolio):
    rows = [registered(school_id, 2022) for school_id in "ab"]
    rows += [registered(school_id, 2022, municipality="Другой") for school_id in OTHERS]
    members = lists(
        [
            listed("a", 2022, results_status="ШНРО", social_status="ШНСУ", fioko_shnor=True),
            listed("b", 2022),
            listed("o1", 2022, results_status="ШНРО", fioko_shnor=None),
        ]
    )
    portfolio = make_portfolio({s: {2022: "low"} for s in ("a", "b", *OTHERS)}, schools=register(rows), lists=members)
    counts = count_lists(portfolio).set_index("list")
    assert counts.loc["ШНРО"].tolist() == [1, 2, 2, 7]
    assert counts.loc["ШНСУ"].tolist() == [1, 2, 1, 7]
    assert counts.loc["ШНОР"].tolist() == [1, 2, 1, 7]
    assert counts.loc["группа риска"].tolist() == [0, 2, 0, 7]


def test_participants_are_the_least_and_the_most(make_portfolio):
    measures = indicators(
        [
            measured("01", "a", 1, participants=7),
            measured("01", "b", 1, participants=31),
            measured("01", "free_lunch", 1, domain="social", participants=400),
            measured("01", "a", 1, year=2021, participants=2),
        ]
    )
    found = measure_participants(make_portfolio({"01": {2022: "mid"}}, indicators=measures))
    assert found.to_numpy().tolist() == [["01", 7, 31]]


def test_unknown_year_is_refused_with_the_list(demo):
    with pytest.raises(ValueError, match=r"1999.*2020, 2021, 2022, 2023"):
        open_region(demo, 1999)
    assert open_region(demo, None).year == 2023


def test_unknown_municipality_is_refused_with_the_list(demo):
    names = list_municipalities(demo, 2023)
    with pytest.raises(ValueError, match="Атлантида") as caught:
        open_portfolio(demo, "Атлантида", None)
    assert all(f"«{name}»" in str(caught.value) for name in names)
    assert open_portfolio(demo, None, None).municipality == names[0]


def test_region_without_indices_is_refused(methodology):
    with pytest.raises(ValueError, match="ни одного года"):
        open_region(build_workspace(identify_bands({}), methodology), None)


def test_region_knows_whether_there_are_lists(demo):
    assert not RegionYear(demo, 2021).has_lists
    assert RegionYear(demo, 2022).has_lists


# Names of files


@given(names=st.lists(st.text(max_size=80), unique=True, max_size=8))
def test_every_municipality_has_a_file_of_its_own(names):
    slugs = name_slugs(names)
    assert list(slugs) == names
    assert len(set(slugs.values())) == len(names)
    for slug in slugs.values():
        assert slug.replace("-", "").isalnum()
        assert slug.isascii()
        assert slug == slug.lower()
        assert len(slug) <= 65


def test_names_that_look_alike_are_numbered():
    assert list(name_slugs(["Район: а", "Район а", "район-а", "Район а 2"]).values()) == [
        "raion-a",
        "raion-a-2",
        "raion-a-3",
        "raion-a-2-2",
    ]


def test_files_of_the_region_are_never_taken():
    assert not {"index", "region", "protocol"} & set(name_slugs(["Index", "регион", "Protocol", "index"]).values())


def test_name_without_letters_still_has_a_file():
    assert all(name_slugs(["../..", "\N{GRINNING FACE}", "!!!"]).values())
