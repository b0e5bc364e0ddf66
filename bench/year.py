"""Time and memory of the yearly run beside the plain way (make bench SCALE=…); nothing here is asserted.

A plain report is `papermill.execute_notebook` and nbconvert's HTMLExporter over a notebook of eight charts and eight
tables. Bare drawing is making the figures and saving them as SVG, while the report's own cells run in one process: once
by matplotlib's `savefig`, once by `pictures`, which is twice as fast. All of it is measured in one run and in turns, so
that the ratios hold whatever else the machine does. A larger region is measured beside the usual one.
"""

import argparse
import io
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, as_completed, wait
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import IPython.display
import nbformat
import papermill
from matplotlib.figure import Figure
from nbconvert import HTMLExporter

from effschool.base import subprocesses
from effschool.base.subprocesses import run_in_subprocess
from effschool.demo import make_demo_region
from effschool.report import charts, dynamics_charts, pictures
from effschool.report.portfolio import open_region
from effschool.report.workspace import load_workspace
from effschool.run.commands import ROOT
from effschool.run.execution import execute_work
from effschool.run.executors import LOCAL_CLUSTER, open_executor
from effschool.run.plan import PageTask, Settings, plan_reports, plan_stages
from effschool.run.stamps import list_causes
from effschool.run.steps import prepare_work, produce
from effschool.run.work import Product, Work
from effschool.run.year import FAILED, StepOutcome, leave

SCHOOLS, MUNICIPALITIES, SAMPLE, ROUNDS, MANY, PLAIN_TURNS = 350, 19, 6, 2, 500, 3
LONGEST_SHEET = 20
"""Scale up to which the protocol of ОГЭ is a workbook; beyond it would have more rows than a sheet may have."""
Measured = tuple[float, float, float]
"""Seconds, peak of memory in GiB and seconds of the processor; 0 where it is not measured."""
Figures = dict[str, Measured]
"""What was measured, by what was done."""


