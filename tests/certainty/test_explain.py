from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import change_rules, drop_gaps, region, result, school, tables
from test_counterfactuals import change_count, freeze_means

from effschool.certainty.counterfactuals import Change
from effschool.certainty.explain import (
    choose_school,
    choose_year,
    explain_decision,
    explain_index,
)
from effschool.certainty.explain.fioko_ways import Procedure, name_low_procedures, raise_low, turn_fioko
from effschool.certainty.explain.ways import Way
from effschool.certainty.explain.words import say_decision
from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools
from effschool.method.methodology import WindowCondition, WindowRule, load_methodology

YEARS = (2018, 2019, 2020)


@pytest.fixture(scope="module")
def contract(demo_processed):
    return freeze_means(read_contract(demo_processed))


@pytest.fixture(scope="module")
def identified(contract, methodology):
    return identify_schools(contract, methodology)


@pytest.fixture(scope="module")
def decisions(identified, contract, methodology):
    return explain_decision(identified, contract, methodology, 2023)


@pytest.fixture(scope="module")
def geometric(methodology):
    rules = methodology.domains["results"].aggregation.model_copy(update={"kind": "geometric"})
    return change_rules(methodology, "results", aggregation=rules)


def plain(text):
    return text.replace("\N{NO-BREAK SPACE}", " ")


# Parts of the index


@pytest.mark.parametrize("kind", ["arithmetic", "geometric"])
def test_contributions_sum_to_the_index_and_distances_to_the_distance(contract, methodology, geometric, kind):
    rules = methodology if kind == "arithmetic" else geometric
    identified = identify_schools(contract, rules)
    parts = explain_index(identified, rules, 2023)
    sums = parts.groupby(["school_id", "domain"])[["contribution", "distance", "weight"]].sum(min_count=1)
    indices = identified.indices.query("year == 2023").set_index(["school_id", "domain"])
    results = indices.index.get_level_values("domain") == "results"
    values = indices["index"].mask(results & (kind == "geometric"), np.log(indices["index"]))
    assert len(sums) == len(indices) > 20
    np.testing.assert_allclose(sums["contribution"], values.loc[sums.index], atol=1e-12)
    np.testing.assert_allclose(sums["weight"].dropna(), 1)
    marginal = parts.groupby(["school_id", "domain"])["marginal_id"].first().rename("other").reset_index()
    of_marginal = [values.get((row.other, row.domain), np.nan) for row in marginal.itertuples()]
    np.testing.assert_allclose(sums["distance"], values.loc[sums.index] - of_marginal, atol=1e-12)


def test_parts_of_four_schools_by_hand(methodology):
    (rules,) = [item for item in methodology.domains["results"].indicators if item.id == "oge_math_2"]
    fives = next(item for item in methodology.domains["results"].indicators if item.id == "oge_math_5")
    few = change_rules(methodology, "results", indicators=(rules, fives))
    marks = {"01": (5, 4, 1, 0), "02": (4, 4, 1, 1), "03": (2, 6, 2, 0), "04": (0, 5, 0, 5)}
    rows = [result(name, marks=each, subject="математика") for name, each in marks.items()]
    identified = identify_schools(tables(schools=[school(name) for name in marks], results=rows), few)
    parts = explain_index(identified, few, 2020).set_index(["school_id", "indicator"])
    assert parts["contribution"].unstack().to_dict("index")["02"] == pytest.approx(
        {"oge_math_2": 0.1, "oge_math_5": 0.1}
    )
    assert set(parts["marginal_id"]) == {"01"}
    assert parts.loc[("04", "oge_math_2"), "distance"] == pytest.approx(0.5)
    assert parts.loc["01", "distance"].abs().sum() == 0
    assert parts.loc["04", ["rank", "ranked_schools"]].to_numpy().tolist() == [[4, 4], [4, 4]]


def test_indicator_of_the_marginal_school_alone_counts_in_the_distance(methodology):
    rules = drop_gaps(methodology)
    rows = [result(f"{place:02}", marks=(8 - place, 4, 4, place)) for place in range(1, 9)]
    rows += [result(name, marks=(place, 5, 5, 5), subject="математика") for place, name in ((9, "02"), (1, "08"))]
    schools = [school(f"{place:02}") for place in range(1, 9)]
    low = change_rules(rules, "results", min_coverage=0.1)
    parts = explain_index(identify_schools(tables(schools=schools, results=rows), low), low, 2020)
    (marginal,) = set(parts["marginal_id"])
    foreign = parts[(parts["school_id"] == "07") & parts["raw"].isna()]
    assert marginal == "02"
    assert "oge_math_2" in set(foreign["indicator"])


def sum_distances(parts, domain="results"):
    return parts[parts["domain"] == domain].groupby("school_id")["distance"].sum(min_count=1)


