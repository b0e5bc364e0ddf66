"""Executed notebook → one HTML page (страница отчёта) that needs no other file, host or script."""

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """

    title: str
    subtitle: str
    demonstration: bool
    home: str = ""
    workbook: str = ""


def render_page(executed: "NotebookNode", card: PageCard) -> str:
    """Render an executed notebook by the project's template: text and results only, code hidden."""
    html, _ = open_exporter().from_notebook_node(executed, resources={"card": asdict(card)})
    return html


@cache
def open_exporter() -> Any:
    """The exporter with its templates compiled: that takes longer than a page."""
    from nbconvert import HTMLExporter  # noqa: PLC0415 -- a run with nothing to do need not wait for it
    from traitlets.config import Config  # noqa: PLC0415

    class PageExporter(HTMLExporter):
        """Without a second look at the whole page, which adds what other templates lack: descriptions of images."""

        def from_notebook_node(self, nb: "NotebookNode", resources: Any = None, **options: Any) -> Any:
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
