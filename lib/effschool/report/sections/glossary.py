"""The glossary (словарь): what the words of a report mean, only those that stand in it, and its abbreviations."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import pandas as pd

from effschool.base.configuration import Frozen, Words, read_rules
from effschool.base.russian import format_percent
from effschool.method.methodology import GroupsByExams, Methodology
from effschool.report.display import Table
from effschool.report.fact_book import describe_parts
from effschool.report.queries import find_level
from effschool.report.sections.municipality import name_in_full

TERMS = Path(__file__).parents[1] / "glossary.yml"


class GlossaryTerm(Frozen):
    """A word to be explained.

    Args:
        word: as the reader looks for it.
        stems: beginnings or parts, in small letters, by which its forms are found in a text.
        meaning: in plain words; numbers of the methodology in braces (`list_numbers`).
    """

    word: Words
    stems: tuple[Words, ...]
    meaning: Words


class Glossary(Frozen):
    """All the words, in the order in which they are shown, and what abbreviations stand for."""

    abbreviations: dict[Words, Words]
    terms: tuple[GlossaryTerm, ...]


@cache
def load_glossary() -> Glossary:
    """What `glossary.yml` holds."""
    return read_rules(Glossary, TERMS, "словаря")


def list_abbreviations(methodology: Methodology) -> tuple[tuple[str, str], ...]:
    """Abbreviations of a page and what they stand for: lists of the methodology, exams and offices."""
    lists = {name: title for name, title in name_in_full(methodology).items() if name.isupper()}
    return tuple({**lists, **load_glossary().abbreviations}.items())


def tabulate_terms(parts: Iterable[object], methodology: Methodology) -> Table:
    """A row per word of the glossary that stands in the parts of a report."""
    text = str(describe_parts(parts)).lower()
    numbers = list_numbers(methodology)
    rows = [
        (term.word, term.meaning.format_map(numbers))
        for term in load_glossary().terms
        if any(stem in text for stem in term.stems)
    ]
    return Table("Словарь", "Слова отчёта", pd.DataFrame(rows, columns=["Слово", "Что значит"]))


def list_numbers(methodology: Methodology) -> Mapping[str, str]:
    """Numbers of the methodology that meanings may name."""
    level = find_level(methodology)
    sure = methodology.effects.interval_pct if methodology.effects else 100 * (1 - level)
    shares = {format_percent(100 * rules.bands.share, 0) for _, rules in methodology.iterate_domains()}
    return {
        "share": " или ".join(sorted(shares)),
        "rare": format(100 * level, ".0f"),
        "sure": format(sure, ".0f"),
        "one": format(1 / level, ".0f"),
        "groups": name_first_groups(methodology),
    }


def name_first_groups(methodology: Methodology, most: int = 3) -> str:
    """The first groups of the methodology by name: «средние, основные, вечерние»."""
    rules = methodology.groups
    names = [group.name for group in rules.names] if isinstance(rules, GroupsByExams) else rules.chosen.values()
    known = list(dict.fromkeys(names))
    return ", ".join(known[:most]) + (" и другие" if len(known) > most else "")
