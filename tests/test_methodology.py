import copy
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from effschool.methodology import MethodologyError, find_methodology, load_methodology

FILES = sorted((ROOT / "methodologies").glob("*.yml"))
DEFAULT = ROOT / "methodologies" / "khabarovsk-2020.yml"


def results(content):
    return content["domains"]["results"]


def first(content):
    return results(content)["indicators"][0]


def refuse(tmp_path, change):
    """Message with which the default methodology is refused after `change` to its content."""
    content = copy.deepcopy(yaml.safe_load(DEFAULT.read_text(encoding="utf-8")))
    change(content)
    return refuse_text(tmp_path, yaml.safe_dump(content, allow_unicode=True))


def refuse_text(tmp_path, text):
    path = tmp_path / "wrong.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(MethodologyError) as caught:
        load_methodology(path)
    return str(caught.value)


IN_FIRST = "domains.results.indicators.0"
FAULTS = {
    "unknown key": (lambda c: c.update(extra=1), "— extra: лишний ключ, такого правила нет. Стоит «1»."),
    "missing key": (lambda c: c.pop("lists"), "— lists: нет обязательного ключа."),
    "direction": (
        lambda c: first(c).update(direction="up"),
        f"— {IN_FIRST}.share.direction: недопустимое значение, ожидалось одно из: 'direct' или 'inverse'. Стоит «up».",
    ),
    "kind": (
        lambda c: first(c).update(kind="sum"),
        f"— {IN_FIRST}: недопустимое значение, ожидалось одно из: 'share', 'mean', 'gap'.",
    ),
    "no kind": (
        lambda c: first(c).pop("kind"),
        f"— {IN_FIRST}: нет обязательного ключа, по которому определяется вид записи: 'kind'.",
    ),
    "unknown rule": (
        lambda c: c["lists"]["results"][0].update(rule="all4"),
        "— весь файл: правила окна не описаны: all4; описаны: all3, any2of3, last2, last2_or_all3, ranked_in_year.",
    ),
    "weights": (
        lambda c: results(c)["aggregation"].update(weights={"oge": 1}),
        "— domains.results: веса заданы для неизвестных показателей или блоков: oge.",
    ),
    "negative weight": (
        lambda c: results(c)["aggregation"].update(weights={"oge_rus_2": -1}),
        "— domains.results.aggregation.weights.oge_rus_2: ожидалось число не меньше 0.0. Стоит «-1».",
    ),
    "cut": (
        lambda c: results(c)["bands"].update(cut="round"),
        "— domains.results.bands.cut: недопустимое значение, "
        "ожидалось одно из: 'half_up', 'floor', 'ceil' или 'spss'. Стоит «round».",
    ),
    "share": (
        lambda c: results(c)["bands"].update(share=0.6),
        "— domains.results.bands.share: ожидалось число меньше 0.5. Стоит «0.6».",
    ),
    "doubled": (
        lambda c: results(c)["indicators"].append(first(c)),
        "— domains.results: показатели названы дважды: ege_no_certificate.",
    ),
    "doubled between domains": (
        lambda c: results(c)["indicators"].append(c["domains"]["social"]["indicators"][0]),
        "— весь файл: показатели названы в двух индексах: deviant.",
    ),
    "empty title": (lambda c: first(c).update(title=""), f"— {IN_FIRST}.share.title: пустая строка. Стоит «»."),
    "no social rule": (
        lambda c: c.pop("social_rule"),
        "— весь файл: статусы социальных условий ссылаются на social_rule, а он не задан.",
    ),
    "unknown social rule": (lambda c: c.update(social_rule="any"), "правила окна не описаны: any; описаны: all3,"),
    "column": (
        lambda c: first(c).update(count="mark_9"),
        f"— {IN_FIRST}.share: в таблице certificates нет столбцов: mark_9.",
    ),
    "filter": (
        lambda c: first(c)["rows"].update(subject=["физика"]),
        f"— {IN_FIRST}.share.rows: в таблице certificates нет столбцов: subject.",
    ),
    "column of ФИОКО": (
        lambda c: c["fioko"]["procedures"][0].update(count="mark_9"),
        "— fioko.procedures.0: в таблице results нет столбцов: mark_9.",
    ),
    "two conditions": (
        lambda c: c["lists"]["window_rules"]["all3"].update(any_of=[{"last": 2, "at_least": 3}]),
        "— lists.window_rules.all3.any_of.0: задайте ровно одно из условий at_least, last, ranked.",
    ),
    "window": (
        lambda c: c["lists"]["window"].update(years={2021: [2019, 2021]}),
        "— lists.window: в окне должно быть разных лет: 3; иначе у годов 2021.",
    ),
    "version": (lambda c: c.update(version=1.0), "— version: ожидалась строка. Стоит «1.0»."),
    "list for a section": (lambda c: c.update(domains=[]), "— domains: ожидался раздел с ключами."),
    "word for a list": (
        lambda c: results(c)["indicators"][1]["rows"].update(procedure="ЕГЭ"),
        "— domains.results.indicators.1.share.rows.procedure: ожидался список. Стоит «ЕГЭ».",
    ),
    "word for a number": (
        lambda c: results(c).update(min_coverage="половина"),
        "— domains.results.min_coverage: ожидалось число. Стоит «половина».",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_file_is_refused_with_its_place_and_reason(tmp_path, fault):
    change, expected = FAULTS[fault]
    message = refuse(tmp_path, change)
    assert message.startswith("Файл методики «wrong.yml» не принят.\n— ")
    assert expected in message


def test_all_faults_are_named_at_once(tmp_path):
    def change(content):
        content.pop("lists")
        first(content).update(title="", direction="up")

    assert refuse(tmp_path, change).count("\n— ") == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "Файл методики «wrong.yml» пуст или не содержит ключей верхнего уровня."),
        ("- 1", "Файл методики «wrong.yml» пуст или не содержит ключей верхнего уровня."),
        ("a: [1", "Файл методики «wrong.yml» не читается как YAML: "),
        (
            "id: я".encode("cp1251"),
            "Файл методики «wrong.yml» записан не в кодировке UTF-8. Сохраните его заново в UTF-8.",
        ),
    ],
)
def test_file_that_is_no_methodology_is_refused(tmp_path, text, expected):
    assert refuse_text(tmp_path, text).startswith(expected)


