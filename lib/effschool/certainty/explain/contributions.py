"""Parts of an index (вклад показателей): what each indicator adds to it and to the distance from the cut."""

from typing import cast

import numpy as np
import pandas as pd

from effschool.method.identify import Identified
from effschool.method.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW, weigh_indicators
from effschool.method.methodology import Domain, DomainRules, Methodology
from effschool.method.windows import list_covered_years


def explain_index(identified: Identified, methodology: Methodology, year: int) -> pd.DataFrame:
    """Parts of every index of a year (вклад показателей): a row per school, domain and indicator.

    Returns:
        Columns year, school_id, domain, group, indicator, raw, normalised, weight (share of the school's weights),
        contribution, distance, rank, ranked_schools, marginal_id. Contributions of a school sum to its index; where
        the mean is geometric, to the natural logarithm of it. `distance` is the contribution less that of the marginal
        school (пограничная школа: the one of the worse band that is nearest to the middle one); they sum to the
        distance of the two indices (of their logarithms). Missing: contribution of an indicator that does not vary,
        distance of a school that is not ranked or in a group where nobody is in the worse band. An indicator that only
        the marginal school has stands with a missing `raw`.
    """
    values = identified.indicators[identified.indicators["year"] == year]
    parts = [weigh_parts(values[values["domain"] == domain], rules) for domain, rules in methodology.iterate_domains()]
    places = rank_in_groups(identified.indices[identified.indices["year"] == year], methodology)
    return compare_with_marginal(pd.concat(parts, ignore_index=True), places)


def weigh_parts(values: pd.DataFrame, rules: DomainRules) -> pd.DataFrame:
    """Add `weight` and `contribution` to the indicators of one year and domain."""
    weight = values["indicator"].map(weigh_indicators(rules)).astype("float64").where(values["normalised"].notna())
    share = weight / weight.groupby(values["school_id"]).transform("sum").where(lambda total: total > 0)
    return values.assign(weight=share, contribution=share * transform_values(values["normalised"], rules))


def transform_values(normalised: pd.Series, rules: DomainRules) -> pd.Series:
    """Values whose weighted mean the index is: as they are, or logarithms of 1…100 for a geometric mean."""
    if rules.aggregation.kind == "arithmetic":
        return normalised
    return np.log(GEOMETRIC_LOW + (GEOMETRIC_HIGH - GEOMETRIC_LOW) * normalised)


def rank_in_groups(indices: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Place in the group: a row per school and domain with group, rank, ranked_schools and marginal_id."""
    scope = [indices["domain"], indices["group"]]
    places = indices.assign(ranked_schools=indices.groupby(scope)["rank"].transform("count"), marginal_id=None)
    for (domain, _), schools in indices.groupby(["domain", "group"]):
        rules = methodology.domains[cast(Domain, domain)]
        worse = schools[schools["band"] == rules.worse_band].sort_values("school_id")
        if len(worse):
            marginal = worse["index"].idxmax() if rules.better == "high" else worse["index"].idxmin()
            places.loc[schools.index[schools["rank"].notna()], "marginal_id"] = worse.loc[marginal, "school_id"]
    columns = ["year", "school_id", "domain", "group", "rank", "ranked_schools", "marginal_id"]
    return places[columns].astype({"marginal_id": "str"})


def compare_with_marginal(parts: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Add place and `distance` to the parts, indicators that only the marginal school has included."""
    own = parts.drop(columns=["year", "participants"])
    marginal = own[["school_id", "domain", "indicator", "contribution"]].rename(
        columns={"school_id": "marginal_id", "contribution": "marginal"}
    )
    reference = places.dropna(subset="marginal_id")[["school_id", "domain", "marginal_id"]].merge(marginal)
    joined = own.merge(reference.drop(columns="marginal_id"), how="outer", on=["school_id", "domain", "indicator"])
    joined = joined.merge(places, how="left", on=["school_id", "domain"], validate="many_to_one")
    distance = joined["contribution"].fillna(0) - joined["marginal"].fillna(0)
    columns = ["year", "school_id", "domain", "group", "indicator", "raw", "normalised", "weight", "contribution"]
    columns += ["distance", "rank", "ranked_schools", "marginal_id"]
    return joined.assign(distance=distance.where(joined["marginal_id"].notna()))[columns]


def choose_year(identified: Identified, methodology: Methodology, year: int | None) -> int:
    """The year to explain: the one asked for, else the last with lists, else the last with indices.

    Raises:
        ValueError: the year has no indices; the message names those that have.
    """
    years = sorted(set(identified.indices["year"]))
    listed = [each for each in list_covered_years(identified.indices, methodology) if each in years]
    chosen = year if year is not None else (listed or years)[-1]
    if chosen not in years:
        raise ValueError(f"Года {chosen} нет в данных. Есть годы: {', '.join(map(str, years))}.")
    return chosen


def choose_school(parts: pd.DataFrame, school_id: str | int | None = None) -> str | None:
    """The school to explain: the one asked for, else the one nearest to the cut of results outside the worse band.

    None where no school is ranked. The marginal school itself stands on the cut and is not taken.

    Raises:
        ValueError: the school has no index in the year; the message says so.
    """
    known = set(parts["school_id"])
    if school_id is not None and str(school_id) not in known:
        raise ValueError(
            f"Параметр explain_school: у школы «{school_id}» нет показателей за год, который объясняется. "
            "Проверьте код ОО; код, который начинается с нуля, возьмите в кавычки."
        )
    if school_id is not None:
        return str(school_id)
    ranked = parts[(parts["domain"] == "results") & parts["marginal_id"].notna()]
    away = ranked.groupby("school_id")["distance"].sum()[lambda distance: distance > 0]
    return str(away.idxmin()) if len(away) else min(known, default=None)
