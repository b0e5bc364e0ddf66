import re

import pytest
from bs4 import BeautifulSoup
from builders_report import build_workspace, identify_bands, indicators, listed, lists, measured, register, registered
from conftest import ROOT

from effschool.report.display import Chart, Figures, Table, Text
from effschool.report.portfolio import Portfolio, count_lists, follow_points, list_municipalities, open_portfolio
from effschool.report.sections import municipality as sections
from effschool.report.sections.indicators import tabulate_indicators
from effschool.report.sections.school import tell_schools
from effschool.report.sections.schools import tabulate_schools

COMMENTS = ROOT / "comments" / "schools.yml"
PARTS = [
    sections.tabulate_lists,
    lambda portfolio: tabulate_schools(tell_schools(portfolio, COMMENTS)),
    sections.chart_matrix,
    sections.tabulate_histories,
    sections.describe_data,
    lambda portfolio: tabulate_indicators(portfolio, "results"),
    lambda portfolio: tabulate_indicators(portfolio, "results", caveated=True),
    lambda portfolio: tabulate_indicators(portfolio, "social"),
]


def read(part):
    return BeautifulSoup(part._repr_html_(), "html.parser").get_text(" ", strip=True)


@pytest.fixture(scope="module")
def portfolio(demo):
    return open_portfolio(demo, list_municipalities(demo, 2023)[1], 2023)


def read_rows(table):
    soup = BeautifulSoup(table._repr_html_(), "html.parser")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in soup.find_all("tr")]


def test_every_part_has_something_to_show(portfolio):
    for part in PARTS:
        made = part(portfolio)
        assert isinstance(made, Chart | Table | Text | Figures)
        assert read(made)
        if isinstance(made, Chart):
            assert made.title
            assert made.sentence.endswith(".")
            assert len(made.table.frame)


def test_keys_are_unique_in_a_report(portfolio):
    made = [part(portfolio) for part in PARTS]
    charts = [part.key for part in made if isinstance(part, Chart)]
    tables = [
        part.table.key if isinstance(part, Chart) else part.key for part in made if isinstance(part, Chart | Table)
    ]
    assert charts
    assert len(set(charts)) == len(charts)
    assert len(set(tables)) == len(tables)


def test_report_for_an_earlier_year_knows_nothing_of_later_ones(demo):
    for name in list_municipalities(demo, 2022):
        for part in PARTS:
            assert "2023" not in read(part(open_portfolio(demo, name, 2022)))


def test_year_without_lists_says_which_years_are_needed(demo):
    portfolio = open_portfolio(demo, None, 2020)
    assert all(str(year) in read(sections.tabulate_lists(portfolio)) for year in (2018, 2019, 2020))
    assert isinstance(sections.tabulate_lists(portfolio), Text)


def test_municipality_without_data_gets_notes_and_no_charts(methodology):
    rows = [registered("01", 2022), registered("02", 2022, municipality="Другой")]
    identified = identify_bands({"02": {2022: "mid"}}, register(rows))
    portfolio = Portfolio(build_workspace(identified, methodology), 2022, "Район")
    for part in PARTS:
        assert read(part(portfolio))
    assert sections.chart_matrix(portfolio).kind == "note"
    for domain in ("results", "social"):
        assert tabulate_indicators(portfolio, domain).kind == "note"


def test_municipality_of_left_out_schools_only(methodology):
    rows = [registered("01", 2022, group=None, exclusion="начальная"), registered("02", 2022, municipality="Другой")]
    portfolio = Portfolio(
        build_workspace(identify_bands({"02": {2022: "mid"}}, register(rows)), methodology), 2022, "Район"
    )
    for part in PARTS:
        assert read(part(portfolio))
    assert tabulate_schools(tell_schools(portfolio, COMMENTS)).frame["Группа"].tolist() == ["начальная"]


def test_table_of_schools_names_every_school_of_the_register(portfolio):
    frame = tabulate_schools(tell_schools(portfolio, COMMENTS)).frame
    assert frame["Код"].tolist() == portfolio.register["school_id"].tolist()
    assert len(frame) == len(portfolio.register)


def test_table_of_schools_by_hand(methodology):
    rows = [registered("01", 2022), registered("02", 2022, group=None, exclusion="начальная")]
    measures = indicators([measured("01", "oge_rus_2", 5, participants=12), measured("01", "oge_math_2", 5)])
    status = lists([listed("01", 2022, results_status="ШНРО", social_status="нейтральные", fioko_shnor=True)])
    identified = identify_bands({"01": {2021: "mid", 2022: "low"}}, register(rows), indicators=measures, lists=status)
    table = tabulate_schools(tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS))
    first, second = (table.frame.set_index("Код").loc[code] for code in ("01", "02"))
    assert first["Списки"] == "ШНРО, ШНОР"
    assert first["Списки и надёжность"] == "ШНРО; ШНОР"
    assert first["Результаты, 2022"] == "низкие"
    assert second["Группа"] == "начальная"
    assert set(second[["Списки", "Списки и надёжность", "Что дальше"]]) == {"—"}
    marks = [re.findall(r"<text[^>]*>([^<]*)<", drawing) for drawing in table.drawings["Результаты"]]
    assert marks == [["Н"], [""]]


