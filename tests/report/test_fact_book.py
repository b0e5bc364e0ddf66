import json

import pandas as pd

from effschool.base.russian import NO_DATA
from effschool.report.display import Figures, Links, Table, Text
from effschool.report.fact_book import describe_parts, write_facts
from effschool.report.facts import number, say
from effschool.report.sections.municipality import show_percent

TABLE = Table(
    "Ключ",
    "Заголовок",
    pd.DataFrame({"Школа": ["А", "Б"], "Доля": [27.6049, None], "Лет": pd.array([3, None], dtype="Int64")}),
    {"Доля": show_percent},
)


class Pages:
    parts = (TABLE, Text(("страница",)))


def test_cells_are_kept_as_computed_and_as_shown():
    (found,) = describe_parts([TABLE])
    assert found["values"] == [["А", 27.6049, 3], ["Б", None, None]]
    assert found["shown"] == [["А", "27,6", "3"], ["Б", NO_DATA, NO_DATA]]


def test_sentences_keep_their_figures():
    figures = Figures((("Школ", say("{all}", all=number(3)), "всего"),))
    found = describe_parts([Text((say("{low} из 5", low=number(2)),)), figures, Links(())])
    assert found[0]["paragraphs"] == [{"text": "2 из 5", "figures": [{"name": "low", "value": 2, "shown": "2"}]}]
    assert found[1]["items"][0]["value"]["figures"][0]["value"] == 3
    assert len(found) == 2


def test_parts_made_of_parts_are_taken_apart():
    assert [part["kind"] for part in describe_parts([Pages(), TABLE])] == ["table", "text", "table"]


def test_file_is_json_and_the_same_bytes(tmp_path):
    for name in ("a.json", "b.json"):
        write_facts([TABLE, Pages()], tmp_path / name, "Район")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["title"] == "Район"
