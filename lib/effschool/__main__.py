"""Commands behind make (команды): the yearly run and the demonstration region."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from effschool.audit import write_audit
from effschool.changes import choose_runs, compare_runs, count_changes, describe_changes, tabulate_changes
from effschool.demo import make_demo_region
from effschool.ingest import read_contract
from effschool.methodology import MethodologyError
from effschool.plan import Settings
from effschool.run import run_year
from effschool.steps import StepError, UnknownParameterError
from effschool.workbook import write_workbook
from effschool.workspace import load_identified, load_used_methodology

ROOT = Path(__file__).resolve().parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; wrong input is told in a sentence, without a traceback."""
    options = build_parser().parse_args(arguments)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        return int(options.command(options))
    except (StepError, UnknownParameterError, MethodologyError, ValueError, OSError) as error:
        print(f"\nПрогон остановлен.\n{error}", file=sys.stderr)  # noqa: T201
        return 2


def build_parser() -> argparse.ArgumentParser:
    """Options of the commands; an empty value means that the option was not given."""
    parser = argparse.ArgumentParser(prog="effschool", description="Эффективная школа: годовой прогон и отчёты")
    commands = parser.add_subparsers(required=True)
    report = commands.add_parser("report", help="годовой прогон: от таблиц до отчётов")
    report.set_defaults(command=report_year)
    for name, default, text in REPORT_OPTIONS:
        report.add_argument(f"--{name}", default=default, help=text)
    audit = commands.add_parser("audit", help="книга для проверки списков вручную")
    audit.set_defaults(command=audit_lists)
    audit.add_argument("--processed", default="data/processed", help="папка с таблицами прогона")
    audit.add_argument("--reports", default="reports", help="папка, куда положить книгу")
    compare = commands.add_parser("compare", help="почему изменились списки между двумя прогонами")
    compare.set_defaults(command=compare_kept)
    compare.add_argument("--processed", default="data/processed", help="папка с таблицами прогонов")
    compare.add_argument("--reports", default="reports", help="папка, куда положить книгу")
    compare.add_argument("--first", default="", help="имя первого прогона; по умолчанию предпоследний")
    compare.add_argument("--second", default="", help="имя второго прогона; по умолчанию последний")
    demo = commands.add_parser("demo", help="создать демонстрационный регион, если папка пуста")
    demo.set_defaults(command=make_demo)
    demo.add_argument("folder", type=Path)
    return parser


REPORT_OPTIONS = (
    ("data", "data/raw", "папка с исходными таблицами"),
    ("processed", "data/processed", "папка для таблиц между этапами"),
    ("reports", "reports", "папка для отчётов"),
    ("layouts", "layouts", "папка с макетами файлов"),
    ("methodology", "khabarovsk-2020", "методика: имя из папки methodologies или путь к файлу .yml"),
    ("region", "", "паспорт региона, если он лежит не в папке с исходными таблицами"),
    ("year", "", "год отчёта; по умолчанию последний год данных"),
    ("municipality", "", "только один муниципалитет"),
    ("jobs", "", "сколько отчётов строить одновременно; по умолчанию на один больше, чем ядер"),
    ("parameters", "", "другие параметры тетрадей: «имя=значение имя=значение»"),
)


def report_year(options: argparse.Namespace) -> int:
    """The yearly run."""
    settings = Settings(
        root=ROOT,
        data=_require_folder(options.data),
        processed=Path(options.processed).resolve(),
        reports=Path(options.reports).resolve(),
        layouts=_require_folder(options.layouts),
        methodology=_resolve_methodology(options.methodology),
        region=Path(options.region).resolve() if options.region else None,
        year=_read_number(options.year, "YEAR"),
        municipality=options.municipality or None,
        jobs=_read_number(options.jobs, "JOBS"),
        parameters=read_parameters(options.parameters),
    )
    return run_year(settings, _say)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201


def _require_folder(name: str) -> Path:
    path = Path(name).resolve()
    if not path.is_dir():
        raise FileNotFoundError(f"Папки «{name}» нет. Проверьте путь.")
    return path


def _resolve_methodology(name: str) -> str:
    return str(Path(name).resolve()) if name.endswith((".yml", ".yaml")) else name


def _read_number(text: str, name: str) -> int | None:
    if text and not text.isdecimal():
        raise ValueError(f"{name}={text}: ожидалось целое число.")
    return int(text) if text else None


def read_parameters(text: str) -> dict[str, object]:
    """Parameters from «имя=значение имя=значение»; values as YAML reads them.

    Raises:
        ValueError: a word without «=».
    """
    words = text.split()
    wrong = [word for word in words if "=" not in word]
    if wrong:
        raise ValueError(f"PARAMETERS: «{wrong[0]}» — ожидалось «имя=значение».")
    return {name: yaml.safe_load(value) for name, _, value in (word.partition("=") for word in words)}


def audit_lists(options: argparse.Namespace) -> int:
    """The audit workbook of the last run: raw counts as values, everything else as formulas."""
    processed, path = Path(options.processed), Path(options.reports) / "audit.xlsx"
    write_audit(read_contract(processed), load_identified(processed), load_used_methodology(processed), path)
    _say(f"Книга для проверки: {path}")
    return 0


def compare_kept(options: argparse.Namespace) -> int:
    """Why the lists of two runs differ: sentences on the screen, every school in a workbook."""
    changes = compare_runs(*choose_runs(Path(options.processed), options.first, options.second))
    path = Path(options.reports) / "compare.xlsx"
    write_workbook([count_changes(changes), tabulate_changes(changes)], path, title="Почему изменились списки")
    _say("\n".join(describe_changes(changes).paragraphs))
    _say(f"Все школы: {path}")
    return 0


def make_demo(options: argparse.Namespace) -> int:
    """Make the demonstration region where the folder has no data of its own."""
    folder: Path = options.folder
    own = [path for path in folder.glob("*") if path.name not in {"README.md", ".gitkeep"} and path.name[0] not in ".~"]
    if own:
        return 0
    make_demo_region(folder)
    _say(f"Папка «{folder.name}» была пуста: создан демонстрационный регион, данные вымышлены.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
