"""The same children in another year (те же дети позже): ВПР against later exams, and from grade to grade.

Results are on one scale: the school's mean minus the region's, in spreads of schools (`method.variance`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from effschool.method.methodology import Methodology
from effschool.method.variance import OUTLIER, fit_variance, require_rules

VPR = "ВПР"
STEP = ["subject", "grade", "year", "later_procedure", "later_grade"]
"""One line of the region is fitted for each."""
KIND = ["subject", "grade", "later_procedure", "later_grade"]
ROUNDS = 3
NORMAL = 1.4826
"""Standard deviation of a normal variable, in medians of its absolute values."""


def pair_later(standard: pd.DataFrame, methodology: Methodology, procedures: Sequence[str]) -> pd.DataFrame:
    """ВПР and another result of the same children: a row per school, subject, grade, year and later result.

    Columns: school_id, subject, grade, year, participants, standard of ВПР, and the same of the later result (later_…).
    Only where about as many pupils sat both as is usual in the region: else these are not the same children.
    """
    rules = require_rules(methodology).pupil_cohorts
    subjects = {subject: family.title for family in rules.families for subject in family.subjects}
    rows = standard.assign(subject=standard["subject"].map(subjects)).dropna(subset=["subject", "grade"])
    rows = keep_larger(rows.astype({"grade": "int64"}).assign(start=lambda each: each["year"] - each["grade"]))
    later = rows[rows["procedure"].isin(list(procedures))]
    named = {name: f"later_{name}" for name in ("year", "grade", "procedure", "participants", "standard")}
    early = rows[rows["procedure"] == VPR].drop(columns="procedure")
    pairs = early.merge(later.rename(columns=named), on=["school_id", "subject", "start"])
    pairs = pairs[pairs["later_year"] > pairs["year"]].reset_index(drop=True)
    size = 100 * pairs["later_participants"] / pairs["participants"]
    usual = size.groupby([pairs[name] for name in STEP]).transform("median")
    same = (usual >= rules.least_size_pct) & ((100 * size / usual - 100).abs() <= rules.size_change_pct)
    fewest = pairs[["participants", "later_participants"]].min(axis=1)
    return pairs.assign(fewest=fewest)[same].reset_index(drop=True)


def keep_larger(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per school, year, exam, subject and grade: that of more pupils where an exam has two of its levels."""
    key = ["year", "school_id", "procedure", "subject", "grade"]
    return rows.sort_values("participants", kind="stable").drop_duplicates(key, keep="last").sort_index()


def compare_with_vpr(pairs: pd.DataFrame, min_schools: int) -> pd.DataFrame:
    """Add `expected`, the later result by the region's line over ВПР, and `deviation` from it in ordinary deviations.

    Schools out of line are set aside in turn when the line is fitted. Steps with fewer schools than `min_schools` are
    left out.
    """
    size = pairs.groupby(STEP)["school_id"].transform("size") if len(pairs) else pd.Series(dtype="int64")
    frame = pairs[size >= min_schools].assign(expected=np.nan, deviation=np.nan)
    for _, step in frame.groupby(STEP):
        frame.loc[step.index, "expected"] = _fit_line(step)
    left = frame["later_standard"] - frame["expected"]
    sizes = 1 / frame["participants"] + 1 / frame["later_participants"]
    for _, kind in frame.groupby(KIND):
        spread = fit_variance(left[kind.index], sizes[kind.index]).measure_spread(sizes[kind.index])
        frame.loc[kind.index, "deviation"] = left[kind.index] / spread
    return frame


def _fit_line(step: pd.DataFrame) -> NDArray[np.float64]:
    before, after = step["standard"].to_numpy(), step["later_standard"].to_numpy()
    kept, weight, expected = np.ones(len(step), dtype=bool), np.sqrt(step["later_participants"].to_numpy()), after
    for _ in range(ROUNDS):
        expected = np.polyval(np.polyfit(before[kept], after[kept], 1, w=weight[kept]), before)
        scaled = np.abs(weight * (after - expected))
        kept = scaled <= OUTLIER * NORMAL * np.median(scaled)
    return expected


def measure_unconfirmed(standard: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """A ВПР mean far above the region, and what the same children's first later exam confirms of it.

    A row per school, subject, grade and year of ВПР far above the region: value (the later result), expected (by the
    region's line over ВПР: high ones fall by themselves), p_value (of so low a later result or lower).
    """
    rules = methodology.doubt
    assert rules
    pairs = pair_later(standard, methodology, rules.cohorts.procedures)
    first = pairs.groupby(["school_id", "subject", "grade", "year"])["later_year"].transform("min")
    steps = compare_with_vpr(pairs[pairs["later_year"] == first], rules.min_schools)
    high = steps[steps["standard"] >= rules.cohorts.above]
    return _tell(high, "year", "grade", stats.norm.cdf(high["deviation"]))


def measure_jumps(standard: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Changes of one cohort between neighbouring grades of ВПР: a row per school, subject, grade and year of the later.

    value (the later result), expected (by the region's line over the earlier), p_value (of so high a one or higher).
    """
    rules = methodology.doubt
    assert rules
    pairs = pair_later(standard, methodology, [VPR])
    steps = compare_with_vpr(pairs[pairs["later_grade"] == pairs["grade"] + 1], rules.min_schools)
    return _tell(steps, "later_year", "later_grade", stats.norm.sf(steps["deviation"]))


def _tell(steps: pd.DataFrame, year: str, grade: str, chance: object) -> pd.DataFrame:
    columns = {"year": steps[year], "school_id": steps["school_id"], "subject": steps["subject"], "grade": steps[grade]}
    counted = {"participants": steps["fewest"], "value": steps["later_standard"], "expected": steps["expected"]}
    return pd.DataFrame({**columns, **counted}).assign(p_value=chance)
