"""Why this school: parts of its index as a table and a chart."""

from functools import partial

import pandas as pd

from effschool.display import Table
from effschool.identify import Identified
from effschool.indicators import KEY
from effschool.methodology import Domain, DomainRules, Methodology
from effschool.russian import count_words, format_number


def tabulate_index_parts(
    parts: pd.DataFrame, identified: Identified, methodology: Methodology, school_id: str, domain: Domain
) -> Table:
    """Why this school: its indicators, what each adds to the index and to the distance from the marginal school."""
    own = parts[(parts["school_id"] == school_id) & (parts["domain"] == domain)]
    rules, titles = methodology.domains[domain], {item.id: item for item in methodology.domains[domain].indicators}
    frame = pd.DataFrame(
        {
            "Показатель": own["indicator"].map(lambda name: f"{titles[name].title}, {titles[name].unit}"),
            "Значение": own["raw"],
            "От 0 до 1": own["normalised"],
            "Вес": own["weight"],
            "Вклад": own["contribution"],
            "Отличие от пограничной школы": own["distance"],
        }
    ).sort_values("Отличие от пограничной школы", kind="stable")
    total = {"Показатель": "Вместе", **frame[["Вес", "Вклад", "Отличие от пограничной школы"]].sum(min_count=1)}
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    year = int(parts["year"].iloc[0])
    names = identified.schools.set_index(KEY)["name"]
    formats = {name: partial(_format_any, digits=1 if name == "Значение" else 3) for name in frame.columns[1:]}
    title = f"{rules.title}: вклад показателей, {names.get((year, school_id), school_id)}, {year} год"
    return Table("Вклад показателей", title, frame, formats, _say_place(own, rules))


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
