"""The whole year, end to end, on a tiny region: every test here shares the same few runs, so they stay together."""

import csv
import hashlib
import html
import json
import re
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from leaks import find_leaks, list_files, list_secrets

from effschool.base.russian import NBSP
from effschool.demo import build_demo_tables
from effschool.demo.settings import load_settings
from effschool.report.page import TEMPLATES
from effschool.report.portfolio import open_portfolio
from effschool.report.sections.school import OWN_ADVICE
from effschool.report.workbook import CONTENTS
from effschool.report.workspace import STAGES, load_workspace
from effschool.run.plan import NOTEBOOKS, Settings
from effschool.run.stamps import Step, write_stamp
from effschool.run.steps import UnknownParameterError
from effschool.run.year import run_public, run_year

HARMFUL_NAMES = [
    "<script>alert(1)</script>",
    '=HYPERLINK("http://example.org";"x")',
    "../../x",
    "Школа \N{GRINNING FACE} $\\frac{$",
    "А" * 300,
    '" onclick="alert(1)',
]
HARMFUL_PLACES = {0: "../../../<script>alert(1)</script>", 1: "Район: а", 2: "Район а"}


@dataclass
class Year:
    """A run: its settings, exit status and what it said."""

    settings: Settings
    status: int
    said: list[str]

    @property
    def folder(self) -> Path:
        return self.settings.reports / "2023"

    @property
    def run(self) -> dict:
        return json.loads((self.folder / "run.json").read_text(encoding="utf-8"))

    @property
    def pages(self) -> list[Path]:
        return sorted(self.folder.glob("*.html"))

    def list_schools(self, page: str) -> list[Path]:
        """Pages of the schools of a municipality's report, in the order of their numbers."""
        links = parse(self.folder / page).select("th a")
        return [self.folder / link["href"] for link in links]

    def times(self) -> dict[str, int]:
        """Time of change of every file that a second run must not touch."""
        folders = (self.settings.reports, self.settings.processed)
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return {str(path): path.stat().st_mtime_ns for path in files if path.name not in {"run.json", ".lock"}}

    def again(self, **changes) -> "Year":
        return run(replace(self.settings, **changes))


def run(settings: Settings) -> Year:
    said: list[str] = []
    return Year(settings, run_year(settings, said.append), said)


def make_settings(root: Path, folder: Path, raw: Path) -> Settings:
    """A copy of the project with data in it, laid out as a user has it."""
    for name in ("notebooks", "methodologies", "layouts", "comments", "programmes", "forms"):
        shutil.copytree(root / name, folder / name)
    shutil.copytree(raw, folder / "data" / "raw")
    return Settings(
        root=folder,
        data=folder / "data" / "raw",
        processed=folder / "data" / "processed",
        reports=folder / "reports",
        layouts=folder / "layouts",
        methodology="khabarovsk-2020",
        jobs=2,
    )


@pytest.fixture(scope="module")
def year(root, demo_raw, tmp_path_factory):
    return run(make_settings(root, tmp_path_factory.mktemp("year"), demo_raw))


@pytest.fixture(scope="module")
def other(root, demo_raw, tmp_path_factory):
    """The same once more in another folder; later tests change it."""
    return run(make_settings(root, tmp_path_factory.mktemp("other"), demo_raw))


def read_text(path: Path) -> str:
    """A text file, a page or what stands in a packed file, with plain spaces."""
    if path.suffix == ".xlsx":
        text = read_workbook_text(path)
    elif path.suffix == ".docx":
        with zipfile.ZipFile(path) as archive:
            parts = [archive.read(name) for name in archive.namelist() if name.endswith(".xml")]
        text = html.unescape(re.sub(r"<[^>]*>", "\n", b"\n".join(parts).decode()))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            plain = [name for name in archive.namelist() if name.endswith((".html", ".txt"))]
            text = "\n".join([*archive.namelist(), *(archive.read(name).decode() for name in plain)])
    else:
        text = path.read_text(encoding="utf-8")
    return text.replace(NBSP, " ")


