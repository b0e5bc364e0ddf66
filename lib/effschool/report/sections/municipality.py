"""Parts of a municipality's report: each function makes one text, table or chart from a `Portfolio`.

Every chart carries a sentence made from the same frame, so that text and drawing cannot differ. Where there is nothing
to show, the part is a note that says so: a part never disappears silently.
"""

import pandas as pd

from effschool.base.russian import NBSP, format_number, join_words
from effschool.method.methodology import FIOKO_LIST, Domain, DomainRules, GapIndicator, Methodology
from effschool.report import charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Fact, Said, count, number, say, words
from effschool.report.facts import percent as share
from effschool.report.portfolio import (
    REGION_ROW,
    Portfolio,
    RegionYear,
    compare_indicators,
    count_lists,
    follow_mean_index,
    follow_points,
    list_histories,
    measure_margin,
    measure_participants,
    place_points,
    share_bands,
    spread_bands,
    spread_values,
)
from effschool.report.sections.corrections import tabulate_corrections
from effschool.report.sections.missing import list_missing

NONE = "—"
SCHOOLS, OF_SCHOOLS = ("школа", "школы", "школ"), ("школы", "школ", "школ")


def percent(value: object) -> str:
    """One digit, for tables whose heading names the unit."""
    return format_number(float(value), 1)  # type: ignore[arg-type]


def index_value(value: object) -> str:
    """Three digits of an index 0…1."""
    return format_number(float(value), 3)  # type: ignore[arg-type]


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


def say_no_lists(portfolio: RegionYear) -> Said:
    """Why a year has no lists."""
    years = portfolio.workspace.methodology.lists.window.list_years(portfolio.year)
    return say(
        "{lists} за {year} год не составлены: для них нужны данные за {years} годы.",
        lists=words(portfolio.missing_lists),
        year=words(portfolio.year),
        years=words(join_words(map(str, years))),
    )


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
            "По региону, %": 100 * counts["region"] / counts["region_schools"],
        }
    )
    title = f"Школы в списках {portfolio.year} года"
    return Table("Списки", title, frame, {"Доля школ, %": percent, "По региону, %": percent}, note=WARNING)


WARNING = (
    "Правило относит к крайним группам по четверти школ в любом году, каким бы ни был общий уровень. Чем меньше "
    "участников, тем сильнее результат школы меняется случайно от года к году: смотрите на число участников и на запас "
    "до границы. Список — повод для адресной помощи, а не оценка школы."
)


def tabulate_schools(portfolio: Portfolio) -> Table:
    """All schools of the register: group, bands, lists, participants and the margin; in alphabetical order."""
    schools = portfolio.register.merge(measure_participants(portfolio), how="left", on="school_id")
    titles = {name: rules.band_titles for name, rules in portfolio.workspace.methodology.iterate_domains()}
    frame = pd.DataFrame({"Школа": number_schools(schools), "Код": schools["school_id"]})
    frame["Группа"] = schools["group"].fillna(schools["exclusion"]).fillna("не участвует")
    frame["Результаты года"] = schools["results_band"].map(titles.get("results", {})).fillna(NONE)
    margin = schools["school_id"].map(measure_margin(portfolio, "results"))
    frame["Запас до границы"] = margin.map(_say_margin, na_action="ignore").astype("str").fillna(NONE)
    frame["Участников"] = [_say_range(row.fewest, row.most) for row in schools.itertuples()]
    if "social" in titles:
        frame["Социальные условия года"] = schools["social_band"].map(titles["social"]).fillna(NONE)
    frame["Список результатов"] = schools["results_status"].fillna(NONE)
    if "social" in titles:
        frame["Список условий"] = schools["social_status"].fillna(NONE)
    if portfolio.workspace.methodology.fioko:
        frame[FIOKO_LIST] = schools["fioko_shnor"].map({True: "да", False: "нет"}).fillna(NONE)
    note = (
        "«Участников» — наименьшее и наибольшее число участников за показателями результатов. «Запас до границы» — "
        "насколько должен измениться индекс результатов (от 0 до 1), чтобы школа сравнялась с ближайшей школой "
        "другой группы."
    )
    pages = schools[schools["group"].notna()]
    links = link_schools(pages)
    return Table("Школы", f"Школы муниципалитета, {portfolio.year} год", frame, note=note, row_links=links)


