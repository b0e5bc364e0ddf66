from dataclasses import replace

import pytest

from effschool.report.display import Text
from effschool.report.portfolio import list_municipalities, open_portfolio
from effschool.report.sections import own_dynamics as parts
from effschool.report.sections.municipality import signed

YEAR = 2023
PARTS = [
    lambda portfolio: parts.chart_flows(portfolio, "results"),
    parts.tabulate_leaving,
    parts.chart_level_change,
    parts.chart_pupil_cohorts,
    parts.tabulate_pupil_cohorts,
]


@pytest.fixture
def portfolio(demo):
    return open_portfolio(demo, list_municipalities(demo, YEAR)[1], YEAR)


def test_no_school_of_another_municipality_is_recognisable(demo, portfolio):
    schools = demo.identified.schools
    foreign = schools[schools["municipality"] != portfolio.municipality]
    own = set(portfolio.register["name"])
    for make in PARTS:
        shown = make(portfolio)._repr_html_()
        assert not [name for name in set(foreign["name"]) - own if name in shown]
        assert not [code for code in set(foreign["school_id"]) if code in shown]
    figure = parts.chart_level_change(portfolio).figure
    assert sum(len(item.get_offsets()) for item in figure.axes[0].collections) <= len(portfolio.schools)


def test_report_changes_no_value_of_the_region(demo, portfolio):
    frame = parts.chart_level_change(portfolio).table.frame
    levels = demo.dynamics.level_change.query("year == @YEAR").set_index("school_id")
    named = portfolio.schools.set_index("school_id")["number"].astype("str")
    told = frame.set_index(frame["Школа"].str.partition(".")[0])["Изменение"].dropna()
    for school, number in named.items():
        if number in told.index:
            assert signed(told[number]) == signed(levels.loc[school, "change"])
    assert len(told) > 3


def test_flows_end_with_the_year_of_the_report(demo, portfolio):
    earlier = parts.chart_flows(replace(portfolio, year=2021), "results").table.frame
    assert earlier.columns.tolist()[1:] == ["2020", "2021"]
    own = parts.chart_flows(portfolio, "results").table.frame
    latest = demo.dynamics.paths.sort_values("year").drop_duplicates("school_id", keep="last").set_index("school_id")
    ever = demo.dynamics.paths.dropna(subset="group")["school_id"].unique()
    assert own["2023"].sum() == (latest.loc[ever, "municipality"] == portfolio.municipality).sum()


def test_leaving_shows_the_region_as_a_share(demo, portfolio):
    frame = parts.tabulate_leaving(portfolio).frame
    spells = demo.dynamics.spells
    own = spells[spells["school_id"].isin(portfolio.register["school_id"])]
    assert frame.set_index("Список")["Были в списке, раз"]["ШНСУ"] == (own["list"] == "ШНСУ").sum() > 0
    assert (frame["Были в списке, раз"] == frame[["Вышли", "Ещё в списке", "Перешли или выбыли"]].sum(axis=1)).all()
    assert isinstance(parts.tabulate_leaving(replace(portfolio, year=2020)), Text)


def test_cohorts_of_pupils_are_those_of_own_schools(demo, portfolio):
    frame = parts.chart_pupil_cohorts(portfolio).table.frame
    assert frame["Школа"].tolist() == [
        f"{number}.\xa0{name}"
        for number, name in zip(portfolio.schools["number"], portfolio.schools["name"], strict=True)
    ]
    rows = demo.dynamics.pupil_cohorts
    own = rows[rows["school_id"].isin(portfolio.schools["school_id"]) & (rows["to_year"] == YEAR)]
    table = parts.tabulate_pupil_cohorts(portfolio)
    expected = own["finding"].isin(["jump", "fall", "other_pupils"]).sum()
    assert (len(table.frame) if expected else isinstance(table, Text)) == (expected or True)
