"""What notebooks 01 to 03 show: files and problems, sizes of lists, transitions and turnover."""

import pandas as pd

from effschool import charts
from effschool.corrections import tabulate_corrections
from effschool.display import Chart, Table, Text
from effschool.dynamics import ABSENT, NOT_RANKED, Dynamics
from effschool.identify import Identified
from effschool.methodology import Domain, Methodology
from effschool.portfolio import order_names
from effschool.russian import count_words, format_number
from effschool.school_names import HEADINGS
from effschool.sections import NONE, index_value, say_missing

STATES = {NOT_RANKED: "не ранжирована", ABSENT: "нет в реестре или не участвует"}


def tabulate_files(files: pd.DataFrame) -> Table:
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
    """Problems of the files, errors first."""
    if problems.empty:
        return Text(("Замечаний к файлам нет.",))
    ordered = problems.sort_values("severity", kind="stable")
    frame = pd.DataFrame({"Вид": ordered["severity"], "Замечание": ordered["message"]})
    return Table("Замечания", "Замечания к файлам", frame)


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


def tabulate_entries(corrections: pd.DataFrame, schools: pd.DataFrame) -> Table | Text:
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
    titles = {"code": "Код в файле", "school_id": "Школа", "reason": "Событие", "year": "Год", "rows": "Строк"}
    return Table("Преемственность", "Строки, перенесённые под другой код", rows.rename(columns=titles))


def tabulate_doubtful(doubtful: pd.DataFrame) -> Table | Text:
    """Names of schools that a person has to confirm."""
    if doubtful.empty:
        return Text(("Названий, которые нужно подтвердить, нет.",))
    note = "Ответы впишите в names_to_confirm.xlsx и положите файл в папку исходных данных как names_confirmed.xlsx."
    frame = doubtful.drop(columns="answer").rename(columns=HEADINGS)
    return Table("Названия", "Названия школ, которые нужно подтвердить", frame, note=note)


def tabulate_list_sizes(identified: Identified, methodology: Methodology) -> Table | Text:
    """Number of schools on every list, by year."""
    lists = identified.lists
    if lists.empty:
        return say_missing("Списки")
    columns = {status.status: "results_status" for status in methodology.lists.results}
    columns |= {status.status: "social_status" for status in methodology.lists.social}
    counts = {name: (lists[column] == name).groupby(lists["year"]).sum() for name, column in columns.items()}
    if methodology.fioko:
        counts["ШНОР"] = lists["fioko_shnor"].groupby(lists["year"]).sum()
    frame = pd.DataFrame(counts).T.rename(columns=str).rename_axis("Список").reset_index()
    return Table("Списки", "Школ в списках по годам", frame)


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
    frame = pd.DataFrame(
        {
            "Школа": named["name"],
            "Год": named["year"].astype("str"),
            "Показатель": named["indicator"].map({name: item.short for name, item in methodology.indicators.items()}),
            "Что сделано": named["treatment"],
            "Участников": named["participants"],
        }
    )
    return Table("Мало участников", "Показатели с малым числом участников", frame)


def chart_transitions(
    dynamics: Dynamics, methodology: Methodology, domain: Domain, year: int | None = None
) -> Chart | Text:
    """Transitions into a year (the last one if none is given) from the year before: from band to band, in schools."""
    found = dynamics.transitions[dynamics.transitions["domain"] == domain]
    found = found[found["to_year"] <= (year or found["to_year"].max())]
    if found.empty:
        return say_missing("Переходы между группами")
    last = found[found["to_year"] == found["to_year"].max()]
    rules = methodology.domains[domain]
    titles = {**rules.band_titles, **STATES}
    order = list(titles)
    square = last.pivot_table(index="from_state", columns="to_state", values="schools", aggfunc="sum", fill_value=0)
    square = square.reindex(index=order, columns=order, fill_value=0).rename(index=titles, columns=titles).astype(int)
    before, after = int(last["from_year"].iloc[0]), int(last["to_year"].iloc[0])
    ranked = square.iloc[:3, :3].to_numpy()
    stayed, total = int(ranked.trace()), int(ranked.sum())
    sentence = (
        f"Из {count_words(total, 'школы', 'школ', 'школ')}, ранжированных в оба года, в той же группе остались "
        f"{format_number(stayed)}. Школы, которых в одном из годов нет, показаны отдельно и неизменными не считаются."
    )
    figure = charts.draw_table_of_counts(square, f"{before} год", f"{after} год")
    frame = square.rename_axis(f"{before} → {after}").reset_index()
    title = f"{rules.title}: переходы школ между группами, {before} и {after} годы, школ"
    key = {"results": "Переходы результаты", "social": "Переходы условия"}[domain]
    return Chart(f"transitions-{domain}", title, sentence, figure, Table(key, title, frame))


