"""Candidates for the bank of best practice (банк лучших практик): improvement that is large, lasting and no chance.

«Максимальное и стабильное улучшение»: the shrunken trend of the results index is beyond chance, and no single year
makes it. For the institute alone, which asks these schools what they changed; nobody is ranked.
"""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from effschool.method.methodology import Methodology
from effschool.support.projects import Lasting

Values = NDArray[Any]

PRACTICE_COLUMNS = ["year", "school_id", "trend", "trend_error", "chance", "years", "is_participant"]


def find_practices(
    levels: pd.DataFrame,
    paths: pd.DataFrame,
    participants: pd.DataFrame,
    methodology: Methodology,
    rules: Lasting,
) -> pd.DataFrame:
    """A row per candidate of the year of the levels: PRACTICE_COLUMNS.

    `trend` is the index per year; `chance` the probability that the school does not improve at all, given all schools.

    Args:
        levels: of `certainty.estimate_levels`; paths: of dynamics.
        participants: schools of projects, of whom it is told that they are.
    """
    own = levels[levels["domain"] == "results"] if len(levels) else levels
    if own.empty:
        return pd.DataFrame(columns=PRACTICE_COLUMNS)
    score, year = own["trend"] / own["trend_error"], int(own["year"].iloc[0])
    risen = own.assign(chance=stats.norm.sf(score))[stats.norm.sf(score) < find_chance_share(methodology)]
    index = paths[paths["year"] <= year].pivot(index="school_id", columns="year", values="results_index")
    index = index.reindex(risen["school_id"])
    years = np.array(index.columns, dtype=float)
    lasting = np.array([is_lasting(years, row, rules) for row in index.to_numpy(dtype=float)], dtype=bool)
    risen = risen.assign(years=index.notna().sum(axis=1).to_numpy())[lasting]
    taking = set(participants["school_id"]) if len(participants) else set()
    return risen.assign(is_participant=risen["school_id"].isin(taking))[PRACTICE_COLUMNS].reset_index(drop=True)


def find_chance_share(methodology: Methodology) -> float:
    """Share of unchanged schools that chance alone takes beyond the limit on the better side, at most."""
    pct = methodology.certainty.interval_pct if methodology.certainty else 95
    return (1 - pct / 100) / 2


def is_lasting(years: Values, values: Values, rules: Lasting) -> bool:
    """Whether a school rises over the years: enough of the slope stays, whichever year is left out."""
    known = np.isfinite(values)
    if known.sum() < rules.years:
        return False
    time, level = years[known], values[known]
    slope = np.polyfit(time, level, 1)[0]
    rest = [np.polyfit(np.delete(time, place), np.delete(level, place), 1)[0] for place in range(len(time))]
    return bool(slope > 0 and min(rest) >= rules.kept * slope)
