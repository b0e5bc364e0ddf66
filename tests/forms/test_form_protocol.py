import re

import openpyxl
import pytest
from bs4 import BeautifulSoup
from builders_forms import NORTH, SOCIAL, build_returned, fill_form, find_columns, load_municipal, make_forms
from builders_raw import LAYOUTS

from effschool.base.problems import Problem, Severity, tabulate_problems
from effschool.forms.books import FILLS
from effschool.forms.protocol import (
    MARK,
    gather_messages,
    open_case,
    open_sent,
    read_sent,
    render_protocol,
    write_check,
)
from effschool.intake.ingest import ingest_folder
from effschool.intake.layouts import load_layouts
from effschool.run.commands import main

MISTAKES = {
    (SOCIAL, 0, "Девиантное поведение"): 555,
    (SOCIAL, 1, "Неполная семья"): "много",
    (SOCIAL, 1, "Бесплатное питание"): 12.5,
}
NAMES = {"s001": "=HYPERLINK(1)", "s002": "Школа <b>& «№ 2»", "s003": "Соседняя школа"}
NORTH_FILE = "severnyi-raion"


def write(raw, methodology, folder, year=None):
    rules = (load_municipal(), methodology)
    case = open_case(raw, ingest_folder(raw, LAYOUTS), load_layouts(LAYOUTS), rules, year)
    return write_check(case, raw, folder, demonstration=False)


@pytest.fixture(scope="module")
def checked(tmp_path_factory, methodology):
    folder = tmp_path_factory.mktemp("check")
    raw = build_returned(folder / "raw", MISTAKES, **NAMES)
    write(raw, methodology, folder / "out")
    return folder


@pytest.fixture(scope="module")
def pages(checked):
    return {path.stem: path.read_text(encoding="utf-8") for path in (checked / "out" / "2021").glob("*.html")}


def parse(text):
    return BeautifulSoup(text, "html.parser")


def test_every_municipality_has_a_page_and_where_it_has_to_act_a_copy(checked, pages):
    assert set(pages) == {NORTH_FILE, "iuzhnyi-raion", "index"}
    assert {path.stem for path in (checked / "out" / "2021").glob("*.xlsx")} == {NORTH_FILE, "index"}
    assert "копи" not in pages["iuzhnyi-raion"]


def test_planted_mistakes_are_told_with_place_and_advice(pages):
    text = parse(pages[NORTH_FILE]).get_text(" ")
    for part in (
        "строка 6, столбец «Девиантное поведение»: стоит «555 из 110», число больше, чем «Всего обучающихся».",
        "строка 7, столбец «Неполная семья»: стоит «много», ожидалось целое число.",
        "строка 7, столбец «Бесплатное питание»: стоит «12,5», ожидалось число обучающихся, а не доля.",
    ):
        assert part in text
    assert text.count("Файл «forms/severnyi-raion.xlsx», лист «Социальные условия»") == 3
    assert "Исправлять можно прямо в копии" in text
    assert "Чего не хватает" not in text
    assert "Индекс не вычислить (нет 11 из 11 показателей)" in text


@pytest.mark.parametrize("name", [NORTH_FILE, "iuzhnyi-raion", "index"])
def test_page_is_one_accessible_file(pages, name):
    page = parse(pages[name])
    assert page.html["lang"] == "ru"
    assert not page.find_all(["script", "link", "iframe", "img"])
    assert not re.search(r"(?:https?:)?//\w", pages[name])
    assert len(page.find_all("h1")) == 1
    for table in page.find_all("table"):
        assert table.caption.get_text(strip=True)
        assert all(cell.get("scope") in {"col", "row"} for cell in table.find_all("th"))
    assert bool(page.find_all("table")) == (name != "iuzhnyi-raion")


def test_names_from_files_are_escaped(pages):
    assert "Школа &lt;b&gt;&amp; «№ 2»" in pages[NORTH_FILE]
    assert not parse(pages[NORTH_FILE]).find_all("b")
    harmful = parse(render_protocol("<b>", '"><i>', [("<u>", [])], demonstration=True))
    assert not harmful.find_all(["b", "i", "u"])
    assert "Школы, муниципалитеты и числа вымышлены" in harmful.get_text()


