"""Columns of every table, declared once (DATA_CONTRACT.md): the tables taken in and the tables left behind.

Counts are nullable whole numbers: a blank cell is a missing value, never zero. School codes are text. A check has
as its `error` the phrase of what was expected and as its `title` what to do, so that a failure becomes a `Problem`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from pandera.pandas import Check, DataFrameSchema

SCHOOL_TYPES = ("средняя", "основная", "вечерняя", "начальная")
"""Types that the layouts of the project know; layouts and methodologies of another region have words of their own."""
LOCALITIES = ("город", "село")
LEVELS = ("ООО", "СОО")
EVENT_STATES = ("выполнено", "не выполнено", "отменено")
APPROVED = "утверждена"
AGREED = "согласовано"
SIGNED = "заключён"
AGREEMENTS = (SIGNED, "не заключён")
OFFICE_DECISIONS = (AGREED, "не согласовано")
STAGES = ("входной", "промежуточный", "итоговый")
"""Stages of monitoring (этапы мониторинга), in their order."""
ANSWERS = ("да", "в становлении", "нет")
YES_NO = ("да", "нет")
TRANSPORT = ("каждый день", "не каждый день", "нет")
"""How often one can get from the school to the municipality's centre (транспортная доступность)."""
INTERNET = ("хватает", "не хватает", "нет")
PAIR_STATES = (APPROVED, "не утверждена")
JOURNAL_CHANGES = ("понизили", "подтвердили", "повысили")
JOURNAL_FAR = ("понизили на две и больше", "повысили на две и больше")
"""Parts of those who lowered and who raised, where the file names them."""
BANDS = ("low", "mid", "high")
DOMAINS = ("results", "social")
SIGN_KINDS = ("journal_gap", "journal_raised", "border_peak", "above_region", "cohort_jump", "listed")
MARKS = ("mark_2", "mark_3", "mark_4", "mark_5")
SOCIAL_COUNTS = (
    "deviant",
    "school_register",
    "police_register",
    "non_native_russian",
    "special_needs",
    "parents_unemployed",
    "parents_no_higher_edu",
    "single_parent",
    "socially_dangerous",
    "free_lunch",
    "guardianship",
)
PROVENANCE = ("source_file", "source_sheet", "source_row", "source_note")
"""Where a row came from: file relative to the raw folder, sheet, row as Excel numbers it; in every table taken in.

`source_note` says what was done to it on the way («восстановлено из процентов»); missing where nothing was."""

KEYS = {
    "schools": ("year", "school_id"),
    "results": ("year", "school_id", "procedure", "subject", "grade"),
    "certificates": ("year", "school_id", "level"),
    "social": ("year", "school_id"),
    "conditions": ("year", "school_id", "condition"),
    "programme": ("school_id", "project", "entry_year"),
    "journal": ("year", "school_id", "subject", "grade", "change"),
    "scores": ("year", "school_id", "procedure", "subject", "grade", "score"),
    "marked": ("year", "school_id", "subject", "grade"),
    "tasks": ("year", "school_id", "procedure", "subject", "grade", "task"),
    "targets_fact": ("programme", "target", "year", "municipality"),
    "roadmap": ("programme", "municipality", "year", "number", "event"),
    "partners": ("school_id", "partner_id"),
    "official": ("year", "school_id"),
    "proposal": ("year", "school_id", "project"),
    "monitoring": ("year", "school_id", "stage", "subject", "grade"),
    "stages": ("year", "school_id", "stage"),
    "management": ("year", "municipality", "question"),
    "teachers": ("year", "school_id", "subject"),
    "context": ("year", "school_id"),
}
"""Columns that name a row of a table taken in; no two rows have the same ones.

One that may be blank (grade, municipality, number) names the row blank: no municipality is the whole region."""

FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True)
class ColumnSchema:
    """A column: its type as pandas names it, what makes its check if it has one, whether it may be blank."""

    dtype: str
    check: "Callable[[], Check] | None" = None
    nullable: bool = False


