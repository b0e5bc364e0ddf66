"""Context of schools, teachers, the management cycle (контекст, педагоги, управленческий цикл), as ОМСУ send them.

Some fill in the workbook of support, some rows come in one table of the institute, some municipalities sent nothing.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.base.schemas import ANSWERS, CONTRACT, INTERNET, PROVENANCE, SPECIALISTS, TRANSPORT
from effschool.base.storage import save_workbook
from effschool.demo.pages import make_book, make_page, write_cells
from effschool.demo.settings import DemoSettings
from effschool.demo.writing import Tables

FORMS, TABLE, SILENT = "forms", "table", "silent"
WAYS = (FORMS, TABLE, SILENT, FORMS)
"""How municipalities send what they are asked, by turns in alphabetical order."""


def choose_ways(schools: pd.DataFrame) -> dict[str, str]:
    """How each municipality of the last year sends."""
    names = sorted(schools.loc[schools["year"] == schools["year"].max(), "municipality"].unique())
    return {name: WAYS[place % len(WAYS)] for place, name in enumerate(names)}


def draw_context(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per school of the last year whose municipality sent: staff, distance, vacancies, specialists."""
    rules, ways = settings.context, choose_ways(schools)
    of_year = schools[schools["year"] == schools["year"].max()]
    asked = of_year[of_year["municipality"].map(ways) != SILENT].reset_index(drop=True)
    pupils = asked["enrolment"].fillna(rules.usual).astype("float64").to_numpy()
    is_village, many = asked["locality"].eq("село").to_numpy(), len(asked)
    staff = np.maximum(rules.least_staff, np.rint(pupils / rules.pupils_a_teacher * rng.uniform(0.85, 1.15, many)))
    distance = np.round(np.where(is_village, rng.gamma(2, 22, many), rng.uniform(0, 6, many)), 1)
    drawn: dict[str, Any] = {"distance_km": distance}
    drawn["transport"] = _choose(TRANSPORT, np.where(distance > 60, 0.5, 0.1), rng)
    drawn["internet"] = _choose(INTERNET, np.where(is_village, 0.35, 0.1), rng)
    drawn["bussed"] = rng.binomial(pupils.astype(int), np.where(is_village, rng.beta(2, 8, many), 0.01))
    drawn["staff"] = staff
    drawn |= {name: rng.binomial(staff.astype(int), share) for name, share in rules.shares.items()}
    drawn["over_55"] = np.minimum(drawn["over_55"], staff - drawn["under_35"])
    drawn["load_hours"] = np.round(rng.normal(rules.load, 2.5, many), 1)
    drawn |= {name: rng.poisson(mean, many) for name, mean in rules.counts.items()}
    drawn |= {name: rng.integers(0, 2 + pupils // 300, many) / 2 for name in SPECIALISTS}
    frame = asked[["year", "school_id"]].assign(**drawn)
    return _type(_blank(frame, rules.blank, rng), "context")


def _choose(words: tuple[str, ...], harder: np.ndarray, rng: Generator) -> np.ndarray:
    """The first word, or with the given chance the second one and, of those, a quarter the third."""
    chance = rng.random(len(harder))
    return np.select([chance < harder / 4, chance < harder], [words[2], words[1]], words[0])


def _blank(frame: pd.DataFrame, share: float, rng: Generator) -> pd.DataFrame:
    """The frame with some cells blank: nobody knew; never the keys, nor the number of teachers."""
    free = [name for name in frame if name not in ("year", "school_id", "subject", "staff", "teachers")]
    return frame.assign(**{name: frame[name].mask(rng.random(len(frame)) < share) for name in free})


def _type(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    columns = {name: spec.dtype for name, spec in CONTRACT[table].columns.items() if name not in PROVENANCE}
    return frame[list(columns)].astype(columns)


def draw_teachers(context: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per school that told of its context and subject: teachers, courses, deficits, mentors, vacancies."""
    rules = settings.context
    staff = context["staff"].astype("int64")
    parts = []
    for subject, share in rules.subjects.items():
        teachers = np.maximum(1, rng.binomial(staff, share))
        drawn: dict[str, Any] = {"teachers": teachers}
        drawn["courses_planned"] = rng.binomial(teachers, rules.planned)
        drawn["courses_passed"] = rng.binomial(drawn["courses_planned"], rules.passed)
        drawn["diagnosed"] = rng.binomial(teachers, rules.diagnosed)
        drawn["with_deficits"] = rng.binomial(drawn["diagnosed"], rules.deficits)
        drawn["helped"] = rng.binomial(drawn["with_deficits"], rules.helped)
        drawn["mentors"] = rng.binomial(teachers, rules.mentors)
        drawn["vacancies"] = rng.poisson(rules.vacancies, len(teachers))
        parts.append(context[["year", "school_id"]].assign(subject=subject, **drawn))
    rows = pd.concat(parts).sort_values("school_id", kind="stable", ignore_index=True)
    return _type(rows, "teachers")


def draw_management(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """A row per question and municipality that sent, and per question of the region; some have no answer or no link."""
    rules, year = settings.context, int(schools["year"].max())
    places = [name for name, way in choose_ways(schools).items() if way != SILENT]
    rows = []
    for place in [*places, settings.region]:
        questions = rules.region_questions if place == settings.region else rules.questions
        for number, question in enumerate(questions, start=1):
            answer = rng.choice([*ANSWERS, ""], p=rules.answers)
            link = rules.link.format(number=number) if answer == ANSWERS[0] and rng.random() < rules.linked else None
            rows += [(year, place, question, answer or None, link)] if answer else []
    columns = ["year", "municipality", "question", "answer", "link"]
    return _type(pd.DataFrame(rows, columns=columns), "management")


def write_context(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write the filled workbooks of support, and the institute's table for those who did not use the form."""
    rules, year = settings.context, int(tables["schools"]["year"].max())
    register = tables["schools"].drop_duplicates("school_id", keep="last").set_index("school_id")["municipality"]
    ways = choose_ways(tables["schools"])
    by_place = {
        name: tables[name].assign(
            place=tables[name]["municipality"] if name == "management" else tables[name]["school_id"].map(register)
        )
        for name in rules.sheets
    }
    for place in [name for name, way in ways.items() if way == FORMS]:
        own = {name: rows[rows["place"] == place] for name, rows in by_place.items()}
        save_workbook(_make(own, rules, place, year), folder / rules.form.format(place=place))
    rest = {name: rows[rows["place"].map(ways).ne(FORMS)] for name, rows in by_place.items()}
    if any(len(rows) for rows in rest.values()):
        save_workbook(_make(rest, rules, settings.region, year), folder / rules.table.format(year=year))


def _make(tables: Tables, rules: DemoSettings, place: str, year: int) -> Any:
    words = {"place": place, "year": year}
    pages = [
        make_page(form, words, list(form.headings.values()), write_cells(tables[name][list(form.headings)]))
        for name, form in rules.sheets.items()
    ]
    return make_book(*pages)
