"""Drawings of dynamics (диаграммы динамики): flows of schools, the grid of level by change, time on a list, gains."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from textwrap import fill, shorten

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from effschool.base.russian import NO_DATA, format_number
from effschool.method.methodology import Axis, LevelChange
from effschool.report.charts import (
    BETTER,
    INK,
    MIDDLE,
    OWN,
    PLAIN,
    REGION,
    WORSE,
    choose_ink,
    number_points,
    put_legend_above,
    size_point,
    start_figure,
    write_numbers,
)

TONES = (WORSE, "#ef9a6b", MIDDLE, "#8db4dd", BETTER)
"""Colours of the five tones, from the worst."""
NODE = 0.11
"""Half-width of a column of flows; the distance between years is 1."""
READABLE = 0.035
"""Least share of the height in which a number can be read."""
EDGE = 3.0
"""The grid ends at so many times its outermost cut; a school beyond is drawn at the edge."""

Floors = Mapping[str, tuple[float, float]]
"""Bottom and top of every state in a column."""
Flows = Mapping[tuple[str, str], int]
"""Schools by state before and after."""


@mpl.rc_context(PLAIN)
def draw_flows(states: pd.DataFrame, titles: Mapping[str, str], colours: Mapping[str, str]) -> Figure:
    """Flows (потоки): a column per year, a band per state, ribbons for the schools that go from one to another.

    Args:
        states: a row per school, a column per calendar year; a year whose states are all missing is drawn as «нет
            данных», and no ribbon crosses it.
        titles: words by state, from the top of the columns.
        colours: colour by state; white is drawn with an edge.
    """
    figure, (axes,) = start_figure(4.6)
    used = {state: title for state, title in titles.items() if (states == state).any(axis=None)}
    height = float(states.notna().sum().max())
    floors = {year: _stack_states(states[year], list(used), height) for year in states if states[year].notna().any()}
    for place, year in enumerate(states.columns):
        if year in floors:
            _draw_column(axes, place, floors[year], colours, height)
            if place and states.columns[place - 1] in floors:
                before = states.columns[place - 1]
                flows = states[[before, year]].value_counts().to_dict()
                _draw_ribbons(axes, place, flows, (floors[before], floors[year]), colours)
        else:
            axes.text(place, height / 2, NO_DATA, rotation=90, ha="center", va="center", color=REGION, fontsize=12)
            axes.axvspan(place - NODE, place + NODE, facecolor="#f4f4f4", edgecolor=REGION, linestyle=":")
    axes.set_xticks(range(states.shape[1]), [str(year) for year in states.columns])
    axes.set(xlim=(-0.3, max(states.shape[1], 2) - 0.7), ylim=(-0.02 * height, 1.14 * height), yticks=[])
    axes.spines[:].set_visible(False)
    axes.tick_params(bottom=False)
    handles = [Patch(facecolor=colours[state], edgecolor=REGION, label=title) for state, title in used.items()]
    figure.legend(handles=handles, loc="outside upper left", ncols=3, frameon=False)
    return figure


def _stack_states(states: pd.Series, order: Sequence[str], height: float) -> dict[str, tuple[float, float]]:
    """Bottom and top of every state in one year, from below, with gaps; the first of `order` is on top."""
    counts = states.value_counts()
    floor, places = 0.0, {}
    for state in reversed(order):
        size = float(counts.get(state, 0))
        places[state] = (floor, floor + size)
        floor += size + (0.03 * height if size else 0)
    return places


def _draw_column(axes: Axes, place: int, floors: Floors, colours: Mapping[str, str], height: float) -> None:
    for state, (low, high) in floors.items():
        if high > low:
            box = Rectangle((place - NODE, low), 2 * NODE, high - low, facecolor=colours[state], edgecolor=REGION)
            axes.add_patch(box)
            if high - low >= READABLE * height:
                text = {"ha": "center", "va": "center", "color": choose_ink(colours[state]), "fontsize": 9}
                axes.text(place, (low + high) / 2, format_number(high - low), **text)


def _draw_ribbons(
    axes: Axes,
    place: int,
    flows: Flows,
    floors: tuple[Floors, Floors],
    colours: Mapping[str, str],
) -> None:
    """Ribbons between two years, staying ones pale, so that moves are seen; each move carries its number."""
    order = list(floors[0])
    # From below, at either end, as the columns are filled: no ribbons cross in vain.
    pairs = sorted(flows, key=lambda pair: (order.index(pair[0]), order.index(pair[1])))
    start, end = (_place_ribbons(pairs, flows, floors[side], side) for side in (0, 1))
    across = np.linspace(0, 1, 40)
    bend = across**2 * (3 - 2 * across)
    x = place - 1 + NODE + across * (1 - 2 * NODE)
    for pair in pairs:
        size, stays = flows[pair], pair[0] == pair[1]
        low = start[pair] + (end[pair] - start[pair]) * bend
        colour = REGION if colours[pair[0]] in {"white", MIDDLE} else colours[pair[0]]
        axes.fill_between(x, low, low + size, color=colour, alpha=0.18 if stays else 0.5, linewidth=0, zorder=0)
        if not stays and size >= READABLE * sum(flows.values()):
            label = {"fontsize": 8, "va": "center", "ha": "left", "color": INK}
            axes.text(x[2], low[2] + size / 2, format_number(size), **label)


def _place_ribbons(
    pairs: Sequence[tuple[str, str]], flows: Flows, floors: Floors, end: int
) -> dict[tuple[str, str], float]:
    """Bottom of every ribbon at one of its ends, stacked within its state."""
    floor = {state: low for state, (low, _) in floors.items()}
    places = {}
    for pair in pairs:
        places[pair] = floor[pair[end]]
        floor[pair[end]] += flows[pair]
    return places


@mpl.rc_context(PLAIN)
def draw_level_grid(points: pd.DataFrame, rules: LevelChange) -> Figure:
    """Level by change: a row of `points` per school: level, change, is_pale (too few pupils for a tone), number.

    A cell's tone is said by colour and by its number in the corner. `number` is missing for schools without a name.
    """
    figure, (axes,) = start_figure(6.4)
    x, y = _draw_cells(axes, rules)
    places = points.assign(x=points["change"].clip(x[0], x[-1]), y=points["level"].clip(y[0], y[-1]))
    numbered = places["number"].notna()
    for is_pale, label in ((False, "школа"), (True, "школа, где участников мало: без цвета")):
        chosen = places[places["is_pale"] == is_pale]
        if chosen.empty:
            continue
        size = np.where(numbered[chosen.index], size_point(int(numbered.sum())) ** 2, 16)
        face = "white" if is_pale else OWN
        axes.scatter(chosen["x"], chosen["y"], s=size, facecolor=face, edgecolor=OWN, label=label, zorder=2)
    _name_classes(axes.xaxis, x, rules.change)
    _name_classes(axes.yaxis, y, rules.level)
    axes.set_xlabel(fill(rules.change.title, 80))
    axes.set_ylabel(fill(rules.level.title, 60))
    axes.spines[:].set_visible(False)
    put_legend_above(axes, 2)
    number_points(axes, places[numbered])
    return figure


def _draw_cells(axes: Axes, rules: LevelChange) -> tuple[np.ndarray, np.ndarray]:
    """Tinted cells; the borders of the classes on either axis, the outer ends with them."""
    x, y = _find_borders(rules.change), _find_borders(rules.level)
    for row, tones in enumerate(rules.tones):
        for column, tone in enumerate(tones):
            size = (x[column + 1] - x[column], y[row + 1] - y[row])
            cell = Rectangle((x[column], y[row]), *size, facecolor=TONES[tone - 1], alpha=0.45, edgecolor="white")
            axes.add_patch(cell)
            corner = {"xytext": (4, -11), "textcoords": "offset points", "fontsize": 9, "color": "#444444"}
            axes.annotate(str(tone), (x[column], y[row + 1]), **corner)
    margin = 0.03
    for limits, set_limits in ((x, axes.set_xlim), (y, axes.set_ylim)):
        set_limits(limits[0] - margin * np.ptp(limits), limits[-1] + margin * np.ptp(limits))
    return x, y


def _find_borders(axis: Axis) -> np.ndarray:
    edge = EDGE * max(map(abs, axis.cuts))
    return np.array([-edge, *axis.cuts, edge])


def _name_classes(axis: mpl.axis.Axis, borders: np.ndarray, rules: Axis) -> None:
    cuts = [format_number(cut, 2) for cut in rules.cuts]
    ranges = [f"ниже {cuts[0]}", *(f"{low}…{high}" for low, high in pairwise(cuts))]
    ranges = [*ranges, f"от {cuts[-1]}"]
    names = [f"{name}\n{part}" for name, part in zip(rules.names, ranges, strict=True)]
    axis.set_ticks((borders[1:] + borders[:-1]) / 2, names, fontsize=8)
    axis.set_tick_params(length=0)


@mpl.rc_context(PLAIN)
def draw_leaving(shares: Mapping[str, pd.DataFrame], label: str) -> Figure:
    """Share still on a list by years since the start: a frame per line: years, still_pct, low_pct, high_pct."""
    figure, (axes,) = start_figure(3.8)
    styles = [(OWN, "-", "o"), (WORSE, "--", "s"), ("#0b6e4f", "-.", "D"), ("#8a6100", ":", "v")]
    last = max((int(frame["years"].max()) for frame in shares.values()), default=1)
    for place, (name, frame) in enumerate(shares.items()):
        colour, line, marker = styles[place % len(styles)]
        years, still = [0, *frame["years"]], [100.0, *frame["still_pct"]]
        shift = 0.03 * (place - (len(shares) - 1) / 2)
        axes.plot(years, still, color=colour, linestyle=line, marker=marker, label=shorten(name, 60, placeholder="…"))
        axes.vlines(frame["years"] + shift, frame["low_pct"], frame["high_pct"], color=colour, alpha=0.6)
    axes.set(ylim=(0, 104), xlabel="лет с первого года", ylabel=label)
    axes.set_xticks(range(last + 1))
    write_numbers(axes.yaxis)
    put_legend_above(axes, 2)
    return figure


@mpl.rc_context(PLAIN)
def draw_gains(gains: pd.DataFrame, errors: pd.DataFrame, label: str) -> Figure:
    """Gains as a heat map with numbers: vermilion loses, blue gains; bold exceeds twice the error, a blank no value.

    Args:
        gains, errors: a row per place, a column per step.
    """
    figure, (axes,) = start_figure(1.9 + 0.27 * max(len(gains), 2))
    values, doubt = gains.to_numpy(dtype=float), errors.to_numpy(dtype=float)
    palette = mpl.colors.LinearSegmentedColormap.from_list("gains", [WORSE, "#ffffff", BETTER])
    limit = max(float(np.nanmax(np.abs(values), initial=0.0)), 0.5)
    axes.pcolormesh(np.ma.masked_invalid(values), cmap=palette, vmin=-limit, vmax=limit, edgecolors="#eeeeee")
    for row, column in np.argwhere(~np.isnan(values)):
        sure = abs(values[row, column]) > 2 * doubt[row, column]
        style = {"weight": "bold" if sure else "normal", "ha": "center", "va": "center", "fontsize": 8}
        dark = abs(values[row, column]) > 0.6 * limit
        text = format_number(values[row, column], 1)
        axes.text(column + 0.5, row + 0.5, text, color="white" if dark else INK, **style)
    names = [shorten(str(name), 46, placeholder="…") for name in gains.index]
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=9)
    axes.set_xticks(np.arange(gains.shape[1]) + 0.5, [str(name) for name in gains.columns], rotation=90, fontsize=8)
    axes.set_xlabel(label)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    return figure
