"""Drawings (диаграммы): each function takes a frame and gives a matplotlib figure, drawn once at the size shown.

Colours mean the same everywhere: vermilion is worse, grey in between, blue better; they differ for the colour-blind and
in grey print, and a letter or shape says the same again. No pyplot, so no state is left behind.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from textwrap import wrap

import matplotlib as mpl
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from matplotlib.transforms import Bbox

from effschool.base.russian import NO_DATA, format_number
from effschool.report.pictures import PLAIN, lay_out_figure

WORSE, MIDDLE, BETTER, MISSING = "#cc4b12", "#d6d6d6", "#14467f", "#ffffff"
OWN, REGION, OTHERS, INK, SOFT = "#14365d", "#757575", "#949494", "#222222", "#e8e8e8"
WIDTH = 9.0
"""Inches; pages show it 900 pixels wide at most."""
STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.edgecolor": "#777777",
    "axes.labelcolor": INK,
    "text.color": INK,
    "figure.facecolor": "white",
    "legend.frameon": False,
}


def start_figure(height: float, rows: int = 1, columns: int = 1, **options: object) -> tuple[Figure, list[Axes]]:
    """A figure of the common width with its axes, row by row."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False, **options)
    return figure, list(axes.flat)


def measure_luminance(colour: str) -> float:
    """Relative luminance of a colour, 0…1, by WCAG 2.2: how light it is in grey print."""
    parts = np.array(mpl.colors.to_rgb(colour))
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def choose_ink(colour: str) -> str:
    """Colour of letters on a coloured ground: white on a dark one."""
    return "white" if measure_luminance(colour) < 0.18 else INK


def break_name(name: object, width: int = 44, lines: int = 2) -> str:
    """A name in a few lines of at most so many letters; what does not fit is cut with an ellipsis."""
    return "\n".join(wrap(str(name), width, max_lines=lines, placeholder="…"))


def size_rows(count: int, usual: float) -> float:
    """Height of a row in inches: as usual, less where the drawing would be longer than a sheet of paper."""
    return min(usual, max(SHEET / max(count, 1), LOWEST_ROW))


SHEET, LOWEST_ROW = 10.5, 0.17
"""Inches: what an A4 sheet holds of a drawing as wide as its text, and a line of letters."""


