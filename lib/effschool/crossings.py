"""Crossing a cut (переход границы): the fewest pupils of one indicator that would put a school into another band.

Everything else stays as it is: other indicators and all other schools' results. The group's minimum and maximum and the
regional mean are found anew, since the school itself is part of them; so an indicator may begin or cease to vary, and
another school may begin or cease to lag.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.bands import assign_bands
from effschool.identify import Identified
from effschool.indicators import Tables
from effschool.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW, weigh_indicators
from effschool.levers import Floats, Lever, Numbers, make_lever, measure_steps, sum_region
from effschool.methodology import (
    Domain,
    DomainRules,
    GapIndicator,
    Indicator,
    Methodology,
    Orientation,
    ShareIndicator,
)
from effschool.normalise import flag_lags
from effschool.russian import choose_word, format_number
from effschool.schemas import BANDS

TOLERANCE = 1e-9


@dataclass(frozen=True)
class Group:
    """One year, domain and group as matrices, a row per school and a column per indicator; missing is NaN.

    Args:
        index: index of every school that is ranked.
        levers: what the pupils of each school can do to each indicator.
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
    levers: tuple[Lever, ...]
    bands: NDArray[np.object_]

    def is_better_with_more(self, column: int) -> bool:
        """Whether the index rises with the raw value of an indicator, or stays."""
        item = self.indicators[column]
        return self.orientation == "consistent" if isinstance(item, GapIndicator) else item.direction == "direct"


@dataclass(frozen=True)
class Moves:
    """What the pupils of all schools can do: rows of `measure_steps`, participants of the region by lag and year."""

    steps: pd.DataFrame
    regions: Mapping[str, Mapping[int, float]]

    def list_levers(
        self, year: int, ids: Sequence[str], indicators: Sequence[Indicator], participants: Floats
    ) -> tuple[Lever, ...]:
        """The lever of every indicator for the schools of a group; `participants`: a column per indicator."""
        by_indicator = dict(list(self.steps[self.steps["year"] == year].groupby("indicator")))
        none = self.steps.iloc[:0]
        return tuple(
            make_lever(by_indicator.get(item.id, none), ids, item, whole, self.regions.get(item.id, {}).get(year))
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
        levers=moves.list_levers(year, ids, rules.indicators, participants),
        bands=indices["band"].astype(object).where(ranked, None).to_numpy(),
    )


def move_pupils(group: Group, column: int, schools: Numbers, pupils: Floats, direction: int) -> tuple[Floats, Floats]:
    """New raw value of each of the schools, and the change of all others', after a move of its pupils."""
    own, others = group.levers[column].move(schools, pupils, direction)
    return group.raw[schools, column] + own, others


def rerun_bands(group: Group, column: int, schools: Numbers, raw: Floats, shift: Floats) -> NDArray[np.object_]:
    """Band of each of the schools (row numbers), were its raw value of one indicator another and all else equal."""
    index = rerun_ranked(group, column, schools, raw, shift)
    bands = np.full(len(schools), None, dtype=object)
    ranked = np.isfinite(index)
    for place in np.flatnonzero(ranked[np.arange(len(schools)), schools]):
        found, _ = assign_bands(index[place, ranked[place]], group.rules.bands)
        bands[place] = found[ranked[place, : schools[place]].sum()]
    return bands


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
    scaled = scale_column(group, column, values)
    varies = np.isfinite(scaled).any(axis=1, keepdims=True)
    others = np.delete(group.normalised, column, axis=1)
    weights = weigh_indicators(group.rules)
    weight = np.delete([weights[item.id] for item in group.indicators], column)
    own_weight = weights[group.indicators[column].id]
    geometric = group.rules.aggregation.kind == "geometric"
    transform = _scale_logarithms if geometric else np.asarray
    points = np.nansum(weight * transform(others), axis=1) + own_weight * np.nan_to_num(transform(scaled))
    total = np.isfinite(others) @ weight + own_weight * np.isfinite(scaled)
    mean = np.divide(points, total, out=np.full_like(points, np.nan), where=total > 0)
    available = np.isfinite(others).sum(axis=1) + np.isfinite(scaled)
    applicable = np.isfinite(others).any(axis=0).sum() + varies
    index = np.exp(mean).clip(GEOMETRIC_LOW, GEOMETRIC_HIGH) if geometric else mean
    return index, available / np.maximum(applicable, 1)