def measure(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def say(text: str, value: float, unit: str = "с", note: str = "") -> None:
    print(f"{text:<58}{value:8.2f} {unit}  {note}", flush=True)


def make_settings(folder: Path) -> Settings:
    paths = {"data": folder / "raw", "processed": folder / "bench", "reports": folder / "reports"}
    return Settings(root=ROOT, layouts=ROOT / "layouts", methodology="khabarovsk-2020", **paths)


def measure_year() -> None:
    """A plain report, the whole run from nothing, with the demonstration's files and without, then once more."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = [f"--{key}={folder / key}" for key in ("processed", "reports")] + [f"--data={folder / 'raw'}"]
        command = [sys.executable, "-m", "effschool", "report", "--demo", f"--layouts={ROOT / 'layouts'}", *options]
        run = partial(subprocess.run, command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        (folder / "raw").mkdir()
        say("всё вместе, с нуля, вместе с исходными файлами", measure(run))
        say("второй раз, без изменений", measure(run), note="цель 1")
        processed, started = folder / "processed", read_noise()
        plain = min(measure(partial(make_plainly, processed, folder)) for _ in range(PLAIN_TURNS))
        say("обычный отчёт: 8 рисунков, 8 таблиц, papermill и HTMLExporter", plain, note=f"лучший из {PLAIN_TURNS}")
        shutil.rmtree(processed)
        shutil.rmtree(folder / "reports")
        whole = measure(run)
        say("весь регион, исходные файлы готовы", whole, note=f"{whole / plain:.1f} обычного (цель 3, не больше 4)")
        say("тот же счёт до и после: шум машины", 100 * abs(read_noise() / started - 1), "%")


def read_noise() -> float:
    """Seconds of the same sum: how far a machine is from being quiet."""
    return measure(lambda: sum(number * number for number in range(10_000_000)))


def read_peak() -> float:
    """Peak of this process in GiB, the shared memory of the warm parent included."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text(encoding="ascii"))[1]) / 2**20


def execute_measured(work: Work) -> tuple[Product, Measured]:
    """What a worker does, and what it took, its copies included: the largest is as if it shared nothing with it."""
    with tempfile.TemporaryDirectory() as folder:
        product = execute_work(work, folder)
    copies = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = time.process_time() + copies.ru_utime + copies.ru_stime
    return product, (product.seconds, read_peak() + copies.ru_maxrss / 2**20, processor)


def make_region(folder: Path, scale: int) -> None:
    make_demo_region(
        folder / "raw", schools=SCHOOLS * scale, municipalities=MUNICIPALITIES * scale, shapes=scale <= LONGEST_SHEET
    )


def measure_region(folder: Path, scale: int, once: Figures) -> Figures:
    """Raw files, stages and the planning of reports, and a report by the mean of a sample, each told at once."""
    settings, figures = make_settings(folder), Told(once)
    figures["исходные файлы"] = measure(lambda: make_region(folder, scale)), 0.0, 0.0
    for step in plan_stages(settings):
        causes = list_causes(step)
        product, figures[step.name] = run_in_subprocess(execute_measured, prepare_work(step))
        outcome = leave(step, product, StepOutcome(step.name, "готово"), causes)
        if outcome.state == FAILED:
            sys.exit(outcome.message)
    started, worked = time.perf_counter(), time.process_time()
    tasks = plan_tasks(settings)
    figures["план отчётов"] = time.perf_counter() - started, read_peak(), time.process_time() - worked
    made = [run_in_subprocess(execute_measured, prepare_work(task.step, task.card))[1] for task in choose_sample(tasks)]
    seconds, peaks, processor = zip(*made, strict=True)
    figures["отчёт"] = sum(seconds) / len(made), max(peaks), sum(processor) / len(made)
    return figures


def plan_tasks(settings: Settings) -> list[PageTask]:
    workspace = load_workspace(settings.processed)
    return plan_reports(settings, workspace, open_region(workspace, None).year)


def choose_sample(tasks: Sequence[PageTask]) -> list[PageTask]:
    return list(tasks[:: max(len(tasks) // SAMPLE, 1)][:SAMPLE])


class Told(dict[str, Measured]):
    """Figures that are told as they come, beside those of the usual region, where there are any."""

    def __init__(self, once: Figures) -> None:
        self.once = once

    def __setitem__(self, name: str, figures: Measured) -> None:
        super().__setitem__(name, figures)
        seconds, peak, processor = figures
        growth = f"в {seconds / self.once[name][0]:.1f} раза дольше, чем SCALE=1" if name in self.once else ""
        say(name, seconds, note=(f"процессор {processor:.2f} с, на пике {peak:.2f} ГиБ  " if peak else "") + growth)


@contextmanager
def hush() -> Iterator[None]:
    """Without what plain kernels say on their way."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def make_plainly(processed: Path, folder: Path) -> None:
    """A plain report: a notebook of eight charts and eight tables by papermill, its page by nbconvert."""
    cells = [PLAIN_START.format(processed=processed), *(PLAIN_PART.format(number=number) for number in range(8))]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    with hush():
        executed = papermill.execute_notebook(
            notebook, str(folder / "plain.ipynb"), cwd=str(folder), kernel_name="python3", progress_bar=False
        )
    page, _ = HTMLExporter().from_notebook_node(executed)
    (folder / "plain.html").write_text(page, encoding="utf-8")


PLAIN_START = """import pandas as pd, seaborn as sns, matplotlib.pyplot as plt
schools = pd.read_parquet("{processed}/schools.parquet", columns=["school_id", "year", "municipality"])
own = pd.read_parquet("{processed}/indicators.parquet").merge(schools, on=["school_id", "year"])
names, place = sorted(own["indicator"].unique()), own["municipality"].iloc[0]"""
PLAIN_PART = """rows = own[own["indicator"] == names[{number}]]
figure, axes = plt.subplots(figsize=(8, 4))
sns.lineplot(rows.assign(own=rows["municipality"] == place), x="year", y="raw", hue="own", errorbar=None, ax=axes)
axes.set_title(names[{number}])
plt.show()
rows.groupby(["municipality", "year"])["raw"].describe().head(40)"""


def fill_parameters(task: PageTask, folder: Path) -> dict[str, object]:
    """Parameters of a report whose files go to a folder."""
    work = prepare_work(task.step, task.card)
    return dict(work.parameters) | {name: str(folder / made) for name, made in work.made.items()}


def make_all(tasks: Sequence[PageTask], scheduler: str, jobs: int) -> float:
    """Seconds that the executor needs for the reports, once it is warm."""
    works = [prepare_work(task.step, task.card) for task in tasks]
    with open_executor(scheduler, jobs) as executor:
        list(executor.map(produce, works[:1] * 2 * jobs))
        started = time.perf_counter()
        for future in as_completed([executor.submit(produce, work) for work in works]):
            if future.result().failure:
                sys.exit(future.result().failure)
        return time.perf_counter() - started


class Clock:
    """Seconds spent in functions, those that call one another counted once."""

    def __init__(self) -> None:
        self.spent, self.depth = 0.0, 0

    def time(self, function: Callable) -> Callable:
        def timed(*arguments: object, **options: object) -> object:
            self.depth += 1
            started = time.perf_counter()
            try:
                return function(*arguments, **options)
            finally:
                self.depth -= 1
                self.spent += 0 if self.depth else time.perf_counter() - started

        return timed


def save_plainly(figure: Figure, name: str) -> pictures.Drawing:
    """A drawing as matplotlib saves it."""
    figure.savefig(io.StringIO(), format="svg")
    return pictures.Drawing("0 0 1 1", name)


def draw_barely(tasks: Sequence[PageTask], folder: Path, plainly: bool) -> float:
    """Seconds that making and saving takes of the figures of reports, their cells executed in this process.

    Args:
        plainly: saved by matplotlib's own `savefig`, which draws twice; otherwise as reports do it.
    """
    clock, own = Clock(), pictures.draw_svg
    pictures.draw_svg = save_plainly if plainly else own
    try:
        return _draw_timed(tasks, folder, clock)
    finally:
        pictures.draw_svg = own


def _draw_timed(tasks: Sequence[PageTask], folder: Path, clock: "Clock") -> float:
    drawn = [vars(module).items() for module in (charts, dynamics_charts, pictures)]
    drawing = [draw for items in drawn for name, draw in items if name.startswith("draw_")]
    modules = [module for name, module in sys.modules.items() if name.startswith("effschool.")]
    places = [
        (module, name, each)
        for module in modules
        for name, each in vars(module).items()
        if callable(each) and each in drawing
    ]
    places.append((IPython.display, "display", IPython.display.display))
    try:
        for module, name, each in places[:-1]:
            setattr(module, name, clock.time(each))
        IPython.display.display = lambda *parts: [part._repr_html_() for part in parts]
        for task in tasks:
            execute_here(task, folder)
    finally:
        for module, name, each in places:
            setattr(module, name, each)
    return clock.spent


def execute_here(task: PageTask, folder: Path) -> None:
    """Run a report's cells in this process."""
    names: dict[str, object] = {}
    for cell in nbformat.read(task.step.notebook, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, task.step.name, "exec"), names)
            names |= fill_parameters(task, folder) if "parameters" in cell.metadata.get("tags", []) else {}


def compare_ways(settings: Settings, folder: Path) -> None:
    """The plain loop, one worker, two workers, two Dask workers and bare drawing over the same sample."""
    sample = choose_sample(plan_tasks(settings))
    double, spent = list(sample) * 2, dict.fromkeys(("plain", "saved", "bare", "one", "two", "dask"), 0.0)
    draw_barely(sample[:1], folder, plainly=False)
    for _ in range(ROUNDS):
        spent["plain"] += measure(lambda: make_plainly(settings.processed, folder))
        spent["saved"] += draw_barely(sample, folder, plainly=True) / len(sample)
        spent["bare"] += draw_barely(sample, folder, plainly=False) / len(sample)
        spent["one"] += make_all(sample, "", 1) / len(sample)
        spent["two"] += make_all(double, "", 2) / len(double)
        spent["dask"] += make_all(double, LOCAL_CLUSTER, 2) / len(double)
    plain, saved, bare, one, two, dask = (seconds / ROUNDS for seconds in spent.values())
    say("обычный отчёт (papermill и HTMLExporter)", plain)
    say("рисунки отчёта и больше ничего: savefig в matplotlib", saved)
    say("рисунки отчёта и больше ничего: как в отчётах", bare)
    say(
        "отчёт, один процесс",
        one,
        note=f"{one / plain:.3f} обычного (цель 0,333), {one / saved:.2f} рисунков (цель 1,5), {one / bare:.2f} своих",
    )
    say("отчёт, два процесса", two, note=f"{two / plain:.3f} обычного (цель 0,167)")
    say("отчёт, два исполнителя Dask", dask, note=f"{dask / two:.2f} двух процессов (цель 1,15)")


def measure_memory(settings: Settings) -> None:
    """Growth of those who stand behind many reports: this process, the warm parent, two Dask workers."""
    task = plan_tasks(settings)[0]
    work = prepare_work(task.step, task.card)
    produce(work)
    server, jobs = run_in_subprocess(os.getppid), 2
    for scheduler in ("", LOCAL_CLUSTER):
        with open_executor(scheduler, jobs) as executor:
            workers = set(executor.map(find_worker, range(8 * jobs))) if scheduler else {server}
            before = {pid: read_resident(pid) for pid in (os.getpid(), *workers)}
            name = "исполнителями Dask" if scheduler else "двумя процессами"
            say(f"{MANY} отчётов {name}", measure(partial(make_many, executor, work)))
            for pid, resident in before.items():
                whose = "прогона" if pid == os.getpid() else "исполнителя" if scheduler else "тёплого процесса"
                say(f"память {whose} выросла на", read_resident(pid) - resident, "МиБ", f"было {resident:.0f}")


def find_worker(_: int) -> int:
    """The process that does it, a while long, so that each of several takes a turn."""
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        os.sched_yield()
    return os.getpid()


def make_many(executor: Executor, work: Work) -> None:
    """The same report many times, none of them kept."""
    waiting = {executor.submit(produce, work) for _ in range(MANY)}
    while waiting:
        done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
        failures = [future.result().failure for future in done if future.result().failure]
        if failures:
            sys.exit(failures[0])


def read_resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def measure_all(scale: int, many: bool) -> None:
    print(f"Ядер: {os.cpu_count()}", flush=True)
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        if scale == 1:
            measure_year()
        subprocesses.warm_up()
        run_in_subprocess(os.getpid)
        once = measure_region(Path(first), 1, {})
        if scale > 1:
            print(f"Регион в {scale} раз больше: школ {SCHOOLS * scale}, муниципалитетов {MUNICIPALITIES * scale}")
            measure_region(Path(second), scale, once)
        else:
            compare_ways(make_settings(Path(first)), Path(first))
        if many:
            measure_memory(make_settings(Path(first)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--many", action="store_true", help="ещё и 500 отчётов подряд: растёт ли память")
    options = parser.parse_args()
    measure_all(options.scale, options.many)
