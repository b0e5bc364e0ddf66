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


def test_schools_of_the_lists_are_named_with_both_indices_and_no_rating(demo):
    table = parts.tabulate_listed(demo.identified, demo.methodology, 2023)
    lists = demo.identified.lists.query("year == 2023").set_index("school_id")
    listed = lists[lists[["results_status", "social_status"]].notna().any(axis=1) | lists["fioko_shnor"].fillna(False)]
    assert sorted(table.frame["Код"]) == sorted(listed.index)
    places = table.frame["Муниципалитет"]
    assert (places != places.shift()).sum() == places.nunique()
    indices = demo.identified.indices.query("year == 2023 and domain == 'results'").set_index("school_id")["index"]
    title = demo.methodology.domains["results"].title
    assert table.frame.set_index("Код")[title].equals(indices.reindex(table.frame["Код"]).rename(title))
    assert isinstance(parts.tabulate_listed(demo.identified, demo.methodology, 1999), Text)


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
