"""A school's programme (программа перехода в эффективный режим): its goals and its calendar, as a draft for people.

What may be proposed is data (`programmes/school.yml`), with the document that names it; what is proposed to a school
follows from its figures, comments and what it already has.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, Words, read_rules, refuse_doubled
from effschool.base.russian import NBSP
from effschool.base.schemas import STAGES

Need = Literal["куратор", "партнёр", "договор"]
Held = Literal["куратор", "партнёр", "вопрос к ВПР", "западающие темы"]
Stage = Literal["входной", "промежуточный", "итоговый"]
EVENT_COLUMNS = ["number", "event", "term", "responsible", "expected", "source"]


class TargetGoal(Frozen):
    """A target of a programme as the value of some indicators; `complement`: what lacks to 100 %."""

    programme: Words
    target: Words
    indicators: tuple[Words, ...] = Field(min_length=1)
    complement: bool = False
    title: Words


class GoalRules(Frozen):
    """How goals are set: at most `most` of them, `halfway` the part of the way that the middle stage is to see."""

    most: int = Field(ge=1, le=10)
    halfway: float = Field(gt=0, lt=1)
    digits: int = Field(ge=0, le=1)
    from_group: Words
    from_fioko: Words
    from_targets: tuple[TargetGoal, ...] = ()


class DraftTexts(Frozen):
    """What a draft says besides what the data say."""

    no_goals: Words
    few_goals: Words
    chance: Words
    of_vpr: Words
    calendar: Words
    unknown: Words
    usual: Words
    doubt: Words
    no_doubt: Words
    blank: Words
    nobody: Words
    demonstration: Words


class StageTerm(Frozen):
    """A stage of monitoring and the month by which its outcome is known."""

    stage: Stage
    term: Words
    source: Words


class Cause(Frozen):
    """What a school is to ask itself about a factor of `context.ContextRules`.

    Args:
        signs: indicators that tell of it. `measures`: rows of the school's profile that do.
    """

    id: Words
    check: Words
    signs: tuple[Words, ...] = ()
    measures: tuple[Words, ...] = ()


class BankMeasure(Frozen):
    """A measure of the bank: when it is proposed (all conditions that are given have to hold), and its calendar row."""

    id: Words
    event: Words
    term: Words
    responsible: Words
    expected: Words
    source: Words
    topics: tuple[Words, ...] = ()
    lacks: Need | None = None
    has: Held | None = None

    def fits(self, topics: Collection[str], held: Collection[str]) -> bool:
        """Whether a school with such comments, that has such things, is proposed the measure."""
        is_called = not self.topics or not set(self.topics).isdisjoint(topics)
        return is_called and (self.lacks is None or self.lacks not in held) and (self.has is None or self.has in held)


class ProgrammeRules(Frozen):
    """What a draft is put together from."""

    title: Words
    source: Words
    notice: Words
    texts: DraftTexts
    goals: GoalRules
    stages: tuple[StageTerm, ...]
    causes_source: Words
    causes: tuple[Cause, ...] = Field(min_length=1)
    measures: tuple[BankMeasure, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> "ProgrammeRules":
        refuse_doubled([cause.id for cause in self.causes], "causes")
        refuse_doubled([measure.id for measure in self.measures], "measures")
        if [item.stage for item in self.stages] != list(STAGES):
            raise ValueError(f"ожидались этапы по порядку: {', '.join(STAGES)}")
        return self


def load_programme_rules(path: Path) -> ProgrammeRules:
    """Read the rules.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule is wrong; every fault is named with its line.
    """
    return read_rules(ProgrammeRules, path, "программы школы")


def plan_events(rules: ProgrammeRules, topics: Collection[str], held: Collection[str], year: int) -> pd.DataFrame:
    """The calendar of one school for the school year after the report's: a row per event, columns `EVENT_COLUMNS`.

    Args:
        topics: of the comments that the school has.
        held: what it has, in the words of `Need` and `Held`.
    """
    chosen = [measure for measure in rules.measures if measure.fits(topics, held)]
    rows = [
        (str(number), item.event, name_years(item.term, year), item.responsible, item.expected, item.source)
        for number, item in enumerate(chosen, start=1)
    ]
    return pd.DataFrame(rows, columns=EVENT_COLUMNS, dtype="str")


def name_years(text: str, year: int) -> str:
    """A term with the years of the school year that begins in the autumn of the report's year."""
    return text.format(start=year, end=year + 1).replace(" г.", f"{NBSP}г.")


def set_goals(figures: pd.DataFrame, ends: pd.DataFrame, rules: GoalRules) -> pd.DataFrame:
    """Goals of one school: a row per indicator, the greatest gap first, at most so many as the rules allow.

    A goal is the nearest of the ends that is better than what the school has now: a draft asks for one step.

    Args:
        figures: a row per indicator: indicator, own, more_is_worse, gap (positive for the worse), is_sure (beyond
            chance), is_caveated (ВПР, which comes after the exams). Sure gaps are taken; where there is none, those
            that look like one.
        ends: a row per indicator and end: indicator, end (per cent), title.

    Returns:
        Columns of `figures`, `goal`, `halfway` and `reason`; an indicator without a better end has no row.
    """
    behind = figures[figures["gap"] > 0]
    sure = behind[behind["is_sure"]]
    both = (sure if len(sure) else behind).merge(ends, on="indicator")
    sign = np.where(both["more_is_worse"], 1, -1)
    both = both.assign(
        goal=both["end"].round(rules.digits), step=sign * (both["own"] - both["end"].round(rules.digits))
    )
    both = both[both["step"].round(rules.digits) > 0]
    both = both.sort_values(["is_caveated", "gap", "step"], ascending=[True, False, True], kind="stable")
    goals = both.drop_duplicates("indicator").head(rules.most).reset_index(drop=True)
    way = goals["own"] + rules.halfway * (goals["goal"] - goals["own"])
    return (
        goals.assign(halfway=way.round(rules.digits)).rename(columns={"title": "reason"}).drop(columns=["end", "step"])
    )
