"""Candidates for the bank of best practice (банк лучших практик): for the institute, by name, not by merit."""

import pandas as pd

from effschool.base.russian import count_words, format_number
from effschool.method.methodology import Methodology
from effschool.report.display import Table, Text
from effschool.report.portfolio import order_names
from effschool.report.sections.municipality import OF_SCHOOLS, SCHOOLS
from effschool.report.sections.participants import name_places
from effschool.support.practices import find_chance_share


def tabulate_practices(
    practices: pd.DataFrame, levels: pd.DataFrame, schools: pd.DataFrame, methodology: Methodology
) -> Table | Text:
    """Schools whose results rose beyond chance and over the years, with what chance alone would give.

    Args:
        practices: as `Support.practices` has it; levels: all shrunken levels, to say of how many schools.
    """
    compared = int(levels["domain"].eq("results").sum()) if len(levels) else 0
    if not compared:
        return Text(("Кандидатов в банк лучших практик не найти: многолетних оценок результатов нет.",), kind="note")
    chance = format_number(compared * find_chance_share(methodology), 0)
    every = count_words(compared, *OF_SCHOOLS)
    told = f"Из {every} одна случайность дала бы рост за этой границей не больше чем у {chance}"
    if practices.empty:
        return Text((f"Кандидатов в банк лучших практик нет: устойчивого роста больше случайного не видно. {told}.",))
    year = int(practices["year"].iloc[0])
    names = name_places(schools, year)
    rows = practices.assign(**{name: practices["school_id"].map(names[name]) for name in names})
    rows = rows.sort_values(["municipality", "name", "school_id"], key=order_names)
    frame = pd.DataFrame(
        {
            "Школа": rows["name"].array,
            "Код": rows["school_id"].array,
            "Муниципалитет": rows["municipality"].array,
            "Лет в расчёте": rows["years"].array,
            "В проекте": ["да" if taking else "нет" for taking in rows["is_participant"]],
        }
    )
    title = f"Кандидаты в банк лучших практик, {year} год, по алфавиту: {count_words(len(frame), *SCHOOLS)}"
    return Table("Лучшие практики", title, frame, note=f"{HOW} {told}, и часть из них отсеял бы рост одного года.")


HOW = (
    "Уточнённая оценка индекса результатов растёт больше случайного, и рост остаётся, какой бы год ни убрать. Это "
    "повод спросить школу, что она изменила, а не награда."
)
