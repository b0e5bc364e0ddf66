"""Draft of a school's programme (черновик программы школы): a note to edit and its calendar, from the school's figures.

What is proposed is data (`programmes/school.yml`); what is said of the school is what its page says.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.worksheet.datavalidation import DataValidation

from effschool.base.russian import format_percent
from effschool.base.schemas import EVENT_STATES, SIGNED
from effschool.base.storage import save_workbook
from effschool.report.comments import SCHOOL_READERS
from effschool.report.display import Table, Text
from effschool.report.facts import join
from effschool.report.note import Part, write_note
from effschool.report.portfolio import Portfolio
from effschool.report.queries import WORSE, is_more_worse, list_caveated, list_weak_tasks, name_tasks
from effschool.report.sections.context import choose_context, say_condition
from effschool.report.sections.participants import choose_own, describe_participation
from effschool.report.sections.partners import choose_partners, say_partners
from effschool.report.sections.school import (
    CALENDAR,
    DRAFT,
    READER_TITLES,
    Told,
    choose_figures,
    list_drafted,
    name_school_files,
)
from effschool.report.sections.school_lists import describe_lists
from effschool.report.workbook import FONT, WRAPPED, put_value, set_up_page
from effschool.support.context import HARDER, ContextRules, load_context
from effschool.support.school_programme import ProgrammeRules, load_programme_rules, name_years, plan_events, set_goals

DOUBT = "doubt"
"""Factor of which the card of doubtful results tells."""
HEADINGS = {
    "number": "№ п/п",
    "event": "Мероприятие",
    "term": "Срок",
    "responsible": "Ответственный",
    "expected": "Ожидаемый результат",
}


@dataclass(frozen=True)
class Draft:
    """The draft of one school: name of its files without suffix, title, parts of the note, rows of the calendar."""

    file: str
    title: str
    parts: tuple[Part, ...]
    events: pd.DataFrame


def write_drafts(told: Told, paths: tuple[Path, Path], folder: Path, schools: pd.DataFrame | None = None) -> list[Path]:
    """A note and a calendar for every school that needs one (or for those given), in `folder`; gives their paths.

    Args:
        paths: files of the rules of drafts and of the questions about what schools work in.

    Raises:
        ConfigurationError: a file of rules is wrong.
    """
    written = []
    for draft in draft_programmes(told, load_programme_rules(paths[0]), load_context(paths[1]), schools):
        written += [folder / f"{draft.file}{suffix}" for suffix in (DRAFT, CALENDAR)]
        write_note(draft.parts, written[-2], title=draft.title)
        save_workbook(lay_calendar(draft, told.portfolio), written[-1])
    return written


def draft_programmes(
    told: Told, rules: ProgrammeRules, questions: ContextRules, schools: pd.DataFrame | None = None
) -> Iterator[Draft]:
    """Drafts in the order of the schools' numbers."""
    portfolio, files, known = told.portfolio, name_school_files(told.portfolio.schools), KnownOfSchools(told, questions)
    for _, school in (list_drafted(portfolio) if schools is None else schools).iterrows():
        code = school["school_id"]
        topics = set(told.comments.loc[told.comments["school_id"] == code, "topic"])
        events = plan_events(rules, topics, known.list_held(code), portfolio.year)
        parts = _compose(known, rules, school, events)
        yield Draft(files[code], f"{rules.title}: {school['name']}", tuple(parts), events)


@dataclass(frozen=True)
class KnownOfSchools:
    """What drafts say of own schools, found once for all of them; by code, nothing where there is nothing."""

    told: Told
    questions: ContextRules

    @property
    def portfolio(self) -> Portfolio:
        """The municipality and the year."""
        return self.told.portfolio

    @cached_property
    def states(self) -> dict[str, list[str]]:
        """Sentences on lists and on taking part."""
        said = pd.concat([describe_lists(self.portfolio), describe_participation(self.portfolio)])
        return said.groupby("school_id", sort=False)["text"].agg(list).to_dict()

    @cached_property
    def projects(self) -> dict[str, dict[str, Any]]:
        """The last project that a school takes part in in the year, as a row of the participants."""
        return {row["school_id"]: row for row in choose_own(self.portfolio).to_dict("records")}

    @cached_property
    def partners(self) -> dict[str, str]:
        """Similar and better schools in words."""
        known = choose_partners(self.portfolio).dropna(subset="partner")
        return known.groupby("school_id")["partner"].agg(say_partners).to_dict()

    @cached_property
    def weak_tasks(self) -> dict[str, str]:
        """Tasks in which a school falls behind, in words."""
        tasks = list_weak_tasks(self.portfolio)
        return name_tasks(tasks).groupby(tasks["school_id"]).agg("; ".join).to_dict() if len(tasks) else {}

    @cached_property
    def conditions(self) -> pd.DataFrame:
        """What own schools work in, as `context.profile_schools` gives it, by code."""
        return choose_context(self.portfolio).set_index("school_id", drop=False)

    def list_held(self, code: str) -> set[str]:
        """What a school has already, in the words of the measures."""
        project = self.projects.get(code, {})
        has = {
            "куратор": pd.notna(project.get("curator")),
            "партнёр": pd.notna(project.get("partner")),
            "договор": project.get("agreement") == SIGNED,
            "западающие темы": code in self.weak_tasks,
            "вопрос к ВПР": code in self.told.cards,
        }
        return {name for name, is_held in has.items() if is_held}


