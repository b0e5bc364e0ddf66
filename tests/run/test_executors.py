import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from effschool.run.executors import LOCAL_CLUSTER, SchedulerError, count_jobs, open_executor


def double(number):
    return 2 * number, os.getpid()


def test_reports_at_once_are_as_many_as_asked_or_as_cores():
    assert count_jobs(3) == 3
    assert count_jobs(None) == os.cpu_count()


def test_one_machine_needs_no_scheduler():
    with open_executor("", 2) as executor:
        assert [number for number, _ in executor.map(double, range(4))] == [0, 2, 4, 6]


def test_waiting_work_is_dropped_when_the_run_is_left():
    futures = []
    with suppress(KeyboardInterrupt), open_executor("", 1) as executor:
        futures += [executor.submit(double, number) for number in range(500)]
        raise KeyboardInterrupt
    assert any(future.cancelled() for future in futures)


def apart_in_worker():
    from effschool.base.subprocesses import run_in_subprocess  # noqa: PLC0415

    return run_in_subprocess(os.getpid), os.getpid()


def test_dask_does_the_same_in_other_processes():
    with open_executor(LOCAL_CLUSTER, 1) as executor:
        number, worker = executor.submit(double, 4).result()
        assert number == 8
        assert worker != os.getpid()
        apart, beside = executor.submit(apart_in_worker).result()
        assert apart != beside == worker


def kill_worker_once(mark: Path):
    """End the worker's process the first time."""
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "готово"


def test_work_of_a_lost_worker_is_done_by_another(tmp_path):
    with open_executor(LOCAL_CLUSTER, 2) as executor:
        lost = executor.submit(kill_worker_once, tmp_path / "mark")
        others = [executor.submit(double, number) for number in range(6)]
        assert lost.result(60) == "готово"
        assert [other.result(60)[0] for other in others] == [0, 2, 4, 6, 8, 10]


def test_scheduler_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr("effschool.run.executors.CONNECT_SECONDS", 1)
    with pytest.raises(SchedulerError, match=r"tcp://127\.0\.0\.1:9"), open_executor("tcp://127.0.0.1:9", None):
        raise AssertionError
