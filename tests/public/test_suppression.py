from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from effschool.public.suppression import Protected, ReleaseCells, SuppressionError, protect

FEWEST, WIDTH = 5, 3


def lay_out(table: np.ndarray, within: np.ndarray | None = None) -> ReleaseCells:
    """A table of places by kinds: sums of places are known to all, sums of kinds are numbers themselves, shown last."""
    places, kinds = table.shape
    size = table.size
    rows = [np.bincount(np.arange(size)[i * kinds : (i + 1) * kinds], minlength=size + kinds) for i in range(places)]
    columns = [np.bincount(range(k, size, kinds), minlength=size + kinds) - np.eye(size + kinds)[size + k]
               for k in range(kinds)]  # fmt: skip
    most = np.concatenate([np.repeat(table.sum(axis=1), kinds), np.full(kinds, table.sum())])
    counts = np.concatenate([table.ravel(), table.sum(axis=0)])
    parts = np.empty((0, size + kinds)) if within is None else within
    cost = 1.0 + counts
    return ReleaseCells(
        counts,
        most,
        np.minimum(WIDTH, most),
        cost,
        csr_array(np.array([*rows, *columns])),
        csr_array(parts),
        np.zeros(len(parts)),
        0 * counts,
    )


def find_small(cells: ReleaseCells) -> np.ndarray:
    return (cells.counts > 0) & (cells.counts < FEWEST)


def hide(cells: ReleaseCells) -> Protected:
    return protect(cells, find_small(cells), np.zeros(len(cells.counts), bool))


def list_tables(cells: ReleaseCells, hidden: np.ndarray) -> np.ndarray:
    """Every whole table that agrees with what is shown, one by one: nothing of the library is used."""
    free = np.flatnonzero(hidden)
    equal, within = cells.equal.toarray(), cells.within.toarray()
    found = []
    for values in product(*(range(int(cells.most[place]) + 1) for place in free)):
        table = cells.counts.copy()
        table[free] = values
        if (equal @ table == equal @ cells.counts).all() and (within @ table <= cells.bound).all():
            found.append(table)
    return np.array(found)


def test_a_hidden_number_takes_others_with_it():
    cells = lay_out(np.array([[2, 8], [9, 9], [7, 30]]))
    hidden = hide(cells).hidden
    assert find_small(cells).sum() == 1
    assert hidden[:2].all()
    assert hidden[2:6].sum() >= 2 or hidden[6:].all()
    tables = list_tables(cells, hidden)
    assert np.ptp(tables, axis=0)[hidden].min() >= WIDTH


def test_a_table_of_large_numbers_stays_whole():
    assert not hide(lay_out(np.array([[6, 8], [9, 0]]))).hidden.any()


def test_hiding_small_numbers_alone_gives_them_away():
    cells = lay_out(np.array([[2, 8], [9, 9]]))
    assert len(list_tables(cells, find_small(cells))) == 1  # the attack would see it


TABLES = st.integers(2, 3).flatmap(
    lambda kinds: st.lists(st.lists(st.integers(0, 6), min_size=kinds, max_size=kinds), min_size=1, max_size=3)
)


@given(TABLES)
def test_no_attacker_narrows_a_hidden_number_down(rows):
    table = np.array(rows)
    cells = lay_out(table)
    found = hide(cells)
    if np.prod(cells.most[found.hidden].astype(float) + 1) > 3e4:
        return
    tables = list_tables(cells, found.hidden)
    width = np.ptp(tables, axis=0)
    assert (width[found.hidden] >= found.needed[found.hidden]).all()
    assert (found.needed[found.hidden] >= 1).all()
    # Less than asked for only where nobody could have more: the largest interval with everything hidden.
    if (found.needed < cells.needed).any() and np.prod(cells.most.astype(float) + 1) < 3e4:
        widest = np.ptp(list_tables(cells, np.ones(len(cells.counts), bool)), axis=0)
        lowered = found.needed < cells.needed
        assert (found.needed >= np.minimum(widest, WIDTH))[lowered].all()


