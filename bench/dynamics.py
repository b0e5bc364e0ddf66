"""Time of paths, level by change and cohorts of pupils in 03_dynamics (make bench): 350 and 10,000 schools."""

import time
from pathlib import Path

from effschool.demo import build_demo_tables
from effschool.dynamics.follow import follow_schools
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology
from effschool.report.sections.cohorts import chart_gains, chart_level_change, tabulate_level_change, tabulate_unusual
from effschool.report.sections.dynamics import chart_flows, chart_leaving, chart_list_flows, tabulate_transitions

METHODOLOGY = load_methodology(Path(__file__).parents[1] / "methodologies" / "khabarovsk-2020.yml")


def measure(schools: int, municipalities: int) -> None:
    """Seconds of the tables, and of everything that is shown."""
    tables = build_demo_tables(schools=schools, municipalities=municipalities)
    tables = {name: table.assign(source_file="", source_sheet="", source_row=0) for name, table in tables.items()}
    identified = identify_schools(tables, METHODOLOGY)
    start = time.perf_counter()
    dynamics = follow_schools(identified, tables, METHODOLOGY)
    followed = time.perf_counter()
    parts = [chart_flows(dynamics, METHODOLOGY, "results"), chart_flows(dynamics, METHODOLOGY, "social")]
    parts += [
        tabulate_transitions(dynamics, METHODOLOGY, "results", by) for by in ("group", "municipality", "locality")
    ]
    parts += [chart_list_flows(dynamics, METHODOLOGY), chart_leaving(dynamics, METHODOLOGY)]
    parts += [chart_level_change(dynamics, METHODOLOGY), chart_gains(dynamics, identified.schools)]
    parts += [part(dynamics, METHODOLOGY, identified.schools) for part in (tabulate_level_change, tabulate_unusual)]
    for part in parts:
        part._repr_html_()
    shown = time.perf_counter()
    print(f"{schools:>6} schools: tables {followed - start:.2f} s, parts {shown - followed:.2f} s")


if __name__ == "__main__":
    measure(350, 19)
    measure(10_000, 400)
