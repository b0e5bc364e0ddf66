"""A hundred kills at random moments: of the run or of a worker; the next run always ends as if there had been none."""

import errno
import os
import random
import threading
import time
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook

from effschool.base import subprocesses
from effschool.base.storage import UNFINISHED, FolderInUseError
from effschool.report.page import PageCard
from effschool.run import warm
from effschool.run.plan import PageTask, Settings
from effschool.run.stamps import Step
from effschool.run.year import DONE, UNCHANGED, hold_folders, run_reports, run_step

BATCHES, KILLS = 4, 25
assert warm  # these processes are forked from the test itself, which therefore is the warm parent
FORK = get_context("fork")


@pytest.fixture(autouse=True)
def fork_from_the_test(monkeypatch):
    monkeypatch.setattr(subprocesses, "CONTEXT", FORK)
    monkeypatch.setattr(subprocesses, "warm_up", lambda: None)


READ = "from pathlib import Path\nfrom effschool.base.storage import write_text\ntext = Path(source).read_text()"
SHOW = "from IPython.display import HTML\nHTML(f'<p>{text[:9]}</p>')"


def make_notebook(folder, name, parameters, *sources):
    cells = [new_code_cell(parameters, id="p", metadata={"tags": ["parameters"]})]
    cells += [new_code_cell(source, id=f"c{number}") for number, source in enumerate(sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    folder.mkdir(parents=True, exist_ok=True)
    write(new_notebook(cells=cells, metadata=kernel), folder / f"{name}.ipynb")


def make_project(folder: Path) -> Settings:
    """A stage that makes a table of a source, and two pages with workbooks made of the table."""
    make_notebook(folder, "stage", 'source = ""\ntable = ""', READ, "write_text(text * 3000, Path(table))")
    make_notebook(folder, "page", 'source = ""\nworkbook = ""', READ, SHOW, "write_text(text, Path(workbook))")
    paths = {"data": folder, "processed": folder / "tables", "reports": folder / "reports", "layouts": folder}
    return Settings(root=folder, methodology="", jobs=1, **paths)


def plan_stage(settings: Settings) -> Step:
    source, table = settings.data / "source.txt", settings.processed / "table.txt"
    executed, stamp = settings.processed / "notebooks" / "stage.ipynb", settings.processed / "stage.json"
    parameters = {"source": source, "table": table}
    return Step(settings.root / "stage.ipynb", executed, parameters, [source], [table], stamp)


def plan_page(settings: Settings, name: str) -> PageTask:
    folder, table = settings.reports, settings.processed / "table.txt"
    page, book = folder / f"{name}.html", folder / f"{name}.xlsx"
    parameters = {"source": table, "workbook": book}
    executed, stamp = folder / "notebooks" / f"{name}.ipynb", folder / "stamps" / f"{name}.json"
    step = Step(settings.root / "page.ipynb", executed, parameters, [table], [page, book], stamp)
    return PageTask(step, name, PageCard(name, "2022 год", demonstration=False, workbook=book.name), page)


def run_project(settings: Settings) -> list[str]:
    """The run: a stage, then pages; gives the states."""
    with hold_folders(settings):
        outcomes = [run_step(plan_stage(settings))]
        outcomes += run_reports([plan_page(settings, name) for name in ("a", "b")], settings, lambda _: None)
    return [outcome.state for outcome in outcomes]


def read_all(settings: Settings) -> dict[str, bytes]:
    """Everything that is left, hidden files too; of locks and of what a dying worker may still take away, the name."""
    folders = (settings.processed, settings.reports)
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    named = {path: path.name == ".lock" or UNFINISHED in path.name for path in files}
    return {str(path.relative_to(settings.root)): b"" if named[path] else path.read_bytes() for path in files}


def write_source(settings: Settings, text: str) -> None:
    (settings.data / "source.txt").write_text(text, encoding="utf-8")


@pytest.fixture
def expected(tmp_path_factory):
    """What undisturbed runs leave, by the text of the source."""
    left = {}
    for text in ("вчера ", "сегодня "):
        settings = make_project(tmp_path_factory.mktemp("calm"))
        write_source(settings, text)
        assert run_project(settings) == [DONE] * 3
        assert run_project(settings) == [UNCHANGED] * 3
        left[text] = read_all(settings)
    return left


def list_children(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(child) for child in children.split()]


def kill_at_random(settings: Settings, draw: random.Random, longest: float) -> str:
    """Start the run and kill it or its worker after a random time; gives what was killed."""
    run = FORK.Process(target=run_project, args=(settings,))
    run.start()
    run.join(timeout=draw.uniform(0, longest))
    kind = draw.choice(["run", "run", "worker"])
    late = run.exitcode is not None
    chosen = [run.pid] if kind == "run" else list_children(run.pid)
    for pid in chosen:
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
    run.join()
    run.close()
    return "late" if late or not chosen else kind


def run_when_free(settings: Settings) -> list[str]:
    """Run; a forked worker has its run's lock and lets it go a moment after the run, when it has seen its end."""
    end = time.monotonic() + 20
    while True:
        try:
            return run_project(settings)
        except FolderInUseError:
            assert time.monotonic() < end


def assert_nothing_half_written(settings: Settings, expected: dict[str, dict[str, bytes]]) -> None:
    """Whatever stands under a final name is a whole file of one of the two sources."""
    for name, content in read_all(settings).items():
        if UNFINISHED not in name and not name.endswith(".lock"):
            assert content in [known.get(name) for known in expected.values()], name


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="процессы перечисляет только Linux")
@pytest.mark.parametrize("batch", range(BATCHES))
def test_killed_run_goes_on_as_if_nothing_had_been(tmp_path, expected, batch):
    draw = random.Random(batch)
    settings, killed = make_project(tmp_path), []
    for number in range(4 * KILLS):
        text = ("вчера ", "сегодня ")[number % 2]
        write_source(settings, text)
        killed.append(kill_at_random(settings, draw, LONGEST))
        assert_nothing_half_written(settings, expected)
        assert set(run_when_free(settings)) <= {DONE, UNCHANGED}
        assert read_all(settings) == expected[text]
        if len(killed) - killed.count("late") == KILLS:
            break
    # A kill that came after the end, or met no worker, is none.
    assert len(killed) - killed.count("late") == KILLS, killed
    assert {"run", "worker"} <= set(killed)


LONGEST = 0.12
"""Seconds: about what an undisturbed run takes."""


def test_full_disk_is_told_and_the_next_run_goes_on(tmp_path, expected, monkeypatch):
    """The disk is full from the first write on, from the second, and so on until there is room for the whole run."""
    settings, told, failures = make_project(tmp_path), 0, ["?"]
    while failures:
        write_source(settings, "вчера ")
        run_project(settings)
        write_source(settings, "сегодня ")
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", fill_disk(told))
            failures = run_on_full_disk(settings)
        assert_nothing_half_written(settings, expected)
        assert all("кончилось место" in failure for failure in failures), failures
        assert set(run_project(settings)) <= {DONE, UNCHANGED}
        assert read_all(settings) == expected["сегодня "]
        told += bool(failures)
    assert told > 4


def fill_disk(room: int):
    """A `Path.write_bytes` that has room for so many files, and for a half of every other; the same in forks."""
    whole, left = Path.write_bytes, [room]

    def write(path: Path, content: bytes) -> int:
        left[0] -= 1
        if left[0] >= 0:
            return whole(path, content)
        whole(path, content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    return write


def run_on_full_disk(settings: Settings) -> list[str]:
    """What the run says of its failures."""
    with hold_folders(settings):
        try:
            outcomes = [run_step(plan_stage(settings))]
            pages = [plan_page(settings, name) for name in ("a", "b")]
            outcomes += run_reports(pages, settings, lambda _: None)
        except OSError as error:
            return [str(error)]
    return [outcome.message for outcome in outcomes if outcome.message]


def test_second_run_at_once_leaves_the_first_alone(tmp_path):
    settings = make_project(tmp_path)
    write_source(settings, "вчера ")
    said = []
    with hold_folders(settings):
        second = threading.Thread(target=lambda: said.append(subprocesses.run_in_subprocess(try_to_hold, settings)))
        second.start()
        second.join()
    assert "уже идёт другой прогон" in said[0]
    assert subprocesses.run_in_subprocess(try_to_hold, settings) == "свободно"


def try_to_hold(settings: Settings) -> str:
    try:
        with hold_folders(settings):
            return "свободно"
    except RuntimeError as error:
        return str(error)
