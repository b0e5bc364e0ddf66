"""Roadmap (дорожная карта): events of programmes, what was carried out, what has no mark and what is due soon.

A row is an event, however many terms it has: it is judged by its next term, and shares count events, not terms.
Everything is seen from the day that the plan itself names or that is given: never from the clock, so that a run can be
repeated, and never from another plan's day.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from effschool.base.schemas import EVENT_STATES
from effschool.support.terms import Term, read_term, read_terms, recurs

DONE, NOT_DONE, CANCELLED = EVENT_STATES
OVERDUE, NO_MARK, SOON, GOES_ON, AHEAD = "просрочено", "нет отметки", "срок близко", "идёт", "впереди"
RECURS, NO_TERM = "повторяется", "срок не назван датой"
"""States of an event as seen from a day, besides those of the contract."""


def find_days(roadmap: pd.DataFrame) -> pd.Series:
    """The day up to which every event's plan is known: the latest «по состоянию на» of that plan, else of carrying out.

    A plan is what one file says of one programme and place. Missing where the plan names no such day.
    """
    days = pd.Series(pd.NaT, index=roadmap.index, dtype="datetime64[us]")
    plans = roadmap.groupby(["source_file", "programme", "municipality"], dropna=False, sort=False)
    for _, plan in plans:
        days[plan.index] = pd.Timestamp(_find_day(plan))
    return days


def _find_day(plan: pd.DataFrame) -> date | None:
    for column in ("as_of", "done"):
        days = [day for text in plan[column].dropna().unique() if (day := read_term(text)[1])]
        if days:
            return max(days)
    return None


def judge_events(roadmap: pd.DataFrame, day: date | None, soon_days: int) -> pd.DataFrame:
    """Events with their `state` as seen from the day, by the next of their terms.

    A row per event of a plan. Added: `start` and `end` of the term looked at (the next that is not carried out, else
    the last), `terms` (how many), `passed` (how many of them were over), `is_marked`, `done_on`, `seen_on`.

    An event whose last term is over is `OVERDUE` only where a mark says «не выполнено»; without a mark it is `NO_MARK`.
    «Выполнено» with a date holds for the terms that began by then, without one for all. Carried out after the day is
    not yet carried out. Without a day nothing is late, near or ahead: what is not carried out goes on.

    Args:
        day: the day that all events are seen from; None takes each plan's own.
        soon_days: an event whose last day is at most so many days away is due soon.
    """
    seen = pd.Series(pd.Timestamp(day), roadmap.index, dtype="datetime64[us]") if day else find_days(roadmap)
    years = [None if pd.isna(year) else int(year) for year in roadmap["year"]]
    terms = [read_terms(text, year) for text, year in zip(roadmap["term"], years, strict=True)]
    done = [read_term(text)[1] for text in roadmap["done"]]
    marks = roadmap["state"].fillna("")
    days = [None if pd.isna(each) else each.date() for each in seen]
    rows = zip(terms, roadmap["term"], marks, done, days, strict=True)
    judged = [_judge(_Seen(*row), soon_days) for row in rows]
    added = {
        "start": [term.start if term else None for _, term in judged],
        "end": [term.end if term else None for _, term in judged],
        "done_on": done,
        "seen_on": days,
    }
    dates = {name: pd.to_datetime(pd.Series(each, roadmap.index, dtype="object")) for name, each in added.items()}
    counts = {"terms": list(map(len, terms)), "passed": list(map(_count_passed, terms, days))}
    state = pd.Series([state for state, _ in judged], roadmap.index, dtype="str")
    judged_events = roadmap.assign(state=state, is_marked=roadmap["state"].notna(), **dates, **counts)
    return judged_events.astype(dict.fromkeys(counts, "int64"))


def _count_passed(terms: Sequence[Term], day: date | None) -> int:
    return sum(day is not None and term.end < day for term in terms)


class _Seen(NamedTuple):
    """An event as seen from a day: its terms, the words of them, the mark, the day of carrying out."""

    terms: Sequence[Term]
    words: str | None
    mark: str
    done_on: date | None
    day: date | None


def _judge(seen: _Seen, soon_days: int) -> tuple[str, Term | None]:
    """State of one event and the term that it is judged by."""
    is_done = seen.mark == DONE and not (seen.done_on and seen.day and seen.done_on > seen.day)
    left = _list_left(seen.terms, seen.done_on) if is_done else seen.terms
    if seen.mark == CANCELLED or (is_done and not left):
        return seen.mark, seen.terms[-1] if seen.terms else None
    if not left:
        return RECURS if recurs(seen.words) else NO_TERM, None
    term = next((term for term in left if seen.day is None or term.end >= seen.day), left[-1])
    return _say_state(term, seen.mark, seen.day, soon_days), term


def _list_left(terms: Sequence[Term], done_on: date | None) -> list[Term]:
    """Terms that a mark «выполнено» of that day does not speak of: those after the first that had not begun by then."""
    begins = [term.start or before.end + timedelta(1) for before, term in pairwise(terms)]
    later = zip(terms[1:], begins, strict=True)
    return [term for term, begin in later if begin > done_on] if done_on else []


def _say_state(term: Term, mark: str, day: date | None, soon_days: int) -> str:
    if day is None:
        return GOES_ON
    if term.end < day:
        return OVERDUE if mark == NOT_DONE else NO_MARK
    if term.end <= day + timedelta(soon_days):
        return SOON
    return AHEAD if term.start and term.start > day else GOES_ON


def share_done(events: pd.DataFrame) -> pd.DataFrame:
    """Share of events carried out: a row per programme and place (municipality missing for the region's plan).

    Columns: planned (all that were not cancelled, whether due or not), done, done_pct (of those planned; missing where
    none were, or no event has a mark), unmarked (whose last term is over without a mark).
    """
    is_in = {"planned": events["state"].ne(CANCELLED), "done": events["state"].eq(DONE)}
    counted = events.assign(**is_in, unmarked=events["state"].eq(NO_MARK), marked=events["is_marked"])
    keys, names = ["programme", "municipality"], [*is_in, "unmarked", "marked"]
    sums = counted.groupby(keys, dropna=False)[names].sum().astype("int64").reset_index()
    share = 100 * sums["done"] / sums["planned"].where((sums["planned"] > 0) & (sums["marked"] > 0))
    return sums.drop(columns="marked").assign(done_pct=share.astype("float64"))
