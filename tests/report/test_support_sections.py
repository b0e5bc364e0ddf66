from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from effschool.dynamics.partners import CLOSE, find_partners, hide_other_municipalities
from effschool.report.display import Table, Text
from effschool.report.portfolio import find_small_groups, list_municipalities, open_portfolio
from effschool.report.sections import participants as participants_sections
from effschool.report.sections import partners as partners_sections
from effschool.report.sections import roadmap as roadmap_sections
from effschool.report.sections import targets as targets_sections
from effschool.report.workspace import Support, load_named_partners, load_support, save_support
from effschool.support.roadmap import AHEAD, DONE, NO_MARK, OVERDUE, SOON, judge_events
from effschool.support.targets import STATES, FactBasis

YEAR = 2023
OWN = (
    partners_sections.tabulate_partners,
    targets_sections.tabulate_targets,
    roadmap_sections.tabulate_own_events,
    participants_sections.tabulate_participants,
)


@pytest.fixture(scope="module")
def loose(demo):
    """The methodology with rules so wide that schools of every municipality have partners in others."""
    rules = demo.methodology.partners.model_copy(update={"caliper": 9.0, "better_by": 0.001})
    return demo.methodology.model_copy(update={"partners": rules})


@pytest.fixture(scope="module")
def named(demo, loose):
    return find_partners(demo.dynamics.paths, loose, YEAR)


@pytest.fixture(scope="module")
def rich(demo, loose, named):
    """The tiny region with many partners."""
    return replace(demo, methodology=loose, support=replace(demo.support, partners=hide_other_municipalities(named)))


@pytest.fixture(scope="module")
def names(demo, named):
    """Municipalities, first those with a plan of events and schools in need."""
    every = list_municipalities(demo, YEAR)
    return sorted(every, key=lambda name: name not in set(demo.support.roadmap["municipality"]))


def test_every_part_has_a_name_of_its_own(rich, names):
    shown = [make(open_portfolio(rich, names[0], YEAR)) for make in OWN]
    assert not any(isinstance(part, Text) for part in shown)
    keys = [part.key for part in shown]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("make", OWN)
def test_schools_of_other_municipalities_are_not_named(rich, names, named, make):
    """Not even where the table with all names gets into the workspace of a report."""
    assert not named["is_own"].fillna(True).all()
    leaking = replace(rich, support=replace(rich.support, partners=named))
    schools = rich.identified.schools[rich.identified.schools["year"] == YEAR]
    for name in names:
        others = schools[schools["municipality"] != name]
        for workspace in (rich, leaking):
            html = make(open_portfolio(workspace, name, YEAR))._repr_html_()
            assert not [school for school in [*others["name"], *others["school_id"]] if school in html]
            assert not [other for other in names if other != name and other in html]


def test_schools_without_a_partner_are_counted_where_there_are_any(rich, names):
    """Nobody is told that none was found for none."""
    own = open_portfolio(rich, names[0], YEAR).schools["school_id"]
    known = rich.support.partners
    served = known[known["school_id"].isin(own) & (known["year"] == YEAR) & known["distance"].notna()]
    school = min(set(own) - set(served["school_id"]))
    lonely = served.head(1).assign(school_id=school, distance=np.nan, partner_id=None, kind=CLOSE)
    for partners, said in ((served, ""), (pd.concat([served, lonely]), "Не нашлось похожих для 1 из")):
        place = open_portfolio(replace(rich, support=replace(rich.support, partners=partners)), names[0], YEAR)
        assert said in partners_sections.tabulate_partners(place).note
        assert ("Не нашлось" in partners_sections.tabulate_partners(place).note) == bool(said)


