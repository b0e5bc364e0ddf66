"""Comments for readers (методические комментарии): rules in a file, chosen by a school's figures.

A pattern (сочетание) is a condition on figures and what it means for each reader. Of one topic a school gets the first
that holds, and none whose claim contradicts an earlier one, so that no two comments disagree.
"""

import operator
import re
import string
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self

import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules
from effschool.base.disclosure import are_few, may_tell
from effschool.base.russian import NBSP
from effschool.report.facts import Fact, Said, count, join, number, percent, words

Title = tuple[str, str]
Reader = Literal["учитель", "директор", "методист", "ОМСУ"]
SCHOOL_READERS: tuple[Reader, ...] = ("учитель", "директор", "методист")
"""Whom a school's page speaks to; the ОМСУ reads the first screen."""
MEASURES = ("", "region", "group", "before", "change", "above", "participants", "pupils", "beside", "worse_by", "moved")
"""What is known of an indicator, after a dot: its value if empty; see `school_features`."""
SIGNS = {
    "results_status": "words",
    "social_status": "words",
    "joint": "words",
    "fioko": "flag",
    "results_listed": "flag",
    "social_listed": "flag",
    "in_project": "flag",
    "has_project": "flag",
    "has_curator": "flag",
    "has_partner": "flag",
    "has_agreement": "flag",
    "results_verdict": "words",
    "results_stays": "number",
    "social_verdict": "words",
    "social_stays": "number",
    "fioko_verdict": "words",
    "fioko_stays": "number",
    "results_years": "number",
    "results_low": "flag",
    "results_trend": "number",
    "results_missing": "flag",
    "social_missing": "flag",
    "fewest": "number",
    "enrolment": "number",
    "rus_task": "words",
    "math_task": "words",
    "vacancies": "number",
    "load": "number",
    "no_category": "number",
    "bussed": "number",
    "vacancies_harder": "flag",
    "load_harder": "flag",
    "no_category_harder": "flag",
    "bussed_harder": "flag",
    "internet": "words",
}
"""What else is known of a school, and of what kind it is."""
TESTS = {"over": operator.gt, "at_least": operator.ge, "under": operator.lt, "at_most": operator.le}
COMMENT_COLUMNS = [
    "school_id",
    "reader",
    "pattern",
    "topic",
    "urgency",
    "attention",
    "text",
    "because",
    "zone",
    "source",
]


class SignCondition(Frozen):
    """One comparison of one figure; a missing figure never fulfils it.

    Args:
        sign: a name of `SIGNS`, or an indicator with a measure: «oge_math_2.above».
        among: the words it has to be one of.
        flag: whether a yes-or-no figure has to be so.
        known: whether there has to be such a figure at all.
    """

    sign: Words
    over: float | None = None
    at_least: float | None = None
    under: float | None = None
    at_most: float | None = None
    among: tuple[Words, ...] = ()
    flag: bool | None = None
    known: Literal[True] | None = None

    @model_validator(mode="after")
    def _check_test(self) -> Self:
        named = [name for name in (*TESTS, "flag", "known") if getattr(self, name) is not None]
        given = named + ["among"] * bool(self.among)
        if len(given) != 1:
            known = ", ".join([*TESTS, "among", "flag", "known"])
            found = ", ".join(given) or "ни одного"
            raise RuleError(f"для «{self.sign}» ожидалось одно сравнение из: {known}; стоит: {found}")
        return self

    @property
    def base(self) -> str:
        """The indicator or sign without the measure."""
        return self.sign.partition(".")[0]

    def holds(self, signs: pd.DataFrame, fewest: int) -> pd.Series:
        """For which schools it holds; a share of fewer than `fewest` participants is no ground for anything."""
        if self.sign not in signs:
            return pd.Series(False, index=signs.index)
        values = signs[self.sign]
        if self.among or self.known:
            return values.isin(self.among) if self.among else values.notna()
        if self.flag is not None:
            return values.eq(self.flag).fillna(False).astype(bool)
        test = next(name for name in TESTS if getattr(self, name) is not None)
        found = TESTS[test](values.astype("float64"), getattr(self, test))
        people = f"{self.base}.participants"
        return found & (signs[people] >= fewest) if people in signs and self.sign != people else found


class KnownText(Frozen):
    """What is said instead of the general text where a sign is known: a task and its topic."""

    sign: Words
    text: Words


