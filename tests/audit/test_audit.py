"""The audit workbook as it is written: formulas and values, names, refusals; numbers are in test_audit_libreoffice."""

import re
import zipfile
from xml.etree import ElementTree

import openpyxl
import pytest
from builders import change_bands, change_rules, region

from effschool.audit import formulas, write_audit
from effschool.audit.features import KNOWN, AuditError, find_unknown, require_known_features
from effschool.audit.formulas import WindowCells
from effschool.audit.grid import FormulaSheet, SheetNames
from effschool.audit.parameters import list_parameters
from effschool.intake.ingest import read_contract
from effschool.method.identify import identify_schools
from effschool.method.methodology import FewPupils, WindowCondition, list_methodologies, load_methodology

FUNCTIONS = set(
    "IF COUNT ISNUMBER SUM SUMPRODUCT AVERAGE MIN MAX SMALL INDEX MATCH INT ROUND AND OR N LN EXP".split()  # noqa: SIM905
)
"""Functions that every spreadsheet has had for twenty years; none is volatile."""


@pytest.fixture(scope="module")
def path(demo_processed, methodology, tmp_path_factory):
    tables = read_contract(demo_processed)
    path = tmp_path_factory.mktemp("audit") / "audit.xlsx"
    write_audit(tables, identify_schools(tables, methodology), methodology, path)
    return path


@pytest.fixture(scope="module")
def book(path):
    return openpyxl.load_workbook(path)


def list_formulas(book):
    return [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


def test_sheets(book, methodology):
    names = book.sheetnames
    assert names[:3] == ["Как читать", "Параметры", "Списки 2023"]
    assert {"ФИОКО", "Границы групп", "Средние по региону", "2022 средние результаты", "2022 основные условия"} <= set(
        names
    )
    assert all(len(name) <= 31 for name in names)
    assert all(sheet.freeze_panes for sheet in book)
    assert set(book.defined_names) == {parameter.name for parameter in list_parameters(methodology)}


def test_formulas_use_old_functions_and_known_names_only(book):
    found = list_formulas(book)
    assert len(found) > 5000
    bare = [re.sub(r"'[^']*'|\"[^\"]*\"", "", formula) for formula in found]
    assert {name for formula in bare for name in re.findall(r"([A-Za-z.]+)\(", formula)} <= FUNCTIONS
    assert not [formula for formula in bare if ";" in formula or "[" in formula]
    words = {word for formula in bare for word in re.findall(r"[А-Яа-яЁё]\w*", formula)}
    assert words <= set(book.defined_names)
    assert max(map(len, found)) < 8192


def test_every_parameter_is_used(book):
    text = "\n".join(list_formulas(book))
    unused = {name for name in book.defined_names if not re.search(rf"(?<!\w){name}(?!\w)", text)}
    assert unused == {"Правило_last2_or_all3_2"}


def test_only_raw_counts_and_names_are_values(book):
    sheet = book["2022 средние результаты"]
    values = {sheet.cell(3, cell.column).value for cell in sheet[sheet.max_row] if cell.data_type == "n" and cell.value}
    assert values <= {
        "Участников",
        *(f"Отметка «{mark}»" for mark in (2, 3, 4, 5)),
        "Ниже порога",
        "80 и выше",
        "№",
    } | {
        "Средний балл в файле",
        "Выпускников",
        "Без аттестата",
    }
    sources = [cell.value for cell in sheet[sheet.max_row] if sheet.cell(3, cell.column).value == "Источник"]
    assert "results.csv, строка " in "".join(filter(None, sources))


def test_no_link_outside_no_macro_and_valid_xml(path):
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert not [name for name in names if "external" in name.lower() or "vba" in name.lower()]
        for name in names:
            if name.endswith((".xml", ".rels")):
                ElementTree.fromstring(archive.read(name))
        relations = b"".join(archive.read(name) for name in names if name.endswith(".rels"))
    assert b"External" not in relations


def test_same_input_same_bytes(methodology, tmp_path):
    tables = region()
    identified = identify_schools(tables, methodology)
    for name in ("one.xlsx", "two.xlsx"):
        write_audit(tables, identified, methodology, tmp_path / name)
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_unknown_features_are_refused_by_name(methodology, tmp_path):
    few = FewPupils.model_construct(policy="borrow", min_participants=5, years=3)
    window = methodology.lists.window.model_copy(update={"policy": "any"})
    cases = {
        "domains.results.few_pupils.policy: borrow": change_rules(methodology, "results", few_pupils=few),
        "lists.window.policy: any": methodology.model_copy(
            update={"lists": methodology.lists.model_copy(update={"window": window})}
        ),
        "domains.results.bands.cut: banker": change_bands(methodology, cut="banker"),
    }
    for name, changed in cases.items():
        with pytest.raises(AuditError, match=f"нет формул: {re.escape(name)}"):
            write_audit(region(), identify_schools(region(), methodology), changed, tmp_path / "audit.xlsx")
    assert not list(tmp_path.iterdir())


def test_of_the_shipped_methodologies_only_one_reading_is_refused(methodologies):
    rules = [load_methodology(path) for path in list_methodologies(methodologies)]
    refused = {item.id: list(find_unknown(item, "")) for item in rules if list(find_unknown(item, ""))}
    assert set(refused) == {"khabarovsk-2020-participants", "khabarovsk-2020-participants-no-vpr"}
    assert all("certificate_total: participants" in found for found in refused.values())


def test_year_in_which_a_listed_school_was_left_out_is_on_the_federal_sheet(methodology, tmp_path):
    built = region()
    left_out = (built["schools"]["school_id"] == "01") & (built["schools"]["year"] == 2019)
    built["schools"].loc[left_out, "exclusion"] = "ремонт"
    path = tmp_path / "audit.xlsx"
    write_audit(built, identify_schools(built, methodology), methodology, path)
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(path)["ФИОКО"].iter_rows()]
    own = next(row for row in rows if row[:2] == [2019, "01"])
    assert own[4] is None
    assert any(str(value).startswith("=100*") for value in own)


