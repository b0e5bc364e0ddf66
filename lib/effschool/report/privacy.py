"""What may be told of schools of others (защита чужих школ): rules of privacy.yml, and figures blurred by them.

A municipality's report shows of other municipalities' schools nothing but figures behind which enough of them stand,
and no figure from which the exact index of one of them follows.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Whole, Words, read_rules

Values = TypeVar("Values", pd.Series, pd.DataFrame)
Fewest = Annotated[int, Field(ge=2, strict=True)]
RULES = Path(__file__).with_name("privacy.yml")


class ReportRules(Frozen):
    """Rules for what a municipality's report tells of the rest of the region.

    Args:
        schools: fewest schools of others behind a figure.
        pupils: fewest pupils behind an end of a range of similar municipalities.
        municipalities: how many similar municipalities a range is made of.
        index_step: step to which an index is rounded that may be a single school's (0…1), and a level or a change.
        share_step: step to which shares and means of the region or of a group are rounded, in the indicator's unit.
        cell: side of the squares of indices in which schools of others are counted (0…1).
    """

    schools: Fewest
    pupils: Fewest
    municipalities: Annotated[int, Field(ge=3, strict=True)]
    index_step: float = Field(gt=0, le=0.1)
    share_step: float = Field(gt=0, le=1)
    cell: float = Field(gt=0, le=0.5)
    source: Words


class TypeRules(Frozen):
    """How schools without names are told apart: by these attributes, while enough are of each type.

    Args:
        sizes: borders of enrolment, pupils; a school of exactly so many belongs above.
        schools: fewest schools of a type.
    """

    attributes: tuple[Literal["locality", "size"], ...]
    sizes: tuple[Whole, ...]
    schools: Fewest


class ReleaseTable(Frozen):
    """One count of schools for the public: what is counted (a column of paths, or `corner`), and by which places."""

    column: Literal["results_band", "social_band", "results_status", "social_status", "fioko_shnor", "corner"]
    by: tuple[Literal["municipality", "type"], ...] = ()


class ReleaseRules(Frozen):
    """Rules for what is published.

    Args:
        schools: numbers of schools below this, but not 0, are hidden.
        width: by how much a hidden number has to be uncertain.
        pupils: fewest pupils on either side of a published share.
        years: how many last years are shown.
    """

    schools: Fewest
    width: Whole
    pupils: Fewest
    years: Whole
    types: TypeRules
    tables: tuple[ReleaseTable, ...] = Field(min_length=1)
    source: Words

    @model_validator(mode="after")
    def _check_tables(self) -> Self:
        columns = [table.column for table in self.tables]
        if len(set(columns)) < len(columns):
            raise RuleError("каждый столбец ожидался один раз", "tables")
        return self


class PrivacyRules(Frozen):
    """All of privacy.yml."""

    reports: ReportRules
    release: ReleaseRules


@cache
def load_privacy(path: Path = RULES) -> PrivacyRules:
    """Read the rules.

    Raises:
        ConfigurationError: a key or value is wrong; every fault is named with its line.
    """
    return read_rules(PrivacyRules, path, "правил защиты")


def suppress_small(figures: pd.Series, others: pd.Series) -> pd.Series:
    """Figures of the region without those behind which too few schools of others stand; aligned by index.

    None at all is no reason to hide: then the figure is the municipality's own.
    """
    return figures.mask(are_too_few(others.reindex(figures.index, fill_value=0)))


def are_too_few(others: Values) -> Values:
    """Of which numbers of schools of others nothing is told: one to few; of none there is nothing to tell."""
    return (others >= 1) & (others < load_privacy().reports.schools)


def suppress_rare(figures: pd.Series, schools: pd.Series, pupils: pd.Series) -> pd.Series:
    """Figures of one municipality of others without those of too few schools or pupils; aligned by index."""
    rules = load_privacy().reports
    return figures.where((schools >= rules.schools) & (pupils >= rules.pupils))


def blur_index(values: Values) -> Values:
    """Indices rounded so that many schools have the same; missing stays missing."""
    return _round_to(values, load_privacy().reports.index_step)


def blur_share(values: Values) -> Values:
    """Shares and means over schools of others as they are written: an exact one is a fraction that tells its counts."""
    return _round_to(values, load_privacy().reports.share_step)


def _round_to(values: Values, step: float) -> Values:
    return ((values / step).round() * step).round(9)


def count_in_cells(x: pd.Series, y: pd.Series) -> pd.DataFrame:
    """Schools counted in squares of two indices: a row per square with enough of them: its middle, `schools`."""
    rules = load_privacy().reports
    places = pd.DataFrame({"x": x, "y": y}).dropna()
    # An index of 1 belongs to the last square, not to one of its own.
    cells = np.minimum(np.floor(places / rules.cell + 1e-9), np.ceil(1 / rules.cell) - 1)
    counts = ((cells + 0.5) * rules.cell).groupby(["x", "y"]).size().rename("schools").reset_index()
    return counts[counts["schools"] >= rules.schools].reset_index(drop=True)
