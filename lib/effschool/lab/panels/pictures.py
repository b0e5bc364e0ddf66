"""Pictures as panels: the portfolio matrix with hover, cohorts of the programme, operating characteristics of rules."""

from dataclasses import replace
from functools import partial

import ipywidgets as widgets
import pandas as pd
from matplotlib.ticker import MaxNLocator

from effschool.base.russian import count_words, format_number
from effschool.certainty.rules_power import estimate_reliability
from effschool.dynamics.follow import Dynamics
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import FIELD, Panel, choose, line_up, open_panel, slide
from effschool.lab.panels.views import ChartView, Takeaway
from effschool.report import charts
from effschool.report.display import Chart, Points, Table, Text
from effschool.report.portfolio import list_municipalities, name_kinds, order_names
from effschool.report.sections.certainty import chart_rules
from effschool.report.sections.dynamics import OUTSIDE, chart_cohorts
from effschool.report.sections.municipality import say_missing
from effschool.report.sections.region import chart_region_matrix

SIGNS = {"s": "■", "v": "▼", "p": "★", "D": "◆", "o": "●"}
"""Signs of text for the markers of charts."""
NOBODY = "—"

# The portfolio matrix


def explore_matrix(desk: Desk) -> object:
    """The matrix with a choice of axes and years. In batch: the region's matrix of the last year."""
    return open_panel(lambda: MatrixPanel(desk), lambda: chart_region_matrix(desk.open_year(desk.years[0])))


def name_axes(desk: Desk) -> dict[str, str]:
    """What can stand on an axis: title → column of an index or id of an indicator."""
    indices = {rules.title: f"{domain}_index" for domain, rules in desk.methodology.iterate_domains()}
    return indices | {f"{item.short}, {item.unit}": name for name, item in desk.methodology.indicators.items()}


def read_axis(desk: Desk, what: str, year: int) -> pd.Series:
    """Values of a year by school_id; an index only where the school is ranked."""
    schools = desk.open_year(year).region_schools.set_index("school_id")
    if what in schools:
        return schools[what].where(schools[what.replace("_index", "_band")].notna())
    values = desk.identified.indicators
    chosen = values[(values["year"] == year) & (values["indicator"] == what)]
    return chosen.set_index("school_id")["raw"].reindex(schools.index)


def lay_points(desk: Desk, across: tuple[str, int], upward: tuple[str, int]) -> pd.DataFrame:
    """A row per school that has both values: x, y, name, municipality, kind; the register is that of the later year."""
    schools = desk.open_year(max(across[1], upward[1])).region_schools
    frame = schools.assign(kind=name_kinds(schools)).set_index("school_id")[["name", "municipality", "kind"]]
    frame = frame.assign(x=read_axis(desk, *across), y=read_axis(desk, *upward)).dropna(subset=["x", "y"])
    return frame.sort_values(["municipality", "name"], key=order_names)


def place_ticks(values: pd.Series) -> tuple[float, float, tuple[tuple[float, str], ...]]:
    """Lower end and width of an axis, and its ticks: position 0…1 and text."""
    low, high = float(values.min()), float(values.max())
    width = (high - low) * 1.1 or 1.0
    start = low - width * 0.05
    ticks = [tick for tick in MaxNLocator(6).tick_values(low, high) if start <= tick <= start + width]
    return start, width, tuple(((tick - start) / width, format_number(tick, 1)) for tick in ticks)


def chart_points(points: pd.DataFrame, labels: tuple[str, str], title: str) -> Chart | Text:
    """The same points as a chart to be taken away, with its table."""
    if points.empty:
        return say_missing("Школы, у которых есть оба значения")
    sentence = (
        f"Оба значения есть у {count_words(len(points), 'школы', 'школ', 'школ')}; связь между ними "
        f"{format_number(points['x'].rank().corr(points['y'].rank()), 2)} (коэффициент Спирмена от −1 до 1)."
    )
    headings = labels if labels[0] != labels[1] else (f"{labels[0]} (по горизонтали)", labels[1])
    frame = points.reset_index()[["name", "school_id", "municipality", "kind", "x", "y"]]
    frame = frame.set_axis(["Школа", "Код", "Муниципалитет", "Вид", *headings], axis=1)
    digits = {heading: partial(_write_value, values=points[axis]) for heading, axis in zip(headings, "xy", strict=True)}
    table = Table("Матрица", title, frame, digits)
    return Chart("points", title, sentence, charts.draw_cloud(points, *labels), table)


def _write_value(value: object, values: pd.Series) -> str:
    return format_number(float(str(value)), 3 if values.abs().max() <= 1 else 1)


def show_points(points: pd.DataFrame, labels: tuple[str, str], title: str, chosen: str) -> Points:
    """The points with words that appear when they are pointed at; those of one municipality set off."""
    (x_low, x_width, x_ticks), (y_low, y_width, y_ticks) = place_ticks(points["x"]), place_ticks(points["y"])
    items = []
    for row in points.sort_values("municipality", key=lambda names: names == chosen).itertuples():
        colour, marker = charts.KINDS.get(row.kind, charts.KINDS[charts.OTHER_KIND])
        values = f"{labels[0]}: {_write_value(row.x, points['x'])}; {labels[1]}: {_write_value(row.y, points['y'])}"
        words = f"{row.name}, {row.municipality}. {row.kind}. {values}"
        place = ((row.x - x_low) / x_width, (row.y - y_low) / y_width)
        items.append((*place, SIGNS[marker], colour, words, row.municipality == chosen))
    legend = [(SIGNS[marker], colour, kind) for kind, (colour, marker) in charts.KINDS.items()]
    present = set(points["kind"]) | {charts.OTHER_KIND}
    shown = tuple(row for row in legend if row[2] in present)
    return Points(title, labels, tuple(items), (x_ticks, y_ticks), shown)