def _say_margin(margin: float) -> str:
    return format_number(margin, 2) if margin else "менее 0,01"


def tabulate_decisions(portfolio: Portfolio) -> Table | Text:
    """What would have changed the lists that need help, in pupils: own schools on them, and those close to the line."""
    chosen = choose_decisions(portfolio)
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
    f"Школы в списках, требующих помощи, и школы, которых от такого списка отделяло не больше {CLOSE_PUPILS} учеников. "
    "Меняется один показатель года, остальное, в том числе другие школы, остаётся как есть."
)


def anchor_school(number: int) -> str:
    """Anchor of a school's page inside the report."""
    return f"school-{number}"


def link_schools(schools: pd.DataFrame) -> dict[str, str]:
    """Addresses of schools' pages inside the report, by number and name."""
    return {
        name: f"#{anchor_school(number)}"
        for name, number in zip(number_schools(schools), schools["number"], strict=True)
    }


def number_schools(schools: pd.DataFrame) -> pd.Series:
    """«3. МБОУ …»: the number that charts use, and the name."""
    return schools["number"].astype("str") + "." + NBSP + schools["name"]


def _say_range(fewest: float, most: float) -> str:
    if pd.isna(fewest):
        return NONE
    return format_number(fewest) if fewest == most else f"{format_number(fewest)}–{format_number(most)}"


def chart_bands(portfolio: Portfolio, domain: Domain) -> Chart | Text:
    """Shares of schools by band, the municipality above the region."""
    rules = find_rules(portfolio, domain)
    if not rules:
        return say_missing("Группы школ по социальным условиям" if domain == "social" else "Группы школ по результатам")
    shares = share_bands(portfolio, domain)
    colours = {rules.band_titles[band]: colour for band, colour in colour_bands(rules).items()}
    named = shares.rename(columns=rules.band_titles)
    worse = rules.worse_band
    own, region = shares.loc[portfolio.municipality, worse], shares.loc[REGION_ROW, worse]
    place = "{own} ранжированных школ муниципалитета" if pd.notna(own) else "в муниципалитете данных нет"
    band = words(rules.band_titles[worse].capitalize())
    sentence = say(f"{{band}}: {place}, по региону {{region}}.", band=band, own=share(own), region=share(region))
    frame, formats = named.rename_axis("Где").reset_index(), dict.fromkeys(named.columns, percent)
    table = Table(name_sheet("Группы", domain), rules.title + ": доли школ по группам, %", frame, formats)
    title = f"{rules.title}: школы по группам, {portfolio.year} год, % ранжированных"
    return Chart(f"bands-{domain}", title, sentence, charts.draw_stacked_shares(named, colours, "% школ"), table)


def name_sheet(name: str, domain: Domain) -> str:
    """Key of a table that there is one of for every domain."""
    return {"results": f"{name} результаты", "social": f"{name} условия"}[domain]


def chart_indicators(portfolio: Portfolio, domain: Domain) -> Chart | Text:
    """Shares and means: the municipality beside the region."""
    rules = find_rules(portfolio, domain)
    values = compare_indicators(portfolio, domain, ("share", "mean")).dropna(subset="own") if rules else pd.DataFrame()
    if not rules or values.empty:
        return say_missing("Показатели социальных условий" if domain == "social" else "Показатели результатов")
    known = portfolio.workspace.methodology.indicators
    units = [known[name].unit for name in values["indicator"]]
    unit = join_words(dict.fromkeys(units))
    frame = _label_indicators(portfolio, values)
    sentence = _compare_worst(portfolio, values)
    figure = charts.draw_dots(frame, units, portfolio.municipality, REGION_ROW)
    shown, formats = frame.rename_axis("Показатель").reset_index(), dict.fromkeys(frame.columns, percent)
    table = Table(name_sheet("Показатели", domain), f"{rules.title}: показатели, {unit}", shown, formats)
    title = f"{rules.title}: показатели муниципалитета и региона, {portfolio.year} год, {unit}"
    return Chart(f"indicators-{domain}", title, sentence, figure, table)


