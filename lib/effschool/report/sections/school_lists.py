"""Why a school is on a list, how sure that is, what would have changed it, and how the school itself changed."""

from typing import Any

import pandas as pd

from effschool.base.russian import format_percent, join_words, name_spans
from effschool.certainty.chance import count_cases, say_cases
from effschool.certainty.stability import FACTORS, METHODICAL
from effschool.dynamics.level_change import HIDDEN
from effschool.method.methodology import FIOKO_LIST, Domain, DomainRules
from effschool.method.variance import require_rules
from effschool.report.facts import Said, join, say, tabulate_said, words
from effschool.report.portfolio import Portfolio, flag_members, list_certainty, list_histories
from effschool.report.queries import name_step
from effschool.report.sections.cohorts import is_change_sure, select_levels
from effschool.report.sections.method import say_fioko
from effschool.report.sections.municipality import choose_decisions, explain_lists, signed


def describe_lists(portfolio: Portfolio) -> pd.DataFrame:
    """What is said of every school and list that needs help: a row per both: school_id, list, text."""
    told = pd.concat([_explain_places(portfolio), _recall_years(portfolio), _say_reach(portfolio)])
    told["list"] = pd.Categorical(told["list"], portfolio.watched)
    told = told.sort_values(["school_id", "list"], kind="stable")
    by_place = told.groupby(["school_id", "list"], sort=False, observed=True)["text"]
    joined = {place: join(texts) for place, texts in by_place}
    codes, names = ([place[part] for place in joined] for part in (0, 1))
    return tabulate_said({"school_id": codes, "list": names, "text": joined.values()})


def _explain_places(portfolio: Portfolio) -> pd.DataFrame:
    """Why every school is on its lists and how sure that is."""
    sure = list_certainty(portfolio, portfolio.schools)
    steps = {(row.school_id, row.list): say_sure(row) for row in sure.itertuples()}
    places = [
        (school, name)
        for name in portfolio.watched
        for school in portfolio.schools.loc[flag_members(portfolio.schools, name), "school_id"]
    ]
    told = [join([explain_place(portfolio, *place), steps.get(place, "")]) for place in places]
    return tabulate_said(
        {"school_id": [code for code, _ in places], "list": [name for _, name in places], "text": told}
    )


def explain_place(portfolio: Portfolio, school: str, name: str) -> Said:
    """«ШНРО — школы с низкими результатами обучения: индекс … в нижней четверти своей группы в 2023 году»."""
    method = portfolio.workspace.methodology
    reason = ""
    if name == FIOKO_LIST and method.fioko:
        reason = say_fioko(method.fioko) + find_procedures(portfolio, school)
    for domain, rules in method.iterate_domains():
        for status in method.lists.list_statuses(domain):
            if status.status == name and not reason:
                years = _list_years(portfolio, school, domain, status.band)
                rule = method.find_rule(status)
                reason = say_band(rules, status.band, years) if years else f"по правилу «{rule.title}»"
    return say("{list}: {reason}.", list=words(explain_lists(method, [name])), reason=words(reason))


def _list_years(portfolio: Portfolio, school: str, domain: Domain, band: str | None) -> list[int]:
    """Years of the window in which a school was in a band."""
    paths, window = portfolio.workspace.dynamics.paths, portfolio.workspace.methodology.lists.window
    own = paths[(paths["school_id"] == school) & paths["year"].isin(window.list_years(portfolio.year))]
    return sorted(int(year) for year in own.loc[own[f"{domain}_band"] == band, "year"])


def say_band(rules: DomainRules, band: str | None, years: list[int]) -> str:
    """«индекс … в нижней четверти своей группы в 2022 и 2023 годах»; of conditions, the heaviest."""
    heaviest = rules.better == "low" and band == rules.worse_band
    side = "самой тяжёлой" if heaviest else "нижней" if band == "low" else "верхней"
    part = "четверти" if rules.bands.share == QUARTER else f"части ({format_percent(100 * rules.bands.share, 0)})"
    title = rules.title[:1].lower() + rules.title[1:]
    when = f"{join_words(name_spans(years))} {'году' if len(years) == 1 else 'годах'}"
    return f"{title} в {side} {part} своей группы в {when}"


