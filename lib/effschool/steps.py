"""One step of the run (шаг): a notebook executed by papermill, skipped when nothing it depends on has changed."""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from effschool.storage import hash_file, write_text

PACKAGE = Path(__file__).parent
VERSIONED = ("effschool", "pandas", "numpy", "matplotlib", "seaborn", "papermill", "nbconvert", "openpyxl", "pyarrow")
"""Packages whose versions a step depends on and `run.json` names."""


class UnknownParameterError(ValueError):
    """A notebook was given a parameter that its parameters cell does not have."""


class StepError(RuntimeError):
    """A notebook stopped; the message is the notebook's own, `notebook` the executed copy kept for looking at it."""

    def __init__(self, message: str, notebook: Path) -> None:
        super().__init__(message)
        self.notebook = notebook

    def __reduce__(self) -> tuple[type, tuple[str, Path]]:
        return type(self), (str(self), self.notebook)


@dataclass(frozen=True)
class Step:
    """A notebook with its parameters, what it reads and what it leaves.

    Args:
        notebook: the notebook as it is in the project.
        executed: where its executed copy goes.
        parameters: values for its parameters cell; a path is given relative to the notebook's folder.
        inputs: files whose content it depends on.
        outputs: files it leaves, besides the executed copy.
        stamp: file that remembers what the outputs were made from.
    """

    notebook: Path
    executed: Path
    parameters: Mapping[str, object]
    inputs: Sequence[Path]
    outputs: Sequence[Path]
    stamp: Path
    depends: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the executed copy, unique in a run."""
        return self.executed.stem


def compute_fingerprint(step: Step) -> str:
    """Digest of everything the outputs depend on: inputs, parameters, code, notebook, versions."""
    known = {
        "inputs": {_say_value(step, path): hash_file(path) for path in sorted(step.inputs)},
        "parameters": {name: str(value) for name, value in step.parameters.items()},
        "notebook": hash_file(step.notebook),
        "library": hash_library(),
        "versions": read_versions(),
        "depends": dict(step.depends),
    }
    return hashlib.sha256(json.dumps(known, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@cache
def hash_library() -> str:
    """Digest of the library's code, templates and data."""
    paths = sorted(path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digests = [f"{path.relative_to(PACKAGE).as_posix()} {hash_file(path)}" for path in paths]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


@cache
def read_versions() -> dict[str, str]:
    """Versions of the packages that results may depend on."""
    return {name: version(name) for name in VERSIONED}


def is_up_to_date(step: Step) -> bool:
    """Whether the outputs are there, unchanged, and were made from exactly what a run would take now."""
    if not step.stamp.is_file():
        return False
    stamp = json.loads(step.stamp.read_text(encoding="utf-8"))
    if stamp["fingerprint"] != compute_fingerprint(step):
        return False
    return all(path.is_file() and hash_file(path) == stamp["outputs"].get(path.name) for path in _left_behind(step))


def _left_behind(step: Step) -> list[Path]:
    return [*step.outputs, step.executed]


def write_stamp(step: Step) -> None:
    """Remember what the outputs were made from.

    Raises:
        FileNotFoundError: the notebook did not leave a file that it should leave.
    """
    outputs = {path.name: hash_file(path) for path in _left_behind(step)}
    content = {"fingerprint": compute_fingerprint(step), "outputs": outputs}
    write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", step.stamp)


def execute_step(step: Step) -> float:
    """Execute the notebook and return the seconds it took; nothing half-written is left under its final name.

    Raises:
        UnknownParameterError: a parameter that the notebook does not know.
        StepError: the notebook stopped; its executed copy is kept beside, named «….failed.ipynb».
    """
    check_parameters(step.notebook, step.parameters)
    started = time.perf_counter()
    failed = step.executed.with_suffix(".failed.ipynb")
    step.executed.parent.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="effschool-") as sockets:
            papermill.execute_notebook(
                str(step.notebook),
                str(failed),
                parameters={name: _say_value(step, value) for name, value in step.parameters.items()},
                cwd=str(step.notebook.parent),
                kernel_name="python3",
                progress_bar=False,
                config=choose_transport(Path(sockets)),
                extra_arguments=["--log-level=CRITICAL"],  # its chatter is not for methodologists
            )
    except PapermillExecutionError as error:
        raise StepError(_hide_folders(step, str(error.evalue)), failed) from None
    _drop_paths(failed)
    failed.replace(step.executed)
    return time.perf_counter() - started


def _hide_folders(step: Step, text: str) -> str:
    """The notebook's message without the folders of this machine: the region's page shows it."""
    folders = {str(path.parent) for path in (*step.inputs, *step.outputs, step.executed, step.notebook)}
    for folder in sorted(folders, key=len, reverse=True):
        text = text.replace(folder + os.sep, "")
    return text


def _drop_paths(executed: Path) -> None:
    """Take out what papermill notes of this machine; the notebook stands beside reports that are sent on."""
    content = nbformat.read(executed, as_version=4)
    for name in ("input_path", "output_path"):
        content.metadata.papermill.pop(name, None)
    write_text(nbformat.writes(content) + "\n", executed)


def choose_transport(folder: Path) -> Config:
    """How to talk to the kernel: by sockets in a folder of its own where the system has them.

    TCP ports collide when many kernels start at once; sockets in a common folder would as well.
    """
    if os.name != "posix":
        return Config()
    return Config({"KernelManager": {"transport": "ipc", "ip": str(folder / "kernel")}})


def _say_value(step: Step, value: object) -> object:
    if isinstance(value, Path):
        return Path(os.path.relpath(value, step.notebook.parent)).as_posix()
    return value


def check_parameters(notebook: Path, parameters: Mapping[str, object]) -> None:
    """Refuse a parameter that the notebook's parameters cell does not have; papermill would only log it.

    Raises:
        UnknownParameterError: names the parameter and those that the notebook knows.
    """
    known = list_parameters(notebook)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise UnknownParameterError(
            f"Тетрадь «{notebook.name}» не знает параметр «{unknown[0]}». Её параметры: {', '.join(known)}."
        )


def list_parameters(notebook: Path) -> list[str]:
    """Names of a notebook's parameters in the order of its parameters cell."""
    return list(papermill.inspect_notebook(str(notebook)))
