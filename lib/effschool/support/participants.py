"""Schools of projects of support (участники проектов): who takes part, since when, with whom."""

import pandas as pd

COLUMNS = ["school_id", "project", "entry_year", "exit_year", "curator", "partner"]
ELSEWHERE = "школа другого муниципалитета"


def name_participants(programme: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """A row per school and entry into a project, with its partner: by name inside a municipality only.

    Args:
        programme: the contract table.
        schools: the register over the years; a school is called as in its last one.

    Returns:
        Columns `COLUMNS`; `partner` is a name, `ELSEWHERE`, the code where the register lacks it; missing where there
        is none.
    """
    latest = schools.sort_values("year").drop_duplicates("school_id", keep="last").set_index("school_id")
    partner, places = programme["partner_id"], latest["municipality"]
    is_elsewhere = partner.isin(latest.index) & (partner.map(places) != programme["school_id"].map(places))
    named = partner.map(latest["name"]).fillna(partner).mask(is_elsewhere, ELSEWHERE)
    return programme.assign(partner=named.astype("str"))[COLUMNS]


def choose_participants(participants: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of those who take part in a year: the year of leaving is the last."""
    ended = participants["exit_year"].fillna(year) < year
    return participants[(participants["entry_year"] <= year) & ~ended]
