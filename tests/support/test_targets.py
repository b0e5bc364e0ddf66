"""Plan against fact: every way of counting by hand, states, and what the institute's table says."""

import pandas as pd
import pytest
from builders import result, table, tables

from effschool.base.russian import NO_DATA
from effschool.support.programmes import Programme
from effschool.support.roadmap import judge_events
from effschool.support.targets import (
    AT_RISK,
    COUNTED,
    MET,
    MISSED,
    REPORTED,
    FactBasis,
    compare_targets,
    find_unused_facts,
    judge_facts,
    standardise_school_means,
)

SOURCE = {"source_file": "факты.xlsx", "source_sheet": "", "source_row": 7}
PLACES = {"1": "А", "2": "А", "3": "Б", "4": "Б"}
RUS, MATH = "русский язык", "математика"


def path(school_id, year, status=None, **other):
    row = {"school_id": school_id, "year": year, "municipality": PLACES[school_id], "group": "средние"}
    return row | {"results_status": status, "social_status": None, "fioko_shnor": False} | other


def build_paths(*rows):
    texts = dict.fromkeys(["group", "results_status", "social_status", "municipality"], "str")
    return pd.DataFrame(rows).astype({**texts, "fioko_shnor": "boolean"})


ALL = [path(name, year, "ШНРО" if name in "13" else None) for name in PLACES for year in (2021, 2022)]


def programme(**target):
    row = {
        "id": "one",
        "title": "Доля",
        "unit": "%",
        "goal": "at_least",
        "plan": {2022: 50},
        "source": "пункт",
    } | target
    return Programme(id="p", title="Программа", source="документ", at_risk=5, targets=(row,))


def compare(target, paths=ALL, events=None, **rows):
    contract = tables(**rows)
    judged = judge_events(contract["roadmap"] if events is None else events, pd.Timestamp("2022-06-17").date(), 30)
    found = compare_targets([programme(**target)], FactBasis(build_paths(*paths), contract, judged))
    return found.set_index([found["municipality"].fillna("регион"), "year"])


def marks(school_id, year, counts, subject=RUS, **other):
    return result(school_id, year, counts, subject=subject, **other)


def test_share_on_a_list_is_of_all_schools_and_by_place():
    found = compare({"count": {"by": "list", "lists": ["ШНРО"]}, "goal": "at_most", "plan": 20})
    assert found.loc[("регион", 2022), "fact"] == 50
    assert found.loc[("А", 2022), ["part", "whole", "fact"]].tolist() == [1, 2, 50]
    assert set(found["origin"]) == {COUNTED}


def test_shares_of_the_district_of_lazo_are_those_of_the_document():
    flags = [(2021, place < 8) for place in range(29)] + [(2022, place < 10) for place in range(29)]
    rows = [path("1", year, fioko_shnor=flag) | {"school_id": f"{n}"} for n, (year, flag) in enumerate(flags)]
    found = compare({"count": {"by": "list", "lists": ["ШНОР"]}, "goal": "at_most", "plan": 20}, rows)
    assert found.loc["регион", "fact"].round(1).tolist() == [27.6, 34.5]
    assert set(found["state"]) == {MISSED}


def test_year_without_lists_has_no_share():
    rows = [path(name, 2021, fioko_shnor=None) for name in PLACES] + [row for row in ALL if row["year"] == 2022]
    found = compare({"count": {"by": "list", "lists": ["ШНРО"]}, "plan": 20}, rows)
    assert found.loc[("регион", 2021), "state"] == NO_DATA
    assert found.loc[("регион", 2022), "fact"] == 50


@pytest.mark.parametrize(("lists", "known"), [(["ШНРО"], [2022]), (["ШНОР"], [2021, 2022]), (["ШНРО", "ШНОР"], [2022])])
def test_year_of_the_federal_list_alone_has_a_share_of_it_alone(lists, known):
    rows = [path(name, 2021, fioko_shnor=True) for name in PLACES] + [row for row in ALL if row["year"] == 2022]
    found = compare({"count": {"by": "list", "lists": lists}, "plan": 20}, rows).loc["регион", "fact"]
    assert found.dropna().index.tolist() == known


def test_pupils_who_coped_are_counted_by_grade():
    rows = [
        marks("1", 2022, (2, 4, 3, 1), procedure="ВПР", grade=5),
        marks("3", 2022, (0, 5, 5, 0), procedure="ВПР", grade=6),
    ]
    rows += [marks("1", 2022, (9, 1, 0, 0), procedure="ОГЭ")]
    count = {"by": "marks", "procedure": ["ВПР"], "marks": ["mark_3", "mark_4", "mark_5"], "each_grade": [5, 6, 7]}
    found = compare({"count": count}, results=rows)
    region = found.loc["регион"].set_index("title")["fact"]
    assert region["Доля, 5 класс"] == 80
    assert region["Доля, 6 класс"] == 100
    assert pd.isna(region["Доля, 7 класс"])
    assert found.loc["Б"].set_index("title")["fact"].isna().tolist() == [True, False, True]