def test_parts_of_a_whole_are_taken_into_account():
    # Places: one. Kinds: a part and the rest of one table, a whole and the rest of another; the part is in the whole.
    within = np.array([[1, 0, -1, 0]])
    cells = ReleaseCells(np.array([3, 17, 9, 11]), np.full(4, 20), np.full(4, 3), np.ones(4),
                  csr_array(np.array([[1, 1, 0, 0], [0, 0, 1, 1]])), csr_array(within),
                  np.zeros(1), np.zeros(4))  # fmt: skip
    found = hide(cells)
    assert found.hidden.tolist() == [True, True, False, False]
    assert list_tables(cells, found.hidden)[:, 0].max() <= 9


def test_a_whole_that_narrows_its_part_is_hidden_with_it():
    within = np.array([[1, 0, -1, 0]])
    cells = ReleaseCells(np.array([2, 18, 2, 18]), np.full(4, 20), np.full(4, 3), np.ones(4),
                  csr_array(np.array([[1, 1, 0, 0], [0, 0, 1, 1]])), csr_array(within),
                  np.zeros(1), np.zeros(4))  # fmt: skip
    found = protect(cells, np.array([True, True, False, False]), np.zeros(4, bool))
    assert found.hidden.all()
    assert np.ptp(list_tables(cells, found.hidden)[:, 0]) >= WIDTH


def relate(part: int, whole: int, schools: int, bound: int) -> ReleaseCells:
    """A part and the rest of one table, a whole and the rest of another; the part exceeds the whole by `bound` at most.

    The whole is dear, so that it is hidden only where the part cannot be protected otherwise.
    """
    counts = np.array([part, schools - part, whole, schools - whole])
    equal = csr_array(np.array([[1, 1, 0, 0], [0, 0, 1, 1]]))
    within = csr_array(np.array([[1, 0, -1, 0]]))
    cost = np.array([1.0, 1.0, 9.0, 9.0])
    return ReleaseCells(
        counts, np.full(4, schools), np.full(4, WIDTH), cost, equal, within, np.array([bound]), 0 * counts
    )


@given(st.integers(1, 4), st.integers(0, 5), st.integers(0, 2), st.integers(1, 20))
def test_attacker_who_knows_the_rules_and_the_width_finds_no_narrower_interval(part, whole, bound, seed):
    """The rules of lists bind a hidden number to shown ones exactly: one table too many would be thought possible."""
    cells = relate(part, max(whole, part - bound), 8, bound)
    found = protect(cells, np.array([True, True, False, False]), np.zeros(4, bool), seed=seed)
    tables = list_tables(cells, found.hidden)
    assert (np.ptp(tables, axis=0)[found.hidden] >= WIDTH).all()
    assert (found.low[found.hidden] >= tables.min(axis=0)[found.hidden]).all()
    assert (found.high[found.hidden] <= tables.max(axis=0)[found.hidden]).all()


def test_slack_of_a_sum_at_its_bound_is_nothing():
    assert relate(2, 2, 8, 0).slack.tolist() == [0]
    assert relate(1, 2, 8, 1).slack.tolist() == [2]


def test_what_was_published_stays_as_it_was():
    cells = lay_out(np.array([[2, 8], [9, 9], [7, 30]]))
    before = hide(cells)
    again = protect(cells, before.hidden, np.ones(len(cells.counts), bool))
    assert (again.hidden == before.hidden).all()


def test_a_number_that_follows_from_what_was_published_is_an_error():
    cells = lay_out(np.array([[2, 8], [9, 9]]))
    with pytest.raises(SuppressionError, match="следует из уже опубликованных"):
        protect(cells, find_small(cells), ~find_small(cells))


def test_a_number_hidden_beside_others_that_follows_anyway_is_shown():
    cells = lay_out(np.array([[7, 8], [9, 9]]))
    fixed = np.array([False] * 2 + [True] * 4)
    found = protect(cells, np.zeros(6, bool), fixed, np.arange(6) == 0)
    assert not found.hidden.any()
