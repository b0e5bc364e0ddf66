"""Similar schools and partners: small regions by hand, and properties that hold for any region."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from effschool.dynamics import partners as module
from effschool.dynamics.partners import (
    ALL_TAKEN,
    CLOSE,
    IN_MUNICIPALITY,
    IN_REGION,
    LASTING,
    NO_BETTER,
    NO_CLOSE,
    NO_CONDITIONS,
    NO_OWN,
    NO_RESULTS,
    NO_SIZE,
    assign_partners,
    find_partners,
    hide_other_municipalities,
)
from effschool.method.methodology import Partners

YEARS = (2021, 2022, 2023)
LOW = {"results_status": "ШНРО"}
RULES = Partners(
    least=3,
    most=5,
    per_partner=2,
    better_by=0.1,
    social_index=0.1,
    size_ratio=2,
    other_locality=1,
    caliper=1.5,
    source="test",
)


def school(school_id, results=(0.5, 0.5, 0.5), bands="mid", **other):
    """Path of a school over three years; a missing index is a year without a rank."""
    row = {"school_id": school_id, "name": f"Школа {school_id}", "municipality": "А", "group": "средние"}
    row |= {"locality": "город", "enrolment": 100, "social_index": 0.3, "social_band": "mid"}
    row |= {"results_status": None, "social_status": None, "fioko_shnor": False} | other
    return [
        row | {"year": year, "results_index": index, "results_band": None if index is None else bands}
        for year, index in zip(YEARS, results, strict=True)
    ]


def build_paths(*schools):
    frame = pd.DataFrame([row for rows in schools for row in rows])
    texts = ["results_band", "social_band", "results_status", "social_status", "locality"]
    types = {**dict.fromkeys(texts, "str"), "enrolment": "Int64", "fioko_shnor": "boolean"}
    return frame.astype({**types, "results_index": "float64", "social_index": "float64"})


@pytest.fixture(scope="module")
def method(methodology):
    return methodology.model_copy(update={"partners": RULES})


def find(method, *schools):
    return find_partners(build_paths(*schools), method, 2023)


def list_partners(found, school_id="1", kind=CLOSE):
    rows = found[(found["kind"] == kind) & (found["school_id"] == school_id)]
    return rows["partner_id"].dropna().tolist()


def find_reason(found, kind, school_id="1"):
    (reason,) = found.loc[(found["kind"] == kind) & (found["school_id"] == school_id), "reason"]
    return reason


BETTER = (0.7, 0.7, 0.7)


def test_distance_is_that_of_the_rules(method):
    low = school("1", **LOW)
    other = school("2", BETTER, social_index=0.36, enrolment=50, locality="село", municipality="Б")
    rules = RULES.model_copy(update={"caliper": 2})
    found = find_partners(build_paths(low, other), method.model_copy(update={"partners": rules}), 2023)
    row = found[(found["kind"] == CLOSE) & (found["school_id"] == "1")].iloc[0]
    assert row["distance"] == pytest.approx(np.sqrt(0.6**2 + 1 + 1))
    assert row["social_gap"] == pytest.approx(0.06)
    assert row["size_ratio"] == pytest.approx(0.5)
    assert not row["same_locality"]
    assert (row["gain_least"], row["gain_most"]) == pytest.approx((0.2, 0.2))


@pytest.mark.parametrize(
    ("results", "is_partner"),
    [
        (BETTER, True),
        ((0.6, 0.6, 0.6), True),
        ((0.7, 0.59, 0.7), False),
        ((None, 0.7, 0.7), False),
        ((0.7, 0.7, None), False),
    ],
)
def test_partner_is_better_in_every_year_and_a_missing_year_is_none(method, results, is_partner):
    found = find(method, school("1", **LOW), school("2", results))
    assert list_partners(found) == (["2"] if is_partner else [])


def test_partner_that_lacks_a_year_is_none_even_where_the_school_lacks_it_too(method):
    late = {"1": school("1", (None, 0.5, 0.5), **LOW), "2": school("2", (None, 0.7, 0.7)), "3": school("3")}
    assert list_partners(find(method, *late.values())) == []


def test_missing_year_of_the_school_itself_is_not_compared(method):
    assert list_partners(find(method, school("1", (None, 0.5, 0.5), **LOW), school("2", BETTER))) == ["2"]


@pytest.mark.parametrize(
    "status", [LOW, {"fioko_shnor": True}, {"group": "основные"}, {"results_status": "группа риска"}]
)
def test_low_schools_and_other_groups_are_no_partners(method, status):
    assert list_partners(find(method, school("1", **LOW), school("2", BETTER, **status))) == []


def test_own_municipality_stands_before_nearer_schools_of_others(method):
    near = school("2", BETTER, municipality="Б")
    far = school("3", BETTER, social_index=0.4)
    farther = school("4", (0.9, 0.9, 0.9), social_index=0.41)
    assert list_partners(find(method, school("1", **LOW), near, far, farther)) == ["3", "4", "2"]


def test_reason_is_named(method):
    low = school("1", **LOW)
    alike = school("2")
    assert find_reason(find(method, low, school("2", BETTER, social_index=0.9)), CLOSE) == NO_CLOSE
    assert find_reason(find(method, low, alike), CLOSE) == NO_BETTER
    assert find_reason(find(method, low, school("2", BETTER, municipality="Б")), IN_MUNICIPALITY) == NO_OWN
    unknown = {"social_index": None}
    assert find_reason(find(method, school("1", **LOW | unknown), alike), CLOSE) == NO_CONDITIONS
    assert find_reason(find(method, school("1", **LOW, enrolment=None), alike), CLOSE) == NO_SIZE
    assert find_reason(find(method, school("1", (None, None, None), fioko_shnor=True), alike), CLOSE) == NO_RESULTS


@pytest.mark.parametrize(
    "before", [{"results_status": "группа риска"}, {"social_status": "ШНСУ"}, {"fioko_shnor": True}]
)
def test_school_that_needed_help_last_year_is_no_partner(method, before):
    paths = build_paths(school("1", **LOW), school("2", BETTER), school("3", BETTER))
    last = (paths["school_id"] == "3") & (paths["year"] == 2022)
    assert last.any()
    for column, value in before.items():
        paths.loc[last, column] = value
    found = find_partners(paths, method, 2023)
    assert set(found.loc[(found["kind"] == CLOSE) & (found["school_id"] == "1"), "partner_id"]) == {"2"}


def test_school_that_nobody_is_left_for_is_told(method):
    lows = [school(name, **LOW) for name in "123"]
    found = find(method, *lows, school("9", BETTER))
    assert found.loc[found["kind"] == IN_REGION, "partner_id"].count() == 2
    assert found.loc[(found["kind"] == IN_REGION) & found["partner_id"].isna(), "reason"].tolist() == [ALL_TAKEN]


def test_resilient_schools_stand_out_and_need_no_partner(method):
    high = school("2", BETTER, "high", results_status="стабильно высокие", social_status="ШНСУ")
    middle = school("3", BETTER, social_status="ШНСУ")
    found = find(method, school("1", **LOW), high, middle, school("4", BETTER))
    told = found[(found["kind"] == CLOSE) & (found["school_id"] == "1")].set_index("partner_id")["resilience"]
    assert told["2"] == LASTING
    assert "3" not in told  # its conditions are a reason for help, and its results are not high
    assert pd.isna(told["4"])
    assert set(found["school_id"]) == {"1", "3"}


def test_methodology_without_rules_gives_no_rows(method):
    none = method.model_copy(update={"partners": None})
    found = find_partners(build_paths(school("1", **LOW), school("2", BETTER)), none, 2023)
    assert list(found.columns) == list(module.COLUMNS)
    assert found.empty


def test_code_of_another_municipality_is_hidden(method):
    found = find(method, school("1", **LOW), school("2", BETTER), school("3", BETTER, municipality="Б"))
    hidden = hide_other_municipalities(found)
    assert list_partners(found) == ["2", "3"]
    assert list_partners(hidden) == ["2"]
    assert not hidden.astype("str").isin(["3"]).drop(columns=["place"]).any(axis=None)
    assert hidden["distance"].equals(found["distance"])


def draw_region(seed, number=40):
    """Any region: two groups, three municipalities, a third of the schools on a low list."""
    rng = np.random.default_rng(seed)
    schools = []
    for place in range(number):
        level = rng.uniform(0.2, 0.9)
        results = tuple(np.clip(level + rng.normal(0, 0.05, 3), 0, 1))
        marks = {"group": rng.choice(["средние", "основные"]), "municipality": rng.choice(["А", "Б", "В"])}
        marks |= {"locality": rng.choice(["город", "село"]), "enrolment": int(rng.integers(40, 400))}
        marks |= {"social_index": rng.uniform(0.1, 0.6)} | (LOW if level < 0.45 else {})
        schools.append(school(f"{place:02}", results, **marks))
    return build_paths(*schools)


seeds = st.integers(0, 10_000)


@settings(max_examples=12)
@given(seeds)
def test_names_take_no_part(method, seed):
    paths = draw_region(seed)
    names = dict(zip(sorted(paths["school_id"].unique()), np.random.default_rng(seed).permutation(40), strict=True))
    renamed = paths.assign(name=paths["school_id"].map(names).astype("str"))
    pd.testing.assert_frame_equal(find_partners(paths, method, 2023), find_partners(renamed, method, 2023))


@settings(max_examples=12)
@given(seeds)
def test_partners_keep_the_rules(method, seed):
    paths = draw_region(seed)
    known = paths[paths["year"] == 2023].set_index("school_id")
    indices = paths.pivot(index="school_id", columns="year", values="results_index")
    found = find_partners(paths, method, 2023).dropna(subset="partner_id")
    one, other = known.loc[found["school_id"]], known.loc[found["partner_id"]]
    assert (one["group"].to_numpy() == other["group"].to_numpy()).all()
    assert not (other["results_status"] == "ШНРО").any()
    gains = indices.loc[found["partner_id"]].to_numpy() - indices.loc[found["school_id"]].to_numpy()
    assert (gains >= RULES.better_by - 1e-9).all()
    assert (found["distance"] <= RULES.caliper).all()
    given_to = found[found["kind"] != CLOSE].groupby(["kind", "partner_id"]).size()
    assert given_to.max() <= RULES.per_partner if len(given_to) else True
    assert not found[found["kind"] != CLOSE].duplicated(["kind", "school_id"]).any()


@pytest.mark.parametrize("at_once", [1, 7, 10_000])
def test_blocks_find_what_comparing_each_with_each_finds(method, monkeypatch, at_once):
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    schools = module.describe_schools(draw_region(5), method, 2023)
    places, results = module.place_schools(schools, RULES), np.stack(schools["results"])
    ids, group = schools["school_id"].tolist(), schools["group"].tolist()
    wanted = {
        (ids[one], ids[other])
        for one, other in product(range(len(ids)), repeat=2)
        if group[one] == group[other]
        and np.linalg.norm(places[one] - places[other]) <= RULES.caliper
        and schools["is_seeker"].iloc[one]
        and schools["is_able"].iloc[other]
        and (results[other] - results[one] >= RULES.better_by).all()
    }
    found = module.pair_schools(schools, RULES)
    assert len(wanted) == len(found) > 20
    assert set(zip(found["school_id"], found["partner_id"], strict=True)) == wanted


def test_group_of_schools_without_conditions_has_nobody_close(method):
    unknown = {"social_index": None, "group": "основные"}
    found = find(method, school("1", **LOW | unknown), school("2", BETTER, **unknown), school("3", **LOW))
    assert find_reason(found, CLOSE) == NO_CONDITIONS
    assert find_reason(found, CLOSE, "3") == NO_CLOSE


@settings(max_examples=12)
@given(seeds)
def test_farther_school_is_never_preferred_within_its_tier(method, seed):
    paths = draw_region(seed)
    found = find_partners(paths, method, 2023)
    many = method.model_copy(update={"partners": RULES.model_copy(update={"most": 99})})
    every = find_partners(paths, many, 2023)
    for name, rows in every[every["kind"] == CLOSE].dropna(subset="partner_id").groupby("school_id"):
        chosen = list_partners(found, name)
        for _, tier in rows.groupby("is_own"):
            taken = tier["partner_id"].isin(chosen)
            assert (
                tier.loc[taken, "distance"].max() <= tier.loc[~taken, "distance"].min()
                or taken.all()
                or not taken.any()
            )
        assert not rows.loc[~rows["partner_id"].isin(chosen), "is_own"].any() or rows["is_own"].sum() > RULES.most
        assert rows.set_index("partner_id").loc[chosen, "is_own"].is_monotonic_decreasing


@given(seeds, st.integers(1, 2))
def test_assignment_is_the_best_of_all(seed, per_partner):
    rng = np.random.default_rng(seed)
    rules = RULES.model_copy(update={"per_partner": per_partner})
    edges = [(s, p) for s in "абвг" for p in "123" if rng.random() < 0.5]
    pairs = pd.DataFrame(edges, columns=["school_id", "partner_id"])
    pairs = pairs.assign(distance=rng.uniform(0, 1.5, len(pairs)), is_own=rng.random(len(pairs)) < 0.4)
    found = assign_partners(pairs, rules)
    cost = dict(zip(zip(pairs["school_id"], pairs["partner_id"], strict=True), price(pairs), strict=True))
    schools = sorted(pairs["school_id"].unique())
    best = min(
        weigh(dict(zip(schools, choice, strict=True)), cost, per_partner)
        for choice in product([*"123", None], repeat=len(schools))
    )
    assert len(found) == len(schools) - best[0]
    assert price(found).sum() == pytest.approx(best[1])


def price(pairs):
    return pairs["distance"] + RULES.caliper * ~pairs["is_own"].astype(bool)


def weigh(choice, cost, per_partner):
    """Schools without a partner and the cost of the others; what breaks the rules is worse than all."""
    taken = [(one, other) for one, other in choice.items() if other]
    load = pd.Series([other for _, other in taken]).value_counts()
    if any(pair not in cost for pair in taken) or (len(load) and load.max() > per_partner):
        return (99, np.inf)
    return (len(choice) - len(taken), sum(cost[pair] for pair in taken))
