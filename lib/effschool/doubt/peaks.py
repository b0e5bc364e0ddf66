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
OUTLIER, USUAL, LEEWAY = 4.0, 2.5, 2.0
"""Standard deviations beyond which a school is set aside, for the spread and for what is common; how many times as
much as ordinary schools show at the borders the work may have raised there."""


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
    """Spread (of logits) of shares at the borders about the smooth distribution, in ordinary schools.

    Schools depart from it each by itself, and the work does in all schools together: some scores are easier to come by.
    Both are seen at sets of scores that are no borders. At the borders the work can have raised the share by no more
    than ordinary schools of the region have, peak or no peak; where they have fewer there than the smooth distribution,
    it has raised nothing.
    """
    sets = list_shifts(borders, counts.shape[1])
    shifts = [_find_shift(counts, smooth, places) for places in sets]
    schools = [_measure_schools(counts, smooth, *each) for each in zip(sets, shifts, strict=True)]
    wide = sum(each[1] for each in schools)
    between = max(sum(each[0] for each in schools) / wide, 0.0) if wide else 0.0
    # The curve was fitted to these scores and not to those at the borders: there it errs more, here it looks too good.
    held = (degree + 1) / (counts.shape[1] - 2 * len(borders))
    work = np.mean(np.square(shifts)) * (1 + held) / max(1 - held, held) if shifts else np.inf
    raised = max(_find_shift(counts, smooth, list(borders)), 0.0)
    return float(np.sqrt(between + min(work, (LEEWAY * raised) ** 2)))


def _find_shift(counts: Whole, smooth: Values, places: list[int]) -> float:
    """Logarithm of how many times more pupils ordinary schools have at some scores than expected."""
    observed, expected = counts[:, places].sum(axis=1), counts.sum(axis=1) * smooth[:, places].sum(axis=1)
    ratio = np.median(observed / expected)
    usual = np.abs(observed - ratio * expected) <= USUAL * np.sqrt(expected * max(ratio, 0.1))
    return float(np.log((observed[usual].sum() + 0.5) / (expected[usual].sum() + 0.5)))


def _measure_schools(counts: Whole, smooth: Values, places: list[int], shift: float) -> tuple[float, float]:
    """Squares of what schools have above the common share of some scores, without chance, and what divides them.

    Only schools above it: scores that a peak was taken from must not widen the spread.
    """
    total = counts.sum(axis=1)
    expected = special.expit(special.logit(smooth[:, places].sum(axis=1)) + shift)
    above, variance = counts[:, places].sum(axis=1) - total * expected, expected * (1 - expected)
    kept = (above > 0) & (above <= OUTLIER * np.sqrt(total * variance))
    squares = above**2 - total * variance
    return float(squares[kept].sum()), float((total * (total - 1) * variance**2)[kept].sum())
