"""Projects on the pages: who helps and the stage for everybody, lists beside each other, the proposal sent back."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from builders_raw import LAYOUTS, build_raw
from conftest import ROOT

from effschool.base.schemas import STAGES
from effschool.intake.ingest import ingest_folder
from effschool.report.display import Table, Text
from effschool.report.portfolio import list_municipalities, open_portfolio, open_region
from effschool.report.sections.monitoring import (
    list_stages,
    tabulate_all_stages,
    tabulate_region_stages,
    tabulate_stages,
)
from effschool.report.sections.municipality import describe_book
from effschool.report.sections.official import (
    describe_official,
    tabulate_official,
    tabulate_own_official,
    tell_official,
)
from effschool.report.sections.participants import (
    describe_participation,
    tabulate_curators,
    tabulate_own_proposed,
    tabulate_participants,
    tabulate_projects,
    tabulate_proposed,
    tabulate_region_proposed,
    tell_proposed,
)
from effschool.report.sections.practices import tabulate_practices
from effschool.report.workbook import write_workbook
from effschool.report.workspace import Support
from effschool.support.monitoring import BETTER, CHANCE, INDEX, TYPES, WORK
from effschool.support.participants import choose_participants
from effschool.support.projects import load_projects

YEAR = 2023
OWN = (
    tabulate_participants,
    tabulate_stages,
    tabulate_own_official,
    tabulate_own_proposed,
    tell_official,
    tell_proposed,
)


@pytest.fixture(scope="module")
def projects():
    return load_projects(ROOT / "methodologies" / "projects.yml")


@pytest.fixture(scope="module")
def pages(demo):
    return {name: open_portfolio(demo, name, YEAR) for name in list_municipalities(demo, YEAR)}


def test_everybody_present_has_curator_partner_agreement_and_stage(demo, pages):
    present = choose_participants(demo.support.participants, YEAR)
    frames = [part.frame for page in pages.values() if isinstance(part := tabulate_participants(page), Table)]
    shown = pd.concat(frames)
    assert len(shown) == len(present) > 3
    assert shown["Куратор"].str.contains("Методист-куратор").all()
    assert not shown["Школа-партнёр"].isin(["партнёра нет", "—"]).any()
    assert shown["Договор"].isin(["заключён", "не заключён"]).all()
    assert shown["Этап"].str.match(rf"({'|'.join(STAGES)}), \d\d\.\d\d\.{YEAR}").all()
    said = pd.concat([describe_participation(page) for page in pages.values()])
    assert set(said["school_id"]) == set(present["school_id"])
    assert said["text"].str.contains("; куратор — .*; школа-партнёр — .*; этап — ", regex=True).all()


def test_what_a_participant_has_not_is_said(pages, demo):
    bare = demo.support.participants.assign(curator=None, partner=None, agreement=None, track=None)
    for name, page in pages.items():
        support = replace(demo.support, participants=bare, monitoring=pd.DataFrame())
        part = tabulate_participants(open_portfolio(replace(demo, support=support), name, YEAR))
        if isinstance(part, Table):
            assert set(part.frame["Куратор"]) == {"куратора нет"}
            assert set(part.frame["Школа-партнёр"]) == {"партнёра нет"}
            assert set(part.frame["Договор"]) == set(part.frame["Этап"]) == {"не сообщено"}
            assert len(part.frame) == len(tabulate_participants(page).frame)


def test_school_left_out_of_the_calculation_stays_among_participants(demo, pages):
    """It is in the project, whatever becomes of its place in the lists."""
    name, page = next((name, page) for name, page in pages.items() if isinstance(tabulate_participants(page), Table))
    code = choose_participants(demo.support.participants, YEAR)["school_id"]
    code = next(each for each in code if each in set(page.schools["school_id"]))
    paths = demo.dynamics.paths
    out = paths["school_id"].eq(code) & paths["year"].eq(YEAR)
    columns = {"group": None, "results_band": None, "results_index": None}
    left = paths.assign(**{column: paths[column].mask(out) for column in columns})
    changed = open_portfolio(replace(demo, dynamics=replace(demo.dynamics, paths=left)), name, YEAR)
    assert code not in set(changed.schools["school_id"])
    assert len(tabulate_participants(changed).frame) == len(tabulate_participants(page).frame)


def test_projects_and_curators_are_counted(demo, projects):
    present = choose_participants(demo.support.participants, YEAR)
    counted = tabulate_projects(demo.support.participants, projects, YEAR).frame.set_index("Проект")
    assert counted["Школ"].to_dict() == present.groupby("project")["school_id"].nunique().to_dict()
    assert counted["Без куратора"].sum() == counted["Без партнёра"].sum() == 0
    agreed = present[present["agreement"] == "заключён"].groupby("project").size()
    for project, row in counted.iterrows():
        assert row["Договоры"].startswith(f"{agreed.get(project, 0)} из {row['Школ']}; ")
    load = tabulate_curators(demo.support.participants, YEAR).frame
    assert load["Школ"].sum() == len(present)


@pytest.mark.parametrize(
    ("project", "agreement", "said"),
    [
        ("Краевая адресная помощь", "заключён", "1 из 1; план: все школы к 30.04.2023"),
        ("500+", None, "0 из 1, не сообщено о 1; плана в документе нет"),
        ("Эффективная школа", "не заключён", "0 из 1; план: не меньше 5 к 31.03.2020"),
        ("Свой проект", "заключён", "1 из 1; плана в документе нет"),
    ],
)
def test_agreements_stand_beside_the_plan_of_the_document(projects, project, agreement, said):
    row = {"school_id": "01", "project": project, "entry_year": 2022, "exit_year": pd.NA, "curator": None}
    rows = pd.DataFrame([row | {"partner": None, "agreement": agreement}]).astype({"exit_year": "Int64"})
    shown = tabulate_projects(rows, projects, YEAR).frame
    assert shown["Договоры"].tolist() == [said]
    assert shown[["Без куратора", "Без партнёра"]].to_numpy().tolist() == [[1, 1]]


def test_proposal_is_filled_in_and_comes_back(demo, pages, tmp_path):
    """The sheet of the municipality's book, with a decision and a reason written into it, is read as it is."""
    name, page = max(pages.items(), key=lambda item: len(getattr(tabulate_own_proposed(item[1]), "frame", ())))
    part = tabulate_own_proposed(page)
    filled = part.frame.astype({"Решение ОМСУ": "object", "Причина": "object"})
    filled.loc[0, ["Решение ОМСУ", "Причина"]] = ["не согласовано", "реорганизация"]
    sheet = tmp_path / "sheet"
    write_workbook([replace(part, frame=filled)], sheet / "Книга.xlsx", "Отчёт", describe_book(page))
    schools = [f'{YEAR},{code},"{school}","{name}",средняя,село,100,' for code, school in zip(
        part.frame["Код ОО"], part.frame["Наименование"].str.replace('"', '""'), strict=True)]  # fmt: skip
    rows = ["2020,027000,Школа А,Район 1,средняя,село,130,", "2020,270001,Школа Б,Район 2,основная,город,300,"]
    ingested = ingest_folder(build_raw(sheet, schools=[*rows, *dict.fromkeys(schools)]), LAYOUTS)
    assert ingested.problems.query("severity == 'ошибка'")["message"].tolist() == []
    back = ingested.tables["proposal"]
    assert len(back) == len(part.frame)
    first = back.set_index("school_id").loc[part.frame["Код ОО"].iloc[0]]
    assert first[["decision", "reason"]].tolist() == ["не согласовано", "реорганизация"]
    assert back["decision"].notna().sum() == part.frame["Решение ОМСУ"].iloc[1:].notna().sum() + 1


