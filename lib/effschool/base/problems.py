"""What is wrong with the files that were sent (замечания к файлам).

A problem is one full Russian sentence beside the place it speaks of: a methodologist reads it, an ОМСУ acts on it.
"""

import errno
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

from effschool.base.persons import hide_names
from effschool.base.russian import count_words, format_number
from effschool.base.scratch import NoRoomError

MOST_QUESTIONS = 10
"""How many questions a screen holds; the rest stand among the problems of the files."""


class Severity(StrEnum):
    """An error (ошибка) keeps the file out, a warning (предупреждение) does not.

    A question (вопрос) asks a person whether an unlikely number is right; it stands until it is answered.
    """

    ERROR = "ошибка"
    QUESTION = "вопрос"
    WARNING = "предупреждение"


@dataclass(frozen=True)
class Problem:
    """One problem of one place in one file.

    Args:
        severity: whether the file can be taken all the same.
        file: name as the methodologist knows it, relative to the folder of raw data; empty where no file has the fault.
        expected: what should have stood there, a Russian phrase.
        action: what to do, a Russian sentence in the imperative.
        sheet: sheet of a workbook; empty for CSV.
        row: row number as Excel shows it (1 is the first); None where the whole file is meant.
        column: heading as it stands in the file; empty where the whole row is meant.
        value: what stood there, as text; empty where nothing stood there.
    """

    severity: Severity
    file: str
    expected: str
    action: str
    sheet: str = ""
    row: int | None = None
    column: str = ""
    value: str = ""

    @property
    def place(self) -> str:
        """Where it is, for a person: «social.xlsx, лист «Форма», строка 7, столбец «Год»»."""
        parts = [f"файл «{self.file}»"] if self.file else []
        parts += [f"лист «{self.sheet}»"] if self.sheet else []
        parts += [f"строка {self.row}"] if self.row is not None else []
        parts += [f"столбец «{self.column}»"] if self.column else []
        return ", ".join(parts)

    @property
    def message(self) -> str:
        """The whole sentence: place, what stood there, what was expected, what to do."""
        found = f" стоит «{self.value}»," if self.value else ""
        said = f"{self.place}:{found} {self.expected}" if self.file else self.expected
        return f"{said[:1].upper()}{said[1:]}. {self.action}"


class UnreadableFileError(Exception):
    """The file cannot be read at all; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def refuse_file(
    file: str, expected: str, action: str, *, sheet: str = "", row: int | None = None
) -> UnreadableFileError:
    """The error of a file that cannot be read: what was expected of it and what to do."""
    return UnreadableFileError(Problem(Severity.ERROR, file, expected, action, sheet=sheet, row=row))


def tabulate_problems(problems: Iterable[Problem]) -> "pd.DataFrame":
    """Frame with a row per problem, columns as the fields of `Problem` and `message`, in the order found."""
    import pandas as pd  # noqa: PLC0415 -- a second, which a run that begins spends better

    names = [field.name for field in fields(Problem)]
    rows = [{**asdict(problem), "message": problem.message} for problem in problems]
    return pd.DataFrame(rows, columns=[*names, "message"]).astype({"row": "Int64"})


HOW_TO_ANSWER = "Если всё верно, ответьте"
"""Begins the last sentence of a question, which tells who runs the software how to answer it."""


def shorten_questions(problems: "pd.DataFrame") -> list[str]:
    """The same for pages: what is asked, without how it is answered."""
    return [text.partition(HOW_TO_ANSWER)[0].strip() for text in say_questions(problems)]


def say_questions(problems: "pd.DataFrame", shown: int = MOST_QUESTIONS) -> list[str]:
    """How many questions wait for an answer, the first of them in full, how many more; empty where there are none."""
    asked = problems.loc[problems["severity"].eq(Severity.QUESTION), "message"].tolist()
    if not asked:
        return []
    number = count_words(len(asked), "вопрос", "вопроса", "вопросов")
    rest = (
        [f"Остальные ({format_number(len(asked) - shown)}) — среди замечаний к файлам."] if len(asked) > shown else []
    )
    return [f"К числам, на которых стоят списки, без ответа {number}.", *asked[:shown], *rest]


def shorten_path(path: Path, folder: Path) -> str:
    """File name as reports show it: relative to the folder of raw data, without names of people and of this machine."""
    shown = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    return hide_names(spell_path(shown))


def spell_path(path: str) -> str:
    """A path as text that can be stored: what is no letter of UTF-8 is spelt as its number."""
    return os.fsencode(path).decode("utf-8", errors="backslashreplace")


def find_file(folder: Path, shown: str) -> Path:
    """The file of the folder that reports show by this name; where none is, the path as named."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return next((path for path in files if shorten_path(path, folder) == shown), folder / shown)