def _label_indicators(portfolio: Portfolio, values: pd.DataFrame) -> pd.DataFrame:
    known = portfolio.workspace.methodology.indicators
    frame = values.assign(label=values["indicator"].map(lambda name: known[name].short)).set_index("label")
    return frame[["own", "region"]].rename(columns={"own": portfolio.municipality, "region": REGION_ROW})


def _compare_worst(portfolio: Portfolio, values: pd.DataFrame) -> Said:
    """Which indicator differs from the region most for the worse, said with both values."""
    values = values.dropna(subset="region")
    if values.empty:
        return say(TOO_FEW)
    known = portfolio.workspace.methodology.indicators
    domain_better = {
        item.id: rules.better for rules in portfolio.workspace.methodology.domains.values() for item in rules.indicators
    }
    up_is_good = values["indicator"].map(
        lambda name: (known[name].direction == "direct") == (domain_better[name] == "high")
    )
    worse_by = (values["region"] - values["own"]).where(up_is_good, values["own"] - values["region"])
    worst = values.loc[worse_by.idxmax()]
    worse = int((worse_by > 0).sum())
    if worse == 0:
        return say("Ни один показатель из {all} не хуже, чем по региону.", all=number(len(values)))
    item = known[worst["indicator"]]
    return say(
        "Хуже, чем по региону, {worse} из {all}. Заметнее всего: {name} — {own} против {region} по региону.",
        worse=count(worse, "показатель", "показателя", "показателей"),
        all=number(len(values)),
        name=words(item.short),
        own=measure(worst["own"], item.unit),
        region=measure(worst["region"], item.unit),
    )


def measure(value: float, unit: str) -> Fact:
    """A value of an indicator with its unit: «12,6 %», «3,4 балл»."""
    return Fact(number(value).value, f"{format_number(value, 1)}{NBSP}{unit}")


def chart_gaps(portfolio: Portfolio) -> Chart | Text:
    """Means of the municipality against the region, as a share of the lag threshold, so that scales can be compared."""
    values = compare_indicators(portfolio, "results", ("gap",)).dropna(subset="own")
    if values.empty:
        return say_missing("Отклонение средних баллов от региона")
    known = portfolio.workspace.methodology.indicators
    limits = {item.id: item.threshold for item in known.values() if isinstance(item, GapIndicator)}
    thresholds = values["indicator"].map(limits)
    labels = values["indicator"].map(lambda name: known[name].short.removesuffix(": отставание"))
    frame = pd.DataFrame({"Отклонение, % порога": 100 * values["own"] / thresholds, "Регион": 0.0}).set_axis(labels)
    worst, below = frame["Отклонение, % порога"].idxmin(), int((values["own"] < 0).sum())
    sentence = (
        say(
            "Ниже среднего по региону {below} из {all}. Наибольшее отклонение вниз: {worst}.",
            below=count(below, "средний балл", "средних балла", "средних баллов"),
            all=number(len(values)),
            worst=words(worst),
        )
        if below
        else "Все средние баллы муниципалитета не ниже средних по региону."
    )
    details = pd.DataFrame(
        {"Показатель": labels, "Отклонение от региона, баллов": values["own"], "Порог отставания, баллов": thresholds}
    )
    formats = {"Отклонение от региона, баллов": lambda value: format_number(value, 2)}
    units = ["отклонение среднего балла, % порога отставания"] * len(frame)
    figure = charts.draw_dots(frame, units, "Отклонение, % порога", "Регион")
    table = Table("Средние баллы", "Отклонение средних баллов муниципалитета от региона", details, formats)
    title = f"Средние баллы муниципалитета относительно региона, {portfolio.year} год, % порога отставания"
    return Chart("gaps", title, sentence, figure, table)


