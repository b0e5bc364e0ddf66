"""«А если» as a panel: sliders for a school's counts; its index, band and lists at once."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import ipywidgets as widgets
import pandas as pd

from effschool.base.russian import NO_DATA, count_words, format_number, join_words
from effschool.certainty.explain import choose_school
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.recount import Base, Count, Place, Standings, list_counts, open_base, rerun_year
from effschool.lab.panels.shell import Panel, choose, line_up, open_panel, press, render_shown, slide
from effschool.lab.panels.views import Takeaway, save_tables
from effschool.method.methodology import FIOKO_LIST, Domain, DomainRules
from effschool.report.display import Table, Text
from effschool.report.portfolio import list_municipalities, order_names
from effschool.report.sections.municipality import NONE, index_value

MOST_NAMED = 3
UNCHANGED = "Списки других школ те же."


def ask_what_if(desk: Desk) -> object:
    """The panel; it begins with the school nearest to the line. In batch: where that school stands."""
    return open_panel(lambda: WhatIfPanel(desk), lambda: _show_default(desk))


def _show_default(desk: Desk) -> object:
    year = desk.years[0]
    base, school = open_question(desk, year, year), choose_school(desk.explain(year))
    standings = rerun_year(base, {})
    return compare_standings(base, standings, standings, str(school), list_school_names(desk, year)[str(school)])


def open_question(desk: Desk, changed: int, listed: int) -> Base:
    """What a change of one year's counts rests on, made once."""
    make = partial(open_base, desk.tables, desk.identified, desk.methodology, changed, listed)
    return desk.memory.keep(("base", changed, listed), make)


def list_school_names(desk: Desk, year: int) -> pd.Series:
    """Names of the schools of a year by code."""
    return desk.open_year(year).region_schools.set_index("school_id")["name"]


def compare_standings(base: Base, before: Standings, after: Standings, school_id: str, name: str) -> Table:
    """Before and after: a row per index, band, place and list of the school."""
    rows: list[tuple[str, ...]] = []
    for domain, rules in base.methodology.iterate_domains():
        rows += _compare_index(domain, rules, (before, after), school_id)
    titles = {"results_status": "Список результатов", "social_status": "Список условий", "joint": "Сводный список"}
    lists = [_find(found.lists, school_id) for found in (before, after)]
    rows += [(title, *(_say(row.get(column)) for row in lists)) for column, title in titles.items()]
    if base.methodology.fioko:
        words = {True: "да", False: "нет"}
        rows.append((FIOKO_LIST, *(words.get(row.get("fioko_shnor"), NO_DATA) for row in lists)))
    frame = pd.DataFrame(rows, columns=["Что", "Было", "Стало"])
    title = f"{name}: числа {base.changed} года, списки {base.listed} года"
    return Table("А если", title, frame)


def _compare_index(
    domain: Domain, rules: DomainRules, found: tuple[Standings, Standings], school_id: str
) -> list[tuple[str, ...]]:
    indices = [standings.indices[standings.indices["domain"] == domain] for standings in found]
    rows = [_find(table, school_id) for table in indices]
    bands = [_say(rules.band_titles.get(str(row.get("band")))) for row in rows]
    places = [_say_place(table, row) for table, row in zip(indices, rows, strict=True)]
    values = [NO_DATA if pd.isna(row.get("index")) else index_value(row["index"]) for row in rows]
    return [(rules.title, *values), ("— группа года", *bands), ("— место в группе школ", *places)]


def _find(frame: pd.DataFrame, school_id: str) -> pd.Series:
    own = frame[frame["school_id"] == school_id]
    return own.iloc[0] if len(own) else pd.Series(dtype="object")


def _say(value: object) -> str:
    return NONE if pd.isna(value) else str(value)


def _say_place(indices: pd.DataFrame, row: pd.Series) -> str:
    if pd.isna(row.get("rank")):
        return "не ранжирована"
    ranked = int(indices.loc[indices["group"] == row["group"], "rank"].notna().sum())
    return f"{format_number(row['rank'])} из {format_number(ranked)}"


