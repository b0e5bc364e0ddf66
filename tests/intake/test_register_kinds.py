"""What registers say of schools, codes and municipalities: understood, asked about or refused. Names are invented."""

import unicodedata

import pandas as pd
import pytest
from builders import result, school, table
from builders_office import VPR, save_book, take
from builders_raw import HEADINGS, ROWS, build_raw, split, write_csv

from effschool.base.problems import Severity
from effschool.intake.identity import find_code_changes
from effschool.intake.municipalities import find_place_changes, find_spellings, tell_difference, unify_places
from effschool.intake.reading import Grid
from effschool.intake.school_kinds import find_kind_rule, load_kind_rules
from effschool.intake.succession import follow_successions, load_successions

DISTRICT, OKRUG = "Яшмовский муниципальный район", "Яшмовский муниципальный округ"
ACTS = "Код прежний;Код новый;Дата;Событие;Продолжает;Основание"


def register(*rows: str, exclusion: str = "", kind: str = "средняя") -> list[str]:
    return [ROWS["schools"][0].replace("средняя", kind) + exclusion, *ROWS["schools"][1:], *rows]


def messages(ingested, severity: str) -> list[str]:
    return ingested.problems.loc[ingested.problems["severity"] == severity, "message"].tolist()


def read_acts(*rows: str):
    cells = pd.DataFrame(split(*(row.replace(";", ",") for row in (ACTS, *rows))), dtype="str")
    return load_successions(Grid("successions.csv", "", cells.set_axis(range(1, len(cells) + 1))))


# «Исключить»


@pytest.mark.parametrize("word", ["нет", "Нет", "-", "—", "–", "0", "0,0", "не исключать", "false", "ЛОЖЬ", "н", "no"])
def test_words_for_nobody_exclude_nobody(tmp_path, word):
    quoted = f'"{word}"'
    ingested = take(build_raw(tmp_path, schools=register(exclusion=quoted)))
    assert not messages(ingested, "ошибка")
    assert ingested.tables["schools"]["exclusion"].isna().all()


@pytest.mark.parametrize("word", ["да", "Да", "1", "+", "true", "x", "исключена", "не участвует", "ИСТИНА"])
def test_exclusion_without_a_reason_is_an_error_of_its_column(tmp_path, word):
    ingested = take(build_raw(tmp_path, schools=register(exclusion=word)))
    (error,) = messages(ingested, "ошибка")
    assert "столбец «Исключить»" in error
    assert f"стоит «{word}», ожидалась причина" in error


@pytest.mark.parametrize(
    "reason", ["адаптированные программы", "при исправительном учреждении", "нет лицензии", "да, частная"]
)
def test_real_reason_is_kept(tmp_path, reason):
    ingested = take(build_raw(tmp_path, schools=register(exclusion=f'"{reason}"')))
    assert not messages(ingested, "ошибка")
    assert reason in ingested.tables["schools"]["exclusion"].tolist()


