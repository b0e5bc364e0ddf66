"""Chance cards (карточка случайности): would an ordinary school with so few participants be on the list as well.

The rest of the region stays as it is: ends of the scale and cuts of the bands are the observed ones.
"""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd

from effschool.base.russian import choose_word, format_number, format_percent
from effschool.certainty.resampling import (
    BAND_CODES,
    Redrawn,
    Reference,
    band_drawn_means,
    flag_procedures,
    hold_statuses,
    name_lists,
    narrow,
    observe,
    recompute,
    take_own_method,
)
from effschool.certainty.sampling import (
    Cells,
    Recount,
    Sampler,
    Values,
    estimate_ties,
    lay_cells,
    lay_procedures,
    plan_ordinary,
    size_block,
)
from effschool.method.fioko import compute_procedure_shares, list_looked_at
from effschool.method.methodology import FIOKO_LIST, Methodology

CHANCE_COLUMNS = ["year", "school_id", "list", "is_member", "chance_pct", "fewest", "most", "chance_sentence"]


def estimate_chances(recount: Recount) -> pd.DataFrame:
    """Probability that an ordinary school of the same size would be on each list: a row per school and list.

    Returns:
        Columns year, school_id, list, is_member, chance_pct (0…100), fewest and most participants behind the school's
        values in the years of the window, chance_sentence.
    """
    frames = [
        frame
        for domain in recount.methodology.domains
        if (cells := lay_cells(recount, domain))
        for frame in draw_ordinary(cells, recount)
    ]
    frames += draw_ordinary_procedures(recount)
    rows = pd.concat(frames or [pd.DataFrame(columns=CHANCE_COLUMNS)], ignore_index=True)
    social = {status.status for status in recount.methodology.lists.social}
    said = [say_chance(row, row.list in social) for row in rows.itertuples()]
    rows = rows.assign(year=recount.year, chance_sentence=pd.Series(said, index=rows.index, dtype="str"))
    return rows[CHANCE_COLUMNS].sort_values(["list", "school_id"], ignore_index=True)


def draw_ordinary(cells: Cells, recount: Recount) -> Iterator[pd.DataFrame]:
    """Rows of the lists of one domain."""
    methodology, ties = recount.methodology, estimate_ties(cells, recount.settings.draws)
    cells = cells.keep_window()
    observed = observe(cells, methodology)
    reference = take_reference(cells, observed, methodology)
    sampler, method = plan_ordinary(cells, ties), take_own_method(methodology, cells.domain)

    def _count(generator: np.random.Generator, size: int) -> dict[str, Values]:
        values = partial(draw_year, sampler, generator, size)
        redrawn = recompute(cells, values, narrow(method), methodology, reference)
        members = hold_statuses(cells, redrawn, methodology, method, reference)
        return {name: flags.sum(axis=1) for name, flags in members.items()}

    counts = recount.run(_count, size_block(cells), CHANCE_KEY, list(methodology.domains).index(cells.domain))
    own = hold_statuses(cells, observed, methodology, method)
    for name in name_lists(methodology, cells.domain):
        percent = 100 * np.sum([block[name] for block in counts], axis=0) / recount.number
        yield describe_list(cells, name, own[name][:, 0], percent)


CHANCE_KEY, FIOKO_KEY = 1, 9
"""Keys of the seeds, so that different computations draw different pupils."""


def draw_year(sampler: Sampler, generator: np.random.Generator, size: int, place: int) -> Values:
    """Values of one year, in the order in which `recompute` takes places."""
    return sampler.draw(generator, place, size)


def describe_list(cells: Cells, name: str, is_member: Values, chance_pct: Values) -> pd.DataFrame:
    """Rows of one list: the schools that take part in the report's year."""
    taken = cells.group[-1] >= 0
    people = np.where(cells.participants > 0, cells.participants, np.nan).reshape(-1, len(cells.ids))
    known = ~np.isnan(people).all(axis=0)
    people = np.where(known, people, 0)
    frame = pd.DataFrame({"school_id": cells.ids, "list": name, "is_member": is_member, "chance_pct": chance_pct})
    return frame.assign(fewest=np.nanmin(people, axis=0), most=np.nanmax(people, axis=0))[taken & known]


def take_reference(cells: Cells, observed: Redrawn, methodology: Methodology) -> Reference:
    """Ends of the scale and cuts of the bands as the region has them."""
    groups = int(cells.group.max()) + 1
    ends = np.zeros((len(cells.years), groups, len(cells.indicators), 2))
    cuts = np.tile([-np.inf, np.inf], (len(cells.years), groups, 1))
    for place in range(len(cells.years)):
        for group in cells.list_groups(place):
            number, members = group.number, group.members
            values = cells.raw[place][:, members]
            ends[place, number, :, 0] = np.where(np.isnan(values), np.inf, values).min(axis=1)
            ends[place, number, :, 1] = np.where(np.isnan(values), -np.inf, values).max(axis=1)
            cuts[place, number] = find_ends(observed.index[place, members, 0], observed.bands[place, members, 0])
    return Reference(np.where(np.isinf(ends), 0, ends), cuts, find_mean_cuts(cells, observed, methodology))


