from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from builders import change_rules, exam, region, result, school, tables
from scipy import stats

from effschool.certainty.sampling import (
    EXACT_UP_TO,
    REACH,
    STEPS,
    Recount,
    Ties,
    correlate_changes,
    estimate_ties,
    lay_cells,
    plan_ordinary,
    plan_repeats,
    run_blocks,
    size_block,
    tabulate_quantiles,
)
from effschool.method.identify import identify_schools
from effschool.method.methodology import ShareIndicator


def recount(tables, methodology, year=2020, **options):
    return Recount(identify_schools(tables, methodology), tables, methodology, year, **options)


@pytest.fixture
def cells(methodology):
    return lay_cells(recount(region(), methodology), "results")


def read_row(total, first, second):
    table = tabulate_quantiles(*(np.array([float(value)]) for value in (total, first, second)))
    score = (np.arange(table.shape[1]) + 0.5) / STEPS - REACH
    return table[0], stats.norm.pdf(score) / stats.norm.pdf(score).sum()


@pytest.mark.parametrize(("total", "share"), [(1, 0.2), (10, 0.2), (30, 0.05), (100, 0.5)])
def test_tabulated_counts_have_exact_binomial_tails(total, share):
    counts, weight = read_row(total, np.inf, share)
    for least in range(total + 1):
        assert weight[counts >= least].sum() == pytest.approx(stats.binom.sf(least - 1, total, share), abs=0.002)


@pytest.mark.parametrize(("total", "a", "b"), [(10, 0.5, 10.5), (40, 3.2, 37.8), (EXACT_UP_TO, 30.0, 171.0)])
def test_tabulated_counts_have_exact_beta_binomial_tails(total, a, b):
    counts, weight = read_row(total, a, b)
    for least in range(0, total + 1, 3):
        exact = stats.betabinom.sf(least - 1, total, a, b)
        assert weight[counts >= least].sum() == pytest.approx(exact, abs=0.002)


def test_counts_of_many_pupils_are_expanded_closely():
    counts, weight = read_row(600, 30.1, 570.9)
    for least in range(10, 60, 5):
        exact = stats.betabinom.sf(least - 1, 600, 30.1, 570.9)
        assert weight[counts >= least].sum() == pytest.approx(exact, abs=0.01)


def test_drawn_shares_are_possible_and_have_the_observed_mean(cells, methodology):
    ties = estimate_ties(cells, methodology.certainty.draws)
    alone = replace(ties, lasting=0 * ties.lasting)
    drawn = plan_repeats(cells, methodology.certainty.draws, alone).draw(np.random.default_rng(1), 0, 4000)
    place = [item.id for item in cells.indicators].index("oge_rus_2")
    total, raw = cells.participants[0, place], cells.raw[0, place]
    counts = drawn[place] * total[:, None] / 100
    assert np.allclose(counts, np.rint(counts), atol=1e-3)
    assert counts.min() >= 0
    assert (counts <= total[:, None] + 1e-3).all()
    ordinary = (raw * total).sum() / total.sum()
    assert drawn[place].mean(axis=1) == pytest.approx((raw * total + ordinary) / (total + 1), abs=1)


def test_drawn_indicators_are_tied_as_asked(cells):
    number, schools = len(cells.indicators), len(cells.ids)
    correlation = np.full((number, number), 0.5) + 0.5 * np.eye(number)
    sampler = plan_ordinary(cells, Ties(correlation, np.ones(number), np.zeros(number)))
    drawn = sampler.draw(np.random.default_rng(2), 0, 5000)
    one, two = ([item.id for item in cells.indicators].index(name) for name in ("oge_rus_5", "oge_math_5"))
    found = [np.corrcoef(drawn[one, place], drawn[two, place])[0, 1] for place in range(schools)]
    assert np.mean(found) == pytest.approx(0.5, abs=0.05)  # counts blur it a little


def test_correlation_is_found_again_and_taken_as_zero_for_want_of_pairs():
    generator = np.random.default_rng(3)
    changes = generator.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], 2000)
    assert correlate_changes(changes, 30)[0, 1] == pytest.approx(0.6, abs=0.05)
    assert correlate_changes(changes[:29], 30)[0, 1] == pytest.approx(0, abs=1e-9)


def test_correlation_that_cannot_be_is_mended():
    changes = np.random.default_rng(4).standard_normal((100, 3))
    changes[:40, 2], changes[40:70, 1], changes[70:, 0] = np.nan, np.nan, np.nan
    changes[:40, 1], changes[40:70, 2], changes[70:, 2] = changes[:40, 0], changes[40:70, 0], -changes[70:, 1]
    mended = correlate_changes(changes, 10)
    assert np.linalg.eigvalsh(mended).min() > 0
    assert np.diag(mended) == pytest.approx(1)


def test_spread_of_one_pupil_comes_from_changes_between_years(methodology):
    generator = np.random.default_rng(5)
    schools = [school(f"{place:03}", year) for place in range(200) for year in (2018, 2019, 2020)]
    exams = [
        exam(row["school_id"], row["year"], participants=25, mean_score=60 + generator.normal(0, 10 / 5))
        for row in schools
    ]
    found = lay_cells(recount(tables(schools=schools, results=exams), methodology), "results")
    ties = estimate_ties(found, methodology.certainty.draws)
    place = [item.id for item in found.indicators].index("ege_rus_gap")
    assert ties.spread[place] == pytest.approx(10, rel=0.1)