def hide_folders(text: str, folders: tuple[str, ...]) -> str:
    """A message without the folders of this machine: the region's page shows it."""
    for folder in folders:
        text = text.replace(folder + os.sep, "")
    return text


def say_error(error: Exception) -> str:
    """An error in words, without the folders of this machine."""
    if isinstance(error, NoRoomError):
        return str(error)
    if isinstance(error, OSError) and error.errno:
        name = f": «{Path(os.fsdecode(error.filename)).name}»" if isinstance(error.filename, str | bytes) else ""
        return f"{_name_reason(error.errno, error.strerror or '')}{name}"
    return f"{type(error).__name__}: {say_system(str(error))}"


_SYSTEM = re.compile(r"\[Errno (-?\d+)\] ([^:\n]*)")


def say_system(text: str) -> str:
    """A message in which what the system calls its errors is said in Russian."""
    return _SYSTEM.sub(lambda found: _name_reason(int(found[1]), found[2]), text)


def _name_reason(number: int, said: str) -> str:
    """A reason of the system by its number; one that is Russian already stays."""
    if re.search("[а-яё]", said):
        return said
    return _REASONS.get(errno.errorcode.get(number, ""), f"система сообщила об ошибке {number}")


_REASONS = {
    "EPERM": "нет прав на это действие",
    "ENOENT": "такого файла или такой папки нет",
    "EIO": "диск не читается или не пишется",
    "EBADF": "файл закрыт другой программой",
    "EAGAIN": "сейчас занято, попробуйте ещё раз",
    "ENOMEM": "не хватает памяти",
    "EACCES": "нет прав доступа",
    "EBUSY": "файл занят другой программой",
    "EEXIST": "такой файл уже есть",
    "ENODEV": "диск отключён",
    "ENOTDIR": "на месте папки лежит файл",
    "EISDIR": "на месте файла лежит папка",
    "EINVAL": "система не принимает такое имя или действие",
    "ENFILE": "открыто слишком много файлов",
    "EMFILE": "открыто слишком много файлов",
    "ETXTBSY": "файл занят другой программой",
    "EFBIG": "файл больше, чем здесь может быть",
    "ENOSPC": "на диске кончилось место",
    "EROFS": "диск открыт только для чтения",
    "EPIPE": "программа, которая читала вывод, закрыта",
    "ENAMETOOLONG": "имя файла или путь слишком длинны",
    "ENOLCK": "папка не умеет блокировать файлы",
    "ENOSYS": "система этого не умеет",
    "ENOTEMPTY": "папка не пуста",
    "ELOOP": "ссылки ведут по кругу",
    "EOPNOTSUPP": "диск этого не умеет",
    "ESTALE": "сетевая папка отключилась",
    "EDQUOT": "на диске кончилось отведённое место",
    "ECONNREFUSED": "на том адресе никто не отвечает",
    "ECONNRESET": "связь оборвалась",
    "ETIMEDOUT": "ответа нет слишком долго",
    "EHOSTUNREACH": "до того адреса не достучаться",
}
"""What errors of the system mean, by their names."""
