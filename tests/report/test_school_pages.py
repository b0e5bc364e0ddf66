import re
from dataclasses import replace

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders_report import build_workspace, identify_bands, register, registered
from conftest import ROOT

from effschool.base.russian import NBSP
from effschool.report.display import Table, Text
from effschool.report.facts import list_facts
from effschool.report.portfolio import Portfolio, list_municipalities, open_portfolio
from effschool.report.queries import MEANINGS, list_caveated
from effschool.report.sections.doubts import describe_doubts
from effschool.report.sections.municipality import tabulate_decisions
from effschool.report.sections.participants import describe_participation
from effschool.report.sections.school import (
    NO_ADVICE,
    tabulate_comments,
    tabulate_figures,
    tell_pages,
    tell_schools,
    write_school_pages,
)
from effschool.report.sections.school_lists import describe_lists, describe_own_change
from effschool.report.sections.schools import tabulate_schools

COMMENTS = ROOT / "comments" / "schools.yml"


FLAGS = ["results_listed", "social_listed", "fioko"]


@pytest.fixture(scope="module")
def told(demo):
    """The municipality with the most schools that need help."""
    found = [tell_schools(open_portfolio(demo, name, 2023), COMMENTS) for name in list_municipalities(demo, 2023)]
    return max(found, key=lambda told: told.signs[FLAGS].astype(bool).any(axis=1).sum())


@pytest.fixture(scope="module")
def pages(told, tmp_path_factory):
    """Finished pages by school code."""
    folder = tmp_path_factory.mktemp("pages")
    write_school_pages(told, folder)
    return {path.stem: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in folder.glob("*.html")}


def test_every_school_has_a_page_that_its_row_leads_to(told, pages):
    table = BeautifulSoup(tabulate_schools(told, "rajon")._repr_html_(), "html.parser")
    links = {link["href"]: link.get_text() for link in table.find_all("a")}
    names = told.portfolio.schools.set_index("school_id")["name"]
    assert set(links) == {f"rajon/{code}.html" for code in names.index}
    assert {code: page.h1.get_text().replace(NBSP, " ") for code, page in pages.items()} == names.to_dict()


def test_school_that_does_not_take_part_has_no_page_and_no_link(demo):
    portfolios = [open_portfolio(demo, name, 2023) for name in list_municipalities(demo, 2023)]
    portfolio = next(found for found in portfolios if len(found.register) > len(found.schools))
    links = tabulate_schools(tell_schools(portfolio, COMMENTS), "rajon").row_links
    assert len(links) == len(portfolio.schools) < len(portfolio.register)


def test_page_has_figures_lists_and_advice_to_each_reader(told, pages):
    flagged = told.signs.index[told.signs[FLAGS].astype(bool).any(axis=1)]
    assert len(flagged)
    for code in flagged:
        page = pages[code]
        assert {label.get_text() for label in page.select("li b")} == {"Учителю:", "Директору:", "Методисту:"}
        shown = sum(len(table.find_all("tr")) - 1 for table in page.find_all("table"))
        assert shown == (find_shown(told) & (told.figures["school_id"] == code)).sum()
        for reader in ("Учителю:", "Директору:", "Методисту:"):
            assert 1 <= sum(label.get_text() == reader for label in page.select("li b")) <= 2


def read(part):
    """Text with plain spaces."""
    return re.sub(r"\s+", " ", part.get_text(" "))


def find_shown(told):
    """Figures that pages show: of enough children, and of conditions and ВПР what differs from the group's."""
    differs = told.figures["verdict"].isin(["worse", "better"])
    caveated = told.figures["indicator"].isin(list_caveated(told.portfolio.workspace.methodology))
    enough = told.figures["people"] >= 5
    of_exams = told.figures["domain"].eq("results") & ~caveated
    examined = set(told.figures.loc[of_exams & enough, "school_id"])
    vpr_alone = caveated & ~told.figures["school_id"].isin(examined)
    return enough & ~find_few_families(told.figures) & (differs | of_exams | vpr_alone)


def test_conditions_and_vpr_as_in_the_group_are_counted(demo):
    counted = {"услови": [], "показател": []}
    for name in list_municipalities(demo, 2023):
        told = tell_schools(open_portfolio(demo, name, 2023), COMMENTS)
        hidden = told.figures[(told.figures["people"] >= 5) & ~find_few_families(told.figures) & ~find_shown(told)]
        of_vpr = hidden["indicator"].isin(list_caveated(told.portfolio.workspace.methodology))
        kinds = {"услови": hidden[~of_vpr], "показател": hidden[of_vpr]}
        for page in tell_pages(told).pages:
            text = " ".join(said for part in page.shown for said in getattr(part, "paragraphs", ())).replace(NBSP, " ")
            (line,) = re.findall(r"Ещё [^.]* — в пределах случайного", text) or [""]
            for word, rows in kinds.items():
                number = int((rows["school_id"] == page.file).sum())
                assert re.findall(rf"(\d+) {word}", line) == [str(number)] * (number > 0)
                counted[word].append(number)
    assert all(max(numbers) > 3 for numbers in counted.values())


