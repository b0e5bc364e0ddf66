"""Successions of schools (преемственность): which code of which year is which school, by a table of dated acts.

Three words. A *life* of a code (жизнь кода) is a span of time in which one school bears it; acts begin and end it. A
*line* is the lives that acts with «Продолжает: да» join: one school. The *stable id* of a line is its last code, the
one people know now; where another school bears that code since, it is the code with the day on which the line ended,
«270001 (до 01.09.2022)». Acts of one day happen at once, so schools may exchange codes.

Years. Results of year Y belong to the state before 1 September Y: an act dated earlier counts in Y, a later one from
Y + 1. In the year of an act a row is read with the code it has. A code that is continued under another one, and that no
other school bears then, may stand in rows of any year.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property

import pandas as pd

from effschool.base.problems import Problem, Severity
from effschool.base.russian import fold_name, join_words
from effschool.base.schemas import CONTRACT, KEYS
from effschool.intake.conversion import clean_codes, clean_text
from effschool.intake.layouts import simplify_text
from effschool.intake.reading import Grid

COLUMNS = {
    "old": "Код прежний",
    "new": "Код новый",
    "date": "Дата",
    "event": "Событие",
    "continues": "Продолжает",
    "basis": "Основание",
}
NOT_SUMMED = ("programme", "partners", "official", "proposal", "stages", "context")
"""Tables that say no numbers of pupils: a branch's row is no part of its school's."""
EVENTS = {
    "переименование": "да",
    "смена кода": "да",
    "смена типа": "да, нет",
    "слияние": "да, нет",
    "присоединение": "нет",
    "разделение": "да, нет",
    "выделение": "нет",
    "закрытие": "нет",
    "открытие": "нет",
    "филиал": "да",
    "преобразование муниципалитета": "да",
}
"""Event → what «Продолжает» may be beside it."""

_NOBODY = "ожидался код школы, которая есть в {year} году: по таблице преемственности его не носит никто или носят двое"
BRANCH, PLACE_CHANGE = "филиал", "преобразование муниципалитета"
"""A branch whose rows are added to its school's; a municipality under another name, whose names stand for the codes."""
_KEEPS_OLD = {"выделение"}
_KEEPS_NEW = {"присоединение"}
_FORMATS = ("%d.%m.%Y", "%Y-%m-%d")
_RENAMED = ["table", "column", "year", "code", "school_id", "reason", "source_file", "source_sheet", "source_row"]


@dataclass(frozen=True)
class Act:
    """One row of the table: `old` or `new` is empty where a school opens or closes; `row` as Excel numbers it."""

    old: str
    new: str
    date: date
    event: str
    continues: bool
    basis: str
    file: str
    sheet: str
    row: int

    def complain(self, expected: str, action: str, severity: Severity = Severity.ERROR) -> Problem:
        """A problem of this row."""
        value = f"{self.old or '—'} → {self.new or '—'}, {self.date:%d.%m.%Y}, {self.event}"
        return Problem(severity, self.file, expected, action, sheet=self.sheet, row=self.row, value=value)


@dataclass(frozen=True)
class Life:
    """A span in which one school bears a code.

    Args:
        start: day from which; None where no act begins it. `end`: day from which no longer; None where it lasts.
        before: code of the same school before `start`; None where it begins anew. `after`: likewise after `end`.
        reason: the act that ended it, or began it, for a person.
    """

    code: str
    start: date | None = None
    end: date | None = None
    before: str | None = None
    after: str | None = None
    reason: str = ""

    def covers(self, year: int) -> bool:
        """Whether rows of a year that bear the code are of this life by the rule of 1 September."""
        return (self.start is None or first_year(self.start) <= year) and (
            self.end is None or year < first_year(self.end)
        )

    def allows(self, year: int) -> bool:
        """Whether a row may be of this life because its code says so."""
        begun = self.start is None or self.before is not None or self.start.year <= year
        return begun and (self.end is None or self.after is not None or year <= self.end.year)


def first_year(day: date) -> int:
    """The first year whose results belong to the state after an act of that day."""
    return day.year if (day.month, day.day) < (9, 1) else day.year + 1


