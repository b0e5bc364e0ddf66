"""Files of targets: the shipped ones hold what the documents say; a wrong one is refused with its place."""

from pathlib import Path

import pytest

from effschool.base.configuration import ConfigurationError
from effschool.support.programmes import load_programmes

FOLDER = Path(__file__).parents[2] / "methodologies" / "targets"
FILE = """id: a
title: А
source: документ
at_risk: 5
targets:
  - id: one
    title: Доля школ
    unit: "%"
    goal: at_least
    plan: {2022: 75}
    source: пункт 1
"""


def write(folder, text, name="a.yml"):
    (folder / name).write_text(text, encoding="utf-8")
    return folder


# Every number of the documents that a target can have, by hand: target, plan, unit if not «%», goal if another.
PLANS = {
    "khabarovsk": """
systems 2020 60 2021 68 2022 76; identified 100; programmes 100; agreements 10 договоров; agreements_planned 5 договоров
monitored 100; short_events 100; course_persons 5 человек; communities 100; exchange 4 мероприятий
interregional 1 мероприятий; interregional_persons 40 человек; corrected 100; models 2020 68 2021 68 2022 76
contest 2020 5 2021 5 школ; local_exchange 2021 2 2022 2 мероприятий; internships_abroad 2 субъектов; heads_club 100
local_club 2021 15 2022 20; club_events 2020 2 2021 2 мероприятий; corrected_courses 2020 2 программ
new_courses 2020 5 программ; meo 2020 100; library 2020 60; described 2020 2 практик; model_schools 2020 10
vsevteme 2020 100; internships 2020 5 стажировок; winners 2020 2 стажировок; seminars 100; local_programmes 2020 60
conference 2020 3 человек; printed 2020 50 экз.; updates 2020 12 обновлений; reports 2020 12 отчётов
news 2020 1 сообщений; network 2020 100; shnro_programmes 2020 100; shnro_corrected 2020 100; shnro_events 2020 100
low_teachers 2020 100; teams 2020 100; contest_places 2020 26; local_contest 2020 2 школ; shnro_seminars 2020 100
shnro_heads 2020 50""",
    "500plus": """
curators 100; opening 100; documents 100; surveys 100; evidence 100; events 75; corrected 100; webinars 90
directions 100; communities 100; meetings 4 совещаний; course_change 30; course_programme 30; course_lesson 30
teams 90; contest 50; tasks_webinars 4 вебинаров; mentoring 100; quality_seminar 100; practices_seminar 100
reports 12 отчётов; printed 50 экз.""",
    "krasnoyarsk": """
programmes 2020 60 2021 85 2022 100; school_programmes 2020 100 2021 100 2022 100
practices 2020 10 2021 15 2022 20 практик; self_diagnosis 2020 10 2021 50 2022 80
mobile_centre 2020 10 2021 10 2022 10 школ; young_teachers 2020 10 2021 20 2022 25 школ
networks 2020 100 2021 100 2022 100; designer 2021 20 2022 50; district_curators 2020 10 2021 10 2022 10 школ
coordinators 2020 100 2021 100 2022 100; team_events 2020 5 2021 7 2022 7 событий; manager_events 2021 4 2022 5 событий
sites 2020 5 2021 10 2022 15 площадок; interregional 2020 1 2021 1 2022 1 мероприятий
interregional_regions 2020 4 2021 5 2022 6 регионов; agreements 2020 10 2021 20 2022 30
deficits_math 2020 50 2021 75 2022 90; deficits_russian 2020 50 2021 75 2022 90
deficits_primary 2020 50 2021 75 2022 90; course_programmes 2020 2 2021 5 2022 7 программ
involved 2020 20 2021 30 2022 40; oge_dynamics 2020 15 2021 20 2022 25; ege_dynamics 2020 15 2021 20 2022 25
reading_dynamics 2020 10 2021 20 2022 25; science_dynamics 2020 10 2021 20 2022 25""",
    "lazo": """
vpr_coped 75; shnor_share 20 at_most; biased 0 at_most; courses 100; quality 1 п. п.; excellent 0 отметок more_than
measures 2023 79 2024 89; programmes 100; agreements 100; monitored 100; short_events 1 мероприятий
course_persons 5 человек; exchange 4 мероприятий; spread 1 мероприятий; region_schools 2023 3 школ
own_schools 2023 7 школ; region_curators 2023 3 школ; risks 2023 100; documents 2023 100; evidence 2023 100
event_1_2_1 2023 90; event_1_2_2 2023 90; event_1_2_3 2023 90; event_1_2_4 2023 90; event_1_2_5 2023 80
event_1_2_6 2023 90; event_1_2_7 2023 70; event_1_2_8 2023 80; event_1_2_9 2023 90; event_1_2_10 2023 70
event_1_2_11 2023 80; event_1_2_12 2023 80; event_1_2_14 2023 80; event_1_2_16 2023 90; event_1_2_17 2023 90
event_1_2_18 2023 90; event_1_2_22 2023 90; landing 2023 90; managers 2023 30; risk_schools 2023 2 школ
discussed 2 совещаний; risk_seminar 2023 80; all_programmes 2023 100; trained 2023 60 человек more_than
career 50; cubes 20; finance 70; growth_points 2023 2 школ; corrected 100; meetings 2024 6 совещаний
parents 4 мероприятий""",
}


