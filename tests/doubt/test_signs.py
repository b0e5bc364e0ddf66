"""Signs of a region: who is tested, who is marked, who is told with a caution, and how many chance would mark."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from builders import SOURCE, result, school, table, tables
from scipy import special

from effschool.base.schemas import JOURNAL_FAR, SIGNS, SIGNS_EXPECTED, SIGNS_UNTESTED
from effschool.doubt.borders import BorderRegister
from effschool.doubt.signs import count_expected, find_signs, judge_signs

CHANGES = ("понизили", "подтвердили", "повысили")
PAPER = {"subject": "русский язык", "grade": 4}
BORDERS = {"least": {3: 5, 4: 10, 5: 15}, "most": 19, "act": "", "status": "предположение"}
REGISTER = BorderRegister(title="Границы", borders=({"year": 2020, **PAPER, **BORDERS},))
EMPTY = BorderRegister(title="Границы", borders=())


def journal(school_id, raised, total, year=2020, **other):
    counts = (total - raised - (total - raised) // 2, (total - raised) // 2, raised)
    key = {"year": year, "school_id": school_id, **PAPER, **other, **SOURCE}
    return [{**key, "change": change, "pupils": number} for change, number in zip(CHANGES, counts, strict=True)]


def scores(school_id, counts, year=2020, **other):
    key = {"year": year, "school_id": school_id, "procedure": "ВПР", **PAPER, **other, **SOURCE}
    return [
        {**key, "score": score, "participants": sum(counts), "pupils": int(number)}
        for score, number in enumerate(counts)
    ]


def name(place):
    return f"{place:03}"


def build(raised=(), peaked=(), schools=60, **other):
    """A region of even schools; `raised` and `peaked` are schools out of line: number of the school → participants."""
    rng = np.random.default_rng(3)
    chance = special.expit(-2.6 + 0.3 * rng.standard_normal(schools))
    sizes = {place: dict(raised).get(place, dict(peaked).get(place, 60)) for place in range(schools)}
    rows, points = [], []
    for place, size in sizes.items():
        rows += journal(
            name(place), int(size * 0.6) if place in dict(raised) else rng.binomial(size, chance[place]), size
        )
        counts = rng.multinomial(size, np.full(20, 0.05))
        if place in dict(peaked):
            counts = rng.multinomial(size, np.where(np.isin(np.arange(20), [5, 10, 15]), 0.2, 0.4 / 17))
        points += scores(name(place), counts)
    built = {"schools": [school(name(place)) for place in sizes], "journal": rows, "scores": points}
    return tables(**(built | other))


def look(given, methodology, register=REGISTER):
    return find_signs(given, methodology, register)


def test_schools_out_of_line_are_marked_and_no_others(methodology):
    found = look(build(raised={1: 60, 2: 90}, peaked={3: 80}), methodology)
    marked = found.signs[found.signs["marked"]]
    assert set(zip(marked["kind"], marked["school_id"], strict=True)) == {
        ("journal_raised", "001"),
        ("journal_raised", "002"),
        ("border_peak", "003"),
    }
    assert not found.signs["caution"].any()
    row = marked.set_index(["kind", "school_id"]).loc[("journal_raised", "001")]
    assert (row["participants"], row["value"]) == (60, 0.6)
    assert 0.05 < row["expected"] < 0.12
    assert row["p_value"] < row["q_value"] < 0.001


@pytest.mark.parametrize(("size", "marked", "caution"), [(50, True, False), (49, False, True), (20, False, True)])
def test_at_the_least_numbers_of_participants(methodology, size, marked, caution):
    found = look(build(raised={1: size}, peaked={2: size}), methodology).signs.set_index(["kind", "school_id"])
    for key in (("journal_raised", "001"), ("border_peak", "002")):
        told = found.loc[key]
        assert (bool(told["marked"]), bool(told["caution"]), told["participants"]) == (marked, caution, size)


def test_below_twenty_nothing_is_tested(methodology):
    found = look(build(raised={1: 19}, peaked={2: 19}), methodology).signs
    assert not found["school_id"].isin(["001"])[found["kind"] == "journal_raised"].any()
    assert not found["school_id"].isin(["002"])[found["kind"] == "border_peak"].any()
    assert len(found) == 58 + 58


def test_every_tested_row_stands_and_the_schema_holds(methodology):
    found = look(build(), methodology)
    for frame, schema in ((found.signs, SIGNS), (found.expected, SIGNS_EXPECTED), (found.untested, SIGNS_UNTESTED)):
        schema.validate(frame)
    assert found.signs.groupby("kind").size().to_dict() == {"border_peak": 60, "journal_raised": 60}
    assert not found.signs["marked"].any()


def test_few_schools_are_no_region(methodology):
    assert look(build(schools=29, raised={1: 60}, peaked={2: 60}), methodology).signs.empty
    assert len(look(build(schools=30), methodology).signs) == 60


def test_tables_are_not_changed_and_their_order_does_not_matter(methodology):
    given = build(raised={1: 60}, peaked={2: 60})
    copies = {key: frame.copy(deep=True) for key, frame in given.items()}
    found = look(given, methodology)
    for key, frame in given.items():
        pd.testing.assert_frame_equal(frame, copies[key])
    mixed = {key: frame.sample(frac=1, random_state=1).reset_index(drop=True) for key, frame in given.items()}
    pd.testing.assert_frame_equal(look(mixed, methodology).signs, found.signs)


def test_another_subject_or_year_is_another_ordinary(methodology):
    """What is ordinary in one work says nothing of another."""
    given = build()
    other = given["journal"].assign(subject="математика")
    other["pupils"] = other["pupils"].mask(other["change"] == "повысили", 30).astype("Int64")
    found = look({**given, "journal": pd.concat([given["journal"], other], ignore_index=True)}, methodology).signs
    assert not found["marked"].any()
    assert found.query("subject == 'математика'")["expected"].min() > 0.25


def test_what_is_missing_is_not_zero(methodology):
    given = build(raised={1: 60})
    blank = given["journal"]["school_id"].isin(["004", "005"])
    lost = {**given, "journal": given["journal"].assign(pupils=given["journal"]["pupils"].mask(blank))}
    found = look(lost, methodology).signs.query("kind == 'journal_raised'")
    assert set(found["school_id"]) == {name(place) for place in range(60)} - {"004", "005"}
    one = given["journal"].drop(given["journal"].query("school_id == '006' and change != 'повысили'").index)
    found = look({**given, "journal": one}, methodology).signs.query("kind == 'journal_raised'")
    assert "006" not in set(found["school_id"])  # all its marks would be raised


def add_far(given, counts, lowered=0):
    """Rows of those two and more away from the journal: school → how many raised so far."""
    raised = given["journal"].query("change == 'повысили'")
    rows = raised.assign(change=JOURNAL_FAR[1], pupils=raised["school_id"].map(counts).astype("Int64"))
    both = [given["journal"], rows, rows.assign(change=JOURNAL_FAR[0], pupils=pd.array([lowered] * len(rows), "Int64"))]
    return {**given, "journal": pd.concat(both, ignore_index=True)}


def test_differences_of_two_are_tested_where_the_file_names_them(methodology):
    given = build(raised={1: 60})
    assert not (look(given, methodology).signs["kind"] == "journal_gap").any()
    counts = {name(place): 1 if place % 2 else 0 for place in range(60)} | {"001": 20}
    found = look(add_far(given, counts), methodology).signs
    gap = found.query("kind == 'journal_gap'").set_index("school_id")
    assert len(gap) == 60
    assert gap.index[gap["marked"]].tolist() == ["001"]
    assert gap.loc["001", "value"] == pytest.approx(20 / 60)
    raised = found.query("kind == 'journal_raised'").set_index("school_id")["value"]
    before = look(given, methodology).signs.query("kind == 'journal_raised'").set_index("school_id")["value"]
    pd.testing.assert_series_equal(raised, before)  # those two away are a part of those who raised, not more pupils


def test_more_pupils_two_away_than_away_at_all_are_not_believed(methodology):
    counts = dict.fromkeys(map(name, range(60)), 0)
    gap = look(add_far(build(), counts | {"001": 61}), methodology).signs.query("kind == 'journal_gap'")
    assert "001" not in set(gap["school_id"])
    assert len(gap) == 59


def test_autumn_works_and_other_exams_have_no_borders(methodology):
    given = build(peaked={2: 60})
    for procedure in ("ВПР (осень)", "ОГЭ"):
        found = look({**given, "scores": given["scores"].assign(procedure=procedure)}, methodology)
        assert not (found.signs["kind"] == "border_peak").any()
        assert found.untested.empty


def test_a_work_without_borders_is_said(methodology):
    found = look(build(peaked={2: 60}), methodology, EMPTY)
    assert not (found.signs["kind"] == "border_peak").any()
    assert found.untested[["year", "subject", "grade"]].to_numpy().tolist() == [[2020, "русский язык", 4]]
    assert "границ отметок нет" in found.untested["note"][0]


def test_borders_come_from_the_marks_of_the_schools(methodology):
    given = build(peaked={2: 60})
    edges = [0, 5, 10, 15, 20]
    by_score = given["scores"].pivot_table(index="school_id", columns="score", values="pupils", aggfunc="sum")
    marks = [
        result(
            code,
            marks=tuple(int(row[low:high].sum()) for low, high in pairwise(edges)),
            procedure="ВПР",
            **PAPER,
        )
        for code, row in zip(by_score.index, by_score.to_numpy(), strict=True)
    ]
    found = look({**given, "results": table("results", marks)}, methodology, EMPTY)
    marked = found.signs[found.signs["marked"]]
    assert marked[["kind", "school_id"]].to_numpy().tolist() == [["border_peak", "002"]]
    assert found.untested.empty


def test_outside_lists_stand_beside_without_chance(methodology):
    listed = [
        {"year": 2020, "school_id": code, **PAPER, "marked": value, **SOURCE}
        for code, value in (("001", 1), ("002", 0))
    ]
    rows = [result("001", marks=(1, 2, 3, 4), procedure="ВПР", **PAPER)]
    found = look(build(marked=listed, results=rows), methodology)
    row = found.signs.query("kind == 'listed'")
    assert row[["school_id", "participants", "marked", "caution"]].to_numpy().tolist() == [["001", 10, True, False]]
    assert row[["value", "expected", "p_value", "q_value"]].isna().all(axis=None)
    told = found.expected.set_index("kind").loc["listed"]
    assert (told["marked"], pd.isna(told["tested"]), pd.isna(told["by_chance"])) == (1, True, True)


def test_without_the_section_nothing_is_looked_for(methodology):
    found = look(build(raised={1: 60}), methodology.model_copy(update={"doubt": None}))
    assert found.signs.empty
    SIGNS.validate(found.signs)


def frame(*rows):
    made = pd.DataFrame(rows, columns=["year", "kind", "school_id", "participants", "p_value"])
    return made.assign(subject="математика", grade=5)


def test_all_rows_of_a_year_are_judged_together(methodology):
    """By hand: of four rows of 2020, p = 0.012 and 0.024 are marked (cuts 0.0125, 0.025), 0.06 not; 2021 is apart."""
    rows = [(2020, "border_peak", "1", 60, 0.012), (2020, "journal_raised", "2", 60, 0.024)]
    rows += [
        (2020, "journal_raised", "3", 60, 0.06),
        (2020, "cohort_jump", "4", 60, 0.9),
        (2021, "border_peak", "1", 60, 0.06),
    ]
    judged = judge_signs(frame(*rows), methodology.doubt)
    assert judged["marked"].tolist() == [True, True, False, False, False]
    assert judged["q_value"].tolist() == pytest.approx([0.048, 0.048, 0.08, 0.9, 0.06])


def test_schools_by_chance_by_hand(methodology):
    """The cut of the year is 0.025; a school with two rows of a kind has 1 − 0.975², one below 50 participants none."""
    rows = [(2020, "border_peak", "1", 60, 0.012), (2020, "journal_raised", "2", 60, 0.024)]
    rows += [(2020, "journal_raised", "2", 60, 0.06), (2020, "journal_raised", "3", 30, 0.9)]
    signs = judge_signs(frame(*rows), methodology.doubt)
    told = count_expected(signs, methodology.doubt).set_index("kind")
    assert told["tested"].to_dict() == {"border_peak": 1, "journal_raised": 1}
    assert told["marked"].to_dict() == {"border_peak": 1, "journal_raised": 1}
    assert told["by_chance"].to_dict() == pytest.approx({"border_peak": 0.025, "journal_raised": 1 - 0.975**2})


def test_an_ordinary_region_has_as_many_as_chance_says(methodology):
    """Forty ordinary regions: marked schools are no more than `by_chance` promises."""
    marked = promised = 0.0
    rng = np.random.default_rng(8)
    for _ in range(40):
        rows = []
        for place, chance in enumerate(special.expit(-2.6 + 0.4 * rng.standard_normal(80))):
            rows += journal(name(place), rng.binomial(60, chance), 60)
        found = look(tables(schools=[school("000")], journal=rows), methodology)
        marked += int(found.expected["marked"].sum())
        promised += float(found.expected["by_chance"].sum())
    assert 1 < promised < 3
    assert marked <= promised + 2 * np.sqrt(promised)
