"""Targets of programmes, plan against fact (цели программ): files of targets, facts by place and year, states.

A fact is counted from the data where the file says how, and taken from the institute's table where it does not. What
is in neither is «нет данных», never zero (METHODOLOGY.md section 3).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from effschool.base.russian import NO_DATA
from effschool.base.schemas import MARKS
from effschool.dynamics.paths import LIST_COLUMNS
from effschool.intake.layouts import simplify_text
from effschool.method.indicators import KEY, fill_mean_scores
from effschool.method.methodology import FIOKO_LIST
from effschool.support.programmes import (
    DynamicsCount,
    ListCount,
    MarkedCount,
    MarksCount,
    Programme,
    RoadmapCount,
    Target,
)
from effschool.support.roadmap import DONE

MET, AT_RISK, MISSED = "выполнено", "под угрозой", "не выполнено"
STATES = (MET, AT_RISK, MISSED, NO_DATA)
COUNTED, REPORTED = "вычислено", "таблица института"
TOLERANCE = 1e-9


@dataclass(frozen=True)
class FactBasis:
    """What facts are made from: paths of the schools, contract tables, events as `roadmap.judge_events` gives them."""

    paths: pd.DataFrame
    tables: Mapping[str, pd.DataFrame]
    events: pd.DataFrame

    @cached_property
    def schools(self) -> pd.DataFrame:
        """Schools that are not left out: a row per year and school."""
        return self.paths[self.paths["group"].notna()]

    @cached_property
    def years(self) -> list[int]:
        """Years of the register."""
        return sorted(map(int, self.paths["year"].unique()))

    @cached_property
    def results(self) -> pd.DataFrame:
        """Results of those schools with their municipality, missing means filled from marks."""
        places = self.schools[[*KEY, "municipality"]]
        return fill_mean_scores(self.tables["results"]).merge(places, on=KEY, validate="many_to_one")

    def has_lists(self, names: Sequence[str]) -> pd.Series:
        """Whether the year of each school has the named lists: ФИОКО's is made for years without the others."""
        federal, others = self.schools["fioko_shnor"].notna(), self.schools[list(LIST_COLUMNS.values())].notna()
        kinds = [federal] * (FIOKO_LIST in names) + [others.any(axis=1)] * bool(set(names) - {FIOKO_LIST})
        made = [kind.groupby(self.schools["year"]).transform("any") for kind in kinds]
        return pd.Series(np.logical_and.reduce(made), index=self.schools.index)

    def list_members(self, names: Sequence[str], lists_of: str = "same") -> pd.DataFrame:
        """Years and schools that are on any of the lists, or were the year before."""
        is_on = self.schools["results_status"].isin(names) | self.schools["social_status"].isin(names)
        is_on |= self.schools["fioko_shnor"].fillna(False).astype(bool) if FIOKO_LIST in names else False
        members = self.schools.loc[is_on & self.has_lists(names), KEY]
        return members.assign(year=members["year"] + 1) if lists_of == "previous" else members


def compare_targets(programmes: Sequence[Programme], known: FactBasis) -> pd.DataFrame:
    """Plan and fact of every target: a row per programme, target, year with a plan and place.

    Columns: programme, programme_title, target, title, unit, goal, year, municipality (missing for the region), plan,
    fact (missing is «нет данных»), part and whole (behind a share), schools (that were counted), state, origin.
    """
    frames = [_compare_target(*named, known) for named in list_targets(programmes)]
    compared = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
    return compared.astype(COLUMNS)


COLUMNS = {
    **dict.fromkeys(("programme", "programme_title", "target", "title", "unit", "goal"), "str"),
    "year": "int64",
    "municipality": "str",
    **dict.fromkeys(("plan", "fact", "part", "whole", "schools"), "float64"),
    "state": "str",
    "origin": "str",
}


def list_targets(programmes: Sequence[Programme]) -> Iterator[tuple[Programme, Target, str]]:
    """Targets with their programme and title; one that is counted by grade stands once for each."""
    for programme in programmes:
        for target in programme.targets:
            count = target.count
            if not isinstance(count, MarksCount) or not count.each_grade:
                yield programme, target, target.title
                continue
            for grade in count.each_grade:
                of_grade = count.model_copy(update={"each_grade": (grade,)})
                yield programme, target.model_copy(update={"count": of_grade}), f"{target.title}, {grade} класс"


