"""ФИОКО's list of schools with low results (ШНОР), METHODOLOGY.md section 2."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.method.indicators import KEY, Tables, add_up, place_rows, read_numbers, select_rows
from effschool.method.methodology import Fioko, FiokoProcedure


def compute_procedure_shares(tables: Tables, schools: pd.DataFrame, fioko: Fioko) -> pd.DataFrame:
    """Shares of failed participants: a row per year, school and procedure of ФИОКО's rule.

    Columns: year, school_id, procedure, failed, participants (counts), failed_pct, is_low.

    Args:
        schools: keys (year, school_id) of the schools to look at, also of those left out in the year.
    """
    taken = schools[KEY].reset_index(drop=True)
    placed = {"results": place_rows(tables["results"], taken)}
    frames = [_share_procedure(placed, taken, procedure) for procedure in fioko.procedures]
    shares = pd.concat(frames, ignore_index=True)
    return shares.assign(is_low=shares["failed_pct"] >= fioko.low_share_pct - 1e-9)


def _share_procedure(placed: Tables, taken: pd.DataFrame, procedure: FiokoProcedure) -> pd.DataFrame:
    rows = select_rows(placed, procedure.rows)
    failed, participants = read_numbers(rows, procedure.count), read_numbers(rows, "participants")
    sums = add_up(rows, failed, participants, len(taken), 100.0)
    found = taken[sums.participants > 0]
    count, total = sums.numerator[found.index], sums.participants[found.index]
    share = {"failed": count.astype(int), "participants": total.astype(int), "failed_pct": 100 * count / total}
    return found.assign(procedure=procedure.id, **share)


def flag_fioko(tables: Tables, schools: pd.DataFrame, fioko: Fioko | None) -> pd.DataFrame:
    """ФИОКО's flag of every school and year; missing where the school had no procedure in the year.

    A school is ШНОР where at least `min_low_procedures` were low in the year, or at least
    `min_low_procedures_each_year` in each of the last `years` (METHODOLOGY.md section 2). A school left out (without a
    `group`) in the year is not flagged in it; its procedures of that year count for the years that follow, since the
    rule speaks of a school's procedures and leaves out nobody.

    Columns: year, school_id, fioko_shnor, fioko_level, is_partial (not on the list, though the second criterion could
    have put it there, had it had a procedure in every year that the criterion looks at).
    """
    taken = schools.dropna(subset="group")
    shares = compute_procedure_shares(tables, schools, fioko) if fioko else None
    if fioko is None or shares is None or shares.empty:
        return leave_unflagged(taken)
    low = shares.groupby(KEY, as_index=False, observed=True)["is_low"].sum()
    each, could = look_back(low, fioko)
    flag = (low["is_low"] >= fioko.min_low_procedures) | each
    level = name_level(low["is_low"].where(flag), fioko)
    judged = low[KEY].assign(fioko_shnor=flag.astype("boolean"), fioko_level=level, is_partial=could & ~flag)
    return judged.merge(taken[KEY], on=KEY)


def look_back(low: pd.DataFrame, fioko: Fioko) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether each school (row: year, school_id, is_low) had low procedures enough in each of the last `years`.

    And whether it could have had them: in each of those years that it has procedures in.
    """
    school, _ = pd.factorize(low["school_id"])
    year = (low["year"] - low["year"].min()).to_numpy() + fioko.years - 1
    counts = np.full((school.max() + 1, year.max() + 1), -1)
    counts[school, year] = low["is_low"]
    past = counts[school[:, None], year[:, None] - np.arange(fioko.years)]
    enough = past >= fioko.min_low_procedures_each_year
    return enough.all(axis=1), (enough | (past < 0)).all(axis=1)


def list_looked_at(schools: pd.DataFrame, year: int, fioko: Fioko) -> pd.DataFrame:
    """Rows of the register that the rule looks at for a year: not left out in it, and all of the years before."""
    before = schools["year"].between(year - fioko.years + 1, year - 1)
    return schools[before | ((schools["year"] == year) & schools["group"].notna())]


def leave_unflagged(schools: pd.DataFrame) -> pd.DataFrame:
    """ФИОКО's flag and level, missing for all: the methodology has no such rule, or no school had a procedure of it."""
    flag = pd.Series(pd.NA, index=schools.index, dtype="boolean")
    level = pd.Series(None, index=schools.index, dtype="str")
    return schools[KEY].assign(fioko_shnor=flag, fioko_level=level, is_partial=False)


def name_level(low: pd.Series, fioko: Fioko) -> pd.Series:
    """Level of ШНОР by the number of low procedures; missing where no level is set, as the document sets none."""
    named = pd.Series(None, index=low.index, dtype="str")
    for level in sorted(fioko.levels, key=lambda level: level.min_low_procedures):
        named = named.mask(low >= level.min_low_procedures, level.name)
    return named
