"""What is to be checked before conclusions (что проверить до выводов): signs of doubtful results of ВПР, to each reader.

A sign is a figure that differs from what the region's own spread leads to. It is a reason to check, accuses nobody and
moves no school on or off a list. Its words stand in doubts.yml.
"""

import re
from functools import cache
from pathlib import Path
from typing import Literal, Self

import pandas as pd
from pydantic import model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words, read_rules
from effschool.base.russian import format_number
from effschool.report import charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Fact, Said, count, join, number, percent, say, words
from effschool.report.portfolio import Portfolio, RegionYear, list_municipalities, order_names
from effschool.report.privacy import blur_share, suppress_small
from effschool.report.sections.municipality import NONE, SCHOOLS, number_schools, say_missing, signed, two_digits
from effschool.report.sections.municipality import percent as percent_cell

RULES = Path(__file__).parents[1] / "doubts.yml"
WORK = ["year", "kind", "subject", "grade"]
TITLE = "Что проверить до выводов"
LISTED = "listed"


class SignWords(Frozen):
    """What one kind of sign is called: above a column, in a row of a table, in a sentence about a school; its unit."""

    brief: Words
    measure: Words
    said: Words
    usual: str = ""
    unit: Literal["share", "marks", "none"]


class DoubtWords(Frozen):
    """All of doubts.yml.

    Args:
        kinds: words by kind of sign.
        most_on_page: so many signs stand on a school's page.
        never: parts of words that accuse: they stand in no sentence.
    """

    kinds: dict[str, SignWords]
    most_on_page: Whole
    never: tuple[Words, ...]
    source: Words

    @model_validator(mode="after")
    def _accuse_nobody(self) -> Self:
        for kind, sign in self.kinds.items():
            for key in ("brief", "measure", "said", "usual"):
                if found := self.find_accusing(getattr(sign, key)):
                    raise RuleError(f"ожидались слова, которые никого не обвиняют, стоит «{found}»", "kinds", kind, key)
        return self

    def find_accusing(self, text: str) -> str:
        """The first word of a text that accuses somebody; empty if none does."""
        found = re.search(rf"\w*(?:{'|'.join(map(re.escape, self.never))})\w*", text, re.IGNORECASE)
        return found[0] if found else ""


@cache
def load_words(path: Path = RULES) -> DoubtWords:
    """Read the words.

    Raises:
        ConfigurationError: a key or value is wrong, or a sentence accuses; every fault is named with its line.
    """
    return read_rules(DoubtWords, path, "слов о расхождениях")


def choose_signs(region: RegionYear, schools: pd.DataFrame) -> pd.DataFrame:
    """Marked rows of the given schools in the years that the lists of the year rest on, the least likely first.

    Columns of `signs`, those of the schools, and `shown`, `usual`: observed and expected as they are written.
    """
    signs = region.workspace.signs
    years = region.workspace.methodology.lists.window.list_years(region.year)
    marked = signs[signs["marked"].astype(bool) & signs["year"].isin(years)] if len(signs) else signs
    if marked.empty:
        return pd.DataFrame(columns=[*WORK, "school_id"])
    known = marked.merge(schools.drop(columns="year", errors="ignore"), on="school_id", validate="many_to_one")
    known = known.sort_values(["q_value", "p_value", *WORK], na_position="last", kind="stable", ignore_index=True)
    units = known["kind"].map({kind: sign.unit for kind, sign in load_words().kinds.items()})
    factor = units.map({"share": 100.0, "marks": 1.0})
    usual = blur_share(known["expected"] * factor)
    if isinstance(region, Portfolio):
        tested = signs[~signs["school_id"].isin(region.register["school_id"])].groupby(WORK)["school_id"].nunique()
        others = tested.reindex(pd.MultiIndex.from_frame(known[WORK]), fill_value=0)
        usual = suppress_small(usual, others.set_axis(usual.index))
    return known.assign(shown=blur_share(known["value"] * factor), usual=usual)


def describe_doubts(portfolio: Portfolio) -> pd.DataFrame:
    """The card of every own school with signs: school_id, text."""
    found = choose_signs(portfolio, portfolio.schools)
    places = name_places(portfolio, portfolio.schools)
    told = [
        (school, _write_card(own, places.get((school, portfolio.year), "")))
        for school, own in found.groupby("school_id", sort=False)
    ]
    return pd.DataFrame(told, columns=["school_id", "text"])


