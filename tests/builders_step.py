"""A tiny step: a notebook with a parameters cell, and files around it."""

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from effschool.run.stamps import Step, write_stamp


def write_notebook(path, *sources):
    path.parent.mkdir(parents=True, exist_ok=True)
    parameters = new_code_cell('folder = "."  # папка\nnumber = 1', metadata={"tags": ["parameters"]})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[parameters, *map(new_code_cell, sources)], metadata=kernel), path)


def make_step(tmp_path):
    """A step that is done: every file it reads and leaves is there, and its stamp."""
    write_notebook(tmp_path / "notebooks" / "n.ipynb")
    inputs = [tmp_path / "a" / "t.csv", tmp_path / "b" / "t.csv"]
    outputs = [tmp_path / "out" / "o.txt"]
    executed = tmp_path / "out" / "n.ipynb"
    for path in (*inputs, *outputs, executed):
        path.parent.mkdir(exist_ok=True)
        path.write_text(path.parent.name, encoding="utf-8")
    made = Step(
        notebook=tmp_path / "notebooks" / "n.ipynb",
        executed=executed,
        parameters={"number": 1},
        inputs=inputs,
        outputs=outputs,
        stamp=tmp_path / "stamps" / "n.json",
    )
    write_stamp(made)
    return made
