from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from builders import region, result, school, tables
from scipy import stats

from effschool.certainty.chance import (
    estimate_chances,
    say_cases,
    say_chance,
    say_part,
    say_share,
)
from effschool.certainty.sampling import Recount
from effschool.method.identify import identify_schools

PUPILS = (8, 15, 30, 60, 100)


def recount(contract, methodology, year=2020, **options):
    return Recount(identify_schools(contract, methodology), contract, methodology, year, **options)


def build_fioko_region(share=0.2, subjects=("русский язык",)):
    """Schools of five sizes, forty of each, all with nearly the same share of failing pupils."""
    schools = [school(f"{size:03}-{place:02}", 2020) for size in PUPILS for place in range(40)]
    rows = []
    for row in schools:
        size, failed = int(row["school_id"][:3]), 0
        failed = round(share * size)
        rows += [result(row["school_id"], 2020, (failed, size - failed, 0, 0), subject=subject) for subject in subjects]
    return tables(schools=schools, results=rows)


def test_chance_of_one_procedure_is_the_exact_binomial_tail(methodology):
    rule = methodology.fioko.model_copy(update={"min_low_procedures": 1, "years": 1, "low_share_pct": 30.0})
    changed = methodology.model_copy(update={"fioko": rule})
    contract = build_fioko_region()
    found = estimate_chances(recount(contract, changed, draws=4000)).query("list == 'ШНОР'")
    ordinary = round(contract["results"]["mark_2"].sum() / contract["results"]["participants"].sum(), 3)
    by_size = found.groupby("most")["chance_pct"].mean()
    for size in PUPILS:
        exact = 100 * stats.binom.sf(int(np.ceil(0.3 * size)) - 1, size, ordinary)
        assert by_size[size] == pytest.approx(exact, abs=1), size


def test_chance_of_independent_procedures_is_that_of_their_combination(methodology):
    draws = methodology.certainty.draws.model_copy(update={"correlation": "none"})
    rule = methodology.fioko.model_copy(update={"years": 1, "min_low_procedures_each_year": 2})
    certainty = methodology.certainty.model_copy(update={"draws": draws})
    changed = methodology.model_copy(update={"fioko": rule, "certainty": certainty})
    contract = build_fioko_region(subjects=("русский язык", "математика"))
    found = estimate_chances(recount(contract, changed, draws=4000)).query("list == 'ШНОР'")
    ordinary = round(contract["results"]["mark_2"].sum() / contract["results"]["participants"].sum(), 3)
    by_size = found.groupby("most")["chance_pct"].mean()
    for size in PUPILS:
        one = stats.binom.sf(int(np.ceil(0.3 * size)) - 1, size, ordinary)
        assert by_size[size] == pytest.approx(100 * one**2, abs=1), size


def build_mixed_region(seed, number=200):
    """Schools of many levels and, coded «o…», ordinary ones with the share of the region, twelve pupils each."""
    generator, years = np.random.default_rng(seed), (2018, 2019, 2020)
    level = {f"r{place:03}": share for place, share in enumerate(generator.beta(2, 8, number))}
    level |= {f"o{place:03}": np.mean(list(level.values())) for place in range(number // 2)}
    schools = [school(name, year) for name in level for year in years]
    rows = []
    for row in schools:
        failed = generator.binomial(12, level[row["school_id"]], 2)
        rows += [
            result(row["school_id"], row["year"], (count, 12 - count, 0, 0), subject=subject)
            for count, subject in zip(failed, ("русский язык", "математика"), strict=True)
        ]
    return tables(schools=schools, results=rows)


def test_chances_of_an_index_match_simulated_frequencies(methodology):
    """Truly ordinary schools beside others are on the list as often as their cards say."""
    lists = methodology.lists.model_copy(update={"results": (methodology.lists.results[1],), "joint": ()})
    changed = methodology.model_copy(update={"lists": lists})
    found = pd.concat(
        estimate_chances(recount(build_mixed_region(seed), changed, draws=250)).query("list == 'группа риска'")
        for seed in range(6)
    )
    own = found[found["school_id"].str.startswith("o")]
    assert len(own) == 600
    assert own["chance_pct"].mean() == pytest.approx(100 * own["is_member"].mean(), abs=2)
    assert 1 < own["chance_pct"].mean() < 20


def test_chances_are_the_same_whatever_the_workers_and_differ_by_the_seed(methodology):
    contract = region()
    one, many = (estimate_chances(recount(contract, methodology, draws=300, workers=each)) for each in (1, 3))
    pd.testing.assert_frame_equal(one, many)
    draws = methodology.certainty.draws.model_copy(update={"seed": 1})
    other = methodology.model_copy(update={"certainty": methodology.certainty.model_copy(update={"draws": draws})})
    assert not estimate_chances(recount(contract, other, draws=300))["chance_pct"].equals(one["chance_pct"])


def test_every_list_and_school_of_the_year_has_its_card(methodology):
    found = estimate_chances(recount(region(), methodology, draws=50))
    assert set(found["list"]) == {"ШНРО", "группа риска", "стабильно высокие", "ШНСУ", "благоприятные", "ШНОР"}
    assert (found.groupby("list").size() == 8).all()
    assert found["chance_pct"].between(0, 100).all()


def test_without_settings_there_are_no_cards(methodology):
    silent = methodology.model_copy(update={"certainty": None})
    assert estimate_chances(recount(region(), silent)).empty


def test_the_card_in_words():
    row = SimpleNamespace(fewest=8.0, most=12.0, chance_pct=32.2)
    assert say_chance(row) == (
        "При таком числе участников (от 8 до 12) школа с обычным для региона результатом попала бы в этот список "
        "с вероятностью 32\N{NO-BREAK SPACE}%."
    )
    assert "обучающихся (58) школа с обычными для региона условиями" in say_chance(
        SimpleNamespace(fewest=58.0, most=58.0, chance_pct=0.4), is_social=True
    )
    assert [say_share(value).replace("\N{NO-BREAK SPACE}", " ") for value in (0.4, 50.0, 99.9)] == [
        "менее 1 %",
        "50 %",
        "более 99 %",
    ]
    assert [say_cases(value) for value in (0.2, 21.4, 75.0, 99.8)] == [
        "менее чем в 1 случае из 100",
        "в 21 случае из 100",
        "в 75 случаях из 100",
        "более чем в 99 случаях из 100",
    ]
    # A place that is rather lost than kept is not kept in «50 cases»; the rest of a division is no whole case less.
    assert [say_cases(value)[:4] for value in (49.6, 79.9, 29 - 1e-12)] == ["в 49", "в 79", "в 29"]
    assert say_part(49.6).startswith("в 49")
    assert say_part(0.2).startswith("менее чем в 1")
    assert say_part(99.5).startswith("более чем в 99")
