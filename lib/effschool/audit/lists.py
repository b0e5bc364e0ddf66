"""Sheets of lists: ФИОКО's rule over all years, and the statuses of every year whose window the data cover."""

from collections.abc import Hashable
from functools import partial

import pandas as pd

from effschool.audit import formulas
from effschool.audit.formulas import WindowCells, quote
from effschool.audit.grid import SHARE, TEXT, WHOLE, WORSE_FILL, FormulaSheet
from effschool.audit.means import write_slot
from effschool.audit.parameters import TOLERANCE, name_level_parameter, name_rule
from effschool.audit.plan import AuditPlan
from effschool.method.fioko import compute_procedure_shares
from effschool.method.indicators import KEY, Tables
from effschool.method.methodology import Domain, Fioko, FiokoProcedure, Methodology, Status

BLOCKS: dict[Domain, str] = {"results": "Группа по результатам", "social": "Группа по условиям"}
STATUSES: dict[Domain, str] = {"results": "Результаты", "social": "Социальные условия"}


def plan_fioko(plan: AuditPlan, fioko: Fioko) -> FormulaSheet:
    """A row per year and compared school: shares of those who failed, low procedures, ШНОР and its level.

    Years before, in which a compared school was left out, have rows without a flag: the rule looks back at them.
    """
    ids = sorted([(year, id_) for year in plan.years for id_ in plan.list_schools(year)] + [*plan.left_out])
    grid = FormulaSheet(plan.names.take("ФИОКО"), fioko.title, ids, frozen_columns=3)
    grid.open_block("Школа")
    grid.add_value("year", "Год", WHOLE, lambda id_: id_[0], 7)
    grid.add_value("id", "Код ОО", TEXT, lambda id_: id_[1])
    grid.add_value("name", "Наименование", TEXT, partial(find_name, plan), 38)
    grid.open_block("Итог")
    grid.add_formula("low", "Низких процедур", WHOLE, partial(count_low, grid, fioko))
    grid.add_formula("flag", "ШНОР", TEXT, partial(write_flag, plan, grid, fioko))
    grid.add_formula("level", "Уровень", TEXT, partial(write_level, grid, fioko))
    grid.mark_word("flag", "да", WORSE_FILL)
    grid.open_block("Доля не справившихся, %")
    for procedure in fioko.procedures:
        grid.add_formula(("share", procedure.id), procedure.title, SHARE, partial(write_share, plan, procedure))
    return grid


def find_name(plan: AuditPlan, id_: tuple[int, str]) -> str:
    """Name of a school in a year, also of one that was left out in it."""
    year, school_id = id_
    return (plan.left_out.get(id_) or plan.list_schools(year)[school_id])["name"]


def collect_left_out(tables: Tables, schools: pd.DataFrame, fioko: Fioko) -> dict[tuple[int, str], dict[str, str]]:
    """Shares of schools left out in a year that the rule looks back at from a later one, with the school's name."""
    taken = schools.dropna(subset="group")
    keys = [*zip(taken["year"], taken["school_id"], strict=True)]
    later = {(year - back, id_) for year, id_ in keys for back in range(1, fioko.years)}
    out = schools[schools["group"].isna()]
    shares = compute_procedure_shares(tables, out, fioko).merge(out[[*KEY, "name"]], on=KEY)
    found: dict[tuple[int, str], dict[str, str]] = {}
    for row in shares.itertuples():
        if (row.year, row.school_id) in later:
            formula = f"=100*{row.failed}/{row.participants}"
            found.setdefault((row.year, row.school_id), {"name": row.name})[row.procedure] = formula
    return found


def write_share(plan: AuditPlan, procedure: FiokoProcedure, id_: tuple[int, str]) -> str | None:
    """Share of failed participants from the raw counts on the sheet of the school's group."""
    if id_ in plan.left_out:
        return plan.left_out[id_].get(procedure.id)
    see = partial(plan.see, *id_, next(iter(plan.methodology.domains)))
    slots = plan.raw.slots[procedure.rows]
    cells = [(see(("raw", slot, procedure.count)), see(("raw", slot, "participants"))) for slot in slots]
    pairs = [(count, total) for count, total in cells if count and total]
    return formulas.pool_share(pairs) if pairs else None


