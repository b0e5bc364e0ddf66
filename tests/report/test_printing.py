import json
import stat

import pytest

from effschool.report.printing import BROWSERS, BrowserError, choose_pages, find_browser, print_page


@pytest.fixture
def reports(tmp_path):
    folder = tmp_path / "2023"
    folder.mkdir()
    for name in ("index", "a", "protocol"):
        (folder / f"{name}.html").write_text("<p>", encoding="utf-8")
    run = {"year": 2023, "reports": {"Район А": {"page": "a.html"}, "Район Б": {"page": ""}}}
    for place in (tmp_path, folder):
        (place / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return tmp_path


def make_browser(folder, script):
    path = folder / BROWSERS[0]
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("year", ["", "2023"])
def test_all_pages_of_the_year_are_chosen(reports, year):
    assert [page.stem for page in choose_pages(reports, year, "")] == ["a", "index", "protocol"]


def test_one_municipality_is_chosen(reports):
    assert choose_pages(reports, "", "Район А") == [reports / "2023" / "a.html"]


def test_what_is_not_there_is_named(reports):
    with pytest.raises(ValueError, match=r"«Район Б» нет\. Есть: «Район А»\."):
        choose_pages(reports, "", "Район Б")
    with pytest.raises(FileNotFoundError, match="1999 года нет"):
        choose_pages(reports, "1999", "")


def test_missing_browser_is_said_with_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BrowserError, match=r"apt install chromium.*«Печать»"):
        find_browser()
    browser = make_browser(tmp_path, "")
    assert find_browser() == browser


def test_times_of_the_browser_do_not_reach_the_file(reports, tmp_path):
    prints = (
        'for a; do case $a in --print-to-pdf=*) printf "%%PDF (D:20261124184500+00\'00\')" > "${a#*=}";; esac; done'
    )
    made = print_page(reports / "2023" / "a.html", make_browser(tmp_path, prints))
    assert made == reports / "2023" / "a.pdf"
    assert made.read_bytes() == b"%PDF (D:20000101000000+00'00')"


def test_browser_that_prints_nothing_is_an_error_and_leaves_nothing(reports, tmp_path):
    browser = make_browser(tmp_path, "echo сломано >&2")
    with pytest.raises(BrowserError, match=r"«a\.html»: сломано"):
        print_page(reports / "2023" / "a.html", browser)
    assert not list((reports / "2023").glob("*.pdf"))
