"""What a run consists of (план прогона): the steps of the stages and of every page, with what they read and leave."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.metadata import version
from pathlib import Path

from effschool.base.schemas import CONTRACT
from effschool.base.storage import walk_files
from effschool.base.subprocesses import Limits
from effschool.method.methodology import find_methodology, list_files
from effschool.report.page import PageCard
from effschool.report.portfolio import Portfolio, list_municipalities, name_slugs
from effschool.report.sections.glossary import list_abbreviations
from effschool.report.sections.school import name_drafts, name_school_files
from effschool.report.workspace import STAGES, STAMPS, Support, Workspace
from effschool.run.runfile import DEFAULTS, RUN_FILE
from effschool.run.slices import digest_slices
from effschool.run.stamps import Step, digest
from effschool.run.steps import read_parameters

REPORT, REGION, PROTOCOL, PUBLIC = "04_portfolio", "05_region", "06_protocol", "07_public"
NOTEBOOKS = (*STAGES, REPORT, REGION, PROTOCOL, PUBLIC)
CONTRACT_FILES = (*CONTRACT, "problems", "files", "corrections", "renamed")
IDENTIFIED_FILES = (
    "schools",
    "indicators",
    "indices",
    "lists",
    "notices",
    "treatments",
    "decisions",
    "certainty",
    "levels",
    "missing",
    *("signs", "signs_expected", "signs_untested", "without_doubtful", "marks_use"),
)
DYNAMICS_FILES = (
    *("paths", "transitions", "memberships", "turnover", "cohorts"),
    *("spells", "level_change", "pupil_cohorts", "effects", "clusters", "task_gaps", "task_topics"),
)
SUPPORT_FILES = (*(item.name for item in fields(Support)), "partners_named")
MADE = {"workbook": ".xlsx", "note": ".docx", "facts": ".json", "rows": ".csv"}
"""Files that notebooks of pages write beside the page: suffix by the parameter that names the file."""
RULES = {
    "comments": "comments/schools.yml",
    "drafts": "programmes/school.yml",
    "questions": "forms/context.yml",
    "projects": "methodologies/projects.yml",
}
"""Files of rules that notebooks of pages read: place in the project by the parameter that names the file."""
LETTER, PARCEL = ".txt", ".zip"
SCHOOLS = "schools"
"""Parameter that names the folder of schools' pages."""
SET_BY_RUN = frozenset(
    (
        "raw",
        "processed",
        "layouts",
        "thresholds",
        "region",
        "methodology",
        "municipality",
        "year",
        "run",
        "forms",
        "targets",
        "works",
        "publish",
        "reports",
        SCHOOLS,
        *RULES,
        *MADE,
    )
)
"""Parameters of notebooks that the run sets itself: given by hand, they would put one year's data on another's page."""
OWN_OPTIONS = "YEAR, DATA, PROCESSED, REPORTS, METHODOLOGY, MUNICIPALITY, LAYOUTS, REGION"


@dataclass(frozen=True)
class Settings:
    """What a run is asked to do; paths are absolute.

    Args:
        root: folder of the project: notebooks, methodologies and layouts are found in it.
        parameters: further notebook parameters by name, for every notebook that knows them.
        year: the report's year; None is the last year of the data.
        municipality: the only municipality to report on; None is all.
        jobs: reports made at once; None is as many as there are cores.
        scheduler: who makes them: empty is processes of this machine, «local» a Dask cluster on this machine,
            an address one that runs already.
        limits: what one report may take.
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
    scheduler: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks."""
        return self.root / "notebooks"


