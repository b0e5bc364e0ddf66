"""Partners of schools that need help (школы-партнёры).

What takes a `Portfolio` goes into a municipality's report and names its own schools only: the table of partners that
reports read has no codes of others. What takes tables is for the institute: notebook 03_support and the region's page.
"""

import pandas as pd

from effschool.base.russian import format_number, format_percent
from effschool.dynamics.partners import CLOSE, IN_MUNICIPALITY, IN_REGION
from effschool.method.methodology import Methodology
from effschool.report.display import Table, Text
from effschool.report.facts import Said, count, join, number, say, words
from effschool.report.portfolio import Portfolio, order_names
from effschool.report.sections.municipality import NONE, OF_SCHOOLS, say_missing
from effschool.support.participants import ELSEWHERE


def tabulate_partners(portfolio: Portfolio) -> Table | Text:
    """Close and lastingly better schools for own schools that need help: of others only that there is one.

    A school of others is named where the institute has approved the pair, and nothing stands between the two.
    """
    known = choose_partners(portfolio)
    close = known[known["kind"] == CLOSE] if len(known) else known
    if close.empty:
        return _say_no_need(portfolio) or say_missing("Похожие школы с лучшими результатами")
    found = close.dropna(subset="partner").groupby("name", sort=False)["partner"].agg(say_partners)
    without, is_named = close["name"].nunique() - len(found), found != ASK_INSTITUTE
    lacking = say(NO_PARTNER, none=number(without), all=count(close["name"].nunique(), *OF_SCHOOLS))
    elsewhere = _say_elsewhere(portfolio, found.index[~is_named])
    told = [elsewhere, lacking if without else ""]
    if not is_named.any():
        return Text((join(told),))
    frame = pd.concat([found[is_named], found[~is_named]]).rename_axis("Школа").rename("У кого учиться").reset_index()
    title = f"Похожие школы с лучшими результатами, {portfolio.year} год"
    return Table("Похожие школы", title, frame, note=join([*told, PARTNER]), first=int(is_named.sum()), folds=True)


def _say_elsewhere(portfolio: Portfolio, names: pd.Index) -> Said | str:
    """Own schools whose similar schools are all in other municipalities, by their numbers."""
    numbers = portfolio.register.loc[portfolio.register["name"].isin(names), "number"].sort_values()
    if numbers.empty:
        return ""
    return say(ONLY_ELSEWHERE, schools=words(", ".join(numbers.astype("str"))))


ONLY_ELSEWHERE = "Для № {schools} похожие школы с лучшими результатами — в других муниципалитетах: назовёт институт."
PARTNER = (
    "Похожая школа — той же группы, близкая по условиям, численности и местности, с результатами выше во все годы "
    "окна; помощь по результатам ей не нужна."
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