@pytest.mark.parametrize(("flag", "name"), [("results_listed", "ШНРО"), ("social_listed", "ШНСУ"), ("fioko", "ШНОР")])
def test_every_list_has_its_reason_and_how_sure_it_is(told, pages, flag, name):
    listed = told.signs.index[told.signs[flag].astype(bool)]
    assert len(listed)
    for code in listed:
        said = [read(part) for part in pages[code].find_all("p")]
        reasons = [text for text in said if re.match(rf"(группа риска|{name}) — школы", text)]
        assert reasons
        assert all(
            "Надёжность: " in text and re.search(r"четверти своей группы|30.% участников не справились", text)
            for text in reasons
        )


def test_steps_of_sureness_that_a_page_names_are_explained_on_it(pages):
    named = 0
    for page in pages.values():
        text = read(page)
        for step, meaning in MEANINGS.items():
            is_named = f"Надёжность: {step}" in text
            assert is_named == (f"«{step}» — {meaning}" in text)
            named += is_named
    assert named > 5


def test_vpr_stands_apart_under_its_caveat(pages):
    for page in pages.values():
        for table in page.find_all("table"):
            names = [row.find(["th", "td"]).get_text() for row in table.find_all("tr")[1:]]
            assert len({name.startswith("ВПР") for name in names}) == 1
            assert names[0].startswith("ВПР") == table.caption.get_text().startswith("ВПР")
        assert ("По ВПР школы не оценивают" in read(page)) == bool(page.find("caption", string=re.compile("^ВПР")))


def test_caveat_names_the_rule_that_counts_vpr_only_where_there_is_one(demo):
    name = list_municipalities(demo, 2023)[0]
    without = demo.methodology.model_copy(update={"fioko": None})
    for method, is_named in ((demo.methodology, True), (without, False)):
        told = tell_schools(open_portfolio(replace(demo, methodology=method), name, 2023), COMMENTS)
        notes = [part.note for page in tell_pages(told).pages for part in page.shown[1:] if getattr(part, "note", "")]
        caveats = [note for note in notes if note.startswith("По ВПР школы не оценивают")]
        assert caveats
        assert all(("правило ШНОР" in note) == is_named for note in caveats)


def test_own_change_and_its_chance_stand_on_the_page(told, pages):
    rows = told.portfolio.workspace.dynamics.level_change
    rows = rows[(rows["year"] == 2023) & rows["change"].notna() & (rows["visibility"] != "hidden")]
    moved = set(rows["school_id"]) & set(pages)
    assert moved
    for code, page in pages.items():
        is_told = re.search("За год (уровень результатов|результаты) школы .* случайно", read(page)) is not None
        assert is_told == (code in moved)


def test_project_of_a_school_stands_on_its_page(demo):
    known = demo.support.participants
    known = known[(known["entry_year"] <= 2023) & known["exit_year"].isna()].drop_duplicates("school_id")
    found = 0
    for name in list_municipalities(demo, 2023):
        told = tell_schools(open_portfolio(demo, name, 2023), COMMENTS)
        for page in tell_pages(told).pages:
            text = " ".join(page.shown[0].paragraphs)
            for row in known[known["school_id"] == page.file].itertuples():
                assert f"В проекте «{row.project}» с {row.entry_year} года; куратор — {row.curator}" in text
                found += 1
    assert found


def test_page_of_a_school_names_no_other_school(told, pages):
    schools = told.portfolio.schools.set_index("school_id")
    for code, page in pages.items():
        others = schools.index.drop(code)
        text = page.get_text(" ")
        assert not [other for other in others if other in text]


def test_page_tells_what_it_is_and_needs_nothing_else(pages):
    for page in pages.values():
        assert "Не публиковать" in page.get_text()
        assert not page.find_all(["script", "link", "img"])
        assert [level.name for level in page.find_all(re.compile("^h[1-6]$"))] in (["h1"], ["h1", "h2"])


def test_difference_of_a_few_pupils_is_not_called_one(told):
    few = told.figures[told.figures["people"] < told.rules.fewest]
    assert len(few)
    assert few["verdict"].isna().all()
    assert {"worse", "better", "same"} <= set(told.figures["verdict"].dropna())


