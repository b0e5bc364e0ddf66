"""Events of plans (мероприятия дорожных карт): what is late, near, done, and what has no mark."""

from typing import Any

import pandas as pd

from effschool.report.display import Table, Text
from effschool.report.facts import Said, count, join, number, say
from effschool.report.facts import percent as share
from effschool.report.portfolio import REGION_ROW, Portfolio, order_names
from effschool.report.sections.municipality import NONE, OF_PLACES, say_missing, show_percent
from effschool.support.roadmap import (
    AHEAD,
    CANCELLED,
    DONE,
    GOES_ON,
    NO_MARK,
    NO_TERM,
    OVERDUE,
    RECURS,
    SOON,
    share_done,
)

OF_EVENTS = ("мероприятия", "мероприятий", "мероприятий")

URGENCY = (OVERDUE, SOON, NO_MARK, GOES_ON, AHEAD, RECURS, NO_TERM, DONE, CANCELLED)
FEW = 3
"""So many events stand on the page where nothing is late or near."""
UNDATED = (RECURS, NO_TERM)
ON_PAGE = ("Мероприятие", "Срок", "Ответственный", "Состояние")


def tabulate_own_events(portfolio: Portfolio) -> Table | Text:
    """Events of the municipality's plans."""
    return tabulate_region_events(portfolio.workspace.support.roadmap, portfolio.municipality)


def tabulate_region_events(roadmap: pd.DataFrame, place: str | None = None) -> Table | Text:
    """Events of the region's own plans, or of one place."""
    own = (
        roadmap[roadmap["municipality"].eq(place) if place else roadmap["municipality"].isna()]
        if len(roadmap)
        else roadmap
    )
    return tabulate_events(own, place or REGION_ROW)


def tabulate_events(events: pd.DataFrame, place: str) -> Table | Text:
    """Events of plans, the most urgent first: late, near and unmarked ones on the page, all in the workbook."""
    if events.empty:
        return say_missing("Дорожная карта")
    rank = {state: place for place, state in enumerate(URGENCY)}
    ordered = events.assign(rank=events["state"].map(rank)).sort_values(["rank", "end", "programme", "number"])
    urgent = int(events["state"].isin([OVERDUE, SOON, NO_MARK]).sum())
    columns = {
        "event": "Мероприятие",
        "number": "№",
        "programme": "Программа",
        "term": "Срок",
        "responsible": "Ответственный",
        "expected": "Ожидаемый результат",
        "state": "Состояние",
        "done": "Дата выполнения",
        "seen_on": "Состояние на",
    }
    told = ordered.assign(
        state=[_say_state(row) for row in ordered.itertuples()],
        seen_on=ordered["seen_on"].dt.strftime("%d.%m.%Y"),
    )
    frame = told[list(columns)].rename(columns=columns).fillna(NONE).reset_index(drop=True)
    title = f"Дорожная карта, {place}: просроченное и ближайшее, {_say_day(events)}"
    return Table("Дорожная карта", title, frame, note=_describe_events(events), shown=ON_PAGE, first=urgent or FEW)


def _say_state(row: Any) -> str:
    """State of an event; of several terms how many are over."""
    if row.terms < 2 or not row.passed or row.state in (DONE, CANCELLED):
        return str(row.state)
    return f"{row.state}; прошло сроков: {row.passed} из {row.terms}"


def _say_day(events: pd.DataFrame) -> str:
    days = events["seen_on"].dropna().unique()
    if not len(days):
        return "день, на который известны отметки, не назван"
    return f"состояние на {days[0]:%d.%m.%Y}" if len(days) == 1 else "каждый план — на день его отметок"


def _describe_events(events: pd.DataFrame) -> Said:
    counts = events["state"].value_counts()
    done, planned = int(counts.get(DONE, 0)), int(events["state"].ne(CANCELLED).sum())
    told = say(
        "Выполнено {done} из {planned} запланированных ({share}). Просрочено {late}, срок близко у {soon}."
        if events["is_marked"].any()
        else "Отметок о выполнении в плане нет. Запланировано {planned}, срок близко у {soon}.",
        done=number(done),
        planned=number(planned),
        share=share(100 * done / planned if planned else None),
        late=number(counts.get(OVERDUE, 0)),
        soon=number(counts.get(SOON, 0)),
    )
    unmarked, undated = int(counts.get(NO_MARK, 0)), sum(int(counts.get(state, 0)) for state in UNDATED)
    more = [say("Срок прошёл, а отметки нет у {unmarked}.", unmarked=count(unmarked, *OF_EVENTS))] if unmarked else []
    more += [say("Без дня или постоянно — {undated}.", undated=number(undated))] if undated else []
    return join([told, *more])


def _say_place(place: str, known: set[str]) -> str:
    return REGION_ROW if not place else place if place in known else f"{place} (нет в реестре школ)"


NO_PLAN = "Доля — от всех запланированных, кроме отменённых. Нет в файлах плана программы от {lacking}."


def _list_shares(shares: pd.DataFrame, counts: pd.DataFrame, known: set[str]) -> pd.DataFrame:
    """A row per programme and place, those that sent a plan first."""
    states = (NO_MARK, OVERDUE, SOON, AHEAD, *UNDATED)
    frame = pd.DataFrame(
        {
            "Где": [_say_place(place, known) for _, place in shares.index],
            "Программа": [programme for programme, _ in shares.index],
            "Мероприятий": shares["planned"],
            "Выполнено": shares["done"],
            "Выполнено, %": shares["done_pct"],
            **{state.capitalize(): counts.get(state, 0) for state in states},
        }
    ).reset_index(drop=True)
    frame = frame.astype({name: "Int64" for name in frame if frame[name].dtype == "float64" and name != "Выполнено, %"})
    return frame.sort_values("Мероприятий", key=pd.isna, kind="stable", ignore_index=True)


ALWAYS_UNSEEN = {state.capitalize() for state in UNDATED}


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
    frame = _list_shares(table, counts.reindex(rows), set(known))
    lacking = int(frame["Мероприятий"].isna().sum())
    title, note = f"Выполнение дорожных карт: {_say_day(roadmap)}", say(NO_PLAN, lacking=count(lacking, *OF_PLACES))
    key, formats = "Выполнение планов", {"Выполнено, %": show_percent}
    unseen = {"Программа" if shares["programme"].eq(shares["programme"].iloc[0]).all() else "", *ALWAYS_UNSEEN}
    shown = tuple(name for name in frame if name not in unseen)
    return Table(key, title, frame, formats, note=note, shown=shown, first=len(frame) - lacking)
