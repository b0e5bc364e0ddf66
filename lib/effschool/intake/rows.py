"""Rows of a recognised sheet → typed rows of the contract tables (строки таблиц), with what is wrong in them."""

from collections import defaultdict
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from effschool.base import schemas
from effschool.base.problems import Problem, Severity
from effschool.intake.checks import Place, check_plausible, check_required, check_scale, check_schema
from effschool.intake.conversion import CellFault, Kind, convert_column, find_kind
from effschool.intake.headings import Header, name_repeated
from effschool.intake.layouts import ColumnLayout, Layout, RowsLayout, map_columns
from effschool.intake.register import Part
from effschool.intake.school_kinds import understand_schools

RECONSTRUCTED = "число учеников восстановлено из процентов"


@dataclass(frozen=True)
class Source:
    """A sheet with its kind and header: what its rows are made from.

    Args:
        fields: values that stand for the whole sheet, from its titles and names, as text.
        texts: everything that was found for a field, as text, the things of one meaning once.
    """

    file: str
    sheet: str
    layout: Layout
    header: Header
    fields: dict[str, str]
    texts: dict[str, list[str]] = field(default_factory=dict)

    def find_disagreeing(
        self, name: str, values: pd.Series, kind: Kind, layout: ColumnLayout | None
    ) -> list[CellFault]:
        """Values of a column that are not what the titles say of it."""
        told = convert_column(pd.Series(self.texts.get(name, []), dtype="str"), kind, layout).values.dropna()
        wrong = values[values.notna() & ~values.isin(told)] if len(told) else values.iloc[:0]
        said = ", ".join(f"«{value}»" for value in told)
        expected = f"в названии листа или файла стоит {said}"
        return [CellFault(int(row), str(value), expected, AGREE) for row, value in wrong.head(1).items()]


AGREE = "Название и столбец должны говорить одно: исправьте то, что неверно, или разделите файл."


@dataclass(frozen=True)
class Typed:
    """Typed rows of one table, what is wrong with them, and the rows in which a column is faulty."""

    rows: pd.DataFrame
    problems: tuple[Problem, ...]
    faulty: dict[str, set[int]]


def read_part(source: Source, body: pd.DataFrame, rows: RowsLayout) -> tuple[Part, list[Problem]]:
    """Rows that one rule of the layout takes from the body of a sheet.

    Args:
        body: text by column of the layout (`headings.select_body`) on the row numbers of Excel.
    """
    place = locate_columns(source, rows)
    if rows.table == "schools":
        return _read_schools(source, body, rows, place)
    long = unfold_things(source, body, rows) if rows.each else body
    typed = share_percents(convert_rows(source, long, rows, place), rows, place)
    typed = count_shares(typed, rows, place)
    wanted = find_wanted(source, body, rows, typed.rows)
    part, problems = finish_part(source, rows, place, typed, wanted)
    stated = rows.names_school or (rows.find_school.name if rows.find_school else "")
    kept = part.rows["source_row"]
    names = body[stated].reindex(kept).to_numpy() if stated in body else None
    return replace(part, stated=None if names is None else pd.DataFrame({"name": names, "row": kept})), problems


def _read_schools(source: Source, body: pd.DataFrame, rows: RowsLayout, place: Place) -> tuple[Part, list[Problem]]:
    """Rows of a register; what is no school is set aside."""
    words = understand_schools(body, map_columns(source.layout, rows), source.layout, place)
    part, problems = finish_part(source, rows, place, convert_rows(source, words.body, rows, place), None)
    aside = convert_rows(source, words.aside, rows, place).rows.assign(kind=words.kinds)
    return replace(part, aside=aside), [*words.problems, *problems]


def locate_columns(source: Source, rows: RowsLayout) -> Place:
    """Headings of the table's columns as the file has them."""
    sources = map_columns(source.layout, rows)
    headings = {name: source.header.name(column) for name, column in sources.items()}
    return Place(source.file, source.sheet, headings, source.layout.has_pupils)


