"""Files made to stop a run or to fill the memory: each is refused in a sentence, and the others are read as ever.

Every folder holds right tables beside the hostile one; it is read in a process whose memory is bounded, so that what
would have eaten the machine ends there.
"""

import io
import json
import re
import subprocess
import sys
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
import xlrd
from builders_raw import HEADINGS, LAYOUTS, ROWS, build_raw, split
from openpyxl import Workbook

from effschool.base.problems import UnreadableFileError
from effschool.intake import workbooks

LIBRARY = LAYOUTS.parent / "lib"
MEMORY = 2 << 30
SECONDS = 60
READ = f"""
import json, resource, sys
from pathlib import Path
from effschool.intake.ingest import ingest_folder
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY}))
got = ingest_folder(Path(sys.argv[1]), Path(sys.argv[2]))
states = dict(zip(got.files["file"], got.files["status"]))
told = got.problems.loc[got.problems["severity"].eq("ошибка"), "message"].tolist()
print(json.dumps([states, told]))
"""
SOCIAL = split(HEADINGS["social"], *ROWS["social"])


def read_bounded(raw: Path) -> tuple[dict[str, str], str]:
    """State of every file, and the errors as one text; the process may not take more than its memory and time."""
    command = [sys.executable, "-c", READ, str(raw), str(LAYOUTS)]
    environment = {"PYTHONPATH": str(LIBRARY), "PATH": "", "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    states, told = json.loads(done.stdout)
    return states, "\n".join(told)


def refuse(raw: Path, name: str) -> str:
    """What is said of the file, after it was seen that it alone is refused."""
    states, told = read_bounded(raw)
    assert states.pop(name) == "не принят", told
    assert set(states.values()) == {"принят"}
    (line,) = [line for line in told.splitlines() if f"«{name}" in line]
    assert "Errno" not in line
    assert line.endswith(".")
    return line


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Right tables but the form of social conditions."""
    folder = build_raw(tmp_path / "raw")
    (folder / "social.csv").unlink()
    return folder


def save_form(path: Path, **cells: object) -> Path:
    book = Workbook()
    for row in SOCIAL:
        book.active.append(row)
    for place, value in cells.items():
        book.active[place] = value
    book.save(path)
    return path


def change_parts(path: Path, change, name: str = "sheet1.xml") -> None:
    """Rewrite the parts of a workbook whose name ends so."""
    with zipfile.ZipFile(path) as book:
        parts = {part: book.read(part) for part in book.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        for part, content in parts.items():
            book.writestr(part, change(content) if part.endswith(name) else content)


NAMES = " ".join(
    f'xmlns:{short}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for short, name in {"office": "office", "table": "table", "text": "text"}.items()
)


MANIFEST = '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def save_ods(path: Path, rows: str, before: str = "") -> None:
    told = "".join(f"<table:table-row>{''.join(map(write_ods, row))}</table:table-row>" for row in SOCIAL)
    table = f'<table:table table:name="Лист">{told}{rows}</table:table>'
    body = f"<office:body><office:spreadsheet>{table}</office:spreadsheet></office:body>"
    content = f"{before}<office:document-content {NAMES}>{body}</office:document-content>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        book.writestr("META-INF/manifest.xml", MANIFEST)
        book.writestr("content.xml", content)


def write_ods(text: str, options: str = "") -> str:
    return f'<table:table-cell office:value-type="string"{options}><text:p>{text}</text:p></table:table-cell>'


REPEATED = ' table:number-columns-repeated="9999999"'


@pytest.mark.parametrize("place", ["C1048576", "XFD2", "ZZ1048576", "Z99999"])
def test_cell_far_off_refuses_that_form_alone(raw, place):
    save_form(raw / "social.xlsx", **{place: "х"})
    said = refuse(raw, "social.xlsx")
    assert "лист занимает" in said
    assert "заполнено 43" in said or "заполнено 42" in said


def test_what_a_sheet_says_of_its_size_and_cells_without_values_do_not_matter(raw):
    path = save_form(raw / "social.xlsx")
    change_parts(path, lambda sheet: sheet.replace(b'ref="A1:N3"', b'ref="A1:XFD1048576"').replace(
        b"</sheetData>", b'<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'))  # fmt: skip
    assert read_bounded(raw)[0]["social.xlsx"] == "принят"


def test_sheet_with_nothing_but_settings_is_read(raw):
    book = Workbook()
    for row in SOCIAL:
        book.active.append(row)
    book.create_sheet("Пустой").page_setup.paperSize = 9
    book.save(raw / "social.xlsx")
    change_parts(raw / "social.xlsx", lambda sheet: re.sub(rb"<sheetView.*</sheetViews>", b"", sheet), "sheet2.xml")
    assert read_bounded(raw)[0]["social.xlsx"] == "принят"


@pytest.mark.parametrize(
    "rows",
    [
        f'<table:table-row table:number-rows-repeated="1048000"/><table:table-row>{write_ods("х")}</table:table-row>',
        f'<table:table-row><table:table-cell table:number-columns-repeated="16383"/>{write_ods("х")}</table:table-row>',
        f'<table:table-row table:number-rows-repeated="99999999999">{write_ods("х", REPEATED)}</table:table-row>',
    ],
    ids=["down", "right", "repeated"],
)
def test_cell_far_off_or_repeated_refuses_that_ods_alone(raw, rows):
    save_ods(raw / "social.ods", rows)
    assert "лист занимает" in refuse(raw, "social.ods")


def test_blank_end_of_an_ods_is_no_used_range(raw):
    save_ods(raw / "social.ods", '<table:table-row table:number-rows-repeated="1048000"><table:table-cell/>'
             "</table:table-row>")  # fmt: skip
    assert read_bounded(raw)[0]["social.ods"] == "принят"


def test_cell_far_off_in_an_old_workbook_is_refused():
    sheet = xlrd.sheet.Sheet.__new__(xlrd.sheet.Sheet)
    sheet.name, sheet.nrows, sheet._cell_values = "Лист", 65536, [[1]] * 65535 + [[1] * 256]
    sheet.ragged_rows = True
    with pytest.raises(UnreadableFileError, match="65536 строк и 256 столбцов, где заполнено"):
        workbooks._open_xls_sheet(None, sheet, "a.xls")


HEAD = "\n".join([HEADINGS["social"], *ROWS["social"], ""])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (lambda: HEAD + "," * 1_000_000, "строка 4: .*1 000 000 знаков"),
        (lambda: HEADINGS["social"] + "".join(f",с{n}" for n in range(1_000_000)) + "\n", "строка 1: .*знак"),
        (lambda: HEAD + "1" + "," * 5_000 + "х\n", "лист занимает 4 строк и 5001 столбцов"),
        (lambda: HEAD + "аб " * 20_000_000, "строка 4: .*60 000 000 знаков"),
        (lambda: HEAD + "а," * 20_000_000, "строка 4: .*40 000 000 знаков"),
        (lambda: HEAD + '2020,"' + "а\n" * 20_000_000 + '",2\n', "кавычки в тексте не закрыты"),
        (lambda: "а" * 30_000_000, "строка 1: .*знак"),
    ],
    ids=["blank columns", "columns", "far right", "line", "line of cells", "cell", "nothing but a line"],
)
def test_text_too_wide_or_too_long_is_refused_by_its_row(raw, content, expected):
    (raw / "social.csv").write_text(content(), encoding="utf-8")
    said = " ".join(refuse(raw, "social.csv").split())
    assert re.search(expected, said), said


ENTITIES = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise("abcdefghi"))
LAUGHS = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "хахахахаха">{ENTITIES}]>'


def test_entities_that_grow_do_not_fill_the_memory(raw):
    save_ods(raw / "social.ods", f"<table:table-row>{write_ods('&i;')}</table:table-row>", LAUGHS)
    assert "повреждён" in refuse(raw, "social.ods")


def test_entities_of_a_workbook_do_not_fill_the_memory(raw):
    path = save_form(raw / "social.xlsx", D2="HERE")
    change_parts(path, lambda part: LAUGHS.encode() + part.replace(b"HERE", b"&i;"), ".xml")
    assert "повреждён" in refuse(raw, "social.xlsx")


def test_workbook_that_unpacks_a_thousandfold_is_refused(raw):
    path = save_form(raw / "social.xlsx")
    change_parts(path, lambda sheet: sheet + b" " * (150 << 20))
    assert "распаковывается в 150 МБ" in refuse(raw, "social.xlsx")


def test_archives_in_an_archive_are_refused_before_they_fill_the_disk(raw, tmp_path):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("social.csv", b"0" * (150 << 20))
    with zipfile.ZipFile(raw / "формы.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.zip", inner.getvalue())
    assert "распаковывается" in refuse(raw, "формы.zip")


BOMB = "a: &a [х, х, х, х, х, х, х, х, х, х]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in pairwise("abcdefghi")
)
RULES = {
    "aliases": (BOMB, "ссылки"),
    "itself": ("a: &a [*a]\n", "ссылки"),
    "deep": ("a: " + "[" * 5_000 + "]" * 5_000, "больше 30 уровней"),
    "large": ("a: " + "х" * 50_000_000, "больше 5 МБ"),
    "digits": ("name: " + "9" * 5_000, "region.yml"),
    "letters": ("name: Край\0", "недопустимые знаки"),
}
LOAD = {
    "region.yml": "from effschool.report.workspace import load_region as load",
    "corrections.yml": "from effschool.intake.corrections import load_corrections\n"
    "load = lambda p: load_corrections(p, {})",
    "a.yml": "from effschool.method.methodology import load_methodology as load",
    "layouts/a.yml": "from effschool.intake.layouts import load_layouts\nload = lambda p: load_layouts(p.parent)",
    "layouts/rules/plausible.yml": "from effschool.intake.plausibility_rules import load_rules\n"
    "load = lambda p: load_rules(p.parents[1])",
    "thresholds.yml": "from effschool.method.thresholds import load_register as load",
    "vpr_borders.yml": "from effschool.doubt.borders import load_borders as load",
    "schools.yml": "from effschool.report.comments import load_comments as load",
    "municipal.yml": "from effschool.forms.template import load_form as load",
}
TRY = """
import resource, sys
from pathlib import Path
from effschool.base.configuration import ConfigurationError
{imports}
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
for path in map(Path, sys.argv[1:]):
    try:
        load(path)
        print("OK")
    except ConfigurationError as error:
        print(str(error).replace(chr(10), " "))
"""


@pytest.mark.parametrize("name", LOAD)
def test_hostile_rules_are_refused_by_name_in_bounded_memory(tmp_path, name):
    paths = [tmp_path / kind / name for kind in RULES]
    for path, (content, _) in zip(paths, RULES.values(), strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    program = TRY.format(imports=LOAD[name], memory=MEMORY)
    environment = {"PYTHONPATH": str(LIBRARY), "PATH": "", "PYTHONIOENCODING": "utf-8", "OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-c", program, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    told = done.stdout.splitlines()
    for said, (kind, (_, expected)) in zip(told, RULES.items(), strict=True):
        assert Path(name).name in said or (kind, name) == ("digits", "region.yml"), said
        assert kind == "digits" or expected in said
        assert len(said) < 20_000


def test_size_that_an_archive_lies_about_does_not_count(raw):
    with zipfile.ZipFile(raw / "формы.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("social.csv", b"0" * (150 << 20))
    content = bytearray((raw / "формы.zip").read_bytes())
    directory = content.rfind(b"PK\x01\x02")
    for place in (directory + 24, 22):
        content[place : place + 4] = (1000).to_bytes(4, "little")
    (raw / "формы.zip").write_bytes(bytes(content))
    assert "повреждён" in refuse(raw, "формы.zip")
