"""The letter that goes with a report (сопроводительное письмо): what is attached, its checksums, how to open it."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from effschool.base.russian import format_number, set_spaces
from effschool.report.display import TEMPLATES
from effschool.report.page import PageCard

if TYPE_CHECKING:
    from nbformat import NotebookNode

KINDS = {
    ".html": "отчёт: открывается в любом браузере, интернет не нужен",
    ".xlsx": "таблицы и данные графиков для Excel",
    ".docx": "аналитическая записка, которую можно править",
}
"""What a file is to its reader, by suffix, in the order of the letter."""
SCHOOL_KINDS = {
    ".html": "страница школы: только для неё самой",
    ".docx": "черновик программы школы: его правят школа и ОМСУ",
    ".xlsx": "план-график из этого черновика: с отметками возвращается в институт",
}


@dataclass(frozen=True)
class Attachment:
    """A file that goes with the letter: its name, what it is, its size in kilobytes and its SHA-256."""

    name: str
    kind: str
    size: str
    checksum: str


def write_letter(card: PageCard, executed: "NotebookNode", files: Mapping[str, bytes]) -> str:
    """The letter as plain text: what the report says first, the files with their checksums, the card of the build.

    Args:
        files: the finished files by suffix; those that readers do not get are passed over.
    """
    name = Path(card.workbook)
    named = {name_file(name.stem, key): content for key, content in files.items() if key in KINDS or key[0] == "/"}
    attached = [describe_file(file, content) for file, content in named.items()]
    return set_spaces(_open_template().render(card=card, summary=quote_summary(executed), attached=attached))


def name_file(stem: str, key: str) -> str:
    """Name of a file of the parcel by its key: «rajon.xlsx», «rajon/270001.html»."""
    return stem + key


def describe_file(name: str, content: bytes) -> Attachment:
    """What the letter says of a file."""
    size = format_number(max(len(content) / 1000, 1))
    kind = (SCHOOL_KINDS if "/" in name else KINDS)[Path(name).suffix]
    return Attachment(name, kind, size, hashlib.sha256(content).hexdigest())


def pack_parcel(stem: str, files: Mapping[str, bytes]) -> bytes:
    """The parcel to mail as one ZIP: page, book, note, pages of schools, the letter. Same files, same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parcel:
        for key in sorted(key for key in files if key in (*KINDS, ".txt") or key[0] == "/"):
            parcel.writestr(zipfile.ZipInfo(name_file(stem, key)), files[key], zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def quote_summary(executed: "NotebookNode") -> str:
    """The first text that the notebook shows: the first screen in sentences; empty where it shows none."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    shown = [output["data"] for output in outputs if output["output_type"] in {"display_data", "execute_result"}]
    texts = [data["text/plain"] for data in shown if 'class="text' in data.get("text/html", "")]
    return texts[0] if texts else ""


@cache
def _open_template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    return environment.get_template("letter.txt.j2")
