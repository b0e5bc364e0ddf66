"""Odd names, disks, streams and messages of the system: a run goes on, or stops with a Russian sentence.

Each is a command or a finished file; what could not be seen, or could not be a file on Windows, is looked for in it.
"""

import errno
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from builders_raw import HEADINGS, LAYOUTS, ROWS, build_raw, write_csv
from builders_step import make_step
from openpyxl import load_workbook

from effschool.base.problems import Severity, say_error, say_system, shorten_path
from effschool.base.storage import hold_folder
from effschool.intake.ingest import ingest_folder, read_contract, write_ingested
from effschool.report.workspace import load_region
from effschool.run.commands import main, parse_parameters
from effschool.run.stamps import explain_redo, write_stamp

ROOT = LAYOUTS.parent
REVERSED, NARROW, LONG = "\u202e", "\u200b", "Школа " + "ы" * 10_000
UNSEEN = re.compile("[\\x00-\\x08\\x0e-\\x1f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\ufeff]")
DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def name_schools(*names: str, municipality: str = "Район 1") -> list[str]:
    """Rows of the register: two schools of these names."""
    codes = ("027000", "270001")
    return [f"2020,{code},{name},{municipality},средняя,село,130," for code, name in zip(codes, names, strict=True)]


def run_forms(tmp_path: Path, raw: Path, **options: object) -> subprocess.CompletedProcess:
    """`make forms` in a process of its own, as a person starts it; further options are of `subprocess.run`."""
    command = [sys.executable, "-m", "effschool", "forms", "--year=2021", f"--data={raw}", f"--layouts={LAYOUTS}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), **options.pop("env", {})}
    whole = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, "env": environment} | options
    return subprocess.run([*command, f"--out={tmp_path / 'forms'}"], check=False, **whole)


def test_letters_nobody_sees_reach_no_table_and_no_message(tmp_path):
    rows = name_schools(f"Школа{NARROW} № 1\0{REVERSED}2", f"Ли\ufeffцей{REVERSED}")
    raw = build_raw(tmp_path / "raw", schools=rows, results=[f"2020,027000,ЕГЭ{REVERSED}х,русский,11,9,,,,,1,0,45"])
    got = ingest_folder(raw, LAYOUTS)
    write_ingested(got, tmp_path)
    names = read_contract(tmp_path)["schools"]["name"].tolist()
    assert [name.replace("\ufffd", "?") for name in names] == ["Школа № 1??2", "Лицей?"]
    texts = "".join(got.problems.to_csv()) + "".join(table.to_csv() for table in got.tables.values())
    assert not UNSEEN.search(texts)


def test_number_with_an_order_to_write_backwards_is_no_number(tmp_path):
    rows = ROWS["certificates"][0].replace(",9,", f",{REVERSED}91,")
    raw = build_raw(tmp_path / "raw", certificates=[rows, ROWS["certificates"][1]])
    got = ingest_folder(raw, LAYOUTS)
    assert got.tables["certificates"].empty
    assert got.problems["message"].str.contains("ожидалось целое число").any()


def test_region_that_is_called_backwards_is_not(tmp_path):
    (tmp_path / "region.yml").write_text(f"name: Край{REVERSED}йарК\n", encoding="utf-8")
    assert not UNSEEN.search(load_region(tmp_path / "region.yml").name)


def test_name_of_ten_thousand_letters_is_refused_in_a_short_sentence(tmp_path):
    got = ingest_folder(build_raw(tmp_path / "raw", schools=name_schools(LONG, "Школа Б")), LAYOUTS)
    errors = got.problems.loc[got.problems["severity"].eq(Severity.ERROR), "message"]
    (said,) = [message for message in errors if "знаков" in message]
    assert "строка 2, столбец «Наименование»" in said
    assert len(said) < 300


@pytest.mark.parametrize("name", ["CON", "NUL", "aux.", "com1 ", "lpt9...", "Ю" * 1_900])
def test_file_of_any_municipality_may_be_one_of_windows(tmp_path, name):
    raw = build_raw(tmp_path / "raw", schools=name_schools("А", "Б", municipality=name))
    done = run_forms(tmp_path, raw)
    assert done.returncode == 0, done.stderr.decode()
    paths = list((tmp_path / "forms").rglob("*.xlsx"))
    assert len(paths) == 2  # the form and the workbook of support
    for path in paths:
        assert not DEVICE.fullmatch(path.name)
        assert path.stem == path.stem.rstrip(". ")
        assert len(path.name.encode()) < 100
        assert all(len(sheet) <= 31 for sheet in load_workbook(path).sheetnames)


