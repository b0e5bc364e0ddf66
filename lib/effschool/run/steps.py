"""One step of the run (шаг): a notebook executed by papermill in a process of its own; its files come back as bytes.

Only the run that holds the folder writes under final names, whichever machine did the work: a worker that was given up
for lost and goes on all the same can spoil nothing.
"""

import ast
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from effschool.base.problems import hide_folders, say_error
from effschool.base.scratch import SCRATCH, tell_full_scratch
from effschool.base.storage import write_bytes
from effschool.base.subprocesses import (
    UNLIMITED,
    Limits,
    LostError,
    MemoryLimitError,
    TimeLimitError,
    run_in_subprocess,
)
from effschool.report.page import PageCard
from effschool.report.workspace import list_untouched
from effschool.run.stamps import Step
from effschool.run.work import Product, Work

ATTEMPTS = 2
"""How often a step is tried whose process was killed."""


class UnknownParameterError(ValueError):
    """A notebook was given a parameter that its parameters cell does not have."""


def prepare_work(step: Step, card: PageCard | None = None) -> Work:
    """Everything a worker needs for a step.

    Raises:
        UnknownParameterError: a parameter that the notebook does not know.
    """
    check_parameters(step.notebook, step.parameters)
    folders = {str(path.parent) for path in (*step.inputs, *step.outputs, step.executed, step.notebook)}
    folders |= {str(value) for value in step.parameters.values() if isinstance(value, Path) and not value.suffix}
    return Work(
        source=step.notebook.read_text(encoding="utf-8"),
        parameters={name: str(value) if isinstance(value, Path) else value for name, value in step.parameters.items()},
        shown={name: step.show_value(value) for name, value in step.parameters.items()},
        folder="" if card else str(step.notebook.parent),
        card=card,
        made=name_made(step) if card else {},
        hidden=tuple(sorted(folders, key=len, reverse=True)),
    )


def name_made(step: Step) -> dict[str, str]:
    """Files and folders that a notebook writes itself, beside its page: name by the parameter that names it."""
    paths = {name: path for name, path in step.parameters.items() if isinstance(path, Path)}
    folders = {path.with_suffix("") for path in step.outputs}
    return {name: path.name for name, path in paths.items() if path in step.outputs or path in folders}


def produce(work: Work, limits: Limits = UNLIMITED) -> Product:
    """Do a work in a process of its own; whatever goes wrong is told in the product, since the others must go on."""
    started = time.perf_counter()
    try:
        with tell_full_scratch(), tempfile.TemporaryDirectory(prefix=SCRATCH) as folder:
            return run_in_subprocess(_execute, work, folder, limits=limits, attempts=ATTEMPTS)
    except (LostError, TimeLimitError, MemoryLimitError) as error:
        failure = str(error)
    except Exception as error:
        failure = hide_folders(say_error(error), work.hidden)
    return Product(seconds=time.perf_counter() - started, failure=failure)


def _execute(work: Work, folder: str) -> Product:
    from effschool.run.execution import execute_work  # noqa: PLC0415 -- the run itself must not wait for these imports

    tempfile.tempdir = folder  # this process ends with the work
    return execute_work(work, folder)


def publish(step: Step, product: Product) -> None:
    """Write what came of a step under the final names; of a step that failed, its notebook alone, beside.

    What an earlier run left of a failed step is removed, so that a report of other data is not sent on by mistake.
    """
    if product.failure:
        drop_outdated(step)
        if ".ipynb" in product.files:
            write_bytes(product.files[".ipynb"], step.failed)
        return
    for path in step.outputs:
        if (key := name_key(step, path)) in product.files:
            write_bytes(product.files[key], path)
        if path.suffix == ".html":
            path.with_suffix(".pdf").unlink(missing_ok=True)  # printed from the page before
    write_bytes(product.files[".ipynb"], step.executed)
    step.failed.unlink(missing_ok=True)
    drop_strangers(step)


def name_key(step: Step, path: Path) -> str:
    """What an output is called in a product: a suffix beside the page, «/270001.html» in its folder."""
    return path.suffix if path.parent == step.outputs[0].parent else f"/{path.name}"


def drop_strangers(step: Step) -> None:
    """Remove what an earlier run left of a step and it leaves no longer: pages of schools that are gone."""
    for path in set(list_untouched(step.stamp)) - {*step.outputs, step.executed}:
        path.unlink()


def drop_outdated(step: Step) -> None:
    """Remove what an earlier run left of a step."""
    drop_strangers(step)
    printed = [path.with_suffix(".pdf") for path in step.outputs if path.suffix == ".html"]
    for path in (*step.outputs, *printed, step.executed, step.stamp):
        if path.is_file():
            path.unlink()


def drop_disowned(folder: Path, steps: Sequence[Step]) -> tuple[list[Path], list[Path]]:
    """Remove what earlier runs left in a year's folder of pages that no step makes any longer.

    Returns:
        Pages that are gone, and files that stay: no run left them, or they were changed since.
    """
    gone: list[Path] = []
    for stamp in sorted(set((folder / "stamps").glob("*.json")) - {step.stamp for step in steps}):
        left = list_untouched(stamp)
        for path in left:
            path.unlink()
            if path.suffix == ".html":
                path.with_suffix(".pdf").unlink(missing_ok=True)
        for inner in {path.parent for path in left} - {folder, folder / "notebooks"}:
            if not any(inner.iterdir()):
                inner.rmdir()
        stamp.unlink()
        gone += [path for path in left if path.suffix == ".html" and path.parent == folder]
    own = {path for step in steps for path in (*step.outputs, step.executed, step.failed)}
    own |= {path.with_suffix(".pdf") for path in own}
    found = {path for path in (*folder.glob("[!.]*.*"), *folder.glob("notebooks/*.ipynb")) if path.is_file()}
    return gone, sorted(found - own - {folder / "run.json"})


def check_parameters(notebook: Path, parameters: Mapping[str, object]) -> None:
    """Refuse a parameter that the notebook's parameters cell does not have; papermill would only log it.

    Raises:
        UnknownParameterError: names the parameter and those that the notebook knows.
    """
    known = read_parameters(notebook)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise UnknownParameterError(
            f"Тетрадь «{notebook.name}» не знает параметр «{unknown[0]}». Её параметры: {', '.join(known)}."
        )


def read_parameters(notebook: Path) -> list[str]:
    """Names of a notebook's parameters in the order of its parameters cell."""
    return list(read_cell(notebook))


def read_cell(notebook: Path) -> dict[str, ast.expr]:
    """What a notebook's parameters cell, which holds assignments only, says by name."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", [])]
    statements = [statement for source in sources for statement in ast.parse(source).body]
    return {item.targets[0].id: item.value for item in statements}  # type: ignore[attr-defined]
