"""A chart of one's own: into page, workbook, note and facts, or refused with what to do."""

import json
import sys

import nbformat
import openpyxl
import pandas as pd
import papermill
import pytest
import seaborn as sns
from bs4 import BeautifulSoup
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_output

from effschool.report import own
from effschool.report.own import UnfitFigureError, list_own_charts, show_figure
from effschool.report.page import PageCard, UnshowableError, render_page
from effschool.report.portfolio import open_portfolio

TITLE, SENTENCE = "Индекс и питание, %", "Чем больше доля, тем ниже индекс."


@pytest.fixture(autouse=True)
def nothing_shown(monkeypatch):
    monkeypatch.setattr(own, "_shown", {})
    monkeypatch.setattr(own, "_taken", [])
    yield
    plt.close("all")


@pytest.fixture
def frame():
    return pd.DataFrame({"school_id": ["001", "002"], "Питание": [10.5, 40.5], "Индекс": [0.8, 0.4]})


def draw(frame: pd.DataFrame) -> Figure:
    figure, axes = plt.subplots(figsize=(14, 7))
    axes.scatter(frame["Питание"], frame["Индекс"])
    return figure


def test_figure_of_pyplot_and_grid_of_seaborn_are_taken(frame, capsys):
    show_figure(draw(frame), TITLE, SENTENCE, frame)
    show_figure(sns.relplot(frame, x="Питание", y="Индекс"), "Другой", SENTENCE, frame)
    show_figure(sns.scatterplot(frame, x="Питание", y="Индекс"), "Третий", SENTENCE, frame)
    first, second, third = list_own_charts()
    assert plt.get_fignums() == []  # else the notebook would show them once more
    assert tuple(first.figure.get_size_inches()) == (9, 4.5)
    assert list(first.table.frame) == ["Код ОО", "Питание", "Индекс"]
    assert (second.title, third.sentence) == ("Другой", SENTENCE)
    page = first._repr_html_()
    assert "0,8" in page
    assert "0.8" not in BeautifulSoup(page, "html.parser").svg.get_text()
    assert f'aria-label="{SENTENCE}"' in page or SENTENCE in page


def test_cell_that_is_run_again_replaces_its_chart(frame):
    for sentence in (SENTENCE, "Доля и индекс связаны слабо."):
        show_figure(draw(frame), TITLE, sentence, frame)
    (chart,) = list_own_charts()
    assert chart.sentence == "Доля и индекс связаны слабо."


def test_figure_below_the_cell_that_writes_the_book_is_refused(frame):
    show_figure(draw(frame), TITLE, SENTENCE, frame)
    assert len(list_own_charts()) == 1
    with pytest.raises(UnfitFigureError, match="книга отчёта выше уже записана"):
        show_figure(draw(frame), "Ещё один", SENTENCE, frame)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"figure": "рисунок"}, "«str», а не рисунок matplotlib"),
        ({"figure": None}, "«NoneType»"),
        ({"figure": Figure()}, "ничего не нарисовано"),
        ({"title": "  "}, "нет заголовка"),
        ({"sentence": ""}, "нет предложения"),
        ({"sentence": "Индекс и питание"}, "нет предложения"),
        ({"frame": pd.DataFrame()}, "нет данных"),
        ({"frame": None}, "нет данных"),
        ({"frame": pd.DataFrame([[1, 2]], columns=["а", "а"])}, "названы одинаково"),
    ],
)
def test_what_a_page_cannot_show_is_refused(frame, change, words):
    given = {"figure": draw(frame), "title": TITLE, "sentence": SENTENCE, "frame": frame} | change
    with pytest.raises(UnfitFigureError, match="Рисунок не взят в отчёт") as told:
        show_figure(**given)
    assert words in str(told.value)
    assert list_own_charts() == []


def test_solid_figure_is_refused(frame):
    axes = plt.figure().add_subplot(projection="3d")
    axes.scatter([1, 2], [1, 2], [1, 2])
    with pytest.raises(UnfitFigureError, match="трёхмерный"):
        show_figure(axes, TITLE, SENTENCE, frame)


