"""Borders of marks: the register, and what marks and scores of schools agree on."""

from itertools import pairwise

import numpy as np
import pytest

from effschool.base.configuration import ConfigurationError
from effschool.doubt.borders import choose_borders, find_borders, load_borders

WORK = (2024, "математика", 5)
ROW = '{year: 2024, subject: математика, grade: 5, least: {3: 3, 4: 6, 5: 8}, most: 9, act: "", status: предположение}'


def draw_work(borders, schools=60, seed=1):
    """Pupils by score 0…9, and their marks by the borders."""
    counts = np.random.default_rng(seed).multinomial(40, np.full(10, 0.1), schools)
    edges = [0, *borders, 10]
    marks = np.stack([counts[:, low:high].sum(axis=1) for low, high in pairwise(edges)], axis=1)
    return counts, marks


def test_borders_are_found_where_marks_and_scores_agree():
    assert find_borders(*draw_work((3, 6, 8)), 90) == (3, 6, 8)
    assert find_borders(*draw_work((1, 2, 9)), 90) == (1, 2, 9)


def test_a_few_schools_that_disagree_are_borne_and_many_are_not():
    counts, marks = draw_work((3, 6, 8))
    marks[:5] = [10, 10, 10, 10]
    assert find_borders(counts, marks, 90) == (3, 6, 8)
    marks[:20] = [10, 10, 10, 10]
    assert find_borders(counts, marks, 90) is None


def test_borders_that_schools_do_not_tell_apart_are_not_guessed():
    counts, marks = draw_work((3, 6, 8))
    marks[:, 0] += counts[:, 3]
    marks[:, 1] -= counts[:, 3]
    counts[:, 2] += counts[:, 3]
    counts[:, 3] = 0  # nobody has 3: the border may be 3 or 4
    assert find_borders(counts, marks, 90) is None
    counts[0, 2:4], marks[0, :2] = (counts[0, 2] - 1, 1), (marks[0, 0] - 1, marks[0, 1] + 1)
    assert find_borders(counts, marks, 90) == (3, 6, 8)  # one pupil tells


def test_the_register_goes_first_and_a_quarrel_is_said():
    counts, marks = draw_work((3, 6, 8))
    assert choose_borders(WORK, counts, marks, {WORK: (3, 6, 8)}, 90) == ((3, 6, 8), "")
    borders, note = choose_borders(WORK, counts, marks, {WORK: (4, 6, 8)}, 90)
    assert borders is None
    assert note == "границы отметок в реестре 4/6/8, а отметки школ сходятся с границами 3/6/8"
    assert choose_borders(WORK, counts, marks, {}, 90) == ((3, 6, 8), "")


def test_without_marks_and_register_the_work_is_said_and_not_guessed():
    counts, marks = draw_work((3, 6, 8))
    borders, note = choose_borders(WORK, counts, marks[:0], {}, 90)
    assert (borders, note) == (None, "границ отметок нет в реестре, а отметок этой работы нет в данных")
    borders, note = choose_borders(WORK, counts, marks[:, ::-1], {}, 90)
    assert borders is None
    assert "не сходятся с первичными баллами" in note


def test_the_projects_register_is_read(methodologies):
    known = load_borders(methodologies / "vpr_borders.yml").by_work
    assert known[2023, "русский язык", 4] == (14, 24, 33)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("4: 6", "4: 3", "ожидались баллы по возрастанию"),
        ("most: 9", "most: 7", "не больше most: 7"),
        ("3: 3, ", "", "ожидались наименьшие баллы отметок 3, 4 и 5"),
        ("предположение", "подтверждено", "ожидался акт"),
        ("subject: математика", 'subject: ""', "subject"),
        ("most: 9", "most: 9, extra: 1", "такого ключа нет"),
        (ROW, f"{ROW}\n  - {ROW}", "границы этой работы уже записаны"),
    ],
)
def test_a_wrong_register_is_refused_with_its_line(tmp_path, old, new, said):
    path = tmp_path / "borders.yml"
    text = f"title: Границы\nborders:\n  - {ROW}\n"
    path.write_text(text, encoding="utf-8")
    assert load_borders(path).by_work == {WORK: (3, 6, 8)}
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="строка") as refused:
        load_borders(path)
    assert said in str(refused.value)
    assert "borders.yml" in str(refused.value)
