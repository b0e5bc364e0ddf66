"""A methodology changed by a few choices (выбор в лаборатории правил), and the same as a file that the batch takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from slugify import slugify

from effschool.base.russian import join_words
from effschool.base.storage import replace_when_done
from effschool.method.indices import weigh_indicators
from effschool.method.methodology import (
    Aggregation,
    CertificateTotal,
    GapIndicator,
    GroupsByType,
    Indicator,
    Methodology,
    MethodologyError,
    Orientation,
    WindowRule,
    load_methodology,
)

VPR = "ВПР"


@dataclass(frozen=True)
class PanelChoice:
    """What can be chosen.

    Args:
        rule: window rule of the first list of results, social_rule: that of conditions; None where there is none.
        share, cut: how the bands of both indices are cut.
        kind: mean of the indicators of results.
        groups: reading of the groups of schools, certificate_total: of the shares without a certificate; None where the
            methodology has no such switch.
        with_vpr: whether indicators of ВПР and procedures of ФИОКО's rule count.
        weights: weight by block of indicators of results, in any unit; empty leaves those of the file.
    """

    orientation: Orientation
    rule: str
    social_rule: str | None
    share: float
    cut: str
    kind: str
    with_vpr: bool = True
    weights: Mapping[str, float] = field(default_factory=dict)
    groups: str | None = None
    certificate_total: CertificateTotal = "graduates"


def read_choice(methodology: Methodology) -> PanelChoice:
    """The choice that a methodology itself makes."""
    results = methodology.domains["results"]
    return PanelChoice(
        methodology.orientation,
        next((status.rule for status in methodology.lists.results), ""),
        methodology.social_rule,
        results.bands.share,
        results.bands.cut,
        results.aggregation.kind,
        has_vpr(methodology),
        groups=methodology.groups.reading if isinstance(methodology.groups, GroupsByType) else None,
        certificate_total=methodology.certificate_total,
    )


def has_vpr(methodology: Methodology) -> bool:
    """Whether a methodology counts ВПР at all."""
    return any(_is_vpr(item) for item in methodology.indicators.values())


def _is_vpr(item: Indicator) -> bool:
    return item.rows.procedure == (VPR,)


def has_gaps(methodology: Methodology) -> bool:
    """Whether the reading of lags matters."""
    return any(isinstance(item, GapIndicator) for item in methodology.indicators.values())


def list_rules(methodology: Methodology, name: str) -> dict[str, str]:
    """Window rules by title that a status of a band may have, the given one among them."""
    rules = methodology.lists.window_rules
    return {rule.title: key for key, rule in rules.items() if key == name or _counts_years(rule)}


def _counts_years(rule: WindowRule) -> bool:
    return all(condition.at_least or condition.last for condition in rule.any_of)


def list_blocks(methodology: Methodology, *, with_vpr: bool) -> list[str]:
    """Blocks of the index of results."""
    items = methodology.domains["results"].indicators
    return list(dict.fromkeys(item.block for item in items if with_vpr or not _is_vpr(item)))


BLOCKS = {"certificates": "аттестаты", "social": "условия", "conditions": "условия"}


def name_blocks(methodology: Methodology) -> dict[str, str]:
    """What the blocks of the index of results are called: by their exams; by their own name where these are shared."""
    items = methodology.domains["results"].indicators
    kinds: dict[str, dict[str, None]] = {}
    for item in items:
        exams = item.rows.procedure or (BLOCKS.get(item.rows.table, item.block),)
        kinds.setdefault(item.block, {}).update(dict.fromkeys(exams))
    titles = {block: join_words(names) for block, names in kinds.items()}
    shared = [title for title in titles.values() if list(titles.values()).count(title) > 1]
    return {block: block if title in shared else title for block, title in titles.items()}


def weigh_blocks(methodology: Methodology) -> dict[str, float]:
    """Weight of every block of the index of results in per cent, as the methodology itself has it."""
    rules = methodology.domains["results"]
    weights, total = weigh_indicators(rules), sum(weigh_indicators(rules).values())
    blocks = list_blocks(methodology, with_vpr=True)
    own = {block: sum(weights[item.id] for item in rules.indicators if item.block == block) for block in blocks}
    return {block: 100 * weight / total for block, weight in own.items()}


def apply_choice(methodology: Methodology, choice: PanelChoice) -> Methodology:
    """The methodology with the choice made; what is chosen as it stands changes nothing."""
    changes, own = describe_changes(methodology, choice), methodology
    for domain, rules in methodology.iterate_domains():
        kept = tuple(item for item in rules.indicators if choice.with_vpr or not _is_vpr(item))
        given = changes.get("domains", {}).get(domain, {})
        update: dict[str, Any] = {"indicators": kept} if len(kept) < len(rules.indicators) else {}
        update |= {"bands": rules.bands.model_copy(update=given["bands"])} if "bands" in given else {}
        update |= {"aggregation": Aggregation(**_merge(rules.aggregation, given))} if "aggregation" in given else {}
        own = own.model_copy(update={"domains": {**own.domains, domain: rules.model_copy(update=update)}})
    if own.fioko and not choice.with_vpr:
        procedures = tuple(item for item in own.fioko.procedures if item.rows.procedure != (VPR,))
        own = own.model_copy(update={"fioko": own.fioko.model_copy(update={"procedures": procedures})})
    statuses = own.lists.results
    first = tuple(status.model_copy(update={"rule": choice.rule}) for status in statuses[:1])
    lists = own.lists.model_copy(update={"results": (*first, *statuses[1:])})
    groups = own.groups.model_copy(update={"reading": choice.groups} if choice.groups else {})
    switches = {"orientation": choice.orientation, "social_rule": choice.social_rule, "groups": groups}
    return own.model_copy(update={"lists": lists, "certificate_total": choice.certificate_total, **switches})


def _merge(aggregation: Aggregation, given: Mapping[str, Any]) -> dict[str, Any]:
    return aggregation.model_dump() | given["aggregation"]


def describe_changes(methodology: Methodology, choice: PanelChoice) -> dict[str, Any]:
    """What the choice changes, as sections of a methodology file that extends the methodology's own."""
    own = read_choice(methodology)
    changes: dict[str, Any] = {}
    if choice.orientation != own.orientation:
        changes["orientation"] = choice.orientation
    if choice.social_rule != own.social_rule:
        changes["social_rule"] = choice.social_rule
    if choice.certificate_total != own.certificate_total:
        changes["certificate_total"] = choice.certificate_total
    if choice.groups != own.groups:
        changes["groups"] = {"reading": choice.groups}
    if own.with_vpr and not choice.with_vpr:
        changes["without"] = _leave_vpr(methodology)
    domains = {domain: _change_domain(methodology, domain, choice) for domain in methodology.domains}
    if any(domains.values()):
        changes["domains"] = {domain: given for domain, given in domains.items() if given}
    if choice.rule != own.rule:
        statuses = [status.model_dump(exclude_none=True) for status in methodology.lists.results]
        changes["lists"] = {"results": [statuses[0] | {"rule": choice.rule}, *statuses[1:]]}
    return changes


