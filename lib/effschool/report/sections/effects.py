"""What is shown of the programme's effect and of groups of like schools (польза программы, группы похожих школ).

An official has three minutes: every part begins with a sentence that says what was found and what cannot be concluded.
"""

from textwrap import fill

import numpy as np
import pandas as pd
from scipy import stats

from effschool.base.russian import count_words, format_number, format_percent
from effschool.dynamics.clusters import Clustering, count_passages
from effschool.dynamics.effects import FEW, NO_AFTER, NO_START, Assessment
from effschool.method.methodology import Clusters, Effects, Indicator, Methodology
from effschool.report import charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Fact, Said, count, number, say, words
from effschool.report.portfolio import Portfolio, RegionYear, is_other_municipality
from effschool.report.privacy import load_privacy
from effschool.report.sections.municipality import (
    NONE,
    OF_SCHOOLS,
    SCHOOLS,
    say_missing,
    show_percent,
    signed,
)

EFFECT, GROUPS = "Помогла ли программа", "Группы похожих школ"
UNIT = "разброса между школами региона"
TOO_FEW = "слишком мало школ, чтобы судить"
REASONS = {FEW: TOO_FEW, NO_START: "до отбора нет лет с данными", NO_AFTER: "после входа ещё нет результатов"}
TRAITS = {
    "results": "Результаты до отбора",
    "selected": "Результаты года отбора",
    "social": "Социальные условия (больше — тяжелее)",
    "size": "Число учеников",
    "village": "Доля сельских школ",
}
BALANCED = 0.25
"""Difference in standard deviations below which groups are usually called alike (Stuart, 2010)."""


# The region: the programme


def describe_effect(found: Assessment, methodology: Methodology) -> Text:
    """The answer in a few sentences: how far, how sure, on how many schools, and what cannot be concluded."""
    if methodology.effects is None or found.summary.empty:
        return say_missing(EFFECT)
    return Text(say_effect(found.summary.iloc[0], methodology.effects))


def say_effect(row: pd.Series, rules: Effects) -> tuple[str, ...]:
    """Sentences about one estimate, a row of EFFECT_COLUMNS."""
    entered, schools = int(row["entered"]), int(row["schools"])
    if not entered:
        return (f"{EFFECT}: школ программы в данных нет.",)
    if not row["is_enough"]:
        few = say(
            "{about}. Из {entered} программы сравнить с похожими удалось {schools}, а нужно не меньше {least}. "
            "Остальные "
            "вошли, когда данных до отбора ещё не было, вошли только что, либо похожих на них школ нет.",
            about=words(f"{EFFECT}: {TOO_FEW}"),
            entered=count(entered, *OF_SCHOOLS),
            schools=number(schools),
            least=number(rules.fewest_schools),
        )
        return (few,)
    first = say(
        "Из {entered} программы по региону сравнить с похожими, которые в ней не участвовали, удалось {schools}; "
        "похожих школ {controls}.",
        entered=count(entered, *OF_SCHOOLS),
        schools=number(schools),
        controls=number(row["controls"]),
    )
    return first, _say_difference(row, rules), CAUTION


CAUTION = (
    "Сравниваются перемены, а не уровни, и считаются они не от года отбора: самые слабые школы года в следующем "
    "поднимаются и без помощи. Школы входили не по жребию, поэтому часть разницы может объясняться тем, чего в "
    "таблицах нет: новым директором, стройкой, соседней гимназией."
)


def _say_difference(row: pd.Series, rules: Effects) -> Said:
    estimate, low, high = row["estimate"], row["low"], row["high"]
    places = abs(round(100 * float(stats.norm.cdf(estimate)) - 50))
    told = {
        "size": number(abs(estimate), 2),
        "unit": words(UNIT),
        "low": Fact(float(low), signed(low)),
        "high": Fact(float(high), signed(high)),
        "moved": count(places, "место", "места", "мест"),
        "way": words("лучше" if estimate > 0 else "хуже"),
        "noticeable": number(row["noticeable"], 2),
    }
    return say(RISEN if low > 0 else FALLEN if high < 0 else UNSURE, **told)


