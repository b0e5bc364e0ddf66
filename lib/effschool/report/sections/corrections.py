"""Corrections that touch a report (исправления исходных данных), as a table for readers."""

from collections.abc import Iterable

import pandas as pd

from effschool.intake.corrections import FAILED, locate_row
from effschool.report.display import Table

NOTE = "Числа меняют только исправления с решением «принято»; «проверено» — ответ на вопрос: числа верны."


def tabulate_corrections(
    applied: pd.DataFrame, schools: pd.DataFrame, year: int, years: Iterable[int], municipality: str | None = None
) -> Table:
    """Corrections that touch a report, for readers: a row per entry, of one municipality or of all.

    Args:
        applied: as `apply_corrections` gives it, `school_id` as `schools` has it.
        schools: year, school_id, name, municipality; a school is where its last row up to `year` puts it.
        year: year of the report.
        years: years of the data that the report rests on.
        municipality: None lists all, also entries on schools that the register does not have.
    """
    known = schools[schools["year"].le(year)].sort_values("year").drop_duplicates("school_id", keep="last")
    rows = applied[applied["year"].isin(list(years))].merge(
        known[["school_id", "name", "municipality"]], on="school_id", how="left", validate="m:1"
    )
    rows = rows if municipality is None else rows[rows["municipality"].eq(municipality)]
    decided = rows["status"].mask(rows["outcome"].eq(FAILED), rows["status"] + ", но не внесено: см. замечания")
    places = [_say_source(cells) for _, cells in rows.iterrows()]
    frame = pd.DataFrame(
        {
            "Школа": rows["name"].fillna(
                ("код " + rows["school_id"]).mask(rows["school_id"].eq(""), "все школы файла")
            ),
            "Год": rows["year"].astype("str"),
            "Что": rows["what"],
            "Было": rows["old"],
            "По записи": rows["new"],
            "Причина": rows["reason"],
            "Кто": rows["who"],
            "Дата": rows["date"],
            "Решение": decided,
            "Источник": pd.Series(places, index=rows.index, dtype="str"),
        }
    )
    return Table("Исправления", "Исправления исходных данных", frame.sort_values(["Школа", "Год", "Что"]), note=NOTE)


def _say_source(cells: pd.Series) -> str:
    return "—" if pd.isna(cells["source_file"]) else locate_row(cells)
