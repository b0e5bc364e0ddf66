"""What is to be checked before conclusions (что проверить до выводов): signs of doubtful results of ВПР, for readers.

A sign is a figure that differs from what the region's own spread leads to. It is a reason to check, accuses nobody and
moves no school on or off a list. Its words stand in doubts.yml.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd
from pydantic import model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words, read_rules
from effschool.base.disclosure import load_disclosure
from effschool.base.russian import format_number
from effschool.doubt.marks_use import shrink
from effschool.method.methodology import FIOKO_LIST, DoubtRules
from effschool.report import charts
from effschool.report.display import Chart, Table, Text
from effschool.report.facts import Fact, Said, count, join, number, percent, say, tabulate_said, words
from effschool.report.portfolio import Portfolio, RegionYear, list_municipalities, order_names
from effschool.report.privacy import blur_share, suppress_small
from effschool.report.sections.municipality import (
    NONE,
    SCHOOLS,
    number_schools,
    say_missing,
    show_percent,
    signed,
    two_digits,
)

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
    unit: Literal["share", "spread", "none"]


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
    """Signs of the given schools in the years that the lists of the year rest on, the least likely first.

    Columns of `signs`, marked rows and those told with a caution, columns of the schools, and `shown`, `usual`:
    observed and expected as they are written, missing where they would tell of few schools of others.
    """
    signs, years = region.workspace.signs, region.workspace.methodology.lists.window.list_years(region.year)
    if signs.empty:
        return signs.assign(school_id=[])
    told = signs[(signs["marked"] | signs["caution"]) & signs["year"].isin(years)]
    known = told.merge(schools.drop(columns="year", errors="ignore"), on="school_id", validate="many_to_one")
    known = known.sort_values(["q_value", "p_value", *WORK], na_position="last", kind="stable", ignore_index=True)
    share = known["kind"].isin([kind for kind, sign in load_words().kinds.items() if sign.unit == "share"])
    value, usual = (blur_share(known[name] * np.where(share, 100, 1)) for name in ("value", "expected"))
    if isinstance(region, Portfolio):
        tested = signs[~signs["school_id"].isin(region.register["school_id"])].groupby(WORK)["school_id"].nunique()
        others = tested.reindex(pd.MultiIndex.from_frame(known[WORK]), fill_value=0).set_axis(known.index)
        usual = suppress_small(usual, others)
    few = known["participants"].lt(load_disclosure().participants).fillna(False)
    return known.assign(shown=value, usual=usual, participants=known["participants"].mask(few))


def describe_doubts(portfolio: Portfolio) -> pd.DataFrame:
    """The card of every own school with signs: school_id, text."""
    found = choose_signs(portfolio, portfolio.schools)
    places = name_band_changes(portfolio)
    told = {
        school: _write_card(own, _say_place(places.get((school, portfolio.year))), say_lists(portfolio))
        for school, own in found.groupby("school_id", sort=False)
        if own["marked"].any()
    }
    return tabulate_said({"school_id": told.keys(), "text": told.values()})


def _write_card(signs: pd.DataFrame, place: str, lists: str) -> Said:
    """The strongest signs of a school, how many more, what may be behind them, the lists, its place without ВПР."""
    computed, listed = (signs[(signs["kind"] == LISTED) == flag] for flag in (False, True))
    first = computed.head(load_words().most_on_page)
    rest = len(computed) - len(first)
    works = first.groupby(["subject", "grade", "year"], sort=False, dropna=False)
    parts = [
        *(_say_work(own) for _, own in works),
        say("ещё признаков: {rest}", rest=number(rest)) if rest else "",
        say("школа названа во внешнем перечне: {years}", years=words(_list_years(listed))) if len(listed) else "",
    ]
    return join([f"{TITLE}: ", join(parts, "; "), ". ", MAY_BE, "; ", lists, place, "."], "")


MAY_BE = (
    "Это не оценка школы: причиной могут быть состав класса, строгость журнала, работа, её проверка. "
    "Перечитайте такие работы по критериям, сверьте отметки с журналом"
)


def say_lists(region: RegionYear) -> str:
    """What a sign does to the lists, by the switch `doubtful`."""
    return LISTS[region.workspace.methodology.doubtful]


LISTS = {"show": "списков это не меняет", "leave_out": "ВПР отмеченных лет в списках не учтены"}


def _list_years(rows: pd.DataFrame) -> str:
    return ", ".join(map(str, sorted(set(rows["year"]))))


def _say_work(rows: pd.DataFrame) -> Said:
    """«русский язык, 4 класс, 2023 год (32 ребёнка, мало): отметки выше, чем в журнале, у 39,0 %, обычно у 7 %; …»."""
    first = rows.iloc[0]
    people, few = count(int(first["participants"]), *CHILDREN), ", мало" if first["caution"] else ""
    about = say("ВПР, {work} ({people}{few}): ", work=words(name_work(first)), people=people, few=words(few))
    return join([about, join([_say_sign(row) for _, row in rows.iterrows()], "; ")], "")


def _say_sign(row: pd.Series) -> Said:
    rules = load_words().kinds[row["kind"]]
    if rules.unit == "none":
        return say(rules.said)
    known = [("value", row["shown"], rules.said), ("expected", row["usual"], rules.usual)]
    told = [say(text, **{name: _show(value, row["kind"])}) for name, value, text in known if pd.notna(value)]
    return join(told, ", ")


CHILDREN = ("ребёнок", "ребёнка", "детей")


def _show(value: float, kind: str) -> Fact:
    """A share with the sign of per cent, a difference of marks without."""
    return percent(value) if load_words().kinds[kind].unit == "share" else number(value, 1)


def name_work(row: pd.Series) -> str:
    """«русский язык, 4 класс, 2023 год»."""
    grade = "" if pd.isna(row["grade"]) else f", {int(row['grade'])} класс"
    return f"{row['subject']}{grade}, {row['year']} год"


def name_band_changes(region: RegionYear) -> dict[tuple[str, int], tuple[str, str]]:
    """Bands of schools as they are and without ВПР, in words, by school and year; none where the place is not told."""
    known, rules = region.workspace.without_doubtful, region.workspace.methodology.domains["results"]
    if known.empty:
        return {}
    paths = region.workspace.dynamics.paths.dropna(subset="results_band")[["school_id", "year"]]
    told = known.dropna(subset=["band", "band_without_vpr"]).merge(paths, on=["school_id", "year"])
    rows = told[["school_id", "year", "band", "band_without_vpr"]].itertuples(index=False, name=None)
    titles = rules.band_titles
    return {(school, year): (titles[band], titles[without]) for school, year, band, without in rows}


def _write_place(band: str, without: str) -> str:
    """«средние (с ВПР — низкие)», «те же: низкие»."""
    return f"те же: {band}" if band == without else f"{without} (с ВПР — {band})"


def _say_place(bands: tuple[str, str] | None) -> str:
    """«; и без ВПР результаты года низкие», «; без ВПР результаты года средние, с ВПР — низкие»; "" if not told."""
    if bands is None or bands[0] == bands[1]:
        return f"; и без ВПР результаты года {bands[0]}" if bands else ""
    return f"; без ВПР результаты года {bands[1]}, с ВПР — {bands[0]}"


def tabulate_doubts(region: RegionYear) -> Table | Text:
    """Signs of all schools of the page, own ones or the region's; a line where there are none."""
    found = choose_signs(region, region.schools if isinstance(region, Portfolio) else region.region_schools)
    return Text((NOTHING,), kind="note") if found.empty else tabulate_signs(region, found)