RISEN = (
    "Школы программы поднялись больше, чем похожие: на {size} {unit} (вероятно, от {low} до {high}). Это как если бы "
    "школа, стоявшая посередине, поднялась на {moved} из ста."
)
FALLEN = (
    "Школы программы отстали от похожих: на {size} {unit} (вероятно, от {low} до {high}). Это как если бы школа, "
    "стоявшая "
    "посередине, опустилась на {moved} из ста. Пользы программы не видно."
)
UNSURE = (
    "Их результаты изменились {way}, чем у похожих школ, на {size} {unit} (вероятно, от {low} до {high}), но "
    "такая разница "
    "бывает и случайно. Из этих данных нельзя заключить ни что программа помогла, ни что она не помогла: при "
    "таком числе "
    "школ заметна была бы польза не меньше {noticeable}."
)


def tabulate_entry_years(found: Assessment) -> Table | Text:
    """Estimates by year of entry, or the reason why there is none."""
    cohorts = found.cohorts
    if cohorts.empty:
        return say_missing("Школы программы по годам входа")
    ends = [
        NONE if pd.isna(row.estimate) else f"от {signed(row.low)} до {signed(row.high)}" for row in cohorts.itertuples()
    ]
    frame = pd.DataFrame(
        {
            "Год входа": cohorts["entry_year"].astype("str"),
            "Вошли, школ": cohorts["entered"],
            "Сравнить удалось": cohorts["schools"],
            "Похожих школ": cohorts["controls"],
            "Перемена против похожих": [NONE if pd.isna(value) else signed(value) for value in cohorts["estimate"]],
            "Вероятно": ends,
            "Вывод": cohorts["reason"].map(REASONS).fillna("оценка есть"),
        }
    )
    note = f"Перемена — в долях обычного {UNIT}. Школа входит в расчёт с годом первого входа в программу."
    return Table("Польза по годам входа", "Школы программы по годам входа: перемена против похожих", frame, note=note)


def chart_balance(found: Assessment) -> Chart | Text:
    """How alike the schools are before and after matching (standardised mean differences)."""
    balance = found.balance
    if balance.empty:
        return say_missing("Сходство школ")
    named = balance.assign(trait=balance["trait"].map(TRAITS)).set_index("trait")
    shown = named.rename(columns={"before": ALL, "after": MATCHED})
    unlike = [f"«{name.lower()}»" for name in named.index[named["after"].abs() > BALANCED]]
    sentence = (
        f"После подбора школы программы и похожие школы почти одинаковы: разница нигде не больше "
        f"{format_number(BALANCED, 2)}."
        if not unlike
        else f"После подбора разница остаётся больше {format_number(BALANCED, 2)} в признаке {', '.join(unlike)}."
    )
    if "результаты" in " ".join(unlike):
        sentence += (
            " Таких же слабых школ вне программы мало. Подбирать их по тем годам, от которых ведётся отсчёт, нельзя: "
            "низкие случайно, они поднимутся сами. Постоянная разница уровней сравнению перемен не мешает."
        )
    title = "Насколько школы программы отличаются от остальных и от похожих, в стандартных отклонениях"
    frame = shown.rename_axis("Признак").reset_index()
    figure = charts.draw_dots(shown, ["стандартных отклонений (0 — одинаковы)"] * len(shown), MATCHED, ALL, digits=1)
    return Chart("balance", title, sentence, figure, Table("Сходство", title, frame, {ALL: signed, MATCHED: signed}))


ALL, MATCHED = "от всех школ вне программы", "от похожих школ"


