"""Time and memory of «how sure is a list» (make bench): draws of pupils on a region of 400 schools and on a country."""

import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from effschool.certainty.chance import draw_year, estimate_chances
from effschool.certainty.resampling import hold_statuses, narrow, recompute, take_own_method
from effschool.certainty.sampling import Recount, estimate_ties, lay_cells, plan_repeats, size_block
from effschool.certainty.shrinkage import estimate_levels
from effschool.certainty.stability import assess_lists
from effschool.demo import build_demo_tables
from effschool.method.identify import encode_keys, identify_schools
from effschool.method.methodology import load_methodology

METHODOLOGY = load_methodology(Path(__file__).parents[1] / "methodologies" / "khabarovsk-2020.yml")
REGION, COUNTRY = (400, 19), (40_000, 1_600)


def ask(schools: int, municipalities: int, draws: int | None = None) -> Recount:
    """The last year of a demonstration region."""
    tables = build_demo_tables(schools=schools, municipalities=municipalities)
    tables = {name: table.assign(source_file="", source_sheet="", source_row=0) for name, table in tables.items()}
    identified = identify_schools(encode_keys(tables), METHODOLOGY)
    return Recount(identified, tables, METHODOLOGY, int(identified.indices["year"].max()), draws, workers=2)


def draw_lists(recount: Recount) -> None:
    """Draws of results over the three years of the window, to lists."""
    cells = lay_cells(recount, "results")
    ties, cells = estimate_ties(cells, recount.settings.draws), cells.keep_window()
    sampler, own = plan_repeats(cells, recount.settings.draws, ties), take_own_method(METHODOLOGY, "results")

    def count(generator: np.random.Generator, size: int) -> dict[str, np.ndarray]:
        redrawn = recompute(cells, partial(draw_year, sampler, generator, size), narrow(own), METHODOLOGY)
        return {name: flags.sum(axis=1) for name, flags in hold_statuses(cells, redrawn, METHODOLOGY, own).items()}

    recount.run(count, size_block(cells), 0)


def measure(title: str, work: Callable[[], object]) -> None:
    started, used = time.perf_counter(), time.process_time()
    work()
    wall, processor = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{title:<62}{wall:8.1f} с  (процессор {processor:.1f} с, память на пике {peak:.2f} ГиБ)")


def report_certainty(draws: int) -> None:
    usual, many = ask(*REGION), ask(*REGION, draws=10_000)
    measure("400 школ × 5 лет: случайность и устойчивость, как в прогоне", lambda: assess_lists(usual))
    measure("400 школ × 5 лет: уточнённые оценки", lambda: estimate_levels(usual))
    measure("400 школ × 3 года × 21 показатель, 10 000 розыгрышей", lambda: draw_lists(many))
    measure("то же, обычные школы (карточки случайности, все списки)", lambda: estimate_chances(many))
    report_country(draws)


def report_country(draws: int) -> None:
    """The same on a country; the peak before tells what identification itself takes."""
    country = ask(*COUNTRY, draws=draws)
    measure("40 000 школ: память до розыгрышей", lambda: None)
    measure(f"40 000 школ × 3 года × 21 показатель, {draws} розыгрышей", lambda: draw_lists(country))


if __name__ == "__main__":
    report_certainty(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
