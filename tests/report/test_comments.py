import re

import hypothesis.strategies as st
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given, settings

from effschool.base.configuration import ConfigurationError
from effschool.base.russian import NBSP
from effschool.report.comments import (
    MEASURES,
    SCHOOL_READERS,
    SIGNS,
    SignCondition,
    choose_patterns,
    fill_template,
    load_comments,
    say_because,
    write_comments,
)
from effschool.report.portfolio import open_region
from effschool.report.school_features import gather_features, name_titles

RULES = ROOT / "comments" / "schools.yml"
FLAGS = [name for name, kind in SIGNS.items() if kind == "flag"]
FLAGGED = ["results_listed", "social_listed", "fioko"]


@pytest.fixture(scope="module")
def rules():
    return load_comments(RULES)


@pytest.fixture(scope="module")
def titles(methodology):
    return name_titles(methodology)


@pytest.fixture(scope="module")
def signs(demo):
    region = open_region(demo, 2023)
    return gather_features(region, region.region_schools)


def fulfil(condition):
    """A figure that fulfils a condition."""
    if condition.among:
        return condition.among[0]
    if condition.flag is not None:
        return condition.flag
    if condition.known:
        return "задание 3 в 5 классе («дроби»)"
    beyond = {"over": 0.5, "at_least": 0, "under": -0.5, "at_most": 0}
    test = next(name for name in beyond if getattr(condition, name) is not None)
    return getattr(condition, test) + beyond[test]


def imagine(rules, *patterns, **other):
    """A school that fulfils the given patterns, and of which nothing else is known."""
    row = (
        dict.fromkeys(FLAGS, False)
        | {"results_low": None}
        | {name: float("nan") for name in SIGNS if name not in FLAGS}
    )
    for name in (*rules.indicators, *rules.conditions):
        row |= {f"{name}.{measure}".rstrip("."): float("nan") for measure in MEASURES}
        row |= {
            f"{name}.participants": 100,
            f"{name}.region": 10.0,
            f"{name}.group": 10.0,
            name: 20.0,
            f"{name}.pupils": 20,
        }
        row |= {f"{name}.before": 15.0, f"{name}.change": 5.0}
    for pattern in patterns:
        row |= {condition.sign: fulfil(condition) for condition in pattern.when}
    return pd.DataFrame([row | other], index=pd.Index(["01"], name="school_id")).astype(object)


def pick(rules, name):
    return next(pattern for pattern in rules.patterns if pattern.id == name)


def refuse(tmp_path, old, new):
    text = RULES.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "c.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_comments(path)
    return str(caught.value)


def test_rule_base_is_large_and_speaks_to_everyone(rules):
    assert len(rules.patterns) >= 40
    for reader in SCHOOL_READERS:
        assert sum(reader in pattern.comments for pattern in rules.patterns) >= 40


def test_indicators_of_the_rules_are_those_of_the_methodology(rules, methodology):
    assert set(rules.indicators) <= set(methodology.indicators)


def test_every_rule_fires_somewhere(rules, titles):
    for pattern in rules.patterns:
        school = imagine(rules, pattern)
        told = write_comments(school, rules.model_copy(update={"patterns": (pattern,)}), titles)
        assert set(told["reader"]) == set(pattern.comments), pattern.id
        for row in told.itertuples():
            assert row.because, pattern.id
            assert not re.search(r"[{}]|nan|нет данных", f"{row.text} {row.because}"), (
                pattern.id,
                row.text,
                row.because,
            )


def test_no_rule_is_hidden_by_the_earlier_ones(rules):
    schools = pd.concat([imagine(rules, pattern) for pattern in rules.patterns])
    schools.index = pd.Index([pattern.id for pattern in rules.patterns], name="school_id")
    chosen = choose_patterns(schools, rules)
    assert not [name for name, patterns in chosen.items() if name not in {pattern.id for pattern in patterns}]


