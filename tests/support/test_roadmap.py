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
    NO_TERM,
    OVERDUE,
    SOON,
    find_day,
    judge_events,
    read_term,
    share_done,
)

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


def event(term="30.09.2022", state=None, done=None, **other):
    row = {"programme": "500+", "municipality": None, "number": "1.1", "year": None, "term": term, "event": "событие"}
    return row | {"responsible": None, "expected": None, "state": state, "done": done, "as_of": None} | other


def build(*events):
    frame = pd.DataFrame(list(events))
    return frame.astype({name: "str" for name in frame if name != "year"} | {"year": "Int64"})


@pytest.mark.parametrize(
    ("row", "state", "is_due"),
    [
        (event("до 1 июня 2022 г."), OVERDUE, True),
        (event("до 1 июня 2022 г.", "не выполнено"), OVERDUE, True),
        (event("до 1 июня 2022 г.", "выполнено"), DONE, True),
        (event("до 1 июня 2022 г.", "выполнено", "20.06.2022"), OVERDUE, True),
        (event("до 1 июня 2022 г.", "отменено"), CANCELLED, False),
        (event("17.06.2022"), SOON, True),
        (event("до 17 июля 2022 г."), SOON, False),
        (event("до 18 июля 2022 г."), GOES_ON, False),
        (event("18.07.2022"), AHEAD, False),
        (event("май – август 2022 г.", "выполнено", "01.06.2022"), DONE, False),
        (event("по графику"), NO_TERM, False),
        (event("по графику", "выполнено"), DONE, False),
    ],
)
def test_state_is_that_of_the_day(row, state, is_due):
    judged = judge_events(build(row), DAY, 30).iloc[0]
    assert (judged["state"], judged["is_due"]) == (state, is_due)


def test_without_a_day_nothing_is_overdue():
    judged = judge_events(build(event("01.01.1999"), event("до 1 июня 2022 г.", "выполнено")), None, 30)
    assert judged["state"].tolist() == [GOES_ON, DONE]
    assert not judged["is_due"].any()


def test_day_comes_from_the_data():
    assert find_day(build(event())) is None
    marked = build(event(done="12.05.2022"), event(done="1 марта 2022 г."))
    assert find_day(marked) == date(2022, 5, 12)
    assert find_day(marked.assign(as_of="01.04.2022")) == date(2022, 4, 1)


def test_share_counts_what_was_due_and_not_cancelled():
    past = "до 1 июня 2022 г."
    rows = [event(past, "выполнено"), event(past), event(past, "отменено"), event("18.07.2022", "выполнено")]
    shares = share_done(judge_events(build(*rows, event("18.07.2022", municipality="Район")), DAY, 30))
    shares = shares.set_index(shares["municipality"].fillna("регион"))
    assert shares.loc["регион", ["planned", "due", "done", "done_pct"]].tolist() == [3, 2, 1, 50.0]
    assert shares.loc["Район", ["planned", "due"]].tolist() == [1, 0]
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
    assert find_day(part.rows) == DAY
    assert judge_events(part.rows, DAY, 30)["state"].tolist() == [DONE, OVERDUE, CANCELLED, NO_TERM]


def test_mark_that_is_not_understood_is_an_error_of_its_cell(tmp_path):
    header = [*HEADER, "Программа", "Отметка о выполнении"]
    taken = read_plan(tmp_path, [header, [*REAL[0], "500+", "вроде бы"]])
    (problem,) = [problem for problem in taken.problems if problem.severity == Severity.ERROR]
    assert (problem.row, problem.column, problem.value) == (2, "Отметка о выполнении", "вроде бы")


def test_event_that_stands_twice_is_told(tmp_path):
    header = [*HEADER, "Программа"]
    taken = read_plan(tmp_path, [header, [*REAL[0], "500+"], [*REAL[0], "500+"]])
    assert [problem.row for problem in taken.problems if problem.severity == Severity.ERROR] == [2, 3]
