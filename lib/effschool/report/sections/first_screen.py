"""First screen of a municipality's report (главное): where it stands, what to attend to, how sure that is.

Written for an official who has three minutes; sentences and figures come from the data, the region beside them.
"""

from collections.abc import Iterable, Mapping

import pandas as pd

from effschool.base.russian import NBSP, choose_word
from effschool.report.display import Figures, Table, Text
from effschool.report.facts import Fact, Said, count, join, number, percent, say, words
from effschool.report.portfolio import Portfolio, count_lists, flag_listed, is_other_municipality
from effschool.report.privacy import blur_share, suppress_small
from effschool.report.queries import (
    BETTER,
    CHANCE,
    FIRM,
    UNSURE,
    WORSE,
    find_extremes,
    judge_indicators,
    name_sureness,
    say_sureness,
)
from effschool.report.sections.missing import list_missing, list_own_missing
from effschool.report.sections.municipality import (
    NOTHING_URGENT,
    OF_SCHOOLS,
    SCHOOLS,
    number_schools,
    say_missing,
    say_no_lists,
)
from effschool.report.sections.school import Told
from effschool.report.sections.schools import find_common_steps, list_steps

INDICATORS = ("показатель", "показателя", "показателей")


def describe_municipality(portfolio: Portfolio) -> Text:
    """What is missing, then three sentences: schools that need help, results beside the region, the year's change."""
    results = judge_indicators(portfolio, "results")
    missing = [*list_missing(portfolio, names_files=False), *list_own_missing(portfolio)]
    said = (*missing, _say_standing(portfolio), _say_results(results), _say_changes(results))
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
    in_region = suppress_small(blur_share(pd.Series([_divide(everywhere, len(region))], dtype="float64")), others).iloc[
        0
    ]
    listed = say(
        "Хотя бы в одном списке, требующем помощи, — {listed} ({share}), по региону {region}.",
        listed=count(watched, *SCHOOLS),
        share=percent(_divide(watched, len(own))),
        region=percent(in_region),
    )
    return join([counted, listed])


def _divide(part: float, whole: float) -> float | None:
    return 100 * part / whole if whole else None


def _say_results(results: pd.DataFrame) -> Said:
    """How many indicators of exams differ from the region's by more than chance does, and the most different."""
    fair = results[~results["is_caveated"].astype(bool)]
    compared = fair[fair["verdict"].notna()]
    if fair.empty:
        return say("Показателей результатов за этот год нет.")
    if compared.empty:
        return say("С регионом не сравнивается: школ в других муниципалитетах слишком мало.")
    counts = {verdict: int((compared["verdict"] == verdict).sum()) for verdict in (WORSE, BETTER)}
    total = count(len(compared), "показателя", "показателей", "показателей")
    if not any(counts.values()):
        return say(
            "По экзаменам и аттестатам ни один из {all} не отличается от региона больше, чем бывает случайно.",
            all=total,
        )
    counted = say(
        "По экзаменам и аттестатам больше, чем бывает случайно, от региона {differ} {both} из {all}: хуже — {worse}, "
        "лучше — {better}",
        differ=words(choose_word(sum(counts.values()), "отличается", "отличаются", "отличаются")),
        both=number(sum(counts.values())),
        worse=number(counts[WORSE]),
        better=number(counts[BETTER]),
        all=total,
    )
    worst, best = find_extremes(results)
    named = [_say_extreme(how, row) for how, row in (("хуже всего", worst), ("лучше всего", best)) if row is not None]
    return join([join([counted, *named], "; "), "."], "")


def _say_extreme(how: str, row: pd.Series) -> Said:
    return say(
        "{how}: {name}{dash} {own} против {region}",
        how=words(how),
        name=words(row["name"]),
        dash=words(f"{NBSP}—"),
        own=_show(row["own"], row["unit"]),
        region=_show(row["region"], row["unit"]),
    )


def _show(value: float, unit: str) -> Fact:
    """A value with its unit: «12,6 %», «3,4»."""
    return percent(value) if unit == "%" else number(value, 1)


def _say_changes(results: pd.DataFrame) -> Said:
    """How many indicators changed within the year by more than chance makes of it."""
    known = results[~results["is_caveated"].astype(bool)].dropna(subset="moved")
    if known.empty:
        return say("Сравнить с прошлым годом нельзя: показателей за него нет.")
    better, worse = (int((known["moved"] == verdict).sum()) for verdict in (BETTER, WORSE))
    if not better + worse:
        return say("За год ни один показатель экзаменов и аттестатов не изменился больше, чем бывает случайно.")
    names = {verdict: "; ".join(known.loc[known["moved"] == verdict, "name"]) for verdict in (BETTER, WORSE)}
    parts = [
        say(
            "{up} {better} ({names})",
            up=words(choose_word(moved, *forms)),
            better=count(moved, *INDICATORS),
            names=words(names[verdict]),
        )
        for forms, verdict, moved in ((UP, BETTER, better), (DOWN, WORSE, worse))
        if moved
    ]
    return join(
        [say("За год больше, чем бывает случайно, изменились экзамены и аттестаты: "), join(parts, ", "), "."], ""
    )


UP, DOWN = (tuple(f"{how} {verb}" for verb in ("стал", "стали", "стали")) for how in ("лучше", "хуже"))


