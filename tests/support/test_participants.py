import pandas as pd
import pytest
from builders_report import register, registered

from effschool.support.participants import ELSEWHERE, choose_participants, name_approved, name_participants

SCHOOLS = register(
    [
        registered("01", 2022),
        registered("02", 2022, name="Старое название"),
        registered("02", 2023, name="Школа 02"),
        registered("03", 2023, municipality="Другой", name="Чужая школа"),
    ]
)


def enter(school_id="01", entry=2021, leave=None, partner=None):
    row = {"school_id": school_id, "project": "500+", "entry_year": entry, "exit_year": leave, "partner_id": partner}
    row |= {"curator": "Куратор", "track": 1, "wave": "2021", "agreement": "заключён"}
    return pd.DataFrame([row]).astype({"exit_year": "Int64", "partner_id": "str"})


@pytest.mark.parametrize(("partner", "named"), [("02", "Школа 02"), ("03", ELSEWHERE), ("99", "99"), (None, None)])
def test_partner_is_named_inside_the_municipality_only(partner, named):
    found = name_participants(enter(partner=partner), SCHOOLS)["partner"].iloc[0]
    assert found == named or (named is None and pd.isna(found))


@pytest.mark.parametrize(
    ("entry", "leave", "takes_part"),
    [(2021, None, True), (2023, None, True), (2024, None, False), (2021, 2023, True), (2021, 2022, False)],
)
def test_school_takes_part_from_its_entry_to_the_year_of_leaving(entry, leave, takes_part):
    rows = name_participants(enter(entry=entry, leave=leave), SCHOOLS)
    assert len(choose_participants(rows, 2023)) == takes_part


def test_a_partner_elsewhere_is_named_only_where_the_pair_is_approved():
    states = {"01": "утверждена", "02": "не утверждена"}
    rows = [{"year": 2023, "school_id": school, "partner_id": "03", "state": state} for school, state in states.items()]
    approved = name_approved(pd.DataFrame(rows), SCHOOLS)
    assert approved.to_numpy().tolist() == [["01", "03", "Чужая школа, Другой"]]
    named = [name_participants(enter(school, partner="03"), SCHOOLS, approved)["partner"].iloc[0] for school in states]
    assert named == ["Чужая школа, Другой", ELSEWHERE]
