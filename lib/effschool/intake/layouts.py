"""A layout (макет) is data: how one kind of file is recognised and which of its columns mean what.

The contract's own tables are read by layouts too, so there is one engine; a region with files of its own adds YAML, not
code. A wrong layout file is refused whole, each fault named by its place in the file.
"""

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from effschool.base import schemas
from effschool.base.configuration import ConfigurationError, Frozen, read_rules
from effschool.base.russian import LOOKALIKES, clean_letters, fold_lookalikes

TableName = Literal[
    "schools",
    "results",
    "certificates",
    "social",
    "conditions",
    "programme",
    "journal",
    "scores",
    "marked",
    "tasks",
    "targets_fact",
    "roadmap",
    "partners",
    "official",
    "proposal",
    "monitoring",
    "stages",
    "management",
    "teachers",
    "context",
]
OTHER_SPACES = "\N{NO-BREAK SPACE}\N{FIGURE SPACE}\N{THIN SPACE}\N{NARROW NO-BREAK SPACE}"
NUMBERS = {"int64", "Int64", "float64"}
"""Types of columns of the contract whose cells are numbers."""
_FIELD = re.compile(r"\{([a-z_]+)\}")
WORD = re.compile(r"[^\W\d_]+")
"""A word of a heading."""


@lru_cache(maxsize=1 << 16)
def simplify_text(text: str) -> str:
    """Form in which headings and listed values are compared: spaces collapsed, «ё» as «е», case ignored."""
    spaced = re.sub(rf"[\s{OTHER_SPACES}]+", " ", clean_letters(text)).strip()
    return fold_lookalikes(spaced).casefold().replace("ё", "е")


