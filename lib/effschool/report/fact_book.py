"""Facts of a report as JSON beside it (свод фактов): every table, sentence and figure with raw values as shown.

What a program needs of a report it takes from here; what a reader sees on the page is made from the same parts.
"""

import json
from collections.abc import Iterable, Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

import pandas as pd

from effschool.base.storage import write_text
from effschool.report.display import Chart, Figures, Table, Text
from effschool.report.facts import Fact, list_facts

Parts = Iterable[object]


def write_facts(parts: Parts, path: Path, title: str) -> None:
    """Write all the parts of a report that say something, in their order; the same parts give the same bytes."""
    facts = {"title": title, "parts": describe_parts(parts)}
    write_text(json.dumps(facts, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n", path)


def describe_parts(parts: Parts) -> list[dict[str, Any]]:
    """Facts of parts; those made of others, which have `parts`, are taken apart."""
    flat = [inner for part in parts for inner in getattr(part, "parts", (part,))]
    return [found for part in flat if (found := describe_part(part))]


@singledispatch
def describe_part(part: object) -> dict[str, Any]:
    """Facts of one part; nothing for what says nothing of the data."""
    return {}


@describe_part.register
def _describe_table(part: Table) -> dict[str, Any]:
    return {
        "kind": "table",
        "key": part.key,
        "title": _describe_text(part.title),
        "columns": [str(name) for name in part.frame],
        "headings": list(part.shown or map(str, part.frame)),
        "rows_on_page": len(part.frame) if part.first is None else part.first,
        "values": [[_plain(value) for value in row] for row in part.frame.itertuples(index=False)],
        "shown": part.list_rows(),
        "note": _describe_text(part.note),
        "legend": _describe_text(part.legend),
    }


@describe_part.register
def _describe_chart(part: Chart) -> dict[str, Any]:
    sentences = {"title": _describe_text(part.title), "sentence": _describe_text(part.sentence)}
    return {"kind": "chart", "key": part.key, **sentences, "table": _describe_table(part.table)}


@describe_part.register
def _describe_paragraphs(part: Text) -> dict[str, Any]:
    return {"kind": "text", "paragraphs": [_describe_text(text) for text in part.paragraphs]}


@describe_part.register
def _describe_figures(part: Figures) -> dict[str, Any]:
    names = ("label", "value", "comparison")
    items = [dict(zip(names, map(_describe_text, item), strict=True)) for item in part.items]
    return {"kind": "figures", "items": items}


def _describe_text(text: str) -> dict[str, Any]:
    """The text, and the figures in it in their order: what each is called, computed and shown."""
    return {"text": str(text), "figures": [_describe_fact(name, fact) for name, fact in list_facts(text)]}


def _describe_fact(name: str, fact: Fact) -> dict[str, Any]:
    return {"name": name, "value": _plain(fact.value), "shown": fact.shown}


def _is_missing(value: object) -> bool:
    return not isinstance(value, Sequence) and bool(pd.isna(value))


def _plain(value: object) -> object:
    """A value JSON can hold: missing is null, numbers are Python's."""
    if _is_missing(value):
        return None
    return value.item() if hasattr(value, "item") else value