@dataclass(frozen=True)
class Successions:
    """Acts that contradict neither themselves nor one another, and the lives of codes they make.

    Args:
        acts: those of schools, branches among them, in order of date.
        places: those of municipalities, likewise.
    """

    acts: tuple[Act, ...] = ()
    lives: Mapping[str, tuple[Life, ...]] | None = None
    places: tuple[Act, ...] = ()

    @cached_property
    def codes(self) -> frozenset[str]:
        """Codes that acts speak of."""
        return frozenset(code for act in self.acts for code in (act.old, act.new) if code)

    def find_branch(self, code: str, year: int) -> Act | None:
        """The act that makes a code one of a branch in a year."""
        acts = [act for act in self.acts if act.event == BRANCH and act.old == code and first_year(act.date) <= year]
        return acts[-1] if acts else None

    def find_place(self, name: str) -> tuple[str, str]:
        """The name that a municipality has now, and the acts that gave it; the same name where it has not changed."""
        reasons: list[str] = []
        for act in self.places:
            if fold_name(act.old) == fold_name(name):
                name, reasons = act.new, [*reasons, f"{act.event}, {act.date:%d.%m.%Y}, {act.basis}"]
        return name, "; ".join(reasons)

    @cached_property
    def ids(self) -> dict[Life, str]:
        """Stable id of every life."""
        return {life: self._name_line(self._find_last(life)) for lives in self._lives.values() for life in lives}

    @property
    def _lives(self) -> Mapping[str, tuple[Life, ...]]:
        return self.lives or {}

    def find_life(self, code: str, year: int) -> Life | None:
        """The life a row of a year is of; None where there is none, or where two may be meant."""
        lives = self._lives.get(code, (Life(code),))
        found = [life for life in lives if life.covers(year)] or [life for life in lives if life.allows(year)]
        return found[0] if len(found) == 1 else None

    def find_id(self, code: str, year: int) -> str | None:
        """Stable id of the school that bears a code in a year, or has the branch that bears it; None as `find_life`."""
        branch = self.find_branch(code, year)
        if branch is not None:
            return self.find_id(branch.new, year)
        life = self.find_life(code, year)
        return None if life is None else self.ids.get(life, code)

    def explain(self, code: str, year: int) -> str:
        """The act by which a code of a year is another school's; "" where there is none."""
        branch, life = self.find_branch(code, year), self.find_life(code, year)
        return _say_acts([branch]) if branch else life.reason if life else ""

    def _find_last(self, life: Life) -> Life:
        # The next life begins on a later day, or on the same one as an exchange of codes, whose end is later still.
        while life.after is not None:
            life = next(other for other in self._lives[life.after] if other.start == life.end)
        return life

    def _name_line(self, last: Life) -> str:
        return last.code if last is self._lives[last.code][-1] else f"{last.code} (до {last.end:%d.%m.%Y})"


def load_successions(grid: Grid) -> tuple[Successions, list[Problem]]:
    """The table of successions: headings in its first row, as `COLUMNS`."""
    headings = [simplify_text(str(cell)) for cell in grid.cells.iloc[0]]
    missing = [heading for heading in COLUMNS.values() if simplify_text(heading) not in headings]
    if missing:
        expected = f"ожидались столбцы: {join_words(f'«{name}»' for name in missing)}"
        return Successions(), [Problem(Severity.ERROR, grid.file, expected, "Добавьте их.", sheet=grid.sheet, row=1)]
    body = grid.cells.iloc[1:].set_axis(headings, axis=1)
    cells = pd.DataFrame({name: clean_text(body[simplify_text(heading)]) for name, heading in COLUMNS.items()})
    acts, problems = _read_acts(cells.dropna(how="all"), grid.file, grid.sheet)
    made, found = make_successions(acts)
    return (Successions() if problems else made), [*problems, *found]


def _read_acts(cells: pd.DataFrame, file: str, sheet: str) -> tuple[list[Act], list[Problem]]:
    cells = cells.assign(old=clean_codes(cells["old"]), new=clean_codes(cells["new"])).fillna("")
    acts: list[Act] = []
    problems: list[Problem] = []
    for row, values in zip(cells.index.tolist(), cells.to_dict("records"), strict=True):
        found = dict(_find_faults(values))
        problems += [
            Problem(Severity.ERROR, file, text, "Исправьте ячейку.", sheet, row, COLUMNS[name], values[name])
            for name, text in found.items()
        ]
        day = _read_date(values["date"])
        if not found and day is not None:
            event, continues = simplify_text(values["event"]), simplify_text(values["continues"]) == "да"
            acts.append(Act(values["old"], values["new"], day, event, continues, values["basis"], file, sheet, row))
    return acts, problems


def _read_date(text: str) -> date | None:
    for pattern in _FORMATS:
        try:
            return datetime.strptime(text, pattern).date()
        except ValueError:
            continue
    return None


