import pytest

from effschool.report.display import Table, Text
from effschool.report.portfolio import open_region
from effschool.report.sections.protocol import (
    describe_protocol,
    list_annexes,
    tabulate_annex,
    tabulate_input_files,
    tabulate_parameters,
    tell_years,
)


@pytest.fixture
def region(demo):
    return open_region(demo, None)


def test_every_list_has_its_annex_and_no_school_is_lost(region):
    annexes = list_annexes(region)
    tables = {part.key: part.frame for part in annexes if isinstance(part, Table)}
    lists = region.workspace.identified.lists
    lists = lists[lists["year"] == region.year]
    for column in ("results_status", "social_status", "joint"):
        for status, members in lists.groupby(column):
            if status != "нейтральные":
                assert set(tables[status]["Код ОО"]) == set(members["school_id"])
    assert set(tables["ШНОР"]["Код ОО"]) == set(lists.loc[lists["fioko_shnor"].fillna(False), "school_id"])


def test_an_empty_list_is_said_to_be_empty(region):
    part = tabulate_annex(region, "такого списка нет", "проверка")
    assert isinstance(part, Text)
    assert "ни одной школы" in part.paragraphs[0]


def test_order_is_by_municipality_and_name_and_numbered_through(region):
    for part in list_annexes(region):
        if isinstance(part, Table):
            frame = part.frame
            assert frame["№"].tolist() == list(range(1, len(frame) + 1))
            names = [
                (a.casefold(), b.split(" ")[0].casefold())
                for a, b in zip(frame["Муниципалитет"], frame["Наименование"], strict=True)
            ]
            assert names == sorted(names)


def test_years_of_membership_end_with_the_report(region):
    histories = tell_years(region, "ШНСУ")
    assert histories.str.contains(str(region.year)).any()
    assert not histories.str.contains(str(region.year + 1)).any()


def test_rule_version_and_hashes_are_named(region):
    parameters = tabulate_parameters(region.workspace.methodology).frame.set_index("Параметр")["Значение"]
    assert parameters["Версия"] == region.workspace.methodology.version
    assert parameters["Переключатель orientation"] == "consistent"
    files = tabulate_input_files(region.workspace.files).frame
    assert files["SHA-256"].str.fullmatch("[0-9a-f]{64}").all()


def test_a_year_without_lists_says_why(demo):
    first = open_region(demo, int(demo.identified.indices["year"].min()))
    assert "не составлены" in describe_protocol(first).paragraphs[1]
    *others, federal = list_annexes(first)
    assert all(isinstance(part, Text) and "не составлен" in part.paragraphs[0] for part in others)
    assert isinstance(federal, Table)  # ФИОКО's rule needs no window
    assert "Списки, кроме ШНОР," in describe_protocol(first).paragraphs[1]