def test_change_is_that_of_the_same_listed_schools():
    before = [marks("1", 2021, (5, 3, 1, 1)), marks("2", 2021, (0, 0, 0, 10)), marks("3", 2021, (5, 5, 0, 0))]
    after = [marks("1", 2022, (4, 3, 2, 1)), marks("2", 2022, (10, 0, 0, 0)), marks("4", 2022, (0, 0, 0, 9))]
    count = {"by": "marks", "procedure": ["ОГЭ"], "marks": ["mark_4", "mark_5"], "lists": ["ШНРО"], "change": True}
    found = compare({"count": count, "plan": 1}, results=before + after)
    assert found.loc[("регион", 2022), "fact"] == pytest.approx(10)
    assert found.loc[("А", 2022), "fact"] == pytest.approx(10)
    assert found.loc[("Б", 2022), "state"] == NO_DATA
    assert found.loc[("регион", 2021), "state"] == NO_DATA


DYNAMICS = {"by": "dynamics", "procedure": "ОГЭ", "subjects": [RUS, MATH], "failed": "mark_2", "lists": ["ШНРО"]}


def test_positive_dynamics_is_standardised_and_asks_for_both_subjects():
    """School 1 keeps its mark while the region falls: it rose against the region. School 3 fell in mathematics."""
    rows = []
    for subject in (RUS, MATH):
        rows += [marks("1", 2021, (0, 10, 0, 0), subject), marks("1", 2022, (0, 10, 0, 0), subject)]
        rows += [marks("2", 2021, (0, 0, 0, 10), subject), marks("2", 2022, (0, 0, 10, 0), subject)]
        rows += [marks("4", 2021, (0, 0, 0, 10), subject), marks("4", 2022, (0, 10, 0, 0), subject)]
        falls = (5, 5, 0, 0) if subject == MATH else (0, 4, 6, 0)
        rows += [marks("3", 2021, (0, 10, 0, 0), subject), marks("3", 2022, falls, subject)]
    found = compare({"count": DYNAMICS}, results=rows)
    assert found.loc[("регион", 2022), ["part", "whole"]].tolist() == [1, 2]
    assert found.loc[("А", 2022), "fact"] == 100
    assert found.loc[("Б", 2022), "fact"] == 0
    assert compare({"count": DYNAMICS | {"require": "any"}}, results=rows).loc[("Б", 2022), "fact"] == 100
    assert compare({"count": DYNAMICS | {"mean": "raw"}}, results=rows).loc[("А", 2022), "fact"] == 0


def test_dynamics_needs_that_no_more_fail():
    rows = [marks("2", year, (0, 5, 5, 0), subject) for year in (2021, 2022) for subject in (RUS, MATH)]
    rows += [marks("1", 2021, (0, 10, 0, 0), subject) for subject in (RUS, MATH)]
    good = [marks("1", 2022, (0, 5, 3, 2), subject) for subject in (RUS, MATH)]
    bad = [marks("1", 2022, (1, 2, 2, 5), subject) for subject in (RUS, MATH)]
    assert compare({"count": DYNAMICS}, results=rows + good).loc[("А", 2022), "fact"] == 100
    assert compare({"count": DYNAMICS}, results=rows + bad).loc[("А", 2022), "fact"] == 0


def test_school_without_a_year_or_a_subject_does_not_count():
    rows = [marks("1", 2022, (0, 0, 0, 9), subject) for subject in (RUS, MATH)]
    rows += [marks("3", year, (0, 0, 0, 9), RUS) for year in (2021, 2022)]
    assert compare({"count": DYNAMICS}, results=rows).loc["регион", "state"].tolist() == [NO_DATA]


def test_lists_are_those_of_the_year_before():
    paths = [path("1", 2021, "ШНРО"), path("1", 2022), path("2", 2021), path("2", 2022, "ШНРО")]
    rows = [
        marks(name, year, (0, 9 - place, place, 0), subject)
        for subject in (RUS, MATH)
        for year in (2021, 2022)
        for name, place in (("1", 1 + 5 * (year == 2022)), ("2", 5))
    ]
    assert compare({"count": DYNAMICS}, paths, results=rows).loc[("А", 2022), "fact"] == 100
    assert compare({"count": DYNAMICS | {"lists_of": "same"}}, paths, results=rows).loc[("А", 2022), "fact"] == 0


