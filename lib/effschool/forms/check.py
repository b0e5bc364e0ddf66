"""What came back (проверка форм) → a verdict on every municipality: problems, implausible changes, what is missing.

Pure: files were read by `ingest` already. What a missing number makes uncertain follows from the methodology.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath

import pandas as pd

from effschool.base.problems import Problem, Severity, tabulate_problems
from effschool.base.russian import fold_name, join_words
from effschool.forms.books import list_asked, name_form_files
from effschool.forms.template import Form, FormSheet
from effschool.intake.ingest import REFUSED, Ingested
from effschool.intake.layouts import Layout
from effschool.intake.plausibility import say_finding
from effschool.method.groups import group_schools
from effschool.method.methodology import Domain, Indicator, Methodology

UNSENT, EMPTY, BROKEN = "не прислано", "прислано без данных", "не принято"
REMARKS, TAKEN = "принято, есть вопросы", "принято"
BLOCKING = (UNSENT, EMPTY, BROKEN)


@dataclass(frozen=True)
class SentBook:
    """What a workbook shows without being accepted: codes by contract table, reasons by table, code, level; years."""

    codes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    reasons: Mapping[tuple[str, str, str], str] = field(default_factory=dict)
    years: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What is to be told to one municipality.

    Args:
        files: names of its files.
        refused: those of them that were not accepted.
        problems: errors and warnings, a row per problem as `problems.tabulate_problems`.
        implausible: what is possible but has to be asked about, likewise.
        missing: a row per row of the form without numbers, or with a part of them: table, school_id, name, level,
            columns (names that are blank), is_blank (all are), is_sent (it stands in a file not accepted), reason (as
            the form gives it, "" where it gives none).
        uncertain: a row per school and index that lacks something: school_id, name, domain, indicators (their ids),
            is_lost (the index cannot be computed).
        schools: number of schools in the register of the year.
        rows: number of rows that the form asks for, by contract table.
        beside: sheets of the forms sent beside it, a row each: sheet, asked (rows) and filled. They hold nothing up.
        has_form: whether one of the files is the form itself.
    """

    municipality: str
    files: tuple[str, ...]
    refused: tuple[str, ...]
    problems: pd.DataFrame
    implausible: pd.DataFrame
    missing: pd.DataFrame
    uncertain: pd.DataFrame
    schools: int
    rows: Mapping[str, int]
    beside: pd.DataFrame
    has_form: bool

    @property
    def filled(self) -> int:
        """Rows of the form that have numbers and were accepted."""
        return sum(self.rows.values()) - int(self.missing["is_blank"].sum())

    @cached_property
    def state(self) -> str:
        """One of the five states; those of `BLOCKING` stand in the way of the lists."""
        unanswered = self.missing.loc[self.missing["is_blank"] & self.missing["reason"].eq(""), "table"].value_counts()
        is_empty = any(number and unanswered.get(table, 0) == number for table, number in self.rows.items())
        if self.refused or self.problems["severity"].eq(Severity.ERROR).any():
            return BROKEN
        if is_empty:
            return EMPTY if self.has_form else UNSENT
        return REMARKS if len(self.problems) + len(self.implausible) + len(self.missing) else TAKEN


