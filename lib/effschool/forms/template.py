"""What is asked of an ОМСУ (форма) is data: columns, words and limits, one YAML file.

The models below say what the file may hold; a wrong file is refused whole, each fault named by its file, line and key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words, read_rules
from effschool.base.schemas import CONTRACT, LEVELS

FormTable = Literal["social", "certificates"]
SheetName = Annotated[str, StringConstraints(min_length=1, max_length=31, pattern=r"^[^\[\]:*?/\\']+$")]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
"""Excel shows no more in a message of a cell; its title may have 32 characters."""
PromptTitle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]


class FormColumn(Frozen):
    """A column to fill in: its name in the contract's table, its heading there, what to write in it."""

    name: str
    heading: Words
    hint: Prompt


class FormSheet(Frozen):
    """A sheet of the form: the rows it asks for one contract table.

    Args:
        total: the column that no other may exceed; it may not exceed `most` itself.
        levels: type of school → levels asked for, a row each; empty where a school has one row.
    """

    table: FormTable
    sheet: SheetName
    title: Words
    hint: Words
    total: str
    most: Whole
    columns: tuple[FormColumn, ...] = Field(min_length=1)
    levels: dict[str, tuple[Literal["ООО", "СОО"], ...]] = Field(default={})

    @property
    def headings(self) -> dict[str, str]:
        """Heading of every column to fill in, by its name."""
        return {column.name: column.heading for column in self.columns}

    @property
    def keys(self) -> list[str]:
        """Columns that tell a row from others."""
        return ["year", "school_id", "level"] if self.levels else ["year", "school_id"]

    def list_levels(self, kind: object) -> tuple[str, ...]:
        """Levels asked of a school of a type; of a type unknown, all."""
        return self.levels.get(kind, LEVELS) if isinstance(kind, str) else LEVELS

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        counts = [name for name, spec in CONTRACT[self.table].columns.items() if str(spec.dtype) == "Int64"]
        for place, column in enumerate(self.columns):
            if column.name not in counts:
                raise RuleError(f"ожидался столбец таблицы {self.table}: {', '.join(counts)}", "columns", place, "name")
        if self.total not in self.headings:
            raise RuleError("ожидался один из столбцов листа", "total")
        return self


class Instruction(Frozen):
    """The sheet that says how to fill in the others."""

    sheet: SheetName
    title: Words
    steps: tuple[Words, ...] = Field(min_length=1)
    example: Words
    columns_title: Words


class Reasons(Frozen):
    """The drop-down of reasons why a row is blank."""

    heading: Words
    title: PromptTitle
    hint: Prompt
    error: Prompt
    values: tuple[Words, ...] = Field(min_length=1)


class CheckWords(Frozen):
    """Words that the formulas of a row and of a sheet put together."""

    heading: Words
    right: Words
    blank: Words
    without: str
    few: str
    wrong: str
    not_number: str
    too_many: str
    too_large: str
    sheet_right: Words
    sheet_wrong: str
    sheet_blank: str
    sheet_few: str


class LimitWords(Frozen):
    """Messages of a cell that refuses a number; `{most}` and `{total}` are filled in."""

    title: PromptTitle
    total: Prompt
    part: Prompt


class BandWords(Frozen):
    """Words above the blocks of columns; `{year}` is last year."""

    key: Words
    input: Words
    past: Words


class ProtocolWords(Frozen):
    """Words of the protocol: a sentence for every state of a municipality, `{file}` is the marked copy or the file."""

    title: Words
    states: dict[str, Words]
    copy_note: Words = Field(alias="copy")
    no_copy: Words
    marks_sheet: SheetName
    author: Words


class Form(Frozen):
    """The form, whole."""

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: Words
    keys: dict[str, Words]
    name_heading: Words
    past_heading: Words
    bands: BandWords
    instruction: Instruction
    reasons: Reasons
    check: CheckWords
    limits: LimitWords
    protocol: ProtocolWords
    sheets: tuple[FormSheet, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_sheets(self) -> Self:
        _refuse_doubled([self.instruction.sheet, *(sheet.sheet for sheet in self.sheets)], "sheets")
        if list(self.keys) != ["year", "school_id", "level"]:
            raise RuleError("ожидались заголовки ключей year, school_id, level в этом порядке", "keys")
        _refuse_doubled([sheet.table for sheet in self.sheets], "sheets")
        return self

    def head_table(self, table: str) -> Mapping[str, str]:
        """Heading of every column of a table that the form knows, keys included."""
        found = next((sheet.headings for sheet in self.sheets if sheet.table == table), {})
        return {**self.keys, **found}


def _refuse_doubled(names: Sequence[str], at: str) -> None:
    doubled = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if doubled is not None:
        raise RuleError(f"«{doubled}» стоит дважды, ожидались разные имена", at)


def load_form(path: Path) -> Form:
    """Read the form.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(Form, path, "формы")
