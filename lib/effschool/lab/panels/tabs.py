"""All panels as one set of tabs (вкладки): each is made when it is opened, and the school chosen goes along."""

from collections.abc import Callable

import ipywidgets as widgets

from effschool.lab.panels.desk import Desk
from effschool.lab.panels.pictures import CohortsPanel, MatrixPanel, PowerPanel
from effschool.lab.panels.rule_lab import RulesPanel
from effschool.lab.panels.schools import CardPart, ReportMaker, SchoolsPanel, pick_members, tabulate_region_schools
from effschool.lab.panels.shell import Panel, open_panel, render_shown, say_failure
from effschool.lab.panels.sources import DataPanel
from effschool.lab.panels.what_if import WhatIfPanel
from effschool.report.display import Text


def open_tabs(desk: Desk, *card: CardPart, make_report: ReportMaker | None = None) -> object:
    """The tabs; arguments as of `explore_schools`. In batch: the schools on lists of the last year."""
    return open_panel(
        lambda: Tabs(desk, card, make_report),
        lambda: pick_members(tabulate_region_schools(desk.open_year(desk.years[0]))),
    )


class Tabs:
    """The panels by the titles of their tabs, those that were opened, and the tab that is shown."""

    def __init__(self, desk: Desk, card: tuple[CardPart, ...] = (), make_report: ReportMaker | None = None) -> None:
        self.makers: dict[str, Callable[[], Panel]] = {
            "Школы": lambda: SchoolsPanel(desk, card, make_report),
            "А если?": lambda: WhatIfPanel(desk),
            "Правила": lambda: RulesPanel(desk),
            "Матрица": lambda: MatrixPanel(desk),
            "Школы программы": lambda: CohortsPanel(desk),
            "Что находят правила": lambda: PowerPanel(desk),
            "Данные": lambda: DataPanel(desk),
        }
        self.made: dict[str, Panel] = {}
        self.shown = next(iter(self.makers))
        blank = [widgets.VBox() for _ in self.makers]
        self.widget = widgets.Tab(children=blank, titles=list(self.makers), selected_index=0)
        self.widget.add_class("effschool-tabs")
        self.widget.children[0].children = (self.open_panel(self.shown).widget,)
        self.widget.observe(self._turn, names="selected_index")

    def open_panel(self, title: str) -> Panel:
        """The panel of a tab, made when it is first asked for."""
        if title not in self.made:
            self.made[title] = self.makers[title]()
        return self.made[title]

    def show(self, title: str) -> None:
        """Show a tab, with the school that was chosen in the last one."""
        self.widget.selected_index = list(self.makers).index(title)

    def _turn(self, change: dict[str, int]) -> None:
        before, title = self.made[self.shown], list(self.makers)[change["new"]]
        place = self.widget.children[change["new"]]
        try:
            panel = self.open_panel(title)
            place.children = (panel.widget,)
            if before.chosen:
                panel.take_school(*before.chosen)
                panel.chosen = before.chosen
            self.shown = title
        except Exception as error:
            place.children = (widgets.HTML(render_shown(Text((say_failure(error),), kind="note"))),)
