"""The demonstration region: the same from the same seed, consistent, believable, within the contract."""

import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from effschool import demo
from effschool.base.schemas import CONTRACT, LOCALITIES, MARKS, SCHOOL_TYPES, SOCIAL_COUNTS
from effschool.demo.names import count_roots, make_root
from effschool.demo.settings import load_settings
from effschool.intake.ingest import ingest_folder

SMALL = {"schools": 12, "municipalities": 2, "years": 3}


@cache
def build_default() -> dict[str, pd.DataFrame]:
    return demo.build_demo_tables()


def add_source(frame: pd.DataFrame) -> pd.DataFrame:
    source = {"source_file": "demo.csv", "source_sheet": "", "source_row": np.arange(2, len(frame) + 2)}
    source |= {"source_note": pd.Series(None, index=frame.index, dtype="str")}
    return frame.assign(**source).astype({"source_file": "str", "source_sheet": "str"})


def read_bytes(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def share_by_school(rows: pd.DataFrame, part: str, whole: str) -> pd.Series:
    """Share over pooled counts, by school and year; only where both counts are known."""
    sums = rows.dropna(subset=[part, whole]).groupby(["school_id", "year"])[[part, whole]].sum()
    sums = sums[sums[whole] > 0].astype(float)
    return sums[part] / sums[whole]


def region_share(rows: pd.DataFrame, part: str, whole: str = "participants") -> float:
    known = rows.dropna(subset=[part, whole])
    return 100 * known[part].sum() / known[whole].sum()


def select(procedure: str, subject: str) -> pd.DataFrame:
    results = build_default()["results"]
    return results[(results["procedure"] == procedure) & results["subject"].eq(subject)]


MADE = ("schools", "results", "certificates", "social", "programme")
"""Tables that the region is made as; those on signs of doubtful results come in shapes of their own only."""


@pytest.mark.parametrize("name", [*MADE, "targets_fact", "roadmap"])
@pytest.mark.parametrize("size", [{}, SMALL, {**SMALL, "years": 1}, {"schools": 40, "municipalities": 40}])
def test_tables_keep_the_contract(name: str, size: dict[str, int]) -> None:
    table = demo.build_demo_tables(**size)[name]
    assert len(table)
    CONTRACT[name].validate(add_source(table), lazy=True)


def test_same_seed_gives_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    demo.make_demo_region(tmp_path / "one", seed=7, **SMALL)
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)  # another day; zip entries and storage ask for it
    demo.make_demo_region(tmp_path / "two", seed=7, **SMALL)
    one, two = read_bytes(tmp_path / "one"), read_bytes(tmp_path / "two")
    assert one == two
    assert len(one) == 13 + SMALL["municipalities"]


def test_workbooks_hold_no_present_time(tmp_path: Path) -> None:
    demo.make_demo_region(tmp_path, **SMALL)
    for path in tmp_path.rglob("*.xlsx"):
        with zipfile.ZipFile(path) as packed:
            assert {entry.date_time[0] for entry in packed.infolist()} == {2000}
            assert packed.read("docProps/core.xml").count(b"2000-01-01T00:00:00Z") == 2


def test_another_seed_gives_another_region() -> None:
    one, two = demo.build_demo_tables(1, **SMALL), demo.build_demo_tables(2, **SMALL)
    assert not one["results"]["participants"].equals(two["results"]["participants"])


def test_files_hold_the_tables_with_the_contract_headings(tmp_path: Path) -> None:
    demo.make_demo_region(tmp_path, **SMALL)
    tables, headings = demo.build_demo_tables(**SMALL), load_settings().headings
    books = sorted((tmp_path / "social").iterdir())
    social = pd.concat([pd.read_excel(path, dtype={"Код ОО": str}, engine="calamine") for path in books])
    assert {path.stem for path in books} == set(tables["schools"]["municipality"])
    assert len(social) == len(tables["social"])
    assert list(social.columns) == list(headings["social"].values())
    for name in ("schools", "results", "certificates"):
        written = pd.read_csv(tmp_path / f"{name}.csv", dtype={"Код ОО": str})
        assert list(written.columns) == list(headings[name].values())
        assert written["Код ОО"].tolist() == tables[name]["school_id"].tolist()
    programme = pd.read_excel(tmp_path / "programme.xlsx", dtype=str, engine="calamine")
    assert programme["Код ОО"].tolist() == tables["programme"]["school_id"].tolist()
    assert list(programme.columns) == list(headings["programme"].values())


