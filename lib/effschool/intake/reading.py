"""One file as sent → its sheets, each a grid of text cells with the row numbers that Excel shows.

What kind of file it is (text, XLSX, ODS, old XLS, SPSS) is seen from its first bytes, for names lie. A large sheet is
not held as a whole: its head tells what it is, and its columns are then read block by block (`Sheet.read_blocks`).
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from effschool.base.persons import hide_names
from effschool.base.problems import Problem, Severity, UnreadableFileError, refuse_file
from effschool.base.russian import clean_letters, count_words

DELIMITERS = (",", ";", "\t")
HEAD_ROWS = 60
"""Rows by which a sheet is recognised."""
STREAMED_FROM = 20_000_000
"""Bytes of a text file above which it is read block by block where only counts of pupils are wanted from it."""
WIDEST = 2_000
"""Columns of a sheet: no table has as many, and a cell far to the right is looked for by all layouts."""
LARGEST_SHEET = 60_000_000
"""Cells of the used range above which a sheet is refused: it would not fit into the memory."""
SPARSE_FROM, THINNEST = 200_000, 20
"""Cells of a used range from which it is refused where fewer than one in so many is filled: one stands far off."""
LONGEST_LINE = 500_000
"""Letters of a line of text; a line of the widest table has fewer."""
BLOCK_ROWS = 50_000
_BLOCK_BYTES = 1 << 24
_SAMPLE_ROWS, _SAMPLE_WIDTH = 50, 10_000
_WINDOWS_NOTE = (
    "ожидалась кодировка UTF-8, файл прочитан как Windows-1251",
    "Проверьте, что названия в отчёте читаются, и в следующий раз сохраните таблицу как «CSV UTF-8».",
)


@dataclass(frozen=True)
class Grid:
    """Cells of one sheet.

    Args:
        file: name for messages.
        sheet: name of the sheet; empty for text files and SPSS.
        cells: frame of trimmed text, a row per row of the sheet, its index the row in Excel; a blank cell is "".
        notes: warnings met on the way, such as a wrong encoding.
        above: rows of titles of the first table of the sheet, where this is a table below it.
    """

    file: str
    sheet: str
    cells: pd.DataFrame
    notes: tuple[Problem, ...] = ()
    above: tuple[tuple[str, ...], ...] = ()

    @property
    def first_row(self) -> int:
        """Number of the first row in Excel."""
        return int(self.cells.index[0]) if len(self.cells) else 1

    def take_rows(self, first: int, last: int) -> list[list[str]]:
        """Rows from one number to another, both as Excel numbers them and both included."""
        return self.rows[max(first - self.first_row, 0) : max(last - self.first_row + 1, 0)]

    @cached_property
    def headings(self) -> dict[tuple[int, int], tuple[str, ...]]:
        """Headings by their first row and number of rows, as they are read: every layout asks for the same."""
        return {}

    @cached_property
    def rows(self) -> list[list[str]]:
        """The cells as plain lists, inner spaces collapsed."""
        return [[" ".join(cell.split()) for cell in row] for row in self.cells.to_numpy().tolist()]


Range = tuple[tuple[int, int], tuple[int, int]]
"""Top left and bottom right of merged cells, from 0."""


@dataclass(frozen=True)
class Coded:
    """A column of a block: for every row the place of its text among the different texts."""

    codes: NDArray[np.int32]
    texts: tuple[str, ...]

    def match(self, condition: Callable[[str], bool]) -> NDArray[np.bool_]:
        """Whether each row's text satisfies a condition, which is asked of every different text once."""
        met = np.array([condition(text) for text in self.texts] or [False], dtype=bool)
        # Mostly no text does, or every one: the rows of a large file are then not looked up.
        return np.full(len(self.codes), met[0]) if met.all() or not met.any() else met[self.codes]


@dataclass(frozen=True)
class Block:
    """Some rows of a large sheet: the row in Excel of the first of them, and the columns asked for by position."""

    first_row: int
    rows: int
    columns: dict[int, Coded]
    leads: Coded | None = None
    """First filled cell of every row, a number as ""; None where the reader does not hold whole rows."""


