"""The audit workbook recalculated by LibreOffice gives the library's numbers for every school, and follows a change."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from builders import change_bands, change_rules, region, school, table
from conftest import ROOT

from effschool.audit import write_audit
from effschool.audit.parameters import DOMAIN_WORDS
from effschool.intake.ingest import ingest_folder, read_contract
from effschool.method.identify import Identified, identify_schools
from effschool.method.methodology import (
    Aggregation,
    FewPupils,
    FiokoLevel,
    MeanIndicator,
    Methodology,
    Status,
    Window,
    WindowCondition,
    WindowRule,
    list_methodologies,
    load_methodology,
)

CLOSE = 1e-9
SETTINGS = {
    "expected": {},
    "expected_literal": {"orientation": "literal"},
    "expected_last2_or_all3": {"social_rule": "last2_or_all3"},
}
ALWAYS_RECALCULATE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>
"""
HEADER_ROW, BLOCK_ROW = 3, 2
Cells = dict[tuple[str, str], object]
"""Values of one row by block and heading."""


@pytest.fixture(scope="module")
def recalculate(tmp_path_factory):
    """Function: workbooks of one folder → the first of them with the values that LibreOffice computes."""
    program = shutil.which("soffice")
    if not program:
        pytest.skip("нет LibreOffice (пакет libreoffice-calc): формулы книги для проверки пересчитать нечем")
    profile = tmp_path_factory.mktemp("libreoffice")
    (profile / "user").mkdir()
    (profile / "user" / "registrymodifications.xcu").write_text(ALWAYS_RECALCULATE, encoding="utf-8")

    def run(path: Path, *others: Path) -> openpyxl.Workbook:
        out = path.parent / "recalculated"
        command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx"]
        done = subprocess.run(
            [*command, "--outdir", out, path, *others], capture_output=True, text=True, timeout=300, check=True
        )
        assert (out / path.name).is_file(), done.stderr
        return openpyxl.load_workbook(out / path.name, data_only=True)

    return run


def read_rows(book: openpyxl.Workbook, name: str) -> list[Cells]:
    """Rows of a sheet below the headings, by block and heading; the rows above the schools have no code."""
    sheet = book[name]
    rows = list(sheet.iter_rows(values_only=True))
    block, keys = "", []
    for title, heading in zip(rows[BLOCK_ROW - 1], rows[HEADER_ROW - 1], strict=True):
        block = title or block
        keys.append((block, heading))
    assert len(set(keys)) == len(keys)
    return [dict(zip(keys, row, strict=True)) for row in rows[HEADER_ROW:]]


def find_errors(book: openpyxl.Workbook) -> list[str]:
    """Cells that hold an error such as #NAME?."""
    return [
        f"{sheet.title}!{cell.coordinate}: {cell.value}"
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith(("#", "Err:"))
    ]


def read_schools(book: openpyxl.Workbook, identified: Identified, methodology: Methodology):
    """Year, domain, school and row of every sheet of a group."""
    groups = identified.schools.dropna(subset="group")[["year", "group"]].drop_duplicates()
    for year, group in groups.itertuples(index=False):
        for domain in methodology.domains:
            name = f"{year} {group} {DOMAIN_WORDS[domain]}"
            for row in read_rows(book, name) if name in book.sheetnames else []:
                if row["Школа", "Код ОО"]:
                    yield year, domain, row["Школа", "Код ОО"], row


def find_differences(book: openpyxl.Workbook, identified: Identified, methodology: Methodology) -> list[str]:
    """What the workbook and the library say differently: one phrase per cell."""
    rows = {(year, school, domain): row for year, domain, school, row in read_schools(book, identified, methodology)}
    found = [*compare_indices(rows, identified, methodology), *compare_values(rows, identified, methodology)]
    return found + list(compare_lists(book, identified))