def chart_events(found: Assessment, methodology: Methodology) -> Chart | Text:
    """Levels and their difference by years around entry."""
    events, rules = found.events, methodology.effects
    if events.empty or rules is None:
        return say_missing("Годы до и после входа в программу")
    selection = range(-rules.selection_years, rules.first_year_after)
    before = events[events["time"] < selection.start]
    clear = int((before["p_value"] < (1 - rules.interval_pct / 100) / max(len(before), 1)).sum())
    sentence = (
        "Год отбора и год входа в расчёт не входят: в первом школы ниже обычного, во втором работа только началась. "
    )
    if before.empty:
        sentence += "Проверить сравнение на годах до отбора нельзя: данных за них не хватает."
    elif clear:
        years = count_words(clear, "год", "года", "лет")
        sentence += f"До отбора разница заметна ({years} из {len(before)}), поэтому оценке верить нельзя."
    else:
        sentence += "До отбора школы менялись так же, как похожие; поэтому сравнению можно верить."
    frame = pd.DataFrame(
        {
            "Лет от входа": events["time"].map(format_number),
            "Школы программы": events["own"],
            "Похожие школы": events["control"],
            "Разница перемен": events["estimate"],
            "Не меньше": events["low"],
            "Не больше": events["high"],
            "Школ": events["schools"],
        }
    )
    title = f"Школы программы и похожие школы до и после входа, в долях {UNIT}"
    table = Table("До и после входа", title, frame, dict.fromkeys(frame.columns[1:6], signed))
    return Chart("events", title, sentence, charts.draw_events(events, "доли разброса", selection), table)


def chart_rise(found: Assessment) -> Chart | Text:
    """What the rise since the year of selection consists of; the return to the usual is no merit."""
    parts = found.parts
    if parts.isna().any() or not found.is_enough:
        return say_missing("Из чего складывается перемена у школ программы")
    named = parts.rename(
        {
            "rise": "Перемена от года отбора, всего",
            "returned": "из неё: возврат к своему обычному уровню",
            "common": "как изменились похожие школы",
            "effect": "остаток: школы программы против похожих",
        }
    )
    sentence = (
        f"Простое «до и после», от года отбора, показало бы {signed(parts['rise'])}. Из этого "
        f"{signed(parts['returned'])} — возврат к обычному уровню после года отбора, он был бы и без программы; "
        f"{signed(parts['common'])} — перемена, общая с "
        f"похожими школами. Остаётся {signed(parts['effect'])}."
    )
    title = f"Из чего складывается перемена у школ программы, в долях {UNIT}"
    frame = named.rename_axis("Что").rename("Перемена").reset_index()
    figure = charts.draw_parts(named[::-1], "доли разброса", charts.OWN, charts.REGION, digits=2)
    return Chart("rise", title, sentence, figure, Table("Перемена", title, frame, {"Перемена": signed}))


def tabulate_placebo(found: Assessment) -> Table | Text:
    """The same comparison where there was no programme."""
    placebo = found.placebo.dropna(subset="estimate")
    if placebo.empty:
        return say_missing("Проверка на годах без программы")
    ends = [f"от {signed(row.low)} до {signed(row.high)}" for row in placebo.itertuples()]
    frame = pd.DataFrame(
        {
            "Год «входа»": placebo["entry_year"].astype("str"),
            "Школ": placebo["schools"],
            "Похожих школ": placebo["controls"],
            "Перемена против похожих": placebo["estimate"],
            "Вероятно": ends,
        }
    )
    seen = int(((placebo["low"] > 0) | (placebo["high"] < 0)).sum())
    said = (
        "Сравнение нашло пользу или вред там, где программы не было, поэтому и оценке программы верить следует с "
        "осторожностью."
        if seen
        else "Там, где программы не было, сравнение ничего и не нашло, как и должно быть."
    )
    note = (
        "Самые слабые школы года «входят» в следующем, хотя программы не было; данные школ программы взяты только до "
        f"входа. {said}"
    )
    title = "Проверка: то же сравнение там, где программы не было"
    return Table("Проверка без программы", title, frame, {"Перемена против похожих": signed}, note=note)


