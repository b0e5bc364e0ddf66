"""Methodology files: found, read with those they extend, and refused whole with every fault named."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from effschool.base.configuration import (
    ConfigurationError,
    Entry,
    Fault,
    Frozen,
    locate,
    merge_entries,
    raise_faults,
    read_extended,
    validate_entries,
)
from effschool.method.methodology.domains import Orientation
from effschool.method.methodology.model import CertificateTotal, Methodology
from effschool.method.thresholds import ThresholdUse, list_lacking, list_needs, load_register


class MethodologyError(ConfigurationError):
    """The methodology file cannot be used; the message is in Russian and names every fault."""


def load_methodology(
    path: Path,
    *,
    orientation: Orientation | None = None,
    social_rule: str | None = None,
    groups: str | None = None,
    certificate_total: CertificateTotal | None = None,
) -> Methodology:
    """Read a methodology file; the switches replace what the file says where they are given.

    Raises:
        MethodologyError: no such file, not YAML, or a rule in it is wrong; every fault is named.
    """
    if not path.is_file():
        raise MethodologyError(_say_missing(path))
    faults: list[Fault] = []
    try:
        entry, files = _read_whole(path, faults)
        faults += _require_own_names(entry, path) if len(files) > 1 else []
        switches = {"orientation": orientation, "social_rule": social_rule, "certificate_total": certificate_total}
        given = {key: Entry(value, "", 0) for key, value in switches.items() if value is not None}
        entry = replace(entry, value=entry.value | given)
        if groups is not None:
            reading = Entry({"groups": Entry({"reading": Entry(groups, "", 0)}, "", 0)}, path.name, 1)
            entry = merge_entries(entry, reading)
        made = validate_entries(Methodology, entry, f"Файл методики «{path.name}»", faults)
        lacking = _check_register(made.thresholds, entry, path.parent) + _check_borders(made, entry, path.parent)
        raise_faults(f"Файл методики «{path.name}»", lacking)
    except ConfigurationError as error:
        raise MethodologyError(str(error)) from None
    return made


OWN_KEYS = ("id", "title", "version", "source")
"""What a file that extends another one has to say for itself."""


def _require_own_names(entry: Entry, path: Path) -> list[Fault]:
    text = f"ключ взят из файла «{{}}», ожидался свой в файле «{path.name}»"
    inherited = {key: entry.find(key) for key in OWN_KEYS}
    return [
        Fault(found, key, text.format(found.file))
        for key, found in inherited.items()
        if found and found.file != path.name
    ]


class Without(Frozen):
    """What a file leaves out of the one it extends: indicators by block or id, procedures of ФИОКО's rule."""

    blocks: tuple[str, ...] = ()
    indicators: tuple[str, ...] = ()
    procedures: tuple[str, ...] = ()


class _WithoutKey(Frozen):
    without: Without


def _leave_out(entry: Entry, faults: list[Fault]) -> Entry:
    """Carry out `without`; a name that fits nothing is a fault."""
    section = entry.value.pop("without", None)
    if section is None:
        return entry
    held = replace(section, value={"without": section})
    without = validate_entries(_WithoutKey, held, f"Файл методики «{section.file}»", ()).without
    found: dict[str, set[str]] = {"blocks": set(), "indicators": set(), "procedures": set()}
    domains = entry.find("domains")
    for domain in domains.value.values() if domains and isinstance(domains.value, dict) else ():
        found["blocks"] |= _drop_records(domain, "indicators", ("block",), without.blocks)
        found["indicators"] |= _drop_records(domain, "indicators", ("id",), without.indicators)
    fioko = entry.find("fioko")
    found["procedures"] |= _drop_records(fioko, "procedures", ("rows", "procedure"), without.procedures)
    for key, known in found.items():
        for place, name in enumerate(getattr(without, key)):
            if name not in known:
                text = f"стоит «{name}», а исключать под этим именем нечего"
                faults.append(locate(held, ("without", key, place), text))
    return entry


