"""Schools proposed for projects (предложение участников): from the lists, within a quota, for the ОМСУ to decide.

The order is that of the track's lists in projects.yml, then how sure the place on the list is, then the code: results
rank nobody. Nothing is decided here: what the ОМСУ answered comes back in a table and stands beside the proposal.
"""

from dataclasses import dataclass

import pandas as pd

from effschool.certainty.stability import BORDERLINE, METHODICAL, STABLE
from effschool.support.projects import OFFICIAL, Project, Projects, Quota

PROPOSED_COLUMNS = [
    *("year", "school_id", "project", "track", "ground", "verdict", "standing", "decision", "reason"),
]
WITHIN, RESERVE, NAMED = "в квоте", "в запасе", "вне квоты, ответ ОМСУ есть"
ORDER = {STABLE: 0, BORDERLINE: 1, METHODICAL: 2}
CERTAIN_AS = {OFFICIAL: "ШНОР", "ШНРО и ШНСУ": "ШНРО"}
"""List whose certainty stands for that of a ground, where it has another name."""


@dataclass(frozen=True)
class ProposalBasis:
    """What a proposal is made from.

    Args:
        paths: of dynamics, all schools and years. `official`, `proposal`: contract tables.
        participants: schools of projects. `certainty`: verdicts on the places of the lists.
    """

    paths: pd.DataFrame
    official: pd.DataFrame
    participants: pd.DataFrame
    certainty: pd.DataFrame
    proposal: pd.DataFrame


def propose_participants(basis: ProposalBasis, projects: Projects, year: int, region: str) -> pd.DataFrame:
    """Proposed schools, PROPOSED_COLUMNS, in the order of the quotas; none without one for the region or its places.

    `standing` is `WITHIN` the quota, in `RESERVE` (the grounds are those of the last one within it) or `NAMED` by an
    answer alone. A school that is in any project in the year or enters later is not proposed, and none twice.
    """
    schools = basis.paths[(basis.paths["year"] == year) & basis.paths["group"].notna()]
    taken = _list_taken(basis.participants, year)
    frames = []
    for project, quota in projects.list_quotas({region, *schools["municipality"]}, year):
        free = schools[~schools["school_id"].isin(taken)]
        own = free if quota.place == region else free[free["municipality"] == quota.place]
        ranked = rank_candidates(own, projects.tracks[quota.track].feeds, basis, year)
        rows = fill_quota(ranked, project, quota)
        taken |= set(rows.loc[rows["standing"] == WITHIN, "school_id"])
        frames.append(rows)
    proposed = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=RANKED)
    is_spare = proposed["standing"].eq(RESERVE) & proposed["school_id"].isin(taken)
    once = proposed[~is_spare].drop_duplicates(["school_id", "project"])
    return add_answers(once, basis.proposal, year)


def _list_taken(participants: pd.DataFrame, year: int) -> set[str]:
    if participants.empty:
        return set()
    stays = participants["exit_year"].isna() | (participants["exit_year"] >= year)
    return set(participants.loc[stays, "school_id"])


RANKED = ["school_id", "ground", "verdict", "step", "sure", "project", "track", "standing"]


def rank_candidates(schools: pd.DataFrame, feeds: tuple[str, ...], basis: ProposalBasis, year: int) -> pd.DataFrame:
    """Candidates by the step of their first list, its sureness and the code: school_id, ground, verdict, step, sure."""
    members = {feed: _flag_feed(schools, feed, basis.official, year) for feed in feeds}
    ground = pd.Series(pd.NA, index=schools.index, dtype="str")
    for feed, is_on in members.items():
        ground = ground.mask(ground.isna() & is_on, feed)
    rows = schools.assign(ground=ground).dropna(subset="ground")[["school_id", "ground"]]
    known = basis.certainty
    now = known[known["year"] == year] if len(known) else pd.DataFrame(columns=["school_id", "list", "verdict"])
    verdicts = now.set_index(["school_id", "list"])["verdict"]
    keys = pd.MultiIndex.from_arrays([rows["school_id"], rows["ground"].map(lambda name: CERTAIN_AS.get(name, name))])
    rows = rows.assign(verdict=verdicts.reindex(keys).array, step=rows["ground"].map(list(feeds).index))
    rows["sure"] = rows["verdict"].map(ORDER).fillna(len(ORDER))
    return rows.sort_values(["step", "sure", "school_id"], ignore_index=True)


def _flag_feed(schools: pd.DataFrame, feed: str, official: pd.DataFrame, year: int) -> pd.Series:
    """Which schools are on a list: a status of results, a joint one, ШНОР as calculated, or the official list."""
    if feed == OFFICIAL:
        known = official[official["year"] <= year]
        return schools["school_id"].isin(known.loc[known["year"] == known["year"].max(), "school_id"])
    named = schools["results_status"].eq(feed) | schools["joint"].eq(feed)
    flagged = schools["fioko_shnor"].fillna(False).astype(bool) & (feed == "ШНОР")
    return named.fillna(False) | flagged


def fill_quota(ranked: pd.DataFrame, project: Project, quota: Quota) -> pd.DataFrame:
    """The first schools within the quota, and those that no more parts from the last of them than their code."""
    rows = ranked.assign(project=project.names[0], track=quota.track, standing=WITHIN)
    if len(rows) <= quota.schools:
        return rows
    last, rest = rows.iloc[quota.schools - 1], rows.iloc[quota.schools :]
    equal = rest[rest["step"].eq(last["step"]) & rest["sure"].eq(last["sure"])]
    return pd.concat([rows.iloc[: quota.schools], equal.assign(standing=RESERVE)])


def add_answers(proposed: pd.DataFrame, answers: pd.DataFrame, year: int) -> pd.DataFrame:
    """The proposal with what the ОМСУ decided and why; schools that only an answer names stand last."""
    own = answers.loc[answers["year"] == year, ["school_id", "project", "decision", "reason"]]
    both = proposed.merge(own, on=["school_id", "project"], how="outer", sort=False, indicator=True)
    order = {key: place for place, key in enumerate(zip(proposed["school_id"], proposed["project"], strict=True))}
    both["place"] = [order.get(key, len(order)) for key in zip(both["school_id"], both["project"], strict=True)]
    both = both[both["_merge"].ne("right_only") | both["decision"].notna()]
    both["standing"] = both["standing"].astype("object").where(both["standing"].notna(), NAMED)
    told = both.sort_values(["place", "school_id"], kind="stable").assign(year=year)[PROPOSED_COLUMNS]
    texts = dict.fromkeys(["school_id", "project", "ground", "verdict", "standing", "decision", "reason"], "str")
    return told.astype({**texts, "year": "int64", "track": "Int64"}).reset_index(drop=True)
