"""A tiny region of two municipalities, its forms as an ОМСУ sends them back, one thing changed by the test."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import openpyxl
from builders import Row, certificate, condition, school, tables
from builders_raw import build_table
from openpyxl.worksheet.worksheet import Worksheet

from effschool.base.schemas import SOCIAL_COUNTS
from effschool.forms.books import FIRST_ROW, HEADER_ROW, write_forms
from effschool.forms.template import Form, load_form

ROOT = Path(__file__).parents[1]
NORTH, SOUTH = "Северный район", "Южный район"
YEAR = 2021
FILLED = {"pupils": 110, **{name: 6 + place for place, name in enumerate(SOCIAL_COUNTS)}}
SOCIAL, CERTIFICATES = "Социальные условия", "Аттестаты"


@cache
def load_municipal() -> Form:
    return load_form(ROOT / "forms" / "municipal.yml")


def list_schools(year: int = 2020, **names: str) -> list[Row]:
    """Schools 001 and 002 of the North, 003 of the South; a name given as `s001=…` replaces the plain one."""
    places = {"001": NORTH, "002": NORTH, "003": SOUTH}
    return [
        school(code, year, municipality=place, name=names.get(f"s{code}", f"Школа {code}"))
        for code, place in places.items()
    ]


def build_tables(**changed: list[Row]) -> dict:
    known = {
        "schools": list_schools(),
        "social": [condition(code, 2020) for code in ("001", "002", "003")],
        "certificates": [certificate(code, 2020, level="ООО") for code in ("001", "002", "003")],
    }
    return tables(**(known | changed))


def make_forms(folder: Path, year: int = YEAR, **changed: list[Row]) -> dict[str, Path]:
    return write_forms(load_municipal(), build_tables(**changed), year, folder)


def find_columns(sheet: Worksheet) -> dict[str, int]:
    return {str(cell.value): cell.column for cell in sheet[HEADER_ROW] if cell.value}


def find_rows(sheet: Worksheet) -> list[int]:
    """Rows of schools."""
    code = find_columns(sheet)["Код ОО"]
    return [row for row in range(FIRST_ROW, sheet.max_row + 1) if sheet.cell(row, code).value]


def fill_form(path: Path, changed: Mapping[tuple[str, int, str], object] | None = None) -> Path:
    """Fill in all cells; `changed`: (sheet, number of the row of schools from 0, heading) → what stands there."""
    book = openpyxl.load_workbook(path)
    form = load_municipal()
    rows = {sheet.sheet: find_rows(book[sheet.sheet]) for sheet in form.sheets}
    for sheet in form.sheets:
        target, values = book[sheet.sheet], FILLED if sheet.table == "social" else {"graduates": 9}
        columns = find_columns(target)
        for row in rows[sheet.sheet]:
            for name, heading in sheet.headings.items():
                target.cell(row, columns[heading]).value = values.get(name, 0)
    for (name, place, heading), value in (changed or {}).items():
        target = book[name]
        target.cell(rows[name][place], find_columns(target)[heading]).value = value
    book.save(path)
    return path


def build_returned(folder: Path, changed: Mapping[tuple[str, int, str], object] | None = None, **names: str) -> Path:
    """A raw folder for 2021: the register of both years, last year's social conditions, the forms of both filled in.

    `changed` applies to the form of the North.
    """
    register = [*list_schools(2020, **names), *list_schools(2021, **names)]
    lines = [
        f'{row["year"]},{row["school_id"]},"{row["name"]}",{row["municipality"]},средняя,город,100,' for row in register
    ]
    build_table(folder, "schools", *lines)
    build_table(folder, "results", "2021,001,ОГЭ,математика,9,20,2,8,6,4,,,")
    build_table(
        folder,
        "certificates",
        *(f"2020,{c},{k},9,0" for c in ("001", "002", "003") for k in ("ООО", "СОО")),
    )
    build_table(folder, "social", *(f"2020,{code},100,5,5,5,5,5,5,5,5,5,5,5" for code in ("001", "002", "003")))
    forms = make_forms(folder, schools=register)
    (folder / "forms").mkdir(exist_ok=True)
    for municipality, path in forms.items():
        fill_form(path, changed if municipality == NORTH else None).rename(folder / "forms" / path.name)
    return folder