class Sheet:
    """A sheet held as rows of text; what it was made from is the business of the reader of its kind of file.

    `merged`: ranges of merged cells, top left and bottom right, from 0. `is_large`: so large that a column of different
    texts in every row would take longer than all the others. `first_row`: number in Excel of the first of the rows, and
    `above`: titles of the first table, both of a table below another one.
    """

    is_large = False
    merged: Sequence[Range] = ()
    first_row = 1
    above: tuple[tuple[str, ...], ...] = ()

    def __init__(self, file: str, name: str, rows: Sequence[Sequence[str]], notes: Iterable[Problem] = ()) -> None:
        self.file, self.name, self.notes = file, hide_names(name), tuple(notes)
        self._rows = rows

    def find_overlong(self, width: int) -> list[int]:
        """Numbers of the rows that have something beyond so many columns; looked at in text only."""
        rows = enumerate(self._rows, start=self.first_row) if not self.name else ()
        return [number for number, row in rows if any(row[width:])]

    def read_head(self) -> Grid:
        """The first rows, by which the sheet is recognised."""
        return Grid(self.file, self.name, frame_rows(self._rows[:HEAD_ROWS], self.first_row), self.notes, self.above)

    def read_grid(self) -> Grid:
        """All rows up to the last filled one."""
        return Grid(self.file, self.name, frame_rows(self._rows, self.first_row), self.notes, self.above)

    def read_blocks(self, after: int, columns: Sequence[int]) -> Iterator[Block]:
        """Rows below the row `after`, the columns at the given positions, block by block."""
        for start in range(after - self.first_row + 1, len(self._rows), BLOCK_ROWS):
            yield code_rows(self._rows[start : start + BLOCK_ROWS], start + self.first_row, columns)

    def cut(self, header_row: int, above: Sequence[Sequence[str]]) -> "tuple[Sheet, Sheet]":
        """The table above a second header and the one that it begins, each a sheet with the rows' own numbers.

        Titles of the second table are the rows over its header that hold no number. Without any, the header is only
        repeated and what stands above the first table holds below as well; else that is what `FieldLayout.whole` says.
        """
        grid = self.read_grid()
        start = header_row
        while start > grid.first_row and _is_title(grid.take_rows(start - 1, start - 1)[0]):
            start -= 1
        rows = grid.cells.to_numpy().tolist()
        upper, lower = (Sheet(self.file, self.name, part) for part in _split(rows, start - grid.first_row))
        upper.first_row, lower.first_row = grid.first_row, start
        upper.merged = lower.merged = self.merged
        upper.notes, upper.above = self.notes, self.above
        has_titles = any(map(any, grid.take_rows(start, header_row - 1)))
        lower.above = tuple(map(tuple, above)) if has_titles else ((REPEATED,), *map(tuple, above))
        return upper, lower


REPEATED = "\N{NULL}"
"""First of the rows `above` where a header is repeated without titles; no cell of a file holds it."""


def _split(rows: list[list[str]], place: int) -> tuple[list[list[str]], list[list[str]]]:
    return rows[:place], rows[place:]


def _is_title(row: Sequence[str]) -> bool:
    return not any(cell.replace(",", "").replace(".", "").isdecimal() for cell in row)


def code_texts(texts: Sequence[str]) -> Coded:
    """Different texts and their places."""
    codes, unique = pd.factorize(np.array(texts, dtype=object))
    return Coded(codes.astype(np.int32), tuple(unique.tolist()))


def code_rows(rows: Sequence[Sequence[str]], first_row: int, columns: Sequence[int]) -> Block:
    """Rows of text as a block; a row that is too short is blank where it ends."""
    coded = {place: code_texts([row[place] if place < len(row) else "" for row in rows]) for place in columns}
    return Block(first_row, len(rows), coded, code_texts([next(filter(None, row), "") for row in rows]))


def frame_rows(rows: Iterable[Sequence[str]], first_row: int = 1) -> pd.DataFrame:
    """Rows of text as cells of a grid; blank rows at the end are left out."""
    cells = pd.DataFrame(list(zip(*zip_longest(*rows, fillvalue=""), strict=True)), dtype="str")
    cells.index = pd.RangeIndex(first_row, len(cells) + first_row)
    filled = (cells != "").any(axis=1)
    return cells.loc[: filled[filled].index[-1]] if filled.any() else cells.iloc[:0]


def refuse_stray(file: str, sheet: str, size: tuple[int, int], filled: int) -> None:
    """Refuse a sheet whose used range does not fit into memory, or is blank but for cells far off; `size` is its own.

    Raises:
        UnreadableFileError: says how large the used range is and how much of it is filled.
    """
    cells = size[0] * size[1]
    is_sparse = cells > SPARSE_FROM and filled * THINNEST < cells
    if size[1] > WIDEST or cells > LARGEST_SHEET or is_sparse:
        used = f"{size[0]} строк и {size[1]} столбцов, где заполнено {count_words(filled, 'ячейка', 'ячейки', 'ячеек')}"
        expected, action = f"ожидалась обычная таблица, а лист занимает {used}", "далеко справа и внизу листа."
        raise refuse_file(file, expected, f"Удалите случайные значения {action}", sheet=sheet)


