import shutil
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from builders_raw import HEADINGS, LAYOUTS, ROWS, build_raw, build_table, split, write_csv, write_workbook

from effschool.base import schemas
from effschool.base.configuration import ConfigurationError
from effschool.base.problems import Problem, Severity
from effschool.base.storage import read_table
from effschool.intake.ingest import (
    Ingested,
    ingest_folder,
    limit_problems,
    open_layouts,
    read_contract,
    write_ingested,
)

GOLDEN = Path(__file__).parents[3] / "shared" / "golden" / "region40"


def take(raw: Path) -> Ingested:
    return ingest_folder(raw, LAYOUTS)


def list_errors(ingested: Ingested, severity: str = "ошибка") -> list[tuple]:
    found = ingested.problems[ingested.problems["severity"].eq(severity)]
    columns = ["file", "row", "column", "value", "expected"]
    return [tuple(None if value is pd.NA else value for value in row) for row in found[columns].to_numpy().tolist()]


def list_warnings(ingested: Ingested) -> list[tuple]:
    return list_errors(ingested, "предупреждение")


def get_status(ingested: Ingested) -> dict[str, str]:
    return dict(zip(ingested.files["file"], ingested.files["status"], strict=True))


def test_right_folder_comes_in_whole(tmp_path):
    ingested = take(build_raw(tmp_path))
    assert ingested.problems.empty
    assert set(ingested.tables) == set(schemas.CONTRACT)
    for name, table in ingested.tables.items():
        assert list(table.columns) == list(schemas.CONTRACT[name].columns)
        schemas.CONTRACT[name].validate(table)
    assert ingested.tables["programme"].empty
    assert set(get_status(ingested).values()) == {"принят"}
    assert ingested.files["rows"].tolist() == [2, 2, 2, 2]
    schools = ingested.tables["schools"]
    assert schools["school_id"].tolist() == ["027000", "270001"]
    assert schools["source_row"].tolist() == [2, 3]
    assert schools["exclusion"].isna().all()


def test_blank_is_missing_and_never_zero(tmp_path):
    tables = take(build_raw(tmp_path)).tables
    assert tables["social"]["special_needs"].tolist() == [5, pd.NA]
    results = tables["results"]
    assert results["mark_2"].isna().tolist() == [True, False]
    assert results["mean_score"].isna().tolist() == [False, True]
    assert results["score_80_plus"].iloc[0] == 0


def test_reads_workbook_as_csv(tmp_path):
    raw = build_raw(tmp_path)
    expected = take(raw).tables["schools"]
    (raw / "schools.csv").unlink()
    rows = [[int(cell) if cell in {"2020", "130", "300"} else cell for cell in row] for row in split(*ROWS["schools"])]
    write_workbook(raw / "schools.xlsx", [*split(HEADINGS["schools"]), *rows])
    ingested = take(raw)
    assert ingested.problems.empty
    found = ingested.tables["schools"]
    assert set(found["source_sheet"]) == {"Форма"}
    own = [name for name in found.columns if name not in schemas.PROVENANCE]
    pd.testing.assert_frame_equal(found[own], expected[own])


