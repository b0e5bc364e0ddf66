import numpy as np
import pytest
from builders import region

from effschool.certainty.sampling import Recount
from effschool.certainty.shrinkage import estimate_levels, fit_lines
from effschool.method.identify import identify_schools

CENTRE, SPREAD = np.array([0.5, 0.01]), np.array([[0.02, 0.002], [0.002, 0.001]])


def simulate(seed, schools=400, years=5, scale=0.5):
    """Lines with known level and trend, chance of known size, a tenth of the values missing."""
    generator = np.random.default_rng(seed)
    time = np.arange(years) - years + 1.0
    truth = generator.multivariate_normal(CENTRE, SPREAD, schools)
    variance = generator.uniform(0.002, 0.02, (schools, 1)) * np.ones(years)
    chance = generator.normal(size=variance.shape) * np.sqrt(scale * variance)
    values = truth @ np.stack([np.ones(years), time]) + chance
    values[generator.random(values.shape) < 0.1] = np.nan
    return truth, values, variance, time


def test_intervals_of_level_and_trend_cover_what_they_promise():
    covered = []
    for seed in range(6):  # 2400 schools in all
        truth, values, variance, time = simulate(seed)
        lines = fit_lines(values, variance, time)
        apart = np.abs(lines.mean - truth) / np.sqrt(lines.variance[:, [0, 1], [0, 1]])
        covered.append((apart < 1.96).mean(axis=0))
        assert lines.scale == pytest.approx(0.5, rel=0.15)
    assert 100 * np.mean(covered, axis=0) == pytest.approx([95, 95], abs=2)


def test_estimates_are_nearer_the_truth_than_raw_values():
    truth, values, variance, time = simulate(7)
    lines, known = fit_lines(values, variance, time), ~np.isnan(values[:, -1])
    raw = np.mean((values[known, -1] - truth[known, 0]) ** 2)
    assert np.mean((lines.mean[known, 0] - truth[known, 0]) ** 2) < 0.8 * raw
    assert lines.centre == pytest.approx(CENTRE, abs=0.03)


def test_the_more_chance_the_more_a_school_leans_on_its_group():
    _, values, variance, time = simulate(8)
    values[:2] = 0.1
    variance[0], variance[1] = 0.0001, 0.1
    lines = fit_lines(values, variance, time)
    assert lines.mean[0, 0] == pytest.approx(0.1, abs=0.01)
    assert lines.mean[1, 0] > 0.15
    assert lines.variance[1, 0, 0] > 10 * lines.variance[0, 0, 0]


def test_a_single_year_has_a_level_and_no_trend():
    _, values, variance, _ = simulate(9, years=1)
    lines = fit_lines(values, variance, np.zeros(1))
    known = ~np.isnan(values[:, 0])
    assert np.abs(lines.mean[:, 1]).max() < 1e-6
    assert lines.mean[known, 0].std() < np.nanstd(values)


def test_every_ranked_school_has_a_row(methodology):
    contract = region()
    found = estimate_levels(Recount(identify_schools(contract, methodology), contract, methodology, 2020))
    assert (found.groupby("domain").size() == 8).all()
    results = found[found["domain"] == "results"].set_index("school_id")
    assert results["level"].is_monotonic_increasing
    assert (results["level_error"] > 0).all()
    spread = results["level"].max() - results["level"].min()
    assert spread < 1e-6 + results["raw"].max() - results["raw"].min()


def test_without_settings_there_are_no_levels(methodology):
    silent, contract = methodology.model_copy(update={"certainty": None}), region()
    assert estimate_levels(Recount(identify_schools(contract, silent), contract, silent, 2020)).empty
