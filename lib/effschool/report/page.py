"""Executed notebook → one HTML page (страница отчёта) that needs no other file or host, and no script to be whole."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from effschool.base.russian import join_words, set_spaces

if TYPE_CHECKING:
    from nbformat import NotebookNode

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class PageCard:
    """What the page says of itself outside the notebook's cells.

    Args:
        title: the page's title and first heading.
        subtitle: region and year.
        demonstration: whether the data are invented; then every page says so.
        home: file of the region's page to link to, empty on that page itself.
        workbook: file with the tables, beside the page.
        build: what the page was made of and with, name and value in words.
        letter: whether a letter goes with the page.
        internal: whether it says that it is not to be published.
        abbreviations: what is spelt out where it is pointed at, and what it stands for.
    """

    title: str
    subtitle: str
    demonstration: bool
    home: str = ""
    workbook: str = ""
    build: tuple[tuple[str, str], ...] = ()
    letter: bool = False
    internal: bool = True
    abbreviations: tuple[tuple[str, str], ...] = ()


def render_page(executed: "NotebookNode", card: PageCard) -> str:
    """Render an executed notebook by the project's template: text and results only, code hidden."""
    refuse_unshowable(executed)
    headings = list_page_headings(executed)
    contents = [(heading, f"part-{number}") for number, heading in enumerate(headings, start=1)]
    is_folded = any("fold" in cell.metadata.get("tags", []) for cell in executed.cells)
    shown = contents if len(contents) > FEW else []
    resources = {"card": asdict(card), "contents": shown, "folded": is_folded}
    resources["filtered"] = is_searched(executed)
    html, _ = open_exporter().from_notebook_node(executed, resources=resources)
    numbers = count(1)
    html = re.sub("<h2>", lambda _: f'<h2 id="part-{next(numbers)}">', html)
    return set_spaces(mark_abbreviations(html, dict(card.abbreviations)))


class UnshowableError(ValueError):
    """A cell shows what the page would leave out; the message says which and what to do."""


def refuse_unshowable(executed: "NotebookNode") -> None:
    """Refuse pictures and frames that are no parts of a report: the page would leave them out, the workbook too.

    Raises:
        UnshowableError: names the first such cell by its last line.
    """
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            html = output.get("data", {}).get("text/html", "")
            lost = [] if html else sorted(set(output.get("data", {})) - {"text/plain", "image/svg+xml"})
            if lost or "<table border=" in html:
                line = ([text for text in cell.source.splitlines() if text.strip()] or [""])[-1].strip()
                raise UnshowableError(
                    f"Ячейка «{line}» показывает то, чего на странице и в книге не будет "
                    f"({join_words(lost) or 'рамка pandas'}). Рисунок покажите через show_figure "
                    "с предложением и данными, остальное уберите из ячейки."
                )


def is_searched(executed: "NotebookNode") -> bool:
    """Whether a table of the page is long enough to be searched: then the page has its one script."""
    outputs = [output for cell in executed.cells for output in cell.get("outputs", [])]
    return any("<div data-lists=" in output.get("data", {}).get("text/html", "") for output in outputs)


def render_parts(parts: Iterable[object], card: PageCard) -> str:
    """A page of parts alone, without a notebook: as whole and as plain as the others."""
    shown = [Markup(part._repr_html_()) for part in parts]  # type: ignore[attr-defined]
    html = _open_plain().get_template("parts.html.j2").render(parts=shown, card=asdict(card))
    return set_spaces(mark_abbreviations(html, dict(card.abbreviations)))


def mark_abbreviations(html: str, meanings: Mapping[str, str]) -> str:
    """A page whose abbreviations say what they stand for, each where it is first met in a part (`<abbr>`)."""
    if not meanings:
        return html
    left = dict(meanings)

    def spell(match: re.Match[str]) -> str:
        """The abbreviation with its meaning the first time, everything else as it is."""
        if match["whole"].startswith("<h2"):
            left.update(meanings)
        meaning = left.pop(match["whole"], None)
        return match["whole"] if meaning is None else f'<abbr title="{escape(meaning)}">{match["whole"]}</abbr>'

    names = "|".join(map(re.escape, meanings))
    return re.sub(rf"(?P<whole>{UNSPELT}|(?<!\w)(?:{names})(?!\w))", spell, html, flags=re.DOTALL)


UNSPELT = r"<(?P<kind>svg|style|script|title|h1)\b.*?</(?P=kind)>|<[^>]*>"
"""What is no text, or has to stay bare text."""


@cache
def _open_plain() -> Environment:
    folder = TEMPLATES / "effschool"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


FEW = 3
"""So many parts need no contents."""


def list_page_headings(executed: "NotebookNode") -> list[str]:
    """Headings of the page's parts, in their order."""
    shown = [cell for cell in executed.cells if "page-hide" not in cell.metadata.get("tags", [])]
    told = [cell.source for cell in shown if cell.cell_type == "markdown"]
    return [heading.strip() for text in told for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)]


@cache
def open_exporter() -> Any:
    """The exporter with its templates compiled: that takes longer than a page."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 -- a run with nothing to do need not wait for it
    from traitlets.config import Config  # noqa: PLC0415

    class PageExporter(HTMLExporter):
        """Without a second look at the whole page, which adds what other templates lack: descriptions of images."""

        def from_notebook_node(self, nb: "NotebookNode", resources: Any = None, **options: Any) -> Any:
            """The page, and what its making left behind."""
            return super(HTMLExporter, self).from_notebook_node(nb, resources, **options)

    config = Config(
        {"TemplateExporter": {"exclude_input": True, "exclude_output_prompt": True, "exclude_input_prompt": True}}
    )
    return PageExporter(
        config=config,
        template_name="effschool",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        embed_images=True,
    )
