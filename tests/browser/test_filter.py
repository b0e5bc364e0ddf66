"""Search and buttons by list above a table of schools, as a person uses them: a page of 21 schools with hard names."""

from collections.abc import Iterator

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from builders_gallery import HARMFUL, show
from nbformat.v4 import new_notebook
from playwright.sync_api import Browser, Page

from effschool.report.display import Search, Table
from effschool.report.page import PageCard, render_page

NAMES = [*HARMFUL, "МБОУ СОШ № 2 с. Жёлтая Гора", *(f"МБОУ СОШ № {n}" for n in range(30, 44))]
LISTS = ["ШНРО", "ШНРО, ШНОР", "группа риска", *["—"] * 18]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    codes = [f"27{n:04}" for n in range(1, 22)]
    frame = pd.DataFrame({"Школа": [f"{n}. {name}" for n, name in enumerate(NAMES, start=1)], "Код": codes})
    search = Search("Списки", ("ШНРО", "группа риска", "ШНСУ", "ШНОР"), ("Код",))
    table = Table("к", "Школы", frame.assign(Списки=LISTS), shown=("Школа",), search=search)
    path = tmp_path_factory.mktemp("filter") / "page.html"
    path.write_text(render_page(new_notebook(cells=[show(table)]), PageCard("Район", "2022", False)), encoding="utf-8")
    return path


@pytest.fixture(params=[1280, 360])
def tab(request, browser: Browser, path) -> Iterator[Page]:
    """The page as opened from a folder, at a desk and on a phone."""
    context = browser.new_context(viewport={"width": request.param, "height": 900})
    tab = context.new_page()
    tab.goto(path.as_uri())
    yield tab
    context.close()


def list_shown(tab: Page) -> list[int]:
    """Numbers of the schools that are seen."""
    rows = tab.locator("tbody tr")
    return [n for n in range(1, 22) if rows.nth(n - 1).is_visible()]


def press(tab: Page, name: str) -> None:
    tab.get_by_role("button", name=name).click()


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("желтая  гора", [7]),
        ("ЖЁЛТАЯ", [7]),
        ("сош№2", [7]),
        ("№ 2 с", [7]),
        ("2", [2, 7]),
        ("30", [8]),
        ("270021", [21]),
        ("<script>", [1]),
        ("нет такой", []),
        ("  ", [*range(1, 22)]),
    ],
)
def test_school_is_found_by_name_number_and_code(tab, asked, found):
    tab.get_by_label("Найти школу").fill(asked)
    assert list_shown(tab) == found


def test_number_of_schools_shown_is_announced_in_good_russian(tab):
    told = tab.get_by_role("status")
    assert (told.get_attribute("aria-live"), told.inner_text()) == ("polite", "")
    said = {}
    for asked in ("жёлтая", "2", "нет такой", ""):
        tab.get_by_label("Найти школу").fill(asked)
        said[asked] = told.inner_text()
    assert [*said.values()] == [
        f"{start} из 21 школы" for start in ("Показана 1", "Показано 2", "Показано 0", "Показана 21")
    ]


def test_buttons_are_lists_that_occur_with_their_schools(tab):
    buttons = tab.locator(".filter button")
    assert buttons.all_text_contents() == ["Все: 21", "ШНРО: 2", "группа риска: 1", "ШНОР: 1"]
    press(tab, "ШНРО")
    assert list_shown(tab) == [1, 2]
    pressed = [button.get_attribute("aria-pressed") for button in buttons.all()]
    assert pressed == ["false", "true", "false", "false"]
    press(tab, "Все")
    assert list_shown(tab) == [*range(1, 22)]


def test_search_and_list_hold_together_until_escape(tab):
    press(tab, "ШНРО")
    tab.get_by_label("Найти школу").fill("hyperlink")
    assert list_shown(tab) == [2]
    press(tab, "ШНРО")
    tab.keyboard.press("Escape")
    assert list_shown(tab) == [*range(1, 22)]
    assert tab.get_by_label("Найти школу").input_value() == ""
    assert tab.get_by_role("button", name="Все").get_attribute("aria-pressed") == "true"


def test_keyboard_reaches_every_control_and_sees_where_it_is(tab):
    tab.get_by_label("Найти школу").focus()
    for name in ("Все: 21", "ШНРО: 2", "группа риска: 1"):
        tab.keyboard.press("Tab")
        assert tab.evaluate("document.activeElement.textContent") == name
        assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.keyboard.press("Space")
    assert list_shown(tab) == [3]


def test_paper_has_all_schools_and_no_controls_whatever_is_chosen(tab):
    press(tab, "ШНРО")
    tab.emulate_media(media="print")
    assert list_shown(tab) == [*range(1, 22)]
    assert not tab.locator(".filter").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_a_list_is_chosen(tab, scheme):
    tab.emulate_media(color_scheme=scheme)
    press(tab, "ШНРО")
    found = Axe().run(tab, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(rule["id"], rule["nodes"][0]["html"][:120]) for rule in found] == []
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth && window.harmed === undefined")


def test_without_scripts_all_schools_and_no_controls_are_there(browser, path):
    with browser.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(path.as_uri())
        assert list_shown(tab) == [*range(1, 22)]
        assert tab.locator("button, input, [role=status]").count() == 0
