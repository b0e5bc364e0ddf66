"""Dynamics of one municipality for its report: only its own schools are named or counted apart, the region in sums."""

from dataclasses import replace

import pandas as pd

from effschool.base.russian import format_percent
from effschool.dynamics.follow import Dynamics
from effschool.dynamics.leaving import LEFT, STILL, estimate_leaving
from effschool.dynamics.pupil_cohorts import FALL, JUMP, OTHER_PUPILS, average_gains
from effschool.dynamics.variance import require_rules
from effschool.method.methodology import Domain
from effschool.report import dynamics_charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import join, percent, say, words
from effschool.report.portfolio import Portfolio, keep_latest
from effschool.report.sections.cohorts import (
    COHORT_FORMATS,
    describe_cohorts,
    describe_levels,
    list_points,
    make_gains,
    say_levels,
    say_unusual_rule,
    select_levels,
)
from effschool.report.sections.dynamics import LEAVING_NOTE, select_spells
from effschool.report.sections.dynamics import chart_flows as chart_region_flows
from effschool.report.sections.municipality import number_schools, say_missing, signed


def select_own(portfolio: Portfolio) -> Dynamics:
    """Tables of the municipality's schools, closed ones with them; rows are chosen, no value changes."""
    dynamics = portfolio.workspace.dynamics
    latest = keep_latest(dynamics.paths[dynamics.paths["year"] <= portfolio.year])
    own = latest.loc[latest["municipality"] == portfolio.municipality, "school_id"]
    tables = ("paths", "spells", "level_change", "pupil_cohorts", "memberships")
    chosen = {name: getattr(dynamics, name) for name in tables}
    return replace(dynamics, **{name: table[table["school_id"].isin(own)] for name, table in chosen.items()})


def chart_flows(portfolio: Portfolio, domain: Domain) -> Chart | Text:
    """Flows of the municipality's schools between the bands up to the report's year."""
    return chart_region_flows(select_own(portfolio), portfolio.workspace.methodology, domain, portfolio.year)


def tabulate_leaving(portfolio: Portfolio) -> Table | Text:
    """How many of the municipality's schools left the lists, beside the region's share that stays."""
    methodology = portfolio.workspace.methodology
    own = select_spells(select_own(portfolio), methodology, portfolio.year)
    if own.empty:
        return say_missing("Сколько лет школы остаются в списке")
    region = estimate_leaving(select_spells(portfolio.workspace.dynamics, methodology, portfolio.year))
    after = region[region["is_truncated"] & (region["years"] == 1)].set_index("list")["still_pct"]
    rows = own.groupby("list").agg(
        spells=("ending", "size"),
        left=("ending", lambda endings: (endings == LEFT).sum()),
        still=("ending", lambda endings: (endings == STILL).sum()),
        truncated=("is_truncated", "sum"),
    )
    rows.insert(3, "other", rows["spells"] - rows["left"] - rows["still"])
    shares = [format_percent(after.get(name)) for name in rows.index]
    heads = ["Список", "Были в списке, раз", "Вышли", "Ещё в списке", "Перешли или выбыли", "Начало неизвестно"]
    frame = rows.reset_index().set_axis(heads, axis=1).assign(**{"Регион: через год ещё не вышли": shares})
    return Table("Сколько лет", "Выход школ из списков", frame, note=LEAVING_NOTE)


def chart_level_change(portfolio: Portfolio) -> Chart | Text:
    """Level by change of the municipality's schools, by their numbers."""
    rules = require_rules(portfolio.workspace.methodology).level_change
    rows = select_levels(select_own(portfolio), portfolio.year)
    own = rows.merge(portfolio.schools[["school_id", "name", "number"]], on="school_id", validate="one_to_one")
    own = own.sort_values("number", ignore_index=True)
    points = list_points(own)
    if points.empty:
        return say_missing("Уровень и изменение результатов школ")
    title = f"Уровень и изменение результатов школ, {portfolio.year} год"
    frame = pd.DataFrame({"Школа": number_schools(own)}).join(describe_levels(own, rules))
    table = Table("Уровень и изменение", title, frame, {"Уровень, отклонение": signed, "Изменение": signed})
    region = select_levels(portfolio.workspace.dynamics, portfolio.year)["tone"].dropna()
    beside = say(
        "По региону «{name}» — {worst} школ, получивших тон.",
        name=words(rules.tone_names[0]),
        worst=percent(100 * (region == 1).mean() if len(region) else None),
    )
    sentence = join([say_levels(own, rules), beside])
    return Chart("level-change", title, sentence, dynamics_charts.draw_level_grid(points, rules), table)


def chart_pupil_cohorts(portfolio: Portfolio) -> Chart | Text:
    """Which grade loses in which school: mean gains of cohorts up to the report's year."""
    rows = select_own(portfolio).pupil_cohorts
    names = portfolio.schools.assign(place=number_schools(portfolio.schools))
    named = rows[rows["to_year"] <= portfolio.year].merge(names[["school_id", "place"]], on="school_id")
    return make_gains(average_gains(named, "place"), list(names["place"]), "Школа")


def tabulate_pupil_cohorts(portfolio: Portfolio) -> Table | Text:
    """Cohorts of the municipality that are out of line in the report's year, or changed in number."""
    rows = select_own(portfolio).pupil_cohorts
    rows = rows[(rows["to_year"] == portfolio.year) & rows["finding"].isin([JUMP, FALL, OTHER_PUPILS])]
    named = rows.merge(portfolio.schools[["school_id", "name", "number"]], on="school_id").sort_values("number")
    if named.empty:
        return Text(("Когорт, которые выбиваются из ряда или сильно изменились в числе, в муниципалитете нет.",))
    frame = pd.DataFrame({"Школа": number_schools(named)}).join(describe_cohorts(named)).reset_index(drop=True)
    title = f"Когорты учеников, которые выбиваются из ряда или изменились в числе, {portfolio.year} год"
    return Table("Когорты учеников", title, frame, COHORT_FORMATS, say_unusual_rule(portfolio.workspace.methodology))