def test_known_features_pass_and_a_forgotten_key_would_not(methodology, monkeypatch):
    require_known_features(methodology)
    monkeypatch.setitem(KNOWN, "BandRules", {"cut", "tolerance"})
    assert list(find_unknown(methodology, "")) == [
        "domains.results.bands.share: 0.25",
        "domains.social.bands.share: 0.25",
    ]


def test_bands_with_equal_titles_are_refused(methodology, tmp_path):
    changed = change_rules(methodology, "social", band_titles={"low": "а", "mid": "А", "high": "б"})
    with pytest.raises(AuditError, match="группы названы одинаково"):
        write_audit(region(), identify_schools(region(), methodology), changed, tmp_path / "audit.xlsx")


def test_sheet_names_are_valid_and_unique():
    names = SheetNames("Как читать")
    long = "2021 очень длинное название группы: один/два результаты"
    taken = [names.take(name) for name in (long, long, "как читать", "'а'")]
    assert len({name.casefold() for name in taken}) == 4
    assert all(len(name) <= 31 and not re.search(r"[\[\]:*?/\\]|^'|'$", name) for name in taken)
    assert taken[2] == "как читать 2"


def test_references():
    grid = FormulaSheet("2021 д'Арк", "", ["01", "02"], ("Порог",))
    grid.add_value("id", "Код", "Текст", str)
    grid.add_value("x", "Икс", "Текст", str)
    assert grid.cell("x", "02") == "B6"
    assert grid.edge("x", "Порог") == "$B$4"
    assert grid.column("x") == "$B$5:$B$6"
    assert grid.see("A1") == "'2021 д''Арк'!A1"
    assert [grid.follows(id_) for id_ in grid.ids] == [None, "01"]


def test_formulas():
    assert formulas.pool_share([("A1", "B1")]) == '=IF(COUNT(A1,B1)=2,IF(B1>0,100*A1/B1,""),"")'
    assert formulas.pool_mean([("A1", "B1")]) == '=IF(COUNT(A1,B1)=2,IF(B1>0,A1,""),"")'
    assert formulas.quote('«а» "б"') == '"«а» ""б"""'
    tests = [("A1=1", '"а"'), ("A1=2", '"б"')]
    assert formulas.first_that_fits(tests) == 'IF(A1=1,"а",IF(A1=2,"б",""))'
    cells = WindowCells(["A1", "B1", "C1"], "Д!C1", "E1", "F1")
    assert formulas.satisfy(cells, '"н"', WindowCondition(last=2), "Х") == 'SUMPRODUCT(--(B1:C1="н"))=2'
    assert formulas.satisfy(cells, None, WindowCondition(at_least=2), "Х") == 'SUMPRODUCT(--(A1:C1<>""))>=Х'
    assert formulas.satisfy(cells, '"н"', WindowCondition(ranked=True), "Х") == 'Д!C1<>""'
    assert formulas.satisfy(cells, '"н"', WindowCondition(mean=True), "Х") == 'E1="н"'
    assert formulas.satisfy(cells, None, WindowCondition(lags=2), "Х") == "N(F1)>=Х"
    assert formulas.satisfy(WindowCells(["A1"], None), None, WindowCondition(ranked=True), "Х") == "FALSE"
    assert formulas.take_last("A1:C1", 3, 0) == (
        '=IF(SUMPRODUCT(LARGE((A1:C1<>"")*{1,2,3},1))>0,INDEX(A1:C1,SUMPRODUCT(LARGE((A1:C1<>"")*{1,2,3},1))),"")'
    )
    assert formulas.take_last("A1:C1", 3, 3) == '=""'
    few = formulas.treat_few([("A1", "B1"), ("C1", "D1")], "Мало", "100*", is_pooled=True)
    assert few == '=IF(B1>0,IF(B1<Мало,100*(A1+C1)/(B1+D1),100*A1/B1),"")'
    assert formulas.treat_few([("A1", "B1")], "Мало", "", is_pooled=False) == '=IF(B1>0,IF(B1<Мало,"",A1/B1),"")'