@dataclass(frozen=True)
class Checked:
    """All municipalities of a year, and the problems that belong to none of them.

    `aside` are names of files of an earlier check that a person had changed: they were set aside.
    """

    year: int
    verdicts: tuple[Verdict, ...]
    others: pd.DataFrame
    aside: tuple[str, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Something has to be put right before lists can be made."""
        return self.others["severity"].eq(Severity.ERROR).any() or any(v.state in BLOCKING for v in self.verdicts)


@dataclass(frozen=True)
class Case:
    """What is judged, and by what: the folder as it was read, what its workbooks show, the form and the rules.

    `beside` are forms sent beside the form: a sheet of theirs that is not filled in is «нет данных».
    """

    ingested: Ingested
    sent: Mapping[str, SentBook]
    layouts: Sequence[Layout]
    form: Form
    methodology: Methodology
    year: int
    beside: tuple[Form, ...] = ()

    @property
    def whole(self) -> Form:
        """The form with the sheets of those beside it, for whatever is the same for all sheets."""
        return join_forms((self.form, *self.beside))


def join_forms(forms: Sequence[Form]) -> Form:
    """The first form with the sheets of all."""
    return forms[0].model_copy(update={"sheets": tuple(sheet for form in forms for sheet in form.sheets)})


def check_forms(case: Case) -> Checked:
    """Verdict on every municipality of the register of a year.

    Raises:
        ValueError: the register has no such year, so nothing can be compared with it.
    """
    tables, problems = case.ingested.tables, case.ingested.problems
    schools = choose_schools(tables["schools"], case.year)
    owners = assign_files(list_municipal_files(case.ingested.files, case.layouts, case.whole), case.sent, schools)
    grouped = group_schools(tables, case.methodology)
    counted = set(grouped.loc[grouped["year"].eq(case.year) & grouped["group"].notna(), "school_id"])
    verdicts = []
    for municipality in name_form_files(schools):
        own = schools[schools["municipality"] == municipality]
        files = tuple(file for file, owner in owners.items() if owner == municipality)
        verdicts.append(judge_municipality(case, own, files, counted))
    assigned = [file for file, owner in owners.items() if owner]
    return Checked(case.year, tuple(verdicts), problems[~problems["file"].isin(assigned)])


def choose_schools(schools: pd.DataFrame, year: int) -> pd.DataFrame:
    """Schools of the register of a year.

    Raises:
        ValueError: there are none.
    """
    chosen = schools[schools["year"] == year]
    if chosen.empty:
        known = ", ".join(map(str, sorted(set(schools["year"])))) or "нет ни одного года"
        raise ValueError(
            f"В реестре школ нет {year} года (есть: {known}), сверить формы не с чем. "
            f"Добавьте в файл schools строки за {year} год: для начала можно скопировать строки последнего года."
        )
    return chosen


def is_municipal(layout: Layout) -> bool:
    """Whether files of a kind come from each municipality; a file under any name may hold the whole region."""
    return not layout.single and not layout.takes_any_name


def list_municipal_files(files: pd.DataFrame, layouts: Sequence[Layout], form: Form) -> list[str]:
    """Files of kinds that come from each municipality: those of the tables that the form asks for, many of a kind."""
    tables = {sheet.table for sheet in form.sheets}
    kinds = {layout.id for layout in layouts if is_municipal(layout) and layout.tables <= tables}
    return sorted(files.loc[files["layout"].isin(kinds), "file"].unique())


def assign_files(files: Iterable[str], sent: Mapping[str, SentBook], schools: pd.DataFrame) -> dict[str, str]:
    """Municipality of every file: the one most of its schools belong to, else the one its name names, else ""."""
    owner_of = dict(zip(schools["school_id"].str.lstrip("0"), schools["municipality"], strict=True))
    named = {fold_name(text): name for name, slug in name_form_files(schools).items() for text in (name, slug)}
    owners = {}
    for file in files:
        found = {code.lstrip("0") for by_table in sent.get(file, SentBook()).codes.values() for code in by_table}
        counts = pd.Series([owner_of[code] for code in sorted(found) if code in owner_of], dtype="str").value_counts()
        stem = fold_name(PurePosixPath(file).stem)
        owners[file] = str(counts.index[0]) if len(counts) else named.get(stem, "")
    return owners


def judge_municipality(case: Case, own: pd.DataFrame, files: tuple[str, ...], counted: set[str]) -> Verdict:
    """Verdict on one municipality; `own` are its schools of the year, `counted` all schools that take part."""
    form, year, tables, found = case.form, case.year, case.ingested.tables, case.ingested.problems
    own_rows = {str(sheet.table): take_schools(tables[sheet.table], own, year - 1, year) for sheet in form.sheets}
    asked = list_asked(form, own, tables, year)
    missing = pd.concat([find_unfilled(s, asked[s.table], own_rows[s.table]) for s in form.sheets], ignore_index=True)
    sheets = case.ingested.files[case.ingested.files["file"].isin(files)]
    refused = tuple(file for file in files if sheets.loc[sheets["file"] == file, "status"].eq(REFUSED).any())
    of_form = {layout.id for layout in case.layouts if layout.tables <= {sheet.table for sheet in form.sheets}}
    implausible = list_implausible(case.ingested.questions, case.whole, files, own)
    is_question = found["severity"].eq(Severity.QUESTION)
    foreign = tabulate_problems(find_foreign(tables, case.whole, files, own))
    return Verdict(
        municipality=str(own["municipality"].iloc[0]),
        files=files,
        refused=refused,
        problems=pd.concat([found[found["file"].isin(files) & ~is_question], foreign], ignore_index=True),
        implausible=tabulate_problems(implausible),
        missing=add_sent(missing, case.sent, files, refused),
        uncertain=trace_missing(missing[missing["school_id"].isin(counted)], case.methodology),
        schools=len(own),
        rows={table: len(rows) for table, rows in asked.items()},
        beside=count_beside(case, own),
        has_form=bool(sheets["layout"].isin(of_form).any()),
    )


def count_beside(case: Case, own: pd.DataFrame) -> pd.DataFrame:
    """Rows asked and rows filled in of every sheet of the forms beside the form; `own` as in `judge_municipality`."""
    rows = []
    for form in case.beside:
        asked = list_asked(form, own, case.ingested.tables, case.year)
        for sheet in form.sheets:
            owner = sheet.keys[1]
            table = case.ingested.tables[sheet.table]
            filled = table[table["year"].eq(case.year) & table[owner].isin(own[owner])]
            rows += [(sheet.sheet, len(asked[sheet.table]), len(filled))] if len(asked[sheet.table]) else []
    return pd.DataFrame(rows, columns=["sheet", "asked", "filled"])


def add_sent(
    missing: pd.DataFrame, sent: Mapping[str, SentBook], files: Sequence[str], refused: Sequence[str]
) -> pd.DataFrame:
    """Add whether a row stands in a file that was not accepted, and the reason that a file gives for a blank one."""
    shown = {file: sent.get(file, SentBook()) for file in files}
    found = [(table, code) for file in refused for table, codes in shown[file].codes.items() for code in codes]
    stands = {(table, code.lstrip("0")) for table, code in found}
    reasons = {key: text for one in shown.values() for key, text in one.reasons.items()}
    keys = list(missing[["table", "school_id", "level"]].itertuples(index=False, name=None))
    is_sent = [(table, code.lstrip("0")) in stands for table, code, _ in keys]
    return missing.assign(is_sent=is_sent, reason=[reasons.get(key, "") for key in keys])


def take_schools(table: pd.DataFrame, own: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """Rows of a contract table of some schools and years, with the names of the schools."""
    of_years = table[table["year"].between(first, last)]
    return of_years.merge(own[["school_id", "name"]], on="school_id", validate="many_to_one")


def find_foreign(
    tables: Mapping[str, pd.DataFrame], form: Form, files: Sequence[str], own: pd.DataFrame
) -> list[Problem]:
    """An error for every row of the year in a municipality's file that is of another municipality or its school."""
    year = int(own["year"].iloc[0])
    problems = []
    for sheet in form.sheets:
        owner, rows = sheet.keys[1], tables[sheet.table]
        sent = rows[rows["source_file"].isin(files) & rows["year"].eq(year)]
        for row in sent[~sent[owner].isin(own[owner])].to_dict("records"):
            expected, action = FOREIGN[owner]
            at = (form.head_keys(sheet)[owner], str(row[owner]))
            problems.append(replace(_say(row, expected, action, *at), severity=Severity.ERROR))
    return problems


FOREIGN = {
    "school_id": (
        "ожидался код школы вашего муниципалитета, а эта школа в реестре числится за другим",
        "Удалите строку; если школа ваша, сообщите об этом в институт.",
    ),
    "municipality": ("ожидалось название вашего муниципалитета", "Верните в столбец то, что стояло в форме."),
}


def _say(row: Mapping[str, object], expected: str, action: str, column: str = "", value: str = "") -> Problem:
    file, sheet, number = (row[name] for name in ("source_file", "source_sheet", "source_row"))
    action = f"{action} Школа: {row['name']}, код {row['school_id']}." if "name" in row else action
    return Problem(Severity.WARNING, str(file), expected, action, str(sheet), int(str(number)), column, value)


def list_implausible(questions: pd.DataFrame, form: Form, files: Sequence[str], own: pd.DataFrame) -> list[Problem]:
    """Open questions of plausibility about a municipality's files of the year, row by row, each with its school."""
    year, names = int(own["year"].iloc[0]), dict(zip(own["school_id"], own["name"], strict=True))
    tables = [sheet.table for sheet in form.sheets]
    asked = questions[questions["file"].isin(files) & questions["year"].eq(year) & questions["table"].isin(tables)]
    problems = []
    for row in asked.to_dict("records"):
        school = f" Школа: {names[row['school_id']]}, код {row['school_id']}." if row["school_id"] in names else ""
        problems.append(say_finding(row, form.head_table(row["table"]), f"{row['action']}{school}"))
    return problems


def find_unfilled(sheet: FormSheet, asked: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that were asked for and came blank or in part; `asked` as `forms.list_rows` gives them."""
    names = list(sheet.headings)
    sent = rows[[*sheet.keys, *names]]
    joined = asked[["name", *sheet.keys]].merge(sent, how="left", on=sheet.keys, validate="one_to_one")
    blank = joined[names].isna()
    columns = pd.Series([[n for n, is_na in zip(names, row, strict=True) if is_na] for row in blank.to_numpy()])
    level = joined["level"] if sheet.levels else ""
    found = joined[["school_id", "name"]].assign(table=sheet.table, level=level, columns=columns)
    return found.assign(is_blank=blank.all(axis=1))[blank.any(axis=1)]


def trace_missing(missing: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Indicators and indices that missing numbers take away: a row per school and domain, columns as `Verdict`."""
    rows = []
    for (school_id, name), lacks in missing.groupby(["school_id", "name"], sort=False):
        for domain, rules in methodology.iterate_domains():
            lost = [item.id for item in rules.indicators if any(_needs(item, row) for row in lacks.to_dict("records"))]
            coverage = 1 - len(lost) / len(rules.indicators)
            is_lost = coverage < rules.min_coverage - rules.bands.tolerance
            rows += [(school_id, name, domain, lost, is_lost)] if lost else []
    return pd.DataFrame(rows, columns=["school_id", "name", "domain", "indicators", "is_lost"])


def _needs(item: Indicator, row: Mapping[str, object]) -> bool:
    """Whether an indicator cannot be computed without a row of `find_unfilled`."""
    of_level = not item.rows.level or row["level"] in item.rows.level
    return item.rows.table == row["table"] and of_level and not set(item.columns).isdisjoint(row["columns"])  # type: ignore[arg-type]


def describe_loss(domain: Domain, lost: int, is_lost: bool, methodology: Methodology, year: int) -> str:
    """What missing indicators mean for the index and the lists, in a sentence."""
    rules, window = methodology.domains[domain], methodology.lists.window
    statuses = join_words(f"«{status.status}»" for status in methodology.lists.list_statuses(domain))
    share = f"{lost} из {len(rules.indicators)}"
    if not is_lost:
        return f"Индекс будет вычислен без них (нет {share}); место школы в списках {statuses} менее надёжно."
    years = [later for later in range(year, year + window.length) if year in window.list_years(later)]
    when = join_words(map(str, years))
    return (
        f"Индекс не вычислить (нет {share} показателей): за {year} год школа не получит места для списков "
        f"{statuses}{_name_joint(domain, methodology)}. Этот год нужен для списков за {when} гг."
    )


def _name_joint(domain: Domain, methodology: Methodology) -> str:
    names = [joint.status for joint in methodology.lists.joint if getattr(joint, domain)]
    return f" и для сводного списка ({join_words(f'«{name}»' for name in names)})" if names else ""
