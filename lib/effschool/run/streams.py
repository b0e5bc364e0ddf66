"""Standard output that never stops a run (вывод): whatever its encoding, and whether or not anybody listens."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import Any

LETTERS = "Щё№«»—"
"""What an encoding must have to be of use for Russian messages."""


@contextmanager
def open_streams() -> Iterator[None]:
    """Let everything that is printed meanwhile go to streams that take it."""
    out, told = PatientStream(sys.stdout), PatientStream(sys.stderr)
    with redirect_stdout(out), redirect_stderr(told):
        yield
        out.flush()
        told.flush()


class PatientStream:
    """A stream that takes every letter; once nobody reads it, it takes everything and keeps nothing.

    A letter that the encoding lacks becomes a question mark; where it lacks all Russian ones, UTF-8 takes its place.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream if stream is not None else open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        if hasattr(self._stream, "reconfigure"):
            self._stream.reconfigure(encoding=None if _knows_russian(self._stream.encoding) else "utf-8")
            self._stream.reconfigure(errors="replace")

    def write(self, text: str) -> int:
        """Write as far as it goes."""
        try:
            self._stream.write(text)
        except (OSError, ValueError):
            self._silence()
        return len(text)

    def flush(self) -> None:
        """Hand on what was written, if anybody takes it."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            self._silence()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _silence(self) -> None:
        """Send all that follows nowhere, and what Python flushes when it ends as well."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(nowhere, self._stream.fileno())
        except (OSError, ValueError):
            self._stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
        finally:
            os.close(nowhere)


def _knows_russian(encoding: str) -> bool:
    try:
        return bool(LETTERS.encode(encoding))
    except (LookupError, UnicodeEncodeError):
        return False
