"""A sheet per year, group and index: raw counts, indicators, normalised values, index, rank and band of a school."""

from collections.abc import Hashable, Mapping
from functools import partial
from typing import Any

from effschool.audit import formulas
from effschool.audit.formulas import quote
from effschool.audit.grid import BORDER, PERCENT, RAW, SCALED, SHARE, SOURCE, TEXT, WHOLE, Edges, FormulaSheet
from effschool.audit.parameters import (
    DOMAIN_WORDS,
    LAG_VALUE,
    TOLERANCE,
    is_weighted,
    name_coverage,
    name_fewest,
    name_threshold,
    name_tolerance,
    name_weight,
)
from effschool.audit.plan import AuditPlan, Scope
from effschool.audit.sources import MEAN, Slot, list_slot_columns, say_source
from effschool.base.schemas import MARKS
from effschool.method.indices import GEOMETRIC_HIGH, GEOMETRIC_LOW
from effschool.method.methodology import Domain, DomainRules, GapIndicator, Indicator, ShareIndicator

HEADINGS = {
    "participants": "Участников",
    **{f"mark_{mark}": f"Отметка «{mark}»" for mark in range(2, 6)},
    "below_min": "Ниже порога",
    "score_80_plus": "80 и выше",
    "mean_score": "Средний балл в файле",
    "graduates": "Выпускников",
    "without_certificate": "Без аттестата",
    "pupils": "Всего обучающихся",
    "deviant": "Девиантное поведение",
    "school_register": "Внутришкольный учёт",
    "police_register": "Учёт ОВД и КДН",
    "non_native_russian": "Русский не родной",
    "special_needs": "ОВЗ и дети-инвалиды",
    "parents_unemployed": "Родители безработные",
    "parents_no_higher_edu": "Родители без высшего образования",
    "single_parent": "Неполная семья",
    "socially_dangerous": "Социально опасное положение",
    "free_lunch": "Бесплатное питание",
    "guardianship": "Под опекой",
    "count": "Из них",
    "mean": "Среднее в файле",
}
LOW, HIGH, REGION, THRESHOLD, WEIGHT, APPLICABLE = (
    "Наименьшее в группе",
    "Наибольшее в группе",
    "Среднее по региону",
    "Порог отставания",
    "Вес в индексе",
    "Показатель применим: 1",
)


def plan_scope(plan: AuditPlan, scope: Scope) -> FormulaSheet | None:
    """The sheet of one scope; None where no school of it has a raw row."""
    schools = plan.list_schools(scope.year, scope.group)
    needs = list_raw_kinds(plan, scope, list(schools))
    if not needs:
        return None
    rules = plan.methodology.domains[scope.domain]
    title = f"{rules.title}: {scope.year} год, группа «{scope.group}»"
    name = plan.names.take(f"{scope.year} {scope.group} {DOMAIN_WORDS[scope.domain]}")
    grid = FormulaSheet(name, title, list(schools), choose_edges(rules))
    slots = {item.id: [slot for slot in plan.raw.slots[item.rows] if slot in needs] for item in rules.indicators}
    used = [item for item in rules.indicators if slots[item.id]]
    add_school_names(grid, schools)
    add_outcome(grid, plan, scope, used)
    for slot, columns in needs.items():
        add_raw(grid, plan, scope.year, slot, columns)
    grid.open_block("Показатели")
    for item in used:
        add_indicator(grid, plan, scope, item, slots[item.id])
    add_normalised(grid, rules, used)
    add_order(grid, scope.domain, rules)
    return grid


def choose_edges(rules: DomainRules) -> tuple[str, ...]:
    """Titles of the rows above the schools, those that the methodology fills."""
    kinds = {item.kind for item in rules.indicators}
    scaled = (LOW, HIGH) if kinds - {"gap"} else ()
    compared = (REGION, THRESHOLD) if "gap" in kinds else ()
    return (*scaled, *compared, *((WEIGHT,) if is_weighted(rules) else ()), APPLICABLE)


