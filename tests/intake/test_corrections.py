"""Corrections with a guard: what they change, what they refuse, how they are shown. Schools are invented."""

import pandas as pd
import pytest
from builders import exam, result, school, tables
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from effschool.base.configuration import ConfigurationError
from effschool.base.schemas import CONTRACT
from effschool.intake.corrections import apply_corrections, list_headings, load_corrections
from effschool.intake.layouts import load_layouts
from effschool.report.sections.corrections import tabulate_corrections

HEADINGS = list_headings(load_layouts(ROOT / "layouts"))
ENTRY = {
    "table": "results",
    "year": "2023",
    "school_id": "'01'",
    "procedure": "ОГЭ",
    "subject": "математика",
    "column": "Отметка 2",
    "old": "12",
    "new": "11",
    "reason": "обращение школы",
    "who": "ОМСУ Яшмовского района",
    "date": "2023-09-12",
    "status": "принято",
}
ROWS = [
    result("01", 2023, (12, 5, 5, 5), subject="математика", source_file="oge.xlsx", source_sheet="Форма", source_row=7),
    result("01", 2023, (1, 2, 3, 4), source_row=8),
    result("02", 2023, (1, 2, 3, 4), subject="математика", source_row=9),
]


def write(folder, *entries):
    """A file of entries: each is `ENTRY` with keys changed; None leaves a key out."""
    lines = ["corrections:"] if entries else ["corrections: []"]
    for changes in entries:
        kept = {key: value for key, value in (ENTRY | changes).items() if value is not None}
        lines += [f"  {'-' if place == 0 else ' '} {key}: {kept[key]}" for place, key in enumerate(kept)]
    path = folder / "corrections.yml"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


def load(folder, *entries):
    return load_corrections(write(folder, *entries), HEADINGS)


def correct(folder, *entries, rows=ROWS, **other):
    return apply_corrections(tables(results=rows, **other), load(folder, *entries), HEADINGS)


def test_a_correction_changes_one_cell_and_is_recorded_with_its_source(tmp_path):
    found, applied, problems = correct(tmp_path, {})
    assert problems == []
    assert found["results"]["mark_2"].tolist() == [11, 1, 1]
    before = tables(results=ROWS)["results"]
    own = ["mark_2", "source_note"]
    pd.testing.assert_frame_equal(found["results"].drop(columns=own), before.drop(columns=own))
    assert found["results"]["source_note"].notna().tolist() == [True, False, False]
    CONTRACT["results"].validate(found["results"])
    assert applied.iloc[0].to_dict() == {
        "entry": 1,
        "table": "results",
        "year": 2023,
        "school_id": "01",
        "what": "ОГЭ, математика, Отметка 2",
        "old": "12",
        "new": "11",
        "reason": "обращение школы",
        "who": "ОМСУ Яшмовского района",
        "date": "12.09.2023",
        "status": "принято",
        "outcome": "внесено",
        "source_file": "oge.xlsx",
        "source_sheet": "Форма",
        "source_row": 7,
    }


def test_the_row_says_what_was_corrected(tmp_path):
    given_rows = tables(results=ROWS)
    noted = given_rows["results"].assign(source_note=pd.Series(["было", None, None], dtype="str"))
    entries = load(tmp_path, {}, {"old": "11", "new": "null"}, {"subject": "русский язык", "old": "1", "new": "0"})
    found, _, problems = apply_corrections(given_rows | {"results": noted}, entries, HEADINGS)
    assert problems == []
    notes = found["results"]["source_note"]
    assert notes[0] == (
        "было; исправлено: было 12, стало 11 (corrections.yml, запись 1); "
        "исправлено: было 11, стало пусто (corrections.yml, запись 2)"
    )
    assert notes[1] == "исправлено: было 1, стало 0 (corrections.yml, запись 3)"
    assert pd.isna(notes[2])
    assert pd.isna(found["results"]["mark_2"][0])


