"""Checks between files: codes against the register of schools (реестр школ), rows met in more than one file."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import pandas as pd

from effschool.base import schemas
from effschool.base.problems import Problem, Severity
from effschool.base.russian import choose_word, count_words, join_words
from effschool.intake.checks import Place
from effschool.intake.conversion import CellFault


@dataclass(frozen=True)
class Part:
    """Rows that one file gives to one contract table.

    Args:
        table: the contract table.
        rows: its columns; years may be nullable whole numbers as yet.
        place: where the rows stand, for messages.
        keeps_first: a key met in an earlier part is left out here without an error.
        names: municipality and name of the schools of rows without a code, on the index of the rows; None where every
            row has one.
        pupils: keyed hash of every pupil that the rows count, by the row of the file; None where they count none or the
            file does not tell pupils apart. Such files of one exam are added up.
        stated: names of schools that stand beside their codes, `name` and `row` of the file, on the index of a row of
            that code (several may stand on one); None where the file has none.
        aside: rows of a register that are no schools, with their `kind`; None where there are none.
    """

    table: str
    rows: pd.DataFrame
    place: Place
    keeps_first: bool = False
    names: pd.DataFrame | None = None
    pupils: pd.Series | None = None
    stated: pd.DataFrame | None = None
    aside: pd.DataFrame | None = None


def list_register(parts: list[Part]) -> pd.DataFrame:
    """Codes and years of the register: a row per school and year."""
    rows = [part.rows[["year", "school_id"]] for part in parts if part.table == "schools"]
    empty = schemas.empty_table(schemas.SCHOOLS)[["year", "school_id"]]
    return pd.concat(rows or [empty], ignore_index=True).drop_duplicates()


@dataclass(frozen=True)
class Codes:
    """What a register knows of codes.

    Args:
        schools: year and school_id of every row, and of other codes that successions make known.
        aside: rows that are no schools, as `Part.aside`.
    """

    schools: pd.DataFrame
    aside: pd.DataFrame

    @cached_property
    def years(self) -> frozenset[int]:
        """Years that the register has."""
        return frozenset(self.schools["year"].dropna().astype(int))

    @cached_property
    def all_codes(self) -> frozenset[str]:
        """Codes of schools of any year."""
        return frozenset(self.schools["school_id"])

    @cached_property
    def by_digits(self) -> dict[str, set[str]]:
        """Codes by their digits alone."""
        found: dict[str, set[str]] = defaultdict(set)
        for code in self.all_codes:
            found[re.sub(r"\D", "", code)].add(code)
        return found

    def find_branch(self, code: str) -> str | None:
        """Code of the school whose branch (филиал) a code seems to name: «270001-2», «270001 филиал»."""
        match = _BRANCH.fullmatch(code.strip())
        return match[1] if match and match[1] in self.all_codes else None


_BRANCH = re.compile(
    r"(.+?)\s*(?:[-–—/\\._ ]\s*\d{1,2}|[-–—/_ (]*фил(?:иал)?\.?\s*(?:№\s*)?\d*\)?|[-–—/_ ]?ф\d*)", re.I
)


def list_aside(parts: list[Part]) -> pd.DataFrame:
    """Rows of the register that are no schools: year, school_id, name, kind."""
    columns = ["year", "school_id", "name", "kind"]
    rows = [part.aside[columns] for part in parts if part.aside is not None and len(part.aside)]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=columns, dtype="str")


def restore_codes(part: Part, codes: Codes) -> tuple[Part, list[Problem]]:
    """Codes as the register writes them; a code it has not is an error.

    Excel turns «027000» into 27000. Where exactly one school of the register (of that year, where the table has a year)
    has the same code but for leading zeros, its code is put in, with a warning. Rows of what the register set aside are
    left out with a warning; years that it does not have at all are told elsewhere (`find_years_unregistered`).
    """
    if part.table == "schools":
        return part, []
    rows, problems = part.rows, []
    for column in [name for name in ("school_id", "partner_id") if name in rows.columns]:
        rows, found = _set_aside(rows, column, codes, part.place)
        rows, others = _restore_column(rows, column, codes, part.place)
        problems += [*found, *others]
    names = None if part.names is None else part.names.reindex(rows.index)
    stated = None if part.stated is None else part.stated[part.stated.index.isin(rows.index)]
    return replace(part, rows=rows, names=names, stated=stated), problems


def _set_aside(rows: pd.DataFrame, column: str, codes: Codes, place: Place) -> tuple[pd.DataFrame, list[Problem]]:
    """Without rows of codes that the register set aside and no school bears; a partner of that kind is blanked."""
    known = codes.aside.dropna(subset="school_id").drop_duplicates("school_id", keep="last").set_index("school_id")
    known = known[~known.index.isin(list(codes.all_codes))]
    apart = rows[column].isin(list(known.index))
    problems = []
    for code, same in rows[apart].groupby(column, sort=False):
        number = count_words(len(same), "строка не учтена", "строки не учтены", "строк не учтено")
        expected = f"это не школа: «{known['name'][code]}» в реестре — {known['kind'][code]}; {number}"
        action = "Если это школа, исправьте её тип в реестре; если нет, делать ничего не надо."
        row = int(same["source_row"].iloc[0])
        problems.append(place.say(CellFault(row, str(code), expected, action, Severity.WARNING), column))
    if column == "school_id":
        return rows[~apart], problems
    return rows.assign(**{column: rows[column].mask(apart)}), problems


def find_years_unregistered(parts: Iterable[Part], codes: Codes) -> dict[int, Counter[str]]:
    """Years of rows of schools for which there is no register → number of rows by file."""
    lacking: dict[int, Counter[str]] = defaultdict(Counter)
    for part in parts:
        if codes.years and part.table != "schools" and {"year", "school_id"} <= set(part.rows.columns):
            years = part.rows["year"].dropna().astype(int).value_counts()
            for year in set(years.index) - codes.years:
                lacking[int(year)][part.place.file] += int(years[year])
    return dict(lacking)


def say_years_unregistered(lacking: Mapping[int, Counter[str]], codes: Codes, file: str) -> Problem:
    """The one problem of years that the register does not have; `file` is the one that is refused for it."""
    years, known = join_words(map(str, sorted(lacking))), join_words(map(str, sorted(codes.years)))
    files = sum(lacking.values(), Counter[str]())
    named = join_words(
        f"«{name}» ({count_words(number, 'строка', 'строки', 'строк')})" for name, number in files.items()
    )
    word, known_word = (choose_word(len(found), "год", "годы", "годы") for found in (lacking, codes.years))
    expected = f"в реестре школ только {known} {known_word}, а в данных есть ещё {years} {word}: {named}"
    action = (
        f"Добавьте в реестр (schools) строки за {years} {word}; для начала можно скопировать строки другого года. "
        "Если эти данные не нужны, уберите их из папки."
    )
    return Problem(Severity.ERROR, file, expected, action)


def _restore_column(rows: pd.DataFrame, column: str, codes: Codes, place: Place) -> tuple[pd.DataFrame, list[Problem]]:
    key = ["year", column] if "year" in rows.columns else [column]
    scope = codes.schools.rename(columns={"school_id": column})[key].drop_duplicates()
    wanted = rows.loc[rows[column].notna(), [*key, "source_row"]].reset_index(names="label")
    wanted = wanted[wanted["year"].isin(list(codes.years))] if "year" in key else wanted
    met = wanted.merge(scope, on=key, how="left", indicator=True)
    unknown = met.loc[met["_merge"].eq("left_only"), ["label", *key, "source_row"]]
    if unknown.empty:
        return rows, []
    matched = _match_without_zeros(unknown, column, scope)
    found = matched.dropna(subset=["restored"]).set_index("label")["restored"]
    restored = rows[column].where(~rows.index.isin(found.index), found.reindex(rows.index)).astype("str")
    return rows.assign(**{column: restored}), [
        _say_code(place, column, cells, codes) for _, cells in matched.iterrows()
    ]


def _match_without_zeros(unknown: pd.DataFrame, column: str, scope: pd.DataFrame) -> pd.DataFrame:
    """Unknown codes with the code `restored` of the one school that matches; missing where none or several do."""
    bare = scope.assign(bare=scope[column].str.lstrip("0")).rename(columns={column: "restored"})
    key = [name for name in ("year", "bare") if name in bare.columns]
    single = bare[~bare.duplicated(key, keep=False)]
    return unknown.assign(bare=unknown[column].str.lstrip("0")).merge(single, on=key, how="left")


def _say_code(place: Place, column: str, cells: pd.Series, codes: Codes) -> Problem:
    row, code, restored = int(cells["source_row"]), str(cells[column]), cells["restored"]
    if isinstance(restored, str):
        expected = "ожидался код школы, как в реестре"
        return place.say(CellFault(row, code, expected, _say_restored(restored), Severity.WARNING), column)
    when = f" за {cells['year']} год" if "year" in cells.index else ""
    expected, action = f"такого кода нет в реестре школ{when}", _NEW
    school, alike = codes.find_branch(code), codes.by_digits.get(re.sub(r"\D", "", code), set()) - {code}
    if school:
        expected += f"; похоже на филиал школы {school}"
        line = f"{code};{school};01.09.{cells.get('year', 2001) - 1};филиал;да;№ и дата акта"
        action = f"Чтобы прибавить филиал к его школе, добавьте в successions.csv строку «{line}»; иначе исправьте код."
    elif len(alike) == 1:
        expected += f", а код с теми же цифрами есть: {min(alike)}"
        action = "Пишите код так, как в реестре."
    return place.say(CellFault(row, code, expected, action), column)


_NEW = "Исправьте код; если школа новая, сообщите о ней в институт: её нет в реестре."


def _say_restored(code: str) -> str:
    return f"Код прочитан как «{code}»: задайте столбцам с кодами текстовый формат, чтобы нули не терялись."


def find_code_variants(register: pd.DataFrame) -> dict[str, str]:
    """Code → the longest code that differs by leading zeros only, where no year has both: it is one school."""
    bare = register.assign(bare=register["school_id"].str.lstrip("0"))
    several = bare.groupby("bare")["school_id"].transform("nunique").gt(1)
    same_year = bare.duplicated(["year", "bare"], keep=False).groupby(bare["bare"]).transform("any")
    variants = bare[several & ~same_year]
    longest = variants.groupby("bare")["school_id"].agg(lambda codes: max(codes, key=len))
    pairs = zip(variants["school_id"], variants["bare"].map(longest), strict=True)
    return {code: best for code, best in pairs if code != best}


def harmonise_codes(part: Part, codes: dict[str, str]) -> tuple[Part, list[Problem]]:
    """Rows of the register with the codes replaced, a warning for each."""
    changed = part.rows["school_id"].isin(list(codes)) if part.table == "schools" else None
    if changed is None or not changed.any():
        return part, []
    expected = "ожидался такой же код школы, как в другом году реестра"
    problems = [
        part.place.say(CellFault(int(row), code, expected, _say_restored(codes[code]), Severity.WARNING), "school_id")
        for row, code in part.rows.loc[changed, ["source_row", "school_id"]].itertuples(index=False)
    ]
    rows = part.rows.assign(school_id=part.rows["school_id"].replace(codes))
    return replace(part, rows=rows), problems


def find_doubled(parts: list[Part]) -> list[Problem]:
    """Rows whose key stands in an earlier part (or row) of the same table; the problem is the later file's."""
    problems = []
    for table, columns in schemas.KEYS.items():
        key = list(columns)
        of_table = [part for part in parts if part.table == table and not part.keeps_first]
        if not of_table:
            continue
        rows = pd.concat([part.rows.assign(part=place) for place, part in enumerate(of_table)], ignore_index=True)
        later = rows[rows.duplicated(key)]
        first = rows.drop_duplicates(key).merge(later[key], on=key).set_index(key)
        for _, cells in later.iterrows():
            where = first.loc[[tuple(cells[key])]].iloc[0] if cells[key].notna().all() else None
            problems.append(_say_met(of_table[cells["part"]].place, cells, key, where))
        problems += _find_half_keys(rows, key, of_table) if "grade" in key else []
    return problems


