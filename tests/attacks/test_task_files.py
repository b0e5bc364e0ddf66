"""Files of tasks as an unlucky office sends them: read right, or refused with a sentence, never another meaning.

Tiny books, built by the tests; about ten seconds.
"""

import pytest
from builders_office import KNOWN, LAYOUTS, REGISTER, THRESHOLDS, save_book
from builders_raw import build_raw

from effschool.base.problems import Severity
from effschool.intake.ingest import Sent, ingest_folder, read_file

TITLES = [["ВПР 2020. 5 класс"], ["Предмет: Математика"], ["Выполнение заданий"], []]
HEAD = ["Группы участников", "Кол-во ОО", "Кол-во участников", 1, 2, 3.1]
MOST = ["Макс балл", None, None, 1, 2, 1]
A, B = "Школа А (edu027000)", "Школа Б (sch270001)"
ROWS = [
    ["Вся выборка", 100, 90_000, 80.5, 60.1, 40],
    ["Район 1", 1, 20, 85, 50, 40],
    [A, None, 20, 85, 50, 40],
    [B, None, 10, 80, 55, 30],
]
PLANNED = [["ВПР 2020. 6 класс"], ["Предмет: Русский язык"], ["Достижение планируемых результатов"], []]
BLOCKS = "Блоки ПООП обучающийся научится / получит возможность научиться или проверяемые требования (умения)"
F1 = [["ВПР 2020 Математика 5 класс"], ["Предмет:", "Математика"], ["Ф1 Индивидуальные результаты"], []]


@pytest.fixture
def take(tmp_path):
    """What is made of one book: rows of tables by name, and messages of errors and of all else."""

    def _take(rows):
        path = save_book(tmp_path / "задания.xlsx", {"Лист": rows})
        layouts = tuple(layout for layout in KNOWN if layout.match_name(path.name) is not None)
        return Found(read_file(Sent(path, path.name, layouts), REGISTER))

    return _take


class Found:
    def __init__(self, taken):
        problems = [problem for sheet in taken for problem in sheet.problems]
        self.errors = [problem.message for problem in problems if problem.severity == Severity.ERROR]
        self.warnings = [problem.message for problem in problems if problem.severity == Severity.WARNING]
        self.parts = [part for sheet in taken if sheet.is_accepted for part in sheet.parts if len(part.rows)]

    def list_rows(self, table, *columns):
        rows = [part.rows[list(columns)] for part in self.parts if part.table == table]
        return sorted(tuple(row) for part in rows for row in part.itertuples(index=False))

    @property
    def tasks(self):
        return self.list_rows("tasks", *COLUMNS)


COLUMNS = ("school_id", "subject", "grade", "task", "maximum", "share", "participants")
EXPECTED = [
    ("027000", "математика", 5, "1", 1, 0.85, 20),
    ("027000", "математика", 5, "2", 2, 0.5, 20),
    ("027000", "математика", 5, "3.1", 1, 0.4, 20),
    ("270001", "математика", 5, "1", 1, 0.8, 10),
    ("270001", "математика", 5, "2", 2, 0.55, 10),
    ("270001", "математика", 5, "3.1", 1, 0.3, 10),
]


@pytest.mark.parametrize(
    "rows",
    [
        [*TITLES, HEAD, MOST, *ROWS],
        [*TITLES, [*HEAD[:3], "Задание 1", "Задание 2", "Задание 3.1"], MOST, *ROWS],
        [*TITLES, [*HEAD[:3], "1 (1 б)", "2 (2 б)", "3.1 (1 б)"], *ROWS],
        [*TITLES, [*HEAD[:3], "Доля баллов, %"], [None, None, None, 1, 2, 3.1], MOST, *ROWS],
        [*TITLES, HEAD, MOST, *ROWS, ["Итого", 2, 30, 83, 51, 36]],
    ],
    ids=["federal", "words", "maximum in the heading", "two rows of headings", "total row"],
)
def test_the_federal_form_is_read(take, rows):
    found = take(rows)
    assert not found.errors
    assert found.tasks == EXPECTED


