"""Windows of years: policies for missing years, band of the mean, lag flags; the plain rules are in test_lists."""

import pandas as pd
import pytest
from builders import indices

from effschool.method.methodology import Window, WindowCondition, WindowRule
from effschool.method.windows import (
    Standing,
    band_means,
    count_lags,
    is_covered,
    list_covered_years,
    satisfy_rule,
    view_window,
)

LETTERS = {"L": "low", "M": "mid", "H": "high"}
NO_LAGS = pd.Series(dtype="int64")
ALL_THREE = WindowRule(title="все три", any_of=(WindowCondition(at_least=3),))


def spell(text, first=2018):
    """«LM-» is low, mid and not ranked from the first year on; a space is a year without a row."""
    return {first + place: LETTERS.get(letter) for place, letter in enumerate(text) if letter != " "}


def use_window(methodology, **window):
    lists = methodology.lists.model_copy(update={"window": Window(length=3, **window)})
    return methodology.model_copy(update={"lists": lists})


def look(methodology, bands, year, lags=NO_LAGS):
    table = indices({name: spell(text) for name, text in bands.items()})
    schools = pd.DataFrame({"school_id": list(bands), "group": "средние"})
    return view_window(Standing(table, lags), schools, year, "results", methodology)


@pytest.mark.parametrize(
    ("text", "listed"),
    [("L-LL", True), ("LL-L", True), ("LLL ", True), ("-LLL", True), ("L--LL", False), ("M-LL", False)],
)
def test_last_years_with_data_stand_in_for_a_missing_year(methodology, text, listed):
    rules = use_window(methodology, policy="last_with_data", max_span=4)
    view = look(rules, {"01": text, "02": "MMMMM"}, 2021)
    assert satisfy_rule(view, "low", ALL_THREE).tolist() == [listed, False]


@pytest.mark.parametrize(
    ("text", "listed"),
    [("ML-L", True), ("LL-M", False), ("LM-L", False), ("MLL ", True), ("M-LL", True), ("L--L", True), ("---L", False)],
)
def test_last_two_are_the_last_two_years_with_data_in_their_order(methodology, text, listed):
    rules = use_window(methodology, policy="last_with_data", max_span=4)
    rule = WindowRule(title="последние два", any_of=(WindowCondition(last=2),))
    view = look(rules, {"01": text, "02": "MMMM"}, 2021)
    assert satisfy_rule(view, "low", rule).tolist() == [listed, False]


def test_without_the_policy_the_last_two_are_those_of_the_calendar(methodology):
    rule = WindowRule(title="последние два", any_of=(WindowCondition(last=2),))
    assert satisfy_rule(look(methodology, {"01": "ML-L", "02": "M-LL"}, 2021), "low", rule).tolist() == [False, True]


@pytest.mark.parametrize(
    "window", [{}, {"policy": "last_with_data", "max_span": 4}, {"years": {2021: (2018, 2019, 2020)}}]
)
def test_ranked_is_of_the_report_year_itself(methodology, window):
    """Neither of the last year of the window, nor of the last with data, nor of the last that the region has."""
    rules = use_window(methodology, **window)
    rule = WindowRule(title="ранжирована", any_of=(WindowCondition(ranked=True),))
    view = look(rules, {"before": "LLL-L", "now": "---L ", "never": "---  ", "all": "MMMMM"}, 2021)
    assert view.ranked.tolist() == [False, True, False, True]
    assert satisfy_rule(view, None, rule).tolist() == [False, True, False, True]


def test_explicit_window_is_its_years_whatever_the_policy(methodology):
    rules = use_window(methodology, policy="last_with_data", max_span=4, years={2021: (2018, 2020, 2021)})
    view = look(rules, {"hole": "LL-L", "late": "-LLL", "02": "MMMM"}, 2021)
    assert view.bands.tolist() == [["low", None, "low"], [None, "low", "low"], ["mid", "mid", "mid"]]