def open_text(path: Path, file: str, delimiter: str | None = None) -> Sheet:
    """A text file (CSV) as a sheet without a name.

    Raises:
        UnreadableFileError: not text, an unknown encoding, or quotes that do not match.
    """
    if path.stat().st_size >= STREAMED_FROM:
        return LargeText(path, file, delimiter)
    text, notes = decode_text(path.read_bytes(), file)
    return Sheet(file, "", split_rows(text, delimiter or find_delimiter(text), file), notes)


class LargeText(Sheet):
    """A text file that is not held in memory: its head is read at once, its columns by Arrow, block by block."""

    is_large = True

    def __init__(self, path: Path, file: str, delimiter: str | None) -> None:
        self._path = path
        with path.open("rb") as stream:
            head = stream.read(1 << 20)
        text, notes = decode_text(head[: head.rfind(b"\n") + 1] or head, file)
        self._delimiter = delimiter or find_delimiter(text)
        super().__init__(file, "", split_rows(text, self._delimiter, file), notes)
        self._encoding = "cp1251" if notes else "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"

    def read_grid(self) -> Grid:
        """All rows up to the last filled one."""
        text, notes = decode_text(self._path.read_bytes(), self.file)
        return Grid(self.file, "", frame_rows(split_rows(text, self._delimiter, self.file)), notes)

    def read_blocks(self, after: int, columns: Sequence[int]) -> Iterator[Block]:
        """Rows below the row `after`, the columns at the given positions, block by block.

        Raises:
            UnreadableFileError: a row with more or fewer cells than the head has, a blank row, broken text.
        """
        width = max(map(len, self._rows[after : after + HEAD_ROWS]), default=0)
        names = [str(place) for place in range(width)]
        row = after + 1
        try:
            for batch in read_ahead(self._open_stream(after, names, [names[place] for place in columns])):
                coded = {place: _take_dictionary(batch.column(str(place))) for place in columns}
                yield Block(row, batch.num_rows, coded)
                row += batch.num_rows
        except pa.ArrowInvalid as error:
            raise self._refuse(error) from None

    def _open_stream(self, after: int, names: list[str], wanted: list[str]) -> arrow_csv.CSVStreamingReader:
        text = pa.dictionary(pa.int32(), pa.string())
        return arrow_csv.open_csv(
            self._path,
            read_options=arrow_csv.ReadOptions(
                column_names=names, skip_rows=after, block_size=_BLOCK_BYTES, encoding=self._encoding
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=self._delimiter, ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=wanted, column_types=dict.fromkeys(wanted, text), strings_can_be_null=False
            ),
        )

    def _refuse(self, error: pa.ArrowInvalid) -> UnreadableFileError:
        row = re.search(r"[Rr]ow #?(\d+)", str(error))
        expected = "ожидалась таблица, в каждой строке которой столько же ячеек, сколько в шапке, и целый текст"
        action = "Выгрузите таблицу ещё раз как «CSV UTF-8»; пустых строк и переносов внутри ячеек быть не должно."
        return refuse_file(self.file, expected, action, row=int(row[1]) if row else None)


