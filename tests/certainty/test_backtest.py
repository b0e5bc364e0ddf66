import numpy as np
import pandas as pd
import pytest
from builders import table
from builders_report import identify_bands, listed, lists
from scipy import integrate, stats

from effschool.certainty.backtest import (
    BAND,
    LISTS,
    Listing,
    count_moves,
    follow_listed,
    follow_members,
    list_listings,
    predict_leaving,
)
from effschool.certainty.sampling import Recount
from effschool.method.methodology import WindowCondition

NOBODY = table("programme", [])
BANDS = {
    "01": {2019: "low", 2020: "low", 2021: "mid"},
    "02": {2019: "low", 2020: "low", 2021: "low"},
    "03": {2019: "low", 2020: "mid", 2021: "low"},
    "04": {2019: "low", 2020: None, 2021: "low"},
    "05": {2019: "high", 2020: "high", 2021: "mid"},
}


def recount(methodology, identified=None, **options):
    return Recount(identified or identify_bands(BANDS), {}, methodology, 2021, **options)


def test_those_listed_are_followed_into_the_next_year(methodology):
    moves = follow_members(recount(methodology), Listing(BAND, (WindowCondition(at_least=1),), 1), NOBODY)
    found = moves.set_index(["from_year", "school_id"])["is_out"].to_dict()
    # The fourth school is not ranked in 2020: it neither stayed nor left.
    assert found == {
        (2019, "01"): False,
        (2019, "02"): False,
        (2019, "03"): True,
        (2020, "01"): True,
        (2020, "02"): False,
    }


def test_a_school_that_turns_from_one_list_of_low_results_to_another_has_not_left(methodology):
    rows = [listed("01", 2020, results_status="ШНРО"), listed("02", 2020, results_status="группа риска")]
    rows += [listed("01", 2021), listed("02", 2021, results_status="ШНРО")]
    identified = identify_bands(BANDS, lists=lists(rows))
    (listing,) = [found for found in list_listings(methodology) if found.what == LISTS]
    moves = follow_members(recount(methodology, identified), listing, NOBODY)
    assert moves.set_index("school_id")["is_out"].to_dict() == {"01": True, "02": False}


def test_schools_of_the_programme_are_counted_apart(methodology):
    programme = pd.DataFrame({"school_id": ["01"], "entry_year": [2021]})
    moves = follow_members(recount(methodology), Listing(BAND, (WindowCondition(at_least=1),), 1), programme)
    counted = count_moves(moves, 0.5).set_index("from_year")
    assert counted.loc[2019, ["listed", "left", "helped", "helped_left"]].tolist() == [3, 1, 0, 0]
    assert counted.loc[2020, ["listed", "left", "helped", "helped_left"]].tolist() == [1, 0, 1, 1]
    assert counted.loc[2019, "predicted"] == 1.5


@pytest.mark.parametrize("reliability", [0.0, 0.6])
def test_prediction_is_that_of_the_normal_model(methodology, reliability):
    """Share leaving «three of three»: 1 − E[p⁴]/E[p³], p the chance to be low of a school of a known level."""
    cut = stats.norm.ppf(0.25)

    def moment(power):
        def weigh(level):
            low = stats.norm.cdf((cut - np.sqrt(reliability) * level) / np.sqrt(1 - reliability))
            return low**power * stats.norm.pdf(level)

        return integrate.quad(weigh, -8, 8)[0]

    listing = Listing(LISTS, (WindowCondition(at_least=3),), 3)
    found = predict_leaving(recount(methodology), listing, reliability, 0)
    assert found == pytest.approx(1 - moment(4) / moment(3), abs=0.03)


def test_in_a_region_of_nothing_but_chance_as_many_leave_as_foretold(methodology):
    generator = np.random.default_rng(1)
    bands = {f"{place:03}": {} for place in range(400)}
    for year in range(2012, 2022):
        low = set(generator.permutation(400)[:100])
        for place in range(400):
            bands[f"{place:03}"][year] = "low" if place in low else "mid"
    identified = identify_bands(bands)
    noise = identified.indices.assign(index=generator.random(len(identified.indices)))
    made = identified.__class__(**{**identified.__dict__, "indices": noise})
    found = follow_listed(recount(methodology, made), NOBODY).query("what == @BAND")
    assert len(found) == 9
    assert found["left"].sum() == pytest.approx(found["predicted"].sum(), rel=0.05)
    assert ((found["left"] >= found["least"]) & (found["left"] <= found["most"])).sum() >= 7


def test_nothing_is_said_where_reliability_is_unknown(methodology):
    found = follow_listed(recount(methodology, identify_bands({"01": {2021: "low"}})), NOBODY)
    assert isinstance(found, pd.DataFrame)
    assert found.empty
