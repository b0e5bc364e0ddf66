"""A call in a process of its own (отдельный процесс), forked from a warm parent that has the imports done.

The parent of all such processes is `multiprocessing`'s fork server: it imports `effschool.run.warm` once and executes
nothing else, so whatever a call changes (variables, settings of libraries, random state, the current folder) ends with
its process. Where the system cannot fork a server, a fresh process is started: slower, and just as clean.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import connection, current_process, get_all_start_methods, get_context, parent_process, util
from pathlib import Path
from typing import Any, TypeVar

from effschool.base.scratch import SCRATCH, SOCKETS, find_socket_folder

Answer = TypeVar("Answer")
Item = TypeVar("Item")

METHOD = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
CONTEXT: Any = get_context(METHOD)
WARM = "effschool.run.warm"
"""Module that the warm parent imports; named by a string, since it imports everything else."""
MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one call may take: `seconds` of time and `memory` in MiB; None is no limit.

    Memory is what the process adds to that of its warm parent and is kept by the kernel (RLIMIT_DATA), on Linux only.
    """

    seconds: float | None = None
    memory: int | None = None


UNLIMITED = Limits()


class LostError(RuntimeError):
    """The process ended without an answer: it was killed, or the machine ran out of memory."""


class TimeLimitError(RuntimeError):
    """The call took longer than it may; its process was ended."""


class MemoryLimitError(RuntimeError):
    """The call needed more memory than it may."""


def warm_up() -> None:
    """Start the warm parent, which imports while this process goes on."""
    if METHOD == "forkserver":
        from multiprocessing import forkserver  # noqa: PLC0415 -- not there on Windows

        CONTEXT.set_forkserver_preload([WARM])
        # The folder of the parent's socket, whose path must be short; it goes when this process ends.
        usual, tempfile.tempdir = tempfile.tempdir, str(find_socket_folder())
        sockets, tempfile.tempdir = util.get_temp_dir(), usual
        if usual and Path(usual).name.startswith(SCRATCH):
            (Path(usual) / SOCKETS).write_text(sockets, encoding="utf-8")
        forkserver.ensure_running()


def is_subprocess() -> bool:
    """Whether this process was started for one call and ends with it."""
    return current_process().name == NAME


NAME, RUN = "effschool-subprocess", "effschool-run"


def name_run() -> None:
    """Say that this process is a run's own, and may make copies of itself: no person's kernel, no thread beside."""
    current_process().name = RUN


def run_in_subprocess(
    function: Callable[..., Answer], *arguments: object, limits: Limits = UNLIMITED, attempts: int = 1
) -> Answer:
    """Call a module's function in a process of its own and give what it gives; arguments and answer are pickled.

    Raises:
        LostError: the process was killed, `attempts` times in a row.
        TimeLimitError, MemoryLimitError: the call went beyond its limits.
        Exception: what the function raised.
    """
    for attempt in range(1, attempts + 1):
        try:
            return _run_once(function, arguments, limits)
        except LostError:
            if attempt == attempts:
                raise
    raise ValueError("attempts: ожидалось целое число от 1.")


def _run_once(function: Callable[..., Answer], arguments: tuple[object, ...], limits: Limits) -> Answer:
    receiver, sender = CONTEXT.Pipe(duplex=False)
    with sender:
        process = _start(sender, limits, function, arguments)
    return _collect(process, receiver, limits)


def _start(*arguments: object) -> Any:
    """Start a process that answers; a warm parent that was killed is started again first."""
    for _ in range(STARTS):
        warm_up()
        process = CONTEXT.Process(target=_answer, args=arguments, name=NAME)
        try:
            process.start()
        except (EOFError, ConnectionError):
            time.sleep(PAUSE)  # the system has not yet noticed that the old parent is gone
            continue
        return process
    raise LostError("процесс для отчётов не запускается")


STARTS, PAUSE = 20, 0.05


