"""Text of cells → typed values, whole columns at a time; what cannot be a value is a fault, never a silent blank."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from effschool.base import schemas
from effschool.base.problems import Severity
from effschool.intake.layouts import OTHER_SPACES, ColumnLayout

Kind = Literal["text", "code", "year", "count", "whole", "score"]
_DTYPES = {"text": "str", "code": "str", "year": "Int64", "count": "Int64", "whole": "Int64", "score": "float64"}
_NUMBER = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_GROUPED = r"[+-]?[0-9]{1,3}(?: [0-9]{3})+(?:[.,][0-9]+)?"
_DATE = r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}|[0-9]{4}-[0-9]{2}-[0-9]{2}.*"
_LARGEST = 10_000_000  # no count of pupils is larger; guards the whole-number type as well
LONGEST_TEXT = 2_000
"""Letters of a cell; a name or an answer has fewer."""
_BLANK = "Исправьте значение или оставьте ячейку пустой, если данных нет."


@dataclass(frozen=True)
class CellFault:
    """One cell that is not what was expected; `row` is the label of the cell in the column given."""

    row: int
    value: str
    expected: str
    action: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True)
class Converted:
    """A column of typed values on the index of the text, and its faults; a faulty cell is missing among the values."""

    values: pd.Series
    faults: tuple[CellFault, ...] = ()


def find_kind(table: str, column: str) -> Kind:
    """How cells of a contract column are read, from its declaration in `schemas`."""
    dtype = str(schemas.CONTRACT[table].columns[column].dtype)
    if column.endswith("year"):
        return "year"
    if column.endswith("_id"):
        return "code"
    by_dtype: dict[str, Kind] = {"Int64": "count", "float64": "score"}
    return "whole" if column == "grade" else by_dtype.get(dtype, "text")


def clean_text(cells: pd.Series) -> pd.Series:
    """Text with spaces of all kinds collapsed and trimmed; blank becomes missing."""
    collapsed = cells.astype("str").str.replace(rf"[\s{OTHER_SPACES}]+", " ", regex=True).str.strip()
    return collapsed.mask(collapsed.eq(""))


def convert_column(cells: pd.Series, kind: Kind, layout: ColumnLayout | None = None) -> Converted:
    """Typed values of one column of text.

    Args:
        cells: text as it stands in the file, blank is "".
        kind: `code` and `text` give text, `year`, `count`, `whole` give Int64, `score` gives float64.
        layout: the values and cleaning that the layout asks for.
    """
    codes, different = pd.factorize(cells)
    converted = convert_texts(pd.Series(different, dtype="str"), kind, layout)
    values = converted.values.take(codes).set_axis(cells.index)
    faults = (replace(fault, row=row) for fault in converted.faults for row in cells.index[codes == fault.row].tolist())
    return Converted(values, tuple(faults))


def convert_texts(cells: pd.Series, kind: Kind, layout: ColumnLayout | None) -> Converted:
    """Typed values of different texts."""
    if kind in _DIGITS and all(map(_DIGITS[kind].fullmatch, cells)):
        numbers = pd.to_numeric(cells.mask(cells.eq("")), errors="coerce")
        return Converted(numbers.astype(_DTYPES[kind]) * (layout.factor if layout and kind == "score" else 1))
    text = clean_text(cells)
    overlong = text.str.len().gt(LONGEST_TEXT).fillna(False).astype(bool)
    expected, action = f"ожидалось не больше {LONGEST_TEXT} знаков", "Сократите текст в ячейке."
    faults = _say(text[overlong].str.slice(0, 60) + "…", expected, action)
    converted = _convert_kind(text.mask(overlong), kind, layout)
    return replace(converted, faults=(*faults, *converted.faults))


_DIGITS = {kind: re.compile("[0-9]{0,7}") for kind in ("count", "whole")} | {
    "score": re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,6})?)?"),
    "year": re.compile("(?:20[0-9]{2})?"),
}
"""Texts, blank ones as well, that are values as they stand, which is nearly all there are."""


def _convert_kind(text: pd.Series, kind: Kind, layout: ColumnLayout | None) -> Converted:
    if not text.notna().any():
        return Converted(pd.Series(index=text.index, dtype=_DTYPES[kind]))
    if kind == "text":
        return _convert_values(text, layout)
    if kind == "code":
        return Converted(clean_codes(text, digits_only=layout is not None and layout.clean == "digits"))
    if kind == "year":
        return _convert_year(text)
    if kind == "score":
        return _convert_score(text, layout.factor if layout else 1)
    return _convert_whole(text, share_noted=kind == "count")


def clean_codes(text: pd.Series, *, digits_only: bool = False) -> pd.Series:
    """Codes as text: «27000.0», left by Excel, is «27000»; with `digits_only` «100-02» is «10002»."""
    whole = text.str.replace(r"^([0-9]+)\.0+$", r"\1", regex=True)
    if not digits_only:
        return whole
    digits = whole.str.replace(r"[^0-9]", "", regex=True)
    return digits.mask(digits.eq(""))


def _convert_values(text: pd.Series, layout: ColumnLayout | None) -> Converted:
    if layout is None or not (layout.values or layout.patterns):
        return Converted(text)
    found = text.map({value: layout.translate(value) for value in text.dropna().unique()}).astype("str")
    others = text.notna() & found.isna()
    if layout.others in {"keep", "tell"}:
        told = _say_kept(text[others]) if layout.others == "tell" else ()
        return Converted(found.where(~others, text), tuple(told))
    return Converted(found, tuple(_say_unknown(text[others], layout)))


def _say_kept(text: pd.Series) -> Iterable[CellFault]:
    action = "Если это описка, исправьте её: строки с таким значением считаются отдельно."
    return _say(text, "такое значение встречается впервые", action, Severity.WARNING)


def _say_unknown(text: pd.Series, layout: ColumnLayout) -> Iterable[CellFault]:
    values = [*layout.values.values(), *(rule.value for rule in layout.patterns)]
    expected = "ожидалось одно из значений: " + ", ".join(f"«{value}»" for value in dict.fromkeys(values))
    refused = layout.others == "refuse"
    action = "Напишите одно из этих значений." if refused else "Значение не учтено: дополните макет, если нужно."
    severity = Severity.ERROR if refused else Severity.WARNING
    return _say(text, expected, action, severity)


def parse_numbers(text: pd.Series) -> pd.Series:
    """Numbers with a point or a comma, thousands parted by spaces; what is not a number is missing."""
    grouped = text.str.fullmatch(_GROUPED).fillna(False).astype(bool)
    plain = text.mask(grouped, text.str.replace(" ", "", regex=False))
    pointed = plain.str.replace(",", ".", regex=False).str.replace("\N{MINUS SIGN}", "-", regex=False)
    return pd.to_numeric(pointed.where(pointed.str.fullmatch(_NUMBER).fillna(False).astype(bool)), errors="coerce")


def _convert_score(text: pd.Series, factor: float) -> Converted:
    numbers = parse_numbers(text).astype("float64") * factor
    return Converted(numbers, tuple(_say_not_number(text[text.notna() & numbers.isna()], "ожидалось число")))


def _convert_whole(text: pd.Series, *, share_noted: bool) -> Converted:
    numbers = parse_numbers(text)
    broken = numbers.notna() & (numbers.ne(numbers.round()) | numbers.abs().gt(_LARGEST))
    expected = "ожидалось число обучающихся, а не доля" if share_noted else "ожидалось целое число"
    faults = [
        *_say_not_number(text[text.notna() & numbers.isna()], "ожидалось целое число", share_noted=share_noted),
        *_say(text[broken & numbers.abs().le(_LARGEST)], expected, "Впишите целое число, " + _HINT_COUNT),
        *_say(text[broken & numbers.abs().gt(_LARGEST)], "ожидалось число не больше 10 миллионов", _BLANK),
    ]
    return Converted(numbers.mask(broken).astype("Int64"), tuple(faults))


def _convert_year(text: pd.Series) -> Converted:
    numbers = parse_numbers(text)
    wrong = text.notna() & ~numbers.between(schemas.FIRST_YEAR, schemas.LAST_YEAR)
    wrong |= numbers.notna() & numbers.ne(numbers.round())
    expected = f"ожидался год четырьмя цифрами от {schemas.FIRST_YEAR} до {schemas.LAST_YEAR}"
    action = "Напишите один год; для учебного года вроде 2018/2019 — тот, в котором прошли экзамены."
    return Converted(numbers.mask(wrong).astype("Int64"), tuple(_say(text[wrong], expected, action)))


_HINT_COUNT = "сколько обучающихся, или оставьте ячейку пустой, если данных нет."
_REASONS = (
    (r"#.*", ", а не ошибка формулы", "Исправьте формулу или оставьте ячейку пустой, если данных нет."),
    (r"=.*", ", а не формула без значения", "Откройте файл в Excel, дайте ему пересчитаться и сохраните заново."),
    (_DATE, ", а не дата", "Задайте ячейке числовой формат и впишите число заново."),
    (r".*", "", _BLANK),
)


def _say_not_number(text: pd.Series, expected: str, *, share_noted: bool = False) -> list[CellFault]:
    if text.empty:
        return []
    faults = []
    percent = text.str.contains("%", regex=False) if share_noted else pd.Series(False, index=text.index)
    faults += _say(text[percent], "ожидалось число обучающихся, а не доля", "Впишите целое число, " + _HINT_COUNT)
    rest = text[~percent]
    for pattern, reason, action in _REASONS:
        matched = rest.str.fullmatch(pattern)
        faults += _say(rest[matched], expected + reason, action)
        rest = rest[~matched]
    return faults


def _say(text: pd.Series, expected: str, action: str, severity: Severity = Severity.ERROR) -> list[CellFault]:
    cells = zip(text.index.tolist(), text.tolist(), strict=True)
    return [CellFault(row, value, expected, action, severity) for row, value in cells]
