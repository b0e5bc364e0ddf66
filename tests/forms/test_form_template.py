from pathlib import Path

import pytest
from builders_forms import ROOT, load_municipal
from builders_raw import LAYOUTS

from effschool.base.configuration import ConfigurationError
from effschool.base.schemas import CONTRACT, PROVENANCE, SCHOOL_TYPES
from effschool.forms.template import load_form
from effschool.intake.layouts import load_layouts

SOURCE = (ROOT / "forms" / "municipal.yml").read_text(encoding="utf-8")


def load_changed(folder: Path, old: str, new: str):
    assert old in SOURCE
    path = folder / "f.yml"
    path.write_text(SOURCE.replace(old, new, 1), encoding="utf-8")
    return load_form(path)


def test_form_asks_for_every_column_of_its_tables_by_the_headings_of_the_contract():
    contract = {layout.id: layout for layout in load_layouts(LAYOUTS)}
    for sheet in load_municipal().sheets:
        asked = {*sheet.headings, *sheet.keys}
        assert asked == set(CONTRACT[sheet.table].columns) - set(PROVENANCE)
        headings = {**load_municipal().keys, **sheet.headings}
        for layout in (contract[f"contract-{sheet.table}"], contract[f"form-{sheet.table}"]):
            assert all(layout.columns[name].accepts(headings[name]) is not None for name in asked)


def test_levels_are_given_for_every_type_of_school():
    (sheet,) = [sheet for sheet in load_municipal().sheets if sheet.levels]
    assert set(sheet.levels) == set(SCHOOL_TYPES)
    assert sheet.list_levels("основная") == ("ООО",)
    assert sheet.list_levels(None) == sheet.list_levels("неизвестный") == ("ООО", "СОО")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("id: municipal", "id: municipal\ncolour: red", "colour"),
        ("name: deviant", "name: deviants", "columns[2].name"),
        ("total: pupils\n    most: 10000", "total: deviants\n    most: 10000", "ожидался один из столбцов листа"),
        ("sheet: Аттестаты", "sheet: Социальные условия", "стоит дважды"),
        ("sheet: Аттестаты", "sheet: Аттестаты/2", "sheets[2].sheet"),
        ("most: 10000", "most: 0", "most"),
        ("level: Уровень}", "}", "keys"),
    ],
)
def test_fault_of_the_file_is_named(tmp_path, old, new, words):
    with pytest.raises(ConfigurationError, match=r"f\.yml") as caught:
        load_changed(tmp_path, old, new)
    assert words in str(caught.value)


def test_message_longer_than_excel_shows_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="hint"):
        load_changed(tmp_path, "Обучающиеся из неполных семей.", "о" * 256)
