import numpy as np
import pandas as pd
import pytest
from builders import change_bands, change_rules
from hypothesis import given
from hypothesis import strategies as st

from effschool.method.indices import compute_indices
from effschool.method.methodology import Aggregation


def values(by_school, domain="results", group="средние", year=2020):
    """Normalised values: school → indicator → value (None where the indicator is constant)."""
    rows = [
        (year, school_id, group, domain, indicator, 0.0, value, 10)
        for school_id, by_indicator in by_school.items()
        for indicator, value in by_indicator.items()
    ]
    columns = ["year", "school_id", "group", "domain", "indicator", "raw", "normalised", "participants"]
    return pd.DataFrame(rows, columns=columns).astype({"normalised": "float64"})


def compute(table, methodology):
    indices, notices = compute_indices(table, methodology)
    return indices.set_index("school_id"), notices


def with_aggregation(methodology, **settings):
    return change_rules(methodology, "results", aggregation=Aggregation(**settings))


def test_index_is_the_plain_mean_of_what_there_is(methodology):
    table = values({"01": {"oge_rus_2": 0.2, "oge_math_2": 0.6, "vpr_rus_2": 1.0}, "02": {"oge_rus_2": 0.4}})
    indices, _ = compute(table, methodology)
    assert indices["index"].tolist() == pytest.approx([0.6, 0.4])
    assert indices["coverage"].tolist() == pytest.approx([1, 1 / 3])


def test_below_the_needed_coverage_there_is_no_band(methodology):
    full = {"oge_rus_2": 0.5, "oge_math_2": 0.5, "vpr_rus_2": 0.5, "vpr_math_2": 0.5}
    half = {"oge_rus_2": 0.1, "oge_math_2": 0.1}
    indices, _ = compute(values({"01": full, "02": half, "03": {"oge_rus_2": 0.0}}), methodology)
    assert indices["coverage"].tolist() == [1, 0.5, 0.25]
    assert indices["band"].fillna("нет").tolist() == ["high", "low", "нет"]
    assert indices["rank"].fillna(0).tolist() == [2, 1, 0]
    assert indices.loc["03", "index"] == 0


def test_applicable_is_what_a_school_of_the_same_group_has(methodology):
    table = pd.concat(
        [
            values({"01": {"oge_rus_2": 0.5}, "02": {"oge_rus_2": 1.0}}),
            values({"03": {"oge_rus_2": 0.5, "ege_rus_fail": 0.5}, "04": {"oge_rus_2": 0.5}}, group="основные"),
            values({"05": {"deviant": 0.5}}, domain="social"),
        ],
        ignore_index=True,
    )
    indices, _ = compute(table, methodology)
    assert indices["coverage"].to_dict() == {"01": 1, "02": 1, "03": 1, "04": 0.5, "05": 1}


def test_constant_indicator_is_in_neither_mean_nor_coverage(methodology):
    table = values({"01": {"oge_rus_2": 0.2, "oge_math_2": None}, "02": {"oge_rus_2": 0.4}})
    indices, _ = compute(table, methodology)
    assert indices["index"].tolist() == [0.2, 0.4]
    assert indices["coverage"].tolist() == [1, 1]


def test_school_with_constant_indicators_only_is_not_ranked(methodology):
    indices, _ = compute(values({"01": {"oge_rus_2": None}}), methodology)
    assert indices["index"].isna().all()
    assert indices["coverage"].tolist() == [0]
    assert indices["band"].isna().all()


def test_weights_by_indicator(methodology):
    rules = with_aggregation(methodology, weights={"oge_rus_2": 3})
    indices, _ = compute(values({"01": {"oge_rus_2": 0.2, "oge_math_2": 0.6}}), rules)
    assert indices["index"].tolist() == pytest.approx([0.3])