def finish_part(
    source: Source, rows: RowsLayout, place: Place, typed: Typed, wanted: pd.DataFrame | None
) -> tuple[Part, list[Problem]]:
    """Rows without what was not reported, checked by the contract."""
    kept = spell_tasks(skip_unreported(blank_zeros(typed.rows, rows), rows, typed.faulty))
    keeps_first = rows.repeats == "first"
    compared = kept.drop_duplicates(["year", "school_id"]) if keeps_first and rows.table == "schools" else kept
    sought = set() if wanted is None else set(wanted.index)
    faulty = typed.faulty | {"school_id": typed.faulty.get("school_id", set()) | sought}
    problems = [*typed.problems, *check_required(kept, rows.table, faulty, place)]
    problems += check_schema(compared, rows.table, place)
    problems += check_scale(kept, rows, source.layout, place)
    problems += check_points(kept, place) if rows.table == "tasks" else []
    problems += check_plausible(kept, rows.table, map_columns(source.layout, rows), faulty, place)
    names = None if wanted is None else wanted.reindex(kept.index).reset_index(drop=True)
    return Part(rows.table, kept.reset_index(drop=True), place, keeps_first, names), problems


def unfold_things(source: Source, body: pd.DataFrame, rows: RowsLayout) -> pd.DataFrame:
    """Wide to long: the body with a row for every thing that repeated columns stand for, the thing itself in `each`."""
    columns = set(map_columns(source.layout, rows).values()) & {*source.header.repeated, *source.header.given}
    single = [name for name in body if name in source.header.positions]
    parts = []
    for thing in source.header.list_things(columns):
        own = {name: body.get(name_repeated(name, thing), repeat_text("", body.index)) for name in columns}
        parts.append(body[single].assign(**own, **{_THING: thing}))
    return pd.concat(parts).astype("str") if parts else body.assign(**{_THING: ""}).iloc[:0]


_THING = "each: "


def convert_rows(source: Source, body: pd.DataFrame, rows: RowsLayout, place: Place) -> Typed:
    """Typed rows of the table, with what could not be understood."""
    typed: dict[str, pd.Series] = {}
    problems: list[Problem] = []
    faulty: dict[str, set[int]] = defaultdict(set)
    percents = {*rows.percent_of, *(rows.percent.parts if rows.percent else ())}
    for name in schemas.CONTRACT[rows.table].columns:
        if name in schemas.PROVENANCE:
            continue
        text, layout = _find_text(source, body, rows, name)
        kind: Kind = "score" if name in percents else find_kind(rows.table, name)
        converted = convert_column(text, kind, layout)
        typed[name] = converted.values
        twin = map_columns(source.layout, rows).get(name, name)
        rule = source.layout.fields.get(twin)
        wrong = source.find_disagreeing(twin, converted.values, kind, rule.column) if rule else []
        problems += [place.say(fault, name) for fault in (*converted.faults, *wrong)]
        faulty[name] |= {fault.row for fault in converted.faults if fault.severity == Severity.ERROR}
    frame = _add_provenance(pd.DataFrame(typed, index=body.index), source)
    return Typed(frame, tuple(dict.fromkeys(problems)), faulty)


def _find_text(
    source: Source, body: pd.DataFrame, rows: RowsLayout, name: str
) -> tuple[pd.Series, ColumnLayout | None]:
    """Text of a table's column in every row, and the layout that turns it into values."""
    if name in rows.constants:
        return repeat_text(str(rows.constants[name]), body.index), None
    if name == rows.each:
        return body[_THING], None
    column = map_columns(source.layout, rows).get(name, name)
    if column in source.layout.fields and column not in body:
        rule = source.layout.fields[column]
        return repeat_text(source.fields.get(column, rule.blank or ""), body.index), rule.column
    layout = source.layout.columns.get(column)
    if column in source.header.repeated or column in source.header.given:
        # Of a repeated column `values` name the things; only the unit of its numbers is a matter of the cells.
        return body[column], layout if layout and layout.factor != 1 else None
    return (body[column] if column in body else repeat_text(source.fields.get(column, ""), body.index)), layout


def repeat_text(text: str, index: pd.Index) -> pd.Series:
    """One text for all rows."""
    return pd.Series(text, index=index, dtype="str")


def _add_provenance(rows: pd.DataFrame, source: Source) -> pd.DataFrame:
    added = rows.assign(source_file=source.file, source_sheet=source.sheet, source_row=rows.index, source_note=None)
    texts = dict.fromkeys(("source_file", "source_sheet", "source_note"), "str")
    return added.astype({"source_row": "Int64", **texts})


# Counts that were sent as per cent


