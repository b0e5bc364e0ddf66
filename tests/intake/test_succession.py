"""Who is who over the years: renamed, merged, split, under another code. Schools and acts are invented."""

import pandas as pd
import pytest
from builders import condition, result, school, table, tables
from hypothesis import given
from hypothesis import strategies as st

from effschool.base.problems import Severity
from effschool.base.schemas import CONTRACT
from effschool.intake.reading import Grid
from effschool.intake.succession import COLUMNS, Successions, first_year, follow_successions, load_successions
from effschool.intake.workbooks import read_first_sheet

BASIS = "постановление № 7"


def cells(*rows):
    """Cells of the table: «1>2 01.09.2022 смена кода да»; «-» is a blank code."""
    lines = [list(COLUMNS.values())]
    for row in rows:
        codes, day, *event, continues = row.split()
        lines.append([*(code.strip("-") for code in codes.split(">")), day, " ".join(event), continues, BASIS])
    return pd.DataFrame(lines, index=range(1, len(lines) + 1), dtype="str")


def load_cells(frame):
    return load_successions(Grid("successions.csv", "", frame))


def load(*rows):
    made, problems = load_cells(cells(*rows))
    assert problems == []
    return made


def refuse(*rows):
    made, problems = load_cells(cells(*rows))
    assert made == Successions()
    assert {problem.severity for problem in problems} == {Severity.ERROR}
    return [problem.message for problem in problems]


def follow(successions, **rows):
    return follow_successions(tables(**rows), successions)


@pytest.mark.parametrize(("day", "year"), [("2022-08-31", 2022), ("2022-09-01", 2023), ("2022-01-10", 2022)])
def test_an_act_counts_from_the_first_of_september(day, year):
    assert first_year(pd.Timestamp(day).date()) == year


def test_history_follows_a_changed_code_and_keeps_where_rows_came_from():
    found = follow(
        load("1>2 01.09.2022 смена кода да", "2>3 01.09.2023 смена кода да"),
        schools=[school("1", 2022, source_row=5), school("2", 2023, source_row=6), school("3", 2024, source_row=7)],
    )
    rows, problems, log = found[0]["schools"], found[1], found[2]
    assert rows["school_id"].tolist() == ["3", "3", "3"]
    assert rows["source_row"].tolist() == [5, 6, 7]
    assert problems == []
    assert log[["table", "column", "year", "code", "school_id", "source_row"]].to_numpy().tolist() == [
        ["schools", "school_id", 2022, "1", "3", 5],
        ["schools", "school_id", 2023, "2", "3", 6],
    ]
    assert log["reason"].tolist() == [
        f"смена кода, 01.09.2022, {BASIS}",
        f"смена кода, 01.09.2023, {BASIS}",
    ]


def test_a_continued_code_may_stand_in_any_year():
    made = load("1>2 01.09.2022 смена кода да")
    assert {made.find_id(code, year) for code in "12" for year in (2015, 2022, 2023, 2030)} == {"2"}


def test_a_school_that_joined_another_ended_and_the_other_goes_on():
    made = load("1>2 01.08.2022 присоединение нет")
    assert made.find_id("1", 2021) == made.find_id("1", 2022) == "1"
    assert made.find_id("1", 2023) is None
    assert {made.find_id("2", year) for year in (2019, 2022, 2025)} == {"2"}


def test_a_new_school_of_two_has_no_history_unless_the_act_says_which():
    made = load("1>3 01.09.2022 слияние нет", "2>3 01.09.2022 слияние нет")
    assert [made.find_id(code, 2021) for code in "123"] == ["1", "2", None]
    assert made.find_id("3", 2022) == "3"
    made = load("1>3 01.09.2022 слияние да", "2>3 01.09.2022 слияние нет")
    assert [made.find_id(code, 2021) for code in "123"] == ["3", "2", "3"]


def test_of_a_split_school_one_part_at_most_has_the_history():
    made = load("1>2 01.09.2022 разделение да", "1>3 01.09.2022 разделение нет")
    assert [made.find_id(code, 2021) for code in "123"] == ["2", "2", None]
    made = load("1>1 01.09.2022 разделение да", "1>3 01.09.2022 разделение нет")
    assert [made.find_id("1", year) for year in (2021, 2025)] == ["1", "1"]
    made = load("1>3 01.09.2022 выделение нет")
    assert [made.find_id("1", year) for year in (2021, 2025)] == ["1", "1"]


