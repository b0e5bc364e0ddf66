"""The door to data (данные прогона): tables of the last run as frames named by their rows, and their dictionary.

`run = effschool.open_run()`; codes of schools (`school_id`) and years join everything to everything.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import seaborn as sns

from effschool.base.catalog import load_catalog
from effschool.base.schemas import PROVENANCE
from effschool.base.storage import read_table, say_lost
from effschool.method.methodology import Indicator, Methodology
from effschool.report import charts
from effschool.report.workspace import load_used_methodology, refuse_unfinished

KEY = ["year", "school_id"]
OUTSIDE = "вне списков"
"""What the palette and `lists` call a school that is on no list."""
WIDE = "indicators(wide=True)"
COLUMNS = ["Таблица", "Столбец", "Что это", "Единица", "Пустая ячейка"]


@dataclass(frozen=True)
class RunFrames:
    """Tables of a run: `run.schools`, `run.results`, `run.paths`…; `run.describe()` says what there is.

    Args:
        processed: folder of the tables.
    """

    processed: Path
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict, repr=False)

    @cached_property
    def methodology(self) -> Methodology:
        """The methodology of the run."""
        return load_used_methodology(self.processed)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of a table of the catalogue, without the columns that say from which file a row came.

        Raises:
            AttributeError: there is no such table; the message names those that are.
        """
        tables = load_catalog().tables
        if name not in tables:
            raise AttributeError(f"Таблицы «{name}» нет. Есть: {', '.join(tables)}.")
        if name not in self._kept:
            path = self.processed / tables[name].file
            self._kept[name] = read_table(path.parent, path.name).drop(columns=list(PROVENANCE), errors="ignore")
        return self._kept[name].copy()

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.table(name)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *load_catalog().tables]

    def indicators(self, *, wide: bool = False, values: str = "raw") -> pd.DataFrame:
        """Indicators: a row per school, year and indicator; `wide`: per school and year, a column per indicator.

        Args:
            values: what stands in the columns of the wide one: «raw», «normalised» or «participants».
        """
        long = self.table("indicators")
        return _widen(long, "indicator", values) if wide else long

    def indices(self, *, wide: bool = False) -> pd.DataFrame:
        """Indices: a row per school, year and index; `wide`: per school and year, a column per index."""
        long = self.table("indices")
        wider = _widen(long, "domain", "index") if wide else long
        return wider.rename(columns={name: f"{name}_index" for name in self.methodology.domains}) if wide else long

    @property
    def palette(self) -> dict[str, str]:
        """Colour of every list of results and conditions, and of schools outside of them, as on the pages."""
        found = {OUTSIDE: charts.OTHERS}
        for domain, rules in self.methodology.domains.items():
            statuses = getattr(self.methodology.lists, domain)
            for band in dict.fromkeys(status.band for status in statuses):
                own = [status.status for status in statuses if status.band == band]
                ground = _choose_colour(band, rules.better)
                shades = sns.light_palette(ground, len(own) + 2)[:1:-1][: len(own)]
                found |= dict(zip(own, map(mpl.colors.to_hex, shades), strict=True))
        return found

    def label(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with Russian headings: of columns as the catalogue has them, of indicators as the methodology."""
        known = {name: card.label for name, card in load_catalog().columns.items()}
        return frame.rename(columns={name: item.short for name, item in self._indicators.items()} | known)

    @property
    def _indicators(self) -> Mapping[str, Indicator]:
        return self.methodology.indicators

    def describe(self, what: str = "") -> pd.DataFrame:
        """The dictionary: all tables; columns of the table named; or everything in which the words occur.

        `run.describe("indicators")`, `run.describe("бесплатное питание")`: endings of words do not matter.

        Raises:
            ValueError: nothing of the kind.
        """
        tables = load_catalog().tables
        if not what:
            rows = [(name, card.title, card.row) for name, card in tables.items()]
            return pd.DataFrame(rows, columns=["Таблица", "Что в ней", "Строка — это"])
        rows = self._list_columns()
        found = rows[rows["Таблица"].str.startswith(what)] if what in tables else rows[_holds(rows, what)]
        if found.empty:
            raise ValueError(f"В таблицах прогона нет ничего про «{what}». Список таблиц: run.describe().")
        return found.reset_index(drop=True)

    def _list_columns(self) -> pd.DataFrame:
        catalog = load_catalog()
        rows = [
            (name, column, card.label, card.unit, card.blank)
            for name, table in catalog.tables.items()
            for column, card in ((column, catalog.describe(name, column)) for column in table.columns)
        ]
        rows += [(WIDE, name, item.title, item.unit, "нет данных") for name, item in self._indicators.items()]
        return pd.DataFrame(rows, columns=COLUMNS)


def open_run(processed: str | Path | None = None) -> RunFrames:
    """Tables of the last run, or of the folder given; nothing is read before it is asked for.

    Raises:
        FileNotFoundError: there was no run, or no such folder is seen from the current one.
        UnfinishedRunError: the last one did not come to its end.
    """
    folder = Path(processed) if processed else _find_processed(Path.cwd())
    if processed and not folder.is_dir():
        raise FileNotFoundError(say_lost(folder))
    run = RunFrames(folder.resolve())
    assert run.methodology
    refuse_unfinished(run.processed)
    return run


def _find_processed(here: Path) -> Path:
    """`data/processed` of the project in whose folder, or one below, a notebook lies."""
    places = [folder / "data" / "processed" for folder in (here, *here.parents)]
    return next((place for place in places if place.is_dir()), places[0])


def use_style() -> None:
    """Charts of one's own look as those of the pages do: their letters and no needless lines."""
    sns.set_theme(style="white", rc=dict(charts.STYLE))


def _widen(long: pd.DataFrame, column: str, values: str) -> pd.DataFrame:
    wide = long.pivot(index=KEY, columns=column, values=values)
    return wide.reset_index().rename_axis(columns=None)


def _choose_colour(band: str | None, better: str) -> str:
    if band in (None, "mid"):
        return charts.REGION
    return charts.BETTER if band == better else charts.WORSE


def _holds(rows: pd.DataFrame, words: str) -> pd.Series:
    """Rows in which the beginnings of all the words occur."""
    told = rows[["Столбец", "Что это"]].agg(" ".join, axis=1).map(_fold)
    stems = [word[: max(4, len(word) - 3)] for word in _fold(words).split()]
    return pd.concat([told.str.contains(rf"\b{re.escape(stem)}") for stem in stems], axis=1).all(axis=1)


def _fold(text: str) -> str:
    return text.casefold().replace("ё", "е")
