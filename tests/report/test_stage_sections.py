import pandas as pd
import pytest
from builders_report import build_two_years

from effschool.report.display import Table, Text
from effschool.report.sections import stages as parts


@pytest.fixture
def workspace(methodology):
    return build_two_years(methodology)


def test_sizes_of_lists_and_groups(workspace, methodology):
    sizes = parts.tabulate_list_sizes(workspace.identified, methodology).frame.set_index("Список")
    assert sizes.loc["ШНРО"].tolist() == [2, 1]
    groups = parts.tabulate_groups(workspace.identified).frame.set_index("Группа")
    assert groups.loc["средние"].tolist() == [3, 4]


def test_errors_come_before_warnings():
    problems = pd.DataFrame({"severity": ["предупреждение", "ошибка"], "message": ["а", "б"]})
    assert parts.tabulate_found_problems(problems).frame["Замечание"].tolist() == ["б", "а"]
    assert isinstance(parts.tabulate_found_problems(problems.head(0)), Text)


def test_files_contract_and_notices_are_tables(demo):
    assert isinstance(parts.tabulate_found_files(demo.files), Table)
    assert len(parts.tabulate_found_files(demo.files).frame) == len(demo.files)
    assert len(parts.tabulate_notices(demo.identified, demo.methodology).frame) == len(demo.identified.notices)
    contract = {"schools": demo.identified.schools}
    assert parts.tabulate_contract(contract).frame["Годы"].tolist() == ["2020, 2021, 2022, 2023"]
