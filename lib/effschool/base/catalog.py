"""Catalogue of tables (перечень таблиц): what a row is, and of every column the label, the unit, what a blank means."""

from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules

FILE = Path(__file__).with_name("catalog.yml")


class ColumnCard(Frozen):
    """What a column holds; `blank` says what a missing value means, «нет данных» if nothing else is said."""

    label: Words
    unit: str = ""
    blank: Words = "нет данных"


class TableCard(Frozen):
    """A table that a run leaves.

    Args:
        file: its place among the run's tables, without ending.
        row: what a row is of.
        own: columns that mean something else here than in other tables.
    """

    file: Words
    title: Words
    row: Words
    columns: tuple[Words, ...]
    own: dict[str, ColumnCard] = Field(default_factory=dict)


class Catalog(Frozen):
    """All tables and columns that a person may take."""

    columns: dict[str, ColumnCard]
    tables: dict[str, TableCard]

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        for name, table in self.tables.items():
            unknown = [column for column in table.columns if column not in {**self.columns, **table.own}]
            if unknown:
                raise RuleError(f"столбец «{unknown[0]}» нигде не описан", "tables", name)
        return self

    def describe(self, table: str, column: str) -> ColumnCard:
        """What a column of a table holds."""
        return {**self.columns, **self.tables[table].own}[column]


@cache
def load_catalog() -> Catalog:
    """The catalogue.

    Raises:
        ConfigurationError: a table names a column that is not described.
    """
    return read_rules(Catalog, FILE, "перечня таблиц")