def _write_card(signs: pd.DataFrame, place: str) -> Said:
    """The strongest signs of a school, how many more there are, what may be behind it, its place without ВПР."""
    computed, listed = (signs[(signs["kind"] == LISTED) == flag] for flag in (False, True))
    first = computed.head(load_words().most_on_page)
    rest = len(computed) - len(first)
    works = first.groupby(["subject", "grade", "year"], sort=False, dropna=False)
    parts = [
        *(_say_work(own) for _, own in works),
        say("ещё признаков: {rest}", rest=number(rest)) if rest else "",
        say("школа названа во внешнем перечне: {years}", years=words(_list_years(listed))) if len(listed) else "",
    ]
    without = say("; без ВПР результаты года {place}", place=words(place)) if place else ""
    return join([f"{TITLE}: ", join(parts, "; "), ". ", MAY_BE, without, "."], "")


MAY_BE = "Это может объясняться составом класса, строгостью журнала, работой или её проверкой; списков не меняет"


def _list_years(rows: pd.DataFrame) -> str:
    return ", ".join(map(str, sorted(set(rows["year"]))))


def _say_work(rows: pd.DataFrame) -> Said:
    """«русский язык, 4 класс, 2023 год (62 ребёнка): отметки выше, чем в журнале, у 39,0 %, обычно у 7,0 %; …»."""
    first = rows.iloc[0]
    people = count(int(first["participants"]), *CHILDREN)
    about = say("{work} ({people}): ", work=words(name_work(first)), people=people)
    return join([about, join([_say_sign(row) for _, row in rows.iterrows()], "; ")], "")


def _say_sign(row: pd.Series) -> Said:
    rules = load_words().kinds[row["kind"]]
    known = [("value", row["shown"], rules.said), ("expected", row["usual"], rules.usual)]
    told = [say(text, **{name: _show(value, row["kind"])}) for name, value, text in known if text and pd.notna(value)]
    return join(told, ", ")


CHILDREN = ("ребёнок", "ребёнка", "детей")


def _show(value: float, kind: str) -> Fact:
    """A share with the sign of per cent, a difference of marks without."""
    return percent(value) if load_words().kinds[kind].unit == "share" else number(value, 1)


def name_work(row: pd.Series) -> str:
    """«русский язык, 4 класс, 2023 год»."""
    grade = "" if pd.isna(row["grade"]) else f", {int(row['grade'])} класс"
    return f"{row['subject']}{grade}, {row['year']} год"


def name_places(region: RegionYear, schools: pd.DataFrame) -> dict[tuple[str, int], str]:
    """Places of schools among others without ВПР, in words, by school and year; none where the place is not told."""
    known, rules = region.workspace.without_doubtful, region.workspace.methodology.domains.get("results")
    if known.empty or rules is None:
        return {}
    told = schools.dropna(subset="results_band")
    own = known[known["school_id"].isin(told["school_id"])].dropna(subset="band_without")
    titles = rules.band_titles
    rows = own[["school_id", "year", "band", "band_without"]].itertuples(index=False)
    return {(row.school_id, int(row.year)): _say_place(titles, row.band, row.band_without) for row in rows}


def _say_place(titles: dict[str, str], band: str | None, without: str) -> str:
    """«средние (с ВПР — низкие)», «те же: низкие»."""
    if band == without:
        return f"те же: {titles[without]}"
    return f"{titles[without]} (с ВПР — {titles[band] if band in titles else NONE})"


def tabulate_doubts(region: RegionYear) -> Table | Text:
    """Signs of all schools of the page, own ones or the region's; a line where there are none."""
    found = choose_signs(region, region.schools if isinstance(region, Portfolio) else region.region_schools)
    return Text((NOTHING,), kind="note") if found.empty else tabulate_signs(region, found)


NOTHING = "Признаков, которые стоило бы проверить до выводов по ВПР, у школ нет."