@pytest.mark.parametrize(
    ("table", "row", "place", "expected"),
    [
        ("results", "2018/2019,027000,ЕГЭ,русский язык,11,9,,,,,1,0,45", ("Год", "2018/2019"), "ожидался год четырьмя"),
        ("results", "18,027000,ЕГЭ,русский язык,11,9,,,,,1,0,45", ("Год", "18"), "ожидался год четырьмя"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,9,,,,,\"12,5 %\",0,45", ("Ниже порога", "12,5 %"), "а не доля"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,9,,,,,0.125,0,45", ("Ниже порога", "0.125"), "а не доля"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,#ДЕЛ/0!,,,,,1,0,45", ("Участников", "#ДЕЛ/0!"), "ошибка формулы"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,ноль,,,,,1,0,45", ("Участников", "ноль"), "ожидалось целое число"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,9,,,,,1,0,05.03.2021", ("Средний балл", "05.03.2021"), "не дата"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,9,,,,,1,0,101", ("Средний балл", "101"), "от 0 до 100"),
        ("results", "2020,027000,ЕГЭ,русский язык,11,-9,,,,,,,45", ("Участников", "-9"), "не меньше нуля"),
        ("results", "2020,027000,ГВЭ,русский язык,11,9,,,,,1,0,45", ("Процедура", "ГВЭ"), "«ЕГЭ», «ОГЭ», «ВПР»"),
        ("results", "2020,027000,ЕГЭ,,11,9,,,,,1,0,45", ("Предмет", ""), "ячейка пуста"),
        ("results", "2020,27999,ЕГЭ,русский язык,11,9,,,,,1,0,45", ("Код ОО", "27999"), "в реестре школ за 2020 год"),
        ("results", "2020,027000,ЕГЭ,русский язык,13,9,,,,,1,0,45", ("Класс", "13"), "класс от 1 до 12"),
        ("schools", "2020,027000,Школа,Район,интернат,село,130,", ("Тип ОО", "интернат"), "«средняя»"),
        ("schools", "2020,027000,Школа,Район,средняя,посёлок,130,", ("Местность", "посёлок"), "«город», «село»"),
        ("certificates", "2020,027000,НОО,9,0", ("Уровень", "НОО"), "«ООО», «СОО»"),
        ("certificates", "2020,027000,СОО,9,10", ("Без аттестата", "10 из 9"), "без аттестата больше"),
        ("social", "2020,027000,130,131,2,3,4,5,6,7,8,9,10,11", ("Девиантное поведение", "131 из 130"), "число больше"),
        ("results", "2020,027000,ОГЭ,математика,9,9,5,5,0,0,,,", ("Отметка 2, Отметка 3, Отметка 4, Отметка 5",
         "5 + 5 + 0 + 0 из 9"), "больше, чем участников"),
    ],
)  # fmt: skip
def test_wrong_cell_is_named_and_keeps_only_its_file_out(tmp_path, table, row, place, expected):
    column, value = place
    ingested = take(build_raw(tmp_path, **{table: [*ROWS[table][1:], row]}))
    (error,) = list_errors(ingested)
    assert error[:4] == (f"{table}.csv", 3, column, value)
    assert expected in error[4]
    refused = [file for file, status in get_status(ingested).items() if status == "не принят"]
    assert refused == [f"{table}.csv"]
    assert ingested.tables[table].empty
    assert all(len(ingested.tables[name]) == 2 for name in ROWS if name != table)


def test_all_problems_of_a_file_come_at_once(tmp_path):
    rows = ["18,027000,ЕГЭ,русский язык,11,-9,,,,,x,,45", "2020,,ЕГЭ,русский язык,11,9,,,,,12,0,45"]
    errors = list_errors(take(build_raw(tmp_path, results=rows)))
    assert {(row, column) for _, row, column, _, _ in errors} == {
        (2, "Год"),
        (2, "Участников"),
        (2, "Ниже порога"),
        (3, "Код ОО"),
        (3, "Ниже порога, 80 и выше"),
    }
    assert len(errors) == 5


@pytest.mark.parametrize(
    ("cells", "column", "value"),
    [
        ('2020,027000,ЕГЭ,русский язык,11,9,,,,,1,0,"45,13"', "mean_score", 45.13),
        ("2020,027000,ЕГЭ,русский язык,11,1\u00a0234,,,,,1,0,45", "participants", 1234),
        ("2020.0,027000,ЕГЭ,русский язык,11.0,9.0,,,,,1,0,45", "year", 2020),
        (" 2020 ,\u00a0027000 ,егэ, Русский\u00a0 язык,11,9,,,,,1,0,45", "subject", "русский язык"),
        ("2020,027000,ЕГЭ,Химия,11,9,,,,,1,0,45", "subject", "химия"),
        ("2020,027000,ОГЭ,химия,9,0,,,,,,,0", "mean_score", None),
    ],
)
def test_harmless_spellings_are_read(tmp_path, cells, column, value):
    ingested = take(build_raw(tmp_path, results=[cells]))
    assert not list_errors(ingested)
    found = ingested.tables["results"][column].iloc[0]
    assert pd.isna(found) if value is None else found == value


@pytest.mark.parametrize("code", ["27000", "27000.0"])
def test_code_that_excel_turned_into_number_is_restored_with_warning(tmp_path, code):
    ingested = take(build_raw(tmp_path, certificates=[f"2020,{code},СОО,9,0"]))
    assert ingested.tables["certificates"]["school_id"].tolist() == ["027000"]
    ((file, row, column, value, _),) = list_warnings(ingested)
    assert (file, row, column, value) == ("certificates.csv", 2, "Код ОО", "27000")
    assert "«027000»" in ingested.problems["action"].iloc[0]


def test_register_that_lost_zeros_in_one_year_is_put_right(tmp_path):
    schools = [*ROWS["schools"], "2021,27000,Школа А,Район 1,средняя,село,130,"]
    ingested = take(build_raw(tmp_path, schools=schools, certificates=["2021,27000,СОО,9,0"]))
    assert not list_errors(ingested)
    assert ingested.tables["schools"]["school_id"].tolist() == ["027000", "270001", "027000"]
    assert ingested.tables["certificates"]["school_id"].tolist() == ["027000"]
    told = [warning[:2] for warning in list_warnings(ingested) if warning[0]]
    assert told == [("certificates.csv", 2), ("schools.csv", 4)]


def test_code_that_could_be_two_schools_is_an_error(tmp_path):
    schools = [*ROWS["schools"], "2020,0027000,Школа В,Район 1,средняя,село,10,"]
    errors = list_errors(take(build_raw(tmp_path, schools=schools, certificates=["2020,27000,СОО,9,0"])))
    assert [(error[1], error[3]) for error in errors] == [(2, "27000")]


def test_school_of_another_year_is_unknown(tmp_path):
    schools = [*ROWS["schools"], "2019,270001,Школа Б,Район 2,основная,город,300,"]
    errors = list_errors(take(build_raw(tmp_path, schools=schools, certificates=["2019,027000,СОО,9,0"])))
    assert [error[4] for error in errors] == ["такого кода нет в реестре школ за 2019 год"]


def test_without_register_no_flood_of_unknown_codes(tmp_path):
    ingested = take(build_raw(tmp_path, schools=["2020,027000,Школа,Район,интернат,село,130,"]))
    assert len(list_errors(ingested)) == 1
    assert len(ingested.tables["results"]) == 2


def test_doubled_rows_name_each_other(tmp_path):
    ingested = take(build_raw(tmp_path, certificates=[*ROWS["certificates"], "2020,027000,СОО,8,0"]))
    errors = list_errors(ingested)
    assert [(error[1], error[2], error[3]) for error in errors] == [
        (2, "Год, Код ОО, Уровень", "2020, 027000, СОО"),
        (4, "Год, Код ОО, Уровень", "2020, 027000, СОО"),
    ]
    assert ["Такая же строка: 4." in ingested.problems["action"][0], len(errors)] == [True, 2]


def test_blank_rows_are_skipped_and_numbers_stay_those_of_excel(tmp_path):
    rows = ["2020,027000,СОО,9,0", ",,,,", "", "2020,270001,ООО,20,1"]
    ingested = take(build_raw(tmp_path, certificates=rows))
    assert ingested.tables["certificates"]["source_row"].tolist() == [2, 5]
    assert ingested.files.set_index("file").loc["certificates.csv", "rows"] == 2


def test_unused_column_is_a_warning(tmp_path):
    raw = build_raw(tmp_path)
    build_table(raw, "certificates", "2020,027000,СОО,9,0,да", heading=HEADINGS["certificates"] + ",Примечание")
    ingested = take(raw)
    assert [warning[2] for warning in list_warnings(ingested)] == ["Примечание"]
    assert len(ingested.tables["certificates"]) == 1


def test_missing_column_names_the_nearest_heading(tmp_path):
    raw = build_raw(tmp_path)
    build_table(raw, "certificates", "2020,027000,СОО,9,0", heading="Год,Код ОО,Уровень,Выпускники,Без аттестата")
    ingested = take(raw)
    assert [error[:3] for error in list_errors(ingested)] == [("certificates.csv", 1, "Выпускников")]
    assert "«Выпускники»" in ingested.problems["action"].iloc[0]


def test_doubled_heading_is_an_error(tmp_path):
    raw = build_raw(tmp_path)
    build_table(raw, "certificates", "2020,027000,СОО,9,0,8", heading=HEADINGS["certificates"] + ",выпускников ")
    assert [error[2] for error in list_errors(take(raw))] == ["Выпускников, выпускников"]


def test_headings_are_matched_without_case_spaces_and_yo(tmp_path):
    raw = build_raw(tmp_path)
    heading = HEADINGS["social"].replace("учёте", "УЧЕТЕ").replace("Код ОО", "\ufeff код\u00a0 оо")
    build_table(raw, "social", heading=heading)
    assert take(raw).problems.empty


def test_cells_beyond_the_header_are_an_error_in_csv(tmp_path):
    rows = ["2020,027000,ЕГЭ,русский язык,11,9,,,,,1,0,45,13"]
    errors = list_errors(take(build_raw(tmp_path, results=rows)))
    assert [(error[1], error[3]) for error in errors] == [(2, "13")]


def test_absent_files_are_named_and_programme_is_not(tmp_path):
    build_table(tmp_path, "schools")
    errors = list_errors(take(tmp_path))
    assert sorted(error[0] for error in errors) == ["certificates.csv", "results.csv", "social.csv"]


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"\xef\xbb\xbf", b" , \r\n"])
def test_empty_file_is_one_named_error(tmp_path, content):
    raw = build_raw(tmp_path)
    (raw / "certificates.csv").write_bytes(content)
    assert list_errors(take(raw)) == [("certificates.csv", None, "", "", "файл пуст")]


