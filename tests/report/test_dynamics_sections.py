import re
from dataclasses import replace

import pandas as pd
import pytest
from builders_report import TWO_YEARS, build_two_years, build_workspace, identify_bands, listed, lists
from test_charts import read_texts

from effschool.report.display import Text
from effschool.report.sections import dynamics as parts


@pytest.fixture
def workspace(methodology):
    programme = [
        {"school_id": name, "project": "500+", "entry_year": year} | source
        for name, year in (("a", 2021), ("b", 2022))
        for source in [{"source_file": "p", "source_sheet": "", "source_row": 2}]
    ]
    return build_two_years(methodology, programme)


def test_square_of_transitions_holds_every_school_once(workspace, methodology):
    chart = parts.chart_transitions(workspace.dynamics, methodology, "results")
    square = chart.table.frame.set_index(chart.table.frame.columns[0])
    titles = {**methodology.domains["results"].band_titles, **parts.STATES}
    assert square.to_numpy().sum() == 4
    assert square.loc[titles["low"], titles["low"]] == 1
    assert square.loc[titles["low"], titles["mid"]] == 1
    assert square.loc[titles["mid"], titles["not_ranked"]] == 1
    assert square.loc[titles["absent"], titles["high"]] == 1
    assert re.findall(r"\d+", chart.sentence)[:2] == ["2", "1"]


def test_transitions_of_a_year_without_one_before_are_a_note(workspace, methodology):
    assert isinstance(parts.chart_transitions(workspace.dynamics, methodology, "results", 2021), Text)


def test_turnover_is_told_up_to_the_year(workspace):
    frame = parts.tabulate_turnover(workspace.dynamics).frame
    assert frame.iloc[0].tolist()[2:] == [1, 0, 1, 0]
    assert isinstance(parts.tabulate_turnover(workspace.dynamics, 2021), Text)


def test_cohorts_are_told_up_to_the_year(workspace):
    frame = parts.chart_cohorts(workspace.dynamics).table.frame
    assert set(frame["Год"]) == {"2021", "2022"}
    assert set(frame["Когорта"]) == {"вход 2021 г.", "вход 2022 г.", parts.OUTSIDE}
    earlier = parts.chart_cohorts(workspace.dynamics, 2021).table.frame
    assert set(earlier["Год"]) == {"2021"}
    assert "вход 2022 г." not in set(earlier["Когорта"])


def test_cohort_without_a_value_at_an_end_is_not_counted_as_one_that_did_not_grow(workspace):
    cohorts = pd.DataFrame(
        [(2021, 2021, 1, 0.2), (2021, 2022, 1, 0.4), (2022, 2022, 1, 0.4)],
        columns=["entry_year", "year", "schools", "mean_index"],
    ).astype({"entry_year": "Int64"})
    chart = parts.chart_cohorts(replace(workspace.dynamics, cohorts=cohorts))
    assert re.findall(r"\d+", chart.sentence)[2:4] == ["1", "1"]


def test_no_programme_is_a_note(methodology):
    dynamics = build_workspace(identify_bands(TWO_YEARS), methodology).dynamics
    assert isinstance(parts.chart_cohorts(dynamics), Text)


def test_history_is_in_the_words_of_the_source(workspace):
    frame = parts.tabulate_long_members(workspace.dynamics, ["ШНРО"], workspace.identified.schools).frame
    assert frame["Годы"].tolist() == ["В списках 2021 г., 2022 г.", "Только в списке 2021 г."]
    assert isinstance(parts.tabulate_long_members(workspace.dynamics, ["нет"], workspace.identified.schools), Text)


def test_flows_tell_who_stayed_and_hold_every_school_in_every_year(workspace, methodology):
    chart = parts.chart_flows(workspace.dynamics, methodology, "results")
    assert chart.table.frame[["2021", "2022"]].sum().tolist() == [4, 4]
    assert "без перемен: 1\xa0школа из 4" in chart.sentence
    earlier = parts.chart_flows(workspace.dynamics, methodology, "results", 2021)
    assert "переходов ещё нет" in earlier.sentence
    assert isinstance(parts.chart_flows(workspace.dynamics, methodology, "social"), Text)


def test_year_that_is_missing_is_said_and_is_no_state(methodology):
    bands = {"a": {2019: "low", 2021: "low"}, "b": {2019: "mid", 2021: "high"}}
    chart = parts.chart_flows(build_workspace(identify_bands(bands), methodology).dynamics, methodology, "results")
    assert "Данных нет: 2020" in chart.sentence
    assert chart.table.frame["2020"].isna().all()
    assert "нет данных" in read_texts(chart.figure)


def test_flows_between_lists_name_the_lists(methodology):
    years = range(2019, 2024)
    bands = {name: dict.fromkeys(years, "mid") for name in "ab"}
    rows = [listed("a", year, results_status="ШНРО" if year == 2022 else None) for year in (2021, 2022, 2023)]
    rows += [listed("b", year) for year in (2021, 2022, 2023)]
    workspace = build_workspace(identify_bands(bands, lists=lists(rows)), methodology)
    frame = parts.chart_list_flows(workspace.dynamics, methodology).table.frame.set_index("Состояние")
    assert frame.loc["ШНРО"].tolist() == [0, 1, 0]
    assert frame.loc["вне списков"].tolist() == [2, 1, 2]
    assert parts.chart_leaving(workspace.dynamics, methodology).table.frame["Ещё не вышли, %"].tolist() == [0]
    assert parts.tabulate_endings(workspace.dynamics, methodology).frame.loc[0, "Вышли"] == 1
    nobody = replace(workspace.dynamics, spells=workspace.dynamics.spells.head(0))
    assert isinstance(parts.chart_leaving(nobody, methodology), Text)


@pytest.mark.parametrize(("by", "heading"), [("group", "Группа"), ("municipality", "Муниципалитет")])
def test_matrices_of_places_add_up_to_the_region(workspace, methodology, by, heading):
    frame = parts.tabulate_transitions(workspace.dynamics, methodology, "results", by).frame
    assert frame.columns[0] == heading
    states = [*methodology.domains["results"].band_titles.values(), *parts.STATES.values()]
    assert frame[states].to_numpy().sum() == 4
    low = frame[frame["Была"] == "низкие"].iloc[0]
    assert low["Осталась в той же"] == "50,0\xa0%"


def test_shares_of_lists_are_of_all_schools(workspace, methodology):
    frame = parts.tabulate_list_shares(workspace.dynamics, methodology).frame.set_index("Список")
    assert frame.loc["ШНРО"].tolist() == ["2 из 3 (66,7\xa0%)", "1 из 4 (25,0\xa0%)"]


def test_region_of_one_year_says_so_everywhere(methodology):
    dynamics = build_workspace(identify_bands({"a": {2022: "low"}}), methodology).dynamics
    assert isinstance(parts.tabulate_transitions(dynamics, methodology, "results", "group"), Text)
    for make in (parts.chart_list_flows, parts.chart_leaving, parts.tabulate_endings, parts.tabulate_list_shares):
        assert isinstance(make(dynamics, methodology), Text)
