import json

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from effschool.base.russian import NBSP, format_percent
from effschool.report.charts import start_figure
from effschool.report.display import GLANCE, Chart, Figures, Links, Search, Table, Text, gather_notes, keep_told

HARMFUL = "<script>alert(1)</script>"


def parse(part):
    return BeautifulSoup(part._repr_html_(), "html.parser")


def make_table(**columns):
    return Table("ключ", "Заголовок", pd.DataFrame({"Школа": ["а", "б"], **columns}), note="Примечание")


def read_cells(part):
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in parse(part).find_all("tr")]


def make_chart(title="Заголовок", sentence="Предложение."):
    figure, (axes,) = start_figure(2)
    axes.plot([1, 2], [3, 4])
    return Chart("chart", title, sentence, figure, make_table(Число=[1, 2]))


def test_table_has_caption_and_scopes():
    soup = parse(make_table(Число=[1, 2]))
    assert soup.caption.get_text() == "Заголовок"
    assert [cell["scope"] for cell in soup.thead.find_all("th")] == ["col", "col"]
    assert [cell["scope"] for cell in soup.tbody.find_all("th")] == ["row", "row"]
    assert "Примечание" in soup.get_text()
    assert not soup.find_all(id=True)
    assert not soup.find_all("style")


def test_cells_are_written_in_russian_form():
    table = make_table(Число=[1234, 5], Доля=[27.6, np.nan], Слово=["да", None])
    table = Table(table.key, table.title, table.frame, {"Доля": format_percent})
    assert read_cells(table) == [
        ["Школа", "Число", "Доля", "Слово"],
        ["а", f"1{NBSP}234", f"27,6{NBSP}%", "да"],
        ["б", "5", "нет данных", "нет данных"],
    ]


def test_numbers_stand_to_the_right_and_text_to_the_left():
    soup = parse(make_table(Число=[1, 2], Слово=["да", "нет"]))
    assert [cell.get("class") for cell in soup.find_all("td")] == [["number"], None] * 2
    assert [cell.get("class") for cell in soup.thead.find_all("th")] == [None, ["number"], None]


def test_missing_counts_are_no_zeros():
    assert read_cells(make_table(Число=pd.array([0, None], dtype="Int64")))[1:] == [["а", "0"], ["б", "нет данных"]]


def test_rows_of_the_same_name_are_all_shown():
    table = Table("к", "З", pd.DataFrame({"Школа": ["а", "а"], "Число": [1, 2]}))
    assert read_cells(table)[1:] == [["а", "1"], ["а", "2"]]


def test_table_without_rows_keeps_its_head():
    table = Table("к", "З", pd.DataFrame({"Школа": pd.Series(dtype="str"), "Число": pd.Series(dtype="int64")}))
    assert read_cells(table) == [["Школа", "Число"]]


@pytest.mark.parametrize(
    "part",
    [
        Table("к", HARMFUL, pd.DataFrame({HARMFUL: [HARMFUL], f"{HARMFUL} 2": [HARMFUL]}), note=HARMFUL),
        make_chart(HARMFUL, HARMFUL),
        Text((HARMFUL,)),
        Figures(((HARMFUL, HARMFUL, HARMFUL),)),
        Links(((HARMFUL, 'x" onclick="alert(1)', HARMFUL),)),
    ],
)
def test_names_from_files_are_escaped(part):
    soup = parse(part)
    assert not soup.find_all("script")
    assert not soup.find_all(onclick=True)
    assert HARMFUL in soup.get_text()


@pytest.mark.parametrize(("rows", "is_searched"), [(GLANCE, False), (GLANCE + 1, True)])
def test_only_a_long_table_is_searched(rows, is_searched):
    frame = pd.DataFrame({"Школа": ["а"] * rows, "Код": [HARMFUL] * rows, "Списки": ["ШНРО"] * rows})
    soup = parse(Table("к", "З", frame, search=Search("Списки", (HARMFUL, '"ШНРО"'), ("Код",))))
    searched = soup.find_all(attrs={"data-lists": True})
    assert [json.loads(box["data-lists"]) for box in searched] == [[HARMFUL, '"ШНРО"']] * is_searched
    assert [row["data-also"] for row in soup.find_all("tr", attrs={"data-also": True})] == [
        HARMFUL
    ] * rows * is_searched


def test_chart_says_in_words_what_it_draws():
    soup = parse(make_chart())
    assert soup.svg["aria-label"] == "Заголовок. Предложение."
    assert soup.svg["role"] == "img"
    assert soup.find(class_="sentence").get_text() == "Предложение."
    assert soup.figcaption.get_text() == "Заголовок"
    assert read_cells(make_chart()) == [["Школа", "Число"], ["а", "1"], ["б", "2"]]
    assert soup.details.table


def test_same_drawing_is_the_same_bytes_without_a_time():
    first, second = make_chart().draw_svg(), make_chart().draw_svg()
    assert first == second
    assert first.content.count("<text") > 3
    assert "date" not in first.content


def test_link_without_a_page_is_text_with_the_reason():
    soup = parse(Links((("А", "a.html", ""), ("Б", "", "не построен"))))
    assert [(link["href"], link.get_text()) for link in soup.find_all("a")] == [("a.html", "А")]
    assert soup.find_all("li")[1].get_text() == "Б — не построен"


def test_note_is_set_off():
    assert "text-note" in parse(Text(("А",), kind="note")).div["class"]
    assert [p.get_text() for p in parse(Text(("А", "Б"))).find_all("p")] == ["А", "Б"]


def test_plain_text_of_a_part_has_no_address_in_memory():
    assert repr(make_chart()) == repr(make_table()) == "<Заголовок>"


def test_checksum_may_be_broken_and_nothing_else_is_touched():
    table = Table("к", "т", pd.DataFrame({"файл": ["a.csv"], "сумма": ["0123456789abcdef" * 4]}))
    soup = BeautifulSoup(table._repr_html_(), "html.parser")
    assert len(soup.find_all("wbr")) == 7
    assert soup.td.get_text() == "0123456789abcdef" * 4


def test_page_shows_the_columns_it_is_told_and_the_book_has_all():
    drawing = '<svg role="img" aria-label="круг"></svg>'
    frame = pd.DataFrame({"Школа": ["<b>"], "Код": ["1"], "Списки": ["ШНРО"]})
    table = Table("к", "т", frame, drawings={"Годы": [drawing]}, shown=("Школа", "Годы", "Списки"))
    soup = BeautifulSoup(table._repr_html_(), "html.parser")
    assert [cell.get_text() for cell in soup.find_all("th", scope="col")] == ["Школа", "Годы", "Списки"]
    assert [cell.get_text() for cell in soup.tbody.find_all(["th", "td"])] == ["<b>", "", "ШНРО"]
    assert [cell["data-head"] for cell in soup.find_all("td")] == ["Годы", "Списки"]
    assert table.list_rows() == [["<b>", "1", "ШНРО"]]


def test_parts_with_nothing_to_say_are_left_to_one_place():
    told, silent = Text(("есть",)), Text(("нет",), kind="note")
    assert keep_told(told, silent) == [told]
    assert gather_notes(told, silent, silent).paragraphs == ("нет",)