class Presumption(Frozen):
    """What a text takes for granted of a school's part in projects: no use for whom it is not so.

    Args:
        sign: a flag of `SIGNS`.
        unless: the value of the flag with which the text must not be said.
        words: regular expression for what such texts say.
    """

    sign: Literal["has_project", "has_curator", "has_partner", "has_agreement"]
    unless: bool
    words: re.Pattern[str]

    def speaks(self, text: str) -> bool:
        """Whether a text is such a one."""
        return self.words.search(text) is not None


class Comment(Frozen):
    """What a pattern means for one reader: text with figures in braces, and the document that the measure is from.

    Args:
        where_known: the text for schools of which a further sign is known.
        instead: the text for schools that have already what it asks for, or lack whom it names (`Presumption`).
        zone: the zone of change (зона изменений) that the measure works on, of those the file names.
    """

    text: Words
    where_known: KnownText | None = None
    instead: Words | None = None
    zone: Words | None = None
    source: Words

    @property
    def texts(self) -> tuple[str, ...]:
        """All that it may say."""
        known = self.where_known.text if self.where_known else None
        return tuple(text for text in (self.text, known, self.instead) if text)

    def choose(self, row: pd.Series, presumed: Iterable[Presumption] = ()) -> str:
        """The text for a school with such figures, which takes part in projects as it does."""
        named = self.where_known
        text = named.text if named and pd.notna(row.get(named.sign)) else self.text
        idle = any(each.speaks(text) and bool(row.get(each.sign)) == each.unless for each in presumed)
        return self.instead if idle and self.instead else text


class Pattern(Frozen):
    """A pattern of figures.

    Args:
        topic: what it is about; a school gets one pattern of a topic.
        attention: whether the ОМСУ has to attend to it; not where a school does well.
        claims: what it asserts, question → answer; patterns that answer a question differently exclude each other.
        when: conditions that all have to hold.
        comments: text by reader.
    """

    id: Words
    topic: Words
    attention: bool = True
    claims: dict[Words, Words] = Field(default={})
    when: tuple[SignCondition, ...] = Field(min_length=1)
    comments: dict[Reader, Comment] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_places(self) -> Self:
        bases = {condition.base for condition in self.when}
        for reader, comment in self.comments.items():
            own = bases | ({comment.where_known.sign} if comment.where_known else set())
            for name, spec in [place for text in comment.texts for place in _list_places(text)]:
                at = ("comments", reader, "text")
                if name.partition(".")[0] not in own:
                    raise RuleError(f"в тексте стоит «{{{name}}}», а условия о «{name.partition('.')[0]}» нет", *at)
                if spec not in ("", "abs") and spec.count(",") != 2:
                    raise RuleError(f"в «{{{name}:{spec}}}» ожидались три формы слова через запятую или «abs»", *at)
        return self


