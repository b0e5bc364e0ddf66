"""Numbers for the public (открытая публикация): schools counted by place and kind, small numbers hidden.

Frame of numbers, the same everywhere here: a row per year, table, place and kind: year, table (a column of paths),
by («region», municipality, type), place, parent_by, parent, kind, worse (whether the kind is what a school might
be ashamed of), schools, all (schools of the place, which everybody knows).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle, pairwise

import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csr_array, vstack

from effschool.base.russian import NO_DATA, format_number
from effschool.method.methodology import FIOKO_LIST, Domain, Methodology, Status
from effschool.method.windows import list_covered_years
from effschool.public.suppression import ReleaseCells, protect
from effschool.report.portfolio import REGION_ROW, RegionYear, order_names, pool_by_indicator
from effschool.report.privacy import ReleaseRules, ReleaseTable, TypeRules

REGION = "region"
CORNER = "corner"
ON_NO_LIST = "ни в одном из списков"
ALL_TYPES = "все школы"
BOTH, NEITHER = "низкие результаты и тяжёлые условия", "ни то ни другое"
ONE = {"results": "только низкие результаты", "social": "только тяжёлые условия"}
PLACE = ["year", "by", "place"]
KEY = ["year", "table", "by", "place", "kind"]
PART, BETWEEN = "part", "\n"
UNPUBLISHED = ("group", PART)
"""Places that are reckoned with and never published: a group, and the schools of a group in a municipality."""
ROUNDED = {"half_up": (0.5, 0.499), "floor": (0.0, 0.999), "ceil": (0.999, 0.0)}
"""By how much a rounded number can be above and below the exact one."""
DEAR = 500.0
"""How many times dearer it is to hide a number of the region than one of a municipality."""


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
    schools = sort_schools(region, rules)
    rows = count_schools(region, rules, schools)
    hidden = hide_numbers(rows, region.workspace.methodology, rules, count_own(region, rules, schools, rows))
    shown = rows.assign(schools=rows["schools"].astype("Int64").mask(hidden))
    kept = (shown["year"] > region.year - rules.years) & ~shown["by"].isin(UNPUBLISHED)
    return Release(shown[kept].drop(columns="worse").reset_index(drop=True), region.year, rules)


# Counting


def name_table_kinds(methodology: Methodology, column: str) -> Kinds | None:
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
    schools[PART] = schools["municipality"] + BETWEEN + schools["group"]
    return schools.assign(region=REGION_ROW, type=pd.concat(types) if types else pd.Series(dtype="str"))


def name_types(schools: pd.DataFrame, rules: TypeRules) -> pd.Series:
    """Type of every school of one year: told apart by one thing more only while every part has enough schools.

    Groups are not: the printed rule tells how many schools of each are low, and little could be shown besides.
    """
    edges = [0, *rules.sizes, np.inf]
    texts = [f"{format_number(low)}–{format_number(high - 1)} обучающихся" for low, high in pairwise(edges[:-1])]
    texts += [f"от {format_number(edges[-2])} обучающихся"]
    sizes = pd.cut(schools["enrolment"].astype(float), edges, right=False, labels=texts).astype("str")
    known = {"locality": schools["locality"], "size": sizes}
    types = pd.Series("", schools.index)
    for attribute in rules.attributes:
        finer = (types + ", " + known[attribute].fillna(NO_DATA)).str.removeprefix(", ")
        fewest = finer.groupby(finer).transform("size").groupby(types).transform("min")
        types = finer.where(fewest >= rules.schools, types)
    return types.mask(types == "", ALL_TYPES)


def count_schools(region: RegionYear, rules: ReleaseRules, schools: pd.DataFrame | None = None) -> pd.DataFrame:
    """True numbers of all tables, years and places, of all schools or of some; not for the public.

    Of bands also numbers that are never published: the printed rule speaks of groups, and who is in which is known.
    """
    schools, method = sort_schools(region, rules) if schools is None else schools, region.workspace.methodology
    listed = list_covered_years(region.workspace.identified.indices, method)
    parts = []
    for table in rules.tables:
        kinds = name_table_kinds(method, table.column)
        is_list = table.column in {"results_status", "social_status", "fioko_shnor"}
        counted = schools[schools["year"].isin(listed)] if is_list else schools
        if kinds and len(counted):
            rule = UNPUBLISHED if table.column.endswith("_band") else ()
            parts += [count_table(counted, table, by, kinds) for by in (REGION, *table.by, *rule)]
    rows = pd.concat(parts, ignore_index=True)
    return rows.sort_values("year", kind="stable", ignore_index=True)


def count_table(schools: pd.DataFrame, table: ReleaseTable, by: str, kinds: Kinds) -> pd.DataFrame:
    """Numbers of one table by one kind of place, kinds that nobody is of among them."""
    places = schools.groupby(["year", by]).size().rename("all").reset_index().rename(columns={by: "place"})
    counts = schools.groupby(["year", by, table.column]).size().rename("schools").rename_axis([*PLACE[::2], "kind"])
    rows = places.merge(pd.DataFrame({"kind": kinds.names}), how="cross").merge(counts.reset_index(), how="left")
    rows["schools"] = rows["schools"].fillna(0).astype(int)
    return rows.assign(
        table=table.column,
        by=by,
        parent_by={REGION: "", PART: "municipality"}.get(by, REGION),
        parent=rows["place"].str.split(BETWEEN).str[0] if by == PART else "" if by == REGION else REGION_ROW,
        worse=rows["kind"].isin(kinds.worse),
    )


def count_own(
    region: RegionYear, rules: ReleaseRules, schools: pd.DataFrame, rows: pd.DataFrame
) -> dict[str, np.ndarray]:
    """What every municipality knows of each number by its own schools: how many of them it counts."""
    keys = pd.MultiIndex.from_frame(rows[KEY])
    return {
        str(name): count_schools(region, rules, own).set_index(KEY)["schools"].reindex(keys, fill_value=0).to_numpy()
        for name, own in schools.groupby("municipality")
    }


# Hiding


def hide_numbers(
    rows: pd.DataFrame, methodology: Methodology, rules: ReleaseRules, own: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Which numbers to hide; years in their order, each with all before it, about which it is decided already.

    First from a reader who has the release alone, then from every municipality, which has its own schools besides.
    """
    is_never = rows["by"].isin(UNPUBLISHED).to_numpy()
    is_open = (rows["kind"] == NO_DATA).to_numpy() & ~is_never  # no secret, and hiding it would protect nobody
    is_small = (rows["schools"] > 0) & (rows["schools"] < rules.schools) & ~rows["kind"].isin([NO_DATA, ON_NO_LIST])
    # Where all schools of a place are of a worse kind, the number tells it of each of them.
    is_all = (rows["schools"] > 0) & (rows["schools"] == count_known(rows))
    small = (is_small | (rows["worse"] & is_all)).to_numpy() | is_never
    hidden, reached = np.zeros(len(rows), bool), dict[str, np.ndarray]()
    for year in rows["year"].unique():
        now = np.flatnonzero(rows["year"] == year)
        # By itself first, which is quick; with the years before, hardly anything is left to do.
        cells = lay_out(rows.iloc[now].reset_index(drop=True), methodology, rules)
        alone = protect(replace(cells, or_less=True), small[now], is_open[now])
        hidden[now] = alone.hidden
        known = slice(0, now[-1] + 1)
        fixed = is_open[known] | (rows["year"][known] < year).to_numpy()
        cells = lay_out(rows[known], methodology, rules)
        cells.needed[now] = alone.needed
        hidden[known] = protect(cells, small[known], fixed, hidden[known]).hidden
        views = {name: know_own(cells, rows[known], counts[known]) for name, counts in own.items()}
        for name, view in views.items():
            view.needed[: len(reached.get(name, ()))] = reached.get(name, ())
        hidden[known] = hide_from_all(list(views.values()), fixed, hidden[known])
        reached = {name: view.needed for name, view in views.items()}
    return hidden


