"""Parts of pages about support (поддержка школ): partners, targets of programmes, plans of events.

What takes a `Portfolio` goes into a municipality's report and names its own schools only: the table of partners that
reports read has no codes of others. What takes tables is for the institute: notebook 03 and the region's page.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from effschool.base.russian import NO_DATA, format_number, format_percent
from effschool.dynamics.partners import CLOSE, IN_MUNICIPALITY, IN_REGION
from effschool.method.methodology import Methodology
from effschool.report.display import Table, Text
from effschool.report.drawings import draw_strip
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.facts import percent as share
from effschool.report.portfolio import REGION_ROW, Portfolio, order_names, spread_bands
from effschool.report.privacy import suppress_small
from effschool.report.sections.municipality import NONE, OF_SCHOOLS, number_schools, percent, say_missing
from effschool.support.participants import ELSEWHERE, choose_participants
from effschool.support.programmes import Programme
from effschool.support.roadmap import AHEAD, CANCELLED, DONE, GOES_ON, NO_TERM, OVERDUE, SOON, share_done
from effschool.support.targets import STATES, find_unused_facts

EVENTS = ("мероприятие", "мероприятия", "мероприятий")
OF_EVENTS = ("мероприятия", "мероприятий", "мероприятий")
GOALS = {"at_least": "не менее", "at_most": "не более", "more_than": "больше"}
SHOWN_YEARS = 3


# Schools of projects


def tabulate_participants(portfolio: Portfolio) -> Table | Text:
    """Own schools of projects of support: since when, who curates, the partner, their bands since the year before."""
    known, schools = portfolio.workspace.support.participants, portfolio.schools.set_index("school_id")
    own = known[known["school_id"].isin(schools.index)] if len(known) else known
    rows = choose_participants(own, portfolio.year).sort_values("entry_year", kind="stable") if len(own) else own
    if rows.empty:
        return Text(("В проектах поддержки школы муниципалитета в этом году не участвуют.",), kind="note")
    rules, bands = portfolio.workspace.methodology.domains.get("results"), spread_bands(portfolio, "results")
    numbers = rows["school_id"].map(schools["number"])
    paths = [
        {year: band for year, band in bands.loc[number].items() if year >= entry - 1}
        for number, entry in zip(numbers, rows["entry_year"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Школа": number_schools(schools).reindex(rows["school_id"]).to_numpy(),
            "Проект": rows["project"].array,
            "С года": rows["entry_year"].astype("str").array,
            "Куратор": rows["curator"].fillna(NONE).array,
            "Школа-партнёр": rows["partner"].fillna(NONE).array,
            PATH: [_say_path(path, rules.band_titles if rules else {}) for path in paths],
        }
    )
    drawings = {DRAWN_PATH: [draw_strip(path, rules.band_marks, rules.worse_band) for path in paths]} if rules else {}
    shown = tuple(name for name in frame if name != PATH)
    title = f"Школы в проектах поддержки, {portfolio.year} год"
    note = "Клетки — место по результатам среди школ той же группы, с года до включения." if rules else ""
    return Table("Проекты", title, frame, note=note, drawings=drawings, shown=(*shown, *drawings), folds=True)


def describe_participation(portfolio: Portfolio) -> pd.DataFrame:
    """The project of every school that takes part, with curator and partner: school_id, text."""
    known = portfolio.workspace.support.participants
    rows = choose_participants(known, portfolio.year) if len(known) else pd.DataFrame(columns=["school_id"])
    own = rows[rows["school_id"].isin(portfolio.schools["school_id"])]
    told = [_say_participation(row) for row in own.itertuples()]
    return pd.DataFrame({"school_id": own["school_id"], "text": told}, columns=["school_id", "text"])


def _say_participation(row: Any) -> Said:
    named = (("куратор", row.curator), ("школа-партнёр", row.partner))
    people = [say(f"; {who} — {{name}}", name=words(name)) for who, name in named if pd.notna(name)]
    entry = say("В проекте «{project}» с {year} года", project=words(row.project), year=words(row.entry_year))
    return join([entry, *people, "."], "")


PATH, DRAWN_PATH = "Результаты с года до включения", "Результаты"


def _say_path(path: Mapping[int, object], titles: Mapping[str, str]) -> str:
    return "; ".join(f"{year} — {titles.get(str(band), 'нет')}" for year, band in path.items())


# Partners


def tabulate_partners(portfolio: Portfolio) -> Table | Text:
    """Close and lastingly better schools for own schools that need help: of others only that there is one.

    A school of others is named where the institute has approved the pair, and nothing stands between the two.
    """
    known = choose_partners(portfolio)
    close = known[known["kind"] == CLOSE] if len(known) else known
    if close.empty:
        return _say_no_need(portfolio) or say_missing("Похожие школы с лучшими результатами")
    found = close.dropna(subset="partner").groupby("name", sort=False)["partner"].agg(say_partners)
    without = close["name"].nunique() - len(found)
    lacking = say(NO_PARTNER, none=number(without), all=count(close["name"].nunique(), *OF_SCHOOLS))
    note = join([PARTNER, lacking if without else ""])
    if found.empty:
        return Text((note,), kind="note")
    frame = found.rename_axis("Школа").rename("У кого учиться").reset_index()
    return Table(
        "Похожие школы", f"Похожие школы с лучшими результатами, {portfolio.year} год", frame, note=note, folds=True
    )


PARTNER = (
    "Похожая школа — той же группы, близкая по условиям, числу учеников и местности, с результатами выше во все годы "
    "окна, которой ни сейчас, ни год назад не нужна помощь по результатам."
)
NO_PARTNER = "Не нашлось похожих для {none} из {all}, которым нужен партнёр: для них его подберёт институт."


def say_partners(names: pd.Series) -> str:
    """Partners of one school: own schools of the municipality by name, of others only that there is one."""
    own = list(dict.fromkeys(name for name in names if name != ELSEWHERE))
    return "; ".join([*own, ASK_INSTITUTE] if len(own) < len(names) else own)


ASK_INSTITUTE = "другой муниципалитет: спросите институт"


def tabulate_named_partners(partners: pd.DataFrame, schools: pd.DataFrame, methodology: Methodology) -> Table | Text:
    """The same for the whole region, all schools by name: for the institute."""
    return _tabulate_close(_name_schools(partners, schools), methodology)


def _tabulate_close(table: pd.DataFrame, methodology: Methodology) -> Table | Text:
    close = table[table["kind"] == CLOSE]
    if close.empty:
        return say_missing("Похожие школы с лучшими результатами")
    frame = _list_names(close).assign(
        **{
            "Похожая школа": close["partner"].fillna(close["reason"]),
            "Чем отличается": [describe_difference(row) for row in close.itertuples()],
            "Индекс результатов выше на": [_describe_gain(row) for row in close.itertuples()],
            "Особенность": close["resilience"].fillna(NONE),
        }
    )
    title = f"Похожие школы с лучшими результатами, {close['year'].iloc[0]} год"
    return Table("Похожие школы", title, frame.reset_index(drop=True), note=_describe_choice(close, methodology))


def _say_no_need(portfolio: Portfolio) -> Text | None:
    """A note where partners are known for the year and no own school needs one."""
    partners = portfolio.workspace.support.partners
    is_known = len(partners) and (partners["year"] == portfolio.year).any()
    if not is_known or partners["school_id"].isin(portfolio.schools["school_id"]).any():
        return None
    return Text(("Школ, которым нужен партнёр, в муниципалитете нет.",), kind="note")


def choose_partners(portfolio: Portfolio) -> pd.DataFrame:
    """Partners of own schools, with names of own schools and of those that the institute has approved for one."""
    partners, names = portfolio.workspace.support.partners, portfolio.schools.set_index("school_id")["name"]
    pairs = portfolio.workspace.support.approved
    known = pd.DataFrame(columns=["kind", "school_id", "name", "partner"])
    if len(partners):
        own = partners[partners["school_id"].isin(names.index) & (partners["year"] == portfolio.year)]
        known = _name_schools(own, portfolio.schools).drop(columns="municipality")
    if pairs.empty:
        return known
    own = pairs[pairs["school_id"].isin(names.index)]
    told = own.assign(kind=CLOSE, name=own["school_id"].map(names))[["kind", "school_id", "name", "partner"]]
    is_named = known["school_id"].isin(own["school_id"]) & known["partner"].eq(ELSEWHERE)
    both = pd.concat([told, known[~is_named]], ignore_index=True)
    return both.sort_values(["name", "school_id"], key=order_names, kind="stable")


def _name_schools(partners: pd.DataFrame, schools: pd.DataFrame) -> pd.DataFrame:
    """Rows with `name`, `municipality` and `partner`, by municipality and name; a partner not given is not named."""
    known = schools.merge(partners[["year"]].drop_duplicates(), on="year").set_index("school_id")
    full = known["name"] + ", " + known["municipality"]
    other = partners["partner_id"].map(full).fillna(ELSEWHERE)
    partner = other.where(~partners["is_own"].fillna(False).astype(bool), partners["partner_id"].map(known["name"]))
    named = partners.assign(
        name=partners["school_id"].map(known["name"]),
        municipality=partners["school_id"].map(known["municipality"]),
        partner=partner.where(partners["distance"].notna()),
    )
    named = named.sort_values(["place"], kind="stable")
    return named.sort_values(["municipality", "name", "school_id"], key=order_names, kind="stable")


def _list_names(rows: pd.DataFrame) -> pd.DataFrame:
    titles = {"name": "Школа", "school_id": "Код", "municipality": "Муниципалитет"}
    return rows[[name for name in titles if name in rows]].rename(columns=titles)


def describe_difference(row: object) -> str:
    """What differs between a school and its partner, in words, with the distance; a dash where there is no partner."""
    values = {name: getattr(row, name) for name in ("distance", "social_gap", "size_ratio", "same_locality")}
    if pd.isna(values["distance"]):
        return NONE
    place = "местность та же" if values["same_locality"] else "местность другая"
    distance = f"расстояние {format_number(values['distance'], 2)}"
    return ", ".join([_describe_social(values["social_gap"]), _describe_size(values["size_ratio"]), place, distance])


def _describe_social(gap: float) -> str:
    shown = format_number(abs(gap), 2)
    if not any(digit in shown for digit in "123456789"):
        return "условия такие же"
    return f"условия {'тяжелее' if gap > 0 else 'легче'} на {shown}"


def _describe_size(ratio: float) -> str:
    if ratio >= 2 or ratio <= 1 / 2:
        times = format_number(max(ratio, 1 / ratio), 1)
        return f"учеников {'больше' if ratio > 1 else 'меньше'} в {times} раза"
    shown = format_percent(100 * abs(ratio - 1), 0)
    if shown.startswith("0"):
        return "учеников столько же"
    return f"учеников {'больше' if ratio > 1 else 'меньше'} на {shown}"


def _describe_gain(row: object) -> str:
    least, most = (getattr(row, name) for name in ("gain_least", "gain_most"))
    if pd.isna(least):
        return NONE
    shown = [format_number(value, 2) for value in (least, most)]
    return "–".join(dict.fromkeys(shown))


def _describe_choice(close: pd.DataFrame, methodology: Methodology) -> str:
    rules, by_school = methodology.partners, close.groupby("school_id")["distance"].count()
    if rules is None:
        return ""
    with_some, few = int((by_school > 0).sum()), int(by_school.between(1, rules.least - 1).sum())
    return say(
        "Помощь нужна {needy}; хотя бы одна похожая нашлась для {found}, из них меньше {least} похожих у {few}. "
        "Похожая "
        "школа — той же группы, близкая по социальным условиям, численности и местности; её индекс результатов во все "
        "годы окна выше не меньше чем на {better}, и в низких списках её нет. Расстояние {one} — различие "
        "индекса условий "
        "на {social} или численности в {size} раза; дальше {caliper} школа не считается близкой. Сначала названы школы "
        "своего муниципалитета, потом региона, внутри — по близости, а не по результатам.",
        needy=count(len(by_school), "школе", "школам", "школам"),
        found=number(with_some),
        least=number(rules.least),
        few=number(few),
        better=number(rules.better_by, 2),
        one=number(1),
        social=number(rules.social_index, 2),
        size=number(rules.size_ratio),
        caliper=number(rules.caliper, 1),
    )


def tabulate_named_assignment(partners: pd.DataFrame, schools: pd.DataFrame, methodology: Methodology) -> Table | Text:
    """The same for the whole region, all schools by name: for the institute."""
    return _tabulate_given(_name_schools(partners, schools), methodology)


def _tabulate_given(table: pd.DataFrame, methodology: Methodology) -> Table | Text:
    rules = methodology.partners
    given = {kind: table[table["kind"] == kind] for kind in (IN_MUNICIPALITY, IN_REGION)}
    if rules is None or given[IN_REGION].empty:
        return say_missing("Закрепление партнёров")
    own, region = (rows.set_index("school_id") for rows in given.values())
    frame = _list_names(region).assign(
        **{
            "Партнёр в муниципалитете": (own["partner"].fillna(own["reason"])).reindex(region.index),
            "Партнёр в регионе": region["partner"].fillna(region["reason"]),
        }
    )
    counts = [int(rows["partner"].notna().sum()) for rows in given.values()]
    note = say(
        "У партнёра не больше {served}; партнёр есть у наибольшего возможного числа школ, а среди таких закреплений "
        "выбрано самое близкое. В пределах муниципалитетов партнёр есть у {own} из {all}, в пределах региона — у "
        "{region}.",
        served=count(rules.per_partner, *OF_SCHOOLS),
        own=number(counts[0]),
        all=count(len(region), *OF_SCHOOLS),
        region=number(counts[1]),
    )
    title = f"Закрепление школ-партнёров, {region['year'].iloc[0]} год"
    return Table("Закрепление", title, frame.reset_index(drop=True), note=note)


# Targets


def tabulate_targets(portfolio: Portfolio) -> Table | Text:
    """Targets of programmes in the municipality beside the region, of the last year with a plan."""
    targets = portfolio.workspace.support.targets
    if targets.empty:
        return say_missing("Цели программ")
    latest = choose_latest(targets, portfolio.year)
    own = latest[latest["municipality"] == portfolio.municipality]
    keys = ["programme", "title", "year"]
    region = latest.loc[latest["municipality"].isna(), [*keys, "fact", "unit", "schools"]]
    both = own.merge(region, how="left", on=keys, suffixes=("", "_region"), validate="one_to_one")
    others = both["schools_region"] - both["schools"].fillna(0)
    both = both.assign(fact_region=suppress_small(both["fact_region"], others))
    both = both[both[["fact", "fact_region"]].notna().any(axis=1)]
    if both.empty:
        return say_missing("Цели программ")
    frame = _list_targets(both).assign(
        **{
            "По региону": [say_value(row.fact_region, row.unit) for row in both.itertuples()],
            "Откуда": both["origin"].to_numpy(),
        }
    )
    title, shown = f"Цели программ: план и факт, {portfolio.year} год", tuple(frame.columns[:-1])
    return Table("Цели", title, frame, note=join([OTHERS_PLANS, _count_states(both)]), shown=shown)


def tabulate_region_targets(targets: pd.DataFrame, year: int) -> Table | Text:
    """Targets of programmes in the region: the last years with a plan up to the year."""
    region = targets[targets["municipality"].isna() & (targets["year"] <= year)] if len(targets) else targets
    if region.empty:
        return say_missing("Цели программ")
    region = region[region.groupby(["programme", "title"])["year"].rank(ascending=False) <= SHOWN_YEARS]
    frame = _list_targets(region).assign(Откуда=region["origin"].to_numpy())
    latest = choose_latest(region, year)
    return Table("Цели региона", f"Цели программ: план и факт региона по {year} год", frame, note=_count_states(latest))


def tabulate_target_places(targets: pd.DataFrame, year: int) -> Table | Text:
    """How the targets stand in every municipality: numbers of targets by state."""
    own = choose_latest(targets, year).dropna(subset="municipality") if len(targets) else targets
    if own.empty:
        return say_missing("Цели программ по муниципалитетам")
    counts = pd.crosstab(own["municipality"], own["state"]).reindex(columns=list(STATES), fill_value=0)
    frame = counts.sort_index(key=order_names).rename_axis("Муниципалитет").rename_axis(columns=None).reset_index()
    title = f"Цели программ по муниципалитетам, {year} год, показателей"
    note = "Для каждого показателя взят последний год, на который есть план. Порядок алфавитный: таблица не рейтинг."
    return Table("Цели по местам", title, frame, note=note)


def choose_latest(targets: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of the last year with a plan, not after the year given, of every target."""
    known = targets[targets["year"] <= year]
    return known[known["year"] == known.groupby(["programme", "title"])["year"].transform("max")]


