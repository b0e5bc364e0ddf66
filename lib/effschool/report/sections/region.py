"""Parts of the region's page (сводная страница региона): the whole region, its municipalities and its lists."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from effschool.base.russian import count_words, fold_name, format_number, format_percent, join_words
from effschool.base.storage import read_record
from effschool.method.methodology import FIOKO_LIST
from effschool.report import charts
from effschool.report.comments import load_comments, write_comments
from effschool.report.display import Chart, Figures, Links, Search, Table, Text
from effschool.report.portfolio import (
    RegionYear,
    count_bands,
    count_members,
    flag_listed,
    flag_members,
    list_municipalities,
    order_names,
    pool_by_indicator,
)
from effschool.report.queries import (
    BETTER,
    STEPS,
    WITH_SURENESS,
    WORSE,
    explain_steps,
    find_score,
    list_caveated,
    name_sureness,
    name_verdicts,
    say_sureness,
    score_change,
)
from effschool.report.run_card import ReportCard, RunCard
from effschool.report.school_features import gather_features, name_titles
from effschool.report.sections.missing import list_missing
from effschool.report.sections.municipality import (
    NONE,
    NOTHING_URGENT,
    OF_SCHOOLS,
    SCHOOLS,
    colour_bands,
    find_rules,
    say_missing,
    show_percent,
)


def describe_region(region: RegionYear) -> Text:
    """The region in three sentences: who is there, how results changed, how lists changed; what is missing before."""
    schools = region.region_schools
    municipalities = schools["municipality"].nunique()
    first = (
        f"{region.workspace.region.name}, {region.year} год: {count_words(len(schools), *SCHOOLS)} в идентификации, "
        f"{count_words(municipalities, 'муниципалитет', 'муниципалитета', 'муниципалитетов')}; "
    )
    missing = list_missing(region)
    lacking = [
        f"{rules.title[:1].lower()}{rules.title[1:]}: {count_words(number, 'школе', 'школам', 'школам')}"
        for name, rules in region.workspace.methodology.iterate_domains()
        if (number := int(schools[f"{name}_band"].isna().sum()))
    ]
    if lacking:
        first += f"не хватило данных — {'; '.join(lacking)}."
    else:
        first += "место среди других есть у каждой." if missing else "данных хватило всем."
    said = (*missing, first, _say_level(region), _say_moves(region))
    return Text(said, kind="note" if missing else "plain")


def follow_failures(region: RegionYear) -> pd.DataFrame:
    """Shares of the region's pupils who did not cope: a row per indicator, a column per year up to the report's."""
    chosen = [
        item.id
        for item in region.workspace.methodology.domains["results"].indicators
        if item.kind == "share" and item.direction == "inverse"
    ]
    values = region.workspace.identified.indicators
    values = values[values["indicator"].isin(chosen) & (values["year"] <= region.year)]
    shares = pd.DataFrame({int(year): pool_by_indicator(own) for year, own in values.groupby("year")})
    return shares.reindex([name for name in chosen if name in shares.index])


def judge_failures(region: RegionYear) -> pd.DataFrame:
    """Shares of those who did not cope, without ВПР, beside the year before: a row per indicator that both years have.

    Columns: indicator, before, now, per cent; `worse_by`, the score of the change, positive for a rise; `moved`, of
    WORSE, BETTER, SAME.
    """
    shares, years = follow_failures(region), [region.year - 1, region.year]
    if not set(years) <= set(shares):
        return pd.DataFrame(columns=["indicator", "before", "now", "worse_by", "moved"])
    method, values = region.workspace.methodology, region.workspace.identified.indicators
    fair = shares[~shares.index.isin(list_caveated(method))].dropna(subset=years)
    counted = values[values["year"].isin(years)].groupby(["indicator", "year"])["participants"].sum()
    before, now = years
    people = {year: counted.xs(year, level="year").reindex(fair.index) for year in years}
    worse_by = score_change(fair[now], people[now], fair[before], people[before])
    judged = pd.DataFrame({"indicator": fair.index, "before": fair[before].array, "now": fair[now].array})
    return judged.assign(worse_by=worse_by, moved=name_verdicts(worse_by, find_score(method)))


def _say_level(region: RegionYear) -> str:
    judged = judge_failures(region)
    if judged.empty:
        return "Сравнить результаты экзаменов с прошлым годом нельзя: за один из двух лет данных нет."
    total = count_words(len(judged), "показателя", "показателей", "показателей")
    moved = judged[judged["moved"].isin([WORSE, BETTER])]
    if moved.empty:
        return f"Доля не справившихся на экзаменах за год ни по одному из {total} не изменилась больше случайного."
    counted = ((word, int((moved["moved"] == way).sum())) for word, way in (("снизилась", BETTER), ("выросла", WORSE)))
    parts = [f"{word} по {format_number(number)}" for word, number in counted if number]
    first = moved.loc[moved["worse_by"].abs().idxmax()]
    return (
        f"Доля не справившихся на экзаменах больше, чем бывает случайно, {join_words(parts)} из {total}; "
        f"заметнее всего: {region.workspace.methodology.indicators[first['indicator']].short} — год назад "
        f"{format_percent(first['before'])}, теперь {format_percent(first['now'])}."
    )


def _say_moves(region: RegionYear) -> str:
    if not region.has_lists:
        years = ", ".join(map(str, region.workspace.methodology.lists.window.list_years(region.year)))
        return f"{region.missing_lists} за {region.year} год не составлены: нужны данные за {years} годы."
    moves = region.workspace.dynamics.turnover
    moves = moves[moves["to_year"] == region.year].set_index("list")
    said = []
    for name in region.watched:
        count = format_number(count_members(region.region_schools, name))
        moved = moves.loc[name] if name in moves.index else None
        said.append(
            f"{name} — {count}" + (f" (вошло {moved['entered']}, вышло {moved['left']})" if moved is not None else "")
        )
    return f"В списках, требующих помощи: {'; '.join(said)}."


def show_region_figures(region: RegionYear) -> Figures | Text:
    """Numbers of schools on the lists of the year, with their shares and the year before."""
    if not region.has_lists:
        return Text((_say_moves(region),), kind="note")
    schools = region.region_schools
    before = region.year_before
    sure = count_sureness(region)
    rows = []
    for name in region.watched:
        number = count_members(schools, name)
        then = f"; год назад {count_members(before.region_schools, name)}" if before.has_lists else ""
        steps = "".join(f"; {step} {format_number(sure[name][step])}" for step in STEPS) if sure else ""
        rows.append((name, format_number(number), f"{format_percent(100 * number / len(schools))} школ{then}{steps}"))
    return Figures(tuple(rows))


def count_sureness(region: RegionYear) -> dict[str, dict[str, int]]:
    """Numbers of places by list and by how sure they are; nothing where that was not calculated."""
    steps = name_sureness(region, region.region_schools)
    if not steps:
        return {}
    every = [own for of_school in steps.values() for own in of_school.items()]
    return {name: {step: every.count((name, step)) for step in STEPS} for name in region.watched}


def explain_approval(region: RegionYear) -> Text:
    """Why a list is approved of which few places are firm (зачем утверждать такой список)."""
    return Text((WHY_APPROVE,) if count_sureness(region) else ())


WHY_APPROVE = (
    "Списки составлены по правилу методики, одному для всех. Насколько надёжно место школы в списке: "
    f"{explain_steps()}. Поэтому место в списке — повод предложить помощь и проверить причины, а не вывод о работе "
    "школы или директора: где место неустойчиво, помощь начинается с выезда методиста."
)


def list_concerns(region: RegionYear, run: Path) -> Text:
    """What needs attention now: what failed and what is missing."""
    found = [*_find_failures(run), *_find_gaps(region)]
    fine = "Все отчёты построены." if list_missing(region) else "Всё построено, данные есть обо всех школах."
    return Text(tuple(found) or (fine,), kind="note" if found else "plain")


def _find_failures(run: Path) -> Iterator[str]:
    card = read_record(RunCard, run) or RunCard()
    names = [name for name, report in card.reports.items() if not report.page]
    if names:
        yield f"Не построены отчёты: {join_words(names)}. Причина названа рядом со ссылками."
    if card.problems.get("ошибка"):
        yield "Часть присланных файлов не принята из-за ошибок: они перечислены в разделе «Данные»."


def _find_gaps(region: RegionYear) -> Iterator[str]:
    for name, rules in region.workspace.methodology.iterate_domains():
        absent = region.region_schools[f"{name}_band"].isna()
        by_place = absent.groupby(region.region_schools["municipality"]).mean()
        empty = sorted(by_place.index[by_place == 1])
        if empty:
            names = join_words(region.workspace.methodology.list_watched(name))
            rest = f" {names} там — по данным других лет." if region.has_lists else ""
            yield f"{rules.title}: нет ни одной школы с данными — {join_words(empty)}.{rest}"


def find_steps(region: RegionYear, path: Path) -> pd.DataFrame:
    """The most urgent comment for an ОМСУ of every school that needs attention, the most urgent first.

    A row per school: school_id, name, municipality, text, topic, zone, urgency.

    Args:
        path: file of the comments.

    Raises:
        ConfigurationError: the file is wrong.
    """
    schools = region.region_schools[["school_id", "name", "municipality"]]
    titles = name_titles(region.workspace.methodology)
    told = write_comments(gather_features(region, region.region_schools), load_comments(path), titles)
    first = told[(told["reader"] == OFFICE) & told["attention"].astype(bool)].drop_duplicates("school_id")
    steps = schools.merge(
        first[["school_id", "text", "topic", "zone", "urgency"]].astype({"text": "str"}), on="school_id"
    )
    return steps.sort_values(["urgency", "text", "municipality", "name"], key=order_texts, ignore_index=True)


def order_texts(column: pd.Series) -> pd.Series:
    """Key of sorting: names as they are listed, numbers as they are."""
    return column if column.name == "urgency" else order_names(column)


def tabulate_advice(region: RegionYear, steps: pd.DataFrame) -> Table | Text:
    """What to do: a row per measure with its schools, by name where they are few.

    Args:
        steps: rows of `find_steps`.
    """
    if steps.empty:
        return Text((NOTHING_URGENT,))
    by_measure = steps.groupby(["urgency", "text", "topic"], sort=True)
    rows = [(text, topic, *_count_measure(own)) for (_, text, topic), own in by_measure]
    frame = pd.DataFrame(rows, columns=["Что сделать", "Повод", "Школ", "Муниципалитетов", "Какие"])
    title = f"Что сделать: школы по самому срочному поводу, {region.year} год"
    return Table("Меры", title, frame, note=f"{ADVICE_NOTE}{_say_calm(region, steps)}", shown=ON_PAGE)


def _count_measure(own: pd.DataFrame) -> tuple[int, int, str]:
    named = [f"{place}: {', '.join(names)}" for place, names in own.groupby("municipality", sort=False)["name"]]
    listed = "; ".join(named) if len(own) <= FEW_NAMES else IN_BOOK
    return len(own), own["municipality"].nunique(), listed


def _say_calm(region: RegionYear, steps: pd.DataFrame) -> str:
    """Why the measures have fewer schools than the lists."""
    schools = region.region_schools
    listed = (
        schools.loc[flag_listed(schools, region.watched), "school_id"] if region.has_lists else schools["school_id"][:0]
    )
    calm = int((~listed.isin(steps["school_id"])).sum())
    told = f" У {count_words(calm, *OF_SCHOOLS)} из списков срочного повода нет."
    return told if calm else ""


def tabulate_steps(steps: pd.DataFrame) -> Table | Text:
    """The measures school by school, for the workbook."""
    if steps.empty:
        return Text((NOTHING_URGENT,))
    columns = ["name", "school_id", "municipality", "text", "topic", "zone"]
    headings = ["Школа", "Код", "Муниципалитет", "Что сделать", "Повод", "Зона изменений"]
    return Table("Меры по школам", "Что сделать: школа за школой", steps[columns].set_axis(headings, axis=1))


OFFICE = "ОМСУ"
ON_PAGE = ("Что сделать", "Школ", "Муниципалитетов", "Какие")
FEW_NAMES = 7
"""So many schools of a measure are named on the page; more names hide the measures."""
IN_BOOK = "поимённо — в книге «region.xlsx», лист «Меры по школам»"
ADVICE_NOTE = "Школа сосчитана один раз, по самому срочному поводу; сверху — самое срочное."


def chart_map(region: RegionYear) -> Chart | Text:
    """Tile map of the municipalities: schools by band of results, and how many are on the lists."""
    rules = find_rules(region, "results")
    if not rules:
        return say_missing("Карта муниципалитетов")
    schools, names = region.region_schools, list_municipalities(region.workspace, region.year)
    titles = [rules.band_titles[band] for band in ("low", "mid", "high")]
    by_name = {name: schools[schools["municipality"] == name] for name in names}
    counts = pd.DataFrame({name: count_bands(own, "results") for name, own in by_name.items()}).T.set_axis(
        titles, axis=1
    )
    watched = next(iter(region.watched))
    listed = [count_members(own, watched) for own in by_name.values()]
    notes = [
        f"{count_words(len(own), *SCHOOLS)}" + (f"; {watched}: {number}" if region.has_lists else "")
        for own, number in zip(by_name.values(), listed, strict=True)
    ]
    places = place_tiles(names, region.workspace.region.tiles).join(counts).assign(note=notes)
    colours = {rules.band_titles[band]: colour for band, colour in colour_bands(rules).items()}
    without = int((counts.sum(axis=1) == 0).sum())
    above = int((counts[titles[0]] / counts.sum(axis=1) > LARGE_SHARE).sum())
    sentence = (
        f"Больше трети школ в группе «{titles[0]}» — в {format_number(above)} из {len(names)}"
        f"{f'; без данных — {format_number(without)}' if without else ''}. "
        "Полоса делит ранжированные школы на группы; порядок плиток не является рейтингом."
    )
    title = f"{rules.title}: школы муниципалитетов по группам, {region.year} год"
    table = Table("Карта", title, counts.rename_axis("Муниципалитет").reset_index())
    return Chart("map", title, sentence, charts.draw_places(places, colours), table)


LARGE_SHARE = 1 / 3
"""A rule puts a quarter into the lowest band: more than a third is more than its share."""
TILES = {6: 3, 30: 4}
"""Tiles in a row for up to so many municipalities; more for still more."""
MOST_TILES = 5


def place_tiles(names: Sequence[str], tiles: Mapping[str, tuple[int, int]]) -> pd.DataFrame:
    """Row and column of every municipality's tile, from 0: as the region's card says, others below in their order."""
    folded = {fold_name(name): place for name, place in tiles.items()}
    tiles = {name: folded[fold_name(name)] for name in names if fold_name(name) in folded}
    columns = max([place[1] for place in folded.values()], default=0)
    columns = columns or next((wide for most, wide in TILES.items() if len(names) <= most), MOST_TILES)
    first = max([place[0] for name, place in tiles.items() if name in names], default=0)
    rest = [name for name in names if name not in tiles]
    free = {name: (first + number // columns, number % columns) for number, name in enumerate(rest)}
    known = {name: (row - 1, column - 1) for name, (row, column) in tiles.items() if name in names}
    return pd.DataFrame.from_dict(known | free, orient="index", columns=["row", "column"]).loc[list(names)]


def chart_failures(region: RegionYear) -> Chart | Text:
    """Shares of pupils who did not cope over the years: the level of the region itself, unlike the index."""
    shares = follow_failures(region)
    if shares.empty:
        return say_missing("Доли не справившихся по годам")
    titles = region.workspace.methodology.indicators
    named = shares.rename(index=lambda name: titles[name].short)
    title = f"Доли не справившихся учеников региона, {shares.columns[0]}–{shares.columns[-1]} годы, %"
    sentence = f"{_say_level(region)} Индекс такого не покажет: он сравнивает школы между собой внутри года."
    frame = named.rename(columns=str).rename_axis("Показатель").reset_index()
    figure = charts.draw_lines(named.T, "% участников")
    charts.write_numbers(figure.axes[0].yaxis)
    table = Table("Не справились", title, frame, dict.fromkeys(frame.columns[1:], show_percent))
    return Chart("failures", title, sentence, figure, table)


def link_reports(run: Path, region: RegionYear) -> Links:
    """Links to the reports of all municipalities; one without a report is named with the reason."""
    card, absent = read_record(RunCard, run), ReportCard(page="")
    known = card.reports if card else {}
    names = list_municipalities(region.workspace, region.year)
    items = [(name, known.get(name, absent).page, known.get(name, absent).message) for name in names]
    return Links(tuple((name, page, message or ("" if page else "отчёт не построен")) for name, page, message in items))


def tabulate_municipalities(region: RegionYear, reports: Links | None = None) -> Table:
    """All municipalities in alphabetical order: schools, the lists, schools in the lowest band.

    Args:
        reports: pages of the municipalities, as `link_reports` gives them.
    """
    rows = [_count_municipality(region, name) for name in list_municipalities(region.workspace, region.year)]
    title = f"Муниципалитеты, {region.year} год: школ и школ в списках"
    links = {name: page for name, page, _ in reports.items if page} if reports else {}
    return Table("Муниципалитеты", title, pd.DataFrame(rows), row_links=links)


LOW = "Результаты года низкие"


def _count_municipality(region: RegionYear, name: str) -> dict[str, object]:
    schools = region.region_schools[region.region_schools["municipality"] == name]
    bands = count_bands(schools, "results")
    lists = {listed: count_members(schools, listed) for listed in region.watched} if region.has_lists else {}
    return {
        "Муниципалитет": name,
        "Школ": len(schools),
        "Ранжировано": int(bands.sum()),
        LOW: int(bands["low"]),
        **lists,
    }


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
    low_to_high = [
        pd.Categorical(schools[column].map(rules.band_titles), list(rules.band_titles.values()))
        for column, rules in (("results_band", results), ("social_band", social))
    ]
    counted = pd.crosstab(*low_to_high, rownames=["Результаты"], colnames=[""], dropna=False)
    frame = counted.rename_axis(None, axis=1).reset_index().astype({"Результаты": "str"})
    table = Table("Матрица", "Школ по группам результатов (строки) и условий (столбцы)", frame)
    title = f"Портфельная матрица региона, {region.year} год: индексы результатов и социальных условий, от 0 до 1"
    return Chart("region-matrix", title, sentence, figure, table)


def tabulate_members(region: RegionYear) -> Table | Text:
    """Schools on the lists of the year, by municipality and name: not a ranking."""
    if not region.has_lists:
        return say_missing("Списки школ")
    schools = region.region_schools
    listed = schools[flag_listed(schools, region.watched)]
    chosen = listed.sort_values(["municipality", "name", "school_id"], key=order_names)
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
    sure = name_sureness(region, chosen)
    named = pd.DataFrame({name: flag_members(chosen, name) for name in region.watched}).to_dict("records")
    lists = [[name for name, is_on in row.items() if is_on] for row in named]
    frame["Списки"] = [", ".join(names) for names in lists]
    frame[WITH_SURENESS] = [
        say_sureness(names, sure.get(code, {})) for names, code in zip(lists, frame["Код"], strict=True)
    ]
    title = f"Школы в списках {region.year} года, по алфавиту"
    search = Search("Списки", tuple(region.watched), ("Код", "Муниципалитет"))
    return Table("Списки школ", title, frame, shown=("Школа", "Муниципалитет", WITH_SURENESS), search=search)


def choose_members(region: RegionYear, members: Table | Text, *, of_results: bool) -> Table | Text:
    """Half of the table for the page: schools on a list by their results over the years, or those on others alone."""
    if isinstance(members, Text):
        return members
    statuses = [item.status for item in region.workspace.methodology.lists.results]
    names = [name for name in region.watched if name in statuses]
    rows = members.frame[members.frame["Список результатов"].isin(names) == of_results].reset_index(drop=True)
    others = [name for name in region.watched if name not in names]
    title = join_words(names) if of_results else f"{join_words(others)} без других списков"
    if rows.empty:
        return Text((f"{title}, {region.year} год: таких школ нет.",))
    rest = len(members.frame) - len(rows)
    note = f"Всего в списках {count_words(len(members.frame), *SCHOOLS)}; остальные {format_number(rest)} — "
    where = "в таблице «без других списков» ниже." if of_results else "в таблице выше."
    return replace(members, title=f"{title}, {region.year} год, по алфавиту", frame=rows, note=note + where)


def tabulate_insufficient(region: RegionYear) -> Table | Text:
    """Schools that take part and have no place in the year: nobody drops out of sight (недостаточно данных)."""
    schools = region.region_schools
    rules = region.workspace.methodology.domains
    lacking = {rules[domain].title: schools[f"{domain}_band"].isna() for domain in rules}
    chosen = schools[pd.DataFrame(lacking).any(axis=1)].sort_values(["municipality", "name"], key=order_names)
    if chosen.empty:
        missing = list_missing(region)
        fine = "Место среди других есть у каждой школы, но не все данные получены."
        return Text((*missing, fine) if missing else ("Данных хватило для всех школ.",))
    frame = chosen[["name", "school_id", "municipality", "group"]].set_axis(
        ["Школа", "Код", "Муниципалитет", "Группа"], axis=1
    )
    for title, absent in lacking.items():
        frame[title] = absent[chosen.index].map({True: "недостаточно данных", False: "есть"})
    return Table(
        "Недостаточно данных", f"Школы, которым не хватило данных, {region.year} год", frame.reset_index(drop=True)
    )
