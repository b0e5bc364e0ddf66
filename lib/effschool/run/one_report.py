"""What panels of the desk have the run do (прогон из панели): a municipality's report; a trial made the run."""

import os
from collections.abc import Mapping
from pathlib import Path

from effschool.base.storage import read_record, write_bytes
from effschool.lab.panels import Desk
from effschool.report.workspace import STAGES, STAMPS, Stamp, refuse_unfinished
from effschool.run.plan import Settings, plan_reports
from effschool.run.progress import Say
from effschool.run.runfile import RUN_FILE, read_run_file, record_parameters
from effschool.run.work import StepError
from effschool.run.year import FAILED, choose_reports, hold_folders, run_reports, run_stages


def recall_settings(desk: Desk) -> Settings:
    """What the last run was asked to do: its folders as its first stage says, the rest as the run file says."""
    stamp = read_record(Stamp, desk.processed / STAMPS / f"{STAGES[0]}.json")
    said = stamp.causes["parameters"] if stamp and stamp.is_of_stage else {}
    raw, layouts, region = (
        (desk.root / "notebooks" / said.get(name, default)).resolve()
        for name, default in (("raw", "../data/raw"), ("layouts", "../layouts"), ("region", "../data/raw/region.yml"))
    )
    file = read_run_file(raw)
    return Settings(
        root=desk.root,
        data=raw,
        processed=desk.processed,
        reports=desk.reports,
        layouts=layouts,
        methodology=str((raw / file.methodology).resolve()) if file.methodology.endswith(".yml") else file.methodology,
        region=region,
        year=file.year,
        jobs=1,
        parameters=file.said,
    )


def make_report(desk: Desk, municipality: str, year: int, say: Say) -> list[Path]:
    """Make the report of one municipality unless it is up to date; gives its page and the files beside it.

    Raises:
        FolderInUseError: a run works in the folders.
        UnfinishedRunError: the last one did not come to its end.
        RuntimeError: the report could not be made; the message says why.
    """
    settings = recall_settings(desk)
    say(f"Отчёт «{municipality}», {year} год: готовлю…")
    with hold_folders(settings):
        refuse_unfinished(settings.processed)
        (task,), _ = choose_reports(plan_reports(settings, desk.workspace, year), municipality)
        (outcome,) = run_reports([task], settings, say, say)
    if outcome.state == FAILED:
        raise RuntimeError(f"Отчёт «{municipality}» не построен: {outcome.message}")
    return [task.page, *(path for path in task.step.outputs if path != task.page)]


def _name_methodology(settings: Settings, chosen: Mapping[str, object]) -> str:
    """A methodology's file as the run file names it: by its name, or by its path from the folder of data."""
    path = Path(str(chosen["methodology"])).resolve()
    if path.parent == settings.root / "methodologies":
        return path.stem
    return Path(os.path.relpath(path, settings.data)).as_posix()


def record_run(desk: Desk, chosen: Mapping[str, object], say: Say) -> Path:
    """Make what was tried the run: write it into the run file, then carry out the stages by it; gives the run file.

    Raises:
        FolderInUseError: a run works in the folders.
        ConfigurationError: the run file would not be one; nothing is changed then.
        StepError: a stage stopped; the run file is as before.
    """
    settings = recall_settings(desk)
    path = settings.data / RUN_FILE
    before = path.read_bytes() if path.is_file() else None
    with hold_folders(settings):
        named = {"methodology": _name_methodology(settings, chosen)} if "methodology" in chosen else {}
        record_parameters(settings.data, {**chosen, **named})
        try:
            run_stages(recall_settings(desk), say, say)
        except StepError:
            path.unlink() if before is None else write_bytes(before, path)
            raise
    return path
