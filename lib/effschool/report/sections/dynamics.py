"""What notebook 03 shows: flows, transitions and turnover, time on a list, level and change, cohorts of pupils.

Every function takes the tables of the whole region; a `year` cuts off what is later, and changes no value.
"""

import pandas as pd

from effschool.base.russian import count_words, format_number, format_percent, join_words
from effschool.dynamics.follow import Dynamics
from effschool.dynamics.leaving import (
    GONE,
    LEFT,
    MOVED,
    STILL,
    UNKNOWN,
    UNRANKED,
    clip_spells,
    count_endings,
    count_returns,
    estimate_leaving,
)
from effschool.dynamics.paths import LIST_COLUMNS, list_covered_lists, share_lists, stack_lists
from effschool.dynamics.transitions import (
    ABSENT,
    NOT_LISTED,
    NOT_RANKED,
    list_ranked_years,
    share_transitions,
    spread_states,
)
from effschool.method.methodology import Domain, Methodology
from effschool.report import charts, dynamics_charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.portfolio import keep_latest, name_watched_lists, order_names
from effschool.report.sections.municipality import (
    NONE,
    SCHOOLS,
    colour_bands,
    index_value,
    name_domain_sheet,
    say_missing,
    show_percent,
)

STATES = {NOT_RANKED: "не ранжирована", ABSENT: "нет в реестре или не участвует"}
PLACES = {"group": "Группа", "municipality": "Муниципалитет", "locality": "Местность"}


def chart_flows(dynamics: Dynamics, methodology: Methodology, domain: Domain, year: int | None = None) -> Chart | Text:
    """Flows of schools between the bands of a domain over all years."""
    rules = methodology.domains.get(domain)
    years = [] if rules is None else list_ranked_years(dynamics.paths, domain)
    years = [known for known in years if year is None or known <= year]
    if rules is None or not years:
        return say_missing("Переходы школ между группами по годам")
    states = spread_states(dynamics.paths, f"{domain}_band", NOT_RANKED, years)
    order = reversed(rules.band_titles) if rules.better == "high" else iter(rules.band_titles)
    titles = {band: rules.band_titles[band] for band in order} | STATES
    colours = colour_bands(rules) | {NOT_RANKED: "#6b6b6b", ABSENT: "white"}
    title = f"{rules.title}: группы школ по годам и переходы между ними, школ"
    return make_flows(states, titles, colours, f"flows-{domain}", title)


def chart_list_flows(dynamics: Dynamics, methodology: Methodology) -> Chart | Text:
    """Flows of schools between the lists of results."""
    years = list_covered_lists(dynamics.paths, methodology)[LIST_COLUMNS["results"]]
    if not years:
        return say_missing("Переходы школ между списками по годам")
    states = spread_states(dynamics.paths, LIST_COLUMNS["results"], NOT_LISTED, years)
    rules = methodology.domains["results"]
    statuses = {status.status: str(status.band) for status in methodology.lists.results}
    shades = {str(rules.worse_band): iter(("#7a1f04", charts.WORSE, "#ef9a6b")), "mid": iter(("#8a6100",))}
    better = iter((charts.BETTER, "#8db4dd"))
    colours = {name: next(shades.get(band, better), charts.REGION) for name, band in statuses.items()}
    colours |= {NOT_LISTED: charts.MIDDLE, ABSENT: "white"}
    lower = [name for name, band in statuses.items() if band == rules.worse_band]
    order = [*(name for name in statuses if name not in lower), NOT_LISTED, *reversed(lower), ABSENT]
    titles = {name: name for name in order} | {NOT_LISTED: "вне списков", ABSENT: STATES[ABSENT]}
    title = "Списки по результатам: школы по годам и переходы между списками, школ"
    return make_flows(states, titles, colours, "flows-lists", title)


def make_flows(states: pd.DataFrame, titles: dict[str, str], colours: dict[str, str], key: str, title: str) -> Chart:
    """Flows of the given schools: a row of `states` per school, a column per calendar year."""
    counts = states.apply(lambda column: column.value_counts()).reindex(titles).dropna(how="all")
    missing = [str(year) for year in states if states[year].isna().all()]
    figure = dynamics_charts.draw_flows(states, titles, colours)
    table = counts.fillna(0).astype("Int64")
    table[[int(year) for year in missing]] = pd.NA
    frame = table.rename(index=titles, columns=str).rename_axis("Состояние").reset_index()
    sheet = {"flows-results": "Потоки результаты", "flows-social": "Потоки условия"}.get(key, "Потоки списки")
    return Chart(key, title, _say_flows(states, missing), figure, Table(sheet, title, frame))