def test_a_few_pupils_are_told_as_a_number_not_a_share(told, pages):
    few = told.figures[told.figures["people"].between(5, told.rules.fewest - 1) & told.figures["unit"].eq("%")]
    row = few.iloc[0]
    text = pages[row["school_id"]].get_text(" ")
    assert f"{round(row['own'] * row['people'] / 100)} из {int(row['people'])}" in text


def find_few_families(figures):
    """Conditions behind which one to four children stand."""
    few = (figures["own"] * figures["people"] / 100).round().between(1, 4)
    return few & figures["domain"].eq("social") & figures["unit"].eq("%")


def test_few_families_of_an_earlier_year_are_left_out_of_it_alone(demo):
    """Twelve children now and four a year ago: the twelve are told, neither the four nor their point in the drawing."""
    # Every school has grown threefold: children of the year before are counted among those of that year.
    raw, years, crossed = demo.identified.indicators, set(), 0
    raw = raw.assign(participants=raw["participants"].where(raw["year"] < 2023, 3 * raw["participants"]))
    demo = replace(demo, identified=replace(demo.identified, indicators=raw))
    for name in list_municipalities(demo, 2023):
        told = tell_schools(open_portfolio(demo, name, 2023), COMMENTS)
        known = told.figures[~find_few_families(told.figures) & (told.figures["people"] >= 5)]
        past = raw[raw["year"] == 2022].dropna(subset="raw")[["school_id", "indicator", "raw", "participants"]]
        both = known.merge(past, on=["school_id", "indicator"])
        grown = both[find_few_families(both.assign(own=both["raw"], people=both["participants"]))]
        crossed += (~find_few_families(grown.assign(own=grown["raw"]))).sum()
        book = tabulate_figures(told).frame.set_index(["Код", "Показатель"]).sort_index()
        for case in grown.itertuples():
            (kept,) = book.loc[[(case.school_id, case.name)], ["По школе", "Год назад"]].to_numpy().tolist()
            assert [pd.isna(value) for value in kept] == [False, True]
        heavier = told.figures["verdict"].mask(told.figures["domain"] == "social", "worse")
        for page in tell_pages(replace(told, figures=told.figures.assign(verdict=heavier))).pages:
            for table in [part for part in page.shown if getattr(part, "title", "").startswith("Социальные")]:
                names = dict(zip(told.figures["name"], told.figures["indicator"], strict=True))
                shown = table.frame["Показатель"].map(names)
                rows = raw[(raw["school_id"] == page.file) & raw["indicator"].isin(shown)].dropna(subset="raw")
                few = rows[(rows["raw"] * rows["participants"] / 100).round().between(1, 4)]
                for case in few.itertuples():
                    label = table.drawings["По годам"][list(shown).index(case.indicator)]
                    assert f"{case.year}" not in str(label)
                    years.add(case.year)
    assert years
    assert crossed


def test_of_a_few_families_nothing_is_told_anywhere(demo):
    """Neither on a page, nor in the book, nor as the ground of an advice, nor as what would change a list."""
    hidden = 0
    for name in list_municipalities(demo, 2023):
        portfolio = open_portfolio(demo, name, 2023)
        told = tell_schools(portfolio, COMMENTS)
        few = told.figures[find_few_families(told.figures)]
        hidden += len(few)
        rows = tabulate_figures(told).frame.set_index(["Код", "Показатель"]).sort_index()
        pages = {page.file: page for page in tell_pages(told).pages}
        for case in few.itertuples():
            kept = rows.loc[[(case.school_id, case.name)]]
            assert kept[["По школе", "Год назад"]].isna().all(axis=None)
            tables = [part for part in pages[case.school_id].shown if isinstance(part, Table)]
            assert not any((table.frame["Показатель"] == case.name).any() for table in tables)
            own = told.comments[told.comments["school_id"] == case.school_id]
            assert not own["because"].str.startswith(f"{case.name} —").any()
        decisions = tabulate_decisions(portfolio)
        if isinstance(decisions, Table):
            assert not set(decisions.frame["Список"]) & set(demo.methodology.list_watched("social"))
    assert hidden > 20


def test_of_fewer_than_five_pupils_no_result_is_told(told, pages):
    single = told.figures[(told.figures["people"] < 5) | find_few_families(told.figures)]
    assert len(single)
    for code, rows in single.groupby("school_id"):
        page = pages[code]
        shown = {line.find(["th", "td"]).get_text() for line in page.find_all("tr")}
        assert not shown & set(rows["name"])
        assert re.search(rf"Не сказано о\s{len(rows)}\s\S+\sтам\sменее 5", page.get_text(" "))
    book = tabulate_figures(told).frame
    assert book.loc[book["Детей"] < 5, ["По школе", "Год назад"]].isna().all(axis=None)