def test_file_without_rows_is_an_error(tmp_path):
    raw = build_raw(tmp_path)
    write_csv(raw / "schools.csv", [HEADINGS["schools"]])
    assert [error[0] for error in list_errors(take(raw))] == ["schools.csv"]


def test_text_without_header_is_one_error(tmp_path):
    raw = build_raw(tmp_path)
    write_csv(raw / "results.csv", ["просто текст", "без таблицы"])
    errors = list_errors(take(raw))
    assert [error[0] for error in errors] == ["results.csv"]
    assert "строка заголовков" in errors[0][4]


def test_two_files_for_one_table_are_both_refused(tmp_path):
    raw = build_raw(tmp_path)
    shutil.copy(raw / "results.csv", raw / "results.xlsx")
    write_workbook(raw / "results.xlsx", split(HEADINGS["results"], *ROWS["results"]))
    ingested = take(raw)
    assert {error[0] for error in list_errors(ingested)} == {"results.csv", "results.xlsx"}
    assert ingested.tables["results"].empty


def test_unknown_file_is_a_warning_and_service_files_are_not(tmp_path):
    raw = build_raw(tmp_path)
    for name in [".keep", "~$schools.xlsx", "README.md", "region.yml", "отчет.docx"]:
        (raw / name).write_text("x", encoding="utf-8")
    build_table(raw / "_архив", "schools")
    ingested = take(raw)
    assert [warning[0] for warning in list_warnings(ingested)] == ["отчет.docx"]
    assert get_status(ingested)["отчет.docx"] == "не узнан"


