"""Runs killed, failed or mixed half-way: whoever would go on with what they left is refused, by the name of the stage.

Order, stamps and files of the run are the real ones, on a tiny region; the work of a stage is a stub.
"""

import json
import os
import shutil
import signal
import time
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest

from effschool.lab.panels.desk import Desk, describe_desk
from effschool.report.page import PageCard
from effschool.report.workspace import STAGES, UnfinishedRunError, refuse_unfinished
from effschool.run import stamps
from effschool.run import year as run
from effschool.run.commands import main
from effschool.run.one_report import make_report
from effschool.run.plan import PageTask, plan_stages
from effschool.run.stamps import Step, explain_redo, write_stamp
from effschool.run.work import Product, StepError

FORK = get_context("fork")


@pytest.fixture
def finished(settings, tmp_path):
    """A region whose three stages have ended well."""
    made = replace(settings, processed=tmp_path / "processed", reports=tmp_path / "reports")
    shutil.copytree(settings.processed, made.processed, ignore=shutil.ignore_patterns("stamps", "notebooks", ".lock"))
    for step in plan_stages(made):
        for path in (*step.outputs, step.executed):
            path.parent.mkdir(exist_ok=True)
            path.touch()
        write_stamp(step)
    refuse_unfinished(made.processed)
    return made


def change_tables(step, number):
    """Write the first tables of a stage anew, as other data would."""
    for path in step.outputs[:number]:
        frame = pd.read_parquet(path)
        frame.attrs["другие"] = "данные"
        frame.to_parquet(path, index=False)


def do_stage(settings, stage, work):
    """Carry out the stages, one of which is out of date; `work` does it."""
    step = plan_stages(settings)[STAGES.index(stage)]
    if step.stamp.exists():
        known = json.loads(step.stamp.read_text(encoding="utf-8"))
        known["causes"]["versions"]["python"] = "2.7"
        step.stamp.write_text(json.dumps(known), encoding="utf-8")
    outcome = {"done": Product({".ipynb": b"{}"})}

    def produce(_):
        return work(step) or outcome["done"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "produce", produce)
        return run.run_step(step)


def kill_in(settings, stage):
    """Kill a run in the midst of a stage, some of whose tables are new."""
    flag = settings.processed / "begun"

    def work(step):
        change_tables(step, 2)
        flag.touch()
        time.sleep(60)

    running = FORK.Process(target=do_stage, args=(settings, stage, work))
    running.start()
    end = time.monotonic() + 30
    while not flag.exists():
        assert running.exitcode is None
        assert time.monotonic() < end
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.join()
    flag.unlink()


def fail_in(settings, stage):
    outcome = do_stage(settings, stage, lambda _: Product(failure="нет таблицы «а»."))
    assert outcome.state == run.FAILED


def say(settings, capsys, command):
    """What a command says of the folders when it stops, status 2."""
    folders = ["--processed", str(settings.processed), "--reports", str(settings.reports)]
    assert main([command, *folders]) == 2, command
    return capsys.readouterr().err


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("spoil", [kill_in, fail_in])
def test_tables_of_a_run_that_did_not_end_are_refused_by_name(finished, root, capsys, spoil, stage):
    spoil(finished, stage)
    for command in ("audit", "public", "compare"):
        told = say(finished, capsys, command)
        assert f"этап {stage}" in told, (command, told)
        assert "make report" in told
        assert "Traceback" not in told
    assert not list(finished.reports.rglob("*.xlsx"))
    desk = Desk(finished.processed, root, finished.reports)
    with pytest.raises(UnfinishedRunError, match=stage):
        assert desk.tables
    if spoil is kill_in:
        for name in ("methodology", "identified", "dynamics", "workspace"):
            with pytest.raises(UnfinishedRunError, match=stage):
                getattr(desk, name)
        assert f"этап {stage}" in " ".join(describe_desk(desk).paragraphs)
        with pytest.raises(UnfinishedRunError, match=stage):
            make_report(desk, "Любой", 2023, lambda _: None)


@pytest.mark.parametrize("causes", [{}, {"parameters": {}}, {"parameters": {"processed": "processed"}}])
@pytest.mark.parametrize("stage", STAGES)
def test_stamp_that_does_not_say_of_what_it_is_counts_as_none(finished, capsys, stage, causes):
    path = finished.processed / "stamps" / f"{stage}.json"
    known = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(known | {"causes": causes}), encoding="utf-8")
    told = say(finished, capsys, "compare")
    assert f"этап {stage} прерван, не удался или ещё идёт" in told


def test_run_that_ended_well_again_is_taken(finished, capsys):
    kill_in(finished, "02_identify")
    assert do_stage(finished, "02_identify", lambda step: change_tables(step, 2)).state == run.DONE
    assert "Таблицы от разных прогонов: этап 03_dynamics" in say(finished, capsys, "audit")
    assert do_stage(finished, "03_dynamics", lambda step: change_tables(step, 2)).state == run.DONE
    assert "Таблицы от разных прогонов: этап 03_support" in say(finished, capsys, "audit")
    assert do_stage(finished, "03_support", lambda step: change_tables(step, 2)).state == run.DONE
    refuse_unfinished(finished.processed)


def test_tables_made_by_hand_are_taken(finished):
    for step in plan_stages(finished)[1:]:
        change_tables(step, 1)
    refuse_unfinished(finished.processed)
    shutil.rmtree(finished.processed / "stamps")
    refuse_unfinished(finished.processed)


