"""Peaks at the borders of marks: worked by hand, on ordinary regions, and on planted ones."""

import numpy as np
import pytest

from effschool.doubt.peaks import bend_to_schools, estimate_departure, list_shifts, measure_peaks, smooth_region
from effschool.doubt.tails import adjust_chances

BORDERS, MOST = (14, 24, 33), 38


def draw_scores(rng, sizes, rough=0.1):
    score, schools = np.arange(MOST + 1), len(sizes)
    level, breadth = rng.normal(24, 2.5, schools), rng.lognormal(np.log(6.5), 0.12, schools)
    density = np.exp(-(((score - level[:, None]) / breadth[:, None]) ** 2) / 2) * np.exp(rng.normal(0, rough, MOST + 1))
    return rng.multinomial(sizes, density / density.sum(axis=1, keepdims=True))


def lift(rng, counts, share):
    """Pupils below a border stand at the next one with the probability `share`."""
    moved = rng.binomial(counts, share)
    moved[:, BORDERS[-1] :] = 0
    lifted = counts - moved
    for start, border in zip((0, *BORDERS[:-1]), BORDERS, strict=True):
        lifted[:, border] += moved[:, start:border].sum(axis=1)
    return lifted


def draw_region(rng, planted=0, size=60, share=0.0, rough=0.1):
    sizes = np.clip(rng.lognormal(3.6, 0.8, 150).astype(int) + 5, 20, 250)
    sizes[:planted] = size
    counts = draw_scores(rng, sizes, rough)
    counts[:planted] = lift(rng, counts[:planted], share)
    return counts


def test_peak_by_hand():
    """Forty schools of 60 pupils, three at each of 20 scores; one has 20 at the three borders instead of 9."""
    counts = np.full((41, 20), 3)
    counts[0, [5, 10, 15]] = 7, 7, 6
    counts[0, [4, 9, 14, 3]] = 0, 0, 0, 1
    observed, expected, chance = measure_peaks(counts, (5, 10, 15), 2)
    assert observed[0] == pytest.approx(20 / 60)
    assert observed[1:] == pytest.approx(9 / 60)
    # Nothing but the schools' evenness: three scores of twenty.
    assert expected == pytest.approx(0.15, abs=0.01)
    # Of 60 pupils at 0.15, 20 or more: 0.000285 (binomial); the rest have their nine, more often than not.
    assert chance[0] == pytest.approx(0.000285, rel=0.5)
    assert (chance[1:] > 0.4).all()


def test_smooth_distribution_does_not_learn_the_peak_of_the_region():
    rng = np.random.default_rng(1)
    honest = draw_scores(rng, np.full(200, 60), rough=0).sum(axis=0)
    lifted = lift(rng, draw_scores(rng, np.full(200, 60), rough=0), 0.3).sum(axis=0)
    smooth = smooth_region(honest, BORDERS, 5)[list(BORDERS)].sum()
    assert smooth == pytest.approx(honest[list(BORDERS)].sum() / honest.sum(), rel=0.1)
    assert smooth_region(lifted, BORDERS, 5)[list(BORDERS)].sum() == pytest.approx(smooth, rel=0.03)
    assert lifted[list(BORDERS)].sum() / lifted.sum() > 2.5 * smooth


def test_sets_of_no_border_keep_away_from_borders():
    sets = list_shifts(BORDERS, MOST + 1)
    near = {place for border in BORDERS for place in (border, border - 1)}
    assert sets
    assert not [places for places in sets if near & set(places) or places[0] < 1 or places[-1] > MOST - 1]
    assert {tuple(np.diff(places)) for places in sets} == {(10, 9)}


@pytest.mark.parametrize("rough", [0.0, 0.2])
def test_an_ordinary_region_marks_what_is_promised(rough):
    marked, chances = [], []
    for rng in np.random.default_rng(21).spawn(60):
        chance = measure_peaks(draw_region(rng, rough=rough), BORDERS, 5)[2]
        marked.append((adjust_chances(chance) <= 0.05).any())
        chances.append(chance)
    assert np.mean(marked) <= 0.05 + 1.64 * np.sqrt(0.05 * 0.95 / 60)
    assert (np.concatenate(chances) <= 0.05).mean() <= 0.05
    assert (np.concatenate(chances) <= 0.001).mean() <= 0.002


@pytest.mark.parametrize(
    ("size", "share", "least"), [(50, 0.3, 0.85), (100, 0.3, 0.98), (200, 0.1, 0.25), (50, 0.6, 0.99)]
)
def test_planted_peaks_are_found_and_nobody_else(size, share, least):
    found, false = [], []
    for rng in np.random.default_rng(22).spawn(15):
        rare = adjust_chances(measure_peaks(draw_region(rng, planted=8, size=size, share=share), BORDERS, 5)[2]) <= 0.05
        found.append(rare[:8].mean())
        false.append(rare[8:].sum() / max(rare.sum(), 1))
    assert np.mean(found) >= least
    assert np.mean(false) <= 0.05


def test_a_third_of_the_region_does_not_hide_itself():
    rng = np.random.default_rng(23)
    rare = adjust_chances(measure_peaks(draw_region(rng, planted=50, size=80, share=0.4), BORDERS, 5)[2]) <= 0.05
    assert rare[:50].mean() >= 0.9
    assert rare[50:].sum() <= 4


def measure_departure(counts):
    return estimate_departure(
        counts, bend_to_schools(smooth_region(counts.sum(axis=0), BORDERS, 5), counts), BORDERS, 5
    )


def draw_work(easier, schools=200):
    """An uneven work: other scores than borders are easier or harder by a third, borders `easier` times so, for all."""
    score, rng = np.arange(MOST + 1), np.random.default_rng(25)
    uneven = np.where(score % 4 < 2, 1.33, 0.75)
    uneven[list(BORDERS)] = easier
    density = np.exp(-(((score - 24) / 6.5) ** 2) / 2) * uneven
    return rng.multinomial(np.full(schools, 60), density / density.sum())


def test_the_work_can_have_raised_at_borders_what_ordinary_schools_show_there():
    plain, raised = measure_departure(draw_work(0.75)), measure_departure(draw_work(1.25))
    assert plain < 0.25  # schools are alike, and the work has raised nothing at the borders
    assert raised > plain + 0.06


def test_schools_with_a_peak_do_not_widen_what_is_ordinary():
    counts = draw_work(1.0)
    rng, peaked = np.random.default_rng(26), counts.copy()
    peaked[:30] = lift(rng, counts[:30], 0.5)
    assert measure_departure(counts) < measure_departure(peaked) < 0.33  # 0.35 were they taken for ordinary


def test_schools_of_another_level_are_compared_with_themselves():
    """A school far above or below the region, without a peak, is not marked for its level."""
    rng = np.random.default_rng(24)
    counts = draw_region(rng)
    score = np.arange(MOST + 1)
    for place, level in enumerate((14, 33, 36)):
        density = np.exp(-(((score - level) / 5) ** 2) / 2)
        counts[place] = rng.multinomial(120, density / density.sum())
    assert (adjust_chances(measure_peaks(counts, BORDERS, 5)[2])[:3] > 0.05).all()


def test_borders_close_to_one_another_and_schools_all_of_one_score():
    counts = np.zeros((40, 9), dtype=int)
    counts[:, 4] = 30
    observed, expected, chance = measure_peaks(counts, (3, 5, 7), 2)
    assert observed.tolist() == [0.0] * 40
    assert np.isfinite(expected).all()
    assert chance.tolist() == [1.0] * 40