def write_social(raw: Path, name: str, *rows: str) -> Path:
    return write_workbook(raw / "social" / name, split(HEADINGS["social"], *rows))


def test_wrong_workbook_of_one_municipality_keeps_only_it_out(tmp_path):
    raw = build_raw(tmp_path)
    (raw / "social.csv").unlink()
    write_social(raw, "Район 1.xlsx", ROWS["social"][0])
    write_social(raw, "Район 2.xlsx", ROWS["social"][1].replace("300", "много"))
    ingested = take(raw)
    assert [error[:4] for error in list_errors(ingested)] == [("social/Район 2.xlsx", 2, "Всего обучающихся", "много")]
    assert ingested.problems["sheet"].tolist() == ["Форма"]
    assert ingested.tables["social"]["source_file"].tolist() == ["social/Район 1.xlsx"]


def test_doubled_row_between_workbooks_is_the_later_one_s_error(tmp_path):
    raw = build_raw(tmp_path)
    (raw / "social.csv").unlink()
    write_social(raw, "А.xlsx", ROWS["social"][0])
    write_social(raw, "Б.xlsx", ROWS["social"][1], ROWS["social"][0])
    ingested = take(raw)
    assert [error[:2] for error in list_errors(ingested)] == [("social/Б.xlsx", 3)]
    assert "«social/А.xlsx», строка 2" in ingested.problems["action"].iloc[0]
    assert get_status(ingested)["social/А.xlsx"] == "принят"


def test_cells_of_workbook_that_are_no_numbers_are_named(tmp_path):
    raw = build_raw(tmp_path)
    (raw / "certificates.csv").unlink()
    rows = [[2020, "027000", "СОО", datetime(2021, 5, 3), 0], [2020, "270001", "ООО", "#N/A", "=1+1"]]
    write_workbook(raw / "certificates.xlsx", [*split(HEADINGS["certificates"]), *rows])
    errors = list_errors(take(raw))
    assert [(error[1], error[2], error[3]) for error in errors] == [
        (2, "Выпускников", "03.05.2021"),
        (3, "Выпускников", "#N/A"),
        (3, "Без аттестата", "=1+1"),
    ]
    assert [error[4].split(", ", 1)[1] for error in errors] == [
        "а не дата",
        "а не ошибка формулы",
        "а не формула без значения",
    ]


