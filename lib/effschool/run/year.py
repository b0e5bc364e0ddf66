"""The year's run (годовой прогон): raw tables → a report for every municipality, in the order of the notebooks."""

import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from effschool.base.problems import say_error, say_questions, shorten_path
from effschool.base.russian import count_words, fold_name, format_number, join_words
from effschool.base.scratch import SCRATCH
from effschool.base.storage import hash_files, hold_folder, read_table, walk_files, write_text
from effschool.report.portfolio import RegionYear, open_region
from effschool.report.sections.missing import list_missing
from effschool.report.workspace import Workspace, load_workspace, refuse_unfinished
from effschool.run.executors import open_executor
from effschool.run.plan import (
    NOTEBOOKS,
    OWN_OPTIONS,
    SET_BY_RUN,
    PageTask,
    Settings,
    list_tables,
    plan_protocol,
    plan_public,
    plan_region,
    plan_reports,
    plan_stages,
)
from effschool.run.progress import Say, say_progress
from effschool.run.runfile import list_edited
from effschool.run.stamps import (
    NEVER_MADE,
    READ,
    Causes,
    Step,
    drop_stamp,
    explain_redo,
    list_causes,
    name_changes,
    name_files,
    read_versions,
    write_stamp,
)
from effschool.run.steps import (
    UnknownParameterError,
    drop_disowned,
    drop_outdated,
    prepare_work,
    produce,
    publish,
    read_parameters,
)
from effschool.run.work import Product, StepError


@dataclass(frozen=True)
class StepOutcome:
    """How one step ended: «готово», «без изменений» or «ошибка» with the message; `reason` says why it was done."""

    name: str
    state: str
    seconds: float = 0.0
    message: str = ""
    municipality: str = ""
    page: str = ""
    reason: str = ""


DONE, UNCHANGED, FAILED, OUTDATED = "готово", "без изменений", "ошибка", "устарел"
OUTDATED_NOTE = "построен по прежним данным или правилам"


def say_nothing(_: str) -> None:
    """For who needs no progress."""


def run_year(settings: Settings, say: Say, show: Say = say_nothing) -> int:
    """Carry out the run; returns the exit status: 0 all is well, 1 something was not taken or failed.

    Args:
        settings: what is asked for.
        say: takes lines that stay.
        show: takes the line of progress, each in place of the one before.

    Raises:
        UnknownParameterError: a parameter that no notebook knows.
        FolderInUseError: another run works in one of the folders.
        ValueError: a year or municipality that is not in the data.
        StepError: a stage stopped, so that no report can be made.
    """
    refuse_unknown_parameters(settings)
    with hold_folders(settings):
        (settings.reports / "run.json").unlink(missing_ok=True)  # the card of a run that has ended
        outcomes = run_stages(settings, say, show)
        workspace = load_workspace(settings.processed)
        year = open_region(workspace, settings.year).year
        say_gaps(workspace, year, say)
        planned, protocol = plan_reports(settings, workspace, year), plan_protocol(settings, workspace, year)
        chosen, others = choose_reports(planned, settings.municipality)
        (settings.reports / str(year) / "run.json").unlink(missing_ok=True)
        chosen.append(protocol)
        say_edited((task.step for task in chosen), say)
        seen, card = look_at_reports(others), describe_run(settings, workspace, year)
        expected = list_reports([*seen, *(start_outcome(task, NEVER_MADE) for task in chosen)])
        region = plan_region(settings, workspace, year, expected)
        with begin_region(region, {**card, "reports": expected}, settings) as begun:
            outcomes += run_reports(chosen, settings, say, show) + seen
            write_run(settings, year, {**card, "finished": False}, outcomes)
            region = plan_region(settings, workspace, year, list_reports(outcomes))
            outcomes += run_reports([region], replace(settings, scheduler="", jobs=1), say, show, begun)
        say_disowned(settings.reports / str(year), [task.step for task in (*planned, protocol, region)], say)
        write_run(settings, year, {**card, "finished": True}, outcomes)
        return finish(settings, workspace, year, outcomes, say)


def say_disowned(folder: Path, steps: Sequence[Step], say: Say) -> None:
    """Remove reports that no step makes any longer, and say which are gone and which stay since others changed them."""
    gone, strange = drop_disowned(folder, steps)
    if gone:
        say(f"Убраны отчёты, которых больше нет в плане: {name_files(gone)}.")
    if strange:
        say(
            f"В папке «{folder.name}» есть файлы не от этого прогона: {name_files(strange)}. "
            "Прогон их не трогает; если это прежние отчёты, удалите их."
        )