def test_protocol_names_no_school_of_another_municipality(checked, pages):
    assert "Соседняя" not in pages[NORTH_FILE]
    assert "HYPERLINK" not in pages["iuzhnyi-raion"]
    book = openpyxl.load_workbook(checked / "out" / "2021" / f"{NORTH_FILE}.xlsx")
    cells = [str(cell.value) for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert "=HYPERLINK(1)" in cells
    assert not [text for text in cells if "Соседняя" in text or text == "003"]


def test_copy_has_the_wrong_cells_marked_and_nothing_else_changed(checked):
    copy = openpyxl.load_workbook(checked / "out" / "2021" / f"{NORTH_FILE}.xlsx")
    sent = openpyxl.load_workbook(checked / "raw" / "forms" / f"{NORTH_FILE}.xlsx")
    columns = find_columns(copy[SOCIAL])
    marked = {(cell.row, cell.column) for row in copy[SOCIAL].iter_rows() for cell in row if cell.comment}
    assert marked == {(6 + place, columns[heading]) for _, place, heading in MISTAKES}
    for row, column in marked:
        cell = copy[SOCIAL].cell(row, column)
        assert cell.fill.fgColor.rgb == MARK[Severity.ERROR].fgColor.rgb
        assert f"строка {row}" in cell.comment.text
    assert copy.sheetnames == [*sent.sheetnames, "Замечания"]
    for sheet in sent.worksheets:
        assert list(sheet.values) == list(copy[sheet.title].values)
        assert copy[sheet.title].protection.sheet
        assert len(copy[sheet.title].data_validations.dataValidation) == len(sheet.data_validations.dataValidation)
    assert next(row[4] for row in copy["Замечания"].iter_rows(min_row=2, max_row=4, values_only=True)).startswith(
        "Файл «"
    )
    assert copy[SOCIAL]["C6"].data_type == "s"


def test_form_named_by_a_person_has_a_copy_and_no_name_in_the_protocol(tmp_path, methodology):
    raw = build_returned(tmp_path / "raw", MISTAKES)
    form = raw / "forms" / f"{NORTH_FILE}.xlsx"
    book = openpyxl.load_workbook(form)
    book[SOCIAL].title = "Иванова И.И."
    book.save(form)
    form.rename(form.with_name("от Ивановой И.И..xlsx"))
    write(raw, methodology, tmp_path / "out")
    copy = openpyxl.load_workbook(tmp_path / "out" / "2021" / f"{NORTH_FILE}.xlsx")
    assert len([cell for row in copy["Иванова И.И."].iter_rows() for cell in row if cell.comment]) == len(MISTAKES)
    assert "Иванов" not in (tmp_path / "out" / "2021" / f"{NORTH_FILE}.html").read_text(encoding="utf-8")


def test_corrected_copy_sent_back_is_taken_and_loses_its_marks(tmp_path, methodology):
    raw = build_returned(tmp_path / "raw", MISTAKES)
    write(raw, methodology, tmp_path / "out")
    back = tmp_path / "out" / "2021" / f"{NORTH_FILE}.xlsx"
    fill_form(back, {(SOCIAL, 0, "Девиантное поведение"): 999})
    back.replace(raw / "forms" / f"{NORTH_FILE}.xlsx")
    write(raw, methodology, tmp_path / "out")
    sheet = openpyxl.load_workbook(back)[SOCIAL]
    columns = find_columns(sheet)
    assert [cell.coordinate for row in sheet.iter_rows() for cell in row if cell.comment] == ["E6"]
    assert sheet.cell(7, columns["Неполная семья"]).comment is None
    assert sheet.cell(7, columns["Неполная семья"]).fill.fgColor.rgb == FILLS["input"].fgColor.rgb
    fill_form(back).replace(raw / "forms" / f"{NORTH_FILE}.xlsx")
    checked = write(raw, methodology, tmp_path / "out")
    assert not checked.is_blocked
    assert not back.exists()


def test_implausible_change_is_marked_as_a_question(tmp_path, methodology):
    raw = build_returned(tmp_path / "raw", {(SOCIAL, 0, "Неполная семья"): 60})
    checked = write(raw, methodology, tmp_path / "out")
    assert not checked.is_blocked
    page = (tmp_path / "out" / "2021" / f"{NORTH_FILE}.html").read_text(encoding="utf-8")
    assert "О чём просим подтвердить" in page
    assert "это 54,5\xa0% обучающихся, а за 2020 год было 5,0\xa0%" in page
    sheet = openpyxl.load_workbook(tmp_path / "out" / "2021" / f"{NORTH_FILE}.xlsx")[SOCIAL]
    cell = sheet.cell(6, find_columns(sheet)["Неполная семья"])
    assert cell.fill.fgColor.rgb == MARK[Severity.WARNING].fgColor.rgb


def test_missing_numbers_are_listed_with_the_reason_given(tmp_path, methodology):
    headings = [column.heading for column in load_municipal().sheets[0].columns]
    changed = {(SOCIAL, 0, heading): None for heading in headings}
    changed |= {(SOCIAL, 0, "Почему нет данных"): "сведения не собирались", (SOCIAL, 1, "Неполная семья"): None}
    write(build_returned(tmp_path / "raw", changed), methodology, tmp_path / "out")
    page = parse((tmp_path / "out" / "2021" / f"{NORTH_FILE}.html").read_text(encoding="utf-8"))
    (table,) = [found for found in page.find_all("table") if "неполны" in found.caption.get_text()]
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.tbody.find_all("tr")]
    assert rows == [
        ["Школа 001", "001", SOCIAL, "всей строки", "сведения не собирались"],
        ["Школа 002", "002", SOCIAL, "«Неполная семья»", "—"],
    ]


