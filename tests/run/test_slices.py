from dataclasses import fields, replace

import pytest
from builders_report import build_workspace, identify_bands, indicators, measured, register, registered

from effschool.report.portfolio import Portfolio, list_municipalities, open_portfolio
from effschool.report.sections import municipality as sections
from effschool.report.sections import own_dynamics, partners, roadmap, targets
from effschool.report.sections.first_screen import (
    describe_municipality,
    describe_sureness,
    list_attention,
    show_key_figures,
)
from effschool.report.sections.indicators import tabulate_indicators
from effschool.report.sections.school import tell_pages, tell_schools
from effschool.report.sections.schools import tabulate_schools
from effschool.run.slices import OWN, REGION, digest_slices, find_owners

YEAR = 2023


@pytest.fixture
def names(demo):
    return list_municipalities(demo, YEAR)


def change(workspace, table, where, **values):
    """The workspace with some cells of a table of 02 changed."""
    part = "identified" if table in {item.name for item in fields(workspace.identified)} else "dynamics"
    frame = getattr(getattr(workspace, part), table).copy()
    for name, value in values.items():
        frame.loc[where(frame), name] = value
    return replace(workspace, **{part: replace(getattr(workspace, part), **{table: frame})})


def list_changed(before, after, names):
    old, new = digest_slices(before, YEAR, names), digest_slices(after, YEAR, names)
    return {name: {part for part in (OWN, REGION) if old[name][part] != new[name][part]} for name in names}


def test_tasks_of_a_place_are_read_by_its_own_report_alone(demo, names):
    topics = demo.deficits.topics.copy()
    own = topics["municipality"].eq(names[1]) & topics["year"].eq(YEAR)
    assert own.any()
    topics.loc[own, "region"] += 0.1
    after = replace(demo, deficits=replace(demo.deficits, topics=topics))
    assert list_changed(demo, after, names) == {names[0]: set(), names[1]: {OWN}, names[2]: set()}
    gaps = demo.deficits.gaps.assign(share=0.5)
    changed = list_changed(demo, replace(demo, deficits=replace(demo.deficits, gaps=gaps)), names)
    assert all(parts <= {OWN} for parts in changed.values())
    assert {OWN} in changed.values()


def test_name_of_a_school_is_read_by_its_own_report_alone(demo, names):
    owners = find_owners(demo, YEAR)
    school = owners.index[owners == names[1]][0]
    after = change(demo, "paths", lambda paths: paths["school_id"] == school, name="Другое имя")
    assert list_changed(demo, after, names) == {names[0]: set(), names[1]: {OWN}, names[2]: set()}


@pytest.mark.parametrize("column", ["results_index", "social_index"])
def test_index_of_a_school_is_a_point_in_every_report(demo, names, column):
    owners = find_owners(demo, YEAR)
    school = owners.index[owners == names[1]][0]
    after = change(
        demo, "paths", lambda paths: (paths["school_id"] == school) & (paths["year"] == YEAR), **{column: 0.5}
    )
    changed = list_changed(demo, after, names)
    assert changed[names[0]] == changed[names[2]] == {REGION}
    assert changed[names[1]] == {OWN, REGION}


def test_raw_values_of_others_count_as_figures_of_the_region(demo, names):
    after = change(demo, "indicators", lambda frame: frame["year"] == YEAR, raw=1.0)
    assert all(REGION in parts for parts in list_changed(demo, after, names).values())


def test_order_of_rows_does_not_count(demo, names):
    shuffled = replace(
        demo,
        identified=replace(demo.identified, indicators=demo.identified.indicators.iloc[::-1]),
        dynamics=replace(demo.dynamics, paths=demo.dynamics.paths.iloc[::-1]),
    )
    assert not any(list_changed(demo, shuffled, names).values())


def test_years_after_the_report_are_not_read_of_others(demo, names):
    after = change(demo, "paths", lambda paths: paths["year"] == YEAR, results_index=0.5)
    before, later = digest_slices(demo, 2022, names), digest_slices(after, 2022, names)
    assert [before[name][REGION] for name in names] == [later[name][REGION] for name in names]


