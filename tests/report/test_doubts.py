from dataclasses import replace

import pandas as pd
import pytest
from builders_report import build_workspace, identify_bands, register, registered, signs
from conftest import ROOT

from effschool.base.configuration import ConfigurationError
from effschool.base.russian import NBSP, format_number
from effschool.base.schemas import SIGN_KINDS
from effschool.report.display import Table, fold_table
from effschool.report.portfolio import Portfolio, RegionYear
from effschool.report.sections.doubts import (
    RULES,
    chart_marks_use,
    chart_peaks,
    describe_doubts,
    load_words,
    tabulate_doubt_places,
    tabulate_doubts,
    tabulate_effect,
    tabulate_kinds,
)
from effschool.report.sections.school import tell_pages, tell_schools
from effschool.run.slices import OWN, REGION, digest_slices

OWN_SCHOOLS, OTHERS = [f"A{number}" for number in range(3)], [f"B{number}" for number in range(6)]
PLACES = ["Другой", "Район"]


@pytest.fixture
def region(methodology):
    """Three own schools and six of another municipality, all ranked."""
    rows = [registered(code, 2022, municipality=PLACES[code[0] == "A"]) for code in (*OWN_SCHOOLS, *OTHERS)]
    bands = {row["school_id"]: {2022: "mid"} for row in rows}
    return build_workspace(identify_bands(bands, register(rows), bands), methodology)


def mark(workspace, *rows, others=6, **tables):
    """The workspace with signs of own schools, and so many schools of others tested without being marked."""
    tested = [{"school_id": code, "marked": False} for code in OTHERS[:others]]
    return replace(workspace, signs=signs([*rows, *tested]), **tables)


def read_cards(workspace):
    cards = describe_doubts(Portfolio(workspace, 2022, "Район"))
    return cards.set_index("school_id")["text"].str.replace(NBSP, " ").to_dict()


def test_card_tells_the_strongest_signs_and_counts_the_rest(region):
    kinds = {"cohort_jump": 0.3, "border_peak": 0.2, "journal_raised": 0.1}
    rows = [{"school_id": "A0", "kind": kind, "q_value": 0.01 * value} for kind, value in kinds.items()]
    cards = read_cards(mark(region, *rows))
    assert list(cards) == ["A0"]
    assert cards["A0"].startswith(
        "Что проверить до выводов: ВПР, математика, 4 класс, 2022 год (60 детей): отметки выше, чем в журнале, у 39,0 "
        "%, обычно у 7,0 %; баллы у нижних границ"
    )
    assert "те же дети" not in cards["A0"]
    assert "ещё признаков: 1" in cards["A0"]
    assert "списков это не меняет" in cards["A0"]


def test_what_is_expected_is_told_with_five_schools_of_others_behind_it(region):
    assert "обычно у 7,0 %" in read_cards(mark(region, {"school_id": "A0"}, others=5))["A0"]
    assert "обычно" not in read_cards(mark(region, {"school_id": "A0"}, others=4))["A0"]
    for others, told in ((5, 7.0), (4, None)):
        frame = tabulate_doubts(Portfolio(mark(region, {"school_id": "A0"}, others=others), 2022, "Район")).frame
        assert frame["Ожидалось"].to_list() == [told] or frame["Ожидалось"].isna().all() == (told is None)


def test_figures_are_told_as_exactly_as_those_of_the_region(region):
    marked = mark(region, {"school_id": "A0", "value": 0.391234, "expected": 0.071234})
    frame = tabulate_doubts(Portfolio(marked, 2022, "Район")).frame
    assert frame[["Есть", "Ожидалось"]].to_numpy().tolist() == [[39.1, 7.1]]


def test_a_sign_is_told_in_the_years_that_the_lists_rest_on(region):
    rows = [{"school_id": "A0", "year": year} for year in (2019, 2020, 2023)]
    (card,) = read_cards(mark(region, *rows)).values()
    assert "2020 год" in card
    assert "2019" not in card
    assert "2023" not in card


def test_card_says_whether_doubt_changes_lists(region):
    assert "списков это не меняет" in read_cards(mark(region, {"school_id": "A0"}))["A0"]
    left_out = replace(region, methodology=region.methodology.model_copy(update={"doubtful": "leave_out"}))
    marked = mark(left_out, {"school_id": "A0"})
    assert "ВПР отмеченных лет в списках не учтены" in read_cards(marked)["A0"]
    assert tabulate_doubts(Portfolio(marked, 2022, "Район")).note.endswith("ВПР отмеченных лет в списках не учтены.")


def test_a_work_without_grade_is_named_by_its_subject(region):
    table = tabulate_doubts(
        Portfolio(mark(region, {"school_id": "A0", "kind": "listed", "grade": None}), 2022, "Район")
    )
    assert table.frame["Предмет, класс"].to_list() == ["математика"]


