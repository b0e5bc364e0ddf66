"""Ways to a status that the mean index of the window decides (среднее за окно лет).

The fewest pupils of one indicator a year, over all years of the window. A result that improves never lowers a school
beside any other one, and what years do to the distance of two means adds up: so the most that a number of pupils can do
against each other school is known, and bounds what they can do against all of them. The first number that the bound
lets through is tried, division by division.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import NDArray

from effschool.bands import assign_bands
from effschool.crossings import Change, Group, describe_change, move_pupils, open_search, rerun_ranked
from effschool.explain.ways import Statuses, Way, choose_way
from effschool.explain.windows import OpenWindow
from effschool.levers import Floats, Numbers
from effschool.methodology import Bands, Methodology
from effschool.schemas import BANDS

FIRST_NUMBER = 8
"""Pupils of the first search; the number is doubled until the line is crossed or no more pupils can be moved."""


@dataclass(frozen=True)
class Peers:
    """Schools that are compared by the mean of their windows, all of one group in the report year.

    Args:
        places: rows of the window's view.
        years: years of every school's window.
        groups: group that holds a school in a year.
    """

    ids: tuple[str, ...]
    places: Numbers
    means: Floats
    bands: NDArray[np.object_]
    years: tuple[tuple[int, ...], ...]
    groups: Mapping[tuple[str, int], Group]
    cut: Bands

    @cached_property
    def rows(self) -> dict[str, int]:
        """Row of every school."""
        return {school: row for row, school in enumerate(self.ids)}

    def band(self, means: Floats, row: int) -> str | None:
        """Band of one school, were the means these; NaN is not ranked."""
        known = np.isfinite(means)
        if not known[row]:
            return None
        return str(assign_bands(means[known], self.cut)[0][known[:row].sum()])


def reach_by_mean(window: OpenWindow, groups: Sequence[Group], methodology: Methodology) -> dict[str, Statuses]:
    """The cheapest way of every school to every status that its mean index may give."""
    held = {(school, group.year): group for group in groups for school in group.schools}
    named = {band: window.name_by_mean(methodology, band) for band in (None, *BANDS)}
    reach: dict[str, Statuses] = {
        school: {status: Way()} for school, status in zip(window.view.ids, named[None], strict=True)
    }
    for peers in gather_peers(window, held):
        for row, school in enumerate(peers.ids):
            own = {str(peers.bands[row]): Way(), **dict(search_bands(peers, row))}
            reach[school] = {}
            for band, way in own.items():
                status = named[band][peers.places[row]]
                reach[school][status] = choose_way(reach[school].get(status), way)
    return reach


def gather_peers(window: OpenWindow, held: Mapping[tuple[str, int], Group]) -> Iterator[Peers]:
    """Schools with a mean, by their group in the report year."""
    view = window.view
    known = np.isfinite(view.means)
    for group in sorted(set(view.group[known])):
        places = np.flatnonzero(known & (view.group == group))
        years = tuple(tuple(year for year in window.years[place] if year) for place in places)
        means = view.means[places]
        bands = assign_bands(means, view.cut)[0]
        yield Peers(tuple(view.ids[places]), places, means, bands, years, held, view.cut)


def search_bands(peers: Peers, row: int) -> Iterator[tuple[str, Way]]:
    """Other bands of one school with the cheapest way; a band that cannot be reached has a blocked one."""
    current = str(peers.bands[row])
    for direction in (1, -1):
        targets = BANDS[BANDS.index(current) :: direction][1:]
        curves = tuple(Curves(peers, row, year, direction) for year in peers.years[row]) if targets else ()
        for place, band in enumerate(targets):
            found = find_plan(Search(peers, row, direction, curves, targets[place:]))
            yield found or (band, Way((), peers.years[row], is_mean=True))


@dataclass(frozen=True)
class Curves:
    """What pupils of one school can do in one year of its window, in one direction of the bands.

    Frames of changes have a column per peer: how the mean of each changes; NaN where it would not be ranked.
    """

    peers: Peers
    row: int
    year: int
    direction: int

    @cached_property
    def group(self) -> Group:
        """Group of the school in the year."""
        return self.peers.groups[self.peers.ids[self.row], self.year]

    @cached_property
    def place(self) -> int:
        """Row of the school in the group."""
        return self.group.schools.index(self.peers.ids[self.row])

    @cached_property
    def limits(self) -> dict[int, int]:
        """Pupils that can be moved, by column, where there are any."""
        searches = [open_search(self.group, column, self.direction) for column in range(len(self.group.indicators))]
        limits = {search.column: int(search.limits[self.place]) for search in searches}
        return {column: limit for column, limit in limits.items() if limit > 0}

    @cached_property
    def moving(self) -> tuple[Numbers, Numbers]:
        """Peers whose window holds the year and that are in the same group then: their rows, and those in the group."""
        places = {school: place for place, school in enumerate(self.group.schools)}
        rows = [row for row, school in enumerate(self.peers.ids) if school in places and self._counts(row)]
        return np.array(rows, dtype=int), np.array([places[self.peers.ids[row]] for row in rows], dtype=int)

    def _counts(self, row: int) -> bool:
        return self.year in self.peers.years[row]

    def change(self, column: int, pupils: Floats) -> Floats:
        """Changes of the peers' means, a row per number of pupils moved in one indicator."""
        raw_direction = open_search(self.group, column, self.direction).raw_direction
        schools = np.full(len(pupils), self.place)
        moved = move_pupils(self.group, column, schools, pupils, raw_direction)
        index = rerun_ranked(self.group, column, schools, *moved)
        rows, places = self.moving
        changes = np.zeros((len(pupils), len(self.peers.ids)))
        changes[:, rows] = (index[:, places] - self.group.index[places]) / len(self.peers.years[self.row])
        return changes

    def list_changes(self, most: int) -> dict[int, Floats]:
        """Changes by column, for 1, 2, … pupils up to `most`."""
        return {
            column: self.change(column, np.arange(1.0, min(limit, most) + 1)) for column, limit in self.limits.items()
        }

    def name_change(self, column: int, pupils: int) -> Change:
        """The move as a change of the indicator."""
        raw_direction = open_search(self.group, column, self.direction).raw_direction
        return describe_change(self.group, column, self.place, pupils, raw_direction)


