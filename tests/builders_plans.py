"""Plans of events as offices keep them (XLSX), made from the text of ../shared/sources.

Nothing is added or left out. What the extraction of a text or a scan broke is mended here: rows parted by the end of a
page, brackets and letters lost.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from builders_raw import write_workbook

HEADINGS = ["№ п/п", "Сроки реализации", "Задачи", "Ответственный исполнитель", "Прогнозируемый результат"]
KRAI, KRASNOYARSK = "Эффективная школа, Хабаровский край", "Повышение качества образования, Красноярский край"
LAZO = "муниципальный район имени Лазо"


def read_source(folder: Path, number: str) -> str:
    (path,) = folder.glob(f"{number}_*.txt")
    return path.read_text(encoding="utf-8")


def cut_text(text: str, first: str, last: str = "") -> str:
    """The text from the last place of the first words to the next place of the last ones."""
    start = text.rindex(first)
    return text[start : text.index(last, start)] if last else text[start:]


def clean(cell: str) -> str:
    return " ".join(re.sub("<[^>]+>", " ", cell).split())


def write_plan_of_2020(source: str, path: Path) -> Path:
    """The plan of `000`: a line is a row, its cells parted by tabs; what went over a page has no number."""
    body = cut_text(source, "№ п/п\tСрок (период)", "СОСТАВ\n")
    lines = [[clean(cell) for cell in line.split("\t")] for line in body.splitlines()]
    rows = [line for line in lines if re.fullmatch(r"\d\.(\d{1,2}\.?)?", line[0])]
    cells = [[*row[:4], " ".join(row[4:]), KRAI] for row in rows]
    title = "План-график мероприятий по повышению качества образования в ШНРО и ШНСУ в 2020 году"
    return write_workbook(path, [[title], [*HEADINGS, "Программа"], *cells])


def write_plan_of_cells(source: str, path: Path, title: str, last: str) -> Path:
    """A table in which a cell is a paragraph after a tab and a blank line ends a row: `001`, `004`."""
    body = re.sub(r"\[bookmark: \w+\]", "", cut_text(source, "№ п/п", last))
    parts = re.split(r"\n\s*\n(?=[ ]?\t\s*\d\.)", body)[1:]
    rows = [[cell.strip() for cell in re.split(r"(?:^|\n)[ ]?\t", part)[1:]] for part in parts]
    return write_workbook(path, [[title], HEADINGS, *(row[:5] for row in rows)])


PAGES = {
    "<i>Декабрь 2021 г.)": "<i>(Декабрь 2021 г.)",
    "Итоговый мониторинг - июнь 2021 г.)": "Итоговый мониторинг - июнь 2021 г. ",
    "(А прель-сентябрь": "(Апрель-сентябрь",
}


def write_plan_by_years(source: str, path: Path) -> Path:
    """The roadmap of `003`: a column per year; the rest of a row that a page ended stands without a number."""
    body = cut_text(source, "№ п/п\tМероприятие")
    for broken, right in PAGES.items():
        assert broken in body, broken
        body = body.replace(broken, right)
    lines = [line for line in body.splitlines() if line.strip("- \t")]
    title = ["Дорожная карта по реализации региональной и муниципальных программ"]
    header = [[*map(clean, line.split("\t"))] for line in lines[:2]]
    header = [[*header[0], "Программа"], [*header[1], ""]]
    return write_workbook(path, [title, *header, *([*row, KRASNOYARSK] for row in join_pages(lines[2:]))])


def join_pages(lines: list[str]) -> Iterator[list[str]]:
    """Rows of seven cells; a row without a number goes on with the one before."""
    row: list[str] = []
    for line in lines:
        cells = [clean(cell) for cell in line.split("\t")]
        if re.match(r"\d+$|Направление \d", cells[0]):
            yield from [row] if row else []
            row = [*cells, *[""] * 6][:7]
            continue
        cells = cells if not cells[0] else ["", *cells]
        row = [f"{cell} {more}".strip() for cell, more in zip(row, [*cells, *[""] * 6], strict=False)]
    yield row


DATES = r"\d\d\.\d\d\.\d{4}(?:\s*[–-]?\s*\d\d\.\d\d\.\d{4})?|\d-\d квартал\s+\d{4}"
WORDS = r"(?:В\s)?[^А-ЯЁ«]+"


def list_events(body: str, term: str) -> Iterator[list[str]]:
    """Events of a text without columns (`002`): number, term, and in one cell what is done, by whom and its result."""
    body = re.sub(r"(?m)^(\d\.1) *\n(\d) *\n", r"\1\2 ", body)
    starts = rf"(?m)^\W?(?:(?P<number>\d\.\d{{1,2}})\.?\s+(?P<term>{term})\s|(?P<year>20\d\d год)\s*$|\d\. [А-ЯЁ])"
    found = list(re.finditer(starts, body))
    for start, after in zip(found, [*found[1:], None], strict=True):
        rest = clean(body[start.end() : after.start() if after else len(body)])
        if start["year"]:
            yield [start["year"], "", ""]
        elif start["number"]:
            yield [start["number"], clean(start["term"]), rest]


def write_plan_of_lines(source: str, path: Path, first: str, last: str) -> Path:
    rows = list_events(cut_text(source, first, last), DATES)
    header = [*HEADINGS[:3], "Программа"]
    return write_workbook(path, [["План мероприятий"], header, *([*row, KRAI] for row in rows)])


def write_plan_of_year_rows(source: str, path: Path) -> Path:
    """The plan of 2021 and 2022: the year stands in a row over its events."""
    body = cut_text(source, "ШНРО и ШНСУ в 2021, 2022 годах", "Приложение 1")
    header = ["№ п/п", "Период реализации отдельного действия", "Наименование мероприятия", "Программа"]
    rows = [row if not row[1] else [*row, KRAI] for row in list_events(body, WORDS)]
    return write_workbook(path, [["План-график в 2021, 2022 годах"], header, *rows])
