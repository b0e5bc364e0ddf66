"""Finished pages → PDF (печать) by a browser that is installed: it lays pages out as a reader's own would."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from effschool.base.scratch import SCRATCH
from effschool.base.storage import read_record, write_bytes

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge", "microsoft-edge")
FLAGS = ("--headless", "--disable-gpu", "--disable-extensions", "--no-pdf-header-footer")
SECONDS = 120
TIMES = re.compile(rb"\(D:[0-9]{14}[^)]*\)")


class BrowserError(RuntimeError):
    """There is no browser, or it made no PDF; the message is for a person."""


def find_browser() -> str:
    """Path of an installed browser that prints by itself.

    Raises:
        BrowserError: there is none.
    """
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if not found:
        raise BrowserError(
            "Для PDF нужен браузер Chromium, Chrome или Edge, но ни один не найден. Установите его "
            "(в Debian и Ubuntu: apt install chromium) или откройте отчёт .html в любом браузере и выберите «Печать»."
        )
    return found


def choose_pages(reports: Path, year: str, municipality: str) -> list[Path]:
    """Pages of a year (the last run's if none is given), or the page of one municipality.

    Raises:
        FileNotFoundError: there are no reports of that year.
        ValueError: the run made no page of the municipality; the message names those there are.
    """
    from effschool.report.run_card import RunCard  # noqa: PLC0415 -- pydantic takes long, and not every command prints

    made = read_record(RunCard, reports / year / "run.json")
    if made is None or not made.year or not made.finished:
        raise FileNotFoundError(
            f"Отчётов {year + ' года ' if year else ''}нет: прогона не было, он прерван, не удался или ещё идёт "
            f"(папка «{reports.name}»). Выполните make report и повторите команду."
        )
    folder, named = reports / str(made.year), {name: report.page for name, report in made.reports.items()}
    if not municipality:
        return sorted(folder.glob("*.html"))
    if not named.get(municipality):
        listed = ", ".join(f"«{name}»" for name, page in named.items() if page)
        raise ValueError(f"Отчёта муниципалитета «{municipality}» нет. Есть: {listed}.")
    return [folder / named[municipality]]


def print_page(page: Path, browser: str) -> Path:
    """Print a page beside itself, whole or not at all; the same page and browser give the same bytes.

    Raises:
        BrowserError: the browser left no file.
    """
    with tempfile.TemporaryDirectory(prefix=SCRATCH) as folder:
        made = Path(folder, "page.pdf")
        order = [browser, *FLAGS, f"--user-data-dir={folder}/profile", f"--print-to-pdf={made}"]
        order += ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # refused to root otherwise
        order.append(page.resolve().as_uri())
        own = {**os.environ, "TMPDIR": folder}
        done = subprocess.run(order, env=own, capture_output=True, text=True, timeout=SECONDS, check=False)
        if not made.is_file():
            said = (done.stderr.strip().splitlines() or ["без объяснений"])[-1]
            raise BrowserError(f"Браузер «{Path(browser).name}» не напечатал страницу «{page.name}»: {said}.")
        content = made.read_bytes()
    target = page.with_suffix(".pdf")
    write_bytes(TIMES.sub(lambda found: _hide_time(found[0]), content), target)
    return target


def _hide_time(stamp: bytes) -> bytes:
    """A stamp of the same length, so that places in the file stay right."""
    return b"(D:20000101000000" + stamp[17:]
