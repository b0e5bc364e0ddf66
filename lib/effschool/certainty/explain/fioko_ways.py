"""By how many participants ФИОКО's decision on a school was made."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from effschool.base.disclosure import load_disclosure
from effschool.base.russian import count_words, join_words
from effschool.certainty.counterfactuals import TOLERANCE, Change
from effschool.certainty.explain.ways import Way, choose_way, sum_ways, take_cheapest
from effschool.method.fioko import compute_procedure_shares, list_looked_at
from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.methodology import Fioko


class Procedure(NamedTuple):
    """One procedure of a school in a year, and the change of failed participants that turns it."""

    is_low: bool
    change: Change


def list_procedures(shares: pd.DataFrame, fioko: Fioko) -> dict[tuple[str, int], list[Procedure]]:
    """Procedures of every school and year with the least change that makes a low one not low, or the reverse."""
    titles = {procedure.id: procedure.title for procedure in fioko.procedures}
    found: dict[tuple[str, int], list[Procedure]] = {}
    for row in shares.itertuples():
        # The least count that is low: the same slack as in `fioko.compute_procedure_shares`.
        low = int(np.ceil((fioko.low_share_pct - TOLERANCE) * row.participants / 100))
        change = Change(
            row.year,
            row.procedure,
            f"{titles[row.procedure]}: не справились",
            "participants",
            row.failed,
            low - 1 if row.is_low else low,
            row.participants,
        )
        found.setdefault((row.school_id, row.year), []).append(Procedure(bool(row.is_low), change))
    return found


def find_fioko_ways(
    identified: Identified, tables: Tables, fioko: Fioko, year: int
) -> dict[str, tuple[bool | None, Way | None]]:
    """Whether each school is ШНОР, and the cheapest way to the contrary."""
    years = range(year - fioko.years + 1, year + 1)
    shares = compute_procedure_shares(tables, list_looked_at(identified.schools, year, fioko), fioko)
    procedures = list_procedures(shares, fioko)
    flags = identified.lists[identified.lists["year"] == year].dropna(subset="fioko_shnor")
    return {
        school: (
            bool(flag),
            turn_fioko({each: procedures.get((school, each), []) for each in years}, bool(flag), fioko),
        )
        for school, flag in zip(flags["school_id"], flags["fioko_shnor"], strict=True)
    }


def name_low_procedures(identified: Identified, tables: Tables, fioko: Fioko, year: int) -> dict[str, str]:
    """Low procedures of every school in the years that the rule looks at, in words; those of few pupils are counted.

    Returns:
        «ВПР, русский язык, 5 класс — 2022 и 2023; ещё 1, где меньше 5 детей» by school_id.
    """
    shares = compute_procedure_shares(tables, list_looked_at(identified.schools, year, fioko), fioko)
    low, fewest = shares[shares["is_low"].astype(bool)], load_disclosure().participants
    is_few = low["participants"] < fewest
    titles = {procedure.id: procedure.title for procedure in fioko.procedures}
    named = low[~is_few].groupby(["school_id", "procedure"], sort=False, observed=True)["year"].agg(_list_years)
    told = named.index.get_level_values("procedure").map(titles) + " — " + named
    counts = low[is_few].groupby("school_id", observed=True).size().astype("int64")
    known = set(told.index.get_level_values("school_id"))
    few = pd.Series(
        {school: _count_few(count, school in known, fewest) for school, count in counts.items()}, dtype="str"
    )
    told = pd.concat([told.droplevel("procedure"), few])
    return told.groupby(told.index).agg("; ".join).to_dict()


def _count_few(count: int, has_others: bool, fewest: int) -> str:
    named = f"ещё {count}" if has_others else count_words(count, "процедура", "процедуры", "процедур")
    return f"{named}, где меньше {fewest} детей"


def _list_years(years: pd.Series) -> str:
    return join_words(map(str, sorted(years)))


def turn_fioko(by_year: Mapping[int, list[Procedure]], is_member: bool, fioko: Fioko) -> Way | None:
    """The cheapest set of procedures whose turn changes the decision; `by_year` the years in order, the last decides.

    Off the list: the year has fewer low procedures than `min_low_procedures`, and one of the years fewer than
    `min_low_procedures_each_year`. Onto it: the year reaches the first number, or every year the second.
    """
    once, each = fioko.min_low_procedures, fioko.min_low_procedures_each_year
    last = max(by_year)
    if not is_member:
        return choose_way(
            raise_low(by_year[last], once), sum_ways([raise_low(found, each) for found in by_year.values()])
        )
    both = [
        sum_ways([lower_low(by_year[last], once - 1), lower_low(found, each - 1)])
        for year, found in by_year.items()
        if year != last
    ]
    return choose_way(lower_low(by_year[last], min(once, each) - 1), *both)


def raise_low(procedures: Sequence[Procedure], number: int) -> Way | None:
    """The cheapest changes after which at least `number` procedures are low; None where there are too few."""
    missing = max(number - sum(item.is_low for item in procedures), 0)
    return take_cheapest([item.change for item in procedures if not item.is_low], missing)


def lower_low(procedures: Sequence[Procedure], number: int) -> Way | None:
    """The cheapest changes after which at most `number` procedures are low."""
    low = [item.change for item in procedures if item.is_low]
    return take_cheapest(low, max(len(low) - number, 0))
