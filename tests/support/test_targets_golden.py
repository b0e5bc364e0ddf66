"""Every way of counting a target on the golden region, against numbers counted by hand in its files."""

import pandas as pd
import pytest
from builders import SOURCE, result, table

from effschool.base.russian import NO_DATA
from effschool.dynamics.follow import follow_schools
from effschool.intake.ingest import ingest_folder
from effschool.method.identify import identify_schools
from effschool.support.programmes import Programme
from effschool.support.roadmap import judge_events
from effschool.support.targets import AT_RISK, MET, MISSED, FactBasis, compare_targets

ALL_PLACES = [f"Район {number}" for number in (1, 2, 3, 4, 5)]
# ШНРО or ШНСУ in 2020 (expected/lists.csv), all of them open in 2021.
LISTED = ["027000", "027007", "027028", "270003", "270012", "270013", "270017", "270025"]
LISTED += ["270030", "270032", "270036", "270037"]
RUS, MATH = "русский язык", "математика (профильная)"


@pytest.fixture(scope="module")
def tables(golden, root):
    return ingest_folder(golden, root / "layouts").tables


@pytest.fixture(scope="module")
def paths(tables, methodology):
    return follow_schools(identify_schools(tables, methodology), tables, methodology).paths


@pytest.fixture
def count(tables, paths):
    """Fact, part, whole, schools, unjudged and state of one target by year and place, with the rows given as well."""

    def _count(how, plan=50, year=2021, projects=("П",), **rows):
        contract = tables | {name: table(name, [SOURCE | row for row in given]) for name, given in rows.items()}
        if "results" in rows:
            contract["results"] = pd.concat([tables["results"], contract["results"]], ignore_index=True)
        target = {"id": "one", "title": "Доля", "plan": {year: plan}, "count": how, "source": "пункт"}
        named = {"id": "p", "title": "Программа", "source": "документ", "at_risk": 5, "projects": projects}
        events = judge_events(contract["roadmap"], None, 30)
        found = compare_targets([Programme(**named, targets=(target,))], FactBasis(paths, contract, events))
        return found.set_index(found["municipality"].fillna("регион"))

    return _count


def read(found, place, *columns):
    return [round(value, 3) if isinstance(value, float) else value for value in found.loc[place, list(columns)]]


def test_dynamics_are_of_all_listed_schools(count):
    """ЕГЭ rose in both subjects and failed no more: 027028 (51.83 → 53.96, 50.71 → 60.28), 270036 (33.85 → 36.36,
    32.86 → 42.11), 270037 (70.71 → 74.39, 66.39 → 76.51). Three of twelve; 027007, 270017, 270030 hold no ЕГЭ. The
    others fell in one: 027000, 270003, 270025 in mathematics, 270012, 270013, 270032 in Russian."""
    how = {"by": "dynamics", "procedure": "ЕГЭ", "subjects": [RUS, MATH], "failed": "below_min", "mean": "raw"}
    found = count(how | {"lists": ["ШНРО", "ШНСУ"]}, projects=())
    assert read(found, "регион", "part", "whole", "fact", "unjudged") == [3, 12, 25, 3]
    # Район 4: 027028 of 027028, 270003 and 270013. Район 3: 270037 of five, two of which hold no ЕГЭ.
    assert read(found, "Район 4", "part", "whole", "unjudged") == [1, 3, 0]
    assert read(found, "Район 3", "part", "whole", "unjudged") == [1, 5, 2]
    assert read(found, "Район 5", "fact", "state") == [pytest.approx(float("nan"), nan_ok=True), NO_DATA]


def test_dynamics_of_an_exam_that_was_not_held_are_no_data(count):
    """ОГЭ of 2020 was not held: none of the twelve can be judged, which is not 0 %."""
    how = {"by": "dynamics", "procedure": "ОГЭ", "subjects": [RUS], "failed": "mark_2", "lists": ["ШНРО", "ШНСУ"]}
    found = count(how, projects=())
    assert found["fact"].isna().all()
    assert set(found["state"]) == {NO_DATA}
    assert set(found["asks"]) == {"результаты процедуры за два года"}


KDR = {"by": "dynamics", "procedure": "КДР", "subjects": ["читательская грамотность"], "grade": 4, "failed": "mark_2"}


def kdr(school, year, levels, grade=4):
    return result(school, year, levels, procedure="КДР", subject="читательская грамотность", grade=grade)


