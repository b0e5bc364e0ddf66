"""What projects of support leave in tables (проекты поддержки): tracks and agreements, ФИОКО's list, stages, decisions.

Everything is drawn by a generator of its own, after the region: what was drawn before there were these tables stays.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.random import Generator

from effschool.base.schemas import AGREED, AGREEMENTS, MARKS, OFFICE_DECISIONS, STAGES, YES_NO
from effschool.base.storage import save_workbook
from effschool.demo.pages import make_book, make_page, write_cells
from effschool.demo.settings import DemoSettings
from effschool.demo.writing import Tables


def draw_participation(
    programme: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings, rng: Generator
) -> pd.DataFrame:
    """The programme with track, wave and agreement; whoever takes part in the last year has a partner."""
    last, rules = int(schools["year"].max()), settings.projects
    is_present = programme["exit_year"].fillna(last) >= last
    pool = programme["partner_id"].dropna().sort_values().to_numpy()
    found = pd.Series(rng.choice(pool, len(programme)) if len(pool) else None, index=programme.index, dtype="str")
    is_signed = rng.random(len(programme)) < rules.signed
    entered = programme.assign(
        partner_id=programme["partner_id"].where(programme["partner_id"].notna() | ~is_present, found),
        track=pd.Series(rng.choice([1, 2], len(programme), p=rules.tracks), dtype="Int64"),
        wave=programme["entry_year"].map(lambda year: rules.wave.format(year=year)),
        agreement=[AGREEMENTS[not signed] for signed in is_signed],
    )
    return entered.astype({"wave": "str", "agreement": "str"})


def list_low(results: pd.DataFrame, settings: DemoSettings) -> pd.DataFrame:
    """How many procedures of ФИОКО's rule a school had in a year in which many failed: year, school_id, low."""
    of_rule = results["procedure"].isin(["ОГЭ", "ЕГЭ"]) | (
        results["procedure"].eq("ВПР") & results["grade"].isin([5, 6])
    )
    failed = results["mark_2"].where(results["procedure"] != "ЕГЭ", results["below_min"])
    rows = results.assign(failed=failed)[of_rule & failed.notna() & (results["participants"] > 0)]
    sums = rows.groupby(["year", "school_id", "procedure", "subject", "grade"], dropna=False)[
        ["failed", "participants"]
    ]
    pooled = sums.sum().reset_index()
    pooled["low"] = pooled["failed"] / pooled["participants"] >= settings.projects.low_share
    return pooled.groupby(["year", "school_id"])["low"].sum().reset_index()


