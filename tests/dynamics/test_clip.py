"""What notebook 03 shows of a year and a municipality: rows are chosen, no school is judged anew."""

import pandas as pd
import pytest

from effschool.dynamics.follow import clip_dynamics


def test_whole_region_of_the_last_year_is_all_there_is(demo):
    shown = clip_dynamics(demo.dynamics, demo.methodology, 2023)
    for name in ("paths", "transitions", "memberships", "turnover", "cohorts", "spells", "level_change"):
        pd.testing.assert_frame_equal(getattr(shown, name), getattr(demo.dynamics, name))


def test_only_own_schools_and_years_are_shown(demo):
    place = demo.dynamics.paths["municipality"].iloc[0]
    shown = clip_dynamics(demo.dynamics, demo.methodology, 2022, place)
    own = set(demo.dynamics.paths.query("municipality == @place")["school_id"])
    for name in ("paths", "memberships", "spells", "level_change", "pupil_cohorts"):
        assert set(getattr(shown, name)["school_id"]) <= own, name
    assert shown.paths["year"].max() == shown.transitions["to_year"].max() == 2022
    assert set(shown.transitions["municipality"]) == {place}
    assert max(year for years in shown.memberships["years"] for year in years) <= 2022
    both = shown.paths.merge(demo.dynamics.paths, on=["year", "school_id"], suffixes=("", "_whole"))
    assert both["results_index"].equals(both["results_index_whole"])
    assert both["results_status"].equals(both["results_status_whole"])


def test_unknown_municipality_is_refused_with_those_there_are(demo):
    with pytest.raises(ValueError, match=r"Муниципалитета «Нигде» в реестре нет. Есть: «.+»"):
        clip_dynamics(demo.dynamics, demo.methodology, 2023, "Нигде")
