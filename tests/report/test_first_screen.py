from dataclasses import replace

import pytest
from builders_report import build_workspace, identify_bands, indicators, listed, lists, measured, register, registered
from conftest import ROOT

from effschool.base.russian import NBSP
from effschool.report.display import Text
from effschool.report.portfolio import Portfolio, list_municipalities, open_portfolio
from effschool.report.queries import CHANCE, judge_indicators, name_sureness
from effschool.report.sections import first_screen, own_dynamics, schools
from effschool.report.sections.school import tell_schools

OTHERS = ("02", "03", "04", "05", "06")
COMMENTS = ROOT / "comments" / "schools.yml"


def tell(portfolio):
    return tell_schools(portfolio, COMMENTS)


@pytest.fixture(scope="module")
def lazo(methodology):
    """29 schools; of ШНОР 8 in 2021 and 10 in 2022 (METHODOLOGY.md section 2). The rest of the region: 11, none."""
    codes = [f"{number:02}" for number in range(40)]
    rows = [
        registered(code, year, municipality="Район" if int(code) < 29 else "Другой")
        for code in codes
        for year in (2021, 2022)
    ]
    bands = {code: dict.fromkeys(range(2019, 2023), "mid") for code in codes}
    members = [
        listed(code, year, fioko_shnor=int(code) < number) for year, number in ((2021, 8), (2022, 10)) for code in codes
    ]
    return build_workspace(identify_bands(bands, register(rows), lists=lists(members)), methodology)


@pytest.mark.parametrize(
    ("year", "number", "share", "region"), [(2021, "8", "27,6", "20,0"), (2022, "10", "34,5", "25,0")]
)
def test_shares_of_lazo_district(lazo, year, number, share, region):
    portfolio = Portfolio(lazo, year, "Район")
    figures = {label: (value, text) for label, value, text in first_screen.show_key_figures(portfolio).items}
    assert figures["ШНОР"][0] == number
    assert figures["ШНОР"][1].startswith(f"{share}{NBSP}% школ; ")
    assert figures["ШНОР"][1].endswith(f"по региону {region}{NBSP}%")
    assert ("год назад 8" in figures["ШНОР"][1]) == (year == 2022)
    text = first_screen.describe_municipality(portfolio).paragraphs[0]
    assert f"— {number}{NBSP}школ ({share}{NBSP}%), по региону {region}{NBSP}%" in text


def build_results(methodology, own, before=None, region=10.0):
    """Район with one school of 100 participants, Другой with five of 180."""
    values = [
        measured("01", "oge_math_2", own, participants=100),
        *(measured(code, "oge_math_2", region, participants=180) for code in OTHERS),
        measured("01", "vpr_math_2", 90.0, participants=100),
        *(measured(code, "vpr_math_2", 1.0, participants=100) for code in OTHERS),
    ]
    values += [measured("01", "oge_math_2", before, participants=100, year=2021)] if before is not None else []
    rows = [registered(code, year, municipality="Другой") for code in OTHERS for year in (2021, 2022)]
    rows += [registered("01", year) for year in (2021, 2022)]
    bands = {code: {2021: "mid", 2022: "mid"} for code in ("01", *OTHERS)}
    identified = identify_bands(bands, register(rows), indicators=indicators(values))
    return Portfolio(build_workspace(identified, methodology), 2022, "Район")


@pytest.mark.parametrize(
    ("own", "before", "results", "change"),
    [
        (20.0, 5.0, "хуже — 1, лучше — 0", "хуже стал 1"),
        (20.0, 50.0, "хуже — 1, лучше — 0", "лучше стал 1"),
        (
            20.0,
            21.0,
            "хуже всего: ОГЭ, математика: «2»",
            "ни один показатель экзаменов и аттестатов не изменился больше",
        ),
        (8.0, None, "ни один из 1 показателя не отличается", "Сравнить с прошлым годом нельзя"),
    ],
)
def test_sentences_say_what_the_data_say(methodology, own, before, results, change):
    _, second, third = first_screen.describe_municipality(build_results(methodology, own, before)).paragraphs
    assert results in second.replace(NBSP, " ")
    assert change in third.replace(NBSP, " ")
    assert "ВПР" not in second


def test_change_for_the_better_of_a_direct_indicator_is_up(methodology):
    portfolio = build_results(methodology, 20.0, 5.0)
    values = portfolio.workspace.identified.indicators
    values.loc[values["indicator"] == "oge_math_2", "indicator"] = "oge_math_5"
    moved = judge_indicators(portfolio, "results").set_index("indicator").loc["oge_math_5"]
    assert (moved["moved"], moved["verdict"]) == ("better", "better")


def test_attention_names_all_schools_that_need_it_once(demo):
    numbers = []
    for name in list_municipalities(demo, 2023):
        told = tell(open_portfolio(demo, name, 2023))
        part = first_screen.list_attention(told)
        steps = told.comments[(told.comments["reader"] == "ОМСУ") & told.comments["attention"].astype(bool)]
        wanted = set(told.portfolio.schools.set_index("school_id").loc[steps["school_id"].unique(), "number"])
        listed = [int(text.split(".")[0]) for texts in part.frame["Школы"] for text in texts.split("; ") if "." in text]
        common = part.frame["Школы"].str.startswith("все ").any()
        assert len(listed) == len(set(listed))
        assert set(listed) < set(wanted) if common else set(listed) == set(wanted)
        numbers.append(len(listed))
    assert max(numbers) > 5


