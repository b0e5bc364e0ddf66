"""«Эффективная школа»: identification of schools with low results and reports for each municipality.

For one's own notebook: `open_run` (tables of the last run), `use_style`, `show_table`, `show_figure` (into a report),
`format_number` (as pages write it).
"""

from importlib import import_module

DOORS = {
    "open_run": "effschool.lab.frames",
    "use_style": "effschool.lab.frames",
    "show_table": "effschool.lab.browse",
    "show_figure": "effschool.report.own",
    "format_number": "effschool.base.russian",
}
"""Where the names live: each is imported when it is first asked for, since the run need not wait for the lab."""


def __getattr__(name: str) -> object:
    if name in DOORS:
        return getattr(import_module(DOORS[name]), name)
    raise AttributeError(f"module «effschool» has no «{name}»")
