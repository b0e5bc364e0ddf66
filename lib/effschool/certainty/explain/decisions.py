"""What would have changed the lists of a year (что изменило бы решение): every school, every list, in and out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product

import pandas as pd

from effschool.certainty.counterfactuals import Group, Options, list_options, open_groups
from effschool.certainty.explain.fioko_ways import find_fioko_ways, name_low_procedures
from effschool.certainty.explain.lags import reach_by_lags
from effschool.certainty.explain.means import reach_by_mean
from effschool.certainty.explain.ways import Statuses, Way, choose_way
from effschool.certainty.explain.windows import OpenWindow, find_rule_kind, open_windows, reach_statuses
from effschool.certainty.explain.words import Decisions, name_aims, name_heavier, tabulate_ways
from effschool.method.identify import Identified
from effschool.method.indicators import KEY, Tables
from effschool.method.lists import name_joint
from effschool.method.methodology import FIOKO_LIST, Domain, Methodology
from effschool.method.windows import list_covered_years

DOMAINS: tuple[Domain, Domain] = ("results", "social")


def explain_decision(identified: Identified, tables: Tables, methodology: Methodology, year: int) -> Decisions:
    """The fewest pupils that would have put every school on every list of a year, or off it.

    In an index one indicator is changed in a year; ФИОКО's list and a list of lags may need several procedures. For
    the lists of results and of conditions the cheapest set of years is taken. A domain whose rules mix bands, means
    and lags gets no number. A year whose window is not covered has decisions on ФИОКО's list alone.
    """
    listed = identified.lists[identified.lists["year"] == year]
    is_covered = year in list_covered_years(identified.indices, methodology)
    schools = identified.schools.dropna(subset="group").merge(listed[KEY], on=KEY)
    windows = list(open_windows(identified, schools, methodology, year))
    years = sorted({year, *(each for window in windows for found in window.years for each in found if each)})
    groups = list(open_groups(identified, tables, methodology, years))
    reach = {window.domain: reach_domain(window, groups, methodology) for window in windows}
    fioko = find_fioko_ways(identified, tables, methodology.fioko, year) if methodology.fioko else {}
    joints = name_pairs(methodology)
    ways: list[tuple[str, str, bool | None, Way | None]] = []
    for school, *statuses in listed[["school_id", "results_status", "social_status"]].itertuples(index=False):
        current = dict(zip(DOMAINS, map(_read, statuses), strict=True))
        own: dict[Domain, Statuses] = {
            domain: found.get(school, {current[domain]: Way()}) for domain, found in reach.items()
        }
        ways += [(school, *row) for row in decide_lists(current, own, methodology, joints)] if is_covered else []
        ways += [(school, FIOKO_LIST, *fioko.get(school, (None, None)))] if methodology.fioko else []
    found = tabulate_ways(ways, year, name_aims(methodology), name_heavier(methodology))
    low = name_low_procedures(identified, tables, methodology.fioko, year) if methodology.fioko else {}
    is_named = found.rows["list"].eq(FIOKO_LIST) & found.rows["is_member"].eq(True)
    reason = found.rows["school_id"].map(low).where(is_named).astype("str")
    return replace(found, rows=found.rows.assign(reason=reason))


def _read(value: object) -> str | None:
    return None if pd.isna(value) else str(value)


def reach_domain(window: OpenWindow, groups: Sequence[Group], methodology: Methodology) -> dict[str, Statuses]:
    """The cheapest way of every school to every status of a domain, by what decides there; empty where rules mix."""
    own = [group for group in groups if group.domain == window.domain]
    kind = find_rule_kind(window.domain, methodology)
    if kind == "mean":
        return reach_by_mean(window, own, methodology)
    if kind == "lags":
        return reach_by_lags(window, own, methodology)
    options: Options = list_options(own) if kind == "bands" else {}
    return reach_statuses(window, options, methodology) if kind == "bands" else {}


Joints = Mapping[tuple[str | None, str | None], str | None]
"""Status of the joint list by status of results and of conditions."""


def name_pairs(methodology: Methodology) -> Joints:
    """The joint list's status of every pair of statuses that a school may have."""
    results, social = ([None, *(rule.status for rule in methodology.lists.list_statuses(name))] for name in DOMAINS)
    pairs = list(product(results, social))
    frame = pd.DataFrame(pairs, columns=["results_status", "social_status"], dtype="str")
    return dict(zip(pairs, map(_read, name_joint(frame, methodology.lists.joint)), strict=True))


def decide_lists(
    current: Mapping[Domain, str | None], reach: Mapping[Domain, Statuses], methodology: Methodology, joints: Joints
) -> Iterator[tuple[str, bool | None, Way | None]]:
    """Every list of results, conditions and the joint one: name, whether the school is on it, way to the contrary."""
    for domain, statuses in reach.items():
        for name in dict.fromkeys(status.status for status in methodology.lists.list_statuses(domain)):
            is_member = current[domain] == name
            others = [way for status, way in statuses.items() if (status == name) != is_member]
            yield name, is_member, choose_way(*others)
    yield from decide_joint(current, reach, methodology, joints)


def decide_joint(
    current: Mapping[Domain, str | None], reach: Mapping[Domain, Statuses], methodology: Methodology, joints: Joints
) -> Iterator[tuple[str, bool | None, Way | None]]:
    """The same for the joint list, over all pairs of statuses."""
    none: Statuses = {None: Way()}
    ways = [
        (joints[first, second], one + two)
        for first, one in reach.get("results", none).items()
        for second, two in reach.get("social", none).items()
        if one and two
    ]
    own = joints[current.get("results"), current.get("social")]
    for name in dict.fromkeys(joint.status for joint in methodology.lists.joint):
        is_member = own == name
        yield name, is_member, choose_way(*(way for got, way in ways if (got == name) != is_member))
