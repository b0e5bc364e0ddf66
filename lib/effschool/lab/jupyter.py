"""JupyterLab for methodologists (make lab): in Russian, with the project's settings, nothing in the person's home."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import nbformat
from nbformat.sign import NotebookNotary

SETTINGS = "lab"
"""Folder of the project with Lab's settings, in git: `overrides.json` and the server's configuration."""
STATE = ".lab"
"""Folder of the project for what Lab and its kernels write, out of git."""
OWN = "my"
"""Folder of the project for a person's own notebooks, out of git and of all checks."""
START = Path("notebooks") / "00_start.ipynb"
KEPT_APART = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "IPYTHONDIR": "ipython",
    "MPLCONFIGDIR": "matplotlib",
    "XDG_CACHE_HOME": "cache",
}
"""Where Jupyter, IPython, matplotlib and fontconfig write, which would be the person's home."""


def name_folders(root: Path) -> dict[str, str]:
    """Variables that keep everything written by Lab and its kernels inside the project."""
    return {variable: str(root / STATE / folder) for variable, folder in KEPT_APART.items()}


def build_command(root: Path, options: Sequence[str] = ()) -> list[str]:
    """The command that opens Lab on the start notebook; `options` are Jupyter's own."""
    return [
        *(sys.executable, "-m", "jupyter", "lab"),
        f"--config={root / SETTINGS / 'jupyter_lab_config.json'}",
        f"--LabApp.app_settings_dir={root / SETTINGS}",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{START.as_posix()}",
        *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),  # a container knows no other user
        *options,
    ]


def open_lab(root: Path, options: Sequence[str] = ()) -> NoReturn:
    """Become JupyterLab; it ends as JupyterLab ends."""
    trust_start(root)
    (root / OWN).mkdir(exist_ok=True)
    command = build_command(root, options)
    os.execve(command[0], command, {**os.environ, **name_folders(root)})


def trust_start(root: Path) -> None:
    """Sign the start notebook, so that its button runs it without a question."""
    data = Path(name_folders(root)["JUPYTER_DATA_DIR"])
    data.mkdir(parents=True, exist_ok=True)
    NotebookNotary(data_dir=str(data)).sign(nbformat.read(root / START, as_version=4))
