"""Similar municipalities (похожие муниципалитеты): the nearest by size, rurality and conditions, as ranges.

Nearness is that of schools (`partners` of the methodology), measured between all pupils, the share of town schools and
the median index of conditions. What a range may be made of stands in privacy.yml.
"""

import pandas as pd

from effschool.dynamics.partners import find_town, place
from effschool.report.portfolio import Portfolio, RegionYear, pool_by_indicator
from effschool.report.privacy import load_privacy, suppress_rare


def describe_municipalities(region: RegionYear) -> pd.DataFrame:
    """What similar municipalities are sought by: a row per municipality, by name.

    Columns: social_index (median of schools that have one), enrolment (pupils), town (share of schools in towns),
    `schools` (that take part); missing where no school has it.
    """
    schools = region.region_schools
    by_place = schools.assign(town=find_town(schools)).groupby("municipality")
    described = by_place.agg(social_index=("social_index", "median"), town=("town", "mean"), schools=("town", "size"))
    return described.assign(enrolment=by_place["enrolment"].sum(min_count=1).astype("float64"))


def rank_similar(portfolio: Portfolio) -> pd.Series:
    """Distances of other municipalities of enough schools, by name, the nearest first; of equal ones the name decides.

    None where the methodology does not say how to measure, or where something of the municipality is not known.
    """
    rules, own = portfolio.workspace.methodology.partners, portfolio.municipality
    described = describe_municipalities(portfolio)
    if rules is None or own not in described.index:
        return pd.Series(dtype="float64")
    places = place(described, rules)
    away = (places - places.loc[own]).pow(2).sum(axis=1, skipna=False).pow(0.5)
    able = away[described["schools"] >= load_privacy().reports.schools].drop(own, errors="ignore").dropna()
    return able.round(9).sort_index().sort_values(kind="stable")


def find_similar(portfolio: Portfolio) -> pd.Series:
    """The nearest of `rank_similar`; none where there are fewer than a range is made of."""
    ranked, number = rank_similar(portfolio), load_privacy().reports.municipalities
    return ranked.head(number if len(ranked) >= number else 0)


def span_similar(portfolio: Portfolio) -> pd.DataFrame:
    """Least and greatest value at the similar municipalities, low and high: a row per indicator that all may tell."""
    near, values = find_similar(portfolio), portfolio.workspace.identified.indicators
    known = values[values["year"] == portfolio.year].dropna(subset="raw")
    known = known.merge(portfolio.others[["school_id", "municipality"]], on="school_id", validate="many_to_one")
    told = [pool_enough(known[known["municipality"] == name]).rename(name) for name in near.index]
    whole = pd.concat(told, axis=1).dropna() if told else pd.DataFrame()
    return pd.DataFrame({"low": whole.min(axis=1), "high": whole.max(axis=1)})


def pool_enough(values: pd.DataFrame) -> pd.Series:
    """Indicators of one municipality pooled by participants, missing with too few schools or pupils; by indicator."""
    by_indicator = values.groupby("indicator")
    return suppress_rare(
        pool_by_indicator(values), by_indicator["school_id"].nunique(), by_indicator["participants"].sum()
    )
