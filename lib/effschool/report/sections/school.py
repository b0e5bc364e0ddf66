"""A page for each school (страница школы): where it stands, how sure that is, its figures, advice to its readers.

Each is a file of its own, two sheets of paper: what the municipality sends on to that school and to no other.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from effschool.base.disclosure import flag_few, load_disclosure
from effschool.base.russian import format_number
from effschool.base.storage import write_text
from effschool.dynamics.partners import CLOSE
from effschool.method.methodology import FIOKO_LIST, Domain, Methodology
from effschool.report.comments import SCHOOL_READERS, CommentRules, choose_patterns, load_comments, write_comments
from effschool.report.display import Table, Text, render
from effschool.report.facts import Said, count, join, list_facts, number, say, words
from effschool.report.page import PageCard, render_parts
from effschool.report.portfolio import Portfolio, flag_listed, name_slugs
from effschool.report.privacy import blur_share, suppress_small
from effschool.report.queries import (
    BETTER,
    WORSE,
    explain_steps,
    find_score,
    is_more_worse,
    list_caveated,
    name_sureness,
    name_verdicts,
    span_chance,
)
from effschool.report.school_features import gather_features, list_measured, name_titles
from effschool.report.sections.context import Profile, choose_context, profile_school
from effschool.report.sections.doubts import describe_doubts
from effschool.report.sections.indicators import (
    CHART,
    READING,
    VERDICTS,
    YEARS,
    draw_histories,
    draw_rows,
    list_years,
    name_rows,
    title_domains,
)
from effschool.report.sections.municipality import (
    NONE,
    number_schools,
    show_percent,
)
from effschool.report.sections.official import describe_official
from effschool.report.sections.participants import choose_own, describe_participation
from effschool.report.sections.partners import choose_partners, say_partners
from effschool.report.sections.school_lists import describe_lists, describe_own_change

READER_TITLES = {"учитель": "Учителю", "директор": "Директору", "методист": "Методисту"}
PUPILS = ("обучающийся", "обучающихся", "обучающихся")
NO_ADVICE = "Для такого сочетания показателей готовых советов нет: смотрите столбец «Против группы»."


@dataclass(frozen=True)
class Told:
    """Own schools with their figures and comments.

    Args:
        signs: a row per own school, as `gather_features` gives it.
        comments: a row per school, reader and comment, as `write_comments` gives it.
        figures: a row per school and indicator, as `list_figures` gives it.
        patterns: ids of what holds of each school, told or not.
    """

    portfolio: Portfolio
    rules: CommentRules
    signs: pd.DataFrame
    comments: pd.DataFrame
    figures: pd.DataFrame
    patterns: tuple[frozenset[str], ...] = ()

    @cached_property
    def cards(self) -> dict[str, Said]:
        """What is to be checked before conclusions, by the code of a school with signs."""
        return describe_doubts(self.portfolio).set_index("school_id")["text"].to_dict()

    @cached_property
    def context(self) -> pd.DataFrame:
        """What own schools work in, as `choose_context` gives it."""
        return choose_context(self.portfolio)

    @cached_property
    def shown(self) -> dict[str, pd.DataFrame]:
        """Figures that the page of each school may tell, by its code, as `_choose_shown` gives them."""
        shown = _choose_shown(self.figures, self.portfolio.workspace.methodology)
        return {code: rows.reset_index(drop=True) for code, rows in shown.groupby("school_id")}

    @cached_property
    def few(self) -> dict[str, int]:
        """How many figures rest on too few pupils to be told, by the code of a school."""
        return _flag_few(self.figures).groupby(self.figures["school_id"]).sum().to_dict()

    @cached_property
    def sureness(self) -> dict[str, dict[str, str]]:
        """How sure every place on a list that needs help is, as `name_sureness` gives it."""
        return name_sureness(self.portfolio, self.portfolio.schools)

    @cached_property
    def listed(self) -> set[str]:
        """Codes of own schools on a list of the year that needs help."""
        return set(list_drafted(self.portfolio)["school_id"])


def tell_schools(portfolio: Portfolio, path: Path) -> Told:
    """Figures and comments of own schools by the rules of a file.

    Raises:
        ConfigurationError: the file of comments is wrong.
    """
    method = portfolio.workspace.methodology
    signs = gather_features(portfolio, portfolio.schools)
    rules = load_comments(path)
    chosen = choose_patterns(signs, rules)
    comments = write_comments(signs, rules, name_titles(method), chosen)
    patterns = tuple(frozenset(pattern.id for pattern in held) for held in chosen.values())
    return Told(portfolio, rules, signs, comments, list_figures(portfolio, signs, rules.fewest), patterns)


def list_figures(portfolio: Portfolio, signs: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Shares and means of every school beside last year and its group: a row per school and indicator.

    Columns: school_id, indicator, name, unit, own, region (the figure of the group), before, people; `low` and `high`,
    what chance makes of the group's share among so many pupils; `verdict` and `domain` as in `queries`.

    Args:
        fewest: participants below whom a difference from the group is not called one.
    """
    method = portfolio.workspace.methodology
    listed = [(domain, name) for domain in method.domains for name in list_measured(portfolio, domain) if name in signs]
    rows = [_list_indicator(signs, name).assign(domain=domain) for domain, name in listed]
    told = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=MEASURED)
    low, high = span_chance(told["region"].astype("float64"), told["people"].astype("float64"), method)
    sign = is_more_worse(method, told["indicator"]).map({True: 1, False: -1})
    score = (sign * told["beside"]).where(told["people"] >= fewest).astype("float64")
    known = method.indicators
    return told.assign(
        name=told["indicator"].map(lambda name: known[name].short),
        unit=told["indicator"].map(lambda name: known[name].unit),
        low=low,
        high=high,
        verdict=name_verdicts(score, find_score(method)),
        order=told["school_id"].map({school: place for place, school in enumerate(signs.index)}),
    ).sort_values("order", kind="stable", ignore_index=True)