def _find_faults(cells: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """Column and what was expected of every cell that is wrong in itself."""
    event, continues = simplify_text(cells["event"]), simplify_text(cells["continues"])
    if _read_date(cells["date"]) is None:
        yield "date", "ожидалась дата вида 01.09.2022"
    if event not in EVENTS:
        yield "event", f"ожидалось одно из событий: {', '.join(EVENTS)}"
    elif continues not in EVENTS[event].split(", "):
        yield "continues", f"для события «{event}» ожидалось: {EVENTS[event].replace(', ', ' или ')}"
    if not cells["old"] and event != "открытие":
        yield "old", "ожидался код: без прежнего кода бывает только открытие"
    if not cells["new"] and event != "закрытие":
        yield "new", "ожидался код: без нового кода бывает только закрытие"
    if not cells["basis"]:
        yield "basis", "ожидался акт, на котором основана строка"


def make_successions(acts: Iterable[Act]) -> tuple[Successions, list[Problem]]:
    """Lives of codes by acts in order of date; none where the acts contradict one another: then no history is sure."""
    everything = sorted(acts, key=lambda act: (act.date, act.old, act.new, act.row))
    places = tuple(act for act in everything if act.event == PLACE_CHANGE)
    ordered = [act for act in everything if act.event != PLACE_CHANGE]
    of_schools = [act for act in ordered if act.event != BRANCH]
    problems = [*_find_rivals(of_schools), *_find_strays(ordered, BRANCH), *_find_strays(places, PLACE_CHANGE)]
    lives: dict[str, tuple[Life, ...]] = {}
    for code in sorted({code for act in of_schools for code in (act.old, act.new) if code}):
        lives[code], found = _live(code, of_schools)
        problems += found
    return (Successions() if problems else Successions(tuple(ordered), lives, places)), problems


def _find_strays(acts: Iterable[Act], event: str) -> list[Problem]:
    """Branches and municipalities that would have two heirs, or lead to themselves or to another branch."""
    mine = [act for act in acts if act.event == event]
    heirs: dict[str, set[str]] = defaultdict(set)
    for act in mine:
        heirs[fold_name(act.old)].add(fold_name(act.new))
    problems = []
    for act in mine:
        if fold_name(act.old) == fold_name(act.new):
            problems.append(act.complain("ожидались разные прежний и новый", "Исправьте строку."))
        elif len(heirs[fold_name(act.old)]) > 1:
            problems.append(act.complain("ожидался один новый, а их названо несколько", "Оставьте одну из строк."))
        elif event == BRANCH and fold_name(act.new) in heirs:
            problems.append(
                act.complain("ожидалась школа, а это тоже филиал", "Назовите школу, которой он принадлежит.")
            )
    return problems


def _find_rivals(acts: list[Act]) -> list[Problem]:
    """Acts of one day that give one history to two schools, or two histories to one."""
    texts = {
        "old": "ожидался один преемник: историю одной школы продолжает не больше одной другой",
        "new": "ожидался один предшественник: школа продолжает историю не больше одной другой",
    }
    rivals: dict[tuple[str, str, date], list[Act]] = defaultdict(list)
    for act in acts:
        for side in texts if act.continues else ():
            rivals[side, getattr(act, side), act.date].append(act)
    action = "Поставьте «да» в одной из строк этого дня, в остальных «нет», как сказано в акте."
    several = [(side, group) for (side, _, _), group in rivals.items() if len({(a.old, a.new) for a in group}) > 1]
    return [act.complain(texts[side], action) for side, group in several for act in group]


def _live(code: str, acts: list[Act]) -> tuple[tuple[Life, ...], list[Problem]]:
    """Lives of one code in order; an act out of turn (a second end, a start of what lives already) is a problem."""
    goes_on = {act.date for act in acts if act.continues and act.old == act.new == code}
    mine = [act for act in acts if code in (act.old, act.new) and act.date not in goes_on]
    ends = [act for act in mine if act.old == code and act.event not in _KEEPS_OLD]
    starts = [act for act in mine if act.new == code and act.event not in _KEEPS_NEW]
    lives: list[Life] = []
    problems: list[Problem] = []
    is_first = not starts or any(act.date <= starts[0].date for act in ends)
    current: Life | None = Life(code) if is_first else None
    for day in sorted({act.date for act in (*ends, *starts)}):
        ending, starting = ([act for act in side if act.date == day] for side in (ends, starts))
        if ending and current is None:
            text = f"школы с кодом {code} к этому дню уже нет"
            problems += [act.complain(text, "Проверьте код и даты остальных строк с ним.") for act in ending]
        elif ending and current is not None:
            lives.append(replace(current, end=day, after=_find_heir(ending, "new"), reason=_say_acts(ending)))
            current = None
        if starting and current is not None:
            action = "Добавьте строку о том, что с ней стало, или исправьте код."
            problems += [act.complain(f"код {code} в этот день носит другая школа", action) for act in starting]
        elif starting:
            current = Life(code, start=day, before=_find_heir(starting, "old"), reason=_say_acts(starting))
    return (*lives, *([current] if current else [])), problems


def _find_heir(acts: list[Act], side: str) -> str | None:
    return next((str(getattr(act, side)) for act in acts if act.continues), None)


def _say_acts(acts: list[Act]) -> str:
    first = next((act for act in acts if act.continues), acts[0])
    return f"{first.event}, {first.date:%d.%m.%Y}, {first.basis}"


def follow_successions(
    tables: Mapping[str, pd.DataFrame], successions: Successions
) -> tuple[dict[str, pd.DataFrame], list[Problem], pd.DataFrame]:
    """Contract tables with stable ids in `school_id` and `partner_id`.

    A row whose code no school bears in its year, and rows that fall on one key, are errors and are left out: nobody
    knows which is right. Where that is so in the register, the school's year is left out of every table.

    Args:
        tables: contract tables by name, or others with `school_id`, `year` and provenance; not changed. One without
            schools is given back as it is.
        successions: the acts.

    Returns:
        The tables; problems; a row per code replaced: table, column, year, code, school_id, reason and provenance.
    """
    problems = _warn_unknown(tables, successions)
    logs: list[pd.DataFrame] = []
    result: dict[str, pd.DataFrame] = {}
    lost = pd.MultiIndex.from_tuples([], names=["year", "school_id"])
    of_schools = {name: rows for name, rows in tables.items() if "school_id" in rows}
    for name, rows in sorted(of_schools.items(), key=lambda item: item[0] != "schools"):
        changed = rows
        for column in [column for column in ("school_id", "partner_id") if column in rows.columns]:
            changed, found, log = _rename(name, changed, column, successions)
            problems, logs = [*problems, *found], [*logs, log]
        changed, found = add_branches(name, changed, rows["school_id"], successions)
        problems += found
        doubled, found = _find_collapsed(name, changed, rows["school_id"])
        problems += found
        lost = _index_years(changed[doubled]) if name == "schools" else lost
        result[name] = changed[~doubled & ~_index_years(changed).isin(lost)] if "year" in rows else changed[~doubled]
    result = {name: result.get(name, rows) for name, rows in tables.items()}
    for name, rows in result.items():
        result[name], log = _follow_places(name, rows, successions)
        logs.append(log)
    return result, problems, pd.concat(logs, ignore_index=True)


def _follow_places(table: str, rows: pd.DataFrame, successions: Successions) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table with the names that municipalities have now; the name of the file stays in the note of the row."""
    if "municipality" not in rows or not successions.places:
        return rows, pd.DataFrame(columns=_RENAMED)
    names = {name: successions.find_place(name) for name in rows["municipality"].dropna().unique()}
    moved = rows["municipality"].isin([name for name, (new, _) in names.items() if new != name])
    old = rows.loc[moved, "municipality"]
    new, reason = (old.map({name: pair[place] for name, pair in names.items()}) for place in (0, 1))
    log = rows[moved].assign(table=table, column="municipality", code=old, school_id=new, reason=reason)[_RENAMED]
    changed = rows.assign(municipality=rows["municipality"].where(~moved, new.reindex(rows.index)).astype("str"))
    return _add_notes(changed, "в файле муниципалитет «" + old + "»"), log


def _add_notes(rows: pd.DataFrame, notes: pd.Series) -> pd.DataFrame:
    before = rows.loc[notes.index, "source_note"]
    joined = notes.where(before.isna(), before + "; " + notes)
    kept = rows["source_note"].where(~rows.index.isin(notes.index), joined.reindex(rows.index))
    return rows.assign(source_note=kept.astype("str"))


def _index_years(rows: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[["year", "school_id"]])


def _rename(
    table: str, rows: pd.DataFrame, column: str, successions: Successions
) -> tuple[pd.DataFrame, list[Problem], pd.DataFrame]:
    year = "year" if "year" in rows.columns else "entry_year"
    known = rows[rows[column].isin(list(successions.codes))]
    pairs = list(zip(known[column], known[year].astype(int), strict=True))
    ids = {pair: (successions.explain(*pair), successions.find_id(*pair)) for pair in sorted(set(pairs))}
    found = pd.Series([ids[pair][1] for pair in pairs], index=known.index, dtype="str")
    reasons = pd.Series([ids[pair][0] for pair in pairs], known.index, dtype="str")
    action = "Исправьте код в строке или дополните таблицу преемственности."
    problems = [
        _say_row(cells, column, cells[column], _NOBODY.format(year=cells[year]), action)
        for _, cells in known[found.isna()].iterrows()
    ]
    moved = known[found.notna() & found.ne(known[column])]
    log = moved.assign(
        table=table, column=column, year=moved[year], code=moved[column], school_id=found, reason=reasons
    )
    changed = rows[column].where(~rows.index.isin(known.index), found.reindex(rows.index)).astype("str")
    return rows.assign(**{column: changed}).drop(index=known.index[found.isna()]), problems, log[_RENAMED]


_TOTALS = {"results": "participants", "certificates": "graduates", "social": "pupils", "conditions": "pupils"}
"""Table → the number of pupils without whom a row says nothing."""


def add_branches(
    table: str, rows: pd.DataFrame, codes: pd.Series, successions: Successions
) -> tuple[pd.DataFrame, list[Problem]]:
    """Rows of branches (филиалы) added to those of their schools: counts are summed, means weighted by participants.

    A number that one of them lacks is missing in the sum, with a warning where the school has it: a part is not told as
    the whole. Where two rows have no pupils it is not asked of them.

    Args:
        rows: with stable ids; `codes` are those before, on the same index or a longer one.
    """
    year = "year" if "year" in rows.columns else "entry_year"
    pairs = list(zip(codes.reindex(rows.index), rows[year], strict=True))
    found = {pair for pair in set(pairs) if pd.notna(pair[0]) and successions.find_branch(str(pair[0]), int(pair[1]))}
    if not found or table not in KEYS or table in NOT_SUMMED:
        return rows, []
    is_branch = pd.Series([pair in found for pair in pairs], rows.index)
    key = list(KEYS[table])
    rows = _add_notes(rows, "филиал " + codes.reindex(rows.index)[is_branch])
    rows = _sum_participants(rows, codes, is_branch) if table == "scores" else rows
    touched = rows.set_index(key).index.isin(rows[is_branch].set_index(key).index)
    kept, problems = [rows[~touched]], []
    for _, same in rows[touched].groupby(key, dropna=False, sort=False):
        own = same[~is_branch[same.index]]
        added, lost = _add_up(table, same if own.empty else pd.concat([own, same.drop(index=own.index)]))
        kept.append(added if len(own) <= 1 else same)
        problems += [_warn_lost(same[is_branch[same.index]].iloc[0], codes, lost)] if lost and len(own) == 1 else []
    return pd.concat(kept).sort_index(), problems


def _sum_participants(rows: pd.DataFrame, codes: pd.Series, is_branch: pd.Series) -> pd.DataFrame:
    """Participants of a distribution of scores stand in each of its rows, also where the other has nobody."""
    key = ["year", "school_id", "procedure", "subject", "grade"]
    parts = rows.assign(code=codes.reindex(rows.index)).drop_duplicates([*key, "code"])
    sums = parts.groupby(key, dropna=False)["participants"].sum(min_count=1).rename("all")
    both = rows[key].merge(sums, left_on=key, right_index=True, how="left")["all"].set_axis(rows.index)
    own = rows.set_index(key).index.isin(rows[is_branch].set_index(key).index)
    return rows.assign(participants=rows["participants"].where(~own, both).astype("Int64"))


def _add_up(table: str, same: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One row for rows of one key, the first of which is the school's own; columns that could not be added up."""
    first, total = same.iloc[[0]], _TOTALS.get(table)
    if len(same) == 1:
        return first, []
    types = {name: str(column.dtype) for name, column in CONTRACT[table].columns.items()}
    counts = [name for name, kind in types.items() if kind == "Int64" and name not in {*KEYS[table], "source_row"}]
    counts = [name for name in counts if not (table == "scores" and name == "participants")]
    filled = same[same[total].ne(0).fillna(True).astype(bool)] if total else same
    sums = {name: _sum_up(filled[name]) for name in counts}
    means = {name: _weigh(filled, name) for name in ("mean_score", "share", "mean") if name in types}
    notes = {"source_note": "сложено: " + "; ".join(_tell_source(cells) for _, cells in same.iterrows())}
    made = first.assign(**sums, **means, **notes).astype({**dict.fromkeys(counts, "Int64"), "source_note": "str"})
    lost = [name for name in counts if pd.isna(sums[name]) and filled[name].notna().any()]
    return made, lost


def _sum_up(values: pd.Series) -> float:
    """What two rows have together; a flag or a maximum stays what it is."""
    return values.max() if values.name in ("marked", "maximum") else values.sum(skipna=False)


def _weigh(rows: pd.DataFrame, name: str) -> float:
    weights = rows["participants" if "participants" in rows else "pupils"].astype("float64")
    return float((rows[name] * weights).sum(skipna=False) / weights.sum(skipna=False)) if len(rows) else float("nan")


def _tell_source(cells: pd.Series) -> str:
    note = "" if pd.isna(cells["source_note"]) else f", {cells['source_note']}"
    return f"файл «{cells['source_file']}», строка {cells['source_row']}{note}"


def _warn_lost(cells: pd.Series, codes: pd.Series, lost: list[str]) -> Problem:
    value = str(codes[cells.name])
    expected = f"у школы или у её филиала нет числа, и сумма неизвестна: {', '.join(lost)}"
    found = _say_row(cells, "school_id", value, expected, "Впишите недостающее число или уберите филиал из таблицы.")
    return replace(found, severity=Severity.WARNING)


def _say_row(cells: pd.Series, column: str, value: str, expected: str, action: str) -> Problem:
    heading = "Школа-партнёр" if column == "partner_id" else "Код ОО"
    sheet, row = str(cells["source_sheet"]), None if pd.isna(cells["source_row"]) else int(cells["source_row"])
    return Problem(Severity.ERROR, str(cells["source_file"]), expected, action, sheet, row, heading, value)


def _find_collapsed(table: str, rows: pd.DataFrame, codes: pd.Series) -> tuple[pd.Series, list[Problem]]:
    """Which rows have a key that became another row's; rows of one code were equal before and are the schema's matter.

    Args:
        codes: codes before they were replaced, on the same index or a longer one.
    """
    key = list(KEYS.get(table, ()))
    doubled = pd.Series(False, index=rows.index)
    problems: list[Problem] = []
    suspects = rows[rows.duplicated(key, keep=False)] if key else rows.iloc[:0]
    for _, same in suspects.groupby(key or "school_id", dropna=False, sort=False):
        for label, cells in same.iterrows() if len(codes[same.index].unique()) > 1 else ():
            doubled[label] = True
            others = join_words(_place(codes[other], same.loc[other]) for other in same.index.drop(label))
            expected = f"ожидалась одна строка школы «{cells['school_id']}», а она дана ещё под кодом {others}"
            action = "Оставьте одну из строк: не учтена ни одна, а складывать их нельзя."
            problems.append(_say_row(cells, "school_id", codes[label], expected, action))
    return doubled, problems


def _place(code: str, cells: pd.Series) -> str:
    return f"«{code}» (файл «{cells['source_file']}», строка {cells['source_row']})"


def _warn_unknown(tables: Mapping[str, pd.DataFrame], successions: Successions) -> list[Problem]:
    """Codes of acts that no table has although its years reach there: a slip is likelier than a school without data."""
    dated = [rows[["year", "school_id"]] for rows in tables.values() if {"year", "school_id"} <= set(rows.columns)]
    known = pd.concat(dated, ignore_index=True) if dated else pd.DataFrame()
    if known.empty:
        return []
    codes, first, last = set(known["school_id"]), known["year"].min(), known["year"].max()
    placed = [rows["municipality"] for rows in tables.values() if "municipality" in rows]
    names = {fold_name(name) for column in placed for name in column.dropna().unique()}
    text, action = "муниципалитета с прежним названием нет ни в одной таблице", "Проверьте, так ли он назван в файлах."
    problems = [
        act.complain(text, action, Severity.WARNING)
        for act in successions.places
        if names
        and not names & {fold_name(act.old), *(fold_name(a.old) for a in successions.places if a.new == act.old)}
    ]
    for act in successions.acts:
        reached = {act.old: first < first_year(act.date), act.new: last >= first_year(act.date)}
        absent = [code for code, is_reached in reached.items() if code and is_reached and code not in codes]
        text = f"кода {join_words(absent)} нет ни в одной таблице"
        problems += [act.complain(text, "Проверьте код и ведущие нули.", Severity.WARNING)] if absent else []
    return problems