def compare_indices(rows: Mapping, identified: Identified, methodology: Methodology):
    expected = identified.indices.set_index(["year", "school_id", "domain"])
    assert len(expected) > 0
    assert set(expected.index) <= set(rows)
    for key, row in rows.items():
        titles = methodology.domains[key[2]].band_titles
        known = expected.loc[key] if key in expected.index else None
        pairs = {"Индекс": "index", "Полнота данных": "coverage", "Место (1 — наименьший индекс)": "rank"}
        for heading, column in pairs.items():
            wanted = known[column] if known is not None else (0.0 if column == "coverage" else None)
            yield from compare(key, heading, row["Итог", heading], wanted)
        band = titles[known["band"]] if known is not None and pd.notna(known["band"]) else None
        yield from compare(key, "band", row["Итог", "Группа по индексу"], band)


def compare_values(rows: Mapping, identified: Identified, methodology: Methodology):
    expected = identified.indicators.set_index(["year", "school_id", "indicator"])[["raw", "normalised"]].to_dict(
        "index"
    )
    seen = set()
    for (year, id_, domain), row in rows.items():
        for item in methodology.domains[domain].indicators:
            known = expected.get((year, id_, item.id), {})
            seen |= {(year, id_, item.id)} if known else set()
            gap = f"{item.short}: школа минус регион, {item.unit}"
            raw = row.get(("Показатели", gap if item.kind == "gap" else f"{item.short}, {item.unit}"))
            yield from compare((year, id_, item.id), "raw", raw, known.get("raw"))
            normalised = row.get(("Нормированные значения, 0…1", item.short))
            yield from compare((year, id_, item.id), "normalised", normalised, known.get("normalised"))
    assert seen == set(expected)


def compare_lists(book: openpyxl.Workbook, identified: Identified):
    columns = {"Результаты": "results_status", "Социальные условия": "social_status", "Оба списка": "joint"}
    columns |= {"ШНОР (ФИОКО)": "fioko_shnor", "Уровень ШНОР": "fioko_level"}
    for year, lists in identified.lists.groupby("year"):
        if lists[["results_status", "social_status"]].isna().all(axis=None) and f"Списки {year}" not in book.sheetnames:
            yield from compare_flags(book, lists)  # a year of ФИОКО's list alone
            continue
        rows = {row["Школа", "Код ОО"]: row for row in read_rows(book, f"Списки {year}")}
        assert set(rows) == set(lists["school_id"])
        for known in lists.to_dict("records"):
            for heading, column in columns.items():
                wanted = known[column]
                wanted = ("да" if wanted else "нет") if column == "fioko_shnor" and pd.notna(wanted) else wanted
                yield from compare(
                    (year, known["school_id"]), column, rows[known["school_id"]].get(("Списки", heading)), wanted
                )


def compare_flags(book: openpyxl.Workbook, lists: pd.DataFrame):
    rows = {(row["Школа", "Год"], row["Школа", "Код ОО"]): row for row in read_rows(book, "ФИОКО")}
    for known in lists.to_dict("records"):
        key = known["year"], known["school_id"]
        yield from compare(key, "fioko_shnor", rows[key]["Итог", "ШНОР"], "да" if known["fioko_shnor"] else "нет")


def compare(key: object, what: str, found: object, wanted: object):
    if pd.isna(wanted) or found in (None, ""):
        same = pd.isna(wanted) and found in (None, "")
    else:
        same = found == wanted if isinstance(wanted, str) else abs(found - wanted) <= CLOSE
    if not same:
        yield f"{key} {what}: {found}, а не {wanted}"


def check(tables, methodology, path, recalculate):
    identified = identify_schools(tables, methodology)
    write_audit(tables, identified, methodology, path)
    book = recalculate(path)
    assert find_errors(book) == []
    assert find_differences(book, identified, methodology) == []
    return book, identified


@pytest.fixture(scope="module")
def golden_tables(golden):
    return ingest_folder(golden, ROOT / "layouts").tables