# Types


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("среднее профессиональное образование", "профессионального"),
        ("СПО", "профессионального"),
        ("Профессиональная образовательная организация", "профессионального"),
        ("колледж", "профессионального"),
        ("Техникум", "профессионального"),
        ("детский сад", "дошкольная"),
        ("ДОУ", "дошкольная"),
        ("МБДОУ", "дошкольная"),
        ("ясли", "дошкольная"),
        ("д/с", "дошкольная"),
        ("дошкольная образовательная организация", "дошкольная"),
        ("Учреждение дополнительного образования", "дополнительного"),
        ("УДО", "дополнительного"),
        ("детская музыкальная школа", "дополнительного"),
        ("детско-юношеская спортивная школа", "дополнительного"),
        ("вуз", "высшего"),
        ("высшее образование", "высшего"),
        ("университет", "высшего"),
        ("детский дом", "иная"),
        ("центр ППМС-помощи", "иная"),
    ],
)
def test_what_is_no_school_is_known(text, kind):
    rule = find_kind_rule(text, load_kind_rules())
    assert rule is not None
    assert kind in (rule.aside or "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("средняя общеобразовательная школа", "средняя"),
        ("СОШ", "средняя"),
        ("COШ", "средняя"),
        ("Средняя общеобразовательная школа с углублённым изучением отдельных предметов", "средняя"),
        ("школа среднего общего образования", "средняя"),
        ("гимназия", "средняя"),
        ("Лицей", "средняя"),
        ("основная общеобразовательная школа", "основная"),
        ("ООШ", "основная"),
        ("начальная школа — детский сад", "начальная"),
        ("НОШ — детский сад", "начальная"),
        ("ООШ — детский сад", "основная"),
        ("СОШ с дошкольной группой", "средняя"),
        ("ВСОШ", "вечерняя"),
        ("ОСОШ", "вечерняя"),
        ("НОШ", "начальная"),
        ("прогимназия", "начальная"),
        ("вечерняя (сменная) общеобразовательная школа", "вечерняя"),
        ("открытая (сменная) средняя общеобразовательная школа", "вечерняя"),
    ],
)
def test_types_of_schools_are_known(text, kind):
    rule = find_kind_rule(text, load_kind_rules())
    assert rule is not None
    assert rule.type == kind


@pytest.mark.parametrize("text", ["общеобразовательная школа", "центр образования", "иное", "СШ"])
def test_unknown_type_is_left_to_the_layout_which_refuses_it(tmp_path, text):
    assert find_kind_rule(text, load_kind_rules()) is None
    assert messages(take(build_raw(tmp_path, schools=register(kind=text))), "ошибка")


def test_college_and_its_results_are_set_aside_by_name(tmp_path):
    college = "2020,270009,Колледж № 1,Район 1,СПО,город,,"
    results = [*ROWS["results"], "2020,270009,ЕГЭ,русский язык,11,9,,,,,1,0,45"]
    ingested = take(build_raw(tmp_path, schools=register(college), results=results))
    assert not messages(ingested, "ошибка")
    of_results, told = messages(ingested, "предупреждение")
    assert "Колледж № 1, СПО" in told
    assert "это не школа" in told
    assert "«270009»" in of_results
    assert "«Колледж № 1»" in of_results
    assert not ingested.tables["results"]["school_id"].eq("270009").any()
    assert len(ingested.tables["schools"]) == 2


def test_export_reads_types_and_notes_of_its_own(tmp_path):
    heading = [
        "Код ОО",
        "Краткое наименование",
        "Муниципалитет",
        "Вид организации",
        "Местность",
        "Контингент",
        "Примечание",
    ]
    rows = [
        ["270021", "Лицей № 1", "Район 1", "лицей", "город", 300, "-"],
        ["270022", "Школа № 2", "Район 1", "ООШ", "село", 100, "адаптированные программы"],
        ["270023", "Сад № 3", "Район 1", "детский сад", "село", "—", ""],
    ]
    raw = build_raw(tmp_path)
    save_book(raw / "Реестр 2021.xlsx", {"Лист1": [["Реестр организаций, 2021 год"], heading, *rows]})
    ingested = take(raw)
    assert not messages(ingested, "ошибка")
    added = ingested.tables["schools"].query("year == 2021").set_index("school_id")
    assert added["type"].to_dict() == {"270021": "средняя", "270022": "основная"}
    assert added["exclusion"].fillna("").to_dict() == {"270021": "", "270022": "адаптированные программы"}


# Years of the register


def test_years_without_a_register_are_one_error(tmp_path):
    more = {
        name: [*rows, *(row.replace("2020", year, 1) for year in ("2018", "2019") for row in rows)]
        for name, rows in ROWS.items()
    }
    ingested = take(build_raw(tmp_path, **(more | {"schools": ROWS["schools"]})))
    (error,) = messages(ingested, "ошибка")
    assert "только 2020 год, а в данных есть ещё 2018 и 2019 годы" in error
    assert "Исправьте код" not in error
    assert "schools.csv" in ingested.blocking