def share_percents(typed: Typed, rows: RowsLayout, place: Place) -> Typed:
    """Per cents turned into counts that add up to the total, where the layout says that they are per cents."""
    if rows.percent is None:
        return typed
    total, parts = rows.percent.total, list(rows.percent.parts)
    if rows.each:
        wide = typed.rows.set_index(rows.each, append=True)[parts[0]].unstack(sort=False)
        totals = typed.rows[~typed.rows.index.duplicated()][total].reindex(wide.index)
    else:
        wide, totals = typed.rows[parts], typed.rows[total]
    shares = wide.to_numpy("float64")
    counts, off = apportion(totals.to_numpy("float64", na_value=np.nan), shares)
    faults = [
        _say_off(int(row), value) for row, value in zip(wide.index[off], wide.sum(axis=1).to_numpy()[off], strict=True)
    ]
    shared = pd.DataFrame(counts, index=wide.index, columns=wide.columns).astype("Int64")
    made = _put_counts(typed.rows, shared, rows, parts)
    return replace(typed, rows=made, problems=(*typed.problems, *(place.say(fault, *parts) for fault in faults)))


def _put_counts(typed: pd.DataFrame, shared: pd.DataFrame, rows: RowsLayout, parts: list[str]) -> pd.DataFrame:
    if rows.each:
        keys = pd.MultiIndex.from_arrays([typed.index, typed[rows.each]])
        long = shared.melt(ignore_index=False).set_index(rows.each, append=True)["value"]
        counts = {parts[0]: long.reindex(keys).set_axis(typed.index)}
    else:
        counts = {name: shared[name] for name in parts}
    made = typed.assign(**counts)
    known = made[parts].notna().any(axis=1)
    return made.assign(source_note=made["source_note"].mask(known, RECONSTRUCTED))


def round_slack(percent: NDArray[np.float64]) -> float:
    """Half of the last digit that a file gives of its per cents: what rounding can do to one of them."""
    known = percent[~np.isnan(percent)]
    digits = next(
        (d for d in range(_MOST_DIGITS) if np.allclose(known, known.round(d), rtol=0, atol=1e-9)), _MOST_DIGITS
    )
    return float(0.5 * 10.0**-digits)


_MOST_DIGITS = 6


