"""Where the header (шапка) of a grid is and which of its columns mean what, by a layout."""

from collections import defaultdict
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import product

import pandas as pd

from effschool.layouts import Layout, simplify_text
from effschool.problems import Problem, Severity
from effschool.reading import Grid


@dataclass(frozen=True)
class Header:
    """Header of one grid.

    Args:
        row: number of its last row in Excel.
        headings: heading of each column of the grid, several rows joined; "" where there is none.
        positions: column of the layout → positions in the grid whose heading means it.
    """

    row: int
    headings: tuple[str, ...]
    positions: dict[str, tuple[int, ...]]

    def name(self, column: str) -> str:
        """Heading as it stands in the file; "" where the column is not in the file."""
        return self.headings[self.positions[column][0]] if column in self.positions else ""

    def has_required(self, layout: Layout) -> bool:
        """Whether all required columns of the layout are there."""
        return all(name in self.positions for name, column in layout.columns.items() if column.required)


def find_header(grid: Grid, layout: Layout) -> Header | None:
    """The first place that has all required columns, else the one that has most of them; None where none has any."""
    starts = range(min(layout.header.within, len(grid.cells)))
    best: Header | None = None
    for start, rows in product(starts, layout.header.rows):
        header = _read_header(grid, layout, start, rows)
        if header.has_required(layout):
            return header
        if best is None or _count_found(header, layout) > _count_found(best, layout):
            best = header
    return best if best is not None and best.positions else None


def check_header(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    """Missing required columns, two headings for one column, cells without a heading, columns not used."""
    return [
        *_find_missing(grid, layout, header),
        *_find_doubled(grid, header),
        *_find_cells_outside(grid, header),
        *(_find_unused(grid, header) if layout.unused == "warn" else []),
    ]


def select_body(grid: Grid, header: Header) -> pd.DataFrame:
    """Rows below the header that are not blank: text by column of the layout, on the row numbers of Excel."""
    below = grid.cells.loc[header.row + 1 :]
    filled = (below != "").any(axis=1)
    taken = {name: below.iloc[:, positions[0]] for name, positions in header.positions.items()}
    return pd.DataFrame(taken, index=below.index)[filled]


def _count_found(header: Header, layout: Layout) -> tuple[int, int]:
    found = [layout.columns[name].required for name in header.positions]
    return sum(found), len(found)


def _read_header(grid: Grid, layout: Layout, start: int, rows: int) -> Header:
    block = grid.cells.iloc[start : start + rows]
    headings = _join_rows([[" ".join(cell.split()) for cell in row] for row in block.to_numpy().tolist()])
    positions: dict[str, tuple[int, ...]] = {}
    for name, column in layout.columns.items():
        found = tuple(place for place, heading in enumerate(headings) if heading and column.accepts(heading))
        positions |= {name: found} if found else {}
    return Header(int(block.index[-1]), headings, positions)


def _join_rows(rows: list[list[str]]) -> tuple[str, ...]:
    # A merged cell is blank but for its left one; its fill ends where a group of the rows above ends.
    upper: list[list[str]] = []
    for row in rows[:-1]:
        filled: list[str] = []
        for place, cell in enumerate(row):
            same_group = place > 0 and all(above[place] == above[place - 1] for above in upper)
            filled.append(cell or (filled[-1] if same_group and place else ""))
        upper.append(filled)
    levels = [*upper, rows[-1]]
    last_column = max((place for row in rows for place, cell in enumerate(row) if cell), default=-1)
    return tuple(
        " ".join(level[place] for level in levels if level[place]) if place <= last_column else ""
        for place in range(len(rows[0]))
    )


def _find_missing(grid: Grid, layout: Layout, header: Header) -> list[Problem]:
    used = {place for places in header.positions.values() for place in places}
    free = [heading for place, heading in enumerate(header.headings) if heading and place not in used]
    missing = [name for name, column in layout.columns.items() if column.required and name not in header.positions]
    return [_say_missing(grid, header, layout.columns[name].headings or (name,), free) for name in missing]


def _say_missing(grid: Grid, header: Header, wanted: tuple[str, ...], free: list[str]) -> Problem:
    simple = {simplify_text(heading): heading for heading in free}
    near = [simple[match] for name in wanted for match in get_close_matches(simplify_text(name), simple, 1, 0.6)]
    action = (
        f"Похожий заголовок в файле: «{near[0]}»; напишите вместо него «{wanted[0]}»."
        if near
        else f"Добавьте столбец с заголовком «{wanted[0]}»."
    )
    return Problem(
        Severity.ERROR,
        grid.file,
        "обязательного столбца нет",
        action,
        sheet=grid.sheet,
        row=header.row,
        column=wanted[0],
    )


def _find_doubled(grid: Grid, header: Header) -> list[Problem]:
    places: dict[str, set[int]] = defaultdict(set)
    for name, positions in header.positions.items():
        places[name].update(positions)
    return [
        Problem(
            Severity.ERROR,
            grid.file,
            "ожидался один столбец с таким смыслом, а их несколько",
            "Оставьте один столбец, остальные удалите или назовите иначе.",
            sheet=grid.sheet,
            row=header.row,
            column=", ".join(header.headings[place] for place in sorted(positions)),
        )
        for positions in places.values()
        if len(positions) > 1
    ]


def _find_cells_outside(grid: Grid, header: Header) -> list[Problem]:
    bare = [place for place, heading in enumerate(header.headings) if not heading]
    cells = grid.cells.loc[header.row + 1 :].iloc[:, bare]
    filled = cells[(cells != "").any(axis=1)]
    # In CSV an unquoted comma in a number shifts the cells to the right: values would land under wrong headings.
    severity = Severity.WARNING if grid.sheet else Severity.ERROR
    return [
        Problem(
            severity,
            grid.file,
            "ожидались значения только под заголовками",
            "Проверьте, не разделила ли строку лишняя запятая или точка с запятой, или удалите лишнее значение.",
            sheet=grid.sheet,
            row=row,
            value=", ".join(text for text in texts if text),
        )
        for row, texts in zip(filled.index.tolist(), filled.to_numpy().tolist(), strict=True)
    ]


def _find_unused(grid: Grid, header: Header) -> list[Problem]:
    used = {place for places in header.positions.values() for place in places}
    return [
        Problem(
            Severity.WARNING,
            grid.file,
            "такого столбца раскладка не знает, он не учтён",
            "Проверьте заголовок; если столбец не нужен, ничего делать не надо.",
            sheet=grid.sheet,
            row=header.row,
            column=heading,
        )
        for place, heading in enumerate(header.headings)
        if heading and place not in used
    ]
