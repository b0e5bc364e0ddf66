import pytest

from effschool.base.storage import DRAFT
from effschool.intake.ingest import read_contract
from effschool.lab.changes import Run, keep_run
from effschool.run import commands as main_module
from effschool.run.commands import main, parse_parameters


def test_parameters_are_read_as_yaml_values():
    assert parse_parameters("a=1 b=literal c=null d=x=y") == {"a": 1, "b": "literal", "c": None, "d": "x=y"}
    assert parse_parameters("") == {}


def test_code_of_a_school_keeps_its_leading_zero():
    assert parse_parameters("explain_school=027000 year=0") == {"explain_school": "027000", "year": 0}


def test_word_without_a_value_is_refused():
    with pytest.raises(ValueError, match=r"PARAMETERS.*literal"):
        parse_parameters("literal")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--data", "нет/такой"], "нет/такой"),
        (["--year", "двадцать"], "YEAR=двадцать"),
        (["--jobs", "x"], "JOBS=x"),
        (["--time-limit", "час"], "TIME_LIMIT=час"),
        (["--memory-limit", "много"], "MEMORY_LIMIT=много"),
        (["--parameters", "literal"], "literal"),
    ],
)
def test_wrong_options_are_told_in_a_sentence(tmp_path, root, capsys, arguments, word):
    whole = ["report", "--data", str(tmp_path), "--layouts", str(root / "layouts"), *arguments]
    assert main(whole) == 2
    told = capsys.readouterr().err
    assert word in told
    assert "Traceback" not in told


def test_options_reach_the_run(tmp_path, root, monkeypatch):
    taken = []
    monkeypatch.setattr(main_module, "warm_up", lambda: None)
    monkeypatch.setattr("effschool.run.year.run_year", lambda settings, say, show: taken.append(settings) or 0)
    options = {"data": tmp_path, "layouts": root / "layouts", "year": 2022, "municipality": "Район", "jobs": 3}
    options |= {"scheduler": "local", "time-limit": 5}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    assert main(["report", *words, "--parameters", "orientation=literal"]) == 0
    (settings,) = taken
    assert (settings.data, settings.year, settings.municipality, settings.jobs) == (tmp_path, 2022, "Район", 3)
    assert (settings.scheduler, settings.limits.seconds, settings.limits.memory) == ("local", 5, 4096)
    assert settings.parameters == {"orientation": "literal"}
    assert settings.root == root
    assert settings.region is None
    assert settings.reports.is_absolute()


def test_demonstration_region_is_made_only_in_an_empty_folder(tmp_path, monkeypatch, capsys):
    made = []
    monkeypatch.setattr("effschool.demo.make_demo_region", lambda folder, *, shapes: made.append((folder, shapes)))
    (tmp_path / "README.md").write_text("", encoding="utf-8")
    (tmp_path / ".gitkeep").write_text("", encoding="utf-8")
    assert main(["demo", str(tmp_path)]) == 0
    assert made == [(tmp_path / DRAFT, True)]
    (tmp_path / "schools.csv").write_text("", encoding="utf-8")
    assert main(["demo", str(tmp_path)]) == 0
    assert made == [(tmp_path / DRAFT, True)]


def test_two_kept_runs_are_compared(demo_processed, methodology, tmp_path, capsys):
    tables = read_contract(demo_processed)
    for year in (2022, 2023):
        keep_run(Run("", year, methodology, tables), tmp_path / "processed")
    options = ["--processed", str(tmp_path / "processed"), "--reports", str(tmp_path)]
    assert main(["compare", *options]) == 0
    said = capsys.readouterr().out
    assert said.startswith("Было: 2022 год")
    assert "«ШНСУ»:" in said
    assert (tmp_path / "compare.xlsx").is_file()
    assert main(["compare", *options, "--first", "нет"]) == 2
    assert "Прогона «нет» нет" in capsys.readouterr().err
