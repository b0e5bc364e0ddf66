"""How sure the lists are, for readers (насколько спискам можно верить): tables, charts and sentences.

Written for a head teacher who has not heard of statistics: every figure has its sentence.
"""

import pandas as pd

from effschool.base.russian import choose_word, count_words, format_number, format_percent
from effschool.certainty.backtest import BAND, LISTS
from effschool.certainty.chance import say_part, say_share
from effschool.certainty.rules_power import find_by_chance, find_tail, measure_rules
from effschool.certainty.stability import BORDERLINE, CHANCE, FACTORS, METHODICAL, STABLE, Stability
from effschool.method.methodology import Methodology
from effschool.report import charts
from effschool.report.display import Chart, Table, Text
from effschool.report.portfolio import Portfolio, RegionYear, list_certainty
from effschool.report.queries import explain_steps, name_step
from effschool.report.sections.municipality import OF_SCHOOLS, number_schools, say_missing, show_percent

VERDICTS = (STABLE, BORDERLINE, METHODICAL)
NOT_COMPUTED = "Насколько можно верить спискам"

# The region


def chart_verdicts(found: Stability) -> Chart | Text:
    """Verdicts of every list: how many of its schools are on it firmly."""
    members = found.rows[found.rows["is_member"].astype(bool)]
    if members.empty:
        return say_missing(NOT_COMPUTED)
    counts = members.pivot_table(index="list", columns="verdict", values="school_id", aggfunc="count", fill_value=0)
    counts = counts.reindex(columns=VERDICTS, fill_value=0).rename_axis(columns=None)
    firm, total = int(counts[STABLE].sum()), int(counts.to_numpy().sum())
    sentence = (
        f"Из {count_words(total, 'места', 'мест', 'мест')} в списках "
        f"{choose_word(firm, 'устойчиво', 'устойчивы', 'устойчивы')} "
        f"{format_number(firm)} ({format_percent(100 * firm / total)}): школа осталась бы "
        "в списке и с другими учениками, и по другим допустимым вариантам расчёта. "
        "Остальные стоят у границы или зависят от того, как считать."
    )
    title = "Насколько устойчивы списки, школ"
    colours = [charts.BETTER, charts.REGION, charts.WORSE]
    table = Table("Устойчивость", title, counts.rename_axis("Список").reset_index())
    return Chart("verdicts", title, sentence, charts.draw_counts(counts, "школ", colours), table)


def tabulate_drivers(found: Stability) -> Table | Text:
    """What decides who is on a list: shares of variance by factor."""
    if found.drivers.empty:
        return say_missing("От чего зависят списки")
    frame = pd.DataFrame(
        {
            "Список": found.drivers["list"],
            "Что меняется": found.drivers["factor"].map(FACTORS),
            "Само по себе, %": found.drivers["first_pct"],
            "Вместе с остальным, %": found.drivers["total_pct"],
        }
    )
    said = [_say_driver(str(name), own) for name, own in found.drivers.groupby("list", sort=False)]
    formats = {"Само по себе, %": show_percent, "Вместе с остальным, %": show_percent}
    title = "От чего зависит, кто в списке: доля всех перемен, %"
    return Table("Что решает", title, frame, formats, note=" ".join([*said, DRIVER_NOTE]))


DRIVER_NOTE = (
    "«Само по себе» — какая часть всех перемен в списке вызвана только этим. «Вместе с остальным» — какая часть "
    "перемен исчезла бы, если бы это было решено раз и навсегда; вместе такие части могут дать больше 100 %."
)


def _say_driver(name: str, drivers: pd.DataFrame) -> str:
    by_factor = drivers.set_index("factor")["total_pct"]
    chosen = by_factor.drop(CHANCE)
    if not by_factor.sum() or chosen.empty:
        return f"«{name}»: состав не меняется."
    first = "больше всего значит случайный состав учеников, затем" if by_factor[CHANCE] >= chosen.max() else "решают"
    return f"«{name}»: {first} {FACTORS[str(chosen.idxmax())]}."


