"""Names matched to codes: how they are taken apart, what is accepted, what is asked. All names are invented."""

import random
import re
import sys
from functools import cache

import openpyxl
import pandas as pd
import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st

from effschool.base.configuration import ConfigurationError
from effschool.demo import build_demo_tables
from effschool.intake.school_names import (
    CONFIRMED,
    DOUBTFUL,
    EXACT,
    NOT_FOUND,
    REFUSED,
    SURE,
    list_doubtful,
    load_name_rules,
    match_names,
    parse_name,
    read_confirmed,
    score_names,
    simplify_municipality,
)
from effschool.report.sections.stages import write_doubtful

RULES = load_name_rules(ROOT / "layouts" / "names" / "schools.yml")
TOWN, DISTRICT = "городской округ Яшмовск", "Яшмовский муниципальный район"
REGISTER = [
    ("01", "МБОУ СОШ № 1 г. Яшмовск", TOWN),
    ("02", "МАОУ «Гимназия № 2» г. Яшмовск", TOWN),
    ("03", "МБОУ СОШ № 3 с. Нефритовка", DISTRICT),
    ("04", "МКОУ ООШ с. Топазовка", DISTRICT),
    ("05", "МКОУ ООШ с. Агатовка", DISTRICT),
    ("06", "МБОУ НШ с. Агатовка", DISTRICT),
]


def frame(rows, *columns):
    return pd.DataFrame([(2024, *row) for row in rows], columns=["year", *columns]).astype(
        dict.fromkeys(columns, "str")
    )


def register(rows=REGISTER):
    return frame(rows, "school_id", "name", "municipality")


def answers(*rows):
    return frame(rows, "municipality", "name", "school_id", "answer")


def match(name, municipality=DISTRICT, confirmed=None):
    wanted = frame([(municipality, name)], "municipality", "name")
    confirmed = answers() if confirmed is None else confirmed
    return match_names(wanted, register(), confirmed, RULES).iloc[0]


@pytest.mark.parametrize(
    "text",
    [
        "МБОУ СОШ № 5 с. Ёлкино",
        "Муниципальное бюджетное общеобразовательное учреждение «Средняя общеобразовательная школа №5» села Елкино",
        'МУНИЦИПАЛЬНОЕ БЮДЖЕТНОЕ ОБЩЕОБРАЗОВАТЕЛЬНОЕ УЧРЕЖДЕНИЕ "СОШ N5" с.Елкино',
        "средняя школа N 5 с. Елкино",
        "МКОУ “СОШ #5” село Ёлкино",
        "MБОУ CОШ №\N{NO-BREAK SPACE}05 c. Eлкино",
        "СОШ 5 с. Елкино",
        "МБОУ СОШ No 5 с. Елкино",
        "МБОУ СОШ с углублённым изучением отдельных предметов номер 5 с. Елкино",
    ],
)
def test_spellings_of_one_name_are_taken_apart_alike(text):
    parsed = parse_name(text, RULES)
    assert (parsed.number, parsed.kind, parsed.place, parsed.words) == ("5", "сош", "село", ("елкино",))


@pytest.mark.parametrize(
    ("text", "kind", "number", "words"),
    [
        ("МКОУ «Основная общеобразовательная школа» п. Опаловый", "оош", "", ("опаловый",)),
        ("Начальная школа № 12", "нош", "12", ()),
        ("КГКОУ «Вечерняя (сменная) школа № 4» г. Ониксовск", "вечерняя", "4", ("ониксовск",)),
        ("КГБОУ «Школа-интернат № 7»", "интернат", "7", ()),
        ("Лицей имени И. И. Выдуманного", "лицей", "", ("выдуманного", "и", "и")),
        ("МБОУ СОШ № 5а", "сош", "5а", ()),
        ("СОШ имени 60-летия Придуманного", "сош", "", ("60-летия", "придуманного")),
        ("МАОУ «Центр образования № 8»", "центр", "8", ()),
    ],
)
def test_kind_and_number_are_found(text, kind, number, words):
    parsed = parse_name(text, RULES)
    assert (parsed.kind, parsed.number) == (kind, number)
    assert parsed.words == tuple(word for word in words if word not in RULES.idle)


@pytest.mark.parametrize(
    "text", ["г. Яшмовск", "городской округ «Город Яшмовск»", "ГО Яшмовск", "город Яшмовск", "города Яшмовска"]
)
def test_spellings_of_one_municipality_are_one_and_the_district_another(text):
    assert simplify_municipality(text, RULES) == simplify_municipality(TOWN, RULES)
    assert simplify_municipality(text, RULES) != simplify_municipality(DISTRICT, RULES)
    assert simplify_municipality("Яшмовского района", RULES) == simplify_municipality(DISTRICT, RULES)


