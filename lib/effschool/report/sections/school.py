"""A page per school inside a municipality's report (страница школы): figures, lists, certainty, comments for readers.

Each page stands by itself, so that it can be printed alone and given to the school.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from effschool.base.russian import NBSP
from effschool.dynamics.partners import CLOSE
from effschool.method.methodology import FIOKO_LIST, Methodology
from effschool.report.comments import SCHOOL_READERS, CommentRules, load_comments, write_comments
from effschool.report.display import Table, Text, render
from effschool.report.facts import count, join, say, words
from effschool.report.portfolio import Portfolio, list_certainty, list_histories
from effschool.report.school_features import find_score, gather_features, list_measured, name_titles
from effschool.report.sections.municipality import NONE, anchor_school, choose_decisions, number_schools, percent
from effschool.report.sections.support import choose_partners, describe_difference

READER_TITLES = {"учитель": "Учителю", "директор": "Директору", "методист": "Методисту"}
PUPILS = ("обучающийся", "обучающихся", "обучающихся")
MEASURED = {"value": "По школе", "before": "Год назад", "group": "По группе", "region": "По региону"}
COUNTED = ("people", "beside")
FIGURE_FORMATS = dict.fromkeys(MEASURED.values(), percent)
NO_ADVICE = "Для такого сочетания показателей готовых советов нет: смотрите последний столбец таблицы показателей."


@dataclass(frozen=True)
class Told:
    """Own schools with their figures and comments.

    Args:
        signs: a row per own school, as `gather_features` gives it.
        comments: a row per school, reader and comment, as `write_comments` gives it.
        figures: a row per school and indicator, `school_id` and the columns of a page's table.
    """

    portfolio: Portfolio
    rules: CommentRules
    signs: pd.DataFrame
    comments: pd.DataFrame
    figures: pd.DataFrame


def tell_schools(portfolio: Portfolio, path: Path) -> Told:
    """Figures and comments of own schools by the rules of a file.

    Raises:
        ConfigurationError: the file of comments is wrong.
    """
    method = portfolio.workspace.methodology
    signs = gather_features(portfolio, portfolio.schools)
    rules = load_comments(path)
    comments = write_comments(signs, rules, name_titles(method))
    return Told(portfolio, rules, signs, comments, list_figures(portfolio, signs, rules.fewest))


def list_figures(portfolio: Portfolio, signs: pd.DataFrame, fewest: int) -> pd.DataFrame:
    """Shares and means of every school beside last year, its group and the region: a row per school and indicator.

    Args:
        fewest: participants below whom a difference from the region is not called one.
    """
    method = portfolio.workspace.methodology
    names = [name for domain in method.domains for name in list_measured(portfolio, domain) if name in signs]
    rows = [_list_indicator(signs, name) for name in names]
    told = (
        pd.concat(rows) if rows else pd.DataFrame(dtype="float64", columns=["school_id", "name", *COUNTED, *MEASURED])
    )
    titles = {name: f"{method.indicators[name].short}, {method.indicators[name].unit}" for name in names}
    frame = pd.DataFrame(
        {
            "school_id": told["school_id"],
            "Показатель": told["name"].map(titles),
            **{heading: told[measure] for measure, heading in MEASURED.items()},
            "Детей": told["people"].astype("int64"),
            "Отличие от региона": _say_beside(told, method, fewest),
        }
    )
    order = {school: place for place, school in enumerate(signs.index)}
    return frame.sort_values("school_id", key=lambda ids: ids.map(order), kind="stable", ignore_index=True)


def _list_indicator(signs: pd.DataFrame, name: str) -> pd.DataFrame:
    own = signs[signs[name].notna()]
    values = {measure: own[f"{name}.{measure}".removesuffix(".value")] for measure in (*MEASURED, "beside")}
    frame = pd.DataFrame({"name": name, "people": own[f"{name}.participants"], **values})
    return frame.rename_axis("school_id").reset_index()


def _say_beside(told: pd.DataFrame, method: Methodology, fewest: int) -> pd.Series:
    """«заметно хуже» and the like where the difference from the region is more than chance makes of it."""
    words_of = {
        item.id: BESIDE[domain] if (item.direction == "inverse") == (rules.better == "high") else BESIDE[domain][::-1]
        for domain, rules in method.iterate_domains()
        for item in rules.indicators
    }
    score = find_score(method)
    beside = told["beside"].where(told["people"] >= fewest)
    more, less = ([words_of[name][end] for name in told["name"]] for end in (0, 1))
    said = pd.Series(NONE, index=told.index, dtype="str").mask(beside > score, more)
    return said.mask(beside < -score, less)


BESIDE = {"results": ("заметно хуже", "заметно лучше"), "social": ("заметно тяжелее", "заметно легче")}
"""More and less of an indicator that is worse the more there is of it, by domain."""


@dataclass(frozen=True)
class Advice:
    """Comments on one school by reader, each with its ground and its source.

    Args:
        groups: a pair per reader: heading, and the comments with `text`, `because` and `source`.
    """

    groups: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]

    def _repr_html_(self) -> str:
        return render("advice.html.j2", groups=self.groups)

    @property
    def parts(self) -> tuple[Text, ...]:
        """The same as text, for the file of facts."""
        return tuple(Text(tuple(join(item) for item in items)) for _, items in self.groups)


@dataclass(frozen=True)
class SchoolPage:
    """One school: anchor, heading and what stands below it."""

    anchor: str
    title: str
    shown: tuple[Table | Text | Advice, ...]


@dataclass(frozen=True)
class SchoolPages:
    """Pages of all own schools that take part, in the order of their numbers."""

    pages: tuple[SchoolPage, ...]

    def _repr_html_(self) -> str:
        return render("schools.html.j2", pages=self.pages)

    def __repr__(self) -> str:
        return f"<{len(self.pages)} pages>"

    @cached_property
    def parts(self) -> tuple[Table | Text, ...]:
        """All that is on the pages, for the file of facts."""
        shown = [part for page in self.pages for part in page.shown]
        return tuple(inner for part in shown for inner in (part.parts if isinstance(part, Advice) else (part,)))


def write_school_pages(told: Told) -> SchoolPages | Text:
    """A page for each own school that takes part."""
    if told.portfolio.schools.empty:
        return Text(("Ни одна школа муниципалитета в расчёте не участвует: страниц школ нет.",), kind="note")
    lists = pd.concat([_describe_lists(told.portfolio), _describe_partners(told.portfolio)])
    return SchoolPages(tuple(_write_page(told, row, lists) for _, row in told.portfolio.schools.iterrows()))


def _write_page(told: Told, school: pd.Series, lists: pd.DataFrame) -> SchoolPage:
    code, number = school["school_id"], school["number"]
    figures = told.figures[told.figures["school_id"] == code].drop(columns="school_id")
    title = f"{school['name']}: показатели, {told.portfolio.year} год"
    table = Table(f"Школа {number}", title, figures.reset_index(drop=True), FIGURE_FORMATS)
    of_school = lists[lists["school_id"] == code]["text"].tolist()
    said = Text((*_introduce(told.portfolio, school), *of_school))
    name = f"{number}.{NBSP}{school['name']}"
    return SchoolPage(anchor_school(number), name, (said, table, _gather_advice(told, code)))


def _introduce(portfolio: Portfolio, school: pd.Series) -> Iterable[str]:
    """What school it is, and which lists it is on."""
    known = pd.notna(school["enrolment"])
    people = count(round(school["enrolment"]), *PUPILS) if known else words("число обучающихся неизвестно")
    yield say(
        "{place}, {year} год. Код {code}; группа школ: {group}; {people}.",
        place=words(portfolio.municipality),
        year=words(portfolio.year),
        code=words(school["school_id"]),
        group=words(school["group"]),
        people=people,
    )
    if portfolio.has_lists and not _name_lists(school):
        yield "В списках года школы нет."


def _name_lists(school: pd.Series) -> list[str]:
    statuses = [name for name in (school["results_status"], school["social_status"]) if pd.notna(name)]
    return statuses + [FIOKO_LIST] * bool(pd.notna(school["fioko_shnor"]) and school["fioko_shnor"])


def _describe_lists(portfolio: Portfolio) -> pd.DataFrame:
    """What is said of every school and list in a paragraph: a row per both: school_id, list, text."""
    history = list_histories(portfolio).merge(portfolio.schools[["school_id", "number"]], on="number")
    said = [(row.school_id, row.list, f"«{row.list}»: {_lower(row.history)}") for row in history.itertuples()]
    sure = list_certainty(portfolio, portfolio.schools)
    for row in sure[sure["list"].isin(portfolio.watched)].itertuples():
        said.append((row.school_id, row.list, row.stability_sentence))
        said.append((row.school_id, row.list, row.chance_sentence if pd.notna(row.chance_sentence) else ""))
    decisions = choose_decisions(portfolio)
    said += list(zip(decisions["school_id"], decisions["list"], decisions["sentence"], strict=True))
    frame = pd.DataFrame(said, columns=["school_id", "list", "text"])
    return frame.groupby(["school_id", "list"], sort=False)["text"].agg(join).reset_index()


def _describe_partners(portfolio: Portfolio) -> pd.DataFrame:
    """Close and better schools of every own school that needs help: a row per school: school_id, text."""
    known = choose_partners(portfolio)
    close = known[known["kind"] == CLOSE].dropna(subset="partner") if len(known) else known
    said = [(row.school_id, f"{row.partner} ({describe_difference(row)})") for row in close.itertuples()]
    frame = pd.DataFrame(said, columns=["school_id", "text"]).groupby("school_id", sort=False)["text"].agg("; ".join)
    return (PARTNERS + frame + ".").reset_index()


PARTNERS = "Похожие школы с лучшими результатами: "


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _gather_advice(told: Told, code: str) -> Advice | Text:
    own = told.comments[told.comments["school_id"] == code]
    groups = [
        (READER_TITLES[reader], tuple(_finish(row) for row in rows.itertuples()))
        for reader in SCHOOL_READERS
        if len(rows := own[own["reader"] == reader])
    ]
    return Advice(tuple(groups)) if groups else Text((NO_ADVICE,))


def _finish(row: object) -> tuple[str, str, str]:
    """A comment with its ground and source as sentences."""
    because = join([join(["Основание:", row.because]), "."], "")  # type: ignore[attr-defined]
    return row.text, because, f"Источник: {row.source}."  # type: ignore[attr-defined]


def tabulate_figures(told: Told) -> Table | Text:
    """Figures of all pages in one table, for the workbook."""
    frame = _name_rows(told, told.figures)
    return Table("Показатели школ", "Показатели школ рядом с группой и регионом", frame, FIGURE_FORMATS)


def tabulate_comments(told: Told) -> Table:
    """Comments of all pages in one table, for the workbook."""
    names = {"reader": "Кому", "topic": "О чём", "text": "Комментарий", "because": "Основание", "source": "Источник"}
    chosen = told.comments[told.comments["reader"].isin(SCHOOL_READERS)]
    frame = _name_rows(told, chosen[["school_id", *names]].rename(columns=names))
    return Table("Комментарии", "Комментарии для учителя, директора и методиста", frame.astype("str"))


def _name_rows(told: Told, frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with the school's number and name in the place of its code."""
    names = number_schools(told.portfolio.schools).set_axis(told.portfolio.schools["school_id"])
    named = frame.assign(Школа=frame["school_id"].map(names)).drop(columns="school_id")
    return named[["Школа", *named.columns.drop("Школа")]].reset_index(drop=True)
