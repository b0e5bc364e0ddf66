"""JupyterLab as a methodologist meets it: started as `make lab` starts it, driven in a browser, with an empty home."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Request, expect

from effschool.base.notebooks import clean_notebook
from effschool.base.storage import hash_file
from effschool.lab.panels.shell import MODE
from effschool.lab.trials import LAB_SESSION

TOKEN = "test-token"
PANELS = 1
"""Those that are made when the tabs are opened."""
TABS = {
    "Школы": "Школы",
    "А если?": "А если?",
    "Лаборатория правил": "Правила",
    "Портфельная матрица": "Матрица",
}
"""Tab by the title of its panel."""
WAIT = 120_000


@dataclass
class Lab:
    """A running JupyterLab: its address, the project it shows and the home it was given."""

    address: str
    root: Path
    home: Path


def find_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(process: subprocess.Popen) -> None:
    """Until the server says that it is there; what it says afterwards is read away."""
    told = []
    for line in process.stderr:
        told.append(line)
        if b"is running at" in line:
            threading.Thread(target=process.stderr.read, daemon=True).start()
            return
    raise AssertionError(b"".join(told).decode())


@pytest.fixture(scope="module")
def lab(root, demo_processed, tmp_path_factory) -> Iterator[Lab]:
    """JupyterLab on loopback, on a copy of the project with a finished run of the tiny region."""
    folder, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    for name in ("notebooks", "methodologies", "layouts", "lab"):
        shutil.copytree(root / name, folder / name)
    shutil.copytree(demo_processed, folder / "data" / "processed")
    port = find_port()
    options = [
        "--no-browser",
        "--allow-root",
        "--LabApp.expose_app_in_browser=True",
        f"--ServerApp.port={port}",
        f"--IdentityProvider.token={TOKEN}",
    ]
    command = [sys.executable, "-m", "effschool", "lab", "--root", str(folder), "--", *options]
    variables = {name: value for name, value in os.environ.items() if name not in (MODE, LAB_SESSION)}
    process = subprocess.Popen(command, env={**variables, "HOME": str(home)}, stderr=subprocess.PIPE, cwd=folder)
    try:
        wait_for(process)
        yield Lab(f"http://127.0.0.1:{port}", folder, home)
    finally:
        process.terminate()
        process.wait(60)


@dataclass
class Heard:
    """What a page said and asked for."""

    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def listen(self, page: Page, own: str) -> None:
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.note(request, own))

    def note(self, request: Request, own: str) -> None:
        if not request.url.startswith((own, own.replace("http", "ws", 1), "data:", "blob:")):
            self.elsewhere.append(request.url)


@pytest.fixture(scope="module")
def heard() -> Heard:
    return Heard()


@pytest.fixture(scope="module")
def page(lab, browser: Browser, heard) -> Iterator[Page]:
    """The start notebook, executed by its own button; the tests below use it one after another."""
    context = browser.new_context(viewport={"width": 1500, "height": 1000}, accept_downloads=True)
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=lab.address)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    heard.listen(page, lab.address)
    page.goto(f"{lab.address}/?token={TOKEN}")
    expect(page.get_by_role("button", name="| Простаивает")).to_be_visible(timeout=WAIT)  # the kernel is there
    page.get_by_role("button", name="Выполнить тетрадь").click()
    expect(page.locator(".effschool-panel")).to_have_count(PANELS, timeout=WAIT)
    yield page
    context.close()


def wait_until_holds(check: Callable[[], None]) -> None:
    """A check of what the browser has yet to lay out or to sort: tried until it holds, told as it failed last."""
    end = time.monotonic() + WAIT / 1000
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


def find_panel(page: Page, title: str) -> Locator:
    page.get_by_role("tab", name=TABS[title], exact=True).click()
    panel = page.locator(".effschool-panel", has=page.get_by_role("heading", name=title, exact=True))
    panel.scroll_into_view_if_needed()
    return panel


def test_lab_opens_in_russian_on_the_start_notebook_with_code_folded(page):
    assert page.get_by_role("menuitem", name="Выполнить").is_visible()
    assert "00_start.ipynb" in page.title()
    folded = page.locator(".jp-CodeCell .jp-InputPlaceholder, .jp-CodeCell .jp-Placeholder")
    assert folded.count() == page.locator(".jp-CodeCell").count() - 1  # all but the parameters


def test_start_notebook_runs_to_the_end(page):
    expect(page.locator(".jp-InputPrompt", has_text="[*]")).to_have_count(0, timeout=WAIT)
    assert (
        page.locator(
            "[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedText[data-mime-type*=error]"
        ).count()
        == 0
    )
    assert page.locator(".effschool-bad").count() == 0
    assert page.get_by_text("Данные вымышлены").count()


def test_municipality_chosen_changes_the_table(page):
    panel = find_panel(page, "Школы")
    choice = panel.get_by_label("Муниципалитет")
    option = choice.locator("option").nth(2).inner_text()
    name = option.replace("\N{NO-BREAK SPACE}", " ")
    before = panel.get_by_role("table").first.inner_text()
    choice.select_option(option)
    expect(panel.get_by_role("table").first.locator("caption")).to_contain_text(name)
    assert panel.get_by_role("table").first.inner_text() != before
    places = panel.get_by_role("table").first.locator("tbody tr td:nth-child(3)").all_inner_texts()
    assert set(places) == {name}


def test_lists_and_municipality_are_in_view_on_a_common_screen(page):
    panel, size = find_panel(page, "Школы"), page.viewport_size
    page.set_viewport_size({"width": 1366, "height": 768})
    page.get_by_role("tab", name="Школы", exact=True).evaluate("element => element.scrollIntoView()")
    table = panel.get_by_role("table").first
    parts = [panel.get_by_label(label, exact=True) for label in ("Муниципалитет", "Список", "Местность")]
    parts += [table.locator("thead th", has_text=name).first for name in ("Муниципалитет", "Список результатов")]
    parts += [table.locator("tbody tr").nth(3).locator("td").nth(place) for place in (1, 2, 3)]

    def check_view() -> None:
        for part in parts:
            box = part.bounding_box()
            assert box["x"] >= 0, part
            assert box["x"] + box["width"] <= 1366, part
            assert box["y"] >= 0, part
            assert box["y"] + box["height"] <= 768, part

    wait_until_holds(check_view)
    page.set_viewport_size(size)


def test_file_that_is_taken_away_holds_the_table(page, lab, tmp_path):
    panel = find_panel(page, "Школы")
    codes = panel.get_by_role("table").first.locator("tbody tr td:nth-child(2)").all_inner_texts()
    panel.get_by_role("button", name="Сохранить в XLSX").click()
    with page.expect_download() as given:
        panel.locator("a[download]").click()
    given.value.save_as(tmp_path / "taken.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "taken.xlsx").active
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True) if row[1]][: len(codes)] == codes
    assert list((lab.root / "reports" / "exports").glob("*.xlsx"))


def test_table_is_copied_for_excel(page):
    panel = find_panel(page, "Школы")
    panel.get_by_role("button", name="Копировать для Excel").click()
    expect(panel.get_by_text("Скопировано")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[0].split("\t")[:2] == ["Школа", "Код"]


def test_card_of_a_school_opens_by_the_keyboard(page):
    panel = find_panel(page, "Школы")
    button = panel.locator(".effschool-names button").first
    name = button.inner_text()
    button.focus()
    page.keyboard.press("Enter")
    expect(panel.get_by_role("table").filter(has_text="Школа по годам")).to_be_visible()
    assert panel.get_by_text(name).count() > 1


def move_slider(panel: Locator, label: str, key: str) -> None:
    slider = panel.locator(".widget-slider", has_text=label).get_by_role("slider")
    slider.focus()
    slider.press(key)


def test_slider_changes_the_lists(page):
    panel = find_panel(page, "Лаборатория правил")
    sizes = panel.get_by_role("table").filter(has_text="Было школ")
    before = sizes.inner_text()
    move_slider(panel, "Доля школ", "End")
    expect(panel.get_by_role("table").filter(has_text="стали другими")).to_be_visible()
    assert sizes.inner_text() != before


def test_number_of_pupils_changes_the_index(page):
    panel = find_panel(page, "А если?")
    panel.get_by_label("Что менять").select_option("ОГЭ")
    row = panel.get_by_role("row").filter(has_text="Индекс образовательных результатов")
    own, same = row.get_by_role("cell").all_inner_texts()
    assert own == same
    move_slider(panel, "ОГЭ, русский язык: «2»", "End")
    expect(row.get_by_role("cell").nth(1)).not_to_have_text(own)


def test_signs_of_the_matrix_say_what_they_are(page):
    panel = find_panel(page, "Портфельная матрица")
    point = panel.locator("svg .point").first
    point.hover()
    assert "Индекс" in point.locator("title").text_content()


def test_school_goes_along_to_the_next_tab(page):
    panel = find_panel(page, "Школы")
    name = panel.locator(".effschool-names button").nth(2).inner_text()
    panel.locator(".effschool-names button").nth(2).click()
    expect(panel.get_by_role("button", name="Карточка в XLSX")).to_be_visible()
    what = find_panel(page, "А если?")
    expect(what.get_by_role("table").filter(has_text="числа").locator("caption")).to_contain_text(name)


def test_wrong_field_is_told_beside_it_and_results_are_greyed(page):
    panel = find_panel(page, "Лаборатория правил")
    panel.get_by_label("Округление границы").select_option("как в SPSS")
    alert = panel.get_by_role("alert")
    expect(alert).to_contain_text("25 %")
    field, told = panel.get_by_label("Округление границы").bounding_box(), alert.bounding_box()
    assert abs(field["y"] - told["y"]) < 120
    expect(panel.get_by_role("table").first).to_have_css("opacity", "0.4")
    panel.get_by_label("Округление границы").select_option("вниз")
    expect(panel.get_by_role("alert")).to_have_count(0)
    expect(panel.get_by_role("table").first).to_have_css("opacity", "1")


def test_panels_can_be_used_by_everybody(page):
    found = Axe().run(page, context=".effschool-panel", options={"runOnly": ["wcag2a", "wcag2aa"]})
    assert [fault["id"] for fault in found.response["violations"]] == []
    assert found.response["passes"]


def test_saved_notebook_keeps_its_results_and_git_does_not_see_them(page, lab, root):
    page.locator(".jp-Notebook").press("Control+s")
    path = lab.root / "notebooks" / "00_start.ipynb"
    expect(page.locator(".jp-mod-current.jp-mod-dirty")).to_have_count(0)
    saved = path.read_text(encoding="utf-8")
    assert [cell for cell in json.loads(saved)["cells"] if cell.get("outputs")]
    assert clean_notebook(saved) == (root / "notebooks" / "00_start.ipynb").read_text(encoding="utf-8")


def test_other_notebook_runs_to_the_end_with_its_panel(page, lab):
    page.get_by_role("link", name="3. Динамика").click()
    tab = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)", has_text="Помогла ли программа")
    expect(tab.get_by_role("heading", name="3. Динамика")).to_be_visible()
    bar = page.get_by_role("contentinfo").filter(has_text="03_dynamics.ipynb")
    expect(bar.get_by_role("button", name="| Простаивает")).to_be_visible()  # cells started before are never run
    page.get_by_role("menuitem", name="Выполнить").click()
    page.get_by_text("Запустить все ячейки", exact=True).click()
    expect(tab.locator(".effschool-panel")).to_have_count(1, timeout=WAIT)
    assert tab.locator(".jp-RenderedText[data-mime-type*=error]").count() == 0


def open_notebook(page: Page, name: str) -> Locator:
    """A notebook in a tab of its own, its kernel ready; the tab's content."""
    page.evaluate("name => { jupyterapp.commands.execute('docmanager:open', {path: 'notebooks/' + name}) }", name)
    bar = page.get_by_role("contentinfo").filter(has_text=name)
    expect(bar.get_by_role("button", name="| Простаивает")).to_be_visible()
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def run_all(page: Page) -> None:
    page.get_by_role("menuitem", name="Выполнить").click()
    page.get_by_text("Запустить все ячейки", exact=True).click()


