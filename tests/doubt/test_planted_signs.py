"""The demonstration region: schools that its generator marks are those that are found, and no others."""

import numpy as np
import pandas as pd
import pytest
from builders import SOURCE, tables

from effschool.base.schemas import CONTRACT, JOURNAL_CHANGES
from effschool.demo import build_demo_tables
from effschool.demo.settings import load_settings
from effschool.demo.signs import draw_journal, draw_marked, draw_primary_scores, find_marked
from effschool.doubt.examine import examine_doubt, open_borders

KEY = ["year", "school_id", "subject", "grade"]
PLACE = {**SOURCE, "source_note": None}


@pytest.fixture(scope="module")
def region():
    """Contract tables of a year of some 350 schools, and which rows of ВПР the generator marks."""
    rules, rng = load_settings().offices.signs, np.random.default_rng(77)
    built = build_demo_tables()
    results = built["results"].query("year == 2023").assign(**PLACE)
    marked = draw_marked(results, rules, rng)
    compared = draw_journal(results, marked, rules, rng)
    changes = dict(zip(rules.compared, JOURNAL_CHANGES, strict=True))
    journal = compared.rename(columns=changes).melt(KEY, list(JOURNAL_CHANGES), "change", "pupils")
    wide = draw_primary_scores(results, marked, rules, rng)
    scores = wide.melt([*KEY, "participants"], [name for name in wide if name.isdigit()], "score", "pupils")
    scores = scores.assign(procedure="ВПР", score=scores["score"].astype(int))
    given = {"schools": built["schools"].query("year == 2023").assign(**PLACE), "results": results}
    given |= {"journal": journal.assign(**PLACE), "scores": scores.assign(**PLACE)}
    kinds = {name: {each: column.dtype for each, column in CONTRACT[name].columns.items()} for name in given}
    typed = {name: frame[list(kinds[name])].astype(kinds[name]) for name, frame in given.items()}
    planted = compared[find_marked(compared, marked, rules)]
    return {**tables(), **typed}, planted[[*KEY, "participants"]]


def test_marked_by_the_generator_are_found_and_no_others(region, methodology, methodologies):
    given, planted = region
    found = examine_doubt(given, methodology, open_borders(methodology, methodologies))
    signs = found["signs"]
    marked = signs[signs["marked"] | signs["caution"]]
    names = pd.MultiIndex.from_frame(planted[KEY])
    assert pd.MultiIndex.from_frame(marked[KEY].astype({"grade": "int64"})).isin(names).all()
    for kind, least in (("journal_raised", 0.75), ("border_peak", 0.99)):
        tested = signs[(signs["kind"] == kind) & (signs["participants"] >= 50)].astype({"grade": "int64"})
        among = tested[pd.MultiIndex.from_frame(tested[KEY]).isin(names)]
        assert len(among) >= 3
        assert among["marked"].mean() >= least
    told = found["signs_expected"].set_index("kind")
    assert (told["marked"] > 5 * told["by_chance"])[["journal_raised", "border_peak"]].all()
    assert found["signs_untested"].empty


def test_borders_of_the_demonstration_are_found_without_the_register(region, methodology, methodologies):
    given, _ = region
    register = open_borders(methodology, methodologies)
    empty = register.model_copy(update={"borders": ()})
    pd.testing.assert_frame_equal(
        examine_doubt(given, methodology, empty)["signs"], examine_doubt(given, methodology, register)["signs"]
    )
