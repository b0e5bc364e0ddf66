"""What is known of one municipality (портфель муниципалитета): the frames behind its report.

Only the municipality's own schools are named here; the rest of the region enters as figures behind which enough of its
schools stand, none of which is the exact index of a school (`privacy`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Self

import pandas as pd
from slugify import slugify

from effschool.dynamics.paths import describe_history
from effschool.method.methodology import FIOKO_LIST, Domain, Methodology
from effschool.method.windows import list_covered_years
from effschool.report.privacy import are_too_few, blur_index, count_in_cells, suppress_small
from effschool.report.workspace import Workspace

REGION_ROW = "регион"
OTHER_KIND = "прочие"
DOMAINS: tuple[Domain, ...] = ("results", "social")


def has_lists(workspace: Workspace, year: int) -> bool:
    """Whether a year has lists that need a window: some school a status, or its window is covered and none has."""
    lists = workspace.identified.lists
    statuses = lists.loc[lists["year"] == year, ["results_status", "social_status"]]
    return bool(statuses.notna().any(axis=None)) or year in list_covered_years(
        workspace.identified.indices, workspace.methodology
    )


@dataclass(frozen=True)
class RegionYear:
    """The whole region in one year."""

    workspace: Workspace
    year: int

    @cached_property
    def region_paths(self) -> pd.DataFrame:
        """Paths of all schools of the region that are not left out, all years."""
        return self.workspace.dynamics.paths.dropna(subset="group")

    @cached_property
    def region_schools(self) -> pd.DataFrame:
        """All schools of the region that take part in the year."""
        return self.region_paths[self.region_paths["year"] == self.year]

    @cached_property
    def _by_year(self) -> dict[int, Self]:
        return {self.year: self}

    def in_year(self, year: int) -> Self:
        """The same place in another year, found once: what is known of it is kept with it."""
        if year not in self._by_year:
            other = replace(self, year=year)
            vars(other)["_by_year"] = self._by_year
            self._by_year[year] = other
        return self._by_year[year]

    @property
    def year_before(self) -> Self:
        """The same place a year earlier."""
        return self.in_year(self.year - 1)

    def flag_lacking(self, schools: pd.DataFrame, domain: Domain, what: str = "index") -> "pd.Series[bool]":
        """Which schools of the year have no index, or no band; what `hide_small_groups` keeps back is not lacking."""
        lacks = schools[f"{domain}_{what}"].isna()
        if not lacks.any():
            return lacks
        known = self._indices[self._indices["domain"] == domain].dropna(subset=what)
        return lacks & ~schools["school_id"].isin(known["school_id"])

    @cached_property
    def _indices(self) -> pd.DataFrame:
        known = self.workspace.identified.indices
        return known[known["year"] == self.year]

    @property
    def watched(self) -> list[str]:
        """Lists of schools that need help."""
        return name_watched_lists(self.workspace.methodology)

    @property
    def has_lists(self) -> bool:
        """Whether the window of the year is covered, so that lists exist; ФИОКО's alone does not count."""
        return has_lists(self.workspace, self.year)

    @property
    def missing_lists(self) -> str:
        """What a year without a covered window lacks, in words: ФИОКО's list needs no window."""
        is_judged = self.region_schools["fioko_shnor"].notna().any()
        return f"Списки, кроме {FIOKO_LIST}," if is_judged else "Списки"


