"""Results and conditions beside the region (результаты против региона): a row per indicator, small drawings in it."""

from collections import namedtuple
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import pandas as pd

from effschool.base.russian import format_number, join_words
from effschool.method.methodology import Domain, Methodology
from effschool.report.display import Table, Text
from effschool.report.drawings import choose_scale, draw_dumbbell, draw_years
from effschool.report.facts import Said, count, join, number, say
from effschool.report.portfolio import Portfolio, RegionYear, compare_indicators
from effschool.report.privacy import blur_share, load_privacy
from effschool.report.queries import BETTER, SAME, WORSE, judge_indicators, list_caveated
from effschool.report.sections.municipality import NONE, OF_SCHOOLS, name_domain_sheet, say_missing, show_percent
from effschool.report.similar import find_similar, rank_similar, span_similar

VERDICTS: dict[Domain, dict[str, str]] = {
    "results": {WORSE: "хуже", BETTER: "лучше", SAME: NONE},
    "social": {WORSE: "тяжелее", BETTER: "легче", SAME: NONE},
}
"""A verdict in the words of a domain: conditions are heavier, not worse; what chance may do has no word."""
CHART, YEARS = "На шкале", "По годам"
READING = "Круг и тёмная линия — {own}, черта и светлая — {other}, серая полоса — случайное; прочерк — в её пределах."


def tabulate_indicators(portfolio: Portfolio, domain: Domain, caveated: bool = False) -> Table | Text:
    """Shares and means of the municipality beside the region; of ВПР alone where `caveated`."""
    judged = judge_indicators(portfolio, domain)
    name = "ВПР" if caveated else title_domains(portfolio.workspace.methodology)[domain]
    chosen = judged[judged["is_caveated"].astype(bool) == caveated] if len(judged) else judged
    if chosen.empty:
        return say_missing(name)
    # What is better when less comes first: each half is read in one direction.
    chosen = chosen.sort_values("more_is_worse", ascending=False, kind="stable").reset_index(drop=True)
    is_first = domain == "results" and not caveated
    ranges = write_ranges(portfolio, chosen) if is_first else {}
    frame = pd.DataFrame(
        {
            "Показатель": name_rows(chosen),
            **({"Лучше, если": chosen["more_is_worse"].map(WAYS)} if domain == "results" else {}),
            "Муниципалитет": chosen["own"],
            "Регион": chosen["region"],
            **ranges,
            "Год назад": chosen["before"],
            "Участников": chosen["own_participants"].astype("int64"),
            "Против региона": chosen["verdict"].map(VERDICTS[domain]).fillna(NONE),
        }
    )
    histories = follow_indicators(portfolio, domain)
    drawings = {CHART: draw_rows(chosen, "по муниципалитету", "по региону"), YEARS: draw_histories(chosen, histories)}
    title = f"{name}, {portfolio.year} год, %"
    shown = ("Показатель", "Муниципалитет", "Регион", *ranges, CHART, "Против региона", YEARS)
    key = "ВПР" if caveated else name_domain_sheet("Показатели", domain)
    note = join([say_direction(chosen), explain_ranges(portfolio) if ranges else ""]) if is_first else ""
    legend = say_reading(histories["year"]) if is_first else ""
    return Table(key, title, frame, FORMATS, note, drawings=drawings, shown=shown, legend=legend)


def say_reading(years: pd.Series) -> str:
    """How the drawings of a municipality are read, and which years they show."""
    return READING.format(own="муниципалитет", other="регион") + f" Справа — {years.min()}–{years.max()} годы."


def say_direction(judged: pd.DataFrame) -> Said:
    """How many rows are the better for less, and how many after them for more."""
    less = int(judged["more_is_worse"].sum())
    told = "Сначала показатели, по которым лучше меньше ({less}), затем — по которым лучше больше ({more})."
    return say(told, less=number(less), more=number(len(judged) - less))


def say_caveat(portfolio: Portfolio) -> Text:
    """Why the tables of ВПР stand apart; nothing where no rule takes them."""
    return Text((CAVEAT,)) if list_caveated(portfolio.workspace.methodology) else Text((), kind="note")


CAVEAT = (
    "По ВПР школы и муниципалитеты не оценивают: письма Рособрнадзора этого не предусматривают. Числа — для помощи "
    "детям; правило ШНОР, однако, их учитывает."
)
WAYS = {True: "меньше", False: "больше"}
FORMATS = dict.fromkeys(("Муниципалитет", "Регион", "Год назад"), show_percent)


def title_domains(methodology: Methodology) -> dict[Domain, str]:
    """Titles of the tables of indicators: results by their exams but ВПР, which has a table of its own."""
    caveated = list_caveated(methodology)
    rows = [item.rows for item in methodology.domains["results"].indicators if item.id not in caveated]
    exams = dict.fromkeys(name for each in rows for name in each.procedure)
    certificates = ["аттестаты"] if any(each.table == "certificates" for each in rows) else []
    return {"results": join_words([*exams, *certificates]) or "Результаты", "social": "Социальные условия"}