def plan_stages(settings: Settings) -> list[Step]:
    """Steps of the stages that make the tables."""
    contract = _name_tables(settings.processed / "contract", CONTRACT_FILES)
    region = settings.processed / "region.json"
    card = settings.region or settings.data / "region.yml"
    raw = [*_list_raw(settings.data), *([card] if card.is_file() else [])]
    identified = [*_name_tables(settings.processed, IDENTIFIED_FILES), settings.processed / "methodology.json"]
    followed = settings.processed / "dynamics"
    dynamics, support = (_name_tables(followed, names) for names in (DYNAMICS_FILES, SUPPORT_FILES))
    targets, works = (settings.root / "methodologies" / name for name in ("targets", "tasks"))
    projects = settings.root / RULES["projects"]
    forms = settings.root / "forms"
    method = find_methodology(settings.methodology, settings.root / "methodologies")
    rules = [*sorted(settings.layouts.rglob("*.yml")), settings.root / "methodologies" / "thresholds.yml"]
    identify = {"methodology": method, "explain_year": settings.year, "layouts": settings.layouts, "publish": False}
    known = [*identified, *contract, region]
    stages: tuple[tuple[Mapping[str, object], list[Path], list[Path]], ...] = (
        ({"raw": settings.data, "layouts": settings.layouts, "region": card}, [*raw, *rules], [*contract, region]),
        (identify, [*contract, *list_files(method)], identified),
        ({"year": settings.year, "works": works}, [*known, *sorted(works.glob("*.yml"))], dynamics),
        (
            {"year": settings.year, "targets": targets, "projects": projects, "forms": forms, "publish": False},
            [*known, *dynamics, *sorted([*targets.glob("*.yml"), *forms.glob("*.yml")]), projects],
            support,
        ),
    )
    return [_plan_stage(settings, name, *stage) for name, stage in zip(STAGES, stages, strict=True)]


def _list_raw(folder: Path) -> list[Path]:
    """Files as sent; what the run file says stands among the parameters of the steps that it concerns."""
    found, unreadable = walk_files(folder)
    sent = [path for path in sorted([*found, *unreadable]) if not path.name.startswith((".", "~$"))]
    return [path for path in sent if path != folder / RUN_FILE]


def _plan_stage(
    settings: Settings, name: str, parameters: Mapping[str, object], inputs: Sequence[Path], outputs: Sequence[Path]
) -> Step:
    return Step(
        notebook=settings.notebooks / f"{name}.ipynb",
        executed=settings.processed / "notebooks" / f"{name}.ipynb",
        parameters=_add_known(settings, name, {"processed": settings.processed, **parameters}),
        inputs=inputs,
        outputs=outputs,
        stamp=settings.processed / STAMPS / f"{name}.json",
    )


