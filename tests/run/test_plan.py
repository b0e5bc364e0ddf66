from dataclasses import replace

from effschool.run.plan import NOTEBOOKS, plan_protocol, plan_region, plan_stages
from effschool.run.stamps import digest, list_causes


def test_stages_hand_over_to_one_another(settings):
    ingest, identify, dynamics, _ = plan_stages(settings)
    assert [step.name for step in (ingest, identify, dynamics)] == list(NOTEBOOKS[:3])
    assert {path for path in settings.data.rglob("*") if path.is_file()} <= set(ingest.inputs)
    assert {path for path in ingest.outputs if path.suffix == ".parquet"} <= set(identify.inputs)
    assert set(identify.outputs) <= set(dynamics.inputs)
    assert {"programme", "results"} <= {path.stem for path in dynamics.inputs if path.parent.name == "contract"}
    assert any(path.suffix == ".yml" and path.parent.name == "methodologies" for path in identify.inputs)


def test_switch_reaches_only_the_notebook_that_knows_it(settings):
    ingest, identify, *_ = plan_stages(replace(settings, parameters={"orientation": "literal"}))
    assert identify.parameters["orientation"] == "literal"
    assert "orientation" not in ingest.parameters


def test_temporary_files_of_offices_are_no_input(settings, tmp_path):
    for name in ("~$a.xlsx", ".b.csv", "c.csv"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).write_text("", encoding="utf-8")
    found = plan_stages(replace(settings, data=tmp_path / "data"))[0].inputs
    assert [path.name for path in found if path.parent.name == "data"] == ["c.csv"]


def test_protocol_and_index_are_pages_of_the_region(settings, demo):
    protocol = plan_protocol(settings, demo, 2023)
    assert [path.name for path in protocol.step.outputs] == ["protocol.html", "protocol.xlsx"]
    assert protocol.card.home == "index.html"
    assert not protocol.municipality


def test_index_is_made_again_when_reports_differ(settings, demo):
    kinds = ({}, {"А": {"page": "a.html", "message": ""}})
    assert len({digest(list_causes(plan_region(settings, demo, 2023, reports).step)) for reports in kinds}) == 2
