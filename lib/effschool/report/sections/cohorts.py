"""What notebook 03 shows of results: level and change of every school, cohorts of pupils.

Every function takes the tables of the whole region; a year is chosen, and changes no value.
"""

from collections.abc import Sequence

import pandas as pd

from effschool.base.russian import format_number
from effschool.dynamics.follow import Dynamics
from effschool.dynamics.level_change import HIDDEN, PALE, SHOWN
from effschool.dynamics.pupil_cohorts import (
    FALL,
    FEW,
    JUMP,
    MISSING,
    NO_LINE,
    OTHER_PUPILS,
    PARTIAL,
    STEP,
    USUAL,
    average_gains,
)
from effschool.method.methodology import LevelChange, Methodology
from effschool.method.variance import require_rules
from effschool.report import dynamics_charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.facts import percent as share
from effschool.report.portfolio import keep_latest, order_names
from effschool.report.sections.municipality import NONE, OF_SCHOOLS, say_missing, show_percent, signed

VISIBILITY = {HIDDEN: "мало участников: не показывается", PALE: "мало участников: без цвета", SHOWN: ""}


def chart_level_change(dynamics: Dynamics, methodology: Methodology) -> Chart | Text:
    """Level by change of all schools of the region in the last year, without names."""
    rows = select_levels(dynamics)
    rules = require_rules(methodology).level_change
    points = list_points(rows).assign(number=pd.NA)
    if points.empty:
        return say_missing("Уровень и изменение")
    last = int(rows["year"].max())
    title = f"Уровень и изменение результатов школ, {last} год"
    counts = rows["tone"].value_counts().reindex(range(1, 6), fill_value=0)
    frame = pd.DataFrame({"Тон": counts.index.astype("str"), "Что значит": rules.tone_names, "Школ": counts.to_numpy()})
    figure = dynamics_charts.draw_level_grid(points, rules)
    return Chart("level-change", title, say_levels(rows, rules), figure, Table("Уровень и изменение", title, frame))


def select_levels(dynamics: Dynamics, year: int | None = None) -> pd.DataFrame:
    """Levels and changes of one year, the last one if none is given."""
    levels = dynamics.level_change
    return levels[levels["year"] == (year or levels["year"].max())]


def list_points(rows: pd.DataFrame) -> pd.DataFrame:
    """Schools that the grid shows: with a change, and with pupils enough."""
    shown = rows[rows["change"].notna() & (rows["visibility"] != HIDDEN)]
    return shown.assign(is_pale=shown["visibility"] == PALE)


def say_levels(rows: pd.DataFrame, rules: LevelChange) -> Said:
    """What the grid shows, and which schools it does not show."""
    toned = rows["tone"].notna().sum()
    worst, best = int((rows["tone"] == 1).sum()), int((rows["tone"] == len(rules.tone_names)).sum())
    hidden, lacking = rows["visibility"] == HIDDEN, rows["change"].isna()
    sure = is_change_sure(rows) & ~hidden
    return say(
        "Средний результат школы против региона и его изменение за год, вместе — пять ступеней. Участников для ступени "
        "хватает у {toned}: «{worst_name}» — {worst}, «{best_name}» — {best}. Изменение вряд ли случайно у {sure}. Не "
        "показано школ: {hidden} — участников меньше {least}, {lacking} — без результатов прошлого года. Ступень — не "
        "список: решений по ней не принимают.",
        toned=count(int(toned), *OF_SCHOOLS),
        worst_name=words(rules.tone_names[0]),
        worst=number(worst),
        best_name=words(rules.tone_names[-1]),
        best=number(best),
        sure=number(int(sure.sum())),
        least=number(rules.hide_below),
        hidden=number(int(hidden.sum())),
        lacking=number(int((lacking & ~hidden).sum())),
    )


def is_change_sure(rows: pd.DataFrame) -> pd.Series:
    """Whether a change is more than chance makes of it."""
    return rows["change"].abs() > 2 * rows["change_error"]


def tabulate_level_change(dynamics: Dynamics, methodology: Methodology, schools: pd.DataFrame) -> Table | Text:
    """Level and change of every school in the last year."""
    rows = select_levels(dynamics)
    names = schools[["year", "school_id", "name", "municipality"]]
    named = rows.merge(names, on=["year", "school_id"], validate="one_to_one")
    if named.empty:
        return say_missing("Уровень и изменение")
    named = named.sort_values(["municipality", "name"], key=order_names, ignore_index=True)
    frame = pd.DataFrame({"Школа": named["name"], "Муниципалитет": named["municipality"]})
    frame = frame.join(describe_levels(named, require_rules(methodology).level_change))
    return Table(
        "Школы на сетке", "Уровень и изменение школ", frame, {"Уровень, отклонение": signed, "Изменение": signed}
    )