def _say_flows(states: pd.DataFrame, missing: list[str]) -> Said:
    known = [year for year in states if str(year) not in missing]
    first, last = known[0], known[-1]
    steady = states[known].eq(states[first], axis=0).all(axis=1) & ~states[first].isin([NOT_RANKED, ABSENT])
    sentence = say(
        "Все известные годы ({years}, {first}–{last}) без перемен: {steady} из {all}."
        if len(known) > 1
        else "Данные есть за один год ({first}), переходов ещё нет.",
        years=count(len(known), "год", "года", "лет"),
        first=words(first),
        last=words(last),
        steady=count(int(steady.sum()), *SCHOOLS),
        all=number(len(states)),
    )
    gaps = words(join_words(missing))
    unknown = say("Данных нет: {gaps}; что было между соседними годами, неизвестно.", gaps=gaps) if missing else ""
    return join(
        [sentence, unknown, "Полоса — школы, перешедшие из одного состояния в другое; бледная — оставшиеся в том же."]
    )


def tabulate_transitions(dynamics: Dynamics, methodology: Methodology, domain: Domain, by: str) -> Table | Text:
    """Transition matrices of the last pair of years, by group, municipality or locality, with counts and shares."""
    last = select_pair(dynamics, domain)
    if last.empty:
        return say_missing("Переходы между группами")
    rules = methodology.domains[domain]
    titles = rules.band_titles | STATES
    shares = share_transitions(last, [by]).assign(place=lambda frame: frame[by].fillna("не указано"))
    square = shares.pivot_table(index=["place", "from_state"], columns="to_state", values="schools", fill_value=0)
    places = shares["place"].drop_duplicates().sort_values(key=order_names)
    rows = pd.MultiIndex.from_product([places, titles], names=square.index.names)
    square = square.reindex(rows[rows.isin(square.index)], columns=list(titles), fill_value=0).astype(int)
    own = shares[shares["from_state"] == shares["to_state"]].set_index(["place", "from_state"])["share_pct"]
    stayed = [
        format_percent(own.get(row, 0.0)) if row[1] in rules.band_titles else NONE
        for row in square.index.to_flat_index()
    ]
    frame = square.rename(columns=titles, index=titles, level=None).assign(stayed=stayed).reset_index()
    names = {"place": PLACES[by], "from_state": "Была", "stayed": "Осталась в той же"}
    before, after = int(last["from_year"].iloc[0]), int(last["to_year"].iloc[0])
    title = f"{rules.title}: переходы между {before} и {after} годами, {PLACES[by].lower()}, школ"
    key = f"{'Переходы' if domain == 'results' else 'Условия'} {PLACES[by].lower()}"
    return Table(key, title, frame.rename(columns=names))


def select_pair(dynamics: Dynamics, domain: Domain, year: int | None = None) -> pd.DataFrame:
    """Transitions into the last year that is not later than `year`."""
    found = dynamics.transitions[dynamics.transitions["domain"] == domain]
    found = found[found["to_year"] <= (year or found["to_year"].max())]
    return found[found["to_year"] == found["to_year"].max()]


def chart_transitions(
    dynamics: Dynamics, methodology: Methodology, domain: Domain, year: int | None = None
) -> Chart | Text:
    """Transitions into a year (the last one if none is given) from the year before: from band to band, in schools."""
    last = select_pair(dynamics, domain, year)
    if last.empty:
        return say_missing("Переходы между группами")
    rules = methodology.domains[domain]
    titles = {**rules.band_titles, **STATES}
    order = list(titles)
    square = last.pivot_table(index="from_state", columns="to_state", values="schools", aggfunc="sum", fill_value=0)
    square = square.reindex(index=order, columns=order, fill_value=0).rename(index=titles, columns=titles).astype(int)
    before, after = int(last["from_year"].iloc[0]), int(last["to_year"].iloc[0])
    ranked = square.iloc[:3, :3].to_numpy()
    stayed, total = int(ranked.trace()), int(ranked.sum())
    sentence = (
        f"Из {count_words(total, 'школы', 'школ', 'школ')}, ранжированных в оба года, в той же группе остались "
        f"{format_number(stayed)}. Школы, которых в одном из годов нет, показаны отдельно и неизменными не считаются."
    )
    figure = charts.draw_table_of_counts(square, f"{before} год", f"{after} год")
    frame = square.rename_axis(f"{before} → {after}").reset_index()
    title = f"{rules.title}: переходы школ между группами, {before} и {after} годы, школ"
    table = Table(name_domain_sheet("Переходы", domain), title, frame)
    return Chart(f"transitions-{domain}", title, sentence, figure, table)


