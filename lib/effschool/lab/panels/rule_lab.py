"""Rule lab as a panel (лаборатория правил): the rule, its switches, cut, window and weights; lists change at once."""

import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import ipywidgets as widgets
import pandas as pd
import yaml

from effschool.base.russian import join_words
from effschool.lab.comparison import Members, compare_methodologies, list_members, tabulate_differences
from effschool.lab.panels.choices import (
    PanelChoice,
    apply_choice,
    has_gaps,
    has_vpr,
    list_rules,
    name_blocks,
    own_names,
    read_choice,
    save_choice,
    weigh_blocks,
)
from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import FIELD, Panel, choose, hide, line_up, open_panel, press, render_shown, slide
from effschool.lab.panels.views import TableView, Takeaway
from effschool.method.identify import Memory, list_schools
from effschool.method.indicators import Tables
from effschool.method.methodology import GroupsByType, Methodology, list_methodologies, load_methodology
from effschool.report.display import Table, Text
from effschool.report.sections.municipality import NONE

READINGS = {
    "отставание снижает индекс (consistent)": "consistent",
    "так, как написано в документе (literal)": "literal",
}
TOTALS = {"из выпускников (graduates)": "graduates", "из участников экзамена (participants)": "participants"}
CUTS = {"до ближайшего целого": "half_up", "вниз": "floor", "вверх": "ceil", "как в SPSS": "spss"}
KINDS = {"среднее арифметическое": "arithmetic", "среднее геометрическое": "geometric"}
QUARTER = 0.25
MOST_RIVALS = 3


def try_rules(desk: Desk) -> object:
    """The panel. In batch: sizes of the lists under the methodology of the run."""
    return open_panel(lambda: RulesPanel(desk), lambda: _show_default(desk))


def _show_default(desk: Desk) -> Table:
    year, method = desk.years[0], desk.methodology
    members = list_members(desk.identified.lists, method, year)
    return compare_sizes(members, members, year)


def name_readings(methodology: Methodology) -> list[tuple[str, str]]:
    """Readings of the groups by what each of them compares: «средние, основные (two)»."""
    groups = methodology.groups
    if not isinstance(groups, GroupsByType):
        return []
    sets = {name: dict.fromkeys((groups.names | own).values()) for name, own in groups.readings.items()}
    return [(f"{', '.join(names)} ({reading})", reading) for reading, names in sets.items()]


def title_methodologies(folder: Path) -> dict[Path, str]:
    """Title of every methodology of a folder, with the name of the file where two have the same."""
    found = {}
    for path in list_methodologies(folder):
        line = re.search(r"^title:.*", path.read_text("utf-8"), re.MULTILINE)
        found[path] = str(yaml.safe_load(line[0])["title"]) if line else path.stem
    titles = list(found.values())
    return {path: title if titles.count(title) == 1 else f"{title} ({path.stem})" for path, title in found.items()}


def round_weights(weights: Mapping[str, float], total: int) -> dict[str, int]:
    """Whole weights in the same proportion that make the total; equal ones where all are zero."""
    whole = sum(weights.values())
    shares = {name: total * (weight / whole if whole else 1 / len(weights)) for name, weight in weights.items()}
    rounded = {name: int(share) for name, share in shares.items()}
    left = sorted(shares, key=lambda name: rounded[name] - shares[name])[: total - sum(rounded.values())]
    return {name: weight + (name in left) for name, weight in rounded.items()}


def find_tried_members(tables: Tables, methodology: Methodology, year: int, memory: Memory) -> Members:
    """Lists of a year under a methodology; of what is computed, only what other choices can use is kept."""
    passing = Memory(dict(memory.kept))
    members = list_members(list_schools(tables, methodology, passing), methodology, year)
    memory.kept.update({key: made for key, made in passing.kept.items() if not _is_passing(key)})
    return members


def _is_passing(key: object) -> bool:
    return isinstance(key, tuple) and key[0] in {"ranking", "finished"}


