"""Files that say what tasks check: the project's own, and what is wrong with others."""

from pathlib import Path

import pytest
import yaml

from effschool.base.configuration import ConfigurationError
from effschool.demo.settings import load_settings
from effschool.tasks.works import load_task_rules, load_works

FOLDER = Path(__file__).parents[2] / "methodologies" / "tasks"
WORK = {"procedure": "ВПР", "subject": "математика", "grade": 5, "years": [2023], "status": "пример", "source": "тест",
        "tasks": [{"task": "1", "maximum": 1}]}  # fmt: skip


def write(folder, *works, name="a.yml"):
    text = yaml.safe_dump({"title": "Т", "works": list(works)}, allow_unicode=True)
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_works_of_the_invented_region_are_its_own_and_hold_nowhere_else():
    real, invented = load_works(FOLDER), load_works(FOLDER, demonstration=True)
    assert set(invented["edition"].str.partition(",")[0]) == {"demonstration"}
    assert "demonstration" not in set(real["edition"].str.partition(",")[0])
    assert set(invented["status"]) == {"пример"}


def test_works_of_the_invented_region_have_the_tasks_that_it_draws():
    works = load_works(FOLDER, demonstration=True)
    drawn = {
        (work.subject, work.grade, str(number)): most
        for work in load_settings().offices.tasks.works
        for number, (most, _) in enumerate(work.tasks, start=1)
    }
    named = works.set_index(["subject", "grade", "task"])["maximum"].to_dict()
    assert named == drawn
    assert works["topic"].notna().all()


def test_borders_say_that_they_come_from_a_second_hand():
    borders = load_task_rules(FOLDER).borders
    assert borders.levels == {"Б": 60, "П": 30, "В": 30}
    assert borders.status == "по вторичному источнику"


def test_a_work_described_twice_for_a_year_is_refused(tmp_path):
    write(write(tmp_path, WORK), WORK | {"years": [2022, 2023]}, name="b.yml")
    with pytest.raises(ConfigurationError, match="математика, 5 класс, 2023 год» описана дважды"):
        load_works(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tasks": [{"task": "1", "maximum": 1}, {"task": "1", "maximum": 2}]}, "задание «1» повторяется"),
        ({"tasks": [{"task": "1", "maximum": 0}]}, "maximum"),
        ({"tasks": [{"task": "1", "maximum": 1, "level": "Х"}]}, "level"),
        ({"status": "точно"}, "status"),
        ({"years": []}, "years"),
    ],
)
def test_a_wrong_work_is_refused_with_its_line(tmp_path, changed, said):
    with pytest.raises(ConfigurationError, match=said) as caught:
        load_works(write(tmp_path, WORK | changed))
    assert "строка" in str(caught.value)
