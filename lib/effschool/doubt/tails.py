"""Chance of a count (вероятность случая): binomial tails wider by what ordinary schools differ, and many tests at once.

The chance of one pupil varies between schools: its logit is normal with a `centre` and a `spread`. With a spread of
zero this is the plain binomial.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special, stats

Values = NDArray[np.float64]
GRID = np.linspace(-6, 6, 33)
WEIGHTS = np.exp(-(GRID**2) / 2) / np.exp(-(GRID**2) / 2).sum()
COARSE = slice(None, None, 2)
"""Points of the standard normal and their weights; every other is enough to fit by."""
BLOCK = 20_000
"""Rows whose probabilities are held at once."""
SURE_SHARE = 20
"""Participants from which a school's share tells where the region's ordinary schools are."""
USUAL_SPREAD, SPREAD_DOUBT, CENTRE_DOUBT = 0.4, 0.7, 0.5
"""Where the first fit starts: an ordinary spread of logits, and how little (in logarithms, in logits) it is held to."""
CENTRES, SPREADS = (-7.0, 7.0), (-6.0, 2.0)
"""Logits between which a centre is looked for, logarithms between which a spread is."""
ORDINARY_CHANCE, ROUNDS = 0.01, 2
"""Schools that chance would put so far out are set aside, in so many rounds after the first fit."""


def measure_tail(count: ArrayLike, total: ArrayLike, centre: ArrayLike, spread: ArrayLike) -> Values:
    """P(X ≥ count) for X of `total` pupils."""
    count, total, centre, spread = np.broadcast_arrays(
        *(np.asarray(each, float) for each in (count, total, centre, spread))
    )
    blocks = [slice(start, start + BLOCK) for start in range(0, len(count), BLOCK)]
    logits = centre[:, None] + spread[:, None] * GRID
    tails = [_count_tails(count[rows], total[rows], special.expit(logits[rows])) @ WEIGHTS for rows in blocks]
    return np.concatenate([np.empty(0), *tails])


def _count_tails(count: Values, total: Values, chance: Values) -> Values:
    """P(X ≥ count) of the binomial at every chance: [count, chance]."""
    # This is the incomplete beta function, which is not defined for a count of 0 (always) and above the total (never).
    inside = np.clip(count, 1, total)[:, None]
    tail = special.betainc(inside, total[:, None] - inside + 1, chance)
    return np.asarray(np.where(count[:, None] <= 0, 1.0, np.where(count[:, None] > total[:, None], 0.0, tail)))


@dataclass(frozen=True)
class Ordinary:
    """Ordinary schools of a region: centre and spread of the logit of one pupil's chance."""

    centre: float
    spread: float

    @property
    def share(self) -> float:
        """Mean share."""
        return float(special.expit(self.centre + self.spread * GRID) @ WEIGHTS)

    def measure(self, count: ArrayLike, total: ArrayLike) -> Values:
        """P(X ≥ count) in an ordinary school."""
        return measure_tail(count, total, self.centre, self.spread)


def estimate_ordinary(count: ArrayLike, total: ArrayLike, ordinary_pct: float) -> Ordinary:
    """The ordinary schools of a region in which some may be far out of line.

    First the schools above the `ordinary_pct` quantile of shares are set aside, whoever they are; then those that the
    fit itself puts beyond `ORDINARY_CHANCE`. What is left speaks by its probability given that it is left (a truncated
    likelihood). So schools out of line neither move the centre nor widen the spread behind which they would hide, and
    an ordinary region is estimated without bias.
    """
    count, total = np.asarray(count, dtype=float), np.asarray(total, dtype=float)
    share = (count / total)[total >= SURE_SHARE] if (total >= SURE_SHARE).any() else count / total
    middle = float(special.logit(np.clip(np.median(share), 0.005, 0.995)))
    start = np.array([middle, np.log(USUAL_SPREAD)])
    bound = np.floor(total * np.quantile(share, ordinary_pct / 100) + 1e-9)
    point = _fit(count, total, bound, start, start)
    for _ in range(ROUNDS):
        bound = find_bounds(total, point)
        point = _fit(count, total, bound, point, None)
    return Ordinary(float(point[0]), widen_spread(total[count <= bound], point))


def widen_spread(total: Values, point: Values) -> float:
    """The spread with what is not known of it and of the centre: few schools may lie too close by chance."""
    share, variance = special.expit(point[0]), np.exp(2 * point[1])
    each = variance + 1 / (total * share * (1 - share))
    error, centre = np.sqrt(2 / (1 / each**2).sum()), 1 / (1 / each).sum()
    return float(np.sqrt(variance + error + centre))


def find_bounds(total: Values, point: Values) -> Values:
    """The greatest count of every school that chance reaches at least as often as `ORDINARY_CHANCE`."""
    sizes, place = np.unique(total, return_inverse=True)
    low, high = np.zeros_like(sizes), sizes.copy()
    while (low < high).any():
        middle = np.ceil((low + high) / 2)
        fits = measure_tail(middle, sizes, point[0], np.exp(point[1])) >= ORDINARY_CHANCE
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    return np.asarray(low[place])


def _fit(count: Values, total: Values, bound: Values, start: Values, held: Values | None) -> Values:
    """Centre and logarithm of the spread of the schools whose count is within the bound; `held` draws the first fit."""
    kept = count <= bound
    kinds, weight = np.unique(np.column_stack([count, total, bound])[kept], axis=0, return_counts=True)
    cuts, place = np.unique(kinds[:, 1:], axis=0, return_inverse=True)
    grid, masses = GRID[COARSE], WEIGHTS[COARSE] / WEIGHTS[COARSE].sum()

    def _lose(point: Values) -> float:
        logit = np.clip(point[0], *CENTRES) + np.exp(np.clip(point[1], *SPREADS)) * grid
        log = kinds[:, :1] * logit - kinds[:, 1:2] * np.logaddexp(0, logit)
        most = log.max(axis=1)
        beyond = _count_tails(cuts[:, 1] + 1, cuts[:, 0], special.expit(logit)) @ masses
        told = np.log(np.exp(log - most[:, None]) @ masses) + most - np.log1p(-np.minimum(beyond, 0.999))[place.ravel()]
        drawn = 0 if held is None else (((point - held) / [CENTRE_DOUBT, SPREAD_DOUBT]) ** 2).sum() / 2
        return float(drawn - weight @ told)

    options = {"xatol": 0.03, "fatol": 0.03, "initial_simplex": start + np.array([[0, 0], [0.2, 0], [0, 0.3]])}
    found = optimize.minimize(_lose, start, method="Nelder-Mead", options=options).x
    return np.array([np.clip(found[0], *CENTRES), np.clip(found[1], *SPREADS)])


def adjust_chances(chances: ArrayLike) -> Values:
    """Benjamini and Hochberg: the smallest share of false ones at which each test would be among the marked."""
    chances = np.asarray(chances, dtype=float)
    return np.asarray(stats.false_discovery_control(chances)) if len(chances) else chances


def find_cut(chances: ArrayLike, level: float) -> float:
    """The greatest chance that Benjamini and Hochberg mark at a level; where they mark none, the first step's."""
    ordered = np.sort(np.asarray(chances, dtype=float))
    steps = level * np.arange(1, len(ordered) + 1) / max(len(ordered), 1)
    passed = np.flatnonzero(ordered <= steps)
    return float(steps[passed[-1]] if len(passed) else level / max(len(ordered), 1))