def test_a_code_used_again_is_another_school():
    made = load("1>2 01.09.2020 смена кода да", "->1 01.09.2022 открытие нет")
    assert [made.find_id("1", year) for year in (2019, 2020, 2021, 2023)] == ["2", "2", "2", "1"]
    assert made.find_id("1", 2022) is None  # the line that is «2» now, or the new school a year early?
    made = load("1>- 01.09.2020 закрытие нет", "->1 01.09.2022 открытие нет")
    assert [made.find_id("1", year) for year in (2020, 2021, 2022)] == ["1 (до 01.09.2020)", None, "1"]


def test_another_type_is_the_same_school_or_a_new_one_as_the_act_says():
    assert load("1>1 01.09.2022 смена типа да").find_id("1", 2020) == "1"
    made = load("1>1 01.09.2022 смена типа нет")
    assert [made.find_id("1", year) for year in (2022, 2023)] == ["1 (до 01.09.2022)", "1"]


def test_codes_may_be_exchanged_and_come_back():
    made = load("1>2 01.09.2022 смена кода да", "2>1 01.09.2022 смена кода да")
    assert [made.find_id(code, 2022) for code in "12"] == ["2", "1"]
    assert [made.find_id(code, 2023) for code in "12"] == ["1", "2"]
    made = load("1>2 01.09.2020 смена кода да", "2>1 01.09.2022 смена кода да")
    assert [made.find_id(code, year) for code, year in [("1", 2020), ("2", 2021), ("1", 2023)]] == ["1", "1", "1"]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (["1>3 01.09.2022 слияние да", "2>3 01.09.2022 слияние да"], "ожидался один предшественник"),
        (["1>2 01.09.2022 разделение да", "1>3 01.09.2022 разделение да"], "ожидался один преемник"),
        (["1>2 01.09.2022 смена кода да", "1>3 01.09.2023 смена кода да"], "школы с кодом 1 к этому дню уже нет"),
        (["1>3 01.09.2022 смена кода да", "2>3 01.09.2023 смена кода да"], "код 3 в этот день носит другая школа"),
        (["1>2 01.09.2022 смена кода нет"], "для события «смена кода» ожидалось: да"),
        (["1>2 01.13.2022 смена кода да"], "ожидалась дата вида 01.09.2022"),
        (["1>2 01.09.2022 переезд да"], "ожидалось одно из событий: переименование"),
        (["->2 01.09.2022 смена кода да"], "без прежнего кода бывает только открытие"),
        (["1>- 01.09.2022 смена кода да"], "без нового кода бывает только закрытие"),
    ],
)
def test_what_contradicts_is_said_and_the_table_refused(rows, text):
    messages = refuse(*rows)
    assert all(message.startswith("Файл «successions.csv», строка ") for message in messages)
    assert any(text in message for message in messages)


def test_a_row_without_a_basis_and_a_file_without_a_column_are_refused():
    frame = cells("1>2 01.09.2022 смена кода да")
    made, (problem,) = load_cells(frame.replace(BASIS, ""))
    assert (made, problem.column, problem.row) == (Successions(), "Основание", 2)
    made, (problem,) = load_cells(frame.iloc[:, 1:])
    assert made == Successions()
    assert "«Код прежний»" in problem.message


def test_the_file_is_read_from_excel_too(tmp_path):
    frame = cells("0271>0272 01.09.2022 смена кода да")
    frame.to_excel(tmp_path / "successions.xlsx", index=False, header=False)
    made, problems = load_successions(read_first_sheet(tmp_path / "successions.xlsx", "successions.xlsx"))
    assert problems == []
    assert made.find_id("0271", 2020) == "0272"


def test_old_and_new_code_in_one_year_are_an_error_and_nothing_is_added_up():
    found, problems, _ = follow(
        load("1>2 01.09.2022 смена кода да"),
        schools=[school("2", 2022), school("9", 2022)],
        results=[result("1", 2022, (1, 2, 3, 4), source_row=8), result("2", 2022, (1, 1, 1, 1), source_row=9)],
    )
    assert found["results"].empty
    assert found["schools"]["school_id"].tolist() == ["2", "9"]
    errors = [problem.message for problem in problems if problem.severity == Severity.ERROR]
    assert len(errors) == 2
    assert (
        "стоит «1», ожидалась одна строка школы «2», а она дана ещё под кодом «2» (файл «test.csv», строка 9)"
        in (errors[0])
    )


def test_a_school_given_twice_in_the_register_is_left_out_of_every_table_of_that_year():
    found, problems, _ = follow(
        load("1>2 01.09.2022 смена кода да"),
        schools=[school("1", 2022), school("2", 2022), school("2", 2023), school("9", 2022)],
        social=[condition("2", 2022), condition("2", 2023), condition("9", 2022)],
    )
    assert found["schools"][["year", "school_id"]].to_numpy().tolist() == [[2023, "2"], [2022, "9"]]
    assert found["social"][["year", "school_id"]].to_numpy().tolist() == [[2023, "2"], [2022, "9"]]
    assert len(problems) == 2


