import re

import pandas as pd
import pytest
from builders_office import EGE, OGE, graduate, list_rows, pupil, read_one, save_book, save_oge
from hypothesis import given
from hypothesis import strategies as st

from effschool.intake import reading
from effschool.intake.pupils import mark_scores
from effschool.method.thresholds import Threshold

MARKS = ("mark_2", "mark_3", "mark_4", "mark_5")
COUNTS = ("school_id", "subject", "participants", *MARKS)


def list_messages(taken) -> list[str]:
    return [problem.message for problem in taken.problems if problem.severity == "ошибка"]


def test_marks_are_counted_by_school_and_subject(tmp_path):
    rows = [pupil("01", 2), pupil("01", 5), pupil("01", 5), pupil("02", 3), pupil("01", 4, subject="2 - Математика")]
    (taken,) = read_one(save_oge(tmp_path / "протокол.xlsx", rows))
    assert taken.is_accepted
    assert sorted(list_rows(taken, *COUNTS)) == [
        ("01", "математика", 1, 0, 0, 1, 0),
        ("01", "русский язык", 3, 1, 0, 0, 2),
        ("02", "русский язык", 1, 0, 1, 0, 0),
    ]
    assert set(list_rows(taken, "year", "grade", "procedure", "mean_score")) == {
        (2023, 9, "ОГЭ", 4.0),
        (2023, 9, "ОГЭ", 3.0),
    }


def test_statuses_decide_who_took_part_and_are_told(tmp_path):
    rows = [pupil("01", 4), pupil("01", 2, status="Аннулирован"), pupil("01", None, status="Не явился")]
    rows += [pupil("01", 5, status="Апелляция удовлетворена")]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    ((*counts, row, note),) = list_rows(taken, "participants", *MARKS, "source_row", "source_note")
    assert counts == [2, 0, 0, 1, 1]
    assert row == 4
    assert note.replace("\N{NO-BREAK SPACE}", " ") == "4 ученика, строки с 4 по 7; аннулирован — 1; не явился — 1"


def test_gve_stands_apart(tmp_path):
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [pupil("01", 4), pupil("01", 5, form="ГВЭ")]))
    assert sorted(list_rows(taken, "procedure", "participants")) == [("ГВЭ", 1), ("ОГЭ", 1)]


def test_mark_comes_from_the_scale_only_where_it_is_absent(tmp_path):
    rows = [pupil("01", None, primary=score, subject="Русский язык") for score in (14, 15, 22, 23, 28, 29)]
    rows += [pupil("01", 2, primary=33, subject="Русский язык")]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert list_rows(taken, *MARKS) == [(2, 2, 2, 1)]


def test_scale_of_another_year_is_not_taken(tmp_path):
    rows = [pupil("01", None, primary=20)]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows, title="ОГЭ 2021"))
    assert not taken.is_accepted
    assert "результат участника" in list_messages(taken)[0]


def test_conditions_of_the_scale_lower_the_mark(tmp_path):
    heading = [*OGE, "Баллы за грамотность"]
    rows = [[*pupil("01", None, primary=30, subject="Русский язык"), points] for points in (6, 5, 3)]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows, heading=heading))
    assert list_rows(taken, *MARKS) == [(0, 1, 1, 1)]


def test_scores_are_held_against_the_minimum_of_the_year(tmp_path):
    rows = [graduate("01", score) for score in (23, 24, 79, 80, 100)]
    rows += [[*graduate("01", mark, "Математика базовая"), 4 * mark] for mark in (2, 3, 5)]
    path = save_book(tmp_path / "ЕГЭ 2023.xlsx", {"Лист": [[*EGE, "Первичный балл"], *rows]})
    (taken,) = read_one(path)
    found = {
        row[0]: row[1:]
        for row in list_rows(taken, "subject", "participants", "below_min", "score_80_plus", "mean_score")
    }
    assert found["русский язык"] == (5, 1, 2, pytest.approx(61.2))
    assert found["математика (базовая)"] == (3, 1, None, pytest.approx(40 / 3))  # the mean of primary points


def test_missing_minimum_stops_the_file_and_names_the_years(tmp_path):
    path = save_book(tmp_path / "ЕГЭ 2019.xlsx", {"Лист": [EGE, graduate("01", 50)]})
    (taken,) = read_one(path)
    assert not taken.is_accepted
    assert "орога «ЕГЭ, русский язык» за 2019 год в реестре нет" in list_messages(taken)[0]


