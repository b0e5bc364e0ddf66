import re

from builders_report import build_workspace, identify_bands

from effschool.report.display import Text
from effschool.report.sections import cohorts as parts

YEAR = 2023


def test_grid_says_what_it_does_not_show(demo):
    chart = parts.chart_level_change(demo.dynamics, demo.methodology)
    rows = parts.select_levels(demo.dynamics, YEAR)
    numbers = list(map(int, re.findall(r"\d+", chart.sentence.replace("\xa0", ""))))
    hidden, toned = (rows["visibility"] == "hidden").sum(), rows["tone"].notna().sum()
    assert numbers[0] == toned
    assert [numbers[-3], numbers[-1]] == [hidden, (rows["change"].isna() & (rows["visibility"] != "hidden")).sum()]
    assert chart.table.frame["Школ"].sum() == toned
    points = sum(len(item.get_offsets()) for item in chart.figure.axes[0].collections)
    assert points == len(parts.list_points(rows))
    assert not parts.list_points(rows)["visibility"].eq("hidden").any()


def test_every_school_with_results_stands_in_the_table_and_few_pupils_are_not_told(demo):
    frame = parts.tabulate_level_change(demo.dynamics, demo.methodology, demo.identified.schools).frame
    rows = parts.select_levels(demo.dynamics, YEAR)
    assert len(frame) == len(rows)
    hidden = frame[frame["Итог"] == "мало участников: не показывается"]
    assert len(hidden) == (rows["visibility"] == "hidden").sum() > 0
    assert hidden[["Участников", "Уровень, отклонение", "Изменение"]].isna().all(axis=None)
    assert hidden[["Уровень", "Как изменился"]].eq(parts.NONE).all(axis=None)


def test_change_within_chance_is_called_so(demo):
    rows = parts.select_levels(demo.dynamics, YEAR)
    rows = rows[(rows["visibility"] != "hidden") & rows["change_class"].isin([0, 1, 3, 4])]
    told = parts.describe_levels(rows, demo.methodology.dynamics.level_change)["Как изменился"]
    by_chance = told.str.endswith(", но не больше случайного")
    assert (by_chance == ((rows["change"] / rows["change_error"]).abs() <= 2)).all()
    assert 0 < by_chance.sum() < len(rows)


def test_change_is_told_with_its_sign():
    written = [parts.signed(value) for value in (0.126, -0.126, 0.0, 0.004)]
    assert written == ["+0,13", "\N{MINUS SIGN}0,13", "0,00", "0,00"]


def test_steps_count_every_school_once(demo):
    frame = parts.tabulate_grade_steps(demo.dynamics).frame
    rows = parts.select_cohorts(demo.dynamics)
    assert frame[list(parts.FINDINGS.values())].to_numpy().sum() == len(rows)
    assert frame["Школ"].sum() == rows["gain"].notna().sum()
    assert "4 класс 2022 → 5 класс 2023" in set(frame["Шаг"])


def test_gains_name_every_municipality_and_the_greatest_loss(demo):
    chart = parts.chart_gains(demo.dynamics, demo.identified.schools)
    frame = chart.table.frame.set_index("Муниципалитет")
    assert set(frame.index) == set(demo.identified.schools["municipality"])
    assert "математика: 4 → 5" in frame.columns
    named = [place for place in frame.index if place in chart.sentence]
    assert len(named) == ("Сильнее всего" in chart.sentence)


def test_cohorts_out_of_line_are_named_with_the_rule(demo):
    dynamics, methodology, schools = demo.dynamics, demo.methodology, demo.identified.schools
    assert dynamics.pupil_cohorts.query("to_year == 2023")["finding"].isin(["other_pupils"]).sum() > 0
    table = parts.tabulate_unusual(dynamics, methodology, schools)
    assert set(table.frame["Вывод"]) <= {"выше ожидаемого", "ниже ожидаемого", "состав изменился"}
    assert "5\xa0%" in table.note


def test_region_without_results_of_pupils_says_so(methodology):
    workspace = build_workspace(identify_bands({"a": {2022: "low"}}), methodology)
    dynamics, schools = workspace.dynamics, workspace.identified.schools
    assert isinstance(parts.chart_level_change(dynamics, methodology), Text)
    assert isinstance(parts.tabulate_level_change(dynamics, methodology, schools), Text)
    assert isinstance(parts.tabulate_grade_steps(dynamics), Text)
    assert isinstance(parts.chart_gains(dynamics, schools), Text)
    assert isinstance(parts.tabulate_unusual(dynamics, methodology, schools), Text)