def test_report_of_a_municipality_refuses_schools_of_others(demo, frame):
    schools = demo.identified.schools.query("year == 2023")
    place, other = sorted(set(schools["municipality"]))[:2]
    portfolio = open_portfolio(demo, place, 2023)
    mine, theirs = (schools[schools["municipality"] == name].iloc[0] for name in (place, other))
    show_figure(draw(frame), TITLE, SENTENCE, frame.assign(school_id=mine["school_id"]))
    assert len(list_own_charts(portfolio)) == 1
    own._taken.clear()  # as in a new run
    show_figure(draw(frame), "С кодом", SENTENCE, frame.assign(school_id=theirs["school_id"]))
    assert len(list_own_charts()) == 2
    with pytest.raises(UnfitFigureError, match=f"«{theirs['school_id']}», школа другого муниципалитета.*«{place}»"):
        list_own_charts(portfolio)
    own._shown.pop("own-s-kodom")
    own._taken.clear()
    named = draw(frame)
    named.axes[0].annotate(theirs["school_id"], (20, 0.5))
    show_figure(named, "С подписью", SENTENCE, frame.drop(columns="school_id"))
    with pytest.raises(UnfitFigureError, match=theirs["school_id"]):
        list_own_charts(portfolio)


OWN_CELL = """from effschool import open_run, show_figure
import seaborn as sns
run = open_run(processed)
rows = run.paths[(run.paths["municipality"] == portfolio.municipality)].dropna(subset="results_index")
grid = sns.relplot(run.label(rows), x="Год", y="Индекс результатов")
data = rows[["year", "results_index"]]
show_figure(grid, "Индексы наших школ по годам", "Индексы школ района по годам, без имён.", data)
"""


def test_chart_of_an_own_cell_reaches_page_workbook_note_and_facts(root, demo_processed, tmp_path):
    notebook = nbformat.read(root / "notebooks" / "04_portfolio.ipynb", as_version=4)
    place = next(place for place, cell in enumerate(notebook.cells) if "write_school_pages(" in cell.source and
                 cell.cell_type == "code" and "import" not in cell.source)  # fmt: skip
    notebook.cells.insert(place, new_code_cell(OWN_CELL))
    made = {name: str(tmp_path / f"x.{suffix}") for name, suffix in
            (("workbook", "xlsx"), ("note", "docx"), ("facts", "json"))}  # fmt: skip
    parameters = {"processed": str(demo_processed), "schools": str(tmp_path / "x"), **made}
    options = {"cwd": str(root / "notebooks"), "engine_name": "effschool", "kernel_name": "python3"}
    done = papermill.execute_notebook(notebook, tmp_path / "x.ipynb", parameters, progress_bar=False, **options)
    soup = BeautifulSoup(render_page(done, PageCard("Район", "2023 год", demonstration=True)), "html.parser")
    (figure,) = [
        item for item in soup.find_all("figure") if "Индексы наших школ по годам" in item.figcaption.get_text()
    ]
    assert figure.svg
    assert "Индексы школ района по годам, без имён." in figure.get_text()
    sheet = openpyxl.load_workbook(made["workbook"])["Индексы наших школ по годам"]
    assert [cell.value for cell in sheet[1]] == ["Год", "Индекс результатов"]
    facts = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    assert "own-indeksy-nashikh-shkol-po-godam" in {part.get("key") for part in facts["parts"]}
    assert (tmp_path / "x.docx").stat().st_size > 0


@pytest.mark.parametrize(
    ("data", "word"),
    [({"image/png": "iVBOR=", "text/plain": "<Figure>"}, "image/png"),
     ({"text/html": '<div><table border="1" class="dataframe"></table></div>', "text/plain": "x"}, "рамка pandas"),
     ({"application/vnd.plotly.v1+json": {}, "text/plain": "x"}, "plotly")],
)  # fmt: skip
def test_page_refuses_what_it_would_leave_out(data, word):
    cell = new_code_cell("x = 1\nplt.plot(x)", outputs=[new_output("display_data", data)])
    card = PageCard("Район", "2023 год", demonstration=True)
    with pytest.raises(UnshowableError, match=r"Ячейка «plt\.plot\(x\)»") as told:
        render_page(nbformat.v4.new_notebook(cells=[cell]), card)
    assert word in str(told.value)
    assert "show_figure" in str(told.value)
    assert "matplotlib.pyplot" in sys.modules