def test_unreadable_file_is_told_and_has_no_copy(tmp_path, methodology):
    raw = build_returned(tmp_path / "raw")
    (raw / "forms" / f"{NORTH_FILE}.xlsx").write_bytes(b"PK\x03\x04 broken")
    (tmp_path / "out" / "2021").mkdir(parents=True)
    (tmp_path / "out" / "2021" / f"{NORTH_FILE}.xlsx").write_bytes(b"of an earlier check")
    (tmp_path / "out" / "2021" / "index.html").write_text("", encoding="utf-8")
    assert write(raw, methodology, tmp_path / "out").is_blocked
    page = (tmp_path / "out" / "2021" / f"{NORTH_FILE}.html").read_text(encoding="utf-8")
    assert "копии с пометками нет" in page
    assert "файл повреждён или другого вида" in page
    assert not (tmp_path / "out" / "2021" / f"{NORTH_FILE}.xlsx").exists()
    assert open_sent(raw / "forms" / f"{NORTH_FILE}.xlsx") is None


def test_files_that_no_check_left_are_not_removed(tmp_path, methodology):
    raw = build_returned(tmp_path / "raw")
    (tmp_path / "out" / "2021").mkdir(parents=True)
    (tmp_path / "out" / "2021" / "form.xlsx").write_bytes(b"a form")
    write(raw, methodology, tmp_path / "out")
    assert (tmp_path / "out" / "2021" / "form.xlsx").exists()


def test_summary_says_who_sent_and_what_blocks(checked, pages):
    page = parse(pages["index"])
    first, second = page.find_all("table")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in first.tbody.find_all("tr")]
    assert [(row[0], row[1], row[7]) for row in rows] == [
        ("Северный район", "не принято", "4"),
        ("Южный район", "принято", "0"),
    ]
    text = page.get_text(" ")
    assert "Прислали 2 из 2" in text
    assert "Не принято: Северный район." in text
    assert "Составлять списки за 2021 год рано." in text
    assert len(second.tbody.find_all("tr")) == 4
    assert {link["href"] for link in page.main.find_all("a")} == {"severnyi-raion.html", "iuzhnyi-raion.html"}
    book = openpyxl.load_workbook(checked / "out" / "2021" / "index.xlsx")
    assert book.sheetnames == ["О книге", "Кто прислал", "Ошибки"]


def test_the_same_problem_of_many_rows_is_told_once_with_their_numbers():
    found = [
        Problem(Severity.WARNING, "a.xlsx", "ожидался код", "Исправьте.", "Лист", row, "Код") for row in (2, 3, 4, 7)
    ]
    found += [Problem(Severity.WARNING, "a.xlsx", "нет столбца", f"Добавьте «{name}».") for name in ("А", "Б")]
    told = gather_messages(tabulate_problems(found))["message"].tolist()
    assert told[0].endswith("Исправьте. То же в строках 3–4, 7.")
    assert [text[-4:] for text in told[1:]] == ["«А».", "«Б»."]


def test_codes_and_reasons_are_read_from_any_sheet_with_the_headings(tmp_path):
    path = fill_form(make_forms(tmp_path)[NORTH], {(SOCIAL, 1, "Почему нет данных"): "сведения не собирались"})
    sent = read_sent(openpyxl.load_workbook(path), load_municipal())
    assert sent.codes == {"social": {"001", "002"}, "certificates": {"001", "002"}}
    assert sent.reasons == {("social", "002", ""): "сведения не собирались"}
    assert sent.years == {2021}


def test_workbook_without_the_headings_shows_nothing(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Год", "Школа"])
    assert not read_sent(book, load_municipal()).codes


@pytest.mark.parametrize(("changed", "status"), [(MISTAKES, 1), (None, 0)])
def test_commands_write_forms_and_check_them(tmp_path, capsys, changed, status):
    raw = build_returned(tmp_path / "raw", changed)
    assert (
        main(["forms", "--data", str(raw), "--layouts", str(LAYOUTS), "--year", "2022", "--out", str(tmp_path / "f")])
        == 0
    )
    written = sorted(path.stem for path in (tmp_path / "f" / "2022").glob("*.xlsx"))
    assert written == [name + beside for name in ("iuzhnyi-raion", NORTH_FILE) for beside in ("", "-support")]
    assert main(["check", "--data", str(raw), "--layouts", str(LAYOUTS), "--out", str(tmp_path / "c")]) == status
    told = capsys.readouterr().out
    assert "Северный район: " in told
    assert "index.html" in told


def test_forms_without_a_year_are_refused(tmp_path, capsys):
    assert main(["forms", "--data", str(tmp_path), "--layouts", str(LAYOUTS)]) == 2
    assert "make forms YEAR=2024" in capsys.readouterr().err


@pytest.mark.parametrize("place", ["XFD1048576", "C1048576", "XFD3"])
def test_cell_far_off_is_no_reason_to_walk_there(tmp_path, place):
    path = make_forms(tmp_path)[NORTH]
    near = read_sent(openpyxl.load_workbook(path), load_municipal())
    book = openpyxl.load_workbook(path)
    book[SOCIAL][place] = 1
    before = len(book[SOCIAL]._cells)
    assert read_sent(book, load_municipal()) == near
    assert len(book[SOCIAL]._cells) == before  # a walk over the used range makes all its cells
