"""A sheet per report year, group and index: mean indices of the window, their order and bands."""

from collections.abc import Hashable, Sequence
from functools import partial

from effschool.audit import formulas
from effschool.audit.grid import SCALED, TEXT, WHOLE, FormulaSheet
from effschool.audit.groups import add_order, add_school_names, write_band, write_rank
from effschool.audit.parameters import DOMAIN_WORDS
from effschool.audit.plan import AuditPlan, Scope


def plan_means(plan: AuditPlan, scope: Scope) -> FormulaSheet:
    """A row per school of the group in the report year: indices of its window and their mean."""
    schools, rules = plan.list_schools(scope.year, scope.group), plan.methodology.domains[scope.domain]
    name = plan.names.take(f"Среднее {scope.year} {scope.group} {DOMAIN_WORDS[scope.domain]}")
    title = f"{rules.title}: среднее за окно {scope.year} года, группа «{scope.group}»"
    grid = FormulaSheet(name, title, list(schools))
    years, length = plan.list_window(scope.year, scope.domain), plan.methodology.lists.window.length
    backs = list(range(length - 1, -1, -1)) if plan.is_sliding(scope.year) else []
    used: list[Hashable] = [("slot", back) for back in backs] or [*years]
    add_school_names(grid, schools)
    grid.open_block("Итог")
    heading = "Средний индекс, если есть все годы окна"
    grid.add_formula("ranked", heading, SCALED, lambda id_: formulas.mean_of_all([grid.cell(key, id_) for key in used]))
    grid.add_formula("rank", "Место (1 — наименьшее среднее)", WHOLE, partial(write_rank, grid, "tie"))
    grid.add_formula("band", "Группа по среднему индексу", TEXT, partial(write_band, grid, plan, scope))
    grid.mark("band", rules)
    grid.open_block("Индекс ранжируемой школы")
    for year in years:
        grid.add_formula(year, f"{year} год", SCALED, partial(plan.link, year, scope.domain, "ranked"))
    add_slots(grid, years, backs)
    add_order(grid, scope.domain, rules)
    return grid


def add_slots(grid: FormulaSheet, years: list[int], backs: list[int]) -> None:
    """The last indices of a school, the latest last."""
    grid.open_block("Последние годы с данными")
    for back in backs:
        heading = f"{back + 1}-й с конца" if back else "последний"
        grid.add_formula(("slot", back), heading, SCALED, partial(write_slot, grid, years, back))


def write_slot(grid: FormulaSheet, years: Sequence[Hashable], back: int, id_: str) -> str:
    """The cell that is so many places before the last one with data."""
    return formulas.take_last(grid.span(years, id_), len(years), back)
