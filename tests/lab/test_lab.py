import numpy as np
import pandas as pd
import pytest
from builders import change_rules, drop_gaps, region, result, school, tables
from matplotlib.figure import Figure

from effschool.intake.ingest import read_contract
from effschool.lab.comparison import (
    change_aspect,
    chart_overlaps,
    compare_methodologies,
    count_combinations,
    find_decisive,
    list_aspects,
    list_members,
    load_compared,
    name_methodologies,
    tabulate_differences,
    tabulate_overlaps,
    tabulate_sizes,
)
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology
from effschool.report import charts
from effschool.report.display import Chart, Text


@pytest.fixture(scope="module")
def contract(demo_processed):
    return read_contract(demo_processed)


@pytest.fixture(scope="module")
def variants(methodology, methodologies):
    """Default, literal, and literal with half of the indicators and another rule of conditions."""
    literal = load_methodology(methodologies / "khabarovsk-2020.yml", orientation="literal")
    fewer = tuple(item for item in methodology.domains["results"].indicators if item.block != "vpr")
    other = change_rules(literal, "results", indicators=fewer)
    other = other.model_copy(update={"title": "Иная", "social_rule": "last2_or_all3"})
    return [methodology, literal, type(other).model_construct(**dict(other))]


@pytest.fixture(scope="module")
def comparison(contract, variants):
    return compare_methodologies(contract, variants, 2023)


def test_sizes_and_overlaps_are_those_of_the_sets(comparison, contract, variants):
    members = [list_members(identify_schools(contract, item).lists, item, 2023) for item in variants]
    for row in comparison.sizes.set_index("list").itertuples():
        assert list(row[1:]) == [len(each[row.Index]) for each in members]
    pair = comparison.overlaps.query("list == 'ШНРО'").iloc[1]
    first, second = members[0]["ШНРО"], members[2]["ШНРО"]
    assert (pair["first"], pair["second"]) == (comparison.titles[0], comparison.titles[2])
    assert pair["both"] == len(first & second)
    assert pair["jaccard"] == pytest.approx(len(first & second) / len(first | second))
    for row in comparison.overlaps.dropna(subset="jaccard").itertuples():
        assert row.jaccard == pytest.approx(row.both / (row.first_schools + row.second_schools - row.both))
    matrix = comparison.membership.query("list == 'ШНРО'").set_index("school_id")
    assert set(matrix.index[matrix[comparison.titles[2]]]) == second


def test_the_same_methodology_twice_does_not_differ(contract, methodology):
    same = compare_methodologies(contract, [methodology, methodology], 2023)
    assert same.differences.empty
    assert set(same.overlaps["jaccard"].dropna()) == {1.0}
    assert len(set(same.titles)) == 2
    assert isinstance(tabulate_differences(same), Text)


def test_every_difference_has_one_sentence_and_a_side(comparison):
    matrix = comparison.membership.set_index(["list", "school_id"])
    first = comparison.titles[0]
    expected = {
        (name, school_id, title)
        for title in comparison.titles[1:]
        for (name, school_id), row in matrix.iterrows()
        if row[first] != row[title]
    }
    found = comparison.differences
    assert set(zip(found["list"], found["school_id"], found["second"], strict=True)) == expected
    assert len(found) == len(expected) > 5
    assert found["sentence"].str.endswith(".").all()
    assert (found["aspect"] != "").all()


def test_reason_is_what_differs_between_two_methodologies(comparison):
    differences = comparison.differences
    of_second = differences[differences["second"] == comparison.titles[1]]
    assert set(of_second["aspect"]) == {"orientation"}
    social = differences[differences["list"].isin(["ШНСУ", "благоприятные", "нейтральные"])]
    assert set(social["aspect"]) == {"lists"}
    assert set(differences.loc[~differences["list"].isin(social["list"]), "aspect"]) <= {"indicators", "orientation"}
    if (differences["aspect"] == "indicators").any():
        assert differences[differences["aspect"] == "indicators"]["sentence"].str.contains("ВПР").all()