@pytest.mark.parametrize(
    ("name", "municipality", "school_id", "status"),
    [
        ("Средняя общеобразовательная школа №3 с. Нефритовка", DISTRICT, "03", EXACT),
        ("Нефритовская СОШ", "Яшмовский р-н", "03", SURE),
        ("МБОУ СОШ №3", DISTRICT, "03", SURE),
        ("ООШ с. Топазовки", DISTRICT, "04", SURE),
        ("СОШ № 4 с. Нефритовка", DISTRICT, None, NOT_FOUND),
        ("МБОУ СОШ № 3 с. Нефритовка", TOWN, None, NOT_FOUND),
        ("МБОУ СОШ № 1 г. Яшмовск", "Рубиновский район", None, NOT_FOUND),
        ("Агатовская школа", DISTRICT, None, DOUBTFUL),
        ("СОШ № 2 г. Яшмовск", TOWN, None, DOUBTFUL),
        ("СОШ № 1 с. Яшмовск", TOWN, None, DOUBTFUL),
        ("Школа № 3", DISTRICT, None, DOUBTFUL),
        ("ООШ с. Тобазофка", DISTRICT, None, DOUBTFUL),
        ("ООШ", DISTRICT, None, NOT_FOUND),
    ],
)
def test_certain_names_have_a_code_and_others_none(name, municipality, school_id, status):
    found = match(name, municipality)
    assert (found["status"], None if pd.isna(found["school_id"]) else found["school_id"]) == (status, school_id)
    assert pd.isna(found["candidate"]) == (status == NOT_FOUND)


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("МБОУ СОШ № 3 с. Нефритовка", 100),
        ("СОШ с. Нефритовка", 95),
        ("Школа № 3 с. Нефритовка", 94),
        ("Нефритовская СОШ № 3", 96),
        ("СОШ № 3 Небывалова с. Нефритовка", 98),
        ("ООШ № 3 с. Нефритовка", 85),
        ("СОШ № 3 г. Нефритовка", 85),
        ("СОШ № 3", 93),
        ("СОШ № 3 с. Нефритовке", 96),
        ("СОШ № 3 с. Нифритовка", 90),
        ("СОШ № 13 с. Нефритовка", 0),
    ],
)
def test_every_difference_takes_its_points(name, score):
    one, other = parse_name("МБОУ СОШ № 3 с. Нефритовка", RULES), parse_name(name, RULES)
    assert score_names(one, other, RULES) == pytest.approx(score)
    assert score_names(other, one, RULES) == pytest.approx(score)


def test_schools_named_after_different_people_are_not_alike():
    names = [f"СОШ имени {name} с. Нефритовка" for name in ("Небывалова", "Придуманного")]
    assert score_names(*(parse_name(name, RULES) for name in names), RULES) < RULES.cuts.doubtful


def test_two_schools_of_one_name_are_doubtful():
    twins = register([("01", "СОШ с. Нефритовка", DISTRICT), ("02", "МБОУ СОШ с. Нефритовка", DISTRICT)])
    wanted = frame([(DISTRICT, "СОШ с. Нефритовка")], "municipality", "name")
    assert match_names(wanted, twins, answers(), RULES)["status"].tolist() == [DOUBTFUL]


def test_what_is_answered_is_not_asked_again():
    wanted = frame([(DISTRICT, "Агатовская школа")], "municipality", "name")
    said = answers((DISTRICT, "Агатовская школа", "05", "нет"))
    assert list_doubtful(wanted, register(), said, RULES)["school_id"].tolist() == ["06"]


def test_only_the_schools_of_the_year_are_candidates():
    wanted = frame([(DISTRICT, "ООШ с. Топазовка")], "municipality", "name").assign(year=2023)
    assert match_names(wanted, register(), answers(), RULES)["status"].tolist() == [NOT_FOUND]


def test_answers_of_a_person_rule():
    name = "Агатовская школа"
    yes, no = (DISTRICT, name, "06", "да"), (DISTRICT, name, "06", "нет")
    assert match(name, confirmed=answers(yes))[["school_id", "status"]].tolist() == ["06", CONFIRMED]
    once = match(name, confirmed=answers(no))
    assert (once["candidate"], once["status"]) == ("05", DOUBTFUL)
    both = answers(no, (DISTRICT, name, "05", "нет"))
    refused = match(name, confirmed=both)
    assert refused["status"] == REFUSED
    assert pd.isna(refused["school_id"])
    certain = "Нефритовская СОШ"
    assert match(certain, confirmed=answers((DISTRICT, certain, "03", "нет")))["status"] == REFUSED


