"""The temporary folder is full, not there, or holds what killed processes left: told by name, then things go on."""

import errno
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest
from builders_forms import SOCIAL, build_returned
from builders_raw import LAYOUTS
from openpyxl import Workbook

from effschool.base import storage
from effschool.base.scratch import SCRATCH, SOCKETS, NoRoomError, find_socket_folder, hold_scratch
from effschool.run.commands import main
from effschool.run.steps import produce
from effschool.run.work import Work

HOST = platform.node().partition(".")[0]
MISTAKES = {(SOCIAL, 1, "Неполная семья"): "много"}


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """A temporary folder of the test's own."""
    (tmp_path / "временное").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "временное"))
    return tmp_path / "временное"


def list_commands(folder):
    raw = build_returned(folder / "raw", MISTAKES)
    common = ["--data", str(raw), "--layouts", str(LAYOUTS), "--out"]
    yield ["forms", *common, str(folder / "forms"), "--year", "2022"]
    yield ["check", *common, str(folder / "check")]


def fill_disk(monkeypatch, scratch, room):
    """The temporary folder takes so many more files, and has no room for what is written to any other."""
    whole, left = tempfile._mkstemp_inner, [room]

    def refuse(folder, *rest):
        if not Path(folder).is_relative_to(scratch):
            return whole(folder, *rest)
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device", str(scratch))
        return whole(folder, *rest)

    monkeypatch.setattr(tempfile, "_mkstemp_inner", refuse)


@pytest.mark.parametrize("attack", [(place, room) for place in (0, 1) for room in (0, 1, 4)])
def test_full_temporary_folder_is_told_by_name_and_the_next_run_goes_on(tmp_path, scratch, monkeypatch, capsys, attack):
    place, room = attack
    command = list(list_commands(tmp_path))[place]
    out = Path(command[command.index("--out") + 1])
    with monkeypatch.context() as full:
        fill_disk(full, scratch, room)
        assert main(command) == 2
    told = capsys.readouterr().err
    assert f"Во временной папке «{scratch}» нет места" in told
    assert "TMPDIR=папка" in told
    assert not [word for word in ("Errno", "Traceback", "No space") if word in told]
    assert list(scratch.iterdir()) == []
    assert not list(out.rglob(f"{storage.UNFINISHED}*"))
    assert main(command) == place  # the forms of the test have a mistake
    assert list(scratch.iterdir()) == []


def test_no_temporary_folder_at_all_is_told(tmp_path, scratch, monkeypatch, capsys):
    def refuse():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    command = next(list_commands(tmp_path))
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    assert main(command) == 2
    told = capsys.readouterr().err
    assert "Во временной папке" in told
    assert "usable" not in told


def test_archive_is_not_blamed_for_a_full_temporary_folder(tmp_path, scratch, monkeypatch, capsys):
    command = next(list_commands(tmp_path))
    with zipfile.ZipFile(tmp_path / "raw" / "social.zip", "w") as archive:
        archive.write(tmp_path / "raw" / "social.csv", "social/social.csv")
    fill_disk(monkeypatch, scratch, 0)
    assert main(command) == 2
    assert f"Во временной папке «{scratch}» нет места" in capsys.readouterr().err


