"""What is known of every school for comments and pages (признаки школы): figures beside the region and last year.

Columns are named by the indicator and, after a dot, what of it: the value itself has no dot.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from effschool.base.disclosure import flag_few
from effschool.base.schemas import AGREEMENTS
from effschool.method.methodology import FIOKO_LIST, Domain, Methodology
from effschool.report.comments import SIGNS, Title
from effschool.report.portfolio import (
    DOMAINS,
    Portfolio,
    RegionYear,
    flag_members,
    is_other_municipality,
    list_levels,
    measure_participants,
)
from effschool.report.privacy import blur_index, blur_share, suppress_small
from effschool.report.queries import find_weakest_tasks, is_more_worse, score_change, score_share
from effschool.support.context import HARDER


def gather_features(region: RegionYear, schools: pd.DataFrame) -> pd.DataFrame:
    """Figures of schools: a row per school, indexed by `school_id`; a missing figure is missing.

    For every share and mean: value, `region` and `group` (pooled by participants), `above` (value minus group),
    `before` (last year; missing where it would tell of single children) and `change`, `participants`, `pupils` (number
    behind a share), `beside` (score of the difference from the group, by an exact test), `worse_by` (the same, positive
    for the worse) and `moved` (of the change since last year). Besides these the columns of `comments.SIGNS`. A school
    is judged within its group: an evening school beside evening schools.

    Args:
        schools: schools of the year that take part, as in `RegionYear.region_schools`.
    """
    figures = measure_indicators(region, schools)
    return figures.join(_gather_standing(region, schools)).reindex(schools["school_id"])


PEOPLE = {
    "participants": "участник,участника,участников",
    "graduates": "выпускник,выпускника,выпускников",
    "pupils": "обучающийся,обучающихся,обучающихся",
}
"""Those whom a share is counted of, by the column of the contract."""


def name_titles(methodology: Methodology) -> dict[str, Title]:
    """Of every indicator its short title and the forms of the word for those it is counted of."""
    totals = {name: getattr(item, "total", "participants") for name, item in methodology.indicators.items()}
    return {name: (item.short, PEOPLE[totals[name]]) for name, item in methodology.indicators.items()}


def list_measured(region: RegionYear, domain: Domain) -> list[str]:
    """Indicators of a domain that are shares or means, in the methodology's order."""
    rules = region.workspace.methodology.domains.get(domain)
    return [item.id for item in rules.indicators if item.kind in ("share", "mean")] if rules else []


def measure_indicators(region: RegionYear, schools: pd.DataFrame) -> pd.DataFrame:
    """The part of `gather_features` that is about indicators."""
    names = [name for domain in region.workspace.methodology.domains for name in list_measured(region, domain)]
    values = region.workspace.identified.indicators
    known = values[values["indicator"].isin(names) & (values["participants"] > 0)]
    now, past = known[known["year"] == region.year], known[known["year"] == region.year - 1]
    own = now[now["school_id"].isin(schools["school_id"])].set_index(["school_id", "indicator"])
    before = past[~_flag_few(past, region.workspace.methodology)].set_index(["school_id", "indicator"])
    before = before[["raw", "participants"]].reindex(own.index)
    measured = _measure_now(own, before, _pool_places(region, now), region.workspace.methodology)
    wide = (_blur_places(measured) if isinstance(region, Portfolio) else measured).unstack("indicator")
    wide.columns = [f"{name}.{measure}".removesuffix(".value") for measure, name in wide.columns]
    return wide.reindex(schools["school_id"])


def _flag_few(values: pd.DataFrame, methodology: Methodology) -> pd.Series:
    """Which indicators tell of single children."""
    rules = methodology.domains.get("social")
    shares = [item.id for item in rules.indicators if item.unit == "%"] if rules else []
    return flag_few(values["raw"], values["participants"], values["indicator"].isin(shares))


def _pool_places(region: RegionYear, now: pd.DataFrame) -> pd.DataFrame:
    """Figures of the region and of a school's group: a row per school and indicator: region, group.

    In a municipality's report those are missing behind which too few schools of others stand.
    """
    groups = now["school_id"].map(region.region_schools.set_index("school_id")["group"])
    keys = {"region": [now["indicator"]], "group": [groups, now["indicator"]]}
    points = now["raw"] * now["participants"]
    pooled = now.copy()
    for place, by in keys.items():
        shares = points.groupby(by).transform("sum") / now["participants"].groupby(by).transform("sum")
        others = is_other_municipality(region, now["school_id"]).groupby(by).transform("sum")
        pooled[place] = suppress_small(shares, others)
    return pooled.set_index(["school_id", "indicator"])[["region", "group"]]


def _blur_places(measured: pd.DataFrame) -> pd.DataFrame:
    """Measures as a municipality may read them: judged by exact figures of the region and the group, told rounded."""
    told = measured.assign(region=blur_share(measured["region"]), group=blur_share(measured["group"]))
    return told.assign(above=told["value"] - told["group"])


def _measure_now(
    own: pd.DataFrame, before: pd.DataFrame, places: pd.DataFrame, methodology: Methodology
) -> pd.DataFrame:
    """Measures of every school and indicator, by both."""
    names = own.index.get_level_values("indicator").to_series()
    value, people = own["raw"], own["participants"]
    group = places["group"].reindex(own.index)
    return pd.DataFrame(
        {
            "value": value,
            "participants": people,
            "region": places["region"].reindex(own.index),
            "group": group,
            "above": value - group,
            "before": before["raw"],
            "change": value - before["raw"],
            "pupils": np.rint(value * people / 100),
            "beside": (beside := score_share(value, people, group)),
            "worse_by": beside * np.where(is_more_worse(methodology, names), 1, -1),
            "moved": score_change(value, people, before["raw"], before["participants"]),
        }
    )


