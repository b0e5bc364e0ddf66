"""The management cycle (управленческий цикл): what a municipality has in place, what it lacks, what to do first."""

import pandas as pd

from effschool.report.display import Table, Text
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.portfolio import Portfolio, RegionYear, list_municipalities
from effschool.report.sections.municipality import NONE, OF_PLACES, say_missing
from effschool.support.management import CLOSED, GAPS, count_closed

TITLE = "Управленческий цикл"
INDICATORS = ("показателя", "показателей", "показателей")
COLUMNS = {
    "advice": "Что сделать",
    "state": "Состояние",
    "words": "Показатель",
    "component": "Компонент цикла",
    "link": "Ссылка",
    "source": "Источник",
}
ON_PAGE = ("Что сделать", "Состояние")


def tabulate_management(portfolio: Portfolio) -> Table | Text:
    """Indicators of the cycle that a municipality has not closed, with advice; closed ones stand in the workbook."""
    return _tabulate_gaps(_choose(portfolio, portfolio.municipality), TITLE, portfolio.year)


def tabulate_region_management(region: RegionYear) -> Table | Text:
    """The same of the region's own indicators."""
    name = region.workspace.region.name
    return _tabulate_gaps(_choose(region, name), f"{TITLE} региона", region.year)


def _choose(region: RegionYear, place: str) -> pd.DataFrame:
    known = region.workspace.support.management
    return known[known["municipality"].eq(place) & known["year"].eq(region.year)] if len(known) else known


def _tabulate_gaps(own: pd.DataFrame, named: str, year: int) -> Table | Text:
    if own.empty:
        return say_missing(TITLE)
    rank = {state: number for number, state in enumerate((*GAPS, CLOSED))}
    ordered = own.sort_values(["state", "direction"], key=lambda column: column.replace(rank), kind="stable")
    frame = ordered[list(COLUMNS)].rename(columns=COLUMNS).fillna(NONE).reset_index(drop=True)
    gaps, told = int(own["state"].ne(CLOSED).sum()), _describe(own)
    title = say("{named}, {year} год: {told}", named=words(named), year=words(year), told=words(told))
    return Table(TITLE, title, frame, shown=ON_PAGE, first=gaps)


def _describe(own: pd.DataFrame) -> Said:
    """How many are closed, and how many are in each other state."""
    counts = own["state"].value_counts()
    closed = say("закрыто {closed} из {all}", closed=number(counts.get(CLOSED, 0)), all=count(len(own), *INDICATORS))
    rest = [say("{state} — {n}", state=words(state), n=number(counts[state])) for state in GAPS if state in counts]
    return join([closed, join(rest, ", ")], "; ")


def tabulate_management_places(region: RegionYear) -> Table | Text:
    """How complete each component of the cycle is, by municipality; one that sent nothing is named as well."""
    known = region.workspace.support.management
    in_year = known[known["year"] == region.year] if len(known) else known
    if in_year.empty:
        return say_missing(f"{TITLE} по муниципалитетам")
    places = list_municipalities(region.workspace, region.year)
    counted = count_closed(in_year, places)
    told = counted["closed"].astype("str") + " из " + counted["asked"].astype("str")
    wide = counted.assign(told=told).pivot(index="municipality", columns="component", values="told")
    frame = wide.reindex(places)[list(dict.fromkeys(counted["component"]))]
    sent = frame.notna().any(axis=1)
    frame = frame.fillna(NONE).rename_axis("Муниципалитет").rename_axis(columns=None).reset_index()
    note = say(PLACES, sent=number(int(sent.sum())), all=count(len(places), *OF_PLACES))
    return Table(f"{TITLE} по местам", f"{TITLE} по муниципалитетам, {region.year} год", frame, note=note, folds=True)


PLACES = (
    "Прислали {sent} из {all}, у остальных прочерк. Порядок алфавитный: муниципалитеты по ответам не сравнивают. "
    "К компонентам цикла показатели отнесли разработчики."
)
