"""What is known of exams all over the country (`exams.yml`): which were not held, which have two levels (уровни)."""

from functools import cache
from pathlib import Path

from pydantic import Field

from effschool.base.configuration import Frozen, Words, read_rules

FILE = Path(__file__).with_name("exams.yml")


class NotHeld(Frozen):
    """An exam that was held nowhere in the country in some years; no subject is all of the procedure's."""

    procedure: Words
    subject: Words | None = None
    years: tuple[int, ...] = Field(min_length=1)
    source: Words

    def covers(self, procedure: str | None, subject: str | None, year: int) -> bool:
        """Whether an exam of a year is one of these."""
        return year in self.years and procedure == self.procedure and self.subject in (None, subject)


class Levels(Frozen):
    """A subject that has two levels, each with a scale of its own, since a year: without a level it is neither."""

    procedure: Words
    subject: Words
    since: int
    levels: tuple[Words, Words]
    source: Words


class Exams(Frozen):
    """The file of exams."""

    not_held: tuple[NotHeld, ...]
    levels: tuple[Levels, ...]


@cache
def load_exams() -> Exams:
    """What is known of exams.

    Raises:
        ConfigurationError: the file is wrong.
    """
    return read_rules(Exams, FILE, "экзаменов")
