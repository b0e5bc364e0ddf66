"""Names of municipalities (муниципалитеты): two spellings of one are one, and what changed its name is asked about.

Spellings that differ by case, «ё», composed letters, Latin look-alikes, quotes, dashes and blanks are put in the form
that is commonest (the latest of equals); those that differ by an abbreviation likewise. Every variant is told. A name
that gives way to another one with the same schools is asked about: the table of successions says that they are one.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Self

import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules
from effschool.base.problems import Problem, Severity
from effschool.base.russian import count_words, fold_lookalikes, fold_name, join_words

RULES = Path(__file__).with_name("municipalities.yml")
PLACE = "municipality"
HEADING = "Муниципалитет"
KEPT_SHARE = 0.5
"""From this share of its schools on, a municipality is asked to be the one that had them before."""


class Abbreviation(Frozen):
    """A regular expression and what it stands for."""

    pattern: Words
    words: str = Field(min_length=1)


class AmbiguousAbbreviation(Frozen):
    """A regular expression and what it may stand for, the likeliest first."""

    pattern: Words
    words: tuple[Words, ...] = Field(min_length=2)


class PlaceRules(Frozen):
    """The file of rules (слова в названиях муниципалитетов)."""

    title: Words
    source: Words
    abbreviations: tuple[Abbreviation, ...]
    ambiguous: tuple[AmbiguousAbbreviation, ...]
    idle: tuple[str, ...]
    status: tuple[str, ...]

    @model_validator(mode="after")
    def _check_patterns(self) -> Self:
        for key in ("abbreviations", "ambiguous", "idle", "status"):
            for place, rule in enumerate(getattr(self, key)):
                try:
                    re.compile(getattr(rule, "pattern", rule))
                except re.error:
                    raise RuleError("ожидалось регулярное выражение", key, place) from None
        return self


@cache
def load_place_rules(path: Path = RULES) -> PlaceRules:
    """Read the rules.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(PlaceRules, path, "названий муниципалитетов")


def spell_out(name: str, rules: PlaceRules) -> tuple[str, ...]:
    """The words of a name that count, abbreviations in full; more than one where an abbreviation may mean several."""
    text = fold_name(name)
    for rule in rules.abbreviations:
        text = re.sub(rule.pattern, rule.words, text)
    texts = [text]
    for several in rules.ambiguous:
        texts = [re.sub(several.pattern, words, each) for each in texts for words in several.words]
    return tuple(dict.fromkeys(" ".join(sorted(_drop(each, rules.idle).split())) for each in texts))


def _drop(text: str, patterns: Iterable[str]) -> str:
    for pattern in patterns:
        text = re.sub(pattern, " ", text)
    return text


def find_spellings(places: pd.DataFrame, rules: PlaceRules | None = None) -> dict[str, str]:
    """Spelling → the one that is kept, for those that differ.

    Args:
        places: municipality and year of every row of the register.
        rules: the project's own where None.
    """
    rules = rules or load_place_rules()
    known = places.dropna(subset=PLACE).groupby(PLACE)["year"].agg(["size", "max"]).reset_index()
    known = known.sort_values(["size", "max", PLACE], ascending=[False, False, True])
    written = {name: spell_out(name, rules) for name in known[PLACE]}
    plain = {words[0] for words in written.values() if len(words) == 1}
    kept: dict[str, str] = {}
    result: dict[str, str] = {}
    for name, words in written.items():
        key = next((each for each in words if each in plain), words[0])
        best = kept.setdefault(key, _write_neatly(name))
        result |= {name: best} if name != best else {}
    return result


def _write_neatly(name: str) -> str:
    return " ".join(fold_lookalikes(name).split())


def unify_places(
    tables: Mapping[str, pd.DataFrame], rules: PlaceRules | None = None
) -> tuple[dict[str, pd.DataFrame], list[Problem]]:
    """Tables with one spelling for one municipality, that of the register; a warning for every variant of a file."""
    rules = rules or load_place_rules()
    spellings = find_spellings(tables["schools"][[PLACE, "year"]], rules)
    registered = set(tables["schools"][PLACE].replace(spellings))
    by_words = {words: name for name in sorted(registered) for words in spell_out(name, rules)}
    result, problems = (
        dict(tables),
        _ask_alike(tables["schools"].assign(municipality=lambda t: t[PLACE].replace(spellings)), rules),
    )
    for table, rows in tables.items():
        if PLACE not in rows.columns or rows.empty:
            continue
        own = {name: _find_registered(name, by_words, rules) for name in set(rows[PLACE].dropna()) - registered}
        found = {name: best for name, best in (own | spellings).items() if best}
        changed = rows[rows[PLACE].isin(list(found))]
        problems += [_say_variant(same, found) for _, same in changed.groupby(["source_file", PLACE], sort=False)]
        result[table] = rows.assign(**{PLACE: rows[PLACE].replace(found).astype("str")}) if len(changed) else rows
    return result, problems


