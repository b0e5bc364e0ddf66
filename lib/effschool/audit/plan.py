"""Everything the sheets have to know of one another (план книги): what stands where, before a formula is written."""

from dataclasses import dataclass, field

import pandas as pd

from effschool.audit.grid import FormulaSheet, SheetNames
from effschool.audit.sources import RawCounts
from effschool.method.identify import Identified
from effschool.method.methodology import Domain, Methodology
from effschool.method.windows import find_ranked_years, is_covered, list_candidates


@dataclass(frozen=True)
class Scope:
    """Schools that are compared with one another: a year and group, for one index.

    `is_mean`: by the mean index of the window of a report year, not by the index of the year.
    """

    year: int
    group: str
    domain: Domain
    is_mean: bool = False


@dataclass
class AuditPlan:
    """The sheets of a workbook; `register` has a row per year and compared school (year, school_id, name, group…)."""

    methodology: Methodology
    identified: Identified
    raw: RawCounts
    register: pd.DataFrame
    names: SheetNames
    scopes: dict[Scope, FormulaSheet] = field(default_factory=dict)
    lists: dict[int, FormulaSheet] = field(default_factory=dict)
    region: FormulaSheet = field(init=False)
    borders: FormulaSheet = field(init=False)
    fioko: FormulaSheet | None = None
    left_out: dict[tuple[int, str], dict[str, str]] = field(default_factory=dict)
    """What ФИОКО's rule looks back at in a year the school was left out in: its name, a formula by procedure."""

    def __post_init__(self) -> None:
        columns = ["year", "school_id", "name", "municipality", "group"]
        self._schools: dict[int, dict[str, dict[str, str]]] = {}
        for school in self.register[columns].to_dict("records"):
            self._schools.setdefault(school["year"], {})[school["school_id"]] = school

    @property
    def years(self) -> list[int]:
        """Years with compared schools."""
        return sorted(self._schools)

    def list_schools(self, year: int, group: str | None = None) -> dict[str, dict[str, str]]:
        """Compared schools of a year, of one group where it is given, by code."""
        schools = self._schools[year]
        return {id_: school for id_, school in schools.items() if group is None or school["group"] == group}

    def see(self, year: int, school_id: str, domain: Domain, key: object) -> str | None:
        """Reference to a school's cell on the sheet of its group in a year; None where there is no such cell."""
        school = self._schools.get(year, {}).get(school_id)
        grid = self.scopes.get(Scope(year, school["group"], domain)) if school else None
        return grid.see(grid.cell(key, school_id)) if grid and key in grid.columns else None

    def link(self, year: int, domain: Domain, key: object, school_id: str) -> str | None:
        """Formula that shows such a cell; None where there is none."""
        cell = self.see(year, school_id, domain, key)
        return f"={cell}" if cell else None

    def see_mean(self, year: int, school_id: str, domain: Domain) -> str | None:
        """Reference to the band of a school's mean index over the window of a report year."""
        grid = self.scopes.get(Scope(year, self._schools[year][school_id]["group"], domain, is_mean=True))
        return grid.see(grid.cell("band", school_id)) if grid else None

    def list_window(self, year: int, domain: Domain) -> list[int]:
        """Years that the window of a report year may draw on in a domain."""
        window, ranked = self.methodology.lists.window, find_ranked_years(self.identified.indices, domain)
        return list(list_candidates(window, year, min(ranked, default=year)))

    def is_sliding(self, year: int) -> bool:
        """Whether every school has its own years in the window: its last ones with data."""
        window = self.methodology.lists.window
        return window.policy == "last_with_data" and year not in window.years

    def covers(self, domain: Domain, year: int) -> bool:
        """Whether the data cover the window of a report year, as they did when the workbook was made."""
        return is_covered(self.methodology.lists.window, year, find_ranked_years(self.identified.indices, domain))
