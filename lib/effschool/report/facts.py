"""Figures inside sentences (факты): what was computed and how it is shown, kept with the text that says it.

A sentence is a template and the figures put into it, so that the page, the text alternative of a chart and the file of
facts beside the report cannot say different numbers.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from string import Formatter
from typing import Any, Self

import pandas as pd

from effschool.base.russian import count_words, format_number, format_percent


@dataclass(frozen=True)
class Fact:
    """A figure: the value as computed (missing is None) and the text a reader sees."""

    value: float | int | str | None
    shown: str


class Said(str):
    """A text that knows the figures in it, by the names its template calls them."""

    facts: tuple[tuple[str, Fact], ...]

    def __new__(cls, text: str, facts: Iterable[tuple[str, Fact]] = ()) -> Self:
        """The text with its figures."""
        said = super().__new__(cls, text)
        said.facts = tuple(facts)
        return said


class _Writer(Formatter):
    """Puts facts into a template; a name may have dots («oge_math_2.region»)."""

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, Any]) -> tuple[Any, str]:
        """The fact itself: no attributes or items are looked up."""
        return kwargs[field_name].shown, field_name


def say(template: str, /, **facts: Fact) -> Said:
    """Put figures into a template: `say("{low} из {all}", low=number(2), all=number(5))`.

    Figures of a `Said` template that were put in before stay with it.

    Raises:
        KeyError: the template names a figure that is not given.
    """
    named = [name for _, name, _, _ in Formatter().parse(template) if name]
    return Said(_Writer().vformat(template, (), facts), [(name, facts[name]) for name in named])


def join(parts: Iterable[str], by: str = " ") -> Said:
    """Texts one after another with the figures of all of them; empty ones are left out."""
    kept = [part for part in parts if part]
    return Said(by.join(kept), [fact for part in kept for fact in list_facts(part)])


def tabulate_said(told: Mapping[str, Iterable[object]]) -> pd.DataFrame:
    """A frame of texts that know their figures, by column; as pandas' own text they would be letters alone."""
    return pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in told.items()})


def list_facts(text: str) -> tuple[tuple[str, Fact], ...]:
    """Figures of a text by name; none of a plain one."""
    return text.facts if isinstance(text, Said) else ()


def number(value: float | None, digits: int = 0) -> Fact:
    """«1 234,5»."""
    return Fact(_plain(value), format_number(value, digits))


def percent(value: float | None, digits: int = 1) -> Fact:
    """«27,6 %»."""
    return Fact(_plain(value), format_percent(value, digits))


def count(value: int, one: str, few: str, many: str) -> Fact:
    """«3 школы»."""
    return Fact(int(value), count_words(int(value), one, few, many))


def words(text: object) -> Fact:
    """A name or a word that comes from the data; a year as it is written."""
    return Fact(str(text), str(text))


def _plain(value: float | None) -> float | int | None:
    """A bare number of Python; missing values of any kind are None."""
    if value is None or pd.isna(value):
        return None
    return value.item() if hasattr(value, "item") else value
