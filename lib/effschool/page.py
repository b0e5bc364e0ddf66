"""Executed notebook → one HTML file (страница отчёта) that needs no other file, host or script."""

from dataclasses import asdict, dataclass
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from traitlets.config import Config

from effschool.display import TEMPLATES
from effschool.storage import write_text


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


def write_page(notebook: Path, card: PageCard, path: Path) -> None:
    """Render an executed notebook by the project's template: text and results only, code hidden."""
    executed = nbformat.read(notebook, as_version=4)
    config = Config(
        {"TemplateExporter": {"exclude_input": True, "exclude_output_prompt": True, "exclude_input_prompt": True}}
    )
    exporter = HTMLExporter(
        config=config,
        template_name="effschool",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_anchor_links=True,
        embed_images=True,
    )
    html, _ = exporter.from_notebook_node(executed, resources={"card": asdict(card)})
    write_text(html, path)