@settings(max_examples=20)
@given(st.data())
def test_comments_never_contradict_and_are_at_most_two(rules, titles, data):
    patterns = data.draw(st.lists(st.sampled_from(rules.patterns), min_size=1, max_size=12))
    school = imagine(rules, *patterns)
    chosen = choose_patterns(school, rules)["01"]
    assert len({pattern.topic for pattern in chosen}) == len(chosen)
    answers = {}
    for pattern in chosen:
        for question, answer in pattern.claims.items():
            assert answers.setdefault(question, answer) == answer
    told = write_comments(school, rules, titles)
    assert told.groupby("reader").size().max() <= 2 if len(told) else not chosen
    assert not told.duplicated(["reader", "topic"]).any()


def test_first_of_a_topic_wins_and_claims_exclude(rules):
    early, low = pick(rules, "math_early_gap"), pick(rules, "math_tests_low")
    assert choose_patterns(imagine(rules, low, early), rules)["01"] == [early]
    firm, few = pick(rules, "low_results_firm"), pick(rules, "few_pupils_listed")
    chosen = choose_patterns(imagine(rules, few, firm), rules)["01"]
    assert firm in chosen
    assert few not in chosen


@pytest.mark.parametrize("flag", FLAGGED)
@pytest.mark.parametrize("verdict", ["устойчиво", "погранично", "зависит от метода", None])
def test_flagged_school_gets_advice_for_each_reader(rules, titles, flag, verdict):
    status = {"results_listed": "ШНРО"}.get(flag)
    stays = 50.0 if verdict else float("nan")
    other = {"results_status": status, "results_verdict": verdict, "fioko_verdict": verdict}
    school = imagine(rules, **{flag: True}, **other, results_stays=stays, fioko_stays=stays)
    assert set(write_comments(school, rules, titles)["reader"]) == {*SCHOOL_READERS, "ОМСУ"}


def test_flagged_schools_of_the_region_get_advice_for_each_reader(rules, titles, signs):
    told = write_comments(signs, rules, titles).groupby("school_id")["reader"].agg(set)
    flagged = signs.index[signs[FLAGGED].astype(bool).any(axis=1)]
    assert len(flagged) > 5
    assert all(told[code] >= set(SCHOOL_READERS) for code in flagged)


def test_share_of_few_participants_is_no_ground(rules):
    pattern = pick(rules, "math_tests_low")
    few = {"vpr_math_2.participants": rules.fewest - 1}
    assert choose_patterns(imagine(rules, pattern), rules)["01"] == [pattern]
    assert choose_patterns(imagine(rules, pattern, **few), rules)["01"] == []


def test_missing_figure_fulfils_nothing(rules):
    school = imagine(rules)
    for test in ({"over": -9}, {"under": 9}, {"at_least": -9}, {"at_most": 9}):
        assert not SignCondition(sign="oge_math_2.moved", **test).holds(school, 1).any()
    assert not SignCondition(sign="results_low", flag=False).holds(imagine(rules, results_low=None), 1).any()
    assert not SignCondition(sign="unknown", over=1).holds(school, 1).any()


def test_figures_stand_in_the_form_their_number_asks_for(rules, titles):
    row = imagine(rules, **{"oge_math_2.pupils": 21, "oge_math_2": 31.44, "oge_math_2.change": -2.04}).loc["01"]
    text = fill_template("{oge_math_2.pupils:ученик,ученика,учеников} — {oge_math_2}, на {oge_math_2.change:abs}", row)
    assert text == f"21{NBSP}ученик — 31,4{NBSP}%, на 2,0"
    assert [name for name, _ in text.facts] == ["oge_math_2.pupils", "oge_math_2", "oge_math_2.change"]
    because = say_because(pick(rules, "math_exam_low"), row, rules, titles)
    assert because == f"ОГЭ, математика: «2»{NBSP}— 31,4{NBSP}% (по группе 10,0{NBSP}%, 100{NBSP}участников)"
    assert [fact.value for _, fact in because.facts] == [31.44, 10.0, 100]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "{sign: oge_no_certificate.beside, over: 1.96}",
            "{sign: oge_no_certificat.beside, over: 1.96}",
            "не объявлен",
        ),
        ("{oge_no_certificate.pupils:выпускник,выпускника,выпускников}", "{oge_rus_2.pupils}", "условия о «oge_rus_2»"),
        ("выпускник,выпускника,выпускников}", "выпускник,выпускника}", "три формы слова"),
        ("over: 1.96}", "over: 1.96, under: 3}", "одно сравнение"),
        ("  - id: low_results_firm", "  - id: both_lists_firm", "повторяется"),
        ("most: 2", "most: 9", "most"),
        ("  fioko: ", "  fiok: ", "не"),
        ("      методист: {text", "      методисты: {text", "методисты"),
        (", zone: мониторинг,", ", zone: мониторинк,", "«мониторинк» не объявлена"),
        (", zone: мониторинг,", ",", "не объявлена в zones"),
    ],
)
def test_wrong_rule_is_refused_with_its_line(tmp_path, old, new, said):
    message = refuse(tmp_path, old, new)
    assert "Файл комментариев «c.yml» не принят" in message
    assert "строка" in message
    assert said in message


