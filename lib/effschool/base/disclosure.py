"""What may be said in words of the pupils of one school (что можно сказать о детях школы): rules of disclosure.yml."""

from functools import cache
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import Field

from effschool.base.configuration import Frozen, Whole, Words, read_rules

RULES = Path(__file__).with_suffix(".yml")


class Disclosure(Frozen):
    """All of disclosure.yml.

    Args:
        participants: fewest pupils behind an indicator of which anything is told.
        alone_below: of fewer pupils it is not told that one, all, or all but one of them did something.
        reach_pct: share of the participants up to which another result is within reach.
        most_changes: so many indicators may have to differ at once.
    """

    participants: Whole
    alone_below: Whole
    reach_pct: Annotated[float, Field(gt=0, le=100)]
    most_changes: Whole
    source: Words


@cache
def load_disclosure(path: Path = RULES) -> Disclosure:
    """Read the rules.

    Raises:
        ConfigurationError: a key or value is wrong; every fault is named with its line.
    """
    return read_rules(Disclosure, path, "правил о детях школы")


def may_tell(participants: float, *counts: float) -> bool:
    """Whether a sentence may say that so many of the participants did something, and how many they are."""
    rules = load_disclosure()
    singles_out = {1, participants - 1, participants} & set(counts)
    return participants >= rules.alone_below or (participants >= rules.participants and not singles_out)


def are_few(pupils: pd.Series) -> pd.Series:
    """Of which counts of families nothing is told: one to few; none at all may be told."""
    return pupils.between(1, load_disclosure().participants - 1)


def flag_few(share: pd.Series, people: pd.Series, of_families: pd.Series) -> pd.Series:
    """Which shares, %, tell of single children: too few behind a result, or behind a condition, «2 из 57 на учёте»."""
    return (people < load_disclosure().participants) | (of_families & are_few((share * people / 100).round()))


def is_within_reach(pupils: float, participants: float) -> bool:
    """Whether another result of so many of the participants is no other class."""
    return 100 * pupils <= load_disclosure().reach_pct * participants
