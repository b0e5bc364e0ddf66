from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from effschool.report import charts
from effschool.report.display import Chart, Table
from effschool.report.pictures import draw_svg

COLOURS = {"низкие": charts.WORSE, "средние": charts.MIDDLE, "высокие": charts.BETTER}
SHARES = pd.DataFrame(
    [[27.6, 72.4, 0.0], [25.0, 50.0, 25.0]], index=["Район", "регион"], columns=list(COLOURS), dtype=float
)


def read_texts(figure: Figure) -> list[str]:
    """Everything written in the drawing."""
    figure.draw_without_rendering()
    texts = figure.findobj(lambda item: hasattr(item, "get_text"))
    return [text.get_text() for text in texts if text.get_text()]


def encode(figure: Figure) -> str:
    return Chart("к", "З", "П", figure, Table("к", "З", pd.DataFrame({"а": []}))).draw_svg().content


def contrast(first, second):
    """Contrast of two colours by WCAG 2.2."""
    light, dark = sorted(map(charts.measure_luminance, (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", [charts.WORSE, charts.MIDDLE, charts.BETTER, charts.OWN, charts.REGION, "#e08a5c"])
def test_letters_on_a_colour_can_be_read(colour):
    assert contrast(charts.choose_ink(colour), colour) >= 4.5


def test_colours_differ_in_grey_print():
    pairs = [(charts.WORSE, charts.BETTER), (charts.WORSE, charts.MIDDLE), (charts.BETTER, charts.MIDDLE)]
    assert min(contrast(*pair) for pair in [*pairs, (charts.OWN, charts.REGION)]) >= 2


@pytest.mark.parametrize("colour", [charts.OWN, charts.REGION, charts.OTHERS, charts.WORSE, charts.BETTER])
def test_what_is_drawn_stands_out_from_the_paper(colour):
    assert contrast(colour, "#ffffff") >= 3


# How colours look without red-sensitive and without green-sensitive cones: Viénot, Brettel and Mollon, Color Research
# and Application 24 (1999), on linear RGB.
BLIND = {
    "protan": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deutan": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


@pytest.mark.parametrize("matrix", BLIND.values(), ids=BLIND)
def test_colours_differ_for_the_colour_blind(matrix):
    seen = [np.array(matrix) @ np.array(mpl.colors.to_rgb(colour)) ** 2.2 for colour in COLOURS.values()]
    assert min(np.abs(one - other).max() for one, other in combinations(seen, 2)) > 0.1


@pytest.mark.parametrize("count", [1, 3, 60])
def test_every_own_school_has_a_number_of_its_own_and_none_covers_another(count):
    random = np.random.default_rng(count)
    points = pd.DataFrame(random.normal(0.5, 0.02, (count, 2)), columns=["x", "y"])
    points = points.assign(
        number=pd.array(range(1, count + 1), dtype="Int64"), kind=charts.OTHER_KIND, schools=1, **MIDDLE
    )
    axes = charts.draw_matrix(points, "x", "y", ("свои", "другие")).axes[0]
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == count
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_paths_of_schools_stay_inside_the_frame():
    points = pd.DataFrame({"x": [0.5, 0.6], "y": [0.5, 0.6], "number": pd.array([1, 2], dtype="Int64")})
    tracks = pd.DataFrame({"number": [1, 1], "year": [2021, 2022], "x": [0.1, 0.9], "y": [0.2, 0.95]})
    points = points.assign(kind=charts.OTHER_KIND, schools=1, **MIDDLE)
    axes = charts.draw_matrix(points, "x", "y", ("свои", "другие"), tracks).axes[0]
    assert axes.get_xlim()[0] < 0.1
    assert axes.get_xlim()[1] > 0.9
    assert axes.get_ylim()[0] < 0.2
    assert axes.get_ylim()[1] > 0.95


def test_rows_of_many_schools_fit_a_sheet_and_keep_a_line_of_letters():
    assert charts.size_rows(10, 0.3) == 0.3
    assert charts.size_rows(60, 0.3) * 60 <= 10.5
    assert charts.size_rows(500, 0.3) == charts.LOWEST_ROW


def test_long_name_is_broken_and_cut():
    assert charts.break_name("раз два", 3) == "раз\nдва"
    lines = charts.break_name("слово " * 60, 20).split("\n")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 20
    assert lines[-1].endswith("…")


def test_every_part_of_a_bar_carries_its_number():
    texts = read_texts(charts.draw_stacked_shares(SHARES, COLOURS, "% школ"))
    assert {"28", "72", "25", "50", "Район", "регион", "% школ", *COLOURS} <= set(texts)
    assert "0,0" not in texts


def test_place_without_data_is_named():
    shares = SHARES.copy()
    shares.loc["Район"] = np.nan
    texts = read_texts(charts.draw_stacked_shares(shares, COLOURS, "% школ"))
    assert texts.count("нет данных") == 1
    assert "Район" in texts


def test_bars_are_as_long_as_the_shares():
    figure = charts.draw_stacked_shares(SHARES, COLOURS, "%")
    lengths = [[bar.get_width() for bar in bars] for bars in figure.axes[0].containers]
    np.testing.assert_allclose(np.array(lengths).T, SHARES)


def make_dots(values):
    frame = pd.DataFrame(values, index=["а", "б", "в"], columns=["Район", "регион"], dtype=float)
    return charts.draw_dots(frame, ["%", "баллов", "%"], "Район", "регион")


def test_dots_have_a_panel_for_every_unit():
    figure = make_dots([[1, 2], [3, 4], [5, 6]])
    assert [axes.get_xlabel() for axes in figure.axes] == ["%", "баллов"]
    own = figure.axes[0].collections[2].get_offsets()
    assert np.asarray(own)[:, 0].tolist() == [1, 5]


def make_points():
    rows = [(0.1, 0.9, None, "прочие"), (0.8, 0.2, 1, "ШНРО и ШНСУ"), (0.7, 0.8, 2, "резильентные")]
    points = pd.DataFrame(rows, columns=["x", "y", "number", "kind"])
    return points.assign(schools=[7, 1, 1], **MIDDLE).astype({"number": "Int64"})


MIDDLE = {"x_middle": 0.5, "y_middle": 0.6}


def count_dots(figure):
    return sum(len(points.get_offsets()) for points in figure.axes[0].collections)


def test_matrix_draws_every_school_and_numbers_its_own():
    figure = charts.draw_matrix(make_points(), "x", "y", ("свои", "другие"))
    texts = read_texts(figure)
    assert {"1", "2", "x", "y", "другие (крайние — у края)"} <= set(texts)
    assert count_dots(figure) == 3


@pytest.mark.parametrize("draw", [charts.draw_matrix, charts.draw_cloud])
def test_school_of_any_kind_of_the_methodology_is_drawn(draw, methodology):
    kinds = [status.status.removeprefix("только ") for status in methodology.lists.joint]
    points = pd.DataFrame(
        {"x": 0.5, "y": 0.5, "number": range(1, len(kinds) + 1), "kind": kinds, "schools": 1} | MIDDLE
    )
    words = ("x", "y", ("свои", "другие")) if draw is charts.draw_matrix else ("x", "y")
    assert count_dots(draw(points.astype({"number": "Int64"}), *words)) == len(kinds)


def test_cloud_has_no_numbers_of_schools():
    figure = charts.draw_cloud(make_points(), "x", "y")
    assert count_dots(figure) == 3
    assert not figure.axes[0].texts


@given(number=st.integers(1, 20))
def test_no_line_is_left_out_silently(number):
    lines = pd.DataFrame({f"линия {n}": [0.1, 0.2] for n in range(number)}, index=[2021, 2022])
    assert len(charts.draw_lines(lines, "индекс").axes[0].lines) == number


@pytest.mark.parametrize("number", [1, 5, 7])
def test_no_part_of_counts_is_left_out_silently(number):
    counts = pd.DataFrame({f"часть {n}": [1, 2] for n in range(number)}, index=["А", "Б"])
    bars = charts.draw_counts(counts, "школ", ("#111111",) * 5).axes[0].containers
    assert len(bars) == number


def test_square_of_counts_shows_every_count():
    counts = pd.DataFrame([[7, 0], [2, 11]], index=["н", "в"], columns=["н", "в"])
    texts = read_texts(charts.draw_table_of_counts(counts, "2021 год", "2022 год"))
    assert {"7", "2", "11", "2021 год", "2022 год"} <= set(texts)


@pytest.mark.parametrize("name", ["$\\frac{$", "цена $1 и $2", "А" * 300, "\N{GRINNING FACE}", "_нет"])
def test_any_name_can_be_drawn(name):
    assert encode(charts.draw_stacked_shares(SHARES.rename(index={"Район": name}), COLOURS, "%"))
    frame = pd.DataFrame([[1.0, 2.0]], index=["а"], columns=[name, "регион"])
    assert encode(charts.draw_dots(frame, ["%"], name, "регион"))
    lines = pd.DataFrame({name: [0.4, 0.5]}, index=[2021, 2022])
    assert encode(charts.draw_lines(lines, "индекс"))


def test_drawing_is_laid_out_and_drawn_once(monkeypatch):
    figure = charts.draw_stacked_shares(SHARES, COLOURS, "%")
    drawn = []
    monkeypatch.setattr(figure, "draw", lambda renderer, draw=figure.draw: drawn.append(renderer) or draw(renderer))
    assert draw_svg(figure, "к").content.startswith("<g>")
    assert len(drawn) == 1


def test_nothing_is_left_in_the_state_of_matplotlib():
    import matplotlib as mpl  # noqa: PLC0415

    before = dict(mpl.rcParams)
    charts.draw_stacked_shares(SHARES, COLOURS, "%")
    assert dict(mpl.rcParams) == before
