"""Trying things (пробы): a notebook run by hand works in a folder of its own and never in that of the yearly run.

The folder begins as a copy of the run's tables, so that any notebook can be run alone; when the run has been made anew
since, it begins again. What was tried becomes the run only when a person says so (`panels.offer_run`).
"""

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from IPython import get_ipython

from effschool.base.russian import count_words, format_number, join_words
from effschool.base.storage import hash_file, read_table, say_lost, write_text
from effschool.dynamics.paths import stack_lists
from effschool.method.methodology import Methodology
from effschool.report.display import Table, Text
from effschool.report.workspace import DYNAMICS, load_identified, load_used_methodology

LAB_SESSION = "JPY_SESSION_NAME"
"""Variable that a Jupyter server sets for the kernel of an open notebook; papermill and nbclient set none."""
VS_CODE = "__vsc_ipynb_file__"
"""Name that VS Code puts into the kernel of an open notebook."""
TRIALS = "scratch"
"""Folder for trials, beside that of the run's tables."""
ORIGIN = "origin.json"
"""File of the folder for trials that says of which tables it is a copy."""
COPIED = ("*.parquet", "*.json", "contract/*.parquet", "dynamics/*.parquet")


def is_by_hand() -> bool:
    """Whether a person runs the notebook, in JupyterLab or VS Code, rather than the run or papermill."""
    shell = get_ipython()
    if getattr(shell, "kernel", None) is None:
        return False
    return bool(os.environ.get(LAB_SESSION)) or VS_CODE in getattr(shell, "user_ns", {})


def open_tables(processed: str | Path) -> Path:
    """The folder that a notebook reads and writes: the run's own in batch, that of trials by hand.

    Raises:
        FileNotFoundError: the notebook is executed from another folder than that of notebooks.
    """
    run = Path(processed)
    if not run.is_absolute() and not run.parent.is_dir() and not Path("01_ingest.ipynb").is_file():
        raise FileNotFoundError(say_lost(run))
    if not is_by_hand():
        return run
    trials, origin = run.parent / TRIALS, _list_tables(run)
    trials.mkdir(parents=True, exist_ok=True)
    if not (trials / ORIGIN).is_file() or json.loads((trials / ORIGIN).read_text(encoding="utf-8")) != origin:
        _copy_tables(run, trials, origin)
    return trials


def _list_tables(run: Path) -> dict[str, list[int]]:
    """Tables of the run with size and time of change."""
    paths = sorted(path for pattern in COPIED for path in run.glob(pattern))
    return {path.relative_to(run).as_posix(): [path.stat().st_size, path.stat().st_mtime_ns] for path in paths}


def _copy_tables(run: Path, trials: Path, origin: dict[str, list[int]]) -> None:
    """Begin the folder for trials: copies, not links, so that nothing done to them can reach the run."""
    shutil.rmtree(trials, ignore_errors=True)
    for name in origin:
        (trials / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(run / name, trials / name)
    write_text(json.dumps(origin), trials / ORIGIN)


def tell_folder(folder: Path) -> Text:
    """Where the notebook's tables go."""
    if folder.name != TRIALS:
        return Text((f"Таблицы пишутся в папку прогона «{folder.name}».",))
    told = f"Это проба: таблицы пишутся в папку «{folder.parent.name}/{folder.name}», прогон и отчёты не меняются."
    return Text((told,), kind="note")


@dataclass(frozen=True)
class TrialChanges:
    """What a trial would change in the run.

    Args:
        rules: readings and values that differ, «orientation: consistent → literal».
        moves: a row per list of the year and school that enters it or leaves it: list, school_id, move.
        schools: schools of the trial's year.
        others: how many rows of the tables of support would be others, in words.
    """

    year: int
    rules: tuple[str, ...]
    moves: pd.DataFrame
    schools: pd.DataFrame
    others: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """«orientation: consistent → literal: 11 школ сменят список, 2024 год»."""
        rules = "; ".join(self.rules) or "Правило то же"
        number = self.moves["school_id"].nunique()
        moved = (
            f"{count_words(number, 'школа сменит', 'школы сменят', 'школ сменят')} список" if number else "списки те же"
        )
        others = f" Стали бы другими {join_words(self.others)}." if self.others else ""
        return f"{rules}: {moved} ({self.year} год).{others}"

    def tabulate(self) -> Table | Text:
        """Every school that would enter a list or leave it."""
        if self.moves.empty:
            return Text(("Ни одна школа не войдёт в списки и не выйдет из них.",))
        rows = self.moves.merge(self.schools, on="school_id", how="left").sort_values(["list", "move", "name"])
        columns = {
            "name": "Школа",
            "school_id": "Код",
            "municipality": "Муниципалитет",
            "list": "Список",
            "move": "Что",
        }
        frame = rows[list(columns)].rename(columns=columns).reset_index(drop=True)
        return Table(
            "Проба", f"Что изменилось бы в списках, {self.year} год, строк: {format_number(len(frame))}", frame
        )


def compare_trial(run: Path, trials: Path) -> TrialChanges:
    """The lists of the last year of a trial against those of the run.

    Raises:
        FileNotFoundError: lists were not made yet, there or here.
    """
    before, after = (load_identified(folder) for folder in (run, trials))
    was, now = (load_used_methodology(folder) for folder in (run, trials))
    year = int(after.lists["year"].max())
    pairs = [
        stack_lists(made.lists[made.lists["year"] == year], rules)[["list", "school_id"]].assign(move=move)
        for made, rules, move in ((before, was, "выйдет"), (after, now, "войдёт"))
    ]
    moves = pd.concat(pairs).drop_duplicates(["list", "school_id"], keep=False)
    schools = after.schools[after.schools["year"] == year]
    return TrialChanges(year, list_differences(was, now), moves, schools, tuple(_count_others(run, trials)))


OF_SUPPORT = {
    "roadmap": ("мероприятие", "мероприятия", "мероприятий"),
    "targets": ("значение показателя", "значения показателей", "значений показателей"),
}
"""Tables of support whose rows a parameter of their notebook can change, and what a row is."""


def _count_others(run: Path, trials: Path) -> Iterator[str]:
    for name, words in OF_SUPPORT.items():
        paths = [folder / DYNAMICS / f"{name}.parquet" for folder in (run, trials)]
        if all(path.is_file() for path in paths) and hash_file(paths[0]) != hash_file(paths[1]):
            before, after = (read_table(path.parent, name).astype("str").fillna("") for path in paths)
            number = int((~pd.MultiIndex.from_frame(after).isin(pd.MultiIndex.from_frame(before))).sum())
            yield from [count_words(number, *words)] * bool(number)


def list_differences(was: Methodology, now: Methodology) -> tuple[str, ...]:
    """Readings that differ, the methodology itself first."""
    known = [(f"«{item.title}»", *_name_readings(item)) for item in (was, now)]
    names = ("методика", "orientation", "social_rule", "groups", "certificate_total", "doubtful")
    told = [f"{name}: {one} → {two}" for name, one, two in zip(names, *known, strict=True) if one != two]
    return tuple(told or ([] if was == now else ["методика изменена"]))


def _name_readings(item: Methodology) -> tuple[object, ...]:
    groups = getattr(item.groups, "reading", None)
    return (item.orientation, item.social_rule, groups, item.certificate_total, item.doubtful)
