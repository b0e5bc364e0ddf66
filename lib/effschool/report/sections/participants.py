"""Schools of projects of support (участники проектов): on the municipality's page and a school's own."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from effschool.report.display import Table, Text
from effschool.report.drawings import draw_strip
from effschool.report.facts import Said, join, say, words
from effschool.report.portfolio import Portfolio, spread_bands
from effschool.report.sections.municipality import NONE, number_schools
from effschool.support.participants import choose_participants


def tabulate_participants(portfolio: Portfolio) -> Table | Text:
    """Own schools of projects of support: since when, who curates, the partner, their bands since the year before."""
    known, schools = portfolio.workspace.support.participants, portfolio.schools.set_index("school_id")
    own = known[known["school_id"].isin(schools.index)] if len(known) else known
    rows = choose_participants(own, portfolio.year).sort_values("entry_year", kind="stable") if len(own) else own
    if rows.empty:
        return Text(("В проектах поддержки школы муниципалитета в этом году не участвуют.",), kind="note")
    rules, bands = portfolio.workspace.methodology.domains.get("results"), spread_bands(portfolio, "results")
    numbers = rows["school_id"].map(schools["number"])
    paths = [
        {year: band for year, band in bands.loc[number].items() if year >= entry - 1}
        for number, entry in zip(numbers, rows["entry_year"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Школа": number_schools(schools).reindex(rows["school_id"]).to_numpy(),
            "Проект": rows["project"].array,
            "С года": rows["entry_year"].astype("str").array,
            "Куратор": rows["curator"].fillna(NONE).array,
            "Школа-партнёр": rows["partner"].fillna(NONE).array,
            PATH: [_say_path(path, rules.band_titles if rules else {}) for path in paths],
        }
    )
    drawings = {DRAWN_PATH: [draw_strip(path, rules.band_marks, rules.worse_band) for path in paths]} if rules else {}
    shown = tuple(name for name in frame if name != PATH)
    title = f"Школы в проектах поддержки, {portfolio.year} год"
    note = "Клетки — место по результатам среди школ той же группы, с года до включения." if rules else ""
    return Table("Проекты", title, frame, note=note, drawings=drawings, shown=(*shown, *drawings), folds=True)


def describe_participation(portfolio: Portfolio) -> pd.DataFrame:
    """The project of every school that takes part, with curator and partner: school_id, text."""
    known = portfolio.workspace.support.participants
    rows = choose_participants(known, portfolio.year) if len(known) else pd.DataFrame(columns=["school_id"])
    own = rows[rows["school_id"].isin(portfolio.schools["school_id"])]
    told = [_say_participation(row) for row in own.itertuples()]
    return pd.DataFrame({"school_id": own["school_id"], "text": told}, columns=["school_id", "text"])


def _say_participation(row: Any) -> Said:
    named = (("куратор", row.curator), ("школа-партнёр", row.partner))
    people = [say(f"; {who} — {{name}}", name=words(name)) for who, name in named if pd.notna(name)]
    entry = say("В проекте «{project}» с {year} года", project=words(row.project), year=words(row.entry_year))
    return join([entry, *people, "."], "")


PATH, DRAWN_PATH = "Результаты с года до включения", "Результаты"


def _say_path(path: Mapping[int, object], titles: Mapping[str, str]) -> str:
    return "; ".join(f"{year} — {titles.get(str(band), 'нет')}" for year, band in path.items())
