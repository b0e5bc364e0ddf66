"""JupyterLab for methodologists (make lab), and its panels alone (make view).

In Russian, with the project's settings, and nothing is written to the person's home.
"""

import os
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import nbformat
from nbformat.sign import NotebookNotary

from effschool.lab.session import FILES, MODE

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


LOOPBACK = "127.0.0.1"
PORTS = {"lab": 8888, "view": 8866}
"""Ports of this machine that are tried first."""
SERVED = r"reports/(?:[\w-]+/)*[\w-]+\.(?:html|xlsx|docx|png|svg)"
"""Files that the panels alone may link to, as a regular expression for the path in the project."""


def choose_port(first: int, say: Callable[[str], object] = print, most: int = 50) -> int:
    """The first port from `first` on that nobody listens on; another one is told.

    Raises:
        OSError: all are taken.
    """
    for port in range(first, first + most):
        with socket.socket() as tried:
            if tried.connect_ex((LOOPBACK, port)):
                if port != first:
                    say(f"Порт {first} занят: возможно, эта программа уже открыта. Открывается на порту {port}.")
                return port
    last = first + most - 1
    raise OSError(f"Порты с {first} по {last} заняты. Закройте лишние окна JupyterLab и повторите команду.")


def build_command(root: Path, options: Sequence[str] = ()) -> list[str]:
    """The command that opens Lab on the start notebook; `options` are Jupyter's own."""
    return [
        *(sys.executable, "-m", "jupyter", "lab"),
        *(["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []),  # a container knows no other user
        f"--config={root / SETTINGS / 'jupyter_lab_config.json'}",
        f"--LabApp.app_settings_dir={root / SETTINGS}",
        f"--ServerApp.root_dir={root}",
        f"--LabApp.default_url=/lab/tree/{START.as_posix()}",
        *options,
    ]


def open_lab(root: Path, options: Sequence[str] = ()) -> NoReturn:
    """Become JupyterLab; it ends as JupyterLab ends."""
    trust_start(root)
    (root / OWN).mkdir(exist_ok=True)
    is_placed = any(option.startswith(("--port", "--ServerApp.port")) for option in options)
    port = [] if is_placed else [f"--ServerApp.port={choose_port(PORTS['lab'])}"]
    command = build_command(root, [*port, *options])
    os.execve(command[0], command, {**os.environ, **name_folders(root)})


def build_view(root: Path, options: Sequence[str] = ()) -> list[str]:
    """The command that serves the panels of the start notebook on this machine alone; `options` are Voilà's own."""
    return [
        *(sys.executable, "-m", "voila", str(root / START)),
        f"--Voila.ip={LOOPBACK}",
        f"--Voila.root_dir={root}",
        f"--VoilaConfiguration.file_allowlist={SERVED}",
        "--VoilaConfiguration.show_tracebacks=False",
        "--VoilaConfiguration.template=effschool",
        *options,
    ]


def open_view(root: Path, options: Sequence[str] = ()) -> NoReturn:
    """Become the server of the panels; they are live, though no notebook is open."""
    is_placed = any(option.startswith(("--port", "--Voila.port")) for option in options)
    port = [] if is_placed else [f"--Voila.port={choose_port(PORTS['view'])}"]
    command = build_view(root, [*port, *options])
    paths = os.pathsep.join([str(root / SETTINGS), *filter(None, [os.environ.get("JUPYTER_PATH")])])
    seen = {MODE: "live", FILES: "/voila/files/", "JUPYTER_PATH": paths}
    os.execve(command[0], command, {**os.environ, **name_folders(root), **seen})


def trust_start(root: Path) -> None:
    """Sign the start notebook, so that its button runs it without a question."""
    data = Path(name_folders(root)["JUPYTER_DATA_DIR"])
    data.mkdir(parents=True, exist_ok=True)
    NotebookNotary(data_dir=str(data)).sign(nbformat.read(root / START, as_version=4))
