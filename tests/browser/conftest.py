"""Chromium driven by playwright, for tests that look at what a person sees."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

expect.set_options(timeout=120_000)  # other tests use the same processors: what comes late has come
NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of the system's Chromium; its tests are skipped, by name and with the reason, where there is none."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if not found:
        pytest.skip("нет браузера Chromium (пакет Debian chromium)")
    return found


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless browser; each test opens pages of its own in it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        yield browser
        browser.close()
