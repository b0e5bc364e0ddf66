import pandas as pd
import pytest
from builders import exam, indices, result, school, tables

from effschool.base.schemas import LISTS
from effschool.method.fioko import compute_procedure_shares, flag_fioko
from effschool.method.lists import join_flags, make_statuses, name_joint
from effschool.method.methodology import FiokoLevel, Window, WindowRule
from effschool.method.windows import Standing, list_covered_years

YEARS = (2018, 2019, 2020)
LETTERS = {"L": "low", "M": "mid", "H": "high", "-": None}


def stand(bands: pd.DataFrame) -> Standing:
    """Bands as lists take them, without any lag."""
    return Standing(bands, pd.Series(dtype="int64"))


def spell(text, years=YEARS):
    """«LM-» is low, mid and not ranked, year by year; a space is a year without a row."""
    return {year: LETTERS[letter] for year, letter in zip(years, text, strict=True) if letter != " "}


def name(text, methodology, domain="results", year=2020, years=YEARS):
    """Status of school 01 with the given bands; schools 02 and 03 make the window covered in both domains."""
    bands = {"01": spell(text, years), "02": dict.fromkeys(years, "mid")}
    other = indices({"02": dict.fromkeys(years, "mid")}, "social" if domain == "results" else "results")
    table = pd.concat([indices(bands, domain), other], ignore_index=True)
    register = pd.DataFrame({"year": year, "school_id": ["01", "02"], "group": "средние"})
    lists = make_statuses(stand(table), register, methodology).set_index("school_id")
    status = lists.loc["01", f"{domain}_status"]
    return None if pd.isna(status) else status


def with_window(methodology, **window):
    lists = methodology.lists.model_copy(update={"window": Window(length=3, **window)})
    return methodology.model_copy(update={"lists": lists})


@pytest.mark.parametrize(
    ("bands", "status"),
    [
        ("LLL", "ШНРО"),
        ("MLL", "группа риска"),
        ("-LL", "группа риска"),
        (" LL", "группа риска"),
        ("HLL", "группа риска"),
        ("LML", None),
        ("LLM", None),
        ("LL-", None),
        ("L-L", None),
        ("L L", None),
        ("MML", None),
        ("MMM", None),
        ("HHH", "стабильно высокие"),
        ("MHH", None),
        ("HH-", None),
        ("H H", None),
        ("---", None),
    ],
)
def test_status_of_results(methodology, bands, status):
    assert name(bands, methodology) == status


@pytest.mark.parametrize(
    ("bands", "any2of3", "last2_or_all3"),
    [
        ("HHH", "ШНСУ", "ШНСУ"),
        ("MHH", "ШНСУ", "ШНСУ"),
        ("HMH", "ШНСУ", "нейтральные"),
        ("HHM", "ШНСУ", "нейтральные"),
        ("HH-", "ШНСУ", None),
        ("HH ", "ШНСУ", None),
        ("H H", "ШНСУ", "нейтральные"),
        (" HH", "ШНСУ", "ШНСУ"),
        ("LLL", "благоприятные", "благоприятные"),
        ("LHL", "благоприятные", "нейтральные"),
        ("LMM", "нейтральные", "нейтральные"),
        ("--H", "нейтральные", "нейтральные"),
        ("HM-", None, None),
        ("---", None, None),
    ],
)
def test_status_of_conditions_by_both_readings(methodology, bands, any2of3, last2_or_all3):
    assert name(bands, methodology, "social") == any2of3
    other = methodology.model_copy(update={"social_rule": "last2_or_all3"})
    assert name(bands, other, "social") == last2_or_all3


def test_window_ends_with_the_year(methodology):
    years = (2017, *YEARS, 2021)
    assert name("HLLLH", methodology, years=years) == "ШНРО"
    assert name("LLLHH", methodology, years=years) is None


def test_explicit_window_jumps_over_a_year_without_an_exam(methodology):
    years = (2018, 2019, 2021)
    jumping = with_window(methodology, years={2021: years})
    assert name("LLL", jumping, year=2021, years=years) == "ШНРО"
    assert name("MLL", jumping, year=2021, years=years) == "группа риска"
    turned = with_window(methodology, years={2021: (2021, 2018, 2019)})
    assert name("MLL", turned, year=2021, years=years) == "группа риска"


