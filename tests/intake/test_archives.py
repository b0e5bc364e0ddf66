import io
import struct
import zipfile
from pathlib import Path

import pytest
from builders_raw import HEADINGS, LAYOUTS, ROWS, build_raw

from effschool.intake import archives
from effschool.intake.archives import list_aliases, open_file
from effschool.intake.ingest import check_complete, ingest_folder


def pack_files(path: Path, files: dict[str, str | bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pack_bytes(files))
    return path


def pack_bytes(files: dict[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def pack_named(path: Path, name: str, encoding: str, content: str) -> Path:
    """An archive whose one name is in an old encoding, without the mark of UTF-8."""
    coded = name.encode(encoding)
    packed = pack_bytes({"x" * len(coded): content}).replace(b"x" * len(coded), coded)
    path.write_bytes(packed)
    return path


def write_table(table: str) -> str:
    return "\n".join([HEADINGS[table], *ROWS[table]])


def find(path: Path, tmp_path: Path) -> list:
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir(exist_ok=True)
    return open_file(path, path.name, unpacked)


def move_into_archive(raw: Path, table: str, name: str, inner: str) -> None:
    (raw / f"{table}.csv").unlink()
    pack_files(raw / name, {inner: write_table(table)})


@pytest.mark.parametrize(
    ("archive", "inner"),
    [
        ("results.zip", "results.csv"),
        ("От РЦОКО.ZIP", "2020/отправлено/results.csv"),
        ("данные.zip", "данные\\results.csv"),
    ],
)
def test_table_in_an_archive_is_read_as_from_a_folder(tmp_path, archive, inner):
    raw = build_raw(tmp_path / "raw")
    expected = ingest_folder(raw, LAYOUTS).tables["results"]
    move_into_archive(raw, "results", archive, inner)
    before = sorted(path.name for path in raw.rglob("*"))
    ingested = ingest_folder(raw, LAYOUTS)
    found = ingested.tables["results"]
    assert ingested.problems.empty
    assert set(found["source_file"]) == {f"{archive}/{inner}".replace("\\", "/")}
    assert found.drop(columns="source_file").equals(expected.drop(columns="source_file"))
    files = ingested.files.set_index("file")
    assert files.loc[f"{archive}/{inner}".replace("\\", "/"), "status"] == "принят"
    assert sorted(path.name for path in raw.rglob("*")) == before


def test_checksum_of_a_file_in_an_archive_is_that_of_the_file(tmp_path):
    raw = build_raw(tmp_path / "raw")
    (raw / "social.csv").write_text(write_table("social"), encoding="utf-8")
    by_file = dict(ingest_folder(raw, LAYOUTS).files[["file", "sha256"]].to_numpy().tolist())
    move_into_archive(raw, "social", "а.zip", "social.csv")
    packed = dict(ingest_folder(raw, LAYOUTS).files[["file", "sha256"]].to_numpy().tolist())
    assert packed["а.zip/social.csv"] == by_file["social.csv"]


def test_books_of_municipalities_may_come_as_one_archive(tmp_path):
    raw = build_raw(tmp_path / "raw")
    heading, *rows = HEADINGS["social"], *ROWS["social"]
    (raw / "social.csv").unlink()
    pack_files(raw / "social.zip", {f"Район {place}.csv": f"{heading}\n{row}" for place, row in enumerate(rows)})
    ingested = ingest_folder(raw, LAYOUTS)
    assert ingested.problems.empty
    assert ingested.tables["social"]["source_file"].tolist() == ["social.zip/Район 0.csv", "social.zip/Район 1.csv"]


@pytest.mark.parametrize("encoding", ["cp866", "utf-8", "cp1251"])
def test_russian_names_are_read_whatever_the_archiver(tmp_path, encoding):
    path = pack_named(tmp_path / "а.zip", "Район имени Лазо/Форма № 5, ёлка.csv", encoding, "1")
    (found,) = find(path, tmp_path)
    assert found.name == "а.zip/Район имени Лазо/Форма № 5, ёлка.csv"


def test_name_in_decomposed_letters_is_put_together(tmp_path):
    (found,) = find(pack_files(tmp_path / "а.zip", {"Раи\N{COMBINING BREVE}он.csv": "1"}), tmp_path)
    assert found.name == "а.zip/Район.csv"


def test_archive_in_an_archive_is_opened_down_to_a_depth(tmp_path):
    packed: bytes = b"1"
    name = "файл.csv"
    for depth in range(archives.DEEPEST):
        packed, name = pack_bytes({name: packed}), f"{depth}.zip"
    path = tmp_path / name
    path.write_bytes(packed)
    (found,) = find(path, tmp_path)
    assert found.name == "2.zip/1.zip/0.zip/файл.csv"
    (refused,) = find(pack_files(tmp_path / "3.zip", {name: packed}), tmp_path)
    assert "глубже" in refused.problem.message


@pytest.mark.parametrize(
    "name", ["../schools.csv", "/etc/schools.csv", "a/../../b.csv", "C:\\schools.csv", "..\\b.csv"]
)
def test_name_that_leads_out_of_the_archive_refuses_it_by_name(tmp_path, name):
    (found,) = find(pack_files(tmp_path / "а.zip", {name: "1"}), tmp_path)
    assert "а.zip" in found.problem.message
    assert name.replace("\\", "/") in found.problem.message
    assert not (tmp_path / "unpacked" / "b.csv").exists()
    assert not (tmp_path / "schools.csv").exists()


def encrypt(content: bytes) -> bytes:
    """Mark every file of an archive as encrypted, in both of its headers."""
    marked = bytearray(content)
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(sign)
        while at >= 0:
            (flags,) = struct.unpack_from("<H", marked, at + offset)
            struct.pack_into("<H", marked, at + offset, flags | 1)
            at = marked.find(sign, at + 4)
    return bytes(marked)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("а.zip", encrypt(pack_bytes({"a.csv": "1"})), "без пароля"),
        ("а.zip", pack_bytes({"a.csv": "1" * 5000})[:-40], "повреждён"),
        ("а.zip", b"", "повреждён"),
        ("а.zip", "просто текст".encode(), "повреждён"),
        ("а.zip", pack_bytes({}), "архив пуст"),
        ("а.zip", pack_bytes({"xl/workbook.xml": "<a/>"}), "книга Excel"),
        ("а.rar", b"Rar!\x1a\x07\x00", r"\(.rar\) не открываются"),
        ("а.7z", b"7z\xbc\xaf", r"\(.7z\) не открываются"),
        ("а.zip", pack_bytes({"б.rar": "Rar!"}), r"б.rar.*не открываются"),
    ],
    ids=["password", "damaged", "empty-file", "text", "no-files", "workbook", "rar", "7z", "rar-inside"],
)
def test_archive_that_cannot_be_opened_stops_the_run_by_name(tmp_path, name, content, expected):
    raw = build_raw(tmp_path / "raw")
    (raw / name).write_bytes(content)
    ingested = ingest_folder(raw, LAYOUTS)
    (problem,) = ingested.problems.to_dict("records")
    assert problem["severity"] == "ошибка"
    assert name in problem["file"]
    with pytest.raises(ValueError, match=expected):
        check_complete(ingested)


def test_damaged_content_is_noticed(tmp_path):
    content = bytearray(pack_bytes({"a.csv": "год " * 3000}))
    content[50] ^= 0xFF
    path = tmp_path / "а.zip"
    path.write_bytes(bytes(content))
    (found,) = find(path, tmp_path)
    assert "повреждён" in found.problem.message


def test_bomb_is_refused_before_anything_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "CHECKED_FROM", 1 << 20)
    (found,) = find(pack_files(tmp_path / "а.zip", {"a.csv": b"0" * (4 << 20)}), tmp_path)
    assert "распаковывается в 4 МБ" in found.problem.message
    assert list((tmp_path / "unpacked").iterdir()) == []


