"""Which numbers of a table to hide (скрытие малых чисел) so that no hidden one follows from those that stay.

Small numbers are hidden first (primary suppression, первичное скрытие). Because sums are known, others have to be
hidden with them (secondary, вторичное). Whoever reads the table knows the sums and that numbers of schools are whole
and not negative; a hidden number is safe once tables that agree with all that is shown differ in it by `needed` or
more. Such tables are found by integer programming, and numbers are hidden where none is found otherwise: what comes
out is protected exactly, not by a rule of thumb (Fischetti, Salazar-González 2001; Kelly, Golden, Assad 1992).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack


class SuppressionError(ValueError):
    """A number cannot be hidden however much else is; the message is in Russian."""


@dataclass(frozen=True)
class ReleaseCells:
    """Numbers that hang together by sums.

    Args:
        counts: true numbers, whole and not negative.
        most: what each can be at most, as the reader knows.
        needed: by how much a hidden number has to be uncertain.
        cost: how much is lost by hiding each.
        equal: sums that everybody knows: a row each, `equal @ counts` is known.
        within: what else everybody knows of them: a row each, `within @ counts` is at most `bound`.
        least: what each is at least, as the reader knows.
        or_less: whether a number to hide that follows without the release anyway is left hidden rather than an error.
    """

    counts: np.ndarray
    most: np.ndarray
    needed: np.ndarray
    cost: np.ndarray
    equal: csr_array
    within: csr_array
    bound: np.ndarray
    least: np.ndarray
    or_less: bool = False

    @cached_property
    def slack(self) -> np.ndarray:
        """How far each sum is from its bound."""
        return self.bound - self.within @ self.counts


@dataclass(frozen=True)
class Protected:
    """Hidden numbers with how far tables that agree with the shown ones go: at least from `low` to `high`.

    `needed` is as in `ReleaseCells`, but less where the number cannot be that uncertain even with all others hidden.
    """

    hidden: np.ndarray
    low: np.ndarray
    high: np.ndarray
    needed: np.ndarray

    def find_open(self) -> np.ndarray:
        """Places of hidden numbers that are not yet known to be uncertain enough."""
        return np.flatnonzero(self.hidden & (self.high - self.low < self.needed))

    def learn(self, table: np.ndarray) -> "Protected":
        """One more table that agrees with what is shown."""
        return replace(self, low=np.minimum(self.low, table), high=np.maximum(self.high, table))


def protect(
    cells: ReleaseCells, small: np.ndarray, fixed: np.ndarray, hidden: np.ndarray | None = None, seed: int = 1
) -> Protected:
    """Hide what must be hidden beside small numbers, so that each hidden one is uncertain by its `needed` or more.

    Args:
        small: numbers to hide in any case.
        fixed: numbers about which it was decided earlier: those shown have been published.
        hidden: numbers to begin with, if others than the small ones are hidden already.
        seed: of the directions in which numbers are moved together; another one may hide other numbers.

    Raises:
        SuppressionError: a small number follows from what was published earlier.
    """
    found = Protected(small if hidden is None else small | hidden, cells.counts, cells.counts, cells.needed)
    random = np.random.default_rng(seed)
    while len(places := found.find_open()):
        # One table moves many numbers at once; only where that helps none, one is looked at by itself.
        found = found.learn(move_all(cells, found.hidden, places, random))
        if len(found.find_open()) == len(places):
            place = int(places[0])
            must = bool((small | fixed)[place])
            found = widen(cells, found, fixed, place) or give_up(found, place, must=must, or_less=cells.or_less)
    return found


def give_up(found: Protected, place: int, *, must: bool, or_less: bool) -> Protected:
    """Show a number that follows anyway, or leave it hidden if it must be.

    Raises:
        SuppressionError: it is one that must be hidden and follows from what was published earlier.
    """
    if must and not or_less:
        raise SuppressionError(
            "Малое число нельзя скрыть: оно следует из уже опубликованных чисел. Публикуйте меньше таблиц или лет."
        )
    hidden, needed = found.hidden.copy(), found.needed.copy()
    hidden[place], needed[place] = must, 0
    return replace(found, hidden=hidden, needed=needed)


def move_all(cells: ReleaseCells, hidden: np.ndarray, places: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A table that agrees with the shown numbers and goes as far as it can, at some places up, at others down."""
    free = np.flatnonzero(hidden)
    signs = np.where(np.isin(free, places), random.choice([-1.0, 1.0], len(free)), 0)
    moved = solve(cells, free, signs, Bounds((cells.least - cells.counts)[free], (cells.most - cells.counts)[free]))
    return cells.counts if moved is None else apply(cells, free, moved)


