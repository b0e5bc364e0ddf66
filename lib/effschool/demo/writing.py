"""Files of the demonstration region, byte for byte the same for the same tables."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import yaml
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from effschool.base.storage import save_workbook, write_text
from effschool.demo.settings import DemoSettings

Tables = dict[str, pd.DataFrame]


def write_region(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write all files of the region into a folder; each is written whole or not at all."""
    write_region_tables(tables, folder, settings)
    write_social(tables, folder / "social", settings)


def write_region_tables(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write contract files without social conditions, and the region's passport; a table without rows has no file."""
    for name in ("schools", "results", "certificates"):
        if tables[name].empty:
            continue
        text = _head(tables[name], name, settings).to_csv(index=False, lineterminator="\n")
        write_text(text, folder / f"{name}.csv")
    programme = make_workbook(_head(tables["programme"], "programme", settings), settings.programme_sheet)
    save_workbook(programme, folder / "programme.xlsx")
    about = {"name": settings.region, "demonstration": True}
    write_text(
        f"# {settings.note}\n{yaml.safe_dump(about, allow_unicode=True, sort_keys=False)}", folder / "region.yml"
    )


def write_social(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """One workbook per municipality, named as it is; a municipality that sent nothing has no workbook."""
    for municipality, rows in list_social(tables, settings):
        save_workbook(make_workbook(rows, settings.sheet), folder / f"{municipality}.xlsx")


def list_social(tables: Tables, settings: DemoSettings) -> Iterator[tuple[str, pd.DataFrame]]:
    """Municipalities that sent social conditions, in order, with their rows under the headings of the contract."""
    municipality_of = tables["schools"].drop_duplicates("school_id").set_index("school_id")["municipality"]
    social = tables["social"]
    for municipality, rows in social.groupby(social["school_id"].map(municipality_of), sort=True):
        yield str(municipality), _head(rows, "social", settings)


def _head(frame: pd.DataFrame, name: str, settings: DemoSettings) -> pd.DataFrame:
    """Columns in the order and with the headings of the contract."""
    headings = settings.headings[name]
    return frame[list(headings)].rename(columns=headings)


def make_workbook(frame: pd.DataFrame, title: str) -> Workbook:
    """Workbook of one tidy sheet: bold headings in the first row, which stays in sight; blank cells stay blank."""
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = title
    sheet.append(list(frame.columns))
    for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False):
        sheet.append(list(row))
    for number, cell in enumerate(sheet[1], start=1):
        cell.font = Font(bold=True)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.column_dimensions[get_column_letter(number)].width = 18
    sheet.freeze_panes = "A2"
    return workbook
