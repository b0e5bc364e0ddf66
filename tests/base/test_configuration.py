import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from effschool.base.configuration import (
    ConfigurationError,
    Entry,
    Frozen,
    RuleError,
    locate,
    merge_entries,
    read_entries,
    validate_entries,
)


def read(folder, text, name="a.yml"):
    faults = []
    (folder / name).write_text(text, encoding="utf-8")
    return read_entries(folder / name, "правил", faults), faults


def mark(value):
    """Entries of a plain value, all in one place."""
    if isinstance(value, dict):
        return Entry({key: mark(inner) for key, inner in value.items()}, "a.yml", 1)
    return Entry([mark(inner) for inner in value], "a.yml", 1) if isinstance(value, list) else Entry(value, "a.yml", 1)


def merge(base, over):
    return merge_entries(mark(base), mark(over)).strip()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
SECTIONS = st.dictionaries(st.text(max_size=3), VALUES, max_size=4)


@given(SECTIONS)
def test_values_are_those_of_the_safe_loader(tmp_path_factory, content):
    text = yaml.safe_dump(content, allow_unicode=True)
    entry, faults = read(tmp_path_factory.mktemp("yaml"), text)
    assert entry.strip() == yaml.safe_load(text)
    assert not faults


def test_every_value_knows_its_line(tmp_path):
    entry, _ = read(tmp_path, "a:\n  b: 1\nc:\n  - 2\n  - {d: 3,\n     e: 4}\n")
    lines = {
        path: locate(entry, path, "").entry.line
        for path in [("a",), ("a", "b"), ("c", 0), ("c", 1, "d"), ("c", 1, "e")]
    }
    assert list(lines.values()) == [1, 2, 4, 5, 6]


def test_shared_values_are_those_of_the_safe_loader(tmp_path):
    text = "a: &a {b: 1, c: [2]}\nd: *a\ne:\n  <<: *a\n  b: 3\n"
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    faults = []
    entry = read_entries(tmp_path / "a.yml", "правил", faults, has_aliases=True)
    assert entry.strip() == yaml.safe_load(text)
    assert not faults
    assert locate(entry, ("e", "c"), "").entry.line == 1


def test_dates_stay_text(tmp_path):
    assert read(tmp_path, "a: 2023-03-13\nb: 2023-13-45")[0].strip() == {"a": "2023-03-13", "b": "2023-13-45"}


def test_doubled_keys_are_found_at_any_depth_and_the_first_value_stays(tmp_path):
    entry, faults = read(tmp_path, "a: 1\nb:\n  - {c: 1, c: 2}\na: 2\n")
    assert entry.strip() == {"a": 1, "b": [{"c": 1}]}
    assert [fault.message for fault in faults] == [
        "Файл «a.yml», строка 3, ключ «b[1].c»: ключ повторяется, впервые он стоит в строке 3; оставьте один.",
        "Файл «a.yml», строка 4, ключ «a»: ключ повторяется, впервые он стоит в строке 1; оставьте один.",
    ]


@pytest.mark.parametrize(
    ("base", "over", "expected"),
    [
        ({"a": 1, "b": {"c": 1, "d": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 1, "d": 3}}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"b": None}, {"a": 1, "b": None}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        (
            {"a": [{"id": "x", "b": 1, "c": 2}, {"id": "y"}]},
            {"a": [{"id": "z"}, {"id": "x", "c": 3}]},
            {"a": [{"id": "x", "b": 1, "c": 3}, {"id": "y"}, {"id": "z"}]},
        ),
        ({"a": [{"id": "x"}]}, {"a": []}, {"a": []}),
        ({"a": [{"id": "x"}]}, {"a": [{"b": 1}]}, {"a": [{"b": 1}]}),
    ],
)
def test_merge(base, over, expected):
    assert merge(base, over) == expected


@given(SECTIONS)
def test_merging_nothing_changes_nothing(content):
    assert merge(content, {}) == content


class Inner(Frozen):
    number: float

    def model_post_init(self, _context):
        if self.number > 9:
            raise RuleError("ожидалось число не больше 9", "number")


class Outer(Frozen):
    inner: dict[str, Inner]


def refuse(folder, text):
    entry, faults = read(folder, text)
    with pytest.raises(ConfigurationError) as caught:
        validate_entries(Outer, entry, "Файл правил «a.yml»", faults)
    return str(caught.value).split("\n— ")[1:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inner:\n  a: {number: .nan}", "строка 2, ключ «inner.a.number»: стоит «nan», ожидалось конечное число."),
        ("inner:\n  a: {number: 10}", "строка 2, ключ «inner.a.number»: стоит «10», ожидалось число не больше 9."),
        ("inner:\n  a: {number: 1, b: 2}", "строка 2, ключ «inner.a.b»: такого ключа нет; допустимы: number."),
        ("inner:\n  a:", "строка 2, ключ «inner.a»: стоит пустое значение, ожидался раздел с ключами."),
        ("b: 1\ninner: {}", "строка 1, ключ «b»: такого ключа нет; допустимы: inner."),
    ],
)
def test_faults_are_placed(tmp_path, text, expected):
    assert refuse(tmp_path, text) == [f"Файл «a.yml», {expected}"]


def test_missing_file_is_said_without_its_path(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        read_entries(tmp_path / "a.yml", "правил", [])
    assert str(caught.value) == f"Файл правил «a.yml» не найден в папке «{tmp_path.name}»."
