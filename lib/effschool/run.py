"""The year's run (годовой прогон): raw tables → a report for every municipality, in the order of the notebooks."""

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

from slugify import slugify

from effschool.methodology import find_methodology
from effschool.page import PageCard, write_page
from effschool.portfolio import list_municipalities, open_region
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
from effschool.storage import hash_files, write_text
from effschool.workspace import Workspace, load_workspace

STAGES = ("01_ingest", "02_identify", "03_dynamics")
REPORT, REGION = "04_portfolio", "05_region"
NOTEBOOKS = (*STAGES, REPORT, REGION)
CONTRACT_FILES = ("schools", "results", "certificates", "social", "programme", "problems", "files")
IDENTIFIED_FILES = ("schools", "indicators", "indices", "lists", "notices", "treatments")
DYNAMICS_FILES = ("paths", "transitions", "memberships", "turnover", "cohorts")
SET_BY_RUN = frozenset(
    ("raw", "processed", "layouts", "region", "methodology", "municipality", "year", "workbook", "run")
)
"""Parameters of notebooks that the run sets itself: given by hand, they would put one year's data on another's page."""
OWN_OPTIONS = "YEAR, DATA, PROCESSED, REPORTS, METHODOLOGY, MUNICIPALITY, LAYOUTS, REGION"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Settings:
    """What a run is asked to do; paths are absolute.

    Args:
        root: folder of the project: notebooks, methodologies and layouts are found in it.
        parameters: further notebook parameters by name, for every notebook that knows them.
        year: the report's year; None is the last year of the data.
        municipality: the only municipality to report on; None is all.
        jobs: reports made at once; None is one per core.
    """

    root: Path
    data: Path
    processed: Path
    reports: Path
    layouts: Path
    methodology: str
    region: Path | None = None
    year: int | None = None
    municipality: str | None = None
    jobs: int | None = None
    parameters: Mapping[str, object] = field(default_factory=dict)

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks."""
        return self.root / "notebooks"


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
    write_run(settings, workspace, year, outcomes)
    outcomes.append(run_region(settings, workspace, year, say))
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
        say(_say_outcome(outcomes[-1]))
        if outcomes[-1].state == FAILED:
            raise StepError(outcomes[-1].message, step.executed)
    return outcomes


def plan_stages(settings: Settings) -> list[Step]:
    """Steps of the stages that make the tables."""
    raw = [
        path for path in sorted(settings.data.rglob("*")) if path.is_file() and not path.name.startswith((".", "~$"))
    ]
    contract = _name_tables(settings.processed / "contract", CONTRACT_FILES)
    region = settings.processed / "region.json"
    card = settings.region or settings.data / "region.yml"
    identified = [*_name_tables(settings.processed, IDENTIFIED_FILES), settings.processed / "methodology.json"]
    dynamics = _name_tables(settings.processed / "dynamics", DYNAMICS_FILES)
    method = find_methodology(settings.methodology, settings.root / "methodologies")
    rules = sorted(method.parent.glob("*.yml"))  # one methodology may build on another
    layouts = sorted(settings.layouts.glob("*.yml"))
    ingest = {"raw": settings.data, "layouts": settings.layouts, "region": card}
    identify = {"methodology": method}
    return [
        _plan_stage(
            settings, STAGES[0], ingest, [*raw, *layouts, *([card] if card.is_file() else [])], [*contract, region]
        ),
        _plan_stage(settings, STAGES[1], identify, [*contract, *rules], identified),
        _plan_stage(settings, STAGES[2], {}, [*identified, contract[4]], dynamics),
    ]


def _plan_stage(
    settings: Settings, name: str, parameters: Mapping[str, object], inputs: Sequence[Path], outputs: Sequence[Path]
) -> Step:
    return Step(
        notebook=settings.notebooks / f"{name}.ipynb",
        executed=settings.processed / "notebooks" / f"{name}.ipynb",
        parameters=_add_known(settings, name, {"processed": settings.processed, **parameters}),
        inputs=inputs,
        outputs=outputs,
        stamp=settings.processed / "stamps" / f"{name}.json",
    )


def _add_known(settings: Settings, name: str, parameters: Mapping[str, object]) -> dict[str, object]:
    known = list_parameters(settings.notebooks / f"{name}.ipynb")
    return dict(parameters) | {key: value for key, value in settings.parameters.items() if key in known}


def _name_tables(folder: Path, names: Iterable[str]) -> list[Path]:
    return [folder / f"{name}.parquet" for name in names]


def run_step(step: Step, municipality: str = "", card: PageCard | None = None, page: Path | None = None) -> Outcome:
    """Run one step unless it is up to date; render its page where one is asked for. Never raises StepError."""
    if is_up_to_date(step):
        return Outcome(step.name, UNCHANGED, municipality=municipality, page=page.name if page else "")
    try:
        seconds = execute_step(step)
    except StepError as error:
        drop_outdated(step)
        return Outcome(
            step.name, FAILED, message=f"{error} Тетрадь сохранена: {error.notebook.name}.", municipality=municipality
        )
    started = time.perf_counter()
    if card and page:
        write_page(step.executed, card, page)
    write_stamp(step)
    seconds += time.perf_counter() - started
    return Outcome(step.name, DONE, seconds, municipality=municipality, page=page.name if page else "")


def drop_outdated(step: Step) -> None:
    """Remove what an earlier run left, so that a report of other data is not sent on by mistake."""
    for path in (*step.outputs, step.stamp):
        if path.is_file():
            path.unlink()


@dataclass(frozen=True)
class ReportTask:
    """One report to make: its step, what its page says of itself and where it goes."""

    step: Step
    municipality: str
    card: PageCard
    page: Path


def plan_reports(settings: Settings, workspace: Workspace, year: int) -> list[ReportTask]:
    """A task for every municipality of the year."""
    slugs = name_slugs(list_municipalities(workspace, year))
    return [plan_report(settings, workspace, year, name, slug) for name, slug in slugs.items()]


def choose_reports(tasks: Sequence[ReportTask], name: str | None) -> tuple[list[ReportTask], list[ReportTask]]:
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


def look_at_reports(tasks: Sequence[ReportTask]) -> list[Outcome]:
    """Reports of earlier runs that nobody asked for now: linked, and named where data or rules have changed since."""
    return [
        _find_unchanged(task)
        or Outcome(task.step.name, OUTDATED, message=OUTDATED_NOTE, municipality=task.municipality, page=task.page.name)
        for task in tasks
        if task.page.is_file()
    ]


def name_slugs(names: Iterable[str]) -> dict[str, str]:
    """File name of every municipality: Latin letters, digits, hyphens; a number is added where two would be equal."""
    slugs: dict[str, str] = {}
    for name in names:
        base = slugify(name, max_length=60) or "municipalitet"
        taken = {*slugs.values(), "index", "region"}
        free = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
        slugs[name] = next(slug for slug in free if slug not in taken)
    return slugs


def plan_report(settings: Settings, workspace: Workspace, year: int, municipality: str, slug: str) -> ReportTask:
    """The task of one municipality."""
    folder = settings.reports / str(year)
    page, book = folder / f"{slug}.html", folder / f"{slug}.xlsx"
    parameters = {"processed": settings.processed, "municipality": municipality, "year": year, "workbook": book}
    card = PageCard(
        title=municipality,
        subtitle=f"Портфельный анализ школ, {workspace.region.name}, {year} год",
        demonstration=workspace.region.demonstration,
        home="index.html",
        workbook=book.name,
    )
    step = Step(
        notebook=settings.notebooks / f"{REPORT}.ipynb",
        executed=folder / "notebooks" / f"{slug}.ipynb",
        parameters=_add_known(settings, REPORT, parameters),
        inputs=list_tables(settings.processed),
        outputs=[page, book],
        stamp=folder / "stamps" / f"{slug}.json",
        depends={"card": json.dumps(asdict(card), ensure_ascii=False)},
    )
    return ReportTask(step, municipality, card, page)


def list_tables(processed: Path) -> list[Path]:
    """Files that reports are made from."""
    identified = [*_name_tables(processed, IDENTIFIED_FILES), processed / "methodology.json", processed / "region.json"]
    problems = _name_tables(processed / "contract", ("problems", "files"))
    return [*identified, *_name_tables(processed / "dynamics", DYNAMICS_FILES), *problems]


def run_reports(tasks: Sequence[ReportTask], settings: Settings, say: Say) -> list[Outcome]:
    """Make the reports, several at once; the failure of one leaves the others. Outcomes in the order of the tasks."""
    waiting = {task.municipality: _find_unchanged(task) for task in tasks}
    todo = [task for task in tasks if waiting[task.municipality] is None]
    workers = min(settings.jobs or os.cpu_count() or 1, max(len(todo), 1))
    if todo:
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
            futures = {pool.submit(run_report, task): task for task in todo}
            for future in as_completed(futures):
                waiting[futures[future].municipality] = future.result()
                say(_say_outcome(future.result()))
    if len(todo) < len(tasks):
        say(f"Без изменений: {count_words(len(tasks) - len(todo), 'отчёт', 'отчёта', 'отчётов')}.")
    return [outcome for outcome in waiting.values() if outcome]


def _find_unchanged(task: ReportTask) -> Outcome | None:
    if not is_up_to_date(task.step):
        return None
    return Outcome(task.step.name, UNCHANGED, municipality=task.municipality, page=task.page.name)


def run_report(task: ReportTask) -> Outcome:
    """Make one report; any failure becomes an outcome, since the others must go on."""
    try:
        return run_step(task.step, task.municipality, task.card, task.page)
    except Exception as error:
        return Outcome(task.step.name, FAILED, message=_say_error(error), municipality=task.municipality)


def _say_error(error: Exception) -> str:
    """The error without the folders of this machine: the region's page shows it and goes to other people."""
    if isinstance(error, OSError) and error.filename:
        return f"{type(error).__name__}: {error.strerror}: «{Path(str(error.filename)).name}»"
    return f"{type(error).__name__}: {error}"


def run_region(settings: Settings, workspace: Workspace, year: int, say: Say) -> Outcome:
    """Make the region's page, which links to all reports and says what failed."""
    folder = settings.reports / str(year)
    page, book = folder / "index.html", folder / "region.xlsx"
    run = folder / "run.json"
    card = PageCard(
        title=workspace.region.name,
        subtitle=f"Портфельный анализ школ, {year} год",
        demonstration=workspace.region.demonstration,
        workbook=book.name,
    )
    reports = json.loads(run.read_text(encoding="utf-8"))["reports"]
    step = Step(
        notebook=settings.notebooks / f"{REGION}.ipynb",
        executed=folder / "notebooks" / "index.ipynb",
        parameters=_add_known(
            settings, REGION, {"processed": settings.processed, "year": year, "run": run, "workbook": book}
        ),
        inputs=list_tables(settings.processed),
        outputs=[page, book],
        stamp=folder / "stamps" / "index.json",
        depends={
            "card": json.dumps(asdict(card), ensure_ascii=False),
            "reports": json.dumps(reports, ensure_ascii=False),
        },
    )
    outcome = replace(run_step(step, card=card, page=page), name="index")
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
