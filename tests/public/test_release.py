"""The public release, attacked with nothing but what is published."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from builders_report import build_workspace, identify_bands, indicators, measured, register, registered
from scipy.optimize import Bounds, LinearConstraint, milp

from effschool.public import release as release_module
from effschool.public.release import (
    BOTH,
    CORNER,
    ONE,
    UNPUBLISHED,
    count_schools,
    hide_numbers,
    lay_out,
    list_anonymous,
    list_window_sums,
    make_release,
    name_table_kinds,
    name_types,
    pool_shares,
    relate_bands,
    relate_lists,
)
from effschool.public.suppression import Protected
from effschool.report.portfolio import RegionYear, open_region
from effschool.report.privacy import TypeRules, load_privacy

ALL_RULES = load_privacy().release
CHOSEN = {"results_band", "social_band", "results_status", CORNER}
RULES = ALL_RULES.model_copy(update={"tables": tuple(item for item in ALL_RULES.tables if item.column in CHOSEN)})
"""Tables that hang together most; the notebook's test makes them all."""
TYPES = TypeRules(attributes=("locality", "size"), sizes=(150, 500), schools=2)
KEY = ["year", "table", "by", "place", "kind"]


@pytest.fixture(scope="module")
def region(demo):
    return open_region(demo, 2023)


@pytest.fixture(scope="module")
def release(region):
    return make_release(region, replace_years(4))


def replace_years(years, **other):
    return RULES.model_copy(update={"years": years, **other})


class Attack:
    """Bounds of numbers from what is published alone; equations are written anew, not taken from the library."""

    def __init__(self, rows: pd.DataFrame):
        self.rows = rows.reset_index(drop=True)
        self.place = {tuple(key): cell for cell, key in enumerate(self.rows[KEY].itertuples(index=False))}
        self.equal: list[tuple[dict[int, int], float]] = []
        self.most: list[dict[int, int]] = []
        self.sum_up()
        self.compare_tables()

    def sum_up(self):
        for _, own in self.rows.groupby(["year", "table", "by", "place"]):
            self.equal.append((dict.fromkeys(own.index, 1), own["all"].iloc[0]))
        below = self.rows[self.rows["parent"] != ""]
        for key, own in below.groupby(["year", "table", "by", "parent_by", "parent", "kind"]):
            year, table, _, parent_by, parent, kind = key
            self.equal.append((dict.fromkeys(own.index, 1) | {self.place[year, table, parent_by, parent, kind]: -1}, 0))

    def compare_tables(self):
        for (year, table, by, place, kind), cell in self.place.items():
            low = {("results_band", "низкие"): "results", ("social_band", "неблагоприятные"): "social"}.get(
                (table, kind)
            )
            corners = [self.place.get((year, CORNER, by, place, name)) for name in (BOTH, ONE.get(low))]
            if low and None not in corners:
                self.equal.append(({cell: -1} | dict.fromkeys(corners, 1), 0))
            if low == "results":  # ШНРО were low in this year and two before, группа риска in this year and one before
                for back, statuses in enumerate([("ШНРО", "группа риска"), ("ШНРО", "группа риска"), ("ШНРО",)]):
                    parts = [self.place.get((year + back, "results_status", by, place, name)) for name in statuses]
                    if None not in parts:
                        self.most.append({cell: -1} | dict.fromkeys(parts, 1))

    def bound(self, cell: int) -> tuple[float, float]:
        shown = self.rows["schools"]
        low = shown.fillna(0).to_numpy(float)
        high = shown.fillna(self.rows["all"]).to_numpy(float)
        lines = [line for line, _ in self.equal] + self.most
        matrix = np.zeros((len(lines), len(low)))
        for number, line in enumerate(lines):
            matrix[number, list(line)] = list(line.values())
        totals = np.array([total for _, total in self.equal] + [0] * len(self.most), dtype=float)
        floor = np.where(np.arange(len(lines)) < len(self.equal), totals, -np.inf)
        limits = LinearConstraint(matrix, floor, totals)
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(low))
            goal[cell] = sign
            found = milp(goal, integrality=np.ones(len(low)), bounds=Bounds(low, high), constraints=limits)
            assert found.status == 0
            ends.append(sign * found.fun)
        return round(ends[0]), round(ends[1])


