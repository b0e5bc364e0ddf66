"""Where the processor's time of a whole run goes, by kind of work (make bench); nothing here is asserted.

py-spy looks at all processes of a run some twenty times a second; each look counts for the kind of work that the
innermost known package of its stack does. What two cores leave unused is told beside it.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from effschool.run.commands import ROOT

RATE = 20
KINDS = {
    "импорт": r"<frozen importlib|[(/]importlib/",
    "книги (XLSX)": r"[(/](?:openpyxl|xlsxwriter)/",
    "записки (DOCX)": r"[(/]docx/",
    "рисунки": r"[(/](?:matplotlib|seaborn|PIL|fontTools)/",
    "шаблоны страниц": r"[(/](?:jinja2|markupsafe|nbconvert)/|\.j2:",
    "тетради": r"[(/](?:papermill|nbformat|nbclient|IPython|traitlets|ipykernel)/",
    "чтение файлов": r"calamine|[(/](?:pyreadstat|xlrd)/|pyarrow/parquet|intake/(?:reading|workbooks|headings)\.py",
    "настройки (YAML)": r"[(/](?:yaml|pydantic)/",
    "упаковка": r"[(/]zipfile\.py",
    "таблицы (pandas)": r"[(/](?:pandas|pandera|pyarrow)/",
    "расчёты (numpy, scipy, sklearn)": r"[(/](?:numpy|scipy|sklearn|statsmodels)/",
    "свой код": r"[(/]effschool/",
}
"""Kind of work by what a frame's file is called; the first that fits the innermost frame that any of them fits."""


def name_kind(stack: str) -> str:
    """The kind of work of one stack, innermost frame last."""
    for frame in reversed(stack.split(";")):
        for kind, pattern in KINDS.items():
            if re.search(pattern, frame):
                return kind
    return "прочее"


def name_place(stack: str) -> str:
    """Where in the run a stack belongs: a stage's call, a page's section, or the run around them."""
    frames = [
        found[1] for frame in stack.split(";") if (found := re.search(r"[(/]effschool/([a-z_]+(?:/[a-z_]+)?)", frame))
    ]
    inner = [frame for frame in frames if not frame.startswith(("run/", "base/"))]
    return inner[0].partition("/")[0] if inner else "run"


def read_busy() -> float:
    """Seconds that all cores of this machine have worked since it was started (Linux)."""
    user, nice, system, _, _, *interrupts = Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:8]
    return sum(map(int, (user, nice, system, *interrupts))) / os.sysconf("SC_CLK_TCK")


def record_run(folder: Path) -> tuple[float, float, list[tuple[str, int]]]:
    """Seconds of a run on the demonstration, of the processors, and its stacks with how often each was seen."""
    raw, stacks = folder / "raw", folder / "stacks.txt"
    effschool = [sys.executable, "-m", "effschool"]
    subprocess.run([*effschool, "demo", str(raw)], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    run = [
        *effschool,
        "report",
        f"--data={raw}",
        f"--processed={folder / 'processed'}",
        f"--reports={folder / 'reports'}",
    ]
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--format=raw", f"--rate={RATE}", "--subprocesses"]
    started, worked = time.perf_counter(), read_busy()
    subprocess.run([*spy, f"--output={stacks}", "--", *run], check=True, capture_output=True, cwd=ROOT)
    seconds, busy = time.perf_counter() - started, read_busy() - worked
    lines = [line.rpartition(" ") for line in stacks.read_text(encoding="utf-8").splitlines()]
    return seconds, busy, [(stack, int(number)) for stack, _, number in lines]


def show_table(title: str, seen: Counter[str], busy: float) -> None:
    """Kinds with their part of the processors' seconds, the greatest first."""
    print(title)
    for name, number in seen.most_common():
        share = number / seen.total()
        print(f"  {name:<36}{share * busy:8.1f} с {100 * share:6.1f} %")


def profile_run() -> None:
    """The table of a run."""
    with tempfile.TemporaryDirectory() as name:
        seconds, busy, stacks = record_run(Path(name))
    kinds, places = Counter[str](), Counter[str]()
    for stack, number in stacks:
        kinds[name_kind(stack)] += number
        places[name_place(stack)] += number
    cores = os.cpu_count() or 1
    print(f"Прогон под наблюдением: {seconds:.1f} с, процессор {busy:.1f} с, без дела {cores * seconds - busy:.1f} с")
    show_table("Процессор по роду работы", kinds, busy)
    show_table("Процессор по комнатам", places, busy)


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    profile_run()