def test_partners_of_others_are_shown_without_names(rich, names, named):
    close = named[(named["kind"] == CLOSE) & named["partner_id"].notna()]
    tables = [partners_sections.tabulate_partners(open_portfolio(rich, name, YEAR)) for name in names]
    shown = pd.concat([table.frame for table in tables if isinstance(table, Table)])
    small = [flags for name in names for flags in find_small_groups(rich.dynamics.paths, name).values()]
    untold = set(rich.dynamics.paths.loc[np.logical_or.reduce(small), "school_id"])
    close = close[close["is_own"].astype(bool) | ~close["school_id"].isin(untold)]
    abroad = close.loc[~close["is_own"].astype(bool), "school_id"].nunique()
    assert shown["У кого учиться"].str.contains(partners_sections.ASK_INSTITUTE, regex=False).sum() == abroad > 0
    assert len(shown) == close["school_id"].nunique()
    whole = partners_sections.tabulate_named_partners(named, rich.identified.schools, rich.methodology).frame
    assert len(whole) == len(named[named["kind"] == CLOSE])
    assert not (whole["Похожая школа"] == partners_sections.ELSEWHERE).any()


def test_table_that_reports_read_holds_no_codes_of_others(tmp_path, named, rich):
    save_support(replace(rich.support, partners=named), tmp_path)
    partners = load_support(tmp_path).partners
    foreign = ~partners["is_own"].fillna(True).astype(bool)
    assert foreign.any()
    assert partners.loc[foreign, "partner_id"].isna().all()
    pd.testing.assert_frame_equal(load_named_partners(tmp_path), named)


def test_municipality_without_schools_in_need_says_so(rich, names):
    schools = set(open_portfolio(rich, names[0], YEAR).schools["school_id"])
    others = rich.support.partners[~rich.support.partners["school_id"].isin(schools)]
    empty = open_portfolio(replace(rich, support=replace(rich.support, partners=others)), names[0], YEAR)
    for make in OWN[:1]:
        assert make(empty).paragraphs == ("Школ, которым нужен партнёр, в муниципалитете нет.",)


@pytest.mark.parametrize(
    ("gap", "ratio", "same", "words"),
    [
        (0.041, 1.23, True, "условия тяжелее на 0,04, учеников больше на 23\N{NO-BREAK SPACE}%, местность та же"),
        (-0.1, 0.5, False, "условия легче на 0,10, учеников меньше в 2,0 раза, местность другая"),
        (0.004, 1.004, True, "условия такие же, учеников столько же, местность та же"),
    ],
)
def test_difference_is_told_in_words(gap, ratio, same, words):
    row = pd.Series({"distance": 0.5, "social_gap": gap, "size_ratio": ratio, "same_locality": same})
    assert partners_sections.describe_difference(row) == f"{words}, расстояние 0,50"
    assert partners_sections.describe_difference(row.where(row.index != "distance")) == partners_sections.NONE


def test_targets_show_the_last_year_with_a_plan(demo, names):
    frame = targets_sections.tabulate_targets(open_portfolio(demo, names[0], YEAR)).frame
    assert not frame.duplicated(["Программа", "Показатель"]).any()
    assert frame["Год"].astype(int).max() <= YEAR
    earlier = targets_sections.tabulate_targets(open_portfolio(demo, names[0], 2022)).frame
    assert earlier["Год"].astype(int).max() == 2022
    region = targets_sections.tabulate_region_targets(demo.support.targets, YEAR).frame
    assert len(region) > len(frame)


@pytest.mark.parametrize(("elsewhere", "shown"), [(0, True), (4, False), (5, True), (np.nan, True)])
def test_share_of_the_region_stands_on_five_schools_of_others(demo, names, elsewhere, shown):
    """Of the institute's own facts and of events it is not known how many schools they speak of."""
    targets = demo.support.targets
    whole = targets["municipality"].isna()
    counted = targets.assign(
        fact=50.0, schools=np.where(targets["municipality"] == names[0], 3.0, np.where(whole, 3.0 + elsewhere, 1.0))
    )
    place = open_portfolio(replace(demo, support=replace(demo.support, targets=counted)), names[0], YEAR)
    frame = targets_sections.tabulate_targets(place).frame
    both = targets_sections.choose_latest(targets[whole], YEAR)["title"]
    told = frame.loc[frame["Показатель"].isin(both), "По региону"] != "нет данных"
    assert len(told)
    assert told.eq(shown).all()