def write_numbers(axis: mpl.axis.Axis, digits: int = 0) -> None:
    """Ticks in Russian form."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: format_number(value, digits)))


@mpl.rc_context(PLAIN)
def draw_stacked_shares(shares: pd.DataFrame, colours: Mapping[str, str], unit: str) -> Figure:
    """Stacked bars: a row of `shares` per bar, a column per part, values in per cent; every part carries its number."""
    figure, (axes,) = start_figure(0.9 + size_rows(len(shares), 0.55 if len(shares) < 5 else 0.32) * len(shares))
    left, lines = np.zeros(len(shares)), np.arange(len(shares))
    for place in np.flatnonzero(shares.isna().all(axis=1)):
        axes.text(1, place, NO_DATA, va="center", color=REGION)
    for part in shares.columns:
        values = shares[part].fillna(0).to_numpy(dtype=float)
        bars = axes.barh(lines, values, left=left, color=colours[part], edgecolor="white", label=part)
        labels = [f"{format_number(value)}" if value >= 5 else "" for value in values]
        axes.bar_label(bars, labels, label_type="center", color=choose_ink(colours[part]))
        left += values
    axes.set_yticks(lines, [break_name(name, 30) for name in shares.index])
    axes.set(xlabel=unit, xlim=(0, 100), ylim=(len(shares) - 0.5, -0.5))
    axes.tick_params(left=False)
    put_legend_above(axes, len(shares.columns))
    return figure


@mpl.rc_context(PLAIN)
def draw_dots(values: pd.DataFrame, units: Sequence[str], own: str, other: str, digits: int = 0) -> Figure:
    """Dot plot: a row of `values` per line, columns `own` and `other`; a panel for every unit of measurement."""
    panels = [values[np.array(units) == unit] for unit in dict.fromkeys(units)]
    height, sizes = 0.8 + 0.34 * len(values) + 0.5 * len(panels), [len(panel) for panel in panels]
    figure, rows = start_figure(height, len(panels), height_ratios=sizes)
    for axes, panel, unit in zip(rows, panels, dict.fromkeys(units), strict=True):
        _fill_dots(axes, panel, own, other)
        axes.set_xlabel(unit)
        write_numbers(axes.xaxis, digits)
    put_legend_above(rows[0], 2)
    return figure


def _fill_dots(axes: Axes, values: pd.DataFrame, own: str, other: str) -> None:
    lines = np.arange(len(values))
    axes.hlines(lines, values[own], values[other], color=MIDDLE, linewidth=4, zorder=1)
    axes.scatter(values[other], lines, marker="D", s=34, color=REGION, label=other, zorder=2)
    axes.scatter(values[own], lines, marker="o", s=62, color=OWN, label=break_name(own, 50, 1), zorder=3)
    axes.set_yticks(lines, [break_name(name) for name in values.index])
    below_zero = values[[own, other]].min().min() < 0
    axes.axvline(0, color=REGION, linewidth=0.8 if below_zero else 0)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.grid(axis="y", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.tick_params(left=False)


@mpl.rc_context(PLAIN)
def draw_matrix(
    points: pd.DataFrame, x_label: str, y_label: str, names: tuple[str, str], tracks: pd.DataFrame | None = None
) -> Figure:
    """Portfolio matrix (портфельная матрица): results against social conditions.

    Args:
        points: a row per school: x, y (index 0…1), `number`, `kind` (colour by status); without a number, a row per
            square of indices with `schools` in it, so that nothing exact of a school of others is drawn. x_middle and
            y_middle, the same in every row, are the dashed lines.
        names: what own and other schools are called.
        tracks: what has to find room besides, x and y: lines that `finish_matrix` draws.
    """
    figure, (axes,) = start_figure(6.2)
    named, anonymous = points.dropna(subset="number"), points[points["number"].isna()]
    whole = pd.concat([named, tracks])
    x_ends, y_ends = (choose_ends(points[name], whole[name]) for name in ("x", "y"))
    own, other = names
    _draw_squares(axes, anonymous, x_ends, y_ends, other)
    size = size_point(len(named)) ** 2
    for kind, (colour, marker) in KINDS.items():
        chosen = named[named["kind"] == kind]
        if len(chosen):
            label = own if kind == OTHER_KIND else kind
            axes.scatter(chosen["x"], chosen["y"], s=size, color=colour, marker=marker, label=label, zorder=3)
    for axis, name in ((axes.axvline, "x_middle"), (axes.axhline, "y_middle")):
        axis(points[name].median(), color=REGION, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axes.set(xlabel=x_label, ylabel=y_label, xlim=_widen(x_ends), ylim=_widen(y_ends))
    write_numbers(axes.xaxis, 2)
    write_numbers(axes.yaxis, 2)
    put_legend_above(axes, 3)
    listed_first = named.sort_values("kind", key=lambda kind: kind == OTHER_KIND, kind="stable")
    number_points(axes, listed_first if is_crowded(len(named)) else named)
    return figure


def _draw_squares(
    axes: Axes, squares: pd.DataFrame, x_ends: Sequence[float], y_ends: Sequence[float], name: str
) -> None:
    """Schools of others as dots as large as their square has schools; those farther off stand at the edge."""
    shown = squares.assign(x=squares["x"].clip(*x_ends), y=squares["y"].clip(*y_ends))
    is_moved = (shown[["x", "y"]] != squares[["x", "y"]]).any(axis=None)
    label = name + (" (крайние — у края)" if is_moved else "")
    style = {"color": SOFT, "edgecolors": OTHERS, "linewidths": 0.6, "zorder": 1}
    axes.scatter(shown["x"], shown["y"], s=12 * squares["schools"], label=label, **style)


@mpl.rc_context(PLAIN)
def finish_matrix(figure: Figure, tracks: pd.DataFrame, corners: Sequence[str]) -> None:
    """Add to a portfolio matrix what its schools came from and what its corners mean.

    Args:
        tracks: a row per number and year, the years in their order: x, y.
        corners: words in the lower left, lower right, upper left and upper right corner.
    """
    (axes,) = figure.axes
    for _, track in tracks.groupby("number"):
        axes.plot(track["x"], track["y"], color=OWN, alpha=0.35, linewidth=1, marker=".", markersize=3, zorder=1)
    for place, text in enumerate(corners):
        right, top = place % 2, place // 2
        sides = {"ha": "right" if right else "left", "va": "top" if top else "bottom"}
        at = (0.005 + 0.99 * right, 0.005 + 0.99 * top)
        axes.text(*at, text, transform=axes.transAxes, color="#595959", fontsize=8, style="italic", **sides)


POINT = 8.0
"""Size of an own school's point, in points."""
MOST_NUMBERED = 100
"""Own schools that a drawing numbers one and all; of more of them smaller points, numbers where there is room."""


