"""Trials: what a person tries in a notebook reaches the run only when it is recorded."""

import re
import shutil

import pandas as pd
import papermill
import pytest

from effschool.base.storage import hash_file, write_table
from effschool.lab import trials
from effschool.lab.panels import offer_run
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import MODE
from effschool.lab.panels.trial import TrialPanel
from effschool.report.display import Table, Text
from effschool.report.workspace import STAGES, UnfinishedRunError, load_workspace, save_identified


@pytest.fixture
def run(demo_processed, tmp_path):
    """Tables of a run that may be changed."""
    return shutil.copytree(demo_processed, tmp_path / "processed")


@pytest.fixture
def by_hand(monkeypatch):
    monkeypatch.setenv(trials.LAB_SESSION, "notebooks/02_identify.ipynb")
    monkeypatch.setattr(trials, "get_ipython", type("Shell", (), {"kernel": object()}))


def hash_tables(folder):
    paths = [path for path in folder.rglob("[!.]*") if path.is_file()]  # a run before may have left its lock
    return {path.relative_to(folder).as_posix(): hash_file(path) for path in paths}


def test_in_batch_the_run_folder_itself_is_worked_in(run):
    assert trials.open_tables(run) == run
    assert "папку прогона «processed»" in trials.tell_folder(run).paragraphs[0]
    assert not (run.parent / "scratch").exists()


