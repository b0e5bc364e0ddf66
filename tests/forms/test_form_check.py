import pytest
from builders import certificate, change_rules, condition, school
from builders_forms import NORTH, SOCIAL, SOUTH, build_returned, build_tables, list_schools, load_municipal
from builders_raw import LAYOUTS

from effschool.base.problems import Severity
from effschool.base.schemas import SOCIAL_COUNTS
from effschool.forms.books import list_rows
from effschool.forms.check import (
    BROKEN,
    EMPTY,
    REMARKS,
    TAKEN,
    UNSENT,
    SentBook,
    assign_files,
    check_forms,
    choose_schools,
    describe_loss,
    find_unfilled,
    trace_missing,
)
from effschool.forms.protocol import open_case
from effschool.intake.ingest import ingest_folder
from effschool.intake.layouts import load_layouts

HEADINGS = [column.heading for column in load_municipal().sheets[0].columns]


def check(raw, methodology, year=None):
    rules = (load_municipal(), methodology)
    return check_forms(open_case(raw, ingest_folder(raw, LAYOUTS), load_layouts(LAYOUTS), rules, year))


def judge(raw, methodology):
    return {verdict.municipality: verdict for verdict in check(raw, methodology).verdicts}


def test_right_forms_are_taken_and_nothing_is_asked(tmp_path, methodology):
    checked = check(build_returned(tmp_path), methodology)
    assert checked.year == 2021
    assert [verdict.state for verdict in checked.verdicts] == [TAKEN, TAKEN]
    assert not checked.is_blocked
    assert [verdict.filled for verdict in checked.verdicts] == [6, 3]


def test_unsent_form_blocks_and_is_told_apart_from_an_empty_one(tmp_path, methodology):
    raw = build_returned(tmp_path, {(SOCIAL, place, heading): None for place in (0, 1) for heading in HEADINGS})
    (raw / "forms" / "iuzhnyi-raion.xlsx").unlink()
    checked = check(raw, methodology)
    assert {verdict.municipality: verdict.state for verdict in checked.verdicts} == {NORTH: EMPTY, SOUTH: UNSENT}
    assert checked.is_blocked


def test_blank_row_with_a_reason_is_an_answer(tmp_path, methodology):
    changed = {(SOCIAL, place, heading): None for place in (0, 1) for heading in HEADINGS}
    changed |= {(SOCIAL, place, "Почему нет данных"): "сведения не собирались" for place in (0, 1)}
    verdict = judge(build_returned(tmp_path, changed), methodology)[NORTH]
    assert verdict.state == REMARKS
    assert set(verdict.missing["reason"]) == {"сведения не собирались"}


def test_form_with_an_error_is_refused_and_its_schools_are_not_called_absent(tmp_path, methodology):
    verdicts = judge(build_returned(tmp_path, {(SOCIAL, 0, "Неполная семья"): 999}), methodology)
    assert (verdicts[NORTH].state, verdicts[SOUTH].state) == (BROKEN, TAKEN)
    assert verdicts[NORTH].refused == verdicts[NORTH].files
    assert verdicts[NORTH].missing["is_sent"].all()
    assert check(tmp_path, methodology).others.empty
    assert set(verdicts[NORTH].missing["school_id"]) == {"001", "002"}


def test_school_absent_from_the_form_is_named(tmp_path, methodology):
    blank = {(SOCIAL, 1, heading): None for heading in ("Код ОО", "Год", "Школа (справочно)", *HEADINGS)}
    verdict = judge(build_returned(tmp_path, blank), methodology)[NORTH]
    (row,) = verdict.missing.to_dict("records")
    assert (row["school_id"], row["is_blank"], row["is_sent"]) == ("002", True, False)


def test_school_of_another_municipality_is_an_error_without_its_name(tmp_path, methodology):
    raw = build_returned(tmp_path, {(SOCIAL, 1, "Код ОО"): "003"}, s003="Тайная школа")
    (raw / "forms" / "iuzhnyi-raion.xlsx").unlink()
    verdict = judge(raw, methodology)[NORTH]
    (message,) = verdict.problems["message"]
    assert "стоит «003»" in message
    assert "Тайная" not in message
    assert verdict.state == BROKEN


def test_school_that_the_register_lacks_is_an_error(tmp_path, methodology):
    verdict = judge(build_returned(tmp_path, {(SOCIAL, 1, "Код ОО"): "777"}), methodology)[NORTH]
    assert any("777" in text and "нет в реестре" in text for text in verdict.problems["message"])
    assert verdict.state == BROKEN


def test_other_files_problems_belong_to_nobody(tmp_path, methodology):
    raw = build_returned(tmp_path)
    (raw / "results.csv").write_text("Год\n2021\n", encoding="utf-8")
    checked = check(raw, methodology)
    assert set(checked.others["file"]) == {"results.csv"}
    assert all(verdict.problems.empty for verdict in checked.verdicts)
    assert checked.is_blocked


def test_year_that_the_register_lacks_is_refused_with_advice():
    with pytest.raises(ValueError, match=r"нет 2024 года \(есть: 2020\).*скопировать"):
        choose_schools(build_tables()["schools"], 2024)