def is_crowded(count: int) -> bool:
    """Whether so many own schools are too many for a number at each point and for lines from where they were."""
    return count > MOST_NUMBERED


def size_point(count: int) -> float:
    """Size of the points of so many own schools, in points."""
    return POINT / 2 if is_crowded(count) else POINT


def number_points(axes: Axes, points: pd.DataFrame) -> None:
    """Write every school's number beside its point where no number or point is; a line leads to one farther off.

    Of a crowd only those get a number that have room for it at once, the first of `points` before the others. Lays
    the figure out, so that it has to be the last thing done to it.
    """
    lay_out_figure(axes.get_figure())
    places = axes.transData.transform(points[["x", "y"]].to_numpy(dtype=float))
    taken = [np.column_stack([places, places]) + size_point(len(points)) * np.array([-0.5, -0.5, 0.5, 0.5])]
    far_off = AROUND[:2] if is_crowded(len(points)) else AROUND
    taken += [np.array([text.get_window_extent().extents]) for text in axes.texts]
    for number, place in zip(points["number"], places, strict=True):
        size = np.array([DIGIT[0] * len(str(number)), DIGIT[1]]) / 2
        middle = _find_room(place, size, np.vstack(taken), axes.get_window_extent(), far_off)
        if middle is None:
            continue
        taken.append(np.concatenate([middle - size, middle + size])[None])
        far = np.hypot(*(middle - place)) > AROUND[1]
        line = {"arrowstyle": "-", "color": REGION, "linewidth": 0.6, "shrinkA": 0, "shrinkB": 0} if far else None
        # Places in units of the data: they hold at any resolution.
        point, spot = axes.transData.inverted().transform([place, middle])
        style = {"ha": "center", "va": "center_baseline", "fontsize": 8, "zorder": 4}
        axes.annotate(str(number), point, spot, arrowprops=line, **style)


DIGIT = np.array([5.6, 9.0])
"""Room of a digit of 8 points: width and height."""
AROUND = (9.0, 12.0, 17.0, 23.0, 30.0, 38.0, 47.0, 57.0, 68.0, 80.0, 93.0)
"""Distances from a point at which its number is tried, in points."""


def _find_room(
    place: np.ndarray, size: np.ndarray, taken: np.ndarray, inside: Bbox, distances: Sequence[float]
) -> np.ndarray | None:
    """Middle of the nearest free box of a size (half width, half height) around a place.

    Where none is, the nearest one; nothing where not all the distances were to be tried.
    """
    angles = np.arange(0, 2 * np.pi, np.pi / 8)
    ring = np.column_stack([np.cos(angles), np.sin(angles)])
    middles = place + (np.array(distances)[:, None, None] * ring).reshape(-1, 2)
    low, high = middles - size, middles + size
    apart = (low[:, None] >= taken[None, :, 2:]) | (high[:, None] <= taken[None, :, :2])
    free = apart.any(axis=2).all(axis=1) & (low >= inside.min).all(axis=1) & (high <= inside.max).all(axis=1)
    return middles[free.argmax()] if free.any() or len(distances) == len(AROUND) else None


