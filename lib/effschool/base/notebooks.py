"""Notebooks as git keeps them (тетради в git): without results, and the same whoever saved them.

`python -m effschool.base.notebooks` is git's filter (`.gitattributes`): a person's own copy keeps its results.
"""

import hashlib
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

KERNEL = {
    "kernelspec": {"display_name": "Эффективная школа", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
"""What a notebook says of its kernel, whatever the kernel that it was last run by is called."""
PASSING = ("execution", "papermill", "ExecuteTime", "trusted", "collapsed", "scrolled")
"""Notes that programs leave in cells when they run or show them."""


def clean_notebook(text: str) -> str:
    """A notebook's text without results, with stable metadata; what is no notebook stays as it is."""
    try:
        content: Any = json.loads(text)
        cells = [_clean_cell(cell) for cell in content["cells"]]
    except (ValueError, TypeError, KeyError):
        return text
    cleaned = {**content, "cells": cells, "metadata": KERNEL}
    return json.dumps(cleaned, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _clean_cell(cell: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: value for name, value in cell["metadata"].items() if name not in PASSING}
    results: dict[str, Any] = {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
    return {**cell, "metadata": metadata, **results}


def hash_notebook(path: Path) -> str:
    """Digest of what a notebook does: results that it was saved with do not count."""
    stat = path.stat()
    return _hash_once(path, (stat.st_mtime_ns, stat.st_size))


@cache
def _hash_once(path: Path, _: tuple[int, int]) -> str:
    return hashlib.sha256(clean_notebook(path.read_text(encoding="utf-8")).encode()).hexdigest()


if __name__ == "__main__":
    sys.stdout.buffer.write(clean_notebook(sys.stdin.buffer.read().decode()).encode())