def _compare_target(programme: Programme, target: Target, title: str, known: FactBasis) -> pd.DataFrame:
    grid = _lay_grid(target, known)
    counted = measure_places(COUNTS[target.count.by](target.count, programme, known)) if target.count else None
    reported = pick_reported(known.tables["targets_fact"], programme, target, title)
    facts = grid if counted is None else grid.merge(counted, how="left", on=["year", "municipality"])
    facts = facts.merge(reported, how="left", on=["year", "municipality"]).reindex(
        columns=[*grid, "fact", "part", "whole", "schools", "value"]
    )
    is_counted = facts["fact"].notna()
    fact = facts["fact"].astype("float64").fillna(facts["value"].astype("float64"))
    at_risk = programme.at_risk if target.at_risk is None else target.at_risk
    origin = pd.Series(REPORTED, index=facts.index, dtype="str").mask(is_counted, COUNTED).mask(fact.isna(), NO_DATA)
    named = {"programme": programme.id, "programme_title": programme.title, "target": target.id, "title": title}
    named |= {"unit": target.unit, "goal": target.goal}
    judged = facts.assign(
        fact=fact, state=judge_facts(fact, facts["plan"], target.goal, at_risk), origin=origin, **named
    )
    return judged[list(COLUMNS)]


def _lay_grid(target: Target, known: FactBasis) -> pd.DataFrame:
    """Every year with a plan and every place the target is meant for, so that a place without data is seen."""
    names = sorted(known.paths["municipality"].unique()) if "municipality" in target.places else []
    places = [*([None] if "region" in target.places else []), *names]
    rows = [(year, place, plan) for year, plan in sorted(target.list_plans(known.years).items()) for place in places]
    return pd.DataFrame(rows, columns=["year", "municipality", "plan"]).astype({"municipality": "str"})


def judge_facts(fact: pd.Series, plan: pd.Series, goal: str, at_risk: float) -> pd.Series:
    """State of every fact beside its plan; a missing fact is «нет данных»."""
    lacks = fact - plan if goal == "at_most" else plan - fact
    is_met = lacks < -TOLERANCE if goal == "more_than" else lacks <= TOLERANCE
    state = np.select([fact.isna(), is_met, lacks <= at_risk + TOLERANCE], [NO_DATA, MET, AT_RISK], MISSED)
    return pd.Series(state, index=fact.index, dtype="str")


def measure_places(parts: pd.DataFrame) -> pd.DataFrame:
    """Per cent by year and place, from a row per school of part and whole; change where there is a before.

    What has no municipality (the region's own plan of events) speaks for the region alone; else the whole region does.
    """
    parts = parts if "schools" in parts else parts.assign(schools=1)
    numbers = [name for name in parts if name not in ("year", "municipality")]
    own = parts.groupby(["year", "municipality"])[numbers].sum().reset_index()
    has_own = parts["municipality"].isna().any()
    of_region = parts[parts["municipality"].isna()] if has_own else parts
    region = of_region.groupby("year")[numbers].sum().reset_index().assign(municipality=None)
    sums = pd.concat([own, region], ignore_index=True).astype({"municipality": "str"})
    fact = _share(sums["part"], sums["whole"])
    if "whole_before" in sums:
        fact -= _share(sums["part_before"], sums["whole_before"])
    return sums[["year", "municipality", "part", "whole", "schools"]].assign(fact=fact)


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return 100 * part.astype("float64") / whole.where(whole > 0).astype("float64")


def pick_reported(facts: pd.DataFrame, programme: Programme, target: Target, title: str) -> pd.DataFrame:
    """Facts of the institute's table for one target: year, municipality, value; none where two rows say it."""
    found = facts.loc[_find_facts(facts, programme, target, title), ["year", "municipality", "value"]]
    return found.drop_duplicates(["year", "municipality"], keep=False)


def _find_facts(facts: pd.DataFrame, programme: Programme, target: Target, title: str) -> "pd.Series[bool]":
    """Rows that name the target by title, or by id where the id means one target only."""
    names = (title,) if title != target.title else (title, target.id)
    return _names(facts, programme) & _is_named(facts["target"], *names)


def _names(rows: pd.DataFrame, programme: Programme) -> "pd.Series[bool]":
    return _is_named(rows["programme"], programme.id, programme.title)


def _is_named(column: pd.Series, *names: str) -> "pd.Series[bool]":
    return column.map(simplify_text, na_action="ignore").isin([simplify_text(name) for name in names])


def count_dynamics(count: DynamicsCount, _: Programme, known: FactBasis) -> pd.DataFrame:
    """Schools with positive dynamics: a row per year and listed school with both years."""
    rows = known.results
    rows = rows[(rows["procedure"] == count.procedure) & rows["subject"].isin(count.subjects)]
    rows = rows.assign(points=rows["mean_score"] * rows["participants"].astype("float64"), failed=rows[count.failed])
    rows = rows.dropna(subset=["points", "failed", "participants"])
    keys = [*KEY, "municipality", "subject"]
    sums = rows.groupby(keys)[["points", "failed", "participants"]].sum().astype("float64").reset_index()
    sums = sums[sums["participants"] > 0]
    sums = sums.assign(mean=sums["points"] / sums["participants"], failed=sums["failed"] / sums["participants"])
    level = standardise_school_means(sums) if count.mean == "standardised" else sums["mean"]
    now = sums.assign(level=level)
    before = now.assign(year=now["year"] + 1)[[*KEY, "subject", "level", "failed"]]
    both = now.merge(before, on=[*KEY, "subject"], suffixes=("", "_before"), validate="one_to_one")
    good = (both["level"] > both["level_before"] + TOLERANCE) & (both["failed"] <= both["failed_before"] + TOLERANCE)
    schools = both.assign(good=good).groupby([*KEY, "municipality"])["good"].agg(["sum", "size"]).reset_index()
    if count.require == "both":
        schools = schools[schools["size"] == len(count.subjects)]
    needed = len(count.subjects) if count.require == "both" else 1
    judged = schools.assign(part=(schools["sum"] >= needed).astype("int64"), whole=1)
    return judged.merge(known.list_members(count.lists, count.lists_of), on=KEY)[
        ["year", "municipality", "part", "whole"]
    ]


