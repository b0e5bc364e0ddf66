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
        schools: keys (year, school_id) of the schools to look at.
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
    `min_low_procedures_each_year` in each of the last `years` (METHODOLOGY.md section 2).
    """
    shares = compute_procedure_shares(tables, schools, fioko) if fioko else None
    if fioko is None or shares is None or shares.empty:
        return leave_unflagged(schools)
    low = shares.groupby(KEY, as_index=False)["is_low"].sum()
    each = was_low_each_year(low, fioko)
    flag = (low["is_low"] >= fioko.min_low_procedures) | each
    level = name_level(low["is_low"].where(flag), fioko)
    return low[KEY].assign(fioko_shnor=flag.astype("boolean"), fioko_level=level)


def was_low_each_year(low: pd.DataFrame, fioko: Fioko) -> NDArray[np.bool_]:
    """Whether each school (row: year, school_id, is_low) had low procedures enough in each of the last `years`."""
    school, _ = pd.factorize(low["school_id"])
    year = (low["year"] - low["year"].min()).to_numpy() + fioko.years - 1
    counts = np.zeros((school.max() + 1, year.max() + 1))
    counts[school, year] = low["is_low"]
    past = [counts[school, year - back] >= fioko.min_low_procedures_each_year for back in range(fioko.years)]
    return np.asarray(np.logical_and.reduce(past))


def leave_unflagged(schools: pd.DataFrame) -> pd.DataFrame:
    """ФИОКО's flag and level, missing for all: the methodology has no such rule, or no school had a procedure of it."""
    flag = pd.Series(pd.NA, index=schools.index, dtype="boolean")
    return schools[KEY].assign(fioko_shnor=flag, fioko_level=pd.Series(None, index=schools.index, dtype="str"))


def name_level(low: pd.Series, fioko: Fioko) -> pd.Series:
    """Level of ШНОР by the number of low procedures; missing where no level is set, as the document sets none."""
    named = pd.Series(None, index=low.index, dtype="str")
    for level in sorted(fioko.levels, key=lambda level: level.min_low_procedures):
        named = named.mask(low >= level.min_low_procedures, level.name)
    return named