def _find_registered(name: str, by_words: Mapping[str, str], rules: PlaceRules) -> str | None:
    return next((by_words[words] for words in spell_out(name, rules) if words in by_words), None)


def _say_variant(same: pd.DataFrame, spellings: Mapping[str, str]) -> Problem:
    name = str(same[PLACE].iloc[0])
    best = spellings[name]
    number = count_words(len(same), "строка", "строки", "строк")
    expected = f"прочитано как «{best}» ({number}): названия отличаются {tell_difference(name, best)}"
    action = "Пишите название одинаково во всех файлах; если это разные муниципалитеты, напишите их названия полностью."
    return _warn(same.iloc[0], name, expected, action)


def tell_difference(name: str, best: str) -> str:
    """By what two spellings differ, in the instrumental: «латинскими буквами: c»."""
    composed = unicodedata.normalize("NFC", name)
    if composed == best:
        return "буквами, составленными из двух знаков"
    if fold_lookalikes(composed) == best:
        letters = dict.fromkeys(re.findall("[A-Za-z]", composed))
        return f"латинскими буквами среди русских: {', '.join(letters)}"
    if composed.casefold() == best.casefold():
        return "прописными и строчными буквами"
    if fold_name(name) == fold_name(best):
        return "буквой «ё», прописными буквами, кавычками, дефисами или пробелами"
    return "словами"


def _warn(cells: pd.Series, value: str, expected: str, action: str) -> Problem:
    sheet, row = str(cells["source_sheet"]), int(cells["source_row"])
    return Problem(Severity.WARNING, str(cells["source_file"]), expected, action, sheet, row, HEADING, value)


def _ask_alike(schools: pd.DataFrame, rules: PlaceRules) -> list[Problem]:
    """Names of one year that differ by words of status alone: nobody but a person knows whether they are one."""
    rows = schools.drop_duplicates(["year", PLACE]).sort_values(["year", PLACE])
    areas = {name: _drop(spell_out(name, rules)[0] + " ", rules.status).split() for name in rows[PLACE].unique()}
    rows = rows.assign(area=[" ".join(areas[name]) for name in rows[PLACE]])
    problems: dict[tuple[str, ...], Problem] = {}
    for _, same in rows[rows["area"].ne("")].groupby(["year", "area"]):
        names = tuple(same[PLACE])
        if len(names) > 1 and names not in problems:
            others = join_words(f"«{name}»" for name in names[:-1])
            expected = f"в этом же году есть {others}: похоже на один муниципалитет под двумя названиями"
            action = "Если он один, пишите название одинаково; если их два, делать ничего не надо."
            problems[names] = _warn(same.iloc[-1], names[-1], expected, action)
    return list(problems.values())


def find_place_changes(schools: pd.DataFrame) -> list[Problem]:
    """Municipalities that end where another one begins with their schools: told with the row of successions to add.

    Args:
        schools: rows of the register, spellings unified and known successions followed.
    """
    years = schools.groupby(PLACE)["year"].agg(["min", "max"])
    problems = []
    for old, last in years["max"].items():
        later = schools[schools[PLACE].isin(list(years.index[years["min"].gt(last)]))]
        before = schools.loc[schools[PLACE].eq(old) & schools["year"].eq(last), "school_id"]
        heirs = later[later["school_id"].isin(list(before))].sort_values("year").drop_duplicates("school_id")
        going_on = schools.loc[
            schools["year"].gt(last) & schools["school_id"].isin(list(before)), "school_id"
        ].nunique()
        for new, same in heirs.groupby(PLACE, sort=False):
            if len(same) >= KEPT_SHARE * going_on:
                problems.append(_ask_heir(str(old), int(str(last)), str(new), same, len(before)))
    return problems


def _ask_heir(old: str, last: int, new: str, same: pd.DataFrame, number: int) -> Problem:
    first = int(same["year"].min())
    schools = count_words(number, "школы", "школ", "школ")
    expected = (
        f"до {last} года включительно {len(same)} из {schools} этого муниципалитета стояли в муниципалитете «{old}», "
        f"которого с {first} года нет: похоже, он сменил название, и его история прервётся"
    )
    line = f"{old};{new};01.01.{first};преобразование муниципалитета;да;№ и дата закона"
    action = f"Если это один муниципалитет, добавьте в successions.csv строку «{line}»."
    return _warn(same.iloc[0], new, expected, action)
