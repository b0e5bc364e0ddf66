"""The workbook of support: sheets of other kinds than counts, and what becomes of them when they come back."""

import openpyxl
import pytest
from builders import table
from builders_forms import (
    NORTH,
    ROOT,
    SOCIAL,
    SOUTH,
    YEAR,
    build_returned,
    build_tables,
    find_columns,
    find_rows,
    load_municipal,
)
from builders_raw import LAYOUTS, build_table
from openpyxl.utils import get_column_letter
from test_forms import read_column, recalculate  # noqa: F401 -- a fixture

from effschool.base.configuration import ConfigurationError
from effschool.base.schemas import CONTRACT, PROVENANCE
from effschool.forms.books import FIRST_ROW, write_forms
from effschool.forms.check import BROKEN, TAKEN, UNSENT, check_forms
from effschool.forms.protocol import list_sections, open_case
from effschool.forms.template import load_form, load_forms
from effschool.intake.ingest import ingest_folder
from effschool.intake.layouts import load_layouts

FORMS = load_forms(ROOT / "forms" / "municipal.yml")
SUPPORT = FORMS[1]
SHEETS = {sheet.table: sheet for sheet in SUPPORT.sheets}
ENTRY = {
    "school_id": "002",
    "project": "П",
    "entry_year": 2020,
    "source_file": "p",
    "source_sheet": "",
    "source_row": 2,
}
ANSWERS = {
    "context": {"staff": 20, "distance_km": 12.5, "transport": "нет", "internet": "хватает", "load_hours": 21.5},
    "teachers": {"teachers": 5, "courses_passed": 3, "helped": 0, "with_deficits": 1},
    "management": {"answer": "да", "link": "https://example.org/doc"},
    "stages": {"corrected": "нет", "day": "15.10.2021", "link": "https://example.org/p"},
    "monitoring": {"grade": 5, "participants": 20, "mark_2": 4, "mark_3": 8, "mark_4": 6, "mark_5": 2},
}


def write_books(folder, **changed):
    programme = table("programme", [ENTRY])
    known = build_tables(**changed) | {"programme": programme}
    write_forms(FORMS, known, YEAR, folder)
    return {place: folder / str(YEAR) / f"{slug}-support.xlsx" for place, slug in SLUGS.items()}


SLUGS = {NORTH: "severnyi-raion", SOUTH: "iuzhnyi-raion"}


def fill(path, changed=None):
    """Answer every row of every sheet; `changed`: (table, number of the row, column) → what stands there."""
    book = openpyxl.load_workbook(path)
    for kind in [name for name, sheet in SHEETS.items() if sheet.sheet in book.sheetnames]:
        target, sheet = book[SHEETS[kind].sheet], SHEETS[kind]
        columns = find_columns(target)
        for place, row in enumerate(find_rows_of(target)):
            for name, heading in sheet.headings.items():
                value = ANSWERS[kind].get(name, 0 if str(CONTRACT[kind].columns[name].dtype) != "str" else None)
                target.cell(row, columns[heading]).value = (changed or {}).get((kind, place, name), value)
    book.save(path)
    return path


def find_rows_of(sheet):
    code = find_columns(sheet)["Год"]
    return [row for row in range(FIRST_ROW, sheet.max_row + 1) if sheet.cell(row, code).value]


def return_books(folder, changed=None, filled=(NORTH,)):
    """The raw folder of `build_returned` and the books of support beside its forms."""
    raw = build_returned(folder / "raw")
    build_table(raw, "programme", "002,П,2020,,,")
    for place, path in write_books(folder / "books").items():
        if place in filled:
            fill(path, changed if place == NORTH else None).rename(raw / "forms" / path.name)
    return raw


def check(raw, methodology):
    case = open_case(raw, ingest_folder(raw, LAYOUTS), load_layouts(LAYOUTS), (FORMS, methodology), None)
    return case, {verdict.municipality: verdict for verdict in check_forms(case).verdicts}