def chart_matrix(portfolio: Portfolio) -> Chart | Text:
    """Portfolio matrix (портфельная матрица) of results against social conditions."""
    results, social = find_rules(portfolio, "results"), find_rules(portfolio, "social")
    points = place_points(portfolio)
    own = points.dropna(subset="number")
    if not results or not social or own.empty:
        return say_missing("Портфельная матрица результатов и социальных условий")
    tracks = follow_points(portfolio)
    figure = charts.draw_matrix(
        points,
        f"{social.title} (больше — тяжелее)",
        f"{results.title} (больше — лучше)",
        "прочие школы муниципалитета",
        "другие школы региона",
    )
    drawn = own if len(own) <= charts.MOST_ELLIPSES else own[own["kind"] != charts.OTHER_KIND]
    charts.finish_matrix(figure, tracks[tracks["number"].isin(drawn["number"])], name_corners(portfolio))
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
        "у {high} не ниже.",
        hard=count(int(hard.sum()), *SCHOOLS),
        all=number(len(own)),
        low=number(int((hard & low).sum())),
        high=number(int((hard & ~low).sum())),
    )


def name_corners(portfolio: Portfolio) -> tuple[str, str, str, str]:
    """What the corners of the matrix mean: lower left, lower right, upper left, upper right."""
    method = portfolio.workspace.methodology
    low, hard = (
        next((status.status for status in method.lists.list_statuses(domain) if status.band == rules.worse_band), "")
        for domain, rules in method.iterate_domains()
    )
    resilient = "справляются в тяжёлых условиях: резильентные"
    return f"низкие результаты: {low}", f"и то и другое: {low} и {hard}", "результаты выше, условия легче", resilient


def _tabulate_matrix(portfolio: Portfolio, own: pd.DataFrame, tracks: pd.DataFrame) -> Table:
    """Places of own schools in the matrix: this year's, then those of the two years before."""
    titles = {axis: portfolio.workspace.methodology.domains[domain].title for axis, domain in AXES.items()}
    frame = pd.DataFrame({"Школа": _name_numbers(portfolio, own["number"])})
    frame = frame.assign(**{title: own[axis] for axis, title in titles.items()}, Группа=own["kind"])
    for year in sorted(set(tracks["year"]) - {portfolio.year}, reverse=True):
        past = tracks[tracks["year"] == year].set_index("number")
        for axis, title in titles.items():
            frame[f"{title}, {year} год"] = own["number"].astype("int64").map(past[axis])
    formats = dict.fromkeys(frame.columns.drop(["Школа", "Группа"]), index_value)
    return Table("Матрица", "Школы в портфельной матрице", frame, formats)


AXES: dict[str, Domain] = {"x": "social", "y": "results"}


def _name_numbers(portfolio: Portfolio, numbers: pd.Series) -> pd.Series:
    return numbers.astype("int64").map(number_schools(portfolio.schools).set_axis(portfolio.schools["number"]))


TOO_FEW = "С регионом не сравнивается: школ в других муниципалитетах слишком мало, чтобы не узнать отдельную школу."


def chart_tiles(portfolio: Portfolio, domain: Domain) -> Chart | Text:
    """Bands of every school over the years."""
    rules = find_rules(portfolio, domain)
    bands = spread_bands(portfolio, domain)
    if not rules or bands.empty:
        return say_missing("Группы школ по годам")
    bands.index = pd.Index(_name_numbers(portfolio, bands.index.to_series()), name="Школа")
    figure = charts.draw_tiles(bands, colour_bands(rules), rules.band_marks)
    worse = rules.worse_band
    always = int((bands == worse).all(axis=1).sum())
    keys = "; ".join(f"{letter} — {rules.band_titles[band]}" for band, letter in rules.band_marks.items())
    sentence = say(
        "Все годы в группе «{band}»: {always} из {all}. Обозначения: {keys}; пустая клетка — школа в этом году не "
        "ранжирована.",
        band=words(rules.band_titles[worse]),
        always=count(always, *SCHOOLS),
        all=number(len(bands)),
        keys=words(keys),
    )
    frame = bands.apply(lambda column: column.map(rules.band_titles)).fillna(NONE).rename(columns=str).reset_index()
    table = Table(name_sheet("Годы", domain), f"{rules.title}: группы школ по годам", frame)
    return Chart(f"tiles-{domain}", f"{rules.title}: группы школ по годам", sentence, figure, table)


