"""Attacks on lists made without ВПР of doubtful years: a finished run whose methodology says `doubtful: leave_out`.

Somebody who takes the tables of the run and computes anew has to come to the same lists; no room may go on counting the
years that were left out. The fixture is one run over a region of 60 schools: about a minute.
"""

import pandas as pd
import pytest

from effschool.audit import write_audit
from effschool.demo import make_demo_region
from effschool.intake.ingest import read_contract
from effschool.lab.changes import list_runs, load_run
from effschool.lab.panels import open_desk
from effschool.method.identify import identify_schools
from effschool.report.workspace import (
    UnfinishedRunError,
    load_counted,
    load_doubt,
    load_identified,
    load_used_methodology,
    refuse_unfinished,
)
from effschool.run.plan import Settings, plan_stages
from effschool.run.work import StepError
from effschool.run.year import run_year

PLACE = "городской округ Алоавантюриновск"
KEY = ["year", "school_id"]
LEAVE = (
    "extends: khabarovsk-2020\nid: leave\ntitle: Без признаков\nversion: '1'\nsource: проверка\ndoubtful: leave_out\n"
)


@pytest.fixture(scope="module")
def run(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("doubted")
    make_demo_region(folder / "raw", shapes=True, municipalities=3, schools=60, years=4)
    rules = folder / "methodologies"
    rules.mkdir()
    for name in ("khabarovsk-2020.yml", "thresholds.yml", "vpr_borders.yml"):
        (rules / name).write_bytes((root / "methodologies" / name).read_bytes())
    (rules / "leave.yml").write_text(LEAVE, encoding="utf-8")
    settings = Settings(
        root=root, data=folder / "raw", processed=folder / "processed", reports=folder / "reports",
        layouts=root / "layouts", methodology=str(rules / "leave.yml"), municipality=PLACE, jobs=1,
    )  # fmt: skip
    said: list[str] = []
    assert run_year(settings, said.append) == 0, said
    return settings


def find_left_out(processed):
    signs = load_doubt(processed)["signs"]
    return pd.MultiIndex.from_frame(signs.loc[signs["marked"], KEY].drop_duplicates())


def list_vpr(tables):
    rows = tables["results"].query("procedure == 'ВПР'")
    return pd.MultiIndex.from_frame(rows[KEY])


def test_lists_are_those_of_the_tables_without_doubtful_years(run):
    contract, left_out = read_contract(run.processed), find_left_out(run.processed)
    assert len(left_out) >= 5
    results = contract["results"]
    doubtful = (results["procedure"] == "ВПР") & pd.MultiIndex.from_frame(results[KEY]).isin(left_out)
    rules = load_used_methodology(run.processed)
    anew = identify_schools({**contract, "results": results[~doubtful]}, rules)
    kept = load_identified(run.processed)
    pd.testing.assert_frame_equal(anew.lists, kept.lists)
    pd.testing.assert_frame_equal(anew.indices, kept.indices)
    whole = identify_schools(contract, rules)
    assert not whole.indices.equals(kept.indices)  # or the test could not fail


def test_no_indicator_of_a_doubtful_year_is_counted_over_vpr(run):
    indicators = load_identified(run.processed).indicators
    vpr = indicators[indicators["indicator"].str.startswith("vpr_")]
    assert len(vpr) > 100
    assert not pd.MultiIndex.from_frame(vpr[KEY]).isin(find_left_out(run.processed)).any()


def test_no_room_goes_on_counting_what_was_left_out(run):
    """The audit's tables, the desk of the laboratory and the run that is kept for comparison are the same."""
    left_out = find_left_out(run.processed)
    kept = load_run(list_runs(run.processed)[-1], run.processed)
    for tables in (load_counted(run.processed), open_desk(run.processed).tables, kept.tables):
        assert len(list_vpr(tables)) > 100
        assert not list_vpr(tables).isin(left_out).any()
    assert list_vpr(read_contract(run.processed)).isin(left_out).any()


def test_the_audit_is_made_of_what_was_counted(run, tmp_path):
    counted, identified = load_counted(run.processed), load_identified(run.processed)
    write_audit(counted, identified, load_used_methodology(run.processed), tmp_path / "audit.xlsx")
    assert (tmp_path / "audit.xlsx").stat().st_size > 10_000


def test_what_was_left_out_is_said_beside_what_would_have_been(run):
    found = load_doubt(run.processed)["without_doubtful"]
    told = found[found["marked"]].set_index(KEY)
    indices = load_identified(run.processed).indices.query("domain == 'results'").set_index(KEY)["index"]
    both = told.index.intersection(indices.index)
    assert len(both) >= 5
    pd.testing.assert_series_equal(told.loc[both, "index_left_out"], indices[both], check_names=False)


def test_borders_are_among_what_the_lists_are_made_of(run):
    """Other borders make the second stage anew; they are not passed over as unchanged."""
    assert run.methodology.replace("leave.yml", "vpr_borders.yml") in map(str, plan_stages(run)[1].inputs)


def test_wrong_borders_stop_the_run_by_name_and_leave_the_lists_unfinished(run, tmp_path):
    """Last, since it spoils the run."""
    path = run.processed.parent / "methodologies" / "vpr_borders.yml"
    good = path.read_text(encoding="utf-8")
    path.write_text(good.replace("{3: 14, 4: 24, 5: 33}", "{3: 14, 4: 14, 5: 33}"), encoding="utf-8")
    try:
        with pytest.raises(StepError, match=r"Файл «vpr_borders.yml», строка 8, .*ожидались баллы по возрастанию"):
            run_year(run, print)
    finally:
        path.write_text(good, encoding="utf-8")
    with pytest.raises(UnfinishedRunError):
        refuse_unfinished(run.processed)