def describe_levels(rows: pd.DataFrame, rules: LevelChange) -> pd.DataFrame:
    """Columns for readers, on the index of the rows; nothing is said of a school with too few pupils."""
    hidden = rows["visibility"] == HIDDEN
    tones = rows["tone"].map({number: f"{number} — {name}" for number, name in enumerate(rules.tone_names, 1)})
    lacking = rows["change"].isna()
    remark = rows["visibility"].map(VISIBILITY).mask(lacking & ~hidden, "нет результатов прошлого года")
    words = tones.astype("str").fillna(remark)
    changed = _name_classes(rows["change_class"].mask(hidden), rules.change.names)
    middle = len(rules.change.names) // 2
    by_chance = ~is_change_sure(rows) & ~hidden & rows["change_class"].notna() & rows["change_class"].ne(middle)
    return pd.DataFrame(
        {
            "Участников": rows["pupils"].astype("Int64").mask(hidden),
            "Уровень, отклонение": rows["level"].mask(hidden),
            "Уровень": _name_classes(rows["level_class"].mask(hidden), rules.level.names),
            "Изменение": rows["change"].mask(hidden),
            "Как изменился": changed.mask(by_chance, changed + BY_CHANCE),
            "Итог": words,
        }
    )


BY_CHANCE = ", но не больше случайного"


def _name_classes(classes: pd.Series, names: Sequence[str]) -> pd.Series:
    return classes.map(dict(enumerate(names))).astype("str").fillna(NONE)


FINDINGS = {
    JUMP: "выше ожидаемого",
    FALL: "ниже ожидаемого",
    USUAL: "в пределах обычного",
    OTHER_PUPILS: "состав изменился",
    PARTIAL: "экзамен сдаёт часть прежних учеников",
    FEW: "мало участников",
    MISSING: "нет результата одного из лет",
    NO_LINE: "в регионе мало школ",
}


def tabulate_grade_steps(dynamics: Dynamics) -> Table | Text:
    """Steps of cohorts of pupils that end in the last year: schools, change in number, findings."""
    rows = select_cohorts(dynamics)
    if rows.empty:
        return say_missing("Когорты учеников")
    steps = rows.groupby(STEP)
    counts = pd.crosstab([rows[name] for name in STEP], rows["finding"]).reindex(columns=list(FINDINGS), fill_value=0)
    remained = steps["usual_size_pct"].first().rename("Участников осталось обычно, %")
    table = pd.concat([steps["gain"].count().rename("Школ"), remained, counts.rename(columns=FINDINGS)], axis=1)
    frame = table.reset_index()
    shown = pd.DataFrame({"Шаг": name_steps(frame), "Предмет": frame["family"]}).join(frame.drop(columns=STEP))
    note = (
        "Участников стало больше или меньше, чем обычно в регионе, — это уже не те же дети: такая школа названа, но "
        "необычной не считается. После 9 класса часть учеников уходит, и остаются не самые слабые."
    )
    formats = {"Участников осталось обычно, %": show_percent}
    return Table("Шаги когорт", "Когорты учеников: шаги, которые кончились в этом году", shown, formats, note)


def select_cohorts(dynamics: Dynamics) -> pd.DataFrame:
    """Steps of cohorts that end in the last year with steps."""
    rows = dynamics.pupil_cohorts
    return rows[rows["to_year"] == rows["to_year"].max()]


def name_steps(rows: pd.DataFrame) -> pd.Series:
    """«4 класс 2021 → 5 класс 2022»."""
    ends = [
        rows[f"{end}_grade"].astype("str") + " класс " + rows[f"{end}_year"].astype("str") for end in ("from", "to")
    ]
    return ends[0] + " → " + ends[1]


def chart_gains(dynamics: Dynamics, schools: pd.DataFrame) -> Chart | Text:
    """Which grade loses, by municipality: mean gains of cohorts over all years."""
    latest = keep_latest(schools)
    named = dynamics.pupil_cohorts.merge(latest[["school_id", "municipality"]], on="school_id", validate="many_to_one")
    gains = average_gains(named, "municipality").rename(columns={"municipality": "place"})
    order = latest["municipality"].drop_duplicates().sort_values(key=order_names)
    return make_gains(gains, list(order), "Муниципалитет")


