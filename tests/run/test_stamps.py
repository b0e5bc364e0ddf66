from dataclasses import replace

import pytest
from builders_step import write_notebook

from effschool.run import stamps
from effschool.run.stamps import NEVER_MADE, digest, explain_redo, list_causes, write_stamp


def test_step_is_up_to_date_after_its_stamp(step):
    assert explain_redo(step) == ""


def test_step_without_a_stamp_is_to_be_done(step):
    step.stamp.unlink()
    assert explain_redo(step)


@pytest.mark.parametrize("place", ["a", "b"])
def test_changed_input_is_noticed_also_where_names_repeat(step, tmp_path, place):
    (tmp_path / place / "t.csv").write_text("новое", encoding="utf-8")
    assert explain_redo(step)


def test_inputs_that_changed_places_are_noticed(step, tmp_path):
    first, second = tmp_path / "a" / "t.csv", tmp_path / "b" / "t.csv"
    first.write_text("b", encoding="utf-8")
    second.write_text("a", encoding="utf-8")
    assert explain_redo(step)


@pytest.mark.parametrize("name", ["o.txt", "n.ipynb"])
@pytest.mark.parametrize("damage", ["delete", "edit"])
def test_lost_and_edited_outputs_are_noticed(step, tmp_path, name, damage):
    path = tmp_path / "out" / name
    if damage == "delete":
        path.unlink()
    else:
        path.write_text("правка", encoding="utf-8")
    assert explain_redo(step)


@pytest.mark.parametrize(
    "change", [{"parameters": {"number": 2}}, {"parameters": {}}, {"inputs": []}, {"depends": {"card": "другая"}}]
)
def test_other_work_is_noticed(step, change):
    assert explain_redo(replace(step, **change))


def test_changed_notebook_is_noticed(step):
    write_notebook(step.notebook, "1 + 1")
    assert explain_redo(step)


def test_changed_library_and_versions_are_noticed(step, monkeypatch):
    monkeypatch.setattr(stamps, "hash_library", lambda: {"charts.py": "другая"})
    assert explain_redo(step)
    monkeypatch.undo()
    assert explain_redo(step) == ""
    monkeypatch.setattr(stamps, "read_versions", lambda: {"pandas": "0"})
    assert explain_redo(step)


def test_fingerprint_does_not_depend_on_the_order_of_names(step):
    reordered = replace(step, inputs=step.inputs[::-1], parameters=dict(reversed(step.parameters.items())))
    assert list_causes(reordered) == list_causes(step)


def test_output_that_was_not_left_is_an_error(step):
    step.outputs[0].unlink()
    with pytest.raises(FileNotFoundError):
        write_stamp(step)


def test_library_is_hashed_with_its_templates(tmp_path, monkeypatch):
    monkeypatch.setattr(stamps, "PACKAGE", tmp_path)
    (tmp_path / "page.css").write_text("а", encoding="utf-8")
    first = stamps.hash_library.__wrapped__()
    (tmp_path / "page.css").write_text("б", encoding="utf-8")
    assert stamps.hash_library.__wrapped__() != first


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"parameters": {"number": 2}}, "изменились параметры: number (1 → 2)"),
        ({"parameters": {}}, "изменились параметры: number (1 → нет)"),
        ({"depends": {"показатели региона": "1"}}, "изменились: показатели региона"),
    ],
)
def test_reason_names_what_changed(step, change, reason):
    assert explain_redo(replace(step, **change)) == reason


def test_reason_names_the_file_the_code_and_the_version(step, tmp_path, monkeypatch):
    (tmp_path / "a" / "t.csv").write_text("новое", encoding="utf-8")
    code, versions = dict(stamps.hash_library()), dict(stamps.read_versions())
    monkeypatch.setattr(stamps, "hash_library", lambda: code | {"charts.py": "1", "page.py": "1"})
    monkeypatch.setattr(stamps, "read_versions", lambda: versions | {"pandas": "0"})
    assert explain_redo(step) == (
        "изменились файлы: t.csv; изменился код: charts.py и page.py; "
        f"изменились версии: pandas ({versions['pandas']} → 0)"
    )


def test_reason_names_a_few_of_many(step):
    assert explain_redo(replace(step, depends=dict.fromkeys("абвгд", "1"))) == "изменились: а, б, в и ещё 2"


def test_reason_names_the_output_that_was_touched(step):
    step.outputs[0].write_text("правка", encoding="utf-8")
    assert explain_redo(step) == "файл o.txt изменён не прогоном"
    step.outputs[0].unlink()
    assert explain_redo(step) == "нет файла o.txt"


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"causes": {}}'])
def test_spoiled_stamp_is_no_stamp(step, text):
    step.stamp.write_text(text, encoding="utf-8")
    assert explain_redo(step) == NEVER_MADE


def test_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
