"""ФИОКО's list beside the calculated one: verdicts and reasons by hand, and the published list of one district."""

import pandas as pd
import pytest
from builders import SOURCE, table
from builders_raw import HEADINGS, LAYOUTS, build_raw
from openpyxl import Workbook

from effschool.intake.ingest import ingest_folder
from effschool.support.official import AGREES, ONLY_CALCULATED, ONLY_OFFICIAL, UNKNOWN, compare_official


def result(code, year, failed, participants=100, **other):
    row = {"year": year, "school_id": code, "procedure": "ОГЭ", "subject": "математика", "grade": 9} | other
    return row | {"participants": participants, "mark_2": failed, "mark_3": participants - failed} | SOURCE


def low(code, year, **other):
    """Two procedures with low results."""
    return [result(code, year, 40, subject=subject, **other) for subject in ("математика", "русский язык")]


def path(code, year, listed, **other):
    row = {"year": year, "school_id": code, "municipality": "Район", "group": "средние", "exclusion": None}
    return row | {"fioko_shnor": listed} | other


def compare(methodology, official, paths, results):
    listed = pd.DataFrame(official, columns=["year", "school_id", "level"])
    known = pd.DataFrame(paths).astype({"fioko_shnor": "boolean"})
    found = compare_official(listed, known, {"results": table("results", results)}, methodology.fioko)
    return found.set_index(["year", "school_id"])


def test_agreement_keeps_the_level_as_published(methodology):
    found = compare(methodology, [(2022, "01", "Сильно неуспевающие"), (2022, "02", None)],
                    [path("01", 2022, True), path("02", 2022, True)], low("01", 2022) + low("02", 2022))  # fmt: skip
    assert found["verdict"].tolist() == [AGREES, AGREES]
    assert found["reason"].isna().all()
    assert found.loc[(2022, "01"), "level"] == "Сильно неуспевающие"
    assert pd.isna(found.loc[(2022, "02"), "level"])


@pytest.mark.parametrize(
    ("paths", "results", "reason"),
    [
        ([], [], "в реестре этого года школы нет"),
        ([path("01", 2022, None, group=None, exclusion="начальная")], [], "школа в расчёт не входит: начальная"),
        ([path("01", 2022, None)], [], "результатов процедур правила за год нет"),
        ([path("01", 2022, False)], [result("01", 2022, 40), result("01", 2022, 29, subject="русский язык")],
         "есть процедуры у самой границы низкого результата"),
        ([path("01", 2022, False)], [result("01", 2022, 40)],
         "низкий результат в одной процедуре, данных прошлого года нет"),
        ([path("01", 2021, False), path("01", 2022, False)], [result("01", 2022, 40), result("01", 2021, 5)],
         "низкий результат в одной процедуре и не два года подряд"),
        ([path("01", 2021, False), path("01", 2022, False)],
         [result("01", 2022, 5), *(result("01", 2021, 5, subject=name) for name in ("математика", "русский язык"))],
         "процедур в данных меньше, чем годом раньше"),
        ([path("01", 2022, False), path("01", 2023, True)], [result("01", 2022, 5), *low("01", 2023)],
         "по расчёту школа в списке 2023 года: проверьте, за какой год перечень"),
        ([path("01", 2022, False)], [result("01", 2022, 5)], UNKNOWN),
    ],
)  # fmt: skip
def test_reason_why_only_the_official_list_has_a_school(methodology, paths, results, reason):
    anchor = [path("09", 2022, True)]
    found = compare(methodology, [(2022, "01", None)], [*paths, *anchor], [*results, *low("09", 2022)])
    assert found.loc[(2022, "01"), ["verdict", "reason"]].tolist() == [ONLY_OFFICIAL, reason]


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([result("02", 2022, 4, 9, subject=name) for name in ("математика", "русский язык")],
         "низкие результаты только там, где участников меньше 10"),
        ([result("02", 2022, 40, procedure="ВПР", grade=grade) for grade in (5, 6)],
         "без ВПР правило школу не называет"),
        (low("02", 2022), UNKNOWN),
    ],
)  # fmt: skip
def test_reason_why_only_the_calculation_has_a_school(methodology, results, reason):
    paths = [path("01", 2022, True), path("02", 2022, True)]
    found = compare(methodology, [(2022, "01", None)], paths, [*low("01", 2022), *results])
    assert found.loc[(2022, "02"), ["verdict", "reason"]].tolist() == [ONLY_CALCULATED, reason]
    assert pd.isna(found.loc[(2022, "02"), "level"])


def test_list_of_one_municipality_is_compared_with_its_schools_alone(methodology):
    paths = [path("01", 2022, True), path("02", 2022, True, municipality="Другой")]
    results = low("01", 2022) + low("02", 2022)
    assert compare(methodology, [(2022, "01", None)], paths, results).index.tolist() == [(2022, "01")]
    both = [(2022, "01", None), (2022, "03", None)]
    wide = [*paths, path("03", 2022, True, municipality="Третий")]
    assert (2022, "02") in compare(methodology, both, wide, results).index


