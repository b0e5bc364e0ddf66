import re
from dataclasses import replace

import pandas as pd
import pytest
from builders_report import build_workspace, identify_bands, listed, lists

from effschool import stage_sections as parts
from effschool.display import Table, Text

BANDS = {
    "a": {2021: "low", 2022: "low"},
    "b": {2021: "low", 2022: "mid"},
    "c": {2021: "mid", 2022: None},
    "d": {2022: "high"},
}


@pytest.fixture
def workspace(methodology):
    members = [listed(name, year, results_status="ШНРО") for name, year in (("a", 2021), ("b", 2021), ("a", 2022))]
    programme = [
        {"school_id": name, "project": "500+", "entry_year": year} | source
        for name, year in (("a", 2021), ("b", 2022))
        for source in [{"source_file": "p", "source_sheet": "", "source_row": 2}]
    ]
    return build_workspace(identify_bands(BANDS, lists=lists(members)), methodology, programme)


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
    dynamics = build_workspace(identify_bands(BANDS), methodology).dynamics
    assert isinstance(parts.chart_cohorts(dynamics), Text)


def test_history_is_in_the_words_of_the_source(workspace):
    frame = parts.tabulate_long_members(workspace.dynamics, ["ШНРО"], workspace.identified.schools).frame
    assert frame["Годы"].tolist() == ["В списках 2021 г., 2022 г.", "Только в списке 2021 г."]
    assert isinstance(parts.tabulate_long_members(workspace.dynamics, ["нет"], workspace.identified.schools), Text)


def test_sizes_of_lists_and_groups(workspace, methodology):
    sizes = parts.tabulate_list_sizes(workspace.identified, methodology).frame.set_index("Список")
    assert sizes.loc["ШНРО"].tolist() == [2, 1]
    groups = parts.tabulate_groups(workspace.identified).frame.set_index("Группа")
    assert groups.loc["средние"].tolist() == [3, 4]


def test_errors_come_before_warnings():
    problems = pd.DataFrame({"severity": ["предупреждение", "ошибка"], "message": ["а", "б"]})
    assert parts.tabulate_found_problems(problems).frame["Замечание"].tolist() == ["б", "а"]
    assert isinstance(parts.tabulate_found_problems(problems.head(0)), Text)


def test_files_contract_and_notices_are_tables(demo):
    assert isinstance(parts.tabulate_files(demo.files), Table)
    assert len(parts.tabulate_files(demo.files).frame) == len(demo.files)
    assert len(parts.tabulate_notices(demo.identified, demo.methodology).frame) == len(demo.identified.notices)
    contract = {"schools": demo.identified.schools}
    assert parts.tabulate_contract(contract).frame["Годы"].tolist() == ["2020, 2021, 2022, 2023"]
