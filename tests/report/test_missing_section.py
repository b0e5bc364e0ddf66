from dataclasses import replace

import pandas as pd
import pytest
from builders_report import build_two_years

from effschool.intake.missing import Gap
from effschool.report.portfolio import open_portfolio, open_region
from effschool.report.sections.first_screen import describe_municipality
from effschool.report.sections.missing import MOST_NAMED, describe_missing, list_missing
from effschool.report.sections.municipality import describe_data
from effschool.report.sections.protocol import describe_protocol
from effschool.report.sections.region import describe_region, list_concerns, tabulate_insufficient
from effschool.run.slices import digest_region

VPR = Gap(2022, "results", "ВПР", before=2021, schools=4, is_needed=True)
PHYSICS = Gap(2022, "results", "ЕГЭ", "физика", before=2021, schools=1)
LUNCH = Gap(2022, "social", title="Бесплатное питание", indicator="free_lunch", is_needed=True)
EARLIER = Gap(2021, "results", "ОГЭ", before=2020, schools=4, is_needed=True)
LONG_AGO = Gap(2018, "results", "ОГЭ", before=2017, schools=4, is_needed=True)


@pytest.fixture
def workspace(methodology):
    return build_two_years(methodology)


def list_files(**statuses):
    frame = pd.DataFrame({"file": list(statuses), "status": list(statuses.values())})
    return frame.assign(sheet="", layout="", rows=0)


def test_needed_comes_first_and_says_what_it_does_to_the_lists(workspace):
    said = list_missing(open_region(replace(workspace, missing=(PHYSICS, LUNCH, VPR, EARLIER, LONG_AGO)), 2022))
    assert said == [
        "За 2022 год нет: ВПР; годом раньше эти данные были. Списки составлены без них.",
        "За 2022 год ни у одной школы нет того, что нужно методике: «Бесплатное питание». Списки составлены без этого.",
        "За 2022 год нет также: ЕГЭ, физика; годом раньше эти данные были. На списки это не влияет.",
        "В годах, по которым составлены списки, нет: ОГЭ за 2021 год.",
    ]


def test_other_years_of_no_concern_are_not_told(workspace):
    assert list_missing(open_region(replace(workspace, missing=(VPR, LONG_AGO)), 2021)) == []


def test_files_that_were_not_read_are_named_to_the_region_only(workspace):
    files = list_files(**{"а.csv": "принят", "б.pdf": "не узнан", "в.zip": "не принят"})
    region = open_region(replace(workspace, files=files), 2022)
    assert list_missing(region) == ["Не прочитаны 2\N{NO-BREAK SPACE}файла с данными региона: «б.pdf» и «в.zip»."]
    (said,) = list_missing(region, names_files=False)
    assert "б.pdf" not in said


def test_long_lists_of_names_are_cut(workspace):
    many = tuple(replace(PHYSICS, subject=f"предмет {number}") for number in range(MOST_NAMED + 2))
    (said,) = list_missing(open_region(replace(workspace, missing=many), 2022))
    assert "и ещё 2\N{NO-BREAK SPACE}наименования" in said
    assert "предмет 6" not in said


def test_every_page_says_it_first(workspace):
    lacking = replace(workspace, missing=(VPR,))
    portfolio, region = open_portfolio(lacking, "Район", 2022), open_region(lacking, 2022)
    for text in (describe_region(region), describe_protocol(region), describe_municipality(portfolio)):
        assert text.paragraphs[0] == list_missing(region)[0]
        assert text.kind == "note"


def test_all_is_well_is_said_only_when_it_is_so(workspace, tmp_path):
    paths = workspace.dynamics.paths.assign(results_band="mid", social_band="mid", results_index=0.5, social_index=0.5)
    fine = replace(workspace, dynamics=replace(workspace.dynamics, paths=paths))

    def tell(missing):
        lacking = replace(fine, missing=missing)
        region, portfolio = open_region(lacking, 2022), open_portfolio(lacking, "Район", 2022)
        parts = (describe_region(region), tabulate_insufficient(region), list_concerns(region, tmp_path / "run.json"))
        return " ".join(" ".join(part.paragraphs) for part in (*parts, describe_data(portfolio)))

    praises = (
        "данных хватило всем",
        "Данных хватило для всех школ",
        "данные есть обо всех",
        "есть у всех школ муниципалитета.",
    )
    assert all(praise in tell(()) for praise in praises)
    assert not any(praise in tell((VPR,)) for praise in praises)


def test_reports_are_made_anew_when_something_comes_to_be_missing(workspace):
    assert digest_region(workspace, 2022) != digest_region(replace(workspace, missing=(VPR,)), 2022)
    assert digest_region(workspace, 2022) == digest_region(replace(workspace, missing=(LONG_AGO,)), 2022)


def test_stage_shows_every_year_and_says_when_nothing_is_missing():
    assert describe_missing(()).kind == "plain"
    text = describe_missing((LUNCH, VPR))
    assert text.kind == "note"
    assert text.paragraphs[0] == "Показателя «Бесплатное питание» за 2022 год нет ни у одной школы."