def tabulate_signs(region: RegionYear, found: pd.DataFrame) -> Table:
    """Signs as a row each, in the order of schools, the outside list beside them.

    Args:
        found: as `choose_signs` gives them.
    """
    order = ["number"] if "number" in found else ["municipality", "name"]
    rows = _join_listed(found).sort_values([*order, *WORK], key=order_names, ignore_index=True)
    places, measures = name_places(region, rows), {kind: sign.measure for kind, sign in load_words().kinds.items()}
    without = [places.get(key, NONE) for key in zip(rows["school_id"], rows["year"], strict=True)]
    frame = pd.DataFrame(
        {
            "Школа": number_schools(rows) if "number" in rows else rows["name"],
            "Код": rows["school_id"],
            **({} if "number" in rows else {"Муниципалитет": rows["municipality"]}),
            "Предмет, класс": rows["subject"] + ", " + rows["grade"].astype("str"),
            "Год": rows["year"].astype("str"),
            "Что расходится": rows["kind"].map(measures),
            "Детей": rows["participants"],
            "Есть": rows["shown"],
            "Ожидалось": rows["usual"],
            "Осторожно": rows["caution"].astype(bool).map({True: "мало детей", False: NONE}),
            "Внешний перечень": rows["is_listed"].map({True: "да", False: NONE}),
            "Без ВПР результаты года": without,
        }
    )
    formats = dict.fromkeys(("Есть", "Ожидалось"), percent_cell)
    shown = tuple(name for name in frame if name != "Код")
    schools = count(rows["school_id"].nunique(), *SCHOOLS)
    title = say("{title}: {schools}, {year} год", title=words(TITLE), schools=schools, year=words(region.year))
    return Table(TITLE, title, frame, formats, note=CARD_NOTE, shown=shown, folds=True)


def _join_listed(found: pd.DataFrame) -> pd.DataFrame:
    """Rows with `is_listed`; one of the outside list alone stays only where nothing else is known of the work."""
    keys = ["school_id", "year", "subject", "grade"]
    works = pd.MultiIndex.from_frame(found[keys])
    is_list = (found["kind"] == LISTED).to_numpy()
    rows = found.assign(is_listed=works.isin(works[is_list]))
    return rows[~is_list | ~works.isin(works[~is_list])]


CARD_NOTE = (
    "Ожидалось — по разбросу школ самого региона. Расхождение — повод проверить, а не вывод: оно может объясняться "
    "составом класса, строгостью журнала, самой работой или её проверкой. Сверьте отметки с журналом, работы — с "
    "критериями. Списков расхождение не меняет."
)

# The region


def tabulate_kinds(region: RegionYear) -> Table | Text:
    """Kinds of signs: schools tested, marked, and marked by chance alone; a row per kind in the last year that has it."""
    known = region.workspace.signs_expected
    known = known[known["year"] <= region.year] if len(known) else known
    if known.empty:
        return say_missing(TITLE)
    last = known.sort_values("year").drop_duplicates("kind", keep="last").set_index("kind")
    rules = load_words().kinds
    rows = last.loc[[kind for kind in rules if kind in last.index]].reset_index()
    frame = pd.DataFrame(
        {
            "Что расходится": [rules[kind].measure for kind in rows["kind"]],
            "Год": rows["year"].astype("str"),
            "Проверено школ": rows["tested"],
            "Отмечено": rows["marked"],
            "Отметил бы случай": rows["by_chance"],
        }
    )
    formats = {"Отметил бы случай": lambda value: format_number(value, 1)}
    return Table("Признаки", f"{TITLE}: сколько школ отмечено и сколько отметил бы случай", frame, formats, _say_kinds(region))


def _say_kinds(region: RegionYear) -> Said:
    rules = region.workspace.methodology.doubt
    return say(KINDS_NOTE, false=percent(rules.false_share_pct, 0), least=number(rules.marked_from))


KINDS_NOTE = (
    "«Отметил бы случай» — сколько школ в среднем отметило бы то же правило в регионе, где школы различаются как обычно, "
    "а особого нет ни в одной. Из отмеченных случайны в среднем не больше {false} (поправка Бенджамини — Хохберга по "
    "всем проверенным строкам года); отмечаются работы, где участников не меньше {least}. В списках отметки никого не "
    "двигают."
)


def tabulate_doubt_places(region: RegionYear) -> Table | Text:
    """Every municipality with its schools that have signs: in all, by kind."""
    found = choose_signs(region, region.region_schools)
    if found.empty:
        return Text((NOTHING,), kind="note")
    kinds = [kind for kind in load_words().kinds if kind in set(found["kind"])]
    names = list_municipalities(region.workspace, region.year)
    schools = region.region_schools.groupby("municipality").size()
    marked = found.groupby("municipality")["school_id"].nunique()
    by_kind = found.groupby(["municipality", "kind"])["school_id"].nunique().unstack(fill_value=0)
    frame = pd.DataFrame({"Муниципалитет": names, "Школ": schools.reindex(names, fill_value=0).array})
    frame["С признаками"] = marked.reindex(names, fill_value=0).array
    counts = by_kind.reindex(index=names, columns=kinds, fill_value=0)
    for kind in kinds:
        frame[load_words().kinds[kind].brief] = counts[kind].array
    return Table("Признаки по местам", f"{TITLE}: школы с признаками по муниципалитетам", frame, note=IN_BOOK)


