"""Attacks on the finished files of one municipality: what its reader finds out of schools of others.

The reader has all files, the results of own schools, the register with everybody's group, and knows the rules: the
index is a mean of min–max values, rounded as the files show. docs/public.md promises what is attacked here. The fixture
is one run over a region of 60 schools: about a minute.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from leaks import find_leaks, list_secrets, read_texts
from scipy.optimize import linprog

from effschool.demo import make_demo_region
from effschool.report.sections.partners import ASK_INSTITUTE
from effschool.report.workspace import Workspace, load_workspace
from effschool.run.plan import Settings
from effschool.run.year import run_year
from effschool.support.participants import ELSEWHERE

PLACE, GROUP, YEAR, YEARS = "городской округ Алоавантюриновск", "средние", 2023, (2021, 2022, 2023)
DOMAINS = {"results": ("Индекс образовательных результатов", "Результаты"),
           "social": ("Индекс социальных условий", "Условия")}  # fmt: skip
PROMISED_SHARE = 1.0
"""Width, in percentage points, of what can be found of an extreme value or of a hidden group of others."""
PROMISED_INDEX = 0.003
"""The same of the index at the edge of a band, where it is a school's of others."""
FEWEST = 5


@dataclass(frozen=True)
class Files:
    """Finished files of the municipality; `workspace` is the truth, of which an attacker takes own rows only."""

    paths: list[Path]
    workspace: Workspace
    pairs: pd.DataFrame

    @cached_property
    def book(self) -> dict[str, pd.DataFrame]:
        path = next(path for path in self.paths if path.suffix == ".xlsx")
        return pd.read_excel(path, sheet_name=None, dtype={"Код": "str"}, engine="calamine")

    @cached_property
    def register(self) -> pd.DataFrame:
        """What everybody knows of all schools, and their bands, by which who of them is ranked."""
        return self.workspace.dynamics.paths.dropna(subset="group")

    @cached_property
    def values(self) -> pd.DataFrame:
        """Indicators of all schools with group and place."""
        places = self.register[["year", "school_id", "group", "municipality"]]
        return self.workspace.identified.indicators.merge(places, on=["year", "school_id"])

    def read_indices(self, domain: str, year: int) -> pd.Series:
        """Own indices of a year that the book tells, by code."""
        title = DOMAINS[domain][0] + (f", {year} год" if year != YEAR else "")
        return self.book["Матрица"].set_index("Код")[title].dropna()

    def read_bands(self, domain: str, year: int) -> pd.Series:
        """Own bands of a year that the book tells, by code."""
        names = {title: band for band, title in self.workspace.methodology.domains[domain].band_titles.items()}
        return self.book["Школы"].set_index("Код")[f"{DOMAINS[domain][1]}, {year}"].dropna().map(names)


