"""Parts of the public page (открытая публикация): made from the numbers as they are published, never from true ones."""

from pathlib import Path

import pandas as pd

from effschool.base.russian import NO_DATA, count_words, format_number, format_percent, join_words
from effschool.base.storage import disarm_formulas, write_text
from effschool.method.methodology import Domain
from effschool.public.release import CORNER, REGION, Release, list_anonymous, name_table_kinds
from effschool.report import charts
from effschool.report.display import Chart, Figures, Table, Text
from effschool.report.portfolio import RegionYear, order_names
from effschool.report.sections.municipality import SCHOOLS, colour_bands, say_missing, show_percent
from effschool.report.sections.protocol import title_lists

HIDDEN = "скрыто"
TITLES = {
    "results_band": "Группы по результатам",
    "social_band": "Группы по социальным условиям",
    "results_status": "Списки по результатам",
    "social_status": "Списки по социальным условиям",
    "fioko_shnor": "Список ШНОР",
    CORNER: "Результаты и условия вместе",
}
SHEETS = {
    "results_band": "Результаты",
    "social_band": "Условия",
    "results_status": "Списки результатов",
    "social_status": "Списки условий",
    "fioko_shnor": "ШНОР",
    CORNER: "Матрица",
}
"""Titles as short as names of sheets have to be."""
ASIDE = {"municipality": "муниципалитеты", "type": "типы школ"}
PLACES = {REGION: "Где", "municipality": "Муниципалитет", "type": "Тип школ"}


def describe_release(region: RegionYear, release: Release) -> Text:
    """The region in two sentences, and how much is hidden."""
    rows = release.rows[release.rows["year"] == release.year]
    schools = int(rows["all"].max())
    places = rows.loc[rows["by"] == "municipality", "place"].nunique()
    share = format_percent(100 * rows["schools"].isna().mean(), 0)
    return Text(
        (
            f"{region.workspace.region.name}, {release.year} год: {count_words(schools, *SCHOOLS)}, "
            f"{count_words(places, 'муниципалитет', 'муниципалитета', 'муниципалитетов')}.",
            "Здесь только числа школ. Чтобы по ним нельзя было узнать отдельную школу, "
            f"{share} чисел этого года скрыто.",
        )
    )


def show_release_figures(region: RegionYear, release: Release) -> Figures | Text:
    """Schools of the region of every worse kind of the lists, where shown, with the change."""
    items, titles = [], title_lists(region.workspace.methodology)
    for table in ("results_status", "social_status", "fioko_shnor"):
        kinds = name_table_kinds(region.workspace.methodology, table)
        rows = release.choose(table, REGION).set_index(["year", "kind"])
        for kind in [name for name in kinds.names if name in kinds.worse] if kinds and len(rows) else ():
            now, before = (rows["schools"].get((year, kind), pd.NA) for year in (release.year, release.year - 1))
            if pd.notna(now):
                share = format_percent(100 * now / rows["all"].get((release.year, kind)))
                items.append((f"{kind}: {titles[kind]}", format_number(now), f"{share} школ{_say_change(now, before)}"))
    return Figures(tuple(items)) if items else say_missing("Списки года")


def _say_change(now: int, before: object) -> str:
    return "" if pd.isna(before) else f"; год назад {format_number(before)}"


def chart_years(region: RegionYear, release: Release, domain: Domain) -> Chart | Text:
    """Shares of the region's schools by band over the years."""
    rows = release.choose(f"{domain}_band", REGION)
    if rows.empty:
        return say_missing("Группы школ по годам")
    rules = region.workspace.methodology.domains[domain]
    titles = [rules.band_titles[band] for band in ("low", "mid", "high")]
    counts = rows.pivot(index="year", columns="kind", values="schools")[titles].astype("Float64")
    shares = (100 * counts.div(counts.sum(axis=1, skipna=False), axis=0)).astype(float)
    shares.index = shares.index.astype("str")
    colours = {rules.band_titles[band]: colour for band, colour in colour_bands(rules).items()}
    worse = rules.band_titles[rules.worse_band]
    known = shares[worse].dropna()
    sentence = (
        f"В группе «{worse}» {join_words(f'в {year} году {format_percent(value)}' for year, value in known.items())} "
        "ранжированных школ. Правило относит к крайним группам по четверти школ в любом году."
        if len(known)
        else "Числа скрыты."
    )
    sentence += " Строка без данных — числа года скрыты." if 0 < len(known) < len(shares) else ""
    title = f"{TITLES[f'{domain}_band']}, регион, % ранжированных школ"
    frame = shares.rename_axis("Год").reset_index()
    table = Table(f"Регион {domain}", title, frame, dict.fromkeys(titles, show_percent))
    return Chart(f"years-{domain}", title, sentence, charts.draw_stacked_shares(shares, colours, "% школ"), table)


def tabulate_places(region: RegionYear, release: Release, table: str, by: str) -> Table | Text:
    """Schools of the year by place and kind, the region below; hidden numbers are marked."""
    rows = pd.concat([release.choose(table, by), release.choose(table, REGION)])
    rows = rows[rows["year"] == release.year]
    kinds = name_table_kinds(region.workspace.methodology, table)
    if rows.empty or kinds is None:
        return say_missing(TITLES[table])
    wide = rows.pivot(index=["by", "place"], columns="kind", values="schools")[list(kinds.names)]
    wide.insert(0, "Всего школ", rows.groupby(["by", "place"])["all"].first())
    order = pd.concat([wide.loc[[by]].sort_index(level="place", key=_order_places), wide.loc[[REGION]]])
    frame = mark_hidden(order.droplevel("by").rename_axis(index=PLACES[by], columns=None)).reset_index()
    title = f"{TITLES[table]}, {ASIDE[by]}, {release.year} год, школ"
    return Table(f"{SHEETS[table]}, {PLACES[by].lower()}", title, frame)


