"""Contract tables and a methodology → the audit workbook."""

from pathlib import Path

from openpyxl import Workbook

from effschool.audit.borders import plan_borders, plan_region_means
from effschool.audit.features import AuditError, require_known_features
from effschool.audit.front import write_legend, write_parameters
from effschool.audit.grid import FormulaSheet, SheetNames, add_styles, write_grid
from effschool.audit.groups import plan_scope
from effschool.audit.lists import collect_left_out, plan_fioko, plan_lists
from effschool.audit.means import plan_means
from effschool.audit.plan import AuditPlan, Scope
from effschool.audit.sources import collect_raw
from effschool.base.storage import save_workbook
from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.methodology import Domain, Methodology
from effschool.method.windows import list_covered_years

LEGEND, PARAMETERS = "Как читать", "Параметры"


def write_audit(tables: Tables, identified: Identified, methodology: Methodology, path: Path) -> None:
    """Write the workbook: legend, parameters, lists by year, ФИОКО, borders, regional means, a sheet per scope.

    Args:
        tables: contract tables, as `identify.identify_schools` took them.
        identified: what it gave; only the groups of schools and the years with bands are taken from it.
        methodology: the same methodology; formulas are made from it.

    Raises:
        AuditError: the methodology has a rule that the workbook has no formulas for; the rule is named.
    """
    require_known_features(methodology)
    require_distinct_bands(methodology)
    plan = make_plan(tables, identified, methodology)
    book = Workbook()
    book.properties.title = f"Книга для проверки: {methodology.title}"
    book.calculation.fullCalcOnLoad = True
    add_styles(book)
    legend, parameters = book.worksheets[0], book.create_sheet(PARAMETERS)
    legend.title = LEGEND
    grids = list_grids(plan)
    write_legend(legend, methodology, grids)
    write_parameters(book, parameters, methodology)
    for grid in grids:
        write_grid(book.create_sheet(grid.name), grid)
    save_workbook(book, path)


def make_plan(tables: Tables, identified: Identified, methodology: Methodology) -> AuditPlan:
    """Where everything stands; schools by municipality and code."""
    register = identified.schools.dropna(subset="group").sort_values(["year", "municipality", "school_id"])
    raw = collect_raw(tables, register, methodology)
    plan = AuditPlan(methodology, identified, raw, register, SheetNames(LEGEND, PARAMETERS))
    covered = [year for year in list_covered_years(identified.indices, methodology) if year in plan.years]
    plan.region = plan_region_means(plan)
    for scope in list_scopes(plan):
        grid = plan_scope(plan, scope)
        if grid:
            plan.scopes[scope] = grid
    for year in covered:
        for domain in methodology.domains:
            plan.scopes.update({scope: plan_means(plan, scope) for scope in list_mean_scopes(plan, year, domain)})
    plan.borders = plan_borders(plan)
    if methodology.fioko:
        plan.left_out = collect_left_out(tables, identified.schools, methodology.fioko)
        plan.fioko = plan_fioko(plan, methodology.fioko)
    plan.lists = {year: plan_lists(plan, year) for year in covered}
    return plan


def list_scopes(plan: AuditPlan) -> list[Scope]:
    """Every year, group and index, the latest year first."""
    pairs = plan.register[["year", "group"]].drop_duplicates().sort_values(["year", "group"], ascending=[False, True])
    return [
        Scope(int(row.year), row.group, domain) for row in pairs.itertuples() for domain in plan.methodology.domains
    ]


def list_mean_scopes(plan: AuditPlan, year: int, domain: Domain) -> list[Scope]:
    """Every group of a report year whose schools are compared by the mean index of the window."""
    asked = any(condition.mean for condition in plan.methodology.list_conditions(domain))
    if not (asked and plan.covers(domain, year)):
        return []
    groups = sorted({school["group"] for school in plan.list_schools(year).values()})
    return [Scope(year, group, domain, is_mean=True) for group in groups]


def list_grids(plan: AuditPlan) -> list[FormulaSheet]:
    """Sheets in their order: lists first, then what they are made from."""
    singles = [grid for grid in (plan.fioko, plan.borders, plan.region) if grid is not None and grid.ids]
    return [*reversed(plan.lists.values()), *singles, *plan.scopes.values()]


def require_distinct_bands(methodology: Methodology) -> None:
    """Refuse bands of one index that a spreadsheet could not tell apart.

    Raises:
        AuditError: two bands have the same title, regardless of case.
    """
    for _, rules in methodology.iterate_domains():
        titles = [title.casefold() for title in rules.band_titles.values()]
        if len(set(titles)) < len(titles):
            raise AuditError(
                f"Книга для проверки не составлена: в индексе «{rules.title}» группы названы одинаково "
                f"({', '.join(rules.band_titles.values())}). Назовите их в методике по-разному."
            )
