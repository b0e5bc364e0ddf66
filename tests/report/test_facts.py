import numpy as np
import pytest

from effschool.base.russian import NBSP
from effschool.report.facts import Said, count, join, list_facts, number, percent, say, words


def test_sentence_keeps_its_figures():
    said = say("{low} из {all} школ: {share}", low=number(2), all=number(5), share=percent(40.04))
    assert said == f"2 из 5 школ: 40,0{NBSP}%"
    assert [(name, fact.value, fact.shown) for name, fact in said.facts] == [
        ("low", 2, "2"),
        ("all", 5, "5"),
        ("share", 40.04, f"40,0{NBSP}%"),
    ]


def test_names_with_dots_are_names():
    said = say("{a.region}", **{"a.region": number(np.float64(1.25), 1)})
    assert said == "1,3"
    assert type(said.facts[0][1].value) is float


def test_names_from_files_are_no_templates():
    assert say("{name}", name=words("{0.__class__}")) == "{0.__class__}"


def test_figure_that_is_not_given_is_refused():
    with pytest.raises(KeyError):
        say("{a}", b=number(1))


def test_joined_texts_keep_all_figures():
    joined = join([say("{a}.", a=number(1)), "", "Слово.", say("{b}", b=count(2, "школа", "школы", "школ"))])
    assert joined == f"1. Слово. 2{NBSP}школы"
    assert [name for name, _ in joined.facts] == ["a", "b"]


def test_missing_is_none_and_says_so():
    assert number(float("nan")).value is None
    assert "нет данных" in number(None).shown
    assert list_facts("просто текст") == ()
    assert isinstance(say("текст"), Said)
