"""Roadmap (дорожная карта): events of programmes, what was carried out, what is overdue and what is due soon.

Everything is seen from a day that is given, or else found in the data: never from the clock, so that a run can be
repeated. Words of a plan («До 20 декабря 2021 г.», «Февраль – март 2022 г.») are read as days here.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from effschool.base.schemas import EVENT_STATES

DONE, _, CANCELLED = EVENT_STATES
OVERDUE, SOON, GOES_ON, AHEAD, NO_TERM = "просрочено", "срок близко", "идёт", "впереди", "срок не назван датой"
"""States of an event as seen from a day, besides those of the contract."""

_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTH = r"(?:январ|феврал|март|апрел|ма[йяе]|июн|июл|август|сентябр|октябр|ноябр|декабр)[а-я]*"
_TERM = re.compile(
    r"(?P<full>\b\d{1,2}\.\d{1,2}\.\d{4})"
    rf"|(?:(?P<day>\b\d{{1,2}})\s*)?(?P<month>\b{_MONTH})(?:\s*(?P<month_year>\d{{4}}))?"
    r"|(?P<bare>\b\d{1,2})(?=\s*[–—-]\s*\d{1,2}\s*[а-я])"
    r"|(?P<quarter>\b(?:iv|i{1,3}|[1-4]))(?:-?й)?\s*квартал[а-я]*(?:\s*(?P<quarter_year>\d{4}))?"
    r"|(?P<alone>\b(?:19|20)\d\d\b)"
)
_QUARTERS = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


class _Token(NamedTuple):
    """A date of a term: year and month may be missing, day 0 is the first or last of the month."""

    year: int | None
    month: int | None
    day: int
    last_month: int | None
    last_day: int


def read_term(text: str | None, year: int | None = None) -> tuple[date | None, date | None]:
    """First and last day that a term of a plan names; nothing where it names none («по графику») or a day is wrong.

    «До …» has a last day only. Several spans («10 – 24 марта, 3 – 14 октября 2022 г.») are one, from the first to the
    last. A year stands for the dates before it as well; `year` is taken where the term names none at all.
    """
    words = text.lower() if isinstance(text, str) else ""
    tokens = _fill_years([_read_token(match) for match in _TERM.finditer(words)], year)
    try:
        days = [day for token in tokens for day in _name_days(token)]
    except (TypeError, ValueError):
        return None, None
    if not days:
        return None, None
    return None if re.match(r"\s*(до|не позднее)\b", words) else min(days), max(days)


def _read_token(match: re.Match[str]) -> _Token:
    part = match.groupdict()
    if part["full"]:
        day, month, year = map(int, part["full"].split("."))
        return _Token(year, month, day, month, day)
    if part["month"]:
        month = next(number for number, stem in enumerate(_MONTHS, 1) if part["month"].startswith(stem))
        day = int(part["day"] or 0)
        return _Token(int(part["month_year"]) if part["month_year"] else None, month, day, month, day)
    if part["quarter"]:
        number = _QUARTERS.get(part["quarter"]) or int(part["quarter"])
        year_of = int(part["quarter_year"]) if part["quarter_year"] else None
        return _Token(year_of, 3 * number - 2, 0, 3 * number, 0)
    if part["bare"]:
        return _Token(None, None, int(part["bare"]), None, int(part["bare"]))
    return _Token(int(part["alone"]), 1, 0, 12, 0)


def _fill_years(tokens: Sequence[_Token], year: int | None) -> list[_Token]:
    """Dates with the month and year of the date after them; before a turn of the year it is the year before."""
    several = [token for token in tokens if token[1:] != (1, 0, 12, 0)] or list(tokens)
    last = [token.year for token in tokens if token.year]
    filled: list[_Token] = []
    after = _Token(last[-1] if last else year, None, 0, None, 0)
    for token in reversed(several):
        month, last_month = token.month or after.month, token.last_month or after.month
        turn = 1 if month and after.month and month > after.month else 0
        known = token.year or (after.year - turn if after.year else None)
        after = token._replace(year=known, month=month, last_month=last_month)
        filled.append(after)
    return filled


def _name_days(token: _Token) -> tuple[date, date]:
    """First and last day of a date.

    Raises:
        TypeError: no year or no month is known.
        ValueError: there is no such day.
    """
    year, month, last_month = token.year, token.month, token.last_month
    if year is None or month is None or last_month is None:
        raise TypeError("no year or no month")
    last = token.last_day or monthrange(year, last_month)[1]
    return date(year, month, token.day or 1), date(year, last_month, last)


def find_day(roadmap: pd.DataFrame) -> date | None:
    """The day up to which the table is known: the latest «по состоянию на», else the latest day of carrying out.

    An event whose term ended after that day cannot be called overdue. None where the table names no such day.
    """
    for column in ("as_of", "done"):
        days = [day for text in roadmap[column].dropna().unique() if (day := read_term(text)[1])]
        if days:
            return max(days)
    return None


def judge_events(roadmap: pd.DataFrame, day: date | None, soon_days: int) -> pd.DataFrame:
    """Events with `start`, `end`, `done_on`, `seen_on` (dates), `state` as seen from that day, and `is_due`.

    A row per event of the plan. Carried out after the day is not yet carried out. Without a day nothing is overdue, due
    soon or ahead: what is not carried out goes on. `is_due`: it was to be carried out by the day and was not cancelled,
    so that it counts in the share of events carried out.

    Args:
        day: the day the events are seen from.
        soon_days: an event whose last day is at most so many days away is due soon.
    """
    years = [None if pd.isna(year) else int(year) for year in roadmap["year"]]
    spans = [read_term(text, year) for text, year in zip(roadmap["term"], years, strict=True)]
    done_on = [read_term(text)[1] for text in roadmap["done"]]
    events = roadmap.assign(
        start=pd.to_datetime(pd.Series([start for start, _ in spans], index=roadmap.index, dtype="object")),
        end=pd.to_datetime(pd.Series([end for _, end in spans], index=roadmap.index, dtype="object")),
        done_on=pd.to_datetime(pd.Series(done_on, index=roadmap.index, dtype="object")),
    )
    now = pd.Timestamp(day) if day else pd.NaT
    is_done = events["state"].eq(DONE).fillna(False) & ~(events["done_on"] > now)
    is_cancelled = events["state"].eq(CANCELLED).fillna(False)
    is_past = events["end"] < now
    conditions = [
        is_cancelled,
        is_done,
        events["end"].isna(),
        is_past,
        events["end"] <= now + pd.Timedelta(days=soon_days),
        events["start"] > now,
    ]
    state = np.select(
        [each.to_numpy(dtype=bool) for each in conditions], [CANCELLED, DONE, NO_TERM, OVERDUE, SOON, AHEAD], GOES_ON
    )
    is_due = ~is_cancelled & (events["end"] <= now)
    return events.assign(state=pd.Series(state, index=events.index, dtype="str"), is_due=is_due, seen_on=now)


def share_done(events: pd.DataFrame) -> pd.DataFrame:
    """Share of events carried out: a row per programme and place (municipality missing for the region's plan).

    Columns: planned (not cancelled), due, done (of those due), done_pct (missing where nothing was due).
    """
    counted = events.assign(planned=events["state"].ne(CANCELLED), done=events["is_due"] & events["state"].eq(DONE))
    keys = ["programme", "municipality"]
    sums = counted.groupby(keys, dropna=False)[["planned", "is_due", "done"]].sum().astype("int64").reset_index()
    share = 100 * sums["done"] / sums["is_due"].where(sums["is_due"] > 0)
    return sums.rename(columns={"is_due": "due"}).assign(done_pct=share.astype("float64"))