def parse(page: Path) -> BeautifulSoup:
    return BeautifulSoup(read_text(page), "html.parser")


@pytest.fixture(scope="module")
def soups(year):
    return {page.name: parse(page) for page in year.pages}


def test_run_leaves_every_page_and_workbook(year):
    assert year.status == 0
    reports = year.run["reports"]
    assert len(reports) == 3
    pages = {report["page"] for report in reports.values()}
    assert {path.name for path in year.pages} == {"index.html", "protocol.html", *pages}
    assert {path.stem for path in year.folder.glob("*.xlsx")} == {"region", *(p.stem for p in year.pages)} - {"index"}
    assert {path.stem for path in (year.folder / "notebooks").iterdir()} == {path.stem for path in year.pages}
    assert not any(report["message"] for report in reports.values())


def test_run_card_tells_what_the_reports_were_made_from(year):
    card = year.run
    raw = year.settings.data
    files = [path for path in raw.rglob("*") if path.is_file()]
    assert card["inputs"] == {
        path.relative_to(raw).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
    }
    assert card["year"] == 2023
    assert card["failed"] == {}
    assert card["parameters"]["methodology"] == "khabarovsk-2020"
    assert card["parameters"]["orientation"] == "consistent"
    assert card["versions"]["pandas"] == pd.__version__
    stems = {path.stem for path in year.pages}
    assert set(card["timings"]) == {*STAGES, *stems}
    assert all(seconds > 0 for seconds in card["timings"].values())
    assert json.loads((year.settings.reports / "run.json").read_text(encoding="utf-8")) == card


def test_pages_have_the_language_one_title_and_headings_in_order(soups):
    for name, soup in soups.items():
        assert soup.html["lang"] == "ru", name
        assert len(soup.find_all("h1")) == 1, name
        assert soup.title.get_text().strip(), name
        levels = [int(heading.name[1]) for heading in soup.find_all(re.compile("^h[1-6]$"))]
        assert levels[0] == 1, name
        assert all(after <= before + 1 for before, after in pairwise(levels)), name


def find_scripts(soup: BeautifulSoup) -> list[str]:
    """Scripts of a page beside the one that searches its tables of schools, which is there where one is long."""
    known = read_text(TEMPLATES / "effschool" / "filter.js").strip()
    scripts = [script.get_text().strip() for script in soup.find_all("script")]
    assert scripts.count(known) == bool(soup.select("[data-lists]"))
    return [script for script in scripts if script != known]


def test_pages_need_no_other_file_host_or_script(year, soups):
    for page in year.pages:
        text, soup = page.read_text(encoding="utf-8"), soups[page.name]
        assert not soup.find_all(["iframe", "object", "embed", "link", "base", "form"]), page.name
        assert not find_scripts(soup), page.name
        assert not re.search(r"@import|url\((?!#)|https?:|[\"'(]//", text), page.name
        assert all(image["href"].startswith("data:image/png;base64,") for image in soup.find_all("image")), page.name
        assert not soup.find_all("img"), page.name
        assert not [tag for tag in soup.find_all(True) if any(name.startswith("on") for name in tag.attrs)], page.name


def test_images_and_tables_can_be_read_aloud(soups):
    for name, soup in soups.items():
        assert all(image.get("aria-label", "").strip() for image in soup.find_all("svg", role="img")), name
        assert len(soup.find_all("svg", role="img")) == len(soup.find_all("svg")), name
        assert all(table.caption and table.caption.get_text().strip() for table in soup.find_all("table")), name
        assert all(head.get("scope") in {"col", "row"} for head in soup.find_all("th")), name
        assert all(head.get_text().strip() for head in soup.find_all("th")), name