def _leave_vpr(methodology: Methodology) -> dict[str, list[str]]:
    names = [name for name, item in methodology.indicators.items() if _is_vpr(item)]
    procedures = methodology.fioko.procedures if methodology.fioko else ()
    held = any(item.rows.procedure == (VPR,) for item in procedures)
    return {"indicators": names, **({"procedures": [VPR]} if held else {})}


def _change_domain(methodology: Methodology, domain: str, choice: PanelChoice) -> dict[str, Any]:
    own, given = read_choice(methodology), dict[str, Any]()
    bands = {"share": choice.share, "cut": choice.cut}
    if bands != {"share": own.share, "cut": own.cut}:
        given["bands"] = bands
    if domain != "results":
        return given
    aggregation: dict[str, Any] = {"kind": choice.kind} if choice.kind != own.kind else {}
    if weights := share_weights(methodology, choice):
        aggregation |= {"weights_by": "block", "weights": weights}
    return given | ({"aggregation": aggregation} if aggregation else {})


def share_weights(methodology: Methodology, choice: PanelChoice) -> dict[str, float]:
    """Weights of the blocks that are there, summing to 1; empty where none were chosen.

    Raises:
        ValueError: all weights are zero, or a block has none.
    """
    if not choice.weights:
        return {}
    blocks = list_blocks(methodology, with_vpr=choice.with_vpr)
    total = sum(choice.weights[block] for block in blocks)
    if not all(choice.weights[block] > 0 for block in blocks):
        raise ValueError("Вес каждого блока должен быть больше нуля. Чтобы не учитывать ВПР, снимите отметку «с ВПР».")
    return {block: choice.weights[block] / total for block in blocks}


def save_choice(methodology: Methodology, choice: PanelChoice, title: str, folder: Path) -> Path:
    """Write the choice as a methodology file beside that which it extends; it must be one that the batch takes.

    Raises:
        ValueError: no title, or the methodology has no file of its own in the folder.
        FileExistsError: a file of that name is there already; it is never written over.
        MethodologyError: the file would not be accepted.
    """
    base, name = find_base(methodology, folder), slugify(title, max_length=50)
    if not name:
        raise ValueError("Назовите методику: в поле «Название» нужен текст.")
    path = folder / f"{name}.yml"
    if path.exists():
        raise FileExistsError(f"Методика «{name}» в папке «{folder.name}» уже есть. Назовите свою иначе.")
    source = f"выбор в панели «Лаборатория правил» по методике «{methodology.title}»"
    own = {"extends": base, "id": name, "title": title.strip(), "version": "1.0", "source": source}
    with replace_when_done(path) as beside:
        beside.write_text(dump_rules(own | describe_changes(methodology, choice)), encoding="utf-8")
        made = load_methodology(beside)
        expected = apply_choice(methodology, choice).model_copy(update=own_names(made))
        if made != expected:
            raise MethodologyError(f"Файл методики «{name}» не совпал бы с выбором. Начните с другой методики.")
    return path


def own_names(methodology: Methodology) -> dict[str, str]:
    """What a methodology says of itself."""
    return {key: getattr(methodology, key) for key in ("id", "title", "version", "source")}


def dump_rules(content: Mapping[str, Any]) -> str:
    """YAML in the order given."""
    text = yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False, width=110)
    return f"# Сохранено из панели «Лаборатория правил».\n{text}"


def find_base(methodology: Methodology, folder: Path) -> str:
    """Name of the file that holds exactly this methodology.

    Raises:
        ValueError: there is none.
    """
    path = folder / f"{methodology.id}.yml"
    if path.is_file() and load_methodology(path) == methodology:
        return path.stem
    raise ValueError(
        f"Методики «{methodology.id}» в таком виде нет в папке «{folder.name}»: прогон сделан с другими параметрами. "
        "Выберите методику из списка и повторите выбор."
    )
