"""The programme of support (программа поддержки): who takes part, since when, with whom, and its true effect."""

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.demo.population import Flags, Numbers, Whole
from effschool.demo.settings import DemoSettings, Size


def draw_programme(schools: pd.DataFrame, size: Size, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """The contract's table of the programme: a row per school and year of entry, most of them low schools.

    Schools that open or close inside the years of the tables do not take part.
    """
    rules = settings.programme
    fits = (schools["kind"].isin(rules.kinds) & ~schools["event"].isin(["opened", "closed"])).to_numpy()
    seen = schools["level"].to_numpy() + rng.normal(0, rules.choice_noise, len(schools))
    count = min(max(1, round(rules.share * len(schools))), int(fits.sum()))
    chosen = np.sort(np.argsort(np.where(fits, seen, np.inf), kind="stable")[:count])
    span = rules.enters_before_last
    entry = rng.integers(size.last_year - span.first, size.last_year - span.last + 1, count)
    entered = pd.DataFrame(
        {
            "school_id": schools["school_id"].to_numpy()[chosen],
            "project": [_choose_project(int(year), settings, rng) for year in entry],
            "entry_year": entry,
            "exit_year": _draw_exits(entry, size, settings, rng),
            "partner_id": _choose_partners(schools, fits, chosen, settings, rng),
            "curator": [rules.curator.format(number=i // rules.schools_per_curator + 1) for i in range(count)],
        }
    )
    return entered.astype({"project": "str", "partner_id": "str", "curator": "str"})


def _choose_project(year: int, settings: DemoSettings, rng: Generator) -> str:
    names = [project.name for project in settings.programme.projects if project.since <= year]
    return names[rng.integers(len(names))]


def _draw_exits(entry: Whole, size: Size, settings: DemoSettings, rng: Generator) -> "pd.Series[int]":
    """Year of leaving, blank for those still in the programme in the last year."""
    rules = settings.programme.leaves
    exits = entry + rng.choice(rules.after, len(entry))
    stays = (rng.random(len(entry)) >= rules.share) | (exits > size.last_year)
    return pd.Series(exits, dtype="Int64").mask(stays)


def _choose_partners(
    schools: pd.DataFrame, fits: Flags, chosen: Whole, settings: DemoSettings, rng: Generator
) -> pd.Series:
    """Codes of partner schools (школа-партнёр) of a high level; blank where there is none yet."""
    rules = settings.programme
    level = schools["level"].to_numpy()
    high = fits & (level > np.quantile(level[fits], rules.partner_above))
    high[chosen] = False
    pool = schools["school_id"].to_numpy()[high]
    if not len(pool):
        return pd.Series([None] * len(chosen), dtype="str")
    drawn = pd.Series(rng.choice(pool, len(chosen)), dtype="str")
    return drawn.mask(rng.random(len(chosen)) < rules.no_partner)


def list_effects(schools: pd.DataFrame, programme: pd.DataFrame, size: Size, settings: DemoSettings) -> Numbers:
    """True effect by school (row) and year (column): grows from the year after entry, stays after leaving."""
    rules = settings.programme.effect
    position = pd.Index(schools["school_id"]).get_indexer(programme["school_id"])
    entry = programme["entry_year"].to_numpy()[:, None]
    exit_year = programme["exit_year"].fillna(size.last_year + 1).to_numpy(dtype=np.int64)[:, None]
    taken_part = np.clip(np.minimum(np.array(size.all_years), exit_year) - entry, 0, None)
    effects = np.zeros((len(schools), size.years))
    effects[position] = np.minimum(rules.per_year * taken_part, rules.most)
    return effects
