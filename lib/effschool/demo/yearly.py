"""Forms that come once a year: the wide table of ЕГЭ, the register with official names, certificates from SPSS."""

from pathlib import Path

import pandas as pd
import pyreadstat
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from effschool.base.storage import replace_when_done
from effschool.demo.pages import Cells, Page, make_book, make_page, write_cells
from effschool.demo.settings import DemoSettings

SCHOOL_FIELDS = ["municipality", "school_id", "name", "graduates"]
EXAM_FIELDS = ["participants", "mean_score", "below_min", "score_80_plus"]
SAV_TIME = (92, b"01 Jan 0000:00:00")
"""Place of the date and time of creation in an SPSS file, and what stands there instead of the present."""


def make_register(schools: pd.DataFrame, settings: DemoSettings) -> Workbook:
    """The register of one year with full official names beside the short ones."""
    form, words = settings.offices.forms["register"], settings.offices.official
    ordered = schools.sort_values(["municipality", "school_id"])
    rows = ordered.assign(
        place=range(1, len(ordered) + 1),
        official=[spell_official(name, words) for name in ordered["name"]],
        type=ordered["type"].map(words.types),
        locality=ordered["locality"].map(words.localities),
    )
    names = {"year": schools["year"].iloc[0], "region": settings.region}
    return make_book(make_page(form, names, list(form.headings.values()), write_cells(rows[list(form.headings)])))


def spell_official(name: str, words: DemoSettings) -> str:
    """«МБОУ СОШ № 5 с. Белка» in full; abbreviations that are not known stay."""
    legal, _, rest = name.partition(" ")
    kind, _, place = rest.partition(" ")
    named = f"«{words.kinds[kind]} {place}»" if kind in words.kinds else rest
    return f"{words.legal.get(legal, legal)} {named}"


def make_ege_wide(
    results: pd.DataFrame, schools: pd.DataFrame, certificates: pd.DataFrame, settings: DemoSettings
) -> Workbook:
    """The wide table of ЕГЭ of one year: a row per school, four columns per subject, bold totals by municipality.

    Two rows are hidden by the filter; no row of a subject: blank cells.
    """
    form, year = settings.offices.forms["wide"], results["year"].iloc[0]
    subjects = [name for name in settings.offices.subjects if name in set(results["subject"])]
    wide = results.pivot(index="school_id", columns="subject", values=EXAM_FIELDS).swaplevel(axis=1)
    wide = wide[[(subject, field) for subject in subjects for field in EXAM_FIELDS]].astype("Float64")
    upper = certificates.query("year == @year and level == 'СОО'").set_index("school_id")["graduates"]
    named = schools[schools["year"] == year].set_index("school_id")[["municipality", "name"]]
    about = named.reindex(wide.index).assign(graduates=upper).reset_index()[SCHOOL_FIELDS]
    body, bold = list_with_totals(about, wide.reset_index(drop=True), form.total)
    return make_book(_lay_out(form, [settings.offices.subjects[name] for name in subjects], body, bold, year))


def list_with_totals(about: pd.DataFrame, wide: pd.DataFrame, total: str) -> tuple[Cells, set[int]]:
    """Schools by municipality, each with a row of totals below, and the places of the totals from 0."""
    body: Cells = []
    bold = set()
    for _, rows in about.sort_values(["municipality", "school_id"]).groupby("municipality"):
        exams = wide.loc[rows.index]
        body += [[*left, *_shorten(right)] for left, right in zip(write_cells(rows), write_cells(exams), strict=True)]
        bold.add(len(body))
        body.append([total, None, None, int(rows["graduates"].sum()), *_shorten(write_cells(_add_up(exams))[0])])
    return body, bold


def _shorten(cells: list) -> list:
    """Whole numbers without a fraction, as people write them."""
    return [int(cell) if cell is not None and cell == int(cell) else cell for cell in cells]


def _add_up(exams: pd.DataFrame) -> pd.DataFrame:
    """One row: sums, and means weighted by participants, of the schools that have them."""
    sums = exams.sum(min_count=1)
    for subject in exams.columns.unique(0):
        mean, count = exams[subject, "mean_score"], exams[subject, "participants"]
        known = count.where(mean.notna()).sum()
        sums[subject, "mean_score"] = round((mean * count).sum() / known, 2) if known else pd.NA
    return sums.to_frame().T


def _lay_out(form: DemoSettings, subjects: list[str], body: Cells, bold: set[int], year: int) -> Page:
    """Two header rows: names of schools merged down, subjects merged over their columns; a filter, hidden rows."""
    before, each = len(SCHOOL_FIELDS), len(EXAM_FIELDS)
    headings = [form.headings[field] for field in SCHOOL_FIELDS]
    upper = [*headings, *(cell for subject in subjects for cell in [subject, *[None] * (each - 1)])]
    lower = [*[None] * before, *[form.headings[field] for field in EXAM_FIELDS] * len(subjects)]
    starts = [before + 1 + each * place for place in range(len(subjects))]
    merged = [f"{get_column_letter(column)}1:{get_column_letter(column)}2" for column in range(1, before + 1)]
    merged += [f"{get_column_letter(start)}1:{get_column_letter(start + each - 1)}1" for start in starts]
    rows = [upper, lower, *body]
    return Page(
        form.sheet.format(year=year),
        rows,
        merged,
        bold={1, 2} | {place + 3 for place in bold},
        hidden={row for row in form.hidden_rows if row - 3 not in bold and row <= len(rows)},
        filtered=f"A2:{get_column_letter(len(lower))}{len(rows)}",
    )


def write_certificates(certificates: pd.DataFrame, path: Path, settings: DemoSettings) -> None:
    """Write an SPSS file with headings of the contract as variable labels and labelled codes of the level."""
    labels, levels = settings.offices.forms["certificates"].headings, settings.offices.levels
    coded = certificates[list(labels)].assign(level=certificates["level"].map(levels))
    numbers = coded.columns.drop("school_id")
    coded[numbers] = coded[numbers].astype("float64")
    with replace_when_done(path) as beside:
        pyreadstat.write_sav(
            coded,
            str(beside),
            column_labels=list(labels.values()),
            variable_value_labels={"level": {float(code): name for name, code in levels.items()}},
            variable_format=dict.fromkeys(numbers, "F8.0"),
        )
        place, fixed = SAV_TIME
        written = beside.read_bytes()
        beside.write_bytes(written[:place] + fixed + written[place + len(fixed) :])