def test_doubtful_pairs_go_to_a_workbook_and_come_back(tmp_path):
    spaced = "Агатовская\N{NO-BREAK SPACE} школа"
    wanted = frame([(DISTRICT, spaced), (DISTRICT, "Нефритовская СОШ")], "municipality", "name")
    pairs = list_doubtful(wanted, register(), answers(), RULES)
    assert pairs["school_id"].tolist() == ["05", "06"]
    path = tmp_path / "names_to_confirm.xlsx"
    write_doubtful(pairs, tmp_path)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    (choice,) = sheet.data_validations.dataValidation
    assert (choice.formula1, str(choice.sqref)) == ('"да,нет"', "G2:G3")
    assert read_confirmed(path, register())[0].empty
    sheet["G2"], sheet["G3"] = "нет", "Да"
    book.save(path)
    confirmed, problems = read_confirmed(path, register())
    assert problems == []
    assert confirmed[["school_id", "answer"]].to_numpy().tolist() == [["05", "нет"], ["06", "да"]]
    matched = match_names(wanted, register(), confirmed, RULES)
    assert matched["school_id"].tolist() == ["06", "03"]
    assert list_doubtful(wanted, register(), confirmed, RULES).empty


def test_so_many_alike_schools_are_shown_and_no_more():
    many = [(f"{place:02}", f"МКОУ ООШ № {place} с. Агатовка", DISTRICT) for place in range(10, 20)]
    wanted = frame([(DISTRICT, "Агатовская школа")], "municipality", "name")
    assert len(list_doubtful(wanted, register(many), answers(), RULES)) == RULES.cuts.shown


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [(90, 85, SURE), (90, 85.5, DOUBTFUL), (89.5, 70, DOUBTFUL), (70, None, DOUBTFUL), (69.5, None, NOT_FOUND)],
)
def test_cuts_are_part_of_what_they_allow(monkeypatch, first, second, status):
    rows = [("05", "альфа", DISTRICT), ("06", "бета", DISTRICT)][: 2 if second else 1]
    known = {"альфа": first, "бета": second}
    monkeypatch.setattr(
        "effschool.intake.school_names.score_names", lambda one, other, rules: known["".join(other.words)]
    )
    wanted = frame([(DISTRICT, "гамма")], "municipality", "name")
    assert match_names(wanted, register(rows), answers(), RULES)["status"].tolist() == [status]