def test_book_of_one_municipality_for_a_year_without_a_register_is_refused_alone(tmp_path):
    raw = build_raw(tmp_path)
    rows = split(HEADINGS["social"], ROWS["social"][0].replace("2020", "2017"))
    save_book(raw / "social" / "Район 1.xlsx", {"Форма": rows})
    ingested = take(raw)
    (error,) = messages(ingested, "ошибка")
    assert "social/Район 1.xlsx" in error
    assert "2017 год" in error
    assert not ingested.blocking


# Municipalities

VARIANTS = [
    (unicodedata.normalize("NFD", DISTRICT), "составленными"),
    (DISTRICT.replace("с", "c"), "латинскими"),
    (DISTRICT.upper(), "прописными"),
    (DISTRICT.replace(" ", "  ").replace("Яшмовский", "«Яшмовский»"), "кавычками"),
    ("Яшмовский МР", "словами"),
    ("Яшмовский р-н", "словами"),
    ("муниципальный район Яшмовский", "словами"),
]


@pytest.mark.parametrize(("variant", "by"), VARIANTS)
def test_two_spellings_are_one_municipality_and_told(variant, by):
    schools = table(
        "schools", [school(f"0{n}", municipality=DISTRICT) for n in (1, 2)] + [school("03", municipality=variant)]
    )
    facts = table(
        "targets_fact",
        [
            {
                "programme": "п",
                "target": "т",
                "year": 2020,
                "municipality": variant,
                "value": 1,
                "source_file": "f.csv",
                "source_sheet": "",
                "source_row": 2,
            }
        ],
    )
    unified, problems = unify_places({"schools": schools, "targets_fact": facts})
    assert set(unified["schools"]["municipality"]) == {DISTRICT}
    assert unified["targets_fact"]["municipality"].tolist() == [DISTRICT]
    assert [problem.value for problem in problems] == [variant, variant]
    assert by in problems[0].message
    assert schools["municipality"].iloc[2] == variant


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Верхнереченский МО", "Верхнереченский муниципальный округ"),
        ("г. Алмазов", "город Алмазов"),
        ("Алмазовский ГО", "Алмазовский городской округ"),
        ("г.о. Алмазов", "городской округ Алмазов"),
        ("Район им. Лазо", "Район имени Лазо"),
        ("Берёзовский район", "Березовский район"),
        ("Алмаз — Камень", "Алмаз-Камень"),
    ],
)
def test_abbreviations_are_one_with_the_full_name(one, other):
    places = pd.DataFrame({"municipality": [one, other, other], "year": [2020, 2020, 2020]})
    assert find_spellings(places) == {one: other}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (DISTRICT, OKRUG),
        ("г. Яшмовск", "Яшмовский район"),
        ("Район 1", "Район 2"),
        ("Кировский район", "Кирсановский район"),
        ("Северный МО", "Южный муниципальный округ"),
    ],
)
def test_different_municipalities_stay_two(one, other):
    assert not find_spellings(pd.DataFrame({"municipality": [one, other], "year": [2020, 2021]}))


def test_latest_of_two_equally_common_spellings_is_kept_and_never_one_with_latin_letters():
    places = pd.DataFrame({"municipality": ["РАЙОН А", "Район А"], "year": [2020, 2021]})
    assert find_spellings(places) == {"РАЙОН А": "Район А"}
    latin = pd.DataFrame({"municipality": ["Райoн Б"] * 3, "year": [2020, 2021, 2022]})
    assert find_spellings(latin) == {"Райoн Б": "Район Б"}
    assert tell_difference("Райoн Б", "Район Б").endswith("o")


