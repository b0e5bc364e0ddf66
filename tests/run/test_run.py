import json
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from effschool.base.storage import FolderInUseError, hold_folder
from effschool.run import year as run
from effschool.run.plan import plan_region, plan_reports
from effschool.run.stamps import NEVER_MADE, list_causes, write_stamp
from effschool.run.steps import UnknownParameterError, drop_outdated
from effschool.run.work import Product, StepError
from effschool.run.year import (
    StepOutcome,
    choose_reports,
    describe_run,
    finish,
    list_reports,
    look_at_reports,
    refuse_unknown_parameters,
    refuse_unknown_year,
    run_reports,
    run_stages,
    write_run,
)


def test_unknown_parameter_is_refused_with_the_known_ones(settings):
    refuse_unknown_parameters(replace(settings, parameters={"orientation": "literal"}))
    with pytest.raises(UnknownParameterError, match=r"orientaton.*orientation.*social_rule"):
        refuse_unknown_parameters(replace(settings, parameters={"orientaton": "literal"}))


@pytest.mark.parametrize("name", ["municipality", "year", "workbook", "processed", "run", "raw"])
def test_parameter_that_the_run_sets_itself_cannot_be_overridden(settings, name):
    with pytest.raises(UnknownParameterError, match=name):
        refuse_unknown_parameters(replace(settings, parameters={name: "x"}))


def test_every_municipality_gets_a_task_and_one_asked_for_only_its_own(settings, demo):
    tasks = plan_reports(settings, demo, 2023)
    assert len(tasks) == 3
    assert len({task.page for task in tasks}) == 3
    assert all(task.page.parent == settings.reports / "2023" for task in tasks)
    only, others = choose_reports(tasks, tasks[1].municipality)
    assert [task.page for task in only] == [tasks[1].page]
    assert [task.page for task in others] == [tasks[0].page, tasks[2].page]
    assert choose_reports(tasks, None) == (tasks, [])


def test_step_whose_input_is_replaced_while_it_is_read_leaves_nothing(step, monkeypatch):
    def replace_input(work):
        step.inputs[0].write_text("новое", encoding="utf-8")
        return Product({".ipynb": b"{}", ".txt": b"made of neither"})

    step.stamp.unlink()
    monkeypatch.setattr(run, "produce", replace_input)
    outcome = run.run_step(step)
    assert outcome.state == run.FAILED
    assert outcome.message.startswith("Пока шёл расчёт, изменились файлы: t.csv. Запустите команду ещё раз.")
    assert not step.outputs[0].exists()
    assert run.run_step(step).state == run.DONE


def test_unknown_municipality_is_refused_with_the_list(settings, demo):
    tasks = plan_reports(settings, demo, 2023)
    with pytest.raises(ValueError, match="Атлантида") as caught:
        choose_reports(tasks, "Атлантида")
    assert all(task.municipality in str(caught.value) for task in tasks)


def test_reports_nobody_asked_for_are_linked_and_outdated_ones_named(settings, demo):
    missing, outdated, current = plan_reports(settings, demo, 2023)
    for task in (outdated, current):
        leave_report(task)
    outdated.page.write_text("прежний отчёт", encoding="utf-8")
    found = list_reports(look_at_reports([missing, outdated, current]))
    assert set(found) == {outdated.municipality, current.municipality}
    assert found[current.municipality] == {"page": current.page.name, "message": ""}
    assert found[outdated.municipality] == {"page": outdated.page.name, "message": run.OUTDATED_NOTE}


def test_a_failed_report_is_listed_without_a_page():
    outcomes = [
        StepOutcome("02_identify", run.DONE),
        StepOutcome("b", run.DONE, municipality="Б", page="b.html"),
        StepOutcome("a", run.FAILED, message="нет данных", municipality="А"),
    ]
    found = list_reports(outcomes)
    assert list(found) == ["А", "Б"]
    assert found["А"] == {"page": "", "message": "нет данных"}


def test_what_a_failed_step_left_before_is_removed(settings, demo):
    task = plan_reports(settings, demo, 2023)[0]
    leave_report(task)
    drop_outdated(task.step)
    assert not any(path.exists() for path in (*task.step.outputs, task.step.stamp))
    drop_outdated(task.step)


def test_card_of_the_run_names_what_failed(settings, demo):
    outcomes = [
        StepOutcome("a", run.FAILED, 1.234, "нет данных", "А"),
        StepOutcome("b", run.DONE, 2.0, "", "Б", "b.html"),
    ]
    write_run(settings, 2023, describe_run(settings, demo, 2023), outcomes)
    card = json.loads((settings.reports / "2023" / "run.json").read_text(encoding="utf-8"))
    assert card["failed"] == {"a": "нет данных"}
    assert card["timings"] == {"a": 1.23, "b": 2.0}
    assert set(card["reports"]) == {"А", "Б"}
    assert {"inputs", "tables", "versions", "parameters", "year", "problems"} <= set(card)
    assert (settings.reports / "run.json").is_file()


@pytest.mark.parametrize(
    ("state", "severity", "status"),
    [(run.DONE, "предупреждение", 0), (run.FAILED, "предупреждение", 1), (run.DONE, "ошибка", 1)],
)
def test_exit_status_tells_of_failures_and_of_files_not_taken(settings, demo, state, severity, status):
    said = []
    page = settings.reports / "2023" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    problems = demo.problems.head(0).copy()
    problems.loc[0, ["severity", "message"]] = [severity, "Файл «а.csv»: нет столбца «Год»"]
    outcome = StepOutcome("a", state, message="нет данных", municipality="А")
    assert finish(settings, replace(demo, problems=problems), 2023, [outcome], said.append) == status
    text = "\n".join(said)
    assert ("нет данных" in text) == (state == run.FAILED)
    assert ("а.csv" in text) == (severity == "ошибка")
    assert str(page) in text
    page.unlink()
    finish(settings, replace(demo, problems=problems), 2023, [outcome], said.append)
    assert said[-1].strip().startswith("Сводной страницы нет")


