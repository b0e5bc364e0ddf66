"""All schools of a municipality in one table (школы), the heart of its page: years, conditions, lists, what next."""

import pandas as pd

from effschool.method.methodology import FIOKO_LIST, Domain
from effschool.report.display import Search, Table
from effschool.report.drawings import draw_strip
from effschool.report.facts import Said, say, words
from effschool.report.portfolio import flag_members, name_all_lists, spread_bands
from effschool.report.queries import WITH_SURENESS, explain_steps, name_sureness, say_sureness
from effschool.report.sections.indicators import list_years
from effschool.report.sections.municipality import NONE, number_schools
from effschool.report.sections.school import Told, name_school_files

STRIPS: dict[Domain, str] = {"results": "Результаты", "social": "Условия"}


def tabulate_schools(told: Told, folder: str = "") -> Table:
    """Every school of the register: pupils, bands over five years, lists, how sure they are, the next step.

    Args:
        folder: name of the folder beside the page in which schools' pages are; empty links to none.
    """
    portfolio = told.portfolio
    schools, years = portfolio.register, list_years(portfolio)
    domains = [domain for domain in STRIPS if domain in portfolio.workspace.methodology.domains]
    bands = {domain: _spread(told, domain, years) for domain in domains}
    frame = pd.DataFrame({"Школа": number_schools(schools), "Код": schools["school_id"], "Год": str(portfolio.year)})
    frame["Группа"] = schools["group"].fillna(schools["exclusion"]).fillna("не участвует")
    frame["Учеников"] = schools["enrolment"].round().astype("Int64")
    for domain in domains:
        titles = portfolio.workspace.methodology.domains[domain].band_titles
        named = bands[domain].apply(lambda column, titles=titles: column.map(titles))
        frame = frame.join(named.add_prefix(f"{STRIPS[domain]}, ").reset_index(drop=True))
    lists = [_name_lists(told, school) for _, school in schools.iterrows()]
    sure, steps = name_sureness(portfolio, schools), list_steps(told)
    frame["Списки"] = [", ".join(names) or NONE for names in lists]
    named = zip(lists, schools["school_id"], strict=True)
    frame[WITH_SURENESS] = [say_sureness(names, sure.get(code, {})) or NONE for names, code in named]
    common, own = find_common_steps(told), (steps.get(code, NONE) for code in schools["school_id"])
    frame["Что дальше"] = [AS_ALL if step in common else step for step in own]
    return Table(
        "Школы",
        f"Школы муниципалитета, {portfolio.year} год",
        frame,
        note=f"Надёжность места в списке: {explain_steps()}.",
        legend=_write_legend(told, domains, years),
        row_links=_link(told, folder) if folder else {},
        drawings={STRIPS[domain]: _draw(told, domain, bands[domain]) for domain in domains},
        shown=("Школа", "Учеников", *(STRIPS[domain] for domain in domains), WITH_SURENESS, "Что дальше"),
        search=Search("Списки", tuple(name_all_lists(portfolio.workspace.methodology)), ("Код",)),
        folds=True,
    )


AS_ALL = "как всем школам"
"""In place of a step that every school has: the first screen says it once."""


def _write_legend(told: Told, domains: list[Domain], years: list[int]) -> Said:
    keys = "; ".join(f"{STRIPS[domain].lower()}: {_say_marks(told, domain)}" for domain in domains)
    blank = "данных нет" + " или место не названо (см. «Данные и метод»)" * told.portfolio.has_untold(years)
    return say(LEGEND, first=words(years[0]), last=words(years[-1]), keys=words(keys), blank=words(blank))


LEGEND = "Клетки — годы с {first} по {last}, место среди школ той же группы региона; {keys}; пустая клетка — {blank}."


def _spread(told: Told, domain: Domain, years: list[int]) -> pd.DataFrame:
    """Bands of every school of the register: a row per school, a column per year."""
    wide = spread_bands(told.portfolio, domain)
    return wide.reindex(index=told.portfolio.register["number"], columns=years).rename(columns=str)


def _draw(told: Told, domain: Domain, bands: pd.DataFrame) -> list[str]:
    rules, rows = told.portfolio.workspace.methodology.domains[domain], bands.rename(columns=int).to_dict("records")
    return [draw_strip(row, rules.band_marks, rules.worse_band) for row in rows]


def _say_marks(told: Told, domain: Domain) -> str:
    rules = told.portfolio.workspace.methodology.domains[domain]
    return ", ".join(f"{mark} — {rules.band_titles[band]}" for band, mark in rules.band_marks.items())


def _name_lists(told: Told, school: pd.Series) -> list[str]:
    """Lists of the year but those that say that there is nothing to say (no band: «нейтральные»)."""
    method = told.portfolio.workspace.methodology
    silent = {item.status for item in (*method.lists.results, *method.lists.social) if not item.band}
    names = [school["results_status"], school["social_status"]]
    told_of = [name for name in names if pd.notna(name) and name not in silent]
    is_fioko = method.fioko is not None and flag_members(pd.DataFrame([school]), FIOKO_LIST).iloc[0]
    return [*told_of, *([FIOKO_LIST] if is_fioko else [])]


def list_steps(told: Told) -> dict[str, Said]:
    """What the municipality has to do next, by the code of a school that needs it."""
    comments = told.comments[(told.comments["reader"] == "ОМСУ") & told.comments["attention"].astype(bool)]
    first = comments.drop_duplicates("school_id")
    return dict(zip(first["school_id"], first["text"], strict=True))


def find_common_steps(told: Told) -> set[str]:
    """Steps that every school needs, whatever else stands before them in its own row."""
    common = frozenset.intersection(*told.patterns) if len(told.patterns) > 1 else frozenset()
    every = told.comments[(told.comments["reader"] == "ОМСУ") & told.comments["pattern"].isin(common)]
    return set(every["text"])


def _link(told: Told, folder: str) -> dict[str, str]:
    schools = told.portfolio.schools
    files = name_school_files(schools)
    named = zip(number_schools(schools), schools["school_id"], strict=True)
    return {name: f"{folder}/{files[code]}.html" for name, code in named}
