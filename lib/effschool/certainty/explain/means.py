"""Ways to a status that the mean index of the window decides (среднее за окно лет).

The fewest pupils of one indicator a year, over all years of the window. A result that improves never lowers a school
beside any other one, and what years do to the distance of two means adds up: so the most that a number of pupils can do
against each other school is known, and bounds what they can do against all of them. The first number that the bound
lets through is tried, division by division.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, product

import numpy as np
from numpy.typing import NDArray

from effschool.base.schemas import BANDS
from effschool.certainty.counterfactuals import Change, Group, describe_change, move_pupils, open_search, rerun_ranked
from effschool.certainty.explain.ways import Statuses, Way, choose_way
from effschool.certainty.explain.windows import OpenWindow
from effschool.certainty.result_changes import Floats, Numbers
from effschool.method.bands import assign_bands
from effschool.method.methodology import BandRules, Methodology

FIRST_NUMBER = 8
"""Pupils of the first search; the number is doubled until the line is crossed or no more pupils can be moved."""


MOST_PLANS = 2_000
"""Plans that are tried for one school; where the school sets the group's extremes there may be millions."""


class TooManyPlansError(Exception):
    """The least number of pupils was not found among so many plans; none is told then."""


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
    cut: BandRules

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
            try:
                found = find_plan(PlanSearch(peers, row, direction, curves, targets[place:]))
            except TooManyPlansError:
                # Without the nearest band a farther one would pass for the cheapest way out of the present one.
                break
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
class PlanSearch:
    """The search of one school (row of the peers) in one direction for one of some bands, the nearest first."""

    peers: Peers
    row: int
    direction: int
    curves: Sequence[Curves]
    bands: Sequence[str]
    plans: Iterator[int] = field(default_factory=count)

    @property
    def limits(self) -> list[int]:
        """Pupils that one indicator has at most, by year."""
        return [max(curve.limits.values(), default=0) for curve in self.curves]

    def gain(self, changes: Floats) -> Floats:
        """Ground gained on each peer."""
        return gain_ground(changes, self.row, self.direction)

    def count_plan(self) -> None:
        """Count one plan that is tried.

        Raises:
            TooManyPlansError: enough have been tried.
        """
        if next(self.plans) >= MOST_PLANS:
            raise TooManyPlansError

    @cached_property
    def lead(self) -> Floats:
        """How far the school is ahead of each peer in its direction, before anything is changed; not of itself."""
        lead = self.direction * (self.peers.means[self.row] - self.peers.means)
        lead[self.row] = -np.inf
        return np.asarray(lead)

    @cached_property
    def need(self) -> int:
        """Peers that the school has to leave behind, were there no ties."""
        number = len(self.peers.ids)
        return bisect_left(range(number), True, key=self._is_enough)

    def _is_enough(self, beaten: int) -> bool:
        # Others stand apart from one another, as equal ones would make the two cuts meet.
        others = self.direction * np.arange(1.0, len(self.peers.ids) + 1)
        others[[place for place in range(len(others)) if place != self.row][:beaten]] *= -1
        others[self.row] = 0
        return self.peers.band(others, self.row) in self.bands

    def find_undecided(self, most: Floats) -> NDArray[np.bool_]:
        """Peers that are not left behind yet and may be with the most ground to be gained; others do not matter."""
        tolerance = self.peers.cut.tolerance
        return np.asarray((self.lead <= tolerance) & (self.lead + most >= -tolerance))

    def may_reach(self, ground: Floats) -> NDArray[np.bool_]:
        """Whether the ground gained on every peer, a row per try, may be enough; ties count as left behind."""
        return np.asarray((self.lead + ground >= -self.peers.cut.tolerance).sum(axis=-1) >= self.need)


Choice = tuple[int, int, Floats]
"""Column of an indicator, pupils moved, ground gained on each peer; no pupils have the column 0."""


@dataclass(frozen=True)
class Year:
    """What one year can do, up to a number of pupils: changes of the peers' means and ground gained, by column."""

    changes: Mapping[int, Floats]
    ground: Mapping[int, Floats]
    best: Floats
    kept: dict[int, list[Choice]] = field(default_factory=dict)

    def keep(self, peers: NDArray[np.bool_]) -> "Year":
        """The same against some of the peers only; against the others no ground counts."""
        ground = {column: np.where(peers, frame, 0) for column, frame in self.ground.items()}
        return Year(self.changes, ground, np.where(peers, self.best, 0))

    def list_choices(self, pupils: int) -> list[Choice]:
        """Indicators worth trying with so many pupils: those that no other beats against every peer."""
        if pupils not in self.kept:
            self.kept[pupils] = list(self._choose(pupils)) if pupils else [(0, 0, np.zeros(self.best.shape[1]))]
        return self.kept[pupils]

    def _choose(self, pupils: int) -> Iterator[Choice]:
        moves = [(column, min(pupils, len(frame))) for column, frame in self.ground.items()]
        ground = np.array([self.ground[column][number - 1] for column, number in moves])
        kept: list[int] = []
        for place in np.argsort(-ground.sum(axis=1), kind="stable").tolist():
            if not any((ground[other] >= ground[place]).all() for other in kept):
                kept.append(place)
                yield *moves[place], ground[place]


