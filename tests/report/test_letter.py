import hashlib

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from effschool.base.russian import NBSP
from effschool.report.display import Table, Text
from effschool.report.letter import write_letter
from effschool.report.page import PageCard

FILES = {".html": b"page" * 500, ".xlsx": b"book", ".ipynb": b"secret", ".docx": b"note"}
BUILD = (("Методика", "М, версия 1"), ("Отпечаток данных", "0123456789abcdef"))


def show(*parts):
    outputs = [
        new_output("display_data", {"text/plain": repr(part), "text/html": part._repr_html_()}) for part in parts
    ]
    return new_notebook(cells=[new_code_cell("1", outputs=outputs)])


@pytest.fixture
def write(frame):
    def make(*parts, **card):
        about = {"title": "Район", "subtitle": "2022 год", "demonstration": False, "workbook": "r.xlsx", "build": BUILD}
        return write_letter(PageCard(**(about | card)), show(*parts), FILES)

    return make


@pytest.fixture
def frame():
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({"Школа": ["а"]})


def test_letter_names_every_file_with_its_checksum(write):
    letter = write(Text(("Первое.",)))
    for suffix in (".html", ".xlsx", ".docx"):
        assert f"r{suffix} (" in letter
        assert hashlib.sha256(FILES[suffix]).hexdigest() in letter
    assert ".ipynb" not in letter
    assert f"r.html (2{NBSP}КБ)".replace(NBSP, " ") in letter


def test_letter_says_what_the_report_says_first(write, frame):
    letter = write(Table("к", "Таблица", frame), Text(("Первое.", "Второе 5 %.")), Text(("Третье.",)))
    assert f"Первое.\n\nВторое 5{NBSP}%." in letter
    assert "Третье" not in letter
    assert "Таблица" not in letter


def test_letter_has_the_card_of_the_build_and_no_time(write):
    assert all(f"{name}: {value}" in write() for name, value in BUILD)
    assert write() == write()


def test_only_invented_data_are_called_so(write):
    assert "Демонстрационные данные" in write(demonstration=True)
    assert "Демонстрационные данные" not in write()


def test_names_stay_as_they_are(write):
    assert "<script>&" in write(title="<script>&")
