"""What each stage leaves in `data/processed/` for the next one (рабочая папка), written and read in one place."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, PositiveInt, field_validator

from effschool.base.configuration import Model, read_rules
from effschool.base.russian import clean_letters
from effschool.base.schemas import DOUBT, LEFT_BEHIND
from effschool.base.storage import (
    hash_file,
    hash_readable,
    read_maker,
    read_record,
    read_table,
    say_lost,
    write_table,
    write_text,
)
from effschool.base.subprocesses import Answers
from effschool.doubt.examine import leave_out_doubtful
from effschool.dynamics.follow import Dynamics
from effschool.dynamics.partners import hide_other_municipalities
from effschool.intake.ingest import read_contract
from effschool.intake.missing import Gap, read_missing
from effschool.method.identify import Identified
from effschool.method.indicators import Tables
from effschool.method.methodology import Methodology
from effschool.tasks.deficits import GAPS, TOPICS, Deficits

DYNAMICS = "dynamics"
STAGES = ("01_ingest", "02_identify", "03_dynamics", "03_support")
STAMPS = "stamps"
"""Folder of what every stage says it was made of, which a run takes away when it begins the stage."""


Seen = Annotated[str, AfterValidator(clean_letters)]


class Region(BaseModel):
    """Card of the region (паспорт региона): what pages call it, and whether its data are invented.

    `data_source` says on every page where the data are from. `tiles` are places of municipalities on the tile map: row
    and column, counted from 1; without it they stand in alphabetical order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Seen = "Регион"
    demonstration: bool = False
    data_source: Seen = ""
    tiles: dict[str, tuple[PositiveInt, PositiveInt]] = {}

    @field_validator("tiles")
    @classmethod
    def _check_tiles(cls, tiles: dict[str, tuple[int, int]]) -> dict[str, tuple[int, int]]:
        taken = {place: name for name, place in tiles.items()}
        doubled = [name for name, place in tiles.items() if taken[place] != name]
        if doubled:
            raise ValueError(f"место плитки занято дважды: «{doubled[0]}» и «{taken[tiles[doubled[0]]]}»")
        return tiles


@dataclass(frozen=True)
class Support:
    """Support of schools; the modules of the room say what a row is.

    Every frame names a school (`school_id`) or a place (`municipality`, missing for the region), so that a report reads
    its own rows alone. Partners of other municipalities have no code here: `load_named_partners` has all.

    Args:
        partners: of a year. `approved`: pairs that may be named. `participants`: schools of projects.
        targets: plan and fact. `roadmap`: events of plans.
        proposed: schools proposed for a project. `official`: ФИОКО's own list beside the one calculated.
        monitoring: stages of schools of projects. `management`: the management cycle of municipalities.
        context: what schools work in. `teachers`: courses, deficits, vacancies. `practices`: candidates for the bank.
    """

    partners: pd.DataFrame = field(default_factory=pd.DataFrame)
    targets: pd.DataFrame = field(default_factory=pd.DataFrame)
    roadmap: pd.DataFrame = field(default_factory=pd.DataFrame)
    participants: pd.DataFrame = field(default_factory=pd.DataFrame)
    approved: pd.DataFrame = field(default_factory=pd.DataFrame)
    proposed: pd.DataFrame = field(default_factory=pd.DataFrame)
    official: pd.DataFrame = field(default_factory=pd.DataFrame)
    monitoring: pd.DataFrame = field(default_factory=pd.DataFrame)
    management: pd.DataFrame = field(default_factory=pd.DataFrame)
    context: pd.DataFrame = field(default_factory=pd.DataFrame)
    teachers: pd.DataFrame = field(default_factory=pd.DataFrame)
    practices: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class Workspace:
    """All that reports are made from; frames as in `schemas`, `Identified` and `Dynamics`."""

    region: Region
    methodology: Methodology
    identified: Identified
    dynamics: Dynamics
    problems: pd.DataFrame
    files: pd.DataFrame
    decisions: pd.DataFrame
    certainty: pd.DataFrame = field(default_factory=pd.DataFrame)
    levels: pd.DataFrame = field(default_factory=pd.DataFrame)
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame)
    support: Support = field(default_factory=Support)
    effects: pd.DataFrame = field(default_factory=pd.DataFrame)
    clusters: pd.DataFrame = field(default_factory=pd.DataFrame)
    missing: tuple[Gap, ...] = ()
    signs: pd.DataFrame = field(default_factory=pd.DataFrame)
    signs_expected: pd.DataFrame = field(default_factory=pd.DataFrame)
    signs_untested: pd.DataFrame = field(default_factory=pd.DataFrame)
    without_doubtful: pd.DataFrame = field(default_factory=pd.DataFrame)
    marks_use: pd.DataFrame = field(default_factory=pd.DataFrame)
    deficits: Deficits = field(default_factory=lambda: Deficits(_make_empty(GAPS), _make_empty(TOPICS)))


