"""Why this school (почему эта школа): parts of its index, and what would have changed the decisions on it."""

from functools import partial

import pandas as pd

from effschool.base.russian import NO_DATA, count_words, format_number, join_words, quote_title
from effschool.certainty.explain import Decisions
from effschool.method.identify import Identified
from effschool.method.indicators import KEY
from effschool.method.methodology import Domain, DomainRules, Methodology
from effschool.report import charts
from effschool.report.display import Chart, Table, Text

DISTANCE = "Отличие от пограничной школы"
MOST_NAMED = 2
SLIGHT = 5e-4
"""A distance that would be written as 0,000; the chart leaves it out, the table does not."""
DOMAIN_KEYS: dict[Domain, str] = {"results": "результаты", "social": "условия"}


DECISION_NOTE = (
    "Наименьшее число учеников, чей результат изменил бы решение при прочих равных: по одному показателю за год в "
    "индексе, по отдельным процедурам в списке ФИОКО и в отставании. Доля меняется на столько учеников; средний балл "
    "меняется так, будто у стольких участников наибольший (или наименьший) результат шкалы; где отметок по ученикам "
    "нет, прежний их результат принят равным среднему по школе. Крайние значения группы и среднее по региону находятся "
    "заново."
)


def tabulate_index_parts(
    parts: pd.DataFrame, identified: Identified, methodology: Methodology, school_id: str | None, domain: Domain
) -> Table | Text:
    """Why this school: its indicators, what each adds to the index and to the distance from the marginal school."""
    own = parts[(parts["school_id"] == school_id) & (parts["domain"] == domain)]
    if own.empty:
        return say_no_index(domain, methodology)
    rules, titles = methodology.domains[domain], {item.id: item for item in methodology.domains[domain].indicators}
    frame = pd.DataFrame(
        {
            "Показатель": own["indicator"].map(lambda name: f"{titles[name].title}, {titles[name].unit}"),
            "Значение": own["raw"],
            "От 0 до 1": own["normalised"],
            "Вес": own["weight"],
            "Вклад": own["contribution"],
            DISTANCE: own["distance"],
        }
    ).sort_values(DISTANCE, kind="stable")
    total = {"Показатель": "Вместе", **frame[["Вес", "Вклад", DISTANCE]].sum(min_count=1)}
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    year = int(parts["year"].iloc[0])
    formats = {name: partial(_format_any, digits=1 if name == "Значение" else 3) for name in frame.columns[1:]}
    title = f"{rules.title}: вклад показателей, {name_school(identified, year, school_id)}, {year} год"
    return Table(f"Вклад {DOMAIN_KEYS[domain]}", title, frame, formats, _say_place(own, rules))


def _format_any(value: object, digits: int) -> str:
    return format_number(float(value), digits)  # type: ignore[arg-type]


def _say_place(own: pd.DataFrame, rules: DomainRules) -> str:
    """Place in the group, and what the contributions sum to."""
    sums = "индекс" if rules.aggregation.kind == "arithmetic" else "натуральный логарифм индекса"
    whole = f"Сумма вкладов — {sums}."
    if own.empty or pd.isna(own["rank"].iloc[0]):
        return f"{whole} Школа не ранжирована."
    first = own.iloc[0]
    schools = count_words(int(first["ranked_schools"]), "школы", "школ", "школ")
    place = (
        f"Место {format_number(first['rank'])} из {schools} группы «{first['group']}», первое — самый низкий индекс."
    )
    title = rules.band_titles[rules.worse_band]
    marginal = f" Пограничная школа — последняя в группе «{title}»." if pd.notna(first["marginal_id"]) else ""
    return f"{whole} {place}{marginal}"


def name_school(identified: Identified, year: int, school_id: object) -> str:
    """Name of a school in a year, its code where the register has none."""
    return str(identified.schools.set_index(KEY)["name"].get((year, school_id), school_id))


