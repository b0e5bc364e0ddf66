import re
from pathlib import Path

import pytest
import yaml
from builders_raw import LAYOUTS, write_csv
from pydantic import ValidationError

from effschool.base import schemas
from effschool.base.configuration import ConfigurationError
from effschool.intake.headings import find_header, find_rows, select_body
from effschool.intake.layouts import Layout, load_layouts
from effschool.intake.reading import Grid
from effschool.intake.workbooks import open_sheets

MARKS = {
    "id": "marks",
    "title": "Отметки",
    "files": ["m-{grade}-{year}.csv"],
    "columns": {
        "school_id": {"headings": ["Код"], "required": True},
        "n": {"headings": ["РУС Участники", "РУС-участники"], "required": True},
    },
    "gives": [
        {"table": "results", "constants": {"procedure": "П", "subject": "РУС"}, "columns": {"participants": "n"}}
    ],
}


def read_grid(path: Path, file: str) -> Grid:
    return open_sheets(path, file)[0].read_grid()


def build_layout(**changed) -> dict:
    return MARKS | changed


def save(folder: Path, *layouts: dict) -> Path:
    (folder / "a.yml").write_text(yaml.safe_dump({"layouts": list(layouts)}, allow_unicode=True), encoding="utf-8")
    return folder


CONTRACT_LAYOUTS = [layout for layout in load_layouts(LAYOUTS) if layout.id.startswith("contract-")]
SENT_ONLY = {
    *("journal", "scores", "marked", "tasks", "targets_fact", "roadmap", "partners"),
    *("official", "proposal", "monitoring", "stages", "management", "teachers", "context"),
}
"""Tables that come in other shapes only."""
OPTIONAL = {"track", "wave", "agreement"}
"""Columns of the programme that a region need not keep."""


def test_contract_layouts_name_every_column_of_every_table():
    given: dict[str, set[str]] = {}
    for layout in CONTRACT_LAYOUTS:
        (rows,) = layout.gives
        own = {name: column for name, column in layout.columns.items() if name != rows.names_school}
        given.setdefault(rows.table, set()).update(own)
        assert {name for name, column in own.items() if not column.required} <= OPTIONAL
    expected = {name: set(schema.columns) - set(schemas.PROVENANCE) for name, schema in schemas.CONTRACT.items()}
    assert given == {name: columns for name, columns in expected.items() if name not in SENT_ONLY}
    fed = {rows.table for layout in load_layouts(LAYOUTS) for rows in layout.gives}
    assert fed == set(schemas.CONTRACT)


def test_values_of_contract_layouts_are_those_of_the_schemas():
    columns = {name: column for layout in CONTRACT_LAYOUTS for name, column in layout.columns.items()}
    assert tuple(columns["type"].values) == schemas.SCHOOL_TYPES
    assert tuple(columns["locality"].values) == schemas.LOCALITIES
    assert tuple(columns["level"].values) == schemas.LEVELS


def test_layouts_are_frozen(tmp_path):
    (layout,) = load_layouts(save(tmp_path, build_layout()))
    with pytest.raises(ValidationError):
        layout.id = "other"


@pytest.mark.parametrize(
    ("changed", "place", "fault"),
    [
        ({"colour": "red"}, "marks.colour", "такого ключа нет; допустимы: id, title, files"),
        ({"title": ""}, "marks.title", "ожидался непустой текст"),
        ({"files": []}, "marks.files", "ожидался непустой список"),
        ({"unused": "maybe"}, "marks.unused", "стоит «maybe», ожидалось одно из значений: «warn», «ignore»"),
        ({"single": "maybe"}, "marks.single", "стоит «maybe», ожидалось true или false"),
        ({"header": {"within": 0}}, "marks.header.within", "стоит «0», ожидалось число не меньше 1"),
        ({"columns": {"school_id": {}}}, "marks.columns.school_id", "нужен хотя бы один заголовок"),
        ({"columns": {"school_id": {"pattern": "("}}}, "school_id.pattern", "регулярное выражение не читается"),
        ({"gives": [{"table": "pupils"}]}, "gives[1].table", "стоит «pupils», ожидалось одно из"),
        ({"gives": [{"table": "schools", "columns": {"nom": "n"}}]}, "gives[1]", "нет столбцов: nom"),
        ({"gives": [{"table": "results", "columns": {"participants": "m"}}]}, "layouts.marks", "нет в макете: m"),
        ({"gives": [{"table": "schools"}]}, "layouts.marks", "обязательных столбцов: municipality, name"),
        ({"files": ["m-{year}.csv", "m.csv"]}, "layouts.marks", "обязательных столбцов: year"),
    ],
)
def test_wrong_layout_is_refused_with_file_and_key(tmp_path, changed, place, fault):
    with pytest.raises(ConfigurationError) as caught:
        load_layouts(save(tmp_path, build_layout(**changed)))
    head, said = str(caught.value).split("\n— ")
    assert head == "Файл макета «a.yml» не принят: 1\N{NO-BREAK SPACE}ошибка."
    assert re.fullmatch(rf"Файл «a\.yml», строка \d+, ключ «[a-z.]*{re.escape(place)}»: .*", said)
    assert fault in said