def sort_by_key(frame: pd.DataFrame) -> pd.DataFrame:
    key = ["year", "school_id", "procedure", "subject", "grade", "level", "project", "entry_year"]
    key += ["programme", "target", "municipality", "number"]
    return frame.sort_values([name for name in key if name in frame], ignore_index=True)


def test_ingest_takes_all_files(tmp_path: Path) -> None:
    demo.make_demo_region(tmp_path, **SMALL)
    ingested = ingest_folder(tmp_path, Path(__file__).parents[2] / "layouts")
    assert ingested.problems.query("severity == 'ошибка'")["message"].tolist() == []
    assert set(ingested.files["status"]) == {"принят"}
    for name, table in demo.build_demo_tables(**SMALL).items():
        pd.testing.assert_frame_equal(sort_by_key(table), sort_by_key(ingested.tables[name][list(table.columns)]))


def test_headings_name_every_column_of_the_contract() -> None:
    for name in MADE:
        columns = [column for column in CONTRACT[name].columns if not column.startswith("source_")]
        assert list(load_settings().headings[name]) == columns


def test_region_says_that_it_is_a_demonstration(tmp_path: Path) -> None:
    demo.make_demo_region(tmp_path, **SMALL)
    about = yaml.safe_load((tmp_path / "region.yml").read_text(encoding="utf-8"))
    assert about == {"name": "Демонстрационный край", "demonstration": True}


def test_marks_sum_to_participants() -> None:
    marked = build_default()["results"].dropna(subset=list(MARKS))
    assert len(marked) > 10_000
    assert (marked[list(MARKS)].sum(axis=1) == marked["participants"]).all()


def test_given_mean_mark_is_the_mean_of_the_marks() -> None:
    rows = build_default()["results"].dropna(subset=[*MARKS, "mean_score"])
    expected = sum(rows[mark] * number for number, mark in enumerate(MARKS, start=2)) / rows["participants"]
    assert np.allclose(rows["mean_score"], expected.astype(float), atol=0.0051)


def test_scores_fit_their_counts() -> None:
    """The mean lies between the least and the most that the counts below 24, of 24 to 79 and above allow."""
    rows = select("ЕГЭ", "русский язык").dropna(subset=["below_min", "score_80_plus", "mean_score"])
    middle = rows["participants"] - rows["below_min"] - rows["score_80_plus"]
    assert (middle >= 0).all()
    total = rows["mean_score"] * rows["participants"]
    slack = 0.0051 * rows["participants"]
    assert (total + slack >= 24 * middle + 80 * rows["score_80_plus"]).all()
    assert (total - slack <= 23 * rows["below_min"] + 79 * middle + 100 * rows["score_80_plus"]).all()


def test_counts_of_certificates_and_social_are_parts() -> None:
    tables = build_default()
    graduates = tables["certificates"]
    assert (graduates["without_certificate"] <= graduates["graduates"]).all()
    sent = tables["social"].dropna()
    assert all((sent[name] <= sent["pupils"]).all() for name in SOCIAL_COUNTS)


def test_examinees_are_no_more_than_graduates() -> None:
    tables = build_default()
    graduates = tables["certificates"].query("level == 'СОО'").set_index(["school_id", "year"])["graduates"]
    maths = pd.concat([select("ЕГЭ", "математика (профильная)"), select("ЕГЭ", "математика (базовая)")])
    taken = maths.groupby(["school_id", "year"])["participants"].sum()
    taken = taken[taken > 0]
    assert (taken <= graduates.reindex(taken.index)).all()


