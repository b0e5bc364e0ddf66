"""Parts of the region's page (сводная страница региона): the whole region, its municipalities and its lists."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from effschool import charts
from effschool.display import Chart, Figures, Links, Table, Text
from effschool.dynamics import FIOKO_LIST
from effschool.methodology import Domain
from effschool.portfolio import REGION_ROW, RegionYear, count_bands, count_members, list_municipalities, order_names
from effschool.russian import count_words, format_number, format_percent
from effschool.sections import (
    NONE,
    SCHOOLS,
    colour_bands,
    find_rules,
    index_value,
    name_watched_lists,
    percent,
    say_missing,
)


def describe_region(region: RegionYear) -> Text:
    """The region in a few sentences."""
    schools = region.region_schools
    municipalities = schools["municipality"].nunique()
    first = (
        f"{region.workspace.region.name}, {region.year} год: {count_words(len(schools), *SCHOOLS)} в идентификации, "
        f"{count_words(municipalities, 'муниципалитет', 'муниципалитета', 'муниципалитетов')}."
    )
    ranked = int(count_bands(schools, "results").sum())
    second = f"По результатам ранжировано {count_words(ranked, *SCHOOLS)}; остальным не хватило данных."
    return Text(
        (first, second if ranked < len(schools) else f"По результатам ранжированы все {format_number(ranked)}.")
    )


def show_region_figures(region: RegionYear) -> Figures | Text:
    """Numbers of schools on the lists of the year."""
    if not region.has_lists:
        years = ", ".join(map(str, region.workspace.methodology.lists.window.list_years(region.year)))
        return Text((f"Списки за {region.year} год не составлены: нужны данные за {years} годы.",), kind="note")
    schools = region.region_schools
    rows = [(name, count_members(schools, name)) for name in name_watched_lists(region)]
    shares = [(name, format_number(n), f"{format_percent(100 * n / len(schools))} школ") for name, n in rows]
    return Figures(tuple(shares))


def link_reports(run: Path, region: RegionYear) -> Links:
    """Links to the reports of all municipalities; one without a report is named with the reason."""
    known = json.loads(run.read_text(encoding="utf-8"))["reports"] if run.is_file() else {}
    names = list_municipalities(region.workspace, region.year)
    items = [(name, known.get(name, {}).get("page", ""), known.get(name, {}).get("message", "")) for name in names]
    return Links(tuple((name, page, message or ("" if page else "отчёт не построен")) for name, page, message in items))


def tabulate_municipalities(region: RegionYear) -> Table:
    """All municipalities in alphabetical order: schools, the lists, share of schools in the lowest band."""
    rows = [_count_municipality(region, name) for name in list_municipalities(region.workspace, region.year)]
    title = f"Муниципалитеты, {region.year} год: школ и школ в списках"
    return Table("Муниципалитеты", title, pd.DataFrame(rows), {LOW_SHARE: percent})


JOINT_COLOURS = ("#7a1f04", charts.WORSE, "#e08a5c", "#0b6e4f", "#8a6100")
LOW_SHARE = "В группе «низкие», % ранжированных"


def _count_municipality(region: RegionYear, name: str) -> dict[str, object]:
    schools = region.region_schools[region.region_schools["municipality"] == name]
    bands = count_bands(schools, "results")
    share = 100 * bands["low"] / bands.sum() if bands.sum() else float("nan")
    lists = (
        {listed: count_members(schools, listed) for listed in name_watched_lists(region)} if region.has_lists else {}
    )
    return {"Муниципалитет": name, "Школ": len(schools), "Ранжировано": int(bands.sum()), LOW_SHARE: share, **lists}


def chart_lists(region: RegionYear) -> Chart | Text:
    """Schools of the joint list by municipality."""
    if not region.has_lists:
        return say_missing("Школы в списках по муниципалитетам")
    schools = region.region_schools
    names = [status.status for status in region.workspace.methodology.lists.joint]
    column = "joint" if names else "results_status"
    names = names or [status.status for status in region.workspace.methodology.lists.results]
    counts = schools.pivot_table(
        index="municipality", columns=column, values="school_id", aggfunc="count", fill_value=0
    )
    every = list_municipalities(region.workspace, region.year)
    counts = counts.reindex(index=every, columns=names, fill_value=0).astype(int)
    present = [name for name in names if counts[name].any()]
    colours = [colour for name, colour in zip(names, JOINT_COLOURS, strict=False) if name in present]
    figure = charts.draw_counts(counts[present], "школ", colours)
    total, none = int(counts.to_numpy().sum()), int((counts.sum(axis=1) == 0).sum())
    sentence = (
        f"В этих списках {count_words(total, *SCHOOLS)}; муниципалитетов без таких школ — "
        f"{format_number(none)} из {len(every)}."
    )
    title = f"Школы в списках по муниципалитетам, {region.year} год, школ"
    table = Table("Списки по муниципалитетам", title, counts.rename_axis("Муниципалитет").reset_index())
    return Chart("lists", title, sentence, figure, table)


def chart_region_bands(region: RegionYear, domain: Domain) -> Chart | Text:
    """Shares of schools by band in every municipality."""
    rules = find_rules(region, domain)
    if not rules:
        return say_missing("Группы школ по муниципалитетам")
    by_name = region.region_schools.groupby("municipality")
    counts = pd.DataFrame({name: count_bands(schools, domain) for name, schools in by_name}).T
    counts = counts.sort_index(key=order_names)
    counts.loc[REGION_ROW] = counts.sum()
    shares = 100 * counts.div(counts.sum(axis=1).where(counts.sum(axis=1) > 0), axis=0)
    colours = {rules.band_titles[band]: colour for band, colour in colour_bands(rules).items()}
    named = shares.rename(columns=rules.band_titles)
    worse = rules.band_titles[rules.worse_band]
    spread = named.drop(index=REGION_ROW)[worse].dropna()
    sentence = (
        f"Доля школ группы «{worse}» среди муниципалитетов — от {format_percent(spread.min())} "
        f"до {format_percent(spread.max())}; в малых муниципалитетах одна школа меняет долю сильно."
    )
    title = f"{rules.title}: школы по группам, {region.year} год, % ранжированных"
    key = {"results": "Группы результаты", "social": "Группы условия"}[domain]
    frame = named.rename_axis("Муниципалитет").reset_index()
    table = Table(key, title, frame, {str(name): percent for name in named.columns})
    return Chart(f"region-bands-{domain}", title, sentence, charts.draw_stacked_shares(named, colours, "% школ"), table)


def chart_region_matrix(region: RegionYear) -> Chart | Text:
    """Portfolio matrix of the whole region."""
    results, social = find_rules(region, "results"), find_rules(region, "social")
    if not results or not social:
        return say_missing("Портфельная матрица результатов и социальных условий")
    schools = region.region_schools.dropna(subset=["results_band", "social_band"])
    x, y = schools["social_index"], schools["results_index"]
    figure = charts.draw_cloud(
        schools.assign(x=x, y=y, kind=schools["joint"].fillna("прочие")),
        f"{social.title} (больше — тяжелее)",
        f"{results.title} (больше — лучше)",
    )
    link = (
        "Чем тяжелее условия, тем в среднем ниже результаты" if x.corr(y) < 0 else "Результаты не ниже там, где тяжелее"
    )
    sentence = (
        f"{link}: коэффициент корреляции {format_number(x.corr(y), 2)} по "
        f"{count_words(len(schools), 'школе', 'школам', 'школам')}. "
        "Школы справа вверху справляются и в тяжёлых условиях."
    )
    frame = pd.DataFrame(
        {"Школа": schools["name"], "Муниципалитет": schools["municipality"], social.title: x, results.title: y}
    )
    frame = frame.sort_values(["Муниципалитет", "Школа"], key=order_names, ignore_index=True)
    table = Table(
        "Матрица", "Школы в портфельной матрице", frame, {social.title: index_value, results.title: index_value}
    )
    title = f"Портфельная матрица региона, {region.year} год: индексы результатов и социальных условий, от 0 до 1"
    return Chart("region-matrix", title, sentence, figure, table)


def tabulate_members(region: RegionYear, names: Sequence[str] | None = None) -> Table | Text:
    """Schools on the lists of the year, by municipality and name: not a ranking."""
    if not region.has_lists:
        return say_missing("Списки школ")
    schools = region.region_schools
    watched = list(names or name_watched_lists(region))
    on_any = schools["results_status"].isin(watched) | schools["social_status"].isin(watched)
    on_any |= schools["fioko_shnor"].fillna(False).astype(bool) if FIOKO_LIST in watched else False
    chosen = schools[on_any].sort_values(["municipality", "name", "school_id"], key=order_names)
    frame = pd.DataFrame(
        {
            "Школа": chosen["name"],
            "Код": chosen["school_id"],
            "Муниципалитет": chosen["municipality"],
            "Группа": chosen["group"],
            "Список результатов": chosen["results_status"].fillna(NONE),
            "Список условий": chosen["social_status"].fillna(NONE),
            FIOKO_LIST: chosen["fioko_shnor"].map({True: "да", False: "нет"}).fillna(NONE),
        }
    ).reset_index(drop=True)
    return Table("Списки школ", f"Школы в списках {region.year} года, по алфавиту", frame)


def tabulate_insufficient(region: RegionYear) -> Table | Text:
    """Schools that take part and have no place in the year: nobody drops out of sight (недостаточно данных)."""
    schools = region.region_schools
    rules = region.workspace.methodology.domains
    lacking = {rules[domain].title: schools[f"{domain}_band"].isna() for domain in rules}
    chosen = schools[pd.DataFrame(lacking).any(axis=1)].sort_values(["municipality", "name"], key=order_names)
    if chosen.empty:
        return Text(("Данных хватило для всех школ.",))
    frame = chosen[["name", "school_id", "municipality", "group"]].set_axis(
        ["Школа", "Код", "Муниципалитет", "Группа"], axis=1
    )
    for title, absent in lacking.items():
        frame[title] = absent[chosen.index].map({True: "недостаточно данных", False: "есть"})
    return Table(
        "Недостаточно данных", f"Школы, которым не хватило данных, {region.year} год", frame.reset_index(drop=True)
    )
