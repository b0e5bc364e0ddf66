"""Tiny folders of raw files: right by themselves, one thing changed by the test."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from openpyxl import Workbook

LAYOUTS = Path(__file__).parents[1] / "layouts"
HEADINGS = {
    "schools": "Год,Код ОО,Наименование,Муниципалитет,Тип ОО,Местность,Численность,Исключить",
    "results": "Год,Код ОО,Процедура,Предмет,Класс,Участников,Отметка 2,Отметка 3,Отметка 4,Отметка 5,"
    "Ниже порога,80 и выше,Средний балл",
    "certificates": "Год,Код ОО,Уровень,Выпускников,Без аттестата",
    "social": "Год,Код ОО,Всего обучающихся,Девиантное поведение,На внутришкольном учёте,На учёте ОВД и КДН,"
    "Русский язык не родной,ОВЗ и дети-инвалиды,Родители безработные,Родители без высшего образования,"
    "Неполная семья,Семья в социально опасном положении,Бесплатное питание,Под опекой или попечительством",
    "programme": "Код ОО,Проект,Год включения,Год выхода,Школа-партнёр,Куратор",
}
ROWS = {
    "schools": ["2020,027000,Школа А,Район 1,средняя,село,130,", "2020,270001,Школа Б,Район 2,основная,город,300,"],
    "results": ["2020,027000,ЕГЭ,русский язык,11,9,,,,,1,0,45.13", "2020,270001,ОГЭ,математика,9,20,2,8,6,4,,,"],
    "certificates": ["2020,027000,СОО,9,0", "2020,270001,ООО,20,1"],
    "social": ["2020,027000,130,1,2,3,4,5,6,7,8,9,10,11", "2020,270001,300,1,2,3,4,,6,7,8,9,10,11"],
}


def write_csv(path: Path, rows: Sequence[str], encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("\r\n".join([*rows, ""]).encode(encoding))
    return path


def write_workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = Workbook()
    for row in rows:
        book.active.append(list(row))
    book.active.title = "Форма"
    book.save(path)
    return path


def split(*lines: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO("\n".join(lines))))


def build_table(folder: Path, table: str, *rows: str, heading: str | None = None) -> Path:
    """One contract table as CSV: the rows given, or the right ones."""
    return write_csv(folder / f"{table}.csv", [heading or HEADINGS[table], *(rows or ROWS[table])])


def build_raw(folder: Path, **changed: Sequence[str]) -> Path:
    """A folder with the four required tables; `results=[...]` replaces the rows of that table."""
    for table, rows in ROWS.items():
        build_table(folder, table, *changed.get(table, rows))
    return folder