def say_others(before: Standings, after: Standings, school_id: str, names: pd.Series) -> str:
    """Who else changes list: a quarter always belongs to the lowest, so that one leaves as another comes."""
    columns = ["results_status", "social_status"]
    states = [found.lists.set_index("school_id")[columns].astype("str").fillna("") for found in (before, after)]
    moved = (states[0] != states[1].reindex(states[0].index)).any(axis=1)
    others = [school for school in moved.index[moved] if school != school_id]
    if not others:
        return UNCHANGED
    named = [f"«{names.get(school, school)}»" for school in others[:MOST_NAMED]]
    rest = [f"ещё {format_number(len(others) - MOST_NAMED)}"] if len(others) > MOST_NAMED else []
    number = count_words(len(others), "другой школы", "других школ", "других школ")
    return f"Изменились бы и списки {number}: {join_words([*named, *rest])}."


def say_smallest(desk: Desk, year: int, school_id: str) -> Text:
    """The smallest changes that would have put the school off its lists, or onto one, as the run has found them."""
    found = desk.workspace.decisions
    own = found[(found["year"] == year) & (found["school_id"] == school_id)]
    own = own[own["list"].isin(desk.open_year(year).watched)]
    if own.empty:
        years = join_words(map(str, sorted(set(found["year"]))))
        return Text((f"Наименьшее изменение в этом прогоне посчитано только за {years or 'ни один'} год.",), "note")
    member = own["is_member"].fillna(False).astype(bool)
    chosen = own[member] if member.any() else own.sort_values("pupils").head(1)
    return Text(tuple(chosen["sentence"]))