def list_raw_kinds(plan: AuditPlan, scope: Scope, ids: list[str]) -> dict[Slot, tuple[str, ...]]:
    """Kinds of raw rows that at least one school of the scope has, and the columns needed of them."""
    needs = list_slot_columns(plan.raw, plan.methodology, scope.domain)
    rows = plan.raw.rows
    return {slot: columns for slot, columns in needs.items() if rows.get((scope.year, slot), {}).keys() & set(ids)}


def add_school_names(grid: FormulaSheet, schools: dict[str, dict[str, str]]) -> None:
    """Code, name and municipality."""
    grid.open_block("Школа")
    grid.add_value("id", "Код ОО", TEXT, str)
    grid.add_value("name", "Наименование", TEXT, lambda id_: schools[id_]["name"], 38)
    grid.add_value("municipality", "Муниципалитет", TEXT, lambda id_: schools[id_]["municipality"], 28)


def add_outcome(grid: FormulaSheet, plan: AuditPlan, scope: Scope, used: list[Indicator]) -> None:
    """Index, coverage, the index of ranked schools, rank and band, side by side with the name."""
    rules = plan.methodology.domains[scope.domain]
    norms: list[Hashable] = [("norm", item.id) for item in used]
    grid.open_block("Итог")
    grid.add_formula("index", "Индекс", SCALED, partial(write_index, grid, rules, used))
    grid.add_formula("coverage", "Полнота данных", PERCENT, partial(write_coverage, grid, norms))
    grid.add_formula("ranked", "Индекс ранжируемой школы", SCALED, partial(write_ranked, grid, scope.domain))
    grid.add_formula("rank", "Место (1 — наименьший индекс)", WHOLE, partial(write_rank, grid, "tie"))
    grid.add_formula("band", "Группа по индексу", TEXT, partial(write_band, grid, plan, scope))
    grid.mark("band", rules)
    lags: list[Hashable] = [("lag", item.id) for item in used if isinstance(item, GapIndicator)]
    if lags and any(condition.lags for condition in plan.methodology.list_conditions(scope.domain)):
        grid.add_formula("lags", "Показателей отставания", WHOLE, partial(count_lag_flags, grid, lags))


def count_lag_flags(grid: FormulaSheet, lags: list[Hashable], id_: str) -> str:
    """Number of lag flags of a school."""
    return "=" + "+".join(f"N({grid.cell(lag, id_)})" for lag in lags)


def write_index(grid: FormulaSheet, rules: DomainRules, used: list[Indicator], id_: str) -> str:
    """Mean of the normalised values, plain or weighted, arithmetic or geometric."""
    if not used:
        return '=""'
    geometric = rules.aggregation.kind == "geometric"
    values = grid.span([("log" if geometric else "norm", item.id) for item in used], id_)
    mean = formulas.average_cells(values)
    if is_weighted(rules):
        weights = grid.span_edges([("norm", item.id) for item in used], WEIGHT)
        mean = formulas.average_weighted(values, weights)
    return formulas.undo_logarithm(mean, GEOMETRIC_LOW, GEOMETRIC_HIGH) if geometric else mean


def write_coverage(grid: FormulaSheet, norms: list[Hashable], id_: str) -> str:
    """Available indicators / those that at least one school of the group has."""
    if not norms:
        return "=0"
    applicable = f"SUM({grid.span_edges(norms, APPLICABLE)})"
    return f"=IF({applicable}>0,COUNT({grid.span(norms, id_)})/{applicable},0)"


def write_ranked(grid: FormulaSheet, domain: Domain, id_: str) -> str:
    """The index of a school that has enough data; empty for others."""
    index, coverage = grid.cell("index", id_), grid.cell("coverage", id_)
    enough = f"{coverage}>={name_coverage(domain)}-{name_tolerance(domain)}"
    return f'=IF(ISNUMBER({index}),IF({enough},{index},""),"")'


def write_rank(grid: FormulaSheet, key: str, id_: str) -> str:
    """The place that the ordered indices give to a school's index."""
    ranked = grid.cell("ranked", id_)
    return f'=IF(ISNUMBER({ranked}),INDEX({grid.column(key)},MATCH({ranked},{grid.column("sorted")},0)),"")'


