"""What doubt changes in the lists: nothing by default; a school's place without ВПР; doubtful years left out."""

from pathlib import Path

import pandas as pd
import pytest
from builders import change_rules, region, result

from effschool.base.schemas import SIGNS, WITHOUT_DOUBTFUL, empty_table
from effschool.base.subprocesses import Answers
from effschool.doubt.examine import examine_doubt, leave_out_doubtful, open_borders
from effschool.doubt.leaving_out import compare_without_doubtful, drop_doubtful, drop_vpr
from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools
from effschool.method.methodology import MethodologyError, load_methodology

YEARS = (2018, 2019, 2020)


def sign(school_id, year, marked=True, kind="border_peak"):
    row = {"year": year, "school_id": school_id, "kind": kind, "subject": "математика", "grade": 5, "participants": 60}
    row |= {"value": 0.4, "expected": 0.1, "p_value": 1e-6, "q_value": 1e-4, "marked": marked, "caution": not marked}
    return row


def list_signs(*rows):
    kinds = {name: column.dtype for name, column in SIGNS.columns.items()}
    return pd.DataFrame(list(rows), columns=list(kinds)).astype(kinds) if rows else empty_table(SIGNS)


def build(number=8):
    """The builders' region with ВПР beside: school 01, the worst in ОГЭ, is the best in ВПР."""
    given = region(YEARS, number)
    vpr = [
        result(f"{place:02}", year, marks, procedure="ВПР", grade=5, subject=subject)
        for year in YEARS
        for place in range(1, number + 1)
        for marks in [(0, 0, 0, 16) if place == 1 else (number - place, 5, 3, place)]
        for subject in ("русский язык", "математика")
    ]
    return {**given, "results": pd.concat([given["results"], region(results=vpr)["results"]], ignore_index=True)}


def list_vpr(tables):
    rows = tables["results"].query("procedure == 'ВПР'")
    return set(zip(rows["school_id"], rows["year"], strict=True))


def test_by_default_no_table_is_touched_and_doubt_is_not_waited_for(methodology):
    given = build()
    assert leave_out_doubtful(given, Answers({"doubt": lambda: pytest.fail("waited")}), methodology) is given


def test_marked_years_lose_their_vpr_and_nothing_else(methodology):
    given, signs = (
        build(),
        list_signs(sign("01", 2019), sign("02", 2019, marked=False), sign("03", 2020, kind="listed")),
    )
    rules = methodology.model_copy(update={"doubtful": "leave_out"})
    left = leave_out_doubtful(given, Answers({"doubt": lambda: {"signs": signs}}), rules)
    assert list_vpr(given) - list_vpr(left) == {("01", 2019), ("03", 2020)}
    kept = given["results"].query("procedure != 'ВПР'").reset_index(drop=True)
    pd.testing.assert_frame_equal(left["results"].query("procedure != 'ВПР'").reset_index(drop=True), kept)
    assert {name for name in given if left[name] is not given[name]} == {"results"}


def test_a_school_hidden_by_its_vpr_is_found_without_it(methodology):
    given = build()
    signs = list_signs(*(sign("01", year) for year in YEARS))
    found = compare_without_doubtful(given, signs, methodology)
    WITHOUT_DOUBTFUL.validate(found)
    told = found.set_index(["school_id", "year"]).loc[("01", 2020)]
    assert told["marked"]
    assert told["index"] > told["index_without_vpr"]
    assert (told["band_without_vpr"], told["results_status_without_vpr"]) == ("low", "ШНРО")
    assert (told["band_left_out"], told["results_status_left_out"]) == ("low", "ШНРО")
    assert told["changes"] == (told["results_status"] != "ШНРО")


def test_places_are_those_of_the_rule_without_vpr(methodology, methodologies, demo_processed):
    """Not a second writing: the file of the methodology without ВПР gives the same lists and indices."""
    contract = read_contract(demo_processed)
    written = identify_schools(contract, load_methodology(methodologies / "khabarovsk-2020-no-vpr.yml"))
    made = identify_schools(drop_vpr(contract), methodology)
    pd.testing.assert_frame_equal(made.lists, written.lists)
    pd.testing.assert_frame_equal(made.indices, written.indices)