def tabulate_effect_indicators(found: Assessment, methodology: Methodology) -> Table | Text:
    """The same comparison indicator by indicator, in its unit; several comparisons are allowed for (Holm)."""
    known = found.indicators
    if known.empty:
        return say_missing("Польза программы по показателям")
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415 -- takes long to import

    items = [methodology.indicators[name] for name in known["indicator"]]
    sure = multipletests(known["p_value"], method="holm")[0]
    better = [_is_better(item, value) for item, value in zip(items, known["estimate"], strict=True)]
    frame = pd.DataFrame(
        {
            "Показатель": [item.short for item in items],
            "Перемена против похожих": known["estimate"],
            "Единица": ["п. п." if item.kind == "share" else "балл" for item in items],
            "Вероятно": [f"от {show_percent(row.low)} до {show_percent(row.high)}" for row in known.itertuples()],
            "Вывод": np.where(sure, np.where(better, "лучше", "хуже"), "может быть случайной"),
            "Школ": known["schools"],
        }
    )
    note = "Показателей много, и один-два отличались бы случайно; вывод это учитывает (поправка Холма)."
    title = "Перемена показателей школ программы против похожих школ"
    return Table("Польза по показателям", title, frame, {"Перемена против похожих": show_percent}, note=note)


def _is_better(item: Indicator, change: float) -> bool:
    """Whether a change of the raw value is for the better; the raw value of a lag is the school less the region."""
    return (change > 0) == (item.kind == "gap" or item.direction == "direct")


# The region: groups of like schools


def tabulate_clusters(found: Clustering, paths: pd.DataFrame, methodology: Methodology) -> Table | Text:
    """Groups of the last year in words, with what is typical of each."""
    rules = methodology.clusters
    if rules is None:
        return say_missing(GROUPS)
    if found.centres.empty:
        return say_no_groups(found, rules)
    known = _join_last(found, paths)
    grouped = known.groupby("cluster")
    frame = pd.DataFrame(
        {
            "Группа": name_groups(found),
            "Школ": grouped.size(),
            "Учеников, медиана": grouped["enrolment"].median().astype("float64"),
            "Сельских, %": 100 * (known["locality"] == "село").groupby(known["cluster"]).mean(),
            "Индекс результатов": grouped["results_index"].mean(),
            "Индекс условий": grouped["social_index"].mean(),
        }
    ).reset_index(drop=True)
    formats = {"Сельских, %": show_percent, "Индекс результатов": _two, "Индекс условий": _two}
    number = len(frame)
    stability = found.stability.set_index("number")["stability"][number]
    note = (
        f"Групп {number}: при этом числе они повторяются, когда школы отбирают заново (совпадение "
        f"{format_number(stability, 2)}, где 1 — полное, 0 — случайное; нужно {format_number(rules.stability, 2)}). "
        "Названия говорят о группе в среднем, границы условны: школы у границы похожи и на соседнюю группу. Это не "
        "оценка школ."
    )
    shown = frame.dropna(axis=1, how="all")
    return Table("Похожие школы", f"{GROUPS}, {known['year'].iloc[0]} год", shown, formats, note=note)


def _join_last(found: Clustering, paths: pd.DataFrame) -> pd.DataFrame:
    """Schools of the last year with their group and what else is known of them."""
    last = found.members[found.members["year"] == found.members["year"].max()]
    return last.merge(paths, on=["year", "school_id"], suffixes=("", "_school"), validate="one_to_one")


def _two(value: object) -> str:
    return format_number(float(value), 2)  # type: ignore[arg-type]


def say_no_groups(found: Clustering, rules: Clusters) -> Text:
    """Why no groups are shown."""
    if found.stability.empty:
        said = f"школ с полными данными меньше {format_number(rules.fewest_schools)}."
    else:
        best = format_number(found.stability["stability"].max(), 2)
        said = (
            "устойчивых групп нет. Когда школы отбирают заново, группы выходят другими: лучшее совпадение "
            f"{best} при нужном {format_number(rules.stability, 2)}."
        )
    return Text((f"{GROUPS}: {said}",), kind="note")


