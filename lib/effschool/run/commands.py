"""Commands behind make (команды): the yearly run and the demonstration region."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from effschool.base.problems import say_system
from effschool.base.scratch import hold_scratch
from effschool.base.storage import READY, FolderInUseError, fill_folder, hold_folder
from effschool.base.subprocesses import Limits, name_run, warm_up
from effschool.report.printing import BrowserError
from effschool.run.executors import SchedulerError
from effschool.run.streams import open_streams
from effschool.run.work import StepError

if TYPE_CHECKING:
    from effschool.run.plan import Settings
    from effschool.run.runfile import RunFile

ROOT = Path(__file__).resolve().parents[3]
THRESHOLDS = Path("methodologies") / "thresholds.yml"

Command = Callable[[argparse.Namespace], int]
Option = tuple[str, str, str]
"""Name of an option, its default, what it is."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; wrong input is told in a sentence, without a traceback."""
    with open_streams():
        return _run_command(build_parser().parse_args(arguments))


def _run_command(options: argparse.Namespace) -> int:
    try:
        with nullcontext() if options.command is show_notebooks else hold_scratch():
            return int(options.command(options))
    except (StepError, SchedulerError, FolderInUseError, BrowserError, ValueError, OSError) as error:
        print(f"\nПрогон остановлен.\n{say_system(str(error))}", file=sys.stderr)  # noqa: T201
        return 2
    except MemoryError:
        print("\nПрогон остановлен.\nНе хватило памяти. Закройте другие программы.", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print("\nПрогон прерван. Готовые отчёты остались; следующий запуск продолжит с этого места.", file=sys.stderr)  # noqa: T201
        sys.stderr.flush()
        os._exit(130)  # ends the waiting threads and, with this process, those of the reports


def build_parser() -> argparse.ArgumentParser:
    """Options of the commands; an empty value means that the option was not given."""
    parser = argparse.ArgumentParser(prog="effschool", description="Эффективная школа: годовой прогон и отчёты")
    commands = parser.add_subparsers(required=True)
    made, protocols = (("out", f"reports/{name}", "папка, куда положить файлы") for name in ("forms", "check"))
    listed: tuple[tuple[str, Command, Sequence[Option], str], ...] = (
        ("report", report_year, REPORT_OPTIONS, "годовой прогон: от таблиц до отчётов"),
        ("audit", audit_lists, RUN_OPTIONS, "книга для проверки списков вручную"),
        ("pdf", print_reports, PAPER_OPTIONS, "напечатать готовые страницы в PDF"),
        ("public", publish_numbers, PUBLIC_OPTIONS, "числа для открытой публикации"),
        ("forms", make_forms, (*FORM_OPTIONS, made), "формы для заполнения, по одной книге на муниципалитет"),
        ("check", check_sent, (*FORM_OPTIONS, protocols), "проверить присланные формы и составить протоколы"),
        ("programme", draft_listed, PROGRAMME_OPTIONS, "черновики программ школ: записка и план-график"),
        ("compare", compare_kept, COMPARE_OPTIONS, "почему изменились списки между двумя прогонами"),
        ("demo", make_demo, (), "создать демонстрационный регион, если папка пуста"),
    )
    for name, function, options, about in listed:
        command = commands.add_parser(name, help=about)
        command.set_defaults(command=function)
        for option, default, text in options:
            command.add_argument(f"--{option}", default=default, help=text)
    known = commands.choices
    known["report"].add_argument(
        "--demo", action="store_true", help="создать демонстрационный регион, если папка пуста"
    )
    known["demo"].add_argument("folder", type=Path)
    _add_shown(commands.add_parser("lab", help="открыть тетради в JupyterLab"), show_notebooks)
    _add_shown(commands.add_parser("view", help="показать панели в браузере без JupyterLab"), show_panels)
    return parser


def _add_shown(parser: argparse.ArgumentParser, show: Command) -> None:
    parser.set_defaults(command=show)
    parser.add_argument("--root", type=Path, default=ROOT, help="папка проекта")
    parser.add_argument("options", nargs="*", help="параметры самой программы (JupyterLab или Voilà), после знака --")


REPORT_OPTIONS = (
    ("data", "data/raw", "папка с исходными таблицами"),
    ("processed", "data/processed", "папка для таблиц между этапами"),
    ("reports", "reports", "папка для отчётов"),
    ("layouts", "layouts", "папка с макетами файлов"),
    ("methodology", "", "методика: имя из папки methodologies или путь к файлу .yml; иначе из run.yml"),
    ("region", "", "паспорт региона, если он лежит не в папке с исходными таблицами"),
    ("year", "", "год отчёта; по умолчанию последний год данных"),
    ("municipality", "", "только один муниципалитет"),
    ("jobs", "", "сколько отчётов строить одновременно; по умолчанию сколько ядер"),
    ("scheduler", "", "кто строит отчёты: пусто — процессы этой машины, local — Dask на ней, tcp://… — кластер Dask"),
    ("time-limit", "600", "сколько секунд может строиться один отчёт"),
    ("memory-limit", "4096", "сколько МиБ памяти может занять один отчёт; только в Linux"),
    ("parameters", "", "другие параметры тетрадей: «имя=значение имя=значение»"),
)


PAPER_OPTIONS = (
    ("reports", "reports", "папка отчётов"),
    ("year", "", "год отчётов; по умолчанию год последнего прогона"),
    ("municipality", "", "только один муниципалитет"),
)
RUN_OPTIONS = (
    ("processed", "data/processed", "папка с таблицами прогонов"),
    ("reports", "reports", "папка, куда положить сделанное"),
)
PUBLIC_OPTIONS = (*RUN_OPTIONS, ("year", "", "год; по умолчанию последний год данных"))
COMPARE_OPTIONS = (
    *RUN_OPTIONS,
    ("first", "", "имя первого прогона; по умолчанию предпоследний"),
    ("second", "", "имя второго прогона; по умолчанию последний"),
)
PROGRAMME_OPTIONS = (
    *PUBLIC_OPTIONS,
    ("municipality", "", "только один муниципалитет"),
    ("school", "", "код одной школы, хотя бы её и не было в списках"),
)
FORM_OPTIONS = (
    ("data", "data/raw", "папка с исходными таблицами"),
    ("layouts", "layouts", "папка с макетами файлов"),
    ("form", str(ROOT / "forms" / "municipal.yml"), "файл формы: что спрашивается и в каких пределах"),
    ("methodology", "", "методика: по ней видно, чему мешает нехватка данных; иначе из run.yml"),
    ("year", "", "год, за который собираются данные"),
)


def make_forms(options: argparse.Namespace) -> int:
    """Forms for all municipalities of the register."""
    from effschool.forms.books import write_forms  # noqa: PLC0415
    from effschool.forms.template import load_forms  # noqa: PLC0415 -- `make report` need not wait for it
    from effschool.intake.ingest import check_complete, ingest_folder  # noqa: PLC0415

    year = _read_number(options.year, "YEAR")
    if year is None:
        raise ValueError("Не сказано, за какой год формы. Напишите, например: make forms YEAR=2024")
    ingested = ingest_folder(_require_folder(options.data), _require_folder(options.layouts), ROOT / THRESHOLDS)
    if ingested.tables["schools"].empty:
        check_complete(ingested)
    with hold_folder(Path(options.out)):
        written = write_forms(load_forms(Path(options.form)), ingested.tables, year, Path(options.out))
    _say(f"Формы за {year} год: {len(written)}, папка {Path(options.out) / str(year)}")
    return 0


def check_sent(options: argparse.Namespace) -> int:
    """Protocols of the forms that came back; 1 where something stands in the way of the lists."""
    from effschool.forms.protocol import open_case, write_check  # noqa: PLC0415 -- `make report` need not wait for it
    from effschool.forms.template import load_forms  # noqa: PLC0415
    from effschool.intake.ingest import ingest_folder  # noqa: PLC0415
    from effschool.intake.layouts import load_layouts  # noqa: PLC0415
    from effschool.method.methodology import find_methodology, load_methodology  # noqa: PLC0415
    from effschool.report.workspace import load_region  # noqa: PLC0415
    from effschool.run.runfile import read_run_file  # noqa: PLC0415

    raw, layouts = _require_folder(options.data), _require_folder(options.layouts)
    chosen = _choose_methodology(options.methodology, read_run_file(raw), raw)
    methodology = load_methodology(find_methodology(chosen, ROOT / "methodologies"))
    ingested = ingest_folder(raw, layouts, ROOT / THRESHOLDS, shown=None)
    rules = load_forms(Path(options.form)), methodology
    case = open_case(raw, ingested, load_layouts(layouts), rules, _read_number(options.year, "YEAR"))
    demonstration = load_region(raw / "region.yml").demonstration
    with hold_folder(Path(options.out)):
        checked = write_check(case, raw, Path(options.out), demonstration=demonstration)
    if checked.aside:
        _say(f"Изменённые файлы прошлой проверки сохранены под другими именами: {', '.join(checked.aside)}.")
    for verdict in checked.verdicts:
        _say(f"{verdict.municipality}: {verdict.state}")
    _say(f"Сводка: {Path(options.out) / str(case.year) / 'index.html'}")
    return int(checked.is_blocked)


def report_year(options: argparse.Namespace) -> int:
    """The yearly run."""
    name_run()
    if not (Path(options.processed) / "stamps").is_dir():
        warm_up()  # something is to be done for sure: the imports go on while this process has its own
    from effschool.run.progress import open_progress  # noqa: PLC0415 -- after the warm parent has begun
    from effschool.run.runfile import list_overruled, read_run_file  # noqa: PLC0415
    from effschool.run.year import run_year  # noqa: PLC0415

    if options.demo:
        make_demo(argparse.Namespace(folder=Path(options.data)))
    progress = open_progress()
    settings = read_settings(options)
    for sentence in list_overruled(read_run_file(settings.data), _list_given(options)):
        progress.say(sentence)
    return run_year(settings, progress.say, progress.show)


def _list_given(options: argparse.Namespace) -> dict[str, object]:
    """What the command line says of what a run file may say too."""
    named = {"methodology": options.methodology or None, "year": _read_number(options.year, "YEAR")}
    return {name: value for name, value in named.items() if value is not None} | parse_parameters(options.parameters)


def read_settings(options: argparse.Namespace) -> "Settings":
    """What the run is asked to do: what the command line says goes before the run file.

    Raises:
        ValueError: a number that is none, a parameter without a value, a wrong run file.
        FileNotFoundError: a folder that is not there.
    """
    from effschool.run.plan import Settings  # noqa: PLC0415 -- see `report_year`
    from effschool.run.runfile import read_run_file  # noqa: PLC0415

    data = _require_folder(options.data)
    file = read_run_file(data)
    return Settings(
        root=ROOT,
        data=data,
        processed=Path(options.processed).resolve(),
        reports=Path(options.reports).resolve(),
        layouts=_require_folder(options.layouts),
        methodology=_choose_methodology(options.methodology, file, data),
        region=Path(options.region).resolve() if options.region else None,
        year=_read_number(options.year, "YEAR") or file.year,
        municipality=options.municipality or None,
        jobs=_read_number(options.jobs, "JOBS"),
        parameters=file.said | parse_parameters(options.parameters),
        scheduler=options.scheduler,
        limits=Limits(
            seconds=_read_number(options.time_limit, "TIME_LIMIT"),
            memory=_read_number(options.memory_limit, "MEMORY_LIMIT"),
        ),
    )


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _require_folder(name: str) -> Path:
    path = Path(name).resolve()
    if not path.is_dir():
        raise FileNotFoundError(f"Папки «{name}» нет. Проверьте путь.")
    return path


def _choose_methodology(given: str, file: "RunFile", data: Path) -> str:
    """Name of the methodology, or its file: the command's is sought from here, the run file's from its own folder."""
    name = given or file.methodology
    folder = Path() if given else data
    return str((folder / name).resolve()) if name.endswith((".yml", ".yaml")) else name


def _read_number(text: str, name: str) -> int | None:
    if text and not (text.isdecimal() and len(text) < 10):
        raise ValueError(f"{name}={text}: ожидалось целое число.")
    return int(text) if text else None


def parse_parameters(text: str) -> dict[str, object]:
    """Parameters from «имя=значение имя=значение»; values as YAML reads them, but codes with leading zeros stay text.

    Raises:
        ValueError: a word without «=».
    """
    words = text.split()
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise ValueError(f"PARAMETERS: «{wrong[0]}» — ожидалось «имя=значение».")
    return {name: _read_value(value) for name, _, value in (word.partition("=") for word in words)}


def _read_value(text: str) -> object:
    is_code = text.isdecimal() and text.startswith("0") and len(text) > 1
    try:
        return text if is_code else yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError):
        raise ValueError(f"PARAMETERS: «{text[:60]}» — значение не читается, проверьте скобки и кавычки.") from None


