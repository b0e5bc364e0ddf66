"""The programme's effect, above all on invented regions whose true effect is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from effschool.dynamics.effects import (
    FEW,
    NO_AFTER,
    NO_START,
    assess_programme,
    calibrate,
    estimate_effect,
    invent_region,
    lay_panel,
    match_cohorts,
    measure_balance,
    split_rise,
    try_placebo,
)
from effschool.dynamics.effects.estimate import fit_difference
from effschool.dynamics.effects.matching import PAIR_COLUMNS, list_after, list_contrasts, match_contrast, weigh_schools
from effschool.dynamics.effects.panel import NEVER

RUNS = 60
"""Of the 500 of `bench/effects.py`; the bounds follow from the number."""
SURE = 0.9995


@pytest.fixture(scope="module")
def rules(methodology):
    return methodology.effects


def change(rules, **simulation):
    return rules.model_copy(update={"simulation": rules.simulation.model_copy(update=simulation)})


def invent(rules, run=0, effect=0.0):
    return invent_region(np.random.default_rng([run]), rules, effect)


# Does it tell the truth


@pytest.mark.parametrize("effect", [0.0, 0.3, 0.5])
def test_known_effect_is_found_and_the_interval_holds_it(rules, effect):
    found = calibrate(rules, effect, range(RUNS))
    error = found["estimate"].std() / RUNS**0.5
    assert abs(found["estimate"].mean() - effect) < stats.norm.ppf(SURE) * error
    least, most = stats.binom.ppf([1 - SURE, SURE], RUNS, rules.interval_pct / 100)
    assert least <= found["covers"].sum() <= most


def test_the_worst_rise_by_themselves_and_that_is_no_effect(rules):
    parts = []
    for run in range(20):
        panel = lay_panel(*invent(rules, run), rules)
        parts.append(split_rise(panel, match_cohorts(panel, rules, list_after(rules))))
    means = pd.DataFrame(parts).mean()
    assert means["rise"] > 0.4
    assert means["returned"] > 0.4
    assert abs(means["effect"]) < 0.1
    assert means["rise"] == pytest.approx(means[["returned", "common", "effect"]].sum())


def test_matching_on_the_start_would_find_harm_where_there_is_none(rules):
    """Why schools are matched on other years than the start."""
    found = []
    for run in range(20):
        panel = lay_panel(*invent(rules, run), rules)
        contrasts = [each for each in list_contrasts(panel, rules) if each.year - each.entry in list_after(rules)]
        wrong = [match_contrast(panel, replace(each, level=(each.base,)), rules) for each in contrasts]
        pairs = pd.DataFrame(dict(zip(PAIR_COLUMNS, np.concatenate(wrong, axis=1), strict=True)))
        pairs = pairs.astype(dict.fromkeys(PAIR_COLUMNS[:-1], "int64"))
        found.append(estimate_effect(pairs, panel.score, rules.interval_pct).estimate)
    assert np.mean(found) < -0.15


def test_invented_programmes_have_no_effect_though_the_true_one_has(rules):
    found = [try_placebo(*invent(change(rules, entries=(6,)), run, 2.0), rules, 36) for run in range(10)]
    assert {len(each) for each in found} == {rules.placebo_years}
    estimates = pd.concat(found)["estimate"].dropna()
    assert len(estimates) >= 10
    assert abs(estimates.mean()) < 3 * estimates.std() / len(estimates) ** 0.5


# Scale and error


def test_effect_of_the_programme_does_not_change_the_scale(rules):
    without, helped = (lay_panel(*invent(rules, 1, effect), rules).score for effect in (0.0, 0.5))
    paths, programme = invent(rules, 1)
    spread = paths[paths["year"] < programme["entry_year"].min()].groupby("year")["results_index"].std(ddof=0)
    difference = helped - without
    assert difference.max() == pytest.approx(0.5 / np.sqrt((spread**2).mean()))
    assert (np.abs(difference) > 1e-9).sum() == 36 * 3


def test_interval_is_that_of_welch_where_every_school_counts_once():
    own, other = np.array([0.9, 0.1, 0.4, 0.7, 0.2]), np.array([0.0, 0.3, -0.2, 0.1, 0.05, 0.4, -0.1])
    helped = np.repeat([1.0, 0.0], [5, 7])
    weight = np.where(helped == 1, 1 / 5, 1 / 7)
    schools = pd.DataFrame({"helped": helped, "weight": weight, "value": np.concatenate([own, other])})
    found = fit_difference(schools, 95)
    expected = stats.ttest_ind(own, other, equal_var=False)
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert (found.p_value, found.degrees) == pytest.approx((expected.pvalue, expected.df))


def test_difference_in_differences_by_hand():
    pairs = pd.DataFrame(
        {"entry_year": 2020, "year": 1, "base": 0, "selected": 0, "school": [0, 0, 1], "control": [2, 3, 3]}
    ).assign(weight=[0.5, 0.5, 1.0])
    values = np.array([[0, 3], [1, 2], [0, 1], [2, 2.5]])
    found = estimate_effect(pairs, values, 95)
    assert found.estimate == pytest.approx((3 + 1) / 2 - (0.25 * 1 + 0.75 * 0.5))
    assert (found.schools, found.controls) == (2, 2)


def test_every_start_counts_the_same(rules):
    panel = lay_panel(*invent(rules), rules)
    pairs = match_cohorts(panel, rules, list_after(rules))
    by_start = weigh_schools(pairs).groupby([pairs["year"], pairs["base"]]).sum().unstack()
    assert np.ptp(pairs.groupby(["year", "base"])["school"].nunique()) > 0
    assert np.ptp(by_start.to_numpy(), axis=1).max() < 1e-12
    assert by_start.to_numpy().sum() == pytest.approx(1)


# Who is compared with whom


@pytest.fixture(scope="module")
def staggered(rules):
    wider = change(rules, entries=(4, 5, 6), entrants=12)
    paths, programme = invent(wider, 3)
    paths.loc[paths["school_id"] > "000200", "group"] = "основные"
    return lay_panel(paths, programme, rules)


def test_nobody_is_compared_with_a_school_in_the_programme(rules, staggered):
    pairs = match_cohorts(staggered, rules, range(-4, 4))
    year = staggered.years[pairs["year"]]
    entry = staggered.entry[pairs["control"]]
    assert (entry > np.maximum(year, pairs["entry_year"])).all()
    assert ((entry != NEVER) & (entry > year)).any()
    assert (staggered.entry[pairs["school"]] == pairs["entry_year"]).all()


def test_start_and_year_looked_at_are_no_ground_for_matching(rules, staggered):
    for each in list_contrasts(staggered, rules):
        assert not {each.base, each.year} & set(each.level)
        assert each.base < each.selected < each.entry
        assert max(each.level) <= each.selected


def test_comparable_schools_are_close_in_everything(rules, staggered):
    pairs = match_cohorts(staggered, rules, list_after(rules))
    last = pairs["selected"]
    assert (staggered.exact[pairs["school"], last] == staggered.exact[pairs["control"], last]).all()
    for name, most in (("social", rules.matching.social_sd), ("size", np.log(rules.matching.size_times))):
        apart = staggered.traits[name][pairs["school"], last] - staggered.traits[name][pairs["control"], last]
        assert np.abs(apart).max() <= most + 1e-9
    assert (pairs.groupby(["school", "year", "base"]).size() <= rules.matching.matches).all()


def test_matching_makes_schools_alike(rules, staggered):
    balance = measure_balance(staggered, match_cohorts(staggered, rules, list_after(rules)), rules).set_index("trait")
    assert list(balance.index) == ["results", "selected", "social", "size", "village"]
    assert abs(balance.loc["results", "before"]) > 1
    assert (balance["after"].abs()[["results", "social"]] < balance["before"].abs()[["results", "social"]] / 2).all()
    assert balance.loc["village", "after"] == pytest.approx(0)


# What cannot be judged


def test_few_schools_and_missing_years_are_reasons(rules):
    paths, programme = invent(rules)
    first, last = paths["year"].min(), paths["year"].max()
    others = programme["school_id"].tolist()
    moved = pd.DataFrame(
        {"school_id": others[:27], "entry_year": [first + 1] * 12 + [last] * 10 + [last - 2] * 5, "project": "500+"}
    )
    found = assess_programme(paths, no_indicators(), moved, rules)
    reasons = found.cohorts.set_index("entry_year")["reason"].to_dict()
    assert reasons == {first + 1: NO_START, last: NO_AFTER, last - 2: FEW}
    assert not found.is_enough
    assert found.summary.loc[0, ["entered", "schools"]].tolist() == [27, 5]
    assert found.placebo.empty
    assert found.balance.empty


def no_indicators():
    return pd.DataFrame({"year": [], "school_id": [], "domain": [], "indicator": [], "raw": []})


def test_region_without_a_programme_has_nothing_to_judge(rules):
    paths, programme = invent(rules)
    found = assess_programme(paths, no_indicators(), programme.head(0), rules)
    assert found.cohorts.empty
    assert found.summary["entered"].tolist() == [0]
    assert not found.is_enough
    assert assess_programme(paths, no_indicators(), programme, None).summary.empty


def test_missing_years_and_traits_are_no_zero(rules):
    paths, programme = invent(rules, 5, 0.5)
    whole = assess_programme(paths, no_indicators(), programme, rules).summary.iloc[0]
    holes = paths.assign(social_index=np.nan)
    holes.loc[holes["year"] == holes["year"].max(), "results_index"] = np.nan
    before = holes.copy()
    found = assess_programme(holes, no_indicators(), programme, rules)
    assert found.summary["schools"].iloc[0] >= whole["schools"] - 3
    assert "social" not in set(found.balance["trait"])
    assert found.events["time"].max() == 2
    pd.testing.assert_frame_equal(holes, before)


def test_indicators_are_compared_in_their_own_unit(rules):
    paths, programme = invent(rules, 2, 1.0)
    raw = 50 - 10 * paths["results_index"]
    values = paths[["year", "school_id"]].assign(domain="results", indicator="oge_rus_2", raw=raw)
    found = assess_programme(paths, values, programme, rules)
    own, summary = found.indicators.iloc[0], found.summary.iloc[0]
    spread = paths[paths["year"] < programme["entry_year"].min()].groupby("year")["results_index"].std(ddof=0)
    assert own["estimate"] == pytest.approx(-10 * np.sqrt((spread**2).mean()) * summary["estimate"])
    assert own["schools"] == summary["schools"]


def test_events_show_no_effect_before_and_the_effect_after(rules):
    paths, programme = invent(rules, 4, 0.5)
    found = assess_programme(paths, no_indicators(), programme, rules)
    events = found.events.set_index("time")
    assert {-4, -3, -2, -1, 0, 1, 2, 3} == set(events.index)
    assert events.loc[1:, "estimate"].mean() == pytest.approx(0.5, abs=0.3)
    assert events.loc[-4:-2, "estimate"].abs().max() < 0.35
    assert events.loc[-1, "estimate"] < -0.3
