"""Files of rules (файлы правил): YAML read with the line of every value, merged, and faults said with their place.

A file may extend another one (`extends: name`, or a path to it from the file): sections are merged key by key, lists
of records with `id` record by record, an empty value removes the key, all else is replaced.
"""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from effschool.base.russian import count_words

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
"""Text that may not be empty or blank."""
Whole = Annotated[int, Field(ge=1, strict=True)]
Positive = Annotated[float, Field(gt=0, strict=True)]
Percent = Annotated[float, Field(gt=0, lt=100)]


class ConfigurationError(ValueError):
    """A file of rules cannot be used; the message is in Russian and names every fault."""


class RuleError(ValueError):
    """What a validator of a model says: a Russian phrase of what was expected, and where, relative to the model."""

    def __init__(self, expected: str, *at: str | int):
        super().__init__(expected)
        self.at = at


def refuse_doubled(ids: Sequence[str], *at: str) -> None:
    """Refuse a list in which an id stands twice.

    Raises:
        RuleError: a Russian phrase.
    """
    for place, name in enumerate(ids):
        if name in ids[:place]:
            raise RuleError("такой id уже есть, ожидался другой", *at, place, "id")


class Frozen(BaseModel):
    """Base of all models: unknown keys and infinite numbers are refused, values cannot be changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Entry:
    """A value with the place it came from.

    Args:
        value: a scalar, a list of entries or a dict of entries.
        file: name of the file; empty where a parameter of the call replaced what the file says.
        line: line of the key, or of the item of a list, counted from 1.
    """

    value: Any
    file: str
    line: int

    def strip(self) -> Any:
        """The bare value without places."""
        if isinstance(self.value, dict):
            return {key: entry.strip() for key, entry in self.value.items()}
        return [entry.strip() for entry in self.value] if isinstance(self.value, list) else self.value

    def find(self, part: str | int) -> "Entry | None":
        """The entry of a key or of a list's place; None where there is none."""
        if isinstance(self.value, dict):
            return next((entry for key, entry in self.value.items() if str(key) == str(part)), None)
        inside = isinstance(self.value, list) and isinstance(part, int) and part < len(self.value)
        return self.value[part] if inside else None


@dataclass(frozen=True)
class Fault:
    """One fault: the entry it is at, the path of keys to it, and a phrase of what is wrong and what was expected."""

    entry: Entry
    path: str
    text: str

    @property
    def message(self) -> str:
        """The whole sentence: file, line, key, what stood there, what was expected."""
        if not self.entry.file:
            return f"Параметр «{self.path}»: {self.text}."
        key = f", ключ «{self.path}»" if self.path else ""
        return f"Файл «{self.entry.file}», строка {self.entry.line}{key}: {self.text}."


LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The loader written in C, ten times as fast, where PyYAML was built with it."""


DEEPEST = 30
"""Levels of a file of rules, far more than any has; thousands would overflow the stack."""


LARGEST_FILE, MOST_VALUES = 5_000_000, 200_000
"""Bytes of a file of rules, and values in it, those counted that an alias repeats: far more than any has."""


def _compose(text: str, *, has_aliases: bool) -> tuple[yaml.SafeLoader, yaml.Node | None]:
    """The root of a YAML text and its loader; aliases are refused unless the file may have them, depths always."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or (isinstance(event, yaml.AliasEvent) and not has_aliases):
                reason = "depth" if depth > DEEPEST else "alias"
                raise yaml.composer.ComposerError(None, None, reason, event.start_mark)  # type: ignore[arg-type]
        loader = LOADER(text)
        return loader, loader.get_single_node()
    except (yaml.scanner.ScannerError, yaml.parser.ParserError):
        yaml.compose(text, Loader=yaml.SafeLoader)  # names the place more exactly
        raise


