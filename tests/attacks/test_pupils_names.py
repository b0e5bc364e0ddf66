"""Attack on all that a run writes: names and documents of pupils, planted wherever a file of pupils has room."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from builders_office import save_book
from builders_raw import LAYOUTS

from effschool.intake.ingest import ingest_folder
from effschool.intake.layouts import load_layouts
from effschool.report.workspace import Workspace

WHOLE = ["№", "Код ОО", "Предмет", "Код участника", "Фамилия", "Имя", "Отчество", "Класс", "Пол"]
WHOLE += ["Статус участника", "Категория участника", "Явка", "Первичный балл", "Тестовый балл", "Апелляция", "Попытка"]
WHOLE += ["Примечание"]
YEAR = 2023
LETTERS = "бвгджзклмнпрстфхцчшщ"


def name_person(number: int) -> str:
    """A person who is found in no list of names, another one for every place: «Цукербвова Эвбвина Олеговна»."""
    first, second = LETTERS[number % len(LETTERS)], LETTERS[number // len(LETTERS)]
    return f"Цукер{first}{second}ова Эв{first}{second}ина Олеговна"


def name_document(number: int) -> str:
    return f"739-{number:03}-826 41"


def fill(number: int, code: str, subject: str) -> list:
    """A pupil whom the layout takes."""
    who = [number, code, subject, f"{code}{number:03}", "Ф", "И", "О", "11А", "Ж"]
    return [*who, "Действующий", "Выпускник текущего года", "да", 30, 60 + number, "отклонена", "1", ""]


def lay_protocol(raw: Path, place: str, planted: str, code: str, subject: str) -> None:
    """A protocol with something planted in a cell of one column or in another place."""
    heading, rows = list(WHOLE), [fill(number, code, subject) for number in range(10)]
    if place in WHOLE:
        rows[4][WHOLE.index(place)] = planted
    rows += [[planted]] if place == "строка внизу" else []
    rows[4] = [planted, *rows[4][:-1]] if place == "сдвиг" else rows[4]
    heading[-1] = planted if place == "заголовок" else heading[-1]
    above = [] if place == "без шапки" else [[f"ЕГЭ {YEAR}" + f" {planted}" * (place == "название")], heading]
    rows[0][4] = planted if place == "без шапки" else rows[0][4]
    name = f"протокол {planted if place == 'файл' else place}.xlsx"
    book = save_book(raw / name, {planted if place == "лист" else "Лист1": [*above, *rows]})
    if place == "архив":
        with zipfile.ZipFile(raw / f"протоколы {planted}.zip", "w") as archive:
            archive.write(book, f"{planted}/протокол {planted}.xlsx")
        book.unlink()


PLACES = [*WHOLE, "файл", "лист", "архив", "название", "строка внизу", "сдвиг", "заголовок", "без шапки"]
TAKEN = ["Код участника", "Фамилия", "Имя", "Отчество", "Примечание", "файл", "лист", "архив"]
SUBJECTS = ["химия", "физика", "биология", "история", "география", "литература", "обществознание", "китайский язык"]


def run_report(root: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A run as the user has it; its temporary folder is looked into as well."""
    (folder / "tmp").mkdir()
    options = {name: folder / name for name in ("raw", "processed", "reports")}
    options["data"] = options.pop("raw")
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "effschool", "report", *words, "--layouts", str(root / "layouts"), "--jobs", "1"]
    environment = os.environ | {"TMPDIR": str(folder / "tmp")}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=500)


def read_written(folder: Path) -> Iterator[tuple[str, str]]:
    """Name and text of everything below a folder, parts of archives, workbooks and documents too."""
    for path in sorted(folder.rglob("*")):
        yield f"{path} (имя)", str(path.relative_to(folder))
        if path.is_file():
            yield from read_parts(str(path), path.read_bytes())


def read_parts(name: str, content: bytes) -> Iterator[tuple[str, str]]:
    if content.startswith(b"PK\3\4"):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            for part in archive.namelist():
                yield f"{name}/{part} (имя)", part
                yield from read_parts(f"{name}/{part}", archive.read(part))
    elif content.startswith(b"PAR1"):
        yield name, pd.read_parquet(BytesIO(content)).to_csv() + str(pq.read_schema(BytesIO(content)).metadata)
    else:
        text = content.decode("utf-8", errors="ignore")
        # Notebooks and tables for other programs may write Cyrillic letters as \\u0426.
        yield name, re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text)


def find_planted(texts: Iterator[tuple[str, str]], planted: list[str]) -> list[tuple[str, str]]:
    """Where a planted word stands: of a person the surname and the first name, of a document its digits."""
    words = {word for text in planted for word in (re.findall(r"Цукер\w+|Эв\w+|739-\d{3}-826", text))}
    pattern = re.compile("|".join(sorted(words)))
    return [(name, found[0]) for name, text in texts if (found := pattern.search(text))]


@pytest.fixture
def raw(demo: Workspace, demo_raw: Path, tmp_path: Path) -> tuple[Path, str]:
    """The tiny region as a raw folder of its own, and the code of a school of it."""
    for path in demo_raw.rglob("*"):
        if path.is_file():
            target = tmp_path / "raw" / path.relative_to(demo_raw)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.hardlink_to(path)
    return tmp_path / "raw", demo.identified.schools.query(f"year == {YEAR}")["school_id"].iloc[0]