@dataclass(frozen=True)
class Portfolio(RegionYear):
    """One municipality in one year, beside its region."""

    municipality: str

    @cached_property
    def register(self) -> pd.DataFrame:
        """Own schools of the year, left-out ones as well: a row per school, `number` as tables and charts call it."""
        paths = self.workspace.dynamics.paths
        own = paths[(paths["year"] == self.year) & (paths["municipality"] == self.municipality)]
        own = own.sort_values(["name", "school_id"], key=order_names, ignore_index=True)
        return own.assign(number=range(1, len(own) + 1))

    @cached_property
    def schools(self) -> pd.DataFrame:
        """Own schools of the year that take part in the identification, with `number`."""
        return self.register.dropna(subset="group")

    @cached_property
    def others(self) -> pd.DataFrame:
        """Schools of the year in other municipalities."""
        return self.region_schools[self.region_schools["municipality"] != self.municipality]

    @property
    def untold(self) -> pd.DataFrame:
        """Own schools whose index is known and not told: too few schools of others are in their group."""
        flags = [self.schools[f"{name}_index"].isna() & ~self.flag_lacking(self.schools, name) for name in DOMAINS]
        return self.schools[flags[0] | flags[1]]

    def has_untold(self, years: Iterable[int]) -> bool:
        """Whether in any of the years the place of an own school is known and not told."""
        return any(len(self.in_year(year).untold) for year in years)

    @cached_property
    def indicator_means(self) -> pd.DataFrame:
        """Indicators of the year pooled over schools by participants: a row per indicator that somebody has.

        Columns: own, region (missing where too few schools of others have the indicator), own_participants.
        """
        values = self.workspace.identified.indicators
        in_year = values[values["year"] == self.year]
        own = in_year[in_year["school_id"].isin(self.schools["school_id"])]
        others = in_year[in_year["school_id"].isin(self.others["school_id"])].dropna(subset="raw")
        table = pd.DataFrame({"own": pool_by_indicator(own), "region": pool_by_indicator(in_year)})
        table["own_participants"] = own.groupby("indicator")["participants"].sum()
        table = table.dropna(subset="region")
        return table.assign(region=suppress_small(table["region"], others.groupby("indicator")["school_id"].nunique()))


def open_region(workspace: Workspace, year: int | None) -> RegionYear:
    """Choose a year; none given means the last year with indices.

    Raises:
        ValueError: no such year in the data; the message names those that are there.
    """
    years = sorted(set(workspace.identified.indices["year"]))
    if not years:
        raise ValueError("В данных нет ни одного года, за который вычислены индексы.")
    chosen = year if year is not None else int(years[-1])
    if chosen not in years:
        raise ValueError(f"Года {chosen} нет в данных. Есть годы: {', '.join(map(str, years))}.")
    return RegionYear(workspace, chosen)


def open_portfolio(workspace: Workspace, municipality: str | None, year: int | None) -> Portfolio:
    """Choose a municipality and a year; none given means the first municipality and the last year with indices.

    Raises:
        ValueError: no such year or municipality in the data; the message names those that are there.
    """
    region = open_region(workspace, year)
    names = list_municipalities(workspace, region.year)
    if municipality and municipality not in names:
        listed = ", ".join(f"«{name}»" for name in names)
        raise ValueError(f"Муниципалитета «{municipality}» нет в данных {region.year} года. Есть: {listed}.")
    chosen = municipality or names[0]
    return Portfolio(hide_small_groups(workspace, chosen), region.year, chosen)


def hide_small_groups(workspace: Workspace, municipality: str) -> Workspace:
    """The workspace as the municipality's report reads it: nothing tells of a group with too few schools of others.

    Beside one or two schools of others an own index and band are those of the others, turned round. So in a year in
    which too few of a group are ranked elsewhere, own schools of it have neither; how sure their lists are, what would
    have changed them and who is close elsewhere is not known of them at all. The lists themselves stay.
    """
    paths, partners = workspace.dynamics.paths, workspace.support.partners
    hidden = find_small_groups(paths, municipality)
    codes = {name: set(paths.loc[flags, "school_id"]) for name, flags in hidden.items()}
    if not any(codes.values()):
        return workspace
    places = [(f"{name}_{what}", flags) for name, flags in hidden.items() for what in ("index", "band")]
    if len(partners):
        elsewhere = partners["school_id"].isin(set.union(*codes.values())) & ~partners["is_own"].fillna(True)
        partners = partners.assign(distance=partners["distance"].mask(elsewhere))
    drop = partial(_drop_relative, codes=codes, methodology=workspace.methodology)
    return replace(
        workspace,
        dynamics=replace(
            workspace.dynamics, paths=paths.assign(**{name: paths[name].mask(flags) for name, flags in places})
        ),
        support=replace(workspace.support, partners=partners),
        certainty=drop(workspace.certainty),
        decisions=drop(workspace.decisions),
        levels=drop(workspace.levels),
    )


