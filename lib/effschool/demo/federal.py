"""Exports of the federal system of ВПР: a row per group of participants, in per cent, and the flat form."""

from typing import Any

import pandas as pd
from openpyxl import Workbook

from effschool.base.schemas import MARKS
from effschool.demo.pages import Cells, make_book, make_page, write_cells, write_csv
from effschool.demo.settings import DemoSettings
from effschool.demo.tasks import find_maxima


def make_vpr_statistics(results: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """«Статистика по отметкам» of one year, subject and grade; a school without marks has blank cells."""
    form, marks = settings.offices.forms["vpr"], list(MARKS)
    groups = list_groups(results, schools, marks, form, settings)
    groups[marks] = find_shares(groups, marks)
    return make_book(
        make_page(
            form, find_words(results, settings), list(form.headings.values()), write_cells(groups[list(form.headings)])
        )
    )


def make_vpr_scores(scores: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """«Распределение первичных баллов» of one year, subject and grade."""
    form, names = settings.offices.forms["scores"], [name for name in scores if name.isdigit()]
    groups = list_groups(scores, schools, names, form, settings)
    groups[names] = find_shares(groups, names)
    body = write_cells(groups[[*form.headings, *names]])
    return make_book(make_page(form, find_words(scores, settings), [*form.headings.values(), *names], body))


def make_vpr_journal(journal: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """«Сравнение отметок с отметками по журналу» of one year, subject and grade: a name row, then a row per outcome."""
    form, compared = settings.offices.forms["journal"], settings.offices.signs.compared
    groups = list_groups(journal, schools, list(compared), form, settings)
    shares = find_shares(groups, list(compared))
    body: Cells = []
    for row, share in zip(groups.to_dict("records"), shares.to_dict("records"), strict=True):
        body += [[row["group"]], *([text, row[name], share[name]] for name, text in compared.items())]
        body += [[form.total, row["participants"], 100.0]]
    return make_book(make_page(form, find_words(journal, settings), list(form.headings.values()), body))


def make_vpr_tasks(points: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """«Выполнение заданий» of one year, subject and grade: most points under the tasks, then per cent of them."""
    form, first = settings.offices.forms["tasks"], points.iloc[0]
    maxima = find_maxima(first["subject"], first["grade"], settings.offices.tasks)
    groups = list_groups(points, schools, list(maxima), form, settings)
    points_of_one = groups[list(maxima)].div(list(maxima.values()))
    groups = groups.assign(**find_shares(groups.assign(**points_of_one), list(maxima)))
    body = [[form.total, *[None] * (len(form.headings) - 1), *maxima.values()]]
    body += write_cells(groups[[*form.headings, *maxima]])
    return make_book(make_page(form, find_words(points, settings), [*form.headings.values(), *maxima], body))


def find_words(rows: pd.DataFrame, settings: DemoSettings) -> dict[str, Any]:
    """Words of titles and file names: year, grade, subject of the first row, and the region."""
    first = rows.iloc[0]
    subject = settings.offices.subjects[first["subject"]]
    return {"year": first["year"], "grade": first["grade"], "subject": subject, "region": settings.region}


def find_shares(rows: pd.DataFrame, counts: list[str]) -> pd.DataFrame:
    """Per cent of participants, two digits; 0 where nobody took part, missing where the count is."""
    total = rows["participants"].mask(rows["participants"] == 0, 1)
    return (100 * rows[counts].div(total, axis=0)).astype("float64").round(2)


def list_groups(
    rows: pd.DataFrame, schools: pd.DataFrame, counts: list[str], form: DemoSettings, settings: DemoSettings
) -> pd.DataFrame:
    """A row per group in the order of the export: the whole sample, the region, every municipality and its schools.

    `schools`: number of schools, missing for a school itself. Groups count only schools whose counts are known.
    """
    numbers = ["participants", *counts]
    named = add_names(rows, schools, form)
    known = named[named["participants"] > 0].dropna(subset=counts).assign(schools=1)
    by_municipality = known.groupby("municipality")[["schools", *numbers]].sum()
    region = by_municipality.sum().to_frame().T
    whole = settings.offices.whole
    factors = {name: whole["schools" if name == "schools" else "participants"] for name in region}
    above = [(region * pd.Series(factors)).assign(group=whole["title"]), region.assign(group=settings.region)]
    below = [by_municipality.reset_index().assign(group=lambda frame: frame["municipality"], place=0)]
    below += [named.assign(group=named["name"] + " (" + named["login"] + ")", place=1, schools=pd.NA)]
    inside = pd.concat(below).sort_values(["municipality", "place", "login"])
    return pd.concat([*above, inside])[["group", "schools", *numbers]].astype(
        dict.fromkeys(["schools", *numbers], "Int64")
    )


def add_names(rows: pd.DataFrame, schools: pd.DataFrame, form: DemoSettings) -> pd.DataFrame:
    """Add name and municipality of the school in that year, and its login in the federal system."""
    names = schools[["year", "school_id", "name", "municipality"]]
    named = rows.merge(names, on=["year", "school_id"], how="left", validate="many_to_one")
    return named.assign(login=form.login + named["school_id"])


def make_vpr_flat(results: pd.DataFrame, schools: pd.DataFrame, offices: DemoSettings) -> str:
    """The flat form of one year: all subjects and grades, decimal comma, a row of totals by municipality."""
    form, marks = offices.forms["flat"], list(MARKS)
    named = add_names(results, schools, form).sort_values(["subject", "grade", "municipality", "school_id"])
    keys = ["year", "grade", "subject", "municipality"]
    totals = named.dropna(subset=marks).groupby(keys)[["participants", *marks]].sum().reset_index()
    order = ["subject", "grade", "municipality"]
    rows = pd.concat([named, totals.assign(name=form.total)]).sort_values(order, kind="stable", ignore_index=True)
    rows[marks] = find_shares(rows, marks)
    rows["subject"] = rows["subject"].map(offices.subjects)
    return write_csv(rows, form, decimal=",")


def make_marked(marked: pd.DataFrame, schools: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """The outside list of schools with signs of doubtful results: 1 or blank for each paper."""
    form = settings.offices.forms["marked"]
    rows = add_names(marked, schools, form)
    return make_book(make_page(form, {}, list(form.headings.values()), write_cells(rows[list(form.headings)])))