def draw_official(results: pd.DataFrame, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """ФИОКО's list of the years after the first: near to the rule, not the same; levels as the source names them."""
    rules = settings.projects
    low = list_low(results, settings).sort_values(["year", "school_id"], ignore_index=True)
    low = low[low["year"] > low["year"].min()]
    chance = np.where(low["low"] >= 2, rules.listed, np.where(low["low"] == 1, rules.listed_of_one, 0))
    chosen = low[rng.random(len(low)) < chance].reset_index(drop=True)
    place = np.clip(chosen["low"].to_numpy() - 2, 0, len(rules.levels) - 1)
    frame = chosen[["year", "school_id"]].assign(level=[rules.levels[number] for number in place])
    return frame.astype({"year": "int64", "level": "str"})


def draw_proposal(
    official: pd.DataFrame, programme: pd.DataFrame, settings: DemoSettings, rng: Generator
) -> pd.DataFrame:
    """What municipalities answered of schools of the last official list that are in no project."""
    rules = settings.projects
    last = official[official["year"] == official["year"].max()]
    free = last[~last["school_id"].isin(programme["school_id"])].head(rules.answers)
    drawn = rng.random(len(free))
    chances = zip(drawn < rules.agreed, drawn < rules.answered, strict=True)
    decision = [AGREED if agreed else OFFICE_DECISIONS[1] if answered else None for agreed, answered in chances]
    reasons = rng.choice(rules.reasons, len(free))
    frame = free[["year", "school_id"]].assign(project=rules.proposed_to, decision=decision, reason=reasons)
    refused = frame["decision"].eq(OFFICE_DECISIONS[1])
    return frame.assign(reason=frame["reason"].where(refused)).astype(
        dict.fromkeys(["project", "decision", "reason"], "str")
    )


def list_staying(programme: pd.DataFrame, year: int) -> pd.DataFrame:
    """Who takes part in a year and did so before: those who have stages to go through."""
    return programme[(programme["entry_year"] <= year) & (programme["exit_year"].fillna(year) >= year)]


def draw_stages(programme: pd.DataFrame, year: int, settings: DemoSettings, rng: Generator) -> pd.DataFrame:
    """Stages held up to the day of the table: the first two of the last year, and all three of those who left in it."""
    rows = []
    present = list_staying(programme, year)
    for school in present.assign(leaves=present["exit_year"].eq(year).fillna(False)).itertuples():
        for stage, months in settings.projects.months.items():
            if stage == STAGES[-1] and not school.leaves:
                continue
            day, told = f"{rng.integers(1, 28):02}.{rng.choice(months):02}.{year}", rng.random()
            corrected = YES_NO[rng.random() > settings.projects.corrected] if told > settings.projects.silent else None
            rows.append((year, school.school_id, stage, day, corrected if stage == STAGES[1] else None, None))
    columns = ["year", "school_id", "stage", "day", "corrected", "link"]
    return pd.DataFrame(rows, columns=columns).astype({"year": "int64", **dict.fromkeys(columns[1:], "str")})


def draw_monitoring(
    programme: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings, rng: Generator
) -> pd.DataFrame:
    """Marks of the works that participants wrote in the first two stages of the last year, in one grade."""
    rules, year = settings.projects, int(schools["year"].max())
    enrolment = schools[schools["year"] == year].set_index("school_id")["enrolment"]
    rows = []
    for code in list_staying(programme, year)["school_id"]:
        pupils = enrolment.get(code)
        number = max(1, round(int(pupils) / rules.pupils_per_grade)) if pd.notna(pupils) else rules.usual_grade
        failing = rng.beta(*rules.failing)
        for subject in rules.subjects:
            for stage, easier in zip(STAGES[:2], (1.0, rules.easier), strict=True):
                low = failing * easier
                shares = np.array([low, *(np.array(rules.marks) * (1 - low))])
                rows.append((year, code, stage, subject, rules.grade, number, *rng.multinomial(number, shares)))
    columns = ["year", "school_id", "stage", "subject", "grade", "participants", *MARKS]
    numbers = dict.fromkeys(["grade", "participants", *MARKS], "Int64")
    return pd.DataFrame(rows, columns=columns).astype(
        {"year": "int64", **dict.fromkeys(["school_id", "stage", "subject"], "str"), **numbers}
    )


def draw_projects(tables: Tables, settings: DemoSettings, rng: Generator) -> Tables:
    """All tables of this file, and the programme as it is with them."""
    schools, programme = tables["schools"], tables["programme"]
    year = int(schools["year"].max())
    official = draw_official(tables["results"], settings, rng)
    return {
        "programme": draw_participation(programme, schools, settings, rng),
        "official": official,
        "proposal": draw_proposal(official, programme, settings, rng),
        "stages": draw_stages(programme, year, settings, rng),
        "monitoring": draw_monitoring(programme, schools, settings, rng),
    }


def write_projects(tables: Tables, folder: Path, settings: DemoSettings) -> None:
    """Write the workbooks; ФИОКО's list has a sheet for every year, a table without rows has no file."""
    names = tables["schools"].drop_duplicates("school_id", keep="last").set_index("school_id")["name"]
    last = int(tables["schools"]["year"].max())
    for name, form in settings.projects.forms.items():
        rows = tables[name].assign(name=lambda own: own["school_id"].map(names), number=None)
        years = sorted(rows["year"].unique()) if form.is_yearly else [last]
        pages = []
        for year in years if len(rows) else ():
            own = rows[rows["year"] == year] if form.is_yearly else rows
            own = own.assign(number=range(1, len(own) + 1))[list(form.headings)]
            pages.append(make_page(form, {"year": year}, list(form.headings.values()), write_cells(own)))
        if pages:
            save_workbook(make_book(*pages), folder / form.file.format(year=last))