def make_gains(gains: pd.DataFrame, order: Sequence[str], heading: str) -> Chart | Text:
    """Heat map of mean gains: a row per place in the given order, a column per step and family."""
    if gains.empty:
        return say_missing("Прибавки когорт учеников")
    columns = gains["family"] + ": " + gains["from_grade"].astype("str") + " → " + gains["to_grade"].astype("str")
    ordered = gains.assign(step=columns).sort_values(["family", "from_grade", "to_grade"])
    wide = ordered.pivot(index="place", columns="step", values=["mean_gain", "mean_error"])
    steps = list(dict.fromkeys(ordered["step"]))
    values, errors = (wide[name].reindex(index=order, columns=steps) for name in ("mean_gain", "mean_error"))
    title = "Прибавка когорт учеников от класса к классу против обычной по региону, в долях разброса школ"
    frame = values.rename_axis(heading).reset_index()
    note = "Прибавка — насколько те же дети поднялись или опустились против обычного по региону для этого шага."
    table = Table("Прибавки когорт", title, frame, dict.fromkeys(steps, signed), note)
    figure = dynamics_charts.draw_gains(values, errors, "предмет и шаг, классы")
    return Chart("gains", title, _say_gains(values, errors), figure, table)


def _say_gains(values: pd.DataFrame, errors: pd.DataFrame) -> Said:
    sure = values.abs() > 2 * errors
    lost, gained = int((sure & (values < 0)).sum().sum()), int((sure & (values > 0)).sum().sum())
    known = int(values.notna().sum().sum())
    worst = values.where(sure).melt(ignore_index=False).dropna().sort_values("value")
    parts: list[str] = [
        say(
            "Известно {known}. Больше двух погрешностей (выделены полужирным): снижений {lost}, подъёмов {gained}.",
            known=count(known, "среднее изменение", "средних изменения", "средних изменений"),
            lost=number(lost),
            gained=number(gained),
        )
    ]
    if lost:
        step, value = worst.iloc[0]
        where = words(f"{worst.index[0]}, {step} ({signed(value)})")
        parts.append(say("Сильнее всего теряют: {where}.", where=where))
    return join([*parts, "При двадцати клетках одна выделяется и по чистой случайности."])


def tabulate_unusual(dynamics: Dynamics, methodology: Methodology, schools: pd.DataFrame) -> Table | Text:
    """Schools whose cohort is out of line in the last year, and those whose cohort changed in number."""
    latest = keep_latest(schools)[["school_id", "name", "municipality"]]
    named = select_cohorts(dynamics).merge(latest, on="school_id", validate="many_to_one")
    named = named.sort_values(["municipality", "name"], key=order_names)
    found = named[named["finding"].isin([JUMP, FALL, OTHER_PUPILS])]
    if found.empty:
        return Text(("Когорт, которые выбиваются из ряда или сильно изменились в числе, в этом году нет.",))
    frame = pd.DataFrame({"Школа": found["name"], "Муниципалитет": found["municipality"]})
    frame = frame.join(describe_cohorts(found)).reset_index(drop=True)
    title = "Когорты учеников, которые выбиваются из ряда или изменились в числе"
    return Table("Необычные когорты", title, frame, COHORT_FORMATS, say_unusual_rule(methodology))


def describe_cohorts(rows: pd.DataFrame) -> pd.DataFrame:
    """Columns for readers, on the index of the rows."""
    return pd.DataFrame(
        {
            "Предмет": rows["family"],
            "Шаг": name_steps(rows),
            "Участников было": rows["from_participants"],
            "Участников стало": rows["to_participants"],
            "Прибавка": rows["gain"],
            "Погрешность": rows["gain_error"],
            "Ожидалось": rows["expected"] - rows["from_standard"],
            "Вывод": rows["finding"].map(FINDINGS),
        }
    )


COHORT_FORMATS = {"Прибавка": signed, "Ожидалось": signed, "Погрешность": lambda value: format_number(value, 2)}


def say_unusual_rule(methodology: Methodology) -> Said:
    """How schools out of line are chosen."""
    rules = require_rules(methodology).pupil_cohorts
    return say(
        "«Ожидалось» — прибавка школы с таким же начальным результатом по линии региона: слабые в среднем поднимаются, "
        "сильные опускаются. Выше или ниже ожидаемого — отклонение, которое при стольких школах трудно приписать "
        "случаю: из названных так ошибочно — не больше {false} в среднем (поправка Бенджамини — Хохберга по всем "
        "школам "
        "года). Это повод посмотреть, а не вывод о причине: так выглядят и хороший учитель, и иная проверка работ. "
        "«Состав изменился» — участников стало больше или меньше, чем обычно для региона, на {change} и больше.",
        false=share(rules.false_share_pct, 0),
        change=share(rules.size_change_pct, 0),
    )