def name_groups(found: Clustering) -> list[str]:
    """«1. Небольшие сельские школы»: names in the order of the numbers."""
    return [say_group(number, name) for number, name in found.centres["name"].items()]


def say_group(number: object, name: str) -> str:
    """Number and name of a group."""
    return f"{number}. {name[:1].upper()}{name[1:]}"


def chart_clusters(found: Clustering, paths: pd.DataFrame, methodology: Methodology) -> Chart | Text:
    """All schools of the last year by group, without names: conditions against results."""
    known = _join_last(found, paths)
    if known.empty or known["social_index"].isna().all():
        return say_missing(GROUPS)
    kinds = [say_group(*pair) for pair in zip(known["cluster"], known["name"], strict=True)]
    points = pd.DataFrame({"x": known["social_index"], "y": known["results_index"], "kind": kinds})
    counts = points["kind"].value_counts()
    sentence = (
        f"Больше всего школ в группе «{counts.index[0]}» — {count_words(int(counts.iloc[0]), *SCHOOLS)} из "
        f"{format_number(len(points))}. Внутри группы школы стоят в похожих условиях: у соседа по группе есть чему "
        "поучиться."
    )
    titles = [methodology.domains[domain].title for domain in ("social", "results")]
    figure = charts.draw_groups(points, f"{titles[0]} (больше — тяжелее)", f"{titles[1]} (больше — лучше)")
    title = f"{GROUPS}: социальные условия и результаты, {known['year'].iloc[0]} год"
    frame = counts.rename_axis("Группа").rename("Школ").reset_index()
    return Chart("clusters", title, sentence, figure, Table("Группы на графике", title, frame))


def chart_passages(found: Clustering) -> Chart | Text:
    """How schools passed from group to group between the first and the last year; centres are those of the last."""
    years = sorted(found.members["year"].unique())
    if len(years) < 2:
        return say_missing("Переходы между группами похожих школ")
    square = count_passages(found.members, years[0], years[-1])
    stayed, total = int(np.trace(square)), int(square.to_numpy().sum())
    sentence = (
        f"Из {count_words(total, *OF_SCHOOLS)}, известных в оба года, в своей группе остались {format_number(stayed)} "
        f"({format_percent(100 * stayed / total)}). Группы определены по {years[-1]} году и для {years[0]} года те же, "
        "поэтому переход значит, что изменилась школа, а не группы."
    )
    names = dict(zip(found.centres.index, name_groups(found), strict=True))
    title = f"Переходы между группами похожих школ, {years[0]} и {years[-1]} годы, школ"
    frame = square.rename(index=names).rename_axis(f"{years[0]} → {years[-1]}").rename(columns=str).reset_index()
    rows = square.rename(index={number: fill(name, 36) for number, name in names.items()})
    figure = charts.draw_table_of_counts(rows, f"группа, {years[0]} год", f"группа, {years[-1]} год")
    return Chart("passages", title, sentence, figure, Table("Переходы групп", title, frame))


# A municipality


def tell_programme(region: RegionYear) -> Text:
    """The programme's effect in the region, for a municipality's report; for the last year of the data only."""
    known, rules = region.workspace.effects, region.workspace.methodology.effects
    if rules is None or known.empty or not (known["year"] == region.year).any():
        return say_missing(f"{EFFECT} по региону")
    found = known[known["year"] == region.year].iloc[0]
    if isinstance(region, Portfolio) and found["is_enough"] and len(region.others):
        took_part = region.workspace.support.participants["school_id"].drop_duplicates()
        own = ~is_other_municipality(region, took_part)
        if found["schools"] - own.sum() < load_privacy().reports.schools:
            return Text((f"{EFFECT} по региону: в других муниципалитетах {TOO_FEW}.",), kind="note")
    return Text(say_effect(found, rules))


UNGROUPED, SAME = "не хватает данных", "та же"
