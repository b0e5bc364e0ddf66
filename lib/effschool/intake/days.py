"""Files of one exam (основной и резервный день) put together, and tables that were sent twice."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from effschool.base import schemas
from effschool.base.problems import Problem
from effschool.intake.conversion import CellFault
from effschool.intake.register import Part

SHOWN_ROWS = 20
"""How many pupils who stand in two files are named."""


def find_copy(part: Part, seen: Sequence[tuple[Part, str]]) -> str:
    """Where the same rows stand already, of the parts seen before and their places; "" where they do not."""
    for other, where in seen:
        if other.table == part.table and not part.keeps_first and _is_same(part, other):
            return where
    return ""


def _is_same(part: Part, other: Part) -> bool:
    if part.rows.empty or len(part.rows) != len(other.rows) or part.names is not None or other.names is not None:
        return False
    if part.pupils is not None and other.pupils is not None and set(part.pupils) != set(other.pupils):
        return False
    return _strip(part.rows).equals(_strip(other.rows))


def _strip(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without where they came from, in the order of their values."""
    bare = rows.drop(columns=list(schemas.PROVENANCE)).astype(object)
    return bare.sort_values(list(bare.columns), key=lambda column: column.astype("str"), ignore_index=True)


def join_exams(
    earlier: tuple[Part, ...], later: tuple[Part, ...]
) -> tuple[tuple[Part, ...], tuple[Part, ...], list[Problem]]:
    """Protocols of a later file added to those of an earlier one, where both tell their pupils apart.

    Returns:
        The earlier parts with the sums, the later parts with the rows of other schools and exams that are left of them,
        and an error for every pupil who stands in both.
    """
    parts, rest, problems = list(earlier), list(later), list[Problem]()
    for place, part in enumerate(later):
        for number, other in enumerate(parts):
            if part.table != other.table or part.pupils is None or other.pupils is None:
                continue
            twice = part.pupils[part.pupils.isin(other.pupils)].head(SHOWN_ROWS)
            problems += [_say_both(part, other, row, pupil) for row, pupil in twice.items()]
            if twice.empty:
                parts[number], rest[place] = _join(other, rest[place])
    return tuple(parts), tuple(rest), problems


def _join(other: Part, part: Part) -> tuple[Part, Part]:
    key = list(schemas.KEYS[part.table])
    is_common = pd.MultiIndex.from_frame(part.rows[key]).isin(pd.MultiIndex.from_frame(other.rows[key]))
    if not is_common.any() or other.pupils is None or part.pupils is None:
        return other, part
    rows = add_rows(other.rows, part.rows[is_common])
    joined = replace(other, rows=rows, pupils=pd.concat([other.pupils, part.pupils]))
    return joined, replace(part, rows=part.rows[~is_common])


def add_rows(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Rows of results with others of the same keys added: counts are summed, means weighted by participants."""
    key = list(schemas.KEYS["results"])
    later = rows[key].merge(more, on=key, how="left").set_axis(rows.index)
    met = later["participants"].notna()
    counts = ["participants", *schemas.MARKS, "below_min", "score_80_plus"]
    added = {name: rows[name].where(~met, rows[name] + later[name]) for name in counts}
    weights = [
        part["participants"].where(part["mean_score"].notna()).fillna(0).astype("float64") for part in (rows, later)
    ]
    sums = rows["mean_score"].fillna(0) * weights[0] + later["mean_score"].fillna(0) * weights[1]
    mean = (sums / (weights[0] + weights[1]).where(lambda total: total > 0)).round(6)
    notes = rows["source_note"].fillna("") + "; файл «" + later["source_file"].fillna("") + "»: "
    return rows.assign(
        **added,
        mean_score=rows["mean_score"].where(~met, mean),
        source_note=rows["source_note"].where(~met, notes + later["source_note"].fillna("")),
    )


def _say_both(part: Part, other: Part, row: object, pupil: object) -> Problem:
    assert other.pupils is not None
    first = other.pupils.index[other.pupils.eq(pupil)][0]
    action = f"Оставьте одну строку, с последней попыткой; тот же ученик: файл «{other.place.file}», строка {first}."
    return part.place.say(CellFault(int(str(row)), "", "ученик есть и в другом файле того же экзамена", action))
