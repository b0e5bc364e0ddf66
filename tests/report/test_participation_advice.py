"""No advice contradicts a school's part in projects; what contradicts is said here anew, not taken from the rules."""

import re
from dataclasses import replace
from itertools import product

import pandas as pd
import pytest
from conftest import ROOT
from test_comments import RULES, imagine, refuse

from effschool.report.comments import load_comments, write_comments
from effschool.report.portfolio import list_municipalities, open_portfolio, open_region
from effschool.report.school_features import gather_features, name_titles
from effschool.report.sections.first_screen import list_attention
from effschool.report.sections.region import find_steps
from effschool.report.sections.school import tell_schools

FLAGS = ["has_project", "has_curator", "has_partner", "has_agreement"]
CONTRADICTS = {
    ("has_project", True): r"включить в .{0,15}проект|предложить школу для проекта|переходите к адресной программе",
    ("has_curator", True): r"(закреп|назнач|найд)\w* .{0,10}куратора",
    ("has_partner", True): r"(закреп|подбер)\w* .{0,40}школу-партнёра",
    ("has_agreement", True): r"оформите соглашение",
    ("has_curator", False): r"с куратором",
    ("has_partner", False): r"другой партнёр",
}


def find_contradictions(text, row):
    return [
        (flag, text)
        for (flag, value), words in CONTRADICTS.items()
        if bool(row[flag]) is value and re.search(words, text, re.IGNORECASE)
    ]


@pytest.fixture(scope="module")
def rules():
    return load_comments(RULES)


def test_words_of_this_test_are_those_of_the_rules(rules):
    """Each is said by some comment to somebody, so that the checks below have something to find."""
    texts = [comment.text for pattern in rules.patterns for comment in pattern.comments.values()]
    for words in CONTRADICTS.values():
        assert any(re.search(words, text, re.IGNORECASE) for text in texts), words


@pytest.mark.parametrize("values", list(product([True, False], repeat=len(FLAGS))))
def test_no_pattern_contradicts_any_part_in_projects(rules, methodology, values):
    flags = dict(zip(FLAGS, values, strict=True))
    for pattern in rules.patterns:
        school = imagine(rules, pattern, **flags)
        told = write_comments(school, rules.model_copy(update={"patterns": (pattern,)}), name_titles(methodology))
        found = [each for text in told["text"] for each in find_contradictions(text, flags)]
        assert found == [], pattern.id


@pytest.mark.parametrize("year", [2021, 2022, 2023])
def test_demonstration_has_no_advice_that_contradicts(demo, year, rules, methodology):
    region = open_region(demo, year)
    known = demo.support.participants
    stays = known[known["exit_year"].isna() | (known["exit_year"] >= year)].set_index("school_id")
    signs = gather_features(region, region.region_schools)
    told = write_comments(signs, rules, name_titles(methodology))
    assert len(told)
    for row in told.itertuples():
        own = stays.loc[[row.school_id]] if row.school_id in stays.index else stays.head(0)
        flags = {
            "has_project": len(own) > 0,
            "has_curator": own["curator"].notna().any(),
            "has_partner": own["partner"].notna().any(),
            "has_agreement": own["agreement"].eq("заключён").any(),
        }
        assert find_contradictions(row.text, flags) == []


@pytest.fixture
def crowded(demo):
    """The tiny region, where every school of the year enters a project in it, with all that a project gives."""
    schools = sorted(demo.identified.schools.query("year == 2023")["school_id"])
    rows = pd.DataFrame({"school_id": schools}).assign(
        project="500+", entry_year=2023, exit_year=pd.array([None] * len(schools), dtype="Int64"), curator="Куратор",
        partner="Школа", track=1, wave="2023", agreement="заключён",
    )  # fmt: skip
    sure = demo.certainty.assign(verdict="устойчиво", stays_chance_pct=99.0)
    return replace(demo, certainty=sure, support=replace(demo.support, participants=rows))


def test_school_that_entered_this_year_is_not_advised_to_join(crowded):
    """On the page of the region and of the municipality; help of this year has not failed yet."""
    everything = dict.fromkeys(FLAGS, True)
    steps = find_steps(open_region(crowded, 2023), ROOT / "comments" / "schools.yml")
    places = list_municipalities(crowded, 2023)
    pages = [list_attention(tell_schools(open_portfolio(crowded, name, 2023), RULES)) for name in places]
    texts = [*steps["text"], *(text for page in pages for text in page.frame["Что сделать"])]
    assert any("уже участвует в проекте" in text for text in texts)
    assert [found for text in texts for found in find_contradictions(text, everything)] == []
    assert not [text for text in texts if "а результаты держатся" in text or "место в ШНОР держится" in text]


def test_approved_pair_is_a_partner(crowded):
    schools = crowded.support.participants["school_id"]
    alone = crowded.support.participants.assign(partner=None)
    approved = pd.DataFrame({"school_id": schools.head(1), "partner_id": "99", "partner": "Школа"})
    support = replace(crowded.support, participants=alone, approved=approved)
    region = open_region(replace(crowded, support=support), 2023)
    signs = gather_features(region, region.region_schools)
    assert signs.index[signs["has_partner"].astype(bool)].tolist() == [schools.iloc[0]]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (', instead: "Помогите выбрать риски из профиля и проверьте программы школы."', "", "допишите instead"),
        (
            'instead: "Помогите выбрать риски из профиля и проверьте программы школы."',
            'instead: "Подберите школу-партнёра."',
            "instead сам предполагает",
        ),
        ("sign: has_curator, unless: false", "sign: has_friend, unless: false", "has_friend"),
    ],
)
def test_text_that_presumes_has_another_one(tmp_path, old, new, said):
    assert said in refuse(tmp_path, old, new)
