"""Stability of membership (устойчивость списка): in how many re-computations a school stays, and what decides it.

Chance: other pupils of the same schools, the method as it is. Choice of method: the same pupils, the method drawn among
choices that are as good. Which of them decides is said by shares of variance, of first and of total order (Sobol').
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import sobol_indices

from effschool.certainty.chance import FIOKO_KEY, draw_year, estimate_chances, lay_fioko, say_cases, take_observed
from effschool.certainty.resampling import (
    NORMALISATIONS,
    Flags,
    Method,
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
    plan_repeats,
    run_blocks,
    size_block,
)
from effschool.method.methodology import FIOKO_LIST, GapIndicator, Methodology, Verdicts

STABILITY_COLUMNS = [
    "year",
    "school_id",
    "list",
    "is_member",
    "stays_chance_pct",
    "stays_method_pct",
    "driver",
    "verdict",
    "stability_sentence",
]
DRIVER_COLUMNS = ["list", "factor", "first_pct", "total_pct"]
CHANCE = "chance"
FACTORS = {
    CHANCE: "случайный состав учеников",
    "weights": "веса показателей",
    "normalisation": "шкала, к которой приводятся показатели",
    "geometric": "формула, по которой показатели сводятся в один индекс",
    "trimmed": "учёт самых крайних значений",
    "filled": "замена недостающих показателей",
    "without_block": "учёт ВПР",
    "literal": "прочтение правила об отставании от региона",
    "rule": "прочтение правила о трёх годах",
}
"""What is drawn, in words; all but the first are choices of method."""
REPEAT_KEY, METHOD_KEY = 2, 3
MEMBER, STABLE, BORDERLINE, METHODICAL = "в списке", "устойчиво", "погранично", "зависит от метода"


@dataclass(frozen=True)
class Stability:
    """`rows`: a row per school and list, columns `STABILITY_COLUMNS`, shares in per cent of re-computations.

    `drivers`: a row per list and factor: share of the variance of membership that the factor alone accounts for
    (first order) and with everything it takes part in (total order), in per cent, over all schools of the list.
    """

    rows: pd.DataFrame
    drivers: pd.DataFrame


def measure_stability(recount: Recount) -> Stability:
    """Stability of every list of the year."""
    parts = [
        part
        for place, domain in enumerate(recount.methodology.domains)
        if (cells := lay_cells(recount, domain))
        for part in measure_domain(cells, recount, place)
    ]
    parts += measure_fioko(recount)
    rows = pd.concat([rows for rows, _ in parts] or [pd.DataFrame(columns=STABILITY_COLUMNS)], ignore_index=True)
    drivers = pd.concat([found for _, found in parts] or [pd.DataFrame(columns=DRIVER_COLUMNS)], ignore_index=True)
    if len(rows):
        rows = rows.assign(year=recount.year).pipe(add_verdicts, recount.settings.verdicts)
    return Stability(rows[STABILITY_COLUMNS].sort_values(["list", "school_id"], ignore_index=True), drivers)


def assess_lists(recount: Recount) -> Stability:
    """Chance and stability of every list of the year: a row per school and list, the columns of both.

    A methodology without the section `certainty`, or a year without lists, gives no rows.
    """
    stability = measure_stability(recount)
    key = ["year", "school_id", "list"]
    chances = estimate_chances(recount).drop(columns="is_member").astype({"year": "int64", "school_id": "str"})
    rows = stability.rows.astype({"year": "int64", "school_id": "str"}).merge(chances, how="left", on=key)
    return Stability(rows, stability.drivers)


Part = tuple[pd.DataFrame, pd.DataFrame]
"""Rows and drivers of one list."""


def measure_domain(cells: Cells, recount: Recount, place: int) -> list[Part]:
    """Lists of one domain."""
    methodology = recount.methodology
    ties = estimate_ties(cells, recount.settings.draws)
    cells = cells.keep_window()
    sampler = plan_repeats(cells, recount.settings.draws, ties)
    own = take_own_method(methodology, cells.domain)
    observed = hold_statuses(cells, observe(cells, methodology), methodology, own)

    def _repeat(generator: np.random.Generator, size: int) -> dict[str, Values]:
        redrawn = recompute(cells, partial(draw_year, sampler, generator, size), narrow(own), methodology)
        members = hold_statuses(cells, redrawn, methodology, own)
        return {name: flags.sum(axis=1) for name, flags in members.items()}

    repeats = recount.run(_repeat, size_block(cells), REPEAT_KEY, place)
    designed = evaluate_design(sampler, recount, place)
    parts = []
    for name in name_lists(methodology, cells.domain):
        chance = 100 * np.sum([block[name] for block in repeats], axis=0) / recount.number
        parts.append(describe_stability(cells, name, (observed[name][:, 0], chance), designed[name]))
    return parts


# Choices of method


@dataclass(frozen=True)
class Evaluated:
    """Membership [school, point] at the points of the design, and [factor, school, point] where one factor is changed.

    `method`: membership with the observed values at the same choices of method.
    """

    factors: tuple[str, ...]
    first: Flags
    second: Flags
    mixed: Flags
    method: Flags


def evaluate_design(sampler: Sampler, recount: Recount, place: int) -> dict[str, Evaluated]:
    """Saltelli's design: two independent points, and the first with each factor of the second in turn."""
    cells, methodology = sampler.cells, recount.methodology
    samplers = list_samplers(cells, recount)
    factors = (CHANCE, *samplers)
    copies = len(factors) + 4

    def _work(generator: np.random.Generator, size: int) -> dict[str, Evaluated]:
        one, two = ({name: draw(generator, size) for name, draw in samplers.items()} for _ in range(2))
        mixed = {name: mix_columns(name, factors, one[name], two[name]) for name in samplers}
        source = mix_columns(CHANCE, factors, np.arange(size), np.arange(size) + size)
        source[-2 * size :] = 2 * size
        method = build_method(mixed, cells, recount)

        def _values(place: int) -> Values:
            observed = take_observed(cells, place).astype(np.float32)
            return np.concatenate([sampler.draw(generator, place, 2 * size), observed], axis=2).take(source, axis=2)

        redrawn = recompute(cells, _values, method, methodology)
        members = hold_statuses(cells, redrawn, methodology, method)
        return {name: split_columns(factors, flags, size) for name, flags in members.items()}

    base = recount.settings.draws.method_base
    numbers = (base, max(size_block(cells, copies), 1))
    blocks = run_blocks(_work, numbers, (recount.settings.draws.seed, METHOD_KEY, place), recount.workers)
    return {name: join_blocks([block[name] for block in blocks]) for name in blocks[0]}