def test_a_caution_is_told_beside_a_marked_sign_and_makes_no_card_alone(region):
    caution = {"subject": "русский язык", "participants": 30, "marked": False, "caution": True}
    assert read_cards(mark(region, {"school_id": "A0", **caution})) == {}
    both = mark(region, {"school_id": "A0", **caution}, {"school_id": "A0"})
    assert "русский язык, 4 класс, 2022 год (30 детей, мало)" in read_cards(both)["A0"]
    frame = tabulate_doubts(Portfolio(both, 2022, "Район")).frame
    assert frame.set_index("Предмет, класс")["Осторожно"].to_dict() == {
        "русский язык, 4": "мало детей",
        "математика, 4": "—",
    }


def test_number_of_children_is_not_told_where_they_are_few(region):
    frame = tabulate_doubts(
        Portfolio(mark(region, {"school_id": "A0", "kind": "listed", "participants": 3}), 2022, "Район")
    ).frame
    assert frame["Детей"].isna().all()


def test_rows_that_are_not_marked_are_not_told(region):
    assert read_cards(mark(region, {"school_id": "A0", "marked": False, "q_value": 0.9})) == {}
    assert tabulate_doubts(Portfolio(mark(region), 2022, "Район")).kind == "note"


def test_outside_list_stands_beside_the_sign_of_the_same_work(region):
    listed = {"kind": "listed", "value": None, "expected": None, "p_value": None, "q_value": None, "participants": None}
    rows = [{"school_id": "A0"}, {"school_id": "A0", **listed}, {"school_id": "A1", **listed}]
    marked = mark(region, *rows)
    frame = tabulate_doubts(Portfolio(marked, 2022, "Район")).frame
    assert frame[["Код", "Внешний перечень"]].to_numpy().tolist() == [["A0", "да"], ["A1", "да"]]
    assert frame["Что расходится"].to_list()[1] == "школа названа во внешнем перечне"
    assert "школа названа во внешнем перечне: 2022" in read_cards(marked)["A1"]


def lists_without(**other):
    """Own school A0 with and without ВПР, and as it would be with doubtful years left out."""
    row = {"year": 2022, "school_id": "A0", "marked": True, "changes": False, "band": "mid", "band_without_vpr": "low"}
    places = {f"{name}{end}": None for name in ("results_status", "fioko_shnor") for end in ("", "_left_out")}
    return pd.DataFrame([row | places | other])


PLACE = lists_without()


def test_place_without_vpr_stands_beside_the_sign(region):
    marked = mark(region, {"school_id": "A0"}, without_doubtful=PLACE)
    assert "; без ВПР результаты года низкие, с ВПР — средние." in read_cards(marked)["A0"]
    frame = tabulate_doubts(Portfolio(marked, 2022, "Район")).frame
    assert frame["Без ВПР результаты года"].to_list() == ["низкие (с ВПР — средние)"]


def test_place_without_vpr_is_not_told_where_the_place_is_not(region):
    paths = region.dynamics.paths
    paths = paths.assign(results_band=paths["results_band"].mask(paths["school_id"] == "A0"))
    hidden = replace(region, dynamics=replace(region.dynamics, paths=paths))
    assert "без ВПР" not in read_cards(mark(hidden, {"school_id": "A0"}, without_doubtful=PLACE))["A0"]


def test_page_of_a_school_has_the_card_and_no_other_page_has(region):
    told = tell_schools(Portfolio(mark(region, {"school_id": "A0"}), 2022, "Район"), ROOT / "comments" / "schools.yml")
    pages = {page.file.upper(): " ".join(part._repr_html_() for part in page.shown) for page in tell_pages(told).pages}
    assert [code for code, text in pages.items() if "до выводов" in text] == ["A0"]


def test_folded_table_shows_its_title_and_keeps_what_it_holds(region):
    table = tabulate_doubts(Portfolio(mark(region, {"school_id": "A0"}), 2022, "Район"))
    assert isinstance(table, Table)
    html = fold_table(table)._repr_html_().replace(NBSP, " ")
    assert "<summary>Что проверить до выводов: 1 школа, 2022 год; расхождения в ВПР — у 1</summary>" in html
    assert "Школа A0" in html


def test_region_names_every_municipality_and_what_chance_alone_would_mark(region):
    expected = pd.DataFrame(
        {
            "year": [2021, 2022],
            "kind": ["journal_raised"] * 2,
            "tested": [8, 9],
            "marked": [0, 1],
            "by_chance": [0.1, 0.25],
        }
    )
    marked = RegionYear(mark(region, {"school_id": "A0"}, signs_expected=expected), 2022)
    places = tabulate_doubt_places(marked).frame
    assert places[["Муниципалитет", "Выше, чем в журнале", "Мало детей"]].to_numpy().tolist() == [
        ["Другой", 0, 0],
        ["Район", 1, 0],
    ]
    assert (places["Проверено"] <= places["Школ"]).all()
    assert places["Проверено"].sum() > 1
    kinds = tabulate_kinds(marked)
    assert kinds.list_rows() == [["отметка выше, чем в журнале, % детей", "2022", "9", "1", "0,3"]]
    assert "не больше 5" in kinds.note.replace(NBSP, " ")


