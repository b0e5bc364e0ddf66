"""The same children through the years (когорты учеников): gains from grade to grade at one school."""

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from effschool.method.methodology import Methodology, PupilCohorts
from effschool.method.variance import fit_variance, require_rules

JUMP, FALL, USUAL = "jump", "fall", "usual"
OTHER_PUPILS, PARTIAL, FEW, MISSING, NO_LINE = "other_pupils", "partial", "few", "missing", "no_line"
"""Findings: out of line upwards or downwards, or not; or why a step is not tested: the cohort changed in number, an
exam that only a part of the pupils sits anywhere, few participants, no result at one end, too few schools in all."""
SURE = (JUMP, FALL, USUAL)
STEP = ["family", "start_year", "from_grade", "from_year", "to_grade", "to_year"]
"""What a step is of: a line of study, the year in which the children entered school, and the two ends."""
KIND = ["family", "from_grade", "to_grade"]
ENDS = ("from", "to")
PUPIL_COHORTS = ["school_id", *STEP, *(f"{end}_{name}" for name in ("participants", "standard") for end in ENDS)]
PUPIL_COHORTS += [
    "gain",
    "gain_error",
    "usual_gain",
    "size_pct",
    "usual_size_pct",
    "expected",
    "deviation",
    "p_value",
    "finding",
]


