"""What `make lab` starts: the project's own settings, nothing kept in notebooks."""

import json
import os
import re
import socket
from pathlib import Path

import nbformat
import pytest
from nbformat.sign import NotebookNotary

from effschool.lab import jupyter
from effschool.lab.panels.shell import FILES, link_to


def test_everything_that_jupyter_writes_stays_in_the_project(tmp_path):
    folders = jupyter.name_folders(tmp_path)
    assert {"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_SETTINGS_DIR", "IPYTHONDIR"} <= set(folders)
    assert all(Path(folder).is_relative_to(tmp_path / ".lab") for folder in folders.values())
    assert len(set(folders.values())) == len(folders)


def test_lab_opens_on_the_start_notebook_with_the_settings_of_the_project(root, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / jupyter.START).write_bytes((root / jupyter.START).read_bytes())
    called = {}
    monkeypatch.setattr(
        os, "execve", lambda *given: called.update(zip(("path", "command", "variables"), given, strict=True))
    )
    jupyter.open_lab(tmp_path, ["--no-browser"])
    assert f"--LabApp.app_settings_dir={tmp_path / 'lab'}" in called["command"]
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start.ipynb" in called["command"]
    assert called["command"][-1] == "--no-browser"
    assert called["variables"]["PATH"] == os.environ["PATH"]
    assert called["variables"]["JUPYTER_DATA_DIR"] == str(tmp_path / ".lab" / "data")
    notary = NotebookNotary(data_dir=str(tmp_path / ".lab" / "data"))
    assert notary.check_signature(nbformat.read(tmp_path / jupyter.START, as_version=4))


def test_settings_are_russian_and_ask_nothing_of_another_host(root):
    settings = json.loads((root / "lab" / "overrides.json").read_text(encoding="utf-8"))
    assert settings["@jupyterlab/translation-extension:plugin"] == {"locale": "ru_RU"}
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    config = json.loads((root / "lab" / "jupyter_lab_config.json").read_text(encoding="utf-8"))
    assert config["LabApp"]["news_url"] is None


def test_busy_port_is_passed_over_and_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        busy, said = taken.getsockname()[1], []
        found = jupyter.choose_port(busy, said.append)
        assert found > busy
        assert f"Порт {busy} занят" in said[0]
        with pytest.raises(OSError, match="заняты"):
            jupyter.choose_port(busy, said.append, most=1)


def test_port_that_is_asked_for_is_left_as_it_is(root, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / jupyter.START).write_bytes((root / jupyter.START).read_bytes())
    given = []
    monkeypatch.setattr(os, "execve", lambda _, command, __: given.append(command))
    jupyter.open_lab(tmp_path, ["--ServerApp.port=9999"])
    jupyter.open_lab(tmp_path)
    ports = [[option for option in command if option.startswith("--ServerApp.port=")] for command in given]
    assert ports[0] == ["--ServerApp.port=9999"]
    assert len(ports[1]) == 1


def test_panels_are_served_on_this_machine_alone_and_files_of_reports_only(tmp_path):
    command = jupyter.build_view(tmp_path)
    assert "--Voila.ip=127.0.0.1" in command
    for path in ("reports/exports/shkoly-2023.xlsx", "reports/2023/lake/00101.html", "reports/2023/lake.html"):
        assert re.fullmatch(jupyter.SERVED, path)
    for path in (
        "data/raw/schools.csv",
        "reports/../data/raw/a.xlsx",
        "reports/run.json",
        "/etc/passwd",
        "reports/.a/b.html",
    ):
        assert not re.fullmatch(jupyter.SERVED, path)


def test_links_are_those_of_the_server(tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    path = tmp_path / "reports" / "exports" / "a.xlsx"
    monkeypatch.delenv(FILES, raising=False)
    assert link_to(path) == "../reports/exports/a.xlsx"
    monkeypatch.setenv(FILES, "/voila/files/")
    assert link_to(path) == "/voila/files/reports/exports/a.xlsx"


def test_lab_saves_a_notebook_with_its_results(root):
    config = json.loads((root / "lab" / "jupyter_lab_config.json").read_text(encoding="utf-8"))
    assert "pre_save_hook" not in str(config)  # git strips them


def test_folder_for_own_notebooks_is_made(root, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / jupyter.START).write_bytes((root / jupyter.START).read_bytes())
    monkeypatch.setattr(os, "execve", lambda *_: None)
    for _ in range(2):
        jupyter.open_lab(tmp_path)
    assert (tmp_path / "my").is_dir()


@pytest.mark.parametrize(("user", "allowed"), [(0, True), (1000, False)])
def test_root_of_a_container_may_open_lab(tmp_path, monkeypatch, user, allowed):
    monkeypatch.setattr(os, "geteuid", lambda: user, raising=False)
    assert ("--allow-root" in jupyter.build_command(tmp_path)) == allowed