@pytest.mark.parametrize("setting", SETTINGS)
def test_golden_region(golden_tables, methodologies, recalculate, tmp_path, setting):
    methodology = load_methodology(methodologies / "khabarovsk-2020.yml", **SETTINGS[setting])
    _, identified = check(golden_tables, methodology, tmp_path / "audit.xlsx", recalculate)
    assert identified.lists["results_status"].eq("ШНРО").sum() == (5 if setting == "expected_literal" else 9)


def test_school_left_out_the_year_before_is_judged_by_its_procedures_of_that_year(methodology, recalculate, tmp_path):
    """One low procedure in each of 2019 and 2020, left out in 2019: the second criterion, in the workbook as well."""
    built = region()
    schools, results = built["schools"], built["results"]
    schools.loc[(schools["school_id"] == "01") & (schools["year"] == 2019), "exclusion"] = "ремонт"
    built["results"] = results[(results["school_id"] != "01") | (results["subject"] == "математика")]
    identified = check(built, methodology, tmp_path / "audit.xlsx", recalculate)[1]
    own = identified.lists.set_index(["school_id", "year"]).loc["01", "fioko_shnor"]
    assert own.to_dict() == {2018: False, 2020: True}


@pytest.fixture(scope="module")
def shipped(golden_tables, methodologies, recalculate, tmp_path_factory):
    """Every shipped methodology: its id → methodology, what the library gives, the workbook recalculated in one go."""
    folder, made = tmp_path_factory.mktemp("shipped"), {}
    for source in (methodologies / f"{name}.yml" for name in SHIPPED):
        rules = load_methodology(source)
        identified = identify_schools(golden_tables, rules)
        write_audit(golden_tables, identified, rules, folder / f"{source.stem}.xlsx")
        made[source.stem] = rules, identified
    recalculate(*folder.glob("*.xlsx"))
    return folder / "recalculated", made


SHIPPED = [path.stem for path in list_methodologies(ROOT / "methodologies") if "participants" not in path.stem]
"""The reading that the workbook refuses by name is left out."""


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_methodology(shipped, name):
    folder, made = shipped
    methodology, identified = made[name]
    book = openpyxl.load_workbook(folder / f"{name}.xlsx", data_only=True)
    assert len(made) == len(SHIPPED) == 18
    assert find_errors(book) == []
    assert find_differences(book, identified, methodology) == []


def test_demonstration_region(demo_processed, methodology, recalculate, tmp_path):
    _, identified = check(read_contract(demo_processed), methodology, tmp_path / "audit.xlsx", recalculate)
    assert identified.lists["joint"].notna().any()


def vary(methodology: Methodology, kind: str) -> Methodology:
    """The methodology with another arithmetic, window or level."""
    indicators = methodology.domains["results"].indicators
    weights = {
        item.id: (1.0 + place % 3) / sum(1.0 + each % 3 for each in range(len(indicators)))
        for place, item in enumerate(indicators)
    }
    geometric = Aggregation(
        kind="geometric", weights_by="block", weights={"certificates": 0.1, "ege": 0.4, "oge": 0.3, "vpr": 0.2}
    )
    window = methodology.lists.window.model_copy(update={"years": {2021: (2018, 2020, 2021)}})
    levels = (FiokoLevel(name="базово", min_low_procedures=2), FiokoLevel(name="сильно", min_low_procedures=4))
    return {
        "spss": lambda: change_bands(methodology, cut="spss"),
        "floor": lambda: change_bands(methodology, cut="floor"),
        "ceil": lambda: change_bands(methodology, cut="ceil", share=0.3),
        "ties": lambda: change_bands(methodology, tolerance=0.009),
        "weights": lambda: change_rules(methodology, "results", aggregation=Aggregation(weights=weights)),
        "geometric": lambda: change_rules(methodology, "results", aggregation=geometric, min_coverage=0.9),
        "window": lambda: methodology.model_copy(
            update={"lists": methodology.lists.model_copy(update={"window": window})}
        ),
        "levels": lambda: methodology.model_copy(
            update={"fioko": methodology.fioko.model_copy(update={"levels": levels, "years": 3})}
        ),
        "pool": lambda: change_few(methodology, FewPupils(policy="pool", min_participants=12, years=3)),
        "few": lambda: change_few(methodology, FewPupils(policy="not_applicable", min_participants=12)),
        "few means": lambda: change_few(
            change_rules(methodology, "results", indicators=tuple(map(make_mean, indicators))),
            FewPupils(policy="pool", min_participants=12, years=2),
        ),
        "last years": lambda: change_lists(methodology, window=LAST_TWO, **ask(last=2)),
        "mean of last years": lambda: change_lists(methodology, window=LAST_TWO, **ask(mean=True)),
        "mean by spss": lambda: change_lists(change_bands(methodology, cut="spss"), **ask(mean=True)),
        "mean or lags": lambda: change_lists(methodology, **ask(mean=True, lags=1, at_least=2)),
        "ranked before the window": lambda: change_lists(methodology, window=window, **ask(ranked=True)),
        "means": lambda: change_rules(methodology, "results", indicators=tuple(map(make_mean, indicators))),
    }[kind]()