def test_targets_without_any_fact_are_left_to_the_region(demo, names):
    part = targets_sections.tabulate_targets(open_portfolio(demo, names[0], YEAR))
    assert not part.frame[["Факт", "По региону"]].eq("нет данных").all(axis=1).any()
    latest = targets_sections.choose_latest(demo.support.targets, YEAR)
    own = latest[latest["municipality"] == names[0]]
    assert 0 < len(part.frame) < len(own)
    counts = part.frame["Состояние"].value_counts()
    assert all((f"{state} — {counts.get(state)}" in part.note) == (state in counts) for state in STATES)
    assert part.frame["Состояние"].tolist() == sorted(part.frame["Состояние"], key=targets_sections.URGENT.index)


def test_every_municipality_stands_among_places(demo, names):
    places = targets_sections.tabulate_target_places(demo.support.targets, YEAR, demo.identified.schools).frame
    assert places["Муниципалитет"].tolist() == list_municipalities(demo, YEAR)
    latest = targets_sections.choose_latest(demo.support.targets, YEAR)
    taking = latest["municipality"].value_counts()
    totals = places.set_index("Муниципалитет").sum(axis=1)
    assert totals.to_dict() == {name: taking.get(name, 0) for name in totals.index}
    assert 0 < (totals > 0).sum() < len(totals)  # one takes part in nothing
    shares = roadmap_sections.tabulate_roadmap_shares(demo.support.roadmap, demo.identified.schools).frame
    assert sorted(shares["Где"]) == sorted(["регион", *names])
    part = roadmap_sections.tabulate_roadmap_shares(demo.support.roadmap, demo.identified.schools)
    assert shares["Где"].head(part.first).tolist() == ["регион", names[0]]
    assert f"нет: {len(names) - 1}." in part.note
    assert set(shares.loc[shares["Мероприятий"].notna(), "Где"]) == {"регион", names[0]}


def test_place_that_the_register_has_not_is_told(demo):
    roadmap = demo.support.roadmap.assign(municipality="Опечатка")
    shares = roadmap_sections.tabulate_roadmap_shares(roadmap, demo.identified.schools).frame
    assert "Опечатка (нет в реестре школ)" in set(shares["Где"])


def test_late_and_near_events_stand_on_the_page_and_all_of_them_in_the_book(demo):
    part = roadmap_sections.tabulate_region_events(demo.support.roadmap)
    own = demo.support.roadmap[demo.support.roadmap["municipality"].isna()]
    urgent = own["state"].isin([OVERDUE, SOON])
    assert "состояние на 15.10.2023" in part.title
    assert f"Просрочено {(own['state'] == OVERDUE).sum()}," in part.note
    assert len(part.frame) == len(own) > urgent.sum()
    assert set(part.frame["Состояние"].head(urgent.sum()).str.partition(";")[0]) == {OVERDUE, SOON}
    assert f"Срок прошёл, а отметки нет у {(own['state'] == NO_MARK).sum()}\N{NO-BREAK SPACE}" in part.note
    assert f"Выполнено {(own['state'] == DONE).sum()} из {len(own)} запланированных" in part.note
    body = part.render_body()
    assert all((event in body) == late for event, late in zip(own["event"], urgent, strict=True))


def test_state_of_a_page_says_how_many_terms_are_over(demo):
    own = demo.support.roadmap[demo.support.roadmap["municipality"].isna()]
    frame = roadmap_sections.tabulate_events(own, "край").frame.set_index("Мероприятие")
    assert frame.loc["мониторинг реализации программы", "Состояние"] == "впереди; прошло сроков: 2 из 3"
    assert frame.loc["совещания с кураторами и школами", "Состояние"] == "повторяется"
    assert frame.loc["опрос участников программы", "Состояние"] == "нет отметки"


