"""Words of a register (реестр): a school of which type stands in a row, or something else, or a school left out.

A college or a kindergarten is set aside by name, never counted as a school; «нет» in «Исключить» excludes nobody, «да»
without a reason is asked about. The words are data (`school_kinds.yml`), whatever layout the register came by.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules
from effschool.base.problems import Problem, Severity
from effschool.base.russian import fold_lookalikes
from effschool.intake.checks import Place
from effschool.intake.conversion import CellFault
from effschool.intake.layouts import ColumnLayout, Layout, simplify_text

RULES = Path(__file__).with_name("school_kinds.yml")


class KindRule(Frozen):
    """What a text says of an organisation: the type of a school, or why it is none (`aside`)."""

    pattern: Words
    type: Words | None = None
    aside: Words | None = None

    @model_validator(mode="after")
    def _check_one(self) -> Self:
        if (self.type is None) == (self.aside is None):
            raise RuleError("ожидался один из ключей: type или aside", "pattern")
        _compile(self.pattern, "pattern")
        return self


class ExclusionRules(Frozen):
    """Words that stand in place of a reason: nobody is left out, or somebody without a reason."""

    nobody: Words
    unexplained: Words

    @model_validator(mode="after")
    def _check_patterns(self) -> Self:
        for name in ("nobody", "unexplained"):
            _compile(getattr(self, name), name)
        return self


class KindRules(Frozen):
    """The file of rules (виды организаций)."""

    title: Words
    source: Words
    kinds: tuple[KindRule, ...] = Field(min_length=1)
    exclusion: ExclusionRules


def _compile(pattern: str, key: str) -> None:
    try:
        re.compile(pattern)
    except re.error:
        raise RuleError("ожидалось регулярное выражение", key) from None


@cache
def load_kind_rules(path: Path = RULES) -> KindRules:
    """Read the rules.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(KindRules, path, "видов организаций")


def find_kind_rule(text: str, rules: KindRules) -> KindRule | None:
    """The first rule that fits a text; None where none does."""
    simple = simplify_text(fold_lookalikes(text))
    return next((rule for rule in rules.kinds if re.search(rule.pattern, simple)), None)


@dataclass(frozen=True)
class Understood:
    """Rows of a register with words that its layout knows.

    Args:
        body: text of the rows that are schools.
        aside: text of the others, likewise.
        kinds: what each of the others is, on the index of `aside`.
        problems: what is to be told.
    """

    body: pd.DataFrame
    aside: pd.DataFrame
    kinds: pd.Series
    problems: tuple[Problem, ...] = ()


def understand_schools(
    body: pd.DataFrame, columns: Mapping[str, str], layout: Layout, place: Place, rules: KindRules | None = None
) -> Understood:
    """Rows of a register as text: types in the words of the contract, without what is no school.

    Args:
        body: text by column of the layout on the row numbers of Excel; not changed.
        columns: column of the table → column of the layout.
        layout: a value that its column lists is left to it.
        place: where the rows stand, for messages.
        rules: the project's own where None.
    """
    rules = rules or load_kind_rules()
    kinds = pd.Series(index=body.index, dtype="str")
    source, problems = columns.get("type", ""), []
    if source in body and source in layout.columns:
        body, kinds = _read_types(body, source, layout.columns[source], rules)
        problems = [_say_aside(place, row, _name(body, columns, row), kind) for row, kind in kinds.dropna().items()]
    schools = body[kinds.isna()]
    if columns.get("exclusion", "") in body:
        schools, found = _read_exclusions(schools, columns["exclusion"], place, rules.exclusion)
        problems += found
    return Understood(schools, body[kinds.notna()], kinds.dropna(), tuple(problems))


def _read_types(
    body: pd.DataFrame, source: str, column: ColumnLayout, rules: KindRules
) -> tuple[pd.DataFrame, pd.Series]:
    texts = [text for text in body[source].unique() if text and simplify_text(text) not in column.meanings]
    known = {text: rule for text in texts if (rule := find_kind_rule(text, rules))}
    types = {text: rule.type for text, rule in known.items() if rule.type and column.translate(text) is None}
    aside = {text: rule.aside for text, rule in known.items() if rule.aside}
    return body.assign(**{source: body[source].replace(types)}), body[source].map(aside).astype("str")


def _name(body: pd.DataFrame, columns: Mapping[str, str], row: object) -> str:
    texts = [str(body.loc[[row], columns[name]].iloc[0]) for name in ("name", "type") if columns.get(name, "") in body]
    return ", ".join(texts)


def _say_aside(place: Place, row: object, value: str, kind: str) -> Problem:
    expected = f"это не школа ({kind}): строка отложена, в расчёт не входит"
    action = "Если это школа, исправьте её тип; если нет, делать ничего не надо."
    return place.say(CellFault(int(str(row)), value, expected, action, Severity.WARNING), "type")


def _read_exclusions(
    body: pd.DataFrame, source: str, place: Place, rules: ExclusionRules
) -> tuple[pd.DataFrame, list[Problem]]:
    simple = {text: simplify_text(text) for text in body[source].unique() if text}
    nobody = {text for text, plain in simple.items() if re.search(rules.nobody, plain)}
    bare = {text for text, plain in simple.items() if re.search(rules.unexplained, plain)}
    rows = body[source][body[source].isin(list(bare))]
    expected = "ожидалась причина, по которой школа не участвует, или пустая ячейка"
    action = "Впишите причину («адаптированные программы») или сотрите отметку, если школа участвует."
    problems = [place.say(CellFault(int(row), text, expected, action), "exclusion") for row, text in rows.items()]
    return body.assign(**{source: body[source].mask(body[source].isin(list(nobody | bare)), "")}), problems