WRONG_IN_PRINT = {
    "обычный пробел перед знаком процента": r"\d %",
    "нет пробела перед знаком процента": r"\d%",
    "обычный пробел после №": r"№ \d",
    "обычный пробел перед тире": r"\w — ",
    "дефис вместо тире": r" - ",
    "дефис вместо минуса": r"(?<![\w.«-])-\d",
    "прямые кавычки": r"[А-яЁё]\"|\"[А-яЁё]",
    "три точки вместо многоточия": r"\.\.\.",
    "пробел перед знаком": r"\w [,;:!?](?!\S)",
    "два пробела": r"[^ \n] {2,}[^ \n]",
    "обычный пробел между инициалами": r"\b[А-ЯЁ]\. [А-ЯЁ]",
    "е вместо ё": r"(?i)\b(еще|ее|идет|дает|берется|остается|расчет\w*|отчет\w*|учет\w*|прием\w*|объем\w*|"
    r"надежн\w*|трех|четырех|тяжел(ый|ая|ое|ые|ых|ом)|пересчет\w*|вперед|четк\w*|определенн\w*|учтен\w*)\b",
}


@pytest.mark.parametrize("what", WRONG_IN_PRINT)
def test_pages_are_set_as_russian_print_is(year, what):
    for page in year.pages:
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        texts = [text for text in soup.body.find_all(string=True) if text.strip() and text.parent.name != "script"]
        assert len(texts) > 50
        assert [text for text in texts if re.search(WRONG_IN_PRINT[what], text)][:5] == [], page.name


def test_ids_are_unique(soups):
    for name, soup in soups.items():
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), name


def test_invented_data_are_called_so(year, soups):
    for name, soup in soups.items():
        assert "Демонстрационные данные" in soup.get_text(), name


def test_every_drawing_says_in_words_what_it_shows(year, soups):
    for report in year.run["reports"].values():
        figures = soups[report["page"]].find_all("figure")
        assert figures
        for figure in figures:
            assert figure.figcaption.get_text().strip()
            assert figure.find(class_="sentence").get_text().strip()
            assert figure.details.table
        schools = [parse(path) for path in year.list_schools(report["page"])]
        assert schools
        for soup in (soups[report["page"]], *schools):
            assert all(drawing["aria-label"].strip() for drawing in soup.find_all("svg"))
            assert soup.select("td svg")


def test_parcel_holds_what_is_mailed_and_nothing_of_others(year):
    for report in year.run["reports"].values():
        slug = Path(report["page"]).stem
        with zipfile.ZipFile(year.folder / f"{slug}.zip") as parcel:
            names = parcel.namelist()
            schools = {f"{slug}/{path.name}" for path in year.list_schools(report["page"])}
            schools |= {f"{slug}/{path.name}" for path in (year.folder / slug).glob("*.[dx]*")}  # drafts of programmes
            assert set(names) == {f"{slug}{suffix}" for suffix in (".html", ".xlsx", ".docx", ".txt")} | schools
            assert all(parcel.read(name) == (year.folder / name).read_bytes() for name in names)
            letter = parcel.read(f"{slug}.txt").decode()
            assert all(hashlib.sha256(parcel.read(name)).hexdigest() in letter for name in schools)


def test_links_lead_to_files_that_are_there(year, soups):
    for name, soup in soups.items():
        for link in soup.find_all("a", href=True):
            target = link["href"]
            if target.startswith("#"):
                assert soup.find(id=target[1:]), (name, target)
            else:
                assert (year.folder / target).is_file(), (name, target)
    linked = {link["href"] for link in soups["index.html"].find_all("a")}
    assert {report["page"] for report in year.run["reports"].values()} <= linked


def test_code_and_output_of_programs_are_not_shown(soups):
    for name, soup in soups.items():
        assert "import " not in soup.get_text(), name
        assert "Path(" not in soup.get_text(), name
        assert "Warning" not in soup.get_text(), name


def read_workbook_text(path: Path) -> str:
    book = openpyxl.load_workbook(path)
    cells = [
        str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None
    ]
    return "\n".join([book.properties.title, *book.sheetnames, *cells])


