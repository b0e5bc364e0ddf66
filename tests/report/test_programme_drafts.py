"""Drafts of schools' programmes: what the finished note and calendar say, and that the calendar comes back."""

from dataclasses import replace

import docx
import openpyxl
import pandas as pd
import pytest

from effschool.intake.ingest import ingest_folder
from effschool.report.portfolio import list_municipalities, open_portfolio
from effschool.report.sections.school import list_drafted, name_drafts, tell_schools
from effschool.report.sections.school_programme import write_drafts

YEAR = 2023


@pytest.fixture(scope="module")
def rules(root):
    drafts = root / "programmes" / "school.yml", root / "forms" / "context.yml"
    return root / "comments" / "schools.yml", drafts


@pytest.fixture(scope="module")
def told(demo, rules):
    """The municipality with the most schools on lists."""
    found = [open_portfolio(demo, name, YEAR) for name in list_municipalities(demo, YEAR)]
    return tell_schools(max(found, key=lambda place: len(list_drafted(place))), rules[0])


@pytest.fixture(scope="module")
def folder(told, rules, tmp_path_factory):
    made = tmp_path_factory.mktemp("drafts")
    write_drafts(told, rules[1], made)
    return made


def read(path):
    """All text of a note, tables too, in lines."""
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells]).replace(
        "\N{NO-BREAK SPACE}", " "
    )


def test_every_listed_school_has_both_files_and_no_other_has(told, folder):
    assert sorted(path.name for path in folder.iterdir()) == sorted(name_drafts(told.portfolio))
    codes = set(list_drafted(told.portfolio)["school_id"])
    assert codes
    assert {path.stem for path in folder.iterdir()} == codes
    assert len(codes) < len(told.portfolio.schools)


def test_draft_says_that_it_is_one_and_names_no_school_of_others(told, folder, demo):
    others = demo.identified.schools
    others = others[(others["year"] == YEAR) & (others["municipality"] != told.portfolio.municipality)]
    for path in folder.glob("*.docx"):
        text = read(path)
        assert "Черновик" in text
        assert "Демонстрационные данные" in text
        assert not [name for name in others["name"] if name in text]


def test_draft_holds_goals_causes_and_the_whole_plan(told, folder):
    for path in folder.glob("*.docx"):
        text = read(path)
        for heading in ("Где школа сейчас", "Причины, которые проверяет школа", "Цели", "План мероприятий"):
            assert heading in text, heading
        sheet = openpyxl.load_workbook(path.with_suffix(".xlsx")).worksheets[0]
        events = [row[3] for row in sheet.iter_rows(min_row=5, values_only=True)]
        assert len(events) > 9
        assert all(event in text for event in events)


def test_share_of_few_children_is_in_no_draft(told, folder):
    hidden = told.figures[told.figures["people"] < 5]
    assert len(hidden)
    for code, rows in hidden.groupby("school_id"):
        if (folder / f"{code}.docx").exists():
            grids = docx.Document(str(folder / f"{code}.docx")).tables
            goals = [grid for grid in grids if grid.rows[0].cells[0].text == "Показатель"]
            named = {row.cells[0].text for grid in goals for row in grid.rows}
            assert not named & set(rows["name"])


def test_calendar_comes_back_as_a_roadmap_with_the_marks_of_the_school(told, folder, root, tmp_path, demo_raw):
    path = sorted(folder.glob("*.xlsx"))[0]
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["H5"], sheet["I5"] = "выполнено", "12.09.2023"
    rows = sheet.max_row - 4
    (tmp_path / "raw").mkdir()
    for name in ("schools.csv", "results.csv", "certificates.csv"):
        (tmp_path / "raw" / name).write_bytes((demo_raw / name).read_bytes())
    book.save(tmp_path / "raw" / "план.xlsx")
    found = ingest_folder(tmp_path / "raw", root / "layouts", root / "methodologies" / "thresholds.yml")
    roadmap = found.tables["roadmap"]
    assert not len(found.problems[(found.problems["file"] == "план.xlsx") & (found.problems["severity"] == "ошибка")])
    assert len(roadmap) == rows
    assert roadmap["municipality"].eq(told.portfolio.municipality).all()
    assert roadmap.loc[roadmap["number"] == "1", ["state", "done"]].to_numpy().tolist() == [["выполнено", "12.09.2023"]]
    assert roadmap["state"].isna().sum() == rows - 1


def test_same_school_gives_the_same_bytes(told, rules, folder, tmp_path):
    one = list_drafted(told.portfolio).head(1)
    for path in write_drafts(told, rules[1], tmp_path, one):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_goal_of_the_programme_counts_where_the_municipality_takes_part(told, rules, tmp_path):
    """A plan of 60 % who cope is a goal of 40 % who do not: nearer to 55 % than ФИОКО and the group."""
    portfolio = told.portfolio
    plan = {"programme": "lazo", "target": "vpr_coped", "year": YEAR, "municipality": portfolio.municipality}
    support = replace(portfolio.workspace.support, targets=pd.DataFrame([plan | {"plan": 60.0}]))
    figures = told.figures.copy()
    chosen = figures["indicator"].eq("vpr_math_2") & figures["people"].ge(20)
    code = figures.loc[chosen, "school_id"].iloc[0]
    figures.loc[chosen & figures["school_id"].eq(code), ["own", "beside", "verdict"]] = [55.0, 3.0, "хуже"]
    workspace = replace(portfolio.workspace, support=support)
    changed = replace(told, portfolio=replace(portfolio, workspace=workspace), figures=figures)
    one = portfolio.schools[portfolio.schools["school_id"] == code]
    text = read(write_drafts(changed, rules[1], tmp_path, one)[0])
    assert "цель программы района по ВПР" in text
