"""A thousand broken files: each ends in a named message or in the values of the unbroken one, none in a changed number.

A fault is planted by a seeded draw into a small right file; what a person could not see either (one plausible number in
place of another) is not planted.
"""

import io
import random
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from builders_office import EGE, OGE, VPR, graduate, pupil, read_one
from builders_raw import HEADINGS, ROWS, split
from openpyxl import Workbook

from effschool.base import schemas
from effschool.base.problems import Severity
from effschool.intake.ingest import Taken, check_against_register, refuse_doubled_rows

Table = list[list[object]]
CODES = ("027000", "270001")


def number_cells(rows: Table) -> Table:
    return [
        [int(cell) if str(cell).isdecimal() and not str(cell).startswith("0") else cell for cell in row] for row in rows
    ]


def build_social() -> Table:
    rows = number_cells(split(HEADINGS["social"], *ROWS["social"]))
    return [["Сведения о социальных условиях"], rows[0], list(range(1, 15)), *rows[1:], ["Итого", "", 430]]


def build_vpr() -> Table:
    schools = [[f"МБОУ СОШ № {code} (edu{code})", 1, 8, 12.5, 50, 25, 12.5] for code in CODES]
    titles: Table = [["ВПР 2020. 5 класс"], ["Предмет: Русский язык"], ["Статистика по отметкам"], []]
    return [
        *titles,
        list(VPR),
        ["Вся выборка", 2, 900, 25, 25, 25, 25],
        ["Район 1", 2, 16, 12.5, 50, 25, 12.5],
        *schools,
    ]


def build_wide() -> Table:
    upper = ["Муниципалитет", "Код ОО", "ОО", "Русский язык", "", "", "", "Физика", "", "", ""]
    lower = ["", "", "", *["Количество участников", "Средний балл", "Ниже минимума", "80 и выше"] * 2]
    rows = [["Район 1", code, f"СОШ {code}", 9, 61.5, 1, 2, 3, 40.5, 0, 1] for code in CODES]
    return [["ЕГЭ 2020"], upper, lower, *rows]


TABLES: dict[str, Table] = {
    "results.xlsx": number_cells(split(HEADINGS["results"], *ROWS["results"])),
    "Аттестаты.xlsx": number_cells(split(HEADINGS["certificates"], *ROWS["certificates"])),
    "Социальная форма.xlsx": build_social(),
    "ОГЭ.xlsx": [
        ["ОГЭ 2020"],
        list(OGE),
        *(pupil(code, mark, document=f"{code} {mark}") for code in CODES for mark in (2, 3, 5)),
    ],
    "ВПР.xlsx": build_vpr(),
    "ЕГЭ сводная.xlsx": build_wide(),
    "ЕГЭ.xlsx": [["ЕГЭ 2023"], list(EGE), *(graduate(CODES[0], score, key=str(score)) for score in (20, 50, 85))],
}
SHEETS = {"ЕГЭ.xlsx": "ЕГЭ"}
JUNK = (
    "абв",
    "12а",
    "н/д",
    "-",
    "#ДЕЛ/0!",
    "#N/A",
    "=A1+1",
    "=1/0",
    date(2021, 5, 3),
    True,
    -5,
    1e9,
    0.123,
    "5;6",
    "1 2",
    "х" * 300,
)


def save(table: Table, sheet: str = "Лист1") -> bytes:
    book = Workbook()
    book.active.title = sheet
    for row in table:
        book.active.append(list(row))
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def copy_table(name: str) -> Table:
    return [list(row) for row in TABLES[name]]


def find_header(table: Table) -> int:
    """Place of the last row of the header."""
    words = {"Год", "Код ОО", "Группы участников", "№", "Количество участников"}
    return max(place for place, row in enumerate(table) if words & set(map(str, row)))


# Faults


def spoil_cells(name: str, draw: random.Random) -> bytes:
    table = copy_table(name)
    for _ in range(draw.randint(1, 3)):
        row = table[draw.randrange(find_header(table) + 1, len(table))]
        row[draw.randrange(len(row))] = draw.choice(JUNK)
    return save(table, draw.choice(["Лист1", "Данные", "2"]))


def misspell_heading(name: str, draw: random.Random) -> bytes:
    table = copy_table(name)
    row = table[find_header(table)]
    place = draw.choice([place for place, cell in enumerate(row) if str(cell).strip()])
    text = str(row[place])
    at = draw.randrange(len(text))
    row[place] = draw.choice([text[:at] + text[at + 1 :], text[:at] + "ъ" + text[at:], text.upper(), f" {text} ", ""])
    return save(table)


def shift_rows(name: str, draw: random.Random) -> bytes:
    table = copy_table(name)
    width = max(map(len, table))
    table[:0] = [[""] * width for _ in range(draw.randint(0, 4))]
    for _ in range(draw.randint(0, 3)):
        table.insert(draw.randrange(len(table) + 1), [""] * width)
    if draw.random() < 0.3:
        del table[find_header(table)]
    return save(table)


def shift_columns(name: str, draw: random.Random) -> bytes:
    table = [["", *row] if draw.random() < 0.9 else list(row) for row in copy_table(name)]
    return save(table)


def double_rows(name: str, draw: random.Random) -> bytes:
    table = copy_table(name)
    table.append(draw.choice(table[find_header(table) + 1 :]))
    return save(table)