def find_small_groups(paths: pd.DataFrame, municipality: str) -> dict[Domain, pd.Series]:
    """Which paths are of own schools whose group has ranked schools elsewhere in the year, but too few, by domain."""
    is_own = paths["municipality"] == municipality
    keys = [paths["year"], paths["group"]]
    ranked = {name: (paths[f"{name}_band"].notna() & ~is_own).groupby(keys).transform("sum") for name in DOMAINS}
    return {name: is_own & are_too_few(others.fillna(0)) for name, others in ranked.items()}


def _drop_relative(table: pd.DataFrame, codes: Mapping[Domain, set[str]], methodology: Methodology) -> pd.DataFrame:
    """Rows without those that compare one of the schools with its group; of ФИОКО's, which do not, the usual school."""
    if table.empty:
        return table
    lists, joint = methodology.lists, {status.status for status in methodology.lists.joint}
    is_hidden = pd.Series(False, index=table.index)
    for domain, ids in codes.items():
        names = {status.status for status in lists.list_statuses(domain)} | joint
        is_of = table["list"].isin(names) if "list" in table else table["domain"].eq(domain)
        is_hidden |= is_of & table["school_id"].isin(ids)
    if "chance_sentence" in table:
        usual = table["chance_sentence"].mask(table["school_id"].isin(codes["results"]))
        table = table.assign(chance_sentence=usual)
    return table[~is_hidden]


def list_municipalities(workspace: Workspace, year: int) -> list[str]:
    """Municipalities that have schools in the register of a year, in alphabetical order."""
    schools = workspace.identified.schools
    names = schools.loc[schools["year"] == year, "municipality"].drop_duplicates()
    return list(names.sort_values(key=order_names))


def order_names(names: pd.Series) -> pd.Series:
    """Keys that put names in the order people expect: case and «ё» do not matter, «№ 2» comes before «№ 10»."""
    plain = names.astype("str").str.casefold().str.replace("ё", "е")
    return plain.str.replace(r"\d+", lambda number: number[0].zfill(9), regex=True)


DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
"""Names that no file may have on Windows, whatever its ending."""


def name_slugs(names: Iterable[str]) -> dict[str, str]:
    """File name of every municipality: Latin letters, digits, hyphens; a number is added where two would be equal."""
    slugs: dict[str, str] = {}
    for name in names:
        base = slugify(name, max_length=60) or "municipalitet"
        taken = {*slugs.values(), "index", "region", "protocol", "public", "run", *DEVICES}
        free = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
        slugs[name] = next(slug for slug in free if slug not in taken)
    return slugs


def keep_latest(schools: pd.DataFrame) -> pd.DataFrame:
    """The last row of every school: its names and places as they are now."""
    return schools.sort_values("year").drop_duplicates("school_id", keep="last")


def count_bands(schools: pd.DataFrame, domain: Domain) -> pd.Series:
    """Number of schools in every band of a domain, in the order low, mid, high."""
    return schools[f"{domain}_band"].value_counts().reindex(["low", "mid", "high"], fill_value=0)


def compare_indicators(portfolio: Portfolio, domain: Domain, kinds: tuple[str, ...]) -> pd.DataFrame:
    """Indicators of the year, pooled over schools by participants: municipality beside region.

    A row per indicator of the given kinds: indicator, own, region (in the indicator's unit), own_participants. The
    region's value is missing where too few schools of others have the indicator.
    """
    indicators = portfolio.workspace.methodology.domains[domain].indicators
    means, names = portfolio.indicator_means, [item.id for item in indicators if item.kind in kinds]
    return means.loc[[name for name in names if name in means.index]].rename_axis("indicator").reset_index()