def test_file_belongs_to_whom_most_schools_belong_else_to_its_name():
    schools = build_tables(schools=list_schools())["schools"]
    sent = {
        "a.xlsx": SentBook({"social": frozenset({"1", "2", "3"})}),
        "forms/Южный район.xlsx": SentBook(),
        "iuzhnyi-raion.xlsx": SentBook({"social": frozenset({"999"})}),
    }
    owners = assign_files([*sent, "прочее.xlsx"], sent, schools)
    assert owners == {
        "a.xlsx": NORTH,
        "forms/Южный район.xlsx": SOUTH,
        "iuzhnyi-raion.xlsx": SOUTH,
        "прочее.xlsx": "",
    }


def test_question_names_the_school(tmp_path, methodology):
    verdict = judge(build_returned(tmp_path, {(SOCIAL, 1, "Всего обучающихся"): 40}), methodology)[NORTH]
    # With 40 pupils in place of 100 the shares jump as well, each with a question of its own.
    (message,) = [text for text in verdict.implausible["message"] if "«Всего обучающихся»" in text]
    assert message.endswith("Школа: Школа 002, код 002.")
    assert "строка 7, столбец «Всего обучающихся»: стоит «40», а за 2020 год было 100" in message
    assert set(verdict.implausible["severity"]) == {Severity.QUESTION}
    assert verdict.state == REMARKS


def test_answered_question_is_not_asked_of_the_municipality(tmp_path, methodology):
    raw = build_returned(tmp_path, {(SOCIAL, 1, "Всего обучающихся"): 40})
    answer = (
        "{rule: pupils-jump, file: forms/severnyi-raion.xlsx, year: 2021, reason: объединили, who: я, date: 2021-10-01}"
    )
    (raw / "corrections.yml").write_text(f"checked:\n  - {answer}\n", encoding="utf-8")
    asked = judge(raw, methodology)[NORTH].implausible["message"]
    assert not asked.str.contains("«Всего обучающихся»").any()


def trace(methodology, social, certificates=None):
    form = load_municipal()
    known = build_tables(schools=[school("001", 2021)], social=social, certificates=certificates or [])
    found = []
    for sheet in form.sheets:
        if sheet.table == "social" or certificates is not None:
            rows = known[sheet.table]
            found.append(find_unfilled(sheet, list_rows(sheet, known["schools"], rows, 2021), rows))
    return [row for part in found for row in trace_missing(part, methodology).to_dict("records")]


def test_blank_cell_takes_the_indicators_that_need_it(methodology):
    (row,) = trace(methodology, [condition("001", 2021, deviant=None)])
    assert (row["domain"], row["indicators"], row["is_lost"]) == ("social", ["deviant"], False)


def test_blank_total_takes_all_indicators_and_the_index(methodology):
    (row,) = trace(methodology, [condition("001", 2021, pupils=None)])
    assert row["indicators"] == list(SOCIAL_COUNTS)
    assert row["is_lost"]


def test_missing_certificate_takes_the_indicator_of_its_level(methodology):
    (row,) = trace(methodology, [condition("001", 2021)], [certificate("001", 2021)])
    assert (row["domain"], row["indicators"], row["is_lost"]) == ("results", ["ege_no_certificate"], False)


@pytest.mark.parametrize(("blank", "is_lost"), [(5, False), (6, True)])
def test_index_is_lost_below_the_share_that_the_methodology_asks_for(methodology, blank, is_lost):
    (row,) = trace(methodology, [condition("001", 2021, **dict.fromkeys(SOCIAL_COUNTS[:blank]))])
    assert row["is_lost"] == is_lost
    (strict,) = trace(change_rules(methodology, "social", min_coverage=1.0), [condition("001", 2021, deviant=None)])
    assert strict["is_lost"]


def test_half_of_the_indicators_is_enough_where_half_is_asked_for(methodology):
    ten = methodology.domains["social"].indicators[:10]
    reduced = change_rules(methodology, "social", indicators=ten)
    (row,) = trace(reduced, [condition("001", 2021, **dict.fromkeys(SOCIAL_COUNTS[:5]))])
    assert (len(row["indicators"]), row["is_lost"]) == (5, False)


def test_school_that_takes_no_part_makes_nothing_uncertain(tmp_path, methodology):
    raw = build_returned(tmp_path, {(SOCIAL, place, "Неполная семья"): None for place in (0, 1)})
    register = raw / "schools.csv"
    text = register.read_text(encoding="utf-8").replace("район,средняя,город,100,", "район,средняя,город,100,ОВЗ", 4)
    register.write_text(text, encoding="utf-8")
    assert text.count("ОВЗ") == 4
    verdict = judge(raw, methodology)[NORTH]
    assert set(verdict.missing["school_id"]) == {"001", "002"}
    assert set(verdict.uncertain["school_id"]) == {"002"}


def test_sentence_names_the_lists_of_the_methodology_and_the_years(methodology):
    text = describe_loss("social", 11, True, methodology, 2021)
    assert "«ШНСУ», «благоприятные» и «нейтральные»" in text
    assert "«резильентные»" in text
    assert "2021, 2022 и 2023" in text
    assert "ШНРО" not in describe_loss("social", 1, False, methodology, 2021)