def change_few(methodology: Methodology, few: FewPupils) -> Methodology:
    """The methodology with another treatment of few pupils in both domains."""
    return change_rules(change_rules(methodology, "results", few_pupils=few), "social", few_pupils=few)


def change_lists(methodology: Methodology, **changes: object) -> Methodology:
    """The methodology with other lists."""
    return methodology.model_copy(update={"lists": methodology.lists.model_copy(update=changes)})


LAST_TWO = Window(length=2, policy="last_with_data", max_span=3)
"""Two years out of the last three, those of the school that have data."""


def ask(**conditions: object) -> dict[str, object]:
    """Lists of results and of conditions that ask for one of the conditions."""
    rule = WindowRule(title="новое", any_of=tuple(WindowCondition(**{key: value}) for key, value in conditions.items()))
    lists = {
        domain: (
            Status(status=f"{domain}: худшие", title="худшие", rule="new", band=band),
            Status(status=f"{domain}: иные", title="иные", rule="new", band="mid"),
        )
        for domain, band in (("results", "low"), ("social", "high"))
        if domain == "results" or "lags" not in conditions
    }
    return {"window_rules": {"new": rule}, "joint": (), "social": (), **lists}


def make_mean(item):
    """A mean instead of a gap."""
    if item.kind != "gap":
        return item
    return MeanIndicator(**item.model_dump(exclude={"kind", "threshold", "direction"}), kind="mean", direction="direct")