NOTHING = "Признаков, которые стоило бы проверить до выводов по ВПР, у школ нет."


def summarise_doubts(doubts: Table | Text) -> Text:
    """The same for the note: how many schools, what it means, where they are named."""
    return Text((join([doubts.title, "."], ""), doubts.note, IN_OWN_BOOK)) if isinstance(doubts, Table) else doubts


IN_OWN_BOOK = f"Школы поимённо — в отчёте и в книге, лист «{TITLE}»."


def tabulate_signs(region: RegionYear, found: pd.DataFrame) -> Table:
    """Signs as a row each, in the order of schools, the outside list beside them.

    Args:
        found: as `choose_signs` gives them.
    """
    order = ["number"] if "number" in found else ["municipality", "name"]
    rows = _join_listed(found).sort_values([*order, *WORK], key=order_names, ignore_index=True)
    places = name_band_changes(region)
    frame = pd.DataFrame(
        {
            "Школа": number_schools(rows) if "number" in rows else rows["name"],
            "Код": rows["school_id"],
            **({} if "number" in rows else {"Муниципалитет": rows["municipality"]}),
            "Предмет, класс": rows["subject"] + (", " + rows["grade"].astype("str")).where(rows["grade"].notna(), ""),
            "Год": rows["year"].astype("str"),
            "Что расходится": [_say_row(row) for _, row in rows.iterrows()],
            **rows[["participants", "shown", "usual"]].set_axis(IN_BOOK_ONLY, axis=1),
            "Осторожно": rows["caution"].map({True: "мало детей", False: NONE}),
            "Внешний перечень": rows["is_listed"].map({True: "да", False: NONE}),
            "Без ВПР результаты года": [
                _write_place(*places[key]) if key in places else NONE
                for key in zip(rows["school_id"], rows["year"], strict=True)
            ],
        }
    )
    silent = [] if rows["caution"].any() else ["Осторожно"]
    shown = tuple(frame.columns.drop(["Код", *IN_BOOK_ONLY, *silent]))
    schools = count(rows["school_id"].nunique(), *SCHOOLS)
    works = found.loc[found["kind"] != LISTED, "school_id"].nunique()
    counts = {"schools": schools, "year": words(region.year), "works": number(works)}
    title = say("{title}: {schools}, {year} год; расхождения в ВПР — у {works}", title=words(TITLE), **counts)
    lists = say_lists(region)
    note = f"{CARD_NOTE} {lists[:1].upper()}{lists[1:]}."
    return Table(TITLE, title, frame, note=note, shown=shown, folds=True)