@dataclass(frozen=True)
class TableSchema:
    """A table: its columns by name, and what its rows are checked for together.

    Checks are pandera's, which takes as long to import as half of pandas: only who validates a table waits for it.
    """

    name: str
    columns: Mapping[str, ColumnSchema]
    checks: "tuple[Callable[[], Check], ...]" = ()
    unique: list[str] | None = None

    @cached_property
    def pandera(self) -> "DataFrameSchema":
        """The schema that checks; the columns of tables left behind stand in order."""
        from pandera import pandas as pandera  # noqa: PLC0415 -- see above

        columns = {
            name: pandera.Column(column.dtype, column.check and column.check(), nullable=column.nullable)
            for name, column in self.columns.items()
        }
        checks, is_ordered = [check() for check in self.checks], self.unique is not None
        return pandera.DataFrameSchema(
            columns, checks=checks, unique=self.unique, name=self.name, strict=True, ordered=is_ordered
        )

    def validate(self, frame: "pd.DataFrame", *, lazy: bool = False) -> "pd.DataFrame":
        """The frame, if it is as the schema says; `lazy` finds all faults before it raises pandera's `SchemaErrors`."""
        return self.pandera.validate(frame, lazy=lazy)


def _expect(function: Callable[..., Any], expected: str, action: str, **options: Any) -> "Callable[[], Check]":
    return lambda: _import_check()(function, error=expected, title=action, **options)


def _import_check() -> "type[Check]":
    from pandera.pandas import Check  # noqa: PLC0415 -- as in `TableSchema.pandera`

    return Check


def _year() -> ColumnSchema:
    check = _expect(
        lambda years: years.between(FIRST_YEAR, LAST_YEAR),
        f"ожидался год четырьмя цифрами от {FIRST_YEAR} до {LAST_YEAR}",
        "Исправьте год.",
    )
    return ColumnSchema("int64", check)


def _count() -> ColumnSchema:
    check = _expect(
        lambda counts: counts >= 0,
        "ожидалось число участников или обучающихся не меньше нуля",
        "Исправьте число или оставьте ячейку пустой, если данных нет.",
    )
    return ColumnSchema("Int64", check, nullable=True)


def _score() -> ColumnSchema:
    check = _expect(
        lambda scores: scores >= 0,
        "ожидался средний балл не меньше нуля",
        "Исправьте балл или оставьте ячейку пустой, если данных нет.",
    )
    return ColumnSchema("float64", check, nullable=True)


def _number(least: float, most: float, what: str) -> ColumnSchema:
    check = _expect(
        lambda numbers: numbers.between(least, most),
        f"ожидалось {what} от {least:g} до {most:g}",
        "Исправьте число или оставьте ячейку пустой, если данных нет.",
    )
    return ColumnSchema("float64", check, nullable=True)


def _text(nullable: bool = True) -> ColumnSchema:
    return ColumnSchema("str", nullable=nullable)


def _choice(values: Iterable[str], what: str, nullable: bool = False) -> ColumnSchema:
    listed = ", ".join(f"«{value}»" for value in values)
    check = _expect(
        lambda column: column.isin(list(values)),
        f"ожидалось одно из значений: {listed}",
        f"Проверьте столбец «{what}» и напишите одно из этих значений.",
    )
    return ColumnSchema("str", check, nullable=nullable)


def _unique(*key: str) -> "Callable[[], Check]":
    return _expect(
        lambda frame: ~frame.duplicated(list(key), keep=False),
        "ожидалась одна строка с таким ключом, а их несколько",
        "Оставьте одну строку, остальные удалите или исправьте в них год, код, предмет или класс.",
        statistics={"columns": list(key)},
        ignore_na=False,
    )


def _not_above(parts: Iterable[str], total: str, expected: str) -> "Callable[[], Check]":
    names = list(parts)
    return _expect(
        lambda frame: ~(frame[names].sum(axis=1, min_count=1) > frame[total]).fillna(False).astype(bool),
        expected,
        "Сверьте числа с исходным протоколом и исправьте строку.",
        statistics={"columns": names, "total": total},
        ignore_na=False,
    )