def tabulate_turnover(dynamics: Dynamics, year: int | None = None) -> Table | Text:
    """Entries into and exits from the lists, up to a year."""
    moves = dynamics.turnover[dynamics.turnover["to_year"] <= (year or dynamics.turnover["to_year"].max())]
    if moves.empty:
        return say_missing("Движение списков")
    frame = pd.DataFrame(
        {
            "Список": moves["list"],
            "Годы": moves["from_year"].astype("str") + " → " + moves["to_year"].astype("str"),
            "Остались": moves["stayed"],
            "Вошли": moves["entered"],
            "Вышли": moves["left"],
            "Закрыты или не участвуют": moves["gone"],
        }
    )
    note = "Среди вышедших — и те, кто не ранжирован или перешёл в другой список той же группы."
    return Table("Движение", "Кто вошёл в списки и кто вышел из них, школ", frame, note=note)


def chart_cohorts(dynamics: Dynamics, year: int | None = None) -> Chart | Text:
    """Mean index of the programme's entry cohorts beside schools that never took part, up to a year."""
    last_year = year or dynamics.cohorts["year"].max()
    cohorts = dynamics.cohorts[dynamics.cohorts["year"] <= last_year]
    cohorts = cohorts[~(cohorts["entry_year"] > last_year).fillna(False)]
    if cohorts["entry_year"].notna().sum() == 0:
        return say_missing("Школы программы поддержки")
    named = cohorts.assign(cohort=[_name_cohort(year) for year in cohorts["entry_year"]])
    lines = named.pivot_table(index="year", columns="cohort", values="mean_index", aggfunc="first")
    change = (lines.iloc[-1] - lines.iloc[0]).drop(OUTSIDE, errors="ignore").dropna()
    grown, entries = int((change > 0).sum()), len(change)
    sentence = (
        f"Между {lines.index[0]} и {lines.index[-1]} годами средний индекс вырос у {grown} из {entries} когорт входа. "
        "Это не оценка пользы программы: в неё отбирают слабые школы, а самые слабые в среднем поднимаются "
        "и без поддержки."
    )
    frame = pd.DataFrame(
        {
            "Когорта": named["cohort"],
            "Год": named["year"].astype("str"),
            "Школ": named["schools"],
            "Средний индекс": named["mean_index"],
        }
    )
    title = "Индекс результатов школ программы по годам входа, среднее от 0 до 1"
    table = Table("Когорты", title, frame, {"Средний индекс": index_value})
    return Chart("cohorts", title, sentence, charts.draw_lines(lines, "средний индекс", [OUTSIDE]), table)


OUTSIDE = "не участвовали"


def _name_cohort(year: object) -> str:
    return OUTSIDE if pd.isna(year) else f"вход {year} г."


def tabulate_long_members(dynamics: Dynamics, names: list[str], schools: pd.DataFrame) -> Table | Text:
    """History in the words of the source for every school that was ever on one of the lists."""
    found = dynamics.memberships[dynamics.memberships["list"].isin(names)]
    if found.empty:
        return say_missing("История школ в списках")
    latest = keep_latest(schools)[["school_id", "name", "municipality"]]
    named = found.merge(latest, on="school_id", validate="many_to_one")
    named = named.sort_values(["municipality", "name", "list"], key=order_names)
    frame = named[["name", "municipality", "list", "history"]].set_axis(
        ["Школа", "Муниципалитет", "Список", "Годы"], axis=1
    )
    return Table("История", "Школы, которые были в списках", frame.reset_index(drop=True))


