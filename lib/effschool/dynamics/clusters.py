"""Groups of like schools (группы похожих школ): by context and results, found in the last year and kept for the others.

The number of groups is the greatest at which the same groups come out when schools are drawn anew, and no less surely
than with one group fewer; where there is none such, there are no groups, and that is said.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import pandas as pd

from effschool.method.methodology import Clusters, Feature

CLUSTER_COLUMNS = ["year", "school_id", "cluster", "name"]
VILLAGE = "село"
TOLERANCE = 1e-9
STARTS, TRIES = 10, 4
"""Starts of the algorithm for the groups that are shown, and where it only tries."""


@dataclass(frozen=True)
class Clustering:
    """Groups of schools.

    Args:
        stability: a row per number of groups that was tried: number, stability (mean adjusted Rand index, 0…1).
        centres: a row per group in the order of its number: name, schools (in the last year), and a column per feature
            in standard deviations from the region; no rows where no number of groups is stable.
        members: a row per school and year: CLUSTER_COLUMNS, `cluster` from 1, the lowest results first. A school
            without one of the features in a year has no row in it.
    """

    stability: pd.DataFrame
    centres: pd.DataFrame
    members: pd.DataFrame


def find_clusters(paths: pd.DataFrame, rules: Clusters | None) -> Clustering:
    """Group the schools of the last year, and place those of the years before by the same centres.

    Without rules, and with too few schools, no number of groups is tried.
    """
    features = place_features(paths, rules) if rules else pd.DataFrame()
    last = features.loc[features.index.get_level_values("year").max()] if len(features) else features
    if rules is None or len(last) < rules.fewest_schools:
        return Clustering(pd.DataFrame(columns=["number", "stability"]), *_no_groups())
    with _keep_to_one_thread():
        stability = try_numbers(last.to_numpy(), rules)
        number = choose_number(stability, rules)
        return Clustering(stability, *(cluster_schools(features, last, number, rules) if number else _no_groups()))


def _keep_to_one_thread() -> AbstractContextManager:
    """Several threads for a few hundred schools wait for one another, many times as long on a busy machine."""
    import sklearn.cluster  # noqa: F401, PLC0415 -- only what is loaded can be limited
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 -- comes with scikit-learn

    return threadpool_limits(1)


def _no_groups() -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.DataFrame(columns=["name", "schools"]), pd.DataFrame(columns=CLUSTER_COLUMNS)


def place_features(paths: pd.DataFrame, rules: Clusters) -> pd.DataFrame:
    """Features in standard deviations from the mean: a row per year and school (the index), a column per feature.

    Indices are compared inside their year (results inside their group as well, as they are computed), size and locality
    with the last year, so that a school that grows is seen to grow. What no school has is left out.
    """
    taking = paths.dropna(subset="group")
    last = taking["year"] == taking["year"].max()
    size = np.log(taking["enrolment"].astype("float64").where(taking["enrolment"] > 0))
    village = (taking["locality"] == VILLAGE).where(taking["locality"].notna()).astype("float64")
    known = {
        "results": _compare(taking["results_index"], [taking["year"], taking["group"]]),
        "social": _compare(taking["social_index"], [taking["year"]]),
        "size": (size - size[last].mean()) / size[last].std(ddof=0),
        "village": (village - village[last].mean()) / village[last].std(ddof=0),
    }
    named = pd.DataFrame({item.id: known[item.id] for item in rules.features})
    named = named.replace([np.inf, -np.inf], np.nan).dropna(axis=1, how="all").dropna()
    index = pd.MultiIndex.from_frame(taking.loc[named.index, ["year", "school_id"]])
    return named.set_index(index).sort_index()


def _compare(values: pd.Series, groups: list[pd.Series]) -> pd.Series:
    grouped = values.groupby(groups)
    spread = grouped.transform("std", ddof=0)
    return (values - grouped.transform("mean")) / spread.where(spread > 0)


def try_numbers(points: np.ndarray, rules: Clusters) -> pd.DataFrame:
    """How far groups come out again when schools are drawn anew: a row per number of groups."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 -- takes long to import, and reports do not need it
    from sklearn.metrics import adjusted_rand_score  # noqa: PLC0415

    generator = np.random.default_rng(rules.seed)
    rows = []
    for number in range(rules.fewest, min(rules.most, len(points) - 1) + 1):
        whole = KMeans(number, n_init=STARTS, random_state=rules.seed).fit(points).labels_
        drawn = generator.integers(len(points), size=(rules.draws, len(points)))
        again = [
            KMeans(number, n_init=TRIES, random_state=rules.seed).fit(points[each]).predict(points) for each in drawn
        ]
        rows.append((number, float(np.mean([adjusted_rand_score(whole, other) for other in again]))))
    return pd.DataFrame(rows, columns=["number", "stability"])


