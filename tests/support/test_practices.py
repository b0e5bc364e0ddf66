"""Candidates of best practice: beyond chance, over the years, with what chance alone would give."""

import numpy as np
import pandas as pd
import pytest

from effschool.support.practices import find_chance_share, find_practices, is_lasting
from effschool.support.projects import Lasting

RULES = Lasting(years=4, kept=0.33, source="тест")
YEARS = np.arange(2019.0, 2024.0)


@pytest.mark.parametrize(
    ("values", "lasts"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], True),
        ([0.1, 0.1, 0.1, 0.1, 0.5], False),  # один год
        ([0.1, 0.2, 0.3, 0.4, np.nan], True),
        ([0.1, 0.2, 0.3, np.nan, np.nan], False),  # три года
        ([0.5, 0.4, 0.3, 0.2, 0.1], False),
        ([0.3, 0.1, 0.3, 0.2, 0.4], False),
    ],
)
def test_lasting_is_not_one_year(values, lasts):
    assert is_lasting(YEARS, np.array(values), RULES) == lasts


def find(methodology, trends, rises=(0.1, 0.2, 0.3, 0.4, 0.5), taking=()):
    levels = pd.DataFrame(
        [(2023, code, domain, trend, 0.01) for code, trend in trends.items() for domain in ("results", "social")],
        columns=["year", "school_id", "domain", "trend", "trend_error"],
    )
    paths = pd.DataFrame(
        [(int(year), code, value) for code in trends for year, value in zip(YEARS, rises, strict=True)],
        columns=["year", "school_id", "results_index"],
    )
    return find_practices(levels, paths, pd.DataFrame({"school_id": list(taking)}), methodology, RULES)


def test_trend_has_to_be_beyond_chance(methodology):
    found = find(methodology, {"01": 0.03, "02": 0.019, "03": -0.03, "04": 0.0197}, taking=["04"])
    assert found["school_id"].tolist() == ["01", "04"]
    assert found["is_participant"].tolist() == [False, True]
    assert (found["chance"] < find_chance_share(methodology)).all()
    assert found["years"].tolist() == [5, 5]


def test_rise_of_one_year_is_no_practice(methodology):
    assert find(methodology, {"01": 0.03}, rises=(0.1, 0.1, 0.1, 0.1, 0.5)).empty


def test_without_levels_there_are_none(methodology):
    assert find_practices(pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), methodology, RULES).empty


def test_chance_alone_is_the_upper_tail_of_the_interval(methodology):
    assert find_chance_share(methodology) == pytest.approx(0.025)


def test_where_nobody_rises_the_table_keeps_its_columns(methodology):
    found = find(methodology, {"01": 0.0, "02": -0.01})
    assert found.empty
    assert "school_id" in found