def tabulate_list_shares(dynamics: Dynamics, methodology: Methodology) -> Table | Text:
    """Share of all schools on every list, by year: «8 из 29 (27,6 %)»."""
    shares = share_lists(stack_lists(dynamics.paths, methodology), dynamics.paths)
    if shares.empty:
        return say_missing("Доля школ в списках")
    words = [
        f"{members} из {schools} ({format_percent(share)})"
        for members, schools, share in zip(shares["members"], shares["schools"], shares["share_pct"], strict=True)
    ]
    wide = shares.assign(words=words).pivot_table(index="list", columns="year", values="words", aggfunc="first")
    frame = wide.rename(columns=str).rename_axis("Список").reset_index()
    return Table("Доля школ", "Школ в списках из всех школ, участвующих в идентификации", frame)


ENDINGS = {
    LEFT: "Вышли",
    MOVED: "Перешли в другой список той же группы",
    STILL: "Ещё в списке",
    GONE: "Закрыты или не участвуют",
    UNRANKED: "Не ранжированы",
    UNKNOWN: "Списков за следующий год нет",
}


def chart_leaving(dynamics: Dynamics, methodology: Methodology) -> Chart | Text:
    """How long schools stay on the lists (Kaplan–Meier): those that entered under our eyes."""
    spells = select_spells(dynamics, methodology)
    shares = estimate_leaving(spells)
    if shares.empty:
        return say_missing("Сколько лет школы остаются в списке")
    kinds = {False: "вошли в годы наблюдения", True: "уже были в списке в первый год"}
    named = shares.assign(start=shares["is_truncated"].map(kinds))
    lines = {f"{name}: {start}": rows for (name, start), rows in named.groupby(["list", "start"], sort=False)}
    drawn = {name: rows for name, rows in lines.items() if name.endswith(kinds[True])} or lines
    title = "Сколько школ ещё не вышли из списка через несколько лет, %"
    frame = named[["list", "start", "years", "at_risk", "left", "still_pct", "low_pct", "high_pct"]]
    heads = ["Список", "Начало", "Лет", "Под наблюдением", "Вышли", "Ещё не вышли, %", "Не меньше, %", "Не больше, %"]
    table = Table(
        "Сколько лет", title, frame.set_axis(heads, axis=1), dict.fromkeys(heads[-3:], show_percent), LEAVING_NOTE
    )
    return Chart("leaving", title, _say_leaving(spells), dynamics_charts.draw_leaving(drawn, "ещё не вышли, %"), table)


LEAVING_NOTE = (
    "Оценка Каплана — Мейера: школы, которые ещё в списке, закрылись или не ранжированы, учитываются до последнего "
    "известного года и вышедшими не считаются; перейти в другой список той же группы — не значит выйти. «Не меньше» и "
    "«не больше» — пределы, в которых истинная доля лежит в 95 случаях из 100. Для школ, которые уже были в списке в "
    "первый год, настоящее начало неизвестно, и годы отсчитаны от этого первого года."
)


def select_spells(dynamics: Dynamics, methodology: Methodology, year: int | None = None) -> pd.DataFrame:
    """Spells on the lists of schools that need help, as they were known in a year, if one is given."""
    spells = dynamics.spells[dynamics.spells["list"].isin(name_watched_lists(methodology))]
    return spells if year is None else clip_spells(spells, year)


def _say_leaving(spells: pd.DataFrame) -> str:
    left, truncated = int((spells["ending"] == LEFT).sum()), int(spells["is_truncated"].sum())
    return (
        f"Из {count_words(len(spells), 'пребывания', 'пребываний', 'пребываний')} школ в списках выходом кончились "
        f"{format_number(left)}; у {format_number(truncated)} начало неизвестно: школа уже была в списке в первый год. "
        "Выход сам по себе не означает, что помогла поддержка: часть школ выходит по случайности."
    )


def tabulate_endings(dynamics: Dynamics, methodology: Methodology) -> Table | Text:
    """How stays on the lists ended, and how many schools came back."""
    spells = select_spells(dynamics, methodology)
    if spells.empty:
        return say_missing("Чем кончилось пребывание в списках")
    returned = count_returns(spells)["returned"]
    frame = count_endings(spells).rename(columns=ENDINGS | {"truncated": "Начало неизвестно"})
    frame["Вернулись после выхода"] = returned.reindex(frame.index).fillna(0).astype(int)
    return Table(
        "Выход и возврат", "Чем кончилось пребывание в списках, раз", frame.rename_axis("Список").reset_index()
    )
