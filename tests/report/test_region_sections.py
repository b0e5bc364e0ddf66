import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from builders_report import build_workspace, identify_bands, indicators, listed, lists, measured, register, registered

from effschool.report.comments import load_comments
from effschool.report.display import Chart, Table, Text
from effschool.report.portfolio import RegionYear, list_municipalities, open_portfolio, open_region
from effschool.report.sections import region as parts
from effschool.report.sections.school import tell_schools

PARTS = [
    parts.describe_region,
    parts.show_region_figures,
    lambda region: parts.list_concerns(region, Path("run.json")),
    parts.chart_map,
    parts.chart_failures,
    parts.tabulate_municipalities,
    parts.chart_region_matrix,
    parts.tabulate_members,
    parts.tabulate_insufficient,
]


@pytest.fixture(scope="module")
def region(demo):
    return open_region(demo, 2023)


@pytest.fixture
def small(methodology):
    """Two municipalities; one has no ranked school."""
    rows = [registered(name, 2022, municipality=place) for name, place in (("a", "А"), ("b", "А"), ("c", "Б"))]
    members = lists(
        [listed("a", 2022, results_status="ШНРО", joint="только ШНРО", fioko_shnor=True), listed("b", 2022)]
    )
    identified = identify_bands({"a": {2022: "low"}, "b": {2022: "high"}}, register(rows), lists=members)
    return RegionYear(build_workspace(identified, methodology), 2022)


def read(part):
    return BeautifulSoup(part._repr_html_(), "html.parser").get_text(" ", strip=True)


def test_every_part_has_something_to_show(region):
    for part in PARTS:
        made = part(region)
        assert read(made)
        if isinstance(made, Chart):
            assert made.title
            assert made.sentence.endswith(".")


def test_page_for_an_earlier_year_knows_nothing_of_later_ones(demo):
    for part in PARTS:
        assert "2023" not in read(part(open_region(demo, 2022)))


def test_every_municipality_stands_in_every_table(small):
    table = parts.tabulate_municipalities(small).frame.set_index("Муниципалитет")
    assert table.index.tolist() == ["А", "Б"]
    assert table.loc["А", ["Школ", "Ранжировано", "ШНРО", "ШНОР"]].tolist() == [2, 2, 1, 1]
    assert table.loc["А", parts.LOW] == 1
    assert table.loc["Б", ["Школ", "Ранжировано", parts.LOW, "ШНРО"]].tolist() == [1, 0, 0, 0]


def test_members_are_those_of_the_watched_lists_in_alphabetical_order(small, region):
    assert parts.tabulate_members(small).frame["Код"].tolist() == ["a"]
    frame = parts.tabulate_members(region).frame
    assert 0 < len(frame) < len(region.region_schools)
    order = list_municipalities(region.workspace, 2023)
    places = [order.index(name) for name in frame["Муниципалитет"]]
    assert places == sorted(places)


def test_two_parts_of_the_members_are_all_of_them_once(region):
    members = parts.tabulate_members(region)
    first, rest = (parts.choose_members(region, members, of_results=which) for which in (True, False))
    assert sorted([*first.frame["Код"], *rest.frame["Код"]]) == sorted(members.frame["Код"])
    assert set(first.frame["Список результатов"]) <= {"ШНРО", "группа риска"}
    assert not set(rest.frame["Список результатов"]) & {"ШНРО", "группа риска"}
    assert first.title.startswith("ШНРО и группа риска, ")


def test_places_counted_by_how_sure_they_are_add_up_to_the_lists(region):
    figures = {label: int(value) for label, value, _ in parts.show_region_figures(region).items}
    sure = parts.count_sureness(region)
    assert {name: sum(steps.values()) for name, steps in sure.items()} == figures
    assert parts.explain_approval(region).paragraphs


def test_schools_without_enough_data_are_named(small):
    frame = parts.tabulate_insufficient(small).frame
    assert "c" in frame["Код"].tolist()


def test_schools_of_the_same_name_all_stay(methodology):
    rows = [registered(name, 2022, name="Школа", municipality=place) for name, place in (("a", "А"), ("b", "Б"))]
    members = lists([listed(name, 2022, results_status="ШНРО") for name in "ab"])
    identified = identify_bands({"a": {2022: "low"}, "b": {2022: "low"}}, register(rows), lists=members)
    table = parts.tabulate_members(RegionYear(build_workspace(identified, methodology), 2022))
    assert len(BeautifulSoup(table._repr_html_(), "html.parser").tbody.find_all("tr")) == 2


