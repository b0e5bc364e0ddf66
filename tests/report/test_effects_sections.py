from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from effschool.dynamics.clusters import find_clusters
from effschool.dynamics.effects import FEW, NO_START, assess_programme, invent_region
from effschool.report.display import Chart, Text
from effschool.report.portfolio import list_municipalities, open_portfolio, open_region
from effschool.report.sections import effects as parts

YEAR = 2023


@pytest.fixture(scope="module")
def found(methodology):
    paths, programme = invent_region(np.random.default_rng(3), methodology.effects, 0.5)
    values = paths[["year", "school_id"]].assign(domain="results", indicator="oge_rus_2", raw=-paths["results_index"])
    other = values.assign(indicator="oge_math_gap", raw=np.random.default_rng(2).normal(size=len(values)))
    return assess_programme(paths, pd.concat([values, other]), programme, methodology.effects)


@pytest.fixture
def row():
    """An estimate that chance explains."""
    return pd.Series(
        {"year": YEAR, "entered": 46, "schools": 21, "controls": 41, "estimate": 0.2, "low": -0.1, "high": 0.5}
        | {"noticeable": 0.45, "is_enough": True}
    )


def test_answer_that_may_be_chance_concludes_nothing(row, methodology):
    first, second, third = parts.say_effect(row, methodology.effects)
    assert "Из 46\N{NO-BREAK SPACE}школ программы по региону" in first
    assert "удалось 21" in first
    assert "похожих школ 41" in first
    assert "на 0,20 разброса" in second
    assert "от −0,10 до +0,50" in second
    assert "нельзя заключить ни что программа помогла, ни что она не помогла" in second
    assert "не меньше 0,45" in second
    assert "не по жребию" in third


@pytest.mark.parametrize(
    ("estimate", "expected"),
    [
        (0.5, "поднялась на 19\N{NO-BREAK SPACE}мест из ста"),
        (-0.55, "опустилась на 21\N{NO-BREAK SPACE}место из ста. Пользы программы не видно."),
    ],
)
def test_sure_difference_is_said_in_places_of_a_hundred(row, methodology, estimate, expected):
    changed = row.copy()
    changed[["low", "high", "estimate"]] = estimate - 0.4, estimate + 0.4, estimate
    text = " ".join(parts.say_effect(changed, methodology.effects))
    assert expected in text
    assert "нельзя заключить" not in text


def test_too_few_schools_is_said(row, methodology):
    changed = row.copy()
    changed["schools"], changed["is_enough"] = 7, False
    (only,) = parts.say_effect(changed, methodology.effects)
    assert parts.TOO_FEW in only
    assert "удалось 7, а нужно не меньше 10" in only
    changed["entered"] = 0
    assert parts.say_effect(changed, methodology.effects) == ("Помогла ли программа: школ программы в данных нет.",)


def test_years_of_entry_name_why_nothing_is_concluded(found):
    reasons = pd.DataFrame({"entry_year": [2014, 2020], "reason": [NO_START, FEW]}).assign(entered=5, schools=0)
    cohorts = pd.concat([found.cohorts, reasons.assign(controls=0)], ignore_index=True)
    frame = parts.tabulate_entry_years(replace(found, cohorts=cohorts)).frame
    assert frame["Вывод"].tolist() == ["оценка есть", "до отбора нет лет с данными", parts.TOO_FEW]
    assert frame["Вероятно"].tolist()[1:] == [parts.NONE, parts.NONE]


def test_balance_tells_what_stays_unlike(found):
    even = found.balance.assign(after=0.1)
    assert "почти одинаковы" in parts.chart_balance(replace(found, balance=even)).sentence
    low = even.assign(after=even["after"].where(even["trait"] != "results", -0.6))
    sentence = parts.chart_balance(replace(found, balance=low)).sentence
    assert "в признаке «результаты до отбора»" in sentence
    assert "низкие случайно" in sentence
    small = even.assign(after=even["after"].where(even["trait"] != "size", -0.6))
    assert "низкие случайно" not in parts.chart_balance(replace(found, balance=small)).sentence


def test_years_before_the_selection_decide_whether_to_believe(found, methodology):
    assert "можно верить" in parts.chart_events(found, methodology).sentence
    unlike = found.events.assign(p_value=0.001)
    assert "оценке верить нельзя" in parts.chart_events(replace(found, events=unlike), methodology).sentence
    late = found.events[found.events["time"] >= -1]
    assert "нельзя: данных" in parts.chart_events(replace(found, events=late), methodology).sentence


def test_bare_before_and_after_is_taken_apart(found):
    frame = parts.chart_rise(found).table.frame.set_index("Что")["Перемена"]
    assert frame.iloc[0] == pytest.approx(frame.iloc[1:].sum())
    assert "был бы и без программы" in parts.chart_rise(found).sentence


