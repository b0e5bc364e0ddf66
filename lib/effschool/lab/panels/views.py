"""Tables and charts inside panels: search, order, pages, copying, files; a button per row where rows can be chosen."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
from slugify import slugify

from effschool.base.russian import count_words, format_number
from effschool.base.storage import disarm_formulas, write_bytes
from effschool.lab.panels.shell import FIELD, Panel, choose, line_up, press, render_shown
from effschool.report.display import Chart, Table, Text
from effschool.report.pictures import draw_png, save_svg
from effschool.report.portfolio import order_names
from effschool.report.workbook import write_workbook

PAGE = 15
"""Rows of one page."""
ROWS = ("строка", "строки", "строк")
AS_IT_IS = ("как есть", "")
"""No order of one's own; not a missing value, which would leave the field blank."""


@dataclass(frozen=True)
class Takeaway:
    """Where files of a panel go: the folder, and what the panel's files are called there."""

    folder: Path
    stem: str

    def name_file(self, title: str, suffix: str) -> Path:
        """A file of the folder, named by what is in it."""
        return self.folder / f"{slugify(f'{self.stem} {title}', max_length=150)}{suffix}"


def write_copy(frame: pd.DataFrame) -> str:
    """A frame as text for pasting into Excel: tabs, decimal commas, no formulas."""
    return disarm_formulas(frame).to_csv(sep="\t", index=False, decimal=",", lineterminator="\n")


def filter_rows(frame: pd.DataFrame, query: str, order: str | None, *, reverse: bool = False) -> pd.DataFrame:
    """Rows in which every word of the query stands somewhere, in the order of a column; the frame's own if none.

    A number is looked for whole in names and codes, so that «№ 5» is not «№ 15»; as a part only where none is whole.
    """
    chosen = frame
    if words := query.casefold().replace("ё", "е").replace("№", " ").split():
        whole = _join_cells(frame)
        named = _join_cells(frame.select_dtypes(exclude="number"))
        for word in words:
            exact = named.str.contains(rf"(?<!\d){word}(?!\d)") if word.isdecimal() else pd.Series(False, frame.index)
            found = exact if exact.any() else whole.str.contains(word, regex=False)
            chosen = chosen[found[chosen.index]]
    if order is None:
        return chosen
    key = None if pd.api.types.is_numeric_dtype(frame[order]) else order_names
    return chosen.sort_values(order, key=key, ascending=not reverse, kind="stable")


def _join_cells(frame: pd.DataFrame) -> pd.Series:
    return frame.astype("str").fillna("").agg(" ".join, axis=1).str.casefold().str.replace("ё", "е")