def find_ends(index: Values, bands: Values) -> Values:
    """The highest index of the low band and the lowest of the high one; infinite where a band is empty."""
    low, high = index[bands == BAND_CODES["low"]], index[bands == BAND_CODES["high"]]
    return np.array([low.max(initial=-np.inf), high.min(initial=np.inf)])


def find_mean_cuts(cells: Cells, observed: Redrawn, methodology: Methodology) -> Values:
    """Cuts of the window's mean index by group."""
    places = list(cells.window)[-methodology.lists.window.length :]
    bands, index = observed.bands[places], observed.index[places]
    found, mean = band_drawn_means(cells, bands, index, methodology, None)[:, 0], index.mean(axis=0)[:, 0]
    own = [(cells.group[-1] == group) & (found > 0) for group in range(int(cells.group.max()) + 1)]
    return np.array([find_ends(mean[members], found[members]) for members in own])


def draw_ordinary_procedures(recount: Recount) -> list[pd.DataFrame]:
    """Rows of ФИОКО's list; none where the methodology has no such rule or the year no procedure of it."""
    fioko = recount.methodology.fioko
    cells = lay_fioko(recount)
    if fioko is None or cells is None:
        return []
    sampler = plan_ordinary(cells, estimate_ties(cells, recount.settings.draws))

    def _count(generator: np.random.Generator, size: int) -> Values:
        return np.asarray(flag_procedures(cells, fioko, partial(draw_year, sampler, generator, size)).sum(axis=1))

    counts = recount.run(_count, size_block(cells), CHANCE_KEY, FIOKO_KEY)
    own = flag_procedures(cells, fioko, partial(take_observed, cells))[:, 0]
    return [describe_list(cells, FIOKO_LIST, own, 100 * np.sum(counts, axis=0) / recount.number)]


def lay_fioko(recount: Recount) -> Cells | None:
    """Procedures of ФИОКО's rule, or nothing where there are none."""
    fioko = recount.methodology.fioko
    if fioko is None or recount.methodology.certainty is None:
        return None
    schools = list_looked_at(recount.identified.schools, recount.year, fioko)
    shares = compute_procedure_shares(recount.tables, schools, fioko)
    return lay_procedures(shares, fioko, recount.year)


def take_observed(cells: Cells, place: int) -> Values:
    """The observed values of a year as a single draw."""
    return np.nan_to_num(cells.raw[place])[:, :, None]


def say_chance(row: object, is_social: bool = False) -> str:
    """«При таком числе участников (от 8 до 12) школа с обычным для региона результатом попала бы в этот список …»."""
    fewest, most = int(row.fewest), int(row.most)  # type: ignore[attr-defined]
    number = f"от {format_number(fewest)} до {format_number(most)}" if fewest != most else format_number(fewest)
    people, school = SOCIAL_WORDS if is_social else RESULT_WORDS
    return (
        f"При таком числе {people} ({number}) {school} попала бы в этот список "
        f"с вероятностью {say_share(row.chance_pct)}."  # type: ignore[attr-defined]
    )


RESULT_WORDS = ("участников", "школа с обычным для региона результатом")
SOCIAL_WORDS = ("обучающихся", "школа с обычными для региона условиями")


def say_part(percent: float) -> str:
    """«в 71 %», «менее чем в 1 %», «более чем в 99 %»."""
    return f"{_say_side(percent, ' чем ')}в {format_percent(_count_whole(percent), 0)}"


def say_cases(percent: float) -> str:
    """«в 71 случае из 100», «менее чем в 1 случае из 100», «более чем в 99 случаях из 100»."""
    word = choose_word(_count_whole(percent), "случае", "случаях", "случаях")
    return f"{count_cases(percent)} {word} из 100"


def count_cases(percent: float) -> str:
    """«в 71», «менее чем в 1», «более чем в 99»: where the cases were named before."""
    return f"{_say_side(percent, ' чем ')}в {_count_whole(percent)}"


def say_share(percent: float) -> str:
    """«71 %», «менее 1 %», «более 99 %»."""
    return f"{_say_side(percent, ' ')}{format_percent(min(max(percent, 1), 99), 0)}"


def _say_side(percent: float, link: str) -> str:
    """«менее», «более» at the ends, where draws cannot tell what is rare from never."""
    return f"менее{link}" if percent < 1 else f"более{link}" if percent > 99 else ""


def _count_whole(percent: float) -> int:
    """Whole cases of 100, rounded down: what is kept in fewer than half of the cases is never «в 50 случаях»."""
    return min(max(int(percent + ROUNDING), 1), 99)


ROUNDING = 1e-9
"""So much below a whole number is the rest of a division."""