def test_unknown_year_is_refused_with_the_years_there_are(settings):
    refuse_unknown_year(replace(settings, year=2023))
    with pytest.raises(ValueError, match=r"1999.*2020, 2021, 2022, 2023"):
        refuse_unknown_year(replace(settings, year=1999))


def test_stage_that_stops_ends_the_run(settings, monkeypatch):
    asked = []

    def fail(step, show):
        asked.append(step.name)
        return StepOutcome(step.name, run.FAILED, message="Нет папки")

    monkeypatch.setattr(run, "run_step", fail)
    with pytest.raises(StepError, match="Нет папки"):
        run_stages(settings, lambda _: None)
    assert asked == ["01_ingest"]


def leave_report(task):
    for path in (*task.step.outputs, task.step.executed):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    write_stamp(task.step)


def test_reports_that_are_up_to_date_are_not_made_again(settings, demo):
    tasks = plan_reports(settings, demo, 2023)
    for task in tasks:
        leave_report(task)
    outcomes = run_reports(tasks, settings, lambda _: None)
    assert [outcome.state for outcome in outcomes] == [run.UNCHANGED] * 3
    assert [outcome.page for outcome in outcomes] == [task.page.name for task in tasks]


def test_the_largest_municipality_is_begun_first(settings, demo, monkeypatch):
    begun = []
    monkeypatch.setattr(run, "produce", lambda work, _: begun.append(work.shown["municipality"]) or Product())
    tasks = plan_reports(settings, demo, 2023)
    sizes = demo.identified.schools.query("year == 2023").groupby("municipality").size()
    made = list(run.make_pages(tasks, replace(settings, jobs=1), lambda _: None))
    assert begun == list(sizes.sort_values(ascending=False, kind="stable").index)
    assert {task.municipality for task, _ in made} == set(begun)
    assert sizes.nunique() > 1


@pytest.mark.parametrize(("is_as_expected", "times"), [(True, 1), (False, 2)])
def test_region_is_made_beside_the_reports_and_again_if_one_of_them_failed(
    settings, demo, monkeypatch, is_as_expected, times
):
    known = []
    settings = replace(settings, jobs=2)
    made = Product(dict.fromkeys((".html", ".xlsx", ".docx", ".ipynb"), b""))
    monkeypatch.setattr(run, "produce", lambda work, _: known.append(read_card(work)) or made)
    expected = {"А": {"page": "a.html", "message": ""}}
    task = plan_region(settings, demo, 2023, expected)
    with run.begin_region(task, {"reports": expected}, settings) as begun:
        begun[1].result()
        reports = expected if is_as_expected else {"А": {"page": "", "message": "ошибка"}}
        write_run_card(settings, reports)
        (outcome,) = run_reports([plan_region(settings, demo, 2023, reports)], settings, lambda _: None, begun=begun)
    assert outcome.state == run.DONE
    assert len(known) == times
    assert known[-1] == reports
    assert task.page.is_file()


def read_card(work):
    return json.loads(Path(work.parameters["run"]).read_text(encoding="utf-8"))["reports"]


def write_run_card(settings, reports):
    folder = settings.reports / "2023"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"reports": reports}), encoding="utf-8")


def test_region_waits_for_the_reports_where_one_page_at_a_time_was_asked_for(settings, demo):
    task = plan_region(settings, demo, 2023, {})
    with run.begin_region(task, {}, replace(settings, jobs=1)) as begun:
        assert begun is None


def test_unexpected_failure_becomes_an_outcome(settings, demo, monkeypatch):
    def fail(*_):
        raise PermissionError(13, "Permission denied", str(settings.reports / "secret.xlsx"))

    monkeypatch.setattr(run, "publish", fail)
    task = plan_reports(settings, demo, 2023)[0]
    leave_report(task)
    outcome = run.leave_page(
        task, Product({".ipynb": b""}), run.start_outcome(task, NEVER_MADE), list_causes(task.step)
    )
    assert outcome.state == run.FAILED
    assert outcome.municipality
    assert "secret.xlsx" in outcome.message
    assert str(settings.reports) not in outcome.message
    assert not outcome.page
    assert not task.page.exists()


def test_lost_worker_is_a_failure_like_any_other():
    lost = Future()
    lost.set_exception(OSError("Worker died"))
    assert "Worker died" in run.take_product(lost).failure


def test_failures_stand_in_a_table_with_the_cell_quoted():
    failed = [
        StepOutcome("a", run.FAILED, message="нет данных Ячейка 7: «x».", municipality="А"),
        StepOutcome("b", run.FAILED, message="предел времени 5 с исчерпан", municipality="Долгое имя"),
    ]
    lines = run.tabulate_failures(failed)
    assert lines == ["  А           нет данных Ячейка 7: «x».", "  Долгое имя  предел времени 5 с исчерпан"]


def test_second_run_on_one_folder_says_so_and_leaves(settings):
    with hold_folder(settings.reports), pytest.raises(FolderInUseError, match=r"reports.*процесс \d+"):
        run.run_year(settings, lambda _: None)
    assert not list(settings.reports.glob("*.json"))


def test_outcome_is_said_with_the_reason_unless_it_is_the_first():
    assert run._say_outcome(StepOutcome("a", run.DONE, 1.26, reason="изменились файлы: a.csv")) == (
        "a: готово (1,3 с) — изменились файлы: a.csv"
    )
    assert run._say_outcome(StepOutcome("a", run.DONE, 1.26, reason=NEVER_MADE)) == "a: готово (1,3 с)"