def tabulate_turnover(dynamics: Dynamics, year: int | None = None) -> Table | Text:
    """Entries into and exits from the lists, up to a year."""
    moves = dynamics.turnover[dynamics.turnover["to_year"] <= (year or dynamics.turnover["to_year"].max())]
    if moves.empty:
        return say_missing("Движение списков")
    frame = pd.DataFrame(
        {
            "Список": moves["list"],
            "Годы": moves["from_year"].astype("str") + " → " + moves["to_year"].astype("str"),
            "Остались": moves["stayed"],
            "Вошли": moves["entered"],
            "Вышли": moves["left"],
            "Закрыты или не участвуют": moves["gone"],
        }
    )
    return Table("Движение", "Кто вошёл в списки и кто вышел из них, школ", frame)


def chart_cohorts(dynamics: Dynamics, year: int | None = None) -> Chart | Text:
    """Mean index of the programme's entry cohorts beside schools that never took part, up to a year."""
    last_year = year or dynamics.cohorts["year"].max()
    cohorts = dynamics.cohorts[dynamics.cohorts["year"] <= last_year]
    cohorts = cohorts[~(cohorts["entry_year"] > last_year).fillna(False)]
    if cohorts["entry_year"].notna().sum() == 0:
        return say_missing("Школы программы поддержки")
    named = cohorts.assign(cohort=[_name_cohort(year) for year in cohorts["entry_year"]])
    lines = named.pivot_table(index="year", columns="cohort", values="mean_index", aggfunc="first")
    change = (lines.iloc[-1] - lines.iloc[0]).drop(OUTSIDE, errors="ignore").dropna()
    grown, entries = int((change > 0).sum()), len(change)
    sentence = (
        f"Между {lines.index[0]} и {lines.index[-1]} годами средний индекс вырос у {grown} из {entries} когорт входа. "
        "Это не оценка пользы программы: в неё отбирают слабые школы, а самые слабые в среднем поднимаются "
        "и без поддержки."
    )
    frame = pd.DataFrame(
        {
            "Когорта": named["cohort"],
            "Год": named["year"].astype("str"),
            "Школ": named["schools"],
            "Средний индекс": named["mean_index"],
        }
    )
    title = "Индекс результатов школ программы по годам входа, среднее от 0 до 1"
    table = Table("Когорты", title, frame, {"Средний индекс": index_value})
    return Chart("cohorts", title, sentence, charts.draw_lines(lines, "средний индекс", [OUTSIDE]), table)


OUTSIDE = "не участвовали"


def _name_cohort(year: object) -> str:
    return OUTSIDE if pd.isna(year) else f"вход {year} г."


def tabulate_long_members(dynamics: Dynamics, names: list[str], schools: pd.DataFrame) -> Table | Text:
    """History in the words of the source for every school that was ever on one of the lists."""
    found = dynamics.memberships[dynamics.memberships["list"].isin(names)]
    if found.empty:
        return say_missing("История школ в списках")
    latest = schools.sort_values("year").drop_duplicates("school_id", keep="last")
    named = found.merge(latest[["school_id", "name", "municipality"]], on="school_id", validate="many_to_one")
    named = named.sort_values(["municipality", "name", "list"], key=order_names)
    frame = named[["name", "municipality", "list", "history"]].set_axis(
        ["Школа", "Муниципалитет", "Список", "Годы"], axis=1
    )
    return Table("История", "Школы, которые были в списках", frame.reset_index(drop=True))