def test_schools_are_columns_of_planned_results(take):
    head = [BLOCKS, "Макс балл", "Край", "Школа А (edu027000)", "РФ"]
    people = [None, None, "9000 уч.", "20 уч.", "1 200 300 уч."]
    body = [
        ["1К1. Умение списывать", 4, 50, 60, 55],
        ["2. Разборы", 3, 50, 55, 55],
        ["5.1. Умение писать", 1, 9, 65, 9],
    ]
    found = take([*PLANNED, head, people, *body])
    assert not found.errors
    assert found.tasks == [
        ("027000", "русский язык", 6, "1К1", 4, 0.6, 20),
        ("027000", "русский язык", 6, "2", 3, 0.55, 20),
        ("027000", "русский язык", 6, "5.1", 1, 0.65, 20),
    ]


def test_numbers_of_tasks_may_have_a_column_of_their_own(take):
    head = ["Номер задания", BLOCKS, "Макс балл", "Край", "Школа А (edu027000)"]
    found = take([*PLANNED, head, [None, None, None, "9 уч.", "20 уч."], ["1К1", "Списывать", 4, 50, 60]])
    assert found.tasks == [("027000", "русский язык", 6, "1К1", 4, 0.6, 20)]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*TITLES, HEAD, *ROWS], "ожидалась одна строка «Макс балл», а таких строк 0"),
        ([*TITLES, HEAD, MOST, MOST, *ROWS], "ожидалась одна строка «Макс балл», а таких строк 2"),
        ([*TITLES, HEAD, [*MOST[:4], None, 1], *ROWS], "столбец «2»: в строке «Макс балл» ожидалось число"),
        ([*TITLES, HEAD, MOST, [A, None, 20, 105, 50, 40]], "от 0 до 100 %"),
        ([*TITLES, HEAD, MOST, [A, None, 20, -5, 50, 40]], "от 0 до 100 %"),
        ([*TITLES, HEAD, MOST, [A, None, 20, 0.85, 0.5, 0.4]], "похоже, это доли единицы"),
        ([*TITLES, HEAD, MOST, [A, None, 20, "много", 50, 40]], "ожидалось число"),
        ([*TITLES, HEAD, [*MOST[:3], 0, 2, 1], *ROWS], "ожидался максимальный балл от 1 до 50"),
        ([*TITLES, [*HEAD[:3], 1, 2, 2], MOST, *ROWS], "ожидался один столбец с таким смыслом"),
        ([*TITLES, HEAD, MOST, *ROWS, ROWS[2]], "ожидалась одна строка с таким ключом"),
        ([TITLES[1], TITLES[2], [], HEAD, MOST, *ROWS], "такого файла макеты не знают"),
    ],
    ids=["no maximum", "two maxima", "blank maximum", "above 100", "below 0", "fractions", "word", "zero maximum",
         "task twice", "school twice", "no year"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_a_sentence(take, rows, said):
    found = take(rows)
    assert [message for message in found.errors if said in message], found.errors
    assert not found.tasks


def test_a_second_sheet_of_one_work_is_refused_and_a_copy_is_taken_once(tmp_path):
    other = [*TITLES, HEAD, MOST, [A, None, 20, 80, 50, 40]]
    for sheet, said in ((other, "такая строка уже есть"), ([*TITLES, HEAD, MOST, *ROWS], "слово в слово уже есть")):
        save_book(build_raw(tmp_path) / "задания.xlsx", {"Лист": [*TITLES, HEAD, MOST, *ROWS], "Другой": sheet})
        ingested = ingest_folder(tmp_path, LAYOUTS, THRESHOLDS)
        assert any(said in message for message in ingested.problems["message"])
        found = ingested.tables["tasks"][list(COLUMNS)].itertuples(index=False)
        assert sorted(map(tuple, found)) == EXPECTED


def test_two_forms_of_one_work_are_taken_once_whatever_comes_first(tmp_path):
    planned = [TITLES[0], TITLES[1], ["Достижение планируемых результатов"], []]
    head, people = [BLOCKS, "Макс балл", A], [None, None, "20 уч."]
    for share, warned in ((85, False), (90, True)):
        folder = build_raw(tmp_path / str(share))
        save_book(folder / "задания.xlsx", {"Лист": [*TITLES, HEAD, MOST, *ROWS]})
        save_book(folder / "а.xlsx", {"Лист": [*planned, head, people, ["1. Умение", 1, share], ["4. Умение", 1, 40]]})
        ingested = ingest_folder(folder, LAYOUTS, THRESHOLDS)
        found = ingested.tables["tasks"][list(COLUMNS)].itertuples(index=False)
        assert sorted(map(tuple, found)) == sorted([*EXPECTED, ("027000", "математика", 5, "4", 1, 0.4, 20)])
        assert any("доля другая" in message for message in ingested.problems["message"]) is warned


def test_a_mean_that_gives_no_whole_points_is_told(take):
    found = take([*TITLES, HEAD, MOST, [A, None, 20, 85, 50, 41.5]])
    told = [message for message in found.warnings if "целое число баллов" in message]
    assert len(told) == 1
    assert "задание «3.1»" in told[0]
    assert len(found.tasks) == 3


def test_tasks_by_groups_of_pupils_are_not_taken_for_tasks_of_schools(take):
    titles = [*TITLES[:2], ["Выполнение заданий группами участников"], []]
    assert not take([*titles, HEAD, MOST, *ROWS]).tasks


def pupil(code, *points):
    return ["edu027000", code, *points, 3]


PUPILS = ["ОО", "Код участника", "1", "2.1", "Отметка"]


def test_task_columns_of_a_protocol_are_counted_and_no_pupil_is_kept(take):
    rows = [["Макс балл", None, 1, 2, None], pupil("50001", 1, 2), pupil("50002", 0, 1), pupil("50003", "X", "х")]
    found = take([*F1, PUPILS, *rows])
    assert not found.errors
    assert [row[3:] for row in found.tasks] == [("1", 1, pytest.approx(1 / 3), 3), ("2.1", 2, pytest.approx(0.5), 3)]
    assert found.list_rows("results", "participants", "mark_3") == [(3, 3)]
    assert not any("50001" in part.rows.to_csv() for part in found.parts)


@pytest.mark.parametrize("points", [3, "N", None, -1], ids=["above", "other mark", "blank", "below"])
def test_a_task_with_a_cell_that_is_no_point_is_left_out_and_the_marks_are_taken(take, points):
    rows = [["Макс балл", None, 1, 2, None], pupil("50001", 1, 2), pupil("50002", 0, points)]
    found = take([*F1, PUPILS, *rows])
    assert not found.errors
    assert [row[3] for row in found.tasks] == ["1"]
    told = [message for message in found.warnings if "задание «2.1» не учтено" in message]
    assert len(told) == 1
    assert "строка 8" in told[0]
    assert found.list_rows("results", "participants") == [(2,)]


def test_a_task_of_no_points_is_left_out_and_the_marks_are_taken(take):
    found = take([*F1, PUPILS, ["Макс балл", None, 1, 0, None], pupil("50001", 1, 0)])
    assert not found.errors
    assert [row[3] for row in found.tasks] == ["1"]
    assert found.list_rows("results", "participants") == [(1,)]


def test_a_protocol_without_maxima_gives_marks_and_says_that_its_tasks_are_left_out(take):
    found = take([*F1, PUPILS, pupil("50001", 1, 2)])
    assert not found.errors
    assert not found.tasks
    assert any("«Макс балл»" in message for message in found.warnings)
    assert found.list_rows("results", "participants") == [(1,)]
