from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from builders import change_rules, drop_gaps, region, result, school, tables

from effschool.base.schemas import BANDS
from effschool.certainty.counterfactuals import (
    Change,
    list_options,
    move_pupils,
    open_groups,
    open_search,
    rerun_indices,
    rerun_places,
    rerun_ranked,
    search_column,
)
from effschool.intake.ingest import read_contract
from effschool.method.bands import assign_bands
from effschool.method.identify import identify_schools
from effschool.method.indicators import fill_mean_scores, select_rows


def rerun_bands(*arguments):
    """Bands by name, None where a school would not be ranked."""
    return [BANDS[place] if place >= 0 else None for place in rerun_places(*arguments)]


def freeze_means(contract):
    """Tables whose mean scores stand by themselves, so that a count can change and nothing else."""
    return {**contract, "results": fill_mean_scores(contract["results"])}


def change_count(contract, item, year, school_id, after):
    """Tables in which the count of an indicator or procedure of one school and year is another."""
    name = item.rows.table
    table = contract[name].copy()
    rows = select_rows({name: table}, item.rows)
    own = rows[(rows["year"] == year) & (rows["school_id"] == school_id)]
    own = own.dropna(subset=[item.count, getattr(item, "total", "participants")])
    table.loc[own.index[0], item.count] += after - own[item.count].sum()
    return {**contract, name: table}


@pytest.fixture(scope="module")
def contract(demo_processed):
    return freeze_means(read_contract(demo_processed))


@pytest.fixture(scope="module")
def geometric(methodology):
    rules = methodology.domains["results"].aggregation.model_copy(
        update={"kind": "geometric", "weights": {"oge_rus_2": 3}}
    )
    return change_rules(methodology, "results", aggregation=rules)


@pytest.mark.parametrize("kind", ["arithmetic", "geometric"])
def test_one_count_changed_gives_the_indices_of_the_whole_computation(contract, methodology, geometric, kind):
    rules = methodology if kind == "arithmetic" else geometric
    identified = identify_schools(contract, rules)
    random = np.random.default_rng(7)
    groups = [group for group in open_groups(identified, contract, rules, [2022, 2023]) if len(group.schools) > 3]
    tried = 0
    for group in [groups[place] for place in random.integers(len(groups), size=14)]:
        has = np.isfinite(group.raw)
        is_share = np.array([item.kind == "share" for item in group.indicators])
        column = int(random.choice(np.flatnonzero(is_share & has.any(axis=0))))
        places = np.flatnonzero(has[:, column])
        place = int(random.choice(places))
        after = float(random.integers(0, group.participants[place, column] + 1))
        chosen, raw = np.array([place]), np.array([100 * after / group.participants[place, column]])
        index, coverage = rerun_indices(group, column, chosen, raw)
        changed = change_count(contract, group.indicators[column], group.year, group.schools[place], int(after))
        indices = identify_schools(changed, rules).indices
        own = indices[(indices["year"] == group.year) & (indices["domain"] == group.domain)]
        own = own.set_index("school_id").loc[list(group.schools)]
        np.testing.assert_allclose(index[0], own["index"], atol=1e-12)
        np.testing.assert_allclose(coverage[0], own["coverage"], atol=1e-12)
        band = own["band"].iloc[place]
        assert rerun_bands(group, column, chosen, raw, np.zeros(1))[0] == (None if pd.isna(band) else band)
        tried += 1
    assert tried == 14


def test_indicator_may_begin_and_cease_to_vary(methodology):
    rules = drop_gaps(methodology)
    rows = [result(f"{place:02}", 2020, (0 if place else 3, 5, 5, place)) for place in range(8)]
    built = freeze_means(tables(schools=[school(f"{place:02}") for place in range(8)], results=rows))
    (group,) = open_groups(identify_schools(built, rules), built, rules, [2020])
    column = [item.id for item in group.indicators].index("oge_rus_2")
    fives = [item.id for item in group.indicators].index("oge_rus_5")
    index, coverage = rerun_indices(
        group, column, np.array([0, 0]), np.array([0.0, 100.0]) / group.participants[0, column]
    )
    scaled = group.normalised[:, fives]
    np.testing.assert_allclose(index[0], scaled)
    np.testing.assert_allclose(index[1], (scaled + (np.arange(8) > 0)) / 2)
    assert (coverage == 1).all()


def test_options_are_possible_and_the_least(contract, methodology):
    identified = identify_schools(contract, methodology)
    options = list_options(open_groups(identified, contract, methodology, [2023]))
    indices = identified.indices.set_index(["school_id", "domain", "year"])["band"]
    assert len(options) > 20
    for (school_id, domain, year, band), change in options.items():
        assert indices[school_id, domain, year] != band
        assert 0 < change.pupils <= change.participants
        if methodology.indicators[change.criterion].kind == "share":
            assert 0 <= change.after <= change.participants


def test_cheapest_indicator_is_taken(contract, methodology):
    identified = identify_schools(contract, methodology)
    several = 0
    for group in open_groups(identified, contract, methodology, [2023]):
        pupils = defaultdict(list)
        for column in range(len(group.indicators)):
            for place, band, _, number, _ in search_column(group, column).itertuples(index=False):
                pupils[group.schools[place], group.domain, 2023, BANDS[band]].append(number)
        options = list_options([group])
        assert {key: change.pupils for key, change in options.items()} == {
            key: min(all_) for key, all_ in pupils.items()
        }
        several += sum(len(set(found)) > 1 for found in pupils.values())
    assert several > 10


