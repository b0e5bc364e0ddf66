"""Parts of a report → analytical note (аналитическая записка) in DOCX, for those who must edit it."""

import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsmap, qn
from docx.shared import Cm, Emu, Pt, RGBColor

from effschool.base.russian import set_spaces
from effschool.base.storage import AUTHOR, EPOCH, pack_again
from effschool.report.display import Chart, Figures, Links, Table, Text, drop_controls, render
from effschool.report.pictures import draw_png

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

FONT, BIG, SIZE, SMALL = "Times New Roman", Pt(18), Pt(12), Pt(9)
PAGE, MARGIN = (Cm(21), Cm(29.7)), Cm(2)
Part = str | Text | Figures | Table | Chart | Links


def write_note(parts: Sequence[Part], path: Path, title: str) -> None:
    """Write the note: a string among the parts is a heading. Same parts, same bytes; whole or not at all."""
    document = start_note(title)
    for part in parts:
        add_part(document, part)
    packed = io.BytesIO()
    document.save(packed)
    pack_again(packed, path)


LONGEST_PROPERTY = 255
"""Letters that a property of a DOCX file may have."""


def start_note(title: str) -> "Document":
    """An empty note: A4, in Russian, its title on top, no time and no name of a person inside."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = PAGE
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    for name in ("Normal", "Title", "Heading 1", "Caption", "List Bullet"):
        set_font(document.styles[name])
    document.styles["Caption"].paragraph_format.keep_with_next = True
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "ru-RU")
    document.styles["Normal"].element.get_or_add_rPr().append(language)
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = title[:LONGEST_PROPERTY], AUTHOR, AUTHOR
    properties.created = properties.modified = EPOCH
    properties.language, properties.comments = "ru-RU", ""
    write_paragraph(document, title, "Title")
    return document


def set_font(style: object) -> None:
    """One font for all letters: the template's own differs for Cyrillic; headings lose the blue."""
    style.font.name = FONT  # type: ignore[attr-defined]
    style.font.color.rgb = RGBColor(0, 0, 0)  # type: ignore[attr-defined]
    fonts = style.element.rPr.rFonts  # type: ignore[attr-defined]
    for name in [name for name in fonts.attrib if "Theme" in name]:
        del fonts.attrib[name]
    for name in ("w:cs", "w:eastAsia", "w:hAnsi"):
        fonts.set(qn(name), FONT)
    if style.name == "Title":  # type: ignore[attr-defined]
        style.font.size = BIG  # type: ignore[attr-defined]
    if style.name in {"Normal", "List Bullet"}:  # type: ignore[attr-defined]
        style.font.size = SIZE  # type: ignore[attr-defined]


def add_part(document: "Document", part: Part) -> None:
    """Put one part at the end of the note."""
    if isinstance(part, str):
        write_paragraph(document, part, "Heading 1")
    elif isinstance(part, Text):
        for paragraph in part.paragraphs:
            write_paragraph(document, paragraph)
    elif isinstance(part, Figures | Links):
        for first, second, third in part.items:
            words = f"{first}: {second} ({third})" if isinstance(part, Figures) else f"{first} — {third or second}"
            write_paragraph(document, words, "List Bullet")
    elif isinstance(part, Table):
        add_table(document, part)
    else:
        add_chart(document, part)


def write_paragraph(place: object, text: str, style: str | None = None) -> "Paragraph":
    """A paragraph of text from data."""
    return place.add_paragraph(set_spaces(drop_controls(text)), style)  # type: ignore[attr-defined]


def add_table(document: "Document", table: Table) -> None:
    """Caption, table with a head that repeats on every page, and the note below; rows and columns are the page's."""
    write_paragraph(document, table.title, "Caption")
    names = [str(name) for name in table.frame]
    places = [place for place, name in enumerate(names) if name in (table.shown or names)]
    rows = [[row[place] for place in places] for row in (names, *table.list_rows()[: table.first])]
    told = [[set_spaces(drop_controls(text)) for text in row] for row in rows]
    widths = [Emu(width).twips for width in share_width(rows)]
    namespace, size = nsmap["w"], int(SMALL.pt * 2)
    # By a template: the library's own cells take longer than all the rest of the note.
    grid = render("note_table.xml.j2", rows=told, widths=widths, namespace=namespace, size=size)
    document.element.body._insert_tbl(parse_xml(grid))
    write_paragraph(document, table.note).paragraph_format.space_before = Pt(4)


WORDIEST = 70
"""Letters beyond which a longer text asks for no wider column."""
LETTER, PADDING = int(SMALL * 0.62), Cm(0.4)
"""Width of a bold letter of the widest face that may stand in for the note's, and of a cell's margins."""


def share_width(rows: Sequence[Sequence[str]]) -> list[int]:
    """Widths of columns: the longest word of each, and the rest of the page in proportion to what stands in them."""
    columns = list(zip(*rows, strict=True))
    longest = [max(len(word) for text in column for word in re.split(r"[\s/-]", text)) for column in columns]
    least = [LETTER * min(letters, WORDIEST) + PADDING for letters in longest]
    wanted = [min(max(len(text) for text in column), WORDIEST) + 5 for column in columns]
    room = PAGE[0] - 2 * MARGIN
    if sum(least) > room:
        return [room * part // sum(least) for part in least]
    return [part + (room - sum(least)) * more // sum(wanted) for part, more in zip(least, wanted, strict=True)]


def add_chart(document: "Document", chart: Chart) -> None:
    """Caption, picture with the sentence as its text alternative, and the sentence below."""
    write_paragraph(document, chart.title, "Caption")
    width = PAGE[0] - 2 * MARGIN
    picture = document.add_picture(io.BytesIO(draw_png(chart.figure)), width=width)
    document.paragraphs[-1].alignment = WD_ALIGN_PARAGRAPH.CENTER
    picture._inline.docPr.set("descr", drop_controls(f"{chart.title}. {chart.sentence}"))
    write_paragraph(document, chart.sentence)
