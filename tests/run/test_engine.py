"""The engine beside papermill's own: the same notebooks, cell by cell, and nothing that leaks."""

from contextlib import suppress
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from papermill.engines import papermill_engines
from papermill.exceptions import PapermillExecutionError

from effschool.report.workspace import STAGES
from effschool.run.engine import ENGINE, WarmEngine
from effschool.run.plan import NOTEBOOKS

TIMES = ("start_time", "end_time", "duration")


def execute(notebook, path, engine, **parameters):
    """Execute and give the notebook as it was saved, without times and without ids drawn at random."""
    options = {"progress_bar": False, "cwd": str(path.parent), "kernel_name": "python3", "engine_name": engine}
    with suppress(PapermillExecutionError):
        papermill.execute_notebook(notebook, str(path), parameters=parameters, **options)
    saved = nbformat.read(path, as_version=4)
    for cell in saved.cells:
        cell.metadata.pop("execution", None)
        for name in TIMES:
            cell.metadata.get("papermill", {}).pop(name, None)
        if {"injected-parameters", "papermill-error-cell-tag"} & set(cell.metadata.get("tags", [])):
            cell.id = "random"
    for name in (*TIMES, "output_path", "parameters"):
        saved.metadata.papermill.pop(name, None)
    return saved


def join_streams(notebook):
    """A kernel may send one print in pieces."""
    for cell in notebook.cells:
        joined = []
        for output in cell.get("outputs", []):
            last = joined[-1] if joined else None
            if last and output.output_type == last.output_type == "stream" and last.name == output.name:
                last.text += output.text
            else:
                joined.append(output)
        if "outputs" in cell:
            cell.outputs = joined
    return notebook


def make_notebook(*sources, tags=()):
    cells = [new_code_cell(source, id=f"c{n}", metadata={"tags": list(tags)}) for n, source in enumerate(sources)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}}
    return new_notebook(cells=[new_markdown_cell("# А", id="m"), *cells], metadata=kernel)


def run_cells(path, *sources, tags=()):
    return execute(make_notebook(*sources, tags=tags), path, ENGINE)


def test_engine_is_found_by_its_entry_point():
    assert papermill_engines.get_engine("effschool") is WarmEngine


KINDS = [
    "from IPython.display import HTML, display, clear_output, update_display\ndisplay(HTML('<b>а</b>'), 'б')",
    "import pandas as pd\nHTML(pd.DataFrame({'а': [1]}).style.set_uuid('т').to_html())",
    "pd.DataFrame({'а': [1.5, None]})",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
    "fig = plt.figure(figsize=(1, 1))\nprint('перед рисунком')",
    "display('первое', display_id='x')\ndisplay('ещё')",
    "update_display('второе', display_id='x')",
    "display('прочь')\nclear_output()\ndisplay('осталось')",
    "display('прочь')\nclear_output(wait=True)\ndisplay('осталось')",
    "import sys\nprint('а'); print('б', file=sys.stderr)",
    "1 + 1;",
    "",
    "_ + 1 if False else len(Out)",
    "await __import__('asyncio').sleep(0)\n'дождались'",
    "__name__, get_ipython().user_ns is globals()",
    "get_ipython().__class__.__mro__[-5:] and plt.get_backend()",
    "def fail(x):\n    return 1 / x\nfail(0)",
    "'не дошло'",
]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """A notebook of every kind of output by both engines."""
    folder = tmp_path_factory.mktemp("kinds")
    made = [execute(make_notebook(*KINDS), folder / f"{engine}.ipynb", engine) for engine in (None, ENGINE)]
    return [join_streams(notebook) for notebook in made]


def test_every_kind_of_output_is_that_of_a_kernel(both):
    plain, warm = both
    assert len(plain.cells) == len(warm.cells)
    for theirs, ours in zip(plain.cells, warm.cells, strict=True):
        assert ours == theirs


def test_metadata_are_those_of_papermill(both):
    plain, warm = both
    assert warm.metadata == plain.metadata
    statuses = {cell.metadata.papermill.status for cell in warm.cells if "papermill" in cell.metadata}
    assert statuses == {"completed", "failed", "pending"}


def test_error_has_its_anchor_and_its_traceback(both):
    _, warm = both
    places = [n for n, cell in enumerate(warm.cells) if "papermill-error-cell-tag" in cell.metadata.get("tags", [])]
    error = warm.cells[places[1] + 1].outputs[-1]
    assert places[0] == 0
    assert (error.ename, error.evalue) == ("ZeroDivisionError", "division by zero")
    assert "fail" in "".join(error.traceback)


def test_cell_may_raise_where_it_says_so(tmp_path):
    cells = run_cells(tmp_path / "n.ipynb", "1 / 0", "2", tags=["raises-exception"]).cells
    assert cells[-1].outputs[0].data["text/plain"] == "2"


