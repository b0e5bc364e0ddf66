"""Files at the two ends: nothing half-written is ever found under a final name."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd


@contextmanager
def replace_when_done(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it to `path` when the block ends well, remove it otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=path.suffix)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_text(text: str, path: Path, encoding: str = "utf-8") -> None:
    """Write text whole or not at all, with the same line ends on every system."""
    with replace_when_done(path) as beside:
        beside.write_text(text, encoding=encoding, newline="\n")


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write one Parquet file whole or not at all."""
    with replace_when_done(path) as beside:
        frame.to_parquet(beside, index=False)


def read_table(folder: Path, name: str) -> pd.DataFrame:
    """Read `name`.parquet; a missing file is said in Russian with the stage that makes it.

    Raises:
        FileNotFoundError: the stage before has not been run.
    """
    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise FileNotFoundError(
            f"Нет таблицы «{name}» в папке «{folder.name}». "
            "Сначала выполните предыдущую тетрадь или команду make report."
        )
    return pd.read_parquet(path)


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_files(paths: list[Path], name: Callable[[Path], str]) -> dict[str, str]:
    """SHA-256 by the name that reports show, sorted by it."""
    return dict(sorted((name(path), hash_file(path)) for path in paths))
