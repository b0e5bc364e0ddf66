"""Protocol of identification (протокол идентификации): the lists in the form of an annex to an order.

Schools stand by municipality and name: the order is no ranking. Every list is there even when it is empty.
"""

import pandas as pd

from effschool.base.russian import count_words
from effschool.dynamics.paths import describe_history
from effschool.method.methodology import FIOKO_LIST, Methodology
from effschool.report.display import Table, Text
from effschool.report.portfolio import RegionYear, flag_members, order_names
from effschool.report.queries import list_caveated
from effschool.report.sections.certainty import BRIEF_NOTE, say_briefly
from effschool.report.sections.missing import list_missing
from effschool.report.sections.municipality import SCHOOLS, say_missing


def list_annexes(region: RegionYear) -> list[Table | Text]:
    """An annex for every list of the methodology."""
    return [tabulate_annex(region, name, title) for name, title in title_lists(region.workspace.methodology).items()]


def title_lists(methodology: Methodology) -> dict[str, str]:
    """Every list with its name in full, the joint list's statuses and ФИОКО's list among them."""
    lists = methodology.lists
    named = {status.status: status.title for status in (*lists.results, *lists.social) if status.band}
    named |= {joint.status: "сводный список результатов и социальных условий" for joint in lists.joint}
    return named | ({FIOKO_LIST: methodology.fioko.title} if methodology.fioko else {})


def tabulate_annex(region: RegionYear, name: str, title: str) -> Table | Text:
    """One list: number, municipality, full name, code, group, list, years of membership up to the report's.

    How sure it is stands in a note beside the order (`tabulate_sureness`), not in it.
    """
    schools = region.region_schools
    members = schools[flag_members(schools, name) | (schools["joint"] == name)]
    if name != FIOKO_LIST and not region.has_lists:
        return Text((f"{name} ({title}): список не составлен.",), kind="note")
    if members.empty:
        return Text((f"{name} ({title}): ни одной школы.",), kind="note")
    ordered = members.sort_values(["municipality", "name", "school_id"], key=order_names, ignore_index=True)
    frame = pd.DataFrame(
        {
            "№": range(1, len(ordered) + 1),
            "Муниципалитет": ordered["municipality"],
            "Наименование": ordered["name"],
            "Код ОО": ordered["school_id"],
            "Группа": ordered["group"],
            "Список": name,
            "Годы": ordered["school_id"].map(tell_years(region, name)),
        }
    )
    caption = f"{name}: {title}, {region.year} год, {count_words(len(frame), *SCHOOLS)}"
    method = region.workspace.methodology
    rests_on_vpr = list_caveated(method) and name not in {status.status for status in method.lists.social}
    return Table(name, caption, frame, note=VPR_NOTE if rests_on_vpr else "")


VPR_NOTE = (
    "В правило входят и результаты ВПР; письма Рособрнадзора не предусматривают оценки школ по ВПР, поэтому место в "
    "списке — повод для помощи, а не оценка."
)


def tabulate_sureness(region: RegionYear) -> Table | Text:
    """Explanatory note to the order: how sure the place of every school on every list that needs help is."""
    said = pd.concat([say_briefly(region, name).rename("sure").to_frame().assign(list=name) for name in region.watched])
    if said.empty:
        return say_missing("Насколько надёжны списки")
    named = said.rename_axis("school_id").reset_index().merge(region.region_schools, on="school_id")
    named = named.sort_values(["municipality", "name", "school_id"], key=order_names, kind="stable")
    columns = {"municipality": "Муниципалитет", "name": "Наименование", "school_id": "Код ОО", "list": "Список"}
    frame = named[[*columns, "sure"]].rename(columns={**columns, "sure": "Насколько это надёжно"})
    title = f"Насколько надёжно место каждой школы, {region.year} год"
    return Table("Пояснение", title, frame.reset_index(drop=True), note=BRIEF_NOTE)


def tell_years(region: RegionYear, name: str) -> pd.Series:
    """Years in which each school was on a list, up to the report's, in the words of the source; by school_id."""
    paths = region.workspace.dynamics.paths
    past = paths[(paths["year"] <= region.year) & (flag_members(paths, name) | (paths["joint"] == name))]
    return past.groupby("school_id")["year"].agg(lambda years: describe_history(sorted(years)))


def describe_protocol(region: RegionYear) -> Text:
    """Opening of the protocol: what is missing, the rule, and why there may be no lists."""
    method = region.workspace.methodology
    rule = f"{method.title}, версия {method.version}"
    first = f"Идентификация выполнена по данным до {region.year} года включительно: {rule}."
    missing = list_missing(region)
    if not region.has_lists:
        lacking = f"{region.missing_lists} за {region.year} год не составлены: данных за все годы окна нет."
        return Text((*missing, first, lacking), kind="note")
    order = "Школы в списках стоят по муниципалитетам и названиям: порядок не является рейтингом."
    return Text((*missing, first, order), kind="note" if missing else "plain")


UNUSED = "не используется"


def tabulate_parameters(methodology: Methodology) -> Table:
    """Rule, version and switches that the lists were made with."""
    rows = [
        ("Методика", methodology.title),
        ("Идентификатор", methodology.id),
        ("Версия", methodology.version),
        ("Источник", methodology.source),
        ("Переключатель orientation", methodology.orientation),
        ("Переключатель social_rule", methodology.social_rule or UNUSED),
        ("Переключатель groups", getattr(methodology.groups, "reading", None) or UNUSED),
        ("Переключатель certificate_total", methodology.certificate_total),
    ]
    return Table("Параметры", "Правило и параметры", pd.DataFrame(rows, columns=["Параметр", "Значение"]))


def tabulate_input_files(files: pd.DataFrame) -> Table:
    """Files the lists were made from, with their SHA-256."""
    frame = files[["file", "rows", "status", "sha256"]].set_axis(["Файл", "Строк", "Состояние", "SHA-256"], axis=1)
    return Table("Исходные файлы", "Исходные файлы и их контрольные суммы", frame.reset_index(drop=True))