@pytest.fixture(scope="module")
def files(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("attacked")
    make_demo_region(folder / "raw", municipalities=3, schools=60, years=4)
    pairs = write_pairs(folder / "raw")
    settings = Settings(
        root=root, data=folder / "raw", processed=folder / "processed", reports=folder / "reports",
        layouts=root / "layouts", methodology="khabarovsk-2020", municipality=PLACE, jobs=1,
    )  # fmt: skip
    said: list[str] = []
    assert run_year(settings, said.append) == 0, said
    page = Path(json.loads((folder / "reports/2023/run.json").read_text("utf-8"))["reports"][PLACE]["page"])
    stem, year = page.stem, folder / "reports" / "2023"
    paths = [path for path in year.iterdir() if path.is_file() and path.stem == stem]
    return Files([*paths, *sorted((year / stem).iterdir())], load_workspace(folder / "processed"), pairs)


def write_pairs(raw: Path) -> pd.DataFrame:
    """Two pairs of an own school and one of others, the first of them approved, as the institute would send them."""
    schools = pd.read_csv(raw / "schools.csv", dtype={"Код ОО": "str"}, sep=None, engine="python")
    schools = schools[(schools["Год"] == YEAR) & (schools["Тип ОО"] == "средняя")]
    is_own = schools["Муниципалитет"] == PLACE
    own, others = schools[is_own].head(2), schools[~is_own].head(2)
    pairs = pd.DataFrame({"Год": YEAR, "Код ОО": own["Код ОО"].array, "Код партнёра": others["Код ОО"].array})
    pairs["Состояние"] = ["утверждена", "не утверждена"]
    pairs.to_excel(raw / "Пары школ-партнёров.xlsx", index=False)
    return pairs.assign(name=others["Наименование"].array)


# What a system of inequalities tells: unknown are a and b of every indicator, of which a ± b·x is what is averaged.


@dataclass
class Scales:
    """Inequalities `rows @ unknown <= limits`; the unknown: a and b of every indicator, indices at the two edges."""

    names: list[str]
    signs: np.ndarray
    rows: list[np.ndarray]
    limits: list[float]

    def spread(self, school: pd.DataFrame) -> tuple[np.ndarray, float]:
        """A school's index as a linear function of the unknown: coefficients and a constant."""
        row, constant, number = np.zeros(2 * len(self.names) + 2), 0.0, len(self.names)
        for indicator, raw, normalised in school[["indicator", "raw", "normalised"]].itertuples(index=False):
            if indicator in self.names:
                place = self.names.index(indicator)
                row[place], row[number + place] = row[place] - self.signs[place], self.signs[place] * raw
            else:  # a flag of lag: the school knows its own
                constant += normalised
        return row / len(school), constant / len(school)

    def limit(self, row: np.ndarray, limit: float) -> None:
        self.rows.append(row)
        self.limits.append(limit)

    def bound(self, objective: np.ndarray) -> tuple[float, float]:
        """Least and greatest value of a linear function of the unknown."""
        scale, bounds = self._scale(), [(0, None)] * 2 * len(self.names) + [(0, 1)] * 2
        found = [
            linprog(sign * objective * scale, np.array(self.rows) * scale, self.limits, bounds=bounds, method="highs")
            for sign in (1, -1)
        ]
        return tuple(float(sign * each.fun) for sign, each in zip((1, -1), found, strict=True))

    def bound_extreme(self, place: int, shift: float) -> tuple[float, float]:
        """Least and greatest (a + shift)/b: homogeneous, with a last unknown t, b = 1 (Charnes and Cooper)."""
        scale, number = self._scale(), len(self.names)
        rows = np.column_stack([np.array(self.rows) * scale, -np.array(self.limits)])
        one, objective = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
        one[number + place], objective[place], objective[-1] = scale[number + place], 1, shift
        found = [
            linprog(sign * objective, rows, np.zeros(len(rows)), one[None], [1], method="highs") for sign in (1, -1)
        ]
        return tuple(float(sign * each.fun) for sign, each in zip((1, -1), found, strict=True))

    def _scale(self) -> np.ndarray:
        number = len(self.names)
        return np.concatenate([np.ones(number), np.full(number, 0.01), np.ones(2)])


def build_scales(files: Files, domain: str, year: int, told: pd.Series, half: float) -> Scales:
    """All that own values, told indices (each within `half`) and told bands say of the group's scales."""
    kinds = {item.id: item for item in files.workspace.methodology.domains[domain].indicators}
    known = files.values.query("year == @year and domain == @domain and group == @GROUP").dropna(subset="normalised")
    names = [name for name in known["indicator"].unique() if kinds[name].kind != "gap"]
    signs = np.array([-1 if kinds[name].direction == "inverse" else 1 for name in names])
    scales = Scales(names, signs, [], [])
    bands = files.read_bands(domain, year)
    for code, school in known[known["school_id"].isin(told.index)].groupby("school_id"):
        row, constant = scales.spread(school)
        scales.limit(row, told[code] + half - constant)
        scales.limit(-row, half + constant - told[code])
        for side, edge in list_edges(bands.get(code)):
            at_edge = np.zeros(len(row))
            at_edge[edge] = 1
            scales.limit(side * (row - at_edge), -side * constant)
        for name, raw in school[["indicator", "raw"]].itertuples(index=False):
            limit_value(scales, name, raw)
    for place in range(len(names)):
        limit_shares(scales, place)
    return scales


def list_edges(band: object) -> list[tuple[int, int]]:
    """Which side of which edge a band is: 1, at most; −1, at least; −2 is the lower edge, −1 the upper."""
    return {"low": [(1, -2)], "mid": [(-1, -2), (1, -1)], "high": [(-1, -1)]}.get(str(band), [])


def limit_value(scales: Scales, name: str, raw: float) -> None:
    """An own value is within the scale."""
    if name in scales.names:
        row, _ = scales.spread(pd.DataFrame({"indicator": [name], "raw": raw, "normalised": 0.0}))
        scales.limit(row, 1)
        scales.limit(-row, 0)


def limit_shares(scales: Scales, place: int) -> None:
    """Both ends of a scale are shares."""
    number, is_inverse = len(scales.names), scales.signs[place] < 0
    top, floor = np.zeros((2, 2 * number + 2))
    top[place], top[number + place], floor[place] = 1, -100, -1
    scales.limit(top, 0 if is_inverse else -1)
    scales.limit(floor, -1 if is_inverse else 0)


def attack_extremes(files: Files, domain: str, year: int, told: pd.Series, half: float) -> Iterator[tuple[str, float]]:
    """Every extreme value that a school of others has: what it is, and how much of what was possible is left."""
    scales = build_scales(files, domain, year, told, half)
    known = files.values.query("year == @year and domain == @domain and group == @GROUP")
    own = known[known["school_id"].isin(told.index)]
    for place, name in enumerate(scales.names):
        for which, shift in (("max", max(scales.signs[place], 0)), ("min", min(scales.signs[place], 0))):
            truth, nearest = (rows.loc[rows["indicator"] == name, "raw"].agg(which) for rows in (known, own))
            if pd.isna(nearest) or abs(truth - nearest) < 1e-9:
                continue
            low, high = scales.bound_extreme(place, shift)
            assert low - 1e-4 <= truth <= high + 1e-4
            possible = 100 - nearest if which == "max" else nearest
            yield f"{name}, {which}, {year}: {truth:.2f} в {low:.2f}…{high:.2f}", (high - low) / min(2, possible)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("year", YEARS)
def test_own_indices_and_values_do_not_give_extreme_values_of_others(files, domain, year):
    """At least a percentage point is left, or half of what own values leave by themselves where that is less."""
    told = files.read_indices(domain, year)
    assert (told - told.round(2)).abs().max() < 1e-9, "индексы точнее двух знаков"
    told = told[told.index.isin(files.register.query("year == @year and group == @GROUP")["school_id"])]
    found = list(attack_extremes(files, domain, year, told, 0.005))
    assert len(told) >= 5 or not found
    assert not [what for what, left in found if left < PROMISED_SHARE / 2]


def test_the_same_attack_finds_extreme_values_in_exact_indices(files):
    exact = files.register.query("year == 2022 and group == @GROUP and municipality == @PLACE")
    exact = exact.set_index("school_id")["results_index"].dropna()
    assert sum(left < PROMISED_SHARE / 20 for _, left in attack_extremes(files, "results", 2022, exact, 1e-7)) > 5


# The index at the edge of a band


def bound_edges(files: Files, domain: str, year: int, told: pd.Series, half: float) -> list[tuple[float, float]]:
    """What can be said of the last index of the lower band and of the first of the upper one."""
    scales = build_scales(files, domain, year, told, half)
    for row, constant, side in list_ways(files, scales, year) if domain == "results" else ():
        edge = np.zeros(len(row))
        edge[-2] = 1
        scales.limit(side * (row - edge), -side * constant)
    return [scales.bound(np.eye(len(scales.rows[0]))[place]) for place in (-2, -1)]


WAY = re.compile(r"в показателе «(.+?)» за (\d{4}) год было не (\d+), а (\d+) из (\d+)")


def list_ways(files: Files, scales: Scales, year: int) -> Iterator[tuple[np.ndarray, float, int]]:
    """What decisions say: with so many pupils the school would be beyond the edge, with one fewer not yet."""
    shorts = {item.short.replace("«", "„").replace("»", "“"): item.id
              for item in files.workspace.methodology.domains["results"].indicators}  # fmt: skip
    known = files.values.query("year == @year and domain == 'results'").dropna(subset="normalised")
    decided = files.book.get("Решения", pd.DataFrame(columns=["Код", "Список", "Что изменило бы решение"]))
    bands = files.read_bands("results", year)
    for code, name, text in decided[["Код", "Список", "Что изменило бы решение"]].itertuples(index=False):
        school = known[(known["school_id"] == code) & (known["group"] == GROUP)]
        for title, when, before, after, people in WAY.findall(text) if name != "ШНОР" else ():
            indicator = shorts.get(title.replace("«", "„").replace("»", "“"))
            if int(when) != year or school.empty or indicator not in scales.names or code not in bands:
                continue
            step = 1 if int(after) > int(before) else -1
            for pupils, is_last in ((int(after), True), (int(after) - step, False)):
                moved = school.assign(
                    raw=school["raw"].mask(school["indicator"] == indicator, 100 * pupils / int(people))
                )
                side = 1 if (bands[code] != "low") == is_last else -1
                yield *scales.spread(moved), side


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("year", YEARS)
def test_bands_and_decisions_do_not_give_the_index_at_the_edge(files, domain, year):
    told = files.read_indices(domain, year)
    ranked = files.register.query("year == @year and group == @GROUP").set_index("school_id")
    edges = bound_edges(files, domain, year, told[told.index.isin(ranked.index)], 0.005)
    for (low, high), band, end in zip(edges, ("low", "high"), ("idxmax", "idxmin"), strict=True):
        inside = ranked.loc[ranked[f"{domain}_band"] == band, f"{domain}_index"]
        school = getattr(inside, end)()
        assert low - 1e-6 <= inside[school] <= high + 1e-6
        assert ranked["municipality"][school] == PLACE or high - low >= PROMISED_INDEX


def test_the_same_attack_finds_the_edge_in_exact_indices(files):
    """Own exact indices about the edge, as a margin in numbers would give them, leave less than is promised."""
    widths = []
    for year in YEARS:
        exact = files.register.query("year == @year and group == @GROUP and municipality == @PLACE")
        exact = exact.set_index("school_id")["results_index"].dropna()
        widths += [high - low for low, high in bound_edges(files, "results", year, exact, 1e-7)]
    rounded = [
        high - low
        for year in YEARS
        for low, high in bound_edges(files, "results", year, files.read_indices("results", year), 0.005)
    ]
    assert np.mean(np.array(widths) < np.array(rounded)) > 0.8


# Groups with a few schools of others


def list_small(files: Files) -> pd.DataFrame:
    """Own schools and years in whose group one to four schools of others are ranked: year, school_id, domain."""
    paths = files.register
    is_own = paths["municipality"] == PLACE
    rows = []
    for domain in DOMAINS:
        others = (paths[f"{domain}_band"].notna() & ~is_own).groupby([paths["year"], paths["group"]]).transform("sum")
        rows.append(paths.loc[is_own & others.between(1, FEWEST - 1), ["year", "school_id"]].assign(domain=domain))
    return pd.concat(rows, ignore_index=True)


def test_index_and_band_are_not_told_beside_a_few_schools_of_others(files):
    """Beside one evening school elsewhere the own index is one less the other's, and bands are turned round."""
    small = list_small(files)
    assert {"вечерние", "основные"} <= set(
        files.register.loc[files.register["school_id"].isin(small["school_id"]), "group"]
    )
    told = []
    for row in small.itertuples():
        told += [(row, "место")] if row.school_id in files.read_bands(row.domain, row.year).index else []
        if row.year in YEARS:
            told += [(row, "индекс")] if row.school_id in files.read_indices(row.domain, row.year).index else []
    assert not told


def test_pages_and_sureness_say_nothing_of_a_group_with_a_few_schools_of_others(files):
    """No year in which a place in the group is named, no sureness that rests on it; what compares with nobody stays."""
    lists, sure, told = files.workspace.methodology.lists, files.book["Надёжность"], []
    pages = {path.stem: " ".join(read_texts(path)) for path in files.paths if path.parent.name != str(YEAR)}
    for (code, domain), rows in list_small(files).groupby(["school_id", "domain"]):
        title = DOMAINS[domain][0].lower()
        for years in re.findall(rf"{title} в [а-яё ]+ своей группы в ([\d, и]+)", pages[code]):
            told += [(code, domain, year) for year in rows["year"] if str(year) in years]
        names = {status.status for status in lists.list_statuses(domain)}
        told += [(code, name) for name in sure.loc[sure["Код"] == code, "Список"] if name in names]
        told += [(code, "обычная школа")] if re.search(r"с вероятностью [\d,]+", pages[code]) else []
    assert not told


def test_difference_of_region_and_groups_does_not_give_a_hidden_group(files):
    """Region less the groups that are told, with all numbers of participants known, is the group that is not told."""
    values = files.values.query("year == @YEAR and participants > 0")
    groups = files.register.query("year == @YEAR").set_index("school_id")["group"]
    shown = files.book["Показатели школ"].assign(group=lambda rows: rows["Код"].map(groups)).dropna(subset="По группе")
    found = 0
    for sheet in ("Показатели результаты", "ВПР"):
        for title, region in files.book[sheet][["Показатель", "Регион"]].dropna().itertuples(index=False):
            told = shown[shown["Показатель"] == title].groupby("group")["По группе"].first()
            name = next(item.id for item in files.workspace.methodology.indicators.values() if item.short == title)
            people = values[values["indicator"] == name]
            hidden = people[~people["group"].isin(told.index) & (people["municipality"] != PLACE)]
            if not 0 < hidden["school_id"].nunique() < FEWEST:
                continue
            counts = people.groupby("group")["participants"].sum()
            doubt = tell_doubt(region) * counts.sum() + sum(
                tell_doubt(told[each]) * counts[each] for each in told.index
            )
            assert 2 * doubt / hidden["participants"].sum() >= PROMISED_SHARE, title
            found += 1
    assert found


def tell_doubt(value: float) -> float:
    """By how much a told number may differ from the exact one."""
    digits = next((count for count in range(4) if abs(value - round(value, count)) < 1e-9), None)
    return 0.0 if digits is None else 0.05


# What stands in the files


def test_no_number_of_others_is_told_more_exactly_than_two_digits(files):
    """Behind formats of cells and in the file of facts as well; own values may be as exact as they are."""
    own = files.values[files.values["municipality"] == PLACE]
    points = (own["raw"] * own["participants"]).groupby([own["year"], own["indicator"]]).sum()
    pooled = points / own["participants"].groupby([own["year"], own["indicator"]]).sum()
    known = np.concatenate(
        [
            own["raw"],
            pooled,
            100 * np.arange(60) / len(files.register.query("year == @YEAR and municipality == @PLACE")),
        ]
    )
    numbers = [value for sheet in files.book.values() for value in sheet.select_dtypes("float").to_numpy().ravel()]
    facts = json.loads(next(path for path in files.paths if path.suffix == ".json").read_text("utf-8"))
    told = np.array([*numbers, *list_numbers(facts)], dtype=float)
    exact = told[np.abs(told - told.round(2)) > 1e-9]
    assert len(told) > 500
    assert not [value for value in exact if np.abs(known - value).min() > 1e-6]
    texts = [text for path in files.paths if path.suffix in {".html", ".docx", ".txt"} for text in read_texts(path)]
    assert not [found for text in texts for found in re.findall(r"(?<![\d,])\d+,\d{3,}", text)]


def list_numbers(facts: object) -> Iterator[float]:
    """All numbers of the file of facts that are no whole ones."""
    if isinstance(facts, dict | list):
        for inner in facts.values() if isinstance(facts, dict) else facts:
            yield from list_numbers(inner)
    elif isinstance(facts, float):
        yield facts


def test_partner_elsewhere_is_named_if_approved_and_nothing_is_said_between(files):
    approved, refused = files.pairs.loc[0], files.pairs.loc[1]
    own = set(files.register.query("municipality == @PLACE")["name"])
    told = [files.book[sheet][column].dropna()
            for sheet, column in (("Похожие школы", "У кого учиться"), ("Проекты", "Школа-партнёр"))
            if sheet in files.book]  # fmt: skip
    parts = {part for column in told for cell in column for part in cell.split("; ")} - own - {"—"}
    named = {part for part in parts if part.startswith(approved["name"])}
    assert len(named) == 1
    assert parts <= {ASK_INSTITUTE, ELSEWHERE, *named}
    pages = {path.stem: " ".join(read_texts(path)) for path in files.paths if path.parent.name != "2023"}
    assert approved["name"] in pages[approved["Код ОО"]]
    assert not [code for code, text in pages.items() if approved["name"] in text and code != approved["Код ОО"]]
    secrets = list_secrets(files.workspace, PLACE, YEAR)
    assert refused["name"] in secrets.words
    leaks = find_leaks([path for path in files.paths if path.suffix != ".json"], secrets)
    assert not [leak for leak in leaks if approved["name"] not in leak and "о детях" not in leak]
