"""The management cycle (управленческий цикл): answers of every municipality → what is in place, what is not, advice.

A list of things to do: no place and no sum is made of it by which municipalities could be compared.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import Field, model_validator

from effschool.base.configuration import Frozen, RuleError, Words, read_rules, refuse_doubled
from effschool.base.russian import fold_name

CLOSED, NO_LINK, UNDER_WAY, ABSENT, UNANSWERED = "есть", "нет ссылки", "в становлении", "нет", "нет ответа"
GAPS = (ABSENT, UNDER_WAY, NO_LINK, UNANSWERED)
"""States that are not `CLOSED`, the most urgent first."""
COLUMNS = ["year", "municipality", "question", "words", "direction", "component", "state", "link", "advice", "source"]
Key = tuple[int, str, str]
Place = Literal["municipality", "region"]


class CycleComponents(Frozen):
    """Components of the cycle by their short name, and how sure their names are."""

    source: Words
    status: Literal["подтверждено", "не подтверждено источниками"]
    titles: dict[str, Words]


class CycleIndicator(Frozen):
    """A question of the cycle; keys as the head of the file explains them."""

    id: str = Field(pattern=r"^[a-z][a-z_]*$")
    of: Place
    direction: int
    component: str
    words: Words
    scale: Literal["yes_no", "steps"] = "yes_no"
    link: bool = False
    advice: Words


class OtherAdvice(Frozen):
    """What to do where the indicator is there without a link, and where nothing was answered."""

    no_link: Words
    unanswered: Words


class ManagementCycle(Frozen):
    """The file of the cycle, whole."""

    id: Words
    title: Words
    source: Words
    components: CycleComponents
    directions: dict[int, Words]
    advice: OtherAdvice
    indicators: tuple[CycleIndicator, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_names(self) -> "ManagementCycle":
        refuse_doubled([item.id for item in self.indicators], "indicators")
        for place, item in enumerate(self.indicators):
            if item.direction not in self.directions:
                raise RuleError("такого направления в directions нет", "indicators", place, "direction")
            if item.component not in self.components.titles:
                raise RuleError("такого компонента в components нет", "indicators", place, "component")
        return self

    def select(self, place: Place) -> tuple[CycleIndicator, ...]:
        """Indicators of municipalities, or of the region."""
        return tuple(item for item in self.indicators if item.of == place)

    def ask(self, place: Place) -> tuple[str, ...]:
        """Questions as the form asks them."""
        return tuple(item.words for item in self.select(place))


def load_cycle(path: Path) -> ManagementCycle:
    """Read the file of the cycle.

    Raises:
        ConfigurationError: no such file, not YAML, or a rule in it is wrong; every fault is named with its line.
    """
    return read_rules(ManagementCycle, path, "управленческого цикла")


def name_question(text: str, cycle: ManagementCycle) -> str | None:
    """Id of the question that a file writes by its id or its words; None where the cycle does not ask it."""
    known = {fold_name(word): item.id for item in cycle.indicators for word in (item.id, item.words)}
    return known.get(fold_name(text))


def assess_management(answers: pd.DataFrame, cycle: ManagementCycle, region: str) -> pd.DataFrame:
    """What every municipality that answered has in place: a row per year, municipality and question, as `COLUMNS`.

    A municipality that sent nothing for a year has no rows: «нет данных», not «нет».

    Args:
        answers: the contract table `management`.
        region: name of the region, whose own questions are those of the region.
    """
    known = answers.assign(question=[name_question(text, cycle) for text in answers["question"]]).dropna(
        subset="question"
    )
    last = known.drop_duplicates(["year", "municipality", "question"], keep="last")
    by_key = {(row.year, row.municipality, row.question): (row.answer, row.link) for row in last.itertuples()}
    rows = [
        _judge(item, year, place, by_key, cycle)
        for year, place in dict.fromkeys(zip(known["year"], known["municipality"], strict=True))
        for item in cycle.select("region" if fold_name(place) == fold_name(region) else "municipality")
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"year": "int64", "direction": "int64"})


def _judge(
    item: CycleIndicator, year: int, place: str, answers: Mapping[Key, tuple[Any, Any]], cycle: ManagementCycle
) -> dict[str, object]:
    answer, link = answers.get((year, place, item.id), (None, None))
    other = {NO_LINK: cycle.advice.no_link, UNANSWERED: cycle.advice.unanswered}
    states = {"да": CLOSED if pd.notna(link) or not item.link else NO_LINK, "нет": ABSENT, "в становлении": UNDER_WAY}
    state = states[answer] if pd.notna(answer) else UNANSWERED
    return {
        "year": year,
        "municipality": place,
        "question": item.id,
        "words": item.words,
        "direction": item.direction,
        "component": cycle.components.titles[item.component],
        "state": state,
        "link": link,
        "advice": other.get(state, item.advice),
        "source": f"{cycle.source}, направление {item.direction}",
    }


def list_unknown(answers: pd.DataFrame, cycle: ManagementCycle) -> list[str]:
    """Questions of files that the cycle does not ask."""
    return sorted({text for text in answers["question"] if name_question(text, cycle) is None})


def count_closed(management: pd.DataFrame, places: Iterable[str]) -> pd.DataFrame:
    """How complete each component is: a row per place and component, columns closed and asked; places keep their order.

    A place that sent nothing has no row.
    """
    grouped = management.assign(closed=management["state"].eq(CLOSED)).groupby(
        ["municipality", "component"], sort=False
    )["closed"]
    counted = grouped.agg(closed="sum", asked="size").reset_index()
    order = {place: number for number, place in enumerate(places)}
    return counted[counted["municipality"].isin(list(order))].sort_values(
        "municipality", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )
