"""Another region by data alone: the smallest example goes through all stages, and nothing of the first region shows."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from effschool import open_run
from effschool.base.russian import NBSP
from effschool.run import commands
from effschool.run.plan import Settings
from effschool.run.year import run_year

RUSSIAN = re.compile(r"средние, основные|вечерн|Хабаровск|ЕГЭ, ОГЭ|500\+|Рособрнадзор")


@pytest.fixture(scope="module")
def finished(root, tmp_path_factory) -> Settings:
    """A run of the example, its data read where they lie, as the command line makes it."""
    example, folder = root / "examples" / "minimal", tmp_path_factory.mktemp("minimal")
    folders = {"data": example / "data", "layouts": example / "layouts", "region": example / "region.yml"}
    folders |= {name: folder / name for name in ("processed", "reports")}
    words = [word for name, path in folders.items() for word in (f"--{name}", str(path))]
    settings = commands.read_settings(commands.build_parser().parse_args(["report", "--jobs", "1", *words]))
    said: list[str] = []
    assert run_year(settings, said.append) == 0, said
    return settings


def test_declared_conditions_become_indicators(finished):
    values = pd.read_parquet(finished.processed / "indicators.parquet").set_index(["year", "school_id", "indicator"])
    assert values.loc[(2021, "00101", "meals"), "raw"] == pytest.approx(100 * 196 / 349)
    assert values.loc[(2021, "00101", "parents"), "raw"] == pytest.approx(3.03)
    assert values.loc[(2021, "00101", "math_not_met"), "raw"] == pytest.approx(100 * 36 / 87)


def test_declared_conditions_stand_in_the_frames_and_the_dictionary_of_the_run(finished):
    run = open_run(finished.processed)
    wide = run.indicators(wide=True).set_index(["year", "school_id"])
    assert wide.loc[(2021, "00101"), ["meals", "parents"]].tolist() == pytest.approx([100 * 196 / 349, 3.03])
    assert set(run.conditions["condition"]) == {"meals", "parents"}
    found = run.describe("образование родителей").query("Столбец == 'parents'")
    assert found[["Что это", "Единица"]].to_numpy().tolist() == [["Средний уровень образования родителей", "ступень"]]
    assert "Образование родителей" in run.label(wide.reset_index())


def test_groups_are_those_of_the_methodology(finished):
    schools = pd.read_parquet(finished.processed / "schools.parquet")
    assert set(schools["group"].dropna()) == {"начальные", "старшие"}
    assert schools.loc[schools["group"].isna(), "school_id"].unique().tolist() == ["00114"]
    lists = pd.read_parquet(finished.processed / "lists.parquet")
    assert "ШНРО и ШНСУ" in set(lists["joint"].dropna())


def read_page(path: Path) -> str:
    return re.sub(r"<[^>]*>", " ", path.read_text("utf-8")).replace(NBSP, " ")


def test_pages_say_nothing_of_another_region(finished):
    pages = sorted((finished.reports / "2023").rglob("*.html"))
    assert len(pages) == 2 + 2 + 13
    found = {page.name: RUSSIAN.findall(read_page(page)) for page in pages}
    assert {name: words for name, words in found.items() if words} == {}


def test_source_of_the_data_is_told(finished):
    assert "вымышленные числа примера" in read_page(finished.reports / "2023" / "lake.html")


def test_card_names_no_folder_of_this_machine(finished, root):
    card = json.loads((finished.reports / "2023" / "run.json").read_text("utf-8"))
    assert str(root) not in json.dumps(card, ensure_ascii=False)