def write_band(grid: FormulaSheet, plan: AuditPlan, scope: Scope, id_: str) -> str:
    """Band by the borders of the scope on the sheet of borders."""
    rules, borders = plan.methodology.domains[scope.domain], plan.borders
    titles = {band: quote(title) for band, title in rules.band_titles.items()}
    at = {key: borders.see(borders.fixed(key, scope)) for key in ("number", "size", "low", "high", "met")}
    if rules.bands.cut == "spss":
        return formulas.name_quarter(grid.cell("mean_rank", id_), at["number"], at["size"], titles)
    return formulas.name_band(grid.cell("ranked", id_), at, name_tolerance(scope.domain), titles)


def add_raw(grid: FormulaSheet, plan: AuditPlan, year: int, slot: Slot, columns: tuple[str, ...]) -> None:
    """Counts of one kind of row as they stand in the file, the mean mark made from them, and where they come from."""
    rows = plan.raw.rows[year, slot]
    grid.open_block(slot.title)
    for column in columns:
        read = partial(read_raw, rows, column)
        grid.add_value(("raw", slot, column), HEADINGS.get(column, column), RAW, read)
    if "mean_score" in columns and slot.has_marks:
        grid.add_formula((MEAN, slot), "Средняя отметка", SHARE, partial(write_mean_mark, grid, slot))
    grid.add_value(("source", slot), "Источник", SOURCE, lambda id_: say_source(rows.get(id_)), 24)


def read_raw(rows: Mapping[str, Any], column: str, id_: str) -> object:
    """A number as it stands in the file; None where there is no row."""
    return getattr(rows[id_], column) if id_ in rows else None


def write_mean_mark(grid: FormulaSheet, slot: Slot, id_: str) -> str:
    """The mean mark of the file or the mean of the marks."""
    marks = grid.span([("raw", slot, name) for name in MARKS], id_)
    return formulas.mean_of_marks(grid.cell(("raw", slot, "mean_score"), id_), marks)


def list_pairs(grid: FormulaSheet, item: Indicator, slots: list[Slot], id_: str) -> list[formulas.Pair]:
    """What is counted and of how many, in every raw row of an indicator."""
    if isinstance(item, ShareIndicator):
        return [
            (grid.cell(("raw", slot, item.count), id_), grid.cell(("raw", slot, item.total), id_)) for slot in slots
        ]
    pupils, mean = item.columns
    means = [(MEAN, slot) if slot.has_marks else ("raw", slot, mean) for slot in slots]
    totals = [("raw", slot, pupils) for slot in slots]
    return [(grid.cell(mean, id_), grid.cell(total, id_)) for mean, total in zip(means, totals, strict=True)]


def add_indicator(grid: FormulaSheet, plan: AuditPlan, scope: Scope, item: Indicator, slots: list[Slot]) -> None:
    """Value of an indicator; for a gap also participants, the school's mean and the lag flag."""
    if plan.methodology.domains[scope.domain].few_pupils.policy != "as_is":
        add_sums(grid, plan, scope, item, slots)
    if isinstance(item, GapIndicator):
        add_gap(grid, plan, scope, item, slots)
        return
    value, write = ("value", item.id), partial(write_value, grid, item, slots)
    edges = {LOW: partial(write_edge, grid, value, "MIN"), HIGH: partial(write_edge, grid, value, "MAX")}
    grid.add_formula(value, f"{item.short}, {item.unit}", SHARE, write, edges)


def write_value(grid: FormulaSheet, item: Indicator, slots: list[Slot], id_: str) -> str:
    """Share or mean over the raw rows, or as few pupils make it."""
    if ("treated", item.id) in grid.columns:
        return f"={grid.cell(('treated', item.id), id_)}"
    pool = formulas.pool_share if isinstance(item, ShareIndicator) else formulas.pool_mean
    return pool(list_pairs(grid, item, slots, id_))


