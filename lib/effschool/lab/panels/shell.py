"""What all panels share (панель): when there is one, how it looks, how it says that something went wrong."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial, wraps
from html import escape
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

import ipywidgets as widgets

from effschool.base.problems import hide_folders, say_error
from effschool.lab.session import FILES, MODE
from effschool.lab.trials import is_by_hand
from effschool.report.display import TEMPLATES, Text

FIELD = {"description_width": "initial"}
STALE = "effschool-stale"
"""Class of a panel whose results are not those of its fields: they are being computed, or a field is wrong."""


def is_live() -> bool:
    """Whether a person is there to use a panel: the notebook is run by hand, and nothing says otherwise."""
    mode = os.environ.get(MODE, "")
    if mode:
        return mode == "live"
    return is_by_hand()


class Shown(Protocol):
    """What has a widget for a person."""

    widget: widgets.Widget


def open_panel(live: Callable[[], Shown], static: Callable[[], object]) -> object:
    """The widget where a person is there, else a static part of its default state; what stops it is said in words.

    In batch a fault of the program stops the notebook, as in any other cell.
    """
    try:
        return live().widget if is_live() else static()
    except (ValueError, OSError) as error:
        return Text((say_failure(error),), kind="note")


def say_failure(error: Exception) -> str:
    """An error as a sentence with what to do; those that the library says in Russian as they are."""
    if isinstance(error, ValueError | FileNotFoundError | FileExistsError | RuntimeError) and _is_russian(str(error)):
        return str(error)
    told = hide_folders(say_error(error), (str(Path.cwd().parent), str(Path.cwd())))
    return (
        f"Не получилось ({told}). Верните прежнее значение; если не поможет, выполните тетрадь заново: "
        "меню «Ядро», «Перезапустить ядро и выполнить все ячейки»."
    )


def _is_russian(text: str) -> bool:
    return any("а" <= letter <= "я" for letter in text.casefold())


@cache
def read_template(name: str) -> str:
    """A file of the panels' templates."""
    return (TEMPLATES / "panels" / name).read_text(encoding="utf-8")


class Panel:
    """A panel: its widget holds the title, the parts that are added, a message for people and links to files.

    `chosen`: year and code of the school that a person has chosen here, for the panels beside it.
    """

    def __init__(self, title: str) -> None:
        self.message, self.near = widgets.HTML(), None
        self.chosen: tuple[int, str] | None = None
        self.files = widgets.Output()
        self.show_output({"application/javascript": read_template("labels.js")})
        heading = widgets.HTML(
            f"<style>{read_template('panel.css')}</style><h3 class='effschool-title'>{escape(title)}</h3>"
        )
        self.widget = widgets.VBox([heading, self.message, self.files])
        self.widget.add_class("effschool-panel")

    def add(self, *parts: widgets.Widget) -> None:
        """Put parts below those that are there; messages and links stay last."""
        self.widget.children = (*self.widget.children[:-2], *parts, self.message, self.files)

    def say(self, text: str, *, is_failure: bool = False, near: widgets.Widget | None = None) -> None:
        """A sentence that a screen reader reads at once, beside the field it is of; an empty one takes it away."""
        self._place_message(near)
        kind, role = ("bad", "alert") if is_failure else ("good", "status")
        self.message.value = f"<p class='effschool-{kind}' role='{role}'>{escape(text)}</p>" if text else ""

    def _place_message(self, near: widgets.Widget | None) -> None:
        if near is self.near:
            return
        for box in find_boxes(self.widget):
            if self.message in box.children:
                box.children = tuple(child for child in box.children if child is not self.message)
        home = next((box for box in find_boxes(self.widget) if near in box.children), self.widget)
        place = home.children.index(near) + 1 if near in home.children else len(home.children) - 1
        home.children = (*home.children[:place], self.message, *home.children[place:])
        self.near = near

    def guard(self, act: Callable[..., object]) -> Callable[..., None]:
        """The act as a callback: whatever goes wrong is said in a sentence, never lost and never a traceback."""

        @wraps(act)
        def _call(*_: object) -> None:
            try:
                self.say("")
                act()
            except Exception as error:
                self.say(say_failure(error), is_failure=True)

        return _call

    def watch(self, act: Callable[[], object], *fields: widgets.Widget) -> None:
        """Carry out an act whenever the value of one of the fields changes."""
        for field in fields:
            field.observe(partial(self._answer, act, field), names="value")

    def _answer(self, act: Callable[[], object], field: widgets.Widget, _: object) -> None:
        """The act, results greyed until it is done; what goes wrong is said beside the field, and they stay greyed."""
        self.widget.add_class(STALE)
        try:
            self.say("")
            act()
        except Exception as error:
            self.say(say_failure(error), is_failure=True, near=field)
        else:
            self.widget.remove_class(STALE)

    def take_school(self, year: int, school_id: str) -> None:
        """Show a school that was chosen in another panel, where the panel is about schools."""

    def show_file(self, path: Path, text: str = "") -> None:
        """Say that a file is there, or in which folder, with a link that Lab resolves and the browser saves."""
        text = text or f"Сохранено в папке {path.parent.parent.name}/{path.parent.name}:"
        link = f"<a href='{link_to(path)}' download='{escape(path.name)}'>{escape(path.name)}</a>"
        self.show_output({"text/html": f"<p class='effschool-good' role='status'>{escape(text)} {link}</p>"})

    def link_page(self, path: Path, text: str) -> None:
        """A link that opens a page in a tab of its own."""
        link = f"<a href='{link_to(path)}' target='_blank' rel='noopener'>{escape(text)}</a>"
        self.show_output({"text/html": f"<p class='effschool-good' role='status'>{link}</p>"})

    def show_output(self, data: dict[str, str]) -> None:
        """Show one bundle of representations below the panel, in place of the last."""
        output = {"output_type": "display_data", "data": {"text/plain": "", **data}, "metadata": {}}
        self.files.outputs = (output,)


