"""First screen of a municipality's report (главное): where it stands, what to attend to, how sure that is.

Written for an official who has three minutes; sentences and figures come from the data, the region beside them.
"""

from collections.abc import Iterable

import pandas as pd

from effschool.base.russian import NBSP, choose_word, join_words
from effschool.certainty.stability import BORDERLINE, METHODICAL, STABLE
from effschool.report.display import Figures, Table, Text
from effschool.report.facts import Fact, Said, count, join, number, percent, say, words
from effschool.report.portfolio import (
    Portfolio,
    compare_indicators,
    count_lists,
    flag_listed,
    flag_members,
    is_other_municipality,
    list_certainty,
)
from effschool.report.privacy import suppress_small
from effschool.report.school_features import find_score, score_difference
from effschool.report.sections.missing import list_missing
from effschool.report.sections.municipality import (
    NONE,
    OF_SCHOOLS,
    SCHOOLS,
    choose_decisions,
    find_rules,
    link_schools,
    number_schools,
    say_missing,
    say_no_lists,
)
from effschool.report.sections.school import Told

PUPILS = ("ученик", "ученика", "учеников")
INDICATORS = ("показатель", "показателя", "показателей")
MOST_ATTENTION = 5


def describe_municipality(portfolio: Portfolio) -> Text:
    """What is missing, then three sentences: schools that need help, results beside the region, the year's change."""
    results = compare_years(portfolio)
    missing = list_missing(portfolio, names_files=False)
    said = (*missing, _say_standing(portfolio), _say_results(results), _say_changes(portfolio, results))
    return Text(said, kind="note" if missing else "plain")


def _say_standing(portfolio: Portfolio) -> Said:
    own = portfolio.schools
    counted = say(
        "{place}, {year} год: в расчёте {own} из {all} в реестре.",
        place=words(portfolio.municipality[:1].upper() + portfolio.municipality[1:]),
        year=words(portfolio.year),
        own=count(len(own), *SCHOOLS),
        all=number(len(portfolio.register)),
    )
    if not portfolio.has_lists:
        return join([counted, say_no_lists(portfolio)])
    region = portfolio.region_schools
    others = pd.Series([is_other_municipality(portfolio, region["school_id"]).sum()])
    watched, everywhere = (int(flag_listed(schools, portfolio.watched).sum()) for schools in (own, region))
    in_region = suppress_small(pd.Series([_divide(everywhere, len(region))]), others).iloc[0]
    listed = say(
        "Хотя бы в одном списке, требующем помощи, — {listed} ({share}), по региону {region}.",
        listed=count(watched, *SCHOOLS),
        share=percent(_divide(watched, len(own))),
        region=percent(in_region),
    )
    return join([counted, listed])