class TableView:
    """A table of a panel.

    Args:
        sortable: columns that it may be sorted by; lists are no rating, so that no column of results is among them.
        open_row: takes the label of a row whose button was pressed; without it rows have no buttons.
    """

    def __init__(
        self,
        panel: Panel,
        takeaway: Takeaway,
        sortable: Sequence[str] | None = None,
        open_row: Callable[[object], None] | None = None,
    ) -> None:
        self.panel, self.takeaway, self.sortable, self.open_row = panel, takeaway, sortable, open_row
        self.table: Table | Text = Text(())
        self.rows, self.page = pd.DataFrame(), 0
        self.query = widgets.Text(description="Поиск", placeholder="часть названия или кода", style=FIELD)
        self.order = choose("Сортировка", [AS_IT_IS])
        self.reverse = widgets.ToggleButton(description="по убыванию", layout={"width": "auto"})
        self.back = press("‹ Назад", panel.guard(lambda: self.turn(-1)), tooltip="Предыдущие строки")
        self.forward = press("Дальше ›", panel.guard(lambda: self.turn(1)), tooltip="Следующие строки")
        self.place = widgets.HTML()
        self.copy = press("Копировать для Excel", panel.guard(self.copy_rows))
        self.save = press("Сохранить в XLSX", panel.guard(self.save_rows))
        self.copied = widgets.Textarea(
            description="Скопировать вручную (Ctrl+A, Ctrl+C)", style=FIELD, layout={"display": "none", "width": "90%"}
        )
        self.body = widgets.HTML()
        self.names = [press("", self._open(place)) for place in range(PAGE)] if open_row else []
        self.widget = self._lay_out()
        panel.watch(self.refresh, self.query, self.order, self.reverse)

    def _lay_out(self) -> widgets.VBox:
        names = widgets.VBox(self.names, layout={"margin": "4.8rem 0 0 0", "flex": "0 0 auto"})
        names.add_class("effschool-names")
        rows = widgets.HBox([names, self.body], layout={"overflow": "auto"}) if self.names else self.body
        if self.names:
            self.body.add_class("effschool-named")
        find = line_up(self.query, self.order, self.reverse)
        turn = line_up(self.back, self.place, self.forward, self.copy, self.save)
        return widgets.VBox([find, rows, turn, self.copied])

    def show(self, table: Table | Text) -> None:
        """Show another table; search and order stay where they can."""
        self.table, self.page = table, 0
        columns = list(table.frame.columns) if isinstance(table, Table) else []
        allowed = [name for name in columns if self.sortable is None or name in self.sortable]
        options = [AS_IT_IS, *((name, name) for name in allowed)]
        if tuple(self.order.options) != tuple(options):
            self.order.options = options
        self.refresh()

    def refresh(self) -> None:
        """Find the rows anew and show the first of them."""
        self.page = 0
        if isinstance(self.table, Table):
            self.rows = filter_rows(
                self.table.frame, self.query.value, self.order.value or None, reverse=self.reverse.value
            )
        self.copied.layout.display = "none"
        self.draw()

    def turn(self, pages: int) -> None:
        """Turn pages; there is none before the first and none after the last."""
        last = max(0, (len(self.rows) - 1) // PAGE)
        self.page = min(max(self.page + pages, 0), last)
        self.draw()

    def draw(self) -> None:
        """Show the page."""
        if not isinstance(self.table, Table):
            self.body.value, self.place.value = render_shown(self.table), ""
            return
        first = self.page * PAGE
        shown = self.rows.iloc[first : first + PAGE]
        for place, button in enumerate(self.names):
            name = str(shown.iloc[place, 0]) if place < len(shown) else ""
            button.description, button.tooltip = name, f"Открыть карточку: {name}"
            button.layout.display = "" if name else "none"
        self.body.value = render_shown(replace(self.table, frame=shown))
        total, last = len(self.rows), min(first + PAGE, len(self.rows))
        self.place.value = (
            f"Строки {format_number(first + 1)}–{format_number(last)} из {format_number(total)}"
            if total
            else "Таких строк нет. Измените поиск или отбор."
        )
        self.back.disabled, self.forward.disabled = self.page == 0, last >= total

    def _open(self, place: int) -> Callable[..., None]:
        def _act() -> None:
            assert self.open_row
            self.open_row(self.rows.index[self.page * PAGE + place])

        return self.panel.guard(_act)

    def copy_rows(self) -> None:
        """Put all rows found into the clipboard; where the browser refuses, they are there to be copied by hand."""
        text = write_copy(self.rows)
        self.copied.value, self.copied.layout.display = text, ""
        done = f"Скопировано: {count_words(len(self.rows), *ROWS)}. Вставьте в Excel (Ctrl+V)."
        failed = "Браузер не дал скопировать. Выделите текст в поле под таблицей (Ctrl+A) и скопируйте (Ctrl+C)."
        self.panel.show_output({"application/javascript": COPY % tuple(map(json.dumps, (text, done, failed)))})

    def save_rows(self) -> None:
        """Save all rows found as a workbook."""
        if isinstance(self.table, Table):
            save_tables(self.panel, self.takeaway, [replace(self.table, frame=self.rows)])


COPY = """const said = document.createElement("p");
said.className = "effschool-good"; said.setAttribute("role", "status"); element.appendChild(said);
const [text, done, failed] = [%s, %s, %s];
navigator.clipboard.writeText(text).then(() => { said.textContent = done; }, () => { said.textContent = failed; });
"""


def save_tables(panel: Panel, takeaway: Takeaway, parts: Sequence[Table | Chart]) -> Path:
    """Save tables, or those behind charts, as a workbook."""
    path = takeaway.name_file(parts[0].title, ".xlsx")
    write_workbook(parts, path, parts[0].title)
    panel.show_file(path)
    return path


class ChartView:
    """A chart of a panel with its sentence, its data and the files that can be made of it."""

    def __init__(self, panel: Panel, takeaway: Takeaway) -> None:
        self.panel, self.takeaway = panel, takeaway
        self.part: Chart | Text = Text(())
        self.body = widgets.HTML()
        suffixes = {".png": "Картинка PNG", ".svg": "Картинка SVG", ".xlsx": "Данные XLSX"}
        self.buttons = {
            suffix: press(label, panel.guard(lambda suffix=suffix: self.save(suffix)))
            for suffix, label in suffixes.items()
        }
        self.widget = widgets.VBox([self.body, line_up(*self.buttons.values())])

    def show(self, part: Chart | Text, *instead: object) -> None:
        """Show another chart, or say why there is none; parts given `instead` are shown in its place."""
        self.part, self.body.value = part, render_shown(*(instead or (part,)))
        for button in self.buttons.values():
            button.disabled = not isinstance(part, Chart)

    def save(self, suffix: str) -> None:
        """Save the picture or the data behind it."""
        if not isinstance(self.part, Chart):
            return
        if suffix == ".xlsx":
            save_tables(self.panel, self.takeaway, [self.part])
            return
        path = self.takeaway.name_file(self.part.title, suffix)
        write_bytes({".png": draw_png, ".svg": save_svg}[suffix](self.part.figure), path)
        self.panel.show_file(path)