class MatrixPanel(Panel):
    """Two axes with their years, a municipality to be set off, and the picture."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Портфельная матрица")
        self.desk, axes = desk, list(name_axes(desk).items())
        years = sorted({int(year) for year in desk.identified.indices["year"]}, reverse=True)
        social = next((value for _, value in axes if value == "social_index"), axes[0][1])
        self.across = choose("По горизонтали", axes, social)
        self.across_year = choose("год", years, desk.years[0])
        self.upward = choose("По вертикали", axes)
        self.upward_year = choose("год", years, desk.years[0])
        places = list_municipalities(desk.workspace, desk.years[0])
        self.municipality = choose("Выделить", [(NOBODY, ""), *((name, name) for name in places)])
        self.picture = ChartView(self, Takeaway(desk.exports, "матрица"))
        first, second = (self.across, self.across_year), (self.upward, self.upward_year)
        self.add(line_up(*first), line_up(*second, self.municipality), self.picture.widget)
        self.watch(self.refresh, *first, *second, self.municipality)
        self.refresh()

    def take_school(self, year: int, school_id: str) -> None:
        """Set off the municipality of the school."""
        schools = self.desk.open_year(year).region_schools.set_index("school_id")
        if school_id in schools.index and schools.loc[school_id, "municipality"] in dict(self.municipality.options):
            self.municipality.value = schools.loc[school_id, "municipality"]

    def refresh(self) -> None:
        """Draw the matrix that is chosen."""
        across, upward = (self.across.value, self.across_year.value), (self.upward.value, self.upward_year.value)
        points = lay_points(self.desk, across, upward)
        labels = (f"{self.across.label}, {across[1]} год", f"{self.upward.label}, {upward[1]} год")
        title = f"{labels[1]} и {labels[0]}"
        chart = chart_points(points, labels, title)
        if isinstance(chart, Text):
            self.picture.show(chart)
            return
        said = Text((f"{chart.sentence} Наведите указатель на знак: появится название школы.",))
        self.picture.show(chart, show_points(points, labels, title, self.municipality.value), said)


# Cohorts of the programme


def explore_cohorts(desk: Desk) -> object:
    """Cohorts of the programme, chosen one by one. In batch: all of them."""
    return open_panel(lambda: CohortsPanel(desk), lambda: chart_cohorts(desk.dynamics))


def keep_cohorts(dynamics: Dynamics, entries: tuple[int, ...]) -> Dynamics:
    """Only the cohorts that entered in these years, and the schools outside the programme."""
    cohorts = dynamics.cohorts
    return replace(dynamics, cohorts=cohorts[cohorts["entry_year"].isna() | cohorts["entry_year"].isin(entries)])


class CohortsPanel(Panel):
    """Entry years of the cohorts, the last year shown, and the picture."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Школы программы поддержки по годам входа")
        self.dynamics = desk.dynamics
        entries = tuple(sorted({int(year) for year in self.dynamics.cohorts["entry_year"].dropna()}))
        years = sorted({int(year) for year in self.dynamics.cohorts["year"]}, reverse=True)
        self.entries = widgets.SelectMultiple(
            description="Годы входа", options=entries, value=entries, rows=max(2, min(len(entries), 8)), style=FIELD
        )
        self.year = choose("По год", years)
        hint = widgets.HTML(f"Несколько лет — с клавишей Ctrl или Shift; пунктир — «{OUTSIDE}».")
        self.picture = ChartView(self, Takeaway(desk.exports, "когорты"))
        self.add(line_up(self.entries, self.year, hint), self.picture.widget)
        self.watch(self.refresh, self.entries, self.year)
        self.refresh()

    def refresh(self) -> None:
        """Draw the cohorts that are chosen."""
        self.picture.show(chart_cohorts(keep_cohorts(self.dynamics, self.entries.value), self.year.value))


# Operating characteristics


def explore_power(desk: Desk) -> object:
    """What rules find at a reliability and a share. In batch: at those of the region and its methodology."""
    return open_panel(lambda: PowerPanel(desk), lambda: chart_rules(desk.methodology, _estimate(desk)))


def _estimate(desk: Desk) -> float:
    return estimate_reliability(desk.identified, "results", max(desk.years))


class PowerPanel(Panel):
    """Reliability and share as sliders, and the picture."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Что находят правила")
        self.methodology, estimated = desk.methodology, _estimate(desk)
        share = 100 * self.methodology.domains["results"].bands.share
        start = 0.7 if pd.isna(estimated) else round(estimated, 2)
        self.reliability = slide("Надёжность индекса", start, (0.0, 1.0, 0.01))
        self.share = slide("Доля школ в списке года, %", share, (5.0, 45.0, 1.0))
        known = "по этим данным не оценена" if pd.isna(estimated) else f"по этим данным {format_number(estimated, 2)}"
        self.picture = ChartView(self, Takeaway(desk.exports, "правила"))
        self.add(self.reliability, widgets.HTML(f"Надёжность {known}."), self.share, self.picture.widget)
        self.watch(self.refresh, self.reliability, self.share)
        self.refresh()

    def refresh(self) -> None:
        """Draw what is chosen."""
        rules = self.methodology.domains["results"]
        bands = rules.bands.model_copy(update={"share": self.share.value / 100})
        domains = {**self.methodology.domains, "results": rules.model_copy(update={"bands": bands})}
        chosen = self.methodology.model_copy(update={"domains": domains})
        self.picture.show(chart_rules(chosen, self.reliability.value))