def _divide(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def compare_years(portfolio: Portfolio) -> pd.DataFrame:
    """Shares and means of results beside the region and last year: a row per indicator, those of ВПР left out.

    Columns of `compare_indicators`, name and unit, `before` (own, last year), `worse_by` and `moved_worse`: differences
    from the region and from last year in standard errors, positive where for the worse.
    """
    rules = find_rules(portfolio, "results")
    now = compare_indicators(portfolio, "results", ("share", "mean")).dropna(subset="own") if rules else pd.DataFrame()
    now = now[~now["indicator"].isin(list_without(portfolio))].reset_index(drop=True) if len(now) else now
    if not rules or now.empty:
        return pd.DataFrame(columns=["indicator", "own", "region", "before", "worse_by", "moved_worse"])
    past = compare_indicators(portfolio.year_before, "results", ("share", "mean"))
    past = past.set_index("indicator")[["own", "own_participants"]].reindex(now["indicator"]).reset_index(drop=True)
    people = now["own_participants"]
    known = portfolio.workspace.methodology.indicators
    sign = now["indicator"].map(
        lambda name: 1 if (known[name].direction == "inverse") == (rules.better == "high") else -1
    )
    pooled = (now["own"] * people + past["own"] * past["own_participants"]) / (people + past["own_participants"])
    beside = score_difference(now["own"], now["region"], now["region"], 1 / people)
    moved = score_difference(now["own"], past["own"], pooled, 1 / people + 1 / past["own_participants"])
    return now.assign(
        name=now["indicator"].map(lambda name: known[name].short),
        unit=now["indicator"].map(lambda name: known[name].unit),
        before=past["own"],
        worse_by=sign * beside,
        moved_worse=sign * moved,
    )


def list_without(portfolio: Portfolio) -> list[str]:
    """Indicators of ВПР, which is not for judging municipalities (METHODOLOGY.md section 2.2)."""
    settings = portfolio.workspace.methodology.certainty
    known = portfolio.workspace.methodology.indicators
    return [name for name, item in known.items() if settings and item.block == settings.choices.without_block]


def _say_results(results: pd.DataFrame) -> Said:
    """How many indicators are worse than the region's, and the one that differs most."""
    if results.empty:
        return say("Показателей результатов за этот год нет.")
    compared = results[results["region"].notna()]
    if compared.empty:
        return say("С регионом не сравнивается: школ в других муниципалитетах слишком мало.")
    worse, total = compared[compared["worse_by"] > 0], number(len(compared))
    if worse.empty:
        return say("По экзаменам и аттестатам ни один показатель из {all} не хуже, чем по региону.", all=total)
    row = worse.loc[worse["worse_by"].idxmax()]
    return say(
        "По экзаменам и аттестатам хуже, чем по региону, {worse} из {all}; сильнее всего: {name}{dash} {own} против "
        "{region}.",
        worse=count(len(worse), *INDICATORS),
        all=total,
        name=words(row["name"]),
        dash=words(f"{NBSP}—"),
        own=_show(row["own"], row["unit"]),
        region=_show(row["region"], row["unit"]),
    )


def _show(value: float, unit: str) -> Fact:
    """A value with its unit: «12,6 %», «3,4»."""
    return percent(value) if unit == "%" else number(value, 1)


def _say_changes(portfolio: Portfolio, results: pd.DataFrame) -> Said:
    """How many indicators changed within the year by more than chance makes of it."""
    known = results.dropna(subset="moved_worse")
    if known.empty:
        return say("Сравнить с прошлым годом нельзя: показателей за него нет.")
    score = find_score(portfolio.workspace.methodology)
    better, worse = (int((sign * known["moved_worse"] > score).sum()) for sign in (-1, 1))
    if not better + worse:
        return say("За год ни один показатель результатов не изменился больше, чем бывает случайно.")
    parts = [
        say("{up} {better}", up=words(choose_word(moved, *forms)), better=count(moved, *INDICATORS))
        for forms, moved in ((BETTER, better), (WORSE, worse))
        if moved
    ]
    return join([say("За год больше, чем бывает случайно, изменились результаты: "), join(parts, ", "), "."], "")


BETTER, WORSE = (tuple(f"{how} {verb}" for verb in ("стал", "стали", "стали")) for how in ("лучше", "хуже"))


def show_key_figures(portfolio: Portfolio) -> Figures:
    """Lists that need help and the two indicators that differ most, with last year and the region beside them."""
    return Figures((*_show_lists(portfolio), *_show_extremes(compare_years(portfolio))))


def _show_lists(portfolio: Portfolio) -> Iterable[tuple[str, str, str]]:
    """A figure per list that needs help, three at most; the number of schools where there are no lists."""
    if not portfolio.has_lists:
        total = say("{all} в реестре", all=number(len(portfolio.register)))
        yield "Школ в расчёте", say("{own}", own=number(len(portfolio.schools))), total
        return
    past = portfolio.year_before
    before = count_lists(past).set_index("list")["own"] if past.has_lists else pd.Series(dtype="int64")
    counts = count_lists(portfolio).set_index("list")
    for name in portfolio.watched:
        row = counts.loc[name]
        template = "{share} школ; " + ("год назад {before}; " if name in before else "") + "по региону {region}"
        comparison = say(
            template,
            share=percent(_divide(row["own"], row["own_schools"])),
            before=number(before.get(name)),
            region=percent(_divide(row["region"], row["region_schools"])),
        )
        yield name[:1].upper() + name[1:], say("{own}", own=number(row["own"])), comparison


def _show_extremes(results: pd.DataFrame) -> Iterable[tuple[str, str, str]]:
    """The indicator that is worst beside the region, where one is worse."""
    worse = results[results["worse_by"] > 0] if len(results) else results
    if worse.empty:
        return
    row = worse.loc[worse["worse_by"].idxmax()]
    template = ("год назад {before}; " if pd.notna(row["before"]) else "") + "по региону {region}"
    comparison = say(template, before=_show(row["before"], row["unit"]), region=_show(row["region"], row["unit"]))
    yield say("{name}", name=words(row["name"])), say("{own}", own=_show(row["own"], row["unit"])), comparison


def list_attention(told: Told) -> Table | Text:
    """Schools to attend to first: why, what next, how sure; five at most."""
    if told.portfolio.schools.empty:
        return say_missing("Что требует внимания")
    for_office = told.comments[(told.comments["reader"] == "ОМСУ") & told.comments["attention"].astype(bool)]
    first = for_office.drop_duplicates("school_id")
    if first.empty:
        return Text(("Школ, которым сейчас нужно особое внимание, по данным года нет.",))
    signs = told.signs.loc[first["school_id"]]
    stays = signs[["results_stays", "fioko_stays"]].astype("float64").max(axis=1).fillna(0)
    ordered = first.assign(stays=stays.to_numpy()).sort_values(["urgency", "stays"], ascending=[True, False])
    chosen = ordered.head(MOST_ATTENTION)
    schools = told.portfolio.schools.set_index("school_id").loc[chosen["school_id"]]
    decisions = choose_decisions(told.portfolio)
    frame = pd.DataFrame(
        {
            "Школа": number_schools(schools).to_list(),
            "Почему": [_say_why(told, decisions, row.school_id, row.because) for row in chosen.itertuples()],
            "Что дальше": chosen["text"].astype("str").to_list(),
            "Надёжность": [_say_sure(told.signs.loc[code]) for code in chosen["school_id"]],
        }
    )
    return Table(
        "Внимание", "Школы, с которых начать", frame, note=_say_rest(len(ordered)), row_links=link_schools(schools)
    )


def _say_why(told: Told, decisions: pd.DataFrame, code: str, because: str) -> Said:
    """Lists that need help and how many pupils they hang on; for a school on none of them the ground of the advice."""
    school = told.portfolio.schools.set_index("school_id").loc[[code]]
    names = [name for name in told.portfolio.watched if flag_members(school, name).iloc[0]]
    if not names:
        return Said(because)
    own = decisions[(decisions["school_id"] == code) & decisions["member"] & decisions["list"].isin(names)]
    hangs = [
        say("{list} — {pupils}", list=words(row.list), pupils=count(int(row.pupils), *PUPILS))
        for row in own[own["worse"].isna()].dropna(subset="pupils").itertuples()
    ]
    if not hangs:
        return say("{lists}", lists=words(join_words(names)))
    return join([say("{lists}; место решили: ", lists=words(join_words(names))), join(hangs, ", ")], "")


def _say_sure(signs: pd.Series) -> Said:
    """Verdict of the list that the school is on, of results, else ФИОКО's, else of conditions, and what it rests on."""
    for flag, name in (("results_listed", "results"), ("fioko", "fioko"), ("social_listed", "social")):
        if bool(signs[flag]) and pd.notna(verdict := signs[f"{name}_verdict"]):
            return say(
                "{verdict}: с другими учениками осталась бы в {cases} из 100",
                verdict=words(verdict),
                cases=count(round(signs[f"{name}_stays"]), "случае", "случаях", "случаях"),
            )
    return say(NONE)


def _say_rest(total: int) -> Said:
    if total <= MOST_ATTENTION:
        return say("Подробности и советы учителю, директору и методисту — на странице каждой школы.")
    return say(
        "Здесь {shown} самых срочных из {all}. Подробности, советы учителю, директору и методисту — на странице школы.",
        shown=number(MOST_ATTENTION),
        all=number(total),
    )


def describe_sureness(portfolio: Portfolio, told: Told) -> Text:
    """How sure the lists of the first screen are, in a few sentences."""
    own = list_certainty(portfolio, portfolio.schools)
    own = own[own["list"].isin(portfolio.watched)]
    if own.empty:
        return Text((_say_few(told),))
    verdicts = own["verdict"].value_counts()
    sure = say(
        "Из {all} в списках, требующих помощи: устойчивых — {firm} (школа осталась бы там и с другими учениками, и по "
        "другим допустимым правилам), у границы — {near}, зависящих от выбранных правил — {method}.",
        all=count(len(own), "места", "мест", "мест"),
        firm=number(int(verdicts.get(STABLE, 0))),
        near=number(int(verdicts.get(BORDERLINE, 0))),
        method=number(int(verdicts.get(METHODICAL, 0))),
    )
    return Text((sure, _say_few(told)))


def _say_few(told: Told) -> Said:
    fewest = number(told.rules.fewest)
    few = int((told.signs["fewest"].astype("float64") < told.rules.fewest).sum())
    if not few:
        return say("За каждым показателем школ не меньше {fewest} участников.", fewest=fewest)
    return say(
        "Меньше {fewest} участников хотя бы за одним показателем — у {few} из {all}: их доли сильно меняются от одного "
        "ученика.",
        fewest=fewest,
        few=number(few),
        all=count(len(told.signs), *OF_SCHOOLS),
    )
