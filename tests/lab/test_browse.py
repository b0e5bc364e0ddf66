"""Tables of a notebook: to sort, filter, search and copy where a person is there, with nothing asked of a network."""

import re

import pandas as pd
import pytest

from effschool.lab import browse
from effschool.lab.browse import show_table
from effschool.lab.panels.shell import MODE

FRAME = pd.DataFrame({"Код ОО": ["0270001", "0270002"], "Школа": ["<b>Школа</b>", "=1+1"], "Индекс": [0.5, None]})


@pytest.fixture
def live(monkeypatch):
    monkeypatch.setenv(MODE, "live")
    shown = []
    monkeypatch.setattr(browse, "display", lambda *parts, **_: shown.extend(parts))
    browse._bring_scripts.cache_clear()
    yield shown
    browse._bring_scripts.cache_clear()


def test_table_is_interactive_and_its_scripts_come_once(live):
    first = show_table(FRAME, "Школы")._repr_html_()
    second = show_table(FRAME, "Школы")._repr_html_()
    scripts = [part.data for part in live if "script" in part.data]
    assert scripts
    assert len(scripts) == len(live)
    sources = re.findall(
        r"(?:src|href|from|import\()\s*=?\s*['\"]?(https?:[^'\" >]*)", "".join([first, second, *scripts])
    )
    assert [address for address in sources if "itables.org" not in address] == []
    for word in ("copyHtml5", "column_filters", "0270001"):
        assert word in first, word
    assert "<b>Школа</b>" not in first


def test_table_in_batch_is_the_one_of_pages(monkeypatch):
    monkeypatch.setenv(MODE, "static")
    html = show_table(FRAME, "Школы")._repr_html_()
    assert "<script" not in html
    assert "&lt;b&gt;" in html
    assert repr(show_table(FRAME, "Школы")) == "<Школы, строк: 2>"