Begun = tuple[Step, Future[Product], Causes]
"""A page that is being made already, and of what."""


@contextmanager
def begin_region(task: PageTask, card: Mapping[str, object], settings: Settings) -> Iterator[Begun | None]:
    """Make the region's page beside the reports as it will be if none of them fails: at their end a core is idle.

    Args:
        task: the page with the reports that are expected; another one is made anew.
        card: what `run.json` is expected to say.
    """
    causes = list_causes(task.step)
    if settings.jobs == 1 or not explain_redo(task.step, causes):
        yield None
        return
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as folder:
        run = Path(folder, "run.json")
        write_text(json.dumps(card, ensure_ascii=False), run)
        work = prepare_work(task.step, task.card)
        beside = ThreadPoolExecutor(1)
        try:
            work = replace(work, parameters={**work.parameters, "run": str(run)})
            yield task.step, beside.submit(produce, work, settings.limits), causes
        finally:
            beside.shutdown(wait=False, cancel_futures=True)


def run_public(settings: Settings, say: Say) -> int:
    """Make the public release from the tables of the last run; returns 0, or 1 if it failed.

    Never part of the yearly run: that it is to be published is for a person to decide.
    """
    with hold_folders(settings):
        refuse_unfinished(settings.processed)
        workspace = load_workspace(settings.processed)
        task = plan_public(settings, workspace, open_region(workspace, settings.year).year)
        (outcome,) = run_reports([task], replace(settings, jobs=1), say)
    say(f"Открытая публикация: папка {task.page.parent}" if outcome.state != FAILED else "Публикация не построена.")
    return int(outcome.state == FAILED)


@contextmanager
def hold_folders(settings: Settings) -> Iterator[None]:
    """Hold the folders that the run writes to."""
    with ExitStack() as held:
        for folder in sorted({settings.processed, settings.reports}):
            held.enter_context(hold_folder(folder))
        yield


def refuse_unknown_parameters(settings: Settings) -> None:
    """Refuse further parameters that none of the notebooks knows, and those that the run sets itself."""
    known = {name for notebook in NOTEBOOKS for name in read_parameters(settings.notebooks / f"{notebook}.ipynb")}
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


def run_stages(settings: Settings, say: Say, show: Say = say_nothing) -> list[StepOutcome]:
    """Run 01 to 03 one after another; the first that stops ends the run.

    Raises:
        StepError: a stage stopped.
    """
    outcomes = []
    steps = plan_stages(settings)
    say_edited(steps, say)
    for step in steps:
        outcomes.append(run_step(step, show))
        say(_say_outcome(outcomes[-1]))
        if outcomes[-1].state == FAILED:
            raise StepError(outcomes[-1].message)
        refuse_unknown_year(settings)
    return outcomes


def say_edited(steps: Iterable[Step], say: Say) -> None:
    """Name the cells of parameters that a person has changed and that the run does not take, each notebook once."""
    for step in {step.notebook: step for step in steps}.values():
        for sentence in list_edited(
            step.notebook, {name: step.show_value(step.parameters[name]) for name in step.parameters}
        ):
            say(sentence)


def say_gaps(workspace: Workspace, year: int, say: Say) -> None:
    """Say what the data lack: before the reports, and once more below them."""
    for number, sentence in enumerate(list_missing(RegionYear(workspace, year))):
        say(sentence if number else f"\nНе хватает данных. {sentence}")


def refuse_unknown_year(settings: Settings) -> None:
    """Refuse a report year that the accepted results do not have, before anything is made for it.

    Raises:
        ValueError: names the years there are.
    """
    if settings.year is None:
        return
    years = sorted(set(read_table(settings.processed / "contract", "results", ["year"])["year"]))
    if settings.year not in years:
        raise ValueError(f"Года {settings.year} нет в данных. Есть годы: {', '.join(map(str, years))}.")


def run_step(step: Step, show: Say = say_nothing) -> StepOutcome:
    """Run the step of a stage unless it is up to date."""
    causes = list_causes(step)
    reason = explain_redo(step, causes)
    if not reason:
        return StepOutcome(step.name, UNCHANGED)
    show(f"{step.name}…")
    drop_stamp(step)
    return leave(step, produce(prepare_work(step)), StepOutcome(step.name, DONE, reason=reason), causes)