def test_band_is_reached_with_the_pupils_and_not_with_one_less(contract, methodology):
    identified = identify_schools(contract, methodology)
    seen = {"share": 0, "gap": 0}
    for group in open_groups(identified, contract, methodology, [2021, 2022, 2023]):
        found = pd.concat([search_column(group, column) for column in range(len(group.indicators))])
        for place, band, column, number, direction in found.itertuples(index=False):
            places, pupils = np.array([place, place]), np.array([number, number - 1.0])
            reached = rerun_bands(group, column, places, *move_pupils(group, column, places, pupils, direction))
            assert reached[0] == BANDS[band]
            assert reached[1] != BANDS[band]
            seen[group.indicators[column].kind] += 1
    assert seen["share"] > 20
    assert seen["gap"] > 0


@pytest.mark.parametrize("cut", ["half_up", "ceil", "spss"])
@pytest.mark.parametrize("kind", ["arithmetic", "geometric"])
def test_changes_tried_together_give_the_bands_of_the_whole_group_computed_for_each(contract, methodology, cut, kind):
    """Among them are changes that move the group's extremes, the regional mean, or a school out of the ranking."""
    parts = methodology.domains["results"].bands, methodology.domains["results"].aggregation
    bands, aggregation = parts[0].model_copy(update={"cut": cut}), parts[1].model_copy(update={"kind": kind})
    rules = change_rules(methodology, "results", bands=bands, aggregation=aggregation, min_coverage=0.95)
    random, compared = np.random.default_rng(11), set()
    for group in open_groups(identify_schools(contract, rules), contract, rules, [2022, 2023]):
        for column in range(len(group.indicators)):
            schools = np.flatnonzero(np.isfinite(group.raw[:, column]))
            direction = int(random.choice([1, -1]))
            pupils = np.ceil(
                random.random(len(schools)) * group.result_changes[column].count_pupils(direction)[schools]
            )
            moved = move_pupils(group, column, schools, pupils, direction)
            index = rerun_ranked(group, column, schools, *moved)
            expected = [band_alone(row, school, group.rules.bands) for row, school in zip(index, schools, strict=True)]
            assert rerun_bands(group, column, schools, *moved) == expected
            compared |= set(expected)
    assert compared == {None, *BANDS}


def band_alone(index, school, rules):
    ranked = np.isfinite(index)
    return assign_bands(index[ranked], rules)[0][ranked[:school].sum()] if ranked[school] else None


def change_mean(contract, item, year, school_id, points):
    """Tables in which the results of a school's participants sum to so many points more."""
    table = contract["results"].copy()
    rows = select_rows({"results": table}, item.rows)
    own = rows[(rows["year"] == year) & (rows["school_id"] == school_id)].dropna(subset=["mean_score", "participants"])
    table.loc[own.index[0], "mean_score"] += points / own["participants"].iloc[0]
    return {**contract, "results": table}


@pytest.mark.parametrize("orientation", ["consistent", "literal"])
def test_a_mean_changed_gives_the_indices_of_the_whole_computation(contract, methodology, orientation):
    """The regional mean moves as well, and with it the lag of other schools."""
    rules = methodology.model_copy(update={"orientation": orientation})
    identified = identify_schools(contract, rules)
    random = np.random.default_rng(5)
    turned = 0
    for group in open_groups(identified, contract, rules, [2022, 2023]):
        columns = [place for place, item in enumerate(group.indicators) if item.kind == "gap"]
        for column in random.permutation(columns)[:3]:
            search = open_search(group, column, random.choice([1, -1]))
            able = np.flatnonzero(search.limits * np.isfinite(group.raw[:, column]))
            if not len(able):
                continue
            place = random.choice(able)
            pupils = np.array([float(random.integers(1, search.limits[place] + 1))])
            raw, shift = move_pupils(group, column, np.array([place]), pupils, search.raw_direction)
            index, _ = rerun_indices(group, column, np.array([place]), raw, shift)
            item, result_change = group.indicators[column], group.result_changes[column]
            points = shift[0] / result_change.region
            changed = identify_schools(change_mean(contract, item, group.year, group.schools[place], points), rules)
            own = changed.indices[(changed.indices["year"] == group.year) & (changed.indices["domain"] == group.domain)]
            np.testing.assert_allclose(
                index[0], own.set_index("school_id").loc[list(group.schools), "index"], atol=1e-12
            )
            turned += not np.allclose(index[0], group.index, atol=1e-12, equal_nan=True)
    assert turned


def test_unranked_schools_have_no_options(methodology):
    built = region(number=8)
    built["results"].loc[built["results"]["school_id"] == "03", "participants"] = 0
    identified = identify_schools(built, methodology)
    options = list_options(open_groups(identified, built, methodology, [2020]))
    assert options
    assert not [key for key in options if key[:2] == ("03", "results")]


@pytest.mark.parametrize(
    ("before", "after", "participants", "phrase"),
    [
        (5, 3, 11, "было не 5, а 3 из 11 участников"),
        (0, 1, 21, "было не 0, а 1 из 21 участника"),
        (0, 4, 5, "было не 0, а 4 из 5 участников"),
    ],
)
def test_change_is_told_in_declined_words(before, after, participants, phrase):
    change = Change(2022, "oge_math_2", "ОГЭ, математика: «2»", "participants", before, after, participants)
    assert change.phrase == f"в показателе «ОГЭ, математика: „2“» за 2022 год {phrase}"


def test_change_of_a_mean_tells_no_score():
    change = Change(2022, "oge_math_gap", "ОГЭ, математика: отставание", "participants", -1.04, -0.95, 11, 2)
    assert change.pupils == 2
    assert change.phrase.replace("\N{NO-BREAK SPACE}", " ") == (
        "в показателе «ОГЭ, математика: отставание» за 2022 год другой результат был у 2 из 11 участников"
    )