def widen(cells: ReleaseCells, found: Protected, fixed: np.ndarray, place: int) -> Protected | None:
    """Make one hidden number uncertain enough, hiding what is cheapest to hide for it; none if it is certain anyway."""
    low, high = (cells.counts[place] + step for step in bound(cells, np.flatnonzero(found.hidden | ~fixed), place))
    for needed in range(min(int(found.needed[place]), high - low), 0, -1):
        for up in range(min(needed, high - cells.counts[place]), -1, -1):
            if cells.counts[place] + up - needed < low:
                break
            tables = [reach(cells, found.hidden, fixed, place, step) for step in (up, up - needed)]
            agreed = [table for table in tables if table is not None]
            if len(agreed) == len(tables):
                return agree(cells, found, agreed, place, needed)
    return None


def bound(cells: ReleaseCells, free: np.ndarray, place: int) -> tuple[int, int]:
    """How far a number can go down and up while only free ones change."""
    bounds = Bounds((cells.least - cells.counts)[free], (cells.most - cells.counts)[free])
    ends = [solve(cells, free, sign * (free == place), bounds) for sign in (1.0, -1.0)]
    low, high = (0 if end is None else int(end[free == place][0]) for end in ends)
    return low, high


def agree(cells: ReleaseCells, found: Protected, tables: Iterable[np.ndarray], place: int, needed: int) -> Protected:
    """Hide what differs in the tables, so that they agree with what is still shown."""
    for table in tables:
        found = replace(found, hidden=found.hidden | (table != cells.counts)).learn(table)
    lowered = found.needed.copy()
    lowered[place] = needed
    return replace(found, needed=lowered)


def reach(cells: ReleaseCells, hidden: np.ndarray, fixed: np.ndarray, place: int, step: int) -> np.ndarray | None:
    """The cheapest table in which the number at a place is greater by a step (less by a negative one); none if none."""
    if not step:
        return cells.counts
    if not cells.least[place] <= cells.counts[place] + step <= cells.most[place]:
        return None
    table = shift(cells, np.flatnonzero(hidden), hidden, place, step)
    return shift(cells, np.flatnonzero(hidden | ~fixed), hidden, place, step) if table is None else table


def shift(cells: ReleaseCells, free: np.ndarray, hidden: np.ndarray, place: int, step: int) -> np.ndarray | None:
    """The cheapest table in which a number differs by a step while only free ones change; none where there is none."""
    # Changes up and down are variables of their own, so that both cost; a hidden number costs next to nothing.
    cost = np.where(hidden, 1e-3, cells.cost)[free]
    room = (cells.most - cells.counts)[free], (cells.counts - cells.least)[free]
    low = np.zeros(2 * len(free))
    high = np.concatenate(room).astype(float)
    up, down = np.flatnonzero(np.tile(free == place, 2))
    low[up] = high[up] = max(step, 0)
    low[down] = high[down] = max(-step, 0)
    both = hstack([eye_array(len(free)), -eye_array(len(free))], format="csr")
    moved = solve(cells, free, np.concatenate([cost, cost]), Bounds(low, high), both)
    return None if moved is None else apply(cells, free, both @ moved)


def solve(
    cells: ReleaseCells, free: np.ndarray, cost: np.ndarray, bounds: Bounds, made: csr_array | None = None
) -> np.ndarray | None:
    """The cheapest whole change of the free numbers that keeps all sums and parts; none where there is none.

    `made` says how changes follow from the variables, if they are not the variables themselves.
    """
    rows = vstack([cells.equal[:, free], cells.within[:, free]], format="csr")
    low = np.concatenate([np.zeros(cells.equal.shape[0]), np.full(cells.within.shape[0], -np.inf)])
    high = np.concatenate([np.zeros(cells.equal.shape[0]), cells.slack])
    matrix = rows if made is None else rows @ made
    used = np.diff(matrix.indptr) > 0
    limits = [LinearConstraint(matrix[used], low[used], high[used])] if used.any() else []
    found = milp(cost, integrality=np.ones(len(cost)), bounds=bounds, constraints=limits)
    return np.round(found.x) if found.status == 0 else None


def apply(cells: ReleaseCells, free: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The table after a change of the free numbers."""
    table = cells.counts.copy()
    table[free] += moved.astype(table.dtype)
    return table