def test_explicit_window_needs_no_data_of_the_year_itself(methodology):
    assert name("LLL", with_window(methodology, years={2021: YEARS}), year=2021) == "ШНРО"


def test_only_years_with_the_whole_window_are_covered(methodology):
    bands = indices({"01": dict.fromkeys((2016, 2017, 2018, 2020, 2021, 2022), "mid")})
    assert list_covered_years(bands, methodology) == [2018, 2022]
    assert list_covered_years(bands, with_window(methodology, years={2021: (2018, 2020, 2021)})) == [2018, 2021, 2022]


def test_year_in_which_nobody_is_ranked_does_not_cover(methodology):
    assert list_covered_years(indices({"01": spell("L-L")}), methodology) == []


def test_no_conditions_are_named_where_their_window_is_not_covered(methodology):
    register = pd.DataFrame({"year": 2020, "school_id": ["01"], "group": "средние"})
    bands = [indices({"01": spell("LLL")}), indices({"01": spell(" HH")}, "social")]
    row = make_statuses(stand(pd.concat(bands, ignore_index=True)), register, methodology).iloc[0]
    assert row["results_status"] == "ШНРО"
    assert pd.isna(row["social_status"])


def test_closed_and_left_out_schools_are_not_listed(methodology):
    register = pd.DataFrame(
        {"year": [2019, 2020, 2020], "school_id": ["01", "02", "03"], "group": ["средние", "средние", None]}
    )
    bands = indices({school_id: spell("LLL") for school_id in ("01", "02", "03")})
    lists = make_statuses(stand(bands), register, methodology)
    assert lists["school_id"].tolist() == ["02"]


def test_no_covered_year_gives_a_table_without_rows(methodology):
    register = pd.DataFrame({"year": [2020], "school_id": ["01"], "group": ["средние"]})
    statuses = make_statuses(stand(indices({"01": spell("L", (2020,))}, "results")), register, methodology)
    lists = join_flags(statuses, flag_fioko(tables(), register, methodology.fioko))
    assert LISTS.validate(lists[list(LISTS.columns)]).empty


@pytest.mark.parametrize(
    ("results", "social", "joint"),
    [
        ("ШНРО", "ШНСУ", "ШНРО и ШНСУ"),
        ("ШНРО", "нейтральные", "только ШНРО"),
        ("ШНРО", None, "ШНРО, условия неизвестны"),
        (None, "ШНСУ", "только ШНСУ"),
        ("группа риска", "ШНСУ", "только ШНСУ"),
        ("стабильно высокие", "ШНСУ", "резильентные"),
        ("стабильно высокие", "нейтральные", None),
        ("группа риска", None, None),
        (None, None, None),
    ],
)
def test_joint_status(methodology, results, social, joint):
    lists = pd.DataFrame({"results_status": [results], "social_status": [social]}, dtype="str")
    assert name_joint(lists, methodology.lists.joint).fillna("нет").tolist() == [joint or "нет"]


def test_rule_may_join_its_conditions(methodology):
    rule = WindowRule.model_validate({"title": "т", "any_of": [{"last": 1}, {"at_least": 2}]})
    rules = {**methodology.lists.window_rules, "all3": rule}
    changed = methodology.model_copy(update={"lists": methodology.lists.model_copy(update={"window_rules": rules})})
    assert [name(bands, changed) for bands in ("MML", "LLM", "LMM")] == ["ШНРО", "ШНРО", None]


def failing(share, school_id="01", year=2020, subject="русский язык"):
    """ОГЭ of 100 pupils of whom `share` failed."""
    return result(school_id, year, (share, 100 - share, 0, 0), subject=subject)


def school_in(year, **other):
    return school(year=year, **other)


def flag(methodology, *rows, year=2020, schools=None):
    """ФИОКО's flag of school 01: True, False or None where missing."""
    register = pd.DataFrame([{"group": "средние"} | row for row in schools or map(school_in, YEARS)])
    flags = flag_fioko(tables(results=rows), register, methodology.fioko)
    chosen = flags[(flags["school_id"] == "01") & (flags["year"] == year)]["fioko_shnor"]
    return None if chosen.isna().all() else bool(chosen.item())


def test_two_low_procedures_in_the_year_suffice(methodology):
    assert flag(methodology, failing(30), failing(30, subject="математика"))
    assert not flag(methodology, failing(30), failing(29, subject="математика"))


