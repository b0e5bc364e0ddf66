"""What a notebook shows: text, tables and charts that carry their title, sentence and data, as clean HTML.

Everything that comes from files is data: it is escaped by the templates, never put into HTML by hand.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from effschool.base.russian import NO_DATA, count_words, format_number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from effschool.report.pictures import Drawing

Formatter = Callable[[object], str]
TEMPLATES = Path(str(files("effschool.report"))) / "templates"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES / "display"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["breakable"] = allow_breaks
    return environment


def allow_breaks(text: str) -> Markup:
    """A checksum, or a name without a blank, may end a line at every eighth letter: on a narrow screen it has to."""
    if isinstance(text, Markup):
        return text
    pieces = [(OVERLONG.fullmatch(piece) and re.findall(".{1,8}", piece)) or [piece] for piece in OVERLONG.split(text)]
    return Markup().join(Markup("<wbr>").join(piece) for piece in pieces)


OVERLONG = re.compile(r"([^\s-]{32,})")


def compile_templates() -> None:
    """Compile all templates now, so that no report has to."""
    for name in _environment().list_templates():
        _environment().get_template(name)


def render(template: str, **values: object) -> str:
    """A part of a page by one of the templates of `templates/display`; what is put in is escaped."""
    return _environment().get_template(template).render(**values)


@dataclass(frozen=True)
class Search:
    """How a long table of schools is searched where scripts run (`filter.js`); without them it is whole as it is.

    Args:
        column: heading of the column that names lists, shown or not.
        lists: names of the lists in their order: a button for each that occurs.
        also: columns that are searched besides the first, shown or not.
    """

    column: str
    lists: tuple[str, ...]
    also: tuple[str, ...]


MOST_ROWS = 150
"""Rows of a folded table, or of the data of a chart, that stand on a page; the rest is found sooner in the workbook."""
GLANCE = 8
"""So many rows are on one screen of a desk together: a table of no more needs no search."""


@dataclass(frozen=True)
class Table:
    """A table for readers and for Excel.

    Args:
        key: short name, unique in a report; the sheet's name in the XLSX.
        title: caption.
        frame: a row per what the title says, headings in Russian; the first column names the row.
        formats: how to write a column's values; others are text as it is, numbers without digits.
        note: a sentence below the table, empty if none.
        row_links: addresses inside the page by the value of the first column.
        drawings: columns of the page alone: a small drawing per row, made by `drawings`, by heading.
        shown: headings of the page in their order, of the frame and of the drawings; all of the frame if empty. What
            is not shown stands in the workbook and in the facts.
        search: how schools are found where the table is long; nothing for tables that are not searched.
        legend: how the drawings are read; where there are no drawings, in the workbook and the note, it is left out.
        first: so many rows stand on the page, the rest in the workbook; all of them if nothing is said.
        folds: a table of more rows than a page should hold shows the first of them and says where the others are; one
            that is searched keeps them all, without drawings.
    """

    key: str
    title: str
    frame: pd.DataFrame
    formats: Mapping[str, Formatter] = field(default_factory=dict)
    note: str = ""
    row_links: Mapping[str, str] = field(default_factory=dict)
    drawings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    shown: tuple[str, ...] = ()
    search: Search | None = None
    legend: str = ""
    first: int | None = None
    folds: bool = False

    def __repr__(self) -> str:
        return f"<{self.title}>"

    def _repr_html_(self) -> str:
        search, table = self.search if len(self.frame) > GLANCE else None, self.fold() if self.folds else self
        return render("table_block.html.j2", table=table, body=table.render_body(search), search=search)

    def fold(self) -> "Table":
        """The same for a page where it has more rows than a page should hold; what is left out is named."""
        rest = len(self.frame) - MOST_ROWS
        if rest <= 0:
            return self
        if self.search:
            drawn = ", ".join(f"«{name}»" for name in self.drawings)
            shown = tuple(name for name in self.shown if name not in self.drawings)
            told = f"Столбцы {drawn} — в книге, лист «{self.key}»: для страницы школ слишком много."
            return replace(self, drawings={}, shown=shown, legend=told if self.drawings else self.legend)
        number = count_words(rest, "строка", "строки", "строк")
        told = f"Показаны первые {MOST_ROWS}; ещё {number} — в книге, лист «{self.key}»."
        return replace(self, first=MOST_ROWS, note=f"{self.note} {told}".strip())

    def list_formats(self) -> dict[str, Formatter]:
        """How every column is written."""
        return {name: self.formats.get(str(name), _format_cell) for name in self.frame}

    def list_rows(self) -> list[list[str]]:
        """Cells as readers see them, row by row."""
        return self._rows

    @cached_property
    def _rows(self) -> list[list[str]]:
        columns = [
            [NO_DATA if pd.isna(value) else write(value) for value in self.frame[name]]
            for name, write in self.list_formats().items()
        ]
        return [list(row) for row in zip(*columns, strict=True)]

    def render_body(self, search: Search | None = None) -> str:
        """The bare `<table>` element; for a search each row holds what is looked through besides its name."""
        columns = [str(name) for name in self.frame]
        shown = self.shown or columns
        numeric = [name in columns and pd.api.types.is_numeric_dtype(self.frame[name]) for name in shown]
        cells = {name: [row[place] for row in self.list_rows()] for place, name in enumerate(columns)}
        cells |= {name: [Markup(drawing) for drawing in made] for name, made in self.drawings.items()}
        rows = list(zip(*(cells[name] for name in shown), strict=True))[: self.first]
        also = [" ".join(row) for row in zip(*(cells[name] for name in search.also), strict=True)] if search else []
        lists = cells[search.column] if search else []
        return render("table.html.j2", table=self, heads=shown, rows=rows, numeric=numeric, also=also, lists=lists)


CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def drop_controls(text: str) -> str:
    """A text without the characters that no XML may hold."""
    return CONTROLS.sub("", text)


def _format_cell(value: object) -> str:
    return format_number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Chart:
    """A chart with what a reader needs to use it without seeing it.

    Args:
        key: short name, unique in a report; the sheet's name in the XLSX.
        title: what is drawn, with the unit.
        sentence: what is seen, made from the data; the text alternative.
        figure: matplotlib figure, not registered with pyplot.
        table: data behind the chart, headings in Russian.
    """

    key: str
    title: str
    sentence: str
    figure: "Figure"
    table: Table

    def _repr_html_(self) -> str:
        table = self.table.fold()
        return render("chart.html.j2", chart=self, table=table, drawing=self.draw_svg(), body=table.render_body())

    def __repr__(self) -> str:
        return f"<{self.title}>"

    def draw_svg(self) -> "Drawing":
        """The drawing as the page has it, the same text for the same drawing."""
        from effschool.report.pictures import draw_svg  # noqa: PLC0415 -- matplotlib takes long, and not every page has charts

        return draw_svg(self.figure, self.key)


@dataclass(frozen=True)
class Points:
    """Points on two axes whose words appear when they are pointed at; a person who does not see them has the table.

    Args:
        title: what is drawn, the text alternative.
        labels: names of the axes, the lower one first.
        items: a row per point: x, y (0…1 of width and height), sign, colour, words, whether it is set off.
        ticks: texts beside the axes: position 0…1 and text, the lower axis first.
        legend: a row per kind of points: sign, colour, name.
    """

    title: str
    labels: tuple[str, str]
    items: tuple[tuple[float, float, str, str, str, bool], ...]
    ticks: tuple[tuple[tuple[float, str], ...], tuple[tuple[float, str], ...]]
    legend: tuple[tuple[str, str, str], ...] = ()

    def _repr_html_(self) -> str:
        return render("points.html.j2", points=self)


@dataclass(frozen=True)
class Text:
    """Paragraphs made from data; `kind` «note» sets them off."""

    paragraphs: tuple[str, ...]
    kind: str = "plain"

    def __repr__(self) -> str:
        return "\n\n".join(self.paragraphs)

    def _repr_html_(self) -> str:
        return render("text.html.j2", text=self)


@dataclass(frozen=True)
class Folded:
    """A table that is opened by who wants it: its title is always seen."""

    table: Table

    def __repr__(self) -> str:
        return self.table.title

    def _repr_html_(self) -> str:
        return render("folded.html.j2", summary=self.table.title, body=self.table._repr_html_())


def fold_table(part: Table | Text) -> Folded | Text:
    """The table folded; a note in its place stays as it is."""
    return Folded(part) if isinstance(part, Table) else part


def keep_told(*parts: object) -> list[object]:
    """Parts that have something to say; a note in the place of one that has not is left to `gather_notes`."""
    return [part for part in parts if not (isinstance(part, Text) and part.kind == "note")]


def gather_notes(*parts: object) -> Text:
    """What parts with nothing to show say instead, each sentence once: a line each where a section would be empty."""
    notes = [part for part in parts if isinstance(part, Text) and part.kind == "note"]
    return Text(tuple(dict.fromkeys(text for note in notes for text in note.paragraphs)))


@dataclass(frozen=True)
class Figures:
    """Four or five key figures with the region beside them; a row per figure: label, value, comparison."""

    items: tuple[tuple[str, str, str], ...]

    def _repr_html_(self) -> str:
        return render("figures.html.j2", items=self.items)


@dataclass(frozen=True)
class Links:
    """Links to other pages: a row per link: name, file (empty where there is none), remark."""

    items: tuple[tuple[str, str, str], ...]

    def _repr_html_(self) -> str:
        return render("links.html.j2", items=self.items)
