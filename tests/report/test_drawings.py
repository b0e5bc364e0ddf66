import math
import re

import pytest

from effschool.report.drawings import draw_years


def test_year_without_data_keeps_its_place():
    drawing = draw_years({2019: (1.0, 1.0), 2020: (math.nan, 1.5), 2023: (2.0, 2.0)}, "%")
    first, second, last = map(float, re.findall(r"([\d.]+),", re.search(r'"other" points="([^"]*)"', drawing)[1]))
    assert (second - first) / (last - first) == pytest.approx(0.25)
    assert "2019 — 1,0; 2023 — 2,0, %" in drawing


def test_nothing_to_draw_is_said():
    assert "нет данных" in draw_years({}, "%")
