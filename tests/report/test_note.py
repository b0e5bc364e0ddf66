import re
import zipfile
from dataclasses import replace

import docx
import pandas as pd
import pytest
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from effschool.base.russian import NBSP, format_percent
from effschool.report.charts import start_figure
from effschool.report.display import Chart, Figures, Table, Text
from effschool.report.note import share_width, write_note

FRAME = pd.DataFrame({"Школа": ["СОШ № 5", "=1+1"], "Доля": [27.625, None], "Число": [1, 2]})
TABLE = Table("т", "Таблица школ", FRAME, {"Доля": format_percent}, note="Примечание.")


def make_chart():
    figure, (axes,) = start_figure(2)
    axes.plot([1, 2], [3, 4])
    return Chart("г", "График", "Предложение.", figure, TABLE)


@pytest.fixture
def write(tmp_path):
    def make(*parts, name="note.docx"):
        write_note(parts, tmp_path / name, "Записка")
        return docx.Document(tmp_path / name)

    return make


def test_title_of_any_length_is_a_title(tmp_path):
    write_note((), tmp_path / "a.docx", "Щ" * 1_900)
    note = docx.Document(tmp_path / "a.docx")
    assert note.core_properties.title == "Щ" * 255
    assert note.paragraphs[0].text == "Щ" * 1_900


def test_parts_stand_in_their_order(write):
    note = write("Главное", Text(("Первое.", "Второе.")), Figures((("Школ", "5", "из 6"),)), TABLE, make_chart())
    told = [(paragraph.style.name, paragraph.text) for paragraph in note.paragraphs if paragraph.text]
    assert told == [
        ("Title", "Записка"),
        ("Heading 1", "Главное"),
        ("Normal", "Первое."),
        ("Normal", "Второе."),
        ("List Bullet", "Школ: 5 (из 6)"),
        ("Caption", "Таблица школ"),
        ("Normal", "Примечание."),
        ("Caption", "График"),
        ("Normal", "Предложение."),
    ]


def test_cells_are_written_as_on_the_page(write):
    (table,) = write(TABLE).tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Школа", "Доля", "Число"],
        [f"СОШ №{NBSP}5", f"27,6{NBSP}%", "1"],
        ["=1+1", "нет данных", "2"],
    ]


def test_head_repeats_and_no_row_is_torn(write):
    (table,) = write(TABLE).tables
    heads = [row._tr.trPr.find(qn("w:tblHeader")) is not None for row in table.rows]
    assert heads == [True, False, False]
    assert all(row._tr.trPr.find(qn("w:cantSplit")) is not None for row in table.rows)


def test_sheet_is_a4_and_the_language_russian(write):
    note = write()
    section = note.sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (210, 297)
    assert note.styles["Normal"].element.rPr.find(qn("w:lang")).get(qn("w:val")) == "ru-RU"
    assert note.core_properties.language == "ru-RU"


def test_chart_is_a_picture_with_words_in_place_of_it(write):
    (picture,) = write(make_chart()).inline_shapes
    assert picture._inline.docPr.get("descr") == "График. Предложение."
    assert round(picture.width.mm) == 170


def test_columns_share_the_page_by_what_stands_in_them():
    widths = share_width([["А", "Длинное"], ["б", "слова " * 50]])
    assert sum(widths) <= 170 * 36000
    assert widths[1] > 5 * widths[0]


def test_no_word_is_cut_by_a_narrow_column():
    heads = ["Показатель", "Муниципалитет", "Регион", "Похожие муниципалитеты", "Против региона"]
    widths = share_width([heads, ["ЕГЭ, профильная математика: 80 и выше " * 3, "1,1", "1,4", "0–3", "—"]])
    assert sum(widths) <= 170 * 36000
    for head, width in zip(heads, widths, strict=True):
        assert width >= max(map(len, head.split())) * Pt(9) * 0.6 + Cm(0.38)


def test_columns_that_the_page_does_not_show_are_left_to_the_book(write):
    (table,) = write(replace(TABLE, shown=("Школа", "На шкале", "Число"), legend="Круг — школа.")).tables
    assert [cell.text for cell in table.rows[0].cells] == ["Школа", "Число"]


def test_legend_of_drawings_stands_where_they_are(write):
    told = replace(TABLE, legend="Круг — школа.")
    assert "Круг — школа." in told._repr_html_()
    assert "Круг" not in " ".join(paragraph.text for paragraph in write(told).paragraphs)


def test_same_parts_are_the_same_bytes_without_a_time(write, tmp_path):
    for name in ("1.docx", "2.docx"):
        write("А", TABLE, make_chart(), name=name)
    assert (tmp_path / "1.docx").read_bytes() == (tmp_path / "2.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.docx") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(2000, 1, 1, 0, 0, 0)}
        core = archive.read("docProps/core.xml").decode()
    assert re.findall(r"\d{4}-\d\d-\d\dT", core) == ["2000-01-01T", "2000-01-01T"]
    assert "python-docx" not in core


@pytest.mark.parametrize("name", ["<script>", "а\x00\x1fб", "\N{GRINNING FACE}", "А" * 300, "{{ x }}"])
def test_any_name_can_be_written(write, name):
    frame = pd.DataFrame({name: [name]})
    note = write(name, Text((name,)), Table("т", name, frame, note=name))
    assert note.tables[0].cell(1, 0).text == re.sub("[\x00\x1f]", "", name)


def test_failure_leaves_nothing_half_written(tmp_path):
    with pytest.raises(AttributeError):
        write_note([object()], tmp_path / "n.docx", "З")
    assert not list(tmp_path.iterdir())
