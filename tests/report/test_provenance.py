import pandas as pd
import pytest
from builders import condition, result, school, tables
from builders_office import KNOWN

from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools
from effschool.report.display import Text
from effschool.report.sections.provenance import tabulate_sources, trace_values


def build():
    rows = [
        result(
            "01", marks=(1, 2, 3, 4), source_file="ОГЭ.xlsx", source_sheet="Лист", source_row=7, source_note="пометка"
        ),
        result("01", marks=(2, 2, 3, 4), procedure="ВПР", grade=5, source_row=3),
        result("01", marks=(3, 2, 3, 4), procedure="ВПР", grade=6, source_row=4),
        result("01", year=2019, marks=(9, 0, 0, 0), source_row=1),
        result("02", marks=(8, 0, 0, 0), source_row=2),
    ]
    return tables(schools=[school("01"), school("02")], results=rows, social=[condition("01")])


def test_indicator_leads_to_file_sheet_and_row(methodology):
    traced = trace_values(build(), methodology, 2020, "01")
    own = traced[traced["indicator"] == "oge_rus_2"]
    assert own[["column", "value", "source_file", "source_sheet", "source_row", "source_note"]].to_numpy().tolist() == [
        ["mark_2", 1, "ОГЭ.xlsx", "Лист", 7, "пометка"],
        ["participants", 10, "ОГЭ.xlsx", "Лист", 7, "пометка"],
    ]


def test_pooled_indicator_leads_to_all_its_rows(methodology):
    traced = trace_values(build(), methodology, 2020, "01")
    assert sorted(traced.loc[traced["indicator"] == "vpr_rus_2", "source_row"].unique()) == [3, 4]


def test_mean_that_was_not_sent_leads_to_the_marks(methodology):
    traced = trace_values(build(), methodology, 2020, "01")
    found = traced[traced["indicator"] == "oge_rus_gap"]
    assert found["column"].tolist() == ["participants", "mean_score", "mark_2", "mark_3", "mark_4", "mark_5"]
    assert found["value"].isna().tolist() == [False, True, False, False, False, False]


def test_every_share_of_a_region_can_be_made_again_from_its_rows(demo_processed, methodology):
    contract = read_contract(demo_processed)
    shares = {name for name, item in methodology.indicators.items() if item.kind == "share"}
    identified = identify_schools(contract, methodology)
    last = identified.indicators[identified.indicators["year"] == 2023]
    for school_id in sorted(last["school_id"].unique())[:8]:
        traced = trace_values(contract, methodology, 2023, school_id)
        own = last[(last["school_id"] == school_id) & last["indicator"].isin(shares)].set_index("indicator")["raw"]
        assert len(own)
        for name, raw in own.items():
            item = methodology.indicators[name]
            sums = traced[traced["indicator"] == name].groupby("column")["value"].sum()
            assert raw == pytest.approx(100 * sums[item.count] / sums[item.total], abs=1e-9)


def test_sources_are_told_with_the_headings_of_the_files(methodology):
    table = tabulate_sources(build(), methodology, KNOWN, 2020, "01")
    first = table.frame[table.frame["Файл"] == "ОГЭ.xlsx"].iloc[0]
    assert first[["Столбец", "Число", "Лист", "Строка", "Пометка"]].tolist() == ["Отметка 2", "1", "Лист", 7, "пометка"]
    assert isinstance(tabulate_sources(build(), methodology, KNOWN, 2021, "01"), Text)


def test_tables_are_not_changed(methodology):
    given = build()
    before = {name: table.copy() for name, table in given.items()}
    trace_values(given, methodology, 2020, "01")
    for name, table in given.items():
        pd.testing.assert_frame_equal(table, before[name])
