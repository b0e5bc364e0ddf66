"""The run file: read, checked, put below the command line, told beside an edited cell, and written by a panel."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from effschool.base.configuration import ConfigurationError
from effschool.lab.panels import Desk
from effschool.run import commands, one_report
from effschool.run.plan import NOTEBOOKS, SET_BY_RUN, plan_stages
from effschool.run.runfile import (
    BY_HAND,
    DEFAULTS,
    list_edited,
    list_overruled,
    read_run_file,
    record_parameters,
)
from effschool.run.steps import read_parameters
from effschool.run.work import StepError
from effschool.run.year import run_stages, say_edited


def write(folder: Path, text: str) -> Path:
    (folder / "run.yml").write_text(text, encoding="utf-8")
    return folder


def edit_cell(notebook: Path, old: str, new: str) -> None:
    content = json.loads(notebook.read_text(encoding="utf-8"))
    cell = next(cell for cell in content["cells"] if "parameters" in cell["metadata"].get("tags", []))
    assert old in "".join(cell["source"])
    cell["source"] = "".join(cell["source"]).replace(old, new).splitlines(keepends=True)
    notebook.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


@pytest.fixture
def project(root, settings, tmp_path):
    """The settings of a project whose notebooks may be changed."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in NOTEBOOKS:
        (folder / f"{name}.ipynb").write_bytes((root / "notebooks" / f"{name}.ipynb").read_bytes())
    (tmp_path / "methodologies").symlink_to(root / "methodologies")
    return replace(settings, root=tmp_path)


@pytest.mark.parametrize("text", ["", "# ещё ничего\n", None])
def test_nothing_said_is_the_defaults(tmp_path, text):
    assert read_run_file(tmp_path if text is None else write(tmp_path, text)) == DEFAULTS


def test_wrong_run_file_is_refused_with_line_and_key(tmp_path):
    with pytest.raises(ConfigurationError, match=r"run\.yml") as told:
        read_run_file(write(tmp_path, "orientation: literall\nyear: 20024\nmunicipality: Район\n"))
    for words in ("строка 1", "«consistent», «literal»", "строка 2", "municipality", "orientation"):
        assert words in str(told.value)


def test_every_parameter_of_notebooks_has_its_value_in_the_run_file(root):
    for name in NOTEBOOKS:
        own = set(read_parameters(root / "notebooks" / f"{name}.ipynb")) - SET_BY_RUN - {"explain_year"}
        assert own <= set(DEFAULTS.parameters), f"{name}: параметр без значения в RunFile"


def test_cells_as_shipped_say_what_the_run_takes(root, settings):
    said: list[str] = []
    say_edited(plan_stages(replace(settings, root=root)), said.append)
    assert said == []
    assert BY_HAND == {"allow_missing": "все"}


def test_run_takes_nothing_from_an_edited_cell_and_names_both_values(project):
    notebook = project.notebooks / "02_identify.ipynb"
    edit_cell(notebook, "orientation = None", 'orientation = "literal"')
    edit_cell(notebook, "khabarovsk-2020.yml", "two-of-three.yml")
    (step,) = [step for step in plan_stages(project) if step.notebook == notebook]
    assert step.parameters["orientation"] is None
    assert step.parameters["allow_missing"] == ""
    said: list[str] = []
    say_edited([step, step], said.append)
    assert len(said) == 2
    assert "methodology = «../methodologies/two-of-three.yml», прогон берёт «../methodologies/khabarovsk" in said[0]
    assert "orientation = «literal», прогон берёт не задано" in said[1]
    assert "run.yml" in said[1]
    same = {name: "literal" if name == "orientation" else value for name, value in step.parameters.items()}
    assert len(list_edited(notebook, same)) == 1  # what the run takes all the same needs no word


def test_stages_name_an_edited_cell_before_they_begin(project, monkeypatch):
    edit_cell(project.notebooks / "02_identify.ipynb", "draws = None", "draws = 7")
    said: list[str] = []
    monkeypatch.setattr("effschool.run.year.run_step", lambda *_: (_ for _ in ()).throw(StepError("дальше не надо")))
    with pytest.raises(StepError):
        run_stages(project, said.append)
    assert ["draws = «7»" in sentence for sentence in said] == [True]


def read_command(folder: Path, root: Path, *words: str) -> object:
    options = ["report", "--data", str(folder), "--layouts", str(root / "layouts"), *words]
    return commands.read_settings(commands.build_parser().parse_args(options))