def test_links_name_what_has_no_report_with_the_reason(small, tmp_path):
    run = tmp_path / "run.json"
    run.write_text(json.dumps({"reports": {"А": {"page": "a.html", "message": ""}}}), encoding="utf-8")
    (first, second) = parts.link_reports(run, small).items
    assert first == ("А", "a.html", "")
    assert second[:2] == ("Б", "")
    assert second[2]
    run.write_text(json.dumps({"reports": {"Б": {"page": "", "message": "диск полон"}}}), encoding="utf-8")
    assert parts.link_reports(run, small).items[1] == ("Б", "", "диск полон")
    assert [item[1] for item in parts.link_reports(tmp_path / "no.json", small).items] == ["", ""]


def test_figures_count_the_lists(small):
    figures = {label: value for label, value, _ in parts.show_region_figures(small).items}
    assert figures["ШНРО"] == "1"
    assert figures["ШНОР"] == "1"


def test_year_without_lists_says_so(demo):
    region = open_region(demo, 2020)
    for part in (parts.show_region_figures, parts.tabulate_members):
        assert part(region).kind == "note"
    assert isinstance(parts.tabulate_municipalities(region), Table)
    assert "ШНРО" not in parts.tabulate_municipalities(region).frame


def test_region_is_counted(small):
    text = " ".join(parts.describe_region(small).paragraphs)
    lacking = small.region_schools["results_band"].isna().sum()
    assert lacking == 1
    title = small.workspace.methodology.domains["results"].title
    title = title[:1].lower() + title[1:]
    assert f"не хватило данных — {title}: 1\N{NO-BREAK SPACE}школе" in text
    assert isinstance(parts.describe_region(small), Text)
    assert re.findall(r"\d+", text)[:3] == ["2022", "3", "2"]


def test_change_of_results_is_told_by_shares_of_all_pupils(methodology):
    values = [
        measured("a", "oge_rus_2", 10, year=2021, participants=100),
        measured("b", "oge_rus_2", 40, year=2021, participants=300),  # 32,5 %
        measured("a", "oge_rus_2", 20, participants=400),
        measured("a", "oge_math_2", 4, year=2021, participants=1000),
        measured("a", "oge_math_2", 8, participants=1000),
        measured("a", "oge_rus_5", 90),  # a good mark is no failure
    ]
    identified = identify_bands({"a": {2022: "low"}, "b": {2022: "high"}}, indicators=indicators(values))
    region = RegionYear(build_workspace(identified, methodology), 2022)
    assert parts.follow_failures(region).to_dict() == {
        2021: {"oge_rus_2": 32.5, "oge_math_2": 4.0},
        2022: {"oge_rus_2": 20.0, "oge_math_2": 8.0},
    }
    sentence = parts.describe_region(region).paragraphs[1].replace("\N{NO-BREAK SPACE}", " ")
    assert "снизилась по 1 и выросла по 1 из 2 показателей" in sentence
    assert methodology.indicators["oge_rus_2"].short in sentence
    assert "32,5 %, теперь 20,0 %" in sentence
    earlier = replace(region, year=2021)
    assert "нельзя" in parts.describe_region(earlier).paragraphs[1]


def test_lists_are_told_with_the_year_before(region):
    figures = {label: text for label, _, text in parts.show_region_figures(region).items}
    before = region.workspace.identified.lists
    then = int((before.loc[before["year"] == 2022, "results_status"] == "ШНРО").sum())
    assert f"; год назад {then};" in figures["ШНРО"]
    assert "вошло" in parts.describe_region(region).paragraphs[2]


def test_concerns_name_what_failed_and_who_has_no_data(small, tmp_path):
    run = tmp_path / "run.json"
    reports = {"А": {"page": "", "message": "диск полон"}, "Б": {"page": "b.html", "message": ""}}
    run.write_text(json.dumps({"reports": reports, "problems": {"ошибка": 1}}), encoding="utf-8")
    said = parts.list_concerns(small, run)
    assert said.kind == "note"
    assert said.paragraphs[0].startswith("Не построены отчёты: А.")
    assert "ошибок" in said.paragraphs[1]
    assert "нет ни одной школы с данными — Б." in said.paragraphs[2]
    assert "Б." in " ".join(parts.list_concerns(small, tmp_path / "none").paragraphs)


def test_tiles_stand_in_the_order_of_the_alphabet_or_where_the_card_says():
    names = [f"{number}" for number in range(7)]
    free = parts.place_tiles(names, {})
    assert free.loc["4"].tolist() == [1, 0]
    assert free["column"].max() == 3
    placed = parts.place_tiles(names, {"5": (2, 1), "0": (1, 2), "нет такого": (9, 2)})
    assert placed.loc[["5", "0"]].to_numpy().tolist() == [[1, 0], [0, 1]]
    assert placed.loc["1"].tolist() == [2, 0]
    assert not placed.duplicated().any()