def test_a_methodology_of_vpr_alone_leaves_no_place_without_it(methodology):
    kept = tuple(item for item in methodology.domains["results"].indicators if item.block == "vpr")
    rules = change_rules(methodology, "results", indicators=kept)
    told = compare_without_doubtful(build(), list_signs(sign("01", 2020)), rules).set_index(["school_id", "year"])
    row = told.loc[("01", 2020)]
    assert row["band"] == "high"
    assert row[["index_without_vpr", "band_without_vpr", "band_left_out"]].isna().all()


def test_without_marked_rows_there_is_nothing_to_compare(methodology):
    found = compare_without_doubtful(build(), list_signs(sign("01", 2019, marked=False)), methodology)
    assert found.empty
    WITHOUT_DOUBTFUL.validate(found)


def test_columns_of_the_comparison_are_those_of_identification(methodology):
    given, signs = build(), list_signs(sign("01", 2019), sign("02", 2020))
    found = compare_without_doubtful(given, signs, methodology)
    left = identify_schools(drop_doubtful(given, signs), methodology)
    for ending, identified in (("", identify_schools(given, methodology)), ("_left_out", left)):
        bands = identified.indices.query("domain == 'results'").set_index(["year", "school_id"])["band"]
        for row in found.to_dict("records"):
            band = bands[row["year"], row["school_id"]]
            assert row[f"band{ending}"] == band or (pd.isna(band) and pd.isna(row[f"band{ending}"]))
    before, after = (
        each.lists.set_index(["year", "school_id"])[["results_status", "fioko_shnor"]].astype("str").fillna("")
        for each in (identify_schools(given, methodology), left)
    )
    changed = before.index[(before != after).any(axis=1)]
    assert len(changed) > 0
    assert set(found[found["changes"]].set_index(["year", "school_id"]).index) == set(changed)


def test_an_empty_region_has_empty_tables(methodology, methodologies):
    given = {name: table[:0] for name, table in build().items()}
    found = examine_doubt(given, methodology, open_borders(methodology, methodologies))
    assert [len(table) for table in found.values()] == [0] * 5


LEAVE = (
    "extends: khabarovsk-2020\nid: leave\ntitle: Без признаков\nversion: '1'\nsource: проверка\ndoubtful: leave_out\n"
)


def copy_rules(methodologies: Path, folder: Path, text: str = LEAVE) -> Path:
    for name in ("khabarovsk-2020.yml", "thresholds.yml", "vpr_borders.yml"):
        (folder / name).write_bytes((methodologies / name).read_bytes())
    (folder / "leave.yml").write_text(text, encoding="utf-8")
    return folder / "leave.yml"


def test_the_key_is_read_and_a_wrong_one_refused(methodologies, tmp_path):
    path = copy_rules(methodologies, tmp_path)
    assert load_methodology(path).doubtful == "leave_out"
    path.write_text(LEAVE.replace("leave_out", "hide"), encoding="utf-8")
    with pytest.raises(
        MethodologyError, match=r"«doubtful»: стоит «hide», ожидалось одно из значений: «show», «leave_out»"
    ):
        load_methodology(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LEAVE + "doubt:\n", "признаков никто не ищет: ожидался раздел doubt"),
        (LEAVE + "doubt: {caution_from: 60}\n", "ожидалось число не больше marked_from: 50"),
        (LEAVE + "doubt: {borders: other.yml}\n", "стоит «other.yml», а такого файла в папке"),
        (LEAVE + "doubt: {marked_from: 0}\n", "marked_from"),
        (LEAVE + "dynamics:\n", "ожидался раздел dynamics"),
    ],
)
def test_wrong_rules_of_doubt_are_refused(methodologies, tmp_path, text, said):
    with pytest.raises(MethodologyError) as refused:
        load_methodology(copy_rules(methodologies, tmp_path, text))
    assert said in str(refused.value)
    assert "строка" in str(refused.value)
