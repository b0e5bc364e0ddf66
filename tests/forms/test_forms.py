import datetime
import shutil
import subprocess

import openpyxl
import pytest
from builders import condition, school
from builders_forms import (
    CERTIFICATES,
    FILLED,
    NORTH,
    SOCIAL,
    SOUTH,
    YEAR,
    build_returned,
    build_tables,
    fill_form,
    find_columns,
    find_rows,
    list_schools,
    load_municipal,
    make_forms,
)
from builders_raw import LAYOUTS
from openpyxl.utils import get_column_letter

from effschool.base.schemas import SOCIAL_COUNTS
from effschool.base.storage import save_workbook
from effschool.forms.books import FIRST_ROW, choose_register, list_rows
from effschool.intake.ingest import ingest_folder
from effschool.report import workbook

INPUTS = [column.heading for sheet in load_municipal().sheets for column in sheet.columns] + ["Почему нет данных"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return make_forms(tmp_path_factory.mktemp("forms"))[NORTH]


@pytest.fixture
def book(path):
    return openpyxl.load_workbook(path)


def read_column(sheet, heading):
    column = find_columns(sheet)[heading]
    return [sheet.cell(row, column).value for row in find_rows(sheet)]


def test_every_municipality_has_a_workbook_with_its_own_schools_only(tmp_path):
    written = make_forms(tmp_path)
    assert list(written) == [NORTH, SOUTH]
    assert {path.parent for path in written.values()} == {tmp_path / "2021"}
    for place, codes in {NORTH: ["001", "002"], SOUTH: ["003"]}.items():
        book = openpyxl.load_workbook(written[place])
        assert read_column(book[SOCIAL], "Код ОО") == codes
        assert read_column(book[SOCIAL], "Год") == [YEAR] * len(codes)
        assert read_column(book[CERTIFICATES], "Уровень") == ["ООО", "СОО"] * len(codes)


def test_last_register_is_taken_where_the_year_is_not_there_yet():
    schools = build_tables(schools=[*list_schools(2019), school("009", 2020)])["schools"]
    assert list(choose_register(schools, 2022)["school_id"]) == ["009"]
    assert len(choose_register(schools, 2019)) == 3
    with pytest.raises(ValueError, match=r"2018.*2019, 2020"):
        choose_register(schools, 2018)


def test_levels_follow_the_type_of_the_school():
    sheet = load_municipal().sheets[1]
    schools = [school("1", type="основная"), school("2", type="начальная"), school("3", type=None)]
    known = build_tables(schools=schools)
    rows = list_rows(sheet, known["schools"], known["certificates"], YEAR)
    assert list(zip(rows["school_id"], rows["level"], strict=True)) == [("1", "ООО"), ("3", "ООО"), ("3", "СОО")]


def test_last_years_values_stand_beside_and_cannot_be_mistaken_for_this_years(tmp_path):
    social = [condition("001", 2020, pupils=77), condition("001", 2019, pupils=66), condition("002", 2021)]
    sheet = openpyxl.load_workbook(make_forms(tmp_path, social=social)[NORTH])[SOCIAL]
    assert read_column(sheet, "Справочно, 2020 год: Всего обучающихся") == [77, None]
    assert read_column(sheet, "Всего обучающихся") == [None, None]
    reference = [heading for heading in find_columns(sheet) if heading.startswith("Справочно, 2020 год: ")]
    assert len(reference) == 12


def test_only_cells_to_fill_in_are_unlocked(book):
    for sheet in book.worksheets:
        assert sheet.protection.sheet
        assert not sheet.protection.password
        headings = find_columns(sheet) if sheet.title in {SOCIAL, CERTIFICATES} else {}
        unlocked = {cell.coordinate for row in sheet.iter_rows() for cell in row if not cell.protection.locked}
        rows = find_rows(sheet) if headings else []
        letters = [get_column_letter(column) for heading, column in headings.items() if heading in INPUTS]
        assert unlocked == {f"{letter}{row}" for letter in letters for row in rows}
        assert len(letters) == {SOCIAL: 13, CERTIFICATES: 3}.get(sheet.title, 0)
    assert book.security.lockStructure
    assert not book.security.workbookPassword


def test_every_cell_to_fill_in_has_its_limit_and_message(book):
    for sheet in load_municipal().sheets:
        target = book[sheet.sheet]
        letters = {heading: get_column_letter(column) for heading, column in find_columns(target).items()}
        last = find_rows(target)[-1]
        rules = {str(rule.sqref): rule for rule in target.data_validations.dataValidation}
        assert len(rules) == len(sheet.columns) + 1
        for column in sheet.columns:
            rule = rules[f"{letters[column.heading]}{FIRST_ROW}:{letters[column.heading]}{last}"]
            total = letters[sheet.headings[sheet.total]]
            limit = str(sheet.most) if column.name == sheet.total else f"${total}{FIRST_ROW}"
            assert (rule.type, rule.operator, rule.formula1, rule.formula2) == ("whole", "between", "0", limit)
            assert (rule.errorStyle, rule.showErrorMessage, rule.allow_blank) == ("stop", True, True)
            assert rule.prompt == column.hint
            assert "целое число от 0 до" in rule.error
            assert max(len(rule.error), len(rule.prompt)) <= 255
            assert len(rule.errorTitle) <= 32
        listed = rules[f"{letters['Почему нет данных']}{FIRST_ROW}:{letters['Почему нет данных']}{last}"]
        assert listed.type == "list"
        name, cells = listed.formula1.split("!")
        values = [cell.value for (cell,) in book[name.strip("'")][cells.replace("$", "")]]
        assert values == list(load_municipal().reasons.values)


def test_heads_are_frozen_and_print_is_set_up(book):
    for name, first in {SOCIAL: "D6", CERTIFICATES: "E6"}.items():
        sheet = book[name]
        assert sheet.freeze_panes == first
        assert sheet.print_title_rows == "$4:$5"
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth) == ("landscape", 1)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        last = sheet.print_area.split(":")[1].replace("$", "")
        assert sheet[last].column == find_columns(sheet)["Проверка строки"]


