"""Parameters of the demonstration region (демонстрационный регион): demo.yml, and how large a region to make."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

SMALLEST_REGION = 12


class DemoSettings(dict[str, Any]):
    """A part of demo.yml, whose keys are attributes too; nobody edits it, so that it is not checked further.

    Raises:
        AttributeError: neither the part nor `left_out`, what a part means that leaves a key out, has the key.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name] if name in self else load_settings()["left_out"][name]
        except KeyError:
            raise AttributeError(name) from None


@dataclass(frozen=True)
class Size:
    """How large a region to make.

    Raises:
        ValueError: too few schools for every kind and municipality, or no year.
    """

    schools: int = 350
    municipalities: int = 19
    last_year: int = 2023
    years: int = 5

    def __post_init__(self) -> None:
        if self.schools < max(SMALLEST_REGION, self.municipalities):
            raise ValueError(
                f"Школ должно быть не меньше {SMALLEST_REGION} и не меньше, чем муниципалитетов; дано {self.schools}."
            )
        if self.years < 1 or self.municipalities < 1:
            raise ValueError("Нужен хотя бы один год и хотя бы один муниципалитет.")

    @property
    def first_year(self) -> int:
        """First year of the tables."""
        return self.last_year - self.years + 1

    @property
    def all_years(self) -> range:
        """Years of the tables, ascending."""
        return range(self.first_year, self.last_year + 1)


@cache
def load_settings() -> DemoSettings:
    """Read demo.yml of the package."""
    return _wrap(yaml.safe_load(files(__package__).joinpath("demo.yml").read_text(encoding="utf-8")))


def _wrap(value: Any) -> Any:
    if isinstance(value, dict):
        return DemoSettings({name: _wrap(part) for name, part in value.items()})
    return [_wrap(part) for part in value] if isinstance(value, list) else value
