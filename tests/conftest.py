"""Paths and fixtures that all tests share.

The library is imported by the fixtures that need it: a single test file need not wait for all of it.
"""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")


@pytest.fixture(scope="session")
def root() -> Path:
    """Project folder."""
    return ROOT


@pytest.fixture(scope="session")
def methodologies() -> Path:
    """Folder of methodology files."""
    return ROOT / "methodologies"


@pytest.fixture(scope="session")
def methodology(methodologies):
    """The methodology of Khabarovsk krai with its default switches."""
    from effschool.method.methodology import load_methodology

    return load_methodology(methodologies / "khabarovsk-2020.yml")


@pytest.fixture(scope="session")
def golden() -> Path:
    """Reference region; its tests are skipped, by name and with the reason, where the shared folder is missing."""
    folder = SHARED / "golden" / "region40"
    if not folder.is_dir():
        pytest.skip("нет папки ../shared/golden/region40 с эталонным регионом")
    return folder


@pytest.fixture(scope="session")
def sources() -> Path:
    """Documents of programmes; their tests are skipped, by name and with the reason, where they are missing."""
    folder = SHARED / "sources"
    if not folder.is_dir():
        pytest.skip("нет папки ../shared/sources с документами программ")
    return folder


@pytest.fixture(scope="session")
def demo_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Raw files of a tiny demonstration region: 3 municipalities, 36 schools, 2020 to 2023. Not to be changed."""
    from effschool.demo import make_demo_region

    folder = tmp_path_factory.mktemp("demo") / "raw"
    make_demo_region(folder, municipalities=3, schools=36, years=4, shapes=True)
    return folder


def follow_projects(contract, paths, participants, methodology, found):
    """Fields of `Support` that are of projects, as notebook 03_support makes them; `found`: year, certainty, levels."""
    from effschool.support.monitoring import StageBasis, follow_stages
    from effschool.support.official import compare_official
    from effschool.support.practices import find_practices
    from effschool.support.projects import load_projects
    from effschool.support.proposal import ProposalBasis, propose_participants

    year, certainty, levels = found
    projects = load_projects(ROOT / "methodologies" / "projects.yml")
    basis = ProposalBasis(paths, contract["official"], participants, certainty, contract["proposal"])
    stages = StageBasis(paths, participants, contract["stages"], contract["monitoring"], methodology.effects)
    return {
        "proposed": propose_participants(basis, projects, year, "Демонстрационный край"),
        "official": compare_official(contract["official"], paths, contract, methodology.fioko),
        "monitoring": follow_stages(stages),
        "practices": find_practices(levels, paths, participants, methodology, projects.practices),
    }


@pytest.fixture(scope="session")
def demo_processed(demo_raw, methodology):
    """The tiny region ingested, identified and followed, as notebooks 01 to 03 leave it. Not to be changed."""
    from effschool.certainty.explain import choose_year, explain_decision
    from effschool.certainty.sampling import Recount
    from effschool.certainty.shrinkage import estimate_levels
    from effschool.certainty.stability import assess_lists
    from effschool.doubt.examine import examine_doubt, open_borders
    from effschool.dynamics.clusters import find_clusters
    from effschool.dynamics.effects import assess_programme
    from effschool.dynamics.follow import follow_schools
    from effschool.dynamics.partners import find_partners
    from effschool.intake.ingest import ingest_folder, read_contract, write_ingested
    from effschool.intake.missing import find_missing, judge_missing, write_missing
    from effschool.method.identify import identify_schools
    from effschool.report import workspace
    from effschool.support.context import list_teachers, load_context, profile_schools
    from effschool.support.management import assess_management, load_cycle
    from effschool.support.participants import name_approved, name_participants
    from effschool.support.programmes import load_programmes
    from effschool.support.roadmap import judge_events
    from effschool.support.targets import FactBasis, compare_targets
    from effschool.tasks.deficits import find_deficits
    from effschool.tasks.works import load_task_rules, load_works

    processed = demo_raw.parent / "processed"
    write_ingested(ingest_folder(demo_raw, ROOT / "layouts", ROOT / "methodologies" / "thresholds.yml"), processed)
    workspace.save_region(workspace.load_region(demo_raw / "region.yml"), processed)
    contract = read_contract(processed)
    identified = identify_schools(contract, methodology)
    workspace.save_identified(identified, methodology, processed)
    register = open_borders(methodology, ROOT / "methodologies")
    workspace.save_doubt(examine_doubt(contract, methodology, register), processed)
    write_missing(judge_missing(find_missing(contract), contract, identified, methodology), processed)
    year = choose_year(identified, methodology, None)
    workspace.save_decisions(explain_decision(identified, contract, methodology, year).rows, processed)
    recount = Recount(identified, contract, methodology, year, draws=100)
    certainty, levels = assess_lists(recount).rows, estimate_levels(recount)
    workspace.save_certainty(certainty, levels, processed)
    dynamics = follow_schools(identified, contract, methodology)
    workspace.save_dynamics(dynamics, processed)
    events = judge_events(contract["roadmap"], None, soon_days=30)
    targets = compare_targets(
        load_programmes(ROOT / "methodologies" / "targets", places=["Демонстрационный край"]),
        FactBasis(dynamics.paths, contract, events),
    )
    participants = name_participants(contract["programme"], identified.schools)
    workspace.save_support(
        workspace.Support(
            find_partners(dynamics.paths, methodology, year),
            targets,
            events,
            participants,
            name_approved(contract["partners"], identified.schools),
            **follow_projects(contract, dynamics.paths, participants, methodology, (year, certainty, levels)),
            management=assess_management(
                contract["management"], load_cycle(ROOT / "forms" / "management.yml"), "Демонстрационный край"
            ),
            context=profile_schools(contract, identified.schools, load_context(ROOT / "forms" / "context.yml")),
            teachers=list_teachers(contract["teachers"]),
        ),
        processed,
    )
    works = ROOT / "methodologies" / "tasks"
    described, rules = load_works(works, demonstration=True), load_task_rules(works)
    workspace.save_deficits(find_deficits(contract["tasks"], identified.schools, described, rules), processed)
    judged = assess_programme(dynamics.paths, identified.indicators, contract["programme"], methodology.effects)
    workspace.save_groups(judged.summary, find_clusters(dynamics.paths, methodology.clusters).members, processed)
    return processed


@pytest.fixture(scope="session")
def demo(demo_processed):
    """The workspace of the tiny region. Not to be changed."""
    from effschool.report.workspace import load_workspace

    return load_workspace(demo_processed)


@pytest.fixture
def settings(root, demo_raw, demo_processed, tmp_path):
    from effschool.run.plan import Settings

    return Settings(
        root=root,
        data=demo_raw,
        processed=demo_processed,
        reports=tmp_path / "reports",
        layouts=root / "layouts",
        methodology="khabarovsk-2020",
        jobs=1,
    )


@pytest.fixture
def step(tmp_path):
    """A tiny step that is done."""
    from builders_step import make_step

    return make_step(tmp_path)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where everything that tests need is there by promise, a skipped test is a failure (EFFSCHOOL_REFUSE_SKIPS)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("EFFSCHOOL_REFUSE_SKIPS") and reporter and reporter.stats.get("skipped"):
        for report in reporter.stats["skipped"]:
            reporter.write_line(f"Пропущен тест, который здесь должен идти: {report.nodeid}", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
