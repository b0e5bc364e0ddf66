"""Small drawings that stand in a row of a table (рисунки в строке): a strip of years, a dumbbell, a line of years.

Written as SVG by a template, since a page of thirty schools has hundreds of them; colours are classes of the page's
style, so that they follow the dark theme. Each says in words what it shows; numbers stand in cells beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from effschool.base.russian import format_number
from effschool.report.display import render

WIDE, HIGH, EDGE = 150.0, 22.0, 6.0
"""Width and height of a drawing, and room at either side of it, in pixels."""


def draw_strip(bands: Mapping[int, object], marks: Mapping[str, str], worse: str) -> str:
    """A square per year with the letter of the band: darkest for the worse band, hatched where there is none."""
    tones = {band: ("bad" if band == worse else "mid" if band == "mid" else "good") for band in marks}
    squares = [
        (number, str(year), marks[str(band)] if pd.notna(band) else "", tones[str(band)] if pd.notna(band) else "none")
        for number, (year, band) in enumerate(bands.items())
    ]
    told = ", ".join(f"{year} — {letter or 'нет'}" for _, year, letter, _ in squares)
    return render("strip.svg.j2", squares=squares, told=told)


def draw_dumbbell(row: Any, ends: tuple[float, float], told: str) -> str:
    """Own value and the one beside it on a common scale above the span that chance alone makes of the other.

    Args:
        row: own, region, low, high (ends of the span) and verdict (see `queries`).
        ends: least and greatest value of the scale, the same in all rows of a table.
    """
    values = (row.own, row.region, row.low, row.high)
    places = [None if pd.isna(value) else _place(value, *ends) for value in values]
    return render("dumbbell.svg.j2", places=places, told=told, verdict=row.verdict or "same", wide=WIDE, high=HIGH)


def _place(value: float, least: float, greatest: float) -> float:
    return round(EDGE + (WIDE - 2 * EDGE) * (value - least) / ((greatest - least) or 1), 1)


def draw_years(own: pd.Series, other: pd.Series, unit: str) -> str:
    """Own line over the years above the one beside it, each indexed by year; the last own year is set off.

    A year without data keeps its place.
    """
    both = pd.DataFrame({"own": own, "other": other}).astype("float64")
    both = both.reindex(range(both.index.min(), both.index.max() + 1)) if len(both) else both
    values = both.to_numpy()
    least, greatest = (pd.Series(values.ravel()).min(), pd.Series(values.ravel()).max())
    step = (WIDE - 2 * EDGE) / max(len(both) - 1, 1)
    lines = {
        name: [
            (round(EDGE + number * step, 1), round(HIGH - 4 - (HIGH - 8) * _share(value, least, greatest), 1))
            for number, value in enumerate(both[name])
            if pd.notna(value)
        ]
        for name in both
    }
    told = "; ".join(f"{year} — {format_number(value, 1)}" for year, value in both["own"].dropna().items())
    return render("years.svg.j2", lines=lines, told=f"{told}, {unit}" if told else "нет данных", wide=WIDE, high=HIGH)


def _share(value: float, least: float, greatest: float) -> float:
    return (value - least) / (greatest - least) if greatest > least else 0.5


def choose_scale(values: Sequence[float]) -> tuple[float, float]:
    """Ends of a scale that holds all the values; shares begin at nothing."""
    known = pd.Series(values, dtype="float64").dropna()
    return (min(0.0, float(known.min())), float(known.max()) or 1.0) if len(known) else (0.0, 1.0)


def draw_profile(title: str, legend: str, rows: pd.DataFrame) -> str:
    """A row per measure, each on a scale of its own: the span of the middle half, the own point, its value.

    Args:
        rows: title, value, low, high, told (the value in words) and is_hard (set off) of every measure.
    """
    drawn = []
    for row in rows.itertuples():
        ends = (0.0, max(row.value, row.high) or 1.0)
        places = (_place(value, *ends) for value in (row.value, row.low, row.high))
        drawn.append((row.title, row.told, row.is_hard, *places))
    told = "; ".join(f"{name} — {value}" for name, value, *_ in drawn)
    return render("profile.svg.j2", title=title, legend=legend, rows=drawn, told=f"{title}: {told}", wide=WIDE)
