"""Raw counts as the workbook shows them: a set of columns for every kind of row of the contract tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from effschool.base.schemas import CONTRACT, MARKS
from effschool.method.indicators import KEY, MARKED, Tables, select_rows
from effschool.method.methodology import Domain, Indicator, Methodology, Rows

KINDS: dict[str, tuple[str, ...]] = {
    "results": ("procedure", "subject", "grade"),
    "certificates": ("level",),
    "social": (),
    "conditions": ("condition",),
}
"""Columns that say what a row of a table is about; with year and school they are its key."""
MEAN = "mean"
"""Column of the sheet that holds the mean mark of a row, taken from the file or made from the marks."""


@dataclass(frozen=True)
class Slot:
    """A kind of row (вид строки) of a contract table, such as ОГЭ, русский язык, 9 класс."""

    table: str
    kind: tuple[Any, ...]

    @property
    def title(self) -> str:
        """What readers call it."""
        if self.table != "results":
            named = {"certificates": f"Аттестаты, {self.kind[0]}", "conditions": self.kind[0]} if self.kind else {}
            return named.get(self.table, "Обучающиеся")
        *words, grade = self.kind
        return ", ".join([*words, *([f"{grade} класс"] if grade is not None else [])])

    @property
    def has_marks(self) -> bool:
        """Whether a missing mean is made from the marks."""
        return self.table == "results" and self.kind[0] in MARKED


@dataclass(frozen=True)
class RawCounts:
    """Raw rows by year and slot, then by school; `slots`: what every set of filters chooses, in the tables' order."""

    rows: Mapping[tuple[int, Slot], Mapping[str, Any]]
    slots: Mapping[Rows, list[Slot]]


def list_slot_columns(raw: RawCounts, methodology: Methodology, domain: Domain) -> dict[Slot, tuple[str, ...]]:
    """Columns of every slot that the domain's indicators are made from; ФИОКО's counts go with the first domain."""
    needs: dict[Slot, set[str]] = {}
    for indicator in methodology.domains[domain].indicators:
        for slot in raw.slots[indicator.rows]:
            needs.setdefault(slot, set()).update(need_columns(indicator, slot))
    with_fioko = methodology.fioko and domain == next(iter(methodology.domains))
    for procedure in methodology.fioko.procedures if methodology.fioko and with_fioko else ():
        for slot in raw.slots[procedure.rows]:
            needs.setdefault(slot, set()).update((procedure.count, "participants"))
    return {
        slot: tuple(column for column in CONTRACT[slot.table].columns if column in needs[slot])
        for slot in sorted(needs, key=_place)
    }


def need_columns(indicator: Indicator, slot: Slot) -> tuple[str, ...]:
    """Columns of a slot that an indicator is made from."""
    return (*indicator.columns, *(MARKS if indicator.kind != "share" and slot.has_marks else ()))


def collect_raw(tables: Tables, taken: pd.DataFrame, methodology: Methodology) -> RawCounts:
    """Rows of the schools that are compared; `taken` has a row per year and school (year, school_id)."""
    rows: dict[tuple[int, Slot], dict[str, Any]] = {}
    kinds = {}
    for name, columns in KINDS.items():
        frame = tables[name].merge(taken[KEY], on=KEY).sort_values([*columns, *KEY])
        kinds[name] = frame.drop_duplicates(list(columns)) if columns else frame.head(1)
        for row in frame.itertuples(index=False):
            rows.setdefault((row.year, _name_slot(name, row)), {})[row.school_id] = row
    procedures = methodology.fioko.procedures if methodology.fioko else ()
    filters = [item.rows for item in (*methodology.indicators.values(), *procedures)]
    return RawCounts(rows, {each: choose_slots(kinds, each) for each in filters})


def choose_slots(kinds: Tables, rows: Rows) -> list[Slot]:
    """Slots that pass the filters; `kinds` has a row per slot of a table."""
    return [_name_slot(rows.table, row) for row in select_rows(kinds, rows).itertuples(index=False)]


def say_source(row: Any) -> str | None:
    """«results.csv, строка 812», with the sheet where the file has sheets."""
    if row is None:
        return None
    sheet = f", лист «{row.source_sheet}»" if row.source_sheet else ""
    return f"{row.source_file}{sheet}, строка {row.source_row}"


def _name_slot(table: str, row: Any) -> Slot:
    values = [getattr(row, column) for column in KINDS[table]]
    return Slot(table, tuple(None if pd.isna(value) else value for value in values))


def _place(slot: Slot) -> tuple[int, tuple[str, ...]]:
    return list(KINDS).index(slot.table), tuple(f"{value:>3}" for value in slot.kind)