def add_gap(grid: FormulaSheet, plan: AuditPlan, scope: Scope, item: GapIndicator, slots: list[Slot]) -> None:
    """Participants, the school's mean, its distance from the region and the lag flag."""
    pairs = partial(list_pairs, grid, item, slots)
    region, score, name = plan.region, ("score", item.id), item.short
    regional: Edges = {REGION: lambda: f"={region.see(region.fixed('mean', (scope.year, item.id)))}"}
    threshold: Edges = {THRESHOLD: lambda: f"={name_threshold(item.id)}"}
    count = formulas.count_participants
    grid.add_formula(
        ("total", item.id), f"{name}: участников", WHOLE, lambda id_: count(grid.cell(score, id_), pairs(id_))
    )
    grid.add_formula(score, f"{name}: среднее школы", SHARE, lambda id_: formulas.pool_mean(pairs(id_)), regional)
    title = f"{name}: школа минус регион, {item.unit}"
    grid.add_formula(("value", item.id), title, SHARE, partial(write_gap, grid, item.id), threshold)
    grid.add_formula(("lag", item.id), f"{name}: отстаёт — 1", WHOLE, partial(write_lag, grid, item.id))


def add_sums(grid: FormulaSheet, plan: AuditPlan, scope: Scope, item: Indicator, slots: list[Slot]) -> None:
    """What is counted and of how many in the year, and the value as few pupils make it."""
    is_share, pairs = isinstance(item, ShareIndicator), partial(list_pairs, grid, item, slots)
    counted = "сосчитано" if is_share else "сумма баллов"
    grid.add_formula(
        ("amount", item.id),
        f"{item.short}: {counted} за год",
        WHOLE if is_share else SHARE,
        lambda id_: f"={formulas.sum_amounts(pairs(id_), is_share=is_share)}",
    )
    grid.add_formula(
        ("whole", item.id), f"{item.short}: участников за год", WHOLE, lambda id_: f"={formulas.sum_known(pairs(id_))}"
    )
    title = f"{item.short}: с учётом малого числа участников"
    grid.add_formula(("treated", item.id), title, SHARE, partial(write_treated, grid, plan, scope, item))


def write_treated(grid: FormulaSheet, plan: AuditPlan, scope: Scope, item: Indicator, id_: str) -> str:
    """The value of the year; of too few pupils pooled with the years before, or empty."""
    few = plan.methodology.domains[scope.domain].few_pupils
    see = partial(plan.see, school_id=id_, domain=scope.domain)
    past = range(scope.year - 1, scope.year - few.years, -1) if few.policy == "pool" else ()
    cells = [(see(year, key=("amount", item.id)), see(year, key=("whole", item.id))) for year in past]
    sums = [(grid.cell(("amount", item.id), id_), grid.cell(("whole", item.id), id_))]
    sums += [(amount, whole) for amount, whole in cells if amount and whole]
    factor = "100*" if isinstance(item, ShareIndicator) else ""
    return formulas.treat_few(sums, name_fewest(scope.domain), factor, is_pooled=few.policy == "pool")


def write_edge(grid: FormulaSheet, key: Hashable, function: str) -> str:
    """Minimum or maximum of a column; empty where no school has a value."""
    return f'=IF(COUNT({grid.column(key)})>0,{function}({grid.column(key)}),"")'


def write_gap(grid: FormulaSheet, name: str, id_: str) -> str:
    """School mean (of few pupils as it is treated) minus regional mean."""
    score = grid.cell(("treated" if ("treated", name) in grid.columns else "score", name), id_)
    return f'=IF(ISNUMBER({score}),{score}-{grid.edge(("score", name), REGION)},"")'


def write_lag(grid: FormulaSheet, name: str, id_: str) -> str:
    """1 where the school is lower than the region by more than the threshold, else 0."""
    gap, threshold = grid.cell(("value", name), id_), grid.edge(("value", name), THRESHOLD)
    return f'=IF(ISNUMBER({gap}),IF({gap}<-{threshold}-{TOLERANCE},1,0),"")'


