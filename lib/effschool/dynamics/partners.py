"""Similar schools and partners (похожие школы и партнёры): who is close to a listed school and lastingly better.

Rules are the section `partners` of the methodology. Names take no part: schools are told apart by code.
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree
from scipy.spatial.distance import cdist

from effschool.method.methodology import Methodology, Partners
from effschool.method.windows import list_candidates

CLOSE, IN_MUNICIPALITY, IN_REGION = "близкая", "закреплена в муниципалитете", "закреплена в регионе"
"""Kinds of rows: one of the nearest, and the one partner by an assignment over the municipality or over the region."""
NO_CLOSE, NO_BETTER = "близкой школы нет", "среди близких школ нет устойчиво лучших"
NO_OWN = "в муниципалитете близкой школы с устойчиво лучшими результатами нет"
ALL_TAKEN = "все подходящие школы уже закреплены за другими"
NO_CONDITIONS, NO_SIZE = "нет данных о социальных условиях", "нет данных о численности"
NO_RESULTS = "нет индекса результатов"
LASTING, NOT_LOW = "устойчивая, результаты стабильно высокие", "устойчивая, результаты не низкие"
"""Resilient schools (METHODOLOGY.md 1.4): ШНСУ with stably high results, and, wider, with results not low."""
COLUMNS = {
    "year": "int64",
    "kind": "str",
    "school_id": "str",
    "place": "Int64",
    "partner_id": "str",
    "is_own": "boolean",
    "distance": "float64",
    "social_gap": "float64",
    "size_ratio": "float64",
    "same_locality": "boolean",
    "gain_least": "float64",
    "gain_most": "float64",
    "resilience": "str",
    "reason": "str",
}


def find_partners(paths: pd.DataFrame, methodology: Methodology, year: int) -> pd.DataFrame:
    """Partners of every listed school of a year that is not stably high itself.

    A row per kind, school and partner; a school without one has a row with the `reason`. `place` numbers the nearest,
    those of the school's own municipality (`is_own`) first; partner minus school: `social_gap` and the least and
    greatest `gain` of the index of results over the window; `size_ratio` is partner over school. Without rules in the
    methodology, or without lists of the year, there are no rows.

    Args:
        paths: as `dynamics.trace_paths` gives them.
    """
    rules = methodology.partners
    if rules is None:
        return _finish([], year)
    schools = describe_schools(paths, methodology, year)
    schools = schools.assign(has_close=find_close(schools, rules))
    seekers = schools[schools["is_seeker"]]
    if seekers.empty:
        return _finish([], year)
    pairs = pair_schools(schools, rules)
    near = pairs.groupby("school_id", observed=True).head(rules.most)
    found = {
        CLOSE: near.assign(place=near.groupby("school_id", observed=True).cumcount() + 1),
        IN_MUNICIPALITY: assign_partners(pairs[pairs["is_own"]], rules),
        IN_REGION: assign_partners(pairs, rules),
    }
    reasons = explain_lack(seekers)
    lacking = [_list_lacking(rows, pairs, kind, reasons) for kind, rows in found.items()]
    given = [describe_pairs(rows, schools).assign(kind=kind) for kind, rows in found.items()]
    return _finish([*given, *lacking], year)


def _finish(frames: list[pd.DataFrame], year: int) -> pd.DataFrame:
    rows = pd.concat([pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS), *frames]).assign(year=year)
    rows = rows[list(COLUMNS)].astype(COLUMNS)
    return rows.sort_values(["school_id", "kind", "place"], ignore_index=True)


def describe_schools(paths: pd.DataFrame, methodology: Methodology, year: int) -> pd.DataFrame:
    """What partners are sought by: a row per school of the year that is not left out.

    Columns: those of the path, `results` (tuple of the indices of the window), is_seeker, is_able, resilience. Able to
    be a partner is who is low by no list and needed no help, this year or the year before.
    """
    years = list_window(paths, methodology, year)
    schools = paths[(paths["year"] == year) & paths["group"].notna()].sort_values("school_id", ignore_index=True)
    values = paths.pivot(index="school_id", columns="year", values="results_index").reindex(columns=years)
    bands = paths.pivot(index="school_id", columns="year", values="results_band").reindex(columns=years)
    low, worse = methodology.list_watched("results"), methodology.domains["results"].worse_band
    is_low = schools["results_status"].isin(low) | schools["fioko_shnor"].fillna(False).astype(bool)
    is_high = schools["results_status"].isin(_list_high(methodology))
    is_social = schools["social_status"].isin(methodology.list_watched("social"))
    is_seeker = find_need(schools, methodology)
    before = paths[paths["year"] == year - 1]
    needed = find_need(before, methodology).set_axis(before["school_id"]).reindex(schools["school_id"]).eq(True)
    never_low = ~bands.eq(worse).any(axis=1).reindex(schools["school_id"]).to_numpy()
    resilience = pd.Series(None, index=schools.index, dtype="str")
    resilience = resilience.mask(is_social & ~is_low & never_low, NOT_LOW).mask(is_social & is_high & ~is_low, LASTING)
    window = values.reindex(schools["school_id"]).to_numpy(dtype=float).reshape(len(schools), len(years))
    is_able = ~is_low & ~is_seeker & ~needed.to_numpy()
    return schools.assign(results=list(window), is_seeker=is_seeker, is_able=is_able, resilience=resilience)


def find_need(schools: pd.DataFrame, methodology: Methodology) -> pd.Series:
    """Whether schools are on a list that needs help and have no stably high results in spite of it."""
    on_lists = [schools[f"{domain}_status"].isin(methodology.list_watched(domain)) for domain in methodology.domains]
    by_fioko = schools["fioko_shnor"].fillna(False).astype(bool)
    return pd.concat([*on_lists, by_fioko], axis=1).any(axis=1) & ~schools["results_status"].isin(
        _list_high(methodology)
    )


def list_window(paths: pd.DataFrame, methodology: Methodology, year: int) -> list[int]:
    """Years of the window of a report's year; of those with data the last ones, as the lists take them."""
    ranked = set(paths.loc[paths["results_band"].notna(), "year"].tolist())
    window = methodology.lists.window
    candidates = set(list_candidates(window, year, min(ranked, default=year)))
    return sorted(ranked & candidates)[-window.length :]


