"""Two sheets that the groups lean on: the borders of bands, and the regional means."""

from functools import partial

from effschool.audit import formulas
from effschool.audit.formulas import quote
from effschool.audit.grid import PERCENT, SCALED, SHARE, TEXT, WHOLE, FormulaSheet
from effschool.audit.parameters import name_share, name_tolerance
from effschool.audit.plan import AuditPlan, Scope
from effschool.method.methodology import Band, BandRules, GapIndicator

CUT_TITLES = {
    "half_up": "половина округляется вверх",
    "floor": "дробная часть отбрасывается",
    "ceil": "любая дробная часть округляется вверх",
    "spss": "как RANK /NTILES в IBM SPSS",
}
COUNTED: tuple[tuple[Band, str], ...] = (
    ("low", "Школ с наименьшим индексом"),
    ("mid", "Школ в средней группе"),
    ("high", "Школ с наибольшим индексом"),
)


def plan_borders(plan: AuditPlan) -> FormulaSheet:
    """A row per year, group and index: number of ranked schools, size of a band, its borders."""
    name = plan.names.take("Границы групп")
    grid = FormulaSheet(name, "Границы групп: сколько школ и какой индекс", list(plan.scopes), frozen_columns=3)
    grid.open_block("Где")
    grid.add_value("year", "Год", WHOLE, lambda scope: scope.year, 7)
    grid.add_value("group", "Группа школ", TEXT, lambda scope: scope.group, 18)
    grid.add_value("domain", "Индекс", TEXT, partial(title_index, plan), 36)
    grid.open_block("Сколько школ")
    grid.add_formula("number", "Ранжируемых школ", WHOLE, lambda scope: f"=COUNT({see_column(plan, scope, 'ranked')})")
    grid.add_formula("share", "Доля крайней группы", PERCENT, lambda scope: f"={name_share(scope.domain)}")
    heading = "Школ в крайней группе до равных (для SPSS — число частей)"
    grid.add_formula("size", heading, WHOLE, partial(write_size, grid, plan))
    grid.add_value("cut", "Округление", TEXT, lambda scope: CUT_TITLES[find_band_rules(plan, scope).cut], 30)
    grid.open_block("Границы по индексу")
    grid.add_formula("low", "Граница нижней группы", SCALED, partial(write_border, grid, plan, "{size}"))
    grid.add_formula("high", "Граница верхней группы", SCALED, partial(write_border, grid, plan, "{number}-{size}+1"))
    grid.add_formula("met", "Границы встретились: все в средней группе", TEXT, partial(write_meeting, grid, plan))
    grid.open_block("Вышло с учётом равных")
    for band, title in COUNTED:
        grid.add_formula(("count", band), title, WHOLE, partial(count_band, plan, band))
    return grid


def title_index(plan: AuditPlan, scope: Scope) -> str:
    """What the schools of a scope are compared by."""
    title = plan.methodology.domains[scope.domain].title
    return f"{title}: среднее за окно" if scope.is_mean else title


def find_band_rules(plan: AuditPlan, scope: Scope) -> BandRules:
    """How the schools of a scope are cut."""
    return plan.methodology.domains[scope.domain].bands


def write_size(grid: FormulaSheet, plan: AuditPlan, scope: Scope) -> str:
    """Number of schools in one band before ties."""
    share, number = grid.cell("share", scope), grid.cell("number", scope)
    return formulas.write_cut(share, number, name_tolerance(scope.domain), find_band_rules(plan, scope).cut)


def write_border(grid: FormulaSheet, plan: AuditPlan, place: str, scope: Scope) -> str | None:
    """The index that stands at a place of the ascending order; SPSS's rule needs none."""
    if find_band_rules(plan, scope).cut == "spss":
        return None
    size, number = grid.cell("size", scope), grid.cell("number", scope)
    nth = f"INDEX({see_column(plan, scope, 'sorted')},{place.format(size=size, number=number)})"
    return f'=IF({size}>0,{nth},"")'


def write_meeting(grid: FormulaSheet, plan: AuditPlan, scope: Scope) -> str | None:
    """«да» where there is no school in a band or the borders meet or cross."""
    if find_band_rules(plan, scope).cut == "spss":
        return None
    low, high, size = (grid.cell(key, scope) for key in ("low", "high", "size"))
    return f'=IF({size}=0,"да",IF({low}>={high}-{name_tolerance(scope.domain)},"да","нет"))'


def count_band(plan: AuditPlan, band: Band, scope: Scope) -> str:
    """Number of schools of the scope in a band."""
    title = quote(plan.methodology.domains[scope.domain].band_titles[band])
    return f"=SUMPRODUCT(--({see_column(plan, scope, 'band')}={title}))"


def see_column(plan: AuditPlan, scope: Scope, key: str) -> str:
    """A column of the scope's sheet."""
    return plan.scopes[scope].see(plan.scopes[scope].column(key))


def plan_region_means(plan: AuditPlan) -> FormulaSheet:
    """A row per year and gap indicator: the regional mean, weighted by participants over all groups."""
    gaps = {item.id: item.short for item in plan.methodology.indicators.values() if isinstance(item, GapIndicator)}
    title = "Средние по региону, взвешенные по числу участников, по всем группам школ"
    grid = FormulaSheet(
        plan.names.take("Средние по региону"), title, [(year, name) for year in plan.years for name in gaps]
    )
    grid.open_block("Где")
    grid.add_value("year", "Год", WHOLE, lambda id_: id_[0], 7)
    grid.add_value("indicator", "Показатель", TEXT, lambda id_: gaps[id_[1]], 52)
    grid.open_block("Расчёт")
    grid.add_formula(
        "points", "Сумма: среднее школы × участники", SHARE, partial(sum_year, plan, "SUMPRODUCT({0},{1})")
    )
    grid.add_formula("total", "Участников", WHOLE, partial(sum_year, plan, "SUM({1})"))
    grid.add_formula("mean", "Среднее по региону", SHARE, partial(write_regional_mean, grid))
    return grid


def sum_year(plan: AuditPlan, term: str, id_: tuple[int, str]) -> str:
    """Sum of a term over the sheets of the year; {0} are the means of the schools, {1} their participants."""
    year, name = id_
    grids = [grid for scope, grid in plan.scopes.items() if scope.year == year and ("score", name) in grid.columns]
    terms = [term.format(*(grid.see(grid.column((key, name))) for key in ("score", "total"))) for grid in grids]
    return "=" + ("+".join(terms) or "0")


def write_regional_mean(grid: FormulaSheet, id_: tuple[int, str]) -> str:
    """Points over participants; empty without participants."""
    points, total = grid.cell("points", id_), grid.cell("total", id_)
    return f'=IF({total}>0,{points}/{total},"")'
