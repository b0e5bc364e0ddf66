"""The run file (файл прогона): `run.yml` beside the data says once for all what the yearly run is made with.

The command line goes before it, and it before the defaults below. A parameters cell of a notebook is for exploring: the
run gives every notebook its values from here, and names a cell that says something else.
"""

import ast
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from effschool.base.configuration import Frozen, Whole, Words, read_rules
from effschool.base.storage import write_text
from effschool.method.methodology import CertificateTotal, Orientation
from effschool.run.steps import read_cell

RUN_FILE = "run.yml"


class RunFile(Frozen):
    """What a run is made with: where nothing is said, the methodology decides, or all that there is is taken.

    Args:
        methodology: name in the folder of methodologies, or a path to a file from the folder of the run file.
        year: the report's year; the last year of the data if nothing is said.
        orientation, social_rule, groups, certificate_total: readings of the methodology.
        draws: how often pupils are drawn anew.
        allow_missing: without which data lists may be made.
        explain_school, compare: what the notebook of identification shows beside the lists.
        programme_files, as_of, soon_days: targets and roadmaps of programmes, as the notebook of support has them.
        month: month that the region's note is of.
    """

    methodology: Words = "khabarovsk-2020"
    year: Annotated[int, Field(ge=1990, le=2100)] | None = None
    orientation: Orientation | None = None
    social_rule: Words | None = None
    groups: Words | None = None
    certificate_total: CertificateTotal | None = None
    draws: Whole | None = None
    allow_missing: str = ""
    explain_school: Words | None = None
    compare: tuple[Words, ...] = (
        "khabarovsk-2020-literal",
        "khabarovsk-2020-last2",
        "khabarovsk-2020-two-groups",
        "khabarovsk-2020-participants",
        "khabarovsk-2020-no-vpr",
    )
    programme_files: Words | None = None
    as_of: Words | None = None
    soon_days: Whole = 30
    month: Words | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """Values for the parameters cells of notebooks, by name."""
        return self.model_dump(mode="json", exclude={"methodology", "year"})

    @property
    def said(self) -> dict[str, object]:
        """Those of the parameters that the file itself says."""
        return {name: value for name, value in self.parameters.items() if name in self.model_fields_set}


DEFAULTS = RunFile()
BY_HAND = {"allow_missing": "все"}
"""What cells say for who explores, where the run says otherwise."""


def read_run_file(folder: Path) -> RunFile:
    """The run file of a folder of data; defaults where there is none or nothing is said in it.

    Raises:
        ConfigurationError: it is not YAML, or a key or value is wrong; each is named with its line.
    """
    path = folder / RUN_FILE
    said = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return read_rules(RunFile, path, "прогона") if re.sub(r"#.*", "", said).strip() else DEFAULTS


def list_overruled(file: RunFile, given: Mapping[str, object]) -> list[str]:
    """A sentence for every value of the run file that the command line puts another one over."""
    own = file.model_dump(mode="json", exclude_unset=True)
    return [
        f"{name}: в команде {_write(given[name])}, в файле {RUN_FILE} {_write(own[name])}. Взято из команды."
        for name in sorted(own.keys() & given.keys())
        if own[name] != given[name]
    ]


def list_edited(notebook: Path, run: Mapping[str, object]) -> list[str]:
    """A sentence for every value of a parameters cell that was changed by hand and that this run does not take.

    Args:
        run: what the run gives to notebooks by name; what is not among it is as the cell says.
    """
    shipped = {**DEFAULTS.parameters, "explain_year": None, "year": None, **BY_HAND}
    shipped["methodology"] = f"../methodologies/{DEFAULTS.methodology}.yml"
    return [
        f"В ячейке параметров тетради {notebook.stem} {name} = {_write(value)}, прогон берёт {_write(run[name])}: "
        f"ячейка — для проб. Чтобы изменить прогон, впишите «{name}» в файл {RUN_FILE} рядом с исходными данными."
        for name, value in ((name, _evaluate(said)) for name, said in read_cell(notebook).items())
        if name in run and name in shipped and value not in (shipped[name], run[name])
    ]


def _evaluate(said: ast.expr) -> object:
    """A plain value; anything else as it is written."""
    try:
        return ast.literal_eval(said)
    except ValueError:
        return ast.unparse(said)


def record_parameters(folder: Path, chosen: Mapping[str, object]) -> RunFile:
    """Write values into the run file of a folder; its other lines and comments stay as they are.

    Raises:
        ConfigurationError: the file would not be one; then it stays as it was.
    """
    path = folder / RUN_FILE
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    lines = (before or "").splitlines()
    for name, value in chosen.items():
        line, places = f"{name}: {_dump(value)}", [i for i, text in enumerate(lines) if text.startswith(f"{name}:")]
        lines[slice(*(places[0], places[0] + 1) if places else (len(lines), None))] = [line]
    write_text("\n".join(lines) + "\n", path)
    try:
        return read_run_file(folder)
    except ValueError:
        path.unlink() if before is None else write_text(before, path)
        raise


def _dump(value: object) -> str:
    """A value as YAML takes it on one line: JSON is YAML, and text in quotes stays text."""
    return json.dumps(value, ensure_ascii=False)


def _write(value: object) -> str:
    return "не задано" if value in (None, "") else f"«{value}»"