_SOURCE = {
    "source_file": _text(False),
    "source_sheet": _text(False),
    "source_row": ColumnSchema("int64"),
    "source_note": _text(),
}


def _take_in(name: str, columns: dict[str, ColumnSchema], *checks: "Callable[[], Check]") -> TableSchema:
    """A table taken in: its columns and those of its source; a key stands once."""
    return TableSchema(name, {**columns, **_SOURCE}, (_unique(*KEYS[name]), *checks))


def _leave_behind(name: str, unique: list[str], columns: dict[str, ColumnSchema]) -> TableSchema:
    return TableSchema(name, columns, unique=unique)


SCHOOLS = _take_in(
    "schools",
    {
        "year": _year(),
        "school_id": _text(False),
        "name": _text(False),
        "municipality": _text(False),
        "type": _text(),
        "locality": _choice(LOCALITIES, "Местность", nullable=True),
        "enrolment": _count(),
        "exclusion": _text(),
    },
)
"""A row per school and year. `exclusion`: empty, or why the school is left out; `type` in the words of the
layouts, which the `groups` of a methodology name; the rest as the constants."""

RESULTS = _take_in(
    "results",
    {
        "year": _year(),
        "school_id": _text(False),
        "procedure": _text(False),
        "subject": _text(False),
        "grade": ColumnSchema(
            "Int64",
            _expect(lambda grades: grades.between(1, 12), "ожидался класс от 1 до 12", "Исправьте класс."),
            nullable=True,
        ),
        "participants": _count(),
        **{mark: _count() for mark in MARKS},
        "below_min": _count(),
        "score_80_plus": _count(),
        "mean_score": _score(),
    },
    _not_above(MARKS, "participants", "отметок вместе больше, чем участников"),
    _not_above(["below_min", "score_80_plus"], "participants", "ниже порога и 80 и выше вместе больше, чем участников"),
)
"""A row per school, year, procedure, subject and grade; all but the key and `mean_score` are counts of pupils."""

CERTIFICATES = _take_in(
    "certificates",
    {
        "year": _year(),
        "school_id": _text(False),
        "level": _choice(LEVELS, "Уровень"),
        "graduates": _count(),
        "without_certificate": _count(),
    },
    _not_above(["without_certificate"], "graduates", "без аттестата больше, чем выпускников"),
)
"""A row per school, year and level (ООО after grade 9, СОО after grade 11); counts of graduates."""

SOCIAL = _take_in(
    "social",
    {
        "year": _year(),
        "school_id": _text(False),
        "pupils": _count(),
        **{name: _count() for name in SOCIAL_COUNTS},
    },
    *(_not_above([name], "pupils", "число больше, чем «Всего обучающихся»") for name in SOCIAL_COUNTS),
)
"""A row per school and year; all counts of pupils, `pupils` is «Всего обучающихся»."""

CONDITIONS = _take_in(
    "conditions",
    {
        "year": _year(),
        "school_id": _text(False),
        "condition": _text(False),
        "pupils": _count(),
        "count": _count(),
        "mean": ColumnSchema("float64", nullable=True),
    },
    _not_above(["count"], "pupils", "число больше, чем обучающихся"),
)
"""A row per school, year and social condition (условие) of a region that counts others than those of `social`.

Layouts name the conditions and methodologies ask for them by that name: `count` of the `pupils` are in the condition,
or the pupils' `mean` is that."""

PROGRAMME = _take_in(
    "programme",
    {
        "school_id": _text(False),
        "project": _text(False),
        "entry_year": _year(),
        "exit_year": ColumnSchema("Int64", _year().check, nullable=True),
        "partner_id": _text(),
        "curator": _text(),
        "track": ColumnSchema(
            "Int64",
            _expect(lambda tracks: tracks.between(1, 3), "ожидался трек 1, 2 или 3", "Исправьте трек."),
            nullable=True,
        ),
        "wave": _text(),
        "agreement": _choice(AGREEMENTS, "Договор", nullable=True),
    },
)
"""A row per school and year of entry into a project of support (программа поддержки).

`track`: 1 low results, 2 at risk, 3 prevention; `wave` is the intake (волна) as the project calls it; `agreement`:
whether the school's agreement with its partner and curator is signed (договор). All three may be missing."""