# The published list of the district named in the source; results of these schools are not invented, only the list is.
PLACE = "муниципальный район имени Лазо"
OF = f"{PLACE.replace('ый район', 'ого района')} Хабаровского края"
SECONDARY = "Муниципальное бюджетное общеобразовательное учреждение средняя общеобразовательная школа"
MILD, BASE, STRONG = (f"{how} неуспевающие" for how in ("Умеренно", "Базово", "Сильно"))
LAZO = {
    "801": ("МБОУ СОШ № 1 р.п. Переяславка", f"{SECONDARY}   № 1 рабочего поселка Переяславка {OF}", MILD),
    "802": ("МБОУ ООШ с. Гродеково", f"{SECONDARY.replace('средняя', 'основная')}  села Гродеково {OF}", STRONG),
    "803": ("МБОУ СОШ р.п. Мухен", f"{SECONDARY} рабочего посёлка Мухен {OF}", MILD),
    "804": ("МБОУ СОШ с. Соколовка", f"{SECONDARY} села Соколовка {OF}", STRONG),
    "805": ("МБОУ СОШ с. Гвасюги", f"{SECONDARY} села Гвасюги {OF}", BASE),
    "806": ("МБОУ СОШ с. Святогорье", f"{SECONDARY} села Святогорье {OF}", STRONG),
    "807": ("МБОУ СОШ п. Дурмин", f"{SECONDARY} поселка Дурмин {OF}", STRONG),
    "808": ("МБОУ СОШ п. Сукпай", f"{SECONDARY} поселка Сукпай {OF}", STRONG),
    "809": (
        "МБОУ СОШ им. А.В. Суворова п. Новостройка",
        f"{SECONDARY} имени А.В. Суворова поселка Новостройка {OF}",
        MILD,
    ),
    "810": ("МБОУ СОШ № 2 р.п. Хор", f"{SECONDARY}   № 2 рабочего поселка Хор {OF}", STRONG),
}
YEARS = {2019: ["804", "802"], 2021: list(LAZO)[:8], 2022: list(LAZO)}
HISTORY = {
    "804": "В списках 2019 г., 2021 г., 2022 г.",
    "802": "В списках 2019 г., 2021 г., 2022 г.",
    **dict.fromkeys(["808", "801", "806", "807", "803", "805"], "В списках 2021 г., 2022 г."),
    **dict.fromkeys(["809", "810"], "Только в списке 2022 г."),
}
"""«Динамика ШНОР» of the source, school by school."""


@pytest.fixture(scope="module")
def ingested(tmp_path_factory):
    folder = build_raw(tmp_path_factory.mktemp("lazo"))
    schools = [
        f'{year},{code},{name},"{PLACE}",средняя,село,100,'
        for year in (2019, 2021, 2022)
        for code, (name, _, _) in LAZO.items()
    ]
    (folder / "schools.csv").write_text(
        "\n".join(
            [
                HEADINGS["schools"],
                *schools,
                "2020,027000,Школа А,Район 1,средняя,село,130,",
                "2020,270001,Школа Б,Район 2,основная,город,300,",
                "",
            ]
        )
    )
    book = Workbook()
    for year, codes in YEARS.items():
        sheet = book.create_sheet(f"ШНОР {year}")
        sheet.append([f"Общеобразовательные организации, вошедшие в список ШНОР по итогам {year} года, {PLACE}"])
        sheet.append(["№ п/п", "Наименование общеобразовательной организации", "Уровень образовательных результатов"])
        for number, code in enumerate(codes, start=1):
            sheet.append([f"{number}.", *LAZO[code][1:]])
    del book["Sheet"]
    book.save(folder / "Перечень.xlsx")
    return ingest_folder(folder, LAYOUTS)


def test_published_list_without_codes_is_read_by_names(ingested):
    found = ingested.tables["official"]
    for year, codes in YEARS.items():
        own = found[found["year"] == year].set_index("school_id")["level"]
        assert own.to_dict() == {code: LAZO[code][2] for code in codes}


def test_membership_is_said_as_the_source_says_it(ingested, methodology):
    schools = ingested.tables["schools"].assign(group="средние", fioko_shnor=pd.NA)
    paths = schools.astype({"fioko_shnor": "boolean"})
    found = compare_official(ingested.tables["official"], paths, ingested.tables, methodology.fioko)
    last = found[found["year"] == 2022].set_index("school_id")
    assert last["history"].to_dict() == HISTORY
    before = found[found["year"] == 2021].set_index("school_id")["history"]
    assert before[["804", "801"]].tolist() == ["В списках 2019 г., 2021 г.", "Только в списке 2021 г."]
    assert set(last["reason"]) == {"результатов процедур правила за год нет"}
    assert set(last["verdict"]) == {ONLY_OFFICIAL}
