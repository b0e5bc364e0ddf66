"""Attack on the finished files of a region with doubtful ВПР: a head teacher looks for words that accuse the school.

A neighbour reads the same files for what signs tell of schools of others. One run over 60 schools: about a minute.
"""

import json
import re
from pathlib import Path

import pytest
from leaks import find_leaks, list_secrets, read_texts

from effschool.demo import make_demo_region
from effschool.report.sections.doubts import TITLE, load_words
from effschool.report.workspace import load_workspace
from effschool.run.plan import Settings
from effschool.run.year import run_year

PLACE, YEAR = "городской округ Алоавантюриновск", 2023
WRITTEN = {".html", ".xlsx", ".docx", ".txt", ".json"}


@pytest.fixture(scope="module")
def settings(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("accused")
    make_demo_region(folder / "raw", municipalities=3, schools=60, years=4, shapes=True)
    made = Settings(
        root=root, data=folder / "raw", processed=folder / "processed", reports=folder / "reports",
        layouts=root / "layouts", methodology="khabarovsk-2020", municipality=PLACE, jobs=1,
    )  # fmt: skip
    said: list[str] = []
    assert run_year(made, said.append) == 0, said
    return made


@pytest.fixture(scope="module")
def texts(settings) -> dict[Path, str]:
    """What every finished file says, tags left out."""
    paths = [path for path in (settings.reports / str(YEAR)).rglob("*") if path.suffix in WRITTEN]
    return {path: re.sub(r"<[^>]+>", " ", " ".join(read_texts(path))) for path in paths}


def list_own(settings) -> list[Path]:
    """Files that the municipality gets."""
    run = json.loads((settings.reports / str(YEAR) / "run.json").read_text("utf-8"))
    stem = Path(run["reports"][PLACE]["page"]).stem
    folder = settings.reports / str(YEAR)
    return [path for path in [*folder.glob(f"{stem}.*"), *(folder / stem).iterdir()] if path.suffix in WRITTEN]


def test_no_finished_file_accuses_a_school(texts):
    found = {path.name: word for path, text in texts.items() if (word := load_words().find_accusing(text))}
    assert len(texts) > 20
    assert not found


def test_what_to_check_stands_on_the_page_of_each_kind(settings, texts):
    """Otherwise there would be no words to look through."""
    schools = set(load_workspace(settings.processed).signs.query("marked and year == @YEAR")["school_id"])
    pages = {path.stem for path, text in texts.items() if path.suffix == ".html" and TITLE in text}
    own = {path.stem for path in list_own(settings) if path.suffix == ".html"}
    assert {"index", *(own - set(filter(str.isdigit, own)))} <= pages
    assert schools & own
    assert schools & own <= pages


def test_a_card_says_that_no_list_is_changed(texts):
    cards = [
        text.partition(f"{TITLE}: ")[2][:800] for path, text in texts.items() if path.stem.isdigit() and TITLE in text
    ]
    assert cards
    assert all("списков это не меняет" in card for card in cards)


def test_signs_tell_nothing_of_schools_of_others(settings):
    secrets = list_secrets(load_workspace(settings.processed), PLACE, YEAR)
    leaks = find_leaks(list_own(settings), secrets)
    assert not [leak for leak in leaks if "о детях" not in leak]
