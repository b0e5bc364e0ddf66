"""Files at the two ends: nothing half-written is ever found under a final name."""

import errno
import hashlib
import io
import itertools
import os
import shutil
import stat
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

from effschool.base.scratch import FULL, NoRoomError, tell_full_scratch

if TYPE_CHECKING:
    import pandas as pd
    from openpyxl import Workbook
    from pydantic import BaseModel

    Record = TypeVar("Record", bound=BaseModel)

UNFINISHED = ".unfinished-"
"""How names of files begin that are being written; `remove_unfinished` knows them by it."""


FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How texts begin that a spreadsheet would take for a formula."""


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
    except NoRoomError:
        raise  # of the temporary folder, and told
    except OSError as error:
        if error.errno in FULL:
            told = (
                f"На диске с папкой «{path.parent.name}» кончилось место, освободите его и начните снова: {path.name}"
            )
            raise NoRoomError(error.errno, told) from None
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
    """Hold a folder for one run, and clear away what a killed one was writing there.

    The system lets it go when the process ends, however it ends.

    Where the disk knows no locks (some shares of a network do not), that is said and the run goes on without.

    Raises:
        FolderInUseError: another run holds it; the message says since when.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a+", encoding="utf-8") as lock:
        try:
            _lock(lock.fileno())
        except OSError as error:
            if error.errno not in HELD:
                print(WITHOUT_LOCK.format(folder=folder.name), file=sys.stderr)  # noqa: T201
                yield
                return
            lock.seek(0)
            raise FolderInUseError(
                f"В папке «{folder.name}» уже идёт другой прогон ({lock.read().strip() or 'начат только что'}). "
                "Дождитесь его конца или задайте другие папки: PROCESSED=папка REPORTS=папка."
            ) from None
        lock.truncate(0)
        lock.write(f"начат {time.strftime('%d.%m.%Y в %H:%M')}, процесс {os.getpid()}\n")
        lock.flush()
        remove_unfinished(folder)
        yield


HELD = {errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
"""Errors of a lock that somebody else has; any other is one of a disk without locks."""
WITHOUT_LOCK = (
    "Диск с папкой «{folder}» не умеет блокировать файлы, прогон идёт без этого. "
    "Следите сами, чтобы второй прогон в ней не начался раньше, чем кончится этот."
)


def _lock(handle: int) -> None:
    if os.name == "nt":
        import msvcrt  # noqa: PLC0415 -- there is no fcntl on Windows

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        import fcntl  # noqa: PLC0415 -- there is none on Windows

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


DRAFT, READY = ".draft", ".ready"
"""Folders in a folder that is being filled: of files half done, and of files that are all done and move in."""


def fill_folder(folder: Path, make: Callable[[Path], object]) -> None:
    """Have many files made in a folder, all or none: what a killed call has begun, the next does anew or to its end."""
    draft, ready = folder / DRAFT, folder / READY
    if not ready.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        make(draft)
        draft.rename(ready)
    for path in sorted(ready.iterdir()):
        path.rename(folder / path.name)
    ready.rmdir()


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
    with tell_full_scratch():
        ExcelWriter(book, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED)).save()
    pack_again(packed, path)


def write_table(frame: "pd.DataFrame", path: Path, made_by: str = "") -> None:
    """Write one Parquet file whole or not at all; it carries what it was made by (`read_maker`)."""
    with replace_when_done(path) as beside:
        if not made_by:
            frame.to_parquet(beside, index=False)
            return
        import pyarrow  # noqa: PLC0415 -- as in `read_table`
        from pyarrow import parquet  # noqa: PLC0415

        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
        told = {**table.schema.metadata, MAKER: made_by.encode()}
        parquet.write_table(table.replace_schema_metadata(told), beside)


MAKER = b"effschool.made_by"


def read_maker(path: Path) -> str:
    """What a Parquet file was made by, as `write_table` left it; empty where it does not say or cannot be read."""
    from pyarrow import ArrowException, parquet  # noqa: PLC0415 -- as in `read_table`

    try:
        return (parquet.read_schema(path).metadata or {}).get(MAKER, b"").decode()
    except (OSError, ArrowException):
        return ""


def disarm_formulas(frame: "pd.DataFrame") -> "pd.DataFrame":
    """The frame for a text that a spreadsheet opens: words that would be a formula there begin with an apostrophe."""
    text = [name for name in frame if frame[name].dtype.kind not in "iufbMm"]
    return frame.assign(**{name: frame[name].astype("object").map(_disarm) for name in text}).rename(columns=_disarm)


def _disarm(value: object) -> object:
    plain = " ".join(value.split()) if isinstance(value, str) else value  # a new line would begin a cell
    return f"'{plain}" if isinstance(plain, str) and plain.startswith(FORMULA_STARTS) else plain


