"""All that is known of doubt in one call, so that a run can have it made beside the lists."""

from pathlib import Path

import pandas as pd

from effschool.base.subprocesses import Answers
from effschool.doubt.borders import BorderRegister, load_borders
from effschool.doubt.leaving_out import compare_without_doubtful, drop_doubtful
from effschool.doubt.marks_use import compare_marks
from effschool.doubt.signs import find_signs
from effschool.method.groups import group_schools
from effschool.method.indicators import Tables
from effschool.method.methodology import Methodology

Doubt = dict[str, pd.DataFrame]
"""Tables by name, as `schemas.DOUBT`."""


def open_borders(methodology: Methodology, folder: Path) -> BorderRegister | None:
    """The register of borders that a methodology of a folder names; None where it looks for no signs.

    Raises:
        ConfigurationError: the register is wrong; every fault is named with its line.
    """
    return load_borders(folder / methodology.doubt.borders) if methodology.doubt else None


def examine_doubt(tables: Tables, methodology: Methodology, register: BorderRegister | None) -> Doubt:
    """Signs, how many chance would mark, works that were not tested, what leaving out changes, and the use of marks."""
    found = find_signs(tables, methodology, register)
    return {
        "signs": found.signs,
        "signs_expected": found.expected,
        "signs_untested": found.untested,
        "without_doubtful": compare_without_doubtful(tables, found.signs, methodology),
        "marks_use": compare_marks(tables, group_schools(tables, methodology), methodology),
    }


def leave_out_doubtful(tables: Tables, examined: Answers, methodology: Methodology) -> Tables:
    """The tables that lists are made from: as they are, or without ВПР of doubtful years (`doubtful: leave_out`).

    `examined.doubt` is waited for only where it is needed.
    """
    return drop_doubtful(tables, examined.doubt["signs"]) if methodology.doubtful == "leave_out" else tables
