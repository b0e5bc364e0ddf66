"""Parts of a municipality's report: each function makes one text, table or chart from a `Portfolio`.

Every chart carries a sentence made from the same frame, so that text and drawing cannot differ. Where there is nothing
to show, the part is a note that says so: a part never disappears silently.
"""

from collections.abc import Collection

import pandas as pd

from effschool.base.russian import NBSP, format_number, join_words
from effschool.method.methodology import FIOKO_LIST, Domain, DomainRules, Methodology
from effschool.report import charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Said, count, number, say, words
from effschool.report.portfolio import (
    Portfolio,
    RegionYear,
    count_lists,
    follow_points,
    list_histories,
    name_watched_lists,
    place_points,
)
from effschool.report.privacy import blur_share, load_privacy
from effschool.report.sections.corrections import tabulate_corrections
from effschool.report.sections.missing import list_missing
from effschool.report.workbook import About

NONE = "—"
NOTHING_URGENT = "Школ, которым сейчас нужно особое внимание, по данным года нет."
SCHOOLS, OF_SCHOOLS = ("школа", "школы", "школ"), ("школы", "школ", "школ")
OF_PLACES = ("муниципалитета", "муниципалитетов", "муниципалитетов")


def show_percent(value: object) -> str:
    """One digit, for tables whose heading names the unit."""
    return format_number(float(value), 1)  # type: ignore[arg-type]


def index_value(value: object) -> str:
    """Three digits of an index 0…1."""
    return format_number(float(value), 3)  # type: ignore[arg-type]


def two_digits(value: object) -> str:
    """An index of a school in a municipality's report, which is rounded (`privacy`)."""
    return format_number(float(value), 2)  # type: ignore[arg-type]


def signed(value: object) -> str:
    """Two digits and a sign, for differences: «+0,31»; what rounds to nothing has none."""
    number = float(value)  # type: ignore[arg-type]
    return ("+" if round(number, 2) > 0 else "") + format_number(number, 2)


def colour_bands(rules: DomainRules) -> dict[str, str]:
    """Colours of the bands low, mid, high: the worse end is vermilion, the better blue."""
    ends = (charts.WORSE, charts.BETTER) if rules.better == "high" else (charts.BETTER, charts.WORSE)
    return {"low": ends[0], "mid": charts.MIDDLE, "high": ends[1]}


def say_missing(what: str) -> Text:
    """Note in place of a part for which there are no data."""
    return Text((f"{what}: нет данных.",), kind="note")


def find_rules(portfolio: RegionYear, domain: Domain) -> DomainRules | None:
    """Rules of a domain, or nothing where the methodology or the year's data lack it."""
    rules = portfolio.workspace.methodology.domains.get(domain)
    return rules if rules and portfolio.region_schools[f"{domain}_band"].notna().any() else None


def mark_internal(region: RegionYear) -> Text:
    """What every file that leaves the institute says first: for whom it is, and whether the data are invented."""
    invented = ("Демонстрационные данные: школы, муниципалитеты и числа вымышлены.",)
    return Text(("Для служебного пользования. Не публиковать.", *invented * region.workspace.region.demonstration))


def say_no_lists(portfolio: RegionYear) -> Said:
    """Why a year has no lists."""
    years = portfolio.workspace.methodology.lists.window.list_years(portfolio.year)
    return say(
        "{lists} за {year} год не составлены: для них нужны данные за {years} годы.",
        lists=words(portfolio.missing_lists),
        year=words(portfolio.year),
        years=words(join_words(map(str, years))),
    )


def explain_lists(method: Methodology, names: Collection[str] | None = None) -> str:
    """What lists that need help are called in full: «ШНРО — школы с низкими результатами обучения; …».

    Args:
        names: lists to be explained; None is all of them.
    """
    known = {name: title for name, title in name_in_full(method).items() if names is None or name in names}
    return "; ".join(title if name in title else f"{name} — {title}" for name, title in known.items())


def name_in_full(method: Methodology) -> dict[str, str]:
    """Titles of the lists that need help, by what they are called."""
    watched = name_watched_lists(method)
    known = {item.status: item.title for item in (*method.lists.results, *method.lists.social)}
    titles = {**known, FIOKO_LIST: FIOKO_TITLE}
    return {name: titles[name] for name in sorted(watched, key=[*titles].index)}