def test_reading_of_grade_4_is_counted_as_any_procedure(count):
    """Levels 2…5, mean raw. 027000 rises from 3.5 to 4, fewer fail; 270036 rises, more fail; 270037 is of grade 8."""
    rows = [kdr("027000", 2020, (2, 3, 3, 2)), kdr("027000", 2021, (1, 2, 3, 4))]
    rows += [kdr("270036", 2020, (1, 8, 1, 0)), kdr("270036", 2021, (2, 0, 0, 8))]
    rows += [kdr("270037", 2020, (5, 5, 0, 0), 8), kdr("270037", 2021, (0, 0, 5, 5), 8)]
    how = KDR | {"lists": ["ШНРО", "ШНСУ"], "mean": "raw", "of_marks": True}
    found = count(how, projects=(), results=rows)
    assert read(found, "регион", "part", "whole", "fact", "unjudged") == [1, 12, 8.333, 10]


def test_other_procedures_change_nothing_of_identification_and_dynamics(tables, methodology):
    rows = [kdr(school, year, (3, 3, 3, 3)) for school in LISTED for year in (2018, 2019, 2020, 2021)]
    more = tables | {"results": pd.concat([tables["results"], table("results", rows)], ignore_index=True)}
    own, other = identify_schools(tables, methodology), identify_schools(more, methodology)
    for name in ("schools", "indicators", "indices", "lists"):
        pd.testing.assert_frame_equal(getattr(own, name), getattr(other, name))
    followed, others = follow_schools(own, tables, methodology), follow_schools(other, more, methodology)
    for name in ("paths", "memberships", "spells", "level_change", "pupil_cohorts"):
        pd.testing.assert_frame_equal(getattr(followed, name), getattr(others, name))


def test_pupils_who_coped_are_of_those_who_took_part(count):
    """ВПР of grade 4: Район 5 has 149 pupils in either subject, «2» 28+27+0+1+0+2+5+10+6+8 = 87 times: 211 of 298.
    The region: 342+426+219+132+298 works, «2» 58+31+53+43+87."""
    how = {"by": "marks", "procedure": ["ВПР"], "marks": ["mark_3", "mark_4", "mark_5"], "each_grade": [4]}
    found = count(how, plan=75, projects=())
    assert read(found, "Район 5", "part", "whole", "fact", "state") == [211, 298, 70.805, AT_RISK]
    assert read(found, "регион", "part", "whole", "fact", "state") == [1145, 1417, 80.805, MET]


def test_quality_is_compared_with_the_year_before(count):
    """270036 is the one ШНСУ of 2020 in Район 2. «4» and «5»: 0+3+2+1+1+0+2+1 = 10 of 8·5 in 2020,
    1+4+2+1+0+0+1+2 = 11 of 5+5+4·6 in 2021. «5»: none, then 1+1+1."""
    how = {"by": "marks", "procedure": ["ВПР"], "lists": ["ШНСУ"], "change": True}
    quality = count(how | {"marks": ["mark_4", "mark_5"]}, plan=1, projects=())
    assert quality.loc["Район 2", "fact"] == pytest.approx(100 * 11 / 34 - 25)
    excellent = count(how | {"marks": ["mark_5"], "number": True}, plan=0, projects=())
    assert read(excellent, "Район 2", "fact", "part") == [3, 3]


def test_schools_on_the_federal_list_are_of_all_schools(count):
    """expected/lists.csv of 2021: 17 ШНОР; 40 schools less two that are left out and a primary one. Район 4: 6 of 8.
    ФИОКО's own list, where it came, goes before."""
    found = count({"by": "list", "lists": ["ШНОР"]}, plan=20, projects=())
    assert read(found, "регион", "part", "whole") == [17, 37]
    assert read(found, "Район 4", "part", "whole", "fact") == [6, 8, 75]
    official = [{"year": 2021, "school_id": school, "level": None} for school in ("270036", "027000", "270037")]
    found = count({"by": "list", "lists": ["ШНОР"]}, plan=20, projects=(), official=official)
    assert read(found, "регион", "part", "whole", "fact") == [3, 37, round(300 / 37, 3)]
    assert read(found, "Район 4", "fact") == [0]


