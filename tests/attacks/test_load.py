"""Regions larger than any: a page stays legible and small, a message is told once for its kind.

Tiny versions of what `bench/load.py` measures: pages are built with as many schools as that, or limits are lowered.
"""

import re

import numpy as np
import pandas as pd
import pytest
from builders_gallery import scatter_schools, show
from builders_raw import HEADINGS, LAYOUTS, ROWS, build_raw, write_csv
from nbformat.v4 import new_markdown_cell, new_notebook

from effschool.intake.ingest import ingest_folder
from effschool.report import charts, display
from effschool.report.display import Chart, Search, Table
from effschool.report.drawings import draw_strip
from effschool.report.page import PageCard, render_page
from effschool.report.portfolio import list_municipalities, open_portfolio
from effschool.report.sections.municipality import chart_matrix
from effschool.report.sections.own_dynamics import chart_changes
from effschool.report.sections.school import tell_schools
from effschool.report.sections.schools import tabulate_schools

MOST_BYTES = 3_000_000
STRIP = draw_strip(dict.fromkeys(range(2019, 2024), "low"), {"low": "Н", "high": "В"}, "low")


def name_many(count: int) -> list[str]:
    return [f"{number}. МБОУ СОШ № {number} г. Алоавантюриновск" for number in range(1, count + 1)]


def draw_many(count: int) -> Chart:
    """The matrix of so many schools with the data behind it."""
    points = scatter_schools(np.random.default_rng(1), count)
    figure = charts.draw_matrix(points, "Условия", "Результаты", ("прочие школы", "другие"))
    frame = pd.DataFrame({"Школа": name_many(count)} | {f"Индекс {year}": 0.5 for year in range(6)})
    return Chart("matrix", "Матрица", "Предложение.", figure, Table("Матрица", "Школы", frame))


def build_page(count: int) -> str:
    """A page with the parts that grow with the schools: the table of all, the matrix, a table of some."""
    names = name_many(count)
    frame = pd.DataFrame({"Школа": names, "Код": "27000", "Списки": "ШНРО", "Что дальше": "Разобрать. " * 10})
    every = Table("Школы", "Школы", frame, drawings={"Результаты": [STRIP] * count, "Условия": [STRIP] * count},
                  shown=("Школа", "Результаты", "Условия", "Что дальше"), search=Search("Списки", ("ШНРО",), ("Код",)),
                  folds=True)  # fmt: skip
    some = Table("Когорты", "Когорты", frame, folds=True)
    card = PageCard("Город", "2023 год", demonstration=True)
    return render_page(new_notebook(cells=[new_markdown_cell("## Школы"), show(every, draw_many(count), some)]), card)


@pytest.fixture(scope="module")
def page() -> str:
    return build_page(900)


def test_page_of_nine_hundred_schools_is_small(page):
    assert len(page.encode()) < MOST_BYTES / 2
    grown = len(build_page(300).encode())
    assert (len(page.encode()) - grown) / 600 < 1_000  # bytes for each further school


def test_every_school_is_found_on_the_page_and_all_else_in_the_book(page):
    rows = re.findall(r'<tr data-also="27000"', page)
    assert len(rows) == 900
    assert page.count("<tr") < 900 + 2 * display.MOST_ROWS + 10
    told = " ".join(page.split())
    assert told.count("ещё 750 строк — в книге, лист «Когорты»") == 1
    assert told.count("ещё 750 строк — в книге, лист «Матрица»") == 1
    assert "Столбцы «Результаты», «Условия» — в книге, лист «Школы»" in told


def test_page_of_few_schools_says_nothing_of_a_book():
    few = build_page(60)
    assert few.count('class="strip"') == 120
    assert "в книге" not in few


def list_boxes(figure) -> np.ndarray:
    """Boxes of the numbers in a drawing."""
    figure.draw_without_rendering()
    return np.array([text.get_window_extent().extents for text in figure.axes[0].texts])


@pytest.mark.parametrize("count", [150, 900])
def test_numbers_of_a_crowd_do_not_cover_one_another(count):
    boxes = list_boxes(draw_many(count).figure)
    assert 20 < len(boxes) < count
    apart = (boxes[:, None, :2] >= boxes[None, :, 2:]) | (boxes[:, None, 2:] <= boxes[None, :, :2])
    overlapping = ~apart.any(axis=2) & ~np.eye(len(boxes), dtype=bool)
    assert overlapping.sum() / 2 <= len(boxes) / 20  # a letter may be wider than its room


def test_every_school_of_a_usual_city_has_its_number():
    assert len(list_boxes(draw_many(charts.MOST_NUMBERED).figure)) == charts.MOST_NUMBERED


def test_parts_of_a_report_fold(demo, root, monkeypatch):
    monkeypatch.setattr(display, "MOST_ROWS", 2)
    monkeypatch.setattr(charts, "MOST_NUMBERED", 2)
    portfolio, with_matrix = (open_portfolio(demo, name, 2023) for name in list_municipalities(demo, 2023)[:2])
    told = tell_schools(portfolio, root / "comments" / "schools.yml")
    assert len(portfolio.register) > 2
    schools, matrix, changes = tabulate_schools(told), chart_matrix(with_matrix), chart_changes(portfolio)
    assert "<svg" not in schools._repr_html_()
    assert schools._repr_html_().count('<th scope="row"') == len(portfolio.register)
    for chart in (matrix, changes):
        assert f"в книге, лист «{chart.table.key}»" in chart._repr_html_()
    assert "номер стоит там, где для него есть место" in matrix.sentence
    assert not matrix.figure.axes[0].lines[2:]  # the two medians alone


def test_columns_nobody_knows_are_one_message(tmp_path):
    raw, many = build_raw(tmp_path / "raw"), 300
    extra = "".join(f",Лишний {number}" for number in range(many))
    write_csv(raw / "social.csv", [HEADINGS["social"] + extra, *(row + ",1" * many for row in ROWS["social"])])
    got = ingest_folder(raw, LAYOUTS)
    (said,) = got.problems["message"]
    assert "Лишний 0" in said
    assert "ещё 290" in said
    assert len(got.tables["social"]) == 2
