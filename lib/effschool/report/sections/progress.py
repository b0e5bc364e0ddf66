"""The project's report for the ministry (отчёт о ходе проекта): what was done in a month or a year, what is next."""

import re
from dataclasses import dataclass, replace

import pandas as pd
from babel.dates import format_date

from effschool.base.schemas import SIGNED
from effschool.report.display import Table, Text
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.portfolio import REGION_ROW, RegionYear
from effschool.report.sections.municipality import NONE
from effschool.report.sections.targets import choose_latest
from effschool.support.participants import choose_participants
from effschool.support.roadmap import CANCELLED, DONE, NO_MARK, OVERDUE
from effschool.support.targets import STATES

EVENTS = ("мероприятие", "мероприятия", "мероприятий")
SCHOOLS = ("школа", "школы", "школ")


@dataclass(frozen=True)
class Period:
    """A month or a year, both ends included, and what it is called: «октябрь 2023 года»."""

    first: pd.Timestamp
    last: pd.Timestamp
    title: str

    def holds(self, days: pd.Series) -> pd.Series:
        """Which days are in it; a missing day is not."""
        return days.between(self.first, self.last)

    @property
    def following(self) -> "Period":
        """As long a time after it."""
        first = self.last + pd.Timedelta(days=1)
        months = 12 if self.first.month == 1 and self.last.month == 12 else 1
        return Period(first, first + pd.DateOffset(months=months) - pd.Timedelta(days=1), "")


def choose_period(month: str | None, year: int) -> Period:
    """The month asked for («2023-10»), or the whole year of the report.

    Raises:
        ValueError: it is no month.
    """
    if not month:
        return Period(pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31), f"{year} год")
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", str(month).strip())
    if not found:
        raise ValueError(f"month={month}: ожидался месяц отчёта в виде «{year}-10».")
    first = pd.Timestamp(int(found[1]), int(found[2]), 1)
    return Period(first, first + pd.offsets.MonthEnd(), f"{format_date(first, 'LLLL y', locale='ru')} года")


def describe_progress(region: RegionYear, period: Period) -> Text:
    """Participants, events and targets in a sentence each; what no file tells is said so."""
    return Text((_count_participants(region), _count_events(region, period), _count_targets(region)))


def _count_participants(region: RegionYear) -> Said:
    known = region.workspace.support.participants
    rows = choose_participants(known, region.year) if len(known) else known
    if rows.empty:
        return Said("Участников проекта в файлах нет.")
    schools = rows.drop_duplicates("school_id")
    agreed = schools["agreement"].eq(SIGNED).sum() if schools["agreement"].notna().any() else None
    return say(
        "В проекте {all}, из них новых в {year} году {new}. Кураторов {curators}, без куратора {without}, "
        f"без школы-партнёра {{alone}}{'' if agreed is None else '; договоров заключено {agreed}'}.",
        all=count(len(schools), *SCHOOLS),
        year=words(region.year),
        new=number(schools["entry_year"].eq(region.year).sum()),
        curators=number(schools["curator"].nunique()),
        without=number(schools["curator"].isna().sum()),
        alone=number(schools["partner"].isna().sum()),
        agreed=number(agreed),
    )


def _count_events(region: RegionYear, period: Period) -> Said:
    events = region.workspace.support.roadmap
    if events.empty:
        return Said("Дорожной карты в файлах нет.")
    done = events["state"].eq(DONE) & period.holds(events["done_on"])
    return say(
        "За {period} выполнено {done}. Всего в планах {all}: выполнено {ever}, без отметки {unmarked}, "
        "просрочено {late}.",
        period=words(period.title),
        done=count(int(done.sum()), *EVENTS),
        all=count(int(events["state"].ne(CANCELLED).sum()), *EVENTS),
        ever=number(events["state"].eq(DONE).sum()),
        unmarked=number(events["state"].eq(NO_MARK).sum()),
        late=number(events["state"].eq(OVERDUE).sum()),
    )


def _count_targets(region: RegionYear) -> Said:
    targets = region.workspace.support.targets
    own = targets[targets["municipality"].isna()] if len(targets) else targets
    latest = choose_latest(own, region.year) if len(own) else own
    if latest.empty:
        return Said("Показателей программ на этот год нет.")
    counts = latest["state"].value_counts()
    listed = [say("{state} — {number}", state=words(state), number=number(counts.get(state, 0))) for state in STATES]
    return join(["Показатели региона: ", join(listed, ", "), "."], "")


def tabulate_done(region: RegionYear, period: Period) -> Table | Text:
    """Events carried out in the period, by place: what, when, with which result."""
    events = region.workspace.support.roadmap
    done = events[events["state"].eq(DONE) & period.holds(events["done_on"])] if len(events) else events
    if done.empty:
        return Text((say("Отметок о выполнении за {period} в файлах нет.", period=words(period.title)),), kind="note")
    days = done["done_on"].dt.strftime("%d.%m.%Y")
    return Table("Выполнено", f"Выполнено за {period.title}", _list_events(done, "Дата выполнения", days))


def tabulate_next(region: RegionYear, period: Period) -> Table | Text:
    """Events not carried out whose term touches the time after the period, or after the day that is known of in it."""
    events, after = region.workspace.support.roadmap, period.following
    if len(events):
        known = events["seen_on"].max() + pd.Timedelta(days=1)
        after = replace(after, first=pd.Series([after.first, known]).min())
        is_open = ~events["state"].isin([DONE, CANCELLED])
        begins = events["start"].fillna(events["end"])
        events = events[is_open & (begins <= after.last) & (events["end"] >= after.first)]
    if events.empty:
        return Text(("На следующий срок мероприятий в планах нет.",), kind="note")
    return Table("Предстоит", "Что предстоит", _list_events(events, "Срок", events["term"]))


def _list_events(events: pd.DataFrame, heading: str, days: pd.Series) -> pd.DataFrame:
    """A row per event whatever the number of plans that have it: who answers, where, when."""
    columns = {"event": "Мероприятие", "responsible": "Ответственный", "expected": "Ожидаемый результат"}
    told = events[list(columns)].rename(columns=columns).fillna(NONE)
    told["Где"] = events["municipality"].fillna(REGION_ROW)
    told[heading] = days
    grouped = told.groupby(list(columns.values()), sort=False)
    return grouped[["Где", heading]].agg(lambda values: "; ".join(dict.fromkeys(values))).reset_index()
