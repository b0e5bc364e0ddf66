"""Structure of the index (строение индекса) for readers: what contradicts, repeats, does not tell apart, or decides."""

import pandas as pd

from effschool.base.russian import NO_DATA, count_words, format_number
from effschool.method.methodology import Methodology
from effschool.report.display import Table, Text

HIGH = 0.9
"""Two indicators with a closer correlation measure the same thing twice."""


def _name_scope(frame: pd.DataFrame, methodology: Methodology) -> dict[str, pd.Series]:
    titles = {domain: rules.title for domain, rules in methodology.iterate_domains()}
    return {"Индекс": frame["domain"].map(titles), "Группа": frame["group"]}


def _shorten(names: pd.Series, methodology: Methodology) -> pd.Series:
    return names.map({name: item.short for name, item in methodology.indicators.items()})


def _two_digits(value: object) -> str:
    return format_number(float(value), 2)  # type: ignore[arg-type]


def tabulate_correlations(correlations: pd.DataFrame, methodology: Methodology) -> Table | Text:
    """Pairs of indicators that contradict or repeat each other, the extreme first."""
    known = correlations.dropna(subset="correlation")
    told = known[(known["correlation"] < 0) | (known["correlation"] > HIGH)].sort_values("correlation", kind="stable")
    negative, high = int((told["correlation"] < 0).sum()), int((told["correlation"] > HIGH).sum())
    sentence = (
        f"Из {count_words(len(known), 'пары', 'пар', 'пар')} показателей противоречат друг другу "
        f"{format_number(negative)} (связь отрицательна), почти повторяют друг друга {format_number(high)} "
        f"(связь больше {format_number(HIGH, 1)})."
    )
    if told.empty:
        return Text((sentence,))
    frame = pd.DataFrame(
        {
            "Показатель": _shorten(told["first"], methodology),
            "Второй показатель": _shorten(told["second"], methodology),
            **_name_scope(told, methodology),
            "Школ": told["schools"],
            "Связь": told["correlation"],
        }
    )
    title = f"Показатели, которые противоречат или повторяют друг друга, {told['year'].iloc[0]} год"
    note = f"{sentence} Связь — коэффициент Спирмена от −1 до 1 по значениям, приведённым к шкале от 0 до 1."
    return Table("Связи показателей", title, frame, {"Связь": _two_digits}, note)


def tabulate_constants(constants: pd.DataFrame, methodology: Methodology) -> Table | Text:
    """Indicators that do not tell schools apart."""
    if constants.empty:
        return Text(("Каждый показатель различает школы своей группы.",))
    frame = pd.DataFrame(
        {
            "Показатель": _shorten(constants["indicator"], methodology),
            **_name_scope(constants, methodology),
            "Школ": constants["schools"],
            "В индексе": constants["is_used"].map({True: "входит, всем поровну", False: "не входит"}),
        }
    )
    used = int(constants["is_used"].sum())
    note = (
        f"Не различают школы {count_words(len(constants), 'показатель', 'показателя', 'показателей')} "
        f"(считая по группам), из них входят в индекс и только сближают школы {format_number(used)}."
    )
    title = f"Показатели, которые не различают школы, {constants['year'].iloc[0]} год"
    return Table("Без различий", title, frame, note=note)


def tabulate_influence(influence: pd.DataFrame, methodology: Methodology) -> Table | Text:
    """Leaving out each indicator: the one that moves most schools first."""
    if influence.empty:
        return Text((f"Влияние показателей: {NO_DATA}.",), kind="note")
    ordered = influence.sort_values("changed", ascending=False, kind="stable")
    frame = pd.DataFrame(
        {
            "Показатель": _shorten(ordered["indicator"], methodology),
            **_name_scope(ordered, methodology),
            "Школ": ordered["schools"],
            "Сменили бы группу": ordered["changed"],
            "Связь индексов": ordered["correlation"],
        }
    )
    first = frame.iloc[0]
    note = (
        f"Больше всего меняет «{first['Показатель']}» (группа «{first['Группа']}»): без него другая группа по индексу "
        f"у {format_number(first['Сменили бы группу'])} из {count_words(int(first['Школ']), 'школы', 'школ', 'школ')}. "
        "Связь — коэффициент Спирмена между индексом со всеми показателями и без одного."
    )
    title = f"Что изменилось бы без одного показателя, {ordered['year'].iloc[0]} год, школ"
    return Table("Влияние показателей", title, frame, {"Связь индексов": _two_digits}, note)
