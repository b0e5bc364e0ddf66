"""Schools of the region as a panel: choose, search, take away, open a school's card, have a report made."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import ceil, floor
from pathlib import Path
from typing import TypeVar

import ipywidgets as widgets
import pandas as pd

from effschool.base.catalog import load_catalog
from effschool.base.russian import format_number
from effschool.certainty.explain import Decisions
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import Panel, choose, hide, line_up, open_panel, press, range_slider, render_shown
from effschool.lab.panels.views import TableView, Takeaway
from effschool.method.methodology import FIOKO_LIST
from effschool.report.display import Chart, Table, Text
from effschool.report.portfolio import (
    Portfolio,
    RegionYear,
    flag_members,
    list_municipalities,
    measure_participants,
    name_all_lists,
    name_slugs,
    open_portfolio,
    order_names,
)
from effschool.report.sections.explanation import chart_index_parts, tabulate_index_parts, tabulate_school_decisions
from effschool.report.sections.municipality import NONE, index_value, say_missing
from effschool.report.sections.partners import tabulate_named_partners
from effschool.report.sections.school import name_school_files, tell_schools
from effschool.report.sections.school_programme import write_drafts
from effschool.report.workbook import write_workbook
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
            "Муниципалитет": schools["municipality"],
            "Список результатов": schools["results_status"].fillna(NONE),
            "Список условий": schools["social_status"].fillna(NONE),
            FIOKO_LIST: schools["fioko_shnor"].map({True: "да", False: "нет"}).astype("str").fillna(NONE),
            "Группа": schools["group"],
            "Результаты года": schools["results_band"].map(titles["results"]).fillna(NONE),
            "Условия года": schools["social_band"].map(titles.get("social", {})).astype("str").fillna(NONE),
            "Местность": schools["locality"].fillna(NONE),
            "Учеников": schools["enrolment"].astype("Int64"),
            "Участников": schools["fewest"].astype("Int64"),
        }
    )
    note = "«Участников» — наименьшее число участников за показателями результатов."
    return Table("Школы", f"Школы, {region.year} год", frame, note=note)


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
        self.locality = choose("Местность", [EVERY])
        indices, cards = [f"{domain}_index" for domain in desk.methodology.domains], load_catalog().columns
        self.ranges = {name: range_slider(cards[name].label, 0.01) for name in indices}
        self.ranges["enrolment"] = range_slider("Учеников", 1)
        self.is_filling = False
        self.report = press("Отчёт по этому муниципалитету", self.guard(self.start_report))
        self.progress = widgets.IntProgress(description="Отчёт", min=0, max=1, layout={"visibility": "hidden"})
        takeaway = Takeaway(desk.exports, "школы")
        self.schools = TableView(self, takeaway, SORTABLE, self.open_card)
        self.card, self.parts, self.opened = widgets.HTML(), list[Part](), ""
        self.of_school = line_up(
            press("Карточка в XLSX", self.guard(self.save_card)),
            press("Страница школы в отчёте", self.guard(self.link_school)),
            press("Черновик программы школы", self.guard(self.draft_programme)),
        )
        hide(self.of_school)
        self.thread: threading.Thread | None = None
        fields = line_up(self.year, self.municipality, self.list, self.group, self.locality)
        self.add(fields, line_up(*self.ranges.values()), self.schools.widget)
        self.add(line_up(*(self.report, self.progress) if make_report else ()), self.of_school, self.card)
        self.watch(self.choose_year, self.year)
        self.watch(self.refresh, self.municipality, self.list, self.group, self.locality, *self.ranges.values())
        self.choose_year()

    def choose_year(self) -> None:
        """Offer what the year has; choices that it has as well stay."""
        region = self.desk.open_year(self.year.value)
        self.table = self.desk.memory.keep(("schools", region.year), partial(tabulate_region_schools, region))
        places = list_municipalities(self.desk.workspace, region.year)
        _offer(self.municipality, places)
        _offer(self.group, sorted(set(region.region_schools["group"])))
        _offer(self.locality, sorted(set(region.region_schools["locality"].dropna())))
        self.is_filling = True
        for column, field in self.ranges.items():
            _span(field, region.region_schools[column])
        self.is_filling = False
        self.refresh()

    def refresh(self) -> None:
        """Show the schools that are chosen."""
        if self.is_filling:
            return
        self.report.disabled = self.municipality.value == EVERY or self.is_busy
        self.card.value = self.opened = ""
        hide(self.of_school)
        self.schools.show(replace(self.table, frame=self._choose_rows(), title=self._name_choice()))

    def _choose_rows(self) -> pd.DataFrame:
        region, frame = self.desk.open_year(self.year.value), self.table.frame
        alike = {"Муниципалитет": self.municipality, "Группа": self.group, "Местность": self.locality}
        for column, field in alike.items():
            frame = frame if field.value == EVERY else frame[frame[column] == field.value]
        if self.list.value != EVERY:
            members = region.region_schools[flag_members(region.region_schools, self.list.value)]["school_id"]
            frame = frame[frame.index.isin(members)]
        values = region.region_schools.set_index("school_id")
        for column, field in self.ranges.items():
            within = values[column].astype("float64").between(*field.value)[frame.index]
            frame = frame if _is_whole(field) else frame[within]
        return frame

    def _name_choice(self) -> str:
        fields = (self.municipality, self.list, self.group, self.locality)
        chosen = [str(field.value) for field in fields if field.value != EVERY]
        limits = [
            f"{field.description}: {format_number(low, digits)}–{format_number(high, digits)}"
            for field in self.ranges.values()
            if not _is_whole(field)
            for digits in [0 if isinstance(field, widgets.IntRangeSlider) else 2]
            for low, high in [field.value]
        ]
        return ", ".join([self.table.title, *chosen, *limits])

    def open_card(self, school_id: object) -> None:
        """Show the card of a school below the table."""
        self.opened = str(school_id)
        self.chosen = (self.year.value, self.opened)
        self.parts = describe_school(self.desk, self.year.value, self.opened, self.more)
        self.card.value = render_shown(*self.parts)
        self.of_school.layout.display = "flex"

    def take_school(self, year: int, school_id: str) -> None:
        """Open the card of a school chosen in another panel."""
        if school_id and school_id != self.opened and school_id in self.table.frame.index:
            self.open_card(school_id)

    def save_card(self) -> None:
        """Save the tables and charts of the card, the code of the school in each."""
        row, tables = self.table.frame.loc[self.opened], []
        for part in self.parts:
            table = part.table if isinstance(part, Chart) else part
            if isinstance(table, Table):
                own = {"Код": self.opened, "Школа": row["Школа"]} | dict(table.frame.items())
                tables.append(replace(table, frame=pd.DataFrame(own), title=f"{row['Школа']}: {table.title}"))
        path = Takeaway(self.desk.exports, "карточка").name_file(f"{self.opened} {self.year.value}", ".xlsx")
        write_workbook(tables, path, str(row["Школа"]))
        self.show_file(path)

    def link_school(self) -> None:
        """A link to the page of the school in the report.

        Raises:
            FileNotFoundError: the report of the municipality has not been made.
        """
        portfolio = self._open_portfolio()
        slug = name_slugs(list_municipalities(self.desk.workspace, portfolio.year))[portfolio.municipality]
        page = name_school_files(portfolio.schools)[self.opened]
        path = self.desk.reports / str(portfolio.year) / slug / f"{page}.html"
        if not path.is_file():
            raise FileNotFoundError(
                f"Страницы школы {self.opened} за {portfolio.year} год нет: отчёт «{portfolio.municipality}» не "
                "построен. Выберите муниципалитет и нажмите «Отчёт по этому муниципалитету» или выполните make report."
            )
        self.link_page(path, f"Открыть страницу школы {self.opened}, {portfolio.year} год")

    def draft_programme(self) -> None:
        """Write drafts of the school's programme beside what else is taken away."""
        portfolio = self._open_portfolio()
        own = portfolio.schools[portfolio.schools["school_id"] == self.opened]
        told = tell_schools(portfolio, self.desk.comments)
        note, *_ = write_drafts(told, self.desk.drafts, self.desk.exports, own)
        self.show_file(note, "Черновик программы школы и календарь рядом с ним — в папке reports/exports:")

    def _open_portfolio(self) -> Portfolio:
        place = str(self.table.frame.loc[self.opened, "Муниципалитет"])
        return open_portfolio(self.desk.workspace, place, self.year.value)

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


def _span(field: widgets.Widget, values: pd.Series) -> None:
    """Give a range the limits of the values in whole steps, and let it take all of them."""
    known, step = values.dropna().astype("float64"), field.step
    low = floor(known.min() / step) * step if len(known) else 0
    high = max(ceil(known.max() / step) * step if len(known) else 0, low + step)
    # The limits may not pass one another on the way.
    field.min, field.max = min(low, field.min), max(high, field.max)
    field.value = (low, high)
    field.min, field.max = low, high


def _is_whole(field: widgets.Widget) -> bool:
    return tuple(field.value) == (field.min, field.max)


def _offer(field: Field, names: list[str]) -> None:
    """Give a field other options; the value stays where it is among them."""
    kept = field.value if field.value in names else EVERY
    options = (EVERY, *names)
    if tuple(field.options) != options:
        field.options = options
        field.value = kept
