"""Exams, check works and certificates, pupil by pupil: a latent ability with ordinal thresholds.

The thresholds are quantiles of all pupils of all years, so the shares in demo.yml hold for the region as a whole, and
every count and mean of a row is of the same drawn pupils.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.base.schemas import MARKS
from effschool.demo.population import Flags, Numbers, Whole, find_kinds
from effschool.demo.settings import DemoSettings, Size

HIGHEST_GRADE = 12
HIGHEST_SCORE = 100


@dataclass(frozen=True)
class Cohorts:
    """Levels and relative sizes of cohorts (параллели) by school (row) and year of entry into grade 0 (column)."""

    first_year: int
    levels: Numbers
    sizes: Numbers

    def find(self, school: Whole, year: Whole, grade: int) -> tuple[Numbers, Numbers]:
        """Levels and relative sizes of the cohort that is in a grade in a year."""
        column = year - grade - self.first_year
        return self.levels[school, column], self.sizes[school, column]


@dataclass(frozen=True)
class Pupils:
    """Drawn pupils: `row` is the position of the school-year, `latent` the pupil's ability."""

    row: Whole
    latent: Numbers
    rows: int

    def count_between(self, cuts: list[float]) -> Whole:
        """Pupils by row and by class between ascending cuts; a pupil at the cut is above it."""
        classes = len(cuts) + 1
        cell = self.row * classes + np.searchsorted(np.array(cuts), self.latent, side="right")
        return np.bincount(cell, minlength=self.rows * classes).reshape(self.rows, classes)


def draw_cohorts(schools: pd.DataFrame, size: Size, settings: DemoSettings, rng: Generator) -> Cohorts:
    """Cohorts keep their level and relative size as they grow up."""
    shape = (len(schools), size.years + HIGHEST_GRADE)
    grades = np.array([len(settings.kinds[name].grades) for name in schools["kind"]])
    usual = np.maximum(schools["size"].to_numpy() / grades, 0.5)[:, None]
    levels = rng.normal(0, settings.ability.cohort, shape)
    return Cohorts(size.first_year - HIGHEST_GRADE, levels, rng.poisson(usual, shape) / usual)


def draw_levels(
    school_years: pd.DataFrame, effects: Numbers, size: Size, settings: DemoSettings, rng: Generator
) -> Numbers:
    """Level of each school-year: the school's own, the programme's effect, the year of the school and of the region."""
    school, year = school_years["school"].to_numpy(), school_years["year"].to_numpy() - size.first_year
    region = rng.normal(0, settings.ability.region_year, size.years)
    own_year = rng.normal(0, settings.ability.year, len(school_years))
    return school_years["level"].to_numpy() + effects[school, year] + region[year] + own_year


def count_grade(
    school_years: pd.DataFrame, grade: int, cohorts: Cohorts, settings: DemoSettings
) -> tuple[Whole, Numbers]:
    """Pupils of a grade by school-year, and the levels of their cohorts."""
    totals = {
        name: sum(settings.grade_weights.get(each, 1.0) for each in kind.grades)
        for name, kind in settings.kinds.items()
    }
    usual = school_years["enrolment"].to_numpy() / school_years["kind"].map(totals).to_numpy()
    levels, sizes = cohorts.find(school_years["school"].to_numpy(), school_years["year"].to_numpy(), grade)
    counts = np.rint(usual * settings.grade_weights.get(grade, 1.0) * sizes)
    return np.minimum(counts, school_years["enrolment"].to_numpy()).astype(np.int64), levels


def draw_abilities(levels: Numbers, counts: Whole, rng: Generator) -> Pupils:
    """Pupils of each school-year, abilities normal round its level with deviation 1."""
    row = np.repeat(np.arange(len(counts)), counts)
    return Pupils(row, rng.normal(levels[row], 1.0), len(counts))


def find_mark_cuts(pupils: Pupils, shares: list[float]) -> list[float]:
    """Thresholds that part all pupils by shares in per cent, lowest class first; without pupils any will do."""
    below = np.cumsum(shares)[:-1] / 100
    return np.quantile(pupils.latent, below).tolist() if len(pupils.latent) else below.tolist()


def draw_results(
    school_years: pd.DataFrame, levels: Numbers, cohorts: Cohorts, settings: DemoSettings, rng: Generator
) -> pd.DataFrame:
    """The contract's table of results: a row per school, year, procedure, subject and grade."""
    rows = school_years.assign(latent_level=levels)
    profile = rng.random(
        len(rows)
    )  # one draw for both levels of mathematics, so that together they are the whole grade
    exams = [_draw_exam(exam, rows.assign(profile=profile), cohorts, settings, rng) for exam in settings.exams]
    keys = ["year", "school_id", "procedure", "subject", "grade"]
    return pd.concat(exams, ignore_index=True).sort_values(keys, kind="stable", ignore_index=True)


def _draw_exam(
    exam: DemoSettings, rows: pd.DataFrame, cohorts: Cohorts, settings: DemoSettings, rng: Generator
) -> pd.DataFrame:
    held = rows["kind"].isin(find_kinds(settings, exam.grade)) & ~rows["year"].isin(exam.not_held)
    rows = rows[held].reset_index(drop=True)
    grade, cohort_levels = count_grade(rows, exam.grade, cohorts, settings)
    takers = _count_takers(exam, grade, rows, settings)
    own = rng.normal(0, settings.ability.exam, len(rows))
    pupils = draw_abilities(
        rows["latent_level"].to_numpy() + cohort_levels + own, rng.binomial(takers, exam.attendance), rng
    )
    counted = _score_pupils(exam, pupils, settings) if exam.shares is None else _mark_pupils(exam, pupils)
    table = rows[["year", "school_id"]].assign(procedure=exam.procedure, subject=exam.subject, grade=exam.grade)
    return _blank_cells(_complete(table, counted), exam, settings, rng)