def _drop_records(section: Entry | None, key: str, path: Sequence[str], names: Sequence[str]) -> set[str]:
    """Remove the records of a list whose value at `path` is one of the names; return the names found there."""
    records = section.find(key) if section else None
    if section is None or records is None or not isinstance(records.value, list):
        return set()
    marked = [(record, _read_names(record, path)) for record in records.value]
    kept = [record for record, found in marked if not found or not found <= set(names)]
    section.value[key] = replace(records, value=kept)
    return set().union(*(found for _, found in marked)) & set(names)


def _read_names(record: Entry, path: Sequence[str]) -> set[str]:
    """The text, or the texts of the list, that stand at the end of a path of keys."""
    entry: Entry | None = record
    for key in path:
        entry = entry.find(key) if entry else None
    value = entry.strip() if entry else None
    return set(map(str, value)) if isinstance(value, list) else {str(value)}


def list_methodologies(folder: Path) -> list[Path]:
    """Methodology files of a folder, sorted; registers and other files that may lie there are not among them."""
    files = sorted(folder.glob("*.yml"), key=lambda path: path.stem)
    return [path for path in files if re.search(rb"^(domains|extends):", path.read_bytes(), re.MULTILINE)]


REGISTERS = {"thresholds": "register", "doubt": "borders"}
"""Keys that name files of data beside the methodology, by section."""


def list_files(path: Path) -> list[Path]:
    """Files that a methodology is made of: itself, those it extends and its registers; a wrong one alone."""
    try:
        entry, files = _read_whole(path, [])
    except ConfigurationError:
        return [path]
    named = [section.find(key) for name, key in REGISTERS.items() if (section := entry.find(name))]
    return [*files, *(path.parent / str(register.value) for register in named if register)]


def _read_whole(path: Path, faults: list[Fault]) -> tuple[Entry, list[Path]]:
    """Entries of a methodology with those it extends; a register named there is told as seen from this file."""
    entry, files = read_extended(path, "методики", faults, _leave_out)
    for name, key in REGISTERS.items():
        section = entry.find(name)
        register = section.find(key) if section else None
        if section is None or register is None or (path.parent / str(register.value)).is_file():
            continue
        beside = [file.parent / str(register.value) for file in files if file.name == register.file]
        found = next((place for place in beside if place.is_file()), None)
        if found:
            section.value[key] = replace(register, value=os.path.relpath(found, path.parent).replace(os.sep, "/"))
    return entry, files


def find_methodology(name: str, folder: Path) -> Path:
    """File of a methodology given by its name in `folder` or by a path to a YAML file."""
    return Path(name) if name.endswith((".yml", ".yaml")) else folder / f"{name}.yml"


def _say_missing(path: Path) -> str:
    known = ", ".join(f"«{found.stem}»" for found in list_methodologies(path.parent)) or "нет ни одной"
    return f"Методики «{path.stem}» нет. В папке «{path.parent.name}» есть: {known}."


def _check_borders(made: Methodology, entry: Entry, folder: Path) -> list[Fault]:
    if made.doubt is None or (folder / made.doubt.borders).is_file():
        return []
    text = f"стоит «{made.doubt.borders}», а такого файла в папке «{folder.name}» нет"
    return [locate(entry, ("doubt", "borders"), text)]


def _check_register(use: ThresholdUse | None, entry: Entry, folder: Path) -> list[Fault]:
    """Faults of the register a methodology names: no such file, or years it is written for without a row."""
    if use is None:
        return []
    path = folder / use.register_file
    if not path.is_file():
        text = f"стоит «{path.name}», а такого файла в папке «{folder.name}» нет"
        return [locate(entry, ("thresholds", "register"), text)]
    register = load_register(path)
    faults = []
    for place, year in enumerate(use.years if use.missing == "stop" else ()):
        for text in list_lacking(register, list_needs(use, [year])):
            at = locate(entry, ("thresholds", "years", place), "")
            faults.append(replace(at, text=f"{text[0].lower()}{text[1:].rstrip('.')}"))
    return faults