def choose_ends(values: pd.Series, own: pd.Series) -> tuple[float, float]:
    """Ends of an axis: own schools whole and all others but the utmost, which would press the rest together."""
    low, high = values.quantile([0.02, 0.98])
    return min(low, own.min()), max(high, own.max())


def _widen(ends: tuple[float, float]) -> tuple[float, float]:
    room = 0.06 * (ends[1] - ends[0]) or 0.1
    return ends[0] - room, ends[1] + room


@mpl.rc_context(PLAIN)
def draw_grouped_shares(shares: pd.DataFrame, label: str) -> Figure:
    """Bars side by side in per cent: a row of `shares` per line, a bar per column, each with its number."""
    figure, (axes,) = start_figure(1.0 + 0.3 * shares.size)
    height = 0.8 / shares.shape[1]
    for place, (name, colour) in enumerate(zip(shares.columns, (OWN, REGION, WORSE), strict=False)):
        lines = np.arange(len(shares)) + (place - (shares.shape[1] - 1) / 2) * height
        bars = axes.barh(lines, shares[name], height=0.9 * height, color=colour, label=name)
        axes.bar_label(bars, [format_number(value) for value in shares[name]], padding=3)
    axes.set_yticks(np.arange(len(shares)), [break_name(name) for name in shares.index])
    axes.set(xlabel=label, xlim=(0, 105), ylim=(len(shares) - 0.5, -0.5))
    axes.tick_params(left=False)
    put_legend_above(axes, 1)
    return figure


@mpl.rc_context(PLAIN)
def draw_cloud(points: pd.DataFrame, x_label: str, y_label: str) -> Figure:
    """All schools of a region without names: a row per school: x, y, `kind`."""
    figure, (axes,) = start_figure(5.6)
    for kind, (colour, marker) in KINDS.items():
        chosen = points[points["kind"].str.removeprefix("только ") == kind]
        size = 16 if kind == OTHER_KIND else 46
        axes.scatter(
            chosen["x"], chosen["y"], s=size, marker=marker, label=kind, color=OTHERS if size == 16 else colour
        )
    axes.set(xlabel=x_label, ylabel=y_label)
    write_numbers(axes.xaxis, 1)
    write_numbers(axes.yaxis, 1)
    put_legend_above(axes, 5)
    return figure


OTHER_KIND = "прочие"
KINDS = {
    "ШНРО и ШНСУ": ("#7a1f04", "s"),
    "ШНРО": (WORSE, "s"),
    "ШНРО, условия неизвестны": (WORSE, "v"),
    "ШНСУ": ("#8a6100", "p"),
    "резильентные": ("#0b6e4f", "D"),
    OTHER_KIND: (OWN, "o"),
}
"""Kinds of schools in the matrix: colour and shape say the same."""


MARKERS = "os^DvPX*<>hpd"


@mpl.rc_context(PLAIN)
def draw_lines(lines: pd.DataFrame, y_label: str, dashed: Sequence[str] = ()) -> Figure:
    """Lines over the years: a row per year, a column per line; those named in `dashed` are for comparison."""
    figure, (axes,) = start_figure(3.8)
    palette = sns.color_palette("colorblind", max(lines.shape[1], 1))
    for (name, values), marker, colour in zip(lines.items(), cycle(MARKERS), palette, strict=False):
        style = {"color": REGION, "linestyle": "--"} if name in dashed else {"color": colour, "marker": marker}
        axes.plot(values.index, values, label=break_name(name, 50, 1), **style)
    _finish_years(axes, lines.index, y_label)
    return figure


def _finish_years(axes: Axes, years: pd.Index, y_label: str) -> None:
    axes.set_ylabel(y_label)
    axes.set_xticks(list(years), [str(year) for year in years])
    write_numbers(axes.yaxis, 2)
    put_legend_above(axes, 3)