def test_every_zone_of_change_is_that_of_some_comment(rules):
    used = {comment.zone for pattern in rules.patterns for comment in pattern.comments.values()}
    assert used == set(rules.zones)


def test_texts_follow_the_rules_of_the_house(rules):
    texts = [comment.text for pattern in rules.patterns for comment in pattern.comments.values()]
    assert len(texts) == len(set(texts))
    for pattern in rules.patterns:
        for reader, comment in pattern.comments.items():
            assert comment.text[-1] == "." or comment.text[-1] == "?" or reader == "ОМСУ", comment.text
            assert not re.search(r"METHODOLOGY|\s[-–]\s|\"|\d\.\d+ ?%", comment.text + comment.source)


@pytest.mark.parametrize("unsure", ["low_results_unsure", "risk_group_unsure"])
def test_sure_list_is_helped_before_an_unsure_one_is_visited(rules, unsure):
    assert choose_patterns(imagine(rules, pick(rules, unsure)), rules)["01"][0].id == unsure
    wanted = [pick(rules, name) for name in (unsure, "fioko_firm")]
    assert choose_patterns(imagine(rules, *wanted), rules)["01"][0].id == "fioko_firm"
    assert choose_patterns(imagine(rules, *wanted, in_project=True), rules)["01"][0].id == "fioko_in_project"


@pytest.mark.parametrize(("pupils", "is_told"), [(4, False), (5, True)])
def test_few_families_are_not_counted_in_a_sentence(rules, pupils, is_told):
    pattern = pick(rules, "guardianship")
    assert any("guardianship.pupils" in comment.text for comment in pattern.comments.values())
    signs = imagine(rules, pattern, **{"guardianship.pupils": pupils})
    assert (pattern in choose_patterns(signs, rules)["01"]) == is_told


def test_few_families_are_no_ground_of_an_advice(rules):
    """Whether or not its text counts them: the ground names the share and those whom it is of."""
    of_conditions = [
        (pattern, condition.base)
        for pattern in rules.patterns
        for condition in pattern.when
        if condition.base in rules.conditions
    ]
    assert len(of_conditions) >= 8
    for pattern, base in of_conditions:
        for pupils in (4, 5):
            signs = imagine(
                rules, pattern, **{f"{item}.pupils": 5 for item in rules.conditions} | {f"{base}.pupils": pupils}
            )
            assert (pattern in choose_patterns(signs, rules)["01"]) == (pupils == 5), pattern.id


def test_largest_gap_of_results_comes_right_after_the_list_and_before_conditions():
    rules = load_comments(RULES)
    wanted = [pick(rules, name) for name in ("low_results_firm", "rus_tests_low", "math_exam_low", "poor_families")]
    scores = {"vpr_rus_2.worse_by": 2.1, "oge_math_2.worse_by": 5.0, "free_lunch.worse_by": 9.0}
    signs = imagine(rules, *wanted, **scores)
    chosen = [pattern.id for pattern in choose_patterns(signs, rules)["01"]]
    order = [name for name in chosen if name in {pattern.id for pattern in wanted}]
    assert order == ["low_results_firm", "math_exam_low", "rus_tests_low", "poor_families"]
