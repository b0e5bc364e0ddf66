"""Events of plans (мероприятия дорожных карт): what is late, near, done."""

import pandas as pd

from effschool.report.display import Table, Text
from effschool.report.facts import Said, count, number, say
from effschool.report.facts import percent as share
from effschool.report.portfolio import REGION_ROW, Portfolio, order_names
from effschool.report.sections.municipality import NONE, percent, say_missing
from effschool.support.roadmap import AHEAD, CANCELLED, DONE, GOES_ON, NO_TERM, OVERDUE, SOON, share_done

EVENTS = ("мероприятие", "мероприятия", "мероприятий")
OF_EVENTS = ("мероприятия", "мероприятий", "мероприятий")


URGENCY = (OVERDUE, SOON, GOES_ON, AHEAD, NO_TERM, DONE, CANCELLED)
FEW = 3
"""So many events stand on the page where nothing is late or near."""
ON_PAGE = ("Мероприятие", "Срок", "Ответственный", "Состояние")


def tabulate_own_events(portfolio: Portfolio) -> Table | Text:
    """Events of the municipality's plans."""
    roadmap = portfolio.workspace.support.roadmap
    own = roadmap[roadmap["municipality"] == portfolio.municipality] if len(roadmap) else roadmap
    return tabulate_events(own, portfolio.municipality)


def tabulate_region_events(roadmap: pd.DataFrame) -> Table | Text:
    """Events of the region's own plans."""
    return tabulate_events(roadmap[roadmap["municipality"].isna()] if len(roadmap) else roadmap, REGION_ROW)


def tabulate_events(events: pd.DataFrame, place: str) -> Table | Text:
    """Events of plans, the most urgent first: late and near ones on the page, all in the workbook."""
    if events.empty:
        return say_missing("Дорожная карта")
    rank = {state: place for place, state in enumerate(URGENCY)}
    ordered = events.assign(rank=events["state"].map(rank)).sort_values(["rank", "end", "programme", "number"])
    urgent = int(events["state"].isin([OVERDUE, SOON]).sum())
    columns = {
        "event": "Мероприятие",
        "number": "№",
        "programme": "Программа",
        "term": "Срок",
        "responsible": "Ответственный",
        "expected": "Ожидаемый результат",
        "state": "Состояние",
        "done": "Дата выполнения",
    }
    frame = ordered[list(columns)].rename(columns=columns).fillna(NONE).reset_index(drop=True)
    title = f"Дорожная карта, {place}: просроченное и ближайшее, {_say_day(events)}"
    note = _describe_events(events)
    return Table("Дорожная карта", title, frame, note=note, shown=ON_PAGE, first=urgent or FEW)


def _say_day(events: pd.DataFrame) -> str:
    day = events["seen_on"].iloc[0]
    return "день, на который известны отметки, не назван" if pd.isna(day) else f"состояние на {day:%d.%m.%Y}"


def _describe_events(events: pd.DataFrame) -> Said:
    counts = events["state"].value_counts()
    due, done = int(events["is_due"].sum()), int((events["is_due"] & events["state"].eq(DONE)).sum())
    return say(
        f"Срок наступил у {{due}}, выполнено из них {{done}}{' ({share})' if due else ''}. Просрочено {{late}}, "
        "срок близко у {soon}. Всего в плане {all}.",
        due=count(due, *OF_EVENTS),
        done=number(done),
        share=share(100 * done / due if due else None),
        late=number(counts.get(OVERDUE, 0)),
        soon=number(counts.get(SOON, 0)),
        all=count(len(events), *EVENTS),
    )


def _say_place(place: str, known: set[str]) -> str:
    return REGION_ROW if not place else place if place in known else f"{place} (нет в реестре школ)"


NO_PLAN = "Отменённые мероприятия не считаются. Мест, от которых плана программы в файлах нет: {lacking}."


def tabulate_roadmap_shares(roadmap: pd.DataFrame, schools: pd.DataFrame) -> Table | Text:
    """Share of events carried out by programme and place; a municipality without a plan is named as well."""
    if roadmap.empty:
        return say_missing("Выполнение дорожных карт")
    shares = share_done(roadmap)
    known = schools["municipality"].drop_duplicates().sort_values(key=order_names)
    places = [*known, *sorted(set(roadmap["municipality"].dropna()) - set(known))]
    counts = pd.crosstab([roadmap["programme"], roadmap["municipality"].fillna("")], roadmap["state"])
    rows = pd.MultiIndex.from_product([shares["programme"].unique(), ["", *places]])
    table = (
        shares.assign(municipality=shares["municipality"].fillna(""))
        .set_index(["programme", "municipality"])
        .reindex(rows)
    )
    frame = pd.DataFrame(
        {
            "Где": [_say_place(place, set(known)) for _, place in rows],
            "Программа": [programme for programme, _ in rows],
            "Мероприятий": table["planned"],
            "Срок наступил": table["due"],
            "Из них выполнено": table["done"],
            "Выполнено, %": table["done_pct"],
            **{state.capitalize(): counts.reindex(rows).get(state, 0) for state in (OVERDUE, SOON, NO_TERM)},
        }
    ).reset_index(drop=True)
    frame = frame.astype({name: "Int64" for name in frame if frame[name].dtype == "float64" and name != "Выполнено, %"})
    frame = frame.sort_values("Мероприятий", key=pd.isna, kind="stable", ignore_index=True)
    lacking = int(frame["Мероприятий"].isna().sum())
    note = say(NO_PLAN, lacking=number(lacking))
    title = f"Выполнение дорожных карт: {_say_day(roadmap)}"
    key, formats = "Выполнение планов", {"Выполнено, %": percent}
    return Table(key, title, frame, formats, note=note, first=len(frame) - lacking)
