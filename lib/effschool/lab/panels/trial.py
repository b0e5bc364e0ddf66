"""What was tried, made the run (записать как прогон): what would change is shown first, then a button."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import ipywidgets as widgets

from effschool.lab.panels.desk import Desk
from effschool.lab.panels.shell import Panel, open_panel, press, render_shown
from effschool.lab.trials import TrialChanges, compare_trial, is_by_hand
from effschool.report.display import Text

RecordRun = Callable[[Desk, Mapping[str, object], Callable[[str], None]], Path]


def offer_run(
    desk: Desk, trials: Path, chosen: Mapping[str, object], record_run: RecordRun, *, publish: bool = False
) -> object:
    """What the trial would change in the run, and the button that makes it the run. In batch: a sentence.

    Args:
        desk: of the run.
        trials: folder of the trial (`trials.open_tables`).
        chosen: parameters of the trial by their names in the run file; what is None is left to the methodology.
        record_run: what makes a trial the run (`run.one_report`).
        publish: record it without a button, after what it changes has been shown.
    """
    if not is_by_hand():
        return Text(("Таблицы записаны в папку прогона.",))
    return open_panel(
        lambda: TrialPanel(desk, trials, chosen, record_run, publish=publish),
        lambda: Text((compare_trial(desk.processed, trials).sentence,)),
    )


class TrialPanel(Panel):
    """The sentence and the table of what would change, and the button."""

    def __init__(
        self, desk: Desk, trials: Path, chosen: Mapping[str, object], record_run: RecordRun, *, publish: bool
    ) -> None:
        super().__init__("Записать как прогон")
        self.desk, self.trials, self.parameters, self.record_run = desk, trials, chosen, record_run
        self.changes = widgets.HTML()
        self.record = press("Записать как прогон", self.guard(self.start))
        self.thread: threading.Thread | None = None
        self.add(self.changes, self.record)
        self.changes.value = render_shown(*self.describe())
        if publish:
            self.start()

    def describe(self) -> tuple[object, ...]:
        """What would change; where there is no run yet, everything."""
        if not (self.desk.processed / "lists.parquet").is_file():
            return (Text(("Прогона ещё не было: эта проба станет первым.",)),)
        changes: TrialChanges = compare_trial(self.desk.processed, self.trials)
        return Text((changes.sentence,)), changes.tabulate()

    def start(self) -> None:
        """Begin in a thread of its own: the stages take a minute or more."""
        self.record.disabled = True
        self.say("Записываю: этапы выполняются заново, это займёт минуту или больше…")
        self.thread = threading.Thread(target=self.guard(self.follow), daemon=True)
        self.thread.start()

    def follow(self) -> None:
        """Record it and say what to do next."""
        try:
            path = self.record_run(self.desk, self.parameters, self.say)
        finally:
            self.record.disabled = False
        self.say(
            f"Записано: параметры — в файле {path.parent.name}/{path.name}, таблицы прогона сделаны заново. "
            "Отчёты построит команда make report."
        )