def test_sheets_ask_schools_participants_things_and_the_municipality(tmp_path):
    books = {place: openpyxl.load_workbook(path) for place, path in write_books(tmp_path).items()}
    titles = {kind: sheet.sheet for kind, sheet in SHEETS.items()}
    assert read_column(books[NORTH][titles["context"]], "Код ОО") == ["001", "002"]
    subjects = SHEETS["teachers"].lists[0].values
    assert read_column(books[NORTH][titles["teachers"]], "Предмет") == [*subjects, *subjects]
    assert set(read_column(books[NORTH][titles["stages"]], "Код ОО")) == {"002"}
    assert len(find_rows(books[NORTH][titles["monitoring"]])) == 6
    questions = [row[2].value for row in books[SOUTH][titles["management"]].iter_rows(min_row=FIRST_ROW)]
    assert questions == list(SHEETS["management"].lists[0].values)
    assert len(questions) == 13


def test_municipality_without_participants_has_no_sheets_of_theirs(tmp_path):
    sheets = openpyxl.load_workbook(write_books(tmp_path)[SOUTH]).sheetnames
    assert sheets == ["Контекст школы", "Педагоги и курсы", "Управленческий цикл", "Инструкция"]


def test_form_of_the_lists_does_not_know_the_sheets_of_support(tmp_path):
    write_books(tmp_path)
    assert openpyxl.load_workbook(tmp_path / "2021" / "severnyi-raion.xlsx").sheetnames == [
        *(sheet.sheet for sheet in load_municipal().sheets),
        "Инструкция",
    ]


def test_sheets_ask_for_every_column_by_headings_that_both_layouts_read():
    layouts = {layout.id: layout for layout in load_layouts(LAYOUTS)}
    for kind, sheet in SHEETS.items():
        asked = SUPPORT.head_keys(sheet) | sheet.headings
        assert {*sheet.keys, *sheet.headings} == set(CONTRACT[kind].columns) - set(PROVENANCE)
        for name in {f"form-{kind}", kind} & set(layouts):
            columns = layouts[name].columns
            assert all(columns[key].accepts(asked[key]) is not None for key in {*sheet.keys, *sheet.headings})
    assert len({sheet.mark for form in FORMS for sheet in form.sheets}) == sum(len(form.sheets) for form in FORMS)


def test_cells_take_what_the_question_allows(tmp_path):
    book = openpyxl.load_workbook(write_books(tmp_path)[NORTH])
    kinds = {"count": "whole", "number": "decimal", "choice": "list", "text": "textLength"}
    for sheet in SUPPORT.sheets:
        target = book[sheet.sheet]
        columns, last = find_columns(target), find_rows_of(target)[-1]
        rules = {str(rule.sqref): rule for rule in target.data_validations.dataValidation}
        assert len(rules) == len(sheet.columns)
        for column in sheet.columns:
            letter = get_column_letter(columns[column.heading])
            rule = rules[f"{letter}{FIRST_ROW}:{letter}{last}"]
            assert (rule.type, rule.prompt, rule.errorStyle) == (kinds[column.kind], column.hint, "stop")
            assert "{" not in rule.error
            if column.kind == "choice":
                assert rule.formula1 == f'"{",".join(column.values)}"'
        assert max(len(target.cell(FIRST_ROW, columns["Проверка строки"]).value), 0) < 8192  # Excel takes no more


def test_filled_book_comes_back_with_equal_values(tmp_path):
    ingested = ingest_folder(return_books(tmp_path), LAYOUTS)
    assert ingested.problems.empty, list(ingested.problems["message"])
    counts = {kind: len(ingested.tables[kind]) for kind in SHEETS}
    assert counts == {"context": 2, "teachers": 8, "management": 13, "stages": 3, "monitoring": 6}
    for kind, answers in ANSWERS.items():
        row = ingested.tables[kind].iloc[0]
        assert {name: row[name] for name in answers} == answers
        assert row["source_sheet"] == SHEETS[kind].sheet
    assert set(ingested.tables["management"]["municipality"]) == {NORTH}
    assert set(ingested.tables["monitoring"]["grade"]) == {5}


def test_blank_book_holds_nothing_up_and_is_told(tmp_path, methodology):
    case, verdicts = check(return_books(tmp_path), methodology)
    assert {verdict.state for verdict in verdicts.values()} == {TAKEN}
    told = verdicts[SOUTH].beside.set_index("sheet")
    assert (told["filled"] == 0).all()
    assert list(told.index) == ["Контекст школы", "Педагоги и курсы", "Управленческий цикл"]
    north = verdicts[NORTH].beside.set_index("sheet")
    assert (north["filled"] == north["asked"]).all()
    sections = dict(list_sections(verdicts[SOUTH], case, {}))
    assert "«нет данных»" in sections["Книга поддержки"][0].title


