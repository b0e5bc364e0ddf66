"""Formulas as text (формулы): one function for every rule, English names and commas, as the file format asks.

Text compares greater than any number in a spreadsheet, so every comparison first makes sure of a number.
"""

from collections.abc import Sequence
from typing import NamedTuple

from effschool.method.methodology import JointStatus, WindowCondition

Pair = tuple[str, str]
"""Cells of one raw row: what is counted, and of how many."""


def pool_share(pairs: Sequence[Pair]) -> str:
    """100·count/total over the rows that have both; without participants empty."""
    return pool([(count, total, count) for count, total in pairs], "100*")


def pool_mean(pairs: Sequence[Pair]) -> str:
    """Mean score weighted by participants over the rows that have both; without participants empty."""
    if len(pairs) == 1:
        ((mean, total),) = pairs
        return f'=IF(COUNT({mean},{total})=2,IF({total}>0,{mean},""),"")'
    return pool([(mean, total, f"{mean}*{total}") for mean, total in pairs], "")


def pool(parts: Sequence[tuple[str, str, str]], factor: str) -> str:
    """factor·sum/total over the rows in which both cells hold a number."""
    if len(parts) == 1:
        ((first, total, amount),) = parts
        return f'=IF(COUNT({first},{total})=2,IF({total}>0,{factor}{amount}/{total},""),"")'
    amounts = "+".join(f"IF(COUNT({first},{total})=2,{amount},0)" for first, total, amount in parts)
    total = sum_known([(first, total) for first, total, _ in parts])
    return f'=IF({total}>0,{factor}({amounts})/({total}),"")'


def sum_known(pairs: Sequence[Pair]) -> str:
    """Sum of the totals of the rows that have both numbers."""
    return "+".join(f"IF(COUNT({first},{total})=2,{total},0)" for first, total in pairs)


def mean_of_marks(mean: str, marks: str) -> str:
    """Mean mark of the file, or where it is missing the mean of all four counts of marks («2» to «5»)."""
    made = f"SUMPRODUCT({marks},{{2,3,4,5}})/SUM({marks})"
    return f'=IF(ISNUMBER({mean}),{mean},IF(COUNT({marks})=4,IF(SUM({marks})>0,{made},""),""))'


def scale(value: str, low: str, high: str, tolerance: str, *, inverse: bool) -> str:
    """Min–max to 0…1; empty where the indicator does not vary."""
    above = f"{high}-{value}" if inverse else f"{value}-{low}"
    return f'=IF(ISNUMBER({value}),IF({high}-{low}>{tolerance},({above})/({high}-{low}),""),"")'


def average_cells(values: str) -> str:
    """Plain mean of the cells that hold a number."""
    return f'=IF(COUNT({values})>0,AVERAGE({values}),"")'


def undo_logarithm(mean: str, low: float, high: float) -> str:
    """Exponent of a mean of logarithms, kept inside the scale."""
    bare = mean.removeprefix("=")
    return f'=IF(ISNUMBER({bare}),MIN({high:g},MAX({low:g},EXP({bare}))),"")'


def count_participants(mean: str, pairs: Sequence[Pair]) -> str:
    """Participants behind a mean; empty where there is no mean."""
    return f'=IF(ISNUMBER({mean}),{sum_known(pairs)},"")'


def average_weighted(values: str, weights: str) -> str:
    """Weighted mean of the cells that hold a number."""
    total = f"SUMPRODUCT({weights}*ISNUMBER({values}))"
    return f'=IF({total}>0,SUMPRODUCT({weights},{values})/{total},"")'


def write_cut(share: str, number: str, tolerance: str, cut: str) -> str:
    """Number of schools in one band before ties, as `bands.write_cut`; for `spss` the number of parts."""
    exact = f"{share}*{number}"
    return {
        "half_up": f"=INT({exact}+0.5+{tolerance})",
        "floor": f"=INT({exact}+{tolerance})",
        "ceil": f"=-INT(-({exact}-{tolerance}))",
        "spss": f"=ROUND(1/{share},0)",
    }[cut]


def name_band(index: str, borders: dict[str, str], tolerance: str, titles: dict[str, str]) -> str:
    """Band by the borders, as `bands.assign_bands`; empty for a school that is not ranked."""
    high = f"IF({index}>={borders['high']}-{tolerance},{titles['high']},{titles['mid']})"
    cut = f"IF({index}<={borders['low']}+{tolerance},{titles['low']},{high})"
    return f'=IF(ISNUMBER({index}),IF({borders["met"]}="да",{titles["mid"]},{cut}),"")'


