"""Schools of the region as a panel: choose, search, take away, open a school's card, have a report made."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import ipywidgets as widgets
import numpy as np
import pandas as pd

from effschool.certainty.explain import Decisions
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import Panel, choose, line_up, open_panel, press, render
from effschool.lab.panels.views import TableView, Takeaway
from effschool.method.methodology import FIOKO_LIST
from effschool.report.display import Chart, Table, Text
from effschool.report.portfolio import (
    RegionYear,
    flag_members,
    list_municipalities,
    measure_participants,
    name_all_lists,
    order_names,
)
from effschool.report.privacy import load_privacy
from effschool.report.sections.explanation import chart_index_parts, tabulate_index_parts, tabulate_school_decisions
from effschool.report.sections.municipality import NONE, index_value, say_missing
from effschool.report.sections.partners import tabulate_named_partners
from effschool.report.workspace import load_named_partners

Part = Table | Chart | Text
CardPart = Callable[[Desk, int, str], Part]
"""A further part of a school's card: takes the desk, the year and the code of the school."""
ReportMaker = Callable[[Desk, str, int, Callable[[str], None]], list[Path]]
"""Makes the report of a municipality and a year and says how it goes; gives the page and the files beside it."""
SORTABLE = ("Школа", "Код", "Муниципалитет", "Группа", "Список результатов", "Список условий", "Участников")
"""Columns that the table may be sorted by: not those of results, since lists are no rating."""
EVERY = "все"


def explore_schools(desk: Desk, *card: CardPart, make_report: ReportMaker | None = None) -> object:
    """The panel of schools. In batch: the schools on lists of the last year.

    Args:
        card: further parts of a school's card.
        make_report: what the button of a municipality's report does (`run.one_report`); None leaves the button out.
    """
    return open_panel(
        lambda: SchoolsPanel(desk, card, make_report),
        lambda: pick_members(tabulate_region_schools(desk.open_year(desk.years[0]))),
    )


def list_similar(desk: Desk, year: int, school_id: str) -> Table | Text:
    """Part of a card: similar schools with better results (похожие школы), by name, for the institute alone."""
    partners = load_named_partners(desk.processed)
    own = partners[partners["school_id"].eq(school_id) & partners["year"].eq(year)] if len(partners) else partners
    if own.empty:
        return Text(("Похожие школы подбираются школам, которым нужна помощь, за последний год прогона.",))
    return tabulate_named_partners(own, desk.identified.schools, desk.methodology)


def tabulate_region_schools(region: RegionYear) -> Table:
    """Schools of the year that take part: a row per school, by municipality and name, index by school_id."""
    method, schools = region.workspace.methodology, region.region_schools
    schools = schools.sort_values(["municipality", "name", "school_id"], key=order_names)
    schools = schools.merge(measure_participants(region), how="left", on="school_id").set_index("school_id", drop=False)
    titles = {domain: rules.band_titles for domain, rules in method.iterate_domains()}
    frame = pd.DataFrame(
        {
            "Школа": schools["name"],
            "Код": schools["school_id"],
            "Группа": schools["group"],
            "Результаты года": schools["results_band"].map(titles["results"]).fillna(NONE),
            "Условия года": schools["social_band"].map(titles.get("social", {})).astype("str").fillna(NONE),
            "Список результатов": schools["results_status"].fillna(NONE),
            "Список условий": schools["social_status"].fillna(NONE),
            FIOKO_LIST: schools["fioko_shnor"].map({True: "да", False: "нет"}).astype("str").fillna(NONE),
            "Участников": schools["fewest"].astype("Int64"),
            "Муниципалитет": schools["municipality"],
        }
    )
    note = "«Участников» — наименьшее число участников за показателями результатов."
    return Table("Школы", f"Школы, {region.year} год", frame, note=note)


OTHER_FILTERS = {"results": "Результаты", "social": "Условия", "locality": "Местность", "size": "Численность"}
"""Fields beside list, municipality and group, by columns of `sort_kinds`."""