def read_entries(path: Path, kind: str, faults: list[Fault], *, has_aliases: bool = False) -> Entry:
    """Read a YAML file of keys; doubled keys are added to `faults`.

    Args:
        kind: what the file is, in the genitive, for messages: «методики».
        has_aliases: a value may be written once and referred to («&имя», «*имя», «<<: *имя»): of rules each stands in
            one place, of layouts many share their columns.

    Raises:
        ConfigurationError: no such file, not UTF-8, not YAML, or without keys.
    """
    name = f"Файл {kind} «{path.name}»"
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ConfigurationError(f"{name} больше {LARGEST_FILE // 1_000_000} МБ. Проверьте, тот ли это файл.")
        loader, node = _compose(path.read_text(encoding="utf-8"), has_aliases=has_aliases)
        _refuse_bomb(node, set(), [MOST_VALUES])
    except FileNotFoundError:
        raise ConfigurationError(f"{name} не найден в папке «{path.parent.name}».") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{name} записан не в кодировке UTF-8. Сохраните его заново в UTF-8.") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{name} не читается как YAML: {_say_syntax(error)}") from None
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{name} пуст или не содержит ключей верхнего уровня.")
    return _mark(node, Entry(None, path.name, 1), loader, faults, "")


def _refuse_bomb(node: yaml.Node | None, above: set[int], left: list[int]) -> None:
    """Refuse a file whose aliases make too many values of a few, or that holds itself; `left` is counted down."""
    left[0] -= 1
    if node is not None and (left[0] < 0 or id(node) in above):
        raise yaml.composer.ComposerError(None, None, "bomb", node.start_mark)
    if isinstance(node, yaml.CollectionNode):
        parts = (part for item in node.value for part in (item if isinstance(item, tuple) else (item,)))
        for part in parts:
            _refuse_bomb(part, above | {id(node)}, left)


