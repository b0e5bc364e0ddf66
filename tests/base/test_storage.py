import errno
import hashlib
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from effschool.base.storage import (
    drop_written,
    find_given,
    hash_file,
    hash_files,
    note_when_done,
    read_table,
    replace_when_done,
    write_table,
    write_text,
)


def test_failed_write_leaves_the_old_content_and_nothing_beside(tmp_path):
    path = tmp_path / "lists.csv"
    write_text("старое", path)
    with pytest.raises(RuntimeError, match="сбой"):
        write_half(path)
    assert path.read_text(encoding="utf-8") == "старое"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path):
    with replace_when_done(path) as beside:
        beside.write_text("полови", encoding="utf-8")
        raise RuntimeError("сбой")


def test_failed_first_write_leaves_no_file(tmp_path):
    frame = pd.DataFrame({"a": [1, "два"]})
    with pytest.raises(Exception, match="Conversion failed"):
        write_table(frame, tmp_path / "lists.parquet")
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_said_in_words(tmp_path, monkeypatch):
    def write_half(path, content):
        path.write_text("полови", encoding="utf-8")
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_bytes", write_half)
    with pytest.raises(OSError, match=r"кончилось место.*a\.txt"):
        write_text("новое", tmp_path / "a.txt")
    assert list(tmp_path.iterdir()) == []


def test_old_content_stays_whole_until_the_new_is_ready(tmp_path):
    path = tmp_path / "a.txt"
    write_text("старое", path)
    with replace_when_done(path) as beside:
        beside.write_text("новое", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "старое"
        assert beside.parent == path.parent
        assert beside.suffix == path.suffix
    assert path.read_text(encoding="utf-8") == "новое"
    assert list(tmp_path.iterdir()) == [path]


def kill_at_the_end(path, monkeypatch):
    """A file is ready, and the process ends before it has its name."""
    with monkeypatch.context() as killed:
        killed.setattr(Path, "replace", interrupt)
        with note_when_done(path) as beside:
            beside.write_text("новое", encoding="utf-8")


def interrupt(*_):
    raise KeyboardInterrupt


def test_what_is_written_is_noted_before_it_is_there(tmp_path, monkeypatch):
    path = tmp_path / "a.html"
    with pytest.raises(KeyboardInterrupt):
        kill_at_the_end(path, monkeypatch)
    assert not path.exists()
    path.write_text("новое", encoding="utf-8")
    assert drop_written(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_what_a_person_has_changed_since_is_set_aside(tmp_path):
    path = tmp_path / "a.html"
    with note_when_done(path) as beside:
        beside.write_text("новое", encoding="utf-8")
    path.write_text("правка", encoding="utf-8")
    assert drop_written(tmp_path) == [tmp_path / "a--правка-1.html"]
    assert (tmp_path / "a--правка-1.html").read_text(encoding="utf-8") == "правка"
    assert not path.exists()


def test_written_file_can_be_read_by_others(tmp_path):
    write_text("а", tmp_path / "a.txt")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_text_has_the_same_bytes_on_every_system(tmp_path):
    write_text("а\nб\n", tmp_path / "deep" / "a.txt")
    assert (tmp_path / "deep" / "a.txt").read_bytes() == "а\nб\n".encode()


def test_table_comes_back_as_it_was(tmp_path):
    frame = pd.DataFrame({"school_id": pd.Series(["007"], dtype="str"), "n": pd.array([None], dtype="Int64")})
    write_table(frame, tmp_path / "lists.parquet")
    assert_frame_equal(read_table(tmp_path, "lists"), frame)


def test_missing_table_is_said_with_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"Нет таблицы «lists».*Сначала выполните предыдущую тетрадь"):
        read_table(tmp_path, "lists")


def test_hashes_are_of_the_bytes_and_sorted_by_name(tmp_path):
    paths = [tmp_path / name for name in ("b.txt", "a.txt")]
    for path in paths:
        write_text(path.name, path)
    assert hash_file(paths[0]) == hashlib.sha256(b"b.txt").hexdigest()
    assert list(hash_files(paths, lambda path: path.name)) == ["a.txt", "b.txt"]


def test_a_path_of_the_workspace_is_found_from_the_folder_of_notebooks(tmp_path, monkeypatch):
    for folder in ("notebooks", "data/raw"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks")
    given = [Path("data/raw"), Path("../data/raw"), tmp_path / "data/raw", Path("data/none")]
    assert [find_given(path).exists() for path in given] == [True, True, True, False]
    (tmp_path / "notebooks/data/raw").mkdir(parents=True)
    assert find_given(Path("data/raw")) == Path("data/raw")


def test_folder_that_is_not_there_from_the_wrong_one_is_told_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path("../nowhere/processed")
    for act in (lambda: read_table(folder, "schools"), lambda: find_given(folder / "region.yml")):
        with pytest.raises(FileNotFoundError, match=r"nowhere/processed.*не*т.*--cwd notebooks"):
            act()
    with pytest.raises(FileNotFoundError, match="Нет таблицы"):
        read_table(tmp_path / "processed", "schools")
