"""The public release, attacked as one office could: by all that is published and printed, and by its own schools.

The attacker has the published tables (this year's, last year's), the printed rules, the public register of schools and
every school of one municipality, his own. He writes his equations himself: nothing of the suppression is used. Some
two minutes: two releases of two regions of 40 schools are made.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest
from builders_report import build_workspace
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from effschool.base.storage import disarm_formulas
from effschool.demo import build_demo_tables
from effschool.method.identify import identify_schools
from effschool.method.methodology import load_methodology
from effschool.public.earlier import SecondReleaseError, refuse_second
from effschool.public.release import ON_NO_LIST, UNPUBLISHED, Release, count_schools, make_release, sort_schools
from effschool.public.sections import TITLES, write_rows
from effschool.report.portfolio import RegionYear
from effschool.report.privacy import load_privacy

WIDTH, SHARE = 3, 0.25
RESULTS, SOCIAL, CORNER = "Группы по результатам", "Группы по социальным условиям", "Результаты и условия вместе"
LISTS, CONDITIONS = "Списки по результатам", "Списки по социальным условиям"
BANDS = {RESULTS: ("низкие", "высокие"), SOCIAL: ("неблагоприятные", "благоприятные")}
"""Kinds of the two outer bands, the worse first."""
BOTH, NO_DATA = "низкие результаты и тяжёлые условия", "нет данных"
ALONE = {RESULTS: "только низкие результаты", SOCIAL: "только тяжёлые условия"}
REGION, PLACE, GROUP, TYPE = "Регион", "Муниципалитет", "Группа школ", "Тип школ"
KEY = ["год", "таблица", "разрез", "место", "вид"]


@dataclass
class Attack:
    """What follows for every number: lines are sums of numbers with their least and greatest value.

    Args:
        rows: the published rows, `школ` missing where hidden.
        register: year, school_id, municipality, group of every school.
        own: true numbers of the attacker's own schools by `KEY`, if he has any; a place of others counts only his.
        home: the attacker's municipality.
    """

    rows: pd.DataFrame
    register: pd.DataFrame
    own: pd.Series | None = None
    home: str = ""
    is_blind: bool = False
    lines: list[tuple[dict[int, float], float, float]] = field(default_factory=list)

    def __post_init__(self):
        self.rows = self.rows.reset_index(drop=True)
        self.place = {key: cell for cell, key in enumerate(self.rows[KEY].itertuples(index=False, name=None))}
        self.low, self.high = list(np.zeros(len(self.rows))), list(self.rows["всего школ"].astype(float))
        self.most = list(self.high)
        self.know_shown()
        self.know_sums()
        self.know_bands()
        self.know_corners()
        self.know_lists()
        self.know_own()

    def add(self, parts, low, high):
        self.lines.append((parts, low, high))

    def find(self, year, table, by, place, kind):
        return self.place.get((year, table, by, place, kind))

    def know_shown(self):
        """Numbers that stand in the release; who has not got it knows only who has no data."""
        for cell, (number, kind) in enumerate(zip(self.rows["школ"], self.rows["вид"], strict=True)):
            if pd.notna(number) and (not self.is_blind or kind == NO_DATA):
                self.low[cell] = self.high[cell] = float(number)

    def know_sums(self):
        """Kinds make the schools of a place, places the place above them."""
        for _, own in self.rows.groupby(KEY[:4]):
            self.add(dict.fromkeys(own.index, 1.0), *[own["всего школ"].iloc[0]] * 2)
        below = self.rows[self.rows["входит в"].fillna("") != ""]
        for (year, table, _, parent, kind), own in below.groupby(["год", "таблица", "разрез", "входит в", "вид"]):
            above = self.find(year, table, REGION if parent == "регион" else GROUP, parent, kind)
            if above is not None:
                self.add(dict.fromkeys(own.index, 1.0) | {above: -1.0}, 0, 0)

    def know_bands(self):
        """The rule: of each group's ranked schools a quarter, rounded half up, is in either outer band.

        Schools of a group in a municipality are in the register: theirs are numbers of their own, published nowhere.
        """
        known = self.register.dropna(subset="group")
        for (year, group), schools in known.groupby(["year", "group"]):
            sizes = schools.groupby("municipality").size()
            for table in BANDS:
                self.know_group(year, table, group, sizes)

    def know_group(self, year, table, group, sizes):
        kinds = self.rows.loc[(self.rows["год"] == year) & (self.rows["таблица"] == table), "вид"].unique()
        if not len(kinds):
            return
        for place, size in sizes.items():
            cells = [self.create((year, table, "оба", (place, group), kind), size) for kind in kinds]
            self.add(dict.fromkeys(cells, 1.0), size, size)
        for kind in kinds:
            parts = [self.find(year, table, "оба", (place, group), kind) for place in sizes.index]
            self.create((year, table, "группа", group, kind), sizes.sum())
            self.add(dict.fromkeys(parts, 1.0) | {self.find(year, table, "группа", group, kind): -1.0}, 0, 0)
            published = self.find(year, table, GROUP, group, kind)
            if published is not None:
                self.add({published: 1.0, self.find(year, table, "группа", group, kind): -1.0}, 0, 0)
        low, high = self.lack(year, table, group)
        self.add({self.find(year, table, "группа", group, NO_DATA): 1.0}, low, high)
        for kind in BANDS[table]:
            # Half up: the number is at most a half above a quarter of the ranked schools, and less than a half below.
            ranked = {self.find(year, table, "группа", group, name): -SHARE for name in kinds if name != NO_DATA}
            ranked[self.find(year, table, "группа", group, kind)] += 1
            self.add(ranked, -0.499, 0.5)

    def lack(self, year, table, group):
        """How many schools of a group are without a band: as published, or at most as many as in the region."""
        cell, region = self.find(year, table, GROUP, group, NO_DATA), self.find(year, table, REGION, "регион", NO_DATA)
        return (self.rows["школ"][cell],) * 2 if cell is not None else (0, self.rows["школ"][region])

    def create(self, key, most):
        if key not in self.place:
            self.place[key] = len(self.low)
            self.low.append(0.0)
            self.high.append(float(most))
            self.most.append(float(most))
        return self.place[key]

    def finish_places(self):
        """Groups of a municipality make its published numbers."""
        parts = {}
        for (year, table, by, place, kind), cell in self.place.items():
            if by == "оба":
                parts.setdefault((year, table, PLACE, place[0], kind), []).append(cell)
        for key, cells in parts.items():
            if key in self.place:
                self.add(dict.fromkeys(cells, 1.0) | {self.place[key]: -1.0}, 0, 0)

    def know_corners(self):
        """Corners of the matrix make the worse bands, in every place that is published or follows from the rule."""
        self.finish_places()
        for (year, table, by, place, kind), cell in list(self.place.items()):
            if table in BANDS and kind == BANDS[table][0] and by in (REGION, "группа"):
                where = GROUP if by == "группа" else by
                corners = [self.find(year, CORNER, where, place, name) for name in (BOTH, ALONE[table])]
                if None not in corners:
                    self.add(dict.fromkeys(corners, 1.0) | {cell: -1.0}, 0, 0)

    def know_lists(self):
        """Lists stand in their band in certain years; on none is who has no data; two years listed, one before too."""
        for (year, table, by, place, kind), cell in list(self.place.items()):
            lacking = self.find(year, SOCIAL, by, place, NO_DATA)
            if (table, kind) == (CONDITIONS, ON_NO_LIST) and lacking is not None:
                self.add({cell: 1.0, lacking: -1.0}, -np.inf, 0)  # whoever has data is on one of the three
        years = sorted(self.rows["год"].unique())
        for place in self.rows.loc[self.rows["разрез"] == PLACE, "место"].unique():
            for year in years:
                for table, parts, earlier, back in self.list_parts():
                    listed = [self.find(year, table, PLACE, place, kind) for kind in parts]
                    whole = [self.find(year - back, name, PLACE, place, kind) for name, kind in earlier]
                    if None not in (*listed, *whole) and self.stayed(place, year, back):
                        self.add(dict.fromkeys(listed, 1.0) | dict.fromkeys(whole, -1.0), -np.inf, 0)

    @staticmethod
    def list_parts():
        """Which kinds of a table are no more than which kinds of another so many years before."""
        low, high = (RESULTS, "низкие"), (RESULTS, "высокие")
        poor = ("ШНРО", "группа риска")
        yield from ((LISTS, poor, [low], back) for back in (0, 1))
        yield LISTS, ("ШНРО",), [low], 2
        yield LISTS, ("ШНРО",), [(LISTS, kind) for kind in poor], 1
        yield from ((LISTS, ("стабильно высокие",), [high], back) for back in (0, 1, 2))

    def stayed(self, place, year, back):
        """Whether all schools of a municipality were there so many years before, as the register says."""
        now, before = (self.register[self.register["year"] == when] for when in (year, year - back))
        ids = [set(known.loc[known["municipality"] == place, "school_id"]) for known in (now, before)]
        return ids[0] <= ids[1]

    def know_own(self):
        """Own schools: all numbers of their municipality, and the least and most that any place above can have."""
        if self.own is None:
            return
        totals = self.own.groupby(level=KEY[:4]).sum()
        for (year, table, by, place, kind), cell in self.place.items():
            inner = {"оба": (GROUP, place[1]), "группа": (GROUP, place)}.get(by, (by, place))
            key = (year, table, *inner, kind)
            number = self.own.get(key, 0)
            if self.home in (place, place[0]):
                self.low[cell] = self.high[cell] = number
            elif by not in (PLACE, "оба"):
                self.low[cell] = max(self.low[cell], number)
                self.high[cell] = min(self.high[cell], self.most[cell] - totals.get(key[:4], 0) + number)

    def limit(self):
        """The lines as one matrix."""
        parts = [(line, cell, value) for line, (sums, _, _) in enumerate(self.lines) for cell, value in sums.items()]
        lines, cells, values = (np.array(part) for part in zip(*parts, strict=True))
        matrix = coo_array((values, (lines, cells)), shape=(len(self.lines), len(self.low))).tocsr()
        return LinearConstraint(matrix, *np.array([line[1:] for line in self.lines], float).T)

    def solve(self, goal):
        """The table with the least of a goal that agrees with all he knows."""
        whole = np.ones(len(self.low))
        found = milp(goal, integrality=whole, bounds=Bounds(self.low, self.high), constraints=self.limit())
        assert found.status == 0, found.message
        return np.round(found.x)

    def bound(self, cell):
        goal = np.zeros(len(self.low))
        goal[cell] = 1
        return self.solve(goal)[cell], self.solve(-goal)[cell]

    def find_narrow(self, cells, needed, draws=12):
        """Cells whose bounds are closer than needed: those found wide by tables that agree are not asked one by one."""
        random, low, high = np.random.default_rng(1), np.full(len(self.low), np.inf), np.full(len(self.low), -np.inf)
        for _ in range(draws):
            goal = np.zeros(len(self.low))
            narrow = cells[~(high[cells] - low[cells] >= needed)]
            goal[narrow] = random.choice([-1.0, 1.0], len(narrow))
            for table in (self.solve(goal), self.solve(-goal)) if len(narrow) else ():
                low, high = np.minimum(low, table), np.maximum(high, table)
        bounds = {cell: self.bound(cell) for cell in cells[high[cells] - low[cells] < needed]}
        return {cell: ends for cell, ends in bounds.items() if ends[1] - ends[0] < needed}


def attack(rows, register, own=None, home=""):
    """Hidden numbers narrower than promised with their bounds, though without the release they would be wider."""
    known = Attack(rows, register, own, home)
    foreign = known.rows["школ"].isna() & ~((known.rows["разрез"] == PLACE) & (known.rows["место"] == home))
    narrow = known.find_narrow(np.flatnonzero(foreign), WIDTH)
    if not narrow:
        return []
    blind = Attack(rows, register, own, home, is_blind=True)
    found = []
    for cell, (low, high) in narrow.items():
        least, most = blind.bound(cell)
        if high - low < min(WIDTH, most - least):
            found.append((*known.rows.loc[cell, KEY], int(low), int(high), int(most - least)))
    return found


def count_own(schools, home):
    """What an office knows of its own schools: their numbers in every table and place, by `KEY`."""
    own, parts = schools[schools["municipality"] == home], []
    for column, table in TITLES.items():
        for by, place in {"region": REGION, "municipality": PLACE, "group": GROUP, "type": TYPE}.items():
            if column in own and own[column].notna().any():
                named = own[["year", by, column]].set_axis(["год", "место", "вид"], axis=1)
                parts.append(named.assign(таблица=table, разрез=place))
    return pd.concat(parts).groupby(KEY).size()


RULES = load_privacy().release
YEAR = 2023


def build_region(root, drawn, year=YEAR, methodology="khabarovsk-2020"):
    """A region of 40 schools and three groups, drawn from a seed, with so many municipalities."""
    rules = load_methodology(root / "methodologies" / f"{methodology}.yml")
    seed, municipalities = drawn
    tables = build_demo_tables(seed, schools=40, municipalities=municipalities, last_year=YEAR, years=4)
    return RegionYear(build_workspace(identify_schools(tables, rules), rules), year)


def publish(region, reports):
    """The finished file of a release and what is in it."""
    path = reports / str(region.year) / "public" / "public.csv"
    release = make_release(region, RULES)
    write_rows(release, path)
    return release, path


@pytest.fixture(scope="module", params=[(7, 4), (5, 2)], ids=["four", "two"])
def drawn(request):
    """Seed and number of municipalities. Of two, the smaller has five schools: the larger knows nearly all."""
    return request.param


@pytest.fixture(scope="module")
def region(root, drawn):
    return build_region(root, drawn)


@pytest.fixture(scope="module")
def reports(tmp_path_factory, drawn):
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def released(root, drawn, region, reports):
    """Releases of last year and of this one, as files."""
    return [publish(build_region(root, drawn, YEAR - 1), reports), publish(region, reports)]


@pytest.fixture(scope="module")
def rows(released):
    return pd.concat([pd.read_csv(path) for _, path in released]).drop_duplicates(KEY)


@pytest.fixture(scope="module")
def register(region):
    return region.workspace.identified.schools


def test_two_years_agree_in_the_years_they_share(released, rows):
    assert not rows.duplicated([name for name in KEY if name != "школ"]).any()
    assert len(pd.concat([pd.read_csv(path) for _, path in released]).drop_duplicates()) == len(rows)


def test_who_knows_the_rule_and_the_register_finds_nothing(rows, register):
    assert 20 < rows["школ"].isna().sum() < len(rows) - 20
    assert attack(rows, register) == []


def test_an_office_that_takes_away_its_own_schools_finds_nothing(region, rows, register):
    schools = sort_schools(region, RULES)
    found = {home: attack(rows, register, count_own(schools, home), home) for home in set(schools["municipality"])}
    assert not any(found.values()), found


def test_the_attack_finds_what_hiding_small_numbers_alone_gives_away(region, register, tmp_path):
    true = count_schools(region, RULES)
    true = true[~true["by"].isin(UNPUBLISHED) & (true["year"] == YEAR)]
    small = true["schools"].between(1, RULES.schools - 1) & ~true["kind"].isin([NO_DATA, ON_NO_LIST])
    shown = true.assign(schools=true["schools"].astype("Int64").mask(small)).drop(columns="worse")
    write_rows(Release(shown, YEAR, RULES), tmp_path / "a.csv")
    found = attack(pd.read_csv(tmp_path / "a.csv"), register)
    assert any(low == high for *_, low, high, _ in found)


def test_a_second_methodology_is_refused_and_the_first_release_stays(root, drawn, released, reports):
    region = build_region(root, drawn, methodology="khabarovsk-2020-two-groups")
    true = count_schools(region, RULES)
    shown = Release(true[~true["by"].isin(UNPUBLISHED)].drop(columns="worse"), YEAR, RULES)
    before = [path.read_bytes() for _, path in released]
    with pytest.raises(SecondReleaseError, match=r"public\.csv.*открыли бы.*удалите папку"):
        refuse_second(shown, reports)
    assert [path.read_bytes() for _, path in released] == before


def test_the_same_release_again_and_another_year_are_no_second(released, reports):
    for release, _ in released:
        refuse_second(release, reports)


SPOILED = [b"", b"\xff\xfe\x00", b"a,b\n1,2\n", "год,таблица,разрез,место,вид,школ\n2023,а,б,в,г,много\n".encode()]


@pytest.mark.parametrize("content", SPOILED)
def test_an_earlier_release_that_cannot_be_read_stops_the_next_by_name(released, tmp_path, content):
    path = tmp_path / "2022" / "public" / "public.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with pytest.raises(SecondReleaseError, match=r"не читается.*public\.csv.*удалите папку"):
        refuse_second(released[-1][0], tmp_path)


HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_of_the_table_for_programs_is_a_formula(released, tmp_path, name):
    release = released[-1][0]
    named = release.rows.assign(place=name, parent=name)
    write_rows(Release(named, YEAR, RULES), tmp_path / "a.csv")
    read = pd.read_csv(tmp_path / "a.csv", dtype="str", keep_default_na=False)
    assert set(read["место"]) == set(read["входит в"]) == {f"'{name.strip()}"}
    assert pd.to_numeric(read["всего школ"]).ge(0).all()


def test_numbers_and_missing_values_of_a_disarmed_frame_stay():
    frame = pd.DataFrame({"-а": [-1.5, None], "б": ["-1", None], "в": pd.array([-2, None], dtype="Int64")})
    disarmed = disarm_formulas(frame)
    assert list(disarmed) == ["'-а", "б", "в"]
    assert disarmed.to_csv(index=False, lineterminator="\n") == "'-а,б,в\n-1.5,'-1,-2\n,,\n"