def _scale_logarithms(values: Floats) -> Floats:
    return np.log(GEOMETRIC_LOW + (GEOMETRIC_HIGH - GEOMETRIC_LOW) * values)


def scale_column(group: Group, column: int, values: Floats) -> Floats:
    """Values of one indicator as they enter the index: a row per change, a column per school."""
    item = group.indicators[column]
    if isinstance(item, GapIndicator):
        threshold = np.full(values.shape, item.threshold)
        flags = flag_lags(values, threshold, group.orientation, TOLERANCE)
        return np.where(np.isnan(values), np.nan, flags)
    return scale_rows(values, item.direction == "inverse")


def scale_rows(raw: Floats, inverse: bool) -> Floats:
    """Min–max of each row, as `normalise.scale_min_max`; NaN where the row does not vary."""
    low, high = np.nanmin(raw, axis=1, keepdims=True), np.nanmax(raw, axis=1, keepdims=True)
    width = np.where(high - low > TOLERANCE, high - low, np.nan)
    direct = ((raw - low) / width).clip(0, 1)
    return 1 - direct if inverse else direct


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
        """«2 из 11 участников (ОГЭ, математика: «2», 2023 год: 5 → 3)»."""
        whole = f"{format_number(self.participants)} {choose_word(self.participants, *NOUNS[self.noun])}"
        digits = 0 if self.moved is None else 2
        values = f"{format_number(self.before, digits)} → {format_number(self.after, digits)}"
        return f"{format_number(self.pupils)} из {whole} ({self.title}, {self.year} год: {values})"


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
        for column in range(len(group.indicators)):
            for school, band, change in search_column(group, column):
                key = (school, group.domain, group.year, band)
                if key not in options or change.pupils < options[key].pupils:
                    options[key] = change
    return options


class Search(NamedTuple):
    """One indicator of a group: direction of the bands (1 up, −1 down), of the raw value, pupils that can be moved."""

    group: Group
    column: int
    direction: int
    raw_direction: int
    limits: Floats


def search_column(group: Group, column: int) -> Iterator[tuple[str, str, Change]]:
    """Changes of one indicator: school, band it would have got, the least change that does it."""
    for direction in (1, -1):
        search = open_search(group, column, direction)
        for current in BANDS:
            schools = np.flatnonzero(np.isfinite(group.raw[:, column]) & (group.bands == current))
            for band in BANDS[BANDS.index(current) :: direction][1:]:
                schools, found, reached = find_pupils(search, schools, band)
                for school, pupils, got in zip(schools, found, reached, strict=True):
                    change = describe_change(group, column, int(school), int(pupils), search.raw_direction)
                    yield group.schools[school], got, change


def open_search(group: Group, column: int, direction: int) -> Search:
    """The search of one indicator in one direction of the bands."""
    raw_direction = direction if group.is_better_with_more(column) else -direction
    return Search(group, column, direction, raw_direction, group.levers[column].count_pupils(raw_direction))


def find_pupils(search: Search, schools: Numbers, band: str) -> tuple[Numbers, Floats, NDArray[np.object_]]:
    """Bisect the fewest pupils after whose move a school is in `band` or beyond it; only schools that can get there.

    A result that improves never lowers the school beside any other one, so bands are monotone in the pupils moved.
    """
    schools = schools[search.limits[schools] > 0]
    at_limit = _try_pupils(search, schools, search.limits[schools])
    possible = _is_beyond(at_limit, band, search.direction)
    schools, reached = schools[possible], at_limit[possible]
    near, far = np.zeros(len(schools)), search.limits[schools]
    while (wide := far - near > 1).any():
        middle = np.floor((near + far) / 2)
        tried = reached.copy()
        tried[wide] = _try_pupils(search, schools[wide], middle[wide])
        hit = wide & _is_beyond(tried, band, search.direction)
        far, reached = np.where(hit, middle, far), np.where(hit, tried, reached)
        near = np.where(wide & ~hit, middle, near)
    return schools, far, reached


def _try_pupils(search: Search, schools: Numbers, pupils: Floats) -> NDArray[np.object_]:
    moved = move_pupils(search.group, search.column, schools, pupils, search.raw_direction)
    return rerun_bands(search.group, search.column, schools, *moved)


def _is_beyond(bands: NDArray[np.object_], band: str, direction: int) -> NDArray[np.bool_]:
    return np.isin(bands, BANDS[BANDS.index(band) :: direction])
