"""Targets of programmes beside their facts (цели программ: план и факт)."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from effschool.base.russian import NO_DATA, format_number, format_percent, join_words
from effschool.report.display import Table, Text
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.portfolio import REGION_ROW, Portfolio, order_names
from effschool.report.privacy import suppress_small
from effschool.report.sections.municipality import NONE, say_missing
from effschool.support.programmes import Programme
from effschool.support.targets import AT_RISK, COUNTED, MET, MISSED, OPEN, STATES, FactBasis, find_unused_facts

GOALS = {"at_least": "не менее", "at_most": "не более", "more_than": "больше"}
SHOWN_YEARS, MOST_SHOWN = 3, 10
URGENT = (MISSED, AT_RISK, OPEN, NO_DATA, MET)
"""States in the order in which a reader needs them."""
ON_PAGE = ("Показатель", "Программа", "Год", "План", "Факт", "Состояние")


def tabulate_targets(portfolio: Portfolio) -> Table | Text:
    """Targets of the programmes that the municipality takes part in beside the region, of the last year with a plan."""
    targets = portfolio.workspace.support.targets
    if targets.empty:
        return say_missing("Цели программ")
    latest = choose_latest(targets, portfolio.year)
    own = latest[latest["municipality"] == portfolio.municipality]
    keys = ["programme", "title", "year"]
    region = latest.loc[latest["municipality"].isna(), [*keys, "fact", "unit", "schools"]]
    both = own.merge(region, how="left", on=keys, suffixes=("", "_region"), validate="one_to_one")
    others = both["schools_region"] - both["schools"].fillna(0)
    both = both.assign(fact_region=suppress_small(both["fact_region"], others))
    lacking = both[both[["fact", "fact_region"]].isna().all(axis=1)]
    both = both.drop(lacking.index)
    if both.empty:
        return say_missing("Цели программ")
    ordered = both.sort_values("state", key=lambda states: states.map(URGENT.index), kind="stable")
    frame = _list_targets(ordered)
    frame.insert(6, "По региону", [say_value(row.fact_region, row.unit) for row in ordered.itertuples()])
    note = join([OTHERS_PLANS, _count_states(both), _say_lacking(lacking)])
    name, unseen = _name_programmes(frame, portfolio.year)
    shown = tuple(column for column in (*ON_PAGE, "По региону") if column not in unseen)
    return Table("Цели", f"{name}: план и факт, {portfolio.year} год", frame, note=note, shown=shown)


def _name_programmes(frame: pd.DataFrame, year: int) -> tuple[str, set[str]]:
    """What the title says, and columns that need not stand on the page: one programme, and the report's own year."""
    programmes = frame["Программа"].unique()
    unseen = {"Год"} if frame["Год"].eq(str(year)).all() else set()
    if len(programmes) > 1:
        return "Цели программ", unseen
    return f"Цели программы «{programmes[0]}»", {"Программа", *unseen}


def tabulate_region_targets(targets: pd.DataFrame, year: int, place: str | None = None) -> Table | Text:
    """Targets of the region's programmes or of one place: those of the last year that have a fact are on the page.

    The workbook has the last years with a plan, and those without data with what would bring it.
    """
    if targets.empty:
        return say_missing("Цели программ")
    is_own = targets["municipality"].eq(place) if place else targets["municipality"].isna()
    own = targets[is_own & (targets["year"] <= year)]
    if own.empty:
        return say_missing("Цели программ")
    own = own[own.groupby(["programme", "title"])["year"].rank(ascending=False) <= SHOWN_YEARS]
    latest = choose_latest(own, year)
    told = own.index.isin(latest.index[latest["fact"].notna()])
    urgency = own["state"].map(URGENT.index).where(told, len(URGENT))
    ordered = own.assign(urgency=urgency).sort_values("urgency", kind="stable")
    title = f"Цели программ: план и факт, {place or REGION_ROW}, по {year} год"
    note = join([_count_states(latest), _say_lacking(latest[latest["fact"].isna()])])
    first = min(max(int(told.sum()), 1), MOST_SHOWN)
    return Table("Цели региона", title, _list_targets(ordered), note=note, shown=ON_PAGE, first=first)


def tabulate_asked(targets: pd.DataFrame, year: int) -> Table | Text:
    """What would bring the facts that are missing: a row per form, with its targets."""
    latest = choose_latest(targets, year) if len(targets) else targets
    lacking = latest[latest["asks"].notna()] if len(latest) else latest
    if lacking.empty:
        return Text(("Данные есть по всем показателям.",))
    listed = lacking.drop_duplicates(["programme", "title"]).groupby("asks")
    titles = listed["title"].agg("; ".join)
    frame = pd.DataFrame({"Что прислать": titles.index, "Показателей": listed.size(), "Каких": titles})
    title = f"Чего не хватает целям программ, {year} год"
    return Table("Нет для целей", title, frame.reset_index(drop=True), shown=("Что прислать", "Показателей"))


