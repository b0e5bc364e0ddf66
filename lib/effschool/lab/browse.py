"""Tables that a person can sort, filter, search and copy (таблица в тетради), offline; in batch as on a page."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import pandas as pd
from IPython.display import HTML, display

from effschool.lab.panels import is_live
from effschool.report.display import Table, Text

RUSSIAN: dict[str, Any] = {
    "search": "Найти:",
    "lengthMenu": "По _MENU_ строк",
    "info": "Строки _START_–_END_ из _TOTAL_",
    "infoEmpty": "Строк нет",
    "infoFiltered": "(отобрано из _MAX_)",
    "zeroRecords": "Ничего не найдено",
    "emptyTable": "Строк нет",
    "buttons": {"copy": "Копировать", "copyTitle": "Скопировано", "copySuccess": {"1": "1 строка", "_": "строк: %d"}},
    "aria": {"sortAscending": ": по возрастанию", "sortDescending": ": по убыванию"},
}
PAGE_LENGTHS: Any = [[10, 25, 100, -1], ["10", "25", "100", "все"]]
LARGEST = "2MB"
"""Of a larger table a notebook holds the first rows and says so."""


@dataclass(frozen=True)
class Browsable:
    """A table and its frame: `show_table(...).frame` is what pandas works on."""

    frame: pd.DataFrame
    title: str

    def __repr__(self) -> str:
        return f"<{self.title}, строк: {len(self.frame)}>"

    def _repr_html_(self) -> str:
        if not is_live():
            return Table(self.title, self.title, self.frame)._repr_html_()
        from itables import to_html_datatable  # noqa: PLC0415 -- the run need not wait for it

        _bring_scripts()
        return to_html_datatable(
            self.frame,
            caption=self.title,
            connected=False,
            showIndex=False,
            text_in_header_can_be_selected=False,  # a click on a heading sorts
            column_filters="footer",
            maxBytes=LARGEST,
            language=RUSSIAN,
            lengthMenu=PAGE_LENGTHS,
            display_logo_when_loading=False,
            layout={"topStart": "pageLength", "topEnd": "search", "bottomStart": "info", "bottom": "buttons"},
            buttons=["copyHtml5"],
        )


def show_table(table: pd.DataFrame | Table | Text, title: str = "") -> Browsable | Text:
    """A frame, or a table of the library, to sort, filter by columns, search and copy; `.frame` gives the frame.

    What is said in place of a table stays as it is.
    """
    if isinstance(table, Text):
        return table
    if isinstance(table, Table):
        return Browsable(table.frame, title or str(table.title))
    return Browsable(table, title or "Таблица")


@cache
def _bring_scripts() -> None:
    """Put the scripts of tables into the notebook, once for a kernel: nothing is asked of a network."""
    from itables import options  # noqa: PLC0415 -- as above
    from itables.javascript import generate_init_offline_itables_html  # noqa: PLC0415

    options.warn_on_unexpected_option_type = False  # DataTables takes words for its buttons, which the check forgets
    display(HTML(generate_init_offline_itables_html(options.dt_bundle)))
