"""Time and memory of identification (make bench): ten methodologies on a region, all compared, one on a country."""

import resource
import time
from itertools import islice
from pathlib import Path

from effschool.demo import build_demo_tables
from effschool.lab.comparison import compare_methodologies
from effschool.method.identify import Memory, encode_keys, identify_schools
from effschool.method.indicators import Tables
from effschool.method.methodology import Methodology, list_methodologies, load_methodology

FOLDER = Path(__file__).parents[1] / "methodologies"


def build_tables(schools: int, municipalities: int) -> Tables:
    """Contract tables of a demonstration region of the given size."""
    tables = build_demo_tables(schools=schools, municipalities=municipalities)
    return {name: table.assign(source_file="", source_sheet="", source_row=0) for name, table in tables.items()}


def measure(tables: Tables, methodologies: list[Methodology]) -> float:
    """Seconds; several methodologies share what they have in common, one alone keeps nothing."""
    started = time.perf_counter()
    memory = Memory() if len(methodologies) > 1 else None
    for methodology in methodologies:
        identify_schools(tables, methodology, memory)
    return time.perf_counter() - started


def measure_lab(tables: Tables) -> float:
    """Seconds for all methodologies side by side, differences explained."""
    methodologies = [load_methodology(path) for path in list_methodologies(FOLDER)]
    started = time.perf_counter()
    compare_methodologies(tables, methodologies, int(tables["schools"]["year"].max()))
    return time.perf_counter() - started


def report_identification() -> None:
    ten = [load_methodology(path) for path in islice(list_methodologies(FOLDER), 10)]
    region = encode_keys(build_tables(400, 19))
    measure(region, ten[:1])  # the first call pays for imports
    print(f"{'400 школ × 5 лет, 10 методик':<40}{measure(region, ten):8.1f} с")
    print(f"{'400 школ × 5 лет, все методики рядом':<40}{measure_lab(region):8.1f} с")
    country = build_tables(40_000, 1_600)
    before = read_peak()
    seconds = measure(country, [load_methodology(FOLDER / "khabarovsk-2020.yml")])
    print(f"{'40 000 школ × 5 лет, одна методика':<40}{seconds:8.1f} с")
    print(f"{'память на пике, с исходными таблицами':<40}{read_peak():8.2f} ГиБ (до расчёта {before:.2f})")


def read_peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    report_identification()
