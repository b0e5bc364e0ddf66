import matplotlib.dates as mdates
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from effschool.report.sections.support import LOOK
from effschool.report.timeline import MANY, draw_events

NAME = "подготовка документов, подтверждающих исполнение мероприятий проекта в рамках первого этапа работы с рисками"
DAY = pd.Timestamp("2022-06-17").date()


def build(number):
    states = list(LOOK)
    ends = pd.date_range("2022-03-01", periods=number, freq="4D")
    starts = pd.Series(ends - pd.Timedelta(days=20)).mask([place % 3 == 0 for place in range(number)])
    return pd.DataFrame(
        {
            "label": [f"1.{place}. {NAME}" for place in range(number)],
            "start": starts,
            "end": ends,
            "state": [states[place % len(states)] for place in range(number)],
        }
    )


@pytest.mark.parametrize("number", [1, 5, 60])
def test_every_event_has_its_line_and_names_do_not_run_over(number):
    figure = draw_events(build(number), LOOK, DAY)
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == number
    lines = 1 if number > MANY else 2
    assert all(label.count("\n") == lines - 1 and label.endswith("…") for label in labels)
    assert max(len(line) for label in labels for line in label.split("\n")) <= 54
    assert figure.get_figheight() / number >= 0.3
    bars = sum(len(container) for container in axes.containers)
    points = sum(len(found.get_offsets()) for found in axes.collections)
    assert (bars, points) == (number - (number + 2) // 3, (number + 2) // 3)


def test_sign_beside_an_event_says_what_its_colour_says():
    events = build(12)
    (axes,) = draw_events(events, LOOK, DAY).axes
    signs = {round(text.xy[1]): text.get_text() for text in axes.texts}
    assert signs == {place: LOOK[state][1] for place, state in enumerate(events["state"])}
    bars = {round(bar.get_y() + 0.25): to_hex(bar.get_facecolor()) for found in axes.containers for bar in found}
    assert bars == {place: LOOK[events["state"][place]][0] for place in bars}
    assert len({sign for _, sign in LOOK.values()}) == len(LOOK)


def test_day_is_a_line_and_its_absence_none():
    (axes,) = draw_events(build(4), LOOK, DAY).axes
    assert [line.get_xdata()[0] for line in axes.lines] == [mdates.date2num(DAY)]
    (axes,) = draw_events(build(4), LOOK, None).axes
    assert not axes.lines
