"""Monitoring in stages (мониторинг по этапам): «вход → промежуток → итог» beside comparable schools, never alone."""

import pandas as pd

from effschool.base.russian import format_number, format_percent
from effschool.base.schemas import STAGES, YES_NO
from effschool.report.display import Table, Text
from effschool.report.portfolio import Portfolio, order_names
from effschool.report.sections.municipality import NONE, number_schools, say_missing, signed
from effschool.report.sections.participants import choose_own, name_places
from effschool.support.monitoring import BETTER, CHANCE, INDEX, MARK, WORK, WORSE, pool_schools
from effschool.support.participants import choose_participants
from effschool.support.projects import Projects

NO_STAGES = "Этапы мониторинга"
ENTRY = STAGES[0]
INTERVAL = 95
"""Per cent of the interval where the methodology has no rules of effects: then no difference is told either."""


def choose_stages(monitoring: pd.DataFrame, participants: pd.DataFrame, year: int) -> pd.DataFrame:
    """Rows of those who take part in the year: of every school, source and stage the last up to it."""
    if monitoring.empty or participants.empty:
        return monitoring.head(0)
    taking = choose_participants(participants, year)[["school_id", "project", "entry_year"]]
    known = monitoring[monitoring["year"] <= year].merge(taking.astype({"entry_year": "Int64"}))
    known = known.sort_values("year", kind="stable")
    return known.drop_duplicates(["school_id", "source", "stage", "subject", "grade"], keep="last")


def list_stages(rows: pd.DataFrame) -> pd.DataFrame:
    """A row per school and what was measured: school_id, measure, entry, between, end, verdict; texts in Russian."""
    measured = rows[rows["source"] != MARK]
    told = []
    for (code, source, subject, grade), own in measured.groupby(
        ["school_id", "source", "subject", "grade"], dropna=False
    ):
        of_index = source == INDEX
        measure = "индекс результатов" if of_index else f"работа: {subject}, {grade} класс, доля «2»"
        by_stage = own.set_index("stage")
        last = own[own["stage"] != ENTRY].tail(1)
        cells = {stage: _say_value(by_stage, stage, of_index) for stage in STAGES}
        if not of_index:
            cells[ENTRY] = _show(last["start"].iloc[0], of_index)
        told.append((code, measure, *cells.values(), _conclude(own, last, of_index)))
    return pd.DataFrame(told, columns=["school_id", "measure", *STAGES, "conclusion"])


def _say_value(by_stage: pd.DataFrame, stage: str, of_index: bool) -> str:
    return _show(by_stage.loc[stage, "now"], of_index) if stage in by_stage.index else NONE


def _show(value: float, of_index: bool) -> str:
    if pd.isna(value):
        return NONE
    return signed(value) if of_index else format_percent(value, 0)


def _conclude(own: pd.DataFrame, last: pd.DataFrame, of_index: bool) -> str:
    """The difference from comparable schools with its ends, or why there is none."""
    row = (last if len(last) else own.tail(1)).iloc[0]
    if pd.isna(row["verdict"]):
        return str(row["reason"]) if pd.notna(row["reason"]) else "следующего этапа ещё не было"
    ends = " до ".join(_sign(row[name], of_index) for name in ("low", "high"))
    others = f"{row['others']} {'похожих' if of_index else 'других участников'}"
    return f"{row['verdict']}: {_sign(row['difference'], of_index)} (от {ends}), рядом {others}"


def _sign(value: float, of_index: bool) -> str:
    return signed(value) if of_index else ("+" if round(value) > 0 else "") + format_number(value)


def tabulate_stages(portfolio: Portfolio) -> Table | Text:
    """Stages of own schools, what they are beside and what was told of their programmes."""
    support = portfolio.workspace.support
    taking = choose_own(portfolio)
    rows = choose_stages(support.monitoring, taking, portfolio.year)
    if rows.empty:
        return say_missing(NO_STAGES)
    schools = portfolio.register.set_index("school_id")
    told = list_stages(rows)
    told = told.assign(number=told["school_id"].map(schools["number"])).sort_values("number", kind="stable")
    frame = pd.DataFrame({"Школа": number_schools(schools).reindex(told["school_id"]).to_numpy()})
    frame = frame.join(_name_columns(told)).assign(**{CORRECTED: _say_corrections(rows, told["school_id"])})
    title = f"Мониторинг по этапам, {portfolio.year} год: вход → промежуток → итог"
    note = f"{say_pool(rows, _find_interval(portfolio))} {READING}".strip()
    return Table("Мониторинг", title, frame, note=note, folds=True)


CORRECTED = "Программа скорректирована"
READING = (
    "Индекс — в разбросах школ региона, 0 — среднее группы; вход — среднее лет до отбора. Похожие школы не "
    "участвовали, у них за то же время тоже есть перемены. Разница работ — в процентных пунктах, с "
    "переменой у других участников."
)


def _name_columns(told: pd.DataFrame) -> pd.DataFrame:
    titles = {
        "measure": "Что измерено",
        **{stage: stage.capitalize() for stage in STAGES},
        "conclusion": "Рядом с похожими",
    }
    return told[list(titles)].rename(columns=titles).reset_index(drop=True)