def sort_kinds(region: RegionYear, table: pd.DataFrame) -> pd.DataFrame:
    """What else schools are chosen by: a row per school as in the table, a column of categories per filter.

    Sizes are parted where the public release parts them.
    """
    schools = region.region_schools.set_index("school_id").loc[table.index]
    edges = [0, *load_privacy().release.types.sizes, np.inf]
    names = [f"до {edges[1] - 1}", *(f"{low}–{high - 1}" for low, high in pairwise(edges[1:-1])), f"от {edges[-2]}"]
    kinds = {
        "results": table["Результаты года"],
        "social": table["Условия года"],
        "locality": schools["locality"],
        "size": pd.cut(schools["enrolment"].astype("float64"), edges, right=False, labels=names),
    }
    return pd.DataFrame(kinds, index=table.index).astype("category")


def pick_members(table: Table) -> Table:
    """Only schools that need help: a page of the default state, for batch."""
    listed = table.frame[["Список результатов", FIOKO_LIST]].isin(["ШНРО", "да"]).any(axis=1)
    return replace(table, frame=table.frame[listed].head(15))


def describe_school(desk: Desk, year: int, school_id: str, more: tuple[CardPart, ...] = ()) -> list[Part]:
    """The card of a school: what stands behind its index, its decisions, how sure they are, its path."""
    parts, method, identified = desk.explain(year), desk.methodology, desk.identified
    shown: list[Part] = [
        _introduce(desk, year, school_id),
        chart_index_parts(parts, identified, method, school_id, "results"),
        tabulate_index_parts(parts, identified, method, school_id, "results"),
    ]
    if "social" in method.domains:
        shown.append(tabulate_index_parts(parts, identified, method, school_id, "social"))
    shown += [tell_decisions(desk, year, school_id), tell_certainty(desk, year, school_id), tell_path(desk, school_id)]
    return shown + [part(desk, year, school_id) for part in more]


def _introduce(desk: Desk, year: int, school_id: str) -> Text:
    row = desk.open_year(year).region_schools.set_index("school_id").loc[school_id]
    joint = "" if pd.isna(row["joint"]) else f" Сводный список: {row['joint']}."
    return Text((f"{row['name']}, {row['municipality']}, код {school_id}. Группа сравнения: {row['group']}.{joint}",))


def tell_decisions(desk: Desk, year: int, school_id: str) -> Table | Text:
    """What would have changed the lists, where the run has explained that year."""
    found = desk.workspace.decisions
    own = found[found["year"] == year]
    if own.empty:
        years = ", ".join(map(str, sorted(set(found["year"]))))
        return Text((f"Что изменило бы решение, в этом прогоне посчитано за {years or 'ни один'} год.",), kind="note")
    return tabulate_school_decisions(Decisions(own, pd.DataFrame()), desk.identified, school_id)


def tell_certainty(desk: Desk, year: int, school_id: str) -> Table | Text:
    """How sure it is that the school is on its lists: chance and stability."""
    known = desk.workspace.certainty
    if known.empty or not (known["year"] == year).any():
        return say_missing("Насколько можно верить спискам")
    own = known[(known["year"] == year) & (known["school_id"] == school_id) & known["is_member"].astype(bool)]
    if own.empty:
        return Text(("Школа не входит ни в один список, надёжность которого оценена.",))
    said = own["stability_sentence"] + " " + own["chance_sentence"].fillna("")
    frame = pd.DataFrame({"Список": own["list"], "Вывод": own["verdict"], "Что за этим стоит": said})
    return Table("Надёжность", "Насколько можно верить спискам", frame)


def tell_path(desk: Desk, school_id: str) -> Table:
    """The school over the years: index, band and lists."""
    paths = desk.workspace.dynamics.paths
    own, columns = paths[paths["school_id"] == school_id].sort_values("year"), {}
    for domain, rules in desk.methodology.iterate_domains():
        word = {"results": "Результаты", "social": "Условия"}[domain]
        columns[f"{word}: индекс"] = own[f"{domain}_index"]
        columns[f"{word}: группа"] = own[f"{domain}_band"].map(rules.band_titles).astype("str").fillna(NONE)
        columns[f"{word}: список"] = own[f"{domain}_status"].fillna(NONE)
    frame = pd.DataFrame({"Год": own["year"].astype("str"), **columns})
    formats = {name: index_value for name in columns if name.endswith("индекс")}
    return Table("Путь", "Школа по годам", frame, formats)


