import pytest

from effschool.base.russian import format_number
from effschool.certainty.explain import explain_decision, explain_index
from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools
from effschool.report.display import Text
from effschool.report.sections.explanation import (
    DECISION_NOTE,
    chart_index_parts,
    tabulate_index_parts,
    tabulate_school_decisions,
)


@pytest.fixture(scope="module")
def contract(demo_processed):
    return read_contract(demo_processed)


@pytest.fixture(scope="module")
def identified(contract, methodology):
    return identify_schools(contract, methodology)


@pytest.fixture(scope="module")
def decisions(identified, contract, methodology):
    return explain_decision(identified, contract, methodology, 2023)


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_table_of_parts_sums_in_its_last_row(identified, methodology):
    parts = explain_index(identified, methodology, 2023)
    ranked = identified.indices.query("year == 2023 and domain == 'social'").dropna(subset="band").iloc[0]
    table = tabulate_index_parts(parts, identified, methodology, ranked["school_id"], "social")
    assert table.frame["Вклад"].iloc[-1] == pytest.approx(ranked["index"])
    assert table.frame["Показатель"].iloc[-1] == "Вместе"
    assert f"Место {ranked['rank']} из" in table.note
    assert "<table" in table._repr_html_()


def sum_distances(parts, domain="results"):
    return parts[parts["domain"] == domain].groupby("school_id")["distance"].sum(min_count=1)


@pytest.mark.parametrize("domain", ["results", "social"])
def test_chart_of_parts_says_place_and_distance(identified, methodology, domain):
    parts = explain_index(identified, methodology, 2023)
    distances = sum_distances(parts, domain).dropna()
    ranked = distances.index[distances != 0][0]
    chart = chart_index_parts(parts, identified, methodology, ranked, domain)
    assert chart.table.frame["Отличие от пограничной школы"].sum() == pytest.approx(distances[ranked])
    rank = identified.indices.query("year == 2023 and school_id == @ranked and domain == @domain")["rank"].item()
    side = "выше" if distances[ranked] > 0 else "ниже"
    assert f"Место {rank} из" in plain(chart.sentence)
    assert f"Индекс {side} на {format_number(abs(distances[ranked]), 3)}" in chart.sentence
    assert "««" not in chart.sentence


def test_chart_of_the_marginal_school_says_so(identified, methodology):
    parts = explain_index(identified, methodology, 2023)
    marginal = parts["marginal_id"].dropna().iloc[0]
    assert "сама пограничная" in chart_index_parts(parts, identified, methodology, marginal, "results").sentence


def test_no_index_is_said(identified, methodology):
    parts = explain_index(identified, methodology, 2023)
    for show in (chart_index_parts, tabulate_index_parts):
        assert "нет данных" in show(parts, identified, methodology, None, "results").paragraphs[0]
        bare = methodology.model_copy(update={"domains": {"results": methodology.domains["results"]}})
        assert "не составляется" in show(parts, identified, bare, "01", "social").paragraphs[0]


def test_all_lists_of_one_school_are_told(identified, decisions):
    school_id = decisions.rows["school_id"].iloc[0]
    table = tabulate_school_decisions(decisions, identified, school_id)
    assert len(table.frame) == (decisions.rows["school_id"] == school_id).sum()
    assert table.note == DECISION_NOTE
    assert isinstance(tabulate_school_decisions(decisions, identified, None), Text)
