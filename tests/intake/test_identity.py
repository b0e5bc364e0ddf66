import pandas as pd
import pytest
from builders_office import save_book, take
from builders_raw import ROWS, build_raw, write_csv
from openpyxl import load_workbook

from effschool.intake.identity import add_known_codes
from effschool.intake.reading import Grid
from effschool.intake.succession import load_successions
from effschool.report.sections.stages import write_doubtful

UPPER = ["Муниципалитет", "Код ОО", "ОО", "Русский язык", "", "", ""]
LOWER = ["", "", "", "Количество участников", "Средний балл", "Ниже минимума", "80 и выше"]
REGISTER = [
    "2020,027000,МБОУ СОШ № 1 п. Янтарный,Яшмовский район,средняя,село,130,",
    "2020,270001,МБОУ СОШ № 2 п. Янтарный,Яшмовский район,средняя,село,300,",
]
SUCCESSIONS = "Код прежний;Код новый;Дата;Событие;Продолжает;Основание"


def save_wide(raw, *schools: tuple[str, str]):
    rows = [["Яшмовский район", code, name, 9, 60, 1, 2] for code, name in schools]
    return save_book(raw / "ЕГЭ 2020.xlsx", {"Лист": [["ЕГЭ 2020"], UPPER, LOWER, *rows]})


def build(tmp_path, **changed):
    results = ["2020,270001,ОГЭ,математика,9,20,2,8,6,4,,,"]
    return build_raw(tmp_path / "raw", schools=REGISTER, results=results, **changed)


def list_errors(ingested) -> list[str]:
    return ingested.problems.loc[ingested.problems["severity"] == "ошибка", "message"].tolist()


def test_school_without_a_code_is_found_by_its_name(tmp_path):
    raw = build(tmp_path)
    save_wide(raw, ("", "Муниципальное бюджетное общеобразовательное учреждение СОШ №1 п.Янтарный"), ("270001", "иное"))
    ingested = take(raw)
    assert not list_errors(ingested)
    results = ingested.tables["results"]
    assert sorted(results.loc[results["procedure"] == "ЕГЭ", "school_id"]) == ["027000", "270001"]


def test_doubtful_name_is_asked_and_the_answer_is_taken(tmp_path):
    raw = build(tmp_path)
    save_wide(raw, ("", "Школа № 1"))
    ingested = take(raw)
    (error,) = list_errors(ingested)
    assert "стоит «Школа № 1, Яшмовский район»" in error
    assert "ЕГЭ 2020.xlsx" in ingested.files.loc[ingested.files["status"] == "не принят", "file"].tolist()
    write_doubtful(ingested.doubtful, tmp_path / "processed")
    path = tmp_path / "processed" / "names_to_confirm.xlsx"
    if not path.is_file():
        pytest.fail("спросить нечего, а строка не принята: имя должно быть сомнительным")
    book = load_workbook(path)
    sheet = book.worksheets[0]
    for row in sheet.iter_rows(min_row=2):
        if "027000" in [cell.value for cell in row]:
            row[-1].value = "да"
    book.save(raw / "names_confirmed.xlsx")
    assert not list_errors(take(raw))


def test_name_of_nobody_is_an_error_that_asks_for_the_code(tmp_path):
    raw = build(tmp_path)
    save_wide(raw, ("", "Гимназия имени Никого"))
    (error,) = list_errors(take(raw))
    assert "Впишите код школы" in error


def test_school_keeps_its_id_over_a_change_of_code(tmp_path):
    schools = ["2019,027000,Школа А,Район 1,средняя,село,130,", "2020,027099,Школа А,Район 1,средняя,село,130,"]
    results = ["2019,027000,ОГЭ,математика,9,20,2,8,6,4,,,", "2020,027000,ОГЭ,математика,9,10,2,2,2,4,,,"]
    other = {name: [ROWS[name][0].replace("2020", "2019")] for name in ("certificates", "social")}
    raw = build_raw(tmp_path / "raw", schools=schools, results=results, **other)
    assert "такого кода нет в реестре школ за 2020 год" in list_errors(take(raw))[0]
    write_csv(raw / "successions.csv", [SUCCESSIONS, "027000;027099;15.02.2020;смена кода;да;приказ"])
    ingested = take(raw)
    assert not list_errors(ingested)
    for name in ("schools", "results", "certificates", "social"):
        assert set(ingested.tables[name]["school_id"]) == {"027099"}, name
    assert set(ingested.renamed["code"]) == {"027000"}


def test_correction_is_applied_and_listed(tmp_path):
    raw = build(tmp_path)
    entry = (
        "corrections:\n- table: results\n  year: 2020\n  school_id: '270001'\n  procedure: ОГЭ\n  subject: математика\n"
        "  grade: 9\n  column: Отметка 2\n  old: {old}\n  new: 1\n  reason: обращение\n  who: ОМСУ\n"
        "  date: 2020-09-01\n  status: принято\n"
    )
    (raw / "corrections.yml").write_text(entry.format(old=2), encoding="utf-8")
    ingested = take(raw)
    assert not list_errors(ingested)
    assert ingested.tables["results"]["mark_2"].tolist() == [1]
    assert "исправлено" in ingested.tables["results"]["source_note"].iloc[0]
    assert ingested.corrections["outcome"].tolist() == ["внесено"]
    (raw / "corrections.yml").write_text(entry.format(old=3), encoding="utf-8")
    ingested = take(raw)
    assert len(list_errors(ingested)) == 1
    assert ingested.tables["results"]["mark_2"].tolist() == [2]


def test_broken_table_of_successions_is_an_error_and_no_traceback(tmp_path):
    raw = build(tmp_path)
    (raw / "successions.xlsx").write_bytes(b"PK\x03\x04")
    assert "successions.xlsx" in list_errors(take(raw))[0]


def test_files_of_rules_under_a_wrong_name_are_told(tmp_path):
    raw = build(tmp_path)
    for name in ("corrections.yml.txt", "successions (1).csv"):
        (raw / name).write_text("x", encoding="utf-8")
    (raw / "successions.csv").write_text(SUCCESSIONS, encoding="utf-8")
    (raw / "successions.xlsx").write_bytes(b"x")
    problems = take(raw).problems
    assert {"corrections.yml.txt", "successions (1).csv", "successions.xlsx"} <= set(problems["file"])


def test_codes_of_one_school_are_known_and_those_of_others_are_not():
    rows = [SUCCESSIONS.split(";"), ["01", "02", "15.02.2020", "смена кода", "да", "приказ"]]
    successions, problems = load_successions(Grid("successions", "", pd.DataFrame(rows, dtype="str")))
    assert not problems
    register = pd.DataFrame({"year": [2019, 2021], "school_id": ["01", "02"]}).astype({"year": "Int64"})
    known = add_known_codes(register, successions)
    assert set(known.itertuples(index=False, name=None)) == {(2019, "01"), (2019, "02"), (2021, "02"), (2021, "01")}
