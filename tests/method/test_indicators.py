import pytest
from builders import certificate, condition, exam, result, school, tables
from pandas.testing import assert_frame_equal

from effschool.method.groups import group_schools
from effschool.method.indicators import NOT_APPLICABLE, POOLED, compute_indicators
from effschool.method.methodology import FewPupils, MeanIndicator, Rows


def compute(methodology, indicator, **rows):
    """Raw values and participants of one indicator by school, in one year."""
    built = tables(**{"schools": [school(f"0{place}") for place in range(1, 5)], **rows})
    values = compute_indicators(built, group_schools(built, methodology), methodology)
    chosen = values[values["indicator"] == indicator].set_index("school_id")
    return {key: pytest.approx(value) for key, value in chosen["raw"].items()}, chosen["participants"].to_dict()


def vpr(grade, marks, **other):
    return result(marks=marks, procedure="ВПР", grade=grade, **other)


def test_share_of_several_grades_is_of_pooled_counts(methodology):
    # Grades 5 and 6: (1 + 6) of (10 + 20); grades 4 and 7 are not chosen.
    rows = [vpr(5, (1, 4, 3, 2)), vpr(6, (6, 10, 2, 2)), vpr(4, (9, 0, 0, 0)), vpr(7, (9, 0, 0, 0))]
    assert compute(methodology, "vpr_rus_2", results=rows) == ({"01": 700 / 30}, {"01": 30})
    assert compute(methodology, "vpr_rus_5", results=rows)[0] == {"01": 400 / 30}


def test_row_without_its_count_is_in_neither_sum(methodology):
    rows = [vpr(5, (1, 4, 3, 2)), vpr(6, (None, 10, 2, 2), participants=20)]
    assert compute(methodology, "vpr_rus_2", results=rows) == ({"01": 10}, {"01": 10})


@pytest.mark.parametrize("participants", [0, None])
def test_without_participants_there_is_no_value(methodology, participants):
    rows = [exam(participants=participants), exam("02", below_min=3)]
    assert compute(methodology, "ege_rus_fail", results=rows) == ({"02": 30}, {"02": 10})


def test_zero_failed_is_a_value(methodology):
    assert compute(methodology, "ege_rus_fail", results=[exam(below_min=0)])[0] == {"01": 0}


def test_levels_of_mathematics_are_pooled_where_the_document_says_so(methodology):
    base = exam(subject="математика (базовая)", participants=30, below_min=1)
    profile = exam(subject="математика (профильная)", participants=10, below_min=3, score_80_plus=2)
    assert compute(methodology, "ege_math_fail", results=[base, profile]) == ({"01": 10}, {"01": 40})
    assert compute(methodology, "ege_math_80", results=[base, profile]) == ({"01": 20}, {"01": 10})


def test_certificates_may_be_a_share_of_the_participants_of_the_exam_in_russian(methodology):
    other = methodology.model_copy(update={"certificate_total": "participants"})
    rows = [certificate(graduates=20, without_certificate=1), certificate(level="СОО", without_certificate=3)]
    rows += [certificate("02", graduates=10, without_certificate=None), certificate("03", without_certificate=2)]
    exams = [result(marks=(1, 15, 0, 0)), result("02", marks=(0, 5, 0, 0)), exam(participants=2)]
    exams += [result(marks=(9, 9, 9, 9), subject="математика"), result("04", marks=(1, 1, 1, 1))]
    given = {"certificates": rows, "results": exams}
    assert compute(other, "oge_no_certificate", **given) == ({"01": 6.25}, {"01": 16})
    # Whoever was not let to the exam is without a certificate and no participant: the share may exceed 100.
    assert compute(other, "ege_no_certificate", **given) == ({"01": 150}, {"01": 2})


def test_certificates_are_counted_by_level(methodology):
    rows = [certificate(graduates=20, without_certificate=1)]
    rows += [certificate(level="СОО", graduates=10, without_certificate=2)]
    assert compute(methodology, "oge_no_certificate", certificates=rows) == ({"01": 5}, {"01": 20})
    assert compute(methodology, "ege_no_certificate", certificates=rows) == ({"01": 20}, {"01": 10})