def write_target(target):
    plans = target.plan if isinstance(target.plan, dict) else {"": target.plan}
    plan = " ".join(f"{year} {value:g}".strip() for year, value in plans.items())
    unit, goal = target.unit.replace("%", ""), target.goal.replace("at_least", "")
    return " ".join(f"{target.id} {plan} {unit} {goal}".split())


@pytest.mark.parametrize(("programme", "years"), [("khabarovsk", (2020, 2022)), ("500plus", (2022, 2022))])
def test_plan_without_years_is_for_the_years_of_the_programme(programme, years):
    (found,) = load_programmes(FOLDER, programme)
    target = next(target for target in found.targets if not isinstance(target.plan, dict))
    plans = target.list_plans(found.list_years([2019, 2023]), 2023)
    assert (min(plans), max(plans)) == years


@pytest.mark.parametrize("programme", PLANS)
def test_shipped_files_hold_the_plans_of_the_documents(programme):
    (found,) = load_programmes(FOLDER, programme)
    expected = [row.strip() for line in PLANS[programme].splitlines() for row in line.split(";") if row.strip()]
    assert [write_target(target) for target in found.targets] == expected
    assert all(target.source for target in found.targets)


def test_facts_that_documents_state_stand_beside_the_plans():
    stated = {
        (item.id, target.id): target.stated
        for item in load_programmes(FOLDER)
        for target in item.targets
        if target.stated
    }
    assert stated == {("khabarovsk", "systems"): {2019: 47}, ("lazo", "measures"): {2022: 65}}


def test_participants_cannot_be_counted_without_a_project(tmp_path):
    count = "    count: {by: programme, have: curator}\n"
    with pytest.raises(ConfigurationError, match=r"ключ «targets\.one\.count»: .*участников не найти"):
        load_programmes(write(tmp_path, FILE + count))


def test_programmes_are_chosen_by_name(tmp_path):
    write(tmp_path, FILE)
    write(tmp_path, FILE.replace("id: a", "id: b"), "b.yml")
    assert [item.id for item in load_programmes(tmp_path)] == ["a", "b"]
    assert [item.id for item in load_programmes(tmp_path, "b, a")] == ["b", "a"]
    assert load_programmes(tmp_path, "нет") == []
    with pytest.raises(ConfigurationError) as error:
        load_programmes(tmp_path, "c")
    assert str(error.value) == f"Целей программы «c» нет в папке «{tmp_path.name}». Есть: «a» и «b»."


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "plan: {2022: 75}",
            "plan: {}",
            "строка 10, ключ «targets.one.plan»: ожидалось число или план хотя бы на один год",
        ),
        (
            "goal: at_least",
            "goal: least",
            "строка 9, ключ «targets.one.goal»: стоит «least», ожидалось одно из значений: "
            "«at_least», «at_most», «more_than»",
        ),
        ("    source: пункт 1\n", "", "строка 6, ключ «targets.one.source»: ключа нет, а он обязателен"),
        ("at_risk: 5", "at_risk: -1", "строка 4, ключ «at_risk»: стоит «-1», ожидалось число не меньше 0"),
    ],
)
def test_fault_is_named_with_its_place(tmp_path, old, new, expected):
    with pytest.raises(ConfigurationError) as error:
        load_programmes(write(tmp_path, FILE.replace(old, new)))
    assert str(error.value) == f"Файл целей «a.yml» не принят: 1\N{NO-BREAK SPACE}ошибка.\n— Файл «a.yml», {expected}."


def test_target_that_stands_twice_is_refused(tmp_path):
    doubled = FILE + FILE[FILE.index("  - id: one") :]
    with pytest.raises(ConfigurationError, match=r"строка 12, ключ «targets\.one\.id»: стоит «one», такой id уже есть"):
        load_programmes(write(tmp_path, doubled))