def name_quarter(mean_rank: str, number: str, parts: str, titles: dict[str, str]) -> str:
    """Band as IBM SPSS gives it, as `bands.assign_spss_quarters`."""
    part = f"INT({parts}*{mean_rank}/({number}+1))+1"
    outer = f"IF({part}=1,{titles['low']},IF({part}={parts},{titles['high']},{titles['mid']}))"
    return f'=IF(ISNUMBER({mean_rank}),{outer},"")'


class WindowCells(NamedTuple):
    """Cells of a school that window rules look at.

    Args:
        bands: neighbouring cells of the window's bands, the latest last.
        ranked: band of the report year itself; None where the school was not compared in it.
        mean: band of the window's mean index; None where no rule asks for it.
        lags: number of lag flags in the report year, likewise.
    """

    bands: Sequence[str]
    ranked: str | None
    mean: str | None = None
    lags: str | None = None


def satisfy(cells: WindowCells, band: str | None, condition: WindowCondition, at_least: str) -> str:
    """Condition of a window rule; `band` None: any band; `at_least`: name of the number that the rule asks for.

    The same as `windows.satisfy_condition`.
    """
    if condition.ranked:
        return f'{cells.ranked}<>""' if cells.ranked else "FALSE"
    if condition.mean:
        return f"{cells.mean}={band}" if cells.mean else "FALSE"
    if condition.lags:
        return f"N({cells.lags})>={at_least}" if cells.lags else "FALSE"
    asked = cells.bands[-condition.last :] if condition.last else cells.bands
    test = '<>""' if band is None else f"={band}"
    count = f"SUMPRODUCT(--({asked[0]}:{asked[-1]}{test}))"
    return f"{count}={len(asked)}" if condition.last else f"{count}>={at_least}"


def take_last(span: str, number: int, back: int) -> str:
    """The cell that is `back` places before the last one with data, among so many neighbours; empty without one."""
    places = ",".join(map(str, range(1, number + 1)))
    place = f'SUMPRODUCT(LARGE(({span}<>"")*{{{places}}},{back + 1}))'
    return f'=IF({place}>0,INDEX({span},{place}),"")' if back < number else '=""'


def mean_of_all(cells: Sequence[str]) -> str:
    """Mean of cells that all hold a number, else empty."""
    span = f"{cells[0]}:{cells[-1]}"
    return f'=IF(COUNT({span})={len(cells)},AVERAGE({span}),"")'


def sum_amounts(pairs: Sequence[Pair], *, is_share: bool) -> str:
    """What is counted, or points (mean × participants), over the rows that have both numbers."""
    terms = [(first, total, first if is_share else f"{first}*{total}") for first, total in pairs]
    return "+".join(f"IF(COUNT({first},{total})=2,{amount},0)" for first, total, amount in terms) or "0"


def treat_few(sums: Sequence[Pair], fewest: str, factor: str, *, is_pooled: bool) -> str:
    """factor·amount/total of the year, the first of the sums; with fewer participants over all years, or empty."""
    (amount, whole), totals = sums[0], "+".join(total for _, total in sums)
    pooled = f"{factor}({'+'.join(each for each, _ in sums)})/({totals})" if is_pooled else '""'
    return f'=IF({whole}>0,IF({whole}<{fewest},{pooled},{factor}{amount}/{whole}),"")'


def any_of(tests: Sequence[str]) -> str:
    """At least one of the tests."""
    return tests[0] if len(tests) == 1 else f"OR({','.join(tests)})"


def first_that_fits(tests: Sequence[Pair]) -> str:
    """Word of the first test that is true, else empty; a pair is a test and a quoted word."""
    return "".join(f"IF({test},{word}," for test, word in tests) + '""' + ")" * len(tests)


def fit_joint(joint: JointStatus, results: str, social: str) -> str:
    """Whether both sides of a joint status fit; an empty side does not restrict."""
    sides = [(results, joint.results), (social, joint.social)]
    tests = [any_of([f"{cell}={quote(word)}" for word in words]) for cell, words in sides if words]
    return f"AND({','.join(tests)})" if tests else "TRUE"


def quote(text: str) -> str:
    """Text inside a formula."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
