"""A hundred and ten kills of all commands but `report`, which has a hundred of its own (tests/run/test_kills.py).

After each no half-written file is seen under its final name, and the command run again (now and then it is killed too)
ends with the right bytes, with nothing left of the killed ones, in the folders or in the temporary folder.
"""

import os
import random
import shutil
import signal
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import pytest
from builders_forms import SOCIAL, build_returned
from builders_raw import LAYOUTS

from effschool.base import subprocesses
from effschool.demo import make_demo_region
from effschool.intake import ingest
from effschool.intake.ingest import read_contract
from effschool.lab.changes import Run, keep_run
from effschool.report import printing
from effschool.run import commands, warm
from effschool.run.commands import main

FORK = get_context("fork")
assert warm  # the processes are forked from the test itself, which therefore is the warm parent
KILLS = {"forms": 21, "check": 15, "compare": 20, "demo": 12, "audit": 8, "public": 4, "pdf": 20, "programme": 10}
BEGUN_ANEW = {"demo", "public"}
"""Commands that have nothing to do where they have done it: they begin with an empty folder."""
WHILE_WRITING, WRITING = 0.5, 0.1
"""How many of the kills come when the first file has been begun, and in how many seconds from then."""
SEED, REFUSED = 18, 2
MISTAKES = {(SOCIAL, 1, "Неполная семья"): "много"}
BROWSER = """#!/bin/sh
for word in "$@"; do case $word in --print-to-pdf=*) pdf=${word#*=} ;; esac; done
printf '%s' '%PDF-1.4 ' >"$pdf"; sleep 0.02; cat "$0" >>"$pdf"
"""


@dataclass
class Attack:
    """A command, where it writes, and the temporary folder that it is given."""

    words: list[str]
    written: Path
    scratch: Path

    def read(self) -> dict[str, bytes]:
        """What a person finds: files that are not hidden."""
        files = [path for path in self.written.rglob("*") if path.is_file()]
        shown = [path.relative_to(self.written) for path in files]
        return {str(name): (self.written / name).read_bytes() for name in shown if not is_hidden(name)}

    def find_leftovers(self) -> list[str]:
        """What nobody needs any longer."""
        left = [path.name for path in self.written.rglob(".*") if path.name not in {".lock", ".written"}]
        return [*left, *(path.name for path in self.scratch.iterdir())]

    def run(self) -> int:
        """Carry out the command here; a worker of a killed one may hold its folder a moment longer."""
        end = time.monotonic() + 20
        while (status := main(self.words)) == REFUSED and time.monotonic() < end:
            time.sleep(0.1)
        return status

    def wait_for_writing(self, longest: float) -> None:
        """Wait until a file is begun, but no longer than the command takes."""
        before, end = self.list_written(), time.monotonic() + longest
        while self.list_written() == before and time.monotonic() < end:
            time.sleep(0.002)

    def list_written(self) -> set[Path]:
        return {path for path in self.written.rglob("*") if path.name != ".lock" and path.is_file()}

    def kill(self, longest: float, draw: random.Random) -> bool:
        """Start the command and kill it after a random time, or as soon as it writes; whether it was still at work."""
        running = FORK.Process(target=carry_out, args=(self.words,))
        running.start()
        if draw.random() < WHILE_WRITING:
            self.wait_for_writing(longest)
            running.join(timeout=draw.uniform(0, WRITING))
        else:
            running.join(timeout=draw.uniform(0, longest))
        was_late = running.exitcode is not None
        if not was_late:
            os.kill(running.pid, signal.SIGKILL)
        running.join()
        running.close()
        return not was_late


def is_hidden(name: Path) -> bool:
    return any(part.startswith(".") for part in name.parts)