def test_form_opens_at_the_instruction(book):
    assert book.active.title == "Инструкция"
    texts = [cell.value for (cell,) in book.active["A1:A60"] if cell.value]
    assert all(any(step in text for text in texts) for step in load_municipal().instruction.steps)
    assert any(text.startswith("Неполная семья. ") for text in texts)


def test_same_region_gives_same_bytes_at_any_time(tmp_path, path, monkeypatch):
    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 5, 6, tzinfo=tz)

    monkeypatch.setattr("openpyxl.packaging.core.datetime.datetime", Later)
    assert make_forms(tmp_path)[NORTH].read_bytes() == path.read_bytes()


HARMFUL = ["=HYPERLINK(A1)", "../../x", "Р" * 300, "Район", "Раион", "index", "<b>&"]


def test_harmful_names_are_data(tmp_path):
    schools = [school(f"{n}", 2020, municipality=name, name=name) for n, name in enumerate(HARMFUL)]
    written = make_forms(tmp_path / "out", schools=schools, social=[], certificates=[])
    assert set(written) == set(HARMFUL)
    assert len({path.name.lower() for path in written.values()}) == len(HARMFUL)
    assert {path.parent for path in written.values()} == {tmp_path / "out" / "2021"}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert max(len(path.name) for path in written.values()) < 80
    for name, path in written.items():
        sheet = openpyxl.load_workbook(path)[SOCIAL]
        (cell,) = [sheet.cell(row, 3) for row in find_rows(sheet)]
        assert (cell.value, cell.data_type) == (name, "s")
        assert sheet["A1"].data_type == "s"
        assert all(
            cell.column == find_columns(sheet)["Проверка строки"] or cell.row == 3
            for row in sheet.iter_rows()
            for cell in row
            if cell.data_type == "f"
        )


def test_text_that_would_be_a_formula_stays_text_in_the_writer(tmp_path):
    book = openpyxl.Workbook()
    workbook.put_value(book.active["A1"], "=1+1")
    save_workbook(book, tmp_path / "a.xlsx")
    assert openpyxl.load_workbook(tmp_path / "a.xlsx").active["A1"].data_type == "s"