FIOKO_TITLE = "школы с низкими образовательными результатами по методике ФИОКО"


def explain_abbreviations(region: RegionYear) -> Text:
    """What the lists that need help are called in full, before they are met."""
    told = explain_lists(region.workspace.methodology)
    return Text((f"{told}.",) if told else ())


def tabulate_lists(portfolio: Portfolio) -> Table | Text:
    """Lists of the year: counts and shares, the municipality beside the region."""
    if not portfolio.has_lists:
        return Text((say_no_lists(portfolio),), kind="note")
    counts = count_lists(portfolio)
    frame = pd.DataFrame(
        {
            "Список": counts["list"],
            "Школ": counts["own"],
            "Доля школ, %": 100 * counts["own"] / counts["own_schools"].where(counts["own_schools"] > 0),
            "По региону, школ": counts["region"],
            "По региону, %": blur_share(100 * counts["region"] / counts["region_schools"]),
        }
    )
    title = f"Школы в списках {portfolio.year} года"
    return Table("Списки", title, frame, {"Доля школ, %": show_percent, "По региону, %": show_percent}, note=WARNING)


WARNING = (
    "Правило относит к крайним группам по четверти школ в любом году, каким бы ни был общий уровень. Чем меньше "
    "участников, тем сильнее результат школы меняется случайно от года к году: смотрите на число участников и на "
    "надёжность места. Список — повод для адресной помощи, а не оценка школы."
)


def tabulate_decisions(portfolio: Portfolio) -> Table | Text:
    """What would have changed the lists of results: own schools on them and close to the line, where it is in reach.

    Of conditions nothing is told: a few families more or less are families that everybody knows.
    """
    chosen = choose_decisions(portfolio)
    of_results = chosen["list"].isin(portfolio.workspace.methodology.list_watched("results"))
    is_told = (of_results | chosen["list"].eq(FIOKO_LIST)) & chosen["within_reach"].fillna(False).astype(bool)
    chosen = chosen[is_told]
    if chosen.empty:
        return say_missing("Что изменило бы решение")
    frame = pd.DataFrame(
        {
            "Школа": number_schools(chosen),
            "Список": chosen["list"],
            "В списке": chosen["member"].map({True: "да", False: "нет"}),
            "Что изменило бы решение": chosen["sentence"],
        }
    ).reset_index(drop=True)
    return Table("Решения", f"Что изменило бы решение, {portfolio.year} год", frame, note=CLOSE_NOTE)


def choose_decisions(portfolio: Portfolio) -> pd.DataFrame:
    """Explanations of lists that need help for schools on them or close to the line: a row per own school and list.

    Columns of the decisions, number, name, and `member`.
    """
    explained = portfolio.workspace.decisions
    found = explained[(explained["year"] == portfolio.year) & explained["list"].isin(portfolio.watched)]
    own = found.merge(portfolio.schools[["school_id", "name", "number"]], on="school_id", validate="many_to_one")
    member = own["is_member"].fillna(False).astype(bool)
    close = ~member & (own["pupils"] <= CLOSE_PUPILS).fillna(False).astype(bool)
    return own.assign(member=member)[member | close].sort_values(["number", "list"])


CLOSE_PUPILS = 2
CLOSE_NOTE = (
    f"Школы в списках по результатам и школы, которых от такого списка отделяло не больше {CLOSE_PUPILS} учеников. "
    "Меняется один показатель года или два, остальное, в том числе другие школы, остаётся как есть. Не сказано о "
    "школах, где детей слишком мало или решение изменил бы только совсем другой результат."
)


def number_schools(schools: pd.DataFrame) -> pd.Series:
    """«3. МБОУ …»: the number that charts use, and the name."""
    return schools["number"].astype("str") + "." + NBSP + schools["name"]


def describe_book(region: RegionYear) -> About:
    """What a book of a report says of itself."""
    codes = list_codes(region) if isinstance(region, Portfolio) else {}
    return About(region.year, codes, mark_internal(region).paragraphs)