def list_narrow(rows: pd.DataFrame) -> list[tuple]:
    """Hidden numbers that the attacker finds to within less than promised, though more would be possible."""
    attack = Attack(rows)
    everything = Attack(rows.assign(schools=rows["schools"].where(rows["kind"] == "нет данных")))
    found = []
    for cell in np.flatnonzero(attack.rows["schools"].isna()):
        low, high = attack.bound(cell)
        promised = min(RULES.width, attack.rows["all"][cell])
        if high - low < promised and (high == low or high - low < np.diff(everything.bound(cell))[0]):
            found.append((*attack.rows.loc[cell, KEY], low, high))
    return found


def test_no_hidden_number_follows_from_those_published(release):
    last = release.rows[release.rows["year"] >= 2022]
    assert 40 < last["schools"].isna().sum() < len(last) - 30
    assert not list_narrow(last)


def test_the_attack_finds_what_hiding_small_numbers_alone_gives_away(region):
    rows = count_schools(region, RULES)
    rows = rows[rows["year"] == 2023].assign(parent=rows["parent"].fillna(""))
    small = (rows["schools"] > 0) & (rows["schools"] < RULES.schools) & (rows["kind"] != "нет данных")
    found = list_narrow(rows.assign(schools=rows["schools"].astype("Int64").mask(small)))
    assert [leak for leak in found if leak[-1] == leak[-2]]


def test_small_numbers_and_kinds_of_all_schools_are_hidden(region, release):
    rows = count_schools(region, release.rules).set_index(KEY)
    rows = rows.drop(list(UNPUBLISHED), level="by")
    shown = release.rows.dropna(subset="schools").set_index(KEY).join(rows[["worse"]])
    told = shown[~shown.index.get_level_values("kind").isin(["нет данных", "ни в одном из списков"])]
    assert not told["schools"].between(1, RULES.schools - 1).any()
    assert not (told["worse"] & (told["schools"] == told["all"])).any()
    assert shown["schools"].xs("нет данных", level="kind").size == rows["schools"].xs("нет данных", level="kind").size
    assert (shown["schools"] == rows.loc[shown.index, "schools"]).all()


def test_the_same_is_hidden_in_the_release_of_every_year(demo, release):
    before = make_release(open_region(demo, 2022), replace_years(3)).rows.set_index(KEY)["schools"]
    after = release.rows.set_index(KEY)["schools"].loc[before.index]
    assert before.isna().any()
    pd.testing.assert_series_equal(before, after)


def test_every_place_is_there_with_all_kinds(region, release):
    kinds = name_table_kinds(region.workspace.methodology, "results_band")
    rows = release.choose("results_band", "municipality")
    assert set(rows["place"]) == set(region.region_schools["municipality"])
    for _, own in rows.groupby(["year", "place"]):
        assert tuple(own["kind"]) == kinds.names


def test_a_methodology_without_social_conditions_has_no_such_tables(methodology):
    bands = {f"{number}": {2022: "low" if number < 8 else "high"} for number in range(20)}
    alone = methodology.model_copy(update={"domains": {"results": methodology.domains["results"]}})
    region = RegionYear(build_workspace(identify_bands(bands), alone), 2022)
    rows = make_release(region, RULES).rows
    assert set(rows["table"]) == {"results_band"}
    assert rows.set_index(["by", "kind"])["schools"].get(("region", "низкие")) == 8


def say_rule(terms, places):
    return [(term.table, tuple(term.kinds), term.back, term.weight) for term in terms], places


