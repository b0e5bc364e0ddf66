"""Goals and calendar of a school's programme, computed by hand; the file of rules refuses what is wrong."""

import pandas as pd
import pytest
import yaml

from effschool.base.configuration import ConfigurationError
from effschool.support.context import load_context
from effschool.support.school_programme import load_programme_rules, plan_events, set_goals


@pytest.fixture(scope="module")
def path(root):
    return root / "programmes" / "school.yml"


@pytest.fixture(scope="module")
def rules(path):
    return load_programme_rules(path)


def figures(**rows):
    """Indicators by name: own share, whether more is worse, gap, sure, of ВПР."""
    columns = ["own", "more_is_worse", "gap", "is_sure", "is_caveated"]
    return pd.DataFrame([(name, *row) for name, row in rows.items()], columns=["indicator", *columns])


def ends(*rows):
    return pd.DataFrame(rows, columns=["indicator", "end", "title"])


def test_goal_is_the_nearest_end_that_is_better_and_the_middle_is_half_way(rules):
    known = figures(oge_math_2=(41.7, True, 3.0, True, False))
    found = set_goals(known, ends(("oge_math_2", 12.4, "группа"), ("oge_math_2", 29.0, "порог")), rules.goals)
    # 41.7 → 29 is nearer than 41.7 → 12; half way is 41.7 − 12.7/2 = 35.35
    assert found[["goal", "halfway", "reason"]].to_numpy().tolist() == [[29.0, 35.0, "порог"]]


def test_end_that_is_reached_already_is_no_goal(rules):
    known = figures(oge_math_2=(12.3, True, 0.4, False, False), oge_math_5=(9.0, False, 0.2, False, False))
    found = set_goals(known, ends(("oge_math_2", 12.0, "группа"), ("oge_math_5", 14.0, "группа")), rules.goals)
    assert found["indicator"].tolist() == ["oge_math_5"]
    assert found["halfway"].tolist() == [12.0]  # 9 + 5/2 = 11.5, to whole per cents


def test_gaps_beyond_chance_push_out_those_that_only_look_like_one(rules):
    known = figures(
        a=(40.0, True, 2.5, True, False), b=(30.0, True, 1.5, False, False), c=(5.0, True, -1.0, False, False)
    )
    assert set_goals(known, ends(*((name, 3.0, "г") for name in "abc")), rules.goals)["indicator"].tolist() == ["a"]


def test_exams_come_before_the_tests_and_the_greater_gap_first(rules):
    known = figures(
        vpr=(40.0, True, 9.0, True, True), oge=(40.0, True, 2.0, True, False), ege=(40.0, True, 3.0, True, False)
    )
    found = set_goals(known, ends(*((name, 3.0, "г") for name in ("vpr", "oge", "ege"))), rules.goals)
    assert found["indicator"].tolist() == ["ege", "oge", "vpr"]


def test_no_more_goals_than_the_rules_allow(rules):
    names = [f"i{number}" for number in range(9)]
    known = figures(**dict.fromkeys(names, (40.0, True, 2.0, True, False)))
    assert len(set_goals(known, ends(*((name, 3.0, "г") for name in names)), rules.goals)) == rules.goals.most


def test_school_that_has_a_partner_is_not_told_to_find_one(rules):
    alone = plan_events(rules, [], set(), 2023)["event"]
    paired = plan_events(rules, [], {"куратор", "партнёр", "договор"}, 2023)["event"]
    for words in ("Подбор школы-партнёра", "Закрепление куратора", "Соглашение"):
        assert alone.str.contains(words).sum() == 1, words
        assert not paired.str.contains(words).any(), words
    assert paired.str.contains("Стажировка").any()
    assert not alone.str.contains("Стажировка").any()


def test_measures_of_a_topic_come_with_its_comments(rules):
    assert not plan_events(rules, ["профилактика"], set(), 2023)["event"].str.contains("Математика").any()
    assert plan_events(rules, ["математика, ЕГЭ"], set(), 2023)["event"].str.contains("Математика").sum() == 1


def test_calendar_is_of_the_school_year_after_the_report_and_numbered(rules):
    events = plan_events(rules, [], set(), 2023)
    assert events["number"].tolist() == [str(number) for number in range(1, len(events) + 1)]
    assert events["term"].str.extractall(r"(\d{4})")[0].isin(["2023", "2024"]).all()
    assert events["term"].str.contains("2024").any()


def test_every_topic_of_a_measure_is_one_of_the_comments(rules, root):
    comments = yaml.safe_load((root / "comments" / "schools.yml").read_text(encoding="utf-8"))
    known = {pattern["topic"] for pattern in comments["patterns"]}
    assert {topic for measure in rules.measures for topic in measure.topics} <= known


def test_causes_are_the_factors_that_schools_are_asked_about(rules, root):
    questions = load_context(root / "forms" / "context.yml")
    assert [cause.id for cause in rules.causes] == [factor.id for factor in questions.factors]
    known = {item.id for item in (*questions.measures, *questions.choices)}
    assert {name for cause in rules.causes for name in cause.measures} <= known


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("lacks: куратор", "lacks: тьютор", "тьютор"),
        ("halfway: 0.5", "halfway: 1.5", "halfway"),
        ("{id: causes,", "{id: entry,", "такой id уже есть"),
        ("stage: промежуточный", "stage: итоговый", "ожидались этапы по порядку"),
    ],
)
def test_wrong_rules_are_refused_with_their_place(path, tmp_path, old, new, told):
    text = path.read_text(encoding="utf-8")
    assert old in text
    copy = tmp_path / "school.yml"
    copy.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        load_programme_rules(copy)