@mpl.rc_context(PLAIN)
def draw_events(events: pd.DataFrame, unit: str, selection: Sequence[int]) -> Figure:
    """Years around an entry: levels of two kinds of schools on the left, their difference on the right.

    Args:
        events: a row per year counted from entry: time, own, control, estimate, low, high.
        selection: years that were left out, shaded.
    """
    figure, (levels, apart) = start_figure(4.0, columns=2)
    levels.plot(events["time"], events["own"], color=OWN, marker="o", label="школы программы")
    levels.plot(events["time"], events["control"], color=REGION, marker="D", linestyle="--", label="похожие школы")
    apart.vlines(events["time"], events["low"], events["high"], color=REGION, linewidth=3)
    apart.scatter(events["time"], events["estimate"], color=OWN, s=46, zorder=2)
    apart.axhline(0, color=REGION, linewidth=0.8)
    for axes, label in ((levels, f"уровень, {unit}"), (apart, f"разница перемен, {unit}")):
        for place, year in enumerate(selection):
            shade = "год отбора и год входа" if place == 0 and axes is levels else None
            axes.axvspan(year - 0.5, year + 0.5, color=MIDDLE, alpha=0.4, linewidth=0, zorder=0, label=shade)
        axes.set(xlabel="лет от входа в программу", ylabel=label)
        axes.set_xticks(list(events["time"]), [format_number(time) for time in events["time"]])
        write_numbers(axes.yaxis, 1)
    put_legend_above(levels, 3)
    return figure


@mpl.rc_context(PLAIN)
def draw_groups(points: pd.DataFrame, x_label: str, y_label: str) -> Figure:
    """All schools of a region by group, without names: a row per school: x, y, `kind`, told by colour and shape."""
    figure, (axes,) = start_figure(5.6)
    kinds = list(dict.fromkeys(points["kind"].sort_values()))
    palette = sns.color_palette("colorblind", len(kinds))
    for kind, marker, colour in zip(kinds, cycle(MARKERS), palette, strict=False):
        chosen = points[points["kind"] == kind]
        axes.scatter(chosen["x"], chosen["y"], s=30, marker=marker, color=colour, alpha=0.8, label=kind, linewidths=0)
    axes.set(xlabel=x_label, ylabel=y_label)
    write_numbers(axes.xaxis, 1)
    write_numbers(axes.yaxis, 1)
    put_legend_above(axes, 1)
    return figure


@mpl.rc_context(PLAIN)
def draw_counts(counts: pd.DataFrame, label: str, colours: Sequence[str]) -> Figure:
    """Stacked bars of counts: a row per bar, a column per part; whole numbers on the axis."""
    figure, (axes,) = start_figure(1.1 + 0.3 * len(counts))
    left = np.zeros(len(counts))
    for part, colour in zip(counts.columns, cycle(colours), strict=False):
        values = counts[part].to_numpy(dtype=float)
        bars = axes.barh([break_name(name, 40) for name in counts.index], values, left=left, color=colour, label=part)
        labels = [format_number(value) if value else "" for value in values]
        axes.bar_label(bars, labels, label_type="center", color=choose_ink(colour))
        left += values
    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(len(counts) - 0.5, -0.5)
    axes.tick_params(left=False)
    put_legend_above(axes, 3)
    return figure


@mpl.rc_context(PLAIN)
def draw_parts(values: pd.Series, label: str, above: str, below: str, digits: int = 3) -> Figure:
    """Bars to the right and left of zero, each with its number: what adds and what takes away; a value per bar."""
    figure, (axes,) = start_figure(1.0 + 0.3 * len(values))
    numbers = values.to_numpy(dtype=float)
    bars = axes.barh(np.arange(len(values)), numbers, color=np.where(numbers > 0, above, below))
    axes.bar_label(bars, [format_number(number, digits) for number in numbers], padding=3, fontsize=9)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(np.arange(len(values)), [break_name(name, 60, 1) for name in values.index])
    axes.margins(x=0.15)
    axes.set_xlabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    write_numbers(axes.xaxis, digits)
    return figure