@lru_cache(maxsize=1 << 16)
def _fold_heading(text: str) -> str:
    # «OO» in Latin letters alone is no Cyrillic word by itself, but it is in «Код OO».
    return simplify_text(simplify_text(text).upper().translate(LOOKALIKES))


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
        pattern: regular expression for the whole heading, where spellings cannot be listed; with a group `each` the
            column stands once for every subject (or other thing) that the group finds: see `RowsLayout.each`;
            `values` and `patterns` then say what the thing is called.
        required: without such a column the file is not taken.
        values: what stands in the file → what it means; a spelling of the value itself is understood as well.
        patterns: the same by regular expressions, tried in order after `values`.
        blank: what a blank cell means.
        others: what becomes of a value that is not described: kept, kept and told (a warning), refused with an error,
            blanked with a warning.
        clean: `digits` keeps the digits of a code only, for sources that write one code in several ways.
        extract: regular expression whose first group is taken from the cell; a cell without it is blank.
        every: all parts of the cell that `extract` finds are taken, parted by «; ».
        fill: `down`: a blank cell means what stands above it (merged cells); `group`: rows that `keep` leaves out are
            headings of groups, and the value is that of the nearest such row above; `section`: the nearest that has
            one.
        scale: least and largest number that can stand in the cells of a mean; 0 to 100 where not given.
        factor: what the numbers of a mean are multiplied by, for sources that use another unit.
        row: regular expression for the first filled cell of the row under the header that gives this column for all
            that repeated columns stand for («Макс балл»); no heading means such a column, but the headings of those
            things may give it themselves, in the group `value` of `pattern`: «3.1 (2 б)».
    """

    headings: tuple[str, ...] = ()
    pattern: str | None = None
    required: bool = False
    values: dict[str, str] = Field(default={})
    patterns: tuple[ValuePattern, ...] = ()
    blank: str | None = None
    others: Literal["keep", "tell", "refuse", "blank"] = "keep"
    clean: Literal["digits"] | None = None
    extract: str | None = None
    every: bool = False
    fill: Literal["down", "group", "section"] | None = None
    scale: tuple[float, float] | None = None
    factor: float = Field(default=1, gt=0)
    row: str | None = None

    @field_validator("extract")
    @classmethod
    def _check_extract(cls, extract: str | None) -> str | None:
        return extract if extract is None else _check_group(extract)

    @field_validator("pattern", "row")
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
        return frozenset(map(_fold_heading, self.headings))

    @cached_property
    def meanings(self) -> dict[str, str]:
        """Values by what stands in the file, in the form in which texts are compared."""
        described = (*self.values.values(), *(rule.value for rule in self.patterns))
        own = {simplify_text(value): value for value in described}
        return own | {simplify_text(text): value for text, value in self.values.items()}

    def translate(self, text: str) -> str | None:
        """Value that a text of the file means; None where it is not described."""
        known = self.meanings.get(simplify_text(text))
        plain = " ".join(fold_lookalikes(text).split())
        matching = (rule.value for rule in self.patterns if re.search(rule.pattern, plain, re.IGNORECASE))
        return known if known is not None else next(matching, None)

    @property
    def heading(self) -> str:
        """The heading by which messages name the column."""
        return self.headings[0] if self.headings else re.sub(r"[\\^$]|\(.*\)\??", "", self.pattern or "").strip(" :?*.")

    @property
    def has_meanings(self) -> bool:
        """Whether the layout says what texts of the cells mean; of a repeated column it names the things instead."""
        return bool(self.values or self.patterns or self.others != "keep") and not self.is_repeated

    @property
    def is_repeated(self) -> bool:
        """Whether the column stands once for each of several things."""
        return self.pattern is not None and "each" in re.compile(self.pattern).groupindex

    def accepts(self, heading: str) -> str | None:
        """Whether a heading of a file means this column: None where not, else what the group `each` found in it."""
        if self.row is not None:
            return None
        if _fold_heading(heading) in self.spellings:
            return ""
        match = re.fullmatch(self.pattern, simplify_text(heading), re.IGNORECASE) if self.pattern else None
        if match is None:
            return None
        thing = match["each"].strip(" :,") if self.is_repeated else ""
        return self.translate(thing) or thing


class FieldLayout(Frozen):
    """A value that stands for the whole table: in the rows above its header, in the sheet's name or in the file's name.

    A field may have the name of a column: either of them is enough, and where both are there they have to agree.

    Args:
        title: what it is, for messages: «год в названии».
        pattern: regular expression looked for in those places in this order; its first group is the value.
        required: without it the sheet is not of this kind.
        agree: all places where it is found have to say the same.
        skip: regular expression for cells that are not looked at (the date of printing).
        whole: what stands above the first table of a sheet holds for the tables below it as well.
        blank: what it means that the field is not there.
        note: what a reader is warned of where it is there.
        values, patterns, others: as of a column.
    """

    title: str = Field(min_length=1)
    pattern: str
    required: bool = True
    agree: bool = False
    skip: str | None = None
    whole: bool = False
    blank: str | None = None
    note: str | None = None
    values: dict[str, str] = Field(default={})
    patterns: tuple[ValuePattern, ...] = ()
    others: Literal["keep", "tell", "refuse"] = "keep"

    @field_validator("pattern")
    @classmethod
    def _check_pattern(cls, pattern: str) -> str:
        return _check_group(pattern)

    @field_validator("skip")
    @classmethod
    def _check_skip(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else _check_regex(pattern)

    @cached_property
    def column(self) -> ColumnLayout:
        """How its text is turned into a value."""
        own = {"values": self.values, "patterns": self.patterns, "others": self.others, "blank": self.blank}
        return ColumnLayout(headings=("—",), **own)  # type: ignore[arg-type]

    def mean(self, text: str) -> str:
        """What a text found means; the text itself where the layout does not say."""
        known = self.column.translate(text)
        return text if known is None else known


class HeaderLayout(Frozen):
    """Where the header (шапка) is: within the first `within` rows, `rows` numbers of rows tried in order.

    The rows of a header are joined with a space; blank cells of its upper rows are filled from the left, like merged
    cells, and a cell of an upper row with nothing below it is the whole heading. A row of numbers 1, 2, 3… under the
    header is not taken for data.
    """

    within: int = Field(default=5, ge=1, le=50)
    rows: tuple[Annotated[int, Field(ge=1, le=5)], ...] = Field(default=(1,), min_length=1)


class PercentLayout(Frozen):
    """Counts that the file gives as per cent of a total; they become whole numbers that add up to it.

    Args:
        total: column of the table with the number of participants.
        parts: columns of the table whose per cents make 100.
    """

    total: str
    parts: tuple[str, ...] = Field(min_length=1)


class CountLayout(Frozen):
    """Which pupils are counted, by a number in one column of the file; exactly one of the conditions is given.

    Args:
        column: column of the layout with a mark or score.
        equals: the number is this one.
        at_least: the number is at least this.
        below_minimum: the number is below the minimum score of the procedure, subject and year (the register's).
        of_scale: count only where the subject's minimum is on this scale; elsewhere the count is missing.
    """

    column: str
    equals: float | None = None
    at_least: float | None = None
    below_minimum: bool = False
    of_scale: str | None = None

    @model_validator(mode="after")
    def _check_condition(self) -> Self:
        if (self.equals is not None) + (self.at_least is not None) + self.below_minimum != 1:
            raise ValueError("ожидалось одно условие: equals, at_least или below_minimum")
        return self


class MeanLayout(Frozen):
    """Scores of which a mean is taken: a column of the layout, for subjects whose minimum is on the scale given."""

    column: str
    of_scale: str | None = None


class PupilsLayout(Frozen):
    """A row of the file is a pupil: rows of the table are counts of them by school, subject and so on.

    Columns of the file that no rule names (names of pupils, documents) are never read.

    Args:
        counts: column of the table → pupils counted in it.
        means: column of the table → rules, the first of which that fits the subject says whose mean it is.
        key: columns of the layout that together tell a pupil; used as a keyed hash that is forgotten with the file, to
            find a pupil who stands twice.
        counted: column of the layout that says who took part and how (state, category, class, attendance) → its values
            of those who are counted; how many others there were, and why, is told in the note of the row.
        status, taken: the same for one column.
        attempt: column of the layout with the number of the attempt: of a pupil's rows the last attempt counts.
        limits: column of the layout → least and largest number that can stand in it.
        scale: column of marks → column of primary scores, from which the region's scale of the year gives a mark where
            none stands; `conditions`: name of a condition of the scale → column with the points it looks at.
    """

    counts: dict[str, CountLayout]
    means: dict[str, tuple[MeanLayout, ...]] = Field(default={})
    key: tuple[str, ...] = ()
    counted: dict[str, tuple[str, ...]] = Field(default={})
    status: str | None = None
    taken: tuple[str, ...] = ()
    attempt: str | None = None
    limits: dict[str, tuple[float, float]] = Field(default={})
    scale: dict[str, str] = Field(default={})
    conditions: dict[str, str] = Field(default={})

    @model_validator(mode="after")
    def _check_taken(self) -> Self:
        if bool(self.status) != bool(self.taken):
            raise ValueError("ключи status и taken нужны вместе")
        return self

    @cached_property
    def participation(self) -> dict[str, tuple[str, ...]]:
        """Columns that say who took part and how → values of those who are counted."""
        return ({self.status: self.taken} if self.status else {}) | self.counted

    @cached_property
    def numbers(self) -> tuple[str, ...]:
        """Columns with marks and scores."""
        counted = [count.column for count in self.counts.values()]
        averaged = [mean.column for means in self.means.values() for mean in means]
        return tuple(dict.fromkeys([*counted, *averaged, *self.scale.values(), *self.conditions.values()]))


class SchoolByName(Frozen):
    """Columns by which a school is found where its code is not there."""

    name: str
    municipality: str


class RowsLayout(Frozen):
    """Rows that a file gives to one contract table; several of these for one table turn wide into long.

    Args:
        table: the contract table.
        columns: column of the table → column of the layout or field; equal names need no mention.
        constants: column of the table → value for all rows.
        each: column of the table that takes what the group `each` of the headings found: a row for every such thing; in
            a protocol the things are tasks, and a task's points are counted of its own.
        skip_blank: a row where all of these columns of the table are blank is not taken: nothing was reported.
        only_with: a row where one of these columns is blank is not taken: it stands for a municipality, say.
        blank_where_zero: column → count; where the count is 0, a 0 in the column means «нет данных».
        percent: counts given as per cent of one total that they make up.
        percent_of: column of the table that the file gives as per cent → column with the total: each share is a part of
            a whole of its own, and has to give a whole number of pupils within the rounding of the file.
        pupils: a row of the file is a pupil.
        find_school: how a school is found where its code is blank or no column has it.
        names_school: column with the name of the school beside its code: a name of another school is told.
        repeats: `first`: a key met in an earlier file is not an error, the earlier row stays.
    """

    table: TableName
    columns: dict[str, str] = Field(default={})
    constants: dict[str, str | int] = Field(default={})
    each: str | None = None
    skip_blank: tuple[str, ...] = ()
    only_with: tuple[str, ...] = ()
    blank_where_zero: dict[str, str] = Field(default={})
    percent: PercentLayout | None = None
    percent_of: dict[str, str] = Field(default={})
    pupils: PupilsLayout | None = None
    find_school: SchoolByName | None = None
    names_school: str | None = None
    repeats: Literal["refuse", "first"] = "refuse"

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        known = set(schemas.CONTRACT[self.table].columns) - set(schemas.PROVENANCE)
        named = {*self.columns, *self.constants, *self.skip_blank, *self.only_with}
        named |= {*self.blank_where_zero, *self.blank_where_zero.values()}
        named |= {*self.percent_of, *self.percent_of.values()}
        named |= {self.each} if self.each else set()
        named |= {self.percent.total, *self.percent.parts} if self.percent else set()
        named |= {*self.pupils.counts, *self.pupils.means} if self.pupils else set()
        unknown = sorted(named - known)
        if unknown:
            raise ValueError(f"в таблице {self.table} нет столбцов: {', '.join(unknown)}")
        return self

    def list_counts(self, layout: "Layout") -> list[str]:
        """Columns of the layout whose cells are numbers of pupils, not per cents of them."""
        shares = {*self.percent_of, *(self.percent.parts if self.percent else ())}
        types = schemas.CONTRACT[self.table].columns
        mapped = map_columns(layout, self)
        return [source for name, source in mapped.items() if str(types[name].dtype) == "Int64" and name not in shares]

    @cached_property
    def sources(self) -> frozenset[str]:
        """Columns of the layout that the rule names itself."""
        own = set(self.columns.values())
        own |= {self.find_school.name, self.find_school.municipality} if self.find_school else set()
        own |= {self.names_school} if self.names_school else set()
        if self.pupils:
            own |= {*self.pupils.numbers, *self.pupils.scale, *self.pupils.participation, *self.pupils.key}
            own |= {self.pupils.attempt} if self.pupils.attempt else set()
        return frozenset(own)


class Layout(Frozen):
    """One kind of file (вид файла).

    Args:
        id: name of the layout in the list of files taken.
        title: what the file is, for messages.
        files: names of files relative to the raw folder; `*` is any text, `**` any text with folders, `{year}` a field
            that serves as a column. A layout that takes any name recognises its files by what is in them.
        sheets: `first` reads the first sheet, `all` every sheet that has the header.
        required: the tables must come from some file; where none does, that is an error.
        single: at most one file of this kind may be in the folder.
        partial: the run goes on without such a file where it is not accepted (a book of one municipality, signs of
            doubtful results); any other refused file stops it, for lists made without it would be other lists.
        delimiter: of CSV; found from the file where not given.
        unused: whether a column that the layout does not describe is worth a warning.
        foreign: regular expression for headings that such a file cannot have: with them it holds other things too.
        fields: values that stand for the whole sheet.
        keep: column of the layout → regular expression; only rows in which it is found are taken.
        drop: regular expression for the first filled cell of a row that is no data («Итого», a footnote).
        pass_over: the same for rows that `keep` leaves out on purpose; any other row left out is worth a warning.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str = Field(min_length=1)
    files: tuple[str, ...] = Field(default=("**",), min_length=1)
    sheets: Literal["first", "all"] = "first"
    required: bool = False
    single: bool = False
    partial: bool = False
    delimiter: Literal[",", ";", "\t"] | None = None
    header: HeaderLayout = HeaderLayout()
    unused: Literal["warn", "ignore"] = "warn"
    foreign: str | None = None
    fields: dict[str, FieldLayout] = Field(default={})
    columns: dict[str, ColumnLayout] = Field(min_length=1)
    keep: dict[str, str] = Field(default={})
    drop: str | None = None
    pass_over: str | None = None
    gives: tuple[RowsLayout, ...] = Field(min_length=1)

    @field_validator("drop", "pass_over", "foreign")
    @classmethod
    def _check_patterns(cls, pattern: str | None) -> str | None:
        return pattern if pattern is None else _check_regex(pattern)

    @model_validator(mode="after")
    def _check_sources(self) -> Self:
        for pattern in self.keep.values():
            _check_regex(pattern)
        wanted = {source for rows in self.gives for source in rows.sources} | set(self.keep)
        unknown = sorted(wanted - set(self.columns) - self.known_fields)
        if unknown:
            raise ValueError(f"gives и keep ссылаются на столбцы, которых нет в макете: {', '.join(unknown)}")
        for rows in self.gives:
            self._check_given(rows)
        self._refuse_unknown_texts()
        return self

    def accept(self, heading: str) -> dict[str, str]:
        """Columns that a heading of a file means, in their order, and what the group `each` of them found in it."""
        # Many files have the same headings, and every layout is tried on every file.
        if heading not in self._accepted:
            is_spelt = _fold_heading(heading) in self._spellings
            meant = {name: item.accepts(heading) for name, item in self.columns.items() if is_spelt or item.pattern}
            self._accepted[heading] = {name: thing for name, thing in meant.items() if thing is not None}
        return self._accepted[heading]

    @cached_property
    def _spellings(self) -> frozenset[str]:
        return frozenset().union(*(column.spellings for column in self.columns.values()))

    @cached_property
    def _accepted(self) -> dict[str, dict[str, str]]:
        return {"": {}}

    def _check_given(self, rows: RowsLayout) -> None:
        given = set(rows.constants) | set(map_columns(self, rows)) | {rows.each}
        given |= {"school_id"} if rows.find_school else set()
        given |= {*rows.pupils.counts, *rows.pupils.means} if rows.pupils else set()
        missing = sorted(set(list_required_columns(rows.table)) - given)
        if missing:
            raise ValueError(f"таблица {rows.table} не получает обязательных столбцов: {', '.join(missing)}")
        self._check_numbers(rows)

    def _refuse_unknown_texts(self) -> None:
        """Of a file of pupils no text is taken that the layout does not list: it may be a person's name."""
        given = [(rows, map_columns(self, rows)) for rows in self.gives if rows.pupils]
        kinds = {rows.table: schemas.CONTRACT[rows.table].columns for rows, _ in given}
        texts = {
            source
            for rows, sources in given
            for name, source in sources.items()
            if kinds[rows.table][name].dtype == "str"
        }
        self.columns.update(_refuse_others(self.columns, texts))
        self.fields.update(_refuse_others(self.fields, texts))

    def _check_numbers(self, rows: RowsLayout) -> None:
        """A number is never translated: keys that would be passed over in silence are refused."""
        types = schemas.CONTRACT[rows.table].columns
        numbers = {source for name, source in map_columns(self, rows).items() if str(types[name].dtype) in NUMBERS}
        numbers |= set(rows.pupils.numbers) if rows.pupils else set()
        idle = sorted(name for name in numbers & set(self.columns) if self.columns[name].has_meanings)
        if idle:
            raise ValueError(
                f"values, patterns и others у столбца с числами ({', '.join(idle)}) не действуют: "
                "уберите их; для чисел в другой шкале есть scale и factor, для отметок «нет данных» — extract"
            )

    @cached_property
    def required_columns(self) -> tuple[str, ...]:
        """Columns without which a file is not of this kind."""
        return tuple(name for name, column in self.columns.items() if column.required)

    @cached_property
    def known_fields(self) -> frozenset[str]:
        """Fields of the sheet, and those that the file name gives whichever of the names it has."""
        named = [frozenset(_FIELD.findall(name)) for name in self.files]
        return frozenset.intersection(*named) | frozenset(self.fields)

    @cached_property
    def name_patterns(self) -> tuple[re.Pattern[str], ...]:
        """File names as regular expressions."""
        return tuple(re.compile(_write_regex(name), re.IGNORECASE) for name in self.files)

    @cached_property
    def has_pupils(self) -> bool:
        """Whether a row of the file is a pupil."""
        return any(rows.pupils for rows in self.gives)

    @cached_property
    def words(self) -> frozenset[str]:
        """Words of the headings that the layout knows, in small letters."""
        texts = [text for column in self.columns.values() for text in (*column.headings, column.pattern or "")]
        return frozenset(word for text in texts for word in WORD.findall(simplify_text(text)))

    @property
    def takes_any_name(self) -> bool:
        """Whether files of this kind are recognised by what is in them, whatever their name."""
        return "**" in self.files

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
    available = set(layout.columns) | layout.known_fields
    equal = {name: name for name in names if name in available}
    return {name: source for name, source in (equal | rows.columns).items() if name not in rows.constants}


def list_required_columns(table: str) -> list[str]:
    """Columns of a contract table in which a blank cell is an error, those of provenance apart."""
    columns = schemas.CONTRACT[table].columns
    return [name for name, column in columns.items() if not column.nullable and name not in schemas.PROVENANCE]


def load_layouts(folder: Path) -> tuple[Layout, ...]:
    """All layouts of a folder, in the order of file names.

    Raises:
        ConfigurationError: there are none, a file is not YAML, or a rule in it is wrong; every fault has its line.
    """
    paths = sorted([*folder.glob("*.yml"), *folder.glob("*.yaml")])
    if not paths:
        raise ConfigurationError(
            f"В папке «{folder.name}» нет ни одного макета (файла .yml). Укажите папку с макетами."
        )
    layouts = tuple(
        layout for path in paths for layout in read_rules(LayoutFile, path, "макета", has_aliases=True).layouts
    )
    doubled = [name for name, count in Counter(layout.id for layout in layouts).items() if count > 1]
    if doubled:
        raise ConfigurationError(
            f"В папке «{folder.name}» повторяются макеты: {', '.join(doubled)}. Дайте им разные id."
        )
    return layouts


Listed = TypeVar("Listed", ColumnLayout, FieldLayout)


def _refuse_others(own: Mapping[str, Listed], texts: set[str]) -> dict[str, Listed]:
    """Those of the texts whose values are listed, with any other value refused."""
    listed = {name: item for name, item in own.items() if name in texts and (item.values or item.patterns)}
    return {name: item.model_copy(update={"others": "refuse"}) for name, item in listed.items()}


def _check_regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"регулярное выражение не читается: {error}") from None
    return pattern


def _check_group(pattern: str) -> str:
    if not re.compile(_check_regex(pattern)).groups:
        raise ValueError("ожидалось выражение со скобками: что в них, и есть значение")
    return pattern


def _write_regex(name: str) -> str:
    parts = re.split(r"(\*\*|\*|\{[a-z_]+\})", name)
    return "".join(_write_part(part) for part in parts)


def _write_part(part: str) -> str:
    field = _FIELD.fullmatch(part)
    if field:
        return f"(?P<{field[1]}>[^/]+?)"
    return {"**": ".*", "*": "[^/]*"}.get(part, re.escape(part))