def test_notebook_executed_from_another_folder_says_which_was_expected(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    with pytest.raises(FileNotFoundError, match=r"из папки «project».*--cwd notebooks"):
        trials.open_tables("../data/processed")
    (tmp_path / "project" / "01_ingest.ipynb").touch()
    assert str(trials.open_tables("../data/processed")) == "../data/processed"  # not made yet


def test_notebook_of_vs_code_is_run_by_hand(monkeypatch):
    monkeypatch.delenv(trials.LAB_SESSION, raising=False)
    shell = type("Shell", (), {"kernel": object(), "user_ns": {}})
    monkeypatch.setattr(trials, "get_ipython", shell)
    assert not trials.is_by_hand()
    shell.user_ns = {trials.VS_CODE: "02_identify.ipynb"}
    assert trials.is_by_hand()


@pytest.mark.usefixtures("by_hand")
def test_by_hand_a_copy_is_worked_in_that_begins_again_after_a_new_run(run):
    folder = trials.open_tables(run)
    assert folder == run.parent / "scratch"
    assert trials.tell_folder(folder).kind == "note"
    assert {**hash_tables(run), "origin.json": hash_file(folder / "origin.json")} == hash_tables(folder)
    write_table(pd.DataFrame({"a": [1]}), folder / "lists.parquet")
    trials.open_tables(run)
    assert list(pd.read_parquet(folder / "lists.parquet")) == ["a"]  # the trial goes on
    write_table(pd.DataFrame({"b": [1]}), run / "decisions.parquet")
    trials.open_tables(run)
    assert hash_file(folder / "lists.parquet") == hash_file(run / "lists.parquet")


CHANGED = {
    "01_ingest": ({"region": "нет такого"}, {"region.json"}),
    "02_identify": ({"orientation": "literal", "draws": 20, "compare": []}, {"methodology.json", "lists.parquet"}),
    "03_dynamics": ({"year": 2022}, {"dynamics/task_gaps.parquet"}),
    "03_support": ({"soon_days": 400, "as_of": "01.02.2023"}, {"dynamics/roadmap.parquet"}),
}
"""A parameter that a person changed, by stage, and tables that then are others."""


@pytest.mark.parametrize("stage", STAGES)
def test_changed_parameter_leaves_the_run_equal_byte_for_byte(stage, run, root, demo_raw, monkeypatch):
    monkeypatch.setenv(trials.LAB_SESSION, f"notebooks/{stage}.ipynb")  # the kernel inherits it, as from Jupyter
    monkeypatch.setenv(MODE, "static")
    works = shutil.copytree(root / "methodologies" / "tasks", run.parent / "works")
    rules = (works / "rules.yml").read_text(encoding="utf-8")
    (works / "rules.yml").write_text(rules.replace("least_gap: 10", "least_gap: 90"), encoding="utf-8")
    before, (changed, others) = hash_tables(run), CHANGED[stage]
    own = {STAGES[0]: {"raw": str(demo_raw)}, STAGES[2]: {"works": str(works)}}.get(stage, {})
    parameters = {"processed": str(run), **own, **changed}
    source, options = root / "notebooks" / f"{stage}.ipynb", {"cwd": str(root / "notebooks"), "progress_bar": False}
    done = papermill.execute_notebook(source, run.parent / "x.ipynb", parameters, kernel_name="python3", **options)
    assert hash_tables(run) == before
    told = [output.data["text/plain"] for cell in done.cells for output in cell.get("outputs", ())]
    assert "прогон и отчёты не меняются" in told[0]
    tried = hash_tables(run.parent / trials.TRIALS)
    assert others <= {name for name, digest in tried.items() if digest != before.get(name)}
    if stage == STAGES[1]:
        changes = trials.compare_trial(run, run.parent / trials.TRIALS)
        assert changes.rules == ("orientation: consistent → literal",)
        assert changes.moves["school_id"].nunique() > 0
        assert changes.sentence in told
    if stage == STAGES[3]:
        assert re.search(
            r"Стали бы другими \d+.мероприяти", trials.compare_trial(run, run.parent / trials.TRIALS).sentence
        )


def test_what_a_trial_changes_is_told_by_list_and_school(run, methodology, demo):
    trial = shutil.copytree(run, run.parent / "scratch")
    same = trials.compare_trial(run, trial)
    assert same.sentence == "Правило то же: списки те же (2023 год)."
    assert isinstance(same.tabulate(), Text)
    lists = demo.identified.lists.copy()
    own = lists.query("year == 2023 and results_status == 'ШНРО'").index[0]
    lists.loc[own, "results_status"] = None
    literal = methodology.model_copy(update={"orientation": "literal"})
    save_identified(type(demo.identified)(**{**vars(demo.identified), "lists": lists}), literal, trial)
    changes = trials.compare_trial(run, trial)
    assert changes.sentence == "orientation: consistent → literal: 1\N{NO-BREAK SPACE}школа сменит список (2023 год)."
    table = changes.tabulate()
    assert isinstance(table, Table)
    assert table.frame[["Код", "Список", "Что"]].to_numpy().tolist() == [
        [lists.loc[own, "school_id"], "ШНРО", "выйдет"]
    ]


def test_what_a_trial_changes_in_support_is_counted(run):
    trial = shutil.copytree(run, run.parent / "scratch")
    events = pd.read_parquet(run / "dynamics" / "roadmap.parquet")
    write_table(
        events.assign(state=events["state"].mask(events.index < 3, "иное")), trial / "dynamics" / "roadmap.parquet"
    )
    changes = trials.compare_trial(run, trial)
    assert changes.sentence.endswith("списки те же (2023 год). Стали бы другими 3\N{NO-BREAK SPACE}мероприятия.")


def test_tables_of_another_methodology_are_refused_with_both_names(run, methodology, demo):
    load_workspace(run)
    save_identified(demo.identified, methodology.model_copy(update={"orientation": "literal"}), run)
    with pytest.raises(UnfinishedRunError, match=r"«\w+» сделана методикой «khabarovsk-2020».*а списки — методикой"):
        load_workspace(run)


def test_table_without_a_maker_is_refused(run, demo):
    write_table(demo.dynamics.paths, run / "dynamics" / "paths.parquet")
    with pytest.raises(UnfinishedRunError, match="«paths» сделана прежней версией программы"):
        load_workspace(run)


def open_trial(run, root, record, **options):
    desk, chosen = Desk(run, root, run.parent / "reports"), {"methodology": "x.yml", "orientation": "literal"}
    return desk, chosen, TrialPanel(desk, run.parent / "scratch", chosen, record, publish=False, **options)


def test_button_records_what_was_chosen_and_says_where(run, root):
    shutil.copytree(run, run.parent / "scratch")
    taken = []
    desk, chosen, panel = open_trial(
        run, root, lambda *given: taken.append(given[:2]) or run.parent / "raw" / "run.yml"
    )
    assert "списки те же" in panel.changes.value
    assert taken == []
    panel.record.click()
    panel.thread.join(30)
    assert taken == [(desk, chosen)]
    assert "raw/run.yml" in panel.message.value
    assert not panel.record.disabled


def test_failure_to_record_is_told_and_the_button_stays(run, root):
    shutil.copytree(run, run.parent / "scratch")

    def refuse(*_: object):
        raise ValueError("Файл прогона не принят.")

    *_, panel = open_trial(run, root, refuse)
    panel.record.click()
    panel.thread.join(30)
    assert "Файл прогона не принят." in panel.message.value
    assert not panel.record.disabled


@pytest.mark.usefixtures("by_hand")
@pytest.mark.parametrize("publish", [False, True])
def test_parameter_records_without_a_button(run, root, publish):
    taken = []
    desk = Desk(run, root, run.parent / "reports")
    shutil.copytree(run, run.parent / "scratch")
    record = lambda *given: taken.append(given[1]) or run / "run.yml"  # noqa: E731
    offer_run(desk, run.parent / "scratch", {"methodology": "x.yml"}, record, publish=publish)
    for _ in range(300):
        if len(taken) == publish:
            break
        pytest.importorskip("time").sleep(0.01)
    assert len(taken) == publish
