"""What doubt changes in the lists (влияние на списки): a school's place without ВПР, and with doubtful years left out.

All by identification itself, carried out on tables without some of the rows.
"""

import numpy as np
import pandas as pd

from effschool.base.schemas import WITHOUT_DOUBTFUL, empty_table
from effschool.doubt.cohorts import VPR
from effschool.method.identify import Identified, encode_keys, identify_schools
from effschool.method.indicators import KEY, Tables
from effschool.method.methodology import Methodology


def drop_doubtful(tables: Tables, signs: pd.DataFrame) -> Tables:
    """The tables without the rows of ВПР of every school and year that has a marked row."""
    results, marked = tables["results"], signs.loc[signs["marked"], KEY].drop_duplicates()
    doubtful = pd.MultiIndex.from_frame(results[KEY]).isin(pd.MultiIndex.from_frame(marked))
    return {**tables, "results": results[~((results["procedure"] == VPR).to_numpy() & doubtful)]}


def drop_vpr(tables: Tables) -> Tables:
    """The tables without ВПР: what is counted over it is then missing everywhere, and no school is asked for it."""
    return {**tables, "results": tables["results"][tables["results"]["procedure"] != VPR]}


def compare_without_doubtful(tables: Tables, signs: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """A row per school that takes part and year that is marked, or whose list leaving out doubtful years would change.

    Columns as `schemas.WITHOUT_DOUBTFUL`; names without an ending are those of the data as they are (`doubtful: show`).
    Leaving out one school's ВПР moves the borders of others: so a school that is not marked may stand here.
    """
    if not signs["marked"].any():
        return empty_table(WITHOUT_DOUBTFUL)
    # Conditions of schools have nothing to do with ВПР, and take as long as results.
    rules = methodology.model_copy(update={"domains": {"results": methodology.domains["results"]}})
    tables = encode_keys(tables)
    shown, kept = identify_schools(tables, rules), identify_schools(drop_vpr(tables), rules)
    left = identify_schools(drop_doubtful(tables, signs), rules)
    marked = signs.loc[signs["marked"], KEY].drop_duplicates().assign(marked=True)
    rows = _take_places(shown).merge(marked, how="left", on=KEY)
    for ending, other in (("without_vpr", kept), ("left_out", left)):
        rows = rows.merge(_take_places(other).rename(columns=_add_ending(ending)), how="left", on=KEY)
    rows["marked"] = rows["marked"].fillna(value=False).astype(bool)
    lists = [name for name in PLACES if name.endswith(("_status", "shnor"))]
    rows["changes"] = np.any([_differ(rows[name], rows[f"{name}_left_out"]) for name in lists], axis=0)
    kinds = {name: column.dtype for name, column in WITHOUT_DOUBTFUL.columns.items()}
    taken = rows[rows["marked"] | rows["changes"]][list(kinds)].astype(kinds)
    return taken.sort_values(KEY, ignore_index=True)


PLACES = ("index", "band", "results_status", "fioko_shnor")


def _add_ending(ending: str) -> dict[str, str]:
    return {name: f"{name}_{ending}" for name in PLACES}


def _take_places(identified: Identified) -> pd.DataFrame:
    """Index, band and lists of results of every school and year that takes part."""
    schools = identified.schools.dropna(subset="group")[KEY]
    indices = identified.indices.query("domain == 'results'")[[*KEY, "index", "band"]]
    lists = identified.lists[[*KEY, "results_status", "fioko_shnor"]]
    return schools.merge(indices, how="left", on=KEY).merge(lists, how="left", on=KEY)


def _differ(before: pd.Series, after: pd.Series) -> np.ndarray:
    same = (before == after).fillna(value=False).astype(bool) | (before.isna() & after.isna())
    return ~same.to_numpy()
