"""What a stage of the run comes to (выводы): the last frame of its notebook; a row per thing that was counted."""

from collections.abc import Iterable

import pandas as pd

from effschool.base.problems import Severity
from effschool.certainty.stability import Stability
from effschool.dynamics.follow import Dynamics
from effschool.intake.ingest import ACCEPTED, Ingested
from effschool.method.identify import Identified
from effschool.method.methodology import Methodology
from effschool.report.display import Table, Text
from effschool.report.portfolio import flag_members, name_all_lists
from effschool.report.sections.certainty import STABLE
from effschool.report.sections.municipality import say_missing
from effschool.report.workspace import Support
from effschool.support.participants import choose_participants
from effschool.support.targets import STATES

NOTHING = "Выводы"
COUNTED = ["Что", "Сколько"]


def conclude_intake(found: Ingested) -> Table:
    """Files, problems by kind, and what was taken of the last year."""
    schools = found.tables["schools"]
    accepted = found.files[found.files["status"] == ACCEPTED]
    last = schools["year"].max()
    rows = [
        ("Файлов прислано", found.files["file"].nunique()),
        ("Листов принято", len(accepted)),
        ("Листов не принято или не узнано", len(found.files) - len(accepted)),
        *((f"Замечаний вида «{kind}»", int((found.problems["severity"] == kind).sum())) for kind in Severity),
        ("Исправлений внесено или отклонено", len(found.corrections)),
        ("Лет с реестром школ", schools["year"].nunique()),
        ("Школ в реестре последнего года", int((schools["year"] == last).sum())),
    ]
    return _conclude("Что принято и что требует внимания", rows)


def conclude_lists(identified: Identified, methodology: Methodology, stability: Stability, year: int) -> Table | Text:
    """Every list of a year: its schools, those that are on it firmly, those that were not on it the year before."""
    lists = identified.lists.set_index("school_id")
    now, before = (lists[lists["year"] == asked] for asked in (year, year - 1))
    members = stability.rows[stability.rows["is_member"].astype(bool)]
    firm = members[members["verdict"] == STABLE].groupby("list").size()
    rows = []
    for name in name_all_lists(methodology):
        own, earlier = (set(part.index[flag_members(part, name)]) for part in (now, before))
        rows.append((name, len(own), int(firm.get(name, 0)), len(own - earlier) if earlier else None))
    if not sum(row[1] for row in rows):
        return say_missing(NOTHING)
    headings = ["Список", "Школ", "Из них устойчиво", "Не было год назад"]
    frame = pd.DataFrame(rows, columns=headings).astype({headings[-1]: "Int64"})
    note = "Пусто — год назад такого списка не было." if frame[headings[-1]].isna().any() else ""
    return Table(NOTHING, f"Списки, {year} год: сколько школ и насколько твёрдо", frame, note=note)


def conclude_dynamics(dynamics: Dynamics) -> Table | Text:
    """The last step of every list: how many schools stayed, came, left."""
    moves = dynamics.turnover[dynamics.turnover["to_year"] == dynamics.turnover["to_year"].max()]
    if moves.empty:
        return say_missing(NOTHING)
    names = {"list": "Список", "stayed": "Остались", "entered": "Вошли", "left": "Вышли", "gone": "Выбыли"}
    frame = moves[list(names)].rename(columns=names).reset_index(drop=True)
    return Table(NOTHING, f"Списки, {moves['from_year'].iloc[0]} → {moves['to_year'].iloc[0]} годы, школ", frame)


def conclude_support(support: Support, year: int) -> Table:
    """Participants of a year, proposals, events of plans, and targets by state."""
    taking, targets = choose_participants(support.participants, year), support.targets[support.targets["year"] == year]
    region = targets[targets["municipality"].isna()]
    rows = [
        ("Школ в проектах", taking["school_id"].nunique()),
        ("Из них с куратором", taking.loc[taking["curator"].notna(), "school_id"].nunique()),
        ("Школ предложено в проекты", support.proposed["school_id"].nunique()),
        ("Мероприятий дорожных карт", len(support.roadmap)),
        *((f"Целей региона в состоянии «{state}»", int((region["state"] == state).sum())) for state in STATES),
        ("Кандидатов в банк практик", support.practices["school_id"].nunique()),
    ]
    return _conclude(f"Поддержка, {year} год", rows)


def _conclude(title: str, rows: Iterable[tuple[str, int]]) -> Table:
    return Table(NOTHING, title, pd.DataFrame(rows, columns=COUNTED))
