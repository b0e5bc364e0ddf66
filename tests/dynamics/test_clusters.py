import numpy as np
import pandas as pd
import pytest

from effschool.dynamics.clusters import count_passages, find_clusters, name_cluster, place_features


@pytest.fixture(scope="module")
def rules(methodology):
    return methodology.clusters.model_copy(update={"draws": 8})


@pytest.fixture(scope="module")
def paths():
    """Three plain kinds of schools in two years; in the second, school 000 stands where the high ones do."""
    generator = np.random.default_rng(1)
    kinds = {"low": (0.2, 0.8, 60, "село"), "mid": (0.5, 0.5, 400, "село"), "high": (0.8, 0.1, 900, "город")}
    rows = []
    for year in (2021, 2022):
        for place, kind in enumerate(np.repeat(list(kinds), 30)):
            results, social, pupils, locality = kinds["high" if (year, place) == (2022, 0) else kind]
            shaken = generator.normal(0, 0.03, 2)
            rows.append((year, f"{place:03}", results + shaken[0], social + shaken[1], pupils, locality))
    frame = pd.DataFrame(
        rows, columns=["year", "school_id", "results_index", "social_index", "enrolment", "locality"]
    ).assign(group="средние")
    frame["enrolment"] = frame["enrolment"].astype("Int64")
    return frame


def test_plain_groups_are_found_and_named(paths, rules):
    found = find_clusters(paths, rules)
    assert found.stability.set_index("number").loc[3, "stability"] == pytest.approx(1)
    assert found.centres["name"].tolist() == [
        "небольшие сельские школы в тяжёлых социальных условиях, с низкими результатами",
        "сельские школы",
        "крупные городские школы в благоприятных социальных условиях, с высокими результатами",
    ]
    assert found.centres["schools"].tolist() == [29, 30, 31]


def test_groups_are_the_same_in_every_year_and_a_school_that_passed_is_seen(paths, rules):
    found = find_clusters(paths, rules)
    square = count_passages(found.members, 2021, 2022)
    assert square.to_numpy().tolist() == [[29, 0, 1], [0, 30, 0], [0, 0, 30]]
    assert found.members["school_id"].nunique() == 90


def test_groups_do_not_change_from_run_to_run_or_with_the_order_of_rows(paths, rules):
    first, second = find_clusters(paths, rules), find_clusters(paths.sample(frac=1, random_state=1), rules)
    pd.testing.assert_frame_equal(first.members, second.members)
    pd.testing.assert_frame_equal(first.stability, second.stability)


def test_schools_that_form_no_groups_get_none(rules):
    cloud = np.random.default_rng(0).standard_normal((300, 4))
    schools = [f"{place:03}" for place in range(300)]
    rings = pd.DataFrame({"year": 2022, "school_id": schools, "group": "средние", "locality": None})
    rings = rings.assign(results_index=cloud[:, 0], social_index=cloud[:, 1], enrolment=np.exp(cloud[:, 2]))
    found = find_clusters(rings, rules)
    assert found.centres.empty
    assert found.members.empty
    assert len(found.stability) == rules.most - rules.fewest + 1
    assert found.stability["stability"].max() < rules.stability - 0.1


def test_school_without_a_feature_has_no_group(paths, rules):
    lacking = paths.copy()
    lacking.loc[lacking["school_id"] == "050", "results_index"] = np.nan
    assert "050" not in set(find_clusters(lacking, rules).members["school_id"])
    assert list(place_features(paths.assign(social_index=np.nan), rules).columns) == ["size", "village", "results"]


def test_few_schools_and_no_rules_are_not_grouped(paths, rules):
    few = paths[paths["school_id"] < "020"]
    assert find_clusters(few, rules).stability.empty
    assert find_clusters(paths, None).members.empty
    assert find_clusters(paths.head(0), rules).centres.empty


def test_group_close_to_the_region_is_called_so(rules):
    assert name_cluster(pd.Series({"size": 0.1, "results": -0.2}), rules) == "школы, близкие к средним по региону"
    assert name_cluster(pd.Series({"results": -0.9}), rules) == "школы с низкими результатами"
