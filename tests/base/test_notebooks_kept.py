"""Notebooks in git: a person's copy keeps its results, git never sees them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from effschool.base.notebooks import clean_notebook, hash_notebook

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
RESULT = "<figure><figcaption>Рисунок</figcaption><svg></svg></figure><table><caption>Таблица</caption></table>"


def save_with_results(source: Path, target: Path) -> None:
    """As Jupyter saves a notebook that was run by a kernel of another name."""
    notebook = nbformat.read(source, as_version=4)
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            cell.execution_count = number
            cell.outputs = [nbformat.v4.new_output("display_data", {"text/html": RESULT})]
            cell.metadata["execution"] = {"iopub.execute_input": "2026-11-29T00:00:00Z"}
            cell.metadata["scrolled"] = True
    notebook.metadata["kernelspec"]["display_name"] = "Python 3 (ipykernel)"
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    notebook.metadata["language_info"] = {"name": "python", "version": "3.13.0"}
    nbformat.write(notebook, target)


@pytest.mark.parametrize("source", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_saving_a_notebook_makes_no_difference_to_git(tmp_path, source):
    save_with_results(source, tmp_path / "saved.ipynb")
    assert clean_notebook((tmp_path / "saved.ipynb").read_text(encoding="utf-8")) == source.read_text(encoding="utf-8")


def test_git_itself_strips_results_and_the_working_copy_keeps_them(root, tmp_path):
    if not shutil.which("git"):
        pytest.skip("нет программы git")

    def git(*words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True).stdout

    git("init", "-q")
    command = f'"{sys.executable}" -m effschool.base.notebooks'
    git("config", "filter.effschool-notebooks.clean", command)
    shutil.copy(root / ".gitattributes", tmp_path)
    (tmp_path / "notebooks").mkdir()
    save_with_results(root / "notebooks" / "08_own.ipynb", tmp_path / "notebooks" / "08_own.ipynb")
    git("add", ".")
    assert git("show", ":notebooks/08_own.ipynb") == (root / "notebooks" / "08_own.ipynb").read_bytes()
    assert RESULT in (tmp_path / "notebooks" / "08_own.ipynb").read_text(encoding="utf-8").replace('\\"', '"')


def test_filter_has_the_name_that_make_gives_it(root):
    assert "filter=effschool-notebooks" in (root / ".gitattributes").read_text(encoding="utf-8")
    assert "filter.effschool-notebooks.clean" in (root / "Makefile").read_text(encoding="utf-8")
    assert "/my/" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", ["", "не JSON", "[]", '{"cells": 1}', '{"a": 1}'])
def test_what_is_no_notebook_stays_as_it_is(text):
    assert clean_notebook(text) == text


def test_results_of_a_notebook_do_not_make_a_run_do_it_again(root, tmp_path):
    source, saved = root / "notebooks" / "08_own.ipynb", tmp_path / "saved.ipynb"
    save_with_results(source, saved)
    assert hash_notebook(saved) == hash_notebook(source)
    content = json.loads(saved.read_text(encoding="utf-8"))
    content["cells"][1]["source"] = ["x = 1"]
    saved.write_text(json.dumps(content), encoding="utf-8")
    assert hash_notebook(saved) != hash_notebook(source)


def test_export_of_a_saved_notebook_keeps_pictures_and_tables(root, tmp_path):
    save_with_results(root / "notebooks" / "08_own.ipynb", tmp_path / "saved.ipynb")
    page, _ = HTMLExporter().from_filename(str(tmp_path / "saved.ipynb"))
    assert page.count("<figcaption>Рисунок</figcaption>") == page.count("<caption>Таблица</caption>") > 0
