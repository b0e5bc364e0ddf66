"""What cannot be read in the folder of raw files is an error by name, never passed over (tests run as root too)."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from builders_raw import LAYOUTS, build_raw

from effschool.base import storage
from effschool.intake.ingest import ingest_folder
from effschool.run.plan import plan_stages
from effschool.run.stamps import list_causes


def list_errors(raw):
    problems = ingest_folder(raw, LAYOUTS).problems
    return dict(problems.loc[problems["severity"] == "ошибка", ["file", "message"]].itertuples(index=False))


@pytest.fixture
def raw(tmp_path):
    folder = build_raw(tmp_path / "raw")
    (folder / "social").mkdir()
    (folder / "social.csv").rename(folder / "social" / "social.csv")
    assert list_errors(folder) == {}
    return folder


LINKS = {
    "никуда": ("нет такого файла.csv", "ссылка никуда не ведёт"),
    "по кругу": ("по кругу", "ссылка никуда не ведёт"),
    "вовнутрь": ("social", "ссылка на папку"),
    "наружу": ("..", "ссылка на папку"),
    "region.yml": ("нет такого файла.yml", "ссылка никуда не ведёт"),
}


@pytest.mark.parametrize("name", LINKS)
def test_link_that_leads_to_no_file_is_an_error_by_name(raw, name):
    target, why = LINKS[name]
    (raw / name).symlink_to(target)
    ingested = ingest_folder(raw, LAYOUTS)
    assert f"«{name}»" in list_errors(raw)[name]
    assert why in list_errors(raw)[name]
    assert ingested.blocking == (name,)


def test_link_to_a_file_of_the_folder_is_read(raw):
    (raw / "schools.csv").rename(raw / ".schools.csv")
    (raw / "schools.csv").symlink_to(".schools.csv")
    assert list_errors(raw) == {}


def test_link_out_of_the_folder_is_an_error_by_name(raw, tmp_path):
    (tmp_path / "чужое.csv").write_text("чужое", encoding="utf-8")
    (raw / "ещё.csv").symlink_to(tmp_path / "чужое.csv")
    assert "ссылка ведёт за пределы папки данных, положите в неё сам файл" in list_errors(raw)["ещё.csv"]


def test_channel_is_an_error_by_name(raw):
    os.mkfifo(raw / "results 2.csv")
    assert "канал" in list_errors(raw)["results 2.csv"]


def test_hidden_names_stay_hidden(raw):
    (raw / "_архив").symlink_to("..")
    (raw / ".git").symlink_to("нет")
    assert list_errors(raw) == {}


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN])
@pytest.mark.parametrize("is_late", [False, True])
def test_folder_that_cannot_be_listed_is_an_error_by_name(raw, monkeypatch, code, is_late):
    """At once, as without rights, or in the midst of it, as of a share that has gone."""
    monkeypatch.setattr(os, "scandir", refuse_folder(raw / "social", code, is_late))
    errors = list_errors(raw)
    assert "«social»" in errors["social"]
    assert "папка не читается" in errors["social"]
    assert "подключите диск" in errors["social"]


def refuse_folder(folder: Path, code: int, is_late: bool):
    whole = os.scandir

    class Broken:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __iter__(self):
            return self

        def __next__(self):
            raise OSError(code, os.strerror(code), str(folder))

        close = __exit__

    def scan(path="."):
        if isinstance(path, int) or Path(path) != folder:
            return whole(path)
        if is_late:
            return Broken()
        raise OSError(code, os.strerror(code), str(folder))

    return scan


@pytest.mark.parametrize("code", [errno.EACCES, errno.EIO])
def test_file_that_cannot_be_opened_is_an_error_by_name(raw, monkeypatch, code):
    whole = Path.open

    def refuse(path, *arguments, **options):
        if path.name == "results.csv":
            raise OSError(code, os.strerror(code), str(path))
        return whole(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", refuse)
    assert "не открывается" in list_errors(raw)["results.csv"]


def test_run_sees_what_cannot_be_read_as_a_change(settings, tmp_path):
    """A link that broke after a run is no reason to say «без изменений»."""
    raw = build_raw(tmp_path / "raw")
    chosen = replace(settings, data=raw)
    before = list_causes(plan_stages(chosen)[0])
    (raw / "ещё.csv").symlink_to("нет")
    assert list_causes(plan_stages(chosen)[0])["inputs"] != before["inputs"]
    assert storage.walk_files(raw)[1] == {raw / "ещё.csv": "ссылка никуда не ведёт"}
