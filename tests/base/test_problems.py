from pathlib import Path

from effschool.base.problems import Problem, Severity, shorten_path, tabulate_problems

FULL = Problem(Severity.ERROR, "social.xlsx", "ожидался год", "Исправьте год.", "Форма", 7, "Год", "20 20")
WHOLE_FILE = Problem(Severity.WARNING, "schools.csv", "файл пуст", "Пришлите файл заново.")


def test_message_names_place_value_expectation_and_action():
    assert FULL.message == (
        "Файл «social.xlsx», лист «Форма», строка 7, столбец «Год»: стоит «20 20», ожидался год. Исправьте год."
    )


def test_message_of_a_whole_file_leaves_out_what_is_not_known():
    assert WHOLE_FILE.message == "Файл «schools.csv»: файл пуст. Пришлите файл заново."


def test_table_keeps_order_and_whole_row_numbers():
    table = tabulate_problems([FULL, WHOLE_FILE])
    assert table["file"].tolist() == ["social.xlsx", "schools.csv"]
    assert table["row"].dtype == "Int64"
    assert table.loc[0, "row"] == 7
    assert table["row"].isna().tolist() == [False, True]
    assert table["severity"].tolist() == ["ошибка", "предупреждение"]


def test_table_without_problems_has_its_columns():
    table = tabulate_problems([])
    assert table.empty
    assert list(table.columns) == list(tabulate_problems([FULL]).columns)


def test_path_never_shows_the_machine(tmp_path):
    assert shorten_path(tmp_path / "social" / "a.xlsx", tmp_path) == "social/a.xlsx"
    assert shorten_path(Path("/elsewhere/deep/a.xlsx"), tmp_path) == "a.xlsx"
