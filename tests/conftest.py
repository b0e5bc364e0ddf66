"""Paths and fixtures that all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

from effschool.methodology import Methodology, load_methodology

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> Path:
    """Project folder."""
    return ROOT


@pytest.fixture(scope="session")
def methodologies() -> Path:
    """Folder of methodology files."""
    return ROOT / "methodologies"


@pytest.fixture(scope="session")
def methodology(methodologies: Path) -> Methodology:
    """The methodology of Khabarovsk krai with its default switches."""
    return load_methodology(methodologies / "khabarovsk-2020.yml")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Reference region; its tests are skipped, by name and with the reason, where the shared folder is missing."""
    folder = SHARED / "golden" / "region40"
    if not folder.is_dir():
        pytest.skip("нет папки ../shared/golden/region40 с эталонным регионом")
    return folder
