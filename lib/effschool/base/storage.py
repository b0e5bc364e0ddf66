"""Files at the two ends: nothing half-written is ever found under a final name."""

import errno
import hashlib
import io
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl import Workbook

UNFINISHED = ".unfinished-"
"""How names of files begin that are being written; `remove_unfinished` knows them by it."""


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How texts begin that a spreadsheet would take for a formula."""
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Errors of a full disk, or of a full share of it."""


@contextmanager
def replace_when_done(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it to `path` when the block ends well, remove it otherwise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED, suffix=path.suffix)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        if error.errno in FULL:
            raise OSError(error.errno, "на диске кончилось место, освободите его и начните снова", path.name) from None
        raise
    finally:
        beside.unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed run was writing; only for who holds the folder."""
    for path in folder.rglob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


class FolderInUseError(RuntimeError):
    """Another run works in the folder."""


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Hold a folder for one run; the system lets it go when the process ends, however it ends.

    Raises:
        FolderInUseError: another run holds it; the message says since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="utf-8") as lock:
        try:
            _lock(lock.fileno())
        except OSError:
            lock.seek(0)
            raise FolderInUseError(
                f"В папке «{folder.name}» уже идёт другой прогон ({lock.read().strip() or 'начат только что'}). "
                "Дождитесь его конца или задайте другие папки: PROCESSED=папка REPORTS=папка."
            ) from None
        lock.truncate(0)
        lock.write(f"начат {time.strftime('%d.%m.%Y в %H:%M')}, процесс {os.getpid()}\n")
        lock.flush()
        yield


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 -- there is no fcntl on Windows

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl  # noqa: PLC0415 -- there is none on Windows

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file whole or not at all."""
    with replace_when_done(path) as beside:
        beside.write_bytes(content)


def write_text(text: str, path: Path, encoding: str = "utf-8") -> None:
    """Write text whole or not at all, with the same line ends on every system."""
    write_bytes(text.encode(encoding), path)


AUTHOR = "Эффективная школа"
EPOCH = datetime(2000, 1, 1)
"""Stands for every time inside a packed file: a real one would change its bytes."""


def pack_again(packed: IO[bytes], path: Path) -> None:
    """Write a ZIP file (XLSX, DOCX) whole or not at all; equal contents give equal bytes, whenever and wherever."""
    with replace_when_done(path) as beside, zipfile.ZipFile(packed) as source, zipfile.ZipFile(beside, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, EPOCH.timetuple()[:6])
            entry.create_system = 3  # otherwise Windows and Unix would differ
            target.writestr(entry, source.read(name), compress_type=zipfile.ZIP_DEFLATED)


def save_workbook(book: "Workbook", path: Path) -> None:
    """Save whole or not at all; equal workbooks give equal bytes, whenever and wherever they are saved."""
    from openpyxl.writer.excel import ExcelWriter  # noqa: PLC0415 -- most who write files write no workbooks

    book.properties.creator = AUTHOR
    book.properties.created = book.properties.modified = EPOCH
    packed = io.BytesIO()
    # Workbook.save would put the present time into the properties; the writer below it does not.
    ExcelWriter(book, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED)).save()
    pack_again(packed, path)


def write_table(frame: "pd.DataFrame", path: Path) -> None:
    """Write one Parquet file whole or not at all."""
    with replace_when_done(path) as beside:
        frame.to_parquet(beside, index=False)


def disarm_formulas(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame for a text that a spreadsheet opens: words that would be a formula there begin with an apostrophe."""
    text = [name for name in frame if frame[name].dtype.kind not in "iufbMm"]
    return frame.assign(**{name: frame[name].astype("object").map(_disarm) for name in text}).rename(columns=_disarm)


def _disarm(value: object) -> object:
    plain = " ".join(value.split()) if isinstance(value, str) else value  # a new line would begin a cell
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(FORMULA_STARTS) else plain


def read_table(folder: Path, name: str, columns: list[str] | None = None) -> "pd.DataFrame":
    """Read `name`.parquet, all columns or some; a missing file is said in Russian with the stage that makes it.

    Raises:
        FileNotFoundError: the stage before has not been run.
    """
    import pandas as pd  # noqa: PLC0415 -- a second, which a run that begins spends better

    path = folder / f"{name}.parquet"
    if not path.is_file():
        raise FileNotFoundError(
            f"Нет таблицы «{name}» в папке «{folder.name}». "
            "Сначала выполните предыдущую тетрадь или команду make report."
        )
    return pd.read_parquet(path, columns=columns)


def find_given(path: str | Path) -> Path:
    """A path as a notebook was given it: from the notebook's folder, else from the workspace, the folder above."""
    given, above = Path(path), Path("..") / path
    return above if above.exists() and not given.exists() else given


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_files(paths: list[Path], name: Callable[[Path], str]) -> dict[str, str]:
    """SHA-256 by the name that reports show, sorted by it."""
    return dict(sorted((name(path), hash_file(path)) for path in paths))
