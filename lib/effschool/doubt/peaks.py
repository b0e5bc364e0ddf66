"""Peaks of primary scores at the borders of marks (первичные баллы на границах отметок).

How many pupils of a school have exactly the lowest score of a mark, against a smooth distribution. It is the region's,
fitted without the scores at and just below the borders, so that a peak of the region itself is not learnt, and bent to
the school's own mean and breadth. Scores of no border, at the same distance from one another, show how much ordinary
schools and the works themselves depart from a smooth distribution; the chance takes that into account.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import special

from effschool.doubt.borders import Borders
from effschool.doubt.tails import Values, measure_tail

Whole = NDArray[np.int64]
BENDS, STEPS = 1.0, 20
"""How strongly a school's distribution is held to the region's form, in pupils; steps of Newton's method."""
OUTLIER, ROUNDS = 4.0, 5


def measure_peaks(counts: Whole, borders: Borders, degree: int) -> tuple[Values, Values, Values]:
    """Observed and expected share at the borders and the chance of so many or more, school by school.

    Args:
        counts: [school, score] pupils.
        degree: of the polynomial that the logarithm of the region's smooth distribution is.
    """
    total = counts.sum(axis=1)
    smooth = bend_to_schools(smooth_region(counts.sum(axis=0), borders, degree), counts)
    at = list(borders)
    expected = smooth[:, at].sum(axis=1)
    spread = estimate_departure(counts, smooth, borders, degree)
    observed = counts[:, at].sum(axis=1)
    return observed / total, expected, measure_tail(observed, total, special.logit(expected), spread)


def smooth_region(counts: Whole, borders: Borders, degree: int) -> Values:
    """The region's distribution without what stands at its borders and one score below: probabilities by score."""
    score = np.linspace(-1, 1, len(counts))
    taken = np.ones(len(counts), dtype=bool)
    taken[[*borders, *(border - 1 for border in borders)]] = False
    known = counts[taken] + 0.5
    line = np.polynomial.Polynomial.fit(score[taken], np.log(known), degree, w=np.sqrt(known))
    density = np.exp(line(score) - line(score).max())
    return np.asarray(density / density.sum())


def bend_to_schools(region: Values, counts: Whole) -> Values:
    """The region's distribution bent to every school's mean and breadth: [school, score].

    Its logarithm gets a linear and a square term, fitted by likelihood and drawn to zero by `BENDS`, so that a small
    school keeps the region's form.
    """
    score = np.arange(len(region)) - region @ np.arange(len(region))
    score = score / np.sqrt(region @ score**2)
    design = np.column_stack([score, score**2 - 1])
    total, wanted = counts.sum(axis=1), counts @ design
    bend, best, damping = np.zeros((len(counts), 2)), np.full(len(counts), -np.inf), np.ones(len(counts))
    proposed = bend
    for _ in range(STEPS):
        log = np.log(region) + proposed @ design.T
        fit = (wanted * proposed).sum(axis=1) - total * special.logsumexp(log, axis=1)
        fit -= BENDS * (proposed**2).sum(axis=1) / 2
        # A step that made the fit worse is taken back and made smaller.
        better = fit >= best
        bend, best = np.where(better[:, None], proposed, bend), np.where(better, fit, best)
        damping = np.where(better, np.minimum(2 * damping, 1), damping / 4)
        proposed = bend + damping[:, None] * _find_step(region, design, counts, bend)
    return np.asarray(special.softmax(np.log(region) + bend @ design.T, axis=1))


def _find_step(region: Values, design: Values, counts: Whole, bend: Values) -> Values:
    """Newton's step from a bend, school by school."""
    total = counts.sum(axis=1)
    density = special.softmax(np.log(region) + bend @ design.T, axis=1)
    mean = density @ design
    second = np.einsum("sk,ka,kb->sab", density, design, design) - mean[:, :, None] * mean[:, None, :]
    slope = counts @ design - total[:, None] * mean - BENDS * bend
    return np.asarray(np.linalg.solve(total[:, None, None] * second + BENDS * np.eye(2), slope[:, :, None])[:, :, 0])


def list_shifts(borders: Borders, scores: int) -> list[list[int]]:
    """Sets of scores like the borders, none of them at a border or one below it."""
    near = {place for border in borders for place in (border, border - 1)}
    shifted = [[border + step for border in borders] for step in range(-borders[0], scores)]
    return [places for places in shifted if not near & set(places) and places[0] > 0 and places[-1] < scores - 1]


def estimate_departure(counts: Whole, smooth: Values, borders: Borders, degree: int) -> float:
    """Spread (of logits) of shares about the smooth distribution, from sets of scores that are no borders.

    Only where more pupils stand than expected: scores that a peak was taken from must not widen it. Sets far out are
    set aside in turn.
    """
    total = counts.sum(axis=1)[:, None]
    sets = list_shifts(borders, counts.shape[1])
    if not sets:
        return 0.0
    observed = np.stack([counts[:, places].sum(axis=1) for places in sets], axis=1)
    expected = np.stack([smooth[:, places].sum(axis=1) for places in sets], axis=1)
    above, chance = observed - total * expected, total * expected * (1 - expected)
    wide, logit = total * (total - 1) * (expected * (1 - expected)) ** 2, 0.0
    for _ in range(ROUNDS):
        kept = (above > 0) & (above**2 <= OUTLIER**2 * (chance + wide * logit))
        logit = max(float((above**2 - chance)[kept].sum() / wide[kept].sum()), 0.0) if kept.any() else 0.0
    # The curve was fitted to these scores and not to those at the borders: there it errs more, here it looks too good.
    held = (degree + 1) / (counts.shape[1] - 2 * len(borders))
    return float(np.sqrt(logit * (1 + held) / max(1 - held, held)))