def test_size_and_number_count_over_nested_archives_together(tmp_path, monkeypatch):
    inner = pack_bytes({f"{number}.csv": "1" * 100 for number in range(3)})
    path = pack_files(tmp_path / "а.zip", {"1.zip": inner, "2.zip": inner})
    assert len(find(path, tmp_path)) == 6
    with monkeypatch.context() as patch:
        patch.setattr(archives, "MOST_FILES", 7)
        (refused,) = find(path, tmp_path)
        assert "больше 7" in refused.problem.message
    monkeypatch.setattr(archives, "LARGEST_ARCHIVE", 2 * len(inner) + 500)
    (refused,) = find(path, tmp_path)
    assert "распаковывается" in refused.problem.message


def test_workbook_is_no_archive(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(pack_bytes({"xl/workbook.xml": "<a/>"}))
    (found,) = find(tmp_path / "a.xlsx", tmp_path)
    assert found.path == tmp_path / "a.xlsx"
    assert found.problem is None


def test_hidden_files_of_an_archive_are_passed_over(tmp_path):
    raw = build_raw(tmp_path / "raw")
    files = {"__MACOSX/._results.csv": "x", ".DS_Store": "x", "results.csv": write_table("results")}
    (raw / "results.csv").unlink()
    pack_files(raw / "а.zip", files)
    assert ingest_folder(raw, LAYOUTS).problems.empty


def test_unknown_file_of_an_archive_is_named(tmp_path):
    raw = build_raw(tmp_path / "raw")
    pack_files(raw / "а.zip", {"письма/письмо.docx": "x"})
    ingested = ingest_folder(raw, LAYOUTS)
    assert ingested.problems["file"].tolist() == ["а.zip/письма/письмо.docx"]
    assert ingested.files.set_index("file").loc["а.zip/письма/письмо.docx", "status"] == "не узнан"


def test_same_table_beside_the_archive_and_in_it_is_told(tmp_path):
    raw = build_raw(tmp_path / "raw")
    pack_files(raw / "а.zip", {"results.csv": write_table("results")})
    ingested = ingest_folder(raw, LAYOUTS)
    assert {"results.csv", "а.zip/results.csv"} <= set(ingested.problems["file"])
    assert ingested.tables["results"].empty


def test_folders_round_a_file_do_not_matter_to_its_name():
    assert list_aliases("social.zip/а/б.xlsx") == ("social/а/б.xlsx", "а/б.xlsx", "б.xlsx")