def test_report_tells_nothing_of_a_school_of_another_municipality(year):
    workspace = load_workspace(year.settings.processed)
    for municipality, report in year.run["reports"].items():
        secrets = list_secrets(workspace, municipality, 2023)
        assert len(secrets.words) > 20
        assert len(secrets.figures) > 100
        files = list_files(year.folder, Path(report["page"]).stem)
        assert {".html", ".xlsx", ".docx", ".txt", ".ipynb"} <= {path.suffix for path in files}
        assert not find_leaks(files, secrets), municipality
        own = replace(secrets, words=frozenset(open_portfolio(workspace, municipality, 2023).schools["name"]))
        assert find_leaks([year.folder / report["page"]], own)


@pytest.fixture(scope="module")
def public(year):
    """Folder of the public release of the same year."""
    assert not (year.folder / "public").exists()  # the yearly run does not publish
    assert run_public(year.settings, year.said.append) == 0
    return year.folder / "public"


def test_public_release_names_no_school_and_keeps_hidden_numbers_to_itself(year, public):
    assert {path.name for path in public.iterdir()} == {"public.html", "public.xlsx", "public.csv"}
    workspace = load_workspace(year.settings.processed)
    secrets = list_secrets(workspace, "нет такого", 2023)
    executed = year.folder / "notebooks" / "public" / "public.ipynb"
    assert not find_leaks([*public.iterdir(), executed], secrets)
    assert secrets.words >= set(workspace.identified.schools["name"])


def test_public_files_tell_the_same_numbers(public):
    rows = pd.read_csv(public / "public.csv")
    last = rows[(rows["год"] == 2023) & (rows["таблица"] == "Группы по результатам")]
    table = last[last["разрез"] == "Муниципалитет"].pivot(index="место", columns="вид", values="школ")
    sheet = openpyxl.load_workbook(public / "public.xlsx")["Результаты, муниципалитет"]
    heading, *lines = sheet.iter_rows(values_only=True)
    assert {line[heading.index("Год")] for line in lines} == {2023}
    heading, *lines = [[*line[:1], *line[2:]] for line in (heading, *lines)]  # the page names the year above
    captions = {caption.get_text(): caption.parent for caption in parse(public / "public.html").find_all("caption")}
    shown = read_table(captions["Группы по результатам, муниципалитеты, 2023 год, школ"])
    assert table.isna().to_numpy().sum() > 3
    assert [[str(value) for value in line] for line in lines] == shown[1:]
    for line in lines[:-1]:  # the last is the region
        for kind, value in zip(heading[2:], line[2:], strict=True):
            known = table.loc[line[0], kind]
            assert value == ("скрыто" if pd.isna(known) else known)


def test_nothing_tells_of_this_machine(year, root):
    machine = {str(year.settings.root), str(root), str(Path.home()) + "/", "site-packages"}
    for path in (*year.settings.reports.rglob("*"), *(year.settings.processed / "notebooks").iterdir()):
        if path.is_file() and path.name != ".lock":
            text = read_text(path)
            assert not [word for word in machine if word in text], path.name


def read_table(table) -> list[list[str]]:
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in table.find_all("tr")]


def read_number(text: str) -> float | str | None:
    """A cell of the page as a number where it is one; missing values as nothing."""
    text = text.replace(NBSP, " ")
    plain = re.sub(r"[\s%]", "", text).replace("\N{MINUS SIGN}", "-").replace(",", ".")
    if text in {"нет данных", ""}:
        return None
    return float(plain) if re.fullmatch(r"[+-]?\d+(\.\d+)?", plain) else text


def assert_same_cell(shown: str, kept: object) -> None:
    if isinstance(kept, int | float) and not isinstance(kept, bool):
        assert read_number(shown) == pytest.approx(kept, abs=0.0501 if abs(kept) > 1 else 0.501)
    else:
        assert read_number(shown) == (read_number(kept) if isinstance(kept, str) else kept)