def test_condition_is_a_share_of_all_pupils_and_blank_is_missing(methodology):
    rows = [condition(pupils=50, deviant=5), condition("02", deviant=None), condition("03", deviant=0)]
    assert compute(methodology, "deviant", social=rows) == ({"01": 10, "03": 0}, {"01": 50, "03": 100})


def test_mean_is_made_from_marks_and_gap_is_to_the_weighted_mean(methodology):
    # Means 3.0 (10 pupils) and 4.5 (30 pupils): the region has (30 + 135) / 40 = 4.125.
    rows = [result(marks=(2, 6, 2, 0)), result("02", marks=(0, 0, 15, 15))]
    assert compute(methodology, "oge_rus_gap", results=rows) == ({"01": -1.125, "02": 0.375}, {"01": 10, "02": 30})


def test_given_mean_goes_before_the_mean_of_marks(methodology):
    rows = [result(marks=(2, 6, 2, 0), mean_score=3.5), result("02", marks=(0, 0, 5, 5))]
    assert compute(methodology, "oge_rus_gap", results=rows)[0] == {"01": -0.5, "02": 0.5}


def test_no_mean_is_made_where_a_count_of_marks_is_missing(methodology):
    rows = [result(marks=(None, 6, 2, 0)), result("02", marks=(0, 0, 5, 5))]
    assert compute(methodology, "oge_rus_gap", results=rows)[0] == {"02": 0}


def test_no_mean_of_points_is_made_from_marks(methodology):
    marked = exam(subject="математика (базовая)", mark_2=1, mark_3=4, mark_4=3, mark_5=2)
    scored = exam("02", subject="математика (базовая)", mean_score=15)
    assert compute(methodology, "ege_math_base_gap", results=[marked, scored])[0] == {"02": 0}


def test_mean_of_several_grades_is_weighted_by_participants(methodology):
    # School 01: (10·3 + 30·5) / 40 = 4.5; school 02: 3.5; region (40·4.5 + 40·3.5) / 80 = 4.
    rows = [vpr(5, (0, 10, 0, 0)), vpr(6, (0, 0, 0, 30)), vpr(5, (0, 20, 20, 0), school_id="02")]
    assert compute(methodology, "vpr_rus_gap", results=rows)[0] == {"01": 0.5, "02": -0.5}


def test_mean_without_participants_is_no_value(methodology):
    rows = [
        exam(participants=0, mean_score=90),
        exam("02", mean_score=50),
        exam("03", participants=None, mean_score=90),
    ]
    assert compute(methodology, "ege_rus_gap", results=rows)[0] == {"02": 0}


def test_regional_mean_is_without_left_out_schools_and_over_all_groups(methodology):
    schools = [
        school("01"),
        school("02", type="основная"),
        school("03", exclusion="да"),
        school("04", type="начальная"),
    ]
    rows = [exam(f"0{place}", mean_score=score) for place, score in ((1, 60), (2, 40), (3, 0), (4, 0))]
    assert compute(methodology, "ege_rus_gap", schools=schools, results=rows)[0] == {"01": 10, "02": -10}


def test_regional_mean_is_of_the_year(methodology):
    schools = [school(school_id, year) for school_id in ("01", "02") for year in (2019, 2020)]
    rows = [
        exam(row["school_id"], row["year"], mean_score=score)
        for row, score in zip(schools, (50, 60, 70, 60), strict=True)
    ]
    built = tables(schools=schools, results=rows)
    values = compute_indicators(built, group_schools(built, methodology), methodology).query("indicator=='ege_rus_gap'")
    assert values.set_index(["year", "school_id"])["raw"].to_dict() == {
        (2019, "01"): -10,
        (2019, "02"): 10,
        (2020, "01"): 0,
        (2020, "02"): 0,
    }


