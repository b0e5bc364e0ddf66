from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from effschool.base.russian import format_percent
from effschool.certainty.backtest import follow_listed
from effschool.certainty.sampling import Recount
from effschool.certainty.stability import Stability, assess_lists
from effschool.report.display import Table, Text
from effschool.report.portfolio import open_portfolio, open_region
from effschool.report.queries import MEANINGS
from effschool.report.sections.certainty import (
    chart_rules,
    chart_verdicts,
    say_briefly,
    tabulate_backtest,
    tabulate_certainty,
    tabulate_drivers,
    tabulate_general,
)
from effschool.report.sections.protocol import tabulate_annex, tabulate_sureness

NBSP = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def stability(demo, contract_of):
    return assess_lists(Recount(demo.identified, contract_of, demo.methodology, 2023, draws=60))


@pytest.fixture(scope="module")
def contract_of(demo_processed):
    names = ("schools", "results", "certificates", "social", "programme")
    return {name: pd.read_parquet(demo_processed / "contract" / f"{name}.parquet") for name in names}


@pytest.fixture
def portfolio(demo):
    """The municipality with most schools of low results."""
    listed = demo.certainty.query("list == 'ШНРО' and is_member")["school_id"]
    schools = demo.identified.schools.query("year == 2023")
    return open_portfolio(demo, schools.loc[schools["school_id"].isin(listed), "municipality"].mode()[0], None)


@pytest.fixture
def silent(demo):
    return replace(demo, certainty=pd.DataFrame(), levels=pd.DataFrame())


def test_verdicts_count_every_school_on_a_list_once(stability):
    chart = chart_verdicts(stability)
    members = stability.rows[stability.rows["is_member"].astype(bool)]
    assert chart.table.frame.drop(columns="Список").to_numpy().sum() == len(members)
    firm = int((members["verdict"] == "устойчиво").sum())
    assert f"{firm} ({format_percent(100 * firm / len(members))})" in chart.sentence


def test_drivers_say_what_decides_in_words(stability):
    part = tabulate_drivers(stability)
    assert part.frame["Что меняется"].notna().all()
    assert "«ШНРО»:" in part.note
    assert "случайный состав учеников" in part.note


def test_rules_are_told_with_their_reliability(demo):
    chart = chart_rules(demo.methodology, 0.7)
    assert chart.table.frame["Правило"].tolist() == [rule.title for rule in demo.methodology.certainty.power.rules]
    assert "0,70" in chart.title
    assert "«три года из трёх» ошибается реже всех" in chart.sentence
    assert isinstance(chart_rules(demo.methodology, np.nan), Text)


def test_general_figures_are_those_of_the_methodology_page(demo):
    said = tabulate_general(demo.methodology).frame["Что бывает"].str.cat(sep="; ")
    for figure in ("32", "13", "6", "1", "1,6", "15,6"):
        assert f" {figure}{NBSP}%" in said


def test_back_test_says_what_chance_alone_would_do(demo, contract_of):
    asked = Recount(demo.identified, contract_of, demo.methodology, 2023)
    part = tabulate_backtest(follow_listed(asked, contract_of["programme"]))
    assert isinstance(part, Table)
    assert "по одной случайности" in part.note
    assert len(part.frame) > 2
    assert isinstance(tabulate_backtest(pd.DataFrame(columns=["what"])), Text)


def test_every_school_on_a_list_has_its_sentences(portfolio):
    part = tabulate_certainty(portfolio)
    known = portfolio.workspace.certainty
    own = known[known["is_member"].astype(bool) & known["school_id"].isin(portfolio.schools["school_id"])]
    own = own[own["list"].isin(["ШНРО", "группа риска", "ШНСУ", "ШНОР"])]
    assert len(part.frame) == len(own) > 0
    assert part.frame["Что за этим стоит"].str.contains("осталась бы в списке").all()
    # Of a school in a group with too few schools of others nothing is told of the usual school of its group.
    told = part.frame["Что за этим стоит"].str.contains("с вероятностью").sum()
    assert told == own["chance_sentence"].notna().sum() > 0


def test_a_municipality_without_schools_on_the_lists_is_told_so(portfolio):
    nobody = portfolio.workspace.certainty.assign(is_member=False)
    spared = replace(portfolio, workspace=replace(portfolio.workspace, certainty=nobody))
    assert "школ муниципалитета нет" in tabulate_certainty(spared).paragraphs[0]


def test_a_note_beside_the_order_says_how_sure_each_place_is_and_the_order_does_not(demo):
    region = open_region(demo, None)
    order = tabulate_annex(region, "ШНСУ", "школы в условиях").frame
    assert not order.astype("str").apply(lambda column: column.str.contains("осталась бы")).any(axis=None)
    rows = tabulate_sureness(region).frame
    sure = rows[rows["Список"] == "ШНСУ"].set_index("Код ОО")["Насколько это надёжно"]
    assert set(sure.index) == set(order["Код ОО"])
    assert sure.str.contains("обычная школа попала бы").all()
    assert sure.str.partition(":")[0].isin(MEANINGS).all()
    assert not sure.str.contains("зависит от метода|погранично|устойчиво").any()
    assert sure.to_dict() == say_briefly(region, "ШНСУ").to_dict()


def test_what_was_not_computed_is_said_not_hidden(silent, stability):
    portfolio = open_portfolio(silent, None, None)
    assert isinstance(tabulate_certainty(portfolio), Text)
    region = open_region(silent, None)
    assert isinstance(tabulate_sureness(region), Text)
    assert isinstance(chart_verdicts(Stability(stability.rows.head(0), stability.drivers.head(0))), Text)