class CommentRules(Frozen):
    """All patterns, the most urgent first.

    Args:
        most: comments a reader gets at most.
        fewest: participants below whom a share is no ground for a comment.
        indicators: indicators of results that conditions may name.
        conditions: the same of conditions of work; comments on them come after those on results.
        first: topic whose comment comes before all others.
        participation: what texts take for granted of a school's part in projects; a text that does has an `instead`.
        zones: zones of change, short word → name; where they are named, every comment belongs to one.
        signs: how the other figures are said as a ground, by name; empty where another one says it.
    """

    title: Words
    source: Words
    most: int = Field(ge=1, le=5)
    fewest: int = Field(ge=1)
    indicators: tuple[Words, ...]
    conditions: tuple[Words, ...]
    first: Words
    participation: tuple[Presumption, ...] = ()
    zones: dict[Words, Words] = Field(default={})
    signs: dict[Words, str]
    patterns: tuple[Pattern, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        ids = [pattern.id for pattern in self.patterns]
        for place, pattern in enumerate(self.patterns):
            if pattern.id in ids[:place]:
                raise RuleError(f"имя «{pattern.id}» повторяется", "patterns", place, "id")
            named = [condition.sign for condition in pattern.when]
            texts = [text for comment in pattern.comments.values() for text in comment.texts]
            for name in [*named, *(name for text in texts for name, _ in _list_places(text))]:
                if not self._knows(name):
                    raise RuleError(f"показатель «{name}» не объявлен в indicators или signs", "patterns", place)
        for name in self.signs:
            if name not in SIGNS:
                raise RuleError(f"неизвестный признак; известны: {', '.join(SIGNS)}", "signs", name)
        return self

    @model_validator(mode="after")
    def _check_participation(self) -> Self:
        for place, pattern in enumerate(self.patterns):
            for reader, comment in pattern.comments.items():
                at = ("patterns", place, "comments", reader)
                if self._presumes(comment.text) and not comment.instead:
                    raise RuleError("совет предполагает участие в проекте (participation): допишите instead", *at)
                if comment.instead and self._presumes(comment.instead):
                    raise RuleError("instead сам предполагает участие в проекте (participation)", *at, "instead")
        return self

    def _presumes(self, text: str) -> bool:
        return any(each.speaks(text) for each in self.participation)

    @model_validator(mode="after")
    def _check_zones(self) -> Self:
        for place, pattern in enumerate(self.patterns):
            for reader, comment in pattern.comments.items():
                if comment.zone not in (self.zones or (None,)):
                    at = ("patterns", place, "comments", reader)
                    raise RuleError(f"зона изменений «{comment.zone or ''}» не объявлена в zones", *at)
        return self

    def _knows(self, name: str) -> bool:
        base, _, measure = name.partition(".")
        return name in self.signs or (base in (*self.indicators, *self.conditions) and measure in MEASURES)


def load_comments(path: Path) -> CommentRules:
    """Read the rules.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule is wrong; every fault is named with its line.
    """
    return read_rules(CommentRules, path, "комментариев")


def _list_places(text: str) -> list[tuple[str, str]]:
    """Names in braces with what stands after the colon."""
    return [(name, spec or "") for _, name, spec, _ in string.Formatter().parse(text) if name is not None]


def choose_patterns(signs: pd.DataFrame, rules: CommentRules) -> dict[str, list[Pattern]]:
    """Patterns of every school, the greatest gap first: one of a topic, none against the claims of an earlier one.

    Args:
        signs: a row per school, indexed by `school_id`, a column per figure.
    """
    holds = pd.DataFrame({pattern.id: _hold(pattern, signs, rules) for pattern in rules.patterns})
    return {
        str(school): _choose(_rank([item for item in rules.patterns if row[item.id]], signs.loc[school], rules))
        for school, row in holds.iterrows()
    }


def _hold(pattern: Pattern, signs: pd.DataFrame, rules: CommentRules) -> pd.Series:
    held = [condition.holds(signs, rules.fewest) for condition in pattern.when]
    places = [place for comment in pattern.comments.values() for text in comment.texts for place in _list_places(text)]
    counted = {name.partition(".")[0] for name, _ in places if name.endswith(".pupils")}
    counted |= {condition.base for condition in pattern.when if condition.base in rules.conditions}
    held += [_may_count(signs, base, base in rules.conditions) for base in sorted(counted)]
    return pd.concat(held, axis=1).all(axis=1)


def _may_count(signs: pd.DataFrame, base: str, of_conditions: bool) -> pd.Series:
    """Of which schools a sentence may say how many pupils stand behind a share; never of a few families."""
    counts = signs.reindex(columns=[f"{base}.participants", f"{base}.pupils"]).astype("float64")
    told = pd.Series([may_tell(*row) for row in counts.itertuples(index=False)], index=signs.index)
    return told & ~are_few(counts[f"{base}.pupils"]) if of_conditions else told


def _rank(patterns: list[Pattern], row: pd.Series, rules: CommentRules) -> list[Pattern]:
    """Patterns in the order in which they are told: `first`, gaps of results, gaps of conditions, what is no gap.

    The greater gap comes first (its score beyond chance); what is equal stays in the order of the file.
    """

    def _order(pattern: Pattern) -> tuple[bool, bool, bool, float]:
        scores = {item.base: row[f"{item.base}.worse_by"] for item in pattern.when if item.sign.endswith(".beside")}
        gaps = {base: score for base, score in scores.items() if score > 0}
        of_results = [score for base, score in gaps.items() if base in rules.indicators]
        size = max(of_results or gaps.values(), default=0.0)
        return pattern.topic != rules.first, not gaps, not of_results, -size

    return sorted(patterns, key=_order)


def _choose(held: Iterable[Pattern]) -> list[Pattern]:
    chosen: dict[str, Pattern] = {}
    claims: dict[str, str] = {}
    for pattern in held:
        agrees = all(claims.get(question, answer) == answer for question, answer in pattern.claims.items())
        if pattern.topic not in chosen and agrees:
            chosen[pattern.topic] = pattern
            claims |= pattern.claims
    return list(chosen.values())


def write_comments(
    signs: pd.DataFrame,
    rules: CommentRules,
    titles: Mapping[str, Title],
    chosen: Mapping[str, list[Pattern]] | None = None,
) -> pd.DataFrame:
    """Comments of every school: a row per school, reader and comment, the most urgent first, a few of each reader.

    Args:
        signs: as for `choose_patterns`.
        titles: of every indicator its short title and the forms of the word for those it is counted of.
        chosen: what `choose_patterns` gives for these, where that is known already.

    Returns:
        Columns `COMMENT_COLUMNS`; `urgency` is the place of the pattern in the file, `text` and `because` know their
        figures.
    """
    places = {pattern.id: place for place, pattern in enumerate(rules.patterns)}
    rows: list[tuple[object, ...]] = []
    for school, patterns in (chosen or choose_patterns(signs, rules)).items():
        row = signs.loc[school]
        for pattern in patterns:
            about = (pattern.id, pattern.topic, places[pattern.id], pattern.attention)
            because = say_because(pattern, row, rules, titles)
            rows += [
                (
                    school,
                    reader,
                    *about,
                    fill_template(comment.choose(row, rules.participation), row),
                    because,
                    rules.zones.get(comment.zone or "", ""),
                    comment.source,
                )
                for reader, comment in pattern.comments.items()
            ]
    frame = pd.DataFrame(rows, columns=COMMENT_COLUMNS, dtype=object)  # text that knows its figures stays so
    return frame.groupby(["school_id", "reader"], sort=False).head(rules.most).reset_index(drop=True)


def fill_template(template: str, row: pd.Series) -> Said:
    """The text with a school's figures put in."""
    pieces, facts = [], []
    for literal, name, spec, _ in string.Formatter().parse(template):
        pieces.append(literal)
        if name is not None:
            facts.append((name, _show(name, spec or "", row)))
            pieces.append(facts[-1][1].shown)
    return Said("".join(pieces), facts)


def _show(name: str, spec: str, row: pd.Series) -> Fact:
    """A figure as its kind is written: shares with a sign of per cent, differences in points, people with the word."""
    value = row[name]
    base, _, measure = name.partition(".")
    if isinstance(value, str) or SIGNS.get(base) == "words":
        return words(value)
    if spec.count(",") == 2:
        one, few, many = spec.split(",")
        return count(round(value), one, few, many)
    if spec == "abs":
        return number(abs(value), 1)
    shares = measure in ("", "region", "group", "before") and base not in SIGNS
    return percent(value) if shares else number(value, 1 if measure in ("change", "above") else 0)


def say_because(pattern: Pattern, row: pd.Series, rules: CommentRules, titles: Mapping[str, Title]) -> Said:
    """The figures that triggered a pattern, a phrase each, in the order of its conditions."""
    named = list(dict.fromkeys(item.sign for item in pattern.when if item.sign in rules.signs))
    said = [_say_sign(rules.signs[name], name, row) for name in named]
    of_indicators = [item for item in pattern.when if item.sign not in rules.signs]
    for base in dict.fromkeys(item.base for item in of_indicators):
        measures = {item.sign.partition(".")[2] for item in of_indicators if item.base == base}
        said.append(_say_indicator(base, row, titles, with_past=bool(measures & PAST)))
    return join(said, "; ")


PAST = {"before", "change", "moved"}


def _say_sign(template: str, name: str, row: pd.Series) -> Said:
    """A sign in words; of «да|нет» the half that is true."""
    yes, _, no = template.partition("|")
    return fill_template(no if no and not row[name] else yes, row)


def _say_indicator(base: str, row: pd.Series, titles: Mapping[str, Title], with_past: bool) -> Said:
    """«ОГЭ, математика: «2» — 31,4 % (по региону 12,6 %, 17 участников)»."""
    title, people = titles[base]
    past = f", год назад {{{base}.before}}" if with_past else ""
    figures = f"{{{base}}} (по группе {{{base}.group}}{past}, {{{base}.participants:{people}}})"
    return join([f"{title}{NBSP}—", fill_template(figures, row)])