def list_codes(portfolio: Portfolio) -> dict[str, str]:
    """Codes of own schools by the names that tables give them: «3. МБОУ …», and «МБОУ …» where one school has it."""
    schools = portfolio.register
    single = schools.drop_duplicates("name", keep=False).set_index("name")["school_id"]
    return {**single, **schools["school_id"].set_axis(number_schools(schools))}


def name_domain_sheet(name: str, domain: Domain) -> str:
    """Key of a table that there is one of for every domain."""
    return {"results": f"{name} результаты", "social": f"{name} условия"}[domain]


def chart_matrix(portfolio: Portfolio) -> Chart | Text:
    """Portfolio matrix (портфельная матрица) of results against social conditions."""
    results, social = find_rules(portfolio, "results"), find_rules(portfolio, "social")
    points = place_points(portfolio)
    own = points.dropna(subset="number")
    if not results or not social or own.empty:
        what = "Портфельная матрица результатов и социальных условий"
        return Text((f"{what}: {NOT_TOLD}",), kind="note") if len(portfolio.untold) else say_missing(what)
    tracks = follow_points(portfolio)
    listed = own[own["kind"] != charts.OTHER_KIND]
    led = tracks[tracks["number"].isin(listed["number"]) & (not charts.is_crowded(len(own)))]
    figure = charts.draw_matrix(
        points,
        f"{social.title} (больше — тяжелее)",
        f"{results.title} (больше — лучше)",
        ("прочие школы муниципалитета", "другие школы региона"),
        led,
    )
    charts.finish_matrix(figure, led, CORNERS)
    table = _tabulate_matrix(portfolio, own, tracks)
    title = f"Портфельная матрица, {portfolio.year} год: индекс результатов и индекс социальных условий, от 0 до 1"
    return Chart("matrix", title, _say_matrix(points), figure, table)


def _say_matrix(points: pd.DataFrame) -> Said:
    own = points.dropna(subset="number")
    if own["x_middle"].isna().all():
        return say(TOO_FEW)
    hard, low = own["x"] > own["x_middle"], own["y"] < own["y_middle"]
    return say(
        "В условиях тяжелее медианы региона работают {hard} из {all}: у {low} результаты ниже медианы региона, "
        "у {high} не ниже. Точка — школа, номер — как в таблице школ; серый круг — несколько школ других "
        f"муниципалитетов. {CROWD if charts.is_crowded(len(own)) else LINES}",
        hard=count(int(hard.sum()), *SCHOOLS),
        all=number(len(own)),
        low=number(int((hard & low).sum())),
        high=number(int((hard & ~low).sum())),
    )


LINES = "Линия ведёт к школе из списка от её места в двух прошлых годах."
CROWD = "Школ много: номер стоит там, где для него есть место."
CORNERS = (
    "результаты ниже, условия легче",
    "результаты ниже, условия тяжелее",
    "результаты выше, условия легче",
    "результаты выше, условия тяжелее",
)
"""What the corners of the matrix mean: lower left, lower right, upper left, upper right."""


def _tabulate_matrix(portfolio: Portfolio, own: pd.DataFrame, tracks: pd.DataFrame) -> Table:
    """Places of own schools in the matrix: this year's, then those of the two years before."""
    titles = {axis: portfolio.workspace.methodology.domains[domain].title for axis, domain in AXES.items()}
    frame = pd.DataFrame({"Школа": _name_numbers(portfolio, own["number"])})
    frame = frame.assign(**{title: own[axis] for axis, title in titles.items()}, Группа=own["kind"])
    for year in sorted(set(tracks["year"]) - {portfolio.year}, reverse=True):
        past = tracks[tracks["year"] == year].set_index("number")
        for axis, title in titles.items():
            frame[f"{title}, {year} год"] = own["number"].astype("int64").map(past[axis])
    formats = dict.fromkeys(frame.columns.drop(["Школа", "Группа"]), two_digits)
    return Table("Матрица", "Школы в портфельной матрице", frame, formats)


AXES: dict[str, Domain] = {"x": "social", "y": "results"}


def _name_numbers(portfolio: Portfolio, numbers: pd.Series) -> pd.Series:
    return numbers.astype("int64").map(number_schools(portfolio.schools).set_axis(portfolio.schools["number"]))


TOO_FEW = "С регионом не сравнивается: школ в других муниципалитетах слишком мало, чтобы не узнать отдельную школу."


