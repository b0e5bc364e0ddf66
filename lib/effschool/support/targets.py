"""Targets of programmes, plan against fact (цели программ): files of targets, facts by place and year, states.

A fact is counted from the data where the file says how, and taken from the institute's table where it does not. What
is in neither is «нет данных», never zero, and the form that would bring it is named (METHODOLOGY.md section 3). A place
has the targets of the programmes that it takes part in, for the years that they name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from effschool.base.russian import NO_DATA
from effschool.base.schemas import MARKS, SIGNED
from effschool.dynamics.paths import LIST_COLUMNS
from effschool.intake.layouts import simplify_text
from effschool.method.indicators import KEY, fill_mean_scores
from effschool.method.methodology import FIOKO_LIST
from effschool.support.programmes import (
    DynamicsCount,
    ListCount,
    ManagementCount,
    MarkedCount,
    MarksCount,
    OfSchools,
    Programme,
    ProgrammeCount,
    RoadmapCount,
    StagesCount,
    Target,
    TeachersCount,
)
from effschool.support.roadmap import CANCELLED, DONE

MET, AT_RISK, MISSED, OPEN = "выполнено", "под угрозой", "не выполнено", "зависит от неизвестных"
STATES = (MET, AT_RISK, MISSED, OPEN, NO_DATA)
"""`OPEN`: those of whom nothing is known could turn it the other way; silence is no failure."""
COUNTED, REPORTED = "вычислено", "таблица института"
PLACE = ["year", "municipality"]
TOLERANCE = 1e-9
IN_POINTS = ("%", "п. п.")
"""Units in which the programme's own `at_risk` is."""
ASKED = {
    "dynamics": "результаты процедуры за два года",
    "marks": "результаты процедуры с отметками",
    "list": "результаты процедур или официальный перечень ШНОР",
    "marked": "перечень школ, чьи результаты просят проверить",
    "roadmap": "план мероприятий с отметками",
    "programme": "таблицу участников с куратором, партнёром и договором",
    "stages": "лист «Этапы мониторинга»",
    "teachers": "лист «Педагоги и курсы»",
    "management": "лист «Управленческий цикл»",
}
REPORTED_BY = "таблицу «Факты по показателям программ»"
"""What is to be sent where a target has no data."""


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
    def places(self) -> list[str]:
        """Municipalities of the register."""
        return sorted(self.paths["municipality"].unique())

    @cached_property
    def results(self) -> pd.DataFrame:
        """Results of those schools with their municipality, missing means filled from marks."""
        places = self.schools[[*KEY, "municipality"]]
        return fill_mean_scores(self.tables["results"]).merge(places, on=KEY, validate="many_to_one")

    @cached_property
    def federal(self) -> pd.Series:
        """Whether each school is ШНОР: on ФИОКО's own list of a year for which it came, else as calculated."""
        official, keys = self.tables["official"], pd.MultiIndex.from_frame(self.schools[KEY])
        is_on = pd.Series(keys.isin(pd.MultiIndex.from_frame(official[KEY])), self.schools.index, dtype="boolean")
        return self.schools["fioko_shnor"].mask(self.schools["year"].isin(official["year"]), is_on)

    def has_lists(self, names: Sequence[str]) -> pd.Series:
        """Whether the year of each school has the named lists: ФИОКО's is made for years without the others."""
        federal, others = self.federal.notna(), self.schools[list(LIST_COLUMNS.values())].notna()
        kinds = [federal] * (FIOKO_LIST in names) + [others.any(axis=1)] * bool(set(names) - {FIOKO_LIST})
        made = [kind.groupby(self.schools["year"]).transform("any") for kind in kinds]
        return pd.Series(np.logical_and.reduce(made), index=self.schools.index)

    def list_members(self, names: Sequence[str], lists_of: str = "same") -> pd.DataFrame:
        """Years and schools that are on any of the lists, or were the year before."""
        is_on = self.schools["results_status"].isin(names) | self.schools["social_status"].isin(names)
        is_on |= self.federal.fillna(False).astype(bool) if FIOKO_LIST in names else False
        members = self.schools.loc[is_on & self.has_lists(names), KEY]
        return members.assign(year=members["year"] + 1) if lists_of == "previous" else members

    def list_participants(self, programme: Programme) -> pd.DataFrame:
        """Rows of the participants' table for every year in which the school took part in a project of a programme."""
        rows = self.tables["programme"]
        rows = rows[_is_named(rows["project"], *programme.projects)]
        last = rows["exit_year"].fillna(max(self.years, default=0))
        by_year = [rows[(rows["entry_year"] <= year) & (last >= year)].assign(year=year) for year in self.years]
        return pd.concat([rows.iloc[:0].assign(year=0), *by_year], ignore_index=True)

    @cached_property
    def _takers(self) -> dict[str, dict[int, set[str]]]:
        return {}

    def list_takers(self, programme: Programme) -> dict[int, set[str]]:
        """Municipalities of a programme's participants and planned events by year, found once for all its targets."""
        if programme.id not in self._takers:
            taking = self.list_participants(programme).merge(self.paths[[*KEY, "municipality"]], on=KEY)
            planned = find_planned_events(self.events, programme)
            keys = [taking[PLACE], planned[["of_year", "municipality"]].set_axis(PLACE, axis=1)]
            both = pd.concat([each.astype({"year": "float64"}) for each in keys]).dropna()
            self._takers[programme.id] = {int(year): set(own) for year, own in both.groupby("year")["municipality"]}
        return self._takers[programme.id]

    def choose_schools(self, count: OfSchools, programme: Programme) -> pd.DataFrame:
        """Schools that a count looks at: year, school_id, municipality; all that are not left out if it names none."""
        known = self.paths if count.participants else self.schools
        places = known[[*KEY, "municipality"]]
        if count.participants:
            return places.merge(self.list_participants(programme)[KEY].drop_duplicates(), on=KEY)
        return places.merge(self.list_members(count.lists, count.lists_of), on=KEY) if count.lists else places


