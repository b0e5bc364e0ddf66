"""Time and memory of reading large protocols beside the bare readers, each in a process of its own (make bench)."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
from openpyxl import Workbook
from pyarrow import csv
from python_calamine import CalamineWorkbook

from effschool.ingest import Sent, read_file
from effschool.layouts import load_layouts
from effschool.thresholds import load_register

ROOT = Path(__file__).parents[1]
ROWS = {"xlsx": 300_000, "csv": 6_000_000}
BARE = {"xlsx": "python-calamine", "csv": "pyarrow"}
TURNS = 3
HEADINGS = ("№", "Код ОО", "Класс", "Фамилия", "Имя", "Номер документа", "Код предмета", "Предмет")
RESULTS = ("Первичный балл", "Отметка", "Статус")


def draw_pupils(rows: int, schools: int) -> pa.Table:
    """Invented pupils in the order of schools, two subjects each, every fiftieth absent."""
    rng = np.random.default_rng(2018)
    number = np.arange(rows)
    pupil, subject = number // 2, number % 2
    school = (pupil * schools) // max(rows // 2, 1)
    score = rng.integers(0, 34, rows)
    absent = rng.random(rows) < 0.02
    columns = [
        number + 1,
        np.char.zfill((100_000 + school).astype(str), 6),
        np.array(["9А", "9Б", "9В"])[pupil % 3],
        np.char.add("Участник", (pupil % 100_000).astype(str)),
        np.full(rows, "Имя"),
        (1_000_000 + pupil).astype(str),
        subject + 1,
        np.array(["1 - Русский язык", "2 - Математика"])[subject],
        score,
        np.clip(score // 8 + 2, 2, 5),
        np.where(absent, "Не явился", "Действующий"),
    ]
    return pa.table({name: pa.array(column) for name, column in zip((*HEADINGS, *RESULTS), columns, strict=True)})


def write_protocols(folder: Path) -> dict[str, Path]:
    """The two files."""
    paths = {kind: folder / f"ОГЭ 2023.{kind}" for kind in ROWS}
    csv.write_csv(draw_pupils(ROWS["csv"], 40_000), paths["csv"], csv.WriteOptions(delimiter=";"))
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Протокол")
    pupils = draw_pupils(ROWS["xlsx"], 2_000)
    sheet.append(pupils.column_names)
    for row in zip(*(column.to_pylist() for column in pupils.columns), strict=True):
        sheet.append(row)
    book.save(paths["xlsx"])
    return paths


def read_bare(path: Path) -> int:
    """Rows of a file by the reader alone."""
    if path.suffix == ".csv":
        return csv.read_csv(path, parse_options=csv.ParseOptions(delimiter=";")).num_rows
    return len(CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()) - 1


def read_protocol(path: Path) -> int:
    """Participants of a file, read by its layout."""
    layouts = tuple(layout for layout in LAYOUTS if layout.match_name(path.name) is not None)
    (taken,) = read_file(Sent(path, path.name, layouts), REGISTER)
    assert taken.is_accepted, [problem.message for problem in taken.problems]
    return taken.rows


LAYOUTS = load_layouts(ROOT / "layouts")
REGISTER = load_register(ROOT / "methodologies" / "thresholds.yml")
READERS: dict[str, Callable[[Path], int]] = {"bare": read_bare, "protocol": read_protocol}


def measure(reader: str, path: Path) -> None:
    """Read once and print seconds, peak memory in GiB and what was counted."""
    started = time.perf_counter()
    rows = READERS[reader](path)
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, rows]))


def run(reader: str, path: Path) -> list[float]:
    command = [sys.executable, __file__, reader, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report_reading() -> None:
    with tempfile.TemporaryDirectory() as name:
        for kind, path in write_protocols(Path(name)).items():
            # By turns, the best of each: other work on the machine falls on both alike.
            turns = [(run("bare", path), run("protocol", path)) for _ in range(TURNS)]
            bare, own = (min(turn[place] for turn in turns) for place in (0, 1))
            print(f"{path.name}, {ROWS[kind]:,} строк, {path.stat().st_size / 2**20:.0f} МиБ".replace(",", " "))
            print(f"{f'  {BARE[kind]} один':<40}{bare[0]:8.2f} с, на пике {bare[1]:.2f} ГиБ")
            print(f"{'  протокол по макету':<40}{own[0]:8.2f} с, на пике {own[1]:.2f} ГиБ, участников {own[2]:.0f}")
            print(f"{'  во сколько раз дольше':<40}{own[0] / bare[0]:8.2f}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        report_reading()