def _order_places(names: pd.Index) -> pd.Index:
    return pd.Index(order_names(names.to_series()))


def mark_hidden(numbers: pd.DataFrame) -> pd.DataFrame:
    """Numbers as they are shown: hidden ones as a word."""
    return numbers.astype(object).where(numbers.notna(), HIDDEN)


def tabulate_worse(region: RegionYear, release: Release, table: str) -> Table | Text:
    """Schools of the worse kinds by municipality over the years shown."""
    rows, kinds = release.choose(table, "municipality"), name_table_kinds(region.workspace.methodology, table)
    rows = rows[rows["kind"].isin(kinds.worse)] if kinds else rows.head(0)
    if rows.empty:
        return say_missing(f"{TITLES[table]} по годам")
    named = rows.assign(column=rows["kind"] + ", " + rows["year"].astype("str"), known=rows["schools"].notna())
    order = named.drop_duplicates("column").sort_values(["kind", "year"])["column"]
    wide = named.pivot(index="place", columns="column", values="schools")[list(order)].sort_index(key=_order_places)
    there = named.pivot(index="place", columns="column", values="all")[list(order)].sort_index(key=_order_places)
    frame = mark_hidden(wide).where(there.notna(), NO_DATA).rename_axis(index="Муниципалитет", columns=None)
    return Table(f"{SHEETS[table]}, годы", f"{TITLES[table]} по годам, школ", frame.reset_index())


def tabulate_anonymous(release: Release) -> Table | Text:
    """Schools of the year without names: type and corner of the matrix."""
    schools = list_anonymous(release)
    if schools.empty:
        return say_missing("Школы без названий")
    frame = pd.DataFrame({"Тип школы": schools["place"], "Результаты и условия": schools["kind"].fillna(HIDDEN)})
    return Table("Школы", f"Школы без названий, {release.year} год", frame)


def tabulate_shares(region: RegionYear, shares: pd.DataFrame) -> Table | Text:
    """Shares of all pupils of the region by year, in per cent."""
    if shares.empty:
        return say_missing("Доли учеников")
    known = region.workspace.methodology.indicators
    frame = shares.rename(index=lambda name: known[name].short, columns=str)
    formats = dict.fromkeys(frame.columns, show_percent)
    return Table("Ученики", "Регион: доли учеников, %", frame.rename_axis("Показатель").reset_index(), formats)


def explain_hiding(release: Release) -> Text:
    """Why numbers are hidden, for a reader of the page."""
    rules = release.rules
    return Text(
        (
            f"Числа школ от 1 до {rules.schools - 1} скрыты: по такому числу в небольшом районе школу можно узнать. "
            "Скрыто и число, которое говорило бы то же о каждой школе места сразу.",
            "Вместе с ними скрыты и некоторые большие числа: иначе скрытое нашли бы вычитанием из суммы. Для каждого "
            f"скрытого числа проверено, что всё известное позволяет ему отличаться не меньше чем на {rules.width}, "
            "даже если вычесть школы своего муниципалитета (меньше — где столько не оставило бы и одно правило).",
            f"В типе школ не меньше {rules.types.schools} школ, если столько есть в регионе. Доли учеников названы "
            f"только по региону и только там, где с обеих сторон не меньше {rules.pupils} учеников.",
        )
    )


def name_published(release: Release) -> pd.DataFrame:
    """All published numbers under Russian names: a row per year, table, place and kind; a hidden number is missing."""
    names = {
        "year": "год", "table": "таблица", "by": "разрез", "place": "место", "parent": "входит в", "kind": "вид",
        "schools": "школ", "all": "всего школ",
    }  # fmt: skip
    rows = release.rows.assign(
        table=release.rows["table"].map(TITLES), by=release.rows["by"].map(PLACES | {REGION: "Регион"})
    )
    rows = rows.sort_values(["year", "table", "by", "place"], kind="stable")
    return rows[list(names)].rename(columns=names)


def write_rows(release: Release, path: Path) -> None:
    """All published numbers as CSV for programs; a hidden number is empty, and no text is a formula."""
    write_text(disarm_formulas(name_published(release)).to_csv(index=False, lineterminator="\n"), path)


def count_hidden(release: Release) -> Table:
    """How many numbers are shown and hidden, by table and kind of place."""
    rows = release.rows[release.rows["year"] == release.year]
    counts = rows.groupby(["table", "by"], sort=False)["schools"].agg(shown="count", everything="size").reset_index()
    frame = pd.DataFrame(
        {
            "Таблица": counts["table"].map(TITLES) + ", " + counts["by"].map(PLACES | {REGION: "Регион"}).str.lower(),
            "Показано чисел": counts["shown"],
            "Скрыто чисел": counts["everything"] - counts["shown"],
        }
    )
    return Table("Скрытые числа", "Сколько чисел показано и скрыто", frame)
