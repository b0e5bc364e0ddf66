"""Social conditions that a methodology declares itself, and types of schools that it names."""

import pytest
from builders import region, school, table, tables

from effschool.method.identify import identify_schools
from effschool.method.indicators import compute_indicator, place_rows
from effschool.method.methodology import FewPupils, GroupsByType, MeanIndicator, Rows, ShareIndicator
from effschool.method.methodology.indicators import MEANS

NAMES = {"title": "Условие", "short": "Условие", "block": "home"}


def state(school_id: str, condition: str, **other):
    row = {"year": 2020, "school_id": school_id, "condition": condition, "pupils": 100}
    return row | {"source_file": "a.csv", "source_sheet": "", "source_row": 2} | other


STATES = [
    *(state("01", "meals", count=40), state("02", "meals", count=None)),
    *(state("01", "parents", mean=2.5), state("02", "parents", mean=4.0, pupils=None)),
]


def values(indicator) -> dict[int, float]:
    given = tables(schools=[school("01"), school("02")], conditions=STATES)
    taken = given["schools"][["year", "school_id"]]
    found = compute_indicator({"conditions": place_rows(given["conditions"], taken)}, taken, indicator, FewPupils())
    return dict(zip(found["place"], found["raw"], strict=True))


def test_share_and_mean_of_a_condition_are_counted_where_all_is_known():
    rows = {"table": "conditions", "condition": ("meals",)}
    share = ShareIndicator(
        id="meals", kind="share", direction="direct", rows=Rows(**rows), count="count", total="pupils", **NAMES
    )
    assert values(share) == {0: 40.0}
    rows = {"table": "conditions", "condition": ("parents",)}
    mean = MeanIndicator(id="parents", kind="mean", direction="inverse", rows=Rows(**rows), **NAMES)
    assert values(mean) == {0: 2.5}


def test_indicator_says_which_columns_it_is_made_from():
    for name in MEANS:
        item = MeanIndicator(id="a", kind="mean", direction="direct", rows=Rows(table=name), **NAMES)
        assert set(item.columns) <= set(table(name, []).columns)


def test_filter_by_condition_is_of_that_table_alone():
    with pytest.raises(ValueError, match="столбца condition нет"):
        Rows(table="social", condition=("meals",))


def test_type_without_a_group_is_told_unless_left_out_on_purpose(methodology):
    given = region(number=4)
    given["schools"].loc[given["schools"]["school_id"].eq("04"), "type"] = "High"
    told = identify_schools(given, methodology).notices["notice"]
    (of_2020,) = [text for text in told if "«High»" in text][-1:]
    assert of_2020.startswith("1\N{NO-BREAK SPACE}школа с типом «High» не входит ни в одну группу")
    groups = methodology.groups.model_copy(update={"left_out": ("High",)})
    silent = identify_schools(given, methodology.model_copy(update={"groups": groups})).notices["notice"]
    assert not silent.str.contains("High").any()


def test_type_cannot_be_named_and_left_out():
    with pytest.raises(ValueError, match="тип назван и в names"):
        GroupsByType(by="type", names={"High": "старшие"}, left_out=("High",), source="проверка")