def test_subject_without_any_minimum_is_counted_without_those_below(tmp_path):
    (taken,) = read_one(save_book(tmp_path / "ЕГЭ 2023.xlsx", {"Лист": [EGE, graduate("01", 50, "История")]}))
    assert taken.is_accepted
    assert list_rows(taken, "subject", "participants", "below_min", "mean_score") == [("история", 1, None, 50)]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (pupil("01", 6), "число от 2 до 5"),
        (pupil("01", "зачёт"), "ожидалось число"),
        (pupil("01", None), "результат участника"),
        (pupil("", 4), "кода школы в ней нет"),
        (pupil("01", 4, status="Перенос"), "ожидалось одно из значений"),
        (pupil("01", 4, subject=""), "ячейка пуста"),
        (pupil("01", True), "ожидалось число"),
    ],
)
def test_wrong_row_is_named_without_the_pupil(tmp_path, row, expected):
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [pupil("01", 5), row]))
    assert not taken.is_accepted
    (message,) = list_messages(taken)
    assert expected in message
    assert "строка 5" in message
    assert "Участник" not in message


def test_names_and_documents_do_not_leave_the_file(tmp_path):
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [pupil("01", 5, document="90 817 263")]))
    text = "".join(part.rows.to_csv() for part in taken.parts)
    assert "Участник" not in text
    assert not [spelt for spelt in ("90 817 263", "90817263", "817") if spelt in text]


def test_total_rows_and_blank_rows_are_no_pupils(tmp_path):
    rows = [pupil("01", 5), [None] * 10, [None, "Итого", *[None] * 6, 5, None]]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert not list_messages(taken)
    assert list_rows(taken, "participants") == [(1,)]


def test_blocks_give_the_same_as_the_whole(tmp_path, monkeypatch):
    rows = [pupil(f"{number % 3:02}", 2 + number % 4) for number in range(50)]
    path = save_oge(tmp_path / "a.xlsx", rows)
    whole = list_rows(read_one(path)[0], *COUNTS, "source_row", "source_note")
    monkeypatch.setattr("effschool.intake.workbooks.BLOCK_ROWS", 7)
    assert sorted(list_rows(read_one(path)[0], *COUNTS, "source_row", "source_note")) == sorted(whole)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_large_text_gives_the_same_as_a_small_one(tmp_path, monkeypatch, encoding):
    rows = [OGE, *(pupil(f"{number % 3:02}", 2 + number % 4) for number in range(50))]
    text = "\n".join(";".join("" if cell is None else str(cell) for cell in row) for row in rows)
    path = tmp_path / "ОГЭ 2023.csv"
    path.write_bytes(text.encode(encoding))
    small = list_rows(read_one(path)[0], *COUNTS, "source_row", "source_note")
    monkeypatch.setattr(reading, "STREAMED_FROM", 1)
    (taken,) = read_one(path)
    large = list_rows(taken, *COUNTS, "source_row", "source_note")
    assert "записанные дважды, не ищутся" in taken.problems[-1].message
    assert len(small) == 3
    assert large == small


def test_broken_row_of_a_large_text_is_a_named_error(tmp_path, monkeypatch):
    rows = [OGE, *(pupil("01", 4) for _ in range(9)), [1, 2]]
    path = tmp_path / "ОГЭ 2023.csv"
    path.write_text("\n".join(";".join(map(str, row)) for row in rows).replace("None", ""), encoding="utf-8")
    monkeypatch.setattr(reading, "STREAMED_FROM", 1)
    (taken,) = read_one(path)
    assert not taken.is_accepted
    assert "столько же ячеек" in list_messages(taken)[0]


@pytest.mark.parametrize("blank", [[], [""], ["", ""]], ids=["in column A", "in column B", "in column C"])
def test_table_may_begin_in_any_column(tmp_path, blank):
    heading = ["Код ОО", "Код ОО прописки", "Предмет", "Фамилия", "Отметка", "Оценка за год"]
    rows = [["ОГЭ 2023"], [], [*blank, *heading], [*blank, "990001", "990002", "Математика", "Тестов", 4, 3]]
    (taken,) = read_one(save_book(tmp_path / "a.xlsx", {"Лист": [row if row else [None] for row in rows]}))
    (row,) = list_rows(taken, "school_id", "subject", "mark_4")
    assert row == ("990001", "математика", 1)


