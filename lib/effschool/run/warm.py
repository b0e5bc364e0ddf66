"""The warm parent (тёплый процесс): imported once by the fork server, so that every report starts with all this done.

The fork server can only import, so the work is done on import, against the custom of this library. Nothing else imports
this module.
"""

import gc
import io
import os
import sys

# jsonschema builds a grammar of internet addresses when it is imported, which takes a second; notebooks have none.
if "rfc3987_syntax" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]

# Before numpy and matplotlib are imported. A report has one core: threads of a library would stand in its way, and sum
# in another order, with other last digits, where there are more cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a kernel sets it

import papermill  # before the engine, which papermill loads itself
from IPython.core import application, completerlib  # imported late by a shell

from effschool.report import display, letter, page
from effschool.report.charts import draw_lines
from effschool.report.display import Chart, Table
from effschool.report.pictures import draw_png
from effschool.run import engine, notebook, year

USED = (papermill, application, completerlib, engine, letter, notebook, year)


def fill_caches() -> str:
    """Do once what every report would do again: find fonts, compile templates, import what libraries import late.

    Gives the page, which nobody needs.
    """
    import nbformat  # noqa: PLC0415
    import pandas as pd  # noqa: PLC0415
    from pandera.pandas import DataFrameSchema  # noqa: PLC0415

    values = pd.DataFrame({"а": [1.0, 2.0]}, index=[2022, 2023])
    pd.read_parquet(io.BytesIO(DataFrameSchema().validate(values).to_parquet()))
    chart = Chart("а", "а", "а", draw_lines(values, "а"), Table("а", "а", values.reset_index()))
    draw_png(chart.figure)
    display.compile_templates()
    shown = nbformat.v4.new_output("display_data", data={"text/html": chart._repr_html_()})
    cells = [nbformat.v4.new_markdown_cell("# а"), nbformat.v4.new_code_cell("а", outputs=[shown])]
    return page.render_page(nbformat.v4.new_notebook(cells=cells), page.PageCard("а", "а", demonstration=False))


fill_caches()
sys.modules.pop("rfc3987_syntax")
gc.collect()
gc.freeze()  # a collection in a child would touch, and so copy, every page
gc.set_threshold(50_000, 20, 100)  # a child lives for seconds: it need not look for rubbish every few hundred objects