def test_schools_that_closed_stay_in_the_years_they_were_in(methodology):
    made = region()
    made["schools"] = made["schools"].query("school_id != '01' or year < 2020")
    made["results"] = made["results"].query("school_id != '01' or year < 2020")
    made["social"] = made["social"].query("school_id != '01' or year < 2020")
    found = lay_cells(recount(made, methodology), "results")
    place = found.ids.get_loc("01")
    assert found.group[:, place].tolist() == [0, 0, -1]
    assert found.participants[2, :, place].sum() == 0


def test_a_year_without_its_window_or_a_methodology_without_settings_gives_nothing(methodology):
    assert lay_cells(recount(region(), methodology, 2019), "results") is None
    silent = methodology.model_copy(update={"certainty": None})
    assert lay_cells(recount(region(), silent), "results") is None
    with pytest.raises(ValueError, match="нет раздела certainty"):
        _ = recount(region(), silent).settings


def test_blocks_have_seeds_of_their_own_and_workers_change_nothing():
    def draw(generator, size):
        return generator.random(size)

    one, many = (run_blocks(draw, (50, 8), (7, 1), workers) for workers in (1, 4))
    assert [len(block) for block in one] == [8] * 6 + [2]
    assert all((a == b).all() for a, b in zip(one, many, strict=True))
    assert len(np.unique(np.concatenate(one))) == 50
    assert not np.array_equal(one[0], run_blocks(draw, (50, 8), (7, 2))[0])


def test_blocks_keep_their_size_whatever_the_number_of_schools(cells):
    many = replace(cells, raw=np.zeros((3, 21, 40_000)))
    assert size_block(cells) * cells.raw[0].size <= 1_500_000 < (size_block(cells) + 1) * cells.raw[0].size
    assert size_block(many) == 16


def test_a_mean_is_drawn_about_its_own_value(methodology):
    means = change_rules(
        methodology,
        "results",
        indicators=tuple(
            item for item in methodology.domains["results"].indicators if not isinstance(item, ShareIndicator)
        ),
    )
    found = lay_cells(recount(region(), means), "results")
    sampler = plan_repeats(found, methodology.certainty.draws, Ties(np.eye(7), np.full(7, 2.0), np.zeros(7)))
    drawn = sampler.draw(np.random.default_rng(6), 0, 4000)
    place = [item.id for item in found.indicators].index("oge_rus_gap")
    assert drawn[place].mean(axis=1) == pytest.approx(found.raw[0, place], abs=0.1)
    total = found.participants[0, place]
    assert drawn[place].std(axis=1) == pytest.approx(2 * np.sqrt((1 + total / (total + 1)) / total), rel=0.05)


def test_pupils_of_an_ordinary_school_are_those_of_its_group(methodology):
    schools = [
        school(f"{kind}{place}", year, type=kind)
        for kind in ("средняя", "основная")
        for place in range(6)
        for year in (2018, 2019, 2020)
    ]
    marks = {"средняя": (1, 3, 3, 3), "основная": (5, 3, 1, 1)}
    rows = [result(row["school_id"], row["year"], marks[row["type"]]) for row in schools]
    found = lay_cells(recount(tables(schools=schools, results=rows), methodology), "results")
    sampler = plan_ordinary(found, estimate_ties(found, methodology.certainty.draws))
    drawn = sampler.draw(np.random.default_rng(8), 2, 3000)
    place = [item.id for item in found.indicators].index("oge_rus_2")
    mean = pd.Series(drawn[place].mean(axis=1), index=found.ids).groupby(lambda name: name[:-1]).mean()
    assert mean.to_dict() == pytest.approx({"основная": 50, "средняя": 10}, abs=1)


def build_lasting(generator, change):
    """Schools whose true share moves by `change` from year to year."""
    rows, schools = [], []
    for place in range(300):
        level = generator.uniform(0.2, 0.5)
        for year in (2018, 2019, 2020):
            failed = generator.binomial(40, np.clip(level + generator.normal(0, change), 0, 1))
            schools.append(school(f"{place:03}", year))
            rows.append(result(f"{place:03}", year, (failed, 40 - failed, 0, 0)))
    return tables(schools=schools, results=rows)


def test_other_years_tell_as_much_as_results_last(methodology):
    generator, found = np.random.default_rng(9), []
    for change in (0.0, 0.08, 0.3):
        cells = lay_cells(recount(build_lasting(generator, change), methodology), "results")
        place = [item.id for item in cells.indicators].index("oge_rus_2")
        found.append(estimate_ties(cells, methodology.certainty.draws).lasting[place])
    assert found[0] > 0.8
    assert found[1] == pytest.approx(1 / (1 + 2 * 40 * 0.08**2 / 0.22), abs=0.12)
    assert found[2] < 0.15


def test_other_years_narrow_what_is_known_of_a_school(methodology):
    cells = lay_cells(recount(region(), methodology), "results")
    ties = estimate_ties(cells, methodology.certainty.draws)
    place = [item.id for item in cells.indicators].index("oge_rus_2")
    spreads = []
    for weight in (0.0, 1.0):
        sampler = plan_repeats(cells, methodology.certainty.draws, replace(ties, lasting=np.full(21, weight)))
        spreads.append(sampler.draw(np.random.default_rng(1), 0, 3000)[place].std(axis=1)[1:-1].mean())
    assert spreads[1] < 0.9 * spreads[0]
