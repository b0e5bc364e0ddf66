"""What of a methodology the audit workbook can write as formulas; anything else is refused by name."""

from collections.abc import Iterator

from pydantic import BaseModel

from effschool.method.methodology import Methodology

_INDICATOR = {"id", "title", "short", "block", "direction", "rows", "kind", "unit"}
KNOWN = {
    "Methodology": {
        "id",
        "title",
        "version",
        "source",
        "orientation",
        "social_rule",
        "doubtful",
        "groups",
        "domains",
        "lists",
        "fioko",
    },
    "GroupsByType": {"by", "names", "left_out", "readings", "reading", "left_out_note", "source"},
    "GroupsByExams": {"by", "names", "other", "left_out_note", "source"},
    "ProcedureGroup": {"name", "exams"},
    "DomainRules": {
        "title",
        "better",
        "band_titles",
        "band_marks",
        "min_coverage",
        "aggregation",
        "bands",
        "few_pupils",
        "indicators",
        "source",
    },
    "Aggregation": {"kind", "weights_by", "weights"},
    "BandRules": {"share", "cut", "tolerance"},
    "FewPupils": {"policy", "min_participants", "years"},
    "ShareIndicator": _INDICATOR | {"count", "total", "participants_of"},
    "MeanIndicator": _INDICATOR | {"scale"},
    "GapIndicator": _INDICATOR | {"scale", "threshold"},
    "Rows": {"table", "procedure", "subject", "grade", "level", "condition"},
    "Lists": {"window", "window_rules", "results", "social", "joint", "source"},
    "Window": {"length", "years", "policy", "max_span"},
    "WindowRule": {"title", "any_of"},
    "WindowCondition": {"at_least", "last", "ranked", "mean", "lags"},
    "Status": {"status", "title", "rule", "band"},
    "JointStatus": {"status", "results", "social"},
    "Fioko": {
        "title",
        "low_share_pct",
        "min_low_procedures",
        "min_low_procedures_each_year",
        "years",
        "levels",
        "procedures",
        "source",
    },
    "FiokoLevel": {"name", "min_low_procedures"},
    "FiokoProcedure": {"id", "title", "rows", "count"},
}
"""Keys of every model that formulas are made for, or that change no number."""
ARITHMETIC = {
    ("Aggregation", "kind"): ("arithmetic", "geometric"),
    ("BandRules", "cut"): ("half_up", "floor", "ceil", "spss"),
    ("FewPupils", "policy"): ("as_is", "not_applicable", "pool"),
    ("Window", "policy"): ("consecutive", "last_with_data"),
}
"""Choices that formulas are made for."""
_BESIDE = ("thresholds", "certainty", "dynamics", "partners", "effects", "clusters", "doubt")
CHANGES_NO_NUMBER = {("Methodology", name) for name in _BESIDE}
"""Keys with models inside that change no list: sources of ready-made counts, and what is told beside the lists.

Years that `doubtful` leaves out are left out of the tables before the workbook is made of them (`load_counted`)."""


class AuditError(ValueError):
    """The workbook cannot be made; the message is in Russian and names the rule."""


def require_known_features(methodology: Methodology) -> None:
    """Refuse a methodology that uses a rule without formulas here: a wrong workbook is worse than none.

    A key that the workbook does not know does no harm while it has its default value.

    Raises:
        AuditError: names every such key and its value.
    """
    unknown = sorted(set(find_unknown(methodology, "")))
    if unknown:
        raise AuditError(
            f"Книга для проверки не составлена: в методике «{methodology.id}» есть правила, для которых в ней нет "
            f"формул: {'; '.join(unknown)}. Составьте книгу по методике без этих правил."
        )


def find_unknown(model: BaseModel, place: str) -> Iterator[str]:
    """Places of a model and of all models in it that the workbook does not know: «путь: значение»."""
    kind = type(model).__name__
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        path = f"{place}.{name}".lstrip(".")
        choices = ARITHMETIC.get((kind, name))
        known = name in KNOWN.get(kind, set()) and (choices is None or value in choices)
        if (kind, name) in CHANGES_NO_NUMBER:
            continue
        if known:
            yield from _look_inside(value, path)
        elif value != field.get_default(call_default_factory=True):
            yield f"{path}: {_say_value(value)}"


def _look_inside(value: object, path: str) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from find_unknown(value, path)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _look_inside(inner, f"{path}.{key}")
    elif isinstance(value, tuple):
        for number, inner in enumerate(value, start=1):
            yield from _look_inside(inner, f"{path}.{number}")


def _say_value(value: object) -> str:
    if isinstance(value, BaseModel):
        return ", ".join(f"{key} = {inner}" for key, inner in value.model_dump(exclude_defaults=True).items())
    return str(value)