class SchoolsPanel(Panel):
    """Fields, the table of schools, the card of one, and the report of a municipality."""

    def __init__(self, desk: Desk, card: tuple[CardPart, ...], make_report: ReportMaker | None = None) -> None:
        super().__init__("Школы")
        self.desk, self.more, self.make_report = desk, card, make_report
        self.year = choose("Год", desk.years)
        self.municipality = choose("Муниципалитет", [EVERY])
        self.group = choose("Группа", [EVERY])
        self.list = choose("Список", [EVERY, *name_all_lists(desk.methodology)])
        self.report = press("Отчёт по этому муниципалитету", self.guard(self.start_report))
        self.progress = widgets.IntProgress(description="Отчёт", min=0, max=1, layout={"visibility": "hidden"})
        takeaway = Takeaway(desk.exports, "школы")
        self.schools = TableView(self, takeaway, SORTABLE, self.open_card)
        self.card = widgets.HTML()
        self.thread: threading.Thread | None = None
        self.others = {name: choose(label, [EVERY]) for name, label in OTHER_FILTERS.items()}
        fields = line_up(self.year, self.list, self.municipality, self.group, *self.others.values())
        self.add(fields, self.schools.widget, line_up(*(self.report, self.progress) if make_report else ()), self.card)
        self.watch(self.choose_year, self.year)
        self.watch(self.refresh, self.municipality, self.group, self.list, *self.others.values())
        self.choose_year()

    def choose_year(self) -> None:
        """Offer what the year has; choices that it has as well stay."""
        region = self.desk.open_year(self.year.value)
        self.table = self.desk.memory.keep(("schools", region.year), partial(tabulate_region_schools, region))
        places = list_municipalities(self.desk.workspace, region.year)
        _offer(self.municipality, places)
        _offer(self.group, sorted(set(region.region_schools["group"])))
        self.kinds = sort_kinds(region, self.table.frame)
        for name, field in self.others.items():
            _offer(field, list(self.kinds[name].cat.categories))
        self.refresh()

    def refresh(self) -> None:
        """Show the schools that are chosen."""
        region, frame = self.desk.open_year(self.year.value), self.table.frame
        if self.municipality.value != EVERY:
            frame = frame[frame["Муниципалитет"] == self.municipality.value]
        if self.group.value != EVERY:
            frame = frame[frame["Группа"] == self.group.value]
        if self.list.value != EVERY:
            members = region.region_schools[flag_members(region.region_schools, self.list.value)]["school_id"]
            frame = frame[frame.index.isin(members)]
        for name, field in self.others.items():
            if field.value != EVERY:
                frame = frame[self.kinds.loc[frame.index, name] == field.value]
        self.report.disabled = self.municipality.value == EVERY or self.is_busy
        self.card.value = ""
        self.schools.show(replace(self.table, frame=frame, title=self._name_choice()))

    def _name_choice(self) -> str:
        fields = (self.municipality, self.group, self.list, *self.others.values())
        chosen = [str(field.value) for field in fields if field.value != EVERY]
        return ", ".join([self.table.title, *chosen])

    def open_card(self, school_id: object) -> None:
        """Show the card of a school below the table."""
        self.card.value = render(*describe_school(self.desk, self.year.value, str(school_id), self.more))

    @property
    def is_busy(self) -> bool:
        """Whether a report is being made."""
        return self.thread is not None and self.thread.is_alive()

    def start_report(self) -> None:
        """Have the report of the chosen municipality made while the panel goes on."""
        self.report.disabled, self.progress.layout.visibility = True, "visible"
        self.progress.value, self.files.outputs = 0, ()
        arguments = (self.municipality.value, self.year.value)
        self.thread = threading.Thread(target=self._make_report, args=arguments, daemon=True)
        self.thread.start()

    def _make_report(self, municipality: str, year: int) -> None:
        self.guard(lambda: self._follow_report(municipality, year))()
        self.progress.layout.visibility = "hidden"
        self.report.disabled = self.municipality.value == EVERY

    def _follow_report(self, municipality: str, year: int) -> None:
        assert self.make_report
        pages = self.make_report(self.desk, municipality, year, self.say)
        self.progress.value = 1
        self.say("")
        self.show_file(pages[0], f"Отчёт «{municipality}», {year} год, готов, таблицы — в книге рядом:")


Field = TypeVar("Field", bound=widgets.Dropdown)


def _offer(field: Field, names: list[str]) -> None:
    """Give a field other options; the value stays where it is among them."""
    kept = field.value if field.value in names else EVERY
    options = (EVERY, *names)
    if tuple(field.options) != options:
        field.options = options
        field.value = kept
