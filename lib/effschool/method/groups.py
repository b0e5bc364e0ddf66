"""Who is compared with whom: groups of schools, and schools left out (METHODOLOGY.md section 1)."""

import pandas as pd

from effschool.base.schemas import SCHOOLS_OUT
from effschool.method.indicators import KEY, Tables
from effschool.method.methodology import GroupsByExams, GroupsByType, Methodology


def group_schools(tables: Tables, methodology: Methodology) -> pd.DataFrame:
    """Schools with their group: a row per year and school, columns as `schemas.SCHOOLS_OUT`.

    `group` is missing where the school is left out: marked in the register, or of a type or set of exams without group.
    """
    register = tables["schools"]
    rules = methodology.groups
    named = name_by_type(register, rules) if isinstance(rules, GroupsByType) else name_by_exams(tables, rules)
    group = named.mask(register["exclusion"].notna())
    return register.assign(group=group)[list(SCHOOLS_OUT.columns)]


def name_by_type(register: pd.DataFrame, rules: GroupsByType) -> pd.Series:
    """Group of every row of the register by its type."""
    return register["type"].map(rules.chosen).astype("str")


def name_by_exams(tables: Tables, rules: GroupsByExams) -> pd.Series:
    """Group of every row of the register by the exams the school held in the year, with participants.

    Exams of a procedure that no group names are not looked at.
    """
    procedures = {procedure for group in rules.names for procedure, _ in group.exams}
    held = tables["results"].query("participants > 0")[[*KEY, "procedure", "grade"]].drop_duplicates()
    held = held[held["procedure"].isin(procedures)]
    exams = held.assign(
        exam=pd.Series([*zip(held["procedure"], held["grade"], strict=True)], index=held.index, dtype=object)
    )
    sets = exams.groupby(KEY)["exam"].agg(frozenset).rename("exams").reset_index()
    names = {frozenset(group.exams): group.name for group in rules.names}
    sets["named"] = sets["exams"].map(lambda found: names.get(found, rules.other)).astype("str")
    register = tables["schools"][KEY]
    return register.merge(sets, how="left", on=KEY, validate="one_to_one")["named"].set_axis(register.index)
