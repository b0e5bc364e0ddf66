"""Reference of tables and keys (справочник), made from the schemas and models: docs/reference.md is written by it.

Run as `python -m effschool.lab.reference` (`make reference`); a test says when the file is out of date.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from effschool.base.schemas import CONTRACT, KEYS, PROVENANCE, ColumnSchema
from effschool.base.storage import write_text
from effschool.intake.corrections import list_headings
from effschool.intake.layouts import LayoutFile, load_layouts
from effschool.method.methodology import Methodology

ROOT = Path(__file__).resolve().parents[3]
FILE = ROOT / "docs" / "reference.md"
TYPES = {"int64": "целое", "Int64": "целое", "float64": "число", "str": "текст"}
PLAIN: dict[object, str] = {
    str: "текст",
    int: "целое",
    float: "число",
    bool: "true или false",
    Path: "путь",
    Any: "любое",
}
HEAD = """# Справочник: таблицы и ключи файлов настройки

Этот файл составлен по схемам и моделям программы (`make reference`), руками его не правят. Макет (`layouts`)
переводит файл в столбцы таблиц из первого раздела, методика называет эти столбцы в показателях. Как устроен макет,
словами сказано в [layouts.md](layouts.md), весь путь показывает `examples/minimal/`: 48 строк настроек. Пояснения к
ключам — из исходного текста программы, по-английски. Пустая клетка «Если нет» означает, что ключ обязателен.
"""


def write_reference(layouts: Path = ROOT / "layouts") -> str:
    """The whole text."""
    headings = list_headings(load_layouts(layouts))
    tables = [part for name in CONTRACT for part in describe_table(name, headings.get(name, {}))]
    parts = [HEAD, "## Таблицы\n", *tables]
    for title, model in (("Ключи макета", LayoutFile), ("Ключи методики", Methodology)):
        parts += [f"## {title}\n", *(part for found in walk_models(model) for part in describe_model(found))]
    return "\n".join(parts).rstrip() + "\n"


def describe_table(name: str, headings: dict[str, str]) -> list[str]:
    """Columns of a contract table: name, heading in the layouts that are there, what may stand in it."""
    own = {column: spec for column, spec in CONTRACT[name].columns.items() if column not in PROVENANCE}
    rows = [(f"`{column}`", headings.get(column, ""), *describe_column(spec)) for column, spec in own.items()]
    key = ", ".join(f"`{column}`" for column in KEYS[name])
    return [
        f"### Таблица `{name}`\n",
        f"Строку называют {key}.\n",
        lay_out_table(("Столбец", "Заголовок", "Тип", "Пустая ячейка", "Что допускается"), rows),
    ]


def describe_column(spec: ColumnSchema) -> tuple[str, str, str]:
    """Type, whether a cell may be blank, what the check expects."""
    expected = str(spec.check().error) if spec.check else ""
    return TYPES[spec.dtype], "можно" if spec.nullable else "ошибка", re.sub(r"^ожидал\w+ ", "", expected)


def walk_models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """A model and those inside it, each once, in the order in which they are met."""
    found = {model: None}
    queue = [model]
    while queue:
        inner = [each for field in queue.pop(0).model_fields.values() for each in find_models(field.annotation)]
        new = [each for each in dict.fromkeys(inner) if each not in found]
        found |= dict.fromkeys(new)
        queue += new
    return list(found)


def find_models(annotation: object) -> Iterator[type[BaseModel]]:
    """Models that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from find_models(inner)


def describe_model(model: type[BaseModel]) -> list[str]:
    """Keys of a model."""
    told = read_notes(model)
    rows = [
        (f"`{field.alias or name}`", describe_type(field.annotation), describe_default(field), told.get(name, ""))
        for name, field in model.model_fields.items()
    ]
    summary = re.split(r"\n\s*\n", (model.__doc__ or "").strip())[0]
    head = [f"### {model.__name__}\n", " ".join(summary.split()) + "\n"]
    return [*head, lay_out_table(("Ключ", "Что стоит", "Если нет", "Пояснение"), rows)]


def read_notes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstrings of a model and of those it is made from say of each key."""
    texts = [base.__doc__ or "" for base in reversed(model.__mro__) if issubclass(base, BaseModel)]
    found = [
        match for text in texts for match in re.finditer(r"^ {8}([a-z_, ]+): ((?:.|\n {9,})+)", text, re.MULTILINE)
    ]
    return {name.strip(): " ".join(match[2].split()) for match in found for name in match[1].split(",")}


def describe_type(annotation: object) -> str:
    """What an annotation lets stand, in words."""
    kind, inner = get_origin(annotation), get_args(annotation)
    if kind is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    told = [describe_type(each) for each in inner if each not in (type(None), Ellipsis)]
    if kind is Annotated:
        return describe_type(inner[0])
    if kind in (Union, UnionType):
        return " или ".join(dict.fromkeys(told))
    if kind is tuple:
        return f"список: {told[0]}" if inner[-1] is Ellipsis else f"[{', '.join(told)}]"
    return f"раздел: {' → '.join(told)}" if kind is dict else name_type(annotation)


def name_type(annotation: object) -> str:
    """A plain type in words, a model as a link to its keys."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return PLAIN.get(annotation, str(annotation))


def describe_default(field: FieldInfo) -> str:
    """What is taken where the key is not there; empty where it has to be."""
    if field.is_required():
        return ""
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return str(value).lower()
    return "ничего" if value in (None, (), {}, "") else "свои значения" if isinstance(value, BaseModel) else str(value)


def lay_out_table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines) + "\n"


if __name__ == "__main__":
    write_text(write_reference(), FILE)