IN_BOOK_ONLY = ["Детей", "Есть", "Ожидалось"]
"""Numbers that the page tells in words."""


def _say_row(row: pd.Series) -> Said:
    """«отметки выше, чем в журнале, у 39,0 %, обычно у 7,0 % (62 ребёнка)»."""
    known = pd.notna(row["participants"])
    people = say(" ({people})", people=count(int(row["participants"]), *CHILDREN)) if known else ""
    return join([_say_sign(row), people], "")


def _join_listed(found: pd.DataFrame) -> pd.DataFrame:
    """Rows with `is_listed`; one of the outside list alone stays only where nothing else is known of the work."""
    keys = ["school_id", "year", "subject", "grade"]
    works = pd.MultiIndex.from_frame(found[keys])
    is_list = (found["kind"] == LISTED).to_numpy()
    rows = found.assign(is_listed=works.isin(works[is_list]))
    return rows[~is_list | ~works.isin(works[~is_list])]


CARD_NOTE = (
    "«Обычно» — по разбросу школ региона. Расхождение — повод проверить, а не вывод: оно может объясняться составом "
    "класса, строгостью журнала, самой работой или её проверкой. Сверьте отметки с журналом, работы — с критериями."
)

# The region


def tabulate_kinds(region: RegionYear) -> Table | Text:
    """Schools tested, marked, and marked by chance alone: a row per kind of sign in the last year that has it."""
    known, rules = region.workspace.signs_expected, region.workspace.methodology.doubt
    known = known[known["year"] <= region.year].dropna(subset="tested") if len(known) else known
    if known.empty or rules is None:
        return say_missing(TITLE)
    last = known.sort_values("year").drop_duplicates("kind", keep="last").set_index("kind")
    kinds = load_words().kinds
    rows = last.loc[[kind for kind in kinds if kind in last.index]].reset_index()
    frame = pd.DataFrame(
        {
            "Что расходится": [kinds[kind].measure for kind in rows["kind"]],
            "Год": rows["year"].astype("str"),
            "Проверено школ": rows["tested"],
            "Отмечено": rows["marked"],
            BY_CHANCE: rows["by_chance"],
        }
    )
    title = f"{TITLE}: сколько школ отмечено и сколько отметил бы случай"
    return Table("Признаки", title, frame, {BY_CHANCE: _show_chance}, note=_say_kinds(region, rules))


