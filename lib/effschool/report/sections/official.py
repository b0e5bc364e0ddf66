"""ФИОКО's own list beside the calculated one (перечень ФИОКО): pages of the region, the municipality and the school."""

from typing import Any

import pandas as pd

from effschool.base.russian import format_number
from effschool.report.display import Table, Text
from effschool.report.facts import Said, say, tabulate_said, words
from effschool.report.portfolio import Portfolio, order_names
from effschool.report.sections.municipality import NONE, number_schools
from effschool.report.sections.participants import name_places
from effschool.support.official import AGREES, ONLY_CALCULATED, ONLY_OFFICIAL

NOT_SENT = Text(("Перечень ШНОР ФИОКО не прислан.",), kind="note")


def choose_last_list(official: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of the last list up to a year; none where no list was sent."""
    known = official[official["year"] <= year] if len(official) else official
    return known[known["year"] == known["year"].max()] if len(known) else known


def count_verdicts(rows: pd.DataFrame) -> str:
    """«совпадает — 46; только в перечне — 5; только по расчёту — 33»."""
    counts = rows["verdict"].value_counts()
    kinds = (AGREES, ONLY_OFFICIAL, ONLY_CALCULATED)
    return "; ".join(f"{kind} — {format_number(counts[kind])}" for kind in kinds if kind in counts)


def tabulate_official_reasons(official: pd.DataFrame, year: int) -> Table | Text:
    """How many schools the lists differ in, by reason: for the institute."""
    rows = choose_last_list(official, year)
    if rows.empty:
        return NOT_SENT
    counted = rows.groupby(["verdict", "reason"], dropna=False).size().reset_index(name="Школ")
    frame = counted.rename(columns={"verdict": "Перечень и расчёт", "reason": "Почему"}).fillna({"Почему": NONE})
    title = f"Перечень ШНОР ФИОКО по итогам {rows['year'].iloc[0]} года и расчёт"
    return Table(
        "Перечень ФИОКО, сводка", title, frame, note=f"По школам — лист «Перечень ФИОКО»: {count_verdicts(rows)}."
    )


def tabulate_official(
    official: pd.DataFrame, schools: pd.DataFrame, year: int, place: str | None = None
) -> Table | Text:
    """Schools on the last list or on the calculated one, by municipality and name: for the institute.

    Args:
        place: a municipality, whose schools alone are shown; None is the whole region.
    """
    rows, names = choose_last_list(official, year), name_places(schools, year)
    if len(rows):
        rows = rows.assign(**{name: rows["school_id"].map(names[name]) for name in names})
        rows = rows[rows["municipality"].eq(place)] if place is not None else rows
    if rows.empty:
        return NOT_SENT
    rows = rows.sort_values(["municipality", "name", "school_id"], key=order_names)
    frame = pd.DataFrame(
        {"Школа": rows["name"].array, "Код": rows["school_id"].array, "Муниципалитет": rows["municipality"].array}
    )
    title = f"Перечень ШНОР ФИОКО по итогам {rows['year'].iloc[0]} года и расчёт по школам"
    return Table("Перечень ФИОКО", title, frame.join(_tell_rows(rows)), note=f"{count_verdicts(rows)}.", folds=True)


def _tell_rows(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Уровень": rows["level"].fillna(NONE).array,
            "Расчёт": rows["verdict"].array,
            "Почему": rows["reason"].fillna(NONE).array,
            "В перечнях": rows["history"].fillna(NONE).array,
        }
    )


def tabulate_own_official(portfolio: Portfolio) -> Table | Text:
    """Own schools on the last list or on the calculated one."""
    rows, schools = choose_last_list(portfolio.workspace.support.official, portfolio.year), portfolio.register
    if rows.empty:
        return NOT_SENT
    year, numbers = int(rows["year"].iloc[0]), schools.set_index("school_id")
    own = rows[rows["school_id"].isin(numbers.index)]
    if own.empty:
        return Text((f"В перечне ШНОР ФИОКО {year} года школ муниципалитета нет.",), kind="note")
    own = own.assign(number=own["school_id"].map(numbers["number"])).sort_values("number")
    frame = pd.DataFrame({"Школа": number_schools(numbers).reindex(own["school_id"]).to_numpy()}).join(_tell_rows(own))
    title = f"Перечень ШНОР ФИОКО по итогам {year} года: {count_verdicts(own)}"
    return Table("Перечень ФИОКО", title, frame, note=WHY_TWO, folds=True)


def tell_official(portfolio: Portfolio) -> Text:
    """The same in a sentence, with the numbers of own schools on the list."""
    part, numbers = tabulate_own_official(portfolio), portfolio.register.set_index("school_id")["number"]
    if isinstance(part, Text):
        return part
    rows = choose_last_list(portfolio.workspace.support.official, portfolio.year)
    own = rows[rows["school_id"].isin(numbers.index)]
    listed = sorted(numbers[own.loc[own["verdict"] != ONLY_CALCULATED, "school_id"]])
    said = say(
        "Перечень ШНОР ФИОКО {year} года: {listed}; с расчётом: {counts}.",
        year=words(rows["year"].iloc[0]),
        listed=words(
            f"школы {', '.join(map(str, listed))} (номера таблицы школ)" if listed else "школ муниципалитета нет"
        ),
        counts=words(count_verdicts(own)),
    )
    return Text((said,))


WHY_TWO = "Перечень присылает ФИОКО, уровень — как в нём; расчёт — по опубликованному правилу и данным региона."


def describe_official(portfolio: Portfolio) -> pd.DataFrame:
    """Own schools on the last official list: school_id, text."""
    rows = choose_last_list(portfolio.workspace.support.official, portfolio.year)
    own = (
        rows[rows["school_id"].isin(portfolio.schools["school_id"]) & rows["verdict"].ne(ONLY_CALCULATED)]
        if len(rows)
        else rows
    )
    told = [_say_official(row) for row in own.itertuples()]
    return tabulate_said({"school_id": own["school_id"] if len(own) else [], "text": told})


def _say_official(row: Any) -> Said:
    """«Перечень ФИОКО: сильно неуспевающие; в списках 2021 г., 2022 г.»."""
    level = row.level[:1].lower() + row.level[1:] if pd.notna(row.level) else "уровень не указан"
    return say(
        "Перечень ФИОКО: {level}; {history}",
        level=words(level),
        history=words(row.history[:1].lower() + row.history[1:]),
    )