def test_table_of_lists_says_what_was_counted(portfolio):
    shown = {row[0]: row[1] for row in read_rows(sections.tabulate_lists(portfolio))[1:]}
    counts = count_lists(portfolio).set_index("list")["own"]
    assert shown == {name: str(count) for name, count in counts.items()}


def test_every_indicator_is_judged_by_its_direction_and_by_chance(methodology):
    others = ("02", "03", "04", "05", "06")
    rows = [registered("01", 2022), *(registered(name, 2022, municipality="Другой") for name in others)]
    given = {"oge_rus_2": (10.0, 30.0), "oge_rus_5": (20.0, 44.0), "oge_math_2": (30.0, 32.0)}  # own, others
    values = [
        measured(name, indicator, given[indicator][name != "01"], participants=100)
        for indicator in given
        for name in ("01", *others)
    ]
    bands = {"01": {2022: "low"}} | {name: {2022: "high"} for name in others}
    identified = identify_bands(bands, register(rows), indicators=indicators(values))
    table = tabulate_indicators(Portfolio(build_workspace(identified, methodology), 2022, "Район"), "results")
    said = table.frame.set_index("Показатель")
    assert said["Против региона"].tolist() == ["лучше", "—", "хуже"]
    assert table.note.startswith(
        "Сначала показатели, по которым лучше меньше (2), затем — по которым лучше больше (1)."
    )
    assert said["Регион"].tolist() == pytest.approx([26.7, 31.7, 40.0])
    assert [("better" in drawing, "worse" in drawing) for drawing in table.drawings["На шкале"]] == [
        (True, False),
        (False, False),
        (False, True),
    ]


def test_matrix_counts_against_the_medians(methodology):
    bands = {"a": "low", "b": "high", "c": "mid", "d": "mid", "e": "mid"}
    social = {"a": "high", "b": "high", "c": "mid", "d": "low", "e": "low"}
    identified = identify_bands(
        {name: {2022: band} for name, band in bands.items()}, social={name: {2022: b} for name, b in social.items()}
    )
    chart = sections.chart_matrix(Portfolio(build_workspace(identified, methodology), 2022, "Район"))
    assert re.findall(r"\d+", chart.sentence) == ["2", "5", "1", "1"]
    assert len(chart.table.frame) == 5


def test_lacking_data_are_named(methodology):
    bands = {"01": {2022: None}, "02": {2022: "low"}}
    text = read(sections.describe_data(Portfolio(build_workspace(identify_bands(bands), methodology), 2022, "Район")))
    assert "«Школа 01»" in text


def test_decisions_name_own_schools_on_lists_and_those_close_to_the_line(demo):
    year = int(demo.decisions["year"].max())
    portfolio = open_portfolio(demo, None, year)
    part = sections.tabulate_decisions(portfolio)
    own = set(portfolio.schools["school_id"])
    watched = portfolio.watched
    rows = demo.decisions[demo.decisions["school_id"].isin(own) & demo.decisions["list"].isin(watched)]
    rows = rows[rows["within_reach"].fillna(False).astype(bool) & (rows["list"] != "ШНСУ")]
    members = rows[rows["is_member"].fillna(False).astype(bool)]
    close = rows[~rows["is_member"].fillna(False).astype(bool) & (rows["pupils"] <= 2).fillna(False).astype(bool)]
    assert len(part.frame) == len(members) + len(close) > 0
    assert set(part.frame["Что изменило бы решение"]) == set(members["sentence"]) | set(close["sentence"])


def test_a_year_without_explanations_says_so(demo):
    portfolio = open_portfolio(demo, None, int(demo.identified.indices["year"].min()))
    assert sections.tabulate_decisions(portfolio).kind == "note"


def test_matrix_shows_where_schools_came_from(demo):
    portfolios = [open_portfolio(demo, name, 2023) for name in list_municipalities(demo, 2023)]
    drawn = [portfolio for portfolio in portfolios if portfolio.schools["social_band"].notna().any()]
    assert drawn  # elsewhere too few schools of others have conditions
    for portfolio in drawn:
        chart = sections.chart_matrix(portfolio)
        tracks = follow_points(portfolio)
        assert set(tracks["year"]) <= {2021, 2022, 2023}
        past = tracks[tracks["year"] == 2021].set_index("number")["x"]
        column = chart.table.frame.set_index("Школа")["Индекс социальных условий, 2021 год"]
        numbers = column.index.str.partition(".").get_level_values(0).astype("int64")
        assert column.set_axis(numbers).dropna().to_dict() == past[past.index.isin(numbers)].to_dict()
        words = {text.get_text() for text in chart.figure.axes[0].texts}
        assert "результаты ниже, условия тяжелее" in words
