"""Schools of projects of support (участники проектов): who takes part, since when, with whom."""

import pandas as pd

from effschool.base.schemas import APPROVED

COLUMNS = ["school_id", "project", "entry_year", "exit_year", "curator", "partner"]
ELSEWHERE = "школа другого муниципалитета"


def name_approved(pairs: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Partners whom the institute has approved (утверждённые пары): a row per pair, as COLUMNS_OF_PAIRS.

    `partner` is the name, with the municipality where it is another's.

    Args:
        pairs: the contract table `partners`.
        schools: the register over the years; a school is called as in its last one.
    """
    latest, approved = _keep_latest(schools), pairs[pairs["state"] == APPROVED]
    partner, places = approved["partner_id"], latest["municipality"]
    is_own = partner.map(places) == approved["school_id"].map(places)
    name = partner.map(latest["name"])
    named = name.where(is_own, name + ", " + partner.map(places)).astype("str")
    return approved.assign(partner=named)[COLUMNS_OF_PAIRS].reset_index(drop=True)


COLUMNS_OF_PAIRS = ["school_id", "partner_id", "partner"]
NO_PAIRS = pd.DataFrame(columns=COLUMNS_OF_PAIRS, dtype="str")


def _keep_latest(schools: pd.DataFrame) -> pd.DataFrame:
    return schools.sort_values("year").drop_duplicates("school_id", keep="last").set_index("school_id")


def name_participants(
    programme: pd.DataFrame, schools: pd.DataFrame, approved: pd.DataFrame = NO_PAIRS
) -> pd.DataFrame:
    """A row per school and entry into a project, with its partner: by name inside a municipality, or if approved.

    Args:
        programme: the contract table.
        schools: the register over the years; a school is called as in its last one.
        approved: as `name_approved` gives it.

    Returns:
        Columns `COLUMNS`; `partner` is a name, `ELSEWHERE`, the code where the register lacks it; missing where there
        is none.
    """
    latest = _keep_latest(schools)
    partner, places = programme["partner_id"], latest["municipality"]
    is_elsewhere = partner.isin(latest.index) & (partner.map(places) != programme["school_id"].map(places))
    by_pair = approved.set_index(["school_id", "partner_id"])["partner"]
    allowed = by_pair.reindex(pd.MultiIndex.from_frame(programme[["school_id", "partner_id"]])).set_axis(
        programme.index
    )
    named = partner.map(latest["name"]).fillna(partner).mask(is_elsewhere, allowed.fillna(ELSEWHERE))
    return programme.assign(partner=named.astype("str"))[COLUMNS]


def choose_participants(participants: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of those who take part in a year: the year of leaving is the last."""
    ended = participants["exit_year"].fillna(year) < year
    return participants[(participants["entry_year"] <= year) & ~ended]