def test_placebo_that_finds_something_is_a_warning(found):
    quiet = found.placebo.assign(low=-1.0, high=1.0)
    loud = quiet.assign(low=0.1)
    assert "как и должно быть" in parts.tabulate_placebo(replace(found, placebo=quiet)).note
    assert "с осторожностью" in parts.tabulate_placebo(replace(found, placebo=loud)).note


def test_indicators_say_better_by_their_direction(found, methodology):
    table = parts.tabulate_effect_indicators(found, methodology)
    by_name = table.frame.set_index("Показатель")["Вывод"]
    assert by_name[methodology.indicators["oge_rus_2"].short] == "лучше"
    assert by_name[methodology.indicators["oge_math_gap"].short] == "может быть случайной"


def test_nothing_is_drawn_where_nothing_is_known(methodology):
    nothing = assess_programme(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), None)
    bare = methodology.model_copy(update={"effects": None, "clusters": None})
    groups = find_clusters(pd.DataFrame(), None)
    shown = [
        parts.describe_effect(nothing, bare),
        parts.tabulate_entry_years(nothing),
        parts.chart_balance(nothing),
        parts.chart_events(nothing, bare),
        parts.chart_rise(nothing),
        parts.tabulate_placebo(nothing),
        parts.tabulate_effect_indicators(nothing, bare),
        parts.tabulate_clusters(groups, pd.DataFrame(), bare),
        parts.chart_clusters(groups, pd.DataFrame(columns=["year", "school_id"]), bare),
        parts.chart_passages(groups),
    ]
    assert all(isinstance(part, Text) for part in shown)


# Groups of like schools


@pytest.fixture
def grouped(demo):
    """The tiny region with groups: the first school passed from the second group to the first."""
    paths = demo.dynamics.paths.dropna(subset=["results_index", "social_index"])
    members = paths[["year", "school_id"]].assign(cluster=2, name="сельские школы")
    passed = members["school_id"].eq(members["school_id"].min()) & members["year"].eq(YEAR)
    members.loc[passed, ["cluster", "name"]] = [1, "городские школы"]
    centres = pd.DataFrame({"name": ["городские школы", "сельские школы"], "schools": [1, 30]}, index=[1, 2])
    stability = pd.DataFrame({"number": [2], "stability": [0.9]})
    return find_clusters(pd.DataFrame(), None).__class__(stability, centres, members)


def test_groups_are_shown_with_what_is_typical(demo, grouped, methodology):
    table = parts.tabulate_clusters(grouped, demo.dynamics.paths, methodology)
    assert table.frame["Группа"].tolist() == ["1. Городские школы", "2. Сельские школы"]
    assert table.frame["Школ"].sum() == (grouped.members["year"] == YEAR).sum()
    assert "совпадение 0,90" in table.note
    chart = parts.chart_clusters(grouped, demo.dynamics.paths, methodology)
    assert isinstance(chart, Chart)
    assert "2. Сельские школы" in chart.sentence


def test_passages_count_schools_known_in_both_years(grouped):
    chart = parts.chart_passages(grouped)
    square = chart.table.frame.iloc[:, 1:].to_numpy()
    years = grouped.members.groupby("school_id")["year"].agg(set)
    both = years.map(lambda own: {grouped.members["year"].min(), YEAR} <= own).sum()
    assert square.sum() == both
    assert square[1].tolist() == [1, both - 1]


def test_absence_of_groups_is_an_answer(grouped, methodology):
    none = replace(grouped, centres=grouped.centres.head(0), members=grouped.members.head(0))
    assert "устойчивых групп нет" in parts.tabulate_clusters(none, pd.DataFrame(), methodology).paragraphs[0]


def test_report_of_a_municipality_tells_the_effect_of_its_year_only(demo, row):
    workspace = replace(demo, effects=pd.DataFrame([row]))
    assert "Из 46\N{NO-BREAK SPACE}школ" in parts.tell_programme(open_region(workspace, YEAR)).paragraphs[0]
    assert "нет данных" in parts.tell_programme(open_region(workspace, YEAR - 1)).paragraphs[0]


def test_effect_is_told_where_five_schools_of_others_were_compared(demo, row):
    place = open_portfolio(demo, list_municipalities(demo, YEAR)[0], YEAR)
    own = place.schools["school_id"].head(7)
    for compared, is_told in ((11, False), (12, True)):
        support = replace(demo.support, participants=pd.DataFrame({"school_id": own}))
        effects = pd.DataFrame([row]).assign(schools=compared, is_enough=True)
        told = parts.tell_programme(replace(place, workspace=replace(demo, support=support, effects=effects)))
        assert (parts.TOO_FEW not in told.paragraphs[0]) == is_told


def test_tiny_region_has_too_few_schools_for_either(demo):
    assert parts.TOO_FEW in parts.tell_programme(open_region(demo, YEAR)).paragraphs[0]
