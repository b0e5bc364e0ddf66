"""Ways to a status that the number of lag flags decides (отставание среднего балла от регионального)."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from effschool.certainty.counterfactuals import Change, Group, describe_change, find_line, move_pupils
from effschool.certainty.explain.ways import Statuses, choose_way, take_cheapest
from effschool.certainty.explain.windows import OpenWindow
from effschool.method.methodology import GapIndicator, Methodology

Flags = list[tuple[bool, Change | None]]
"""Lag flags of one school: whether it lags, and the fewest pupils that would turn the flag; None where none would."""


def reach_by_lags(window: OpenWindow, groups: Sequence[Group], methodology: Methodology) -> dict[str, Statuses]:
    """The cheapest way of every school to every status that its number of lags may give."""
    flags = dict(pair for group in groups if group.year == window.report_year for pair in list_flags(group))
    most = methodology.domains[window.domain].gaps
    named = {number: window.name_by_lags(methodology, number) for number in range(most + 1)}
    return {school: reach_counts(flags.get(school, []), place, named) for place, school in enumerate(window.view.ids)}


def reach_counts(flags: Flags, place: int, named: Mapping[int, Sequence[str | None]]) -> Statuses:
    """The cheapest way of one school (row of `named`) to every status, over all numbers of lags."""
    lagging = [change for is_lag, change in flags if is_lag]
    others = [change for is_lag, change in flags if not is_lag]
    reach: Statuses = {}
    for number, statuses in named.items():
        turned, needed = (lagging, len(lagging) - number) if number < len(lagging) else (others, number - len(lagging))
        way = take_cheapest([change for change in turned if change], needed)
        reach[statuses[place]] = choose_way(reach.get(statuses[place]), way)
    return reach


def list_flags(group: Group) -> Iterator[tuple[str, Flags]]:
    """Flags of every school of a group."""
    columns = [column for column, item in enumerate(group.indicators) if isinstance(item, GapIndicator)]
    turned = [turn_flags(group, column) for column in columns]
    for place, school in enumerate(group.schools):
        yield school, [flags[place] for flags in turned if place in flags]


def turn_flags(group: Group, column: int) -> dict[int, tuple[bool, Change | None]]:
    """The fewest pupils that would turn a flag, for every school (row number) that has the indicator."""
    raw, line = group.raw[:, column], find_line(group, column)
    found: dict[int, tuple[bool, Change | None]] = {}
    for place in np.flatnonzero(np.isfinite(raw)):
        is_lag = bool(raw[place] < line)
        direction = 1 if is_lag else -1
        limit = int(group.result_changes[column].count_pupils(direction)[place])
        pupils = np.arange(1.0, limit + 1)
        moved, _ = move_pupils(group, column, np.full(limit, place), pupils, direction)
        turned = np.flatnonzero((moved < line) != is_lag)
        change = describe_change(group, column, int(place), int(turned[0]) + 1, direction) if len(turned) else None
        found[int(place)] = is_lag, change
    return found