def test_proposal_of_the_region_says_what_was_answered(demo, pages):
    part = tabulate_region_proposed(open_region(demo, YEAR))
    assert len(part.frame) == len(demo.support.proposed)
    assert part.frame["Ответ ОМСУ"].str.contains("ответа нет|согласовано").all()
    own = [tabulate_own_proposed(page) for page in pages.values()]
    assert sum(len(each.frame) for each in own if isinstance(each, Table)) == len(part.frame)
    empty = tabulate_proposed(pd.DataFrame(), demo.identified.schools, YEAR)
    assert "квоты нет" in empty.paragraphs[0]


def test_official_list_is_said_with_its_levels_and_years(demo, pages):
    rows = demo.support.official[demo.support.official["year"] == YEAR]
    frames = [part.frame for page in pages.values() if isinstance(part := tabulate_own_official(page), Table)]
    assert (
        len(pd.concat(frames))
        == len(rows)
        == len(tabulate_official(demo.support.official, demo.identified.schools, YEAR).frame)
    )
    said = pd.concat([describe_official(page) for page in pages.values()]).set_index("school_id")["text"]
    for row in rows[rows["level"].notna()].itertuples():
        if row.school_id in said.index:
            assert row.level.lower() in said[row.school_id].lower()
            assert row.history.lower() in said[row.school_id].lower()
    assert not set(said.index) & set(rows.loc[rows["verdict"] == "только по расчёту", "school_id"])


