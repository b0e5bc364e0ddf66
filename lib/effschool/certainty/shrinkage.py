"""Estimates that shrink (уточнённая оценка): level and trend of every school's index, by empirical Bayes.

A school's index is taken as a line over the years plus chance; lines of the schools of a group vary about a common one.
The fewer the pupils, the more the estimate leans on the group: raw values of small schools are not to be believed.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from effschool.certainty.chance import draw_year
from effschool.certainty.resampling import narrow, observe, recompute, take_own_method
from effschool.certainty.sampling import Cells, Recount, Values, estimate_ties, lay_cells, plan_repeats, size_block

LEVEL_COLUMNS = ["year", "school_id", "domain", "raw", "level", "level_error", "trend", "trend_error"]
LEVEL_KEY = 4
ENOUGH_DRAWS = 200
"""Draws behind the chance part of an index; its size is scaled by the data afterwards."""
ROUNDS, FEWEST_SCHOOLS = 200, 5


def estimate_levels(recount: Recount) -> pd.DataFrame:
    """Level in the year and yearly trend of every ranked school and domain.

    Returns:
        Columns year, school_id, domain, raw (the index as it is), level, level_error, trend (index per year),
        trend_error; errors are standard errors, without the small error of the group's own line. A school without an
        index in the year, and one of a group with fewer than five schools, has no row.
    """
    cells = [found for domain in recount.methodology.domains if (found := lay_cells(recount, domain))]
    frames = [frame for each in cells for frame in _estimate_domain(each, recount)]
    if not frames:
        return pd.DataFrame(columns=LEVEL_COLUMNS)
    return pd.concat(frames, ignore_index=True).assign(year=recount.year)[LEVEL_COLUMNS]


def _estimate_domain(cells: Cells, recount: Recount) -> list[pd.DataFrame]:
    index = observe(cells, recount.methodology).index[:, :, 0]
    variance = measure_chance(cells, recount)
    time = np.array(cells.years, dtype=float) - recount.year
    frames = []
    for group in cells.list_groups(len(cells.years) - 1):
        same = cells.group[:, group.members] == group.number
        values = np.where(same, index[:, group.members], np.nan)
        ranked = ~np.isnan(values[-1])
        if ranked.sum() < FEWEST_SCHOOLS:
            continue
        lines = fit_lines(values.T[ranked], variance[:, group.members].T[ranked], time)
        ids = cells.ids[group.members][ranked]
        frame = pd.DataFrame({"school_id": ids, "domain": cells.domain, "raw": values[-1][ranked]})
        level, trend = lines.mean.T
        errors = np.sqrt(lines.variance[:, [0, 1], [0, 1]].T)
        frames.append(frame.assign(level=level, level_error=errors[0], trend=trend, trend_error=errors[1]))
    return frames


def measure_chance(cells: Cells, recount: Recount) -> Values:
    """Variance of every index over draws of other pupils [year, school]; NaN without an index."""
    settings = recount.settings.draws
    sampler = plan_repeats(cells, settings, estimate_ties(cells, settings))
    method = narrow(take_own_method(recount.methodology, cells.domain))

    def _work(generator: np.random.Generator, size: int) -> tuple[Values, Values]:
        index = recompute(cells, partial(draw_year, sampler, generator, size), method, recount.methodology).index
        return index.sum(axis=2, dtype=float), (index.astype(float) ** 2).sum(axis=2)

    few = Recount(recount.identified, recount.tables, recount.methodology, recount.year, ENOUGH_DRAWS, recount.workers)
    blocks = few.run(_work, size_block(cells), LEVEL_KEY, len(cells.indicators))
    first, second = (np.sum([block[part] for block in blocks], axis=0) / ENOUGH_DRAWS for part in (0, 1))
    return np.asarray(np.maximum(second - first**2, 1e-8))


@dataclass(frozen=True)
class Lines:
    """Posterior mean [school, 2] and variance [school, 2, 2] of level and trend, and what they were shrunk to.

    `scale`: how many times the yearly scatter exceeds what was given as chance.
    """

    mean: Values
    variance: Values
    centre: Values
    spread: Values
    scale: float


def fit_lines(values: Values, variance: Values, time: Values) -> Lines:
    """Random lines by empirical Bayes, fitted by the EM algorithm, all schools at once.

    value = level + trend·time + chance; (level, trend) vary about `centre` with the covariance `spread`; chance has the
    variance `scale`·`variance`. Values may be NaN. Where time has one point, the trend is its centre, zero.

    Args:
        values, variance: [school, year].
        time: years, 0 the one whose level is meant.
    """
    known = ~np.isnan(values)
    filled, precision = np.where(known, values, 0.0), np.where(known, 1 / np.where(known, variance, 1.0), 0.0)
    design = np.column_stack([np.ones(len(time)), time])
    inner = np.einsum("sy,ya,yb->sab", precision, design, design)
    outer = np.einsum("sy,ya,sy->sa", precision, design, filled)
    has_trend = bool((known.sum(axis=1) > 1).any())
    scale, centre = 1.0, np.array([np.nanmean(values), 0.0])
    level = float(np.nanvar(values)) or 1e-8
    spread = np.diag([level, level / 10 if has_trend else 1e-12])
    for _ in range(ROUNDS):
        inverse = np.linalg.inv(spread)
        posterior = np.linalg.inv(inner / scale + inverse)
        mean = np.einsum("sab,sb->sa", posterior, outer / scale + inverse @ centre)
        centre = mean.mean(axis=0) if has_trend else np.array([mean[:, 0].mean(), 0.0])
        apart = mean - centre
        spread = (posterior + apart[:, :, None] * apart[:, None, :]).mean(axis=0) + np.diag([1e-10, 1e-12])
        left = filled - mean @ design.T
        unsure = np.einsum("ya,sab,yb->sy", design, posterior, design)
        if has_trend:
            scale = float(((left**2 + unsure) * precision)[known].mean())
    return Lines(mean, posterior, centre, spread, scale)
