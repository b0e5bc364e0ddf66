"""Every event of the plans in ../shared/sources, counted by hand in the documents, read as an office would send it."""

from collections import Counter
from datetime import date

import pytest
from builders_plans import (
    read_source,
    write_plan_by_years,
    write_plan_of_2020,
    write_plan_of_cells,
    write_plan_of_lines,
    write_plan_of_year_rows,
)

from effschool.intake.ingest import ingest_folder
from effschool.support.roadmap import NO_TERM, RECURS, judge_events
from effschool.support.terms import read_term, read_terms

TITLE_OF_500 = (
    "ПЛАН-ГРАФИК реализации мероприятий федерального проекта по организации методической помощи общеобразовательным "
    'организациям, имеющих низкие образовательные результаты обучающихся, "500+" в Хабаровском крае 2022 году'
)
TITLE_OF_LAZO = (
    "ПЛАН-ГРАФИК реализации мероприятий муниципального проекта по оказанию адресной методической помощи «Эффективная "
    "школа» в муниципальном районе имени Лазо на 2023-2024 годы"
)


@pytest.fixture(scope="module")
def plans(sources, root, tmp_path_factory):
    """Judged events of all plans by the file that they came in."""
    folder = tmp_path_factory.mktemp("plans")
    text = {number: read_source(sources, number) for number in ("000", "001", "002", "003", "004")}
    write_plan_of_2020(text["000"], folder / "000.xlsx")
    write_plan_of_cells(text["001"], folder / "001.xlsx", TITLE_OF_500, "Начальник управления")
    own = "качества образования \nв ШНРО и ШНСУ в 2020 году"
    write_plan_of_lines(text["002"], folder / "002, 2020.xlsx", own, "в 2021, 2022 годах")
    write_plan_of_lines(text["002"], folder / "002, приложение 2.xlsx", "Приложение 2 \n", "Министр образования")
    write_plan_of_year_rows(text["002"], folder / "002, 2021 и 2022.xlsx")
    write_plan_by_years(text["003"], folder / "003.xlsx")
    write_plan_of_cells(text["004"], folder / "004.xlsx", TITLE_OF_LAZO, "Начальник Управления")
    ingested = ingest_folder(folder, root / "layouts")
    assert set(ingested.files["status"]) == {"принят"}
    events = judge_events(ingested.tables["roadmap"], None, 30)
    return {name.removesuffix(".xlsx"): rows for name, rows in events.groupby("source_file")}


# Events by section, terms over all of them, events without a day: that recur, that name none.
COUNTED = {
    "000": ({"1": 15, "2": 19, "3": 3, "4": 5}, 42, 0, 0),
    # 1.11 and 1.13 have three terms, 1.14 and 1.18 two.
    "001": ({"1": 20, "2": 16, "3": 3}, 39 + 2 * 2 + 2, 0, 0),
    "002, 2020": ({"1": 16, "2": 19, "3": 3, "4": 5}, 43, 0, 0),
    "002, приложение 2": ({"1": 9, "2": 13, "3": 3, "4": 6}, 31, 0, 0),
    # 2021: 2.2 and 2.4 have two terms, eleven events none; 2022: 2.2 and 2.3, eleven. 2.1 names no day in either.
    "002, 2021 и 2022": ({"1": 9 + 8, "2": 8 + 7, "3": 4 + 4, "4": 4 + 4}, 25 - 11 + 2 + 23 - 11 + 2, 20, 2),
    # 1.1 has no 1.1.11. 5.1 has six terms, 5.2 four, 3.2.1, 3.2.2, 5.3, 5.4 and 5.7 two; without a day: 1.1.10 and
    # 1.1.15 («Март – апрель», «Апрель – ноябрь»: no year), 3.2.6, 6.3; again and again: 3.2.7, 4.1 to 4.4, 6.1.
    "004": ({"1": 14 + 22, "2": 4 + 3, "3": 2 + 7, "4": 4, "5": 7, "6": 3}, 66 - 10 + 5 + 3 + 5, 6, 4),
    # Thirty-two events in three columns; no day in 23 («не реже 1 раза в квартал»). Two terms: 4, 10, 11, 22 in 2020,
    # 1, 11, 27 in 2021, 1, 11 in 2022; three: 29 in 2021 and in 2022.
    "003": ({str(number): 3 for number in range(1, 33)}, 93 + 4 + 3 + 2 + 2 * 2, 3, 0),
}


