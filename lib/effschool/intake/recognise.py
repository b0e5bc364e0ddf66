"""Which kind of file a sheet is (узнавание): every known layout is tried, the one that explains most columns wins."""

from collections.abc import Sequence
from dataclasses import dataclass

from effschool.base.problems import Problem, Severity
from effschool.base.russian import join_words
from effschool.intake.headings import Header, find_fields, find_header
from effschool.intake.layouts import Layout
from effschool.intake.reading import Grid, Sheet

MEANT = 0.5
"""Share of a layout's required headings from which a file is taken to be meant as of that kind."""
NEAR = 0.3
"""Share from which the layout is named as the nearest."""


@dataclass(frozen=True)
class Fit:
    """How a layout fits the head of a sheet.

    Args:
        fields: fields found in it, as text.
        missing: what the layout requires and the sheet does not have: first spellings of headings, titles of fields.
    """

    layout: Layout
    head: Grid
    header: Header | None
    fields: dict[str, str]
    missing: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether everything that the layout requires is there."""
        return self.header is not None and not self.missing

    @property
    def found(self) -> int:
        """Number of columns of the sheet that the layout understands."""
        return sum(map(len, self.header.positions.values())) if self.header else 0

    @property
    def share(self) -> float:
        """Share of what the layout requires that the sheet has."""
        required = len(self.layout.required_columns)
        required += sum(rule.required for name, rule in self.layout.fields.items() if name not in self.layout.columns)
        return 1 - len(self.missing) / required if required else float(self.header is not None)


def fit_layout(layout: Layout, head: Grid) -> Fit:
    """Try one layout on the head of a sheet."""
    header = find_header(head, layout)
    fields = find_fields(layout, header, head) if header else {}
    positions = header.positions if header else {}
    known = {*positions, *fields}
    columns = [layout.columns[name] for name in layout.required_columns if name not in known]
    twins = set(layout.columns)
    absent = [rule.title for name, rule in layout.fields.items() if rule.required and name not in known | twins]
    missing = (*(f"столбца «{column.heading}»" for column in columns), *absent)
    return Fit(layout, head, header, fields, tuple(dict.fromkeys(missing)))


def recognise_sheets(sheets: Sequence[Sheet], layouts: Sequence[Layout]) -> list[tuple[Sheet, Fit]]:
    """Sheets of a file that are of a known kind, each with its layout; without any, the sheet that comes nearest.

    Args:
        layouts: those whose names allow the file; one that names its files goes before one that takes any name.
    """
    fits = [(sheet, fit) for place, sheet in enumerate(sheets) for fit in _try_layouts(sheet, place, layouts)]
    complete = [(sheet, fit) for sheet, fit in fits if fit.is_complete]
    chosen = [max((pair for pair in complete if pair[0] is sheet), key=_rank, default=None) for sheet in sheets]
    recognised = [pair for pair in chosen if pair is not None]
    if recognised:
        return recognised + _find_meant(fits, recognised)
    return [max(fits, key=_rank_nearest)]


def _rank_nearest(pair: tuple[Sheet, Fit]) -> tuple[bool, bool, int, float]:
    """A layout by headings found, not by the share of the few that it requires; one that is meant goes first."""
    fit = pair[1]
    return not fit.layout.takes_any_name, fit.share >= MEANT, fit.found, fit.share


def _try_layouts(sheet: Sheet, place: int, layouts: Sequence[Layout]) -> list[Fit]:
    head = sheet.read_head()
    wanted = [layout for layout in layouts if place == 0 or layout.sheets == "all"]
    return [fit_layout(layout, head) for layout in wanted]


def _rank(pair: tuple[Sheet, Fit]) -> tuple[bool, int]:
    return not pair[1].layout.takes_any_name, pair[1].found


def _find_meant(fits: list[tuple[Sheet, Fit]], recognised: list[tuple[Sheet, Fit]]) -> list[tuple[Sheet, Fit]]:
    """Further sheets that are meant as a kind of which the file has sheets, but lack something."""
    known = {fit.layout.id for _, fit in recognised}
    taken = [sheet for sheet, _ in recognised]
    others = [(sheet, fit) for sheet, fit in fits if sheet not in taken and fit.layout.id in known]
    return [(sheet, fit) for sheet, fit in others if fit.share >= MEANT]


def find_unread(sheets: Sequence[Sheet], read: Sequence[Sheet]) -> list[Sheet]:
    """Sheets that were not read though they look like tables: two rows or more with three numbers each."""
    return [sheet for sheet in sheets if sheet not in read and sum(map(_has_numbers, sheet.read_head().rows)) > 1]


def _has_numbers(row: list[str]) -> bool:
    return sum(cell.replace(",", "").replace(".", "").isdecimal() for cell in row) > 2


def say_unknown(file: str, fit: Fit) -> Problem:
    """A file that no layout takes: the nearest layout and what is missing; an error where it is meant as that kind."""
    meant = fit.share >= MEANT
    wanted = join_words(fit.missing)
    nearest = f"Ближе всего макет «{fit.layout.title}»: не хватает {wanted}. " if fit.share >= NEAR else ""
    action = f"{nearest}Исправьте заголовки" if meant else f"{nearest}Проверьте имя и вид файла"
    return Problem(
        Severity.ERROR if meant else Severity.WARNING,
        file,
        "такого файла макеты не знают, он не прочитан",
        f"{action}; если файл здесь не нужен, уберите его из папки.",
        sheet=fit.head.sheet,
    )
