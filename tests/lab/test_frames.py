"""The door to data: frames named by their rows, their dictionary, and the worked question of 08_own."""

import ast
import json
import shutil

import matplotlib as mpl
import pandas as pd
import pytest

import effschool
from effschool.base.catalog import load_catalog
from effschool.lab.browse import Browsable, show_table
from effschool.lab.frames import OUTSIDE
from effschool.report import charts
from effschool.report.display import Table


@pytest.fixture(scope="module")
def run(demo_processed):
    return effschool.open_run(demo_processed)


def test_every_table_of_the_catalogue_has_the_columns_that_the_run_leaves(run):
    for name, card in load_catalog().tables.items():
        assert list(run.table(name)) == list(card.columns), name


BOOKKEEPING = {
    *("contract/corrections", "contract/files", "contract/problems", "contract/renamed", "contract/schools"),
    *("contract/roadmap", "contract/teachers", "dynamics/partners", "missing", "notices", "treatments"),
    *("certainty", "decisions", "levels", "marks_use", "signs", "signs_expected", "signs_untested"),
    *("without_doubtful", "dynamics/clusters", "dynamics/effects", "dynamics/level_change", "dynamics/pupil_cohorts"),
    *("dynamics/spells", "dynamics/task_gaps", "dynamics/task_topics"),
}
"""Tables that only pages read, and earlier states of tables of the catalogue."""


def test_every_table_that_a_run_leaves_is_in_the_catalogue(run):
    left = {path.relative_to(run.processed).with_suffix("").as_posix() for path in run.processed.rglob("*.parquet")}
    described = [card.file for card in load_catalog().tables.values()]
    assert left - BOOKKEEPING == set(described)
    assert len(described) == len(set(described))


def test_frames_are_copies_without_the_source_of_rows(run):
    results = run.results
    assert "source_file" not in results
    results["participants"] = 0
    assert run.results["participants"].sum() > 0
    assert {"results", "paths"} <= set(dir(run))


def test_unknown_table_names_those_that_are(run):
    with pytest.raises(AttributeError, match=r"Таблицы «resuts» нет. Есть: schools, results"):
        _ = run.resuts


def test_codes_and_years_join_everything(run, demo):
    wide = run.paths.merge(run.indicators(wide=True)).merge(run.indices(wide=True).drop(columns="results_index"))
    assert len(wide) == len(demo.identified.indices.query("domain == 'results'"))
    own = demo.identified.indicators.query("indicator == 'free_lunch'").iloc[0]
    row = wide[(wide["year"] == own["year"]) & (wide["school_id"] == own["school_id"])].iloc[0]
    assert row["free_lunch"] == own["raw"]
    long = run.indicators(wide=True, values="participants")
    assert (
        long["free_lunch"].max() == demo.identified.indicators.query("indicator == 'free_lunch'")["participants"].max()
    )


def test_dictionary_finds_words_whatever_their_endings(run):
    found = run.describe("бесплатное питание")
    assert set(zip(found["Таблица"], found["Столбец"], strict=True)) == {
        ("social", "free_lunch"),
        ("indicators(wide=True)", "free_lunch"),
    }
    assert list(found["Единица"]) == ["обучающихся", "%"]
    assert set(run.describe("бесплатного ПИТАНИЯ")["Столбец"]) == {"free_lunch"}


def test_dictionary_of_a_table_has_its_columns_and_indicators(run, demo):
    found = run.describe("indicators")
    assert set(run.indicators()) <= set(found["Столбец"])
    assert set(demo.methodology.indicators) <= set(found["Столбец"])
    assert list(run.describe()["Таблица"]) == list(load_catalog().tables)


def test_words_that_occur_nowhere_are_said(run):
    with pytest.raises(ValueError, match="ничего про «космос»"):
        run.describe("космос")


def test_headings_are_russian_and_colours_those_of_the_pages(run, methodology):
    labelled = run.label(run.indicators(wide=True).merge(run.lists))
    assert {"Год", "Код ОО", "Бесплатное питание", "Список по результатам"} <= set(labelled)
    assert run.palette["ШНРО"] == charts.WORSE
    assert run.palette["стабильно высокие"] == charts.BETTER
    assert set(run.palette) >= {OUTSIDE, *(item.status for item in methodology.lists.results)}
    assert run.palette["группа риска"] != run.palette["ШНРО"]


def test_run_is_found_from_the_folder_of_a_notebook(demo_processed, tmp_path, monkeypatch):
    shutil.copytree(demo_processed, tmp_path / "data" / "processed")
    (tmp_path / "my" / "2024").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "my" / "2024")
    assert effschool.open_run().processed == tmp_path / "data" / "processed"
    monkeypatch.chdir("/")
    with pytest.raises(FileNotFoundError, match="make report"):
        effschool.open_run()
    with pytest.raises(FileNotFoundError, match=r"../data/processed.*--cwd notebooks"):
        effschool.open_run("../data/processed")


def test_own_charts_look_as_those_of_the_pages():
    with mpl.rc_context():
        effschool.use_style()
        assert mpl.rcParams["font.family"] == ["DejaVu Sans"]
        assert not mpl.rcParams["axes.spines.top"]


def test_table_gives_its_frame(run):
    shown = show_table(run.lists, "Списки")
    assert isinstance(shown, Browsable)
    assert shown.frame.equals(run.lists)
    assert show_table(Table("k", "Заголовок", run.lists)).title == "Заголовок"
    assert "<caption>Списки</caption>" in shown._repr_html_()


def read_question(root) -> str:
    cells = json.loads((root / "notebooks" / "08_own.ipynb").read_text(encoding="utf-8"))["cells"]
    return next("".join(cell["source"]) for cell in cells if "show_figure(" in "".join(cell["source"]) and
                cell["cell_type"] == "code")  # fmt: skip


def test_worked_question_takes_ten_lines_and_only_names_of_the_dictionary(root, run):
    question = read_question(root)
    assert len(question.splitlines()) <= 10
    known = {name for card in load_catalog().tables.values() for name in card.columns} | set(
        run.describe("indicators")["Столбец"]
    )
    words = {node.value for node in ast.walk(ast.parse(question)) if isinstance(node, ast.Constant)}
    asked = {word for word in words if isinstance(word, str) and word.isascii() and "_" in word}
    assert {"free_lunch", "results_index", "results_status", "school_id"} <= asked <= known


def test_worked_question_is_about_rural_schools_of_three_years(root, run):
    lines = read_question(root).splitlines()[:4]
    names = {"frames": run}
    exec("\n".join(lines), names)
    data = names["data"]
    rural = run.schools.query("locality == 'село'")["school_id"]
    assert set(data["Код ОО"]) <= set(rural)
    assert sorted(set(data["Год"])) == [2021, 2022, 2023]
    assert set(data["Список по результатам"]) <= set(run.palette)
    assert isinstance(data, pd.DataFrame)