def _list_high(methodology: Methodology) -> list[str]:
    better = methodology.domains["results"].better
    return [status.status for status in methodology.lists.results if status.band == better]


def pair_schools(schools: pd.DataFrame, rules: Partners) -> pd.DataFrame:
    """Listed schools and the close schools that are lastingly better: a row per pair, by school, the nearest first.

    The own municipality stands before the region; of equally near ones the code decides, so that a run can be repeated.
    In a country there are millions of pairs: the rest of a row is added by `describe_pairs` to those that are shown.

    Returns:
        Columns school_id and partner_id (categories), is_own, distance.
    """
    found = [part for _, group in schools.groupby("group") for part in _pair_group(group, rules)]
    seeker, partner, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    municipality, _ = pd.factorize(schools["municipality"])
    is_own = municipality[seeker] == municipality[partner]
    order = np.lexsort((partner, distance, ~is_own, seeker))
    ids = {"school_id": seeker[order], "partner_id": partner[order]}
    named = {name: pd.Categorical.from_codes(places, categories=schools["school_id"]) for name, places in ids.items()}
    return pd.DataFrame({**named, "is_own": is_own[order], "distance": distance[order]})


Block = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]
"""Pairs of one block: row of the school and of the partner, and their distance."""
AT_ONCE = 256
"""Listed schools that are compared with their whole group at once: memory does not grow as the square of the group."""