def compare_sizes(before: Members, after: Members, year: int) -> Table:
    """Sizes of the lists before and after: a row per list."""
    names = list(dict.fromkeys([*before, *after]))
    sets = [(name, before.get(name, set()), after.get(name, set())) for name in names]
    rows = [(name, len(was), len(now), len(now - was), len(was - now)) for name, was, now in sets]
    frame = pd.DataFrame(rows, columns=["Список", "Было школ", "Стало", "Вошли", "Вышли"])
    return Table("Списки", f"Школ в списках {year} года", frame)


def compare_several(found: Mapping[str, Members], year: int) -> Table:
    """Sizes of the lists under several methodologies: a row per list."""
    names = list(dict.fromkeys(name for members in found.values() for name in members))
    rows = [(name, *(len(members.get(name, ())) for members in found.values())) for name in names]
    return Table("Методики", f"Школ в списках {year} года", pd.DataFrame(rows, columns=["Список", *found]))


def tabulate_several(found: Mapping[str, Members], schools: pd.DataFrame, year: int) -> Table | Text:
    """Schools whose lists are not the same under all: a row per school, lists under each."""
    listed = {title: _list_by_school(members) for title, members in found.items()}
    chosen = schools[[len({own.get(code) for own in listed.values()}) > 1 for code in schools["school_id"]]]
    if chosen.empty:
        return Text((f"Списки {year} года по этим методикам одни и те же.",))
    frame = chosen[["name", "school_id", "municipality"]].set_axis(["Школа", "Код", "Муниципалитет"], axis=1)
    columns = {title: [join_words(own.get(code, ())) or NONE for code in frame["Код"]] for title, own in listed.items()}
    return Table("Школы методик", f"Школы, у которых списки {year} года зависят от методики", frame.assign(**columns))


def tabulate_moves(before: Members, after: Members, schools: pd.DataFrame, year: int) -> Table | Text:
    """Schools whose lists change: a row per school: lists before and after."""
    was, now = _list_by_school(before), _list_by_school(after)
    changed = [school for school in schools["school_id"] if was.get(school) != now.get(school)]
    if not changed:
        return Text((f"Ни у одной школы списки {year} года не изменились.",))
    chosen = schools.set_index("school_id").loc[changed]
    frame = pd.DataFrame(
        {
            "Школа": chosen["name"],
            "Код": chosen.index,
            "Муниципалитет": chosen["municipality"],
            "Группа": chosen["group"],
            "Было": [join_words(was.get(school, ())) or NONE for school in changed],
            "Стало": [join_words(now.get(school, ())) or NONE for school in changed],
        }
    )
    return Table("Перемены", f"Школы, у которых списки {year} года стали другими", frame)


def _list_by_school(members: Members) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, schools in members.items():
        for school in schools:
            found[school] = (*found.get(school, ()), name)
    return found