BY_CHANCE, LEAST_SHOWN = "Отметил бы случай", 0.1


def _show_chance(schools: object) -> str:
    """«0,4», «менее 0,1»."""
    value = float(schools)  # type: ignore[arg-type]
    return f"менее {format_number(LEAST_SHOWN, 1)}" if value < LEAST_SHOWN else format_number(value, 1)


def _say_kinds(region: RegionYear, rules: DoubtRules) -> Said:
    """How marks are chosen, and which works of the year could not be tested."""
    untested = region.workspace.signs_untested
    untested = untested[untested["year"] == region.year] if len(untested) else untested
    works = [f"{name_work(row)}: {row['note']}" for _, row in untested.iterrows()]
    rest = say("Не проверены: {works}.", works=words("; ".join(works))) if works else ""
    return join([say(KINDS_NOTE, false=percent(rules.false_share_pct, 0), least=number(rules.marked_from)), rest])


KINDS_NOTE = (
    "«Отметил бы случай» — сколько школ в среднем перешло бы ту же границу в таком же регионе, где школы различаются "
    "лишь как обычно. Из всех, у кого есть расхождения, случайны в среднем не больше {false} (поправка Бенджамини — "
    "Хохберга по всем проверенным строкам года). Отмечаются работы, где детей не меньше {least}."
)


def tabulate_doubt_places(region: RegionYear) -> Table | Text:
    """Every municipality with its schools that have signs: in all, by kind."""
    found = choose_signs(region, region.region_schools)
    if found.empty:
        return Text((NOTHING,), kind="note")
    names = pd.Index(list_municipalities(region.workspace, region.year), name="Муниципалитет")
    tested = _list_tested(region)
    sets = {"Школ": region.region_schools, "Проверено": tested}
    marked = found[found["marked"]]
    kinds = {kind: sign.brief for kind, sign in load_words().kinds.items() if kind in set(marked["kind"])}
    sets |= {brief: marked[marked["kind"] == kind] for kind, brief in kinds.items()}
    sets["Мало детей"] = found[found["caution"]]
    counts = {name: own.groupby("municipality")["school_id"].nunique() for name, own in sets.items()}
    frame = pd.DataFrame({name: own.reindex(names, fill_value=0) for name, own in counts.items()})
    return Table("Признаки по местам", f"{TITLE}: школы по муниципалитетам", frame.reset_index(), note=IN_BOOK)


def _list_tested(region: RegionYear) -> pd.DataFrame:
    """Rows of the years of the lists that were tested at all, of schools of the year."""
    signs, years = region.workspace.signs, region.workspace.methodology.lists.window.list_years(region.year)
    rows = signs[signs["year"].isin(years) & (signs["kind"] != LISTED)]
    return rows.merge(region.region_schools[["school_id", "municipality"]], on="school_id")


IN_BOOK = (
    "«Проверено» — хотя бы одна работа за годы списков: где не проверена ни одна, нули ничего не говорят. «Мало "
    "детей» — расхождение так же редко, но отмечать рано. Школы поимённо — в книге «region.xlsx», лист "
    f"«{TITLE}»: для института."
)


def tabulate_effect(region: RegionYear) -> Table | Text:
    """Who would change lists if marked ВПР were left out (`doubtful: leave_out`): a row per school and list."""
    moves = list_moves(region)
    if moves.empty:
        return Text((say_without_doubtful(region),))
    rows = moves.merge(region.region_schools[["school_id", "name", "municipality"]], on="school_id")
    rows = rows.sort_values(["list", "municipality", "name"], key=order_names, ignore_index=True)
    columns = ["name", "school_id", "municipality", "list", "move"]
    frame = rows[columns].set_axis(["Школа", "Код", "Муниципалитет", "Список", "Без отмеченных ВПР"], axis=1)
    title = f"Списки {region.year} года без отмеченных ВПР: что меняется"
    return Table(
        "Без отмеченных ВПР", title, frame, note=say_without_doubtful(region), shown=tuple(frame.columns.drop("Код"))
    )