def compare_targets(programmes: Sequence[Programme], known: FactBasis) -> pd.DataFrame:
    """Plan and fact of every target: a row per programme, target, year with a plan and place that takes part.

    Columns: programme, programme_title, target, title, unit, goal, year, municipality (missing for the region), plan,
    fact (missing is «нет данных»), part and whole (behind a share), schools (in the denominator), unjudged (of them,
    could not be judged), state, origin, asks (what would bring the fact, where it is missing), stated (facts of the
    document itself, in words).
    """
    frames = [_compare_target(*named, known) for named in list_targets(programmes)]
    compared = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
    return compared.astype(COLUMNS)


COLUMNS = {
    **dict.fromkeys(("programme", "programme_title", "target", "title", "unit", "goal"), "str"),
    "year": "int64",
    "municipality": "str",
    **dict.fromkeys(("plan", "fact", "part", "whole", "schools", "unjudged"), "float64"),
    **dict.fromkeys(("state", "origin", "asks", "stated"), "str"),
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
    grid, count = _lay_grid(programme, target, known), target.count
    is_number = bool(getattr(count, "number", False))
    counted = measure_places(COUNTS[count.by](count, programme, known), is_number) if count else grid.iloc[:0]
    reported = pick_reported(known.tables["targets_fact"], programme, target, title)
    facts = grid.merge(counted.drop(columns="plan", errors="ignore"), how="left", on=PLACE)
    facts = facts.merge(reported, how="left", on=PLACE)
    facts = facts.reindex(columns=[*grid, "fact", "part", "whole", "schools", "unjudged", "value"])
    is_counted = facts["fact"].notna()
    fact = facts["fact"].astype("float64").fillna(facts["value"].astype("float64"))
    of_shares = programme.at_risk if target.unit in IN_POINTS else 0.0  # one event of two is not nearly two
    at_risk = of_shares if target.at_risk is None else target.at_risk
    origin = pd.Series(REPORTED, index=facts.index, dtype="str").mask(is_counted, COUNTED).mask(fact.isna(), NO_DATA)
    asks = pd.Series(ASKED[count.by] if count else REPORTED_BY, facts.index, dtype="str").where(fact.isna())
    named = {"programme": programme.id, "programme_title": programme.title, "target": target.id, "title": title}
    named |= {"unit": target.unit, "goal": target.goal, "stated": _write_stated(target)}
    state = judge_facts(fact, facts["plan"], target.goal, at_risk)
    state = state.mask(_turns_on_silent(facts, target.goal) & is_counted, OPEN)
    return facts.assign(fact=fact, state=state, origin=origin, asks=asks, **named)[list(COLUMNS)]


def _write_stated(target: Target) -> str:
    return ", ".join(f"{year} год — {value:g}".replace(".", ",") for year, value in target.stated.items())


def _lay_grid(programme: Programme, target: Target, known: FactBasis) -> pd.DataFrame:
    """Every year with a plan and every place that takes part, so that a place without data is seen."""
    plans = target.list_plans(programme.list_years(known.years), max(known.years, default=0))
    rows = [
        (year, place, plan)
        for year, plan in sorted(plans.items())
        for place in list_places(programme, year, known)
        if ("region" if place is None else "municipality") in target.places
    ]
    return pd.DataFrame(rows, columns=["year", "municipality", "plan"]).astype({"municipality": "str"})


def list_places(programme: Programme, year: int, known: FactBasis) -> list[str | None]:
    """Places that take part in a programme in a year; None is the region, a municipality's programme is not of it."""
    if programme.of in known.places:
        return [programme.of]
    if not programme.projects:
        return [None, *known.places]
    takers = known.list_takers(programme).get(year, set())
    return [None, *(place for place in known.places if place in takers)]


def judge_facts(fact: pd.Series, plan: pd.Series, goal: str, at_risk: float) -> pd.Series:
    """State of every fact beside its plan; a missing fact is «нет данных»."""
    lacks = fact - plan if goal == "at_most" else plan - fact
    is_met = lacks < -TOLERANCE if goal == "more_than" else lacks <= TOLERANCE
    state = np.select([fact.isna(), is_met, lacks <= at_risk + TOLERANCE], [NO_DATA, MET, AT_RISK], MISSED)
    return pd.Series(state, index=fact.index, dtype="str")


def _turns_on_silent(facts: pd.DataFrame, goal: str) -> "pd.Series[bool]":
    """Whether a share of schools or places meets its plan or not by what those say of whom nothing is known."""
    numbers = facts[["fact", "part", "whole", "schools", "unjudged", "plan"]].astype("float64")
    at_most = _share(numbers["part"] + numbers["unjudged"], numbers["whole"])
    is_met = [judge_facts(share, numbers["plan"], goal, 0) == MET for share in (numbers["fact"], at_most)]
    return numbers["unjudged"].gt(0) & numbers["whole"].eq(numbers["schools"]) & (is_met[0] != is_met[1])


def measure_places(parts: pd.DataFrame, is_number: bool = False) -> pd.DataFrame:
    """Per cent by year and place, or number, from a row per school of part and whole; change where there is a before.

    A place where no row is `known` has no fact. What has no municipality (the region's own plan of events) speaks for
    the region alone; else the whole region does.
    """
    parts = pd.DataFrame({"schools": 1, "known": 1}, index=parts.index).assign(**dict(parts.items()))
    numbers = [name for name in parts if name not in ("year", "municipality")]
    own = parts.groupby(PLACE)[numbers].sum().reset_index()
    has_own = parts["municipality"].isna().any()
    of_region = parts[parts["municipality"].isna()] if has_own else parts
    region = of_region.groupby("year")[numbers].sum().reset_index().assign(municipality=None)
    sums = pd.concat([own, region], ignore_index=True).astype({"municipality": "str"})
    fact = sums["part"].astype("float64") if is_number else _share(sums["part"], sums["whole"])
    if "whole_before" in sums:
        fact -= sums["part_before"] if is_number else _share(sums["part_before"], sums["whole_before"])
    unjudged = (sums["schools"] - sums["known"]).clip(lower=0)
    kept = sums[["year", "municipality", "part", "whole", "schools"]]
    return kept.assign(fact=fact.where(sums["known"] > 0), unjudged=unjudged)


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return 100 * part.astype("float64") / whole.where(whole > 0).astype("float64")


def pick_reported(facts: pd.DataFrame, programme: Programme, target: Target, title: str) -> pd.DataFrame:
    """Facts of the institute's table for one target: year, municipality, value; none where two rows say it."""
    found = facts.loc[_find_facts(facts, programme, target, title), ["year", "municipality", "value"]]
    return found.drop_duplicates(PLACE, keep=False)


def _find_facts(facts: pd.DataFrame, programme: Programme, target: Target, title: str) -> "pd.Series[bool]":
    """Rows that name the target by title, or by id where the id means one target only."""
    names = (title,) if title != target.title else (title, target.id)
    return _names(facts, programme) & _is_named(facts["target"], *names)


def _names(rows: pd.DataFrame, programme: Programme) -> "pd.Series[bool]":
    return _is_named(rows["programme"], programme.id, programme.title, *programme.names)


def _is_named(column: pd.Series, *names: str) -> "pd.Series[bool]":
    return column.map(simplify_text, na_action="ignore").isin([simplify_text(name) for name in names])


def count_dynamics(count: DynamicsCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Schools with positive dynamics: a row per year and school looked at, known where both years could be compared."""
    rows = known.results
    rows = rows[(rows["procedure"] == count.procedure) & rows["subject"].isin(count.subjects)]
    rows = rows[rows["grade"].eq(count.grade).fillna(False)] if count.grade else rows
    rows = fill_mean_scores(rows, [count.procedure]) if count.of_marks else rows
    rows = rows.assign(points=rows["mean_score"] * rows["participants"].astype("float64"), failed=rows[count.failed])
    rows = rows.dropna(subset=["points", "failed", "participants"])
    sums = rows.groupby([*KEY, "subject"])[["points", "failed", "participants"]].sum().astype("float64").reset_index()
    sums = sums[sums["participants"] > 0]
    sums = sums.assign(mean=sums["points"] / sums["participants"], failed=sums["failed"] / sums["participants"])
    now = sums.assign(level=standardise_school_means(sums) if count.mean == "standardised" else sums["mean"])
    before = now.assign(year=now["year"] + 1)[[*KEY, "subject", "level", "failed"]]
    both = now.merge(before, on=[*KEY, "subject"], suffixes=("", "_before"), validate="one_to_one")
    good = (both["level"] > both["level_before"] + TOLERANCE) & (both["failed"] <= both["failed_before"] + TOLERANCE)
    schools = both.assign(good=good).groupby(KEY)["good"].agg(["sum", "size"]).reset_index()
    needed = len(count.subjects) if count.require == "both" else 1
    schools = schools[schools["size"] >= needed]
    return judge_schools(known.choose_schools(count, programme), schools.assign(good=schools["sum"] >= needed))


def judge_schools(schools: pd.DataFrame, judged: pd.DataFrame) -> pd.DataFrame:
    """A row per school looked at: all are in the whole, those that were judged are known.

    Args:
        schools: year, school_id, municipality.
        judged: year, school_id and whether it is `good`.
    """
    good = schools.merge(judged[[*KEY, "good"]], how="left", on=KEY, validate="one_to_one")["good"].astype("boolean")
    flags = {"part": good.fillna(False), "whole": True, "known": good.notna()}
    return schools[PLACE].reset_index(drop=True).assign(**flags).astype(dict.fromkeys(flags, "int64"))


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


def count_marks(count: MarksCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Marks of some kinds among all who took part: a row per year and school."""
    rows = known.results
    chosen = rows["procedure"].isin(count.procedure)
    for column, allowed in (("subject", count.subject), ("grade", count.each_grade)):
        chosen &= rows[column].isin(allowed) if allowed else True
    rows = rows[chosen].dropna(subset=list(MARKS))
    whole = rows["participants"].fillna(rows[list(MARKS)].sum(axis=1))
    rows = rows.assign(part=rows[list(count.marks)].sum(axis=1), whole=whole)
    every = rows.groupby(KEY)[["part", "whole"]].sum().reset_index()
    sums = every.merge(known.choose_schools(count, programme), on=KEY)
    if count.change:
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
    return schools[PLACE].assign(part=is_on.astype("int64"), whole=1)


def find_planned_events(events: pd.DataFrame, programme: Programme) -> pd.DataFrame:
    """Events of a programme with the year of the plan, else of their last day or of the day they are seen from."""
    own = events[_names(events, programme)]
    years = own["year"].astype("Float64").fillna(own["end"].dt.year).fillna(own["seen_on"].dt.year)
    return own.assign(of_year=years)


def count_roadmap(_: RoadmapCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Events carried out among all that were planned: a row per event that was not cancelled, known where it is marked.

    A plan without any mark says nothing of what was done.
    """
    plan = find_planned_events(known.events, programme).dropna(subset="of_year")
    plan = plan[plan["state"] != CANCELLED]
    flags = {"part": plan["state"].eq(DONE), "known": plan["is_marked"]}
    parts = plan[["municipality"]].assign(year=plan["of_year"].astype("int64"), **flags, whole=1, schools=0)
    return parts.astype(dict.fromkeys(flags, "int64"))


def count_programme(count: ProgrammeCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Participants who have a curator, a partner or a signed agreement; of the agreement it may be unknown."""
    rows = known.list_participants(programme)
    has = rows[count.have].eq(SIGNED) if count.have == "agreement" else rows[count.have].notna()
    told = rows[count.have].notna() if count.have == "agreement" else pd.Series(True, rows.index)
    by_school = rows.assign(good=has, told=told).groupby(KEY)[["good", "told"]].any().reset_index()
    schools = known.choose_schools(OfSchools(participants=True), programme)
    return judge_schools(schools, by_school[by_school["told"]])


def count_stages(count: StagesCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Schools whose sheets of stages say so; one without a sheet is not judged."""
    rows = known.tables["stages"]
    rows = rows[rows["stage"].isin(count.stage)] if count.stage else rows
    rows = rows.dropna(subset="corrected") if count.have == "corrected" else rows
    has = rows["corrected"].eq("да") if count.have == "corrected" else rows[count.have].notna()
    judged = rows.assign(good=has).groupby(KEY)["good"].any().reset_index()
    return judge_schools(known.choose_schools(count, programme), judged)


def count_teachers(count: TeachersCount, programme: Programme, known: FactBasis) -> pd.DataFrame:
    """Teachers of the schools looked at, or schools that have such teachers; a school that told nothing is unknown."""
    rows = known.tables["teachers"]
    rows = rows[rows["subject"].isin(count.subject)] if count.subject else rows
    rows = rows.dropna(subset=[count.part, "teachers"])
    sums = rows.groupby(KEY)[[count.part, "teachers"]].sum().reset_index()
    schools = known.choose_schools(count, programme)
    if count.schools:
        return judge_schools(schools, sums.assign(good=sums[count.part] > 0))
    told = schools.merge(sums, how="left", on=KEY, validate="one_to_one")
    parts = told[[count.part, "teachers"]].set_axis(["part", "whole"], axis=1).fillna(0)
    return told[PLACE].assign(**parts, known=told["teachers"].notna().astype("int64"))


def count_management(count: ManagementCount, _: Programme, known: FactBasis) -> pd.DataFrame:
    """Municipalities that answer «да»: a row per year and municipality of the register, unknown where none answered."""
    rows = known.tables["management"]
    rows = rows[_is_named(rows["question"], *count.question)].dropna(subset="answer")
    good = rows["answer"].eq("да") & (rows["link"].notna() if count.link else True)
    told = rows.assign(good=good).groupby(PLACE)["good"].any().astype("boolean").reset_index()
    places = known.paths[PLACE].drop_duplicates()
    answered = places.merge(told, how="left", on=PLACE)
    flags = {"part": answered["good"].fillna(False), "whole": True, "known": answered["good"].notna()}
    return answered[PLACE].assign(**flags).astype(dict.fromkeys(flags, "int64"))


COUNTS: dict[str, Callable[..., pd.DataFrame]] = {
    "dynamics": count_dynamics,
    "marks": count_marks,
    "list": count_list,
    "marked": count_marked,
    "roadmap": count_roadmap,
    "programme": count_programme,
    "stages": count_stages,
    "teachers": count_teachers,
    "management": count_management,
}


def find_unused_facts(facts: pd.DataFrame, programmes: Sequence[Programme], known: FactBasis) -> list[str]:
    """A sentence for every row of the institute's table that was not taken: which file and row, and why not."""
    reason = pd.Series("показателя «{target}» программы «{programme}» нет в файлах целей", facts.index, dtype="str")
    for programme, target, title in list_targets(programmes):
        found = facts[_find_facts(facts, programme, target, title)]
        if found.empty:
            continue
        planned = pd.MultiIndex.from_frame(_lay_grid(programme, target, known)[PLACE].fillna(""))
        is_planned = pd.MultiIndex.from_frame(found[PLACE].fillna("")).isin(planned)
        twice = found.duplicated(PLACE, keep=False)
        told = np.select([twice, ~is_planned], [DOUBLED, UNPLANNED], "")
        # Another programme of the same name may have taken it.
        reason[found.index] = np.where(reason[found.index].eq(""), "", told)
    unplaced = facts["municipality"].notna() & ~facts["municipality"].isin(known.places)
    reason = reason.mask(unplaced, "муниципалитета «{municipality}» нет в реестре школ")
    return [
        f"Файл «{row['source_file']}», строка {row['source_row']}: факт не учтён, потому что {text.format(**row)}."
        for (_, row), text in zip(facts.iterrows(), reason, strict=True)
        if text
    ]


DOUBLED = "за этот год и это место он дан дважды"
UNPLANNED = "у программы нет плана на этот год или это место в ней не участвует"