def merge_cells(name: str, draw: random.Random) -> bytes:
    table = copy_table(name)
    book = Workbook()
    for row in table:
        book.active.append(list(row))
    top, left = draw.randint(find_header(table) + 2, len(table)), draw.randint(1, len(table[-1]))
    bottom, right = min(top + draw.randint(0, 1), len(table)), left + draw.randint(0, 2)
    book.active.merge_cells(start_row=top, start_column=left, end_row=bottom, end_column=right)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def truncate_bytes(name: str, draw: random.Random) -> bytes:
    content = save(TABLES[name])
    return content[: draw.randrange(len(content))]


def flip_bytes(name: str, draw: random.Random) -> bytes:
    content = bytearray(save(TABLES[name]))
    for _ in range(draw.randint(1, 5)):
        content[draw.randrange(len(content))] ^= draw.randrange(1, 256)
    return bytes(content)


def spoil_parts(name: str, draw: random.Random) -> bytes:
    """A part of the archive is missing, empty, cut or full of blanks (a small zip bomb)."""
    source = zipfile.ZipFile(io.BytesIO(save(TABLES[name])))
    chosen = draw.choice(source.namelist())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content = source.read(part)
            how = draw.choice(["drop", "empty", "cut", "blanks"]) if part == chosen else "keep"
            if how == "cut":
                content = content[: draw.randrange(len(content))]
            if how in {"empty", "blanks"}:
                content = b" " * (5 << 20 if how == "blanks" else 0)
            if how != "drop":
                target.writestr(part, content)
    return packed.getvalue()


def add_macro(name: str, draw: random.Random) -> bytes:
    packed = io.BytesIO(save(TABLES[name]))
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("xl/vbaProject.bin", draw.randbytes(500))
    return packed.getvalue()


def write_anything(name: str, draw: random.Random) -> bytes:
    starts = (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"$FL2", b"\xff\xfe", b"<html>", b"1,2\n")
    return draw.choice(starts) + draw.randbytes(draw.choice([0, 1, 50, 2000]))


def write_text(name: str, draw: random.Random) -> bytes:
    """The table as text with a broken line, quote or encoding."""
    lines = [";".join(str(cell) for cell in row) for row in TABLES[name]]
    at = draw.randrange(len(lines))
    lines[at] = draw.choice([lines[at] + ";5", lines[at].replace(";", "", 1), '"' + lines[at], lines[at] + "\n"])
    return "\n".join(lines).encode(draw.choice(["utf-8", "utf-8-sig", "cp1251", "utf-16", "koi8-r"]), "replace")


FAULTS: dict[Callable[[str, random.Random], bytes], int] = {
    spoil_cells: 60,
    misspell_heading: 20,
    shift_rows: 15,
    shift_columns: 5,
    double_rows: 5,
    merge_cells: 15,
    truncate_bytes: 8,
    flip_bytes: 15,
    spoil_parts: 12,
    add_macro: 2,
    write_anything: 8,
    write_text: 10,
}
"""Fault → files broken by it, of every table."""


def list_values(taken: list[Taken]) -> dict[tuple, object]:
    """Number by table, key and column of everything that was accepted."""
    values = {}
    for part in (part for sheet in taken if sheet.is_accepted for part in sheet.parts):
        key = list(schemas.KEYS[part.table])
        kinds = schemas.CONTRACT[part.table].columns
        numbers = [name for name in kinds if str(kinds[name].dtype) in {"Int64", "float64"} and name not in key]
        for row in part.rows.to_dict("records"):
            at = (part.table, *(str(row[name]) for name in key))
            values |= {
                (*at, name): row[name] for name in numbers if row[name] == row[name] and str(row[name]) != "<NA>"
            }
    return values


def take(folder: Path, name: str, content: bytes, register: list[Taken]) -> list[Taken]:
    path = folder / name
    path.write_bytes(content)
    taken = check_against_register([*register, *read_one(path)])
    return refuse_doubled_rows(taken)[len(register) :]


@pytest.fixture(scope="module")
def register(tmp_path_factory) -> list[Taken]:
    path = tmp_path_factory.mktemp("register") / "schools.csv"
    rows = [f"{year},{code},Школа {code},Район 1,средняя,село,130," for year in (2020, 2023) for code in CODES]
    path.write_text("\n".join([HEADINGS["schools"], *rows]), encoding="utf-8")
    return read_one(path)


def test_thousand_files_are_broken():
    assert sum(FAULTS.values()) * len(TABLES) >= 1000


@pytest.mark.parametrize("name", TABLES)
def test_unbroken_file_is_taken(tmp_path, register, name):
    taken = take(tmp_path, name, save(TABLES[name]), register)
    assert [problem.message for sheet in taken for problem in sheet.problems] == []
    assert list_values(taken)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("name", TABLES)
def test_broken_file_is_told_or_read_right(tmp_path, register, name, fault):
    expected = list_values(take(tmp_path, name, save(TABLES[name]), register))
    draw = random.Random(f"{name} {fault.__name__}")
    for turn in range(FAULTS[fault]):
        content = fault(name, draw)
        taken = take(tmp_path, name, content, register)
        problems = [problem for sheet in taken for problem in sheet.problems]
        assert all(problem.file == name and len(problem.message) > 40 for problem in problems)
        if any(problem.severity == Severity.ERROR for problem in problems):
            continue
        found = list_values(taken)
        changed = {key: (expected.get(key), value) for key, value in found.items() if expected.get(key) != value}
        assert not changed or problems, (turn, changed, keep(tmp_path, name, content))
        lost = expected.keys() - found.keys()
        assert not lost or problems, (turn, sorted(lost)[:5], keep(tmp_path, name, content))


def keep(folder: Path, name: str, content: bytes) -> Path:
    """Leave the broken file where it can be looked at."""
    path = folder / f"broken {name}"
    path.write_bytes(content)
    return path