BOOK_ONLY = {
    *("Надёжность", "Решения", "История", "Задания школ", "Показатели школ", "Комментарии"),
    *("Мониторинг", "Перечень ФИОКО", "Предложение", "Условия работы", "Педагоги"),
}
"""Tables of a report that its page does not show: what stands on pages of schools, and what explains it."""


def test_workbook_holds_what_the_page_shows(year, soups):
    for report in year.run["reports"].values():
        found = soups[report["page"]].find_all("table")
        book = openpyxl.load_workbook(year.folder / Path(report["page"]).with_suffix(".xlsx"))
        tables = {table.caption.get_text(): read_table(table) for table in found}
        titles = {row[0]: row[1] for row in book[CONTENTS].iter_rows(min_row=3, values_only=True)}
        sheets = [book[name] for name in titles if name not in BOOK_ONLY]
        assert len(tables) == len(found) == len(sheets)
        for sheet in sheets:
            shown = tables[titles[sheet.title].replace(NBSP, " ")]
            assert sheet.freeze_panes == "B2"
            assert sheet.auto_filter.ref.startswith("A1:")
            heads = [cell.value.replace(NBSP, " ") for cell in sheet[1]]
            assert "Год" in heads
            assert ("Код" in heads) == ("Школа" in heads)
            common = [name for name in shown[0] if name in heads]
            assert common[0] == heads[0]
            for line, row in zip(shown[1:], sheet.iter_rows(min_row=2, values_only=True), strict=False):
                for name in common:
                    assert_same_cell(line[shown[0].index(name)], row[heads.index(name)])


def read_facts(year: Year) -> dict[str, dict]:
    """Facts of every report by its page."""
    pages = [report["page"] for report in year.run["reports"].values()]
    return {page: json.loads((year.folder / page).with_suffix(".json").read_text(encoding="utf-8")) for page in pages}


def list_fact_tables(facts: dict) -> list[dict]:
    return [part.get("table", part) for part in facts["parts"] if part["kind"] in ("table", "chart")]


def read_pages(year: Year, page: str) -> list[BeautifulSoup]:
    """A municipality's page, then those of its schools."""
    return [parse(path) for path in (year.folder / page, *year.list_schools(page))]


def test_tables_of_pages_and_workbook_are_the_facts(year):
    for page, facts in read_facts(year).items():
        tables = list_fact_tables(facts)
        found = [table for soup in read_pages(year, page) for table in soup.find_all("table")]
        on_page = [table for table in tables if table["key"] not in BOOK_ONLY]
        titles = [read_words(table["title"]["text"]) for table in on_page]
        assert [read_words(table.caption.get_text()) for table in found] == titles
        for shown, kept in zip(map(read_table, found), on_page, strict=True):
            assert [read_words(name) for name in shown[0]] == list(map(read_words, kept["headings"]))
            for name in set(kept["headings"]) & set(kept["columns"]):
                place, column = kept["headings"].index(name), kept["columns"].index(name)
                cells = [read_words(row[column]) for row in kept["shown"][: kept["rows_on_page"]]]
                assert [read_words(row[place]) for row in shown[1:]] == cells
        book = openpyxl.load_workbook((year.folder / page).with_suffix(".xlsx"))
        in_book = [table for table in tables if not table["key"].startswith("Школа ")]
        assert book.sheetnames == [CONTENTS, *(table["key"] for table in in_book)]
        for table in in_book:
            heads, *rows = book[table["key"]].iter_rows(values_only=True)
            places = [heads.index(name) for name in table["columns"]]
            for row, kept in zip(rows, table["values"], strict=True):
                for place, value in zip(places, kept, strict=True):
                    written = str(row[place]) if heads[place] == "Год" else row[place]
                    assert written == (pytest.approx(value) if isinstance(value, float) else value)


