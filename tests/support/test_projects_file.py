"""The file of projects: what the sources name, by hand, and wrong rules refused with their place."""

from datetime import date

import pytest
from conftest import ROOT

from effschool.base.configuration import ConfigurationError
from effschool.support.projects import load_projects

FILE = ROOT / "methodologies" / "projects.yml"


@pytest.fixture(scope="module")
def projects():
    return load_projects(FILE)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        # 000: п. 2.6, 2.15, 2.17
        ("Эффективная школа", {"входной": 1, "промежуточный": 1, "итоговый": 1}),
        # 001: п. 1.17, 1.15, 1.19, 1.20; входного мониторинга документ не называет
        ("500+", {"промежуточный": 3, "итоговый": 1}),
        # 003, № 29: сентябрь 2020, 2021, 2022; январь 2021, 2022; июнь 2021, 2022
        (
            "Программа повышения качества образования Красноярского края",
            {"входной": 3, "промежуточный": 2, "итоговый": 2},
        ),
        # 004, п. 5.1, 5.3, 5.5
        ("Эффективная школа, муниципальный район имени Лазо", {"входной": 1, "промежуточный": 4, "итоговый": 1}),
    ],
)
def test_waves_are_those_of_the_sources(projects, name, stages):
    waves = [wave.stage for wave in projects.find(name).waves]
    assert {stage: waves.count(stage) for stage in waves} == stages


def test_days_and_plans_are_those_of_the_sources(projects):
    krai, lazo, plus = (
        projects.find(name)
        for name in ("Эффективная школа", "Эффективная школа, муниципальный район имени Лазо", "500+")
    )
    assert (krai.list_waves(2020)[0].since, krai.list_waves(2020)[0].until) == (date(2020, 3, 2), date(2020, 4, 15))
    assert krai.list_waves(2021) == []
    assert (krai.agreements.schools, krai.agreements.until) == (5, date(2020, 3, 31))
    assert (lazo.agreements.share_pct, [quota.schools for quota in lazo.quotas]) == (100, [7, 2])
    assert (plus.agreements, plus.quotas, plus.curators.share_pct) == (None, (), 100)
    assert [quota.schools for _, quota in projects.list_quotas({"муниципальный район имени Лазо"}, 2022)] == [3, 7, 2]
    assert projects.list_quotas({"муниципальный район имени Лазо"}, 2023) == []
    assert projects.find("Неизвестный") is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("since: 2020-03-02, until: 2020-04-15", "since: 2020-04-16, until: 2020-04-15", "не раньше 16.04.2020"),
        ("agreements: {schools: 5,", "agreements: {schools: 5, share_pct: 100,", "одно из двух"),
        ("agreements: {schools: 5,", "agreements: {schools: 0,", "schools"),
        ("track: 1, schools: 3", "track: 4, schools: 3", "track"),
        ("id: krasnoyarsk", "id: krai", "krai"),
        ("names: [500+]", "names: [Эффективная школа]", "есть у двух проектов"),
        ("practices: {years: 4", "practices: {years: 2", "years"),
    ],
)
def test_wrong_rule_is_refused_with_its_line(tmp_path, old, new, said):
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "projects.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_projects(path)
    assert said in str(caught.value)
    assert "Файл проектов «projects.yml» не принят" in str(caught.value)