def test_table_off_the_left_edge_is_read_where_it_stands(tmp_path):
    rows = [[None, *row] for row in ([*OGE], pupil("01", 4), pupil("02", 5))]
    (taken,) = read_one(save_book(tmp_path / "ОГЭ 2023.xlsx", {"Лист": rows}))
    assert sorted(list_rows(taken, "school_id", "participants", "mark_4", "mark_5")) == [
        ("01", 1, 1, 0),
        ("02", 1, 0, 1),
    ]


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("Результаты ОГЭ 2022/2023 учебный год", 2023),
        ("Результаты ОГЭ 2022/23 учебный год", 2023),
        ("ОГЭ 2022-2023", 2023),
        ("ОГЭ 2022-23. Протокол", 2023),
        ("ОГЭ 2023, 2022-11", 2023),
        ("Исх. № 1-202244. ОГЭ 2023", 2023),
        ("Выгружено 01.02.2024. ОГЭ 2023", 2023),
    ],
)
def test_year_is_that_of_the_exam(tmp_path, title, year):
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [pupil("01", 4)], title=title))
    assert list_rows(taken, "year") == [(year,)]


def test_years_that_disagree_are_an_error(tmp_path):
    (taken,) = read_one(save_oge(tmp_path / "ОГЭ 2023.xlsx", [pupil("01", 4)], title="ОГЭ 2022"))
    assert "стоит «2022, 2023»" in "".join(list_messages(taken))


@pytest.mark.parametrize("foreign", ["Год", "Экзамен"])
def test_column_that_would_mix_exams_or_years_is_an_error(tmp_path, foreign):
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [[*pupil("01", 4), "2022"]], heading=[*OGE, foreign]))
    assert f"столбец «{foreign}»" in "".join(list_messages(taken))


def test_masked_documents_do_not_hide_pupils(tmp_path):
    rows = [pupil("01", 4, document="****123"), pupil("01", 5, document="***456"), pupil("01", 2, document="Д3")]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert not list_messages(taken)
    assert list_rows(taken, "participants") == [(3,)]


def test_subject_that_the_exam_does_not_have_is_an_error_that_shows_nothing_of_it(tmp_path):
    rows = [pupil("01", 4, subject="20 - Родной (нанайский) язык"), pupil("01", 5, subject="Иванова")]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert [(problem.row, problem.severity) for problem in taken.problems] == [(5, "ошибка")]
    assert "Иванова" not in "".join(list_messages(taken))


def test_blank_subject_is_named_beside_an_unknown_one(tmp_path):
    rows = [pupil("01", 4), pupil("01", 5, subject="Родной язык"), pupil("01", 3, subject="")]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert [problem.row for problem in taken.problems if problem.severity == "ошибка"] == [6]


@pytest.mark.parametrize("status", ["Утверждено решение об аннулировании", "аннулирован", "Результат аннулирован"])
def test_annulled_results_are_not_counted_whatever_the_words(tmp_path, status):
    heading = [*OGE[:-1], "Статус работы"]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [pupil("01", 4), pupil("01", 5, status=status)], heading=heading))
    assert list_rows(taken, "participants", "mark_5") == [(1, 0)]


def test_half_a_mark_is_an_error(tmp_path):
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", [pupil("01", 4.5)]))
    assert "целое число от 2 до 5" in "".join(list_messages(taken))


def test_pupil_in_two_schools_stands_twice_however_the_document_is_written(tmp_path):
    rows = [pupil("01", 4, document="12 34 56"), pupil("02", 5, document="123456")]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert [problem.row for problem in taken.problems if problem.severity == "ошибка"] == [5]


def test_shifted_line_of_text_is_an_error_that_shows_nothing_of_it(tmp_path):
    lines = ["Код ОО;Фамилия;Имя;Предмет;Отметка", "990001;Сидоров;Пётр;Иванович;Математика;5"]
    path = tmp_path / "ОГЭ 2023.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    (taken,) = read_one(path)
    (message,) = list_messages(taken)
    assert "больше ячеек, чем в шапке" in message
    assert not {"Сидоров", "Иванович"} & set(re.findall(r"\w+", message))


SUBJECTS = ("физика", "химия", "история")


