"""What schools work in (контекст школы): a profile on a school's page, harder conditions and teachers by municipality.

Conditions of work and causes to check; no sentence here judges a school.
"""

from dataclasses import dataclass

import pandas as pd

from effschool.base.russian import NBSP, format_number
from effschool.report.display import Table, Text
from effschool.report.drawings import draw_profile
from effschool.report.facts import count, join, number, say, words
from effschool.report.portfolio import Portfolio
from effschool.report.privacy import load_privacy
from effschool.report.sections.municipality import NONE, number_schools, say_missing
from effschool.support.context import EASIER, HARDER, ContextRules

TITLE = "Условия работы"
READ = "точка — школа, полоса — средняя половина её группы"
ROWS = 5
"""Rows of a profile at most, the harder ones first: two sheets of paper hold no more."""


@dataclass(frozen=True)
class Profile:
    """The profile of one school: a drawing, and the same numbers as text for the file of facts."""

    drawing: str
    text: Text

    def _repr_html_(self) -> str:
        return self.drawing

    @property
    def parts(self) -> tuple[Text, ...]:
        """The numbers of the drawing."""
        return (self.text,)


def choose_context(portfolio: Portfolio) -> pd.DataFrame:
    """Measures of own schools in the year, each beside a group of which enough schools are of other municipalities."""
    known = portfolio.workspace.support.context
    if known.empty:
        return known
    own = known[known["year"].eq(portfolio.year) & known["school_id"].isin(portfolio.schools["school_id"])]
    is_told = own["others"].isna() | (own["others"] >= load_privacy().reports.schools)
    return own.assign(stands=own["stands"].where(is_told))


def profile_school(context: pd.DataFrame, code: str) -> Profile | None:
    """The profile of a school: what lies beyond the middle half of its group; None where nothing does."""
    own = context[context["school_id"] == code] if len(context) else context
    beyond = own[own["stands"].isin([HARDER, EASIER]) & own["value"].notna()] if len(own) else own
    if beyond.empty:
        return None
    rows = beyond.sort_values("stands", key=lambda stands: stands.ne(HARDER), kind="stable").head(ROWS)
    rows = rows.assign(
        told=[_say(row.value, row.unit) for row in rows.itertuples()], is_hard=rows["stands"].eq(HARDER).array
    )
    said = [say("{title} — {told}", title=words(row.title), told=words(row.told)) for row in rows.itertuples()]
    return Profile(draw_profile(TITLE, READ, rows), Text((join([f"{TITLE}:", join(said, "; ")]),)))


def _say(value: float, unit: str) -> str:
    return f"{_round(value)}{NBSP}{unit}".strip()


def _round(value: float) -> str:
    return format_number(value, 0 if value >= 10 or value == round(value) else 1)


def tabulate_context(portfolio: Portfolio) -> Table | Text:
    """In what own schools work harder and easier than half of the schools of their group."""
    own = choose_context(portfolio)
    if own.empty:
        return say_missing("Контекст школ")
    said = own.assign(told=[say_condition(row) for row in own.itertuples()])
    by_kind = {
        heading: said[said["stands"] == stands].groupby("school_id")["told"].agg("; ".join)
        for heading, stands in (("Труднее", HARDER), ("Легче", EASIER))
    }
    schools = portfolio.schools.set_index("school_id")
    known = said.groupby("school_id").size()
    frame = pd.DataFrame(
        {
            "Школа": number_schools(schools).to_numpy(),
            **{name: told.reindex(schools.index).fillna(NONE).to_numpy() for name, told in by_kind.items()},
        }
    )
    is_known = schools.index.isin(known.index)
    note = say(NOTE, known=number(int(is_known.sum())), all=count(len(schools), *OF_SCHOOLS))
    title = f"{TITLE}: труднее и легче, чем у половины школ той же группы, {portfolio.year} год"
    return Table(TITLE, title, frame[is_known].reset_index(drop=True), note=note)


OF_SCHOOLS = ("школы", "школ", "школ")
NOTE = "Сведения есть о {known} из {all}. Это условия и причины, которые стоит проверить, а не оценка школы."


def say_condition(row: object) -> str:
    """«вакансии 5 %», «интернет: не хватает»."""
    if pd.notna(row.words):  # type: ignore[attr-defined]
        return f"{row.title.lower()}: {row.words}"  # type: ignore[attr-defined]
    return f"{row.title.lower()} {_say(row.value, row.unit)}"  # type: ignore[attr-defined]


COUNTS = {
    "teachers": "Учителей",
    "courses_planned": "Курсы запланированы",
    "courses_passed": "Курсы пройдены",
    "diagnosed": "Диагностика пройдена",
    "with_deficits": "Дефициты выявлены",
    "helped": "Дефициты устраняются",
    "mentors": "Наставников",
    "vacancies": "Вакансий",
}


def tabulate_teachers(portfolio: Portfolio) -> Table | Text:
    """Teachers, courses, deficits and vacancies of own schools by subject; numbers only."""
    known = portfolio.workspace.support.teachers
    own = (
        known[known["year"].eq(portfolio.year) & known["school_id"].isin(portfolio.schools["school_id"])]
        if len(known)
        else known
    )
    if own.empty:
        return say_missing("Педагоги и курсы")
    grouped = own.groupby("subject", sort=False)
    summed = grouped[list(COUNTS)].sum(min_count=1).rename(columns=COUNTS)
    frame = summed.assign(Школ=grouped["school_id"].nunique())[["Школ", *COUNTS.values()]].rename_axis("Предмет")
    schools = own["school_id"].nunique()
    note = say(TOLD_BY, known=number(schools), all=count(len(portfolio.schools), *OF_SCHOOLS))
    return Table("Педагоги", f"Педагоги и курсы, {portfolio.year} год", frame.reset_index(), note=note)


TOLD_BY = "Сведения есть о {known} из {all}; прочерк — ни одна школа числа не назвала."


def tabulate_risks(rules: ContextRules) -> Table:
    """The risk factors of «500+», each with how sure its wording is: for the institute."""
    titles = {item.id: item.title.lower() for item in rules.measures}
    rows = [
        (risk.title, risk.status, ", ".join(titles[name] for name in risk.measures) or NONE)
        for risk in rules.risk_factors
    ]
    frame = pd.DataFrame(rows, columns=["Фактор риска «500+»", "Формулировка", "О нём говорят условия"])
    return Table("Факторы 500+", "Факторы рискового профиля «500+»: перечень правится", frame)