def test_book_of_support_alone_is_no_form(tmp_path, methodology):
    raw = return_books(tmp_path)
    (raw / "forms" / "severnyi-raion.xlsx").unlink()
    assert check(raw, methodology)[1][NORTH].state == UNSENT


def test_fault_in_the_book_of_support_leaves_the_numbers_of_the_lists(tmp_path, methodology):
    raw = return_books(tmp_path, {("teachers", 0, "courses_passed"): 9})
    _, verdicts = check(raw, methodology)
    assert verdicts[NORTH].state == BROKEN
    assert verdicts[NORTH].refused == ("forms/severnyi-raion-support.xlsx",)
    ingested = ingest_folder(raw, LAYOUTS)
    assert len(ingested.tables["social"].query("year == 2021")) == 3
    assert ingested.tables["teachers"].empty


def test_row_of_another_municipality_is_refused_on_the_sheet_without_schools(tmp_path, methodology):
    raw = return_books(tmp_path)
    path = raw / "forms" / "severnyi-raion-support.xlsx"
    book = openpyxl.load_workbook(path)
    book["Управленческий цикл"].cell(FIRST_ROW, 2).value = SOUTH
    book.save(path)
    problems = check(raw, methodology)[1][NORTH].problems
    assert list(problems["expected"]) == ["ожидалось название вашего муниципалитета"]


def test_checks_know_ranges_choices_and_totals(tmp_path, recalculate):  # noqa: F811
    changed = {
        ("context", 0, "load_hours"): 61,
        ("context", 1, "transport"): "иногда",
        ("teachers", 0, "vacancies"): 1.5,
        ("teachers", 1, "courses_passed"): 6,
        ("teachers", 2, "mentors"): None,
        ("management", 0, "link"): None,
    }
    book = recalculate(fill(write_books(tmp_path)[NORTH], changed))
    told = {kind: read_checks(book[sheet.sheet]) for kind, sheet in SHEETS.items()}
    assert told["context"] == [
        "Исправьте. Средняя нагрузка учителя, часов в неделю — не число от 0 до 60.",
        "Исправьте. Транспорт до муниципального центра — нет в списке.",
    ]
    assert told["teachers"][:4] == [
        "Исправьте. Вакансий — не число от 0 до 100.",
        "Исправьте. Курсы пройдены — больше, чем «Учителей».",
        "Заполнено не всё, пустых ячеек: 1",
        "Верно",
    ]
    assert set(told["management"] + told["stages"] + told["monitoring"]) == {"Верно"}


def read_checks(sheet):
    column = find_columns(sheet)["Проверка строки"]
    return [str(sheet.cell(row, column).value).strip() for row in find_rows_of(sheet)]


SOURCE = (ROOT / "forms" / "support.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("values: [да, нет], heading", "heading", "значения нужны вопросу с выбором"),
        ("kind: number, most: 2000,", "kind: number,", "у числа ожидался предел"),
        ("name: distance_km, kind: number", "name: distance_km, kind: choice", "ожидался столбец таблицы context"),
        ("name: subject, heading", "name: grade, heading", "в ключе таблицы teachers нет столбца grade"),
        ("width: 60, cycle: management", "width: 60", "values или cycle"),
        ("extends: municipal", "extends: municip", "такого файла нет"),
    ],
)
def test_fault_of_a_sheet_is_named(tmp_path, old, new, words):
    assert old in SOURCE
    for name in ("municipal", "management"):
        (tmp_path / f"{name}.yml").write_text((ROOT / "forms" / f"{name}.yml").read_text("utf-8"), "utf-8")
    path = tmp_path / "s.yml"
    path.write_text(SOURCE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_form(path)
    assert words in str(caught.value)


def test_sheet_of_counts_is_the_same_with_books_beside(tmp_path):
    write_books(tmp_path / "both")
    write_forms(load_municipal(), build_tables(), YEAR, tmp_path / "one")
    same = [(tmp_path / name / str(YEAR) / "severnyi-raion.xlsx").read_bytes() for name in ("both", "one")]
    assert same[0] == same[1]
    assert SOCIAL in openpyxl.load_workbook(tmp_path / "one" / str(YEAR) / "severnyi-raion.xlsx").sheetnames
