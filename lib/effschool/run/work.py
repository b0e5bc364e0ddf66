"""What goes to a worker and comes back (задание и его итог): nothing but values, so that any machine can do it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from effschool.report.page import PageCard


class StepError(RuntimeError):
    """A notebook stopped; the message is for a person."""


@dataclass(frozen=True)
class Work:
    """What a worker is given; of files it needs only the tables that the parameters name.

    Args:
        source: the notebook's text.
        parameters: values for its parameters cell; paths as this machine has them.
        shown: the same as the executed notebook shows them.
        folder: where it is executed; empty is a folder of its own.
        card: what the page says of itself; None makes no page.
        made: files that the notebook writes: name by parameter; each has a suffix of its own.
        hidden: folders whose names must not stand in a message.
    """

    source: str
    parameters: Mapping[str, object]
    shown: Mapping[str, object]
    folder: str = ""
    card: PageCard | None = None
    made: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """What came of a work: files by suffix («.ipynb», «.html», «.xlsx»), seconds, and a message if it failed."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    seconds: float = 0.0
    failure: str = ""
