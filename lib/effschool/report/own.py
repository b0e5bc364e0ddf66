"""A chart of one's own in a report (свой рисунок): made by seaborn or pyplot in a methodologist's own cell.

What is shown reaches page, workbook, note and facts as any other chart does, with its sentence as text alternative;
what a page cannot show, or a municipality's report must not say, is refused.
"""

import sys

import numpy as np
import pandas as pd
from IPython.core.getipython import get_ipython
from IPython.display import display
from matplotlib.figure import Figure
from matplotlib.text import Text as Words
from matplotlib.ticker import ScalarFormatter
from slugify import slugify

from effschool.base.catalog import load_catalog
from effschool.report.charts import WIDTH
from effschool.report.display import Chart, Table
from effschool.report.portfolio import Portfolio

_taken: list[int] = []
"""How many charts the report's files took, each time that one was written: what a run shows later is in none."""
SHORTEST = 4
"""Words of a sentence: with fewer, nobody who does not see the chart would know what is seen."""
_shown: dict[str, Chart] = {}
"""Charts shown in this notebook, by key: a cell that is run again replaces its own."""


class UnfitFigureError(ValueError):
    """A figure that a report cannot hold; the message says why and what to do."""


def show_figure(figure: object, title: str, sentence: str, frame: pd.DataFrame) -> None:
    """Show a chart, and put it into the report that this notebook makes.

    Args:
        figure: of matplotlib; of seaborn its grid or axes will do.
        title: what is drawn, with the unit.
        sentence: what is seen; who does not see the chart reads this.
        frame: data behind the chart, a row per mark; it becomes the table below it and the workbook's sheet.

    Raises:
        UnfitFigureError: the page could not show it or it would say nothing to who does not see it.
    """
    drawn = _take_figure(figure)
    _refuse(not str(title).strip(), "нет заголовка", "Скажите вторым аргументом, что нарисовано и в каких единицах.")
    short = len(str(sentence).split()) < SHORTEST or str(sentence).strip() == str(title).strip()
    _refuse(short, "нет предложения о том, что на нём видно", "Третий аргумент читают те, кто рисунка не видит.")
    is_table = isinstance(frame, pd.DataFrame) and not frame.empty
    _refuse(not is_table, "нет данных за рисунком", "Передайте четвёртым аргументом рамку, по которой он построен.")
    labels = {name: card.label for name, card in load_catalog().columns.items()}
    data = frame.reset_index(drop=True).rename(columns=labels)
    _refuse(not data.columns.is_unique, "столбцы данных названы одинаково", "Переименуйте один из них.")
    is_late = bool(_taken) and getattr(get_ipython(), "kernel", None) is None
    _refuse(is_late, "книга отчёта выше уже записана", "Поставьте ячейку перед той, где записывается книга.")
    key = f"own-{slugify(title)}"
    _shown[key] = Chart(key, title, sentence, drawn, Table(title, f"{title}: данные", data))
    display(_shown[key])


def _take_figure(given: object) -> Figure:
    """The figure, as wide as a page at most and known to pyplot no longer, which would show it a second time."""
    figure = given if isinstance(given, Figure) else getattr(given, "figure", None)
    kind = type(given).__name__
    _refuse(not isinstance(figure, Figure), f"это «{kind}», а не рисунок matplotlib", "Страница показывает только их.")
    assert isinstance(figure, Figure)
    _refuse(not any(axes.has_data() for axes in figure.axes), "на нём ничего не нарисовано", "Проверьте данные и оси.")
    is_solid = any(axes.name == "3d" for axes in figure.axes)
    _refuse(is_solid, "он трёхмерный", "На странице его не повернуть: нарисуйте на плоскости.")
    width, height = figure.get_size_inches()
    if width > WIDTH:
        figure.set_size_inches(WIDTH, height * WIDTH / width)
    for axis in (axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)):
        if type(axis.get_major_formatter()) is ScalarFormatter:
            axis.set_major_formatter(CommaFormatter())
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(figure)
    return figure


class CommaFormatter(ScalarFormatter):
    """Numbers of an axis with a comma, as the rest of the page has them."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """The number in words of the axis."""
        return super().__call__(x, pos).replace(".", ",")


def _refuse(is_wrong: bool, what: str, action: str) -> None:
    if is_wrong:
        raise UnfitFigureError(f"Рисунок не взят в отчёт: {what}. {action}")


def list_own_charts(portfolio: Portfolio | None = None) -> list[Chart]:
    """Charts that `show_figure` has shown in this notebook, in their order.

    Args:
        portfolio: the municipality that the report is of; None is the region, whose page may name every school.

    Raises:
        UnfitFigureError: one names a school of another municipality.
    """
    for chart in _shown.values() if portfolio else ():
        assert portfolio
        strangers = sorted(_list_words(chart) & _name_others(portfolio))
        told = f"в нём или в его данных — «{strangers[0]}», школа другого муниципалитета" if strangers else ""
        _refuse(bool(strangers), told, f"Оставьте школы муниципалитета «{portfolio.municipality}».")
    _taken.append(len(_shown))
    return list(_shown.values())


def _list_words(chart: Chart) -> set[str]:
    """Everything that a chart says by a word: values and headings of its data, words drawn."""
    frame = chart.table.frame
    values = {str(value) for name in frame for value in np.unique(frame[name].dropna().astype("str"))}
    return values | set(map(str, frame)) | {words.get_text() for words in chart.figure.findobj(Words)}


def _name_others(portfolio: Portfolio) -> set[str]:
    """Codes of schools of other municipalities, and their names that no own school has."""
    schools = portfolio.workspace.identified.schools
    own = schools["municipality"] == portfolio.municipality
    mine, others = schools[own], schools[~own]
    return {*others["school_id"], *others["name"]} - {*mine["school_id"], *mine["name"]}
