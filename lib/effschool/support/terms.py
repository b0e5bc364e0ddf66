"""Terms of plans (сроки мероприятий) in their own words → days: «10 – 24 марта, 3 – 14 октября 2022 г.» is two terms.

A list is as many terms as it names, a list of years repeats what stands before it («июль – август 2023, 2024 гг.»), a
dash makes one term. What names no day gives none; `recurs` says whether it comes again and again. Nothing is guessed.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Term(NamedTuple):
    """First day of a term, missing in «до …», and its last day."""

    start: date | None
    end: date


_MONTHS = ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек")
_MONTH = r"(?:(?:январ|феврал|апрел|июн|июл|сентябр|октябр|ноябр|декабр)[ьяе]|ма[йяе]|(?:март|август)[ае]?)\b"
_NUMBER = r"(?:\d{1,2}|iv|i{1,3})"
_LINK = r"\s*(?:[–—−-]|,|\bи\b|\bпо\b)\s*"
_TOKEN = re.compile(
    r"(?P<full>\b\d{1,2}\.\d{1,2}\.\d{4})"
    r"|\b(?P<school_year>20\d\d)\s*[/–—-]\s*(?:20)?\d\d(?=\s*уч)"
    rf"|(?:(?P<day>\b\d{{1,2}})\s*)?(?P<month>\b{_MONTH})"
    rf"|\b(?P<quarter>{_NUMBER})\s*(?:-?й\s*)?квартал"
    rf"|\b(?P<bare>{_NUMBER})(?={_LINK}(?:{_NUMBER}{_LINK})*{_NUMBER}\s*(?:-?й\s*)?(?:{_MONTH}|квартал))"
    r"|\b(?P<year>(?:19|20)\d\d)(?!\d)"
)
_SPAN = re.compile(r"\s*(?:гг?\.?|год[аы]?)?\s*(?:[–—−-]|по\b|до\b)\s*")
_UNTIL = re.compile(r"\b(?:до|к|не позднее|позднее)\s+(?:конца\s+)?$")
_FROM = re.compile(r"\b(?:с|со|от)\s+$")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}
_RECURS = re.compile(
    r"ежегодн|ежекварт|ежемес|еженед|ежедн|\bраза? в\b|постоянно|регулярно|систематич|в течение|по мере|\bвесь\b|\bкажд"
)


@dataclass
class _Date:
    """A date as written: what it does not say stands after it. `day` 0 is the whole month or quarter."""

    day: int
    months: tuple[int, int] | None
    is_joined: bool = False
    is_until: bool = False
    year: int | None = None


@dataclass
class _Run:
    """Dates and the years that stand after them; several years repeat the dates."""

    dates: list[_Date] = field(default_factory=list)
    years: list[tuple[int, bool]] = field(default_factory=list)


def recurs(text: str | None) -> bool:
    """Whether words say that something comes again and again («ежемесячно», «в течение года»), whatever its days."""
    return isinstance(text, str) and _RECURS.search(text.lower()) is not None


def read_terms(text: str | None, year: int | None = None) -> tuple[Term, ...]:
    """Terms that a cell names, by their days; none where it names no day, or one that is not in the calendar.

    Dates in brackets of a longer text («Проведён анализ. (Июнь – август 2021 г.)») are the terms, other years in it are
    not. A year stands for the dates before it, before a turn of the year the year before; `year` is taken where the
    cell names none.
    """
    words = _choose_words(text.lower()) if isinstance(text, str) else ""
    runs = _collect_runs(words)
    named = [value for run in runs for value, _ in run.years]
    try:
        terms = [term for run in runs for term in _list_days(run, named[-1] if named else year)]
    except (TypeError, ValueError):
        return ()
    joined: list[Term] = []
    for first, last, when in terms:
        start = joined[-1].start if when.is_joined and joined else None if when.is_until else first
        joined = [*(joined[:-1] if when.is_joined else joined), Term(start, last)]
    return tuple(sorted(set(joined), key=lambda term: (term.end, term.start or term.end)))


def read_term(text: str | None, year: int | None = None) -> tuple[date | None, date | None]:
    """First and last day over all terms of a cell; the first is missing where the earliest is «до …»."""
    terms = read_terms(text, year)
    starts = [term.start for term in terms if term.start]
    return (min(starts) if starts and terms[0].start else None, terms[-1].end) if terms else (None, None)


def _choose_words(words: str) -> str:
    dated = [part for part in re.findall(r"\(([^()]*)\)", words) if _TOKEN.search(part)]
    return "; ".join(dated) or words


def _collect_runs(words: str) -> list[_Run]:
    runs: list[_Run] = []
    before: re.Match[str] | None = None
    for found in _TOKEN.finditer(words):
        is_joined = before is not None and _is_span(words, before, found)
        if found["year"]:
            runs = runs or [_Run()]
            runs[-1].years.append((int(found["year"]), is_joined))
        else:
            runs = runs if runs and not runs[-1].years else [*runs, _Run()]
            until = _UNTIL.search(words[: found.start()]) is not None
            runs[-1].dates.append(_read_date(found, is_joined, until and not is_joined))
        before = found
    return runs


def _is_span(words: str, before: re.Match[str], after: re.Match[str]) -> bool:
    """Whether two dates make one term; of two full dates the dash may be lost («13.01.2020 28.02.2020»)."""
    gap = words[before.end() : after.start()]
    if before["full"] and after["full"] and gap.isspace():
        return True
    return _SPAN.fullmatch(gap) is not None and ("до" not in gap or _FROM.search(words[: before.start()]) is not None)


def _read_date(found: re.Match[str], is_joined: bool, is_until: bool) -> _Date:
    if found["full"]:
        day, month, year = map(int, found["full"].split("."))
        return _Date(day, (month, month), is_joined, is_until, year)
    if found["school_year"]:
        return _Date(0, (9, 20), is_joined, is_until, int(found["school_year"]))
    if found["month"]:
        month = next(number for number, stem in enumerate(_MONTHS, 1) if found["month"].startswith(stem))
        return _Date(int(found["day"] or 0), (month, month), is_joined, is_until)
    number = found["quarter"] or found["bare"]
    value = _ROMAN.get(number) or int(number)
    months = (3 * value - 2, 3 * value) if found["quarter"] else None
    return _Date(0 if found["quarter"] else value, months, is_joined, is_until)


def _list_days(run: _Run, year: int | None) -> Iterator[tuple[date, date, _Date]]:
    """First and last day of every date of a run, in every year of it.

    Raises:
        TypeError: no year or no month is known.
        ValueError: there is no such day.
    """
    if not run.dates:
        for value, is_joined in run.years:
            yield date(value, 1, 1), date(value, 12, 31), _Date(0, None, is_joined)
        return
    filled = _fill_months(run.dates)
    years: list[int | None] = [*_list_years(run.years)]
    for each in years or [year]:
        after, known, days = 13, each, []
        for when in reversed(filled):
            month = when.months[0] if when.months else 0
            known = when.year or (known - 1 if known is not None and month > after else known)
            after = month
            days.append((*_name_days(when, known), when))
        yield from reversed(days)


def _list_years(years: Sequence[tuple[int, bool]]) -> list[int]:
    """Years of a list; of «2022 – 2024» all of them."""
    listed: list[int] = []
    for value, is_joined in years:
        listed += range(listed[-1] + 1, value + 1) if is_joined and listed else [value]
    return listed


def _fill_months(dates: Sequence[_Date]) -> list[_Date]:
    """Dates with the month of the date after them: «10 – 24 марта»; «1 и 3 квартал» are quarters both."""
    filled: list[_Date] = []
    for when in reversed(dates):
        after = filled[-1] if filled else None
        if when.months is None and after is not None and after.months is not None:
            is_quarter = after.day == 0
            months = (3 * when.day - 2, 3 * when.day) if is_quarter else after.months
            when = _Date(0 if is_quarter else when.day, months, when.is_joined, when.is_until, when.year)  # noqa: PLW2901
        filled.append(when)
    return filled[::-1]


def _name_days(when: _Date, year: int | None) -> tuple[date, date]:
    if year is None or when.months is None:
        raise TypeError("no year or no month")
    first, last = when.months
    ends, month = year + (last - 1) // 12, (last - 1) % 12 + 1
    return date(year, first, when.day or 1), date(ends, month, when.day or monthrange(ends, month)[1])