def choose_number(stability: pd.DataFrame, rules: Clusters) -> int | None:
    """The greatest number of groups that is stable and no less so than one group fewer; none where none is."""
    fewer = stability["stability"].shift(fill_value=0.0)
    stable = (stability["stability"] >= rules.stability) & (stability["stability"] >= fewer - TOLERANCE)
    return int(stability.loc[stable, "number"].max()) if stable.any() else None


def cluster_schools(
    features: pd.DataFrame, last: pd.DataFrame, number: int, rules: Clusters
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Centres and members of so many groups; the same centres in every year."""
    from sklearn.cluster import KMeans  # noqa: PLC0415

    fitted = KMeans(number, n_init=STARTS, random_state=rules.seed).fit(last.to_numpy())
    centres = pd.DataFrame(fitted.cluster_centers_, columns=last.columns)
    order = centres.sort_values(list(centres.columns[::-1])).index
    places = pd.Series(np.arange(1, number + 1), index=order)
    chosen = places[fitted.predict(features.to_numpy())].to_numpy()
    centres = centres.loc[order].set_axis(pd.Index(range(1, number + 1), name="cluster"))
    names = [name_cluster(centre, rules) for _, centre in centres.iterrows()]
    counts = pd.Series(places[fitted.labels_].to_numpy()).value_counts().reindex(centres.index, fill_value=0)
    members = features.index.to_frame(index=False).assign(cluster=chosen)
    members["name"] = members["cluster"].map(dict(zip(centres.index, names, strict=True))).astype("str")
    return centres.assign(name=names, schools=counts), members[CLUSTER_COLUMNS]


def name_cluster(centre: pd.Series, rules: Clusters) -> str:
    """What stands out in a group, in words: «небольшие сельские школы с низкими результатами»."""
    before = [word for item in rules.features if item.place == "before" and (word := find_word(centre, item, rules))]
    after = [word for item in rules.features if item.place == "after" and (word := find_word(centre, item, rules))]
    if not before + after:
        return "школы, близкие к средним по региону"
    return " ".join([*before, "школы", ", ".join(after)]).strip()


def find_word(centre: pd.Series, feature: Feature, rules: Clusters) -> str:
    """The word for a feature that stands out in a group; nothing where it does not."""
    value = centre.get(feature.id, 0.0)
    if abs(value) < rules.notable_sd:
        return ""
    return feature.high if value > 0 else feature.low


def count_passages(members: pd.DataFrame, before: int, after: int) -> pd.DataFrame:
    """Schools by group in two years: a row per group before, a column per group after; schools known in both."""
    first, second = (members[members["year"] == year].set_index("school_id")["cluster"] for year in (before, after))
    both = pd.concat({"before": first, "after": second}, axis=1, join="inner").astype("int64")
    square = pd.crosstab(both["before"], both["after"])
    groups = sorted(members["cluster"].unique())
    return square.reindex(index=groups, columns=groups, fill_value=0)