def refuse_replaced(product: Product, step: Step, before: Causes) -> Product:
    """The product, but a failure where a file was replaced while it was read: nobody knows which half was used."""
    if product.failure:
        return product
    now = list_causes(step)
    changed = join_words([text for kind in READ if (text := name_changes(kind, before[kind], now[kind]))])
    if not changed:
        return product
    return replace(product, failure=f"Пока шёл расчёт, изменились файлы: {changed}. Запустите команду ещё раз.")


def leave(step: Step, product: Product, outcome: StepOutcome, causes: Causes) -> StepOutcome:
    """Write what came of a step, then the stamp with what it was made of; the outcome with how that went."""
    product = refuse_replaced(product, step, causes)
    publish(step, product)
    if product.failure:
        kept = f" Тетрадь сохранена: {step.failed.name}." if ".ipynb" in product.files else ""
        return replace(outcome, state=FAILED, seconds=product.seconds, message=product.failure + kept, page="")
    write_stamp(step, causes)
    return replace(outcome, seconds=product.seconds)


def choose_reports(tasks: Sequence[PageTask], name: str | None) -> tuple[list[PageTask], list[PageTask]]:
    """The tasks to carry out, and the others: only the municipality asked for, or all.

    Raises:
        ValueError: the municipality is not in the data; the message names those that are.
    """
    if name is None:
        return list(tasks), []
    chosen = [task for task in tasks if fold_name(task.municipality) == fold_name(name)]
    if not chosen:
        listed = ", ".join(f"«{task.municipality}»" for task in tasks)
        raise ValueError(f"Муниципалитета «{name}» нет в данных. Есть: {listed}.")
    return chosen, [task for task in tasks if task not in chosen]


def look_at_reports(tasks: Sequence[PageTask]) -> list[StepOutcome]:
    """Reports of earlier runs that nobody asked for now: linked, and named where data or rules have changed since."""
    found = [start_outcome(task, explain_redo(task.step)) for task in tasks if task.page.is_file()]
    return [replace(outcome, state=OUTDATED, message=OUTDATED_NOTE) if outcome.reason else outcome for outcome in found]


def start_outcome(task: PageTask, reason: str) -> StepOutcome:
    """The outcome of a page that has nothing to be done, or is about to be done for a reason."""
    state = DONE if reason else UNCHANGED
    return StepOutcome(task.step.name, state, municipality=task.municipality, page=task.page.name, reason=reason)


def run_reports(
    tasks: Sequence[PageTask], settings: Settings, say: Say, show: Say = say_nothing, begun: Begun | None = None
) -> list[StepOutcome]:
    """Make pages, several at once; the failure of one leaves the others. Outcomes in the order of the tasks."""
    causes = {task.step.name: list_causes(task.step) for task in tasks}
    if begun and begun[0] in [task.step for task in tasks]:
        causes[begun[0].name] = begun[2]
    reasons = {task.step.name: explain_redo(task.step, causes[task.step.name]) for task in tasks}
    outcomes = {task.step.name: start_outcome(task, reasons[task.step.name]) for task in tasks}
    todo = [task for task in tasks if outcomes[task.step.name].reason]
    if len(todo) < len(tasks):
        say(f"Без изменений: {count_words(len(tasks) - len(todo), 'страница', 'страницы', 'страниц')}.")
    for task, product in make_pages(todo, settings, show, begun):
        outcomes[task.step.name] = leave_page(task, product, outcomes[task.step.name], causes[task.step.name])
        say(_say_outcome(outcomes[task.step.name]))
    return list(outcomes.values())


def make_pages(
    tasks: Sequence[PageTask], settings: Settings, show: Say, begun: Begun | None = None
) -> Iterator[tuple[PageTask, Product]]:
    """Pages as they are made, in whatever order; each is let go of once it has been taken."""
    if not tasks:
        return
    started = time.monotonic()
    with open_executor(settings.scheduler, min(settings.jobs, len(tasks)) if settings.jobs else None) as executor:
        longest_first = sorted(tasks, key=lambda task: -task.schools)  # else one might run alone at the end
        futures = {
            begun[1]
            if begun and begun[0] == task.step
            else executor.submit(produce, prepare_work(task.step, task.card), settings.limits): task
            for task in longest_first
        }
        show(_say_progress(futures, len(tasks), started))
        for future in as_completed(list(futures)):
            yield futures.pop(future), take_product(future)
            show(_say_progress(futures, len(tasks), started))


def take_product(future: Future) -> Product:
    """What a worker gave; a worker that was lost is a failure like any other."""
    try:
        return future.result()
    except Exception as error:
        return Product(failure=f"исполнитель потерян: {say_error(error)}")


