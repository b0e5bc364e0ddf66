"""Who is who (кто есть кто): codes for schools that came by name only, and codes that successions make known in a year.

Names and answers are the business of `school_names`, acts that of `succession`; here both meet the parts of files.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import pandas as pd

from effschool.base.problems import Problem, Severity
from effschool.base.russian import fold_name
from effschool.intake.conversion import CellFault
from effschool.intake.register import Part
from effschool.intake.school_names import (
    NameRules,
    ParsedName,
    list_doubtful,
    load_name_rules,
    match_names,
    parse_name,
    read_confirmed,
    score_names,
)
from effschool.intake.succession import Successions

CONFIRMED = "names_confirmed.xlsx"
TO_CONFIRM = "names_to_confirm.xlsx"
RULES = Path("names") / "schools.yml"
"""Rules of names, in the folder of layouts; a region without them knows schools by code only."""


@dataclass(frozen=True)
class SchoolRegister:
    """Schools that names are looked for among, and what a person answered.

    Args:
        schools: a row per school and year: year, school_id, name, municipality.
        confirmed: answers as `school_names.read_confirmed` gives them.
        rules: None where the region has none.
    """

    schools: pd.DataFrame
    confirmed: pd.DataFrame
    rules: NameRules | None


def open_register(parts: list[Part], raw: Path, layouts: Path) -> tuple[SchoolRegister, list[Problem]]:
    """The register of the accepted files with the answers that lie in the raw folder."""
    columns = ["year", "school_id", "name", "municipality"]
    rows = [part.rows[columns] for part in parts if part.table == "schools"]
    schools = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns, dtype="str")
    path = layouts / RULES
    confirmed, problems = read_confirmed(raw / CONFIRMED, schools)
    return SchoolRegister(schools, confirmed, load_name_rules(path) if path.is_file() else None), problems


def find_codes(part: Part, register: SchoolRegister) -> tuple[Part, list[Problem], pd.DataFrame]:
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


def find_other_names(
    part: Part, schools: pd.DataFrame, own: Mapping[str, Iterable[str]], rules: NameRules
) -> list[Problem]:
    """Warnings: a name beside a code that is another school's, by the register; small differences are passed over.

    Args:
        part: with codes as the register has them.
        schools: rows of the register.
        own: names that the register has for each code.
    """
    if part.stated is None or "school_id" not in part.rows:
        return []
    names = part.stated.assign(name=part.stated["name"].str.replace(_LOGIN, "", regex=True))
    pairs = part.rows[["school_id"]].join(names, how="inner").dropna().drop_duplicates(["school_id", "name"])
    problems = []
    for code, name, row in pairs.itertuples(index=False):
        if not name.strip() or _fits(name, own.get(code), rules):
            continue
        other = find_other_school(code, name, schools, rules)
        if other is not None:
            registered = schools.loc[schools["school_id"].eq(code), "name"].iloc[-1]
            expected = (
                f"код и название — разных школ: код {code} в реестре — «{registered}», а так называется школа "
                f"{other['school_id']}, «{other['name']}»"
            )
            action = "Проверьте, не сдвинуты ли столбцы: пока строка отнесена к школе по коду."
            fault = CellFault(int(row), f"{code}, {name.strip()}", expected, action, Severity.WARNING)
            problems.append(part.place.say(fault, "school_id"))
    return problems


_LOGIN = r"\(?\b(?:edu|sch)\d+\b\)?"


def _fits(name: str, own: Iterable[str] | None, rules: NameRules) -> bool:
    """Whether a name may be one of a school's own; of a code that nobody knows it may."""
    parsed = _parse(name, rules)
    return own is None or any(score_names(parsed, _parse(each, rules), rules) >= rules.cuts.doubtful for each in own)


def find_other_school(code: str, name: str, schools: pd.DataFrame, rules: NameRules) -> pd.Series | None:
    """The school other than that of the code that a name is surely of; of equals one of its municipality."""
    is_own = schools["school_id"].eq(code)
    others = schools[~is_own]
    others = others.assign(score=_score(_parse(name, rules), others["name"], rules).astype("float64"))
    best = others[others["score"].ge(rules.cuts.accept)]
    near = best["municipality"].isin(schools.loc[is_own, "municipality"].unique())
    ordered = best.assign(near=near).sort_values(["near", "score", "year"], ascending=False, kind="stable")
    return None if ordered.empty else ordered.iloc[0]


def _score(parsed: ParsedName, names: pd.Series, rules: NameRules) -> pd.Series:
    different = {name: score_names(parsed, _parse(name, rules), rules) for name in names.unique()}
    return names.map(different)


_PARSED: dict[tuple[str, int], ParsedName] = {}


def _parse(name: str, rules: NameRules) -> ParsedName:
    # Files have the same names, and a name that is not its code's is compared with all schools.
    key = (name, id(rules))
    if key not in _PARSED:
        _PARSED[key] = parse_name(name, rules)
    return _PARSED[key]


def find_code_changes(schools: pd.DataFrame) -> list[Problem]:
    """Warnings: a code that ends where another begins for a school of the same name and municipality.

    A name that two schools of a municipality bear in one year says nothing.

    Args:
        schools: rows of the register, known successions followed.
    """
    rows = schools.assign(plain=schools["name"].map(fold_name))
    key = ["municipality", "plain"]
    several = rows[rows.groupby(key)["school_id"].transform("nunique").gt(1)]
    alone = ~several.duplicated(["year", *key], keep=False).groupby([several[name] for name in key]).transform("any")
    problems = []
    for _, same in several[alone].sort_values("year").groupby(key, sort=False):
        first = same.drop_duplicates("school_id")
        spans = same.groupby("school_id")["year"].agg(["min", "max"])
        for (_, old), (_, new) in pairwise(first.iterrows()):
            if spans["max"][old["school_id"]] < spans["min"][new["school_id"]]:
                problems.append(_say_code_change(old, new))
    return problems


def _say_code_change(old: pd.Series, new: pd.Series) -> Problem:
    before, after = old["school_id"], new["school_id"]
    expected = (
        f"школа с таким же названием («{new['name']}», {new['municipality']}) раньше стояла под кодом {before}, "
        f"которого с {new['year']} года нет: похоже, это одна школа, а её история прервётся"
    )
    line = f"{before};{after};01.01.{new['year']};смена кода;да;№ и дата акта"
    action = f"Если школа одна, добавьте в successions.csv строку «{line}» или пишите код одинаково."
    file, sheet, row = str(new["source_file"]), str(new["source_sheet"]), int(new["source_row"])
    return Problem(Severity.WARNING, file, expected, action, sheet, row, "Код ОО", after)


def _say_unmatched(part: Part, unmatched: pd.DataFrame) -> list[Problem]:
    rows = part.rows["source_row"]
    return [
        part.place.say(CellFault(int(rows[place]), f"{name}, {municipality}", *_advise(status)), "school_id")
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
