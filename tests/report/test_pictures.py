import io
import re

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from matplotlib.backends.backend_svg import FigureCanvasSVG

from effschool.report import charts
from effschool.report.pictures import PLAIN, draw_png, draw_svg, lay_out_figure, save_svg

COUNTS = pd.DataFrame({"школ": [3, 1], "всех": [2, 4]}, index=["1. А <b>&", "2. Б 1.23456"])
COLOURS = (charts.WORSE, charts.BETTER)


def draw(name="а"):
    return draw_svg(charts.draw_counts(COUNTS, "число", COLOURS), name)


def list_ids(drawing):
    return set(re.findall(r'id="([^"]+)"', drawing.content))


def test_letters_are_text_and_stay_as_they_are():
    soup = BeautifulSoup(draw().content, "html.parser")
    assert {*COUNTS.index, "число", "школ", "всех"} <= {text.get_text() for text in soup.find_all("text")}


def test_same_drawing_is_the_same_text():
    assert draw() == draw()


def test_nothing_refers_to_another_place_and_every_reference_is_met():
    drawing = draw()
    assert not re.search(r"https?:|xmlns|<style|<!--|<\?", drawing.content)
    assert set(re.findall(r"(?:href=\"|url\()#(\w+)", drawing.content)) == list_ids(drawing) != set()


def test_drawings_of_one_page_share_no_id():
    lines = pd.DataFrame({"а": [1.0, 2.0]}, index=[2022, 2023])
    ids = [list_ids(draw_svg(charts.draw_lines(lines, "шкала"), name)) for name in ("а", "б")]
    ids += [list_ids(draw(name)) for name in ("в", "г")]
    clips = [{name for name in found if name[0] in "ph"} for found in ids]
    assert len(set().union(*clips)) == sum(map(len, clips)) > 2


def test_numbers_have_no_digits_that_nobody_sees():
    attributes = " ".join(re.findall(r"<[^>]*>", draw().content))
    assert not re.search(r"\.\d{3}", attributes)
    assert "1.23456" in draw().content


def test_a_rectangle_stays_where_it_was():
    figure = charts.draw_counts(COUNTS, "число", COLOURS)
    square = re.search(
        r"M([\d.]+) ([\d.]+)L([\d.]+) \2L\3 ([\d.]+)L\1 \4z[^>]*fill: #cc4b12", draw_svg(figure, "а").content
    )
    ends = figure.axes[0].transData.transform([(0, -0.4), (3, 0.4)])
    height = figure.bbox.height
    wanted = [ends[0][0], height - ends[0][1], ends[1][0], height - ends[1][1]]
    np.testing.assert_allclose([float(number) for number in square.groups()], wanted, atol=0.01)


@pytest.mark.parametrize("before", [False, True])
def test_picture_for_print_is_the_same_bytes_whether_the_page_was_drawn_before(before):
    first, second = (charts.draw_counts(COUNTS, "число", COLOURS) for _ in range(2))
    if before:
        draw_svg(first, "а")
    assert draw_png(first) == draw_png(second)
    assert draw_png(first).startswith(b"\x89PNG")


def test_file_of_its_own_has_outlines_for_letters_and_the_same_bytes():
    saved = [save_svg(charts.draw_lines(pd.DataFrame({"а": [1.0, 2.0]}, index=[2022, 2023]), "а")) for _ in range(2)]
    assert saved[0] == saved[1]
    assert b"<svg" in saved[0]
    assert b"<text" not in saved[0]


def list_places(figure):
    """Where the axes are, and every word on them, in points."""
    renderer = figure.canvas.get_renderer() if hasattr(figure.canvas, "get_renderer") else None
    texts = [text for axes in figure.axes for text in axes.findobj(mpl.text.Text) if text.get_text()]
    with mpl.rc_context(PLAIN):
        return [axes.bbox.extents for axes in figure.axes] + [
            text.get_window_extent(renderer).extents for text in texts
        ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: charts.draw_counts(COUNTS, "число", COLOURS),
        lambda: charts.draw_lines(pd.DataFrame({"а": [1.0, 2], "б": [2.0, 1]}, index=[2021, 2022]), "доля,\n%"),
        lambda: charts.draw_dots(pd.DataFrame({"x": [1.0], "y": [2]}, index=["длинное имя"]), ["%"], "x", "y"),
    ],
)
def test_short_ways_lead_to_where_matplotlib_lays_things_out(make):
    ours, plain = make(), make()
    lay_out_figure(ours)
    with mpl.rc_context(PLAIN):
        FigureCanvasSVG(plain).print_svg(io.StringIO())
    plain.set_dpi(72)
    for place, wanted in zip(list_places(ours), list_places(plain), strict=True):
        np.testing.assert_allclose(place, wanted, atol=0.5)
