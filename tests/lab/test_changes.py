import json

import pandas as pd
import pytest
from builders import change_rules, region, result, school, table

from effschool.lab.changes import (
    DATA,
    ENTERED,
    LEFT,
    REGISTER,
    RESULTS,
    RULE,
    STAYED,
    Run,
    choose_runs,
    compare_last_years,
    compare_runs,
    count_changes,
    keep_run,
    list_runs,
    load_run,
    tabulate_changes,
    tell_changes,
)
from effschool.method.identify import identify_schools

NUMBER = 12


@pytest.fixture
def contract():
    return region(years=(2018, 2019, 2020, 2021), number=NUMBER)


def make_run(methodology, contract, year=2020, name=""):
    return Run(name, year, methodology, contract)


def read(changes, name="ШНРО"):
    rows = changes.rows[changes.rows["list"] == name].set_index("school_id")
    return {school: (row["move"], None if pd.isna(row["reason"]) else row["reason"]) for school, row in rows.iterrows()}


def give_marks(contract, school_id, marks, years):
    """The tables with other marks of one school in the given years."""
    results = contract["results"].copy()
    chosen = (results["school_id"] == school_id) & results["year"].isin(years)
    results.loc[chosen, ["mark_2", "mark_3", "mark_4", "mark_5"]] = marks
    results.loc[chosen, "participants"] = sum(marks)
    return contract | {"results": results}


def test_same_run_changes_nothing(methodology, contract):
    found = compare_runs(make_run(methodology, contract), make_run(methodology, contract))
    assert set(read(found).values()) == {(STAYED, None)}
    assert "не изменился" in tell_changes(found).paragraphs[1]
    assert "не изменился" in count_changes(found).paragraphs[0]


def test_later_results_are_told_from_corrected_data(methodology, contract):
    before = make_run(
        methodology, {name: rows[rows["year"] < 2021] if "year" in rows else rows for name, rows in contract.items()}
    )
    better = give_marks(contract, "01", (0, 2, 3, 13), [2021])
    later = compare_runs(before, make_run(methodology, better, 2021))
    assert read(later)["01"] == (LEFT, RESULTS)
    corrected = give_marks(contract, "01", (0, 2, 3, 13), [2019])
    mended = compare_runs(before, make_run(methodology, corrected, 2021))
    assert read(mended)["01"] == (LEFT, DATA)


def test_a_rule_that_changed_is_the_reason(methodology, contract):
    bands = methodology.domains["results"].bands.model_copy(update={"share": 0.1})
    stricter = change_rules(methodology, "results", bands=bands)
    found = compare_runs(make_run(methodology, contract), make_run(stricter, contract))
    moves = read(found)
    assert {reason for move, reason in moves.values() if move == LEFT} == {RULE}
    assert any(move == STAYED for move, _ in moves.values())


def test_a_new_or_closed_school_is_no_change_of_results(methodology, contract):
    closed = {
        name: rows[(rows["school_id"] != "01") | (rows["year"] < 2021)] if {"year", "school_id"} <= set(rows) else rows
        for name, rows in contract.items()
    }
    found = compare_runs(make_run(methodology, contract, 2020), make_run(methodology, closed, 2021))
    assert read(found)["01"] == (LEFT, REGISTER)
    back = compare_runs(make_run(methodology, closed, 2021), make_run(methodology, contract, 2020))
    assert read(back)["01"] == (ENTERED, REGISTER)


def test_every_move_has_one_reason_and_the_counts_add_up(methodology, contract):
    other = give_marks(contract, "01", (0, 2, 3, 13), [2019, 2020, 2021])
    found = compare_runs(make_run(methodology, contract, 2020), make_run(methodology, other, 2021))
    moved = found.rows[found.rows["move"] != STAYED]
    assert moved["reason"].notna().all()
    assert found.rows.loc[found.rows["move"] == STAYED, "reason"].isna().all()
    assert count_changes(found).frame["Школ"].sum() == len(moved) == len(tabulate_changes(found).frame)
    sentence = next(text for text in tell_changes(found).paragraphs if text.startswith("«ШНРО»"))
    assert "Причины:" in sentence


def test_runs_are_kept_once_and_read_again(methodology, contract, tmp_path):
    folder = keep_run(make_run(methodology, contract), tmp_path)
    assert keep_run(make_run(methodology, contract), tmp_path) == folder
    second = keep_run(make_run(methodology, contract, 2021), tmp_path)
    assert list_runs(tmp_path) == [folder.name, second.name]
    assert not (tmp_path / "runs" / ".draft").exists()
    back = load_run(folder.name, tmp_path)
    assert back.methodology == methodology
    assert set(read(compare_runs(back, make_run(methodology, contract))).values()) == {(STAYED, None)}
    assert json.loads((folder / "run.json").read_text())["year"] == 2020


def test_the_last_two_runs_are_compared_unless_others_are_named(methodology, contract, tmp_path):
    names = [keep_run(make_run(methodology, contract, year), tmp_path).name for year in (2020, 2021)]
    assert [run.name for run in choose_runs(tmp_path, "", "")] == names
    assert [run.name for run in choose_runs(tmp_path, names[1], names[0])] == names[::-1]
    with pytest.raises(ValueError, match=f"Прогона «нет» нет. Сохранены: {names[0]}"):
        choose_runs(tmp_path, "нет", "")


def test_one_run_cannot_be_compared(methodology, contract, tmp_path):
    keep_run(make_run(methodology, contract), tmp_path)
    with pytest.raises(ValueError, match="сохранено: 1"):
        choose_runs(tmp_path, "", "")


def test_years_of_one_run_are_compared_too(methodology, contract):
    better = give_marks(contract, "01", (0, 2, 3, 13), [2021])
    found = compare_last_years(better, identify_schools(better, methodology), methodology)
    assert (found.first.year, found.second.year) == (2020, 2021)
    assert read(found)["01"] == (LEFT, RESULTS)
    short = {name: rows[rows["year"] < 2021] if "year" in rows else rows for name, rows in contract.items()}
    alone = compare_last_years(short, identify_schools(short, methodology), methodology)
    assert alone.first.year == alone.second.year == 2020


def test_schools_are_named_as_the_later_run_names_them(methodology, contract):
    renamed = contract["schools"].assign(name="Лицей")
    found = compare_runs(make_run(methodology, contract), make_run(methodology, contract | {"schools": renamed}, 2021))
    assert set(found.schools["name"]) == {"Лицей"}
    assert table("schools", [school()]).shape[0] == len(table("results", [result()]))


def test_a_run_of_another_version_is_refused_in_words(methodology, contract, tmp_path):
    folder = keep_run(make_run(methodology, contract), tmp_path)
    (folder / "methodology.json").write_text('{"id": "old"}', encoding="utf-8")
    with pytest.raises(ValueError, match="сохранён другой версией программы"):
        load_run(folder.name, tmp_path)
