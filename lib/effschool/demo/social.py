"""Social conditions (социальные условия): counts of pupils that depend on a school's latent disadvantage."""

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.demo.population import Numbers
from effschool.demo.settings import DemoSettings


def draw_social(school_years: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """The contract's table of social conditions: a row per school and year, every count a part of the pupils.

    Some cells are blank, one school sent blank forms, and one municipality has not sent its last year.
    """
    pupils = school_years["enrolment"].to_numpy()
    counts = {
        name: rng.binomial(pupils, _draw_shares(school_years, rules, settings.social.year_spread, rng))
        for name, rules in settings.social.counts.items()
    }
    table = school_years[["year", "school_id"]].assign(pupils=pupils, **counts)
    types = dict.fromkeys(["pupils", *counts], "Int64")
    return table.astype(types).pipe(_blank_cells, list(counts), settings, rng).pipe(_leave_out, school_years, rng)


def _draw_shares(school_years: pd.DataFrame, rules: DemoSettings, year_spread: float, rng: Generator) -> Numbers:
    """Shares 0…1 by school-year: the region's, moved by disadvantage, the school's own and the year, in logits."""
    school = school_years["school"].to_numpy()
    own = rng.normal(0, rules.spread, school.max() + 1)[school]
    year = rng.normal(0, year_spread, len(school_years))
    middle = np.log(rules.share / (100 - rules.share))
    logits = middle + rules.loading * school_years["disadvantage"].to_numpy() + own + year
    return np.asarray(1 / (1 + np.exp(-logits)))


def _blank_cells(social: pd.DataFrame, counts: list[str], settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    blank = rng.random((len(social), len(counts))) < settings.blanks.social
    return social.assign(**social[counts].mask(pd.DataFrame(blank, columns=counts)))


def _leave_out(social: pd.DataFrame, school_years: pd.DataFrame, rng: Generator) -> pd.DataFrame:
    """The last municipality has not sent its last year; one school elsewhere has all cells blank."""
    names = school_years["municipality"].unique()
    is_silent = school_years["municipality"] == names[-1]
    blank_id = rng.choice(school_years.loc[~is_silent | (len(names) == 1), "school_id"].unique())
    cells = social.columns.drop(["year", "school_id"])
    social[cells] = social[cells].mask(social["school_id"] == blank_id)
    unsent = is_silent & (social["year"] == social["year"].max()) & (len(names) > 1)
    return social[~unsent].reset_index(drop=True)
