"""Protocols of ОГЭ and ЕГЭ, a row per pupil, drawn so that they give the counts and means of the contract table.

No pupil is real: all have one name, a number inside the school, and a document made of it and of the school's code.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from openpyxl import Workbook

from effschool.base.schemas import MARKS
from effschool.demo.pages import make_book, make_page, write_cells, write_csv
from effschool.demo.population import Whole
from effschool.demo.settings import DemoSettings


def draw_pupils(results: pd.DataFrame, papers: Mapping[str, DemoSettings], rng: Generator) -> pd.DataFrame:
    """A row per participant: year, school_id, procedure, subject, grade, number inside the school, value.

    `value` is the mark (ОГЭ), the score (ЕГЭ) or the primary score (basic mathematics). Counts and, within half a
    hundredth, the mean are those of the row of results; what is blank there is drawn.
    """
    keys = ["year", "school_id", "procedure", "subject", "grade"]
    rows = results[results["participants"] > 0].reset_index(drop=True)
    values = [draw_values(row, papers[row["subject"]], rng) for row in rows.to_dict("records")]
    pupils = rows.loc[rows.index.repeat([len(each) for each in values]), keys].reset_index(drop=True)
    pupils["value"] = np.concatenate([np.empty(0, dtype=np.int64), *values])
    return _number_pupils(pupils)


def _number_pupils(pupils: pd.DataFrame) -> pd.DataFrame:
    """Numbers by school from 1; those who take one level of mathematics do not take the other."""
    paper = pupils["subject"].str.partition(" ")[0]
    return pupils.assign(number=pupils.groupby(["school_id", paper]).cumcount() + 1)


def draw_values(row: Mapping[str, Any], paper: DemoSettings, rng: Generator) -> Whole:
    """Values of the participants of one row of results."""
    low, high = _list_bounds(row, paper)
    drawn = rng.integers(low, high + 1)
    if pd.isna(row["mean_score"]):
        return drawn
    total = np.clip(np.rint(row["mean_score"] * len(drawn)), low.sum(), high.sum())
    lack = int(total) - int(drawn.sum())
    room = high - drawn if lack > 0 else drawn - low
    return drawn + np.sign(lack) * apportion_marks(abs(lack), room)


def _list_bounds(row: Mapping[str, Any], paper: DemoSettings) -> tuple[Whole, Whole]:
    """Least and highest value of each participant; the whole scale where the counts are blank."""
    known = {name: row[name] for name in paper.counts if name}
    if any(pd.isna(count) for count in known.values()):
        counts, bands = [row["participants"]], [(paper.bands[0][0], paper.bands[-1][1])]
    else:
        others = row["participants"] - sum(known.values())
        counts, bands = [known[name] if name else others for name in paper.counts], paper.bands
    bounds = np.repeat(np.array(bands), np.array(counts, dtype=np.int64), axis=0)
    return bounds[:, 0], bounds[:, 1]


def apportion_marks(total: int, weights: Whole) -> Whole:
    """Whole parts of a total in proportion to weights, by the largest remainder; never more than the weight itself
    where the total is not more than their sum.
    """
    exact = total * weights / max(int(weights.sum()), 1)
    parts = np.floor(exact).astype(np.int64)
    most = np.argsort(parts - exact, kind="stable")[: total - int(parts.sum())]
    parts[most] += 1
    return parts


def count_protocol(pupils: pd.DataFrame, papers: Mapping[str, DemoSettings]) -> pd.DataFrame:
    """Contract rows of results that participants give: counts by band and the mean of the values."""
    keys = ["year", "school_id", "procedure", "subject", "grade"]
    flags = pupils[keys].assign(participants=1, mean_score=pupils["value"])
    for name in (*MARKS, "below_min", "score_80_plus"):
        flags[name] = pd.array([pd.NA] * len(pupils), dtype="Int64")
    for subject, paper in papers.items():
        of_subject = pupils["subject"] == subject
        for counted, (low, high) in zip(paper.counts, paper.bands, strict=True):
            if counted:
                flags.loc[of_subject, counted] = pupils.loc[of_subject, "value"].between(low, high).astype("Int64")
    groups = flags.groupby(keys)
    return groups.sum(min_count=1).assign(mean_score=groups["mean_score"].mean()).reset_index()


def add_scores(pupils: pd.DataFrame, papers: Mapping[str, DemoSettings], rng: Generator) -> pd.DataFrame:
    """Add what a protocol says of a paper: code, title, primary score and mark or score (`said`)."""
    parts = []
    for subject, paper in papers.items():
        rows = pupils[pupils["subject"] == subject]
        primary, said = _score(rows["value"].to_numpy(), paper, rng)
        parts.append(rows.assign(code=paper.code, title=paper.title, primary=primary, said=said))
    return pd.concat(parts).sort_values(["code", "school_id", "number"], ignore_index=True)


def _score(value: Whole, paper: DemoSettings, rng: Generator) -> tuple[Whole, Whole]:
    """Primary scores and marks or scores; a mark has a drawn primary score, a primary score its mark."""
    least = np.array(paper.primary)
    if not paper.primary:
        return np.rint(value * paper.most_primary / 100).astype(np.int64), value
    if len(paper.bands) == len(MARKS):
        return rng.integers(least[value - 2], least[value - 1]), value
    return value, 1 + np.searchsorted(least, value, side="right")


def add_pupil_statuses(protocol: pd.DataFrame, rules: DemoSettings, with_gve: bool, rng: Generator) -> pd.DataFrame:
    """Add status, form and `counts`: false in added rows of pupils who are absent, annulled or, if asked for, of ГВЭ.

    The result of an annulled pupil is the lowest there is, so that who counts it sees another number of failures.
    """
    drawn = rng.random(len(protocol))
    status = np.select(
        [drawn < rules.appeal_share, drawn < rules.appeal_share + rules.active_share], [rules.appeal, rules.active], ""
    )
    protocol = protocol.assign(status=pd.Series(status, dtype="str").replace("", None), form=rules.usual_form)
    lowest = protocol.groupby("code")["said"].min()
    extra = [
        _choose(protocol, rules.absent_share, rng).assign(status=rules.absent, primary=pd.NA, said=pd.NA),
        _choose(protocol, rules.annulled_share, rng).assign(status=rules.annulled, primary=0).pipe(_set_said, lowest),
        _choose(protocol, rules.gve_share if with_gve else 0, rng).assign(status=rules.active, form=rules.gve),
    ]
    added = pd.concat(extra).assign(number=lambda rows: rules.first_added + np.arange(len(rows)), counts=False)
    whole = pd.concat([protocol.assign(counts=True), added]).astype({"primary": "Int64", "said": "Int64"})
    return whole.sort_values(["code", "school_id", "number"], ignore_index=True)


def _set_said(rows: pd.DataFrame, lowest: pd.Series) -> pd.DataFrame:
    return rows.assign(said=rows["code"].map(lowest))


def _choose(protocol: pd.DataFrame, share: float, rng: Generator) -> pd.DataFrame:
    """Rows to be copied with another status: at least one where the share is not zero."""
    count = min(len(protocol), max(1, round(share * len(protocol)))) if share else 0
    return protocol.iloc[np.sort(rng.choice(len(protocol), count, replace=False))]


def draw_protocol(
    results: pd.DataFrame, papers: Mapping[str, DemoSettings], rules: DemoSettings, with_gve: bool, rng: Generator
) -> pd.DataFrame:
    """A row per pupil and exam, participants and others: `draw_pupils` with scores and statuses."""
    return (
        draw_pupils(results, papers, rng).pipe(add_scores, papers, rng).pipe(add_pupil_statuses, rules, with_gve, rng)
    )


def make_oge_protocol(protocol: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """Protocol of ОГЭ of one year: title rows, a numbering row, pupils of one name."""
    form, rules = settings.offices.forms["oge"], settings.offices.statuses
    letters = np.array(rules.classes)[protocol["number"].to_numpy() % len(rules.classes)]
    rows = protocol.assign(
        place=range(1, len(protocol) + 1),
        surname=rules.surname,
        patronymic=rules.patronymic,
        document=rules.document + protocol["school_id"] + protocol["number"].astype(str).str.zfill(4),
        number=protocol["number"].astype(str).str.zfill(4),
    )
    rows["class"] = rows["grade"].astype(str) + letters
    words = {"year": protocol["year"].iloc[0], "region": settings.region}
    return make_book(make_page(form, words, list(form.headings.values()), write_cells(rows[list(form.headings)])))


def make_ege_protocol(protocol: pd.DataFrame, settings: DemoSettings) -> str:
    """Protocol of ЕГЭ of one year as text; the test score of basic mathematics is the mark."""
    rows = protocol.assign(number=protocol["school_id"] + protocol["number"].astype(str).str.zfill(4))
    return write_csv(rows, settings.offices.forms["ege"])