def _compose(known: KnownOfSchools, rules: ProgrammeRules, school: pd.Series, events: pd.DataFrame) -> Iterator[Part]:
    code, told = school["school_id"], known.told
    yield Text((rules.notice,))
    yield "О школе"
    yield _tabulate_roles(known, rules, school)
    yield "Где школа сейчас"
    yield Text(tuple(_say_state(known, code)))
    yield "Причины, которые проверяет школа"
    yield _tabulate_causes(known, rules, code)
    yield "Цели"
    yield from _set_goals(told, rules, code)
    yield "С чего начать"
    yield Text(tuple(_say_advice(known, code)))
    yield "План мероприятий"
    year = told.portfolio.year
    shown = events[list(HEADINGS)].rename(columns=HEADINGS)
    yield Table("План", f"Мероприятия на {year}/{year + 1} учебный год", shown, note=rules.texts.calendar)
    yield "Откуда что взято"
    sources = events[["number", "source"]].set_axis([HEADINGS["number"], "Источник"], axis=1)
    yield Table("Источники", "Источники мероприятий", sources)
    yield Text((f"Программа: {rules.source}.", *_say_build(told.portfolio, rules)))


def _tabulate_roles(known: KnownOfSchools, rules: ProgrammeRules, school: pd.Series) -> Table:
    """Who answers for what: known names, and what is to be filled in."""
    taken = known.projects.get(school["school_id"], {})
    names = {
        "Школа": f"{school['name']}, код {school['school_id']}",
        "Муниципалитет": known.portfolio.municipality,
        "Проект": taken.get("project"),
        "Директор": rules.texts.blank,
        "Куратор": taken.get("curator"),
        "Школа-партнёр": taken.get("partner"),
        "Ответственный в ОМСУ": rules.texts.blank,
    }
    rows = [(role, name if pd.notna(name) else rules.texts.nobody) for role, name in names.items()]
    return Table("Ответственные", "Кто участвует", pd.DataFrame(rows, columns=["Кто", "Имя или название"]))


def _say_state(known: KnownOfSchools, code: str) -> Iterator[str]:
    yield from known.states.get(code, ())
    if code in known.partners:
        yield f"Похожие школы с лучшими результатами: {known.partners[code]}."


def _tabulate_causes(known: KnownOfSchools, rules: ProgrammeRules, code: str) -> Table:
    titles = {factor.id: factor.title for factor in known.questions.factors}
    told = {**_tell_indicators(known.told, code), **_tell_conditions(known, code)}
    rows = []
    for cause in rules.causes:
        said = [told[name] for name in (*cause.signs, *cause.measures) if name in told]
        heavy = "; ".join(filter(None, said)) or (rules.texts.usual if said else rules.texts.unknown)
        if cause.id == DOUBT:
            heavy = rules.texts.doubt if code in known.told.cards else rules.texts.no_doubt
        rows.append((titles[cause.id], heavy, cause.check))
    frame = pd.DataFrame(rows, columns=["Фактор", "Что говорят данные", "Что проверить в школе"])
    note = f"Перечень факторов: {rules.causes_source}. Данные — повод спросить, а не ответ."
    return Table("Причины", "Причины, на которые школа может повлиять или с которыми надо считаться", frame, note=note)


def _tell_indicators(told: Told, code: str) -> dict[str, str]:
    """Indicators of a school in words where they are heavier than in its group beyond chance, else empty."""
    figures, _ = choose_figures(told, code)
    return {
        row.indicator: f"{row.name} — {_percent(row.own)} (по группе {_percent(row.region)})" * (row.verdict == WORSE)
        for row in figures.itertuples()
    }


def _tell_conditions(known: KnownOfSchools, code: str) -> dict[str, str]:
    """Conditions of a school in words where they are harder than for half of its group, else empty."""
    own = known.conditions[known.conditions.index == code]
    return {row.measure: say_condition(row) * (row.stands == HARDER) for row in own.itertuples()}


def _percent(value: float) -> str:
    return format_percent(value, 0)