def test_school_nearest_to_the_cut_is_shown_unless_another_is_asked_for(identified, methodology):
    parts = explain_index(identified, methodology, 2023)
    distances = sum_distances(parts)
    assert distances[choose_school(parts)] == distances[distances > 0].min()
    other = parts["school_id"].iloc[-1]
    assert choose_school(parts, other) == other
    assert choose_school(parts.iloc[:0]) is None
    with pytest.raises(ValueError, match=r"explain_school: у школы «нет» нет показателей.*Проверьте код ОО"):
        choose_school(parts, "нет")


def test_code_that_was_read_as_a_number_is_found(identified, methodology):
    parts = explain_index(identified, methodology, 2023).assign(school_id="270001")
    assert choose_school(parts, 270001) == "270001"


# Decisions


def rerun(contract, methodology, changes):
    """Lists of 2023 after all the changes."""
    procedures = {item.id: item for item in methodology.fioko.procedures}
    for change in changes.itertuples():
        item = procedures.get(change.criterion) or methodology.indicators[change.criterion]
        contract = change_count(contract, item, change.change_year, change.school_id, change.after)
    return identify_schools(contract, methodology).lists.query("year == 2023").set_index("school_id")


def is_on(lists, school_id, name, methodology):
    row = lists.loc[school_id]
    if name == "ШНОР":
        return bool(row["fioko_shnor"])
    statuses = {status.status for status in methodology.lists.results}
    social = {status.status for status in methodology.lists.social}
    column = "results_status" if name in statuses else "social_status" if name in social else "joint"
    return row[column] == name


def sample_decisions(decisions, number, seed):
    """A few decisions of every list, in and out, drawn by chance."""
    possible = decisions.rows.dropna(subset="pupils").sample(frac=1, random_state=seed)
    return possible.groupby(["list", "is_member"]).head(number)


def test_suggested_change_changes_the_decision_and_one_pupil_less_does_not(contract, decisions, methodology):
    chosen = sample_decisions(decisions, 1, 3)
    assert len(set(chosen["list"])) >= 8
    assert set(chosen["is_member"]) == {True, False}
    for row in chosen.itertuples():
        own = decisions.changes[
            (decisions.changes["school_id"] == row.school_id) & (decisions.changes["list"] == row.list)
        ]
        assert (own["after"] - own["before"]).abs().sum() == row.pupils
        assert is_on(rerun(contract, methodology, own), row.school_id, row.list, methodology) != row.is_member
        for place in own.index:
            less = own.copy()
            less.loc[place, "after"] -= np.sign(own.loc[place, "after"] - own.loc[place, "before"])
            assert is_on(rerun(contract, methodology, less), row.school_id, row.list, methodology) == row.is_member


def test_no_single_change_of_fewer_pupils_would_do(methodology):
    built = freeze_means(region(YEARS))
    found = explain_decision(identify_schools(built, methodology), built, methodology, 2020).rows
    row = found[(found["school_id"] == "02") & (found["list"] == "ШНРО")].iloc[0]
    assert row["is_member"]
    assert row["pupils"] > 1
    tried = 0
    for name, opposite in {"oge_rus_2": "mark_5", "oge_math_2": "mark_5", "oge_rus_5": "mark_2"}.items():
        item = methodology.indicators[name]
        own = built["results"].query("school_id == '02' and year == 2019 and subject in @item.rows.subject").iloc[0]
        steps = [step for step in range(1 - row["pupils"], row["pupils"]) if step]
        for after in {own[item.count] + step for step in steps}:
            if 0 <= after <= own["participants"] - own[opposite]:
                lists = identify_schools(change_count(built, item, 2019, "02", after), methodology).lists
                assert lists.query("year == 2020 and school_id == '02'")["results_status"].item() == "ШНРО"
                tried += 1
    assert tried


def build_four(methodology, by_year):
    """Four schools, one indicator: failed of ten in ОГЭ mathematics, by year and school."""
    indicators = tuple(item for item in methodology.domains["results"].indicators if item.id == "oge_math_2")
    rules = change_rules(methodology, "results", indicators=indicators)
    rows = [
        result(f"{place:02}", year, (failed, 10 - failed, 0, 0), subject="математика")
        for year, counts in by_year.items()
        for place, failed in enumerate(counts, 1)
    ]
    schools = [school(f"{place:02}", year) for year in by_year for place in range(1, 5)]
    built = tables(schools=schools, results=rows)
    return explain_decision(identify_schools(built, rules), built, rules, 2020)


def find(decisions, school_id, name):
    rows = decisions.rows
    return rows[(rows["school_id"] == school_id) & (rows["list"] == name)].iloc[0]