@pytest.fixture
def compared(demo):
    """The tiny region, too small to compare anything, with what a comparison would have left."""
    known = demo.support.monitoring
    first = known[known["source"].eq(INDEX)].drop_duplicates("school_id").tail(2)
    judged = first.assign(stage=STAGES[1], year=YEAR, start=-1.5, now=-1.22, expected=-0.68, difference=-0.54, others=3)
    judged = judged.assign(low=-3.23, high=2.14, chance=1.2, degrees=13.0, verdict=CHANCE, reason=None)
    work = judged.assign(source=WORK, subject="математика", grade=6, now=12.0, start=30.0, difference=-15.0, others=37)
    work = work.assign(low=-29.0, high=-1.0, verdict=BETTER)
    return replace(demo, support=replace(demo.support, monitoring=pd.concat([known, judged, work]).astype(TYPES)))


def test_stages_are_never_a_bare_difference(compared, projects):
    demo = compared
    pages = {name: open_portfolio(demo, name, YEAR) for name in list_municipalities(demo, YEAR)}
    rows = pd.concat([part.frame for page in pages.values() if isinstance(part := tabulate_stages(page), Table)])
    told = rows["Рядом с похожими"]
    assert told.str.contains(
        r"лучше похожих|хуже похожих|в пределах случайного|мало|нет|ничего не значит|не было"
    ).all()
    judged = told[told.str.contains("рядом")]
    assert len(judged) == 4
    assert judged.str.fullmatch(
        r".*: [+−]?[\d,]+ \(от [+−]?[\d,]+ до [+−]?[\d,]+\), рядом \d+ (похожих|других участников)"
    ).all()
    assert rows["Программа скорректирована"].str.match(r"(да|нет|не сообщено)").all()
    support, schools = demo.support, demo.identified.schools
    whole = tabulate_all_stages(support.monitoring, support.participants, schools, YEAR).frame
    assert len(whole) == len(rows)
    counted = tabulate_region_stages(support.monitoring, support.participants, projects, YEAR)
    assert counted.frame["Этап"].tolist() == sorted(counted.frame["Этап"], key=STAGES.index)
    assert "входной — 01.03–30.04.2023" in counted.note
    assert list_stages(support.monitoring.head(0)).empty
    measured = pd.concat(
        [part.frame for page in pages.values() if isinstance(part := tabulate_participants(page), Table)]
    )
    said = measured["Индекс: вход → этап"]
    assert said.str.contains("→").sum() == 2
    assert said[said.str.contains("→")].eq("−1,50 → −1,22 (похожие −0,68): в пределах случайного").all()


@pytest.mark.parametrize("make", OWN)
def test_schools_of_other_municipalities_are_not_named(demo, pages, make):
    schools = demo.identified.schools[demo.identified.schools["year"] == YEAR]
    for name, page in pages.items():
        others = schools[schools["municipality"] != name]
        html = make(page)._repr_html_()
        assert not [school for school in [*others["name"], *others["school_id"]] if school in html]


def test_practices_are_alphabetical_and_say_chance(demo, methodology):
    schools = demo.identified.schools
    codes = sorted(schools.loc[schools["year"] == YEAR, "school_id"])[:4]
    found = pd.DataFrame({"year": YEAR, "school_id": codes[::-1], "years": 4, "is_participant": [True, False] * 2})
    part = tabulate_practices(found, demo.levels, schools, methodology)
    names = list(zip(part.frame["Муниципалитет"], part.frame["Школа"], strict=True))
    assert len(names) == 4
    assert "trend" not in part.frame
    assert re.search(r"Из \d+.школ\w* одна случайность дала бы", part.note)
    none = tabulate_practices(found.head(0), demo.levels, schools, methodology)
    assert "нет" in none.paragraphs[0]
    assert "одна случайность" in none.paragraphs[0]


def test_nothing_is_a_note(demo, pages, projects, methodology):
    name = next(iter(pages))
    empty = open_portfolio(replace(demo, support=Support()), name, YEAR)
    assert all(isinstance(make(empty), Text) for make in OWN)
    none = pd.DataFrame()
    assert isinstance(tabulate_projects(none, projects, YEAR), Text)
    assert isinstance(tabulate_curators(none, YEAR), Text)
    assert isinstance(tabulate_region_stages(none, none, projects, YEAR), Text)
    assert isinstance(tabulate_all_stages(none, none, demo.identified.schools, YEAR), Text)
    assert isinstance(tabulate_practices(none, none, demo.identified.schools, methodology), Text)
    assert describe_official(empty).empty
    assert describe_participation(empty).empty