LEAKS = """
import os, random, sys, warnings
import matplotlib as mpl, matplotlib.pyplot as plt, numpy as np, pandas as pd, seaborn as sns
import effschool.report.charts as charts
state = {
    "variable": "leaked" in globals(),
    "rcParams": mpl.rcParams["font.size"],
    "module": charts.WORSE,
    "numpy": np.random.random(),
    "figures": plt.get_fignums(),
    "warnings": len(warnings.filters),
    "folder": os.path.basename(os.getcwd()),
    "environment": os.environ.get("LEAKED"),
    "pandas": pd.get_option("display.max_rows"),
    "path": "leaked" in sys.path,
    "loaded": "colorsys_leaked" in sys.modules,
    "builtin": hasattr(__builtins__, "leaked"),
}
"""
SPOIL = """
import builtins
leaked = builtins.leaked = 1
mpl.rcParams["font.size"] = 77
charts.WORSE = "black"
np.random.seed(1); random.seed(1)
keep = plt.figure()
warnings.simplefilter("ignore")
os.mkdir("other"); os.chdir("other")
os.environ["LEAKED"] = "1"
pd.set_option("display.max_rows", 7)
sys.path.append("leaked")
sys.modules["colorsys_leaked"] = os
sns.set_theme()
"""


def test_nothing_leaks_from_one_notebook_to_the_next(tmp_path):
    spoiling = f"{LEAKS}\n{SPOIL}\nprint(sorted(state.items()))"
    shown = [
        run_cells(tmp_path / f"{n}.ipynb", source).cells[-1].outputs[0].text
        for n, source in enumerate(
            [LEAKS + "\nprint(sorted(state.items()))", spoiling, spoiling.replace("other", "o2")]
        )
    ]
    assert "'variable', False" in shown[0]
    assert shown[0] == shown[1] == shown[2]


@pytest.fixture(scope="module")
def stages(root, demo_raw, tmp_path_factory):
    """Parameters of all notebooks for the tiny region, by engine."""
    made = {}
    for engine in (None, ENGINE):
        folder = tmp_path_factory.mktemp("run") / "stages"  # pages name it
        folder.mkdir()
        common = {"processed": str(folder)}
        parameters = {
            "01_ingest": {
                "raw": str(demo_raw),
                "layouts": str(root / "layouts"),
                "thresholds": str(root / "methodologies" / "thresholds.yml"),
                "region": str(demo_raw / "region.yml"),
            },
            "02_identify": {
                "methodology": str(root / "methodologies" / "khabarovsk-2020.yml"),
                "layouts": str(root / "layouts"),
            },
            "03_dynamics": {"works": str(root / "methodologies" / "tasks")},
            "03_support": {
                "targets": str(root / "methodologies" / "targets"),
                "projects": str(root / "methodologies" / "projects.yml"),
                "forms": str(root / "forms"),
            },
        }
        parameters |= {name: {"workbook": str(folder / "b.xlsx")} for name in NOTEBOOKS[len(STAGES) :]}
        beside = {"note": ".docx", "facts": ".json"}
        parameters["04_portfolio"] |= {name: str(folder / f"b{suffix}") for name, suffix in beside.items()}
        parameters["07_public"]["rows"] = str(folder / "b.csv")
        parameters |= {
            name: parameters[name] | {"comments": str(root / "comments" / "schools.yml")}
            for name in ("04_portfolio", "05_region")
        }
        parameters["04_portfolio"] |= {
            "drafts": str(root / "programmes" / "school.yml"),
            "questions": str(root / "forms" / "context.yml"),
        }
        parameters["05_region"] |= {
            "projects": str(root / "methodologies" / "projects.yml"),
            "note": str(folder / "region.docx"),
        }
        for name in NOTEBOOKS:
            notebook = str(root / "notebooks" / f"{name}.ipynb")
            made[engine, name] = execute(
                notebook, folder / f"{name}.ipynb", engine, **common, **parameters.get(name, {})
            )
        made[engine, "folder"] = folder
    return made


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_of_the_run_are_those_of_a_kernel(stages, name):
    plain, warm = stages[None, name], stages[ENGINE, name]
    folders = [str(stages[engine, "folder"]) for engine in (None, ENGINE)]
    assert len(plain.cells) > 5
    for theirs, ours in zip(plain.cells, warm.cells, strict=True):
        theirs.source, ours.source = (c.source.replace(f, "") for c, f in zip((theirs, ours), folders, strict=True))
        assert ours == theirs
        assert "error" not in {output.output_type for output in ours.get("outputs", [])}
    assert warm.metadata == plain.metadata


def test_tables_of_the_run_are_those_of_a_kernel(stages):
    folders = [Path(stages[engine, "folder"]) for engine in (None, ENGINE)]
    names = [path.relative_to(folders[0]) for path in folders[0].rglob("*.parquet")]
    assert len(names) > 10
    assert [name for name in names if (folders[0] / name).read_bytes() != (folders[1] / name).read_bytes()] == []