def test_sentence_names_the_year_bands_and_the_rule(methodology):
    """School 02 is low in the last two years only; the second methodology asks for no more."""
    rows = [
        result(f"{place:02}", year, (9 - place if (place, year) != (2, 2018) else 0, 5, 3, 1))
        for year in (2018, 2019, 2020)
        for place in range(1, 9)
    ]
    built = tables(
        schools=[school(f"{place:02}", year) for year in (2018, 2019, 2020) for place in range(1, 9)], results=rows
    )
    rules = drop_gaps(methodology)
    statuses = (rules.lists.results[0].model_copy(update={"rule": "last2"}), *rules.lists.results[1:])
    looser = rules.model_copy(update={"lists": rules.lists.model_copy(update={"results": statuses}), "title": "Мягче"})
    found = compare_methodologies(built, [rules, looser], 2020).differences
    (sentence,) = found.query("list == 'ШНРО' and school_id == '02'")["sentence"]
    assert sentence == (
        "В списке «ШНРО» 2020 года по методике «Мягче», но не по методике «Методика Хабаровского края, 2020 год»: "
        "правило окна лет разное, «в последние два года» и «во все три года»."
    )
    wider = change_rules(rules, "results", bands=rules.domains["results"].bands.model_copy(update={"share": 0.4}))
    wider = wider.model_copy(update={"title": "Шире"})
    found = compare_methodologies(region(), [rules, wider], 2020).differences
    (sentence,) = found.query("list == 'ШНРО'")["sentence"]
    assert sentence.endswith(
        ", в 2020 году группа «низкие» и группа «средние»: граница крайних групп проводится иначе."
    )


@pytest.mark.parametrize(
    ("in_first", "steps", "aspect"),
    [
        (True, {"a": {"x"}, "b": set()}, "b"),
        (True, {"a": set(), "b": {"x"}, "c": set()}, "c"),
        (False, {"a": {"x"}, "b": {"x"}}, "a"),
        (True, {"a": {"x"}}, ""),
    ],
)
def test_part_at_which_a_school_changes_side_for_good(in_first, steps, aspect):
    assert find_decisive("x", in_first, steps) == aspect


def test_walk_from_one_methodology_to_another_ends_there(variants, contract):
    first, _, last = variants
    aspects = list_aspects(first, last)
    assert aspects == ["indicators", "orientation", "lists"]
    walked = first
    for aspect in aspects:
        walked = change_aspect(walked, last, aspect)
    assert not list_aspects(walked, last)
    lists = identify_schools(contract, walked).lists
    pd.testing.assert_frame_equal(lists, identify_schools(contract, last).lists)


def test_titles_are_told_apart(methodology, variants):
    first, second, third = name_methodologies(variants)
    assert first != second
    assert third == "Иная"
    assert len(set(name_methodologies([methodology] * 3))) == 3


def test_combinations_count_every_school_once(comparison):
    counted = count_combinations(comparison, ["ШНРО"])
    matrix = comparison.membership.query("list == 'ШНРО'")
    assert counted["schools"].sum() == len(matrix)
    assert counted["schools"].is_monotonic_decreasing
    assert counted.drop(columns="schools").any(axis=1).all()
    both = count_combinations(comparison, ["ШНРО", "ШНСУ"])
    assert both.shape[1] == 7


def test_year_without_lists_is_a_note(contract, methodology):
    only = compare_methodologies(contract, [methodology], 2020)
    assert only.sizes["list"].tolist() == ["ШНОР"]  # it needs no window
    empty = compare_methodologies(contract, [methodology.model_copy(update={"fioko": None})], 2020)
    assert empty.sizes.empty
    assert isinstance(tabulate_overlaps(empty), Text)
    assert isinstance(chart_overlaps(empty, "ШНРО"), Text)


def test_chart_and_tables_say_the_same(comparison):
    chart = chart_overlaps(comparison, "ШНСУ")
    assert isinstance(chart, Chart)
    total = len(comparison.membership.query("list == 'ШНСУ'"))
    assert chart.sentence.replace("\N{NO-BREAK SPACE}", " ").startswith(f"Хотя бы в одном из списков {total} школ")
    assert chart.table.frame["Школ"].sum() == total
    for shown in (chart, tabulate_sizes(comparison), tabulate_overlaps(comparison), tabulate_differences(comparison)):
        assert "<table" in shown._repr_html_()


def test_upset_draws_a_bar_and_a_column_of_dots_for_every_combination():
    sets = pd.DataFrame({"$a": [True, True], "b": [True, False], "c": [False, False]})
    figure = charts.draw_upset(sets, [7, 3], "школ")
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    bars, dots = figure.axes
    assert [bar.get_height() for bar in bars.containers[0]] == [7, 3]
    full = charts.mpl.colors.to_rgba(charts.OWN)
    colours = [np.array(points.get_facecolors()) for points in dots.collections]
    assert [[np.allclose(colour, full) for colour in column] for column in colours] == sets.to_numpy().tolist()
    assert [label.get_text() for label in dots.get_yticklabels()] == ["$a", "b", "c"]


def test_compared_methodologies_are_those_that_are_there(methodology, methodologies):
    names = ["khabarovsk-2020", "khabarovsk-2020-literal", "нет такой"]
    found = load_compared(methodology, methodologies, names)
    assert [each.id for each in found] == ["khabarovsk-2020", "khabarovsk-2020-literal"]