def follow_pupils(standard: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Steps of cohorts of pupils: a row per school, family of subjects and step that has a result at either end.

    A cohort is the children who entered school in `start_year` = year − grade; a step leads to the next grade of which
    the region has results of that cohort, whatever the gap (grades 4 and 5, or 4 and 7).

    Columns: participants and standard of both ends (from_…, to_…), gain = to_standard − from_standard, gain_error (its
    standard error by the chance of pupils), usual_gain (the mean of the tested schools at the step, which is not zero
    where the schools of the two exams are not the same), size_pct (participants after, per cent of before),
    usual_size_pct (the region's median), expected (to_standard by the region's line over from_standard: low ones rise,
    high ones fall by themselves), deviation from it in ordinary deviations of schools of that size, p_value, finding. A
    value is missing where an end is missing; `finding` says so.
    """
    rules = require_rules(methodology).pupil_cohorts
    ends = pool_families(standard, rules)
    steps = list_grade_steps(ends)
    if steps.empty:
        return pd.DataFrame(columns=PUPIL_COHORTS)
    frame = join_ends(ends, steps)
    return find_unusual(measure_deviations(measure_gains(frame, rules), rules), rules)[PUPIL_COHORTS]


def pool_families(standard: pd.DataFrame, rules: PupilCohorts) -> pd.DataFrame:
    """Results of the families: a row per school, family, grade and year: participants, standard, start_year."""
    families = {subject: family.title for family in rules.families for subject in family.subjects}
    rows = standard.assign(family=standard["subject"].map(families)).dropna(subset=["family", "grade"])
    rows = rows.assign(points=rows["standard"] * rows["participants"])
    sums = rows.groupby(["school_id", "family", "grade", "year"], as_index=False)[["points", "participants"]].sum()
    sums = sums.astype({"grade": "int64", "family": "str"})
    made = sums.assign(standard=sums["points"] / sums["participants"], start_year=sums["year"] - sums["grade"])
    return made.drop(columns="points")


def list_grade_steps(ends: pd.DataFrame) -> pd.DataFrame:
    """Steps that the region's data have: a row per family, cohort and pair of neighbouring grades, columns `STEP`."""
    cohorts = ends[["family", "start_year", "grade"]].drop_duplicates().sort_values("grade")
    rows = [
        (family, start, before, start + before, after, start + after)
        for (family, start), grades in cohorts.groupby(["family", "start_year"])["grade"]
        for before, after in pairwise(grades)
    ]
    return pd.DataFrame(rows, columns=STEP)


def join_ends(ends: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Both ends of every step side by side: a row per school and step with a result at either end."""
    values = ["participants", "standard"]
    key, sides = ["school_id", *STEP], []
    for end in ENDS:
        named = {"grade": f"{end}_grade", "year": f"{end}_year"} | {name: f"{end}_{name}" for name in values}
        side = ends.rename(columns=named)
        on = ["family", "start_year", f"{end}_grade", f"{end}_year"]
        sides.append(side.merge(steps, on=on, validate="many_to_one")[[*key, *(f"{end}_{name}" for name in values)]])
    return sides[0].merge(sides[1], how="outer", on=key, validate="one_to_one")


def measure_gains(frame: pd.DataFrame, rules: PupilCohorts) -> pd.DataFrame:
    """Gain with its error, and how the number of children changed beside what is usual at the step."""
    frame = frame.assign(
        gain=frame["to_standard"] - frame["from_standard"],
        size_pct=100 * frame["to_participants"] / frame["from_participants"],
        inverse=1 / frame["from_participants"] + 1 / frame["to_participants"],
    )
    frame["usual_size_pct"] = frame.groupby(STEP)["size_pct"].transform("median")
    centred = frame["gain"] - frame.groupby(STEP)["gain"].transform("mean")
    frame["gain_error"] = np.nan
    for rows in _group_kinds(frame, "gain", rules):
        variance = fit_variance(centred[rows], frame.loc[rows, "inverse"])
        frame.loc[rows, "gain_error"] = variance.measure_error(frame.loc[rows, "inverse"])
    return frame


def measure_deviations(frame: pd.DataFrame, rules: PupilCohorts) -> pd.DataFrame:
    """What the region's line expects at the end of a step, and how far from it a school is."""
    frame = frame.assign(expected=np.nan, deviation=np.nan)
    known = frame.dropna(subset="gain")
    for _, step in known.groupby(STEP):
        if len(step) >= rules.min_schools:
            line = np.polyfit(step["from_standard"], step["to_standard"], 1, w=np.sqrt(step["to_participants"]))
            frame.loc[step.index, "expected"] = np.polyval(line, step["from_standard"])
    left = frame["to_standard"] - frame["expected"]
    for rows in _group_kinds(frame, "expected", rules):
        spread = fit_variance(left[rows], frame.loc[rows, "inverse"]).measure_spread(frame.loc[rows, "inverse"])
        frame.loc[rows, "deviation"] = left[rows] / spread
    return frame.assign(p_value=2 * stats.norm.sf(frame["deviation"].abs()))


def _group_kinds(frame: pd.DataFrame, column: str, rules: PupilCohorts) -> list[pd.Index]:
    """Rows of each kind of step where `column` is known, all years together; none of kinds with too few schools."""
    groups = frame.dropna(subset=column).groupby(KIND)
    return [rows.index for _, rows in groups if len(rows) >= rules.min_schools]


def find_unusual(frame: pd.DataFrame, rules: PupilCohorts) -> pd.DataFrame:
    """Name what is out of line: all tests of a year together are held to the rule's share of false ones."""
    fewest = frame[["from_participants", "to_participants"]].min(axis=1)
    ratio = 100 * frame["size_pct"] / frame["usual_size_pct"]
    reasons = [
        frame["gain"].isna(),
        fewest < rules.hide_below,
        frame["usual_size_pct"] < rules.least_size_pct,
        (ratio - 100).abs() > rules.size_change_pct,
        frame["deviation"].isna(),
    ]
    finding = pd.Series(np.select(reasons, [MISSING, FEW, PARTIAL, OTHER_PUPILS, NO_LINE], USUAL), index=frame.index)
    tested = frame[finding == USUAL]
    for _, year in tested.groupby("to_year"):
        adjusted = stats.false_discovery_control(year["p_value"])
        unusual = year[100 * adjusted <= rules.false_share_pct]
        finding[unusual.index] = np.where(unusual["deviation"] > 0, JUMP, FALL)
    return frame.assign(finding=finding.astype("str"), usual_gain=_average_sure(frame, finding))


def _average_sure(frame: pd.DataFrame, finding: pd.Series) -> pd.Series:
    """Mean gain of every step over the schools that were tested, weighted by the inverse of the variance."""
    weight = (frame["gain_error"] ** -2.0).where(finding.isin(SURE) & (frame["gain_error"] > 0))
    keys = [frame[name] for name in STEP]
    points = (weight * frame["gain"]).groupby(keys).transform("sum")
    return (points / weight.groupby(keys).transform("sum", min_count=1)).where(frame["gain"].notna())


def average_gains(cohorts: pd.DataFrame, by: str) -> pd.DataFrame:
    """Which grade loses: mean gain over the usual one, of every place and step over its cohorts.

    Args:
        cohorts: rows of `follow_pupils` with a column `by` beside them; those that few pupils or other children stand
            behind are left out.

    Returns:
        A row per `by`, family, from_grade, to_grade: cohorts (rows behind it), mean_gain (weighted by the inverse of
        the variance), mean_error.
    """
    sure = cohorts[cohorts["finding"].isin(SURE) & (cohorts["gain_error"] > 0)]
    weight = 1 / sure["gain_error"] ** 2
    parts = sure.assign(weight=weight, points=weight * (sure["gain"] - sure["usual_gain"]))
    sums = parts.groupby([by, *KIND]).agg(cohorts=("gain", "size"), weight=("weight", "sum"), points=("points", "sum"))
    made = sums.assign(mean_gain=sums["points"] / sums["weight"], mean_error=1 / np.sqrt(sums["weight"]))
    return made.drop(columns=["weight", "points"]).reset_index()
