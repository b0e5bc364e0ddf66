"""Schools of projects of support (участники проектов): who takes part, since when, with whom."""

import pandas as pd

from effschool.base.schemas import AGREEMENTS, APPROVED

COLUMNS = ["school_id", "project", "entry_year", "exit_year", "curator", "partner", "track", "wave", "agreement"]
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


def count_curators(participants: pd.DataFrame, year: int) -> pd.DataFrame:
    """Load of the curators of a year, by name: curator, projects, schools."""
    rows = choose_participants(participants, year).dropna(subset="curator")
    names = rows.groupby("curator")["project"].agg(lambda values: "; ".join(sorted(set(values))))
    counts = rows.groupby("curator")["school_id"].nunique()
    return pd.DataFrame({"projects": names, "schools": counts}).reset_index()


def count_projects(participants: pd.DataFrame, year: int) -> pd.DataFrame:
    """A row per project with participants in the year: project, schools, curators, most (schools of one curator),
    no_curator, no_partner, agreed, told (schools of which it is said whether the agreement is signed).
    """
    rows = choose_participants(participants, year).drop_duplicates(["project", "school_id"], keep="last")
    found = [
        {
            "project": project,
            "schools": len(own),
            "curators": own["curator"].nunique(),
            "most": own["curator"].value_counts().max() if own["curator"].notna().any() else 0,
            "no_curator": int(own["curator"].isna().sum()),
            "no_partner": int(own["partner"].isna().sum()),
            "agreed": int(own["agreement"].eq(AGREEMENTS[0]).sum()),
            "told": int(own["agreement"].notna().sum()),
        }
        for project, own in rows.groupby("project")
    ]
    return pd.DataFrame(found, columns=COUNTED)


COUNTED = ["project", "schools", "curators", "most", "no_curator", "no_partner", "agreed", "told"]


def choose_participants(participants: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of those who take part in a year: the year of leaving is the last."""
    ended = participants["exit_year"].fillna(year) < year
    return participants[(participants["entry_year"] <= year) & ~ended]