def hide_others(workspace, name):
    """The workspace without what a report of the municipality does not count on: names and places of the others."""
    owners = find_owners(workspace, YEAR)
    foreign = set(owners.index[owners != name])

    def hide(frame, **values):
        hidden = frame.copy()
        for column, value in values.items():
            hidden.loc[hidden["school_id"].isin(foreign), column] = value
        return hidden

    paths = hide(workspace.dynamics.paths, name="скрыто")
    # Of a municipality the share of town schools counts, whichever they are.
    places = paths.groupby(["municipality", "year", "group"])["locality"].transform(lambda column: column[::-1].array)
    paths["locality"] = paths["locality"].where(~paths["school_id"].isin(foreign), places)
    decisions = workspace.decisions[~workspace.decisions["school_id"].isin(foreign)]
    memberships = workspace.dynamics.memberships
    memberships = memberships[~memberships["school_id"].isin(foreign)]
    followed = {
        "level_change": hide(workspace.dynamics.level_change, level=9.0, change=9.0),
        "pupil_cohorts": workspace.dynamics.pupil_cohorts[~workspace.dynamics.pupil_cohorts["school_id"].isin(foreign)],
    }
    dynamics = replace(workspace.dynamics, paths=paths, memberships=memberships, **followed)
    indicators = hide(workspace.identified.indicators, normalised=-1.0)
    schools = hide(workspace.identified.schools, name="скрыто", locality="скрыто", enrolment=0)
    identified = replace(workspace.identified, indicators=indicators, schools=schools)
    return replace(workspace, dynamics=dynamics, identified=identified, decisions=decisions)


@pytest.mark.parametrize(
    "part", ["tabulate_lists", "tabulate_decisions", "chart_matrix", "tabulate_histories", "describe_data"]
)
def test_report_reads_no_more_than_the_digests_follow(demo, names, part):
    make = getattr(sections, part)
    shown = make(open_portfolio(demo, names[1], YEAR))._repr_html_()
    assert make(open_portfolio(hide_others(demo, names[1]), names[1], YEAR))._repr_html_() == shown


PLACES = "АБВГД"


@pytest.fixture
def five(methodology):
    """Municipalities of five schools, the first of each in a town, with one share each."""
    schools = [registered(f"{name}{number}", 2022, municipality=name, locality="село" if number else "город")
               for name in PLACES for number in range(5)]  # fmt: skip
    ids = [school["school_id"] for school in schools]
    raw = {name: 10.0 * place for place, name in enumerate(PLACES, start=1)}
    shares = indicators([measured(school, "oge_rus_2", raw[school[0]]) for school in ids])
    bands = {school: {2022: "mid"} for school in ids}
    return build_workspace(identify_bands(bands, register(schools), bands, indicators=shares), methodology)


def show_similar(workspace, name="А"):
    return tabulate_indicators(Portfolio(workspace, 2022, name), "results")._repr_html_()


def test_ranges_of_similar_municipalities_read_no_more_than_the_digests_follow(five):
    hidden = hide_others(five, "А")
    assert "20–40" in show_similar(five)
    assert show_similar(hidden) == show_similar(five)
    assert digest_slices(hidden, 2022, PLACES)["А"][REGION] == digest_slices(five, 2022, PLACES)["А"][REGION]


@pytest.mark.parametrize("values", [{"locality": "город"}, {"enrolment": 900}, {"social_index": 0.9}])
def test_what_similar_municipalities_are_chosen_by_is_followed(five, values):
    after = change(five, "paths", lambda paths: paths["municipality"] == "Б", **values)
    before, later = (digest_slices(workspace, 2022, PLACES) for workspace in (five, after))
    assert "30–50" in show_similar(after)
    assert all(before[name][REGION] != later[name][REGION] for name in PLACES)


def test_municipality_that_a_school_is_counted_in_is_followed(five):
    """Two schools change places: both municipalities are as large as before, their shares are not."""
    moved = {"Б1": "Д", "Д1": "Б"}
    after = five
    for school, place in moved.items():
        after = change(after, "paths", lambda paths, school=school: paths["school_id"] == school, municipality=place)
    before, later = (digest_slices(workspace, 2022, PLACES) for workspace in (five, after))
    assert "26–40" in show_similar(after)
    assert before["А"][REGION] != later["А"][REGION]


