import numpy as np
import pytest
from scipy import stats

from effschool.report.portfolio import list_municipalities, open_portfolio
from effschool.report.queries import (
    BETTER,
    CHANCE,
    FIRM,
    SAME,
    STEPS,
    UNSURE,
    WORSE,
    find_extremes,
    judge_indicators,
    name_step,
    name_sureness,
    name_verdicts,
    say_sureness,
    score_change,
    score_share,
    span_chance,
)


@pytest.mark.parametrize(("count", "number", "expected"), [(1, 8, 3.0), (5, 16, 12.0), (0, 30, 30.0), (12, 12, 90.0)])
def test_share_is_judged_by_the_exact_binomial_test(count, number, expected):
    (score,) = score_share([100 * count / number], [number], [expected])
    tail = min(stats.binom.cdf(count, number, expected / 100), stats.binom.sf(count - 1, number, expected / 100), 0.5)
    assert abs(score) == pytest.approx(stats.norm.isf(tail), abs=1e-9)
    assert (score > 0) == (count / number > expected / 100)


def test_one_of_eight_is_not_beyond_chance():
    assert score_share([12.5], [8], [1.4])[0] < 1.96


@pytest.mark.parametrize(("share", "people", "expected"), [(np.nan, 5, 10), (10, 0, 10), (10, 5, np.nan), (10, 5, 0)])
def test_what_cannot_be_compared_has_no_score(share, people, expected):
    assert np.isnan(score_share([share], [people], [expected])[0])
    assert name_verdicts([np.nan], 1.96)[0] is None


def test_change_is_judged_by_fishers_test():
    (score,) = score_change([50.0], [20], [25.0], [20])
    assert score == pytest.approx(stats.norm.isf(stats.fisher_exact([[10, 10], [5, 15]], alternative="greater").pvalue))
    assert np.isnan(score_change([0.0], [20], [0.0], [20])[0])


def test_span_of_chance_holds_what_is_not_beyond_it(methodology):
    low, high = span_chance([10.0], [40], methodology)
    for count in range(41):
        verdict = name_verdicts(score_share([100 * count / 40], [40], [10.0]), 1.96)[0]
        assert (verdict == SAME) == (low[0] <= 100 * count / 40 <= high[0]), count


def test_extremes_are_never_of_vpr_and_are_beyond_chance(demo):
    seen = 0
    for name in list_municipalities(demo, 2023):
        judged = judge_indicators(open_portfolio(demo, name, 2023), "results")
        worst, best = find_extremes(judged)
        for row, verdict in ((worst, WORSE), (best, BETTER)):
            if row is not None:
                seen += 1
                assert row["verdict"] == verdict
                assert not row["indicator"].startswith("vpr")
                others = judged[(judged["verdict"] == verdict) & ~judged["is_caveated"]]
                assert abs(row["worse_by"]) == others["worse_by"].abs().max()
    assert seen


@pytest.mark.parametrize(
    ("verdict", "stays", "step"),
    [("устойчиво", 81, 0), ("погранично", 70, 1), ("зависит от метода", 99, 1), ("погранично", 14, 2)],
)
def test_three_steps_mean_what_they_say(verdict, stays, step):
    assert name_step(verdict, stays) == STEPS[step]


def test_every_listed_school_has_a_step(demo):
    for name in list_municipalities(demo, 2023):
        portfolio = open_portfolio(demo, name, 2023)
        sure = portfolio.workspace.certainty
        listed = sure[sure["is_member"].astype(bool) & sure["list"].isin(portfolio.watched)]
        listed = listed[(listed["year"] == 2023) & listed["school_id"].isin(portfolio.schools["school_id"])]
        found = name_sureness(portfolio, portfolio.schools)
        pairs = {(school, name) for school, lists in found.items() for name in lists}
        assert pairs == set(zip(listed["school_id"], listed["list"], strict=True))
        for steps in found.values():
            assert all(name in say_sureness(steps, steps) for name in steps)


def test_lists_are_told_by_their_sureness_and_what_has_none_last():
    assert say_sureness(["ШНРО", "ШНСУ", "ШНОР"], {"ШНРО": UNSURE, "ШНСУ": FIRM, "ШНОР": UNSURE}) == (
        "ШНСУ — твёрдо; ШНРО, ШНОР — под вопросом"
    )
    assert say_sureness(["стабильно высокие", "ШНСУ"], {"ШНСУ": CHANCE}) == "ШНСУ — скорее случайно; стабильно высокие"
    assert say_sureness([], {}) == ""