def tabulate_target_places(targets: pd.DataFrame, year: int, schools: pd.DataFrame) -> Table | Text:
    """How the targets stand in every municipality: numbers of targets by state; none where it takes part in nothing."""
    own = choose_latest(targets, year).dropna(subset="municipality") if len(targets) else targets
    if own.empty:
        return say_missing("Цели программ по муниципалитетам")
    counts = pd.crosstab(own["municipality"], own["state"])
    counts = counts.reindex(index=schools["municipality"].unique(), columns=list(STATES), fill_value=0)
    frame = counts.sort_index(key=order_names).rename_axis("Муниципалитет").rename_axis(columns=None).reset_index()
    title = f"Цели программ по муниципалитетам, {year} год, показателей"
    note = "Для каждого показателя взят последний год, на который есть план. Порядок алфавитный: таблица не рейтинг."
    return Table("Цели по местам", title, frame, note=note)


def choose_latest(targets: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of the last year with a plan, not after the year given, of every target."""
    known = targets[targets["year"] <= year]
    return known[known["year"] == known.groupby(["programme", "title"])["year"].transform("max")]


def _list_targets(rows: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "Показатель": rows["title"],
            "Программа": rows["programme_title"],
            "Год": rows["year"].astype("str"),
            "План": [_say_plan(row) for row in rows.itertuples()],
            "Факт": [say_value(row.fact, row.unit) for row in rows.itertuples()],
            "Состояние": rows["state"],
            "Из чего": [_say_whole(row) for row in rows.itertuples()],
            "Откуда": rows["origin"],
            "Чего не хватает": ("пришлите " + rows["asks"]).fillna(NONE),
        }
    )
    return frame.reset_index(drop=True)


def _say_plan(row: Any) -> str:
    value = say_value(row.plan, row.unit)
    is_edge = (row.goal, row.plan) == ("at_most", 0) or (row.goal, row.plan, row.unit) == ("at_least", 100, "%")
    plan = value if is_edge else f"{GOALS[row.goal]} {value}"
    return f"{plan} ({row.stated})" if row.stated else plan


def _say_whole(row: Any) -> str:
    """Part and whole behind a share that was counted, and how many schools could not be judged."""
    if row.origin != COUNTED or not row.whole:
        return NONE
    whole = f"{format_number(row.part)} из {format_number(row.whole)}"
    return f"{whole}; не известно о {format_number(row.unjudged)}" if row.unjudged else whole


def say_value(value: float, unit: str) -> str:
    """A value with its unit; whole numbers without digits."""
    digits = 0 if pd.notna(value) and float(value).is_integer() else 1
    if unit == "%":
        return format_percent(value, digits)
    shown = format_number(value, digits)
    return shown if shown == NO_DATA else f"{shown} {unit}"


OTHERS_PLANS = "Факты, кроме вычисленных, — из таблицы института."


def _count_states(rows: pd.DataFrame) -> Said:
    counts = rows["state"].value_counts()
    known = [state for state in STATES if state in counts]
    listed = [say("{state} — {number}", state=words(state), number=number(counts[state])) for state in known]
    meant = [text for state, text in MEANINGS.items() if state in counts]
    return join(["По последним годам с планом: ", join(listed, ", "), ". ", *meant, REGRESS], "")


MEANINGS = {
    AT_RISK: "«Под угрозой» — до плана недостаёт немного. ",
    OPEN: "«Зависит от неизвестных» — решат те, о ком не сообщено: пришлите данные. ",
}
REGRESS = "Слабейшие школы года обычно поднимаются и без помощи: рост сам по себе пользы программы не доказывает."


def _say_lacking(lacking: pd.DataFrame) -> Said | str:
    """How many targets have no data, and what would bring it."""
    if lacking.empty:
        return ""
    asked = join_words(lacking["asks"].value_counts().index)
    return say("Нет данных по {number}: пришлите {asked}.", number=count(len(lacking), *OF_TARGETS), asked=words(asked))


OF_TARGETS = ("показателю", "показателям", "показателям")


def list_unused_facts(facts: pd.DataFrame, programmes: Sequence[Programme], known: FactBasis) -> Text:
    """Rows of the institute's table of facts that no target takes, each with the reason."""
    lost = find_unused_facts(facts, programmes, known)
    return Text(tuple(lost) or ("Все строки таблицы фактов учтены.",), kind="note" if lost else "plain")