def add_normalised(grid: FormulaSheet, rules: DomainRules, used: list[Indicator]) -> None:
    """Values as they enter the index, and for a geometric mean their logarithms on the scale 1…100."""
    grid.open_block("Нормированные значения, 0…1")
    for item in used:
        norm = ("norm", item.id)
        edges: Edges = {APPLICABLE: partial(write_applicable, grid, norm)}
        if is_weighted(rules):
            edges = {**edges, WEIGHT: partial("={}".format, name_weight(item.id))}
        grid.add_formula(norm, item.short, SCALED, partial(write_norm, grid, item), edges)
    grid.open_block("Логарифм значения по шкале 1…100")
    for item in used if rules.aggregation.kind == "geometric" else ():
        grid.add_formula(("log", item.id), item.short, SCALED, partial(write_logarithm, grid, ("norm", item.id)))


def write_applicable(grid: FormulaSheet, norm: Hashable) -> str:
    """1 where at least one school of the group has the indicator and it varies."""
    return f"=IF(COUNT({grid.column(norm)})>0,1,0)"


def write_logarithm(grid: FormulaSheet, norm: Hashable, id_: str) -> str:
    """Logarithm of a normalised value on the scale on which a zero does not stop a geometric mean."""
    value = grid.cell(norm, id_)
    return f'=IF(ISNUMBER({value}),LN({GEOMETRIC_LOW:g}+{GEOMETRIC_HIGH - GEOMETRIC_LOW:g}*{value}),"")'


def write_norm(grid: FormulaSheet, item: Indicator, id_: str) -> str:
    """Min–max of a share or mean; the lag flag as the orientation asks."""
    if isinstance(item, GapIndicator):
        lag = grid.cell(("lag", item.id), id_)
        return f'=IF(ISNUMBER({lag}),IF({lag}=1,{LAG_VALUE},1-{LAG_VALUE}),"")'
    key = ("value", item.id)
    low, high = grid.edge(key, LOW), grid.edge(key, HIGH)
    return formulas.scale(grid.cell(key, id_), low, high, TOLERANCE, inverse=item.direction == "inverse")


def add_order(grid: FormulaSheet, domain: Domain, rules: DomainRules) -> None:
    """Indices of ranked schools in ascending order with their places: the k-th of them is a border of a band."""
    place = {id_: number for number, id_ in enumerate(grid.ids, start=1)}
    grid.open_block("Индексы по возрастанию")
    grid.add_value("order", "№", BORDER, lambda id_: place[id_])
    grid.add_formula("sorted", "Индекс по порядку", SCALED, partial(write_sorted, grid))
    grid.add_formula("tie", "Место с учётом равных", WHOLE, partial(write_tie, grid, name_tolerance(domain)))
    if rules.bands.cut == "spss":
        grid.add_formula("mean_tie", "Среднее место равных", SHARE, partial(write_mean_tie, grid))
        grid.add_formula("mean_rank", "Среднее место школы", SHARE, partial(write_rank, grid, "mean_tie"))


def write_sorted(grid: FormulaSheet, id_: str) -> str:
    """The n-th index from below."""
    number, ranked = grid.cell("order", id_), grid.column("ranked")
    return f'=IF({number}<=COUNT({ranked}),SMALL({ranked},{number}),"")'


def write_tie(grid: FormulaSheet, tolerance: str, id_: str) -> str:
    """Place in the order; an index equal to the one before within the tolerance shares its place."""
    own, before = grid.cell("sorted", id_), grid.follows(id_)
    if before is None:
        return f'=IF(ISNUMBER({own}),1,"")'
    previous = grid.cell("sorted", before)
    place = f"IF({own}-{previous}>{tolerance},{grid.cell('order', id_)},{grid.cell('tie', before)})"
    return f'=IF(ISNUMBER({own}),{place},"")'


def write_mean_tie(grid: FormulaSheet, id_: str) -> str:
    """Mean place of equal indices."""
    own = grid.cell("tie", id_)
    return f'=IF(ISNUMBER({own}),{own}+(SUMPRODUCT(--({grid.column("tie")}={own}))-1)/2,"")'
