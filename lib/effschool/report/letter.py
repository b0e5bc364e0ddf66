"""The letter that goes with a report (сопроводительное письмо): what is attached, its checksums, how to open it."""

import hashlib
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
    ".json": "числа отчёта для программ",
}
"""What a file is to its reader, by suffix, in the order of the letter."""


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
    attached = [describe_file(name.with_suffix(suffix).name, files[suffix]) for suffix in KINDS if suffix in files]
    return set_spaces(_open_template().render(card=card, summary=quote_summary(executed), attached=attached))


def describe_file(name: str, content: bytes) -> Attachment:
    """What the letter says of a file."""
    size = format_number(max(len(content) / 1000, 1))
    return Attachment(name, KINDS[Path(name).suffix], size, hashlib.sha256(content).hexdigest())


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
