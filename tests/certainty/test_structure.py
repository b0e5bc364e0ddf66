import numpy as np
import pandas as pd
import pytest
from builders import change_rules, drop_gaps, region, result, school, tables

from effschool.certainty.structure import (
    correlate_indicators,
    find_constants,
    measure_influence,
)
from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools

MARKS = [(5, 0), (4, 1), (4, 2), (3, 3), (2, 3), (2, 5), (1, 6), (1, 4), (0, 7), (0, 9), (3, 0), (2, 2)]
"""Counts of «2» and «5» of 20 pupils, school by school."""


def build(methodology, marks=MARKS):
    """Russian as given; in mathematics the «5» follow the «2», which contradicts."""
    rules = drop_gaps(methodology)
    rows = [
        result(f"{place:02}", marks=(twos, 20 - twos - fives, 0, fives), subject=subject)
        for place, (twos, own) in enumerate(marks)
        for subject, fives in (("русский язык", own), ("математика", twos))
    ]
    built = tables(schools=[school(f"{place:02}") for place in range(len(marks))], results=rows)
    return identify_schools(built, rules), rules


def find(frame, *names):
    ids = frame[["first", "second"]].apply(frozenset, axis=1)
    return frame[ids == frozenset(names)].iloc[0]


def test_correlations_by_hand(methodology):
    identified, _ = build(methodology)
    found = correlate_indicators(identified, 2020)
    assert find(found, "oge_rus_2", "oge_math_2")["correlation"] == pytest.approx(1)
    assert find(found, "oge_math_2", "oge_math_5")["correlation"] == pytest.approx(-1)
    ranks = pd.DataFrame(MARKS).rank()
    expected = -np.corrcoef(ranks[0], ranks[1])[0, 1]
    pair = find(found, "oge_rus_2", "oge_rus_5")
    assert pair["correlation"] == pytest.approx(expected)
    assert pair["schools"] == 12
    assert len(found) == 6


def test_too_few_schools_have_no_correlation(methodology):
    identified, _ = build(methodology, MARKS[:9])
    assert correlate_indicators(identified, 2020)["correlation"].isna().all()


def test_indicators_that_do_not_vary(methodology):
    rows = [result(f"{place:02}", marks=(0, 10, 0, place % 3)) for place in range(4)]
    identified = identify_schools(
        tables(schools=[school(f"{place:02}") for place in range(4)], results=rows), methodology
    )
    found = find_constants(identified, 2020).set_index("indicator")["is_used"].to_dict()
    assert found == {"oge_rus_2": False, "oge_rus_gap": True}


@pytest.fixture(scope="module")
def identified(demo_processed, methodology):
    return identify_schools(read_contract(demo_processed), methodology)


def test_influence_is_that_of_a_methodology_without_the_indicator(demo_processed, identified, methodology):
    found = measure_influence(identified, methodology, 2023)
    name = found.sort_values("changed").iloc[-1]["indicator"]
    domain = found.loc[found["indicator"] == name, "domain"].iloc[0]
    kept = tuple(item for item in methodology.domains[domain].indicators if item.id != name)
    other = identify_schools(read_contract(demo_processed), change_rules(methodology, domain, indicators=kept))
    key = ["year", "school_id", "domain", "group"]
    joined = identified.indices.merge(other.indices, on=key, suffixes=("", "_without"))
    joined = joined[(joined["year"] == 2023) & (joined["domain"] == domain)]
    changed = joined["band"].fillna("") != joined["band_without"].fillna("")
    expected = changed.groupby(joined["group"]).sum()
    own = found[(found["indicator"] == name) & (found["domain"] == domain)].set_index("group")["changed"]
    assert expected.to_dict() == own.to_dict()
    assert own.sum() > 0
    for group, rows in joined.dropna(subset=["band", "band_without"]).groupby("group"):
        value = found[(found["indicator"] == name) & (found["group"] == group)]["correlation"].item()
        expected = rows[["index", "index_without"]].corr(method="spearman").iloc[0, 1]
        assert value == pytest.approx(expected, nan_ok=True)


def test_indicator_that_repeats_another_moves_nobody(methodology):
    indicators = tuple(
        item for item in methodology.domains["results"].indicators if item.id in ("oge_rus_2", "oge_math_2")
    )
    rules = change_rules(methodology, "results", indicators=indicators)
    influence = measure_influence(identify_schools(region(), rules), rules, 2020)
    results = influence[influence["domain"] == "results"]
    assert results["changed"].tolist() == [0, 0]
    np.testing.assert_allclose(results["correlation"], 1)
    single = change_rules(methodology, "results", indicators=indicators[:1])
    alone = measure_influence(identify_schools(region(), single), single, 2020)
    assert set(alone["domain"]) == {"social"}
