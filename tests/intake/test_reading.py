import pytest
from builders_raw import write_csv, write_workbook
from openpyxl import Workbook

from effschool.base.problems import UnreadableFileError
from effschool.intake.reading import Grid
from effschool.intake.workbooks import open_sheets


def read_grid(path, file, **options) -> Grid:
    return open_sheets(path, file, **options)[0].read_grid()


def list_cells(path, **options):
    grid = read_grid(path, path.name, **options)
    return dict(zip(grid.cells.index.tolist(), grid.cells.to_numpy().tolist(), strict=True))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["Год,Код", '2020,"а, б"'], ["2020", "а, б"]),
        (["Год;Код", "2020;45,13"], ["2020", "45,13"]),
        (["Год\tКод", "2020\t45,13"], ["2020", "45,13"]),
        (["Год;Код;Балл;Балл", "1,5;2,5;3,5;4,5"], ["1,5", "2,5", "3,5", "4,5"]),
    ],
)
def test_delimiter_is_found(tmp_path, rows, expected):
    assert list_cells(write_csv(tmp_path / "a.csv", rows))[2] == expected


def test_delimiter_can_be_given(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["а;б,в,г"])
    assert list_cells(path, delimiter=";") == {1: ["а", "б,в,г"]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_unicode_is_read_without_a_note(tmp_path, encoding):
    grid = read_grid(write_csv(tmp_path / "a.csv", ["Год,Код"], encoding), "a.csv")
    assert grid.cells.iloc[0].tolist() == ["Год", "Код"]
    assert grid.notes == ()


def test_windows_encoding_is_read_with_a_warning(tmp_path):
    grid = read_grid(write_csv(tmp_path / "a.csv", ["Год,Школа"], "cp1251"), "a.csv")
    assert grid.cells.iloc[0].tolist() == ["Год", "Школа"]
    assert [note.severity for note in grid.notes] == ["предупреждение"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", b"", "файл пуст"),
        ("a.csv", "Год,Код\r\n2020,школа".encode()[:-1], "текст UTF-8 повреждён"),
        ("a.csv", b"\xff\x00\x01\x02" * 9, "внутри не текст"),
        ("a.csv", b"\x95\x96\x97 abc", "ожидалась кодировка UTF-8"),
        ("a.csv", 'Год,"Код\r\n2020,1'.encode(), "кавычки"),
        ("a.xlsx", b"", "файл пуст"),
        ("a.xlsx", b"PK\x03\x04 broken", "повреждён"),
        ("a.xlsx", "Год,Код".encode(), "повреждён"),
    ],
)
def test_unreadable_file_has_one_problem(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError) as caught:
        read_grid(path, name)
    assert expected in caught.value.problem.expected
    assert caught.value.problem.file == name


def test_rows_keep_the_numbers_of_excel(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["а,б", "", '"две\r\nстроки",1', ",", "в"])
    cells = list_cells(path)
    assert list(cells) == [1, 2, 3, 4, 5]
    assert cells[2] == ["", ""]
    assert cells[3] == ["две\r\nстроки", "1"]
    assert cells[5] == ["в", ""]


def test_workbook_cells_become_text(tmp_path):
    rows = [[], [], ["Год", 2018, 45.13, True, None, " 027000 "]]
    grid = read_grid(write_workbook(tmp_path / "a.xlsx", rows), "a.xlsx")
    assert grid.sheet == "Форма"
    assert grid.cells.index.tolist() == [1, 2, 3]
    assert grid.cells.loc[3].tolist() == ["Год", "2018", "45.13", "ИСТИНА", "", "027000"]


def test_only_the_first_sheet_is_read(tmp_path):
    book = Workbook()
    book.active.append(["первый"])
    book.create_sheet("Второй").append(["второй", "x"])
    book.save(tmp_path / "a.xlsx")
    assert list_cells(tmp_path / "a.xlsx") == {1: ["первый"]}


def test_errors_and_formulas_without_value_are_not_hidden(tmp_path):
    path = write_workbook(tmp_path / "a.xlsx", [["x", "#DIV/0!", "=A1", ""]])
    assert list_cells(path)[1][:3] == ["x", "#DIV/0!", "=A1"]


def test_suffix_in_capitals_is_a_workbook_too(tmp_path):
    assert list_cells(write_workbook(tmp_path / "a.XLSX", [["x", 1]])) == {1: ["x", "1"]}


def test_enormous_cell_is_refused_in_words(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('а;б\n"' + "х" * 200_000 + '";1', encoding="utf-8")
    with pytest.raises(UnreadableFileError):
        read_grid(path, "a.csv")