def _list_targets(rows: pd.DataFrame) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "Показатель": rows["title"],
            "Программа": rows["programme_title"],
            "Год": rows["year"].astype("str"),
            "План": [f"{GOALS[row.goal]} {say_value(row.plan, row.unit)}" for row in rows.itertuples()],
            "Факт": [say_value(row.fact, row.unit) for row in rows.itertuples()],
            "Состояние": rows["state"],
        }
    )
    return frame.reset_index(drop=True)


def say_value(value: float, unit: str) -> str:
    """A value with its unit; whole numbers without digits."""
    digits = 0 if pd.notna(value) and float(value).is_integer() else 1
    if unit == "%":
        return format_percent(value, digits)
    shown = format_number(value, digits)
    return shown if shown == NO_DATA else f"{shown} {unit}"


OTHERS_PLANS = "Планы — из программ, названных в таблице; факты, кроме вычисленных, — из таблицы института как есть."


def _count_states(rows: pd.DataFrame) -> Said:
    counts = rows["state"].value_counts()
    listed = [say("{state} — {number}", state=words(state), number=number(counts.get(state, 0))) for state in STATES]
    return join(
        [
            "По последним годам с планом: ",
            join(listed, ", "),
            ". «Под угрозой» — до плана недостаёт немного. Самые слабые школы года в среднем поднимаются и без помощи: "
            "положительная динамика сама по себе пользы программы не доказывает.",
        ],
        "",
    )