QUARTER = 0.25


def find_procedures(portfolio: Portfolio, school: str) -> str:
    """Which procedures put a school on ФИОКО's list, as the decisions have them; nothing where that is not known."""
    known = portfolio.workspace.decisions
    own = known[(known["year"] == portfolio.year) & (known["list"] == FIOKO_LIST) & (known["school_id"] == school)]
    return "".join(f"; здесь: {reason}" for reason in own["reason"].dropna())


def say_sure(row: Any) -> Said:
    """How sure a place is, and what makes it unsure: chance, another rule that is as good, or both."""
    return say(
        METHOD if row.verdict == METHODICAL else CHANCE_ALONE,
        step=words(name_step(row.verdict, row.stays_chance_pct)),
        cases=words(say_cases(row.stays_chance_pct)),
        method=words(count_cases(row.stays_method_pct)),
        factor=words(f"; больше всего значит {FACTORS[row.driver]}" if row.driver else ""),
    )


CHANCE_ALONE = "Надёжность: {step} — с другими детьми осталась бы {cases}."
METHOD = CHANCE_ALONE.removesuffix(".") + ", при другом правиле — {method}{factor}."


def _recall_years(portfolio: Portfolio) -> pd.DataFrame:
    """In which earlier years a school was on a list."""
    history = list_histories(portfolio).merge(portfolio.schools[["school_id", "number"]], on="number")
    earlier = history.assign(years=[[year for year in years if year < portfolio.year] for years in history["years"]])
    earlier = earlier[earlier["list"].isin(portfolio.watched) & (earlier["years"].map(len) > 0)]
    now = history.loc[[portfolio.year in years for years in history["years"]], ["school_id", "list"]]
    named = set(now.itertuples(index=False, name=None))
    told = [
        say(
            "Прежде: {years}." if (row.school_id, row.list) in named else "В списке «{list}» прежде: {years}.",
            list=words(row.list),
            years=words(", ".join(name_spans(row.years))),
        )
        for row in earlier.itertuples()
    ]
    return tabulate_said({"school_id": earlier["school_id"], "list": earlier["list"], "text": told})


def _say_reach(portfolio: Portfolio) -> pd.DataFrame:
    """What would have kept a school off its list, where it is within reach and singles out no pupil."""
    decisions = choose_decisions(portfolio)
    of_social = decisions["list"].isin(portfolio.workspace.methodology.list_watched("social"))
    chosen = decisions[decisions["within_reach"].astype(bool) & decisions["member"] & ~of_social]
    told = [
        row.sentence.replace(f"Школа не вошла бы в список «{row.list}» {portfolio.year} года, ", "Не вошла бы, ")
        for row in chosen.itertuples()
    ]
    return tabulate_said({"school_id": chosen["school_id"], "list": chosen["list"], "text": told})


def describe_own_change(portfolio: Portfolio) -> pd.DataFrame:
    """How every school's results moved against the region within the year: a row per school: school_id, text."""
    rules = require_rules(portfolio.workspace.methodology).level_change
    rows = select_levels(portfolio.workspace.dynamics, portfolio.year)
    own = rows[rows["school_id"].isin(portfolio.schools["school_id"])].dropna(subset=["change", "change_error"])
    own = own[own["visibility"] != HIDDEN]
    told = [
        say(OWN_CHANGE, how=words(rules.change.names[int(row.change_class)]), change=words(signed(row.change)))
        if sure
        else say(NO_CHANGE)
        for row, sure in zip(own.itertuples(), is_change_sure(own), strict=True)
    ]
    return tabulate_said({"school_id": own["school_id"], "text": told})


OWN_CHANGE = (
    "За год уровень результатов школы против региона {how} ({change} разброса школ): больше, чем бывает случайно."
)
NO_CHANGE = "За год результаты школы против региона не изменились больше, чем бывает случайно."