def hash_run(lab: Lab) -> dict[str, str]:
    folder = lab.root / "data" / "processed"
    return {str(path.relative_to(folder)): hash_file(path) for path in folder.rglob("*") if path.is_file()}


def test_changed_parameter_in_the_lab_leaves_the_run_equal_byte_for_byte(page, lab):
    path = lab.root / "notebooks" / "02_identify.ipynb"
    text = path.read_text(encoding="utf-8")
    assert "orientation = None" in text
    path.write_text(text.replace("orientation = None", 'orientation = \\"literal\\"'), encoding="utf-8")
    before = hash_run(lab)
    tab = open_notebook(page, "02_identify.ipynb")
    run_all(page)
    panel = tab.locator(".effschool-panel", has=page.get_by_role("button", name="Записать как прогон"))
    expect(panel).to_contain_text("orientation: consistent → literal", timeout=WAIT)
    expect(tab.get_by_text("прогон и отчёты не меняются")).to_have_count(1)
    assert hash_run(lab) == before
    kept = lab.root / "data" / "scratch" / "methodology.json"
    assert json.loads(kept.read_text(encoding="utf-8"))["orientation"] == "literal"


def test_own_question_is_answered_by_a_chart_and_a_table_to_sort_and_search(page):
    tab = open_notebook(page, "08_own.ipynb")
    run_all(page)
    expect(tab.locator("figure svg")).to_have_count(1, timeout=WAIT)
    assert tab.locator(".jp-RenderedText[data-mime-type*=error]").count() == 0
    tables = tab.locator(".dt-container")
    expect(tables).to_have_count(4, timeout=WAIT)
    table = tables.nth(0)
    table.scroll_into_view_if_needed()
    table.get_by_label("Найти:").fill("Социальный")
    expect(table.locator("tbody tr")).to_have_count(1)
    answers = tables.nth(2)
    answers.scroll_into_view_if_needed()
    heading = answers.locator("thead tr").first.locator("th", has_text="Бесплатное питание")
    heading.click()

    def check_order() -> None:
        texts = answers.locator("tbody tr td:nth-child(4)").all_inner_texts()
        shares = [float(text.replace(",", ".")) for text in texts]
        assert shares == sorted(shares)
        assert len(shares) > 1

    wait_until_holds(check_order)
    answers.get_by_role("button", name="Копировать").click()
    expect(page.locator(".dt-button-info")).to_contain_text("Скопировано")
    assert "Бесплатное питание" in page.evaluate("navigator.clipboard.readText()")


def test_nothing_went_wrong_and_nothing_was_asked_of_another_host(page, heard):
    assert page.locator(".effschool-bad").count() == 0
    assert heard.errors == []
    assert heard.elsewhere == []


def test_kernel_that_was_restarted_is_told_on_the_panel(page):
    page.locator(".lm-TabBar-tab", has_text="00_start.ipynb").click()
    page.get_by_role("menuitem", name="Ядро").click()
    page.get_by_text("Перезапустить ядро…", exact=True).click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    panel = page.locator(".effschool-panel").first
    told = "element => getComputedStyle(element, '::before').content"
    page.wait_for_function(f"() => ({told})(document.querySelector('.effschool-panel')).includes('перезапущено')")
    assert "Выполните тетрадь заново" in panel.evaluate(told)
    bar = page.get_by_role("contentinfo").filter(has_text="00_start.ipynb")
    expect(bar.get_by_role("button", name="| Простаивает")).to_be_visible(timeout=WAIT)  # a half-started kernel stays


def test_nothing_is_written_to_the_home(lab, page):
    assert sorted(path.relative_to(lab.home).as_posix() for path in lab.home.rglob("*")) == []