def apportion(
    total: NDArray[np.float64], percent: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Whole numbers by largest remainder (метод наибольшего остатка), and rows whose per cents do not make 100.

    Args:
        total: number of pupils in every row.
        percent: a row per row, a column per part; shares of 1 are understood as well; missing parts are 0 where others
            are there.

    Returns:
        Counts that sum to the total of every row (missing where the total or all parts are), and where the sum of the
        per cents is farther from 100 than the rounding of all its parts can bring it.
    """
    slack = round_slack(percent) * percent.shape[1]
    filled = np.where(np.isnan(percent).all(axis=1, keepdims=True), np.nan, np.nan_to_num(percent))
    sums = filled.sum(axis=1)
    shares_of_one = (np.abs(sums - 1) <= np.minimum(slack, 0.02) + 1e-9) & (total > 0)
    sums = np.where(shares_of_one, 100, sums)
    off = np.asarray(np.logical_and(total > 0, np.abs(sums - 100) > slack + 1e-9))
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = filled / filled.sum(axis=1, keepdims=True) * total[:, None]
    exact = np.where(np.equal(total, 0)[:, None] & ~np.isnan(filled), 0.0, exact)
    whole = np.floor(exact + 1e-9)
    left = np.nan_to_num(total - whole.sum(axis=1))
    order = np.argsort(np.argsort(-(exact - whole), axis=1, kind="stable"), axis=1, kind="stable")
    return np.where(np.isnan(exact) | np.expand_dims(off, 1), np.nan, whole + (order < left[:, None])), off


def _say_off(row: int, value: float) -> CellFault:
    return CellFault(
        row, f"{value:g}", "ожидалось, что проценты вместе дают 100", "Сверьте проценты с исходным отчётом."
    )


def count_shares(typed: Typed, rows: RowsLayout, place: Place) -> Typed:
    """Shares of wholes of their own turned into counts; a share that is no whole number of pupils is an error."""
    made, problems = typed.rows, list(typed.problems)
    for name, total in rows.percent_of.items():
        percent = made[name].to_numpy("float64")
        totals = made[total].to_numpy("float64", na_value=np.nan)
        exact = percent / 100 * totals
        off = np.abs(exact - exact.round()) > round_slack(percent) / 100 * totals + 1e-6
        off |= (percent < 0) | (percent > 100)
        counts = pd.Series(np.where(off, np.nan, exact.round()), index=made.index).astype("Int64")
        made = made.assign(**{name: counts, "source_note": made["source_note"].mask(counts.notna(), RECONSTRUCTED)})
        shown = [(int(made.index[row]), f"{percent[row]:g} % из {totals[row]:g}") for row in np.flatnonzero(off)]
        problems += [place.say(CellFault(row, value, _NOT_WHOLE, _COMPARE), name, total) for row, value in shown]
    return replace(typed, rows=made, problems=tuple(problems))


_NOT_WHOLE = "ожидалась доля, которая даёт целое число учеников"
_COMPARE = "Сверьте долю и число участников с исходным отчётом."


# Points of tasks


def spell_tasks(typed: pd.DataFrame) -> pd.DataFrame:
    """«1к1», with a Latin letter or a small one, is the task «1К1»."""
    spelled = {"task": typed["task"].str.upper().str.replace("K", "К")} if "task" in typed else {}
    return typed.assign(**spelled)


def check_points(rows: pd.DataFrame, place: Place) -> list[Problem]:
    """Shares that stand where per cents should, and a warning for shares that give no whole number of points."""
    percent = 100 * rows["share"].to_numpy("float64")
    if len(rows) and 0 < np.nan_to_num(percent).max() <= 1:
        first = CellFault(int(rows.index[0]), f"{percent[0]:g}", _OF_ONE, _IN_PER_CENT)
        return [place.say(first, "share")]
    most = (rows["participants"] * rows["maximum"]).to_numpy("float64", na_value=np.nan)
    points = percent / 100 * most
    off = np.flatnonzero(np.abs(points - points.round()) > (round_slack(percent) / 100 + 1e-6) * most + 1e-6)
    if not len(off):
        return []
    row = off[0]
    told = f"{percent[row]:.4g} % из {most[row]:g} баллов (задание «{rows['task'].iloc[row]}», таких долей {len(off)})"
    fault = CellFault(int(rows.index[row]), told, _NOT_WHOLE_POINTS, _COMPARE, Severity.WARNING)
    return [place.say(fault, "participants")]


_OF_ONE = "ожидались проценты от 0 до 100, а все числа не больше 1: похоже, это доли единицы"
_IN_PER_CENT = "Задайте столбцам обычный числовой формат и умножьте доли на 100."
_NOT_WHOLE_POINTS = "ожидалась доля, которая даёт целое число баллов"


# Rows that say nothing


def blank_zeros(typed: pd.DataFrame, rows: RowsLayout) -> pd.DataFrame:
    """Zeros that mean «нет данных» become missing, where the layout says so."""
    changed = {
        name: typed[name].mask(typed[name].eq(0) & typed[count].eq(0).fillna(False).astype(bool))
        for name, count in rows.blank_where_zero.items()
    }
    return typed.assign(**changed)


def skip_unreported(typed: pd.DataFrame, rows: RowsLayout, faulty: dict[str, set[int]]) -> pd.DataFrame:
    """Rows without those in which nothing was reported; a faulty cell is not blank."""
    typed = typed[typed[list(rows.only_with)].notna().all(axis=1)] if rows.only_with else typed
    if not rows.skip_blank:
        return typed
    blank = typed[list(rows.skip_blank)].isna().all(axis=1)
    return typed[~blank | typed.index.isin([row for name in rows.skip_blank for row in faulty.get(name, ())])]


def find_wanted(source: Source, body: pd.DataFrame, rows: RowsLayout, typed: pd.DataFrame) -> pd.DataFrame | None:
    """Names by which schools are to be found: municipality and name on the index of the rows that have no code.

    The municipality may stand for the whole sheet, in its title or name.
    """
    if rows.find_school is None:
        return None
    columns = {"municipality": rows.find_school.municipality, "name": rows.find_school.name}
    whole = {column: repeat_text(text, body.index) for column, text in source.fields.items() if text is not None}
    texts = whole | {str(column): body[column] for column in body}
    names = pd.DataFrame({name: texts[column] for name, column in columns.items() if column in texts}, index=body.index)
    without_code = typed.index[typed["school_id"].isna()].unique()
    known = names.index.isin(without_code) & names.ne("").all(axis=1)
    return names[known] if set(columns) <= set(names) else None
