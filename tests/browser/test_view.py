"""Panels without JupyterLab, as `make view` serves them: in a browser, on this machine alone."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

pytest.importorskip("voila", reason="нет пакета voila: make view не показать")
WAIT = 120_000


def find_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(process: subprocess.Popen, port: int) -> None:
    for _ in range(300):
        with socket.socket() as tried:
            if not tried.connect_ex(("127.0.0.1", port)):
                return
        assert process.poll() is None
        time.sleep(0.2)
    raise AssertionError("no answer")


@pytest.fixture(scope="module")
def served(root, demo_processed, tmp_path_factory) -> Iterator[tuple[str, Path]]:
    """Address of the panels of a copy of the project with a finished run, and its folder."""
    folder, home = tmp_path_factory.mktemp("viewed"), tmp_path_factory.mktemp("home")
    for name in ("notebooks", "methodologies", "layouts", "lab", "comments", "programmes", "forms"):
        shutil.copytree(root / name, folder / name)
    shutil.copytree(demo_processed, folder / "data" / "processed")
    port = find_port()
    command = [sys.executable, "-m", "effschool", "view", "--root", str(folder), "--"]
    command += ["--no-browser", f"--Voila.port={port}"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, "HOME": str(home)}, cwd=folder, **quiet)
    try:
        wait_for(process, port)
        yield f"http://127.0.0.1:{port}", folder
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def asked() -> list[str]:
    return []


@pytest.fixture(scope="module")
def page(served, browser: Browser, asked) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.set_default_timeout(WAIT)
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served[0])
    expect(page.locator(".effschool-panel")).to_have_count(1, timeout=WAIT)
    yield page
    page.close()


def test_panels_answer_and_no_code_is_shown(page):
    assert "open_desk" not in page.locator("body").inner_text()
    panel = page.locator(".effschool-panel").first
    choice = panel.get_by_label("Муниципалитет", exact=True)
    option = choice.locator("option").nth(2).inner_text()
    choice.select_option(option)
    caption = panel.get_by_role("table").first.locator("caption")
    expect(caption).to_contain_text(option.replace("\N{NO-BREAK SPACE}", " "))


def test_file_is_given_and_nothing_but_reports(page, served):
    address, folder = served
    panel = page.locator(".effschool-panel").first
    panel.get_by_role("button", name="Сохранить в XLSX").click()
    link = panel.locator("a[download]").get_attribute("href")
    assert page.request.get(f"{address}{link}").status == 200
    assert list((folder / "reports" / "exports").glob("*.xlsx"))
    for path in ("data/processed/schools.parquet", "reports/%2e%2e/methodologies/thresholds.yml"):
        assert page.request.get(f"{address}/voila/files/{path}").status in (403, 404)


def test_nothing_is_asked_of_another_host(page, served, asked):
    own = (served[0], served[0].replace("http", "ws", 1), "data:", "blob:")
    assert [url for url in asked if not url.startswith(own)] == []