def _gather_standing(region: RegionYear, schools: pd.DataFrame) -> pd.DataFrame:
    """The part of `gather_features` that is about lists, certainty and history: the columns of `SIGNS`."""
    own = schools.set_index("school_id")
    watched = region.watched
    listed = {domain: own[f"{domain}_status"].isin(watched) for domain in DOMAINS}
    lacking = {domain: region.flag_lacking(schools, domain).set_axis(own.index) for domain in DOMAINS}
    found = pd.DataFrame(
        {
            **{name: own[name] for name in ("results_status", "social_status", "joint", "enrolment")},
            "results_low": _flag_low(region, own["results_band"]),
            "fioko": flag_members(own, FIOKO_LIST),
            **{f"{domain}_listed": flags for domain, flags in listed.items()},
            **{f"{domain}_missing": flags for domain, flags in lacking.items()},
            **_flag_participation(region, own.index),
            **_find_certainty(region, own),
            "results_years": _count_years(region, own),
            "results_trend": blur_index(_find_trend(region)) if isinstance(region, Portfolio) else _find_trend(region),
            **find_weakest_tasks(region).reindex(own.index),
            "fewest": measure_participants(region).set_index("school_id")["fewest"].astype("float64"),
            **_find_context(region, own),
        },
    )
    return found.reindex(index=own.index, columns=list(SIGNS))


def _flag_participation(region: RegionYear, codes: pd.Index) -> Mapping[str, pd.Series]:
    """What schools have of projects: `in_project` already the year before, so that help had time to do something.

    `has_project` also from the year on, or named to enter later: nobody is advised to join what it is in. A pair that
    the institute has approved is a partner.
    """
    known, approved = region.workspace.support.participants, region.workspace.support.approved
    stays = known[known["exit_year"].isna() | (known["exit_year"] >= region.year)] if len(known) else known
    taking = {
        name: set(stays.loc[has(stays, region.year), "school_id"]) if len(stays) else set() for name, has in HAS.items()
    }
    if len(approved):
        taking["has_partner"] |= set(approved["school_id"])
    return {name: pd.Series(codes.isin(schools), index=codes) for name, schools in taking.items()}


HAS = {
    "in_project": lambda rows, year: rows["entry_year"] < year,
    "has_project": lambda rows, _: rows["project"].notna(),
    "has_curator": lambda rows, _: rows["curator"].notna(),
    "has_partner": lambda rows, _: rows["partner"].notna(),
    "has_agreement": lambda rows, _: rows["agreement"].eq(AGREEMENTS[0]),
}
"""What an entry into a project gives a school, by the flag: of the rows of those who have not left by a year."""


IN_COMMENTS = ("vacancies", "load", "no_category", "bussed")
"""Measures of the context that comments may name as causes to check."""


def _find_context(region: RegionYear, own: pd.DataFrame) -> Mapping[str, pd.Series]:
    """What schools work in: figures, whether each is beyond the middle half of the group, and the internet in words."""
    known = region.workspace.support.context
    if known.empty:
        return {}
    told = known[known["year"] == region.year].set_index(["measure", "school_id"])
    found: dict[str, pd.Series] = {}
    for name in IN_COMMENTS:
        rows = told.reindex(pd.MultiIndex.from_product([[name], own.index])).set_axis(own.index)
        found |= {name: rows["value"], f"{name}_harder": rows["stands"].eq(HARDER).fillna(False).astype(bool)}
    internet = told.reindex(pd.MultiIndex.from_product([["internet"], own.index])).set_axis(own.index)
    return {**found, "internet": internet["words"]}


def _flag_low(region: RegionYear, bands: pd.Series) -> pd.Series:
    """Whether the results of the year are in the worse band; missing where a school is not ranked."""
    rules = region.workspace.methodology.domains.get("results")
    return bands.eq(rules.worse_band if rules else "").astype(object).where(bands.notna())


def _find_certainty(region: RegionYear, own: pd.DataFrame) -> Mapping[str, pd.Series]:
    """Verdict and chance to stay of the lists each school is on."""
    known = region.workspace.certainty
    columns = {"results": own["results_status"], "social": own["social_status"]}
    columns["fioko"] = pd.Series(FIOKO_LIST, index=own.index).where(flag_members(own, FIOKO_LIST))
    if known.empty:
        return {}
    in_year = known[known["year"] == region.year].set_index(["school_id", "list"])
    found: dict[str, pd.Series] = {}
    for name, lists in columns.items():
        keys = pd.MultiIndex.from_arrays([own.index, lists])
        rows = in_year.reindex(keys).set_axis(own.index)
        found |= {f"{name}_verdict": rows["verdict"], f"{name}_stays": rows["stays_chance_pct"]}
    return found


def _count_years(region: RegionYear, own: pd.DataFrame) -> pd.Series:
    """In how many years up to the report's a school was on its present list of results."""
    known = region.workspace.dynamics.memberships.set_index(["school_id", "list"])["years"]
    keys = pd.MultiIndex.from_arrays([own.index, own["results_status"]])
    years = known.reindex(keys).set_axis(own.index)
    return years.map(lambda listed: sum(year <= region.year for year in listed), na_action="ignore").astype("float64")


def _find_trend(region: RegionYear) -> pd.Series:
    """Trend of the shrunk results index in standard errors, by school."""
    own = list_levels(region, "results").set_index("school_id")
    return own["trend"] / own["trend_error"]