def _set_goals(told: Told, rules: ProgrammeRules, code: str) -> Iterator[Part]:
    portfolio, (figures, few) = told.portfolio, choose_figures(told, code)
    method = portfolio.workspace.methodology
    known = figures[figures["domain"].eq("results") & figures["unit"].eq("%") & figures["people"].ge(told.rules.fewest)]
    known = known.assign(more_is_worse=is_more_worse(method, known["indicator"]))
    sign = known["more_is_worse"].map({True: 1, False: -1})
    known = known.assign(gap=sign * known["beside"], is_sure=known["verdict"].eq(WORSE))
    known = known.assign(is_caveated=known["indicator"].isin(list_caveated(method)))
    goals = set_goals(known, _list_ends(portfolio, known, rules), rules.goals)
    if goals.empty:
        yield Text((rules.texts.few_goals if few else rules.texts.no_goals,))
        return
    middle, last = (name_years(item.term, portfolio.year) for item in rules.stages[1:])
    bound = goals["more_is_worse"].map({True: "не более ", False: "не менее "})
    frame = pd.DataFrame(
        {
            "Показатель": goals["name"],
            f"Сейчас, {portfolio.year} год": goals["own"].map(_percent),
            "Детей": goals["people"].astype("int64").astype("str"),
            f"Середина пути, {middle}": bound + goals["halfway"].map(_percent),
            f"Итог, {last}": bound + goals["goal"].map(_percent),
            "Откуда итог": goals["reason"],
        }
    )
    note = join([rules.texts.chance, rules.texts.of_vpr if goals["is_caveated"].any() else ""])
    yield Table("Цели", "Показатели и их значения по этапам", frame, note=note)


def _list_ends(portfolio: Portfolio, known: pd.DataFrame, rules: ProgrammeRules) -> pd.DataFrame:
    """Values that a goal may have: a row per indicator and end."""
    goals, fioko = rules.goals, portfolio.workspace.methodology.fioko
    ends = [known[["indicator"]].assign(end=known["region"], title=goals.from_group)]
    if fioko:
        failing = known.loc[known["more_is_worse"], "indicator"]
        below = fioko.low_share_pct - 10.0**-goals.digits  # the threshold itself is low
        ends.append(pd.DataFrame({"indicator": failing, "end": below, "title": goals.from_fioko}))
    targets = portfolio.workspace.support.targets
    for rule in goals.from_targets:
        plan = _find_plan(targets, portfolio, rule.programme, rule.target)
        end = 100 - plan if rule.complement else plan
        ends.append(pd.DataFrame({"indicator": list(rule.indicators), "end": end, "title": rule.title}))
    return pd.concat(ends, ignore_index=True).dropna(subset="end")


def _find_plan(targets: pd.DataFrame, portfolio: Portfolio, programme: str, target: str) -> float:
    """Plan of a target in the municipality, of the last year up to the report's; missing where it has no part in it."""
    if targets.empty:
        return float("nan")
    own = targets[targets["programme"].eq(programme) & targets["target"].eq(target)]
    own = own[own["municipality"].eq(portfolio.municipality) & (own["year"] <= portfolio.year)]
    return float(own.sort_values("year")["plan"].iloc[-1]) if len(own) else float("nan")


def _say_advice(known: KnownOfSchools, code: str) -> Iterator[str]:
    comments = known.told.comments
    for row in comments[comments["school_id"].eq(code) & comments["reader"].isin(SCHOOL_READERS)].itertuples():
        yield join([f"{READER_TITLES[row.reader]}:", row.text])
    if code in known.weak_tasks:
        yield f"Западающие темы: {known.weak_tasks[code]}."


def _say_build(portfolio: Portfolio, rules: ProgrammeRules) -> Iterator[str]:
    method, region = portfolio.workspace.methodology, portfolio.workspace.region
    yield f"Данные за {portfolio.year} год, методика «{method.title}», версия {method.version}."
    if region.demonstration:
        yield rules.texts.demonstration


def lay_calendar(draft: Draft, portfolio: Portfolio) -> Workbook:
    """The calendar as a workbook that comes back as a roadmap (layout `roadmap`): a row per event, state to choose."""
    book = Workbook()
    book.properties.title = draft.title
    sheet = book.worksheets[0]
    sheet.title = "План-график"
    put_value(sheet.cell(1, 1), f"План-график: {draft.title}").font = Font(FONT, bold=True, size=13)
    put_value(sheet.cell(2, 1), "Отметки по состоянию на (впишите день): ")
    front = {"programme": "Программа", "municipality": "Муниципалитет"}
    heads = [*front.values(), *HEADINGS.values(), "Отметка о выполнении", "Дата выполнения"]
    for column, heading in enumerate(heads, start=1):
        cell = put_value(sheet.cell(4, column), heading)
        cell.font, cell.alignment = Font(FONT, bold=True), WRAPPED
        sheet.column_dimensions[cell.column_letter].width = (
            34 if heading in {"Мероприятие", "Ожидаемый результат"} else 18
        )
    for row, event in enumerate(draft.events.to_dict("records"), start=5):
        values = [draft.title, portfolio.municipality, *(event[name] for name in HEADINGS)]
        for column, value in enumerate(values, start=1):
            put_value(sheet.cell(row, column), value).alignment = WRAPPED
    last = 4 + len(draft.events)
    choice = DataValidation("list", formula1=f'"{",".join(EVENT_STATES)}"', allow_blank=True)
    choice.add(f"H5:H{max(last, 5)}")
    sheet.add_data_validation(choice)
    sheet.freeze_panes, sheet.print_title_rows = "E5", "4:4"
    set_up_page(sheet)
    return book