def test_mean_indicator_is_the_mean_itself(methodology):
    rows = Rows(table="results", procedure=("ЕГЭ",), subject=("русский язык",))
    mean = MeanIndicator(id="m", title="м", short="м", block="ege", direction="direct", rows=rows, kind="mean")
    rules = methodology.domains["results"].model_copy(update={"indicators": (mean,)})
    changed = methodology.model_copy(update={"domains": {**methodology.domains, "results": rules}})
    scores = [exam(mean_score=60), exam("02", mean_score=40)]
    assert compute(changed, "m", results=scores)[0] == {"01": 60, "02": 40}


def test_school_outside_the_register_has_no_values(methodology):
    assert compute(methodology, "ege_rus_fail", results=[exam("99"), exam("01")])[0] == {"01": 0}


def test_tables_are_not_changed_and_row_order_does_not_matter(methodology):
    rows = [result(f"0{place}", marks=(place, 5, 3, 1)) for place in range(1, 5)]
    built = tables(schools=[school(f"0{place}") for place in range(1, 5)], results=rows)
    before = {name: frame.copy(deep=True) for name, frame in built.items()}
    schools = group_schools(built, methodology)
    values = compute_indicators(built, schools, methodology)
    for name, frame in built.items():
        assert_frame_equal(frame, before[name])
    turned = {**built, "results": built["results"].iloc[::-1]}
    keys = ["indicator", "school_id"]
    other = compute_indicators(turned, schools, methodology).sort_values(keys, ignore_index=True)
    assert_frame_equal(other, values.sort_values(keys, ignore_index=True))


def test_empty_tables_have_no_values_but_their_types(methodology):
    built = tables()
    values = compute_indicators(built, group_schools(built, methodology), methodology)
    assert values.empty
    assert values["raw"].dtype == "float64"
    assert values["participants"].dtype == "int64"


def few(methodology, **rules):
    """The methodology with a rule for few pupils in the domain of results."""
    changed = methodology.domains["results"].model_copy(update={"few_pupils": FewPupils(**rules)})
    return methodology.model_copy(update={"domains": methodology.domains | {"results": changed}})


def compute_years(methodology, indicator, rows):
    built = tables(schools=[school(year=year) for year in (2018, 2019, 2020)], results=rows)
    values = compute_indicators(built, group_schools(built, methodology), methodology)
    return values[values["indicator"] == indicator].set_index("year")


def test_few_pupils_are_pooled_over_the_years(methodology):
    rows = [result(year=year, marks=marks) for year, marks in [(2018, (1, 3, 0, 0)), (2019, (0, 9, 1, 0))]]
    rows.append(result(year=2020, marks=(2, 1, 1, 0)))
    rules = few(methodology, policy="pool", min_participants=10, years=2)
    values = compute_years(rules, "oge_rus_2", rows)
    # 2018: 1 of 4, no year before; 2019: ten take part, as it stands; 2020: 2 + 0 of 4 + 10.
    assert values["raw"].tolist() == pytest.approx([25, 0, 200 / 14])
    assert values["participants"].tolist() == [4, 10, 14]
    assert values["treatment"].astype("str").fillna("").tolist() == [POOLED, "", POOLED]


def test_few_pupils_make_an_indicator_not_applicable(methodology):
    rows = [result(year=2018, marks=(1, 8, 0, 0)), result(year=2019, marks=(1, 9, 0, 0))]
    values = compute_years(few(methodology, policy="not_applicable", min_participants=10), "oge_rus_2", rows)
    assert values["raw"].isna().tolist() == [True, False]
    assert values["treatment"].astype("str").fillna("").tolist() == [NOT_APPLICABLE, ""]


def test_regional_mean_is_of_the_year_even_where_a_school_is_pooled(methodology):
    rows = [result(year=2019, marks=(0, 0, 0, 4)), result(year=2020, marks=(0, 4, 0, 0))]
    values = compute_years(few(methodology, policy="pool", min_participants=5, years=2), "oge_rus_gap", rows)
    # 2020: the school's mean over both years is 4, the region's of 2020 is 3.
    assert values.loc[2020, "raw"] == pytest.approx(1)