def _count_takers(exam: DemoSettings, grade: Whole, rows: pd.DataFrame, settings: DemoSettings) -> Whole:
    """Pupils of the grade who choose the exam; better schools choose profile mathematics more often."""
    rules = settings.ability
    share = np.clip(rules.profile_share + rules.profile_choice * rows["latent_level"].to_numpy(), 0.1, 0.9)
    # Stochastic rounding: a school with one graduate has either a profile or a basic taker.
    profile = np.floor(grade * share + rows["profile"].to_numpy()).astype(np.int64)
    return {"all": grade, "profile": profile, "basic": grade - profile}[exam.takers]


_COUNTS = ("participants", *MARKS, "below_min", "score_80_plus", "mean_score")
_TYPES = {
    "procedure": "str",
    "subject": "str",
    "grade": "Int64",
    **dict.fromkeys(_COUNTS, "Int64"),
    "mean_score": "float64",
}


def _complete(keys: pd.DataFrame, counted: pd.DataFrame) -> pd.DataFrame:
    """Keys and counts with all columns of the contract; what the exam does not have is missing."""
    return pd.concat([keys, counted.reindex(columns=list(_COUNTS))], axis=1).astype(_TYPES)


def _mark_pupils(exam: DemoSettings, pupils: Pupils) -> pd.DataFrame:
    """Counts of marks; the basic level of ЕГЭ says instead how many are below the minimum, like the protocol."""
    counts = pupils.count_between(find_mark_cuts(pupils, list(exam.shares or [])))
    total = counts.sum(axis=1)
    is_final = exam.procedure == "ЕГЭ"
    said = {"below_min": counts[:, 0]} if is_final else dict(zip(MARKS, counts.T, strict=True))
    return pd.DataFrame({"participants": total, **said, "mean_score": _divide(counts @ np.array(exam.points), total)})


def _score_pupils(exam: DemoSettings, pupils: Pupils, settings: DemoSettings) -> pd.DataFrame:
    """Counts and mean of 100-point scores: whole points, linear in ability through the minimum and the high score."""
    below, high, minimum = exam.below or 0.0, exam.high or 0.0, exam.minimum or 0
    low_cut, high_cut = find_mark_cuts(pupils, [below, 100 - below - high, high])
    point = (high_cut - low_cut) / (settings.high_score - minimum) or 1.0
    scores = np.clip(np.floor(minimum + (pupils.latent - low_cut) / point), 0, HIGHEST_SCORE)
    classes = Pupils(pupils.row, scores, pupils.rows).count_between([minimum, settings.high_score])
    total = classes.sum(axis=1)
    points = np.bincount(pupils.row, weights=scores, minlength=pupils.rows)
    counts = {"participants": total, "below_min": classes[:, 0], "score_80_plus": classes[:, 2]}
    return pd.DataFrame({**counts, "mean_score": _divide(points, total)})


def _divide(sums: Numbers | Whole, counts: Whole) -> Numbers:
    """Means to two digits as in protocols, missing where nobody took part."""
    return np.round(np.divide(sums, counts, out=np.full(len(counts), np.nan), where=counts > 0), 2)


def _blank_cells(rows: pd.DataFrame, exam: DemoSettings, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Drop a part of the rows without participants, and leave some cells blank as offices do."""
    rules = settings.blanks
    kept: Flags = ((rows["participants"] > 0) | (rng.random(len(rows)) < rules.zero_rows)).to_numpy()
    rows = rows[kept].reset_index(drop=True)
    no_marks = rng.random(len(rows)) < rules.marks
    # The means of a row without marks stay: they are all that is known of it.
    share = rules.mean_of_scores if exam.procedure == "ЕГЭ" else rules.mean_of_marks
    no_mean = (rng.random(len(rows)) < share) & ~no_marks
    counts = [*MARKS, "below_min", "score_80_plus"]
    rows.loc[no_marks, counts] = pd.NA
    return rows.assign(mean_score=rows["mean_score"].mask(no_mean))


def draw_certificates(
    school_years: pd.DataFrame, levels: Numbers, cohorts: Cohorts, settings: DemoSettings, rng: Generator
) -> pd.DataFrame:
    """The contract's table of certificates: a row per school, year and level that had graduates."""
    tables = []
    for rules in settings.certificates:
        teaches = school_years["kind"].isin(find_kinds(settings, rules.grade)).to_numpy()
        rows = school_years[teaches].reset_index(drop=True)
        graduates, cohort_levels = count_grade(rows, rules.grade, cohorts, settings)
        pupils = draw_abilities(levels[teaches] + cohort_levels, graduates, rng)
        without = pupils.count_between(find_mark_cuts(pupils, [rules.without, 100 - rules.without]))[:, 0]
        table = rows[["year", "school_id"]].assign(level=rules.level, graduates=graduates, without_certificate=without)
        tables.append(table[graduates > 0])
    types = {"level": "str", "graduates": "Int64", "without_certificate": "Int64"}
    return pd.concat(tables).sort_values(["year", "school_id", "level"], ignore_index=True).astype(types)
