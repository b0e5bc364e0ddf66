"""What pages say of tasks: shared topics, the region's borders, a task in the teacher's advice."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from effschool.report.comments import SIGNS, load_comments, write_comments
from effschool.report.display import Table, Text
from effschool.report.portfolio import RegionYear, open_portfolio
from effschool.report.queries import find_weakest_tasks, list_weak_tasks, name_tasks
from effschool.report.school_features import gather_features, name_titles
from effschool.report.sections.tasks import (
    tabulate_place_topics,
    tabulate_region_tasks,
    tabulate_topics,
    tabulate_weak_tasks,
)
from effschool.tasks.deficits import GAPS, TOPICS, Deficits

RULES = Path(__file__).parents[2] / "comments" / "schools.yml"
YEAR = 2023
WORK = {"year": YEAR, "procedure": "ВПР", "subject": "математика", "grade": 5, "task": "3", "maximum": 1}


@pytest.fixture
def schools(demo):
    known = demo.identified.schools
    return known[(known["year"] == YEAR) & known["group"].notna()].sort_values(["municipality", "school_id"])


@pytest.fixture
def told(demo, schools):
    """The demonstration workspace with one topic that the first place shares; `others` schools elsewhere did it."""

    def _tell(others=40, topic="модуль числа", grade=5, **changed):
        place = schools["municipality"].iloc[0]
        own = schools.loc[schools["municipality"] == place, "school_id"].tolist()[:2]
        work = WORK | {"grade": grade}
        gap = {"participants": 25, "share": 0.2, "region": 0.6123, "gap": 0.4, "p_value": 1e-6, "q_value": 1e-4}
        gaps = pd.DataFrame([work | gap | {"school_id": code, "marked": True} for code in own])
        common = work | {"level": "Б", "topic": topic, "border": 0.6, "border_status": "по вторичному источнику"}
        rows = [
            {"municipality": place, "share": 0.3, "others": others, "is_shared": True, "is_below": False},
            {"municipality": None, "share": 0.5123, "others": 0, "is_shared": False, "is_below": True},
        ]
        shown = {"schools": 3, "behind": 2, "participants": 90, "region": 0.5123, "other_codifier": False}
        topics = pd.DataFrame([common | shown | row | changed for row in rows]).reindex(columns=list(TOPICS))
        deficits = Deficits(gaps[list(GAPS)].astype(GAPS), topics.astype(TOPICS))
        return replace(demo, deficits=deficits), place, own

    return _tell


def test_topics_of_a_municipality_stand_with_its_schools_and_the_region(told):
    workspace, place, _ = told()
    table = tabulate_topics(open_portfolio(workspace, place, YEAR))
    assert table.list_rows() == [["модуль числа", "математика", "5", "3", "2 из 3", "30,0", "51,2"]]
    assert isinstance(tabulate_weak_tasks(open_portfolio(workspace, place, YEAR)), Table)


def test_a_task_without_a_topic_is_called_by_its_number(told):
    workspace, place, own = told(topic=None)
    assert tabulate_topics(open_portfolio(workspace, place, YEAR)).list_rows()[0][:4] == [
        "тема не описана", "математика", "5", "3"]  # fmt: skip
    assert name_tasks(list_weak_tasks(open_portfolio(workspace, place, YEAR))).tolist() == ["задание 3 в 5 классе"] * 2
    assert own


def test_a_place_without_tasks_says_so_in_a_line_and_a_region_that_sends_none_says_nothing(told, schools, demo):
    workspace, place, _ = told()
    other = schools.loc[schools["municipality"] != place, "municipality"].iloc[0]
    no_data = "Данных о выполнении заданий за 2023 год нет."
    for known, name, paragraphs in ((workspace, other, (no_data,)), (demo_without_tasks(demo), place, ())):
        said = tabulate_topics(open_portfolio(known, name, YEAR))
        assert isinstance(said, Text)
        assert said.kind == "note"
        assert said.paragraphs == paragraphs


def demo_without_tasks(demo):
    empty = [pd.DataFrame(columns=list(types)).astype(types) for types in (GAPS, TOPICS)]
    return replace(demo, deficits=Deficits(*empty))


@pytest.mark.parametrize("others", [0, 1, 4])
def test_nothing_is_told_beside_too_few_schools_of_others(told, others):
    workspace, place, own = told(others=others)
    portfolio = open_portfolio(workspace, place, YEAR)
    assert isinstance(tabulate_topics(portfolio), Text)
    assert tabulate_weak_tasks(portfolio).paragraphs == ()
    assert find_weakest_tasks(portfolio).reindex(own)["math_task"].isna().all()


def test_the_region_has_tasks_below_the_border_of_their_level_and_where_the_border_comes_from(told):
    region = RegionYear(told()[0], YEAR)
    table = tabulate_region_tasks(region)
    assert table.list_rows() == [["модуль числа", "математика", "5", "3", "Б", "51,2", "60,0", "2 из 3"]]
    assert table.note == "Границы уровней — по вторичному источнику."
    assert len(tabulate_place_topics(region.workspace.deficits.topics, YEAR).frame) == 1


def test_a_year_of_another_codifier_is_named_and_not_compared(told):
    table = tabulate_region_tasks(RegionYear(told(other_codifier=True)[0], YEAR))
    assert "С 2022 годом не сравниваются 1 из 1" in table.note
    assert "Год назад, %" not in table.frame


def test_last_years_share_stands_beside_where_the_codifier_is_the_same(told):
    table = tabulate_region_tasks(RegionYear(told(before=0.4)[0], YEAR))
    assert table.frame["Год назад, %"].tolist() == pytest.approx([40])


def test_a_teacher_reads_a_task_and_a_topic_instead_of_a_generality(told):
    workspace, place, own = told()
    portfolio = open_portfolio(workspace, place, YEAR)
    signs = gather_features(portfolio, portfolio.schools)
    assert signs.loc[own, "math_task"].tolist() == ["задание 3 в 5 классе («модуль числа»)"] * 2
    assert "math_task" in SIGNS
    rules = load_comments(RULES)
    pattern = next(pattern for pattern in rules.patterns if pattern.id == "math_tests_low")
    row = signs.loc[[own[0]]].astype(object)
    row["vpr_math_2.beside"], row["vpr_math_2.participants"], row["vpr_math_2"] = 3.0, 50, 30.0
    row["vpr_math_2.group"] = 10.0
    only = rules.model_copy(update={"patterns": (pattern,)})
    titles = name_titles(workspace.methodology)
    said = write_comments(row, only, titles).set_index("reader")["text"]["учитель"]
    assert "задание 3 в 5 классе («модуль числа»)" in said
    general = write_comments(row.assign(math_task=None), only, titles).set_index("reader")["text"]["учитель"]
    assert "два-три задания" in general
    assert len(said.split()) <= len(general.split())


def test_a_task_of_primary_school_is_no_advice_for_teachers_of_older_grades(told):
    workspace, place, own = told(grade=4)
    assert find_weakest_tasks(open_portfolio(workspace, place, YEAR)).reindex(own)["math_task"].isna().all()
