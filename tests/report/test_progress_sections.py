"""The project's report for the ministry: counts of a month by hand, what is next, what no file tells."""

from dataclasses import replace

import pandas as pd
import pytest

from effschool.report.display import Table, Text
from effschool.report.portfolio import open_region
from effschool.report.sections.progress import choose_period, describe_progress, tabulate_done, tabulate_next
from effschool.report.workspace import Support

YEAR = 2023


def event(name, state, **dates):
    row = {"event": name, "state": state, "municipality": None, "responsible": "институт", "expected": None}
    days = {day: pd.Timestamp(text) for day, text in dates.items()}
    return row | {"term": name, "start": pd.NaT, "end": pd.NaT, "done_on": pd.NaT} | days


def read(text):
    return [paragraph.replace("\N{NO-BREAK SPACE}", " ") for paragraph in text.paragraphs]


@pytest.fixture
def tell(demo):
    """The region with such events and nothing else of support."""

    def _tell(*events, **frames):
        known = Support(roadmap=pd.DataFrame(list(events)), **frames)
        return open_region(replace(demo, support=known), YEAR)

    return _tell


@pytest.fixture
def region(tell):
    return tell(
        event("сделано в октябре", "выполнено", end="2023-10-31", done_on="2023-10-31"),
        event("сделано в ноябре", "выполнено", end="2023-11-05", done_on="2023-11-01"),
        event("сделано без дня", "выполнено", end="2023-10-10"),
        event("впереди", "впереди", start="2023-11-01", end="2023-11-20"),
        event("до декабря", "идёт", end="2023-12-01"),
        event("без отметки", "нет отметки", end="2023-10-05"),
        event("снято", "отменено", end="2023-11-10"),
    )


def test_month_takes_its_own_days_both_ends_included(region):
    found = tabulate_done(region, choose_period("2023-10", YEAR))
    assert found.frame["Мероприятие"].tolist() == ["сделано в октябре"]
    assert found.frame["Дата выполнения"].tolist() == ["31.10.2023"]
    assert "октябрь 2023 года" in found.title


def test_year_takes_the_whole_of_it(region):
    assert len(tabulate_done(region, choose_period(None, YEAR)).frame) == 2


def test_next_is_what_is_open_and_touches_the_month_after(region):
    found = tabulate_next(region, choose_period("2023-10", YEAR))
    assert found.frame["Мероприятие"].tolist() == ["впереди"]
    later = tabulate_next(region, choose_period("2023-11", YEAR))
    assert later.frame["Мероприятие"].tolist() == ["до декабря"]


def test_sentence_counts_without_what_was_cancelled(region):
    _, events, _ = read(describe_progress(region, choose_period("2023-10", YEAR)))
    assert events.startswith("За октябрь 2023 года выполнено 1 мероприятие. Всего в планах 6 мероприятий: выполнено 3,")
    assert "без отметки 1, просрочено 0" in events


def test_what_no_file_tells_is_said(tell):
    region = tell()
    assert all("нет" in text for text in describe_progress(region, choose_period(None, YEAR)).paragraphs)
    assert isinstance(tabulate_done(region, choose_period(None, YEAR)), Text)
    assert isinstance(tabulate_next(region, choose_period(None, YEAR)), Text)


def test_participants_are_counted_once_each(tell):
    row = {
        "school_id": "1",
        "project": "А",
        "entry_year": 2023,
        "exit_year": pd.NA,
        "curator": "Куратор",
        "partner": "Школа",
    }
    row |= {"agreement": "заключён"}
    rows = [
        row,
        row | {"project": "Б", "entry_year": 2022},
        row | {"school_id": "2", "entry_year": 2021, "curator": None, "partner": None, "agreement": "не заключён"},
        row | {"school_id": "3", "entry_year": 2019, "exit_year": 2020},
    ]
    frame = pd.DataFrame(rows).astype({"exit_year": "Int64"})
    first, *_ = read(describe_progress(tell(participants=frame), choose_period(None, YEAR)))
    assert first == (
        "В проекте 2 школы, из них новых в 2023 году 1. Кураторов 1, без куратора 1, без школы-партнёра 1; "
        "договоров заключено 1."
    )


@pytest.mark.parametrize("month", ["2023-13", "октябрь", "2023", 10])
def test_wrong_month_is_refused_in_a_sentence(month):
    with pytest.raises(ValueError, match="ожидался месяц отчёта"):
        choose_period(month, YEAR)


def test_region_of_the_demonstration_has_its_tables(demo):
    region = open_region(demo, YEAR)
    assert isinstance(tabulate_done(region, choose_period(None, YEAR)), Table)


def test_event_of_several_plans_is_one_row(tell):
    done = {"responsible": "институт", "expected": "обучены"}
    region = tell(
        event("курсы", "выполнено", done_on="2023-05-02") | done,
        event("курсы", "выполнено", done_on="2023-05-09") | done | {"municipality": "Первый район"},
        event("курсы", "выполнено", done_on="2023-05-09") | done | {"municipality": "Второй район"},
        event("другое", "выполнено", done_on="2023-05-09"),
    )
    frame = tabulate_done(region, choose_period("2023-05", YEAR)).frame
    assert frame["Мероприятие"].tolist() == ["курсы", "другое"]
    assert frame["Где"].tolist() == ["регион; Первый район; Второй район", "регион"]
    assert frame["Дата выполнения"].tolist() == ["02.05.2023; 09.05.2023", "09.05.2023"]