def tabulate_histories(portfolio: Portfolio) -> Table | Text:
    """History of every school on every list."""
    histories = list_histories(portfolio)
    watched = histories[histories["list"].isin(portfolio.watched)]
    if watched.empty:
        return say_missing("История школ в списках")
    frame = pd.DataFrame({"Школа": number_schools(watched), "Список": watched["list"], "Годы": watched["history"]})
    return Table("История", "История школ в списках", frame)


def describe_data(portfolio: Portfolio) -> Text:
    """What is missing or doubtful in the data behind this report."""
    schools = portfolio.schools
    domains = portfolio.workspace.methodology.domains
    columns = {"results": "результатов", "social": "социальных условий"}
    lacking = {columns[domain]: portfolio.flag_lacking(schools, domain) for domain in domains}
    lines = [
        say(
            "Нет ни одного показателя {what}: {absent} ({names}).",
            what=words(what),
            absent=count(int(absent.sum()), *SCHOOLS),
            names=words(_name_some(schools[absent])),
        )
        for what, absent in lacking.items()
        if absent.any()
    ]
    weak = schools["results_index"].notna() & schools["results_band"].isna()
    if weak.any():
        names = words(_name_some(schools[weak]))
        lines.append(say("Недостаточно данных для места среди школ группы: {names}.", names=names))
    if len(portfolio.untold):
        lines.append(
            say(UNTOLD, names=words(_name_some(portfolio.untold)), fewest=number(load_privacy().reports.schools))
        )
    refused = int((portfolio.workspace.files["status"] == "не принят").sum())
    if refused:
        # Names of files may tell of other municipalities; the region's page has them.
        files = count(refused, "файл", "файла", "файлов")
        lines.append(say("Из-за ошибок не принято: {files} с данными региона.", files=files))
    missing = list_missing(portfolio, names_files=False)
    fine = "Индексы за год есть у всех школ муниципалитета" + (", но не обо всём: см. «Главное»." if missing else ".")
    return Text(tuple(lines) or (fine,), kind="note" if lines else "plain")


NOT_TOLD = "места школ не названы, их группы малы."
UNTOLD = "Не сказано о месте и индексе: {names} — в других муниципалитетах школ этой группы меньше {fewest}."


def tabulate_own_corrections(portfolio: Portfolio) -> Table | Text:
    """Corrections of the data that touched this report."""
    applied = portfolio.workspace.corrections
    schools = portfolio.workspace.identified.schools
    years = sorted(set(schools.loc[schools["year"] <= portfolio.year, "year"]))
    if applied.empty:
        return Text(("Исправлений в данных муниципалитета нет.",))
    table = tabulate_corrections(applied, schools, portfolio.year, years, portfolio.municipality)
    return table if len(table.frame) else Text(("Исправлений в данных муниципалитета нет.",))


def tabulate_own_treatments(portfolio: Portfolio) -> Table | Text:
    """Indicators of own schools that few pupils took part in and that were pooled over years or set aside."""
    treated = portfolio.workspace.identified.treatments
    own = treated[treated["year"] == portfolio.year].merge(portfolio.schools[["school_id", "name"]], on="school_id")
    if own.empty:
        return Text(("Показателей, взятых по особым правилам для малого числа участников, нет.",))
    frame = describe_treatments(own, portfolio.workspace.methodology).drop(columns="Год")
    return Table("Мало участников", "Показатели с малым числом участников", frame)


def describe_treatments(rows: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Columns for readers of indicators that few took part in: a row per school, year and indicator."""
    titles = {name: item.short for name, item in methodology.indicators.items()}
    return pd.DataFrame(
        {
            "Школа": rows["name"],
            "Год": rows["year"].astype("str"),
            "Показатель": rows["indicator"].map(titles),
            "Что сделано": rows["treatment"],
            "Участников": rows["participants"],
        }
    )


def _name_some(schools: pd.DataFrame) -> str:
    names = [f"«{name}»" for name in schools["name"]]
    rest = len(names) - MOST_NAMED
    return join_words(names) if rest <= 0 else ", ".join(names[:MOST_NAMED]) + f" и ещё {format_number(rest)}"


MOST_NAMED = 5
