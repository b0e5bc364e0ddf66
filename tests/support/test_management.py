from pathlib import Path

import pandas as pd
import pytest
from builders import table

from effschool.base.configuration import ConfigurationError
from effschool.demo.settings import load_settings
from effschool.support.management import (
    ABSENT,
    CLOSED,
    NO_LINK,
    UNANSWERED,
    UNDER_WAY,
    assess_management,
    count_closed,
    list_unknown,
    load_cycle,
)

PATH = Path(__file__).parents[2] / "forms" / "management.yml"
NORTH, SOUTH, REGION = "Северный район", "Южный район", "Край"


@pytest.fixture(scope="module")
def cycle():
    return load_cycle(PATH)


def answers(*rows, place=NORTH, year=2023):
    keys = {"year": year, "municipality": place, "source_file": "f", "source_sheet": "", "source_row": 6}
    return table("management", [keys | {"question": q, "answer": a, "link": link} for q, a, link in rows])


def test_answer_and_link_make_the_state(cycle):
    told = answers(
        ("working_group", "да", "https://example.org/1"),
        ("coordinator", "да", None),
        ("page", "да", None),
        ("deficits_found", "в становлении", "https://example.org/2"),
        ("programme", "нет", None),
    )
    judged = assess_management(told, cycle, REGION).set_index("question")
    assert judged.loc[["working_group", "coordinator", "page"], "state"].tolist() == [CLOSED, CLOSED, NO_LINK]
    assert judged.loc[["deficits_found", "programme"], "state"].tolist() == [UNDER_WAY, ABSENT]
    assert (judged["state"] == UNANSWERED).sum() == 8
    assert judged.loc["page", "advice"] == cycle.advice.no_link
    assert judged.loc["report", "advice"] == cycle.advice.unanswered
    assert judged.loc["programme", "advice"].startswith("Утвердить муниципальную программу")
    assert judged.loc["programme", "source"].endswith("раздел 4, направление 3")


def test_question_is_known_by_its_words_and_an_unknown_one_is_told(cycle):
    words = cycle.select("municipality")[0].words.upper()
    told = answers((words, "да", "https://example.org/1"), ("Сколько школ в районе?", "да", None))
    judged = assess_management(told, cycle, REGION)
    assert judged.set_index("question").loc["working_group", "state"] == CLOSED
    assert list_unknown(told, cycle) == ["Сколько школ в районе?"]


def test_place_that_sent_nothing_has_no_rows_and_the_region_its_own_questions(cycle):
    told = answers(("region_page", "нет", None), place=REGION)
    judged = assess_management(told, cycle, REGION)
    assert set(judged["municipality"]) == {REGION}
    assert len(judged) == 10
    assert assess_management(answers(), cycle, REGION).empty


def test_components_are_counted_by_place_in_the_order_given(cycle):
    rows = [
        assess_management(answers(("programme", "да", "https://example.org"), place=place), cycle, REGION)
        for place in (NORTH, SOUTH)
    ]
    counted = count_closed(pd.concat(rows), [SOUTH, NORTH, "Третий"])
    assert list(dict.fromkeys(counted["municipality"])) == [SOUTH, NORTH]
    goals = counted[counted["component"] == "Цели"]
    assert list(goals[["closed", "asked"]].itertuples(index=False, name=None)) == [(1, 2), (1, 2)]


def test_every_yes_or_no_indicator_of_the_source_is_asked_once(cycle):
    """Counted by hand in section 4 of the Krasnoyarsk programme, without those that are numbers or per cents."""
    of_place = {"municipality": [2, 3, 2, 2, 1, 0, 3], "region": [1, 2, 1, 2, 2, 1, 1]}
    for place, counts in of_place.items():
        directions = [item.direction for item in cycle.select(place)]
        assert [directions.count(number) for number in range(1, 8)] == counts
    steps = {item.id for item in cycle.indicators if item.scale == "steps"}
    assert steps == {"deficits_found", "deficits_helped"}


def test_names_that_the_sources_lack_are_said_to_be_so(cycle):
    assert cycle.components.status == "не подтверждено источниками"
    assert len(cycle.components.titles) == 9


def test_demonstration_answers_the_questions_of_the_form(cycle):
    asked = load_settings().context
    assert tuple(asked.questions) == cycle.ask("municipality")
    assert tuple(asked.region_questions) == cycle.ask("region")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("component: decisions, link: true,", "component: deeds, link: true,", "такого компонента"),
        ("direction: 7, component: analysis", "direction: 8, component: analysis", "такого направления"),
        ("id: coordinator", "id: working_group", "такой id уже есть"),
        ("methods, scale: steps", "methods, scale: marks", "scale"),
    ],
)
def test_fault_of_the_cycle_is_named(tmp_path, old, new, words):
    text = PATH.read_text("utf-8")
    assert old in text
    (tmp_path / "m.yml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_cycle(tmp_path / "m.yml")
    assert words in str(caught.value)
