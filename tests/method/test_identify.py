import pandas as pd
import pytest
from builders import change_rules, condition, drop_gaps, exam, region, result, school, tables
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from effschool.base.schemas import INDICATORS, INDICES, LISTS, SCHOOLS_OUT
from effschool.intake.ingest import read_contract
from effschool.method.identify import Memory, identify_schools, list_schools
from effschool.method.methodology import Aggregation, list_methodologies, load_methodology

PARTS = ("schools", "indicators", "indices", "lists")
OUT = dict(zip(PARTS, (SCHOOLS_OUT, INDICATORS, INDICES, LISTS), strict=True))


def assert_same(one, other):
    for part in PARTS:
        keys = [column for column in ("year", "school_id", "domain", "indicator") if column in getattr(one, part)]
        frames = [getattr(each, part).sort_values(keys, ignore_index=True) for each in (one, other)]
        assert_frame_equal(*frames, rtol=0, atol=1e-9)


def test_worst_and_best_school_of_a_region_are_found(methodology):
    lists = identify_schools(region(), methodology).lists
    assert lists["year"].unique().tolist() == [2018, 2019, 2020]
    assert lists.loc[lists["year"] < 2020, ["results_status", "social_status", "joint"]].isna().all(axis=None)
    low, high = ["01", "02"], ["07", "08"]  # k = 2 of 8
    by_status = lists.groupby("results_status")["school_id"].agg(list).to_dict()
    assert by_status == {"ШНРО": low, "стабильно высокие": high}
    social = lists.groupby("social_status")["school_id"].agg(list).to_dict()
    assert social == {"ШНСУ": low, "благоприятные": high, "нейтральные": ["03", "04", "05", "06"]}
    assert lists.groupby("joint")["school_id"].agg(list).to_dict() == {"ШНРО и ШНСУ": low}


def test_order_of_rows_and_their_labels_change_nothing(methodology):
    plain = region()
    shuffled = {name: frame.sample(frac=1, random_state=7) for name, frame in plain.items()}
    assert_same(identify_schools(shuffled, methodology), identify_schools(plain, methodology))


def test_order_of_indicators_changes_nothing(methodology):
    turned = methodology
    for domain, rules in methodology.domains.items():
        turned = change_rules(turned, domain, indicators=rules.indicators[::-1])
    assert_same(identify_schools(region(), turned), identify_schools(region(), methodology))


def test_tables_taken_in_are_not_changed(methodology):
    built = region()
    before = {name: frame.copy(deep=True) for name, frame in built.items()}
    identify_schools(built, methodology)
    for name, frame in built.items():
        assert_frame_equal(frame, before[name])


MARK_COUNTS = st.tuples(*[st.integers(0, 15)] * 4).filter(any)


@settings(max_examples=20)
@given(st.lists(MARK_COUNTS, min_size=2, max_size=8), st.integers(0, 3), st.integers(0, 3), st.data())
def test_better_marks_of_one_school_never_lower_its_index(methodology, marks, place, other, data):
    low, high = min(place, other), max(place, other)
    better = list(marks[0])
    moved = data.draw(st.integers(0, better[low]))
    better[low] -= moved
    better[high] += moved
    assert index_of_first([tuple(better), *marks[1:]], methodology) >= index_of_first(marks, methodology) - 1e-9


def index_of_first(marks, methodology):
    ids = [f"{place:02}" for place in range(len(marks))]
    rows = [result(school_id, marks=counts) for school_id, counts in zip(ids, marks, strict=True)]
    built = tables(schools=[school(school_id) for school_id in ids], results=rows)
    return identify_schools(built, methodology).indices.set_index("school_id").loc["00", "index"]


def with_another_group(built, score):
    basic = tables(schools=[school("99", type="основная")], results=[exam("99", mean_score=score, participants=90)])
    return {name: pd.concat([frame, basic[name]], ignore_index=True) for name, frame in built.items()}


def scored_region():
    rows = [exam(f"0{place}", mean_score=30 + 10 * place, below_min=place) for place in range(1, 5)]
    return tables(schools=[school(f"0{place}") for place in range(1, 5)], results=rows)


