"""Numbers for the public (открытая публикация): schools counted by place and kind, small numbers hidden.

Frame of numbers, the same everywhere here: a row per year, table, place and kind: year, table (a column of paths),
by («region», municipality, group, type), place, parent_by, parent, kind, worse (whether the kind is what a school might
be ashamed of), schools, all (schools of the place, which everybody knows).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array, vstack

from effschool.dynamics import FIOKO_LIST
from effschool.methodology import Domain, Methodology
from effschool.methodology.lists import WindowRule
from effschool.portfolio import REGION_ROW, RegionYear, order_names, pool_by_indicator
from effschool.privacy import ReleaseRules, ReleaseTable, TypeRules
from effschool.russian import NO_DATA, format_number
from effschool.suppression import Cells, protect

REGION = "region"
CORNER = "corner"
ON_NO_LIST = "ни в одном из списков"
BOTH, NEITHER = "низкие результаты и тяжёлые условия", "ни то ни другое"
ONE = {"results": "только низкие результаты", "social": "только тяжёлые условия"}
PLACE = ["year", "by", "place"]
DEAR = {REGION: 500.0, "group": 5.0}
"""How many times dearer it is to hide a number of the region or of a group than one of a municipality."""


@dataclass(frozen=True)
class Kinds:
    """What a table tells schools apart by: kinds in their order, and those that are worse."""

    names: tuple[str, ...]
    worse: frozenset[str]


@dataclass(frozen=True)
class Release:
    """What is published: numbers as above with `schools` missing where hidden, of the years shown."""

    rows: pd.DataFrame
    year: int
    rules: ReleaseRules

    def choose(self, table: str, by: str) -> pd.DataFrame:
        """Numbers of one table by one kind of place."""
        return self.rows[(self.rows["table"] == table) & (self.rows["by"] == by)]


def make_release(region: RegionYear, rules: ReleaseRules) -> Release:
    """Count, hide and cut to the years shown.

    What is hidden of a year depends on that year and those before it only, so that a later release hides the same.
    """
    rows = count_schools(region, rules)
    hidden = hide_numbers(rows, list_parts(rows, region.workspace.methodology), rules)
    shown = rows.assign(schools=rows["schools"].astype("Int64").mask(hidden))
    kept = shown["year"] > region.year - rules.years
    return Release(shown[kept].drop(columns="worse").reset_index(drop=True), region.year, rules)


# Counting


def name_kinds(methodology: Methodology, column: str) -> Kinds | None:
    """Kinds of a table; nothing where the methodology has none."""
    domains = {f"{name}_band": rules for name, rules in methodology.iterate_domains()}
    if column in domains:
        rules = domains[column]
        titles = tuple(rules.band_titles[band] for band in ("low", "mid", "high"))
        return Kinds((*titles, NO_DATA), frozenset([rules.band_titles[rules.worse_band]]))
    if column == "fioko_shnor":
        return Kinds((FIOKO_LIST, ON_NO_LIST, NO_DATA), frozenset([FIOKO_LIST])) if methodology.fioko else None
    if column == CORNER:
        return Kinds((BOTH, *ONE.values(), NEITHER), frozenset([BOTH, *ONE.values()])) if len(domains) > 1 else None
    domain: Domain = "results" if column == "results_status" else "social"
    statuses = methodology.lists.list_statuses(domain) if f"{domain}_band" in domains else ()
    worse = [item.status for item in statuses if item.band == methodology.domains[domain].worse_band]
    names = dict.fromkeys(item.status for item in statuses)
    return Kinds((*names, ON_NO_LIST), frozenset(worse)) if names else None


def sort_schools(region: RegionYear, rules: ReleaseRules) -> pd.DataFrame:
    """A row per school and year up to the report's: its kind in every table and its places."""
    paths, method = region.region_paths, region.workspace.methodology
    schools = paths[paths["year"] <= region.year].reset_index(drop=True)
    worse = {name: schools[f"{name}_band"] == domain.worse_band for name, domain in method.iterate_domains()}
    for name, domain in method.iterate_domains():
        schools[f"{name}_band"] = schools[f"{name}_band"].map(domain.band_titles).fillna(NO_DATA)
        schools[f"{name}_status"] = schools[f"{name}_status"].fillna(ON_NO_LIST)
    schools["fioko_shnor"] = schools["fioko_shnor"].map({True: FIOKO_LIST, False: ON_NO_LIST}).fillna(NO_DATA)
    if len(worse) > 1:
        alone = np.select([worse["results"], worse["social"]], list(ONE.values()), NEITHER)
        schools[CORNER] = np.where(worse["results"] & worse["social"], BOTH, alone)
    types = [name_types(own, rules.types) for _, own in schools.groupby("year")]
    return schools.assign(region=REGION_ROW, type=pd.concat(types) if types else pd.Series(dtype="str"))