def leave_page(task: PageTask, product: Product, outcome: StepOutcome, causes: Causes) -> StepOutcome:
    """Write a page; a failure to write is an outcome, since the others must go on."""
    try:
        return leave(task.step, product, outcome, causes)
    except OSError as error:
        drop_outdated(task.step)
        return replace(outcome, state=FAILED, message=say_error(error), page="")


def _say_progress(waiting: Mapping[Future, PageTask], total: int, started: float) -> str:
    name = next((task.municipality or task.step.name for task in waiting.values()), "")
    return say_progress(total - len(waiting), total, time.monotonic() - started, name)


def describe_run(settings: Settings, workspace: Workspace, year: int) -> dict[str, object]:
    """What the run was made of: the part of `run.json` that does not depend on how it went."""
    method, problems = workspace.methodology, workspace.problems
    return {
        "year": year,
        "parameters": {
            "methodology": method.id,
            "methodology_version": method.version,
            "orientation": method.orientation,
            "social_rule": method.social_rule,
            "groups": getattr(method.groups, "reading", None),
            "certificate_total": method.certificate_total,
            "doubtful": method.doubtful,
            "municipality": settings.municipality,
            **{name: str(value) for name, value in settings.parameters.items()},
        },
        "inputs": hash_files(
            [path for path in walk_files(settings.data)[0] if path.name[0] != "."],
            lambda path: shorten_path(path, settings.data),
        ),
        "tables": hash_files(
            list_tables(settings.processed), lambda path: path.relative_to(settings.processed).as_posix()
        ),
        "versions": read_versions(),
        "missing": list_missing(RegionYear(workspace, year)),
        "problems": {str(kind): int(count) for kind, count in problems["severity"].value_counts().items()},
    }


def write_run(settings: Settings, year: int, card: Mapping[str, object], outcomes: Sequence[StepOutcome]) -> None:
    """Write `run.json` of the year, and the same as that of the last run beside the years."""
    content = {
        **card,
        "reports": list_reports(outcomes),
        "timings": {outcome.name: round(outcome.seconds, 2) for outcome in outcomes},
        "reasons": {outcome.name: outcome.reason for outcome in outcomes if outcome.reason},
        "failed": {outcome.name: outcome.message for outcome in outcomes if outcome.state == FAILED},
    }
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    for folder in (settings.reports / str(year), settings.reports):
        write_text(text, folder / "run.json")


def list_reports(outcomes: Sequence[StepOutcome]) -> dict[str, dict[str, str]]:
    """Reports of the year by municipality: page, and message where it failed or is outdated."""
    reports = {outcome.municipality: outcome for outcome in outcomes if outcome.municipality}
    return {name: {"page": reports[name].page, "message": reports[name].message} for name in sorted(reports)}


def finish(settings: Settings, workspace: Workspace, year: int, outcomes: Sequence[StepOutcome], say: Say) -> int:
    """Say what came of the run and where to look; returns the exit status."""
    failed = [outcome for outcome in outcomes if outcome.state == FAILED]
    errors = workspace.problems[workspace.problems["severity"] == "ошибка"]
    say_gaps(workspace, year, say)
    if len(errors):
        say(f"\nНе приняты файлы с ошибками ({count_words(len(errors), 'ошибка', 'ошибки', 'ошибок')}):")
        for message in errors["message"]:
            say(f"  — {message}")
    for place, line in enumerate(say_questions(workspace.problems)):
        say(f"  — {line}" if place else f"\n{line}")
    if failed:
        say(f"\nНе построено страниц: {format_number(len(failed))}.")
        for line in tabulate_failures(failed):
            say(line)
    page = settings.reports / str(year) / "index.html"
    say(f"\nСводная страница: {page}" if page.exists() else "\nСводной страницы нет: исправьте названное и повторите.")
    return 1 if failed or len(errors) else 0


def tabulate_failures(failed: Sequence[StepOutcome]) -> list[str]:
    """A line per failure: whose page, and what happened, in columns."""
    names = [outcome.municipality or outcome.name for outcome in failed]
    width = max(map(len, names))
    return [f"  {name:<{width}}  {outcome.message}" for name, outcome in zip(names, failed, strict=True)]


def _say_outcome(outcome: StepOutcome) -> str:
    spent = f" ({format_number(outcome.seconds, 1)} с)" if outcome.seconds else ""
    failure = f": {outcome.message}" if outcome.state == FAILED else ""
    reason = f" — {outcome.reason}" if outcome.reason not in {"", NEVER_MADE} and not failure else ""
    return f"{outcome.municipality or outcome.name}: {outcome.state}{spent}{failure}{reason}"