def test_work_that_could_not_be_tested_is_named_with_the_reason(region):
    expected = pd.DataFrame(
        {"year": [2022], "kind": ["border_peak"], "tested": [9], "marked": [0], "by_chance": [0.02]}
    )
    work = {"year": [2022], "subject": ["математика"], "grade": [5], "note": ["границ отметок нет в реестре"]}
    tables = {"signs_expected": expected, "signs_untested": pd.DataFrame(work)}
    kinds = tabulate_kinds(RegionYear(mark(region, **tables), 2022))
    assert "Не проверены: математика, 5 класс, 2022 год: границ отметок нет в реестре." in kinds.note
    assert kinds.list_rows()[0][-1] == "менее 0,1"


def test_effect_on_the_lists_is_counted_and_named(region):
    moves = {"A0": {"results_status_left_out": "ШНРО"}, "B0": {"fioko_shnor": True, "fioko_shnor_left_out": False}}
    rows = [lists_without(school_id=code, changes=True, **move) for code, move in moves.items()]
    table = tabulate_effect(RegionYear(replace(region, without_doubtful=pd.concat(rows)), 2022))
    assert "ШНРО — входит 1, выходит 0; ШНОР — входит 0, выходит 1" in table.note.replace(NBSP, " ")
    assert table.frame[["Код", "Список", "Без отмеченных ВПР"]].to_numpy().tolist() == [
        ["B0", "ШНОР", "выходит"],
        ["A0", "ШНРО", "входит"],
    ]
    (said,) = tabulate_effect(RegionYear(replace(region, without_doubtful=PLACE), 2022)).paragraphs
    assert "без ВПР отмеченных школ и лет они те же" in said


def test_vpr_beside_the_exam_names_no_school_and_believes_small_ones_less(region):
    codes = [f"A{number}" for number in range(12)]
    means = [3.0, 3.2, 3.4, 3.6, 3.8, 4.0] * 2
    pupils = [100] * 11 + [2]
    columns = {
        "year": 2022, "vpr_year": 2020, "school_id": codes, "subject": "математика", "grade": 7, "vpr_mean": means,
        "exam_mean": [*means[:-1], 2.5], "difference": 0.1, "shrunken": 0.1,
        "vpr_participants": pupils, "exam_participants": pupils,
    }  # fmt: skip
    chart = chart_marks_use(RegionYear(replace(region, marks_use=pd.DataFrame(columns)), 2022))
    row = chart.table.frame.iloc[0]
    assert row["Корреляция"] < row["Корреляция уточнённых"] < 1
    assert f"математика — {format_number(row['Корреляция'], 2)}, уточнённых" in chart.sentence
    html = chart._repr_html_()
    assert not [code for code in codes if code in html]


def test_primary_scores_of_marked_schools_stand_beside_all_others(region):
    counts = {"A0": [5, 40, 5], "B0": [20, 20, 20], "B1": [10, 20, 30]}
    rows = [
        {"year": 2022, "school_id": code, "procedure": "ВПР", "subject": "математика", "grade": 4, "score": score}
        | {"pupils": pupils}
        for code, own in counts.items()
        for score, pupils in enumerate(own)
    ]
    marked = mark(region, {"school_id": "A0", "kind": "border_peak", "participants": 50})
    chart = chart_peaks(RegionYear(marked, 2022), pd.DataFrame(rows))
    told = chart.table.frame.set_index("Балл")
    assert told["отмеченные школы"].to_list() == [10, 80, 10]
    assert told["остальные школы региона"].round(2).to_list() == [25, 33.33, 41.67]
    assert "на балле 1: 80,0 % детей против 33,3 %" in chart.sentence.replace(NBSP, " ")
    assert chart_peaks(RegionYear(mark(region), 2022), pd.DataFrame(rows)).kind == "note"


def test_every_kind_of_sign_has_its_words():
    assert tuple(load_words().kinds) == SIGN_KINDS


def test_words_that_accuse_are_refused_with_their_line(tmp_path):
    text = RULES.read_text(encoding="utf-8").replace("said: отметки выше, чем в журнале,", "said: отметки завышены")
    path = tmp_path / "doubts.yml"
    path.write_text(text, encoding="utf-8")
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if "завышены" in row)
    with pytest.raises(ConfigurationError, match=rf"(?s)строка {line}.*завышены"):
        load_words(path)


def test_signs_of_others_are_counted_and_no_more(region):
    before = mark(region, {"school_id": "A0"})
    for column, parts in (({"value": 0.9, "marked": True}, {"Другой": {OWN}, "Район": set()}),
                          ({"subject": "русский язык"}, {name: {REGION} for name in PLACES})):  # fmt: skip
        changed = before.signs.copy()
        for name, value in column.items():
            changed.loc[changed["school_id"] == "B0", name] = value
        old, new = (digest_slices(workspace, 2022, PLACES) for workspace in (before, replace(before, signs=changed)))
        assert {
            name: {part for part in (OWN, REGION) if old[name][part] != new[name][part]} for name in PLACES
        } == parts
