"""The published files against an independent plain reading of the same files: no pandas, no layouts."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from effschool.intake.ingest import Ingested, ingest_folder

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data" / "bg-mon"
LAYOUTS = ROOT / "examples" / "bulgaria" / "layouts"
NAMES = [f"{exam}-{year}.csv" for exam in ("dzi", "nvo-10", "nvo-4", "nvo-7") for year in range(2021, 2026)]

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="нет папки ../shared/data/bg-mon с открытыми данными")

# Position of the first of four columns (count and mean of БЕЛ, then of МАТ) and number of rows above the data.
FIRST_COLUMN = 5
ROWS_ABOVE = {"dzi-2021": 2, "dzi-2023": 3, "nvo-10-2023": 6, "nvo-4-2023": 2, "nvo-7-2021": 2, "nvo-7-2023": 6}


@dataclass(frozen=True)
class Plain:
    code: str
    region: str
    cells: tuple[str, ...]


@cache
def read_plain(name: str) -> list[Plain]:
    text = (DATA / name).read_text(encoding="utf-8").replace("\ufeff", "")
    delimiter = ";" if text.startswith("Област;") else ","
    rows = list(csv.reader(text.splitlines(), delimiter=delimiter))[ROWS_ABOVE.get(Path(name).stem, 1) :]
    code_at = 3 if name in {"dzi-2021.csv", "nvo-4-2021.csv"} else 4
    return [Plain(re.sub(r"\D", "", row[code_at]), row[0], tuple(row[FIRST_COLUMN : FIRST_COLUMN + 4])) for row in rows]


def to_number(text: str) -> float | None:
    return float(text.replace(",", ".")) if text.strip() else None


def list_subject(name: str, place: int) -> list[tuple[str, float, float | None]]:
    """Code, participants and mean of every school with a count."""
    found = []
    for row in read_plain(name):
        count, mean = to_number(row.cells[place]), to_number(row.cells[place + 1])
        if count is not None:
            found.append((row.code, count, mean if count else None))
    return found


@pytest.fixture(scope="module")
def ingested() -> Ingested:
    return ingest_folder(DATA, LAYOUTS)


def test_all_twenty_files_come_in_without_errors(ingested):
    assert ingested.files["file"].tolist() == NAMES
    assert set(ingested.files["status"]) == {"принят"}
    assert set(ingested.problems["severity"]) <= {"предупреждение"}
    assert len(ingested.problems) <= 5


@pytest.mark.parametrize("name", NAMES)
def test_every_school_of_a_file_is_taken(ingested, name):
    plain = read_plain(name)
    codes = [row.code for row in plain]
    assert len(set(codes)) == len(codes), "коды в файле повторяются"
    assert ingested.files.set_index("file").at[name, "rows"] == len(plain)
    schools = ingested.tables["schools"]
    assert set(codes) <= set(schools.loc[schools["year"].eq(int(name[-8:-4])), "school_id"])


@pytest.mark.parametrize("place", [0, 2], ids=["БЕЛ", "МАТ"])
@pytest.mark.parametrize("name", NAMES)
def test_participants_and_means_are_those_of_the_file(ingested, name, place):
    results = ingested.tables["results"]
    subject = "МАТ" if place else "БЕЛ"
    rows = results[results["source_file"].eq(name) & results["subject"].eq(subject)].set_index("school_id")
    expected = {code: (count, mean) for code, count, mean in list_subject(name, place)}
    assert rows["participants"].to_dict() == {code: count for code, (count, _) in expected.items()}
    assert rows["mean_score"].dropna().to_dict() == {
        code: mean for code, (_, mean) in expected.items() if mean is not None
    }
    known = [(count, mean) for count, mean in expected.values() if mean is not None]
    national = sum(count * mean for count, mean in known) / sum(count for count, _ in known)
    found = rows.dropna(subset=["mean_score"])
    weighted = (found["mean_score"] * found["participants"]).sum() / found["participants"].sum()
    assert weighted == pytest.approx(national, abs=1e-9)
    low, high = (2, 6) if name.startswith("dzi") else (0, 100)
    assert found["mean_score"].between(low, high).all()


def test_years_grades_and_procedures_come_from_file_names(ingested):
    results = ingested.tables["results"]
    found = results.groupby("source_file")[["year", "grade", "procedure"]].first()
    for name in NAMES:
        parts = Path(name).stem.split("-")
        grade = 12 if parts[0] == "dzi" else int(parts[1])
        procedure = "ДЗИ" if parts[0] == "dzi" else "НВО"
        assert found.loc[name].tolist() == [int(parts[-1]), grade, procedure]
    assert (results.groupby("source_file")[["year", "grade", "procedure"]].nunique() == 1).all(axis=None)


def test_register_has_a_row_per_school_and_year(ingested):
    schools = ingested.tables["schools"]
    expected = defaultdict(set)
    for name in NAMES:
        expected[int(name[-8:-4])].update(row.code for row in read_plain(name))
    assert schools["year"].value_counts().to_dict() == {year: len(codes) for year, codes in expected.items()}
    assert len(expected[2025]) == 2315


def test_municipalities_are_28_regions_and_abroad(ingested):
    schools = ingested.tables["schools"]
    for _, of_year in schools.groupby("year"):
        regions = set(of_year["municipality"])
        assert len(regions) == 29
        assert "ЧУЖБИНА" in regions


def test_school_in_two_regions_is_told_and_the_first_file_stays(ingested):
    differing = {
        row.code for row in read_plain("nvo-7-2024.csv") for other in read_plain("nvo-4-2024.csv")
        if row.code == other.code and row.region != other.region
    }  # fmt: skip
    warned = ingested.problems[ingested.problems["column"].eq("Област")]
    assert len(differing) == len(warned) == 2
    assert set(warned["file"]) == {"nvo-7-2024.csv"}


def test_locality_is_known_for_every_school_and_unreported_stays_missing(ingested):
    schools = ingested.tables["schools"]
    assert set(schools["locality"]) == {"город", "село"}
    assert schools["type"].isna().all()
    assert schools["enrolment"].isna().all()


def test_codes_are_comparable_between_years(ingested):
    schools = ingested.tables["schools"]
    by_year = schools.groupby("year")["school_id"].agg(set)
    for year in range(2022, 2026):
        assert len(by_year[year] & by_year[year - 1]) > 0.98 * len(by_year[year])