def attack(root: Path, raw: tuple[Path, str], cases: dict[str, str], subjects: list[str]) -> str:
    """A run with something planted in each of the places; what the console said. Nothing planted is found anywhere.

    Args:
        cases: what is planted, by place.
        subjects: of the files, in the order of the places.
    """
    for (place, planted), subject in zip(cases.items(), subjects, strict=True):
        lay_protocol(raw[0], place, planted, raw[1], subject)
    folder = raw[0].parent
    done = run_report(root, folder)
    written = [found for name in ("processed", "reports", "tmp") for found in read_written(folder / name)]
    assert any(name.endswith(".ipynb") for name, _ in written), done.stdout + done.stderr
    told = done.stdout + done.stderr
    assert not find_planted([*written, ("консоль", told)], list(cases.values())), told
    return told


@pytest.mark.parametrize("name", [name_person, name_document])
def test_refused_files_leave_no_pupil_behind(root, raw, name):
    cases = {place: name(number) for number, place in enumerate(PLACES)}
    told = attack(root, raw, cases, ["китайский язык"] * len(cases))
    assert len(set(re.findall(r"протокол [^.»]*\.xlsx», лист", told))) >= 10
    assert "Прогон остановлен" in told


@pytest.mark.parametrize("name", [name_person, name_document])
def test_taken_files_leave_no_pupil_behind(root, raw, name):
    cases = {place: name(number) for number, place in enumerate(TAKEN)}
    told = attack(root, raw, cases, SUBJECTS)
    results = pd.read_parquet(raw[0].parent / "processed" / "contract" / "results.parquet")
    assert set(SUBJECTS) <= set(results["subject"]), told
    assert list((raw[0].parent / "reports").rglob("*.html"))


NAME, DOCUMENT = "Крокозяббижонов", "917-641-253 77"
TITLES = [NAME, f"Биология Учитель: {NAME}", f"История, предмет {DOCUMENT}"]
OWN = """layouts:
  - id: own
    title: Свой протокол
    partial: true
    files: ["*.xlsx"]
    fields:
      subject: {title: предмет, others: OTHERS, pattern: 'предмет:?\\s+(\\S.*)', values: {физика: физика}}
    columns:
      school_id: {headings: [ОО], required: true}
      year: {headings: [Год], required: true}
      document: {headings: [Код], required: true}
      mark: {headings: [Отметка], required: true}
    gives:
      - table: results
        constants: {procedure: ВПР, grade: 7}
        pupils: {key: [school_id, document], limits: {mark: [2, 5]}, counts: {mark_2: {column: mark, equals: 2}}}
"""


@pytest.mark.parametrize("others", ["keep", "tell", "refuse"])
def test_layout_of_ones_own_lets_no_name_in_either(tmp_path, others):
    path = tmp_path / "own.yml"
    path.write_text(OWN.replace("OTHERS", others), encoding="utf-8")
    (layout,) = load_layouts(tmp_path)
    assert layout.fields["subject"].column.others == "refuse"
    assert layout.fields["subject"].others == "refuse"


PROTOCOLS = {
    "отметка": (["ОГЭ 2021"], ["Код ОО", "Предмет", "Код участника", f"{NAME} отметка", "Пол"], "химия"),
    "неявка": (
        ["ВПР 2021. 5 класс. Предмет: биология"],
        ["ОО", "Код участника", "Отметка", f"Причина неявки {NAME}"],
        "",
    ),
}


def tell_all(folder: Path) -> str:
    """All that the program keeps and says of a folder."""
    ingested = ingest_folder(folder, LAYOUTS)
    frames = [*ingested.tables.values(), ingested.problems, ingested.files]
    return "".join(frame.to_csv() for frame in frames)


@pytest.mark.parametrize("title", TITLES)
def test_title_of_a_work_names_a_known_subject_or_the_file_is_refused(tmp_path, title):
    rows = [["ВПР 2021. 5 класс"], [f"Предмет: {title}"], ["Ф1 Индивидуальные результаты"]]
    rows += [["ОО", "Код участника", "Первичный балл", "Отметка"]]
    rows += [[f"edu10046{number % 9}", str(number), 10, 3 + number % 3] for number in range(20)]
    save_book(tmp_path / "Ф1.xlsx", {"Лист1": rows})
    told = tell_all(tmp_path)
    assert "с предметом, который есть в макете" in told
    assert not [word for word in (NAME, DOCUMENT, "253 77") if word in told]


@pytest.mark.parametrize(
    ("kind", "told"), [("отметка", "… отметка (столбец D)"), ("неявка", "Причина неявки … (столбец D)")]
)
def test_heading_is_told_by_its_known_words_and_its_letter(tmp_path, kind, told):
    title, headings, subject = PROTOCOLS[kind]
    filled = [[f"edu10046{number % 9}", str(number), 4, "нет"] for number in range(20)]
    marked = [[f"10046{number % 9}", subject, str(number), 7, "ж"] for number in range(20)]
    rows = [title, ["Ф1 Индивидуальные результаты"] * (not subject), headings, *(marked if subject else filled)]
    save_book(tmp_path / "протокол.xlsx", {"Лист1": [row for row in rows if row]})
    said = tell_all(tmp_path)
    assert told in said
    assert NAME not in said
