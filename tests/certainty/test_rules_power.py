import numpy as np
import pandas as pd
import pytest
from builders import indices
from builders_report import identify_bands
from scipy import stats

from effschool.certainty.rules_power import (
    draw_scores,
    estimate_reliability,
    find_by_chance,
    find_lowest,
    find_tail,
    measure_rules,
    pair_years,
)


@pytest.fixture
def power(methodology):
    return methodology.certainty.power.model_copy(update={"runs": 400})


def test_figures_of_the_methodology_page_come_out(power):
    """METHODOLOGY.md section 5: precision and recall at reliability 0.7."""
    found = measure_rules(power, 0.7, 0.25, seed=1).set_index("rule")
    expected = {
        "один год": (70, 70),
        "два года из трёх": (82, 75),
        "три года из трёх": (96, 42),
        "среднее за три года": (82, 82),
    }
    for rule, (precision, recall) in expected.items():
        assert found.loc[rule, "precision_pct"] == pytest.approx(precision, abs=1), rule
        assert found.loc[rule, "recall_pct"] == pytest.approx(recall, abs=1), rule


def test_pure_chance_lists_what_the_page_says(power):
    even = power.model_copy(update={"schools": 400})
    found = measure_rules(even, 0.0, 0.25, seed=2).set_index("rule")
    assert found.loc["три года из трёх", "listed_pct"] == pytest.approx(1.5625, abs=0.15)
    assert found.loc["два года из трёх", "listed_pct"] == pytest.approx(15.625, abs=0.3)
    assert found["precision_pct"].to_numpy() == pytest.approx(25, abs=2)
    assert (find_by_chance(3, 3, 0.25), find_by_chance(3, 2, 0.25)) == pytest.approx((1.5625, 15.625))


def test_full_reliability_makes_no_mistake(power):
    found = measure_rules(power, 1.0, 0.25, seed=3)
    assert (found["precision_pct"] == 100).all()
    assert (found["recall_pct"] == 100).all()
    assert (found["false_alarm_pct"] == 0).all()


def test_same_figures_whatever_the_workers(power):
    one, many = (measure_rules(power, 0.5, 0.25, seed=4, workers=each) for each in (1, 3))
    pd.testing.assert_frame_equal(one, many)


def test_exact_tails_of_one_procedure():
    found = find_tail(np.array([10, 30, 50, 100]), 20, 30)
    assert found.round().tolist() == [32, 13, 6, 1]
    assert found[0] == pytest.approx(100 * sum(stats.binom.pmf(k, 10, 0.2) for k in range(3, 11)))


def test_reliability_is_found_again():
    generator = np.random.default_rng(5)
    scores = draw_scores(generator, (1, 600, 3), 0.6)[1][0]
    bands = {f"{place:03}": dict.fromkeys((2020, 2021, 2022), "mid") for place in range(600)}
    frame = indices(bands)
    row, column = frame["school_id"].astype(int), frame["year"] - 2020
    identified = identify_bands(bands)
    made = frame.assign(index=10 * scores[row, column] + frame["year"])
    known = identified.__class__(**{**identified.__dict__, "indices": made})
    assert estimate_reliability(known, "results", 2022) == pytest.approx(0.6, abs=0.05)
    assert len(pair_years(made, "results", 2021)) == 600


def test_a_single_year_has_no_reliability():
    assert np.isnan(estimate_reliability(identify_bands({"01": {2020: "low"}}), "results", 2020))


def test_lowest_are_counted_by_rounding_half_up():
    scores = np.arange(10.0)[None, :]
    assert find_lowest(scores, 0.25).sum() == 3
    assert find_lowest(scores[:, :1], 0.25).sum() == 0
