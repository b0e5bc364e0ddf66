"""Plausible lies (правдоподобие): numbers that can be read and cannot be true, or hardly.

A contradiction inside the rows of a file is an error and keeps the file out (`find_contradictions`). What is only
unlikely against last year, the register or the rest is a question (`find_questions`), answered in `corrections.yml`.
Rules are data (`plausibility_rules`); a function below finds the rows of each kind. Missing values contradict nothing.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from effschool.base.problems import HOW_TO_ANSWER, Problem, Severity
from effschool.base.russian import choose_word, count_words, format_number, format_percent, join_words
from effschool.base.schemas import KEYS, MARKS, PROVENANCE
from effschool.intake.plausibility_rules import (
    ConstantRule,
    CutRule,
    EnrolmentRule,
    EqualRule,
    FlatRule,
    LevelRule,
    MarksRule,
    MixedRule,
    NobodyRule,
    PointsRule,
    RangeRule,
    RatioRule,
    RowRule,
    Rule,
    ShareRule,
    VanishRule,
)
from effschool.method.thresholds import ThresholdRegister as Thresholds

EXACT = 1e-6
"""Means that differ by less are equal: what adding floating numbers leaves."""
FIRST_ROWS = 5
"""How many rows a message names."""

FINDINGS = {
    "rule": "str",
    "severity": "str",
    "table": "str",
    "year": "Int64",
    "school_id": "str",
    "file": "str",
    "sheet": "str",
    "row": "Int64",
    "column": "str",
    "value": "str",
    "expected": "str",
    "action": "str",
}
"""A row per row of a file that a rule speaks of; `school_id` is "" where it speaks of many schools together."""


@dataclass(frozen=True)
class RuleBasis:
    """What rules compare with: all tables, and the minimum scores by subject and year of ЕГЭ."""

    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    minimums: Mapping[tuple[str, str, int], float] = field(default_factory=dict)


def list_minimums(thresholds: Thresholds | None) -> dict[tuple[str, str, int], float]:
    """Minimum test scores by procedure, subject and year, as far as the register has them."""
    rows = thresholds.thresholds if thresholds else ()
    return {(row.procedure, row.subject, row.year): row.value for row in rows if row.scale == "100-балльная"}


def find_contradictions(tables: Mapping[str, pd.DataFrame], rules: Iterable[Rule], known: RuleBasis) -> pd.DataFrame:
    """Rows of files that contradict themselves (`FINDINGS`)."""
    return _find(tables, [rule for rule in rules if rule.severity == Severity.ERROR], known)


def find_questions(rules: Iterable[Rule], known: RuleBasis) -> pd.DataFrame:
    """What is unlikely in the assembled tables (`FINDINGS`)."""
    return _find(known.tables, [rule for rule in rules if rule.severity != Severity.ERROR], known)


def _find(tables: Mapping[str, pd.DataFrame], rules: Sequence[Rule], known: RuleBasis) -> pd.DataFrame:
    return _gather(_apply(rule, tables[rule.table], known) for rule in rules if len(tables.get(rule.table, ())))


@cache
def _empty() -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in FINDINGS.items()})


def _apply(rule: Rule, table: pd.DataFrame, known: RuleBasis) -> pd.DataFrame:
    rows = _choose(rule, table)
    return _KINDS[type(rule)](rule, rows, known) if len(rows) else _empty()


def _choose(rule: Rule, table: pd.DataFrame) -> pd.DataFrame:
    chosen = pd.Series(True, index=table.index)
    for name, values in rule.where.only.items():
        chosen &= table[name].isin(values)
    for name, values in rule.where.but.items():
        chosen &= ~table[name].isin(values)
    if rule.total and rule.min_total:
        chosen &= table[rule.total].ge(rule.min_total).fillna(False).astype(bool)
    return table[chosen]


# What findings are made of


def _tell(
    rule: Rule, rows: pd.DataFrame, columns: Sequence[str], value: Callable[[Any], str], **words: Any
) -> pd.DataFrame:
    """A finding per row; `words` are texts, or series of texts on the index of the rows."""
    if rows.empty:
        return _empty()
    texts = pd.DataFrame(words, index=rows.index)
    filled = [rule.expected.format(**each) for each in texts.to_dict("records")]
    frame = rows[["year", "school_id"]].assign(
        rule=rule.id,
        severity=str(rule.severity),
        table=rule.table,
        file=rows["source_file"],
        sheet=rows["source_sheet"],
        row=rows["source_row"],
        column=", ".join(columns),
        value=[value(each) for each in rows[list(columns)].itertuples(index=False)],
        expected=filled or rule.expected,
        action=rule.action,
    )
    return frame.astype(FINDINGS)[list(FINDINGS)]


def _tell_together(rule: Rule, rows: pd.DataFrame, columns: Sequence[str], **words: Any) -> pd.DataFrame:
    """One finding for many schools, at the first of their rows in the file that most of them stand in."""
    most = rows["source_file"].mode().iloc[0]
    first = rows[rows["source_file"].eq(most)].sort_values("source_row").head(1)
    return _tell(rule, first.assign(school_id=""), columns, lambda _: "", **words)


def _write(values: Any) -> str:
    return ", ".join(_write_one(value) for value in values if not pd.isna(value))


def _write_one(value: Any) -> str:
    return f"{value:.10g}".replace(".", ",") if isinstance(value, float) else str(value)


def _score(values: pd.Series | np.ndarray) -> list[str]:
    return [format_number(float(value), 2) for value in values]


def _numbers(rows: pd.DataFrame, *columns: str) -> np.ndarray:
    return rows[list(columns)].to_numpy("float64", na_value=np.nan)


def _half_digit(values: pd.Series) -> np.ndarray:
    """Half of the last digit with which each number was written."""
    exponents = [
        Decimal(repr(float(value))).normalize().as_tuple().exponent if pd.notna(value) else 0 for value in values
    ]
    return np.array([0.5 * 10.0 ** min(int(exponent), 0) for exponent in exponents]) + EXACT


def _pair(rule: Rule, rows: pd.DataFrame) -> pd.DataFrame:
    """Every row with that of the year before, its columns with `_old`; only rows that have one."""
    key = list(KEYS[rule.table])
    named = [*rule.columns, *([rule.total] if rule.total else [])]
    values = [name for name in rows if name in named]
    before = rows[[*key, *values]].assign(year=rows["year"] + 1)
    now = rows[[*key, *values, *PROVENANCE[:3]]]
    return now.merge(before, on=key, suffixes=("", "_old"), validate="one_to_one")


def _by_file(table: str) -> list[str]:
    """Columns that hold what is compared together: a file, a year, a subject."""
    return ["source_file", *_by_thing(table)]


def _by_thing(table: str) -> list[str]:
    return [name for name in KEYS[table] if name != "school_id"]


def _group(rows: pd.DataFrame, by: Sequence[str]) -> Iterable[pd.DataFrame]:
    return (each for _, each in rows.groupby(list(by), dropna=False, sort=False))


def _code_groups(rows: pd.DataFrame, by: Sequence[str]) -> np.ndarray:
    """Number of the group of every row: sums by group in one pass, for files and columns are many."""
    return rows.groupby(list(by), dropna=False, sort=False).ngroup().to_numpy("int64")


def _gather(found: Iterable[pd.DataFrame]) -> pd.DataFrame:
    told = [each for each in found if len(each)]
    return pd.concat(told, ignore_index=True) if told else _empty()


def _name_thing(rows: pd.DataFrame, table: str) -> str:
    """«ОГЭ, математика, 9 класс» of rows that have the same key but for the school."""
    cells = rows.iloc[0]
    named = [(name, cells[name]) for name in _by_thing(table) if name != "year" and pd.notna(cells[name])]
    return ", ".join(f"{value} класс" if name == "grade" else str(value) for name, value in named)


# Contradictions in a row


def _find_range(rule: RangeRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    (name,) = rule.columns
    values = rows[name]
    odd = values.notna() & ~values.between(rule.least - EXACT, rule.most + EXACT)
    return _tell(rule, rows[odd], [name], _write, low=format_number(rule.least), high=format_number(rule.most))


def _find_mixed(rule: MixedRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    (name,) = rule.columns
    return _gather(_ask_mixed(rule, group, name) for group in _group(rows[rows[name].notna()], _by_file(rule.table)))


def _ask_mixed(rule: MixedRule, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    low, high = rows[rows[name].between(rule.least, rule.most)], rows[rows[name].gt(rule.most)]
    sure = low
    if rule.passing:
        passed = (low["participants"] - low["below_min"]) / low["participants"]
        sure = low[(low[name] < rule.passing * passed - EXACT).fillna(False).astype(bool)]
    if min(len(sure), len(high)) < max(rule.min_rows, rule.share * len(rows)):
        return _empty()
    fewer = sure if len(low) <= len(high) else high
    return _tell(rule, fewer, [name], _write, low=len(low), high=len(high))


def _find_marks(rule: MarksRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    (name,) = rule.columns
    known = rows[rows[name].between(float(MARKS[0][-1]), float(MARKS[-1][-1])) & rows[list(MARKS)].notna().any(axis=1)]
    low, high = _bound_marks(known)
    odd = _is_outside(known, name, low, high)
    swapped = known.rename(columns={MARKS[0]: MARKS[-1], MARKS[-1]: MARKS[0]})
    fits = ~_is_outside(known, name, *_bound_marks(swapped))
    hint = rule.swapped if odd.sum() and (odd & fits).sum() >= max(2, 2 / 3 * odd.sum()) else ""
    return _tell(
        rule, known[odd], [name, *MARKS], _write_marks, low=_score(low[odd]), high=_score(high[odd]), hint=hint
    )


def _write_marks(values: Any) -> str:
    mean, *marks = values
    shown = ", ".join(f"«{name[-1]}» — {mark}" for name, mark in zip(MARKS, marks, strict=True) if not pd.isna(mark))
    return f"{_write_one(mean)} при отметках {shown}"


def _bound_marks(rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest mean that the marks allow: pupils without a known mark may have any that is not counted.

    Where all four marks are counted and participants are more, those without a mark may also be left out of the mean,
    which stays inside the bounds. Counts made from per cents may each be one pupil off.
    """
    counts, marks = _numbers(rows, *MARKS), np.array([float(name[-1]) for name in MARKS])
    is_blank, known = np.isnan(counts), np.nansum(counts, axis=1)
    given = _numbers(rows, "participants")[:, 0]
    number = np.where(np.isnan(given), np.where(is_blank.any(axis=1), np.nan, known), np.fmax(given, known))
    is_open = np.where(is_blank.any(axis=1, keepdims=True), is_blank, True)
    least = np.where(is_open, marks, np.inf).min(axis=1)
    most = np.where(is_open, marks, -np.inf).max(axis=1)
    total, rest = np.nansum(counts * marks, axis=1), number - known
    slack = np.where(rows["source_note"].notna(), 3.0, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (total + rest * least - slack) / number, (total + rest * most + slack) / number


def _is_outside(rows: pd.DataFrame, name: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    half, values = _half_digit(rows[name]), rows[name].to_numpy("float64")
    return np.asarray((values < low - half) | (values > high + half))


def _find_points(rule: PointsRule, rows: pd.DataFrame, known: RuleBasis) -> pd.DataFrame:
    (name,) = rule.columns
    rows = rows[rows[name].notna() & rows["participants"].gt(0).fillna(False).astype(bool)]
    if rows.empty:
        return _empty()
    number, below, good = _numbers(rows, "participants", "below_min", "score_80_plus").T
    minimum = _find_minimums(rows, known)
    b, g = np.nan_to_num(below), np.nan_to_num(good)
    rest = number - b - g
    low = (rest * np.where(np.isnan(below) | np.isnan(minimum), 0, minimum) + g * rule.good) / number
    top = np.where(np.isnan(good), rule.best, rule.good - 1)
    high = (b * (np.where(np.isnan(minimum), rule.good, minimum) - 1) + rest * top + g * rule.best) / number
    odd = _is_outside(rows, name, low - rule.slack, high + rule.slack)
    shown = ["mean_score", "participants", "below_min", "score_80_plus"]
    return _tell(rule, rows[odd], shown, _write_points, low=_score(low[odd]), high=_score(high[odd]))


def _write_points(values: Any) -> str:
    names = ("участников", "ниже порога", "80 и выше")
    shown = [f"{name} {count}" for name, count in zip(names, values[1:], strict=True) if not pd.isna(count)]
    return f"{_write_one(values[0])} при числах: {', '.join(shown)}"


def _find_minimums(rows: pd.DataFrame, known: RuleBasis) -> np.ndarray:
    """Minimum score of every row's subject and year; missing where the register has none."""
    keys = rows[["procedure", "subject", "year"]].itertuples(index=False, name=None)
    return np.array([known.minimums.get(key, np.nan) for key in keys], dtype="float64")


def _find_unequal(rule: EqualRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    first, second = rule.columns
    odd = rows[first].ne(rows[second]).fillna(False).astype(bool)
    return _tell(rule, rows[odd], rule.columns, lambda cells: " и ".join(map(str, cells)))


# Questions about a row beside that of last year, or beside the register


def _ask_ratio(rule: RatioRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    pairs = _pair(rule, rows)
    return _gather(_ask_ratio_of(rule, pairs, name) for name in rule.columns)


def _ask_ratio_of(rule: RatioRule, pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    known = pairs[(pairs[f"{name}_old"] >= rule.min_old).fillna(False).astype(bool) & pairs[name].notna()]
    new, old = _numbers(known, name, f"{name}_old").T
    low, high = old * rule.least, old * rule.most
    # Roots of counts differ by chance with one variance whatever their size (Anscombe).
    is_far = np.abs(np.sqrt(new) - np.sqrt(old)) * np.sqrt(2) > rule.z
    odd = ((new < low) | (new > high)) & is_far
    words = {"old": old, "low": low, "high": high}
    texts = {word: [format_number(value) for value in values[odd]] for word, values in words.items()}
    return _tell(rule, known[odd], [name], _write, last_year=(known["year"][odd] - 1).astype("str"), **texts)


def _ask_share(rule: ShareRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    pairs = _pair(rule, rows)
    return _gather(_ask_share_of(rule, pairs, name) for name in rule.columns)


def _ask_share_of(rule: ShareRule, pairs: pd.DataFrame, name: str) -> pd.DataFrame:
    known = pairs.dropna(subset=[name, f"{name}_old"])
    count, total, old, old_total = _numbers(known, name, rule.total, f"{name}_old", f"{rule.total}_old").T
    shares, old_shares = 100 * count / total, 100 * old / old_total
    pooled = (count + old) / (total + old_total)
    error = 100 * np.sqrt(pooled * (1 - pooled) * (1 / total + 1 / old_total))
    gap = np.abs(shares - old_shares)
    odd = (gap > rule.points) & (gap > rule.z * error)
    words = {"share": shares, "old_share": old_shares}
    texts = {word: [format_percent(float(value)) for value in values[odd]] for word, values in words.items()}
    last = (known["year"][odd] - 1).astype("str")
    return _tell(rule, known[odd], [name], _write, last_year=last, points=format_number(rule.points), **texts)


def _ask_rows(rule: RowRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    columns = list(rule.columns)
    if rule.kind == "zero":
        alike = rows[columns].eq(0).fillna(False)
    else:
        rows = _pair(rule, rows)
        now, old = rows[columns], rows[[f"{name}_old" for name in columns]].set_axis(columns, axis=1)
        alike = now.eq(old).fillna(False) | (now.isna() & old.isna() & now.notna().any(axis=1).to_numpy()[:, None])
    rows = rows.assign(is_alike=alike.astype(bool).all(axis=1))
    by = rows.groupby(_by_file(rule.table), dropna=False)["is_alike"]
    found = rows[rows["is_alike"] & by.transform("sum").ge(rule.min_rows) & by.transform("mean").ge(rule.share)]
    return _tell(rule, found, [], lambda _: "", last_year=(found["year"] - 1).astype("str"))


def _ask_enrolment(rule: EnrolmentRule, rows: pd.DataFrame, known: RuleBasis) -> pd.DataFrame:
    register = known.tables["schools"][["year", "school_id", "enrolment"]].drop_duplicates(["year", "school_id"])
    named = rows[["year", "school_id"]].merge(register, how="left", validate="many_to_one").set_axis(rows.index)
    enrolment = named["enrolment"].where(named["enrolment"] >= rule.min_enrolment)
    found = []
    for name in rule.columns:
        odd = rows[name].gt(rule.most * enrolment.astype("Float64")).fillna(False).astype(bool)
        found.append(_tell(rule, rows[odd], [name], _write, number=enrolment[odd].map(format_number)))
    return _gather(found)


# Questions about a file, or about all schools


def _ask_level(rule: LevelRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    pairs = _pair(rule, rows)
    codes = _code_groups(pairs, _by_file(rule.table))
    return _gather(_ask_level_of(rule, pairs, codes, name) for name in rule.columns)


def _ask_level_of(rule: LevelRule, pairs: pd.DataFrame, codes: np.ndarray, name: str) -> pd.DataFrame:
    """Weighted mean of the schools' differences against the error that their own spread gives it, by group."""
    weights = np.fmin(*_numbers(pairs, rule.total, f"{rule.total}_old").T)
    new, old = _numbers(pairs, name, f"{name}_old").T
    if rule.is_share:
        wholes = _numbers(pairs, rule.total, f"{rule.total}_old").T
        new, old = (100 * values / whole for values, whole in zip((new, old), wholes, strict=True))
    known = np.isfinite(new) & np.isfinite(old) & (weights > 0)
    pairs, codes, weights, new, old = pairs[known], codes[known], weights[known], new[known], old[known]
    whole = np.bincount(codes, weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        now, before = (np.bincount(codes, weights * values) / whole for values in (new, old))
        error = np.sqrt(np.bincount(codes, (weights * (new - old - (now - before)[codes])) ** 2)) / whole
    moved = np.abs(now - before)
    odd = (np.bincount(codes) >= rule.min_schools) & (moved > rule.points) & (moved > rule.z * error)
    write = format_percent if rule.is_share else format_number
    return _gather(
        _tell_together(
            rule,
            group,
            [name],
            **_say_group(rule, group),
            new=write(float(now[one]), 1),
            old=write(float(before[one]), 1),
        )
        for one in np.flatnonzero(odd)
        for group in [pairs[codes == one]]
    )


def _say_group(rule: Rule, rows: pd.DataFrame) -> dict[str, str]:
    year = int(rows["year"].iloc[0])
    thing = _name_thing(rows, rule.table)
    return {
        "last_year": str(year - 1),
        "schools": count_words(len(rows), "школе", "школам", "школам"),
        "group": f"{thing}, {year} год" if thing else f"{year} год",
    }


def _ask_constant(rule: ConstantRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    return _gather(_ask_constant_of(rule, rows[rows[name].notna()], name) for name in rule.columns)


def _ask_constant_of(rule: ConstantRule, rows: pd.DataFrame, name: str) -> pd.DataFrame:
    number = rows.groupby(_by_file(rule.table), dropna=False)[name].transform("size")
    alike = rows.groupby([*_by_file(rule.table), name], dropna=False)[name].transform("size")
    found = rows[(number >= rule.min_rows) & (alike >= rule.share * number)]
    return _gather(
        _tell_together(
            rule,
            same,
            [name],
            **_say_group(rule, same),
            new=_write_one(float(same[name].iloc[0])),
            number=_say_rows(len(same)),
        )
        for same in _group(found, [*_by_file(rule.table), name])
    )


def _ask_cut(rule: CutRule, rows: pd.DataFrame, known: RuleBasis) -> pd.DataFrame:
    key, things, present = list(KEYS[rule.table]), _by_thing(rule.table), known.tables[rule.table]
    at_work = known.tables["schools"][["year", "school_id"]].drop_duplicates()
    expected = rows[key].assign(year=rows["year"] + 1).merge(at_work, validate="many_to_one")
    expected = expected.merge(present[key], how="left", indicator="found", validate="one_to_one")
    by = expected["found"].eq("left_only").groupby([expected[name] for name in things], dropna=False)
    odd = by.agg(["sum", "mean", "size"]).query("sum >= @rule.min_schools and mean > @rule.share").reset_index()
    found = []
    for row in odd.to_dict("records"):
        now = _choose_same(present, row, things)
        words = {"number": format_number(row["sum"]), "old": format_number(row["size"])}
        found += [_tell_together(rule, now, [], **_say_group(rule, now), **words)] if len(now) else []
    return _gather(found)


def _choose_same(table: pd.DataFrame, like: Mapping[Hashable, Any], names: Sequence[str]) -> pd.DataFrame:
    """Rows that have the same year, subject and grade."""
    chosen = pd.Series(True, index=table.index)
    for name in names:
        is_blank = pd.isna(like[name])
        chosen &= table[name].isna() if is_blank else table[name].eq(like[name]).fillna(False).astype(bool)
    return table[chosen]


def _ask_vanish(rule: VanishRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    pairs = _pair(rule, rows)
    codes = _code_groups(pairs, _by_file(rule.table))
    return _gather(_ask_vanish_of(rule, pairs, codes, name) for name in rule.columns)


def _ask_vanish_of(rule: VanishRule, pairs: pd.DataFrame, codes: np.ndarray, name: str) -> pd.DataFrame:
    known = pairs[f"{name}_old"].notna().to_numpy()
    pairs, codes = pairs[known], codes[known]
    new, old = _numbers(pairs, name, f"{name}_old").T
    total, old_total = np.nan_to_num(_numbers(pairs, rule.total, f"{rule.total}_old")).T
    given, counted = np.bincount(codes, ~np.isnan(new)), np.bincount(codes, np.nan_to_num(new))
    before, whole = np.bincount(codes, old), np.bincount(codes, old_total)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = before / whole * np.bincount(codes, total)
    odd = (np.bincount(codes) >= rule.min_schools) & (counted == 0) & ((given == 0) | (expected >= rule.least_expected))
    return _gather(
        _tell_together(
            rule, group, [name], **_say_group(rule, group), new=_say_blank(given[one]), old=format_number(before[one])
        )
        for one in np.flatnonzero(odd)
        for group in [pairs[codes == one]]
    )


def _say_blank(given: float) -> str:
    return "0 или пусто" if given else "пусто"


def _ask_nobody(rule: NobodyRule, rows: pd.DataFrame, known: RuleBasis) -> pd.DataFrame:
    name = rule.columns[0]
    minimums = _find_minimums(rows, known)
    likely = _numbers(rows, "participants")[:, 0] * ndtr((minimums - _numbers(rows, "mean_score")[:, 0]) / rule.spread)
    found = []
    for group in _group(rows.assign(likely=likely)[rows[name].notna()], _by_file(rule.table)):
        if group[name].sum() == 0 and group["likely"].sum() >= rule.least_expected:
            words = _say_group(rule, group) | {"number": format_number(float(group["likely"].sum()))}
            found.append(_tell_together(rule, group, [name], **words))
    return _gather(found)


def _ask_flat(rule: FlatRule, rows: pd.DataFrame, _: RuleBasis) -> pd.DataFrame:
    by = rows.groupby(_by_file(rule.table), dropna=False)
    most = by[list(rule.columns)].transform("max").max(axis=1)
    likely = rows[most.le(rule.most).fillna(False).astype(bool) & by[rule.total].transform("size").ge(rule.min_schools)]
    return _gather(_ask_flat_of(rule, group) for group in _group(likely, _by_file(rule.table)))


def _ask_flat_of(rule: FlatRule, rows: pd.DataFrame) -> pd.DataFrame:
    counts, total = _numbers(rows, *rule.columns), _numbers(rows, rule.total)[:, 0]
    is_known = (np.nan_to_num(counts).sum(axis=1) > 0) & (total > 0)
    counts, total = counts[is_known], total[is_known]
    if len(total) < rule.min_schools or total.max() < rule.min_ratio * total.min():
        return _empty()
    x, y = np.log(total), np.log(np.nanmean(counts, axis=1))
    x = x - x.mean()
    slope = (x * y).sum() / (x * x).sum()
    rest = y - y.mean() - slope * x
    error = np.sqrt((rest * rest).sum() / (len(x) - 2) / (x * x).sum())
    if not isfinite(error) or slope + rule.z * error > rule.max_slope:
        return _empty()
    return _tell_together(rule, rows[is_known], [], **_say_group(rule, rows[is_known]))


_KINDS: dict[type, Callable[[Any, pd.DataFrame, RuleBasis], pd.DataFrame]] = {
    RangeRule: _find_range,
    MixedRule: _find_mixed,
    MarksRule: _find_marks,
    PointsRule: _find_points,
    EqualRule: _find_unequal,
    RatioRule: _ask_ratio,
    ShareRule: _ask_share,
    RowRule: _ask_rows,
    EnrolmentRule: _ask_enrolment,
    LevelRule: _ask_level,
    ConstantRule: _ask_constant,
    CutRule: _ask_cut,
    VanishRule: _ask_vanish,
    NobodyRule: _ask_nobody,
    FlatRule: _ask_flat,
}


# Findings as messages


def _say_rows(number: int) -> str:
    return count_words(number, "строка", "строки", "строк")


def say_by_file(findings: pd.DataFrame, headings: Mapping[str, Mapping[str, str]]) -> list[Problem]:
    """One problem per rule, file and sheet: the first row in full, and how many more there are.

    Args:
        headings: table → column → heading that a message names.
    """
    found = []
    for rows in _group(findings, ["rule", "file", "sheet"]):
        first = rows.iloc[0]
        rest = rows.iloc[1:]
        action = first["action"] + (f" {_say_rest(rest)}" if len(rest) else "")
        action += f" {_say_answer(rows)}" if first["severity"] == Severity.QUESTION else ""
        found.append(say_finding(first, headings[first["table"]], action))
    return found


def _say_rest(rest: pd.DataFrame) -> str:
    rows = rest[["row", "year"]].drop_duplicates()
    shown = [f"{row} ({year} год)" for row, year in rows.head(FIRST_ROWS).itertuples(index=False)]
    word = choose_word(len(rows), "строке", "строках", "строках")
    left = f" и ещё в {format_number(len(rows) - FIRST_ROWS)}" if len(rows) > FIRST_ROWS else ""
    return (
        f"То же ещё в {len(rows)} {word}: {', '.join(shown)}{left}."
        if left
        else f"То же в {word}: {join_words(shown)}."
    )


def _say_answer(rows: pd.DataFrame) -> str:
    rule, file = rows[["rule", "file"]].iloc[0]
    years = sorted(rows["year"].unique())
    each = " (запись на каждый год)" if len(years) > 1 else ""
    listed = join_words(map(str, years))
    return f"{HOW_TO_ANSWER} в corrections.yml, раздел checked: rule: {rule}, file: {file}, year: {listed}{each}."


def say_finding(finding: Mapping[str, Any] | pd.Series, headings: Mapping[str, str], action: str) -> Problem:
    """A finding as a problem of its place."""
    columns = [headings.get(name, name) for name in finding["column"].split(", ") if name]
    return Problem(
        Severity(finding["severity"]),
        str(finding["file"]),
        str(finding["expected"]),
        action,
        sheet=str(finding["sheet"]),
        row=None if pd.isna(finding["row"]) else int(finding["row"]),
        column=", ".join(columns),
        value=str(finding["value"]),
    )
