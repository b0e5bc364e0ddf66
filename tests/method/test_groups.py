import pytest
from builders import result, school, tables

from effschool.base.schemas import SCHOOLS_OUT
from effschool.method.groups import group_schools
from effschool.method.methodology import GroupsByExams, ProcedureGroup


def name_groups(built, methodology):
    schools = group_schools(built, methodology)
    SCHOOLS_OUT.validate(schools)
    return schools.set_index("school_id")["group"].fillna("нет").to_dict()


def by_exams(methodology, other=None):
    lower = ProcedureGroup(name="с 9 классом", exams=(("ОГЭ", 9),))
    full = ProcedureGroup(name="с 9 и 11 классами", exams=(("ЕГЭ", 11), ("ОГЭ", 9)))
    groups = GroupsByExams(by="exams", names=(lower, full), other=other, source="пример")
    return methodology.model_copy(update={"groups": groups})


def held(school_id, procedure, grade, participants=10, subject="русский язык"):
    return result(school_id, procedure=procedure, grade=grade, participants=participants, subject=subject)


@pytest.mark.parametrize(
    ("type_", "group"),
    [("средняя", "средние"), ("основная", "основные"), ("вечерняя", "вечерние"), ("начальная", "нет"), (None, "нет")],
)
def test_group_by_type(methodology, type_, group):
    assert name_groups(tables(schools=[school(type=type_)]), methodology) == {"01": group}


def test_marked_school_is_left_out_and_keeps_the_reason(methodology):
    built = tables(schools=[school(exclusion="адаптированные программы"), school("02")])
    schools = group_schools(built, methodology)
    assert schools["group"].isna().tolist() == [True, False]
    assert schools.loc[0, "exclusion"] == "адаптированные программы"


def test_group_is_of_the_year(methodology):
    built = tables(schools=[school(year=2019, type="основная"), school(year=2020)])
    assert group_schools(built, methodology)["group"].tolist() == ["основные", "средние"]


def test_group_by_the_exact_set_of_exams(methodology):
    rows = [held("01", "ОГЭ", 9), held("01", "ОГЭ", 9, subject="математика"), held("02", "ОГЭ", 9)]
    rows += [held("02", "ЕГЭ", 11), held("03", "ЕГЭ", 11)]
    built = tables(schools=[school(f"0{place}") for place in range(1, 5)], results=rows)
    named = {"01": "с 9 классом", "02": "с 9 и 11 классами"}
    assert name_groups(built, by_exams(methodology)) == {**named, "03": "нет", "04": "нет"}
    assert name_groups(built, by_exams(methodology, "прочие")) == {**named, "03": "прочие", "04": "нет"}


@pytest.mark.parametrize("participants", [0, None])
def test_exam_without_participants_was_not_held(methodology, participants):
    built = tables(schools=[school()], results=[held("01", "ОГЭ", 9), held("01", "ЕГЭ", 11, participants)])
    assert name_groups(built, by_exams(methodology)) == {"01": "с 9 классом"}


def test_exam_without_a_grade_is_another_exam(methodology):
    built = tables(schools=[school()], results=[held("01", "ОГЭ", None)])
    assert name_groups(built, by_exams(methodology, "прочие")) == {"01": "прочие"}


def test_rows_of_the_register_may_stand_in_any_order(methodology):
    rows = [held("01", "ОГЭ", 9), held("02", "ОГЭ", 9), held("02", "ЕГЭ", 11)]
    built = tables(schools=[school("01"), school("02")], results=rows)
    turned = {**built, "schools": built["schools"].iloc[::-1]}
    for rules in (methodology, by_exams(methodology)):
        assert name_groups(turned, rules) == name_groups(built, rules)


def test_empty_register_has_no_groups(methodology):
    assert group_schools(tables(), methodology).empty
    assert group_schools(tables(), by_exams(methodology)).empty
