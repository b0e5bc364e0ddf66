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


def find_target(programme, target):
    (found,) = [item for item in load_programmes(FOLDER, programme)[0].targets if item.id == target]
    return found


@pytest.mark.parametrize(
    ("programme", "target", "plan", "goal"),
    [
        ("khabarovsk", "systems", {2020: 60, 2021: 68, 2022: 76}, "at_least"),
        ("lazo", "vpr_coped", 75, "at_least"),
        ("lazo", "shnor_share", 20, "at_most"),
        ("lazo", "biased", 0, "at_most"),
        ("lazo", "courses", 100, "at_least"),
        ("lazo", "quality", 1, "at_least"),
        ("lazo", "excellent", 0, "more_than"),
        ("lazo", "measures", {2023: 79, 2024: 89}, "at_least"),
        ("krasnoyarsk", "oge_dynamics", {2020: 15, 2021: 20, 2022: 25}, "at_least"),
        ("krasnoyarsk", "ege_dynamics", {2020: 15, 2021: 20, 2022: 25}, "at_least"),
        ("krasnoyarsk", "reading_dynamics", {2020: 10, 2021: 20, 2022: 25}, "at_least"),
        ("krasnoyarsk", "science_dynamics", {2020: 10, 2021: 20, 2022: 25}, "at_least"),
        ("krasnoyarsk", "programmes", {2020: 60, 2021: 85, 2022: 100}, "at_least"),
        ("krasnoyarsk", "school_programmes", {2020: 100, 2021: 100, 2022: 100}, "at_least"),
        ("500plus", "events", 75, "at_least"),
    ],
)
def test_shipped_files_hold_the_plans_of_the_documents(programme, target, plan, goal):
    found = find_target(programme, target)
    assert (found.plan, found.goal) == (plan, goal)
    assert found.source


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
