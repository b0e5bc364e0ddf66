"""What is missing, said first (чего не хватает): the same few sentences on the console and on every page.

Names of files may tell of other municipalities, so a municipality's report has their number only.
"""

from collections.abc import Iterable, Sequence

import pandas as pd

from effschool.base.russian import choose_word, count_words, join_words
from effschool.intake.ingest import ACCEPTED
from effschool.intake.missing import Gap
from effschool.report.display import Text
from effschool.report.portfolio import Portfolio, RegionYear, count_members

MOST_NAMED = 6
"""How many names a sentence has; the problems of the files have the others."""
NOTHING = "Того, что было в прошлом году или нужно методике, хватает за все годы."


def list_missing(region: RegionYear, *, names_files: bool = True) -> list[str]:
    """Sentences about what the report's year lacks, about the other years of its window, and about files not read."""
    workspace, year = region.workspace, region.year
    gaps = [gap for gap in workspace.missing if gap.year == year]
    window = set(workspace.methodology.lists.window.list_years(year)) - {year}
    earlier = [gap for gap in workspace.missing if gap.year in window and gap.is_needed]
    said = [*say_year(gaps, year)]
    if earlier:
        years = sorted({gap.year for gap in earlier})
        parts = [f"{_name([gap for gap in earlier if gap.year == each])} за {each} год" for each in years]
        said.append(f"В годах, по которым составлены списки, нет: {'; '.join(parts)}.")
    return said + _say_files(workspace.files, names_files=names_files)


def list_own_missing(portfolio: Portfolio) -> list[str]:
    """What others have for the report's year and no school of the municipality, and what its lists rest on instead."""
    method, said = portfolio.workspace.methodology, []
    earlier = [str(year) for year in method.lists.window.list_years(portfolio.year) if year != portfolio.year]
    for domain, rules in method.iterate_domains():
        own, everywhere = portfolio.schools, portfolio.region_schools[f"{domain}_band"]
        if own.empty or not portfolio.flag_lacking(own, domain, "band").all() or everywhere.isna().all():
            continue
        lacking = f"{rules.title}: за {portfolio.year} год нет данных ни по одной школе муниципалитета."
        members = [name for name in method.list_watched(domain) if count_members(portfolio.schools, name)]
        rest = f" {join_words(members)} здесь — по данным за {join_words(earlier)} годы." if members else ""
        said.append(lacking + rest)
    return said


def say_year(gaps: Sequence[Gap], year: int) -> list[str]:
    """What a year lacks: what lists depend on first."""
    needed = [gap for gap in gaps if gap.is_needed and gap.before is not None]
    absent = [gap for gap in gaps if gap.is_needed and gap.before is None]
    others = [gap for gap in gaps if not gap.is_needed]
    said = []
    if needed:
        said.append(f"За {year} год нет: {_name(needed)}; годом раньше эти данные были. Списки составлены без них.")
    if absent:
        lacking = f"За {year} год ни у одной школы нет того, что нужно методике: {_name(absent)}."
        said.append(f"{lacking} Списки составлены без этого.")
    if others:
        said.append(f"За {year} год нет также: {_name(others)}; годом раньше эти данные были. На списки это не влияет.")
    return said


def _name(gaps: Iterable[Gap]) -> str:
    names = [gap.name for gap in gaps]
    rest = len(names) - MOST_NAMED
    more = f" и ещё {count_words(rest, 'наименование', 'наименования', 'наименований')}" if rest > 0 else ""
    return "; ".join(names[:MOST_NAMED]) + more


def _say_files(files: pd.DataFrame, *, names_files: bool) -> list[str]:
    """Files that were not read, and archives that were not opened."""
    unread = list(dict.fromkeys(files.loc[files["status"] != ACCEPTED, "file"]))
    if not unread:
        return []
    counted = count_words(len(unread), "файл", "файла", "файлов")
    verb = choose_word(len(unread), "Не прочитан", "Не прочитаны", "Не прочитаны")
    rest = count_words(len(unread) - MOST_NAMED, "файл", "файла", "файлов")
    named = [f"«{name}»" for name in unread[:MOST_NAMED]] + ([f"ещё {rest}"] if len(unread) > MOST_NAMED else [])
    return [f"{verb} {counted} с данными региона{f': {join_words(named)}' if names_files else ''}."]


def describe_missing(gaps: Sequence[Gap]) -> Text:
    """What every year lacks, before there are reports."""
    said = [f"{gap.sentence[:1].upper()}{gap.sentence[1:]}." for gap in gaps]
    return Text(tuple(said) or (NOTHING,), kind="note" if said else "plain")
