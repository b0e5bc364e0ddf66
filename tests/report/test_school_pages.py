import re

import pytest
from bs4 import BeautifulSoup
from builders_report import build_workspace, identify_bands, register, registered
from conftest import ROOT

from effschool.report.display import Text
from effschool.report.portfolio import Portfolio, list_municipalities, open_portfolio
from effschool.report.sections.municipality import tabulate_schools
from effschool.report.sections.school import (
    NO_ADVICE,
    tabulate_comments,
    tabulate_figures,
    tell_schools,
    write_school_pages,
)

COMMENTS = ROOT / "comments" / "schools.yml"


FLAGS = ["results_listed", "social_listed", "fioko"]


@pytest.fixture(scope="module")
def told(demo):
    """The municipality with the most schools that need help."""
    found = [tell_schools(open_portfolio(demo, name, 2023), COMMENTS) for name in list_municipalities(demo, 2023)]
    return max(found, key=lambda told: told.signs[FLAGS].astype(bool).any(axis=1).sum())


@pytest.fixture(scope="module")
def soup(told):
    return BeautifulSoup(write_school_pages(told)._repr_html_(), "html.parser")


def test_every_school_has_a_page_that_its_row_leads_to(told, soup):
    pages = {page["id"]: page for page in soup.find_all("section", class_="school")}
    table = BeautifulSoup(tabulate_schools(told.portfolio)._repr_html_(), "html.parser")
    links = {link["href"].removeprefix("#"): link.get_text() for link in table.find_all("a")}
    assert len(links) == len(told.portfolio.schools)
    assert links == {name: page.h3.get_text() for name, page in pages.items()}


def test_school_that_does_not_take_part_has_no_page_and_no_link(demo):
    portfolios = [open_portfolio(demo, name, 2023) for name in list_municipalities(demo, 2023)]
    portfolio = next(found for found in portfolios if len(found.register) > len(found.schools))
    links = tabulate_schools(portfolio).row_links
    assert len(links) == len(portfolio.schools) < len(portfolio.register)


def test_page_has_figures_lists_and_advice_to_each_reader(told, soup):
    flagged = told.signs.index[told.signs[FLAGS].astype(bool).any(axis=1)]
    numbers = told.portfolio.schools.set_index("school_id")["number"]
    assert len(flagged)
    for code in flagged:
        page = soup.find(id=f"school-{numbers[code]}")
        assert [heading.get_text() for heading in page.find_all("h4")] == ["Учителю", "Директору", "Методисту"]
        assert len(page.table.find_all("tr")) == len(told.figures[told.figures["school_id"] == code]) + 1
        assert all("Источник: " in item.get_text() for item in page.find_all("li"))
        assert all(len(block.find_all("li")) <= 5 for block in page.find_all("ul"))


def test_headings_follow_one_another(soup):
    levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
    assert set(levels) == {3, 4}
    assert levels[0] == 3


def test_difference_of_a_few_pupils_is_not_called_one(told):
    few = told.figures[told.figures["Детей"] < told.rules.fewest]
    assert len(few)
    assert set(few["Отличие от региона"]) == {"—"}
    assert {"заметно хуже", "заметно лучше"} <= set(told.figures["Отличие от региона"])


def test_conditions_are_heavier_not_worse(demo, methodology):
    titles = {
        domain: {f"{item.short}, %" for item in rules.indicators} for domain, rules in methodology.iterate_domains()
    }
    said = {domain: set() for domain in titles}
    for name in list_municipalities(demo, 2023):
        figures = tell_schools(open_portfolio(demo, name, 2023), COMMENTS).figures
        for domain, known in titles.items():
            said[domain] |= set(figures.loc[figures["Показатель"].isin(known), "Отличие от региона"])
    assert said == {
        "results": {"заметно хуже", "заметно лучше", "—"},
        "social": {"заметно тяжелее", "заметно легче", "—"},
    }


def test_workbook_has_what_stands_on_the_pages(told):
    figures, comments = tabulate_figures(told), tabulate_comments(told)
    assert len(figures.frame) == len(told.figures)
    assert set(comments.frame["Кому"]) == {"учитель", "директор", "методист"}
    parts = write_school_pages(told).parts
    assert sum(len(getattr(part, "frame", ())) for part in parts) == len(figures.frame)


def test_ordinary_school_is_told_so(methodology):
    identified = identify_bands({"01": {2022: "mid"}, "02": {2022: "mid"}})
    told = tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS)
    told = type(told)(told.portfolio, told.rules, told.signs, told.comments.head(0), told.figures)
    html = write_school_pages(told)._repr_html_()
    assert html.count(NO_ADVICE) == 2


def test_municipality_without_schools_that_take_part(methodology):
    rows = [registered("01", 2022, group=None, exclusion="начальная"), registered("02", 2022, municipality="Другой")]
    identified = identify_bands({"02": {2022: "mid"}}, register(rows))
    told = tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS)
    assert isinstance(write_school_pages(told), Text)
    assert tabulate_figures(told).frame.empty


def test_names_are_data_on_a_page(methodology):
    rows = [registered("01", 2022, name="<script>alert(1)</script> $x$"), registered("02", 2022)]
    identified = identify_bands({"01": {2022: "mid"}, "02": {2022: "mid"}}, register(rows))
    told = tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS)
    for part in (write_school_pages(told), tabulate_schools(told.portfolio)):
        assert "<script>" not in part._repr_html_()
        assert "&lt;script&gt;" in part._repr_html_()