def _say_syntax(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"ошибка в строке {mark.line + 1}, знак {mark.column + 1}" if mark else "в нём есть недопустимые знаки"
    if getattr(error, "problem", None) == "alias":
        return f"{place}: ссылки «*имя» не принимаются. Напишите значение целиком."
    if getattr(error, "problem", None) == "bomb":
        return f"{place}: ссылки «*имя» повторяют здесь слишком много значений. Напишите нужное целиком."
    if getattr(error, "problem", None) == "depth":
        return f"{place}: больше {DEEPEST} уровней одного в другом не бывает. Проверьте скобки и отступы."
    return f"{place}. Проверьте отступы, скобки, кавычки и двоеточия рядом с этим местом."


def _mark(node: yaml.Node, place: Entry, loader: yaml.SafeLoader, faults: list[Fault], path: str) -> Entry:
    if isinstance(node, yaml.MappingNode):
        return Entry(_mark_keys(node, place, loader, faults, path), place.file, place.line)
    if isinstance(node, yaml.SequenceNode):
        items = [(Entry(None, place.file, item.start_mark.line + 1), item) for item in node.value]
        marked = [_mark(item, at, loader, faults, f"{path}[{i}]") for i, (at, item) in enumerate(items, 1)]
        return Entry(marked, place.file, place.line)
    return Entry(_read_scalar(node, loader), place.file, place.line)


def _mark_keys(
    node: yaml.MappingNode, place: Entry, loader: yaml.SafeLoader, faults: list[Fault], path: str
) -> dict[Any, Entry]:
    entries: dict[Any, Entry] = {}
    shared: dict[Any, Entry] = {}
    for key_node, value_node in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge" and isinstance(value_node, yaml.MappingNode):
            shared |= _mark_keys(value_node, place, loader, faults, path)
            continue
        at = Entry(None, place.file, key_node.start_mark.line + 1)
        key = _read_scalar(key_node, loader)
        inner = f"{path}.{key}".lstrip(".")
        if key in entries:
            text = f"ключ повторяется, впервые он стоит в строке {entries[key].line}; оставьте один"
            faults.append(Fault(at, inner, text))
        else:
            entries[key] = _mark(value_node, at, loader, faults, inner)
    return shared | entries


PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str")}


def _read_scalar(node: yaml.Node, loader: yaml.SafeLoader) -> Any:
    """Value of a scalar; dates and anything without a plain meaning stay the text they are."""
    is_plain = isinstance(node, yaml.ScalarNode) and node.tag in PLAIN
    try:
        return loader.construct_object(node) if is_plain else str(node.value)
    except ValueError:  # a number of thousands of digits, or none at all
        return str(node.value)


Finish = Callable[[Entry, list[Fault]], Entry]


def read_extended(
    path: Path, kind: str, faults: list[Fault], finish: Finish, seen: Sequence[Path] = ()
) -> tuple[Entry, list[Path]]:
    """Entries of a file merged over those of the files it extends, and the files read, the given one first.

    Args:
        finish: what is to be done to the entries of every file after the merge.

    Raises:
        ConfigurationError: as `read_entries`, or the file extended does not exist or leads back to this one.
    """
    entry = read_entries(path, kind, faults)
    base = entry.value.pop("extends", None)
    if base is None:
        return finish(entry, faults), [path]
    found = Path(os.path.normpath(path.parent / f"{base.value}.yml"))
    seen = (*seen, path.resolve())
    _require_base(base, found, seen)
    below, files = read_extended(found, kind, faults, finish, seen)
    return finish(merge_entries(below, entry), faults), [path, *files]


def _require_base(base: Entry, found: Path, seen: Sequence[Path]) -> None:
    folder = found.parent.resolve().name
    text = f"стоит «{base.value}», ожидалось имя другого файла папки «{folder}» или путь к файлу, без .yml"
    if found.resolve() in seen:
        raise ConfigurationError(Fault(base, "extends", f"{text}; файлы ссылаются друг на друга").message)
    if not found.is_file():
        raise ConfigurationError(Fault(base, "extends", f"{text}; такого файла нет").message)


def merge_entries(base: Entry, over: Entry) -> Entry:
    """The base with what `over` says put over it."""
    if isinstance(base.value, dict) and isinstance(over.value, dict):
        merged = {key: entry for key, entry in base.value.items() if not _removes(over.value.get(key))}
        for key, entry in over.value.items():
            if not (key in base.value and _removes(entry)):
                merged[key] = merge_entries(merged[key], entry) if key in merged else entry
        return replace(over, value=merged)
    records, changes = _name_records(base), _name_records(over)
    if not records or not changes:
        return over
    return replace(
        over, value=[*merge_entries(replace(base, value=records), replace(over, value=changes)).value.values()]
    )


def _removes(entry: Entry | None) -> bool:
    return entry is not None and entry.value is None


def _name_records(entry: Entry) -> dict[Any, Entry]:
    """Records of a list by `id`; empty where it is no list of such records."""
    items = entry.value if isinstance(entry.value, list) else []
    named = {found.value: item for item in items if (found := item.find("id")) is not None}
    return named if len(named) == len(items) else {}


def read_rules(model: type[Model], path: Path, kind: str, *, has_aliases: bool = False) -> Model:
    """A file of rules as the model that says what it may hold; `kind` and `has_aliases` as in `read_entries`.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    faults: list[Fault] = []
    entry = read_entries(path, kind, faults, has_aliases=has_aliases)
    return validate_entries(model, entry, f"Файл {kind} «{path.name}»", faults)


def validate_entries(model: type[Model], entry: Entry, name: str, faults: Sequence[Fault]) -> Model:
    """The model made from entries.

    Args:
        name: beginning of the message: «Файл методики «a.yml»».
        faults: those found in reading.

    Raises:
        ConfigurationError: every fault with file, line and key.
    """
    try:
        made = model.model_validate(entry.strip())
    except ValidationError as error:
        found = [_describe(fault, entry, model) for fault in error.errors(include_url=False) if not _follows(fault)]
        raise_faults(name, [*faults, *found])
    raise_faults(name, faults)
    return made


def _follows(fault: ErrorDetails) -> bool:
    """Whether a list is called empty only because its items have faults of their own."""
    return fault["type"] == "too_short" and bool(fault["input"])


def raise_faults(name: str, faults: Sequence[Fault]) -> None:
    """Raise one error that names all the faults; nothing where there are none.

    Raises:
        ConfigurationError: there is a fault.
    """
    if faults:
        number = count_words(len(faults), "ошибка", "ошибки", "ошибок")
        raise ConfigurationError(
            "\n".join([f"{name} не принят: {number}.", *(f"— {fault.message}" for fault in faults)])
        )


def locate(entry: Entry, loc: Iterable[str | int], text: str) -> Fault:
    """Fault at the end of a path of keys; what is not there (a tag, a missing key) has its parent's place."""
    path = ""
    for part in loc:
        inner = entry.find(part)
        if inner is not None:
            path += _write_part(part, inner) if isinstance(entry.value, list) else f".{part}"
            entry = inner
    return Fault(entry, path.lstrip("."), text)


def _write_part(part: str | int, entry: Entry) -> str:
    name = entry.find("id")
    return f".{name.value}" if name and name.value else f"[{int(part) + 1}]"


_EXPECTED = {
    "literal_error": "ожидалось одно из значений: {expected}",
    "union_tag_invalid": "ожидалось одно из значений: {expected_tags}",
    "string_pattern_mismatch": "ожидались латинские строчные буквы, цифры и знаки: образец «{pattern}»",
    "too_short": "ожидался непустой список",
    "string_too_short": "ожидался непустой текст",
    "greater_than": "ожидалось число больше {gt}",
    "greater_than_equal": "ожидалось число не меньше {ge}",
    "less_than": "ожидалось число меньше {lt}",
    "less_than_equal": "ожидалось число не больше {le}",
    "float_parsing": "ожидалось число",
    "float_type": "ожидалось число",
    "finite_number": "ожидалось конечное число",
    "int_parsing": "ожидалось целое число",
    "int_type": "ожидалось целое число",
    "int_from_float": "ожидалось целое число",
    "bool_parsing": "ожидалось true или false",
    "bool_type": "ожидалось true или false",
    "string_type": "ожидался текст (число возьмите в кавычки)",
    "value_error": "{error}",
    "model_type": "ожидался раздел с ключами",
    "model_attributes_type": "ожидался раздел с ключами",
    "dict_type": "ожидался раздел с ключами",
    "tuple_type": "ожидался список",
    "date_type": "ожидалась дата вида «2026-05-31»",
    "date_parsing": "ожидалась дата вида «2026-05-31»",
    "date_from_datetime_parsing": "ожидалась дата вида «2026-05-31»",
    "date_from_datetime_inexact": "ожидалась дата вида «2026-05-31»",
}


def _describe(fault: ErrorDetails, entry: Entry, model: type[BaseModel]) -> Fault:
    context = fault.get("ctx", {})
    loc = (*fault["loc"], *getattr(context.get("error"), "at", ()))
    if fault["type"] == "missing":
        return _say_absent(entry, loc[:-1], str(loc[-1]))
    if fault["type"] == "union_tag_not_found":
        return _say_absent(entry, loc, context["discriminator"].strip("'"))
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_list_keys(model, loc[:-1]))
        return locate(entry, loc, f"такого ключа нет; допустимы: {known}")
    if fault["type"] == "union_tag_invalid":
        loc = (*loc, context["discriminator"].strip("'"))
    kind = "string_too_short" if fault["type"] == "string_type" and fault["input"] is None else fault["type"]
    expected = _EXPECTED.get(kind, fault["msg"]).format(**{k: _write(v) for k, v in context.items()})
    placed = locate(entry, loc, expected)
    return replace(placed, text=f"{_say_found(placed.entry)}{expected}")