_GRADE = RESULTS.columns["grade"]

JOURNAL = _take_in(
    "journal",
    {
        "year": _year(),
        "school_id": _text(False),
        "subject": _text(False),
        "grade": _GRADE,
        "change": _choice((*JOURNAL_CHANGES, *JOURNAL_FAR), "Сравнение с журналом"),
        "pupils": _count(),
    },
)
"""A row per school, year, subject, grade and `change` (ВПР mark against that of the journal); `pupils` counts them.

The three `JOURNAL_CHANGES` are all pupils, `JOURNAL_FAR` are parts of two of them."""

SCORES = _take_in(
    "scores",
    {
        "year": _year(),
        "school_id": _text(False),
        "procedure": _text(False),
        "subject": _text(False),
        "grade": _GRADE,
        "score": ColumnSchema("Int64"),
        "participants": _count(),
        "pupils": _count(),
    },
    _not_above(["pupils"], "participants", "учеников с одним баллом больше, чем участников"),
)
"""A row per school, year, procedure, subject, grade and primary `score`; `pupils` of the `participants` have it."""

MARKED = _take_in(
    "marked",
    {
        "year": _year(),
        "school_id": _text(False),
        "subject": _text(False),
        "grade": _GRADE,
        "marked": _count(),
    },
)
"""A row per school, year, subject and grade that an outside list marks as doubtful (`marked` is 1)."""

TASKS = _take_in(
    "tasks",
    {
        "year": _year(),
        "school_id": _text(False),
        "procedure": _text(False),
        "subject": _text(False),
        "grade": _GRADE,
        "task": _text(False),
        "maximum": ColumnSchema(
            "Int64",
            _expect(lambda most: most.between(1, 50), "ожидался максимальный балл от 1 до 50", "Исправьте балл."),
        ),
        "share": ColumnSchema(
            "float64",
            _expect(
                lambda shares: shares.between(0, 1),
                "ожидалась доля баллов от 0 до 1, в файле — от 0 до 100 %",
                "Сверьте проценты с исходным отчётом.",
            ),
        ),
        "participants": _count(),
    },
)
"""A row per school, year, procedure, subject, grade and `task` («3.1»): of the points that its `participants` could get
(`maximum` each), the `share` that they got."""

TARGETS_FACT = _take_in(
    "targets_fact",
    {
        "programme": _text(False),
        "target": _text(False),
        "year": _year(),
        "municipality": _text(),
        "value": ColumnSchema("float64", nullable=True),
    },
)
"""A row per programme, target (its id or title), year and place: what the institute counted itself (факт показателя).

`municipality` is missing for the whole region; `value` is in the unit of the target."""

ROADMAP = _take_in(
    "roadmap",
    {
        "programme": _text(False),
        "municipality": _text(),
        "number": _text(),
        "year": ColumnSchema("Int64", _year().check, nullable=True),
        "term": _text(),
        "event": _text(False),
        "responsible": _text(),
        "expected": _text(),
        "state": _choice(EVENT_STATES, "Состояние", nullable=True),
        "done": _text(),
        "as_of": _text(),
    },
)
"""A row per event of a plan (мероприятие дорожной карты), its words as they stand.

`municipality` is missing for an event of the region; `year` is that of the plan's title, or of a column or a row for a
year, for terms without one; `term`, `done` and `as_of` are dates in words or figures (`terms.read_terms`)."""

PARTNERS = _take_in(
    "partners",
    {
        "year": _year(),
        "school_id": _text(False),
        "partner_id": _text(False),
        "state": _choice(PAIR_STATES, "Состояние"),
    },
)
"""A row per school and partner (пара партнёров) and whether the institute has approved in `year` that it be named."""