def test_weight_of_a_block_is_shared_by_its_indicators(methodology):
    # Block oge has six indicators with 1/6 each, block certificates two with 3/2 each: (0.2/6 + 0.8·3/2) / (1/6 + 3/2).
    rules = with_aggregation(methodology, weights_by="block", weights={"certificates": 3})
    indices, _ = compute(values({"01": {"oge_rus_2": 0.2, "oge_no_certificate": 0.8}}), rules)
    assert indices["index"].tolist() == pytest.approx([(0.2 / 6 + 1.2) / (1 / 6 + 1.5)])


def test_geometric_mean_is_of_values_from_1_to_100(methodology):
    table = values({"01": {"oge_rus_2": 0.0, "oge_math_2": 1.0}, "02": {"oge_rus_2": 1.0, "oge_math_2": 1.0}})
    indices, _ = compute(table, with_aggregation(methodology, kind="geometric"))
    assert indices["index"].tolist() == pytest.approx([10, 100])
    assert indices["index"].max() <= 100


def test_bands_and_ranks_are_inside_year_and_group(methodology):
    low, high = {"oge_rus_2": 0.1}, {"oge_rus_2": 0.9}
    table = pd.concat(
        [
            values({"01": low, "02": high}),
            values({"03": {"oge_rus_2": 0.95}, "04": {"oge_rus_2": 0.99}}, group="основные"),
        ],
        ignore_index=True,
    )
    indices, _ = compute(table, methodology)
    assert indices["band"].tolist() == ["low", "high", "low", "high"]
    assert indices["rank"].tolist() == [1, 2, 1, 2]


def test_met_cuts_are_said(methodology):
    indices, notices = compute(values({"01": {"oge_rus_2": 0.5}, "02": {"oge_rus_2": 0.5}}), methodology)
    assert indices["band"].tolist() == ["mid", "mid"]
    assert indices["rank"].tolist() == [1, 1]
    assert notices.to_dict("records") == [
        {
            "year": 2020,
            "domain": "results",
            "group": "средние",
            "notice": "верхняя и нижняя границы встретились, все школы в средней группе",
        }
    ]


def test_cut_comes_from_the_methodology(methodology):
    table = values({f"{place:02}": {"oge_rus_2": place / 20} for place in range(11)})
    sizes = {
        cut: compute(table, change_bands(methodology, cut=cut))[0]["band"].value_counts().to_dict()
        for cut in ("half_up", "floor", "spss")
    }
    assert sizes == {
        "half_up": {"low": 3, "mid": 5, "high": 3},
        "floor": {"low": 2, "mid": 7, "high": 2},
        "spss": {"low": 2, "mid": 6, "high": 3},
    }


def test_order_of_indicators_breaks_no_tie(methodology):
    names = ["oge_rus_2", "oge_math_2", "oge_rus_5", "oge_math_5"]
    numbers = [0.1, 0.2, 0.3, 0.6]
    table = values({"01": dict(zip(names, numbers, strict=True)), "02": dict(zip(names, numbers[::-1], strict=True))})
    indices, notices = compute(table, methodology)
    assert indices["rank"].tolist() == [1, 1]
    assert len(notices) == 1


@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=12),
    st.sampled_from(["arithmetic", "geometric"]),
    st.randoms(use_true_random=False),
)
def test_index_lies_between_its_values_and_row_order_changes_nothing(methodology, numbers, kind, random):
    names = [indicator.id for indicator in methodology.domains["results"].indicators]
    table = values({"01": dict(zip(names, numbers, strict=False)), "02": dict.fromkeys(names, 0.5)})
    rules = with_aggregation(methodology, kind=kind)
    index = compute(table, rules)[0].loc["01", "index"]
    ends = np.array([min(numbers), max(numbers)])
    low, high = ends if kind == "arithmetic" else 1 + 99 * ends
    assert low - 1e-9 <= index <= high + 1e-9
    order = list(table.index)
    random.shuffle(order)
    assert compute(table.loc[order], rules)[0].loc["01", "index"] == pytest.approx(index, abs=1e-9)


def test_no_values_have_no_indices(methodology):
    indices, notices = compute_indices(values({}), methodology)
    assert indices.empty
    assert notices.empty