def _add_known(settings: Settings, name: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters, and all others that the notebook knows: nothing is left to what its cell says today."""
    known = read_parameters(settings.notebooks / f"{name}.ipynb")
    others = DEFAULTS.parameters | dict(settings.parameters)
    return dict(parameters) | {key: value for key, value in others.items() if key in known}


def _name_tables(folder: Path, names: Iterable[str]) -> list[Path]:
    return [folder / f"{name}.parquet" for name in names]


@dataclass(frozen=True)
class PageTask:
    """One page to make: its step, municipality (empty for the region's), what it says of itself, file, its schools."""

    step: Step
    municipality: str
    card: PageCard
    page: Path
    schools: int = 0


def plan_reports(settings: Settings, workspace: Workspace, year: int) -> list[PageTask]:
    """A task for every municipality of the year."""
    slugs = name_slugs(list_municipalities(workspace, year))
    slices = digest_slices(workspace, year, slugs)
    tasks = [plan_report(settings, workspace, year, named, slices[named[0]]) for named in slugs.items()]
    schools = workspace.identified.schools
    sizes = schools[schools["year"] == year].groupby("municipality").size()
    return [
        replace(task, step=read_slice(task.step, slices[task.municipality]), schools=int(sizes[task.municipality]))
        for task in tasks
    ]


def read_slice(step: Step, parts: Mapping[str, str]) -> Step:
    """A step that depends on a slice of the tables rather than on the files as they are."""
    rules = [path for path in step.inputs if path.suffix == ".yml"]
    return replace(step, inputs=rules, depends={**step.depends, **parts})


def plan_report(
    settings: Settings, workspace: Workspace, year: int, named: tuple[str, str], data: Mapping[str, str]
) -> PageTask:
    """The report of one municipality (its name and file name), with a letter; `data` are digests of what it reads."""
    municipality, slug = named
    card = PageCard(
        title=municipality,
        subtitle=f"Портфельный анализ школ, {workspace.region.name}, {year} год",
        demonstration=workspace.region.demonstration,
        abbreviations=list_abbreviations(workspace.methodology),
        workbook=f"{slug}.xlsx",
        build=describe_build(workspace, year, data),
        letter=True,
    )
    folder = settings.reports / str(year) / slug
    task = plan_page(settings, REPORT, year, slug, card, municipality=municipality, **{SCHOOLS: folder})
    portfolio = Portfolio(workspace, year, municipality)
    files = [f"{name}.html" for name in name_school_files(portfolio.schools).values()] + name_drafts(portfolio)
    of_schools = [folder / name for name in files]
    return replace(task, step=replace(task.step, outputs=[*task.step.outputs, *of_schools]))


def describe_build(workspace: Workspace, year: int, data: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a report was made of and with; nothing that differs from machine to machine or from hour to hour."""
    method = workspace.methodology
    source = workspace.region.data_source
    return (
        *([("Источник данных", source)] if source else []),
        ("Год отчёта", str(year)),
        ("Методика", f"{method.title}, версия {method.version} ({method.id})"),
        ("Программа", f"«Эффективная школа» {version('effschool')}"),
        ("Отпечаток данных", digest(dict(data))),
    )


def plan_protocol(settings: Settings, workspace: Workspace, year: int) -> PageTask:
    """The protocol of identification."""
    card = PageCard(
        title="Протокол идентификации школ",
        subtitle=f"{workspace.region.name}, {year} год",
        demonstration=workspace.region.demonstration,
        abbreviations=list_abbreviations(workspace.methodology),
        home="index.html",
        workbook="protocol.xlsx",
    )
    return plan_page(settings, PROTOCOL, year, "protocol", card)


def plan_public(settings: Settings, workspace: Workspace, year: int) -> PageTask:
    """The public release, in a folder of its own: nothing beside it in the year's folder may be published."""
    card = PageCard(
        title="Школы региона: открытые данные",
        subtitle=f"{workspace.region.name}, {year} год",
        demonstration=workspace.region.demonstration,
        abbreviations=list_abbreviations(workspace.methodology),
        workbook="public.xlsx",
        internal=False,
    )
    return plan_page(settings, PUBLIC, year, "public/public", card, reports=settings.reports)


def plan_region(settings: Settings, workspace: Workspace, year: int, reports: Mapping[str, object]) -> PageTask:
    """The region's page, which depends on the reports that `run.json` of the year names."""
    run = settings.reports / str(year) / "run.json"
    card = PageCard(
        title=workspace.region.name,
        subtitle=f"Портфельный анализ школ, {year} год",
        demonstration=workspace.region.demonstration,
        abbreviations=list_abbreviations(workspace.methodology),
        workbook="region.xlsx",
    )
    task = plan_page(settings, REGION, year, "index", card, run=run)
    named = json.dumps(reports, ensure_ascii=False)
    return replace(task, step=replace(task.step, depends={**task.step.depends, "отчёты": named}))


def plan_page(
    settings: Settings, notebook: str, year: int, slug: str, card: PageCard, **parameters: object
) -> PageTask:
    """A page and its workbook, made by a notebook from the tables left behind."""
    folder = settings.reports / str(year)
    page = folder / f"{slug}.html"
    known = read_parameters(settings.notebooks / f"{notebook}.ipynb")
    made = {name: (page.parent / card.workbook).with_suffix(suffix) for name, suffix in MADE.items() if name in known}
    rules = {name: settings.root / path for name, path in RULES.items() if name in known}
    common = {"processed": settings.processed, "year": year, **rules, **made}
    step = Step(
        notebook=settings.notebooks / f"{notebook}.ipynb",
        executed=folder / "notebooks" / f"{slug}.ipynb",
        parameters=_add_known(settings, notebook, {**common, **parameters}),
        inputs=[*list_tables(settings.processed), *rules.values()],
        outputs=[page, *made.values(), *(page.with_suffix(suffix) for suffix in (LETTER, PARCEL) if card.letter)],
        stamp=folder / "stamps" / f"{slug}.json",
        depends={"надписи страницы": json.dumps(asdict(card), ensure_ascii=False)},
    )
    return PageTask(step, str(parameters.get("municipality", "")), card, page)


def list_tables(processed: Path) -> list[Path]:
    """Files that reports are made from."""
    identified = [*_name_tables(processed, IDENTIFIED_FILES), processed / "methodology.json", processed / "region.json"]
    problems = _name_tables(processed / "contract", ("problems", "files", "corrections", "scores"))
    return [*identified, *_name_tables(processed / "dynamics", (*DYNAMICS_FILES, *SUPPORT_FILES)), *problems]
