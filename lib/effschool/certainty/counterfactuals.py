"""Counterfactuals (что изменило бы решение): the fewest pupils that would put a school into another band.

The pupils are of one indicator. Everything else stays as it is: other indicators and all other schools' results. The
group's minimum and maximum and the regional mean are found anew, since the school itself is part of them; so an
indicator may begin or cease to vary, and another school may begin or cease to lag.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from effschool.base.disclosure import is_within_reach, may_tell
from effschool.base.russian import choose_word, format_number, quote_title
from effschool.base.schemas import BANDS
from effschool.certainty.result_changes import (
    Floats,
    Numbers,
    ResultChange,
    make_result_change,
    measure_steps,
    sum_region,
)
from effschool.method.bands import assign_bands, count_cut
from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW, weigh_indicators
from effschool.method.methodology import (
    BandRules,
    Domain,
    DomainRules,
    GapIndicator,
    Indicator,
    Methodology,
    Orientation,
    ShareIndicator,
)
from effschool.method.normalise import flag_lags

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Group:
    """One year, domain and group as matrices, a row per school and a column per indicator; missing is NaN.

    Args:
        index: index of every school that is ranked.
        result_changes: what the pupils of each school can do to each indicator.
        bands: band of every school, None where it is not ranked.
    """

    year: int
    domain: Domain
    rules: DomainRules
    orientation: Orientation
    schools: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    raw: Floats
    normalised: Floats
    participants: Floats
    index: Floats
    result_changes: tuple[ResultChange, ...]
    bands: NDArray[np.object_]

    @cached_property
    def rests(self) -> tuple["Rest", ...]:
        """The group without each indicator in turn."""
        return tuple(leave_out(self, column) for column in range(len(self.indicators)))

    def is_better_with_more(self, column: int) -> bool:
        """Whether the index rises with the raw value of an indicator, or stays."""
        item = self.indicators[column]
        return self.orientation == "consistent" if isinstance(item, GapIndicator) else item.direction == "direct"


@dataclass(frozen=True)
class Moves:
    """What the pupils of all schools can do: rows of `measure_steps`, participants of the region by lag and year."""

    steps: pd.DataFrame
    regions: Mapping[str, Mapping[int, float]]

    def list_result_changes(
        self, year: int, ids: Sequence[str], indicators: Sequence[Indicator], participants: Floats
    ) -> tuple[ResultChange, ...]:
        """What can change of every indicator for the schools of a group; `participants`: a column per indicator."""
        by_indicator = dict(list(self.steps[self.steps["year"] == year].groupby("indicator")))
        none = self.steps.iloc[:0]
        return tuple(
            make_result_change(
                by_indicator.get(item.id, none), ids, item, whole, self.regions.get(item.id, {}).get(year)
            )
            for item, whole in zip(indicators, participants.T, strict=True)
        )


def open_groups(
    identified: Identified, tables: Tables, methodology: Methodology, years: Sequence[int]
) -> Iterator[Group]:
    """Groups of the given years, domain by domain."""
    tables = {name: table[table["year"].isin(years)] for name, table in tables.items() if "year" in table}
    indices = identified.indices[identified.indices["year"].isin(years)]
    values = identified.indicators[identified.indicators["year"].isin(years)]
    compared = identified.schools.dropna(subset="group")
    gaps = [item for item in methodology.indicators.values() if isinstance(item, GapIndicator)]
    regions = {item.id: sum_region(tables, compared, item) for item in gaps}
    moves = Moves(measure_steps(tables, methodology), regions)
    for (year, domain, _), schools in indices.groupby(["year", "domain", "group"]):
        own = values[(values["year"] == year) & (values["domain"] == domain)]
        yield build_group(own, schools, methodology, cast(Domain, domain), moves)


def build_group(
    values: pd.DataFrame, indices: pd.DataFrame, methodology: Methodology, domain: Domain, moves: Moves
) -> Group:
    """Matrices of one group from the rows of its schools in one year."""
    year, rules, ids = int(indices["year"].iloc[0]), methodology.domains[domain], indices["school_id"].tolist()
    names = [item.id for item in rules.indicators]
    wide = values[values["school_id"].isin(ids)].pivot(index="school_id", columns="indicator")
    raw, normalised, participants = (
        wide[name].reindex(index=ids, columns=names).to_numpy(dtype="float64", na_value=np.nan)
        for name in ("raw", "normalised", "participants")
    )
    ranked = indices["band"].notna()
    return Group(
        year,
        domain,
        rules,
        methodology.orientation,
        schools=tuple(ids),
        indicators=rules.indicators,
        raw=raw,
        normalised=normalised,
        participants=participants,
        index=indices["index"].where(ranked).to_numpy(dtype="float64", na_value=np.nan),
        result_changes=moves.list_result_changes(year, ids, rules.indicators, participants),
        bands=indices["band"].astype(object).where(ranked, None).to_numpy(),
    )


def move_pupils(group: Group, column: int, schools: Numbers, pupils: Floats, direction: int) -> tuple[Floats, Floats]:
    """New raw value of each of the schools, and the change of all others', after a move of its pupils."""
    own, others = group.result_changes[column].move(schools, pupils, direction)
    return group.raw[schools, column] + own, others


