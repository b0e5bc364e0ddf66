"""What notebooks 01 and 02 show: files and problems, sizes of lists, circumstances."""

from pathlib import Path

import pandas as pd
from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from effschool.base.problems import Severity, shorten_questions
from effschool.base.russian import format_number
from effschool.base.storage import save_workbook
from effschool.dynamics.paths import LIST_COLUMNS
from effschool.intake.identity import TO_CONFIRM
from effschool.intake.school_names import HEADINGS, NO, YES
from effschool.method.identify import Identified
from effschool.method.methodology import FIOKO_LIST, Methodology
from effschool.report.display import Table, Text
from effschool.report.portfolio import flag_members, name_all_lists, order_names
from effschool.report.sections.corrections import tabulate_corrections
from effschool.report.sections.municipality import NONE, describe_treatments, say_missing
from effschool.report.workbook import HEADER_ROW, fill_sheet


def tabulate_found_files(files: pd.DataFrame) -> Table:
    """Files that were found: what each was taken for, how many rows, whether it was accepted."""
    frame = pd.DataFrame(
        {
            "Файл": files["file"],
            "Лист": files["sheet"].replace("", NONE),
            "Макет": files["layout"].fillna(NONE),
            "Строк принято": files["rows"],
            "Состояние": files["status"],
        }
    )
    return Table("Файлы", "Файлы с исходными данными", frame)


def tabulate_found_problems(problems: pd.DataFrame) -> Table | Text:
    """Problems of the files: errors, then questions, then warnings."""
    if problems.empty:
        return Text(("Замечаний к файлам нет.",))
    order = {str(severity): place for place, severity in enumerate(Severity)}
    ordered = problems.sort_values("severity", key=lambda column: column.map(order), kind="stable")
    frame = pd.DataFrame({"Вид": ordered["severity"], "Замечание": ordered["message"]})
    return Table("Замечания", "Замечания к файлам", frame)


def list_questions(problems: pd.DataFrame) -> Text:
    """Questions about unlikely numbers that nobody has answered: the lists rest on these numbers."""
    told = shorten_questions(problems)
    return Text(tuple(told) or ("Вопросов к числам, оставшихся без ответа, нет.",), kind="note" if told else "plain")


def tabulate_contract(tables: dict[str, pd.DataFrame]) -> Table:
    """Sizes of the contract tables: rows, schools, years."""
    rows = [
        (name, len(frame), frame.get("school_id", pd.Series(dtype="str")).nunique(), _say_years(frame))
        for name, frame in tables.items()
    ]
    return Table("Таблицы", "Принятые таблицы", pd.DataFrame(rows, columns=["Таблица", "Строк", "Школ", "Годы"]))


def _say_years(frame: pd.DataFrame) -> str:
    years = sorted(frame.get("year", pd.Series(dtype="int64")).dropna().unique())
    return ", ".join(map(str, years)) or NONE


def tabulate_correction_entries(corrections: pd.DataFrame, schools: pd.DataFrame) -> Table | Text:
    """Entries of the file of corrections: what was changed in the tables and why."""
    if corrections.empty:
        return Text(("Исправлений нет: файла corrections.yml в папке нет или в нём нет записей.",))
    years = sorted(set(corrections["year"].dropna()))
    return tabulate_corrections(corrections, schools, max(schools["year"], default=0), years)


def tabulate_renamed(renamed: pd.DataFrame) -> Table | Text:
    """Rows that stand under another code than they were sent with, and by which act."""
    if renamed.empty:
        return Text(("Школ, сменивших код, нет.",))
    columns = ["code", "school_id", "reason", "year", "table", "source_file"]
    rows = renamed.groupby(columns[:4], dropna=False, sort=True).size().rename("rows").reset_index()
    titles = {"code": "В файле", "school_id": "Теперь", "reason": "Событие", "year": "Год", "rows": "Строк"}
    return Table("Преемственность", "Строки, перенесённые под другой код или название", rows.rename(columns=titles))


def tabulate_doubtful(doubtful: pd.DataFrame) -> Table | Text:
    """Names of schools that a person has to confirm."""
    if doubtful.empty:
        return Text(("Названий, которые нужно подтвердить, нет.",))
    note = "Ответы впишите в names_to_confirm.xlsx и положите файл в папку исходных данных как names_confirmed.xlsx."
    frame = doubtful.drop(columns="answer").rename(columns=HEADINGS)
    return Table("Названия", "Названия школ, которые нужно подтвердить", frame, note=note)