def _say_corrections(rows: pd.DataFrame, codes: pd.Series) -> list[str]:
    """«да, 14.09.2023» of every school, by the last stage after which it should have been told."""
    marks = rows[(rows["source"] == MARK) & rows["stage"].ne(ENTRY)].sort_values("year", kind="stable")
    last = marks[marks["stage"] != STAGES[-1]].drop_duplicates("school_id", keep="last").set_index("school_id")
    said = {
        code: f"{row['corrected'] if pd.notna(row['corrected']) else NOT_TOLD}, {row['day']}"
        for code, row in last.iterrows()
    }
    return [said.get(code, NOT_TOLD) for code in codes]


NOT_TOLD = "не сообщено"


def _find_interval(portfolio: Portfolio) -> float:
    rules = portfolio.workspace.methodology.effects
    return float(rules.interval_pct) if rules else INTERVAL


def say_pool(rows: pd.DataFrame, interval_pct: float) -> str:
    """The mean difference of the last stages of several schools; nothing of one."""
    after = rows[(rows["source"] == INDEX) & rows["stage"].ne(ENTRY)].drop_duplicates("school_id", keep="last")
    pooled = pool_schools(after, interval_pct)
    if pd.isna(pooled["low"]):
        return ""
    verdict = BETTER if pooled["low"] > 0 else WORSE if pooled["high"] < 0 else CHANCE
    ends = " до ".join(signed(pooled[name]) for name in ("low", "high"))
    number, mean = format_number(pooled["schools"]), signed(pooled["difference"])
    return f"В среднем по {number} школам — {verdict}: {mean} (от {ends})."


# For the institute


def tabulate_region_stages(
    monitoring: pd.DataFrame, participants: pd.DataFrame, projects: Projects, year: int, interval_pct: float = INTERVAL
) -> Table | Text:
    """Stages of the region's participants: a row per what was measured and stage, with how many are beside whom."""
    rows = choose_stages(monitoring, participants, year)
    if rows.empty:
        return say_missing(NO_STAGES)
    found = [_count_stage(own, str(source), str(stage)) for (source, stage), own in rows.groupby(["source", "stage"])]
    frame = pd.DataFrame(found).sort_values("Этап", key=lambda names: names.map(STAGES.index), kind="stable")
    title = f"Мониторинг участников по этапам, {year} год"
    note = f"{say_pool(rows, interval_pct)} {_say_waves(projects, rows, year)}".strip()
    return Table("Мониторинг, сводка", title, frame.reset_index(drop=True), note=note)


WORKS = "работ: "
"""A school may write a work in several subjects."""


def _count_stage(own: pd.DataFrame, source: str, stage: str) -> dict[str, object]:
    counts = own["verdict"].value_counts()
    corrected = own["corrected"].value_counts()
    told = [f"{name} — {corrected[name]}" for name in YES_NO if name in corrected]
    silent = int(own["corrected"].isna().sum())
    is_asked, is_judged = source == MARK and stage == STAGES[1], source != MARK and stage != ENTRY
    judged = {name: int(counts.get(name, 0)) for name in (BETTER, CHANCE, WORSE)}
    judged |= {"вывода нет": int(own["verdict"].isna().sum())}
    return {
        "Этап": stage,
        "Что известно": source,
        "Школ": own["school_id"].nunique(),
        "Рядом с похожими": WORKS * (source == WORK)
        + "; ".join(f"{name} — {number}" for name, number in judged.items() if number)
        if is_judged
        else NONE,
        CORRECTED: "; ".join([*told, f"{NOT_TOLD} — {silent}"]) if is_asked else NONE,
    }


def _say_waves(projects: Projects, rows: pd.DataFrame, year: int) -> str:
    """When the stages of a year are planned, by project."""
    told = []
    for name in sorted(rows["project"].dropna().unique()):
        known = projects.find(name)
        waves = known.list_waves(year) if known else []
        days = "; ".join(f"{wave.stage} — {wave.since:%d.%m}–{wave.until:%d.%m.%Y}" for wave in waves)
        told.append(f"«{name}»: {days or f'сроков на {year} год нет'}.")
    return f"Сроки по плану. {' '.join(told)}" if told else ""


def tabulate_all_stages(
    monitoring: pd.DataFrame, participants: pd.DataFrame, schools: pd.DataFrame, year: int, place: str | None = None
) -> Table | Text:
    """Stages school by school, by municipality and name.

    Args:
        place: a municipality, whose schools alone are shown; None is the whole region.
    """
    rows, names = choose_stages(monitoring, participants, year), name_places(schools, year)
    told = list_stages(rows) if len(rows) else rows
    if len(told):
        told = told.assign(**{name: told["school_id"].map(names[name]) for name in names})
        told = told[told["municipality"].eq(place)] if place is not None else told
    if told.empty:
        return say_missing(NO_STAGES)
    told = told.sort_values(["municipality", "name", "school_id"], key=order_names, kind="stable")
    frame = pd.DataFrame(
        {"Школа": told["name"].array, "Код": told["school_id"].array, "Муниципалитет": told["municipality"].array}
    )
    frame = frame.join(_name_columns(told)).assign(**{CORRECTED: _say_corrections(rows, told["school_id"])})
    return Table("Мониторинг", f"Мониторинг по этапам, {year} год, школа за школой", frame, note=READING, folds=True)