def test_the_english_name_and_a_blank_old_value_will_do(tmp_path):
    found, _, problems = correct(tmp_path, {"column": "mean_score", "old": "null", "new": "3.75"})
    assert problems == []
    assert found["results"]["mean_score"].tolist()[0] == 3.75
    other = {"table": "schools", "procedure": None, "subject": None, "column": "Наименование"}
    text = {"old": "Школа 01", "new": "'СОШ № 1'"}
    found, applied, problems = correct(tmp_path, other | text, schools=[school("01", 2023)])
    assert problems == []
    assert found["schools"]["name"].tolist() == ["СОШ № 1"]
    assert applied["what"].tolist() == ["Наименование"]


def test_only_what_is_accepted_is_applied(tmp_path):
    found, applied, problems = correct(tmp_path, {"status": "отклонено"}, {"status": "на рассмотрении", "old": "99"})
    assert problems == []
    pd.testing.assert_frame_equal(found["results"], tables(results=ROWS)["results"])
    assert applied["outcome"].tolist() == ["не вносилось"] * 2
    assert applied["source_file"].isna().all()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"old": "13"}, "прежнее значение записано как «13», а стоит «12»"),
        ({"old": "13"}, "файл «oge.xlsx», лист «Форма», строка 7"),
        ({"old": "null"}, "записано как «пусто», а стоит «12»"),
        ({"column": "Ниже порога"}, "записано как «12», а стоит «пусто»"),
        ({"column": "Предмет", "old": "физика", "new": "химия"}, "записано как «физика», а стоит «математика»"),
        ({"column": "mean_score", "old": "3.7512", "new": "4"}, "записано как «3,7512», а стоит «пусто»"),
        ({"year": "2022"}, "такой строки в таблице нет"),
        ({"school_id": "'1'"}, "запись 1: results, 2023 год, школа 1, ОГЭ, математика"),
        ({"row": "8"}, "такой строки в таблице нет"),
        ({"new": "40"}, "после исправления нарушено правило: отметок вместе больше, чем участников"),
        ({"new": "-1"}, "ожидалось число участников или обучающихся не меньше нуля"),
        ({"column": "Предмет", "old": "математика", "new": "русский язык"}, "ожидалась одна строка с таким ключом"),
    ],
)
def test_an_entry_that_does_not_fit_is_an_error_and_changes_nothing(tmp_path, changes, text):
    found, applied, (problem,) = correct(tmp_path, changes)
    assert text in problem.message
    assert problem.message.startswith("Файл «corrections.yml»")
    pd.testing.assert_frame_equal(found["results"], tables(results=ROWS)["results"])
    assert applied["outcome"].tolist() == ["не внесено"]


def test_a_row_without_a_grade_is_not_that_of_grade_9(tmp_path):
    blank, ninth = (result("01", 2023, (12, 5, 5, 5), subject="математика", grade=grade) for grade in (None, 9))
    for rows in ([blank, ninth | {"source_row": 3}], [ninth | {"source_row": 3}, blank]):
        found, applied, problems = correct(tmp_path, {"grade": "9"}, rows=rows)
        assert problems == []
        assert applied["source_row"].tolist() == [3]
        changed = found["results"].set_index("source_row")["mark_2"]
        assert changed.to_dict() == {2: 12, 3: 11}
    found, _, (problem,) = correct(tmp_path, {"grade": "9"}, rows=[blank])
    assert "такой строки в таблице нет" in problem.expected
    assert found["results"]["mark_2"].tolist() == [12]
    found, _, (problem,) = correct(tmp_path, {}, rows=[blank, ninth])
    assert "ожидалась одна строка, а подходят 2" in problem.expected
    assert found["results"]["mark_2"].tolist() == [12, 12]


def test_several_rows_are_named_until_the_grade_or_the_row_says_which(tmp_path):
    rows = [exam(grade=grade, procedure="ВПР", source_row=grade) for grade in (5, 6)]
    entry = {"year": "2020", "procedure": "ВПР", "subject": "русский язык", "column": "participants", "old": "10"}
    _, _, (problem,) = correct(tmp_path, entry, rows=rows)
    assert "ожидалась одна строка, а подходят 2" in problem.message
    assert "файл «test.csv», строка 5; файл «test.csv», строка 6" in problem.message
    for choice in ({"grade": "6"}, {"row": "6"}):
        found, applied, problems = correct(tmp_path, entry | choice, rows=rows)
        assert problems == []
        assert found["results"]["participants"].tolist() == [10, 11]
        assert applied["source_row"].tolist() == [6]


