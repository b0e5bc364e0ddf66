import pandas as pd

from effschool.method.thresholds import ThresholdRegister
from effschool.report.sections.method import (
    NOT_RECORDED,
    tabulate_method,
    tabulate_thresholds,
    tabulate_used_thresholds,
)


def test_every_rule_is_named_with_its_source(methodology):
    frame = tabulate_method(methodology).frame
    named = set(frame["Что"])
    statuses = {status.status for status in (*methodology.lists.results, *methodology.lists.social)}
    assert statuses <= named
    assert {rules.title for rules in methodology.domains.values()} <= named
    assert frame["Источник"].str.len().gt(0).all()
    assert methodology.version in frame["Правило"].iloc[0]


def test_borders_of_sureness_are_those_of_the_methodology(methodology):
    rules = tabulate_method(methodology).frame.set_index("Что")["Правило"]
    cuts = methodology.certainty.verdicts
    said = rules["Надёжность места"].replace("\N{NO-BREAK SPACE}", " ")
    assert f"в {cuts.stable_pct:.0f} % пересчётов" in said
    assert f"в {cuts.method_pct:.0f} % других" in said
    assert "Надёжность места" not in set(
        tabulate_method(methodology.model_copy(update={"certainty": None})).frame["Что"]
    )


def test_method_without_the_federal_list_does_not_tell_of_it(methodology):
    assert "ШНОР" in set(tabulate_method(methodology).frame["Что"])
    assert "ШНОР" not in set(tabulate_method(methodology.model_copy(update={"fioko": None})).frame["Что"])


def test_dynamics_are_told_with_their_numbers(methodology):
    rules = tabulate_method(methodology).frame.set_index("Что")["Правило"]
    assert "меньше 11 — не показывается, меньше 30 — без цвета" in rules["Уровень и изменение"]
    assert "5\xa0%" in rules["Когорты учеников"]
    without = tabulate_method(methodology.model_copy(update={"dynamics": None})).frame
    assert not {"Уровень и изменение", "Когорты учеников"} & set(without["Что"])


def test_used_thresholds_are_printed_for_the_years_of_the_data(methodology, methodologies):
    part = tabulate_used_thresholds(methodology, methodologies, pd.Series([2022, 2023, 2023]))
    assert set(part.frame["Год"]) == {"2022", "2023"}
    without = methodology.model_copy(update={"thresholds": None})
    assert "не опирается" in tabulate_used_thresholds(without, methodologies, [2023]).paragraphs[0]


def test_table_prints_the_rows_used_and_says_what_is_missing():
    common = {"procedure": "ЕГЭ", "subject": "русский язык", "scale": "100-балльная"}
    rows = [
        {"year": 2023, "value": 24, "act": "приказ № 1", "status": "подтверждено"},
        {"year": 2024, "value": 25.5, "act": "", "status": "принято методистом"},
    ]
    register = ThresholdRegister.model_validate({"title": "Реестр", "thresholds": [common | row for row in rows]})
    table = tabulate_thresholds(register, [("ЕГЭ", "русский язык", year) for year in (2022, 2023, 2024)])
    name = "ЕГЭ, русский язык"
    assert table.frame.to_numpy().tolist() == [
        [name, "2022", NOT_RECORDED, "—", "—", "—"],
        [name, "2023", "24", "100-балльная", "приказ № 1", "подтверждено"],
        [name, "2024", "25,5", "100-балльная", "акт не указан", "принято методистом"],
    ]
    assert "2022" in table.render_body()
