"""What all panels share (панель): when there is one, how it looks, how it says that something went wrong."""

import os
from collections.abc import Callable, Sequence
from functools import cache, wraps
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import ipywidgets as widgets

from effschool.base.problems import hide_folders, say_error
from effschool.lab.trials import is_by_hand
from effschool.report.display import TEMPLATES, Text

MODE = "EFFSCHOOL_PANELS"
"""Variable that decides outright: «live» or «static»."""
FIELD = {"description_width": "initial"}


def is_live() -> bool:
    """Whether a person is there to use a panel: the notebook is run by hand, and nothing says otherwise."""
    mode = os.environ.get(MODE, "")
    if mode:
        return mode == "live"
    return is_by_hand()


def open_panel(live: Callable[[], "Panel"], static: Callable[[], object]) -> object:
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
    """A panel: its widget holds the title, the parts that are added, a message for people and links to files."""

    def __init__(self, title: str) -> None:
        self.message = widgets.HTML()
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

    def say(self, text: str, *, is_failure: bool = False) -> None:
        """A sentence that a screen reader reads at once; an empty one takes the last away."""
        kind, role = ("bad", "alert") if is_failure else ("good", "status")
        self.message.value = f"<p class='effschool-{kind}' role='{role}'>{escape(text)}</p>" if text else ""

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
            field.observe(self.guard(act), names="value")

    def show_file(self, path: Path, text: str = "") -> None:
        """Say that a file is there, or in which folder, with a link that Lab resolves and the browser saves."""
        text = text or f"Сохранено в папке {path.parent.parent.name}/{path.parent.name}:"
        way = Path(os.path.relpath(path)).as_posix()
        link = f"<a href='{quote(way)}' download='{escape(path.name)}'>{escape(path.name)}</a>"
        self.show_output({"text/html": f"<p class='effschool-good' role='status'>{escape(text)} {link}</p>"})

    def show_output(self, data: dict[str, str]) -> None:
        """Show one bundle of representations below the panel, in place of the last."""
        output = {"output_type": "display_data", "data": {"text/plain": "", **data}, "metadata": {}}
        self.files.outputs = (output,)


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


def line_up(*parts: widgets.Widget) -> widgets.Box:
    """Fields side by side, wrapped where there is no room."""
    return widgets.Box(list(parts), layout={"display": "flex", "flex_flow": "row wrap", "grid_gap": "4px 14px"})


def render(*parts: object) -> str:
    """Texts, tables and charts as HTML."""
    return "".join(part._repr_html_() for part in parts)  # type: ignore[attr-defined]