def name_types(schools: pd.DataFrame, rules: TypeRules) -> pd.Series:
    """Type of every school of one year: its group, told apart further only while every part has enough schools."""
    edges = [0, *rules.sizes, np.inf]
    texts = [f"{format_number(low)}–{format_number(high - 1)} обучающихся" for low, high in pairwise(edges[:-1])]
    texts += [f"от {format_number(edges[-2])} обучающихся"]
    sizes = pd.cut(schools["enrolment"].astype(float), edges, right=False, labels=texts).astype("str")
    known = {"locality": schools["locality"], "size": sizes}
    types = schools["group"].astype("str")
    for attribute in rules.attributes:
        finer = types + ", " + known[attribute].fillna(NO_DATA)
        fewest = finer.groupby(finer).transform("size").groupby(types).transform("min")
        types = finer.where(fewest >= rules.schools, types)
    return types


def count_schools(region: RegionYear, rules: ReleaseRules) -> pd.DataFrame:
    """True numbers of all tables, years and places; not for the public."""
    schools, method = sort_schools(region, rules), region.workspace.methodology
    listed = set(region.workspace.identified.lists["year"])
    parts = []
    for table in rules.tables:
        kinds = name_kinds(method, table.column)
        is_list = table.column in {"results_status", "social_status", "fioko_shnor"}
        counted = schools[schools["year"].isin(listed)] if is_list else schools
        if kinds and len(counted):
            parts += [count_table(counted, table, by, kinds) for by in (REGION, *table.by)]
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values("year", kind="stable", ignore_index=True)


def count_table(schools: pd.DataFrame, table: ReleaseTable, by: str, kinds: Kinds) -> pd.DataFrame:
    """Numbers of one table by one kind of place, kinds that nobody is of among them."""
    places = schools.groupby(["year", by]).size().rename("all").reset_index().rename(columns={by: "place"})
    counts = schools.groupby(["year", by, table.column]).size().rename("schools").rename_axis([*PLACE[::2], "kind"])
    rows = places.merge(pd.DataFrame({"kind": kinds.names}), how="cross").merge(counts.reset_index(), how="left")
    rows["schools"] = rows["schools"].fillna(0).astype(int)
    above = {"type": "group"}.get(by, REGION)
    parents = schools.drop_duplicates(by).set_index(by)[above] if by != REGION else pd.Series({REGION_ROW: ""})
    return rows.assign(
        table=table.column,
        by=by,
        parent_by=above if by != REGION else "",
        parent=rows["place"].map(parents),
        worse=rows["kind"].isin(kinds.worse),
    )


# Hiding


def hide_numbers(rows: pd.DataFrame, within: csr_array, rules: ReleaseRules) -> np.ndarray:
    """Which numbers to hide; years in their order, each with all before it, about which it is decided already."""
    is_small = (rows["schools"] > 0) & (rows["schools"] < rules.schools) & (rows["kind"] != NO_DATA)
    # Where all schools of a place are of a worse kind, the number tells it of each of them.
    small = (is_small | (rows["worse"] & (rows["schools"] == rows["all"]))).to_numpy()
    hidden = np.zeros(len(rows), bool)
    for year in rows["year"].unique():
        known = int((rows["year"] <= year).sum())
        is_now = (rows["year"][:known] == year).to_numpy()
        cells = lay_out(rows[:known], choose_known(within, known), rules)
        hidden[:known] = protect(cells, hidden[:known] | (small[:known] & is_now), ~is_now).hidden
    return hidden


def lay_out(rows: pd.DataFrame, within: csr_array, rules: ReleaseRules) -> Cells:
    """Numbers with all that hangs them together."""
    most = rows["all"].to_numpy()
    counts = rows["schools"].to_numpy()
    cost = (1 + np.log1p(counts)) * rows["by"].map(DEAR).fillna(1).to_numpy()
    equal = vstack([sum_kinds(rows), sum_places(rows), sum_corners(rows)], format="csr")
    return Cells(counts, most, np.minimum(rules.width, most), cost, equal, within)


def choose_known(matrix: csr_array, known: int) -> csr_array:
    """Rows of a matrix that speak of the first numbers only, cut to these."""
    later = np.abs(matrix[:, known:]).sum(axis=1) if matrix.shape[1] > known else np.zeros(matrix.shape[0])
    return matrix[np.flatnonzero(later == 0)][:, :known]


def sum_kinds(rows: pd.DataFrame) -> csr_array:
    """All kinds of a place make its schools, which are known: a row per year, table and place."""
    return make_matrix(rows.groupby([*PLACE, "table"]).ngroup(), rows.index, 1, len(rows))


def sum_places(rows: pd.DataFrame) -> csr_array:
    """Places make the place above them: a row per year, table, kind of place, place above and kind."""
    above = rows.reset_index(names="cell")[["year", "table", "by", "place", "kind", "cell"]]
    above = above.rename(columns={"by": "parent_by", "place": "parent"})
    below = rows[rows["parent_by"] != ""].reset_index(names="cell")
    both = below.merge(above, on=["year", "table", "parent_by", "parent", "kind"], suffixes=("", "_above"))
    sums = both.groupby(["by", "cell_above"]).ngroup()
    parents = both.assign(sum=sums).drop_duplicates("sum")
    down = make_matrix(sums, both["cell"], 1, len(rows))
    return down + make_matrix(parents["sum"], parents["cell_above"], -1, len(rows))