def chart_heatmap(portfolio: Portfolio, domain: Domain) -> Chart | Text:
    """Normalised indicators of every school: what stands behind its index."""
    rules = find_rules(portfolio, domain)
    values = spread_values(portfolio, domain)
    if not rules or values.empty or values.notna().sum().sum() == 0:
        return say_missing("Показатели школ")
    known = portfolio.workspace.methodology.indicators
    values.index = pd.Index(_name_numbers(portfolio, values.index.to_series()), name="Школа")
    values = values.rename(columns=lambda name: known[name].short)
    short = values.rename(index=lambda name: name if len(name) <= 40 else name[:39] + "…")
    weakest = values.mean().idxmin() if rules.better == "high" else values.mean().idxmax()
    sentence = say(
        "В среднем по школам муниципалитета слабее всего показатель: {weakest}. Значения приведены к шкале от 0 до 1 "
        "внутри года и группы школ: для результатов 1 — лучшее значение в группе, для условий 1 — самые тяжёлые.",
        weakest=words(weakest),
    )
    figure = charts.draw_heatmap(short if rules.better == "high" else 1 - short, _heat_label(rules))
    frame, formats = values.reset_index(), dict.fromkeys(map(str, values.columns), index_value)
    table = Table(name_sheet("Нормированные", domain), f"{rules.title}: нормированные показатели", frame, formats)
    title = f"{rules.title}: показатели школ, {portfolio.year} год, от 0 до 1"
    return Chart(f"heatmap-{domain}", title, sentence, figure, table)


def _heat_label(rules: DomainRules) -> str:
    return "значение: 1 — лучшее в группе" if rules.better == "high" else "1 − значение: 0 — самые тяжёлые условия"


def chart_index_paths(portfolio: Portfolio, domain: Domain) -> Chart | Text:
    """Mean index of the municipality over the years above the region's middle half."""
    rules = find_rules(portfolio, domain)
    means = follow_mean_index(portfolio, domain) if rules else pd.DataFrame({"own": []})
    if not rules or means["own"].notna().sum() == 0:
        return say_missing("Индекс по годам")
    lines = means[["own"]].rename(columns={"own": portfolio.municipality})
    figure = charts.draw_lines_over_band(lines, means, "индекс, от 0 до 1", "половина школ региона")
    last = means.dropna(subset="own").iloc[-1]
    sentence = _say_index(last)
    names = {
        "own": "Муниципалитет, среднее",
        "schools": "Школ",
        "low": "Регион, нижняя четверть",
        "middle": "Регион, медиана",
        "high": "Регион, верхняя четверть",
    }
    frame = means.rename(columns=names)[list(names.values())].rename_axis("Год").reset_index().astype({"Год": "str"})
    formats = {name: index_value for key, name in names.items() if key != "schools"}
    table = Table(name_sheet("Индекс по годам", domain), f"{rules.title} по годам", frame, formats)
    return Chart(f"paths-{domain}", f"{rules.title} по годам, от 0 до 1", sentence, figure, table)


def _say_index(last: pd.Series) -> Said:
    if pd.isna(last["middle"]):
        return say(TOO_FEW)
    return say(
        "В {year} году средний индекс {own}, {place} медианы региона ({middle}). Индекс относителен: он меняется "
        "и оттого, как меняются другие школы группы.",
        year=words(last.name),
        own=number(last["own"], 3),
        place=words("ниже" if last["own"] < last["middle"] else "не ниже"),
        middle=number(last["middle"], 3),
    )


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
    lacking = {columns[domain]: schools[f"{domain}_index"].isna() for domain in domains}
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
    refused = int((portfolio.workspace.files["status"] == "не принят").sum())
    if refused:
        # Names of files may tell of other municipalities; the region's page has them.
        files = count(refused, "файл", "файла", "файлов")
        lines.append(say("Из-за ошибок не принято: {files} с данными региона.", files=files))
    missing = list_missing(portfolio, names_files=False)
    fine = "Данные за год есть по всем школам муниципалитета" + (", но не обо всём: см. «Главное»." if missing else ".")
    return Text(tuple(lines) or (fine,), kind="note" if lines else "plain")


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