@pytest.mark.parametrize("plan", COUNTED)
def test_every_event_is_read_with_all_its_terms(plans, plan):
    sections, terms, recurring, undated = COUNTED[plan]
    events = plans[plan]
    assert Counter(number.partition(".")[0] for number in events["number"]) == sections
    assert events["terms"].sum() == terms
    assert (events["state"].eq(RECURS).sum(), events["state"].eq(NO_TERM).sum()) == (recurring, undated)
    assert (events["terms"] == 0).sum() == recurring + undated
    assert events["event"].str.len().min() > 20


# Plan, number, year where several columns have it; first and last day over all terms, and how many terms.
NAMED = [
    (("000", "1.1.", None), (2019, 12, 13), (2019, 12, 13), 1),
    (("000", "1.2.", None), (2020, 1, 13), (2020, 2, 28), 1),
    (("000", "1.9.", None), (2020, 3, 15), (2020, 4, 15), 1),
    (("000", "2.18.", None), (2020, 11, 16), (2020, 12, 10), 1),
    (("000", "4.5.", None), (2020, 11, 30), (2020, 11, 30), 1),
    (("001", "1.1.", None), None, (2021, 12, 20), 1),
    (("001", "1.8.", None), (2022, 2, 1), (2022, 3, 31), 1),
    (("001", "1.11.", None), (2022, 3, 10), (2022, 10, 14), 3),
    (("001", "1.13.", None), None, (2022, 10, 17), 3),
    (("001", "1.14.", None), (2022, 6, 17), (2022, 9, 16), 2),
    (("001", "1.18.", None), (2022, 2, 1), (2022, 12, 31), 2),
    (("001", "2.1.", None), (2022, 2, 1), (2022, 12, 31), 1),
    (("001", "2.13.", None), (2022, 1, 1), (2022, 4, 30), 1),
    (("001", "3.2.", None), (2022, 1, 1), (2022, 12, 31), 1),
    (("002, 2020", "1.14", None), (2020, 10, 1), (2020, 12, 1), 1),
    (("002, приложение 2", "2.9", None), (2020, 7, 1), (2020, 12, 31), 1),
    (("002, приложение 2", "2.13", None), (2020, 11, 1), (2020, 12, 1), 1),
    (("002, 2021 и 2022", "2.2", 2021), (2021, 1, 1), (2021, 9, 30), 2),
    (("002, 2021 и 2022", "2.4", 2021), (2021, 4, 1), (2021, 9, 30), 2),
    (("002, 2021 и 2022", "4.4", 2022), (2022, 12, 1), (2022, 12, 31), 1),
    (("003", "1", 2021), (2021, 1, 1), (2021, 12, 31), 2),
    (("003", "8", 2021), (2022, 8, 1), (2022, 8, 31), 1),  # so it stands there
    (("003", "18", 2020), (2020, 9, 1), (2021, 5, 31), 1),
    (("003", "22", 2020), (2020, 1, 1), (2020, 12, 31), 2),
    (("003", "29", 2022), (2022, 1, 1), (2022, 9, 30), 3),
    (("004", "1.1.1.", None), None, (2023, 4, 5), 1),
    (("004", "1.2.19.", None), (2023, 3, 1), (2024, 4, 30), 1),
    (("004", "3.2.2.", None), (2023, 1, 1), (2023, 4, 30), 2),
    (("004", "5.1.", None), (2023, 3, 1), (2024, 11, 30), 6),
    (("004", "5.2.", None), (2023, 3, 1), (2024, 11, 30), 4),
    (("004", "5.3.", None), (2023, 9, 1), (2024, 3, 31), 2),
    (("004", "5.7.", None), (2023, 7, 1), (2024, 8, 31), 2),
]


@pytest.mark.parametrize(("named", "first", "last", "terms"), NAMED)
def test_named_events_have_the_days_of_the_document(plans, named, first, last, terms):
    plan, number, year = named
    events = plans[plan]
    (row,) = events[events["number"].eq(number) & (year is None or events["year"].eq(year))].to_dict("records")
    found = read_terms(row["term"], year)
    assert read_term(row["term"], year) == (date(*first) if first else None, date(*last))
    assert len(found) == row["terms"] == terms


def test_event_of_three_years_has_its_results_and_marks_by_year(plans):
    (first, *_) = [plans["003"][plans["003"]["number"].eq("14")]]
    assert first["year"].tolist() == [2020, 2021, 2022]
    assert first["event"].nunique() == 1
    assert first["expected"].str.partition(" ")[0].tolist() == ["Введена", "Обновлен", "Обновлен"]
    assert first["term"].tolist() == ["Октябрь 2020 г.", "Апрель-май 2021 г.", "Апрель-май 2022 г."]