def test_thirty_per_cent_is_low_and_less_is_not(methodology):
    register = pd.DataFrame([school()])
    rows = [result(marks=(3, 7, 0, 0)), result(marks=(299, 701, 0, 0), subject="математика")]
    shares = compute_procedure_shares(tables(results=rows), register, methodology.fioko).set_index("procedure")
    assert shares["is_low"].to_dict() == {"oge_rus": True, "oge_math": False}


def test_one_low_procedure_in_each_of_two_years_suffices_and_may_differ(methodology):
    assert flag(methodology, failing(40), failing(40, year=2019, subject="математика"))
    assert not flag(methodology, failing(40), failing(10, year=2019))
    assert not flag(methodology, failing(10), failing(40, year=2019))


def test_years_apart_are_not_neighbours(methodology):
    assert not flag(methodology, failing(40), failing(40, year=2018))


def test_without_the_year_before_only_the_year_counts(methodology):
    assert not flag(methodology, failing(40))
    assert flag(methodology, failing(40), failing(40, subject="математика"))


def test_school_left_out_the_year_before_keeps_its_procedures_of_that_year(methodology):
    """The rule leaves out nobody: its second criterion looks at the school's procedures of both years."""
    rows = failing(40), failing(40, year=2019, subject="математика")
    left_out = [school_in(2019, group=None), school_in(2020)]
    assert flag(methodology, *rows, schools=left_out)
    assert not flag(methodology, rows[0], failing(10, year=2019), schools=left_out)
    assert flag(methodology, *rows, year=2019, schools=left_out) is None


def flag_partly(methodology, *rows, year=2020):
    register = pd.DataFrame([school_in(each, group="средние") for each in YEARS])
    flags = flag_fioko(tables(results=rows), register, methodology.fioko)
    return flags.set_index("year").loc[year, ["fioko_shnor", "is_partial"]].tolist()


def test_flag_that_the_second_criterion_could_have_changed_is_told(methodology):
    assert flag_partly(methodology, failing(40)) == [False, True]
    assert flag_partly(methodology, failing(10)) == [False, False]
    assert flag_partly(methodology, failing(40), failing(10, year=2019)) == [False, False]
    assert flag_partly(methodology, failing(40), failing(40, subject="математика")) == [True, False]


def test_school_without_any_procedure_has_no_flag(methodology):
    assert flag(methodology, failing(10, "02"), schools=[school(), school("02")]) is None
    assert flag(methodology, failing(10, year=2019)) is None
    register = [school(year=2019), school(), school("02")]
    assert flag(methodology, failing(40, year=2019), failing(10, "02"), schools=register) is None
    assert flag(methodology) is None


def test_failed_are_counted_as_each_procedure_says(methodology):
    ege = [exam(below_min=3), exam(subject="математика (базовая)", below_min=3)]
    assert flag(methodology, *ege)
    vpr = [result(marks=(3, 7, 0, 0), procedure="ВПР", grade=grade) for grade in (5, 6)]
    assert flag(methodology, *vpr)
    other = [result(marks=(9, 1, 0, 0), procedure="ВПР", grade=grade) for grade in (4, 7, 8)]
    assert flag(methodology, *other) is None


def test_level_is_named_only_where_levels_are_set(methodology):
    register = pd.DataFrame([school(), school("02"), school("03")]).assign(group="средние")
    rows = [failing(40, school_id, subject=subject) for school_id in ("01", "02") for subject in ("русский язык",)]
    rows += [failing(40, "01", subject="математика"), failing(40, "02", subject="математика")]
    rows += [exam("02", below_min=5), failing(40, "03")]
    built = tables(results=rows)
    assert flag_fioko(built, register, methodology.fioko)["fioko_level"].isna().all()
    levels = tuple(FiokoLevel(name=name, min_low_procedures=low) for name, low in (("сильно", 3), ("базово", 1)))
    named = flag_fioko(built, register, methodology.fioko.model_copy(update={"levels": levels}))
    found = named.set_index("school_id")["fioko_level"].fillna("нет").to_dict()
    assert found == {"01": "базово", "02": "сильно", "03": "нет"}


def test_methodology_without_fioko_flags_nobody(methodology):
    flags = flag_fioko(tables(results=[failing(90)]), pd.DataFrame([school(group="средние")]), None)
    assert flags["fioko_shnor"].isna().tolist() == [True]
