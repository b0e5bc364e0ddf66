"""How marks are used (качество отметок): ВПР of a cohort against its exam later, school by school, shrunken.

A frame for the institute, to see schools together; a difference of one school is mostly chance, so it is drawn towards
the region by as much as it can be chance.
"""

import numpy as np
import pandas as pd

from effschool.base.schemas import KEYS, MARKS_USE, empty_table
from effschool.doubt.cohorts import VPR, keep_larger
from effschool.method.indicators import KEY, MARKED, Tables, fill_mean_scores
from effschool.method.methodology import Methodology
from effschool.method.variance import fit_variance, require_rules

PAIR = ["year", "subject"]


def compare_marks(tables: Tables, schools: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Mean marks of ВПР and of the later exam of the same cohort: a row per school, subject and year of the exam.

    Columns as `schemas.MARKS_USE`. `difference` is ВПР minus exam; `shrunken` the same drawn towards the region's mean
    difference, by the share of chance in it. Schools that are left out have no row.
    """
    rules = methodology.doubt
    if rules is None:
        return empty_table(MARKS_USE)
    exam_grade = require_rules(methodology).pupil_cohorts.grades.get(rules.marks_use.procedure)
    rows = fill_mean_scores(tables["results"]).merge(schools.dropna(subset="group")[KEY], on=KEY)
    rows = rows[rows["procedure"].isin(MARKED) & (rows["participants"] > 0) & rows["mean_score"].notna()]
    rows = rows[[*KEYS["results"], "participants", "mean_score"]]
    vpr = rows[(rows["procedure"] == VPR) & (rows["grade"] == rules.marks_use.grade)]
    exam = rows[rows["procedure"] == rules.marks_use.procedure]
    exam = keep_larger(exam.assign(grade=exam_grade))
    later = vpr.assign(vpr_year=vpr["year"], year=vpr["year"] + (exam_grade or 0) - rules.marks_use.grade)
    named = {"participants": "vpr_participants", "mean_score": "vpr_mean"}
    later = later.rename(columns=named)[["year", "school_id", "subject", "grade", "vpr_year", *named.values()]]
    exam = exam.rename(columns={"participants": "exam_participants", "mean_score": "exam_mean"})
    pairs = later.merge(exam.drop(columns=["grade", "procedure"]), on=["year", "school_id", "subject"])
    shrunken = shrink_differences(pairs.assign(difference=pairs["vpr_mean"] - pairs["exam_mean"]), rules.min_schools)
    kinds = {name: column.dtype for name, column in MARKS_USE.columns.items()}
    return shrunken[list(kinds)].astype(kinds).sort_values(list(MARKS_USE.unique or ()), ignore_index=True)


def shrink_differences(pairs: pd.DataFrame, min_schools: int) -> pd.DataFrame:
    """Add `shrunken`, the difference drawn towards the region's; missing where the region has too few schools."""
    frame = pairs.assign(shrunken=np.nan)
    for _, rows in frame.groupby(PAIR):
        if len(rows) >= min_schools:
            sizes = 1 / rows["vpr_participants"] + 1 / rows["exam_participants"]
            frame.loc[rows.index, "shrunken"] = shrink(rows["difference"], sizes)
    return frame


def shrink(values: pd.Series, sizes: pd.Series) -> pd.Series:
    """The region's mean, and of what a school departs from it the share that is no chance.

    The variance is split by `fit_variance` into what lasts and what falls with the number of pupils; `sizes` are
    1/participants, as there.
    """
    sizes = sizes.astype("float64")
    usual = np.average(values, weights=1 / sizes)
    variance = fit_variance(values - usual, sizes)
    return usual + variance.lasting / np.maximum(variance.measure_spread(sizes) ** 2, 1e-12) * (values - usual)