def test_names_that_differ_by_status_alone_in_one_year_are_asked():
    schools = table("schools", [school("01", municipality=DISTRICT), school("02", municipality=OKRUG)])
    unified, problems = unify_places({"schools": schools})
    assert set(unified["schools"]["municipality"]) == {DISTRICT, OKRUG}
    (problem,) = problems
    assert problem.severity == Severity.WARNING
    assert DISTRICT in problem.message
    assert OKRUG in problem.message


def change_status(old: str = DISTRICT, new: str = OKRUG, *others) -> pd.DataFrame:
    rows = [
        school(code, year, municipality=old if year < 2021 else new)
        for code in ("01", "02")
        for year in (2019, 2020, 2021)
    ]
    return table("schools", [*rows, *others])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (DISTRICT, OKRUG),
        ("г. Яшмовск", "Яшмовский городской округ"),
        ("Яшмовский район", "Новояшмовский муниципальный округ"),
        ("Район 1", "Округ 1"),
        ("ЗАТО Яшма", "городской округ Яшма"),
    ],
)
def test_municipality_that_gives_way_to_another_is_asked_with_the_row_to_add(old, new):
    (problem,) = find_place_changes(change_status(old, new))
    assert f"«{old};{new};01.01.2021;преобразование муниципалитета;да;" in problem.message
    assert problem.severity == Severity.WARNING


def test_municipality_that_goes_on_or_whose_schools_are_elsewhere_is_not_asked():
    goes_on = change_status(DISTRICT, OKRUG, school("03", 2021, municipality=DISTRICT))
    assert not find_place_changes(goes_on)
    closed = table("schools", [school("01", 2019, municipality="А"), school("02", 2020, municipality="Б")])
    assert not find_place_changes(closed)


def test_row_of_succession_carries_the_history_of_a_municipality_on():
    successions, problems = read_acts(f"{DISTRICT};{OKRUG};01.01.2021;преобразование муниципалитета;да;Закон № 5")
    assert not problems
    tables, told, renamed = follow_successions({"schools": change_status()}, successions)
    assert not told
    schools = tables["schools"]
    assert set(schools["municipality"]) == {OKRUG}
    notes = schools.loc[schools["year"] < 2021, "source_note"]
    assert notes.eq(f"в файле муниципалитет «{DISTRICT}»").all()
    assert schools.loc[schools["year"] == 2021, "source_note"].isna().all()
    assert set(renamed["reason"]) == {"преобразование муниципалитета, 01.01.2021, Закон № 5"}
    assert not find_place_changes(schools)


def test_two_districts_become_one_and_an_okrug_may_change_again():
    rows = (
        f"Район 1;{DISTRICT};01.01.2020;преобразование муниципалитета;да;а",
        f"Район 2;{DISTRICT};01.01.2020;преобразование муниципалитета;да;а",
    )
    successions, problems = read_acts(*rows, f"{DISTRICT};{OKRUG};01.01.2021;преобразование муниципалитета;да;б")
    assert not problems
    assert {successions.find_place(name)[0] for name in ("Район 1", "Район 2", "РАЙОН 2", OKRUG)} == {OKRUG}


@pytest.mark.parametrize(
    "rows",
    [
        (f"{DISTRICT};{DISTRICT};01.01.2021;преобразование муниципалитета;да;а",),
        (
            f"{DISTRICT};А;01.01.2021;преобразование муниципалитета;да;а",
            f"{DISTRICT};Б;01.01.2021;преобразование муниципалитета;да;а",
        ),
        (f"{DISTRICT};;01.01.2021;преобразование муниципалитета;да;а",),
        (f"{DISTRICT};А;01.01.2021;преобразование муниципалитета;нет;а",),
        ("01-2;01;01.09.2019;филиал;да;а", "01-2;02;01.09.2019;филиал;да;а"),
        ("01-2;01-2;01.09.2019;филиал;да;а",),
        ("01-2;01;01.09.2019;филиал;да;а", "01-3;01-2;01.09.2019;филиал;да;а"),
    ],
)
def test_contradiction_in_rows_of_municipalities_and_branches_is_an_error(rows):
    successions, problems = read_acts(*rows)
    assert problems
    assert not successions.places
    assert not successions.acts


