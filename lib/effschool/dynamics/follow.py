"""Everything that 03_dynamics leaves (динамика), made from what identification left."""

from dataclasses import dataclass, fields, replace

import pandas as pd

from effschool.dynamics.leaving import trace_spells
from effschool.dynamics.level_change import measure_level_change
from effschool.dynamics.paths import describe_memberships, follow_cohorts, stack_lists, trace_paths
from effschool.dynamics.pupil_cohorts import follow_pupils
from effschool.dynamics.transitions import count_transitions, count_turnover
from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.methodology import Methodology
from effschool.method.variance import standardise_means


@dataclass(frozen=True)
class Dynamics:
    """Tables of 03_dynamics; the functions of the same subject say what a row is."""

    paths: pd.DataFrame
    transitions: pd.DataFrame
    memberships: pd.DataFrame
    turnover: pd.DataFrame
    cohorts: pd.DataFrame
    spells: pd.DataFrame
    level_change: pd.DataFrame
    pupil_cohorts: pd.DataFrame


def follow_schools(identified: Identified, tables: Tables, methodology: Methodology) -> Dynamics:
    """All tables of dynamics from what identification left and the contract tables (`programme`, `results`)."""
    paths = trace_paths(identified.schools, identified.indices, identified.lists)
    listed = stack_lists(paths, methodology)
    standard = standardise_means(tables, identified.schools, methodology)
    return Dynamics(
        paths=paths,
        transitions=pd.concat([count_transitions(paths, domain) for domain in methodology.domains], ignore_index=True),
        memberships=describe_memberships(listed),
        turnover=count_turnover(listed, paths),
        cohorts=follow_cohorts(paths, tables["programme"]),
        spells=trace_spells(paths, methodology),
        level_change=measure_level_change(standard, methodology),
        pupil_cohorts=follow_pupils(standard, methodology),
    )


def clip_dynamics(dynamics: Dynamics, methodology: Methodology, year: int, municipality: str | None = None) -> Dynamics:
    """What was known in a year, of the region or of one municipality: rows are chosen, no school is judged anew.

    What is counted of schools (turnover, time on a list) is counted of those; cohorts of entry stay the region's.

    Raises:
        ValueError: no school of the register is in such a municipality.
    """
    known = dynamics.paths[dynamics.paths["year"] <= year]
    last = known.drop_duplicates("school_id", keep="last") if len(known) else known
    own = set(last.loc[last["municipality"].eq(municipality) | (municipality is None), "school_id"])
    if municipality is not None and not own:
        names = ", ".join(f"«{name}»" for name in sorted(last["municipality"].dropna().unique()))
        raise ValueError(
            f"Муниципалитета «{municipality}» в реестре нет. Есть: {names}. Исправьте параметр municipality."
        )
    tables = {item.name: getattr(dynamics, item.name) for item in fields(dynamics)}
    for name, table in tables.items():
        ends = next((column for column in ("to_year", "year") if column in table), None)
        kept = table[table[ends] <= year] if ends else table
        kept = kept[kept["school_id"].isin(own)] if "school_id" in kept else kept
        of_place = "municipality" in kept and "school_id" not in kept and municipality is not None
        tables[name] = kept[kept["municipality"] == municipality] if of_place else kept
    listed = stack_lists(tables["paths"], methodology)
    counted = {
        "memberships": describe_memberships(listed),
        "turnover": count_turnover(listed, tables["paths"]),
        "spells": trace_spells(tables["paths"], methodology),
    }
    return replace(dynamics, **tables | counted)
