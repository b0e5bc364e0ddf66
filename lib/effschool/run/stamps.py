"""What a step was made from (отметка шага): kept beside its outputs, so that only what has changed is made again.

Everything counts by content: inputs, parameters, the notebook, the library's files, versions of packages, and the parts
of tables that a step reads. The same comparison that finds a step outdated says why.
"""

import hashlib
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path

from effschool.base.notebooks import hash_notebook
from effschool.base.persons import hide_names
from effschool.base.problems import spell_path
from effschool.base.russian import join_words
from effschool.base.storage import hash_file, hash_readable, read_record, write_text
from effschool.report.workspace import Stamp

PACKAGE = Path(__file__).parents[1]
VERSIONED = (
    *("effschool", "ipykernel", "ipython", "jinja2", "matplotlib", "nbconvert", "numpy", "openpyxl", "pandas"),
    *("papermill", "pyarrow", "python-docx", "scipy", "seaborn"),
)
"""Packages whose versions a step depends on and `run.json` names, besides Python."""
NEVER_MADE = "прежнего результата нет"


@dataclass(frozen=True)
class Step:
    """A notebook with its parameters, what it reads and what it leaves.

    Args:
        notebook: the notebook as it is in the project.
        executed: where its executed copy goes.
        parameters: values for its parameters cell; a path is shown relative to the notebook's folder.
        inputs: files whose content it depends on.
        outputs: files it leaves, besides the executed copy.
        stamp: file that remembers what the outputs were made from.
        depends: digests of what else it depends on, by what a person calls it in the plural.
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

    @property
    def failed(self) -> Path:
        """Where the executed copy goes if the notebook stops."""
        return self.executed.with_suffix(".failed.ipynb")

    def show_value(self, value: object) -> object:
        """A parameter as the notebook shows it: paths relative to the notebook's folder, none of this machine's."""
        if isinstance(value, Path):
            return spell_path(Path(os.path.relpath(value, self.notebook.parent)).as_posix())
        return value


Causes = Mapping[str, Mapping[str, str]]


def list_causes(step: Step) -> Causes:
    """Everything the outputs depend on: digests or values by name, in kinds that `KINDS` knows."""
    return {
        "notebook": {step.notebook.name: hash_notebook(step.notebook)},
        "inputs": _hash_inputs(step),
        "depends": dict(step.depends),
        "parameters": {name: str(step.show_value(value)) for name, value in step.parameters.items()},
        "library": hash_library(),
        "versions": read_versions(),
    }


def _hash_inputs(step: Step) -> dict[str, str]:
    """Digests of the inputs by name, without names of people; of files that then have one name, all digests."""
    digests: dict[str, str] = {}
    for path in sorted(step.inputs):
        name = hide_names(str(step.show_value(path)))
        digests[name] = digests.get(name, "") + hash_readable(path)
    return digests


@cache
def hash_library() -> dict[str, str]:
    """Digests of the library's code, templates and data by file."""
    paths = sorted(path for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {path.relative_to(PACKAGE).as_posix(): hash_file(path)[:16] for path in paths}


@cache
def read_versions() -> dict[str, str]:
    """Versions of Python and of the packages that results may depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in VERSIONED}


KINDS = {
    "notebook": "изменилась тетрадь",
    "inputs": "изменились файлы",
    "depends": "изменились",
    "parameters": "изменились параметры",
    "library": "изменился код",
    "versions": "изменились версии",
}


def explain_redo(step: Step, now: Causes | None = None) -> str:
    """Why the step has to be done, in words; empty if its outputs are there and a run would make them the same.

    Args:
        now: `list_causes` of the step, where they are known already.
    """
    stamp = read_record(Stamp, step.stamp)
    if stamp is None:
        return NEVER_MADE
    known, now = stamp.causes, now or list_causes(step)
    reasons = [f"{text}: {name_changes(kind, known.get(kind, {}), now[kind])}" for kind, text in KINDS.items()
               if known.get(kind) != now[kind]]  # fmt: skip
    return "; ".join(reasons) or _find_lost(step, stamp.outputs)


READ = ("notebook", "inputs")
"""Kinds of causes that are read while a step is done, so that they can change under it."""
MOST_NAMED = 3


def name_changes(kind: str, known: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What of one kind of causes is not as it was, the first few by name; "" where all is."""
    changed = sorted(name for name in {*known, *now} if known.get(name) != now.get(name))
    with_values = kind in {"parameters", "versions"}
    values = {name: f" ({known.get(name, 'нет')} → {now.get(name, 'нет')})" if with_values else "" for name in changed}
    return name_some([Path(name).name + value for name, value in values.items()])


def name_files(paths: Sequence[Path]) -> str:
    """The first few of some files by name, and how many more."""
    return name_some([path.name for path in paths])


def name_some(names: Sequence[str]) -> str:
    """The first few of some names, and how many more."""
    rest = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + f" и ещё {rest}" if rest > 0 else join_words(names)


def _find_lost(step: Step, outputs: Mapping[str, str]) -> str:
    """Which output is not as the run left it."""
    for path in _left_behind(step):
        if not path.is_file():
            return f"нет файла {path.name}"
        if hash_file(path) != outputs.get(_name_output(step, path)):
            return f"файл {path.name} изменён не прогоном"
    return ""


def _left_behind(step: Step) -> list[Path]:
    return [*step.outputs, step.executed]


def _name_output(step: Step, path: Path) -> str:
    """A file as seen from the stamp's folder: no two files of a step have the same name."""
    return Path(os.path.relpath(path, step.stamp.parent)).as_posix()


def drop_stamp(step: Step) -> None:
    """Say that a step is begun: its outputs are vouched for again when it has ended well (`refuse_unfinished`)."""
    step.stamp.parent.mkdir(parents=True, exist_ok=True)
    step.stamp.unlink(missing_ok=True)


def write_stamp(step: Step, causes: Causes | None = None) -> None:
    """Remember what the outputs were made from.

    Args:
        causes: `list_causes` of the step before it was done; what has changed since was not used.

    Raises:
        FileNotFoundError: the notebook did not leave a file that it should leave.
    """
    outputs = {_name_output(step, path): hash_file(path) for path in _left_behind(step)}
    content = {"causes": causes or list_causes(step), "outputs": outputs}
    write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", step.stamp)


def digest(value: object) -> str:
    """Digest of anything that JSON can say."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:16]