def _pair_group(group: pd.DataFrame, rules: Partners) -> Iterator[Block]:
    """Who is close, able to be a partner, ranked in every year and better in each in which the listed school is."""
    places, results, row = place_schools(group, rules), np.stack(group["results"]), group.index.to_numpy()
    lasting = np.flatnonzero(~np.isnan(results).any(axis=1) & group["is_able"].to_numpy())
    known = np.flatnonzero(group["is_seeker"].to_numpy() & ~np.isnan(results).all(axis=1))
    for seekers in np.array_split(known, len(known) // AT_ONCE + 1):
        distance = cdist(places[seekers], places[lasting])
        one, other = np.nonzero(distance <= rules.caliper)
        gains = results[lasting[other]] - results[seekers[one]]
        better = ~(gains < rules.better_by - TOLERANCE).any(axis=1)
        one, other = one[better], other[better]
        yield row[seekers[one]], row[lasting[other]], distance[one, other]


def describe_pairs(pairs: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Pairs with what sets partner and school apart, columns as in `COLUMNS`."""
    one, other = (schools.iloc[pairs[name].cat.codes].reset_index(drop=True) for name in ("school_id", "partner_id"))
    gains = np.stack(other["results"]) - np.stack(one["results"]) if len(pairs) else np.zeros((0, 1))
    return pairs.reset_index(drop=True).assign(
        school_id=one["school_id"],
        partner_id=other["school_id"],
        social_gap=other["social_index"] - one["social_index"],
        size_ratio=other["enrolment"].astype(float) / one["enrolment"].astype(float),
        same_locality=one["locality"] == other["locality"],
        gain_least=np.nanmin(gains, axis=1),
        gain_most=np.nanmax(gains, axis=1),
        resilience=other["resilience"],
    )


def find_close(schools: pd.DataFrame, rules: Partners) -> pd.Series:
    """Whether another school of the same group is within the caliper of each school, whatever their results."""
    found = pd.Series(False, index=schools.index)
    for _, group in schools.groupby("group"):
        places = place_schools(group, rules)
        known = ~np.isnan(places).any(axis=1)
        nearest, _ = cKDTree(places[known]).query(places[known], k=[2])
        found[group.index[known]] = nearest[:, 0] <= rules.caliper
    return found


def place_schools(schools: pd.DataFrame, rules: Partners) -> NDArray[np.float64]:
    """Coordinates in which the distance is measured, a row per school; missing where something is not known."""
    return place(schools.assign(town=find_town(schools)), rules).to_numpy(dtype=float)


def find_town(schools: pd.DataFrame) -> pd.Series:
    """1 for a school in a town, 0 for a rural one, missing where its locality is not known."""
    return (schools["locality"] == "город").astype("float64").where(schools["locality"].notna())


def place(described: pd.DataFrame, rules: Partners) -> pd.DataFrame:
    """The same for rows of schools or of municipalities: columns social_index, enrolment, `town` (share of schools)."""
    size = described["enrolment"].astype("float64")
    return pd.DataFrame(
        {
            "social": described["social_index"] / rules.social_index,
            "size": np.log(size.where(size > 0)) / np.log(rules.size_ratio),
            "locality": described["town"] * rules.other_locality,
        }
    )


TOLERANCE = 1e-9
"""An index that differs by less is equal, as everywhere."""


def assign_partners(pairs: pd.DataFrame, rules: Partners) -> pd.DataFrame:
    """The pairs of an assignment: as many schools as can be have a partner, then their own municipality, then nearness.

    No partner has more than `per_partner` schools. Every partner stands as often as it can serve; a column for every
    school stands for «no partner» and costs more than any partner does, so it is taken only where it has to be.
    """
    if pairs.empty:
        return pairs
    row, schools = pd.factorize(pairs["school_id"])
    column, partners = pd.factorize(pairs["partner_id"])
    own, times = np.arange(len(schools)), rules.per_partner
    cost = pairs["distance"] + rules.caliper * ~pairs["is_own"].to_numpy(dtype=bool)
    dearest = np.full(len(schools), 2 * rules.caliper * (len(schools) + 1))
    served = (column[:, None] * times + np.arange(times)).ravel()
    at = np.concatenate([np.repeat(row, times), own]), np.concatenate([served, len(partners) * times + own])
    # One more for all, since a pair that costs nothing would be taken for none.
    costs = csr_array((1 + np.concatenate([np.repeat(cost, times), dearest]), at))
    chosen = np.empty(len(schools), dtype=np.int64)
    taken_row, taken = min_weight_full_bipartite_matching(costs)
    chosen[taken_row] = taken // times
    return pairs[column == chosen[row]]


def explain_lack(seekers: pd.DataFrame) -> pd.Series:
    """Why each school would have nobody to choose from, by school_id."""
    reason = pd.Series(NO_BETTER, index=seekers.index, dtype="str").mask(~seekers["has_close"], NO_CLOSE)
    unranked = seekers["results"].map(lambda values: bool(np.isnan(values).all())).astype(bool)
    reason = reason.mask(~(seekers["enrolment"].fillna(0) > 0), NO_SIZE)
    reason = reason.mask(seekers["social_index"].isna(), NO_CONDITIONS).mask(unranked, NO_RESULTS)
    return reason.set_axis(seekers["school_id"])


def _list_lacking(given: pd.DataFrame, pairs: pd.DataFrame, kind: str, reasons: pd.Series) -> pd.DataFrame:
    """A row with the reason for every school that was given nobody."""
    without = reasons[~reasons.index.isin(given["school_id"].unique())]
    is_narrow = kind == IN_MUNICIPALITY
    able = pairs[pairs["is_own"]] if is_narrow else pairs
    told = without.mask(without.index.isin(pairs["school_id"].unique()), NO_OWN if is_narrow else ALL_TAKEN)
    told = told.mask(without.index.isin(able["school_id"].unique()), ALL_TAKEN)
    return told.rename_axis("school_id").rename("reason").reset_index().assign(kind=kind)


def hide_other_municipalities(partners: pd.DataFrame) -> pd.DataFrame:
    """The table as a municipality's report may read it: partners of other municipalities without code."""
    return partners.assign(partner_id=partners["partner_id"].where(partners["is_own"].fillna(False).astype(bool)))