MEASURED = ["school_id", "indicator", "people", "own", "before", "region", "beside", "domain"]


def _list_indicator(signs: pd.DataFrame, name: str) -> pd.DataFrame:
    own = signs[signs[name].notna()]
    measures = {"people": "participants", "before": "before", "region": "group", "beside": "beside"}
    values = {column: own[f"{name}.{measure}"] for column, measure in measures.items()}
    frame = pd.DataFrame({"indicator": name, "own": own[name], **values})
    return frame.rename_axis("school_id").reset_index()


@dataclass(frozen=True)
class Advice:
    """Comments on one school, what was seen first and then what each reader can do about it.

    Args:
        groups: a pair per finding: its ground, and a row per reader: whom it is for, text, source (empty: our own).
    """

    groups: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]

    def _repr_html_(self) -> str:
        return render("advice.html.j2", groups=self.groups, note=OWN_ADVICE)

    @property
    def parts(self) -> tuple[Text, ...]:
        """The same as text, for the file of facts."""
        return tuple(Text((ground, *(join(item) for item in items))) for ground, items in self.groups)


OWN_ADVICE = "Без источника — предложено разработчиками."


@dataclass(frozen=True)
class SchoolPage:
    """One school: name of its file without suffix, heading and what stands below it."""

    file: str
    title: str
    shown: tuple[Table | Text | Advice | Profile, ...]


@dataclass(frozen=True)
class SchoolPages:
    """Pages of all own schools that take part, in the order of their numbers; each a file of its own."""

    pages: tuple[SchoolPage, ...]

    def __repr__(self) -> str:
        return f"<{len(self.pages)} pages>"

    @cached_property
    def parts(self) -> tuple[Table | Text, ...]:
        """All that is on the pages, for the file of facts."""
        shown = [part for page in self.pages for part in page.shown]
        return tuple(
            inner for part in shown for inner in (part.parts if isinstance(part, Advice | Profile) else (part,))
        )


def tell_pages(told: Told) -> SchoolPages:
    """A page for each own school that takes part."""
    if told.portfolio.schools.empty:
        return SchoolPages(())
    parts = (describe_lists, describe_official, describe_own_change, describe_participation, _describe_partners)
    said = pd.concat([describe(told.portfolio) for describe in parts])
    texts = said.groupby("school_id")["text"].agg(list).to_dict()
    kinds = told.figures.drop_duplicates("indicator").set_index("indicator")[["domain", "unit"]]
    histories = follow_schools_indicators(told.portfolio).join(kinds, on="indicator")
    followed = dict(iter(histories[~_flag_few(histories)].groupby("school_id")))
    nothing = histories.iloc[:0]
    schools, pages = told.portfolio.schools.set_index("school_id", drop=False), []
    for code, file in name_school_files(told.portfolio.schools).items():
        page = _tell_page(told, schools.loc[code], file, texts.get(code, []), followed.get(code, nothing))
        pages.append(page)
    return SchoolPages(tuple(pages))


