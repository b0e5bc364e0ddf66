"""Times of changes in the panels (make bench): a region of 400 schools, the median of several changes of each kind."""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from effschool.demo import make_demo_region
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.pictures import CohortsPanel, MatrixPanel, PowerPanel
from effschool.lab.panels.rule_lab import RulesPanel
from effschool.lab.panels.schools import SchoolsPanel
from effschool.lab.panels.what_if import WhatIfPanel
from effschool.run.plan import Settings, plan_stages
from effschool.run.year import run_step

ROOT = Path(__file__).resolve().parents[1]


def make_run(folder: Path) -> Path:
    """Tables of a region of 400 schools, as notebooks 01 to 03 leave them."""
    raw, processed = folder / "raw", folder / "processed"
    make_demo_region(raw, municipalities=19, schools=400)
    settings = Settings(ROOT, raw, processed, folder / "reports", ROOT / "layouts", "khabarovsk-2020")
    for step in plan_stages(settings):
        outcome = run_step(step)
        if outcome.message:
            sys.exit(outcome.message)
    return processed


def measure(title: str, change: Callable[[object], None], values: Sequence[object]) -> None:
    """The median and the longest time of the changes, and the median of the processor's, in milliseconds."""
    spent, used = [], []
    for value in values:
        started, worked = time.perf_counter(), time.process_time()
        change(value)
        spent.append(1000 * (time.perf_counter() - started))
        used.append(1000 * (time.process_time() - worked))
    wall, processor = statistics.median(spent), statistics.median(used)
    print(f"{title:<36}{wall:6.0f} мс  (процессор {processor:.0f} мс, дольше всего {max(spent):.0f} мс)")


def measure_field(title: str, field: object, values: Sequence[object]) -> None:
    measure(title, lambda value: setattr(field, "value", value), values)


def report_panels(desk: Desk) -> None:
    schools, what, rules = SchoolsPanel(desk, ()), WhatIfPanel(desk), RulesPanel(desk)
    measure_field("Школы: другой муниципалитет", schools.municipality, schools.municipality.options[1:10])
    measure_field("Школы: поиск", schools.schools.query, ["с", "со", "сош", "сош 1", ""])
    measure_field("Школы: другой год", schools.year, [*schools.year.options[1:], *schools.year.options])
    measure("Школы: карточка", lambda place: schools.schools.names[place].click(), range(8))
    measure_field("А если: другая школа", what.school, [code for _, code in what.school.options[1:8]])
    what.block.value = "ОГЭ"
    measure_field("А если: другое число учеников", what.sliders[0], range(what.sliders[0].max))
    measure_field("Правила: доля школ", rules.share, range(15, 40))
    measure_field("Правила: вес", rules.weights["ege"], range(20, 40, 2))
    measure_field("Правила: с ВПР и без ВПР", rules.with_vpr, [False, True, False, True])
    measure_field("Правила: окно лет", rules.rule, [key for _, key in rules.rule.options])
    measure_field("Правила: методика, впервые", rules.method, [path for _, path in rules.method.options])
    measure_field("Правила: методика, снова", rules.method, [path for _, path in rules.method.options])
    matrix, cohorts, power = MatrixPanel(desk), CohortsPanel(desk), PowerPanel(desk)
    measure_field("Матрица: другая ось", matrix.across, [key for _, key in matrix.across.options])
    measure_field("Когорты: другие годы входа", cohorts.entries, [(year,) for year in cohorts.entries.options])
    measure_field("Что находят правила: надёжность", power.reliability, [0.3, 0.4, 0.5, 0.6, 0.8])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        report_panels(Desk(make_run(Path(folder)), ROOT, Path(folder) / "reports"))
