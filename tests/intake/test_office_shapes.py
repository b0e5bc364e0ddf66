"""The demonstration region in the shapes that offices send gives the contract tables it was made from."""

import pandas as pd
import pytest
from builders_office import take

from effschool.base import schemas
from effschool.demo import SEED, build_demo_tables, build_told_tables, make_demo_region
from effschool.demo.offices import build_office_tables
from effschool.demo.settings import load_settings

SIZE = {"municipalities": 7, "schools": 60, "years": 4}


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes")
    make_demo_region(folder, shapes=True, **SIZE)
    return take(folder)


@pytest.fixture(scope="module")
def told():
    return build_told_tables(**SIZE)


def test_every_file_is_taken(ingested):
    assert set(ingested.files["status"]) == {"принят"}
    assert not ingested.problems["severity"].eq("ошибка").any(), ingested.problems["message"].tolist()


def test_every_kind_of_file_is_there(ingested):
    kinds = {
        *("contract-schools", "contract-results", "contract-certificates", "contract-programme"),
        *("contract-social-municipal", "certificates-any", "register-export", "oge-protocol", "ege-protocol"),
        *("ege-wide", "vpr-statistics", "vpr-flat", "vpr-journal", "vpr-scores", "vpr-marked", "vpr-tasks"),
        *("targets-fact", "roadmap", "official", "proposal", "monitoring", "stages"),
        *("context", "teachers", "management", "form-context", "form-teachers", "form-management"),
    }
    assert set(ingested.files["layout"]) == kinds


@pytest.mark.parametrize("name", ["schools", "results", "certificates", "social", "programme"])
def test_tables_are_those_it_was_made_from(ingested, told, name):
    key = list(schemas.KEYS[name])
    own = [column for column in schemas.CONTRACT[name].columns if column not in schemas.PROVENANCE]
    apart = ingested.tables[name].get("procedure", pd.Series(dtype="str")).eq("ГВЭ")  # made only to be kept apart
    found = ingested.tables[name][own][~apart.reindex(ingested.tables[name].index, fill_value=False)]
    found = found.sort_values(key, ignore_index=True)
    expected = told[name][own].sort_values(key, ignore_index=True).astype(found.dtypes.to_dict())
    rounded = {"mean_score": 0.005} if name == "results" else {}
    for column in own:
        pd.testing.assert_series_equal(found[column], expected[column], rtol=0, atol=rounded.get(column, 0))


def test_every_row_knows_where_it_came_from(ingested):
    empty = {name for name, table in ingested.tables.items() if table.empty}
    assert empty == {"partners", "conditions"}  # no pair is approved there, and the passport holds all conditions
    for table in ingested.tables.values():
        assert set(table["source_file"]) <= set(ingested.files["file"])
        assert table["source_row"].ge(2).all()
    notes = ingested.tables["results"].groupby("source_file")["source_note"].first()
    assert notes["vpr/ВПР 2023.csv" if "vpr/ВПР 2023.csv" in notes else "vpr/ВПР 2022.csv"].startswith("число учеников")
    assert "строки с" in notes["gia/ОГЭ 2023 протокол.xlsx"]


def test_shares_of_tasks_are_those_that_the_region_drew(ingested):
    tasks, settings = ingested.tables["tasks"], load_settings()
    behind = build_office_tables(build_demo_tables(**SIZE), settings, SEED)["tasks"]
    drawn = behind.melt(["year", "school_id", "subject", "grade", "participants"], var_name="task", value_name="points")
    keys = ["year", "school_id", "subject", "grade", "task"]
    both = tasks.merge(drawn.dropna(subset="points").astype({"grade": "Int64"}), on=keys, how="outer", indicator=True)
    assert set(both["_merge"]) == {"both"}
    assert (both["participants_x"] == both["participants_y"]).all()
    most = both["participants_x"].astype("float64") * both["maximum"].astype("float64")
    assert (both["share"] - both["points"] / most).abs().max() < 0.0001  # the form has two digits of per cent


def test_signs_of_doubtful_results_are_kept(ingested):
    journal = ingested.tables["journal"]
    assert set(journal["change"]) == set(schemas.JOURNAL_CHANGES)
    scores = ingested.tables["scores"]
    key = ["year", "school_id", "subject", "grade"]
    assert (scores.groupby(key)["pupils"].sum() == scores.groupby(key)["participants"].first()).all()
    assert ingested.tables["marked"]["marked"].eq(1).all()