def test_command_line_goes_before_the_run_file_and_the_file_before_the_defaults(tmp_path, root):
    write(tmp_path, "methodology: two-of-three\nyear: 2022\norientation: literal\ndraws: 50\n")
    plain = read_command(tmp_path, root)
    assert (plain.methodology, plain.year) == ("two-of-three", 2022)
    assert plain.parameters == {"orientation": "literal", "draws": 50}
    own = read_command(tmp_path, root, "--methodology", "fioko", "--year", "2023", "--parameters", "draws=9")
    assert (own.methodology, own.year) == ("fioko", 2023)
    assert own.parameters == {"orientation": "literal", "draws": 9}


def test_methodology_by_path_is_sought_from_the_folder_of_the_run_file(tmp_path, root):
    assert read_command(write(tmp_path, "methodology: own.yml\n"), root).methodology == str(tmp_path / "own.yml")


def test_both_values_are_told_where_the_command_line_says_another(tmp_path):
    file = read_run_file(write(tmp_path, "orientation: literal\ndraws: 50\n"))
    (told,) = list_overruled(file, {"orientation": "consistent", "draws": 50, "groups": "two"})
    assert "orientation" in told
    assert "«consistent»" in told
    assert "«literal»" in told


def test_run_tells_what_the_command_line_put_over_the_file(tmp_path, root, monkeypatch, capsys):
    write(tmp_path, "orientation: literal\n")
    monkeypatch.setattr(commands, "warm_up", lambda: None)
    monkeypatch.setattr("effschool.run.year.run_year", lambda *_: 0)
    words = ["--data", str(tmp_path), "--layouts", str(root / "layouts"), "--parameters", "orientation=consistent"]
    assert commands.main(["report", *words]) == 0
    assert "в файле run.yml «literal»" in capsys.readouterr().out


def test_run_file_is_no_data(settings, tmp_path):
    step = plan_stages(replace(settings, data=write(tmp_path, "draws: 9\n")))[0]
    assert not [path for path in step.inputs if path.name == "run.yml"]


def test_recorded_values_leave_the_other_lines_as_they_are(tmp_path):
    write(tmp_path, "# Решение комиссии\norientation: consistent  # до 2024 года\ndraws: 40\n")
    file = record_parameters(tmp_path, {"orientation": "literal", "groups": None})
    assert (file.orientation, file.draws, file.groups) == ("literal", 40, None)
    assert (tmp_path / "run.yml").read_text(encoding="utf-8") == (
        '# Решение комиссии\norientation: "literal"\ndraws: 40\ngroups: null\n'
    )


@pytest.mark.parametrize("before", [None, "draws: 40\n"])
def test_wrong_values_leave_the_run_file_as_it_was(tmp_path, before):
    if before:
        write(tmp_path, before)
    with pytest.raises(ConfigurationError):
        record_parameters(tmp_path, {"orientation": "никак"})
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ([before] if before else [])


@pytest.fixture
def desk(tmp_path, root):
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "methodologies").mkdir()
    return Desk(tmp_path / "data" / "processed", tmp_path, tmp_path / "reports")


def test_trial_becomes_the_run_by_its_run_file(desk, monkeypatch):
    taken = []
    monkeypatch.setattr(one_report, "run_stages", lambda settings, *_: taken.append(settings))
    chosen = {"methodology": str(desk.root / "methodologies" / "two-of-three.yml"), "orientation": "literal"}
    path = one_report.record_run(desk, chosen, print)
    assert path == desk.root / "data" / "raw" / "run.yml"
    assert taken[0].methodology == "two-of-three"
    assert taken[0].parameters == {"orientation": "literal"}
    one_report.record_run(desk, {**chosen, "methodology": str(desk.root / "my" / "own.yml")}, print)
    assert taken[1].methodology == str(desk.root / "my" / "own.yml")
    one_report.record_run(desk, {"as_of": "01.02.2023", "soon_days": 40}, print)
    assert taken[2].methodology == taken[1].methodology
    assert taken[2].parameters == {"orientation": "literal", "as_of": "01.02.2023", "soon_days": 40}


def test_trial_that_cannot_be_the_run_leaves_the_run_file_as_it_was(desk, monkeypatch):
    def stop(*_: object) -> None:
        raise StepError("нет данных")

    monkeypatch.setattr(one_report, "run_stages", stop)
    write(desk.root / "data" / "raw", "draws: 40\n")
    with pytest.raises(StepError):
        one_report.record_run(desk, {"methodology": "x.yml", "orientation": "literal"}, print)
    assert (desk.root / "data" / "raw" / "run.yml").read_text(encoding="utf-8") == "draws: 40\n"
