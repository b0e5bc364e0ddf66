"""Progress of a run (ход прогона): one line that changes in a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from effschool.base.russian import NBSP, format_number

Say = Callable[[str], None]
ERASE = "\r\x1b[2K"
"""To the line's beginning, and clear it."""
WIDEST = 100


@dataclass
class Progress:
    """Says what a run does.

    Args:
        stream: where it is said.
        live: whether the stream is a terminal, where a line can be written over.
    """

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    live: bool = False
    clock: Callable[[], float] = time.monotonic

    def say(self, text: str) -> None:
        """A line that stays."""
        self.stream.write((ERASE if self.live else "") + text + "\n")
        self.stream.flush()

    def show(self, text: str) -> None:
        """The line that the next one writes over; a log has none."""
        if self.live:
            self.stream.write(ERASE + text[:WIDEST])
            self.stream.flush()


def open_progress(stream: TextIO | None = None) -> Progress:
    """Progress for standard output, whatever it is."""
    chosen = stream or sys.stdout
    return Progress(chosen, live=chosen.isatty())


def say_progress(done: int, total: int, seconds: float, name: str) -> str:
    """«7 из 19, осталось около 12 с: Название»; without the time while nothing is done."""
    left = f", осталось около {say_duration(seconds / done * (total - done))}" if 0 < done < total else ""
    return f"Отчёты: {done} из {total}{left}" + (f": {name}" if name else "")


def say_duration(seconds: float) -> str:
    """«12 с», «5 мин», «2 ч 10 мин»: as exact as one needs to know whether to wait."""
    if seconds < 100:
        return f"{format_number(seconds)}{NBSP}с"
    minutes = round(seconds / 60)
    hours = f"{minutes // 60}{NBSP}ч " if minutes >= 60 else ""
    return f"{hours}{minutes % 60}{NBSP}мин"
