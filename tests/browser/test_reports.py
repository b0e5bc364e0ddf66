"""What a person sees of the finished pages, in a browser: every page is made and opened once for all tests."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from builders_forms import SOCIAL, build_returned, load_municipal
from builders_gallery import HARMFUL, build_gallery
from builders_raw import LAYOUTS
from PIL import Image
from playwright.sync_api import Browser, Page

from effschool.forms.protocol import open_case, write_check
from effschool.intake.ingest import ingest_folder
from effschool.intake.layouts import load_layouts
from effschool.report.printing import print_page
from effschool.run.plan import Settings, plan_protocol, plan_public, plan_region, plan_reports
from effschool.run.steps import prepare_work, produce, publish

NAMES = ("report", "school", "index", "protocol", "public", "form", "check", "gallery")
ROOT = LAYOUTS.parent
DESK, PHONE, PAPER = 1280, 360, 695
"""Widths in pixels; paper is A4 between its margins."""
AXE = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="session")
def pages(demo, demo_processed, methodology, tmp_path_factory) -> dict[str, Path]:
    """A finished page of every kind."""
    folder = tmp_path_factory.mktemp("pages")
    settings = Settings(ROOT, demo_processed.parent / "raw", demo_processed, folder, LAYOUTS, "khabarovsk-2020", jobs=1)
    reports = plan_reports(settings, demo, 2023)
    run = {"reports": {task.municipality: {"page": task.page.name, "message": ""} for task in reports}}
    (folder / "2023").mkdir()
    (folder / "2023" / "run.json").write_text(json.dumps(run), encoding="utf-8")
    tasks = {"report": reports[0], "index": plan_region(settings, demo, 2023, run["reports"])}
    tasks |= {"protocol": plan_protocol(settings, demo, 2023), "public": plan_public(settings, demo, 2023)}
    for task in tasks.values():
        product = produce(prepare_work(task.step, task.card))
        assert not product.failure
        publish(task.step, product)
    made = {name: task.page for name, task in tasks.items()} | {"gallery": folder / "gallery.html"}
    made["school"] = next(path for path in reports[0].step.outputs if path.parent.name == reports[0].page.stem)
    made["gallery"].write_text(build_gallery(), encoding="utf-8")
    form = write_form_protocol(folder, methodology)
    return made | {"form": form, "check": form.with_name("index.html")}


def write_form_protocol(folder: Path, methodology) -> Path:
    raw = build_returned(
        folder / "raw", {(SOCIAL, 0, "Девиантное поведение"): 555}, s001=HARMFUL[0], s002="=HYPERLINK(1)"
    )
    case = open_case(raw, ingest_folder(raw, LAYOUTS), load_layouts(LAYOUTS), (load_municipal(), methodology), None)
    write_check(case, raw, folder / "check", demonstration=True)
    return folder / "check" / "2021" / "severnyi-raion.html"


@pytest.fixture(scope="session")
def tabs(browser: Browser, pages) -> Iterator[dict[str, Page]]:
    """Every page opened once; `asked` of a tab lists what it asked for, `harmed` that something ran."""
    context = browser.new_context(viewport={"width": DESK, "height": 900})
    opened = {}
    for name, path in pages.items():
        tab = context.new_page()
        tab.asked = []
        tab.on("request", lambda request, tab=tab: tab.asked.append(request.url))
        tab.goto(path.as_uri())
        opened[name] = tab
    yield opened
    context.close()


@pytest.fixture(params=NAMES)
def tab(request, tabs) -> Iterator[Page]:
    """One of the pages, at a desk, in daylight, its details closed."""
    tab = tabs[request.param]
    tab.set_viewport_size({"width": DESK, "height": 900})
    tab.emulate_media(media="screen", color_scheme="light")
    set_details(tab, is_open=False)
    return tab


def set_details(tab: Page, *, is_open: bool) -> None:
    tab.evaluate("open => document.querySelectorAll('details').forEach(part => { part.open = open; })", is_open)


@contextmanager
def all_open(tab: Page) -> Iterator[None]:
    set_details(tab, is_open=True)
    yield
    set_details(tab, is_open=False)


def find_wider(tab: Page, selector: str) -> list[str]:
    """Elements whose content is wider than they are."""
    return tab.evaluate(
        """selector => [...document.querySelectorAll(selector)].filter(part => part.scrollWidth > part.clientWidth + 1)
        .map(part => `${part.tagName} ${part.ariaLabel}: ${part.scrollWidth} > ${part.clientWidth}`)""",
        selector,
    )


def test_no_request_leaves_the_page_and_nothing_from_files_runs(tab):
    assert [url for url in tab.asked if not url.startswith(("file:", "data:"))] == []
    assert len([url for url in tab.asked if url.startswith("file:")]) == 1
    assert tab.evaluate("window.harmed === undefined")


def test_only_pages_with_a_long_table_of_schools_have_the_script(tabs):
    scripts = {name: tab.evaluate("document.scripts.length") for name, tab in tabs.items()}
    assert scripts == dict.fromkeys(NAMES, 0) | {"report": 1, "gallery": 1}  # the small region has short lists


def test_keyboard_comes_to_the_first_school_soon(tabs):
    stops = tabs["report"].evaluate(
        """() => [...document.querySelectorAll('a[href], button, input, summary, [tabindex="0"]')]
        .filter(part => part.checkVisibility()).findIndex(part => part.matches('tbody a'))"""
    )
    assert 0 < stops <= 40


def test_page_without_scripts_shows_the_same_schools_and_no_controls(browser, pages, tabs):
    rows = "[data-lists] tbody tr"
    with browser.new_context(java_script_enabled=False) as context:
        tab = context.new_page()
        tab.goto(pages["report"].as_uri())
        assert tab.locator(rows).all_text_contents() == tabs["report"].locator(rows).all_text_contents() != []
        assert tab.locator(".filter, button, input").count() == 0


@pytest.mark.parametrize(("scheme", "width"), [("light", DESK), ("dark", DESK), ("dark", PHONE)])
def test_axe_finds_nothing(tab, scheme, width):
    tab.emulate_media(color_scheme=scheme)
    tab.set_viewport_size({"width": width, "height": 900})
    with all_open(tab):
        found = Axe().run(tab, options=AXE).response["violations"]
    assert [(rule["id"], [node["html"][:120] for node in rule["nodes"][:3]]) for rule in found] == []


@pytest.mark.parametrize("width", [PHONE, DESK])
def test_page_is_no_wider_than_the_screen(tab, width):
    tab.set_viewport_size({"width": width, "height": 900})
    with all_open(tab):
        assert find_wider(tab, "html") == []


def test_nothing_is_cut_on_a_desk(tab):
    with all_open(tab):
        assert find_wider(tab, ".scroll, .drawing") == []


def test_what_is_wider_than_a_phone_scrolls_inside_a_region_with_a_name(tab):
    tab.set_viewport_size({"width": PHONE, "height": 900})
    with all_open(tab):
        assert len(find_wider(tab, "main *")) >= len(find_wider(tab, ".scroll, .drawing"))
        assert find_wider(tab, "main :not(.scroll, .drawing, .scroll *, .drawing *)") == []
        named = "part => part.tabIndex === 0 && part.getAttribute('role') === 'region' && !!part.ariaLabel"
        assert tab.evaluate(f"[...document.querySelectorAll('.scroll, .drawing')].every({named})")


@pytest.mark.parametrize("width", [PHONE, 768, DESK])
def test_no_word_is_cut_in_the_middle(tabs, width):
    for name in set(NAMES) - {"gallery"}:  # which has names of 300 letters
        tabs[name].emulate_media(media="screen")
        tabs[name].set_viewport_size({"width": width, "height": 900})
        with all_open(tabs[name]):
            assert tabs[name].evaluate(CUT) == [], name


CUT = r"""() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  const cut = [];
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.parentElement.closest('svg, style, script')) continue;
    for (const word of node.data.matchAll(/[\p{L}\p{N}]{2,}/gu)) {
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const lines = [...range.getClientRects()].filter(box => box.width > 1).map(box => Math.round(box.top / 4));
      if (new Set(lines).size > 1) cut.push(word[0]);
    }
  }
  return cut;
}"""


def test_paper_shows_everything_and_cuts_nothing(tab):
    tab.set_viewport_size({"width": PAPER, "height": 900})
    tab.emulate_media(media="print")
    assert find_wider(tab, "html, .scroll, .drawing") == []
    hidden = "part => getComputedStyle(part).display === 'none'"
    assert tab.evaluate(f"[...document.querySelectorAll('.skip, nav, .home')].every({hidden})")
    shown = "part => part.getBoundingClientRect().height > 10 || !part.closest('details').matches('.fold')"
    assert tab.evaluate(f"[...document.querySelectorAll('.fold table')].every({shown})")
    tallest = tab.evaluate(
        "Math.max(0, ...[...document.querySelectorAll('svg')].map(d => d.getBoundingClientRect().height))"
    )
    assert tallest <= 24.5 / 2.54 * 96 + 1


def test_headings_are_in_order(tab):
    levels = tab.evaluate("[...document.querySelectorAll('h1, h2, h3, h4, h5')].map(heading => +heading.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_keyboard_reaches_the_content_first_and_sees_where_it_is(tab):
    tab.evaluate("document.activeElement.blur(), window.scrollTo(0, 0)")
    tab.keyboard.press("Tab")
    focus = "document.activeElement.className + ' ' + (document.activeElement.getBoundingClientRect().left >= 0)"
    assert tab.evaluate(focus) == "skip true"
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#content"
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.querySelector('main').contains(document.activeElement)")
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("name", ["report", "index", "gallery"])
def test_labels_of_charts_do_not_cover_one_another_or_leave_the_drawing(tabs, name):
    tab = tabs[name]
    tab.set_viewport_size({"width": DESK, "height": 900})
    tab.emulate_media(media="screen")
    assert tab.evaluate("document.querySelectorAll('svg text').length") > 30
    assert tab.evaluate(OVERLAPS) == []


OVERLAPS = """() => [...document.querySelectorAll('svg')].flatMap(drawing => {
  const frame = drawing.getBoundingClientRect();
  const chart = (drawing.closest('figure') ?? drawing).id || drawing.ariaLabel;
  const texts = [...drawing.querySelectorAll('text')].filter(text => text.textContent.trim());
  const boxes = texts.map(text => [text.textContent.slice(0, 40), text.getBoundingClientRect()]);
  const out = boxes.filter(([, box]) => box.left < frame.left - 2 || box.right > frame.right + 2
    || box.top < frame.top - 2 || box.bottom > frame.bottom + 2);
  const found = out.map(([text]) => `${chart}: «${text}» за краем`);
  boxes.forEach(([text, a], place) => boxes.slice(place + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 2 && high > 3) found.push(`${chart}: «${text}» и «${other}»`);
  }));
  return found;
})"""


@pytest.mark.parametrize(
    ("media", "scheme", "darkest"), [("screen", "light", 250), ("screen", "dark", 0), ("print", "dark", 250)]
)
def test_ground_of_charts_follows_the_theme_and_paper_stays_white(tabs, media, scheme, darkest):
    tab = tabs["report"]
    tab.emulate_media(media=media, color_scheme=scheme)
    drawn = Image.open(io.BytesIO(tab.locator("figure svg").first.screenshot())).convert("L")
    assert darkest <= drawn.getpixel((1, 1)) <= darkest + 40


def test_report_prints_to_pdf_on_a4_the_same_each_time(pages, chromium):
    first, second = (print_page(pages["report"], chromium).read_bytes() for _ in range(2))
    assert first == second
    sizes = set(re.findall(rb"/MediaBox \[0 0 (\d+)[\d.]* (\d+)", first))
    assert {(int(wide), int(high)) for wide, high in sizes} <= {(594, 841), (595, 841), (595, 842)} != set()
    assert first.count(b"/StructElem") > 100  # tagged: can be read aloud


def test_municipality_of_a_dozen_schools_is_a_small_file(pages):
    assert 50_000 < pages["report"].stat().st_size < 700_000
