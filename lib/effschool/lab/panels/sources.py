"""Data as a panel (данные): what came from where, problems, corrections, and the rows behind a school's numbers."""

from collections.abc import Callable

from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import Panel, choose, line_up, open_panel
from effschool.lab.panels.views import TableView, Takeaway
from effschool.report.display import Table, Text
from effschool.report.portfolio import order_names
from effschool.report.sections.provenance import tabulate_sources
from effschool.report.sections.stages import (
    tabulate_correction_entries,
    tabulate_found_files,
    tabulate_found_problems,
    tabulate_renamed,
)

FILES, PROBLEMS, CORRECTIONS, RENAMED, ROWS = (
    "Файлы",
    "Замечания",
    "Исправления",
    "Школы под другим кодом",
    "Откуда числа школы",
)


def explore_data(desk: Desk) -> object:
    """The panel of data. In batch: the files."""
    return open_panel(lambda: DataPanel(desk), lambda: tabulate_found_files(desk.read_notes("files")))


def list_parts(desk: Desk) -> dict[str, Callable[[], Table | Text]]:
    """Tables of the panel by name, made when they are asked for."""
    return {
        FILES: lambda: tabulate_found_files(desk.read_notes("files")),
        PROBLEMS: lambda: tabulate_found_problems(desk.read_notes("problems")),
        CORRECTIONS: lambda: tabulate_correction_entries(desk.read_notes("corrections"), desk.tables["schools"]),
        RENAMED: lambda: tabulate_renamed(desk.read_notes("renamed")),
    }


class DataPanel(Panel):
    """Choice of a table; year and school for the rows behind a school's numbers."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Данные")
        self.desk = desk
        self.part = choose("Показать", [FILES, PROBLEMS, CORRECTIONS, RENAMED, ROWS])
        self.year = choose("Год", sorted(set(desk.tables["schools"]["year"]), reverse=True), layout={"display": "none"})
        self.school = choose("Школа", [("", "")], layout={"display": "none", "width": "36rem"})
        self.view = TableView(self, Takeaway(desk.exports, "данные"))
        self.add(line_up(self.part, self.year, self.school), self.view.widget)
        self.choose_year()
        self.watch(self.refresh, self.part, self.school)
        self.watch(self.choose_year, self.year)

    def choose_year(self) -> None:
        """Offer the schools of the year."""
        schools = self.desk.tables["schools"]
        own = schools[schools["year"] == self.year.value].sort_values(["municipality", "name"], key=order_names)
        names = [f"{name} ({place})" for name, place in zip(own["name"], own["municipality"], strict=True)]
        self.school.options = list(zip(names, own["school_id"].astype("str"), strict=True))
        self.refresh()

    def take_school(self, year: int, school_id: str) -> None:
        """Have the rows of the school's numbers ready."""
        self.year.value = year if year in self.year.options else self.year.value
        if school_id in [code for _, code in self.school.options]:
            self.school.value = school_id

    def refresh(self) -> None:
        """Show the table that is chosen."""
        of_school = self.part.value == ROWS
        self.year.layout.display = self.school.layout.display = "" if of_school else "none"
        self.view.show(self._trace() if of_school else list_parts(self.desk)[self.part.value]())

    def _trace(self) -> Table | Text:
        desk = self.desk
        return tabulate_sources(desk.tables, desk.methodology, desk.layouts, self.year.value, self.school.value)