def read_table(folder: Path, name: str, columns: list[str] | None = None, only: str | None = None) -> "pd.DataFrame":
    """Read `name`.parquet, all columns or some; a missing file is said in Russian with the stage that makes it.

    Args:
        only: column of yes and no; rows where it is no are not read.

    Raises:
        FileNotFoundError: the stage before has not been run.
    """
    import pandas as pd  # noqa: PLC0415 -- a second, which a run that begins spends better
    from pyarrow import ArrowInvalid  # noqa: PLC0415

    path = folder / f"{name}.parquet"
    if not path.is_file():
        if not folder.is_absolute() and not (folder.is_dir() or folder.parent.is_dir()):
            raise FileNotFoundError(say_lost(folder))
        raise FileNotFoundError(
            f"Нет таблицы «{name}» в папке «{folder.name}». "
            "Сначала выполните предыдущую тетрадь или команду make report."
        )
    try:
        filters = [(only, "==", True)] if only else None
        return pd.read_parquet(path, columns=columns, filters=filters)
    except ArrowInvalid:
        action = "Удалите её и выполните make report ещё раз."
        raise ValueError(f"Таблица «{name}» в папке «{folder.name}» повреждена. {action}") from None


def read_record(model: "type[Record]", path: Path) -> "Record | None":
    """What a run left of itself as JSON, as the model says; nothing where it is missing or has been spoiled."""
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None


def say_lost(folder: Path) -> str:
    """That a folder is not there as seen from the current one, which is mostly the wrong one for a notebook."""
    return (
        f"Папки «{folder.as_posix()}» нет, если смотреть из папки «{Path.cwd().name}», в которой выполняется тетрадь. "
        "Пути в тетрадях отсчитываются от папки notebooks: выполните тетрадь в ней (papermill --cwd notebooks …) "
        "или задайте полный путь параметром."
    )


def find_given(path: str | Path) -> Path:
    """A path as a notebook was given it: from the notebook's folder, else from the workspace, the folder above.

    Raises:
        FileNotFoundError: in neither there is the folder it should be in.
    """
    given, above = Path(path), Path("..") / path
    if not (given.parent.is_dir() or above.parent.is_dir()):
        raise FileNotFoundError(say_lost(given.parent))
    return above if above.exists() and not given.exists() else given


WRITTEN = ".written"
"""File of a folder with what a command wrote there: digest and name a line."""


@contextmanager
def note_when_done(path: Path) -> Iterator[Path]:
    """As `replace_when_done`, and noted as written by the program, so that it can be told from a person's own.

    It is noted first: a file that a kill left unnoted would pass for a person's for ever.
    """
    with replace_when_done(path) as beside:
        yield beside
        with (path.parent / WRITTEN).open("a", encoding="utf-8") as notes:
            notes.write(f"{hash_file(beside)}  {path.name}\n")


def drop_written(folder: Path) -> list[Path]:
    """Remove what an earlier command wrote into a folder; gives where files lie that a person has changed since."""
    notes, aside = folder / WRITTEN, []
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.is_file() else []
    known = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    for path in sorted(folder.glob("*")):
        if known.get(path.name) == hash_readable(path) != "":
            path.unlink()
        elif path.name in known and path.is_file():
            names = (path.with_stem(f"{path.stem}--правка-{number}") for number in itertools.count(1))
            aside.append(path.rename(next(name for name in names if not name.exists())))
    notes.unlink(missing_ok=True)
    return aside


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def walk_files(folder: Path) -> tuple[list[Path], dict[Path, str]]:
    """All files of a folder and its subfolders, sorted, and what could not be looked into: why, by its path.

    Links to files of the folder are followed; those to folders are not, since they may lead in circles, and none that
    leads out of it: what lies there is nobody's data of this year.
    """
    files: list[Path] = []
    unreadable: dict[Path, str] = {}

    def _tell(error: OSError) -> None:
        unreadable[Path(error.filename or folder)] = "папка не читается (нет прав, или диск с нею отключён)"

    for place, inner, names in os.walk(folder, onerror=_tell):
        links = [Path(place, name) for name in inner if Path(place, name).is_symlink()]
        unreadable |= dict.fromkeys(links, "вместо папки стоит ссылка на папку, по таким ссылкам программа не ходит")
        for path in (Path(place, name) for name in names):
            if why := _explain_unreadable(path, folder):
                unreadable[path] = why
            else:
                files.append(path)
    return sorted(files), unreadable


def _explain_unreadable(path: Path, folder: Path) -> str:
    """Why a name in a folder is no file that can be opened; "" where it is one."""
    try:
        if path.is_symlink() and path.exists() and not path.resolve().is_relative_to(folder.resolve()):
            return "ссылка ведёт за пределы папки данных, положите в неё сам файл"
        return "" if stat.S_ISREG(path.stat().st_mode) else "ожидался файл, а это устройство или канал"
    except OSError:
        return "ссылка никуда не ведёт" if path.is_symlink() else "файл не читается (нет прав, или диск с ним отключён)"


def hash_readable(path: Path) -> str:
    """The same, but "" of what cannot be read or is not there: whoever needs it says so by name."""
    try:
        return hash_file(path)
    except OSError:
        return ""


def hash_files(paths: list[Path], name: Callable[[Path], str]) -> dict[str, str]:
    """SHA-256 by the name that reports show, sorted by it."""
    return dict(sorted((name(path), hash_readable(path)) for path in paths))
