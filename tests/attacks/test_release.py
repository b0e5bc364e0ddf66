"""The public release, attacked as one office could: by all that is published and printed, and by its own schools.

The attacker has the published tables (this year's, last year's), the printed rules, the public register of schools and
every school of one municipality, his own. He writes his equations himself: nothing of the suppression is used.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from effschool.public.sections import TITLES

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
        for (year, table, by, parent, kind), own in below.groupby(["год", "таблица", "разрез", "входит в", "вид"]):
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
        """Lists stand in their band in certain years, and who was listed for two years ago has been listed since."""
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
        """Own schools: their municipality's numbers, and the least that any other place can have."""
        if self.own is None:
            return
        for key, number in self.own.items():
            cell = self.place.get(key)
            if cell is not None:
                others = sum(self.own.xs(key[:4], level=KEY[:4])) - number
                self.high[cell] = min(self.high[cell], self.rows["всего школ"].get(cell, np.inf) - others)
                self.low[cell] = max(self.low[cell], number)
                self.high[cell] = number if key[2:4] == (PLACE, self.home) else self.high[cell]

    def solve(self, goal):
        """The table with the least of a goal that agrees with all he knows."""
        if not hasattr(self, "limits"):
            parts = [(line, cell, value) for line, (sums, _, _) in enumerate(self.lines) for cell, value in sums.items()]
            lines, cells, values = (np.array(part) for part in zip(*parts, strict=True))
            matrix = coo_array((values, (lines, cells)), shape=(len(self.lines), len(self.low))).tocsr()
            self.limits = LinearConstraint(matrix, *np.array([line[1:] for line in self.lines], float).T)
        whole = np.ones(len(self.low))
        found = milp(goal, integrality=whole, bounds=Bounds(self.low, self.high), constraints=self.limits)
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
            open_ = cells[high[cells] - low[cells] < needed]
            if not len(open_):
                return {}
            goal[open_] = random.choice([-1.0, 1.0], len(open_))
            for sign in (1, -1):
                table = self.solve(sign * goal)
                low, high = np.minimum(low, table), np.maximum(high, table)
        bounds = {cell: self.bound(cell) for cell, wide in zip(cells, high[cells] - low[cells], strict=True) if wide < needed}
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