OFFICIAL = _take_in("official", {"year": _year(), "school_id": _text(False), "level": _text()})
"""A row per year and school on the official list of ФИОКО (перечень ШНОР); `level` as published, missing where none."""

PROPOSAL = _take_in(
    "proposal",
    {
        "year": _year(),
        "school_id": _text(False),
        "project": _text(False),
        "decision": _choice(OFFICE_DECISIONS, "Решение ОМСУ", nullable=True),
        "reason": _text(),
    },
)
"""A row per school proposed for a project in a year: the decision of its ОМСУ (missing: none yet) and the reason."""

MONITORING = _take_in(
    "monitoring",
    {
        "year": _year(),
        "school_id": _text(False),
        "stage": _choice(STAGES, "Этап"),
        "subject": _text(False),
        "grade": _GRADE,
        "participants": _count(),
        **{mark: _count() for mark in MARKS},
    },
    _not_above(MARKS, "participants", "отметок вместе больше, чем участников"),
)
"""A row per participating school, year, stage of monitoring, subject and grade: counts of pupils by mark of the work
that the school wrote at that stage (мониторинг результативности)."""

MONITORING_STAGES = _take_in(
    "stages",
    {
        "year": _year(),
        "school_id": _text(False),
        "stage": _choice(STAGES, "Этап"),
        "day": _text(),
        "corrected": _choice(YES_NO, "Программа скорректирована", nullable=True),
        "link": _text(),
    },
)
"""A row per participating school, year and stage that was held: on which `day` (as written), whether the school's
programme was `corrected` after it (корректировка плана-программы), `link` to the programme."""

MANAGEMENT = _take_in(
    "management",
    {
        "year": _year(),
        "municipality": _text(False),
        "question": _text(False),
        "answer": _choice(ANSWERS, "Ответ", nullable=True),
        "link": _text(),
    },
)
"""A row per year, municipality and question of the management cycle (управленческий цикл): what its ОМСУ answered and
the `link` to the document; `question` is an id of the form or its words."""

TEACHER_COUNTS = (
    "teachers",
    "courses_planned",
    "courses_passed",
    "diagnosed",
    "with_deficits",
    "helped",
    "mentors",
    "vacancies",
)
TEACHERS = _take_in(
    "teachers",
    {
        "year": _year(),
        "school_id": _text(False),
        "subject": _text(False),
        **{name: _count() for name in TEACHER_COUNTS},
    },
    *(
        _not_above([name], "teachers", "число больше, чем учителей")
        for name in ("courses_planned", "courses_passed", "diagnosed", "with_deficits", "mentors")
    ),
    _not_above(["helped"], "with_deficits", "с помощью больше, чем с дефицитами"),
)
"""A row per school, year and subject: numbers of teachers, without names. Courses (курсы) planned and passed; who was
`diagnosed` (диагностика), `with_deficits` found and `helped` to overcome them; mentors (наставники); vacancies."""

STAFF_COUNTS = ("under_35", "over_55", "no_higher_education", "no_category", "below_standard", "leaders")
SPECIALISTS = ("psychologists", "speech_therapists", "defectologists", "social_teachers")
CONTEXT = _take_in(
    "context",
    {
        "year": _year(),
        "school_id": _text(False),
        "distance_km": _number(0, 2000, "расстояние в километрах"),
        "transport": _choice(TRANSPORT, "Транспорт до муниципального центра", nullable=True),
        "internet": _choice(INTERNET, "Интернет", nullable=True),
        "bussed": _count(),
        "staff": _count(),
        **{name: _count() for name in STAFF_COUNTS},
        "load_hours": _number(0, 60, "число часов в неделю"),
        "vacancies": _count(),
        "hidden_vacancies": _count(),
        **{name: _number(0, 50, "число ставок") for name in SPECIALISTS},
        "practices": _count(),
    },
    *(_not_above([name], "staff", "число больше, чем «Всего учителей»") for name in STAFF_COUNTS),
    _not_above(["under_35", "over_55"], "staff", "моложе и старше вместе больше, чем «Всего учителей»"),
)
"""A row per school and year: what the school works in (контекст школы); counts of teachers and pupils, without names.

`bussed`: pupils carried from other places; `no_category`, `below_standard`: teachers without a qualification category,
against the professional standard; `load_hours`: mean hours a week of a teacher; `hidden_vacancies`: subjects that no
specialist teaches though the post is filled; `SPECIALISTS`: posts filled; `practices`: practices of the school that are
described; `leaders`: teachers who lead municipal work, take part in contests, have made their experience public."""

