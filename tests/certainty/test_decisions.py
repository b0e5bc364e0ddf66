"""Numbers of pupils against brute force: no smaller number would do, for the mean of a window and for lags."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from builders import change_rules, exam, result, school, tables
from test_counterfactuals import change_count

from effschool.certainty.counterfactuals import Change
from effschool.certainty.explain import explain_decision
from effschool.certainty.explain.ways import Way
from effschool.certainty.explain.words import tabulate_ways
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology

YEARS = (2018, 2019, 2020)


def find(decisions, school_id, name):
    rows = decisions.rows
    return rows[(rows["school_id"] == school_id) & (rows["list"] == name)].iloc[0]


def choose_indicators(methodology, *names):
    kept = tuple(item for item in methodology.domains["results"].indicators if item.id in names)
    changed = change_rules(methodology, "results", indicators=kept)
    return type(methodology).model_construct(**{**dict(changed), "domains": {"results": changed.domains["results"]}})


# The mean of the window


@pytest.fixture(scope="module")
def mean(methodologies):
    rules = load_methodology(methodologies / "mean-3-years.yml")
    return choose_indicators(rules, "oge_rus_2", "oge_math_5")


def draw_region(seed, number):
    """Failed in Russian and excellent in mathematics, of the participants: arrays by year, indicator, school."""
    random = np.random.default_rng(seed)
    whole = random.integers(4, 9, size=(3, 2, number))
    counts = random.integers(0, whole + 1)
    return counts, whole


def build_region(counts, whole):
    rows = []
    for (place, year), name in product(enumerate(YEARS), range(counts.shape[2])):
        failed, best = counts[place, :, name]
        first, second = whole[place, :, name]
        rows.append(result(f"{name:02}", year, (failed, first - failed, 0, 0)))
        rows.append(result(f"{name:02}", year, (0, second - best, 0, best), subject="математика"))
    schools = [school(f"{name:02}", year) for year in YEARS for name in range(counts.shape[2])]
    return tables(schools=schools, results=rows)


def name_plainly(counts, whole, own):
    """Band of one school by its mean index, written out anew."""
    index = []
    for year in range(3):
        scaled = []
        for item in range(2):
            share = counts[year, item] / whole[year, item]
            low, high = share.min(), share.max()
            if high - low > 1e-12:
                scaled.append((share - low) / (high - low) if item else (high - share) / (high - low))
        if not scaled:
            return None
        index.append(np.mean(scaled, axis=0))
    means = np.mean(index, axis=0)
    size = int(0.25 * len(means) + 0.5)
    low, high = np.sort(means)[size - 1], np.sort(means)[-size]
    if low >= high - 1e-9:
        return "mid"
    return "low" if means[own] <= low + 1e-9 else "high" if means[own] >= high - 1e-9 else "mid"


def list_plans(counts, whole, own, most):
    """All changes of one count a year with at most so many pupils in all: tuples of (indicator, new count) by year."""
    by_year = []
    for year in range(3):
        moves = [(0, 0, counts[year, 0, own])]
        for item in range(2):
            for after in range(whole[year, item, own] + 1):
                cost = abs(after - counts[year, item, own])
                moves += [(cost, item, after)] if 0 < cost <= most else []
        by_year.append(moves)
    return [plan for plan in product(*by_year) if sum(cost for cost, _, _ in plan) <= most]


STATUS = {"low": "ШНРО", "mid": None, "high": "стабильно высокие"}


@pytest.mark.parametrize("seed", range(6))
def test_no_fewer_pupils_change_a_decision_by_the_mean(mean, seed):
    counts, whole = draw_region(seed, 5 + seed % 3)
    built = build_region(counts, whole)
    decisions = explain_decision(identify_schools(built, mean), built, mean, 2020)
    numbers = decisions.rows.dropna(subset="pupils")
    assert len(numbers) > counts.shape[2]
    for row in decisions.rows.query("list in ['ШНРО', 'стабильно высокие']").itertuples():
        own = int(row.school_id)
        assert (STATUS[name_plainly(counts, whole, own)] == row.list) == row.is_member
        most = row.pupils - 1 if pd.notna(row.pupils) else 7
        for plan in list_plans(counts, whole, own, min(most, 7)):
            changed = counts.copy()
            for year, (_, item, after) in enumerate(plan):
                changed[year, item, own] = after
            assert (STATUS.get(name_plainly(changed, whole, own)) == row.list) == row.is_member, (row, plan)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_change_told_changes_the_decision_by_the_mean(mean, seed):
    counts, whole = draw_region(seed, 7)
    built = build_region(counts, whole)
    decisions = explain_decision(identify_schools(built, mean), built, mean, 2020)
    for row in decisions.rows.query("list != 'ШНОР'").dropna(subset="pupils").itertuples():
        changed = built
        own = decisions.changes[
            (decisions.changes["school_id"] == row.school_id) & (decisions.changes["list"] == row.list)
        ]
        assert (own["after"] - own["before"]).abs().sum() == row.pupils
        for change in own.itertuples():
            item = mean.indicators[change.criterion]
            changed = change_count(changed, item, change.change_year, change.school_id, int(change.after))
        lists = identify_schools(changed, mean).lists.query("year == 2020").set_index("school_id")
        assert (row.list in set(lists.loc[row.school_id, ["results_status", "joint"]])) != row.is_member


def test_a_mean_that_one_indicator_a_year_cannot_move_far_enough(methodologies):
    rules = load_methodology(methodologies / "mean-3-years.yml")
    counts, whole = draw_region(3, 8)
    counts[:, :, 0], counts[:, :, 1] = [[0, 0]] * 3, [[4, 0]] * 3
    whole[:, :, 0] = whole[:, :, 1] = 4
    built = build_region(counts, whole)
    rows = explain_decision(identify_schools(built, rules), built, rules, 2020).rows
    blocked = rows[rows["sentence"].str.contains("другой средний индекс за 2018, 2019 и 2020 годы")]
    assert blocked["pupils"].isna().all()
    assert len(blocked)


def test_a_school_without_every_year_is_not_moved(mean):
    counts, whole = draw_region(4, 6)
    built = build_region(counts, whole)
    built["results"] = built["results"].query("not (school_id == '02' and year == 2018)")
    rows = explain_decision(identify_schools(built, mean), built, mean, 2020)
    assert "не вычисляется" in find(rows, "02", "ШНРО")["sentence"]


# Lags


@pytest.fixture(scope="module")
def lags(methodologies):
    return load_methodology(methodologies / "khabarovsk-2018-scaled.yml")


def build_exams(marks):
    """ОГЭ in Russian and mathematics of one year: marks by school and subject."""
    rows = [
        result(f"{place:02}", 2020, each, subject=subject)
        for place, subjects in enumerate(marks)
        for subject, each in zip(("русский язык", "математика"), subjects, strict=True)
    ]
    return tables(schools=[school(f"{place:02}") for place in range(len(marks))], results=rows)


def lag_plainly(marks, own):
    """Number of subjects in which a school is more than 1 below the region."""
    number = 0
    for subject in range(2):
        points = sum(np.dot(each[subject], [2, 3, 4, 5]) for each in marks)
        region = points / sum(sum(each[subject]) for each in marks)
        number += np.dot(marks[own][subject], [2, 3, 4, 5]) / sum(marks[own][subject]) < region - 1 - 1e-9
    return number


def list_marks(given, most):
    """All distributions of marks in which at most so many pupils have another one, and their number."""
    whole = sum(given)
    for other in product(range(whole + 1), repeat=4):
        moved = sum(max(one - two, 0) for one, two in zip(given, other, strict=True))
        if sum(other) == whole and moved <= most:
            yield moved, other


@pytest.mark.parametrize("seed", range(8))
def test_no_fewer_pupils_turn_the_lags(lags, seed):
    random = np.random.default_rng(seed)
    marks = [[tuple(random.multinomial(6, (0.1, 0.2, 0.3, 0.4))) for _ in range(2)] for _ in range(4)]
    marks[0] = [(5, 1, 0, 0), tuple(random.multinomial(6, (0.7, 0.2, 0.1, 0)))]
    built = build_exams(marks)
    decisions = explain_decision(identify_schools(built, lags), built, lags, 2020)
    for own in range(4):
        row = find(decisions, f"{own:02}", "ШНРО")
        assert row["is_member"] == (lag_plainly(marks, own) > 0)
        reached = [
            one + two
            for one, first in list_marks(marks[own][0], 6)
            for two, second in list_marks(marks[own][1], 6)
            if (lag_plainly([*marks[:own], [first, second], *marks[own + 1 :]], own) > 0) != row["is_member"]
        ]
        assert (row["pupils"] == min(reached)) if reached else pd.isna(row["pupils"])


def test_lag_in_words(lags):
    rows = [exam("01", participants=4, mean_score=41.0), exam("02", participants=36, mean_score=65.0)]
    built = tables(schools=[school("01"), school("02")], results=rows)
    found = explain_decision(identify_schools(built, lags), built, lags, 2020)
    # The region has 62,6; of four with 41 points one with 100 makes 55,75 of a region of 64,075: no score is told.
    assert find(found, "01", "ШНРО")["sentence"].replace("\N{NO-BREAK SPACE}", " ") == (
        "Школа в списке «ШНРО» 2020 года; это решают показатели, за которыми так мало детей, что числа здесь не "
        "называются."
    )


def test_pupils_of_a_mean_are_enough_and_one_less_is_not(lags):
    rows = [exam("01", participants=10, mean_score=38.0), exam("02", participants=90, mean_score=70.0)]
    built = tables(schools=[school("01"), school("02")], results=rows)
    pupils = find(explain_decision(identify_schools(built, lags), built, lags, 2020), "01", "ШНРО")["pupils"]
    for number, is_member in ((pupils, False), (pupils - 1, True)):
        changed = [exam("01", participants=10, mean_score=38.0 + 6.2 * number), rows[1]]
        lists = identify_schools(tables(schools=[school("01"), school("02")], results=changed), lags).lists
        assert (lists.set_index("school_id").loc["01", "results_status"] == "ШНРО") == is_member


def test_a_change_that_only_leads_to_a_worse_list_is_told_so():
    way = Way((Change(2021, "c", "Без аттестата", "graduates", 0, 2, 10),))
    ways = [("1", "группа риска", True, way), ("1", "ШНРО", False, way)]
    told = tabulate_ways(ways, 2023, {"группа риска": False, "ШНРО": False}, {})
    assert told.rows["worse"].tolist()[0] == "ШНРО"
    assert told.rows["worse"].isna().tolist() == [False, True]
    assert "другое решение хуже: в списке «ШНРО» она была бы, если бы" in told.rows["sentence"][0]