def test_doubtful_schools_are_of_all_schools(count):
    """Two rows of 270036 are one school; Район 2 has 7 schools."""
    rows = [{"year": 2021, "school_id": "270036", "subject": RUS, "grade": grade, "marked": 1} for grade in (4, 5)]
    found = count({"by": "marked"}, plan=0, projects=(), marked=rows)
    assert read(found, "регион", "part", "whole") == [1, 37]
    assert read(found, "Район 4", "fact") == [0]


def event(number, state=None, term="до 1 июня 2021 г.", **other):
    row = {"programme": "Программа", "municipality": None, "number": number, "year": None, "term": term, "event": "э"}
    row |= {"responsible": None, "expected": None, "state": state, "done": None, "as_of": "01.07.2021"}
    return row | other


def test_events_are_of_all_planned_and_not_of_those_due(count):
    """Ten planned, one of them cancelled; three done, of which one is due later: 3 of 9, though only 4 were due."""
    rows = [event("1", "выполнено"), event("2", "выполнено"), event("3", "не выполнено"), event("4")]
    rows += [event("5", "выполнено", "декабрь 2021 г."), event("6", "отменено")]
    rows += [event(str(number), None, "декабрь 2021 г.") for number in (7, 8)]
    rows += [event("9", None, "по графику"), event("10", None, "до 20 декабря 2020 г.", year=2021)]
    rows += [event("11", "выполнено", programme="Другая"), event("12", "выполнено", "май 2020 г.")]
    found = count({"by": "roadmap"}, plan=75, roadmap=rows)
    assert read(found, "регион", "part", "whole", "fact", "state") == [3, 9, 33.333, MISSED]
    unmarked = [row | {"state": None} for row in rows]
    assert read(count({"by": "roadmap"}, roadmap=unmarked), "регион", "state", "asks") == [
        NO_DATA,
        "план мероприятий с отметками",
    ]


def member(school, entry=2020, leaving=None, project="П", **other):
    row = {"school_id": school, "project": project, "entry_year": entry, "exit_year": leaving, "partner_id": None}
    return row | {"curator": None, "track": None, "wave": None, "agreement": None} | other


MEMBERS = [
    member("027000", agreement="заключён", curator="А", partner_id="270037"),
    member("270005", agreement="не заключён", curator="А"),
    member("270036"),
    member("270037", leaving=2020, agreement="заключён"),  # left before
    member("270032", entry=2022, agreement="заключён"),  # comes later
    member("270012", project="Другой", agreement="заключён"),
]


def test_agreements_are_of_participants_of_the_year(count):
    """In 2021: 027000 (signed), 270005 (not), 270036 (nobody says): 1 of 3. Two of three have a curator."""
    found = count({"by": "programme", "have": "agreement"}, programme=MEMBERS)
    assert read(found, "регион", "part", "whole", "fact", "unjudged") == [1, 3, 33.333, 1]
    assert found.index.tolist() == ["регион", "Район 1", "Район 2"]  # no other municipality takes part
    assert read(found, "Район 2", "state", "asks") == [NO_DATA, "таблицу участников с куратором, партнёром и договором"]
    assert count({"by": "programme", "have": "agreement", "number": True}, programme=MEMBERS).loc["регион", "fact"] == 1
    assert read(count({"by": "programme", "have": "curator"}, programme=MEMBERS), "регион", "part", "whole") == [2, 3]
    assert read(count({"by": "programme", "have": "partner_id"}, programme=MEMBERS), "регион", "part") == [1]


def stage(school, name="входной", link=None, corrected=None, year=2021):
    return {"year": year, "school_id": school, "stage": name, "day": "май", "corrected": corrected, "link": link}


def test_programmes_of_schools_are_of_all_listed_this_year(count):
    """ШНРО or ШНСУ in 2021: thirteen. Two sent a sheet with a link, one without, 270013 a sheet of 2020 only."""
    rows = [stage("027000", link="http"), stage("027000", "итоговый"), stage("270036", link="http")]
    rows += [stage("270037"), stage("270013", link="http", year=2020), stage("270005", link="http")]
    how = {"by": "stages", "have": "link", "lists": ["ШНРО", "ШНСУ"], "lists_of": "same"}
    found = count(how, plan=100, projects=(), stages=rows)
    assert read(found, "регион", "part", "whole", "fact", "unjudged") == [2, 13, 15.385, 10]


