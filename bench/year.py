"""Time of the yearly run on the demonstration region, stage by stage (make bench); nothing here is asserted."""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from effschool.__main__ import main
from effschool.demo import make_demo_region


def measure_year() -> None:
    """Run the demonstration region from nothing, then once more, and print what each stage took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"Ядер: {os.cpu_count()}")
        print(f"{'демонстрационный регион':<32}{_time(lambda: make_demo_region(folder / 'raw')):8.1f} с")
        options = [f"--{key}={folder / value}" for key, value in FOLDERS.items()]
        total = _time(lambda: _run(options))
        timings = json.loads((folder / "reports" / "run.json").read_text(encoding="utf-8"))["timings"]
        stages = {key: value for key, value in timings.items() if key[:2].isdigit() or key == "index"}
        reports = [value for key, value in timings.items() if key not in stages]
        for stage, seconds in stages.items():
            print(f"{stage:<32}{seconds:8.1f} с")
        print(f"{'04_portfolio, один отчёт':<32}{sum(reports) / len(reports):8.1f} с  ({len(reports)} отчётов)")
        print(f"{'всё вместе':<32}{total:8.1f} с")
        print(f"{'второй раз, без изменений':<32}{_time(lambda: _run(options)):8.1f} с")


FOLDERS = {"data": "raw", "processed": "processed", "reports": "reports"}


def _run(options: list[str]) -> None:
    if main(["report", *options]):
        sys.exit("Прогон не удался.")


def _time(action) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


if __name__ == "__main__":
    measure_year()
