"""Small drawings that stand in a row of a table (рисунки в строке): a strip of years, a dumbbell, a line of years.

Written as SVG by a template, since a page of thirty schools has hundreds of them; colours are classes of the page's
style, so that they follow the dark theme. Each says in words what it shows; numbers stand in cells beside it.
"""

import math
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


def draw_years(values: Mapping[int, tuple[float, float]], unit: str) -> str:
    """Own line over the years above the one beside it; the last own year is set off.

    Args:
        values: own value and the one beside it by year, missing ones NaN; a year without data keeps its place.
        unit: that of the values.
    """
    known = {year: [math.nan if pd.isna(value) else value for value in both] for year, both in values.items()}
    every = [value for both in known.values() for value in both if not math.isnan(value)]
    first, last, ends = min(known, default=0), max(known, default=0), (min(every, default=0), max(every, default=0))
    step = (WIDE - 2 * EDGE) / max(last - first, 1)
    lines = {
        name: [
            (round(EDGE + (year - first) * step, 1), round(HIGH - 4 - (HIGH - 8) * _share(both[place], *ends), 1))
            for year, both in sorted(known.items())
            if not math.isnan(both[place])
        ]
        for place, name in enumerate(("own", "other"))
    }
    of_years = [(year, own) for year, (own, _) in sorted(known.items()) if not math.isnan(own)]
    told = "; ".join(f"{year} — {format_number(value, 1)}" for year, value in of_years)
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
