from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from builders import change_rules, region, result, school, tables
from scipy.stats import sobol_indices, uniform

from effschool.certainty.chance import draw_year
from effschool.certainty.resampling import hold_statuses, narrow, observe, recompute, take_own_method
from effschool.certainty.sampling import Recount, build_sampler, estimate_ties, lay_cells, plan_repeats
from effschool.certainty.stability import (
    BORDERLINE,
    CHANCE,
    METHODICAL,
    STABLE,
    Evaluated,
    add_verdicts,
    assess_lists,
    attribute_variance,
    find_block_procedures,
    list_readings,
    list_samplers,
    measure_stability,
    mix_columns,
    split_columns,
)
from effschool.method.identify import identify_schools


def recount(contract, methodology, year=2020, **options):
    return Recount(identify_schools(contract, methodology), contract, methodology, year, **options)


def build_region(generator, number=120, pupils=15):
    """Region of schools with known true shares in two subjects, the same in three years."""
    years, level = (2018, 2019, 2020), generator.beta(2, 8, number)
    schools = [school(f"{place:03}", year) for place in range(number) for year in years]
    rows = []
    for row in schools:
        failed = generator.binomial(pupils, level[int(row["school_id"])], 2)
        rows += [
            result(row["school_id"], row["year"], (count, pupils - count, 0, 0), subject=subject)
            for count, subject in zip(failed, ("русский язык", "математика"), strict=True)
        ]
    return tables(schools=schools, results=rows), level


def keep_fails(methodology):
    """The methodology with the two shares of «2» alone, the only ones whose truth the region knows."""
    kept = tuple(item for item in methodology.domains["results"].indicators if item.id in ("oge_rus_2", "oge_math_2"))
    return change_rules(methodology, "results", indicators=kept)


def redraw_members(seed, methodology):
    """How often members of ШНРО stay: as foretold from their counts, and when redrawn from their true shares."""
    generator = np.random.default_rng(seed)
    contract, level = build_region(generator)
    asked = recount(contract, methodology)
    cells = lay_cells(asked, "results").keep_window()
    ties, own = estimate_ties(cells, asked.settings.draws), take_own_method(methodology, "results")
    truth = np.broadcast_to(level[cells.ids.astype(int)], cells.raw.shape).round(3)
    shape = (cells.participants, np.full(truth.shape, np.inf), truth)
    true = build_sampler(cells, shape, np.zeros(truth.shape), np.zeros(truth.shape), ties)
    members = hold_statuses(cells, observe(cells, methodology), methodology, own)["ШНРО"][:, 0]
    for sampler in (plan_repeats(cells, asked.settings.draws, ties), true):
        drawn = recompute(cells, partial(draw_year, sampler, generator, 300), narrow(own), methodology)
        yield hold_statuses(cells, drawn, methodology, own)["ШНРО"].mean(axis=1)[members]


def test_share_of_staying_is_what_other_pupils_of_the_same_schools_show(methodology):
    """The true shares are known: members redrawn from them stay about as often as was foretold."""
    foretold, stayed = zip(*(redraw_members(seed, keep_fails(methodology)) for seed in range(6)), strict=True)
    assert len(np.concatenate(stayed)) > 60
    assert 100 * np.concatenate(foretold).mean() == pytest.approx(100 * np.concatenate(stayed).mean(), abs=5)


def test_a_school_far_below_the_others_stays_and_one_at_the_border_does_not(methodology):
    contract, _ = build_region(np.random.default_rng(1), number=40)
    worst = contract["results"]["school_id"] == "000"
    contract["results"].loc[worst, ["mark_2", "mark_3"]] = [15, 0]
    rows = (
        measure_stability(recount(contract, methodology, draws=400)).rows.query("list == 'ШНРО'").set_index("school_id")
    )
    members = rows[rows["is_member"]]
    assert rows.loc["000", "stays_chance_pct"] > 99
    assert rows.loc["000", "verdict"] == STABLE
    assert (rows["driver"] == "").any()
    assert (rows.loc[rows["stays_method_pct"].between(20, 80), "driver"] != "").all()
    assert members["stays_chance_pct"].min() < 80
    assert rows.loc[~rows["is_member"], "verdict"].isna().all()


