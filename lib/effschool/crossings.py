"""Crossing a cut (переход границы): the least change of one count of pupils that puts a school into another band.

Everything else stays as it is: other indicators, the mean scores and all other schools' counts. The group's minimum
and maximum are found anew, since the school itself may be the extreme; so an indicator may begin or cease to vary.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.bands import assign_bands
from effschool.identify import Identified
from effschool.indicators import KEY, Tables, select_rows
from effschool.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW, weigh_indicators
from effschool.methodology import Domain, DomainRules, Indicator, Methodology, ShareIndicator
from effschool.russian import choose_word, format_number
from effschool.schemas import BANDS

TOLERANCE = 1e-9
Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """One year, domain and group as matrices, a row per school and a column per indicator; missing is NaN.

    Args:
        room: how many pupils may be added to the count, the opposite mark kept; 0 where it is no count.
        own: how many of the count are of the year itself and may be taken away; others were pooled from years before.
        bands: band of every school, None where it is not ranked.
    """

    year: int
    domain: Domain
    rules: DomainRules
    schools: tuple[str, ...]
    indicators: tuple[Indicator, ...]
    raw: Floats
    normalised: Floats
    participants: Floats
    room: Floats
    own: Floats
    bands: NDArray[np.object_]


def open_groups(
    identified: Identified, tables: Tables, methodology: Methodology, years: Sequence[int]
) -> Iterator[Group]:
    """Groups of the given years, domain by domain."""
    indices = identified.indices[identified.indices["year"].isin(years)]
    values = identified.indicators[identified.indicators["year"].isin(years)]
    shares = [item for item in methodology.indicators.values() if isinstance(item, ShareIndicator)]
    # A methodology of means alone has no counts that pupils could change.
    none = pd.DataFrame({**dict.fromkeys(KEY), "indicator": None, "room": 0.0, "own": 0.0}, index=[])
    found = [measure_room(tables, item) for item in shares] or [none.astype({"year": "int64", "school_id": "str"})]
    room = pd.concat(found, ignore_index=True).astype({"indicator": "str"})
    values = values.merge(room, how="left", on=[*KEY, "indicator"]).fillna({"room": 0, "own": 0})
    for (year, domain, _), schools in indices.groupby(["year", "domain", "group"]):
        own = values[(values["year"] == year) & (values["domain"] == domain)]
        yield build_group(int(year), own, schools, methodology.domains[cast(Domain, domain)], cast(Domain, domain))


def build_group(year: int, values: pd.DataFrame, indices: pd.DataFrame, rules: DomainRules, domain: Domain) -> Group:
    """Matrices of one group from the rows of its schools."""
    ids = indices["school_id"].tolist()
    names = [item.id for item in rules.indicators]
    wide = values[values["school_id"].isin(ids)].pivot(index="school_id", columns="indicator")
    spread = {
        name: wide[name].reindex(index=ids, columns=names).to_numpy(dtype="float64", na_value=np.nan)
        for name in ("raw", "normalised", "participants", "room", "own")
    }
    bands = indices["band"].astype(object).where(indices["band"].notna(), None).to_numpy()
    return Group(year, domain, rules, tuple(ids), rules.indicators, bands=bands, **spread)


OTHER_END = {"mark_2": "mark_5", "mark_5": "mark_2", "below_min": "score_80_plus", "score_80_plus": "below_min"}
"""A pupil counted there cannot be counted here as well; the marks in between are free."""


def measure_room(tables: Tables, indicator: ShareIndicator) -> pd.DataFrame:
    """How many pupils may be added to a count (`room`) or taken away (`own`): a row per year, school, indicator."""
    rows = select_rows(tables, indicator.rows).dropna(subset=[indicator.count, indicator.total])
    taken = rows[OTHER_END[indicator.count]].fillna(0) if indicator.count in OTHER_END else 0
    room = (rows[indicator.total] - rows[indicator.count] - taken).clip(lower=0).astype("float64")
    counted = rows[KEY].assign(indicator=indicator.id, room=room, own=rows[indicator.count].astype("float64"))
    return counted.groupby([*KEY, "indicator"], as_index=False).sum()


def rerun_bands(group: Group, column: int, schools: Numbers, counts: Floats) -> NDArray[np.object_]:
    """Band of each of the schools (row numbers), were its count of one indicator the one given and all else equal."""
    index, coverage = rerun_indices(group, column, schools, counts)
    enough = np.isfinite(index) & (coverage >= group.rules.min_coverage - group.rules.bands.tolerance)
    bands = np.full(len(schools), None, dtype=object)
    for place in np.flatnonzero(enough[np.arange(len(schools)), schools]):
        ranked = enough[place]
        found, _ = assign_bands(index[place, ranked], group.rules.bands)
        bands[place] = found[ranked[: schools[place]].sum()]
    return bands


def rerun_indices(group: Group, column: int, schools: Numbers, counts: Floats) -> tuple[Floats, Floats]:
    """Index and coverage of the whole group: a row per change, a column per school."""
    raw = np.tile(group.raw[:, column], (len(schools), 1))
    raw[np.arange(len(schools)), schools] = 100 * counts / group.participants[schools, column]
    scaled = scale_rows(raw, group.indicators[column].direction == "inverse")
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


def scale_rows(raw: Floats, inverse: bool) -> Floats:
    """Min–max of each row, as `normalise.scale_min_max`; NaN where the row does not vary."""
    low, high = np.nanmin(raw, axis=1, keepdims=True), np.nanmax(raw, axis=1, keepdims=True)
    width = np.where(high - low > TOLERANCE, high - low, np.nan)
    direct = ((raw - low) / width).clip(0, 1)
    return 1 - direct if inverse else direct


class Change(NamedTuple):
    """One change of one count (изменение): in `year`, `criterion` from `before` to `after` of `participants`."""

    year: int
    criterion: str
    title: str
    noun: str
    before: int
    after: int
    participants: int

    @property
    def pupils(self) -> int:
        """By how many pupils the line was crossed."""
        return abs(self.after - self.before)

    @property
    def phrase(self) -> str:
        """«2 из 11 участников (ОГЭ, математика: «2», 2023 год: 5 → 3)»."""
        whole = f"{format_number(self.participants)} {choose_word(self.participants, *NOUNS[self.noun])}"
        counts = f"{format_number(self.before)} → {format_number(self.after)}"
        return f"{format_number(self.pupils)} из {whole} ({self.title}, {self.year} год: {counts})"


NOUNS = {
    "participants": ("участника", "участников", "участников"),
    "graduates": ("выпускника", "выпускников", "выпускников"),
    "pupils": ("обучающегося", "обучающихся", "обучающихся"),
}
Options = dict[tuple[str, Domain, int, str], Change]
"""School, domain, year, band that it would have got → the smallest change of one indicator that does it."""


def list_options(groups: Iterable[Group]) -> Options:
    """The cheapest change of one indicator into every other band that can be reached so."""
    options: Options = {}
    for group in groups:
        for column, indicator in enumerate(group.indicators):
            if isinstance(indicator, ShareIndicator):
                for school, band, change in search_column(group, column, indicator):
                    key = (school, group.domain, group.year, band)
                    if key not in options or change.pupils < options[key].pupils:
                        options[key] = change
    return options


@dataclass(frozen=True)
class Search:
    """Counts of one indicator in a group, and how far each may go in one direction of the bands (1 up, −1 down)."""

    group: Group
    column: int
    direction: int
    counts: Floats
    limits: Floats


def search_column(group: Group, column: int, indicator: ShareIndicator) -> Iterator[tuple[str, str, Change]]:
    """Changes of one indicator: school, band it would have got, the least change that does it."""
    for direction in (1, -1):
        search = open_search(group, column, direction)
        for current in BANDS:
            schools = np.flatnonzero(np.isfinite(group.raw[:, column]) & (group.bands == current))
            for band in BANDS[BANDS.index(current) :: direction][1:]:
                schools, found, reached = find_counts(search, schools, band)
                for school, count, got in zip(schools, found, reached, strict=True):
                    before, whole = int(search.counts[school]), int(group.participants[school, column])
                    change = Change(
                        group.year, indicator.id, indicator.short, indicator.total, before, int(count), whole
                    )
                    yield group.schools[school], got, change


def open_search(group: Group, column: int, direction: int) -> Search:
    """Counts and their limits: as many more as have room, or as many fewer as were counted in the year itself."""
    counts = np.rint(np.nan_to_num(group.raw[:, column] * group.participants[:, column] / 100)).astype(np.float64)
    is_more = (direction > 0) == (group.indicators[column].direction == "direct")
    limits = counts + (group.room[:, column] if is_more else -group.own[:, column])
    return Search(group, column, direction, counts, limits)


def find_counts(search: Search, schools: Numbers, band: str) -> tuple[Numbers, Floats, NDArray[np.object_]]:
    """Bisect the least change after which a school is in `band` or beyond it; only schools that can get there.

    A result that improves never lowers the school beside any other one, so bands are monotone in the count.
    """
    schools = schools[search.limits[schools] != search.counts[schools]]
    at_limit = rerun_bands(search.group, search.column, schools, search.limits[schools])
    possible = _is_beyond(at_limit, band, search.direction)
    schools, reached = schools[possible], at_limit[possible]
    near, far = search.counts[schools], search.limits[schools]
    while (wide := np.abs(far - near) > 1).any():
        middle = np.floor((near + far) / 2)
        tried = reached.copy()
        tried[wide] = rerun_bands(search.group, search.column, schools[wide], middle[wide])
        hit = wide & _is_beyond(tried, band, search.direction)
        far, reached = np.where(hit, middle, far), np.where(hit, tried, reached)
        near = np.where(wide & ~hit, middle, near)
    return schools, far, reached


def _is_beyond(bands: NDArray[np.object_], band: str, direction: int) -> NDArray[np.bool_]:
    return np.isin(bands, BANDS[BANDS.index(band) :: direction])
