import base64
import json
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from leaks import Secrets, find_leaks, list_files, list_secrets, make_frame
from openpyxl.comments import Comment
from openpyxl.workbook.defined_name import DefinedName

from effschool.base.configuration import ConfigurationError
from effschool.report import charts
from effschool.report.display import Chart, Table
from effschool.report.pictures import draw_svg
from effschool.report.portfolio import list_municipalities, open_portfolio
from effschool.report.privacy import RULES, blur_index, count_in_cells, load_privacy, suppress_small
from effschool.report.queries import judge_indicators
from effschool.report.sections import municipality as sections
from effschool.report.sections.school import tell_schools
from effschool.report.sections.schools import tabulate_schools
from effschool.report.workbook import write_workbook

YEAR = 2023
NAME, FIGURE = "МБОУ СОШ № 7 с. Чужого", 0.7123456789
WORDS = Secrets(frozenset([NAME, "099123"]), np.array([FIGURE, 36.363787]), np.empty((0, 2)), np.empty((0, 2)))


def test_rules_name_their_source_and_wrong_ones_are_refused(tmp_path):
    assert load_privacy().reports.source
    wrong = tmp_path / "privacy.yml"
    wrong.write_text(RULES.read_text(encoding="utf-8").replace("schools: 5", "schools: 1"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"privacy.yml.*reports.schools.*стоит «1»"):
        load_privacy(wrong)


def test_figures_with_one_to_four_others_behind_them_are_hidden():
    figures = pd.Series([1.0, 2.0, 3.0, 4.0], index=list("abcd"))
    shown = suppress_small(figures, pd.Series({"a": 5, "b": 4, "c": 1}))
    assert shown.isna().to_dict() == {"a": False, "b": True, "c": True, "d": False}


def test_indices_are_blurred_to_a_step():
    assert blur_index(pd.Series([0.7149, 0.7151, None])).round(9).tolist()[:2] == [0.71, 0.72]


def test_cells_hold_enough_schools_and_the_last_one_takes_the_end():
    x = pd.Series([0.11, 0.12, 0.13, 0.14, 0.19, 0.55, 1.0, 0.95, 0.91, 0.92, 0.93])
    cells = count_in_cells(x, pd.Series([0.3] * 11))
    assert cells.round(9).to_numpy().tolist() == [[0.15, 0.35, 5], [0.95, 0.35, 5]]
    assert count_in_cells(x.head(0), x.head(0)).empty


def test_a_region_of_too_few_others_is_not_compared(demo):
    names = list_municipalities(demo, YEAR)
    paths = demo.dynamics.paths
    is_own = paths["municipality"] == names[1]
    others = paths[~is_own & (paths["group"] == "средние")].dropna(subset=["results_band", "social_band"])
    few = pd.concat([paths[is_own], others.groupby("year").head(4)])
    portfolio = open_portfolio(replace(demo, dynamics=replace(demo.dynamics, paths=few)), names[1], YEAR)
    assert len(portfolio.others) == 4
    assert set(portfolio.untold["group"]) == {"средние"}
    assert sections.chart_matrix(portfolio).sentence == sections.TOO_FEW
    judged = judge_indicators(portfolio, "results")
    assert judged["own"].notna().all()
    assert judged[["region", "verdict"]].isna().all(axis=None)
    assert sections.count_lists(portfolio)[["region", "region_schools"]].isna().all(axis=None)


def test_a_place_that_is_kept_back_is_not_called_missing(demo, root):
    name = list_municipalities(demo, YEAR)[1]
    paths = demo.dynamics.paths
    alone = paths[paths["municipality"] == name]
    others = paths[(paths["municipality"] != name) & paths["results_band"].notna() & paths["social_band"].notna()]
    few = others.groupby(["year", "group"]).head(4)
    many = [others.assign(school_id=others["school_id"] + str(copy)) for copy in range(5)]
    hidden, usual = (
        open_portfolio(replace(demo, dynamics=replace(demo.dynamics, paths=pd.concat([alone, *parts]))), name, YEAR)
        for parts in ([few], many)
    )
    assert [len(portfolio.untold) > 0 for portfolio in (hidden, usual)] == [True, False]
    legends = [
        tabulate_schools(tell_schools(portfolio, root / "comments" / "schools.yml")).legend
        for portfolio in (hidden, usual)
    ]
    assert legends[0] == legends[1].removesuffix(".") + " или место не названо (см. «Данные и метод»)."
    assert sections.chart_matrix(hidden).paragraphs == (
        "Портфельная матрица результатов и социальных условий: места школ не названы, их группы малы.",
    )


# The search itself: every kind of leak that is planted has to be found.


def plant_sheet(book, path):
    book.create_sheet("Лист").append([NAME])
    book["Лист"].sheet_state = "hidden"


def plant_property(book, path):
    book.properties.description = NAME


def plant_defined_name(book, path):
    book.defined_names["x"] = DefinedName("x", attr_text=f'"{NAME}"')


def plant_comment(book, path):
    book.worksheets[0]["A1"].comment = Comment("код 099123", "кто-то")


def plant_figure(book, path):
    book.worksheets[0]["Z90"] = FIGURE


@pytest.mark.parametrize("plant", [plant_sheet, plant_property, plant_defined_name, plant_comment, plant_figure])
def test_a_leak_in_a_workbook_is_found(plant, tmp_path):
    path = tmp_path / "a.xlsx"
    write_workbook([Table("Т", "Т", make_frame([("Своя", 0.5)]))], path, "Т")
    assert not find_leaks([path], WORDS)
    book = openpyxl.load_workbook(path)
    plant(book, path)
    book.save(path)
    assert find_leaks([path], WORDS)


def encode(text):
    return f'<img src="data:image/svg+xml;base64,{base64.b64encode(text.encode()).decode()}" alt="">'


@pytest.mark.parametrize(
    "text",
    [
        f"<p>{NAME}</p>",
        '<img alt="школа 099123">',
        "<td>0,712346</td>",
        "<td>0.71234568</td>",
        "<td>0,7123</td>",
        "<td>36.363787</td>",
        "<td>МБОУ СОШ &#8470; 7 с. Чужого</td>",
        encode(f"<svg><title>{NAME}</title></svg>"),
    ],
)
def test_a_leak_in_a_page_or_a_notebook_is_found(text, tmp_path):
    page, notebook = tmp_path / "a.html", tmp_path / "a.ipynb"
    page.write_text(text, encoding="utf-8")
    cells = [{"metadata": {"x": text}, "outputs": [{"data": {"text/html": [text]}}]}]
    notebook.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert find_leaks([page], WORDS)
    assert find_leaks([notebook], WORDS)
    page.write_text("<p>МБОУ СОШ № 17 с. Чужого 1099123 0,712 36,36</p>", encoding="utf-8")
    assert not find_leaks([page], WORDS)


@pytest.fixture(scope="module")
def drawn(demo):
    """A municipality with its secrets and the points of its matrix."""
    municipality = list_municipalities(demo, YEAR)[1]
    portfolio = open_portfolio(demo, municipality, YEAR)
    return list_secrets(demo, municipality, YEAR), sections.place_points(portfolio)


def save_page(points, path):
    chart = Chart(
        "m", "М", "П.", charts.draw_matrix(points, "x", "y", ("свои", "другие")), Table("Т", "Т", make_frame([]))
    )
    path.write_text(chart._repr_html_(), encoding="utf-8")


def test_an_exact_point_of_a_school_of_others_is_read_off_the_drawing(drawn, tmp_path):
    secrets, points = drawn
    page = tmp_path / "a.html"
    save_page(points, page)
    assert not find_leaks([page], secrets)
    inner = secrets.pairs[np.abs(secrets.pairs - np.median(secrets.own_pairs, axis=0)).max(axis=1).argmin()]
    planted = pd.DataFrame([{"x": inner[0], "y": inner[1], "schools": 1, "kind": "прочие"}])
    save_page(pd.concat([points, planted], ignore_index=True).astype({"number": "Int64"}), page)
    assert [leak for leak in find_leaks([page], secrets) if "точка" in leak]


def test_a_drawing_without_own_points_tells_nothing(drawn):
    secrets, points = drawn
    svg = "<svg>" + draw_svg(charts.draw_matrix(points, "x", "y", ("свои", "другие")), "matrix").content
    assert "<use" in svg
    assert len(secrets.own_pairs) > 2


def test_files_of_a_municipality_are_all_those_with_its_name(tmp_path):
    for name in ("a.html", "a.xlsx", "a-2.html", "notebooks/a.ipynb", "stamps/a.json", "a.failed.ipynb"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    assert {path.name for path in list_files(tmp_path, "a")} == {"a.html", "a.xlsx", "a.ipynb", "a.failed.ipynb"}
