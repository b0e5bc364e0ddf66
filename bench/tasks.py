"""Time of judging tasks, and what is marked of regions of equal schools with a planted gap (make bench)."""

import time
from pathlib import Path

import numpy as np
import pandas as pd

from effschool.tasks.deficits import Deficits, find_deficits
from effschool.tasks.works import load_task_rules, load_works

FOLDER = Path(__file__).parents[1] / "methodologies" / "tasks"
SCHOOLS, TASKS, WORKS, PLACES = 300, 30, 6, 19
REGIONS = 30
GAPS = (0.0, 0.2, 0.3)
NUMBERS = (20, 40, 80)
YEAR = 2023


def draw_region(
    rng: np.random.Generator, size: tuple[int, int, int], number: int | None = None, gap: float = 0.0
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tasks and schools of a region (schools, works, tasks): equal schools but for a gap in one task of a place."""
    schools, works, tasks = size
    pupils = rng.integers(8, 90, schools) if number is None else np.full(schools, number)
    places, codes = np.arange(schools) % PLACES, [f"{school:06d}" for school in range(schools)]
    parts = []
    for grade in range(4, 4 + works):
        for task in range(1, tasks + 1):
            most = 1 + task % 3
            usual = rng.uniform(0.45, 0.9)
            share = np.where((places == 0) & (grade == 4) & (task == 1), usual - gap, usual)
            # Points of a pupil are all or nothing: nothing varies more.
            points = rng.binomial(pupils, share) / pupils
            parts.append(pd.DataFrame({"school_id": codes, "grade": grade, "task": str(task), "maximum": most,
                                       "share": points, "participants": pupils}))  # fmt: skip
    frame = pd.concat(parts, ignore_index=True).assign(year=YEAR, procedure="ВПР", subject="математика")
    counts = dict.fromkeys(("grade", "maximum", "participants"), "Int64")
    texts = dict.fromkeys(("school_id", "procedure", "subject", "task"), "str")
    register = pd.DataFrame({"year": YEAR, "school_id": codes, "municipality": [f"Район {place}" for place in places]})
    register = register.assign(group="средние").astype(dict.fromkeys(("school_id", "municipality", "group"), "str"))
    return frame.astype(counts | texts), register


def judge(frame: pd.DataFrame, register: pd.DataFrame) -> Deficits:
    return find_deficits(frame, register, load_works(FOLDER), load_task_rules(FOLDER))


def report_time() -> None:
    frame, register = draw_region(np.random.default_rng(2018), (SCHOOLS, WORKS, TASKS))
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        judge(frame, register)
        seconds.append(time.perf_counter() - started)
    size = f"{SCHOOLS} школ × {TASKS} заданий × {WORKS} работ"
    print(f"Задания, {size}: {min(seconds):.2f} с (предел 2 с)")


def report_power() -> None:
    print(
        f"Отмечено школ с отставанием / случайных среди отмеченных / регионов с такими; регионов {REGIONS} по 120 школ"
    )
    for gap in GAPS:
        cells = []
        for number in NUMBERS:
            found, told, chance, wrong = 0, 0, 0, 0
            for region in range(REGIONS):
                rng = np.random.default_rng([2018, number, int(100 * gap), region])
                gaps = judge(*draw_region(rng, (120, 2, 10), number, gap)).gaps
                is_planted = gaps["task"].eq("1") & gaps["grade"].eq(4) & (gaps["school_id"].astype(int) % PLACES == 0)
                found += int(gaps["marked"][is_planted].sum())
                told += int(is_planted.sum())
                others = int(gaps["marked"][~is_planted].sum()) if gap else int(gaps["marked"].sum())
                chance, wrong = chance + others, wrong + bool(others)
            false = chance / max(found + chance, 1) if gap else 0
            shares = (found / max(told, 1), false, wrong / REGIONS)
            cells.append(f"n={number}: " + " / ".join(f"{100 * share:.1f} %" for share in shares))
        print(f"  отставание {100 * gap:3.0f} п. п.   " + "   ".join(cells))


if __name__ == "__main__":
    report_time()
    report_power()
