"""Pupils drawn anew (розыгрыш учеников): counts of one domain as a grid, and many draws of them at once.

Axes: year, indicator, school, draw. Procedures of one school move together, as its changes from year to year show.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.methodology import Certainty, Domain, Draws, Fioko, Indicator, Methodology, ShareIndicator
from effschool.method.windows import find_ranked_years, is_covered, list_candidates

Values = NDArray[Any]
Result = TypeVar("Result")
STEPS, REACH = 128, 4.0
"""Quantiles are tabulated at steps of 1/128 between −4 and 4 standard deviations: a probability is off by 0.2 % at
most."""
EXACT_UP_TO = 200
"""Quantiles of counts are exact up to so many pupils, beyond by Cornish and Fisher's expansion."""
ANGLES = 160
"""Steps of the mean of a tabulated distribution: of its angle, whose error of chance is the same at every mean."""
VALUES_AT_ONCE, FEWEST_DRAWS = 1_500_000, 16
"""Size of a block of draws: values of one array, and the least number of draws in it."""


@dataclass(frozen=True)
class Recount:
    """What is to be computed anew: the lists of one year, and how often.

    Args:
        draws: draws of pupils; none given is what the methodology says.
        workers: blocks of draws at once; none given is one per core. They change nothing but the time.
    """

    identified: Identified
    tables: Tables = field(repr=False)
    methodology: Methodology
    year: int
    draws: int | None = None
    workers: int | None = None

    @property
    def settings(self) -> Certainty:
        """Settings of the methodology.

        Raises:
            ValueError: it has none.
        """
        if self.methodology.certainty is None:
            raise ValueError(
                f"В методике «{self.methodology.title}» нет раздела certainty, поэтому насколько случайны списки, "
                "не вычислить. Добавьте раздел по образцу methodologies/khabarovsk-2020.yml."
            )
        return self.methodology.certainty

    @property
    def number(self) -> int:
        """Draws of pupils."""
        return self.draws or self.settings.draws.number

    def run(self, work: Callable[[np.random.Generator, int], Result], size: int, *key: int) -> list[Result]:
        """Carry out all draws in blocks of `size`; `key` tells computations apart, so that their draws differ."""
        return run_blocks(work, (self.number, size), (self.settings.draws.seed, *key), self.workers)


def run_blocks(
    work: Callable[[np.random.Generator, int], Result],
    numbers: tuple[int, int],
    seed: Sequence[int],
    workers: int | None = None,
) -> list[Result]:
    """Carry out draws in blocks, several at once; every block has a seed of its own, so workers change nothing.

    Args:
        work: gets a generator and a number of draws.
        numbers: draws in all and in one block.
    """
    number, size = numbers
    starts = range(0, number, size)
    seeds = np.random.SeedSequence(list(seed)).spawn(len(starts))
    jobs = [(np.random.default_rng(own), min(size, number - start)) for start, own in zip(starts, seeds, strict=True)]
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        return list(pool.map(lambda job: work(*job), jobs))