def _hide_few(figures: pd.DataFrame) -> pd.DataFrame:
    """Figures without those that would say what single pupils got."""
    few = _flag_few(figures)
    return figures.assign(**{name: figures[name].mask(few) for name in ("own", "before", "low", "high", "verdict")})


def _flag_few(figures: pd.DataFrame) -> pd.Series:
    return flag_few(figures["own"], figures["people"], figures["domain"].eq("social") & figures["unit"].eq("%"))


def name_school_files(schools: pd.DataFrame) -> dict[str, str]:
    """Name of the file of every school's page, without suffix: its code."""
    return name_slugs(schools["school_id"])


DRAFT, CALENDAR = ".docx", ".xlsx"
"""Files of the draft of a school's programme, beside its page."""


def list_drafted(portfolio: Portfolio) -> pd.DataFrame:
    """Own schools for which a draft is made: those on any list that calls for help."""
    schools = portfolio.schools
    return schools[flag_listed(schools, portfolio.watched)] if len(schools) else schools


def name_drafts(portfolio: Portfolio) -> list[str]:
    """Names of the files of all drafts of a municipality."""
    files = name_school_files(portfolio.schools)
    codes = list_drafted(portfolio)["school_id"]
    return [f"{files[code]}{suffix}" for code in codes for suffix in (DRAFT, CALENDAR)]


def _tell_page(told: Told, school: pd.Series, file: str, texts: list[str], past: pd.DataFrame) -> SchoolPage:
    code = school["school_id"]
    intro = Text((*_introduce(told, school), *texts))
    own, few = choose_figures(told, code)
    parts = _part_figures(told, own[~own["is_alike"]])
    tables = [_tabulate_school(told, school, part, past, title) for title, part in parts.items()]
    read = say(READ, fewest=number(told.rules.fewest))
    tables = [*tables[:-1], *(replace(last, legend=read) for last in tables[-1:])]
    hidden = [*_say_alike(own[own["is_alike"]]), *_say_hidden(few)]
    card = [Text((told.cards[code],), kind="note")] if code in told.cards else []
    profile = filter(None, [profile_school(told.context, code)])
    return SchoolPage(file, school["name"], (intro, *tables, *hidden, *profile, *card, _gather_advice(told, code)))


def choose_figures(told: Told, code: str) -> tuple[pd.DataFrame, int]:
    """Figures of one school as its page may tell them, and how many rest on too few pupils to be told."""
    return told.shown.get(code, told.figures.iloc[:0].assign(part="", is_alike=False)), told.few.get(code, 0)


def _choose_shown(figures: pd.DataFrame, methodology: Methodology) -> pd.DataFrame:
    """Figures that pages may tell, with the title of their table in `part` and `is_alike`.

    Tables of ВПР stand apart, since nobody is judged by them. Alike are conditions and ВПР as in the group, as far as
    chance goes: what differs is told. Where no exam is told of, ВПР is all that is known of the results and stands
    whole.
    """
    shown = _hide_few(figures)[~_flag_few(figures)]
    of_social, of_vpr = shown["domain"].eq("social"), shown["indicator"].isin(list_caveated(methodology))
    has_exams = (~of_social & ~of_vpr).groupby(shown["school_id"]).transform("any")
    is_alike = (of_social | (of_vpr & has_exams)) & ~shown["verdict"].isin([WORSE, BETTER])
    parts = shown["domain"].map(title_domains(methodology)).mask(of_vpr, VPR)
    return shown.assign(part=parts, is_alike=is_alike.astype(bool))


