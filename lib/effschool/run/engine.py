"""A papermill engine (исполнитель тетрадей) without a kernel: cells run in a process forked from a warm parent.

Registered as «effschool» by an entry point, so import papermill before this module: papermill loads its engines while
it is imported. What is left in the notebook is what a kernel and nbclient would leave: outputs, execution counts and
errors. Widgets are not kept: nobody is there to use them.
"""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import papermill
from ipykernel.compiler import XCachingCompiler
from ipykernel.ipkernel import IPythonKernel
from ipykernel.jsonutil import encode_images, json_clean
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from nbformat import NotebookNode
from nbformat.v4 import output_from_msg
from papermill.engines import Engine, NotebookExecutionManager
from traitlets import Any, Type
from traitlets.config import Config

from effschool.base.subprocesses import Limits, is_subprocess, run_in_subprocess

ENGINE = "effschool"
assert papermill  # imported first, see above


class WarmEngine(Engine):
    """Executes the cells here if this process is there for one call, otherwise in a process of its own."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        execution_timeout: float | None = None,
        memory: int | None = None,
        **_: object,
    ) -> None:
        """Execute all cells up to the first that fails.

        Raises:
            effschool.base.subprocesses.LostError, TimeLimitError, MemoryLimitError: the process did not come to an end.
        """
        if is_subprocess():
            execute_cells(nb_man)
        else:
            limits = Limits(execution_timeout, memory)
            nb_man.nb = run_in_subprocess(execute_notebook, nb_man.nb, str(Path.cwd()), limits=limits)


def execute_notebook(notebook: NotebookNode, folder: str) -> NotebookNode:
    """Execute a notebook in a folder, in this process, which must end afterwards."""
    os.chdir(folder)
    manager = NotebookExecutionManager(notebook, progress_bar=False)
    execute_cells(manager)
    return manager.nb


def execute_cells(manager: NotebookExecutionManager) -> None:
    """Execute cells one after another and note beside each what papermill notes."""
    recorder = Recorder()
    shell = start_shell(recorder)
    for index, cell in enumerate(manager.nb.cells):
        manager.cell_start(cell, index)
        failed = False
        if cell.cell_type == "code" and cell.source.strip():
            failed = not execute_cell(shell, recorder, cell)
        if failed:
            manager.cell_exception(cell, cell_index=index)
        manager.cell_complete(cell, cell_index=index)
        if failed:
            break
    manager.nb.metadata["language_info"] = dict(IPythonKernel.language_info)


def execute_cell(shell: "CellShell", recorder: "Recorder", cell: NotebookNode) -> bool:
    """Execute one cell; whether the notebook may go on."""
    cell.outputs = recorder.outputs = []
    cell.execution_count = shell.execution_count
    with recorder.catch_streams():
        done = shell.run_cell(cell.source, store_history=True, cell_id=cell.get("id")).success
    failed = any(output.output_type == "error" for output in cell.outputs)
    return (done and not failed) or "raises-exception" in cell.metadata.get("tags", [])


class Recorder:
    """Outputs of the cell under work, in the order in which they come."""

    def __init__(self) -> None:
        self.outputs: list[NotebookNode] = []
        self.shown: dict[str, list[NotebookNode]] = {}
        self.clear_before_next = False

    def add(self, kind: str, **content: object) -> None:
        """Add an output as a kernel's message of this kind would."""
        if self.clear_before_next:
            self.clear()
        output = make_output(kind, content)
        self.outputs.append(output)
        name = (content.get("transient") or {}).get("display_id")  # type: ignore[attr-defined]
        if name:
            self.shown.setdefault(name, []).append(output)

    def update(self, name: str | None, data: dict, metadata: dict) -> None:
        """Replace what was shown under a name, in whichever cell."""
        for output in self.shown.get(name or "", []):
            output.update(make_output("display_data", {"data": data, "metadata": metadata}))

    def write(self, stream: str, text: str) -> None:
        """Add text of a stream to its output just before, or as a new one."""
        last = self.outputs[-1] if self.outputs and not self.clear_before_next else None
        if last is not None and last.output_type == "stream" and last.name == stream:
            last.text += text
        else:
            self.add("stream", name=stream, text=text)

    def clear(self, wait: bool = False) -> None:
        """Drop the cell's outputs, now or when the next one comes."""
        self.clear_before_next = wait
        if not wait:
            self.outputs.clear()

    @contextmanager
    def catch_streams(self) -> Iterator[None]:
        """Take what is printed meanwhile."""
        with redirect_stdout(Stream(self, "stdout")), redirect_stderr(Stream(self, "stderr")):
            yield