def test_year_without_data_has_no_lists_of_the_last_years_with_data(methodology):
    rules = use_window(methodology, policy="last_with_data", max_span=5)
    assert not is_covered(rules.lists.window, 2022, {2018, 2019, 2020, 2021})
    assert is_covered(rules.lists.window, 2021, {2018, 2019, 2020, 2021})


def test_consecutive_window_does_not_look_behind_a_missing_year(methodology):
    view = look(methodology, {"01": "L-LL", "02": "MMMM"}, 2021)
    assert not satisfy_rule(view, "low", ALL_THREE).any()


def test_span_limits_how_far_back_a_window_reaches(methodology):
    bands = {"01": "L--LL", "02": "MMMMM"}
    short, long = (use_window(methodology, policy="last_with_data", max_span=span) for span in (4, 5))
    assert not satisfy_rule(look(short, bands, 2022), "low", ALL_THREE)[0]
    assert satisfy_rule(look(long, bands, 2022), "low", ALL_THREE)[0]


def test_years_are_covered_when_enough_of_them_have_data(methodology):
    table = indices({"01": spell("L LLL")})
    assert list_covered_years(table, methodology) == [2022]
    assert list_covered_years(table, use_window(methodology, policy="last_with_data", max_span=4)) == [2021, 2022]
    assert list_covered_years(table, use_window(methodology, policy="last_with_data", max_span=3)) == [2022]


def test_band_of_the_mean_is_cut_among_the_means(methodology):
    names = [f"{place:02}" for place in range(1, 9)]
    rows = [
        indices({name: spell("MMM")}).assign(index=[value / 10, value / 10, 0.9])
        for value, name in enumerate(names, start=1)
    ]
    schools = pd.DataFrame({"school_id": [*names, "09"], "group": "средние"})
    standing = Standing(pd.concat([*rows, indices({"09": spell("M-M")})]), NO_LAGS)
    view = view_window(standing, schools, 2020, "results", methodology)
    # Eight means, k = 2; the ninth school was not ranked in every year.
    assert band_means(view).tolist() == ["low", "low", "mid", "mid", "mid", "mid", "high", "high", None]
    rule = WindowRule(title="среднее", any_of=(WindowCondition(mean=True),))
    assert satisfy_rule(view, "low", rule).tolist() == [True, True] + [False] * 7


def test_band_of_the_mean_is_cut_in_each_group_alone(methodology):
    """The best of a weak group is low among all and not in its own."""
    levels = {"средние": 0.6, "вечерние": 0.1}
    index = {f"{group}{place}": level + place / 100 for group, level in levels.items() for place in range(8)}
    rows = [indices({name: spell("MMM")}).assign(index=value) for name, value in index.items()]
    schools = pd.DataFrame({"school_id": [*index], "group": [name[:-1] for name in index]})
    view = view_window(Standing(pd.concat(rows), NO_LAGS), schools, 2020, "results", methodology)
    assert band_means(view).tolist() == (["low"] * 2 + ["mid"] * 4 + ["high"] * 2) * 2


@pytest.mark.parametrize(("gap", "lags"), [(-20.0 - 1e-12, 0), (-20.0 - 1e-6, 1)])
def test_rest_of_floating_point_is_no_lag(methodology, gap, lags):
    values = pd.DataFrame({"year": [2020], "school_id": "01", "indicator": "ege_rus_gap", "raw": [gap]})
    assert len(count_lags(values, methodology)) == lags


def test_lags_are_counted_beyond_the_threshold_only(methodology):
    values = pd.DataFrame(
        {
            "year": 2020,
            "school_id": ["01", "01", "02", "03"],
            "indicator": ["ege_rus_gap", "ege_math_gap", "ege_rus_gap", "ege_rus_fail"],
            "raw": [-20.5, -21.0, -20.0, -99.0],
        }
    )
    lags = count_lags(values, methodology)
    assert lags.to_dict() == {(2020, "01"): 2}
    view = look(methodology, {"01": "MMM", "02": "MMM"}, 2020, lags)
    rule = WindowRule(title="отставание", any_of=(WindowCondition(lags=2),))
    assert satisfy_rule(view, "low", rule).tolist() == [True, False]