def size_block(cells: "Cells", copies: int = 1) -> int:
    """Draws in a block, so that its arrays keep one size whatever the number of schools."""
    return max(VALUES_AT_ONCE // max(cells.raw[0].size * copies, 1), FEWEST_DRAWS)


# The grid


@dataclass(frozen=True)
class CellGroup:
    """Schools that are compared with one another: year's place, number of the group, positions of its schools."""

    place: int
    number: int
    members: Values


@dataclass(frozen=True)
class Cells:
    """What the draws of one domain start from.

    Args:
        raw: values of indicators [year, indicator, school], NaN where the school lacks one.
        participants: pupils behind each, 0 where it is lacking.
        group: number of the group [year, school], −1 where the school is not in the register or left out.
        window: places in `years` that the window of the report's year may draw on, the last is the latest.
    """

    domain: Domain
    years: tuple[int, ...]
    ids: pd.Index
    indicators: tuple[Indicator, ...]
    raw: Values
    participants: Values
    group: Values
    window: tuple[int, ...]

    def list_groups(self, place: int) -> Iterator[CellGroup]:
        """Groups of a year."""
        for number in range(self.group.max() + 1):
            members = np.flatnonzero(self.group[place] == number)
            if len(members):
                yield CellGroup(place, number, members)

    def keep_window(self) -> "Cells":
        """The years of the window alone, with the report's year."""
        kept = sorted({*self.window, len(self.years) - 1})
        window = tuple(kept.index(place) for place in self.window)
        years = tuple(self.years[place] for place in kept)
        return replace(
            self,
            years=years,
            raw=self.raw[kept],
            participants=self.participants[kept],
            group=self.group[kept],
            window=window,
        )


def lay_cells(recount: Recount, domain: Domain) -> Cells | None:
    """Values of the years up to `year` on a grid, of all schools that took part in any.

    Nothing where the window is not covered, or the methodology does not say how to draw.
    """
    identified, methodology, year = recount.identified, recount.methodology, recount.year
    if methodology.certainty is None:
        return None
    ranked = find_ranked_years(identified.indices, domain)
    if domain not in methodology.domains or not is_covered(methodology.lists.window, year, ranked):
        return None
    years = tuple(sorted({each for each in ranked if each <= year} | {year}))
    taken = identified.schools.dropna(subset="group")
    taken = taken[taken["year"].isin(years)]
    ids = pd.Index(sorted(taken["school_id"].unique()))
    code, _ = pd.factorize(taken["group"], sort=True)
    group = np.full((len(years), len(ids)), -1)
    place = pd.Index(years)
    group[place.get_indexer(taken["year"]), ids.get_indexer(taken["school_id"])] = code
    candidates = list_candidates(methodology.lists.window, year, min(ranked))
    window = tuple(index for index, each in enumerate(years) if each in candidates)
    names = pd.Index([item.id for item in methodology.domains[domain].indicators])
    own = identified.indicators[identified.indicators["year"].isin(years) & (identified.indicators["domain"] == domain)]
    raw, participants = spread_to_arrays(own, place, names, ids)
    return Cells(domain, years, ids, methodology.domains[domain].indicators, raw, participants, group, window)


def spread_to_arrays(values: pd.DataFrame, years: pd.Index, names: pd.Index, ids: pd.Index) -> tuple[Values, Values]:
    """Raw values and participants [year, indicator, school]."""
    at = (
        years.get_indexer(values["year"]),
        names.get_indexer(values["indicator"]),
        ids.get_indexer(values["school_id"]),
    )
    raw = np.full((len(years), len(names), len(ids)), np.nan)
    participants = np.zeros(raw.shape)
    raw[at], participants[at] = values["raw"], values["participants"]
    return raw, participants


def lay_procedures(shares: pd.DataFrame, fioko: Fioko, year: int) -> Cells | None:
    """Shares of failed participants of the years that the rule looks at (`fioko.compute_procedure_shares`)."""
    shares = shares[shares["year"].between(year - fioko.years + 1, year)]
    if not (shares["year"] == year).any():
        return None
    years, names = pd.Index(range(year - fioko.years + 1, year + 1)), [item.id for item in fioko.procedures]
    ids = pd.Index(sorted(shares.loc[shares["year"] == year, "school_id"].unique()))
    shares = shares[shares["school_id"].isin(ids)]
    long = shares.rename(columns={"procedure": "indicator", "failed_pct": "raw"})
    raw, participants = spread_to_arrays(long, years, pd.Index(names), ids)
    items = tuple(ShareIndicator.model_construct(id=name) for name in names)
    group = np.zeros((len(years), len(ids)), dtype=np.int64)
    return Cells("results", tuple(years), ids, items, raw, participants, group, tuple(range(len(years))))


# Drawing


@dataclass(frozen=True)
class Ties:
    """How values of one school move, by indicator.

    Args:
        correlation: of the indicators' yearly changes.
        spread: one pupil's standard deviation of a mean.
        lasting: how much a pupil of another year tells beside one of the year, 0…1.
    """

    correlation: Values
    spread: Values
    lasting: Values


@dataclass(frozen=True)
class Sampler:
    """How values are drawn: tabulated quantiles of counts, spread of means, and what ties the indicators together.

    Args:
        table: counts of participants by row and step of the normal quantile.
        row: row of the table [year, indicator, school].
        centre, spread: mean and standard deviation of a value that is no share.
        root: lower triangle whose square is the correlation of the indicators.
    """

    cells: Cells
    table: Values
    row: Values
    centre: Values
    spread: Values
    root: Values

    def draw(self, generator: np.random.Generator, place: int, number: int) -> Values:
        """Values of one year [indicator, school, draw]; of a lacking indicator they mean nothing."""
        shape = (*self.row.shape[1:], number)
        normal = generator.standard_normal((shape[0], shape[1] * number), dtype=np.float32)
        scores = (self.root @ normal).reshape(shape)
        for index, item in enumerate(self.cells.indicators):
            participants = np.maximum(self.cells.participants[place, index], 1).astype(np.float32)
            if isinstance(item, ShareIndicator):
                counts = self._look_up(self.row[place, index], scores[index])
                np.divide(counts * np.float32(100), participants[:, None], out=scores[index])
            else:
                scores[index] *= self.spread[place, index][:, None].astype(np.float32)
                scores[index] += self.centre[place, index][:, None].astype(np.float32)
        return scores

    def _look_up(self, row: Values, scores: Values) -> Values:
        # Arrays are changed in place: a block is drawn in a third less time.
        scores *= np.float32(STEPS)
        scores += np.float32(REACH * STEPS)
        step = scores.astype(np.int32)
        np.clip(step, 0, self.table.shape[1] - 1, out=step)
        step += (row * self.table.shape[1]).astype(np.int32)[:, None]
        return np.asarray(self.table.ravel().take(step, mode="clip"))


def plan_repeats(cells: Cells, settings: Draws, ties: Ties) -> Sampler:
    """Draws of other pupils of the same schools: beta-binomial on the counts of the year.

    The counts are completed by those of the school's other years at the weight `lasting`, brought to the year's
    ordinary share, and by `prior_pupils` ordinary pupils.
    """
    total, ordinary = cells.participants, find_ordinary(cells)
    count = np.rint(np.nan_to_num(cells.raw) * total / 100)
    with_others = partial(add_other_years, weight=ties.lasting[None, :, None])
    known = with_others(total)
    failed = np.minimum(ordinary * with_others(count / ordinary), known)
    centre = with_others(np.nan_to_num(cells.raw) * total) / np.maximum(known, 1)
    first = failed + settings.prior_pupils * ordinary
    second = known - failed + settings.prior_pupils * (1 - ordinary)
    # The pupils seen are a draw themselves, and the new ones another: both variances, as in the beta-binomial.
    pupils = np.maximum(total, 1)
    spread = ties.spread[None, :, None] * np.sqrt(1 / pupils + 1 / np.maximum(known + settings.prior_pupils, 1))
    return build_sampler(cells, (total, *coarsen(first, second)), centre, spread, ties)


def coarsen(first: Values, second: Values) -> tuple[Values, Values]:
    """Parameters of a beta distribution on a grid, so that schools share tables and a country fits into memory.

    The mean is kept to 0.3 percentage points near 50 % and closer at the ends, the number of pupils to 5 %.
    """
    pupils = np.exp(np.rint(np.log(first + second) * 10) / 10)
    share = (first / (first + second)).clip(0, 1)
    angle = np.rint(np.arcsin(np.sqrt(share)) * ANGLES).clip(1, round(ANGLES * np.pi / 2) - 1)
    mean = np.sin(angle / ANGLES) ** 2
    return mean * pupils, (1 - mean) * pupils


def add_other_years(values: Values, weight: Values) -> Values:
    """Values [year, indicator, school] with those of the other years added at a weight."""
    return np.asarray((1 - weight) * values + weight * values.sum(axis=0, keepdims=True))


def plan_ordinary(cells: Cells, ties: Ties) -> Sampler:
    """Draws of schools that have their group's ordinary result and their own number of participants: binomial."""
    total = cells.participants
    binomial = np.full(total.shape, np.inf)
    spread = ties.spread[None, :, None] / np.sqrt(np.maximum(total, 1))
    return build_sampler(cells, (total, binomial, find_ordinary(cells)), find_ordinary_mean(cells), spread, ties)


def find_ordinary(cells: Cells) -> Values:
    """Ordinary share 0…1 of every year, indicator and school's group, to a thousandth."""
    return np.asarray((find_ordinary_mean(cells) / 100).round(3).clip(0.001, 0.999))


def find_ordinary_mean(cells: Cells) -> Values:
    """Mean value of every year, indicator and school's group, weighted by participants."""
    mean = np.zeros(cells.raw.shape)
    for place in range(len(cells.years)):
        for group in cells.list_groups(place):
            members = group.members
            total = cells.participants[place][:, members].sum(axis=1)
            points = (np.nan_to_num(cells.raw[place]) * cells.participants[place])[:, members].sum(axis=1)
            mean[place][:, members] = (points / np.maximum(total, 1))[:, None]
    return mean


def build_sampler(
    cells: Cells, shape: tuple[Values, Values, Values], centre: Values, spread: Values, ties: Ties
) -> Sampler:
    """Tabulate every distinct distribution once: (pupils, a, b) of a beta-binomial, or (pupils, infinity, share)."""
    known = cells.participants > 0
    shares = np.array([isinstance(item, ShareIndicator) for item in cells.indicators])
    wanted = known & shares[None, :, None]
    keys, found = np.unique(np.column_stack([part[wanted] for part in shape]), axis=0, return_inverse=True)
    row = np.zeros(known.shape, dtype=np.int64)
    row[wanted] = found.ravel()
    blocks = [tabulate_quantiles(*keys[start : start + 1024].T) for start in range(0, max(len(keys), 1), 1024)]
    root = np.linalg.cholesky(ties.correlation).astype(np.float32)
    return Sampler(cells, np.concatenate(blocks), row, centre, spread, root)


def tabulate_quantiles(total: Values, first: Values, second: Values) -> Values:
    """Count at every step of the normal quantile: a row per distribution."""
    table = np.zeros((len(total), round(2 * REACH * STEPS)), dtype=np.uint16)
    small = total <= EXACT_UP_TO
    if small.any():
        table[small] = invert_counts(total[small], first[small], second[small])
    if not small.all():
        table[~small] = expand_counts(total[~small], first[~small], second[~small])
    return table


def invert_counts(total: Values, first: Values, second: Values) -> Values:
    """Exact quantiles: how many counts' cumulative probabilities a step has passed."""
    counts = np.arange(int(total.max()) + 1)
    cumulative = cumulate(counts[None, :], total[:, None], first[:, None], second[:, None])
    border = special.ndtri(np.where(counts[None, :] < total[:, None], cumulative, 1.0))
    steps = round(2 * REACH * STEPS)
    passed = np.clip(np.ceil((border + REACH) * STEPS - 0.5), 0, steps).astype(np.int64)
    flat = passed + (steps + 1) * np.arange(len(total))[:, None]
    jumps = np.bincount(flat.ravel(), minlength=len(total) * (steps + 1)).reshape(len(total), steps + 1)
    return np.asarray(jumps.cumsum(axis=1)[:, :steps].astype(np.uint16))


def cumulate(count: Values, total: Values, first: Values, second: Values) -> Values:
    """P(X ≤ count), by the ratio of neighbours; binomial with the share `second` where `first` is infinite, for all."""
    if np.isinf(first).all():
        return np.asarray(special.bdtr(np.minimum(count, total), total.astype(np.int64), second))
    inside = np.minimum(count[:, :-1], total - 1)
    ratio = (total - inside) * (inside + first) / ((inside + 1) * (total - inside - 1 + second))
    log = np.pad(np.log(ratio).cumsum(axis=1), ((0, 0), (1, 0)))
    mass = np.where(count <= total, np.exp(log - log.max(axis=1, keepdims=True)), 0.0).cumsum(axis=1)
    return np.asarray(mass / mass[:, -1:])


def expand_counts(total: Values, first: Values, second: Values) -> Values:
    """Quantiles for many pupils by Cornish and Fisher: mean + s·(z + skewness·(z² − 1)/6), rounded to whole pupils."""
    binomial = np.isinf(first).all()
    moments = (
        stats.binom.stats(total, second, moments="mvs")
        if binomial
        else stats.betabinom.stats(total, first, second, moments="mvs")
    )
    mean, variance, skewness = (moment[:, None] for moment in moments)
    score = (np.arange(round(2 * REACH * STEPS)) + 0.5) / STEPS - REACH
    counts = np.rint(mean + np.sqrt(variance) * (score + skewness * (score**2 - 1) / 6))
    return np.asarray(counts.clip(0, total[:, None]).astype(np.uint16))


# What ties indicators together


def scale_changes(cells: Cells) -> Values:
    """Changes of values from year to year, in units of one pupil's spread: a row per school and pair of years.

    A school's lasting level is gone from a change; the region's own change is taken out as well. NaN where one of the
    years is lacking.
    """
    known = cells.participants > 0
    both = known[1:] & known[:-1]
    inverse = [1 / np.where(known, cells.participants, 1)[part] for part in (slice(1, None), slice(None, -1))]
    change = np.where(both, np.diff(cells.raw, axis=0) / np.sqrt(inverse[0] + inverse[1]), np.nan)
    number = both.sum(axis=2, keepdims=True)
    mean = np.nansum(change, axis=2, keepdims=True) / np.maximum(number, 1)
    return np.asarray((change - mean).transpose(0, 2, 1).reshape(-1, len(cells.indicators)))


def estimate_ties(cells: Cells, settings: Draws) -> Ties:
    """Ties of the indicators from all years there are."""
    changes = scale_changes(cells)
    number = len(cells.indicators)
    independent = settings.correlation == "none"
    correlation = np.eye(number) if independent else correlate_changes(changes, settings.min_pairs)
    alone = settings.other_years == "none"
    lasting = np.zeros(number) if alone else measure_lasting(cells, changes)
    return Ties(correlation, measure_spread(cells, changes), lasting)


def measure_lasting(cells: Cells, changes: Values) -> Values:
    """How much a pupil of another year tells, by indicator: 1/(2φ − 1).

    φ is the variance of a school's yearly changes over what chance alone would give to its shares; 1 where its level
    lasts. A mean, for which chance is not known apart, has the mean of the shares, and 0 without shares.
    """
    total = cells.participants
    known = total > 1
    mixed = np.where(known, cells.raw * (100 - cells.raw) * total / np.maximum(total - 1, 1), np.nan)
    number = known.sum(axis=(0, 2))
    chance = np.nansum(mixed, axis=(0, 2)) / np.maximum(number, 1)
    pairs = (~np.isnan(changes)).sum(axis=0)
    found = np.nansum(changes**2, axis=0) / np.maximum(pairs, 1)
    shares = np.array([isinstance(item, ShareIndicator) for item in cells.indicators]) & (chance > 0) & (pairs > 1)
    excess = np.maximum(np.divide(found, chance, out=np.ones(len(found)), where=shares), 1)
    return np.asarray(
        np.where(shares, 1 / (2 * excess - 1), (1 / (2 * excess[shares] - 1)).mean() if shares.any() else 0)
    )


def measure_spread(cells: Cells, changes: Values) -> Values:
    """Standard deviation of one pupil's value by indicator, from changes between years; without them, of schools."""
    number = (~np.isnan(changes)).sum(axis=0)
    within = np.nansum(changes**2, axis=0) / np.maximum(number, 1)
    apart = np.nan_to_num(cells.raw - find_ordinary_mean(cells))
    between = (cells.participants * apart**2).sum(axis=(0, 2))
    between = between / np.maximum((cells.participants > 0).sum(axis=(0, 2)), 1)
    return np.asarray(np.sqrt(np.where(number > 1, within, between)))


def correlate_changes(changes: Values, min_pairs: int) -> Values:
    """Correlation of the indicators' yearly changes, made positive definite; 0 for want of pairs."""
    correlation = pd.DataFrame(changes).corr(min_periods=min_pairs).fillna(0).to_numpy(copy=True)
    np.fill_diagonal(correlation, 1.0)
    value, vector = np.linalg.eigh(correlation)
    mended = (vector * value.clip(1e-3)) @ vector.T
    scale = np.sqrt(np.diag(mended))
    return np.asarray(mended / np.outer(scale, scale))
