import pandas as pd
import pytest

from effschool.certainty.structure import correlate_indicators, find_constants, measure_influence
from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools
from effschool.report.display import Table, Text
from effschool.report.sections.structure import tabulate_constants, tabulate_correlations, tabulate_influence


@pytest.fixture(scope="module")
def identified(demo_processed, methodology):
    return identify_schools(read_contract(demo_processed), methodology)


def test_table_names_what_contradicts_and_repeats(methodology):
    values = {"oge_rus_2": 1.0, "oge_rus_5": -0.25, "oge_math_5": 0.5, "oge_rus_gap": None, "oge_math_gap": -0.75}
    rows = [(2020, "results", "СОШ", "oge_math_2", second, 12, value) for second, value in values.items()]
    columns = ["year", "domain", "group", "first", "second", "schools", "correlation"]
    table = tabulate_correlations(pd.DataFrame(rows, columns=columns), methodology)
    assert isinstance(table, Table)
    assert table.frame["Связь"].tolist() == [-0.75, -0.25, 1]
    note = table.note.replace("\N{NO-BREAK SPACE}", " ")
    assert "Из 4 пар показателей противоречат друг другу 2 " in note
    assert "почти повторяют друг друга 1 " in note
    assert "<table" in table._repr_html_()


def test_tables_of_constants_and_influence(identified, methodology):
    influence = tabulate_influence(measure_influence(identified, methodology, 2023), methodology)
    assert influence.frame["Сменили бы группу"].is_monotonic_decreasing
    assert f"«{influence.frame['Показатель'].iloc[0]}»" in influence.note
    constants = tabulate_constants(find_constants(identified, 2023), methodology)
    for table in (influence, constants):
        assert "<table" in table._repr_html_()
    assert set(constants.frame["В индексе"]) <= {"входит, всем поровну", "не входит"}


def test_nothing_to_tell_is_a_note(identified, methodology):
    assert isinstance(tabulate_constants(find_constants(identified, 1999), methodology), Text)
    assert isinstance(tabulate_correlations(correlate_indicators(identified, 1999), methodology), Text)
    assert isinstance(tabulate_influence(measure_influence(identified, methodology, 1999), methodology), Text)
