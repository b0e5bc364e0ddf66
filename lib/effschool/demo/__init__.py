"""The demonstration region (демонстрационный регион), made by code from a seed: nothing in it is real.

Schools differ by a latent social disadvantage that persists and drives a part of their results; schools open, close,
change their type and name; exams fall out; offices leave cells blank. All parameters stand in demo.yml.
"""

from pathlib import Path

import numpy as np

from effschool.demo.context import draw_context, draw_management, draw_teachers, write_context
from effschool.demo.offices import build_office_tables, tell_tables, write_offices
from effschool.demo.population import build_school_table, draw_schools, list_school_years
from effschool.demo.programme import draw_programme, list_effects
from effschool.demo.projects import draw_projects, write_projects
from effschool.demo.results import draw_certificates, draw_cohorts, draw_levels, draw_results
from effschool.demo.settings import Size, load_settings
from effschool.demo.social import draw_social
from effschool.demo.support import draw_facts, draw_roadmap, keep_participants, write_support
from effschool.demo.writing import Tables, write_region

__all__ = ["build_demo_tables", "build_told_tables", "make_demo_region"]

SEED = 2018


def make_demo_region(folder: Path, seed: int = SEED, *, shapes: bool = False, **size: int) -> None:
    """Write the region's raw files into a folder: CSV, `programme.xlsx`, `social/*.xlsx` and `region.yml`.

    `size`: how large it is, as `settings.Size` has it: schools, municipalities, last_year, years.
    With `shapes` the files of the last years have the shapes that offices send. The same arguments give the same bytes.
    Files left by an earlier region are not removed.

    Raises:
        ValueError: too few schools for the municipalities and kinds, no year, or not enough names.
    """
    tables, settings = build_demo_tables(seed, **size), load_settings()
    if shapes:
        write_offices(tables, build_office_tables(tables, settings, seed), folder, settings)
    else:
        write_region(tables, folder, settings)
    write_support(tables, folder, settings)
    write_projects(tables, folder, settings)
    write_context(tables, folder, settings)


def build_told_tables(seed: int = SEED, **size: int) -> Tables:
    """Contract tables that a reader of the region's office shapes gets: `build_demo_tables` as the shapes can tell it.

    Raises:
        ValueError: as `make_demo_region`.
    """
    tables, settings = build_demo_tables(seed, **size), load_settings()
    return tell_tables(tables, build_office_tables(tables, settings, seed), settings.offices)


def build_demo_tables(seed: int = SEED, **size: int) -> Tables:
    """Contract tables by name, with the columns and types of `effschool.base.schemas` but those of provenance.

    Raises:
        ValueError: as `make_demo_region`.
    """
    settings, region = load_settings(), Size(**size)
    # A stream for each table: a change to one leaves the others as they are.
    rngs = np.random.default_rng(seed).spawn(7)
    drawn = draw_schools(region, settings, rngs[0])
    school_years = list_school_years(drawn, region, settings, rngs[1])
    programme = draw_programme(drawn, region, settings, rngs[2])
    effects = list_effects(drawn, programme, region, settings)
    levels = draw_levels(school_years, effects, region, settings, rngs[3])
    cohorts = draw_cohorts(drawn, region, settings, rngs[3])
    schools_of_years = build_school_table(school_years, settings, rngs[1])
    # A generator of its own: what was drawn before there was a context stays as it is.
    asked = np.random.default_rng([seed, 12])
    context = draw_context(schools_of_years, settings, asked)
    tables = {
        "schools": schools_of_years,
        "results": draw_results(school_years, levels, cohorts, settings, rngs[3]),
        "certificates": draw_certificates(school_years, levels, cohorts, settings, rngs[4]),
        "social": draw_social(school_years, settings, rngs[5]),
        "programme": programme,
        "targets_fact": keep_participants(draw_facts(schools_of_years, settings, rngs[6]), programme, schools_of_years),
        "roadmap": draw_roadmap(schools_of_years, settings, [rngs[6], np.random.default_rng([seed, 11])]),
        "context": context,
        "teachers": draw_teachers(context, settings, asked),
        "management": draw_management(schools_of_years, settings, asked),
    }
    return tables | draw_projects(tables, settings, np.random.default_rng([seed, 13]))
