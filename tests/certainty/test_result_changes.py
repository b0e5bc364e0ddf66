"""What pupils can do to an indicator, against every other distribution of results."""

from itertools import product

import numpy as np
import pytest
from builders import condition, exam, result, school, tables

from effschool.certainty.result_changes import list_results, make_result_change, measure_steps, sum_region
from effschool.method.indicators import fill_mean_scores


def find_steps(built, methodology, name, direction, school_id="01"):
    steps = measure_steps(built, methodology)
    own = steps[(steps["indicator"] == name) & (steps["direction"] == direction) & (steps["school_id"] == school_id)]
    return own.sort_values("gain", ascending=False)


def test_room_keeps_the_opposite_mark(methodology):
    rows = [result(marks=(2, 3, 4, 1)), result(procedure="ВПР", grade=5, marks=(1, 1, 1, 2))]
    rows += [result(procedure="ВПР", grade=6, marks=(0, 2, 0, 0))]
    built = tables(results=rows, social=[condition(count=30)])
    more = {
        name: find_steps(built, methodology, name, 1)["pupils"].sum() for name in ("oge_rus_2", "vpr_rus_5", "deviant")
    }
    assert more == {"oge_rus_2": 7, "vpr_rus_5": 4, "deviant": 70}
    assert find_steps(built, methodology, "vpr_rus_5", -1)["pupils"].item() == 2


def move(built, methodology, name, direction, pupils):
    """Points that so many pupils can add."""
    steps = measure_steps(built, methodology)
    item = methodology.indicators[name]
    result_change = make_result_change(steps[steps["indicator"] == name], ["01"], item, np.array([1.0]), None)
    return result_change.move(np.array([0]), np.array([float(pupils)]), direction)[0][0]


@pytest.mark.parametrize("marks", [(2, 1, 0, 1), (0, 3, 1, 0), (1, 1, 1, 1)])
@pytest.mark.parametrize("direction", [1, -1])
def test_no_other_choice_of_pupils_moves_the_mean_further(methodology, marks, direction):
    built = tables(results=[result(marks=marks)])
    given = [mark for mark, number in zip((2, 3, 4, 5), marks, strict=True) for _ in range(number)]
    for pupils in range(1, sum(marks) + 1):
        sums = [
            direction * (sum(other) - sum(given))
            for other in product((2, 3, 4, 5), repeat=len(given))
            if sum(one != two for one, two in zip(given, other, strict=True)) <= pupils
        ]
        assert direction * move(built, methodology, "oge_rus_gap", direction, pupils) == max(sums)


def test_without_marks_pupils_are_as_good_as_their_school(methodology):
    built = tables(results=[exam(participants=4, mean_score=40.0)])
    assert move(built, methodology, "ege_rus_gap", 1, 3) == 180
    assert move(built, methodology, "ege_rus_gap", -1, 1) == -40
    assert find_steps(built, methodology, "ege_rus_gap", 1)["pupils"].item() == 4


def test_marks_that_do_not_add_up_are_not_used(methodology):
    item = methodology.indicators["oge_rus_gap"]
    rows = [
        result(marks=(1, 1, 1, 1), participants=6, mean_score=3.5),
        result("02", marks=(1, 1, None, 1), mean_score=3.0),
    ]
    found = list_results(tables(results=rows), item)
    assert found[["value", "pupils"]].to_numpy().tolist() == [[3.5, 6], [3.0, 3]]


def test_a_mean_outside_the_scale_moves_nothing(methodology):
    """Basic mathematics in another unit than the methodology's."""
    built = tables(results=[exam(subject="математика (базовая)", mean_score=55.0)])
    assert find_steps(built, methodology, "ege_math_base_gap", 1).empty
    assert find_steps(built, methodology, "ege_math_base_gap", -1).empty


def test_indicator_without_a_scale_has_no_steps(methodology):
    item = methodology.indicators["ege_rus_gap"].model_copy(update={"scale": None})
    rules = methodology.domains["results"].model_copy(update={"indicators": (item,)})
    bare = methodology.model_copy(update={"domains": {"results": rules}})
    vars(bare).pop("indicators", None)
    assert measure_steps(tables(results=[exam(mean_score=40.0)]), bare).empty


def test_region_counts_compared_schools_only(methodology):
    rows = [result("01", marks=(1, 1, 1, 1)), result("02", marks=(2, 2, 2, 2)), result("03", participants=9)]
    built = tables(schools=[school("01"), school("02"), school("03")], results=rows)
    item = methodology.indicators["oge_rus_gap"]
    filled = {**built, "results": fill_mean_scores(built["results"])}
    assert sum_region(filled, built["schools"], item) == {2020: 12}
    assert sum_region(built, built["schools"].iloc[:1], item) == {2020: 4}
