"""Time and memory of the yearly run beside the plain way (make bench SCALE=…); nothing here is asserted.

The plain way is a loop of `papermill.execute_notebook` and nbconvert's HTMLExporter over the same notebooks; bare
drawing is the same figures made and saved in one process. All of it is measured in one run and in turns, so that the
ratios hold whatever else the machine does.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path

import papermill

from effschool import apart, charts, pictures, sections
from effschool.__main__ import ROOT
from effschool.demo import make_demo_region
from effschool.executors import LOCAL_CLUSTER, open_executor
from effschool.page import render_page
from effschool.plan import PageTask, Settings, plan_reports, plan_stages
from effschool.portfolio import open_portfolio, open_region
from effschool.run import run_step
from effschool.steps import prepare_work, produce
from effschool.workspace import load_workspace

SCHOOLS, MUNICIPALITIES, SAMPLE, ROUNDS, MANY = 350, 19, 6, 2, 500


def measure(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def say(text: str, value: float, unit: str = "с", note: str = "") -> None:
    print(f"{text:<58}{value:8.2f} {unit}  {note}", flush=True)


def make_settings(folder: Path) -> Settings:
    paths = {"data": folder / "raw", "processed": folder / "processed", "reports": folder / "reports"}
    return Settings(root=ROOT, layouts=ROOT / "layouts", methodology="khabarovsk-2020", **paths)


def measure_year(folder: Path) -> None:
    """The whole run from nothing, then once more."""
    options = [f"--{key}={folder / key}" for key in ("processed", "reports")] + [f"--data={folder / 'raw'}"]
    command = [sys.executable, "-m", "effschool", "report", *options]
    say("всё вместе, с нуля", measure(lambda: run_command(command)), note="цель 30")
    say("второй раз, без изменений", measure(lambda: run_command(command)), note="цель 3")


def run_command(command: Sequence[str]) -> None:
    import subprocess  # noqa: PLC0415

    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measure_stages(settings: Settings) -> None:
    for step in plan_stages(settings):
        outcome = run_step(step)
        if outcome.message:
            sys.exit(outcome.message)
        say(step.name, outcome.seconds, note=f"память до {read_peak():.2f} ГиБ")


def read_peak() -> float:
    """Peak memory of the largest process so far, GiB: this one or one that it has waited for."""
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) / 2**20


def make_plainly(task: PageTask, folder: Path) -> None:
    parameters = prepare_work(task.step, task.card).parameters | {"workbook": str(folder / "plain.xlsx")}
    notebook = papermill.execute_notebook(
        str(task.step.notebook), str(folder / "plain.ipynb"), parameters=parameters, cwd=str(folder), progress_bar=False
    )
    (folder / "plain.html").write_text(render_page(notebook, task.card), encoding="utf-8")


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


def draw_barely(settings: Settings, tasks: Sequence[PageTask]) -> float:
    """Seconds that the figures of the reports take in this process, made and saved."""
    workspace, spent = load_workspace(settings.processed), 0.0

    def clock(draw: Callable) -> Callable:
        def timed(*arguments: object, **options: object) -> object:
            nonlocal spent
            started = time.perf_counter()
            try:
                return draw(*arguments, **options)
            finally:
                spent += time.perf_counter() - started

        return timed

    named = [(charts, name) for name in vars(charts) if name.startswith("draw_")] + [(pictures, "draw_svg")]
    kept = {(module, name): getattr(module, name) for module, name in named}
    try:
        for (module, name), draw in kept.items():
            setattr(module, name, clock(draw))
        for task in tasks:
            draw_charts(open_portfolio(workspace, task.municipality, None))
    finally:
        for (module, name), draw in kept.items():
            setattr(module, name, draw)
    return spent


def draw_charts(portfolio: object) -> None:
    for make in (sections.chart_bands, sections.chart_indicators, sections.chart_index_paths, sections.chart_tiles):
        for domain in ("results", "social"):
            make(portfolio, domain)._repr_html_()
    for part in (
        sections.chart_gaps(portfolio),
        sections.chart_heatmap(portfolio, "results"),
        sections.chart_matrix(portfolio),
    ):
        part._repr_html_()


def compare_ways(settings: Settings, folder: Path) -> None:
    """The plain loop, one worker, two workers, two Dask workers and bare drawing over the same sample."""
    workspace = load_workspace(settings.processed)
    tasks = plan_reports(settings, workspace, open_region(workspace, None).year)
    sample = tasks[:: max(len(tasks) // SAMPLE, 1)][:SAMPLE]
    double, spent = list(sample) * 2, dict.fromkeys(("plain", "bare", "one", "two", "dask"), 0.0)
    draw_barely(settings, sample[:1])
    for _ in range(ROUNDS):
        spent["plain"] += measure(lambda: [make_plainly(task, folder) for task in sample]) / len(sample)
        spent["bare"] += draw_barely(settings, sample) / len(sample)
        spent["one"] += make_all(sample, "", 1) / len(sample)
        spent["two"] += make_all(double, "", 2) / len(double)
        spent["dask"] += make_all(double, LOCAL_CLUSTER, 2) / len(double)
    plain, bare, one, two, dask = (seconds / ROUNDS for seconds in spent.values())
    say("отчёт обычным способом (papermill и HTMLExporter)", plain)
    say("рисунки отчёта и больше ничего", bare)
    say(
        "отчёт, один процесс",
        one,
        note=f"{one / plain:.3f} обычного (цель 0,333), {one / bare:.2f} рисунков (цель 1,5)",
    )
    say("отчёт, два процесса", two, note=f"{two / plain:.3f} обычного (цель 0,167)")
    say("отчёт, два исполнителя Dask", dask, note=f"{dask / two:.2f} двух процессов (цель 1,15)")


def measure_memory(settings: Settings) -> None:
    """Growth of the process that stands behind many reports, and of the warm parent."""
    workspace = load_workspace(settings.processed)
    task = plan_reports(settings, workspace, open_region(workspace, None).year)[0]
    work = prepare_work(task.step, task.card)
    produce(work)
    server = apart.run_apart(os.getppid)
    before = read_resident(os.getpid()), read_resident(server)
    seconds = measure(lambda: [produce(work) for _ in range(MANY)])
    after = read_resident(os.getpid()), read_resident(server)
    say(f"{MANY} отчётов подряд", seconds)
    say("память прогона выросла на", after[0] - before[0], "МиБ", f"было {before[0]:.0f}")
    say("память тёплого процесса выросла на", after[1] - before[1], "МиБ", f"было {before[1]:.0f}")


def read_resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def measure_all(scale: int, many: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"Ядер: {os.cpu_count()}, регион в {scale} раз больше демонстрационного", flush=True)
        schools, municipalities = SCHOOLS * scale, MUNICIPALITIES * scale
        seconds = measure(
            lambda: make_demo_region(folder / "raw", schools=schools, municipalities=municipalities, shapes=True)
        )
        say("исходные таблицы", seconds, note=f"школ {schools}, муниципалитетов {municipalities}")
        if scale == 1:
            measure_year(folder)
        settings = replace(make_settings(folder), processed=folder / "bench")
        apart.warm_up()
        measure_stages(settings)
        compare_ways(settings, folder)
        if many:
            measure_memory(settings)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=int, default=1)
    parser.add_argument("--many", action="store_true", help="ещё и 500 отчётов подряд: растёт ли память")
    options = parser.parse_args()
    measure_all(options.scale, options.many)