def link_to(path: Path) -> str:
    """Address of a file: from the notebook's folder, or where the project's files are served."""
    served = os.environ.get(FILES, "")
    return served + quote(Path(os.path.relpath(path, ".." if served else ".")).as_posix())


def find_boxes(widget: widgets.Widget) -> Iterator[widgets.Box]:
    """A box and those inside it."""
    if isinstance(widget, widgets.Box):
        yield widget
        for child in widget.children:
            yield from find_boxes(child)


def choose(label: str, options: Sequence[Any], value: object = None, **other: object) -> widgets.Dropdown:
    """A field with one choice of several."""
    given = {"layout": {"width": "auto", "max_width": "36rem"}, **({} if value is None else {"value": value}), **other}
    return widgets.Dropdown(description=label, options=options, style=FIELD, **given)


def press(label: str, act: Callable[..., object], **other: object) -> widgets.Button:
    """A button that carries out an act."""
    button = widgets.Button(description=label, layout={"width": "auto"}, **other)
    button.on_click(act)
    return button


def slide(label: str, value: float, span: tuple[float, float, float]) -> widgets.Widget:
    """A slider from, to, by; whole numbers where all are whole."""
    kind = widgets.IntSlider if all(isinstance(number, int) for number in (value, *span)) else widgets.FloatSlider
    low, high, step = span
    layout = {"width": "46rem", "max_width": "100%"}
    whole = {} if kind is widgets.IntSlider or step < 1 else {"readout_format": ".0f"}
    return kind(description=label, value=value, min=low, max=high, step=step, style=FIELD, layout=layout, **whole)


def range_slider(label: str, step: float) -> widgets.Widget:
    """A slider with two ends, for a range; its limits are set by what there is."""
    kind = widgets.IntRangeSlider if isinstance(step, int) else widgets.FloatRangeSlider
    return kind(description=label, step=step, style=FIELD, layout={"width": "21rem"}, continuous_update=False)


def hide(*parts: widgets.Widget) -> None:
    """Leave parts out of sight until they are asked for."""
    for part in parts:
        part.layout.display = "none"


def line_up(*parts: widgets.Widget) -> widgets.Box:
    """Fields side by side, wrapped where there is no room."""
    return widgets.Box(list(parts), layout={"display": "flex", "flex_flow": "row wrap", "grid_gap": "4px 14px"})


def render_shown(*parts: object) -> str:
    """Texts, tables and charts as HTML."""
    return "".join(part._repr_html_() for part in parts)  # type: ignore[attr-defined]
