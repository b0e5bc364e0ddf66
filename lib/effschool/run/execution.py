"""What a worker does (исполнение): a notebook executed by papermill, its page rendered, all as bytes.

Apart from `steps`, since these imports take seconds that a run with nothing to do need not wait for.
"""

import time
from pathlib import Path

import nbformat
import pandas as pd
import papermill
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from papermill.translators import translate_parameters

from effschool.base.problems import hide_folders, say_system
from effschool.report.letter import pack_parcel, write_letter
from effschool.report.page import render_page
from effschool.run.work import Product, Work

ENGINE = "effschool"
"""Papermill's name of `effschool.run.engine.WarmEngine`."""


def execute_work(work: Work, folder: str) -> Product:
    """Execute the notebook and render its page, in this process, which must end afterwards."""
    started = time.perf_counter()
    if work.card:  # pages look at small frames: there a call of Arrow takes longer than the work itself
        pd.options.mode.string_storage = "python"
    copy, made = Path(folder, "executed.ipynb"), {name: Path(folder, file) for name, file in work.made.items()}
    try:
        notebook = papermill.execute_notebook(
            nbformat.reads(work.source, as_version=4),
            str(copy),
            parameters=dict(work.parameters) | {name: str(path) for name, path in made.items()},
            cwd=work.folder or folder,
            engine_name=ENGINE,
            kernel_name="python3",
            progress_bar=False,
            request_save_on_cell_execute=False,
        )
    except PapermillExecutionError as error:
        files = {".ipynb": write_notebook(nbformat.read(copy, as_version=4), work)}
        message = hide_folders(quote_cell(error), (folder, *work.hidden))
        return Product(files, time.perf_counter() - started, message)
    files = {".ipynb": write_notebook(notebook, work)}
    if work.card:
        files[".html"] = render_page(notebook, work.card).encode()
    for path in made.values():
        inner = {f"/{page.name}": page.read_bytes() for page in sorted(path.glob("*.*"))}
        files |= {path.suffix: path.read_bytes()} if path.is_file() else inner
    if work.card and work.card.letter:
        files[".txt"] = write_letter(work.card, notebook, files).encode()
        files[".zip"] = pack_parcel(Path(work.card.workbook).stem, files)
    return Product(files, time.perf_counter() - started)


def quote_cell(error: PapermillExecutionError) -> str:
    """Message of a notebook that stopped: what it said, in which cell unless the data are the cause."""
    if error.ename in OF_DATA:
        return str(error.evalue)
    lines = [line for line in error.source.splitlines() if line.strip()] or [""]
    name = "" if error.ename in {"ValueError", "StepError"} else f"{error.ename}: "
    return f"{name}{say_system(error.evalue)} Ячейка {error.exec_count}: «{lines[-1].strip()}»."


OF_DATA = {"IncompleteDataError", "MissingDataError", "NoRoomError"}
"""Errors whose message says all that a person needs to mend the data or the disk."""


def write_notebook(notebook: NotebookNode, work: Work) -> bytes:
    """The executed notebook as bytes: without times, folders of this machine and ids drawn at random."""
    for name in ("input_path", "output_path", *TIMES):
        notebook.metadata.papermill.pop(name, None)
    notebook.metadata.papermill["parameters"] = dict(work.shown)
    for number, cell in enumerate(notebook.cells):
        cell.metadata.pop("execution", None)
        for name in TIMES:
            cell.metadata.get("papermill", {}).pop(name, None)
        tags = cell.metadata.get("tags", [])
        if "injected-parameters" in tags:
            cell.source = translate_parameters("python3", "python", dict(work.shown), "Parameters")
        if OWN_TAGS & set(tags):
            cell.id = f"papermill-{number}"
    return (nbformat.v4.writes(notebook) + "\n").encode()  # papermill has validated it


TIMES = ("start_time", "end_time", "duration")
OWN_TAGS = {"injected-parameters", "papermill-error-cell-tag"}
"""Cells that papermill itself puts in, with ids drawn at random."""
