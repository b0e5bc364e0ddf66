"""The year's run (годовой прогон): raw tables → a report for every municipality, in the order of the notebooks."""

import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from effschool.page import write_page
from effschool.plan import (
    NOTEBOOKS,
    OWN_OPTIONS,
    SET_BY_RUN,
    PageTask,
    Settings,
    list_tables,
    plan_protocol,
    plan_region,
    plan_reports,
    plan_stages,
)
from effschool.portfolio import open_region
from effschool.russian import count_words, format_number
from effschool.steps import (
    Step,
    StepError,
    UnknownParameterError,
    execute_step,
    is_up_to_date,
    list_parameters,
    read_versions,
    write_stamp,
)
from effschool.storage import hash_files, read_table, write_text
from effschool.workspace import Workspace, load_workspace

Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """How one step ended: «готово», «без изменений» or «ошибка» with the message."""

    name: str
    state: str
    seconds: float = 0.0
    message: str = ""
    municipality: str = ""
    page: str = ""


DONE, UNCHANGED, FAILED, OUTDATED = "готово", "без изменений", "ошибка", "устарел"
OUTDATED_NOTE = "построен по прежним данным или правилам"


def run_year(settings: Settings, say: Say) -> int:
    """Carry out the run; returns the exit status: 0 all is well, 1 something was not taken or failed.

    Raises:
        UnknownParameterError: a parameter that no notebook knows.
        ValueError: a year or municipality that is not in the data.
        StepError: a stage stopped, so that no report can be made.
    """
    refuse_unknown_parameters(settings)
    outcomes = run_stages(settings, say)
    workspace = load_workspace(settings.processed)
    year = open_region(workspace, settings.year).year
    chosen, others = choose_reports(plan_reports(settings, workspace, year), settings.municipality)
    outcomes += run_reports(chosen, settings, say) + look_at_reports(others)
    outcomes.append(run_page(plan_protocol(settings, workspace, year), say))
    write_run(settings, workspace, year, outcomes)
    outcomes.append(run_page(plan_region(settings, workspace, year), say))
    write_run(settings, workspace, year, outcomes)
    return finish(settings, workspace, year, outcomes, say)


def refuse_unknown_parameters(settings: Settings) -> None:
    """Refuse further parameters that none of the notebooks knows, and those that the run sets itself."""
    known = {name for notebook in NOTEBOOKS for name in list_parameters(settings.notebooks / f"{notebook}.ipynb")}
    own = sorted(set(settings.parameters) & SET_BY_RUN)
    if own:
        raise UnknownParameterError(
            f"Параметр «{own[0]}» задаёт сам прогон, в PARAMETERS его быть не может. "
            f"Для папок, года, методики и муниципалитета у команды есть свои параметры: {OWN_OPTIONS}."
        )
    unknown = sorted(set(settings.parameters) - known)
    if unknown:
        raise UnknownParameterError(
            f"Ни одна тетрадь не знает параметр «{unknown[0]}». "
            f"Известные параметры: {', '.join(sorted(known - SET_BY_RUN))}."
        )


def run_stages(settings: Settings, say: Say) -> list[Outcome]:
    """Run 01 to 03 one after another; the first that stops ends the run."""
    outcomes = []
    for step in plan_stages(settings):
        outcomes.append(run_step(step))
        if outcomes[-1].state == DONE:
            write_stamp(step)
        say(_say_outcome(outcomes[-1]))
        if outcomes[-1].state == FAILED:
            raise StepError(outcomes[-1].message, step.executed)
        refuse_unknown_year(settings)
    return outcomes


def refuse_unknown_year(settings: Settings) -> None:
    """Refuse a report year that the accepted results do not have, before anything is made for it.

    Raises:
        ValueError: names the years there are.
    """
    years = sorted(set(read_table(settings.processed / "contract", "results")["year"]))
    if settings.year is not None and settings.year not in years:
        raise ValueError(f"Года {settings.year} нет в данных. Есть годы: {', '.join(map(str, years))}.")


def run_step(step: Step) -> Outcome:
    """Run one step unless it is up to date. Never raises StepError."""
    if is_up_to_date(step):
        return Outcome(step.name, UNCHANGED)
    try:
        seconds = execute_step(step)
    except StepError as error:
        drop_outdated(step)
        return Outcome(step.name, FAILED, message=f"{error} Тетрадь сохранена: {error.notebook.name}.")
    return Outcome(step.name, DONE, seconds)


def make_page(task: PageTask) -> Outcome:
    """Run the step of a page and render it; any failure becomes an outcome, since the others must go on."""
    try:
        outcome = replace(run_step(task.step), municipality=task.municipality)
        if outcome.state == DONE:
            started = time.perf_counter()
            write_page(task.step.executed, task.card, task.page)
            write_stamp(task.step)
            outcome = replace(outcome, seconds=outcome.seconds + time.perf_counter() - started)
    except Exception as error:
        return Outcome(task.step.name, FAILED, message=_say_error(error), municipality=task.municipality)
    return outcome if outcome.state == FAILED else replace(outcome, page=task.page.name)


def drop_outdated(step: Step) -> None:
    """Remove what an earlier run left, so that a report of other data is not sent on by mistake."""
    for path in (*step.outputs, step.stamp):
        if path.is_file():
            path.unlink()