def test_a_doubled_row_is_deleted_where_the_old_value_stands(tmp_path):
    rows = [*ROWS, ROWS[2] | {"source_row": 12}]
    entry = {"school_id": "'02'", "action": "удалить строку", "old": "1", "new": None}
    found, applied, problems = correct(tmp_path, entry | {"row": "12"}, rows=rows)
    assert problems == []
    assert found["results"]["source_row"].tolist() == [7, 8, 9]
    assert applied["new"].tolist() == ["строка удалена"]
    CONTRACT["results"].validate(found["results"])
    found, _, (problem,) = correct(tmp_path, entry | {"row": "12", "old": "2"}, rows=rows)
    assert "а стоит «1»" in problem.message
    assert len(found["results"]) == 4
    _, _, (problem,) = correct(tmp_path, entry, rows=rows)
    assert "подходят 2" in problem.message


def test_entries_of_one_row_stand_or_fall_together_and_others_stay(tmp_path):
    both = [{"new": "15"}, {"column": "participants", "old": "27", "new": "30"}]
    found, _, problems = correct(tmp_path, *both)
    assert problems == []
    assert found["results"]["participants"].tolist()[0] == 30
    other = {"school_id": "'02'", "old": "1", "new": "0"}
    found, applied, problems = correct(tmp_path, both[0], other, {"column": "participants", "old": "27", "new": "20"})
    assert [problem.value.split(":")[0] for problem in problems] == ["запись 1", "запись 3"]
    assert found["results"]["mark_2"].tolist() == [12, 1, 0]
    assert applied["outcome"].tolist() == ["не внесено", "внесено", "не внесено"]


def test_rows_that_no_entry_names_are_not_this_modules_matter(tmp_path):
    found, _, problems = correct(tmp_path, {}, rows=[*ROWS, ROWS[2]])
    assert problems == []
    assert found["results"]["mark_2"].tolist() == [11, 1, 1, 1]


def test_refusing_one_entry_refuses_those_that_needed_it(tmp_path):
    to_01 = {"school_id": "'02'", "column": "school_id", "old": "'02'", "new": "'01'"}
    to_03 = {"column": "school_id", "old": "'01'", "new": "'03'"}
    found, _, problems = correct(tmp_path, to_01, to_03 | {"row": "7"})
    assert problems == []
    assert found["results"]["school_id"].tolist() == ["03", "01", "01"]
    spoilt = {"school_id": "'03'", "new": "99"}
    found, _, problems = correct(tmp_path, to_01, to_03 | {"row": "7"}, spoilt)
    assert len(problems) == 3
    pd.testing.assert_frame_equal(found["results"], tables(results=ROWS)["results"])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"column": "Отметка 1"},
            "строка 7, ключ «corrections[1].column»: стоит «Отметка 1», ожидался русский заголовок",
        ),
        ({"column": "source_row"}, "ожидался русский заголовок или имя столбца таблицы «results»"),
        ({"new": "одиннадцать"}, "ключ «corrections[1].new»: стоит «одиннадцать», ожидалось целое число"),
        ({"new": "11.5"}, "ожидалось целое число"),
        ({"new": "true"}, "ожидалось число, текст или null"),
        ({"old": "[1]"}, "ожидалось число, текст или null"),
        ({"old": None}, "ключ «corrections[1].old»: ключа нет, а он обязателен"),
        ({"new": None}, "ожидался ключ new"),
        ({"action": "удалить строку"}, "при удалении строки нового значения нет"),
        ({"column": "procedure", "old": "ОГЭ", "new": "null"}, "столбец пустым быть не может"),
        ({"school_id": "270001"}, "ожидался текст (число возьмите в кавычки)"),
        ({"status": "решено"}, "ожидалось одно из значений: «принято», «отклонено», «на рассмотрении»"),
        ({"date": "12 сентября"}, "ожидалась дата вида «2026-05-31»"),
        ({"level": "ООО"}, "у таблицы «results» такого ключа нет"),
        ({"subject": None}, "для таблицы «results» ожидался ключ subject"),
        ({"reason": "''"}, "ожидался непустой текст"),
        ({"table": "marks"}, "ключ «corrections[1].table»: стоит «marks»"),
        ({"why": "1"}, "такого ключа нет; допустимы: table"),
    ],
)
def test_faults_of_the_file_are_named_with_line_and_key(tmp_path, changes, text):
    with pytest.raises(ConfigurationError) as error:
        load(tmp_path, changes)
    assert text in str(error.value)
    assert "Файл «corrections.yml», строка " in str(error.value)


