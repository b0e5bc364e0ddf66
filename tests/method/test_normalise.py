import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from effschool.method.normalise import flag_lags, normalise_indicators, scale_min_max

shares = st.lists(st.integers(0, 1000).map(lambda number: number / 10), min_size=1, max_size=25)


def raw_table(values, indicator="oge_rus_5", group="средние", year=2020, participants=10):
    ids = [f"{place:02}" for place in range(len(values))]
    frame = pd.DataFrame({"year": year, "school_id": ids, "group": group, "domain": "results"})
    return frame.assign(indicator=indicator, raw=np.array(values, dtype=float), participants=participants)


def scale(values, inverse=False):
    raw = pd.Series(values, dtype=float)
    scope = pd.DataFrame({"all": 0}, index=raw.index)
    return scale_min_max(raw, scope, inverse=np.full(len(raw), inverse), tolerance=1e-9)


def test_direct_and_inverse_by_hand():
    assert scale([10, 20, 50]).tolist() == [0, 0.25, 1]
    assert scale([10, 20, 50], inverse=True).tolist() == [1, 0.75, 0]


def test_direction_comes_from_the_methodology(methodology):
    table = pd.concat([raw_table([10, 20, 50]), raw_table([10, 20, 50], "oge_rus_2")], ignore_index=True)
    assert normalise_indicators(table, methodology)["normalised"].tolist() == [0, 0.25, 1, 1, 0.75, 0]


@given(shares)
def test_values_stay_between_zero_and_one(values):
    scaled = scale(values)
    assert scaled.dropna().between(0, 1).all()
    if len(set(values)) > 1:
        assert (scaled.min(), scaled.max()) == (0, 1)


@given(shares)
def test_inverse_is_the_mirror_of_direct(values):
    np.testing.assert_allclose(scale(values, inverse=True), 1 - scale(values), atol=1e-12)


@given(shares)
def test_order_is_kept(values):
    scaled = scale(values).to_numpy()
    if len(set(values)) > 1:
        for one, other in zip(np.argsort(values)[:-1], np.argsort(values)[1:], strict=True):
            assert (scaled[one] < scaled[other]) == (values[one] < values[other])


@given(st.floats(0, 100), st.integers(1, 9))
def test_constant_is_missing(value, number):
    assert scale([value] * number).isna().all()


def test_constant_within_the_tolerance_is_missing():
    assert scale([50, 50 + 5e-10]).isna().all()
    assert scale([50, 50 + 1e-8]).notna().all()


@given(values=shares, random=st.randoms(use_true_random=False))
def test_order_of_rows_changes_nothing(methodology, values, random):
    table = pd.concat([raw_table(values), raw_table(values[::-1], "oge_rus_2")], ignore_index=True)
    order = list(table.index)
    random.shuffle(order)
    plain = normalise_indicators(table, methodology)
    assert_frame_equal(normalise_indicators(table.loc[order], methodology).sort_index(), plain)


def test_input_is_not_changed(methodology):
    table = raw_table([1, 2, 3])
    before = table.copy(deep=True)
    normalise_indicators(table, methodology)
    assert_frame_equal(table, before)


def test_years_and_groups_are_scaled_apart(methodology):
    parts = [raw_table([0, 100]), raw_table([40, 50], group="основные"), raw_table([1, 2], year=2019)]
    table = pd.concat(parts, ignore_index=True)
    assert normalise_indicators(table, methodology)["normalised"].tolist() == [0, 1, 0, 1, 0, 1]


def test_lag_is_more_than_the_threshold():
    gaps = np.array([-20.0, -20.0 - 1e-12, -20.001, 0.0, 25.0])
    literal = flag_lags(gaps, np.full(5, 20.0), "literal", 1e-9)
    assert literal.tolist() == [0, 0, 1, 0, 0]
    assert flag_lags(gaps, np.full(5, 20.0), "consistent", 1e-9).tolist() == [1, 1, 0, 1, 1]


@pytest.mark.parametrize(
    ("indicator", "threshold"), [("ege_rus_gap", 20), ("ege_math_base_gap", 4), ("oge_rus_gap", 1)]
)
def test_threshold_comes_from_the_methodology(methodology, indicator, threshold):
    table = raw_table([-threshold, -threshold - 0.01, 0], indicator)
    assert normalise_indicators(table, methodology)["normalised"].tolist() == [1, 0, 1]
    literal = methodology.model_copy(update={"orientation": "literal"})
    assert normalise_indicators(table, literal)["normalised"].tolist() == [0, 1, 0]


def test_lag_flag_enters_even_where_no_school_lags(methodology):
    assert normalise_indicators(raw_table([0, 0], "oge_rus_gap"), methodology)["normalised"].tolist() == [1, 1]


def test_empty_table_stays_empty(methodology):
    assert normalise_indicators(raw_table([]), methodology).empty