def test_possible_but_odd_is_a_warning(tmp_path):
    results = [
        "2020,270001,ОГЭ,математика,9,20,2,8,6,3,,,",
        "2020,027000,ЕГЭ,русский язык,11,,,,,,,,45",
        "2020,027000,ЕГЭ,математика (базовая),11,0,,,,,,,4",
    ]
    schools = [ROWS["schools"][0].replace("средняя", ""), ROWS["schools"][1]]
    ingested = take(build_raw(tmp_path, results=results, schools=schools))
    assert not list_errors(ingested)
    assert [(warning[0], warning[1], warning[3]) for warning in list_warnings(ingested)] == [
        ("results.csv", 2, "2 + 8 + 6 + 3 из 20"),
        ("results.csv", 3, ""),
        ("results.csv", 4, "4"),
        ("schools.csv", 2, ""),
    ]


def test_flood_is_cut_and_counted():
    flood = [Problem(Severity.ERROR, "a.csv", "ожидалось число", "Исправьте.", row=row) for row in range(2, 25)]
    other = Problem(Severity.WARNING, "a.csv", "ожидалось число", "Исправьте.", row=2)
    limited = limit_problems([*flood, other])
    assert limited[:20] == flood[:20]
    assert limited[20].row is None
    assert "и ещё 3\u00a0замечания" in limited[20].expected
    assert limited[21:] == [other]
    assert limit_problems(flood[:20]) == flood[:20]


def test_programme_codes_are_checked_in_any_year(tmp_path):
    raw = build_raw(tmp_path)
    build_table(raw, "programme", "27000,500+,2021,,270001,", "999,500+,2021,,,Иванова")
    assert [(error[1], error[3]) for error in list_errors(take(raw))] == [(3, "999")]
    build_table(raw, "programme", "27000,500+,2021,,270001,")
    programme = take(raw).tables["programme"]
    assert programme[["school_id", "partner_id"]].to_numpy().tolist() == [["027000", "270001"]]


def test_nothing_in_raw_is_changed_and_written_tables_come_back(tmp_path):
    raw = build_raw(tmp_path / "raw")
    before = {path.name: path.read_bytes() for path in raw.iterdir()}
    ingested = take(raw)
    write_ingested(ingested, tmp_path / "processed")
    assert {path.name: path.read_bytes() for path in raw.iterdir()} == before
    tables = read_contract(tmp_path / "processed")
    for name, table in ingested.tables.items():
        pd.testing.assert_frame_equal(tables[name], table)
    assert (tmp_path / "processed" / "contract" / "files.parquet").is_file()
    assert (tmp_path / "processed" / "contract" / "problems.parquet").is_file()


def test_missing_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="Нет папки"):
        take(tmp_path / "нет")


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="нет папки ../shared/golden/region40")
def test_golden_region_comes_in_without_problems():
    ingested = take(GOLDEN)
    assert list_errors(ingested) == []
    assert {name: len(table) for name, table in ingested.tables.items()} == {
        "schools": 158,
        "results": 1686,
        "certificates": 265,
        "social": 158,
        "programme": 0,
        "journal": 0,
        "scores": 0,
        "marked": 0,
        "tasks": 0,
        "targets_fact": 0,
        "roadmap": 0,
        "partners": 0,
        "official": 0,
        "proposal": 0,
        "monitoring": 0,
        "stages": 0,
        "management": 0,
        "teachers": 0,
        "context": 0,
        "conditions": 0,
    }
    assert ingested.tables["schools"]["school_id"].str.startswith("0").any()


def test_a_wrong_layout_stands_among_the_problems(tmp_path):
    (tmp_path / "layouts").mkdir()
    (tmp_path / "layouts/x.yml").write_text("layouts: 3\n", encoding="utf-8")
    with pytest.raises(ConfigurationError):
        open_layouts(tmp_path / "layouts", tmp_path)
    (told,) = read_table(tmp_path / "contract", "problems")["message"]
    assert "x.yml" in told
