import re

import pytest
from bs4 import BeautifulSoup
from builders_report import build_workspace, identify_bands, indicators, listed, lists, measured, register, registered

from effschool.base.russian import NBSP
from effschool.report.display import Chart, Figures, Table, Text
from effschool.report.portfolio import Portfolio, count_lists, follow_points, list_municipalities, open_portfolio
from effschool.report.sections import municipality as sections

DOMAIN_PARTS = [sections.chart_bands, sections.chart_indicators, sections.chart_index_paths, sections.chart_tiles]
PARTS = [
    sections.tabulate_lists,
    sections.tabulate_schools,
    sections.chart_gaps,
    sections.chart_matrix,
    sections.tabulate_histories,
    sections.describe_data,
    *[lambda portfolio, part=part: part(portfolio, "results") for part in (*DOMAIN_PARTS, sections.chart_heatmap)],
    *[lambda portfolio, part=part: part(portfolio, "social") for part in (*DOMAIN_PARTS, sections.chart_heatmap)],
]


def read(part):
    return BeautifulSoup(part._repr_html_(), "html.parser").get_text(" ", strip=True)


@pytest.fixture(scope="module")
def portfolio(demo):
    return open_portfolio(demo, None, 2023)


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
    assert len(charts) > 8
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
    for part in (sections.chart_gaps, sections.chart_matrix):
        assert part(portfolio).kind == "note"
    assert sections.chart_index_paths(portfolio, "results").kind == "note"
    for part in (*DOMAIN_PARTS, sections.chart_heatmap):
        assert part(portfolio, "social").kind == "note"


def test_municipality_of_left_out_schools_only(methodology):
    rows = [registered("01", 2022, group=None, exclusion="начальная"), registered("02", 2022, municipality="Другой")]
    portfolio = Portfolio(
        build_workspace(identify_bands({"02": {2022: "mid"}}, register(rows)), methodology), 2022, "Район"
    )
    for part in PARTS:
        assert read(part(portfolio))
    assert "начальная" in read(sections.tabulate_schools(portfolio))


def test_table_of_schools_names_every_school_of_the_register(portfolio):
    frame = sections.tabulate_schools(portfolio).frame
    assert frame["Код"].tolist() == portfolio.register["school_id"].tolist()
    assert len(frame) == len(portfolio.register)


def test_table_of_schools_by_hand(methodology):
    rows = [registered("01", 2022), registered("02", 2022, group=None, exclusion="начальная")]
    measures = indicators([measured("01", "oge_rus_2", 5, participants=12), measured("01", "oge_math_2", 5)])
    status = lists([listed("01", 2022, results_status="ШНРО", fioko_shnor=True)])
    identified = identify_bands({"01": {2022: "low"}}, register(rows), indicators=measures, lists=status)
    table = sections.tabulate_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район")).frame
    first, second = table.set_index("Код").loc["01"], table.set_index("Код").loc["02"]
    assert first["Участников"] == "10–12"
    assert first["Список результатов"] == "ШНРО"
    assert first["ШНОР"] == "да"
    assert first["Результаты года"] == methodology.domains["results"].band_titles["low"]
    assert second["Группа"] == "начальная"
    assert set(second[["Результаты года", "Участников", "Список результатов", "ШНОР"]]) == {"—"}


def test_table_of_lists_says_what_was_counted(portfolio):
    shown = {row[0]: row[1] for row in read_rows(sections.tabulate_lists(portfolio))[1:]}
    counts = count_lists(portfolio).set_index("list")["own"]
    assert shown == {name: str(count) for name, count in counts.items()}


def test_shares_of_bands_are_said_as_drawn(portfolio):
    for domain in ("results", "social"):
        chart = sections.chart_bands(portfolio, domain)
        worse = portfolio.workspace.methodology.domains[domain]
        values = chart.table.frame[worse.band_titles[worse.worse_band]]
        for value in values:
            assert f"{value:.1f}".replace(".", ",") + f"{NBSP}%" in chart.sentence
        assert chart.table.frame.iloc[:, 1:].sum(axis=1).tolist() == pytest.approx([100, 100])