def make_output(kind: str, content: dict[str, object]) -> NotebookNode:
    """An output as the notebook format has it, from what a kernel would send."""
    return output_from_msg({"header": {"msg_type": kind}, "content": json_clean(content)})


class Stream(io.TextIOBase):
    """Standard output or error of a cell."""

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.recorder, self.stream = recorder, name

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, text: str) -> int:
        """Record the text."""
        if text:
            self.recorder.write(self.stream, text)
        return len(text)


class CellPublisher(DisplayPublisher):
    """Records what `display` shows."""

    recorder = Any()

    def publish(self, data, metadata=None, *, transient=None, update=False, **_) -> None:  # type: ignore[no-untyped-def, override]
        """Record a bundle of representations, or change one that is there."""
        content = {"data": encode_images(data), "metadata": metadata or {}}
        if update:
            self.recorder.update((transient or {}).get("display_id"), **json_clean(content))
        else:
            self.recorder.add("display_data", **content, transient=transient or {})

    def clear_output(self, wait: bool = False) -> None:
        """Drop what the cell has shown."""
        self.recorder.clear(wait)


class CellHook(DisplayHook):
    """Records the value of a cell's last line."""

    recorder = Any()

    def write_output_prompt(self) -> None:
        """The count stands in the output."""

    def write_format_data(self, format_dict, md_dict=None) -> None:  # type: ignore[no-untyped-def]
        """Record the value."""
        content = {"data": encode_images(format_dict), "metadata": md_dict or {}}
        self.recorder.add("execute_result", execution_count=self.prompt_count, **content)

    def finish_displayhook(self) -> None:
        """Nothing is printed, so no line has to end."""


class CellShell(ZMQInteractiveShell):
    """IPython as a kernel has it, with a recorder in place of sockets."""

    recorder = Any()
    compiler_class = Type(XCachingCompiler)  # a kernel's names of cells: tracebacks are laid out by them
    displayhook_class = Type(CellHook)  # type: ignore[assignment]
    display_pub_class = Type(CellPublisher)  # type: ignore[assignment]

    def init_displayhook(self) -> None:
        """Tell the hook where to record."""
        super().init_displayhook()
        self.displayhook.recorder = self.recorder

    def init_display_pub(self) -> None:
        """Tell the publisher where to record."""
        super().init_display_pub()
        self.display_pub.recorder = self.recorder

    def _showtraceback(self, etype, evalue, stb) -> None:  # type: ignore[no-untyped-def]
        self.recorder.add("error", ename=etype.__name__, evalue=str(evalue), traceback=stb)
        self._last_traceback = stb


def start_shell(recorder: Recorder) -> CellShell:
    """A shell with a clean namespace, without history on disk and without the user's own start-up files."""
    shell = CellShell.instance(recorder=recorder, config=Config({"HistoryManager": {"enabled": False}}))
    if "matplotlib_inline.backend_inline" in sys.modules:  # imported before there was a shell, in the warm parent
        sys.modules["matplotlib_inline.backend_inline"]._enable_matplotlib_integration()
    if "pandas" in sys.modules:  # imported before there was a shell, it takes this for a terminal
        sys.modules["pandas"].set_option("display.max_columns", COLUMNS)
    return shell


COLUMNS = 20
"""Columns of a frame as text that pandas shows in a kernel."""