# Rules


def chart_rules(methodology: Methodology, reliability: float) -> Chart | Text:
    """Operating characteristics of the rules at the region's reliability."""
    settings = methodology.certainty
    if settings is None or pd.isna(reliability):
        return say_missing("Насколько правила находят нужные школы")
    share = methodology.domains["results"].bands.share
    found = measure_rules(settings.power, reliability, share, settings.draws.seed)
    names = {
        "precision_pct": "из попавших в список действительно слабые",
        "recall_pct": "из действительно слабых попали в список",
        "false_alarm_pct": "из остальных школ попали напрасно",
    }
    shares = found.set_index("rule")[list(names)].rename(columns=names)
    title = f"Что находят правила при надёжности индекса {format_number(reliability, 2)}, % школ"
    frame = found.rename(columns={"rule": "Правило", "listed_pct": "попадает в список", **names})
    note = _say_reliability(reliability, share)
    table = Table("Правила", title, frame, dict.fromkeys(frame.columns[1:], show_percent), note=note)
    sentence = f"{_say_rules(found)} {note}"
    return Chart("rules", title, sentence, charts.draw_grouped_shares(shares, "% школ"), table)


def _say_rules(found: pd.DataFrame) -> str:
    best = found.loc[(found["precision_pct"] + found["recall_pct"]).idxmax()]
    strict = found.loc[found["precision_pct"].idxmax()]
    return (
        f"Правило «{strict['rule']}» ошибается реже всех: из 100 попавших в список действительно слабы "
        f"{format_number(strict['precision_pct'])}. Зато находит оно лишь {format_number(strict['recall_pct'])} из 100 "
        f"слабых школ. Больше всего толку от правила «{best['rule']}»: {format_number(best['precision_pct'])} из 100 "
        f"попавших слабы, и найдены {format_number(best['recall_pct'])} из 100 слабых."
    )


def _say_reliability(reliability: float, share: float) -> str:
    return (
        f"Надёжность {format_number(reliability, 2)} показывает, насколько порядок школ повторяется в соседнем году: "
        "1 — точно, 0 — никак. Она оценена по данным региона, а правила проверены на вымышленных школах, истинный "
        f"уровень которых известен; слабыми названы {format_percent(100 * share, 0)} школ с самым низким уровнем."
    )


def tabulate_general(methodology: Methodology) -> Table | Text:
    """General figures of chance: a row per situation, the same in every region (METHODOLOGY.md section 5)."""
    if methodology.certainty is None:
        return say_missing("Сколько значит случай")
    share, rules = methodology.domains["results"].bands.share, methodology.certainty.power.rules
    rows = [
        (
            f"В школе не справляются {format_percent(TRUE_PCT, 0)}, сдавали {number}",
            f"покажет {format_percent(SHOWN_PCT, 0)} и больше с вероятностью "
            f"{say_share(float(find_tail(number, TRUE_PCT, SHOWN_PCT)))}",  # type: ignore[arg-type]
        )
        for number in (10, 30, 50, 100)
    ]
    rows += [
        (f"Школы не отличаются ничем, правило «{rule.title}»", f"в список попадёт {format_percent(value)} школ")
        for rule in rules
        if rule.at_least and (value := find_by_chance(rule.years, rule.at_least, share))
    ]
    return Table(
        "Случайность", "Что бывает по одной случайности", pd.DataFrame(rows, columns=["Что есть", "Что бывает"])
    )


TRUE_PCT, SHOWN_PCT = 20.0, 30.0
"""The example of METHODOLOGY.md section 5: true share of failing pupils, and the threshold of ФИОКО's rule."""