def sum_corners(rows: pd.DataFrame) -> csr_array:
    """Corners of the matrix make the worse bands: a row per domain and place that both tables have."""
    corners = rows[rows["table"] == CORNER]
    made = [csr_array((0, len(rows)))]
    for domain, kind in ONE.items():
        band = rows[(rows["table"] == f"{domain}_band") & rows["worse"]]
        made.append(compare(corners[corners["kind"].isin([BOTH, kind])], band, len(rows)))
    return vstack(made, format="csr")


def list_parts(rows: pd.DataFrame, methodology: Methodology) -> csr_array:
    """Lists are parts of the bands that their rule asks for in certain years: a row per place, list band and year."""
    made = [csr_array((0, len(rows)))]
    for column, statuses, title, back in list_rules(methodology):
        lists = rows[(rows["table"] == f"{column}_status") & rows["kind"].isin(statuses)]
        bands = rows[(rows["table"] == f"{column}_band") & (rows["kind"] == title)]
        part = compare(lists, bands.assign(year=bands["year"] + back), len(rows))
        # A school that moved to another municipality since breaks the rule there, so nobody can count on it.
        made.append(part[np.flatnonzero(part @ rows["schools"].to_numpy() <= 0)])
    return vstack(made, format="csr")


def list_rules(methodology: Methodology) -> Iterator[tuple[str, Sequence[str], str, int]]:
    """Domain, statuses, title of the band and how many years back all their schools were in it."""
    lists = methodology.lists
    for domain, rules in methodology.iterate_domains():
        certain: dict[tuple[str, int], list[str]] = {}
        for status in lists.list_statuses(domain):
            if status.band:
                for back in find_years(methodology, methodology.find_rule(status)):
                    certain.setdefault((rules.band_titles[status.band], back), []).append(status.status)
        for (title, back), statuses in certain.items():
            yield domain, statuses, title, back


def find_years(methodology: Methodology, rule: WindowRule) -> Iterable[int]:
    """How many years back a rule of a window asks for the band without exception."""
    window = methodology.lists.window
    if window.policy != "consecutive" or window.years:
        return []
    asked = [item.last or (window.length if item.at_least == window.length else 0) for item in rule.any_of]
    return range(min(asked))


def compare(parts: pd.DataFrame, wholes: pd.DataFrame, cells: int) -> csr_array:
    """Sum of the parts less the whole, a row per place that both have."""
    whole = wholes.reset_index(names="whole")[[*PLACE, "whole"]]
    both = parts.reset_index(names="cell")[[*PLACE, "cell"]].merge(whole, on=PLACE)
    sums = both.groupby("whole").ngroup()
    ends = both.assign(sum=sums).drop_duplicates("sum")
    return make_matrix(sums, both["cell"], 1, cells) + make_matrix(ends["sum"], ends["whole"], -1, cells)


def make_matrix(lines: Iterable[int], cells: Iterable[int], value: int, width: int) -> csr_array:
    """A row per sum with the same value at each of its numbers."""
    rows, columns = np.asarray(list(lines), dtype=int), np.asarray(list(cells), dtype=int)
    height = rows.max() + 1 if len(rows) else 0
    return coo_array((np.full(len(rows), float(value)), (rows, columns)), shape=(height, width)).tocsr()


# Schools without names, and shares of pupils


def list_anonymous(release: Release) -> pd.DataFrame:
    """A row per school of the year: its type and corner; where the number is hidden, the corner is missing."""
    rows = release.choose(CORNER, "type")
    rows = rows[rows["year"] == release.year].sort_values("place", key=order_names, kind="stable")
    shown = rows.dropna(subset="schools")
    known = shown.loc[shown.index.repeat(shown["schools"].astype(int)), ["place", "kind"]]
    rest = rows.groupby("place")["all"].first() - known.groupby("place").size().reindex(
        rows["place"].unique(), fill_value=0
    )
    hidden = pd.DataFrame({"place": rest.index.repeat(rest), "kind": None})
    return pd.concat([known, hidden]).sort_values("place", key=order_names, kind="stable", ignore_index=True)


def pool_shares(region: RegionYear, rules: ReleaseRules) -> pd.DataFrame:
    """Shares of all pupils of the region: a row per indicator, a column per year; missing where few stand behind."""
    values = region.workspace.identified.indicators
    known = {name: item for name, item in region.workspace.methodology.indicators.items() if item.kind == "share"}
    years = values["year"].between(region.year - rules.years + 1, region.year)
    chosen = values[years & values["indicator"].isin(list(known))].dropna(subset="raw")
    made = {}
    for year, own in chosen.groupby("year"):
        shares, by_indicator = pool_by_indicator(own), own.groupby("indicator")
        pupils = by_indicator["participants"].sum()
        counted = shares * pupils / 100
        few = (counted.round() > 0) & (counted < rules.pupils) | (pupils - counted < rules.pupils)
        made[year] = shares.mask(few | (by_indicator.size() < rules.schools)).round(1)
    return pd.DataFrame(made).reindex([name for name in known if name in set(chosen["indicator"])])