def test_corrected_programmes_are_of_participants(count):
    """027000 corrected it, 270005 did not, the sheet of 270036 does not say."""
    rows = [
        stage("027000", corrected="да"),
        stage("270005", corrected="нет"),
        stage("270005", "итоговый"),
        stage("270036"),
    ]
    how = {"by": "stages", "have": "corrected", "participants": True}
    found = count(how, programme=MEMBERS, stages=rows)
    assert read(found, "регион", "part", "whole", "unjudged") == [1, 3, 1]


def teachers(school, subject, number, **counts):
    row = dict.fromkeys(["courses_planned", "courses_passed", "diagnosed", "with_deficits", "helped", "mentors"])
    return row | {"year": 2021, "school_id": school, "subject": subject, "teachers": number, "vacancies": None} | counts


STAFF = [
    teachers("027028", RUS, 3, courses_passed=3, helped=0, with_deficits=2),
    teachers("027028", "математика", 2, courses_passed=1, helped=1, with_deficits=1),
    teachers("270003", RUS, 5, courses_passed=1),
    teachers("270005", RUS, 9, courses_passed=9),  # no ШНОР
]


def test_courses_are_of_teachers_of_the_listed_schools(count):
    """ШНОР of 2021: 027028 with 4 of 5 teachers, 270003 with 1 of 5; the other fifteen sent nothing."""
    how = {"by": "teachers", "part": "courses_passed", "lists": ["ШНОР"], "lists_of": "same"}
    found = count(how, plan=100, projects=(), teachers=STAFF)
    assert read(found, "регион", "part", "whole", "fact", "unjudged") == [5, 10, 50, 15]
    assert read(found, "Район 4", "part", "whole", "unjudged") == [5, 10, 4]
    assert found.loc["Район 2", "state"] == NO_DATA


def test_deficits_are_overcome_in_schools_of_all_listed(count):
    """Of seventeen ШНОР one helps its teachers of mathematics; in Russian 027028 helps nobody."""
    how = {"by": "teachers", "part": "helped", "schools": True, "lists": ["ШНОР"], "lists_of": "same"}
    found = count(how | {"subject": ["математика"]}, projects=(), teachers=STAFF)
    assert read(found, "регион", "part", "whole", "unjudged") == [1, 17, 16]
    assert read(count(how | {"subject": [RUS]}, projects=(), teachers=STAFF), "регион", "part", "unjudged") == [0, 16]


def answer(place, said, link="http", question="programme"):
    return {"year": 2021, "municipality": place, "question": question, "answer": said, "link": link}


def test_answers_are_of_all_municipalities(count):
    """«Да» from two of five by the id or the words of the question; others are on the way, silent, asked another."""
    rows = [answer("Район 1", "да"), answer("Район 2", "да", None, "Муниципальная программа")]
    rows += [answer("Район 3", "в становлении"), answer("Район 4", None), answer("Район 5", "да", question="page")]
    how = {"by": "management", "question": ["programme", "муниципальная программа"]}
    found = count(how, plan=60, projects=(), management=rows)
    assert read(found, "регион", "part", "whole", "fact") == [2, 5, 40]
    assert read(found, "Район 4", "state", "asks") == [NO_DATA, "лист «Управленческий цикл»"]
    assert read(count(how | {"link": True}, projects=(), management=rows), "регион", "part") == [1]


def test_municipality_has_the_targets_of_its_own_programmes_only(paths, tables):
    """A municipality's programme is its own; one with projects is of those with participants or a plan of events."""

    def places(of=None, projects=(), **rows):
        contract = tables | {name: table(name, [SOURCE | row for row in given]) for name, given in rows.items()}
        target = {"id": "one", "title": "Доля", "plan": 50, "source": "пункт"}
        named = {"id": "p", "title": "Программа", "source": "документ", "at_risk": 5, "years": (2021, 2024)}
        programme = Programme(**named, of=of, projects=projects, targets=(target,))
        events = judge_events(contract["roadmap"], None, 30)
        found = compare_targets([programme], FactBasis(paths, contract, events))
        assert set(found["year"]) == {2021}  # of its own years those that the data have
        return found["municipality"].fillna("регион").tolist()

    assert places(of="Район 3") == ["Район 3"]
    assert places(of="Край") == places() == ["регион", *ALL_PLACES]
    assert places(projects=["П"], programme=MEMBERS) == ["регион", "Район 1", "Район 2"]
    assert places(projects=["П"], roadmap=[event("1", municipality="Район 5")]) == ["регион", "Район 5"]
    assert places(projects=["П"]) == ["регион"]
