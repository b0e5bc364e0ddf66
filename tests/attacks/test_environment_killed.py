"""Making the environment is killed at every step: the next `make` makes it anew. No network, no real Python."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAKE = """#!/bin/sh
# A Python that stops at the step named in `stop`, as one does that is about to be killed.
here={here}
step() {{ echo "$1" >>"$here/log"; if [ "$(cat "$here/stop")" = "$1" ]; then echo "$1" >"$here/at"; sleep 60; fi; }}
case "$*" in
  *sys.version_info*) exit 0 ;;
  "-m venv "*) venv=$3; mkdir -p "$venv/bin"; echo home >"$venv/pyvenv.cfg"; cp "$0" "$venv/bin/python"; step venv
    : >"$venv/pip" ;;
  "-m pip --version") [ -e "$(dirname "$0")/../pip" ] ;;
  "-m ensurepip"*) step ensurepip; : >"$(dirname "$0")/../pip" ;;
  *requirements.txt*) [ -e "$(dirname "$0")/../pip" ] || exit 1; [ ! -e "$(dirname "$0")/../half" ] || exit 1
    : >"$(dirname "$0")/../half"; step packages; rm "$(dirname "$0")/../half"; : >"$(dirname "$0")/../packages" ;;
  *--editable*) step library ;;
esac
"""


@pytest.fixture
def project(tmp_path):
    if not shutil.which("make"):
        pytest.skip("нет программы make")
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    python = tmp_path / "python"
    python.write_text(FAKE.format(here=tmp_path), encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "stop").write_text("", encoding="utf-8")
    return tmp_path


def start_make(project):
    order = ["make", "--no-print-directory", ".venv/.effschool-ready", f"PYTHON={project / 'python'}"]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(order, cwd=project, text=True, start_new_session=True, **streams)


def kill_at(project, step):
    """Run make up to a step and kill it and all that it has started."""
    (project / "stop").write_text(step, encoding="utf-8")
    running = start_make(project)
    end = time.monotonic() + 30
    while not (project / "at").exists():
        assert running.poll() is None, running.stdout.read()
        assert time.monotonic() < end
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    running.stdout.close()
    (project / "stop").write_text("", encoding="utf-8")
    (project / "at").unlink()


@pytest.mark.parametrize("step", ["venv", "packages", "library"])
def test_killed_installation_is_made_anew_by_the_next_make(project, step):
    kill_at(project, step)
    assert not (project / ".venv" / ".effschool-ready").exists()
    made = start_make(project)
    told, _ = made.communicate(timeout=30)
    assert made.returncode == 0, told
    assert "прервана" in told
    assert (project / ".venv" / "packages").exists()
    assert not (project / ".venv" / "half").exists()
    again = start_make(project)
    assert "up to date" in again.communicate(timeout=30)[0]


def test_folder_of_a_person_is_neither_used_nor_removed(project):
    (project / ".venv").mkdir()
    (project / ".venv" / "письмо.txt").write_text("моё", encoding="utf-8")
    refused = start_make(project)
    told, _ = refused.communicate(timeout=30)
    assert refused.returncode != 0
    assert "не пуста" in told
    assert (project / ".venv" / "письмо.txt").read_text(encoding="utf-8") == "моё"


def test_environment_left_without_pip_is_given_one(project):
    """What a version before this one left when it was killed: a Python without pip, and no mark."""
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "pyvenv.cfg").touch()
    shutil.copy(project / "python", project / ".venv" / "bin" / "python")
    made = start_make(project)
    told, _ = made.communicate(timeout=30)
    assert made.returncode == 0, told
    assert "ensurepip" in (project / "log").read_text(encoding="utf-8")
