"""One scale for all exams, and how much of a difference is chance (шкала и разброс)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import nnls

from effschool.method.indicators import KEY, Tables, fill_mean_scores
from effschool.method.methodology import DynamicsRules, Methodology

CELL = ["year", "procedure", "subject", "grade"]
"""What one regional mean is of."""
ROUNDS = 10
OUTLIER = 4.0
"""Standard deviations; a normal variable is beyond in 6 cases of 100,000."""


def require_rules(methodology: Methodology) -> DynamicsRules:
    """The section `dynamics` of a methodology.

    Raises:
        ValueError: it has none.
    """
    if methodology.dynamics is None:
        raise ValueError(
            f"В методике «{methodology.title}» нет раздела dynamics, поэтому уровень, изменение и когорты учеников не "
            "вычислить. Добавьте раздел по образцу methodologies/khabarovsk-2020.yml."
        )
    return methodology.dynamics


def standardise_means(tables: Tables, schools: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Regional-standardised means (результат в долях разброса): a row per year, school, procedure, subject and grade.

    standard = (mean − regional mean)/spread of schools, within year, procedure, subject and grade, over all schools
    that are not left out, so that showing fewer schools changes no value.

    Returns:
        Columns year, school_id, procedure, subject, grade, participants (pupils), standard; a row without participants
        or mean is left out, and so is a cell with fewer schools than the rules ask for or without any spread.
    """
    rules = require_rules(methodology)
    taken = schools.dropna(subset="group")[KEY]
    rows = fill_mean_scores(tables["results"]).merge(taken, on=KEY, validate="many_to_one")
    rows = rows[(rows["participants"] > 0).fillna(False).astype(bool) & rows["mean_score"].notna()]
    own_grade = rows["procedure"].map(rules.pupil_cohorts.grades).astype("Int64")
    rows = rows.assign(grade=rows["grade"].fillna(own_grade), participants=rows["participants"].astype("float64"))
    weight = rows["participants"] if rules.standard.weighted else rows["participants"].clip(1, 1)
    cell = rows.groupby(CELL, dropna=False).ngroup()
    total = weight.groupby(cell).transform("sum")
    apart = rows["mean_score"] - (weight * rows["mean_score"]).groupby(cell).transform("sum") / total
    spread = np.sqrt((weight * apart**2).groupby(cell).transform("sum") / total)
    enough = (cell.groupby(cell).transform("size") >= rules.standard.min_schools) & (spread > 1e-9)
    made = rows.assign(standard=apart / spread)[enough]
    return made[["year", "school_id", *CELL[1:], "participants", "standard"]].reset_index(drop=True)


@dataclass(frozen=True)
class DifferenceVariance:
    """Variance of a difference between two means: `lasting` between schools, `chance` per pupil at either end."""

    lasting: float
    chance: float

    def measure_error(self, sizes: ArrayLike) -> NDArray[np.float64]:
        """Standard error by chance of the pupils alone; `sizes`: 1/participants before + 1/participants after."""
        return np.sqrt(self.chance * np.asarray(sizes, dtype=float))

    def measure_spread(self, sizes: ArrayLike) -> NDArray[np.float64]:
        """Ordinary deviation of a school, chance and lasting differences together."""
        return np.sqrt(self.lasting + self.chance * np.asarray(sizes, dtype=float))


def fit_variance(differences: ArrayLike, sizes: ArrayLike) -> DifferenceVariance:
    """Split the variance of centred differences into a lasting part and one that falls with the number of pupils.

    Squares are regressed on 1 and `sizes` with both coefficients not negative, weighted by the inverse square of what
    is expected, which is what a square of a normal variable asks for. Differences beyond `OUTLIER` of their own spread
    are set aside in turn, so that a few schools out of line do not hide one another. Needs no results of single pupils.
    """
    squares, sizes = np.asarray(differences, dtype=float) ** 2, np.asarray(sizes, dtype=float)
    design = np.column_stack([np.ones(len(squares)), sizes])
    found = np.array([squares.mean() / 2, squares.mean() / 2 / sizes.mean()])
    for _ in range(ROUNDS):
        expected = np.maximum(design @ found, 1e-6)
        weight = (squares <= OUTLIER**2 * expected) / expected
        # Rotated first: the same least squares on two rows instead of one per school.
        basis, rows = np.linalg.qr(design * weight[:, None])
        found, _ = nnls(rows, basis.T @ (squares * weight))
    return DifferenceVariance(float(found[0]), float(found[1]))