def test_school_of_another_group_touches_the_regional_mean_only(methodology):
    built = scored_region()
    plain = identify_schools(built, methodology).indicators.set_index(["school_id", "indicator"])
    joined = identify_schools(with_another_group(built, 95), methodology)
    changed = joined.indicators.set_index(["school_id", "indicator"]).loc[plain.index]
    shift = (
        (changed["raw"] - plain["raw"]).reset_index().pivot_table(index="school_id", columns="indicator", values="raw")
    )
    assert shift["ege_rus_gap"].tolist() == pytest.approx([(4 * 10 * 55 + 90 * 95) / 130 * -1 + 55] * 4)
    assert (shift.drop(columns="ege_rus_gap") == 0).all(axis=None)
    indices = joined.indices.query("school_id != '99'").reset_index(drop=True)
    same = identify_schools(with_another_group(built, 95), drop_gaps(methodology)).indices
    alone = identify_schools(built, drop_gaps(methodology)).indices
    assert_frame_equal(same.query("school_id != '99'").reset_index(drop=True), alone)
    assert indices["group"].eq("средние").all()


def build_marked(marks, **other):
    ids = [f"{place:02}" for place in range(len(marks))]
    rows = [result(school_id, marks=counts) for school_id, counts in zip(ids, marks, strict=True)]
    return tables(schools=[school(school_id, **other) for school_id in ids], results=rows)


@settings(max_examples=15)
@given(st.lists(MARK_COUNTS, min_size=2, max_size=6), st.lists(MARK_COUNTS, min_size=1, max_size=3))
def test_any_schools_of_another_group_change_nothing_but_through_the_regional_mean(methodology, marks, others):
    rules = drop_gaps(methodology)
    built = build_marked(marks)
    joining = build_marked(others, type="основная")
    for frame in (frame for frame in joining.values() if "school_id" in frame):
        frame["school_id"] = "9" + frame["school_id"]
    joined = {name: pd.concat([frame, joining[name]], ignore_index=True) for name, frame in built.items()}
    alone, beside = identify_schools(built, rules), identify_schools(joined, rules)
    for part in ("indicators", "indices"):
        own = getattr(beside, part)
        own = own[~own["school_id"].str.startswith("9")].reset_index(drop=True)
        assert_frame_equal(own, getattr(alone, part), rtol=0, atol=1e-9)