def test_plan_without_marks_has_no_share(demo):
    plan = judge_events(demo.support.roadmap.assign(state=None, done=None), None, 30)
    part = roadmap_sections.tabulate_region_events(plan)
    assert part.note.startswith("Отметок о выполнении в плане нет.")
    assert not part.frame["Состояние"].str.contains("просрочено").any()
    shares = roadmap_sections.tabulate_roadmap_shares(plan, demo.identified.schools).frame
    assert shares["Выполнено, %"].isna().all()


def test_missing_facts_are_asked_for_by_form(demo):
    asked = targets_sections.tabulate_asked(demo.support.targets, YEAR).frame
    latest = targets_sections.choose_latest(demo.support.targets, YEAR)
    lacking = latest[latest["fact"].isna()].drop_duplicates(["programme", "title"])
    assert asked["Показателей"].sum() == len(lacking)
    assert "лист «Этапы мониторинга»" in set(asked["Что прислать"])
    part = targets_sections.tabulate_region_targets(demo.support.targets, YEAR)
    assert "Нет данных по" in part.note
    assert part.frame["Факт"].head(part.first).ne("нет данных").all()
    assert part.frame["Чего не хватает"].eq("—").equals(part.frame["Факт"].ne("нет данных"))


def test_next_events_stand_on_the_page_where_nothing_is_late(demo):
    own = demo.support.roadmap[demo.support.roadmap["municipality"].isna()]
    calm = own.assign(state=[DONE, *[AHEAD] * (len(own) - 1)])
    part = roadmap_sections.tabulate_events(calm, "край")
    assert part.first == roadmap_sections.FEW
    assert set(part.frame["Состояние"].head(roadmap_sections.FEW)) == {AHEAD}


def test_schools_of_projects_stand_with_their_path_from_the_year_before(demo):
    known, rows, first = demo.support.participants, 0, demo.dynamics.paths["year"].min()
    for name in list_municipalities(demo, YEAR):
        portfolio = open_portfolio(demo, name, YEAR)
        part = participants_sections.tabulate_participants(portfolio)
        own = known[known["school_id"].isin(portfolio.schools["school_id"]) & (known["entry_year"] <= YEAR)]
        own = own[own["exit_year"].isna() | (own["exit_year"] >= YEAR)]
        assert isinstance(part, Table) == bool(len(own))
        if isinstance(part, Table):
            entries = part.frame["С года"].astype(int)
            paths = part.frame["Результаты с года до включения"].str.findall(r"\d{4}")
            assert all(int(path[0]) == max(entry - 1, first) for path, entry in zip(paths, entries, strict=True))
            assert sorted(entries) == sorted(own["entry_year"])
            rows += len(own)
    assert rows


def test_nothing_is_a_note(demo, names):
    empty = open_portfolio(replace(demo, support=Support()), names[0], YEAR)
    assert all(isinstance(make(empty), Text) for make in OWN)
    none = [getattr(Support(), item.name) for item in fields(Support)]
    assert isinstance(targets_sections.tabulate_region_targets(none[1], YEAR), Text)
    assert isinstance(targets_sections.tabulate_target_places(none[1], YEAR, demo.identified.schools), Text)
    assert isinstance(roadmap_sections.tabulate_region_events(none[2]), Text)
    assert isinstance(roadmap_sections.tabulate_roadmap_shares(none[2], demo.identified.schools), Text)


def test_unused_facts_are_listed(demo):
    facts = pd.DataFrame(columns=["programme", "target", "year", "municipality"], dtype="str")
    known = FactBasis(demo.dynamics.paths, {}, pd.DataFrame())
    assert targets_sections.list_unused_facts(facts, [], known).kind == "plain"
