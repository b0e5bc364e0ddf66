import io

import pytest

from effschool.base.russian import NBSP
from effschool.run.progress import Progress, open_progress, say_duration, say_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 с"), (99, "99 с"), (300, "5 мин"), (3600, "1 ч 0 мин"), (7800, "2 ч 10 мин")]
)
def test_time_left_is_as_exact_as_one_needs(seconds, text):
    assert say_duration(seconds).replace(NBSP, " ") == text


def test_progress_tells_how_many_how_long_and_which():
    text = say_progress(5, 20, 10.0, "Район").replace(NBSP, " ")
    assert text == "Отчёты: 5 из 20, осталось около 30 с: Район"
    assert say_progress(0, 20, 10.0, "Район") == "Отчёты: 0 из 20: Район"
    assert say_progress(20, 20, 10.0, "") == "Отчёты: 20 из 20"


def test_log_gets_plain_lines_only():
    stream = io.StringIO()
    progress = open_progress(stream)
    progress.show("Отчёты: 1 из 2")
    progress.say("Район: готово")
    assert stream.getvalue() == "Район: готово\n"


def test_terminal_has_one_line_written_over():
    progress = open_progress(Terminal())
    progress.show("Отчёты: 1 из 2")
    progress.say("Район: готово")
    progress.show("х" * 300)
    shown = progress.stream.getvalue()
    assert shown.count("\n") == 1
    assert shown.startswith("\r\x1b[2KОтчёты: 1 из 2\r\x1b[2KРайон: готово\n\r")
    assert shown.count("х") == 100


def test_progress_can_be_given_its_stream():
    assert not Progress(io.StringIO()).live
