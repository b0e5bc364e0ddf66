"""Schools of projects of support (участники проектов): on the pages of the municipality, the school and the region."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from effschool.base.russian import count_words, format_number, format_percent
from effschool.report.display import Table, Text
from effschool.report.drawings import draw_strip
from effschool.report.facts import Said, join, say, tabulate_said, words
from effschool.report.portfolio import Portfolio, RegionYear, order_names, spread_bands
from effschool.report.sections.municipality import NONE, SCHOOLS, number_schools, say_missing, signed
from effschool.support.monitoring import INDEX, find_reached
from effschool.support.participants import choose_participants, count_curators, count_projects
from effschool.support.projects import Plan, Projects
from effschool.support.proposal import RESERVE, WITHIN


def choose_own(portfolio: Portfolio) -> pd.DataFrame:
    """Entries of own schools that take part in the year, also of those left out of the identification."""
    known = portfolio.workspace.support.participants
    own = known[known["school_id"].isin(portfolio.register["school_id"])] if len(known) else known
    return choose_participants(own, portfolio.year).sort_values("entry_year", kind="stable") if len(own) else own


def tabulate_participants(portfolio: Portfolio) -> Table | Text:
    """Own schools of projects of support: since when, who helps, the stage reached, bands since the year before."""
    rows, schools = choose_own(portfolio), portfolio.register.set_index("school_id")
    if rows.empty:
        return Text(("В проектах поддержки школы муниципалитета в этом году не участвуют.",), kind="note")
    rules, bands = portfolio.workspace.methodology.domains.get("results"), spread_bands(portfolio, "results")
    numbers = rows["school_id"].map(schools["number"])
    paths = [
        {year: band for year, band in bands.loc[number].items() if year >= entry - 1} if number in bands.index else {}
        for number, entry in zip(numbers, rows["entry_year"], strict=True)
    ]
    frame = pd.DataFrame(
        {
            "Школа": number_schools(schools).reindex(rows["school_id"]).to_numpy(),
            "Проект": rows["project"].array,
            "Трек": rows["track"].astype("str").where(rows["track"].notna(), NONE).array,
            "Волна": rows["wave"].fillna(NONE).array,
            "С года": rows["entry_year"].astype("str").array,
            "Куратор": rows["curator"].fillna("куратора нет").array,
            "Школа-партнёр": rows["partner"].fillna("партнёра нет").array,
            "Договор": rows["agreement"].fillna("не сообщено").array,
            "Этап": _say_stages(portfolio, rows["school_id"]),
            MEASURED: _say_measured(portfolio, rows["school_id"]),
            PATH: [_say_path(path, rules.band_titles if rules else {}) for path in paths],
        }
    )
    drawings = {DRAWN_PATH: [draw_strip(path, rules.band_marks, rules.worse_band) for path in paths]} if rules else {}
    is_compared = frame[MEASURED].ne(NONE).any()
    named, shown = _name_projects(frame)
    note = f"{CELLS if rules else ''} {READ_MEASURED if is_compared else ''}".strip()
    title = f"Наши школы в {named}, {portfolio.year} год"
    return Table("Проекты", title, frame, note=note, drawings=drawings, shown=(*shown, *drawings), folds=True)


def _name_projects(frame: pd.DataFrame) -> tuple[str, tuple[str, ...]]:
    """What the title says of the projects, and the columns on the page: those with something to say."""
    is_one = frame["Проект"].eq(frame["Проект"].iloc[0]).all()
    empty = {name for name in ("Трек", MEASURED) if frame[name].eq(NONE).all()}
    unseen = {PATH, "Волна", *empty, *({"Проект"} if is_one else set())}
    named = f"проекте «{frame['Проект'].iloc[0]}»" if is_one else "проектах поддержки"
    return named, tuple(name for name in frame if name not in unseen)


MEASURED = "Индекс: вход → этап"
CELLS = "Клетки — место по результатам в своей группе, с года до включения."
READ_MEASURED = (
    "Индекс — в разбросах школ региона, вход — до отбора, похожие не участвовали. Работы этапов — в книге, лист "
    "«Мониторинг»."
)


def _say_measured(portfolio: Portfolio, codes: pd.Series) -> list[str]:
    """«−1,50 → −1,22 (похожие −0,68): в пределах случайного»; a dash where it is compared with nobody."""
    known = portfolio.workspace.support.monitoring
    own = known[known["source"].eq(INDEX) & (known["year"] <= portfolio.year)] if len(known) else known
    own = own.sort_values("year", kind="stable") if len(own) else own
    last = own.drop_duplicates("school_id", keep="last").set_index("school_id") if len(own) else pd.DataFrame()
    return [_say_one(last.loc[code]) if code in last.index else NONE for code in codes]


def _say_one(row: pd.Series) -> str:
    if pd.notna(row["verdict"]):
        start, now, others = (signed(row[name]) for name in ("start", "now", "expected"))
        return f"{start} → {now} (похожие {others}): {row['verdict']}"
    return NONE


def _say_stages(portfolio: Portfolio, codes: pd.Series) -> list[str]:
    """«промежуточный, 14.09.2023» of every school; the year alone where no day was told."""
    reached = find_reached(portfolio.workspace.support.monitoring, portfolio.year)
    said = {
        code: f"{row['stage']}, {row['day'] if pd.notna(row['day']) else row['year']}"
        for code, row in reached.iterrows()
    }
    return [said.get(code, "не сообщено") for code in codes]


def describe_participation(portfolio: Portfolio) -> pd.DataFrame:
    """The project of every school that takes part, who helps and the stage: school_id, text."""
    rows = (
        choose_own(portfolio) if len(portfolio.workspace.support.participants) else pd.DataFrame(columns=["school_id"])
    )
    stages = _say_stages(portfolio, rows["school_id"])
    told = [_say_participation(row, stage) for row, stage in zip(rows.itertuples(), stages, strict=True)]
    return tabulate_said({"school_id": rows["school_id"], "text": told})


def _say_participation(row: Any, stage: str) -> Said:
    named = (("куратор", row.curator), ("школа-партнёр", row.partner), ("этап", stage))
    people = [say(f"; {who} — {{name}}", name=words(name)) for who, name in named if pd.notna(name)]
    entry = say("В проекте «{project}» с {year} года", project=words(row.project), year=words(row.entry_year))
    return join([entry, *people, "."], "")


PATH, DRAWN_PATH = "Результаты с года до включения", "Результаты"


def _say_path(path: Mapping[int, object], titles: Mapping[str, str]) -> str:
    return "; ".join(f"{year} — {titles.get(str(band), 'нет')}" for year, band in path.items())


# For the institute


def tabulate_projects(participants: pd.DataFrame, projects: Projects, year: int) -> Table | Text:
    """Projects of a year: schools, curators and who has none, agreements signed against the plan."""
    counted = count_projects(participants, year) if len(participants) else pd.DataFrame()
    if counted.empty:
        return say_missing("Участники проектов поддержки")
    rows = [
        (
            row.project,
            row.schools,
            f"{row.curators}; школ у одного — до {row.most}" if row.curators else NONE,
            row.no_curator,
            row.no_partner,
            _say_agreements(row, projects),
        )
        for row in counted.itertuples()
    ]
    columns = ["Проект", "Школ", "Кураторов", "Без куратора", "Без партнёра", "Договоры"]
    title = f"Проекты поддержки, {year} год"
    return Table("Проекты поддержки", title, pd.DataFrame(rows, columns=columns), note=AGREEMENT_NOTE)


AGREEMENT_NOTE = "План договоров — из документа проекта."


def _say_agreements(row: Any, projects: Projects) -> str:
    """«9 из 10; план: все школы к 30.04.2023»."""
    known = projects.find(row.project)
    signed = f"{row.agreed} из {row.schools}"
    if row.told < row.schools:
        signed += f", не сообщено о {row.schools - row.told}"
    plan = known.agreements if known else None
    return f"{signed}; план: {_say_plan(plan)}" if plan else f"{signed}; плана в документе нет"


def _say_plan(plan: Plan) -> str:
    if plan.schools:
        return f"не меньше {plan.schools} к {plan.until:%d.%m.%Y}"
    share = "все школы" if plan.share_pct == 100 else f"{format_percent(plan.share_pct, 0)} школ"
    return f"{share} к {plan.until:%d.%m.%Y}"


def tabulate_curators(participants: pd.DataFrame, year: int) -> Table | Text:
    """Load of the curators: schools of each, by name."""
    counted = count_curators(participants, year) if len(participants) else pd.DataFrame()
    if counted.empty:
        return say_missing("Кураторы проектов")
    frame = counted.sort_values("curator", key=order_names).set_axis(["Куратор", "Проекты", "Школ"], axis=1)
    return Table("Кураторы", f"Нагрузка кураторов, {year} год", frame.reset_index(drop=True), folds=True)


def name_places(schools: pd.DataFrame, year: int) -> pd.DataFrame:
    """Name and municipality of every school by code, as in its last year up to the given one."""
    known = schools[schools["year"] <= year].sort_values("year")
    return known.drop_duplicates("school_id", keep="last").set_index("school_id")[["name", "municipality"]]


def tabulate_proposed(
    proposed: pd.DataFrame, schools: pd.DataFrame, year: int, place: str | None = None
) -> Table | Text:
    """Schools proposed for projects, with columns that the ОМСУ fills in and sends back.

    Args:
        proposed: as `Support.proposed` has it. `schools`: the register over the years.
        place: a municipality, whose schools alone are shown; None is the whole region.
    """
    names = name_places(schools, year)
    rows = proposed[proposed["year"] == year] if len(proposed) else proposed
    rows = rows[rows["school_id"].map(names["municipality"]).eq(place)] if place is not None and len(rows) else rows
    if rows.empty:
        return Text((NOTHING_PROPOSED,), kind="note")
    frame = pd.DataFrame(
        {
            "Наименование": rows["school_id"].map(names["name"]).array,
            "Код ОО": rows["school_id"].array,
            "Год": rows["year"].astype("str").array,
            "Муниципалитет": rows["school_id"].map(names["municipality"]).array,
            "Проект": rows["project"].array,
            "Трек": rows["track"].array,
            "Основание": [_say_ground(row) for row in rows.itertuples()],
            "Место": rows["standing"].array,
            ANSWER: [_say_answer(row) for row in rows.itertuples()],
            "Решение ОМСУ": rows["decision"].array,
            "Причина": rows["reason"].array,
        }
    )
    shown = ("Наименование", *(() if place else ("Муниципалитет",)), "Проект", "Основание", "Место", ANSWER)
    title = f"Предложение участников проектов по спискам {year} года"
    return Table("Предложение", title, frame, note=_say_proposed(rows), shown=shown, folds=True)


ANSWER = "Ответ ОМСУ"
NOTHING_PROPOSED = (
    "Школ для проектов не предложено: квоты нет (methodologies/projects.yml) или подходящие школы уже участвуют."
)


def tabulate_own_proposed(portfolio: Portfolio) -> Table | Text:
    """The same for the own schools of a municipality."""
    support, schools = portfolio.workspace.support, portfolio.workspace.identified.schools
    part = tabulate_proposed(support.proposed, schools, portfolio.year, portfolio.municipality)
    return Text((), kind="note") if isinstance(part, Text) else part


def tell_proposed(portfolio: Portfolio) -> Text:
    """Which own schools are proposed within the quota, in a sentence; nothing where none is."""
    known = portfolio.workspace.support.proposed
    if known.empty:
        return Text((), kind="note")
    own = known[known["year"].eq(portfolio.year) & known["school_id"].isin(portfolio.register["school_id"])]
    if own.empty:
        return Text((), kind="note")
    names = portfolio.register.set_index("school_id")["number"]
    within, reserve = (
        [f"{names[row.school_id]} ({_say_answer(row)})" for row in own[own["standing"] == standing].itertuples()]
        for standing in (WITHIN, RESERVE)
    )
    return Text(
        (
            say(
                "В проект предложены школы (номера таблицы школ): в квоте — {within}; в запасе — {rest}. Решает ОМСУ: "
                "лист «Предложение» книги.",
                within=words(", ".join(within) or "никто"),
                rest=words(", ".join(reserve) or "никто"),
            ),
        )
    )


def tabulate_region_proposed(region: RegionYear) -> Table | Text:
    """The same for the whole region."""
    return tabulate_proposed(region.workspace.support.proposed, region.workspace.identified.schools, region.year)


def _say_ground(row: Any) -> str:
    if pd.isna(row.ground):
        return NONE
    return f"{row.ground} ({row.verdict})" if pd.notna(row.verdict) else row.ground


def _say_answer(row: Any) -> str:
    if pd.isna(row.decision):
        return "ответа нет"
    return f"{row.decision}: {row.reason}" if pd.notna(row.reason) else row.decision


def _say_proposed(rows: pd.DataFrame) -> str:
    """How many answered, and how the answer is given."""
    answers = rows["decision"].value_counts()
    told = [f"{name} — {format_number(number)}" for name, number in answers.items()]
    told.append(f"ответа нет — {format_number(int(rows['decision'].isna().sum()))}")
    return f"Всего {count_words(len(rows), *SCHOOLS)}: {'; '.join(told)}. {HOW_TO_ANSWER}"


HOW_TO_ANSWER = (
    "Это предложение, а не решение: впишите на листе «Предложение» книги «Решение ОМСУ» (согласовано, не согласовано) "
    "и «Причину», пришлите лист назад. Школы в запасе имеют то же основание, что последняя в квоте."
)
