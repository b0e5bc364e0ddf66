"""Proposal of participants: within the quota, in the documented order, never those who are in, never a decision."""

import pandas as pd
import pytest

from effschool.support.projects import Projects
from effschool.support.proposal import NAMED, RESERVE, WITHIN, ProposalBasis, propose_participants

YEAR = 2022
TRACKS = {
    1: {"title": "низкие", "feeds": ["перечень ФИОКО", "ШНРО и ШНСУ", "ШНРО", "ШНОР"], "source": "тест"},
    2: {"title": "риск", "feeds": ["группа риска"], "source": "тест"},
    3: {"title": "профилактика", "source": "тест"},
}


def make_projects(*quotas):
    rows = [{"place": place, "track": track, "schools": schools, "source": "тест"} for place, track, schools in quotas]
    project = {"id": "p", "names": ["Проект"], "source": "тест", "quotas": rows}
    lasting = {"years": 4, "kept": 0.5, "source": "тест"}
    return Projects(title="т", source="т", tracks=TRACKS, practices=lasting, projects=[project])


def make_basis(lists, official=(), taking=(), sure=None, answers=()):
    """Schools by code with what list they are on, in two places: codes that end in an odd figure are in «Север»."""
    rows = [
        {
            "year": YEAR, "school_id": code, "group": "средние", "results_status": None, "joint": None,
            "municipality": "Север" if int(code[-1]) % 2 else "Юг", "fioko_shnor": name == "ШНОР",
        }
        | ({"joint": name, "results_status": "ШНРО"} if name == "ШНРО и ШНСУ" else {"results_status": name})
        for code, name in lists.items()
    ]  # fmt: skip
    verdicts = [
        {"year": YEAR, "school_id": code, "list": name, "verdict": verdict} for code, name, verdict in sure or ()
    ]
    return ProposalBasis(
        paths=pd.DataFrame(rows),
        official=pd.DataFrame(official, columns=["year", "school_id", "level"]),
        participants=pd.DataFrame(taking, columns=["school_id", "entry_year", "exit_year"]).astype(
            {"exit_year": "Int64"}
        ),
        certainty=pd.DataFrame(verdicts, columns=["year", "school_id", "list", "verdict"]),
        proposal=pd.DataFrame(answers, columns=["year", "school_id", "project", "decision", "reason"]),
    )


def propose(basis, *quotas):
    return propose_participants(basis, make_projects(*quotas), YEAR, "Край")


def test_order_is_the_official_list_then_both_lists_then_results():
    lists = {"01": "ШНОР", "02": "ШНРО", "03": "ШНРО и ШНСУ", "04": "стабильно высокие", "05": None}
    found = propose(make_basis(lists, official=[(2021, "05", None)]), ("Край", 1, 9))
    assert found["school_id"].tolist() == ["05", "03", "02", "01"]
    assert found["ground"].tolist() == ["перечень ФИОКО", "ШНРО и ШНСУ", "ШНРО", "ШНОР"]
    assert found["decision"].isna().all()


def test_surer_places_come_first_and_equal_ones_by_code():
    lists = dict.fromkeys(["01", "02", "03", "04"], "ШНРО")
    sure = [("03", "ШНРО", "устойчиво"), ("04", "ШНРО", "погранично"), ("02", "ШНРО", "зависит от метода")]
    found = propose(make_basis(lists, sure=sure), ("Край", 1, 4))
    assert found["school_id"].tolist() == ["03", "04", "02", "01"]


def test_quota_is_kept_and_schools_of_the_same_ground_stand_in_reserve():
    lists = dict.fromkeys(["01", "02", "03", "04"], "ШНРО") | {"05": "ШНОР"}
    found = propose(make_basis(lists), ("Край", 1, 2))
    assert found["standing"].tolist() == [WITHIN, WITHIN, RESERVE, RESERVE]
    assert found["school_id"].tolist() == ["01", "02", "03", "04"]


@pytest.mark.parametrize(
    ("entry", "leave", "is_free"),
    [(2020, None, False), (2020, 2022, False), (2020, 2021, True), (2023, None, False), (2022, None, False)],
)
def test_who_is_already_in_is_not_proposed(entry, leave, is_free):
    found = propose(make_basis({"01": "ШНРО"}, taking=[("01", entry, leave)]), ("Край", 1, 2))
    assert (found["school_id"].tolist() == ["01"]) == is_free


def test_quota_of_a_place_takes_its_schools_and_nobody_twice():
    lists = {"01": "ШНРО", "02": "ШНРО", "03": "группа риска"}
    found = propose(make_basis(lists), ("Север", 1, 5), ("Край", 1, 5), ("Север", 2, 1))
    assert found[["school_id", "track"]].to_numpy().tolist() == [["01", 1], ["02", 1], ["03", 2]]
    assert propose(make_basis(lists), ("Другой край", 1, 5)).empty


def test_answers_stand_beside_the_proposal_and_refusal_keeps_its_reason():
    answers = [
        (YEAR, "01", "Проект", "не согласовано", "реорганизация"),
        (YEAR, "09", "Проект", "согласовано", None),
        (YEAR, "08", "Проект", None, None),
        (2021, "02", "Проект", "согласовано", None),
    ]
    found = propose(make_basis({"01": "ШНРО", "02": "ШНРО"}, answers=answers), ("Край", 1, 1)).set_index("school_id")
    assert found.index.tolist() == ["01", "02", "09"]
    assert found.loc["01", ["standing", "decision", "reason"]].tolist() == [WITHIN, "не согласовано", "реорганизация"]
    assert found.loc["09", "standing"] == NAMED
    assert pd.isna(found.loc["02", "decision"])
    assert found.loc["02", "standing"] == RESERVE