def build_unreadable(folder: Path) -> Path:
    """A raw folder with a right file whose name is in Windows-1251, which no UTF-8 holds."""
    raw = build_raw(folder)
    written = write_csv(folder / "social.csv", [HEADINGS["social"], *ROWS["social"]])
    (folder / "social").mkdir()
    os.rename(os.fsencode(written), os.fsencode(folder / "social") + b"/" + "форма.csv".encode("cp1251"))  # noqa: PTH104
    return raw


def test_file_name_that_is_not_utf8_is_spelt_and_the_file_read(tmp_path):
    raw = build_unreadable(tmp_path / "raw")
    got = ingest_folder(raw, LAYOUTS)
    (name,) = got.files.loc[got.files["file"].str.startswith("social"), "file"]
    assert name == "social/\\xf4\\xee\\xf0\\xec\\xe0.csv"
    assert len(got.tables["social"]) == 2
    write_ingested(got, tmp_path)
    assert run_forms(tmp_path, raw).returncode == 0


def test_stamp_of_a_file_whose_name_is_not_utf8_is_written_and_known_again(tmp_path):
    step = make_step(tmp_path)
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xef\xf0.csv"))
    odd.write_text("1", encoding="utf-8")
    whole = type(step)(**{**vars(step), "inputs": [*step.inputs, odd]})
    write_stamp(whole)
    assert not explain_redo(whole)
    assert shorten_path(odd, tmp_path) == "\\xef\\xf0.csv"


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
def test_disk_without_locks_is_said_and_does_not_stop_the_run(tmp_path, monkeypatch, capsys, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with hold_folder(tmp_path / "reports"):
        told = capsys.readouterr().err
    assert "не умеет блокировать файлы" in told
    assert "Errno" not in told


@pytest.mark.parametrize(
    "error",
    [
        OSError(number, os.strerror(number), "/secret/place/файл.csv")
        for number in (errno.EACCES, errno.ENOSPC, errno.EIO, errno.EROFS, errno.ESTALE, errno.ENOLCK, 250)
    ],
    ids=lambda error: str(error.errno),
)
def test_no_english_of_the_system_reaches_a_person(error):
    for told in (say_error(error), say_system(f"Тетрадь: {error} Ячейка 3.")):
        assert not re.search("[A-Za-z]{3,}", told.replace("/secret/place", "").replace("csv", ""))
        assert "файл.csv" in told


def test_command_that_the_system_stops_says_why_in_russian(tmp_path, capsys):
    raw = build_raw(tmp_path / "raw")
    options = ["--year=2021", f"--data={raw}", f"--layouts={LAYOUTS}", f"--out={tmp_path / ('о' * 200)}"]
    assert main(["forms", *options]) == 2
    told = capsys.readouterr().err
    assert "имя файла или путь слишком длинны" in told
    assert "Errno" not in told


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "cp1251"},
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    ],
    ids=["ascii", "cp1251", "C"],
)
def test_narrow_encoding_does_not_stop_a_command(tmp_path, environment):
    done = run_forms(tmp_path, build_raw(tmp_path / "raw", schools=name_schools("А≤", "Б", municipality="Район ≤ Ё")),
                     env=environment)  # fmt: skip
    assert done.returncode == 0, done.stderr
    coding = "cp1251" if environment.get("PYTHONIOENCODING") == "cp1251" else "utf-8"
    assert "Формы за 2021 год" in done.stdout.decode(coding)
    refused = run_forms(tmp_path, tmp_path / "≤ нет", env=environment)
    assert refused.returncode == 2
    assert "нет. Проверьте путь." in refused.stderr.decode(coding)


def test_nobody_who_listens_does_not_stop_a_command(tmp_path):
    raw = build_raw(tmp_path / "raw")
    reader, writer = os.pipe()
    os.close(reader)
    for options in ({"stdout": writer}, {"stdout": None, "preexec_fn": lambda: os.close(1)}):
        done = run_forms(tmp_path, raw, **options)
        assert (done.returncode, done.stderr) == (0, b"")
    os.close(writer)


@pytest.mark.parametrize("value", ["[", "'", "[" * 5_000], ids=["open", "quote", "deep"])
def test_parameter_that_is_no_value_is_refused(value):
    with pytest.raises(ValueError, match="значение не читается"):
        parse_parameters(f"orientation={value}")


SPOILED = [b"[]", b"null", b"{", b"\xff", b'{"causes": [], "outputs": []}', b'{"causes": {"inputs": 5}, "outputs": {}}',
           b'{"causes": {"inputs": {"a": 1e999}}, "outputs": {}}', b"[" * 100_000, b"9" * 100_000]  # fmt: skip


@pytest.mark.parametrize("content", SPOILED, ids=range(len(SPOILED)))
def test_stamp_changed_by_hand_counts_as_none(tmp_path, content):
    step = make_step(tmp_path)
    write_stamp(step)
    step.stamp.write_bytes(content)
    assert explain_redo(step) == "прежнего результата нет"
