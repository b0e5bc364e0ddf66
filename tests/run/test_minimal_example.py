"""Another region by data alone: the sample of examples/minimal, run to its reports."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from effschool.report.workspace import load_workspace
from effschool.run import commands
from effschool.run.year import run_year

pytestmark = pytest.mark.xdist_group("year")
YEARS = (2022, 2023, 2024)
HEADINGS = ["School code", "School", "District", "Pupils", "Maths score"]


@pytest.fixture(scope="module")
def example(root) -> Path:
    return root / "examples" / "minimal"


@pytest.fixture(scope="module")
def raw(tmp_path_factory, example) -> Path:
    """24 schools of three districts, whose levels stay apart over three years."""
    folder, generator = tmp_path_factory.mktemp("minimal") / "raw", np.random.default_rng([2018, 20])
    folder.mkdir()
    for year in YEARS:
        rows = [
            (f"{school:04}", f"School {school}", f"District {school % 3}", 40 + school, 50 + school + noise)
            for school, noise in enumerate(generator.normal(0, 1, 24).round(1))
        ]
        pd.DataFrame(rows, columns=HEADINGS).to_csv(folder / f"scores-{year}.csv", index=False)
    said = f'methodology: "{example / "methodology.yml"}"\nprogramme_files: "нет"\n'
    (folder / "run.yml").write_text(said, encoding="utf-8")
    return folder


def test_sample_is_twenty_lines(example):
    texts = [path.read_text(encoding="utf-8") for path in sorted(example.rglob("*.yml"))]
    lines = [line for text in texts for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert len(texts) == 3
    assert len(lines) <= 20


def test_sample_runs_to_its_reports(example, raw):
    folders = {"data": raw, "processed": raw.parent / "processed", "reports": raw.parent / "reports"}
    folders |= {"layouts": example / "layouts", "region": example / "region.yml"}
    words = [word for name, path in folders.items() for word in (f"--{name}", str(path))]
    options = commands.build_parser().parse_args(["report", "--jobs", "1", "--municipality", "District 1", *words])
    said: list[str] = []
    assert run_year(commands.read_settings(options), said.append) == 0, said
    workspace = load_workspace(folders["processed"])
    assert workspace.methodology.id == "minimal"
    lists = workspace.identified.lists.query("year == 2024")
    assert set(lists[lists["results_status"] == "ШНРО"]["school_id"]) == {f"{school:04}" for school in range(6)}
    page = folders["reports"] / "2024" / "district-1.html"
    told = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").get_text()
    assert "Математика" in told
    assert "School 4" in told