def test_worst_indicator_is_found_by_its_direction(methodology):
    others = ("02", "03", "04", "05", "06")
    rows = [registered("01", 2022), *(registered(name, 2022, municipality="Другой") for name in others)]
    measures = indicators(
        [
            measured("01", "oge_rus_2", 10.0),
            *(measured(name, "oge_rus_2", 30.0) for name in others),  # fewer «2»: better
            measured("01", "oge_rus_5", 20.0),
            *(measured(name, "oge_rus_5", 44.0) for name in others),  # fewer «5»: worse
        ]
    )
    bands = {"01": {2022: "low"}} | {name: {2022: "high"} for name in others}
    identified = identify_bands(bands, register(rows), indicators=measures)
    chart = sections.chart_indicators(Portfolio(build_workspace(identified, methodology), 2022, "Район"), "results")
    numbers = re.findall(r"\d+(?:,\d)?", chart.sentence)
    assert numbers[:2] == ["1", "2"]
    assert methodology.indicators["oge_rus_5"].short in chart.sentence
    assert {"20,0", "40,0"} <= set(numbers)


def test_gap_is_told_as_a_share_of_its_threshold(methodology):
    measures = indicators([measured("01", "oge_rus_gap", -0.5), measured("01", "ege_rus_gap", 5.0)])
    identified = identify_bands({"01": {2022: "low"}}, indicators=measures)
    chart = sections.chart_gaps(Portfolio(build_workspace(identified, methodology), 2022, "Район"))
    values = chart.table.frame.set_index("Показатель")
    assert sorted(values["Отклонение от региона, баллов"]) == [-0.5, 5.0]
    assert sorted(values["Порог отставания, баллов"]) == [1.0, 20.0]
    drawn = [points.get_offsets()[:, 0].tolist() for points in chart.figure.axes[0].collections[1:]]
    assert sorted(drawn[1]) == pytest.approx([-50.0, 25.0])


def test_matrix_counts_against_the_medians(methodology):
    bands = {"a": "low", "b": "high", "c": "mid", "d": "mid", "e": "mid"}
    social = {"a": "high", "b": "high", "c": "mid", "d": "low", "e": "low"}
    identified = identify_bands(
        {name: {2022: band} for name, band in bands.items()}, social={name: {2022: b} for name, b in social.items()}
    )
    chart = sections.chart_matrix(Portfolio(build_workspace(identified, methodology), 2022, "Район"))
    assert re.findall(r"\d+", chart.sentence) == ["2", "5", "1", "1"]
    assert len(chart.table.frame) == 5


def test_tiles_count_the_schools_that_were_always_in_the_worse_band(methodology):
    bands = {"a": {2021: "low", 2022: "low"}, "b": {2021: "mid", 2022: "low"}, "c": {2022: "low"}}
    portfolio = Portfolio(build_workspace(identify_bands(bands), methodology), 2022, "Район")
    chart = sections.chart_tiles(portfolio, "results")
    assert re.findall(r"\d+", chart.sentence)[:2] == ["1", "3"]
    assert chart.table.frame.iloc[2, 1] == "—"


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
    assert len(drawn) > 1
    for portfolio in drawn:
        chart = sections.chart_matrix(portfolio)
        tracks = follow_points(portfolio)
        assert set(tracks["year"]) <= {2021, 2022, 2023}
        past = tracks[tracks["year"] == 2021].set_index("number")["x"]
        column = chart.table.frame.set_index("Школа")["Индекс социальных условий, 2021 год"]
        numbers = column.index.str.partition(".").get_level_values(0).astype("int64")
        assert column.set_axis(numbers).dropna().to_dict() == past[past.index.isin(numbers)].to_dict()
        words = {text.get_text() for text in chart.figure.axes[0].texts}
        assert "и то и другое: ШНРО и ШНСУ" in words


def test_tracks_of_many_schools_are_of_those_on_lists(demo, monkeypatch):
    portfolio = open_portfolio(demo, None, 2023)
    drawn = []
    monkeypatch.setattr(sections.charts, "finish_matrix", lambda figure, tracks, corners: drawn.append(len(tracks)))
    sections.chart_matrix(portfolio)
    monkeypatch.setattr(sections.charts, "MOST_ELLIPSES", 0)
    sections.chart_matrix(portfolio)
    assert drawn[1] < drawn[0]
