import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = ("3.11", "3.12", "3.13")


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def locked() -> list[str]:
    """Requirements of the lock, each on one line with its hashes."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]


def pin_versions(locked, python, system="linux"):
    """Version of every package of the lock for one Python."""
    where = {"python_version": python, "python_full_version": f"{python}.1", "sys_platform": system}
    where |= {"platform_system": system.capitalize(), "os_name": "nt" if system == "win32" else "posix"}
    pins = {}
    for line in locked:
        requirement = Requirement(line.partition(" --hash")[0])
        if requirement.marker is None or requirement.marker.evaluate(where | {"extra": ""}):
            (pin,) = requirement.specifier
            assert pin.operator == "=="
            pins[canonicalize_name(requirement.name)] = pin.version
    return pins


def test_every_locked_package_has_a_hash_and_no_address(locked):
    assert len(locked) > 50
    for line in locked:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line), line[:60]
        assert not re.search(r"https?:|file:|@\s|^-", line), line[:60]
    assert "--index" not in (ROOT / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("python", PYTHONS)
def test_lock_satisfies_every_dependency(project, locked, python):
    pins = pin_versions(locked, python)
    wanted = [Requirement(line) for line in (*project["dependencies"], *project["optional-dependencies"]["dev"])]
    assert len(wanted) > 20
    for requirement in wanted:
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)], prereleases=True), requirement


def test_library_imports_only_what_it_declares(project):
    declared = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    names = {"yaml": "pyyaml", "slugify": "python-slugify", "IPython": "ipykernel", "bs4": "beautifulsoup4"}
    names |= {"traitlets": "nbconvert", "nbformat": "nbconvert", "docx": "python-docx"}
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "lib").rglob("*.py"))
    imported = set(re.findall(r"^(?:from|import) (\w+)", text, re.MULTILINE))
    import sys  # noqa: PLC0415

    foreign = {names.get(name, name) for name in imported - set(sys.stdlib_module_names) - {"effschool"}}
    assert len(foreign) > 10
    assert {canonicalize_name(name) for name in foreign} <= declared | {"python-calamine"}


def test_conda_takes_the_same_lock(project):
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    assert pip == ["-r requirements.txt"]
    python = next(item for item in environment["dependencies"] if isinstance(item, str) and item.startswith("python"))
    assert SpecifierSet(python.removeprefix("python")) == SpecifierSet(project["requires-python"])
    assert {item for item in environment["dependencies"] if isinstance(item, str)} == {python, "pip"}


def call_make(*arguments):
    make = shutil.which("make")
    if not make:
        pytest.skip("нет программы make")
    command = [make, "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def list_targets():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.search(r"^\.PHONY:(.*)$", text, re.MULTILINE)[1].split())


@pytest.mark.parametrize("arguments", [["help"], []])
def test_help_lists_every_command_in_russian(arguments):
    told = call_make(*arguments)
    assert told.returncode == 0
    lines = dict(re.findall(r"^ +make (\S+) +(.*)$", told.stdout, re.MULTILINE))
    assert set(lines) == list_targets()
    assert all(re.search("[а-яё]{3}", text) for text in lines.values())
    assert not [option for option in ("YEAR", "DATA", "MUNICIPALITY", "METHODOLOGY") if option not in told.stdout]


def test_unknown_parameter_of_make_is_refused_by_name():
    told = call_make("help", "FOO=1")
    assert told.returncode != 0
    assert "FOO" in told.stderr
    assert "YEAR" in told.stderr


def test_known_parameters_of_make_reach_the_command():
    told = call_make(
        "-n", "report", "YEAR=2022", "MUNICIPALITY=Район д'Арк", "JOBS=2", "PARAMETERS=orientation=literal"
    )
    assert told.returncode == 0
    for words in (
        "--year '2022'",
        "--municipality 'Район д'\\''Арк'",
        "--jobs '2'",
        "--parameters 'orientation=literal'",
    ):
        assert words in told.stdout


def test_ci_runs_what_the_readme_says():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    assert commands[-1] == "make test"
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("script", ["environment", "run"])
def test_scripts_of_ci_can_be_read_by_the_shell(script):
    shell = "bash" if script == "run" else "sh"
    assert subprocess.run([shell, "-n", str(ROOT / ".ci" / script)], check=False).returncode == 0


def test_old_python_is_refused_in_a_sentence(tmp_path):
    """Only a Python that calls itself too old can be found: nothing is made, and the reason is told."""
    for name in ("python3", "python3.13", "python3.12", "python3.11", "python"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    venv = tmp_path / "venv"
    told = subprocess.run(
        ["/bin/sh", str(ROOT / ".ci" / "environment"), str(venv), ""],
        env={"PATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1
    assert "3.11" in told.stderr
    assert not venv.exists()