def list_moves(region: RegionYear) -> pd.DataFrame:
    """Schools of the year that would enter or leave a list that needs help: school_id, list, `move`."""
    known = region.workspace.without_doubtful
    rows = known[(known["year"] == region.year) & known["changes"]] if len(known) else known
    found = [
        pd.DataFrame({"school_id": rows["school_id"], "list": name, "before": before, "after": after})
        for name, before, after in _pair_lists(region, rows)
    ]
    moves = pd.concat(found) if found else pd.DataFrame(columns=["school_id", "list", "before", "after"])
    moves = moves[moves["before"] != moves["after"]]
    return moves.assign(move=np.where(moves["after"].astype(bool), ENTERS, LEAVES))


ENTERS, LEAVES = "входит", "выходит"


def _pair_lists(region: RegionYear, rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series, pd.Series]]:
    """Whether the schools are on each list as it is, and as it would be."""
    for name in region.watched if len(rows) else ():
        if name == FIOKO_LIST:
            yield name, *(rows[f"fioko_shnor{end}"].fillna(False).astype(bool) for end in ("", LEFT_OUT))
        elif name in region.workspace.methodology.list_watched("results"):
            yield name, *(rows[f"results_status{end}"].eq(name) for end in ("", LEFT_OUT))


LEFT_OUT = "_left_out"


def say_without_doubtful(region: RegionYear) -> Said:
    """How many schools would enter and leave each list if marked years of ВПР were left out."""
    moves = list_moves(region)
    if moves.empty:
        return say(NO_EFFECT)
    parts = [
        say(
            "{list} — входит {entered}, выходит {left}",
            list=words(name),
            entered=number(int((own["move"] == ENTERS).sum())),
            left=number(int((own["move"] == LEAVES).sum())),
        )
        for name, own in moves.groupby("list", sort=False)
    ]
    return join([EFFECT, join(parts, "; "), "."], "")


EFFECT = (
    "Списки года учитывают ВПР всех школ. Без ВПР тех школ и лет, где есть расхождение или внешний перечень, они "
    "другие, у части школ — оттого, что сдвигается граница группы: "
)
NO_EFFECT = "Списки года учитывают ВПР всех школ; без ВПР отмеченных школ и лет они те же."


def chart_peaks(region: RegionYear, scores: pd.DataFrame) -> Chart | Text:
    """Primary scores of the work with the most schools marked at its borders: these schools and all others.

    Args:
        scores: the contract table.
    """
    signs = region.workspace.signs
    signs = signs[signs["marked"] & (signs["kind"] == PEAK) & (signs["year"] == region.year)] if len(signs) else signs
    if signs.empty:
        return Text((NO_PEAKS,), kind="note")
    work = signs.groupby(["subject", "grade"]).size().idxmax()
    rows = scores[(scores["procedure"] == VPR) & (scores["year"] == region.year)]
    rows = rows[(rows["subject"] == work[0]) & (rows["grade"] == work[1])]
    marked = signs.loc[(signs["subject"] == work[0]) & (signs["grade"] == work[1]), "school_id"]
    kind = rows["school_id"].isin(marked).map({True: MARKED, False: REST})
    counts = rows.groupby(["score", kind])["pupils"].sum().unstack(fill_value=0).astype("float64")
    shares = (100 * counts / counts.sum())[[MARKED, REST]].rename_axis(columns=None)
    named = f"{work[0]}, {int(work[1])} класс"
    title = f"Первичные баллы ВПР, {named}, {region.year} год: отмеченные школы и остальные, % детей"
    figure = charts.draw_lines(shares, "% детей", dashed=[REST])
    figure.axes[0].set_xlabel("первичный балл")
    charts.write_numbers(figure.axes[0].yaxis)
    frame = shares.rename_axis("Балл").reset_index().astype({"Балл": "str"})
    table = Table("Первичные баллы", title, frame, dict.fromkeys((MARKED, REST), show_percent))
    return Chart("peaks", title, _say_peak(shares, len(marked)), figure, table)