@pytest.mark.parametrize("left", [None, {"finished": False}])
def test_pages_of_a_run_that_did_not_end_are_not_printed(finished, capsys, monkeypatch, left):
    finished.reports.mkdir()
    card = {"year": 2023, "reports": {}, "finished": True}
    (finished.reports / "run.json").write_text(json.dumps(card), encoding="utf-8")

    def stop(*_):
        raise StepError("нет таблицы")

    monkeypatch.setattr(run, "run_stages", stop)
    with pytest.raises(StepError):
        run.run_year(finished, lambda _: None)
    assert not (finished.reports / "run.json").exists()
    if left:
        (finished.reports / "run.json").write_text(json.dumps(card | left), encoding="utf-8")
    assert main(["pdf", "--reports", str(finished.reports)]) == 2
    assert "прерван, не удался или ещё идёт" in capsys.readouterr().err


def test_inputs_are_read_twice_and_not_more(step, monkeypatch):
    read = []
    whole = stamps.hash_readable
    monkeypatch.setattr(stamps, "hash_readable", lambda path: read.append(path) or whole(path))
    monkeypatch.setattr(run, "produce", lambda _: Product({".ipynb": b"{}"}))
    step.stamp.unlink()
    assert run.run_step(step).state == run.DONE
    assert sorted(read) == sorted([*step.inputs, *step.inputs])
    read.clear()
    assert run.run_step(step).state == run.UNCHANGED
    assert sorted(read) == sorted(step.inputs)


def replace_late(step, monkeypatch):
    """A file is replaced when the comparison is over and the stamp is not yet written."""
    whole = run.publish

    def publish(step, product):
        whole(step, product)
        step.inputs[0].write_text("новое", encoding="utf-8")

    monkeypatch.setattr(run, "publish", publish)
    step.stamp.unlink()


def test_file_replaced_at_the_last_moment_makes_the_stage_anew(step, monkeypatch):
    replace_late(step, monkeypatch)
    monkeypatch.setattr(run, "produce", lambda _: Product({".ipynb": b"{}"}))
    assert run.run_step(step).state == run.DONE
    assert explain_redo(step) == "изменились файлы: t.csv"


def test_notebook_or_file_replaced_under_a_page_fails_the_page(step, monkeypatch, settings):
    page = PageTask(
        step, "Район", PageCard("Район", "2023 год", demonstration=False, workbook="n.xlsx"), step.outputs[0]
    )

    def produce(*_):
        step.inputs[1].write_text("новое", encoding="utf-8")
        return Product({".ipynb": b"{}"})

    monkeypatch.setattr(run, "produce", produce)
    step.stamp.unlink()
    (outcome,) = run.run_reports([page], replace(settings, jobs=1, scheduler=""), lambda _: None)
    assert outcome.state == run.FAILED
    assert "Пока шёл расчёт, изменились файлы: t.csv" in outcome.message


def test_file_removed_under_a_stage_is_told_in_words(step, monkeypatch):
    monkeypatch.setattr(run, "produce", lambda _: step.inputs[0].unlink() or Product({".ipynb": b"{}"}))
    step.stamp.unlink()
    outcome = run.run_step(step)
    assert outcome.state == run.FAILED
    assert outcome.message.startswith("Пока шёл расчёт, изменились файлы: t.csv.")


def leave_page(folder: Path, slug: str, *schools: str) -> Step:
    """A municipality's report as a run leaves it."""
    pages = [folder / f"{slug}.html", folder / f"{slug}.zip", *(folder / slug / f"{code}.html" for code in schools)]
    executed, stamp = folder / "notebooks" / f"{slug}.ipynb", folder / "stamps" / f"{slug}.json"
    notebook = folder.parent / "n.ipynb"
    for path in (*pages, executed, notebook):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(slug + path.name, encoding="utf-8")
    made = Step(notebook, executed, {}, [], pages, stamp)
    write_stamp(made)
    return made


def test_reports_of_municipalities_that_are_gone_go_and_own_files_stay(tmp_path):
    folder = tmp_path / "2023"
    stays, goes, edited = (leave_page(folder, slug, "01", "02") for slug in ("severnyi", "iuzhnyi", "zapadnyi"))
    (folder / "iuzhnyi.pdf").touch()
    edited.outputs[0].write_text("поправлено человеком", encoding="utf-8")
    (folder / "письмо.docx").touch()
    (folder / "iuzhnyi" / "заметки.html").touch()
    (folder / "run.json").touch()
    said = []
    run.say_disowned(folder, [stays], said.append)
    left = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    own = {path.relative_to(folder).as_posix() for path in (*stays.outputs, stays.executed, stays.stamp)}
    assert left == own | {"zapadnyi.html", "письмо.docx", "run.json", "iuzhnyi/заметки.html"}
    assert not (folder / "zapadnyi").exists()
    assert "iuzhnyi.html" in said[0]
    assert "zapadnyi.html" in said[1]
    assert "письмо.docx" in said[1]
    assert not goes.stamp.exists()


def test_page_of_a_school_that_is_gone_goes_and_own_files_stay(tmp_path, monkeypatch):
    before = leave_page(tmp_path / "2023", "severnyi", "01", "02")
    own = before.outputs[0].parent / "severnyi" / "заметки.html"
    own.touch()
    now = replace(before, outputs=before.outputs[:-1])
    files = {".html": b"a", ".zip": b"b", "/01.html": b"c", ".ipynb": b"d"}
    monkeypatch.setattr(run, "prepare_work", lambda *_: None)
    assert (
        run.leave(now, Product(files), run.StepOutcome("severnyi", run.DONE), stamps.list_causes(now)).state == run.DONE
    )
    assert not before.outputs[-1].exists()
    assert own.exists()
