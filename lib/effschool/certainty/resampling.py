"""Lists computed anew (пересчёт списков): values of many draws → index → bands → lists, as arrays.

The same steps as `identify`, in the same order; given the observed values they give the same lists. Axes: year, school,
draw. A band is a number, see `BAND_CODES`; a school without one has 0.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from effschool.certainty.sampling import CellGroup, Cells, Values
from effschool.method.bands import count_cut
from effschool.method.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW, weigh_indicators
from effschool.method.methodology import BandRules, Domain, Fioko, GapIndicator, Indicator, Methodology, WindowCondition
from effschool.method.windows import find_last

Flags = NDArray[np.bool_]
BAND_CODES = {None: 0, "low": 1, "mid": 2, "high": 3}
NORMALISATIONS = ("min_max", "z_score", "rank")
FLOAT32_TOLERANCE = 2e-6
"""Indices of draws are kept in single precision: closer ones are equal."""
Z_RANGE = 6.0
"""A z-score from −3 to 3 becomes 0…1."""


# From values to bands


@dataclass(frozen=True)
class Method:
    """Choices of method, an entry per draw, or one entry for all draws.

    Args:
        weights: [indicator, draw]; 0 leaves an indicator out.
        normalisation: place in `NORMALISATIONS`.
        geometric, trimmed, filled, literal: as `certainty.Choices` describes.
        rule: how the switch `social_rule` is read: 0 as the file has it, 1 and on as the `readings`.
    """

    weights: Values
    normalisation: Values
    geometric: Flags
    trimmed: Flags
    filled: Flags
    literal: Flags
    rule: Values
    trim_share: float = 0.0
    readings: tuple[str, ...] = ()


def take_own_method(methodology: Methodology, domain: Domain) -> Method:
    """The method as the file has it."""
    rules = methodology.domains[domain]
    weights = np.array([weigh_indicators(rules)[item.id] for item in rules.indicators])[:, None]
    no, geometric = np.array([False]), np.array([rules.aggregation.kind == "geometric"])
    literal = np.array([methodology.orientation == "literal"])
    return Method(weights, np.array([0]), geometric, no, no, literal, np.array([0]))


def narrow(method: Method) -> Method:
    """The method with weights in single precision, as draws are computed."""
    return replace(method, weights=method.weights.astype(np.float32))


@dataclass(frozen=True)
class Reference:
    """What the observed region sets: ends of the scale [year, group, indicator, 2] and cuts [year, group, 2].

    `mean_cuts` [group, 2] are those of the window's mean index.
    """

    ends: Values
    cuts: Values
    mean_cuts: Values


@dataclass(frozen=True)
class Redrawn:
    """Index [year, school, draw] (NaN without one), bands likewise, and lag flags [school, draw] of the last year."""

    index: Values
    bands: Values
    lags: Values


def recompute(
    cells: Cells,
    values: Callable[[int], Values],
    method: Method,
    methodology: Methodology,
    reference: Reference | None = None,
) -> Redrawn:
    """Indices and bands of every draw.

    Args:
        values: values [indicator, school, draw] of a year's place.
        reference: ends and cuts that the observed region sets; without it every draw sets its own.
    """
    rules = methodology.domains[cells.domain]
    index, bands, lags = [], [], np.zeros((len(cells.ids), 1), dtype=np.int16)
    for place in range(len(cells.years)):
        drawn = values(place)
        shape = drawn.shape[1:]
        year_index, year_bands = np.full(shape, np.nan, drawn.dtype), np.zeros(shape, np.int8)
        lags = np.zeros(shape, np.int16)
        for group in cells.list_groups(place):
            members = group.members
            ends = reference.ends[place, group.number] if reference else None
            made, coverage, lagging = compute_index(cells, group, drawn, method, ends)
            ranked = ~np.isnan(made) & (coverage >= rules.min_coverage - rules.bands.tolerance)
            cuts = reference.cuts[place, group.number] if reference else None
            year_index[members], lags[members] = made, lagging
            year_bands[members] = band_columns(made, ranked, rules.bands, cuts)
        index.append(year_index)
        bands.append(year_bands)
    return Redrawn(np.stack(index), np.stack(bands), lags)


def compute_index(
    cells: Cells, group: CellGroup, drawn: Values, method: Method, ends: Values | None
) -> tuple[Values, Values, Values]:
    """Index, coverage and number of lags of one year and group, [school, draw]."""
    members = group.members
    shape = (len(members), drawn.shape[2])
    total, weight, available = (np.zeros(shape, drawn.dtype) for _ in range(3))
    applicable, lags = np.zeros(shape[1], drawn.dtype), np.zeros(shape, np.int16)
    for number, item in enumerate(cells.indicators):
        known = cells.participants[group.place, number, members] > 0
        if not known.any():
            continue
        at = slice(None) if known.all() else np.flatnonzero(known)
        raw = drawn[number, members[at]]
        value, varies = normalise_columns(raw, item, method, None if ends is None else ends[number])
        if isinstance(item, GapIndicator):
            lags[at] += raw < -item.threshold - 1e-9
        own = (method.weights[number] * varies).astype(drawn.dtype)
        counts = (own > 0).astype(drawn.dtype)
        scaled = scale_for_mean(value, method.geometric)
        total[at] += own * scaled
        weight[at] += own
        available[at] += counts
        applicable += counts
        if method.filled.any() and not known.all():
            lacking, filled = np.flatnonzero(~known), np.broadcast_to(method.filled, shape[1])
            middle = np.zeros(shape[1], drawn.dtype)
            middle[filled] = find_medians(scaled[:, filled])
            total[lacking] += own * middle
            weight[lacking] += own * method.filled
    mean = np.divide(total, weight, out=np.full(shape, np.nan, drawn.dtype), where=weight > 0)
    return unscale_mean(mean, method.geometric), available / np.maximum(applicable, 1), lags


def find_medians(values: Values) -> Values:
    """Median of every column: as numpy's, by a whole sort, which is several times faster than a partition."""
    ordered = np.sort(values, axis=0)
    return np.asarray((ordered[(len(values) - 1) // 2] + ordered[len(values) // 2]) / 2)


def scale_for_mean(value: Values, geometric: Flags) -> Values:
    """Values as they are summed: themselves, or the logarithm of their place on 1…100."""
    if not geometric.any():
        return value
    logged = np.log(GEOMETRIC_LOW + (GEOMETRIC_HIGH - GEOMETRIC_LOW) * value)
    return np.where(geometric, logged, value)


def unscale_mean(mean: Values, geometric: Flags) -> Values:
    """The mean in the units of the index."""
    return np.where(geometric, np.exp(np.where(geometric, mean, 0)), mean) if geometric.any() else mean


def normalise_columns(
    raw: Values, item: Indicator, method: Method, ends: Values | None = None
) -> tuple[Values, Values]:
    """Values 0…1 [school, draw], and whether the indicator varies in each draw."""
    one = raw.dtype.type(1)
    if isinstance(item, GapIndicator):
        lags = (raw < -item.threshold - 1e-9).astype(raw.dtype)
        return np.where(method.literal, lags, one - lags), np.array([True])
    low, high = (raw.min(axis=0), raw.max(axis=0)) if ends is None else ends.astype(raw.dtype)[:, None]
    if method.trimmed.any():
        rest, trimmed = int(method.trim_share * len(raw)), np.broadcast_to(method.trimmed, raw.shape[1])
        low[trimmed], high[trimmed] = np.sort(raw[:, trimmed], axis=0)[[rest, len(raw) - 1 - rest]]
    varies = high - low > 1e-9
    value = ((raw - low) / np.where(varies, high - low, one)).clip(0, 1)
    for kind, convert in ((1, score_columns), (2, rank_columns)):
        chosen = method.normalisation == kind
        if chosen.any():
            value[:, chosen] = convert(value[:, chosen])
    return (one - value if item.direction == "inverse" else value), varies


def score_columns(values: Values) -> Values:
    """z-scores of every draw, from −3…3 to 0…1."""
    spread = values.std(axis=0)
    return np.asarray(
        ((values - values.mean(axis=0)) / (Z_RANGE * np.where(spread > 0, spread, 1)) + values.dtype.type(0.5)).clip(
            0, 1
        )
    )


def rank_columns(values: Values) -> Values:
    """Ranks of every draw from 0 to 1, ties share the mean rank."""
    return np.asarray((rank_ties(values) / max(len(values) - 1, 1)).astype(values.dtype))


def rank_ties(values: Values) -> Values:
    """Mean rank from 0 of every value in its column."""
    return np.asarray(stats.rankdata(values, axis=0) - 1)


def band_columns(values: Values, ranked: Flags, rules: BandRules, cuts: Values | None = None) -> Values:
    """Band of every school in every draw, as `bands.assign_bands` gives them; with `cuts` beyond the given ends."""
    tolerance = max(rules.tolerance, FLOAT32_TOLERANCE if values.dtype == np.float32 else 0)
    if cuts is not None:
        low, high, met = cuts[0], cuts[1], np.array([False])
    elif rules.cut == "spss":
        return band_quarters(values, ranked, tolerance)
    else:
        low, high, met = find_cuts(np.where(ranked, values, np.inf), ranked.sum(axis=0), rules, tolerance)
    bands = np.where(ranked, BAND_CODES["mid"], 0).astype(np.int8)
    bands[ranked & ~met & (values <= low + tolerance)] = BAND_CODES["low"]
    bands[ranked & ~met & (values >= high - tolerance)] = BAND_CODES["high"]
    return bands


def find_cuts(values: Values, number: Values, rules: BandRules, tolerance: float) -> tuple[Values, Values, Flags]:
    """The k-th lowest and k-th highest value of every draw, and where they met so that all are in the middle."""
    sizes = {size: count_cut(size, rules) for size in np.unique(number).tolist()}
    size = np.array([sizes[each] for each in number.tolist()])
    ordered = np.sort(values, axis=0)
    low = np.take_along_axis(ordered, np.maximum(size - 1, 0)[None], axis=0)[0]
    high = np.take_along_axis(ordered, np.clip(number - size, 0, len(values) - 1)[None], axis=0)[0]
    return low, high, (size == 0) | (low >= high - tolerance)


def band_quarters(values: Values, ranked: Flags, tolerance: float) -> Values:
    """SPSS quarters of every draw (`bands.assign_spss_quarters`); values are compared to the tolerance."""
    ties = np.where(ranked, np.rint(values / tolerance), np.inf)
    part = np.floor(4 * (rank_ties(ties) + 1) / (ranked.sum(axis=0) + 1)) + 1
    bands = np.select([part == 1, part == 4], [BAND_CODES["low"], BAND_CODES["high"]], BAND_CODES["mid"])
    return np.where(ranked, bands, 0).astype(np.int8)


def observe(cells: Cells, methodology: Methodology) -> Redrawn:
    """The observed values as a single draw, at full precision."""
    method = take_own_method(methodology, cells.domain)
    return recompute(cells, lambda place: np.nan_to_num(cells.raw[place])[:, :, None], method, methodology)


# From bands to lists


def hold_statuses(
    cells: Cells,
    redrawn: Redrawn,
    methodology: Methodology,
    method: Method,
    reference: Reference | None = None,
) -> dict[str, Flags]:
    """Members of every list [school, draw]: of the statuses in their order the first that fits, as `lists` does."""
    statuses = methodology.lists.list_statuses(cells.domain)
    view = _open_window(cells, redrawn, methodology, reference)
    free = np.broadcast_to(cells.group[-1][:, None] >= 0, redrawn.bands.shape[1:]).copy()
    members: dict[str, Flags] = {}
    for status in statuses:
        wanted = BAND_CODES[status.band] if status.band else None
        fits = _satisfy(view, wanted, methodology.find_rule(status).any_of)
        for place, name in enumerate(method.readings if status.rule == "social_rule" else (), start=1):
            other = _satisfy(view, wanted, methodology.lists.window_rules[name].any_of)
            fits = np.where(method.rule == place, other, fits)
        members[status.status] = members.get(status.status, False) | (fits & free)
        free &= ~fits
    return members


@dataclass(frozen=True)
class _Window:
    bands: Values
    mean_bands: Callable[[], Values]
    ranked: Flags
    lags: Values


def _open_window(cells: Cells, redrawn: Redrawn, methodology: Methodology, reference: Reference | None) -> _Window:
    places = list(cells.window)
    bands, index = redrawn.bands[places], redrawn.index[places]
    length = methodology.lists.window.length
    if len(places) > length:
        last = find_last(np.any(bands > 0, axis=2).T, length).T[:, :, None]
        bands, index = np.take_along_axis(bands, last, axis=0), np.take_along_axis(index, last, axis=0)
    return _Window(
        bands,
        lambda: band_drawn_means(cells, bands, index, methodology, reference),
        redrawn.bands[-1] > 0,
        redrawn.lags,
    )


def band_drawn_means(
    cells: Cells, bands: Values, index: Values, methodology: Methodology, reference: Reference | None
) -> Values:
    """Band of the window's mean index inside each group of the last year; 0 where a year is not ranked."""
    known = np.all(bands > 0, axis=0)
    mean = index.mean(axis=0)
    found = np.zeros(mean.shape, np.int8)
    for group in cells.list_groups(len(cells.years) - 1):
        members = group.members
        cuts = reference.mean_cuts[group.number] if reference else None
        rules = methodology.domains[cells.domain].bands
        found[members] = band_columns(mean[members], known[members], rules, cuts)
    return found


def _satisfy(view: _Window, band: int | None, conditions: Sequence[WindowCondition]) -> Flags:
    hits: Flags = np.equal(view.bands, band) if band else np.greater(view.bands, 0)
    return np.logical_or.reduce([_satisfy_condition(view, hits, band, condition) for condition in conditions])


def _satisfy_condition(view: _Window, hits: Flags, band: int | None, condition: WindowCondition) -> Flags:
    if condition.at_least is not None:
        return np.asarray(hits.sum(axis=0) >= condition.at_least)
    if condition.last is not None:
        return np.asarray(hits[-condition.last :].all(axis=0))
    if condition.lags is not None:
        return np.asarray(view.lags >= condition.lags)
    return np.asarray(view.mean_bands() == band) if condition.mean else view.ranked


def name_lists(methodology: Methodology, domain: Domain) -> list[str]:
    """Lists of a domain that single schools out; a status without a band or a lag is no list."""
    statuses = methodology.lists.list_statuses(domain)
    chosen = [item for item in statuses if item.band or any(way.lags for way in methodology.find_rule(item).any_of)]
    return list(dict.fromkeys(item.status for item in chosen))


def flag_procedures(cells: Cells, fioko: Fioko, values: Callable[[int], Values], without: Flags | None = None) -> Flags:
    """ФИОКО's flag [school, draw], as `fioko.flag_fioko` gives it.

    Args:
        without: procedures that are left out.
    """
    counts = []
    for place in range(len(cells.years)):
        known = cells.participants[place] > 0
        if without is not None:
            known = known & ~without[:, None]
        low = (values(place) >= fioko.low_share_pct - 1e-4) & known[:, :, None]
        counts.append(low.sum(axis=0))
    each = np.logical_and.reduce([low >= fioko.min_low_procedures_each_year for low in counts])
    return np.asarray((counts[-1] >= fioko.min_low_procedures) | each)