def test_unknown_old_name_of_a_municipality_is_told():
    successions, _ = read_acts(f"Яшмовый район;{OKRUG};01.01.2021;преобразование муниципалитета;да;а")
    _, told, _ = follow_successions({"schools": change_status()}, successions)
    assert "прежним названием нет" in told[0].message


def test_school_is_found_by_name_in_a_municipality_written_otherwise(tmp_path):
    schools = [row.replace("Район 1", DISTRICT) for row in ROWS["schools"]]
    raw = build_raw(tmp_path, schools=schools)
    upper = ["Муниципалитет", "Код ОО", "ОО", "Русский язык", "", "", ""]
    lower = ["", "", "", "Количество участников", "Средний балл", "Ниже минимума", "80 и выше"]
    rows = [[unicodedata.normalize("NFD", DISTRICT), "", "Школа А", 9, 60, 1, 2]]
    save_book(raw / "ЕГЭ 2020.xlsx", {"Лист": [["ЕГЭ 2020"], upper, lower, *rows]})
    (raw / "results.csv").unlink()
    write_csv(raw / "results.csv", [HEADINGS["results"], ROWS["results"][1]])
    assert not messages(take(raw), "ошибка")


# Codes of two forms


@pytest.mark.parametrize(
    ("old", "new"), [("100-02", "100020"), ("10002", "100020"), ("27/1", "270001"), ("АБ-7", "270007"), ("5", "05-1")]
)
def test_code_that_ends_where_another_begins_for_one_name_is_told(old, new):
    rows = [
        school(old, 2018, name="ОУ «Ясень»"),
        school(new, 2019, name="ОУ Ясень"),
        school(new, 2020, name="ОУ Ясень"),
    ]
    (problem,) = find_code_changes(table("schools", rows))
    assert f"«{old};{new};01.01.2019;смена кода;да;" in problem.message
    assert problem.value == new


@pytest.mark.parametrize(
    "rows",
    [
        [school("1", 2018, name="А"), school("2", 2018, name="А"), school("3", 2019, name="А")],
        [school("1", 2018, name="А"), school("2", 2019, name="А", municipality="Другой")],
        [school("1", 2018, name="А"), school("2", 2019, name="Б")],
        [school("1", 2018, name="А"), school("2", 2019, name="А"), school("1", 2020, name="А")],
        [school("1", 2018, name="А"), school("1", 2019, name="А")],
    ],
)
def test_no_change_of_code_is_seen_where_none_is_sure(rows):
    assert not find_code_changes(table("schools", rows))


def test_code_with_the_same_digits_is_offered(tmp_path):
    results = [*ROWS["results"], "2020,270-001,ЕГЭ,русский язык,11,9,,,,,1,0,45"]
    (error,) = messages(take(build_raw(tmp_path, results=results)), "ошибка")
    assert "с теми же цифрами есть: 270001" in error


# Branches


@pytest.mark.parametrize(
    "code", ["270001-2", "270001/2", "270001 филиал", "270001-ф", "270001.2", "270001 (филиал № 2)", "270001ф1"]
)
def test_code_of_a_branch_is_offered_to_its_school(tmp_path, code):
    results = [*ROWS["results"], f"2020,{code},ЕГЭ,русский язык,11,9,,,,,1,0,45"]
    (error,) = messages(take(build_raw(tmp_path, results=results)), "ошибка")
    assert "похоже на филиал школы 270001" in error
    assert f"«{code};270001;01.09.2019;филиал;да;" in error


def test_unknown_code_is_not_a_branch_of_any_school(tmp_path):
    results = [*ROWS["results"], "2020,270111,ЕГЭ,русский язык,11,9,,,,,1,0,45"]
    (error,) = messages(take(build_raw(tmp_path, results=results)), "ошибка")
    assert "филиал" not in error


