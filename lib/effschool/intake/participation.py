"""Columns that say who took part and how (форма, категория, явка), where a layout does not know them.

In a table with a row per pupil such a column may never be passed over: ГВЭ would be counted as ЕГЭ, graduates of former
years as pupils of the school. The words are data: participation.yml.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from effschool.base.configuration import Frozen, read_rules
from effschool.base.problems import Problem, Severity
from effschool.base.russian import fold_lookalikes
from effschool.intake.headings import Header
from effschool.intake.layouts import simplify_text
from effschool.intake.reading import Block, Coded, Grid
from effschool.intake.rows import Source

RULES = Path(__file__).with_name("participation.yml")


class Vocabulary(Frozen):
    """Regular expressions: words of headings and of cells that speak of taking part, and headings that cannot.

    Args:
        headings, values: found anywhere in a heading or cell.
        harmless, ordinal: the whole heading; `ordinal` is that of the number of a row.
        titles: words of titles by the column of the layout that has to be there when they are met.
        gve_subjects: codes of subjects of ГВЭ, which need a column on the form.
        whole: columns of the layout that are filled in for all pupils or for none.
    """

    headings: str
    values: str
    harmless: str
    ordinal: str
    titles: dict[str, str]
    gve_subjects: str
    whole: tuple[str, ...]


@cache
def load_vocabulary() -> Vocabulary:
    """The words of participation.yml."""
    return read_rules(Vocabulary, RULES, "слов об участии")


def is_ordinal(heading: str) -> bool:
    """Whether a heading is that of the number of a row."""
    return re.fullmatch(load_vocabulary().ordinal, simplify_text(heading)) is not None


def speaks_of_participation(heading: str) -> bool:
    """Whether a heading says that its column is about who took part and how."""
    return re.search(load_vocabulary().headings, simplify_text(heading), re.IGNORECASE) is not None


def find_silent_columns(header: Header) -> dict[int, str]:
    """Columns that no rule of the layout names and that may still speak of taking part: heading by position."""
    used = {place for places in header.positions.values() for place in places}
    return {
        place: heading
        for place, heading in enumerate(header.headings[: header.width])
        if place not in used and not re.fullmatch(load_vocabulary().harmless, simplify_text(heading))
    }


def check_headings(source: Source) -> list[Problem]:
    """An error for every heading that speaks of taking part and that the layout does not know."""
    silent = find_silent_columns(source.header)
    return [_complain(source, source.header.row, h, "") for h in silent.values() if speaks_of_participation(h)]


def check_titles(source: Source, head: Grid) -> list[Problem]:
    """An error where titles, sheet or file speak of taking part («дополнительный период») and no column does."""
    above = head.rows[: max(source.header.row - head.first_row, 0)]
    told = [source.file, source.sheet, *(cell for row in above for cell in row if cell)]
    problems = []
    for name, pattern in load_vocabulary().titles.items():
        if name not in source.layout.columns or name in source.header.positions:
            continue
        found = [match for text in told if (match := re.search(pattern, fold_lookalikes(text), re.IGNORECASE))]
        problems += [_complain_title(source, name, match[0]) for match in found[:1]]
    return problems


def check_columns(
    source: Source, block: Block, columns: Mapping[str, Coded], taken: NDArray[np.bool_]
) -> list[Problem]:
    """Errors of columns that only together tell who took part: subjects of ГВЭ without a form, a class not of all."""
    problems = []
    if "form" in source.layout.columns and "form" not in source.header.positions and "subject" in columns:
        subjects = columns["subject"]
        of_gve = subjects.match(lambda text: re.match(load_vocabulary().gve_subjects, text.strip()) is not None)
        rows = np.flatnonzero(of_gve & taken)
        problems += [_complain_rows(source, block, int(row), "subject", GVE_SUBJECT) for row in rows[:1]]
    for name in load_vocabulary().whole:
        if name in columns:
            is_blank = columns[name].match(lambda text: not text.strip())
            rows = np.flatnonzero(is_blank & taken)
            mixed = len(rows) and (~is_blank & taken).any()
            problems += [_complain_rows(source, block, int(row), name, NOT_OF_ALL) for row in rows[:1] if mixed]
    return problems


GVE_SUBJECT = "это предмет ГВЭ, а столбца о форме экзамена нет", "Добавьте столбец «Форма» или уберите строки ГВЭ."
NOT_OF_ALL = (
    "у одних участников значение есть, а у других ячейка пуста",
    "Заполните столбец у всех: у выпускников прошлых лет и обучающихся СПО его не бывает, а в счёт они не идут.",
)


def _complain_rows(source: Source, block: Block, row: int, name: str, told: tuple[str, str]) -> Problem:
    heading = source.header.name(name)
    return Problem(Severity.ERROR, source.file, told[0], told[1], source.sheet, row + block.first_row, heading)


def _complain_title(source: Source, name: str, word: str) -> Problem:
    titles = source.layout.columns[name].headings or (name,)
    expected = f"в названии сказано «{word}», а столбца «{titles[0]}» нет: неизвестно, кого из участников считать"
    return Problem(Severity.ERROR, source.file, expected, "Добавьте этот столбец или уберите файл.", source.sheet)


def find_spoken(source: Source, block: Block, silent: Mapping[int, str], taken: NDArray[np.bool_]) -> list[Problem]:
    """An error for every column of a block that no rule names and whose cells speak of taking part.

    Only the word met is shown, never the cell: it may hold the name of a pupil.
    """
    problems = []
    for place, heading in silent.items():
        column = block.columns[place]
        plain = [" ".join(fold_lookalikes(text).split()) for text in column.texts]
        matches = [re.search(load_vocabulary().values, text, re.IGNORECASE) for text in plain]
        if not any(matches):
            continue
        found = np.array([match is not None for match in matches])[column.codes] & taken
        if found.any():
            row = int(np.flatnonzero(found)[0])
            match = matches[column.codes[row]]
            problems.append(_complain(source, row + block.first_row, heading, match[0] if match else ""))
    return problems


def _complain(source: Source, row: int, heading: str, word: str) -> Problem:
    expected = "столбец говорит о том, кто и как сдавал экзамен, а макет его не знает"
    action = (
        "Оставьте в файле только выпускников этого года, сдававших этот экзамен, и уберите столбец, "
        "или опишите его в макете (pupils: counted)."
    )
    return Problem(Severity.ERROR, source.file, expected, action, source.sheet, row, heading, word)
