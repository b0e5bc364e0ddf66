"""One municipality's report, asked for by a panel (отчёт по муниципалитету): the run's steps on its tables."""

from pathlib import Path

from effschool.lab.panels import Desk
from effschool.report.workspace import refuse_unfinished
from effschool.run.plan import Settings, plan_reports
from effschool.run.progress import Say
from effschool.run.year import FAILED, choose_reports, hold_folders, run_reports


def make_report(desk: Desk, municipality: str, year: int, say: Say) -> list[Path]:
    """Make the report of one municipality unless it is up to date; gives its page and the files beside it.

    Raises:
        FolderInUseError: a run works in the folders.
        UnfinishedRunError: the last one did not come to its end.
        RuntimeError: the report could not be made; the message says why.
    """
    settings = Settings(
        root=desk.root,
        data=desk.root / "data" / "raw",
        processed=desk.processed,
        reports=desk.reports,
        layouts=desk.root / "layouts",
        methodology=desk.methodology.id,
        jobs=1,
    )
    say(f"Отчёт «{municipality}», {year} год: готовлю…")
    with hold_folders(settings):
        refuse_unfinished(settings.processed)
        (task,), _ = choose_reports(plan_reports(settings, desk.workspace, year), municipality)
        (outcome,) = run_reports([task], settings, say, say)
    if outcome.state == FAILED:
        raise RuntimeError(f"Отчёт «{municipality}» не построен: {outcome.message}")
    return [task.page, *(path for path in task.step.outputs if path != task.page)]