def audit_lists(options: argparse.Namespace) -> int:
    """The audit workbook of the last run: raw counts as values, everything else as formulas."""
    from effschool.audit import write_audit  # noqa: PLC0415 -- `make report` need not wait for it
    from effschool.report.workspace import (  # noqa: PLC0415
        load_counted,
        load_identified,
        load_used_methodology,
        refuse_unfinished,
    )

    processed, path = Path(options.processed), Path(options.reports) / "audit.xlsx"
    with hold_folder(path.parent):
        refuse_unfinished(processed)
        write_audit(load_counted(processed), load_identified(processed), load_used_methodology(processed), path)
    _say(f"Книга для проверки: {path}")
    return 0


def print_reports(options: argparse.Namespace) -> int:
    """PDF beside the pages of the last run: all of them, or that of one municipality."""
    from effschool.report.printing import choose_pages, find_browser, print_page  # noqa: PLC0415 -- `make report` need not wait

    pages = choose_pages(Path(options.reports), options.year, options.municipality)
    browser = find_browser()
    with hold_folder(Path(options.reports)):
        for page in pages:
            _say(f"{print_page(page, browser)}")
    return 0


def draft_listed(options: argparse.Namespace) -> int:
    """Drafts of schools' programmes from the tables of the last run."""
    from effschool.run.drafts import draft_schools  # noqa: PLC0415 -- `make report` need not wait for it
    from effschool.run.plan import Settings  # noqa: PLC0415

    processed, folder = (Path(name).resolve() for name in (options.processed, f"{options.reports}/programmes"))
    year, place = _read_number(options.year, "YEAR"), options.municipality or None
    settings = Settings(ROOT, processed, processed, folder, processed, methodology="", year=year, municipality=place)
    with hold_folder(folder):
        written = draft_schools(settings, options.school or None)
    _say(f"Черновиков программ: {len(written) // 2}, папка {folder}")
    return 0


