"""Facts of programmes' targets and plans of events (показатели программ, дорожная карта), as an institute has them."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.base.schemas import EVENT_STATES
from effschool.base.storage import save_workbook
from effschool.demo.pages import make_book, make_page, write_cells
from effschool.demo.settings import DemoSettings
from effschool.demo.writing import Tables


def draw_facts(schools: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """What the institute counted: a row per target, year and place; some municipalities tell nothing of some."""
    years, places = sorted(schools["year"].unique()), sorted(schools["municipality"].unique())
    rows = []
    for fact in settings.support.facts:
        wanted = [(place, year) for place, year in product([None, *places], years) if place is None or fact.everywhere]
        told = rng.random(len(wanted)) >= settings.support.silent
        values = np.round(rng.uniform(fact.low, fact.high, len(wanted)), 1)
        rows += [
            (fact.programme, fact.target, year, place, value)
            for (place, year), value, is_told in zip(wanted, values, told, strict=True)
            if is_told or place is None
        ]
    frame = pd.DataFrame(rows, columns=["programme", "target", "year", "municipality", "value"])
    return frame.astype({"programme": "str", "target": "str", "municipality": "str", "year": "int64"})


def keep_participants(facts: pd.DataFrame, programme: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Facts of the region and of municipalities that have a participant in the year."""
    stays = schools[["year", "school_id", "municipality"]].merge(programme, on="school_id")
    stays = stays[(stays["entry_year"] <= stays["year"]) & ~(stays["exit_year"] < stays["year"]).fillna(False)]
    known = pd.MultiIndex.from_frame(stays[["year", "municipality"]])
    told = pd.MultiIndex.from_frame(facts[["year", "municipality"]]).isin(known)
    return facts[facts["municipality"].isna() | told].reset_index(drop=True)


def draw_roadmap(schools: pd.DataFrame, settings: DemoSettings, rngs: Sequence[Generator]) -> pd.DataFrame:
    """Plans of the last year, of the region and of some municipalities: a row per event, most of those due done.

    Events of several terms, or without a mark, have a generator of their own: the second.
    """
    rules, year = settings.support, int(schools["year"].max())
    as_of = rules.as_of.format(year=year)
    places = [None, *sorted(schools["municipality"].unique())[:: rules.every_municipality]]
    rows = []
    for place, (number, event) in product(places, enumerate(rules.events, start=1)):
        is_done = event.is_due and rngs[0].random() < rules.done
        done = f"{rngs[0].integers(1, 28):02}.{event.month:02}.{year}" if is_done else None
        state = EVENT_STATES[not is_done] if event.is_due else None
        rows.append((rules.programme, place, f"1.{number}", year, *_tell(event, year), state, done, as_of))
    for place, (number, event) in product(places, enumerate(rules.repeated, start=1)):
        done = event.done.format(year=year) if event.done and rngs[1].random() < rules.done else None
        state = EVENT_STATES[0] if done else None
        rows.append((rules.programme, place, f"2.{number}", year, *_tell(event, year), state, done, as_of))
    columns = ["programme", "municipality", "number", "year", "term", "event", "responsible", "expected"]
    frame = pd.DataFrame(rows, columns=[*columns, "state", "done", "as_of"]).astype("str")
    return frame.astype({"year": "Int64"})


def _tell(event: DemoSettings, year: int) -> tuple[str, str, str, str]:
    return event.term.format(year=year), event.event, event.responsible, event.expected


def write_support(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write both workbooks."""
    year = int(tables["schools"]["year"].max())
    for name, form in settings.support.forms.items():
        rows = tables[name][list(form.headings)]
        words = {"year": year, "region": settings.region, "as_of": settings.support.as_of.format(year=year)}
        book = make_book(make_page(form, words, list(form.headings.values()), write_cells(rows)))
        save_workbook(book, folder / form.file.format(year=year))
