"""Chance of a count: worked by hand, against scipy, and on ordinary regions and such with schools out of line."""

import numpy as np
import pytest
from scipy import special, stats

from effschool.doubt.tails import adjust_chances, estimate_ordinary, find_cut, measure_tail

USUAL, SPREAD = 0.07, 0.4


def draw_region(rng, schools=120, spread=SPREAD, planted=0, lifted=0.0):
    """Counts and totals; the first `planted` schools have 80 pupils, a share `lifted` of whom is counted besides."""
    total = np.minimum(rng.lognormal(3.6, 0.8, schools).astype(int) + 5, 250)
    total[:planted] = 80
    chance = special.expit(special.logit(USUAL) + rng.normal(0, spread, schools))
    chance[:planted] += lifted * (1 - chance[:planted])
    return rng.binomial(total, chance), total


def test_binomial_tail_by_hand():
    # P(X ≥ 3), X of 5 pupils at 0.2: 10·0.2³·0.8² + 5·0.2⁴·0.8 + 0.2⁵ = 0.0512 + 0.0064 + 0.00032.
    assert measure_tail([3], [5], special.logit([0.2]), [0.0])[0] == pytest.approx(0.05792, abs=1e-12)
    # P(X ≥ 2), X of 2 at 0.1: both.
    assert measure_tail([2], [2], special.logit([0.1]), [0.0])[0] == pytest.approx(0.01, abs=1e-12)


def test_ends_of_the_tail():
    assert measure_tail([0, 6, 5], [5, 5, 5], 0.0, 0.7)[:2].tolist() == [1.0, 0.0]
    assert measure_tail([], [], [], []).tolist() == []


def test_without_spread_it_is_the_binomial_of_scipy():
    count, total = np.arange(61), np.full(61, 60)
    found = measure_tail(count, total, special.logit(0.3), 0.0)
    np.testing.assert_allclose(found, stats.binom.sf(count - 1, total, 0.3), rtol=1e-9)


def test_spread_is_integrated_over():
    """Against the tail averaged over a million schools drawn."""
    rng = np.random.default_rng(5)
    chance = special.expit(-2 + 0.5 * rng.standard_normal(1_000_000))
    for count in (5, 10, 20):
        drawn = stats.binom.sf(count - 1, 50, chance)
        assert measure_tail([count], [50], [-2.0], [0.5])[0] == pytest.approx(drawn.mean(), rel=0.02)


def test_the_rarer_the_further_and_the_less_rare_the_wider():
    tail = measure_tail(np.arange(40), np.full(40, 60), -2.0, 0.4)
    assert (np.diff(tail) < 0).all()
    assert (measure_tail([20], [60], -2.0, [0.0, 0.3, 0.6, 1.0])[1:] > measure_tail([20], [60], -2.0, [0.0])).all()


def test_many_rows_are_counted_block_by_block():
    count = np.arange(45_000) % 30
    whole = measure_tail(count, np.full(45_000, 40), -1.0, 0.3)
    np.testing.assert_array_equal(whole[:30], whole[30:60])
    np.testing.assert_array_equal(whole[:30], whole[39_990:40_020])


def test_benjamini_and_hochberg_by_hand():
    # Of four: 0.01·4/1, 0.03·4/2, 0.02·4/… sorted 0.01, 0.02, 0.03, 0.5 → 0.04, 0.04, 0.04, 0.5.
    assert adjust_chances([0.01, 0.03, 0.02, 0.5]).tolist() == pytest.approx([0.04, 0.04, 0.04, 0.5])
    assert adjust_chances([]).tolist() == []


@pytest.mark.parametrize(
    ("chances", "cut"),
    [
        ([0.01, 0.03, 0.02, 0.5], 0.0375),  # the third of four is at most 3·0.05/4
        ([0.2, 0.3, 0.4, 0.5], 0.0125),  # none: the first step
        ([0.001], 0.05),
    ],
)
def test_cut_by_hand(chances, cut):
    assert find_cut(chances, 0.05) == pytest.approx(cut)
    assert ((np.array(chances) <= cut) == (adjust_chances(chances) <= 0.05)).all()


@pytest.mark.parametrize("spread", [0.0, 0.4, 0.7])
def test_an_ordinary_region_marks_what_is_promised(spread):
    """At most 5 % of regions have any marked school; chances are not smaller than they say."""
    marked, chances = [], []
    for rng in np.random.default_rng(11).spawn(60):
        count, total = draw_region(rng, spread=spread)
        chance = estimate_ordinary(count, total, 75).measure(count, total)[total >= 20]
        marked.append((adjust_chances(chance) <= 0.05).any())
        chances.append(chance)
    assert np.mean(marked) <= 0.05 + 1.64 * np.sqrt(0.05 * 0.95 / 60)
    assert (np.concatenate(chances) <= 0.05).mean() <= 0.05
    assert (np.concatenate(chances) <= 0.001).mean() <= 0.002


def test_a_small_region_marks_what_is_promised():
    """Of 35 schools the spread is known badly: taken as found, it would mark someone in every fifth region."""
    marked = []
    for rng in np.random.default_rng(14).spawn(120):
        count, total = draw_region(rng, schools=35, spread=0.6)
        chance = estimate_ordinary(count, total, 75).measure(count, total)[total >= 20]
        marked.append((adjust_chances(chance) <= 0.05).any())
    assert np.mean(marked) <= 0.05 + 1.64 * np.sqrt(0.05 * 0.95 / 120)


def test_ordinary_schools_differ_and_a_plain_binomial_would_mark_them():
    """What the spread is for: without it an ordinary region marks schools in most draws."""
    marked = []
    for rng in np.random.default_rng(12).spawn(20):
        count, total = draw_region(rng)
        plain = measure_tail(count, total, special.logit(count.sum() / total.sum()), 0.0)[total >= 20]
        marked.append((adjust_chances(plain) <= 0.05).any())
    assert np.mean(marked) > 0.5


@pytest.mark.parametrize("planted", [6, 24])
def test_schools_out_of_line_do_not_hide_one_another(planted):
    """A twentieth and a fifth of the region with a third of marks raised: found, and nobody else with them."""
    found, false, centres = [], [], []
    for rng in np.random.default_rng(13).spawn(20):
        count, total = draw_region(rng, planted=planted, lifted=0.35)
        ordinary = estimate_ordinary(count, total, 75)
        rare = (adjust_chances(ordinary.measure(count, total)) <= 0.05) & (total >= 20)
        found.append(rare[:planted].mean())
        false.append(rare[planted:].sum() / max(rare.sum(), 1))
        centres.append(ordinary.centre - special.logit(USUAL))
    assert np.mean(found) >= 0.8
    assert np.mean(false) <= 0.05
    assert abs(np.mean(centres)) < 0.2


def test_nobody_and_everybody_raised():
    for count in (np.zeros(40), np.full(40, 30.0)):
        ordinary = estimate_ordinary(count, np.full(40, 30.0), 75)
        chance = ordinary.measure(count, np.full(40, 30.0))
        assert np.isfinite(chance).all()
        assert (adjust_chances(chance) > 0.05).all()
