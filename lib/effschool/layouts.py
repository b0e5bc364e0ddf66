"""A layout (раскладка) is data: how one kind of file is recognised and which of its columns mean what.

The contract's own tables are read by layouts too, so there is one engine; a region with files of its own adds YAML, not
code. A wrong layout file is refused whole, each fault named by its place in the file.
"""

import re
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from effschool import schemas

TableName = Literal["schools", "results", "certificates", "social", "programme"]
OTHER_SPACES = "\N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
INVISIBLE = "\N{ZERO WIDTH NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{SOFT HYPHEN}"
_FIELD = re.compile(r"\{([a-z_]+)\}")


class LayoutError(ValueError):
    """A layout file cannot be used; the message is in Russian and names every fault."""


class Frozen(BaseModel):
    """Base of all models: unknown keys are refused, values cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def simplify_text(text: str) -> str:
    """Form in which headings and listed values are compared: spaces collapsed, «ё» as «е», case ignored."""
    visible = re.sub(f"[{INVISIBLE}]", "", text)
    return re.sub(rf"[\s{OTHER_SPACES}]+", " ", visible).strip().casefold().replace("ё", "е")


class ValuePattern(Frozen):
    """A regular expression that, found in a cell (case ignored), gives a value."""

    pattern: str
    value: str

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        return _check_regex(pattern)


class ColumnLayout(Frozen):
    """A column of the file (столбец): its headings and how its cells are turned into values.

    Args:
        headings: spellings of the heading, compared without regard to case, «ё» and extra spaces.
        pattern: regular expression for the whole heading, where spellings cannot be listed.
        required: without such a column the file is not taken.
        values: what stands in the file → what it means; a spelling of the value itself is understood as well.
        patterns: the same by regular expressions, tried in order after `values`.
        others: what becomes of a value that is not described: kept, refused with an error, blanked with a warning.
        clean: `digits` keeps the digits of a code only, for sources that write one code in several ways.
    """

    headings: tuple[str, ...] = ()
    pattern: str | None = None
    required: bool = False
    values: dict[str, str] = {}
    patterns: tuple[ValuePattern, ...] = ()
    others: Literal["keep", "refuse", "blank"] = "keep"
    clean: Literal["digits"] | None = None

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else _check_regex(pattern)

    @model_validator(mode="after")
    def _check_headings(self) -> Self:
        if not self.headings and self.pattern is None:
            raise ValueError("нужен хотя бы один заголовок: headings или pattern")
        return self

    @cached_property
    def spellings(self) -> frozenset[str]:
        """Headings in the form in which they are compared."""
        return frozenset(map(simplify_text, self.headings))

    @cached_property
    def meanings(self) -> dict[str, str]:
        """Values by what stands in the file, in the form in which texts are compared."""
        own = {simplify_text(value): value for value in self.values.values()}
        return own | {simplify_text(text): value for text, value in self.values.items()}

    def translate(self, text: str) -> str | None:
        """Value that a text of the file means; None where it is not described."""
        known = self.meanings.get(simplify_text(text))
        matching = (rule.value for rule in self.patterns if re.search(rule.pattern, text, re.IGNORECASE))
        return known if known is not None else next(matching, None)

    def accepts(self, heading: str) -> bool:
        """Whether a heading of a file means this column."""
        simple = simplify_text(heading)
        if simple in self.spellings:
            return True
        return self.pattern is not None and re.fullmatch(self.pattern, simple, re.IGNORECASE) is not None


class HeaderLayout(Frozen):
    """Where the header (шапка) is: within the first `within` rows, `rows` numbers of rows tried in order.

    The rows of a header are joined with a space; blank cells of its upper rows are filled from the left, like merged
    cells.
    """

    within: int = Field(default=5, ge=1, le=50)
    rows: tuple[Annotated[int, Field(ge=1, le=5)], ...] = Field(default=(1,), min_length=1)


class RowsLayout(Frozen):
    """Rows that a file gives to one contract table; several of these for one table turn wide into long.

    Args:
        table: the contract table.
        columns: column of the table → column of the layout or field of the file name; equal names need no mention.
        constants: column of the table → value for all rows.
        skip_blank: a row where all of these columns of the table are blank is not taken: nothing was reported.
        blank_where_zero: column → count; where the count is 0, a 0 in the column means «нет данных».
        repeats: `first`: a key met in an earlier file is not an error, the earlier row stays.
    """

    table: TableName
    columns: dict[str, str] = {}
    constants: dict[str, str | int] = {}
    skip_blank: tuple[str, ...] = ()
    blank_where_zero: dict[str, str] = {}
    repeats: Literal["refuse", "first"] = "refuse"

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        known = set(schemas.CONTRACT[self.table].columns) - set(schemas.PROVENANCE)
        zeros = {*self.blank_where_zero, *self.blank_where_zero.values()}
        unknown = sorted({*self.columns, *self.constants, *self.skip_blank, *zeros} - known)
        if unknown:
            raise ValueError(f"в таблице {self.table} нет столбцов: {', '.join(unknown)}")
        return self


class Layout(Frozen):
    """One kind of file (вид файла).

    Args:
        id: name of the layout in the list of files taken.
        title: what the file is, for messages.
        files: names of files relative to the raw folder; `*` is any text, `{year}` a field that serves as a column.
        required: the tables must come from some file; where none does, that is an error.
        single: at most one file of this kind may be in the folder.
        delimiter: of CSV; found from the file where not given.
        unused: whether a column that the layout does not describe is worth a warning.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    files: tuple[str, ...] = Field(min_length=1)
    required: bool = False
    single: bool = False
    delimiter: Literal[",", ";", "\t"] | None = None
    header: HeaderLayout = HeaderLayout()
    unused: Literal["warn", "ignore"] = "warn"
    columns: dict[str, ColumnLayout] = Field(min_length=1)
    gives: tuple[RowsLayout, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        known = set(self.columns) | self.fields
        unknown = sorted({source for rows in self.gives for source in rows.columns.values()} - known)
        if unknown:
            raise ValueError(f"gives ссылается на столбцы, которых нет в раскладке: {', '.join(unknown)}")
        for rows in self.gives:
            given = set(rows.constants) | set(map_columns(self, rows))
            missing = sorted(set(list_required_columns(rows.table)) - given)
            if missing:
                raise ValueError(f"таблица {rows.table} не получает обязательных столбцов: {', '.join(missing)}")
        return self

    @cached_property
    def fields(self) -> frozenset[str]:
        """Fields that the file name gives whichever of the names it has."""
        named = [frozenset(_FIELD.findall(name)) for name in self.files]
        return frozenset.intersection(*named)

    @cached_property
    def name_patterns(self) -> tuple[re.Pattern[str], ...]:
        """File names as regular expressions."""
        return tuple(re.compile(_write_regex(name), re.IGNORECASE) for name in self.files)

    def match_name(self, name: str) -> dict[str, str] | None:
        """Fields of a file name; None where the file is of another kind."""
        found = (pattern.fullmatch(name) for pattern in self.name_patterns)
        return next((match.groupdict() for match in found if match), None)

    @property
    def tables(self) -> frozenset[str]:
        """Contract tables that such a file feeds."""
        return frozenset(rows.table for rows in self.gives)


class LayoutFile(Frozen):
    """What one YAML file holds."""

    layouts: tuple[Layout, ...] = Field(min_length=1)


def map_columns(layout: Layout, rows: RowsLayout) -> dict[str, str]:
    """Column of the table → its source in the file, equal names included."""
    names = [name for name in schemas.CONTRACT[rows.table].columns if name not in schemas.PROVENANCE]
    available = set(layout.columns) | layout.fields
    equal = {name: name for name in names if name in available}
    return {name: source for name, source in (equal | rows.columns).items() if name not in rows.constants}


def list_required_columns(table: str) -> list[str]:
    """Columns of a contract table in which a blank cell is an error, those of provenance apart."""
    columns = schemas.CONTRACT[table].columns
    return [name for name, column in columns.items() if not column.nullable and name not in schemas.PROVENANCE]


def load_layouts(folder: Path) -> tuple[Layout, ...]:
    """All layouts of a folder, in the order of file names.

    Raises:
        LayoutError: there are none, a file is not YAML, or a rule in it is wrong; every fault is named.
    """
    paths = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not paths:
        raise LayoutError(f"В папке «{folder.name}» нет ни одной раскладки (файла .yml). Укажите папку с раскладками.")
    layouts = tuple(layout for path in paths for layout in read_layout_file(path).layouts)
    doubled = [name for name, count in Counter(layout.id for layout in layouts).items() if count > 1]
    if doubled:
        raise LayoutError(f"В папке «{folder.name}» повторяются раскладки: {', '.join(doubled)}. Дайте им разные id.")
    return layouts


def read_layout_file(path: Path) -> LayoutFile:
    """One YAML file of layouts.

    Raises:
        LayoutError: not YAML, or a rule in it is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LayoutError(f"Файл раскладки «{path.name}» не читается как YAML: {error}.") from None
    if not isinstance(content, dict):
        raise LayoutError(f"Файл раскладки «{path.name}» пуст или не содержит ключа layouts.")
    try:
        return LayoutFile.model_validate(content)
    except ValidationError as error:
        raise LayoutError(_say_faults(path, error)) from None


def _check_regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"регулярное выражение не читается: {error}") from None
    return pattern


def _write_regex(name: str) -> str:
    parts = re.split(r"(\*|\{[a-z_]+\})", name)
    return "".join(_write_part(part) for part in parts)


def _write_part(part: str) -> str:
    field = _FIELD.fullmatch(part)
    if field:
        return f"(?P<{field[1]}>[^/]+?)"
    return "[^/]*" if part == "*" else re.escape(part)


_FAULTS = {
    "missing": "нет обязательного ключа",
    "extra_forbidden": "лишний ключ, такого правила нет",
    "literal_error": "недопустимое значение, ожидалось одно из: {expected}",
    "string_pattern_mismatch": "недопустимое значение, ожидалась строка вида {pattern}",
    "too_short": "список пуст",
    "string_too_short": "пустая строка",
    "greater_than_equal": "ожидалось число не меньше {ge}",
    "less_than_equal": "ожидалось число не больше {le}",
    "int_parsing": "ожидалось целое число",
    "int_type": "ожидалось целое число",
    "bool_parsing": "ожидалось true или false",
    "string_type": "ожидалась строка",
    "tuple_type": "ожидался список",
    "dict_type": "ожидались пары «ключ: значение»",
    "model_type": "ожидались пары «ключ: значение»",
    "value_error": "{error}",
}


def _say_faults(path: Path, error: ValidationError) -> str:
    lines = [f"Файл раскладки «{path.name}» не принят."]
    for fault in error.errors(include_url=False):
        place = ".".join(str(part) for part in fault["loc"]) or "весь файл"
        text = _FAULTS.get(fault["type"], fault["msg"]).format(**fault.get("ctx", {}))
        value = fault["input"]
        found = f" Стоит «{value}»." if isinstance(value, str | int | float) else ""
        lines.append(f"— {place}: {text}.{found}")
    return "\n".join(lines)