def test_all_groups_localities_and_exclusions_are_there() -> None:
    for size in ({}, SMALL):
        schools = demo.build_demo_tables(**size)["schools"]
        assert set(schools["type"]) == set(SCHOOL_TYPES)
        assert set(schools["locality"]) == set(LOCALITIES)
        assert schools["exclusion"].nunique() == 2


def test_sizes_are_as_asked() -> None:
    schools = build_default()["schools"]
    assert (schools["school_id"].nunique(), schools["municipality"].nunique()) == (350, 19)
    assert sorted(schools["year"].unique()) == [2019, 2020, 2021, 2022, 2023]
    rural = schools[schools["locality"] == "село"]["enrolment"]
    assert rural.between(5, 60).mean() > 0.15
    assert 900 < schools["enrolment"].max() <= 1200


def list_years_by_school(schools: pd.DataFrame) -> pd.Series:
    return schools.groupby("school_id")["year"].agg(set)


@pytest.mark.parametrize("size", [{}, SMALL])
def test_schools_open_close_and_miss_a_year(size: dict[str, int]) -> None:
    schools = demo.build_demo_tables(**size)["schools"]
    first, last = schools["year"].min(), schools["year"].max()
    years = list_years_by_school(schools)
    assert years.map(lambda seen: min(seen) > first).any()
    assert years.map(lambda seen: max(seen) < last).any()
    assert years.map(lambda seen: len(seen) < max(seen) - min(seen) + 1).any()


@pytest.mark.parametrize("size", [{}, SMALL])
def test_schools_change_type_and_name(size: dict[str, int]) -> None:
    schools = demo.build_demo_tables(**size)["schools"].sort_values("year")
    types = schools.groupby("school_id")["type"].agg(lambda seen: tuple(dict.fromkeys(seen)))
    names = schools.groupby("school_id")["name"].nunique()
    assert ("основная", "средняя") in set(types)
    assert set(types.map(len)) == {1, 2}
    assert (names[types.map(len) == 1] == 2).any()


def test_results_stand_only_where_the_school_lives() -> None:
    tables = build_default()
    living = pd.MultiIndex.from_frame(tables["schools"][["school_id", "year"]])
    for name in ("results", "certificates", "social"):
        assert pd.MultiIndex.from_frame(tables[name][["school_id", "year"]]).isin(living).all()


def test_exams_fall_out_in_their_years() -> None:
    assert set(select("ОГЭ", "математика")["year"]) == {2019, 2021, 2022, 2023}
    assert set(select("ЕГЭ", "математика (базовая)")["year"]) == {2019, 2022, 2023}
    assert set(select("ЕГЭ", "русский язык")["year"]) == {2019, 2020, 2021, 2022, 2023}


def test_some_cells_are_blank_and_some_rows_empty() -> None:
    tables = build_default()
    results = tables["results"]
    school_works = results[results["procedure"] != "ЕГЭ"]
    assert 0 < school_works["mark_2"].isna().mean() < 0.01
    assert 0.2 < school_works["mean_score"].isna().mean() < 0.5
    assert 0 < (results["participants"] == 0).mean() < 0.05
    assert results.loc[results["participants"] == 0, "mean_score"].isna().all()
    assert 0 < tables["schools"]["enrolment"].isna().mean() < 0.02


def test_one_municipality_is_silent_and_one_school_blank() -> None:
    tables = build_default()
    schools = tables["schools"].merge(tables["social"], on=["year", "school_id"], how="left", indicator=True)
    unsent = schools[schools["_merge"] == "left_only"]
    assert len(set(unsent["municipality"])) == 1
    assert set(unsent["year"]) == {2023}
    assert len(unsent) == (schools["municipality"].eq(unsent["municipality"].iloc[0]) & schools["year"].eq(2023)).sum()
    blank = tables["social"].groupby("school_id")["pupils"].count() == 0
    assert blank.sum() == 1


