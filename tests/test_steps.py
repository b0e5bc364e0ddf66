import pickle
from dataclasses import replace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from effschool import steps
from effschool.steps import (
    Step,
    StepError,
    UnknownParameterError,
    check_parameters,
    compute_fingerprint,
    execute_step,
    is_up_to_date,
    list_parameters,
    write_stamp,
)


def write_notebook(path, *sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters = new_code_cell('folder = "."  # папка\nnumber = 1', metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[parameters, *map(new_code_cell, sources)], metadata=kernel), path)


@pytest.fixture
def step(tmp_path):
    write_notebook(tmp_path / "notebooks" / "n.ipynb")
    inputs = [tmp_path / "a" / "t.csv", tmp_path / "b" / "t.csv"]
    outputs = [tmp_path / "out" / "o.txt"]
    executed = tmp_path / "out" / "n.ipynb"
    for path in (*inputs, *outputs, executed):
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.parent.name, encoding="utf-8")
    made = Step(
        notebook=tmp_path / "notebooks" / "n.ipynb",
        executed=executed,
        parameters={"number": 1},
        inputs=inputs,
        outputs=outputs,
        stamp=tmp_path / "stamps" / "n.json",
    )
    write_stamp(made)
    return made


def test_step_is_up_to_date_after_its_stamp(step):
    assert is_up_to_date(step)


def test_step_without_a_stamp_is_to_be_done(step):
    step.stamp.unlink()
    assert not is_up_to_date(step)


@pytest.mark.parametrize("place", ["a", "b"])
def test_changed_input_is_noticed_also_where_names_repeat(step, tmp_path, place):
    (tmp_path / place / "t.csv").write_text("новое", encoding="utf-8")
    assert not is_up_to_date(step)


def test_inputs_that_changed_places_are_noticed(step, tmp_path):
    first, second = tmp_path / "a" / "t.csv", tmp_path / "b" / "t.csv"
    first.write_text("b", encoding="utf-8")
    second.write_text("a", encoding="utf-8")
    assert not is_up_to_date(step)


@pytest.mark.parametrize("name", ["o.txt", "n.ipynb"])
@pytest.mark.parametrize("damage", ["delete", "edit"])
def test_lost_and_edited_outputs_are_noticed(step, tmp_path, name, damage):
    path = tmp_path / "out" / name
    if damage == "delete":
        path.unlink()
    else:
        path.write_text("правка", encoding="utf-8")
    assert not is_up_to_date(step)


@pytest.mark.parametrize(
    "change", [{"parameters": {"number": 2}}, {"parameters": {}}, {"inputs": []}, {"depends": {"card": "другая"}}]
)
def test_other_work_is_noticed(step, change):
    assert not is_up_to_date(replace(step, **change))


def test_changed_notebook_is_noticed(step):
    write_notebook(step.notebook, "1 + 1")
    assert not is_up_to_date(step)


def test_changed_library_and_versions_are_noticed(step, monkeypatch):
    monkeypatch.setattr(steps, "hash_library", lambda: "другая")
    assert not is_up_to_date(step)
    monkeypatch.undo()
    assert is_up_to_date(step)
    monkeypatch.setattr(steps, "read_versions", lambda: {"pandas": "0"})
    assert not is_up_to_date(step)


def test_fingerprint_does_not_depend_on_the_order_of_names(step):
    reordered = replace(step, inputs=step.inputs[::-1], parameters=dict(reversed(step.parameters.items())))
    assert compute_fingerprint(reordered) == compute_fingerprint(step)


def test_output_that_was_not_left_is_an_error(step):
    step.outputs[0].unlink()
    with pytest.raises(FileNotFoundError):
        write_stamp(step)


def test_library_is_hashed_with_its_templates(tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "PACKAGE", tmp_path)
    (tmp_path / "page.css").write_text("а", encoding="utf-8")
    first = steps.hash_library.__wrapped__()
    (tmp_path / "page.css").write_text("б", encoding="utf-8")
    assert steps.hash_library.__wrapped__() != first


def test_unknown_parameter_is_refused_with_the_known_ones(step):
    assert list_parameters(step.notebook) == ["folder", "number"]
    check_parameters(step.notebook, {"number": 3})
    with pytest.raises(UnknownParameterError, match=r"n\.ipynb.*numbr.*folder, number"):
        check_parameters(step.notebook, {"numbr": 3})


def test_every_notebook_tells_its_parameters(root):
    for notebook in (root / "notebooks").glob("*.ipynb"):
        assert "processed" in list_parameters(notebook)


def test_step_error_survives_the_way_between_processes(tmp_path):
    error = pickle.loads(pickle.dumps(StepError("нет данных", tmp_path)))
    assert (str(error), error.notebook) == ("нет данных", tmp_path)


@pytest.fixture
def executable(step, tmp_path):
    step.executed.unlink()
    return replace(step, parameters={"folder": tmp_path / "out", "number": 7})


def test_notebook_is_executed_with_paths_relative_to_its_folder(executable, tmp_path):
    write_notebook(executable.notebook, "from pathlib import Path", 'Path(folder, "o.txt").write_text(str(number))')
    assert execute_step(executable) > 0
    assert (tmp_path / "out" / "o.txt").read_text(encoding="utf-8") == "7"
    text = executable.executed.read_text(encoding="utf-8")
    assert str(tmp_path) not in text
    assert "../out" in text
    assert not list(tmp_path.rglob("*.failed.ipynb"))


def test_failed_notebook_is_kept_under_another_name(executable):
    write_notebook(executable.notebook, 'raise ValueError("нет таблицы «а»")')
    with pytest.raises(StepError, match="нет таблицы «а»") as caught:
        execute_step(executable)
    assert caught.value.notebook.name == "n.failed.ipynb"
    assert caught.value.notebook.is_file()
    assert not executable.executed.exists()


def test_message_of_a_failure_names_no_folder_of_this_machine(executable, tmp_path):
    write_notebook(executable.notebook, f"open({str(tmp_path / 'out' / 'x.csv')!r})")
    with pytest.raises(StepError, match=r"x\.csv") as caught:
        execute_step(executable)
    assert str(tmp_path) not in str(caught.value)


def test_unknown_parameter_stops_before_anything_is_executed(executable):
    with pytest.raises(UnknownParameterError):
        execute_step(replace(executable, parameters={"unknown": 1}))
    assert not executable.executed.exists()