def _say_absent(entry: Entry, loc: Iterable[str | int], key: str) -> Fault:
    placed = locate(entry, loc, "ключа нет, а он обязателен")
    return replace(placed, path=f"{placed.path}.{key}".lstrip("."))


def _say_found(entry: Entry) -> str:
    if isinstance(entry.value, dict | list):
        return ""
    if entry.value is None or not str(entry.value).strip():
        return "стоит пустое значение, "
    return f"стоит «{entry.value if isinstance(entry.value, float) else _write(entry.value)}», "


def _write(value: object) -> str:
    """A value as it is written in YAML, lists of allowed ones in guillemets."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    quoted = re.findall(r"'([^']*)'", str(value)) if str(value).startswith("'") else []
    return ", ".join(f"«{word}»" for word in quoted) or str(value).replace("True", "true")


def _list_keys(model: type[BaseModel], loc: Iterable[str | int]) -> list[str]:
    """Keys that the model at the end of a path has; a tag of a union chooses one of its models."""
    models = [model]
    for part in loc:
        inner = [found for kind in models for found in _find_models(_annotate(kind, part))]
        tagged = [
            kind for kind in models if any(part in get_args(item.annotation) for item in kind.model_fields.values())
        ]
        models = inner or tagged or models
    return list(dict.fromkeys(field.alias or name for kind in models for name, field in kind.model_fields.items()))


def _annotate(model: type[BaseModel], part: str | int) -> object:
    field = model.model_fields.get(str(part))
    return field.annotation if field else None


def _find_models(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in _find_models(inner)]
