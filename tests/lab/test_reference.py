"""The reference of tables and keys is what the schemas and models say now."""

from effschool.base.schemas import CONTRACT
from effschool.intake.layouts import ColumnLayout, Layout, LayoutFile, RowsLayout
from effschool.lab.reference import FILE, describe_type, read_notes, walk_models, write_reference
from effschool.method.methodology import Methodology, Rows


def test_reference_is_up_to_date():
    assert FILE.read_text("utf-8") == write_reference(), "Выполните make reference."


def test_every_table_and_key_is_there():
    text = write_reference()
    assert all(f"### Таблица `{name}`" in text for name in CONTRACT)
    for model in (*walk_models(LayoutFile), *walk_models(Methodology)):
        part = text.split(f"### {model.__name__}\n")[1].split("###")[0]
        assert all(f"| `{field.alias or name}` |" in part for name, field in model.model_fields.items())


def test_models_inside_models_are_found_once():
    found = walk_models(LayoutFile)
    assert {Layout, ColumnLayout, RowsLayout} <= set(found)
    assert len(found) == len(set(found))
    assert Rows in walk_models(Methodology)


def test_kinds_of_values_are_said_in_words():
    assert describe_type(tuple[float, float]) == "[число, число]"
    assert describe_type(dict[str, tuple[int, ...]]) == "раздел: текст → список: целое"
    assert describe_type(str | None) == "текст"


def test_notes_of_several_keys_are_given_to_each():
    notes = read_notes(RowsLayout)
    assert notes["table"] == "the contract table."
    assert "percent" in notes["percent_of"] or "per cent" in notes["percent_of"]