def test_what_the_rules_of_lists_make_certain(methodology):
    rules = [say_rule(*rule) for rule in list_window_sums(methodology)]
    low = [("results_band", ("низкие",), back, 1) for back in range(3)]
    poor = ("ШНРО", "группа риска")
    assert ([("results_status", poor, 0, 1), ("results_band", ("низкие",), 1, -1)], 0) in rules
    assert ([("results_status", ("ШНРО",), 0, 1), ("results_band", ("низкие",), 2, -1)], 0) in rules
    assert ([*low, ("results_status", poor, 0, -1)], 2) in rules  # low in all three years: on one of the lists
    hard = [("social_band", ("неблагоприятные",), back, -1) for back in range(3)]
    assert ([("social_status", ("ШНСУ",), 0, 2), *hard], 0) in rules  # any two of three
    unranked = [("social_status", ("ни в одном из списков",), 0, 1), ("social_band", ("нет данных",), 0, -1)]
    assert (unranked, 0) in rules  # whoever is ranked is at least neutral


def test_rules_of_lists_hold_for_the_true_numbers(region):
    rows = count_schools(region, RULES)
    matrix, bound = relate_lists(rows, region.workspace.methodology)
    assert matrix.shape[0] > 50
    assert (matrix @ rows["schools"].to_numpy() <= bound).all()
    of_bands, most = relate_bands(rows, region.workspace.methodology)
    assert of_bands.shape[0] > 10
    assert (of_bands @ rows["schools"].to_numpy() <= most).all()
    within = lay_out(rows, region.workspace.methodology, RULES).within
    assert within.shape == (matrix.shape[0] + of_bands.shape[0], len(rows))


def test_of_earlier_years_nothing_shown_can_be_hidden_later(region, monkeypatch):
    rows, asked = count_schools(region, RULES), []

    def note(cells, small, fixed, hidden=None):
        asked.append(fixed)
        return Protected(small, cells.counts, cells.counts, cells.needed)

    monkeypatch.setattr(release_module, "protect", note)
    hide_numbers(rows, region.workspace.methodology, RULES, {})
    before = (rows["year"] < 2023).to_numpy()
    assert len(asked[-1]) == len(rows)
    assert asked[-1][before].all()
    assert not asked[-1][~before].all()


def test_a_rule_that_a_school_that_moved_breaks_is_not_counted_on(region):
    rows = count_schools(region, RULES)
    whole, _ = relate_lists(rows, region.workspace.methodology)
    is_band = (rows["table"] == "results_band") & (rows["kind"] == "низкие")
    moved = rows.assign(schools=rows["schools"].mask(is_band, 0))
    assert relate_lists(moved, region.workspace.methodology)[0].shape[0] < whole.shape[0]


def test_types_are_told_apart_while_enough_schools_are_of_each():
    schools = pd.DataFrame({"locality": ["город"] * 3 + ["село"] * 4, "enrolment": [100, 149, 150, 40, 30, 500, 500]})
    large = "от 500 обучающихся"
    types = name_types(schools, TYPES)
    assert types.tolist() == ["город"] * 3 + ["село, 0–149 обучающихся"] * 2 + [f"село, {large}"] * 2
    assert set(name_types(schools.head(2), TYPES)) == {"город, 0–149 обучающихся"}
    assert set(name_types(schools.iloc[[0, 3]], TYPES)) == {"0–149 обучающихся"}
    assert set(name_types(schools.iloc[[0, 5]], TYPES)) == {"все школы"}


def test_schools_without_names_are_as_many_as_published(release):
    schools = list_anonymous(release)
    rows = release.choose(CORNER, "type")
    rows = rows[rows["year"] == 2023]
    assert schools.groupby("place").size().to_dict() == rows.groupby("place")["all"].first().to_dict()
    shown = rows[rows["schools"] > 0].set_index(["place", "kind"])["schools"]
    assert schools.dropna().groupby(["place", "kind"]).size().to_dict() == shown.to_dict()
    assert schools["kind"].isna().any()