def test_row_of_its_own_kind_for_every_pupil_needs_no_memory_for_all_that_could_be(tmp_path):
    lines = ["Код ОО;Наименование ОО;Предмет;Отметка"]
    lines += [f"{number};школа {number};{SUBJECTS[number % 3]};4" for number in range(3000)]
    path = tmp_path / "ОГЭ 2023.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    (taken,) = read_one(path)
    rows = list_rows(taken, "school_id", "subject", "participants", "mark_4", "source_row")
    assert len(rows) == 3000
    assert all(row == (row[0], SUBJECTS[int(row[0]) % 3], 1, 1, int(row[0]) + 2) for row in rows)


def test_pupil_that_stands_twice_is_an_error_that_names_the_rows_and_not_the_pupil(tmp_path):
    rows = [pupil("01", 5, document="77 01"), pupil("01", 4, document="77 02"), pupil("02", 3, document="77 03")]
    rows += [pupil("01", 2, document="77 01"), pupil("01", 3, document="77 02", subject="2 - Математика")]
    rows += [pupil("01", 2, document="77 02", status="Не явился"), pupil("01", 5), pupil("01", 5)]
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    (message,) = list_messages(taken)
    assert "строка 7" in message
    assert "тот же ученик: строка 4" in message
    assert "77" not in message


def test_pupil_is_found_twice_across_blocks(tmp_path, monkeypatch):
    rows = [pupil("01", 5, document=str(number % 19)) for number in range(20)]
    monkeypatch.setattr("effschool.intake.workbooks.BLOCK_ROWS", 4)
    (taken,) = read_one(save_oge(tmp_path / "a.xlsx", rows))
    assert [problem.row for problem in taken.problems if problem.severity == "ошибка"] == [23]


RUSSIAN = Threshold.model_validate(
    {"procedure": "ОГЭ", "subject": "русский язык", "year": 2023, "value": 15, "marks": {3: 15, 4: 23, 5: 29}}
    | {"conditions": {"грамотность": {4: 4, 5: 6}}, "scale": "первичный балл", "act": "", "status": "предположение"}
)


@given(st.lists(st.tuples(st.integers(0, 33), st.integers(0, 10)), min_size=1))
def test_marks_by_scale_equal_a_plain_reading(pairs):
    def mark(score, literacy):
        if score >= 29 and literacy >= 6:
            return 5
        if score >= 23 and literacy >= 4:
            return 4
        return 3 if score >= 15 else 2

    scores = pd.array([score for score, _ in pairs], dtype="float64").to_numpy()
    points = pd.array([literacy for _, literacy in pairs], dtype="float64").to_numpy()
    assert mark_scores(scores, RUSSIAN, {"грамотность": points}).tolist() == [mark(*pair) for pair in pairs]


@pytest.mark.parametrize("title", ["ЕГЭ, протокол", "ЕГЭ, протокол, 2023/25 учебный год", "ЕГЭ, 24 мая, протокол"])
def test_year_that_stands_nowhere_is_told_once(tmp_path, title):
    heading = ["№", "Код ОО", "Предмет", "Код участника", "Тестовый балл"]
    rows = [[number, "270001", "физика", f"A{number:03}", 50 + number] for number in range(1, 31)]
    (taken,) = read_one(save_book(tmp_path / "протокол.xlsx", {"Лист": [[title], heading, *rows]}))
    told = list_messages(taken)
    assert len(told) == 1
    assert "не нашлось: год в названии" in told[0]
    assert "строка" not in told[0]


@pytest.mark.parametrize(
    ("day", "year"),
    [
        *(("24.05.24", 2024), ("24/05/24", 2024), ("24.05.2024", 2024), ("2024-05-24", 2024), ("24 мая 2024 г.", 2024)),
        *(("24 мая", None), ("май", None), ("24.05", None), ("24.05.024", None)),
    ],
)
def test_year_of_a_date_is_read_or_the_date_is_refused(tmp_path, day, year):
    heading = ["№", "Код ОО", "Предмет", "Дата экзамена", "Код участника", "Тестовый балл"]
    rows = [[number, "270001", "физика", day, f"A{number:03}", 50 + number] for number in range(1, 4)]
    (taken,) = read_one(save_book(tmp_path / "протокол.xlsx", {"Лист": [["ЕГЭ, протокол"], heading, *rows]}))
    if year is None:
        assert "ожидался год" in list_messages(taken)[0]
    else:
        assert list_rows(taken, "year", "participants") == [(2024, 3)]