def count_low(grid: FormulaSheet, fioko: Fioko, id_: tuple[int, str]) -> str:
    """Number of procedures with a low result; empty where the school had none in the year."""
    shares = grid.span([("share", procedure.id) for procedure in fioko.procedures], id_)
    return f'=IF(COUNT({shares})>0,SUMPRODUCT(ISNUMBER({shares})*({shares}>=ФИОКО_доля-{TOLERANCE})),"")'


def write_flag(plan: AuditPlan, grid: FormulaSheet, fioko: Fioko, id_: tuple[int, str]) -> str | None:
    """«да» where enough procedures are low in the year, or some in every year of the rule; empty without procedures."""
    if id_ in plan.left_out:
        return None
    year, school_id = id_
    years = [(before, school_id) for before in range(year - fioko.years + 1, year + 1)]
    each = [f"N({grid.cell('low', one)})>=ФИОКО_процедур_каждый_год" if grid.has(one) else "FALSE" for one in years]
    low = grid.cell("low", id_)
    return f'=IF(ISNUMBER({low}),IF(OR({low}>=ФИОКО_процедур,AND({",".join(each)})),"да","нет"),"")'


def write_level(grid: FormulaSheet, fioko: Fioko, id_: object) -> str | None:
    """The highest level whose number of low procedures is reached; no formula where the methodology sets no level."""
    if not fioko.levels:
        return None
    numbered = sorted(enumerate(fioko.levels, start=1), key=lambda pair: pair[1].min_low_procedures, reverse=True)
    low = grid.cell("low", id_)
    tests = [(f"{low}>={name_level_parameter(number)}", quote(level.name)) for number, level in numbered]
    return f'=IF({grid.cell("flag", id_)}="да",{formulas.first_that_fits(tests)},"")'


def plan_lists(plan: AuditPlan, year: int) -> FormulaSheet:
    """A row per compared school of a report year: statuses, the joint list, ШНОР, and its bands over the window."""
    schools = plan.list_schools(year)
    window = plan.list_window(year, "results")
    title = f"Списки {year} года по окну {', '.join(map(str, window))}"
    grid = FormulaSheet(plan.names.take(f"Списки {year}"), title, list(schools))
    grid.open_block("Школа")
    grid.add_value("id", "Код ОО", TEXT, str)
    grid.add_value("name", "Наименование", TEXT, lambda id_: schools[id_]["name"], 38)
    grid.add_value("municipality", "Муниципалитет", TEXT, lambda id_: schools[id_]["municipality"], 28)
    grid.add_value("group", "Группа школ", TEXT, lambda id_: schools[id_]["group"], 14)
    add_statuses(grid, plan, year)
    for domain in plan.methodology.domains:
        add_window(grid, plan, domain, year)
    return grid


def add_window(grid: FormulaSheet, plan: AuditPlan, domain: Domain, year: int) -> None:
    """What the rules of a domain look at: bands by year, the last ones with data, the mean's band, lags."""
    rules, window = plan.methodology.domains[domain], plan.list_window(year, domain)
    grid.open_block(BLOCKS[domain])
    for each in window:
        grid.add_formula((domain, each), f"{each} год", TEXT, partial(plan.link, each, domain, "band"))
        grid.mark((domain, each), rules)
    grid.open_block(f"{BLOCKS[domain]}: последние годы с данными")
    keys: list[Hashable] = [(domain, each) for each in window]
    for back in range(plan.methodology.lists.window.length - 1, -1, -1) if plan.is_sliding(year) else ():
        write = partial(write_slot, grid, keys, back)
        grid.add_formula((domain, "slot", back), f"{back + 1}-й с конца" if back else "последний", TEXT, write)
    grid.open_block(f"{BLOCKS[domain]}: окно целиком")
    conditions = plan.methodology.list_conditions(domain)
    if any(condition.mean for condition in conditions) and plan.covers(domain, year):
        grid.add_formula(("mean", domain), "По среднему индексу", TEXT, partial(link_mean, plan, year, domain))
    if any(condition.lags for condition in conditions):
        grid.add_formula(("lags", domain), "Показателей отставания", WHOLE, partial(plan.link, year, domain, "lags"))