def pool_by_indicator(values: pd.DataFrame) -> pd.Series:
    """Mean of raw values weighted by participants, by indicator: for shares this is the share of all pupils."""
    points = (values["raw"] * values["participants"]).groupby(values["indicator"]).sum()
    return points / values.groupby("indicator")["participants"].sum()


def is_other_municipality(region: RegionYear, ids: pd.Series) -> pd.Series:
    """Whether schools are of other municipalities than a portfolio's; of a whole region none are."""
    return ~ids.isin(region.schools["school_id"]) if isinstance(region, Portfolio) else pd.Series(False, ids.index)


def count_lists(portfolio: Portfolio) -> pd.DataFrame:
    """How many schools are on every list of the year: a row per list, own and region, counts and schools in all."""
    own, region = portfolio.schools, portfolio.region_schools
    rows = [
        (name, count_members(own, name), len(own), count_members(region, name), len(region))
        for name in name_all_lists(portfolio.workspace.methodology)
    ]
    counts = pd.DataFrame(rows, columns=["list", "own", "own_schools", "region", "region_schools"])
    others = pd.Series(len(portfolio.others), counts.index)
    return counts.assign(**{name: suppress_small(counts[name], others) for name in ("region", "region_schools")})


def name_watched_lists(methodology: Methodology) -> list[str]:
    """Lists of schools that need help: statuses of the worse band of either domain, and ФИОКО's list."""
    watched = [status for domain in methodology.domains for status in methodology.list_watched(domain)]
    return watched + ([FIOKO_LIST] if methodology.fioko else [])


def name_all_lists(methodology: Methodology) -> list[str]:
    """Statuses of both domains and ФИОКО's list, in the order of the methodology."""
    names = dict.fromkeys(status.status for status in (*methodology.lists.results, *methodology.lists.social))
    return [*names, *([FIOKO_LIST] if methodology.fioko else [])]


def count_members(schools: pd.DataFrame, name: str) -> int:
    """Number of schools on a list."""
    return int(flag_members(schools, name).sum())


def flag_members(schools: pd.DataFrame, name: str) -> pd.Series:
    """Whether each school is on a list."""
    if name == FIOKO_LIST:
        return schools["fioko_shnor"].fillna(False).astype(bool)
    return (schools["results_status"] == name) | (schools["social_status"] == name)


def flag_listed(schools: pd.DataFrame, names: list[str]) -> pd.Series:
    """Whether each school is on at least one of the lists."""
    return pd.DataFrame({name: flag_members(schools, name) for name in names}, schools.index).any(axis=1)


def measure_participants(portfolio: RegionYear) -> pd.DataFrame:
    """Least and greatest number of participants behind a school's indicators of results: a row per school."""
    values = portfolio.workspace.identified.indicators
    chosen = values[(values["year"] == portfolio.year) & (values["domain"] == "results")]
    return chosen.groupby("school_id")["participants"].agg(fewest="min", most="max").reset_index()


def spread_bands(portfolio: Portfolio, domain: Domain) -> pd.DataFrame:
    """Bands over the years: a row per own school (by number), a column per year of the data; missing where no band."""
    paths = portfolio.workspace.dynamics.paths
    own = paths.merge(portfolio.schools[["school_id", "number"]], on="school_id", validate="many_to_one")
    years = [year for year in sorted(paths["year"].unique()) if year <= portfolio.year]
    wide = own.pivot_table(index="number", columns="year", values=f"{domain}_band", aggfunc="first", dropna=False)
    return wide.reindex(index=portfolio.schools["number"], columns=years)