def list_texts(content: object) -> list[dict]:
    """Every text of facts with its figures, at any depth."""
    if isinstance(content, dict):
        inner = [found for value in content.values() for found in list_texts(value)]
        return [content, *inner] if "text" in content else inner
    return [found for value in content for found in list_texts(value)] if isinstance(content, list) else []


def read_words(text: str) -> str:
    return " ".join(text.split())


BLOCKS = ".text p, .sentence, figcaption, .figures dt, .figures strong, .figures span, .note, .advice li, .ground"


def test_texts_of_pages_are_the_facts(year):
    """Both ways: every text that comes from the data is a fact, and every fact is on a page."""
    for page, facts in read_facts(year).items():
        parts = [part for part in facts["parts"] if part.get("key") not in BOOK_ONLY]
        captions = [table["title"]["text"] for table in list_fact_tables({"parts": parts})]
        texts = {read_words(text["text"]) for text in list_texts(parts) if text["text"]}
        pages = read_pages(year, page)
        shown = {read_words(block.get_text()) for soup in pages for block in soup.main.select(BLOCKS)}
        shown |= {read_words(svg["aria-label"]) for soup in pages for svg in soup.main.select("svg.profile")}
        assert shown - {OWN_ADVICE} | {*map(read_words, captions)} == texts
        charts = [part for part in parts if part["kind"] == "chart"]
        alternatives = [read_words(image["aria-label"]) for image in pages[0].main.select("figure svg[role=img]")]
        kept = [f"{part['title']['text']}. {part['sentence']['text']}" for part in charts]
        assert alternatives == [read_words(text) for text in kept]


CONSTANT = r"от 0 до 1|\b[01] —|1 − |из 100|из 100|не больше 2 учеников|95 случаях|\d\d\.\d\d\.20\d\d|20\d\d"
"""Numbers that stand in sentences whatever the data: ends of a scale, years and days, shares that a note explains."""


def test_numbers_of_sentences_are_figures(year):
    """What is left of a sentence without its figures has no number that could come from somewhere else."""
    seen = 0
    for facts in read_facts(year).values():
        schools = next(place for place, part in enumerate(facts["parts"]) if part.get("key", "").startswith("Школа "))
        parts = [part for part in facts["parts"][: schools - 1] if part.get("key") not in METHOD]
        for text in list_texts(parts):
            left = text["text"]
            for figure in text["figures"]:
                left, found = re.subn(rf"(?<!\d){re.escape(figure['shown'])}(?!\d)", "", left, count=1)
                assert found, (figure, text)
                seen += 1
            assert not re.search(r"\d", re.sub(CONSTANT, "", left)), text
    assert seen > 100


METHOD = {"Метод"}
"""Parts that tell rules, not data."""


def test_second_run_does_nothing(year):
    before = year.times()
    again = year.again()
    assert again.status == 0
    assert again.times() == before
    assert again.run["failed"] == {}
    assert not any(again.run["timings"].values())
    assert again.run["reports"] == year.run["reports"]


def test_unknown_names_are_refused_before_anything_is_made(year):
    before = year.times()
    with pytest.raises(UnknownParameterError, match=r"orientaton.*orientation"):
        year.again(parameters={"orientaton": "literal"})
    with pytest.raises(ValueError, match=r"1999.*2020, 2021, 2022, 2023"):
        year.again(year=1999)
    with pytest.raises(ValueError, match="Атлантида") as caught:
        year.again(municipality="Атлантида")
    assert all(name in str(caught.value) for name in year.run["reports"])
    assert year.times() == before


def test_same_input_gives_the_same_bytes(year, other):
    names = [path.name for path in year.folder.iterdir() if path.is_file() and path.suffix != ".json"]
    names += [f"notebooks/{page.stem}.ipynb" for page in year.pages]
    names += [path.relative_to(year.folder).as_posix() for path in year.folder.glob("*-*/*.html")]
    assert len(names) > 24
    assert [name for name in names if (year.folder / name).read_bytes() != (other.folder / name).read_bytes()] == []