def _make_empty(types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(types)).astype(types)


def load_region(path: Path) -> Region:
    """Read a region card; no file is a region without a name.

    Raises:
        ConfigurationError: the card is not YAML or has an unknown key or a wrong value; each is named with its line.
    """
    is_blank = not path.is_file() or not re.sub(r"#.*", "", path.read_text("utf-8", errors="replace")).strip()
    return Region() if is_blank else read_rules(Region, path, "паспорта региона")


def save_region(region: Region, processed: Path) -> None:
    """Keep the region card beside the tables."""
    write_text(region.model_dump_json(indent=1) + "\n", processed / "region.json")


def load_saved_region(processed: Path) -> Region:
    """The region card as the first stage left it."""
    return _read_own(Region, processed / "region.json")


def _read_own(model: type[Model], path: Path) -> Model:
    """What a stage left as JSON.

    Raises:
        FileNotFoundError: no stage has left it, or it has been changed since.
    """
    found = read_record(model, path)
    if found is None:
        text = f"Файла «{path.name}» в папке «{path.parent.name}» нет, или он изменён не прогоном."
        raise FileNotFoundError(f"{text} Выполните make report ещё раз.")
    return found


def _leave(table: pd.DataFrame, name: str, processed: Path) -> None:
    """Leave a table that carries the methodology it was made by."""
    write_table(table, processed / f"{name}.parquet", name_maker(processed))


def _take(name: str, processed: Path, only: str | None = None) -> pd.DataFrame:
    """A table that stages left, if it was made by the methodology of the lists.

    Raises:
        FileNotFoundError: no stage has left it.
        UnfinishedRunError: another methodology, or an earlier version of the program, has made it.
    """
    path, expected = processed / f"{name}.parquet", name_maker(processed)
    table = read_table(path.parent, path.stem, only=only)
    found = read_maker(path)
    if expected and found != expected:
        made = f"методикой {found}" if found else "прежней версией программы"
        raise UnfinishedRunError(
            f"Таблицы от разных прогонов: «{path.stem}» сделана {made}, а списки — методикой {expected} "
            f"(папка «{processed.name}»). Выполните следующие тетради или make report и повторите."
        )
    return table


class Named(BaseModel):
    """Of a methodology what people know it by."""

    id: str
    version: str


def name_maker(processed: Path) -> str:
    """The methodology of the lists as tables carry it: id, version, digest of its text; empty before there is one."""
    path = processed / "methodology.json"
    known = read_record(Named, path)
    return f"«{known.id}», версия {known.version}, отпечаток {hash_file(path)[:8]}" if known else ""


def save_identified(identified: Identified, methodology: Methodology, processed: Path) -> None:
    """Leave the tables of the contract and the methodology as it was carried out, switches included.

    Raises:
        pandera.errors.SchemaError: a table would break the contract; a fault of the program, and nothing is written.
    """
    tables = {item.name: getattr(identified, item.name) for item in fields(identified)}
    checked = tables | {name: schema.validate(tables[name]) for name, schema in LEFT_BEHIND.items()}
    write_text(methodology.model_dump_json(indent=1) + "\n", processed / "methodology.json")
    for name, table in checked.items():
        _leave(table, name, processed)


