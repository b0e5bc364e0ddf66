import pandas as pd
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from effschool.report.display import GLANCE, Search, Table
from effschool.report.page import TEMPLATES, PageCard, render_page

HARMFUL = "<script>alert(1)</script>"


def show(html):
    return new_output("display_data", {"text/html": html, "text/plain": "PLAIN"})


@pytest.fixture
def render():
    def make(*cells, **card):
        about = PageCard(**{"title": "Район", "subtitle": "2022 год", "demonstration": False} | card)
        return BeautifulSoup(render_page(new_notebook(cells=list(cells)), about), "html.parser")

    return make


def test_page_is_a_russian_document_with_one_title(render):
    soup = render(new_markdown_cell("## Главное"))
    assert soup.html["lang"] == "ru"
    assert [soup.h1.get_text(), soup.h2.get_text()] == ["Район", "Главное"]
    assert "Район" in soup.title.get_text()
    assert soup.find(id="content").name == "main"
    assert soup.find("a", class_="skip")["href"] == "#content"
    assert "prefers-color-scheme" in soup.style.get_text()


def test_code_streams_and_plain_text_are_not_shown(render):
    cell = new_code_cell("SECRET = 1", outputs=[new_output("stream", text="STREAM"), show("<p>показано</p>")])
    text = render(cell, new_code_cell("2", outputs=[new_output("execute_result", {"text/plain": "PLAIN"})])).get_text()
    assert "показано" in text
    assert not [word for word in ("SECRET", "STREAM", "PLAIN") if word in text]


def test_cell_for_the_notebook_only_is_left_out(render):
    hidden = new_markdown_cell("# Для тетради", metadata={"tags": ["page-hide"]})
    soup = render(hidden, new_markdown_cell("## Для страницы"))
    assert "Для тетради" not in soup.get_text()
    assert "Для страницы" in soup.get_text()
    assert len(soup.find_all("h1")) == 1


def test_invented_data_are_called_so_only_where_they_are(render):
    assert "Демонстрационные данные" in render(demonstration=True).get_text()
    assert "Демонстрационные данные" not in render().get_text()


def test_names_of_the_card_are_escaped(render):
    soup = render(title=HARMFUL, subtitle=HARMFUL, workbook=HARMFUL, home='x" onclick="alert(1)')
    assert not soup.find_all("script")
    assert not soup.find_all(onclick=True)
    assert soup.h1.get_text() == HARMFUL


def test_link_home_is_there_only_where_there_is_a_home(render):
    assert render(home="index.html").find("header").a["href"] == "index.html"
    assert render().find("header").a is None


def test_page_names_no_other_host(render):
    cells = new_markdown_cell("## А"), new_code_cell("1", outputs=[show("<p>б</p>")])
    text = str(render(*cells, demonstration=True))
    assert not [word for word in ("http:", "https:", "@import", "url(", "<script", "<link") if word in text]


@pytest.mark.parametrize(("schools", "scripts"), [(GLANCE, 0), (GLANCE + 1, 1)])
def test_page_has_one_script_where_tables_of_schools_are_long(render, schools, scripts):
    frame = pd.DataFrame({"Школа": [HARMFUL] * schools, "Списки": "—"})
    table = show(Table("к", "<div data-lists=", frame, search=Search("Списки", (), ()))._repr_html_())
    found = render(new_code_cell("1", outputs=[table, table])).find_all("script")
    source = (TEMPLATES / "effschool" / "filter.js").read_text(encoding="utf-8")
    assert [script.string.strip() for script in found] == [source.strip()] * scripts


def test_each_part_of_a_long_page_ends_with_a_link_to_its_top(render):
    soup = render(*(new_markdown_cell(f"## Часть {number}") for number in range(5)))
    assert soup.find(id="top")
    parts = [tag.get_text() for tag in soup.select("main h2, main a[href='#top']")]
    assert parts == [text for number in range(5) for text in (f"Часть {number}", "К началу")]
    assert "К началу" not in render(new_markdown_cell("## Часть")).get_text()


def test_part_that_failed_is_named(render):
    error = new_output("error", ename="ValueError", evalue=f"нет <b>данных</b> {HARMFUL}", traceback=["TRACEBACK"])
    soup = render(new_code_cell("1", outputs=[error]))
    assert "нет <b>данных</b>" in soup.get_text()
    assert not soup.find_all("script")
    assert "TRACEBACK" not in soup.get_text()


def test_abbreviation_is_spelt_out_where_it_is_first_met_in_each_part(render):
    told = (("ШНРО", 'школы с "низкими" результатами'), ("ЕГЭ", "экзамен"))
    drawing = '<svg role="img"><text>ШНРО</text><title>ШНРО</title></svg>'
    first = new_code_cell("1", outputs=[show(f"{drawing}<p>ШНРО, ШНРОв и снова ШНРО</p>")])
    table = '<table><tr><td data-head="ЕГЭ">ЕГЭ: ШНРО</td></tr></table>'
    cells = [
        new_markdown_cell("## ЕГЭ"),
        first,
        new_markdown_cell("## Школы"),
        new_code_cell("2", outputs=[show(table)]),
    ]
    soup = render(*cells, title="ШНРО", abbreviations=told)
    marked = [(mark.get_text(), mark["title"]) for mark in soup.find_all("abbr")]
    assert marked == [told[1], told[0], told[1], told[0]]
    assert not soup.find_all(lambda tag: tag.name == "abbr" and tag.find_parents(["svg", "title", "h1"]))
    assert soup.td["data-head"] == "ЕГЭ"
    assert [mark.find_parent(["h2", "p", "td"]).name for mark in soup.find_all("abbr")] == ["h2", "p", "td", "td"]
    bare = render(*cells, title="ШНРО")
    assert bare.get_text() == soup.get_text()
    assert not bare.find_all("abbr")
