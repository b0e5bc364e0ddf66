"""Temporary things (временная папка): a folder for each process, cleared when it ends or, after a kill, by the next."""

import errno
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of a full disk, or of a full share of it."""
SCRATCH = "effschool-"
"""How names of folders in the temporary folder begin: then the process and the machine that they belong to."""
SOCKETS = ".sockets"
"""File in such a folder that names the folder of the process's sockets."""
SOCKET = "pymp-12345678/listener-12345678"
"""What a socket's path is like below a temporary folder."""
LONGEST_SOCKET = 103
"""Bytes that systems take as the path of a socket (macOS 103, Linux 107)."""
SHORT = (Path("/tmp"), Path("/var/tmp"))
"""Where sockets are when the temporary folder has too long a path."""


class NoRoomError(OSError):
    """A disk is full; the message is for a person."""

    def __str__(self) -> str:
        return str(self.strerror)


@contextmanager
def tell_full_scratch() -> Iterator[None]:
    """Say in words that there is no room for what is temporary.

    Raises:
        NoRoomError: the temporary folder is full.
    """
    try:
        yield
    except NoRoomError:
        raise
    except Exception as error:
        # A library that writes XML says what the system said in a class of its own, and again when its writer is freed.
        if _is_full(error):
            sys.unraisablehook = _tell_unless_full
            raise _refuse_scratch(find_shared_scratch()) from None
        raise


def _is_full(error: BaseException | None) -> bool:
    return getattr(error, "errno", None) in FULL or "ENOSPC" in str(error)


def _tell_unless_full(raised: "sys.UnraisableHookArgs") -> None:
    """What happens to errors of things that are freed: that there is no room has been told."""
    if not _is_full(raised.exc_value):
        sys.__unraisablehook__(raised)


def find_shared_scratch() -> Path:
    """The temporary folder that all processes share."""
    folder = Path(tempfile.gettempdir())
    return folder.parent if folder.name.startswith(SCRATCH) else folder


def find_socket_folder() -> Path:
    """Where the folder of this process's sockets goes: the shared temporary folder, unless its path is too long.

    Raises:
        NoRoomError: it is too long, and no folder with a short path may be written to.
    """
    shared = find_shared_scratch()
    for folder in (shared, *SHORT):
        if len(os.fsencode(folder / SOCKET)) <= LONGEST_SOCKET and os.access(folder, os.W_OK | os.X_OK):
            return folder
    told = f"У временной папки «{shared}» слишком длинный путь. Назначьте другую: TMPDIR=папка make …"
    raise NoRoomError(errno.ENAMETOOLONG, told)


def _refuse_scratch(folder: Path) -> NoRoomError:
    told = f"Во временной папке «{folder}» нет места, или писать в неё нельзя."
    return NoRoomError(errno.ENOSPC, f"{told} Освободите в ней место или назначьте другую: TMPDIR=папка make …")


@contextmanager
def hold_scratch() -> Iterator[None]:
    """Keep all that is temporary in one folder of this process, and clear away the folders of processes that are gone.

    Raises:
        NoRoomError: there is no folder for it, or it is full.
    """
    host, usual = platform.node().partition(".")[0], tempfile.tempdir
    try:
        _clear_scratch(Path(tempfile.gettempdir()), host)
        folder = tempfile.mkdtemp(prefix=f"{SCRATCH}{os.getpid()}-{host}-")
    except OSError:
        raise _refuse_scratch(Path(os.environ.get("TMPDIR") or usual or "/tmp")) from None
    tempfile.tempdir = folder
    try:
        with tell_full_scratch():
            yield
    finally:
        tempfile.tempdir = usual
        shutil.rmtree(folder, ignore_errors=True)


def _clear_scratch(place: Path, host: str) -> None:
    """Remove folders of processes of this machine that are gone: they were killed."""
    for folder in place.glob(f"{SCRATCH}*-{host}-*"):
        owner = folder.name.removeprefix(SCRATCH).partition("-")[0]
        if owner.isdecimal() and folder.is_dir() and not folder.is_symlink() and not _is_running(int(owner)):
            _clear_sockets(folder / SOCKETS, place)
            shutil.rmtree(folder, ignore_errors=True)


def _clear_sockets(note: Path, place: Path) -> None:
    """Remove the folder of sockets that a note names, if it is one."""
    sockets = Path(note.read_text(encoding="utf-8")) if note.is_file() else Path()
    if sockets.name.startswith("pymp-") and sockets.parent in {place, *SHORT}:
        shutil.rmtree(sockets, ignore_errors=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":
        return True  # to ask there would end the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another person's
    return True