def test_filled_form_comes_back_with_equal_values(tmp_path):
    raw = build_returned(tmp_path, {(SOCIAL, 1, "Неполная семья"): None})
    ingested = ingest_folder(raw, LAYOUTS)
    assert ingested.problems.empty, list(ingested.problems["message"])
    social = ingested.tables["social"].query("year == 2021").set_index("school_id")
    assert sorted(social.index) == ["001", "002", "003"]
    for code in ("001", "003"):
        assert social.loc[code, list(FILLED)].to_dict() == FILLED
    assert list(social.loc["002", list(SOCIAL_COUNTS)].isna()) == [name == "single_parent" for name in SOCIAL_COUNTS]
    assert set(social["source_sheet"]) == {SOCIAL}
    assert social.loc["002", "source_row"] == FIRST_ROW + 1


def test_second_sheet_is_read_by_its_layout(tmp_path):
    raw = build_returned(tmp_path)
    (raw / "certificates.csv").unlink()
    for path in (raw / "forms").iterdir():
        book = openpyxl.load_workbook(path)
        del book[SOCIAL]
        book.save(path)
    ingested = ingest_folder(raw, LAYOUTS)
    found = ingested.tables["certificates"]
    assert sorted(
        zip(found["school_id"], found["level"], found["graduates"], found["without_certificate"], strict=True)
    ) == [(code, level, 9, 0) for code in ("001", "002", "003") for level in ("ООО", "СОО")]


def test_row_left_blank_is_no_data_and_no_error(tmp_path):
    blank = {(SOCIAL, 0, column.heading): None for column in load_municipal().sheets[0].columns}
    ingested = ingest_folder(build_returned(tmp_path, blank), LAYOUTS)
    assert ingested.problems.empty
    assert sorted(ingested.tables["social"].query("year == 2021")["school_id"]) == ["002", "003"]


@pytest.fixture(scope="module")
def recalculate(tmp_path_factory):
    program = shutil.which("soffice")
    if not program:
        pytest.skip("нет LibreOffice (пакет libreoffice-calc): проверки формы пересчитать нечем")
    profile = tmp_path_factory.mktemp("libreoffice")

    def run(path):
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
        subprocess.run([*command, "--outdir", path.parent / "out", path], capture_output=True, timeout=300, check=True)
        return openpyxl.load_workbook(path.parent / "out" / path.name, data_only=True)

    return run


def test_checks_say_in_words_what_does_not_add_up(tmp_path, recalculate):
    schools = [school(f"{n:03}", 2020, municipality=NORTH, name=f"Школа {n}") for n in range(9)]
    headings = [column.heading for column in load_municipal().sheets[0].columns]
    total, part, other = "Всего обучающихся", "Неполная семья", "Бесплатное питание"
    changed = {
        (SOCIAL, 1, part): 111,
        (SOCIAL, 2, part): "много",
        (SOCIAL, 3, part): 1.5,
        (SOCIAL, 4, part): -1,
        (SOCIAL, 5, part): None,
        (SOCIAL, 6, total): 10001,
        **{(SOCIAL, place, heading): None for place in (7, 8) for heading in headings},
        (SOCIAL, 8, "Почему нет данных"): "сведения не собирались",
        (SOCIAL, 4, other): 200,
    }
    path = fill_form(make_forms(tmp_path, schools=schools)[NORTH], changed)
    book = recalculate(path)
    whole = "не целое число от 0."
    assert [text.strip() for text in read_column(book[SOCIAL], "Проверка строки")] == [
        "Верно",
        f"Исправьте. {part} — больше, чем «{total}».",
        f"Исправьте. {part} — {whole}",
        f"Исправьте. {part} — {whole}",
        f"Исправьте. {part} — {whole} {other} — больше, чем «{total}».",
        "Заполнено не всё, пустых ячеек: 1",
        f"Исправьте. {total} — больше 10000.",
        "Не заполнено: впишите числа или выберите причину",
        "Нет данных: сведения не собирались",
    ]
    wanted = "Строк с ошибками: 5. Не заполнено строк: 1. Заполнено не полностью строк: 1."
    assert book[SOCIAL]["A3"].value.strip() == wanted
    assert book[CERTIFICATES]["A3"].value == "Лист заполнен верно, можно отправлять."
    assert set(read_column(book[CERTIFICATES], "Проверка строки")) == {"Верно"}
