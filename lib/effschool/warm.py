"""The warm parent (тёплый процесс): imported once by the fork server, so that every report starts with all this done.

The fork server can only import, so the work is done on import, against the custom of this library. Nothing else imports
this module.
"""

import gc
import os

os.environ.setdefault(
    "MPLBACKEND", "module://matplotlib_inline.backend_inline"
)  # as a kernel sets it; before matplotlib

import papermill  # before the engine, which papermill loads itself

from effschool import engine, lab, page, panels, protocol, region_sections, run, sections, structure, workbook
from effschool.charts import draw_lines
from effschool.display import Chart, Table

USED = (papermill, engine, lab, page, panels, protocol, region_sections, run, sections, structure, workbook)


def fill_caches() -> str:
    """Do once what every report would do again: find fonts, compile templates. Gives the page, which nobody needs."""
    import nbformat  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415

    values = pd.DataFrame({"а": [1.0, 2.0]}, index=[2022, 2023])
    chart = Chart("а", "а", "а", draw_lines(values, "а"), Table("а", "а", values.reset_index()))
    shown = nbformat.v4.new_output("display_data", data={"text/html": chart._repr_html_()})
    cells = [nbformat.v4.new_markdown_cell("# а"), nbformat.v4.new_code_cell("а", outputs=[shown])]
    return page.render_page(nbformat.v4.new_notebook(cells=cells), page.PageCard("а", "а", demonstration=False))


fill_caches()
gc.collect()
gc.freeze()  # a collection in a child would touch, and so copy, every page