IN_BOOK = f"Школы поимённо, с числами — в книге «region.xlsx», лист «{TITLE}»: для института."


def tabulate_effect(region: RegionYear) -> Table | Text:
    """Who would change lists if marked years of ВПР were left out (`doubtful: leave_out`): a row per school and list."""
    known = region.workspace.doubtful_effect
    known = known[known["year"] == region.year] if len(known) else known
    if known.empty:
        return Text((NO_EFFECT,))
    schools = region.region_schools[["school_id", "name", "municipality"]]
    rows = known.merge(schools, on="school_id", validate="many_to_one")
    rows = rows.sort_values(["list", "municipality", "name"], key=order_names, ignore_index=True)
    frame = pd.DataFrame(
        {
            "Школа": rows["name"],
            "Код": rows["school_id"],
            "Муниципалитет": rows["municipality"],
            "Список": rows["list"],
            "Без отмеченных ВПР": rows["is_member_without"].astype(bool).map({True: "вошла бы", False: "вышла бы"}),
        }
    )
    title = f"Списки {region.year} года, если отмеченные ВПР не учитывать"
    return Table("Без отмеченных ВПР", title, frame, note=say_effect(region), shown=tuple(frame.columns.drop("Код")))


def say_effect(region: RegionYear) -> Said:
    """How many schools would enter and leave each list if marked years of ВПР were left out."""
    known = region.workspace.doubtful_effect
    known = known[known["year"] == region.year] if len(known) else known
    if known.empty:
        return say(NO_EFFECT)
    parts = [
        say(
            "{list}: вошло бы {entered}, вышло бы {left}",
            list=words(name),
            entered=number(int(own["is_member_without"].sum())),
            left=number(int((~own["is_member_without"].astype(bool)).sum())),
        )
        for name, own in known.groupby("list")
    ]
    return join([EFFECT, join(parts, "; "), "."], "")


EFFECT = "Если отмеченные ВПР не учитывать (doubtful: leave_out), списки изменились бы так: "
NO_EFFECT = "Если отмеченные ВПР не учитывать (doubtful: leave_out), списки остались бы прежними."

# ВПР beside the exam of the same children


def chart_marks_use(region: RegionYear) -> Chart | Text:
    """ВПР against ОГЭ of the same children two years later, by subject: points without names (не список)."""
    known = region.workspace.marks_use
    rows = known[known["year"] == region.year] if len(known) else known
    if rows.empty:
        return say_missing("ВПР и ОГЭ тех же детей")
    grade = int(rows["grade"].iloc[0])
    points = rows.assign(x=rows["vpr_shrunk"], y=rows["oge_shrunk"], kind=rows["subject"])
    figure = charts.draw_groups(points, f"ВПР, {grade} класс, средняя отметка", "ОГЭ, средняя отметка")
    title = f"ВПР в {grade} классе и ОГЭ {region.year} года тех же детей: средние отметки школ, уточнённые"
    frame = pd.DataFrame([_correlate(subject, own) for subject, own in rows.groupby("subject")])
    formats = dict.fromkeys(("Корреляция", "Корреляция уточнённых"), two_digits)
    table = Table("ВПР и ОГЭ", title, frame, {**formats, "Разность": signed})
    return Chart("marks-use", title, _say_use(frame), figure, table)


def _correlate(subject: str, rows: pd.DataFrame) -> dict[str, object]:
    return {
        "Предмет": subject,
        "Школ": len(rows),
        "Корреляция": rows["vpr_mean"].corr(rows["oge_mean"]),
        "Корреляция уточнённых": rows["vpr_shrunk"].corr(rows["oge_shrunk"]),
        "Разность": rows["oge_mean"].mean() - rows["vpr_mean"].mean(),
    }


def _say_use(frame: pd.DataFrame) -> Said:
    parts = [
        say("{subject} — {raw}", subject=words(row["Предмет"]), raw=number(row["Корреляция"], 2))
        for _, row in frame.iterrows()
    ]
    return join(["Связь средних ВПР и ОГЭ по школам (коэффициент корреляции): ", join(parts, "; "), USE_NOTE], "")


USE_NOTE = (
    ". Точки — средние, притянутые к региону тем сильнее, чем меньше участников: у малой школы отличие чаще случайно. "
    "Это не список: точка в стороне — повод спросить, а не вывод."
)