def publish_numbers(options: argparse.Namespace) -> int:
    """The public release: numbers of schools without names, small ones hidden."""
    from effschool.run.plan import Settings  # noqa: PLC0415 -- see `report_year`
    from effschool.run.year import run_public  # noqa: PLC0415

    processed, reports = Path(options.processed).resolve(), Path(options.reports).resolve()
    year = _read_number(options.year, "YEAR")
    return run_public(Settings(ROOT, processed, processed, reports, processed, methodology="", year=year), _say)


def compare_kept(options: argparse.Namespace) -> int:
    """Why the lists of two runs differ: sentences on the screen, every school in a workbook."""
    from effschool.lab import changes as runs  # noqa: PLC0415 -- `make report` need not wait for it
    from effschool.report.workbook import write_workbook  # noqa: PLC0415
    from effschool.report.workspace import refuse_unfinished  # noqa: PLC0415

    refuse_unfinished(Path(options.processed))
    changes = runs.compare_runs(*runs.choose_runs(Path(options.processed), options.first, options.second))
    path = Path(options.reports) / "compare.xlsx"
    told = [runs.count_changes(changes), runs.tabulate_changes(changes)]
    with hold_folder(path.parent):
        write_workbook(told, path, title="Почему изменились списки")
    _say("\n".join(runs.tell_changes(changes).paragraphs))
    _say(f"Все школы: {path}")
    return 0


def show_notebooks(options: argparse.Namespace) -> int:
    """JupyterLab on the start notebook; this process becomes it."""
    from effschool.lab.jupyter import open_lab  # noqa: PLC0415 -- `make report` need not wait for it

    open_lab(options.root.resolve(), options.options)


def show_panels(options: argparse.Namespace) -> int:
    """The panels alone, in the browser; this process becomes their server."""
    from effschool.lab.jupyter import open_view  # noqa: PLC0415 -- as above

    open_view(options.root.resolve(), options.options)


def make_demo(options: argparse.Namespace) -> int:
    """Make the demonstration region where the folder has no data of its own."""
    folder: Path = options.folder
    own = [
        path
        for path in folder.glob("*")
        if path.name not in {"README.md", ".gitkeep", "run.yml"} and path.name[0] not in ".~"
    ]
    if own and not (folder / READY).is_dir():
        return 0
    from effschool.demo import make_demo_region  # noqa: PLC0415 -- needed once

    with hold_folder(folder):
        fill_folder(folder, partial(make_demo_region, shapes=True))
    _say(f"Папка «{folder.name}» была пуста: создан демонстрационный регион, данные вымышлены.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