def hide_from_all(views: Sequence[ReleaseCells], fixed: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Hide until each reader is as uncertain as needed: what is hidden from one gives the others one more to guess.

    Where a reader's own schools leave him less uncertain whatever is hidden, his `needed` is set to that.
    """
    quiet = 0
    for cells in cycle(views):
        found = protect(cells, hidden, fixed)
        quiet = quiet + 1 if (found.hidden == hidden).all() else 1
        hidden, cells.needed[:] = found.hidden, found.needed
        if quiet >= len(views):
            break
    return hidden


def know_own(cells: ReleaseCells, rows: pd.DataFrame, own: np.ndarray) -> ReleaseCells:
    """The same numbers for a reader who counts so many schools of his own among each."""
    with_data = pd.Series(own, rows.index).where((rows["kind"] != NO_DATA) | rows["by"].isin(UNPUBLISHED), 0)
    others = with_data.groupby([rows[name] for name in (*PLACE, "table")]).transform("sum") - with_data
    most = np.minimum(cells.most, count_known(rows) - others).to_numpy()
    return replace(cells, least=own, most=most, needed=np.minimum(cells.needed, most - own), or_less=True)


def lay_out(rows: pd.DataFrame, methodology: Methodology, rules: ReleaseRules) -> ReleaseCells:
    """Numbers with all that hangs them together."""
    most, counts = count_known(rows).to_numpy(), rows["schools"].to_numpy()
    cost = (1 + np.log1p(counts)) * np.where(rows["by"] == REGION, DEAR, 1)
    grouped = rows.assign(parent_by=rows["parent_by"].mask(rows["by"] == PART, "group"), parent=rows["parent"].mask(
        rows["by"] == PART, rows["place"].str.split(BETWEEN).str[-1]))  # fmt: skip
    equal = vstack([sum_kinds(rows), sum_places(rows), sum_places(grouped), sum_corners(rows)], format="csr")
    known = [relate_lists(rows, methodology), relate_bands(rows, methodology)]
    within, bound = vstack([matrix for matrix, _ in known], format="csr"), np.concatenate([most for _, most in known])
    needed = np.where(rows["by"].isin(UNPUBLISHED), 0, np.minimum(rules.width, most))
    return ReleaseCells(counts, most, needed, cost, equal, within, bound, 0 * counts)


def count_known(rows: pd.DataFrame) -> pd.Series:
    """Schools of each number's place that can be of its kind, as everybody knows: those with data, where it is said."""
    is_said = (rows["kind"] == NO_DATA) & ~rows["by"].isin(UNPUBLISHED)
    lacking = rows["schools"].where(is_said).groupby([rows[name] for name in (*PLACE, "table")])
    return rows["all"] - lacking.transform("sum").where(rows["kind"] != NO_DATA, 0).astype(int)


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
    worse = rows[rows["worse"]].groupby("table")["kind"].unique()
    made = [csr_array((0, len(rows)))]
    for domain, kind in ONE.items():
        if f"{domain}_band" in worse:
            terms = [SumTerm(CORNER, (BOTH, kind)), SumTerm(f"{domain}_band", worse[f"{domain}_band"], weight=-1)]
            made.append(relate(rows, terms)[0])
    return vstack(made, format="csr")


@dataclass(frozen=True)
class SumTerm:
    """A part of a sum: numbers of some kinds in a table so many years back, times a weight."""

    table: str
    kinds: Sequence[str]
    back: int = 0
    weight: int = 1


def relate(rows: pd.DataFrame, terms: Sequence[SumTerm]) -> tuple[csr_array, np.ndarray]:
    """A sum of terms at every year and place that has them all, and the number of schools there."""
    parts = []
    for number, term in enumerate(terms):
        own = rows[(rows["table"] == term.table) & rows["kind"].isin(term.kinds)].reset_index(names="cell")
        parts.append(own.assign(year=own["year"] + term.back, term=number, weight=term.weight, now=not term.back))
    found = pd.concat(parts, ignore_index=True)
    found = found[found.groupby(PLACE)["term"].transform("nunique") == len(terms)]
    lines = found.groupby(PLACE).ngroup()
    matrix = make_matrix(lines, found["cell"], found["weight"], len(rows))
    return matrix, found["all"].where(found["now"]).groupby(lines).max().to_numpy(float)


def relate_lists(rows: pd.DataFrame, methodology: Methodology) -> tuple[csr_array, np.ndarray]:
    """What the rules of lists say of lists and bands together: sums, and what each is at most."""
    matrices, bounds = [csr_array((0, len(rows)))], [np.empty(0)]
    for terms, places in list_window_sums(methodology):
        matrix, schools = relate(rows, terms)
        # Where a school has moved or closed since, the rule need not hold, so nobody can count on it.
        holds = np.flatnonzero(matrix @ rows["schools"].to_numpy() <= places * schools)
        matrices.append(matrix[holds])
        bounds.append(places * schools[holds])
    return vstack(matrices, format="csr"), np.concatenate(bounds)


def relate_bands(rows: pd.DataFrame, methodology: Methodology) -> tuple[csr_array, np.ndarray]:
    """What the rule says of a group's outer bands: a share of its schools with data, rounded; sums and their most."""
    matrices, bounds = [csr_array((0, len(rows)))], [np.empty(0)]
    for name, domain in methodology.iterate_domains():
        own = rows[(rows["by"] == "group") & (rows["table"] == f"{name}_band")]
        if domain.bands.cut == "spss" or own.empty:
            continue
        above, below = ROUNDED[domain.bands.cut]
        for band in ("low", "high"):
            weights = 1.0 * (own["kind"] == domain.band_titles[band]) - domain.bands.share * (own["kind"] != NO_DATA)
            matrix = make_matrix(own.groupby(PLACE).ngroup(), own.index, weights, len(rows))
            for sign, most in ((1, above), (-1, below)):
                # Where schools tie at the cut the band is larger, so nobody can count on the rule.
                holds = np.flatnonzero(sign * (matrix @ rows["schools"].to_numpy()) <= most)
                matrices.append(sign * matrix[holds])
                bounds.append(np.full(len(holds), most))
    return vstack(matrices, format="csr"), np.concatenate(bounds)


def list_window_sums(methodology: Methodology) -> Iterator[tuple[list[SumTerm], int]]:
    """Sums of lists and bands that the rules of the window keep down, with how many times the schools of the place.

    Each list stands in its band in certain years; a list that asks for some years of the window is counted so often in
    it; whoever is in the band in all years that one list asks for is on one of the lists of that band; and whoever is
    listed for more years than that was on one of them a year ago.
    """
    window = methodology.lists.window
    if window.policy != "consecutive" or window.years:
        return
    for domain, rules in methodology.iterate_domains():
        statuses, lists, bands = methodology.lists.list_statuses(domain), f"{domain}_status", f"{domain}_band"
        asked = {item.status: _ask_years(methodology, item) for item in statuses}
        for band in sorted({item.band for item in statuses if item.band}):
            title, own = rules.band_titles[band], [item.status for item in statuses if item.band == band]
            for back in range(window.length):
                sure = [name for name in own if asked[name][0] > back]
                if sure:
                    yield [SumTerm(lists, sure), SumTerm(bands, [title], back, -1)], 0
            every = [SumTerm(bands, [title], back, -1) for back in range(window.length)]
            yield from (([SumTerm(lists, [name], weight=asked[name][1]), *every], 0) for name in own if asked[name][1])
            for years in sorted({asked[name][0] for name in own} - {0}):
                yield (
                    [*(SumTerm(bands, [title], back) for back in range(years)), SumTerm(lists, own, weight=-1)],
                    years - 1,
                )
                # No name at all makes no sum.
                longer = [name for name in own if asked[name][0] > years]
                yield [SumTerm(lists, longer), SumTerm(lists, own, 1, -1)], 0
        if any(asked[item.status] == (0, 0) and not item.band for item in statuses):
            yield [SumTerm(lists, [ON_NO_LIST]), SumTerm(bands, [NO_DATA], weight=-1)], 0


def _ask_years(methodology: Methodology, status: Status) -> tuple[int, int]:
    """In how many last years without exception, and in how many of the window's, a list's schools are in its band."""
    length = methodology.lists.window.length
    conditions = methodology.find_rule(status).any_of
    certain = [item.last or (length if item.at_least == length else 0) for item in conditions]
    return min(certain), min(item.last or item.at_least or 0 for item in conditions)


def make_matrix(lines: pd.Series, cells: pd.Series | pd.Index, values: int | pd.Series, width: int) -> csr_array:
    """A row per sum with the values, or the same one, at its numbers."""
    rows, columns = np.asarray(lines, dtype=int), np.asarray(cells, dtype=int)
    height = rows.max() + 1 if len(rows) else 0
    numbers = np.broadcast_to(np.asarray(values, dtype=float), rows.shape)
    return coo_array((numbers, (rows, columns)), shape=(height, width)).tocsr()


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
