"""Targets of programmes beside their facts (цели программ: план и факт)."""

from collections.abc import Sequence

import pandas as pd

from effschool.base.russian import NO_DATA, format_number, format_percent
from effschool.report.display import Table, Text
from effschool.report.facts import Said, join, number, say, words
from effschool.report.portfolio import Portfolio, order_names
from effschool.report.privacy import suppress_small
from effschool.report.sections.municipality import say_missing
from effschool.support.programmes import Programme
from effschool.support.targets import STATES, FactBasis, find_unused_facts

GOALS = {"at_least": "не менее", "at_most": "не более", "more_than": "больше"}
SHOWN_YEARS = 3


def tabulate_targets(portfolio: Portfolio) -> Table | Text:
    """Targets of programmes in the municipality beside the region, of the last year with a plan."""
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
    both = both[both[["fact", "fact_region"]].notna().any(axis=1)]
    if both.empty:
        return say_missing("Цели программ")
    frame = _list_targets(both).assign(
        **{
            "По региону": [say_value(row.fact_region, row.unit) for row in both.itertuples()],
            "Откуда": both["origin"].to_numpy(),
        }
    )
    title, shown = f"Цели программ: план и факт, {portfolio.year} год", tuple(frame.columns[:-1])
    return Table("Цели", title, frame, note=join([OTHERS_PLANS, _count_states(both)]), shown=shown)


def tabulate_region_targets(targets: pd.DataFrame, year: int) -> Table | Text:
    """Targets of programmes in the region: the last years with a plan up to the year."""
    region = targets[targets["municipality"].isna() & (targets["year"] <= year)] if len(targets) else targets
    if region.empty:
        return say_missing("Цели программ")
    region = region[region.groupby(["programme", "title"])["year"].rank(ascending=False) <= SHOWN_YEARS]
    frame = _list_targets(region).assign(Откуда=region["origin"].to_numpy())
    latest = choose_latest(region, year)
    return Table("Цели региона", f"Цели программ: план и факт региона по {year} год", frame, note=_count_states(latest))


def tabulate_target_places(targets: pd.DataFrame, year: int) -> Table | Text:
    """How the targets stand in every municipality: numbers of targets by state."""
    own = choose_latest(targets, year).dropna(subset="municipality") if len(targets) else targets
    if own.empty:
        return say_missing("Цели программ по муниципалитетам")
    counts = pd.crosstab(own["municipality"], own["state"]).reindex(columns=list(STATES), fill_value=0)
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
            "План": [f"{GOALS[row.goal]} {say_value(row.plan, row.unit)}" for row in rows.itertuples()],
            "Факт": [say_value(row.fact, row.unit) for row in rows.itertuples()],
            "Состояние": rows["state"],
        }
    )
    return frame.reset_index(drop=True)


def say_value(value: float, unit: str) -> str:
    """A value with its unit; whole numbers without digits."""
    digits = 0 if pd.notna(value) and float(value).is_integer() else 1
    if unit == "%":
        return format_percent(value, digits)
    shown = format_number(value, digits)
    return shown if shown == NO_DATA else f"{shown} {unit}"


OTHERS_PLANS = "Планы — из программ, названных в таблице; факты, кроме вычисленных, — из таблицы института как есть."


def _count_states(rows: pd.DataFrame) -> Said:
    counts = rows["state"].value_counts()
    listed = [say("{state} — {number}", state=words(state), number=number(counts.get(state, 0))) for state in STATES]
    return join(
        [
            "По последним годам с планом: ",
            join(listed, ", "),
            ". «Под угрозой» — до плана недостаёт немного. Самые слабые школы года в среднем поднимаются и без помощи: "
            "положительная динамика сама по себе пользы программы не доказывает.",
        ],
        "",
    )


def list_unused_facts(facts: pd.DataFrame, programmes: Sequence[Programme], known: FactBasis) -> Text:
    """Rows of the institute's table of facts that no target takes, each with the reason."""
    lost = find_unused_facts(facts, programmes, known)
    return Text(tuple(lost) or ("Все строки таблицы фактов учтены.",), kind="note" if lost else "plain")