def rerun_places(group: Group, column: int, schools: Numbers, raw: Floats, shift: Floats) -> Numbers:
    """Band of each of the schools (row numbers), were its raw value of one indicator another and all else equal.

    Bands are places in `BANDS`, −1 where the school would not be ranked.

    Changes that leave all other schools with the same index are tried together: the group is computed once for them.
    """
    keys = find_states(group, column, schools, raw, shift)
    _, first, state = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    own = rank_values(group, column, schools, raw, keys)
    places = np.full(len(schools), -1)
    block = max(VALUES_AT_ONCE // len(group.schools), 1)
    for start in range(0, len(first), block):
        chosen = first[start : start + block]
        rows = rank_values(group, column, slice(None), group.raw[:, column] + shift[chosen, None], keys[chosen, None])
        among = np.flatnonzero((state >= start) & (state < start + block))
        trial = Trial(rows, state[among] - start, schools[among], own[among])
        places[among] = trial.find_places(group.rules.bands)
    return places


VALUES_AT_ONCE = 150_000
"""Values of one array that is computed at once: so many stay in the cache of a core."""


def find_states(group: Group, column: int, schools: Numbers, raw: Floats, shift: Floats) -> Floats:
    """What the index of all other schools depends on, a row per change: their own extremes, or who of them lags."""
    values = np.sort(group.raw[np.isfinite(group.raw[:, column]), column])
    if isinstance(group.indicators[column], GapIndicator):
        lags = np.searchsorted(values, find_line(group, column) - shift)
        return np.stack([lags, lags], axis=1).astype(np.float64)
    own = group.raw[schools, column]
    least, most = np.append(values, [np.inf] * 2)[:2], np.insert(values, 0, [-np.inf] * 2)[-2:]
    low = np.where(own == least[0], least[1], least[0])
    high = np.where(own == most[1], most[0], most[1])
    return np.stack([np.minimum(low, raw), np.maximum(high, raw)], axis=1)


def rank_values(group: Group, column: int, schools: Numbers | slice, raw: Floats, extremes: Floats) -> Floats:
    """Index of schools with these raw values of one indicator, where the group has these extremes (…, low and high).

    NaN where a school has too little data to be ranked.
    """
    low, high = extremes[..., 0], extremes[..., 1]
    scaled = scale_column(group, column, raw, low, high)
    varies = np.isfinite(scaled).any(axis=-1, keepdims=True) if scaled.ndim > 1 else np.isfinite(scaled)
    index, coverage = group.rests[column].take(schools).add(scaled, varies)
    return np.where(coverage >= group.rules.min_coverage - group.rules.bands.tolerance, index, np.nan)


class Trial(NamedTuple):
    """Changes that are tried at once.

    Args:
        rows: index of the whole group, a row per state of the others; NaN is not ranked.
        state, schools, own: of every change its row, its school (row number in the group) and the school's new index.
    """

    rows: Floats
    state: Numbers
    schools: Numbers
    own: Floats

    def find_places(self, rules: BandRules) -> Numbers:
        """Places in `BANDS` among the others, as `bands.assign_bands` gives them."""
        if rules.cut == "spss":
            return self._assign_each(rules)
        ranked = np.isfinite(self.rows)
        number = ranked.sum(axis=1)
        size = np.array([count_cut(int(each), rules) for each in number])
        ordered = np.full((len(self.rows), self.rows.shape[1] + 2), np.inf)
        ordered[:, 0], ordered[:, 1:-1] = -np.inf, np.sort(np.where(ranked, self.rows, np.inf), axis=1)
        low, high = (self._take(ordered, place[self.state]) for place in (size.clip(1), number - size.clip(1) + 1))
        places = np.where(self.own >= high - rules.tolerance, 2, np.where(self.own <= low + rules.tolerance, 0, 1))
        places[(size[self.state] == 0) | (low >= high - rules.tolerance)] = 1
        return np.where(np.isfinite(self.own), places, -1)

    def _take(self, ordered: Floats, place: Numbers) -> Floats:
        """The value at a place of the order, counted from 1, the school's old index being replaced by the new one.

        `ordered` begins with −∞ and ends with ∞, so that it may be asked one place before the first and after the last.
        """
        old = self.rows[self.state, self.schools]
        below, at, above = (ordered[self.state, place + step] for step in (-1, 0, 1))
        before, after = np.where(below < old, below, at), np.where(at < old, at, above)
        return np.maximum(before, np.minimum(self.own, after))

    def _assign_each(self, rules: BandRules) -> Numbers:
        places = np.full(len(self.own), -1)
        for number in np.flatnonzero(np.isfinite(self.own)):
            row, school = self.rows[self.state[number]].copy(), self.schools[number]
            row[school] = self.own[number]
            ranked = np.isfinite(row)
            places[number] = BANDS.index(assign_bands(row[ranked], rules)[0][ranked[:school].sum()])
        return places


def rerun_ranked(group: Group, column: int, schools: Numbers, raw: Floats, shift: Floats) -> Floats:
    """Index of the whole group, a row per change; NaN where a school has too little data to be ranked."""
    index, coverage = rerun_indices(group, column, schools, raw, shift)
    return np.where(coverage >= group.rules.min_coverage - group.rules.bands.tolerance, index, np.nan)


def rerun_indices(
    group: Group, column: int, schools: Numbers, raw: Floats, shift: Floats | float = 0.0
) -> tuple[Floats, Floats]:
    """Index and coverage of the whole group: a row per change, a column per school.

    Args:
        raw: new raw value of the school that changes.
        shift: change of the raw values of all other schools, as a regional mean makes it.
    """
    values = group.raw[:, column] + np.broadcast_to(np.asarray(shift, dtype=np.float64), len(schools))[:, None]
    values[np.arange(len(schools)), schools] = raw
    low, high = np.nanmin(values, axis=1, keepdims=True), np.nanmax(values, axis=1, keepdims=True)
    scaled = scale_column(group, column, values, low, high)
    return group.rests[column].add(scaled, np.isfinite(scaled).any(axis=1, keepdims=True))


class Rest(NamedTuple):
    """What the index of every school has without one indicator.

    Args:
        points, total, available: sum of weighted values, sum of weights and number of values, by school.
        applicable: indicators that some school has.
        weight: of the indicator left out.
        geometric: whether values are logarithms.
    """

    points: Floats
    total: Floats
    available: Numbers
    applicable: int
    weight: float
    geometric: bool

    def take(self, schools: Numbers | slice) -> "Rest":
        """The same for some schools (row numbers)."""
        return self._replace(points=self.points[schools], total=self.total[schools], available=self.available[schools])

    def add(self, scaled: Floats, varies: ArrayLike) -> tuple[Floats, Floats]:
        """Index and coverage with these values of the indicator, which varies in the group or does not."""
        has = np.isfinite(scaled)
        values = _scale_logarithms(scaled) if self.geometric else scaled
        points, total = self.points + self.weight * np.where(has, values, 0.0), self.total + self.weight * has
        mean = np.divide(points, total, out=np.full_like(points, np.nan), where=total > 0)
        index = np.exp(mean).clip(GEOMETRIC_LOW, GEOMETRIC_HIGH) if self.geometric else mean
        return index, (self.available + has) / np.maximum(self.applicable + np.asarray(varies), 1)


def leave_out(group: Group, column: int) -> Rest:
    """The group without one indicator."""
    others = np.delete(group.normalised, column, axis=1)
    weights = weigh_indicators(group.rules)
    weight = np.delete([weights[item.id] for item in group.indicators], column)
    geometric, has = group.rules.aggregation.kind == "geometric", np.isfinite(others)
    values = _scale_logarithms(others) if geometric else others
    own = weights[group.indicators[column].id]
    points = np.nansum(weight * values, axis=1)
    return Rest(points, has @ weight, has.sum(axis=1), int(has.any(axis=0).sum()), own, geometric)


def _scale_logarithms(values: Floats) -> Floats:
    return np.log(GEOMETRIC_LOW + (GEOMETRIC_HIGH - GEOMETRIC_LOW) * values)


def scale_column(group: Group, column: int, values: Floats, low: Floats, high: Floats) -> Floats:
    """Values of one indicator as they enter the index, where the group has these extremes.

    Min–max as `normalise.scale_min_max`, NaN where the extremes are equal; a lag needs no extremes.
    """
    item = group.indicators[column]
    if isinstance(item, GapIndicator):
        threshold = np.full(values.shape, item.threshold)
        flags = flag_lags(values, threshold, group.orientation, TOLERANCE)
        return np.where(np.isnan(values), np.nan, flags)
    width = np.where(high - low > TOLERANCE, high - low, np.nan)
    direct = np.minimum(np.maximum((values - low) / width, 0), 1)
    return 1 - direct if item.direction == "inverse" else direct


def find_line(group: Group, column: int) -> float:
    """Below this raw value a school lags."""
    item = group.indicators[column]
    assert isinstance(item, GapIndicator)
    return -item.threshold - TOLERANCE


class Change(NamedTuple):
    """One change of one indicator (изменение) in `year`, of `participants` in all.

    Args:
        before, after: the count; of a mean, its value or its distance from the region.
        moved: pupils with another result, where `before` and `after` are no counts.
    """

    year: int
    criterion: str
    title: str
    noun: str
    before: float
    after: float
    participants: int
    moved: int | None = None

    @property
    def pupils(self) -> int:
        """By how many pupils the line was crossed."""
        return int(abs(self.after - self.before)) if self.moved is None else self.moved

    @property
    def phrase(self) -> str:
        """«в показателе «ОГЭ, математика: „2“» за 2023 год было не 5, а 3 из 11 участников»; of a mean no score."""
        whole = f"{format_number(self.participants)} {choose_word(self.participants, *NOUNS[self.noun])}"
        where = f"в показателе {quote_title(self.title)} за {self.year} год"
        if self.moved is not None:
            return f"{where} другой результат был у {format_number(self.pupils)} из {whole}"
        return f"{where} было не {format_number(self.before)}, а {format_number(self.after)} из {whole}"

    @property
    def may_be_told(self) -> bool:
        """Whether its phrase singles out no pupil; of a count, what it was and what it would have been."""
        return may_tell(self.participants, *((self.before, self.after) if self.moved is None else (self.moved,)))

    @property
    def is_within_reach(self) -> bool:
        """Whether the same pupils might have had the other result."""
        return is_within_reach(self.pupils, self.participants)


NOUNS = {
    "participants": ("участника", "участников", "участников"),
    "graduates": ("выпускника", "выпускников", "выпускников"),
    "pupils": ("обучающегося", "обучающихся", "обучающихся"),
}


def describe_change(group: Group, column: int, school: int, pupils: int, direction: int) -> Change:
    """The move of so many pupils of one school (row number) as a change of the indicator."""
    item, whole = group.indicators[column], int(group.participants[school, column])
    if isinstance(item, ShareIndicator):
        before = round(group.raw[school, column] * whole / 100)
        return Change(group.year, item.id, item.short, item.total, before, before + direction * pupils, whole)
    before = float(group.raw[school, column])
    after, _ = move_pupils(group, column, np.array([school]), np.array([float(pupils)]), direction)
    return Change(group.year, item.id, item.short, "participants", before, float(after[0]), whole, pupils)


Options = dict[tuple[str, Domain, int, str], Change]
"""School, domain, year, band that it would have got → the smallest change of one indicator that does it."""


def list_options(groups: Iterable[Group]) -> Options:
    """The cheapest change of one indicator into every other band that can be reached so."""
    options: Options = {}
    for group in groups:
        found = pd.concat([search_column(group, column) for column in range(len(group.indicators))])
        cheapest = found.sort_values("pupils", kind="stable").drop_duplicates(["school", "band"])
        for school, band, *change in cheapest.itertuples(index=False):
            key = (group.schools[school], group.domain, group.year, BANDS[band])
            options[key] = describe_change(group, change[0], school, change[1], change[2])
    return options


def search_column(group: Group, column: int) -> pd.DataFrame:
    """The least changes of one indicator: a row per school (row number) and other band (place in `BANDS`) that it gets.

    Columns: school, band, column, pupils, direction (of the raw value: 1 up, −1 down).
    """
    return pd.concat([find_pupils(open_search(group, column, direction)) for direction in (1, -1)])


class IndicatorSearch(NamedTuple):
    """One indicator of a group: direction of the bands (1 up, −1 down), of the raw value, pupils that can be moved."""

    group: Group
    column: int
    direction: int
    raw_direction: int
    limits: Floats

    def move(self, schools: Numbers, pupils: Floats) -> Numbers:
        """Place of the band of each of the schools, were so many of its pupils moved."""
        moved = move_pupils(self.group, self.column, schools, pupils, self.raw_direction)
        return rerun_places(self.group, self.column, schools, *moved)

    def is_beyond(self, places: Numbers, wanted: Numbers | int) -> NDArray[np.bool_]:
        """Whether a band is the one that is wanted or one further on."""
        return np.asarray((places >= 0) & (self.direction * (places - wanted) >= 0))


def open_search(group: Group, column: int, direction: int) -> IndicatorSearch:
    """The search of one indicator in one direction of the bands."""
    raw_direction = direction if group.is_better_with_more(column) else -direction
    return IndicatorSearch(
        group, column, direction, raw_direction, group.result_changes[column].count_pupils(raw_direction)
    )


def find_pupils(search: IndicatorSearch) -> pd.DataFrame:
    """Rows of `search_column` in one direction: the fewest pupils after whose move a school is in a band or beyond it.

    A result that improves never lowers the school beside any other one, so bands are monotone in the pupils moved.
    """
    current = np.array([BANDS.index(band) if band else -1 for band in search.group.bands])
    able = np.isfinite(search.group.raw[:, search.column]) & (search.limits > 0) & (current >= 0)
    able &= current != (2 if search.direction == 1 else 0)
    schools = np.flatnonzero(able)
    at_limit = search.move(schools, search.limits[schools])
    wanted = [current[schools] + search.direction * step for step in (1, 2)]
    possible = [np.flatnonzero((band >= 0) & (band <= 2) & search.is_beyond(at_limit, band)) for band in wanted]
    chosen, aims = np.concatenate(possible), np.concatenate([wanted[0][possible[0]], wanted[1][possible[1]]])
    pupils, reached = bisect_pupils(search, schools[chosen], aims, at_limit[chosen])
    found = {"school": schools[chosen], "band": reached, "column": search.column, "pupils": pupils.astype(int)}
    return pd.DataFrame({**found, "direction": search.raw_direction})


def bisect_pupils(
    search: IndicatorSearch, schools: Numbers, wanted: Numbers, at_limit: Numbers
) -> tuple[Floats, Numbers]:
    """The fewest pupils of each of the schools, all of which are enough, and the band that the school then gets."""
    near, far, reached = np.zeros(len(schools)), search.limits[schools], at_limit.copy()
    while (wide := np.flatnonzero(far - near > 1)).size:
        middle = np.floor((near[wide] + far[wide]) / 2)
        tried = search.move(schools[wide], middle)
        hit = search.is_beyond(tried, wanted[wide])
        far[wide], reached[wide] = np.where(hit, middle, far[wide]), np.where(hit, tried, reached[wide])
        near[wide] = np.where(hit, near[wide], middle)
    return far, reached