def test_branch_is_added_to_its_school_from_files(tmp_path):
    raw = build_raw(
        tmp_path,
        results=[
            *ROWS["results"],
            "2020,270001-2,ОГЭ,математика,9,10,1,2,3,4,,,4.0",
            "2020,270001-2,ЕГЭ,русский язык,11,5,,,,,1,0,50",
        ],
        certificates=[*ROWS["certificates"], "2020,270001-2,ООО,10,2"],
        social=[*ROWS["social"], "2020,270001-2,100,1,1,1,1,1,1,1,1,1,1,1"],
    )
    write_csv(raw / "successions.csv", [ACTS, "270001-2;270001;01.09.2019;филиал;да;Приказ № 1"])
    ingested = take(raw)
    assert not messages(ingested, "ошибка")
    results = ingested.tables["results"].query("school_id == '270001'").set_index("procedure")
    assert results.loc["ОГЭ", ["participants", "mark_2", "mark_3", "mark_4", "mark_5"]].tolist() == [30, 3, 10, 9, 8]
    assert results.loc["ЕГЭ", "participants"] == 5
    assert "филиал 270001-2" in results.loc["ОГЭ", "source_note"]
    certificates = ingested.tables["certificates"].query("school_id == '270001'")
    assert certificates[["graduates", "without_certificate"]].to_numpy().tolist() == [[30, 3]]
    social = ingested.tables["social"].query("school_id == '270001'").iloc[0]
    assert (social["pupils"], social["deviant"]) == (400, 2)
    assert pd.isna(social["special_needs"])
    assert "сумма неизвестна: special_needs" in messages(ingested, "предупреждение")[0]
    assert "270001-2" in ingested.renamed["code"].tolist()


def add(*rows, acts=("01-2;01;01.09.2019;филиал;да;а",), name: str = "results"):
    successions, problems = read_acts(*acts)
    assert not problems
    tables, told, _ = follow_successions({name: table(name, rows)}, successions)
    return tables[name], [problem for problem in told if "нет ни в одной" not in problem.message]


def test_means_of_branches_are_weighted_by_participants():
    made, _ = add(result(participants=30, mean_score=60.0), result("01-2", participants=10, mean_score=40.0))
    assert made[["school_id", "participants", "mean_score"]].to_numpy().tolist() == [["01", 40, 55.0]]


@pytest.mark.parametrize("of_branch", [{"mean_score": None}, {"participants": None, "mean_score": 40.0}])
def test_mean_that_one_part_lacks_is_missing(of_branch):
    made, _ = add(result(participants=30, mean_score=60.0), result("01-2", **({"participants": 10} | of_branch)))
    assert made["mean_score"].isna().all()


def test_part_is_not_told_as_the_whole_and_a_branch_without_pupils_takes_nothing_away():
    made, told = add(result(marks=(1, 2, 3, 4)), result("01-2", participants=5))
    assert made["participants"].tolist() == [15]
    assert made["mark_2"].isna().all()
    assert "сумма неизвестна" in told[0].message
    made, told = add(result(marks=(1, 2, 3, 4)), result("01-2", participants=0))
    assert made["mark_2"].tolist() == [1]
    assert not told


def test_branch_counts_from_the_day_of_its_act_and_several_add_up():
    acts = ("01-2;01;01.09.2019;филиал;да;а", "01-3;01;01.09.2019;филиал;да;а")
    made, _ = add(result("01-2", 2019), result(), result("01-2"), result("01-3", participants=7), acts=acts)
    assert made[["year", "school_id", "participants"]].to_numpy().tolist() == [[2019, "01-2", 10], [2020, "01", 27]]