@pytest.fixture
def without_conditions(methodology):
    return build_without_conditions(methodology)


def build_without_conditions(methodology, status=None):
    """Two schools of «Район» lack conditions in the last year, one of them is on ШНРО; «Другой» has them."""
    codes = ("01", "02", *OTHERS[1:])
    rows = [
        registered(code, year, municipality="Район" if code in ("01", "02") else "Другой")
        for code in codes
        for year in (2021, 2022)
    ]
    social = {code: {2021: "low", 2022: None if code in ("01", "02") else "low"} for code in codes}
    bands = {code: dict.fromkeys((2021, 2022), "mid") for code in codes}
    members = [
        listed("01", 2021, social_status="ШНСУ"),
        listed("02", 2021),
        *(listed(code, 2022, results_status="ШНРО" if code == "01" else None, social_status=status) for code in codes),
    ]
    identified = identify_bands(bands, register(rows), social, lists=lists(members))
    return Portfolio(build_workspace(identified, methodology), 2022, "Район")


def test_step_that_all_schools_need_is_not_told_of_some(without_conditions):
    rows = first_screen.list_attention(tell(without_conditions)).frame.set_index("Что сделать")["Школы"]
    asked = [schools for step, schools in rows.items() if "форму социальных условий" in step]
    assert asked == [f"все 2{NBSP}школы"]


def test_school_that_can_no_longer_be_judged_is_named_as_such(without_conditions):
    told = own_dynamics.describe_moves(without_conditions).paragraphs
    assert f"ШНСУ, {own_dynamics.UNKNOWN}: 1.{NBSP}Школа 01." in [str(text) for text in told]


def test_list_that_is_a_matter_of_chance_is_marked_at_every_school_that_is_on_it(demo):
    sure = 0
    for name in list_municipalities(demo, 2023):
        told = tell(open_portfolio(demo, name, 2023))
        steps = name_sureness(told.portfolio, told.portfolio.schools)
        listed = "; ".join(first_screen.list_attention(told).frame["Школы"])
        asked = set(schools.list_steps(told))
        unlikely = {code for code in asked if CHANCE in steps.get(code, {}).values()}
        common = sum(text.startswith("все ") for text in listed.split("; "))
        assert listed.count(f"— {CHANCE})") == len(unlikely) or common
        sure += len(unlikely)
    assert sure


def test_conditions_that_the_municipality_alone_lacks_are_said_first_with_the_years_of_the_list(
    methodology, without_conditions
):
    first = first_screen.describe_municipality(build_without_conditions(methodology, "ШНСУ"))
    assert "нет данных ни по одной школе муниципалитета" in first.paragraphs[0]
    assert "ШНСУ здесь — по данным за 2020 и 2021 годы" in first.paragraphs[0]
    assert "ШНСУ здесь" not in first_screen.describe_municipality(without_conditions).paragraphs[0]
    other = first_screen.describe_municipality(replace(without_conditions, municipality="Другой"))
    assert "ни по одной школе" not in other.paragraphs[0]


def test_school_that_copes_is_no_cause_for_attention(demo):
    calm = 0
    for name in list_municipalities(demo, 2023):
        told = tell(open_portfolio(demo, name, 2023))
        alone = told.comments.groupby("school_id")["attention"].any()
        steps = schools.list_steps(told)
        calm += (~alone).sum()
        assert not set(alone.index[~alone]) & set(steps)
    assert calm


def test_sureness_counts_schools_in_lists(demo):
    known = 0
    for name in list_municipalities(demo, 2023):
        portfolio = open_portfolio(demo, name, 2023)
        text = first_screen.describe_sureness(portfolio, tell(portfolio)).paragraphs[0]
        values = {name: fact.value for name, fact in text.facts}
        known += "firm" in values
        assert "firm" not in values or values["all"] == values["firm"] + values["unsure"] + values["chance"] > 0
    assert known


def test_no_lists_no_data_no_schools(demo, methodology):
    early = open_portfolio(demo, None, 2020)
    assert "не составлены" in first_screen.describe_municipality(early).paragraphs[0]
    assert len(first_screen.show_key_figures(early).items) >= 1
    rows = [registered("01", 2022, group=None, exclusion="начальная"), registered("02", 2022, municipality="Другой")]
    empty = Portfolio(
        build_workspace(identify_bands({"02": {2022: "mid"}}, register(rows)), methodology), 2022, "Район"
    )
    told = tell(empty)
    assert isinstance(first_screen.list_attention(told), Text)
    for part in (first_screen.describe_municipality(empty), first_screen.describe_sureness(empty, told)):
        assert all(part.paragraphs)
    assert judge_indicators(empty, "results").empty