@settings(max_examples=15)
@given(st.lists(MARK_COUNTS, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_names_of_indicators_do_not_matter(methodology, marks, random):
    rules = methodology.domains["results"]
    names = [f"x{place:02}" for place in range(len(rules.indicators))]
    random.shuffle(names)
    renamed = {item.id: name for item, name in zip(rules.indicators, names, strict=True)}
    items = tuple(item.model_copy(update={"id": renamed[item.id]}) for item in rules.indicators)
    built = build_marked(marks)
    plain, other = (
        identify_schools(built, each) for each in (methodology, change_rules(methodology, "results", indicators=items))
    )
    for part in ("indices", "lists"):
        assert_frame_equal(getattr(other, part), getattr(plain, part), rtol=0, atol=1e-9)
    key = ["year", "school_id", "indicator"]
    expected = plain.indicators.assign(indicator=plain.indicators["indicator"].map(renamed))
    assert_frame_equal(
        other.indicators.sort_values(key, ignore_index=True),
        expected.sort_values(key, ignore_index=True),
        check_dtype=False,
    )


def test_left_out_school_touches_nothing(methodology):
    plain = identify_schools(scored_region(), methodology)
    extra = tables(schools=[school("99", exclusion="да")], results=[exam("99", mean_score=0, below_min=10)])
    built = {name: pd.concat([frame, extra[name]], ignore_index=True) for name, frame in scored_region().items()}
    joined = identify_schools(built, methodology)
    assert_frame_equal(joined.indicators, plain.indicators)
    assert_frame_equal(joined.indices, plain.indices)


def schools_of(years=(2018, 2019, 2020), ids=("01", "02"), **other):
    return [school(school_id, year, **other) for year in years for school_id in ids]


THIN = {
    "nothing at all": tables(),
    "schools only": tables(schools=schools_of()),
    "one school": tables(
        schools=schools_of(ids=("01",)), results=[result(year=y, marks=(1, 2, 3, 4)) for y in (2018, 2019)]
    ),
    "one year": tables(
        schools=schools_of((2020,)), results=[result(marks=(1, 2, 3, 4)), result("02", marks=(2, 2, 3, 4))]
    ),
    "all left out": tables(schools=schools_of(exclusion="да"), results=[result(marks=(1, 2, 3, 4))]),
    "no participants": tables(schools=schools_of(), results=[result(participants=0), result("02", participants=None)]),
    "conditions only": tables(schools=schools_of(), social=[condition(), condition("02", count=7)]),
    "no procedure of ФИОКО": tables(
        schools=schools_of(), results=[result(marks=(1, 2, 3, 4), procedure="ВПР", grade=8)]
    ),
}


@pytest.mark.parametrize("case", THIN)
@pytest.mark.parametrize("with_fioko", [True, False])
def test_thin_data_give_tables_of_the_contract(methodology, case, with_fioko):
    rules = methodology if with_fioko else methodology.model_copy(update={"fioko": None})
    identified = identify_schools(THIN[case], rules)
    for part, schema in OUT.items():
        schema.validate(getattr(identified, part))
    assert identified.lists[["results_status", "social_status", "joint"]].isna().all(axis=None)
    assert identified.lists["fioko_shnor"].notna().all()
    assert identified.lists.empty or (with_fioko and case in {"one school", "one year"})
    assert len(identified.schools) == len(THIN[case]["schools"])


def test_one_school_alone_is_mid(methodology):
    rows = [result(year=year, marks=(1, 2, 3, 4)) for year in (2018, 2019, 2020)]
    identified = identify_schools(tables(schools=schools_of(ids=("01",)), results=rows), methodology)
    assert identified.indices["band"].tolist() == ["mid"] * 3
    assert identified.lists["results_status"].isna().tolist() == [True] * 3


def test_school_without_results_is_listed_without_status_and_flag(methodology):
    built = region()
    lacking = {**built, "results": built["results"].query("school_id != '01'")}
    row = identify_schools(lacking, methodology).lists.query("year == 2020").set_index("school_id").loc["01"]
    assert row[["results_status", "fioko_shnor"]].isna().all()
    assert row["social_status"] == "ШНСУ"


def test_best_school_of_a_geometric_index_stays_in_the_contract(methodology):
    rules = change_rules(methodology, "results", aggregation=Aggregation(kind="geometric"))
    indices = identify_schools(region(), rules).indices.query("domain == 'results'")
    assert indices["index"].max() == pytest.approx(100)


def test_reader_is_told_what_the_lists_lack(methodology):
    built = region(years=(2018, 2019, 2020, 2021))
    built["social"] = built["social"].query("year >= 2019")
    notices = identify_schools(built, methodology).notices
    told = set(notices.loc[notices["group"].isna(), ["year", "notice"]].itertuples(index=False, name=None))
    assert told == {
        (2018, "нет данных за все годы окна 2016, 2017, 2018, составлен только список ШНОР"),
        (
            2018,
            "нет результатов за 2017: второй критерий ШНОР (низкие результаты несколько лет подряд) не проверен, "
            "список составлен только по первому",
        ),
        (2019, "нет данных за все годы окна 2017, 2018, 2019, составлен только список ШНОР"),
        (2020, "нет данных о социальных условиях за все годы окна 2018, 2019, 2020, списков условий нет"),
    }
    assert notices["year"].dtype == "int64"


def test_year_without_conditions_in_its_window_has_results_only(methodology):
    built = region(years=(2018, 2019, 2020, 2021))
    built["social"] = built["social"].query("year >= 2019")
    lists = identify_schools(built, methodology).lists.groupby("year")[["results_status", "social_status"]].count()
    assert lists.loc[2020].tolist() == [4, 0]
    assert lists.loc[2021].tolist() == [4, 8]


def test_constant_indicator_is_named_in_the_notices(methodology):
    built = tables(schools=schools_of((2020,)), results=[result(marks=(1, 2, 3, 4)), result("02", marks=(1, 3, 3, 3))])
    notices = identify_schools(built, methodology).notices
    scopes = notices[notices["notice"].str.contains("не различается")]
    assert len(scopes) == 1
    assert "ОГЭ, русский язык: «2»" in scopes["notice"].item()
    assert scopes[["year", "domain", "group"]].iloc[0].tolist() == [2020, "results", "средние"]


def test_methodologies_that_share_a_memory_give_what_each_gives_alone(demo_processed, methodologies):
    contract, memory = read_contract(demo_processed), Memory()
    rules = [load_methodology(path) for path in list_methodologies(methodologies)]
    assert len(rules) == 20
    for item in [*rules, *reversed(rules)]:
        assert_same(identify_schools(contract, item, memory), identify_schools(contract, item))
        pd.testing.assert_frame_equal(list_schools(contract, item, memory), identify_schools(contract, item).lists)
