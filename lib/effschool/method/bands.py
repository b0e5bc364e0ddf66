"""Index → rank and band among the schools of one year and group (ранжирование, группы 25 %, METHODOLOGY.md 1.2).

All functions take one vector; ties are values closer than the tolerance, the same everywhere.
"""

import math

import numpy as np
from numpy.typing import NDArray

from effschool.method.methodology import BandRules

Values = NDArray[np.float64]


def number_ties(values: Values, tolerance: float) -> NDArray[np.int64]:
    """Number of the tie group of every value, 0 for the lowest; neighbours within the tolerance share a group."""
    order = np.argsort(values, kind="stable")
    steps = np.diff(values[order], prepend=values[order][:1]) > tolerance
    groups = np.empty(len(values), dtype=np.int64)
    groups[order] = np.cumsum(steps)
    return groups


def rank_lowest_first(values: Values, tolerance: float) -> NDArray[np.int64]:
    """Rank of every value, 1 for the lowest; ties share the smaller rank."""
    groups = number_ties(values, tolerance)
    sizes = np.bincount(groups, minlength=1)
    return (np.cumsum(sizes) - sizes + 1)[groups]


def assign_bands(values: Values, rules: BandRules) -> tuple[NDArray[np.object_], bool]:
    """Band of every value, and whether the two cuts met, in which case all are `mid`.

    `low` are the k lowest and `high` the k highest, k = share·n rounded as `cut` says; a value equal to the k-th within
    the tolerance belongs to the band as well. With n values and 0.25: n = 1 gives k = 0, n = 2 gives k = 1 (half up).
    """
    if rules.cut == "spss":
        return assign_spss_quarters(values, rules), False
    bands = np.full(len(values), "mid", dtype=object)
    size = count_cut(len(values), rules)
    if size == 0:
        return bands, False
    ordered = np.sort(values)
    low_cut, high_cut = ordered[size - 1], ordered[-size]
    if low_cut >= high_cut - rules.tolerance:
        return bands, True
    bands[values <= low_cut + rules.tolerance] = "low"
    bands[values >= high_cut - rules.tolerance] = "high"
    return bands, False


def count_cut(number: int, rules: BandRules) -> int:
    """Number of schools in one band before ties: share·number, rounded half up, down or up."""
    exact = rules.share * number
    slack = rules.tolerance  # 0.35·90 is 31.4999… in floating point
    rounded = {
        "half_up": math.floor(exact + 0.5 + slack),
        "floor": math.floor(exact + slack),
        "ceil": math.ceil(exact - slack),
    }
    return rounded[rules.cut]


def assign_spss_quarters(values: Values, rules: BandRules) -> NDArray[np.object_]:
    """Bands as IBM SPSS gives them (RANK /NTILES): part = floor(parts·rank/(n+1)) + 1 with mean ranks for ties."""
    parts = round(1 / rules.share)
    groups = number_ties(values, rules.tolerance)
    sizes = np.bincount(groups, minlength=1)
    mean_rank = (np.cumsum(sizes) - (sizes - 1) / 2)[groups]
    part = np.floor(parts * mean_rank / (len(values) + 1)) + 1
    return np.select([part == 1, part == parts], ["low", "high"], "mid").astype(object)
