from functools import partial

import numpy as np
import pytest
from builders import change_bands, change_rules, region

from effschool.certainty.chance import take_observed
from effschool.certainty.resampling import (
    BAND_CODES,
    band_columns,
    find_medians,
    flag_procedures,
    hold_statuses,
    name_lists,
    narrow,
    normalise_columns,
    observe,
    rank_ties,
    recompute,
    score_columns,
    take_own_method,
)
from effschool.certainty.sampling import Recount, lay_cells, lay_procedures
from effschool.intake.ingest import read_contract
from effschool.method.bands import assign_bands
from effschool.method.fioko import compute_procedure_shares
from effschool.method.identify import identify_schools
from effschool.method.methodology import Aggregation, BandRules, list_methodologies, load_methodology

YEARS = (2022, 2023)


@pytest.fixture(scope="module")
def contract(demo_processed):
    return read_contract(demo_processed)


def check_agreement(contract, methodology, year):
    """The observed values, as one draw, give the indices, bands and lists of the real computation."""
    identified = identify_schools(contract, methodology)
    lists = identified.lists[identified.lists["year"] == year].set_index("school_id")
    checked = 0
    for domain in methodology.domains:
        cells = lay_cells(Recount(identified, contract, methodology, year), domain)
        redrawn = observe(cells, methodology)
        own = identified.indices[identified.indices["domain"] == domain]
        wide = own.pivot(index="year", columns="school_id", values="index").reindex(
            index=cells.years, columns=cells.ids
        )
        np.testing.assert_allclose(redrawn.index[:, :, 0], wide.to_numpy(), rtol=0, atol=1e-12)
        bands = own.assign(code=[BAND_CODES[band if isinstance(band, str) else None] for band in own["band"]])
        wide = bands.pivot(index="year", columns="school_id", values="code").reindex(
            index=cells.years, columns=cells.ids
        )
        assert (redrawn.bands[:, :, 0] == wide.fillna(0).to_numpy()).all()
        members = hold_statuses(cells, redrawn, methodology, take_own_method(methodology, domain))
        for name, flags in members.items():
            listed = lists.index[lists[f"{domain}_status"] == name]
            assert set(cells.ids[flags[:, 0]]) == set(listed), name
            checked += len(listed)
    return checked


@pytest.mark.parametrize("place", range(16))
def test_observed_values_give_the_lists_of_every_methodology(contract, methodologies, place):
    methodology = load_methodology(list_methodologies(methodologies)[place])
    checked = [check_agreement(contract, methodology, year) for year in YEARS]
    # Twenty points are out of reach in a region so small, and the rule of ФИОКО is no status.
    assert min(checked) > 0 or not name_lists(methodology, "results") or methodology.id.startswith("khabarovsk-2018")


@pytest.mark.parametrize("cut", ["spss", "floor", "ceil"])
def test_observed_values_give_the_lists_with_every_cut(contract, methodology, cut):
    assert check_agreement(contract, change_bands(methodology, cut=cut), 2023)


def test_observed_values_give_the_lists_of_a_geometric_mean(contract, methodology):
    changed = change_rules(methodology, "results", aggregation=Aggregation(kind="geometric"))
    assert check_agreement(contract, changed, 2023)


def test_single_precision_changes_no_band(contract, methodology):
    identified = identify_schools(contract, methodology)
    cells = lay_cells(Recount(identified, contract, methodology, 2023), "results")
    method = narrow(take_own_method(methodology, "results"))
    exact = observe(cells, methodology)
    drawn = recompute(cells, lambda place: take_observed(cells, place).astype(np.float32), method, methodology)
    assert drawn.index.dtype == np.float32
    assert (drawn.bands == exact.bands).all()


def test_observed_procedures_give_the_list_of_fioko(contract, methodology):
    identified = identify_schools(contract, methodology)
    taken = identified.schools.dropna(subset="group")
    shares = compute_procedure_shares(contract, taken, methodology.fioko)
    cells = lay_procedures(shares, methodology.fioko, 2023)
    flags = flag_procedures(cells, methodology.fioko, partial(take_observed, cells))[:, 0]
    lists = identified.lists[identified.lists["year"] == 2023]
    assert set(cells.ids[flags]) == set(lists.loc[lists["fioko_shnor"].fillna(False), "school_id"])
    assert 0 < flags.sum() < len(flags)


def test_bands_of_columns_are_those_of_single_vectors():
    generator = np.random.default_rng(1)
    rules = [BandRules(share=0.25, cut=cut, tolerance=1e-9) for cut in ("half_up", "floor", "ceil", "spss")]
    for number in (1, 2, 3, 7, 10, 11):
        values = generator.integers(0, 5, (number, 40)) / 4.0
        for rule in rules:
            found = band_columns(values, np.ones(values.shape, dtype=bool), rule)
            for column in range(40):
                expected = [BAND_CODES[band] for band in assign_bands(values[:, column], rule)[0]]
                assert found[:, column].tolist() == expected, (number, rule.cut)


def test_schools_without_a_rank_take_no_place_in_a_band():
    values = np.array([[0.0], [0.1], [0.2], [0.9]])
    ranked = np.array([[False], [True], [True], [True]])
    found = band_columns(values, ranked, BandRules(share=0.25, cut="half_up", tolerance=1e-9))
    assert found[:, 0].tolist() == [0, BAND_CODES["low"], BAND_CODES["mid"], BAND_CODES["high"]]


def test_ties_share_the_mean_rank():
    assert rank_ties(np.array([[3.0], [1.0], [3.0], [2.0]]))[:, 0].tolist() == [2.5, 0, 2.5, 1]


def test_outliers_are_drawn_in_and_other_scales_stay_within_their_ends(methodology):
    item = methodology.indicators["oge_rus_2"]
    raw = np.r_[np.arange(19.0), 1000.0][:, None] + np.zeros(3)
    own = take_own_method(methodology, "results")
    method = own.__class__(
        **{
            **own.__dict__,
            "normalisation": np.array([0, 1, 2]),
            "trimmed": np.array([True, False, False]),
            "trim_share": 0.05,
        }
    )
    value, varies = normalise_columns(raw, item, method)
    assert varies.all()
    assert value[19].tolist() == pytest.approx([0, 1 - min(score_columns(raw)[19, 0], 1), 0])
    assert value[0, 0] == 1
    assert value[10, 0] == pytest.approx(1 - 9 / 17)
    assert ((value >= 0) & (value <= 1)).all()


@pytest.mark.parametrize("number", [1, 2, 7, 20])
def test_medians_are_those_of_numpy_to_the_last_bit(number):
    values = np.random.default_rng(3).random((number, 50), dtype=np.float32)
    found = find_medians(values)
    assert found.dtype == np.float32
    assert found.tolist() == np.median(values, axis=0).tolist()


def test_a_missing_indicator_can_be_filled_with_the_median(methodology):
    made = region(number=9)
    made["results"] = made["results"].query("school_id != '01' or subject != 'математика'")
    cells = lay_cells(Recount(identify_schools(made, methodology), made, methodology, 2020), "results")
    own = take_own_method(methodology, "results")
    filled = own.__class__(**{**own.__dict__, "filled": np.array([True])})
    values = partial(take_observed, cells)
    plain, better = (recompute(cells, values, method, methodology).index[-1, 0, 0] for method in (own, filled))
    assert better > plain