def test_programme_takes_known_schools_mostly_low() -> None:
    tables = build_default()
    programme, codes = tables["programme"], set(tables["schools"]["school_id"])
    assert set(programme["school_id"]) <= codes
    assert set(programme["partner_id"].dropna()) <= codes
    assert not (programme["partner_id"] == programme["school_id"]).any()
    assert programme["entry_year"].between(2017, 2022).all()
    assert programme["entry_year"].nunique() > 3
    left = programme.dropna(subset=["exit_year"])
    assert 0 < len(left) < len(programme)
    assert (left["exit_year"] > left["entry_year"]).all()
    assert (left["exit_year"] <= 2023).all()
    assert programme["curator"].str.contains("вымышленный").all()
    fails = share_by_school(select("ВПР", "математика"), "mark_2", "participants").groupby("school_id").mean()
    taking_part = fails.index.isin(programme["school_id"])
    assert fails[taking_part].mean() > 1.5 * fails[~taking_part].mean()


def test_levels_are_believable() -> None:
    assert 1 <= region_share(select("ЕГЭ", "русский язык"), "below_min") <= 3
    assert 5 <= region_share(select("ЕГЭ", "математика (профильная)"), "below_min") <= 8
    assert 5 <= region_share(select("ОГЭ", "математика"), "mark_2") <= 8
    pooled = build_default()["results"].query("procedure == 'ВПР' and grade in [5, 6]")
    assert 10 <= region_share(pooled, "mark_2") <= 15


@pytest.mark.parametrize(("subject", "low", "high"), [("русский язык", 62, 69), ("математика (профильная)", 52, 58)])
def test_mean_scores_are_believable(subject: str, low: float, high: float) -> None:
    rows = select("ЕГЭ", subject).dropna(subset=["mean_score"])
    assert low < np.average(rows["mean_score"], weights=rows["participants"].astype(float)) < high


@pytest.mark.parametrize("seed", [2018, 1, 2])
def test_results_follow_social_conditions_and_persist(seed: int) -> None:
    tables = demo.build_demo_tables(seed)
    schools = tables["schools"].query("type == 'средняя' and exclusion.isna()").set_index(["school_id", "year"])
    marks = tables["results"].query("procedure == 'ВПР' and grade in [5, 6]")
    fails = share_by_school(marks, "mark_2", "participants")
    fails = fails[fails.index.isin(schools.index)]
    poor = share_by_school(tables["social"], "parents_no_higher_edu", "pupils")
    both = pd.concat([fails.groupby("school_id").mean(), poor.groupby("school_id").mean()], axis=1).dropna()
    assert 0.35 < both.corr().iloc[0, 1] < 0.7
    by_year = fails.rename("share").reset_index().pivot_table(index="school_id", columns="year", values="share").corr()
    assert 0.5 < np.diag(by_year.to_numpy(), 1).mean() < 0.85


def test_names_are_unique_and_codes_keep_zeros() -> None:
    schools = build_default()["schools"]
    assert not schools.duplicated(["year", "municipality", "name"]).any()
    assert schools["school_id"].str.fullmatch(r"\d{6}").all()
    assert 0 < schools["school_id"].str.startswith("0").mean() < 1
    assert schools.groupby("school_id")["municipality"].nunique().eq(1).all()


def test_every_root_comes_once() -> None:
    names = load_settings().names
    roots = [make_root(number, names) for number in range(count_roots(names))]
    assert len(set(roots)) == len(roots) >= 1600


@pytest.mark.parametrize("size", [{"schools": 11, "municipalities": 2}, {"schools": 20, "municipalities": 21}])
def test_too_few_schools_are_refused(size: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="Школ должно быть не меньше"):
        demo.build_demo_tables(**size)


def test_no_year_and_too_many_municipalities_are_refused() -> None:
    with pytest.raises(ValueError, match="хотя бы один год"):
        demo.build_demo_tables(years=0)
    with pytest.raises(ValueError, match="Названий хватает на 1920"):
        demo.build_demo_tables(schools=3000, municipalities=1921)


def test_many_municipalities_keep_names_unique() -> None:
    schools = demo.build_demo_tables(schools=4000, municipalities=1600, years=1)["schools"]
    assert schools["municipality"].nunique() == 1600
    assert not schools.duplicated(["municipality", "name"]).any()