def name_rows(judged: pd.DataFrame) -> list[str]:
    """Names of indicators, with the unit where it is not that of the title (%)."""
    return [row.name if row.unit == "%" else f"{row.name}, {row.unit}" for row in _rows(judged)]


def _rows(judged: pd.DataFrame) -> Iterable:
    return map(_name_row(tuple(judged.columns)), judged.itertuples(index=False, name=None))


@cache
def _name_row(columns: tuple[str, ...]) -> Callable[[Iterable], Any]:
    """What names the values of a row: `itertuples` compiles a class for every frame, which takes longer than a page."""
    row: Any = namedtuple("Row", columns, rename=True)  # type: ignore[misc]
    return row._make


def write_ranges(portfolio: Portfolio, judged: pd.DataFrame) -> dict[str, list[str]]:
    """The column of similar municipalities, «12–18» a row, by its heading; none where no row has a range."""
    spans = span_similar(portfolio).reindex(judged["indicator"])
    digits = [0 if unit == "%" else 1 for unit in judged["unit"]]
    ends = zip(spans["low"], spans["high"], digits, strict=True)
    told = [say_range(low, high, each) if pd.notna(low) else NONE for low, high, each in ends]
    return {SIMILAR: told} if spans["low"].notna().any() else {}


def say_range(low: float, high: float, digits: int) -> str:
    """«12–18», or the one number that both ends round to."""
    return "–".join(dict.fromkeys(format_number(end, digits) for end in (low, high)))


def explain_ranges(portfolio: Portfolio) -> Said:
    """By what similar municipalities were chosen, and whether they are as close as schools have to be."""
    rules, partners = load_privacy().reports, portfolio.workspace.methodology.partners
    figures = {"schools": count(rules.schools, *OF_SCHOOLS), "pupils": count(rules.pupils, *OF_PUPILS)}
    is_far = partners is not None and find_similar(portfolio).max() > partners.caliper
    return join([say(RANGES, number=number(rules.municipalities), **figures), FAR if is_far else ""])


def say_no_ranges(portfolio: Portfolio) -> Text:
    """Why there is no range of similar municipalities; nothing where there is one, or no results to compare."""
    judged = judge_indicators(portfolio, "results")
    fair = judged[~judged["is_caveated"].astype(bool)]
    if fair.empty or write_ranges(portfolio, fair):
        return Text(())
    why = NOT_PLACED if rank_similar(portfolio).empty else TOO_FEW
    return Text((say(why, number=number(load_privacy().reports.municipalities)),), kind="note")


SIMILAR = "Похожие муниципалитеты"
OF_PUPILS = ("ученика", "учеников", "учеников")
RANGES = (
    "«Похожие муниципалитеты» — наименьшее и наибольшее значения у {number} ближайших по числу учеников, доле сельских "
    "школ и медиане индекса условий; они намеренно не названы. Диапазона нет, где у кого-то меньше {schools} "
    "или {pupils}."
)
FAR = "Не все они близки: сравнение условно."
NOT_PLACED = f"{SIMILAR}: нет других, с кем сравнить, или данных, по которым их подбирают."
TOO_FEW = f"{SIMILAR}: не нашлось {{number}} с достаточными данными."


def draw_rows(judged: pd.DataFrame, own: str, other: str) -> list[str]:
    """A dumbbell per row on one scale: columns own, region, low, high, verdict, name."""
    ends = choose_scale([*judged["own"], *judged["region"], *judged["high"]])
    told = [
        f"{row.name}: {own} {format_number(row.own, 1)}, {other} {format_number(row.region, 1)}"
        for row in _rows(judged)
    ]
    return [draw_dumbbell(row, ends, text) for row, text in zip(_rows(judged), told, strict=True)]


def draw_histories(judged: pd.DataFrame, histories: pd.DataFrame) -> list[str]:
    """A line of years per row of `judged`."""
    past: dict[str, dict[int, tuple[float, float]]] = {}
    columns = (histories[name].tolist() for name in ("indicator", "year", "own", "region"))
    for name, year, own, other in zip(*columns, strict=True):
        past.setdefault(name, {})[year] = own, other
    named = zip(judged["indicator"], judged["unit"], strict=True)
    return [draw_years(past.get(name, {}), unit) for name, unit in named]


def follow_indicators(portfolio: Portfolio, domain: Domain) -> pd.DataFrame:
    """Indicators over the years up to the report's: indicator, year, own (the municipality's), region."""
    frames = [
        compare_indicators(portfolio.in_year(year), domain, ("share", "mean")).assign(year=year)
        for year in list_years(portfolio)
    ]
    found = pd.concat(frames, ignore_index=True)
    return found.assign(region=blur_share(found["region"]))


def list_years(region: RegionYear) -> list[int]:
    """Years that a report looks back on: five at most, the report's the last."""
    known = region.workspace.dynamics.paths["year"].unique()
    return sorted(int(year) for year in known if year <= region.year)[-MOST_YEARS:]


MOST_YEARS = 5
