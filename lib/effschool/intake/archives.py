"""ZIP archives (архивы) among the raw files, opened like folders; their files are laid into a folder of the run's own.

A workbook (XLSX, ODS) is a ZIP file too and stays what it is. What an archive may hold is limited, so that a small file
cannot fill the disk; a name inside it is data and never a path.
"""

import re
import shutil
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from effschool.base.persons import hide_names
from effschool.base.problems import Problem, UnreadableFileError, refuse_file, say_error
from effschool.base.russian import count_words
from effschool.base.scratch import FULL
from effschool.intake.workbooks import LARGEST_ARCHIVE, LARGEST_RATIO

OPENED = ".zip"
OTHERS = {".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".arj", ".cab"}
"""Endings of archives that are not opened here: what they hold is not known, so they are not passed over."""
MOST_FILES = 10_000
DEEPEST = 3
"""How many archives may stand one in another."""
CHECKED_FROM = 100 << 20
"""Bytes above which the ratio of packing is looked at: small tables pack a thousandfold too."""
_MEGABYTE = 1 << 20
_ENCRYPTED, _UTF8 = 0x1, 0x800
_UNLIKELY = re.compile(r"[\u2500-\u25ff°∙·√¤\u00a0ЄєЇїЎў]")
"""What stands in a Russian name that was written in Windows-1251 and is read as cp866."""
_UNPACK = "Распакуйте его и положите файлы в папку; если он здесь не нужен, уберите его из папки."
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Found:
    """A file of the raw folder or of an archive in it.

    Args:
        path: where its bytes are.
        name: as reports show it: «архив.zip/папка/файл.xlsx».
        aliases: further names by which a layout may know it: folders round a file of an archive do not matter.
        problem: why an archive was not opened.
    """

    path: Path
    name: str
    aliases: tuple[str, ...] = ()
    problem: Problem | None = None


@dataclass
class _Allowance:
    """What one archive and those inside it may still hold."""

    files: int
    size: int


def open_file(path: Path, name: str, unpacked: Path) -> list[Found]:
    """The file itself, or the files of an archive by name; an archive that cannot be opened has the problem why.

    Args:
        path: a file of the raw folder.
        name: its name for messages.
        unpacked: an empty folder for the files of archives, which lives as long as they are read.
    """
    suffix = path.suffix.lower()
    if suffix in OTHERS:
        expected = f"архивы этого вида ({suffix}) не открываются, ожидались файлы или архив ZIP"
        return [Found(path, name, problem=refuse_file(name, expected, _UNPACK).problem)]
    if suffix != OPENED:
        return [Found(path, name)]
    try:
        found = list(_open_archive(path, name, unpacked, _Allowance(MOST_FILES, LARGEST_ARCHIVE), 1))
    except UnreadableFileError as error:
        return [Found(path, name, problem=error.problem)]
    return sorted(found, key=lambda file: file.name)


def _open_archive(path: Path, name: str, unpacked: Path, left: _Allowance, depth: int) -> Iterator[Found]:
    if depth > DEEPEST:
        expected = f"архивов один в другом больше {DEEPEST}, глубже они не открываются"
        raise refuse_file(name, expected, _UNPACK)
    try:
        with zipfile.ZipFile(path) as archive:
            parts = [part for part in archive.infolist() if not part.is_dir()]
            _check_archive(parts, path, name, left)
            inside = [(part, name_part(part, name)) for part in parts]
            laid = [(_lay_part(archive, part, inner, unpacked), inner) for part, inner in inside]
    except OSError as error:
        if error.errno in FULL:
            raise  # the temporary folder, not the archive
        raise refuse_file(name, f"архив не открывается ({say_error(error)})", _UNPACK) from None
    except _BROKEN:
        raise refuse_file(name, "ожидался архив ZIP, а файл повреждён или другого вида", _UNPACK) from None
    for member, inner in laid:
        if member.suffix.lower() == OPENED:
            yield from _open_archive(member, f"{name}/{inner}", unpacked, left, depth + 1)
        elif member.suffix.lower() in OTHERS:
            yield from open_file(member, f"{name}/{inner}", unpacked)
        else:
            yield Found(member, f"{name}/{inner}", list_aliases(f"{name}/{inner}"))


def _check_archive(parts: list[zipfile.ZipInfo], path: Path, name: str, left: _Allowance) -> None:
    """Refuse an archive with nothing in it, with a password, too large, or a workbook under another name."""
    names = {part.filename for part in parts}
    if not parts:
        raise refuse_file(name, "архив пуст", "Пришлите архив с данными.")
    if names & {"xl/workbook.xml", "content.xml"}:
        action = "Верните файлу прежнее окончание имени: .xlsx или .ods."
        raise refuse_file(name, "ожидался архив с файлами, а это книга Excel или LibreOffice", action)
    if any(part.flag_bits & _ENCRYPTED for part in parts):
        raise refuse_file(name, "ожидался архив без пароля", _UNPACK)
    size = sum(part.file_size for part in parts)
    left.files, left.size = left.files - len(parts), left.size - size
    if left.files < 0:
        number = count_words(MOST_FILES, "файла", "файлов", "файлов")
        raise refuse_file(name, f"в архиве больше {number}", _UNPACK)
    if left.size < 0 or (size > CHECKED_FROM and size / max(path.stat().st_size, 1) > LARGEST_RATIO):
        raise refuse_file(name, f"ожидался обычный архив, а он распаковывается в {size // _MEGABYTE} МБ", _UNPACK)


def name_part(part: zipfile.ZipInfo, archive: str) -> str:
    """Name of a file inside an archive.

    Raises:
        UnreadableFileError: it would lie outside the archive.
    """
    name = hide_names(_decode_name(part)).replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", name) or "\0" in name:
        raise refuse_file(archive, f"имя файла «{name}» внутри архива ведёт из него наружу", _UNPACK)
    return path.as_posix()


def _decode_name(part: zipfile.ZipInfo) -> str:
    """A name without the mark of UTF-8 is in cp866, as Windows packs it, else in UTF-8 or Windows-1251."""
    if part.flag_bits & _UTF8 or part.filename.isascii():
        return unicodedata.normalize("NFC", part.filename)
    coded = part.filename.encode("cp437")
    try:
        return unicodedata.normalize("NFC", coded.decode("utf-8"))
    except UnicodeDecodeError:
        name = coded.decode("cp866")
        return coded.decode("cp1251", errors="replace") if _UNLIKELY.search(name) else name


def _lay_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, inner: str, unpacked: Path) -> Path:
    """Write a file of an archive under a name of no meaning, with the ending that its name has."""
    suffix = PurePosixPath(inner).suffix
    known = suffix if re.fullmatch(r"\.[A-Za-z0-9]{1,8}", suffix) else ""
    with archive.open(part) as stream, tempfile.NamedTemporaryFile(dir=unpacked, suffix=known, delete=False) as target:
        shutil.copyfileobj(stream, target)
    return Path(target.name)


def list_aliases(name: str) -> tuple[str, ...]:
    """«social.zip/а/б.xlsx» → «social/а/б.xlsx», «а/б.xlsx», «б.xlsx»: what it might be called in a plain folder."""
    parts = [re.sub(r"\.zip$", "", part, flags=re.IGNORECASE) for part in name.split("/")]
    return tuple("/".join(parts[start:]) for start in range(len(parts)))
