"""Time and memory of reading large protocols beside the bare readers, each in a process of its own (make bench)."""

import json
import re
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

from effschool.intake.ingest import Sent, read_file
from effschool.intake.layouts import load_layouts
from effschool.method.thresholds import load_register

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


def read_bounded(path: Path) -> int:
    """Rows of a text by pyarrow's reader that does not hold the whole file; the other one needs more than 2 GiB."""
    return sum(batch.num_rows for batch in csv.open_csv(path, parse_options=csv.ParseOptions(delimiter=";")))


def read_protocol(path: Path) -> int:
    """Participants of a file, read by its layout."""
    layouts = tuple(layout for layout in LAYOUTS if layout.match_name(path.name) is not None)
    (taken,) = read_file(Sent(path, path.name, layouts), REGISTER)
    assert taken.is_accepted, [problem.message for problem in taken.problems]
    return taken.rows


LAYOUTS = load_layouts(ROOT / "layouts")
REGISTER = load_register(ROOT / "methodologies" / "thresholds.yml")
READERS: dict[str, Callable[[Path], int]] = {"bare": read_bare, "bounded": read_bounded, "protocol": read_protocol}


def measure(reader: str, path: Path) -> None:
    """Read once and print seconds, peak memory in GiB and what was counted."""
    started = time.perf_counter()
    rows = READERS[reader](path)
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, read_peak(), rows]))


def read_peak() -> float:
    """Peak of this process in GiB; getrusage would give that of the process that started it, where it is higher."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return int(re.search(r"VmHWM:\s+(\d+)", status.read_text(encoding="ascii"))[1]) / 2**20


def run(reader: str, path: Path) -> list[float]:
    command = [sys.executable, __file__, reader, str(path)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def report_reading() -> None:
    with tempfile.TemporaryDirectory() as name:
        for kind, path in write_protocols(Path(name)).items():
            readers = [reader for reader in READERS if reader != "bounded" or kind == "csv"]
            # By turns, the best of each: other work on the machine falls on all alike.
            turns = [[run(reader, path) for reader in readers] for _ in range(TURNS)]
            best = {reader: min(turn[place] for turn in turns) for place, reader in enumerate(readers)}
            print(f"{path.name}, {ROWS[kind]:,} строк, {path.stat().st_size / 2**20:.0f} МиБ".replace(",", " "))
            for reader, (seconds, peak, _) in best.items():
                ratio = best["protocol"][0] / seconds
                title = TITLES[reader].format(BARE[kind])
                print(f"  {title:<46}{seconds:8.2f} с, на пике {peak:.2f} ГиБ, протокол дольше в {ratio:.2f} раза")


TITLES = {"bare": "{} один", "bounded": "{} один, по частям", "protocol": "протокол по макету"}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        report_reading()
