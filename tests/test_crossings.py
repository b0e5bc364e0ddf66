from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from builders import change_rules, condition, drop_gaps, region, result, school, tables

from effschool.crossings import (
    Change,
    list_options,
    measure_room,
    open_groups,
    rerun_bands,
    rerun_indices,
    search_column,
)
from effschool.identify import identify_schools
from effschool.indicators import fill_mean_scores, select_rows
from effschool.ingest import read_contract


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
        chosen, counts = np.array([place]), np.array([after])
        index, coverage = rerun_indices(group, column, chosen, counts)
        changed = change_count(contract, group.indicators[column], group.year, group.schools[place], int(after))
        indices = identify_schools(changed, rules).indices
        own = indices[(indices["year"] == group.year) & (indices["domain"] == group.domain)]
        own = own.set_index("school_id").loc[list(group.schools)]
        np.testing.assert_allclose(index[0], own["index"], atol=1e-12)
        np.testing.assert_allclose(coverage[0], own["coverage"], atol=1e-12)
        band = own["band"].iloc[place]
        assert rerun_bands(group, column, chosen, counts)[0] == (None if pd.isna(band) else band)
        tried += 1
    assert tried == 14


def test_indicator_may_begin_and_cease_to_vary(methodology):
    rules = drop_gaps(methodology)
    rows = [result(f"{place:02}", 2020, (0 if place else 3, 5, 5, place)) for place in range(8)]
    built = freeze_means(tables(schools=[school(f"{place:02}") for place in range(8)], results=rows))
    (group,) = open_groups(identify_schools(built, rules), built, rules, [2020])
    column = [item.id for item in group.indicators].index("oge_rus_2")
    fives = [item.id for item in group.indicators].index("oge_rus_5")
    index, coverage = rerun_indices(group, column, np.array([0, 0]), np.array([0.0, 1.0]))
    scaled = group.normalised[:, fives]
    np.testing.assert_allclose(index[0], scaled)
    np.testing.assert_allclose(index[1], (scaled + (np.arange(8) > 0)) / 2)
    assert (coverage == 1).all()


def test_room_keeps_the_opposite_mark(methodology):
    rows = [result(marks=(2, 3, 4, 1)), result(procedure="ВПР", grade=5, marks=(1, 1, 1, 2))]
    rows += [result(procedure="ВПР", grade=6, marks=(0, 2, 0, 0))]
    built = tables(results=rows, social=[condition(count=30)])
    room = {name: measure_room(built, methodology.indicators[name]) for name in ("oge_rus_2", "vpr_rus_5", "deviant")}
    assert {name: frame["room"].item() for name, frame in room.items()} == {
        "oge_rus_2": 7,
        "vpr_rus_5": 4,
        "deviant": 70,
    }
    assert room["vpr_rus_5"]["own"].item() == 2


def test_options_are_possible_and_the_least(contract, methodology):
    identified = identify_schools(contract, methodology)
    options = list_options(open_groups(identified, contract, methodology, [2023]))
    indices = identified.indices.set_index(["school_id", "domain", "year"])["band"]
    assert len(options) > 20
    for (school_id, domain, year, band), change in options.items():
        assert indices[school_id, domain, year] != band
        assert 0 <= change.after <= change.participants
        assert change.pupils > 0


def test_cheapest_indicator_is_taken(contract, methodology):
    identified = identify_schools(contract, methodology)
    several = 0
    for group in open_groups(identified, contract, methodology, [2023]):
        pupils = defaultdict(list)
        for column, item in enumerate(group.indicators):
            for school_id, band, change in search_column(group, column, item) if item.kind == "share" else ():
                pupils[school_id, group.domain, 2023, band].append(change.pupils)
        options = list_options([group])
        assert {key: change.pupils for key, change in options.items()} == {
            key: min(all_) for key, all_ in pupils.items()
        }
        several += sum(len(set(found)) > 1 for found in pupils.values())
    assert several > 10


def test_band_is_reached_at_the_count_and_not_a_pupil_before(contract, methodology):
    identified = identify_schools(contract, methodology)
    groups = list(open_groups(identified, contract, methodology, [2023]))
    seen = 0
    for group in groups:
        names = [item.id for item in group.indicators]
        for (school_id, _, _, band), change in list_options([group]).items():
            column, place = names.index(change.criterion), group.schools.index(school_id)
            short = change.after - np.sign(change.after - change.before)
            places, counts = np.array([place, place]), np.array([change.after, short], dtype=float)
            reached = rerun_bands(group, column, places, counts)
            assert reached[0] == band
            assert reached[1] != band
            seen += 1
    assert seen > 20


def test_unranked_schools_and_lag_flags_have_no_options(methodology):
    built = region(number=8)
    built["results"].loc[built["results"]["school_id"] == "03", "participants"] = 0
    identified = identify_schools(built, methodology)
    options = list_options(open_groups(identified, built, methodology, [2020]))
    assert not [key for key in options if key[:2] == ("03", "results")]
    assert {change.criterion for change in options.values()} <= {
        name for name, item in methodology.indicators.items() if item.kind == "share"
    }


@pytest.mark.parametrize(
    ("before", "after", "participants", "phrase"),
    [
        (5, 3, 11, "2 из 11 участников (ОГЭ, математика: «2», 2022 год: 5 → 3)"),
        (0, 1, 21, "1 из 21 участника (ОГЭ, математика: «2», 2022 год: 0 → 1)"),
        (0, 4, 1, "4 из 1 участника (ОГЭ, математика: «2», 2022 год: 0 → 4)"),
    ],
)
def test_change_is_told_in_declined_words(before, after, participants, phrase):
    change = Change(2022, "oge_math_2", "ОГЭ, математика: «2»", "participants", before, after, participants)
    assert change.phrase.replace("\N{NO-BREAK SPACE}", " ") == phrase