KINDS = [
    "spss",
    "floor",
    "ceil",
    "ties",
    "weights",
    "geometric",
    "window",
    "levels",
    "means",
    "pool",
    "few",
    "few means",
]
KINDS += ["few means", "last years", "mean of last years", "mean by spss", "mean or lags", "ranked before the window"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_arithmetic(golden_tables, methodology, recalculate, tmp_path, kind):
    changed = vary(methodology, kind).model_dump(by_alias=True)
    changed = Methodology.model_validate(
        changed | ({"social_rule": None} if "new" in changed["lists"]["window_rules"] else {})
    )
    _, identified = check(golden_tables, changed, tmp_path / "audit.xlsx", recalculate)
    plain = identify_schools(golden_tables, methodology)
    tables = ("indicators", "indices", "lists")
    assert any(not getattr(identified, name).equals(getattr(plain, name)) for name in tables), (
        "вариант ничего не меняет"
    )


@pytest.fixture
def written(golden_tables, methodology, tmp_path):
    """The golden workbook before recalculation, its path, and what the library says."""
    identified = identify_schools(golden_tables, methodology)
    path = tmp_path / "audit.xlsx"
    write_audit(golden_tables, identified, methodology, path)
    return openpyxl.load_workbook(path), path, identified


def test_a_changed_count_is_seen_everywhere(written, methodology, recalculate):
    book, path, identified = written
    sheet = book["2021 средние результаты"]
    block = next(cell.column for cell in sheet[BLOCK_ROW] if cell.value == "ОГЭ, русский язык, 9 класс")
    column = next(place for place in range(block, block + 9) if sheet.cell(HEADER_ROW, place).value == "Отметка «2»")
    cell = next(each[0] for each in sheet.iter_rows(9, None, column, column) if each[0].value == 0)
    cell.value = 1
    book.save(path)
    found = find_differences(recalculate(path), identified, methodology)
    school = sheet.cell(cell.row, 1).value
    assert f"(2021, '{school}', 'oge_rus_2') raw" in " ".join(found)
    assert f"(2021, '{school}', 'results') Индекс" in " ".join(found)
    assert not [phrase for phrase in found if phrase.startswith("(2018")]


def test_a_changed_parameter_moves_the_bands(written, methodology, recalculate):
    book, path, identified = written
    set_parameter(book, "Доля_группы_результаты", 0.4)
    set_parameter(book, "ФИОКО_доля", 101)
    book.save(path)
    recalculated = recalculate(path)
    assert find_errors(recalculated) == []
    assert find_differences(recalculated, identified, methodology)
    rows = read_rows(recalculated, "Границы групп")
    met = ("Границы по индексу", "Границы встретились: все в средней группе")
    wide = [row for row in rows if row["Где", "Индекс"] == methodology.domains["results"].title and row[met] == "нет"]
    assert len(wide) > 5
    assert {row["Сколько школ", "Доля крайней группы"] for row in wide} == {0.4}
    sizes = [int(0.4 * row["Сколько школ", "Ранжируемых школ"] + 0.5) for row in wide]
    assert [row["Вышло с учётом равных", "Школ с наименьшим индексом"] for row in wide] == sizes
    assert {row["Итог", "ШНОР"] for row in read_rows(recalculated, "ФИОКО")} == {"нет"}


def set_parameter(book: openpyxl.Workbook, name: str, value: float) -> None:
    """Write a named cell."""
    sheet, place = book.defined_names[name].attr_text.split("!")
    book[sheet.strip("'")][place.replace("$", "")] = value


def test_an_error_in_a_formula_is_found(written, recalculate):
    book, path, _ = written
    book["Границы групп"]["M4"] = "=НЕТТАКОЙ(1)"
    book.save(path)
    assert len(find_errors(recalculate(path))) == 1


def test_missing_stays_missing_and_text_stays_text(methodology, recalculate, tmp_path):
    name = '=HYPERLINK("x")'
    built = region(number=8)
    built["schools"] = table(
        "schools",
        [
            school(f"{place:02}", year, name=name, municipality="+Район'")
            for year in (2018, 2019, 2020)
            for place in range(1, 9)
        ],
    )
    built["results"].loc[built["results"]["school_id"] == "03", ["mark_2", "mark_4"]] = pd.NA
    built["results"].loc[built["results"]["school_id"] == "04", "participants"] = 0
    built["social"].loc[built["social"]["school_id"] == "05", "pupils"] = pd.NA
    book, identified = check(built, methodology, tmp_path / "audit.xlsx", recalculate)
    rows = {row["Школа", "Код ОО"]: row for row in read_rows(book, "2020 средние результаты")}
    assert rows["03"]["Показатели", "ОГЭ, русский язык: «2», %"] in (None, "")
    assert rows["01"]["Школа", "Наименование"] == name
    assert (identified.lists["year"] == 2020).sum() == 8


@pytest.mark.parametrize("number", [1, 2, 3, 5])
def test_few_schools(methodology, recalculate, tmp_path, number):
    check(region(number=number), methodology, tmp_path / "audit.xlsx", recalculate)
