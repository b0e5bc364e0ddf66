"""Rules of plausibility (правила правдоподобия) are data: what contradicts itself, what is to be asked about, and why.

A rule with severity «ошибка» looks at rows of one file by themselves; one with «вопрос» may look at last year, at the
register and at the rest. The models say what `rules/plausible.yml` in the folder of layouts may hold.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Positive, RuleError, Whole, Words, read_rules, refuse_doubled
from effschool.base.problems import Severity
from effschool.base.schemas import CONTRACT

RULES = Path("rules") / "plausible.yml"
"""In the folder of layouts; a region with layouts of its own and without the file is asked nothing."""

WORDS = ("old", "new", "last_year", "low", "high", "share", "old_share", "points", "hint", "schools", "number", "group")
"""What stands in braces in the words of a rule; each kind fills in those that it knows."""


class Filter(Frozen):
    """Rows of the table that a rule looks at: column → its values; without a column, all rows."""

    only: dict[str, tuple[str, ...]] = Field(default={})
    but: dict[str, tuple[str, ...]] = Field(default={})


class RuleBase(Frozen):
    """What every rule has; `expected` and `action` are parts of a `Problem`, `source` says where the rule comes from.

    Args:
        total: column that counts the pupils behind a row.
        min_total: rows of fewer pupils are not looked at: chance moves them.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    severity: Severity = Severity.QUESTION
    table: str
    columns: tuple[str, ...] = Field(min_length=1)
    where: Filter = Filter()
    total: str = ""
    min_total: int = Field(default=0, ge=0)
    expected: Words
    action: Words
    source: Words

    @model_validator(mode="after")
    def _check_words(self) -> Self:
        try:
            self.expected.format(**dict.fromkeys(WORDS, ""))
        except (KeyError, IndexError, ValueError):
            raise RuleError(f"в скобках ожидалось одно из: {', '.join(WORDS)}", "expected") from None
        if self.table not in CONTRACT:
            raise RuleError(f"ожидалась таблица: {', '.join(CONTRACT)}", "table")
        for key, names in {"columns": self.columns, "total": [self.total] if self.total else []}.items():
            unknown = next((name for name in names if name not in CONTRACT[self.table].columns), None)
            if unknown:
                raise RuleError(f"в таблице {self.table} нет столбца {unknown}", key)
        if self.severity == Severity.ERROR and not isinstance(
            self, RangeRule | MixedRule | MarksRule | PointsRule | EqualRule
        ):
            raise RuleError("ошибкой может быть только противоречие внутри строк файла", "severity")
        return self


class RangeRule(RuleBase):
    """A value outside `least`…`most`, the scale that it is on."""

    kind: Literal["range"]
    least: float
    most: float


class MixedRule(RuleBase):
    """Values of two scales in the rows of a file, subject and year: `least`…`most`, and above `most`.

    Args:
        passing: least passing value of the other scale: then rows inside `least`…`most` count only where more pupils
            passed than such a mean of the other scale allows. None counts all.
        share, min_rows: either scale must have as large a share of the rows, and as many.
    """

    kind: Literal["mixed"]
    least: float
    most: float
    passing: Positive | None = None
    share: float = Field(default=0, ge=0, le=0.5)
    min_rows: Whole = 1


class MarksRule(RuleBase):
    """A mean outside what the marks of its row allow; `swapped` is said where marks 2 and 5 exchanged would fit."""

    kind: Literal["marks"]
    swapped: Words


class PointsRule(RuleBase):
    """A mean of test points outside what numbers below the minimum and of `good` points or more allow, by `slack`."""

    kind: Literal["points"]
    slack: float = Field(default=0, ge=0)
    good: Positive = 80
    best: Positive = 100


class EqualRule(RuleBase):
    """Two columns that count the same pupils."""

    kind: Literal["equal"]


class RatioRule(RuleBase):
    """A count outside `least`…`most` times last year's (`min_old` or more), by more than `z` errors of chance."""

    kind: Literal["ratio"]
    least: Positive
    most: Positive
    min_old: Whole
    z: float = Field(default=0, ge=0)


class ShareRule(RuleBase):
    """A share of `total` that moved by more than `points` percentage points and `z` standard errors."""

    kind: Literal["share"]
    points: Positive
    z: float = Field(default=0, ge=0)


class LevelRule(RuleBase):
    """The mean of a file's schools, of the value or of its share of `total`, that moved by `points` and `z` errors."""

    kind: Literal["level"]
    is_share: bool = False
    points: Positive
    z: Positive
    min_schools: Whole


class RowRule(RuleBase):
    """`same`: every column as last year, `zero`: every column 0; in `min_rows` rows and `share` of those compared."""

    kind: Literal["same", "zero"]
    min_rows: Whole = 1
    share: float = Field(default=0, ge=0, le=1)


class ConstantRule(RuleBase):
    """One value in `share` of the rows of a file, subject and year, which are `min_rows` or more."""

    kind: Literal["constant"]
    min_rows: Whole
    share: float = Field(gt=0, le=1)


class EnrolmentRule(RuleBase):
    """A count above `most` times the school's enrolment in the register of the year, where that is `min_enrolment`."""

    kind: Literal["enrolment"]
    most: Positive
    min_enrolment: Whole = 1


class CutRule(RuleBase):
    """Schools of the register that had a row last year and have none now: `share` of them and `min_schools` or more."""

    kind: Literal["cut"]
    share: float = Field(gt=0, le=1)
    min_schools: Whole


class VanishRule(RuleBase):
    """A column blank in all rows, or 0 where last year's share makes `least_expected` pupils likely."""

    kind: Literal["vanish"]
    least_expected: Positive
    min_schools: Whole


class NobodyRule(RuleBase):
    """0 below the minimum in a whole file whose means make `least_expected` likely; `spread`: points of one pupil."""

    kind: Literal["nobody"]
    spread: Positive
    least_expected: Positive


class FlatRule(RuleBase):
    """Counts, none above `most`, that do not grow with the number of pupils: per cents are like that."""

    kind: Literal["flat"]
    most: Positive
    min_schools: Whole
    min_ratio: Positive
    max_slope: Positive
    z: Positive


Rule = Annotated[
    RangeRule
    | MixedRule
    | MarksRule
    | PointsRule
    | EqualRule
    | RatioRule
    | ShareRule
    | LevelRule
    | RowRule
    | ConstantRule
    | EnrolmentRule
    | CutRule
    | VanishRule
    | NobodyRule
    | FlatRule,
    Field(discriminator="kind"),
]


class RuleFile(Frozen):
    """What the file holds; the order is that of the messages."""

    plausible: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _check_ids(self) -> Self:
        refuse_doubled([rule.id for rule in self.plausible], "plausible")
        return self


def load_rules(layouts: Path) -> tuple[Rule, ...]:
    """Rules of a folder of layouts; none where it has no file of them.

    Raises:
        ConfigurationError: the file is not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    path = layouts / RULES
    return read_rules(RuleFile, path, "правдоподобия").plausible if path.is_file() else ()