def carry_out(words: list[str]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    main(words)


@pytest.fixture(autouse=True)
def fork_from_the_test(monkeypatch, tmp_path):
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    monkeypatch.setattr(subprocesses, "CONTEXT", FORK)
    monkeypatch.setattr(subprocesses, "warm_up", lambda: None)


def prepare(name: str, folder: Path, processed: Path, methodology) -> list[str]:
    """Options of a command on a tiny region, which is laid out for it."""
    out = folder / "out"
    tables = ["--processed", str(folder / "processed"), "--reports", str(out)]
    if name in {"forms", "check"}:
        raw = build_returned(folder / "raw", MISTAKES)
        year = ["--year", "2022"] if name == "forms" else []
        return [name, "--data", str(raw), "--layouts", str(LAYOUTS), "--out", str(out), *year]
    if name in {"audit", "public", "programme"}:
        shutil.copytree(processed, folder / "processed", ignore=shutil.ignore_patterns(".lock"))
        return [name, *tables]
    if name == "compare":
        contract = read_contract(processed)
        for year in (2022, 2023):
            keep_run(Run("", year, methodology, contract), folder / "processed")
        return [name, *tables]
    if name == "pdf":
        out.mkdir()
        (out / "2023").mkdir()
        (out / "run.json").write_text('{"year": 2023, "reports": {}, "finished": true}', encoding="utf-8")
        for page in ("a", "b", "c"):
            (out / "2023" / f"{page}.html").write_text(page, encoding="utf-8")
        return [name, "--reports", str(out)]
    return [name, str(out)]


@pytest.fixture
def attack(request, tmp_path, demo_processed, methodology, monkeypatch):
    browser = tmp_path / "browser"
    browser.write_text(BROWSER, encoding="utf-8")
    browser.chmod(0o755)
    monkeypatch.setattr(printing, "find_browser", lambda: str(browser))
    monkeypatch.setattr("effschool.demo.make_demo_region", make_small_region)
    monkeypatch.setattr(ingest, "ingest_folder", cache(ingest.ingest_folder))  # what reads writes nothing
    words = prepare(request.param, tmp_path, demo_processed, methodology)
    (tmp_path / "out").mkdir(exist_ok=True)
    return Attack(words, tmp_path / "out", tmp_path / "scratch")


def make_small_region(folder: Path, *, shapes: bool) -> None:
    make_demo_region(folder, municipalities=2, schools=14, years=2, shapes=shapes)


def empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="процессы перечисляет только Linux")
@pytest.mark.parametrize("attack", KILLS, indirect=True)
def test_killed_command_leaves_nothing_half_done_and_goes_on(attack, capsys):
    command, before = attack.words[0], attack.read()
    draw, killed = random.Random(SEED), 0
    attack.run()
    started = time.perf_counter()
    empty(attack.written) if command in BEGUN_ANEW else None
    status = attack.run()
    longest, expected = time.perf_counter() - started, attack.read()
    assert set(expected) > set(before)
    for _ in range(4 * KILLS[command]):
        killed += attack.kill(longest, draw)
        assert [n for n, content in attack.read().items() if content not in (expected.get(n), before.get(n))] == []
        if killed < KILLS[command] and draw.random() < KILLED_AGAIN:
            continue
        assert attack.run() == status
        assert attack.read() == expected
        assert attack.find_leftovers() == []
        if killed == KILLS[command]:
            break
        if command in BEGUN_ANEW or (draw.random() < FRESH and not before):
            empty(attack.written)
    assert killed == KILLS[command]  # a kill that came after the end is none
    assert "Traceback" not in capsys.readouterr().err


KILLED_AGAIN, FRESH = 0.5, 0.5
"""How often a killed command is followed by one that is killed too, and one that ended by one in an empty folder."""


def test_no_command_is_left_out():
    """`report` has a hundred kills of its own; `lab` becomes JupyterLab, `view` Voilà."""
    assert sum(KILLS.values()) == 110
    assert {*KILLS, "report", "lab", "view"} == {*commands.build_parser()._subparsers._group_actions[0].choices}