class RulesPanel(Panel):
    """Fields of the rule; sizes of the lists, the schools that change list, and the rule as a file."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Лаборатория правил")
        self.desk, self.is_filling = desk, False
        run = (f"{desk.methodology.title} (как в прогоне)", "")
        files = [(title, path) for path, title in title_methodologies(desk.methodologies).items()]
        self.year = choose("Год", desk.years)
        self.method = choose("Методика", [run, *files])
        self.orientation = choose("Признак отставания", list(READINGS.items()))
        self.rule = choose("Окно лет: первый список", [""])
        self.social_rule = choose("Окно лет: условия", [""])
        self.groups = choose("Группы школ", [(NONE, "")])
        self.certificate_total = choose("Доля без аттестата", list(TOTALS.items()))
        self.with_vpr = widgets.Checkbox(description="с ВПР", indent=False, layout={"width": "auto"})
        self.kind = choose("Индекс", list(KINDS.items()))
        self.cut = choose("Округление границы", list(CUTS.items()))
        self.share = slide("Доля школ в крайней группе, %", 25, (5, 45, 1))
        self.weights: dict[str, widgets.IntSlider] = {}
        self.weight_rows = widgets.VBox()
        self.rivals = widgets.SelectMultiple(
            description="Сравнить методики, до трёх", options=files, rows=4, style=FIELD, layout={"width": "46rem"}
        )
        self.title = widgets.Text(description="Название", placeholder="моя методика", style=FIELD)
        self.save = press("Сохранить как методику", self.guard(self.save_rules))
        self.why = press("Почему списки разные", self.guard(self.explain))
        self._add_views()
        self._lay_out()
        self.watch(self.choose_method, self.method)
        self.watch(self.refresh, self.year, *self._fields())
        self.watch(self.compare_rivals, self.rivals, self.year)
        self.choose_method()

    def _add_views(self) -> None:
        self.sizes, self.rival_sizes = widgets.HTML(), widgets.HTML()
        stems = ("правила", "правила почему", "методики")
        views = [TableView(self, Takeaway(self.desk.exports, stem)) for stem in stems]
        self.moves, self.reasons, self.rival_moves = views
        hide(self.reasons.widget, self.rival_moves.widget)

    def _fields(self) -> list[widgets.Widget]:
        bands = [self.share, self.cut, self.kind]
        readings = [self.orientation, self.groups, self.certificate_total]
        return [*readings, self.rule, self.social_rule, self.with_vpr, *bands]

    def _lay_out(self) -> None:
        switches = line_up(self.orientation, self.rule, self.social_rule, self.with_vpr)
        readings = line_up(self.groups, self.certificate_total)
        self.add(line_up(self.year, self.method), switches, readings, line_up(self.share, self.cut, self.kind))
        self.add(self.weight_rows, self.sizes, self.moves.widget, line_up(self.why, self.title, self.save))
        self.add(self.reasons.widget, self.rivals, self.rival_sizes, self.rival_moves.widget)

    def choose_method(self) -> None:
        """Begin with a methodology: every field says what it says."""
        path: Path | str = self.method.value
        load = partial(load_methodology, Path(path)) if path else lambda: self.desk.methodology
        self.base = self.desk.memory.keep(("methodology", path), load)
        own = read_choice(self.base)
        self.is_filling = True
        self.rule.options = list(list_rules(self.base, own.rule).items()) if own.rule else [(NONE, "")]
        self.social_rule.options = (
            list(list_rules(self.base, str(own.social_rule)).items()) if own.social_rule else [(NONE, "")]
        )
        self._offer_readings(own)
        self.orientation.value, self.rule.value, self.social_rule.value = (
            own.orientation,
            own.rule,
            own.social_rule or "",
        )
        self.share.value, self.cut.value, self.kind.value = round(100 * own.share), own.cut, own.kind
        self.with_vpr.value, self.with_vpr.disabled = own.with_vpr, not has_vpr(self.base)
        self.orientation.disabled, self.rule.disabled = not has_gaps(self.base), not own.rule
        self.social_rule.disabled = own.social_rule is None
        self.offer_weights()
        self.is_filling = False
        self.refresh()

    def _offer_readings(self, own: PanelChoice) -> None:
        self.groups.options = name_readings(self.base) if own.groups else [(NONE, "")]
        self.groups.value, self.groups.disabled = own.groups or "", not own.groups
        self.certificate_total.value = own.certificate_total
        items = self.base.indicators.values()
        self.certificate_total.disabled = not any(getattr(item, "participants_of", None) for item in items)

    def offer_weights(self) -> None:
        """A slider per block of the index of results; equal weights of indicators until one is moved."""
        titles = {block: f"Вес: {title}, %" for block, title in name_blocks(self.base).items()}
        self.own_weights = round_weights(weigh_blocks(self.base), 100)
        if titles != {block: slider.description for block, slider in self.weights.items()}:
            self.weights = {block: slide(title, 0, (0, 100, 1)) for block, title in titles.items()}
            for block, slider in self.weights.items():
                self.watch(partial(self.balance, block), slider)
            self.weight_rows.children = tuple(self.weights.values())
        for block, weight in self.own_weights.items():
            self.weights[block].value = weight

    def balance(self, block: str) -> None:
        """Give the other blocks what the moved weight leaves of 100, in their proportion."""
        if self.is_filling:
            return
        others = {name: slider.value for name, slider in self.weights.items() if name != block}
        shared = round_weights(others, 100 - self.weights[block].value)
        self.is_filling = True
        for name, weight in shared.items():
            self.weights[name].value = weight
        self.is_filling = False
        self.refresh()

    def read_fields(self) -> PanelChoice:
        """The choice that the fields make.

        Raises:
            ValueError: the choice is none that a methodology may make.
        """
        own = read_choice(self.base).share
        share = own if self.share.value == round(100 * own) else self.share.value / 100
        if self.cut.value == "spss" and share != QUARTER:
            raise ValueError("«Как в SPSS» делит школы на четверти: поставьте долю 25 %.")
        values = {block: slider.value for block, slider in self.weights.items()}
        weights = {} if values == self.own_weights else values
        return PanelChoice(
            self.orientation.value,
            self.rule.value,
            self.social_rule.value or None,
            share,
            self.cut.value,
            self.kind.value,
            self.with_vpr.value,
            weights,
            self.groups.value or None,
            self.certificate_total.value,
        )

    def refresh(self) -> None:
        """Carry out the rule and show what becomes of the lists of the run."""
        if self.is_filling:
            return
        year, desk = self.year.value, self.desk
        chosen = apply_choice(self.base, self.read_fields())
        before = list_members(desk.identified.lists, desk.methodology, year)
        after = find_tried_members(desk.tables, chosen, year, desk.memory)
        self.sizes.value = render_shown(compare_sizes(before, after, year))
        self.moves.show(tabulate_moves(before, after, desk.open_year(year).region_schools, year))
        hide(self.reasons.widget)

    def explain(self) -> None:
        """Say of every school which part of the rule decided."""
        chosen = apply_choice(self.base, self.read_fields())
        chosen = chosen.model_copy(update=own_names(chosen) | {"title": "выбранное здесь"})
        found = compare_methodologies(self.desk.tables, [self.desk.methodology, chosen], self.year.value)
        self.reasons.show(tabulate_differences(found))
        self.reasons.widget.layout.display = ""

    def compare_rivals(self) -> None:
        """Lists of several methodologies beside those of the run.

        Raises:
            ValueError: more than three are chosen.
        """
        if len(self.rivals.value) > MOST_RIVALS:
            raise ValueError(f"Выбрано методик: {len(self.rivals.value)}. Оставьте не больше {MOST_RIVALS}.")
        hide(self.rival_moves.widget)
        self.rival_sizes.value = ""
        if not self.rivals.value:
            return
        year, desk = self.year.value, self.desk
        names = {path: title for title, path in self.rivals.options}
        found = {"В прогоне": list_members(desk.identified.lists, desk.methodology, year)}
        found |= {names[path]: self._find_rival(path) for path in self.rivals.value}
        self.rival_sizes.value = render_shown(compare_several(found, year))
        self.rival_moves.show(tabulate_several(found, desk.open_year(year).region_schools, year))
        self.rival_moves.widget.layout.display = ""

    def _find_rival(self, path: Path) -> Members:
        desk, year = self.desk, self.year.value
        method = desk.memory.keep(("methodology", path), partial(load_methodology, path))
        return desk.memory.keep(
            ("members", path, year), lambda: find_tried_members(desk.tables, method, year, desk.memory)
        )

    def save_rules(self) -> None:
        """Save the choice as a methodology file."""
        path = save_choice(self.base, self.read_fields(), self.title.value, self.desk.methodologies)
        command = f"make report METHODOLOGY={path.stem}"
        self.show_file(path, f"Методика сохранена в папке {path.parent.name}. Прогон по ней: {command}. Файл:")