def link_mean(plan: AuditPlan, year: int, domain: Domain, school_id: str) -> str | None:
    """The band of the school's mean index."""
    cell = plan.see_mean(year, school_id, domain)
    return f"={cell}" if cell else None


def add_statuses(grid: FormulaSheet, plan: AuditPlan, year: int) -> None:
    """Status by results, by conditions, by both; ФИОКО's flag and level."""
    grid.open_block("Списки")
    for domain, heading in STATUSES.items():
        write = partial(write_status, grid, plan, domain, year) if plan.covers(domain, year) else leave_empty
        grid.add_formula(("status", domain), heading, TEXT, write)
        mark_worse(grid, plan.methodology, domain)
    grid.add_formula("joint", "Оба списка", TEXT, partial(write_joint, grid, plan))
    if plan.fioko is not None:
        grid.add_formula("flag", "ШНОР (ФИОКО)", TEXT, partial(link_fioko, plan.fioko, "flag", year))
        grid.add_formula("level", "Уровень ШНОР", TEXT, partial(link_fioko, plan.fioko, "level", year))


def mark_worse(grid: FormulaSheet, methodology: Methodology, domain: Domain) -> None:
    """Colour the statuses that come from the band that needs help."""
    for status in methodology.lists.list_statuses(domain) if domain in methodology.domains else ():
        if status.band == methodology.domains[domain].worse_band:
            grid.mark_word(("status", domain), status.status, WORSE_FILL)


def leave_empty(school_id: str) -> None:
    """No formula: the data do not cover the window."""


def link_fioko(fioko: FormulaSheet, key: str, year: int, school_id: str) -> str:
    """A cell of ФИОКО's sheet; empty stays empty."""
    return f'={fioko.see(fioko.cell(key, (year, school_id)))}&""'


def write_status(grid: FormulaSheet, plan: AuditPlan, domain: Domain, year: int, id_: str) -> str:
    """The first status whose rule the window satisfies."""
    cells, methodology = find_cells(grid, plan, domain, year, id_), plan.methodology
    statuses = methodology.lists.list_statuses(domain)
    tests = [(write_rule(cells, methodology, domain, status), quote(status.status)) for status in statuses]
    return f"={formulas.first_that_fits(tests)}"


def find_cells(grid: FormulaSheet, plan: AuditPlan, domain: Domain, year: int, id_: str) -> WindowCells:
    """Cells that the window rules of a domain look at."""
    slots = [key for key in grid.columns if isinstance(key, tuple) and key[:2] == (domain, "slot")]
    bands = slots or [(domain, each) for each in plan.list_window(year, domain)]
    mean, lags = (grid.cell((key, domain), id_) if (key, domain) in grid.columns else None for key in ("mean", "lags"))
    return WindowCells([grid.cell(key, id_) for key in bands], plan.see(year, id_, domain, "band"), mean, lags)


def write_rule(cells: WindowCells, methodology: Methodology, domain: Domain, status: Status) -> str:
    """A window rule over what is known of a school."""
    rule = methodology.find_rule(status)
    key = next(name for name, known in methodology.lists.window_rules.items() if known is rule)
    band = quote(methodology.domains[domain].band_titles[status.band]) if status.band else None
    conditions = enumerate(rule.any_of, start=1)
    return formulas.any_of(
        [formulas.satisfy(cells, band, condition, name_rule(key, number)) for number, condition in conditions]
    )


def write_joint(grid: FormulaSheet, plan: AuditPlan, id_: str) -> str:
    """The first joint status that fits both statuses of a school."""
    sides: list[Hashable] = [("status", domain) for domain in STATUSES]
    results, social = (grid.cell(side, id_) for side in sides)
    joints = plan.methodology.lists.joint
    tests = [(formulas.fit_joint(joint, results, social), quote(joint.status)) for joint in joints]
    return f"={formulas.first_that_fits(tests)}"