def write_doubtful(doubtful: pd.DataFrame, processed: Path) -> None:
    """Write the names to confirm, where there are any, as a workbook whose last column takes «да» or «нет»."""
    if doubtful.empty:
        return
    note = "Ответьте «да» или «нет» и положите файл в папку исходных данных под именем names_confirmed.xlsx."
    table = Table("Названия", "Названия школ, которые нужно подтвердить", doubtful.rename(columns=HEADINGS))
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = table.key
    fill_sheet(sheet, table)
    choice = DataValidation(
        type="list", formula1=f'"{YES},{NO}"', error="Ответьте «да» или «нет».", showErrorMessage=True, prompt=note
    )
    choice.showInputMessage = True
    sheet.add_data_validation(choice)
    column = sheet.cell(1, len(HEADINGS)).column_letter
    choice.add(f"{column}{HEADER_ROW + 1}:{column}{HEADER_ROW + max(len(doubtful), 1)}")
    save_workbook(book, processed / TO_CONFIRM)


def tabulate_list_sizes(identified: Identified, methodology: Methodology) -> Table | Text:
    """Number of schools on every list, by year; missing where the window of the year is not covered."""
    lists = identified.lists
    if lists.empty:
        return say_missing("Списки")
    names = name_all_lists(methodology)
    counts = {name: flag_members(lists, name).groupby(lists["year"]).sum() for name in names}
    covered = lists.loc[lists[[*LIST_COLUMNS.values()]].notna().any(axis=1), "year"].unique()
    counts = {name: found if name == FIOKO_LIST else found.reindex(covered) for name, found in counts.items()}
    frame = pd.DataFrame(counts).T.rename(columns=str).rename_axis("Список").reset_index()
    return Table("Списки", "Школ в списках по годам", frame)


def tabulate_listed(identified: Identified, methodology: Methodology, year: int) -> Table | Text:
    """Schools of the lists of a year by municipality and name, with both indices; the order is no rating."""
    lists = identified.lists[identified.lists["year"] == year]
    flags = {name: flag_members(lists, name) for name in name_all_lists(methodology)}
    listed = lists[pd.DataFrame(flags).any(axis=1)]
    if listed.empty:
        return say_missing(f"Списки за {year} год")
    indices = identified.indices.pivot(index=["year", "school_id"], columns="domain", values="index").reset_index()
    rows = listed.merge(identified.schools, on=["year", "school_id"]).merge(indices, on=["year", "school_id"])
    rows = rows.sort_values(["municipality", "name", "school_id"], key=order_names, ignore_index=True)
    titles = {name: rules.title for name, rules in methodology.iterate_domains()}
    frame = pd.DataFrame(
        {
            "Школа": rows["name"],
            "Код": rows["school_id"],
            "Муниципалитет": rows["municipality"],
            **{title: rows[name] for name, title in titles.items()},
            "Список результатов": rows["results_status"].fillna(NONE),
            "Список условий": rows["social_status"].fillna(NONE),
            FIOKO_LIST: rows["fioko_shnor"].map({True: "да", False: "нет"}).astype("str").fillna(NONE),
        }
    )
    shown = {title: lambda value: format_number(value, 3) for title in titles.values()}
    return Table("Школы списков", f"Школы в списках, {year} год", frame, shown)


def tabulate_groups(identified: Identified) -> Table:
    """Number of schools in every group, by year; left-out schools as well."""
    named = identified.schools.assign(group=identified.schools["group"].fillna("не участвуют"))
    frame = named.pivot_table(index="group", columns="year", values="school_id", aggfunc="count", fill_value=0)
    return Table(
        "Группы", "Школ в группах сравнения по годам", frame.rename(columns=str).rename_axis("Группа").reset_index()
    )


def tabulate_notices(identified: Identified, methodology: Methodology, year: int | None = None) -> Table | Text:
    """What a reader of the lists has to know: constant indicators, cuts that met, years without lists; up to a year."""
    notices = identified.notices
    notices = notices[notices["year"] <= (year or notices["year"].max())]
    if notices.empty:
        return Text(("Особых обстоятельств расчёта нет.",))
    titles = {name: rules.title for name, rules in methodology.iterate_domains()}
    frame = pd.DataFrame(
        {
            "Год": notices["year"].astype("str"),
            "Индекс": notices["domain"].map(titles).fillna(NONE),
            "Группа": notices["group"].fillna(NONE),
            "Обстоятельство": notices["notice"],
        }
    )
    return Table("Обстоятельства", "Обстоятельства расчёта", frame)


def tabulate_treatments(identified: Identified, methodology: Methodology) -> Table | Text:
    """Indicators that few pupils took part in and that were pooled over years or set aside, beside their schools."""
    treated = identified.treatments
    if treated.empty:
        return Text(("Показатели взяты такими, как есть: правил для малого числа участников в методике нет.",))
    named = treated.merge(identified.schools[["year", "school_id", "name"]], on=["year", "school_id"], how="left")
    return Table("Мало участников", "Показатели с малым числом участников", describe_treatments(named, methodology))
