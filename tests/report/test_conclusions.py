"""What a stage comes to: the last frame of its notebook says what stands in the tables."""

from dataclasses import replace

import pandas as pd
import pytest

from effschool.certainty.stability import STABILITY_COLUMNS, Stability
from effschool.intake.ingest import ingest_folder
from effschool.report.display import Text
from effschool.report.portfolio import flag_members
from effschool.report.sections.conclusions import (
    conclude_dynamics,
    conclude_intake,
    conclude_lists,
    conclude_support,
)

YEAR = 2023


def read(table, label="Что", value="Сколько"):
    return dict(zip(table.frame[label], table.frame[value], strict=True))


@pytest.fixture
def stability(demo):
    """As the run left it."""
    return Stability(demo.certainty[list(STABILITY_COLUMNS)], pd.DataFrame())


def test_intake_counts_files_problems_and_schools(demo_raw, root, demo):
    found = ingest_folder(demo_raw, root / "layouts", root / "methodologies" / "thresholds.yml")
    told = read(conclude_intake(found))
    assert told["Файлов прислано"] == demo.files["file"].nunique()
    assert told["Лет с реестром школ"] == 4
    kinds = {name: count for name, count in told.items() if "вида" in name}
    assert sum(kinds.values()) == len(found.problems)
    assert told["Школ в реестре последнего года"] == len(found.tables["schools"].query("year == 2023"))


def test_lists_are_counted_with_those_that_are_firm_and_new(demo, stability):
    table = conclude_lists(demo.identified, demo.methodology, stability, YEAR)
    lists = demo.identified.lists
    for name, number in read(table, "Список", "Школ").items():
        assert number == flag_members(lists[lists["year"] == YEAR], name).sum()
    firm = demo.certainty.query("is_member and verdict == 'устойчиво'").groupby("list").size().to_dict()
    assert {name: count for name, count in read(table, "Список", "Из них устойчиво").items() if count} == firm
    assert 0 < sum(firm.values()) < len(demo.certainty.query("is_member"))


def test_list_that_was_not_a_year_ago_has_no_number_of_new_schools(demo, stability):
    lists = demo.identified.lists
    first = replace(demo.identified, lists=lists[lists["year"] == YEAR])
    table = conclude_lists(first, demo.methodology, stability, YEAR)
    assert table.frame["Не было год назад"].isna().all()
    assert table.note
    none = replace(demo.identified, lists=lists[lists["year"] < YEAR])
    assert isinstance(conclude_lists(none, demo.methodology, stability, YEAR), Text)


def test_lists_of_the_last_step_are_told(demo):
    frame = conclude_dynamics(demo.dynamics).frame.set_index("Список")
    moves = demo.dynamics.turnover.query("to_year == 2023").set_index("list")
    assert frame["Вошли"].to_dict() == moves["entered"].to_dict()
    nothing = replace(demo.dynamics, turnover=demo.dynamics.turnover.iloc[:0])
    assert isinstance(conclude_dynamics(nothing), Text)


def test_support_counts_participants_of_the_year_alone(demo):
    told = read(conclude_support(demo.support, YEAR))
    own = demo.support.participants
    assert told["Школ в проектах"] == own.query("entry_year <= 2023")["school_id"].nunique() > 0
    assert told["Мероприятий дорожных карт"] == len(demo.support.roadmap)
    left = replace(demo.support, participants=own.assign(exit_year=YEAR - 1).astype({"exit_year": "Int64"}))
    assert read(conclude_support(left, YEAR))["Школ в проектах"] == 0