def test_the_example_of_the_docs_is_right(tmp_path):
    text = (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
    (example,) = (block for block in text.split("```yaml\n")[1:] if block.startswith("corrections:"))
    path = tmp_path / "corrections.yml"
    path.write_text(example.partition("```")[0], encoding="utf-8")
    (correction,) = load_corrections(path, HEADINGS)
    assert (correction.column, correction.old, correction.new) == ("mark_2", 12, 11)


def test_no_file_and_no_entries_change_nothing(tmp_path):
    assert load_corrections(tmp_path / "corrections.yml", HEADINGS) == ()
    assert load(tmp_path) == ()
    found, applied, problems = apply_corrections(tables(results=ROWS), ())
    assert problems == []
    assert applied.empty
    for name, rows in tables(results=ROWS).items():
        pd.testing.assert_frame_equal(found[name], rows)


def test_a_report_lists_the_corrections_of_its_municipality_and_years(tmp_path):
    schools = [school("01", 2023, name="СОШ № 1", municipality="Яшмовский"), school("01", 2024, municipality="Иной")]
    entries = [{}, {"status": "отклонено"}, {"old": "99"}, {"school_id": "'77'"}]
    _, applied, _ = correct(tmp_path, *entries, schools=schools)
    register = tables(schools=schools)["schools"]
    shown = tabulate_corrections(applied, register, 2023, [2021, 2022, 2023], "Яшмовский")
    assert shown.frame["Школа"].tolist() == ["СОШ № 1"] * 3
    assert sorted(shown.frame["Решение"]) == ["отклонено", "принято", "принято, но не внесено: см. замечания"]
    source = shown.frame.set_index("Решение")["Источник"]
    assert source["принято"] == "файл «oge.xlsx», лист «Форма», строка 7"
    assert source["отклонено"] == "—"
    assert "ОГЭ, математика, Отметка 2" in shown.render_body()
    assert tabulate_corrections(applied, register, 2024, [2022, 2023, 2024], "Яшмовский").frame.empty
    assert len(tabulate_corrections(applied, register, 2024, [2022, 2023, 2024]).frame) == 4
    assert tabulate_corrections(applied, register, 2024, [2024]).frame.empty


@given(st.permutations(ROWS))
def test_order_of_rows_changes_nothing_and_inputs_stay(tmp_path_factory, rows):
    entries = [{}, {"school_id": "'02'", "old": "1", "new": "0"}]
    corrections = load(tmp_path_factory.mktemp("corrections"), *entries)
    inputs = tables(results=rows)
    before = inputs["results"].copy(deep=True)
    found, applied, _ = apply_corrections(inputs, corrections)
    pd.testing.assert_frame_equal(inputs["results"], before)
    expected, other, _ = apply_corrections(tables(results=ROWS), corrections)
    first = found["results"].sort_values("source_row").reset_index(drop=True)
    pd.testing.assert_frame_equal(first, expected["results"])
    pd.testing.assert_frame_equal(applied, other)


@pytest.mark.parametrize(("old", "is_taken"), [("3.75", True), ("3.7", False), ("3.7501", False)])
def test_old_mean_has_to_be_that_of_the_file(tmp_path, old, is_taken):
    rows = [ROWS[0] | {"mean_score": 3.75}]
    found, _, problems = correct(tmp_path, {"column": "mean_score", "old": old, "new": "4"}, rows=rows)
    assert found["results"]["mean_score"].tolist() == [4.0 if is_taken else 3.75]
    assert bool(problems) != is_taken
