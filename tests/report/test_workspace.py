from dataclasses import fields

import pandas as pd
import pytest

from effschool.base.configuration import ConfigurationError
from effschool.report.workspace import (
    Region,
    load_dynamics,
    load_identified,
    load_region,
    load_used_methodology,
    load_workspace,
    save_dynamics,
    save_identified,
    save_region,
)


def test_what_is_saved_is_read_back(demo, tmp_path):
    save_identified(demo.identified, demo.methodology, tmp_path)
    save_dynamics(demo.dynamics, tmp_path)
    for saved, read in ((demo.identified, load_identified(tmp_path)), (demo.dynamics, load_dynamics(tmp_path))):
        for item in fields(saved):
            pd.testing.assert_frame_equal(getattr(saved, item.name), getattr(read, item.name))
    assert load_used_methodology(tmp_path) == demo.methodology


def test_switches_are_kept_with_the_tables(demo, tmp_path):
    literal = demo.methodology.model_copy(update={"orientation": "literal"})
    save_identified(demo.identified, literal, tmp_path)
    assert load_used_methodology(tmp_path).orientation == "literal"


def test_region_card_is_read_and_kept(tmp_path):
    card = tmp_path / "region.yml"
    card.write_text("name: Край\ndemonstration: true\n", encoding="utf-8")
    region = load_region(card)
    assert (region.name, region.demonstration) == ("Край", True)
    save_region(region, tmp_path)
    assert Region.model_validate_json((tmp_path / "region.json").read_text(encoding="utf-8")) == region


def test_region_without_a_card_has_a_plain_name(tmp_path):
    assert load_region(tmp_path / "region.yml") == Region()
    for text in ("", "# name: Край\n"):
        (tmp_path / "region.yml").write_text(text, encoding="utf-8")
        assert load_region(tmp_path / "region.yml") == Region()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nnme: Край", "строка 2, ключ «nme»"),
        ("demonstration: может быть", "строка 1, ключ «demonstration»"),
        ("- список", "не содержит ключей"),
        ("name: [", "не читается как YAML"),
        ("name: &a x\ndata_source: *a", "ссылки «\\*имя» не принимаются"),
        ("name: " + "[" * 5000 + "]" * 5000, "больше 30 уровней"),
    ],
)
def test_wrong_card_is_refused_by_line(tmp_path, text, told):
    (tmp_path / "region.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=told):
        load_region(tmp_path / "region.yml")


def test_stage_that_was_not_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="02_identify"):
        load_used_methodology(tmp_path)
    with pytest.raises(FileNotFoundError, match="make report"):
        load_identified(tmp_path)


def test_folder_without_stages_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="make report"):
        load_workspace(tmp_path)


def test_two_municipalities_cannot_have_the_same_tile(tmp_path):
    card = tmp_path / "region.yml"
    card.write_text("tiles: {А: [1, 2], Б: [2, 2]}\n", encoding="utf-8")
    assert load_region(card).tiles == {"А": (1, 2), "Б": (2, 2)}
    card.write_text("tiles: {А: [1, 2], Б: [1, 2]}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"занято дважды: «А» и «Б»"):
        load_region(card)
