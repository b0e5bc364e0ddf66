"""Drafts of schools' programmes for those who ask for them (make programme), from the tables of the last run."""

from pathlib import Path

from effschool.report.portfolio import list_municipalities, open_portfolio, open_region
from effschool.report.sections.school import tell_schools
from effschool.report.sections.school_programme import write_drafts
from effschool.report.workspace import load_workspace, refuse_unfinished
from effschool.run.plan import RULES, Settings


def draft_schools(settings: Settings, school: str | None = None) -> list[Path]:
    """A note and a calendar for every school on a list, or for the one asked for, in `reports`; gives their paths.

    Raises:
        UnfinishedRunError: the last run did not come to its end.
        ValueError: there is no such year, municipality or school.
    """
    refuse_unfinished(settings.processed)
    region = open_region(load_workspace(settings.processed), settings.year)
    schools = region.region_schools.set_index("school_id")
    if school and school not in schools.index:
        raise ValueError(f"Школы с кодом «{school}» среди школ {region.year} года нет. Проверьте SCHOOL и YEAR.")
    asked = schools.loc[school, "municipality"] if school else settings.municipality
    rules, drafts, questions = (settings.root / RULES[name] for name in ("comments", "drafts", "questions"))
    written = []
    for name in [asked] if asked else list_municipalities(region.workspace, region.year):
        portfolio = open_portfolio(region.workspace, name, region.year)
        own = portfolio.schools[portfolio.schools["school_id"] == school] if school else None
        written += write_drafts(
            tell_schools(portfolio, rules), (drafts, questions), settings.reports / str(region.year), own
        )
    return written
