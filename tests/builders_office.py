"""Tiny files in the shapes that offices send: a test names the rows it is about."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
from openpyxl import Workbook

from effschool.intake.ingest import Ingested, Sent, Taken, ingest_folder, read_file
from effschool.intake.layouts import load_layouts
from effschool.method.thresholds import load_register

ROOT = Path(__file__).parents[1]
LAYOUTS = ROOT / "layouts"
THRESHOLDS = ROOT / "methodologies" / "thresholds.yml"
KNOWN, REGISTER = load_layouts(LAYOUTS), load_register(THRESHOLDS)
Rows = Iterable[Sequence[object]]

OGE = ["№", "Код ОО", "Класс", "Фамилия", "Номер документа", "Предмет", "Форма", "Первичный балл", "Отметка", "Статус"]
EGE = ["Код ОО", "Класс", "Код участника", "Предмет", "Тестовый балл", "Статус"]
CERTIFICATES_SAV = ["Год", "Код ОО", "Уровень", "Выпускников", "Без аттестата"]
VPR = ["Группы участников", "Кол-во ОО", "Кол-во участников", "2", "3", "4", "5"]


def save_book(path: Path, sheets: dict[str, Rows]) -> Path:
    """A workbook with a sheet of rows under every name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def pupil(code: str, mark: object = 4, **other: object) -> list[object]:
    """A row of the ОГЭ protocol."""
    row = (
        {"code": code, "subject": "1 - Русский язык", "form": "ОГЭ", "primary": None, "status": None}
        | {"document": ""}
        | other
    )
    return [
        1,
        row["code"],
        "9А",
        "Участник",
        row["document"],
        row["subject"],
        row["form"],
        row["primary"],
        mark,
        row["status"],
    ]


def graduate(
    code: str, score: object, subject: str = "Русский язык", status: object = "", key: str = ""
) -> list[object]:
    """A row of the ЕГЭ protocol."""
    return [code, "11А", key, subject, score, status]


def save_oge(path: Path, rows: Rows, title: str = "ОГЭ 2023, протокол", heading: Sequence[object] = OGE) -> Path:
    """An ОГЭ protocol with a title and a numbering row."""
    numbering = range(1, len(heading) + 1)
    return save_book(path, {"Протокол": [[title], heading, numbering, *rows]})


def read_one(path: Path, *, thresholds: bool = True) -> list[Taken]:
    """The sheets of one file read by the layouts of the project."""
    layouts = tuple(layout for layout in KNOWN if layout.match_name(path.name) is not None)
    return read_file(Sent(path, path.name, layouts), REGISTER if thresholds else None)


def take(raw: Path) -> Ingested:
    """A folder read by the layouts of the project."""
    return ingest_folder(raw, LAYOUTS, THRESHOLDS)


def list_rows(taken: Taken, *columns: str) -> list[tuple]:
    """Rows of the file's parts in the columns named, missing as None."""
    rows = [part.rows[list(columns)] for part in taken.parts]
    return [
        tuple(None if pd.isna(value) else value for value in row)
        for frame in rows
        for row in frame.astype(object).to_numpy().tolist()
    ]
