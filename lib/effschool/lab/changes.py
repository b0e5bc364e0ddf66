"""Why the list changed (почему изменился список): between two runs or two years, one thing changed at a time.

Runs are kept with all they were made from, so that any two can be compared: first the data of the same years are
replaced, then the rule, then the year. The step at which a school changed side for good is the reason.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ValidationError

from effschool.base.russian import count_words, format_number, join_words
from effschool.base.schemas import PROVENANCE
from effschool.base.storage import hash_file, read_record, read_table, write_table, write_text
from effschool.certainty.resampling import name_lists
from effschool.dynamics.paths import stack_lists
from effschool.lab.comparison import Members, find_decisive
from effschool.method.identify import Identified, identify_schools
from effschool.method.indicators import ROWS, Tables
from effschool.method.methodology import FIOKO_LIST, Methodology
from effschool.method.windows import list_covered_years
from effschool.report.display import Table, Text

CHANGE_COLUMNS = ["list", "school_id", "move", "reason"]
KEPT = ("schools", *ROWS)
RESULTS, RULE, DATA, REGISTER = "results", "rule", "data", "register"
REASONS = {
    RESULTS: "изменились результаты школ",
    RULE: "изменилось правило",
    DATA: "исправлены данные прежних лет",
    REGISTER: "изменился состав школ",
}
STAYED, ENTERED, LEFT = "остались", "вошли", "вышли"


@dataclass(frozen=True)
class Run:
    """What lists were made from: tables, rule, year of the lists; `name` tells runs apart."""

    name: str
    year: int
    methodology: Methodology
    tables: Tables = field(repr=False)

    @property
    def title(self) -> str:
        """«2023 год, Методика …»."""
        return f"{self.year} год, {self.methodology.title}"


def keep_run(run: Run, processed: Path) -> Path:
    """Keep a run under a name made of its content; the same run is kept once.

    Returns:
        Its folder `runs/<year>-<methodology>-<digest>`.
    """
    folder = processed / "runs"
    draft = folder / ".draft"
    shutil.rmtree(draft, ignore_errors=True)
    for name in KEPT:
        write_table(run.tables[name].drop(columns=list(PROVENANCE), errors="ignore"), draft / f"{name}.parquet")
    write_text(run.methodology.model_dump_json(indent=1) + "\n", draft / "methodology.json")
    digests = [hash_file(draft / name) for name in (*(f"{name}.parquet" for name in KEPT), "methodology.json")]
    digest = hashlib.sha256("".join([*digests, str(run.year)]).encode()).hexdigest()
    kept = folder / f"{run.year}-{run.methodology.id}-{digest[:8]}"
    card = {"year": run.year, "kept_at": datetime.now(UTC).isoformat(timespec="microseconds")}
    write_text(json.dumps(card) + "\n", draft / "run.json")
    if kept.is_dir():
        shutil.rmtree(draft)
    else:
        draft.replace(kept)
    return kept


def list_runs(processed: Path) -> list[str]:
    """Names of the runs kept, the earliest first."""
    cards = ((read_record(KeptCard, path), path) for path in (processed / "runs").glob("[!.]*/run.json"))
    return [path.parent.name for _, path in sorted((card.kept_at, path) for card, path in cards if card)]


class KeptCard(BaseModel):
    """What a run that was kept says of itself; one that was changed by hand into anything else is not listed."""

    year: int
    kept_at: str


def load_run(name: str, processed: Path) -> Run:
    """A run that was kept.

    Raises:
        ValueError: there is none of this name, or another version of the program kept it.
    """
    folder = processed / "runs" / name
    if name not in list_runs(processed):
        known = ", ".join(list_runs(processed)) or "ни одного"
        raise ValueError(f"Прогона «{name}» нет. Сохранены: {known}.")
    tables = {table: read_table(folder, table) for table in KEPT}
    try:
        methodology = Methodology.model_validate_json((folder / "methodology.json").read_text(encoding="utf-8"))
    except ValidationError:
        raise ValueError(
            f"Прогон «{name}» сохранён другой версией программы, его методика не читается. "
            "Выполните make report на тех же данных ещё раз или сравните другие прогоны."
        ) from None
    card = KeptCard.model_validate_json((folder / "run.json").read_bytes())
    return Run(name, card.year, methodology, tables)


def choose_runs(processed: Path, first: str, second: str) -> tuple[Run, Run]:
    """The two runs that are to be compared: those named, or else the last two kept.

    Raises:
        ValueError: there are fewer than two runs, or none of that name.
    """
    known = list_runs(processed)
    if len(known) < 2:
        raise ValueError(
            f"Чтобы сравнить прогоны, нужны два разных, а сохранено: {len(known)}. Прогон сохраняется командой "
            "make report; измените данные, методику или год и выполните её ещё раз."
        )
    after = load_run(second or known[-1], processed)
    before = load_run(first or [name for name in known if name != after.name][-1], processed)
    return before, after


# Walking from one run to the other


@dataclass(frozen=True)
class Changes:
    """`rows`: a row per list and school on it in either run: list, school_id, move, reason (missing where it stayed).

    `schools`: school_id, name, municipality of all schools of both runs, as the later one names them.
    """

    first: Run
    second: Run
    rows: pd.DataFrame
    schools: pd.DataFrame


def compare_runs(first: Run, second: Run) -> Changes:
    """Why every school entered a list, or left it, between two runs."""
    steps = walk_runs(first, second)
    present = [list_present(run) for run in (first, second)]
    lists = sorted({name for step in steps.values() for name in step})
    rows = [
        (name, school, *explain_move(school, {step: found.get(name, set()) for step, found in steps.items()}, present))
        for name in lists
        for school in sorted(steps[START].get(name, set()) | steps[RESULTS].get(name, set()))
    ]
    register = pd.concat([run.tables["schools"] for run in (second, first)]).sort_values(
        "year", ascending=False, kind="stable"
    )
    schools = register.drop_duplicates("school_id")[["school_id", "name", "municipality"]]
    return Changes(first, second, pd.DataFrame(rows, columns=CHANGE_COLUMNS), schools)


def compare_last_years(tables: Tables, identified: Identified, methodology: Methodology) -> Changes:
    """The last two years with lists, data and rule being the same; where there is but one, it is compared to itself."""
    years = list_covered_years(identified.indices, methodology) or [int(identified.indices["year"].max())]
    first, second = (Run("", int(years[place]), methodology, tables) for place in (max(len(years) - 2, 0), -1))
    return compare_runs(first, second)


START = "start"


def walk_runs(first: Run, second: Run) -> dict[str, Members]:
    """Lists at the start, with the later data of the same years, with the later rule too, and at the end."""
    years = set(first.tables["schools"]["year"])
    corrected = {name: table[table["year"].isin(years)] for name, table in second.tables.items() if name in KEPT}
    same = all(_is_same(first.tables[name], corrected[name]) for name in KEPT)
    start = find_members(first.tables, first.methodology, first.year)
    data = start if same else find_members(corrected, first.methodology, first.year)
    kept = first.methodology == second.methodology
    rule = data if kept else find_members(corrected, second.methodology, first.year)
    return {START: start, DATA: data, RULE: rule, RESULTS: find_members(second.tables, second.methodology, second.year)}


def _is_same(one: pd.DataFrame, two: pd.DataFrame) -> bool:
    columns = [name for name in one if name not in PROVENANCE]
    first, second = (frame[columns].sort_values(columns, ignore_index=True) for frame in (one, two))
    return first.equals(second)


def find_members(tables: Tables, methodology: Methodology, year: int) -> Members:
    """Schools of every list of a year."""
    listed = stack_lists(identify_schools(tables, methodology).lists, methodology)
    watched = {FIOKO_LIST, *(name for domain in methodology.domains for name in name_lists(methodology, domain))}
    own = listed[(listed["year"] == year) & listed["list"].isin(watched)]
    return {str(name): set(members["school_id"]) for name, members in own.groupby("list")}


def list_present(run: Run) -> set[str]:
    """Schools of the register in the year of the lists that are not left out."""
    schools = run.tables["schools"]
    return set(schools.loc[(schools["year"] == run.year) & schools["exclusion"].isna(), "school_id"])


def explain_move(school: str, steps: Mapping[str, set[str]], present: list[set[str]]) -> tuple[str, str | None]:
    """Whether a school stayed, entered or left a list, and why."""
    stands = {step: school in members for step, members in steps.items()}
    if stands[START] and stands[RESULTS]:
        return STAYED, None
    move = LEFT if stands[START] else ENTERED
    if not all(school in schools for schools in present):
        return move, REGISTER
    return move, find_decisive(school, stands[START], steps)


# In words


def tell_changes(changes: Changes) -> Text:
    """A sentence for every list."""
    opening = f"Было: {changes.first.title}. Стало: {changes.second.title}."
    return Text((opening, *(_say_list(str(name), own) for name, own in changes.rows.groupby("list"))))


def _say_list(name: str, rows: pd.DataFrame) -> str:
    counts = {move: int((rows["move"] == move).sum()) for move in (STAYED, ENTERED, LEFT)}
    was, now = counts[STAYED] + counts[LEFT], counts[STAYED] + counts[ENTERED]
    said = f"«{name}»: {count_words(was, 'школа была', 'школы были', 'школ было')}, стало {format_number(now)}"
    if was == counts[STAYED] == now:
        return f"{said}; состав не изменился."
    moves = "; ".join(f"{move} {format_number(number)}" for move, number in counts.items())
    reasons = rows["reason"].value_counts()
    parts = [f"{REASONS[reason]} — {format_number(reasons[reason])}" for reason in REASONS if reason in reasons]
    return f"{said}; {moves}. Причины: {join_words(parts)}."


def count_changes(changes: Changes) -> Table | Text:
    """Moves of every list by reason."""
    rows = changes.rows.dropna(subset="reason")
    if rows.empty:
        return Text(("Состав списков не изменился.",))
    counts = rows.assign(reason=rows["reason"].map(REASONS)).value_counts(["list", "move", "reason"]).rename("Школ")
    frame = counts.reset_index().sort_values(["list", "move", "reason"], ignore_index=True)
    return Table(
        "Причины", "Почему изменились списки, школ", frame.set_axis(["Список", "Что", "Почему", "Школ"], axis=1)
    )


def tabulate_changes(changes: Changes) -> Table | Text:
    """Every school that entered a list or left it, with the reason."""
    rows = changes.rows.dropna(subset="reason").merge(changes.schools, on="school_id", how="left")
    if rows.empty:
        return Text(("Ни одна школа не вошла в списки и не вышла из них.",))
    rows = rows.sort_values(["list", "move", "municipality", "name"], ignore_index=True)
    frame = pd.DataFrame(
        {
            "Школа": rows["name"],
            "Муниципалитет": rows["municipality"],
            "Список": rows["list"],
            "Что": rows["move"].map({ENTERED: "вошла", LEFT: "вышла"}),
            "Почему": rows["reason"].map(REASONS),
        }
    )
    title = f"Кто вошёл в списки и кто вышел: {count_words(len(frame), 'изменение', 'изменения', 'изменений')}"
    return Table("Изменения", title, frame)