def gain_ground(changes: Floats, row: int, direction: int) -> Floats:
    """By how much a school moves ahead of each other one, in its direction; unranked it has lost to all."""
    own = np.nan_to_num(changes[:, [row]], nan=-direction * np.inf)
    return direction * (own - np.nan_to_num(changes))


@dataclass(frozen=True)
class Search:
    """The search of one school (row of the peers) in one direction for one of some bands, the nearest first."""

    peers: Peers
    row: int
    direction: int
    curves: Sequence[Curves]
    bands: Sequence[str]

    @property
    def limits(self) -> list[int]:
        """Pupils that one indicator has at most, by year."""
        return [max(curve.limits.values(), default=0) for curve in self.curves]

    def gain(self, changes: Floats) -> Floats:
        """Ground gained on each peer."""
        return gain_ground(changes, self.row, self.direction)

    def is_reached(self, ground: Floats) -> bool:
        """Whether the school would be in one of the bands, had it gained this ground on every peer."""
        means = self.peers.means - self.direction * ground
        means[self.row] = self.peers.means[self.row]
        return self.peers.band(means, self.row) in self.bands


def find_plan(search: Search) -> tuple[str, Way] | None:
    """The cheapest way to one of the bands, and to which; None where no single indicator a year is enough."""
    limit, number, tried = sum(search.limits), FIRST_NUMBER, 0
    if not is_possible(search):
        return None
    while tried < limit:
        most = min(number, limit)
        changes = [curve.list_changes(most) for curve in search.curves]
        ground = [bound_ground(search, each, most) for each in changes]
        bound = add_years(ground, most)
        for pupils in range(tried + 1, most + 1):
            found = try_divisions(search, changes, ground, pupils) if search.is_reached(bound[pupils]) else None
            if found:
                return found
        number, tried = 2 * number, most
    return None


def is_possible(search: Search) -> bool:
    """Whether all pupils that one indicator a year has would be enough."""
    ground = np.zeros(len(search.peers.ids))
    for curve in search.curves:
        ends = [curve.change(column, np.array([float(limit)])) for column, limit in curve.limits.items()]
        if ends:
            ground += np.maximum(search.gain(np.concatenate(ends)).max(axis=0), 0)
    return search.is_reached(ground)


def bound_ground(search: Search, changes: Mapping[int, Floats], most: int) -> Floats:
    """The most ground that at most 0, 1, 2, … pupils of a year gain on each peer."""
    best = np.zeros((most + 1, len(search.peers.ids)))
    for frame in changes.values():
        best[1 : len(frame) + 1] = np.maximum(best[1 : len(frame) + 1], search.gain(frame))
    return np.asarray(np.maximum.accumulate(best, axis=0))


def add_years(ground: Sequence[Floats], most: int) -> Floats:
    """The most ground over all divisions of at most 0, 1, 2, … pupils among the years."""
    total = ground[0]
    for year in ground[1:]:
        added = total + year[0]
        for pupils in range(1, most + 1):
            added[pupils:] = np.maximum(added[pupils:], total[: most + 1 - pupils] + year[pupils])
        total = added
    return total


def try_divisions(
    search: Search, changes: Sequence[Mapping[int, Floats]], ground: Sequence[Floats], pupils: int
) -> tuple[str, Way] | None:
    """The first division of so many pupils among the years that does it, the whole computation repeated for each."""
    peers, row = search.peers, search.row
    for division in divide(pupils, search.limits):
        best = np.sum([ground[place][part] for place, part in enumerate(division)], axis=0)
        if not search.is_reached(best):
            continue
        choices = [list_choices(search, changes[place], part) for place, part in enumerate(division)]
        for plan in product(*choices):
            moved = [changes[place][column][number - 1] for place, (column, number) in enumerate(plan) if number]
            band = peers.band(peers.means + np.sum(moved, axis=0), row)
            if band in search.bands:
                named = [search.curves[place].name_change(*move) for place, move in enumerate(plan) if move[1]]
                return str(band), Way(tuple(named))
    return None


def divide(pupils: int, limits: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """All ways to divide pupils among years, each within its limit."""
    if len(limits) == 1:
        if pupils <= limits[0]:
            yield (pupils,)
        return
    for part in range(min(pupils, limits[0]) + 1):
        for rest in divide(pupils - part, limits[1:]):
            yield (part, *rest)


def list_choices(search: Search, changes: Mapping[int, Floats], pupils: int) -> list[tuple[int, int]]:
    """Indicators (column, pupils moved) worth trying: those that no other beats against every peer."""
    if not pupils:
        return [(0, 0)]
    moves = [(column, min(pupils, len(frame))) for column, frame in changes.items()]
    ground = np.concatenate([search.gain(changes[column][[number - 1]]) for column, number in moves])
    kept: list[int] = []
    for place in np.argsort(-ground.sum(axis=1), kind="stable").tolist():
        if not any((ground[other] >= ground[place]).all() for other in kept):
            kept.append(place)
    return [moves[place] for place in kept]