def mix_columns(name: str, factors: tuple[str, ...], one: Values, two: Values) -> Values:
    """A factor's choices at all points: first, second, first with each factor of the second in turn, both again."""
    return np.concatenate([one, two, *(two if factor == name else one for factor in factors), one, two], axis=-1)


def split_columns(factors: tuple[str, ...], members: Flags, size: int) -> Evaluated:
    """Columns of `mix_columns` apart."""
    first, second, *mixed, one, two = np.split(members, members.shape[1] // size, axis=1)
    return Evaluated(factors, first, second, np.stack(mixed), np.concatenate([one, two], axis=1))


def join_blocks(blocks: list[Evaluated]) -> Evaluated:
    """Blocks of points side by side."""
    parts = {
        part: np.concatenate([getattr(block, part) for block in blocks], axis=-1)
        for part in ("first", "second", "mixed", "method")
    }
    return Evaluated(blocks[0].factors, **parts)


Redraw = Callable[[np.random.Generator, int], Values]


def list_samplers(cells: Cells, recount: Recount) -> dict[str, Redraw]:
    """Choices of method that exist for a domain, each with how it is drawn: [point], or [indicator, point]."""
    choices, number = recount.settings.choices, len(cells.indicators)
    kinds = np.array([NORMALISATIONS.index(kind) for kind in choices.normalisation])
    ways = np.array([kind == "geometric" for kind in choices.aggregation])
    low, high = 1 - choices.weight_range, 1 + choices.weight_range
    has_gaps = any(isinstance(item, GapIndicator) for item in cells.indicators)
    has_block = any(item.block == choices.without_block for item in cells.indicators)
    readings = list_readings(recount) if cells.domain == "social" else ()
    possible: dict[str, tuple[bool, Redraw]] = {
        "weights": (choices.weight_range > 0, lambda generator, size: generator.uniform(low, high, (number, size))),
        "normalisation": (len(kinds) > 1, lambda generator, size: generator.choice(kinds, size)),
        "geometric": (len(ways) > 1, lambda generator, size: generator.choice(ways, size)),
        "trimmed": (choices.trim_share > 0, _toss),
        "filled": (choices.fill_missing, _toss),
        "without_block": (has_block, _toss),
        "literal": (choices.both_readings and has_gaps, _toss),
        "rule": (bool(readings), lambda generator, size: generator.integers(0, len(readings) + 1, size)),
    }
    return {name: draw for name, (exists, draw) in possible.items() if exists}


def _toss(generator: np.random.Generator, size: int) -> Values:
    return generator.random(size) < 0.5


def list_readings(recount: Recount) -> tuple[str, ...]:
    """Window rules of social conditions other than the one in force that are readings of the same text."""
    method, known = recount.methodology, recount.methodology.lists.window_rules
    return tuple(name for name in recount.settings.choices.social_rules if name in known and name != method.social_rule)


def build_method(mixed: Mapping[str, Values], cells: Cells, recount: Recount) -> Method:
    """The method of every column; what is no choice stays as the file has it."""
    own, choices = narrow(take_own_method(recount.methodology, cells.domain)), recount.settings.choices
    kept = np.array([item.block != choices.without_block for item in cells.indicators])[:, None]
    weights = (
        own.weights * mixed.get("weights", np.float32(1)) * (kept | ~mixed.get("without_block", np.array([False])))
    )
    return Method(
        weights.astype(np.float32),
        mixed.get("normalisation", own.normalisation),
        mixed.get("geometric", own.geometric),
        mixed.get("trimmed", own.trimmed),
        mixed.get("filled", own.filled),
        mixed.get("literal", own.literal),
        mixed.get("rule", own.rule),
        choices.trim_share,
        list_readings(recount),
    )


# ФИОКО's list


def measure_fioko(recount: Recount) -> list[Part]:
    """ФИОКО's list: other pupils, and the rule with and without the block that is a choice of method."""
    fioko, cells = recount.methodology.fioko, lay_fioko(recount)
    if fioko is None or cells is None:
        return []
    sampler = plan_repeats(cells, recount.settings.draws, estimate_ties(cells, recount.settings.draws))
    without = find_block_procedures(recount.methodology, recount.settings.choices.without_block)
    variants = [None, without] if without.any() and not without.all() else [None]

    def _repeat(generator: np.random.Generator, size: int) -> Values:
        return np.asarray(flag_procedures(cells, fioko, partial(draw_year, sampler, generator, size)).sum(axis=1))

    repeats = recount.run(_repeat, size_block(cells), REPEAT_KEY, FIOKO_KEY)
    observed = [flag_procedures(cells, fioko, partial(take_observed, cells), variant)[:, 0] for variant in variants]
    frame = _start_rows(cells, FIOKO_LIST, observed[0], 100 * np.sum(repeats, axis=0) / recount.number)
    decides = "without_block" if len(variants) > 1 else ""
    frame = frame.assign(stays_method_pct=100 * np.mean(observed, axis=0), driver=decides)
    return [(frame, pd.DataFrame(columns=DRIVER_COLUMNS))]


def find_block_procedures(methodology: Methodology, block: str) -> Flags:
    """Which of ФИОКО's procedures belong to a block of indicators: those counted over the same procedures."""
    names = {name for item in methodology.indicators.values() if item.block == block for name in item.rows.procedure}
    procedures = methodology.fioko.procedures if methodology.fioko else ()
    return np.array([bool(item.rows.procedure) and set(item.rows.procedure) <= names for item in procedures])


# Rows


def describe_stability(cells: Cells, name: str, counted: tuple[Values, Values], found: Evaluated) -> Part:
    """Rows of one list, and what decides about it."""
    first, total = attribute_variance(found)
    frame = _start_rows(cells, name, *counted).assign(stays_method_pct=100 * found.method.mean(axis=1))
    method = [place for place, factor in enumerate(found.factors) if factor != CHANCE]
    decisive = np.nan_to_num(total, nan=-1)[:, method].argmax(axis=1)
    names = np.array(found.factors)[method]
    frame = frame.assign(driver=np.where(np.isnan(total).all(axis=1), "", names[decisive]))
    variance = np.concatenate([found.first, found.second], axis=1).var(axis=1)
    weight = np.where(counted[0] & (variance > 0), variance, 0)[:, None]
    shares = [100 * np.nan_to_num(part * weight).sum(axis=0) / max(weight.sum(), 1e-12) for part in (first, total)]
    drivers = pd.DataFrame({"list": name, "factor": found.factors, "first_pct": shares[0], "total_pct": shares[1]})
    return frame[cells.group[-1] >= 0], drivers.assign(first_pct=drivers["first_pct"].clip(0, 100))


def _start_rows(cells: Cells, name: str, is_member: Values, chance: Values) -> pd.DataFrame:
    return pd.DataFrame({"school_id": cells.ids, "list": name, "is_member": is_member, "stays_chance_pct": chance})


def attribute_variance(found: Evaluated) -> tuple[Values, Values]:
    """Indices of first and total order [school, factor]; NaN where membership never changes."""
    first, second = found.first.astype(float), found.second.astype(float)
    varied = np.flatnonzero(np.concatenate([first, second], axis=1).var(axis=1) > 0)
    indices = np.full((2, len(first), len(found.factors)), np.nan)
    if len(varied):
        functions = {"f_A": first[varied], "f_B": second[varied], "f_AB": found.mixed[:, varied].astype(float)}
        made = sobol_indices(func=functions, n=first.shape[1])
        indices[0, varied], indices[1, varied] = made.first_order, made.total_order
    return indices[0], indices[1]


def add_verdicts(rows: pd.DataFrame, cuts: Verdicts) -> pd.DataFrame:
    """Add `verdict` (missing for a school that is not on the list) and `stability_sentence`."""
    verdict = np.select(
        [rows["stays_method_pct"] < cuts.method_pct, rows["stays_chance_pct"] >= cuts.stable_pct],
        [METHODICAL, STABLE],
        BORDERLINE,
    )
    rows = rows.assign(verdict=pd.Series(verdict, index=rows.index, dtype="str").where(rows["is_member"].astype(bool)))
    return rows.assign(stability_sentence=[say_stability(row) for row in rows.itertuples()])


def say_stability(row: object) -> str:
    """The row in words: for a member whether it would stay, for another school whether it would be put on the list."""
    chance, method = say_cases(row.stays_chance_pct), say_cases(row.stays_method_pct)  # type: ignore[attr-defined]
    if not row.is_member:  # type: ignore[attr-defined]
        return f"С другими такими же учениками попала бы в список {chance}, при другом способе расчёта — {method}."
    decides = row.driver and row.verdict == METHODICAL  # type: ignore[attr-defined]
    reason = f" Важнее всего здесь {FACTORS[row.driver]}." if decides else ""  # type: ignore[attr-defined]
    return (
        "Если бы в школе учились другие дети из таких же семей и с той же подготовкой, она осталась бы в списке "
        f"{chance}, а при другом допустимом способе расчёта — {method}: {row.verdict}.{reason}"  # type: ignore[attr-defined]
    )