def test_scores_of_a_branch_raise_the_participants_of_every_row():
    rows = [
        {
            "year": 2020,
            "school_id": code,
            "procedure": "ВПР",
            "subject": "математика",
            "grade": 5,
            "score": score,
            "participants": number,
            "pupils": pupils,
        }
        | {"source_file": "f", "source_sheet": "", "source_row": 2}
        for code, score, number, pupils in (("01", 3, 10, 4), ("01", 4, 10, 6), ("01-2", 4, 5, 2), ("01-2", 9, 5, 3))
    ]
    made, _ = add(*rows, name="scores")
    assert made[["score", "participants", "pupils"]].sort_values("score").to_numpy().tolist() == [
        [3, 15, 4],
        [4, 15, 8],
        [9, 15, 3],
    ]


# A code and a name of two schools

NAMED = [
    "2020,027000,МБОУ СОШ № 1 п. Янтарный,Яшмовский район,средняя,село,130,",
    "2020,270001,МБОУ СОШ № 2 п. Янтарный,Яшмовский район,средняя,село,300,",
]


def take_vpr(tmp_path, *schools: tuple[str, str]):
    raw = build_raw(tmp_path, schools=NAMED)
    rows = [[f"{name} (edu{code})", 1, 20, 10, 40, 30, 20] for code, name in schools]
    titles = [["Статистика по отметкам"], ["ВПР 2020. 5 класс"], ["Предмет: Русский язык"]]
    save_book(raw / "ВПР 2020.xlsx", {"Лист": [*titles, VPR, *rows]})
    return take(raw)


@pytest.mark.parametrize(
    "name",
    [
        "МБОУ СОШ № 1 п. Янтарный",
        "МБОУ «СОШ №1» п.Янтарный",
        "Муниципальное бюджетное общеобразовательное учреждение средняя общеобразовательная школа № 1 п. Янтарный",
        "СОШ № 1 поселка Янтарный",
        "СОШ № 1",
    ],
)
def test_name_of_another_school_beside_a_code_is_told_with_both(tmp_path, name):
    ingested = take_vpr(tmp_path, ("270001", name))
    (told,) = messages(ingested, "предупреждение")
    assert "код 270001 в реестре — «МБОУ СОШ № 2 п. Янтарный»" in told
    assert "школа 027000" in told
    assert not messages(ingested, "ошибка")


@pytest.mark.parametrize(
    "name",
    ["МБОУ СОШ № 2 п. Янтарный", "СОШ №2 п.Янтарный", "МБОУ «СОШ № 2»", "Янтарненская школа № 2", "Школа № 9", ""],
)
def test_small_difference_or_a_name_of_nobody_is_silent(tmp_path, name):
    assert not messages(take_vpr(tmp_path, ("270001", name)), "предупреждение")


def test_name_beside_the_code_of_a_contract_table_is_held_against_it(tmp_path):
    raw = build_raw(tmp_path, schools=NAMED)
    rows = [
        f"{row},{name}"
        for row, name in zip(ROWS["certificates"], ("СОШ № 2 п. Янтарный", "СОШ № 2 п. Янтарный"), strict=True)
    ]
    write_csv(raw / "certificates.csv", [HEADINGS["certificates"] + ",Наименование", *rows])
    (told,) = messages(take(raw), "предупреждение")
    assert "certificates.csv" in told
    assert "код 027000" in told


@pytest.mark.parametrize("shifted", [3, 7, 12])
def test_name_of_another_school_in_one_row_of_a_protocol_is_told_with_its_row(tmp_path, shifted):
    raw = build_raw(tmp_path, schools=NAMED)
    heading = ["№", "Код ОО", "Наименование ОО", "Предмет", "Код участника", "Тестовый балл"]
    own, other = "МБОУ СОШ № 2 п. Янтарный", "МБОУ СОШ № 1 п. Янтарный"
    pupils = [
        [number, "270001", other if number + 2 == shifted else own, "физика", f"A{number:03}", 50 + number]
        for number in range(1, 11)
    ]
    save_book(raw / "физика.xlsx", {"Лист": [["ЕГЭ 2020, протокол"], heading, *pupils]})
    (told,) = messages(take(raw), "предупреждение")
    assert f"строка {shifted}," in told
    assert "школа 027000" in told
