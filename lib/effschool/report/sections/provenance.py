"""Where a number came from (происхождение): the rows of files behind every indicator of a school."""

import pandas as pd

from effschool.base.russian import format_number
from effschool.base.schemas import MARKS, PROVENANCE
from effschool.intake.corrections import list_headings
from effschool.intake.layouts import Layout
from effschool.method.indicators import Tables, select_rows
from effschool.method.methodology import Indicator, Methodology, ShareIndicator
from effschool.report.display import Table, Text
from effschool.report.sections.municipality import NONE


def trace_values(tables: Tables, methodology: Methodology, year: int, school_id: str) -> pd.DataFrame:
    """A row per indicator, row of a contract table and column that the indicator of a school and year is made from.

    Returns:
        indicator, table, column, value (as the table has it, missing where the cell was blank), and the columns of
        provenance. An indicator that has no row of the school is not there; of a lag only the school's own rows are.
    """
    own = {
        name: rows[_is_of(rows, year, school_id)] for name, rows in tables.items() if {"year", "school_id"} <= set(rows)
    }
    parts = [_trace_indicator(own, item) for item in methodology.indicators.values()]
    columns = ["indicator", "table", "column", "value", *PROVENANCE]
    return pd.concat([pd.DataFrame(columns=columns), *(part[columns] for part in parts)], ignore_index=True)


def _is_of(rows: pd.DataFrame, year: int, school_id: str) -> pd.Series:
    return rows["year"].eq(year) & rows["school_id"].eq(school_id)


def _trace_indicator(own: Tables, indicator: Indicator) -> pd.DataFrame:
    found = select_rows(own, indicator.rows)
    parts = [_trace_rows(found, list_columns(indicator, found), indicator.rows.table)]
    if isinstance(indicator, ShareIndicator) and indicator.over_participants and indicator.participants_of:
        others = select_rows(own, indicator.participants_of)
        parts = [_trace_rows(found, [indicator.count], indicator.rows.table)]
        parts += [_trace_rows(others, ["participants"], indicator.participants_of.table)]
    return pd.concat(parts, ignore_index=True).assign(indicator=indicator.id)


def _trace_rows(found: pd.DataFrame, columns: list[str], table: str) -> pd.DataFrame:
    long = found.melt(id_vars=list(PROVENANCE), value_vars=columns, var_name="column", value_name="value")
    return long.assign(table=table)


def list_columns(indicator: Indicator, rows: pd.DataFrame) -> list[str]:
    """Columns that an indicator is made from; a missing mean is that of the marks."""
    is_of_marks = indicator.columns[1] == "mean_score" and rows["mean_score"].isna().any()
    return [*indicator.columns, *(MARKS if is_of_marks else ())]


def tabulate_sources(
    tables: Tables, methodology: Methodology, layouts: tuple[Layout, ...], year: int, school_id: str
) -> Table | Text:
    """The rows of files behind a school's indicators, for a person who checks them by hand."""
    traced = trace_values(tables, methodology, year, school_id)
    if traced.empty:
        return Text(("Строк этой школы за этот год в файлах нет.",))
    headings = list_headings(layouts)
    titles = {name: item.short for name, item in methodology.indicators.items()}
    names = [
        headings[table].get(column, column) for table, column in zip(traced["table"], traced["column"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Показатель": traced["indicator"].map(titles),
            "Столбец": names,
            "Число": [_write(value) for value in traced["value"]],
            "Файл": traced["source_file"],
            "Лист": traced["source_sheet"].replace("", NONE),
            "Строка": traced["source_row"],
            "Пометка": traced["source_note"].fillna(NONE),
        }
    )
    return Table("Откуда числа", f"Из каких строк файлов взяты числа школы, {year} год", frame)


def _write(value: object) -> str:
    if pd.isna(value):
        return NONE
    number = float(str(value))
    return format_number(number, 0 if number.is_integer() else 2)
