"""Context, teachers, management cycle on the pages: own ones only, gaps by name, no place and no sum."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from effschool.report.display import Table, Text
from effschool.report.portfolio import list_municipalities, open_portfolio, open_region
from effschool.report.privacy import load_privacy
from effschool.report.sections.context import (
    ROWS,
    choose_context,
    profile_school,
    tabulate_context,
    tabulate_teachers,
)
from effschool.report.sections.management import (
    tabulate_management,
    tabulate_management_places,
    tabulate_region_management,
)
from effschool.support.context import COLUMNS, HARDER

YEAR = 2023
OWN = (tabulate_management, tabulate_context, tabulate_teachers)


def measures(*rows):
    base = {"year": YEAR, "unit": "%", "low": 10.0, "middle": 20.0, "high": 30.0, "others": 9, "words": None}
    frame = pd.DataFrame([base | {"measure": row["title"]} | row for row in rows], columns=COLUMNS)
    return frame.astype({"words": "str", "stands": "str", "others": "Int64"})


@pytest.fixture(scope="module")
def places(demo):
    """Municipalities that told of their schools, and those that did not."""
    told = set(demo.support.management["municipality"])
    every = list_municipalities(demo, YEAR)
    return [name for name in every if name in told], [name for name in every if name not in told]


def test_demonstration_has_both_kinds_of_municipalities(places):
    assert all(places)


@pytest.mark.parametrize("make", OWN)
def test_part_is_of_the_own_municipality(demo, places, make):
    name = places[0][0]
    portfolio = open_portfolio(demo, name, YEAR)
    alone = {
        field: own[own["municipality"].eq(name)]
        if "municipality" in own
        else own[own["school_id"].isin(portfolio.schools["school_id"])]
        for field, own in ((f, getattr(demo.support, f)) for f in ("management", "context", "teachers"))
    }
    less = replace(demo, support=replace(demo.support, **alone))
    pd.testing.assert_frame_equal(make(portfolio).frame, make(open_portfolio(less, name, YEAR)).frame)


@pytest.mark.parametrize("make", OWN)
def test_municipality_that_sent_nothing_has_no_data_and_no_zero(demo, places, make):
    part = make(open_portfolio(demo, places[1][0], YEAR))
    assert isinstance(part, Text)
    assert "нет данных" in part.paragraphs[0]


def test_gaps_come_first_and_the_title_counts_them(demo, places):
    table = tabulate_management(open_portfolio(demo, places[0][0], YEAR))
    known = demo.support.management.query("municipality == @name", local_dict={"name": places[0][0]})
    closed = int((known["state"] == "есть").sum())
    assert f"закрыто {closed} из 13 показателей" in table.title.replace("\N{NO-BREAK SPACE}", " ")
    assert table.first == 13 - closed
    assert "есть" not in set(table.frame["Состояние"][: table.first])
    assert set(table.frame["Состояние"][table.first :]) <= {"есть"}


def test_region_names_who_sent_nothing_and_ranks_nobody(demo, places):
    table = tabulate_management_places(open_region(demo, YEAR))
    frame = table.frame.set_index("Муниципалитет")
    assert list(frame.index) == list_municipalities(demo, YEAR)
    assert (frame.loc[places[1]] == "—").all(axis=None)
    assert all(re.fullmatch(r"\d из \d", cell) for cell in frame.loc[places[0]].to_numpy().ravel())
    assert isinstance(tabulate_region_management(open_region(demo, YEAR)), Table)


def test_profile_holds_what_is_beyond_the_middle_half_the_harder_first():
    rows = [{"school_id": "01", "title": f"Л{n}", "value": 1.0, "stands": "легче"} for n in range(4)]
    rows += [{"school_id": "01", "title": f"Т{n}", "value": 40.0, "stands": HARDER} for n in range(4)]
    rows += [{"school_id": "01", "title": "Как у всех", "value": 20.0, "stands": "как у других"}]
    drawing = profile_school(measures(*rows), "01").drawing
    named = re.findall(r"[ТЛ]\d", drawing.split("</text>", 1)[1])
    assert named == ["Т0", "Т1", "Т2", "Т3", "Л0"]
    assert len(named) == ROWS
    assert drawing.count('class="hard"') == 4
    assert profile_school(measures(rows[-1]), "01") is None


def test_group_of_too_few_others_is_not_shown(demo, places):
    portfolio = open_portfolio(demo, places[0][0], YEAR)
    code = portfolio.schools["school_id"].iloc[0]
    least = load_privacy().reports.schools
    for others, is_told in ((least - 1, False), (least, True)):
        context = measures({"school_id": code, "title": "Т", "value": 40.0, "stands": HARDER, "others": others})
        known = replace(portfolio.workspace, support=replace(demo.support, context=context))
        found = choose_context(replace(portfolio, workspace=known))
        assert (profile_school(found, code) is not None) == is_told


def test_teachers_are_summed_by_subject(demo, places):
    portfolio = open_portfolio(demo, places[0][0], YEAR)
    own = demo.support.teachers[demo.support.teachers["school_id"].isin(portfolio.schools["school_id"])]
    frame = tabulate_teachers(portfolio).frame.set_index("Предмет")
    of_maths = own[own["subject"] == "математика"]
    assert frame.loc["математика", "Курсы пройдены"] == of_maths["courses_passed"].sum()
    assert frame.loc["математика", "Школ"] == len(of_maths)
