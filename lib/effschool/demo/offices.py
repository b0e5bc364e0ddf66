"""The region's files in the shapes that offices send, and what a reader must find in them.

Which rows of which contract table a shape stands for is said in demo.yml; the other rows stay in the contract's CSV.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from effschool.base.storage import save_workbook, write_text
from effschool.base.subprocesses import start_in_background
from effschool.demo import federal, pupils, signs, yearly
from effschool.demo.settings import DemoSettings
from effschool.demo.social_forms import make_social_book
from effschool.demo.tasks import draw_tasks
from effschool.demo.writing import Tables, list_social, write_region_tables


def build_office_tables(tables: Tables, settings: DemoSettings, seed: int) -> Tables:
    """Tables behind the shapes that the contract does not have: participants of ОГЭ and ЕГЭ, signs of doubt."""
    offices, rngs = settings.offices, np.random.default_rng([seed, 1]).spawn(5)
    taken = {name: select_taken(tables, takes) for name, takes in offices.takes.items()}
    marked = signs.draw_marked(tables["results"], offices.signs, rngs[0])
    return {
        "marked": marked,
        "journal": signs.draw_journal(taken["vpr"], marked, offices.signs, rngs[1]),
        "scores": signs.draw_primary_scores(taken["vpr"], marked, offices.signs, rngs[2]),
        # A generator of its own: what was drawn before there were tasks stays as it is.
        "tasks": draw_tasks(taken["vpr"], tables["schools"], offices.tasks, np.random.default_rng([seed, 3])),
        "oge": pupils.draw_protocol(taken["oge"], offices.papers["ОГЭ"], offices.statuses, True, rngs[3]),
        "ege": pupils.draw_protocol(taken["ege"], offices.papers["ЕГЭ"], offices.statuses, False, rngs[4]),
    }


def tell_tables(tables: Tables, behind: Tables, offices: DemoSettings) -> Tables:
    """The contract tables that a reader of all the shapes gets; `behind`: tables of `build_office_tables`.

    Forms of ВПР have no mean mark; a protocol has no blank cell and no school without participants, and its means are
    not rounded. Everything else is as in `tables`.
    """
    results, takes = tables["results"].copy(), offices.takes
    for name in ("vpr", "flat"):
        results.loc[find_taken(tables, takes[name]), "mean_score"] = np.nan
    in_protocol = find_taken(tables, takes["oge"]) | find_taken(tables, takes["ege"])
    counted = [
        pupils.count_protocol(behind["oge"].query("counts"), offices.papers["ОГЭ"]),
        pupils.count_protocol(behind["ege"].query("counts"), offices.papers["ЕГЭ"]),
    ]
    whole = pd.concat([results[~in_protocol], *counted])[list(results.columns)].astype(results.dtypes.to_dict())
    keys = ["year", "school_id", "procedure", "subject", "grade"]
    return {**tables, "results": whole.sort_values(keys, ignore_index=True)}


def find_taken(tables: Tables, takes: DemoSettings) -> "pd.Series[bool]":
    """Which rows of its table a form stands for; years are counted back from the last year of the schools."""
    rows = tables[takes.table]
    is_taken = rows["year"] == tables["schools"]["year"].max() - takes.back
    return is_taken & (rows["procedure"] == takes.procedure) if takes.procedure else is_taken


def select_taken(tables: Tables, takes: DemoSettings) -> pd.DataFrame:
    """Rows of a contract table that a form stands for."""
    return tables[takes.table][find_taken(tables, takes)]


def leave_rest(tables: Tables, offices: DemoSettings) -> Tables:
    """Contract tables without the rows that come in a form."""
    rest = dict(tables)
    for takes in offices.takes.values():
        rest[takes.table] = rest[takes.table].drop(index=tables[takes.table].index[find_taken(tables, takes)])
    return rest


def write_offices(tables: Tables, behind: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write the region's files as offices send them; a form whose year has no rows is not written."""
    protocols = start_in_background(write_protocols, behind, folder, settings)  # half of all cells
    write_region_tables(leave_rest(tables, settings.offices), folder, settings)
    write_vpr(tables, behind, folder, settings)
    write_yearly(tables, folder, settings)
    for place, (municipality, rows) in enumerate(list_social(tables, settings)):
        save_workbook(make_social_book(rows, place, settings), folder / "social" / f"{municipality}.xlsx")
    protocols()


def write_vpr(tables: Tables, behind: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write the exports of ВПР: a workbook per subject and grade, the flat form, the list of marked schools."""
    offices, schools = settings.offices, tables["schools"]
    makers = {
        "vpr": (federal.make_vpr_statistics, select_taken(tables, offices.takes["vpr"])),
        "journal": (federal.make_vpr_journal, behind["journal"]),
        "scores": (federal.make_vpr_scores, behind["scores"]),
        "tasks": (federal.make_vpr_tasks, behind["tasks"]),
    }
    for name, (make, rows) in makers.items():
        for _, paper in rows.groupby(["subject", "grade"]):
            save_workbook(make(paper, schools, settings), name_office_file(folder, name, paper, settings))
    flat = select_taken(tables, offices.takes["flat"])
    if len(flat):
        text = federal.make_vpr_flat(flat, schools, offices)
        write_text(text, name_office_file(folder, "flat", flat, settings), encoding="cp1251")
    if len(behind["marked"]):
        book = federal.make_marked(behind["marked"], schools, settings)
        save_workbook(book, folder / offices.forms["marked"].file)


def write_protocols(behind: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write the protocols with a row per pupil."""
    if len(behind["oge"]):
        book = pupils.make_oge_protocol(behind["oge"], settings)
        save_workbook(book, name_office_file(folder, "oge", behind["oge"], settings))
    if len(behind["ege"]):
        text = pupils.make_ege_protocol(behind["ege"], settings)
        write_text(text, name_office_file(folder, "ege", behind["ege"], settings))


def write_yearly(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write the forms of one year: the wide table of ЕГЭ, the register with full names, certificates of SPSS."""
    rows = {name: select_taken(tables, takes) for name, takes in settings.offices.takes.items()}
    paths = {name: name_office_file(folder, name, each, settings) for name, each in rows.items() if len(each)}
    if "wide" in paths:
        book = yearly.make_ege_wide(rows["wide"], tables["schools"], tables["certificates"], settings)
        save_workbook(book, paths["wide"])
    if "register" in paths:
        save_workbook(yearly.make_register(rows["register"], settings), paths["register"])
    if "certificates" in paths:
        yearly.write_certificates(rows["certificates"], paths["certificates"], settings)


def name_office_file(folder: Path, name: str, rows: pd.DataFrame, settings: DemoSettings) -> Path:
    """Path of a form from the year, subject and grade of its first row."""
    first = rows.iloc[0]
    subject = settings.offices.subjects.get(first.get("subject", ""), "")
    words = {"year": first["year"], "grade": first.get("grade"), "subject": subject}
    return folder / settings.offices.forms[name].file.format(**words)
