"""From year to year (переходы): states of schools, how many went from one to another, moves into and out of lists."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pandas as pd

from effschool.method.methodology import FIOKO_LIST

NOT_RANKED = "not_ranked"
"""State of a school that is in the register of a year without a band; it is never taken for «без изменений»."""
ABSENT = "absent"
"""State of a school that is not in the register of a year: not open yet, closed, or not sent."""
NOT_LISTED = "not_listed"
"""State of a school that takes part in a year and is on no list of the kind asked for."""
PLACES = ["group", "municipality", "locality"]
COLUMNS = ["domain", "from_year", "to_year", "from_state", "to_state", *PLACES, "schools"]


def name_states(paths: pd.DataFrame, domain: str, year: int) -> pd.Series:
    """State of every school that is not left out in a year, by school_id."""
    in_year = paths[(paths["year"] == year) & paths["group"].notna()].set_index("school_id")
    return in_year[f"{domain}_band"].astype("str").fillna(NOT_RANKED)


def spread_states(paths: pd.DataFrame, column: str, empty: str, years: Iterable[int]) -> pd.DataFrame:
    """States over the years: a row per school, a column per calendar year from the first to the last of `years`.

    Args:
        column: where the state stands: a band or a status.
        empty: state of a school that takes part and has none.
        years: years for which there are states at all; a column of another year is missing for every school.
    """
    taken = paths.dropna(subset="group")
    known = taken.assign(state=taken[column].astype("str").fillna(empty))
    wide = known.pivot_table(index="school_id", columns="year", values="state", aggfunc="first")
    years = sorted(years)
    wide = wide.reindex(columns=years).astype("str").fillna(ABSENT)
    return wide.reindex(columns=range(years[0], years[-1] + 1) if years else []).rename_axis(columns="year")


def list_ranked_years(paths: pd.DataFrame, domain: str) -> list[int]:
    """Years in which the domain has a band at all."""
    return sorted(paths.loc[paths[f"{domain}_band"].notna() & paths["group"].notna(), "year"].unique().tolist())


def count_transitions(paths: pd.DataFrame, domain: str) -> pd.DataFrame:
    """Transitions (переходы) between neighbouring years that have bands.

    A row per domain, from_year, to_year, from_state, to_state and place (group, municipality, locality) with `schools`,
    the count; the states are the bands, `not_ranked` and `absent`. Schools left out in both years are not counted. A
    school's place is that of the later year, of the earlier one where it is gone.
    """
    frames = [_count_pair(paths, domain, *pair) for pair in pairwise(list_ranked_years(paths, domain))]
    return pd.concat(frames, ignore_index=True)[COLUMNS] if frames else pd.DataFrame(columns=COLUMNS)


def _count_pair(paths: pd.DataFrame, domain: str, before: int, after: int) -> pd.DataFrame:
    states = pd.concat(
        {"from_state": name_states(paths, domain, before), "to_state": name_states(paths, domain, after)}, axis=1
    ).fillna(ABSENT)
    both = paths[paths["year"].isin([before, after])].dropna(subset="group").sort_values("year")
    places = both.drop_duplicates("school_id", keep="last").set_index("school_id")[PLACES]
    counts = states.join(places).value_counts(dropna=False, sort=False).rename("schools").reset_index()
    return counts.assign(domain=domain, from_year=before, to_year=after)


def share_transitions(transitions: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """Transition matrix of one or more places: a row per pair of years, place and pair of states.

    Columns: domain, from_year, to_year, those of `by`, from_state, to_state, schools, share_pct (per cent of the
    schools that were in `from_state`).
    """
    start = ["domain", "from_year", "to_year", *by, "from_state"]
    counts = transitions.groupby([*start, "to_state"], as_index=False, dropna=False)["schools"].sum()
    before = counts.groupby(start, dropna=False)["schools"].transform("sum")
    return counts.assign(share_pct=100 * counts["schools"] / before)


def count_turnover(listed: pd.DataFrame, paths: pd.DataFrame) -> pd.DataFrame:
    """Entries and exits (вошли, вышли): a row per list and pair of neighbouring years with lists.

    Columns: list, from_year, to_year, stayed, entered, left, gone. `gone`: on the list before and not in the register
    or left out after, so neither stayed nor improved.
    """
    present = paths.dropna(subset="group").groupby("year")["school_id"].agg(set)
    rows = [
        _count_moves(members, name, before, after, present[after])
        for name, members in listed.groupby("list")
        for before, after in pairwise(list_years_with_list(listed, name))
    ]
    return pd.DataFrame(rows, columns=["list", "from_year", "to_year", "stayed", "entered", "left", "gone"])


def list_years_with_list(listed: pd.DataFrame, name: object) -> list[int]:
    """Years that have a list: ФИОКО's is made for years without the others, whose emptiness there says nothing."""
    made = listed if name == FIOKO_LIST else listed[listed["list"] != FIOKO_LIST]
    return sorted(made["year"].unique())


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
