from dataclasses import replace

import pytest

from effschool.report.display import Text
from effschool.report.portfolio import list_municipalities, open_portfolio
from effschool.report.sections import own_dynamics as parts
from effschool.report.sections.municipality import signed

YEAR = 2023
PARTS = [parts.describe_moves, parts.chart_changes, parts.tabulate_pupil_cohorts]


@pytest.fixture
def portfolio(demo):
    return open_portfolio(demo, list_municipalities(demo, YEAR)[1], YEAR)


def test_no_school_of_another_municipality_is_recognisable(demo, portfolio):
    schools = demo.identified.schools
    foreign = schools[schools["municipality"] != portfolio.municipality]
    own = set(portfolio.register["name"])
    for make in PARTS:
        shown = make(portfolio)._repr_html_()
        assert not [name for name in set(foreign["name"]) - own if name in shown]
        assert not [code for code in set(foreign["school_id"]) if code in shown]
    figure = parts.chart_own_level_change(portfolio).figure
    assert sum(len(item.get_offsets()) for item in figure.axes[0].collections) <= len(portfolio.schools)


def test_report_changes_no_value_of_the_region(demo, portfolio):
    frame = parts.chart_own_level_change(portfolio).table.frame
    levels = demo.dynamics.level_change.query("year == @YEAR").set_index("school_id")
    named = portfolio.schools.set_index("school_id")["number"].astype("str")
    told = frame.set_index(frame["Школа"].str.partition(".")[0])["Изменение"].dropna()
    for school, number in named.items():
        if number in told.index:
            assert signed(told[number]) == signed(levels.loc[school, "change"])
    assert len(told) > 3


def test_moves_name_who_came_and_who_left_and_nobody_who_was_not_judged(demo):
    told = []
    for name in list_municipalities(demo, YEAR):
        portfolio = open_portfolio(demo, name, YEAR)
        told += parts.describe_moves(portfolio).paragraphs
        before, now = (item.register.set_index("school_id") for item in (portfolio.year_before, portfolio))
        for school, row in now.iterrows():
            was, stays = (
                table.loc[school, "social_status"] == "ШНСУ" if school in table.index else False
                for table in (before, now)
            )
            left = [text for text in told if text.startswith("ШНСУ, вышли из списка") and row["name"] in text]
            assert bool(left) <= (was and not stays and row["social_index"] == row["social_index"]), row["name"]
    assert any("попали в список: " in text for text in told)


def test_school_that_went_from_one_list_of_results_to_another_is_said_to(demo):
    told = 0
    for name in list_municipalities(demo, YEAR):
        portfolio = open_portfolio(demo, name, YEAR)
        before, now = (item.register.set_index("school_id") for item in (portfolio.year_before, portfolio))
        both = now.index.intersection(before.index)
        was = before.loc[both, "results_status"] == "группа риска"
        moved = now.loc[both[was & (now.loc[both, "results_status"] == "ШНРО")], "name"]
        left = [text for text in parts.describe_moves(portfolio).paragraphs if text.startswith("Группа риска, вышли")]
        assert " ".join(left).count("(теперь ШНРО)") == len(moved)
        told += len(moved)
    assert told


def test_moves_are_not_told_where_a_year_has_no_lists(demo):
    assert isinstance(parts.describe_moves(open_portfolio(demo, None, 2020)), Text)


def test_few_schools_need_no_picture(demo, portfolio):
    few = replace(portfolio.workspace, dynamics=portfolio.workspace.dynamics)
    small = [open_portfolio(few, name, YEAR) for name in list_municipalities(few, YEAR)]
    for found in small:
        made = parts.chart_changes(found)
        assert isinstance(made, Text) == (len(found.schools) < 10 or not len(made.table.frame))


def test_cohorts_of_pupils_are_those_of_own_schools(demo, portfolio):
    rows = demo.dynamics.pupil_cohorts
    own = rows[rows["school_id"].isin(portfolio.schools["school_id"]) & (rows["to_year"] == YEAR)]
    table = parts.tabulate_pupil_cohorts(portfolio)
    expected = own["finding"].isin(["jump", "fall", "other_pupils"]).sum()
    assert (len(table.frame) if expected else isinstance(table, Text)) == (expected or True)