def say_no_index(domain: Domain, methodology: Methodology) -> Text:
    """That there is nothing to explain."""
    rules = methodology.domains.get(domain)
    title = rules.title if rules else "Индекс социальных условий в методике не составляется"
    return Text((f"{title}: {NO_DATA}." if rules else f"{title}.",), kind="note")


def chart_index_parts(
    parts: pd.DataFrame, identified: Identified, methodology: Methodology, school_id: str | None, domain: Domain
) -> Chart | Text:
    """What brings the school nearer to the cut and what takes it away, with its place in the group."""
    own = parts[(parts["school_id"] == school_id) & (parts["domain"] == domain)].dropna(subset="distance")
    if own.empty:
        return say_no_index(domain, methodology)
    rules, year = methodology.domains[domain], int(own["year"].iloc[0])
    shorts = {item.id: item.short for item in rules.indicators}
    values = own.assign(title=own["indicator"].map(shorts)).sort_values("distance").set_index("title")["distance"]
    shown = values[values.abs() > SLIGHT]
    name = name_school(identified, year, school_id)
    title = f"{rules.title}: что отличает школу от пограничной, {name}, {year} год"
    unit = "индекса" if rules.aggregation.kind == "arithmetic" else "логарифма индекса"
    above, below = (charts.BETTER, charts.WORSE) if rules.better == "high" else (charts.WORSE, charts.BETTER)
    figure = charts.draw_parts(shown, f"отличие {unit} от пограничной школы", above, below)
    frame = values[::-1].rename_axis("Показатель").rename(DISTANCE).reset_index()
    table = Table(f"Отличие {DOMAIN_KEYS[domain]}", title, frame, {DISTANCE: partial(_format_any, digits=3)})
    return Chart(f"parts-{domain}", title, _say_distance(own, values, identified, rules), figure, table)


def _say_distance(own: pd.DataFrame, values: pd.Series, identified: Identified, rules: DomainRules) -> str:
    """Where the school stands, how far the cut is, and the indicators that do most."""
    first, total = own.iloc[0], float(values.sum())
    schools = count_words(int(first["ranked_schools"]), "школы", "школ", "школ")
    place = (
        f"Место {format_number(first['rank'])} из {schools} группы «{first['group']}» (первое — самый низкий индекс)."
    )
    if first["marginal_id"] == first["school_id"]:
        return f"{place} Школа сама пограничная: последняя в группе «{rules.band_titles[rules.worse_band]}»."
    marginal = name_school(identified, int(first["year"]), first["marginal_id"])
    what = "Индекс" if rules.aggregation.kind == "arithmetic" else "Логарифм индекса"
    side = "выше" if total > 0 else "ниже"
    text = f"{place} {what} {side} на {format_number(abs(total), 3)}, чем у пограничной школы ({marginal})."
    for verb, named in (("прибавляют", values[values > SLIGHT][::-1]), ("отнимают", values[values < -SLIGHT])):
        parts = [f"{quote_title(str(title))} ({format_number(value, 3)})" for title, value in named.items()]
        text += f" Больше всего {verb} {join_words(parts[:MOST_NAMED])}." if parts else ""
    same = int((values.abs() <= SLIGHT).sum())
    number = count_words(same, "показателю", "показателям", "показателям")
    return f"{text} По {number} отличия почти нет." if same else text


def tabulate_school_decisions(decisions: Decisions, identified: Identified, school_id: str | None) -> Table | Text:
    """Every list of the year for one school: whether it is on it, and what would have changed that."""
    own = decisions.rows[decisions.rows["school_id"] == school_id]
    if own.empty:
        return Text(("Списков за этот год нет, объяснять нечего.",), kind="note")
    year = int(own["year"].iloc[0])
    frame = pd.DataFrame(
        {
            "Список": own["list"],
            "В списке": own["is_member"].map({True: "да", False: "нет"}).fillna(NO_DATA),
            "Учеников до границы": own["pupils"],
            "Что изменило бы решение": own["sentence"],
        }
    )
    title = f"Что изменило бы решение: {name_school(identified, year, school_id)}, {year} год"
    return Table("Решения о школе", title, frame, note=DECISION_NOTE)