def test_first_screen_and_pages_read_no_more_than_the_digests_follow(demo, names, root):
    def _show(workspace):
        portfolio = open_portfolio(workspace, names[1], YEAR)
        told = tell_schools(portfolio, root / "comments" / "schools.yml")
        parts = [describe_municipality(portfolio), show_key_figures(portfolio), list_attention(told)]
        parts += [describe_sureness(portfolio, told), tabulate_schools(told)]
        parts += [tabulate_indicators(portfolio, domain) for domain in ("results", "social")]
        parts += [part for page in tell_pages(told).pages for part in page.shown]
        return [part._repr_html_() for part in parts]

    assert _show(hide_others(demo, names[1])) == _show(demo)


def test_earlier_years_of_a_school_are_read_in_the_line_of_the_region(demo, names):
    owners = find_owners(demo, YEAR)
    mine = owners.index[owners == names[1]]
    after = change(
        demo, "indicators", lambda frame: frame["school_id"].isin(mine) & (frame["year"] == YEAR - 1), raw=1.0
    )
    assert list_changed(demo, after, names) == {names[0]: {REGION}, names[1]: {OWN, REGION}, names[2]: {REGION}}


@pytest.mark.parametrize("part", ["describe_moves", "chart_own_level_change", "tabulate_pupil_cohorts"])
def test_dynamics_of_a_report_read_no_more_than_the_digests_follow(demo, names, part):
    make = getattr(own_dynamics, part)
    shown = make(open_portfolio(demo, names[1], YEAR))._repr_html_()
    assert make(open_portfolio(hide_others(demo, names[1]), names[1], YEAR))._repr_html_() == shown


@pytest.mark.parametrize(("table", "column"), [("level_change", "change"), ("pupil_cohorts", "gain")])
def test_gain_of_a_school_is_read_by_its_own_report_alone(demo, names, table, column):
    owners = find_owners(demo, YEAR)
    known = set(getattr(demo.dynamics, table)["school_id"])
    school = next(name for name in owners.index[owners == names[1]] if name in known)
    after = change(demo, table, lambda frame: frame["school_id"] == school, **{column: 0.5})
    assert list_changed(demo, after, names) == {names[0]: set(), names[1]: {OWN}, names[2]: set()}


def test_school_that_closed_belongs_to_the_report_of_its_last_municipality(demo):
    schools = demo.identified.schools
    latest = schools[schools["year"] <= YEAR].sort_values("year").drop_duplicates("school_id", keep="last")
    owners = find_owners(demo, YEAR)
    assert owners.to_dict() == latest.set_index("school_id")["municipality"].to_dict()
    assert len(owners) > (schools["year"] == YEAR).sum()


SUPPORT = [partners.tabulate_partners, targets.tabulate_targets, roadmap.tabulate_own_events]


@pytest.mark.parametrize("make", SUPPORT)
def test_parts_on_support_read_no_more_than_the_digests_follow(demo, names, make):
    support, name = demo.support, names[1]
    own = set(find_owners(demo, YEAR).loc[lambda owners: owners == name].index)
    shown = make(open_portfolio(demo, name, YEAR))._repr_html_()
    read = {
        "partners": support.partners[support.partners["school_id"].isin(own)],
        "targets": support.targets[support.targets["municipality"].fillna(name) == name],
        "roadmap": support.roadmap[support.roadmap["municipality"] == name],
    }
    hidden = replace(hide_others(demo, name), support=replace(support, **read))
    assert make(open_portfolio(hidden, name, YEAR))._repr_html_() == shown


@pytest.mark.parametrize("table", ["partners", "targets", "roadmap", "participants"])
def test_support_of_a_municipality_is_read_by_its_own_report(demo, names, table):
    frame = getattr(demo.support, table)
    placed = frame["municipality"] if "municipality" in frame else frame["school_id"].map(find_owners(demo, YEAR))
    name = placed.dropna().iloc[0]
    after = replace(demo, support=replace(demo.support, **{table: frame[placed != name]}))
    assert list_changed(demo, after, names) == {other: {OWN} if other == name else set() for other in names}


def test_targets_of_the_region_stand_in_every_report(demo, names):
    targets = demo.support.targets.copy()
    targets.loc[targets["municipality"].isna(), "fact"] = 0
    after = replace(demo, support=replace(demo.support, targets=targets))
    assert list_changed(demo, after, names) == {name: {REGION} for name in names}