CONTRACT = {
    schema.name: schema
    for schema in (
        *(SCHOOLS, RESULTS, CERTIFICATES, SOCIAL, CONDITIONS, PROGRAMME),
        *(JOURNAL, SCORES, MARKED, TASKS, TARGETS_FACT, ROADMAP, PARTNERS),
        *(OFFICIAL, PROPOSAL, MONITORING, MONITORING_STAGES, MANAGEMENT, TEACHERS, CONTEXT),
    )
}
"""The tables taken in, by name; those after the programme only where such files are sent."""

SCHOOLS_OUT = _leave_behind(
    "schools",
    ["year", "school_id"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "name": _text(False),
        "municipality": _text(False),
        "group": _text(),
        "locality": _text(),
        "enrolment": ColumnSchema("Int64", nullable=True),
        "exclusion": _text(),
    },
)
"""A row per school and year; `group` («средние», «основные», «вечерние») is null when the school is left out."""

INDICATORS = _leave_behind(
    "indicators",
    ["year", "school_id", "indicator"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "domain": ColumnSchema("str", lambda: _import_check().isin(DOMAINS)),
        "indicator": _text(False),
        "raw": ColumnSchema("float64"),
        "normalised": ColumnSchema("float64", lambda: _import_check().in_range(0, 1), nullable=True),
        "participants": ColumnSchema("int64", lambda: _import_check().ge(0)),
    },
)
"""A row per school, year and indicator that the school has. `raw`: per cent, score or gap; `normalised`: 0…1 as it
enters the index, null where the indicator does not vary in the group; `participants`: pupils behind it."""

INDICES = _leave_behind(
    "indices",
    ["year", "school_id", "domain"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "domain": ColumnSchema("str", lambda: _import_check().isin(DOMAINS)),
        "group": _text(False),
        "index": ColumnSchema("float64", lambda: _import_check().in_range(0, 100), nullable=True),
        "coverage": ColumnSchema("float64", lambda: _import_check().in_range(0, 1)),
        "rank": ColumnSchema("Int64", lambda: _import_check().ge(1), nullable=True),
        "band": ColumnSchema("str", lambda: _import_check().isin(BANDS), nullable=True),
    },
)
"""A row per school, year and domain. `coverage`: available / applicable indicators; `rank`: 1 is the lowest index, ties
share the smaller; `rank` and `band` are null when the school is not ranked."""

LISTS = _leave_behind(
    "lists",
    ["year", "school_id"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "results_status": _text(),
        "social_status": _text(),
        "fioko_shnor": ColumnSchema("boolean", nullable=True),
        "fioko_level": _text(),
        "joint": _text(),
    },
)
"""A row per school that is not left out and year whose window the data cover; a status is null where there is none."""