def _part_figures(told: Told, own: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Figures of one school by the title of their table."""
    method = told.portfolio.workspace.methodology
    first, *rest = [title_domains(method)[domain] for domain in method.domains]
    parts = {title: rows.reset_index(drop=True) for title, rows in own.groupby("part")}
    return {title: parts[title] for title in dict.fromkeys([first, VPR, *rest]) if title in parts}


VPR = "ВПР"
CAVEAT = "По ВПР школы не оценивают (письма Рособрнадзора этого не предусматривают){counted}."
READ = READING.format(own="школа", other="её группа").removesuffix(".") + " или детей меньше {fewest}."


def _say_alike(alike: pd.DataFrame) -> list[Text]:
    """How many figures are not told for being those of the group, as far as chance goes."""
    social = int(alike["domain"].eq("social").sum())
    forms = {("условие", "условия", "условий"): social, OF_VPR: len(alike) - social}
    known = [say("{known}", known=count(number, *form)) for form, number in forms.items() if number]
    return [Text((join(["Ещё", join(known, " и "), ALIKE]),))] if known else []


OF_VPR = ("показатель ВПР", "показателя ВПР", "показателей ВПР")
ALIKE = "— в пределах случайного; числа у ОМСУ."


def _say_hidden(few: int) -> list[Text]:
    """How many indicators rest on so few pupils that a figure would tell of single ones."""
    behind = count(few, "показателе", "показателях", "показателях")
    return [Text((say(HIDDEN, behind=behind, fewest=number(load_disclosure().participants)),))] if few else []


HIDDEN = "Не сказано о {behind}: там менее {fewest} детей."


def _tabulate_school(told: Told, school: pd.Series, own: pd.DataFrame, histories: pd.DataFrame, title: str) -> Table:
    """Indicators of one school beside its group; of a few pupils the number is told, not the share."""
    fewest = told.rules.fewest
    domain: Domain = "social" if own["domain"].eq("social").all() else "results"
    frame = pd.DataFrame(
        {
            "Показатель": name_rows(own),
            "Школа": [_say_share(row, fewest) for row in own.itertuples()],
            "Группа": [_say_value(value) for value in own["region"]],
            "Год назад": [_say_value(value) for value in own["before"]],
            "Детей": own["people"],
            "Против группы": own["verdict"].map(VERDICTS[domain]).fillna(NONE),
        }
    )
    drawings = {CHART: draw_rows(own, "по школе", "по группе"), YEARS: draw_histories(own, histories)}
    # A number that is the same in every row stands in the heading alone.
    people = format_number(own["people"].iloc[0]) if own["people"].eq(own["people"].iloc[0]).all() else ""
    shown = ("Показатель", "Школа", "Группа", *(["Детей"] * (not people)), CHART, "Против группы", YEARS)
    heading = f"{title}, {told.portfolio.year} год, %" + (f"; детей — {people}" if people else "")
    key = f"Школа {school['number']} {title}"
    counted = f", но правило {FIOKO_LIST} их учитывает" if told.portfolio.workspace.methodology.fioko else ""
    note = CAVEAT.format(counted=counted) if title == VPR else ""
    return Table(key, heading, frame, note=note, drawings=drawings, shown=shown)


def _say_value(value: float) -> str:
    return NONE if pd.isna(value) else show_percent(value)


def _say_share(row: object, fewest: int) -> str:
    """«12,6», «2 из 7» where so few took part that a share would say too much."""
    if row.people >= fewest or row.unit != "%":  # type: ignore[attr-defined]
        return show_percent(row.own)  # type: ignore[attr-defined]
    return f"{format_number(round(row.own * row.people / 100))} из {format_number(row.people)}"  # type: ignore[attr-defined]


def follow_schools_indicators(portfolio: Portfolio) -> pd.DataFrame:
    """Indicators of own schools and of their groups over the years: school_id, indicator, year, own, region (group)."""
    values = portfolio.workspace.identified.indicators
    years = list_years(portfolio)
    known = values[values["year"].isin(years) & (values["participants"] > 0)].dropna(subset="raw")
    paths = portfolio.workspace.dynamics.paths[["school_id", "year", "group", "municipality"]]
    grouped = known.merge(paths, on=["school_id", "year"])
    grouped = grouped.assign(points=grouped["raw"] * grouped["participants"])
    by = grouped.groupby(["year", "group", "indicator"])
    pooled = blur_share(by["points"].sum() / by["participants"].sum())
    others = grouped[grouped["municipality"] != portfolio.municipality]
    counts = others.groupby(["year", "group", "indicator"])["school_id"].nunique()
    pooled = suppress_small(pooled, counts).rename("region").reset_index()
    own = grouped[grouped["school_id"].isin(portfolio.schools["school_id"])].rename(
        columns={"raw": "own", "participants": "people"}
    )
    return own.merge(pooled, on=["year", "group", "indicator"], how="left")[
        ["school_id", "indicator", "year", "own", "region", "people"]
    ]


def write_school_pages(told: Told, folder: Path) -> SchoolPages:
    """A file for each school in `folder`: what the municipality sends on to that school and to no other; the pages."""
    portfolio, region, told_pages = told.portfolio, told.portfolio.workspace.region, tell_pages(told)
    for page in told_pages.pages:
        card = PageCard(
            title=page.title,
            subtitle=f"{portfolio.municipality}, {portfolio.year} год",
            demonstration=region.demonstration,
        )
        write_text(render_parts(page.shown, card), folder / f"{page.file}.html")
    return told_pages


def _introduce(told: Told, school: pd.Series) -> Iterable[str]:
    """What school it is, and which lists it is on."""
    known = pd.notna(school["enrolment"])
    people = count(round(school["enrolment"]), *PUPILS) if known else words("число обучающихся неизвестно")
    yield say(
        "Код {code}; группа: {group}; {people}.",
        code=words(school["school_id"]),
        group=words(school["group"]),
        people=people,
    )
    if told.portfolio.has_lists and school["school_id"] not in told.listed:
        yield "В списках года, требующих помощи, школы нет."
    if steps := told.sureness.get(school["school_id"], {}):
        yield f"Надёжность: {explain_steps(steps.values())}."


def _describe_partners(portfolio: Portfolio) -> pd.DataFrame:
    """Close and better schools of every own school that needs help and has no partner yet: school_id, text."""
    known, taking = choose_partners(portfolio), choose_own(portfolio)
    served = taking.loc[taking["partner"].notna(), "school_id"] if len(taking) else ()
    known = known[~known["school_id"].isin(served)] if len(known) else known
    close = known[known["kind"] == CLOSE].dropna(subset="partner") if len(known) else known
    if not len(close):
        return pd.DataFrame(columns=["school_id", "text"])
    told = close.groupby("school_id", sort=False)["partner"].agg(say_partners).rename("text")
    return (PARTNERS + told + ".").reset_index()


PARTNERS = "Похожие школы с лучшими результатами: "


def _gather_advice(told: Told, code: str) -> Advice | Text:
    own = told.comments[(told.comments["school_id"] == code) & told.comments["reader"].isin(SCHOOL_READERS)]
    if code in told.cards:
        own = _put_off(told, own)
    groups = [
        (join([_upper(rows["because"].iloc[0]), "."], ""), tuple(_address(row) for row in rows.itertuples()))
        for _, rows in own.groupby("pattern", sort=False)
    ]
    return Advice(tuple(groups)) if groups else Text((NO_ADVICE,))


def _put_off(told: Told, comments: pd.DataFrame) -> pd.DataFrame:
    """Comments of a school whose ВПР is to be checked first: none that rests on ВПР, unless all do."""
    caveated = set(list_caveated(told.portfolio.workspace.methodology))
    resting = {item.id for item in told.rules.patterns if caveated & {condition.base for condition in item.when}}
    rest = comments[~comments["pattern"].isin(resting)]
    return comments if rest.empty else rest


def _upper(text: Said) -> Said:
    return Said(text[:1].upper() + text[1:], list_facts(text))


def _address(row: Any) -> tuple[str, str, str]:
    """A comment with whom it is for and its source, if that is a document."""
    source = "" if row.source.startswith(OWN_SOURCE) else f"Источник: {row.source}."
    return f"{READER_TITLES[row.reader]}:", row.text, source


OWN_SOURCE = "предложено разработчиками"


def tabulate_figures(told: Told) -> Table:
    """Figures of all pages in one table, for the workbook."""
    names = {"name": "Показатель", "unit": "Единица", "own": "По школе", "before": "Год назад", "region": "По группе"}
    shown = _hide_few(told.figures)
    frame = _name_rows(told, shown[["school_id", *names, "people"]].rename(columns={**names, "people": "Детей"}))
    frame["Детей"] = frame["Детей"].astype("Int64")
    words_of = [VERDICTS[row.domain].get(row.verdict, NONE) for row in shown.itertuples()]
    formats = dict.fromkeys(("По школе", "Год назад", "По группе"), show_percent)
    return Table("Показатели школ", "Показатели школ рядом с группой", frame.assign(Отличие=words_of), formats)


def tabulate_comments(told: Told) -> Table:
    """Comments of all pages in one table, for the workbook."""
    chosen = told.comments[told.comments["reader"].isin(SCHOOL_READERS)]
    frame = _name_rows(told, chosen[["school_id", *IN_BOOK]].rename(columns=IN_BOOK))
    return Table("Комментарии", "Комментарии для учителя, директора и методиста", frame.astype("str"))


IN_BOOK = {
    "reader": "Кому",
    "topic": "О чём",
    "text": "Комментарий",
    "because": "Основание",
    "zone": "Зона изменений",
    "source": "Источник",
}


def _name_rows(told: Told, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with year, code, number and name of the school in front."""
    names = number_schools(told.portfolio.schools).set_axis(told.portfolio.schools["school_id"])
    named = frame.assign(Школа=frame["school_id"].map(names), Код=frame["school_id"], Год=str(told.portfolio.year))
    front = ["Школа", "Код", "Год"]
    return named[[*front, *frame.columns.drop("school_id")]].reset_index(drop=True)
