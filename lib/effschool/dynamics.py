"""Bands and lists over the years (динамика): paths, transitions, moves into and out of lists, programme cohorts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from effschool.identify import Identified
from effschool.methodology import Methodology

KEY = ["year", "school_id"]
NOT_RANKED = "not_ranked"
"""State of a school that is in the register of a year without a band; it is never taken for «без изменений»."""
ABSENT = "absent"
"""State of a school that is not in the register of a year: not open yet, closed, or not sent."""
FIOKO_LIST = "ШНОР"
"""Name under which ФИОКО's list stands beside the statuses of the methodology."""


@dataclass(frozen=True)
class Dynamics:
    """Tables of 03_dynamics; each docstring below says what a row is."""

    paths: pd.DataFrame
    transitions: pd.DataFrame
    memberships: pd.DataFrame
    turnover: pd.DataFrame
    cohorts: pd.DataFrame


def follow_schools(identified: Identified, programme: pd.DataFrame, methodology: Methodology) -> Dynamics:
    """All tables of dynamics from what identification left and the programme's register."""
    paths = trace_paths(identified.schools, identified.indices, identified.lists)
    listed = stack_lists(paths, methodology)
    return Dynamics(
        paths=paths,
        transitions=pd.concat([count_transitions(paths, domain) for domain in methodology.domains], ignore_index=True),
        memberships=describe_memberships(listed),
        turnover=count_turnover(listed, paths),
        cohorts=follow_cohorts(paths, programme),
    )


def trace_paths(schools: pd.DataFrame, indices: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Path (траектория) of every school: a row per year and school of the register.

    Columns: those of the register, index and band of each domain (`results_index`, `results_band`, …; missing where not
    ranked), and the columns of the lists (missing in years without lists).
    """
    wide = indices.pivot_table(index=KEY, columns="domain", values=["index", "band"], aggfunc="first", dropna=False)
    wide.columns = [f"{domain}_{value}" for value, domain in wide.columns]
    expected = [f"{domain}_{value}" for domain in ("results", "social") for value in ("index", "band")]
    wide = wide.reindex(columns=expected).reset_index()
    return schools.merge(wide, how="left", on=KEY, validate="one_to_one").merge(
        lists, how="left", on=KEY, validate="one_to_one"
    )


def count_transitions(paths: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Transitions (переходы) between neighbouring years of the data.

    A row per domain, from_year, to_year, from_state, to_state with `schools`, the count; the states are the bands,
    `not_ranked` and `absent`. Schools left out in both years are not counted.
    """
    years = sorted(paths["year"].unique())
    frames = [_count_pair(paths, domain, before, after) for before, after in pairwise(years)]
    columns = ["domain", "from_year", "to_year", "from_state", "to_state", "schools"]
    return pd.concat(frames, ignore_index=True)[columns] if frames else pd.DataFrame(columns=columns)


def _count_pair(paths: pd.DataFrame, domain: str, before: int, after: int) -> pd.DataFrame:
    states = pd.concat(
        {"from_state": name_states(paths, domain, before), "to_state": name_states(paths, domain, after)}, axis=1
    )
    counts = states.fillna(ABSENT).value_counts().rename("schools").reset_index()
    return counts.assign(domain=domain, from_year=before, to_year=after).sort_values(["from_state", "to_state"])


def name_states(paths: pd.DataFrame, domain: str, year: int) -> pd.Series:
    """State of every school that is not left out in a year, by school_id."""
    in_year = paths[(paths["year"] == year) & paths["group"].notna()].set_index("school_id")
    return in_year[f"{domain}_band"].astype("str").fillna(NOT_RANKED)


def stack_lists(paths: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Membership in long form: a row per year, school and list the school is on (`list`), ФИОКО's list among them."""
    columns = [*KEY, "list"]
    frames = [paths.rename(columns={name: "list"})[columns] for name in ("results_status", "social_status")]
    if methodology.fioko:
        flagged = paths[paths["fioko_shnor"].fillna(False).astype(bool)]
        frames.append(flagged[KEY].assign(list=FIOKO_LIST))
    return pd.concat(frames, ignore_index=True).dropna(subset="list").sort_values(columns, ignore_index=True)


def describe_memberships(listed: pd.DataFrame) -> pd.DataFrame:
    """History of membership: a row per school and list, with `years` and `history` in the words of the source."""
    years = listed.groupby(["school_id", "list"])["year"].agg(list).rename("years").reset_index()
    return years.assign(history=years["years"].map(describe_history).astype("str"))


def describe_history(years: Sequence[int]) -> str:
    """«В списках 2019 г., 2021 г., 2022 г.» or «Только в списке 2022 г.» (METHODOLOGY.md section 2)."""
    if len(years) == 1:
        return f"Только в списке {years[0]} г."
    return "В списках " + ", ".join(f"{year} г." for year in sorted(years))


def count_turnover(listed: pd.DataFrame, paths: pd.DataFrame) -> pd.DataFrame:
    """Entries and exits (вошли, вышли): a row per list and pair of neighbouring years with lists.

    Columns: list, from_year, to_year, stayed, entered, left, gone. `gone`: on the list before and not in the register
    or left out after, so neither stayed nor improved.
    """
    years = sorted(listed["year"].unique())
    present = paths.dropna(subset="group").groupby("year")["school_id"].agg(set)
    rows = [
        _count_moves(members, name, before, after, present[after])
        for name, members in listed.groupby("list")
        for before, after in pairwise(years)
    ]
    return pd.DataFrame(rows, columns=["list", "from_year", "to_year", "stayed", "entered", "left", "gone"])


def _count_moves(members: pd.DataFrame, name: object, before: int, after: int, present: set[str]) -> dict[str, object]:
    was = set(members.loc[members["year"] == before, "school_id"])
    now = set(members.loc[members["year"] == after, "school_id"])
    left = was - now
    moves = {
        "stayed": len(was & now),
        "entered": len(now - was),
        "left": len(left & present),
        "gone": len(left - present),
    }
    return {"list": name, "from_year": before, "to_year": after, **moves}


def follow_cohorts(paths: pd.DataFrame, programme: pd.DataFrame) -> pd.DataFrame:
    """Index paths of the programme's entry cohorts (когорты входа): a row per entry_year and year.

    Columns: entry_year (missing for schools that never took part), year, schools (ranked in that year), mean_index. A
    school's cohort is that of its first entry. The table shows levels and is no estimate of an effect.
    """
    first = programme.groupby("school_id", as_index=False)["entry_year"].min().astype({"entry_year": "Int64"})
    ranked = paths.dropna(subset="results_band").merge(first, how="left", on="school_id", validate="many_to_one")
    means = ranked.groupby(["entry_year", "year"], dropna=False)["results_index"].agg(
        schools="count", mean_index="mean"
    )
    return means.reset_index()