def test_conditions_are_heavier_not_worse(demo):
    said = {"results": set(), "social": set()}
    for name in list_municipalities(demo, 2023):
        table = tabulate_figures(tell_schools(open_portfolio(demo, name, 2023), COMMENTS)).frame
        figures = tell_schools(open_portfolio(demo, name, 2023), COMMENTS).figures
        for domain, words in said.items():
            words |= set(table.loc[(figures["domain"] == domain).to_numpy(), "Отличие"])
    assert said == {"results": {"хуже", "лучше", "—"}, "social": {"тяжелее", "легче", "—"}}


def test_workbook_has_what_stands_on_the_pages(told):
    figures, comments = tabulate_figures(told), tabulate_comments(told)
    assert len(figures.frame) == len(told.figures)
    assert set(comments.frame["Кому"]) == {"учитель", "директор", "методист"}
    parts = tell_pages(told).parts
    assert sum(len(getattr(part, "frame", ())) for part in parts) == find_shown(told).sum()


@pytest.mark.parametrize("describe", [describe_lists, describe_own_change, describe_doubts, describe_participation])
def test_sentences_on_a_school_keep_their_figures_for_the_file_of_facts(told, describe):
    said = describe(told.portfolio)["text"]
    assert len(said)
    assert all(list_facts(text) for text in said if any(map(str.isdigit, text)))


def test_ordinary_school_is_told_so(methodology):
    identified = identify_bands({"01": {2022: "mid"}, "02": {2022: "mid"}})
    told = tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS)
    told = type(told)(told.portfolio, told.rules, told.signs, told.comments.head(0), told.figures)
    said = [part for page in tell_pages(told).pages for part in page.shown if isinstance(part, Text)]
    assert sum(NO_ADVICE in part.paragraphs for part in said) == 2


def test_municipality_without_schools_that_take_part(methodology):
    rows = [registered("01", 2022, group=None, exclusion="начальная"), registered("02", 2022, municipality="Другой")]
    identified = identify_bands({"02": {2022: "mid"}}, register(rows))
    told = tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS)
    assert tell_pages(told).pages == ()
    assert tabulate_figures(told).frame.empty


def test_names_are_data_on_a_page(methodology, tmp_path):
    rows = [registered("01", 2022, name="<script>alert(1)</script> $x$"), registered("02", 2022)]
    identified = identify_bands({"01": {2022: "mid"}, "02": {2022: "mid"}}, register(rows))
    told = tell_schools(Portfolio(build_workspace(identified, methodology), 2022, "Район"), COMMENTS)
    write_school_pages(told, tmp_path)
    for html in ((tmp_path / "01.html").read_text(encoding="utf-8"), tabulate_schools(told)._repr_html_()):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_what_would_have_changed_is_told_of_lists_that_the_school_is_on(demo):
    told = 0
    for name in list_municipalities(demo, 2023):
        portfolio = open_portfolio(demo, name, 2023)
        for page in tell_pages(tell_schools(portfolio, COMMENTS)).pages:
            said = " ".join(page.shown[0].paragraphs)
            told += said.count("Не вошла бы, если бы")
            assert "Школа вошла бы" not in said
    decisions = demo.decisions[(demo.decisions["year"] == 2023) & demo.decisions["within_reach"].astype(bool)]
    of_results = ["ШНРО", "группа риска", "ШНОР"]
    members = decisions["is_member"].fillna(False).astype(bool) & decisions["list"].isin(of_results)
    assert told == members.sum() > 3


def test_advice_that_rests_on_vpr_waits_for_the_check(demo):
    put_off = 0
    for name in list_municipalities(demo, 2023):
        told = tell_schools(open_portfolio(demo, name, 2023), COMMENTS)
        caveated = set(list_caveated(demo.methodology))
        resting = {item.id for item in told.rules.patterns if caveated & {condition.base for condition in item.when}}
        for page in tell_pages(told).pages:
            own = told.comments[(told.comments["school_id"] == page.file) & (told.comments["reader"] != "ОМСУ")]
            grounds = [ground for ground, _ in getattr(page.shown[-1], "groups", ())]
            every, rest = (own[~own["pattern"].isin(left)]["pattern"].nunique() for left in (set(), resting))
            assert len(grounds) == (rest if page.file in told.cards and rest else every)
            put_off += len(grounds) < every
    assert put_off
