import pandas as pd
import pytest

from effschool.public import sections as parts
from effschool.public.release import Release
from effschool.report.display import Chart, Figures, Table, Text
from effschool.report.portfolio import open_region
from effschool.report.privacy import load_privacy

RULES = load_privacy().release
NUMBERS = [
    ("region", "регион", "", "", {"низкие": 9, "средние": 20, "высокие": 9, "нет данных": 0}),
    ("municipality", "Район 10", "region", "регион", {"низкие": None, "средние": None, "высокие": 5, "нет данных": 0}),
    ("municipality", "Район 9", "region", "регион", {"низкие": None, "средние": None, "высокие": 4, "нет данных": 0}),
]


def number(year):
    rows = []
    for by, place, parent_by, parent, counts in NUMBERS:
        for kind, schools in counts.items():
            whole = 38 if by == "region" else 19
            rows.append((year, "results_band", by, place, parent_by, parent, kind, schools, whole))
    names = ["year", "table", "by", "place", "parent_by", "parent", "kind", "schools", "all"]
    return pd.DataFrame(rows, columns=names).astype({"schools": "Int64"})


@pytest.fixture
def region(demo):
    return open_region(demo, 2023)


@pytest.fixture
def release():
    return Release(pd.concat([number(2022), number(2023)], ignore_index=True), 2023, RULES)


def test_hidden_numbers_are_marked_and_shown_ones_stay_numbers(region, release):
    frame = parts.tabulate_places(region, release, "results_band", "municipality").frame
    assert frame["Муниципалитет"].tolist() == ["Район 9", "Район 10", "регион"]
    assert frame["низкие"].tolist() == ["скрыто", "скрыто", 9]
    assert frame["высокие"].tolist() == [4, 5, 9]
    assert frame["Всего школ"].tolist() == [19, 19, 38]


def test_years_stand_side_by_side(region, release):
    frame = parts.tabulate_worse(region, release, "results_band").frame
    assert list(frame.columns) == ["Муниципалитет", "низкие, 2022", "низкие, 2023"]
    gone = release.rows[(release.rows["year"] == 2023) | (release.rows["place"] != "Район 9")]
    frame = parts.tabulate_worse(region, Release(gone, 2023, RULES), "results_band").frame
    assert frame["низкие, 2022"].tolist() == ["нет данных", "скрыто"]


def test_the_region_is_drawn_over_the_years(region, release):
    chart = parts.chart_years(region, release, "results")
    assert isinstance(chart, Chart)
    assert chart.sentence.count("23,7") == 2
    gone = release.rows.assign(schools=release.rows["schools"].mask(release.rows["year"] == 2022))
    assert "скрыты" in parts.chart_years(region, Release(gone, 2023, RULES), "results").sentence


def test_how_much_is_hidden_is_said(region, release):
    text = " ".join(parts.describe_release(region, release).paragraphs)
    assert "38" in text
    assert "2 муниципалитета" in text.replace("\N{NO-BREAK SPACE}", " ")
    assert "33" in text
    counts = parts.count_hidden(release).frame.set_index("Таблица")
    assert counts.loc["Группы по результатам, муниципалитет"].tolist() == [4, 4]
    assert "от 1 до 4" in parts.explain_hiding(release).paragraphs[0]


def test_what_is_not_published_is_said_to_be_missing(region, release):
    assert isinstance(parts.tabulate_places(region, release, "corner", "type"), Text)
    assert isinstance(parts.tabulate_worse(region, release, "fioko_shnor"), Text)
    assert isinstance(parts.chart_years(region, release, "social"), Text)
    assert isinstance(parts.show_release_figures(region, release), Text)
    assert isinstance(parts.tabulate_anonymous(release), Text)
    assert isinstance(parts.tabulate_shares(region, pd.DataFrame()), Text)


def test_figures_name_the_lists_of_the_region_with_the_year_before(region):
    rows = [(year, "fioko_shnor", "region", "регион", "", "", kind, schools, 40)
            for year, listed in ((2022, 7), (2023, 10))
            for kind, schools in (("ШНОР", listed), ("ни в одном из списков", 40 - listed))]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(number(2022))).astype({"schools": "Int64"})
    figures = parts.show_release_figures(region, Release(frame, 2023, RULES))
    assert isinstance(figures, Figures)
    title = f"ШНОР: {region.workspace.methodology.fioko.title}"
    assert figures.items == ((title, "10", "25,0\N{NO-BREAK SPACE}% школ; год назад 7"),)


def test_the_table_for_programs_leaves_hidden_numbers_empty(release, tmp_path):
    parts.write_rows(release, tmp_path / "a.csv")
    read = pd.read_csv(tmp_path / "a.csv")
    assert list(read.columns) == ["год", "таблица", "разрез", "место", "входит в", "вид", "школ", "всего школ"]
    assert len(read) == len(release.rows)
    assert read["школ"].isna().sum() == release.rows["schools"].isna().sum() == 8
    assert isinstance(parts.count_hidden(release), Table)