def test_shares_with_few_pupils_behind_them_are_missing(methodology):
    names = [f"{number}" for number in range(6)]
    values = [measured(name, "oge_rus_2", 20, participants=50) for name in names]
    values += [measured(name, "oge_math_2", 2, participants=50) for name in names]  # 6 pupils
    values += [measured(name, "oge_rus_5", 97, participants=50) for name in names]  # all but 9
    values += [measured(name, "oge_math_5", 20, participants=500) for name in names[:4]]  # 4 schools
    identified = identify_bands(
        {name: {2022: "mid"} for name in names},
        register([registered(name, 2022) for name in names]),
        indicators=indicators(values),
    )
    shares = pool_shares(RegionYear(build_workspace(identified, methodology), 2022), RULES)[2022]
    assert shares.dropna().to_dict() == {"oge_rus_2": 20.0}
    assert len(shares) == 4


def test_a_place_where_all_that_have_data_are_low_is_hidden(methodology):
    bands = {f"a{number}": {2022: "low"} for number in range(6)} | {"a6": {2022: None}}
    bands |= {f"b{number}": {2022: "low" if number < 9 else "mid" if number < 19 else "high"} for number in range(30)}
    rows = [registered(name, 2022, municipality="А" if name[0] == "a" else "Б") for name in bands]
    region = RegionYear(build_workspace(identify_bands(bands, register(rows)), methodology), 2022)
    shown = make_release(region, RULES).choose("results_band", "municipality").set_index(["place", "kind"])["schools"]
    assert shown.loc["А", "нет данных"] == 1
    assert pd.isna(shown.loc["А", "низкие"])


BANDS = ("низкие", "средние", "высокие", "нет данных", None)


def name_status(first, second, third):
    if third is None:
        return None
    if second == third == "низкие":
        return "ШНРО" if first == "низкие" else "группа риска"
    return "стабильно высокие" if first == second == third == "высокие" else "ни в одном из списков"


def bound_by_patterns(release, last):
    """Bounds of hidden numbers of three years for who thinks school by school: how many took which way of bands."""
    rows = release.rows[(release.rows["by"] == "municipality") & release.rows["year"].between(last - 2, last)]
    rows = rows[(rows["table"] == "results_band") | ((rows["table"] == "results_status") & (rows["year"] == last))]
    ways = [way for way in product(BANDS, repeat=3) if any(way)]
    names = sorted(set(rows["place"]))
    lines = []
    for row in rows.itertuples():
        kinds = [name_status(*way) if row.table == "results_status" else way[row.year - last + 2] for way in ways]
        lines.append([kind == row.kind and name == row.place for name in names for kind in kinds])
    matrix = np.array(lines, dtype=float)
    low, high = rows["schools"].fillna(0).to_numpy(float), rows["schools"].fillna(rows["all"]).to_numpy(float)
    limits = [LinearConstraint(matrix, low, high)]
    total = release.choose("results_band", "region").set_index(["year", "kind"])["schools"].dropna()
    for (year, kind), schools in total[total.index.get_level_values("year") > last - 3].items():
        chosen = (rows["table"] == "results_band") & (rows["year"] == year) & (rows["kind"] == kind)
        limits.append(LinearConstraint(matrix[chosen.to_numpy()].sum(axis=0), schools, schools))
    for place in np.flatnonzero(rows["schools"].isna()):
        goals = (matrix[place], -matrix[place])
        ends = [milp(goal, integrality=np.ones(matrix.shape[1]), constraints=limits) for goal in goals]
        assert all(end.status == 0 for end in ends)
        yield rows.iloc[place], round(ends[0].fun), round(-ends[1].fun)


def test_thinking_school_by_school_finds_no_more(region, release):
    known = count_schools(region, RULES).set_index(KEY)["schools"]
    lacking = known.xs("нет данных", level="kind")
    found = list(bound_by_patterns(release, 2023))
    assert len(found) > 10
    for row, low, high in found:
        assert low <= known.loc[tuple(row[KEY])] <= high
        most = row["all"] - (lacking.get(tuple(row[KEY[:4]]), 0) if row["table"] == "results_band" else 0)
        assert high - low >= min(RULES.width, most), row
