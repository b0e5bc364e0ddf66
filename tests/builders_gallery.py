"""A page with every chart at its hardest: 1, 3 and 60 schools, names of 300 letters, missing years, harmful names."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from effschool.report import charts
from effschool.report.display import Chart, Figures, Links, Search, Table, Text
from effschool.report.drawings import draw_dumbbell, draw_strip, draw_years
from effschool.report.page import PageCard, render_page

HARMFUL = [
    "<script>window.harmed = 1</script>",
    '=HYPERLINK("http://example.org";"x")',
    "../../x",
    "Школа \N{GRINNING FACE} $\\frac{$",
    '" onmouseover="window.harmed = 1',
    "<img src=x onerror='window.harmed = 1'>",
]
LONG = "Муниципальное бюджетное общеобразовательное учреждение «Средняя общеобразовательная школа № 5» " * 3
COLOURS = {"низкие": charts.WORSE, "средние": charts.MIDDLE, "высокие": charts.BETTER}


def name_schools(count: int) -> list[str]:
    """Names of schools with their numbers, all of them long where there are three, harmful ones among sixty."""
    names = [LONG + "А" * 60] * count if count == 3 else [*HARMFUL, *(f"МБОУ СОШ № {n} п. Чегдомын" for n in range(90))]
    return [f"{number}. {name}" for number, name in enumerate(names[:count], start=1)]


def draw_all(count: int) -> Iterator[tuple[str, Figure]]:
    """Every chart of a report for so many schools; all draws are seeded."""
    random = np.random.default_rng(count)
    place = LONG if count == 3 else "городской округ Алоавантюриновск"
    yield (
        "matrix",
        charts.draw_matrix(scatter_schools(random, count), "Условия", "Результаты", ("прочие школы", "другие")),
    )
    shares = pd.DataFrame([[20.0, 50.0, 30.0], [25.0, 50.0, 25.0]], index=[place, "регион"], columns=list(COLOURS))
    yield "shares", charts.draw_stacked_shares(shares if count > 1 else shares * np.nan, COLOURS, "% школ")
    dots = pd.DataFrame(random.random((9, 2)), index=[LONG[: 30 * n] for n in range(1, 10)], columns=[place, "регион"])
    yield "dots", charts.draw_dots(dots, ["%"] * 5 + ["баллов"] * 4, place, "регион")


def scatter_schools(random: np.random.Generator, count: int) -> pd.DataFrame:
    """Own schools close together, as those of a city are, among two hundred of the region."""
    own = random.normal(0.3, 0.06, (count, 2))
    frame = pd.DataFrame(np.vstack([own, random.random((200, 2))]), columns=["x", "y"])
    frame["number"] = pd.array([*range(1, count + 1), *[None] * 200], dtype="Int64")
    kinds = random.choice(list(charts.KINDS), count)
    frame["kind"] = [*kinds, *[charts.OTHER_KIND] * 200]
    return frame.assign(schools=1, x_middle=frame["x"].median(), y_middle=frame["y"].median())


def build_gallery() -> str:
    """The page as HTML."""
    cells = [new_markdown_cell("## Части"), show(*list_parts())]
    for count in (1, 3, 60):
        told = [
            Chart(f"{key}-{count}", f"{key}: школ {count}", "Предложение.", figure, make_table(f"{key}-{count}", 2))
            for key, figure in draw_all(count)
        ]
        cells += [new_markdown_cell(f"## Школ: {count}"), show(*told)]
    card = PageCard(HARMFUL[0], LONG, demonstration=True, home="index.html", workbook="x.xlsx", build=((LONG, LONG),))
    return render_page(new_notebook(cells=[*cells, new_markdown_cell("## Метод")]), card)


def list_parts() -> list[object]:
    """A part of every kind, with harmful and long names in each."""
    return [
        Text((*HARMFUL, LONG)),
        Text((LONG,), kind="note"),
        Figures(tuple((name, "27,6 %", LONG[:60]) for name in HARMFUL[:5])),
        Links(((HARMFUL[0], "a.html", LONG), (LONG, "", HARMFUL[1]))),
        make_table("harmful", 6),
        make_table("wide", 22),
        make_searched(),
        draw_table(),
    ]


def make_table(key: str, columns: int) -> Table:
    """A table of harmful and long names and numbers."""
    frame = pd.DataFrame({"Школа": [*HARMFUL, LONG, "А" * 300]})
    for column in range(columns - 1):
        frame[f"Показатель {column}"] = 0.123
    return Table(key, f"{key}: {HARMFUL[0]}", frame, {}, note=HARMFUL[0])


def make_searched() -> Table:
    """A table of schools that is long enough to be searched; names, codes and lists are harmful."""
    names = [*HARMFUL, LONG, "А" * 300, "Б"]
    frame = pd.DataFrame({"Школа": names, "Код": names, "Списки": names})
    return Table("searched", HARMFUL[0], frame, search=Search("Списки", tuple(names), ("Код",)))


def draw_table() -> Table:
    """A table with a small drawing of each kind in its rows."""
    names = [HARMFUL[0], LONG]
    row = pd.Series({"own": 12.5, "region": 30.0, "low": 20.0, "high": 40.0, "verdict": "worse"})
    years = {2021: (10.0, 15.0), 2022: (np.nan, np.nan), 2023: (12.5, 17.5)}
    made = {
        "Полоса": draw_strip({2022: "low", 2023: None}, {"low": "Н", "high": "В"}, "low"),
        "На шкале": draw_dumbbell(row, (0.0, 40.0), HARMFUL[4]),
        "По годам": draw_years(years, "%"),
    }
    drawings = {name: [drawing] * 2 for name, drawing in made.items()}
    frame = pd.DataFrame({"Школа": names, "Код": names})
    return Table("drawn", "drawn", frame, drawings=drawings, shown=("Школа", *made))


def show(*parts: object) -> object:
    """A cell that shows the parts."""
    return new_code_cell("1", outputs=[new_output("display_data", {"text/html": part._repr_html_()}) for part in parts])