@pytest.mark.parametrize("number", [1, 3, 19, 60])
def test_the_map_has_a_tile_for_every_municipality(methodology, number):
    names = [f"Муниципальный округ {place}" for place in range(number)]
    rows = [registered(f"{place}", 2022, municipality=name) for place, name in enumerate(names)]
    bands = {f"{place}": {2022: "low" if place % 2 else "high"} for place in range(number)}
    region = RegionYear(build_workspace(identify_bands(bands, register(rows)), methodology), 2022)
    chart = parts.chart_map(region)
    texts = " ".join(text.get_text().replace("\n", " ") for text in chart.figure.axes[0].texts)
    assert all(name in texts for name in names)
    assert f"в {number // 2} из {number}" in chart.sentence
    assert len(chart.table.frame) == number
    height = chart.figure.get_size_inches()[1]
    assert height < 16


def test_how_firm_the_lists_are_counts_members_of_the_watched_lists(region):
    counted = parts.count_sureness(region)
    rows = region.workspace.certainty
    members = rows[(rows["year"] == 2023) & rows["is_member"].astype(bool) & rows["list"].isin(counted)]
    assert "нейтральные" not in counted
    assert sum(sum(steps.values()) for steps in counted.values()) == len(members) > 0


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [(30.0, 10.0, "выросла по 1 из 1"), (10.0, 30.0, "снизилась по 1 из 1"), (20.0, 19.0, "ни по одному из 1")],
)
def test_change_of_the_region_is_told_beyond_chance_and_without_vpr(methodology, now, before, told):
    values = [
        measured(code, indicator, raw, year=year, participants=100)
        for indicator in ("oge_math_2", "vpr_math_2")
        for year, raw in ((2021, before), (2022, now))
        for code in ("a", "b")
    ]
    rows = [registered(code, year) for code in ("a", "b") for year in (2021, 2022)]
    bands = {code: {2021: "mid", 2022: "mid"} for code in ("a", "b")}
    workspace = build_workspace(identify_bands(bands, register(rows), indicators=indicators(values)), methodology)
    sentence = parts.describe_region(RegionYear(workspace, 2022)).paragraphs[1]
    assert told in sentence.replace("\N{NO-BREAK SPACE}", " ")
    assert "ВПР" not in sentence


def test_every_school_that_needs_attention_is_counted_once_with_what_to_do(region, root):
    steps = parts.find_steps(region, root / "comments" / "schools.yml")
    told, rows = parts.tabulate_advice(region, steps).frame, parts.tabulate_steps(steps).frame
    asked, untold = set(), set()
    for name in list_municipalities(region.workspace, 2023):
        portfolio = open_portfolio(region.workspace, name, 2023)
        comments = tell_schools(portfolio, root / "comments" / "schools.yml").comments
        asked |= set(comments[(comments["reader"] == "ОМСУ") & comments["attention"].astype(bool)]["school_id"])
        untold |= set(portfolio.untold["school_id"])
    assert told["Школ"].sum() == len(set(rows["Код"])) > 5
    assert told["Муниципалитетов"].between(1, 3).all()
    assert (told["Муниципалитетов"] <= told["Школ"]).all()
    assert told["Что сделать"].is_unique
    assert asked <= set(rows["Код"]) <= asked | untold
    assert set(rows["Зона изменений"]) <= set(load_comments(root / "comments" / "schools.yml").zones.values())
    named = told[told["Какие"] != parts.IN_BOOK]
    few = steps.groupby("text")["name"].agg(list).reindex(named["Что сделать"])
    assert len(named) > 3
    assert all(name in row for row, names in zip(named["Какие"], few, strict=True) for name in names)


def test_halves_of_the_lists_say_how_many_schools_there_are_in_all(region):
    members = parts.tabulate_members(region)
    halves = [parts.choose_members(region, members, of_results=half) for half in (True, False)]
    assert sum(len(half.frame) for half in halves) == len(members.frame)
    for half, other in zip(halves, halves[::-1], strict=True):
        numbers = [int(number) for number in re.findall(r"\d+", half.note)]
        assert numbers == [len(members.frame), len(other.frame)]


def test_schools_on_lists_without_a_measure_are_counted(region, root):
    steps = parts.find_steps(region, root / "comments" / "schools.yml")
    listed = set(parts.tabulate_members(region).frame["Код"])
    steps = steps[~steps["school_id"].isin(sorted(listed & set(steps["school_id"]))[:5])]
    calm = len(listed - set(steps["school_id"]))
    assert calm >= 5
    assert f"У {calm}\N{NO-BREAK SPACE}школ из списков срочного повода" in parts.tabulate_advice(region, steps).note
