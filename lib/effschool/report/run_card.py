"""What a run says of itself (`run.json`), as far as others read it."""

from pydantic import BaseModel


class ReportCard(BaseModel):
    """A report of a run: its page, "" where there is none, and what went wrong."""

    page: str
    message: str = ""


class RunCard(BaseModel):
    """What `run.json` says and others read; one that was changed by hand into anything else counts as none."""

    year: int = 0
    reports: dict[str, ReportCard] = {}
    problems: dict[str, int] = {}
    finished: bool = True