SIGNS = _leave_behind(
    "signs",
    ["year", "school_id", "kind", "subject", "grade"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "kind": ColumnSchema("str", lambda: _import_check().isin(SIGN_KINDS)),
        "subject": _text(False),
        "grade": ColumnSchema("Int64", nullable=True),
        "participants": ColumnSchema("Int64", nullable=True),
        "value": ColumnSchema("float64", nullable=True),
        "expected": ColumnSchema("float64", nullable=True),
        "p_value": ColumnSchema("float64", lambda: _import_check().in_range(0, 1), nullable=True),
        "q_value": ColumnSchema("float64", lambda: _import_check().in_range(0, 1), nullable=True),
        "marked": ColumnSchema("bool"),
        "caution": ColumnSchema("bool"),
    },
)
"""A row per year, school, kind, subject and grade that was tested for a sign, and per row of an outside list.

`value` is what was observed, `expected` what the region's ordinary schools lead to: shares 0…1 of the journal's and
border_peak, spreads of schools of above_region and cohort_jump, where `participants` are the fewer of the two ends.
`p_value`: the chance of so much or more in an ordinary school; `q_value`: Benjamini and Hochberg over all tested rows
of the year. `caution`: as rare as what is marked, but with too few participants to be marked."""

SIGNS_EXPECTED = _leave_behind(
    "signs_expected",
    ["year", "kind"],
    {
        "year": ColumnSchema("int64"),
        "kind": ColumnSchema("str", lambda: _import_check().isin(SIGN_KINDS)),
        "tested": ColumnSchema("Int64", nullable=True),
        "marked": ColumnSchema("Int64"),
        "by_chance": ColumnSchema("float64", nullable=True),
    },
)
"""A row per year and kind: schools tested with participants enough, schools marked, schools that chance alone marks."""

SIGNS_UNTESTED = _leave_behind(
    "signs_untested",
    ["year", "subject", "grade"],
    {
        "year": ColumnSchema("int64"),
        "subject": _text(False),
        "grade": ColumnSchema("Int64"),
        "note": _text(False),
    },
)
"""A row per work of ВПР whose primary scores were not tested, and why: borders unknown or at odds with the marks."""

_PLACES = {"index": "float64", "band": "str", "results_status": "str", "fioko_shnor": "boolean"}
WITHOUT_DOUBTFUL = _leave_behind(
    "without_doubtful",
    ["year", "school_id"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "marked": ColumnSchema("bool"),
        "changes": ColumnSchema("bool"),
        **{
            f"{name}{ending}": ColumnSchema(dtype, nullable=True)
            for ending in ("", "_without_vpr", "_left_out")
            for name, dtype in _PLACES.items()
        },
    },
)
"""A row per school and year that is marked, or whose lists (`changes`) the leaving out of doubtful years would change.

Without ending: the data as they are; `_without_vpr`: the methodology without ВПР; `_left_out`: without ВПР of every
marked school and year."""

MARKS_USE = _leave_behind(
    "marks_use",
    ["year", "school_id", "subject"],
    {
        "year": ColumnSchema("int64"),
        "school_id": _text(False),
        "subject": _text(False),
        "grade": ColumnSchema("Int64"),
        "vpr_year": ColumnSchema("int64"),
        "vpr_participants": ColumnSchema("Int64"),
        "vpr_mean": ColumnSchema("float64"),
        "exam_participants": ColumnSchema("Int64"),
        "exam_mean": ColumnSchema("float64"),
        "difference": ColumnSchema("float64"),
        "shrunken": ColumnSchema("float64", nullable=True),
    },
)
"""A row per school, subject and year of the exam: mean marks of ВПР (`grade`, `vpr_year`) and of the cohort's exam,
their difference and the same drawn towards the region's by the share of chance in it."""

DOUBT = {schema.name: schema for schema in (SIGNS, SIGNS_EXPECTED, SIGNS_UNTESTED, WITHOUT_DOUBTFUL, MARKS_USE)}
"""The tables of doubt, by name."""

LEFT_BEHIND = {schema.name: schema for schema in (SCHOOLS_OUT, INDICATORS, INDICES, LISTS)}
"""The tables that identification leaves behind, by name."""


def empty_table(schema: TableSchema) -> "pd.DataFrame":
    """Frame without rows that has the columns and types of a schema."""
    import pandas as pd  # noqa: PLC0415 -- as pandera above

    return pd.DataFrame({name: pd.Series(dtype=column.dtype) for name, column in schema.columns.items()})