def list_unused_facts(facts: pd.DataFrame, programmes: Sequence[Programme], schools: pd.DataFrame) -> Text:
    """Rows of the institute's table of facts that no target takes, each with the reason."""
    lost = find_unused_facts(facts, programmes, list(schools["municipality"].unique()))
    return Text(tuple(lost) or ("Все строки таблицы фактов учтены.",), kind="note" if lost else "plain")


# Events

URGENCY = (OVERDUE, SOON, GOES_ON, AHEAD, NO_TERM, DONE, CANCELLED)
FEW = 3
"""So many events stand on the page where nothing is late or near."""
ON_PAGE = ("Мероприятие", "Срок", "Ответственный", "Состояние")


def tabulate_own_events(portfolio: Portfolio) -> Table | Text:
    """Events of the municipality's plans."""
    roadmap = portfolio.workspace.support.roadmap
    own = roadmap[roadmap["municipality"] == portfolio.municipality] if len(roadmap) else roadmap
    return tabulate_events(own, portfolio.municipality)


def tabulate_region_events(roadmap: pd.DataFrame) -> Table | Text:
    """Events of the region's own plans."""
    return tabulate_events(roadmap[roadmap["municipality"].isna()] if len(roadmap) else roadmap, REGION_ROW)


def tabulate_events(events: pd.DataFrame, place: str) -> Table | Text:
    """Events of plans, the most urgent first: late and near ones on the page, all in the workbook."""
    if events.empty:
        return say_missing("Дорожная карта")
    rank = {state: place for place, state in enumerate(URGENCY)}
    ordered = events.assign(rank=events["state"].map(rank)).sort_values(["rank", "end", "programme", "number"])
    urgent = int(events["state"].isin([OVERDUE, SOON]).sum())
    columns = {
        "event": "Мероприятие",
        "number": "№",
        "programme": "Программа",
        "term": "Срок",
        "responsible": "Ответственный",
        "expected": "Ожидаемый результат",
        "state": "Состояние",
        "done": "Дата выполнения",
    }
    frame = ordered[list(columns)].rename(columns=columns).fillna(NONE).reset_index(drop=True)
    title = f"Дорожная карта, {place}: просроченное и ближайшее, {_say_day(events)}"
    note = _describe_events(events)
    return Table("Дорожная карта", title, frame, note=note, shown=ON_PAGE, first=urgent or FEW)