def tabulate_backtest(found: pd.DataFrame) -> Table | Text:
    """How many of those listed left by themselves, against what chance predicts."""
    if found.empty:
        return say_missing("Проверка на прошлых годах")
    ranges = [f"{format_number(row.least)}–{format_number(row.most)}" for row in found.itertuples()]
    frame = pd.DataFrame(
        {
            "Что": found["what"].map({BAND: "нижняя группа года", LISTS: "списки низких результатов"}),
            "Годы": found["from_year"].astype("str") + " → " + (found["from_year"] + 1).astype("str"),
            "Было школ": found["listed"],
            "Вышли сами": found["left"],
            "Вышли бы случайно": found["predicted"].round().astype("int64"),
            "Случайно бывает": ranges,
            "Школ программы": found["helped"],
            "Из них вышли": found["helped_left"],
        }
    )
    return Table("Проверка", "Сколько школ вышло из списков само", frame, note=_say_backtest(found))


def _say_backtest(found: pd.DataFrame) -> str:
    said = [_say_left(what, own) for what, own in found.groupby("what", sort=False)]
    return (
        f"{' '.join(said)} «Вышли сами» — школы, которые в программе поддержки не участвовали. Самые слабые школы года "
        "в следующем в среднем поднимаются и без помощи, поэтому выход из списка сам по себе ничьих заслуг не "
        "доказывает."
    )


def _say_left(what: object, found: pd.DataFrame) -> str:
    listed, left, predicted = (round(found[name].sum()) for name in ("listed", "left", "predicted"))
    years = count_words(int((found["left"] > found["most"]).sum()), "год", "года", "лет")
    outside = f"; больше, чем бывает случайно, {years} из {len(found)}" if (found["left"] > found["most"]).any() else ""
    place = "нижней группы года" if what == BAND else "списков низких результатов"
    return (
        f"Из {place} за все годы сами вышли {format_number(left)} из {count_words(listed, *OF_SCHOOLS)}, по одной "
        f"случайности вышли бы около {format_number(predicted)}{outside}."
    )


# A municipality and the protocol


def tabulate_certainty(portfolio: Portfolio) -> Table | Text:
    """Own schools on lists that need help: what chance and choice of method mean for each."""
    own = list_certainty(portfolio, portfolio.schools)
    known = portfolio.workspace.certainty
    if known.empty or not (known["year"] == portfolio.year).any():
        return say_missing(NOT_COMPUTED)
    own = own[own["list"].isin(portfolio.watched)]
    if own.empty:
        return Text(("В списках, требующих помощи, школ муниципалитета нет.",), kind="note")
    own = own.sort_values(["number", "list"], ignore_index=True)
    frame = pd.DataFrame(
        {
            "Школа": number_schools(own),
            "Список": own["list"],
            "Вывод": [name_step(row.verdict, row.stays_chance_pct) for row in own.itertuples()],
            "Что за этим стоит": own["stability_sentence"] + " " + own["chance_sentence"].fillna(""),
        }
    )
    return Table("Надёжность", f"Насколько можно верить спискам, {portfolio.year} год", frame, note=CERTAINTY_NOTE)


CERTAINTY_NOTE = (
    f"Надёжность места: {explain_steps()}. «Обычный» результат — средний по школам её группы. Социальные условия — это "
    "то, в чём школа работает, а не оценка её работы."
)


def say_briefly(region: RegionYear, name: str) -> pd.Series:
    """Short sentence of every school on a list, for the annex of an order (`BRIEF_NOTE` explains it); by school_id."""
    own = list_certainty(region, region.region_schools[["school_id"]])
    own = own[own["list"] == name]
    said = [
        f"{name_step(row.verdict, row.stays_chance_pct)}: осталась бы в списке {say_part(row.stays_chance_pct)} "
        f"пересчётов, при другом правиле — {say_part(row.stays_method_pct)}; обычная школа "
        f"попала бы с вероятностью {say_share(row.chance_pct)}"
        for row in own.itertuples()
    ]
    return pd.Series(said, index=own["school_id"].to_list(), dtype="str")


BRIEF_NOTE = (
    "Пересчёт — те же школы с другим составом учеников того же уровня. Обычная школа — с тем же числом участников и "
    "средним по своей группе результатом. Другое правило — другой допустимый способ расчёта. Надёжность: "
    f"{explain_steps()}."
)