def test_file_may_begin_with_a_byte_order_mark(tmp_path):
    path = tmp_path / "a.yml"
    path.write_bytes(b"\xef\xbb\xbf" + DEFAULT.read_bytes())
    assert load_methodology(path).id == "khabarovsk-2020"


def test_unknown_name_lists_the_known_ones(methodologies):
    with pytest.raises(MethodologyError) as caught:
        load_methodology(find_methodology("habarovsk", methodologies))
    message = str(caught.value)
    assert message.startswith("Методики «habarovsk» нет. В папке «methodologies» есть: ")
    assert all(f"«{path.stem}»" in message for path in FILES)
    assert str(ROOT) not in message


def test_unknown_name_in_an_empty_folder(tmp_path):
    with pytest.raises(MethodologyError, match="есть: нет ни одной"):
        load_methodology(tmp_path / "a.yml")


def test_methodology_is_found_by_name_or_path(methodologies):
    assert find_methodology("khabarovsk-2020", methodologies) == DEFAULT
    assert find_methodology("other/a.yml", methodologies) == Path("other/a.yml")


def test_switches_replace_what_the_file_says():
    plain, switched = load_methodology(DEFAULT), load_methodology(DEFAULT, orientation="literal", social_rule="last2")
    assert (plain.orientation, plain.social_rule) == ("consistent", "any2of3")
    assert (switched.orientation, switched.social_rule) == ("literal", "last2")
    status = switched.lists.social[0]
    assert switched.find_rule(status) == switched.lists.window_rules["last2"]


@pytest.mark.parametrize("switch", [{"orientation": "reverse"}, {"social_rule": "any"}])
def test_unknown_switch_is_refused(switch):
    with pytest.raises(MethodologyError, match=r"Файл методики «khabarovsk-2020\.yml» не принят"):
        load_methodology(DEFAULT, **switch)


def test_methodology_cannot_be_changed(methodology):
    with pytest.raises(ValueError, match="frozen"):
        methodology.orientation = "literal"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_names_title_short_and_source(path):
    loaded = load_methodology(path)
    assert loaded.id == path.stem
    parts = [loaded, loaded.groups, loaded.lists, *loaded.domains.values(), *([loaded.fioko] if loaded.fioko else [])]
    assert all(part.source.strip() for part in parts)
    for indicator in loaded.indicators.values():
        assert indicator.title.strip()
        assert indicator.short.strip()
        assert indicator.block.strip()
    shorts = [indicator.short for indicator in loaded.indicators.values()]
    assert len(set(shorts)) == len(shorts)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_status_has_a_rule_and_every_joint_status_its_sides(path):
    loaded = load_methodology(path)
    for status in (*loaded.lists.results, *loaded.lists.social):
        assert loaded.find_rule(status).any_of
        assert status.title.strip()
    names = [{status.status for status in side} for side in (loaded.lists.results, loaded.lists.social)]
    for joint in loaded.lists.joint:
        assert set(joint.results) <= names[0]
        assert set(joint.social) <= names[1]


def test_default_methodology_has_the_indicators_of_the_document(methodology):
    sizes = {domain: len(rules.indicators) for domain, rules in methodology.domains.items()}
    assert sizes == {"results": 21, "social": 11}
    thresholds = {item.id: item.threshold for item in methodology.indicators.values() if item.kind == "gap"}
    assert thresholds == {
        "ege_rus_gap": 20,
        "ege_math_gap": 20,
        "ege_math_base_gap": 4,
        "oge_rus_gap": 1,
        "oge_math_gap": 1,
        "vpr_rus_gap": 1,
        "vpr_math_gap": 1,
    }