def choose_reports(tasks: Sequence[PageTask], name: str | None) -> tuple[list[PageTask], list[PageTask]]:
    """The tasks to carry out, and the others: only the municipality asked for, or all.

    Raises:
        ValueError: the municipality is not in the data; the message names those that are.
    """
    if name is None:
        return list(tasks), []
    chosen = [task for task in tasks if task.municipality == name]
    if not chosen:
        listed = ", ".join(f"«{task.municipality}»" for task in tasks)
        raise ValueError(f"Муниципалитета «{name}» нет в данных. Есть: {listed}.")
    return chosen, [task for task in tasks if task.municipality != name]


def look_at_reports(tasks: Sequence[PageTask]) -> list[Outcome]:
    """Reports of earlier runs that nobody asked for now: linked, and named where data or rules have changed since."""
    return [
        _find_unchanged(task)
        or Outcome(task.step.name, OUTDATED, message=OUTDATED_NOTE, municipality=task.municipality, page=task.page.name)
        for task in tasks
        if task.page.is_file()
    ]


def run_reports(tasks: Sequence[PageTask], settings: Settings, say: Say) -> list[Outcome]:
    """Make the reports, several at once; the failure of one leaves the others. Outcomes in the order of the tasks."""
    waiting = {task.municipality: _find_unchanged(task) for task in tasks}
    todo = [task for task in tasks if waiting[task.municipality] is None]
    # One more than cores: a report waits while its kernel starts.
    workers = min(settings.jobs or (os.cpu_count() or 1) + 1, max(len(todo), 1))
    if todo:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(make_page, task): task for task in todo}
            for future in as_completed(futures):
                waiting[futures[future].municipality] = future.result()
                say(_say_outcome(future.result()))
    if len(todo) < len(tasks):
        say(f"Без изменений: {count_words(len(tasks) - len(todo), 'отчёт', 'отчёта', 'отчётов')}.")
    return [outcome for outcome in waiting.values() if outcome]


def _find_unchanged(task: PageTask) -> Outcome | None:
    if not is_up_to_date(task.step):
        return None
    return Outcome(task.step.name, UNCHANGED, municipality=task.municipality, page=task.page.name)


def _say_error(error: Exception) -> str:
    """The error without the folders of this machine: the region's page shows it and goes to other people."""
    if isinstance(error, OSError) and error.filename:
        return f"{type(error).__name__}: {error.strerror}: «{Path(str(error.filename)).name}»"
    return f"{type(error).__name__}: {error}"


def run_page(task: PageTask, say: Say) -> Outcome:
    """Make one page of the region."""
    outcome = make_page(task)
    say(_say_outcome(outcome))
    return outcome


def write_run(settings: Settings, workspace: Workspace, year: int, outcomes: Sequence[Outcome]) -> None:
    """Write `run.json` of the year, and the same as that of the last run beside the years."""
    problems = workspace.problems
    content = {
        "year": year,
        "parameters": {
            "methodology": workspace.methodology.id,
            "methodology_version": workspace.methodology.version,
            "orientation": workspace.methodology.orientation,
            "social_rule": workspace.methodology.social_rule,
            "municipality": settings.municipality,
            **{name: str(value) for name, value in settings.parameters.items()},
        },
        "inputs": hash_files([path for path in settings.data.rglob("*") if path.is_file()], _name_input(settings)),
        "tables": hash_files(
            list_tables(settings.processed), lambda path: path.relative_to(settings.processed).as_posix()
        ),
        "versions": read_versions(),
        "problems": {str(kind): int(count) for kind, count in problems["severity"].value_counts().items()},
        "reports": list_reports(outcomes),
        "timings": {outcome.name: round(outcome.seconds, 2) for outcome in outcomes},
        "failed": {outcome.name: outcome.message for outcome in outcomes if outcome.state == FAILED},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    for folder in (settings.reports / str(year), settings.reports):
        write_text(text, folder / "run.json")


def _name_input(settings: Settings) -> Callable[[Path], str]:
    return lambda path: path.relative_to(settings.data).as_posix()


def list_reports(outcomes: Sequence[Outcome]) -> dict[str, dict[str, str]]:
    """Reports of the year by municipality: page, and message where it failed or is outdated."""
    reports = {outcome.municipality: outcome for outcome in outcomes if outcome.municipality}
    return {name: {"page": reports[name].page, "message": reports[name].message} for name in sorted(reports)}


def finish(settings: Settings, workspace: Workspace, year: int, outcomes: Sequence[Outcome], say: Say) -> int:
    """Say what came of the run and where to look; returns the exit status."""
    failed = [outcome for outcome in outcomes if outcome.state == FAILED]
    errors = workspace.problems[workspace.problems["severity"] == "ошибка"]
    if len(errors):
        say(f"\nНе приняты файлы с ошибками ({count_words(len(errors), 'ошибка', 'ошибки', 'ошибок')}):")
        for message in errors["message"]:
            say(f"  — {message}")
    if failed:
        say(f"\nНе построено отчётов: {format_number(len(failed))}.")
        for outcome in failed:
            say(f"  — {outcome.municipality or outcome.name}: {outcome.message}")
    say(f"\nСводная страница: {settings.reports / str(year) / 'index.html'}")
    return 1 if failed or len(errors) else 0


def _say_outcome(outcome: Outcome) -> str:
    spent = f" ({format_number(outcome.seconds, 1)} с)" if outcome.seconds else ""
    return f"{outcome.municipality or outcome.name}: {outcome.state}{spent}"
