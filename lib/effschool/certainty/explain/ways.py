"""Ways to another decision (пути): changes of a few indicators, and which of them is the cheapest."""

from collections.abc import Sequence
from dataclasses import dataclass

from effschool.base.disclosure import load_disclosure
from effschool.certainty.counterfactuals import Change


@dataclass(frozen=True)
class Way:
    """A way to another status (путь): the changes, and the years in which no single indicator is enough.

    `is_mean`: it is the mean index of these years that no single indicator a year moves far enough.
    """

    changes: tuple[Change, ...] = ()
    blocked: tuple[int, ...] = ()
    is_mean: bool = False

    @property
    def cost(self) -> tuple[int, int, int]:
        """Order of preference: possible ones first, then the fewest pupils, then the fewest changes."""
        return len(self.blocked), sum(change.pupils for change in self.changes), len(self.changes)

    @property
    def may_be_told(self) -> bool:
        """Whether no change of it singles out a pupil."""
        return all(change.may_be_told for change in self.changes)

    @property
    def is_within_reach(self) -> bool:
        """Whether the same pupils might have had the other results, and it may be told."""
        is_short = len(self.changes) <= load_disclosure().most_changes and not self.blocked
        return is_short and self.may_be_told and all(change.is_within_reach for change in self.changes)

    def __add__(self, other: "Way") -> "Way":
        blocked = tuple(sorted({*self.blocked, *other.blocked}))
        return Way(self.changes + other.changes, blocked, self.is_mean or other.is_mean)


Statuses = dict[str | None, Way | None]
"""Status → the cheapest way to it; None where data of other years would be needed."""


def choose_way(*ways: Way | None) -> Way | None:
    """The cheapest way; None where there is none."""
    return min((way for way in ways if way), key=lambda way: way.cost, default=None)


def sum_ways(ways: Sequence[Way | None]) -> Way | None:
    """All ways one after another; None where one of them is not there."""
    present = [way for way in ways if way]
    return sum(present, Way()) if len(present) == len(ways) else None


def take_cheapest(changes: Sequence[Change], number: int) -> Way | None:
    """The cheapest of the changes, so many of them; None where there are too few."""
    ordered = sorted(changes, key=lambda change: change.pupils)
    return Way(tuple(ordered[:number])) if number <= len(ordered) else None
