import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from effschool.method.bands import assign_bands, count_cut, number_ties, rank_lowest_first
from effschool.method.methodology import BandRules

TOLERANCE = 1e-9
WITHIN = 5e-10
CUTS = ("half_up", "floor", "ceil", "spss")
SIZES = {
    "half_up": (0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3),
    "floor": (0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3),
    "ceil": (1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4),
}
"""Schools in one band by hand, for 1 to 13 schools."""
SPSS = ((0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (1, 1), (1, 2), (2, 2), (2, 2), (2, 2), (2, 3), (3, 3), (3, 3))
"""Lowest and highest quarter of RANK /NTILES(4), by hand, for 1 to 13 schools."""

indices = st.lists(st.integers(0, 12).map(lambda number: number / 8), min_size=1, max_size=30).map(np.array)
cuts = st.sampled_from(CUTS)


def rules(cut="half_up", share=0.25):
    return BandRules(share=share, cut=cut, tolerance=TOLERANCE)


def count_bands(values, cut):
    bands, met = assign_bands(np.asarray(values, dtype=float), rules(cut))
    return (bands == "low").sum(), (bands == "high").sum(), met


@pytest.mark.parametrize("cut", SIZES)
@pytest.mark.parametrize("number", range(1, 14))
def test_size_of_a_band_by_hand(cut, number):
    size = SIZES[cut][number - 1]
    assert count_cut(number, rules(cut)) == size
    met = number == 1 and cut == "ceil"
    assert count_bands(np.arange(number), cut) == ((0, 0, True) if met else (size, size, False))


@pytest.mark.parametrize("number", range(1, 14))
def test_quarters_of_spss_by_hand(number):
    assert count_bands(np.arange(number), "spss") == (*SPSS[number - 1], False)


@pytest.mark.parametrize(("number", "quarters"), [(10, [2, 3, 3, 2]), (11, [2, 3, 3, 3])])
def test_quarters_of_spss_as_measured(number, quarters):
    low, high, _ = count_bands(np.arange(number), "spss")
    assert [low, number - low - high, high] == [quarters[0], quarters[1] + quarters[2], quarters[3]]


def test_spss_gives_ties_the_mean_rank():
    # Ranks 1, 2.5, 2.5, 4 of 4: floor(4·2.5/5) + 1 = 3, so only the ends are banded.
    assert assign_bands(np.array([0.1, 0.2, 0.2, 0.3]), rules("spss"))[0].tolist() == ["low", "mid", "mid", "high"]
    # Ranks 1.5, 1.5, 3, 4: floor(4·1.5/5) + 1 = 2, so the tie at the bottom leaves no lowest quarter.
    assert assign_bands(np.array([0.1, 0.1, 0.2, 0.3]), rules("spss"))[0].tolist() == ["mid", "mid", "mid", "high"]
    # Ranks 1, 2, 3.5, 3.5: floor(4·3.5/5) + 1 = 3, so the tie at the top leaves no highest quarter.
    assert assign_bands(np.array([0.1, 0.2, 0.3, 0.3]), rules("spss"))[0].tolist() == ["low", "mid", "mid", "mid"]
    # Ranks 1, 2, 4, 4, 4, 6, 7 of 7: by hand, quarters 1, 2, 3, 3, 3, 4, 4.
    seven = np.array([0.1, 0.2, 0.3, 0.3, 0.3, 0.4, 0.5])
    assert assign_bands(seven, rules("spss"))[0].tolist() == ["low", "mid", "mid", "mid", "mid", "high", "high"]


@pytest.mark.parametrize(
    ("share", "number", "cut", "size"),
    [(0.35, 90, "half_up", 32), (0.35, 180, "floor", 63), (0.07, 100, "ceil", 7), (0.1, 3, "ceil", 1)],
)
def test_last_bit_of_a_share_moves_no_school(share, number, cut, size):
    assert count_cut(number, rules(cut, share)) == size


def test_school_equal_to_the_kth_belongs_to_the_band():
    values = np.array([0.1, 0.2, 0.2 + WITHIN, 0.4, 0.5, 0.6, 0.7 - WITHIN, 0.7])  # k = 2
    expected = ["low", "low", "low", "mid", "mid", "mid", "high", "high"]
    assert assign_bands(values, rules())[0].tolist() == expected
    values[6:] = [0.8, 0.8 + WITHIN]
    values[5] = 0.8 - WITHIN / 2
    assert assign_bands(values, rules())[0].tolist() == [*expected[:5], "high", "high", "high"]


def test_school_just_beyond_the_tolerance_does_not():
    values = np.array([0.1, 0.2, 0.2 + 2e-9, 0.4, 0.5, 0.7 - 2e-9, 0.7, 0.8])
    expected = ["low", "low", "mid", "mid", "mid", "mid", "high", "high"]
    assert assign_bands(values, rules())[0].tolist() == expected


@pytest.mark.parametrize("values", [[0.5, 0.5], [0.3, 0.5, 0.5, 0.5, 0.5, 0.6, 0.6, 0.6][1:5], [0.5, 0.5 + WITHIN]])
def test_where_cuts_meet_all_are_mid_and_it_is_said(values):
    bands, met = assign_bands(np.array(values), rules())
    assert set(bands) == {"mid"}
    assert met


def test_no_schools_have_no_bands():
    for cut in CUTS:
        bands, met = assign_bands(np.array([]), rules(cut))
        assert len(bands) == 0
        assert not met
    assert len(rank_lowest_first(np.array([]), TOLERANCE)) == 0


def test_ties_share_the_smaller_rank():
    assert rank_lowest_first(np.array([0.3, 0.1, 0.3, 0.2, 0.4]), TOLERANCE).tolist() == [3, 1, 3, 2, 5]


def test_ranks_are_on_full_precision():
    assert rank_lowest_first(np.array([0.50000002, 0.50000001]), TOLERANCE).tolist() == [2, 1]


def test_order_of_summands_makes_no_difference():
    orders = ([0.1, 0.2, 0.3, 0.6], [0.6, 0.3, 0.2, 0.1])
    means = np.array([sum(order) / 4 for order in orders])
    assert means[0] != means[1]  # else the case would show nothing
    assert rank_lowest_first(means, TOLERANCE).tolist() == [1, 1]
    assert number_ties(means, TOLERANCE).tolist() == [0, 0]
    values = np.array([*means, 0.7, 0.8, 0.9])  # k = 1
    assert assign_bands(values, rules())[0].tolist() == ["low", "low", "mid", "mid", "high"]


@given(indices, cuts, st.randoms(use_true_random=False))
def test_order_of_schools_changes_nothing(values, cut, random):
    order = list(range(len(values)))
    random.shuffle(order)
    bands, met = assign_bands(values, rules(cut))
    shuffled, met_shuffled = assign_bands(values[order], rules(cut))
    assert shuffled.tolist() == bands[order].tolist()
    assert met == met_shuffled
    ranks = rank_lowest_first(values, TOLERANCE)
    assert rank_lowest_first(values[order], TOLERANCE).tolist() == ranks[order].tolist()


@given(indices, cuts)
def test_bands_follow_the_order_of_indices(values, cut):
    place = {"low": 0, "mid": 1, "high": 2}
    bands = np.array([place[band] for band in assign_bands(values, rules(cut))[0]])
    assert (np.diff(bands[np.argsort(values, kind="stable")]) >= 0).all()
    for value in set(values):
        assert len(set(bands[values == value])) == 1


@given(indices, st.sampled_from(["half_up", "floor", "ceil"]))
def test_bands_mirror(values, cut):
    mirror = {"low": "high", "mid": "mid", "high": "low"}
    bands, met = assign_bands(values, rules(cut))
    mirrored, met_mirrored = assign_bands(-values, rules(cut))
    assert mirrored.tolist() == [mirror[band] for band in bands]
    assert met == met_mirrored


@given(indices)
def test_ranks_count_the_schools_below(values):
    assert rank_lowest_first(values, TOLERANCE).tolist() == [1 + int((values < value).sum()) for value in values]


@given(indices, cuts)
def test_input_is_not_changed(values, cut):
    before = values.copy()
    assign_bands(values, rules(cut))
    rank_lowest_first(values, TOLERANCE)
    assert (values == before).all()
