"""Time, memory and size of pages of regions as large as they come (python bench/load.py [NAME]); nothing is asserted.

Every stage and the page of the largest municipality run in processes of their own, one after another.
"""

import os
import sys
import tempfile
from pathlib import Path

from year import Told, execute_measured, make_settings, plan_tasks

from effschool.base import subprocesses
from effschool.base.subprocesses import run_in_subprocess
from effschool.demo import make_demo_region
from effschool.run.plan import plan_stages
from effschool.run.stamps import list_causes
from effschool.run.steps import prepare_work
from effschool.run.year import FAILED, StepOutcome, leave

REGIONS = {
    "900 школ в одном муниципалитете": {"schools": 900, "municipalities": 1, "years": 5},
    "тридцать лет": {"schools": 350, "municipalities": 19, "years": 30},
    "5 000 школ": {"schools": 5_000, "municipalities": 270, "years": 5},
}


def measure_region(folder: Path, size: dict[str, int]) -> None:
    """Stages of a region, then its largest municipality's page; what fails is said and ends the region."""
    settings, figures = make_settings(folder), Told({})
    make_demo_region(folder / "raw", shapes=True, **size)
    for step in plan_stages(settings):
        causes = list_causes(step)
        product, figures[step.name] = run_in_subprocess(execute_measured, prepare_work(step))
        outcome = leave(step, product, StepOutcome(step.name, "готово"), causes)
        if outcome.state == FAILED:
            print(outcome.message, flush=True)
            return
    task = max(plan_tasks(settings), key=lambda task: task.schools)
    product, figures["страница"] = run_in_subprocess(execute_measured, prepare_work(task.step, task.card))
    size_mb = len(product.files[".html"]) / 1e6 if not product.failure else float("nan")
    print(f"школ на странице {task.schools}, в файле {size_mb:.2f} МБ {product.failure}", flush=True)


if __name__ == "__main__":
    subprocesses.warm_up()
    print(f"Ядер: {os.cpu_count()}", flush=True)
    for name, size in REGIONS.items():
        if len(sys.argv) == 1 or sys.argv[1] in name:
            print(f"\n{name}", flush=True)
            with tempfile.TemporaryDirectory() as folder:
                measure_region(Path(folder), size)