def read_ahead(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same batches, the next one read in a thread of its own while the last is being worked on."""
    source = iter(batches)
    with ThreadPoolExecutor(1) as reader:
        following = reader.submit(next, source, None)
        while (batch := following.result()) is not None:
            following = reader.submit(next, source, None)
            yield batch


def _take_dictionary(column: pa.DictionaryArray) -> Coded:
    texts = tuple(clean_letters(text).strip() for text in column.dictionary.to_pylist())
    return Coded(column.indices.to_numpy(zero_copy_only=False), texts)


def decode_text(content: bytes, file: str) -> tuple[str, tuple[Problem, ...]]:
    """Text of a file, and a note where it is not in UTF-8.

    Raises:
        UnreadableFileError: no encoding fits.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace"), ()
    try:
        return content.decode("utf-8-sig"), ()
    except UnicodeDecodeError as error:
        return _decode_other(content, file, error)


def _decode_other(content: bytes, file: str, error: UnicodeDecodeError) -> tuple[str, tuple[Problem, ...]]:
    if b"\0" in content:
        raise refuse_file(file, "ожидался текст CSV, а внутри не текст", "Сохраните таблицу из Excel как «CSV UTF-8».")
    as_utf8 = content.decode("utf-8", errors="replace")
    if _count_cyrillic(as_utf8) > as_utf8.count("\N{REPLACEMENT CHARACTER}"):
        row = content[: error.start].count(b"\n") + 1
        raise refuse_file(file, "текст UTF-8 повреждён", "Сохраните таблицу как «CSV UTF-8» ещё раз.", row=row)
    text = content.decode("cp1251", errors="replace")
    likely = max(_ENCODINGS, key=lambda name: _count_common(content.decode(name, errors="replace")))
    if not _count_cyrillic(text) or likely != "cp1251":
        expected = f"ожидалась кодировка UTF-8, а здесь другая{_ENCODINGS[likely] if _count_cyrillic(text) else ''}"
        raise refuse_file(file, expected, "Сохраните таблицу из Excel как «CSV UTF-8».")
    expected, action = _WINDOWS_NOTE
    return text, (Problem(Severity.WARNING, file, expected, action),)


_ENCODINGS = {
    "cp1251": "",
    "koi8-r": ", похоже на КОИ-8",
    "cp866": ", похоже на DOS (866)",
    "mac-cyrillic": ", похоже на Mac",
}
_COMMON = re.compile(r"ст|но|ен|то|на|ов|ни|ра|во|ко|ро|од|ол|ый|ая|ий|[А-ЯЁ][а-яё]")


def _count_common(text: str) -> int:
    """How many of the commonest pairs of Russian letters, and how many Russian words with a capital, a text has."""
    return len(_COMMON.findall(text[:100_000]))


def _count_cyrillic(text: str) -> int:
    return sum("\N{CYRILLIC CAPITAL LETTER IO}" <= letter <= "\N{CYRILLIC SMALL LETTER IO}" for letter in text)


def find_delimiter(text: str) -> str:
    """The delimiter that cuts the head of the file into most cells; a decimal comma loses to a real semicolon."""
    # A quote that is not closed would swallow the rest of the file: only pairs of quotes within a line are looked at.
    lines = [re.sub(r'"[^"]*"', '""', line[:_SAMPLE_WIDTH]) for line in text.splitlines()[:_SAMPLE_ROWS]]
    return max(DELIMITERS, key=lambda sign: sum(line.count(sign) for line in lines))


def split_rows(text: str, delimiter: str, file: str) -> list[list[str]]:
    """Rows of trimmed cells.

    Raises:
        UnreadableFileError: quotes that do not match; the row is named.
    """
    reader = csv.reader(_bound_lines(text, file), delimiter=delimiter, strict=True)
    rows, begins, width, filled = [], 1, 0, 0
    try:
        for row in reader:
            if reader.line_num > begins and _swallowed(row, delimiter):
                raise _refuse_quotes(file, begins)
            cells = row if "".join(row).isprintable() else map(clean_letters, row)
            rows.append([cell.strip() for cell in cells])
            begins, width = reader.line_num + 1, max(width, len(row))
            filled += len(row) - rows[-1].count("")
            if len(rows) * width > LARGEST_SHEET:
                break
    except csv.Error:
        raise _refuse_quotes(file, begins) from None
    refuse_stray(file, "", (len(rows), width), filled)
    return rows


def _bound_lines(text: str, file: str) -> Iterator[str]:
    """Lines of a text, none of them longer than a line of a table: the reader would hold it cell by cell."""
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        if len(line) > LONGEST_LINE:
            expected = f"ожидалась строка таблицы, а в этой {count_words(len(line), 'знак', 'знака', 'знаков')}"
            raise refuse_file(file, expected, "Выгрузите таблицу ещё раз как «CSV UTF-8».", row=number)
        yield line


def _swallowed(row: Sequence[str], delimiter: str) -> bool:
    """Whether a cell holds whole lines of the table: a quote before it was never closed, another one ended it."""
    lines = (line for cell in row if "\n" in cell for line in cell.splitlines()[1:])
    return any(line.count(delimiter) >= max(2, len(row) - 2) for line in lines)


def _refuse_quotes(file: str, row: int) -> UnreadableFileError:
    action = "Исправьте кавычки в этой строке: внутри текста в кавычках каждая кавычка удваивается."
    return refuse_file(file, "кавычки в тексте не закрыты или стоят не на месте", action, row=row)