class WhatIfPanel(Panel):
    """Choice of a school, sliders of one exam at a time, and what comes of them."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("А если?")
        self.desk, self.values, self.is_filling = desk, dict[Place, int](), False
        self.listed = choose("Списки года", desk.years)
        self.changed = choose("Числа года", desk.years[:1])
        self.municipality = choose("Муниципалитет", [""])
        self.school = choose("Школа", [("", "")])
        self.block = choose("Что менять", [""])
        self.reset = press("Вернуть как было", self.guard(self.forget))
        self.save = press("Сохранить в XLSX", self.guard(self.save_table))
        self.sliders: list[widgets.IntSlider] = []
        self.rows, self.answer = widgets.VBox(), widgets.HTML()
        self.smallest = widgets.HTML()
        fields = line_up(self.listed, self.changed, self.municipality, self.school)
        what = line_up(self.block, self.reset, self.save)
        self.add(fields, self.smallest, what, self.rows, self.answer)
        self.choose_year()
        self.start_at(choose_school(desk.explain(self.listed.value)))
        self.watch(self.choose_year, self.listed)
        self.watch(self.choose_place, self.municipality)
        self.watch(self.choose_school, self.school, self.changed)
        self.watch(self.show_sliders, self.block)

    def take_school(self, year: int, school_id: str) -> None:
        """Go to the school, in the year in which it was chosen."""
        if school_id and (year, school_id) != (self.listed.value, self.school.value):
            self.listed.value = year if year in self.listed.options else self.listed.value
            self.start_at(school_id)

    def start_at(self, school_id: str | None) -> None:
        """Begin with a school."""
        schools = self.desk.open_year(self.listed.value).region_schools.set_index("school_id")
        if school_id in schools.index:
            self.municipality.value = schools.loc[school_id, "municipality"]
            self.choose_place()
            self.school.value = school_id
        self.choose_school()

    def choose_year(self) -> None:
        """Offer the years whose counts matter, and the municipalities of the list year."""
        year, window = self.listed.value, self.desk.methodology.lists.window
        known = set(self.desk.identified.indices["year"])
        self.changed.options = [each for each in reversed(window.list_years(year)) if each in known] or [year]
        self.municipality.options = list_municipalities(self.desk.workspace, year)
        self.choose_place()

    def choose_place(self) -> None:
        """Offer the schools of the municipality."""
        schools = self.desk.open_year(self.listed.value).region_schools
        own = schools[schools["municipality"] == self.municipality.value].sort_values("name", key=order_names)
        self.school.options = list(zip(own["name"], own["school_id"], strict=True)) or [("школ нет", "")]

    def choose_school(self) -> None:
        """Read the counts of the school and begin anew."""
        desk, year, school = self.desk, self.listed.value, self.school.value
        self.base = open_question(desk, self.changed.value, year)
        self.counts = list_counts(desk.tables, desk.methodology, self.changed.value, school)
        self.before = desk.memory.keep(("standings", self.changed.value, year), partial(rerun_year, self.base, {}))
        self.values, self.chosen = {}, (year, school)
        self.smallest.value = render_shown(say_smallest(desk, year, school))
        blocks = list(dict.fromkeys(count.block for count in self.counts))
        self.block.options = blocks or ["нет показателей, которые считаются по ученикам"]
        self.show_sliders()

    def show_sliders(self) -> None:
        """Sliders of one exam; those that are there are used again."""
        shown = [count for count in self.counts if count.block == self.block.value]
        while len(self.sliders) < len(shown):
            slider = slide("", 0, (0, 1, 1))
            self.watch(partial(self.take_value, len(self.sliders)), slider)
            self.sliders.append(slider)
        self.shown = shown
        self.fill_sliders()
        self.rows.children = tuple(self.sliders[: len(shown)])
        self.show_answer()

    def fill_sliders(self) -> None:
        """Bring the sliders to the values; what they say of it is no change."""
        self.is_filling = True
        for slider, count in zip(self.sliders, self.shown, strict=False):
            slider.max = max(count.total, 1)
            slider.value, slider.max = self.values.get(count.place, count.value), self._limit(count)
            slider.description = f"{count.title} (было {format_number(count.value)} из {format_number(count.total)})"
        self.is_filling = False

    def _limit(self, count: Count) -> int:
        """A pupil counted at the other end of the scale cannot be counted here as well."""
        others = [other for other in self.counts if other.place == count.other_end]
        taken = sum(self.values.get(other.place, other.value) for other in others)
        return max(count.total - taken, 1)

    def take_value(self, place: int) -> None:
        """Take what a slider says."""
        if not self.is_filling:
            self.values[self.shown[place].place] = self.sliders[place].value
            self.fill_sliders()
            self.show_answer()

    def forget(self) -> None:
        """Back to what was sent."""
        self.values = {}
        self.fill_sliders()
        self.show_answer()

    def show_answer(self) -> None:
        """Compute and show."""
        school, names = self.school.value, list_school_names(self.desk, self.listed.value)
        after = rerun_year(self.base, self.values) if self.values else self.before
        self.table = compare_standings(self.base, self.before, after, school, names.get(school, school))
        self.answer.value = render_shown(self.table, Text((say_others(self.before, after, school, names),)))

    def save_table(self) -> None:
        """Save the comparison with the counts that were changed."""
        own = {"Код": self.school.value, "Школа": self.school.label}
        tables = [replace(part, frame=part.frame.assign(**own)) for part in (self.table, self.tabulate_changes())]
        save_tables(self, Takeaway(self.desk.exports, f"а если {self.school.value}"), tables)

    def tabulate_changes(self) -> Table:
        """Counts that were changed."""
        changed = [count for count in self.counts if self.values.get(count.place, count.value) != count.value]
        rows: Sequence[tuple[str, int, int, int]] = [
            (count.title, count.total, count.value, self.values[count.place]) for count in changed
        ]
        return Table("Числа", "Изменённые числа", pd.DataFrame(rows, columns=["Показатель", "Всего", "Было", "Стало"]))