def test_report_of_a_municipality_that_is_gone_is_removed_by_the_next_run(other):
    page, executed = other.folder / "iuzhnyi.html", other.folder / "notebooks" / "iuzhnyi.ipynb"
    for path in (page, executed):
        path.write_text("прежний муниципалитет", encoding="utf-8")
    step = Step(executed, executed, {}, [], [page], other.folder / "stamps" / "iuzhnyi.json")
    write_stamp(step)
    (other.folder / "письмо.docx").touch()
    assert other.again().status == 0
    assert not any(path.exists() for path in (page, executed, step.stamp))
    (other.folder / "письмо.docx").unlink()


def test_damaged_and_lost_outputs_are_made_again(other):
    page, book = (other.folder / other.run["reports"][name]["page"] for name in list(other.run["reports"])[:2])
    book = book.with_suffix(".xlsx")
    kept = {path: path.read_bytes() for path in (page, book)}
    untouched = [
        path for path in (*other.pages, *other.folder.glob("*.xlsx")) if path.stem not in {page.stem, book.stem}
    ]
    times = {path: path.stat().st_mtime_ns for path in untouched}
    page.unlink()
    book.write_bytes(b"spoiled")
    assert other.again().status == 0
    assert {path: path.read_bytes() for path in kept} == kept
    assert {path: path.stat().st_mtime_ns for path in untouched} == times


def list_done(said: Sequence[str]) -> list[str]:
    return [line.partition(":")[0] for line in said if ": готово" in line]


def test_switch_for_one_municipality_redoes_what_depends_on_it(other):
    name = next(iter(other.run["reports"]))
    ingested = {path: time for path, time in other.times().items() if "/contract/" in path or "01_ingest" in path}
    again = other.again(parameters={"orientation": "literal"}, municipality=name)
    assert again.status == 0
    assert list_done(again.said)[:1] == ["02_identify"]
    assert name in list_done(again.said)
    assert {path: time for path, time in again.times().items() if path in ingested} == ingested
    assert again.run["parameters"]["orientation"] == "literal"
    assert json.loads((again.settings.processed / "methodology.json").read_text())["orientation"] == "literal"
    reports = again.run["reports"]
    assert len(reports) == 3
    linked = {link.get("href") for link in parse(again.folder / "index.html").find_all("a")}
    assert {report["page"] for report in reports.values()} <= linked


def spoil_schools(raw: Path) -> None:
    """Give harmful names to schools and municipalities, of which two have the same file name.

    The register is sent anew as one table of all years.
    """
    headings = load_settings().headings["schools"]
    schools = build_demo_tables(municipalities=3, schools=36, years=4)["schools"][list(headings)].astype("object")
    rows = schools.where(schools.notna(), "").rename(columns=headings).to_dict("records")
    (raw / "Реестр организаций 2023.xlsx").unlink()
    path, dialect = raw / "schools.csv", ","
    places = sorted({row["Муниципалитет"] for row in rows})
    codes = sorted({row["Код ОО"] for row in rows})
    for row in rows:
        row["Муниципалитет"] = HARMFUL_PLACES[places.index(row["Муниципалитет"])]
        number = codes.index(row["Код ОО"])
        row["Наименование"] = HARMFUL_NAMES[number] if number < len(HARMFUL_NAMES) else row["Наименование"]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0].keys(), delimiter=dialect)
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def harmful(other):
    """The other run with a changed input: one more table, harmful names."""
    before = {path for path in other.settings.root.parent.rglob("*") if other.settings.reports not in path.parents}
    spoil_schools(other.settings.data)
    year = other.again()
    after = {path for path in other.settings.root.parent.rglob("*") if other.settings.reports not in path.parents}
    stray = {path for path in after - before if other.settings.processed not in path.parents}
    assert not stray
    return year