def test_way_off_and_onto_the_list_by_hand(methodology):
    found = build_four(methodology, {2018: (7, 4, 2, 0), 2019: (5, 4, 2, 0), 2020: (9, 4, 2, 0)})
    leaving = find(found, "01", "ШНРО")
    assert plain(leaving["sentence"]) == (
        "Школа не вошла бы в список «ШНРО» 2020 года, если бы в показателе «ОГЭ, математика: „2“» за 2019 год "
        "было не 5, а 3 из 10 участников."
    )
    entering = find(found, "02", "группа риска")
    assert entering["pupils"] == 1 + 5
    assert plain(entering["sentence"]) == (
        "Школа вошла бы в список «группа риска» 2020 года, если бы в показателе «ОГЭ, математика: „2“» за 2019 год "
        "было не 4, а 5 из 10 участников и в показателе «ОГЭ, математика: „2“» за 2020 год было не 4, а 9 из 10 "
        "участников."
    )
    assert find(found, "02", "ШНРО")["pupils"] == 3 + 1 + 5


def test_only_a_year_that_can_be_moved_decides(methodology):
    """In 2018 the school is not ranked: nothing of that year is changed, and no way needs it."""
    found = build_four(methodology, {2018: (7, 4, 2, 0), 2019: (5, 4, 2, 0), 2020: (9, 4, 2, 0)})
    assert set(found.changes["change_year"]) <= set(YEARS)
    rows = [result(f"{place:02}", year, (place, 9 - place, 1, 0)) for year in YEARS for place in range(1, 7)]
    rows = [row for row in rows if (row["school_id"], row["year"]) != ("06", 2018)]
    built = tables(schools=[school(f"{place:02}", year) for year in YEARS for place in range(1, 7)], results=rows)
    rules = drop_gaps(methodology)
    decided = explain_decision(identify_schools(built, rules), built, rules, 2020)
    row = find(decided, "06", "ШНРО")
    assert not row["is_member"]
    assert pd.isna(row["pupils"])
    assert "не вычисляется" in row["sentence"]
    assert find(decided, "06", "группа риска")["pupils"] > 0


