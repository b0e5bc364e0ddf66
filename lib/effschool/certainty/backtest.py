"""Back-test (проверка на прошлых годах): how many of those listed left by themselves, and how many were bound to.

The lowest of a year stand higher in the next without any help, the more so the more chance there is in an index. What
happened is set beside what that alone predicts; only what goes beyond it can be anybody's merit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from effschool.certainty.rules_power import RUNS_AT_ONCE, draw_scores, estimate_reliability, find_lowest
from effschool.certainty.sampling import Recount, Values, run_blocks
from effschool.method.methodology import Methodology, WindowCondition

BACKTEST_COLUMNS = ["what", "from_year", "listed", "left", "predicted", "least", "most", "helped", "helped_left"]
BACKTEST_KEY = 6
BAND, LISTS = "группа года", "списки"


@dataclass(frozen=True)
class Listing:
    """A way of being listed: the band in one year, or any list of low results over a window of years."""

    what: str
    conditions: tuple[WindowCondition, ...]
    years: int


def list_listings(methodology: Methodology) -> list[Listing]:
    """The band of a year, and the lists of the worse band together; a rule over lags has no prediction."""
    worse = methodology.domains["results"].worse_band
    statuses = [status for status in methodology.lists.results if status.band == worse]
    conditions = tuple(way for status in statuses for way in methodology.find_rule(status).any_of)
    lists = Listing(LISTS, conditions, methodology.lists.window.length)
    return [Listing(BAND, (WindowCondition(at_least=1),), 1), *([lists] if conditions else [])]


def follow_listed(recount: Recount, programme: pd.DataFrame) -> pd.DataFrame:
    """What became of those listed a year later: a row per way of being listed and year, up to the year of the recount.

    Returns:
        Columns what («группа года» or «списки»), from_year, listed: schools that are ranked a year later as well and
        took part in no programme by then; left: of them not listed any more; predicted: how many would have left by
        chance alone; least, most: between which that number lies in 95 cases of 100; helped, helped_left: listed and
        left of the schools of a programme. Empty where the reliability cannot be estimated.
    """
    reliability = estimate_reliability(recount.identified, "results", recount.year)
    if np.isnan(reliability):
        return pd.DataFrame(columns=BACKTEST_COLUMNS)
    frames = []
    for place, listing in enumerate(list_listings(recount.methodology)):
        moves = follow_members(recount, listing, programme)
        leaving = predict_leaving(recount, listing, reliability, place)
        frames.append(count_moves(moves, leaving).assign(what=listing.what))
    return pd.concat(frames, ignore_index=True)[BACKTEST_COLUMNS]


def follow_members(recount: Recount, listing: Listing, programme: pd.DataFrame) -> pd.DataFrame:
    """Schools listed in a year and ranked in the next: a row per school and year: from_year, is_out, is_helped."""
    indices = recount.identified.indices.query("domain == 'results'").dropna(subset="band")
    ranked = indices.loc[indices["year"] <= recount.year, ["year", "school_id", "band"]]
    worse = recount.methodology.domains["results"].worse_band
    if listing.what == BAND:
        standing = ranked.assign(is_in=ranked["band"] == worse)
    else:
        names = [status.status for status in recount.methodology.lists.results if status.band == worse]
        lists = recount.identified.lists[["year", "school_id", "results_status"]]
        standing = lists.merge(ranked, on=["year", "school_id"]).assign(
            is_in=lambda rows: rows["results_status"].isin(names)
        )
    now = standing.loc[standing["is_in"], ["year", "school_id"]]
    later = standing.assign(year=standing["year"] - 1)[["year", "school_id", "is_in"]]
    moves = now.merge(later, on=["year", "school_id"], validate="one_to_one")
    first = programme.groupby("school_id")["entry_year"].min()
    entry = moves["school_id"].map(first.to_dict()).astype("Float64")
    helped = (entry <= moves["year"] + 1).fillna(False).astype(bool)
    return moves.rename(columns={"year": "from_year"}).assign(is_out=~moves["is_in"], is_helped=helped)


def count_moves(moves: pd.DataFrame, leaving: float) -> pd.DataFrame:
    """Counts by year, with the number that chance predicts and its range."""
    own, helped = moves[~moves["is_helped"]], moves[moves["is_helped"]]
    counted = own.groupby("from_year")["is_out"].agg(listed="size", left="sum")
    other = helped.groupby("from_year")["is_out"].agg(helped="size", helped_left="sum")
    counted = counted.join(other).fillna(0).astype("int64").reset_index()
    least, most = stats.binom.interval(0.95, counted["listed"], leaving)
    return counted.assign(predicted=leaving * counted["listed"], least=least, most=most)


def predict_leaving(recount: Recount, listing: Listing, reliability: float, place: int) -> float:
    """Share of those listed who would not be a year later, 0…1, if true levels stayed and chance alone worked."""
    share, power = recount.methodology.domains["results"].bands.share, recount.settings.power

    def _work(generator: np.random.Generator, runs: int) -> tuple[int, int]:
        scores = draw_scores(generator, (runs, power.schools, listing.years + 1), reliability)[1]
        now = satisfy_any(scores[..., :-1], listing.conditions, share)
        return int(now.sum()), int((now & ~satisfy_any(scores[..., 1:], listing.conditions, share)).sum())

    seed = (recount.settings.draws.seed, BACKTEST_KEY, place)
    blocks = run_blocks(_work, (power.runs, RUNS_AT_ONCE), seed, recount.workers)
    listed, left = np.sum(blocks, axis=0)
    return float(left / listed) if listed else float("nan")


def satisfy_any(scores: Values, conditions: Sequence[WindowCondition], share: float) -> Values:
    """Which schools [region, school] satisfy any of the conditions over a window of scores [region, school, year]."""
    hits = find_lowest(scores, share)
    found = np.zeros(hits.shape[:2], dtype=bool)
    for condition in conditions:
        if condition.at_least is not None:
            found |= hits.sum(axis=2) >= condition.at_least
        elif condition.last is not None:
            found |= hits[..., -condition.last :].all(axis=2)
        elif condition.mean:
            found |= find_lowest(scores.mean(axis=2), share)
    return found