def standardise_school_means(sums: pd.DataFrame) -> pd.Series:
    """Means of schools in standard deviations from the region's mean of the year and subject, by participants.

    Args:
        sums: year, subject, mean and participants of every school; missing where schools do not vary.
    """
    keys = [sums["year"], sums["subject"]]
    total = sums["participants"].groupby(keys).transform("sum")
    centred = sums["mean"] - (sums["mean"] * sums["participants"]).groupby(keys).transform("sum") / total
    spread = np.sqrt((centred**2 * sums["participants"]).groupby(keys).transform("sum") / total)
    return centred / spread.where(spread > TOLERANCE)


def count_marks(count: MarksCount, _: Programme, known: FactBasis) -> pd.DataFrame:
    """Marks of some kinds among all that are known: a row per year and school."""
    rows = known.results
    chosen = rows["procedure"].isin(count.procedure)
    for column, allowed in (("subject", count.subject), ("grade", count.each_grade)):
        chosen &= rows[column].isin(allowed) if allowed else True
    rows = rows[chosen].dropna(subset=list(MARKS))
    rows = rows.assign(part=rows[list(count.marks)].sum(axis=1), whole=rows[list(MARKS)].sum(axis=1))
    sums = rows.groupby([*KEY, "municipality"])[["part", "whole"]].sum().reset_index()
    if count.lists:
        sums = sums.merge(known.list_members(count.lists, count.lists_of), on=KEY)
    if count.change:
        every = rows.groupby(KEY)[["part", "whole"]].sum().reset_index()
        before = every.assign(year=every["year"] + 1).rename(columns={"part": "part_before", "whole": "whole_before"})
        sums = sums.merge(before, on=KEY)
    return sums.drop(columns="school_id")


def count_list(count: ListCount, _: Programme, known: FactBasis) -> pd.DataFrame:
    """Schools on any of the lists among all schools, in years that have these lists."""
    return _flag_schools(known.schools[known.has_lists(count.lists)], known.list_members(count.lists))


def count_marked(_: MarkedCount, __: Programme, known: FactBasis) -> pd.DataFrame:
    """Schools marked as doubtful among all schools, in years for which such a list came."""
    marked = known.tables["marked"]
    flagged = marked.loc[marked["marked"] > 0, KEY].drop_duplicates()
    return _flag_schools(known.schools[known.schools["year"].isin(marked["year"])], flagged)


def _flag_schools(schools: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    is_on = pd.MultiIndex.from_frame(schools[KEY]).isin(pd.MultiIndex.from_frame(members[KEY]))
    return schools[["year", "municipality"]].assign(part=is_on.astype("int64"), whole=1)


def count_roadmap(_: RoadmapCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Events carried out among those due, by the year of their last day."""
    due = known.events[_names(known.events, programme) & known.events["is_due"]]
    part = due["state"].eq(DONE).astype("int64")
    return due[["municipality"]].assign(year=due["end"].dt.year.astype("int64"), part=part, whole=1, schools=0)


COUNTS: dict[str, Callable[..., pd.DataFrame]] = {
    "dynamics": count_dynamics,
    "marks": count_marks,
    "list": count_list,
    "marked": count_marked,
    "roadmap": count_roadmap,
}


def find_unused_facts(facts: pd.DataFrame, programmes: Sequence[Programme], municipalities: Sequence[str]) -> list[str]:
    """A sentence for every row of the institute's table that was not taken: which file and row, and why not."""
    reason = pd.Series("показателя «{target}» программы «{programme}» нет в файлах целей", facts.index, dtype="str")
    for named in list_targets(programmes):
        found = facts[_find_facts(facts, *named)]
        reason[found.index] = ""
        twice = found.index[found.duplicated(["year", "municipality"], keep=False)]
        reason[twice] = "за этот год и это место он дан дважды"
    unplaced = facts["municipality"].notna() & ~facts["municipality"].isin(list(municipalities))
    reason = reason.mask(unplaced, "муниципалитета «{municipality}» нет в реестре школ")
    return [
        f"Файл «{row['source_file']}», строка {row['source_row']}: факт не учтён, потому что {text.format(**row)}."
        for (_, row), text in zip(facts.iterrows(), reason, strict=True)
        if text
    ]
