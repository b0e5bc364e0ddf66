"""What panels work on (рабочий стол): the tables of the last run, each read when it is first needed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pandas as pd

from effschool.base.russian import count_words, join_words
from effschool.base.storage import read_table
from effschool.certainty.explain import explain_index
from effschool.dynamics.follow import Dynamics
from effschool.intake.layouts import Layout, load_layouts
from effschool.lab.panels.shell import say_failure
from effschool.method.identify import Identified, Memory
from effschool.method.indicators import fill_mean_scores
from effschool.method.methodology import Methodology
from effschool.method.windows import list_covered_years
from effschool.report.display import Text
from effschool.report.portfolio import RegionYear, open_region
from effschool.report.workspace import (
    Workspace,
    load_counted,
    load_dynamics,
    load_identified,
    load_used_methodology,
    load_workspace,
    refuse_unfinished,
)

NOTHING_YET = (
    "Прогона ещё не было: списков в папке «{folder}» нет. Закройте JupyterLab и выполните команду make report "
    "(или в тетради 02_identify нажмите «Записать как прогон»), затем выполните эту тетрадь заново."
)


@dataclass(frozen=True)
class Desk:
    """The last run.

    Args:
        processed: folder of its tables.
        root: folder of the project.
        reports: folder of its reports; what is taken away goes to `exports` in it.
        memory: what was computed of these tables.
    """

    processed: Path
    root: Path
    reports: Path
    memory: Memory = field(default_factory=Memory)

    @property
    def exports(self) -> Path:
        """Folder for what is taken away."""
        return self.reports / "exports"

    @property
    def comments(self) -> Path:
        """Rules of the comments for teachers and heads."""
        return self.root / "comments" / "schools.yml"

    @property
    def drafts(self) -> tuple[Path, Path]:
        """Rules of the drafts of schools' programmes, and the questions about what schools work in."""
        return self.root / "programmes" / "school.yml", self.root / "forms" / "context.yml"

    @property
    def methodologies(self) -> Path:
        """Folder of methodology files."""
        return self.root / "methodologies"

    @cached_property
    def methodology(self) -> Methodology:
        """The methodology of the run.

        Raises:
            FileNotFoundError: there was no run; the message says what to do.
            UnfinishedRunError: the tables are not those of a run that came to its end.
        """
        if not (self.processed / "methodology.json").is_file():
            raise FileNotFoundError(NOTHING_YET.format(folder=self.processed.name))
        return load_used_methodology(self.finished)

    @cached_property
    def finished(self) -> Path:
        """The folder of tables, of which it is known that a run came to its end in it.

        Raises:
            UnfinishedRunError: it did not.
        """
        refuse_unfinished(self.processed)
        return self.processed

    @cached_property
    def workspace(self) -> Workspace:
        """All that reports are made from."""
        assert self.methodology
        return load_workspace(self.finished)

    @cached_property
    def identified(self) -> Identified:
        """Indices and lists."""
        assert self.methodology
        return load_identified(self.finished)

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Contract tables; means that are those of the marks stand in them, so that a changed count keeps its mean."""
        tables = load_counted(self.finished)
        return {**tables, "results": fill_mean_scores(tables["results"])}

    @cached_property
    def dynamics(self) -> Dynamics:
        """Paths, cohorts and memberships."""
        assert self.methodology
        return load_dynamics(self.finished)

    @cached_property
    def layouts(self) -> tuple[Layout, ...]:
        """Layouts: headings of the columns as offices write them."""
        return load_layouts(self.root / "layouts")

    def read_notes(self, name: str) -> pd.DataFrame:
        """A table beside the contract's: «files», «problems», «corrections»; of a run that failed too, to see why."""
        return read_table(self.processed / "contract", name)

    @property
    def years(self) -> list[int]:
        """Years with lists, the last first; all years with indices where there are no lists."""
        covered = list_covered_years(self.identified.indices, self.methodology)
        return sorted(covered or map(int, self.identified.indices["year"].unique()), reverse=True)

    def open_year(self, year: int) -> RegionYear:
        """The region in a year."""
        return self.memory.keep(("year", year), lambda: open_region(self.workspace, year))

    def explain(self, year: int) -> pd.DataFrame:
        """Parts of every index of a year (`explain.explain_index`)."""
        return self.memory.keep(("parts", year), lambda: explain_index(self.identified, self.methodology, year))


def open_desk(processed: Path, reports: Path | None = None) -> Desk:
    """The desk of a folder of tables; the project is where the notebooks' folder is, the current one's parent.

    Nothing is read yet, so that a notebook opens where there was no run.
    """
    root = Path.cwd().resolve().parent
    return Desk(processed.resolve(), root, (reports or root / "reports").resolve())


def describe_desk(desk: Desk) -> Text:
    """What there is: region, years, schools, rule; or what to do where there is nothing yet."""
    try:
        workspace, years = desk.workspace, desk.years
    except (OSError, ValueError) as error:
        return Text((say_failure(error),), kind="note")
    schools = workspace.identified.schools["school_id"].nunique()
    places = workspace.identified.schools["municipality"].nunique()
    invented = " Данные вымышлены." if workspace.region.demonstration else ""
    return Text(
        (
            f"{workspace.region.name}: {count_words(schools, 'школа', 'школы', 'школ')}, "
            f"{count_words(places, 'муниципалитет', 'муниципалитета', 'муниципалитетов')}.{invented}",
            f"Списки есть за {join_words(map(str, sorted(years)))} {'год' if len(years) == 1 else 'годы'}. "
            f"Правило: {workspace.methodology.title}, версия {workspace.methodology.version}.",
        )
    )
