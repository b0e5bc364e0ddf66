"""What is asked of an ОМСУ (форма) is data: columns, words and limits, one YAML file.

The models below say what the file may hold; a wrong file is refused whole, each fault named by its file, line and key.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from effschool.base.configuration import (
    Fault,
    Frozen,
    RuleError,
    Whole,
    Words,
    read_extended,
    validate_entries,
)
from effschool.base.schemas import CONTRACT, KEYS, LEVELS, PROVENANCE
from effschool.support.management import load_cycle

FormTable = Literal["social", "certificates", "context", "teachers", "management", "stages", "monitoring"]
DTYPES = {"count": {"Int64"}, "number": {"Int64", "float64"}, "choice": {"str"}, "text": {"str"}}
"""Types of the contract's columns that a kind of question may fill."""
SheetName = Annotated[str, StringConstraints(min_length=1, max_length=31, pattern=r"^[^\[\]:*?/\\']+$")]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
"""Excel shows no more in a message of a cell; its title may have 32 characters."""
PromptTitle = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]


class FormColumn(Frozen):
    """A column to fill in: its name in the contract's table, its heading there, what to write in it.

    Args:
        kind: `count` a whole number; `number` one that may have a fraction; `choice` one of `values`; `text` a link or
            a day as it is written.
        least, most: limits of a number; a count without `most` may not exceed the total of its sheet.
        source: document that names what is asked.
    """

    name: str
    heading: Words
    hint: Prompt
    kind: Literal["count", "number", "choice", "text"] = "count"
    least: int = 0
    most: Whole | None = None
    values: tuple[Words, ...] = ()
    source: Words | None = None


class FormList(Frozen):
    """Things that a sheet has a row for (предметы, этапы, показатели): a column of the key and its values.

    `cycle` names a file of the management cycle in the form's folder: the values are its municipal questions.
    """

    name: str
    heading: Words
    values: tuple[Words, ...] = ()
    cycle: Words | None = None
    width: int = Field(default=18, ge=6, le=100)

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        if bool(self.values) == bool(self.cycle):
            raise RuleError("ожидался один из ключей: values или cycle", "values")
        return self


class FormSheet(Frozen):
    """A sheet of the form: the rows it asks for one contract table.

    Args:
        rows: a row for every school, for those that take part in a project of support, or for the municipality itself.
        total: the column that no other count may exceed; it may not exceed `most` itself.
        levels: type of school → levels asked for, a row each; empty where a school has one row.
        lists: what a row is repeated for.
    """

    table: FormTable
    sheet: SheetName
    title: Words
    hint: Words
    rows: Literal["schools", "participants", "municipality"] = "schools"
    total: str | None = None
    most: Whole | None = None
    columns: tuple[FormColumn, ...] = Field(min_length=1)
    levels: dict[str, tuple[Literal["ООО", "СОО"], ...]] = Field(default={})
    lists: tuple[FormList, ...] = ()

    @property
    def headings(self) -> dict[str, str]:
        """Heading of every column to fill in, by its name."""
        return {column.name: column.heading for column in self.columns}

    @property
    def mark(self) -> str:
        """Heading by which the sheet is known among the others."""
        return self.headings[self.total] if self.total else self.columns[0].heading

    @property
    def keys(self) -> list[str]:
        """Columns that tell a row from others."""
        own = ["municipality"] if self.rows == "municipality" else ["school_id"]
        return ["year", *own, *(["level"] if self.levels else []), *(item.name for item in self.lists)]

    @property
    def is_whole_key(self) -> bool:
        """Whether the rows asked for are the table's own, so that last year's can stand beside them."""
        return set(self.keys) == set(KEYS[self.table])

    def list_levels(self, kind: object) -> tuple[str, ...]:
        """Levels asked of a school of a type; of a type unknown, all."""
        return self.levels.get(kind, LEVELS) if isinstance(kind, str) else LEVELS

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        types = {name: str(spec.dtype) for name, spec in CONTRACT[self.table].columns.items()}
        for place, column in enumerate(self.columns):
            known = [name for name, kind in types.items() if kind in DTYPES[column.kind] and name not in PROVENANCE]
            if column.name not in known:
                raise RuleError(f"ожидался столбец таблицы {self.table}: {', '.join(known)}", "columns", place, "name")
            if bool(column.values) != (column.kind == "choice"):
                raise RuleError("значения нужны вопросу с выбором и только ему", "columns", place, "values")
            if column.most is None and (column.kind == "number" or (column.kind == "count" and not self.total)):
                raise RuleError("у числа ожидался предел: most или total листа", "columns", place, "most")
        if self.total and self.total not in self.headings:
            raise RuleError("ожидался один из столбцов листа", "total")
        if bool(self.total) != bool(self.most):
            raise RuleError("ключи total и most нужны вместе", "most")
        unknown = next((name for name in self.keys if name not in KEYS[self.table]), None)
        if unknown:
            raise RuleError(f"в ключе таблицы {self.table} нет столбца {unknown}", "lists")
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
    not_in_range: str
    not_listed: str
    too_many: str
    too_large: str
    sheet_right: Words
    sheet_wrong: str
    sheet_blank: str
    sheet_few: str


class LimitWords(Frozen):
    """Messages of a cell that refuses what was typed; `{least}`, `{most}`, `{total}` and `{values}` are filled in."""

    title: PromptTitle
    total: Prompt
    part: Prompt
    range: Prompt
    choice: Prompt
    text: Prompt


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
    """The form, whole: a workbook for every municipality.

    Args:
        also: names of forms in the same folder that are sent as workbooks beside this one.
        reasons: why a row is blank; without them a blank row is «нет данных» and nobody is asked.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: Words
    also: tuple[Words, ...] = ()
    keys: dict[str, Words]
    place_heading: Words
    name_heading: Words
    past_heading: Words
    bands: BandWords
    instruction: Instruction
    reasons: Reasons | None = None
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
        return next((self.head_keys(s) | s.headings for s in self.sheets if s.table == table), dict(self.keys))

    def head_keys(self, sheet: FormSheet) -> dict[str, str]:
        """Heading of every column that the form may have in the key of a sheet."""
        listed = {item.name: item.heading for item in sheet.lists}
        return {**self.keys, "municipality": self.place_heading, **listed}


def _refuse_doubled(names: Sequence[str], at: str) -> None:
    doubled = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if doubled is not None:
        raise RuleError(f"«{doubled}» стоит дважды, ожидались разные имена", at)


def load_form(path: Path) -> Form:
    """Read a form, which may extend another one of its folder.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    faults: list[Fault] = []
    entry, _ = read_extended(path, "формы", faults, lambda found, _: found)
    form = validate_entries(Form, entry, f"Файл формы «{path.name}»", faults)
    return form.model_copy(update={"sheets": tuple(_fill_lists(sheet, path.parent) for sheet in form.sheets)})


def _fill_lists(sheet: FormSheet, folder: Path) -> FormSheet:
    """The sheet with the questions of the management cycle, where it asks them."""
    filled = [
        item.model_copy(update={"values": load_cycle(folder / f"{item.cycle}.yml").ask("municipality")})
        if item.cycle
        else item
        for item in sheet.lists
    ]
    return sheet.model_copy(update={"lists": tuple(filled)})


def load_forms(path: Path) -> tuple[Form, ...]:
    """A form and those that are sent beside it.

    Raises:
        ConfigurationError: as `load_form`.
    """
    form = load_form(path)
    return (form, *(load_form(path.parent / f"{name}.yml") for name in form.also))