def _say_day(events: pd.DataFrame) -> str:
    day = events["seen_on"].iloc[0]
    return "день, на который известны отметки, не назван" if pd.isna(day) else f"состояние на {day:%d.%m.%Y}"


def _describe_events(events: pd.DataFrame) -> Said:
    counts = events["state"].value_counts()
    due, done = int(events["is_due"].sum()), int((events["is_due"] & events["state"].eq(DONE)).sum())
    return say(
        f"Срок наступил у {{due}}, выполнено из них {{done}}{' ({share})' if due else ''}. Просрочено {{late}}, "
        "срок близко у {soon}. Всего в плане {all}.",
        due=count(due, *OF_EVENTS),
        done=number(done),
        share=share(100 * done / due if due else None),
        late=number(counts.get(OVERDUE, 0)),
        soon=number(counts.get(SOON, 0)),
        all=count(len(events), *EVENTS),
    )


def _say_place(place: str, known: set[str]) -> str:
    return REGION_ROW if not place else place if place in known else f"{place} (нет в реестре школ)"


NO_PLAN = "Отменённые мероприятия не считаются. Мест, от которых плана программы в файлах нет: {lacking}."


def tabulate_roadmap_shares(roadmap: pd.DataFrame, schools: pd.DataFrame) -> Table | Text:
    """Share of events carried out by programme and place; a municipality without a plan is named as well."""
    if roadmap.empty:
        return say_missing("Выполнение дорожных карт")
    shares = share_done(roadmap)
    known = schools["municipality"].drop_duplicates().sort_values(key=order_names)
    places = [*known, *sorted(set(roadmap["municipality"].dropna()) - set(known))]
    counts = pd.crosstab([roadmap["programme"], roadmap["municipality"].fillna("")], roadmap["state"])
    rows = pd.MultiIndex.from_product([shares["programme"].unique(), ["", *places]])
    table = (
        shares.assign(municipality=shares["municipality"].fillna(""))
        .set_index(["programme", "municipality"])
        .reindex(rows)
    )
    frame = pd.DataFrame(
        {
            "Где": [_say_place(place, set(known)) for _, place in rows],
            "Программа": [programme for programme, _ in rows],
            "Мероприятий": table["planned"],
            "Срок наступил": table["due"],
            "Из них выполнено": table["done"],
            "Выполнено, %": table["done_pct"],
            **{state.capitalize(): counts.reindex(rows).get(state, 0) for state in (OVERDUE, SOON, NO_TERM)},
        }
    ).reset_index(drop=True)
    frame = frame.astype({name: "Int64" for name in frame if frame[name].dtype == "float64" and name != "Выполнено, %"})
    frame = frame.sort_values("Мероприятий", key=pd.isna, kind="stable", ignore_index=True)
    lacking = int(frame["Мероприятий"].isna().sum())
    note = say(NO_PLAN, lacking=number(lacking))
    title = f"Выполнение дорожных карт: {_say_day(roadmap)}"
    key, formats = "Выполнение планов", {"Выполнено, %": percent}
    return Table(key, title, frame, formats, note=note, first=len(frame) - lacking)
