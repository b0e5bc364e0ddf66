"""Similar municipalities: small regions by hand."""

from dataclasses import replace

import pandas as pd
import pytest
from builders_report import build_workspace, identify_bands, indicators, measured, register, registered

from effschool.base.russian import NBSP
from effschool.report.display import gather_notes
from effschool.report.portfolio import Portfolio
from effschool.report.sections.indicators import SIMILAR, say_no_ranges, tabulate_indicators
from effschool.report.similar import find_similar, rank_similar, span_similar

OWN = "А"
PLACES = {"А": (100, 5), "Б": (200, 5), "В": (100, 0), "Г": (400, 5), "Д": (300, 0), "Е": (1600, 0)}
"""Pupils in each of five schools, and how many of the five are in a town; conditions of all are the same."""
RAW = {"А": 10.0, "Б": 11.6, "В": 17.5, "Г": 13.0, "Д": 90.0, "Е": 90.0}


def build_region(methodology, places=PLACES, raw=RAW, schools=5, **changed):
    """Municipalities of so many schools; `pupils` a school (10) by municipality; `without`, an index of conditions."""
    ids = {f"{name}{number}": (name, number) for name in places for number in range(schools)}
    rows = [
        registered(school, 2022, municipality=name, enrolment=places[name][0],
                   locality="город" if number < places[name][1] else "село")
        for school, (name, number) in ids.items()
    ]  # fmt: skip
    values = [
        measured(school, "oge_rus_2", raw[name], participants=changed.get("pupils", {}).get(name, 10))
        for school, (name, _) in ids.items()
        if name in raw
    ]
    social = {school: {2022: "mid"} for school, (name, _) in ids.items() if name not in changed.get("without", ())}
    bands = {school: {2022: "mid"} for school in ids}
    return build_workspace(identify_bands(bands, register(rows), social, indicators=indicators(values)), methodology)


def open_own(workspace):
    return Portfolio(workspace, 2022, OWN)


def test_three_nearest_by_hand(methodology):
    """Twice the pupils are one step, no town school instead of all another: Д is √(1 + log₂²3) away."""
    portfolio = open_own(build_region(methodology))
    assert rank_similar(portfolio).round(3).to_dict() == {"Б": 1, "В": 1, "Д": 1.874, "Г": 2, "Е": 4.123}
    assert list(find_similar(portfolio).index) == ["Б", "В", "Д"]


def test_of_equally_near_ones_the_name_decides(methodology):
    places = {name: (200 if name != OWN else 100, 5) for name in "ДГВБА"}
    assert list(find_similar(open_own(build_region(methodology, places))).index) == ["Б", "В", "Г"]


def test_conditions_are_the_median_of_the_schools(methodology):
    workspace = build_region(methodology, dict.fromkeys(PLACES, (100, 5)))
    paths = workspace.dynamics.paths.copy()
    indices = {"Б": [0.1, 0.1, 0.6, 1.0, 1.0], "В": [0.5, 0.5, 0.7, 0.9, 0.9], "Г": [0.3] * 5, "Д": [0.9] * 5}
    for name, values in indices.items():
        paths.loc[paths["municipality"] == name, "social_index"] = values
    moved = replace(workspace, dynamics=replace(workspace.dynamics, paths=paths))
    assert rank_similar(open_own(moved)).to_dict() == {"Е": 0, "Б": 1, "В": 2, "Г": 2, "Д": 4}


def test_range_is_pooled_and_written_rounded_without_names(methodology):
    places = {name: PLACES[name] for name in "АБВГ"}
    workspace = build_region(methodology, places)
    values = workspace.identified.indicators
    heavy = values["school_id"] == "Б0"
    values.loc[heavy, ["raw", "participants"]] = [20.0, 40]  # (20 · 40 + 11.6 · 40) / 80 = 15.8
    portfolio = open_own(workspace)
    assert span_similar(portfolio).loc["oge_rus_2"].tolist() == pytest.approx([13.0, 17.5])
    table = tabulate_indicators(portfolio, "results")
    assert table.frame[SIMILAR].tolist() == ["13–18"]
    assert not any(f"«{name}»" in table._repr_html_() for name in "БВГ")
    assert "меньше 5 школ или 11 учеников" in table.note.replace(NBSP, " ")
    assert say_no_ranges(portfolio).paragraphs == ()


@pytest.mark.parametrize(("near", "is_said"), [(("Б", "В", "Г"), False), (("Б", "В", "Е"), True)])
def test_farther_than_close_schools_is_said(methodology, near, is_said):
    places = {OWN: (100, 5), "Б": (100, 5), "В": (100, 5), "Г": (200, 5), "Е": (1600, 5)}
    workspace = build_region(methodology, {name: places[name] for name in (OWN, *near)})
    assert ("сравнение условно" in tabulate_indicators(open_own(workspace), "results").note) == is_said


def test_ends_that_round_to_one_number_are_one(methodology):
    workspace = build_region(methodology, raw=dict.fromkeys(PLACES, 11.6))
    assert tabulate_indicators(open_own(workspace), "results").frame[SIMILAR].tolist() == ["12"]


NOT_SHOWN = {
    "fewer than three others": {"places": {name: PLACES[name] for name in "АБВ"}},
    "own conditions unknown": {"without": ("А",)},
    "conditions of the others unknown": {"without": ("Б", "В", "Г")},
    "too few schools": {"schools": 4},
    "too few pupils at one of the three": {"pupils": {"Б": 2}},
    "one of the three without a value": {"raw": {name: RAW[name] for name in "АВГДЕ"}},
}


@pytest.mark.parametrize("case", NOT_SHOWN)
def test_without_three_to_compare_there_is_no_range_but_a_line(methodology, case):
    portfolio = open_own(build_region(methodology, **NOT_SHOWN[case]))
    table = tabulate_indicators(portfolio, "results")
    assert SIMILAR not in table.frame
    assert SIMILAR not in table._repr_html_()
    (line,) = gather_notes(say_no_ranges(portfolio)).paragraphs
    assert line.startswith(f"{SIMILAR}: не")


def test_eleven_pupils_are_enough_and_ten_are_not(methodology):
    spans = [span_similar(open_own(build_region(methodology, pupils={"Б": count}))) for count in (2, 3)]
    assert [len(span) for span in spans] == [0, 1]


def test_one_with_unknown_conditions_is_passed_over(methodology):
    portfolio = open_own(build_region(methodology, without=("Б",)))
    assert list(find_similar(portfolio).index) == ["В", "Д", "Г"]


def test_indicator_of_a_few_only_is_a_dash(methodology):
    workspace = build_region(methodology)
    extra = indicators([measured(f"{OWN}{number}", "oge_math_2", 5.0) for number in range(5)])
    values = pd.concat([workspace.identified.indicators, extra], ignore_index=True)
    portfolio = open_own(replace(workspace, identified=replace(workspace.identified, indicators=values)))
    told = tabulate_indicators(portfolio, "results").frame.set_index("Показатель")[SIMILAR]
    assert told.to_dict() == {"ОГЭ, русский язык: «2»": "12–90", "ОГЭ, математика: «2»": "—"}


def test_results_of_vpr_have_no_range(methodology):
    workspace = build_region(methodology)
    values = workspace.identified.indicators.assign(indicator="vpr_rus_2")
    portfolio = open_own(replace(workspace, identified=replace(workspace.identified, indicators=values)))
    assert "vpr_rus_2" in span_similar(portfolio).index
    assert SIMILAR not in tabulate_indicators(portfolio, "results", caveated=True).frame
