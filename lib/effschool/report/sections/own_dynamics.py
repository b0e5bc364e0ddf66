"""Dynamics of one municipality for its report: only its own schools are named or counted apart, the region in sums."""

from dataclasses import replace

import pandas as pd

from effschool.dynamics.follow import Dynamics
from effschool.dynamics.pupil_cohorts import FALL, JUMP, OTHER_PUPILS
from effschool.method.variance import require_rules
from effschool.report import dynamics_charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import join, percent, say, words
from effschool.report.portfolio import Portfolio, flag_members, keep_latest
from effschool.report.privacy import blur_index, blur_share, suppress_small
from effschool.report.sections.cohorts import (
    COHORT_FORMATS,
    describe_cohorts,
    describe_levels,
    list_points,
    say_levels,
    say_unusual_rule,
    select_levels,
)
from effschool.report.sections.municipality import number_schools, say_missing, signed


def select_own(portfolio: Portfolio) -> Dynamics:
    """Tables of the municipality's schools, closed ones with them; rows are chosen, no value changes."""
    dynamics = portfolio.workspace.dynamics
    latest = keep_latest(dynamics.paths[dynamics.paths["year"] <= portfolio.year])
    own = latest.loc[latest["municipality"] == portfolio.municipality, "school_id"]
    tables = ("paths", "spells", "level_change", "pupil_cohorts", "memberships")
    chosen = {name: getattr(dynamics, name) for name in tables}
    return replace(dynamics, **{name: table[table["school_id"].isin(own)] for name, table in chosen.items()})


def describe_moves(portfolio: Portfolio) -> Text:
    """Which schools came to lists that need help, or left them, within the year."""
    past, now = portfolio.year_before, portfolio.register.set_index("school_id")
    before = past.register.set_index("school_id")
    if not (portfolio.has_lists and past.has_lists):
        return Text(("Сравнить списки с прошлым годом нельзя: за один из двух лет их нет.",), kind="note")
    names, told = number_schools(now), []
    results = portfolio.workspace.methodology.list_watched("results")
    both = now.index.intersection(before.index)
    for name in portfolio.watched:
        of_results = results if name in results else []
        is_on, was_on = flag_members(now.loc[both], name), flag_members(before.loc[both], name)
        is_judged = flag_judged(portfolio, name).loc[both]
        left = was_on & ~is_on
        moves = (
            ("попали в список", is_on & ~was_on),
            (LEFT, left & is_judged),
            (UNKNOWN, left & ~is_judged),
        )
        for verb, chosen in moves:
            if chosen.any():
                others = now["results_status"].where(now["results_status"].isin(of_results) & (verb == LEFT))
                listed = _list_some([_say_where(names[code], others[code]) for code in both[chosen]])
                told.append(
                    say(
                        "{name}, {verb}: {listed}.",
                        name=words(name[:1].upper() + name[1:]),
                        verb=words(verb),
                        listed=words(listed),
                    )
                )
    return Text(tuple(told) or ("За год в списки, требующие помощи, никто не попал, и никто из них не вышел.",))


MOST_NAMED = 20


def _list_some(names: list[str]) -> str:
    rest = len(names) - MOST_NAMED
    left_out = [f"ещё {rest} — в книге, лист «История»"] if rest > 0 else []
    return ", ".join([*names[:MOST_NAMED], *left_out])


def _say_where(school: str, other: object) -> str:
    """The school, and for one that left a list of results the other one that it is on now."""
    return f"{school} (теперь {other})" if pd.notna(other) else school


LEFT = "вышли из списка"
UNKNOWN = "были в списке год назад, а теперь для вывода не хватило данных"


def flag_judged(portfolio: Portfolio, name: str) -> pd.Series:
    """Whether a list can be judged, by code: a school with no index for it has not left the list."""
    method = portfolio.workspace.methodology
    domains = [domain for domain in method.domains if name in method.list_watched(domain)]
    own = portfolio.register
    known = ~portfolio.flag_lacking(own, domains[0]) if domains else own["fioko_shnor"].notna()
    return known.set_axis(own["school_id"])


def chart_changes(portfolio: Portfolio) -> Chart | Text:
    """Level by change of the schools, where there are enough of them for a picture."""
    if len(portfolio.schools) < FEWEST_POINTS:
        return Text(("Школ меньше десяти: уровень и изменение каждой видны в таблице школ.",), kind="note")
    return chart_own_level_change(portfolio)


FEWEST_POINTS = 10


def chart_own_level_change(portfolio: Portfolio) -> Chart | Text:
    """Level by change of the municipality's schools, by their numbers."""
    rules = require_rules(portfolio.workspace.methodology).level_change
    rows = select_levels(select_own(portfolio), portfolio.year)
    own = rows.merge(portfolio.schools[["school_id", "name", "number"]], on="school_id", validate="one_to_one")
    own = own.sort_values("number", ignore_index=True)
    points = list_points(own)
    points = points.assign(**blur_index(points[["level", "change"]]))
    if points.empty:
        return say_missing("Уровень и изменение результатов школ")
    title = f"Уровень и изменение результатов школ, {portfolio.year} год"
    formats = {"Уровень, отклонение": signed, "Изменение": signed}
    described = describe_levels(own, rules)
    described = described.assign(**blur_index(described[list(formats)]))
    frame = pd.DataFrame({"Школа": number_schools(own)}).join(described)
    table = Table("Уровень и изменение", title, frame, formats)
    region = select_levels(portfolio.workspace.dynamics, portfolio.year).dropna(subset="tone")
    others = region["school_id"].isin(portfolio.others["school_id"]).sum()
    weakest = blur_share(suppress_small(pd.Series([100 * region["tone"].eq(1).mean()]), pd.Series([others]))).iloc[0]
    beside = say(
        "По региону «{name}» — {worst} таких школ.",
        name=words(rules.tone_names[0]),
        worst=percent(None if pd.isna(weakest) else weakest),
    )
    sentence = join([say_levels(own, rules), beside])
    return Chart("level-change", title, sentence, dynamics_charts.draw_level_grid(points, rules), table)


def tabulate_pupil_cohorts(portfolio: Portfolio) -> Table | Text:
    """Cohorts of the municipality that are out of line in the report's year, or changed in number."""
    rows = select_own(portfolio).pupil_cohorts
    rows = rows[(rows["to_year"] == portfolio.year) & rows["finding"].isin([JUMP, FALL, OTHER_PUPILS])]
    rows = rows.assign(**blur_index(rows[["gain", "gain_error", "expected", "from_standard"]]))
    named = rows.merge(portfolio.schools[["school_id", "name", "number"]], on="school_id").sort_values("number")
    if named.empty:
        return Text(("Когорт, которые выбиваются из ряда или сильно изменились в числе, в муниципалитете нет.",))
    frame = pd.DataFrame({"Школа": number_schools(named)}).join(describe_cohorts(named)).reset_index(drop=True)
    title = f"Когорты учеников, которые выбиваются из ряда или изменились в числе, {portfolio.year} год"
    note = say_unusual_rule(portfolio.workspace.methodology)
    return Table("Когорты учеников", title, frame, COHORT_FORMATS, note, folds=True)
