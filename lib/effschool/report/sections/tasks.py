"""Tasks in which schools fall behind (западающие темы): what schools of a place share, and what the region fails.

By ВПР nobody is judged: a task that several schools miss is a topic for their teachers to work on together.
"""

import pandas as pd

from effschool.report.display import Table, Text
from effschool.report.facts import join, number, say, words
from effschool.report.portfolio import Portfolio, RegionYear, order_names
from effschool.report.queries import list_told_topics, list_weak_tasks
from effschool.report.sections.municipality import number_schools, show_percent

SHARES = dict.fromkeys(("Здесь, %", "Регион, %", "Школа, %", "Граница, %", "Год назад, %"), show_percent)
UNNAMED = "тема не описана"
NO_DATA_OF_TASKS = "Данных о выполнении заданий за {year} год нет."
NOTHING_SHARED = "Заданий, которые западают сразу у нескольких школ, в {year} году нет."
NOTHING_BELOW = "Заданий ниже границы своего уровня в {year} году нет."


def tabulate_topics(portfolio: Portfolio) -> Table | Text:
    """Tasks in which several of the municipality's schools fall behind: what its teachers can work on together."""
    known = list_told_topics(portfolio)
    shared = known[known["is_shared"]].sort_values(["subject", "grade", "share"], ignore_index=True)
    if shared.empty:
        return say_no_tasks(portfolio, NO_DATA_OF_TASKS if known.empty else NOTHING_SHARED)
    frame = pd.DataFrame(
        {
            **name_columns(shared),
            "Отстаёт школ": _count_behind(shared),
            "Здесь, %": 100 * shared["share"],
            "Регион, %": shared["region"],
        }
    )
    title = f"Западающие темы: задания ВПР, в которых отстают сразу несколько школ, {portfolio.year} год"
    return Table("Западающие темы", title, frame, SHARES, NOT_CHANCE)


NOT_CHANCE = (
    "Процент — доля баллов за задание. Отстаёт — больше, чем бывает случайно; в малых школах отставание чаще не видно, "
    "поэтому тему стоит повторить всем."
)


def say_no_tasks(region: RegionYear, told: str) -> Text:
    """Why there is no table; nothing where the region has never sent tasks of works."""
    is_sent = len(region.workspace.deficits.topics) > 0
    return Text((say(told, year=words(region.year)),) if is_sent else (), kind="note")


def name_columns(tasks: pd.DataFrame) -> dict[str, pd.Series]:
    """Columns that say which task it is."""
    return {
        "Тема": tasks["topic"].fillna(UNNAMED),
        "Предмет": tasks["subject"],
        "Класс": tasks["grade"].astype("str"),
        "Задание": tasks["task"],
    }


def _count_behind(topics: pd.DataFrame) -> pd.Series:
    return topics["behind"].astype("str") + " из " + topics["schools"].astype("str")


def tabulate_weak_tasks(portfolio: Portfolio) -> Table | Text:
    """Every task in which an own school falls behind beyond chance, for the workbook."""
    tasks = list_weak_tasks(portfolio)
    if tasks.empty:
        return Text((), kind="note")
    names = number_schools(portfolio.schools).set_axis(portfolio.schools["school_id"])
    order = portfolio.schools.set_index("school_id")["number"]
    tasks = tasks.assign(order=tasks["school_id"].map(order)).sort_values(["order", "subject", "grade", "task"])
    tasks = tasks.reset_index(drop=True)
    region = list_told_topics(portfolio).set_index(["subject", "grade", "task"])["region"]
    frame = pd.DataFrame(
        {
            "Школа": tasks["school_id"].map(names),
            **name_columns(tasks),
            "Участников": tasks["participants"],
            "Школа, %": 100 * tasks["share"],
            "Регион, %": region.reindex(pd.MultiIndex.from_frame(tasks[["subject", "grade", "task"]])).to_numpy(),
        }
    )
    return Table("Задания школ", f"Задания ВПР, в которых школа отстаёт, {portfolio.year} год", frame, SHARES)


def tabulate_region_tasks(region: RegionYear) -> Table | Text:
    """Tasks that the region does below the border of their level."""
    topics = select_topics(region)
    below = topics[topics["municipality"].isna() & topics["is_below"]]
    if below.empty:
        return say_no_tasks(region, NO_DATA_OF_TASKS if topics.empty else NOTHING_BELOW)
    below = below.sort_values(["subject", "grade", "share"], ignore_index=True)
    frame = pd.DataFrame(
        {
            **name_columns(below),
            "Уровень": below["level"],
            "Регион, %": 100 * below["share"],
            "Граница, %": 100 * below["border"],
            "Отстаёт школ": _count_behind(below),
        }
    )
    if below["before"].notna().any():
        frame["Год назад, %"] = 100 * below["before"]
    status = say("Границы уровней — {status}.", status=words(below["border_status"].iloc[0]))
    note = join([status, say_other_codifier(region, below)])
    return Table("Задания региона", f"Задания ВПР ниже границы своего уровня, {region.year} год", frame, SHARES, note)


def say_other_codifier(region: RegionYear, tasks: pd.DataFrame) -> str:
    """That works of last year were others, so that their tasks are not put beside one another."""
    if not tasks["other_codifier"].any():
        return ""
    told = "С {before} годом не сравниваются {tasks} из {all}: тех же заданий кодификатор того года не описывает."
    numbers = {"tasks": number(int(tasks["other_codifier"].sum())), "all": number(len(tasks))}
    return say(told, before=words(region.year - 1), **numbers)


def tabulate_place_topics(topics: pd.DataFrame, year: int) -> Table | Text:
    """Tasks that several schools of a municipality miss, of all municipalities: for the institute."""
    shared = topics[topics["is_shared"] & (topics["year"] == year)].sort_values(
        ["municipality", "subject", "grade"], key=order_names, ignore_index=True
    )
    if shared.empty:
        return Text((), kind="note")
    shares = {"Здесь, %": 100 * shared["share"], "Регион, %": 100 * shared["region"]}
    frame = pd.DataFrame(
        {"Муниципалитет": shared["municipality"], **name_columns(shared), "Отстаёт школ": _count_behind(shared)}
    ).assign(**shares)
    title = f"Западающие темы муниципалитетов, {year} год"
    return Table("Западающие темы", title, frame, SHARES, NOT_CHANCE)


def select_topics(region: RegionYear) -> pd.DataFrame:
    """Tasks of the region and of its municipalities in the year."""
    topics = region.workspace.deficits.topics
    return topics[topics["year"] == region.year]