def start_in_background(function: Callable[..., Answer], *arguments: object) -> Callable[[], Answer]:
    """Call a function in a copy of this process while this one goes on; gives a function that waits for the answer.

    Only a run's own processes make copies of themselves: elsewhere (in JupyterLab, on one core, where the system cannot
    fork) the call is made here, when the answer is asked for. The answer is the same; it is pickled.

    Raises:
        LostError: the copy was killed; told when the answer is asked for, as is what the function raised.
    """
    if not has_hands():
        return cache(partial(function, *arguments))
    fork = get_context("fork")
    receiver, sender = fork.Pipe(duplex=False)
    with sender:
        call = (sender, UNLIMITED, _call_humbly, (function, *arguments))
        process = fork.Process(target=_answer, args=call, name=BACKGROUND, daemon=True)
        process.start()
    return cache(partial(_collect, process, receiver))


class Answers:
    """Answers to calls by name; one that is not ready yet is waited for when it is asked for."""

    def __init__(self, waiting: Mapping[str, Callable[[], Any]]) -> None:
        self._waiting = waiting

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self._waiting:
            raise AttributeError(name)
        return self._waiting[name]()


def start_calls(**calls: tuple[Any, ...]) -> Answers:
    """Begin calls that do not wait for one another, each in the background: `start_calls(top=(max, rows)).top`."""
    return Answers({name: start_in_background(*call) for name, call in calls.items()})


BACKGROUND = "effschool-background"
HUMBLE = 5
"""How much a copy gives way to the process that it was made from, which has the longest way to go."""


def has_hands() -> bool:
    """Whether a call may be made in a copy of this process, on a core that may be idle."""
    is_own = current_process().name in {NAME, RUN}
    return is_own and count_cores() > 1 and "fork" in get_all_start_methods()


def count_cores() -> int:
    """Cores of this machine."""
    return os.cpu_count() or 1


def _call_humbly(function: Callable[..., Answer], *arguments: object) -> Answer:
    os.nice(HUMBLE)
    return function(*arguments)


def _collect(process: Any, receiver: connection.Connection, limits: Limits = UNLIMITED) -> Any:
    with receiver:
        try:
            return _receive(receiver, limits)
        finally:
            process.kill()
            process.join()
            process.close()


def map_parallel(function: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    """What a function gives for every item, in their order, items dealt to the cores as `start_in_background` says."""
    hands = min(count_cores(), len(items)) if has_hands() else 1
    if hands < 2:
        return [function(item) for item in items]
    waiting = [start_in_background(_call_each, function, items[hand::hands]) for hand in range(1, hands)]
    dealt = [_call_each(function, items[::hands]), *(wait() for wait in waiting)]
    return [dealt[place % hands][place // hands] for place in range(len(items))]


def _call_each(function: Callable[[Item], Answer], items: Sequence[Item]) -> list[Answer]:
    return [function(item) for item in items]


def _receive(receiver: connection.Connection, limits: Limits) -> Any:
    try:
        if not receiver.poll(limits.seconds):
            raise TimeLimitError(f"предел времени {limits.seconds:g} с исчерпан")
        answer, error = receiver.recv()
    except (EOFError, ConnectionError):
        raise LostError("процесс прерван системой или пользователем; возможно, не хватило памяти") from None
    if error is not None:
        raise error
    return answer


def _answer(sender: connection.Connection, limits: Limits, function: Callable[..., object], arguments: tuple) -> None:
    """Body of the process: call, send the answer or the error."""
    _end_with_caller()
    _say_nothing()
    restore = _limit_memory(limits.memory)
    answer: tuple[object, Exception | None]
    try:
        answer = function(*arguments), None
    except MemoryError:
        answer = None, MemoryLimitError(f"предел памяти {limits.memory} МиБ исчерпан")
    except Exception as error:
        answer = None, error
    restore()
    sender.send(answer)


def _end_with_caller() -> None:
    """End this process at once when the one that started it is gone: an orphan would go on writing."""
    caller = parent_process()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the caller

    def _watch() -> None:
        if caller is not None:
            caller.join()
        os._exit(1)

    threading.Thread(target=_watch, daemon=True).start()


def _say_nothing() -> None:
    """Send what libraries print past Python to nowhere: the terminal is for the run's own lines."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)


def _limit_memory(mebibytes: int | None) -> Callable[[], None]:
    """Let this process add no more than so many MiB; gives the function that lifts the limit again."""
    if mebibytes is None or not sys.platform.startswith("linux"):
        return lambda: None
    import resource  # noqa: PLC0415 -- not there on Windows

    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123 -- a page of the kernel, no file
        used = int(statm.read().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + mebibytes * MIB, hard))
    return lambda: resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