def _find_half_keys(rows: pd.DataFrame, key: list[str], parts: list[Part]) -> list[Problem]:
    """Rows that differ from another in this only that the one has a grade and the other none: they are one exam."""
    others = [name for name in key if name != "grade"]
    has_blank, has_grade = (
        flags.groupby([rows[name] for name in others]).transform("any")
        for flags in (rows["grade"].isna(), rows["grade"].notna())
    )
    both = rows[has_blank & has_grade].sort_values("part", kind="stable")
    later = both[both.duplicated(others)]
    first = both.drop_duplicates(others).set_index(others)
    return [
        _say_met(parts[cells["part"]].place, cells, key, first.loc[tuple(cells[others])])
        for _, cells in later.iterrows()
    ]


def _say_met(place: Place, cells: pd.Series, key: list[str], first: pd.Series | None) -> Problem:
    value = ", ".join(str(cells[name]) for name in key if pd.notna(cells[name]))
    where = f" Она уже есть: файл «{first['source_file']}», строка {first['source_row']}." if first is not None else ""
    action = f"Оставьте строку в одном из файлов.{where}"
    return place.say(CellFault(int(cells["source_row"]), value, "такая строка уже есть в другом месте", action), *key)


def merge_register(parts: list[Part]) -> tuple[list[Part], list[Problem]]:
    """Leave out rows of `keeps_first` parts that others have already; another municipality or share is a warning."""
    kept: list[Part] = []
    problems: list[Problem] = []
    for table, columns in schemas.KEYS.items():
        key = list(columns)
        seen = pd.DataFrame()
        for part in sorted((part for part in parts if part.table == table), key=lambda part: part.keeps_first):
            rows = part.rows
            if part.keeps_first:
                problems += _warn_other_municipality(part, seen) if table == "schools" else []
                problems += _warn_other_share(part, seen) if table == "tasks" and len(seen) else []
                rows = rows.drop_duplicates(key)
                rows = rows[~_index_keys(rows, key).isin(_index_keys(seen, key))] if len(seen) else rows
            seen = pd.concat([seen, rows])
            kept.append(replace(part, rows=rows))
    return kept, problems