def procedures(*shares, year=2020):
    """Procedures of a year: failed and participants; threshold 30 %."""
    rows = []
    for place, (failed, participants) in enumerate(shares):
        low = -(-30 * participants // 100)
        change = Change(year, f"p{place}", "П", "participants", failed, low - 1 if failed >= low else low, participants)
        rows.append(Procedure(failed >= low, change))
    return rows


@pytest.mark.parametrize(
    ("last", "before", "is_member", "pupils"),
    [
        ([(5, 11), (4, 10)], [], True, [2]),  # 5 of 11 → 3 or 4 of 10 → 2: either leaves one low
        ([(3, 10), (9, 10)], [], True, [1]),
        ([(3, 10)], [(9, 10)], True, [1]),
        ([(9, 10)], [(3, 10), (3, 10)], True, [1, 1]),
        ([(9, 10), (9, 10)], [(3, 10)], True, [1, 7]),
        ([(2, 10), (0, 10)], [], False, [1, 3]),
        ([(2, 10), (0, 10)], [(2, 10)], False, [1, 1]),
        ([(2, 10), (0, 10)], [(9, 10)], False, [1]),
        ([(2, 10)], [], False, None),
    ],
)
def test_fioko_turns_by_the_cheapest_set(methodology, last, before, is_member, pupils):
    way = turn_fioko({2019: procedures(*before, year=2019), 2020: procedures(*last)}, is_member, methodology.fioko)
    assert (sorted(change.pupils for change in way.changes) if way else None) == pupils


def test_fioko_in_the_words_of_the_issue(methodology):
    rows = [result("01", marks=(5, 6, 0, 0), subject="математика"), result("01", marks=(9, 1, 0, 0))]
    rows += [result(name, year, (1, 9, 0, 0)) for name in ("02", "03") for year in YEARS]
    built = tables(schools=[school(name, year) for year in YEARS for name in ("01", "02", "03")], results=rows)
    low = change_rules(methodology, "results", min_coverage=0.0)
    row = find(explain_decision(identify_schools(built, low), built, low, 2020), "01", "ШНОР")
    assert plain(row["sentence"]) == (
        "Школа не вошла бы в список «ШНОР» 2020 года, если бы в показателе «ОГЭ, математика: не справились» "
        "за 2020 год было не 5, а 3 из 11 участников."
    )


def test_low_procedures_of_a_school_are_named_with_their_years_and_those_of_few_children_counted(methodology):
    rows = [
        result("01", 2022, (4, 6, 0, 0)),
        result("01", 2023, (5, 5, 0, 0)),
        result("01", 2023, (2, 2, 0, 0), subject="математика"),
        result("02", 2023, (0, 10, 0, 0)),
    ]
    contract = tables(schools=[school(code, year) for code in ("01", "02") for year in (2022, 2023)], results=rows)
    found = name_low_procedures(identify_schools(contract, methodology), contract, methodology.fioko, 2023)
    assert found == {"01": "ОГЭ, русский язык — 2022 и 2023; ещё 1, где меньше 5 детей"}


def test_too_few_procedures_cannot_be_made_low():
    assert raise_low(procedures((9, 10)), 2) is None
    assert raise_low(procedures((9, 10), (1, 10)), 1) == Way()


def test_sentences_of_what_cannot_be_counted():
    assert "решения нет" in say_decision("ШНОР", 2023, None, None)
    blocked = say_decision("ШНРО", 2023, True, Way(blocked=(2021, 2022)))
    assert "одним показателем этого не изменить" in blocked
    assert "в 2021 и 2022 годах" in blocked
    assert "в 2021 году" in say_decision("ШНРО", 2023, True, Way(blocked=(2021,)))


def test_what_would_have_changed_is_said_unless_it_singles_out_a_pupil():
    way = Way((Change(2022, "a", "А", "participants", 5, 3, 11),))
    assert "Школа вошла бы в список «стабильно высокие»" in say_decision("стабильно высокие", 2023, False, way)
    assert "Школа не вошла бы в список «ШНРО»" in say_decision("ШНРО", 2023, True, way)
    alone = Way((Change(2022, "a", "А", "participants", 1, 0, 7),))
    assert "числа здесь не называются" in say_decision("ШНРО", 2023, True, alone)


def test_rules_of_a_domain_that_mix_bands_and_means_are_not_guessed(contract, methodology):
    rule = WindowRule(title="среднее", any_of=(WindowCondition(mean=True),))
    rules = {**methodology.lists.window_rules, "all3": rule}
    lists = methodology.lists.model_copy(update={"window_rules": rules})
    changed = methodology.model_copy(update={"lists": lists})
    found = explain_decision(identify_schools(contract, changed), contract, changed, 2023)
    assert found.rows.query("list in ['ШНРО', 'группа риска', 'стабильно высокие']")["pupils"].isna().all()
    assert found.rows.query("list == 'ШНСУ'")["pupils"].notna().any()


def test_every_list_and_school_has_one_sentence(decisions, identified, methodology):
    schools = identified.lists.query("year == 2023")["school_id"]
    names = [*methodology.lists.results, *methodology.lists.social, *methodology.lists.joint]
    assert len(decisions.rows) == len(schools) * (len({item.status for item in names}) + 1)
    assert not decisions.rows.duplicated(["school_id", "list"]).any()
    assert decisions.rows["sentence"].str.endswith(".").all()
    joined = decisions.rows.merge(identified.lists.query("year == 2023"), on=["year", "school_id"])
    shnro = joined[joined["list"] == "ШНРО"]
    assert (shnro["is_member"] == (shnro["results_status"] == "ШНРО")).all()


def test_year_without_lists_has_decisions_on_the_federal_one_alone(identified, contract, methodology):
    rows = explain_decision(identified, contract, methodology, 2020).rows
    assert set(rows["list"]) == {"ШНОР"}
    flags = identified.lists.query("year == 2020").set_index("school_id")["fioko_shnor"]
    assert rows.set_index("school_id")["is_member"].astype(bool).to_dict() == flags.astype(bool).to_dict()
    without = methodology.model_copy(update={"fioko": None})
    bare = identify_schools(contract, without)
    assert explain_decision(bare, contract, without, 2020).rows.empty


def test_shuffled_rows_decide_the_same(contract, decisions, methodology):
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in contract.items()}
    again = explain_decision(identify_schools(shuffled, methodology), shuffled, methodology, 2023)
    pd.testing.assert_frame_equal(replace(again).rows, decisions.rows)


def test_the_explained_year_is_the_last_with_lists(demo):
    assert choose_year(demo.identified, demo.methodology, None) == int(demo.identified.lists["year"].max())
    assert choose_year(demo.identified, demo.methodology, 2021) == 2021
    with pytest.raises(ValueError, match=r"1999.*2020"):
        choose_year(demo.identified, demo.methodology, 1999)


def test_a_methodology_of_means_alone_is_explained_without_pupils(root):
    rules = load_methodology(root / "examples" / "bulgaria" / "methodology.yml")
    exams = [("НВО", 4), ("НВО", 7)]
    rows = [
        result(f"{place:02}", year, procedure=name, grade=grade, subject=subject, mean_score=30.0 + 5 * place + grade)
        for place in range(1, 9)
        for year in (2021, 2022, 2023)
        for name, grade in exams
        for subject in ("БЕЛ", "МАТ")
    ]
    schools = [school(f"{place:02}", year) for place in range(1, 9) for year in (2021, 2022, 2023)]
    built = tables(schools=schools, results=rows)
    decisions = explain_decision(identify_schools(built, rules), built, rules, 2023)
    assert decisions.rows["is_member"].any()
    assert decisions.changes.empty