def test_changed_input_redoes_everything(harmful):
    assert harmful.status == 0, harmful.said
    assert list_done(harmful.said)[:3] == list(NOTEBOOKS[:3])
    assert set(harmful.run["reports"]) >= set(HARMFUL_PLACES.values())


def test_names_that_would_share_a_file_get_two(harmful):
    pages = [harmful.run["reports"][name]["page"] for name in HARMFUL_PLACES.values()]
    assert len(set(pages)) == 3
    assert all(re.fullmatch(r"[a-z0-9-]+\.html", page) for page in pages)
    titles = {parse(harmful.folder / page).h1.get_text() for page in pages}
    assert titles == set(HARMFUL_PLACES.values())


def test_harmful_names_are_shown_as_text(harmful):
    soups = [parse(page) for page in harmful.pages]
    for soup in soups:
        assert not find_scripts(soup)
        assert not [tag for tag in soup.find_all(True) if "onclick" in tag.attrs]
        assert all(
            a["href"].startswith("#") or re.fullmatch(r"([a-z0-9-]+/)?[a-z0-9-]+\.html", a["href"])
            for a in soup.find_all("a")
        )
    shown = "\n".join(soup.get_text() for soup in soups)
    assert all(name in shown for name in HARMFUL_NAMES)


def test_harmful_names_are_text_in_workbooks(harmful):
    found = set()
    for path in harmful.folder.glob("*.xlsx"):
        for sheet in openpyxl.load_workbook(path):
            cells = [cell for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
            assert {cell.data_type for cell in cells} == {"s"}
            found |= {name for name in HARMFUL_NAMES if any(name in cell.value for cell in cells)}
    assert found == set(HARMFUL_NAMES)


def test_harmful_names_are_text_in_notes_and_letters(harmful):
    """What a packed file refers to outside is named in its relations; a field would run a formula."""
    pages = [harmful.folder / report["page"] for report in harmful.run["reports"].values()]
    notes, letters = ([page.with_suffix(suffix) for page in pages] for suffix in (".docx", ".txt"))
    for path in notes:
        with zipfile.ZipFile(path) as archive:
            assert not [name for name in archive.namelist() if ".." in name or "vba" in name.casefold()]
            relations = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".rels")]
            body = archive.read("word/document.xml").decode()
        assert not [text for text in relations if "External" in text]
        assert not re.search(r"<w:(fldSimple|instrText|hyperlink|object)|<script", body)
    shown = "\n".join(read_text(path) for path in (*notes, *letters))
    assert "<script>alert(1)</script>" in shown


def test_failure_of_one_report_leaves_the_others(harmful):
    name, page = "Район а", harmful.run["reports"]["Район а"]["page"]
    book = (harmful.folder / page).with_suffix(".xlsx")
    book.unlink()
    book.mkdir()
    others = {path: path.stat().st_mtime_ns for path in harmful.pages if path.name not in {page, "index.html"}}
    again = harmful.again()
    assert again.status == 1
    assert {path: path.stat().st_mtime_ns for path in others} == others
    assert list(again.run["failed"]) == [Path(page).stem]
    assert again.run["reports"][name]["message"]
    assert not (again.folder / page).exists()
    index = parse(again.folder / "index.html")
    assert page not in {link.get("href") for link in index.find_all("a")}
    row = next(item for item in index.find_all("li") if item.get_text().startswith(name))
    assert len(row.get_text()) > len(name) + 3
    assert str(again.settings.reports) not in index.get_text()
    assert any(name in line for line in again.said[-4:])


def test_failed_report_is_made_when_the_cause_is_gone(harmful):
    page = harmful.folder / harmful.run["reports"]["Район: а"]["page"]
    book = next(path for path in harmful.folder.glob("*.xlsx") if path.is_dir())
    book.rmdir()
    again = harmful.again()
    assert again.status == 0
    assert book.is_file()
    assert page.is_file()
    assert not list((again.folder / "notebooks").glob("*.failed.ipynb"))
