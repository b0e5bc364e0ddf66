"""Dynamics of all schools of the open data: cohorts 4 → 7 → 10 → 12 and transitions."""

from itertools import pairwise
from pathlib import Path

import pytest

from effschool.dynamics.follow import Dynamics, follow_schools
from effschool.dynamics.transitions import share_transitions
from effschool.intake.ingest import Ingested, ingest_folder
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "bg-mon"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="нет папки ../shared/data/bg-mon с открытыми данными")


@pytest.fixture(scope="module")
def ingested() -> Ingested:
    return ingest_folder(DATA, ROOT / "examples" / "bulgaria" / "layouts")


@pytest.fixture(scope="module")
def dynamics(ingested) -> Dynamics:
    methodology = load_methodology(ROOT / "examples" / "bulgaria" / "methodology.yml")
    return follow_schools(identify_schools(ingested.tables, methodology), ingested.tables, methodology)


def test_children_are_followed_from_grade_4_to_12(dynamics):
    steps = dynamics.pupil_cohorts[["from_grade", "from_year", "to_grade", "to_year"]].drop_duplicates()
    assert set(zip(steps["from_grade"], steps["to_grade"], strict=True)) == {(4, 7), (7, 10), (10, 12)}
    assert (steps["to_year"] - steps["from_year"] == steps["to_grade"] - steps["from_grade"]).all()
    assert set(steps["to_year"]) == {2023, 2024, 2025}


def test_every_school_that_held_both_exams_has_its_step(dynamics, ingested):
    results = ingested.tables["results"]
    known = results[(results["subject"] == "БЕЛ") & (results["participants"] > 0) & results["mean_score"].notna()]
    schools = dynamics.paths.dropna(subset="group")
    taken = known.merge(schools[["year", "school_id"]], on=["year", "school_id"])
    before = set(taken[(taken["year"] == 2021) & (taken["grade"] == 4)]["school_id"])
    after = set(taken[(taken["year"] == 2024) & (taken["grade"] == 7)]["school_id"])
    steps = dynamics.pupil_cohorts.query("family == 'БЕЛ' and from_year == 2021 and from_grade == 4")
    assert len(before & after) > 1500
    assert set(steps.dropna(subset="gain")["school_id"]) == before & after
    assert set(steps.loc[steps["gain"].isna(), "school_id"]) == before ^ after
    assert set(steps.loc[steps["gain"].isna(), "finding"]) == {"missing"}


def test_few_schools_are_out_of_line_and_never_where_the_children_changed(dynamics):
    named = dynamics.pupil_cohorts[dynamics.pupil_cohorts["finding"].isin(["jump", "fall"])]
    assert 0 < len(named) < 50
    ratio = named["size_pct"] / named["usual_size_pct"]
    assert ratio.between(0.75, 1.25).all()
    assert named[["from_participants", "to_participants"]].min(axis=None) >= 11
    assert (named["usual_size_pct"] >= 40).all()


def test_every_school_moves_once_between_neighbouring_years(dynamics):
    taken = dynamics.paths.dropna(subset="group")
    members = {year: set(rows["school_id"]) for year, rows in taken.groupby("year")}
    counts = share_transitions(dynamics.transitions).groupby("from_year")["schools"].sum()
    assert counts.to_dict() == {before: len(members[before] | members[after]) for before, after in pairwise(members)}


def test_level_has_a_change_where_the_year_before_has_a_level(dynamics):
    levels = dynamics.level_change
    known = set(zip(levels["year"], levels["school_id"], strict=True))
    has_before = [(year - 1, school) in known for year, school in zip(levels["year"], levels["school_id"], strict=True)]
    assert levels["change"].notna().tolist() == has_before
    assert levels.loc[levels["year"] == 2021, "change"].isna().all()
    assert levels["tone"].notna().sum() > 5000