def test_a_row_of_a_school_that_is_no_more_is_named_and_left_out():
    found, (problem,), _ = follow(
        load("1>- 01.09.2021 закрытие нет"), schools=[school("1", 2021), school("1", 2023, source_row=4)]
    )
    assert found["schools"]["year"].tolist() == [2021]
    assert (problem.row, problem.value, problem.column) == (4, "1", "Код ОО")
    assert "в 2023 году" in problem.message


def test_partners_of_the_programme_are_followed():
    row = {"school_id": "9", "project": "500+", "entry_year": 2021, "exit_year": None, "partner_id": "1"}
    source = {"curator": None, "source_file": "programme.xlsx", "source_sheet": "Лист1", "source_row": 2}
    rows = [row | source, row | source | {"school_id": "1", "partner_id": None}]
    found, problems, log = follow(load("1>2 01.09.2022 смена кода да"), programme=rows)
    assert problems == []
    assert found["programme"]["school_id"].tolist() == ["9", "2"]
    assert found["programme"]["partner_id"].tolist()[0] == "2"
    assert found["programme"]["partner_id"].isna().tolist() == [False, True]
    assert log["column"].tolist() == ["school_id", "partner_id"]
    assert log["year"].tolist() == [2021, 2021]


def test_a_code_that_no_table_has_is_a_warning_where_the_years_reach():
    rows = [school("1", 2021), school("1", 2022)]
    _, (problem,), _ = follow(load("1>2 01.09.2021 смена кода да"), schools=rows)
    assert problem.severity == Severity.WARNING
    assert "кода 2 нет ни в одной таблице" in problem.message
    assert follow(load("1>2 01.09.2024 смена кода да"), schools=rows)[1] == []
    assert follow(load("0>1 01.03.2021 смена кода да"), schools=rows)[1] == []


def test_other_tables_with_codes_and_years_are_followed_too():
    applied = pd.DataFrame({"year": [2021, 2021], "school_id": ["1", "1"], "source_file": [None, "a.csv"]})
    source = {"source_sheet": [None, ""], "source_row": [None, 2]}
    applied = applied.assign(**source).astype({"year": "Int64", "source_row": "Int64", "school_id": "str"})
    made = load("1>2 01.09.2022 смена кода да")
    found, problems, log = follow_successions({"corrections": applied}, made)
    assert found["corrections"]["school_id"].tolist() == ["2", "2"]
    assert len(log) == 2
    _, (problem, _), _ = follow_successions({"corrections": applied}, load("->1 01.09.2022 открытие нет"))
    assert problem.row is None
    assert [problem.severity for problem in problems] == [Severity.WARNING] * len(problems)


CODES = st.sampled_from(["1", "2", "3", "4"])
ACTS = ["1>2 01.09.2021 смена кода да", "3>4 01.03.2022 присоединение нет", "2>1 01.09.2023 смена кода да"]


@given(st.lists(st.tuples(CODES, st.integers(2019, 2025)), unique=True, min_size=1, max_size=12), st.randoms())
def test_order_of_rows_and_of_acts_changes_nothing_and_inputs_stay(pairs, random):
    given_rows = tables(schools=[school(code, year) for code, year in pairs])
    kept = {name: rows.copy(deep=True) for name, rows in given_rows.items()}
    once, problems, _ = follow_successions(given_rows, load(*ACTS))
    for name, rows in given_rows.items():
        pd.testing.assert_frame_equal(rows, kept[name])
    random.shuffle(pairs)
    acts = ACTS.copy()
    random.shuffle(acts)
    again, other, _ = follow_successions(tables(schools=[school(code, year) for code, year in pairs]), load(*acts))
    key = ["year", "school_id"]
    first, second = (rows["schools"].sort_values(key).reset_index(drop=True) for rows in (once, again))
    pd.testing.assert_frame_equal(first, second)
    assert sorted(problem.value for problem in problems) == sorted(problem.value for problem in other)
    CONTRACT["schools"].validate(once["schools"])
    errors = [problem for problem in problems if problem.severity == Severity.ERROR]
    assert len(once["schools"]) + len(errors) == len(pairs)


@given(st.lists(st.tuples(CODES, st.integers(2019, 2025)), unique=True, max_size=12))
def test_without_acts_nothing_changes(pairs):
    rows = tables(schools=[school(code, year) for code, year in pairs], results=[result(c, y) for c, y in pairs])
    found, problems, log = follow_successions(rows, Successions())
    for name, before in rows.items():
        pd.testing.assert_frame_equal(found[name], before)
    assert problems == []
    assert log.empty
    assert table("schools", []).columns.tolist() == found["schools"].columns.tolist()