def open_year(search: PlanSearch, curve: Curves, most: int) -> Year:
    """What up to so many pupils can do in a year, against all peers."""
    changes = curve.list_changes(most)
    ground = {column: search.gain(frame) for column, frame in changes.items()}
    best = np.zeros((most + 1, len(search.peers.ids)))
    for frame in ground.values():
        best[1 : len(frame) + 1] = np.maximum(best[1 : len(frame) + 1], frame)
    return Year(changes, ground, np.maximum.accumulate(best, axis=0))


def find_plan(search: PlanSearch) -> tuple[str, Way] | None:
    """The cheapest way to one of the bands, and to which; None where no single indicator a year is enough."""
    limit, number, tried = sum(search.limits), FIRST_NUMBER, 0
    if not is_possible(search):
        return None
    while tried < limit:
        most = min(number, limit)
        years = [open_year(search, curve, most) for curve in search.curves]
        bound = add_years([year.best for year in years], most)
        possible = search.may_reach(bound)
        undecided = search.find_undecided(bound[most])
        years = [year.keep(undecided) for year in years]
        for pupils in range(tried + 1, most + 1):
            found = try_divisions(search, years, pupils) if possible[pupils] else None
            if found:
                return found
        number, tried = 2 * number, most
    return None


def is_possible(search: PlanSearch) -> bool:
    """Whether all pupils that one indicator a year has would be enough."""
    ground = np.zeros(len(search.peers.ids))
    for curve in search.curves:
        ends = [curve.change(column, np.array([float(limit)])) for column, limit in curve.limits.items()]
        if ends:
            ground += np.maximum(search.gain(np.concatenate(ends)).max(axis=0), 0)
    return bool(search.may_reach(ground))


def add_years(ground: Sequence[Floats], most: int) -> Floats:
    """The most ground over all divisions of at most 0, 1, 2, … pupils among the years."""
    total = ground[0]
    for year in ground[1:]:
        added = total + year[0]
        for pupils in range(1, most + 1):
            added[pupils:] = np.maximum(added[pupils:], total[: most + 1 - pupils] + year[pupils])
        total = added
    return total


def try_divisions(search: PlanSearch, years: Sequence[Year], pupils: int) -> tuple[str, Way] | None:
    """The first division of so many pupils among the years that does it, the whole computation repeated for each."""
    divisions = divide(pupils, search.limits)
    best = sum((year.best[divisions[:, place]] for place, year in enumerate(years)), np.zeros(1))
    promising = np.flatnonzero(search.may_reach(best))
    for division in divisions[promising[np.argsort(-best[promising].sum(axis=1), kind="stable")]]:
        choices = [year.list_choices(int(part)) for year, part in zip(years, division, strict=True)]
        for plan in product(*choices):
            search.count_plan()
            if search.may_reach(sum((ground for *_, ground in plan), np.zeros(1))):
                band = band_after(search, years, plan)
                if band in search.bands:
                    return str(band), name_way(search, plan)
    return None


def band_after(search: PlanSearch, years: Sequence[Year], plan: Sequence[Choice]) -> str | None:
    """The school's band after all moves of a plan."""
    moved = [year.changes[column][number - 1] for year, (column, number, _) in zip(years, plan, strict=True) if number]
    return search.peers.band(search.peers.means + np.sum(moved, axis=0), search.row)


def name_way(search: PlanSearch, plan: Sequence[Choice]) -> Way:
    """The moves of a plan as changes."""
    moves = zip(search.curves, plan, strict=True)
    return Way(tuple(curve.name_change(column, number) for curve, (column, number, _) in moves if number))


def divide(pupils: int, limits: Sequence[int]) -> Numbers:
    """All ways to divide pupils among years, each within its limit: a row per way, a column per year."""
    parts = np.zeros((1, 0), dtype=np.int64)
    for place, limit in enumerate(limits):
        left = pupils - parts.sum(axis=1)
        last = place == len(limits) - 1
        steps = left[:, None] if last else np.arange(min(pupils, limit) + 1)[None, :]
        added = np.broadcast_to(steps, (len(parts), steps.shape[1]))
        parts = np.column_stack([np.repeat(parts, added.shape[1], axis=0), added.ravel()])
        parts = parts[(parts[:, -1] <= limit) & (parts.sum(axis=1) <= pupils)]
    return parts