def place_points(portfolio: Portfolio) -> pd.DataFrame:
    """Points of the portfolio matrix: a row per own school with both indices: x social, y results, number, kind.

    Own indices are rounded too: exact ones with exact raw values would give the extreme values of the group.

    Schools of other municipalities are only counted, in squares: a row per square, without number, at its middle;
    `schools` is how many a row stands for. Squares with few of them are left out. x_middle and y_middle, the same in
    every row, are the region's medians.
    """
    both = portfolio.schools.dropna(subset=["results_band", "social_band"])
    points = pd.DataFrame({"x": both["social_index"], "y": both["results_index"], "number": both["number"]})
    points[["x", "y"]] = blur_index(points[["x", "y"]])
    others = portfolio.others.dropna(subset=["results_band", "social_band"])
    cells = count_in_cells(others["social_index"], others["results_index"]).assign(kind=OTHER_KIND)
    points = pd.concat([points.assign(kind=name_kinds(both), schools=1), cells])
    points = points.assign(**find_middle(portfolio).add_suffix("_middle"))
    return points.astype({"number": "Int64"}).sort_values(["number", "x", "y"], ignore_index=True)


def find_middle(portfolio: Portfolio) -> pd.Series:
    """Medians of the region in the matrix: x social, y results; blurred, missing with too few schools of others."""
    both = portfolio.region_schools.dropna(subset=["results_band", "social_band"])
    middle = both[["social_index", "results_index"]].median().set_axis(["x", "y"])
    others = both["school_id"].isin(portfolio.others["school_id"]).sum()
    return suppress_small(blur_index(middle), pd.Series(others, middle.index))


def follow_points(portfolio: Portfolio) -> pd.DataFrame:
    """Tracks of own schools in the matrix: a row per school and year of three: number, year, x, y."""
    years = range(portfolio.year - 2, portfolio.year + 1)
    paths = portfolio.workspace.dynamics.paths
    ranked = paths[paths["year"].isin(years)].dropna(subset=["group", "results_band", "social_band"])
    own = ranked.merge(portfolio.schools[["school_id", "number"]], on="school_id", validate="many_to_one")
    tracks = own.rename(columns={"social_index": "x", "results_index": "y"})[["number", "year", "x", "y"]]
    tracks[["x", "y"]] = blur_index(tracks[["x", "y"]])
    return tracks.sort_values(["number", "year"], ignore_index=True)


def name_kinds(schools: pd.DataFrame) -> pd.Series:
    """Kind of a school in the matrix, from the joint list."""
    joint = schools["joint"].str.removeprefix("только ")
    return joint.fillna(OTHER_KIND)


def list_certainty(region: RegionYear, schools: pd.DataFrame) -> pd.DataFrame:
    """How sure it is that the given schools are on their lists: a row per school and list it is on.

    Columns of the certainty table and those of the schools; no rows where it was computed for another year.
    """
    known = region.workspace.certainty
    if known.empty:
        return pd.DataFrame(columns=["school_id", "list"])
    own = known[(known["year"] == region.year) & known["is_member"].astype(bool)]
    return own.merge(schools.drop(columns="year", errors="ignore"), on="school_id", validate="many_to_one")


def list_levels(region: RegionYear, domain: str) -> pd.DataFrame:
    """Shrunk levels of the year in one domain: a row per ranked school; empty where not computed for the year."""
    levels = region.workspace.levels
    if levels.empty:
        return pd.DataFrame(columns=["school_id", "level", "level_error", "trend", "trend_error"], dtype="float64")
    return levels[(levels["year"] == region.year) & (levels["domain"] == domain)]


def list_histories(portfolio: Portfolio) -> pd.DataFrame:
    """History of membership of own schools up to the report's year: a row per school and list.

    Columns: number, name, list, years (list of whole numbers), history (in the words of the source).
    """
    known = portfolio.workspace.dynamics.memberships
    known = known.assign(years=[[year for year in years if year <= portfolio.year] for years in known["years"]])
    known = known[known["years"].map(len) > 0]
    own = known.merge(portfolio.schools[["school_id", "name", "number"]], on="school_id", validate="many_to_one")
    histories = own.assign(history=[describe_history(years) for years in own["years"]])
    return histories[["number", "name", "list", "years", "history"]].sort_values(["number", "list"], ignore_index=True)