@mpl.rc_context(PLAIN)
def draw_table_of_counts(counts: pd.DataFrame, row_label: str, column_label: str) -> Figure:
    """Square of counts, darker where more: a row per state before, a column per state after."""
    figure, (axes,) = start_figure(1.2 + 0.5 * len(counts))
    sns.heatmap(counts, ax=axes, cmap="Blues", cbar=False, linewidths=2, annot=True, fmt="d", square=False)
    axes.set(xlabel=column_label, ylabel=row_label)
    axes.set_xticks(axes.get_xticks(), [break_name(name, 16, 3) for name in counts.columns])
    axes.tick_params(left=False, bottom=False, labelrotation=0)
    return figure


def put_legend_above(axes: Axes, columns: int) -> None:
    """The legend of the axes above the drawing, where it covers nothing."""
    handles, labels = axes.get_legend_handles_labels()
    axes.get_figure().legend(handles, labels, loc="outside upper left", ncols=columns, frameon=False)


@mpl.rc_context(PLAIN)
def draw_upset(combinations: pd.DataFrame, sizes: Sequence[int], label: str) -> Figure:
    """Sizes of intersections above a matrix of dots (UpSet).

    Args:
        combinations: a row per combination, a boolean column per set; a full dot is a set that takes part.
        sizes: members of exactly each combination.
    """
    heights = [2.4, 0.5 * combinations.shape[1]]
    figure, (bars, dots) = start_figure(3.2 + heights[1], 2, sharex=True, height_ratios=heights)
    places = np.arange(len(combinations))
    bars.bar_label(bars.bar(places, sizes, color=OWN, width=0.6), [format_number(size) for size in sizes])
    bars.set_ylabel(label)
    bars.yaxis.set_major_locator(MaxNLocator(integer=True))
    is_member = combinations.to_numpy(dtype=bool)
    for place, members in zip(places, is_member, strict=True):
        lines = np.flatnonzero(members)
        dots.scatter(np.full(len(members), place), np.arange(len(members)), s=46, color=np.where(members, OWN, MIDDLE))
        dots.plot(np.full(len(lines), place), lines, color=OWN, linewidth=2)
    dots.set_yticks(np.arange(combinations.shape[1]), [break_name(name) for name in combinations], fontsize=8)
    dots.set(xticks=[], xlim=(-0.6, max(len(places), 6) - 0.4), ylim=(combinations.shape[1] - 0.5, -0.5))
    for axes, sides in ((bars, ["bottom"]), (dots, ["left", "bottom"])):
        axes.spines[sides].set_visible(False)
        axes.tick_params(bottom=False, left=axes is bars)
    return figure


@mpl.rc_context(PLAIN)
def draw_places(places: pd.DataFrame, colours: Mapping[str, str]) -> Figure:
    """Tile map: a tile per municipality with its name, a bar of its schools by band and a line of text.

    Args:
        places: a row per municipality, indexed by name: row and column of its tile (from 0), `note`, and numbers of
            schools by part, named as in `colours`; no schools at all is said in words.
    """
    rows, columns = places["row"].max() + 1, places["column"].max() + 1
    letters = int(88 / columns)
    figure, (axes,) = start_figure(0.6 + 1.25 * rows)
    counts = places[list(colours)].to_numpy(dtype=float)
    total = counts.sum(axis=1)
    widths = np.divide(0.88 * counts, total[:, None], out=np.zeros_like(counts), where=total[:, None] > 0)
    left = places["column"].to_numpy() + 0.04
    for part, width in zip(colours, widths.T, strict=True):
        axes.barh(places["row"] + 0.6, width, left=left, height=0.16, color=colours[part], label=part)
        left = left + width
    for (name, place), schools in zip(places.iterrows(), total, strict=True):
        corner, top = place["column"] + 0.04, place["row"]
        title = "\n".join(wrap(str(name), letters, max_lines=3, placeholder="…"))
        note = "\n".join(wrap(str(place["note"]), letters + 3, max_lines=2, placeholder="…"))
        axes.text(corner, top + 0.04, title, va="top", fontsize=8, fontweight="bold")
        axes.text(corner, top + 0.6, "" if schools else NO_DATA, va="center", fontsize=8, color=REGION)
        axes.text(corner, top + 0.71, note, va="top", fontsize=8)
    axes.set(xlim=(0, columns), ylim=(rows, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    put_legend_above(axes, 3)
    return figure