def test_means_are_standardised_by_participants():
    sums = pd.DataFrame({"year": 2022, "subject": RUS, "mean": [3.0, 5.0], "participants": [30.0, 10.0]})
    assert standardise_school_means(sums).tolist() == pytest.approx([-0.5 / 0.75**0.5, 1.5 / 0.75**0.5])
    assert standardise_school_means(sums.assign(mean=4.0)).isna().all()


def test_marked_schools_are_counted_in_years_that_a_list_came_for():
    marked = [{"year": 2022, "school_id": "1", "subject": RUS, "grade": 4, "marked": 1} | SOURCE]
    found = compare({"count": {"by": "marked"}, "goal": "at_most", "plan": 0}, marked=marked)
    assert found.loc[("А", 2022), ["fact", "state"]].tolist() == [50, MISSED]
    assert found.loc[("Б", 2022), ["fact", "state"]].tolist() == [0, MET]
    assert found.loc[("регион", 2021), "state"] == NO_DATA


def event(number, municipality, state=None, name="Программа"):
    row = dict.fromkeys(["year", "responsible", "expected", "done", "as_of"]) | {"programme": name, "number": number}
    return row | {"municipality": municipality, "term": "до 1 июня 2022 г.", "event": "э", "state": state} | SOURCE


def test_events_of_the_region_are_its_own_plan():
    rows = [event("1", "А", "выполнено"), event("2", "А"), event("1", "Б"), event("9", "А", name="Другая")]
    count = {"count": {"by": "roadmap"}, "plan": 75}
    found = compare(count, roadmap=rows)
    assert found.loc[("А", 2022), "fact"] == 50
    assert found.loc[("регион", 2022), "fact"] == pytest.approx(100 / 3)
    assert compare(count, roadmap=[*rows, event("5", None, "выполнено")]).loc[("регион", 2022), "fact"] == 100


def fact(value, target="Доля", year=2022, municipality=None, name="программа"):
    return {"programme": name, "target": target, "year": year, "municipality": municipality, "value": value} | SOURCE


def test_table_of_the_institute_is_taken_where_nothing_is_counted():
    rows = [fact(47.5), fact(80.0, "one", municipality="А"), fact(None, municipality="Б")]
    found = compare({}, targets_fact=rows).loc[(slice(None), 2022), :].droplevel("year")
    assert found["fact"].fillna(-1).to_dict() == {"регион": 47.5, "А": 80, "Б": -1}
    assert found["state"].to_dict() == {"регион": AT_RISK, "А": MET, "Б": NO_DATA}
    assert found["origin"].to_dict() == {"регион": REPORTED, "А": REPORTED, "Б": NO_DATA}


def test_absent_table_is_no_data_and_never_zero():
    found = compare({})
    assert found["fact"].isna().all()
    assert set(found["state"]) == {NO_DATA}
    assert len(found) == 3


@pytest.mark.parametrize(
    ("goal", "plan", "facts", "states"),
    [
        ("at_least", 75, [75, 74.9, 70, 69.9], [MET, AT_RISK, AT_RISK, MISSED]),
        ("at_most", 20, [20, 20.1, 25, 25.1], [MET, AT_RISK, AT_RISK, MISSED]),
        ("more_than", 0, [0.1, 0, -5, -5.1], [MET, AT_RISK, AT_RISK, MISSED]),
        ("at_least", 0, [float("nan"), 0], [NO_DATA, MET]),
    ],
)
def test_state_at_the_borders(goal, plan, facts, states):
    assert judge_facts(pd.Series(facts, dtype="float64"), pd.Series([plan] * len(facts)), goal, 5).tolist() == states


def test_row_that_no_target_takes_is_told():
    rows = [
        fact(1.0, "Нет такого"),
        fact(2.0, municipality="Района нет"),
        fact(3.0),
        fact(4.0, "one"),
        fact(5.0, year=2021),
        fact(6.0, year=2021, municipality="А"),
    ]
    facts = table("targets_fact", rows)
    told = find_unused_facts(facts, [programme()], FactBasis(build_paths(*ALL), tables(), pd.DataFrame()))
    assert [text.partition("потому что ")[2] for text in told] == [
        "показателя «Нет такого» программы «программа» нет в файлах целей.",
        "муниципалитета «Района нет» нет в реестре школ.",
        "за этот год и это место он дан дважды.",
        "за этот год и это место он дан дважды.",
        "у программы нет плана на этот год или это место в ней не участвует.",
        "у программы нет плана на этот год или это место в ней не участвует.",
    ]
    assert told[0].startswith("Файл «факты.xlsx», строка 7: факт не учтён")
    assert compare({}, targets_fact=rows).loc[("регион", 2022), "state"] == NO_DATA


def test_target_of_the_region_alone_has_no_rows_of_municipalities():
    assert compare({"places": ["region"]})["municipality"].isna().all()
