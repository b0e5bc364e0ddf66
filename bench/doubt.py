"""Signs of doubtful ВПР on invented regions (make bench): what is found of what was planted, and what by mistake.

A region has 300 schools that differ as ordinary schools do; in some regions a twentieth of them, all of one size,
have a planted sign. Prints the tables of docs/doubt.md. Seeded; a few minutes on one core.
"""

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import special

from effschool.doubt.peaks import measure_peaks
from effschool.doubt.tails import adjust_chances, estimate_ordinary

Test = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Participants and chances, school by school; the planted ones stand first."""
SEED, SCHOOLS, PLANTED = 20261, 300, 15
LEVEL, CAUTION_FROM, MARKED_FROM = 0.05, 20, 50
BORDERS, MOST, DEGREE = (14, 24, 33), 38, 5
USUAL, SPREAD, ORDINARY_PCT = 0.07, 0.4, 75
INFLATED = (0.0, 0.1, 0.3, 0.6)
SIZES = (20, 50, 100, 200)


def draw_sizes(planted: int, size: int, rng: Generator) -> NDArray[np.int64]:
    """Participants: half of the schools have fewer than 36; planted ones have all the same number."""
    sizes = np.minimum(rng.lognormal(3.6, 0.8, SCHOOLS).astype(np.int64) + 5, 250)
    sizes[:planted] = size
    return sizes


def draw_scores(sizes: NDArray[np.int64], rough: float, rng: Generator) -> NDArray[np.int64]:
    """Primary scores of ordinary schools: [school, score]. Some scores are rarer than others by the work itself."""
    score = np.arange(MOST + 1)
    level, breadth = rng.normal(24, 2.5, SCHOOLS), rng.lognormal(np.log(6.5), 0.12, SCHOOLS)
    density = np.exp(-(((score - level[:, None]) / breadth[:, None]) ** 2) / 2) * np.exp(rng.normal(0, rough, MOST + 1))
    return rng.multinomial(sizes, density / density.sum(axis=1, keepdims=True))


def lift_pupils(counts: NDArray[np.int64], share: float, rng: Generator) -> NDArray[np.int64]:
    """Each pupil below a border stands at the next one with the probability `share`."""
    moved = rng.binomial(counts, share)
    moved[:, BORDERS[-1] :] = 0
    lifted = counts - moved
    for start, border in zip((0, *BORDERS[:-1]), BORDERS, strict=True):
        lifted[:, border] += moved[:, start:border].sum(axis=1)
    return lifted


def try_peaks(planted: int, size: int, share: float, rough: float, rng: Generator) -> Test:
    sizes = draw_sizes(planted, size, rng)
    counts = draw_scores(sizes, rough, rng)
    counts[:planted] = lift_pupils(counts[:planted], share, rng)
    tested = sizes >= CAUTION_FROM
    return sizes[tested], measure_peaks(counts[tested], BORDERS, DEGREE)[2]


def try_journal(planted: int, size: int, share: float, spread: float, rng: Generator) -> Test:
    sizes = draw_sizes(planted, size, rng)
    chance = special.expit(special.logit(USUAL) + rng.normal(0, spread, SCHOOLS))
    chance[:planted] += share * (1 - chance[:planted])
    raised = rng.binomial(sizes, chance)
    tested = sizes >= CAUTION_FROM
    ordinary = estimate_ordinary(raised, sizes, ORDINARY_PCT)
    return sizes[tested], ordinary.measure(raised[tested], sizes[tested])


def repeat(test: Callable[..., Test], runs: int, *given: object) -> Iterator[Test]:
    for rng in np.random.default_rng(SEED).spawn(runs):
        yield test(*given, rng)


def tell_null(title: str, test: Callable[..., Test], runs: int, depart: float) -> None:
    """Ordinary regions: how rare p ≤ 5 % and p ≤ 0.1 % are, and in how many regions any school is marked."""
    found = list(repeat(test, runs, 0, 0, 0.0, depart))
    chance = np.concatenate([each for _, each in found])
    marked = [((adjust_chances(each) <= LEVEL) & (sizes >= MARKED_FROM)).sum() for sizes, each in found]
    beside = [((adjust_chances(each) <= LEVEL) & (sizes < MARKED_FROM)).sum() for sizes, each in found]
    rare = f"{100 * (chance <= 0.05).mean():.1f} | {100 * (chance <= 0.001).mean():.2f}"
    regions = [100 * np.count_nonzero(each) / runs for each in (marked, beside)]
    print(f"| {title} | {rare} | {regions[0]:.0f} | {regions[1]:.0f} | {np.mean(marked):.2f} |")


def tell_found(test: Callable[..., Test], runs: int, depart: float) -> None:
    """Regions with planted schools: of 100 of them found, by share of pupils and size; of 100 found by mistake."""
    for share in INFLATED:
        cells, false = [], []
        for size in SIZES:
            rare = [adjust_chances(each) <= LEVEL for _, each in repeat(test, runs, PLANTED, size, share, depart)]
            cells.append(f"{100 * np.mean([each[:PLANTED].mean() for each in rare]):.0f}")
            false.append(np.mean([each[PLANTED:].sum() / max(each.sum(), 1) for each in rare]))
        print(f"| {100 * share:.0f} | {' | '.join(cells)} | {100 * max(false):.1f} |")


def main(runs: int = 200) -> None:
    started = time.perf_counter()
    print("Обычный регион | p ≤ 5 %, % | p ≤ 0,1 %, % | регионов с отмеченными, % | с предостережениями, % | школ")
    for rough in (0.0, 0.1, 0.2):
        tell_null(f"баллы на границах, неровность работы {rough}", try_peaks, runs, rough)
    for spread in (0.0, 0.4, 0.7):
        tell_null(f"отметки выше журнала, различие школ {spread}", try_journal, runs, spread)
    for title, test, depart in (("баллы", try_peaks, 0.1), ("журнал", try_journal, SPREAD)):
        print(f"{title}: учеников, % | найдено, % при n = {', '.join(map(str, SIZES))} | ошибочных среди найденных, %")
        tell_found(test, runs, depart)
    print(f"{time.perf_counter() - started:.0f} с")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