def load_identified(processed: Path) -> Identified:
    """Tables of 02_identify."""
    return Identified(**{item.name: _take(item.name, processed) for item in fields(Identified)})


def save_decisions(decisions: pd.DataFrame, processed: Path) -> None:
    """Leave the explanations of the lists: a row per school and list of the explained year, with a `sentence`."""
    _leave(decisions, "decisions", processed)


def save_certainty(certainty: pd.DataFrame, levels: pd.DataFrame, processed: Path) -> None:
    """Leave how sure the lists are (a row per school and list of the explained year) and the shrunk levels."""
    _leave(certainty, "certainty", processed)
    _leave(levels, "levels", processed)


def save_doubt(tables: Mapping[str, pd.DataFrame], processed: Path) -> None:
    """Leave the signs of doubt and what they change: the tables of `schemas.DOUBT` by name.

    Raises:
        pandera.errors.SchemaError: a table would break its schema; a fault of the program, and nothing is written.
    """
    checked = {name: schema.validate(tables[name]) for name, schema in DOUBT.items()}
    for name, table in checked.items():
        _leave(table, name, processed)


def load_doubt(processed: Path) -> dict[str, pd.DataFrame]:
    """The tables of `schemas.DOUBT` by name."""
    return {name: _take(name, processed) for name in DOUBT}


def load_counted(processed: Path) -> Tables:
    """The contract tables that lists were made from: without ВПР of doubtful years where the methodology says so."""
    tables = read_contract(processed)
    return leave_out_doubtful(
        tables, Answers({"doubt": partial(load_doubt, processed)}), load_used_methodology(processed)
    )


def load_used_methodology(processed: Path) -> Methodology:
    """The methodology that the tables were made with."""
    path = processed / "methodology.json"
    if not processed.is_absolute() and not (processed.is_dir() or processed.parent.is_dir()):
        raise FileNotFoundError(say_lost(processed))
    if not path.is_file():
        raise FileNotFoundError(
            "Списки ещё не составлены. Сначала выполните тетрадь 02_identify или команду make report."
        )
    return _read_own(Methodology, path)


def save_dynamics(dynamics: Dynamics, processed: Path) -> None:
    """Leave the tables of 03_dynamics."""
    for item in fields(dynamics):
        _leave(getattr(dynamics, item.name), f"{DYNAMICS}/{item.name}", processed)


def save_groups(effects: pd.DataFrame, clusters: pd.DataFrame, processed: Path) -> None:
    """Leave the programme's effect (one row, the last year) and the group of every school and year."""
    _leave(effects, f"{DYNAMICS}/effects", processed)
    _leave(clusters, f"{DYNAMICS}/clusters", processed)


def load_dynamics(processed: Path) -> Dynamics:
    """Tables of 03_dynamics."""
    return Dynamics(**{item.name: _take(f"{DYNAMICS}/{item.name}", processed) for item in fields(Dynamics)})


def save_support(support: Support, processed: Path) -> None:
    """Leave partners, targets and events; partners of other municipalities are named in a table of their own only."""
    _leave(support.partners, f"{DYNAMICS}/partners_named", processed)
    hidden = replace(support, partners=hide_other_municipalities(support.partners))
    for item in fields(hidden):
        _leave(getattr(hidden, item.name), f"{DYNAMICS}/{item.name}", processed)


def load_support(processed: Path) -> Support:
    """Support as reports may read it."""
    return Support(**{item.name: _take(f"{DYNAMICS}/{item.name}", processed) for item in fields(Support)})


def load_named_partners(processed: Path) -> pd.DataFrame:
    """Partners with the codes of all schools: for the institute, never for a municipality's report."""
    return _take(f"{DYNAMICS}/partners_named", processed)


