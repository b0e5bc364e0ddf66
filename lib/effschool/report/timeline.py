"""Drawing of events in time (диаграмма Ганта): bars from first to last day, coloured and signed by state."""

from collections.abc import Mapping
from datetime import date
from textwrap import fill

import matplotlib as mpl
import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from effschool.report.charts import INK, PLAIN, REGION, put_legend_above, start_figure

Look = Mapping[str, tuple[str, str]]
"""State → colour of its bars and the sign that says the same."""
MANY = 30
"""With more events than this names take one line instead of two."""


@mpl.rc_context(PLAIN)
def draw_events(events: pd.DataFrame, look: Look, day: date | None) -> Figure:
    """Events from the top down in the order given; a diamond is the last day of one whose first day is not named.

    Args:
        events: a row per event: label, start (may be missing), end, state.
        look: colour and sign of every state, in the order of the legend.
        day: the day the events are seen from, a line across.
    """
    lines = 1 if len(events) > MANY else 2
    figure, (axes,) = start_figure(1.4 + (0.16 + 0.14 * lines) * max(len(events), 3))
    ends = mdates.date2num(events["end"])
    starts = mdates.date2num(events["start"].fillna(events["end"]))
    shown = [*starts, *ends, *([mdates.date2num(day)] if day else [])]
    least = max(max(shown) - min(shown), 30) / 120
    widths = np.maximum(ends - starts + 1, least)
    for state, (colour, sign) in look.items():
        places = np.flatnonzero(events["state"] == state)
        if len(places):
            _draw_state(axes, events.iloc[places], places, (starts[places], widths[places]), (state, colour, sign))
    if day:
        axes.axvline(mdates.date2num(day), color=INK, linewidth=1, linestyle=(0, (4, 3)), label=f"на {day:%d.%m.%Y}")
    width = 54 if lines == 1 else 44
    labels = [fill(str(label), width, max_lines=lines, placeholder=" …") for label in events["label"]]
    axes.set_yticks(np.arange(len(events)), labels, fontsize=8)
    axes.set(ylim=(len(events) - 0.4, -0.6), xlim=(min(shown) - 4 * least, max(shown) + 8 * least))
    axes.tick_params(left=False, labeltop=len(events) > MANY)
    axes.grid(axis="x", color="#eeeeee")
    axes.set_axisbelow(True)
    axes.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=3, maxticks=8))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: mdates.num2date(value).strftime("%m.%Y")))
    put_legend_above(axes, 4)
    return figure


def _draw_state(
    axes: Axes,
    events: pd.DataFrame,
    places: np.ndarray,
    spans: tuple[np.ndarray, np.ndarray],
    look: tuple[str, str, str],
) -> None:
    (starts, widths), (state, colour, sign) = spans, look
    is_span = events["start"].notna().to_numpy()
    bars = axes.barh(
        places[is_span],
        widths[is_span],
        left=starts[is_span],
        height=0.5,
        color=colour,
        edgecolor=REGION,
        linewidth=0.5,
    )
    points = axes.scatter(
        starts[~is_span], places[~is_span], marker="D", s=34, color=colour, edgecolors=REGION, linewidths=0.5, zorder=3
    )
    (bars if is_span.any() else points).set_label(f"{sign} {state}")
    ends = np.where(is_span, starts + widths, starts)
    for place, end in zip(places, ends, strict=True):
        axes.annotate(sign, (end, place), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9)