def _index_keys(rows: pd.DataFrame, key: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[key])


def _warn_other_municipality(part: Part, seen: pd.DataFrame) -> list[Problem]:
    first = pd.concat([seen, part.rows]).drop_duplicates(["year", "school_id"])
    columns = ["year", "school_id", "municipality", "source_file", "source_row"]
    both = part.rows.merge(first[columns], on=["year", "school_id"], suffixes=("", "_first"))
    return [
        part.place.say(
            CellFault(
                int(cells["source_row"]),
                cells["municipality"],
                "муниципалитет школы не тот, что в другом месте",
                f"Оставлено «{cells['municipality_first']}» (файл «{cells['source_file_first']}», "
                f"строка {cells['source_row_first']}): проверьте, где школа на самом деле.",
                Severity.WARNING,
            ),
            "municipality",
        )
        for _, cells in both[both["municipality"].ne(both["municipality_first"])].iterrows()
    ]


def _warn_other_share(part: Part, seen: pd.DataFrame) -> list[Problem]:
    """One warning where two forms of a work tell different shares of its tasks."""
    key = list(schemas.KEYS["tasks"])
    both = part.rows.merge(seen[[*key, "share", "source_file"]], on=key, suffixes=("", "_first"))
    other = both[(both["share"] - both["share_first"]).abs() > SAME_SHARE]
    expected = f"в файле «{other['source_file_first'].iloc[0]}» доля другая, оставлена она" if len(other) else ""
    action = f"Проверьте, какая выгрузка верна; таких заданий и школ {len(other)}."
    return [
        part.place.say(
            CellFault(int(cells["source_row"]), f"{100 * cells['share']:.4g} %", expected, action, Severity.WARNING),
            "task",
        )
        for _, cells in other.head(1).iterrows()
    ]


SAME_SHARE = 0.0051
"""Shares of points that two forms may give of one: each may be rounded to whole per cents."""