def test_stage_on_a_full_temporary_folder_fails_in_words(scratch, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device", str(scratch))

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    assert produce(Work("", {}, {})).failure.startswith(f"Во временной папке «{scratch}» нет места")


def test_writer_of_xml_on_a_full_temporary_folder_fails_in_words(scratch, monkeypatch, tmp_path):
    def refuse(*_):
        raise RuntimeError("IO_ENOSPC")  # lxml says it so

    monkeypatch.setattr("openpyxl.writer.excel.ExcelWriter.save", refuse)
    with pytest.raises(NoRoomError, match=f"Во временной папке «{scratch}» нет места"):
        storage.save_workbook(Workbook(), tmp_path / "a.xlsx")
    assert not list(tmp_path.glob("*.xlsx"))


FREED = """
from effschool.base.scratch import NoRoomError, tell_full_scratch
def write():
    try:
        yield
    finally:
        raise RuntimeError("IO_ENOSPC" if {told} else "other")
writer = write()
next(writer)
try:
    with tell_full_scratch():
        raise RuntimeError("IO_ENOSPC")
except NoRoomError:
    print("told")
del writer
"""


@pytest.mark.parametrize("told", [True, False])
def test_no_room_is_not_told_again_when_the_writer_is_freed(told):
    call = [sys.executable, "-c", FREED.format(told=told)]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout == "told\n"
    assert ("Traceback" in done.stderr) != told


def end_process() -> int:
    """Number of a process that is gone."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_leftovers_of_dead_processes_are_cleared_and_of_no_others(scratch):
    dead = end_process()
    names = {
        f"{SCRATCH}{dead}-{HOST}-abc": False,
        f"{SCRATCH}{os.getppid()}-{HOST}-abc": True,
        f"{SCRATCH}{dead}-other-machine-abc": True,
        f"{SCRATCH}мои-{HOST}-заметки": True,
        "чужое": True,
    }
    for name in names:
        (scratch / name).mkdir()
        (scratch / name / "file").touch()
    (scratch / f"{SCRATCH}{dead}-{HOST}-link").symlink_to(scratch / "чужое")
    with hold_scratch():
        assert Path(tempfile.gettempdir()).parent == scratch
        assert {path.name for path in scratch.iterdir() if not path.is_symlink()} == {
            Path(tempfile.gettempdir()).name,
            *(name for name, stays in names.items() if stays),
        }
    assert (scratch / "чужое" / "file").exists()
    assert tempfile.gettempdir() == str(scratch)


@pytest.mark.parametrize(("named", "stays"), [("pymp-abc", False), ("чужое", True), ("", True)])
def test_sockets_of_a_dead_process_go_with_it_and_nothing_else_that_is_named(scratch, named, stays):
    left = scratch / f"{SCRATCH}{end_process()}-{HOST}-abc"
    for folder in (left, scratch / "чужое", scratch / "pymp-abc"):
        folder.mkdir()
    (left / SOCKETS).write_text(str(scratch / named), encoding="utf-8")
    with hold_scratch():
        assert not left.exists()
    assert (scratch / named).exists() == stays
    assert scratch.exists()


def test_sockets_elsewhere_go_with_a_dead_process_too(scratch, tmp_path, monkeypatch):
    monkeypatch.setattr("effschool.base.scratch.SHORT", (tmp_path / "short",))
    left, sockets = scratch / f"{SCRATCH}{end_process()}-{HOST}-abc", tmp_path / "short" / "pymp-abc"
    for folder in (left, sockets):
        folder.mkdir(parents=True)
    (left / SOCKETS).write_text(str(sockets), encoding="utf-8")
    with hold_scratch():
        assert not left.exists()
    assert not sockets.exists()


ECHO = """
from effschool.base.scratch import hold_scratch
from effschool.base.subprocesses import run_in_subprocess
with hold_scratch():
    print(run_in_subprocess(abs, -5))
"""


@pytest.mark.parametrize("letters", [40, 76, 77, 90, 200])
def test_temporary_folder_of_any_length_serves(tmp_path, letters):
    long = Path(tempfile.mkdtemp(prefix="д", dir="/tmp"))
    folder = long / ("ж" * max(1, (letters - len(os.fsencode(long)) - 1) // 2))
    folder.mkdir()
    call = [sys.executable, "-c", ECHO]
    done = subprocess.run(call, env={**os.environ, "TMPDIR": str(folder)}, capture_output=True, text=True, check=False)
    left = list(folder.iterdir())
    shutil.rmtree(long)
    assert (done.stdout, done.stderr) == ("5\n", "")
    assert left == []


def test_temporary_folder_of_too_long_a_path_is_told_where_no_shorter_one_is(scratch, monkeypatch):
    monkeypatch.setattr("effschool.base.scratch.SHORT", ())
    folder = scratch / ("длинная" * 10)
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(NoRoomError, match=f"«{folder}» слишком длинный путь. Назначьте другую: TMPDIR=папка"):
        find_socket_folder()


KILLED = """
import os, sys, tempfile
from effschool.base.scratch import hold_scratch
with hold_scratch():
    tempfile.NamedTemporaryFile(prefix="openpyxl.", delete=False).write(b"rows")
    tempfile.mkdtemp(prefix="effschool-")
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_left_is_cleared_by_the_next(scratch):
    subprocess.run([sys.executable, "-c", KILLED], env={**os.environ, "TMPDIR": str(scratch)}, check=False)
    (left,) = scratch.iterdir()
    assert len(list(left.iterdir())) == 2
    with hold_scratch():
        assert not left.exists()