def save_deficits(deficits: Deficits, processed: Path) -> None:
    """Leave what tasks show: gaps of schools, topics of municipalities and of the region."""
    for item in fields(deficits):
        _leave(getattr(deficits, item.name), f"{DYNAMICS}/task_{item.name}", processed)


def load_deficits(processed: Path) -> Deficits:
    """What tasks show, as far as reports tell it: of gaps only those that are marked, for a country has a million."""
    gaps = _take(f"{DYNAMICS}/task_gaps", processed, only="marked")
    return Deficits(gaps, _take(f"{DYNAMICS}/task_topics", processed))


class Stamp(BaseModel):
    """What stands beside a step's outputs; one that was changed by hand into anything else counts as none."""

    causes: dict[str, dict[str, str]]
    outputs: dict[str, str]

    @property
    def is_of_stage(self) -> bool:
        """Whether it says in which folder a stage was done and from which files."""
        return "processed" in self.causes.get("parameters", ()) and "inputs" in self.causes


def list_untouched(path: Path) -> list[Path]:
    """Files that a step left, as its stamp names them, and that are still as it left them."""
    stamp = read_record(Stamp, path)
    outputs = stamp.outputs.items() if stamp else ()
    left = {Path(os.path.normpath(path.parent / name)): digest for name, digest in outputs}
    return [
        file for file, digest in left.items() if file.is_relative_to(path.parents[1]) and hash_readable(file) == digest
    ]


class UnfinishedRunError(ValueError):
    """The tables are not those of a run that came to its end."""


def refuse_unfinished(processed: Path) -> None:
    """Refuse tables of a run that was killed, has failed or goes on, and stages that were not made of one another.

    Tables that notebooks left by hand, without a run, are taken as they are: no stamp says that a run was begun.

    Raises:
        UnfinishedRunError: names the first stage that stands in the way.
    """
    for stage in STAGES if (processed / STAMPS).is_dir() else ():
        path = processed / STAMPS / f"{stage}.json"
        stamp = read_record(Stamp, path)
        if stamp is None or not stamp.is_of_stage:
            said = f"Прогон не закончен: этап {stage} прерван, не удался или ещё идёт"
        elif len(list_untouched(path)) == len(stamp.outputs) and _find_replaced(stamp, processed):
            said = f"Таблицы от разных прогонов: этап {stage} сделан не по тем таблицам, которые лежат в папке"
        else:
            continue
        raise UnfinishedRunError(f"{said} (папка «{processed.name}»). Выполните make report и повторите команду.")


def _find_replaced(stamp: Stamp, processed: Path) -> list[str]:
    """Tables that a stage read and that are others now."""
    folder = PurePosixPath(stamp.causes["parameters"]["processed"])
    read = {PurePosixPath(name): digest for name, digest in stamp.causes["inputs"].items()}
    tables = {name.relative_to(folder): digest for name, digest in read.items() if name.is_relative_to(folder)}
    return [str(name) for name, digest in tables.items() if hash_readable(processed / name) != digest]


def load_workspace(processed: Path) -> Workspace:
    """Everything that a report needs.

    Raises:
        FileNotFoundError: a stage before has not been run.
    """
    methodology = load_used_methodology(processed)
    return Workspace(
        region=load_saved_region(processed),
        methodology=methodology,
        identified=load_identified(processed),
        dynamics=load_dynamics(processed),
        problems=read_table(processed / "contract", "problems"),
        files=read_table(processed / "contract", "files"),
        decisions=_take("decisions", processed),
        certainty=_take("certainty", processed),
        levels=_take("levels", processed),
        corrections=read_table(processed / "contract", "corrections"),
        support=load_support(processed),
        effects=_take(f"{DYNAMICS}/effects", processed),
        clusters=_take(f"{DYNAMICS}/clusters", processed),
        missing=read_missing(processed),
        **load_doubt(processed),
        deficits=load_deficits(processed),
    )