def test_the_same_figures_whatever_the_workers(methodology):
    contract, _ = build_region(np.random.default_rng(2), number=40)
    one, many = (measure_stability(recount(contract, methodology, draws=100, workers=each)) for each in (1, 3))
    pd.testing.assert_frame_equal(one.rows, many.rows)
    pd.testing.assert_frame_equal(one.drivers, many.drivers)


def test_attribution_is_that_of_scipy_on_discrete_choices():
    """A sum of a continuous factor, a choice of three and a toss, cut to yes or no."""

    def decide(x):
        choice = np.floor(3 * x[1])
        return ((x[0] + 0.5 * choice + (x[2] < 0.5)) > 1.2).astype(float)

    number = 4096
    generator = np.random.default_rng(3)
    one, two = generator.random((3, number)), generator.random((3, number))
    names = (CHANCE, "normalisation", "trimmed")
    columns = np.stack([mix_columns(name, names, one[place], two[place]) for place, name in enumerate(names)])
    found = split_columns(names, decide(columns)[None] > 0.5, number)
    first, total = attribute_variance(found)
    known = sobol_indices(func=decide, n=2**14, dists=[uniform(), uniform(), uniform()], rng=np.random.default_rng(4))
    assert first[0] == pytest.approx(known.first_order, abs=0.06)
    assert total[0] == pytest.approx(known.total_order, abs=0.06)


def test_design_changes_one_factor_at_a_time():
    names = (CHANCE, "weights", "trimmed")
    one, two = np.array([1, 2]), np.array([8, 9])
    assert mix_columns("weights", names, one, two).tolist() == [1, 2, 8, 9, 1, 2, 8, 9, 1, 2, 1, 2, 8, 9]
    assert mix_columns(CHANCE, names, one, two).tolist() == [1, 2, 8, 9, 8, 9, 1, 2, 1, 2, 1, 2, 8, 9]


def test_membership_that_never_changes_has_no_driver():
    still = np.ones((1, 8), dtype=bool)
    found = Evaluated((CHANCE, "weights"), still, still, np.ones((2, 1, 8), dtype=bool), still)
    assert np.isnan(attribute_variance(found)).all()


def test_choices_that_a_methodology_does_not_have_are_not_drawn(methodology, methodologies):
    asked = recount(region(), methodology)
    results, social = (lay_cells(asked, domain) for domain in ("results", "social"))
    assert "literal" in list_samplers(results, asked)
    assert "rule" not in list_samplers(results, asked)
    assert list_readings(asked) == ("last2_or_all3",)
    assert "without_block" not in list_samplers(social, asked)
    kept = replace(results, indicators=tuple(item for item in results.indicators if item.block != "vpr"))
    assert "without_block" not in list_samplers(kept, asked)


def test_procedures_of_the_block_are_found_by_what_they_are_counted_over(methodology):
    found = find_block_procedures(methodology, "vpr")
    assert found.tolist() == [item.id.startswith("vpr") for item in methodology.fioko.procedures]


@pytest.mark.parametrize(
    ("chance", "method", "verdict"),
    [(80, 75, STABLE), (79.9, 75, BORDERLINE), (100, 74.9, METHODICAL), (71, 90, BORDERLINE)],
)
def test_verdict_follows_the_cuts_of_the_file(methodology, chance, method, verdict):
    rows = pd.DataFrame(
        {"is_member": [True], "stays_chance_pct": [chance], "stays_method_pct": [method], "driver": ["weights"]}
    )
    made = add_verdicts(rows, methodology.certainty.verdicts).iloc[0]
    assert made["verdict"] == verdict
    assert verdict in made["stability_sentence"]
    assert ("веса показателей" in made["stability_sentence"]) == (verdict == METHODICAL)


def test_lists_are_assessed_whole_and_without_settings_not_at_all(methodology):
    found = assess_lists(recount(region(), methodology, draws=50))
    assert found.rows["chance_sentence"].notna().all()
    assert set(found.rows["list"]) == {"ШНРО", "группа риска", "стабильно высокие", "ШНСУ", "благоприятные", "ШНОР"}
    assert set(found.drivers.columns) == {"list", "factor", "first_pct", "total_pct"}
    silent = methodology.model_copy(update={"certainty": None})
    assert assess_lists(recount(region(), silent)).rows.empty
