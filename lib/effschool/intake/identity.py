"""Who is who (кто есть кто): codes for schools that came by name only, and codes that successions make known in a year.

Names and answers are the business of `school_names`, acts that of `succession`; here both meet the parts of files.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from effschool.base.problems import Problem
from effschool.intake.conversion import Fault
from effschool.intake.register import Part
from effschool.intake.school_names import NameRules, list_doubtful, load_name_rules, match_names, read_confirmed
from effschool.intake.succession import Successions

CONFIRMED = "names_confirmed.xlsx"
TO_CONFIRM = "names_to_confirm.xlsx"
RULES = Path("names") / "schools.yml"
"""Rules of names, in the folder of layouts; a region without them knows schools by code only."""


@dataclass(frozen=True)
class Register:
    """Schools that names are looked for among, and what a person answered.

    Args:
        schools: a row per school and year: year, school_id, name, municipality.
        confirmed: answers as `school_names.read_confirmed` gives them.
        rules: None where the region has none.
    """

    schools: pd.DataFrame
    confirmed: pd.DataFrame
    rules: NameRules | None


def open_register(parts: list[Part], raw: Path, layouts: Path) -> tuple[Register, list[Problem]]:
    """The register of the accepted files with the answers that lie in the raw folder."""
    columns = ["year", "school_id", "name", "municipality"]
    rows = [part.rows[columns] for part in parts if part.table == "schools"]
    schools = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns, dtype="str")
    path = layouts / RULES
    confirmed, problems = read_confirmed(raw / CONFIRMED, schools)
    return Register(schools, confirmed, load_name_rules(path) if path.is_file() else None), problems


def find_codes(part: Part, register: Register) -> tuple[Part, list[Problem], pd.DataFrame]:
    """The part with codes for the schools it has by name; a name without a certain school is an error of its row.

    Returns:
        The part, its problems, and the pairs of names and schools that a person has to confirm.
    """
    if part.names is None or part.names.dropna().empty:
        return part, [], pd.DataFrame()
    wanted = part.names.dropna().assign(year=part.rows["year"]).dropna()
    different = wanted[["year", "municipality", "name"]].drop_duplicates().astype({"year": "int64"})
    if register.rules is None or register.schools.empty:
        return part, _say_unmatched(part, wanted.assign(status="")), pd.DataFrame()
    names = (different, register.schools, register.confirmed, register.rules)
    matched = wanted.reset_index().merge(match_names(*names), on=["year", "municipality", "name"]).set_index("index")
    codes = part.rows["school_id"].astype(object).where(part.rows["school_id"].notna(), None)
    codes.update(matched["school_id"].dropna().astype(object))
    known = part.rows.assign(school_id=codes.astype("str"))
    unmatched = matched[matched["school_id"].isna()]
    return replace(part, rows=known), _say_unmatched(part, unmatched), list_doubtful(*names)


def _say_unmatched(part: Part, unmatched: pd.DataFrame) -> list[Problem]:
    rows = part.rows["source_row"]
    return [
        part.place.say(Fault(int(rows[place]), f"{name}, {municipality}", *_advise(status)), "school_id")
        for place, name, municipality, status in zip(
            unmatched.index, unmatched["name"], unmatched["municipality"], unmatched["status"], strict=True
        )
        if place in rows.index
    ]


def _advise(status: str) -> tuple[str, str]:
    expected = "ожидался код школы: по названию она однозначно не находится"
    if status == "сомнительно":
        return expected, f"Ответьте «да» или «нет» в файле {TO_CONFIRM} или впишите код."
    return expected, "Впишите код школы."


def add_known_codes(register: pd.DataFrame, successions: Successions) -> pd.DataFrame:
    """Codes of the register, and the other codes of the same schools that rows of a year may bear.

    Args:
        register: year and school_id of every row of the register.
    """
    known = pd.Series(
        [successions.find_id(code, year) for code, year in zip(register["school_id"], register["year"], strict=True)],
        index=register.index,
        dtype="object",
    )
    ids = set(zip(register["year"], known, strict=True))
    years = register["year"].dropna().unique().tolist()
    others = [
        (year, code)
        for year in years
        for code in sorted(successions.codes)
        if (year, successions.find_id(code, year)) in ids
    ]
    added = pd.DataFrame(others, columns=["year", "school_id"]).astype(register.dtypes.to_dict())
    return pd.concat([register, added], ignore_index=True).drop_duplicates()
