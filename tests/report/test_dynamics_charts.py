from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from test_charts import encode, read_texts

from effschool.report import dynamics_charts as charts

TITLES = {"high": "высокие", "low": "низкие", "absent": "нет в реестре"}
COLOURS = {"high": "#1d5fa8", "low": "#c2410c", "absent": "white"}


def draw(rows, years):
    return charts.draw_flows(pd.DataFrame(rows, columns=years, dtype="str"), TITLES, COLOURS)


def list_ribbons(figure):
    """Height of every ribbon at both ends."""
    boxes = [item.get_paths()[0].vertices for item in figure.axes[0].collections]
    return sorted(round(np.ptp(box[box[:, 0] == box[:, 0].min(), 1]), 6) for box in boxes)


def test_ribbons_are_as_wide_as_the_flows():
    figure = draw([["low", "low"], ["low", "high"], ["low", "high"], ["high", "high"]], [2021, 2022])
    assert list_ribbons(figure) == [1, 1, 2]
    assert {"2021", "2022", "высокие", "низкие", "3"} <= set(read_texts(figure))
    assert "нет в реестре" not in read_texts(figure)


@pytest.mark.parametrize(("colour", "ink"), [("#7a1f04", "white"), ("#ef9a6b", charts.INK)])
def test_numbers_can_be_read_on_dark_and_light_columns(colour, ink):
    states = pd.DataFrame([["low"], ["low"]], columns=[2021])
    (number,) = charts.draw_flows(states, TITLES, COLOURS | {"low": colour}).axes[0].texts
    assert number.get_text() == "2"
    assert number.get_color() == ink


def test_ribbons_of_one_state_do_not_cross_in_vain():
    rows = [["low", "low"], ["low", "high"], ["low", "high"], ["high", "low"], ["high", "high"], ["high", "high"]]
    figure = draw(rows, [2021, 2022])
    ends = []
    for item in figure.axes[0].collections:
        box = item.get_paths()[0].vertices
        ends.append([box[box[:, 0] == edge, 1].min() for edge in (box[:, 0].min(), box[:, 0].max())])
    (first, second, third, fourth) = sorted(ends)
    assert first[1] < second[1]
    assert third[1] < fourth[1]


def test_no_ribbon_crosses_a_year_without_data():
    figure = draw([["low", None, "high"], ["low", None, "low"]], [2020, 2021, 2022])
    assert not figure.axes[0].collections
    assert read_texts(figure).count("нет данных") == 1


def test_columns_hold_every_school_once():
    figure = draw([["low", "low"], ["absent", "high"], ["high", "absent"]], [2021, 2022])
    boxes = [patch for patch in figure.axes[0].patches if patch.get_height() > 0]
    assert sum(box.get_height() for box in boxes) == 6
    floors = sorted((box.get_x(), box.get_y(), box.get_y() + box.get_height()) for box in boxes)
    for (place, _, top), (following, bottom, _) in pairwise(floors):
        assert place != following or bottom >= top


@pytest.mark.parametrize("schools", [3, 60])
def test_grid_draws_every_school_and_puts_far_ones_at_the_edge(methodology, schools):
    rules = methodology.dynamics.level_change
    draw = np.random.default_rng(3)
    points = pd.DataFrame({"level": draw.normal(size=schools), "change": draw.normal(size=schools) / 2})
    points = points.assign(is_pale=draw.random(schools) < 0.3, number=range(1, schools + 1))
    points.loc[0, ["level", "change"]] = [40.0, -40.0]
    figure = charts.draw_level_grid(points, rules)
    places = np.concatenate([np.asarray(item.get_offsets()) for item in figure.axes[0].collections])
    assert len(places) == schools
    (x, y) = figure.axes[0].get_xlim(), figure.axes[0].get_ylim()
    assert places[:, 0].min() > x[0]
    assert places[:, 1].max() < y[1]
    texts = read_texts(figure)
    assert {str(number) for number in points["number"]} <= set(texts)
    assert sum(text in set("12345") for text in texts) >= 25


def test_cells_carry_the_tone_of_the_file(methodology):
    rules = methodology.dynamics.level_change
    points = pd.DataFrame({"level": [0.0], "change": [0.0], "is_pale": [False], "number": [pd.NA]})
    cells = charts.draw_level_grid(points, rules).axes[0].patches
    shown = [charts.TONES.index(charts.mpl.colors.to_hex(cell.get_facecolor())) + 1 for cell in cells]
    assert shown == [tone for row in rules.tones for tone in row]


def test_gain_beyond_twice_its_error_is_bold_and_missing_is_blank():
    gains = pd.DataFrame([[0.5, -0.5, np.nan]], index=["Школа $x$ " + "а" * 80], columns=["а", "б", "в"])
    figure = charts.draw_gains(gains, pd.DataFrame([[0.1, 0.4, 0.1]], index=gains.index, columns=gains.columns), "шаг")
    weights = {text.get_text(): text.get_weight() for text in figure.axes[0].texts}
    assert weights == {"0,5": "bold", "\N{MINUS SIGN}0,5": "normal"}
    assert encode(figure).startswith("<g")


def test_shares_that_stay_start_at_a_hundred():
    frame = pd.DataFrame(
        {"years": [1, 2], "still_pct": [75.0, 50.0], "low_pct": [60.0, 30.0], "high_pct": [85.0, 66.0]}
    )
    figure = charts.draw_leaving({"список": frame}, "%")
    assert list(figure.axes[0].lines[0].get_ydata()) == [100, 75, 50]
    assert "список" in read_texts(figure)
