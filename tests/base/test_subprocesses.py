import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from effschool.base import subprocesses
from effschool.base.subprocesses import (
    Limits,
    LostError,
    MemoryLimitError,
    TimeLimitError,
    is_subprocess,
    map_parallel,
    run_in_subprocess,
    start_in_background,
)


def add(first, second):
    return first + second


def fail():
    raise KeyError("нет ключа")


def die():
    os.kill(os.getpid(), 9)


def wait_for_ever():
    subprocesses.threading.Event().wait()


def list_loaded():
    return [name for name in ("pandas", "matplotlib.figure", "papermill", "nbconvert") if name in sys.modules]


def test_answer_comes_from_another_process():
    assert run_in_subprocess(add, 1, 2) == 3
    assert run_in_subprocess(os.getpid) != os.getpid()
    assert run_in_subprocess(is_subprocess)
    assert not is_subprocess()


def test_imports_are_done_in_the_warm_parent():
    assert len(run_in_subprocess(list_loaded)) == 4


def call_in_background(function, *arguments):
    answer = start_in_background(function, *arguments)
    return answer(), answer()


def tell_process(item):
    return item, os.getpid()


@pytest.mark.skipif(subprocesses.METHOD != "forkserver" or os.cpu_count() < 2, reason="копии нужны fork и второе ядро")
def test_call_in_background_is_made_in_a_copy_of_a_process_apart_and_once():
    (first, again), own = run_in_subprocess(call_in_background, os.getpid), os.getpid()
    assert first == again != own
    with pytest.raises(KeyError, match="нет ключа"):
        run_in_subprocess(call_in_background, fail)
    with pytest.raises(LostError):
        run_in_subprocess(call_in_background, die)


def tell_and_wait(told):
    told.write_text(str(os.getpid()), encoding="ascii")
    wait_for_ever()


def die_before_a_copy(told):
    start_in_background(tell_and_wait, told)
    wait_until(lambda: told.exists() and told.read_text(encoding="ascii"))
    die()


@pytest.mark.skipif(subprocesses.METHOD != "forkserver" or os.cpu_count() < 2, reason="копии нужны fork и второе ядро")
def test_copy_ends_with_the_process_that_it_was_made_from(tmp_path):
    told = tmp_path / "pid"
    with pytest.raises(LostError):
        run_in_subprocess(die_before_a_copy, told)
    wait_until(lambda: is_gone(int(told.read_text(encoding="ascii"))))


NAMED = (
    "import os; from effschool.base.subprocesses import name_run, start_in_background; {}; "
    "print(start_in_background(os.getpid)() == os.getpid())"
)


@pytest.mark.skipif(subprocesses.METHOD != "forkserver" or os.cpu_count() < 2, reason="копии нужны fork и второе ядро")
@pytest.mark.parametrize(("said", "is_here"), [("name_run()", "False"), ("pass", "True")])
def test_only_a_run_makes_copies_of_a_process_that_was_started_by_hand(said, is_here):
    told = subprocess.run([sys.executable, "-c", NAMED.format(said)], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == is_here


def test_call_in_background_is_made_here_where_there_are_no_copies():
    assert call_in_background(os.getpid) == (os.getpid(), os.getpid())


@pytest.mark.parametrize("number", [0, 1, 2, 3, 8])
def test_shared_items_are_answered_in_their_order_whoever_takes_them(number):
    here, elsewhere = (
        share(tell_process, range(number)) for share in (map_parallel, partial(run_in_subprocess, map_parallel))
    )
    assert [item for item, _ in here] == [item for item, _ in elsewhere] == list(range(number))
    assert len({process for _, process in elsewhere}) == min(number, os.cpu_count())


def test_error_of_the_call_is_raised_here():
    with pytest.raises(KeyError, match="нет ключа"):
        run_in_subprocess(fail)


def test_killed_process_is_told_and_the_next_call_works():
    with pytest.raises(LostError):
        run_in_subprocess(die, attempts=2)
    assert run_in_subprocess(add, 1, 2) == 3


def test_killed_warm_parent_is_started_again():
    server = run_in_subprocess(os.getppid)
    os.kill(server, 9)
    assert run_in_subprocess(os.getppid) != server


def test_time_limit_ends_the_process():
    with pytest.raises(TimeLimitError, match="предел времени"):
        run_in_subprocess(wait_for_ever, limits=Limits(seconds=0.5))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="предел памяти есть только в Linux")
def test_memory_limit_is_of_the_call_alone():
    assert len(run_in_subprocess(bytes, 100 * 2**20, limits=Limits(memory=300))) == 100 * 2**20
    with pytest.raises(MemoryLimitError, match="200 МиБ"):
        run_in_subprocess(bytes, 400 * 2**20, limits=Limits(memory=200))


ORPHAN = """
import os, sys, threading
from effschool.base.subprocesses import run_in_subprocess
def work(path):
    open(path, "w").write(str(os.getpid()))
    threading.Event().wait()
if __name__ == "__main__":
    run_in_subprocess(work, sys.argv[1])
"""


def test_process_ends_with_its_caller(tmp_path):
    script, told = tmp_path / "orphan.py", tmp_path / "pid"
    script.write_text(ORPHAN, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(script), str(told)], start_new_session=True) as caller:
        wait_until(lambda: told.exists() and told.read_text())
        worker = int(told.read_text())
        caller.kill()
    wait_until(lambda: is_gone(worker))


def is_gone(process):
    """Ended, if only nobody has yet asked how."""
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or "Z" in state.read_text(encoding="ascii").split()[2]


def wait_until(condition, seconds=60):
    import time  # noqa: PLC0415

    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()
