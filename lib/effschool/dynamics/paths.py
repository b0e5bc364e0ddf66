"""Paths of schools (траектории): bands, indices and lists over the years, membership in words, programme cohorts."""

from collections.abc import Sequence

import pandas as pd

from effschool.dynamics.transitions import list_ranked_years, list_years_with_list
from effschool.method.indicators import KEY
from effschool.method.methodology import FIOKO_LIST, Methodology
from effschool.method.windows import is_covered

LIST_COLUMNS = {"results": "results_status", "social": "social_status"}
"""Column of the paths with the statuses of a domain."""


def trace_paths(schools: pd.DataFrame, indices: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Path (траектория) of every school: a row per year and school of the register.

    Columns: those of the register, index and band of each domain (`results_index`, `results_band`, …; missing where not
    ranked), and the columns of the lists (missing in years without lists).
    """
    wide = indices.pivot_table(index=KEY, columns="domain", values=["index", "band"], aggfunc="first", dropna=False)
    wide.columns = [f"{domain}_{value}" for value, domain in wide.columns]
    expected = [f"{domain}_{value}" for domain in ("results", "social") for value in ("index", "band")]
    wide = wide.reindex(columns=expected).reset_index()
    return schools.merge(wide, how="left", on=KEY, validate="one_to_one").merge(
        lists, how="left", on=KEY, validate="one_to_one"
    )


def stack_lists(paths: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Membership in long form: a row per year, school and list the school is on (`list`), ФИОКО's list among them."""
    columns = [*KEY, "list"]
    frames = [paths.rename(columns={name: "list"})[columns] for name in ("results_status", "social_status")]
    if methodology.fioko:
        flagged = paths[paths["fioko_shnor"].fillna(False).astype(bool)]
        frames.append(flagged[KEY].assign(list=FIOKO_LIST))
    return pd.concat(frames, ignore_index=True).dropna(subset="list").sort_values(columns, ignore_index=True)


def list_covered_lists(paths: pd.DataFrame, methodology: Methodology) -> dict[str, list[int]]:
    """Years that have lists at all, by column of the paths: another year says nothing about any school."""
    ranked = {domain: set(list_ranked_years(paths, domain)) for domain in LIST_COLUMNS}
    window = methodology.lists.window
    candidates = sorted(ranked["results"] | set(window.years))
    made = [year for year in candidates if is_covered(window, year, ranked["results"])]
    years = {LIST_COLUMNS[name]: [year for year in made if is_covered(window, year, ranked[name])] for name in ranked}
    flagged = paths.loc[paths["fioko_shnor"].notna(), "year"]
    return years | {"fioko_shnor": sorted(flagged.unique().tolist())}


def describe_memberships(listed: pd.DataFrame) -> pd.DataFrame:
    """History of membership: a row per school and list, with `years` and `history` in the words of the source."""
    years = listed.groupby(["school_id", "list"])["year"].agg(list).rename("years").reset_index()
    return years.assign(history=years["years"].map(describe_history).astype("str"))


def describe_history(years: Sequence[int]) -> str:
    """«В списках 2019 г., 2021 г., 2022 г.» or «Только в списке 2022 г.» (METHODOLOGY.md section 2)."""
    if len(years) == 1:
        return f"Только в списке {years[0]} г."
    return "В списках " + ", ".join(f"{year} г." for year in sorted(years))


def share_lists(listed: pd.DataFrame, paths: pd.DataFrame) -> pd.DataFrame:
    """Share of all schools on each list (METHODOLOGY.md section 2): a row per list and year with lists.

    Columns: list, year, members, schools (that take part in the year), share_pct. Members of another place than `paths`
    are not counted, so that a municipality's shares come from its own rows of `paths`.
    """
    taken = paths.dropna(subset="group")[KEY]
    schools = taken.groupby("year").size()
    own = listed.merge(taken, on=KEY)
    counts = own.groupby(["list", "year"]).size()
    places = [(name, year) for name in sorted(own["list"].unique()) for year in list_years_with_list(listed, name)]
    every = pd.MultiIndex.from_tuples(places, names=["list", "year"]) if places else counts.index
    shares = counts.reindex(every, fill_value=0).rename("members").reset_index()
    shares["schools"] = shares["year"].map(schools).fillna(0).astype("int64")
    return shares.assign(share_pct=100 * shares["members"] / shares["schools"].where(shares["schools"] > 0))


def follow_cohorts(paths: pd.DataFrame, programme: pd.DataFrame) -> pd.DataFrame:
    """Index paths of the programme's entry cohorts (когорты входа): a row per entry_year and year.

    Columns: entry_year (missing for schools that never took part), year, schools (ranked in that year), mean_index. A
    school's cohort is that of its first entry. The table shows levels and is no estimate of an effect.
    """
    first = programme.groupby("school_id", as_index=False)["entry_year"].min().astype({"entry_year": "Int64"})
    ranked = paths.dropna(subset="results_band").merge(first, how="left", on="school_id", validate="many_to_one")
    means = ranked.groupby(["entry_year", "year"], dropna=False)["results_index"].agg(
        schools="count", mean_index="mean"
    )
    return means.reset_index()
