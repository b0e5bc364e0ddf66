"""Events of programmes: terms in the words of real plans, states as seen from a day, real rows through the layout."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from builders_raw import write_workbook

from effschool.base.problems import Severity
from effschool.intake.ingest import find_files, read_file
from effschool.intake.layouts import load_layouts
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
    find_days,
    judge_events,
    share_done,
)
from effschool.support.terms import read_term, read_terms, recurs

LAYOUTS = Path(__file__).parents[2] / "layouts"
DAY = date(2022, 6, 17)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("До 20 декабря 2021 г.", None, (2021, 12, 20)),
        ("До 4 февраля \n2022 г.", None, (2022, 2, 4)),
        ("до 29 апреля, до 30 июня, \nдо 17 октября 2022 г.", None, (2022, 10, 17)),
        ("Февраль – март 2022 г. не реже одного раза в квартал", (2022, 2, 1), (2022, 3, 31)),
        ("10 – 24 марта, 30 мая – 13 июня, 3 – 14 октября 2022 г.", (2022, 3, 10), (2022, 10, 14)),
        ("17 июня, \n16 сентября 2022 г.", (2022, 6, 17), (2022, 9, 16)),
        (" Апрель - май   \n 2022 г.", (2022, 4, 1), (2022, 5, 31)),
        ("Январь – апрель 2022", (2022, 1, 1), (2022, 4, 30)),
        ("13.01.2020 28.02.2020", (2020, 1, 13), (2020, 2, 28)),
        ("30.09.2020", (2020, 9, 30), (2020, 9, 30)),
        ("ноябрь – январь 2023", (2022, 11, 1), (2023, 1, 31)),
        ("II квартал 2023 г.", (2023, 4, 1), (2023, 6, 30)),
        ("2023-2024 годы", (2023, 1, 1), (2024, 12, 31)),
    ],
)
def test_terms_of_real_plans_are_read(text, start, end):
    assert read_term(text) == (date(*start) if start else None, date(*end))


@pytest.mark.parametrize("text", ["по графику", "постоянно", "31.02.2022", "до 15 числа ежемесячно", "", None])
def test_term_without_a_day_is_not_guessed(text):
    assert read_term(text, 2022) == (None, None)


def test_year_of_the_plan_is_taken_only_where_the_term_has_none():
    assert read_term("Март – апрель") == (None, None)
    assert read_term("Март – апрель", 2023) == (date(2023, 3, 1), date(2023, 4, 30))
    assert read_term("март 2022 г.", 2023)[1] == date(2022, 3, 31)


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        (
            "Март, \nавгуст, \nноябрь 2023, 2024 гг.",
            ["1.3–31.3.23", "1.8–31.8.23", "1.11–30.11.23", "1.3–31.3.24", "1.8–31.8.24", "1.11–30.11.24"],
        ),
        (
            "10 – 24 марта, 30 мая – 13 июня, 3 – 14 октября \n2022 г.",
            ["10.3–24.3.22", "30.5–13.6.22", "3.10–14.10.22"],
        ),
        ("До 29 апреля, до 30 июня, \nдо 17 октября 2022 г.", ["–29.4.22", "–30.6.22", "–17.10.22"]),
        ("17 июня, \n16 сентября 2022 г.", ["17.6–17.6.22", "16.9–16.9.22"]),
        ("Февраль – июль, сентябрь – декабрь 2022 г.", ["1.2–31.7.22", "1.9–31.12.22"]),
        ("Июль – \nавгуст 2023, 2024 гг.", ["1.7–31.8.23", "1.7–31.8.24"]),
        ("Сентябрь 2023 г. \nМарт  \n2024 г.", ["1.9–30.9.23", "1.3–31.3.24"]),
        ("Январь, \nапрель 2023 г.", ["1.1–31.1.23", "1.4–30.4.23"]),
        ("В течение 2023, 2024 гг.", ["1.1–31.12.23", "1.1–31.12.24"]),
        ("март – май 2022 – 2024 гг.", ["1.3–31.5.22", "1.3–31.5.23", "1.3–31.5.24"]),
        ("1 и 3 квартал 2021 г.", ["1.1–31.3.21", "1.7–30.9.21"]),
        ("3-4 квартал 2020", ["1.7–31.12.20"]),
        ("с 10 по 24 марта 2022 г.", ["10.3–24.3.22"]),
        ("с 1 февраля до 1 марта 2022 г.", ["1.2–1.3.22"]),
        ("2022/2023 учебный год", ["1.9.22–31.8.23"]),
        ("Март 2023 г. – декабрь 2024 г.", ["1.3.23–31.12.24"]),
        (
            "Проведён анализ 2021 года (Не менее 60% - август 2020 г.), вывод. (Октябрь 2020 г.)",
            ["1.8–31.8.20", "1.10–31.10.20"],
        ),
    ],
)
def test_terms_that_a_cell_lists_are_as_many(text, terms):
    assert [write_term(term) for term in read_terms(text)] == terms


def write_term(term):
    end = f"{term.end.day}.{term.end.month}.{term.end:%y}"
    year = f".{term.start:%y}" if term.start and term.start.year != term.end.year else ""
    return (f"{term.start.day}.{term.start.month}{year}" if term.start else "") + f"–{end}"


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("не реже одного раза в квартал", True),
        ("ежемесячно", True),
        ("В течение года", True),
        ("Постоянно", True),
        ("по мере необходимости", True),
        ("Не позднее 10 дней со дня проведения мероприятия", False),
        ("по графику", False),
        ("В соответствии с утвержденными сроками.", False),
    ],
)
def test_what_has_no_day_is_said_to_recur_or_to_have_none(text, again):
    assert (read_terms(text, 2022), recurs(text)) == ((), again)
    (state,) = judge_events(build(event(text)), DAY, 30)["state"]
    assert state == (RECURS if again else NO_TERM)


def event(term="30.09.2022", state=None, done=None, **other):
    row = {"programme": "500+", "municipality": None, "number": "1.1", "year": None, "term": term, "event": "событие"}
    row |= {"responsible": None, "expected": None, "state": state, "done": done, "as_of": None}
    return row | {"source_file": "план.xlsx"} | other


def build(*events):
    frame = pd.DataFrame(list(events))
    return frame.astype({name: "str" for name in frame if name != "year"} | {"year": "Int64"})


@pytest.mark.parametrize(
    ("row", "state"),
    [
        (event("до 1 июня 2022 г."), NO_MARK),
        (event("до 1 июня 2022 г.", "не выполнено"), OVERDUE),
        (event("до 1 июня 2022 г.", "выполнено"), DONE),
        (event("до 1 июня 2022 г.", "выполнено", "20.06.2022"), NO_MARK),
        (event("до 1 июня 2022 г.", "отменено"), CANCELLED),
        (event("17.06.2022"), SOON),
        (event("17.06.2022", "не выполнено"), SOON),
        (event("до 17 июля 2022 г."), SOON),
        (event("до 18 июля 2022 г."), GOES_ON),
        (event("18.07.2022"), AHEAD),
        (event("май – август 2022 г.", "выполнено", "01.06.2022"), DONE),
        (event("июль – август 2022 г.", "выполнено", "01.06.2022"), DONE),
        (event("по графику"), NO_TERM),
        (event("по графику", "выполнено"), DONE),
        (event("постоянно", "не выполнено"), RECURS),
    ],
)
def test_state_is_that_of_the_day(row, state):
    assert judge_events(build(row), DAY, 30)["state"].tolist() == [state]


WINDOWS = "10 – 24 марта, 30 мая – 13 июня, 3 – 14 октября 2022 г."
DEADLINES = "До 29 апреля, до 30 июня, до 17 октября 2022 г."


@pytest.mark.parametrize(
    ("day", "row", "state", "end", "passed"),
    [
        ((2022, 3, 1), event(WINDOWS), SOON, (2022, 3, 24), 0),
        ((2022, 6, 17), event(WINDOWS), AHEAD, (2022, 10, 14), 2),
        ((2022, 6, 17), event(WINDOWS, "не выполнено"), AHEAD, (2022, 10, 14), 2),
        ((2022, 10, 15), event(WINDOWS), NO_MARK, (2022, 10, 14), 3),
        ((2022, 10, 15), event(WINDOWS, "не выполнено"), OVERDUE, (2022, 10, 14), 3),
        ((2022, 10, 15), event(WINDOWS, "выполнено"), DONE, (2022, 10, 14), 3),
        ((2022, 6, 17), event(WINDOWS, "выполнено", "24.03.2022, 10.06.2022"), AHEAD, (2022, 10, 14), 2),
        ((2022, 4, 17), event(WINDOWS, "выполнено", "24.03.2022"), AHEAD, (2022, 6, 13), 1),
        ((2022, 10, 15), event(WINDOWS, "выполнено", "10.10.2022"), DONE, (2022, 10, 14), 3),
        ((2022, 6, 17), event(DEADLINES, "выполнено", "28.04.2022"), SOON, (2022, 6, 30), 1),
        ((2022, 6, 17), event(DEADLINES, "выполнено", "05.05.2022"), GOES_ON, (2022, 10, 17), 1),
    ],
)
def test_event_of_several_terms_is_judged_by_the_next(day, row, state, end, passed):
    """A day of carrying out speaks of the terms that had begun by then; of «до …» the next begins after the last."""
    judged = judge_events(build(row), date(*day), 30).iloc[0]
    assert (judged["state"], judged["end"].date()) == (state, date(*end))
    assert (judged["terms"], judged["passed"]) == (3, passed)


def test_without_a_day_nothing_is_overdue():
    judged = judge_events(build(event("01.01.1999", "не выполнено"), event("до 1 июня 2022 г.", "выполнено")), None, 30)
    assert judged["state"].tolist() == [GOES_ON, DONE]
    assert judged["seen_on"].isna().all()


def test_day_of_a_plan_comes_from_that_plan():
    def find(*events):
        return [None if pd.isna(day) else day.date() for day in find_days(build(*events))]

    assert find(event()) == [None]
    marked = [event(done="12.05.2022"), event(done="1 марта 2022 г.")]
    assert find(*marked) == [date(2022, 5, 12)] * 2
    told = [row | {"as_of": "01.04.2022"} for row in marked]
    assert find(*told) == [date(2022, 4, 1)] * 2
    others = [{"source_file": "другой.xlsx"}, {"programme": "Другая"}, {"municipality": "Район"}]
    assert find(*told, *(event() | other for other in others)) == [date(2022, 4, 1)] * 2 + [None] * 3


def test_plan_is_not_late_by_the_day_of_another():
    """The other file was marked a year later: by its day the first would have passed."""
    rows = [event("30.09.2022", "не выполнено", as_of="01.09.2022")]
    rows += [event("30.09.2023", "не выполнено", as_of="15.10.2023", source_file="другой.xlsx", year=2023)]
    assert judge_events(build(*rows), None, 30)["state"].tolist() == [SOON, OVERDUE]
    assert judge_events(build(*rows), date(2023, 10, 15), 30)["state"].tolist() == [OVERDUE, OVERDUE]


def test_share_counts_all_that_were_planned_and_not_cancelled():
    past = "до 1 июня 2022 г."
    rows = [event(past, "выполнено"), event(past), event(past, "отменено"), event("18.07.2022"), event(WINDOWS)]
    shares = share_done(judge_events(build(*rows, event("18.07.2022", "отменено", municipality="Район")), DAY, 30))
    shares = shares.set_index(shares["municipality"].fillna("регион"))
    assert shares.loc["регион", ["planned", "done", "unmarked", "done_pct"]].tolist() == [4, 1, 1, 25.0]
    assert shares.loc["Район", ["planned", "done"]].tolist() == [0, 0]
    assert pd.isna(shares.loc["Район", "done_pct"])


HEADER = ["№ п/п", "Сроки реализации", "Задачи", "Ответственный исполнитель (наименование организации)"]
HEADER += ["Прогнозируемый результат (количественные характеристики результата)"]
TITLE = (
    "ПЛАН-ГРАФИК реализации мероприятий федерального проекта по организации методической помощи общеобразовательным "
    'организациям, имеющих низкие образовательные результаты обучающихся, "500+" в Хабаровском крае 2022 году'
)
SECTION = "Создание организационной инфраструктуры реализации федерального проекта"
REAL = [
    [
        "1.1.",
        "До 20 декабря 2021 г.",
        "организация отбора школ с низкими образовательными результатами",
        "министерство",
        "подготовлен региональный перечень ОО-участниц проекта",
    ],
    [
        "1.8.",
        "Февраль – март 2022 г.",
        "организация работы по заключению договоров",
        "министерство, ОМСУ, кураторы",
        "организаторам проекта предоставлены необходимые документы",
    ],
    [
        "1.11.",
        "10 – 24 марта, 30 мая – 13 июня, 3 – 14 октября \n2022 г.",
        "организация опроса среди участников проекта",
        "министерство, ОМСУ, ОО",
        "в опросе приняли участие 100 процентов участников проекта",
    ],
    [
        "1.10.",
        "Март – апрель",
        "заключение соглашений со школами-кураторами",
        "Управление образования",
        "100 % ОО заключены соглашения",
    ],
]


def read_plan(folder, rows):
    write_workbook(folder / "план.xlsx", rows)
    (sent,) = find_files(folder, load_layouts(LAYOUTS), folder)
    (taken,) = read_file(sent, None)
    return taken


def test_plan_as_approved_is_read_with_its_programme_and_year(tmp_path):
    taken = read_plan(tmp_path, [[TITLE], [], HEADER, [1, 2, 3, 4, 5], ["1.", SECTION], *REAL])
    assert [problem.message for problem in taken.problems if problem.severity == Severity.ERROR] == []
    (part,) = taken.parts
    assert part.rows["number"].tolist() == ["1.1.", "1.8.", "1.11.", "1.10."]
    assert set(part.rows["programme"]) == {"500+"}
    assert set(part.rows["year"]) == {2022}
    ends = judge_events(part.rows, DAY, 30)["end"].dt.date.tolist()
    assert ends == [date(2021, 12, 20), date(2022, 3, 31), date(2022, 10, 14), date(2022, 4, 30)]
    assert part.rows["responsible"].tolist()[0] == "министерство"
    assert part.rows["expected"].notna().all()


def test_sections_are_passed_over_and_an_event_without_a_name_is_told(tmp_path):
    rows = [["2.", "", "Методическое сопровождение"], ["Раздел 3"], ["2.1.", "до 1 марта 2022 г.", "", "министерство"]]
    taken = read_plan(tmp_path, [[TITLE], [], HEADER, *rows, *REAL])
    (problem,) = taken.problems
    assert (problem.severity, problem.row) == (Severity.WARNING, 6)
    assert len(taken.parts[0].rows) == len(REAL)


def test_plan_with_marks_of_the_institute_is_read(tmp_path):
    header = [*HEADER, "Программа", "Муниципалитет", "Отметка о выполнении", "Дата выполнения"]
    marks = [["Исполнено в срок", "15.12.2021"], ["Не выполнено", ""], ["Отменено приказом", ""], ["", ""]]
    rows = [[*row, "500+", "Район", *mark] for row, mark in zip(REAL, marks, strict=True)]
    (part,) = read_plan(tmp_path, [["Отметки по состоянию на 17.06.2022"], [], header, *rows]).parts
    assert part.rows["state"].fillna("").tolist() == ["выполнено", "не выполнено", "отменено", ""]
    assert set(find_days(part.rows).dt.date) == {DAY}
    assert judge_events(part.rows, None, 30)["state"].tolist() == [DONE, OVERDUE, CANCELLED, NO_TERM]


def test_mark_that_is_not_understood_is_an_error_of_its_cell(tmp_path):
    header = [*HEADER, "Программа", "Отметка о выполнении"]
    taken = read_plan(tmp_path, [header, [*REAL[0], "500+", "вроде бы"]])
    (problem,) = [problem for problem in taken.problems if problem.severity == Severity.ERROR]
    assert (problem.row, problem.column, problem.value) == (2, "Отметка о выполнении", "вроде бы")


def test_event_that_stands_twice_is_told(tmp_path):
    header = [*HEADER, "Программа"]
    taken = read_plan(tmp_path, [header, [*REAL[0], "500+"], [*REAL[0], "500+"]])
    assert [problem.row for problem in taken.problems if problem.severity == Severity.ERROR] == [2, 3]


def test_plan_with_a_column_per_year_has_marks_by_year(tmp_path):
    header = ["№ п/п", "Мероприятие", "Результаты и сроки", "", "Ответственный исполнитель", "Программа"]
    header = [[*header, "Отметка о выполнении 2021", "Отметка о выполнении 2022"], ["", "", "2021", "2022"]]
    cells = [
        "Проведён анализ 2020 года (Июнь 2021 г.). Сделан вывод (Август 2021 г.)",
        "Проведён анализ (Июнь 2022 г.)",
    ]
    rows = [["Направление 1. Анализ"], ["1", "анализ", *cells, "центр", "П", "выполнено", "не выполнено"]]
    rows += [["2", "конкурс", "", "Проведён конкурс. (Не реже 1 раза в квартал)", "центр", "П", "", ""]]
    (part,) = read_plan(tmp_path, [["Отметки по состоянию на 01.09.2022"], *header, *rows]).parts
    events = judge_events(part.rows.sort_values(["number", "year"]), None, 30)
    assert events[["number", "year"]].to_numpy().tolist() == [["1", 2021], ["1", 2022], ["2", 2022]]
    assert events["term"].tolist() == ["Июнь 2021 г.; Август 2021 г.", "Июнь 2022 г.", "Не реже 1 раза в квартал"]
    assert events["expected"].tolist()[0] == cells[0]
    assert events["state"].tolist() == [DONE, OVERDUE, RECURS]


def test_events_take_the_year_of_the_row_above(tmp_path):
    header = ["№ п/п", "Период реализации отдельного действия", "Наименование мероприятия", "Программа"]
    rows = [
        ["2021 год"],
        ["1. Раздел"],
        ["1.1", "февраль", "отбор", "П"],
        ["2022 год"],
        ["1.1", "февраль", "отбор", "П"],
    ]
    taken = read_plan(tmp_path, [header, *rows])
    assert taken.is_accepted  # the same event in another year is not the same row
    (part,) = taken.parts
    assert part.rows["year"].tolist() == [2021, 2022]
    ends = judge_events(part.rows, None, 30)["end"].dt.date.tolist()
    assert ends == [date(2021, 2, 28), date(2022, 2, 28)]