PEAK, VPR = "border_peak", "ВПР"
MARKED, REST = "отмеченные школы", "остальные школы региона"
NO_PEAKS = "Скоплений первичных баллов у границ отметок, которых не бывает у обычных школ региона, нет."


def _say_peak(shares: pd.DataFrame, schools: int) -> Said:
    """The score at which the two part most."""
    score = (shares[MARKED] - shares[REST]).idxmax()
    return say(
        "Отмечено {schools}; дальше всего линии расходятся на балле {score}: {marked} детей против {rest}. Причину "
        "покажут сами работы.",
        schools=count(schools, *SCHOOLS),
        score=number(int(score)),
        marked=percent(shares.loc[score, MARKED]),
        rest=percent(shares.loc[score, REST]),
    )


# ВПР beside the exam of the same children


def chart_marks_use(region: RegionYear) -> Chart | Text:
    """ВПР against the exam of the same children later, by subject: points without names, no list (не список)."""
    known, rules = region.workspace.marks_use, region.workspace.methodology.doubt
    rows = known[known["year"] == region.year].dropna(subset="shrunken") if len(known) else known
    if rows.empty or rules is None:
        return say_missing("ВПР и экзамен тех же детей")
    exam = rules.marks_use.procedure
    grade, before = int(rows["grade"].iloc[0]), int(rows["vpr_year"].iloc[0])
    points = pd.concat([_shrink_means(own) for _, own in rows.groupby("subject")])
    labels = (f"{work}, средняя отметка, уточнённая" for work in (f"ВПР, {grade} класс", exam))
    figure = charts.draw_groups(points, *labels)
    title = f"ВПР {before} года в {grade} классе и {exam} {region.year} года той же параллели: средние отметки школ"
    frame = pd.DataFrame([_correlate(str(subject), own) for subject, own in points.groupby("kind")])
    formats = {**dict.fromkeys(("Корреляция", "Корреляция уточнённых"), two_digits), DIFFERENCE: signed}
    table = Table("ВПР и экзамен", title, frame, formats)
    return Chart("marks-use", title, _say_use(frame), figure, table)


DIFFERENCE = "ВПР минус экзамен, балла"


def _shrink_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Means of one subject, each drawn towards the region's by the share of chance in it: x ВПР, y exam, kind."""
    x, y = (shrink(rows[f"{work}_mean"], 1 / rows[f"{work}_participants"]) for work in ("vpr", "exam"))
    return rows.assign(x=x, y=y, kind=rows["subject"])


def _correlate(subject: str, points: pd.DataFrame) -> dict[str, object]:
    """How closely the two go together in one subject, as they are and shrunken, and by how much ВПР is higher."""
    return {
        "Предмет": subject,
        "Школ": len(points),
        "Корреляция": points["vpr_mean"].corr(points["exam_mean"]),
        "Корреляция уточнённых": points["x"].corr(points["y"]),
        DIFFERENCE: points["difference"].mean(),
    }


def _say_use(frame: pd.DataFrame) -> Said:
    parts = [
        say(
            "{subject} — {raw}, уточнённых {shrunken}",
            subject=words(row["Предмет"]),
            raw=number(row["Корреляция"], 2),
            shrunken=number(row["Корреляция уточнённых"], 2),
        )
        for _, row in frame.iterrows()
    ]
    return join(["Корреляция средних по школам: ", join(parts, "; "), USE_NOTE], "")


USE_NOTE = (
    ". Уточнённая средняя притянута к региону тем сильнее, чем меньше детей: у малой школы отличие чаще случайно, и "
    "без уточнения связь кажется слабее. Это не список: точка в стороне — повод спросить, а не вывод."
)