def test_wrong_answers_are_named_and_not_taken(tmp_path):
    pairs = list_doubtful(frame([(DISTRICT, "Агатовская школа")], "municipality", "name"), register(), answers(), RULES)
    path = tmp_path / "names_to_confirm.xlsx"
    write_doubtful(pd.concat([pairs, pairs.head(1)]).assign(answer=["да", "да", "может быть"]), tmp_path)
    book = openpyxl.load_workbook(path)
    book.active["D4"] = "99"
    book.save(path)
    confirmed, problems = read_confirmed(path, register())
    assert confirmed.empty
    assert sorted((problem.row, problem.column) for problem in problems) == [
        (2, "Название в файле"),
        (3, "Название в файле"),
        (4, "Код ОО"),
        (4, "Это одна школа? (да, нет)"),
    ]
    book.active["G1"] = "Ответ"
    book.save(path)
    _, (problem,) = read_confirmed(path, register())
    assert "Это одна школа" in problem.message
    assert read_confirmed(tmp_path / "absent.xlsx", register())[0].empty


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("accept: 90", "accept: 60", "ключ «cuts.doubtful»: стоит «70», ожидалось число не больше accept"),
        ("гимназия: '", "гимназия: '(", "ключ «kinds.гимназия»"),
        ("  - '", "  - '(", "ключ «dropped[1]»"),
        ("distance: 5", "distance: 500", "ожидалось число не больше 100"),
    ],
)
def test_faults_of_the_rules_are_named(tmp_path, old, new, text):
    path = tmp_path / "schools.yml"
    path.write_text((ROOT / "layouts/names/schools.yml").read_text(encoding="utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigurationError, match=re.escape(text)):
        load_name_rules(path)


LATIN = str.maketrans("АВЕКМНОРСТХаеорсух", "ABEKMHOPCTXaeopcyx")
FULL = {
    "МБОУ": "Муниципальное бюджетное общеобразовательное учреждение",
    "МКОУ": "Муниципальное казённое общеобразовательное учреждение",
    "МАОУ": "муниципальное автономное общеобразовательное учреждение",
    "КГБОУ": "Краевое государственное бюджетное общеобразовательное учреждение",
    "КГКОУ": "Краевое государственное казенное общеобразовательное учреждение",
    "СОШ": "средняя общеобразовательная школа",
    "ООШ": "Основная общеобразовательная школа",
    "НШ": "начальная школа",
}


def spell_out(text, _):
    return " ".join(FULL.get(word, word) for word in text.split())


def drop_form(text, _):
    return re.sub(r"^(МБОУ|МКОУ|МАОУ|КГБОУ|КГКОУ) ", "", text)


def mark_number(text, rng):
    return re.sub(
        r"№ (\d+)", lambda found: rng.choice(["№{}", "N{}", "#{}", "N {}", "№ 0{}", "{}"]).format(found[1]), text
    )


def change_quotes(text, rng):
    left, right = rng.choice(['""', "“”", "„“", "  "])
    return text.replace("«", left).replace("»", right)


def write_latin(text, rng):
    return "".join(letter.translate(LATIN) if rng.random() < 0.3 else letter for letter in text)


def change_case(text, rng):
    return rng.choice([text.upper(), text.lower(), text.replace(" ", "  "), text.replace(" ", "\N{NO-BREAK SPACE}", 1)])


def write_place(text, rng):
    long = {"с.": ["село", "с"], "г.": ["город", "гор."]}
    return " ".join(rng.choice(long[word]) if word in long else word for word in text.split())


def decline_place(text, _):
    return re.sub(r"с\. (\w+)а$", r"села \1и", re.sub(r"г\. (\w+)$", r"города \1а", text))


def make_adjective(text, _):
    return re.sub(r"^(.*?) с\. (\w+)ка$", r"\2ская \1", text)


def drop_place(text, _):
    return re.sub(r" [сг]\. \w+$", "", text)


def add_honour(text, rng):
    return f"{text} {rng.choice(['имени', 'им.'])} А. Б. {rng.choice(['Придуманного', 'Небывалова', 'Вымыслова'])}"


def slip(text, rng):
    """A letter of the last word is left out, doubled, changed or exchanged with the next."""
    place = rng.randrange(len(text) - len(text.split()[-1]) + 1, len(text) - 1)
    a, b = text[place], text[place + 1]
    return text[:place] + rng.choice(["", a + a, rng.choice("абвгдежзик"), b + a]) + text[place + 1 :]


CHANGES = [spell_out, drop_form, mark_number, change_quotes, write_latin, change_case, write_place, decline_place]
CHANGES += [make_adjective, drop_place, add_honour, slip]


def respell_municipality(text, rng):
    town = re.sub(r"^городской округ (\w+)$", r"\1", text)
    if town != text:
        return rng.choice([text, f"г. {town}", f"городской округ «Город {town}»", f"город {town}", f"ГО {town}"])
    stem = text.split("ий муниципальный")[0]
    return rng.choice([text, f"{stem}ий район", f"{stem}ого района", f"{stem}ий р-н", text.upper()])


@cache
def build_spellings(seed=20, each=2):
    """The register of the last year without every eighth school, and spellings of all with the code that is true."""
    rng = random.Random(seed)
    schools = build_demo_tables()["schools"]
    schools = schools[schools["year"].eq(schools["year"].max())].reset_index(drop=True)
    rows = []
    for place, cells in schools.iterrows():
        for _ in range(each):
            text = cells["name"]
            for change in sorted(rng.sample(CHANGES, rng.randint(1, 3)), key=CHANGES.index, reverse=True):
                text = change(text, rng)
            truth = cells["school_id"] if place % 8 else None
            rows.append((cells["year"], respell_municipality(cells["municipality"], rng), text, truth))
    kept = schools[schools.index % 8 != 0]
    return kept, pd.DataFrame(rows, columns=["year", "municipality", "name", "truth"])


def test_no_wrong_match_is_accepted_and_most_are_found():
    kept, spellings = build_spellings()
    matched = match_names(spellings, kept, answers(), RULES)
    present, accepted = matched["truth"].notna(), matched["school_id"].notna()
    wrong = matched[accepted & matched["school_id"].ne(matched["truth"])]
    best = matched["candidate"].eq(matched["truth"]) & present & ~accepted
    recall = (accepted & present).sum() / present.sum()
    asked = f"asked and right {best.sum() / present.sum():.3f}"
    sys.stdout.write(f"{len(matched)} spellings, recall {recall:.3f}, {asked}, wrong {len(wrong)}\n")
    assert len(matched) >= 300
    assert (~present).sum() >= 50
    assert wrong.empty, wrong[["name", "municipality", "school_id", "truth", "score"]].to_string()
    assert recall > 0.9


@given(st.permutations(range(12)))
def test_order_of_rows_changes_nothing_and_inputs_stay(order):
    kept, spellings = build_spellings()
    few = spellings.head(12)
    before = few.copy(deep=True)
    once = match_names(few, kept, answers(), RULES)
    again = match_names(few.iloc[order], kept.sample(frac=1, random_state=order[0]), answers(), RULES)
    pd.testing.assert_frame_equal(once, again.sort_index())
    pd.testing.assert_frame_equal(few, before)


def test_nothing_wanted_gives_nothing():
    found = match_names(frame([], "municipality", "name"), register(), answers(), RULES)
    assert found.empty
    assert found.columns.tolist()[-4:] == ["school_id", "candidate", "score", "status"]