def show_key_figures(portfolio: Portfolio) -> Figures:
    """Lists that need help and the indicator that is worst, with last year and the region beside them."""
    worst, best = find_extremes(judge_indicators(portfolio, "results"))
    extremes = [_show_indicator(row) for row in (worst, best) if row is not None]
    return Figures(tuple([*_show_lists(portfolio), *extremes][:MOST_FIGURES]))


MOST_FIGURES = 4


def _show_lists(portfolio: Portfolio) -> Iterable[tuple[str, str, str]]:
    """A figure per list that needs help, three at most; the number of schools where there are no lists."""
    if not portfolio.has_lists:
        total = say("{all} в реестре", all=number(len(portfolio.register)))
        yield "Школ в расчёте", say("{own}", own=number(len(portfolio.schools))), total
        return
    past = portfolio.year_before
    before = count_lists(past).set_index("list")["own"] if past.has_lists else pd.Series(dtype="int64")
    counts = count_lists(portfolio).set_index("list")
    in_region = blur_share(100 * counts["region"] / counts["region_schools"])
    for name in portfolio.watched:
        row = counts.loc[name]
        template = "{share} школ; " + ("год назад {before}; " if name in before else "") + "по региону {region}"
        comparison = say(
            template,
            share=percent(_divide(row["own"], row["own_schools"])),
            before=number(before.get(name)),
            region=percent(in_region[name]),
        )
        yield name[:1].upper() + name[1:], say("{own}", own=number(row["own"])), comparison


def _show_indicator(row: pd.Series) -> tuple[str, str, str]:
    template = ("год назад {before}; " if pd.notna(row["before"]) else "") + "по региону {region}"
    comparison = say(template, before=_show(row["before"], row["unit"]), region=_show(row["region"], row["unit"]))
    return say("{name}", name=words(row["name"])), say("{own}", own=_show(row["own"], row["unit"])), comparison


def list_attention(told: Told) -> Table | Text:
    """What to do first and for which schools, all of them: a row per step, the most urgent first."""
    if told.portfolio.schools.empty:
        return say_missing("Что сделать в первую очередь")
    steps = list_steps(told)
    if not steps:
        return Text((NOTHING_URGENT,))
    schools = told.portfolio.schools.set_index("school_id")
    names = number_schools(schools)
    sure = name_sureness(told.portfolio, told.portfolio.schools)
    rows = pd.DataFrame({"step": steps.values()}, index=list(steps)).assign(
        urgency=told.comments.groupby("school_id")["urgency"].min()
    )
    chosen = rows.groupby("step", sort=False)
    ordered = chosen["urgency"].min().sort_values(kind="stable").index
    common, every = find_common_steps(told), say("все {all}", all=count(len(schools), *SCHOOLS))
    listed = [_list_names(names, sure, rows.index[rows["step"] == step]) for step in ordered]
    frame = pd.DataFrame(
        {
            "Что сделать": [step[:1].upper() + step[1:] for step in ordered],
            "Школы": [every if step in common else own for step, own in zip(ordered, listed, strict=True)],
        }
    )
    title = "Что сделать и для каких школ, начиная с самого срочного"
    return Table("Внимание", title, frame, note=_say_calm(told.portfolio, names[~names.index.isin(rows.index)]))


def _say_calm(portfolio: Portfolio, idle: pd.Series) -> str:
    """Which schools of the lists have no step, so that nobody looks for them among the steps."""
    schools = portfolio.schools.set_index("school_id").loc[idle.index]
    listed = idle[flag_listed(schools, portfolio.watched).to_numpy()] if portfolio.has_lists else idle.head(0)
    return f"Школы из списков без срочного повода: {', '.join(listed)}." if len(listed) else ""


def _list_names(names: pd.Series, sure: Mapping[str, Mapping[str, str]], codes: Iterable[str]) -> str:
    """Names in the order of numbers; what lists of a school are rather a matter of chance is said."""
    ordered = names[names.index.isin(list(codes))]
    unlikely = {
        code: say_sureness([name for name, step in own.items() if step == CHANCE], own) for code, own in sure.items()
    }
    return "; ".join(f"{name} ({unlikely[code]})" if unlikely.get(code) else name for code, name in ordered.items())


def describe_sureness(portfolio: Portfolio, told: Told) -> Text:
    """How sure the lists of the first screen are, in a few sentences: why a list is kept although part of it is not."""
    places = [step for lists in name_sureness(portfolio, portfolio.schools).values() for step in lists.values()]
    steps = pd.Series(places, dtype="str").value_counts()
    if steps.empty:
        return Text((_say_few(told),))
    sure = say(
        "Из {all} школ в списках, требующих помощи: твёрдо — {firm}, под вопросом — {unsure}, скорее случайно — "
        "{chance}. Утверждать список стоит и так: он — повод помочь, и школе у границы помощь нужна не меньше. Решать "
        "по нему одному о кадрах и деньгах не стоит.",
        all=count(int(steps.sum()), "места", "мест", "мест"),
        firm=number(int(steps.get(FIRM, 0))),
        unsure=number(int(steps.get(UNSURE, 0))),
        chance=number(int(steps.get(CHANCE, 0))),
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