def test_fault_in_a_shared_value_is_placed_where_the_value_stands(tmp_path):
    shared = "n: &n {headings: [Н], required: perhaps}"
    text = f"layouts:\n- id: a\n  title: А\n  columns:\n    {shared}\n    m: *n\n  gives: [{{table: scores}}]\n"
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_layouts(tmp_path)
    said = [line.partition(":")[0] for line in str(caught.value).splitlines()[1:]]
    assert said == [f"— Файл «a.yml», строка 5, ключ «layouts.a.columns.{name}.required»" for name in "nm"]


@pytest.mark.parametrize("text", ["", "- 1", "a: [", "layouts: []"])
def test_file_that_is_no_layout_is_refused(tmp_path, text):
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"a\.yml"):
        load_layouts(tmp_path)


def test_empty_folder_and_doubled_ids_are_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="нет ни одного макета"):
        load_layouts(tmp_path)
    with pytest.raises(ConfigurationError, match="повторяются макеты: marks"):
        load_layouts(save(tmp_path, build_layout(), build_layout()))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("m-10-2021.csv", {"grade": "10", "year": "2021"}),
        ("M-4-2021.CSV", {"grade": "4", "year": "2021"}),
        ("m-2021.csv", None),
        ("sub/m-4-2021.csv", None),
        ("m-4-2021.csv.bak", None),
    ],
)
def test_file_names_give_fields(name, fields):
    assert Layout.model_validate(build_layout()).match_name(name) == fields


@pytest.mark.parametrize(
    ("rows", "last", "body"),
    [
        (["Код,РУС-участники", "01,5"], 1, [2]),
        (["Отчёт за год,", ",", "Код,РУС-участники", "01,5", "", "02,6"], 3, [4, 6]),
        (["Код,РУС,,МАТ,", ",Участники,Балл,Участники,Балл", "01,5,3,6,4"], 2, [3]),
        (["Код,Участники,Балл", ",РУС,РУС", "01,5,3"], None, None),
    ],
)
def test_header_is_found_over_one_or_two_rows(tmp_path, rows, last, body):
    layout = Layout.model_validate(build_layout(header={"rows": [1, 2]}))
    grid = read_grid(write_csv(tmp_path / "m-4-2021.csv", rows), "m-4-2021.csv")
    header = find_header(grid, layout)
    assert header is not None
    if last is None:
        assert "n" not in header.positions
        return
    assert header.row == last
    rows_found = select_body(find_rows(grid, layout, header), layout, header)
    assert rows_found.index.tolist() == body
    assert rows_found.iloc[0].tolist() == ["01", "5"]


def test_fill_of_merged_cells_ends_with_their_group(tmp_path):
    rows = ["Код,РУС,,МАТ,,", ",З,,,К,", ",Участники,Балл,Участники,Участники,Балл"]
    columns = MARKS["columns"] | {"n": {"pattern": "рус з участники", "required": True}}
    layout = Layout.model_validate(build_layout(header={"rows": [3]}, columns=columns))
    grid = read_grid(write_csv(tmp_path / "m-4-2021.csv", rows), "m-4-2021.csv")
    header = find_header(grid, layout)
    assert header is not None
    assert header.headings == (
        "Код",
        "РУС З Участники",
        "РУС З Балл",
        "МАТ Участники",
        "МАТ К Участники",
        "МАТ К Балл",
    )
